/* limits.c: what this core can do at best, measured: multiply-adds, reading while multiplying, and the dependent chain of a recurrent step.
 * Each is among the fastest of many short runs, since everything that disturbs a run makes it slower; not the very fastest, since clocks of
 * virtual machines sometimes miss a part of the time. */
#include "bench.h"

#include <stdlib.h>
#include <unistd.h>

/* The widest vectors that this file was compiled for. */
#if defined __AVX512F__
#define LANES 16
#elif defined __AVX__
#define LANES 8
#else
#define LANES 4
#endif
typedef float vf __attribute__((vector_size(4 * LANES)));

#define SPLAT(x) ((x) - (vf){ 0 })

const char *const bound_names[BOUNDS] = { [BOUND_ARITHMETIC] = "multiply-adds", [BOUND_BYTES] = "bytes", [BOUND_CHAIN] = "chain" };

/* Values that the compiler cannot know, so that it keeps the work. */
static volatile float unknown_factor = 0.999f, unknown_term = 1e-3f;
static volatile float sink;

static float sum(vf v)
{
    float s = 0;
    for (int i = 0; i < LANES; i++)
        s += v[i];
    return s;
}

/* Twelve chains: two units with a latency of four or five need ten. Different ones, or the compiler makes one of them.
 * Returns ticks a multiply-add of one lane. */
static double run_multiply_adds(int turns)
{
    vf x = SPLAT(unknown_factor), y = SPLAT(unknown_term);
    vf a = y, b = a + x, c = b + x, d = c + x, e = d + x, f = e + x, g = f + x, h = g + x, i = h + x, j = i + x, k = j + x, l = k + x;
    Time start = clock_now();
    for (int turn = 0; turn < turns; turn++) {
        a = a * x + y; b = b * x + y; c = c * x + y; d = d * x + y; e = e * x + y; f = f * x + y;
        g = g * x + y; h = h * x + y; i = i * x + y; j = j * x + y; k = k * x + y; l = l * x + y;
    }
    double ticks = clock_since(start).ticks;
    sink = sum(a + b + c + d + e + f + g + h + i + j + k + l);
    return ticks / (12.0 * LANES * turns);
}

/* Twelve chains here too, so that nothing but the loads takes time. Returns ticks a byte. */
static double run_reading(const float *at, size_t bytes, int turns)
{
    vf x = SPLAT(unknown_factor), a[12];
    for (int i = 0; i < 12; i++)
        a[i] = x;
    size_t count = bytes / sizeof(float) / (12 * LANES);
    Time start = clock_now();
    for (int turn = 0; turn < turns; turn++) {
        const vf *v = (const vf *)at;
        vf a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6], a7 = a[7], a8 = a[8], a9 = a[9], a10 = a[10], a11 = a[11];
        for (size_t i = 0; i < count; i++, v += 12) {
            a0 += v[0] * x; a1 += v[1] * x; a2 += v[2] * x; a3 += v[3] * x; a4 += v[4] * x; a5 += v[5] * x;
            a6 += v[6] * x; a7 += v[7] * x; a8 += v[8] * x; a9 += v[9] * x; a10 += v[10] * x; a11 += v[11] * x;
        }
        a[0] = a0; a[1] = a1; a[2] = a2; a[3] = a3; a[4] = a4; a[5] = a5; a[6] = a6; a[7] = a7; a[8] = a8; a[9] = a9; a[10] = a10; a[11] = a11;
    }
    double ticks = clock_since(start).ticks;
    for (int i = 0; i < 12; i++)
        sink = sum(a[i]);
    return ticks / ((double)(count * 12 * LANES * sizeof(float)) * turns);
}

/* The rational tanh of speed.md, without its clamp: x stays small here. sigmoid is the same polynomials with other coefficients. */
static inline vf rational(vf x, float a1, float a2, float a3, float a4, float b1, float b2, float b3, float b4)
{
    vf u = x * x;
    vf p = 1.0f + u * (a1 + u * (a2 + u * (a3 + u * a4)));
    vf q = 1.0f + u * (b1 + u * (b2 + u * (b3 + u * b4)));
    return x * p / q;
}

static inline vf tanh_of(vf x)
{
    return rational(x, 0x1.1213d6p-3f, 0x1.ca6b5ap-9f, 0x1.5a36p-16f, 0x1.cbe26p-27f,
                    0x1.de5f36p-2f, 0x1.a816f8p-6f, 0x1.58d378p-12f, 0x1.a23c4ap-21f);
}

