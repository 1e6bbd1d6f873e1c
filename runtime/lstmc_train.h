/* lstmc_train.h: the part of lstmc.h (which includes it) about training: engines, learning-rate schedules, callbacks,
 * checkpoints, the loop.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_TRAIN_H
#define LSTMC_TRAIN_H

#include "lstmc.h"
#include "lstmc_transport.h"

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many losses one sample has: one for each output step, or one. scale = 1 / (rows * this) makes a loss Keras's
 * mean. */
static inline size_t lstmc_losses_per_sample(const struct lstmc_model *model)
{
    size_t count = 1;
    for (int i = 0; i + 1 < model->output_rank && !model->loss_of_sample; i++)
        count *= (size_t)model->output_shape[i];
    return count;
}

/* How many weights a sample has: sample_weight is [rows, this]. */
static inline size_t lstmc_weights_per_sample(const struct lstmc_model *model)
{
    return model->sample_weights > 1 ? (size_t)model->sample_weights : 1;
}

/* ---- engines ---- */

enum lstmc_carry {
    LSTMC_CARRY_NOTHING,        /* each call begins with fresh states */
    /* the next call begins with fresh states, and each one behind it with those that the call before has left */
    LSTMC_CARRY_FRESH,
    LSTMC_CARRY_ON              /* the next call, too, begins with the states that are there */
};

/* What an engine has of a batch that several of them compute, each on a machine of its own: which of the model's
 * shards, and who adds up what they find. Both functions are called by one thread, in one order on all machines. */
struct lstmc_share {
    int first, count;           /* shards first to first + count - 1 */
    void *context;
    /* parts [1 or more]: `length` floats each, of which the first `count` are what this engine's shards have; the batch
     * has `shards` in all, perhaps none for this engine. Each part becomes the sum over all of them. NULL: this engine
     * is alone. */
    void (*sum)(void *context, float *const *parts, int count, int shards, size_t length);
    /* The same of gradients, of their floats first to first + length - 1, which stay here: what is a whole subtree of
     * the tree of shards (pairs of neighbours, pairs of these, and so on) has been added up, in the part of its first
     * shard. Called for all of them, or, where backward is cut, behind each phase for those that are complete, which
     * nobody writes any more. */
    void (*reduce)(void *context, float *const *parts, int count, int shards, size_t first, size_t length);
};

/* What computes: a generated model, or the interpreter. `rows` is up to model->batch * model->shards. Zero the struct
 * before filling it. */
struct lstmc_engine {
    const struct lstmc_model *model;
    void *context;
    /* Takes over new weights, which stay where they are until the next call. */
    void (*prepare)(void *context, const float *weights);
    /* The same for weights of which floats first to first + count - 1 have changed since the last call of prepare and
     * of train. Several threads at once as model->prepare_range says; NULL: it cannot. */
    void (*prepare_range)(void *context, const float *weights, size_t first, size_t count);
    /* Adds the gradients of scale * sum of the losses to `gradients`, writes the outputs [rows, output_count], returns
     * the loss. `first_row`: the index of row 0 in the whole batch. sample_weight may be NULL. NULL if the model was
     * compiled for inference alone. */
    float (*train)(void *context, const void *x, const void *target, const float *sample_weight, int rows,
                   int first_row, float scale, uint64_t seed, float *gradients, float *output);
    /* Outputs alone. */
    void (*predict)(void *context, const void *x, int rows, float *output);
    /* The loss of the given inputs without training: outputs too. NULL like train. */
    float (*evaluate)(void *context, const void *x, const void *target, const float *sample_weight, int rows,
                      float scale, float *output);
    /* Of a model with several outputs: the loss of one in the last train or evaluate, without its weight. NULL: it is
     * in the tapes, at model->loss_offsets. */
    float (*output_loss)(void *context, int output);
    /* Which steps of an output count in a row of the last train or evaluate, [steps], 0: it does not; NULL, as of no
     * mask: all do. No function: the mask is in the tape. */
    const float *(*output_mask)(void *context, int output, int row);
    /* The tape of a shard after train or evaluate, laid out as model->tape_tensors say; NULL: there is none to look
     * into, or it is another engine's shard. */
    void *(*tape)(void *context, int shard);
    /* With which states train, evaluate and predict begin from now on; NULL: with fresh ones. Where they go on, a
     * prediction has batch * shards rows at most. */
    void (*carry)(void *context, enum lstmc_carry carry);
    /* How many steps of each row count in train, evaluate and predict from now on, [rows]; NULL: all. NULL: the model
     * has no lengths. */
    void (*lengths)(void *context, const int32_t *lengths);
    /* After train with a seed that is not 0: the statistics among the weights, moving averages, as that batch leaves
     * them. NULL: the model has none. */
    void (*update)(void *context, float *weights);
    /* See lstmc_engine_threads; NULL: the calling thread alone. */
    int (*threads)(void *context, int threads);
    /* Calls task(task_context, 0) to task(task_context, count - 1) on the engine's threads, in any order, and returns
     * when all are done; not from inside another call of this engine. NULL: the calling thread alone, in order. */
    void (*run)(void *context, int count, void (*task)(void *task_context, int index), void *task_context);
    /* See lstmc_engine_share; NULL: a batch is one part. */
    int (*share)(void *context, const struct lstmc_share *share);
    void (*free)(void *context);
};

