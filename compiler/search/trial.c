/* trial.c: in: a task.  out: its result, and a checkpoint. */
#include "trial.h"
#include "compiler/base/interrupt.h"
#include "compiler/session/training.h"

#include "runtime/base/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECKPOINT_SECONDS 10   /* as train does */

typedef struct Trial {
    const TrialTask *task;
    TrialResult *result;
    Session session;
    struct lstmc_snapshot snapshot;         /* to go on from */
    char **metadata;
    struct lstmc_history left;              /* of the epoch whose weights the training would leave */
    bool unwritten, rate_failed;
} Trial;

/* ---- what is said where there is no value ---- */

/* The first of the description's mistakes, or the session's message. */
static void say_why(Trial *t, TrialState state)
{
    Session *s = &t->session;
    char *text = NULL;
    size_t length = 0;
    t->result->state = state;
    if (diagnostics_count(s->diagnostics)) {
        FILE *lines = open_memstream(&text, &length);
        if (lines) {
            diagnostics_print(s->diagnostics, lines);
            fclose(lines);
        }
    }
    const char *said = text && *text ? text : s->message.text;
    snprintf(t->result->why, sizeof t->result->why, "%.*s", (int)strcspn(said, "\n"), said);
    free(text);
}

/* ---- callbacks ---- */

static int save(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    Trial *t = context;
    const Model *model = description_model(t->session.description);
    uint64_t epoch = training_restores_best(model) && snapshot->best_epoch ? snapshot->best_epoch
                                                                           : snapshot->log_count;
    if (epoch && epoch <= snapshot->log_count)
        t->left = snapshot->log[epoch - 1];
    t->result->epochs = (int)snapshot->log_count;
    if (snapshot->diverged || t->rate_failed)
        return LSTMC_OK;                /* the checkpoint before stays: whoever has to go on from it ends here again */
    int status = lstmc_checkpoint_save(&model->descriptor, snapshot, t->task->checkpoint,
                                       (const char *const *)t->metadata, message);
    t->unwritten = status != 0;
    if (status)
        snprintf(t->result->why, sizeof t->result->why, "%.*s", TRIAL_WHY - 1, message->text);
    return status;
}

/* Those that change the training. Files of callbacks have one name for all trials: they are left to train. */
static void set_callbacks(Trial *t, struct lstmc_train_options *options)
{
    const Model *model = description_model(t->session.description);
    struct lstmc_callback *callbacks = arena_array(t->session.arena, struct lstmc_callback, model->callback_count + 1);
    int count = 0;
    for (int i = 0; i < model->callback_count; i++) {
        if (model->callbacks[i].kind == LSTMC_MODEL_CHECKPOINT || model->callbacks[i].kind == LSTMC_CSV_LOGGER)
            continue;
        callbacks[count++] = training_callback(&t->session, i, &t->rate_failed);
    }
    options->callbacks = callbacks;
    options->callback_count = count;
}

/* ---- the value ---- */

static bool watches_validation(const TrialTask *task, bool has_validation)
{
    return task->monitor ? !strncmp(task->monitor, "val_", 4) : has_validation;
}

/* -1: the loss. */
static int metric_of(const TrialTask *task)
{
    const char *name = task->monitor;
    if (name && !strncmp(name, "val_", 4))
        name += 4;
    for (int i = 0; name && i < task->metric_count; i++)
        if (!strcmp(name, task->metrics[i]))
            return i;
    return -1;
}

static bool has_same_metrics(const TrialTask *task, const Model *model)
{
    bool same = model->metric_count == task->metric_count;
    for (int i = 0; same && i < task->metric_count; i++)
        same = !strcmp(model->metrics[i], task->metrics[i]);
    return same;
}

static void take_values(const TrialTask *task, const struct lstmc_history *left, TrialResult *result)
{
    int metric = metric_of(task);
    bool of_validation = watches_validation(task, left->has_validation);
    result->has_validation = left->has_validation;
    result->loss = left->loss;
    result->validation_loss = left->validation_loss;
    for (int i = 0; i < task->metric_count; i++) {
        result->metric[i] = left->metric[i];
        result->validation_metric[i] = left->validation_metric[i];
    }
    result->value = metric < 0 ? (of_validation ? left->validation_loss : left->loss)
                               : (of_validation ? left->validation_metric : left->metric)[metric];
}

