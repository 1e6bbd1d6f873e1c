/* multi_hot.c: in: sequences of sets of whole numbers as JSON (chords, baskets, tags): {"train": [[[60, 64, 67], []],
 * ...], "test": ...}.  out: each step as zeros and ones, one for each number that a set may hold (Keras's multi_hot),
 * and as target the step behind it. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/files/file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const struct lstmc_model *model;
    const struct lstmc_multi_hot_options *options;
    struct lstmc_message *message;
    json_t *root;
    int width;                          /* numbers that a set may hold, from options->first on */
};

/* ---- what is refused ---- */

static int check_model(const struct reader *r)
{
    const struct lstmc_model *m = r->model;
    if (!m->inputs && !m->targets && m->input_rank == 2 && !m->input_is_tokens && m->output_rank == 2 &&
        !m->target_is_class && m->target_count == m->input_count)
        return LSTMC_OK;
    return lstmc_fail(r->message, LSTMC_MISMATCH,
                      "%.250s: each step is a set, and so is what is predicted behind it: the model needs one "
                      "Input{steps, numbers} and as many outputs for each step (return_sequences = true, and behind "
                      "it Dense{numbers, activation = \"sigmoid\"})", r->options->file);
}

static int fail_at(const struct reader *r, const char *part, size_t sequence, size_t step, const char *what)
{
    return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s: \"%.60s\": sequence %zu, step %zu: %s", r->options->file,
                      part, sequence + 1, step + 1, what);
}

/* The list of sequences of this name. */
static int find_part(const struct reader *r, const char *name, const json_t **part)
{
    char known[200] = "";
    const char *key;
    json_t *value;
    *part = json_object_get(r->root, name);
    if (json_is_array(*part) && json_array_size(*part))
        return LSTMC_OK;
    if (*part)
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.250s: \"%.60s\" is no list of sequences, or an empty one",
                          r->options->file, name);
    json_object_foreach(r->root, key, value)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s\"%.40s\"", *known ? ", " : "", key);
    return lstmc_fail(r->message, LSTMC_MISMATCH, "%.250s: has no \"%.60s\"; it has %s", r->options->file, name,
                      *known ? known : "nothing");
}

/* ---- one sequence ---- */

/* Row `step` of x and of y lie at these; NULL: there is no such row. A number that stands twice counts once. */
static int store_step(const struct reader *r, const char *part, size_t sequence, size_t step, float *y, float *x)
{
    const json_t *set = json_array_get(json_array_get(json_object_get(r->root, part), sequence), step);
    char what[160];
    if (!json_is_array(set))
        return fail_at(r, part, sequence, step, "is no list of numbers, like [60, 64, 67] or []");
    for (size_t i = 0; i < json_array_size(set); i++) {
        const json_t *number = json_array_get(set, i);
        json_int_t value = json_is_integer(number) ? json_integer_value(number) : r->options->first - 1;
        if (!json_is_integer(number)) {
            snprintf(what, sizeof what, "number %zu of the set is none: sets hold whole numbers", i + 1);
            return fail_at(r, part, sequence, step, what);
        }
        if (value < r->options->first || value - r->options->first >= r->width) {
            snprintf(what, sizeof what, "%lld is not in [%d, %d): first = %d, and the model reads %d features",
                     (long long)value, r->options->first, r->options->first + r->width, r->options->first, r->width);
            return fail_at(r, part, sequence, step, what);
        }
        if (y)
            y[value - r->options->first] = 1;
        if (x)
            x[value - r->options->first] = 1;
    }
    return LSTMC_OK;
}

/* Step t is the target at t and the input at t + 1; nothing stands before the first. Returns how many steps there are,
 * of which the model's are kept, or a status. */
