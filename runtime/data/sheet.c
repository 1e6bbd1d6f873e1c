/* sheet.c: in: the bytes of a text file.  out: rows of cells, or the line of the first mistake. */
#include "sheet.h"
#include "runtime/base/array.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CELLS_MAX 1000000       /* of one line: more are no table */

/* ---- which bytes are a table ---- */

static int no_text(const struct lstmc_sheet *sheet, const char *what)
{
    return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%.200s: %s", sheet->path, what);
}

static int check_zeros(const struct lstmc_sheet *sheet, const char *bytes, size_t size)
{
    const char *zero = memchr(bytes, 0, size);
    int line = 1;
    for (const char *at = bytes; zero && at < zero; at++)
        line += *at == '\n' && line < INT_MAX;
    return zero ? lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%.200s:%d: has a zero byte: it is no text", sheet->path,
                             line)
                : LSTMC_OK;
}

static int check_text(const struct lstmc_sheet *sheet, const char *bytes, size_t size)
{
    if (size >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
        return no_text(sheet, "is UTF-16, as Excel saves \"Unicode text\": save it as \"CSV UTF-8\", or convert it by: "
                              "iconv -f UTF-16 -t UTF-8");
    if (size >= 4 && bytes[0] && !bytes[1] && bytes[2] && !bytes[3])
        return no_text(sheet, "looks like UTF-16: convert it by: iconv -f UTF-16LE -t UTF-8");
    if (size >= 4 && !bytes[0] && bytes[1] && !bytes[2] && bytes[3])
        return no_text(sheet, "looks like UTF-16: convert it by: iconv -f UTF-16BE -t UTF-8");
    if (size >= 4 && !memcmp(bytes, "PK\x03\x04", 4))
        return no_text(sheet, "is a workbook of a spreadsheet, or another zip file: save its sheet as CSV");
    if (size >= 6 && !memcmp(bytes, "\x93NUMPY", 6))
        return no_text(sheet, "is a NumPy array and no table: npy{...} reads it");
    return check_zeros(sheet, bytes, size);
}

/* ---- the separator ---- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Behind the end of a line that begins at `at`. */
static const char *line_behind(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return at < end ? at + 1 + (at[0] == '\r' && at + 1 < end && at[1] == '\n') : end;
}

/* A line of two or more numbers with blanks between them. */
static int is_numbers(const char *at, const char *end)
{
    int numbers = 0, others = 0;
    double value;
    while (at < end && *at != '\n' && *at != '\r') {
        const char *word = at;
        while (at < end && !is_blank(*at) && *at != '\n' && *at != '\r')
            at++;
        if (at > word && lstmc_number_read(word, (size_t)(at - word), &value))
            numbers++;
        else
            others += at > word;
        at += at < end && is_blank(*at);
    }
    return numbers > 1 && !others;
}

struct separators {             /* of one line, outside quotes */
    int commas, decimal_commas, semicolons, tabs, bars;
};

static struct separators count_separators(const char *first, const char *end)
{
    struct separators count = { 0 };
    int quoted = 0;
    for (const char *at = first; at < end && (quoted || (*at != '\n' && *at != '\r')); at++) {
        quoted ^= *at == '"';
        if (quoted)
            continue;
        count.commas += *at == ',';
        count.decimal_commas += *at == ',' && at > first && is_digit(at[-1]) && at + 1 < end && is_digit(at[1]);
        count.semicolons += *at == ';';
        count.tabs += *at == '\t';
        count.bars += *at == '|';
    }
    return count;
}

static char find_separator(const char *first, const char *end)
{
    const char *second = line_behind(first, end);
    struct separators count = count_separators(first, end);
    if (count.commas > count.decimal_commas || (count.commas && !count.semicolons && !count.tabs))
        return ',';
    if (count.semicolons || count.tabs)
        return count.semicolons ? ';' : '\t';
    if (count.bars && (second == end || count_separators(second, end).bars == count.bars))
        return '|';
    return is_numbers(first, end) || is_numbers(second, end) ? LSTMC_BLANKS : ',';
}

/* Excel's first line "sep=;", which is no row: the scanner moves behind it. 0: there is none. */
static char take_separator_line(struct scanner *scan)
{
    const char *at = scan->at;
    size_t length = strcspn(at, "\r\n");
    if (length == 7 && at[0] == '"' && at[6] == '"')
        at++, length -= 2;
    if (length != 5 || strncasecmp(at, "sep=", 4) || !strchr(",;\t|:^~! ", at[4]))
        return 0;
    char separator = at[4];
    scan->at = (char *)line_behind(scan->at, scan->end);
    scan->line++;
    return separator;
}

/* ---- cells ---- */

static int at_line_end(const struct scanner *scan)
{
    return scan->at == scan->end || *scan->at == '\n' || *scan->at == '\r';
}

static int at_separator(const struct lstmc_sheet *sheet, const struct scanner *scan)
{
    return scan->at < scan->end &&
           (sheet->separator == LSTMC_BLANKS ? is_blank(*scan->at) : *scan->at == sheet->separator);
}

static void skip_blanks(struct scanner *scan, char separator)
{
    while (scan->at < scan->end && is_blank(*scan->at) && (separator == LSTMC_BLANKS || *scan->at != separator))
        scan->at++;
}

/* Whether the byte at `at` ends a line; of CR LF the LF does. */
static int ends_line(const char *at)
{
    return *at == '\n' || (*at == '\r' && at[1] != '\n');
}

/* Unquotes in place: what is written never overtakes what is read. */
static int scan_quoted(struct lstmc_sheet *sheet, struct scanner *scan, struct lstmc_cell *cell)
{
    int line = scan->line;
    char *to = ++scan->at;
    cell->text = to;
    for (;;) {
        if (scan->at == scan->end)
            return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%.200s:%d: a quote is never closed", sheet->path, line);
        if (*scan->at == '"') {
            scan->at++;
            if (scan->at == scan->end || *scan->at != '"')
                break;
        }
        scan->line += ends_line(scan->at) && scan->line < INT_MAX;
        *to++ = *scan->at++;
    }
    cell->length = (size_t)(to - cell->text);
    *to = 0;
    if (sheet->separator != LSTMC_BLANKS)
        skip_blanks(scan, sheet->separator);
    if (!at_line_end(scan) && !at_separator(sheet, scan))
        return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%.200s:%d: text behind a closing quote", sheet->path,
                          scan->line);
    return LSTMC_OK;
}

