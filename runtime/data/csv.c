/* csv.c: in: a CSV file and the names of columns.  out: those columns as numbers, or the line and column of the first
 * mistake. */
#include "csv.h"
#include "runtime/files/file.h"
#include "runtime/files/map.h"
#include "runtime/text/tokens.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMPUTED -2             /* in place of a column: no cell holds it */
#define HEAD 100                /* rows that stay while others come and go: names, or what is said in place of them */

/* A sheet whose columns are looked for. */
struct reader {
    struct lstmc_sheet sheet;
    const struct lstmc_table_options *options;
    struct lstmc_message *message;
    int has_header;
    int *column;                /* of each name */
    int group_column;
    struct lstmc_tokens groups;
    size_t capacity;            /* rows of the table */
    const char *kept;           /* bytes of the file in front of it are given back; NULL: they are memory */
};

typedef struct lstmc_sheet Sheet;
typedef struct lstmc_cell Cell;

static int cell_number(const Cell *cell, double *value)
{
    return lstmc_number_read(cell->text, cell->length, value);
}

/* ---- the line of names ---- */

static int first_count(const Sheet *sheet)
{
    return sheet->rows[0].count;
}

/* The first column from `from` on whose cell in the first line is this text, or -1. */
static int find_name(const Sheet *sheet, const char *name, int from)
{
    for (int column = from; column < first_count(sheet); column++)
        if (!strcmp(lstmc_sheet_cell(sheet, 0, column)->text, name))
            return column;
    return -1;
}

/* "12" -> 11, -1 if it is no position of the first line. */
static int find_position(const Sheet *sheet, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > 7 || strspn(name, "0123456789") != length)
        return -1;
    int position = atoi(name);
    return position >= 1 && position <= first_count(sheet) ? position - 1 : -1;
}

/* 0, 1, 2, ..., what pandas writes over the columns of an array; or 2019, 2020, ...: the cells count from *first on. */
static int counts_up(const Sheet *sheet, double *first)
{
    double number;
    *first = 0;
    for (int column = 0; column < first_count(sheet); column++) {
        if (!cell_number(lstmc_sheet_cell(sheet, 0, column), &number) || (column && number != *first + column))
            return 0;
        *first = number - column;
    }
    return *first == floor(*first) && first_count(sheet) > 1;
}

/* A column starts with text and goes on with a number; or there is no other line, and no cell of it is a number. */
static int looks_like_names(const Sheet *sheet)
{
    int numbers = 0;
    double number;
    for (int column = 0; column < first_count(sheet); column++) {
        int is_number = cell_number(lstmc_sheet_cell(sheet, 0, column), &number);
        const Cell *below = sheet->row_count > 1 ? lstmc_sheet_cell(sheet, 1, column) : NULL;
        if (below && cell_number(below, &number) && !is_number)
            return 1;
        numbers += is_number;
    }
    return sheet->row_count == 1 && !numbers;
}

/* Whether the first line names the columns: as the options say, or because it looks like that, or because it holds a
 * name that was asked for. */
static int find_header(struct reader *r)
{
    const Sheet *sheet = &r->sheet;
    const struct lstmc_table_options *options = r->options;
    double from;
    int counts = counts_up(sheet, &from), asked = options->name_count + (options->group != NULL);
    r->has_header = options->header ? options->header > 0 : looks_like_names(sheet);
    for (int i = 0; i < asked && !options->header && !r->has_header; i++) {
        const char *name = i < options->name_count ? options->names[i] : options->group;
        int column = find_name(sheet, name, 0), position = find_position(sheet, name);
        if (column >= 0 && position >= 0 && column != position && counts && from == 0)
            return lstmc_fail(r->message, LSTMC_MISMATCH,
                              "%.200s: the first line is \"%.60s\", so that \"%.20s\" may be the name of column %d or "
                              "the position of column %d: say header = true (these are names) or header = false (they "
                              "are numbers)",
                              sheet->path, sheet->first_line, name, column + 1, position + 1);
        r->has_header = column >= 0 && position < 0;
    }
    if (counts && first_count(sheet) > 2 && !options->header && !r->has_header && sheet->row_count > 1)
        lstmc_note(options->notes,
                   "%.200s: the first line, \"%.60s\", was read as numbers; if it is names, say header = true",
                   sheet->path, sheet->first_line);
    return LSTMC_OK;
}

/* ---- columns ---- */

/* ": date, value", and the one that differs in its capitals alone. */
static void list_names(const Sheet *sheet, const char *name, char *known, size_t size)
{
    size_t used = 0;
    const char *near = NULL;
    for (int column = 0; column < first_count(sheet) && used + 1 < size; column++) {
        const char *text = lstmc_sheet_cell(sheet, 0, column)->text;
        int wrote = lstmc_format(known + used, size - used, "%s%.40s", column ? ", " : ": ", text);
        used += wrote > 0 ? (size_t)wrote : 0;
        near = strcasecmp(text, name) ? near : text;
    }
    if (near && used + 1 < size)
        lstmc_format(known + used, size - used, " (did you mean \"%.40s\"?)", near);
}

