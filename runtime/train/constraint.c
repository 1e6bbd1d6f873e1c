/* constraint.c: in: weights behind an update.  out: the same, held to what their constraints say: the formulas of
 * keras.constraints. Every sum has one order, a function of the weight's shape alone. */
#include "runtime/lstmc.h"
#include "optimizer.h"

#include <math.h>

#define EPSILON 1e-7        /* keras.config.epsilon() */
#define COLUMNS 64          /* of the last axis: so many norms are taken at once, row by row as they lie */

/* Places along those axes whose bits are set: how many, and where number `number` lies. The last axis is not among
 * them. */
static size_t places(const struct lstmc_tensor *tensor, unsigned axes)
{
    size_t count = 1;
    for (int d = 0; d < tensor->rank - 1; d++)
        count *= axes >> d & 1 ? (size_t)tensor->shape[d] : 1;
    return count;
}

static size_t place(const struct lstmc_tensor *tensor, unsigned axes, size_t number)
{
    size_t offset = 0, stride = (size_t)tensor->shape[tensor->rank - 1];
    for (int d = tensor->rank - 2; d >= 0; d--) {
        size_t extent = (size_t)tensor->shape[d];
        if (axes >> d & 1) {
            offset += number % extent * stride;
            number /= extent;
        }
        stride *= extent;
    }
    return offset;
}

static double clamp(double value, double low, double high)
{
    double below = high < value ? high : value;
    return low > below ? low : below;
}

/* What weights of this norm are multiplied by. */
static double factor(const struct lstmc_constraint *c, double norm)
{
    double wanted = 1, low = (double)c->min_value, high = (double)c->max_value, rate = (double)c->rate;
    if (c->kind == LSTMC_MAX_NORM)
        wanted = clamp(norm, 0, high);
    if (c->kind == LSTMC_MIN_MAX_NORM)
        wanted = rate * clamp(norm, low, high) + (1 - rate) * norm;
    return wanted / (EPSILON + norm);
}

/* `width` weights next to each other at each of the places along `axes`: step 1: each has a norm of its own; 0: all
 * have one. */
static void hold_norms(const struct lstmc_tensor *tensor, float *w, size_t width, size_t step)
{
    unsigned axes = tensor->constraint.axes;
    size_t count = places(tensor, axes);
    double scale[COLUMNS] = { 0 };
    for (size_t row = 0; row < count; row++) {
        const float *at = w + place(tensor, axes, row);
        for (size_t i = 0; i < width; i++)
            scale[i * step] += (double)at[i] * (double)at[i];
    }
    for (size_t i = 0; i < (step ? width : 1); i++)
        scale[i] = factor(&tensor->constraint, sqrt(scale[i]));
    for (size_t row = 0; row < count; row++) {
        float *at = w + place(tensor, axes, row);
        for (size_t i = 0; i < width; i++)
            at[i] = (float)((double)at[i] * scale[i * step]);
    }
}

/* A weight that is no number stays so. */
static void hold_signs(float *w, size_t count)
{
    for (size_t i = 0; i < count; i++)
        w[i] = w[i] < 0 ? 0 : w[i];
}

void lstmc_tensor_constrain(const struct lstmc_tensor *tensor, float *weights)
{
    float *w = weights + tensor->offset;
    if (tensor->constraint.kind == LSTMC_UNCONSTRAINED)
        return;
    if (tensor->constraint.kind == LSTMC_NON_NEG) {
        hold_signs(w, tensor->count);
        return;
    }
    unsigned axes = tensor->constraint.axes;
    size_t width = (size_t)tensor->shape[tensor->rank - 1], others = places(tensor, ~axes);
    size_t step = !(axes >> (tensor->rank - 1) & 1), at_once = step ? COLUMNS : width;
    for (size_t other = 0; other < others; other++)
        for (size_t first = 0; first < width; first += at_once)
            hold_norms(tensor, w + place(tensor, ~axes, other) + first,
                       width - first < at_once ? width - first : at_once, step);
}

int lstmc_is_constrained(const struct lstmc_model *model)
{
    for (int i = 0; i < model->weight_tensors; i++)
        if (model->weights[i].trainable && model->weights[i].constraint.kind != LSTMC_UNCONSTRAINED)
            return 1;
    return 0;
}

void lstmc_constrain(const struct lstmc_model *model, float *weights)
{
    for (int i = 0; i < model->weight_tensors; i++)
        if (model->weights[i].trainable)
            lstmc_tensor_constrain(&model->weights[i], weights);
}
