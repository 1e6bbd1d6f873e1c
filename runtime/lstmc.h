/* lstmc.h: the thin runtime of lstmc: random numbers, initialisers, optimisers, weight files, data, training.
 * Functions that take a model work on any generated M_model (or on a descriptor that the compiler made). Weights, gradients and
 * optimiser state are flat floats in the order of M_weights. Those in the first part neither allocate nor print.
 * Functions that can fail return 0 or a negative enum lstmc_status. SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_H
#define LSTMC_H

#include "lstmc_model.h"

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
 * gradients [gradient_count] are changed; state [lstmc_optimizer_floats] starts as zeros. learning_rate <= 0: the model's own.
 * Returns the global norm of the gradients before clipping. */
float lstmc_optimizer_step(const struct lstmc_model *model, float *weights, float *gradients, float *state,
                           uint64_t iteration, float learning_rate);

/* The regularisers' part of the loss. */
float lstmc_penalty(const struct lstmc_model *model, const float *weights);

/* ---- weight files (safetensors; weights.c, which needs jansson) ---- */

/* Writes all weights, by way of a temporary file, fsync and rename. `metadata`: pairs of key and value ended by NULL, or NULL. */
int lstmc_weights_save(const struct lstmc_model *model, const float *weights, const char *path,
                       const char *const *metadata, struct lstmc_message *message);

/* Reads every weight of the model, by name and shape; extra or missing tensors, another dtype than F32 and any malformation are refused,
 * and `weights` is untouched then. */
int lstmc_weights_load(const struct lstmc_model *model, float *weights, const char *path, struct lstmc_message *message);

/* ---- metrics ---- */

/* Sums a metric by Keras's name ("mse", "mae", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy") over `rows`
 * samples; the value of the metric is *sum / *count. Returns LSTMC_MISMATCH for an unknown name. */
int lstmc_metric_add(const struct lstmc_model *model, const char *metric, const float *output, const void *target, int rows,
                     double *sum, double *count);

/* ---- data sets (data.c, npy.c, csv.c) ---- */

struct lstmc_dataset {
    size_t samples;
    void *x;                    /* int32_t ids or float, [samples, input_count] */
    void *y;                    /* int32_t classes or float, [samples, target_count] */
    float *persistence;         /* forecasts only: the last known value of each target, [samples, target_count]; else NULL */
    double *target_offset, *target_scale;   /* normalised targets, per column of the last target axis: value = y * scale + offset; or NULL */
    int target_columns;
};
void lstmc_dataset_free(struct lstmc_dataset *data);

/* An array file. `dtype` is numpy's: "<f4", "|u1", ... */
struct lstmc_npy {
    char dtype[4];
    int rank;
    size_t shape[LSTMC_RANK_MAX];
    size_t count;
    unsigned char *bytes;
};
int  lstmc_npy_read(const char *path, struct lstmc_npy *array, struct lstmc_message *message);
void lstmc_npy_free(struct lstmc_npy *array);

/* x and y from two .npy files, converted to the model's types and checked against its shapes (a longer time axis keeps the last steps:
 * the readers of Keras's examples cut in front). ids >= vocabulary become `unknown` (vocabulary 0: no change, and an id out of the model's range is an error
 * with row and column). */
int lstmc_read_npy(const struct lstmc_model *model, const char *x_path, const char *y_path, int vocabulary, int unknown,
                   struct lstmc_dataset *data, struct lstmc_message *message);

struct lstmc_csv_options {
    const char *const *columns; int column_count;   /* names from the first line, or positions from "1" */
    const char *const *targets; int target_count;
    int sliding;                                    /* 1: windows of `window` rows, predicting `horizon` rows ahead */
    int window, horizon;
    const char *normalization;                      /* "none", "standard", "minmax": fitted on the training part alone */
    double split;                                   /* this first fraction of the rows trains */
};
int lstmc_read_csv(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

/* A text as ids of its sorted distinct bytes: x = window characters, y = the same moved by one (or the next one alone, if the model's output
 * has no time axis). */
int lstmc_read_characters(const struct lstmc_model *model, const char *path, int window, double split,
                          struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

/* ---- training (train.c) ---- */

/* What computes: a generated model, or the interpreter. `rows` is up to model->batch * model->shards. */
struct lstmc_engine {
    const struct lstmc_model *model;
    void *context;
    /* Takes over new weights. */
    void (*prepare)(void *context, const float *weights);
    /* Adds the gradients of scale * sum of the losses to `gradients`, writes the outputs [rows, output_count], returns the loss.
     * `first_row`: the index of row 0 in the whole batch. */
    float (*train)(void *context, const void *x, const void *target, const float *sample_weight, int rows, int first_row,
                   float scale, uint64_t seed, float *gradients, float *output);
    /* Outputs alone. */
    void (*predict)(void *context, const void *x, int rows, float *output);
    /* The loss of the given inputs without training: outputs too. */
    float (*evaluate)(void *context, const void *x, const void *target, int rows, float scale, float *output);
    void (*free)(void *context);
};

/* An engine over a generated model; LSTMC_NO_MEMORY if its structs cannot be had. */
int  lstmc_engine_create(const struct lstmc_model *model, struct lstmc_engine *engine);
void lstmc_engine_free(struct lstmc_engine *engine);

struct lstmc_history {          /* of the last epoch */
    double loss, validation_loss;
    double metric[8], validation_metric[8];
    double seconds;
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

/* Trains in place. Batches of batch * shards samples, last short one kept; loss and metrics are means over samples, as in Keras.
 * Shows a progress bar with ETA on a terminal (standard error), plain lines in a pipe; honours NO_COLOR.
 * Stops with LSTMC_NOT_FINITE at the first NaN or infinity, and the message names where it appeared first (which weight's gradient, which
 * tensor of the tape, epoch and batch). */
int lstmc_train(struct lstmc_engine *engine, float *weights, const struct lstmc_dataset *training,
                const struct lstmc_dataset *validation, const struct lstmc_train_options *options,
                struct lstmc_history *history, struct lstmc_message *message);

/* Loss and metrics over a data set. */
int lstmc_evaluate(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                   const struct lstmc_train_options *options, double *loss, double *metric_values, struct lstmc_message *message);

/* Moves the last fraction of `data` into `validation` (Keras: before shuffling); both are views that share data's memory until data is freed. */
void lstmc_split_validation(const struct lstmc_model *model, struct lstmc_dataset *data, double fraction, struct lstmc_dataset *validation);

#ifdef __cplusplus
}
#endif

#endif
