/* bench.h: what the rooms of the bench share: workloads, tasks (a workload and what is timed of it), peers, times, limits, results. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- workloads.c: what is computed ---- */

#define LAYERS_MAX 6

typedef enum LayerKind {
    LAYER_EMBEDDING, LAYER_LSTM,
    LAYER_GRU,                  /* Keras's reset_after */
    LAYER_GRU_BEFORE,           /* with the reset before the product */
    LAYER_SIMPLE_RNN, LAYER_DENSE,
    LAYER_CONV1D,               /* padding "valid", and a ReLU */
    LAYER_ATTENTION,            /* MultiHeadAttention of a sequence on itself, units / heads numbers a head */
    LAYER_AVERAGE,              /* GlobalAveragePooling1D */
    LAYER_MAX_POOLING, LAYER_AVERAGE_POOLING,               /* of windows of steps, side by side */
    LAYER_BATCH_NORMALIZATION, LAYER_LAYER_NORMALIZATION
} LayerKind;
typedef enum Activation { ACTIVATION_LINEAR, ACTIVATION_TANH, ACTIVATION_SIGMOID, ACTIVATION_SOFTMAX } Activation;
typedef enum Loss { LOSS_MSE, LOSS_BINARY, LOSS_SPARSE } Loss;

typedef struct Layer {
    LayerKind kind;
    int inputs, units;          /* of an embedding: words, width */
    Activation activation;      /* of a dense layer */
    bool last_step;             /* of a recurrent layer: only its last step leaves, with lengths the last that counts */
    bool bidirectional;         /* of an LSTM: units in each direction, side by side */
    bool masked;                /* only the first sample_length steps of a row count */
    int kernel_size;            /* of a convolution; of a pooling the steps of a window */
    int heads;                  /* of attention */
} Layer;

typedef struct Workload {
    const char *name, *model;   /* "w1", for the table */
    int steps;
    Loss loss;
    int layer_count;
    Layer layers[LAYERS_MAX];
    int batch;                  /* of one that describe_model writes down; 0: it has a script, w1.lua */
} Workload;

/* The peers in the order of the table's columns. ours_alone: on one thread, in tasks of two. ours_bf16: with half the bytes of weights. */
typedef enum PeerIndex {
    PEER_OURS, PEER_PLAIN, PEER_OPENBLAS,
    PEER_OPENBLAS_AVX2,         /* with other kernels; the better one counts */
    PEER_ONEDNN, PEER_TORCH, PEER_OURS_ALONE, PEER_OURS_BF16, PEERS
} PeerIndex;

/* One row of the table. */
typedef struct Task {
    const Workload *workload;
    const char *title;          /* "W1 inference" */
    bool training, streaming;   /* streaming: one step; neither: a whole sequence, batch 1 */
    bool silent;                /* of a stream: zeros come after the first steps, and what they left fades */
    int rows, threads;
    bool slow;                  /* left out of a quick run */
    bool without_torch;
    double wanted[PEERS];       /* issue's ratios, peer / ours, but of bf16 ours / peer; 0: none, and of bf16 not measured */
    double wanted_share;        /* of the limit; 0: none */
    const char *before;         /* what the issue measured: oneDNN / OpenBLAS / PyTorch */
} Task;

extern const Workload workloads[];
extern const int workload_count;
extern const Task tasks[];
extern const int task_count;

int    gate_count(LayerKind kind);                                    /* 4, 3, or 1 */
int    bias_rows(LayerKind kind);                                     /* 2 of reset_after, else 1 */
bool   is_recurrent(const Layer *layer);
bool   is_pooling(const Layer *layer);                                /* of windows of steps */
bool   is_reduction(const Layer *layer);                              /* such a pooling, or a normalisation */
size_t layer_weights(const Layer *layer);                             /* those that are learned */
size_t layer_statistics(const Layer *layer);                          /* those that are averages of the data */
int    layer_width(const Layer *layer);                               /* floats that leave it at each step */
int    layer_steps(const Layer *layer, int steps);                    /* that leave it, of so many that come */
size_t workload_gradients(const Workload *workload);                  /* weights that are learned: they come first */
size_t workload_weights(const Workload *workload);                    /* with the statistics */
bool   workload_takes_tokens(const Workload *workload);
bool   workload_has_lengths(const Workload *workload);
int    workload_outputs(const Workload *workload, bool streaming);    /* floats of one row */
int    workload_output_steps(const Workload *workload);               /* 1, or as many as the output has rows for */
int    sample_length(const Workload *workload, int row);              /* how many of its steps count */

/* ---- describe.c: workloads in words ---- */

void describe_layers(const Workload *workload, char *text, size_t size);   /* for torch_peer.py */
bool describe_model(const Workload *workload, const char *path);            /* for lstmc; false: not written */

/* ---- work.c: how much must be computed at least ---- */

typedef struct Work {
    double multiply_adds;
    double stream_bytes;        /* weights read in one call */
    double resident_bytes;      /* distinct ones: decides which cache holds them */
    double update_bytes;        /* what an update of the weights reads and writes, each once */
    double chain_steps;         /* dependent steps with gates, one after the other */
    double simple_chain_steps;  /* those of a SimpleRNN */
    double chain_multiply_adds; /* those that cannot start before the step before them has ended */
} Work;
Work task_work(const Task *task);

/* ---- data.c: random weights, inputs, targets; never zeros ---- */

