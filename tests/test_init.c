/* test_init.c: the initialisers: moments, bounds, orthonormality, fans, ones, determinism. */
#include "small_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct moments {
    double mean, deviation, low, high;
};

/* A weight of this shape after lstmc_init; free() it. */
static float *initialised(int rank, const int *shape, struct lstmc_initializer initializer, uint64_t seed, size_t *count)
{
    struct small_model small;
    one_weight_model(&small, rank, shape, initializer);
    *count = small.model.weight_count;
    float *w = malloc(*count * sizeof *w);
    lstmc_init(&small.model, w, seed);
    return w;
}

static struct moments moments_of(int rank, const int *shape, struct lstmc_initializer initializer)
{
    size_t count;
    float *w = initialised(rank, shape, initializer, 7, &count);
    struct moments m = { 0, 0, w[0], w[0] };
    for (size_t i = 0; i < count; i++) {
        m.mean += w[i] / (double)count;
        m.low = fmin(m.low, w[i]);
        m.high = fmax(m.high, w[i]);
    }
    for (size_t i = 0; i < count; i++)
        m.deviation += (w[i] - m.mean) * (w[i] - m.mean) / (double)count;
    m.deviation = sqrt(m.deviation);
    free(w);
    return m;
}

/* 5 standard errors of the mean and of the deviation for 40 000 numbers. */
static void expect_moments(const char *what, struct moments m, double mean, double deviation, double low, double high)
{
    cr_expect(fabs(m.mean - mean) < 0.025 * deviation, "%s: mean %g, expected %g", what, m.mean, mean);
    cr_expect(fabs(m.deviation / deviation - 1) < 0.025, "%s: deviation %g, expected %g", what, m.deviation, deviation);
    cr_expect(m.low >= low && m.high < high, "%s: values in [%g, %g], expected [%g, %g)", what, m.low, m.high, low, high);
}

static const int square[2] = { 200, 200 };

Test(init, constant)
{
    struct moments m = moments_of(2, square, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT, .a = -0.25f });
    cr_expect(m.low == -0.25 && m.high == -0.25, "constant: values in [%g, %g], expected -0.25", m.low, m.high);
}

Test(init, uniform)
{
    struct moments m = moments_of(2, square, (struct lstmc_initializer){ .kind = LSTMC_UNIFORM, .a = -1, .b = 3 });
    expect_moments("uniform", m, 1, 4 / sqrt(12), -1, 3);
    cr_expect(m.low < -0.99 && m.high > 2.99, "uniform: values in [%g, %g], expected nearly [-1, 3)", m.low, m.high);
}

/* In [1, 1 + 2^-23) every number above 1 + 2^-24 rounds up to the bound, which must stay excluded. */
Test(init, uniform_excludes_its_upper_bound)
{
    struct moments m = moments_of(2, square, (struct lstmc_initializer){ .kind = LSTMC_UNIFORM, .a = 1, .b = 1 + 0x1p-23f });
    cr_expect(m.low == 1 && m.high == 1, "uniform: values in [%.9g, %.9g], expected 1", m.low, m.high);
}

Test(init, normal)
{
    struct moments m = moments_of(2, square, (struct lstmc_initializer){ .kind = LSTMC_NORMAL, .a = 2, .b = 0.5f });
    expect_moments("normal", m, 2, 0.5, -1, 5);
    cr_expect(m.low < 0.5 && m.high > 3.5, "normal: values in [%g, %g], expected tails beyond 3 deviations", m.low, m.high);
}

Test(init, truncated_normal)
{
    struct moments m = moments_of(2, square, (struct lstmc_initializer){ .kind = LSTMC_TRUNCATED_NORMAL, .a = 1, .b = 0.5f });
    expect_moments("truncated normal", m, 1, 0.5 * 0.87962566103423978, 0, 2.0000001);
}

Test(init, quantiles_of_the_normal)
{
    static const struct { double z, below; } table[] = { { -2, 0.02275 }, { -1, 0.158655 }, { -0.5, 0.308538 }, { 0, 0.5 }, { 1.5, 0.933193 } };
    size_t count;
    float *w = initialised(2, square, (struct lstmc_initializer){ .kind = LSTMC_NORMAL, .a = 0, .b = 1 }, 3, &count);
    for (size_t q = 0; q < sizeof table / sizeof *table; q++) {
        double below = 0;
        for (size_t i = 0; i < count; i++)
            below += (w[i] < table[q].z) / (double)count;
        double error = 5 * sqrt(table[q].below * (1 - table[q].below) / (double)count);
        cr_expect(fabs(below - table[q].below) < error, "below %g: %g, expected %g +- %g", table[q].z, below, table[q].below, error);
    }
    free(w);
}

