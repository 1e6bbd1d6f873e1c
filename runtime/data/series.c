/* series.c: in: files of the UEA and UCR archives of time series (*.ts): a header of lines that begin with @, then a
 * series a line: its dimensions with colons between them, and behind the last one its class or its number.  out:
 * sequences of unlike lengths, and targets, in the model's shapes. */
#include "dataset.h"
#include "labels.h"
#include "runtime/base/array.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/files/map.h"
#include "statistics.h"

#include <stdlib.h>
#include <string.h>

struct series {
    size_t first;               /* in `numbers`: one dimension behind the other */
    size_t steps;
    int label;                  /* number in the labels, or -1 */
    double target;
};

struct part {                   /* one file */
    const char *path;
    struct series *series; size_t count, capacity;
    double *numbers; size_t number_count, number_capacity;
};

struct reader {
    const struct lstmc_model *model;
    const struct lstmc_ts_options *options;
    struct lstmc_message *message;
    struct part part[2];        /* what trains; what is held out */
    struct lstmc_labels labels;
    int has_labels, has_targets, has_header_labels;
};

/* ---- the header ---- */

static int is_word(const char *line, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < length; i++)
        if ((line[i] | 0x20) != (word[i] | 0x20))
            return 0;
    return !line[length] || line[length] == ' ' || line[length] == '\t';
}

/* The next word of a line, which is cut behind it; NULL: there is none. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " \t");
    size_t length = strcspn(word, " \t");
    *line = word + length;
    if (word[length])
        *(*line)++ = 0;
    return length ? word : NULL;
}

/* The classes in the order of the header. */
static int read_class_names(struct reader *r, const struct part *part, int line, char *rest)
{
    char *word;
    for (int count = 0; (word = next_word(&rest)) != NULL; count++) {
        int number = lstmc_tokens_number(&r->labels.tokens, (struct lstmc_token){ word, strlen(word) });
        if (number < 0)
            return lstmc_fail_memory(r->message, part->path);
        if (number < count && part == &r->part[0])
            return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: the class \"%.60s\" is named twice", part->path,
                              line, word);
        r->has_header_labels = 1;
    }
    return LSTMC_OK;
}

/* A line that begins with @; what only describes the file, its name or its lengths, is found in the data itself. */
static int read_header_line(struct reader *r, const struct part *part, int line, char *text)
{
    char *rest = text + strcspn(text, " \t");
    int is_on = is_word(rest + strspn(rest, " \t"), "true");
    if (is_on && is_word(text, "@timestamps"))
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.200s:%d: series with time stamps are not read: write their values alone, with "
                          "@timeStamps false", part->path, line);
    if (is_word(text, "@targetlabel"))
        r->has_targets |= is_on;
    if (!is_word(text, "@classlabel") || !is_on)
        return LSTMC_OK;
    r->has_labels = 1;
    next_word(&rest);
    return r->options->label_count ? LSTMC_OK : read_class_names(r, part, line, rest);
}

/* ---- the data ---- */

static int add_number(struct reader *r, struct part *part, int line, const char *text, size_t length)
{
    double value;
    if (!lstmc_grow((void **)&part->numbers, part->number_count, &part->number_capacity, sizeof value))
        return lstmc_fail_memory(r->message, part->path);
    if (length == 1 && *text == '?')
        return lstmc_fail(r->message, LSTMC_BAD_FILE,
                          "%.200s:%d: a value is missing (?): fill it in, or leave the series out", part->path, line);
    if (!lstmc_number_read(text, length, &value))
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: \"%.*s\" is no finite number", part->path, line,
                          length > 60 ? 60 : (int)length, text);
    part->numbers[part->number_count++] = value;
    return LSTMC_OK;
}

/* One dimension, which ends at `end`. */
static int read_dimension(struct reader *r, struct part *part, int line, char *text, const char *end, size_t *steps)
{
    *steps = 0;
    for (char *at = text;; at++) {
        char *next = memchr(at, ',', (size_t)(end - at)), *behind = next ? next : text + (end - text), *last = behind;
        at += strspn(at, " \t");
        while (last > at && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        if (last > at || next || *steps) {
            int status = add_number(r, part, line, at, last > at ? (size_t)(last - at) : 0);
            if (status)
                return status;
            ++*steps;
        }
        if (!next)
            return LSTMC_OK;
        at = next;
    }
}

static int read_target(struct reader *r, const struct part *part, int line, const char *text, struct series *series)
{
    size_t length = strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    series->label = -1;
    if (!r->has_labels && !r->has_targets)
        return LSTMC_OK;
    if (r->has_targets)
        return lstmc_number_read(text, length, &series->target)
                   ? LSTMC_OK
                   : lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: \"%.60s\" is no number to predict", part->path,
                                line, text);
    size_t known = r->labels.tokens.count;
    series->label = length ? lstmc_tokens_number(&r->labels.tokens, (struct lstmc_token){ text, length }) : -1;
    int is_new = r->labels.tokens.count > known, is_given = r->options->label_count || r->has_header_labels;
    if (!length || (is_new && is_given))
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d: the class \"%.60s\" is not among those %s",
                          part->path, line, text, r->options->label_count ? "given" : "of @classLabel");
    return series->label < 0 ? lstmc_fail_memory(r->message, part->path) : LSTMC_OK;
}

