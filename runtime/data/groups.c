/* groups.c: in: a table whose groups are sequences.  out: a sample for each group, of as many steps as it has rows. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "windows.h"

typedef struct lstmc_windows Windows;
typedef struct lstmc_rows Rows;

/* The row behind the group that begins at a row. */
static size_t end_of_group(const Rows *rows, size_t first)
{
    size_t row = first;
    while (row < rows->table.rows && rows->table.group[row] == rows->table.group[first])
        row++;
    return row;
}

static int store(const Windows *w, const Rows *rows, struct lstmc_dataset *data, size_t row, int column, size_t at)
{
    double value = (*lstmc_windows_cell(rows, row, column) - w->offset[column]) / w->scale[column];
    return lstmc_windows_store(w, rows, row, column, value, data, at);
}

/* The first of the rows [first, end) that is a step: the last ones are, where there are more than the model has. */
static size_t steps_of(const Windows *w, size_t first, size_t end)
{
    return end - first < w->steps ? first : end - w->steps;
}

/* The first one that has targets: the last row alone, or, of a model with an output for each step, all of them. */
static size_t targets_of(const Windows *w, size_t first, size_t end)
{
    return w->model->output_rank > 1 ? steps_of(w, first, end) : end - 1;
}

static int fill_sample(const Windows *w, const Rows *rows, struct lstmc_dataset *data, size_t sample, size_t first,
                       size_t end)
{
    size_t x = sample * w->model->input_count, y = sample * w->model->target_count;
    size_t first_step = steps_of(w, first, end), first_target = targets_of(w, first, end);
    int status = LSTMC_OK;
    for (size_t row = first_step; row < end; row++) {
        for (int column = 0; column < w->columns && !status; column++)
            if (w->place[column].each_row || row + 1 == end)
                status = store(w, rows, data, row, column,
                               x + w->place[column].offset + (row - first_step) * w->place[column].stride);
        for (int column = w->columns; column < w->columns + w->targets && !status && row >= first_target; column++)
            status = store(w, rows, data, row, column, y++);
    }
    data->lengths[sample] = (int32_t)(end - first_step);
    if (!w->options->weighs_steps)
        return status ? status : lstmc_windows_weight(w, rows, end - 1, data, sample);
    for (size_t row = first_step; row < end && !status; row++)
        status = lstmc_windows_weight(w, rows, row, data, sample * data->weights + row - first_step);
    return status;
}

/* Whether rows [first, end) are a sample that trains (or is held out). */
static int is_sample(const Windows *w, const Rows *rows, size_t first, size_t end, int trains)
{
    size_t row = targets_of(w, first, end);
    while (row < end && lstmc_windows_decided(w, rows, row))
        row++;
    return row == end && (first < rows->cut) == (trains != 0);
}

size_t lstmc_groups_count(const struct lstmc_windows *w, const struct lstmc_rows *rows, int trains)
{
    size_t count = 0;
    for (size_t row = 0, end; row < rows->table.rows; row = end) {
        end = end_of_group(rows, row);
        count += (size_t)is_sample(w, rows, row, end, trains);
    }
    return count;
}

int lstmc_groups_fill(const struct lstmc_windows *w, const struct lstmc_rows *rows, struct lstmc_dataset *data,
                      int trains)
{
    int status = LSTMC_OK;
    for (size_t row = 0, sample = 0, end; row < rows->table.rows && !status; row = end) {
        end = end_of_group(rows, row);
        if (is_sample(w, rows, row, end, trains))
            status = fill_sample(w, rows, data, sample++, row, end);
    }
    return status;
}
