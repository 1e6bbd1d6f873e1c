/* command_train.c: lstmc train: generates, compiles, loads and trains on the description's data; writes weights, log and checkpoints. */
#include "gradient_flow.h"
#include "report.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define CHECKPOINT_SECONDS 10
#define SIGNAL_STATUS 128                   /* and the signal's number: as a shell says of a program that a signal has ended */

static volatile sig_atomic_t interrupted;

/* The second time the signal does what it always does. */
static void interrupt(int signal_number)
{
    interrupted = signal_number;
    signal(signal_number, SIG_DFL);
}

/* What the callbacks of a training need. */
typedef struct Trainer {
    Session session;
    char **metadata;                        /* of every file that holds weights */
    char **checkpoint_metadata;             /* the same, and by what the numbers were computed */
    const char *checkpoint;                 /* path */
    struct lstmc_snapshot snapshot;         /* to go on from */
    bool rate_failed;
    FlowRecorder *flow;                     /* NULL: not asked for */
    const char *flow_path;
} Trainer;

/* ---- what is said ------------------------------------------------------------------------------------------------------- */

static void print_task(const Session *s, int epochs)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    printf("%s: %zu samples, %zu held out, %zu weights, batches of %d, %d epoch%s%s", m->name, s->data.samples, s->validation.samples,
           m->weight_count, m->batch * m->shards, epochs, epochs == 1 ? "" : "s", s->arguments.interpreted ? ", interpreted" : "");
    if (s->threads > 1)
        printf(", %d threads", s->threads);
    printf("\n");
    fflush(stdout);
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
    if (s->arguments.interpreted)
        return "the interpreter";
    return arena_format(s->arena, "target %s, %d lanes%s%s", compile->target->name, compile->target->lanes, compile->blas ? ", blas" : "",
                        compile->precise ? ", precise" : "");
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

static int save_checkpoint(void *context, const struct lstmc_snapshot *snapshot, struct lstmc_message *message)
{
    Trainer *t = context;
    int status = lstmc_checkpoint_save(&description_model(t->session.description)->descriptor, snapshot, t->checkpoint,
                                       (const char *const *)t->checkpoint_metadata, message);
    if (status && t->session.arguments.quiet)       /* otherwise the training says it */
        fprintf(stderr, "no checkpoint: %s\n", message->text);
    return status;
}

static int save_weights(void *context, const char *path, const float *weights, struct lstmc_message *message)
{
    Trainer *t = context;
    return lstmc_weights_save(&description_model(t->session.description)->descriptor, weights, path, (const char *const *)t->metadata, message);
}

static int load_checkpoint(Trainer *t)
{
    Session *s = &t->session;
    int status = lstmc_checkpoint_load(&description_model(s->description)->descriptor, &t->snapshot, t->checkpoint, &s->message);
    if (!status && !s->arguments.seed)
        s->arguments.seed = t->snapshot.seed;       /* what is drawn for the data depends on it */
    return status;
}

/* Whoever begins anew may have forgotten that a training was not finished: its checkpoint is kept under another name. */
static void put_aside(Trainer *t, int epochs)
{
    Session *s = &t->session;
    struct lstmc_snapshot unfinished;
    struct lstmc_message message;
    if (lstmc_checkpoint_load(&description_model(s->description)->descriptor, &unfinished, t->checkpoint, &message))
        return;
    const char *aside = arena_format(s->arena, "%s.old", t->checkpoint);
    if (!unfinished.stopped && unfinished.epoch <= (uint64_t)epochs && !rename(t->checkpoint, aside))
        fprintf(stderr, "note: %s of an unfinished training (epoch %d of %d) is now %s; --resume --checkpoint %s goes on with it\n", t->checkpoint,
                (int)unfinished.epoch, epochs, aside, aside);
    lstmc_snapshot_free(&unfinished);
}

/* Numbers of another kind of code would differ in their last digits. */
static void compare_computed_by(Trainer *t)
{
    struct lstmc_tensor_file file;
    struct lstmc_message message;
    if (lstmc_tensor_file_open(t->checkpoint, &file, &message))
        return;
    const char *before = lstmc_tensor_file_value(&file, "computed_by"), *now = computed_by(&t->session);
    if (before && strcmp(before, now))
        fprintf(stderr, "note: the checkpoint was computed by %s, now it is %s: the last digits will not be those of one run\n", before, now);
    lstmc_tensor_file_free(&file);
}

/* ---- the training ------------------------------------------------------------------------------------------------------- */

typedef struct RateCall {
    Trainer *trainer;
    int callback;
} RateCall;

/* A function that fails ends the training: its diagnostic is there, and a rate of NaN would only hide it. */
static double scheduled_rate(void *context, int epoch, double learning_rate)
{
    const RateCall *call = context;
    double rate = description_rate(call->trainer->session.description, call->callback, epoch, learning_rate);
    if (isnan(rate)) {
        call->trainer->rate_failed = true;
        interrupted = 1;
        return learning_rate;
    }
    return rate;
}

/* The description's callbacks and the log of each epoch. */
static void set_callbacks(Trainer *t, struct lstmc_train_options *options)
{
    const Session *s = &t->session;
    const Model *model = description_model(s->description);
    struct lstmc_callback *callbacks = arena_array(s->arena, struct lstmc_callback, model->callback_count + 1);
    for (int i = 0; i < model->callback_count; i++) {
        callbacks[i] = model->callbacks[i];
        RateCall *call = arena_alloc(s->arena, sizeof *call);
        *call = (RateCall){ t, i };
        callbacks[i].schedule = scheduled_rate;
        callbacks[i].context = call;
    }
    callbacks[model->callback_count] = (struct lstmc_callback){ .kind = LSTMC_CSV_LOGGER, .path = session_file(s, s->arguments.log, ".log.csv") };
    options->callbacks = callbacks;
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
    if (error)
        fprintf(stderr, "%s: cannot be written: %s\n", t->flow_path, strerror(error));
    return 0;
}

