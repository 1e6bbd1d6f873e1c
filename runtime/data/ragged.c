/* ragged.c: in: .npy files of sequences of unlike lengths: padded ones and their lengths, or with zeros that tell, or
 * all steps of all of them, one behind the other, and where each begins.  out: padded sequences with lengths. */
#include "arrays.h"
#include "runtime/base/message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers, one for each of so many. */
static int read_whole(const char *path, size_t count, struct lstmc_npy *array, struct lstmc_message *message)
{
    int status = lstmc_npy_read(path, array, message);
    if (!status && (array->rank != 1 || (count && array->count != count)))
        status = lstmc_fail(message, LSTMC_MISMATCH,
                            "%.250s: must be one whole number for each of %zu samples, not %zu", path, count,
                            array->count);
    for (size_t i = 0; !status && i < array->count; i++) {
        double value = lstmc_npy_value(array, i);
        if (!(value >= 0 && value < 0x1p53) || value != floor(value))
            status = lstmc_fail(message, LSTMC_MISMATCH, "%.250s: row %zu (from 0): %.9g is no whole number from 0 on",
                                path, i, value);
    }
    return status;
}

int lstmc_read_lengths(const struct lstmc_model *model, const char *path, struct lstmc_dataset *data,
                       struct lstmc_message *message)
{
    struct lstmc_npy lengths = { .bytes = NULL };
    int status = model->has_lengths
                     ? read_whole(path, data->samples, &lengths, message)
                     : lstmc_fail(message, LSTMC_MISMATCH, "%.250s: the model's Input has no lengths", path);
    if (!status && !data->lengths && !(data->lengths = lstmc_alloc(data->samples * sizeof *data->lengths)))
        status = lstmc_fail_memory(message, path);
    for (size_t i = 0; !status && i < data->samples; i++)
        data->lengths[i] = (int32_t)fmin(lstmc_npy_value(&lengths, i), INT32_MAX);
    lstmc_npy_free(&lengths);
    return status;
}

/* ---- padded with zeros ---- */

/* How many steps stand there, from the end that is not padded on. */
static int32_t count_steps(const struct lstmc_model *model, const char *x, int pads_front)
{
    static const char zeros[sizeof(float)];
    const int steps = model->input_shape[0];
    const size_t row = model->input_count / (size_t)steps * sizeof(float);
    for (int padded = 0; padded < steps; padded++) {
        const char *step = x + (size_t)(pads_front ? padded : steps - 1 - padded) * row;
        for (size_t i = 0; i < row; i += sizeof(float))
            if (memcmp(step + i, zeros, sizeof(float)))
                return steps - padded;
    }
    return 0;
}

/* Samples whose steps at the end count: those come first. */
struct moved {
    struct lstmc_half half;
    const int32_t *lengths;             /* the data set's */
    size_t row, steps;                  /* bytes of a step; steps of a sample */
};

static void make_moved(const void *context, size_t sample, void *to)
{
    const struct moved *moved = context;
    const size_t kept = (size_t)moved->lengths[sample] * moved->row, all = moved->steps * moved->row;
    lstmc_half_copy(&moved->half, sample, to);
    memmove(to, (char *)to + all - kept, kept);
    memset((char *)to + kept, 0, all - kept);
}

static void free_moved(void *context)
{
    struct moved *moved = context;
    lstmc_half_free(&moved->half);
    free(moved);
}

static int move_steps(struct lstmc_half half, const int32_t *lengths, size_t steps, struct lstmc_source *source)
{
    struct moved *moved = malloc(sizeof *moved);
    if (!moved) {
        lstmc_half_free(&half);
        return LSTMC_NO_MEMORY;
    }
    *moved = (struct moved){ half, lengths, half.count / steps * sizeof(float), steps };
    *source = (struct lstmc_source){ make_moved, moved, free_moved };
    return LSTMC_OK;
}

