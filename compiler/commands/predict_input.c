/* predict_input.c: in: a file or standard input.  out: samples for a trained model, in its types and scaled as in
 * training. The program that --example writes reads the same (compiler/example/): what is taken or refused here, is
 * there. */
#include "predict_input.h"

#include "compiler/ship/answer.h"
#include "compiler/base/input_file.h"

#include "runtime/data/arrays.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/text/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 1000                   /* of a number: bytes that are read */

struct PredictInput {
    Session *session;
    const struct lstmc_model *model;
    const struct lstmc_meaning *meaning;
    const char *path;                   /* as messages say it */
    struct lstmc_dataset table;         /* of a table: all samples, and what their forecasts are added to */
    struct lstmc_npy array;
    struct lstmc_layout layout;         /* of its samples */
    size_t samples, done;               /* of a table or an array; and how many were read, of anything */
    double *raw; size_t raw_count;      /* one sample, or step, in the unit of the data */
    int base_count;                     /* relative forecasts: targets of a sample */
    double *base;                       /* what they are added to, of the samples read last */
    size_t base_first;                  /* the sample that is the first there */
    int32_t *lengths;                   /* of the samples read last; NULL: the model has none */
    /* of a model with a decoder that says tokens: its input, elements of a sample that are not read */
    size_t said_first, said_count;
    size_t text_first, text_count;      /* where a text goes in a sample */
    FILE *file;                         /* NULL: a table or an array */
    int line;
    int failed;                         /* a status that waits until what was read before it has been answered */
    char *text; size_t capacity;        /* one line */
};

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), wanted = strlen(ending);
    return length > wanted && !strcmp(path + length - wanted, ending);
}

#define FAIL(input, format, ...)                                                                               \
    lstmc_fail(&(input)->session->message, LSTMC_BAD_FILE, "%.200s:%d: " format, (input)->path, (input)->line, \
               __VA_ARGS__)

static bool reads_text(const PredictInput *input)
{
    return input->meaning->vocabulary.count && input->meaning->unit != LSTMC_NO_TEXT;
}

/* ---- a sample of numbers ---- */

/* Numbers in the unit of the data become what the model reads; what forecasts of the sample are added to is kept as
 * number `kept`. Returns the place of a number that has none in the model, or `count`. */
static size_t take_numbers(PredictInput *input, void *x, size_t count, size_t kept)
{
    const struct lstmc_meaning *meaning = input->meaning;
    size_t row = (size_t)meaning->columns.count, i = 0;
    input->raw_count = count;
    for (int t = 0; t < input->base_count; t++)
        input->base[kept * (size_t)input->base_count + (size_t)t] =
            input->raw[count - row + (size_t)base_column(meaning, t)];
    if (!input->model->input_is_tokens && !input->model->inputs)
        return lstmc_normalize(meaning, input->raw, x, count);
    struct lstmc_dataset ids = { .x = x };
    const struct lstmc_scaling *scaling = &meaning->input;
    for (; i < count; i++) {
        bool scaled = scaling->columns && !lstmc_input_vocabulary(input->model, i);
        size_t column = scaled ? i % (size_t)scaling->columns : 0;
        double value = scaled ? (input->raw[i] - scaling->offset[column]) / scaling->scale[column] : input->raw[i];
        if (!lstmc_store_input(input->model, &ids, i, value))
            break;
    }
    return i;
}

/* ---- arrays and tables ---- */

