/* generated.c: a workload through lstmc and the C compiler to a loaded library, and the peers that are made of it: ours (as a user compiles
 * it: -O2), the plain emission (at the flags that suit it best), ours on one thread beside ours on two, and ours with bf16 weights. */
#include "bench.h"
#include "runtime/lstmc.h"
#include "runtime/train/stepper.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *compiler(void)
{
    const char *cc = getenv("CC");
    return cc && *cc ? cc : "cc";
}

int run_words(const char *line, const char *log)
{
    char command[4096];
    snprintf(command, sizeof command, "{ %s; } >%s 2>&1 </dev/null", line, log);
    int status = system(command);
    return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static void first_line(const char *path, char *why)
{
    FILE *file = fopen(path, "r");
    char line[WHY_MAX] = "";
    if (file && fgets(line, sizeof line, file))
        line[strcspn(line, "\n")] = 0;
    if (file)
        fclose(file);
    snprintf(why, WHY_MAX, "%s", line);
}

/* Seconds of processor time of the programs that have been waited for: wall time would say more about the neighbours. */
static double children_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static bool timed(const char *line, const char *log, double *seconds, char *why)
{
    double before = children_seconds();
    if (run_words(line, log)) {
        first_line(log, why);
        return false;
    }
    *seconds = children_seconds() - before;
    return true;
}

/* What this run has built already: a task may need what another has made, and the sizes need them all. */
#define BUILDS_MAX 64
static Built done[BUILDS_MAX];
static int done_count;

static const Built *find_built(const char *library)
{
    for (int i = 0; i < done_count; i++)
        if (!strcmp(done[i].library, library))
            return &done[i];
    return NULL;
}

/* Compiled and linked apart: linked with -ffast-math, a library would change the whole program's treatment of small numbers. */
static bool build(const Workload *workload, const Flavour *flavour, const char *folder, Built *built, char *why)
{
    char line[2400], log[512], script[512];
    snprintf(log, sizeof log, "%s/%s-%s.log", options.folder, workload->name, flavour->name);
    snprintf(built->source, sizeof built->source, "%s/%s.c", folder, workload->name);
    snprintf(built->object, sizeof built->object, "%s/%s.o", folder, workload->name);
    snprintf(line, sizeof line, "mkdir -p %s", folder);
    double ignored;
    if (!timed(line, log, &ignored, why))
        return false;
    snprintf(script, sizeof script, "%s/%s.lua", workload->batch ? options.folder : options.scripts, workload->name);
    if (workload->batch && !describe_model(workload, script)) {
        snprintf(why, WHY_MAX, "%.250s cannot be written", script);
        return false;
    }
    /* One thread: the interpreter's library would start others, which spin when lstmc has nothing to interpret. */
    snprintf(line, sizeof line, "OPENBLAS_NUM_THREADS=1 %s %s -o %s --quiet %s", options.compiler, script, folder,
             flavour->lstmc);
    if (!timed(line, log, &built->lstmc_seconds, why))
        return false;
    snprintf(line, sizeof line, "%s %s -fPIC -c -o %s %s", compiler(), flavour->flags, built->object, built->source);
    if (!timed(line, log, &built->cc_seconds, why))
        return false;
    snprintf(line, sizeof line, "%s -shared -Wl,-Bsymbolic -o %s %s -lm", compiler(), built->library, built->object);
    return timed(line, log, &ignored, why);
}

bool generated_build(const Workload *workload, const Flavour *flavour, Built *built, char *why)
{
    char folder[400];
    *built = (Built){ 0 };
    snprintf(folder, sizeof folder, "%s/%s", options.folder, flavour->name);
    snprintf(built->library, sizeof built->library, "%s/%s.so", folder, workload->name);
    const Built *before = find_built(built->library);
    if (before) {
        *built = *before;
        return true;
    }
    if (!build(workload, flavour, folder, built, why))
        return false;
    if (done_count < BUILDS_MAX)
        done[done_count++] = *built;
    return true;
}

typedef struct Context {
    void *library;
    const struct lstmc_model *model;
    const Task *task;
    const Data *data;
    void *packed, *scratch;             /* scratch: or the state of a stream */
    struct lstmc_engine engine;
    struct lstmc_stepper stepper;
    float *weights, *gradients, *moments, *output;
    float loss;
    uint64_t calls;
} Context;

/* The tables of workloads.c and the descriptions agree, or nothing that is printed means anything. */
static const char *mismatch(const struct lstmc_model *model, const Task *task)
{
    const Workload *workload = task->workload;
    if (model->weight_count != workload_weights(workload) || model->gradient_count != workload_gradients(workload))
        return "another number of weights than workloads.c";
    if (model->output_count != (size_t)workload_outputs(workload, false))
        return "another number of outputs than workloads.c";
    if (model->input_is_tokens != workload_takes_tokens(workload) || model->has_lengths != workload_has_lengths(workload))
        return "another input than workloads.c";
    if (!task->training && task->rows > model->batch)
        return "another batch than workloads.c";
    if (task->training && (model->batch * model->shards != task->rows || !model->backward))
        return "another batch than workloads.c";
    return task->streaming && !model->step ? "no step function" : NULL;
}

static void open_training(Context *context)
{
    const struct lstmc_model *model = context->model;
    if (lstmc_engine_create(model, &context->engine)) {
        fprintf(stderr, "bench: no memory for the tapes of %s\n", context->task->title);
        exit(1);
    }
    context->gradients = checked_alloc(model->gradient_count * sizeof(float));
    context->moments = checked_alloc(lstmc_optimizer_floats(model) * sizeof(float));
    context->engine.prepare(context->engine.context, context->weights);
    if (lstmc_stepper_create(&context->stepper, &context->engine, context->weights, context->gradients,
                             context->moments, NULL)) {
        fprintf(stderr, "bench: no memory for the updates of %s\n", context->task->title);
        exit(1);
    }
    context->stepper.prepares = context->engine.prepare_range && !context->engine.update;
    if (context->data->lengths)
        context->engine.lengths(context->engine.context, context->data->lengths);
}

static void open_inference(Context *context)
{
    const struct lstmc_model *model = context->model;
    context->packed = checked_alloc(model->packed_bytes);
    context->scratch = checked_alloc(context->task->streaming ? model->state_bytes
                                     : context->task->rows > 1 ? model->batch_scratch_bytes : model->scratch_bytes);
    model->prepare(context->packed, context->weights);
    if (context->task->streaming)
        model->reset(context->packed, context->scratch);
}

static void close_generated(void *opaque)
{
    Context *context = opaque;
    if (context->engine.free) {
        lstmc_stepper_free(&context->stepper);
        lstmc_engine_free(&context->engine);
    }
    void *memory[] = { context->packed, context->scratch, context->weights, context->gradients, context->moments, context->output };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    if (context->library)
        dlclose(context->library);
    free(context);
}

static Context *load_library(const Task *task, const char *path, char *why)
{
    Context *context = checked_alloc(sizeof *context);
    char symbol[64];
    context->task = task;
    snprintf(symbol, sizeof symbol, "%s_model", task->workload->name);
    context->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    context->model = context->library ? dlsym(context->library, symbol) : NULL;
    const char *wrong = context->model ? mismatch(context->model, task) : dlerror();
    if (!wrong)
        return context;
    snprintf(why, WHY_MAX, "%s", wrong);
    close_generated(context);
    return NULL;
}

static void *open_flavour(const Task *task, const Data *data, int threads, Flavour flavour, char *why)
{
    char arguments[200], name[64];
    Built built;
    snprintf(arguments, sizeof arguments, "%s %s", flavour.lstmc, task->training ? threads == 2 ? "shards=2" : "shards=1" : "--inference");
    snprintf(name, sizeof name, "%s-%s", flavour.name, task->training ? threads == 2 ? "shards" : "training" : "inference");
    flavour.lstmc = arguments;
    flavour.name = name;
    if (!generated_build(task->workload, &flavour, &built, why))
        return NULL;
    Context *context = load_library(task, built.library, why);
    if (!context)
        return NULL;
    context->data = data;
    context->weights = checked_alloc(data->weight_count * sizeof(float));
    memcpy(context->weights, data->weights, data->weight_count * sizeof(float));
    context->output = checked_alloc(context->model->output_count * (size_t)task->rows * sizeof(float));
    if (task->training)
        open_training(context);
    else
        open_inference(context);
    if (task->training && threads > 1 && lstmc_engine_threads(&context->engine, threads) != threads) {
        snprintf(why, WHY_MAX, "no %d threads", threads);
        close_generated(context);
        return NULL;
    }
    return context;
}

/* One whole training step, as lstmc_train does it, from the update of the last one on: so its gradients can be looked
 * at. */
static void train_once(Context *context)
{
    const struct lstmc_model *model = context->model;
    const Data *data = context->data;
    float scale = 1 / ((float)data->rows * (float)lstmc_losses_per_sample(model));
    float penalty;
    if (context->calls > 0) {
        lstmc_stepper_prepare(&context->stepper, &penalty);
        if (context->engine.update)
            context->engine.update(context->engine.context, context->weights);
        lstmc_stepper_update(&context->stepper, context->calls, 0);
        if (!context->stepper.prepares)
            context->engine.prepare(context->engine.context, context->weights);
    }
    context->calls++;                     /* and the seed: of 0 a step would be an evaluation */
    context->loss = context->engine.train(context->engine.context, data->x, data->target, NULL, data->rows, 0, scale,
                                          context->calls, context->gradients, context->output);
}

static void infer_once(Context *context)
{
    const struct lstmc_model *model = context->model;
    const Data *data = context->data;
    if (context->task->streaming)
        model->step(context->packed, context->scratch,
                    (const float *)data->x + stream_step(context->task, context->calls++) * (size_t)data->features,
                    context->output);
    else if (data->lengths)
        model->predict_lengths(context->packed, context->scratch, data->x, data->lengths, context->output);
    else if (data->rows > 1)
        model->predict_batch(context->packed, context->scratch, data->x, data->rows, context->output);
    else
        model->predict(context->packed, context->scratch, data->x, context->output);
}

static void run_generated(void *opaque, int calls, Time *time)
{
    Context *context = opaque;
    Time start = clock_now();
    for (int i = 0; i < calls; i++)
        if (context->task->training)
            train_once(context);
        else
            infer_once(context);
    *time = clock_since(start);
}

static void look_at_generated(void *opaque, Look *look)
{
    Context *context = opaque;
    *look = (Look){ .output = context->output, .gradients = context->gradients, .loss = (double)context->loss };
}

static void *open_ours(const Task *task, const Data *data, char *why)
{
    return open_flavour(task, data, task->threads, (Flavour){ "ours", options.lstmc, options.flags }, why);
}

static void *open_plain(const Task *task, const Data *data, char *why)
{
    return open_flavour(task, data, task->threads, (Flavour){ "plain", "--target=plain", PLAIN_FLAGS }, why);
}

static void *open_ours_alone(const Task *task, const Data *data, char *why)
{
    return open_flavour(task, data, 1, (Flavour){ "ours", options.lstmc, options.flags }, why);
}

static void *open_ours_bf16(const Task *task, const Data *data, char *why)
{
    char arguments[200];
    snprintf(arguments, sizeof arguments, "%s --weights-dtype=bf16", options.lstmc);
    return open_flavour(task, data, 1, (Flavour){ "bf16", arguments, options.flags }, why);
}

const Peer peer_ours = { "ours", open_ours, run_generated, look_at_generated, close_generated };
const Peer peer_plain = { "plain -O3 -ffast-math", open_plain, run_generated, look_at_generated, close_generated };
const Peer peer_ours_bf16 = { "ours, bf16", open_ours_bf16, run_generated, look_at_generated, close_generated };
const Peer peer_ours_alone = { "ours, 1 thread", open_ours_alone, run_generated, look_at_generated, close_generated };
