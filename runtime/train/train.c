/* train.c: in: an engine, weights and data.  out: trained weights, with Keras's divisors and means.
 * The order of samples, the seeds of dropout and so the result are a function of (seed, data, model): nothing depends
 * on time, threads, or on how often the training was stopped and went on from a checkpoint. All that it has to remember
 * is its snapshot. */
#include "callbacks.h"
#include "finite.h"
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/base/message.h"
#include "order.h"
#include "progress.h"
#include "stepper.h"
#include "metrics.h"
#include "totals.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GATHERED_ALONE ((size_t)1 << 17)    /* bytes of a batch that one thread copies sooner than several meet */
#define GATHER_TASKS 8

#define STREAM_DROPOUT 0x44524f50           /* told apart from places and weight tensors, which count from 0 */

struct run {
    struct lstmc_engine *engine;
    const struct lstmc_model *model;
    const struct lstmc_train_options *options;
    const struct lstmc_dataset *data, *validation;
    struct lstmc_snapshot snapshot;
    struct lstmc_stepper stepper;
    struct lstmc_batch_memory memory;           /* the samples of one batch */
    float *sample_weight;                       /* of one batch; NULL: all count the same */
    struct lstmc_order order;
    size_t used, batch_rows;                    /* samples of an epoch, rows of a batch */
    struct lstmc_history history;               /* of the present epoch */
    double checkpoint_time;
    int checkpoint_batches;                     /* since the last one */
    struct lstmc_progress progress;
    struct lstmc_callback_run callbacks;
    struct lstmc_message *message;
};

/* ---- the samples of a batch ---- */

static size_t sample_at(const struct run *run, size_t position)
{
    if (run->options->stateful == LSTMC_STREAMS)
        return lstmc_stream_sample(run->used, run->batch_rows, position);
    return run->order.sample ? run->order.sample[position] : position;
}

/* The class that a sample's target names: its number, the largest of a one-hot row, or yes and no of one number. */
static int class_of(const struct lstmc_model *model, const char *y)
{
    if (model->target_is_class)
        return *(const int32_t *)y;
    const float *value = (const float *)y;
    int class = 0;
    for (size_t i = 1; i < model->target_count; i++)
        if (value[i] > value[class])
            class = (int)i;
    return model->target_count == 1 ? value[0] > 0.5f : class;
}

/* What the threads that gather a batch have to know. */
struct gathering {
    const struct run *run;
    size_t first, rows;
    int tasks;
};

static void gather_rows(void *context, int task)
{
    const struct gathering *gathering = context;
    const struct run *run = gathering->run;
    const struct lstmc_train_options *options = run->options;
    size_t x_bytes = run->model->input_count * sizeof(float), y_bytes = run->model->target_count * sizeof(float);
    size_t rows = gathering->rows, tasks = (size_t)gathering->tasks, end = rows * ((size_t)task + 1) / tasks;
    for (size_t i = rows * (size_t)task / tasks; i < end; i++) {
        size_t sample = sample_at(run, gathering->first + i);
        char *y = run->memory.y + i * y_bytes;
        memcpy(run->memory.x + i * x_bytes, (const char *)run->data->x + sample * x_bytes, x_bytes);
        memcpy(y, (const char *)run->data->y + sample * y_bytes, y_bytes);
        if (run->data->lengths)
            run->memory.lengths[i] = run->data->lengths[sample];
        if (!run->sample_weight)
            continue;
        size_t each = lstmc_weights_per_sample(run->model);
        lstmc_weigh_sample(run->model, run->data, sample, run->sample_weight + i * each);
        int class = options->class_count ? class_of(run->model, y) : -1;
        for (size_t k = i * each; class >= 0 && class < options->class_count && k < (i + 1) * each; k++)
            run->sample_weight[k] *= options->class_weight[class];
    }
}

static void gather(struct run *run, size_t first, size_t rows)
{
    const struct lstmc_engine *engine = run->engine;
    size_t bytes = rows * (run->model->input_count + run->model->target_count) * sizeof(float);
    struct gathering gathering = {
        .run = run, .first = first, .rows = rows, .tasks = engine->run && bytes > GATHERED_ALONE ? GATHER_TASKS : 1
    };
    if (gathering.tasks > 1)
        engine->run(engine->context, gathering.tasks, gather_rows, &gathering);
    else
        gather_rows(&gathering, 0);
    if (run->sample_weight)
        lstmc_weigh_classes(run->model, run->memory.y, rows, run->sample_weight);
}

