/* rows.c: in: a table as it was read.  out: the same without missing values, and with what another file knows of its
 * groups. */
#include "csv.h"
#include "runtime/base/message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *cell(const struct lstmc_table *table, size_t row, int column)
{
    return &table->value[row * (size_t)table->columns + (size_t)column];
}

static int row_is_complete(const struct lstmc_table *table, size_t row)
{
    for (int column = 0; column < table->columns; column++)
        if (isnan(*cell(table, row, column)))
            return 0;
    return 1;
}

/* The rows that stay move up; behind a gap a new run begins. */
static int drop_rows(struct lstmc_table *table, const char *path, struct lstmc_message *message)
{
    size_t kept = 0, columns = (size_t)table->columns;
    int run = -1;
    for (size_t row = 0, follows = 0; row < table->rows; row++) {
        if (!row_is_complete(table, row)) {
            follows = 0;
            continue;
        }
        run += !follows || table->group[row] != table->group[kept - 1];
        memmove(cell(table, kept, 0), cell(table, row, 0), columns * sizeof *table->value);
        table->line[kept] = table->line[row];
        table->group[kept] = table->group[row];
        table->run[kept++] = run;
        follows = 1;
    }
    table->rows = kept;
    return kept ? LSTMC_OK : lstmc_fail(message, LSTMC_BAD_FILE, "%s: every row has a missing value", path);
}

/* The nearest row in one direction, inside the group, that has the value; `rows` if there is none. */
static size_t nearest(const struct lstmc_table *table, size_t row, int column, int forward)
{
    for (size_t at = row; at < table->rows && table->group[at] == table->group[row]; at += forward ? 1 : SIZE_MAX)
        if (!isnan(*cell(table, at, column)))
            return at;
    return table->rows;
}

/* Of a gap that begins at `row`. Returns the first row behind it; 0: there is nothing to fill it with. */
static size_t fill_gap(struct lstmc_table *table, size_t row, int column, int interpolate)
{
    size_t before = nearest(table, row, column, 0), after = interpolate ? nearest(table, row, column, 1) : table->rows;
    if (before == table->rows || (interpolate && after == table->rows))
        return 0;
    double from = *cell(table, before, column), to = interpolate ? *cell(table, after, column) : from;
    size_t at = row;
    for (; at < table->rows && table->group[at] == table->group[row] && isnan(*cell(table, at, column)); at++)
        *cell(table, at, column) = interpolate ? from + (to - from) * ((double)(at - before) / (double)(after - before))
                                               : from;
    return at;
}

static int fill_column(struct lstmc_table *table, int column, int interpolate, const char *path, const char *name,
                       struct lstmc_message *message)
{
    for (size_t row = 0; row < table->rows;) {
        size_t behind = isnan(*cell(table, row, column)) ? fill_gap(table, row, column, interpolate) : row + 1;
        if (!behind)
            return lstmc_fail(message, LSTMC_BAD_FILE,
                              "%s:%d: column \"%.60s\": the value is missing, and there is none before%s it%s", path,
                              table->line[row], name, interpolate ? " or behind" : "",
                              table->groups > 1 ? " in the group" : "");
        row = behind;
    }
    return LSTMC_OK;
}

int lstmc_rows_complete(struct lstmc_table *table, const char *missing, const char *path, const char *const *names,
                        struct lstmc_message *message)
{
    int status = LSTMC_OK;
    if (!strcmp(missing, "drop"))
        return drop_rows(table, path, message);
    for (int column = 0; column < table->columns && !status; column++)
        status = fill_column(table, column, !strcmp(missing, "interpolate"), path, names[column], message);
    return status;
}

int lstmc_rows_add_remaining(struct lstmc_table *table, const char *path, const struct lstmc_table_options *options,
                             const char *table_path, struct lstmc_message *message)
{
    static const char *const first[] = { "1" };
    const struct lstmc_table_options one = { .names = first, .name_count = 1, .unpack = options->unpack };
    struct lstmc_table left;
    int status = lstmc_table_read(path, &one, &left, message);
    if (!status && left.rows != (size_t)table->groups)
        status = lstmc_fail(message, LSTMC_MISMATCH, "%s: has %zu rows, but %s has %d groups", path, left.rows,
                            table_path, table->groups);
    for (size_t row = 0; row < table->rows && !status; row++)
        for (int column = 0; column < table->columns; column++)
            if (table->computed[column])
                *cell(table, row, column) += left.value[table->group[row]];
    lstmc_table_free(&left);
    return status;
}
