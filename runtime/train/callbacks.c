/* callbacks.c: in: the history of an epoch.  out: learning rate, end of training, best weights, files:
 * keras/src/callbacks, rule by rule. */
#include "callbacks.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 1000
#define KNOWN_SIZE 380          /* of the longest list of metrics, and what is said behind it */

/* ---- what is monitored ---- */

/* Keras calls a metric as it was asked for: "accuracy", of whichever kind it then is. */
static int is_metric(const char *metric, const char *name, size_t length)
{
    static const char *const others[][2] = {
        { "acc", "binary_accuracy" }, { "acc", "categorical_accuracy" }, { "acc", "sparse_categorical_accuracy" },
        { "accuracy", "binary_accuracy" }, { "accuracy", "categorical_accuracy" },
        { "accuracy", "sparse_categorical_accuracy" }, { "mean_squared_error", "mse" },
        { "mean_absolute_error", "mae" }, { "mean_absolute_percentage_error", "mape" },
        { "mean_squared_logarithmic_error", "msle" }, { "root_mean_squared_error", "rmse" },
    };
    if (strlen(metric) == length && !strncmp(metric, name, length))
        return 1;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(metric, others[i][1]) && strlen(others[i][0]) == length && !strncmp(others[i][0], name, length))
            return 1;
    return 0;
}

/* 0: nothing has this name. A value of the validation is NaN where there is none. */
static int find_value(const struct lstmc_train_options *options, const struct lstmc_history *history, const char *name,
                      size_t length, double *value)
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
        if (is_metric(options->metrics[i], rest, rest_length)) {
            *value = is_validation ? history->validation_metric[i] : history->metric[i];
            return 1;
        }
    return 0;
}

static double monitored(const struct lstmc_callback_run *run, const struct lstmc_callback *callback,
                        const struct lstmc_history *history)
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
    static const char *const names[] = { "EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "CSVLogger",
                                         "LearningRateScheduler" };
    return names[kind];
}

static int has_monitor(const struct lstmc_callback *callback)
{
    return callback->kind == LSTMC_EARLY_STOPPING || callback->kind == LSTMC_REDUCE_LR_ON_PLATEAU ||
           (callback->kind == LSTMC_MODEL_CHECKPOINT && callback->save_best_only);
}

/* What there is to monitor or to put into names; ", each with val_" where that is known. */
static void known_values(const struct lstmc_train_options *options, const struct lstmc_history *history, int held_out,
                         char known[KNOWN_SIZE])
{
    size_t used = (size_t)snprintf(known, KNOWN_SIZE, "loss");
    for (int i = 0; i < options->metric_count; i++)
        used += (size_t)snprintf(known + used, KNOWN_SIZE - used, ", %.30s", options->metrics[i]);
    snprintf(known + used, KNOWN_SIZE - used, "%s", history->has_validation ? ", and each of these with val_" :
             held_out ? "; what begins with val_ is known at the end of an epoch alone (save_freq)" :
             "; nothing is held out, so that nothing begins with val_");
}

static int check_monitor(const struct lstmc_callback *callback, const struct lstmc_train_options *options,
                         int held_out, struct lstmc_message *message)
{
    struct lstmc_history history = { .has_validation = held_out && !callback->save_freq };
    double value;
    const char *name = callback->monitor ? callback->monitor : "";
    if (find_value(options, &history, name, strlen(name), &value))
        return LSTMC_OK;
    char known[KNOWN_SIZE];
    known_values(options, &history, held_out, known);
    return lstmc_fail(message, LSTMC_MISMATCH, "%s: there is no \"%.60s\" to monitor; there are %s",
                      name_of(callback->kind), name, known);
}

/* ---- names of files ---- */

/* A field of a file name, as Python's str.format has them: {epoch}, {epoch:02d}, {val_loss:.4f}. */
struct field {
    const char *name;
    size_t length;
    char format[16];            /* of printf, for a double or, if it ends in d, for an int */
};

static int is_count(const struct field *field)
{
    return field->length == 5 && (!strncmp(field->name, "epoch", 5) || !strncmp(field->name, "batch", 5));
}

/* Reads the field that begins at `at`, with its brace, and returns what is behind it; NULL: it is none. */
static const char *read_field(const char *at, struct field *field)
{
    char flags[8] = "";
    *field = (struct field){ .name = at + 1, .length = strcspn(at + 1, "{}:") };
    at += 1 + field->length;
    at += *at == ':';
    snprintf(flags, sizeof flags, "%.*s", (int)strspn(at, "0123456789."), at);
    at += strlen(flags);
    size_t width = strspn(flags, "0123456789"), digits = flags[width] ? strspn(flags + width + 1, "0123456789") : 0;
    char type = *at && strchr("defgEG", *at) ? *at++ : is_count(field) ? 'd' : digits ? 'g' : 'f';
    snprintf(field->format, sizeof field->format, "%%%s%c", flags, type);
    int is_format = !flags[width] || (digits && digits < 3 && !flags[width + 1 + digits] && type != 'd');
    return field->length && is_format && width < 4 && *at == '}' && (type != 'd' || is_count(field)) ? at + 1 : NULL;
}

