/* csv.c: in: a CSV file and the names of columns.  out: those columns as numbers, or the line and column of the first mistake. */
#include "csv.h"
#include "array.h"
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

#define BLANKS ' '              /* as a separator: any number of blanks and tabs */
#define COMPUTED -2             /* in place of a column: no cell holds it */

struct scanner {
    char *at, *end;
    int line;
};

/* ---- text to cells ---- */

static int at_line_end(const struct scanner *scan)
{
    return scan->at == scan->end || *scan->at == '\n' || *scan->at == '\r';
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int at_separator(const struct sheet *sheet, const struct scanner *scan)
{
    return scan->at < scan->end && (sheet->separator == BLANKS ? is_blank(*scan->at) : *scan->at == sheet->separator);
}

static void skip_blanks(struct scanner *scan, char separator)
{
    while (scan->at < scan->end && is_blank(*scan->at) && (separator == BLANKS || *scan->at != separator))
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
    if (sheet->separator != BLANKS)
        skip_blanks(scan, sheet->separator);
    if (!at_line_end(scan) && !at_separator(sheet, scan))
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: text behind a closing quote", sheet->path, scan->line);
    return LSTMC_OK;
}

static int scan_cell(struct sheet *sheet, struct scanner *scan, struct cell *cell)
{
    skip_blanks(scan, sheet->separator);
    if (scan->at < scan->end && *scan->at == '"')
        return scan_quoted(sheet, scan, cell);
    cell->text = scan->at;
    while (!at_line_end(scan) && !at_separator(sheet, scan))
        scan->at++;
    cell->length = (size_t)(scan->at - cell->text);
    while (cell->length && (cell->text[cell->length - 1] == ' ' || cell->text[cell->length - 1] == '\t'))
        cell->length--;
    return LSTMC_OK;
}

/* Whether another cell of the line follows, which starts where the scanner is then. Blanks at the end of a line separate nothing. */
static int take_separator(const struct sheet *sheet, struct scanner *scan)
{
    if (!at_separator(sheet, scan))
        return 0;
    if (sheet->separator != BLANKS)
        return scan->at++, 1;
    skip_blanks(scan, BLANKS);
    return !at_line_end(scan);
}

/* One line into cells. The byte behind a cell is made 0 only after it was read. */
static int scan_row(struct sheet *sheet, struct scanner *scan)
{
    if (!lstmc_array_grow((void **)&sheet->rows, sheet->row_count, &sheet->row_capacity, sizeof *sheet->rows))
        return lstmc_fail_memory(sheet->message, sheet->path);
    struct row *row = &sheet->rows[sheet->row_count];
    *row = (struct row){ .first = sheet->cell_count, .line = scan->line };
    for (int more = 1; more; row->count++) {
        if (!lstmc_array_grow((void **)&sheet->cells, sheet->cell_count, &sheet->cell_capacity, sizeof *sheet->cells))
            return lstmc_fail_memory(sheet->message, sheet->path);
        struct cell *cell = &sheet->cells[sheet->cell_count++];
        int status = scan_cell(sheet, scan, cell);
        if (status)
            return status;
        char *behind = (char *)cell->text + cell->length;
        more = take_separator(sheet, scan);
        if (!more && scan->at < scan->end) {
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

/* Decimal numbers alone: strtod would also take "nan", "inf" and hexadecimal ones. */
static int is_number(const char *text, size_t length, double *value)
{
    if (length == 0 || strspn(text, "0123456789+-.eE") < length)
        return 0;
    char *end;
    *value = strtod(text, &end);
    return end == text + length && isfinite(*value);
}

/* A line of two or more numbers with blanks between them. *next: the line behind it. */
static int is_numbers(const char *at, const char *end, const char **next)
{
    int numbers = 0, others = 0;
    double value;
    while (at < end && *at != '\n' && *at != '\r') {
        const char *word = at;
        while (at < end && !is_blank(*at) && *at != '\n' && *at != '\r')
            at++;
        if (at > word && is_number(word, (size_t)(at - word), &value))
            numbers++;
        else
            others += at > word;
        at += at < end && is_blank(*at);
    }
    *next = at < end ? at + 1 + (at[0] == '\r' && at + 1 < end && at[1] == '\n') : end;
    return numbers > 1 && !others;
}

/* The comma, or else the semicolon or the tab, if the first line has one outside quotes; or else blanks, if the first line, or the one below a
 * line of names, is numbers with blanks between them. */
static char find_separator(const char *at, const char *end)
{
    const char *first = at, *second;
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
    if (semicolon || tab)
        return semicolon ? ';' : '\t';
    return is_numbers(first, end, &second) || is_numbers(second, end, &second) ? BLANKS : ',';
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

static int cell_number(const struct cell *cell, double *value)
{
    return is_number(cell->text, cell->length, value);
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

static int missing_value(const struct sheet *sheet, size_t row, const char *name)
{
    return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: column \"%.60s\": the value is missing", sheet->path, sheet->rows[row].line, name);
}

static int find_cell(const struct sheet *sheet, size_t row, int column, const char *name, const struct cell **cell)
{
    *cell = cell_at(sheet, row, column);
    if (*cell)
        return LSTMC_OK;
    return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: column \"%.60s\" is missing: the line has %d cells", sheet->path,
                      sheet->rows[row].line, name, sheet->rows[row].count);
}

static int is_missing(const struct cell *cell)
{
    static const char *const missing[] = { "", "?", "NA", "N/A", "NaN", "nan", "null", "NULL" };
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (!strcmp(cell->text, missing[i]))
            return 1;
    return 0;
}

static int read_cell(const struct sheet *sheet, size_t row, int column, const char *name, int keep_missing, double *value)
{
    const struct cell *cell;
    int status = find_cell(sheet, row, column, name, &cell);
    if (status || cell_number(cell, value))
        return status;
    *value = NAN;
    if (is_missing(cell))
        return keep_missing ? LSTMC_OK : missing_value(sheet, row, name);
    return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: column \"%.60s\": \"%.40s\" is not a finite number", sheet->path,
                      sheet->rows[row].line, name, cell->text);
}

/* ---- groups ---- */

struct group {
    const char *text;
    int line;
};

static int compare_groups(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    int order = strcmp(a->text, b->text);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

/* A group that comes back would both train and be held out. */
static int check_groups(const struct sheet *sheet, struct group *groups, int count)
{
    qsort(groups, (size_t)count, sizeof *groups, compare_groups);
    for (int i = 1; i < count; i++)
        if (!strcmp(groups[i - 1].text, groups[i].text))
            return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s:%d: group \"%.40s\" comes back: the rows of a group must stand together",
                              sheet->path, groups[i].line, groups[i].text);
    return LSTMC_OK;
}

/* A group begins where the cell is another than in the row above. */
static int read_groups(const struct sheet *sheet, const char *name, struct lstmc_table *table)
{
    size_t first = sheet->has_header ? 1 : 0;
    int column = find_column(sheet, name), status = column < 0 ? no_column(sheet, name) : LSTMC_OK;
    struct group *groups = calloc(table->rows, sizeof *groups);
    table->groups = 0;
    if (!groups)
        status = lstmc_fail_memory(sheet->message, sheet->path);
    for (size_t row = 0; row < table->rows && !status; row++) {
        const struct cell *cell;
        status = find_cell(sheet, first + row, column, name, &cell);
        if (!status && is_missing(cell))
            status = missing_value(sheet, first + row, name);
        if (!status && (!table->groups || strcmp(groups[table->groups - 1].text, cell->text)))
            groups[table->groups++] = (struct group){ cell->text, sheet->rows[first + row].line };
        table->group[row] = table->groups - 1;
    }
    if (!status)
        status = check_groups(sheet, groups, table->groups);
    free(groups);
    return status;
}

/* Rows of the same group that follow each row. */
static void count_remaining(struct lstmc_table *table, int column)
{
    double *value = table->value + column;
    size_t step = (size_t)table->columns;
    table->computed[column] = 1;
    for (size_t row = table->rows; row-- > 0;)
        value[row * step] = row + 1 < table->rows && table->group[row + 1] == table->group[row] ? value[(row + 1) * step] + 1 : 0;
}

/* ---- all columns ---- */

static int read_columns(const struct sheet *sheet, const struct lstmc_table_options *options, const int *column, struct lstmc_table *table)
{
    size_t first = sheet->has_header ? 1 : 0;
    int status = options->group ? read_groups(sheet, options->group, table) : LSTMC_OK;
    for (size_t row = 0; row < table->rows && !status; row++) {
        table->line[row] = sheet->rows[first + row].line;
        for (int i = 0; i < table->columns && !status; i++)
            if (column[i] != COMPUTED)
                status = read_cell(sheet, first + row, column[i], options->names[i], options->keep_missing,
                                   &table->value[row * (size_t)table->columns + (size_t)i]);
    }
    for (int i = 0; i < table->columns && !status; i++)
        if (column[i] == COMPUTED)
            count_remaining(table, i);
    return status;
}

static int find_columns(const struct sheet *sheet, const struct lstmc_table_options *options, int *column)
{
    for (int i = 0; i < options->name_count; i++) {
        column[i] = find_column(sheet, options->names[i]);
        if (column[i] < 0 && options->group && !strcmp(options->names[i], "remaining"))
            column[i] = COMPUTED;
        if (column[i] == -1)
            return no_column(sheet, options->names[i]);
    }
    return LSTMC_OK;
}

static int read_sheet(struct sheet *sheet, const struct lstmc_table_options *options, int *column, struct lstmc_table *table)
{
    if (!sheet->row_count)
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s: is empty", sheet->path);
    sheet->has_header = find_header(sheet, options->names, options->name_count) || (options->group && find_header(sheet, &options->group, 1));
    int status = find_columns(sheet, options, column);
    if (status)
        return status;
    table->rows = sheet->row_count - (sheet->has_header ? 1 : 0);
    table->columns = options->name_count;
    table->groups = 1;
    if (!table->rows)
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%s: has a line of names, but no rows", sheet->path);
    table->value = calloc(table->rows, sizeof *table->value * (size_t)table->columns);
    table->line = calloc(table->rows, sizeof *table->line);
    table->group = calloc(table->rows, sizeof *table->group);
    table->run = calloc(table->rows, sizeof *table->run);
    table->computed = calloc((size_t)table->columns, sizeof *table->computed);
    if (!table->value || !table->line || !table->group || !table->run || !table->computed)
        return lstmc_fail_memory(sheet->message, sheet->path);
    status = read_columns(sheet, options, column, table);
    memcpy(table->run, table->group, table->rows * sizeof *table->run);
    return status;
}

static int unpack(const struct lstmc_table_options *options, const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    if (*size < 2 || (*bytes)[0] != 0x1f || (*bytes)[1] != 0x8b)
        return LSTMC_OK;
    if (!options->unpack)
        return lstmc_fail(message, LSTMC_BAD_FILE, "%s: is compressed, and this program reads no gzip files (options.unpack is not set)", path);
    return options->unpack(path, bytes, size, message);
}

int lstmc_table_read(const char *path, const struct lstmc_table_options *options, struct lstmc_table *table, struct lstmc_message *message)
{
    struct sheet sheet = { .path = path, .message = message };
    unsigned char *bytes;
    size_t size;
    memset(table, 0, sizeof *table);
    int status = lstmc_file_read(path, &bytes, &size, message);
    if (status)
        return status;
    int *column = calloc((size_t)options->name_count + 1, sizeof *column);
    status = column ? unpack(options, path, &bytes, &size, message) : lstmc_fail_memory(message, path);
    if (!status)
        status = scan_sheet(&sheet, (char *)bytes, size);
    if (!status)
        status = read_sheet(&sheet, options, column, table);
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
    free(table->group);
    free(table->run);
    free(table->computed);
    memset(table, 0, sizeof *table);
}
