/* test_constraint.c: the constraints of weights against the formulas of keras.constraints in double, one element at a time; and their way
 * from a description into the generated C, the optimiser's step and a training. */
#include "compiled_model.h"
#include "small_model.h"
#include "runtime/train/stepper.h"
#include "runtime/train/threads.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { COUNT_MAX = 3 * 5 * 131 };

/* The norm of which element `at` is a part: over all elements that differ from it along the axes alone. */
static double norm_around(const struct lstmc_tensor *t, const float *w, size_t at)
{
    double squares = 0;
    for (size_t other = 0; other < t->count; other++) {
        size_t a = at, b = other;
        bool same = true;
        for (int d = t->rank - 1; d >= 0; d--) {
            size_t extent = (size_t)t->shape[d];
            same &= (t->constraint.axes >> d & 1) || a % extent == b % extent;
            a /= extent;
            b /= extent;
        }
        squares += same ? (double)w[other] * (double)w[other] : 0;
    }
    return sqrt(squares);
}

static double held(const struct lstmc_tensor *t, const float *w, size_t at)
{
    const struct lstmc_constraint *c = &t->constraint;
    double norm = norm_around(t, w, at), value = w[at], least = c->min_value, most = c->max_value, rate = c->rate;
    switch (c->kind) {
    case LSTMC_UNCONSTRAINED:
        return value;
    case LSTMC_MAX_NORM:
        return value * fmin(norm, most) / (1e-7 + norm);
    case LSTMC_NON_NEG:
        return fmax(value, 0);
    case LSTMC_UNIT_NORM:
        return value / (1e-7 + norm);
    case LSTMC_MIN_MAX_NORM:
        return value * (rate * fmin(fmax(norm, least), most) + (1 - rate) * norm) / (1e-7 + norm);
    }
    return NAN;
}

static const struct lstmc_constraint constraints[] = {
    { .kind = LSTMC_MAX_NORM, .max_value = 1.2f }, { .kind = LSTMC_NON_NEG }, { .kind = LSTMC_UNIT_NORM },
    { .kind = LSTMC_MIN_MAX_NORM, .min_value = 1.5f, .max_value = 1.9f, .rate = 0.3f }, { .kind = LSTMC_UNCONSTRAINED },
};

static void fill(float *w, size_t count)
{
    for (size_t i = 0; i < count; i++)
        w[i] = (float)(sin(1.7 * (double)i) * (0.2 + 0.8 * fabs(cos(0.011 * (double)i))));
}

/* Along every set of axes, with columns beyond what is held at once. */
Test(constraint, formulas)
{
    static const int shapes[][4] = { { 5 }, { 7, 3 }, { 5, 131 }, { 3, 5, 131 }, { 3, 4, 5, 2 } };
    static const int ranks[] = { 1, 2, 2, 3, 4 };
    static float w[COUNT_MAX], before[COUNT_MAX];
    for (int s = 0; s < 5; s++)
        for (unsigned axes = 1; axes < 1u << ranks[s]; axes++)
            for (size_t k = 0; k < sizeof constraints / sizeof *constraints; k++) {
                struct small_model small;
                one_weight_model(&small, ranks[s], shapes[s], (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
                struct lstmc_tensor *t = &small.weights[0];
                t->constraint = constraints[k];
                t->constraint.axes = axes;
                fill(w, t->count);
                memcpy(before, w, sizeof w);
                lstmc_constrain(&small.model, w);
                for (size_t i = 0; i < t->count; i += s == 3 ? 13 : 1) {
                    double expected = held(t, before, i);
                    cr_assert(fabs(w[i] - expected) <= 1e-7 * fabs(expected), "shape %d, axes %u, constraint %d: w[%zu] = %.9g, expected %.9g",
                              s, axes, t->constraint.kind, i, (double)w[i], expected);
                }
            }
}

static void expect_pair(struct lstmc_constraint constraint, const float *w, const double *expected)
{
    struct small_model small;
    one_weight_model(&small, 1, (int[]){ 2 }, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
    small.weights[0].constraint = constraint;
    small.weights[0].constraint.axes = 1;
    float got[2] = { w[0], w[1] };
    lstmc_constrain(&small.model, got);
    for (int i = 0; i < 2; i++)
        cr_expect(fabs(got[i] - expected[i]) < 3e-7, "constraint %d of %g: %.9g, expected %.9g", constraint.kind, (double)w[i], (double)got[i], expected[i]);
}

Test(constraint, by_hand)
{
    static const float w[] = { 3, -4 };
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_MAX_NORM, .max_value = 2 }, w, (double[]){ 1.2, -1.6 });
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_MAX_NORM, .max_value = 6 }, w, (double[]){ 3, -4 });
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_UNIT_NORM }, w, (double[]){ 0.6, -0.8 });
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_NON_NEG }, w, (double[]){ 3, 0 });
    /* half of the way from 5 to 6, and from 5 to 4 */
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_MIN_MAX_NORM, .min_value = 6, .max_value = 10, .rate = 0.5f }, w, (double[]){ 3.3, -4.4 });
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_MIN_MAX_NORM, .min_value = 1, .max_value = 4, .rate = 0.5f }, w, (double[]){ 2.7, -3.6 });
    static const float zeros[] = { 0, 0 };
    expect_pair((struct lstmc_constraint){ .kind = LSTMC_MIN_MAX_NORM, .min_value = 1, .max_value = 4, .rate = 1 }, zeros, (double[]){ 0, 0 });
}