/* ---- one batch ---- */

/* Never 0, which would turn dropout off. */
static uint64_t dropout_seed(const struct lstmc_snapshot *s)
{
    uint64_t mixed = lstmc_random_bits(s->seed, STREAM_DROPOUT, s->batches, 0);
    return mixed ? mixed : 1;
}

/* Of the update after so many. */
static double learning_rate(const struct run *run, uint64_t updates)
{
    return run->options->schedule ? lstmc_schedule_rate(run->options->schedule, updates) : run->snapshot.learning_rate;
}

static int stop_not_finite(const struct run *run, const struct lstmc_batch *batch, size_t number, double loss)
{
    struct lstmc_message where = lstmc_find_not_finite(run->engine, batch);
    return lstmc_fail(run->message, LSTMC_NOT_FINITE, "stopped in epoch %d, batch %zu: the loss is %g; first seen: "
                      "%.250s. A smaller learning rate or clipnorm may help", (int)run->snapshot.epoch, number, loss,
                      *where.text ? where.text : "the loss itself");
}

static int stop_weights(const struct run *run, const struct lstmc_batch *batch, size_t number)
{
    return lstmc_fail(run->message, LSTMC_NOT_FINITE, "stopped in epoch %d, batch %zu: after the update, %.250s. "
                      "A smaller learning rate or clipnorm may help", (int)run->snapshot.epoch, number,
                      lstmc_find_not_finite(run->engine, batch).text);
}

/* keras/src/optimizers/base_optimizer.py: the average of the first step is the weight itself. */
static void average_weights(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    float momentum = s->iteration == 1 ? 0 : (float)run->options->ema_momentum;
    int frequency = run->options->ema_overwrite_frequency;
    for (size_t i = 0; i < run->model->gradient_count; i++)
        s->average[i] = momentum * s->average[i] + (1 - momentum) * s->weights[i];
    if (frequency && s->iteration % (uint64_t)frequency == 0)
        memcpy(s->weights, s->average, run->model->gradient_count * sizeof(float));
}

/* The weights that no gradient moves. The first update sees them as they were given; behind it statistics alone change,
 * and what is frozen, which may be most of a model, is not read again. */
static int others_are_finite(const struct run *run)
{
    const struct lstmc_model *model = run->model;
    const float *others = run->snapshot.weights + model->gradient_count;
    return (run->snapshot.iteration > 1 && !run->engine->update) ||
           lstmc_range_is_finite(others, model->weight_count - model->gradient_count);
}

static int train_batch(struct run *run, size_t number, int rows)
{
    const struct lstmc_model *model = run->model;
    const struct lstmc_train_options *options = run->options;
    struct lstmc_snapshot *s = &run->snapshot;
    struct lstmc_batch batch = { .weights = s->weights,
                                 .x = run->memory.x,
                                 .y = run->memory.y,
                                 .rows = rows,
                                 .output = run->memory.output,
                                 .gradients = s->gradients };
    int steps = options->gradient_accumulation_steps > 1 ? options->gradient_accumulation_steps : 1, is_finite = 1;
    float penalty;
    s->batches++;
    lstmc_set_lengths(run->engine, run->data->lengths ? run->memory.lengths : NULL);
    double loss = steps * (double)run->engine->train(run->engine->context, batch.x, batch.y, run->sample_weight, rows,
                                                     0, lstmc_batch_scale(model, (size_t)rows) / (float)steps,
                                                     dropout_seed(s), s->gradients, run->memory.output);
    int updates = ++s->accumulated >= (uint64_t)steps;
    if (updates)
        is_finite = lstmc_stepper_prepare(&run->stepper, &penalty);
    else
        penalty = lstmc_penalty(model, s->weights);
    loss += (double)penalty;
    if (!isfinite(loss) || !is_finite)
        return stop_not_finite(run, &batch, number, loss);
    int status = lstmc_totals_add(&s->totals, s->tally, run->engine, options, loss, run->memory.output, batch.y,
                                  run->sample_weight, rows, run->message);
    if (!status && run->engine->update)
        run->engine->update(run->engine->context, s->weights);
    if (status)
        return status;
    if (!updates) {             /* Keras's constraints follow each batch, also one that only accumulates */
        if (lstmc_stepper_constrain(&run->stepper))
            run->engine->prepare(run->engine->context, s->weights);
        return LSTMC_OK;
    }
    /* a schedule may end with 0, which would be the model's own */
    float rate = fmaxf((float)learning_rate(run, s->iteration), FLT_MIN);
    s->accumulated = 0;
    s->iteration++;
    is_finite = lstmc_stepper_update(&run->stepper, s->iteration, rate);
    if (!is_finite || !others_are_finite(run))
        return stop_weights(run, &batch, number);
    if (s->average)
        average_weights(run);
    lstmc_stepper_constrain(&run->stepper);
    if (!run->stepper.prepares)
        run->engine->prepare(run->engine->context, s->weights);
    return LSTMC_OK;
}

