/* test_optimizer.c: every optimiser and option against a straightforward second implementation in double, and against figures
 * worked out by hand where a wrong formula is easily believed. */
#include "small_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = SMALL_GRADIENT_COUNT, STEPS = 7 };

/* Adam with these options changed; the fields that an optimiser does not read stay as they are. */
static const struct {
    const char *what;
    struct lstmc_optimizer o;
} table[] = {
#define COMMON .learning_rate = 0.05f, .rho = 0.9f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f
    { "sgd",                        { .kind = LSTMC_SGD, COMMON } },
    { "sgd momentum",               { .kind = LSTMC_SGD, COMMON, .momentum = 0.9f } },
    { "sgd nesterov",               { .kind = LSTMC_SGD, COMMON, .momentum = 0.9f, .nesterov = 1 } },
    { "sgd nesterov, no momentum",  { .kind = LSTMC_SGD, COMMON, .nesterov = 1 } },
    { "sgd weight_decay",           { .kind = LSTMC_SGD, COMMON, .weight_decay = 0.1f } },
    { "sgd clipnorm",               { .kind = LSTMC_SGD, COMMON, .clipnorm = 0.5f } },
    { "sgd clipnorm, large",        { .kind = LSTMC_SGD, COMMON, .clipnorm = 1e6f } },
    { "sgd global_clipnorm",        { .kind = LSTMC_SGD, COMMON, .global_clipnorm = 0.5f } },
    { "sgd global_clipnorm, large", { .kind = LSTMC_SGD, COMMON, .global_clipnorm = 1e6f } },
    { "sgd clipvalue",              { .kind = LSTMC_SGD, COMMON, .clipvalue = 0.3f } },
    { "rmsprop",                    { .kind = LSTMC_RMSPROP, COMMON } },
    { "rmsprop rho, epsilon",       { .kind = LSTMC_RMSPROP, .learning_rate = 0.05f, .rho = 0.7f, .epsilon = 0.1f } },
    { "rmsprop momentum",           { .kind = LSTMC_RMSPROP, COMMON, .momentum = 0.8f } },
    { "rmsprop centered",           { .kind = LSTMC_RMSPROP, COMMON, .centered = 1 } },
    { "rmsprop centered momentum",  { .kind = LSTMC_RMSPROP, COMMON, .centered = 1, .momentum = 0.8f, .weight_decay = 0.1f } },
    { "adam",                       { .kind = LSTMC_ADAM, COMMON } },
    { "adam betas, epsilon",        { .kind = LSTMC_ADAM, .learning_rate = 0.05f, .beta_1 = 0.5f, .beta_2 = 0.7f, .epsilon = 0.1f } },
    { "adam amsgrad",               { .kind = LSTMC_ADAM, .learning_rate = 0.05f, .beta_1 = 0.9f, .beta_2 = 0.5f, .epsilon = 1e-7f, .amsgrad = 1 } },
    { "adam clipnorm",              { .kind = LSTMC_ADAM, COMMON, .clipnorm = 0.5f } },
    { "adam global_clipnorm",       { .kind = LSTMC_ADAM, COMMON, .global_clipnorm = 0.5f } },
    { "adamw",                      { .kind = LSTMC_ADAMW, COMMON, .weight_decay = 0.2f } },
    { "adamw amsgrad clipvalue",    { .kind = LSTMC_ADAMW, COMMON, .weight_decay = 0.2f, .amsgrad = 1, .clipvalue = 0.2f } },
    { "adamw without decay",        { .kind = LSTMC_ADAMW, COMMON } },
    { "adagrad",                    { .kind = LSTMC_ADAGRAD, COMMON, .initial_accumulator_value = 0.1f } },
    { "adagrad from zero",          { .kind = LSTMC_ADAGRAD, COMMON, .weight_decay = 0.1f, .clipnorm = 0.5f } },
    { "adadelta",                   { .kind = LSTMC_ADADELTA, COMMON } },
    { "adadelta rho, epsilon",      { .kind = LSTMC_ADADELTA, .learning_rate = 1, .rho = 0.7f, .epsilon = 0.1f, .weight_decay = 0.1f } },
    { "adamax",                     { .kind = LSTMC_ADAMAX, COMMON } },
    { "adamax betas, epsilon",      { .kind = LSTMC_ADAMAX, .learning_rate = 0.05f, .beta_1 = 0.5f, .beta_2 = 0.7f, .epsilon = 0.1f, .weight_decay = 0.1f } },
    { "nadam",                      { .kind = LSTMC_NADAM, COMMON } },
    { "nadam betas, epsilon",       { .kind = LSTMC_NADAM, .learning_rate = 0.05f, .beta_1 = 0.5f, .beta_2 = 0.7f, .epsilon = 0.1f, .weight_decay = 0.1f } },
    { "lion",                       { .kind = LSTMC_LION, COMMON } },
    { "lion betas",                 { .kind = LSTMC_LION, .learning_rate = 0.05f, .beta_1 = 0.5f, .beta_2 = 0.7f, .weight_decay = 0.1f, .clipvalue = 0.3f } },
#undef COMMON
};

