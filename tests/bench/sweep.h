/* sweep.h: what the files of the sweep share: shapes of one recurrent layer, other networks and ways of use, and what
 * was measured of them. */
#ifndef SWEEP_H
#define SWEEP_H

#include "bench.h"
#include "blas.h"

/* ---- shapes.c ---- */

#define SWEPT_MAX 200

enum { SHAPE_QUICK = 1, SHAPE_TORCH = 2 };   /* flags: also in a quick sweep; with PyTorch */

typedef struct Shape {
    LayerKind kind;
    int units, features, steps, batch;
    int flags;
} Shape;

extern const Shape shapes[];
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

/* ---- others.c ---- */

#define OTHER_BATCH 32
#define USED_MAX    100

/* What is measured of a network; of a stream in silence, beside that with sound, a step when its states have faded. */
typedef enum Way { WAY_STEP, WAY_SILENCE, WAY_INFERENCE, WAY_TRAINING, WAYS } Way;

enum { OTHER_BF16 = 1 << WAYS, OTHER_QUICK = 2 << WAYS };   /* flags: with weights as bf16 too; also in a quick sweep */

typedef struct Other {
    Workload workload;          /* without its batch */
    int flags;                  /* 1 << WAY_STEP, ... */
} Other;

extern const char *const way_titles[WAYS];
extern const Other others[];
extern const int other_count;

/* One way of use of a network and its result, which points to its task: it stays where it is. */
typedef struct Used {
    Way way;
    char title[200];
    Workload workload;
    Task task;
    Result result;
} Used;

/* ---- sweep.c, sweep_table.c ---- */

typedef struct Sweep {
    const Limits *limits;
    Swept swept[SWEPT_MAX];
    Used used[USED_MAX];
    int swept_count, used_count;        /* of which there are results */
} Sweep;

int  sweep_run(const Limits *limits);   /* how many times a peer's numbers were wrong, or ours was not there */
void sweep_table_write(FILE *file, const Sweep *sweep);

#endif