/* ---- checkpoints ---- */

static void save_checkpoint(struct run *run)
{
    struct lstmc_message why = { "" };
    run->checkpoint_time = lstmc_seconds();
    run->checkpoint_batches = 0;
    if (!run->options->checkpoint)
        return;
    if (run->snapshot.carried && !run->snapshot.diverged)
        lstmc_carried_get(run->engine, run->snapshot.carried);
    if (run->options->checkpoint(run->options->context, &run->snapshot, &why))
        lstmc_progress_note(&run->progress, "no checkpoint: %s", why.text);
}

static void checkpoint_if_due(struct run *run)
{
    const struct lstmc_train_options *options = run->options;
    run->checkpoint_batches++;
    if ((options->checkpoint_batches && run->checkpoint_batches >= options->checkpoint_batches) ||
        (options->checkpoint_seconds > 0 && lstmc_seconds() - run->checkpoint_time >= options->checkpoint_seconds))
        save_checkpoint(run);
}

static int interrupt(struct run *run)
{
    const struct lstmc_snapshot *s = &run->snapshot;
    save_checkpoint(run);
    return lstmc_fail(run->message, LSTMC_INTERRUPTED, "interrupted in epoch %d, after %zu of %zu samples",
                      (int)s->epoch, (size_t)s->position, run->used);
}

/* ---- epochs ---- */

static int is_interrupted(const struct run *run)
{
    return run->options->interrupted && *run->options->interrupted;
}

static void forget_totals(struct lstmc_snapshot *s)
{
    memset(&s->totals, 0, sizeof s->totals);
    memset(s->tally, 0, (size_t)s->tally_count * sizeof *s->tally);
}

/* The batches of the present epoch that are left. */
static int train_batches(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    const struct lstmc_train_options *options = run->options;
    double started = lstmc_seconds(), before = s->seconds;
    while (s->position < run->used) {
        size_t rows = run->used - s->position < run->batch_rows ? run->used - s->position : run->batch_rows;
        gather(run, s->position, rows);
        int status = train_batch(run, s->position / run->batch_rows + 1, (int)rows);
        if (status)
            return status;
        s->position += rows;
        s->seconds = before + lstmc_seconds() - started;
        lstmc_totals_means(run->model, options, &s->totals, s->tally, &run->history.loss, run->history.metric);
        run->history.epochs = (int)s->epoch;
        lstmc_progress_batch(&run->progress, s->totals.samples, run->history.loss, run->history.metric);
        if (options->batch_end)
            options->batch_end(options->context, (int)s->epoch, (int)rows, run->engine);
        lstmc_callbacks_batch_end(&run->callbacks, &run->history);
        if (is_interrupted(run))
            return interrupt(run);
        checkpoint_if_due(run);
    }
    return LSTMC_OK;
}

static int validate(struct run *run)
{
    struct lstmc_totals totals = { .samples = 0 };
    struct lstmc_history *history = &run->history;
    struct lstmc_message why;
    int status = lstmc_evaluate_with(run->engine, run->snapshot.weights, run->validation, run->options, &run->memory,
                                     &totals, &why);
    if (status == LSTMC_INTERRUPTED)
        return interrupt(run);
    if (status)
        return lstmc_fail(run->message, status, "validation after epoch %d: %.420s", (int)run->snapshot.epoch,
                          why.text);
    lstmc_totals_means(run->model, run->options, &totals, run->memory.tally, &history->validation_loss,
                       history->validation_metric);
    history->has_validation = 1;
    return LSTMC_OK;
}

