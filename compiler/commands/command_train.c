/* command_train.c: lstmc train: generates, compiles, loads and trains on the description's data; writes weights, log
 * and checkpoints. */
#include "compiler/report/gradient_flow.h"
#include "compiler/base/interrupt.h"
#include "compiler/base/lock.h"
#include "compiler/base/out.h"
#include "compiler/report/report.h"
#include "compiler/base/streams.h"
#include "compiler/session/training.h"
#include "compiler/session/training_files.h"

#include "runtime/base/message.h"
#include "runtime/files/replace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKPOINT_SECONDS 10

/* What the callbacks of a training need. */
typedef struct Trainer {
    Session session;
    Ranks ranks;                            /* which share the training */
    TrainingFiles files;
    char **metadata;                        /* of every file that holds weights */
    char **checkpoint_metadata;             /* the same, and by what the numbers were computed */
    struct lstmc_snapshot snapshot;         /* to go on from */
    struct { uint64_t best_epoch; bool diverged, is_written; } last;        /* of the last checkpoint */
    char *saved;                            /* the last file of a ModelCheckpoint, or NULL */
    bool rate_failed;
    bool is_trained;                        /* by all ranks: what follows one does alone */
    bool unwritten[LSTMC_CALLBACKS_MAX], flow_unwritten;        /* a file of a callback, in the end */
    const struct lstmc_callback *callbacks; /* of the training */
    FlowRecorder *flow;                     /* NULL: not asked for */
} Trainer;

/* ---- what is said ---------------------------------------------------------------------------- */

static double share_of_steps(const Model *model, const struct lstmc_dataset *data)
{
    const int steps = model_steps_with_lengths(model);
    double sum = 0;
    for (size_t i = 0; i < data->samples; i++)
        sum += data->lengths[i] < steps ? data->lengths[i] : steps;
    return sum / (double)data->samples / steps;
}

static void print_task(const Session *s, int epochs)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    printf("%s: %zu samples, %zu held out, %zu weights, batches of %d, %d epoch%s%s", m->name, s->data.samples,
           s->validation.samples, m->weight_count, m->batch * m->shards, epochs, epochs == 1 ? "" : "s",
           s->arguments.interpreted ? ", interpreted" : "");
    if (s->ranks->transport.ranks > 1)
        printf(", %d ranks", s->ranks->transport.ranks);
    if (s->threads > 1)
        printf(", %d threads", s->threads);
    if (s->data.lengths)
        printf(", %.0f %% of the steps count", 100 * share_of_steps(description_model(s->description), &s->data));
    printf("\n");
    streams_flush();                        /* what fails ends no training */
}

static void print_result(const Session *s, const struct lstmc_history *history)
{
    session_print_values(s, "", history->loss, history->metric);
    if (history->has_validation) {
        printf("  ");
        session_print_values(s, "val_", history->validation_loss, history->validation_metric);
    }
    printf("\n");
}

/* Last digits depend on it. */
static const char *computed_by(const Session *s)
{
    const CompileOptions *compile = &s->arguments.compile;
    const Target *target = s->compiled.programs.target;
    if (s->arguments.interpreted)
        return "the interpreter";
    return arena_format(s->arena, "target %s, %d lanes%s%s", target->name, target->lanes,
                        compile->blas ? ", blas" : "", compile->precise ? ", precise" : "");
}

/* ---- files ----------------------------------------------------------------------------------- */

static int save_checkpoint(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    Trainer *t = context;
    const struct lstmc_model *model = &description_model(t->session.description)->descriptor;
    t->last.best_epoch = snapshot->best_epoch;
    t->last.diverged = snapshot->diverged;
    int status = lstmc_checkpoint_save(model, snapshot, t->files.checkpoint,
                                       (const char *const *)t->checkpoint_metadata, message);
    t->last.is_written = !status;
    if (status && t->session.arguments.quiet)       /* otherwise the training says it */
        fprintf(stderr, "no checkpoint: %s\n", message->text);
    return status;
}

static int save_weights(Trainer *t, const char *path, const float *weights, struct lstmc_message *message)
{
    return lstmc_weights_save(&description_model(t->session.description)->descriptor, weights, path,
                              (const char *const *)t->metadata, message);
}

/* Of a ModelCheckpoint, under a name that is made of numbers now. */
static int save_for_callback(void *context, const char *path, const float *weights, struct lstmc_message *message)
{
    static const struct lstmc_callback any = { .kind = LSTMC_MODEL_CHECKPOINT };
    Trainer *t = context;
    int status = training_files_allow(&t->files, &any, path, message);
    if (!status)
        status = save_weights(t, path, weights, message);
    if (status)
        return status;
    free(t->saved);
    t->saved = strdup(path);
    return LSTMC_OK;
}

