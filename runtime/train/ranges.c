/* ranges.c: in: contiguous floats.  out: their sums, and weights one update on.
 * Every loop is one that compilers turn into vectors: no branch inside, no call, no two pointers to the same float,
 * options as neutral numbers. The vectors' width does not change a bit: without fused multiply-add each element is
 * computed alike, and sums have lanes of their own. */
#include "ranges.h"

#include <math.h>
#include <string.h>

/* gcc -O2 writes vectors only where no rest is left. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")
#endif

/* A root that leaves errno alone, which gcc and clang turn into vectors; -fno-math-errno in this file alone does not do
 * that. */
#ifdef __GNUC__
extern float sqrtf(float) __attribute__((const));
#endif

#define INLINE static inline __attribute__((always_inline))
/* of a sum: four vectors of doubles under AVX2, which hide the latency of an addition */
#define LANES 16
#define INFINITE 0x7f800000     /* the bits of infinity */

/* One body, two instruction sets: the wider one halves the cycles of root and quotient. */
#if defined __x86_64__ && defined __GNUC__ && !defined __AVX2__
#define WIDE __attribute__((target("avx2")))
#define wide_vectors() __builtin_cpu_supports("avx2")
#else
#define WIDE
#define wide_vectors() 0
#endif

/* ---- sums ------------------------------------------------------------------------------------ */

INLINE double sum_lanes(const double *lane)
{
    double sum = 0;
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

INLINE double squares(const float *x, size_t count)
{
    double lane[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)x[i + (size_t)k] * (double)x[i + (size_t)k];
    for (int k = 0; i < count; i++, k++)
        lane[k] += (double)x[i] * (double)x[i];
    return sum_lanes(lane);
}

INLINE double magnitudes(const float *x, size_t count)
{
    double lane[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)fabsf(x[i + (size_t)k]);
    for (int k = 0; i < count; i++, k++)
        lane[k] += (double)fabsf(x[i]);
    return sum_lanes(lane);
}

/* The larger one of a size so far and the size of x, as the bits of |x|: they stand in the order of the sizes, infinity
 * and what is no number behind all others. Whole numbers have one largest in whatever order they are looked at, so that
 * this may stand in any loop. */
INLINE int32_t larger(int32_t so_far, float x)
{
    int32_t size;
    memcpy(&size, &x, sizeof size);
    size &= INT32_MAX;
    return size > so_far ? size : so_far;
}

INLINE int32_t largest_size(const float *x, size_t count)
{
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = larger(largest, x[i]);
    return largest;
}

INLINE void add(float *restrict into, const float *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        into[i] += from[i];
}

/* ---- updates --------------------------------------------------------------------------------- */

/* A gradient that is no number stays so. */
INLINE float clip(float g, const struct lstmc_update *u)
{
    float scaled = g * u->scale;
    float below = u->limit < scaled ? u->limit : scaled;
    return -u->limit > below ? -u->limit : below;
}

/* m = momentum m - rate g;  w += m, or with Nesterov's look ahead  w += momentum m - rate g */
INLINE int sgd(const struct lstmc_optimizer *o, const struct lstmc_update *whole, int momentum, int nesterov)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0];
    const float *restrict g = u.g;
    const float keep = o->momentum;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float change = -u.rate * clip(g[i], &u), moved = change;
        if (momentum)
            moved = m[i] = keep * m[i] + change;
        if (nesterov)
            moved = keep * moved + change;
        w[i] = w[i] - u.decay * w[i] + moved;
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* v = rho v + (1 - rho) g^2;  w -= rate g / sqrt(v + epsilon), by way of a momentum if there is one.
 * Centered: v - mean^2 in the root, where mean is the same average of g. */
