/* test_ranges.c: the loops over contiguous floats against plain ones, one number at a time: the same bits, whatever the
 * count, the alignment and the instruction set. */
#include "runtime/train/ranges.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = LSTMC_BLOCK + 1, ROOM = LONGEST + 2, STEPS = 3 };

static const size_t counts[] = { 0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1001,
                                 LSTMC_BLOCK - 1, LSTMC_BLOCK, LSTMC_BLOCK + 1 };
enum { COUNTS = sizeof counts / sizeof *counts };

/* ---- the updates, of one weight ---- */

static float clipped(const struct lstmc_update *u, size_t i)
{
    float g = u->g[i] * u->scale;
    return g > u->limit ? u->limit : g < -u->limit ? -u->limit : g;
}

static void plain_sgd(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float change = -u->rate * clipped(u, i), *m = &u->part[0][i], moved = change;
    if (o->momentum != 0)
        moved = *m = o->momentum * *m + change;
    if (o->momentum != 0 && o->nesterov)
        moved = o->momentum * moved + change;
    u->w[i] = u->w[i] - u->decay * u->w[i] + moved;
}

static void plain_rmsprop(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i), rest = (float)(1 - (double)o->rho);
    float *v = &u->part[0][i], *m = &u->part[1][i], *mean = &u->part[o->momentum != 0 ? 2 : 1][i];
    float variance = *v = o->rho * *v + rest * g * g;
    if (o->centered) {
        *mean = o->rho * *mean + rest * g;
        variance -= *mean * *mean;
    }
    float change = u->rate * g / sqrtf(variance + o->epsilon);
    if (o->momentum != 0)
        change = *m = o->momentum * *m + change;
    u->w[i] = u->w[i] - u->decay * u->w[i] - change;
}

/* What Adam and Nadam make of the gradient. */
static void plain_averages(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i, float g)
{
    float *m = &u->part[0][i], *v = &u->part[1][i];
    *m = *m + (float)(1 - (double)o->beta_1) * (g - *m);
    *v = *v + (float)(1 - (double)o->beta_2) * (g * g - *v);
}

static void plain_adam(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    plain_averages(o, u, i, clipped(u, i));
    float square = u->part[1][i], *largest = &u->part[2][i];
    if (o->amsgrad)
        square = *largest = *largest > square ? *largest : square;
    u->w[i] = u->w[i] - u->decay * u->w[i] - u->rate * u->part[0][i] / (sqrtf(square) + o->epsilon);
}

static void plain_nadam(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i);
    plain_averages(o, u, i, g);
    float root = u->root_correction * sqrtf(u->part[1][i]);
    u->w[i] = u->w[i] - u->decay * u->w[i] - (u->rate * u->part[0][i] + u->rate_of_gradient * g) / (root + o->epsilon);
}

static void plain_adagrad(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i), *a = &u->part[0][i];
    *a = *a + g * g;
    u->w[i] = u->w[i] - u->decay * u->w[i] - u->rate * g / sqrtf(o->initial_accumulator_value + *a + o->epsilon);
}

static void plain_adadelta(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i), rest = (float)(1 - (double)o->rho), *a = &u->part[0][i], *d = &u->part[1][i];
    *a = o->rho * *a + rest * g * g;
    float change = sqrtf(*d + o->epsilon) / sqrtf(*a + o->epsilon) * g;
    *d = o->rho * *d + rest * change * change;
    u->w[i] = u->w[i] - u->decay * u->w[i] - u->rate * change;
}

static void plain_adamax(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i), *m = &u->part[0][i], *largest = &u->part[1][i], faded = o->beta_2 * *largest;
    *m = *m + (float)(1 - (double)o->beta_1) * (g - *m);
    *largest = faded > fabsf(g) ? faded : fabsf(g);
    u->w[i] = u->w[i] - u->decay * u->w[i] - u->rate * *m / (*largest + o->epsilon);
}

static void plain_lion(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i), *m = &u->part[0][i], mixed = o->beta_1 * *m + (float)(1 - (double)o->beta_1) * g;
    *m = o->beta_2 * *m + (float)(1 - (double)o->beta_2) * g;
    u->w[i] = u->w[i] - u->decay * u->w[i] - u->rate * (float)((mixed > 0) - (mixed < 0));
}

static void plain_pytorch_sgd(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i) + u->decay_of_gradient * u->w[i], change = g, *m = &u->part[0][i];
    if (o->momentum != 0)
        change = *m = o->momentum * *m + g;
    if (o->momentum != 0 && o->nesterov)
        change = g + o->momentum * change;
    u->w[i] = u->w[i] - u->rate * change;
}

