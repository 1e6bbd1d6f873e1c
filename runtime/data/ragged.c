/* ragged.c: in: .npy files of sequences of unlike lengths: padded ones and their lengths, or with zeros that tell, or
 * all steps of all of them, one behind the other, and where each begins.  out: padded sequences with lengths. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/files/map.h"

#include <math.h>
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

/* The steps that count of each sample to its beginning, in memory of their own: a file is only to be read. */
static int move_steps(void **rows, struct lstmc_mapping *memory, size_t row, size_t steps,
                      const struct lstmc_dataset *data)
{
    struct lstmc_mapping moved = { NULL, 0 };
    lstmc_map_zeros(data->samples * steps * row, &moved);
    if (!moved.start)
        return LSTMC_NO_MEMORY;
    for (size_t sample = 0; sample < data->samples; sample++) {
        const size_t kept = (size_t)data->lengths[sample];
        memcpy((char *)moved.start + sample * steps * row, (char *)*rows + ((sample + 1) * steps - kept) * row,
               kept * row);
    }
    lstmc_unmap(memory);
    *memory = moved;
    *rows = moved.start;
    return LSTMC_OK;
}

int lstmc_count_lengths(const struct lstmc_model *model, int pads_front, struct lstmc_dataset *data,
                        struct lstmc_message *message)
{
    const size_t steps = (size_t)model->input_shape[0], row = model->input_count / steps * sizeof(float);
    if (!data->lengths)
        data->lengths = lstmc_alloc((data->samples + 1) * sizeof *data->lengths);
    if (!data->lengths)
        return lstmc_fail_memory(message, "lengths");
    for (size_t sample = 0; sample < data->samples; sample++)
        data->lengths[sample] = count_steps(model, (const char *)data->x + sample * steps * row, pads_front);
    int status = pads_front ? move_steps(&data->x, &data->x_memory, row, steps, data) : LSTMC_OK;
    if (!status && pads_front && model->output_rank > 1 && !model->loss_of_sample && model->target_count % steps == 0)
        status = move_steps(&data->y, &data->y_memory, model->target_count / steps * sizeof(float), steps, data);
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
static int store_sample(const struct ragged *r, size_t sample, struct lstmc_dataset *data)
{
    const struct lstmc_model *m = r->model;
    size_t row = m->input_count / (size_t)m->input_shape[0], most = (size_t)m->input_shape[0];
    size_t first = (size_t)lstmc_npy_value(r->offsets, sample), end = (size_t)lstmc_npy_value(r->offsets, sample + 1);
    size_t kept = end - first < most ? end - first : most;
    for (size_t i = 0; i < kept * row; i++) {
        double value = lstmc_npy_value(r->x, (end - kept) * row + i);
        if (m->input_is_tokens)
            value = lstmc_array_id(value, r->vocabulary, r->unknown);
        if (!lstmc_store_input(m, data, sample * m->input_count + i, value))
            return lstmc_fail(r->message, LSTMC_MISMATCH, "%s: row %zu, column %zu (from 0): %.9g is not %s", r->path,
                              end - kept + i / row, i % row, value, lstmc_input_range(m, i).text);
    }
    data->lengths[sample] = (int32_t)kept;
    return LSTMC_OK;
}

/* One target for each sample, or, where the model has one for each step, those of all steps. */
static int store_targets(const struct ragged *r, const char *path, struct lstmc_dataset *data)
{
    const struct lstmc_model *m = r->model;
    struct lstmc_npy y = { .bytes = NULL };
    int is_sequence = m->output_rank > 1, status = lstmc_npy_read(path, &y, r->message);
    size_t row = m->target_count / (is_sequence ? (size_t)m->input_shape[0] : 1),
           wanted = is_sequence ? r->x->shape[0] : data->samples;
    if (!status && (!y.rank || y.shape[0] != wanted || y.count != wanted * row))
        status = lstmc_fail(r->message, LSTMC_MISMATCH, "%.250s: must hold %zu rows of %zu number%s: one for each %s",
                            path, wanted, row, row == 1 ? "" : "s", is_sequence ? "step" : "sample");
    for (size_t sample = 0; !status && sample < data->samples; sample++) {
        size_t end = is_sequence ? (size_t)lstmc_npy_value(r->offsets, sample + 1) : sample + 1,
               kept = is_sequence ? (size_t)data->lengths[sample] : 1;
        for (size_t i = 0; !status && i < kept * row; i++) {
            double value = lstmc_npy_value(&y, (end - kept) * row + i);
            if (!lstmc_store_target(m, data, sample * m->target_count + i, value))
                status = lstmc_fail(r->message, LSTMC_MISMATCH, "%s: row %zu, column %zu (from 0): %.9g is not %s",
                                    path, end - kept + i / row, i % row, value, lstmc_target_range(m, i).text);
        }
    }
    lstmc_npy_free(&y);
    return status;
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

int lstmc_read_ragged(const struct lstmc_model *model, const char *x_path, const char *offsets_path, const char *y_path,
                      int vocabulary, int unknown, struct lstmc_dataset *data, struct lstmc_message *message)
{
    struct lstmc_npy x = { .bytes = NULL }, offsets = { .bytes = NULL };
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
    if (!status && lstmc_dataset_alloc(model, offsets.count - 1, data))
        status = lstmc_fail_memory(message, x_path);
    for (size_t sample = 0; !status && sample < data->samples; sample++)
        status = store_sample(&r, sample, data);
    if (!status && y_path)
        status = store_targets(&r, y_path, data);
    if (status)
        lstmc_dataset_free(data);
    lstmc_npy_free(&x);
    lstmc_npy_free(&offsets);
    return status;
}