INLINE int rmsprop(const struct lstmc_optimizer *o, const struct lstmc_update *whole, int momentum, int centered)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict v = u.part[0], *restrict m = u.part[1],
                    *restrict mean = u.part[momentum ? 2 : 1];
    const float *restrict gradient = u.g;
    const float rho = o->rho, rest = (float)(1 - (double)rho), keep = o->momentum, epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u), variance = v[i] = rho * v[i] + rest * g * g;
        if (centered) {
            float average = mean[i] = rho * mean[i] + rest * g;
            variance -= average * average;
        }
        float change = u.rate * g / sqrtf(variance + epsilon);
        if (momentum)
            change = m[i] = keep * m[i] + change;
        w[i] = w[i] - u.decay * w[i] - change;
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* m += (1 - beta_1)(g - m);  v += (1 - beta_2)(g^2 - v);  w -= a m / (sqrt(v) + epsilon), a = rate sqrt(1 - beta_2^t) /
 * (1 - beta_1^t). Keras's epsilon stands beside the uncorrected root. Amsgrad: the largest v so far takes v's place. */
INLINE int adam(const struct lstmc_optimizer *o, const struct lstmc_update *whole, int amsgrad)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0], *restrict v = u.part[1], *restrict largest = u.part[2];
    const float *restrict gradient = u.g;
    const float rest_1 = (float)(1 - (double)o->beta_1), rest_2 = (float)(1 - (double)o->beta_2), epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u);
        float mean = m[i] = m[i] + rest_1 * (g - m[i]);
        float square = v[i] = v[i] + rest_2 * (g * g - v[i]);
        if (amsgrad)
            square = largest[i] = largest[i] > square ? largest[i] : square;
        w[i] = w[i] - u.decay * w[i] - u.rate * mean / (sqrtf(square) + epsilon);
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* a += g^2, on top of its initial value, as the state starts at 0;  w -= rate g / sqrt(a + epsilon) */
INLINE int adagrad(const struct lstmc_optimizer *o, const struct lstmc_update *whole)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict a = u.part[0];
    const float *restrict gradient = u.g;
    const float initial = o->initial_accumulator_value, epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u), squares_so_far = a[i] = a[i] + g * g;
        w[i] = w[i] - u.decay * w[i] - u.rate * g / sqrtf(initial + squares_so_far + epsilon);
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* a = rho a + (1 - rho) g^2;  change = sqrt(d + epsilon) / sqrt(a + epsilon) g;  d = rho d + (1 - rho) change^2;
 * w -= rate change */
INLINE int adadelta(const struct lstmc_optimizer *o, const struct lstmc_update *whole)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict a = u.part[0], *restrict d = u.part[1];
    const float *restrict gradient = u.g;
    const float rho = o->rho, rest = (float)(1 - (double)rho), epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u), square = a[i] = rho * a[i] + rest * g * g;
        float change = sqrtf(d[i] + epsilon) / sqrtf(square + epsilon) * g;
        d[i] = rho * d[i] + rest * change * change;
        w[i] = w[i] - u.decay * w[i] - u.rate * change;
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* m += (1 - beta_1)(g - m);  l = max(beta_2 l, |g|);  w -= rate m / (l + epsilon), rate / (1 - beta_1^t) being the
 * rate. A gradient that is no number comes through the maximum. */
INLINE int adamax(const struct lstmc_optimizer *o, const struct lstmc_update *whole)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0], *restrict largest = u.part[1];
    const float *restrict gradient = u.g;
    const float rest_1 = (float)(1 - (double)o->beta_1), beta_2 = o->beta_2, epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u), size = fabsf(g), faded = beta_2 * largest[i];
        float mean = m[i] = m[i] + rest_1 * (g - m[i]), most = largest[i] = faded > size ? faded : size;
        w[i] = w[i] - u.decay * w[i] - u.rate * mean / (most + epsilon);
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* The averages of Adam; w -= (rate m + rate' g) / (c sqrt(v) + epsilon): lstmc_step_begin has the three factors. */
INLINE int nadam(const struct lstmc_optimizer *o, const struct lstmc_update *whole)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0], *restrict v = u.part[1];
    const float *restrict gradient = u.g;
    const float rest_1 = (float)(1 - (double)o->beta_1), rest_2 = (float)(1 - (double)o->beta_2), epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u);
        float mean = m[i] = m[i] + rest_1 * (g - m[i]);
        float square = v[i] = v[i] + rest_2 * (g * g - v[i]);
        float root = u.root_correction * sqrtf(square);
        w[i] = w[i] - u.decay * w[i] - (u.rate * mean + u.rate_of_gradient * g) / (root + epsilon);
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* w -= rate sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g. What is no number has no sign, and moves w
 * to where it shows. */
