/* lstmc.h: the thin runtime of lstmc: random numbers, initialisers, optimisers, weight files, data, training.
 * Functions that take a model work on any generated M_model (or on a descriptor that the compiler made). Weights, gradients and
 * optimiser state are flat floats in the order of M_weights. Those in the first part neither allocate nor print.
 * Functions that can fail return 0 or a negative enum lstmc_status. SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_H
#define LSTMC_H

#include "lstmc_model.h"
#include "safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

enum lstmc_status {
    LSTMC_OK = 0,
    LSTMC_NO_MEMORY = -1,
    LSTMC_IO = -2,              /* errno says more */
    LSTMC_BAD_FILE = -3,        /* malformed; the message says where */
    LSTMC_MISMATCH = -4,        /* well-formed, but not for this model */
    LSTMC_NOT_FINITE = -5,      /* a NaN or an infinity stopped the training */
    LSTMC_INTERRUPTED = -6
};

/* A failure in words, for a person. */
struct lstmc_message {
    char text[512];
};

/* ---- memory, initialisers, optimiser: no I/O, no allocation but lstmc_alloc itself ---- */

/* 64-byte aligned, zeroed; NULL if there is no memory. */
void *lstmc_alloc(size_t bytes);
void  lstmc_free(void *memory);

/* Fills all weights by their initialisers (Keras's formulas: Glorot & Bengio 2010, He et al. 2015, Saxe et al. 2014 for orthogonal).
 * The same seed gives the same weights on every machine with IEEE arithmetic. */
void lstmc_init(const struct lstmc_model *model, float *weights, uint64_t seed);

/* Floats of optimiser state that a model needs (M_OPTIMIZER_FLOATS in the generated header). */
size_t lstmc_optimizer_floats(const struct lstmc_model *model);

/* One step in Keras's order: regularisers into the gradients, clipping, decoupled weight decay, update. `iteration` starts at 1.
 * gradients [gradient_count] get the regularisers' part; state [lstmc_optimizer_floats] starts as zeros. learning_rate <= 0: the model's own.
 * Of several clips the first of clipnorm, global_clipnorm, clipvalue counts. Returns the global norm before clipping, regularisers included. */
float lstmc_optimizer_step(const struct lstmc_model *model, float *weights, float *gradients, float *state,
                           uint64_t iteration, float learning_rate);

/* The regularisers' part of the loss, of the trainable weights as in Keras. */
float lstmc_penalty(const struct lstmc_model *model, const float *weights);

/* ---- weight files (safetensors; weights.c and safetensors.c, which need jansson; safetensors.h reads any such file) ---- */

/* Writes all weights, by way of a temporary file beside it, fsync and rename: after a failure an old file is as it was. `metadata`: pairs of
 * key and value ended by NULL, or NULL; the keys format, model and fingerprint are the writer's own. */
int lstmc_weights_save(const struct lstmc_model *model, const float *weights, const char *path,
                       const char *const *metadata, struct lstmc_message *message);

/* Reads every weight of the model, by name and shape; extra or missing tensors, another dtype than F32 and any malformation are refused,
 * and `weights` is untouched then. The fingerprint is not compared. */
int lstmc_weights_load(const struct lstmc_model *model, float *weights, const char *path, struct lstmc_message *message);

/* ---- metrics ---- */

/* Sums a metric by Keras's name ("mse", "mae", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy") over `rows`
 * samples (a sequence counts each of its steps); the value of the metric is *sum / *count. Returns LSTMC_MISMATCH for an unknown name and
 * for a metric that these targets do not fit. */
int lstmc_metric_add(const struct lstmc_model *model, const char *metric, const float *output, const void *target, int rows,
                     double *sum, double *count);

/* ---- data sets (dataset.c, npy.c, data.c, csv.c, rows.c, windows.c) ---- */

/* Per column of the last axis: value in the file's unit = number * scale + offset. No columns: numbers are as they are in the file. */
struct lstmc_scaling {
    int columns;
    double *offset, *scale;
};

struct lstmc_names {
    int count;
    char **text;
};

enum lstmc_text_unit { LSTMC_NO_TEXT, LSTMC_BYTES, LSTMC_CHARACTERS, LSTMC_WORDS };

/* What the numbers of a data set mean to a person: fitted to the training part, and kept in the metadata of the weight file. */
struct lstmc_meaning {
    struct lstmc_scaling input, target;
    struct lstmc_names columns, targets;    /* of a table: their names */
    struct lstmc_names labels;              /* of each class of the target */
    struct lstmc_names vocabulary;          /* the text of each input id */
    enum lstmc_text_unit unit;              /* what one id stands for */
    int pads_front;                         /* 1: a text that is too short has zeros before it and a longer one loses its beginning; 0: behind, and its end */
};

