/* window.c: one window of a table: where it begins, what stands in its rows, and how that gets into a data set. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "windows.h"

#include <math.h>

typedef struct lstmc_windows Windows;
typedef struct lstmc_rows Rows;

double *lstmc_windows_cell(const Rows *rows, size_t row, int column)
{
    return &rows->table.value[row * (size_t)rows->table.columns + (size_t)column];
}

size_t lstmc_windows_rows(const Windows *w)
{
    return w->window + (size_t)w->ahead[w->ahead_count - 1];
}

int lstmc_windows_decided(const Windows *w, const Rows *rows, size_t last)
{
    for (int ahead = 0; ahead < w->ahead_count && w->options->above; ahead++)
        for (int column = w->columns; column < w->columns + w->targets; column++)
            if (isnan(*lstmc_windows_cell(rows, last + (size_t)w->ahead[ahead], column)))
                return 0;
    return 1;
}

/* A held-out window may read rows that train, but what it is asked for lies behind them. */
int lstmc_windows_begin(const Windows *w, const Rows *rows, size_t row, int trains)
{
    const struct lstmc_table *table = &rows->table;
    size_t behind = row + lstmc_windows_rows(w), first_target = row + w->window - 1 + (size_t)w->ahead[0];
    if (behind > table->rows || (trains ? behind > rows->cut : first_target < rows->cut) ||
        table->run[row] != table->run[behind - 1] || !lstmc_windows_decided(w, rows, row + w->window - 1))
        return 0;
    return trains || !w->options->last_only || behind == table->rows || table->group[behind] != table->group[row];
}

double lstmc_windows_value(const Windows *w, const Rows *rows, size_t first, size_t row, int column)
{
    double value = *lstmc_windows_cell(rows, row, column);
    return w->options->relative ? value - *lstmc_windows_cell(rows, first + w->window - 1, column) : value;
}

int lstmc_windows_store(const Windows *w, const Rows *rows, size_t row, int column, double value,
                        struct lstmc_dataset *data, size_t at)
{
    int is_target = column >= w->columns;
    if (is_target ? lstmc_store_target(w->model, data, at, value) : lstmc_store_input(w->model, data, at, value))
        return LSTMC_OK;
    struct lstmc_range range = is_target ? lstmc_target_range(w->model, at) : lstmc_input_range(w->model, at);
    return lstmc_fail(w->message, LSTMC_MISMATCH, "%.250s:%d: %s \"%.60s\": %.9g is not %s", rows->path,
                      rows->table.line[row], is_target ? "target" : "column", w->names[column], value, range.text);
}

int lstmc_windows_weight(const Windows *w, const Rows *rows, size_t row, struct lstmc_dataset *data, size_t at)
{
    if (!data->sample_weight)
        return LSTMC_OK;
    double weight = *lstmc_windows_cell(rows, row, w->columns + w->targets);
    if (lstmc_store_weight(data, at, weight))
        return LSTMC_OK;
    return lstmc_fail(w->message, LSTMC_MISMATCH, "%.250s:%d: column \"%.60s\": " LSTMC_NO_WEIGHT, rows->path,
                      rows->table.line[row], w->options->sample_weight, weight);
}
