/* csv.c: in: a CSV file and the names of columns.  out: those columns as numbers, or the line and column of the first mistake. */
#include "csv.h"
#include "file.h"
#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cell {
    const char *text;           /* ends with 0, inside the file's bytes */
    size_t length;
};

struct row {
    size_t first;               /* in sheet.cells */
    int count, line;
};

struct sheet {
    const char *path;
    char separator;
    struct cell *cells; size_t cell_count, cell_capacity;
    struct row *rows;   size_t row_count, row_capacity;
    int has_header;
    struct lstmc_message *message;
};

struct scanner {
    char *at, *end;
    int line;
};

/* ---- text to cells ---- */

/* Room for one item more; 0 if there is no memory. */
static int grow(void **items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return 1;
    size_t wider = *capacity ? *capacity * 2 : 64;
    void *moved = wider <= SIZE_MAX / item_size ? realloc(*items, wider * item_size) : NULL;
    if (!moved)
        return 0;
    *items = moved;
    *capacity = wider;
    return 1;
}

static int at_line_end(const struct scanner *scan)
{
    return scan->at == scan->end || *scan->at == '\n' || *scan->at == '\r';
}

static void skip_blanks(struct scanner *scan, char separator)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t') && *scan->at != separator)
        scan->at++;
}

/* Unquotes in place: what is written never overtakes what is read. */
static int scan_quoted(struct sheet *sheet, struct scanner *scan, struct cell *cell)
{
    int line = scan->line;
    char *to = ++scan->at;
    cell->text = to;
    for (;;) {
        if (scan->at == scan->end)
            return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: a quote is never closed", sheet->path, line);
        if (*scan->at == '"') {
            scan->at++;
            if (scan->at == scan->end || *scan->at != '"')
                break;
        }
        scan->line += *scan->at == '\n';
        *to++ = *scan->at++;
    }
    cell->length = (size_t)(to - cell->text);
    *to = 0;
    skip_blanks(scan, sheet->separator);
    if (!at_line_end(scan) && *scan->at != sheet->separator)
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: text behind a closing quote", sheet->path, scan->line);
    return LSTMC_OK;
}

static int scan_cell(struct sheet *sheet, struct scanner *scan, struct cell *cell)
{
    skip_blanks(scan, sheet->separator);
    if (scan->at < scan->end && *scan->at == '"')
        return scan_quoted(sheet, scan, cell);
    cell->text = scan->at;
    while (!at_line_end(scan) && *scan->at != sheet->separator)
        scan->at++;
    cell->length = (size_t)(scan->at - cell->text);
    while (cell->length && (cell->text[cell->length - 1] == ' ' || cell->text[cell->length - 1] == '\t'))
        cell->length--;
    return LSTMC_OK;
}

/* One line into cells. The byte behind a cell is made 0 only after it was read. */
static int scan_row(struct sheet *sheet, struct scanner *scan)
{
    if (!grow((void **)&sheet->rows, sheet->row_count, &sheet->row_capacity, sizeof *sheet->rows))
        return lstmc_fail_memory(sheet->message, sheet->path);
    struct row *row = &sheet->rows[sheet->row_count];
    *row = (struct row){ .first = sheet->cell_count, .line = scan->line };
    for (int more = 1; more; row->count++) {
        if (!grow((void **)&sheet->cells, sheet->cell_count, &sheet->cell_capacity, sizeof *sheet->cells))
            return lstmc_fail_memory(sheet->message, sheet->path);
        struct cell *cell = &sheet->cells[sheet->cell_count++];
        int status = scan_cell(sheet, scan, cell);
        if (status)
            return status;
        more = scan->at < scan->end && *scan->at == sheet->separator;
        char *behind = (char *)cell->text + cell->length;
        if (more)
            scan->at++;
        else if (scan->at < scan->end) {
            scan->at += scan->at[0] == '\r' && scan->at + 1 < scan->end && scan->at[1] == '\n' ? 2 : 1;
            scan->line++;
        }
        *behind = 0;
    }
    if (row->count == 1 && sheet->cells[row->first].length == 0)
        sheet->cell_count = row->first;         /* a blank line is no row */
    else
        sheet->row_count++;
    return LSTMC_OK;
}

/* The comma, or else the semicolon or the tab, if the first line has one outside quotes. */
static char find_separator(const char *at, const char *end)
{
    int quoted = 0, semicolon = 0, tab = 0;
    for (; at < end && (quoted || (*at != '\n' && *at != '\r')); at++) {
        quoted ^= *at == '"';
        if (quoted)
            continue;
        if (*at == ',')
            return ',';
        semicolon |= *at == ';';
        tab |= *at == '\t';
    }
    return semicolon ? ';' : tab ? '\t' : ',';
}

static int scan_sheet(struct sheet *sheet, char *bytes, size_t size)
{
    struct scanner scan = { .at = bytes, .end = bytes + size, .line = 1 };
    if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        scan.at += 3;
    sheet->separator = find_separator(scan.at, scan.end);
    while (scan.at < scan.end) {
        int status = scan_row(sheet, &scan);
        if (status)
            return status;
    }
    return LSTMC_OK;
}

/* ---- cells to numbers ---- */

/* Decimal numbers alone: strtod would also take "nan", "inf" and hexadecimal ones. */
static int cell_number(const struct cell *cell, double *value)
{
    if (cell->length == 0 || strspn(cell->text, "0123456789+-.eE") != cell->length)
        return 0;
    char *end;
    *value = strtod(cell->text, &end);
    return end == cell->text + cell->length && isfinite(*value);
}

