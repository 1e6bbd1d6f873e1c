/* lstmc.h: the thin runtime of lstmc: random numbers, initialisers, optimisers, weight files, data, training.
 * Functions that take a model work on any generated M_model (or on a descriptor that the compiler made). Weights,
 * gradients and optimiser state are flat floats in the order of M_weights. Those in the first part neither allocate nor
 * print. Functions that can fail return 0 or a negative enum lstmc_status.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_H
#define LSTMC_H

#include "lstmc_model.h"
#include "lstmc_decoder.h"
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

/* Fills all weights by their initialisers (Keras's formulas: Glorot & Bengio 2010, He et al. 2015, Saxe et al. 2014 for
 * orthogonal). The same seed gives the same weights on every machine with IEEE arithmetic. */
void lstmc_init(const struct lstmc_model *model, float *weights, uint64_t seed);

/* Floats of optimiser state that a model needs (M_OPTIMIZER_FLOATS in the generated header). */
size_t lstmc_optimizer_floats(const struct lstmc_model *model);

/* One step in Keras's order: regularisers into the gradients, clipping, decoupled weight decay, update, constraints.
 * `iteration` starts at 1. gradients [gradient_count] get the regularisers' part; state [lstmc_optimizer_floats] starts
 * as zeros. learning_rate <= 0: the model's own. Of several clips the first of clipnorm, global_clipnorm, clipvalue
 * counts. Returns the global norm before clipping, regularisers included. */
float lstmc_optimizer_step(const struct lstmc_model *model, float *weights, float *gradients, float *state,
                           uint64_t iteration, float learning_rate);

/* The regularisers' part of the loss, of the trainable weights as in Keras. */
float lstmc_penalty(const struct lstmc_model *model, const float *weights);

/* Holds the trainable weights to their constraints: what lstmc_optimizer_step ends with. Behind updates of your own. */
void lstmc_constrain(const struct lstmc_model *model, float *weights);

/* ---- weight files (safetensors; weights.c, by way of jansson; safetensors.h reads and writes any such file) ---- */

/* Writes all weights, by way of a temporary file beside it, fsync and rename: after a failure an old file is as it was.
 * `metadata`: pairs of key and value ended by NULL, or NULL; the keys format, model and fingerprint are the writer's
 * own. */
int lstmc_weights_save(const struct lstmc_model *model, const float *weights, const char *path,
                       const char *const *metadata, struct lstmc_message *message);

/* Reads every weight of the model, by name and shape; extra or missing tensors, another dtype than F32 and any
 * malformation are refused, and `weights` is untouched then. Values are not looked at: bits come back as they were
 * written. The fingerprint is not compared. */
int lstmc_weights_load(const struct lstmc_model *model, float *weights, const char *path,
                       struct lstmc_message *message);

/* ---- metrics ---- */

enum lstmc_average { LSTMC_MACRO, LSTMC_MICRO, LSTMC_WEIGHTED };

/* What Keras's objects of metrics can be given. */
struct lstmc_metric_arguments {
    double threshold;           /* binary_accuracy, precision, recall: above it a prediction is one of class 1 */
    double f1_threshold;        /* f1_score; NAN: the largest output of a place is predicted */
    enum lstmc_average average; /* f1_score */
    int k;                      /* top_k_categorical_accuracy and its sparse form */
    int num_thresholds;         /* auc: 2 or more */
    int of_precision;           /* auc: 1: under precision over recall ("PR"); 0: recall over false positives ("ROC") */
    int from_logits;            /* auc, perplexity, cross-entropies */
    double label_smoothing;     /* cross-entropies */
};
#define LSTMC_METRIC_DEFAULTS { .threshold = 0.5, .f1_threshold = NAN, .k = 5, .num_thresholds = 200 }

/* Sums a metric that is a mean, by Keras's name ("mse", "mae", "binary_accuracy", "categorical_accuracy",
 * "sparse_categorical_accuracy", ...) over `rows` samples (a sequence counts each of its steps), or "sequence_accuracy"
 * (a sample counts once: are all its steps right?); of several outputs it is named with the output, "kind_mae"; the
 * value of the metric is *sum / *count, of "rmse" the root of that, of "perplexity" its exponential. Returns
 * LSTMC_MISMATCH for an unknown name, for a metric that is no mean (precision, recall, f1_score, auc, r2_score) and for
 * one that these targets do not fit. */
