/* vectors.c: in: a file of vectors that others have trained.  out: rows of an embedding. An array holds a row for each
 * id; a text in the form of GloVe or word2vec a word and its numbers in each line. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/files/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN "\xef\xbf\xbd"          /* what readers of texts call the id of all other words */

int lstmc_read_vectors(const char *path, const struct lstmc_tensor *table, float *weights,
                       struct lstmc_message *message)
{
    struct lstmc_npy array;
    int status = lstmc_npy_read(path, &array, message);
    if (status)
        return status;
    int same = array.rank == 2 && array.shape[0] == (size_t)table->shape[0] &&
               array.shape[1] == (size_t)table->shape[1];
    if (!same)
        status = lstmc_fail(message, LSTMC_MISMATCH, "%.300s: an array of %zu rows and %zu columns is needed, this has "
                            "%d axes, the first of %zu", path, (size_t)table->shape[0], (size_t)table->shape[1],
                            array.rank, array.rank ? array.shape[0] : 0);
    for (size_t i = 0; !status && i < table->count; i++) {
        weights[table->offset + i] = (float)lstmc_npy_value(&array, i);
        if (!isfinite(weights[table->offset + i]))
            status = lstmc_fail(message, LSTMC_BAD_FILE, "%.300s: row %zu is not finite", path,
                                i / (size_t)table->shape[1]);
    }
    lstmc_npy_free(&array);
    return status;
}

/* ---- texts ---- */

struct word {
    const char *text;
    size_t length;
    int row;                            /* of the table */
    int found;
};

/* What a line of the file is made of. */
struct line {
    const char *word, *numbers, *end;
    size_t length;                      /* of the word */
    size_t number;                      /* from 1 */
};

struct vectors {
    const char *path;
    const struct lstmc_tensor *table;
    float *weights;
    struct word *words;
    size_t word_count;
    struct lstmc_message *message;
};

static int compare_words(const void *a, const void *b)
{
    const struct word *left = a, *right = b;
    size_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->text, right->text, shorter);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

/* Sorted; without what stands for no word. */
static int take_words(struct vectors *v, const struct lstmc_names *names)
{
    int rows = v->table->shape[0];
    v->words = calloc((size_t)names->count + 1, sizeof *v->words);
    if (!v->words)
        return lstmc_fail_memory(v->message, "the words");
    for (int row = 0; row < names->count && row < rows; row++) {
        const char *text = names->text[row];
        if (text && *text && strcmp(text, UNKNOWN))
            v->words[v->word_count++] = (struct word){ .text = text, .length = strlen(text), .row = row };
    }
    qsort(v->words, v->word_count, sizeof *v->words, compare_words);
    return LSTMC_OK;
}

static int is_blank(char c) { return c == ' ' || c == '\t'; }

/* From its end: a word may hold blanks. Returns how many fields there are, `numbers` + 1 at most. */
static size_t split_line(struct line *line, const char *start, size_t numbers)
{
    const char *at = line->end;
    size_t fields = 0;
    while (at > start && fields < numbers) {
        while (at > start && !is_blank(at[-1]))
            at--;
        fields++;
        line->numbers = at;
        while (at > start && is_blank(at[-1]))
            at--;
    }
    line->word = start;
    line->length = (size_t)(at - start);
    return fields + (at > start);
}

static int fail_line(const struct vectors *v, const struct line *line, const char *what)
{
    return lstmc_fail(v->message, LSTMC_BAD_FILE, "%.300s, line %zu: %s", v->path, line->number, what);
}

static int read_numbers(const struct vectors *v, const struct line *line, float *row)
{
    const char *at = line->numbers;
    for (int i = 0; i < v->table->shape[1]; i++) {
        const char *start = at;
        double value;
        while (at < line->end && !is_blank(*at))
            at++;
        if (!lstmc_number_read(start, (size_t)(at - start), &value) || !isfinite((float)value))
            return fail_line(v, line, "not all of it are finite numbers");
        row[i] = (float)value;
        while (at < line->end && is_blank(*at))
            at++;
    }
    return LSTMC_OK;
}

/* Of a word that stands there twice the first vector counts. */
static int take_line(struct vectors *v, const struct line *line)
{
    struct word wanted = { .text = line->word, .length = line->length };
    struct word *word = v->word_count ? bsearch(&wanted, v->words, v->word_count, sizeof wanted, compare_words) : NULL;
    if (!word || word->found)
        return LSTMC_OK;
    word->found = 1;
    return read_numbers(v, line, v->weights + v->table->offset + (size_t)word->row * (size_t)v->table->shape[1]);
}

/* word2vec begins with the number of words and that of numbers. */
static int is_heading(const struct line *line, size_t fields, size_t numbers)
{
    return line->number == 1 && fields == 2 && numbers > 1;
}

static int read_lines(struct vectors *v, const char *at, const char *end)
{
    size_t numbers = (size_t)v->table->shape[1];
    int status = LSTMC_OK, first = 1;
    for (size_t number = 1; !status && at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct line line = { .end = stop ? stop : end, .number = number };
        while (line.end > at && (is_blank(line.end[-1]) || line.end[-1] == '\r'))
            line.end--;
        size_t fields = line.end > at ? split_line(&line, at, numbers) : 0;
        int heading = is_heading(&line, fields, numbers);
        int too_many = first && !heading && fields == numbers + 1 && memchr(line.word, ' ', line.length);
        if (fields && !heading && (fields < numbers + 1 || too_many))
            status = lstmc_fail(v->message, LSTMC_MISMATCH, "%.300s, line %zu: is not a word and %zu numbers, as the "
                                "embedding's output_dim says", v->path, number, numbers);
        else if (fields && !heading)
            status = take_line(v, &line);
        first = first && (heading || !fields);
        at = stop ? stop + 1 : end;
    }
    return status;
}

int lstmc_read_glove(const char *path, const struct lstmc_names *words, const struct lstmc_tensor *table,
                     float *weights, size_t *missing, struct lstmc_message *message)
{
    struct vectors v = { .path = path, .table = table, .weights = weights, .message = message };
    struct lstmc_mapping file;
    int status = lstmc_map_file(path, &file, message);
    if (status)
        return status;
    status = take_words(&v, words);
    if (!status)
        status = read_lines(&v, file.start, (const char *)file.start + file.bytes);
    *missing = 0;
    for (size_t i = 0; i < v.word_count; i++)
        *missing += !v.words[i].found;
    free(v.words);
    lstmc_unmap(&file);
    return status;
}
