/* init.c: in: a model's list of weights and a seed.  out: every weight set by its initialiser, the same on every
 * machine. So nothing here depends on the C library's rounding: only + - * / and sqrt, which IEEE fixes, and no fused
 * multiply-add. */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"

#include <math.h>

#define WEIGHT_STREAM UINT64_C(0x5745494748545300)      /* "WEIGHTS": + the weight's index, one stream for each */

/* The standard deviation of a standard normal number that was redrawn beyond 2 (Keras's constant). */
#define TRUNCATED_DEVIATION 0.87962566103423978

/* A source of numbers for one weight; element i draws the same ones whatever came before it. */
struct source {
    uint64_t seed, stream;
};

/* log x for x in (0, 1) = 2 artanh((m - 1) / (m + 1)) + e log 2, where x = m 2^e and m is near 1. */
static double logarithm(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int k = 23; k > 0; k -= 2)             /* square < 0.0295: the term after these is below 1e-19 */
        sum = sum * square + 1.0 / k;
    return 2 * s * sum + exponent * 0.69314718055994531;
}

/* One standard normal number: the polar method (Marsaglia & Bray 1964). `attempt` counts the draws of this element. */
static double standard_normal(const struct source *source, size_t element, uint64_t *attempt)
{
    for (;;) {
        uint64_t bits = lstmc_random_bits(source->seed, source->stream, (*attempt)++, element);
        double u = ((double)(bits >> 32) + 0.5) * 0x1p-31 - 1;
        double v = ((double)(bits & UINT64_C(0xffffffff)) + 0.5) * 0x1p-31 - 1;
        double square = u * u + v * v;
        if (square < 1)
            return u * sqrt(-2 * logarithm(square) / square);
    }
}

static void fill_constant(float *w, size_t count, double value)
{
    for (size_t i = 0; i < count; i++)
        w[i] = (float)value;
}

static void fill_uniform(float *w, size_t count, const struct source *source, double low, double high)
{
    for (size_t i = 0; i < count; i++) {
        float value = (float)(low + (high - low) * lstmc_random_uniform(source->seed, source->stream, 0, i));
        /* the rounding must not reach `high` */
        w[i] = value < (float)high ? value : nextafterf((float)high, (float)low);
    }
}

static void fill_normal(float *w, size_t count, const struct source *source, double mean, double deviation)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t attempt = 0;
        w[i] = (float)(mean + deviation * standard_normal(source, i, &attempt));
    }
}

static void fill_truncated(float *w, size_t count, const struct source *source, double mean, double deviation)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t attempt = 0;
        double value;
        do
            value = standard_normal(source, i, &attempt);
        while (fabs(value) > 2);
        w[i] = (float)(mean + deviation * value);
    }
}

/* The n of Keras's VarianceScaling: all axes but the last two are the receptive field. */
static double fan(const struct lstmc_tensor *tensor, enum lstmc_fan mode)
{
    int rank = tensor->rank;
    double field = 1, in = 1, out = 1;
    for (int axis = 0; axis < rank - 2; axis++)
        field *= tensor->shape[axis];
    if (rank == 1)
        in = out = tensor->shape[0];
    if (rank >= 2) {
        in = field * tensor->shape[rank - 2];
        out = field * tensor->shape[rank - 1];
    }
    double n = mode == LSTMC_FAN_IN ? in : mode == LSTMC_FAN_OUT ? out : (in + out) / 2;
    return n > 1 ? n : 1;
}

/* A tensor as a matrix: all axes but the last are its rows. */
static size_t columns(const struct lstmc_tensor *tensor)
{
    return tensor->rank > 0 ? (size_t)tensor->shape[tensor->rank - 1] : 1;
}

/* a . b over `length` elements that lie `step` apart. */
static double dot(const float *a, const float *b, size_t length, size_t step)
{
    double even = 0, odd = 0;                   /* two chains: one alone waits for each addition */
    size_t i = 0;
    for (; i + 2 <= length; i += 2) {
        even += (double)a[i * step] * b[i * step];
        odd += (double)a[(i + 1) * step] * b[(i + 1) * step];
    }
    if (i < length)
        even += (double)a[i * step] * b[i * step];
    return even + odd;
}

