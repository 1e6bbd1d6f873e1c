/* product.h: statements that are products of two matrices as BLAS understands them, told by their indices alone. */
#ifndef PRODUCT_H
#define PRODUCT_H

#include "compiler/ir/ir.h"
#include "target.h"

/* The rows, the columns, or the terms of the sums: an axis, or several that lie in memory as if they were one. */
typedef struct Side {
    int count;
    Axis *axes[STATEMENT_AXES_MAX];     /* innermost first */
    int extent;                         /* of all together, with a whole batch */
} Side;

typedef struct Matrix {
    const Access *access;
    bool transposed;                    /* its columns are contiguous, not its rows */
    long long distance;                 /* floats from one of them to the next */
} Matrix;

typedef struct Product {                /* out[rows][columns] += left[rows][terms] * right[terms][columns] */
    Matrix out, left, right;            /* out is not transposed */
    Side rows, columns, terms;
    int loop_count;
    Axis *loops[STATEMENT_AXES_MAX];    /* what is left: a product of its own for each position */
    bool sums_over_loops;               /* several of these are added up in the same place */
} Product;

/* False: it is no such product. `steps_first`: taking an input that lies [batch][step] for its copy that lies
 * [step][batch]. Every tensor is row-major, with or without gaps. */
bool product_of(const Statement *statement, bool steps_first, Product *product);
/* It is one, and beyond the target's threshold; *steps_first: but with that copy, or better so. */
bool product_is_large(const Statement *statement, const Target *target, bool *steps_first);
bool product_lies_batch_first(const Tensor *tensor);

#endif