typedef struct Data {
    size_t weight_count, gradient_count;
    float *weights;             /* Keras's order, but the learned ones first, of which there are gradients */
    int rows, steps, features;
    void *x;                    /* int32_t or float, [rows, steps, features]: features is 1 for tokens */
    int32_t *lengths;           /* [rows], or NULL: all steps count */
    void *target;               /* int32_t for LOSS_SPARSE, else float, [rows, ...] */
    size_t target_count;        /* of one row */
} Data;
#define NORM_EPSILON 1e-3f      /* Keras's, of both normalisations */
#define NORM_RATE 0.01f         /* of moving averages: 1 - momentum */
Data data_make(const Task *task);
/* Whose features a call of a stream gets: of a silent one, in the end, the zeros. */
size_t stream_step(const Task *task, uint64_t call);
void data_free(Data *data);
void *checked_alloc(size_t bytes);   /* 64-byte aligned, zeroed; ends the program if there is no memory */
void  checked_free(void *memory);

/* ---- clock.c ---- */

/* processor: seconds in which this process worked, whoever else had the processor meanwhile. ticks: core cycles of this thread in user mode
 * where the kernel counts them, else nanoseconds of processor time; 0: not known. */
typedef struct Time {
    double seconds, processor, ticks;
} Time;
void  clock_open(void);
bool  clock_counts_cycles(void);
Time  clock_now(void);
Time  clock_since(Time start);

/* ---- limits.c ---- */

typedef struct Limits {
    double multiply_adds;       /* per tick */
    double chain;               /* ticks of a step with gates */
    double simple_chain;        /* of a step that is a product and a tanh */
    double bytes[4];            /* per tick from L1, L2, L3, memory */
} Limits;
Limits limits_measure(double seconds);
double limits_bandwidth(double bytes, double seconds);   /* bytes per tick of reading so many again and again while multiplying */
const char *limits_level(double bytes);                  /* "L1" */

typedef enum Bound { BOUND_ARITHMETIC, BOUND_BYTES, BOUND_CHAIN, BOUNDS } Bound;
extern const char *const bound_names[BOUNDS];

/* ---- peers ---- */

/* What the last call left: for the comparison of the peers with each other. NULL or NaN: the peer does not show it. */
typedef struct Look {
    const float *output;        /* inference */
    const float *gradients;     /* training, Keras's order */
    double loss;
} Look;

typedef struct Peer {
    const char *name;
    /* NULL with a line in `why` (WHY_MAX) if it is not there or cannot do the task. */
    void *(*open)(const Task *task, const Data *data, char *why);
    void (*run)(void *context, int calls, Time *time);
    void (*look)(void *context, Look *look);
    void (*close)(void *context);
} Peer;

#define WHY_MAX 300

extern const Peer *const peers[PEERS];      /* measure.c */
extern const Peer peer_ours, peer_plain, peer_ours_alone, peer_ours_bf16;
extern const Peer peer_openblas, peer_openblas_avx2, peer_onednn, peer_torch;

/* ---- compare.c, measure.c ---- */

/* Runs a few calls of all peers and sets the contexts of those that deviate to NULL; how many. What the bf16 weights cost in accuracy
 * goes to `bf16_deviation`. */
int compare_peers(const Task *task, void **contexts, double *bf16_deviation);

typedef struct Measured {
    bool there;
    double seconds;             /* of one call, median: processor time on one thread, else wall time */
    double ticks;               /* likewise */
    double ratio;               /* to ours: median over the rounds of peer / ours */
} Measured;

typedef struct Result {
    const Task *task;
    Measured of[PEERS];
    double bounds[BOUNDS];      /* ticks */
    Bound bound;                /* the largest */
    const char *level;          /* that holds the weights */
    double bf16_deviation;      /* of the output with bf16 weights, of its largest value */
    int rounds;
    int failures;               /* peers whose numbers were wrong, and ours if it is not there: not timed */
} Result;

typedef struct Options {
    bool quick, sweep;
    const char *only;           /* "w1", NULL: all */
    double seconds;             /* of one task */
    const char *lstmc;          /* arguments for ours, beside those of a flavour */
    const char *flags;          /* of $CC, for ours */
    const char *compiler, *folder, *scripts;   /* lstmc; what is written; where w1.lua is */
} Options;
extern Options options;         /* set by main.c before anything else, then read only */

Result measure_task(const Task *task, const Limits *limits);
/* Of a peer, what counts: of OpenBLAS its better kernels. */
const Measured *measured_of(const Result *result, PeerIndex index);

/* ---- generated.c: lstmc and the C compiler at work ---- */

typedef struct Flavour {
    const char *name;           /* of the files: "ours" */
    const char *lstmc;          /* arguments */
    const char *flags;          /* of $CC */
} Flavour;

typedef struct Built {
    char source[512], object[512], library[512];
    double lstmc_seconds, cc_seconds;   /* of processor time */
} Built;
/* BENCH_ARCH: the machine that all code of a run is for, see bench.mk. */
#define OURS_FLAGS "-O2 -march=" BENCH_ARCH
#define PLAIN_FLAGS "-O3 -march=" BENCH_ARCH " -ffast-math"
/* Once for each flavour and workload in a run. */
bool generated_build(const Workload *workload, const Flavour *flavour, Built *built, char *why);
int  run_words(const char *line, const char *log);    /* exit status of a shell line; its output goes to `log` */

/* ---- sizes.c, table.c, svg.c ---- */

typedef struct Size {
    bool there;
    long text_small, text_fast; /* of the inference object at -Os and -O2 */
    double lstmc_seconds, cc_seconds;
    long lines;
} Size;
Size sizes_measure(const Workload *workload);

const char *time_text(double seconds, char *text, size_t size);   /* "5.52 ms" */
void table_write(FILE *file, const Limits *limits, const Result *results, int result_count, const Size *sizes);
void svg_write(FILE *file, const Result *results, int result_count);

#endif
