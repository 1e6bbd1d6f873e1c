/* math_bounds.h: a program.  in: LANES, the two headers of runtime/, a stride.  out: exit status 1 and the numbers where a function over vectors is further
 * from libm in double than its bound, for every stride-th float; then NaN, infinities, and parts of vectors against a guard page. */
#ifdef MATH_BOUNDS
#define _GNU_SOURCE
#include "lstmc_float.h"
#include "lstmc_vec.h"
#include "lstmc_apart.h"
#include "lstmc_math.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static int failures;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double sigmoid_slope(double x) { return exp(-fabs(x)) / ((1 + exp(-fabs(x))) * (1 + exp(-fabs(x)))); }
static double tanh_slope(double x) { return 4 * sigmoid_slope(2 * x); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

#define LANEWISE(f) static void all_##f(const float *x, float *y) { vec_store(y, vec_##f(vec_load(x))); }
LANEWISE(exp) LANEWISE(expm1) LANEWISE(log) LANEWISE(log1p) LANEWISE(tanh) LANEWISE(sigmoid) LANEWISE(softplus) LANEWISE(erf) LANEWISE(erfc)
LANEWISE(tanh_precise) LANEWISE(sigmoid_precise) LANEWISE(tanh_slope) LANEWISE(sigmoid_slope)

#ifdef LSTMC_PRECISE
#define TANH_ULP 4.0
#elif defined(__FMA__) && defined(__OPTIMIZE__)
#define TANH_ULP 5.1
#define TANH 3.05e-7
#define SIGMOID 1.8e-7
#else
#define TANH_ULP 6.4
#endif
#ifndef TANH
#define TANH 3.8e-7
#define SIGMOID 2e-7
#endif

/* tanh: 3.02e-7 and sigmoid: 1.77e-7 are the largest over all floats from 1e-4 to the clamps, as measured with fused multiply-adds; without, 3.77e-7
 * and 2.00e-7.
 * ulp 0: not promised; low and high: the results' range, without exception. */
static const struct bound {
    const char *name;
    void (*lanes)(const float *, float *);
    double (*truth)(double);
    double ulp, absolute, low, high;
} bounds[] = {
    { "exp", all_exp, exp, 1.5, INFINITY, 0, INFINITY },
    { "log", all_log, log, 1.5, INFINITY, -104, 89 },
    { "tanh", all_tanh, tanh, TANH_ULP, TANH, -1, 1 },
    { "sigmoid", all_sigmoid, sigmoid, 0, SIGMOID, 0, 1 },
    { "softplus", all_softplus, softplus, 4, INFINITY, 0, INFINITY },
    { "erf", all_erf, erf, 0, 2e-7, -1, 1 },
    { "expm1", all_expm1, expm1, 2, INFINITY, -1, INFINITY },
    { "log1p", all_log1p, log1p, 2, INFINITY, -104, 89 },
    { "erfc", all_erfc, erfc, 200, 2e-7, 0, 2 },
    { "tanh_precise", all_tanh_precise, tanh, 4, INFINITY, -1, 1 },
    { "sigmoid_precise", all_sigmoid_precise, sigmoid, 4, INFINITY, 0, 1 },
    { "tanh_slope", all_tanh_slope, tanh_slope, 6, INFINITY, 0, 1 + 0x1p-23 },
    { "sigmoid_slope", all_sigmoid_slope, sigmoid_slope, 6, INFINITY, 0, 0.25 + 0x1p-25 },
};

static double ulp_of(float y)
{
    int e;
    frexpf(y, &e);
    return fabsf(y) < 0x1p-126f ? 0x1p-149 : ldexp(1, e - 24);
}

static int wrong(const struct bound *b, float x, float y)
{
    double truth = b->truth((double)x), off = fabs((double)y - truth);
    float nearest = (float)truth;
    if (isnan(nearest))
        return !isnan(y);
    if (isinf(nearest))
        return y != nearest;
    if (!((double)y >= b->low && (double)y <= b->high))
        return 1;
    return !(off <= b->absolute) || (b->ulp > 0 && !(off <= b->ulp * ulp_of(nearest)));
}

static void sweep(const struct bound *b, uint64_t from, uint64_t until, uint64_t stride)
{
    float x[VEC], y[VEC];
    for (uint64_t bits = from; bits < until && failures < 10; bits += stride * VEC) {
        for (unsigned i = 0; i < VEC; i++) {
            uint32_t word = (uint32_t)(bits + stride * i);
            memcpy(x + i, &word, sizeof word);
        }
        b->lanes(x, y);
        for (int i = 0; i < VEC; i++)
            if (wrong(b, x[i], y[i]) && failures++ < 10)
                printf("VEC %d: %s(%a) is %.9g, should be %.9g\n", VEC, b->name, (double)x[i], (double)y[i], b->truth((double)x[i]));
    }
}

/* Each count at the very end of a page: reading or writing one float more would be a fault. */
static void parts(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE))
        exit(2);
    for (int count = -1; count <= VEC + 1; count++) {
        int lanes = count < 0 ? 0 : count < VEC ? count : VEC;
        float *end = (float *)(void *)(page + 4096), *p = end - lanes, got[VEC], source[VEC];
        for (int i = 0; i < VEC; i++)
            source[i] = 1.5f + (float)i;
        p[-1] = -7;
        vec_store_part(p, vec_load(source), count);
        vec_store(got, vec_load_part(p, count));
        for (int i = 0; i < VEC; i++)
            if (got[i] != (i < lanes ? source[i] : 0) && failures++ < 10)
                printf("VEC %d: part %d, lane %d is %g\n", VEC, count, i, (double)got[i]);
        float inside[2 * VEC];                     /* lanes from count on keep what they held */
        for (int i = 0; i < 2 * VEC; i++)
            inside[i] = -3;
        vec_store_part(inside, vec_load(source), count);
        for (int i = 0; i < 2 * VEC; i++)
            if (inside[i] != (i < lanes ? source[i] : -3) && failures++ < 10)
                printf("VEC %d: stored part %d, float %d is %g\n", VEC, count, i, (double)inside[i]);
        failures += p[-1] != -7;
    }
}

