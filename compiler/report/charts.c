/* charts.c: in: the log of a training.  out: a chart for each of its quantities; and the list that all
 * charts are in. */
#include "charts.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define LOGARITHMIC_FROM 100    /* a loss that spans more than two decades */
#define EPOCHS_DRAWN     10     /* lines of gradient flow for each layer */

/* ---- the list ---- */

static bool name_taken(const Charts *charts, const char *name)
{
    for (int i = 0; i < charts->count; i++)
        if (!strcmp(charts->list[i].name, name))
            return true;
    return false;
}

Out *charts_add(Charts *charts, ChartSection section, const char *name)
{
    char *plain = arena_copy_text(charts->arena, name);
    for (char *c = plain; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    const char *unique = plain;
    for (int i = 2; name_taken(charts, unique); i++)
        unique = arena_format(charts->arena, "%s_%d", plain, i);
    arena_append(charts->arena, charts->list, charts->count, charts->capacity,
                 ((Chart){ .section = section, .name = unique }));
    return &charts->list[charts->count - 1].picture;
}

void charts_free(Charts *charts)
{
    for (int i = 0; i < charts->count; i++)
        out_free(&charts->list[i].picture);
}

/* ---- losses and metrics ---- */

bool chart_larger_is_better(const char *key)
{
    static const char *const words[] = { "acc", "auc", "precision", "recall", "f1", "r2", "iou", "cosine" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(key, words[i]))
            return true;
    return false;
}

int chart_best(const double *value, int count, bool larger)
{
    int best = -1;
    for (int i = 0; i < count; i++)
        if (isfinite(value[i]) && (best < 0 || (larger ? value[i] > value[best] : value[i] < value[best])))
            best = i;
    return best;
}

/* A scale of powers of ten, if all is positive and spans enough. */
static bool wants_logarithm(const PlotLine *lines, int count)
{
    double low = INFINITY, high = 0;
    for (int l = 0; l < count; l++)
        for (int i = 0; i < lines[l].count; i++)
            if (isfinite(lines[l].y[i])) {
                low = fmin(low, lines[l].y[i]);
                high = fmax(high, lines[l].y[i]);
            }
    return low > 0 && high > LOGARITHMIC_FROM * low;
}

static const char *note_of_gaps(Arena *arena, const PlotLine *lines, int count)
{
    int gaps = 0;
    for (int l = 0; l < count; l++)
        for (int i = 0; i < lines[l].count; i++)
            gaps += !isfinite(lines[l].y[i]);
    return gaps ? arena_format(arena, "%d value%s not finite, or missing in the log: a gap", gaps,
                               gaps == 1 ? " is" : "s are")
                : NULL;
}

static bool is_learning_rate(const char *key)
{
    return !strcmp(key, "learning_rate") || !strcmp(key, "lr");
}

/* "loss (mse), normalised" */
static const char *label_of(Arena *arena, const Model *model, const char *key)
{
    const char *normalization = model->data.kind == DATA_CSV ? model->data.normalization : NULL;
    bool loss = !strcmp(key, "loss"), normalised = loss && model->loss && !strstr(model->loss, "crossentropy");
    normalised = normalised && normalization && strcmp(normalization, "none");
    const char *name = loss && model->loss ? arena_format(arena, "loss (%s)", model->loss) : key;
    return normalised ? arena_format(arena, "%s, of normalised values", name) : name;
}

static PlotLine line_of(Charts *charts, const TrainingLog *log, const double *epochs, const char *key,
                        const double *value, bool judged)
{
    bool validation = !strncmp(key, "val_", 4);
    PlotLine line = { .name = validation ? "validation" : "training",
                      .x = epochs,
                      .y = value,
                      .count = log->epochs,
                      .colour = validation };
    int best = judged ? chart_best(value, log->epochs, chart_larger_is_better(key)) : -1;
    if (best >= 0) {
        line.ringed = best + 1;
        line.name = arena_format(charts->arena, "%s (best: %.4g, epoch %.0f)", line.name, value[best],
                                 chart_epoch(log, best));
    }
    return line;
}

/* One quantity: its training and its validation values, as far as they are there. */
static void chart_of_key(Charts *charts, const Model *model, const TrainingLog *log, const double *epochs,
                         const char *key)
{
    const char *validation_key = arena_format(charts->arena, "val_%s", key);
    const double *training = training_log_values(log, key), *validation = training_log_values(log, validation_key);
    PlotLine lines[2];
    int count = 0;
    if (training)
        lines[count++] = line_of(charts, log, epochs, key, training, !validation && !is_learning_rate(key));
    if (validation)
        lines[count++] = line_of(charts, log, epochs, validation_key, validation, true);
    if (is_learning_rate(key))
        lines[0].name = NULL;
    PlotLines chart = {
        .title = !strcmp(key, "loss")    ? "Loss"
                 : is_learning_rate(key) ? "Learning rate"
                                         : key,
        .x_label = "epoch",
        .y_label = label_of(charts->arena, model, key),
        .note = note_of_gaps(charts->arena, lines, count),
        .lines = lines,
        .line_count = count,
        .whole_x = true,
        .logarithmic = (!strcmp(key, "loss") || is_learning_rate(key)) && wants_logarithm(lines, count),
    };
    plot_lines(charts_add(charts, CHART_TRAINING, key), &chart);
}

static bool is_constant(const double *value, int count)
{
    for (int i = 1; i < count; i++)
        if (value[i] != value[0])
            return false;
    return true;
}

void charts_of_log(Charts *charts, const Model *model, const TrainingLog *log)
{
    double *epochs = arena_array(charts->arena, double, log->epochs + 1);
    for (int i = 0; i < log->epochs; i++)
        epochs[i] = chart_epoch(log, i);
    if (training_log_values(log, "loss") || training_log_values(log, "val_loss"))
        chart_of_key(charts, model, log, epochs, "loss");
    for (int k = 0; k < log->keys; k++) {
        const char *key = log->key[k], *plain = !strncmp(key, "val_", 4) ? key + 4 : key;
        if (!strcmp(plain, "loss") || (plain != key && training_log_values(log, plain)))
            continue;               /* drawn already, or with the training values */
        if (!is_learning_rate(key))
            chart_of_key(charts, model, log, epochs, plain);
    }
    for (int k = 0; k < log->keys; k++)
        if (is_learning_rate(log->key[k]) && !is_constant(log->value[k], log->epochs))
            chart_of_key(charts, model, log, epochs, log->key[k]);
}

/* ---- gradient flow ---- */

typedef struct FlowEpochs {
    int *epoch;                 /* ascending, each once */
    int count, capacity;
} FlowEpochs;

static FlowEpochs epochs_of(Arena *arena, const GradientFlow *flow)
{
    FlowEpochs epochs = { 0 };
    for (int s = 0; s < flow->count; s++) {
        int at = epochs.count;
        while (at > 0 && epochs.epoch[at - 1] > flow->series[s].epoch)
            at--;
        if (at > 0 && epochs.epoch[at - 1] == flow->series[s].epoch)
            continue;
        arena_append(arena, epochs.epoch, epochs.count, epochs.capacity, 0);
        for (int i = epochs.count - 1; i > at; i--)
            epochs.epoch[i] = epochs.epoch[i - 1];
        epochs.epoch[at] = flow->series[s].epoch;
    }
    return epochs;
}

/* First, last, and of the others as many as can be told apart. */
static bool is_drawn(const FlowEpochs *epochs, int epoch)
{
    for (int i = 0; i < EPOCHS_DRAWN; i++)
        if (epochs->epoch[(long)i * (epochs->count - 1) / (EPOCHS_DRAWN - 1)] == epoch)
            return true;
    return false;
}

static int layer_colour(const GradientFlow *flow, int series)
{
    int colour = 0;
    for (int s = 0; strcmp(flow->series[s].layer, flow->series[series].layer); s++) {
        bool first = true;
        for (int before = 0; before < s; before++)
            first &= strcmp(flow->series[before].layer, flow->series[s].layer) != 0;
        colour += first;
    }
    return colour;
}

static PlotLine flow_line(Charts *charts, const GradientFlow *flow, int s, const FlowEpochs *epochs)
{
    const FlowSeries *series = &flow->series[s];
    bool first = series->epoch == epochs->epoch[0], last = series->epoch == epochs->epoch[epochs->count - 1];
    return (PlotLine){
        .name = first || last ? arena_format(charts->arena, "%s, epoch %d", series->layer, series->epoch + 1) : NULL,
        .x = series->timestep, .y = series->norm, .count = series->count, .colour = layer_colour(flow, s),
        .style = last ? PLOT_SOLID : first ? PLOT_DASHED : PLOT_THIN,
    };
}

static const char *flow_note(Arena *arena, const GradientFlow *flow, const FlowEpochs *epochs)
{
    bool zero = false;
    for (int s = 0; s < flow->count; s++)
        for (int i = 0; i < flow->series[s].count; i++)
            zero |= flow->series[s].norm[i] == 0;
    const char *between = epochs->count > EPOCHS_DRAWN ? arena_format(arena, "thin: epochs between, %d of %d",
                                                                      EPOCHS_DRAWN - 2, epochs->count - 2)
                          : epochs->count > 2          ? "thin: epochs between"
                                                       : "";
    return zero       ? arena_format(arena, "%s%swhere a norm is 0 there is a gap", between, *between ? "; " : "")
           : *between ? between
                      : NULL;
}

void charts_of_flow(Charts *charts, const GradientFlow *flow)
{
    FlowEpochs epochs = epochs_of(charts->arena, flow);
    PlotLine *lines = arena_array(charts->arena, PlotLine, flow->count + 1);
    int count = 0;
    for (int thin = 0; thin < 2; thin++)        /* thin lines lie below the others */
        for (int s = 0; s < flow->count; s++)
            if (is_drawn(&epochs, flow->series[s].epoch) &&
                ((lines[count] = flow_line(charts, flow, s, &epochs)).style == PLOT_THIN) == thin)
                count++;
    PlotLines chart = {
        .title = "Gradient flow: how much of the loss's gradient arrives at each time step",
        .x_label = "time step t",
        .y_label = "‖dL/dh_t‖",
        .note = flow_note(charts->arena, flow, &epochs),
        .lines = lines,
        .line_count = count,
        .logarithmic = true,
        .whole_x = true,
    };
    plot_lines(charts_add(charts, CHART_GRADIENTS, "gradient_flow"), &chart);
}
