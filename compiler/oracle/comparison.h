/* comparison.h: a generated model, loaded, against the interpreter in double, on random weights and data: output,
 * states, loss, every gradient, prediction, streaming. What `lstmc check` prints and the tests assert. Prediction by
 * bf16 weights is compared twice: on weights of which bf16 loses nothing, as closely as any other, and on those of
 * training ("predict, bf16 for float32"), for which the bound is what outputs move by if every weight moves by the
 * largest rounding error of bf16. */
#ifndef COMPARISON_H
#define COMPARISON_H

#include "compiler/emit/emit.h"
#include "reference.h"

typedef struct Deviation {
    const char *name;           /* "output", "lstm.h", "gradient lstm/kernel", "step against predict" */
    double value;               /* see quantity_deviation; infinite if a number is not finite */
    double allowed;             /* REFERENCE_PRECISION, or up to 1 where float is worse */
} Deviation;

#define STEP_PRECISION 1e-6         /* of step against predict where sums may be split; 1e-5 beyond 100 time steps */

typedef struct Comparison {
    int lanes;                  /* in: of the target that emitted the model; up to 1: step gives predict's very bits */
    bool blas;                  /* in: products by BLAS, which adds up in an order of its own */
    const Programs *programs;   /* in: that were emitted, where their weights are bf16; else they may be NULL */
    const struct lstmc_decoder *decoder;    /* in: of the generated model; NULL: it has none */
    Deviation *list;
    int count, capacity;
} Comparison;

/* Returns NULL, or why there is nothing to compare (no memory, a layer the interpreter cannot run). */
const char *compare_generated(Arena *arena, Description *description, const struct lstmc_model *generated, int rows,
                              uint64_t seed, Comparison *comparison);

/* No deviation is more than what is allowed. */
bool comparison_is_good(const Comparison *comparison);

#endif
