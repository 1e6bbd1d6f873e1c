/* callbacks.c: in: the history of an epoch.  out: learning rate, end of training, best weights, files: keras/src/callbacks, rule by rule. */
#include "callbacks.h"
#include "message.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is monitored ---- */

/* 0: nothing has this name. A value of the validation is NaN where there is none. */
static int find_value(const struct lstmc_train_options *options, const struct lstmc_history *history, const char *name, size_t length, double *value)
{
    int is_validation = length > 4 && !strncmp(name, "val_", 4);
    const char *rest = name + (is_validation ? 4 : 0);
    size_t rest_length = length - (is_validation ? 4 : 0);
    if (is_validation && !history->has_validation)
        return 0;
    if (rest_length == 4 && !strncmp(rest, "loss", 4)) {
        *value = is_validation ? history->validation_loss : history->loss;
        return 1;
    }
    for (int i = 0; i < options->metric_count; i++)
        if (strlen(options->metrics[i]) == rest_length && !strncmp(rest, options->metrics[i], rest_length)) {
            *value = is_validation ? history->validation_metric[i] : history->metric[i];
            return 1;
        }
    return 0;
}

static double monitored(const struct lstmc_callback_run *run, const struct lstmc_callback *callback, const struct lstmc_history *history)
{
    double value = NAN;
    find_value(run->options, history, callback->monitor, strlen(callback->monitor), &value);
    return value;
}

static int is_better(const struct lstmc_callback *callback, double value, double than)
{
    return callback->maximize ? value - fabs(callback->min_delta) > than : value + fabs(callback->min_delta) < than;
}

static const char *name_of(enum lstmc_callback_kind kind)
{
    static const char *const names[] = { "EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "CSVLogger", "LearningRateScheduler" };
    return names[kind];
}

static int has_monitor(const struct lstmc_callback *callback)
{
    return callback->kind == LSTMC_EARLY_STOPPING || callback->kind == LSTMC_REDUCE_LR_ON_PLATEAU ||
           (callback->kind == LSTMC_MODEL_CHECKPOINT && callback->save_best_only);
}

static int check_monitor(const struct lstmc_callback *callback, const struct lstmc_train_options *options, int has_validation,
                         struct lstmc_message *message)
{
    struct lstmc_history history = { .has_validation = has_validation };
    double value;
    const char *name = callback->monitor ? callback->monitor : "";
    if (find_value(options, &history, name, strlen(name), &value))
        return LSTMC_OK;
    char known[300] = "loss";
    for (int i = 0; i < options->metric_count; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), ", %.60s", options->metrics[i]);
    return lstmc_fail(message, LSTMC_MISMATCH, "%s: there is no \"%.60s\" to monitor; there are %s%s", name_of(callback->kind), name, known,
                      has_validation ? ", and each of them with val_" : "; nothing is held out, so that nothing begins with val_");
}

int lstmc_callbacks_check(const struct lstmc_train_options *options, int has_validation, struct lstmc_message *message)
{
    int restoring = 0;
    if (options->callback_count > LSTMC_CALLBACKS_MAX)
        return lstmc_fail(message, LSTMC_MISMATCH, "%d callbacks are more than %d", options->callback_count, LSTMC_CALLBACKS_MAX);
    for (int i = 0; i < options->callback_count; i++) {
        const struct lstmc_callback *callback = &options->callbacks[i];
        int sets_rate = callback->kind == LSTMC_REDUCE_LR_ON_PLATEAU || callback->kind == LSTMC_LEARNING_RATE_SCHEDULER;
        restoring += callback->kind == LSTMC_EARLY_STOPPING && callback->restore_best_weights;
        if (has_monitor(callback)) {
            int status = check_monitor(callback, options, has_validation, message);
            if (status)
                return status;
        }
        if (sets_rate && options->schedule)
            return lstmc_fail(message, LSTMC_MISMATCH, "%s: the optimizer's learning rate is a schedule already: choose one",
                              name_of(callback->kind));
        if (callback->kind == LSTMC_MODEL_CHECKPOINT && !options->save_weights)
            return lstmc_fail(message, LSTMC_MISMATCH, "ModelCheckpoint: there is no save_weights to save with");
    }
    if (restoring > 1)
        return lstmc_fail(message, LSTMC_MISMATCH, "EarlyStopping: restore_best_weights is for one of them alone");
    return LSTMC_OK;
}

/* ---- each callback ---- */

static int keep_best(const struct lstmc_callback_run *run)
{
    struct lstmc_snapshot *s = run->snapshot;
    size_t bytes = run->model->weight_count * sizeof(float);
    if (!s->best && !(s->best = lstmc_alloc(bytes)))
        return lstmc_fail_memory(run->message, "the best weights");
    memcpy(s->best, s->weights, bytes);
    return LSTMC_OK;
}

static int stop_early(const struct lstmc_callback_run *run, const struct lstmc_callback *callback, struct lstmc_callback_state *state,
                      const struct lstmc_history *history)
{
    double value = monitored(run, callback, history);
    int epoch = history->epochs - 1, status = LSTMC_OK;
    if (epoch < callback->start_from_epoch)
        return LSTMC_OK;
    if (callback->restore_best_weights && !run->snapshot->best)
        status = keep_best(run);
    state->wait++;
    if (!state->has_best || is_better(callback, value, state->best)) {
        state->best = value;
        state->has_best = 1;
        if (callback->restore_best_weights && !status)
            status = keep_best(run);
        if (!callback->has_baseline || is_better(callback, value, callback->baseline))
            state->wait = 0;
        return status;
    }
    if (state->wait >= (uint64_t)callback->patience && epoch > 0) {
        run->snapshot->stopped = 1;
        lstmc_progress_note(run->progress, "stopped early: %s is not better than %.6g for %d epoch%s", callback->monitor, state->best,
                            (int)state->wait, state->wait == 1 ? "" : "s");
    }
    return status;
}