struct lstmc_dataset {
    size_t samples;
    void *x;                    /* int32_t ids or float, [samples, input_count] */
    void *y;                    /* int32_t classes or float, [samples, target_count] */
    float *persistence;         /* forecasts only: the last known value of each target, normalised like y, [samples, target_count]; else NULL */
    struct lstmc_meaning meaning;
    int is_view;                /* 1: the memory belongs to another data set, and lstmc_dataset_free leaves it alone */
};

/* meaning.c. Columns with offset 0 and scale 1, `count` empty names: 0 if there is no memory. Free it all with lstmc_meaning_free. */
int  lstmc_scaling_alloc(struct lstmc_scaling *scaling, int columns);
int  lstmc_names_alloc(struct lstmc_names *names, int count);
/* A copy of `length` bytes becomes name `index`; 0 if there is no memory. */
int  lstmc_names_set(struct lstmc_names *names, int index, const char *text, size_t length);
void lstmc_meaning_free(struct lstmc_meaning *meaning);

/* meaning_json.c, which needs jansson: pairs of key and value for lstmc_weights_save, ended by NULL, with `more` pairs (or NULL) behind them;
 * NULL if there is no memory. Free with lstmc_metadata_free. And the way back from a weight file: LSTMC_BAD_FILE says what is broken; what the file
 * does not say stays empty. */
char **lstmc_meaning_metadata(const struct lstmc_meaning *meaning, const char *const *more);
void   lstmc_metadata_free(char **pairs);
int    lstmc_meaning_load(struct lstmc_meaning *meaning, const char *path, struct lstmc_message *message);

/* x and y for so many samples, zeroed, for a caller that fills them itself. The only failure is LSTMC_NO_MEMORY. */
int  lstmc_dataset_alloc(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data);
void lstmc_dataset_free(struct lstmc_dataset *data);

/* Moves the last fraction of `data` into `validation`, as Keras does before shuffling: floor(samples * (1 - fraction)) samples stay.
 * `validation` is a view, good until `data` is freed. */
void lstmc_split_validation(const struct lstmc_model *model, struct lstmc_dataset *data, double fraction, struct lstmc_dataset *validation);

/* An array file. `dtype` is numpy's: "<f4", "|u1", ... Bool, integers and floats up to 8 bytes are read; big-endian numbers, Fortran order
 * and records are refused. */
struct lstmc_npy {
    char dtype[4];
    int rank;
    size_t shape[LSTMC_RANK_MAX];
    size_t count;               /* elements */
    unsigned char *bytes;       /* little-endian, C order */
};
int    lstmc_npy_read(const char *path, struct lstmc_npy *array, struct lstmc_message *message);
double lstmc_npy_value(const struct lstmc_npy *array, size_t index);
void   lstmc_npy_free(struct lstmc_npy *array);

/* x and y from two .npy files, converted to the model's types and checked against its shapes (axes of extent 1 at the end may be missing; a
 * longer time axis keeps the last steps: the readers of Keras's examples cut in front). ids >= vocabulary become `unknown` (vocabulary 0: no
 * change). An id or class out of the model's range, and a float that is not finite, is an error with row and column. */
int lstmc_read_npy(const struct lstmc_model *model, const char *x_path, const char *y_path, int vocabulary, int unknown,
                   struct lstmc_dataset *data, struct lstmc_message *message);

/* Replaces the bytes of a packed file, which are the caller's to free(), by what it holds, with one zero byte behind. */
typedef int lstmc_unpack(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message);
/* gzip.c, which needs zlib: only a program that names this links it. Without zlib at build time it fails and says so. */
lstmc_unpack lstmc_gunzip;