enum { CASES = sizeof table / sizeof *table };

/* The second implementation: one element at a time, each buffer always there. */
struct reference {
    double w[N], m[N], v[N], largest[N], mean[N];
    double momenta;             /* of nadam: the product of all so far */
};

static void reference_clip(const struct small_model *small, const struct lstmc_optimizer *o, double *g)
{
    double all = 0;
    for (int i = 0; i < N; i++)
        all += g[i] * g[i];
    for (int k = 0; k < 5; k++) {
        const struct lstmc_tensor *tensor = &small->weights[k];
        double own = 0;
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++)
            own += g[i] * g[i];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            if (o->clipnorm > 0)
                g[i] = g[i] * o->clipnorm / fmax(sqrt(own), o->clipnorm);
            if (o->global_clipnorm > 0)
                g[i] = g[i] * o->global_clipnorm * fmin(1 / sqrt(all), 1 / (double)o->global_clipnorm);
            if (o->clipvalue > 0)
                g[i] = fmax(-o->clipvalue, fmin(o->clipvalue, g[i]));
        }
    }
}

/* Dozat's algorithm 2 with Keras's schedule of the momentum. */
static double reference_nadam(struct reference *r, const struct lstmc_optimizer *o, int i, double g, double rate, int t)
{
    double beta_1 = o->beta_1, beta_2 = o->beta_2, u = beta_1 * (1 - 0.5 * pow(0.96, t)), u_next = beta_1 * (1 - 0.5 * pow(0.96, t + 1));
    if (i == 0)
        r->momenta = t == 1 ? u : r->momenta * u;
    r->m[i] = beta_1 * r->m[i] + (1 - beta_1) * g;
    r->v[i] = beta_2 * r->v[i] + (1 - beta_2) * g * g;
    double mean = u_next * r->m[i] / (1 - r->momenta * u_next) + (1 - u) * g / (1 - r->momenta);
    return -rate * mean / (sqrt(r->v[i] / (1 - pow(beta_2, t))) + o->epsilon);
}

/* One direction for all: the sign of an average that the gradient of this step is mixed into. */
static double reference_lion(struct reference *r, const struct lstmc_optimizer *o, int i, double g, double rate)
{
    double mixed = o->beta_1 * r->m[i] + (1 - (double)o->beta_1) * g;
    r->m[i] = o->beta_2 * r->m[i] + (1 - (double)o->beta_2) * g;
    return mixed > 0 ? -rate : mixed < 0 ? rate : 0;
}