static void reduce_rate(const struct lstmc_callback_run *run, const struct lstmc_callback *callback, struct lstmc_callback_state *state,
                        const struct lstmc_history *history)
{
    double value = monitored(run, callback, history), *rate = &run->snapshot->learning_rate;
    if (state->cooldown) {
        state->cooldown--;
        state->wait = 0;
    }
    if (!state->has_best || is_better(callback, value, state->best)) {
        state->best = value;
        state->has_best = 1;
        state->wait = 0;
    } else if (!state->cooldown && ++state->wait >= (uint64_t)callback->patience && *rate > callback->min_learning_rate) {
        *rate = fmax(*rate * callback->factor, callback->min_learning_rate);
        state->cooldown = (uint64_t)callback->cooldown;
        state->wait = 0;
        lstmc_progress_note(run->progress, "learning rate %.6g: %s is not better than %.6g", *rate, callback->monitor, state->best);
    }
}

/* "{epoch:02d}-{val_loss:.2f}" with numbers for what stands in braces; what nothing gives stays as it is. */
static void format_path(const struct lstmc_callback_run *run, const struct lstmc_history *history, const char *pattern, char *path, size_t size)
{
    size_t used = 0;
    while (*pattern && used + 1 < size) {
        size_t length = strcspn(pattern, "}"), name = strcspn(pattern, ":}") - 1;
        char format[16] = "";
        double value;
        int is_field = *pattern == '{' && pattern[length] == '}', wrote = -1;
        if (is_field && pattern[name + 1] == ':' && length - name - 2 < 8)
            snprintf(format, sizeof format, "%.*s", (int)(length - name - 2), pattern + name + 2);
        int digits = atoi(format), point = (int)strcspn(format, ".");
        if (is_field && name == 5 && !strncmp(pattern + 1, "epoch", 5))
            wrote = snprintf(path + used, size - used, *format == '0' ? "%0*d" : "%*d", digits, history->epochs);
        else if (is_field && name == 5 && !strncmp(pattern + 1, "batch", 5))
            wrote = snprintf(path + used, size - used, *format == '0' ? "%0*d" : "%*d", digits, (int)run->snapshot->batches);
        else if (is_field && find_value(run->options, history, pattern + 1, name, &value))
            wrote = lstmc_format(path + used, size - used, "%.*f", format[point] ? atoi(format + point + 1) : 6, value);
        if (wrote < 0) {
            path[used++] = *pattern++;
            continue;
        }
        used += (size_t)wrote;
        pattern += length + 1;
    }
    path[used < size ? used : size - 1] = 0;
}

static void save_model(const struct lstmc_callback_run *run, const struct lstmc_callback *callback, struct lstmc_callback_state *state,
                       const struct lstmc_history *history)
{
    struct lstmc_message message = { "" };
    char path[1000];
    if (callback->save_best_only) {
        double value = monitored(run, callback, history);
        if (!state->has_best && callback->has_threshold) {
            state->best = callback->initial_value_threshold;
            state->has_best = 1;
        }
        if (isnan(value) || (state->has_best && !is_better(callback, value, state->best)))
            return;
        state->best = value;
        state->has_best = 1;
    }
    format_path(run, history, callback->path, path, sizeof path);
    if (run->options->save_weights(run->options->context, path, run->snapshot->weights, &message))
        lstmc_progress_note(run->progress, "ModelCheckpoint: %s", message.text);
}

/* ---- all of them ---- */

void lstmc_callbacks_epoch_begin(const struct lstmc_callback_run *run)
{
    for (int i = 0; i < run->options->callback_count; i++) {
        const struct lstmc_callback *callback = &run->options->callbacks[i];
        if (callback->kind == LSTMC_LEARNING_RATE_SCHEDULER)
            run->snapshot->learning_rate = callback->schedule(callback->context, (int)run->snapshot->epoch - 1, run->snapshot->learning_rate);
    }
}

void lstmc_callbacks_batch_end(const struct lstmc_callback_run *run, const struct lstmc_history *history)
{
    for (int i = 0; i < run->options->callback_count; i++) {
        const struct lstmc_callback *callback = &run->options->callbacks[i];
        struct lstmc_callback_state *state = &run->snapshot->callback[i];
        if (callback->kind != LSTMC_MODEL_CHECKPOINT || !callback->save_freq || ++state->batches < (uint64_t)callback->save_freq)
            continue;
        state->batches = 0;
        save_model(run, callback, state, history);
    }
}

int lstmc_callbacks_epoch_end(const struct lstmc_callback_run *run)
{
    const struct lstmc_snapshot *s = run->snapshot;
    const struct lstmc_history *history = &s->log[s->log_count - 1];
    struct lstmc_message message = { "" };
    int status = LSTMC_OK;
    for (int i = 0; i < run->options->callback_count && !status; i++) {
        const struct lstmc_callback *callback = &run->options->callbacks[i];
        struct lstmc_callback_state *state = &run->snapshot->callback[i];
        if (callback->kind == LSTMC_EARLY_STOPPING)
            status = stop_early(run, callback, state, history);
        else if (callback->kind == LSTMC_REDUCE_LR_ON_PLATEAU)
            reduce_rate(run, callback, state, history);
        else if (callback->kind == LSTMC_MODEL_CHECKPOINT && !callback->save_freq)
            save_model(run, callback, state, history);
        else if (callback->kind == LSTMC_CSV_LOGGER &&
                 lstmc_log_write(callback->path, callback->separator, s->log, s->log_count, run->options->metrics, run->options->metric_count, &message))
            lstmc_progress_note(run->progress, "CSVLogger: %s", message.text);
    }
    return status;
}