static int append_log(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    struct lstmc_history *log = realloc(s->log, (s->log_count + 1) * sizeof *log);
    if (!log)
        return lstmc_fail_memory(run->message, "the history");
    s->log = log;
    log[s->log_count++] = run->history;
    return LSTMC_OK;
}

/* The rest of an epoch whose batches are done. */
static int finish_epoch(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    const struct lstmc_train_options *options = run->options;
    double started = lstmc_seconds();
    int status = run->validation ? validate(run) : LSTMC_OK;
    if (status)
        return status;
    run->history.learning_rate = learning_rate(run, s->iteration ? s->iteration - 1 : 0);
    run->history.seconds = s->seconds + lstmc_seconds() - started;
    lstmc_progress_epoch_end(&run->progress, &run->history);
    status = append_log(run);
    if (!status)
        status = lstmc_callbacks_epoch_end(&run->callbacks);
    if (status)
        return status;
    if (options->epoch_end && options->epoch_end(options->context, (int)s->epoch, &run->history))
        s->stopped = 1;
    s->epoch++;
    s->position = 0;
    s->seconds = 0;
    forget_totals(s);
    return LSTMC_OK;
}

static int train_epoch(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    memset(&run->history, 0, sizeof run->history);
    run->history.epochs = (int)s->epoch;
    lstmc_totals_means(run->model, run->options, &s->totals, s->tally, &run->history.loss, run->history.metric);
    if (run->order.sample)
        lstmc_order_draw(&run->order, s->seed, s->epoch);
    if (!s->position)
        lstmc_callbacks_epoch_begin(&run->callbacks);
    run->engine->prepare(run->engine->context, s->weights);
    if (run->engine->carry)
        run->engine->carry(run->engine->context, !run->options->stateful ? LSTMC_CARRY_NOTHING
                                                 : s->position           ? LSTMC_CARRY_ON
                                                                         : LSTMC_CARRY_FRESH);
    if (s->position && s->carried)
        lstmc_carried_set(run->engine, s->carried);
    lstmc_progress_epoch(&run->progress, (int)s->epoch, (size_t)s->position);
    int status = train_batches(run);
    return status ? status : finish_epoch(run);
}

/* What the training ends with: the averages, then the best weights, in Keras's order. */
static void finish(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    save_checkpoint(run);
    if (s->average && s->iteration)
        memcpy(s->weights, s->average, run->model->gradient_count * sizeof(float));
    if (s->best && (s->diverged || lstmc_callbacks_restore(run->options, s)))
        memcpy(s->weights, s->best, run->model->weight_count * sizeof(float));
}

/* A NaN ends the training as TerminateOnNaN does, with the best weights. What has led to it is put out of the
 * snapshot, so that nothing goes on from it. */
static int diverge(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    const struct lstmc_model *model = run->model;
    if (!s->best)
        return LSTMC_NOT_FINITE;
    s->stopped = s->diverged = 1;
    s->accumulated = s->position = 0;
    forget_totals(s);
    memset(s->optimizer, 0, lstmc_optimizer_floats(model) * sizeof(float));
    memset(s->gradients, 0, model->gradient_count * sizeof(float));
    memcpy(s->weights, s->best, model->weight_count * sizeof(float));
    if (s->average)
        memcpy(s->average, s->best, model->gradient_count * sizeof(float));
    if (s->carried)
        memset(s->carried, 0, (size_t)s->carried_count * sizeof(float));
    save_checkpoint(run);
    lstmc_add_words(run->message, ". The weights are now those of epoch %d, the best", (int)s->best_epoch);
    return LSTMC_NOT_FINITE;
}

static int train_epochs(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    s->epochs = (uint64_t)run->options->epochs;
    run->checkpoint_time = lstmc_seconds();
    while (s->epoch <= (uint64_t)run->options->epochs && !s->stopped) {
        int status = train_epoch(run);
        if (status) {
            lstmc_progress_stop(&run->progress);
            return status == LSTMC_NOT_FINITE ? diverge(run) : status;
        }
        if (is_interrupted(run) && s->epoch <= (uint64_t)run->options->epochs && !s->stopped)
            return interrupt(run);
        checkpoint_if_due(run);
    }
    finish(run);
    return LSTMC_OK;
}

