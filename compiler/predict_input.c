/* predict_input.c: in: a file or standard input.  out: samples for a trained model, in its types and scaled as in training. */
#include "predict_input.h"

#include "answer.h"
#include "input_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

struct PredictInput {
    Session *session;
    const struct lstmc_model *model;
    const struct lstmc_meaning *meaning;
    const char *path;                   /* as messages say it */
    struct lstmc_dataset data;          /* of a file that is read in whole */
    size_t done;                        /* of all samples */
    bool is_raw;                        /* data in memory is in its own unit */
    int base_count;                     /* relative forecasts: targets of a sample in data.persistence */
    size_t base_first;                  /* the sample that is the first there */
    FILE *file;                         /* NULL: data */
    int line;
    char *text; size_t capacity;        /* one line */
};

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), wanted = strlen(ending);
    return length > wanted && !strcmp(path + length - wanted, ending);
}

static void fail(PredictInput *input, const char *format, ...) PRINTF_LIKE(2, 3);

static void fail(PredictInput *input, const char *format, ...)
{
    char *text = input->session->message.text;
    size_t size = sizeof input->session->message.text;
    int used = snprintf(text, size, "%.200s:%d: ", input->path, input->line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - (size_t)used, format, arguments);
    va_end(arguments);
}

/* ---- whole files ---- */

/* Numbers in the unit of the data become what the model reads: relative ones beside the last row, which stands there until it is the last to be
 * changed. What forecasts of the sample are added to is kept as number `kept`. */
static void scale_numbers(PredictInput *input, float *x, size_t count, size_t kept)
{
    const struct lstmc_scaling *scaling = &input->meaning->input;
    size_t columns = (size_t)scaling->columns, last = count - columns;
    for (int t = 0; t < input->base_count; t++)
        input->data.persistence[kept * (size_t)input->base_count + (size_t)t] = x[last + (size_t)base_column(input->meaning, t)];
    for (size_t i = 0; columns && i < count; i++) {
        size_t column = i % columns;
        float from = input->meaning->is_relative ? x[last + column] : 0;
        x[i] = (x[i] - from - (float)scaling->offset[column]) / (float)scaling->scale[column];      /* as M_normalize does */
    }
}

/* Room for what the forecasts of so many samples are added to. */
static int keep_bases(PredictInput *input, size_t samples)
{
    input->base_count = base_count(input->meaning);
    if (!input->base_count || input->data.persistence)
        return LSTMC_OK;
    input->data.persistence = lstmc_alloc(samples * (size_t)input->base_count * sizeof(float));
    return input->data.persistence ? LSTMC_OK : LSTMC_NO_MEMORY;
}

/* Samples of an array, from the present one on. */
static bool scale_rows(PredictInput *input, float *x, int count, int rows)
{
    input->base_first = input->done;
    if (keep_bases(input, (size_t)rows))
        return false;
    for (int i = 0; i < count && !input->model->input_is_tokens; i++)
        scale_numbers(input, x + (size_t)i * input->model->input_count, input->model->input_count, (size_t)i);
    return true;
}

static int read_array(PredictInput *input, const char *path)
{
    const Data *data = &description_model(input->session->description)->data;
    bool cuts = data->kind == DATA_NPY;
    input->is_raw = true;
    return lstmc_read_npy(input->model, path, NULL, cuts ? data->vocabulary : 0, cuts ? data->unknown : 0, &input->data, &input->session->message);
}

static int read_table(PredictInput *input, const char *path)
{
    const Data *data = &description_model(input->session->description)->data;
    if (data->kind != DATA_CSV) {
        snprintf(input->session->message.text, sizeof input->session->message.text,
                 "%.200s: the description does not say which columns to read (its data is no csv{...}); numbers are read from standard input", path);
        return LSTMC_MISMATCH;
    }
    struct lstmc_csv_options options = {
        .columns = data->columns, .column_count = data->column_count, .targets = data->targets, .target_count = data->target_count,
        .sliding = data->sliding, .window = data->window, .group = data->group, .missing = data->missing, .relative = data->relative,
        .unpack = lstmc_gunzip,
    };
    input->base_count = data->relative ? data->target_count : 0;
    return lstmc_read_windows(input->model, path, &options, &input->meaning->input, &input->data, &input->session->message);
}

/* ---- as it comes in ---- */

static bool reads_text(const PredictInput *input)
{
    return input->meaning->vocabulary.count && input->meaning->unit != LSTMC_NO_TEXT;
}

/* 1, 0 at the end, negative after a mistake. */
static int read_line(PredictInput *input, int32_t *ids)
{
    struct lstmc_message why = { "" };
    ssize_t length = getline(&input->text, &input->capacity, input->file);
    if (length < 0)
        return 0;
    input->line++;
    while (length && (input->text[length - 1] == '\n' || input->text[length - 1] == '\r'))
        length--;
    int status = lstmc_encode(input->meaning, input->text, (size_t)length, ids, input->model->input_count, NULL, &why);
    if (status)
        fail(input, "%s", why.text);
    return status ? status : 1;
}

