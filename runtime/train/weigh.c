/* weigh.c: in: the weights of samples, and classes that do not count.  out: how much each loss of a batch counts. */
#include "runtime/lstmc.h"
#include "totals.h"

int lstmc_weighs(const struct lstmc_model *model, const struct lstmc_dataset *data)
{
    return data->sample_weight || model->ignores_class == 1;
}

void lstmc_weigh_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                        float *weights)
{
    size_t each = lstmc_weights_per_sample(model), given = data->weights > 1 ? data->weights : 1;
    for (size_t i = 0; i < each; i++)
        weights[i] = data->sample_weight ? data->sample_weight[sample * given + (given > 1 ? i : 0)] : 1;
}

/* The classes of an output, and their weights: so many of each row, which are so far from those of the next one. */
struct places {
    const int32_t *class;
    float *weights;
    size_t of_row, class_stride, weight_stride;
    int ignored;
};

/* Those of the rows from first to end - 1 that count. */
static size_t count_places(const struct places *p, int first, int end)
{
    size_t count = 0;
    for (size_t row = (size_t)first; row < (size_t)end; row++)
        for (size_t i = 0; i < p->of_row; i++)
            count += p->class[row * p->class_stride + i] != p->ignored;
    return count;
}

/* A mean over those that count, where the batch is divided by all. 0 where none counts. */
static void weigh_places(const struct places *p, struct lstmc_ranks *ranks, int rows)
{
    const int first = lstmc_ranks_first_row(ranks, rows), end = lstmc_ranks_end_row(ranks, rows);
    const size_t all = (size_t)rows * p->of_row, count = lstmc_ranks_total(ranks, count_places(p, first, end));
    for (size_t row = (size_t)first; row < (size_t)end; row++)
        for (size_t i = 0; i < p->of_row; i++) {
            float *weight = &p->weights[row * p->weight_stride + i];
            int counts = p->class[row * p->class_stride + i] != p->ignored;
            *weight = counts ? (float)((double)*weight * ((double)all / (double)count)) : 0;
        }
}

void lstmc_weigh_classes(struct lstmc_ranks *ranks, const void *y, int rows, float *weights)
{
    const struct lstmc_model *model = ranks->model;
    size_t each = lstmc_weights_per_sample(model);
    if (model->ignores_class == 1 && !model->targets)
        weigh_places(&(struct places){ y, weights, each, each, each, model->ignored_class }, ranks, rows);
    for (int k = 0; model->targets && k < model->output_arrays; k++) {
        const struct lstmc_array *of = &model->targets[k];
        if (of->ignores_class == 1)
            weigh_places(&(struct places){ (const int32_t *)y + of->offset, weights + of->first_weight, of->weights,
                                           model->target_count, each, of->ignored_class }, ranks, rows);
    }
}