static double reference_change(struct reference *r, const struct lstmc_optimizer *o, int i, double g, double rate, int t)
{
    double beta_1 = o->beta_1, beta_2 = o->beta_2, rho = o->rho;
    switch (o->kind) {
    case LSTMC_SGD:
        r->m[i] = o->momentum * r->m[i] - rate * g;
        return o->nesterov ? o->momentum * r->m[i] - rate * g : r->m[i];
    case LSTMC_RMSPROP:
        r->v[i] = rho * r->v[i] + (1 - rho) * g * g;
        r->mean[i] = rho * r->mean[i] + (1 - rho) * g;
        r->m[i] = o->momentum * r->m[i] + rate * g / sqrt(r->v[i] - (o->centered ? r->mean[i] * r->mean[i] : 0) + o->epsilon);
        return -r->m[i];
    case LSTMC_ADAM:
    case LSTMC_ADAMW:
        r->m[i] = beta_1 * r->m[i] + (1 - beta_1) * g;
        r->v[i] = beta_2 * r->v[i] + (1 - beta_2) * g * g;
        r->largest[i] = fmax(r->largest[i], r->v[i]);
        return -rate * sqrt(1 - pow(beta_2, t)) / (1 - pow(beta_1, t)) * r->m[i] / (sqrt(o->amsgrad ? r->largest[i] : r->v[i]) + o->epsilon);
    case LSTMC_ADAGRAD:
        r->v[i] = (t == 1 ? o->initial_accumulator_value : r->v[i]) + g * g;
        return -rate * g / sqrt(r->v[i] + o->epsilon);
    case LSTMC_ADADELTA:
        r->v[i] = rho * r->v[i] + (1 - rho) * g * g;
        double change = -sqrt(r->m[i] + o->epsilon) / sqrt(r->v[i] + o->epsilon) * g;
        r->m[i] = rho * r->m[i] + (1 - rho) * change * change;
        return rate * change;
    case LSTMC_ADAMAX:
        r->m[i] = beta_1 * r->m[i] + (1 - beta_1) * g;
        r->largest[i] = fmax(beta_2 * r->largest[i], fabs(g));
        return -rate / (1 - pow(beta_1, t)) * r->m[i] / (r->largest[i] + o->epsilon);
    case LSTMC_NADAM:
        return reference_nadam(r, o, i, g, rate, t);
    case LSTMC_LION:
        return reference_lion(r, o, i, g, rate);
    }
    return NAN;
}

static double reference_step(const struct small_model *small, struct reference *r, const float *gradients, double rate, int t)
{
    const struct lstmc_optimizer *o = &small->model.optimizer;
    double g[N], norm = 0;
    for (int k = 0; k < 5; k++) {
        const struct lstmc_tensor *tensor = &small->weights[k];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++)
            g[i] = gradients[i] + tensor->l1 * (r->w[i] > 0 ? 1 : r->w[i] < 0 ? -1 : 0) + 2 * tensor->l2 * r->w[i];
    }
    for (int i = 0; i < N; i++)
        norm += g[i] * g[i];
    reference_clip(small, o, g);
    for (int i = 0; i < N; i++) {
        r->w[i] -= rate * o->weight_decay * r->w[i];
        r->w[i] += reference_change(r, o, i, g[i], rate, t);
    }
    return sqrt(norm);
}

/* Random weights in [-0.2, 0.2), every seventh of them 0, where l1 has no slope. */
static void random_weights(float *w)
{
    for (int i = 0; i < SMALL_WEIGHT_COUNT; i++)
        w[i] = i % 7 ? 0.4f * ((float)rand() / (float)RAND_MAX) - 0.2f : 0;
}

static void compare_case(const char *what, const struct lstmc_optimizer *o, float l1, float l2, const float *rates)
{
    struct small_model small;
    small_model_init(&small);
    small.model.optimizer = *o;
    for (int k = 0; k < SMALL_WEIGHTS; k++) {
        small.weights[k].l1 = k % 2 ? l1 : 0;
        small.weights[k].l2 = k % 3 ? 0 : l2;
    }
    float w[SMALL_WEIGHT_COUNT], g[N];
    random_weights(w);
    float fixed[2] = { w[N], w[N + 1] };
    struct reference r = { 0 };
    for (int i = 0; i < N; i++)
        r.w[i] = w[i];
    float *state = lstmc_alloc(lstmc_optimizer_floats(&small.model) * sizeof(float));
    for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < N; i++)
            g[i] = (2 * ((float)rand() / (float)RAND_MAX) - 1) * (t % 3 == 0 ? 0.1f : 1);
        double norm = reference_step(&small, &r, g, rates[t - 1] > 0 ? rates[t - 1] : o->learning_rate, t);
        float given = lstmc_optimizer_step(&small.model, w, g, state, (uint64_t)t, rates[t - 1]);
        cr_expect(fabs(given - norm) < 1e-6 * norm, "%s, step %d: global norm %g, expected %g", what, t, given, norm);
        for (int i = 0; i < N; i++)
            cr_assert(fabs(w[i] - r.w[i]) < 1e-6 * fmax(1, fabs(r.w[i])), "%s, step %d: w[%d] = %.9g, expected %.9g (tolerance 1e-6)",
                      what, t, i, w[i], r.w[i]);
    }
    cr_expect(w[N] == fixed[0] && w[N + 1] == fixed[1], "%s: an untrainable weight changed", what);
    lstmc_free(state);
}