INLINE int lion(const struct lstmc_optimizer *o, const struct lstmc_update *whole)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0];
    const float *restrict gradient = u.g;
    const float beta_1 = o->beta_1, rest_1 = (float)(1 - (double)beta_1);
    const float beta_2 = o->beta_2, rest_2 = (float)(1 - (double)beta_2);
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u), mixed = beta_1 * m[i] + rest_1 * g;
        float sign = (float)((mixed > 0) - (mixed < 0));
        m[i] = beta_2 * m[i] + rest_2 * g;
        w[i] = w[i] - u.decay * w[i] - u.rate * (mixed == mixed ? sign : mixed);
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* ---- PyTorch's, where they differ ----- */

/* g += decay w;  m = momentum m + g;  w -= rate m, or with Nesterov's look ahead  w -= rate (g + momentum m) */
INLINE int pytorch_sgd(const struct lstmc_optimizer *o, const struct lstmc_update *whole, int momentum, int nesterov)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0];
    const float *restrict gradient = u.g;
    const float keep = o->momentum;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u) + u.decay_of_gradient * w[i], change = g;
        if (momentum)
            change = m[i] = keep * m[i] + g;
        if (nesterov)
            change = g + keep * change;
        w[i] = w[i] - u.rate * change;
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* v = rho v + (1 - rho) g^2;  change = g / (sqrt(v) + epsilon);  w -= rate change, or by way of a momentum that does
 * not hold the rate. Centered: as in Keras. */
INLINE int pytorch_rmsprop(const struct lstmc_optimizer *o, const struct lstmc_update *whole, int momentum,
                           int centered)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict v = u.part[0], *restrict m = u.part[1],
                    *restrict mean = u.part[momentum ? 2 : 1];
    const float *restrict gradient = u.g;
    const float rho = o->rho, rest = (float)(1 - (double)rho), keep = o->momentum, epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u) + u.decay_of_gradient * w[i], variance = v[i] = rho * v[i] + rest * g * g;
        if (centered) {
            float average = mean[i] = mean[i] + rest * (g - mean[i]);
            variance -= average * average;
        }
        float change = g / (sqrtf(variance) + epsilon);
        if (momentum)
            change = m[i] = keep * m[i] + change;
        w[i] = w[i] - u.rate * change;
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

/* As in Keras, but  w -= rate m / (sqrt(v) / sqrt(1 - beta_2^t) + epsilon), rate / (1 - beta_1^t) being the rate. */
INLINE int pytorch_adam(const struct lstmc_optimizer *o, const struct lstmc_update *whole, int amsgrad)
{
    const struct lstmc_update u = *whole;
    float *restrict w = u.w, *restrict m = u.part[0], *restrict v = u.part[1], *restrict largest = u.part[2];
    const float *restrict gradient = u.g;
    const float rest_1 = (float)(1 - (double)o->beta_1), rest_2 = (float)(1 - (double)o->beta_2), epsilon = o->epsilon;
    int32_t largest_weight = 0;
    for (size_t i = 0; i < u.count; i++) {
        float g = clip(gradient[i], &u) + u.decay_of_gradient * w[i];
        float mean = m[i] = m[i] + rest_1 * (g - m[i]);
        float square = v[i] = v[i] + rest_2 * (g * g - v[i]);
        if (amsgrad)
            square = largest[i] = largest[i] > square ? largest[i] : square;
        w[i] = w[i] - u.decay * w[i] - u.rate * mean / (u.root_correction * sqrtf(square) + epsilon);
        largest_weight = larger(largest_weight, w[i]);
    }
    return largest_weight < INFINITE;
}

