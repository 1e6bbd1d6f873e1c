/* session.c: in: words of the command line.  out: data, engine and weights for the commands that compute with them; and
 * their end. */
#include "session.h"
#include "compiler/interchange/weight_file.h"
#include "compiler/front/horizons.h"
#include "compiler/oracle/custom_objects.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void session_open(Session *s, const Arguments *arguments)
{
    *s = (Session){ .arena = arena_create(), .arguments = *arguments };
    s->diagnostics = diagnostics_create(s->arena);
    s->description = command_read(s->arena, s->diagnostics, arguments);
}

/* The generated model as an engine, or the interpreter. */
static bool make_engine(Session *s)
{
    const Model *model = description_model(s->description);
    int before = diagnostics_count(s->diagnostics);
    if (s->arguments.interpreted) {
        s->custom = custom_layers_create(s->arena, s->description, model->descriptor.batch * model->descriptor.shards);
        return diagnostics_count(s->diagnostics) == before &&
               !interpreter_engine_create(model, s->custom, &s->engine, &s->message);
    }
    if (!compiler_exists()) {
        snprintf(s->message.text, sizeof s->message.text, "no C compiler (set CC, or take --interpreted)");
        return false;
    }
    s->arguments.compile.optimizer_apart = s->objects != NULL;
    if (!compile(s->arena, s->description, s->diagnostics, &s->arguments.compile, &s->compiled))
        return false;
    command_note(&s->arguments, &s->compiled);
    bool loads =
        s->objects ? load_kept(s->arena, s->diagnostics, &s->compiled, LOAD_TO_TRAIN, s->objects, &s->loaded)
                   : load_together(s->arena, s->diagnostics, &s->compiled, LOAD_TO_TRAIN, s->ranks, &s->loaded);
    if (!loads)
        return false;
    if (s->objects) {
        s->shared = *s->loaded.model;
        s->shared.optimizer = model->descriptor.optimizer;
        s->shared.fingerprint = model->descriptor.fingerprint;
        s->loaded.model = &s->shared;
    }
    if (lstmc_engine_create(s->loaded.model, &s->engine)) {
        snprintf(s->message.text, sizeof s->message.text, "no memory for the tapes of %s", model->descriptor.name);
        return false;
    }
    int threads = s->arguments.threads ? s->arguments.threads : ranks_processors(s->ranks);
    s->threads = lstmc_engine_threads(&s->engine, threads);
    return true;
}

/* Weights that nobody has named are those that lstmc train would have left. */
static void suggest_weights(Session *s, const char *weight_file)
{
    if (s->arguments.weights || s->arguments.init || !access(weight_file, F_OK))
        return;
    size_t length = strlen(s->message.text);
    snprintf(s->message.text + length, sizeof s->message.text - length,
             " (lstmc train %s writes it; --weights FILE names another one)", s->arguments.model);
}

int session_read_weights(Session *s, const char *weight_file)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    int differs = 0;
    s->weights = lstmc_alloc(m->weight_count * sizeof *s->weights + 1);
    int status = s->weights ? weight_file_load(s->arena, description_model(s->description), s->weights, &s->meaning,
                                               &differs, weight_file, &s->message)
                            : LSTMC_NO_MEMORY;
    if (status)
        suggest_weights(s, weight_file);
    if (!status && differs &&
        strcmp(s->arguments.command, "train")) /* what starts from other weights may be another model */
        fprintf(stderr,
                "note: %s was written by a description with other options of its layers, steps or loss than %s has "
                "now\n",
                weight_file, s->arguments.model);
    return status;
}

static bool same_names(const struct lstmc_names *a, const struct lstmc_names *b)
{
    bool same = a->count == b->count || !a->count || !b->count;
    for (int i = 0; same && i < a->count && i < b->count; i++)
        same = !strcmp(a->text[i], b->text[i]);
    return same;
}

/* To a thousandth of the unit: more would show in the loss. */
static bool same_scaling(const struct lstmc_scaling *a, const struct lstmc_scaling *b)
{
    bool same = a->columns == b->columns || !a->columns || !b->columns;
    for (int i = 0; same && i < a->columns && i < b->columns; i++)
        same = fabs(a->offset[i] - b->offset[i]) <= 1e-3 * b->scale[i] &&
               fabs(a->scale[i] - b->scale[i]) <= 1e-3 * b->scale[i];
    return same;
}