Test(optimizer, own_learning_rate)
{
    static const float rates[STEPS] = { 0 };
    for (int i = 0; i < CASES; i++)
        compare_case(table[i].what, &table[i].o, 0, 0, rates);
}

/* Keras's momentum holds the learning rate inside, which only a changing rate can show. */
Test(optimizer, changing_learning_rate)
{
    static const float rates[STEPS] = { 0.1f, 0.1f, 0.02f, 0.02f, 0, 0.2f, 0.01f };
    for (int i = 0; i < CASES; i++)
        compare_case(table[i].what, &table[i].o, 0, 0, rates);
}

Test(optimizer, regularizers)
{
    static const float rates[STEPS] = { 0 };
    for (int i = 0; i < CASES; i++)
        compare_case(table[i].what, &table[i].o, 0.3f, 0.5f, rates);
}

/* One weight, `steps` gradients; the weights after each step. */
static void one_weight(struct lstmc_optimizer optimizer, float w, const float *gradients, int steps, float *after)
{
    struct small_model small;
    one_weight_model(&small, 1, (int[]){ 1 }, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
    small.model.optimizer = optimizer;
    float state[3] = { 0 };
    for (int t = 1; t <= steps; t++) {
        float g = gradients[t - 1];
        lstmc_optimizer_step(&small.model, &w, &g, state, (uint64_t)t, 0);
        after[t - 1] = w;
    }
}

static void expect_sequence(const char *what, struct lstmc_optimizer optimizer, float start, const float *gradients, const double *expected, int steps)
{
    float after[8];
    one_weight(optimizer, start, gradients, steps, after);
    for (int t = 0; t < steps; t++)
        cr_expect(fabs(after[t] - expected[t]) < 2e-7, "%s, step %d: %.9g, expected %.9g", what, t + 1, after[t], expected[t]);
}

Test(optimizer, by_hand)
{
    static const float ones[5] = { 1, 1, 1, 1, 1 }, changing[5] = { 1, -1, 2, 0, 0 };
    expect_sequence("sgd", (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 0.1f }, 0, changing,
                    (double[]){ -0.1, 0, -0.2, -0.2, -0.2 }, 5);
    expect_sequence("momentum", (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 0.1f, .momentum = 0.5f }, 0, ones,
                    (double[]){ -0.1, -0.25, -0.425, -0.6125, -0.80625 }, 5);
    expect_sequence("nesterov", (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 0.1f, .momentum = 0.5f, .nesterov = 1 }, 0, ones,
                    (double[]){ -0.15, -0.325, -0.5125, -0.70625, -0.903125 }, 5);
    expect_sequence("decay", (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 0.1f, .weight_decay = 0.5f }, 1, (float[]){ 0, 1 },
                    (double[]){ 0.95, 0.8025 }, 2);
    /* v = 0.5, 0.25 + 0.5 = 0.75; the epsilon inside the root: 0.1 / sqrt(0.5 + 0.5), 0.1 / sqrt(0.75 + 0.5) */
    expect_sequence("rmsprop", (struct lstmc_optimizer){ .kind = LSTMC_RMSPROP, .learning_rate = 0.1f, .rho = 0.5f, .epsilon = 0.5f }, 0, ones,
                    (double[]){ -0.1, -0.18944271909999159 }, 2);
    /* Adam with a constant gradient moves by the learning rate at every step, whatever the betas. */
    expect_sequence("adam", (struct lstmc_optimizer){ .kind = LSTMC_ADAM, .learning_rate = 0.1f, .beta_1 = 0.9f, .beta_2 = 0.999f }, 0, ones,
                    (double[]){ -0.1, -0.2, -0.3, -0.4, -0.5 }, 5);
    expect_sequence("adamax", (struct lstmc_optimizer){ .kind = LSTMC_ADAMAX, .learning_rate = 0.1f, .beta_1 = 0.9f, .beta_2 = 0.999f }, 0,
                    ones, (double[]){ -0.1, -0.2, -0.3, -0.4, -0.5 }, 5);
    /* a = 0.25 + 1, + 1: 0.1 / sqrt(1.25 + 0.3125) = 0.1 / 1.25; 0.1 / sqrt(2.25 + 0.3125) */
    expect_sequence("adagrad", (struct lstmc_optimizer){ .kind = LSTMC_ADAGRAD, .learning_rate = 0.1f, .initial_accumulator_value = 0.25f,
                    .epsilon = 0.3125f }, 0, ones, (double[]){ -0.08, -0.08 - 0.062469504755442426 }, 2);
    /* a = 0.5, 0.75; change = sqrt(0.5) / sqrt(1) = 0.70710678, d = 0.25; change = sqrt(0.75) / sqrt(1.25) = 0.77459667 */
    expect_sequence("adadelta", (struct lstmc_optimizer){ .kind = LSTMC_ADADELTA, .learning_rate = 0.1f, .rho = 0.5f, .epsilon = 0.5f }, 0,
                    ones, (double[]){ -0.070710678118654752, -0.148170347042803 }, 2);
    /* m = 0.25, 0.1375, 0.053125 behind the steps; the signs of 0.5, 0.125 - 0.1, 0.06875 - 0.1, 0.0265625 */
    expect_sequence("lion", (struct lstmc_optimizer){ .kind = LSTMC_LION, .learning_rate = 0.1f, .beta_1 = 0.5f, .beta_2 = 0.75f }, 0,
                    (float[]){ 1, -0.2f, -0.2f, 0 }, (double[]){ -0.1, -0.2, -0.1, -0.2 }, 4);
}

/* Nadam with a constant gradient g: m = (1 - beta_1^t) g, v corrected g^2, whatever t; so that what is left is
 * u(t+1) (1 - beta_1^t) / (1 - U(t+1)) + (1 - u(t)) / (1 - U(t)). At t = 1 with beta_1 = 0.5: u = 0.26, 0.2696, U = 0.26,
 * 0.070096, then 0.2696, 0.278816, U = 0.070096, 0.01954389 (beta_1 (1 - 0.96^t / 2)). */
Test(optimizer, nadam_by_hand)
{
    static const float ones[2] = { 1, 1 };
    double first = 0.2696 * 0.5 / (1 - 0.070096) + (1 - 0.26) / (1 - 0.26);
    double second = 0.278816 * 0.75 / (1 - 0.070096 * 0.278816) + (1 - 0.2696) / (1 - 0.070096);
    expect_sequence("nadam", (struct lstmc_optimizer){ .kind = LSTMC_NADAM, .learning_rate = 0.1f, .beta_1 = 0.5f, .beta_2 = 0.999f }, 0,
                    ones, (double[]){ -0.1 * first, -0.1 * (first + second) }, 2);
}

/* Far on, where the product of the momenta is no longer one of single factors. */
Test(optimizer, nadam_far_on)
{
    struct lstmc_optimizer nadam = { .kind = LSTMC_NADAM, .learning_rate = 0.1f, .beta_1 = 0.9999f, .beta_2 = 0.999f, .epsilon = 1 };
    struct small_model small;
    double product = 1, t = 3000;
    for (int i = 1; i <= 3000; i++)
        product *= (double)nadam.beta_1 * (1 - 0.5 * pow(0.96, i));
    one_weight_model(&small, 1, (int[]){ 1 }, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
    small.model.optimizer = nadam;
    float state[3] = { 0 }, w = 0, g = 1;
    lstmc_optimizer_step(&small.model, &w, &g, state, 3000, 0);
    double u = (double)nadam.beta_1, mean = u * (1 - u) / (1 - product * u) + (1 - u) / (1 - product);
    double expected = -0.1 * mean / (sqrt((1 - (double)nadam.beta_2) / (1 - pow((double)nadam.beta_2, t))) + 1);
    cr_expect(fabs(w - expected) < 1e-5 * fabs(expected), "%.9g, expected %.9g", w, expected);
}

/* What has no sign is not taken for a gradient of 0. */
Test(optimizer, lion_of_no_number)
{
    float after[2];
    one_weight((struct lstmc_optimizer){ .kind = LSTMC_LION, .learning_rate = 0.1f, .beta_1 = 0.9f, .beta_2 = 0.99f }, 1, (float[]){ NAN, 1 }, 2,
               after);
    cr_expect(isnan(after[0]) && isnan(after[1]), "%g, %g", after[0], after[1]);
    one_weight((struct lstmc_optimizer){ .kind = LSTMC_ADAMAX, .learning_rate = 0.1f, .beta_1 = 0.9f, .beta_2 = 0.99f }, 1, (float[]){ NAN, 1 }, 2,
               after);
    cr_expect(isnan(after[0]) && isnan(after[1]), "%g, %g", after[0], after[1]);
}

/* At t = 1 with g near epsilon the two places of Adam's epsilon differ 16-fold: Keras g s / (s |g| + epsilon), s = sqrt(1 - beta_2). */
Test(optimizer, epsilon_of_adam)
{
    static const float gradients[] = { 1e-4f, 1e-6f, 1e-7f, -1e-7f, 1e-8f };
    struct lstmc_optimizer adam = { .kind = LSTMC_ADAM, .learning_rate = 1, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f };
    for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++) {
        float after;
        one_weight(adam, 0, &gradients[i], 1, &after);
        double s = sqrt(0.001), g = gradients[i], expected = -g * s / (s * fabs(g) + 1e-7);
        cr_expect(fabs(after - expected) < 1e-4 * fabs(expected), "g = %g: %g, expected %g", g, after, expected);
    }
}

/* RMSprop's stands inside the root. */
Test(optimizer, epsilon_of_rmsprop)
{
    static const float gradients[] = { 1e-3f, 1e-4f, -1e-5f };
    struct lstmc_optimizer rmsprop = { .kind = LSTMC_RMSPROP, .learning_rate = 1, .rho = 0.9f, .epsilon = 1e-7f };
    for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++) {
        float after;
        one_weight(rmsprop, 0, &gradients[i], 1, &after);
        double g = gradients[i], expected = -g / sqrt(0.1 * g * g + 1e-7);
        cr_expect(fabs(after - expected) < 1e-4 * fabs(expected), "g = %g: %g, expected %g", g, after, expected);
    }
}