static const struct cell *cell_at(const struct sheet *sheet, size_t row, int column)
{
    return column < sheet->rows[row].count ? &sheet->cells[sheet->rows[row].first + (size_t)column] : NULL;
}

static int find_name(const struct sheet *sheet, const char *name)
{
    for (int column = 0; column < sheet->rows[0].count; column++)
        if (!strcmp(cell_at(sheet, 0, column)->text, name))
            return column;
    return -1;
}

/* "12" -> 11, -1 if it is no position of the first line. */
static int find_position(const struct sheet *sheet, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > 6 || strspn(name, "0123456789") != length)
        return -1;
    int position = atoi(name);
    return position >= 1 && position <= sheet->rows[0].count ? position - 1 : -1;
}

/* The first line is a header if a column starts with text and goes on with a number, or if it holds a name that was asked for. */
static int find_header(const struct sheet *sheet, const char *const *names, int name_count)
{
    double number;
    for (int i = 0; i < name_count; i++)
        if (find_position(sheet, names[i]) < 0 && find_name(sheet, names[i]) >= 0)
            return 1;
    for (int column = 0; column < sheet->rows[0].count && sheet->row_count > 1; column++) {
        const struct cell *below = cell_at(sheet, 1, column);
        if (below && cell_number(below, &number) && !cell_number(cell_at(sheet, 0, column), &number))
            return 1;
    }
    return 0;
}

static int no_column(const struct sheet *sheet, const char *name)
{
    char known[300] = "";
    size_t used = 0;
    for (int column = 0; column < sheet->rows[0].count && sheet->has_header && used + 1 < sizeof known; column++) {
        int wrote = snprintf(known + used, sizeof known - used, "%s%.40s", column ? ", " : ": ", cell_at(sheet, 0, column)->text);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    return lstmc_fail(sheet->message, LSTMC_MISMATCH, "%s: no column \"%.60s\"; %s%d columns%s", sheet->path, name,
                      sheet->has_header ? "it has " : "it has no line of names and ", sheet->rows[0].count, known);
}

static int find_column(const struct sheet *sheet, const char *name)
{
    int column = sheet->has_header ? find_name(sheet, name) : -1;
    return column >= 0 ? column : find_position(sheet, name);
}

static int read_cell(const struct sheet *sheet, size_t row, int column, const char *name, double *value)
{
    static const char *const missing[] = { "", "?", "NA", "N/A", "NaN", "nan", "null", "NULL" };
    const struct cell *cell = cell_at(sheet, row, column);
    int line = sheet->rows[row].line;
    if (!cell)
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: column \"%.60s\" is missing: the line has %d cells", sheet->path, line, name,
                          sheet->rows[row].count);
    if (cell_number(cell, value))
        return LSTMC_OK;
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (!strcmp(cell->text, missing[i]))
            return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: column \"%.60s\": the value is missing", sheet->path, line, name);
    return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: column \"%.60s\": \"%.40s\" is not a finite number", sheet->path, line, name,
                      cell->text);
}

static int read_columns(const struct sheet *sheet, const char *const *names, const int *column, struct lstmc_table *table)
{
    size_t first = sheet->has_header ? 1 : 0;
    for (size_t row = 0; row < table->rows; row++) {
        table->line[row] = sheet->rows[first + row].line;
        for (int i = 0; i < table->columns; i++) {
            int status = read_cell(sheet, first + row, column[i], names[i], &table->value[row * (size_t)table->columns + (size_t)i]);
            if (status)
                return status;
        }
    }
    return LSTMC_OK;
}

static int read_sheet(struct sheet *sheet, const char *const *names, int name_count, int *column, struct lstmc_table *table)
{
    if (!sheet->row_count)
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s: is empty", sheet->path);
    sheet->has_header = find_header(sheet, names, name_count);
    for (int i = 0; i < name_count; i++) {
        column[i] = find_column(sheet, names[i]);
        if (column[i] < 0)
            return no_column(sheet, names[i]);
    }
    table->rows = sheet->row_count - (sheet->has_header ? 1 : 0);
    table->columns = name_count;
    if (!table->rows)
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s: has a line of names, but no rows", sheet->path);
    table->value = calloc(table->rows, sizeof *table->value * (size_t)name_count);
    table->line = calloc(table->rows, sizeof *table->line);
    if (!table->value || !table->line)
        return lstmc_fail_memory(sheet->message, sheet->path);
    return read_columns(sheet, names, column, table);
}

int lstmc_table_read(const char *path, const char *const *names, int name_count, struct lstmc_table *table, struct lstmc_message *message)
{
    struct sheet sheet = { .path = path, .message = message };
    unsigned char *bytes;
    size_t size;
    memset(table, 0, sizeof *table);
    int status = lstmc_file_read(path, &bytes, &size, message);
    if (status)
        return status;
    int *column = calloc((size_t)name_count + 1, sizeof *column);
    status = column ? scan_sheet(&sheet, (char *)bytes, size) : lstmc_fail_memory(message, path);
    if (!status)
        status = read_sheet(&sheet, names, name_count, column, table);
    if (status)
        lstmc_table_free(table);
    free(column);
    free(sheet.cells);
    free(sheet.rows);
    free(bytes);
    return status;
}

void lstmc_table_free(struct lstmc_table *table)
{
    free(table->value);
    free(table->line);
    memset(table, 0, sizeof *table);
}