/* Ids, classes and units come from the data, which may not be those that the weights were trained on. */
void session_compare_meanings(const Session *s, const char *weight_file)
{
    const struct lstmc_meaning *before = &s->meaning, *now = &s->data.meaning;
    const char *what = !same_names(&before->vocabulary, &now->vocabulary) ? "another vocabulary"
                       : !same_names(&before->labels, &now->labels)       ? "other labels"
                       : !same_names(&before->columns, &now->columns)     ? "other columns"
                       : !same_names(&before->targets, &now->targets)     ? "other targets"
                       : !same_scaling(&before->input, &now->input) || !same_scaling(&before->target, &now->target)
                           ? "other units (offset and scale)"
                           : NULL;
    if (what)
        fprintf(stderr, "note: %s was trained with %s than this data has: they were made of what trains here\n",
                weight_file, what);
}

int session_prepare(Session *s, const char *weight_file, bool with_data)
{
    const Model *model = description_model(s->description);
    if (with_data && !model->loss) {
        snprintf(s->message.text, sizeof s->message.text, "the description has no loss: nothing to %s",
                 s->arguments.command);
        return LSTMC_MISMATCH;
    }
    int status = weight_file && !s->weights ? session_read_weights(s, weight_file) : 0;
    if (!s->weights && !status)
        status = (s->weights = lstmc_alloc(model->descriptor.weight_count * sizeof *s->weights + 1)) ? 0
                                                                                                     : LSTMC_NO_MEMORY;
    if (!status && with_data)
        status = data_source_load(s->description, &s->arguments, &s->data, &s->validation, &s->message);
    if (!status && with_data && weight_file)
        session_compare_meanings(s, weight_file);
    if (!status && with_data)
        s->metrics = custom_metrics_create(s->arena, s->description);
    if (diagnostics_count(s->diagnostics))
        return LSTMC_MISMATCH;
    return status || make_engine(s) ? status : LSTMC_MISMATCH;
}