Test(optimizer, state_sizes)
{
    for (int i = 0; i < CASES; i++) {
        const struct lstmc_optimizer *o = &table[i].o;
        struct small_model small;
        small_model_init(&small);
        small.model.optimizer = *o;
        int parts = o->kind == LSTMC_SGD ? o->momentum != 0
                  : o->kind == LSTMC_RMSPROP ? 1 + (o->momentum != 0) + o->centered
                  : o->kind == LSTMC_ADAGRAD || o->kind == LSTMC_LION ? 1 : 2 + o->amsgrad;
        size_t floats = lstmc_optimizer_floats(&small.model);
        cr_expect(floats == (size_t)(parts * N), "%s: %zu floats, expected %d", table[i].what, floats, parts * N);
    }
}

/* The state is as long as promised: the step writes neither before nor behind it. */
Test(optimizer, stays_in_its_state)
{
    for (int i = 0; i < CASES; i++) {
        struct small_model small;
        small_model_init(&small);
        small.model.optimizer = table[i].o;
        size_t floats = lstmc_optimizer_floats(&small.model);
        float *state = malloc(floats ? floats * sizeof *state : 1);
        memset(state, 0, floats * sizeof *state);
        float w[SMALL_WEIGHT_COUNT], g[N];
        random_weights(w);
        memcpy(g, w, sizeof g);
        lstmc_optimizer_step(&small.model, w, g, state, 1, 0);
        free(state);
    }
}