/* An engine over a generated model; LSTMC_NO_MEMORY if its structs cannot be had. */
int  lstmc_engine_create(const struct lstmc_model *model, struct lstmc_engine *engine);
void lstmc_engine_free(struct lstmc_engine *engine);

/* The outputs of samples `first` to first + rows - 1 of a data set, with their lengths; rows: as many as the engine
 * predicts at once. The only failure is LSTMC_NO_MEMORY. (evaluate.c) */
int lstmc_predict_samples(struct lstmc_engine *engine, const struct lstmc_dataset *data, size_t first, int rows,
                          float *output);

/* From now on so many threads, the caller's included, share the shards of train and evaluate, the rows of predict and
 * the updates of lstmc_train; 1 at first. Never more than model->shards, and fewer if the system has no more to give.
 * Returns how many. The results do not depend on it, bit for bit. They sleep soon after a call, take no signals and
 * live until lstmc_engine_free. One engine still serves one caller at a time. */
int lstmc_engine_threads(struct lstmc_engine *engine, int threads);

/* From now on this engine computes its share of each batch of train and evaluate alone, which are called with the
 * whole batch all the same: of its arrays, rows of other shards are neither read nor written. They return the loss of
 * the whole batch; gradients are handed to share->reduce. NULL: all shards again. LSTMC_NO_MEMORY: for the tapes of
 * the new share; LSTMC_MISMATCH: the model has no such shards, or this engine none at all. */
int lstmc_engine_share(struct lstmc_engine *engine, const struct lstmc_share *share);

/* ---- learning-rate schedules (schedule.c): keras.optimizers.schedules ---- */

enum lstmc_schedule_kind {
    LSTMC_EXPONENTIAL_DECAY,            /* initial * decay_rate ^ (step / decay_steps) */
    LSTMC_INVERSE_TIME_DECAY,           /* initial / (1 + decay_rate * step / decay_steps) */
    LSTMC_POLYNOMIAL_DECAY,             /* (initial - end) * (1 - step / decay_steps) ^ power + end */
    LSTMC_PIECEWISE_CONSTANT_DECAY,     /* values[k] while step <= boundaries[k] */
    LSTMC_COSINE_DECAY,                 /* a warm-up from initial to warmup_target, then down to alpha of it */
    /* Loshchilov & Hutter 2017: each period t_mul times as long, m_mul times as high */
    LSTMC_COSINE_DECAY_RESTARTS
};