static void plain_pytorch_rmsprop(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    float g = clipped(u, i) + u->decay_of_gradient * u->w[i], rest = (float)(1 - (double)o->rho);
    float *v = &u->part[0][i], *m = &u->part[1][i], *mean = &u->part[o->momentum != 0 ? 2 : 1][i];
    float variance = *v = o->rho * *v + rest * g * g;
    if (o->centered) {
        *mean = *mean + rest * (g - *mean);
        variance -= *mean * *mean;
    }
    float change = g / (sqrtf(variance) + o->epsilon);
    if (o->momentum != 0)
        change = *m = o->momentum * *m + change;
    u->w[i] = u->w[i] - u->rate * change;
}

static void plain_pytorch_adam(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i)
{
    plain_averages(o, u, i, clipped(u, i) + u->decay_of_gradient * u->w[i]);
    float square = u->part[1][i], *largest = &u->part[2][i];
    if (o->amsgrad)
        square = *largest = *largest > square ? *largest : square;
    float root = u->root_correction * sqrtf(square);
    u->w[i] = u->w[i] - u->decay * u->w[i] - u->rate * u->part[0][i] / (root + o->epsilon);
}

static const struct {
    const char *what;
    struct lstmc_optimizer o;
    void (*plain)(const struct lstmc_optimizer *o, const struct lstmc_update *u, size_t i);
} table[] = {
#define COMMON .rho = 0.9f, .beta_1 = 0.9f, .beta_2 = 0.99f, .epsilon = 1e-7f, .initial_accumulator_value = 0.1f
#define PYTORCH COMMON, .pytorch = 1
    { "sgd",                       { .kind = LSTMC_SGD, COMMON }, plain_sgd },
    { "sgd momentum",              { .kind = LSTMC_SGD, COMMON, .momentum = 0.9f }, plain_sgd },
    { "sgd nesterov",              { .kind = LSTMC_SGD, COMMON, .momentum = 0.9f, .nesterov = 1 }, plain_sgd },
    { "rmsprop",                   { .kind = LSTMC_RMSPROP, COMMON }, plain_rmsprop },
    { "rmsprop momentum",          { .kind = LSTMC_RMSPROP, COMMON, .momentum = 0.8f }, plain_rmsprop },
    { "rmsprop centered",          { .kind = LSTMC_RMSPROP, COMMON, .centered = 1 }, plain_rmsprop },
    { "rmsprop centered momentum", { .kind = LSTMC_RMSPROP, COMMON, .centered = 1, .momentum = 0.8f }, plain_rmsprop },
    { "adam",                      { .kind = LSTMC_ADAM, COMMON }, plain_adam },
    { "adam amsgrad",              { .kind = LSTMC_ADAM, COMMON, .amsgrad = 1 }, plain_adam },
    { "adamw",                     { .kind = LSTMC_ADAMW, COMMON }, plain_adam },
    { "adagrad",                   { .kind = LSTMC_ADAGRAD, COMMON }, plain_adagrad },
    { "adadelta",                  { .kind = LSTMC_ADADELTA, COMMON }, plain_adadelta },
    { "adamax",                    { .kind = LSTMC_ADAMAX, COMMON }, plain_adamax },
    { "nadam",                     { .kind = LSTMC_NADAM, COMMON }, plain_nadam },
    { "lion",                      { .kind = LSTMC_LION, COMMON }, plain_lion },
    { "pytorch sgd",               { .kind = LSTMC_SGD, PYTORCH }, plain_pytorch_sgd },
    { "pytorch sgd momentum",      { .kind = LSTMC_SGD, PYTORCH, .momentum = 0.9f }, plain_pytorch_sgd },
    { "pytorch sgd nesterov",      { .kind = LSTMC_SGD, PYTORCH, .momentum = 0.9f, .nesterov = 1 }, plain_pytorch_sgd },
    { "pytorch rmsprop",           { .kind = LSTMC_RMSPROP, PYTORCH }, plain_pytorch_rmsprop },
    { "pytorch rmsprop momentum",  { .kind = LSTMC_RMSPROP, PYTORCH, .momentum = 0.8f }, plain_pytorch_rmsprop },
    { "pytorch rmsprop centered",  { .kind = LSTMC_RMSPROP, PYTORCH, .centered = 1 }, plain_pytorch_rmsprop },
    { "pytorch rmsprop, both",     { .kind = LSTMC_RMSPROP, PYTORCH, .centered = 1, .momentum = 0.8f },
      plain_pytorch_rmsprop },
    { "pytorch adam",              { .kind = LSTMC_ADAM, PYTORCH }, plain_pytorch_adam },
    { "pytorch adam amsgrad",      { .kind = LSTMC_ADAM, PYTORCH, .amsgrad = 1 }, plain_pytorch_adam },
    { "pytorch adamw",             { .kind = LSTMC_ADAMW, PYTORCH }, plain_pytorch_adam },
#undef COMMON
#undef PYTORCH
};
enum { CASES = sizeof table / sizeof *table };

/* ---- the same bits ---- */