int lstmc_metric_add(const struct lstmc_model *model, const char *metric, const float *output, const void *target,
                     int rows, double *sum, double *count);

/* ---- data sets (dataset.c, npy.c, data.c, csv.c, rows.c, windows.c, lines.c) ---- */

/* Per column of the last axis: value in the file's unit = number * scale + offset. No columns: numbers are as they are
 * in the file. */
struct lstmc_scaling {
    int columns;
    double *offset, *scale;
};

struct lstmc_names {
    int count;
    char **text;
};

/* LSTMC_WORDS_AND_LINES: words, and each end of a line is one too. */
enum lstmc_text_unit { LSTMC_NO_TEXT, LSTMC_BYTES, LSTMC_CHARACTERS, LSTMC_WORDS, LSTMC_WORDS_AND_LINES };

/* What the numbers of a data set mean to a person: fitted to the training part, and kept in the metadata of the weight
 * file. */
struct lstmc_meaning {
    struct lstmc_scaling input, target;
    struct lstmc_names columns, targets;    /* of a table: their names */
    struct lstmc_names labels;              /* of each class of the target */
    struct lstmc_names vocabulary;          /* the text of each input id */
    enum lstmc_text_unit unit;              /* what one id stands for */
    /* what one label stands for in a text that is predicted; LSTMC_NO_TEXT: labels are no text */
    enum lstmc_text_unit target_unit;
    int is_lower;                           /* 1: texts are read in small letters */
    /* 1: a text or recording that is too short has zeros before it and a longer one loses its beginning; 0: behind, and
     * its end */
    int pads_front;
    /* 1: inputs and targets are differences from the last row of the sample's window */
    int is_relative;
    /* 1: each text is a line, begun and ended by the end of one, "\n": what follows that is another text */
    int between_line_ends;
};

/* What a person should know of data that was taken all the same, a line each; empty: nothing. */
struct lstmc_notes {
    char text[1024];
};

/* What has to be given back: a mapping of so many bytes, or with 0 bytes memory of lstmc_alloc, or NULL. */
struct lstmc_mapping {
    void *start;
    size_t bytes;
};

/* Samples that are made each time somebody asks for them, out of what their reader keeps: a file that is mapped, the
 * rows of a table. */
struct lstmc_source {
    /* x, or y, of a sample, in the model's types. Several threads at once. NULL: there is no source. */
    void (*make)(const void *kept, size_t sample, void *to);
    void *kept;
    void (*free)(void *kept);
};

struct lstmc_dataset {
    size_t samples;
    void *x;                    /* int32_t ids or float, [samples, input_count]; NULL: x_source makes them */
    void *y;                    /* int32_t classes or float, [samples, target_count]; NULL: y_source makes them */
    int32_t *lengths;           /* [samples]: how many steps of each count; NULL: all */
    float *sample_weight;       /* [samples]: how much each loss counts; NULL: 1 */
    size_t weights;             /* > 1: a sample has so many, one for each of its losses */
    /* forecasts only: the last known value of each target, normalised like y, [samples, target_count]; else NULL */
    float *persistence;
    double *base; /* of windows to predict from, where forecasts are relative: the last known value of each target, as
                     it is in the data */
    struct lstmc_meaning meaning;
    struct lstmc_notes notes;
    struct lstmc_mapping x_memory, y_memory;    /* where x and y lie; data larger than memory lies on a disk */
    struct lstmc_source x_source, y_source;
    size_t first_made;          /* what sample 0 is called in the sources */
    int is_view;                /* 1: the memory belongs to another data set, and lstmc_dataset_free leaves it alone */
};

/* meaning.c. Columns with offset 0 and scale 1, `count` empty names: 0 if there is no memory. Free it all with
 * lstmc_meaning_free. */
int  lstmc_scaling_alloc(struct lstmc_scaling *scaling, int columns);
int  lstmc_names_alloc(struct lstmc_names *names, int count);
/* A copy of `length` bytes becomes name `index`; 0 if there is no memory. */
int  lstmc_names_set(struct lstmc_names *names, int index, const char *text, size_t length);
void lstmc_meaning_free(struct lstmc_meaning *meaning);

