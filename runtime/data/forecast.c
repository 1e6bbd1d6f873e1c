/* forecast.c: in: a table and what a trained model knows of its columns.  out: every window of it, the last one too, as
 * inputs; nothing is asked for. */
#include "runtime/base/message.h"
#include "windows.h"

#include <stdlib.h>
#include <string.h>

typedef struct lstmc_windows Windows;

/* Names of the inputs, and of the targets that forecasts are changes of; the scaling of training. */
static int describe_columns(Windows *w, const struct lstmc_csv_options *options, const struct lstmc_scaling *scaling)
{
    int columns = w->columns + w->targets;
    w->names = calloc((size_t)columns + 1, sizeof *w->names);
    w->offset = calloc((size_t)columns, sizeof *w->offset);
    w->scale = calloc((size_t)columns, sizeof *w->scale);
    for (int i = 0; w->names && w->offset && w->scale && i < columns; i++) {
        int scaled = i < w->columns && scaling->columns;
        w->names[i] = i < w->columns ? options->columns[i] : options->targets[i - w->columns];
        size_t at = scaled ? w->place[i].offset % (size_t)scaling->columns : 0;
        w->offset[i] = scaled ? scaling->offset[at] : 0;
        w->scale[i] = scaled ? scaling->scale[at] : 1;
    }
    return w->names && w->offset && w->scale;
}

static int fill_windows(Windows *w, struct lstmc_dataset *data)
{
    const struct lstmc_table *table = &w->main.table;
    size_t samples = 0, targets = (size_t)w->targets;
    w->main.cut = table->rows;
    for (size_t row = 0; row < table->rows; row++)
        samples += (size_t)lstmc_windows_begin(w, &w->main, row, 1);
    if (!samples)
        return lstmc_fail(w->message, LSTMC_MISMATCH, "%.250s: has %zu rows, a sample reads %zu that follow each other",
                          w->main.path, table->rows, w->window);
    if (lstmc_dataset_alloc(w->model, samples, data) ||
        (targets && !(data->base = lstmc_alloc(samples * targets * sizeof *data->base))))
        return lstmc_fail_memory(w->message, w->main.path);
    for (size_t row = 0, sample = 0; sample < samples; row++) {
        if (!lstmc_windows_begin(w, &w->main, row, 1))
            continue;
        const double *last = &table->value[(row + w->window - 1) * (size_t)table->columns];
        for (size_t i = 0; i < targets; i++)
            data->base[sample * targets + i] = last[(size_t)w->columns + i];
        int status = lstmc_windows_inputs(w, &w->main, data, sample++, row);
        if (status)
            return status;
    }
    return LSTMC_OK;
}

int lstmc_read_windows(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                       const struct lstmc_scaling *scaling, struct lstmc_dataset *data, struct lstmc_message *message)
{
    int here = 0;                       /* nothing behind the window */
    Windows w = { .model = model,
                  .options = options,
                  .columns = options->column_count,
                  .targets = options->relative ? options->target_count : 0,
                  .window = options->sliding ? (size_t)options->window : 1,
                  .ahead = &here,
                  .ahead_count = 1,
                  .main.path = path,
                  .message = message };
    memset(data, 0, sizeof *data);
    if (model->inputs && (model->has_lengths || options->relative))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: of a model with several inputs and lengths no table is read", path);
    if (!model->inputs && model->input_count != w.window * (size_t)w.columns)
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: a sample has %zu x %d values, the model reads %zu", path,
                          w.window, w.columns, model->input_count);
    int status = lstmc_windows_places(&w);
    if (!status && !describe_columns(&w, options, scaling))
        status = lstmc_fail_memory(message, path);
    if (!status)
        status = lstmc_windows_read(&w, &w.main, NULL);
    if (!status)
        status = fill_windows(&w, data);
    if (status)
        lstmc_dataset_free(data);
    else
        data->notes = w.notes;
    lstmc_table_free(&w.main.table);
    free(w.names);
    free(w.place);
    free(w.offset);
    free(w.scale);
    return status;
}