static long store_sequence(const struct reader *r, const char *part, size_t sequence, struct lstmc_dataset *data)
{
    const json_t *steps = json_array_get(json_object_get(r->root, part), sequence);
    size_t count = json_array_size(steps), most = (size_t)r->model->input_shape[0], width = (size_t)r->width;
    float *x = (float *)data->x + sequence * most * width, *y = (float *)data->y + sequence * most * width;
    if (!json_is_array(steps) || !count)
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s: \"%.60s\": sequence %zu is no list of steps, or an "
                          "empty one", r->options->file, part, sequence + 1);
    if (!data->lengths && count < most)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.200s: \"%.60s\": sequence %zu has %zu steps and the model reads %zu: say Input{%zu, %d, "
                          "lengths = true}, so that steps which are not there do not count", r->options->file, part,
                          sequence + 1, count, most, most, r->width);
    for (size_t t = 0; t < count; t++) {
        int status = store_step(r, part, sequence, t, t < most ? y + t * width : NULL,
                                t + 1 < most && t + 1 < count ? x + (t + 1) * width : NULL);
        if (status)
            return status;
    }
    if (data->lengths)
        data->lengths[sequence] = (int32_t)(count < most ? count : most);
    return count < INT32_MAX ? (long)count : INT32_MAX;
}

static int store_part(const struct reader *r, const char *name, struct lstmc_dataset *data)
{
    const json_t *part;
    size_t cut = 0, most = (size_t)r->model->input_shape[0];
    long longest = 0;
    int status = find_part(r, name, &part);
    if (status)
        return status;
    if (lstmc_dataset_alloc(r->model, json_array_size(part), data))
        return lstmc_fail_memory(r->message, r->options->file);
    for (size_t i = 0; i < data->samples; i++) {
        long steps = store_sequence(r, name, i, data);
        if (steps < 0)
            return (int)steps;
        cut += (size_t)steps > most;
        longest = steps > longest ? steps : longest;
    }
    if (cut)
        lstmc_note(&data->notes, "%.150s: \"%.60s\": %zu of %zu sequences are longer than the model's %zu steps and "
                                 "lose their end; the longest has %ld", r->options->file, name, cut, data->samples,
                   most, longest);
    return LSTMC_OK;
}

/* ---- the reader ---- */

static int read_json(struct reader *r)
{
    unsigned char *bytes = NULL;
    size_t size;
    json_error_t error = { .line = 0 };
    int status = lstmc_file_read(r->options->file, &bytes, &size, r->message);
    if (status)
        return status;
    locale_t before = lstmc_c_locale_enter();
    r->root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &error);
    lstmc_c_locale_leave(before);
    free(bytes);
    if (!r->root)
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s:%d:%d: is no JSON: %.160s", r->options->file, error.line,
                          error.column, error.text);
    return json_is_object(r->root)
               ? LSTMC_OK
               : lstmc_fail(r->message, LSTMC_BAD_FILE,
                            "%.250s: is no object of lists of sequences, like {\"train\": [[[60, 64], []]], \"test\": "
                            "...}", r->options->file);
}

/* What each column stands for: its number. */
static int name_numbers(const struct reader *r, struct lstmc_names *names)
{
    char text[16];
    if (!lstmc_names_alloc(names, r->width))
        return 0;
    for (int i = 0; i < r->width; i++)
        if (!lstmc_names_set(names, i, text, (size_t)snprintf(text, sizeof text, "%d", r->options->first + i)))
            return 0;
    return 1;
}

int lstmc_read_multi_hot(const struct lstmc_model *model, const struct lstmc_multi_hot_options *options,
                         struct lstmc_dataset *training, struct lstmc_dataset *validation,
                         struct lstmc_message *message)
{
    struct reader r = { .model = model, .options = options, .message = message };
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    int status = check_model(&r);
    r.width = status ? 0 : model->input_shape[1];
    if (!status)
        status = read_json(&r);
    if (!status)
        status = store_part(&r, options->training, training);
    if (!status && options->validation)
        status = store_part(&r, options->validation, validation);
    if (!status && (!name_numbers(&r, &training->meaning.columns) || !name_numbers(&r, &training->meaning.targets)))
        status = lstmc_fail_memory(message, options->file);
    json_decref(r.root);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    return status;
}