static int scan_cell(struct lstmc_sheet *sheet, struct scanner *scan, struct lstmc_cell *cell)
{
    skip_blanks(scan, sheet->separator);
    if (scan->at < scan->end && *scan->at == '"')
        return scan_quoted(sheet, scan, cell);
    cell->text = scan->at;
    while (!at_line_end(scan) && !at_separator(sheet, scan))
        scan->at++;
    cell->length = (size_t)(scan->at - cell->text);
    while (cell->length && is_blank(cell->text[cell->length - 1]))
        cell->length--;
    return LSTMC_OK;
}

/* Whether another cell of the line follows, which starts where the scanner is then. Blanks at the end of a line
 * separate nothing. */
static int take_separator(const struct lstmc_sheet *sheet, struct scanner *scan)
{
    if (!at_separator(sheet, scan))
        return 0;
    if (sheet->separator != LSTMC_BLANKS)
        return scan->at++, 1;
    skip_blanks(scan, LSTMC_BLANKS);
    return !at_line_end(scan);
}

/* One line into cells. The byte behind a cell is made 0 only after it was read. */
static int scan_row(struct lstmc_sheet *sheet, struct scanner *scan)
{
    if (!lstmc_array_grow((void **)&sheet->rows, sheet->row_count, &sheet->row_capacity, sizeof *sheet->rows))
        return lstmc_fail_memory(sheet->message, sheet->path);
    struct lstmc_row *row = &sheet->rows[sheet->row_count];
    *row = (struct lstmc_row){ .first = sheet->cell_count, .line = scan->line };
    int has_end = 0;
    for (int more = 1; more; row->count++) {
        if (row->count == CELLS_MAX)
            return lstmc_fail(sheet->message, LSTMC_BAD_FILE, "%.200s:%d: has more than %d cells: no table is read so",
                              sheet->path, row->line, CELLS_MAX);
        if (!lstmc_array_grow((void **)&sheet->cells, sheet->cell_count, &sheet->cell_capacity, sizeof *sheet->cells))
            return lstmc_fail_memory(sheet->message, sheet->path);
        struct lstmc_cell *cell = &sheet->cells[sheet->cell_count++];
        int status = scan_cell(sheet, scan, cell);
        if (status)
            return status;
        char *behind = (char *)cell->text + cell->length;
        more = take_separator(sheet, scan);
        if (!more && (has_end = scan->at < scan->end)) {
            scan->at += scan->at[0] == '\r' && scan->at + 1 < scan->end && scan->at[1] == '\n' ? 2 : 1;
            scan->line += scan->line < INT_MAX;
        }
        *behind = 0;
    }
    if (row->count == 1 && sheet->cells[row->first].length == 0) {
        sheet->cell_count = row->first;         /* a blank line is no row */
        scan->blank_line = scan->blank_line ? scan->blank_line : row->line;
        return LSTMC_OK;
    }
    sheet->blank_line = sheet->blank_line ? sheet->blank_line : scan->blank_line;
    sheet->row_count++;
    sheet->has_end = has_end;
    return LSTMC_OK;
}

static void skip_blank_lines(struct scanner *scan)
{
    for (char *at = scan->at; at < scan->end && (is_blank(*at) || *at == '\n' || *at == '\r'); at++)
        if (ends_line(at)) {
            scan->at = at + 1;
            scan->line++;
        }
}

int lstmc_sheet_begin(struct lstmc_sheet *sheet, char *bytes, size_t size)
{
    struct scanner scan = { .at = bytes, .end = bytes + size, .line = 1 };
    int status = check_text(sheet, bytes, size);
    if (status)
        return status;
    if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        scan.at += 3;
    skip_blank_lines(&scan);
    sheet->separator = take_separator_line(&scan);
    if (!sheet->separator)
        sheet->separator = find_separator(scan.at, scan.end);
    size_t length = strcspn(scan.at, "\r\n"), room = sizeof sheet->first_line - 1;
    memcpy(sheet->first_line, scan.at, length < room ? length : room);
    sheet->rest = scan;
    return LSTMC_OK;
}

int lstmc_sheet_next(struct lstmc_sheet *sheet)
{
    const size_t rows = sheet->row_count;
    int status = LSTMC_OK;
    while (!status && sheet->row_count == rows && sheet->rest.at < sheet->rest.end)
        status = scan_row(sheet, &sheet->rest);
    return status;
}

int lstmc_sheet_scan(struct lstmc_sheet *sheet, char *bytes, size_t size)
{
    int status = lstmc_sheet_begin(sheet, bytes, size);
    while (!status && sheet->rest.at < sheet->rest.end)
        status = scan_row(sheet, &sheet->rest);
    return status;
}

void lstmc_sheet_free(struct lstmc_sheet *sheet)
{
    free(sheet->cells);
    free(sheet->rows);
}
