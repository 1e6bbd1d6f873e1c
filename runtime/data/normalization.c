/* normalization.c: in: the rows of a table and how samples lie in them.  out: what each column is moved and divided by,
 * as the training part alone shows it. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "statistics.h"
#include "windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beside the last known row a value is another one in each sample. */
static void add_sample(const struct lstmc_windows *w, size_t first, int column, struct lstmc_statistics *s)
{
    size_t last = first + w->window - 1;
    if (column < w->columns)
        for (size_t row = first; row <= last; row++)
            lstmc_statistics_add(s, lstmc_windows_value(w, &w->main, first, row, column));
    else
        for (int i = 0; i < w->ahead_count; i++)
            lstmc_statistics_add(s, lstmc_windows_value(w, &w->main, first, last + (size_t)w->ahead[i], column));
}

/* Of what the training part shows of a column. */
static struct lstmc_statistics statistics_of(const struct lstmc_windows *w, int column)
{
    struct lstmc_statistics s = { 0 };
    for (size_t row = 0; row < w->main.cut; row++) {
        if (!w->options->relative)
            lstmc_statistics_add(&s, lstmc_windows_value(w, &w->main, row, row, column));
        else if (lstmc_windows_begin(w, &w->main, row, 1))
            add_sample(w, row, column, &s);
    }
    return s;
}

/* Probabilities, classes and ids stay as they are; what a regression predicts is normalised. */
static int may_be_normalised(const struct lstmc_windows *w, int column)
{
    const struct lstmc_model *model = w->model;
    if (column < w->columns)
        return !lstmc_input_vocabulary(model, w->place[column].offset);
    return !model->target_is_class && !w->options->at_most && !lstmc_targets_are_labels(model);
}

/* A column may be asked for twice, as an input and a target. */
static int is_first_of_name(const struct lstmc_windows *w, int column)
{
    for (int before = 0; before < column; before++)
        if (!strcmp(w->names[before], w->names[column]))
            return 0;
    return 1;
}

/* Numbers far from zero whose differences a float does not hold: the model's inputs are floats, and so are those of
 * M_normalize. */
static void note_column(struct lstmc_windows *w, int column, const struct lstmc_statistics *s, int is_normalised)
{
    const char *name = w->names[column], *path = w->main.path;
    double deviation = lstmc_statistics_deviation(s), largest = 0;
    if (s->low == s->high)
        return;
    for (size_t row = 0; row < w->main.cut; row++)
        largest = fmax(largest, fabs(w->main.table.value[row * (size_t)w->main.table.columns + (size_t)column]));
    if (!lstmc_float_holds(largest, deviation))
        lstmc_note(&w->notes,
                   "%.150s: column \"%.60s\": beside numbers as large as %.9g a deviation of %.3g is lost in floats%s",
                   path, name, largest, deviation,
                   is_normalised && !w->model->inputs
                       ? ", which M_normalize reads: use M_normalize_double on the device, or subtract a number from "
                         "the column"
                       : ", which the model reads: use normalization = \"standard\", or subtract a number from the "
                         "column");
}

/* What is the same everywhere says nothing. */
static void note_constants(struct lstmc_windows *w, const char *constant)
{
    char names[200] = "";
    size_t used = 0, count = 0;
    for (int column = 0; column < w->columns + w->targets; column++) {
        if (!constant[column])
            continue;
        count++;
        int wrote = lstmc_format(names + used, sizeof names - used, "%s\"%.40s\"", used ? ", " : "", w->names[column]);
        used = used + (size_t)wrote < sizeof names ? used + (size_t)wrote : sizeof names - 1;
    }
    if (count)
        lstmc_note(&w->notes, "%.150s: %s %s has the same value in every row that trains%s", w->main.path,
                   count == 1 ? "column" : "each of the columns", names,
                   w->options->relative ? ", beside the last row of its window" : "");
}

int lstmc_windows_normalize(struct lstmc_windows *w)
{
    int columns = w->columns + w->targets,
        normalizes = w->options->normalization && strcmp(w->options->normalization, "none");
    w->offset = calloc((size_t)columns, sizeof *w->offset);
    w->scale = calloc((size_t)columns, sizeof *w->scale);
    char *constant = calloc((size_t)columns, 1);
    if (!w->offset || !w->scale || !constant) {
        free(constant);
        return lstmc_fail_memory(w->message, w->main.path);
    }
    for (int column = 0; column < columns; column++) {
        w->scale[column] = 1;
        if (!may_be_normalised(w, column))
            continue;
        struct lstmc_statistics s = statistics_of(w, column);
        if (s.count && normalizes)
            lstmc_statistics_scaling(&s, w->options->normalization, &w->offset[column], &w->scale[column]);
        constant[column] = s.count > 1 && s.low == s.high && is_first_of_name(w, column);
        if (s.count > 1 && is_first_of_name(w, column))
            note_column(w, column, &s, normalizes);
    }
    note_constants(w, constant);
    free(constant);
    return LSTMC_OK;
}