Test(optimizer, not_a_number)
{
    struct small_model small;
    float w[SMALL_WEIGHT_COUNT], g[N];
    for (int clip = 0; clip < 2; clip++)
        for (int kind = 0; kind < 2; kind++) {
            small_model_init(&small);
            small.model.optimizer = (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 1 };
            *(clip ? &small.model.optimizer.global_clipnorm : &small.model.optimizer.clipnorm) = 1;
            random_weights(w);
            for (int i = 0; i < N; i++)
                g[i] = 0.1f;
            g[5] = kind ? INFINITY : NAN;
            float norm = lstmc_optimizer_step(&small.model, w, g, NULL, 1, 0);
            cr_expect(!isfinite(norm), "norm %g, expected none", norm);
            cr_expect(isnan(w[5]), "%s: the bad weight is %g", clip ? "global_clipnorm" : "clipnorm", w[5]);
            cr_expect(clip || kind ? 1 : isnan(w[6]) != 0, "clipnorm: a norm of NaN left its own weight alone");
            int spoilt = 0;
            for (int i = 24; i < N; i++)
                spoilt += isnan(w[i]) != 0;
            cr_expect(spoilt == (clip ? N - 24 : 0), "%s: %d of %d other weights are spoilt", clip ? "global_clipnorm" : "clipnorm", spoilt, N - 24);
        }
}

