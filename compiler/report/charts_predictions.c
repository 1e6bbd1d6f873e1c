/* charts_predictions.c: in: a session with weights, data and an engine.  out: what the model makes of what is held out,
 * as charts. */
#include "charts.h"
#include "compiler/front/horizons.h"

#include "runtime/data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TARGETS_DRAWN 3         /* targets that get a chart of their own */
#define END_DRAWN     120       /* samples of a long series that are drawn once more, further apart */

/* ---- all outputs, sample by sample ---- */

/* `truth`: the sample's targets. */
typedef void TakeOutput(void *context, const struct lstmc_dataset *data, size_t sample, const void *truth,
                        const float *output);

static int for_each_output(Session *s, const struct lstmc_dataset *data, TakeOutput *take, void *context)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    size_t rows = (size_t)m->batch * (size_t)m->shards;
    float *output = lstmc_alloc(rows * m->output_count * sizeof *output);
    void *room = lstmc_alloc(m->target_count * sizeof(float));
    int status = output && room ? LSTMC_OK : LSTMC_NO_MEMORY;
    if (!status)
        s->engine.prepare(s->engine.context, s->weights);
    for (size_t first = 0; !status && first < data->samples; first += rows) {
        size_t some = data->samples - first < rows ? data->samples - first : rows;
        status = lstmc_predict_samples(&s->engine, data, first, (int)some, output);
        for (size_t i = 0; !status && i < some; i++)
            take(context, data, first + i, lstmc_sample_targets(m, data, first + i, room),
                 output + i * m->output_count);
    }
    if (status)
        snprintf(s->message.text, sizeof s->message.text, "no memory for the outputs of %zu rows", rows);
    lstmc_free(output);
    lstmc_free(room);
    return status;
}

static const char *which(const Session *s)
{
    return s->validation.samples ? "held-out" : "training";
}

/* ---- classes ---- */

typedef struct Confusion {
    const struct lstmc_model *model;
    bool binary;                /* each output is a class of its own: yes or no */
    float threshold;
    int classes;
    uint64_t *count;            /* [true, predicted] */
} Confusion;

static int largest(const float *value, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (value[i] > value[best])
            best = i;
    return best;
}

static void take_classes(void *context, const struct lstmc_dataset *data, size_t sample, const void *targets,
                         const float *output)
{
    Confusion *c = context;
    const struct lstmc_model *m = c->model;
    const float *truth = targets;
    const int32_t *class = targets;
    (void)data, (void)sample;
    int width = c->binary ? 1 : c->classes;
    for (size_t place = 0; place < m->output_count / (size_t)width; place++) {
        const float *here = output + place * (size_t)width;
        int right, predicted = c->binary ? here[0] > c->threshold : largest(here, width);
        if (m->target_is_class)
            right = class[place];
        else
            right = c->binary ? truth[place] > 0.5f : largest(truth + place * (size_t)width, width);
        if (right >= 0 && right < c->classes)
            c->count[right * c->classes + predicted]++;
    }
}

static const char *accuracy_note(Arena *arena, const Confusion *c)
{
    uint64_t right = 0, all = 0;
    for (int i = 0; i < c->classes * c->classes; i++) {
        all += c->count[i];
        right += i % (c->classes + 1) == 0 ? c->count[i] : 0;
    }
    return arena_format(arena, "%llu of %llu right: accuracy %.4f; shade: part of the row%s", (unsigned long long)right,
                        (unsigned long long)all, all ? (double)right / (double)all : 0,
                        c->binary ? "; class 1 from a probability above 0.5" : "");
}

static int chart_of_classes(Charts *charts, Session *s, const struct lstmc_dataset *data)
{
    const Model *model = description_model(s->description);
    const struct lstmc_model *m = &model->descriptor;
    bool binary = !strncmp(model->loss, "binary_", 7);
    Confusion c = { .model = m,
                    .binary = binary,
                    .threshold = model->loss_options.from_logits ? 0 : 0.5f,
                    .classes = binary ? 2 : lstmc_classes(m) };
    if (c.classes > PLOT_CLASSES_MAX) {
        charts->note[CHART_PREDICTIONS] = arena_format(charts->arena,
                                                       "No confusion matrix: %d classes are more than %d.", c.classes,
                                                       PLOT_CLASSES_MAX);
        return LSTMC_OK;
    }
    c.count = arena_array(charts->arena, uint64_t, c.classes * c.classes);
    int status = for_each_output(s, data, take_classes, &c);
    if (status)
        return status;
    if (session_stateful(model))
        charts->note[CHART_PREDICTIONS] =
            "States start anew in each window here; training and lstmc evaluate carry them on from window to window.";
    const struct lstmc_names *labels = &s->data.meaning.labels;
    const char **names = arena_array(charts->arena, const char *, c.classes);
    for (int i = 0; i < c.classes && labels->count == c.classes; i++)
        names[i] = labels->text[i];
    PlotMatrix chart = { .title = arena_format(charts->arena, "Confusion matrix of the %s data", which(s)),
                         .note = accuracy_note(charts->arena, &c),
                         .classes = c.classes,
                         .names = labels->count == c.classes ? names : NULL,
                         .count = c.count };
    plot_matrix(charts_add(charts, CHART_PREDICTIONS, "confusion_matrix"), &chart);
    return LSTMC_OK;
}

