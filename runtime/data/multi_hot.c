/* multi_hot.c: in: sequences of sets of whole numbers as JSON (chords, baskets, tags): {"train": [[[60, 64, 67], []],
 * ...], "test": ...}.  out: each step as zeros and ones, one for each number that a set may hold (Keras's multi_hot),
 * and as target the step behind it. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/files/file.h"
#include "runtime/files/map.h"

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

/* ---- samples ---- */

/* The sets of a part, in their order; of its data set, for x and y. */
struct sets {
    int users;
    size_t width, most;                 /* numbers of a step, steps of a sample */
    size_t *sequence;                   /* [sequences + 1]: the first step of each */
    size_t *step; size_t steps, step_capacity;          /* [steps + 1]: the first number of each */
    int *number; size_t numbers, number_capacity;       /* columns */
};

static void free_sets(void *context)
{
    struct sets *sets = context;
    if (!sets || --sets->users)
        return;
    free(sets->sequence);
    lstmc_grown_free(sets->step);
    lstmc_grown_free(sets->number);
    free(sets);
}

/* The first `count` sets of a sample as zeros and ones, behind `first` steps of zeros. */
static void make(const struct sets *sets, size_t sample, size_t first, size_t count, float *to)
{
    memset(to, 0, sets->most * sets->width * sizeof *to);
    const size_t *step = sets->step + sets->sequence[sample];
    for (size_t t = 0; t < count; t++)
        for (size_t i = step[t]; i < step[t + 1]; i++)
            to[(first + t) * sets->width + (size_t)sets->number[i]] = 1;
}

/* Step t is the target at t and the input at t + 1; nothing stands before the first. */
static void make_inputs(const void *context, size_t sample, void *to)
{
    const struct sets *sets = context;
    make(sets, sample, 1, sets->sequence[sample + 1] - sets->sequence[sample] - 1, to);
}

static void make_targets(const void *context, size_t sample, void *to)
{
    const struct sets *sets = context;
    make(sets, sample, 0, sets->sequence[sample + 1] - sets->sequence[sample], to);
}

/* ---- one sequence ---- */

/* A number that stands twice counts once. `kept`: whether the model has the step. */
static int read_step(const struct reader *r, const char *part, size_t sequence, size_t step, int kept,
                     struct sets *sets)
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
        if (kept && !lstmc_grow((void **)&sets->number, sets->numbers, &sets->number_capacity, sizeof *sets->number))
            return lstmc_fail_memory(r->message, r->options->file);
        if (kept)
            sets->number[sets->numbers++] = (int)(value - r->options->first);
    }
    if (kept && !lstmc_grow((void **)&sets->step, sets->steps + 1, &sets->step_capacity, sizeof *sets->step))
        return lstmc_fail_memory(r->message, r->options->file);
    if (kept)
        sets->step[++sets->steps] = sets->numbers;
    return LSTMC_OK;
}

/* Returns how many steps there are, of which the model's are kept, or a status. */
static long read_sequence(const struct reader *r, const char *part, size_t sequence, struct sets *sets,
                          struct lstmc_dataset *data)
{
    const json_t *steps = json_array_get(json_object_get(r->root, part), sequence);
    size_t count = json_array_size(steps), most = sets->most;
    if (!json_is_array(steps) || !count)
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.200s: \"%.60s\": sequence %zu is no list of steps, or an "
                          "empty one", r->options->file, part, sequence + 1);
    if (!data->lengths && count < most)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.200s: \"%.60s\": sequence %zu has %zu steps and the model reads %zu: say Input{%zu, %d, "
                          "lengths = true}, so that steps which are not there do not count", r->options->file, part,
                          sequence + 1, count, most, most, r->width);
    for (size_t t = 0; t < count; t++) {
        int status = read_step(r, part, sequence, t, t < most, sets);
        if (status)
            return status;
    }
    sets->sequence[sequence + 1] = sets->steps;
    if (data->lengths)
        data->lengths[sequence] = (int32_t)(count < most ? count : most);
    return count < INT32_MAX ? (long)count : INT32_MAX;
}

static int read_part(const struct reader *r, const char *name, struct sets *sets, struct lstmc_dataset *data)
{
    size_t cut = 0;
    long longest = 0;
    for (size_t i = 0; i < data->samples; i++) {
        long steps = read_sequence(r, name, i, sets, data);
        if (steps < 0)
            return (int)steps;
        cut += (size_t)steps > sets->most;
        longest = steps > longest ? steps : longest;
    }
    if (cut)
        lstmc_note(&data->notes, "%.150s: \"%.60s\": %zu of %zu sequences are longer than the model's %zu steps and "
                                 "lose their end; the longest has %ld", r->options->file, name, cut, data->samples,
                   sets->most, longest);
    return LSTMC_OK;
}

/* The sets of a part, without any yet. NULL: no memory. */
static struct sets *create_sets(const struct reader *r, size_t sequences)
{
    struct sets *sets = malloc(sizeof *sets);
    if (!sets)
        return NULL;
    *sets = (struct sets){ .users = 2, .width = (size_t)r->width, .most = (size_t)r->model->input_shape[0],
                           .sequence = calloc(sequences + 1, sizeof *sets->sequence) };
    if (sets->sequence && lstmc_grow((void **)&sets->step, 0, &sets->step_capacity, sizeof *sets->step)) {
        sets->step[0] = 0;
        return sets;
    }
    sets->users = 1;
    free_sets(sets);
    return NULL;
}

static int take_part(const struct reader *r, const char *name, struct lstmc_dataset *data)
{
    const json_t *part;
    int status = find_part(r, name, &part);
    if (status)
        return status;
    struct sets *sets = create_sets(r, json_array_size(part));
    if (!sets)
        return lstmc_fail_memory(r->message, r->options->file);
    data->x_source = (struct lstmc_source){ make_inputs, sets, free_sets };
    data->y_source = (struct lstmc_source){ make_targets, sets, free_sets };
    return lstmc_dataset_made(r->model, json_array_size(part), data) ? lstmc_fail_memory(r->message, r->options->file)
                                                                     : read_part(r, name, sets, data);
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
        status = take_part(&r, options->training, training);
    if (!status && options->validation)
        status = take_part(&r, options->validation, validation);
    if (!status && (!name_numbers(&r, &training->meaning.columns) || !name_numbers(&r, &training->meaning.targets)))
        status = lstmc_fail_memory(message, options->file);
    json_decref(r.root);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    return status;
}
