/* fold_view.c: in: a node that takes numbers that are known apart, puts them together, or gives them another shape.
 * out: its numbers. */
#include "flow.h"

#include <stdlib.h>
#include <string.h>

static int axis_in(const Array *array, double axis)
{
    axis = axis < 0 ? axis + array->rank : axis;
    return axis >= 0 && axis < array->rank ? (int)axis : -1;
}

static bool fold_transpose(Importer *importer, const Array *from)
{
    int64_t strides[ONNX_RANK_MAX], own[ONNX_RANK_MAX], shape[ONNX_RANK_MAX], order[ONNX_RANK_MAX];
    int count = integers(importer, "perm", -1, order, ONNX_RANK_MAX);
    bool taken[ONNX_RANK_MAX] = { false };
    array_strides(from, own);
    for (int d = 0; d < from->rank; d++) {
        int64_t axis = count == from->rank ? order[d] : from->rank - 1 - d;
        if (axis < 0 || axis >= from->rank || taken[axis])
            return cannot(importer, "its perm is not an order of its axes");
        taken[axis] = true;
        strides[d] = own[axis];
        shape[d] = from->shape[axis];
    }
    set_array(importer, 0, array_view(importer, from, from->rank, shape, strides, 0));
    return true;
}

static void set_shaped(Importer *importer, const Array *from, int rank, const int64_t *shape)
{
    int64_t strides[ONNX_RANK_MAX];
    Array shaped = *from;
    shaped.rank = rank;
    memcpy(shaped.shape, shape, (size_t)rank * sizeof *shape);
    array_strides(&shaped, strides);
    set_array(importer, 0, array_view(importer, from, rank, shape, strides, 0));
}

static bool fold_reshape(Importer *importer, const Array *from)
{
    int64_t shape[ONNX_RANK_MAX], said = 1, open = -1;
    int rank = integers(importer, "shape", 1, shape, ONNX_RANK_MAX);
    if (rank < 0)
        return cannot(importer, "its shape is not known");
    for (int d = 0; d < rank; d++) {
        if (shape[d] == 0 && d < from->rank)
            shape[d] = from->shape[d];
        if (shape[d] < 0)
            open = d;
        else if (__builtin_mul_overflow(said, shape[d], &said))
            return cannot(importer, "its shape is out of range");
    }
    if (open >= 0)
        shape[open] = said ? (int64_t)from->count / said : 0;
    if ((open >= 0 ? said * shape[open] : said) != (int64_t)from->count)
        return cannot(importer, "its shape does not fit what it reads");
    set_shaped(importer, from, rank, shape);
    return true;
}

/* Axes as attribute before opset 13, as input since. */
static bool fold_squeeze(Importer *importer, const Array *from)
{
    bool inserts = !strcmp(importer->node->operation, "Unsqueeze");
    int64_t axes[ONNX_RANK_MAX], shape[ONNX_RANK_MAX];
    int count = integers(importer, "axes", 1, axes, ONNX_RANK_MAX), rank = from->rank + (inserts ? count : 0), to = 0;
    bool marked[ONNX_RANK_MAX] = { false };
    if (rank > ONNX_RANK_MAX || (inserts && count < 0))
        return cannot(importer, "its axes are out of range");
    for (int i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank)
            return cannot(importer, "its axes are out of range");
        marked[axis] = true;
    }
    if (inserts) {
        for (int d = 0, k = 0; d < rank; d++)
            shape[d] = marked[d] || k == from->rank ? 1 : from->shape[k++];
        to = rank;
    } else {
        for (int d = 0; d < from->rank; d++)
            if (count < 0 ? from->shape[d] != 1 : !marked[d])
                shape[to++] = from->shape[d];
    }
    set_shaped(importer, from, to, shape);
    return true;
}

void slice_bounds(int64_t extent, int64_t *begin, int64_t end, int64_t *step, int64_t *count)
{
    int64_t by = *step = *step > extent ? extent + 1 : *step < -extent ? -extent - 1 : *step;
    int64_t least = by > 0 ? 0 : -1, most = by > 0 ? extent : extent - 1;
    int64_t first = *begin < 0 ? *begin + extent : *begin, last = end < 0 ? end + extent : end;
    first = first < 0 ? 0 : first > most ? most : first;
    last = last < least ? least : last > extent ? extent : last;
    *begin = first;
    *count = by > 0 ? (last - first + by - 1) / by : (first - last - by - 1) / -by;
    *count = *count > 0 ? *count : 0;
}

bool read_slices(Importer *importer, Slices *slices)
{
    slices->count = integers(importer, "starts", 1, slices->begins, ONNX_RANK_MAX);
    int end_count = integers(importer, "ends", 2, slices->ends, ONNX_RANK_MAX);
    int axis_count = integers(importer, "axes", 3, slices->axes, ONNX_RANK_MAX);
    int step_count = integers(importer, "steps", 4, slices->steps, ONNX_RANK_MAX);
    if (slices->count < 0 || end_count != slices->count)
        return cannot(importer, "where it begins and ends is not known");
    for (int i = 0; i < slices->count; i++) {
        slices->axes[i] = i < axis_count ? slices->axes[i] : i;
        slices->steps[i] = i < step_count ? slices->steps[i] : 1;
    }
    return true;
}