struct lstmc_schedule {
    enum lstmc_schedule_kind kind;
    double initial_learning_rate, decay_steps, decay_rate, end_learning_rate, power, alpha, t_mul, m_mul;
    double warmup_target, warmup_steps; /* warmup_steps 0: none */
    int staircase, cycle;
    const double *boundaries, *values;  /* [boundary_count], [boundary_count + 1] */
    int boundary_count;
};

/* The learning rate of the update after `step` updates. */
double lstmc_schedule_rate(const struct lstmc_schedule *schedule, uint64_t step);

/* ---- callbacks (callbacks.c): keras.callbacks ---- */

#define LSTMC_METRICS_MAX 8
#define LSTMC_CALLBACKS_MAX 9

enum lstmc_callback_kind {
    LSTMC_EARLY_STOPPING,
    LSTMC_REDUCE_LR_ON_PLATEAU,
    LSTMC_MODEL_CHECKPOINT,
    LSTMC_CSV_LOGGER,
    LSTMC_LEARNING_RATE_SCHEDULER
};

/* Keras's names and meanings. */
struct lstmc_callback {
    enum lstmc_callback_kind kind;
    const char *monitor;                /* "loss", a metric, either with "val_" */
    int maximize;                       /* 1: more is better */
    double min_delta;
    int patience, cooldown, start_from_epoch;
    int has_baseline; double baseline;
    int restore_best_weights;           /* of at most one callback */
    double factor, min_learning_rate;   /* ReduceLROnPlateau */
    int save_best_only;                 /* ModelCheckpoint */
    int has_threshold; double initial_value_threshold;
    int save_freq;                      /* batches; 0: each epoch */
    const char *path;                   /* ModelCheckpoint, with {epoch}, {epoch:02d}, {batch}, {val_loss:.4f} in it
                                         * ({{ is a brace), and CSVLogger */
    char separator;                     /* CSVLogger; 0: a comma */
    double (*schedule)(void *context, int epoch, double learning_rate);     /* LearningRateScheduler; epochs from 0 */
    void *context;
};

/* ---- training (train.c) ---- */

struct lstmc_history {          /* of one epoch */
    double loss, validation_loss;
    double metric[LSTMC_METRICS_MAX], validation_metric[LSTMC_METRICS_MAX];
    double learning_rate;       /* of its last update */
    double seconds;             /* validation included */
    int epochs;                 /* done */
    int has_validation;
};

/* Sums over the samples of an epoch so far. */
struct lstmc_totals {
    double loss, metric_sum[LSTMC_METRICS_MAX], metric_count[LSTMC_METRICS_MAX];
    uint64_t samples;
};

struct lstmc_callback_state {
    double best;                /* meaningful if has_best */
    uint64_t has_best, wait, cooldown, batches;
};

/* Everything that a training has to know in order to go on as if it had never stopped: what a checkpoint holds. */
struct lstmc_snapshot {
    uint64_t seed;
    uint64_t samples, batch_rows, callback_count;       /* of the training it belongs to */
    uint64_t iteration;         /* updates done */
    uint64_t batches;           /* batches done: what dropout is keyed by */
    uint64_t epoch;             /* the present one, from 1 */
    uint64_t epochs;            /* how many there were to be; 0: unknown */
    uint64_t position;          /* its samples done */
    uint64_t accumulated;       /* batches whose gradients wait for an update */
    uint64_t stopped;           /* 1: a callback, or a NaN, has ended the training */
    uint64_t diverged;          /* 1: it was a NaN or an infinity; `weights` are the best, all else means nothing */
    uint64_t best_epoch;        /* from 1: whose weights `best` holds; 0: unknown */
    double best_loss;           /* of that epoch, where no callback restores the best; val_loss if there is one */
    double learning_rate;       /* as callbacks have left it */
    double seconds;             /* of the present epoch so far */
    struct lstmc_totals totals;
    struct lstmc_callback_state callback[LSTMC_CALLBACKS_MAX];
    float *weights;             /* [weight_count] */
    float *optimizer;           /* [lstmc_optimizer_floats] */
    float *gradients;           /* [gradient_count]: those that wait */
    float *average;             /* [gradient_count]: of the weights (use_ema), or NULL */
    float *best;                /* [weight_count]: what restore_best_weights restores, or what a training that ends at
                                 * a NaN has left; NULL while there is none */
    float *carried;             /* [carried_count]: states between two batches of a stream, or NULL */
    uint64_t carried_count;
    double *tally;              /* [tally_count]: of metrics that are no means, over the samples of the epoch so far */
    uint64_t tally_count;
    struct lstmc_history *log;  /* [log_count]: the epochs done */
    uint64_t log_count;
};

