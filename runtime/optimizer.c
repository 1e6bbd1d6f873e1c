/* optimizer.c: in: weights, gradients, the optimiser's state.  out: weights and state one step on, in Keras's order:
 * regularisers into the gradients, clipping, decoupled weight decay, update. */
#include "lstmc.h"

#include <math.h>

/* What one update reads. m, v, extra: the parts of the state, each as long as the gradients. */
struct step {
    const struct lstmc_optimizer *optimizer;
    size_t count;
    float rate;
    uint64_t iteration;
    float *w;
    const float *g;
    float *state;
};

/* The number of trainable weights: they stand first, and their gradients at the same places. */
static int trainable_tensors(const struct lstmc_model *model)
{
    int n = 0;
    while (n < model->weight_tensors && model->weights[n].trainable)
        n++;
    return n;
}

static double sum_of_squares(const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

static void scale_by(float *x, size_t count, double scale)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(x[i] * scale);
}

float lstmc_penalty(const struct lstmc_model *model, const float *weights)
{
    double penalty = 0;
    for (int i = 0; i < trainable_tensors(model); i++) {
        const struct lstmc_tensor *tensor = &model->weights[i];
        const float *w = weights + tensor->offset;
        double absolute = 0;
        for (size_t k = 0; tensor->l1 != 0 && k < tensor->count; k++)
            absolute += fabs((double)w[k]);
        if (tensor->l1 != 0)
            penalty += tensor->l1 * absolute;
        if (tensor->l2 != 0)
            penalty += tensor->l2 * sum_of_squares(w, tensor->count);
    }
    return (float)penalty;
}

/* g += l1 sign(w) + 2 l2 w */
static void add_regularizers(const struct lstmc_model *model, const float *weights, float *gradients)
{
    for (int i = 0; i < trainable_tensors(model); i++) {
        const struct lstmc_tensor *tensor = &model->weights[i];
        const float *w = weights + tensor->offset;
        float *g = gradients + tensor->offset;
        if (tensor->l1 == 0 && tensor->l2 == 0)
            continue;
        for (size_t k = 0; k < tensor->count; k++)
            g[k] += tensor->l1 * (float)((w[k] > 0) - (w[k] < 0)) + 2 * tensor->l2 * w[k];
    }
}

/* Each weight's gradient by itself: g c / max(|g|, c). A norm that is not a number spoils its own weight. */
static void clip_each_norm(const struct lstmc_model *model, float *gradients, double clip)
{
    for (int i = 0; i < trainable_tensors(model); i++) {
        const struct lstmc_tensor *tensor = &model->weights[i];
        float *g = gradients + tensor->offset;
        double norm = sqrt(sum_of_squares(g, tensor->count));
        if (!(norm <= clip))
            scale_by(g, tensor->count, clip / norm);
    }
}

/* All gradients by one factor; a global norm that is infinite or no number spoils them all, as in Keras, instead of hiding. */
static void clip_global_norm(float *gradients, size_t count, double norm, double clip)
{
    if (!isfinite(norm))
        scale_by(gradients, count, NAN);
    else if (norm > clip)
        scale_by(gradients, count, clip / norm);
}

static void clip_values(float *gradients, size_t count, float clip)
{
    for (size_t i = 0; i < count; i++)
        gradients[i] = gradients[i] > clip ? clip : gradients[i] < -clip ? -clip : gradients[i];
}

/* m = momentum m - rate g;  w += m, or with Nesterov's look ahead  w += momentum m - rate g */
static void update_sgd(const struct step *s)
{
    float momentum = s->optimizer->momentum, *m = s->state;
    for (size_t i = 0; i < s->count; i++) {
        float change = -s->rate * s->g[i];
        if (momentum != 0) {
            m[i] = momentum * m[i] + change;
            change = s->optimizer->nesterov ? momentum * m[i] + change : m[i];
        }
        s->w[i] += change;
    }
}

