/* command_train.c: lstmc train: generates, compiles, loads and trains on the description's data; writes the weights. */
#include "commands.h"
#include "custom.h"
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Training {
    Arena *arena;
    Diagnostics *diagnostics;
    const Arguments *arguments;
    Description *description;
    Compiled compiled;
    Loaded loaded;
    struct custom_layers *custom;
    struct lstmc_engine engine;
    int threads;
    struct lstmc_dataset data, validation;
    float *weights;
    struct lstmc_message message;
} Training;

/* The generated model as an engine, or the interpreter. */
static bool make_engine(Training *t)
{
    const Model *model = description_model(t->description);
    int before = diagnostics_count(t->diagnostics);
    if (t->arguments->interpreted) {
        t->custom = custom_layers_create(t->arena, t->description, model->descriptor.batch * model->descriptor.shards);
        return diagnostics_count(t->diagnostics) == before && !interpreter_engine_create(model, t->custom, &t->engine, &t->message);
    }
    if (!compiler_exists()) {
        snprintf(t->message.text, sizeof t->message.text, "no C compiler (set CC, or train with --interpreted)");
        return false;
    }
    if (!compile(t->arena, t->description, t->diagnostics, &t->arguments->compile, &t->compiled))
        return false;
    command_note(t->arguments, &t->compiled);
    if (!load(t->arena, t->diagnostics, &t->compiled, LOAD_TO_TRAIN, &t->loaded))
        return false;
    if (lstmc_engine_create(t->loaded.model, &t->engine)) {
        snprintf(t->message.text, sizeof t->message.text, "no memory for the tapes of %s", model->descriptor.name);
        return false;
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    t->threads = lstmc_engine_threads(&t->engine, t->arguments->threads ? t->arguments->threads : (int)processors);
    return true;
}

static void print_task(const Training *t, int epochs)
{
    const struct lstmc_model *m = &description_model(t->description)->descriptor;
    printf("%s: %zu samples, %zu held out, %zu weights, batches of %d, %d epoch%s%s", m->name, t->data.samples, t->validation.samples,
           m->weight_count, m->batch * m->shards, epochs, epochs == 1 ? "" : "s", t->arguments->interpreted ? ", interpreted" : "");
    if (t->threads > 1)
        printf(", %d threads", t->threads);
    printf("\n");
    fflush(stdout);
}

/* Forecasts are judged against the last known value: in the unit of the file, mean over all targets. */
static void compare_with_persistence(Training *t)
{
    const struct lstmc_dataset *data = &t->validation;
    const struct lstmc_model *m = t->engine.model;
    if (!data->persistence || !data->samples)
        return;
    size_t count = m->output_count, rows = (size_t)m->batch * (size_t)m->shards;
    float *output = lstmc_alloc(rows * count * sizeof *output);
    double squares = 0, squares_persistence = 0;
    for (size_t first = 0; output && first < data->samples; first += rows) {
        size_t some = data->samples - first < rows ? data->samples - first : rows;
        t->engine.predict(t->engine.context, (const char *)data->x + first * m->input_count * 4, (int)some, output);
        for (size_t i = 0; i < some * count; i++) {
            double scale = data->target_scale ? data->target_scale[i % (size_t)data->target_columns] : 1;
            double truth = ((const float *)data->y)[first * count + i];
            double e = (output[i] - truth) * scale, p = (data->persistence[first * count + i] - truth) * scale;
            squares += e * e;
            squares_persistence += p * p;
        }
    }
    lstmc_free(output);
    double samples = (double)data->samples * (double)count;
    printf("held-out forecasts: mse %.4g, persistence (the last known value) %.4g: %.1f %% %s\n", squares / samples,
           squares_persistence / samples, 100 * (1 - squares / squares_persistence), squares < squares_persistence ? "better" : "WORSE");
}

static void print_result(Training *t, const struct lstmc_history *history)
{
    const Model *model = description_model(t->description);
    printf("loss %.6g", history->loss);
    for (int i = 0; i < model->metric_count; i++)
        printf("  %s %.6g", model->metrics[i], history->metric[i]);
    if (history->has_validation) {
        printf("  val_loss %.6g", history->validation_loss);
        for (int i = 0; i < model->metric_count; i++)
            printf("  val_%s %.6g", model->metrics[i], history->validation_metric[i]);
    }
    printf("\n");
}

static int save(Training *t)
{
    const Model *model = description_model(t->description);
    const char *path = t->arguments->weights ? t->arguments->weights : arena_format(t->arena, "%s.safetensors", model->descriptor.name);
    int status = lstmc_weights_save(&model->descriptor, t->weights, path, NULL, &t->message);
    if (!status)
        printf("weights: %s\n", path);
    return status;
}

static int train(Training *t)
{
    const Model *model = description_model(t->description);
    const Arguments *a = t->arguments;
    if (!model->loss) {
        snprintf(t->message.text, sizeof t->message.text, "the description has no loss: nothing to train");
        return LSTMC_MISMATCH;
    }
    int status = data_source_load(t->description, a, &t->data, &t->validation, &t->message);
    if (status || !make_engine(t))
        return status ? status : LSTMC_MISMATCH;
    t->weights = lstmc_alloc(model->descriptor.weight_count * sizeof *t->weights + 1);
    if (!t->weights)
        return LSTMC_NO_MEMORY;
    uint64_t seed = a->seed ? a->seed : model->seed;
    lstmc_init(&model->descriptor, t->weights, seed);
    struct lstmc_train_options options = {
        .epochs = a->epochs ? a->epochs : model->epochs, .seed = seed, .shuffle = model->shuffle, .metrics = model->metrics,
        .metric_count = model->metric_count, .quiet = a->quiet,
    };
    struct lstmc_history history = { 0 };
    if (!a->quiet)
        print_task(t, options.epochs);
    status = lstmc_train(&t->engine, t->weights, &t->data, t->validation.samples ? &t->validation : NULL, &options, &history, &t->message);
    if (status)
        return status;
    print_result(t, &history);
    t->engine.prepare(t->engine.context, t->weights);
    compare_with_persistence(t);
    return save(t);
}

int command_train(const Arguments *arguments)
{
    Training t = { .arena = arena_create(), .arguments = arguments };
    t.diagnostics = diagnostics_create(t.arena);
    t.description = command_read(t.arena, t.diagnostics, arguments, 0);
    int status = 1;
    if (t.description) {
        status = train(&t) ? 1 : 0;
        if (status) {
            diagnostics_print(t.diagnostics, stderr);
            if (t.message.text[0])
                fprintf(stderr, "%s: %s\n", arguments->model, t.message.text);
        }
        if (t.engine.free)
            lstmc_engine_free(&t.engine);
        custom_layers_free(t.custom);
        loaded_free(&t.loaded);
        compiled_free(&t.compiled);
        if (t.validation.x != NULL && t.validation.x != t.data.x && !(description_model(t.description)->validation_split > 0))
            lstmc_dataset_free(&t.validation);
        lstmc_dataset_free(&t.data);
        lstmc_free(t.weights);
    }
    description_free(t.description);
    arena_free(t.arena);
    return status;
}