/* Makes the shorter side's vectors (rows, if there are no more rows than columns) orthonormal, in place, by modified
 * Gram-Schmidt, again for a vector that lost more than half of its square ("twice is enough", Kahan & Parlett). The R
 * that goes with this Q has a positive diagonal, and such a QR is unique: it is the Q * sign(diag R) that Keras takes
 * from Householder's. */
static void orthonormalise(float *w, size_t rows, size_t cols, double gain)
{
    size_t vectors = rows <= cols ? rows : cols, length = rows <= cols ? cols : rows;
    size_t vector_step = rows <= cols ? cols : 1, step = rows <= cols ? 1 : cols;
    for (size_t i = 0; i < vectors; i++) {
        float *v = w + i * vector_step;
        double square = dot(v, v, length, step), before;
        int pass = 0;
        do {
            before = square;
            for (size_t j = 0; j < i; j++) {
                const float *q = w + j * vector_step;
                double share = dot(q, v, length, step);
                for (size_t k = 0; k < length; k++)
                    v[k * step] = (float)(v[k * step] - share * q[k * step]);
            }
            square = dot(v, v, length, step);
        } while (square < before / 2 && ++pass < 4);
        double scale = square > 0 ? 1 / sqrt(square) : 0;
        for (size_t k = 0; k < length; k++)
            v[k * step] = (float)(v[k * step] * scale);
    }
    if (gain != 1)
        for (size_t i = 0; i < rows * cols; i++)
            w[i] = (float)(gain * w[i]);
}

static void fill_orthogonal(float *w, const struct lstmc_tensor *tensor, const struct source *source, double gain)
{
    size_t cols = columns(tensor);
    fill_normal(w, tensor->count, source, 0, 1);
    orthonormalise(w, cols ? tensor->count / cols : 0, cols, gain);
}

static void fill_identity(float *w, const struct lstmc_tensor *tensor, double gain)
{
    size_t cols = columns(tensor);
    for (size_t i = 0; i < tensor->count; i++)
        w[i] = i / cols == i % cols ? (float)gain : 0;
}

static void fill_values(float *w, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        w[i] = values[i];
}

static void fill(float *w, const struct lstmc_tensor *tensor, const struct source *source)
{
    const struct lstmc_initializer *init = &tensor->initializer;
    size_t count = tensor->count;
    double a = init->a, b = init->b, deviation = sqrt(fabs(a) / fan(tensor, init->fan)), limit = sqrt(3.0) * deviation;
    switch (init->kind) {
    case LSTMC_CONSTANT:           fill_constant(w, count, a);                                             break;
    case LSTMC_UNIFORM:            fill_uniform(w, count, source, a, b);                                   break;
    case LSTMC_NORMAL:             fill_normal(w, count, source, a, b);                                    break;
    case LSTMC_TRUNCATED_NORMAL:   fill_truncated(w, count, source, a, b);                                 break;
    case LSTMC_VARIANCE_UNIFORM:   fill_uniform(w, count, source, -limit, limit);                          break;
    case LSTMC_VARIANCE_NORMAL:    fill_normal(w, count, source, 0, deviation);                            break;
    case LSTMC_VARIANCE_TRUNCATED: fill_truncated(w, count, source, 0, deviation / TRUNCATED_DEVIATION);   break;
    case LSTMC_ORTHOGONAL:         fill_orthogonal(w, tensor, source, a);                                  break;
    case LSTMC_IDENTITY:           fill_identity(w, tensor, a);                                            break;
    }
    for (int i = init->ones_begin; i < init->ones_end; i++)
        w[i] = 1;
}

void lstmc_init(const struct lstmc_model *model, float *weights, uint64_t seed)
{
    for (int i = 0; i < model->weight_tensors; i++) {
        const struct lstmc_tensor *tensor = &model->weights[i];
        struct source source = { seed, WEIGHT_STREAM + (uint64_t)i };
        if (tensor->values)
            fill_values(weights + tensor->offset, tensor->values, tensor->count);
        else
            fill(weights + tensor->offset, tensor, &source);
    }
}