/* ---- numbers ---- */

typedef struct Pairs {          /* truth and prediction of one target, in the unit of the file */
    const char *name;
    int element;                /* of a sample's outputs; of the first time step where every one is meant */
    bool every_step;
    int ahead;                  /* rows, of a forecast */
    double scale, offset;
    size_t every;               /* so many pairs are one that is kept */
    size_t seen;
    int count;
    double *truth, *prediction, *persistence;   /* [count] */
    double squares, squares_persistence;        /* sums of squared errors */
    double first, sum, sum_squares;             /* of the truth, less its first value */
} Pairs;

typedef struct Targets {
    size_t outputs;             /* of a sample: steps by columns */
    int columns;                /* of a time step */
    Pairs *pairs;
    int count, capacity;
} Targets;

/* The columns of a table, or of the last axis. */
static Targets targets_of(const Session *s)
{
    const struct lstmc_model *m = &description_model(s->description)->descriptor;
    int named = s->data.meaning.targets.count,
        columns = named && m->output_count % (size_t)named == 0 ? named : lstmc_classes(m);
    return (Targets){ .outputs = m->output_count, .columns = columns };
}

/* before: the last known value, or NULL. */
static void take_pair(Pairs *p, float target, const float *before, float output)
{
    double truth = target * p->scale + p->offset, prediction = output * p->scale + p->offset;
    double persistence = before ? *before * p->scale + p->offset : NAN;
    p->first = p->seen ? p->first : truth;
    p->sum += truth - p->first;
    p->sum_squares += (truth - p->first) * (truth - p->first);
    p->squares += (prediction - truth) * (prediction - truth);
    p->squares_persistence += (persistence - truth) * (persistence - truth);
    if (p->seen++ % p->every)
        return;
    p->truth[p->count] = truth;
    p->prediction[p->count] = prediction;
    p->persistence[p->count++] = persistence;
}

static void take_pairs(void *context, const struct lstmc_dataset *data, size_t sample, const void *targets,
                       const float *output)
{
    const Targets *c = context;
    const float *truth = targets, *before = data->persistence ? data->persistence + sample * c->outputs : NULL;
    for (int i = 0; i < c->count; i++) {
        const Pairs *p = &c->pairs[i];
        size_t end = p->every_step ? c->outputs : (size_t)p->element + 1;
        for (size_t element = (size_t)p->element; element < end; element += (size_t)c->columns)
            take_pair(&c->pairs[i], truth[element], before ? before + element : NULL, output[element]);
    }
}

/* The name of an output's column, without the horizon that it may end in: "CLOSE +5" is CLOSE: the title says when. */
static const char *target_name(Arena *arena, const struct lstmc_meaning *meaning, int columns, const Pairs *p)
{
    int column = p->element % columns;
    if (meaning->targets.count != columns || !*meaning->targets.text[column])
        return columns > 1 ? arena_format(arena, "output %d", column + 1) : "output";
    const char *name = meaning->targets.text[column], *horizon = arena_format(arena, " +%d", p->ahead);
    size_t length = strlen(name), ending = strlen(horizon);
    if (p->ahead && length > ending && !strcmp(name + length - ending, horizon))
        length -= ending;
    return arena_format(arena, "%s%.*s", meaning->is_relative ? "change of " : "", (int)length, name);
}

/* Room for what `which` says, at most so many. */
static void add_pairs(Charts *charts, Targets *c, const struct lstmc_meaning *meaning, Pairs which, size_t all,
                      size_t most)
{
    size_t room = all < most ? all : most;
    int columns = meaning->target.columns;
    which.scale = columns ? meaning->target.scale[which.element % columns] : 1;
    which.offset = columns ? meaning->target.offset[which.element % columns] : 0;
    which.every = (all + most - 1) / most;
    which.name = target_name(charts->arena, meaning, c->columns, &which);
    which.truth = arena_array(charts->arena, double, room + 1);
    which.prediction = arena_array(charts->arena, double, room + 1);
    which.persistence = arena_array(charts->arena, double, room + 1);
    arena_append(charts->arena, c->pairs, c->count, c->capacity, which);
}

