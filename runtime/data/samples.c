/* samples.c: in: a data set.  out: its samples, one by one: where they lie, or as its reader's source makes them. */
#include "dataset.h"
#include "runtime/files/map.h"

#include <string.h>

/* Where a sample of so many bytes lies, or `room` with it inside. */
static const void *find(const void *start, const struct lstmc_source *source, size_t first_made, size_t bytes,
                        size_t sample, void *room)
{
    if (start)
        return (const char *)start + sample * bytes;
    source->make(source->kept, first_made + sample, room);
    return room;
}

static void copy(const void *start, const struct lstmc_source *source, size_t first_made, size_t bytes, size_t sample,
                 void *to)
{
    const void *from = find(start, source, first_made, bytes, sample, to);
    if (from != to)
        memcpy(to, from, bytes);
}

const void *lstmc_sample_inputs(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                                void *room)
{
    return find(data->x, &data->x_source, data->first_made, model->input_count * sizeof(float), sample, room);
}

const void *lstmc_sample_targets(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                                 void *room)
{
    return find(data->y, &data->y_source, data->first_made, model->target_count * sizeof(float), sample, room);
}

void lstmc_copy_inputs(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t first, size_t count,
                       void *x)
{
    const size_t bytes = model->input_count * sizeof(float);
    for (size_t i = 0; i < count; i++)
        copy(data->x, &data->x_source, data->first_made, bytes, first + i, (char *)x + i * bytes);
}

void lstmc_copy_targets(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t first, size_t count,
                        void *y)
{
    const size_t bytes = model->target_count * sizeof(float);
    for (size_t i = 0; i < count; i++)
        copy(data->y, &data->y_source, data->first_made, bytes, first + i, (char *)y + i * bytes);
}

static int make_all(size_t samples, size_t bytes, void **values, struct lstmc_mapping *memory,
                    struct lstmc_source *source)
{
    if (!samples || *values)
        return LSTMC_OK;
    lstmc_map_zeros(samples * bytes, memory);
    if (!memory->start)
        return LSTMC_NO_MEMORY;
    for (size_t sample = 0; sample < samples; sample++)
        source->make(source->kept, sample, (char *)memory->start + sample * bytes);
    lstmc_source_free(source);
    *values = memory->start;
    return LSTMC_OK;
}

int lstmc_dataset_make(const struct lstmc_model *model, struct lstmc_dataset *data)
{
    const size_t x_bytes = model->input_count * sizeof(float), y_bytes = model->target_count * sizeof(float);
    int status = make_all(data->samples, x_bytes, &data->x, &data->x_memory, &data->x_source);
    return status ? status : make_all(data->samples, y_bytes, &data->y, &data->y_memory, &data->y_source);
}

/* ---- halves ---- */

struct lstmc_half lstmc_take_inputs(const struct lstmc_model *model, struct lstmc_dataset *data)
{
    struct lstmc_half half = { data->x, data->x_memory, data->x_source, model->input_count };
    data->x = NULL;
    data->x_memory = (struct lstmc_mapping){ NULL, 0 };
    data->x_source = (struct lstmc_source){ NULL, NULL, NULL };
    return half;
}

struct lstmc_half lstmc_take_targets(const struct lstmc_model *model, struct lstmc_dataset *data)
{
    struct lstmc_half half = { data->y, data->y_memory, data->y_source, model->target_count };
    data->y = NULL;
    data->y_memory = (struct lstmc_mapping){ NULL, 0 };
    data->y_source = (struct lstmc_source){ NULL, NULL, NULL };
    return half;
}

void lstmc_half_copy(const struct lstmc_half *half, size_t sample, void *to)
{
    copy(half->start, &half->source, 0, half->count * sizeof(float), sample, to);
}

void lstmc_half_free(struct lstmc_half *half)
{
    lstmc_unmap(&half->memory);
    lstmc_source_free(&half->source);
    half->start = NULL;
}

void lstmc_source_free(struct lstmc_source *source)
{
    if (source->free)
        source->free(source->kept);
    *source = (struct lstmc_source){ NULL, NULL, NULL };
}