/* checkpoint.c, which needs jansson: a snapshot in a safetensors file: the weights under their names (every reader of
 * weight files reads them, and passes over the rest), all else under names that begin with "training/". By way of a
 * temporary file, fsync and rename. `metadata` as for lstmc_weights_save. */
int  lstmc_checkpoint_save(const struct lstmc_model *model, const struct lstmc_snapshot *snapshot, const char *path,
                           const char *const *metadata, struct lstmc_message *message);
/* LSTMC_MISMATCH if it belongs to another model (by its fingerprint, too). Free the snapshot's arrays with
 * lstmc_snapshot_free. */
int lstmc_checkpoint_load(const struct lstmc_model *model, struct lstmc_snapshot *snapshot, const char *path,
                          struct lstmc_message *message);
void lstmc_snapshot_free(struct lstmc_snapshot *snapshot);

/* csv_log.c: the epochs done, as keras.callbacks.CSVLogger writes them: epoch (from 0), then the other columns by name.
 * The whole file anew, by way of a temporary file. */
int lstmc_log_write(const char *path, char separator, const struct lstmc_history *log, size_t count,
                    const char *const *metrics, int metric_count, struct lstmc_message *message);

/* snapshot.c: the states that one batch hands to the next in a stateful training, of all shards: how many floats, and
 * from and to the tapes. */
size_t lstmc_carried_floats(const struct lstmc_model *model);
void   lstmc_carried_get(const struct lstmc_engine *engine, float *states);
void   lstmc_carried_set(const struct lstmc_engine *engine, const float *states);

/* How samples follow each other: not at all; row r of each batch behind row r of the one before, as Keras has it; or
 * as many streams as a batch has rows, one behind the other in the data, of which each batch takes one step. */
enum lstmc_stateful { LSTMC_STATELESS, LSTMC_CONSECUTIVE, LSTMC_STREAMS };