Test(optimizer, penalty)
{
    struct small_model small;
    small_model_init(&small);
    float w[SMALL_WEIGHT_COUNT] = { 0 };
    cr_expect(lstmc_penalty(&small.model, w) == 0, "penalty of zeros");
    w[0] = 3;
    w[1] = -4;
    w[24] = -2;
    w[N] = 100;                                 /* not trainable: Keras leaves it out */
    small.weights[0].l2 = 0.5f;
    small.weights[1].l1 = 0.25f;
    small.weights[5].l1 = small.weights[5].l2 = 1;
    float penalty = lstmc_penalty(&small.model, w);
    cr_expect(fabsf(penalty - 13) < 1e-6f, "penalty %g, expected 0.5 * 25 + 0.25 * 2 = 13", penalty);
}

/* The gradient of the regularisers is the slope of the penalty. */
Test(optimizer, penalty_and_gradient_agree)
{
    struct small_model small;
    small_model_init(&small);
    small.model.optimizer = (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 1e-3f };
    for (int k = 0; k < 5; k++) {
        small.weights[k].l1 = 0.1f * (float)k;
        small.weights[k].l2 = 0.3f;
    }
    float w[SMALL_WEIGHT_COUNT], moved[SMALL_WEIGHT_COUNT], g[N] = { 0 };
    random_weights(w);
    memcpy(moved, w, sizeof w);
    lstmc_optimizer_step(&small.model, moved, g, NULL, 1, 0);
    for (int i = 0; i < N; i += 5) {
        if (i % 7 == 0)
            continue;
        float h = 1e-2f * fabsf(w[i]), kept = w[i];
        w[i] = kept + h;
        double above = lstmc_penalty(&small.model, w);
        w[i] = kept - h;
        double below = lstmc_penalty(&small.model, w);
        w[i] = kept;
        double slope = (above - below) / (2.0 * h);
        cr_expect(fabs(g[i] - slope) < 1e-2 * fmax(fabs(slope), 0.1), "w[%d]: gradient %g, slope %g", i, g[i], slope);
    }
}

Test(optimizer, nothing_to_train)
{
    struct small_model small;
    small_model_init(&small);
    for (int i = 0; i < SMALL_WEIGHTS; i++)
        small.weights[i].trainable = 0;
    small.model.gradient_count = 0;
    float w[SMALL_WEIGHT_COUNT], before[SMALL_WEIGHT_COUNT];
    random_weights(w);
    memcpy(before, w, sizeof w);
    cr_expect(lstmc_optimizer_floats(&small.model) == 0, "state without gradients");
    cr_expect(lstmc_optimizer_step(&small.model, w, NULL, NULL, 1, 0) == 0, "a norm without gradients");
    cr_expect(!memcmp(w, before, sizeof w), "a frozen model changed");
}

Test(alloc, alignment_and_zeros)
{
    for (size_t bytes = 0; bytes < 300; bytes++) {
        unsigned char *memory = lstmc_alloc(bytes);
        cr_assert(memory && (uintptr_t)memory % 64 == 0, "%zu bytes: %p", bytes, (void *)memory);
        for (size_t i = 0; i < bytes; i++)
            cr_assert(memory[i] == 0, "%zu bytes: byte %zu is %d", bytes, i, memory[i]);
        memset(memory, 0xa5, bytes);
        lstmc_free(memory);
    }
    lstmc_free(NULL);
    cr_expect(lstmc_alloc(SIZE_MAX) == NULL && lstmc_alloc(SIZE_MAX / 2) == NULL, "memory that cannot be");
}
