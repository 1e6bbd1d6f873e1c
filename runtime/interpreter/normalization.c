/* normalization.c: Normalization: each feature by a mean and a variance that are there already, or back again. No
 * deviation counts less than Keras's epsilon. */
#include "words.h"

typedef struct Feature {
    REAL mean, deviation;
} Feature;

static Feature feature_of(const Interpreter *it, const Run *run, size_t i)
{
    const struct lstmc_tensor *mean = layer_weight(run->layer, "mean");
    const struct lstmc_tensor *variance = layer_weight(run->layer, "variance");
    size_t feature = i % mean->count;
    double deviation = sqrt((double)it->weights[variance->offset + feature]);
    return (Feature){ it->weights[mean->offset + feature], (REAL)(deviation > 1e-7 ? deviation : 1e-7) };
}

static const char *set_up(Interpreter *it, Run *run)
{
    (void)it;
    bool has_both = layer_weight(run->layer, "mean") && layer_weight(run->layer, "variance");
    return has_both && run->in[0]->y ? NULL : "it needs numbers, their mean and their variance";
}

static void forward(Interpreter *it, Run *run)
{
    const REAL *x = values_of(run->in[0]);
    bool inverts = layer_flag(run->layer, "invert");
    for (size_t i = 0; i < (size_t)it->rows * run->out.count; i++) {
        Feature f = feature_of(it, run, i);
        run->out.y[i] = inverts ? x[i] * f.deviation + f.mean : (x[i] - f.mean) / f.deviation;
    }
}

static void backward(Interpreter *it, Run *run)
{
    REAL *d_x = adjoint_of(run->in[0]);
    bool inverts = layer_flag(run->layer, "invert");
    for (size_t i = 0; d_x && i < (size_t)it->rows * run->out.count; i++) {
        Feature f = feature_of(it, run, i);
        d_x[i] += inverts ? run->out.d_y[i] * f.deviation : run->out.d_y[i] / f.deviation;
    }
}

const LayerKind kind_normalization = { .name = "Normalization", .set_up = set_up, .forward = forward,
                                       .backward = backward };