/* A log is written anew each time; a file of weights that is missing stays missing. */
static void note_written(void *context, const struct lstmc_callback *callback, const char *why)
{
    Trainer *t = context;
    bool *unwritten = &t->unwritten[callback - t->callbacks];
    *unwritten = why || (*unwritten && callback->kind != LSTMC_CSV_LOGGER);
    if (why && t->session.arguments.quiet)          /* otherwise the training says it */
        fprintf(stderr, "%s\n", why);
}

static bool all_is_written(const Trainer *t)
{
    bool all = t->last.is_written && !t->flow_unwritten;
    for (int i = 0; i < LSTMC_CALLBACKS_MAX; i++)
        all &= !t->unwritten[i];
    return all;
}

static int load_checkpoint(Trainer *t)
{
    Session *s = &t->session;
    int status = lstmc_checkpoint_load(&description_model(s->description)->descriptor, &t->snapshot,
                                       t->files.checkpoint, &s->message);
    if (!status)
        status = lstmc_meaning_load(&s->meaning, t->files.checkpoint, &s->message);
    if (!status && !s->arguments.seed)
        s->arguments.seed = t->snapshot.seed;       /* what is drawn for the data depends on it */
    return status;
}

/* Numbers of another kind of code would differ in their last digits. */
static void compare_computed_by(Trainer *t)
{
    struct lstmc_tensor_file file;
    struct lstmc_message message;
    if (lstmc_tensor_file_open(t->files.checkpoint, &file, &message))
        return;
    const char *before = lstmc_tensor_file_value(&file, "computed_by"), *now = computed_by(&t->session);
    if (before && strcmp(before, now))
        fprintf(stderr,
                "note: the checkpoint was computed by %s, now it is %s: the last digits will not be those of one run\n",
                before, now);
    lstmc_tensor_file_free(&file);
}

/* ---- the training ---------------------------------------------------------------------------- */

/* The description's callbacks and the log of each epoch. */
static void set_callbacks(Trainer *t, struct lstmc_train_options *options)
{
    const Session *s = &t->session;
    const Model *model = description_model(s->description);
    struct lstmc_callback *callbacks = arena_array(s->arena, struct lstmc_callback, model->callback_count + 1);
    for (int i = 0; i < model->callback_count; i++)
        callbacks[i] = training_callback(s, i, &t->rate_failed);
    callbacks[model->callback_count] = (struct lstmc_callback){ .kind = LSTMC_CSV_LOGGER, .path = t->files.log };
    options->callbacks = t->callbacks = callbacks;
    options->callback_count = model->callback_count + 1;
}

static void add_flow(void *context, int epoch, int rows, const struct lstmc_engine *engine)
{
    Trainer *t = context;
    (void)epoch;
    gradient_flow_add(t->flow, engine, rows);
}

static int write_flow(void *context, int epoch, const struct lstmc_history *history)
{
    Trainer *t = context;
    (void)history;
    int error = gradient_flow_epoch(t->flow, epoch);
    t->flow_unwritten = error;
    if (error)
        fprintf(stderr, "%s: cannot be written: %s\n", t->files.flow, lstmc_write_reason(error));
    return 0;
}

static int set_flow(Trainer *t, struct lstmc_train_options *options)
{
    Session *s = &t->session;
    if (!s->arguments.gradient_flow)
        return LSTMC_OK;
    t->flow = gradient_flow_create(s->arena, s->engine.model, t->files.flow);
    if (!t->flow) {
        snprintf(s->message.text, sizeof s->message.text,
                 "--gradient-flow: no layer has a state that goes on from step to step");
        return LSTMC_MISMATCH;
    }
    if (s->arguments.resume)
        gradient_flow_resume(t->flow, (int)t->snapshot.epoch);
    options->batch_end = add_flow;
    options->epoch_end = write_flow;
    return LSTMC_OK;
}

static struct lstmc_train_options make_options(Trainer *t)
{
    const Arguments *a = &t->session.arguments;
    struct lstmc_train_options options = training_options(&t->session);
    options.quiet = a->quiet;
    options.interrupted = interrupt_flag();
    options.checkpoint = save_checkpoint;
    options.checkpoint_batches = a->checkpoint_every;
    options.checkpoint_seconds = a->checkpoint_every ? 0 : CHECKPOINT_SECONDS;
    options.save_weights = save_for_callback;
    options.wrote = note_written;
    options.resume = a->resume ? &t->snapshot : NULL;
    options.context = t;
    options.transport = &t->ranks.transport;
    set_callbacks(t, &options);
    return options;
}