/* ---- beginning and end ---- */

static int check_options(const struct run *run)
{
    const struct lstmc_train_options *options = run->options;
    int status = lstmc_check_task(run->engine, run->data, options, run->message);
    if (!status && run->validation)
        status = lstmc_check_task(run->engine, run->validation, options, run->message);
    if (!status && options->buckets > 1 && (!run->data->lengths || !options->shuffle || options->stateful))
        status = lstmc_fail(run->message, LSTMC_MISMATCH,
                            "buckets are for samples with lengths, which are shuffled and go on from no other");
    if (!status)
        status = lstmc_callbacks_check(options, run->validation != NULL, run->message);
    if (!status && options->class_count && run->model->target_is_class && run->model->target_count > 1)
        status = lstmc_fail(run->message, LSTMC_MISMATCH,
                            "class_weight is for one class a sample, not for sequences of classes");
    return status;
}

/* Takes the snapshot over that the training goes on from. */
static int take_snapshot(struct run *run, float *weights)
{
    struct lstmc_snapshot *from = run->options->resume, *s = &run->snapshot;
    size_t samples = run->data->samples;
    if (from->samples != samples || from->batch_rows != run->batch_rows || from->seed != run->options->seed)
        return lstmc_fail(run->message, LSTMC_MISMATCH,
                          "the checkpoint is of a training on %zu samples in batches of %zu with seed %llu, this one "
                          "has %zu, "
                          "%zu and %llu",
                          (size_t)from->samples, (size_t)from->batch_rows, (unsigned long long)from->seed, samples,
                          run->batch_rows, (unsigned long long)run->options->seed);
    if (from->callback_count != (uint64_t)run->options->callback_count)
        return lstmc_fail(run->message, LSTMC_MISMATCH,
                          "the checkpoint is of a training with %d callbacks, this one has %d",
                          (int)from->callback_count, run->options->callback_count);
    if (!from->average != !(run->options->ema_momentum > 0))
        return lstmc_fail(run->message, LSTMC_MISMATCH,
                          "the checkpoint is of a training in which use_ema was the other way round");
    if (!from->carried != !run->options->stateful ||
        (from->carried && from->carried_count != lstmc_carried_floats(run->model)))
        return lstmc_fail(run->message, LSTMC_MISMATCH,
                          "the checkpoint is of a training with other streams (stateful)");
    if (run->options->stateful && from->position && !run->engine->tape)
        return lstmc_fail(run->message, LSTMC_MISMATCH,
                          "the checkpoint is from the middle of an epoch, and this engine cannot take its states over");
    if (from->tally_count != lstmc_metric_tallies(run->model, run->options))
        return lstmc_fail(run->message, LSTMC_MISMATCH, "the checkpoint is of a training with other metrics");
    memcpy(weights, from->weights, run->model->weight_count * sizeof *weights);
    lstmc_free(from->weights);
    *s = *from;
    memset(from, 0, sizeof *from);
    s->weights = weights;
    return LSTMC_OK;
}

static int fresh_snapshot(struct run *run, float *weights)
{
    const struct lstmc_model *model = run->model;
    const struct lstmc_train_options *options = run->options;
    struct lstmc_snapshot *s = &run->snapshot;
    *s = (struct lstmc_snapshot){ .seed = options->seed,
                                  .samples = run->data->samples,
                                  .batch_rows = run->batch_rows,
                                  .epoch = 1,
                                  .callback_count = (uint64_t)options->callback_count,
                                  .learning_rate = (double)model->optimizer.learning_rate };
    s->weights = weights;
    s->gradients = lstmc_alloc((model->gradient_count + 1) * sizeof(float));
    s->optimizer = lstmc_alloc((lstmc_optimizer_floats(model) + 1) * sizeof(float));
    s->average = options->ema_momentum > 0 ? lstmc_alloc((model->gradient_count + 1) * sizeof(float)) : NULL;
    s->carried_count = options->stateful ? lstmc_carried_floats(model) : 0;
    s->carried = options->stateful ? lstmc_alloc(((size_t)s->carried_count + 1) * sizeof(float)) : NULL;
    s->tally_count = lstmc_metric_tallies(model, options);
    s->tally = lstmc_alloc(((size_t)s->tally_count + 1) * sizeof *s->tally);
    int good = s->gradients && s->optimizer && s->tally && (s->average || !(options->ema_momentum > 0)) &&
               (s->carried || !options->stateful);
    return good ? LSTMC_OK : lstmc_fail_memory(run->message, "the training");
}

