/* stepper.h: the optimiser's step of a training loop, on the engine's threads: the bits of lstmc_optimizer_step. */
#ifndef LSTMC_STEPPER_H
#define LSTMC_STEPPER_H

#include "runtime/lstmc.h"
#include "optimizer.h"

struct lstmc_stepper {
    const struct lstmc_engine *engine;
    struct lstmc_step step;
    struct lstmc_block *blocks;
    size_t block_count;
    int prepares;               /* set by the caller, if the engine can: an update prepares what it has changed */
    int spoilt[16];             /* by each task: some weight became no number */
};

/* State and gradients are as for lstmc_optimizer_step, and stay where they are; the state is there already.
 * LSTMC_NO_MEMORY is the only failure. */
int lstmc_stepper_create(struct lstmc_stepper *stepper, const struct lstmc_engine *engine, float *weights,
                         float *gradients, float *state);
void lstmc_stepper_free(struct lstmc_stepper *stepper);

/* Regularisers into the gradients. Returns 0 if some gradient is not finite; *penalty is that of lstmc_penalty. The
 * weights stay. */
int lstmc_stepper_prepare(struct lstmc_stepper *stepper, float *penalty);

/* The update; then the gradients are 0 again, for the next batch to be added. Returns 0 if some weight
 * is not finite. */
int lstmc_stepper_update(struct lstmc_stepper *stepper, uint64_t iteration, float learning_rate);

/* The constraints, which in Keras stand behind the average of the weights. Returns 0 if there are none. */
int lstmc_stepper_constrain(struct lstmc_stepper *stepper);

#endif
