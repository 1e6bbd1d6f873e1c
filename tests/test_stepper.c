/* test_stepper.c: the optimiser's step on any number of threads gives the bits of lstmc_optimizer_step, for every optimiser and option. */
#include "runtime/train/stepper.h"
#include "runtime/lstmc_random.h"
#include "runtime/train/threads.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENSORS = 7, TRAINABLE = 6, STEPS = 3, SMALL_TENSORS = 3 };

/* One weight, a few, a block, a block and one, many, so that several tasks share them, and no multiple of anything; the last one is frozen. */
static const int extents[TENSORS] = { 5, LSTMC_BLOCK, LSTMC_BLOCK + 1, 30001, 1, 2 * LSTMC_BLOCK + 3, 11 };

struct subject {
    struct lstmc_model model;
    struct lstmc_tensor tensors[TENSORS];
};

/* All tensors, or the small ones alone, which one thread updates sooner than several. */
static void subject_init(struct subject *s, int trainable, const struct lstmc_optimizer *optimizer, float l1, float l2)
{
    memset(s, 0, sizeof *s);
    s->model = (struct lstmc_model){ .name = "subject", .weights = s->tensors, .weight_tensors = TENSORS, .optimizer = *optimizer };
    for (int i = 0; i < TENSORS; i++) {
        s->tensors[i] = (struct lstmc_tensor){ .name = "layer/weight", .rank = 1, .shape = { extents[i] }, .count = (size_t)extents[i],
                                               .offset = s->model.weight_count, .trainable = i < trainable, .l1 = i % 2 ? l1 : 0, .l2 = i % 3 ? 0 : l2 };
        s->model.weight_count += (size_t)extents[i];
        s->model.gradient_count += i < trainable ? (size_t)extents[i] : 0;
    }
}

static void fill(float *values, size_t count, uint64_t place)
{
    for (size_t i = 0; i < count; i++)
        values[i] = i % 7 == 3 ? 0 : 2 * lstmc_random_uniform(9, place, i, 0) - 1;
}

/* ---- an engine that is nothing but its threads -------------------------------------------------------------------------------------- */

struct team {
    struct lstmc_threads *threads;
    void (*task)(void *context, int index);
    void *context;
    int jobs, tasks;
};

static void team_task(void *context, int index, int thread)
{
    const struct team *team = context;
    (void)thread;
    team->task(team->context, index);
}

static void team_run(void *context, int count, void (*task)(void *task_context, int index), void *task_context)
{
    struct team *team = context;
    team->task = task;
    team->context = task_context;
    team->jobs++;
    team->tasks = count;
    lstmc_threads_run(team->threads, count, team_task, team);
}

/* ---- the same bits --------------------------------------------------------------------------------------------------------------------- */

struct values {
    float *w, *g, *state;
    size_t weights, gradients, states;
};

static struct values values_create(const struct lstmc_model *model)
{
    struct values v = { .weights = model->weight_count, .gradients = model->gradient_count, .states = lstmc_optimizer_floats(model) };
    v.w = lstmc_alloc(v.weights * sizeof(float));
    v.g = lstmc_alloc(v.gradients * sizeof(float));
    v.state = lstmc_alloc(v.states * sizeof(float));
    fill(v.w, v.weights, 1);
    return v;
}

static void values_free(struct values *v)
{
    lstmc_free(v->w);
    lstmc_free(v->g);
    lstmc_free(v->state);
}

static bool expect_bits(const char *where, const char *what, const float *got, const float *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&got[i], &expected[i], sizeof *got)) {
            cr_expect(0, "%s: %s[%zu of %zu] is %.9g, in one piece %.9g", where, what, i, count, (double)got[i], (double)expected[i]);
            return false;
        }
    return true;
}

/* Some blocks have no gradient before the last step. */
static void fill_gradient(float *g, size_t count, uint64_t t)
{
    fill(g, count, 10 + t);
    for (size_t i = 12000; i < 20000 && i < count && t < STEPS; i++)
        g[i] = 0;
}

