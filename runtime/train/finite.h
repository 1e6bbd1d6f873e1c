/* finite.h: which number stopped being one first. */
#ifndef LSTMC_FINITE_H
#define LSTMC_FINITE_H

#include "ranks.h"
#include "runtime/lstmc.h"

/* The index of the first NaN or infinity, or `count`. */
size_t lstmc_first_not_finite(const float *values, size_t count);

/* What one batch saw; gradients is NULL where nothing was trained. */
struct lstmc_batch {
    const float *weights;
    const void *x, *y;
    int rows;
    const float *output, *gradients;
};

/* Names the first NaN or infinity in the order in which numbers flow: weights, inputs, targets, the tape in its own
 * order, outputs, gradients. "lstm.c[5,0,3] is inf"; empty if there is none. */
struct lstmc_message lstmc_find_not_finite(const struct lstmc_engine *engine, const struct lstmc_batch *batch);
/* The same of what all ranks have: what the first of them says that has found one. */
struct lstmc_message lstmc_ranks_find_not_finite(struct lstmc_ranks *ranks, const struct lstmc_batch *batch);

#endif