int lstmc_count_lengths(const struct lstmc_model *model, int pads_front, struct lstmc_dataset *data,
                        struct lstmc_message *message)
{
    const size_t steps = (size_t)model->input_shape[0];
    char *room = malloc(model->input_count * sizeof(float));
    if (!data->lengths)
        data->lengths = lstmc_alloc((data->samples + 1) * sizeof *data->lengths);
    if (!data->lengths || !room) {
        free(room);
        return lstmc_fail_memory(message, "lengths");
    }
    for (size_t sample = 0; sample < data->samples; sample++)
        data->lengths[sample] = count_steps(model, lstmc_sample_inputs(model, data, sample, room), pads_front);
    free(room);
    int status = pads_front ? move_steps(lstmc_take_inputs(model, data), data->lengths, steps, &data->x_source)
                            : LSTMC_OK;
    if (!status && pads_front && model->output_rank > 1 && !model->loss_of_sample && model->target_count % steps == 0)
        status = move_steps(lstmc_take_targets(model, data), data->lengths, steps, &data->y_source);
    return status ? lstmc_fail_memory(message, "padded samples") : LSTMC_OK;
}

/* ---- one behind the other ---- */

struct ragged {
    const struct lstmc_model *model;
    const char *path;
    const struct lstmc_npy *x, *offsets;
    int vocabulary, unknown;
    struct lstmc_message *message;
};

static int check_steps(const struct ragged *r)
{
    const struct lstmc_model *m = r->model;
    size_t row = m->input_count / (size_t)m->input_shape[0], samples = r->offsets->count - 1;
    size_t steps = r->x->rank ? r->x->shape[0] : 0;
    if (!r->x->rank || !steps || r->x->count / steps != row)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.250s: must hold the steps of all samples, one behind the other, of %zu number%s each",
                          r->path, row, row == 1 ? "" : "s");
    for (size_t i = 0; i < samples; i++)
        if (lstmc_npy_value(r->offsets, i) > lstmc_npy_value(r->offsets, i + 1))
            return lstmc_fail(r->message, LSTMC_MISMATCH, "%.250s: offset %zu (from 0) is beyond the next one", r->path,
                              i);
    if (lstmc_npy_value(r->offsets, 0) != 0 || lstmc_npy_value(r->offsets, samples) != (double)steps)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.250s: has %zu steps, but the offsets go from %.17g to %.17g", r->path, steps,
                          lstmc_npy_value(r->offsets, 0), lstmc_npy_value(r->offsets, samples));
    return LSTMC_OK;
}

/* Of a sequence that is too long the last steps, as lstmc_read_npy keeps them. */
static int check_sample(const struct ragged *r, size_t sample, struct lstmc_dataset *one, int32_t *length)
{
    const struct lstmc_model *m = r->model;
    size_t row = m->input_count / (size_t)m->input_shape[0], most = (size_t)m->input_shape[0];
    size_t first = (size_t)lstmc_npy_value(r->offsets, sample), end = (size_t)lstmc_npy_value(r->offsets, sample + 1);
    size_t kept = end - first < most ? end - first : most;
    for (size_t i = 0; i < kept * row; i++) {
        double value = lstmc_npy_value(r->x, (end - kept) * row + i);
        if (m->input_is_tokens)
            value = lstmc_array_id(value, r->vocabulary, r->unknown);
        if (!lstmc_store_input(m, one, i, value))
            return lstmc_fail(r->message, LSTMC_MISMATCH, "%s: row %zu, column %zu (from 0): %.9g is not %s", r->path,
                              end - kept + i / row, i % row, value, lstmc_input_range(m, i).text);
    }
    *length = (int32_t)kept;
    return LSTMC_OK;
}

