/* small_model.h: a model made by hand for the runtime's tests: five trainable weights and one that is not. */
#ifndef SMALL_MODEL_H
#define SMALL_MODEL_H

#include "runtime/lstmc.h"

enum {
    SMALL_WEIGHTS = 6,
    SMALL_GRADIENT_COUNT = 3 * 8 + 2 * 8 + 8 + 2 * 1 + 1,
    SMALL_WEIGHT_COUNT = SMALL_GRADIENT_COUNT + 2
};

/* A model with Adam and without regularisers that the test may change. */
struct small_model {
    struct lstmc_model model;
    struct lstmc_tensor weights[SMALL_WEIGHTS];
};

void small_model_init(struct small_model *small);

/* A model of one weight of this shape and initialiser, for tests that look at one tensor. */
void one_weight_model(struct small_model *small, int rank, const int *shape, struct lstmc_initializer initializer);

#endif
