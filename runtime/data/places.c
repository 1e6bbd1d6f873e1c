/* places.c: in: which columns of a table each input of a model reads.  out: where in a sample the cells of a column
 * lie. Of several inputs one reads a column in each row of the window, {window, columns}, or in its last row,
 * {columns}. */
#include "runtime/base/message.h"
#include "windows.h"

#include <stdlib.h>
#include <string.h>

typedef struct lstmc_windows Windows;

/* Whether an input of this shape has room for so many columns of so many rows. */
static int reads_rows(const struct lstmc_array *input, size_t rows, size_t columns)
{
    return input->count == rows * columns && (rows == 1 || (size_t)input->shape[0] == rows);
}

/* Of a model with lengths: the steps of the first input that is a sequence of so many columns; 0: there is none. */
static size_t steps_of_groups(const Windows *w)
{
    const int *columns = w->options->input_columns;
    for (int k = 0; k < w->model->input_arrays; k++) {
        const struct lstmc_array *input = &w->model->inputs[k];
        if ((input->rank > 1 || input->is_integer) &&
            reads_rows(input, (size_t)input->shape[0], (size_t)columns[k]))
            return (size_t)input->shape[0];
    }
    return 0;
}

static int does_not_fit(const Windows *w, const struct lstmc_array *input, int columns)
{
    const char *of = w->model->has_lengths ? "group" : "window";
    return lstmc_fail(w->message, LSTMC_MISMATCH,
                      "%.250s: the input %.60s reads %zu values a sample, and has %d column%s: Input{%zu, %d} reads "
                      "each row of the %s, Input{%d} its last one",
                      w->main.path, input->name, input->count, columns, columns == 1 ? "" : "s", w->steps, columns, of,
                      columns);
}

static int place_inputs(Windows *w)
{
    const struct lstmc_csv_options *options = w->options;
    int column = 0;
    for (int k = 0; k < w->model->input_arrays; k++) {
        const struct lstmc_array *input = &w->model->inputs[k];
        size_t count = (size_t)options->input_columns[k];
        int each = reads_rows(input, w->steps, count);
        if (!each && input->count != count)
            return does_not_fit(w, input, options->input_columns[k]);
        for (size_t i = 0; i < count; i++)
            w->place[column++] = (struct lstmc_place){ .offset = input->offset + i, .stride = each ? count : 0,
                                                       .each_row = each };
    }
    return LSTMC_OK;
}

int lstmc_windows_places(Windows *w)
{
    const struct lstmc_csv_options *options = w->options;
    const struct lstmc_model *model = w->model;
    int named = 0;
    for (int k = 0; k < options->input_count; k++)
        named += options->input_columns[k];
    if (options->input_count != model->input_arrays || (model->inputs && named != w->columns))
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%.250s: %d columns are named for %d input%s, and the model has %d", w->main.path,
                          options->input_count ? named : w->columns, options->input_count,
                          options->input_count == 1 ? "" : "s", model->inputs ? model->input_arrays : 1);
    w->steps = model->has_lengths ? model->inputs ? steps_of_groups(w) : (size_t)model->input_shape[0] : w->window;
    w->place = calloc((size_t)w->columns + 1, sizeof *w->place);
    if (!w->place)
        return lstmc_fail_memory(w->message, w->main.path);
    if (model->inputs)
        return place_inputs(w);
    for (int i = 0; i < w->columns; i++)
        w->place[i] = (struct lstmc_place){ .offset = (size_t)i, .stride = (size_t)w->columns, .each_row = 1 };
    return LSTMC_OK;
}

/* ---- what the numbers mean ---- */

/* Of several inputs every element of a sample has its name and scale, as none of them come again and again. */
static int describe_elements(const Windows *w, struct lstmc_meaning *meaning)
{
    if (!lstmc_scaling_alloc(&meaning->input, (int)w->model->input_count) ||
        !lstmc_names_alloc(&meaning->columns, (int)w->model->input_count))
        return 0;
    for (int i = 0; i < w->columns; i++)
        for (size_t row = 0; row < (w->place[i].each_row ? w->steps : 1); row++) {
            size_t at = w->place[i].offset + row * w->place[i].stride;
            meaning->input.offset[at] = w->offset[i];
            meaning->input.scale[at] = w->scale[i];
            if (!lstmc_names_set(&meaning->columns, (int)at, w->names[i], strlen(w->names[i])))
                return 0;
        }
    return 1;
}

static int describe_columns(const Windows *w, struct lstmc_meaning *meaning)
{
    int good = lstmc_names_alloc(&meaning->columns, w->columns) &&
               (w->model->input_is_tokens || lstmc_scaling_alloc(&meaning->input, w->columns));
    for (int i = 0; good && i < w->columns; i++) {
        good = lstmc_names_set(&meaning->columns, i, w->names[i], strlen(w->names[i]));
        if (w->model->input_is_tokens)
            continue;
        meaning->input.offset[i] = w->offset[i];
        meaning->input.scale[i] = w->scale[i];
    }
    return good;
}

int lstmc_windows_describe_inputs(const Windows *w, struct lstmc_meaning *meaning)
{
    return w->model->inputs ? describe_elements(w, meaning) : describe_columns(w, meaning);
}
