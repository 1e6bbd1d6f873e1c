/* onnx_run.c: in: a graph of ONNX and its inputs.  out: all that its nodes compute. */
#include "onnx_run.h"

#include <math.h>
#include <string.h>

typedef struct Named {
    const char *name;
    const Array *array;
} Named;

struct OnnxRun {
    Arena *arena;
    const OnnxModel *model;
    const char *why;
    Named *values; int count, capacity;
};

OnnxRun *onnx_run_create(Arena *arena, const OnnxModel *model)
{
    OnnxRun *run = arena_new(arena, OnnxRun);
    *run = (OnnxRun){ .arena = arena, .model = model };
    for (int i = 0; i < model->constant_count; i++)
        onnx_run_give(run, model->constants[i].name, model->constants[i].array);
    return run;
}

void onnx_run_give(OnnxRun *run, const char *name, const Array *array)
{
    arena_append(run->arena, run->values, run->count, run->capacity, ((Named){ name, array }));
}

const Array *onnx_run_found(const OnnxRun *run, const char *name)
{
    for (int i = 0; i < run->count; i++)
        if (!strcmp(run->values[i].name, name))
            return run->values[i].array;
    return NULL;
}

Array *onnx_run_array(Arena *arena, int rank, const int64_t *shape)
{
    Array *array = arena_new(arena, Array);
    *array = (Array){ .rank = rank, .count = 1 };
    for (int d = 0; d < rank; d++)
        array->count *= (size_t)(array->shape[d] = shape[d]);
    array->numbers = arena_array(arena, double, array->count + 1);
    memset(array->numbers, 0, array->count * sizeof *array->numbers);
    return array;
}

static double at(const Array *array, size_t place)
{
    return array->numbers[array->uniform ? 0 : place];
}

/* The next index of that shape, the last axis first. */
static void advance(size_t *index, int rank, const int64_t *shape)
{
    for (int d = rank - 1; d >= 0 && ++index[d] == (size_t)shape[d]; d--)
        index[d] = 0;
}

/* Where an index of a larger rank lies in an array whose axes of extent 1 are repeated. */
static size_t place_of(const Array *array, const size_t *index, int rank)
{
    size_t place = 0;
    for (int d = 0; d < array->rank; d++)
        place = place * (size_t)array->shape[d] + (array->shape[d] == 1 ? 0 : index[rank - array->rank + d]);
    return place;
}

/* ---- operators ---- */

/* Multidirectional broadcasting of all axes but the last `own`. */
static bool broadcast(OnnxRun *run, const Array *a, const Array *b, int own, int64_t *shape, int *rank)
{
    *rank = a->rank > b->rank ? a->rank : b->rank;
    for (int d = 0; d < *rank; d++) {
        int da = d - *rank + a->rank, db = d - *rank + b->rank;
        int64_t x = da < 0 ? 1 : a->shape[da], y = db < 0 ? 1 : b->shape[db];
        if (x != y && x != 1 && y != 1 && d < *rank - own)
            run->why = "shapes that do not go together";
        shape[d] = x > y ? x : y;
    }
    return !run->why;
}

static const Array *elements(OnnxRun *run, const OnnxNode *node, const Array *a, const Array *b)
{
    int64_t shape[ONNX_RANK_MAX];
    size_t index[ONNX_RANK_MAX] = { 0 };
    int rank;
    if (!broadcast(run, a, b, 0, shape, &rank))
        return NULL;
    Array *y = onnx_run_array(run->arena, rank, shape);
    for (size_t i = 0; i < y->count; i++, advance(index, rank, shape)) {
        double p = at(a, place_of(a, index, rank)), q = at(b, place_of(b, index, rank));
        y->numbers[i] = !strcmp(node->operation, "Add") ? p + q : p * q;
    }
    return y;
}

static const Array *product(OnnxRun *run, const Array *a, const Array *b)
{
    int64_t shape[ONNX_RANK_MAX];
    size_t index[ONNX_RANK_MAX] = { 0 };
    int rank;
    if (a->rank < 2 || b->rank < 2 || a->shape[a->rank - 1] != b->shape[b->rank - 2])
        run->why = "matrices that do not go together";
    if (run->why || !broadcast(run, a, b, 2, shape, &rank))
        return NULL;
    shape[rank - 2] = a->shape[a->rank - 2];
    shape[rank - 1] = b->shape[b->rank - 1];
    Array *y = onnx_run_array(run->arena, rank, shape);
    for (size_t i = 0; i < y->count; i++, advance(index, rank, shape))
        for (int64_t k = 0; k < a->shape[a->rank - 1]; k++) {
            size_t left[ONNX_RANK_MAX], right[ONNX_RANK_MAX];
            memcpy(left, index, sizeof left);
            memcpy(right, index, sizeof right);
            left[rank - 1] = right[rank - 2] = (size_t)k;
            y->numbers[i] += at(a, place_of(a, left, rank)) * at(b, place_of(b, right, rank));
        }
    return y;
}