/* ---- from its beginning to its end ---- */

static int prepare(Trial *t)
{
    Session *s = &t->session;
    const TrialTask *task = t->task;
    int status = LSTMC_OK;
    if (!has_same_metrics(task, description_model(s->description)))
        return lstmc_fail(&s->message, LSTMC_MISMATCH, "the model has other metrics than the first trial's: they "
                          "cannot be compared");
    if (!access(task->checkpoint, F_OK))
        status = lstmc_checkpoint_load(&description_model(s->description)->descriptor, &t->snapshot, task->checkpoint,
                                       &s->message);
    if (t->snapshot.log_count > (uint64_t)task->epochs)
        lstmc_snapshot_free(&t->snapshot);      /* it has gone further: somebody has taken lines out of the table */
    if (!status)
        status = session_prepare(s, t->snapshot.weights ? NULL : s->arguments.init, true);
    if (!status && watches_validation(task, s->validation.samples) && !s->validation.samples)
        status = lstmc_fail(&s->message, LSTMC_MISMATCH, "there is no %.60s to monitor: nothing is held out",
                            task->monitor);
    if (!status && !(t->metadata = lstmc_meaning_metadata(&s->data.meaning, NULL)))
        status = lstmc_fail_memory(&s->message, "a trial");
    return status;
}

static int train(Trial *t)
{
    Session *s = &t->session;
    struct lstmc_train_options options = training_options(s);
    bool goes_on = t->snapshot.weights != NULL;
    options.epochs = t->task->epochs;
    options.quiet = 1;
    options.interrupted = interrupt_flag();
    options.checkpoint = save;
    options.checkpoint_seconds = CHECKPOINT_SECONDS;
    options.resume = goes_on ? &t->snapshot : NULL;
    options.context = t;
    set_callbacks(t, &options);
    int status = goes_on || s->arguments.init ? LSTMC_OK : training_first_weights(s, options.seed);
    if (status)
        return status;
    const struct lstmc_dataset *held_out = s->validation.samples ? &s->validation : NULL;
    return lstmc_train(&s->engine, s->weights, &s->data, held_out, &options, NULL, &s->message);
}

static void settle(Trial *t, int status)
{
    if (status == LSTMC_INTERRUPTED && !t->rate_failed) {
        t->result->state = TRIAL_INTERRUPTED;
    } else if (status == LSTMC_NOT_FINITE) {
        say_why(t, TRIAL_DIVERGED);
    } else if (status || t->rate_failed) {
        say_why(t, TRIAL_REFUSED);
    } else if (t->unwritten) {
        t->result->state = TRIAL_UNWRITTEN;
    } else {
        take_values(t->task, &t->left, t->result);
        if (!isfinite(t->result->value)) {
            lstmc_fail(&t->session.message, status, "what is monitored is %g", t->result->value);
            say_why(t, TRIAL_DIVERGED);
        }
    }
}

void trial_run(const TrialTask *task, TrialResult *result)
{
    Trial t = { .task = task, .result = result };
    Session *s = &t.session;
    *result = (TrialResult){ .trial = task->trial, .rung = task->rung };
    *s = (Session){ .arena = arena_create(), .arguments = *task->arguments, .objects = task->objects };
    s->diagnostics = diagnostics_create(s->arena);
    ReadOptions options = { .parameters = s->arguments.parameters, .parameter_count = s->arguments.parameter_count,
                            .may_be_unread = task->may_be_unread, .batch = s->arguments.batch,
                            .freeze = s->arguments.freeze, .timed = true };
    s->description = description_read(s->arena, s->diagnostics, s->arguments.model, &options);
    if (!s->description) {
        say_why(&t, TRIAL_REFUSED);
    } else {
        int status = prepare(&t);
        settle(&t, status ? status : train(&t));
    }
    lstmc_snapshot_free(&t.snapshot);
    lstmc_metadata_free(t.metadata);
    session_close(s, 0);
}