/* Keras's compute_fans: all axes but the last two are the receptive field; one axis is both fans. */
Test(init, fans)
{
    static const struct { const char *what; int rank, shape[4]; double in, out; } table[] = {
        { "dense", 2, { 100, 400 }, 100, 400 }, { "bias", 1, { 40000 }, 40000, 40000 },
        { "convolution", 3, { 5, 80, 100 }, 400, 500 }, { "convolution of planes", 4, { 3, 5, 40, 70 }, 600, 1050 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int fan = LSTMC_FAN_IN; fan <= LSTMC_FAN_AVERAGE; fan++) {
            double n = fan == LSTMC_FAN_IN ? table[i].in : fan == LSTMC_FAN_OUT ? table[i].out : (table[i].in + table[i].out) / 2;
            double deviation = sqrt(2 / n), limit = sqrt(6 / n), cut = 2 * deviation / 0.87962566103423978;
            struct lstmc_initializer initializer = { .fan = (enum lstmc_fan)fan, .a = 2 };
            initializer.kind = LSTMC_VARIANCE_UNIFORM;
            struct moments uniform = moments_of(table[i].rank, table[i].shape, initializer);
            expect_moments(table[i].what, uniform, 0, deviation, -1.000001 * limit, 1.000001 * limit);
            cr_expect(uniform.high > 0.999 * limit, "%s: largest %g, expected nearly %g", table[i].what, uniform.high, limit);
            initializer.kind = LSTMC_VARIANCE_NORMAL;
            expect_moments(table[i].what, moments_of(table[i].rank, table[i].shape, initializer), 0, deviation, -1, 1);
            initializer.kind = LSTMC_VARIANCE_TRUNCATED;
            expect_moments(table[i].what, moments_of(table[i].rank, table[i].shape, initializer), 0, deviation, -1.000001 * cut, 1.000001 * cut);
        }
}

/* The worst deviation of the shorter side's Gram matrix from gain^2 times the identity. */
static double orthonormality(const float *w, int rows, int cols, double gain)
{
    int vectors = rows < cols ? rows : cols, length = rows < cols ? cols : rows;
    int vector_step = rows < cols ? cols : 1, step = rows < cols ? 1 : cols;
    double worst = 0;
    for (int i = 0; i < vectors; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int k = 0; k < length; k++)
                sum += (double)w[i * vector_step + k * step] * w[j * vector_step + k * step];
            worst = fmax(worst, fabs(sum - (i == j ? gain * gain : 0)));
        }
    return worst;
}

Test(init, orthogonal)
{
    static const int shapes[][2] = { { 100, 400 }, { 400, 100 }, { 150, 150 }, { 1, 7 }, { 7, 1 }, { 1, 1 }, { 2, 2 }, { 65, 64 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int doubled = 0; doubled < 2; doubled++) {
            double gain = doubled ? 2 : 1;
            size_t count;
            struct lstmc_initializer initializer = { .kind = LSTMC_ORTHOGONAL, .a = (float)gain };
            float *w = initialised(2, shapes[i], initializer, 11 + i, &count);
            double worst = orthonormality(w, shapes[i][0], shapes[i][1], gain);
            cr_expect(worst < 1e-5 * gain * gain, "(%d,%d) gain %g: worst %g, tolerance 1e-5", shapes[i][0], shapes[i][1], gain, worst);
            free(w);
        }
}

/* Many small square matrices: the last vector loses nearly all of itself now and then, and needs the second pass. */
Test(init, orthogonal_when_little_is_left)
{
    static const int shape[2] = { 3, 3 };
    for (uint64_t seed = 0; seed < 20000; seed++) {
        size_t count;
        float *w = initialised(2, shape, (struct lstmc_initializer){ .kind = LSTMC_ORTHOGONAL, .a = 1 }, seed, &count);
        double worst = orthonormality(w, 3, 3, 1);
        cr_assert(worst < 1e-5, "seed %d: worst %g, tolerance 1e-5", (int)seed, worst);
        free(w);
    }
}

/* Uniform over the rotations and reflections: each element has mean 0 and variance 1/3, and both determinants are equally frequent. */
Test(init, orthogonal_is_uniform)
{
    static const int shape[2] = { 3, 3 };
    double mean[9] = { 0 }, square_mean[9] = { 0 }, positive = 0;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        size_t count;
        float *w = initialised(2, shape, (struct lstmc_initializer){ .kind = LSTMC_ORTHOGONAL, .a = 1 }, seed, &count);
        for (int i = 0; i < 9; i++) {
            mean[i] += w[i] / 20000;
            square_mean[i] += (double)w[i] * w[i] / 20000;
        }
        positive += (w[0] * (w[4] * w[8] - w[5] * w[7]) - w[1] * (w[3] * w[8] - w[5] * w[6]) + w[2] * (w[3] * w[7] - w[4] * w[6]) > 0) / 20000.0;
        free(w);
    }
    for (int i = 0; i < 9; i++) {
        cr_expect(fabs(mean[i]) < 5 * sqrt(1 / 3.0 / 20000), "element %d: mean %g, expected 0", i, mean[i]);
        cr_expect(fabs(square_mean[i] - 1 / 3.0) < 0.012, "element %d: mean square %g, expected 1/3", i, square_mean[i]);
    }
    cr_expect(fabs(positive - 0.5) < 0.02, "positive determinants: %g, expected 0.5", positive);
}

