/* csv_log.c: in: the history of the epochs done.  out: keras.callbacks.CSVLogger's file: epoch from 0, then the other
 * columns by name. */
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/files/replace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX (2 * LSTMC_METRICS_MAX + 3)
#define NAME_MAX_LENGTH 80
#define LINE_MAX_LENGTH (COLUMNS_MAX * NAME_MAX_LENGTH)

struct column {
    char name[NAME_MAX_LENGTH];
    size_t offset;                      /* of the value in struct lstmc_history */
    int digits;
};

struct table {
    struct column column[COLUMNS_MAX];
    int columns;
    char separator;
    const struct lstmc_history *log;
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct column *)a)->name, ((const struct column *)b)->name);
}

static struct column *add_column(struct table *table, const char *prefix, const char *name, size_t offset)
{
    struct column *column = &table->column[table->columns++];
    snprintf(column->name, sizeof column->name, "%s%.*s", prefix, NAME_MAX_LENGTH - 10, name);
    column->offset = offset;
    column->digits = 9;
    return column;
}

static int write_table(int descriptor, const void *context)
{
    const struct table *table = context;
    char line[LINE_MAX_LENGTH];
    int used = snprintf(line, sizeof line, "epoch");
    for (int i = 0; i < table->columns; i++)
        used += snprintf(line + used, sizeof line - (size_t)used, "%c%s", table->separator, table->column[i].name);
    line[used++] = '\n';
    int failed = lstmc_write_all(descriptor, line, (size_t)used);
    for (size_t epoch = 0; !failed && epoch < table->count; epoch++) {
        const char *history = (const char *)&table->log[epoch];
        used = snprintf(line, sizeof line, "%d", table->log[epoch].epochs - 1);
        for (int i = 0; i < table->columns; i++) {
            double value;
            memcpy(&value, history + table->column[i].offset, sizeof value);
            used += lstmc_format(line + used, sizeof line - (size_t)used, "%c%.*g", table->separator,
                                 table->column[i].digits, value);
        }
        line[used++] = '\n';
        failed = lstmc_write_all(descriptor, line, (size_t)used);
    }
    return failed;
}

int lstmc_log_write(const char *path, char separator, const struct lstmc_history *log, size_t count,
                    const char *const *metrics, int metric_count, struct lstmc_message *message)
{
    struct table table = { .separator = separator ? separator : ',', .log = log, .count = count };
    int has_validation = count && log[count - 1].has_validation;
    if (metric_count > LSTMC_METRICS_MAX)
        return lstmc_fail(message, LSTMC_MISMATCH, "%d metrics are more than %d", metric_count, LSTMC_METRICS_MAX);
    add_column(&table, "", "loss", offsetof(struct lstmc_history, loss));
    /* it was a float: 0.02 is to read so */
    add_column(&table, "", "learning_rate", offsetof(struct lstmc_history, learning_rate))->digits = 7;
    if (has_validation)
        add_column(&table, "val_", "loss", offsetof(struct lstmc_history, validation_loss));
    for (int i = 0; i < metric_count; i++) {
        add_column(&table, "", metrics[i], offsetof(struct lstmc_history, metric) + (size_t)i * sizeof(double));
        if (has_validation)
            add_column(&table, "val_", metrics[i],
                       offsetof(struct lstmc_history, validation_metric) + (size_t)i * sizeof(double));
    }
    qsort(table.column, (size_t)table.columns, sizeof *table.column, by_name);
    return lstmc_replace_file(path, 0, write_table, &table, message);
}
