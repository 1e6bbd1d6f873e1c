/* train.c: in: an engine, weights and data.  out: trained weights, with Keras's divisors and means.
 * The order of samples, the seeds of dropout and so the result are a function of (seed, data, model): nothing depends
 * on time, threads, or on how often the training was stopped and went on from a checkpoint. All that it has to remember
 * is its snapshot. */
#include "run.h"
#include "metrics.h"

#include "runtime/lstmc.h"
#include "runtime/base/message.h"

#include <stdlib.h>
#include <string.h>

/* ---- what ranks agree on ---- */

enum { WANTS_END = 1, WANTS_CHECKPOINT = 2 };

static int is_interrupted(const struct run *run)
{
    return run->options->interrupted && *run->options->interrupted;
}

static int is_due(const struct run *run)
{
    const struct lstmc_train_options *options = run->options;
    return (options->checkpoint_batches && run->checkpoint_batches >= options->checkpoint_batches) ||
           (options->checkpoint_seconds > 0 && lstmc_seconds() - run->checkpoint_time >= options->checkpoint_seconds);
}

/* Between two batches: what somebody wants, all do. */
static unsigned agree(struct run *run)
{
    run->checkpoint_batches++;
    return lstmc_ranks_any(&run->ranks,
                           (is_interrupted(run) ? WANTS_END : 0) | (is_due(run) ? WANTS_CHECKPOINT : 0));
}

/* ---- checkpoints ---- */

/* The state of the optimiser and gradients that wait, which ranks have parts of, for rank 0. */
static int collect(struct run *run, struct lstmc_snapshot *whole)
{
    const struct lstmc_model *model = run->model;
    const struct lstmc_snapshot *s = &run->snapshot;
    const size_t count = model->gradient_count, own = run->stepper.end - run->stepper.first;
    const size_t parts = count ? lstmc_optimizer_floats(model) / count : 0;
    *whole = *s;
    if (run->ranks.ranks == 1)
        return LSTMC_OK;
    whole->optimizer = run->ranks.rank ? NULL : lstmc_alloc((parts * count + 1) * sizeof(float));
    whole->gradients = run->ranks.rank ? NULL : lstmc_alloc((count + 1) * sizeof(float));
    if (lstmc_ranks_any(&run->ranks, !run->ranks.rank && (!whole->optimizer || !whole->gradients)))
        return LSTMC_NO_MEMORY;
    for (size_t part = 0; part < parts; part++)
        lstmc_ranks_collect(&run->ranks, whole->optimizer ? whole->optimizer + part * count : NULL,
                            s->optimizer + part * own);
    lstmc_ranks_collect(&run->ranks, whole->gradients, s->gradients + run->stepper.first);
    if (s->carried)
        lstmc_ranks_gather_shards(&run->ranks, s->carried,
                                  (size_t)s->carried_count / (size_t)model->shards * sizeof *s->carried);
    return LSTMC_OK;
}

static void save_checkpoint(struct run *run)
{
    struct lstmc_message why = { "" };
    struct lstmc_snapshot whole;
    run->checkpoint_time = lstmc_seconds();
    run->checkpoint_batches = 0;
    if (!run->options->checkpoint)
        return;
    if (run->snapshot.carried && !run->snapshot.diverged)
        lstmc_carried_get(run->engine, run->snapshot.carried);
    int status = collect(run, &whole);
    if (status)
        lstmc_fail_memory(&why, "the state of all ranks");
    else if (!run->ranks.rank && !run->ranks.failed)
        status = run->options->checkpoint(run->options->context, &whole, &why);
    if (status)
        lstmc_progress_note(&run->progress, "no checkpoint: %s", why.text);
    if (run->ranks.ranks > 1) {
        lstmc_free(whole.optimizer);
        lstmc_free(whole.gradients);
    }
}

static int interrupt(struct run *run)
{
    const struct lstmc_snapshot *s = &run->snapshot;
    save_checkpoint(run);
    return lstmc_fail(run->message, LSTMC_INTERRUPTED, "interrupted in epoch %d, after %zu of %zu samples",
                      (int)s->epoch, (size_t)s->position, run->used);
}

/* ---- epochs ---- */

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
        int status = lstmc_run_batch(run, (size_t)s->position, rows);
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
        unsigned wanted = agree(run);
        if (wanted & WANTS_END)
            return interrupt(run);
        if (wanted & WANTS_CHECKPOINT)
            save_checkpoint(run);
    }
    return LSTMC_OK;
}