static bool fold_slice(Importer *importer, const Array *from)
{
    Slices slices;
    int64_t strides[ONNX_RANK_MAX], shape[ONNX_RANK_MAX], offset = 0;
    bool taken[ONNX_RANK_MAX] = { false };
    if (!read_slices(importer, &slices))
        return false;
    memcpy(shape, from->shape, sizeof shape);
    array_strides(from, strides);
    for (int i = 0; i < slices.count; i++) {
        int axis = axis_in(from, (double)slices.axes[i]);
        int64_t step = slices.steps[i];
        if (axis < 0 || !step || taken[axis])
            return cannot(importer, "its axes or steps are out of range");
        taken[axis] = true;
        slice_bounds(from->shape[axis], &slices.begins[i], slices.ends[i], &step, &shape[axis]);
        offset += shape[axis] ? slices.begins[i] * strides[axis] : 0;
        strides[axis] *= step;
    }
    set_array(importer, 0, array_view(importer, from, from->rank, shape, strides, offset));
    return true;
}

static bool fold_gather(Importer *importer, const Array *from)
{
    const Array *places = input_array(importer, 1);
    int axis = axis_in(from, onnx_number(importer->node, "axis", 0)), rank = from->rank - 1;
    int64_t shape[2 * ONNX_RANK_MAX], outer = 1, inner = 1;
    if (!places)
        return false;
    if (axis < 0 || rank + places->rank > ONNX_RANK_MAX)
        return cannot(importer, "its axis is out of range");
    for (int d = 0; d < from->rank; d++)
        *(d < axis ? &outer : &inner) *= d == axis ? 1 : from->shape[d];
    memcpy(shape, from->shape, (size_t)axis * sizeof *shape);
    memcpy(shape + axis, places->shape, (size_t)places->rank * sizeof *shape);
    memcpy(shape + axis + places->rank, from->shape + axis + 1, (size_t)(rank - axis) * sizeof *shape);
    Array *to = array_new(importer, rank + places->rank, shape, from->uniform);
    if (!to)
        return false;
    to->whole = from->whole;
    to->numbers[0] = from->uniform ? from->numbers[0] : 0;
    for (size_t k = 0; k < places->count && !from->uniform; k++) {
        int64_t place = to_integer(array_at(places, k));
        place += place < 0 ? from->shape[axis] : 0;
        if (place < 0 || place >= from->shape[axis])
            return cannot(importer, "it takes number %lld of %lld", (long long)place, (long long)from->shape[axis]);
        for (int64_t o = 0; o < outer; o++)
            memcpy(to->numbers + (o * (int64_t)places->count + (int64_t)k) * inner,
                   from->numbers + (o * from->shape[axis] + place) * inner, (size_t)inner * sizeof *to->numbers);
    }
    for (size_t i = 0; from->open && i < (to->uniform ? 1 : to->count); i++)
        to->open |= to->numbers[i] >= BATCH_SIZE / 10;
    set_array(importer, 0, to);
    return true;
}

static bool fold_concat(Importer *importer, const Array *first)
{
    int count = importer->node->input_count, axis = axis_in(first, onnx_number(importer->node, "axis", 0));
    int64_t shape[ONNX_RANK_MAX], outer = 1, done = 0;
    bool uniform = true, open = false;
    memcpy(shape, first->shape, sizeof shape);
    if (axis < 0)
        return cannot(importer, "its axis is out of range");
    shape[axis] = 0;
    for (int i = 0; i < count; i++) {
        const Array *one = input_array(importer, i);
        if (!one)
            return false;
        for (int d = 0; d < first->rank; d++)
            if (one->rank != first->rank || (d != axis && one->shape[d] != first->shape[d]))
                return cannot(importer, "the shapes of its inputs do not go together");
        if (__builtin_add_overflow(shape[axis], one->shape[axis], &shape[axis]))
            return cannot(importer, "what it makes is out of range");
        uniform = uniform && one->uniform && one->numbers[0] == first->numbers[0];
        open |= one->open;
    }
    Array *to = array_new(importer, first->rank, shape, uniform);
    if (!to)
        return false;
    to->whole = first->whole;
    to->open = open;
    to->numbers[0] = first->numbers[0];
    for (int d = 0; d < axis; d++)
        outer *= shape[d];
    for (int i = 0; i < count && !uniform; i++) {
        const Array *one = input_array(importer, i);
        int64_t size = outer ? (int64_t)one->count / outer : 0, all = outer ? (int64_t)to->count / outer : 0;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t k = 0; k < size; k++)
                to->numbers[o * all + done + k] = array_at(one, (size_t)(o * size + k));
        done += size;
    }
    set_array(importer, 0, to);
    return true;
}

bool fold_view(Importer *importer)
{
    static const struct {
        const char *operation;
        bool (*fold)(Importer *importer, const Array *from);
    } table[] = {
        { "Transpose", fold_transpose }, { "Reshape", fold_reshape }, { "Squeeze", fold_squeeze },
        { "Unsqueeze", fold_squeeze }, { "Slice", fold_slice }, { "Gather", fold_gather }, { "Concat", fold_concat },
    };
    const Array *from = input_array(importer, 0);
    for (size_t i = 0; from && i < sizeof table / sizeof *table; i++)
        if (!strcmp(importer->node->operation, table[i].operation))
            return table[i].fold(importer, from) || importer->failed;
    return false;
}
