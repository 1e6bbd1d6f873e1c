/* adapt.c: in: the samples that a training reads.  out: the statistics of layers that adapt to them: mean and (biased)
 * variance of each feature, over all samples and all places in front of the last axis. Sums are doubles, in the order
 * of the samples. */
#include "runtime/lstmc.h"
#include "runtime/base/message.h"

#include <math.h>
#include <stdlib.h>

/* Where the features of one input lie in a sample. */
struct features {
    const struct lstmc_model *model;
    const struct lstmc_dataset *data;
    float *room;                /* for a sample that is made */
    size_t offset, count;       /* floats in front of the input; of it */
    size_t width;               /* features: the last axis */
};

static struct features features_of(const struct lstmc_model *model, const struct lstmc_dataset *data,
                                   const struct lstmc_tensor *tensor)
{
    struct features f = { .model = model, .data = data, .count = model->input_count, .width = tensor->count };
    if (model->inputs) {
        f.offset = model->inputs[tensor->adapted_input].offset;
        f.count = model->inputs[tensor->adapted_input].count;
    }
    return f;
}

/* Of each feature: the mean of x - middle, or of its square. */
static void add_up(const struct features *f, const double *middle, int square, double *mean)
{
    const size_t samples = f->data->samples;
    double places = (double)samples * (double)(f->count / f->width);
    for (size_t i = 0; i < f->width; i++)
        mean[i] = 0;
    for (size_t sample = 0; sample < samples; sample++) {
        const float *x = (const float *)lstmc_sample_inputs(f->model, f->data, sample, f->room) + f->offset;
        for (size_t at = 0; at < f->count; at += f->width)
            for (size_t i = 0; i < f->width; i++) {
                double value = (double)x[at + i] - (middle ? middle[i] : 0);
                mean[i] += square ? value * value : value;
            }
    }
    for (size_t i = 0; i < f->width; i++)
        mean[i] /= places;
}

static int adapt_tensor(const struct lstmc_model *model, float *weights, const struct lstmc_dataset *data,
                        const struct lstmc_tensor *tensor)
{
    struct features f = features_of(model, data, tensor);
    double *mean = calloc(2 * f.width, sizeof *mean), *result = mean;
    f.room = malloc(model->input_count * sizeof *f.room);
    if (!mean || !f.room) {
        free(mean);
        free(f.room);
        return LSTMC_NO_MEMORY;
    }
    add_up(&f, NULL, 0, mean);
    if (tensor->adapted == LSTMC_ADAPTED_VARIANCE) {
        result = mean + f.width;
        add_up(&f, mean, 1, result);
    }
    for (size_t i = 0; i < f.width; i++)
        weights[tensor->offset + i] = (float)result[i];
    free(mean);
    free(f.room);
    return LSTMC_OK;
}

int lstmc_adapt(const struct lstmc_model *model, float *weights, const struct lstmc_dataset *data,
                struct lstmc_message *message)
{
    for (int i = 0; i < model->weight_tensors; i++) {
        const struct lstmc_tensor *tensor = &model->weights[i];
        if (tensor->adapted == LSTMC_NOT_ADAPTED)
            continue;
        if (!data->samples)
            return lstmc_fail(message, LSTMC_MISMATCH, "%s: there are no samples to adapt to", tensor->name);
        if (adapt_tensor(model, weights, data, tensor))
            return lstmc_fail_memory(message, "the statistics of the data");
    }
    return LSTMC_OK;
}