static int validate(struct run *run)
{
    struct lstmc_totals totals = { .samples = 0 };
    struct lstmc_history *history = &run->history;
    struct lstmc_message why;
    int status = lstmc_evaluate_with(&run->ranks, run->snapshot.weights, run->validation, run->options, &run->memory,
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
    run->history.learning_rate = lstmc_run_rate(run, s->iteration ? s->iteration - 1 : 0);
    run->history.seconds = s->seconds + lstmc_seconds() - started;
    lstmc_progress_epoch_end(&run->progress, &run->history);
    status = append_log(run);
    if (!status)
        status = lstmc_callbacks_epoch_end(&run->callbacks);
    if (status)
        return status;
    int ends = options->epoch_end && options->epoch_end(options->context, (int)s->epoch, &run->history);
    if (lstmc_ranks_any(&run->ranks, ends != 0))
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

/* Of the optimiser, for the weights that this rank updates. */
static size_t state_floats(const struct run *run)
{
    const size_t *first = &run->ranks.first_float[run->ranks.rank], count = run->model->gradient_count;
    return count ? lstmc_optimizer_floats(run->model) / count * (first[1] - first[0]) : 0;
}

/* What the training ends with: the averages, then the best weights, in Keras's order. */
static void finish(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    save_checkpoint(run);
    lstmc_ranks_meet(&run->ranks);      /* whoever returns may read it */
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
    memset(s->optimizer, 0, state_floats(run) * sizeof(float));
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
        unsigned wanted = agree(run);
        if (wanted & WANTS_END && s->epoch <= (uint64_t)run->options->epochs && !s->stopped)
            return interrupt(run);
        if (wanted & WANTS_CHECKPOINT)
            save_checkpoint(run);
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

/* Of the optimiser's state, as one rank would have all of it, what this one updates. */
static int keep_own_state(const struct run *run, struct lstmc_snapshot *from)
{
    const size_t *first = &run->ranks.first_float[run->ranks.rank], count = run->model->gradient_count;
    const size_t own = first[1] - first[0], parts = count ? lstmc_optimizer_floats(run->model) / count : 0;
    if (own == count)
        return LSTMC_OK;
    float *state = lstmc_alloc((state_floats(run) + 1) * sizeof *state);
    if (!state)
        return LSTMC_NO_MEMORY;
    for (size_t part = 0; part < parts; part++)
        memcpy(state + part * own, from->optimizer + part * count + first[0], own * sizeof *state);
    lstmc_free(from->optimizer);
    from->optimizer = state;
    return LSTMC_OK;
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
    if (keep_own_state(run, from))
        return lstmc_fail_memory(run->message, "the training");
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
    s->optimizer = lstmc_alloc((state_floats(run) + 1) * sizeof(float));
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
    return run->ranks.ranks == 1 && run->engine->prepare_range && !run->engine->update && !run->snapshot.average &&
           !lstmc_is_constrained(run->model);
}

static int run_alloc(struct run *run)
{
    const struct lstmc_model *model = run->model;
    const struct lstmc_train_options *options = run->options;
    int orders = options->shuffle && !options->stateful;
    int weighs = lstmc_weighs(model, run->data) || options->class_count;
    size_t each = lstmc_weights_per_sample(model);
    int accumulates = options->gradient_accumulation_steps > 1;
    int memory = lstmc_batch_memory_create(&run->memory, model, options);
    run->sample_weight = weighs ? lstmc_alloc(run->batch_rows * each * sizeof(float)) : NULL;
    run->batch_gradients = accumulates ? lstmc_alloc((model->gradient_count + 1) * sizeof(float)) : NULL;
    int ordered = !orders ? LSTMC_OK
                          : lstmc_order_create(&run->order, run->used, run->batch_rows,
                                               options->buckets > 1 ? run->data->lengths : NULL, options->buckets);
    int good = !memory && !ordered && (run->sample_weight || !weighs) && (run->batch_gradients || !accumulates) &&
               !lstmc_stepper_create(&run->stepper, run->engine, run->snapshot.weights, run->snapshot.gradients,
                                     run->snapshot.optimizer, &run->ranks);
    run->stepper.prepares = updates_alone(run);
    return good ? LSTMC_OK : lstmc_fail_memory(run->message, "the training");
}

static void run_free(struct run *run)
{
    lstmc_stepper_free(&run->stepper);
    run->snapshot.weights = NULL;               /* the caller's */
    lstmc_snapshot_free(&run->snapshot);
    lstmc_batch_memory_free(&run->memory);
    lstmc_free(run->sample_weight);
    lstmc_free(run->batch_gradients);
    lstmc_order_free(&run->order);
    lstmc_ranks_free(&run->ranks);
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
    run.callbacks = (struct lstmc_callback_run){ model, options, &run.snapshot, &run.progress, message, 1 };
    if (history)
        memset(history, 0, sizeof *history);
    int status = check_options(&run);
    if (!status)
        status = lstmc_ranks_create(&run.ranks, engine, options->transport, message);
    run.callbacks.writes = run.ranks.rank == 0;
    if (!status)
        status = options->resume ? take_snapshot(&run, weights) : fresh_snapshot(&run, weights);
    if (!status)
        status = run_alloc(&run);
    if (!status) {
        lstmc_progress_begin(&run.progress, options->quiet || run.ranks.rank ? NULL : stderr, options->epochs,
                             run.used, options->metrics, options->metric_count);
        status = train_epochs(&run);
    }
    if (history && run.snapshot.log_count)
        *history = run.snapshot.log[run.snapshot.log_count - 1];
    run_free(&run);
    return status;
}
