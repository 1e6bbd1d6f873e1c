/* test_threads.c: an engine computes the same bits on any number of threads, on several at once, and leaves nothing behind. */
#define _GNU_SOURCE      /* pthread_setattr_default_np */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/train/threads.h"
#include "compiled_model.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __SANITIZE_THREAD__
#define GENERATED_FLAGS "-O1 -g -fsanitize=thread"
#else
#define GENERATED_FLAGS "-O1"
#endif

#define BATCH 3
#define SHARDS_MAX 4
#define PLURAL_OF(number) (number) == 1 ? "" : "s"

/* ---- small numbers ---- */

static void multiply(void *context, int index, int thread)
{
    (void)thread;
    volatile float *numbers = context;
    numbers[index] *= 0.5f;
}

/* The caller's own are as they were. */
Test(threads, numbers_that_fade_are_zero)
{
    enum { TASKS = 64 };
    for (int count = 1; count <= 2; count++) {
        struct lstmc_threads *threads = lstmc_threads_create(count);
        volatile float numbers[TASKS], own = 1e-40f;
        for (int i = 0; i < TASKS; i++)
            numbers[i] = i % 2 ? 1e-40f : 1.5e-38f;     /* an operand, a result */
        lstmc_threads_run(threads, TASKS, multiply, (void *)numbers);
#if defined __x86_64__ || defined __aarch64__
        for (int i = 0; i < TASKS; i++)
            cr_expect(numbers[i] == 0, "%d threads, task %d: %g", count, i, (double)numbers[i]);
#endif
        own *= 0.5f;
        cr_expect(own > 0, "the caller's numbers are zero too");
        lstmc_threads_free(threads);
    }
}

/* ---- a generated model ----------------------------------------------------------------------------------------------------------- */

struct subject {
    struct compiled_model c;
    const struct lstmc_model *model;
    struct lstmc_dataset data;
    float *weights;
};

static void fill_data(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data)
{
    cr_assert_eq(lstmc_dataset_alloc(model, samples, data), 0);
    for (size_t i = 0; i < samples * model->input_count; i++)
        ((float *)data->x)[i] = 2 * lstmc_random_uniform(5, 1, i, 0) - 1;
    for (size_t i = 0; i < samples * model->target_count; i++)
        ((float *)data->y)[i] = 2 * lstmc_random_uniform(5, 2, i, 0) - 1;
}

/* Dropout, whose noise depends on the row, and two recurrent layers. */
static void subject_create(struct subject *s, int shards, bool inference)
{
    char text[400];
    memset(s, 0, sizeof *s);
    snprintf(text, sizeof text, "return Sequential{ name = \"subject\", Input{7, 3}, GRU{5, return_sequences = true}, Dropout{0.3}, LSTM{9},\n"
             "  Dense{2}, loss = \"mse\", optimizer = \"adam\", metrics = {\"mae\"}, batch_size = %d, shards = %d }\n", BATCH * shards, shards);
    compiled_model_create(&s->c, text, GENERATED_FLAGS, inference);
    s->model = s->c.model;
    cr_assert_eq(s->model->shards, shards);
    fill_data(s->model, (size_t)(BATCH * shards * 2 + BATCH + 1), &s->data);
    s->weights = lstmc_alloc(s->model->weight_count * sizeof(float));
    lstmc_init(s->model, s->weights, 3);
}

static void subject_free(struct subject *s)
{
    lstmc_free(s->weights);
    lstmc_dataset_free(&s->data);
    compiled_model_free(&s->c);
}

/* ---- the same bits ------------------------------------------------------------------------------------------------------------------ */

struct results {
    float *gradients, *train_output, *evaluate_output, *predict_output;
    float train_loss, evaluate_loss;
    size_t outputs;
};

/* Twice in a row, as a second job may find what the first one left. */
static struct results compute(const struct subject *s, struct lstmc_engine *engine, int rows)
{
    const struct lstmc_model *m = s->model;
    size_t outputs = (size_t)rows * m->output_count;
    struct results r = { .outputs = outputs, .gradients = lstmc_alloc(m->gradient_count * sizeof(float)) };
    r.train_output = lstmc_alloc(outputs * sizeof(float));
    r.evaluate_output = lstmc_alloc(outputs * sizeof(float));
    r.predict_output = lstmc_alloc(outputs * sizeof(float));
    engine->prepare(engine->context, s->weights);
    for (int turn = 0; turn < 2; turn++) {
        memset(r.gradients, 0, m->gradient_count * sizeof(float));
        r.train_loss = engine->train(engine->context, s->data.x, s->data.y, NULL, rows, 0, 0.1f, 11, r.gradients, r.train_output);
        r.evaluate_loss = engine->evaluate(engine->context, s->data.x, s->data.y, NULL, rows, 0.1f, r.evaluate_output);
        engine->predict(engine->context, s->data.x, rows, r.predict_output);
    }
    return r;
}

static void results_free(struct results *r)
{
    lstmc_free(r->gradients);
    lstmc_free(r->train_output);
    lstmc_free(r->evaluate_output);
    lstmc_free(r->predict_output);
}

