/* comparison.h: a generated model, loaded, against the interpreter in double, on random weights and data: output, states, loss,
 * every gradient, prediction, streaming. What `lstmc check` prints and the tests assert. */
#ifndef COMPARISON_H
#define COMPARISON_H

#include "read_lua.h"

#define COMPARISON_TOLERANCE 1e-5

typedef struct Deviation {
    const char *name;           /* "output", "lstm.h", "gradient lstm/kernel", "step against predict" */
    double value;               /* max |a - b| / max(max |b|, 1e-6); infinite if a number is not finite */
    double tolerance;
} Deviation;

#define STEP_TOLERANCE 1e-6         /* of step against predict where sums may be split: up to 100 time steps, 1e-5 beyond */

#define BF16_TOLERANCE 3e-2         /* of prediction: each weight is off by up to 2^-8, in either direction */

typedef struct Comparison {
    int lanes;                  /* in: of the target that emitted the model; up to 1: step gives predict's very bits */
    bool blas;                  /* in: products by BLAS, which adds up in an order of its own */
    bool bf16;                  /* in: prediction reads weights as bf16 */
    Deviation *list;
    int count, capacity;
} Comparison;

/* Returns NULL, or why there is nothing to compare (no memory, a layer the interpreter cannot run). */
const char *compare_generated(Arena *arena, Description *description, const struct lstmc_model *generated, int rows, uint64_t seed,
                              Comparison *comparison);

double deviation(const float *a, const double *b, size_t count);

#endif
