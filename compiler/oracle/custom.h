/* custom.h: layers that a description defines itself, run for the interpreter by the slow evaluator. */
#ifndef CUSTOM_H
#define CUSTOM_H

#include "compiler/front/read_lua.h"

#include "runtime/interpreter/interpreter.h"

/* The callbacks for a model's custom layers, for up to `rows` rows; NULL if it has none. Each interpreter needs its
 * own. NULL with a diagnostic if the mathematics failed: tell the two apart by diagnostics_count. */
struct custom_layers *custom_layers_create(Arena *arena, Description *description, int rows);
/* They compute as float may have it, see memory_perturb; NULL: nothing happens. */
void                  custom_layers_perturb(struct custom_layers *custom, uint64_t seed);
void                  custom_layers_free(struct custom_layers *custom);

#endif