static bool is_between(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ';';
}

static bool read_word(PredictInput *input, char *word)
{
    size_t length = 0;
    int c = getc(input->file);
    for (; is_between(c); c = getc(input->file))
        input->line += c == '\n';
    for (; c != EOF && !is_between(c); c = getc(input->file))
        if (length + 1 < WORD_MAX)
            word[length++] = (char)c;
    if (c != EOF)
        ungetc(c, input->file);
    word[length] = 0;
    return length > 0;
}

static bool store(const PredictInput *input, void *x, int i, const char *word)
{
    char *end;
    double value = strtod(word, &end);
    if (*end || !isfinite(value))
        return false;
    if (input->model->input_is_tokens) {
        ((int32_t *)x)[i] = value >= 0 && value < input->model->vocabulary ? (int32_t)value : -1;
        return value >= 0 && value < input->model->vocabulary && value == floor(value);
    }
    ((float *)x)[i] = (float)value;
    return true;
}

static int read_numbers(PredictInput *input, void *x, int count, size_t kept)
{
    char word[WORD_MAX];
    for (int i = 0; i < count; i++) {
        if (!read_word(input, word)) {
            if (i == 0)
                return 0;
            fail(input, "the input ends after %d of %d values", i, count);
            return LSTMC_BAD_FILE;
        }
        if (!store(input, x, i, word)) {
            if (input->model->input_is_tokens)
                fail(input, "\"%s\" is no id in [0, %d)", word, input->model->vocabulary);
            else
                fail(input, "\"%s\" is no number", word);
            return LSTMC_BAD_FILE;
        }
    }
    scale_numbers(input, x, (size_t)count, kept);
    return 1;
}

/* An error of reading looks like the end at first. */
static bool has_failed(PredictInput *input)
{
    if (!ferror(input->file))
        return false;
    fail(input, "cannot be read any further: %s", strerror(errno));
    return true;
}

int predict_input_step(PredictInput *input, void *x, int count)
{
    int status = read_numbers(input, x, count, 0);
    return !status && has_failed(input) ? LSTMC_IO : status;
}

/* ---- all of them ---- */

PredictInput *predict_input_open(Session *session, const struct lstmc_meaning *meaning, const char *path)
{
    PredictInput *input = arena_alloc(session->arena, sizeof *input);
    bool is_file = !input_is_standard(path);
    int status = 0;
    *input = (PredictInput){ .session = session, .model = &description_model(session->description)->descriptor, .meaning = meaning,
                             .path = is_file ? path : "standard input", .line = 0 };
    if (is_file && ends_with(path, ".npy"))
        status = read_array(input, path);
    else if (is_file && (ends_with(path, ".csv") || ends_with(path, ".tsv") || ends_with(path, ".gz")) && !reads_text(input))
        status = read_table(input, path);
    else if (!(input->file = input_open(path, &session->message)))
        status = LSTMC_IO;
    else if (!reads_text(input))
        input->line = 1;
    return status ? NULL : input;
}

/* One text, or one sample of numbers; `kept`: its number in this batch. */
static int read_sample(PredictInput *input, void *x, size_t kept)
{
    return reads_text(input) ? read_line(input, x) : read_numbers(input, x, (int)input->model->input_count, kept);
}

int predict_input_next(PredictInput *input, void *x, int rows)
{
    size_t floats = input->model->input_count;
    int count = 0;
    if (!input->file) {
        size_t left = input->data.samples - input->done;
        count = left < (size_t)rows ? (int)left : rows;
        memcpy(x, (const char *)input->data.x + input->done * floats * 4, (size_t)count * floats * 4);
        if (input->is_raw && !scale_rows(input, x, count, rows))
            return LSTMC_NO_MEMORY;
        input->done += (size_t)count;
        return count;
    }
    input->base_first = input->done;
    if (keep_bases(input, (size_t)rows))
        return LSTMC_NO_MEMORY;
    for (; count < rows; count++) {
        int status = read_sample(input, (char *)x + (size_t)count * floats * 4, (size_t)count);
        if (status < 0)
            return status;
        if (!status)
            break;
    }
    if (has_failed(input))
        return LSTMC_IO;
    input->done += (size_t)count;
    return count;
}

const float *predict_input_base(const PredictInput *input, size_t sample, int *count)
{
    *count = input->base_count;
    return input->base_count ? input->data.persistence + (sample - input->base_first) * (size_t)input->base_count : NULL;
}

void predict_input_close(PredictInput *input)
{
    if (!input)
        return;
    if (input->file && input->file != stdin)
        fclose(input->file);
    free(input->text);
    lstmc_dataset_free(&input->data);
}