/* meaning_json.c, which needs jansson: pairs of key and value for lstmc_weights_save, ended by NULL, with `more` pairs
 * (or NULL) behind them; NULL if there is no memory. Free with lstmc_metadata_free. And the way back from a weight
 * file: LSTMC_BAD_FILE says what is broken; what the file does not say stays empty. */
char **lstmc_meaning_metadata(const struct lstmc_meaning *meaning, const char *const *more);
void   lstmc_metadata_free(char **pairs);
int    lstmc_meaning_load(struct lstmc_meaning *meaning, const char *path, struct lstmc_message *message);

/* trained.c, which needs jansson: all of a weight file, as whoever predicts needs it. Besides what lstmc_weights_load
 * refuses, LSTMC_MISMATCH for weights that are not finite, and for a meaning that is not this model's: another number
 * of columns, classes or ids than it has, scales that are not positive. *differs: 1 if the weights were written by a
 * description with other options of its layers, steps or loss. The meaning is the caller's to free. */
int lstmc_trained_load(const struct lstmc_model *model, float *weights, struct lstmc_meaning *meaning, int *differs,
                       const char *path, struct lstmc_message *message);
int lstmc_meaning_check(const struct lstmc_model *model, const struct lstmc_meaning *meaning, const char *path,
                        struct lstmc_message *message);

/* meaning.c. `count` numbers in the unit of the data, a whole sample or one step of it, as the model reads them,
 * computed in double as the readers do; `raw` of relative data ends with the last row. Returns the place of the first
 * one that no float holds, or `count`. And what the model says, in the unit of the data. */
size_t lstmc_row_columns(const struct lstmc_meaning *meaning);      /* columns of that row */
size_t lstmc_normalize(const struct lstmc_meaning *meaning, const double *raw, float *x, size_t count);
void   lstmc_denormalize(const struct lstmc_meaning *meaning, const float *y, double *raw, size_t count);

/* x and y for so many samples, zeroed, for a caller that fills them itself. The only failure is LSTMC_NO_MEMORY. */
int  lstmc_dataset_alloc(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data);
void lstmc_dataset_free(struct lstmc_dataset *data);

/* samples.c. x and y of a sample: where they lie, or `room` for input_count, or target_count, numbers with them inside.
 * Several threads at once, each with room of its own. */
const void *lstmc_sample_inputs(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                                void *room);
const void *lstmc_sample_targets(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                                 void *room);
/* The same as copies, of `count` samples from `first` on, one behind the other. */
void lstmc_copy_inputs(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t first, size_t count,
                       void *x);
void lstmc_copy_targets(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t first, size_t count,
                        void *y);
/* For whoever wants to read data->x and data->y: all samples into memory, if they are not. Of no view.
 * LSTMC_NO_MEMORY. */
int lstmc_dataset_make(const struct lstmc_model *model, struct lstmc_dataset *data);

/* Sets the statistics of layers that adapt to their input (Normalization): mean and biased variance of each feature
 * over all samples of `data`, which are those that train. Behind lstmc_init, before lstmc_train; does nothing for a
 * model without such layers. */
int lstmc_adapt(const struct lstmc_model *model, float *weights, const struct lstmc_dataset *data,
                struct lstmc_message *message);

/* Moves the last fraction of `data` into `validation`, as Keras does before shuffling: floor(samples * (1 - fraction))
 * samples stay. `validation` is a view, good until `data` is freed. */
void lstmc_split_validation(const struct lstmc_model *model, struct lstmc_dataset *data, double fraction,
                            struct lstmc_dataset *validation);

/* An array file. `dtype` is numpy's: "<f4", "|u1", ... Bool, integers and floats up to 8 bytes are read; big-endian
 * numbers, Fortran order and records are refused. */
struct lstmc_npy {
    char dtype[4];
    int rank;
    size_t shape[LSTMC_RANK_MAX];
    size_t count;               /* elements */
    const unsigned char *bytes; /* little-endian, C order; in the file itself, which is mapped */
    struct lstmc_mapping file;
};
int    lstmc_npy_read(const char *path, struct lstmc_npy *array, struct lstmc_message *message);
double lstmc_npy_value(const struct lstmc_npy *array, size_t index);
void   lstmc_npy_free(struct lstmc_npy *array);
/* Writes float32, or float64, by way of a temporary file. (npy_write.c) */
int lstmc_npy_write(const char *path, const float *values, int rank, const size_t *shape,
                    struct lstmc_message *message);