INLINE int pytorch_update(const struct lstmc_optimizer *o, const struct lstmc_update *u)
{
    if (o->kind == LSTMC_SGD)
        return o->momentum == 0 ? pytorch_sgd(o, u, 0, 0) : o->nesterov ? pytorch_sgd(o, u, 1, 1)
                                                                        : pytorch_sgd(o, u, 1, 0);
    if (o->kind == LSTMC_RMSPROP)
        return o->momentum == 0 ? (o->centered ? pytorch_rmsprop(o, u, 0, 1) : pytorch_rmsprop(o, u, 0, 0))
                                : (o->centered ? pytorch_rmsprop(o, u, 1, 1) : pytorch_rmsprop(o, u, 1, 0));
    return o->amsgrad ? pytorch_adam(o, u, 1) : pytorch_adam(o, u, 0);
}

/* The options are constants inside each loop. */
INLINE int update(const struct lstmc_optimizer *o, const struct lstmc_update *u)
{
    if (o->pytorch)
        return pytorch_update(o, u);
    switch (o->kind) {
    case LSTMC_SGD:
        return o->momentum == 0 ? sgd(o, u, 0, 0) : o->nesterov ? sgd(o, u, 1, 1) : sgd(o, u, 1, 0);
    case LSTMC_RMSPROP:
        return o->momentum == 0 ? (o->centered ? rmsprop(o, u, 0, 1) : rmsprop(o, u, 0, 0))
                                : (o->centered ? rmsprop(o, u, 1, 1) : rmsprop(o, u, 1, 0));
    case LSTMC_ADAM:
    case LSTMC_ADAMW:    return o->amsgrad ? adam(o, u, 1) : adam(o, u, 0);
    case LSTMC_ADAGRAD:  return adagrad(o, u);
    case LSTMC_ADADELTA: return adadelta(o, u);
    case LSTMC_ADAMAX:   return adamax(o, u);
    case LSTMC_NADAM:    return nadam(o, u);
    case LSTMC_LION:     return lion(o, u);
    }
    return 0;
}

/* ---- the two instruction sets ---------------------------------------------------------------- */

WIDE static double squares_wide(const float *x, size_t count) { return squares(x, count); }
WIDE static double magnitudes_wide(const float *x, size_t count) { return magnitudes(x, count); }
WIDE static int32_t largest_wide(const float *x, size_t count) { return largest_size(x, count); }
WIDE static void add_wide(float *into, const float *from, size_t count) { add(into, from, count); }
WIDE static int update_wide(const struct lstmc_optimizer *o, const struct lstmc_update *u) { return update(o, u); }

double lstmc_range_squares(const float *x, size_t count)
{
    return wide_vectors() ? squares_wide(x, count) : squares(x, count);
}

double lstmc_range_magnitudes(const float *x, size_t count)
{
    return wide_vectors() ? magnitudes_wide(x, count) : magnitudes(x, count);
}

float lstmc_range_largest(const float *x, size_t count)
{
    int32_t size = wide_vectors() ? largest_wide(x, count) : largest_size(x, count);
    float largest;
    memcpy(&largest, &size, sizeof largest);
    return largest;
}

int lstmc_range_is_finite(const float *x, size_t count)
{
    return isfinite(lstmc_range_largest(x, count)) != 0;
}

int lstmc_range_update(const struct lstmc_optimizer *optimizer, const struct lstmc_update *u)
{
    return wide_vectors() ? update_wide(optimizer, u) : update(optimizer, u);
}

void lstmc_range_add(float *restrict into, const float *restrict from, size_t count)
{
    if (wide_vectors())
        add_wide(into, from, count);
    else
        add(into, from, count);
}

void lstmc_range_regularize(float *restrict g, const float *restrict w, size_t count, float l1, float l2)
{
    for (size_t i = 0; i < count; i++)
        g[i] += l1 * (float)((w[i] > 0) - (w[i] < 0)) + 2 * l2 * w[i];
}