struct lstmc_train_options {
    int epochs;
    uint64_t seed;
    int shuffle;                        /* each epoch anew, by seed */
    /* > 1: of data with lengths, shuffled: batches are drawn from so many buckets of samples of similar length, as many
     * batches in each; 0 and 1: from all samples */
    int buckets;
    /* Not LSTMC_STATELESS: states go on from batch to batch, and are fresh at the start of an epoch and of each
     * evaluation; samples are not shuffled, and those that fill no batch are left out. */
    enum lstmc_stateful stateful;
    const char *const *metrics; int metric_count;   /* at most LSTMC_METRICS_MAX */
    const struct lstmc_metric_arguments *metric_arguments;      /* [metric_count]; NULL: Keras's defaults */
    /* bit i: metric i is a mean by the weights of samples; its name may begin with "weighted_" */
    unsigned weighted_metrics;
    /* what errors are measured in: the metrics mse, mae, rmse, mape, msle and cosine_similarity are those of numbers in
     * this unit; NULL: of those that the model sees */
    const struct lstmc_scaling *unit;
    /* metrics of one's own, asked first: lstmc_metric_add for the names that it knows, else LSTMC_MISMATCH; or NULL.
     * mask: [rows, steps], 0 where a step does not count; NULL: all do, or the model has several outputs */
    int (*own_metric)(void *context, const char *name, const float *output, const void *target, const float *mask,
                      int rows, double *sum, double *count);
    void *own_metric_context;
    const float *class_weight; int class_count;     /* how much the losses of samples of each class count; none: 1 */
    /* an update is made of the mean gradient of so many batches; 0 and 1: of each */
    int gradient_accumulation_steps;
    double ema_momentum;                /* > 0: an average of the weights is kept, and the training ends with it */
    int ema_overwrite_frequency;        /* > 0: so many updates apart the weights become the average */
    const struct lstmc_schedule *schedule;          /* NULL: the model's learning rate, as callbacks change it */
    /* at most LSTMC_CALLBACKS_MAX, in the order given */
    const struct lstmc_callback *callbacks; int callback_count;
    int quiet;                          /* no output at all */
    /* becomes non-zero: ends after the batch with LSTMC_INTERRUPTED; may be NULL */
    const volatile sig_atomic_t *interrupted;
    /* Whether to go on from a snapshot, whose arrays then belong to the training; may be NULL. */
    struct lstmc_snapshot *resume;
    /* Called when a checkpoint is due: `checkpoint_batches` batches or `checkpoint_seconds` after the last one (0:
     * never for that reason), at the end, at a NaN and at an interruption; may be NULL. A failure is said and does not
     * end the training; where files may not grow (RLIMIT_FSIZE) it is one only if the program ignores SIGXFSZ. */
    int (*checkpoint)(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message);
    int checkpoint_batches;
    double checkpoint_seconds;
    /* What ModelCheckpoint saves with; it cannot be used without. */
    int (*save_weights)(void *context, const char *path, const float *weights, struct lstmc_message *message);
    /* Called after each attempt of a callback to write a file; `why` it failed, or NULL: it did not. A failure is
     * said, unless `quiet`, and does not end the training. May be NULL. */
    void (*wrote)(void *context, const struct lstmc_callback *callback, const char *why);
    /* Several programs that share the training, each with the same model, data and options: each computes some of the
     * shards of a batch, and updates some of the weights, to the bits of one that does all. checkpoint, save_weights
     * and wrote are called on rank 0 alone, which also shows the progress; all else on all of them. NULL: one. */
    const struct lstmc_transport *transport;
    /* Called after each batch of so many rows, before the next one; may be NULL. */
    void (*batch_end)(void *context, int epoch, int rows, const struct lstmc_engine *engine);
    /* Called after each epoch; may be NULL. Non-zero ends the training. */
    int (*epoch_end)(void *context, int epoch, const struct lstmc_history *history);
    void *context;
};

/* Trains in place, from a fresh optimiser state. Batches of batch * shards samples, last short one kept; loss and
 * metrics are means over samples, as in Keras, regularisers included. `validation` and `history` (of the last epoch)
 * may be NULL.
 * Shows a progress bar with ETA on a terminal (standard error), plain lines in a pipe; honours NO_COLOR.
 * Stops with LSTMC_NOT_FINITE at the first NaN or infinity, and the message names where it appeared first (weight,
 * input, tensor of the tape, output, gradient; epoch and batch). The weights are then the best: those that a callback
 * was to restore, else those of the epoch with the lowest loss; a last checkpoint holds them, and a training that
 * resumes it ends at once, with them. In the first epoch there are none: the weights are those of before the batch,
 * unless the update itself made them so. */
int lstmc_train(struct lstmc_engine *engine, float *weights, const struct lstmc_dataset *training,
                const struct lstmc_dataset *validation, const struct lstmc_train_options *options,
                struct lstmc_history *history, struct lstmc_message *message);

/* Loss and metrics over a data set; of the options, metrics and stateful alone count. metric_values [metric_count]. */
int lstmc_evaluate(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                   const struct lstmc_train_options *options, double *loss, double *metric_values,
                   struct lstmc_message *message);

#ifdef __cplusplus
}
#endif

#endif