static int set_flow(Trainer *t, struct lstmc_train_options *options)
{
    Session *s = &t->session;
    if (!s->arguments.gradient_flow)
        return LSTMC_OK;
    t->flow_path = session_file(s, NULL, ".gradient_flow.csv");
    t->flow = gradient_flow_create(s->arena, s->engine.model, t->flow_path);
    if (!t->flow) {
        snprintf(s->message.text, sizeof s->message.text, "--gradient-flow: no layer has a state that goes on from step to step");
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
    const Session *s = &t->session;
    const Model *model = description_model(s->description);
    const Arguments *a = &s->arguments;
    struct lstmc_train_options options = {
        .epochs = a->epochs ? a->epochs : model->epochs, .seed = a->seed ? a->seed : model->seed, .shuffle = model->shuffle,
        .stateful = model->data.stateful, .metrics = model->metrics, .metric_count = model->metric_count, .quiet = a->quiet,
        .class_weight = model->class_weight, .class_count = model->class_count, .schedule = model->schedule,
        .gradient_accumulation_steps = model->gradient_accumulation_steps, .ema_momentum = model->ema_momentum,
        .ema_overwrite_frequency = model->ema_overwrite_frequency, .interrupted = &interrupted, .checkpoint = save_checkpoint,
        .checkpoint_batches = a->checkpoint_every, .checkpoint_seconds = a->checkpoint_every ? 0 : CHECKPOINT_SECONDS, .save_weights = save_weights,
        .resume = a->resume ? &t->snapshot : NULL, .context = t,
    };
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
static int print_saved(Session *s)
{
    const Model *model = description_model(s->description);
    bool restores = false;
    for (int i = 0; i < model->callback_count; i++)
        restores |= model->callbacks[i].kind == LSTMC_EARLY_STOPPING && model->callbacks[i].restore_best_weights;
    if ((!restores && !(model->ema_momentum > 0)) || !s->validation.samples)
        return LSTMC_OK;
    struct lstmc_train_options options = { .stateful = model->data.stateful, .metrics = model->metrics, .metric_count = model->metric_count };
    double loss, metric[LSTMC_METRICS_MAX];
    int status = lstmc_evaluate(&s->engine, s->weights, &s->validation, &options, &loss, metric, &s->message);
    if (!status) {
        printf("weights that are saved (%s): ", restores ? "the best" : "the average");
        session_print_values(s, "val_", loss, metric);
        printf("\n");
    }
    return status;
}

static int finish(Trainer *t, const struct lstmc_history *history)
{
    Session *s = &t->session;
    const char *path = session_file(s, s->arguments.weights, ".safetensors");
    print_result(s, history);
    int status = print_saved(s);
    if (status)
        return status;
    s->engine.prepare(s->engine.context, s->weights);
    session_compare_with_persistence(s);
    status = save_weights(t, path, s->weights, &s->message);
    if (status)
        return status;
    printf("weights: %s\n", path);
    ReportFiles files = { .log = session_file(s, s->arguments.log, ".log.csv"), .flow = t->flow_path, .page = session_file(s, NULL, ".report.html") };
    status = report_of_session(s, &files);
    if (!status)
        printf("report: %s\n", files.page);
    return status;
}

static int train(Trainer *t)
{
    Session *s = &t->session;
    struct lstmc_history history = { 0 };
    s->arguments.compile.keep_adjoints = s->arguments.gradient_flow;
    t->checkpoint = session_file(s, s->arguments.checkpoint, ".checkpoint");
    int status = s->arguments.resume ? load_checkpoint(t) : 0;
    if (!status && s->arguments.resume)
        status = lstmc_meaning_load(&s->meaning, t->checkpoint, &s->message);
    if (!status)
        status = session_prepare(s, s->arguments.init, true);
    if (status)
        return status;
    session_print_notes(s);
    if (!make_metadata(t))
        return LSTMC_NO_MEMORY;
    struct lstmc_train_options options = make_options(t);
    status = set_flow(t, &options);
    if (status)
        return status;
    if (s->arguments.resume)
        session_compare_meanings(s, t->checkpoint);
    if (s->arguments.resume)
        compare_computed_by(t);
    else
        put_aside(t, options.epochs);
    if (!s->arguments.resume && !s->arguments.init)
        lstmc_init(&description_model(s->description)->descriptor, s->weights, options.seed);
    if (!s->arguments.quiet)
        print_task(s, options.epochs);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    status = lstmc_train(&s->engine, s->weights, &s->data, s->validation.samples ? &s->validation : NULL, &options, &history, &s->message);
    if (t->rate_failed)
        s->message.text[0] = 0;
    else if (status == LSTMC_INTERRUPTED)
        snprintf(s->message.text + strlen(s->message.text), sizeof s->message.text - strlen(s->message.text), "; --resume goes on from %.200s",
                 t->checkpoint);
    return status || t->rate_failed ? status : finish(t, &history);
}

int command_train(const Arguments *arguments)
{
    Trainer t = { .metadata = NULL };
    session_open(&t.session, arguments);
    int status = t.session.description ? train(&t) : 1;
    gradient_flow_free(t.flow);
    lstmc_snapshot_free(&t.snapshot);
    lstmc_metadata_free(t.metadata);
    lstmc_metadata_free(t.checkpoint_metadata);
    int result = session_close(&t.session, status ? status : t.rate_failed);
    return status == LSTMC_INTERRUPTED && !t.rate_failed ? SIGNAL_STATUS + interrupted : result;
}