static void expect_bits(const char *what, const float *got, const float *expected, size_t count, const char *where)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&got[i], &expected[i], sizeof *got)) {
            cr_expect(0, "%s: %s[%zu of %zu] is %.9g, on one thread %.9g", where, what, i, count, (double)got[i], (double)expected[i]);
            return;
        }
}

static void expect_same_results(const struct subject *s, const struct results *got, const struct results *expected, const char *where)
{
    expect_bits("training loss", &got->train_loss, &expected->train_loss, 1, where);
    expect_bits("loss", &got->evaluate_loss, &expected->evaluate_loss, 1, where);
    expect_bits("gradient", got->gradients, expected->gradients, s->model->gradient_count, where);
    expect_bits("training output", got->train_output, expected->train_output, got->outputs, where);
    expect_bits("output", got->evaluate_output, expected->evaluate_output, got->outputs, where);
    expect_bits("prediction", got->predict_output, expected->predict_output, got->outputs, where);
}

/* All shards full, some empty, the last one short. */
static void compare_calls(const struct subject *s, struct lstmc_engine *engine, struct lstmc_engine *alone, int threads)
{
    const int most = BATCH * s->model->shards, rows[] = { most, most - 1, 1, BATCH < most ? BATCH + 1 : BATCH, most > 2 * BATCH ? 2 * BATCH : most };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char where[80];
        snprintf(where, sizeof where, "%d shard%s, %d thread%s, %d rows", s->model->shards, PLURAL_OF(s->model->shards), threads, PLURAL_OF(threads),
                 rows[i]);
        struct results got = compute(s, engine, rows[i]), expected = compute(s, alone, rows[i]);
        expect_same_results(s, &got, &expected, where);
        cr_expect(got.train_loss > 0 && got.evaluate_loss > 0, "%s: the losses are %g and %g", where, (double)got.train_loss, (double)got.evaluate_loss);
        results_free(&got);
        results_free(&expected);
    }
}

static struct lstmc_history train(const struct subject *s, struct lstmc_engine *engine, float *weights)
{
    static const char *const metrics[] = { "mae" };
    struct lstmc_train_options options = { .epochs = 2, .seed = 4, .shuffle = 1, .metrics = metrics, .metric_count = 1, .quiet = 1 };
    struct lstmc_history history;
    struct lstmc_message message = { "" };
    memcpy(weights, s->weights, s->model->weight_count * sizeof *weights);
    cr_assert_eq(lstmc_train(engine, weights, &s->data, &s->data, &options, &history, &message), 0, "%s", message.text);
    return history;
}

static void compare_trainings(const struct subject *s, struct lstmc_engine *engine, struct lstmc_engine *alone, int threads)
{
    size_t count = s->model->weight_count;
    float *got = lstmc_alloc(count * sizeof *got), *expected = lstmc_alloc(count * sizeof *expected);
    struct lstmc_history a = train(s, engine, got), b = train(s, alone, expected);
    char where[80];
    snprintf(where, sizeof where, "%d shards, %d threads, two epochs", s->model->shards, threads);
    expect_bits("weight", got, expected, count, where);
    cr_expect(a.loss == b.loss && a.validation_loss == b.validation_loss && a.metric[0] == b.metric[0] &&
              a.validation_metric[0] == b.validation_metric[0],
              "%s: loss %.17g, %.17g, mae %.17g, %.17g; on one thread %.17g, %.17g, %.17g, %.17g", where, a.loss, a.validation_loss, a.metric[0],
              a.validation_metric[0], b.loss, b.validation_loss, b.metric[0], b.validation_metric[0]);
    lstmc_free(got);
    lstmc_free(expected);
}

static void test_shards(int shards)
{
    static const int wanted[] = { 1, 2, 3, 1000, 2, 0 };       /* up and down again */
    struct subject s;
    struct lstmc_engine alone, engine;
    subject_create(&s, shards, false);
    cr_assert_eq(lstmc_engine_create(s.model, &alone), 0);
    cr_assert_eq(lstmc_engine_create(s.model, &engine), 0);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int useful = wanted[i] < 1 ? 1 : wanted[i] < shards ? wanted[i] : shards, got = lstmc_engine_threads(&engine, wanted[i]);
        cr_expect_eq(got, useful, "%d shards: %d threads instead of %d of %d wanted", shards, got, useful, wanted[i]);
        compare_calls(&s, &engine, &alone, got);
        compare_trainings(&s, &engine, &alone, got);
    }
    lstmc_engine_free(&engine);
    lstmc_engine_free(&alone);
    subject_free(&s);
}

Test(threads, one_shard) { test_shards(1); }
Test(threads, two_shards) { test_shards(2); }
Test(threads, three_shards) { test_shards(3); }
Test(threads, four_shards) { test_shards(SHARDS_MAX); }

