/* scaling.h: what the files of the measurement of scaling share. A subject is a model and how it is trained; a process
 * that the program starts (by mpirun, or alone) answers in lines "name number number ...". */
#ifndef SCALING_H
#define SCALING_H

#include "tests/bench/bench.h"

#include "runtime/lstmc.h"
#include "runtime/lstmc_transport.h"

/* ---- subjects.c ---- */

#define SUBJECTS 2
#define BATCH 64                /* rows of a step that is measured, and of a rank where those of a rank are fixed */

typedef struct Subject {
    const char *name, *title;   /* "sentiment": of its files, and of its functions in C */
    Workload workload;
    int steps;                  /* of one measured training */
} Subject;

Subject subject_make(int index);
/* Compiled for so many rows in so many shards; ends the program if that fails. The path is the caller's. */
void subject_build(const Subject *subject, int rows, int shards, char *library, size_t size);
/* Of such a library; NULL: not there. It stays loaded. */
const struct lstmc_model *subject_load(const Subject *subject, const char *library);

/* ---- launch.c ---- */

#define ANSWERS_MAX 64
#define VALUES_MAX 8

typedef struct Answer {
    char name[24];
    double value[VALUES_MAX];
} Answer;

typedef struct Answers {
    Answer answer[ANSWERS_MAX];
    int count;
} Answers;

/* A line of the shell, `ranks` > 1: so many times, by mpirun. False, with a word on standard error, if it fails. */
bool launch(int ranks, const char *line, Answers *answers);
/* The first answer of that name; it is there. */
const double *answer_of(const Answers *answers, const char *name);

/* ---- counter.c: a transport that counts ---- */

typedef struct Counter {
    struct lstmc_transport outside, *inside;    /* inside NULL: nothing is sent, counting is all */
    size_t messages, sent, received;            /* in reduce; bytes */
    size_t gathers, gathered;                   /* calls; bytes of this rank for each other one */
    double processor;                           /* seconds of its time inside of all calls */
} Counter;

/* `inside` NULL: the rank that is pretended. The struct stays where it is. */
void counter_open(Counter *counter, struct lstmc_transport *inside, int rank, int ranks);

/* ---- processes of their own: exchange.c, train.c, parts.c ---- */

/* lines "exchange BYTES REDUCE GATHER": seconds in which two ranks have each sent the other so many bytes. */
void exchange_run(struct lstmc_transport *transport);
/* "step SECONDS LOSS FASTEST WORK" (of steps the median, and the least; the processor time of one outside of the
 * transport), "weights HASH HASH", "traffic MESSAGES SENT GATHERS GATHERED" of one step of this rank */
void train_run(const Subject *subject, const char *library, int threads, struct lstmc_transport *transport);
/* "parts SHARD UPDATE RENEW ADD": seconds of one shard, forward and backward; of the update of all weights; of taking
 * them over; of the sum of two arrays of gradients */
void parts_run(const Subject *subject, const char *library, int rows);

/* ---- fit.c ---- */

typedef struct Line {
    double latency, bandwidth;          /* seconds, bytes a second */
} Line;
/* The line nearest to the points, by the squares of relative errors. */
Line   fit_line(const double *bytes, const double *seconds, int count);
double line_at(const Line *line, double bytes);
double median_of(double *values, int count);    /* sorts them */

/* ---- count.c ---- */

/* Of one step, the most that any rank has of each. */
typedef struct Traffic {
    double messages, sent, received;    /* of gradients; bytes */
    double gathered;                    /* weights for other ranks, bytes */
    double total;                       /* sent and gathered together, of one rank */
    double own_bytes;                   /* of the weights that a rank updates */
    double room;                        /* for what others send */
    int shards;
} Traffic;
Traffic count_traffic(const struct lstmc_model *model, int ranks, int shards);

/* ---- model.c ---- */

#define ROWS_SIZES 7                    /* of a shard: 1, 2, 4 ... 64 rows */
typedef struct Costs {
    double shard[ROWS_SIZES];           /* seconds */
    double update, renew, add;          /* of all weights; add: of one array of gradients to another */
    double gathers;                     /* of a few bytes, in a step */
    double gradient_bytes;
} Costs;

typedef struct Network {
    const char *name;
    Line reduce, gather;
} Network;

/* Seconds of a step by its parts. */
typedef struct Predicted {
    double compute, reduce, sum, update, gather, renew, small;
    double apart;                       /* one after the other: at most */
    double overlapped;                  /* what talks beside what works: at least */
} Predicted;

Predicted model_step(const Costs *costs, const Network *network, const Traffic *traffic, int ranks, int shards,
                     double rows_of_shard);

/* ---- results ---- */

#define EXCHANGES_MAX 16
#define POINTS_MAX 32
#define STRONG_ROWS 1024                /* of a batch that is fixed */

typedef enum Way { WAY_ONE, WAY_THREADS, WAY_RANKS, WAYS } Way;
typedef enum Maker { MAKER_TWO, MAKER_EIGHT, MAKER_TORCH, MAKERS } Maker;  /* ours with 2 shards, with 8 */
typedef enum Growth { GROWTH_WEAK, GROWTH_STRONG, GROWTHS } Growth;

typedef struct Steps {
    bool there[MAKERS];
    double seconds[MAKERS][WAYS];       /* medians of the rounds */
    double least[MAKERS][WAYS];         /* the fastest step of all rounds */
    double work[MAKERS][WAYS];          /* processor time of a process, without waiting; least of the rounds */
    double faster[MAKERS][WAYS];        /* than WAY_ONE of the same round, the median */
    double torch[WAYS];                 /* times longer than ours with 2 shards */
    double counted[3];                  /* by the two processes with 8 shards: messages, bytes sent and gathered */
} Steps;

typedef struct Of {                     /* of a subject */
    Subject subject;
    const struct lstmc_model *model;
    Steps steps;
    Costs costs;
    Traffic weak[POINTS_MAX], strong[POINTS_MAX];
} Of;

typedef struct Results {
    double bytes[EXCHANGES_MAX], reduce[EXCHANGES_MAX], gather[EXCHANGES_MAX];
    int exchanges;
    Network networks[2];                /* this machine's memory, and a cluster's */
    int rounds;
    char torch[200];                    /* why PyTorch is not there; empty: it is */
    Of of[SUBJECTS];
    int subjects;
    int ranks[POINTS_MAX], points;
    double load[2];                     /* of the machine, before and after */
} Results;

int  shards_of(int ranks, Growth growth);
void steps_measure(const Subject *subject, Results *results, Steps *steps, Costs *costs, int *failures);
void tables_measured(FILE *file, const Results *results);    /* what was measured and counted */
void tables_model(FILE *file, const Results *results);       /* what follows from it */
bool chart_write(const char *path, const Results *results);

/* Of this program, and of the run. */
typedef struct ScalingOptions {
    const char *self, *mpirun, *module;     /* module: lstmc-mpi.so */
    double latency, bandwidth;              /* of the cluster */
    int rounds;
} ScalingOptions;
extern ScalingOptions scaling_options;      /* set by main.c before anything else, then read only */

#endif