/* A name that stands below the first line, a comment say, or the file has none. */
static int no_names(const struct reader *r, const char *name)
{
    const Sheet *sheet = &r->sheet;
    for (size_t row = 1; row < sheet->row_count; row++)
        for (int column = 0; column < sheet->rows[row].count; column++)
            if (!strcmp(lstmc_sheet_cell(sheet, row, column)->text, name))
                return lstmc_fail(r->message, LSTMC_MISMATCH,
                                  "%.200s: column \"%.60s\" is named in line %d: nothing may stand before the line of "
                                  "names, but the first line is \"%.60s\"",
                                  sheet->path, name, sheet->rows[row].line, sheet->first_line);
    const char *hint = first_count(sheet) > 1 ? "; columns without names are asked for by their position, from \"1\""
                                              : "; cells are separated by , or ; or tabs or |, and nothing may stand "
                                                "before the line of names";
    return lstmc_fail(r->message, LSTMC_MISMATCH,
                      "%.200s: no column \"%.60s\": the first line, \"%.60s\", has %d column%s and is no line of "
                      "names%s",
                      sheet->path, name, sheet->first_line, first_count(sheet), first_count(sheet) == 1 ? "" : "s",
                      hint);
}

static int no_column(const struct reader *r, const char *name)
{
    char known[300] = "";
    if (!r->has_header)
        return no_names(r, name);
    list_names(&r->sheet, name, known, sizeof known);
    return lstmc_fail(r->message, LSTMC_MISMATCH, "%.200s: no column \"%.60s\"; it has %d columns%s", r->sheet.path,
                      name, first_count(&r->sheet), known);
}

/* A name of the first line, or else a position. */
static int find_column(const struct reader *r, const char *name, int *column)
{
    const Sheet *sheet = &r->sheet;
    *column = r->has_header ? find_name(sheet, name, 0) : -1;
    int twice = *column >= 0 ? find_name(sheet, name, *column + 1) : -1;
    if (twice >= 0)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.200s: columns %d and %d are both called \"%.60s\": ask for one of them by its position",
                          sheet->path, *column + 1, twice + 1, name);
    if (*column < 0)
        *column = find_position(sheet, name);
    return *column < 0 ? no_column(r, name) : LSTMC_OK;
}

/* ---- rows ---- */

/* "1234,50" has become "1234" and "50". */
static int looks_cut(const Sheet *sheet, size_t row, int column)
{
    const char *before = lstmc_sheet_cell(sheet, row, column - 1)->text,
               *behind = lstmc_sheet_cell(sheet, row, column)->text;
    before += *before == '-' || *before == '+';
    return sheet->separator == ',' && *before && !before[strspn(before, "0123456789")] && *behind &&
           !behind[strspn(behind, "0123456789")];
}

/* What is cut off in silence would be data: more cells than names, but for empty ones; and an end in the middle of the
 * last line. */
static int check_width(const struct reader *r, size_t row)
{
    const Sheet *sheet = &r->sheet;
    const struct lstmc_row *here = &sheet->rows[row];
    int width = first_count(sheet);
    for (int column = width; column < here->count; column++)
        if (lstmc_sheet_cell(sheet, row, column)->length)
            return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: has %d cells, but the first line has %d%s%s",
                              sheet->path, here->line, here->count, width,
                              r->has_header ? (width == 1 ? " name" : " names") : "",
                              looks_cut(sheet, row, column) ? " (is this a decimal comma? Numbers have a decimal "
                                                              "point: 1234.50)"
                                                            : "");
    if (here->count < width && !sheet->has_end && row + 1 == sheet->row_count)
        return lstmc_fail(r->message, LSTMC_BAD_FILE,
                          "%.200s:%d: the file ends inside this line, which has %d of %d cells: it was cut off",
                          sheet->path, here->line, here->count, width);
    return LSTMC_OK;
}

/* ---- cells to numbers ---- */

static int missing_value(const struct reader *r, size_t row, const char *name, const char *cure)
{
    return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: column \"%.60s\": the value is missing%s", r->sheet.path,
                      r->sheet.rows[row].line, name, cure);
}

static int find_cell(const struct reader *r, size_t row, int column, const char *name, const Cell **cell)
{
    *cell = lstmc_sheet_cell(&r->sheet, row, column);
    if (*cell)
        return LSTMC_OK;
    return lstmc_fail(r->message, LSTMC_BAD_FILE,
                      "%.200s:%d: column \"%.60s\" is missing: the line has %d cells, the first line has %d",
                      r->sheet.path, r->sheet.rows[row].line, name, r->sheet.rows[row].count, first_count(&r->sheet));
}