void session_print_notes(const Session *s)
{
    for (const char *line = s->data.notes.text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        fprintf(stderr, "note: %.*s\n", (int)(end - line), line);
}

/* Of a text one window follows the other; other samples stand as Keras takes them. */
enum lstmc_stateful session_stateful(const Model *model)
{
    bool goes_on = model->data.kind == DATA_CHARACTERS || model->data.kind == DATA_WORDS;
    if (model->data.stateful || (model->stateful && goes_on))
        return LSTMC_STREAMS;
    return model->stateful ? LSTMC_CONSECUTIVE : LSTMC_STATELESS;
}

void session_set_metrics(const Session *s, struct lstmc_train_options *options)
{
    const Model *model = description_model(s->description);
    options->metrics = model->metrics;
    options->metric_count = model->metric_count;
    options->weighted_metrics = model->weighted_metrics;
    options->metric_arguments = model->metric_arguments;
    options->unit = s->data.meaning.target.columns ? &s->data.meaning.target : NULL;
    options->own_metric = s->metrics ? custom_metric_add : NULL;
    options->own_metric_context = s->metrics;
}

static void free_all(Session *s)
{
    if (s->engine.free)
        lstmc_engine_free(&s->engine);
    custom_layers_free(s->custom);
    custom_metrics_free(s->metrics);
    loaded_free(&s->loaded);
    compiled_free(&s->compiled);
    lstmc_dataset_free(&s->validation);
    lstmc_dataset_free(&s->data);
    lstmc_meaning_free(&s->meaning);
    lstmc_free(s->weights);
}

int session_close(Session *s, int status)
{
    if (s->description) {
        if (status) {
            diagnostics_print(s->diagnostics, stderr);
            if (s->message.text[0])
                fprintf(stderr, "%s: %s\n", s->arguments.model, s->message.text);
        }
        free_all(s);
    }
    int result = status || !s->description;
    description_free(s->description);
    arena_free(s->arena);
    return result;
}

const char *session_file(const Session *s, const char *file, const char *ending)
{
    static const char usual[] = ".safetensors";
    const char *weights = s->arguments.weights, *name = description_model(s->description)->descriptor.name;
    if (file)
        return file;
    bool of_a_run = !strcmp(s->arguments.command, "train") || !strcmp(s->arguments.command, "plot");
    if (!weights || !of_a_run)
        return arena_format(s->arena, "%s%s", name, ending);
    size_t length = strlen(weights), usual_length = sizeof usual - 1;
    if (length > usual_length && !strcmp(weights + length - usual_length, usual))
        length -= usual_length;
    return arena_format(s->arena, "%.*s%s", (int)length, weights, ending);
}

void session_print_values(const Session *s, const char *prefix, double loss, const double *metric)
{
    const Model *model = description_model(s->description);
    printf("%sloss %.6g", prefix, loss);
    for (int i = 0; i < model->metric_count; i++)
        printf("  %s%s %.6g", prefix, model->metrics[i], metric[i]);
}

#define HORIZONS_TOLD 6

/* Sums of squared errors of one horizon, in the unit of the file. */
typedef struct Errors {
    double squares, persistence, count;
} Errors;

static void add_errors(const struct lstmc_dataset *data, size_t first, size_t rows, const float *truths,
                       const float *output, size_t count, int horizons, Errors *errors)
{
    const struct lstmc_scaling *unit = &data->meaning.target;
    for (size_t i = 0; i < rows * count; i++) {
        Errors *e = &errors[i % count / (count / (size_t)horizons)];
        double scale = unit->columns ? unit->scale[i % (size_t)unit->columns] : 1;
        double truth = truths[i];
        double ours = (output[i] - truth) * scale, persistence = (data->persistence[first * count + i] - truth) * scale;
        e->squares += ours * ours;
        e->persistence += persistence * persistence;
        e->count++;
    }
}

static void print_errors(const char *what, Errors e)
{
    printf("%s: mse %.4g, persistence (the last known value) %.4g", what, e.squares / e.count, e.persistence / e.count);
    if (e.persistence > 0)
        printf(": %.1f %% %s\n", 100 * fabs(1 - e.squares / e.persistence),
               e.squares < e.persistence ? "better" : "WORSE");
    else
        printf(", which is never wrong here\n");
}

/* So many of them are told, from the nearest to the farthest. */
static bool is_told(int horizon, int horizons)
{
    int spaces = HORIZONS_TOLD - 1;
    for (int i = 0; i <= spaces; i++)
        if ((i * (horizons - 1) + spaces / 2) / spaces == horizon)
            return true;
    return horizons <= HORIZONS_TOLD;
}

/* Forecasts are judged against the last known value: in the unit of the file, mean over all targets, and horizon by
 * horizon. */
void session_compare_with_persistence(Session *s)
{
    const struct lstmc_dataset *data = &s->validation;
    const struct lstmc_model *m = s->engine.model;
    const Model *model = description_model(s->description);
    if (!data->persistence || !data->samples)
        return;
    int horizons = horizons_count(model);
    size_t count = m->output_count, rows = (size_t)m->batch * (size_t)m->shards;
    float *output = lstmc_alloc(rows * count * sizeof *output), *truth = lstmc_alloc(rows * count * sizeof *truth);
    Errors *errors = arena_array(s->arena, Errors, horizons), all = { 0 };
    for (size_t first = 0; output && truth && first < data->samples; first += rows) {
        size_t some = data->samples - first < rows ? data->samples - first : rows;
        if (lstmc_predict_samples(&s->engine, data, first, (int)some, output))
            break;
        lstmc_copy_targets(m, data, first, some, truth);
        add_errors(data, first, some, truth, output, count, horizons, errors);
    }
    lstmc_free(output);
    lstmc_free(truth);
    for (int h = 0; h < horizons; h++)
        all = (Errors){ all.squares + errors[h].squares, all.persistence + errors[h].persistence,
                        all.count + errors[h].count };
    print_errors("held-out forecasts", all);
    for (int h = 0; h < horizons && horizons > 1; h++)
        if (is_told(h, horizons))
            print_errors(arena_format(s->arena, "  %d ahead", horizons_ahead(model, h)), errors[h]);
}