/* A few steps both ways. */
static void compare_steps(const struct subject *s, const struct lstmc_engine *engine, const char *where)
{
    struct values got = values_create(&s->model), expected = values_create(&s->model);
    struct lstmc_stepper stepper;
    float *zeros = lstmc_alloc(got.gradients * sizeof(float));
    cr_assert_eq(lstmc_stepper_create(&stepper, engine, got.w, got.g, got.state, NULL), 0);
    for (uint64_t t = 1; t <= STEPS; t++) {
        float rate = t == 2 ? 0.03f : 0, penalty = -1;
        fill_gradient(expected.g, expected.gradients, t);
        fill_gradient(got.g, got.gradients, t);
        float expected_penalty = lstmc_penalty(&s->model, expected.w);
        lstmc_optimizer_step(&s->model, expected.w, expected.g, expected.state, t, rate);
        cr_expect(lstmc_stepper_prepare(&stepper, &penalty), "%s, step %d: a gradient is said not to be finite", where, (int)t);
        bool same = expect_bits(where, "penalty", &penalty, &expected_penalty, 1);
        same = same && expect_bits(where, "gradient", got.g, expected.g, got.gradients);
        cr_expect(lstmc_stepper_update(&stepper, t, rate), "%s, step %d: a weight is said not to be finite", where, (int)t);
        same = same && expect_bits(where, "weight", got.w, expected.w, got.weights);
        same = same && expect_bits(where, "state", got.state, expected.state, got.states);
        if (!same || !expect_bits(where, "gradient behind the update", got.g, zeros, got.gradients))
            break;
    }
    lstmc_stepper_free(&stepper);
    lstmc_free(zeros);
    values_free(&got);
    values_free(&expected);
}

enum { KINDS = LSTMC_LION + 1, OPTION_SETS = 32 * KINDS };

/* Option by option, as the bits of a number. */
static struct lstmc_optimizer option_set(int number, const char **clip)
{
    static const enum lstmc_optimizer_kind kinds[] = { LSTMC_SGD, LSTMC_RMSPROP, LSTMC_ADAM, LSTMC_ADAMW, LSTMC_ADAGRAD, LSTMC_ADADELTA,
                                                       LSTMC_ADAMAX, LSTMC_NADAM, LSTMC_LION };
    static const char *const clips[] = { "no clip", "clipnorm", "global_clipnorm", "clipvalue" };
    int options = number / KINDS, which = options & 3, momentum = options >> 2 & 1, other = options >> 3 & 1, decay = options >> 4 & 1;
    *clip = clips[which];
    return (struct lstmc_optimizer){
        .kind = kinds[number % KINDS], .learning_rate = 0.05f, .rho = 0.9f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f,
        .initial_accumulator_value = 0.1f, .momentum = momentum ? 0.9f : 0, .nesterov = other, .centered = other, .amsgrad = other, .weight_decay = decay ? 0.1f : 0,
        .clipnorm = which == 1 ? 2 : 0, .global_clipnorm = which == 2 ? 3 : 0, .clipvalue = which == 3 ? 0.3f : 0,
    };
}


static void test_threads(int threads)
{
    struct team team = { .threads = lstmc_threads_create(threads) };
    cr_assert_eq(lstmc_threads_count(team.threads), threads);
    for (int number = 0; number < 2 * OPTION_SETS; number++) {
        const char *clip;
        struct lstmc_optimizer optimizer = option_set(number, &clip);
        struct subject s;
        char where[120];
        int regularized = number / OPTION_SETS;
        subject_init(&s, number % 5 == 4 ? SMALL_TENSORS : TRAINABLE, &optimizer, regularized ? 0.01f : 0, regularized ? 0.02f : 0);
        struct lstmc_engine engine = { .model = &s.model, .context = &team, .run = team_run };
        snprintf(where, sizeof where, "%d threads, optimiser %d, %s, momentum %g, nesterov/centered/amsgrad %d, decay %g%s", threads, optimizer.kind,
                 clip, (double)optimizer.momentum, optimizer.nesterov, (double)optimizer.weight_decay, regularized ? ", regularizers" : "");
        compare_steps(&s, &engine, where);
    }
    cr_expect(team.jobs == 4 * STEPS * OPTION_SETS, "%d threads had %d jobs instead of two a step", threads, team.jobs);
    lstmc_threads_free(team.threads);
}

Test(stepper, one_thread) { test_threads(1); }
Test(stepper, two_threads) { test_threads(2); }
Test(stepper, three_threads) { test_threads(3); }
Test(stepper, five_threads) { test_threads(5); }
Test(stepper, eight_threads) { test_threads(8); }

Test(stepper, an_engine_without_threads)
{
    const char *clip;
    for (int number = 0; number < OPTION_SETS; number++) {
        struct lstmc_optimizer optimizer = option_set(number, &clip);
        struct subject s;
        subject_init(&s, TRAINABLE, &optimizer, 0.01f, 0.02f);
        compare_steps(&s, &(struct lstmc_engine){ .model = &s.model }, clip);
    }
}

/* What has never had a gradient is not touched: the updates see neither its weights nor the places of its averages, which are spoilt here once
 * that is known. Decay moves it all the same, and so does an average that somebody has brought along. */