Test(threads, a_model_for_inference)
{
    struct subject s;
    struct lstmc_engine engine;
    subject_create(&s, 3, true);
    float one[3 * BATCH * 2], three[3 * BATCH * 2];
    cr_assert_eq(s.model->output_count, 2);
    cr_assert_eq(lstmc_engine_create(s.model, &engine), 0);
    engine.prepare(engine.context, s.weights);
    engine.predict(engine.context, s.data.x, 3 * BATCH - 1, one);
    cr_expect_eq(lstmc_engine_threads(&engine, 3), 3);
    engine.predict(engine.context, s.data.x, 3 * BATCH - 1, three);
    expect_bits("prediction", three, one, (3 * BATCH - 1) * 2, "3 threads");
    lstmc_engine_free(&engine);
    subject_free(&s);
}

/* ---- coming and going ---------------------------------------------------------------------------------------------------------------- */

static int running_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    cr_assert(folder, "no /proc/self/task");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* The kernel removes a joined thread a moment later. */
static void expect_running(int expected, const char *when, int number)
{
    for (int wait = 0; running_threads() > expected && wait < 1000; wait++)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    cr_expect_eq(running_threads(), expected, "%s engine %d: %d threads run instead of %d", when, number, running_threads(), expected);
}

Test(threads, a_hundred_engines)
{
    struct subject s;
    subject_create(&s, 3, false);
    int before = running_threads();
    for (int i = 0; i < 100; i++) {
        struct lstmc_engine engine;
        cr_assert_eq(lstmc_engine_create(s.model, &engine), 0);
        int threads = lstmc_engine_threads(&engine, 1 + i % 3);
        cr_expect_eq(threads, 1 + i % 3, "engine %d: %d threads", i, threads);
        expect_running(before + i % 3, "with", i);
        if (i % 2) {
            struct results r = compute(&s, &engine, 3 * BATCH);
            results_free(&r);
        }
        lstmc_engine_free(&engine);
    }
    expect_running(before, "after", 100);
    subject_free(&s);
}

/* The system gives no thread, as no stack can be had for it. */
Test(threads, none_to_be_had)
{
    struct subject s;
    struct lstmc_engine alone, engine;
    pthread_attr_t attributes, usual;
    subject_create(&s, 3, false);
    cr_assert_eq(lstmc_engine_create(s.model, &alone), 0);
    cr_assert_eq(lstmc_engine_create(s.model, &engine), 0);
    pthread_attr_init(&attributes);
    cr_assert_eq(pthread_getattr_default_np(&usual), 0);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, ((size_t)1 << 47) - 65536), 0);
    cr_assert_eq(pthread_setattr_default_np(&attributes), 0);
    cr_expect_eq(lstmc_engine_threads(&engine, 3), 1);
    compare_calls(&s, &engine, &alone, 1);
    lstmc_engine_free(&engine);
    lstmc_engine_free(&alone);
    pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&attributes);
    pthread_attr_destroy(&usual);
    subject_free(&s);
}

/* ---- at the same time ------------------------------------------------------------------------------------------------------------------ */

struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    int expected, present, most, runs[64], on_thread[SHARDS_MAX];
};

/* Waits for the others: tasks one after another would never see each other. */
static void meet(void *context, int index, int thread)
{
    struct meeting *m = context;
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    pthread_mutex_lock(&m->mutex);
    m->runs[index]++;
    m->on_thread[thread]++;
    m->most = ++m->present > m->most ? m->present : m->most;
    pthread_cond_broadcast(&m->arrived);
    while (m->most < m->expected && !pthread_cond_timedwait(&m->arrived, &m->mutex, &end))
        continue;
    m->present--;
    pthread_mutex_unlock(&m->mutex);
}

Test(threads, tasks_run_at_once)
{
    struct lstmc_threads *threads = lstmc_threads_create(SHARDS_MAX);
    cr_assert_eq(lstmc_threads_count(threads), SHARDS_MAX);
    for (int tasks = 2; tasks <= SHARDS_MAX; tasks++) {
        struct meeting m = { .mutex = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER, .expected = tasks };
        lstmc_threads_run(threads, tasks, meet, &m);
        cr_expect_eq(m.most, tasks, "only %d of %d tasks were running at once", m.most, tasks);
        for (int i = 0; i < SHARDS_MAX; i++)
            cr_expect_leq(m.on_thread[i], 1, "%d tasks waited on thread %d at once", m.on_thread[i], i);
    }
    lstmc_threads_free(threads);
}

Test(threads, each_task_once)
{
    for (int count = 0; count <= SHARDS_MAX; count++) {
        struct lstmc_threads *threads = lstmc_threads_create(count);
        for (int job = 0; job < 300; job++) {
            struct meeting m = { .mutex = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER };
            int tasks = job % 64;
            lstmc_threads_run(threads, tasks, meet, &m);
            for (int i = 0; i < 64; i++)
                cr_assert_eq(m.runs[i], i < tasks, "%d threads, job %d: task %d of %d ran %d times", count, job, i, tasks, m.runs[i]);
        }
        lstmc_threads_free(threads);
    }
}