/* The text of a field; -1 if nothing has its name. */
static int print_field(const struct lstmc_train_options *options, const struct lstmc_snapshot *snapshot,
                       const struct lstmc_history *history, const struct field *field, char *text, size_t size)
{
    double value = *field->name == 'e' ? history->epochs : (double)snapshot->batches;
    if (!is_count(field) && !find_value(options, history, field->name, field->length, &value))
        return -1;
    if (field->format[strlen(field->format) - 1] == 'd')
        return snprintf(text, size, field->format, (int)value);
    return lstmc_format(text, size, field->format, value);
}

/* "{epoch:02d}-{val_loss:.2f}" with numbers for what stands in braces; two braces are one. */
static int format_path(const struct lstmc_train_options *options, const struct lstmc_snapshot *snapshot,
                       const struct lstmc_history *history, int held_out, const char *pattern, char path[PATH_SIZE],
                       struct lstmc_message *message)
{
    size_t used = 0;
    for (const char *at = pattern, *end; *at; at = end) {
        struct field field;
        int is_field = *at == '{' && at[1] != '{', is_brace = (*at == '{' || *at == '}') && at[1] == *at, wrote = 1;
        end = is_field ? read_field(at, &field) : at + 1 + is_brace;
        if (!end || (*at == '}' && !is_brace))
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "ModelCheckpoint: \"%.100s\": \"%.20s\" begins with no field like "
                              "{epoch:02d} or {val_loss:.4f} (a brace itself is written twice)",
                              pattern, at);
        if (is_field)
            wrote = print_field(options, snapshot, history, &field, path + used, PATH_SIZE - used);
        else
            path[used] = *at;
        if (wrote < 0) {
            char known[KNOWN_SIZE];
            known_values(options, history, held_out, known);
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "ModelCheckpoint: \"%.60s\": there is no \"%.*s\"; there are epoch and batch; %s",
                              pattern, field.length < 60 ? (int)field.length : 60, field.name, known);
        }
        used += (size_t)wrote;
        if (used + 1 >= PATH_SIZE)
            return lstmc_fail(message, LSTMC_MISMATCH, "ModelCheckpoint: \"%.100s...\" is too long", pattern);
    }
    path[used] = 0;
    return LSTMC_OK;
}

static int check_path(const struct lstmc_callback *callback, const struct lstmc_train_options *options, int held_out,
                      struct lstmc_message *message)
{
    const struct lstmc_history history = { .has_validation = held_out && !callback->save_freq };
    const struct lstmc_snapshot snapshot = { .seed = 0 };
    char path[PATH_SIZE];
    if (!options->save_weights)
        return lstmc_fail(message, LSTMC_MISMATCH, "ModelCheckpoint: there is no save_weights to save with");
    return format_path(options, &snapshot, &history, held_out, callback->path, path, message);
}

int lstmc_callbacks_check(const struct lstmc_train_options *options, int has_validation, struct lstmc_message *message)
{
    int restoring = 0;
    if (options->callback_count > LSTMC_CALLBACKS_MAX)
        return lstmc_fail(message, LSTMC_MISMATCH, "%d callbacks are more than %d", options->callback_count,
                          LSTMC_CALLBACKS_MAX);
    for (int i = 0; i < options->callback_count; i++) {
        const struct lstmc_callback *callback = &options->callbacks[i];
        int sets_rate = callback->kind == LSTMC_REDUCE_LR_ON_PLATEAU || callback->kind == LSTMC_LEARNING_RATE_SCHEDULER;
        restoring += callback->kind == LSTMC_EARLY_STOPPING && callback->restore_best_weights;
        int status = has_monitor(callback) ? check_monitor(callback, options, has_validation, message) : LSTMC_OK;
        if (!status && callback->kind == LSTMC_MODEL_CHECKPOINT)
            status = check_path(callback, options, has_validation, message);
        if (status)
            return status;
        if (sets_rate && options->schedule)
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "%s: the optimizer's learning rate is a schedule already: choose one",
                              name_of(callback->kind));
    }
    if (restoring > 1)
        return lstmc_fail(message, LSTMC_MISMATCH, "EarlyStopping: restore_best_weights is for one of them alone");
    return LSTMC_OK;
}

/* ---- each callback ---- */

int lstmc_callbacks_restore(const struct lstmc_train_options *options, const struct lstmc_snapshot *snapshot)
{
    for (int i = 0; i < options->callback_count; i++)
        if (options->callbacks[i].kind == LSTMC_EARLY_STOPPING && options->callbacks[i].restore_best_weights &&
            snapshot->callback[i].has_best)
            return 1;
    return 0;
}

static int keep_best(const struct lstmc_callback_run *run, struct lstmc_message *message)
{
    struct lstmc_snapshot *s = run->snapshot;
    size_t bytes = run->model->weight_count * sizeof(float);
    if (!s->best && !(s->best = lstmc_alloc(bytes)))
        return lstmc_fail_memory(message, "the best weights");
    memcpy(s->best, s->weights, bytes);
    s->best_epoch = s->epoch;
    return LSTMC_OK;
}

