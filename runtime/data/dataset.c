/* dataset.c: the memory of a data set, its split, and single elements in the model's types. */
#include "dataset.h"
#include "runtime/files/map.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int alloc_lengths(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data)
{
    if (!model->has_lengths)
        return 1;
    data->lengths = lstmc_alloc(samples * sizeof *data->lengths);
    for (size_t sample = 0; data->lengths && sample < samples; sample++)
        data->lengths[sample] = INT32_MAX;
    return data->lengths != NULL;
}

int lstmc_dataset_alloc(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data)
{
    memset(data, 0, sizeof *data);
    size_t widest = model->input_count > model->target_count ? model->input_count : model->target_count;
    if (samples == 0)
        return LSTMC_OK;
    if (widest > SIZE_MAX / sizeof(float) / samples)
        return LSTMC_NO_MEMORY;
    lstmc_map_zeros(samples * model->input_count * sizeof(float), &data->x_memory);
    lstmc_map_zeros(samples * model->target_count * sizeof(float), &data->y_memory);
    data->x = data->x_memory.start;
    data->y = data->y_memory.start;
    if (!data->x || !data->y || !alloc_lengths(model, samples, data)) {
        lstmc_dataset_free(data);
        return LSTMC_NO_MEMORY;
    }
    data->samples = samples;
    return LSTMC_OK;
}

int lstmc_dataset_made(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data)
{
    data->samples = samples;
    return !samples || alloc_lengths(model, samples, data) ? LSTMC_OK : LSTMC_NO_MEMORY;
}

int lstmc_dataset_zero_targets(const struct lstmc_model *model, struct lstmc_dataset *data)
{
    if (model->target_count > SIZE_MAX / sizeof(float) / data->samples)
        return LSTMC_NO_MEMORY;
    lstmc_map_zeros(data->samples * model->target_count * sizeof(float), &data->y_memory);
    data->y = data->y_memory.start;
    return data->y ? LSTMC_OK : LSTMC_NO_MEMORY;
}

int lstmc_dataset_alloc_described(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data)
{
    struct lstmc_meaning meaning = data->meaning;
    int status = lstmc_dataset_alloc(model, samples, data);
    data->meaning = meaning;
    return status;
}

void lstmc_dataset_free(struct lstmc_dataset *data)
{
    if (!data->is_view) {
        lstmc_unmap(&data->x_memory);
        lstmc_unmap(&data->y_memory);
        lstmc_source_free(&data->x_source);
        lstmc_source_free(&data->y_source);
        lstmc_free(data->lengths);
        lstmc_free(data->sample_weight);
        lstmc_free(data->persistence);
        lstmc_free(data->base);
        lstmc_meaning_free(&data->meaning);
    }
    memset(data, 0, sizeof *data);
}

void lstmc_split_validation(const struct lstmc_model *model, struct lstmc_dataset *data, double fraction,
                            struct lstmc_dataset *validation)
{
    /* keras/src/trainers/data_adapters/data_adapter_utils.py: floor(samples * (1 - validation_split)) samples stay */
    double keep = fraction > 0 ? floor((double)data->samples * (1.0 - fraction)) : (double)data->samples;
    size_t kept = keep > 0 ? (size_t)keep : 0;
    *validation = *data;
    validation->is_view = 1;
    validation->samples = data->samples - kept;
    if (validation->samples) {
        if (data->x)
            validation->x = (char *)data->x + kept * model->input_count * sizeof(float);
        if (data->y)
            validation->y = (char *)data->y + kept * model->target_count * sizeof(float);
        validation->first_made = data->first_made + kept;
        if (data->lengths)
            validation->lengths = data->lengths + kept;
        if (data->sample_weight)
            validation->sample_weight = data->sample_weight + kept * (data->weights > 1 ? data->weights : 1);
        if (data->persistence)
            validation->persistence = data->persistence + kept * model->target_count;
    }
    data->samples = kept;
}

static int store_whole(int32_t *to, double value, int limit)
{
    if (!(value >= 0 && value < limit) || value != floor(value))
        return 0;
    *to = (int32_t)value;
    return 1;
}

static int store_float(float *to, double value)
{
    if (!(fabs(value) <= FLT_MAX))
        return 0;
    *to = (float)value;
    return 1;
}

int lstmc_store_weight(struct lstmc_dataset *data, size_t at, double weight)
{
    if (!(weight >= 0 && weight <= 1e30))
        return 0;
    data->sample_weight[at] = (float)weight;
    return 1;
}

int lstmc_float_holds(double largest, double deviation)
{
    return largest * 0x1p-23 <= deviation * 1e-2 && largest <= FLT_MAX && deviation >= FLT_MIN;
}

int lstmc_classes(const struct lstmc_model *model)
{
    return model->output_rank ? model->output_shape[model->output_rank - 1] : 1;
}

/* The one that has this element of a sample. */
static const struct lstmc_array *array_at(const struct lstmc_array *arrays, size_t element)
{
    while (element >= arrays->offset + arrays->count)
        arrays++;
    return arrays;
}

int lstmc_input_vocabulary(const struct lstmc_model *model, size_t index)
{
    return model->inputs ? array_at(model->inputs, index % model->input_count)->vocabulary
           : model->input_is_tokens ? model->vocabulary : 0;
}

int lstmc_store_input(const struct lstmc_model *model, struct lstmc_dataset *data, size_t index, double value)
{
    int vocabulary = lstmc_input_vocabulary(model, index);
    return vocabulary ? store_whole((int32_t *)data->x + index, value, vocabulary)
                      : store_float((float *)data->x + index, value);
}

int lstmc_target_classes(const struct lstmc_model *model, size_t index)
{
    return model->targets ? array_at(model->targets, index % model->target_count)->vocabulary
           : model->target_is_class ? lstmc_classes(model) : 0;
}

/* Whether a target has a class that does not count. */
static int ignored_class(const struct lstmc_model *model, size_t index, int *class)
{
    const struct lstmc_array *of = model->targets ? array_at(model->targets, index % model->target_count) : NULL;
    *class = of ? of->ignored_class : model->ignored_class;
    return of ? of->ignores_class : model->ignores_class;
}

int lstmc_store_target(const struct lstmc_model *model, struct lstmc_dataset *data, size_t index, double value)
{
    int classes = lstmc_target_classes(model, index), ignored;
    if (classes && ignored_class(model, index, &ignored) && value == (double)ignored) {
        ((int32_t *)data->y)[index] = ignored;
        return 1;
    }
    return classes ? store_whole((int32_t *)data->y + index, value, classes)
                   : store_float((float *)data->y + index, value);
}

static struct lstmc_range range_of(int whole, int limit)
{
    struct lstmc_range range = { "a finite number (floats reach to 3.4e38)" };
    if (whole)
        snprintf(range.text, sizeof range.text, "a whole number in [0, %d)", limit);
    return range;
}

struct lstmc_range lstmc_input_range(const struct lstmc_model *model, size_t index)
{
    int vocabulary = lstmc_input_vocabulary(model, index);
    return range_of(vocabulary > 0, vocabulary);
}

struct lstmc_range lstmc_target_range(const struct lstmc_model *model, size_t index)
{
    int classes = lstmc_target_classes(model, index);
    return range_of(classes > 0, classes);
}
