/* text_rows.c: in: text files.  out: a row for each line, its texts as numbers of tokens; or file, line and column of
 * the first mistake. */
#include "text_rows.h"
#include "runtime/files/folder.h"
#include "runtime/files/map.h"
#include "runtime/base/message.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct line {
    const char *path;
    int number;
    char *at, *end;                     /* without the line's end */
    char *original;                     /* where it stands as it is, whatever becomes of capitals; or NULL */
    int as_it_is;                       /* 1: this is that one */
};

/* Blanks around a text say nothing. */
static void trim(char **at, char **end)
{
    while (*at < *end && (**at == ' ' || **at == '\t'))
        ++*at;
    while (*at < *end && ((*end)[-1] == ' ' || (*end)[-1] == '\t'))
        --*end;
}

/* Field `wanted` of a line, from 1; 0: the whole line. What is empty is refused. */
static int find_field(struct lstmc_text_rows *rows, const struct line *line, const char *what, int wanted, char **at,
                      char **end)
{
    char separator = rows->options->separator;
    *at = line->at;
    *end = line->end;
    for (int field = 1; wanted; field++) {
        char *to = memchr(*at, separator, (size_t)(line->end - *at));
        *end = to ? to : line->end;
        if (field == wanted)
            break;
        if (!to && separator == '\t')
            return lstmc_fail(rows->message, LSTMC_BAD_FILE,
                              "%.250s:%d: the %s is field %d, but the line has %d (fields are separated by tabs, or by "
                              "what separator = \",\" says)",
                              line->path, line->number, what, wanted, field);
        if (!to)
            return lstmc_fail(rows->message, LSTMC_BAD_FILE,
                              "%.250s:%d: the %s is field %d, but the line has %d (fields are separated by '%c')",
                              line->path, line->number, what, wanted, field, separator);
        *at = to + 1;
    }
    int column = 1;
    for (const char *c = line->at; c < *at; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    trim(at, end);
    if (*at == *end)
        return lstmc_fail(rows->message, LSTMC_BAD_FILE, "%.250s:%d:%d: the %s is empty", line->path, line->number,
                          column, what);
    return LSTMC_OK;
}

static int read_tokens(struct lstmc_text_rows *rows, const struct line *line, const char *what, int field,
                       enum lstmc_text_unit unit, struct lstmc_tokens *tokens, size_t *first, int *count)
{
    char *at, *end;
    struct lstmc_token token;
    int status = find_field(rows, line, what, field, &at, &end);
    if (status)
        return status;
    if (rows->options->lower && !line->as_it_is)
        lstmc_text_lower(at, (size_t)(end - at));
    *first = rows->number_count;
    for (const char *from = at; lstmc_token_next(unit, &from, end, &token);) {
        int number = lstmc_tokens_number(tokens, token);
        if (number < 0 || rows->number_count - *first >= INT_MAX ||
            !lstmc_grow((void **)&rows->numbers, rows->number_count, &rows->number_capacity,
                        sizeof *rows->numbers))
            return lstmc_fail_memory(rows->message, line->path);
        rows->numbers[rows->number_count++] = number;
    }
    *count = (int)(rows->number_count - *first);
    return *count ? LSTMC_OK
                  : lstmc_fail(rows->message, LSTMC_BAD_FILE, "%.250s:%d: the %s has no words", line->path,
                               line->number, what);
}

static int read_label(struct lstmc_text_rows *rows, const struct line *line, int *label)
{
    const char *name = lstmc_file_name(line->path);
    struct lstmc_token token = { name, lstmc_file_stem(name) };
    if (rows->options->label) {
        char *at, *end;
        int status = find_field(rows, line, "label", rows->options->label, &at, &end);
        if (status)
            return status;
        token = (struct lstmc_token){ at, (size_t)(end - at) };
    }
    *label = lstmc_tokens_number(&rows->labels.tokens, token);
    if (*label < 0)
        return lstmc_fail_memory(rows->message, line->path);
    if (rows->options->label_count && *label >= rows->options->label_count)
        return lstmc_fail(rows->message, LSTMC_BAD_FILE, "%.250s:%d: the label \"%.*s\" is not among those given",
                          line->path, line->number, token.length > 60 ? 60 : (int)token.length, token.text);
    return LSTMC_OK;
}

static int read_line(struct lstmc_text_rows *rows, const struct line *line)
{
    const struct lstmc_lines_options *options = rows->options;
    if (!lstmc_grow((void **)&rows->rows, rows->count, &rows->capacity, sizeof *rows->rows))
        return lstmc_fail_memory(rows->message, line->path);
    struct lstmc_text_row *row = &rows->rows[rows->count];
    *row = (struct lstmc_text_row){ .label = -1 };
    int status = read_tokens(rows, line, "text", options->text, options->unit, &rows->text, &row->text,
                             &row->text_count);
    struct line target = *line;
    if (line->original) {
        target.at = line->original;
        target.end = target.at + (line->end - line->at);
        target.as_it_is = 1;
    }
    if (!status && options->target_text)
        status = read_tokens(rows, &target, "target text", options->target_text, options->target_unit, &rows->target,
                             &row->target, &row->target_count);
    else if (!status)
        status = read_label(rows, line, &row->label);
    rows->count += !status;
    return status;
}

/* The first byte that is no UTF-8, as line and column. */
int lstmc_text_malformed(const char *path, const char *text, size_t offset, struct lstmc_message *message)
{
    int line = 1, column = 1;
    if (!offset && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
        return lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: is UTF-16: convert it by: iconv -f UTF-16 -t UTF-8",
                          path);
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n'))
            line++, column = 1;
        else
            column += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return lstmc_fail(message, LSTMC_BAD_FILE, "%.250s:%d:%d: the byte %02x is no UTF-8 here", path, line, column,
                      (unsigned char)text[offset]);
}

/* Capitals are what is predicted, of a text without them. */
static int predicts_itself(const struct lstmc_lines_options *options)
{
    return options->lower && options->target_text && options->target_text == options->text;
}

/* `original`: the same bytes, whose capitals stay; or NULL. */
static int read_bytes(struct lstmc_text_rows *rows, const char *path, char *bytes, size_t size, char *original)
{
    char *at = bytes, *end = at + size;
    const char *kept = bytes;
    at += size >= 3 && !memcmp(at, "\xef\xbb\xbf", 3) ? 3 : 0;
    size_t good = lstmc_text_well_formed(at, (size_t)(end - at));
    if (at + good < end)
        return lstmc_text_malformed(path, at, good, rows->message);
    for (int number = 1; at < end && number < INT_MAX; number++) {
        struct line line = { .path = path, .number = number, .at = at, .end = at + strcspn(at, "\r\n") };
        line.original = original ? original + (at - bytes) : NULL;
        at = line.end + (line.end[0] == '\r' && line.end[1] == '\n') + 1;
        char *first = line.at, *last = line.end;
        trim(&first, &last);
        int status = first < last && !(number == 1 && rows->options->has_header) ? read_line(rows, &line) : LSTMC_OK;
        if (status)
            return status;
        kept = lstmc_map_pass(kept, line.end);
    }
    return LSTMC_OK;
}

static int read_file(struct lstmc_text_rows *rows, const char *path)
{
    struct lstmc_mapping text, original = { NULL, 0 };
    size_t size;
    int status = lstmc_map_text(path, &text, &size, rows->message);
    if (!status && predicts_itself(rows->options))
        status = lstmc_map_text(path, &original, &size, rows->message);
    if (!status)
        status = read_bytes(rows, path, text.start, size, original.start);
    lstmc_unmap(&text);
    lstmc_unmap(&original);
    return status;
}

int lstmc_text_rows_read(const struct lstmc_lines_options *options, struct lstmc_text_rows *rows,
                         struct lstmc_message *message)
{
    *rows = (struct lstmc_text_rows){
        .options = options, .message = message, .files = options->files, .file_count = options->file_count
    };
    int status = LSTMC_OK;
    if (options->folder) {
        status = lstmc_folder_list(options->folder, ".txt", options->except, options->except_count, &rows->folder,
                                   message);
        rows->files = (const char *const *)rows->folder.text;
        rows->file_count = rows->folder.count;
    }
    if (!status)
        status = lstmc_labels_give(&rows->labels, options->labels, options->label_count, message);
    for (int file = 0; !status && file < rows->file_count; file++)
        status = read_file(rows, rows->files[file]);
    if (!status && !rows->count)
        status = lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: has no lines", rows->file_count ? rows->files[0] : "");
    return status;
}

void lstmc_text_rows_free(struct lstmc_text_rows *rows)
{
    lstmc_grown_free(rows->rows);
    lstmc_grown_free(rows->numbers);
    lstmc_folder_free(&rows->folder);
    lstmc_tokens_free(&rows->text);
    lstmc_tokens_free(&rows->target);
    lstmc_labels_free(&rows->labels);
}

/* ---- what samples are made of ---- */

struct lstmc_text_store *lstmc_text_store_take(struct lstmc_text_rows *rows, const struct lstmc_text_row **order)
{
    struct lstmc_text_store *store = malloc(sizeof *store);
    if (!store)
        return NULL;
    *store = (struct lstmc_text_store){ 1, rows->rows, order, rows->numbers };
    rows->rows = NULL;
    rows->numbers = NULL;
    return store;
}

void lstmc_text_store_leave(struct lstmc_text_store *store)
{
    if (!store || --store->users)
        return;
    lstmc_grown_free(store->rows);
    lstmc_grown_free(store->ids);
    free(store->order);
    free(store);
}

void lstmc_text_number(int *numbers, int count, const int *id)
{
    for (int i = 0; i < count; i++)
        numbers[i] = id[numbers[i]];
}

void lstmc_text_place(const int *ids, int count, int pads_front, int length, int32_t *to)
{
    const int kept = count < length ? count : length;
    memset(to, 0, (size_t)length * sizeof *to);
    for (int i = 0; i < kept; i++)
        to[pads_front ? length - kept + i : i] = ids[pads_front ? count - kept + i : i];
}