struct lstmc_csv_options {
    const char *const *columns; int column_count;   /* names from the first line, or positions from "1" */
    const char *const *targets; int target_count;   /* none with `sliding`: the columns themselves */
    int sliding;                                    /* 1: windows of `window` rows, moving by one row; 0: each row is one sample */
    int window;
    const int *horizons; int horizon_count;         /* rows from the window's last to what is predicted, ascending; 0, which needs targets, is
                                                     * that row itself. The model's targets are [horizons, targets]; one horizon with room for
                                                     * more stands for all rows up to it. */
    const char *group;                              /* the column whose equal cells, one below the other, make a group that no sample crosses;
                                                     * NULL: there are none. "remaining" is a column then: rows until the end of the group. */
    const char *missing;                            /* "error" (NULL), "drop" (the row; no sample crosses the gap), "previous", "interpolate"
                                                     * (which looks ahead); the last two within the group */
    const double *at_most;                          /* targets become 1 where they are at most this, else 0; NULL: they stay */
    int relative;                                   /* 1: what is read and predicted is the difference from the window's last row */
    const char *normalization;                      /* "none" (NULL), "standard", "minmax": per column, fitted on the training part alone. Ids,
                                                     * classes, at_most and the targets of a cross-entropy stay as they are. */
    double split;                                   /* this first fraction of the rows, or of the groups, trains; 1: nothing is held out */
    const char *validation;                         /* a file of its own is held out, and `split` does not count; NULL: there is none */
    const char *validation_remaining;               /* its groups end early: a file with what is left then, one number each; or NULL */
    int last_only;                                  /* 1: of each held-out group the last sample alone */
    lstmc_unpack *unpack;                           /* lstmc_gunzip, or NULL: gzip files are refused */
};
/* Windows that train lie in the training part with their targets. A held-out window may reach back into it, but its targets do not. */
int lstmc_read_csv(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

/* A text as ids of its sorted distinct bytes, in windows side by side: x = window characters, y = the same moved by one (or the next one
 * alone, if the model's output has no time axis). The first fraction `split` of the text trains. */
int lstmc_read_characters(const struct lstmc_model *model, const char *path, int window, double split,
                          struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

/* ---- training (train.c) ---- */

/* How many losses one sample has: one for each output step. scale = 1 / (rows * this) makes a loss Keras's mean. */
static inline size_t lstmc_losses_per_sample(const struct lstmc_model *model)
{
    size_t count = 1;
    for (int i = 0; i + 1 < model->output_rank; i++)
        count *= (size_t)model->output_shape[i];
    return count;
}

/* What computes: a generated model, or the interpreter. `rows` is up to model->batch * model->shards. Zero the struct before filling it. */
struct lstmc_engine {
    const struct lstmc_model *model;
    void *context;
    /* Takes over new weights, which stay where they are until the next call. */
    void (*prepare)(void *context, const float *weights);
    /* Adds the gradients of scale * sum of the losses to `gradients`, writes the outputs [rows, output_count], returns the loss.
     * `first_row`: the index of row 0 in the whole batch. sample_weight may be NULL. NULL if the model was compiled for inference alone. */
    float (*train)(void *context, const void *x, const void *target, const float *sample_weight, int rows, int first_row,
                   float scale, uint64_t seed, float *gradients, float *output);
    /* Outputs alone. */
    void (*predict)(void *context, const void *x, int rows, float *output);
    /* The loss of the given inputs without training: outputs too. NULL like train. */
    float (*evaluate)(void *context, const void *x, const void *target, int rows, float scale, float *output);
    /* The tape of a shard after train or evaluate, laid out as model->tape_tensors say; NULL: there is none to look into. */
    const void *(*tape)(void *context, int shard);
    /* See lstmc_engine_threads; NULL: the calling thread alone. */
    int (*threads)(void *context, int threads);
    /* Calls task(task_context, 0) to task(task_context, count - 1) on the engine's threads, in any order, and returns when all are done; not
     * from inside another call of this engine. NULL: the calling thread alone, in order. */
    void (*run)(void *context, int count, void (*task)(void *task_context, int index), void *task_context);
    void (*free)(void *context);
};

/* An engine over a generated model; LSTMC_NO_MEMORY if its structs cannot be had. */
int  lstmc_engine_create(const struct lstmc_model *model, struct lstmc_engine *engine);
void lstmc_engine_free(struct lstmc_engine *engine);

/* From now on so many threads, the caller's included, share the shards of train and evaluate, the rows of predict and the updates of
 * lstmc_train; 1 at first. Never more than model->shards, and fewer if the system has no more to give. Returns how many. The results do not
 * depend on it, bit for bit. They sleep soon after a call, take no signals and live until lstmc_engine_free. One engine still serves one
 * caller at a time. */
int lstmc_engine_threads(struct lstmc_engine *engine, int threads);

struct lstmc_history {          /* of the last epoch */
    double loss, validation_loss;
    double metric[8], validation_metric[8];
    double seconds;             /* validation included */
    int epochs;                 /* done */
    int has_validation;
};

struct lstmc_train_options {
    int epochs;
    uint64_t seed;
    int shuffle;                        /* each epoch anew, by seed */
    const char *const *metrics; int metric_count;   /* at most 8 */
    int quiet;                          /* no output at all */
    /* Called after each epoch; may be NULL. Non-zero ends the training. */
    int (*epoch_end)(void *context, int epoch, const struct lstmc_history *history);
    void *context;
};

/* Trains in place, from a fresh optimiser state. Batches of batch * shards samples, last short one kept; loss and metrics are means over
 * samples, as in Keras, regularisers included. `validation` and `history` may be NULL.
 * Shows a progress bar with ETA on a terminal (standard error), plain lines in a pipe; honours NO_COLOR.
 * Stops with LSTMC_NOT_FINITE at the first NaN or infinity, and the message names where it appeared first (weight, input, tensor of the tape,
 * output, gradient; epoch and batch); the weights are then those of before that batch, unless the update itself made them so. */
int lstmc_train(struct lstmc_engine *engine, float *weights, const struct lstmc_dataset *training,
                const struct lstmc_dataset *validation, const struct lstmc_train_options *options,
                struct lstmc_history *history, struct lstmc_message *message);

/* Loss and metrics over a data set; of the options, the metrics alone count. metric_values [metric_count]. */
int lstmc_evaluate(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                   const struct lstmc_train_options *options, double *loss, double *metric_values, struct lstmc_message *message);

#ifdef __cplusplus
}
#endif

#endif
