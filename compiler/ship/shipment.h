/* shipment.h: a weight file as what a compile turns into constants. */
#ifndef SHIPMENT_H
#define SHIPMENT_H

#include "ship.h"
#include "compiler/front/read_lua.h"

#include "runtime/lstmc.h"

typedef struct Shipment {
    float *weights;
    struct lstmc_meaning meaning;
    Trained trained;
    bool differs;               /* the weights were written by a description with other options, steps or loss */
} Shipment;

/* Weights of this model and what the file says of its numbers; refused with a message: a file of another model, weights
 * that are not finite, a meaning that does not fit the model's shapes. 0 or an enum lstmc_status; shipment_free in any
 * case. */
int shipment_load(Arena *arena, const Model *model, const char *file, Shipment *shipment,
                  struct lstmc_message *message);
/* Samples of the model's kind, drawn, and what the interpreter makes of them by these weights, as `programs` hold them:
 * in the arena. */
int shipment_golden(Arena *arena, Description *description, Diagnostics *diagnostics, const Programs *programs,
                    const Shipment *shipment, Golden *golden, struct lstmc_message *message);
void shipment_free(Shipment *shipment);

#endif
