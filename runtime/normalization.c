/* normalization.c: in: the rows of a table and how samples lie in them.  out: what each column is moved and divided by, as the training part alone
 * shows it. */
#include "message.h"
#include "windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct statistics {
    double count, mean, squares, low, high;     /* squares: of the deviations from the mean (Welford 1962) */
};

static void add(struct statistics *s, double value)
{
    double deviation = value - s->mean;
    s->low = s->count ? fmin(s->low, value) : value;
    s->high = s->count ? fmax(s->high, value) : value;
    s->count++;
    s->mean += deviation / s->count;
    s->squares += deviation * (value - s->mean);
}

/* Beside the last known row a value is another one in each sample. */
static void add_sample(const struct lstmc_windows *w, size_t first, int column, struct statistics *s)
{
    size_t last = first + w->window - 1;
    if (column < w->columns)
        for (size_t row = first; row <= last; row++)
            add(s, lstmc_windows_value(w, &w->main, first, row, column));
    else
        for (int i = 0; i < w->ahead_count; i++)
            add(s, lstmc_windows_value(w, &w->main, first, last + (size_t)w->ahead[i], column));
}

/* Mean and standard deviation, or minimum and range; a constant column keeps scale 1. */
static void fit_column(const struct lstmc_windows *w, int column)
{
    struct statistics s = { 0 };
    for (size_t row = 0; row < w->main.cut; row++) {
        if (!w->options->relative)
            add(&s, lstmc_windows_value(w, &w->main, row, row, column));
        else if (lstmc_windows_begin(w, &w->main, row, 1))
            add_sample(w, row, column, &s);
    }
    int standard = !strcmp(w->options->normalization, "standard");
    double scale = standard ? sqrt(s.squares / s.count) : s.high - s.low;
    w->offset[column] = standard ? s.mean : s.low;
    w->scale[column] = s.low < s.high && isfinite(scale) && scale > 0 ? scale : 1;
}

/* Probabilities, classes and ids stay as they are; what a regression predicts is normalised. */
static int is_normalised(const struct lstmc_windows *w, int column)
{
    const struct lstmc_model *model = w->model;
    const char *kind = w->options->normalization;
    if (!kind || !strcmp(kind, "none"))
        return 0;
    if (column < w->columns)
        return !model->input_is_tokens;
    return !model->target_is_class && !w->options->at_most && !(model->loss && strstr(model->loss, "crossentropy"));
}

int lstmc_windows_normalize(struct lstmc_windows *w)
{
    int columns = w->columns + w->targets;
    w->offset = calloc((size_t)columns, sizeof *w->offset);
    w->scale = calloc((size_t)columns, sizeof *w->scale);
    if (!w->offset || !w->scale)
        return lstmc_fail_memory(w->message, w->main.path);
    for (int column = 0; column < columns; column++) {
        w->scale[column] = 1;
        if (is_normalised(w, column) && w->main.cut)
            fit_column(w, column);
    }
    return LSTMC_OK;
}