static int is_missing(const Cell *cell)
{
    static const char *const missing[] = { "",    "?",   "NA",   "N/A",  "n/a",  "#N/A", "#NA", "<NA>",
                                           "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None" };
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (!strcmp(cell->text, missing[i]))
            return 1;
    return 0;
}

/* Digits with a comma, or with what separates thousands. */
static const char *number_hint(const Cell *cell)
{
    const char *at = cell->text + (*cell->text == '-' || *cell->text == '+');
    return *at >= '0' && *at <= '9' && !at[strspn(at, "0123456789.,'_ ")] ? "; numbers have a decimal point, and "
                                                                            "nothing between thousands: 1234.50"
                                                                          : "";
}

static int read_cell(const struct reader *r, size_t row, int column, const char *name, double *value)
{
    static const char cure[] = "; missing = \"drop\", \"previous\" or \"interpolate\" says what to do about it";
    const Cell *cell;
    int status = find_cell(r, row, column, name, &cell);
    if (status || cell_number(cell, value))
        return status;
    *value = NAN;
    if (is_missing(cell))
        return r->options->keep_missing ? LSTMC_OK : missing_value(r, row, name, cure);
    return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: column \"%.60s\": \"%.40s\" is not a finite number%s",
                      r->sheet.path, r->sheet.rows[row].line, name, cell->text, number_hint(cell));
}

/* ---- groups ---- */

/* A group begins where the cell is another than in the row above; one that came back would both train and be held
 * out. `row`: of the sheet; `to`: of the table. */
static int read_group(struct reader *r, size_t row, struct lstmc_table *table, size_t to)
{
    const char *name = r->options->group;
    const Cell *cell;
    int status = find_cell(r, row, r->group_column, name, &cell);
    if (!status && is_missing(cell))
        status = missing_value(r, row, name, "");
    if (status)
        return status;
    int group = lstmc_tokens_number(&r->groups, (struct lstmc_token){ cell->text, cell->length });
    if (group < 0)
        return lstmc_fail_memory(r->message, r->sheet.path);
    if (group < table->groups - 1)
        return lstmc_fail(r->message, LSTMC_BAD_FILE,
                          "%.200s:%d: group \"%.40s\" comes back: the rows of a group must stand together",
                          r->sheet.path, r->sheet.rows[row].line, cell->text);
    table->group[to] = group;
    table->groups = (int)r->groups.count;
    return LSTMC_OK;
}

/* Rows of the same group that follow each row. */
static void count_remaining(struct lstmc_table *table, int column)
{
    double *value = table->value + column;
    size_t step = (size_t)table->columns;
    table->computed[column] = 1;
    for (size_t row = table->rows; row-- > 0;)
        value[row * step] = row + 1 < table->rows && table->group[row + 1] == table->group[row]
                                ? value[(row + 1) * step] + 1
                                : 0;
}

/* ---- all rows ---- */

static int find_columns(struct reader *r)
{
    const struct lstmc_table_options *options = r->options;
    int status = LSTMC_OK;
    for (int i = 0; i < options->name_count && !status; i++) {
        int may_be_computed = options->group && !strcmp(options->names[i], "remaining");
        if (may_be_computed && find_name(&r->sheet, options->names[i], 0) < 0)
            r->column[i] = COMPUTED;
        else
            status = find_column(r, options->names[i], &r->column[i]);
    }
    return status || !options->group ? status : find_column(r, options->group, &r->group_column);
}

/* Room for one row more. */
static int grow_table(struct reader *r, struct lstmc_table *table)
{
    const size_t each = (size_t)table->columns * sizeof *table->value;
    size_t values = r->capacity, lines = values, groups = values;
    if (!lstmc_grow((void **)&table->value, table->rows, &values, each) ||
        !lstmc_grow((void **)&table->line, table->rows, &lines, sizeof *table->line) ||
        !lstmc_grow((void **)&table->group, table->rows, &groups, sizeof *table->group))
        return lstmc_fail_memory(r->message, r->sheet.path);
    r->capacity = values;
    return LSTMC_OK;
}

/* A row of the sheet becomes one of the table. */
static int read_row(struct reader *r, size_t row, struct lstmc_table *table)
{
    int status = check_width(r, row);
    if (!status)
        status = grow_table(r, table);
    if (status)
        return status;
    const size_t to = table->rows++;
    table->line[to] = r->sheet.rows[row].line;
    table->group[to] = 0;
    if (r->options->group)
        status = read_group(r, row, table, to);
    for (int i = 0; i < table->columns && !status; i++) {
        double *value = &table->value[to * (size_t)table->columns + (size_t)i];
        *value = 0;
        if (r->column[i] != COMPUTED)
            status = read_cell(r, row, r->column[i], r->options->names[i], value);
    }
    return status;
}

