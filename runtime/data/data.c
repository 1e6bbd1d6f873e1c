/* data.c: in: .npy files.  out: data sets in the model's types and shapes, or the row and column of the first
 * mistake. */
#include "arrays.h"
#include "dataset.h"
#include "runtime/base/message.h"
#include "statistics.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- .npy ---- */

/* "(25000, 200)", or for a model "(samples, 200)". */
struct shape_text { char text[160]; };

static struct shape_text file_shape(const struct lstmc_npy *array)
{
    struct shape_text shape = { "(" };
    for (int i = 0; i < array->rank; i++)
        snprintf(shape.text + strlen(shape.text), sizeof shape.text - strlen(shape.text), "%s%zu", i ? ", " : "",
                 array->shape[i]);
    strcat(shape.text, array->rank == 1 ? ",)" : ")");
    return shape;
}

static struct shape_text model_shape(const int *extent, int rank)
{
    struct shape_text shape = { "(samples" };
    for (int i = 0; i < rank; i++)
        snprintf(shape.text + strlen(shape.text), sizeof shape.text - strlen(shape.text), ", %d", extent[i]);
    strcat(shape.text, ")");
    return shape;
}

/* Axes of extent 1 at the end count for nothing: (25000,) serves a target of [1]. A longer time axis is
 * cut in front. */
static int fit_shape(const struct lstmc_npy *array, const int *extent, int rank, int first_is_time,
                     struct lstmc_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    layout->sample = 1;
    size_t inner = 1;
    for (int i = 0; i < rank || i + 1 < array->rank; i++) {
        size_t held = i + 1 < array->rank ? array->shape[i + 1] : 1;
        size_t wanted = i < rank ? (size_t)extent[i] : 1;
        if (i == 0 && first_is_time && held > wanted)
            layout->steps_cut = held - wanted;
        else if (held != wanted)
            return 0;
        layout->sample *= held;
        inner *= i ? held : 1;
    }
    layout->skip = layout->steps_cut * inner;
    return 1;
}

int lstmc_fit_inputs(const struct lstmc_model *model, const char *path, const struct lstmc_npy *x,
                     struct lstmc_layout *layout, struct lstmc_message *message)
{
    if (!x->rank ||
        !fit_shape(x, model->input_shape, model->input_rank, model->input_is_tokens || model->input_rank > 1, layout))
        return lstmc_fail(message, LSTMC_MISMATCH, "%s: its shape is %s, but the model reads %s", path,
                          file_shape(x).text, model_shape(model->input_shape, model->input_rank).text);
    return x->shape[0] ? LSTMC_OK : lstmc_fail(message, LSTMC_MISMATCH, "%s: has no samples", path);
}

static int check_shapes(const struct lstmc_model *model, const char *x_path, const struct lstmc_npy *x,
                        struct lstmc_layout *x_layout, const char *y_path, const struct lstmc_npy *y,
                        struct lstmc_layout *y_layout, struct lstmc_message *message)
{
    int status = lstmc_fit_inputs(model, x_path, x, x_layout, message);
    if (status || !y_path)
        return status;
    if (!y->rank || !fit_shape(y, model->target_shape, model->target_rank, model->output_rank > 1, y_layout) ||
        (y_layout->steps_cut && y_layout->steps_cut != x_layout->steps_cut))
        return lstmc_fail(message, LSTMC_MISMATCH, "%s: its shape is %s, but the model's targets are %s", y_path,
                          file_shape(y).text, model_shape(model->target_shape, model->target_rank).text);
    if (x->shape[0] != y->shape[0])
        return lstmc_fail(message, LSTMC_MISMATCH, "%s has %zu samples, %s has %zu", x_path, x->shape[0], y_path,
                          y->shape[0]);
    return LSTMC_OK;
}

/* ---- values ---- */

/* x or y of a file; one sample to store into is enough for whoever looks through it. */
struct look {
    const struct lstmc_model *model;
    const char *path;
    const struct lstmc_npy *array;
    const struct lstmc_layout *layout;
    size_t count;               /* numbers of a sample */
    int is_target, is_whole;    /* is_whole: ids or classes */
    int vocabulary, unknown;    /* of ids */
    struct lstmc_dataset *one;
    float *row;
    struct lstmc_message *message;
};

/* Whether the floats of a row are finite, with room to spare: a value at the limit is looked at by itself. */
static int is_fine(const struct look *look, size_t row)
{
    int fine = 1;
    lstmc_npy_floats(look->array, row * look->layout->sample + look->layout->skip, look->count, look->row);
    for (size_t i = 0; i < look->count; i++)
        fine &= fabsf(look->row[i]) < FLT_MAX;
    return fine;
}