/* v = rho v + (1 - rho) g^2;  w -= rate g / sqrt(v + epsilon), by way of a momentum if there is one.
 * Centered: v - mean^2 in the root, where mean is the same average of g. */
static void update_rmsprop(const struct step *s)
{
    const struct lstmc_optimizer *o = s->optimizer;
    float rho = o->rho, rest = (float)(1 - (double)rho);
    float *v = s->state, *m = v + s->count, *mean = o->momentum != 0 ? m + s->count : m;
    for (size_t i = 0; i < s->count; i++) {
        float g = s->g[i];
        v[i] = rho * v[i] + rest * g * g;
        float variance = v[i];
        if (o->centered) {
            mean[i] = rho * mean[i] + rest * g;
            variance -= mean[i] * mean[i];
        }
        float change = s->rate * g / sqrtf(variance + o->epsilon);
        if (o->momentum != 0)
            change = m[i] = o->momentum * m[i] + change;
        s->w[i] -= change;
    }
}

/* m += (1 - beta_1)(g - m);  v += (1 - beta_2)(g^2 - v);  w -= a m / (sqrt(v) + epsilon), a = rate sqrt(1 - beta_2^t) / (1 - beta_1^t).
 * Keras's epsilon stands beside the uncorrected root. Amsgrad: the largest v so far takes v's place. */
static void update_adam(const struct step *s)
{
    const struct lstmc_optimizer *o = s->optimizer;
    double t = (double)s->iteration;
    float a = (float)(s->rate * sqrt(1 - pow(o->beta_2, t)) / (1 - pow(o->beta_1, t)));
    float rest_1 = (float)(1 - (double)o->beta_1), rest_2 = (float)(1 - (double)o->beta_2);
    float *m = s->state, *v = m + s->count, *largest = v + s->count;
    for (size_t i = 0; i < s->count; i++) {
        float g = s->g[i];
        m[i] += rest_1 * (g - m[i]);
        v[i] += rest_2 * (g * g - v[i]);
        float square = v[i];
        if (o->amsgrad)
            square = largest[i] = largest[i] > square ? largest[i] : square;
        s->w[i] -= a * m[i] / (sqrtf(square) + o->epsilon);
    }
}

size_t lstmc_optimizer_floats(const struct lstmc_model *model)
{
    const struct lstmc_optimizer *o = &model->optimizer;
    size_t parts = 0;
    switch (o->kind) {
    case LSTMC_SGD:     parts = o->momentum != 0;                                   break;
    case LSTMC_RMSPROP: parts = 1 + (size_t)(o->momentum != 0) + (o->centered != 0); break;
    case LSTMC_ADAM:
    case LSTMC_ADAMW:   parts = 2 + (size_t)(o->amsgrad != 0);                      break;
    }
    return parts * model->gradient_count;
}

float lstmc_optimizer_step(const struct lstmc_model *model, float *weights, float *gradients, float *state,
                           uint64_t iteration, float learning_rate)
{
    const struct lstmc_optimizer *o = &model->optimizer;
    size_t count = model->gradient_count;
    struct step step = { o, count, learning_rate > 0 ? learning_rate : o->learning_rate, iteration, weights, gradients, state };

    add_regularizers(model, weights, gradients);
    double norm = sqrt(sum_of_squares(gradients, count));
    if (o->clipnorm > 0)
        clip_each_norm(model, gradients, o->clipnorm);
    else if (o->global_clipnorm > 0)
        clip_global_norm(gradients, count, norm, o->global_clipnorm);
    else if (o->clipvalue > 0)
        clip_values(gradients, count, o->clipvalue);
    if (o->weight_decay > 0)
        scale_by(weights, count, 1 - (double)step.rate * o->weight_decay);
    switch (o->kind) {
    case LSTMC_SGD:     update_sgd(&step);     break;
    case LSTMC_RMSPROP: update_rmsprop(&step); break;
    case LSTMC_ADAM:
    case LSTMC_ADAMW:   update_adam(&step);    break;
    }
    return (float)norm;
}
