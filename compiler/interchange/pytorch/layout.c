/* layout.c: in: tensors as PyTorch has them.  out: arrays in lstmc's order of axes and of gates. */
#include "module.h"

#include <string.h>

/* r, z, n of PyTorch are z, r, h here; i, f, g, o are the same. */
static size_t gate_column(size_t column, size_t columns, int gates)
{
    size_t units = gates ? columns / (size_t)gates : columns, gate = gates ? column / units : 0;
    return gates == 3 && gate < 2 ? (1 - gate) * units + column % units : column;
}

static void copy_permuted(const StateTensor *tensor, const int *axes, int gates, const size_t *shape, float *values)
{
    size_t strides[LSTMC_FILE_RANK_MAX], index[LSTMC_FILE_RANK_MAX] = { 0 };
    int last = tensor->rank - 1;
    size_t stride = 1;
    for (int d = last; d >= 0; d--) {
        strides[d] = stride;
        stride *= tensor->shape[d];
    }
    for (size_t i = 0; i < tensor->count; i++) {
        size_t from = 0;
        for (int d = 0; d <= last; d++)
            from += strides[axes[d]] * (d == last ? gate_column(index[d], shape[d], gates) : index[d]);
        values[i] = tensor->values[from];
        for (int d = last; d >= 0 && ++index[d] == shape[d]; d--)
            index[d] = 0;
    }
}

DraftArray layout_permuted(Arena *arena, const StateTensor *tensor, const int *axes, int gates)
{
    DraftArray array = { .found = tensor->name, .rank = tensor->rank };
    for (int d = 0; d < tensor->rank; d++)
        array.shape[d] = tensor->shape[axes[d]];
    float *values = arena_array(arena, float, tensor->count + 1);
    copy_permuted(tensor, axes, gates, array.shape, values);
    array.values = values;
    return array;
}

DraftArray layout_transposed(Arena *arena, const StateTensor *matrix, int gates)
{
    return layout_permuted(arena, matrix, (int[]){ 1, 0 }, gates);
}

DraftArray layout_kept(const StateTensor *tensor)
{
    DraftArray array = { .found = tensor->name, .rank = tensor->rank, .values = tensor->values };
    memcpy(array.shape, tensor->shape, sizeof array.shape);
    return array;
}

/* The one of the state of a GRU stands within the product with the reset gate, and stays by itself. */
DraftArray layout_biases(Arena *arena, const StateTensor *input, const StateTensor *recurrent, int gates)
{
    size_t columns = input->count;
    DraftArray array = { .found = input->name, .rank = gates == 3 ? 2 : 1, .shape = { columns } };
    if (gates == 3)
        array.shape[0] = 2, array.shape[1] = columns;
    float *values = arena_array(arena, float, 2 * columns + 1);
    for (size_t i = 0; i < columns; i++) {
        size_t from = gate_column(i, columns, gates);
        values[i] = gates == 3 ? input->values[from] : input->values[from] + recurrent->values[from];
        values[columns + i] = recurrent->values[from];
    }
    array.values = values;
    return array;
}

void module_weight(Arena *arena, StepArrays *arrays, DraftArray array)
{
    arena_append(arena, arrays->list, arrays->count, arrays->capacity, array);
}