static bool make_metadata(Trainer *t)
{
    const char *const by[] = { "computed_by", computed_by(&t->session), NULL };
    t->metadata = lstmc_meaning_metadata(&t->session.data.meaning, NULL);
    t->checkpoint_metadata = lstmc_meaning_metadata(&t->session.data.meaning, by);
    return t->metadata && t->checkpoint_metadata;
}

/* Averages and best weights are not those of the last epoch: what is saved is judged by itself. */
static int print_saved(Trainer *t)
{
    Session *s = &t->session;
    const Model *model = description_model(s->description);
    bool best = training_restores_best(model) || t->last.diverged;
    if ((!best && !(model->ema_momentum > 0)) || !s->validation.samples)
        return LSTMC_OK;
    struct lstmc_train_options options = { .stateful = session_stateful(model) };
    session_set_metrics(s, &options);
    double loss, metric[LSTMC_METRICS_MAX];
    int status = lstmc_evaluate(&s->engine, s->weights, &s->validation, &options, &loss, metric, &s->message);
    if (!status) {
        printf("weights that are saved (%s): ", best ? "the best" : "the average");
        session_print_values(s, "val_", loss, metric);
        printf("\n");
    }
    return status;
}

/* The weights are on the disk before anything is said of them, or done with them. */
static int finish(Trainer *t, const struct lstmc_history *history)
{
    Session *s = &t->session;
    int status = save_weights(t, t->files.weights, s->weights, &s->message);
    interrupt_end();
    lock_give_back();
    if (status && t->last.is_written)
        lstmc_add_words(&s->message, "; --resume writes them when there is room, from %.200s", t->files.checkpoint);
    if (status)
        return status;
    print_result(s, history);
    status = print_saved(t);
    if (status)
        return status;
    s->engine.prepare(s->engine.context, s->weights);
    session_compare_with_persistence(s);
    printf("weights: %s\n", t->files.weights);
    ReportFiles files = { .log = t->files.log, .flow = t->files.flow, .page = t->files.page };
    status = report_of_session(s, &files);
    if (!status)
        printf("report: %s\n", files.page);
    if (!status && !all_is_written(t)) {
        snprintf(s->message.text, sizeof s->message.text, "trained, but not all files could be written");
        status = LSTMC_IO;
    }
    return status;
}

/* A NaN is no end of what was learned before it. Whoever has asked for the best weights gets them where weights go;
 * they are in the checkpoint in any case. */
static void keep_best(Trainer *t)
{
    Session *s = &t->session;
    const char *model = s->arguments.model, *checkpoint = t->files.checkpoint;
    fprintf(stderr, "%s: %s\n", model, s->message.text);
    s->message.text[0] = 0;
    if (t->last.diverged && training_restores_best(description_model(s->description))) {
        struct lstmc_message why;
        if (save_weights(t, t->files.weights, s->weights, &why))
            fprintf(stderr, "%s: %s\n", model, why.text);
        else
            fprintf(stderr, "%s: the best weights are in %s, and in %s\n", model, t->files.weights, checkpoint);
    } else if (t->last.diverged) {
        fprintf(stderr, "%s: the best weights are in %s: --init %s starts from them\n", model, checkpoint, checkpoint);
    }
    if (t->saved)
        fprintf(stderr, "%s: the last file of ModelCheckpoint is %s\n", model, t->saved);
}

/* What is in the way of a training that goes on, or of one that begins. */
static int look_back(Trainer *t, int epochs)
{
    Session *s = &t->session;
    if (!s->arguments.resume)
        return training_files_put_aside(s, &t->files, epochs);
    session_compare_meanings(s, t->files.checkpoint);
    compare_computed_by(t);
    if (t->snapshot.diverged)
        fprintf(stderr, "note: this training has ended at a NaN in epoch %d, and does not go on: its weights are "
                "those of epoch %d, the best (--init %s starts from them)\n", (int)t->snapshot.epoch,
                (int)t->snapshot.best_epoch, t->files.checkpoint);
    return LSTMC_OK;
}

static int train_model(Trainer *t, const struct lstmc_train_options *options, struct lstmc_history *history)
{
    Session *s = &t->session;
    const struct lstmc_dataset *held_out = s->validation.samples ? &s->validation : NULL;
    if (!s->arguments.quiet)
        print_task(s, options->epochs);
    interrupt_begin();
    int status = lstmc_train(&s->engine, s->weights, &s->data, held_out, options, history, &s->message);
    if (t->rate_failed) {
        s->message.text[0] = 0;
    } else if (status == LSTMC_INTERRUPTED) {
        lstmc_add_words(&s->message, "; --resume goes on from %.200s", t->files.checkpoint);
        if (t->last.best_epoch && training_restores_best(description_model(s->description)))
            lstmc_add_words(&s->message, ", and with --epochs=%d ends with the best weights so far",
                            (int)t->last.best_epoch);
    } else if (status == LSTMC_NOT_FINITE) {
        keep_best(t);
    }
    if (status || t->rate_failed)
        interrupt_end();
    return status;
}

