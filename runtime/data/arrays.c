/* arrays.c: in: arrays that are mapped, their values looked through.  out: samples in the model's types, each converted
 * when somebody asks for it. */
#include "arrays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static int is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char low_first;
    memcpy(&low_first, &one, 1);
    return low_first;
}

/* As lstmc_npy_value and (float) would do it, without asking for the type in between. */
#define CONVERT(type) \
    for (size_t i = 0; i < count; i++) { \
        type value; \
        memcpy(&value, from + i * sizeof value, sizeof value); \
        to[i] = (float)(double)value; \
    }

static int convert(const char *dtype, const unsigned char *from, size_t count, float *to)
{
    if (!is_little_endian())
        return 0;
    if (!strcmp(dtype + 1, "f4"))
        memcpy(to, from, count * sizeof *to);
    else if (!strcmp(dtype + 1, "f8"))
        CONVERT(double)
    else if (!strcmp(dtype + 1, "u1"))
        CONVERT(uint8_t)
    else if (!strcmp(dtype + 1, "i2"))
        CONVERT(int16_t)
    else if (!strcmp(dtype + 1, "i4"))
        CONVERT(int32_t)
    else if (!strcmp(dtype + 1, "i8"))
        CONVERT(int64_t)
    else
        return 0;
    return 1;
}

void lstmc_npy_floats(const struct lstmc_npy *array, size_t first, size_t count, float *to)
{
    if (convert(array->dtype, array->bytes + first * (size_t)(array->dtype[2] - '0'), count, to))
        return;
    for (size_t i = 0; i < count; i++)
        to[i] = (float)lstmc_npy_value(array, first + i);
}

double lstmc_array_id(double value, int vocabulary, int unknown)
{
    return vocabulary > 0 && value >= vocabulary && value == floor(value) && isfinite(value) ? unknown : value;
}

void lstmc_npy_numbers(const struct lstmc_npy *array, size_t first, size_t count, const struct lstmc_numbers *as,
                       void *to)
{
    if (!as->are_whole) {
        lstmc_npy_floats(array, first, count, to);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ((int32_t *)to)[i] = (int32_t)lstmc_array_id(lstmc_npy_value(array, first + i), as->vocabulary, as->unknown);
}

/* ---- one array ---- */

struct kept {
    struct lstmc_npy array;
    struct lstmc_layout layout;
    size_t count;               /* numbers of a sample that the model takes */
    struct lstmc_numbers as;
};

static void make_sample(const void *context, size_t sample, void *to)
{
    const struct kept *kept = context;
    const size_t first = sample * kept->layout.sample + kept->layout.skip;
    lstmc_npy_numbers(&kept->array, first, kept->count, &kept->as, to);
}

static void free_kept(void *context)
{
    struct kept *kept = context;
    lstmc_npy_free(&kept->array);
    free(kept);
}

/* Whether the file's bytes are the data set's: the model's type, aligned, every element of a sample and no other. */
static int is_as_needed(const struct kept *kept)
{
    return is_little_endian() && !strcmp(kept->array.dtype, kept->as.are_whole ? "<i4" : "<f4") && !kept->layout.skip &&
           (uintptr_t)kept->array.bytes % 4 == 0 && !kept->as.vocabulary;
}

static int take(struct lstmc_npy *array, const struct kept *what, void **values, struct lstmc_mapping *memory,
                struct lstmc_source *source)
{
    if (is_as_needed(what)) {
        *values = (void *)array->bytes;         /* nothing writes into it */
        *memory = array->file;
    } else {
        struct kept *kept = malloc(sizeof *kept);
        if (!kept)
            return LSTMC_NO_MEMORY;
        *kept = *what;
        *source = (struct lstmc_source){ make_sample, kept, free_kept };
    }
    memset(array, 0, sizeof *array);
    return LSTMC_OK;
}

int lstmc_array_inputs(const struct lstmc_model *model, struct lstmc_npy *array, const struct lstmc_layout *layout,
                       int vocabulary, int unknown, struct lstmc_dataset *data)
{
    const int is_whole = model->input_is_tokens;
    const struct kept what = { *array, *layout, model->input_count, { is_whole, is_whole ? vocabulary : 0, unknown } };
    return take(array, &what, &data->x, &data->x_memory, &data->x_source);
}

int lstmc_array_targets(const struct lstmc_model *model, struct lstmc_npy *array, const struct lstmc_layout *layout,
                        struct lstmc_dataset *data)
{
    const struct kept what = { *array, *layout, model->target_count, { model->target_is_class, 0, 0 } };
    return take(array, &what, &data->y, &data->y_memory, &data->y_source);
}

/* ---- several ---- */

struct lstmc_joined {
    int count;
    struct part {
        struct lstmc_half half;
        size_t offset;
    } part[];
};

static void make_joined(const void *context, size_t sample, void *to)
{
    const struct lstmc_joined *joined = context;
    for (int k = 0; k < joined->count; k++)
        lstmc_half_copy(&joined->part[k].half, sample, (float *)to + joined->part[k].offset);
}

static void free_joined(void *context)
{
    struct lstmc_joined *joined = context;
    for (int k = 0; k < joined->count; k++)
        lstmc_half_free(&joined->part[k].half);
    free(joined);
}

struct lstmc_joined *lstmc_joined_create(int most, struct lstmc_source *source)
{
    struct lstmc_joined *joined = calloc(1, sizeof *joined + (size_t)most * sizeof *joined->part);
    if (joined)
        *source = (struct lstmc_source){ make_joined, joined, free_joined };
    return joined;
}

void lstmc_joined_add(struct lstmc_joined *joined, struct lstmc_half half, size_t offset)
{
    joined->part[joined->count++] = (struct part){ half, offset };
}