/* The weights, the gradient and the three parts of a state. */
struct values {
    float w[ROOM], g[ROOM], part[3][ROOM];
};

static void fill(float *x, uint64_t place)
{
    for (size_t i = 0; i < ROOM; i++)
        x[i] = i % 7 == 3 ? 0 : 2 * lstmc_random_uniform(9, place, i, 0) - 1;
}

/* One float behind the start of each, so that nothing is aligned. */
static struct lstmc_update update_of(struct values *v, size_t count, int clips)
{
    return (struct lstmc_update){
        .count = count, .w = v->w + 1, .g = v->g + 1, .part = { v->part[0] + 1, v->part[1] + 1, v->part[2] + 1 },
        .scale = clips ? 0.7f : 1, .limit = clips ? 0.3f : INFINITY,
        .decay = clips ? 0.01f : 0, .decay_of_gradient = clips ? 0.02f : 0,
        .rate = 0.05f, .rate_of_gradient = 0.03f, .root_correction = 1.5f,
    };
}

static void compare(int number, size_t count, int clips)
{
    static struct values got, expected;
    memset(&got, 0, sizeof got);
    fill(got.w, 1);
    expected = got;
    struct lstmc_update vectors = update_of(&got, count, clips), plain = update_of(&expected, count, clips);
    for (uint64_t t = 0; t < STEPS; t++) {
        fill(got.g, 10 + t);
        fill(expected.g, 10 + t);
        cr_expect(lstmc_range_update(&table[number].o, &vectors), "%s, %zu weights: one is said not to be finite",
                  table[number].what, count);
        for (size_t i = 0; i < count; i++)
            table[number].plain(&table[number].o, &plain, i);
    }
    for (size_t i = 0; i < sizeof got / sizeof(float); i++) {
        const float *a = (const float *)&got + i, *b = (const float *)&expected + i;
        cr_assert(!memcmp(a, b, sizeof *a), "%s%s, %zu weights: array %zu[%zu] is %.9g, one by one %.9g",
                  table[number].what, clips ? ", clips and decay" : "", count, i / ROOM, i % ROOM, (double)*a,
                  (double)*b);
    }
}

/* Where products may be fused into sums, each compiler does that where it likes. */
#ifndef __FP_FAST_FMAF
Test(ranges, updates_as_one_by_one)
{
    for (int number = 0; number < CASES; number++)
        for (int i = 0; i < COUNTS; i++)
            for (int clips = 0; clips < 2; clips++)
                compare(number, counts[i], clips);
}
#endif

/* ---- numbers that are none ---- */

/* Each place of a range, and no place behind it. */
Test(ranges, updates_say_which_weights_are_none)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    static struct values v;
    for (int number = 0; number < CASES; number++)
        for (size_t count = 1; count < 40; count++)
            for (size_t i = 0; i <= count; i++) {
                memset(&v, 0, sizeof v);
                struct lstmc_update u = update_of(&v, count, 0);
                u.w[i] = bad[(i + count) % 3];
                cr_assert_eq(lstmc_range_update(&table[number].o, &u), i == count, "%s: weight %zu of %zu is %g",
                             table[number].what, i, count, (double)u.w[i]);
                memset(&v, 0, sizeof v);           /* what a momentum had of it */
                u.w[i] = i % 2 ? FLT_MAX : -FLT_MAX;
                cr_assert(lstmc_range_update(&table[number].o, &u), "%s: weight %zu of %zu is a number",
                          table[number].what, i, count);
            }
}

Test(ranges, finite)
{
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY }, good[] = { FLT_MAX, -FLT_MAX, FLT_MIN / 2, -0.0f };
    static float x[ROOM];
    for (int c = 0; c < COUNTS; c++)
        for (size_t i = 0; i <= counts[c]; i += i + 50 < counts[c] ? 13 : 1) {
            int is_behind = i == counts[c];
            x[1 + i] = bad[i % 4];
            cr_expect_eq(lstmc_range_is_finite(x + 1, counts[c]), is_behind, "number %zu of %zu is %g", i, counts[c],
                      (double)x[1 + i]);
            x[1 + i] = good[i % 4];
            cr_expect(lstmc_range_is_finite(x + 1, counts[c]), "number %zu of %zu is %g", i, counts[c],
                      (double)x[1 + i]);
            x[1 + i] = 0;
        }
}

Test(ranges, add)
{
    static float into[ROOM], before[ROOM], from[ROOM];
    fill(from, 3);
    for (int c = 0; c < COUNTS; c++) {
        fill(into, 4);
        memcpy(before, into, sizeof into);
        lstmc_range_add(into + 1, from + 1, counts[c]);
        for (size_t i = 0; i < ROOM; i++)
            cr_assert(into[i] == (i > 0 && i <= counts[c] ? before[i] + from[i] : before[i]),
                      "%zu numbers: [%zu] is %.9g", counts[c], i, (double)into[i]);
    }
}