/* Floats that lie apart, the last one at the very end of a page: one row more would be a fault, and what lies between them is nobody's. */
static void apart(void)
{
    enum { STRIDE = 3 };
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE))
        exit(2);
    for (int count = 1; count <= VEC + 1; count++) {
        int lanes = count < VEC ? count : VEC, floats = (lanes - 1) * STRIDE + 1;
        float *end = (float *)(void *)(page + 4096), *p = end - floats, got[VEC], source[VEC];
        for (int i = 0; i < VEC; i++)
            source[i] = 1.5f + (float)i;
        for (int i = 0; i < floats; i++)
            p[i] = -3;
        vec_store_apart(p, STRIDE, vec_load(source), count);
        vec_store(got, vec_load_apart(p, STRIDE, count));
        for (int i = 0; i < VEC; i++)
            if (got[i] != source[i < lanes ? i : 0] && failures++ < 10)
                printf("VEC %d: %d apart, lane %d is %g\n", VEC, count, i, (double)got[i]);
        for (int i = 0; i < floats; i++)
            if (i % STRIDE != 0)
                failures += p[i] != -3;
    }
}

static void extremes(void)
{
    for (int at = 0; at < VEC; at++) {
        float a[VEC], sum = 0;
        for (int i = 0; i < VEC; i++)
            sum += a[i] = -1.0f - (float)((i - at + VEC) % VEC);
        failures += vec_sum(vec_load(a)) != sum || vec_largest(vec_load(a)) != -1.0f;
        float y[4][VEC];
        a[at] = NAN;
        failures += !isnan(vec_largest(vec_load(a)));
        vec_store(y[0], vec_maximum(vec_load(a), vec_splat(0)));
        vec_store(y[1], vec_maximum(vec_splat(0), vec_load(a)));
        vec_store(y[2], vec_minimum(vec_load(a), vec_splat(0)));
        vec_store(y[3], vec_minimum(vec_splat(0), vec_load(a)));
        for (int k = 0; k < 4; k++)
            failures += !isnan(y[k][at]);
    }
    if (failures)
        printf("VEC %d: %d failures so far, of NaN, sum and largest too\n", VEC, failures);
}

int main(int count, char **arguments)
{
    uint64_t stride = count > 1 ? strtoull(arguments[1], NULL, 10) : 4099;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        sweep(&bounds[i], 0, UINT64_C(1) << 32, stride);
        sweep(&bounds[i], 0x7f800000, 0x7f800000 + 64, 1);          /* infinity and NaNs beside it */
        sweep(&bounds[i], 0xff800000, 0xff800000 + 64, 1);
    }
    if (count > 2) {                                                /* tanh and sigmoid completely, 1e-4 up to their clamps */
        sweep(&bounds[2], 0x38d1b717, 0x4101919e + VEC, 1);
        sweep(&bounds[3], 0x38d1b717, 0x4181919e + VEC, 1);
    }
    parts();
    apart();
    extremes();
    return failures != 0;
}
#endif