Test(stepper, what_never_had_a_gradient_rests)
{
    for (int decays = 0; decays < 2; decays++) {
        struct lstmc_optimizer optimizer = { .kind = LSTMC_ADAM, .learning_rate = 0.1f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f,
                                             .weight_decay = decays ? 0.1f : 0 };
        struct subject s;
        subject_init(&s, TRAINABLE, &optimizer, 0, 0);
        struct values v = values_create(&s.model);
        struct lstmc_engine engine = { .model = &s.model };
        struct lstmc_stepper stepper;
        float penalty;
        const size_t place = s.tensors[3].offset + 3 * LSTMC_BLOCK, known = place + LSTMC_BLOCK;
        memset(v.state, 0, v.states * sizeof(float));
        v.state[known] = 0.5f;
        cr_assert_eq(lstmc_stepper_create(&stepper, &engine, v.w, v.g, v.state, NULL), 0);
        for (uint64_t t = 1; t <= 2; t++) {
            memset(v.g, 0, v.gradients * sizeof(float));
            v.g[0] = 1;
            cr_expect(lstmc_stepper_prepare(&stepper, &penalty));
            if (t == 2 && !decays)
                v.state[place] = NAN;
            float before = v.w[place + 1], moved = v.w[known];
            cr_expect_eq(lstmc_stepper_update(&stepper, t, 0), 1, "step %d", (int)t);
            cr_expect_eq(v.w[place + 1] != before, decays);
            cr_expect_neq(v.w[known], moved, "an average moves its weight");
        }
        lstmc_stepper_free(&stepper);
        values_free(&v);
    }
}

/* ---- numbers that are none ------------------------------------------------------------------------------------------------------------- */

/* Every place of a gradient is looked at, and nothing moves before. */
Test(stepper, a_gradient_that_is_no_number)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    struct subject s;
    struct team team = { .threads = lstmc_threads_create(2) };
    struct lstmc_optimizer optimizer = { .kind = LSTMC_SGD, .learning_rate = 0.1f };
    subject_init(&s, TRAINABLE, &optimizer, 0, 0);
    struct values v = values_create(&s.model), before = values_create(&s.model);
    struct lstmc_stepper stepper;
    float penalty;
    struct lstmc_engine engine = { .model = &s.model, .context = &team, .run = team_run };            /* a literal in the macro would end with it */
    cr_assert_eq(lstmc_stepper_create(&stepper, &engine, v.w, v.g, v.state, NULL), 0);
    for (size_t i = 0; i < v.gradients; i += i % 97 == 0 ? 1 : 12) {
        v.g[i] = bad[i % 3];
        cr_expect(!lstmc_stepper_prepare(&stepper, &penalty), "gradient[%zu] = %g was not seen", i, (double)v.g[i]);
        v.g[i] = 3e38f;                         /* large, but a number */
        cr_expect(lstmc_stepper_prepare(&stepper, &penalty), "gradient[%zu] = %g was taken for none", i, (double)v.g[i]);
        v.g[i] = 0;
    }
    expect_bits("no update", "weight", v.w, before.w, v.weights);
    lstmc_stepper_free(&stepper);
    values_free(&v);
    values_free(&before);
    lstmc_threads_free(team.threads);
}

Test(stepper, a_weight_that_becomes_no_number)
{
    struct subject s;
    struct team team = { .threads = lstmc_threads_create(3) };
    struct lstmc_optimizer optimizer = { .kind = LSTMC_SGD, .learning_rate = 10 };
    subject_init(&s, TRAINABLE, &optimizer, 0, 0);
    struct values v = values_create(&s.model);
    struct lstmc_stepper stepper;
    float penalty;
    struct lstmc_engine engine = { .model = &s.model, .context = &team, .run = team_run };            /* a literal in the macro would end with it */
    cr_assert_eq(lstmc_stepper_create(&stepper, &engine, v.w, v.g, v.state, NULL), 0);
    for (size_t i = 0; i < v.gradients; i += 41) {
        v.g[i] = 3e38f;
        cr_expect(lstmc_stepper_prepare(&stepper, &penalty), "gradient[%zu] = %g was taken for none", i, (double)v.g[i]);
        cr_expect(!lstmc_stepper_update(&stepper, 1, 0), "weight[%zu] = %g was not seen", i, (double)v.w[i]);
        v.w[i] = 0.5f;
        cr_expect(lstmc_stepper_prepare(&stepper, &penalty) && lstmc_stepper_update(&stepper, 1, 0), "weight[%zu] = %g was taken for none", i,
                  (double)v.w[i]);
    }
    lstmc_stepper_free(&stepper);
    values_free(&v);
    lstmc_threads_free(team.threads);
}

