/* published_product.h: the whole product for one published case, and the roads through it. */
#ifndef PUBLISHED_PRODUCT_H
#define PUBLISHED_PRODUCT_H

#include "compiler/compile.h"
#include "compiler/session/load.h"
#include "published.h"

struct published_product {
    Arena *arena;
    Description *description;
    Compiled compiled;
    Loaded loaded;
    const Model *model;
    const Ir *training;                     /* for the evaluator */
    const struct lstmc_model *generated;    /* compiled and loaded */
};

/* Description to generated C for the target, compiled by the compiler, and loaded. 0, or -1 with `why`. */
int  published_product_create(const struct published_case *one, const Target *target, const char *compiler, struct published_product *product,
                              char why[PUBLISHED_WHY]);
void published_product_free(struct published_product *product);

/* Writes what the road computes for `expected` to `values` [expected_count]. `samples`: only the first so many, 0: all.
 * Returns 0, 1 if the case has no such road (a loss needs a tape), or -1 with `why`. */
int published_run(const struct published_case *one, const struct published_product *product, enum published_road road, int samples,
                  double *values, char why[PUBLISHED_WHY]);

/* What the interpreter in double, or the generated C, makes of d_output: the gradients of the weights and, unless it is NULL, of the input, as the
 * case has them. 0, or -1 with `why`. */
int published_gradients(const struct published_case *one, const struct published_product *product, bool generated, double *gradients,
                        double *d_input, char why[PUBLISHED_WHY]);

/* Of the rows from `first` on the input number `k`, one behind the other: ids as int32_t, numbers as double, or as
 * float. *array: which it is. To be freed. */
void *published_input(const struct published_case *one, const struct published_product *product, int k, int first,
                      int rows, int as_double, struct lstmc_array *array);
int published_inputs(const struct published_product *product);      /* how many */

#endif