int lstmc_npy_write_double(const char *path, const double *values, int rank, const size_t *shape,
                           struct lstmc_message *message);

/* x and y from two .npy files, converted to the model's types and checked against its shapes (axes of extent 1 at the
 * end may be missing; a longer time axis keeps the last steps: the readers of Keras's examples cut in front). ids >=
 * vocabulary become `unknown` (vocabulary 0: no change; y_path NULL: inputs alone). The files are looked through once
 * and stay mapped; what is not in the model's type and shape is converted when somebody asks for a sample. An id or
 * class out of the model's range, and a float that is not finite, is an error with row and column. */
int lstmc_read_npy(const struct lstmc_model *model, const char *x_path, const char *y_path, int vocabulary, int unknown,
                   struct lstmc_dataset *data, struct lstmc_message *message);

/* The same for a model with several inputs or outputs: one file for each, in the order of model->inputs and
 * model->targets; where there is one array, one file. y_paths NULL: inputs alone. */
int lstmc_read_npy_arrays(const struct lstmc_model *model, const char *const *x_paths, const char *const *y_paths,
                          int vocabulary, int unknown, struct lstmc_dataset *data, struct lstmc_message *message);

/* Vectors that others have trained, into the rows of a table of a model (Embedding): an array file of its shape; or a
 * text in the form of GloVe or word2vec, a word and its numbers a line, of which row r becomes the vector of
 * words->text[r]. *missing: words that the text does not have, whose rows stay. */
int lstmc_read_vectors(const char *path, const struct lstmc_tensor *table, float *weights,
                       struct lstmc_message *message);
int lstmc_read_glove(const char *path, const struct lstmc_names *words, const struct lstmc_tensor *table,
                     float *weights, size_t *missing, struct lstmc_message *message);

/* Of a model with lengths, ragged.c: how many steps of each sample of a data set count, from a .npy file of [samples]
 * whole numbers. */
int lstmc_read_lengths(const struct lstmc_model *model, const char *path, struct lstmc_dataset *data,
                       struct lstmc_message *message);

/* The same where padding tells: steps at the end, or in front, in which every number is 0, are none; those in front
 * move to the end, and the targets of steps with them. Of a model of one input. */
int lstmc_count_lengths(const struct lstmc_model *model, int pads_front, struct lstmc_dataset *data,
                        struct lstmc_message *message);

/* The same of arrays that hold the steps of all samples, one behind the other, [steps, ...]: sample i is the steps
 * offsets[i] to offsets[i + 1] - 1, with zeros behind them; of longer ones the last steps are kept. y: one row for each
 * sample, or, where the model has an output for each step, one for each step. (y_path NULL: inputs alone) */
int lstmc_read_ragged(const struct lstmc_model *model, const char *x_path, const char *offsets_path, const char *y_path,
                      int vocabulary, int unknown, struct lstmc_dataset *data, struct lstmc_message *message);

/* Labels of whole samples, for a model with one output whose loss is "ctc": whole numbers [samples, labels], fewer than
 * the model takes or as many; those of a sample end where the file `lengths_path` says, [samples], or, if that is NULL,
 * in front of blanks. Behind lstmc_read_npy or lstmc_read_ragged without a y_path. (label_sequences.c) */
int lstmc_read_labels(const struct lstmc_model *model, const char *path, const char *lengths_path,
                      struct lstmc_dataset *data, struct lstmc_message *message);

/* Whether each sample of a data set has labels that its steps can say: one step for each, and one between a label and
 * the same once more; blanks stand behind them. The steps are those of the output; of an output with as many steps as
 * an input that has lengths, those that count. LSTMC_MISMATCH says which does not, in words that begin with `what`.
 * Models with other losses have nothing to check. */
int lstmc_check_labels(const struct lstmc_model *model, const struct lstmc_dataset *data, const char *what,
                       struct lstmc_message *message);

/* Element `index` of an array of samples: ids are below this; 0: a float. */
int lstmc_input_vocabulary(const struct lstmc_model *model, size_t index);