/* What is no number is not hidden. */
Test(constraint, nan_stays)
{
    for (size_t k = 0; k < sizeof constraints / sizeof *constraints; k++) {
        struct small_model small;
        one_weight_model(&small, 1, (int[]){ 2 }, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
        small.weights[0].constraint = constraints[k];
        float w[2] = { 1, NAN };
        lstmc_constrain(&small.model, w);
        cr_expect(isnan(w[1]), "constraint %d makes %g of NaN", constraints[k].kind, (double)w[1]);
    }
}

/* Behind the update, and of weights that learn. */
Test(constraint, of_a_step)
{
    struct small_model small;
    small_model_init(&small);
    small.model.optimizer = (struct lstmc_optimizer){ .kind = LSTMC_SGD, .learning_rate = 0.5f };
    small.weights[0].constraint = (struct lstmc_constraint){ .kind = LSTMC_UNIT_NORM, .axes = 1 };
    small.weights[SMALL_WEIGHTS - 1].constraint = (struct lstmc_constraint){ .kind = LSTMC_UNIT_NORM, .axes = 1 };
    float w[SMALL_WEIGHT_COUNT], before[SMALL_WEIGHT_COUNT], g[SMALL_GRADIENT_COUNT], state[1];
    fill(w, SMALL_WEIGHT_COUNT);
    for (int i = 0; i < SMALL_GRADIENT_COUNT; i++)
        g[i] = (float)cos(3.1 * i);
    for (int i = 0; i < SMALL_WEIGHT_COUNT; i++)
        before[i] = i < SMALL_GRADIENT_COUNT ? w[i] - 0.5f * g[i] : w[i];
    lstmc_optimizer_step(&small.model, w, g, state, 1, 0);
    for (size_t i = 0; i < SMALL_WEIGHT_COUNT; i++) {
        double expected = i < small.weights[0].count ? held(&small.weights[0], before, i) : (double)before[i];
        cr_expect(fabs(w[i] - expected) < 2e-7, "w[%zu] = %.9g, expected %.9g", i, (double)w[i], expected);
    }
}

/* ---- on threads ---- */

static struct lstmc_threads *team;
static void (*team_task)(void *context, int index);

static void call_task(void *context, int index, int thread)
{
    (void)thread;
    team_task(context, index);
}

static void run_team(void *context, int count, void (*task)(void *task_context, int index), void *task_context)
{
    (void)context;
    team_task = task;
    lstmc_threads_run(team, count, call_task, task_context);
}

Test(constraint, the_same_bits_on_threads)
{
    enum { TENSORS = 5, ROWS = 97, COLUMNS = 131, COUNT = TENSORS * ROWS * COLUMNS };
    static float one[COUNT], several[COUNT], g[COUNT], state[1];
    struct lstmc_tensor tensors[TENSORS];
    struct lstmc_model model = { .name = "m", .weights = tensors, .weight_tensors = TENSORS, .weight_count = COUNT, .gradient_count = COUNT,
                                 .optimizer = { .kind = LSTMC_SGD, .learning_rate = 0.1f } };
    for (int i = 0; i < TENSORS; i++) {
        tensors[i] = (struct lstmc_tensor){ .name = "a/b", .rank = 2, .shape = { ROWS, COLUMNS }, .count = ROWS * COLUMNS,
                                            .offset = (size_t)i * ROWS * COLUMNS, .trainable = 1, .constraint = constraints[i] };
        tensors[i].constraint.axes = i % 2 ? 1 : 2;
    }
    team = lstmc_threads_create(3);
    struct lstmc_engine engine = { .model = &model, .run = run_team };
    struct lstmc_stepper stepper;
    float penalty;
    fill(one, COUNT);
    fill(several, COUNT);
    fill(g, COUNT);
    cr_assert_eq(lstmc_stepper_create(&stepper, &engine, several, g, state, NULL), 0);
    cr_expect(lstmc_stepper_prepare(&stepper, &penalty) && lstmc_stepper_update(&stepper, 1, 0) && lstmc_stepper_constrain(&stepper));
    fill(g, COUNT);
    lstmc_optimizer_step(&model, one, g, state, 1, 0);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert(!memcmp(&one[i], &several[i], sizeof *one), "w[%zu]: %.9g, on three threads %.9g", i, (double)one[i], (double)several[i]);
    for (int i = 0; i < TENSORS; i++)
        tensors[i].constraint.kind = LSTMC_UNCONSTRAINED;
    cr_expect(!lstmc_stepper_constrain(&stepper), "there are none");
    lstmc_stepper_free(&stepper);
    lstmc_threads_free(team);
}

/* ---- from a description ---- */

static void expect_constraint(const struct lstmc_model *m, const char *weight, struct lstmc_constraint expected)
{
    for (int w = 0; w < m->weight_tensors; w++) {
        const struct lstmc_constraint *c = &m->weights[w].constraint;
        if (!strcmp(m->weights[w].name, weight)) {
            cr_expect(c->kind == expected.kind && c->axes == expected.axes && c->min_value == expected.min_value &&
                      c->max_value == expected.max_value && c->rate == expected.rate, "%s: kind %d axes %u min %g max %g rate %g", weight, c->kind,
                      c->axes, (double)c->min_value, (double)c->max_value, (double)c->rate);
            return;
        }
    }
    cr_expect(0, "there is no %s", weight);
}

static const char described[] =
    "return Sequential{ name = 'held', Input{6, 3},\n"
    "  Conv1D{4, 3, kernel_constraint = MaxNorm{1.5, axis = {0, 1}}, bias_constraint = 'non_neg'},\n"
    "  LayerNormalization{gamma_constraint = 'max_norm', beta_constraint = UnitNorm{axis = -1}},\n"
    "  LSTM{5, kernel_constraint = MinMaxNorm{0.25, 0.75, rate = 0.5, axis = 1}, recurrent_constraint = 'unit_norm',\n"
    "       bias_constraint = 'min_max_norm'},\n"
    "  Dense{2, kernel_constraint = NonNeg(), bias_constraint = false}, loss = 'mse', optimizer = SGD{0.5}, batch_size = 4 }\n";

static void expect_described(const struct lstmc_model *m)
{
    expect_constraint(m, "conv1d/kernel", (struct lstmc_constraint){ LSTMC_MAX_NORM, 3, 0, 1.5f, 0 });
    expect_constraint(m, "conv1d/bias", (struct lstmc_constraint){ LSTMC_NON_NEG, 0, 0, 0, 0 });
    expect_constraint(m, "layer_normalization/gamma", (struct lstmc_constraint){ LSTMC_MAX_NORM, 1, 0, 2, 0 });
    expect_constraint(m, "layer_normalization/beta", (struct lstmc_constraint){ LSTMC_UNIT_NORM, 1, 0, 0, 0 });
    expect_constraint(m, "lstm/kernel", (struct lstmc_constraint){ LSTMC_MIN_MAX_NORM, 2, 0.25f, 0.75f, 0.5f });
    expect_constraint(m, "lstm/recurrent_kernel", (struct lstmc_constraint){ LSTMC_UNIT_NORM, 1, 0, 0, 0 });
    expect_constraint(m, "lstm/bias", (struct lstmc_constraint){ LSTMC_MIN_MAX_NORM, 1, 0, 1, 1 });
    expect_constraint(m, "dense/kernel", (struct lstmc_constraint){ LSTMC_NON_NEG, 0, 0, 0, 0 });
    expect_constraint(m, "dense/bias", (struct lstmc_constraint){ LSTMC_UNCONSTRAINED, 0, 0, 0, 0 });
}

/* A training of a few batches ends with weights that are held already. */
static void expect_held(const struct lstmc_model *m)
{
    float x[8 * 18], y[16];
    struct lstmc_engine engine;
    struct lstmc_message message = { "" };
    struct lstmc_dataset data = { .samples = 8, .x = x, .y = y };
    struct lstmc_train_options options = { .epochs = 2, .seed = 3, .quiet = 1 };
    float *weights = lstmc_alloc(m->weight_count * sizeof(float)), *again = lstmc_alloc(m->weight_count * sizeof(float));
    fill(x, 8 * 18);
    fill(y, 16);
    lstmc_init(m, weights, 3);
    cr_assert_eq(lstmc_engine_create(m, &engine), LSTMC_OK);
    cr_assert_eq(lstmc_train(&engine, weights, &data, NULL, &options, NULL, &message), LSTMC_OK, "%s", message.text);
    memcpy(again, weights, m->weight_count * sizeof(float));
    lstmc_constrain(m, again);
    for (int w = 0; w < m->weight_tensors; w++)         /* one whose rate is 1/2 goes on */
        for (size_t i = 0; m->weights[w].constraint.rate != 0.5f && i < m->weights[w].count; i++) {
            size_t at = m->weights[w].offset + i;
            cr_expect(fabs(again[at] - weights[at]) <= 2e-6 * fabs(again[at]) + 1e-9, "%s[%zu] = %.9g is not held: %.9g", m->weights[w].name, i,
                      (double)weights[at], (double)again[at]);
        }
    lstmc_engine_free(&engine);
    lstmc_free(weights);
    lstmc_free(again);
}

Test(constraint, from_a_description_into_c)
{
    struct compiled_model c;
    compiled_model_create(&c, described, "-O1", false);
    expect_described(&description_model(c.description)->descriptor);
    expect_described(c.model);
    cr_expect(strstr(c.compiled.header.text, "lstmc_constrain"), "the header does not say who holds the weights");
    expect_held(c.model);
    compiled_model_free(&c);
}