/* Exact, as all numbers are powers of two, whatever the number of them. */
Test(stepper, sums)
{
    static float x[3 * LSTMC_BLOCK];
    for (size_t count = 0; count < 100; count++) {
        double squares = 0, magnitudes = 0;
        for (size_t i = 0; i < count; i++) {
            x[i] = (i % 2 ? -1.0f : 1.0f) * (float)(1 << i % 8);
            squares += (double)x[i] * (double)x[i];
            magnitudes += fabs((double)x[i]);
        }
        x[count] = NAN;                         /* behind the end */
        cr_expect(lstmc_range_squares(x, count) == squares, "%zu squares: %g, expected %g", count, lstmc_range_squares(x, count), squares);
        cr_expect(lstmc_range_magnitudes(x, count) == magnitudes, "%zu magnitudes: %g, expected %g", count, lstmc_range_magnitudes(x, count), magnitudes);
        cr_expect(lstmc_range_is_finite(x, count) && !lstmc_range_is_finite(x, count + 1), "%zu numbers and one that is none", count);
    }
}

/* Blocks and tensors as a straightforward loop in double sees them: each tensor's norm is its own, and every weight moves once. */
Test(stepper, against_double)
{
    struct subject s;
    struct lstmc_optimizer optimizer = { .kind = LSTMC_SGD, .learning_rate = 0.5f, .clipnorm = 2, .weight_decay = 0.1f };
    subject_init(&s, TRAINABLE, &optimizer, 0.01f, 0.02f);
    struct values v = values_create(&s.model), before = values_create(&s.model);
    fill(v.g, v.gradients, 2);
    fill(before.g, v.gradients, 2);
    double all = 0;
    float norm = lstmc_optimizer_step(&s.model, v.w, v.g, v.state, 1, 0);
    for (int k = 0; k < TRAINABLE; k++) {
        const struct lstmc_tensor *tensor = &s.tensors[k];
        const float *w = before.w + tensor->offset;
        double squares = 0, *g = calloc(tensor->count, sizeof *g);
        for (size_t i = 0; i < tensor->count; i++) {
            g[i] = before.g[tensor->offset + i] + tensor->l1 * ((w[i] > 0) - (w[i] < 0)) + 2.0 * tensor->l2 * w[i];
            squares += g[i] * g[i];
        }
        for (size_t i = 0; i < tensor->count; i++) {
            double expected = w[i] - 0.05 * w[i] - 0.5 * g[i] * 2 / fmax(sqrt(squares), 2), got = v.w[tensor->offset + i];
            cr_assert(fabs(got - expected) < 1e-6, "weight %d[%zu]: %.9g, expected %.9g (tolerance 1e-6)", k, i, got, expected);
        }
        all += squares;
        free(g);
    }
    cr_expect(fabs((double)norm - sqrt(all)) < 1e-6 * sqrt(all), "norm %.9g, expected %.9g", (double)norm, sqrt(all));
    cr_expect(!memcmp(v.w + v.gradients, before.w + v.gradients, (v.weights - v.gradients) * sizeof(float)), "a frozen weight moved");
    values_free(&v);
    values_free(&before);
}

/* A clip asks for the norm before anything moves, and one out of reach changes nothing: the same bits as in one pass
 * without it, and the same norm. */
Test(stepper, a_clip_out_of_reach)
{
    const char *clip;
    for (int number = 0; number < OPTION_SETS; number++) {
        struct lstmc_optimizer optimizer = option_set(number, &clip);
        if (optimizer.clipnorm > 0 || optimizer.global_clipnorm > 0 || optimizer.clipvalue > 0)
            continue;
        struct subject s;
        struct values v[3];
        float norm[3];
        for (int way = 0; way < 3; way++) {
            optimizer.clipnorm = way == 1 ? 1e30f : 0;
            optimizer.global_clipnorm = way == 2 ? 1e30f : 0;
            subject_init(&s, TRAINABLE, &optimizer, 0.01f, 0.02f);
            v[way] = values_create(&s.model);
            for (uint64_t t = 1; t <= STEPS; t++) {
                fill(v[way].g, v[way].gradients, 10 + t);
                norm[way] = lstmc_optimizer_step(&s.model, v[way].w, v[way].g, v[way].state, t, 0);
            }
        }
        for (int way = 1; way < 3; way++) {
            const char *where = way == 1 ? "clipnorm" : "global_clipnorm";
            expect_bits(where, "norm", &norm[way], &norm[0], 1);
            expect_bits(where, "weight", v[way].w, v[0].w, v[0].weights);
            expect_bits(where, "gradient", v[way].g, v[0].g, v[0].gradients);
            expect_bits(where, "state", v[way].state, v[0].state, v[0].states);
        }
        for (int way = 0; way < 3; way++)
            values_free(&v[way]);
    }
}