/* Replaces the bytes of a packed file, which are the caller's to free(), by what it holds, with one
 * zero byte behind. */
typedef int lstmc_unpack(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message);
/* gzip.c, which needs zlib: only a program that names this links it. Without zlib at build time it fails and says so. A
 * file that would fill more than an eighth of the machine's memory is refused, as a table needs several
 * times its text. */
lstmc_unpack lstmc_gunzip;
int lstmc_gunzip_at_most(size_t most, const char *path, unsigned char **bytes, size_t *size,
                         struct lstmc_message *message);

/* The same data set's weights: one number for each step, beside those of x; else as lstmc_read_sample_weight. */
int lstmc_read_ragged_weight(const struct lstmc_model *model, const char *path, const char *offsets_path,
                             struct lstmc_dataset *data, struct lstmc_message *message);

/* How much each sample of a data set counts, from a .npy file of [samples] numbers, none negative; or each of the
 * losses of a sample, [samples, steps], where model->sample_weights says so. */
int lstmc_read_sample_weight(const struct lstmc_model *model, const char *path, struct lstmc_dataset *data,
                             struct lstmc_message *message);

struct lstmc_csv_options {
    const char *const *columns; int column_count;   /* names from the first line, or positions from "1" */
    /* of a model with several inputs: how many of the columns each of them reads, in the order of model->inputs, in
     * each row of the window, or, as the input has room, in its last row; 0 and NULL of a model with one input */
    const int *input_columns; int input_count;
    const char *const *targets; int target_count;   /* none with `sliding`: the columns themselves */
    /* 1: windows of `window` rows, moving by one row; 0: each row is one sample */
    int sliding;
    int window;
    const int *horizons;
    int horizon_count; /* rows from the window's last to what is predicted, ascending; 0, which needs targets, is
                        * that row itself. The model's targets are [horizons, targets]; one horizon with room for
                        * more stands for all rows up to it. Of a model with an output for each step of the window,
                        * [window, targets], one horizon is that of each step. */
    int header; /* 1: the first line is names; -1: it is none; 0: it is, if it looks like that */
    const char *group; /* the column whose equal cells, one below the other, make a group that no sample crosses;
                        * NULL: there are none. "remaining" is a column then: rows until the end of the group. */
    const char *missing; /* "error" (NULL), "drop" (the row; no sample crosses the gap), "previous", "interpolate"
                          * (which looks ahead); the last two within the group */
    /* targets become 1 where they are at most this, else 0; NULL: they stay. And where they are not above that either,
     * the sample is left out; NULL: all are either the one or the other. */
    const double *at_most, *above;
    /* a column: how much each sample counts, by the last row that it reads; or NULL. With `weighs_steps` how much each
     * of its targets does, by the target's own row: as many as model->sample_weights. */
    const char *sample_weight;
    int weighs_steps;
    /* 1: what is read and predicted is the difference from the window's last row */
    int relative;
    const char *normalization; /* "none" (NULL), "standard", "minmax": per column, fitted on the training part alone.
                                * Ids, classes, at_most and the targets of a cross-entropy stay as they are. */
    /* this first fraction of the rows, or of the groups, trains; 1: nothing is held out */
    double split;
    /* a file of its own is held out, and `split` does not count; NULL: there is none */
    const char *validation;
    /* its groups end early: a file with what is left then, one number each; or NULL */
    const char *validation_remaining;
    int last_only;                                  /* 1: of each held-out group the last sample alone */
    lstmc_unpack *unpack;                           /* lstmc_gunzip, or NULL: gzip files are refused */
};
/* Windows that train lie in the training part with their targets. A held-out window may reach back into it, but its
 * targets do not. */
