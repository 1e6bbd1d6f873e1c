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

/* Rows [first, end), the last of them where there are more than the model has steps. The targets are those of its last
 * row, or, of a model with an output for each step, those of all. */
static int fill_sample(const Windows *w, const Rows *rows, struct lstmc_dataset *data, size_t sample, size_t first,
                       size_t end)
{
    const struct lstmc_model *model = w->model;
    size_t steps = (size_t)model->input_shape[0], kept = end - first < steps ? end - first : steps;
    size_t x = sample * model->input_count, y = sample * model->target_count;
    int status = LSTMC_OK, each_step = model->output_rank > 1;
    for (size_t row = end - kept; row < end; row++) {
        for (int column = 0; column < w->columns && !status; column++)
            status = store(w, rows, data, row, column, x++);
        for (int column = w->columns; column < w->columns + w->targets && !status && (each_step || row + 1 == end);
             column++)
            status = store(w, rows, data, row, column, y++);
    }
    data->lengths[sample] = (int32_t)kept;
    return status ? status : lstmc_windows_weight(w, rows, end - 1, data, sample);
}

size_t lstmc_groups_count(const struct lstmc_rows *rows, int trains)
{
    size_t count = 0;
    for (size_t row = 0; row < rows->table.rows; row = end_of_group(rows, row))
        count += (row < rows->cut) == (trains != 0);
    return count;
}

int lstmc_groups_fill(const struct lstmc_windows *w, const struct lstmc_rows *rows, struct lstmc_dataset *data,
                      int trains)
{
    int status = LSTMC_OK;
    for (size_t row = 0, sample = 0, end; row < rows->table.rows && !status; row = end) {
        end = end_of_group(rows, row);
        if ((row < rows->cut) == (trains != 0))
            status = fill_sample(w, rows, data, sample++, row, end);
    }
    return status;
}