static int read_array_sample(PredictInput *input, size_t sample, void *x, size_t kept)
{
    const Data *data = &description_model(input->session->description)->data;
    const struct lstmc_layout *layout = &input->layout;
    bool cuts = input->model->input_is_tokens && data->kind == DATA_NPY;
    for (size_t i = 0; i < input->model->input_count; i++) {
        double value = lstmc_npy_value(&input->array, sample * layout->sample + layout->skip + i);
        input->raw[i] = cuts ? lstmc_array_id(value, data->vocabulary, data->unknown) : value;
    }
    size_t place = take_numbers(input, x, input->model->input_count, kept);
    if (place == input->model->input_count)
        return LSTMC_OK;
    return lstmc_fail(&input->session->message, LSTMC_MISMATCH,
                      "%.200s: row %zu, column %zu (from 0): %.9g is not %s%s", input->path, sample,
                      layout->skip + place, input->raw[place], lstmc_input_range(input->model, place).text,
                      input->meaning->input.columns ? " once it is scaled" : "");
}

/* All samples are looked at before anything is said of the first. */
static int read_array(PredictInput *input, const char *path)
{
    struct lstmc_message *message = &input->session->message;
    int status = lstmc_npy_read(path, &input->array, message);
    if (!status)
        status = lstmc_fit_inputs(input->model, path, &input->array, &input->layout, message);
    void *x = lstmc_alloc(input->model->input_count * 4);
    if (!x && !status)
        status = lstmc_fail_memory(message, path);
    input->samples = status ? 0 : input->array.shape[0];
    for (size_t sample = 0; !status && sample < input->samples; sample++)
        status = read_array_sample(input, sample, x, 0);
    lstmc_free(x);
    return status;
}

/* The columns that forecasts are changes of. A table has them even where they are no inputs. */
static const char *const *base_names(PredictInput *input, const Data *data, bool is_relative)
{
    int inputs = input->base_count;
    if (!inputs && is_relative)
        input->base_count = data->target_count;
    const char **names = arena_array(input->session->arena, const char *, input->base_count + 1);
    for (int t = 0; t < input->base_count; t++)
        names[t] = inputs ? input->meaning->columns.text[base_column(input->meaning, t)] : data->targets[t];
    return names;
}

/* The names of the columns, one input's behind the other's: of several inputs the weight file names each element of a
 * sample, an input's columns first. */
static const char *const *column_names(PredictInput *input, const Data *data)
{
    const struct lstmc_names *columns = &input->meaning->columns;
    const struct lstmc_array *inputs = input->model->inputs;
    if (!columns->count || !inputs)
        return columns->count ? (const char *const *)columns->text : data->columns;
    const char **names = arena_array(input->session->arena, const char *, data->column_count + 1);
    for (int k = 0, column = 0; k < data->input_count; k++)
        for (int i = 0; i < data->input_columns[k]; i++, column++) {
            size_t at = inputs[k].offset + (size_t)i;
            names[column] = at < (size_t)columns->count ? columns->text[at] : data->columns[column];
        }
    return names;
}

/* The columns are those that the weights were trained on, which their file says, or else the description. */
static int read_table(PredictInput *input, const char *path)
{
    const Data *data = &description_model(input->session->description)->data;
    const struct lstmc_meaning *meaning = input->meaning;
    if (data->kind != DATA_CSV)
        return lstmc_fail(&input->session->message, LSTMC_MISMATCH,
                          "%.200s: the description does not say which columns to read (its data is no csv{...}); "
                          "numbers are read from standard input",
                          path);
    bool named = meaning->columns.count > 0;
    bool is_relative = named ? meaning->is_relative : data->relative;
    const char *const *targets = base_names(input, data, is_relative);
    struct lstmc_csv_options options = {
        .columns = column_names(input, data),
        .column_count = named && !input->model->inputs ? meaning->columns.count : data->column_count,
        .input_columns = data->input_columns,
        .input_count = data->input_count,
        .targets = targets,
        .target_count = input->base_count,
        .relative = is_relative,
        .sliding = data->sliding,
        .window = data->window,
        .header = data->header,
        .group = data->group,
        .missing = data->missing,
        .unpack = lstmc_gunzip,
    };
    int status = lstmc_read_windows(input->model, path, &options, &meaning->input, &input->table,
                                    &input->session->message);
    input->samples = input->table.samples;
    return status;
}