static const Array *transposed(OnnxRun *run, const OnnxNode *node, const Array *x)
{
    const OnnxAttribute *perm = onnx_attribute(node, "perm");
    int64_t shape[ONNX_RANK_MAX];
    size_t index[ONNX_RANK_MAX] = { 0 };
    if (!perm || perm->number_count != x->rank) {
        run->why = "no perm of all axes";
        return NULL;
    }
    for (int d = 0; d < x->rank; d++)
        shape[d] = x->shape[(int)perm->numbers[d]];
    Array *y = onnx_run_array(run->arena, x->rank, shape);
    for (size_t i = 0; i < y->count; i++, advance(index, x->rank, shape)) {
        size_t from[ONNX_RANK_MAX];
        for (int d = 0; d < x->rank; d++)
            from[(int)perm->numbers[d]] = index[d];
        y->numbers[i] = at(x, place_of(x, from, x->rank));
    }
    return y;
}

static const Array *of_shape(OnnxRun *run, const Array *x, int rank, const int64_t *shape)
{
    Array *y = onnx_run_array(run->arena, rank, shape);
    if (y->count != x->count)
        run->why = "another number of elements";
    for (size_t i = 0; i < y->count && !run->why; i++)
        y->numbers[i] = at(x, i);
    return y;
}

/* 0: as it was. */
static const Array *reshaped(OnnxRun *run, const Array *x, const Array *sizes)
{
    int64_t shape[ONNX_RANK_MAX];
    for (size_t d = 0; d < sizes->count; d++)
        shape[d] = at(sizes, d) == 0 ? x->shape[d] : (int64_t)at(sizes, d);
    return of_shape(run, x, (int)sizes->count, shape);
}

static const Array *unsqueezed(OnnxRun *run, const Array *x, const Array *axes)
{
    int64_t shape[ONNX_RANK_MAX];
    for (int d = 0; d <= x->rank; d++)
        shape[d] = d == (int)at(axes, 0) ? 1 : x->shape[d - (d > (int)at(axes, 0))];
    return of_shape(run, x, x->rank + 1, shape);
}

static const Array *each(OnnxRun *run, const Array *x, double function(double))
{
    Array *y = onnx_run_array(run->arena, x->rank, x->shape);
    for (size_t i = 0; i < y->count; i++)
        y->numbers[i] = function(at(x, i));
    return y;
}

/* Along the last axis. */
static const Array *softmax(OnnxRun *run, const Array *x)
{
    Array *y = onnx_run_array(run->arena, x->rank, x->shape);
    size_t width = (size_t)x->shape[x->rank - 1];
    for (size_t row = 0; row < y->count; row += width) {
        double most = at(x, row), sum = 0;
        for (size_t k = 1; k < width; k++)
            most = fmax(most, at(x, row + k));
        for (size_t k = 0; k < width; k++)
            sum += y->numbers[row + k] = exp(at(x, row + k) - most);
        for (size_t k = 0; k < width; k++)
            y->numbers[row + k] /= sum;
    }
    return y;
}

/* Over the last axis, which is gone. */
static const Array *summed(OnnxRun *run, const Array *x)
{
    Array *y = onnx_run_array(run->arena, x->rank - 1, x->shape);
    size_t width = (size_t)x->shape[x->rank - 1];
    for (size_t i = 0; i < x->count; i++)
        y->numbers[i / width] += at(x, i);
    return y;
}

/* ---- nodes ---- */

static bool is_last(const Array *x, double axis)
{
    return axis == -1 || axis == x->rank - 1;
}

static const Array *computed(OnnxRun *run, const OnnxNode *node, const Array *a, const Array *b)
{
    const char *operation = node->operation;
    if (!strcmp(operation, "Tanh"))
        return each(run, a, tanh);
    if (!strcmp(operation, "Transpose"))
        return transposed(run, node, a);
    if (!strcmp(operation, "Softmax") && is_last(a, onnx_number(node, "axis", -1)))
        return softmax(run, a);
    if (b && (!strcmp(operation, "Add") || !strcmp(operation, "Mul")))
        return elements(run, node, a, b);
    if (b && !strcmp(operation, "MatMul"))
        return product(run, a, b);
    if (b && !strcmp(operation, "Reshape"))
        return reshaped(run, a, b);
    if (b && b->count == 1 && at(b, 0) >= 0 && !strcmp(operation, "Unsqueeze"))
        return unsqueezed(run, a, b);
    if (b && b->count == 1 && is_last(a, at(b, 0)) && onnx_number(node, "keepdims", 1) == 0 &&
        !strcmp(operation, "ReduceSum"))
        return summed(run, a);
    run->why = "an operator, or a form of it, that is not known here";
    return NULL;
}

const char *onnx_run_compute(OnnxRun *run)
{
    for (int n = 0; n < run->model->node_count; n++) {
        const OnnxNode *node = &run->model->nodes[n];
        const Array *inputs[2] = { NULL };
        for (int i = 0; i < node->input_count && i < 2; i++)
            if (!(inputs[i] = onnx_run_found(run, node->inputs[i])))
                return arena_format(run->arena, "%s reads %s, which nothing before it makes", node->name,
                                    node->inputs[i]);
        const Array *y = computed(run, node, inputs[0], inputs[1]);
        if (run->why)
            return arena_format(run->arena, "%s: %s", node->name, run->why);
        onnx_run_give(run, node->outputs[0], y);
    }
    return NULL;
}
