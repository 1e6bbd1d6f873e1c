/* running_text.c: in: text that goes on, in one file or several.  out: windows of its bytes, characters or words, and
 * of the same moved by one. */
#include "dataset.h"
#include "next_token.h"
#include "runtime/base/array.h"
#include "runtime/base/message.h"
#include "runtime/files/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct text {
    const struct lstmc_text_options *options;
    const struct lstmc_model *model;
    struct lstmc_message *message;
    /* bytes: those of all files; else numbers of tokens, whose text lies in the files */
    unsigned char *bytes;
    int *number; size_t capacity;
    size_t count;
    unsigned char **files;
    struct lstmc_tokens tokens;
    int *id;                            /* of each byte, or number */
};

static int32_t id_at(const struct text *text, size_t at)
{
    return text->id[text->bytes ? text->bytes[at] : text->number[at]];
}

/* ---- the files ---- */

static int append_bytes(struct text *text, const unsigned char *bytes, size_t size, const char *path)
{
    unsigned char *moved = size <= SIZE_MAX - 1 - text->count ? realloc(text->bytes, text->count + size + 1) : NULL;
    if (!moved)
        return lstmc_fail_memory(text->message, path);
    memcpy(moved + text->count, bytes, size);
    text->bytes = moved;
    text->count += size;
    return LSTMC_OK;
}

/* Ends of lines are "\n", whatever wrote the file. */
static void settle_line_ends(char *at, const char *end)
{
    for (; at < end; at++)
        if (*at == '\r')
            *at = at[1] == '\n' ? ' ' : '\n';
}

static int append_tokens(struct text *text, char *at, size_t size, const char *path)
{
    struct lstmc_token token;
    char *end = at + size;
    at += size >= 3 && !memcmp(at, "\xef\xbb\xbf", 3) ? 3 : 0;
    size_t good = lstmc_text_well_formed(at, (size_t)(end - at));
    if (at + good < end)
        return lstmc_text_malformed(path, at, good, text->message);
    if (text->options->lower)
        lstmc_text_lower(at, (size_t)(end - at));
    if (text->options->unit == LSTMC_WORDS_AND_LINES)
        settle_line_ends(at, end);
    for (const char *from = at; lstmc_token_next(text->options->unit, &from, end, &token); text->count++) {
        if (!lstmc_array_grow((void **)&text->number, text->count, &text->capacity, sizeof *text->number) ||
            (text->number[text->count] = lstmc_tokens_number(&text->tokens, token)) < 0)
            return lstmc_fail_memory(text->message, path);
    }
    return LSTMC_OK;
}

static int read_files(struct text *text)
{
    const struct lstmc_text_options *options = text->options;
    int status = LSTMC_OK;
    text->files = calloc((size_t)options->file_count, sizeof *text->files);
    if (!text->files)
        return lstmc_fail_memory(text->message, options->files[0]);
    for (int file = 0; !status && file < options->file_count; file++) {
        size_t size;
        status = lstmc_file_read(options->files[file], &text->files[file], &size, text->message);
        if (status)
            return status;
        if (options->unit != LSTMC_BYTES) {
            status = append_tokens(text, (char *)text->files[file], size, options->files[file]);
        } else {
            status = append_bytes(text, text->files[file], size, options->files[file]);
            free(text->files[file]);
            text->files[file] = NULL;
        }
    }
    return status;
}

/* ---- ids ---- */

/* ids by the sorted distinct bytes; returns how many there are. */
static int number_bytes(struct text *text)
{
    char present[256] = { 0 };
    int count = 0;
    for (size_t i = 0; i < text->count; i++)
        present[text->bytes[i]] = 1;
    for (int i = 0; i < 256; i++)
        text->id[i] = present[i] ? count++ : -1;
    return count;
}

/* Ids and classes are bytes. */
static int name_bytes(const struct text *text, int distinct, struct lstmc_meaning *meaning)
{
    meaning->unit = LSTMC_BYTES;
    int good = lstmc_names_alloc(&meaning->vocabulary, distinct) && lstmc_names_alloc(&meaning->labels, distinct);
    for (int i = 0; good && i < 256; i++) {
        char byte = (char)i;
        if (text->id[i] >= 0)
            good = lstmc_names_set(&meaning->vocabulary, text->id[i], &byte, 1) &&
                   lstmc_names_set(&meaning->labels, text->id[i], &byte, 1);
    }
    return good;
}

