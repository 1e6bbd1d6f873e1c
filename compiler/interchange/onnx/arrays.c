/* arrays.c: numbers that are known, seen in other shapes. */
#include "flow.h"

#include <string.h>

#define NUMBERS_MAX ((size_t)1 << 26)       /* of all arrays that are computed */

Array *array_new(Importer *importer, int rank, const int64_t *shape, bool uniform)
{
    Array *array = arena_new(importer->arena, Array);
    array->rank = rank;
    array->count = 1;
    array->uniform = uniform;
    size_t most = 1;                    /* as if nothing were empty */
    for (int d = 0; d < rank; d++) {
        array->shape[d] = shape[d];
        array->count *= (size_t)shape[d];
        if (shape[d] < 0 || __builtin_mul_overflow(most, (size_t)(shape[d] ? shape[d] : 1), &most) ||
            most > ((size_t)1 << 50)) {
            cannot(importer, "the shape of what it makes is out of range");
            return NULL;
        }
    }
    size_t count = uniform ? 1 : array->count;
    if (count > NUMBERS_MAX - importer->number_count) {
        cannot(importer, "it makes too many numbers of those that are known, %zu", count);
        return NULL;
    }
    importer->number_count += count;
    array->numbers = arena_array(importer->arena, double, count + 1);
    return array;
}

void array_strides(const Array *array, int64_t *strides)
{
    int64_t stride = 1;
    for (int d = array->rank - 1; d >= 0; d--) {
        strides[d] = stride;
        stride = (int64_t)((uint64_t)stride * (uint64_t)array->shape[d]);
    }
}

static void copy_view(const Array *from, Array *to, const int64_t *strides, int64_t offset, double *numbers)
{
    int64_t index[ONNX_RANK_MAX] = { 0 }, at = offset;
    for (size_t i = 0; i < to->count; i++) {
        numbers[i] = from->numbers[at];
        for (int d = to->rank - 1; d >= 0; d--) {
            at += strides[d];
            if (++index[d] < to->shape[d])
                break;
            at -= strides[d] * to->shape[d];
            index[d] = 0;
        }
    }
}

Array *array_view(Importer *importer, const Array *from, int rank, const int64_t *shape, const int64_t *strides,
                  int64_t offset)
{
    Array *to = array_new(importer, rank, shape, from->uniform);
    if (!to)
        return NULL;
    to->open = from->open;
    to->whole = from->whole;
    double *numbers = to->numbers;
    if (from->uniform)
        numbers[0] = from->numbers[0];
    else
        copy_view(from, to, strides, offset, numbers);
    return to;
}

Array *array_stretched(Importer *importer, const Array *from, int rank, const int64_t *shape)
{
    int64_t own[ONNX_RANK_MAX], strides[ONNX_RANK_MAX] = { 0 };
    array_strides(from, own);
    for (int d = 0; d < from->rank; d++) {
        int to = d + rank - from->rank;
        if (to < 0 || (from->shape[d] != shape[to] && from->shape[d] != 1)) {
            cannot(importer, "the shapes of its inputs do not go together");
            return NULL;
        }
        strides[to] = from->shape[d] == 1 ? 0 : own[d];
    }
    if (from->count == 1 && !from->uniform && rank) {
        Array one = *from;                      /* one number needs no room, however large the shape is */
        one.uniform = true;
        return array_view(importer, &one, rank, shape, strides, 0);
    }
    return array_view(importer, from, rank, shape, strides, 0);
}

double array_at(const Array *array, size_t i)
{
    return array->numbers[array->uniform ? 0 : i];
}

bool all_are(const Array *array, double number)
{
    for (size_t i = 0; i < (array->uniform ? 1 : array->count); i++)
        if (array->numbers[i] != number)
            return false;
    return true;
}

bool is_single(const Array *array)
{
    return array->count && all_are(array, array->numbers[0]);
}

float *array_floats(Importer *importer, const Array *array)
{
    float *values = new_floats(importer, array->count);
    for (size_t i = 0; i < array->count; i++)
        values[i] = (float)array_at(array, i);
    return values;
}

int integers(Importer *importer, const char *name, int i, int64_t *list, int most)
{
    const OnnxAttribute *attribute = onnx_attribute(importer->node, name);
    const Array *array = i >= 0 ? input_array(importer, i) : NULL;
    int count = -1;
    if (attribute) {
        count = attribute->number_count < most ? attribute->number_count : most;
        for (int k = 0; k < count; k++)
            list[k] = to_integer(attribute->numbers[k]);
    } else if (array) {
        count = array->count < (size_t)most ? (int)array->count : most;
        for (int k = 0; k < count; k++)
            list[k] = to_integer(array_at(array, (size_t)k));
    }
    return count;
}
