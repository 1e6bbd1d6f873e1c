/* load.h: generated text to a model in this process, by the C compiler of the machine ($CC, or cc). */
#ifndef LOAD_H
#define LOAD_H

#include "compile.h"

typedef struct Loaded {
    void *library;
    const struct lstmc_model *model;
} Loaded;

bool compiler_exists(void);

/* Compiles with `$CC $CFLAGS` (default -O3 -march=native) in a temporary folder that is removed again. False with a diagnostic, which
 * carries the compiler's first lines, if that fails. */
bool load(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, Loaded *loaded);
void loaded_free(Loaded *loaded);

#endif
