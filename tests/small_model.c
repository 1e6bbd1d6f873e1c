/* small_model.c: in: nothing.  out: a descriptor as the compiler would write it, without functions. */
#include "small_model.h"

#include <string.h>

static const struct {
    const char *name;
    int rank, shape[2], trainable;
    struct lstmc_initializer initializer;
} layout[SMALL_WEIGHTS] = {
    { "lstm/kernel",             2, { 3, 8 }, 1, { LSTMC_VARIANCE_UNIFORM, LSTMC_FAN_AVERAGE, 1, 0, 0, 0 } },
    { "lstm/recurrent_kernel",   2, { 2, 8 }, 1, { LSTMC_ORTHOGONAL, LSTMC_FAN_IN, 1, 0, 0, 0 } },
    { "lstm/bias",               1, { 8 },    1, { LSTMC_CONSTANT, LSTMC_FAN_IN, 0, 0, 2, 4 } },
    { "dense/kernel",            2, { 2, 1 }, 1, { LSTMC_VARIANCE_UNIFORM, LSTMC_FAN_AVERAGE, 1, 0, 0, 0 } },
    { "dense/bias",              1, { 1 },    1, { LSTMC_CONSTANT, LSTMC_FAN_IN, 0, 0, 0, 0 } },
    { "normalization/moving_mean", 1, { 2 },  0, { LSTMC_CONSTANT, LSTMC_FAN_IN, 0, 0, 0, 0 } },
};

static size_t elements(const struct lstmc_tensor *tensor)
{
    size_t count = 1;
    for (int axis = 0; axis < tensor->rank; axis++)
        count *= (size_t)tensor->shape[axis];
    return count;
}

void small_model_init(struct small_model *small)
{
    memset(small, 0, sizeof *small);
    struct lstmc_model *model = &small->model;
    *model = (struct lstmc_model){
        .name = "small", .source = "small.lua", .version = "0.1", .fingerprint = UINT64_C(0x0123456789abcdef),
        .input_rank = 2, .input_shape = { 4, 3 }, .input_count = 12,
        .output_rank = 1, .output_shape = { 1 }, .output_count = 1,
        .target_rank = 1, .target_shape = { 1 }, .target_count = 1,
        .loss = "mse", .batch = 2, .shards = 1,
        .optimizer = { .kind = LSTMC_ADAM, .learning_rate = 1e-3f, .rho = 0.9f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f },
        .weights = small->weights, .weight_tensors = SMALL_WEIGHTS,
        .weight_count = SMALL_WEIGHT_COUNT, .gradient_count = SMALL_GRADIENT_COUNT,
    };
    size_t offset = 0;
    for (int i = 0; i < SMALL_WEIGHTS; i++) {
        struct lstmc_tensor *tensor = &small->weights[i];
        *tensor = (struct lstmc_tensor){ .name = layout[i].name, .rank = layout[i].rank, .offset = offset,
                                         .trainable = layout[i].trainable, .initializer = layout[i].initializer };
        memcpy(tensor->shape, layout[i].shape, sizeof layout[i].shape);
        tensor->count = elements(tensor);
        offset += tensor->count;
    }
}

void one_weight_model(struct small_model *small, int rank, const int *shape, struct lstmc_initializer initializer)
{
    small_model_init(small);
    struct lstmc_tensor *tensor = &small->weights[0];
    *tensor = (struct lstmc_tensor){ .name = "layer/kernel", .rank = rank, .trainable = 1, .initializer = initializer };
    memcpy(tensor->shape, shape, (size_t)rank * sizeof *shape);
    tensor->count = elements(tensor);
    small->model.weight_tensors = 1;
    small->model.weight_count = small->model.gradient_count = tensor->count;
}