static int check(const struct look *look)
{
    const struct lstmc_model *model = look->model;
    for (size_t row = 0; row < look->array->shape[0]; row++) {
        if (!look->is_whole && is_fine(look, row))
            continue;
        for (size_t i = 0; i < look->count; i++) {
            double value = lstmc_npy_value(look->array, row * look->layout->sample + look->layout->skip + i);
            if (look->is_whole && !look->is_target)
                value = lstmc_array_id(value, look->vocabulary, look->unknown);
            if (look->is_target ? !lstmc_store_target(model, look->one, i, value)
                                : !lstmc_store_input(model, look->one, i, value))
                return lstmc_fail(look->message, LSTMC_MISMATCH, "%s: row %zu, column %zu (from 0): %.9g is not %s",
                                  look->path, row, look->layout->skip + i, value,
                                  (look->is_target ? lstmc_target_range : lstmc_input_range)(model, i).text);
        }
    }
    return LSTMC_OK;
}

#define LOOKED_AT 4000000       /* numbers, evenly spread rows of them: as many show what all would */

/* Numbers that lose what tells them apart when they become floats: of the first column, along the last axis, that has
 * any. */
static void note_columns(const struct lstmc_model *model, const char *path, const struct lstmc_npy *x,
                         const struct lstmc_layout *layout, struct lstmc_dataset *data)
{
    size_t columns = model->input_rank ? (size_t)model->input_shape[model->input_rank - 1] : 1;
    size_t stride = 1 + x->shape[0] / (1 + LOOKED_AT / model->input_count);
    struct lstmc_statistics *s = calloc(columns, sizeof *s);
    for (size_t row = 0; s && row < x->shape[0]; row += stride)
        for (size_t i = 0; i < model->input_count; i++)
            lstmc_statistics_add(&s[i % columns], lstmc_npy_value(x, row * layout->sample + layout->skip + i));
    for (size_t column = 0; s && column < columns; column++) {
        double deviation = lstmc_statistics_deviation(&s[column]),
               largest = fmax(fabs(s[column].low), fabs(s[column].high));
        if (deviation > 0 && !lstmc_float_holds(largest, deviation)) {
            lstmc_note(&data->notes,
                       "%.150s: column %zu (from 0): beside numbers as large as %.9g a deviation of %.3g is lost in "
                       "floats, which the model reads: subtract a number from the column",
                       path, column, largest, deviation);
            break;
        }
    }
    free(s);
}

/* Looks through both files; y_path NULL: through one. */
static int check_values(const struct lstmc_model *model, const char *x_path, const struct lstmc_npy *x,
                        const struct lstmc_layout *x_layout, int vocabulary, int unknown, const char *y_path,
                        const struct lstmc_npy *y, const struct lstmc_layout *y_layout, struct lstmc_message *message)
{
    struct lstmc_dataset one;
    size_t widest = model->input_count > model->target_count ? model->input_count : model->target_count;
    float *row = malloc(widest * sizeof *row);
    struct look x_look = { .model = model, .path = x_path, .array = x, .layout = x_layout, .count = model->input_count,
                           .is_whole = model->input_is_tokens, .vocabulary = vocabulary, .unknown = unknown,
                           .one = &one, .row = row, .message = message };
    struct look y_look = { .model = model, .path = y_path, .array = y, .layout = y_layout, .count = model->target_count,
                           .is_target = 1, .is_whole = model->target_is_class, .one = &one, .row = row,
                           .message = message };
    int status = lstmc_dataset_alloc(model, 1, &one) || !row ? lstmc_fail_memory(message, x_path) : LSTMC_OK;
    if (!status)
        status = check(&x_look);
    if (!status && y_path)
        status = check(&y_look);
    free(row);
    lstmc_dataset_free(&one);
    return status;
}

int lstmc_read_npy(const struct lstmc_model *model, const char *x_path, const char *y_path, int vocabulary, int unknown,
                   struct lstmc_dataset *data, struct lstmc_message *message)
{
    struct lstmc_npy x, y = { .bytes = NULL };
    struct lstmc_layout x_layout, y_layout;
    memset(data, 0, sizeof *data);
    int status = lstmc_npy_read(x_path, &x, message);
    if (!status && y_path)
        status = lstmc_npy_read(y_path, &y, message);
    if (!status)
        status = check_shapes(model, x_path, &x, &x_layout, y_path, &y, &y_layout, message);
    if (!status)
        status = check_values(model, x_path, &x, &x_layout, vocabulary, unknown, y_path, &y, &y_layout, message);
    if (!status && !model->input_is_tokens && x.dtype[2] > '2' && strcmp(x.dtype, "<f4"))
        note_columns(model, x_path, &x, &x_layout, data);
    if (!status) {
        data->samples = x.shape[0];
        status = lstmc_array_inputs(model, &x, &x_layout, vocabulary, unknown, data);
        if (!status)
            status = y_path ? lstmc_array_targets(model, &y, &y_layout, data)
                            : lstmc_dataset_zero_targets(model, data);
        if (status)
            lstmc_fail_memory(message, x_path);
    }
    if (status)
        lstmc_dataset_free(data);
    lstmc_npy_free(&x);
    lstmc_npy_free(&y);
    return status;
}