/* Gram-Schmidt's claim: Q^T A is upper triangular with a positive diagonal, which makes it Keras's Q * sign(diag R). A is the normal
 * initialiser's matrix of the same seed. */
Test(init, orthogonal_is_the_positive_qr)
{
    static const int shape[2] = { 30, 20 };
    size_t count;
    float *a = initialised(2, shape, (struct lstmc_initializer){ .kind = LSTMC_NORMAL, .b = 1 }, 5, &count);
    float *q = initialised(2, shape, (struct lstmc_initializer){ .kind = LSTMC_ORTHOGONAL, .a = 1 }, 5, &count);
    for (int i = 0; i < 20; i++)
        for (int j = 0; j <= i; j++) {
            double r = 0;
            for (int k = 0; k < 30; k++)
                r += (double)q[k * 20 + i] * a[k * 20 + j];
            cr_expect(i == j ? r > 0 : fabs(r) < 1e-5, "R[%d,%d] = %g, expected %s", i, j, r, i == j ? "> 0" : "0");
        }
    free(a);
    free(q);
}

Test(init, identity)
{
    static const int shape[2] = { 3, 5 };
    size_t count;
    float *w = initialised(2, shape, (struct lstmc_initializer){ .kind = LSTMC_IDENTITY, .a = 1.5f }, 1, &count);
    for (int i = 0; i < 15; i++) {
        float expected = i / 5 == i % 5 ? 1.5f : 0;
        cr_expect(w[i] == expected, "[%d,%d] = %g, expected %g", i / 5, i % 5, w[i], expected);
    }
    free(w);
}

Test(init, a_whole_model)
{
    struct small_model small;
    small_model_init(&small);
    float first[SMALL_WEIGHT_COUNT], again[SMALL_WEIGHT_COUNT], other[SMALL_WEIGHT_COUNT];
    memset(first, 0xff, sizeof first);
    memset(again, 0x55, sizeof again);
    lstmc_init(&small.model, first, 42);
    lstmc_init(&small.model, again, 42);
    lstmc_init(&small.model, other, 43);
    cr_expect(!memcmp(first, again, sizeof first), "the same seed gave other weights");
    int same = 0;
    for (int i = 0; i < 40; i++)                /* both LSTM kernels */
        same += first[i] == other[i];
    cr_expect(same == 0, "%d of 40 weights are the same for another seed", same);
    const float *bias = first + small.weights[2].offset;
    for (int i = 0; i < 8; i++)
        cr_expect(bias[i] == (i == 2 || i == 3), "bias[%d] = %g, expected unit_forget_bias", i, bias[i]);
    double drawn = first[0] / sqrt(6.0 / 11), drawn_by_dense = first[small.weights[3].offset] / sqrt(6.0 / 3);
    cr_expect(fabs(drawn - drawn_by_dense) > 1e-4, "two weights draw the same numbers: %g", drawn);
    cr_expect(orthonormality(first + small.weights[1].offset, 2, 8, 1) < 1e-5, "recurrent_kernel is not orthonormal");
}

/* Values that must never change: a change would break everybody's seeds. */
Test(init, the_numbers_themselves)
{
    static const int shape[1] = { 4 };
    static const float expected[2][4] = {
        { 0x1.ebb5e8p-1f, 0x1.3e05ep-1f, 0x1.77ff02p-1f, 0x1.50e8b4p-1f },
        { 0x1.24d502p-3f, 0x1.a972fep-1f, 0x1.b7037ap+0f, 0x1.eb2024p+0f },
    };
    static const enum lstmc_initializer_kind kinds[2] = { LSTMC_UNIFORM, LSTMC_NORMAL };
    for (int kind = 0; kind < 2; kind++) {
        size_t count;
        float *w = initialised(1, shape, (struct lstmc_initializer){ .kind = kinds[kind], .a = 0, .b = 1 }, 2024, &count);
        for (int i = 0; i < 4; i++)
            cr_expect(w[i] == expected[kind][i], "kind %d [%d] = %a, expected %a", kinds[kind], i, w[i], expected[kind][i]);
        free(w);
    }
}