/* As long as no callback does so: what is left of a training that ends at a NaN. Nobody has asked for it, so that a
 * lack of memory ends nothing. */
static void keep_lowest_loss(const struct lstmc_callback_run *run, const struct lstmc_history *history)
{
    struct lstmc_snapshot *s = run->snapshot;
    double loss = history->has_validation ? history->validation_loss : history->loss;
    if (lstmc_callbacks_restore(run->options, s) || (s->best && !(loss < s->best_loss)))
        return;
    s->best_loss = loss;
    keep_best(run, NULL);
}

static int stop_early(const struct lstmc_callback_run *run, const struct lstmc_callback *callback,
                      struct lstmc_callback_state *state, const struct lstmc_history *history)
{
    double value = monitored(run, callback, history);
    int epoch = history->epochs - 1, status = LSTMC_OK;
    if (epoch < callback->start_from_epoch)
        return LSTMC_OK;
    if (callback->restore_best_weights && !run->snapshot->best)
        status = keep_best(run, run->message);
    state->wait++;
    if (!state->has_best || is_better(callback, value, state->best)) {
        state->best = value;
        state->has_best = 1;
        if (callback->restore_best_weights && !status)
            status = keep_best(run, run->message);
        if (!callback->has_baseline || is_better(callback, value, callback->baseline))
            state->wait = 0;
        return status;
    }
    if (state->wait >= (uint64_t)callback->patience && epoch > 0) {
        run->snapshot->stopped = 1;
        lstmc_progress_note(run->progress, "stopped early: %s is not better than %.6g for %d epoch%s",
                            callback->monitor, state->best, (int)state->wait, state->wait == 1 ? "" : "s");
    }
    return status;
}

static void reduce_rate(const struct lstmc_callback_run *run, const struct lstmc_callback *callback,
                        struct lstmc_callback_state *state, const struct lstmc_history *history)
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
    } else if (!state->cooldown && ++state->wait >= (uint64_t)callback->patience &&
               *rate > callback->min_learning_rate) {
        *rate = fmax(*rate * callback->factor, callback->min_learning_rate);
        state->cooldown = (uint64_t)callback->cooldown;
        state->wait = 0;
        lstmc_progress_note(run->progress, "learning rate %.6g: %s is not better than %.6g", *rate, callback->monitor,
                            state->best);
    }
}

static void say_written(const struct lstmc_callback_run *run, const struct lstmc_callback *callback, const char *why)
{
    if (why)
        lstmc_progress_note(run->progress, "%s: %s", name_of(callback->kind), why);
    if (run->options->wrote)
        run->options->wrote(run->options->context, callback, why);
}

static void write_log(const struct lstmc_callback_run *run, const struct lstmc_callback *callback)
{
    const struct lstmc_snapshot *s = run->snapshot;
    struct lstmc_message message;
    if (!run->writes)
        return;
    int failed = lstmc_log_write(callback->path, callback->separator, s->log, s->log_count, run->options->metrics,
                                 run->options->metric_count, &message);
    say_written(run, callback, failed ? message.text : NULL);
}

static void save_model(const struct lstmc_callback_run *run, const struct lstmc_callback *callback,
                       struct lstmc_callback_state *state, const struct lstmc_history *history)
{
    struct lstmc_message message = { "" };
    char path[PATH_SIZE];
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
    if (!run->writes)
        return;
    int failed = format_path(run->options, run->snapshot, history, history->has_validation, callback->path, path,
                             &message) ||
                 run->options->save_weights(run->options->context, path, run->snapshot->weights, &message);
    say_written(run, callback, failed ? message.text : NULL);
}

/* ---- all of them ---- */

void lstmc_callbacks_epoch_begin(const struct lstmc_callback_run *run)
{
    for (int i = 0; i < run->options->callback_count; i++) {
        const struct lstmc_callback *callback = &run->options->callbacks[i];
        if (callback->kind == LSTMC_LEARNING_RATE_SCHEDULER)
            run->snapshot->learning_rate = callback->schedule(callback->context, (int)run->snapshot->epoch - 1,
                                                              run->snapshot->learning_rate);
    }
}

void lstmc_callbacks_batch_end(const struct lstmc_callback_run *run, const struct lstmc_history *history)
{
    for (int i = 0; i < run->options->callback_count; i++) {
        const struct lstmc_callback *callback = &run->options->callbacks[i];
        struct lstmc_callback_state *state = &run->snapshot->callback[i];
        if (callback->kind != LSTMC_MODEL_CHECKPOINT || !callback->save_freq ||
            ++state->batches < (uint64_t)callback->save_freq)
            continue;
        state->batches = 0;
        save_model(run, callback, state, history);
    }
}

int lstmc_callbacks_epoch_end(const struct lstmc_callback_run *run)
{
    const struct lstmc_snapshot *s = run->snapshot;
    const struct lstmc_history *history = &s->log[s->log_count - 1];
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
        else if (callback->kind == LSTMC_CSV_LOGGER)
            write_log(run, callback);
    }
    if (!status)
        keep_lowest_loss(run, history);
    return status;
}
