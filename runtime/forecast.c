/* forecast.c: in: a table and what a trained model knows of its columns.  out: every window of it, the last one too, as inputs; nothing is asked for. */
#include "csv.h"
#include "dataset.h"
#include "message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct windows {
    const struct lstmc_model *model;
    const struct lstmc_csv_options *options;
    const struct lstmc_scaling *scaling;
    struct lstmc_table table;           /* inputs, then targets */
    size_t window;
};

/* Whether the rows of a window follow each other. */
static int is_whole(const struct windows *w, size_t row)
{
    size_t last = row + w->window - 1;
    return last < w->table.rows && w->table.run[row] == w->table.run[last] && w->table.group[row] == w->table.group[last];
}

static double value_at(const struct windows *w, size_t row, int column)
{
    return w->table.value[row * (size_t)w->table.columns + (size_t)column];
}

static int fill_window(const struct windows *w, size_t row, struct lstmc_dataset *data, size_t sample)
{
    int columns = w->options->column_count;
    size_t x = sample * w->model->input_count;
    for (size_t step = 0; step < w->window; step++)
        for (int i = 0; i < columns; i++) {
            double value = value_at(w, row + step, i);
            if (w->options->relative)
                value -= value_at(w, row + w->window - 1, i);
            if (w->scaling->columns)
                value = (value - w->scaling->offset[i % w->scaling->columns]) / w->scaling->scale[i % w->scaling->columns];
            if (!lstmc_store_input(w->model, data, x++, value))
                return 0;
        }
    return 1;
}

static int fill_windows(struct windows *w, const char *path, struct lstmc_dataset *data, struct lstmc_message *message)
{
    int columns = w->options->column_count, targets = w->table.columns - columns;
    size_t samples = 0;
    for (size_t row = 0; row < w->table.rows; row++)
        samples += (size_t)is_whole(w, row);
    if (!samples)
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: has %zu rows, a sample reads %zu that follow each other", path, w->table.rows, w->window);
    if (lstmc_dataset_alloc(w->model, samples, data))
        return lstmc_fail_memory(message, path);
    if (targets && !(data->persistence = lstmc_alloc(samples * (size_t)targets * sizeof(float))))
        return lstmc_fail_memory(message, path);
    for (size_t row = 0, sample = 0; row < w->table.rows; row++) {
        if (!is_whole(w, row))
            continue;
        if (!fill_window(w, row, data, sample))
            return lstmc_fail(message, LSTMC_MISMATCH, "%.250s:%d: the row does not fit the model's input: not %s", path, w->table.line[row],
                              lstmc_input_range(w->model).text);
        for (int i = 0; i < targets; i++)
            data->persistence[sample * (size_t)targets + (size_t)i] = (float)value_at(w, row + w->window - 1, columns + i);
        sample++;
    }
    return LSTMC_OK;
}

int lstmc_read_windows(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                       const struct lstmc_scaling *scaling, struct lstmc_dataset *data, struct lstmc_message *message)
{
    struct windows w = { .model = model, .options = options, .scaling = scaling, .window = options->sliding ? (size_t)options->window : 1 };
    int targets = options->relative ? options->target_count : 0;
    memset(data, 0, sizeof *data);
    if (model->input_count != w.window * (size_t)options->column_count)
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: a sample has %zu x %d values, the model reads %zu", path, w.window, options->column_count,
                          model->input_count);
    const char **names = calloc((size_t)(options->column_count + targets), sizeof *names);
    if (!names)
        return lstmc_fail_memory(message, path);
    for (int i = 0; i < options->column_count; i++)
        names[i] = options->columns[i];
    for (int i = 0; i < targets; i++)
        names[options->column_count + i] = options->targets[i];
    const char *missing = options->missing ? options->missing : "error";
    struct lstmc_table_options table = { .names = names, .name_count = options->column_count + targets, .group = options->group,
                                         .keep_missing = strcmp(missing, "error") != 0, .unpack = options->unpack };
    int status = lstmc_table_read(path, &table, &w.table, message);
    if (!status && table.keep_missing)
        status = lstmc_rows_complete(&w.table, missing, path, names, message);
    if (!status)
        status = fill_windows(&w, path, data, message);
    if (status)
        lstmc_dataset_free(data);
    lstmc_table_free(&w.table);
    free(names);
    return status;
}