/* What a reader needs to know of a model that has this input and this output alone; NULL: its own. */
static struct lstmc_model reduced_to(const struct lstmc_model *model, const struct lstmc_array *input,
                                     const struct lstmc_array *output, const struct lstmc_array *target)
{
    struct lstmc_model one = *model;
    one.inputs = one.outputs = one.targets = NULL;
    one.input_arrays = one.output_arrays = 0;
    if (input) {
        one.input_is_tokens = input->is_integer;
        one.vocabulary = input->vocabulary;
        one.input_rank = input->rank;
        memcpy(one.input_shape, input->shape, sizeof one.input_shape);
        one.input_count = input->count;
    }
    if (output) {
        one.output_rank = output->rank;
        memcpy(one.output_shape, output->shape, sizeof one.output_shape);
        one.output_count = output->count;
        one.target_is_class = target->is_integer;
        one.target_rank = target->rank;
        memcpy(one.target_shape, target->shape, sizeof one.target_shape);
        one.target_count = target->count;
    }
    return one;
}

/* Input k and target k, as far as there are so many, become parts of those of all. */
static int read_pair(const struct lstmc_model *model, const char *const *x_paths, const char *const *y_paths, int k,
                     int vocabulary, int unknown, struct lstmc_dataset *data, struct lstmc_joined *x,
                     struct lstmc_joined *y, struct lstmc_message *message)
{
    int inputs = model->inputs ? model->input_arrays : 1, outputs = model->outputs ? model->output_arrays : 1,
        has_x = k < inputs, has_y = y_paths && k < outputs;
    const struct lstmc_array *input = model->inputs ? &model->inputs[has_x ? k : 0] : NULL,
                             *output = has_y && model->outputs ? &model->outputs[k] : NULL,
                             *target = output ? &model->targets[k] : NULL;
    const char *x_path = x_paths[has_x ? k : 0];
    struct lstmc_model one = reduced_to(model, input, output, target);
    struct lstmc_dataset array;
    int status = lstmc_read_npy(&one, x_path, has_y ? y_paths[k] : NULL, vocabulary, unknown, &array, message);
    if (!status && k > 0 && array.samples != data->samples)
        status = lstmc_fail(message, LSTMC_MISMATCH, "%.120s has %zu samples, but %.120s has %zu", x_path,
                            array.samples, x_paths[0], data->samples);
    if (!status && has_x && *array.notes.text)
        lstmc_note(&data->notes, "%s", array.notes.text);
    if (!status) {
        data->samples = array.samples;
        if (has_x)
            lstmc_joined_add(x, lstmc_take_inputs(&one, &array), input ? input->offset : 0);
        if (has_y)
            lstmc_joined_add(y, lstmc_take_targets(&one, &array), target ? target->offset : 0);
    }
    lstmc_dataset_free(&array);
    return status;
}

int lstmc_read_npy_arrays(const struct lstmc_model *model, const char *const *x_paths, const char *const *y_paths,
                          int vocabulary, int unknown, struct lstmc_dataset *data, struct lstmc_message *message)
{
    int inputs = model->inputs ? model->input_arrays : 1,
        outputs = model->outputs && y_paths ? model->output_arrays : 1;
    memset(data, 0, sizeof *data);
    struct lstmc_joined *x = lstmc_joined_create(inputs, &data->x_source),
                        *y = y_paths ? lstmc_joined_create(outputs, &data->y_source) : NULL;
    int status = x && (y || !y_paths) ? LSTMC_OK : lstmc_fail_memory(message, x_paths[0]);
    for (int k = 0; !status && k < (inputs > outputs ? inputs : outputs); k++)
        status = read_pair(model, x_paths, y_paths, k, vocabulary, unknown, data, x, y, message);
    if (!status && !y_paths && lstmc_dataset_zero_targets(model, data))
        status = lstmc_fail_memory(message, x_paths[0]);
    if (status)
        lstmc_dataset_free(data);
    return status;
}

int lstmc_read_sample_weight(const struct lstmc_model *model, const char *path, struct lstmc_dataset *data,
                             struct lstmc_message *message)
{
    struct lstmc_npy weights;
    size_t each = model->targets ? 1 : lstmc_weights_per_sample(model);
    int status = lstmc_npy_read(path, &weights, message);
    if (!status && weights.count == data->samples)
        each = 1;
    if (!status && (weights.count != data->samples * each || !weights.rank || weights.shape[0] != data->samples))
        status = lstmc_fail(message, LSTMC_MISMATCH, "%s: its shape is %s, but there are %zu samples%s", path,
                            file_shape(&weights).text, data->samples,
                            weights.rank == 2 && !model->sample_weights
                                ? " (sample_weight_mode = \"temporal\" takes a weight for each step)" : "");
    if (!status && !(data->sample_weight = lstmc_alloc(weights.count * sizeof(float))))
        status = lstmc_fail_memory(message, path);
    data->weights = each;
    for (size_t i = 0; !status && i < weights.count; i++) {
        double weight = lstmc_npy_value(&weights, i);
        if (!lstmc_store_weight(data, i, weight))
            status = lstmc_fail(message, LSTMC_MISMATCH, "%.250s: row %zu (from 0): " LSTMC_NO_WEIGHT, path, i / each,
                                weight);
    }
    lstmc_npy_free(&weights);
    return status;
}
