/* training_log.c: in: the CSV files that a training writes.  out: their numbers, or the file, line and nature of the
 * first mistake. */
#include "training_log.h"

#include "runtime/files/file.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CELLS_MAX 256
#define EPOCH_MAX 1e9

typedef struct Table {          /* a file, read line by line */
    const char *path;
    char *at;                   /* the next line; changed while it is read */
    char separator;             /* of cells */
    int line;                   /* of the row in hand, from 1 */
    char *cell[CELLS_MAX];
    int cells;
    struct lstmc_message *message;
} Table;

static int too_many(const Table *table)
{
    return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: more than %d cells", table->path, table->line, CELLS_MAX);
}

static char *trim(char *cell)
{
    cell += strspn(cell, " ");
    size_t length = strlen(cell);
    while (length && strchr(" \r", cell[length - 1]))
        length--;
    cell[length] = 0;
    return cell;
}

/* Cells of the next line that is not blank; none at the end of the file. */
static int next_row(Table *table)
{
    table->cells = 0;
    while (*table->at) {
        char *line = table->at, *end = line + strcspn(line, "\n");
        table->at = *end ? end + 1 : end;
        *end = 0;
        table->line++;
        if (!line[strspn(line, " \t\r")])
            continue;
        for (char *next; line; line = next) {
            next = strchr(line, table->separator);
            if (next)
                *next++ = 0;
            if (table->cells == CELLS_MAX)
                return too_many(table);
            table->cell[table->cells++] = trim(line);
        }
        return LSTMC_OK;
    }
    return LSTMC_OK;
}

/* A decimal number; with `gaps`, also what stands for one that is not finite or not there. */
static bool cell_number(const char *cell, bool gaps, double *value)
{
    static const char *const none[] = { "", "nan", "+nan", "-nan", "na" }, *const infinite[] = { "inf", "+inf",
                                                                                                 "infinity", "-inf" };
    for (size_t i = 0; gaps && i < sizeof none / sizeof *none; i++)
        if (!strcasecmp(cell, none[i]))
            return *value = NAN, true;
    for (size_t i = 0; gaps && i < sizeof infinite / sizeof *infinite; i++)
        if (!strcasecmp(cell, infinite[i]))
            return *value = cell[0] == '-' ? -INFINITY : INFINITY, true;
    return lstmc_number_read(cell, strlen(cell), value);
}

static int read_number(const Table *table, int column, const char *name, bool gaps, double *value)
{
    if (cell_number(table->cell[column], gaps, value))
        return LSTMC_OK;
    return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: %.60s: \"%.40s\" is not a number", table->path,
                      table->line, name, table->cell[column]);
}

static int read_count(const Table *table, int column, const char *name, double *value)
{
    if (cell_number(table->cell[column], false, value) && *value >= 0 && *value <= EPOCH_MAX && *value == floor(*value))
        return LSTMC_OK;
    return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: %s: \"%.40s\" is not a whole number from 0", table->path,
                      table->line, name, table->cell[column]);
}

static int expect_cells(const Table *table, int columns)
{
    if (table->cells == columns)
        return LSTMC_OK;
    return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: %d cells instead of %d as in the first line", table->path,
                      table->line, table->cells, columns);
}

static int count_lines(const char *text)
{
    int count = 1;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* ---- losses and metrics ---- */

static int read_keys(Arena *arena, Table *table, TrainingLog *log)
{
    if (!table->cells)
        return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s: is empty: no line of names", table->path);
    if (strcmp(table->cell[0], "epoch"))
        return lstmc_fail(table->message, LSTMC_BAD_FILE,
                          "%s:%d: the first column is \"%.40s\", not epoch: this is no log of a training", table->path,
                          table->line, table->cell[0]);
    log->keys = table->cells - 1;
    log->key = arena_array(arena, const char *, log->keys + 1);
    for (int k = 0; k < log->keys; k++) {
        log->key[k] = arena_copy_text(arena, table->cell[k + 1]);
        if (!*log->key[k])
            return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: column %d has no name", table->path, table->line,
                              k + 2);
        for (int other = 0; other < k; other++)
            if (!strcmp(log->key[other], log->key[k]))
                return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: two columns are named \"%.60s\"", table->path,
                                  table->line, log->key[k]);
    }
    return LSTMC_OK;
}

static int read_epoch(const Table *table, TrainingLog *log)
{
    double epoch;
    int status = expect_cells(table, log->keys + 1);
    if (!status)
        status = read_count(table, 0, "epoch", &epoch);
    if (status)
        return status;
    while (log->epochs > 0 && log->epoch[log->epochs - 1] >= epoch)
        log->epochs--;
    for (int k = 0; k < log->keys && !status; k++)
        status = read_number(table, k + 1, log->key[k], true, &log->value[k][log->epochs]);
    log->epoch[log->epochs++] = epoch;
    return status;
}

static int read_log(Arena *arena, Table *table, TrainingLog *log)
{
    int status = next_row(table), lines = count_lines(table->at);
    if (!status)
        status = read_keys(arena, table, log);
    if (status)
        return status;
    log->epoch = arena_array(arena, double, lines);
    log->value = arena_array(arena, double *, log->keys + 1);
    for (int k = 0; k < log->keys; k++)
        log->value[k] = arena_array(arena, double, lines);
    while (!(status = next_row(table)) && table->cells && !(status = read_epoch(table, log)))
        ;
    if (!status && !log->epochs)
        return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s: has a line of names, but no epoch", table->path);
    return status;
}

