/* export_state.c: in: weights in lstmc's layout.  out: tensors of a state dict. */
#include "export.h"

#include <string.h>

float *torch_tensor(TorchExport *to, const TorchLayer *one, const char *name, int rank, const size_t *shape)
{
    struct lstmc_file_tensor tensor = { .name = arena_format(to->arena, "%s.%s", one->module, name), .dtype = "F32",
                                        .rank = rank, .count = 1 };
    for (int d = 0; d < rank; d++) {
        tensor.shape[d] = shape[d];
        tensor.count *= shape[d];
    }
    float *values = arena_array(to->arena, float, tensor.count + 1);
    tensor.bytes = tensor.count * sizeof *values;
    tensor.data = (const unsigned char *)values;
    arena_append(to->arena, to->tensors, to->tensor_count, to->tensor_capacity, tensor);
    return values;
}

void torch_permuted(TorchExport *to, const TorchLayer *one, const char *name, const struct lstmc_tensor *weight,
                    const int *axes)
{
    size_t shape[LSTMC_RANK_MAX], strides[LSTMC_RANK_MAX], index[LSTMC_RANK_MAX] = { 0 }, stride = 1;
    for (int d = weight->rank - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= (size_t)weight->shape[d];
        shape[d] = (size_t)weight->shape[axes[d]];
    }
    float *values = torch_tensor(to, one, name, weight->rank, shape);
    for (size_t i = 0; i < weight->count; i++) {
        size_t from = 0;
        for (int d = 0; d < weight->rank; d++)
            from += strides[axes[d]] * index[d];
        values[i] = to->weights[weight->offset + from];
        for (int d = weight->rank - 1; d >= 0 && ++index[d] == shape[d]; d--)
            index[d] = 0;
    }
}

void torch_vector(TorchExport *to, const TorchLayer *one, const char *name, const struct lstmc_tensor *weight,
                  size_t count, float otherwise)
{
    float *values = torch_tensor(to, one, name, 1, &count);
    for (size_t i = 0; i < count; i++)
        values[i] = weight ? to->weights[weight->offset + i] : otherwise;
}