int lstmc_read_csv(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

/* Every window of a table as an input, scaled by what was fitted in training; of `options` what says how to read.
 * Targets are not read; with `relative`, data->base is the last known value of each target as it is in the file,
 * [samples, target_count of options]. (forecast.c) */
int lstmc_read_windows(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                       const struct lstmc_scaling *scaling, struct lstmc_dataset *data, struct lstmc_message *message);

struct lstmc_text_options {
    const char *const *files; int file_count;       /* one behind the other they are the text */
    /* LSTMC_BYTES: ids are its sorted distinct bytes; LSTMC_CHARACTERS, LSTMC_WORDS_AND_LINES: UTF-8 with the ids of
     * lstmc_read_lines */
    enum lstmc_text_unit unit;
    int lower, vocabulary;                          /* not of bytes: as in struct lstmc_lines_options */
    int window;
    double split;
};
/* A text in windows side by side: x = window tokens, y = the same moved by one (or the next one alone, if the model's
 * output has no time axis). The first fraction `split` of the tokens trains. (running_text.c) */
int lstmc_read_text(const struct lstmc_model *model, const struct lstmc_text_options *options,
                    struct lstmc_dataset *training, struct lstmc_dataset *validation,
                    struct lstmc_message *message);
/* The same of the bytes of one file. */
int lstmc_read_characters(const struct lstmc_model *model, const char *path, int window, double split,
                          struct lstmc_dataset *training, struct lstmc_dataset *validation,
                          struct lstmc_message *message);

struct lstmc_lines_options {
    const char *const *files; int file_count;       /* read one after the other */
    /* instead: all its files *.txt but those in `except`, sorted by name */
    const char *folder;
    const char *const *except; int except_count;
    char separator;                                 /* of the fields of a line, which count from 1 */
    int has_header;                                 /* 1: the first line of a file is not read */
    int text;                                       /* field of the text; 0: the whole line */
    int label;                                      /* field of the label; 0: the file's name without its extension */
    int target_text;                                /* field of a text to predict, instead of a label; 0: none */
    /* all labels in the order of their classes; none: those of the files, sorted */
    const char *const *labels; int label_count;
    enum lstmc_text_unit unit, target_unit;         /* LSTMC_CHARACTERS or LSTMC_WORDS */
    /* 1: capitals are read as small letters; of a text that is to be predicted from itself they stay in the target */
    int lower;
    int vocabulary, target_vocabulary;              /* ids that are kept; 0: all */
    /* as in struct lstmc_meaning; target texts are padded and cut behind */
    int pads_front;
    double split;                                   /* this fraction of the lines trains; 1: nothing is held out */
    uint64_t seed;                                  /* of the shuffle before the split */
    /* 1: what is predicted is the next token: neither label nor target_text */
    int next_token;
    /* 1: the model has two inputs, a text and what its decoder, the one at this place, has read of the target text:
     * that begins with id 2 and is one token behind the targets, which end with id 3 */
    int has_decoder, decoder;
};
/* UTF-8 texts as ids: 0 padding, 1 unknown, then the tokens of the training part by falling frequency. Lines with the
 * same text lie on the same side of the split. Texts to predict have the same kind of ids as classes of
 * each time step. Of next tokens a line begins and ends with "\n", id 2, and is a sample, its targets moved by one
 * token, with zeros behind, and what is longer than the model's input another one; or, where the model has one output,
 * each of its prefixes is a sample, padded as texts are. (text_lines.c) */
int lstmc_read_lines(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                     struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

struct lstmc_ts_options {
    const char *file;
    const char *validation;                         /* what is held out, or NULL */
    /* all classes in their order; none: those of @classLabel */
    const char *const *labels; int label_count;
    const char *normalization; /* "none" (NULL), "standard", "minmax": per dimension, fitted on the training part */
};
/* Series of the UEA and UCR archives (*.ts, as sktime and aeon describe them): x = steps of dimensions, with zeros
 * behind series that are shorter than the model's input, and without the end of longer ones; data->lengths says how
 * many steps each has. y = the class, or with @targetlabel a number. (series.c) */
int lstmc_read_ts(const struct lstmc_model *model, const struct lstmc_ts_options *options,
                  struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

struct lstmc_multi_hot_options {
    const char *file;
    const char *training, *validation;              /* names of lists in it: what trains; what is held out, or NULL */
    int first;                                      /* the number that the first feature stands for */
};
/* Sequences of sets of whole numbers (notes that sound, things that are bought together) as JSON: {"train": [[[60, 64],
 * [], ...], ...], ...}. y = the sets as zeros and ones, x = the same one step later, with nothing in front: what comes
 * next. data->lengths says how many steps each sequence has. Needs jansson. (multi_hot.c) */
int lstmc_read_multi_hot(const struct lstmc_model *model, const struct lstmc_multi_hot_options *options,
                         struct lstmc_dataset *training, struct lstmc_dataset *validation,
                         struct lstmc_message *message);

/* One text as `count` ids, as the readers of characters and lines make them: cut and padded as `meaning` says. *found
 * (or NULL): how many it would be uncut. LSTMC_BAD_FILE for what is not UTF-8, LSTMC_MISMATCH for a byte without an id,
 * with its column. (encode.c) */
int lstmc_encode(const struct lstmc_meaning *meaning, const char *text, size_t length, int32_t *ids, size_t count,
                 size_t *found, struct lstmc_message *message);

/* ---- text that is held against others (bleu.c) ---- */

enum { LSTMC_BLEU_RUNS = 4 };   /* of one token, two, three, four */

struct lstmc_token_list { const int32_t *tokens; int count; };

/* Of all texts so far; zero at the start. */
struct lstmc_bleu {
    long found[LSTMC_BLEU_RUNS], runs[LSTMC_BLEU_RUNS];     /* runs of tokens in what was said; how many could be */
    long said, closest;         /* tokens in all; and in the references that are closest in length */
};
/* One more text and what it might have been, one reference or more. */
void lstmc_bleu_add(struct lstmc_bleu *bleu, struct lstmc_token_list said, const struct lstmc_token_list *references,
                    int reference_count);
/* From 0, no run of one of the lengths is right, to 1; lengths that nothing said has are left out. */
double lstmc_bleu(const struct lstmc_bleu *bleu);

/* ---- text that a model writes (sample.c) ---- */

struct lstmc_sampling {
    int from_logits;            /* what the model says are logits; 0: probabilities */
    double temperature;         /* p^(1/temperature); 0: always the first of the most probable */
    int top_k;                  /* only the k most probable, of equal ones those with lower ids; 0: all */
    /* of those the fewest, the most probable first, whose share of all that is left adds up to this; 0 or 1: all
     * (nucleus sampling, Holtzman et al. 2020) */
    double top_p;
    uint64_t seed;
};
struct lstmc_candidate { double weight; int32_t token; };

/* One of `classes` tokens, drawn from what a model says of the next one, y [classes]; `room` [classes] is work memory.
 * Draw number `number` of a seed is the same on every call; numbers are drawn independently of each other. A token
 * whose probability is 0 (logit -INFINITY) or not a number is never drawn while another one has more. */
int lstmc_sample(const struct lstmc_sampling *how, const float *y, int classes, struct lstmc_candidate *room,
                 uint64_t number);

enum { LSTMC_JOIN_MOST = 100 };     /* recordings in one string */

struct lstmc_wav_options {
    const char *folder;                             /* all its files *.wav */
    /* of the fields of a file's name, which count from 1: 7_theo_12.wav */
    char separator;
    int label;                                      /* field of the label */
    /* all labels in the order of their classes; none: those of the names, sorted */
    const char *const *labels; int label_count;
    int test_field;                                 /* field that says what is held out; 0: `split` says it */
    const char *const *test_names; int test_count;  /* held out are those whose field is one of these, */
    int test_at_most;                               /* or, if there are none, a number up to this */
    double split; uint64_t seed;                    /* this fraction trains, after a shuffle; 1: nothing is held out */
    int sample_rate;                                /* what every file must have, in Hz */
    int frame, step;                                /* samples of a frame, and between the beginnings of two */
    double low, high;                               /* in Hz; high <= 0: half the sample rate */
    int pads_front;                                 /* as in struct lstmc_meaning */
    /* Strings of so many recordings each, one behind the other, drawn by the seed from those of their part, for a model
     * whose loss is "ctc": join_training of them train, join_held_out are held out. join_most 0: each recording is a
     * sample, with one label. gap: silence between two, up to so many seconds. */
    int join_least, join_most, join_training, join_held_out;
    double gap;
};
/* Recordings as log-mel frames, normalised by mean and deviation of each band over the frames of the training part
 * (meaning.input); the model's input is [frames, bands], padded with zeros. Formulas: sound.h. Needs libsndfile and
 * FFTW at build time, and says so if they were not there. */
int lstmc_read_wav(const struct lstmc_model *model, const struct lstmc_wav_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message);

#ifdef __cplusplus
}
#endif

#include "lstmc_ctc.h"
#include "lstmc_train.h"

#endif