const double *training_log_values(const TrainingLog *log, const char *key)
{
    for (int k = 0; k < log->keys; k++)
        if (!strcmp(log->key[k], key))
            return log->value[k];
    return NULL;
}

/* ---- norms of gradients ---- */

/* The series that a row belongs to: mostly the last one. A new one has room for all `lines` left. */
static FlowSeries *find_series(Arena *arena, GradientFlow *flow, const char *layer, int epoch)
{
    for (int s = flow->count - 1; s >= 0; s--)
        if (flow->series[s].epoch == epoch && !strcmp(flow->series[s].layer, layer))
            return &flow->series[s];
    FlowSeries series = { .layer = arena_copy_text(arena, layer), .epoch = epoch };
    arena_append(arena, flow->series, flow->count, flow->capacity, series);
    return &flow->series[flow->count - 1];
}

static void append_norm(Arena *arena, FlowSeries *series, double timestep, double norm)
{
    int capacity = series->count;           /* both arrays grow alike: to each power of two */
    bool full = (capacity & (capacity - 1)) == 0;
    if (full) {
        double *steps = arena_array(arena, double, capacity ? 2 * capacity : 1),
               *norms = arena_array(arena, double, capacity ? 2 * capacity : 1);
        for (int i = 0; i < series->count; i++) {
            steps[i] = series->timestep[i];
            norms[i] = series->norm[i];
        }
        series->timestep = steps;
        series->norm = norms;
    }
    series->timestep[series->count] = timestep;
    series->norm[series->count++] = norm;
}

static int read_flow_row(Arena *arena, const Table *table, GradientFlow *flow)
{
    double epoch, timestep, norm;
    int status = expect_cells(table, 4);
    if (!status)
        status = read_count(table, 0, "epoch", &epoch);
    if (!status)
        status = read_count(table, 2, "timestep", &timestep);
    if (!status)
        status = read_number(table, 3, "norm", true, &norm);
    if (status)
        return status;
    if (!*table->cell[1])
        return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: the layer has no name", table->path, table->line);
    if (norm < 0)
        return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: norm: %g is negative", table->path, table->line,
                          norm);
    FlowSeries *series = find_series(arena, flow, table->cell[1], (int)epoch);
    if (timestep == 0 && series->count)     /* the same epoch again, of a training that was resumed */
        series->count = 0, series->timestep = series->norm = NULL;
    if (series->count && timestep <= series->timestep[series->count - 1])
        return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:%d: timestep %g of %.60s follows %g", table->path,
                          table->line, timestep, series->layer, series->timestep[series->count - 1]);
    append_norm(arena, series, timestep, norm);
    return LSTMC_OK;
}

static int read_flow(Arena *arena, Table *table, GradientFlow *flow)
{
    static const char *const names[] = { "epoch", "layer", "timestep", "norm" };
    int status = next_row(table);
    for (int i = 0; i < 4 && !status; i++)
        if (table->cells != 4 || strcmp(table->cell[i], names[i]))
            status = lstmc_fail(table->message, LSTMC_BAD_FILE, "%s:1: the first line is not epoch,layer,timestep,norm",
                                table->path);
    while (!status && !(status = next_row(table)) && table->cells)
        status = read_flow_row(arena, table, flow);
    if (!status && !flow->count)
        return lstmc_fail(table->message, LSTMC_BAD_FILE, "%s: has a line of names, but no norms", table->path);
    return status;
}

/* ---- files ---- */

/* What stands behind the first name, "epoch": CSVLogger lets its users choose. */
static char find_separator(const char *text)
{
    text += strspn(text, " \t\r\n");
    char behind = text[strcspn(text, ",;|\t\r\n")];
    return behind && behind != '\r' && behind != '\n' ? behind : ',';
}

static int open_table(const char *path, unsigned char **bytes, Table *table, struct lstmc_message *message)
{
    size_t size;
    int status = lstmc_file_read(path, bytes, &size, message);
    if (status)
        return status;
    *table = (Table){ .path = path, .at = (char *)*bytes, .message = message };
    if (memchr(*bytes, 0, size))
        return lstmc_fail(message, LSTMC_BAD_FILE, "%s: is not text", path);
    if (size >= 3 && !memcmp(*bytes, "\xef\xbb\xbf", 3))
        table->at += 3;
    table->separator = find_separator(table->at);
    return LSTMC_OK;
}

int training_log_read(Arena *arena, const char *path, TrainingLog *log, struct lstmc_message *message)
{
    unsigned char *bytes;
    Table table;
    *log = (TrainingLog){ 0 };
    int status = open_table(path, &bytes, &table, message);
    if (!status)
        status = read_log(arena, &table, log);
    free(bytes);
    return status;
}

int gradient_flow_read(Arena *arena, const char *path, GradientFlow *flow, struct lstmc_message *message)
{
    unsigned char *bytes;
    Table table;
    *flow = (GradientFlow){ 0 };
    int status = open_table(path, &bytes, &table, message);
    if (!status)
        status = read_flow(arena, &table, flow);
    free(bytes);
    return status;
}