/* Numbers that all ranks are to have alike: which samples there are, how many, and the text of the model. */
static int compare_ranks(Trainer *t)
{
    Session *s = &t->session;
    const uint64_t samples[] = { s->data.samples, s->validation.samples };
    const size_t length = s->compiled.source.length;
    int status = ranks_compare(&t->ranks, samples, sizeof samples, "the data", &s->message);
    if (!status)
        status = ranks_compare(&t->ranks, &length, sizeof length, "the model", &s->message);
    return status ? status : ranks_compare(&t->ranks, s->compiled.source.text, length, "the model", &s->message);
}

/* The weights that a training begins with, from rank 0. */
static int begin_weights(Trainer *t, uint64_t seed)
{
    Session *s = &t->session;
    int status = LSTMC_OK;
    if (!s->arguments.resume && !s->arguments.init && !t->ranks.transport.rank)
        status = training_first_weights(s, seed);
    status = ranks_agree(&t->ranks, status);
    if (!status && !s->arguments.resume)
        ranks_spread(&t->ranks, s->weights, s->engine.model->weight_count * sizeof *s->weights);
    return status;
}

/* What one rank can do alone. */
static int check_ranks(Trainer *t)
{
    Session *s = &t->session;
    const char *alone = s->arguments.interpreted     ? "--interpreted"
                        : s->arguments.gradient_flow ? "--gradient-flow"
                                                     : NULL;
    if (t->ranks.transport.ranks == 1 || !alone)
        return LSTMC_OK;
    snprintf(s->message.text, sizeof s->message.text, "%s is for one rank", alone);
    return LSTMC_MISMATCH;
}

static int train(Trainer *t)
{
    Session *s = &t->session;
    struct lstmc_history history = { 0 };
    s->arguments.compile.keep_adjoints = s->arguments.gradient_flow;
    s->arguments.compile.layer_phases = true;       /* also of one rank: the code of all is the same */
    interrupt_prepare(lock_give_back);
    int status = check_ranks(t);
    if (!status)
        status = ranks_agree(&t->ranks, training_files_open(s, &t->files));
    if (!status && s->arguments.resume)
        status = ranks_agree(&t->ranks, load_checkpoint(t));
    if (!status)
        status = ranks_agree(&t->ranks, session_prepare(s, s->arguments.init, true));
    if (!status)
        status = compare_ranks(t);
    if (status)
        return status;
    session_print_notes(s);
    if (!make_metadata(t))
        return LSTMC_NO_MEMORY;
    struct lstmc_train_options options = make_options(t);
    status = set_flow(t, &options);
    if (!status)
        status = ranks_agree(&t->ranks, t->ranks.transport.rank ? LSTMC_OK : look_back(t, options.epochs));
    if (!status)
        status = begin_weights(t, options.seed);
    if (status)
        return status;
    status = train_model(t, &options, &history);
    t->is_trained = !status;
    if (status || t->rate_failed || t->ranks.transport.rank)
        return status;
    return finish(t, &history);
}

/* Whether other ranks wait for what this one will not do: what has failed, has failed here alone. */
static bool is_abandoned(const Trainer *t, int status)
{
    bool everywhere = status == LSTMC_INTERRUPTED || status == LSTMC_NOT_FINITE || status == LSTMC_MISMATCH;
    return status && !everywhere && !t->is_trained && !t->ranks.others_failed;
}

int command_train(const Arguments *arguments)
{
    Trainer t = { .metadata = NULL };
    Arena *arena = arena_create();
    int result = ranks_begin(&t.ranks, arena);
    if (result) {
        arena_free(arena);
        return result;
    }
    session_open(&t.session, arguments);
    t.session.ranks = &t.ranks;
    int status = ranks_agree(&t.ranks, t.session.description ? LSTMC_OK : LSTMC_MISMATCH);
    if (!status)
        status = train(&t);
    gradient_flow_free(t.flow);
    lstmc_snapshot_free(&t.snapshot);
    lstmc_metadata_free(t.metadata);
    lstmc_metadata_free(t.checkpoint_metadata);
    free(t.saved);
    result = session_close(&t.session, status ? status : t.rate_failed);
    if (status == LSTMC_INTERRUPTED && !t.rate_failed)
        result = SIGNAL_STATUS + *interrupt_flag();
    result = ranks_end(&t.ranks, result, is_abandoned(&t, status));
    arena_free(arena);
    return result;
}