/* One target for each sample, or, where the model has one for each step, those of all steps. */
static int check_targets(const struct ragged *r, const char *path, const struct lstmc_dataset *data,
                         struct lstmc_dataset *one, struct lstmc_npy *y)
{
    const struct lstmc_model *m = r->model;
    int is_sequence = m->output_rank > 1, status = lstmc_npy_read(path, y, r->message);
    size_t row = m->target_count / (is_sequence ? (size_t)m->input_shape[0] : 1),
           wanted = is_sequence ? r->x->shape[0] : data->samples;
    if (!status && (!y->rank || y->shape[0] != wanted || y->count != wanted * row))
        status = lstmc_fail(r->message, LSTMC_MISMATCH, "%.250s: must hold %zu rows of %zu number%s: one for each %s",
                            path, wanted, row, row == 1 ? "" : "s", is_sequence ? "step" : "sample");
    for (size_t sample = 0; !status && sample < data->samples; sample++) {
        size_t end = is_sequence ? (size_t)lstmc_npy_value(r->offsets, sample + 1) : sample + 1,
               kept = is_sequence ? (size_t)data->lengths[sample] : 1;
        for (size_t i = 0; !status && i < kept * row; i++) {
            double value = lstmc_npy_value(y, (end - kept) * row + i);
            if (!lstmc_store_target(m, one, i, value))
                status = lstmc_fail(r->message, LSTMC_MISMATCH, "%s: row %zu, column %zu (from 0): %.9g is not %s",
                                    path, end - kept + i / row, i % row, value, lstmc_target_range(m, i).text);
        }
    }
    return status;
}

/* What samples are made of: steps of an array, those of each sample at its offsets; without these one row each. */
struct kept {
    struct lstmc_npy steps, offsets;
    const int32_t *lengths;             /* the data set's */
    size_t row, count;                  /* numbers of a step, and of a sample */
    struct lstmc_numbers as;
};

static void make_sample(const void *context, size_t sample, void *to)
{
    const struct kept *k = context;
    const size_t kept = k->offsets.bytes ? (size_t)k->lengths[sample] : 1;
    const size_t end = k->offsets.bytes ? (size_t)lstmc_npy_value(&k->offsets, sample + 1) : sample + 1;
    const size_t first = (end - kept) * k->row, count = kept * k->row;
    lstmc_npy_numbers(&k->steps, first, count, &k->as, to);
    memset((float *)to + count, 0, (k->count - count) * sizeof(float));
}

static void free_kept(void *context)
{
    struct kept *kept = context;
    lstmc_npy_free(&kept->steps);
    lstmc_npy_free(&kept->offsets);
    free(kept);
}

/* Takes the array of steps over; the offsets are mapped once more. */
static int keep(const char *offsets_path, struct kept what, struct lstmc_npy *steps, struct lstmc_source *source,
                struct lstmc_message *message)
{
    struct kept *kept = malloc(sizeof *kept);
    int status = kept ? LSTMC_OK : lstmc_fail_memory(message, offsets_path);
    if (!status && offsets_path)
        status = lstmc_npy_read(offsets_path, &what.offsets, message);
    if (status) {
        free(kept);
        return status;
    }
    what.steps = *steps;
    memset(steps, 0, sizeof *steps);
    *kept = what;
    *source = (struct lstmc_source){ make_sample, kept, free_kept };
    return LSTMC_OK;
}

/* Of steps that are cut off the weights are cut off too. */
static int store_step_weights(const struct lstmc_npy *weights, const struct lstmc_npy *offsets, const char *path,
                              struct lstmc_dataset *data, struct lstmc_message *message)
{
    for (size_t sample = 0; sample < data->samples; sample++) {
        size_t kept = (size_t)data->lengths[sample],
               first = (size_t)lstmc_npy_value(offsets, sample + 1) - kept;
        for (size_t i = 0; i < kept; i++) {
            double weight = lstmc_npy_value(weights, first + i);
            if (!lstmc_store_weight(data, sample * data->weights + i, weight))
                return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: row %zu (from 0): " LSTMC_NO_WEIGHT, path,
                                  first + i, weight);
        }
    }
    return LSTMC_OK;
}