static int read_series(struct reader *r, struct part *part, int line, char *text)
{
    struct series series = { .first = part->number_count };
    int dimensions = r->model->input_rank == 2 ? r->model->input_shape[1] : 1,
        has_target = r->has_labels || r->has_targets;
    if (!lstmc_array_grow((void **)&part->series, part->count, &part->capacity, sizeof series))
        return lstmc_fail_memory(r->message, part->path);
    for (int d = 0; d < dimensions; d++) {
        char *end = text + strcspn(text, ":");
        size_t steps = 0;
        int status, is_last = !*end, is_wanted_last = d + 1 == dimensions && !has_target;
        if (is_last != is_wanted_last)
            return lstmc_fail(r->message, LSTMC_MISMATCH, "%.200s:%d: %s dimensions than the %d that the model reads",
                              part->path, line, is_last ? "fewer" : "more", dimensions);
        if ((status = read_dimension(r, part, line, text, end, &steps)) != LSTMC_OK)
            return status;
        if (d && steps != series.steps)
            return lstmc_fail(r->message, LSTMC_BAD_FILE,
                              "%.200s:%d: dimension %d has %zu values, the first one %zu", part->path, line, d + 1,
                              steps, series.steps);
        series.steps = steps;
        text = end + !is_last;
    }
    if (has_target && strchr(text, ':'))
        return lstmc_fail(r->message, LSTMC_MISMATCH, "%.200s:%d: more dimensions than the %d that the model reads",
                          part->path, line, dimensions);
    int status = has_target ? read_target(r, part, line, text + strspn(text, " \t"), &series) : LSTMC_OK;
    if (!status)
        part->series[part->count++] = series;
    return status;
}

static int read_lines(struct reader *r, struct part *part, char *bytes, size_t size)
{
    int line = 0, in_data = 0, status = LSTMC_OK;
    const char *kept = bytes;
    for (char *at = bytes, *end = at + size, *next; at < end && !status; at = next) {
        size_t length = strcspn(at, "\r\n");
        next = at + length + 1;
        if (at[length] == '\r' && next < end && *next == '\n')
            next++;
        at[length] = 0;
        line++;
        kept = lstmc_map_pass(kept, at);
        char *text = at + strspn(at, " \t");
        if (!*text || *text == '#')
            continue;
        if (!in_data && is_word(text, "@data"))
            in_data = 1;
        else if (!in_data && *text == '@')
            status = read_header_line(r, part, line, text);
        else if (in_data)
            status = read_series(r, part, line, text);
        else
            status = lstmc_fail(r->message, LSTMC_BAD_FILE,
                                "%.200s:%d: a header line begins with @, and the series stand behind @data",
                                part->path, line);
    }
    return status;
}

static int read_part(struct reader *r, int which, const char *path)
{
    struct part *part = &r->part[which];
    size_t size;
    part->path = path;
    r->has_labels = r->has_targets = 0;
    struct lstmc_mapping bytes;
    int status = lstmc_map_text(path, &bytes, &size, r->message);
    if (!status)
        status = read_lines(r, part, bytes.start, size);
    lstmc_unmap(&bytes);
    if (!status && !part->count)
        status = lstmc_fail(r->message, LSTMC_BAD_FILE, "%.250s: has no series (they stand behind @data)", path);
    if (!status && !r->has_labels && !r->has_targets)
        status = lstmc_fail(r->message, LSTMC_BAD_FILE,
                            "%.250s: says neither @classLabel true nor @targetlabel true: there is nothing to learn",
                            path);
    return status;
}

/* ---- into the data sets ---- */

static int fit_scaling(const struct reader *r, int dimensions, struct lstmc_scaling *scaling)
{
    const struct part *part = &r->part[0];
    if (!lstmc_scaling_alloc(scaling, dimensions))
        return 0;
    for (int d = 0; d < dimensions; d++) {
        struct lstmc_statistics s = { 0 };
        for (size_t i = 0; i < part->count; i++)
            for (size_t t = 0; t < part->series[i].steps; t++)
                lstmc_statistics_add(&s, part->numbers[part->series[i].first + (size_t)d * part->series[i].steps + t]);
        lstmc_statistics_scaling(&s, r->options->normalization, &scaling->offset[d], &scaling->scale[d]);
    }
    return 1;
}

