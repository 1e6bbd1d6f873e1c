/* ranges.h: the loops over contiguous floats that a training step consists of outside the generated code; no I/O, no
 * allocation. A caller gives each thread ranges of its own. Every sum has one order, a function of `count` alone. */
#ifndef LSTMC_RANGES_H
#define LSTMC_RANGES_H

#include "runtime/lstmc_model.h"

/* Floats that one thread takes at once: the four arrays of Adam in 32 KB of L1. Sums are made of the sums of such
 * blocks, whatever the number of threads; so this is part of the results. */
#define LSTMC_BLOCK 2048

/* into += from */
void lstmc_range_add(float *into, const float *from, size_t count);

/* sum x^2: not finite if some x is not, and else finite */
double lstmc_range_squares(const float *x, size_t count);
double lstmc_range_magnitudes(const float *x, size_t count);     /* sum |x| */
/* The size of the largest x; not finite if some x is not. */
float  lstmc_range_largest(const float *x, size_t count);
int    lstmc_range_is_finite(const float *x, size_t count);

/* g += l1 sign(w) + 2 l2 w */
void lstmc_range_regularize(float *g, const float *w, size_t count, float l1, float l2);

/* A range of weights and what moves it. */
struct lstmc_update {
    size_t count;
    float *w;
    const float *g;
    float *part[3];             /* the optimiser's state, in the order of lstmc_optimizer_step: as many as it has */
    /* the gradient is clamp(scale * g, -limit, limit): 1 and infinity if nothing is clipped */
    float scale, limit;
    float decay;                /* w -= decay * w first */
    float decay_of_gradient;    /* of PyTorch's: g += this * w, behind what clips g */
    float rate;                 /* with the corrections of this iteration, where averages start at 0 */
    float rate_of_gradient;     /* of Nadam, which moves by the gradient too, beside the average */
    float root_correction;      /* of Nadam and PyTorch's Adam: a factor of the root of v */
};

/* Returns 0 if some weight is not finite now. */
int  lstmc_range_update(const struct lstmc_optimizer *optimizer, const struct lstmc_update *update);

#endif