int lstmc_read_ragged_weight(const struct lstmc_model *model, const char *path, const char *offsets_path,
                             struct lstmc_dataset *data, struct lstmc_message *message)
{
    struct lstmc_npy weights = { .bytes = NULL }, offsets = { .bytes = NULL };
    int status = lstmc_npy_read(path, &weights, message);
    if (!status)
        status = read_whole(offsets_path, data->samples + 1, &offsets, message);
    int of_steps = !status && model->sample_weights == model->input_shape[0] && weights.rank == 1 &&
                   (double)weights.count == lstmc_npy_value(&offsets, data->samples);
    if (of_steps) {
        data->weights = (size_t)model->sample_weights;
        data->sample_weight = lstmc_alloc(data->samples * data->weights * sizeof *data->sample_weight);
        status = data->sample_weight ? store_step_weights(&weights, &offsets, path, data, message)
                                     : lstmc_fail_memory(message, path);
    }
    lstmc_npy_free(&weights);
    lstmc_npy_free(&offsets);
    return status || of_steps ? status : lstmc_read_sample_weight(model, path, data, message);
}

/* All values are looked through, and the data set takes the arrays over. */
static int take_arrays(const struct ragged *r, const char *offsets_path, const char *y_path, struct lstmc_npy *x,
                       struct lstmc_npy *y, struct lstmc_dataset *data)
{
    const struct lstmc_model *m = r->model;
    const size_t steps = (size_t)m->input_shape[0];
    struct lstmc_dataset one;
    if (lstmc_dataset_alloc(m, 1, &one))
        return lstmc_fail_memory(r->message, r->path);
    data->samples = r->offsets->count - 1;
    data->lengths = lstmc_alloc(data->samples * sizeof *data->lengths);
    int status = data->lengths ? LSTMC_OK : lstmc_fail_memory(r->message, r->path);
    for (size_t sample = 0; !status && sample < data->samples; sample++)
        status = check_sample(r, sample, &one, &data->lengths[sample]);
    if (!status && y_path)
        status = check_targets(r, y_path, data, &one, y);
    lstmc_dataset_free(&one);
    const struct kept inputs = { .lengths = data->lengths, .row = m->input_count / steps, .count = m->input_count,
                                 .as = { m->input_is_tokens, r->vocabulary, r->unknown } };
    if (!status)
        status = keep(offsets_path, inputs, x, &data->x_source, r->message);
    const int is_sequence = m->output_rank > 1;
    const struct kept targets = { .lengths = data->lengths, .row = m->target_count / (is_sequence ? steps : 1),
                                  .count = m->target_count, .as = { m->target_is_class, 0, 0 } };
    if (!status && y_path)
        status = keep(is_sequence ? offsets_path : NULL, targets, y, &data->y_source, r->message);
    else if (!status && lstmc_dataset_zero_targets(m, data))
        status = lstmc_fail_memory(r->message, r->path);
    return status;
}

int lstmc_read_ragged(const struct lstmc_model *model, const char *x_path, const char *offsets_path, const char *y_path,
                      int vocabulary, int unknown, struct lstmc_dataset *data, struct lstmc_message *message)
{
    struct lstmc_npy x = { .bytes = NULL }, y = { .bytes = NULL }, offsets = { .bytes = NULL };
    struct ragged r = { model, x_path, &x, &offsets, vocabulary, unknown, message };
    memset(data, 0, sizeof *data);
    int status = model->has_lengths && !model->inputs
                     ? lstmc_npy_read(x_path, &x, message)
                     : lstmc_fail(message, LSTMC_MISMATCH, "%.250s: offsets need one Input, with lengths = true",
                                  offsets_path);
    if (!status)
        status = read_whole(offsets_path, 0, &offsets, message);
    if (!status && offsets.count < 2)
        status = lstmc_fail(message, LSTMC_MISMATCH, "%.250s: must be 0, and where each sample ends", offsets_path);
    if (!status)
        status = check_steps(&r);
    if (!status)
        status = take_arrays(&r, offsets_path, y_path, &x, &y, data);
    if (status)
        lstmc_dataset_free(data);
    lstmc_npy_free(&x);
    lstmc_npy_free(&y);
    lstmc_npy_free(&offsets);
    return status;
}