/* ---- text, as it comes in ---- */

/* 1, 0 at the end of the file, negative if it cannot be read. */
static int end_of_input(PredictInput *input)
{
    return ferror(input->file)
               ? lstmc_fail(&input->session->message, LSTMC_IO, "%.200s: cannot be read any further: %s", input->path,
                            strerror(errno))
               : 0;
}

/* A line without its end, which is LF, CR or both: 1, 0 if there is none, negative if it cannot be read. */
static int read_line(PredictInput *input, size_t *length)
{
    int c = getc(input->file);
    if (c == EOF)
        return end_of_input(input);
    for (*length = 0; c != EOF && c != '\n' && c != '\r'; c = getc(input->file)) {
        if (*length + 1 >= input->capacity) {
            char *moved = realloc(input->text, 2 * input->capacity + 256);
            if (!moved)
                return lstmc_fail_memory(&input->session->message, input->path);
            input->text = moved;
            input->capacity = 2 * input->capacity + 256;
        }
        input->text[(*length)++] = (char)c;
    }
    if (c == '\r' && (c = getc(input->file)) != '\n' && c != EOF)
        ungetc(c, input->file);
    input->line++;
    return 1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A line as the readers of texts take one: without a byte order mark, and but for bytes without blanks around it. */
static int read_text(PredictInput *input, int32_t *ids, size_t kept)
{
    size_t found = 0;
    struct lstmc_message why = { "" };
    size_t length = 0, first = 0;
    int status = read_line(input, &length), is_bytes = input->meaning->unit == LSTMC_BYTES;
    if (status <= 0)
        return status;
    const char *text = input->text ? input->text : "";
    size_t good = is_bytes ? strnlen(text, length) : lstmc_text_well_formed(text, length);
    if (good < length)
        return FAIL(input, "column %zu: %s", good + 1, is_bytes ? "no id stands for the byte 0x00" : "is not UTF-8");
    if (input->line == 1 && !is_bytes && length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        first = 3;
    while (!is_bytes && first < length && is_blank(text[first]))
        first++;
    while (!is_bytes && length > first && is_blank(text[length - 1]))
        length--;
    memset(ids, 0, input->model->input_count * sizeof *ids);
    status = lstmc_encode(input->meaning, text + first, length - first, ids + input->text_first, input->text_count,
                          &found, &why);
    if (input->lengths)
        input->lengths[kept] = found < INT32_MAX ? (int32_t)found : INT32_MAX;
    return status ? FAIL(input, "%s", why.text) : 1;
}

/* ---- numbers, as they come in ---- */

static bool is_between(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ';';
}

/* What is too long for a number, or holds a zero byte, becomes what is none. */
static bool read_word(PredictInput *input, char *word, size_t *length)
{
    *length = 0;
    int c = getc(input->file);
    for (; is_between(c); c = getc(input->file))
        input->line += c == '\n';
    for (; c != EOF && !is_between(c); c = getc(input->file))
        if (*length + 1 < WORD_MAX)
            word[(*length)++] = (char)(c ? c : '?');
        else
            word[WORD_MAX - 2] = '?';
    if (c != EOF)
        ungetc(c, input->file);
    word[*length] = 0;
    return *length > 0;
}

/* Into input->raw, in the unit of the data. */
static int read_number(PredictInput *input, const char *word, size_t length, void *x, size_t index)
{
    int vocabulary = lstmc_input_vocabulary(input->model, index);
    struct lstmc_dataset ids = { .x = x };
    if (lstmc_number_read(word, length, &input->raw[index]) &&
        (!vocabulary || lstmc_store_input(input->model, &ids, index, input->raw[index])))
        return LSTMC_OK;
    return vocabulary ? FAIL(input, "\"%.80s\" is no id in [0, %d)", word, vocabulary)
                      : FAIL(input, "\"%.80s\" is no finite number", word);
}

/* What was read becomes what the model reads; 1. */
static int finish_numbers(PredictInput *input, void *x, size_t count, size_t kept)
{
    size_t place = take_numbers(input, x, count, kept);
    return place == count ? 1
                          : FAIL(input, "value %zu of the sample, %.9g, is beyond the floats that the model reads",
                                 place + 1, input->raw[place]);
}

static int read_numbers(PredictInput *input, void *x, int count, size_t kept)
{
    int values = count - (int)input->said_count;
    char word[WORD_MAX];
    size_t length;
    int status = LSTMC_OK;
    for (int i = 0; i < values && !status; i++) {
        if (!read_word(input, word, &length)) {
            status = end_of_input(input);
            return status || i == 0 ? status : FAIL(input, "the input ends after %d of %d values", i, values);
        }
        size_t place = (size_t)i < input->said_first ? (size_t)i : (size_t)i + input->said_count;
        status = read_number(input, word, length, x, place);
    }
    return status ? status : finish_numbers(input, x, (size_t)count, kept);
}

int predict_input_step(PredictInput *input, void *x, int count)
{
    return read_numbers(input, x, count, 0);
}

/* Of a model with lengths a sample is a line, which has as many steps as it has. */
static int read_numbers_of_line(PredictInput *input, void *x, size_t kept)
{
    size_t length = 0, count = 0, most = input->model->input_count, row = step_input_count(input->model);
    int status;
    do
        status = read_line(input, &length);
    while (status > 0 && (!input->text || strspn(input->text, " \t,;") >= length));
    if (status <= 0)
        return status;
    input->text[length] = 0;
    memset(x, 0, most * 4);
    for (char *at = input->text; *(at += strspn(at, " \t,;")); count++) {
        size_t letters = strcspn(at, " \t,;");
        if (count == most)
            return FAIL(input, "more than the %zu steps of %zu number%s that the model reads", most / row, row,
                        row == 1 ? "" : "s");
        char behind = at[letters];
        at[letters] = 0;
        if ((status = read_number(input, at, letters, x, count)))
            return status;
        at += letters;
        *at = behind;
    }
    if (count % row)
        return FAIL(input, "%zu numbers are no whole number of steps, which have %zu each", count, row);
    input->lengths[kept] = (int32_t)(count / row);
    return finish_numbers(input, x, count, kept);
}

/* ---- all of them ---- */

/* What a decoder reads is what it has said. */
static void find_parts(PredictInput *input)
{
    const Model *model = description_model(input->session->description);
    const struct lstmc_array *inputs = input->model->inputs;
    input->text_count = input->model->input_count;
    if (!model_says_tokens(model))
        return;
    input->said_first = inputs[model->decoder].offset;
    input->said_count = inputs[model->decoder].count;
    if (input->model->input_arrays == 2) {
        input->text_first = inputs[!model->decoder].offset;
        input->text_count = inputs[!model->decoder].count;
    }
}

static int allocate(PredictInput *input)
{
    size_t rows = (size_t)input->model->batch * (size_t)input->model->shards;
    input->base_count = base_count(input->meaning);
    input->raw = lstmc_alloc(input->model->input_count * sizeof *input->raw);
    input->base = lstmc_alloc(rows * (size_t)input->base_count * sizeof *input->base + 1);
    find_parts(input);
    bool lengths = input->model->has_lengths && (!input->model->inputs || (reads_text(input) && input->said_count));
    if (lengths)
        input->lengths = lstmc_alloc(rows * sizeof *input->lengths);
    for (size_t row = 0; input->lengths && row < rows; row++)
        input->lengths[row] = INT32_MAX;
    return input->raw && input->base && (input->lengths || !lengths)
               ? LSTMC_OK
               : lstmc_fail_memory(&input->session->message, "a sample");
}

PredictInput *predict_input_open(Session *session, const struct lstmc_meaning *meaning, const char *path)
{
    PredictInput *input = arena_alloc(session->arena, sizeof *input);
    bool is_file = !input_is_standard(path);
    *input = (PredictInput){ .session = session,
                             .model = &description_model(session->description)->descriptor,
                             .meaning = meaning,
                             .path = is_file ? path : "standard input" };
    int status = allocate(input);
    if (!status && is_file && ends_with(path, ".npy"))
        status = read_array(input, path);
    else if (!status && is_file && (ends_with(path, ".csv") || ends_with(path, ".tsv") || ends_with(path, ".gz")) &&
             !reads_text(input))
        status = read_table(input, path);
    else if (!status && !(input->file = input_open(path, &session->message)))
        status = LSTMC_IO;
    input->line = !reads_text(input) && !input->lengths;
    if (!status)
        return input;
    predict_input_close(input);
    return NULL;
}

/* Sample number input->done + kept into x: 1, 0 if there are no more, or negative. */
static int read_sample(PredictInput *input, void *x, size_t kept)
{
    size_t sample = input->done + kept, bytes = input->model->input_count * 4;
    if (input->file)
        return reads_text(input) ? read_text(input, x, kept)
               : input->lengths  ? read_numbers_of_line(input, x, kept)
                                 : read_numbers(input, x, (int)input->model->input_count, kept);
    if (sample == input->samples)
        return 0;
    if (input->table.x)
        memcpy(x, (const char *)input->table.x + sample * bytes, bytes);
    else if (read_array_sample(input, sample, x, kept))
        return LSTMC_MISMATCH;
    return 1;
}

int predict_input_next(PredictInput *input, void *x, int rows)
{
    int count = 0, status = input->failed ? input->failed : 1;
    input->base_first = input->done;
    while (status > 0 && count < rows &&
           (status = read_sample(input, (char *)x + (size_t)count * input->model->input_count * 4, (size_t)count)) > 0)
        count++;
    if (status < 0 && !count)
        return status;
    input->failed = status < 0 ? status : 0;
    input->done += (size_t)count;
    return count;
}

const int32_t *predict_input_lengths(const PredictInput *input)
{
    return input->lengths;
}

const double *predict_input_base(const PredictInput *input, size_t sample, int *count)
{
    *count = input->base_count;
    if (!input->base_count)
        return NULL;
    return (input->table.base ? input->table.base : input->base) +
           (sample - (input->table.base ? 0 : input->base_first)) * (size_t)input->base_count;
}

void predict_input_close(PredictInput *input)
{
    if (!input)
        return;
    if (input->file && input->file != stdin)
        fclose(input->file);
    free(input->text);
    lstmc_free(input->raw);
    lstmc_free(input->base);
    lstmc_free(input->lengths);
    lstmc_npy_free(&input->array);
    lstmc_dataset_free(&input->table);
}

/* ---- in the unit of the data ---- */

bool predict_input_is_table(const PredictInput *input)
{
    return input->table.x != NULL;
}

/* What a number of this column was taken off from, in sample `sample`; 0: nothing. */
static double base_of_column(const PredictInput *input, size_t sample, int column)
{
    for (int t = 0; t < input->base_count; t++)
        if (base_column(input->meaning, t) == column)
            return input->table.base[sample * (size_t)input->base_count + (size_t)t];
    return 0;
}

void predict_input_raw(const PredictInput *input, const float *x, double *raw)
{
    const struct lstmc_scaling *scaling = &input->meaning->input;
    size_t row = lstmc_row_columns(input->meaning), count = input->model->input_count;
    if (!input->table.x) {
        memcpy(raw, input->raw, input->raw_count * sizeof *raw);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t column = scaling->columns ? i % (size_t)scaling->columns : 0;
        raw[i] = scaling->columns ? x[i] * scaling->scale[column] + scaling->offset[column] : (double)x[i];
        if (input->meaning->is_relative && row)
            raw[i] += base_of_column(input, input->done - 1, (int)(i % row));
    }
}