/* Those of the head, and then one after the other. */
static int read_rows(struct reader *r, struct lstmc_table *table)
{
    Sheet *sheet = &r->sheet;
    int status = LSTMC_OK;
    for (size_t row = r->has_header ? 1 : 0; row < sheet->row_count && !status; row++)
        status = read_row(r, row, table);
    if (r->kept)
        r->kept = sheet->rest.at;
    for (const size_t head = sheet->row_count; !status;) {
        status = lstmc_sheet_next(sheet);
        if (status || sheet->row_count == head)
            return status;
        status = read_row(r, head, table);
        lstmc_sheet_drop(sheet);
        if (r->kept)
            r->kept = lstmc_map_pass(r->kept, sheet->rest.at);
    }
    return status;
}

/* What is known when all rows are there. */
static int finish_table(struct reader *r, struct lstmc_table *table)
{
    if (r->sheet.blank_line && first_count(&r->sheet) == 1)
        lstmc_note(r->options->notes,
                   "%.200s:%d: this line is blank and was passed over; a missing value is written as NA", r->sheet.path,
                   r->sheet.blank_line);
    if (!table->rows)
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s: has a line of names, but no rows", r->sheet.path);
    for (int i = 0; i < table->columns; i++)
        if (r->column[i] == COMPUTED)
            count_remaining(table, i);
    table->run = malloc(table->rows * sizeof *table->run);
    if (!table->run)
        return lstmc_fail_memory(r->message, r->sheet.path);
    memcpy(table->run, table->group, table->rows * sizeof *table->run);
    return LSTMC_OK;
}

static int read_sheet(struct reader *r, struct lstmc_table *table)
{
    int status = LSTMC_OK;
    while (!status && r->sheet.row_count < HEAD && r->sheet.rest.at < r->sheet.rest.end)
        status = lstmc_sheet_next(&r->sheet);
    if (!status && !r->sheet.row_count)
        status = lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s: is empty", r->sheet.path);
    if (!status)
        status = find_header(r);
    if (!status)
        status = find_columns(r);
    table->columns = r->options->name_count;
    table->groups = r->options->group ? 0 : 1;
    table->computed = calloc((size_t)table->columns + 1, sizeof *table->computed);
    if (!status && !table->computed)
        status = lstmc_fail_memory(r->message, r->sheet.path);
    if (!status)
        status = read_rows(r, table);
    return status ? status : finish_table(r, table);
}

/* ---- the file ---- */

struct text {                   /* of a table, with a zero byte behind it */
    struct lstmc_mapping mapping;
    unsigned char *unpacked;    /* instead, of a packed file */
    size_t size;
};

static int unpack(const struct lstmc_table_options *options, const char *path, struct text *text,
                  struct lstmc_message *message)
{
    const unsigned char *bytes = text->mapping.start;
    if (text->size < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b)
        return LSTMC_OK;
    if (!options->unpack)
        return lstmc_fail(message, LSTMC_BAD_FILE,
                          "%s: is compressed, and this program reads no gzip files (options.unpack is not set)", path);
    lstmc_unmap(&text->mapping);
    int status = lstmc_file_read(path, &text->unpacked, &text->size, message);
    return status ? status : options->unpack(path, &text->unpacked, &text->size, message);
}

int lstmc_table_read(const char *path, const struct lstmc_table_options *options, struct lstmc_table *table,
                     struct lstmc_message *message)
{
    struct reader r = { .sheet = { .path = path, .message = message }, .options = options, .message = message };
    struct text text = { .unpacked = NULL };
    memset(table, 0, sizeof *table);
    int status = lstmc_map_text(path, &text.mapping, &text.size, message);
    if (status)
        return status;
    r.column = calloc((size_t)options->name_count + 1, sizeof *r.column);
    status = r.column ? unpack(options, path, &text, message) : lstmc_fail_memory(message, path);
    r.kept = text.mapping.start;
    if (!status)
        status = lstmc_sheet_begin(&r.sheet, text.unpacked ? (char *)text.unpacked : text.mapping.start, text.size);
    if (!status)
        status = read_sheet(&r, table);
    if (status)
        lstmc_table_free(table);
    free(r.column);
    lstmc_tokens_free(&r.groups);
    lstmc_sheet_free(&r.sheet);
    lstmc_unmap(&text.mapping);
    free(text.unpacked);
    return status;
}

void lstmc_table_free(struct lstmc_table *table)
{
    lstmc_grown_free(table->value);
    lstmc_grown_free(table->line);
    lstmc_grown_free(table->group);
    free(table->run);
    free(table->computed);
    memset(table, 0, sizeof *table);
}