static inline vf sigmoid_of(vf x)
{
    return 0.5f + 0.25f * rational(x, 0x1.1213d6p-5f, 0x1.ca6b5ap-13f, 0x1.5a36p-22f, 0x1.cbe26p-35f,
                                   0x1.de5f36p-4f, 0x1.a816f8p-10f, 0x1.58d378p-18f, 0x1.a23c4ap-29f);
}

/* What no implementation of an LSTM's step can do side by side: load h, one product, a gate, the cell, its tanh, the output, store h.
 * Returns ticks a step. */
static double run_chain(int turns)
{
    vf factor = SPLAT(unknown_factor), term = SPLAT(unknown_term);
    float h[LANES] __attribute__((aligned(4 * LANES)));
    *(vf *)h = term;
    Time start = clock_now();
    for (int turn = 0; turn < turns; turn++) {
        vf z = SPLAT(*(volatile float *)h) * factor + term;
        vf c = sigmoid_of(z) * factor + term;
        *(volatile vf *)h = tanh_of(c) * factor + term;
    }
    double ticks = clock_since(start).ticks;
    sink = h[LANES - 1];
    return ticks / turns;
}

/* The same of a SimpleRNN: load h, one product, its tanh, store h. */
static double run_simple_chain(int turns)
{
    vf factor = SPLAT(unknown_factor), term = SPLAT(unknown_term);
    float h[LANES] __attribute__((aligned(4 * LANES)));
    *(vf *)h = term;
    Time start = clock_now();
    for (int turn = 0; turn < turns; turn++)
        *(volatile vf *)h = tanh_of(SPLAT(*(volatile float *)h) * factor + term);
    double ticks = clock_since(start).ticks;
    sink = h[LANES - 1];
    return ticks / turns;
}

#define RUNS_MAX 20000

static int compare_ticks(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* What one in twenty runs is faster than. */
static double fast_one(double *ticks, int count)
{
    qsort(ticks, (size_t)count, sizeof *ticks, compare_ticks);
    return ticks[count / 20];
}

/* `run` again and again for so many seconds. */
#define MEASURE(seconds_, result, run)                                                          \
    do {                                                                                        \
        static double ticks_[RUNS_MAX];                                                         \
        int count_ = 0;                                                                         \
        Time began_ = clock_now();                                                              \
        do                                                                                      \
            ticks_[count_++] = run;                                                             \
        while (count_ < RUNS_MAX && clock_since(began_).seconds < (seconds_));                  \
        result = fast_one(ticks_, count_);                                                      \
    } while (0)

#define LARGEST (256 << 20)     /* what is larger is read as fast: from memory */

double limits_bandwidth(double bytes, double seconds)
{
    size_t unit = 12 * LANES * sizeof(float), whole = ((size_t)(bytes < LARGEST ? bytes : LARGEST) / unit + 1) * unit;
    int turns = (int)(1 + (8 << 20) / whole);   /* long beside reading the clock */
    float *buffer = checked_alloc(whole);
    for (size_t i = 0; i < whole / sizeof(float); i++)
        buffer[i] = 0.5f + (float)(i % 7);
    double ticks;
    MEASURE(seconds, ticks, run_reading(buffer, whole, turns));
    checked_free(buffer);
    return 1 / ticks;
}

static double cache_bytes(int name, double otherwise)
{
    long bytes = sysconf(name);
    return bytes > 0 ? (double)bytes : otherwise;
}

const char *limits_level(double bytes)
{
    if (bytes <= cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10))
        return "L1";
    if (bytes <= cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512 << 10))
        return "L2";
    return bytes <= cache_bytes(_SC_LEVEL3_CACHE_SIZE, 16 << 20) ? "L3" : "memory";
}

Limits limits_measure(double seconds)
{
    static const double sizes[4] = { 16 << 10, 256 << 10, 4 << 20, 256 << 20 };
    Limits limits = { 0 };
    double ticks, part = seconds / 7;
    MEASURE(part, ticks, run_multiply_adds(20000));
    limits.multiply_adds = 1 / ticks;
    MEASURE(part, limits.chain, run_chain(2000));
    MEASURE(part, limits.simple_chain, run_simple_chain(2000));
    for (int i = 0; i < 4; i++)
        limits.bytes[i] = limits_bandwidth(sizes[i], part);
    return limits;
}
