/* stepper.h: the optimiser's step of a training loop, on the engine's threads: the bits of lstmc_optimizer_step. */
#ifndef LSTMC_STEPPER_H
#define LSTMC_STEPPER_H

#include "runtime/lstmc.h"
#include "optimizer.h"
#include "ranks.h"

struct lstmc_stepper {
    const struct lstmc_engine *engine;
    struct lstmc_step step;
    struct lstmc_ranks *ranks;  /* NULL: one */
    struct lstmc_block *blocks;
    size_t block_count;
    size_t first, end;          /* of the weights: what this rank updates */
    size_t first_block, end_block;
    int prepares;               /* set by the caller, if the engine can: an update prepares what it has changed */
    int spoilt[16];             /* by each task: some weight became no number */
};

/* State and gradients are as for lstmc_optimizer_step, and stay where they are; the state is there already.
 * ranks: who updates what, and holds the state of that alone; NULL: one rank. LSTMC_NO_MEMORY is the only failure. */
int lstmc_stepper_create(struct lstmc_stepper *stepper, const struct lstmc_engine *engine, float *weights,
                         float *gradients, float *state, struct lstmc_ranks *ranks);
void lstmc_stepper_free(struct lstmc_stepper *stepper);

/* Regularisers into the gradients. Returns 0 if some gradient of this rank is not finite; *penalty is that of
 * lstmc_penalty. The weights stay. */
int lstmc_stepper_prepare(struct lstmc_stepper *stepper, float *penalty);

/* The update; then the gradients are 0 again, for the next batch to be added. Returns 0 if some weight
 * is not finite. */
int lstmc_stepper_update(struct lstmc_stepper *stepper, uint64_t iteration, float learning_rate);

/* The engine takes over all weights, as they are behind updates, averages and constraints. */
void lstmc_stepper_renew(struct lstmc_stepper *stepper);

/* The constraints, which in Keras stand behind the average of the weights. Returns 0 if there are none. */
int lstmc_stepper_constrain(struct lstmc_stepper *stepper);

#endif
