/* weigh.c: in: the weights of samples, and classes that do not count.  out: how much each loss of a batch counts. */
#include "runtime/lstmc.h"
#include "totals.h"

int lstmc_weighs(const struct lstmc_model *model, const struct lstmc_dataset *data)
{
    return data->sample_weight || model->ignores_class;
}

void lstmc_weigh_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                        float *weights)
{
    size_t each = lstmc_weights_per_sample(model), given = data->weights > 1 ? data->weights : 1;
    for (size_t i = 0; i < each; i++)
        weights[i] = data->sample_weight ? data->sample_weight[sample * given + (given > 1 ? i : 0)] : 1;
}

/* A mean over those that count, where the batch is divided by all. 0 where none counts. */
void lstmc_weigh_classes(const struct lstmc_model *model, const void *y, size_t rows, float *weights)
{
    const int32_t *class = y;
    size_t all = rows * lstmc_weights_per_sample(model), count = 0;
    if (!model->ignores_class)
        return;
    for (size_t i = 0; i < all; i++)
        count += class[i] != model->ignored_class;
    for (size_t i = 0; i < all; i++)
        weights[i] = class[i] != model->ignored_class ? (float)((double)weights[i] * ((double)all / (double)count)) : 0;
}