static double root_mean(double squares, size_t count)
{
    return sqrt(squares / (double)count);
}

static const char *rows_ahead(Arena *arena, int ahead)
{
    return ahead ? arena_format(arena, "%d row%s ahead", ahead, ahead == 1 ? "" : "s") : "at the window's end";
}

/* The pairs from `first` on. */
static void draw_forecast(Charts *charts, const Session *s, const Pairs *p, bool persistence, int first)
{
    double *sample = arena_array(charts->arena, double, p->count);
    for (int i = 0; i < p->count; i++)
        sample[i] = i + 1;
    PlotLine lines[3] = {
        { .name = "forecast", .y = p->prediction, .colour = 0 },
        { .name = "truth", .y = p->truth, .colour = 5 },
        { .name = "persistence (the last known value)", .y = p->persistence, .colour = 1, .style = PLOT_DOTTED },
    };
    for (int l = 0; l < 3; l++) {
        lines[l].x = sample + first;
        lines[l].y += first;
        lines[l].count = p->count - first;
    }
    const char *error = arena_format(charts->arena, "root mean squared error %.4g", root_mean(p->squares, p->seen));
    if (persistence)
        error = arena_format(charts->arena, "%s; of persistence %.4g", error,
                             root_mean(p->squares_persistence, p->seen));
    const char *when = rows_ahead(charts->arena, p->ahead);
    const char *part = first ? arena_format(charts->arena, "the last %d of ", p->count - first) : "";
    PlotLines chart = {
        .title = arena_format(charts->arena, "Forecast of %s, %s: %sthe %s data", p->name, when, part, which(s)),
        .x_label = "sample, in the order of the file",
        .y_label = p->name,
        .lines = lines,
        .line_count = persistence ? 3 : 2,
        .whole_x = true,
        .note = first ? NULL : error,
    };
    plot_lines(charts_add(charts, CHART_PREDICTIONS,
                          arena_format(charts->arena, "forecast_%s%s", p->name, first ? "_end" : "")),
               &chart);
}

/* How errors grow with the horizon, of one target: its pairs lie `step` apart. */
static void draw_errors(Charts *charts, const Session *s, const Pairs *first, int horizons, int step, bool persistence)
{
    double *ahead = arena_array(charts->arena, double, horizons), *error = arena_array(charts->arena, double, horizons);
    double *usual = arena_array(charts->arena, double, horizons);
    for (int h = 0; h < horizons; h++) {
        const Pairs *p = &first[h * step];
        ahead[h] = p->ahead;
        error[h] = root_mean(p->squares, p->seen);
        usual[h] = root_mean(p->squares_persistence, p->seen);
    }
    PlotLine lines[2] = {
        { .name = "forecast", .x = ahead, .y = error, .count = horizons, .colour = 0 },
        { .name = "persistence (the last known value)", .x = ahead, .y = usual, .count = horizons, .colour = 1,
          .style = PLOT_DOTTED },
    };
    PlotLines chart = {
        .title = arena_format(charts->arena, "Error of %s by rows ahead: the %s data", first->name, which(s)),
        .x_label = "rows ahead", .y_label = "root mean squared error", .lines = lines,
        .line_count = persistence ? 2 : 1, .whole_x = true,
    };
    plot_lines(charts_add(charts, CHART_PREDICTIONS, arena_format(charts->arena, "errors_%s", first->name)), &chart);
}

static void draw_pairs(Charts *charts, const Session *s, const Pairs *p, bool persistence)
{
    draw_forecast(charts, s, p, persistence, 0);
    if (p->count >= 2 * END_DRAWN)
        draw_forecast(charts, s, p, persistence, p->count - END_DRAWN);
}

static void note_what_is_drawn(Charts *charts, int targets, int horizons)
{
    const char *note = NULL;
    if (targets > TARGETS_DRAWN)
        note = arena_format(charts->arena, "the first %d of %d targets", TARGETS_DRAWN, targets);
    if (horizons > 2)
        note = arena_format(charts->arena, "%s%sthe nearest and the farthest of %d horizons", note ? note : "",
                            note ? ", " : "", horizons);
    if (note)
        charts->note[CHART_PREDICTIONS] = arena_format(charts->arena, "Drawn: %s.", note);
}

