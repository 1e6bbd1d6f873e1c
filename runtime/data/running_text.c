/* running_text.c: in: text that goes on, in one file or several.  out: windows of its bytes, characters or words, and
 * of the same moved by one. */
#include "dataset.h"
#include "next_token.h"
#include "runtime/base/message.h"
#include "runtime/files/map.h"
#include "token_windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct text {
    const struct lstmc_text_options *options;
    const struct lstmc_model *model;
    struct lstmc_message *message;
    struct lstmc_token_stream *stream;
    size_t capacity;                    /* of its numbers */
    struct lstmc_tokens tokens;
};

/* ---- the files ---- */

static int append_bytes(struct text *text, const char *path)
{
    struct lstmc_token_stream *stream = text->stream;
    struct lstmc_token_file *file = &stream->file[stream->file_count];
    int status = lstmc_map_file(path, &file->bytes, text->message);
    if (status)
        return status;
    stream->file_count++;
    stream->count += file->bytes.bytes;
    file->end = stream->count;
    return LSTMC_OK;
}

/* Ends of lines are "\n", whatever wrote the file. */
static void settle_line_ends(char *at, const char *end)
{
    for (; at < end; at++)
        if (*at == '\r')
            *at = at[1] == '\n' ? ' ' : '\n';
}

/* No token goes on behind the end of a line. */
static int read_line(struct text *text, char *at, char *end, const char *path)
{
    struct lstmc_token_stream *stream = text->stream;
    struct lstmc_token token;
    if (text->options->lower)
        lstmc_text_lower(at, (size_t)(end - at));
    if (text->options->unit == LSTMC_WORDS_AND_LINES)
        settle_line_ends(at, end);
    for (const char *from = at; lstmc_token_next(text->options->unit, &from, end, &token); stream->count++) {
        if (!lstmc_grow((void **)&stream->number, stream->count, &text->capacity, sizeof *stream->number) ||
            (stream->number[stream->count] = lstmc_tokens_number(&text->tokens, token)) < 0)
            return lstmc_fail_memory(text->message, path);
    }
    return LSTMC_OK;
}

static int read_tokens(struct text *text, char *bytes, size_t size, const char *path)
{
    char *end = bytes + size, *at = bytes + (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0);
    const char *kept = bytes;
    size_t good = lstmc_text_well_formed(at, (size_t)(end - at));
    int status = LSTMC_OK;
    if (at + good < end)
        return lstmc_text_malformed(path, at, good, text->message);
    for (char *next; at < end && !status; at = next) {
        char *line_end = memchr(at, '\n', (size_t)(end - at));
        next = line_end ? line_end + 1 : end;
        status = read_line(text, at, next, path);
        kept = lstmc_map_pass(kept, next);
    }
    return status;
}

static int append_tokens(struct text *text, const char *path)
{
    struct lstmc_mapping bytes;
    size_t size;
    int status = lstmc_map_text(path, &bytes, &size, text->message);
    if (!status)
        status = read_tokens(text, bytes.start, size, path);
    lstmc_unmap(&bytes);
    return status;
}

static int read_files(struct text *text)
{
    const struct lstmc_text_options *options = text->options;
    int status = LSTMC_OK;
    text->stream = lstmc_token_stream_create(options->file_count);
    if (!text->stream)
        return lstmc_fail_memory(text->message, options->files[0]);
    for (int file = 0; !status && file < options->file_count; file++)
        status = options->unit == LSTMC_BYTES ? append_bytes(text, options->files[file])
                                              : append_tokens(text, options->files[file]);
    return status;
}

/* ---- ids ---- */

/* ids by the sorted distinct bytes; returns how many there are. */
static int number_bytes(struct text *text)
{
    char present[256] = { 0 };
    const struct lstmc_token_stream *stream = text->stream;
    int count = 0;
    for (int file = 0; file < stream->file_count; file++)
        for (size_t i = 0; i < stream->file[file].bytes.bytes; i++)
            present[((const unsigned char *)stream->file[file].bytes.start)[i]] = 1;
    for (int i = 0; i < 256; i++)
        stream->id[i] = present[i] ? count++ : -1;
    return count;
}

/* Ids and classes are bytes. One that is not there, and comes into the file while it is mapped, is taken for the
 * first. */
static int name_bytes(const struct text *text, int distinct, struct lstmc_meaning *meaning)
{
    int *id = text->stream->id;
    meaning->unit = LSTMC_BYTES;
    int good = lstmc_names_alloc(&meaning->vocabulary, distinct) && lstmc_names_alloc(&meaning->labels, distinct);
    for (int i = 0; good && i < 256; i++) {
        char byte = (char)i;
        if (id[i] >= 0)
            good = lstmc_names_set(&meaning->vocabulary, id[i], &byte, 1) &&
                   lstmc_names_set(&meaning->labels, id[i], &byte, 1);
        else
            id[i] = 0;
    }
    return good;
}

static int make_byte_ids(struct text *text, struct lstmc_meaning *meaning)
{
    const char *path = text->options->files[0];
    text->stream->id = calloc(256, sizeof *text->stream->id);
    if (!text->stream->id)
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
    int *id = text->stream->id = calloc(text->tokens.count + 1, sizeof *id);
    int status = frequency && id ? LSTMC_OK : lstmc_fail_memory(text->message, "the vocabulary");
    for (size_t i = 0; !status && i < trains; i++)
        frequency[text->stream->number[i]]++;
    meaning->is_lower = options->lower;
    if (!status)
        status = lstmc_next_token_ids(text->model, &counted, id, meaning, text->message);
    free(frequency);
    return status;
}

/* ---- windows ---- */

static int cut_text(struct text *text, struct lstmc_dataset *training, struct lstmc_dataset *validation)
{
    const struct lstmc_text_options *options = text->options;
    const char *path = options->files[0], *word = lstmc_token_word(options->unit);
    size_t count = text->stream->count, cut = (size_t)floor((double)count * options->split + 1e-9);
    if (count <= (size_t)options->window)
        return lstmc_fail(text->message, LSTMC_MISMATCH,
                          "%.250s: has %zu %s%s: too few for a window of %d and the %s behind it", path, count, word,
                          count == 1 ? "" : "s", options->window, word);
    training->meaning.pads_front = 1;
    int status = options->unit == LSTMC_BYTES ? make_byte_ids(text, &training->meaning)
                                              : make_token_ids(text, cut, &training->meaning);
    if (!status && (lstmc_token_windows(text->model, text->stream, 0, cut, training) ||
                    lstmc_token_windows(text->model, text->stream, cut, count - cut, validation)))
        status = lstmc_fail_memory(text->message, "the text's windows");
    if (!status && (!training->samples || (options->split < 1 && !validation->samples)))
        status = lstmc_fail(text->message, LSTMC_MISMATCH,
                            "%.250s: the first %zu %ss train, the last %zu are held out: too few for a window of %d "
                            "and the %s behind it",
                            path, cut, word, count - cut, options->window, word);
    return status;
}

static void text_free(struct text *text)
{
    lstmc_token_stream_leave(text->stream);
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