/* An update may prepare what it changes, where nothing else changes a weight behind it. */
static int updates_alone(const struct run *run)
{
    return run->engine->prepare_range && !run->engine->update && !run->snapshot.average &&
           !lstmc_is_constrained(run->model);
}

static int run_alloc(struct run *run)
{
    const struct lstmc_model *model = run->model;
    const struct lstmc_train_options *options = run->options;
    int orders = options->shuffle && !options->stateful;
    int weighs = lstmc_weighs(model, run->data) || options->class_count;
    size_t each = lstmc_weights_per_sample(model);
    run->memory.output = lstmc_alloc(run->batch_rows * model->output_count * sizeof(float));
    run->memory.x = lstmc_alloc(run->batch_rows * model->input_count * sizeof(float));
    run->memory.lengths = lstmc_alloc(run->batch_rows * sizeof *run->memory.lengths);
    run->memory.y = lstmc_alloc(run->batch_rows * model->target_count * sizeof(float));
    run->memory.tally = lstmc_alloc((lstmc_metric_tallies(model, options) + 1) * sizeof(double));
    run->memory.weights = lstmc_alloc(run->batch_rows * each * sizeof(float));
    run->sample_weight = weighs ? lstmc_alloc(run->batch_rows * each * sizeof(float)) : NULL;
    int ordered = !orders ? LSTMC_OK
                          : lstmc_order_create(&run->order, run->used, run->batch_rows,
                                               options->buckets > 1 ? run->data->lengths : NULL, options->buckets);
    int good = run->memory.output && run->memory.x && run->memory.lengths && run->memory.y &&
               run->memory.tally && run->memory.weights && !ordered && (run->sample_weight || !weighs) &&
               !lstmc_stepper_create(&run->stepper, run->engine, run->snapshot.weights, run->snapshot.gradients,
                                     run->snapshot.optimizer);
    run->stepper.prepares = updates_alone(run);
    return good ? LSTMC_OK : lstmc_fail_memory(run->message, "the training");
}

static void run_free(struct run *run)
{
    lstmc_stepper_free(&run->stepper);
    run->snapshot.weights = NULL;               /* the caller's */
    lstmc_snapshot_free(&run->snapshot);
    lstmc_free(run->memory.output);
    lstmc_free(run->memory.x);
    lstmc_free(run->memory.lengths);
    lstmc_free(run->memory.y);
    lstmc_free(run->memory.tally);
    lstmc_free(run->memory.weights);
    lstmc_free(run->sample_weight);
    lstmc_order_free(&run->order);
}

int lstmc_train(struct lstmc_engine *engine, float *weights, const struct lstmc_dataset *training,
                const struct lstmc_dataset *validation, const struct lstmc_train_options *options,
                struct lstmc_history *history, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    struct run run = { .engine = engine, .model = model, .options = options, .data = training, .message = message };
    run.validation = validation && validation->samples ? validation : NULL;
    run.batch_rows = (size_t)model->batch * (size_t)model->shards;
    run.used = lstmc_samples_used(model, training, options->stateful);
    run.callbacks = (struct lstmc_callback_run){ model, options, &run.snapshot, &run.progress, message };
    if (history)
        memset(history, 0, sizeof *history);
    int status = check_options(&run);
    if (!status)
        status = options->resume ? take_snapshot(&run, weights) : fresh_snapshot(&run, weights);
    if (!status)
        status = run_alloc(&run);
    if (!status) {
        lstmc_progress_begin(&run.progress, options->quiet ? NULL : stderr, options->epochs, run.used, options->metrics,
                             options->metric_count);
        status = train_epochs(&run);
    }
    if (history && run.snapshot.log_count)
        *history = run.snapshot.log[run.snapshot.log_count - 1];
    run_free(&run);
    return status;
}