/* Of several horizons the first and the last. */
static int charts_of_forecasts(Charts *charts, Session *s, const struct lstmc_dataset *data)
{
    const Model *model = description_model(s->description);
    Targets c = targets_of(s);
    int horizons = horizons_count(model), targets = (int)c.outputs / horizons;
    int drawn = targets < TARGETS_DRAWN ? targets : TARGETS_DRAWN;
    for (int h = 0; h < horizons; h++)
        for (int target = 0; target < drawn; target++) {
            size_t kept = h == 0 || h == horizons - 1 ? data->samples : 1;      /* of others only errors are drawn */
            Pairs which = { .element = h * targets + target, .ahead = horizons_ahead(model, h) };
            add_pairs(charts, &c, &s->data.meaning, which, data->samples, kept);
        }
    int status = for_each_output(s, data, take_pairs, &c);
    bool persistence = data->persistence != NULL;
    for (int target = 0; target < drawn && !status; target++) {
        draw_pairs(charts, s, &c.pairs[target], persistence);
        if (horizons > 1)
            draw_pairs(charts, s, &c.pairs[(horizons - 1) * drawn + target], persistence);
        if (horizons > 2)
            draw_errors(charts, s, &c.pairs[target], horizons, drawn, persistence);
    }
    note_what_is_drawn(charts, targets, horizons);
    return status;
}

static void draw_scatter(Charts *charts, const Session *s, const Pairs *p)
{
    double n = (double)p->seen, variance = p->sum_squares - p->sum * p->sum / n;
    const char *note = arena_format(charts->arena, "root mean squared error %.4g", root_mean(p->squares, p->seen));
    if (variance > 0)
        note = arena_format(charts->arena, "%s; R² %.4g", note, 1 - p->squares / variance);
    if (p->every > 1)
        note = arena_format(charts->arena, "%s; drawn: %d of %zu", note, p->count, p->seen);
    PlotScatter chart = { .title = arena_format(charts->arena, "Prediction against truth, %s, %s data", p->name,
                                                which(s)),
                          .x_label = arena_format(charts->arena, "truth (%s)", p->name),
                          .y_label = arena_format(charts->arena, "prediction (%s)", p->name),
                          .note = note,
                          .x = p->truth,
                          .y = p->prediction,
                          .count = p->count };
    plot_scatter(charts_add(charts, CHART_PREDICTIONS, arena_format(charts->arena, "prediction_%s", p->name)), &chart);
}

static int charts_of_regression(Charts *charts, Session *s, const struct lstmc_dataset *data)
{
    Targets c = targets_of(s);
    int width = c.columns;
    size_t all = data->samples * (c.outputs / (size_t)width);
    for (int column = 0; column < width && column < TARGETS_DRAWN; column++)
        add_pairs(charts, &c, &s->data.meaning, (Pairs){ .element = column, .every_step = true }, all, PLOT_POINTS_MAX);
    int status = for_each_output(s, data, take_pairs, &c);
    for (int i = 0; i < c.count && !status; i++)
        draw_scatter(charts, s, &c.pairs[i]);
    if (width > TARGETS_DRAWN)
        charts->note[CHART_PREDICTIONS] = arena_format(charts->arena, "Drawn: the first %d of %d outputs.",
                                                       TARGETS_DRAWN, width);
    return status;
}

static bool is_of_classes(const Model *model)
{
    return strstr(model->loss, "crossentropy") != NULL;
}

/* Whether each output has a target to stand beside it: a loss of the description may have other targets. */
static bool stand_side_by_side(const Model *model)
{
    const struct lstmc_model *m = &model->descriptor;
    size_t outputs = m->target_count;
    if (m->target_is_class)
        outputs *= (size_t)lstmc_classes(m);
    return outputs == m->output_count && (is_of_classes(model) || !m->target_is_class);
}

int charts_of_predictions(Charts *charts, Session *s)
{
    const Model *model = description_model(s->description);
    const struct lstmc_dataset *data = s->validation.samples ? &s->validation : &s->data;
    if (!data->samples)
        return LSTMC_OK;
    if (model->descriptor.outputs) {
        charts->note[CHART_PREDICTIONS] = arena_format(charts->arena, "Predictions are not drawn: the model has %d "
                                                       "outputs. The losses and metrics of each are above.",
                                                       model->output_count);
        return LSTMC_OK;
    }
    if (!stand_side_by_side(model)) {
        charts->note[CHART_PREDICTIONS] =
            "Predictions are not drawn: the loss has targets of another kind or shape than the outputs.";
        return LSTMC_OK;
    }
    if (is_of_classes(model))
        return chart_of_classes(charts, s, data);
    bool in_order = model->data.kind == DATA_CSV && model->data.sliding && !model->data.last_only;
    return in_order ? charts_of_forecasts(charts, s, data) : charts_of_regression(charts, s, data);
}