static int make_byte_ids(struct text *text, struct lstmc_meaning *meaning)
{
    const char *path = text->options->files[0];
    text->id = calloc(256, sizeof *text->id);
    if (!text->id)
        return lstmc_fail_memory(text->message, path);
    int distinct = number_bytes(text);
    if (distinct == 1)
        return lstmc_fail(text->message, LSTMC_MISMATCH,
                          "%.250s: is one character again and again, which is nothing to learn: at least two are "
                          "needed",
                          path);
    if (distinct != text->model->vocabulary)
        return lstmc_fail(text->message, LSTMC_MISMATCH,
                          "%.250s: has %d distinct characters, but the model's vocabulary is %d: use %d for it", path,
                          distinct, text->model->vocabulary, distinct);
    if (lstmc_classes(text->model) != distinct)
        return lstmc_fail(text->message, LSTMC_MISMATCH,
                          "%.250s: has %d distinct characters, but the model's output has %d classes: use %d units",
                          path, distinct, lstmc_classes(text->model), distinct);
    return name_bytes(text, distinct, meaning) ? LSTMC_OK : lstmc_fail_memory(text->message, path);
}

static int make_token_ids(struct text *text, size_t trains, struct lstmc_meaning *meaning)
{
    const struct lstmc_text_options *options = text->options;
    size_t *frequency = calloc(text->tokens.count + 1, sizeof *frequency);
    struct lstmc_counted counted = { &text->tokens, frequency, options->vocabulary, options->unit,
                                     options->files[0] };
    text->id = calloc(text->tokens.count + 1, sizeof *text->id);
    int status = frequency && text->id ? LSTMC_OK : lstmc_fail_memory(text->message, "the vocabulary");
    for (size_t i = 0; !status && i < trains; i++)
        frequency[text->number[i]]++;
    meaning->is_lower = options->lower;
    if (!status)
        status = lstmc_next_token_ids(text->model, &counted, text->id, meaning, text->message);
    free(frequency);
    return status;
}

/* ---- windows ---- */

/* Windows side by side; each needs one token more than it has. */
static int cut_windows(const struct text *text, size_t first, size_t count, struct lstmc_dataset *data)
{
    const struct lstmc_model *model = text->model;
    size_t window = model->input_count;
    int status = lstmc_dataset_alloc_described(model, count ? (count - 1) / window : 0, data);
    if (status)
        return lstmc_fail_memory(text->message, "the text's windows");
    int32_t *x = data->x, *y = data->y;
    for (size_t sample = 0; sample < data->samples; sample++) {
        size_t from = first + sample * window, behind = from + window + 1 - model->target_count;
        for (size_t i = 0; i < window; i++)
            x[sample * window + i] = id_at(text, from + i);
        for (size_t i = 0; i < model->target_count; i++)
            y[sample * model->target_count + i] = id_at(text, behind + i);
    }
    return LSTMC_OK;
}

static int cut_text(struct text *text, struct lstmc_dataset *training, struct lstmc_dataset *validation)
{
    const struct lstmc_text_options *options = text->options;
    const char *path = options->files[0], *word = lstmc_token_word(options->unit);
    size_t count = text->count, cut = (size_t)floor((double)count * options->split + 1e-9);
    if (count <= (size_t)options->window)
        return lstmc_fail(text->message, LSTMC_MISMATCH,
                          "%.250s: has %zu %s%s: too few for a window of %d and the %s behind it", path, count, word,
                          count == 1 ? "" : "s", options->window, word);
    training->meaning.pads_front = 1;
    int status = options->unit == LSTMC_BYTES ? make_byte_ids(text, &training->meaning)
                                              : make_token_ids(text, cut, &training->meaning);
    if (!status)
        status = cut_windows(text, 0, cut, training);
    if (!status)
        status = cut_windows(text, cut, count - cut, validation);
    if (!status && (!training->samples || (options->split < 1 && !validation->samples)))
        status = lstmc_fail(text->message, LSTMC_MISMATCH,
                            "%.250s: the first %zu %ss train, the last %zu are held out: too few for a window of %d "
                            "and the %s behind it",
                            path, cut, word, count - cut, options->window, word);
    return status;
}

static void text_free(struct text *text)
{
    for (int file = 0; text->files && file < text->options->file_count; file++)
        free(text->files[file]);
    free(text->files);
    free(text->bytes);
    free(text->number);
    free(text->id);
    lstmc_tokens_free(&text->tokens);
}

int lstmc_read_text(const struct lstmc_model *model, const struct lstmc_text_options *options,
                    struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct text text = { .options = options, .model = model, .message = message };
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    if (options->file_count < 1)
        return lstmc_fail(message, LSTMC_MISMATCH, "a text needs a file");
    if (options->window < 1 || !(options->split > 0 && options->split <= 1))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: window must be positive and split in (0, 1]",
                          options->files[0]);
    int status = lstmc_next_token_check(model, options->files[0], options->unit, options->window, message);
    if (!status)
        status = read_files(&text);
    if (!status)
        status = cut_text(&text, training, validation);
    text_free(&text);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    return status;
}

int lstmc_read_characters(const struct lstmc_model *model, const char *path, int window, double split,
                          struct lstmc_dataset *training, struct lstmc_dataset *validation,
                          struct lstmc_message *message)
{
    struct lstmc_text_options options = {
        .files = &path, .file_count = 1, .unit = LSTMC_BYTES, .window = window, .split = split
    };
    return lstmc_read_text(model, &options, training, validation, message);
}