static int store_sample(const struct reader *r, const struct part *part, size_t sample, int dimensions,
                        const struct lstmc_scaling *scaling, struct lstmc_dataset *data)
{
    const struct series *series = &part->series[sample];
    size_t steps = (size_t)r->model->input_shape[0], kept = series->steps < steps ? series->steps : steps;
    for (size_t t = 0; t < kept; t++)
        for (int d = 0; d < dimensions; d++) {
            double value = part->numbers[series->first + (size_t)d * series->steps + t];
            if (scaling->columns)
                value = (value - scaling->offset[d]) / scaling->scale[d];
            if (!lstmc_store_input(r->model, data, sample * r->model->input_count + t * (size_t)dimensions + (size_t)d,
                                   value))
                return lstmc_fail(r->message, LSTMC_MISMATCH, "%.200s: series %zu: %.9g is beyond what a float holds",
                                  part->path, sample + 1, value);
        }
    if (data->lengths)
        data->lengths[sample] = (int32_t)kept;
    if (series->label >= 0)
        lstmc_store_label(r->model, data, sample, r->labels.class_of[series->label]);
    else if (!lstmc_store_target(r->model, data, sample, series->target))
        return lstmc_fail(r->message, LSTMC_MISMATCH, "%.200s: series %zu: %.9g is not %s", part->path, sample + 1,
                          series->target, lstmc_target_range(r->model, 0).text);
    return LSTMC_OK;
}

static int store_part(const struct reader *r, int which, const struct lstmc_scaling *scaling,
                      struct lstmc_dataset *data)
{
    const struct part *part = &r->part[which];
    int dimensions = r->model->input_rank == 2 ? r->model->input_shape[1] : 1;
    size_t cut = 0, steps = (size_t)r->model->input_shape[0], longest = 0;
    int status = lstmc_dataset_alloc_described(r->model, part->count, data);
    if (status)
        return lstmc_fail_memory(r->message, part->path);
    for (size_t i = 0; i < part->count && !status; i++) {
        status = store_sample(r, part, i, dimensions, scaling, data);
        cut += part->series[i].steps > steps;
        longest = part->series[i].steps > longest ? part->series[i].steps : longest;
    }
    if (cut)
        lstmc_note(&data->notes, "%.150s: %zu of %zu series are longer than the model's %zu steps and lose their end; "
                                 "the longest has %zu", part->path, cut, part->count, steps, longest);
    return status;
}

/* ---- the reader ---- */

static int check_model(const struct reader *r)
{
    const struct lstmc_model *m = r->model;
    if (m->inputs || m->input_is_tokens || m->input_rank < 1 || m->input_rank > 2)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.250s: series are steps of dimensions: the model needs one Input{steps, dimensions}",
                          r->options->file);
    return LSTMC_OK;
}

static int close_targets(struct reader *r)
{
    if (!r->has_labels)
        return r->model->target_count == 1 ? LSTMC_OK
                                           : lstmc_fail(r->message, LSTMC_MISMATCH,
                                                        "%.250s: a series has one number to predict: the model needs "
                                                        "one output", r->options->file);
    return lstmc_labels_close(r->model, &r->labels, !r->options->label_count && !r->has_header_labels,
                              r->options->file, r->message);
}

int lstmc_read_ts(const struct lstmc_model *model, const struct lstmc_ts_options *options,
                  struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct reader r = { .model = model, .options = options, .message = message };
    int dimensions = model->input_rank == 2 ? model->input_shape[1] : 1;
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    int status = check_model(&r);
    if (!status)
        status = lstmc_labels_give(&r.labels, options->labels, options->label_count, message);
    if (!status)
        status = read_part(&r, 0, options->file);
    if (!status && options->validation)
        status = read_part(&r, 1, options->validation);
    if (!status)
        status = close_targets(&r);
    struct lstmc_meaning *meaning = &training->meaning;
    if (!status && ((r.has_labels && !lstmc_labels_name(&r.labels, &meaning->labels)) ||
                    (options->normalization && strcmp(options->normalization, "none") &&
                     !fit_scaling(&r, dimensions, &meaning->input))))
        status = lstmc_fail_memory(message, options->file);
    if (!status)
        status = store_part(&r, 0, &meaning->input, training);
    if (!status && options->validation)
        status = store_part(&r, 1, &training->meaning.input, validation);
    for (int i = 0; i < 2; i++) {
        free(r.part[i].series);
        lstmc_grown_free(r.part[i].numbers);
    }
    lstmc_labels_free(&r.labels);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    return status;
}
