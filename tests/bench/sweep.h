/* sweep.h: what the files of the sweep share: shapes, one recurrent layer each, and what was measured of them. */
#ifndef SWEEP_H
#define SWEEP_H

#include "bench.h"
#include "blas.h"

#define SWEPT_MAX 200

enum { SHAPE_QUICK = 1, SHAPE_TORCH = 2 };   /* flags: also in a quick sweep; with PyTorch */

typedef struct Shape {
    LayerKind kind;
    int units, features, steps, batch;
    int flags;
} Shape;

extern const Shape shapes[];            /* shapes.c */
extern const int shape_count;

typedef enum Operation { OPERATION_INFERENCE, OPERATION_TRAINING, OPERATIONS } Operation;

/* A shape and its results, which point to its tasks: it stays where it is. */
typedef struct Swept {
    const Shape *shape;
    char name[64], title[100], titles[OPERATIONS][130];
    Workload workload;
    Task tasks[OPERATIONS];
    Result results[OPERATIONS];
} Swept;

const char *shape_cell(LayerKind kind); /* "GRU before" */

int  sweep_run(const Limits *limits);   /* how many times a peer's numbers were wrong, or ours was not there */
void sweep_table_write(FILE *file, const Limits *limits, const Swept *swept, int count);

#endif
