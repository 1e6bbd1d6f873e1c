/* test_train.c: the training loop over a linear regression written by hand in the form of a generated model, whose updates are known. */
#include "runtime/lstmc.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 3
#define SHARDS 2
#define SAMPLES 14              /* batches of 6, 6 and 2 */

/* ---- y = x kernel + bias, mean squared error ---- */

struct line_weights { float kernel[2], bias; };
struct line_tape {
    int first_row, rows;
    float x[BATCH][3];          /* the third is padding */
    float y[BATCH], d_y[BATCH];
};

/* What the model was asked, call by call. */
static struct {
    int forwards, first_row[1024], rows[1024];
    uint64_t seed[1024];
    float scale[1024];
    int samples, sample[4096];  /* x[0] is the sample's number / 100 */
} seen;

static void line_copy(void *to, const void *weights) { memcpy(to, weights, sizeof(struct line_weights)); }

static void line_reset_tape(const void *training, void *tape)
{
    (void)training;
    ((struct line_tape *)tape)->first_row = -1;
}

static float line_value(const struct line_weights *w, const float *x) { return x[0] * w->kernel[0] + x[1] * w->kernel[1] + w->bias; }

static void line_forward(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    struct line_tape *t = tape;
    t->rows = rows;
    for (int b = 0; b < rows; b++) {
        memcpy(t->x[b], (const float *)x + 2 * b, 2 * sizeof(float));
        t->x[b][2] = NAN;
    }
    for (int b = 0; b < rows; b++)
        t->y[b] = line_value(training, t->x[b]);
    int call = seen.forwards++ % 1024;
    seen.first_row[call] = t->first_row;
    seen.rows[call] = rows;
    seen.seed[call] = seed;
    for (int b = 0; b < rows && seed; b++)
        seen.sample[seen.samples++ % 4096] = (int)lrintf(t->x[b][0] * 100);
}

static float line_loss(void *tape, const void *target, const float *sample_weight, float scale)
{
    struct line_tape *t = tape;
    float sum = 0;
    seen.scale[(seen.forwards - 1) % 1024] = scale;
    for (int b = 0; b < t->rows; b++) {
        float error = t->y[b] - ((const float *)target)[b], weight = sample_weight ? sample_weight[b] : 1;
        sum += weight * error * error;
        t->d_y[b] = scale * weight * 2 * error;
    }
    return scale * sum;
}

static void line_backward(const void *training, void *tape, void *gradients)
{
    struct line_tape *t = tape;
    struct line_weights *g = gradients;
    (void)training;
    for (int b = 0; b < t->rows; b++) {
        g->kernel[0] += t->d_y[b] * t->x[b][0];
        g->kernel[1] += t->d_y[b] * t->x[b][1];
        g->bias += t->d_y[b];
    }
}

static void line_predict_batch(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    (void)scratch;
    for (int b = 0; b < rows; b++)
        y[b] = line_value(packed, (const float *)x + 2 * b);
}

static struct lstmc_tensor line_tensors[] = {
    { .name = "dense/kernel", .rank = 2, .shape = { 2, 1 }, .offset = 0, .count = 2, .trainable = 1 },
    { .name = "dense/bias", .rank = 1, .shape = { 1 }, .offset = 2, .count = 1, .trainable = 1 },
};
static const struct lstmc_tensor line_tape_tensors[] = {
    { .name = "dense.x", .rank = 2, .shape = { BATCH, 3 }, .offset = offsetof(struct line_tape, x) / 4, .count = 3 * BATCH, .padding = 1 },
    { .name = "dense.y", .rank = 2, .shape = { BATCH, 1 }, .offset = offsetof(struct line_tape, y) / 4, .count = BATCH },
};

static struct lstmc_model line_model(void)
{
    return (struct lstmc_model){
        .name = "line", .loss = "mse", .input_rank = 1, .input_shape = { 2 }, .output_rank = 1, .output_shape = { 1 }, .target_rank = 1,
        .target_shape = { 1 }, .input_count = 2, .output_count = 1, .target_count = 1, .batch = BATCH, .shards = SHARDS,
        .optimizer = { .kind = LSTMC_SGD, .learning_rate = 0.1f }, .weights = line_tensors, .weight_tensors = 2, .weight_count = 3,
        .gradient_count = 3, .tape_tensors = line_tape_tensors, .tape_tensor_count = 2, .output_offset = offsetof(struct line_tape, y),
        .d_output_offset = offsetof(struct line_tape, d_y), .first_row_offset = offsetof(struct line_tape, first_row),
        .packed_bytes = sizeof(struct line_weights), .training_bytes = sizeof(struct line_weights), .tape_bytes = sizeof(struct line_tape),
        .prepare = line_copy, .predict_batch = line_predict_batch, .prepare_training = line_copy, .reset_tape = line_reset_tape,
        .forward = line_forward, .loss_function = line_loss, .backward = line_backward,
    };
}

/* y = 2 x0 - 3 x1 + 0.5 */
static struct lstmc_dataset line_data(const struct lstmc_model *model, size_t samples)
{
    struct lstmc_dataset data;
    cr_assert_eq(lstmc_dataset_alloc(model, samples, &data), 0);
    for (size_t i = 0; i < samples; i++) {
        float *x = (float *)data.x + 2 * i;
        x[0] = (float)i / 100;
        x[1] = (float)(i * 7 % 11) / 11;
        ((float *)data.y)[i] = 2 * x[0] - 3 * x[1] + 0.5f;
    }
    return data;
}

/* The same training in double, sample by sample in the given order. Returns the last epoch's loss. */
static double reference(const struct lstmc_dataset *data, double *w, int epochs, size_t batch_rows)
{
    double mean = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        mean = 0;
        for (size_t first = 0; first < data->samples; first += batch_rows) {
            size_t rows = data->samples - first < batch_rows ? data->samples - first : batch_rows;
            double g[3] = { 0 };
            for (size_t i = first; i < first + rows; i++) {
                const float *x = (const float *)data->x + 2 * i;
                double error = (double)x[0] * w[0] + (double)x[1] * w[1] + w[2] - (double)((float *)data->y)[i];
                mean += error * error / (double)data->samples;
                g[0] += 2 * error * (double)x[0] / (double)rows;
                g[1] += 2 * error * (double)x[1] / (double)rows;
                g[2] += 2 * error / (double)rows;
            }
            for (int i = 0; i < 3; i++)
                w[i] -= 0.1 * g[i];
        }
    }
    return mean;
}

struct session {
    struct lstmc_model model;
    struct lstmc_engine engine;
    struct lstmc_dataset data;
    struct lstmc_history history;
    struct lstmc_message message;
    float weights[4];           /* one more than the line has */
};

static void session_start(struct session *session, struct lstmc_model model, size_t samples)
{
    memset(session, 0, sizeof *session);
    session->model = model;
    session->data = line_data(&session->model, samples);
    cr_assert_eq(lstmc_engine_create(&session->model, &session->engine), 0);
}

static void session_end(struct session *session)
{
    lstmc_engine_free(&session->engine);
    lstmc_dataset_free(&session->data);
}

static int session_train(struct session *session, const struct lstmc_dataset *validation, const struct lstmc_train_options *options)
{
    return lstmc_train(&session->engine, session->weights, &session->data, validation, options, &session->history, &session->message);
}

static const char *const mse_and_mae[] = { "mse", "mae" };

/* ---- divisors, order, seeds ---- */

Test(train, updates_and_divisors)
{
    struct session s;
    double w[3] = { 0 };
    session_start(&s, line_model(), SAMPLES);
    const struct lstmc_train_options options = { .epochs = 5, .quiet = 1, .metrics = mse_and_mae, .metric_count = 2 };
    cr_assert_eq(session_train(&s, NULL, &options), 0, "%s", s.message.text);
    double loss = reference(&s.data, w, 5, BATCH * SHARDS);
    for (int i = 0; i < 3; i++)
        cr_expect(fabs((double)s.weights[i] - w[i]) < 1e-6, "weight %d: %.9g, expected %.9g (tol 1e-6)", i, (double)s.weights[i], w[i]);
    cr_expect(fabs(s.history.loss - loss) < 1e-6, "loss %.9g, expected %.9g (tol 1e-6)", s.history.loss, loss);
    cr_expect(fabs(s.history.metric[0] - loss) < 1e-6, "mse %.9g, expected %.9g (tol 1e-6)", s.history.metric[0], loss);
    cr_expect(s.history.epochs == 5 && !s.history.has_validation);
    /* the first epoch: rows 3 and 3, 3 and 3, 2 */
    const int rows[5] = { 3, 3, 3, 3, 2 }, first_row[5] = { 0, 3, 0, 3, 0 };
    for (int i = 0; i < 5; i++) {
        float scale = 1.0f / (i < 4 ? 6 : 2);
        cr_expect(seen.rows[i] == rows[i] && seen.first_row[i] == first_row[i] && seen.scale[i] == scale,
                  "call %d: rows %d from %d, scale %g; expected %d from %d, %g", i, seen.rows[i], seen.first_row[i], (double)seen.scale[i], rows[i],
                  first_row[i], (double)scale);
    }
    session_end(&s);
}

Test(train, sequences_divide_by_their_steps_too)
{
    const struct lstmc_model deep = { .output_rank = 3, .output_shape = { 7, 5, 4 } }, flat = { .output_rank = 1, .output_shape = { 7 } };
    cr_expect_eq(lstmc_losses_per_sample(&deep), 35);
    cr_expect_eq(lstmc_losses_per_sample(&flat), 1);
    struct session s;
    session_start(&s, line_model(), 6);
    s.model.output_rank = 2;                            /* as if the output had two steps */
    s.model.output_shape[0] = 2;
    s.model.output_shape[1] = 1;
    const struct lstmc_train_options options = { .epochs = 1, .quiet = 1 };
    cr_assert_eq(session_train(&s, NULL, &options), 0, "%s", s.message.text);
    cr_expect_eq(seen.scale[0], 1.0f / 12, "scale %g, expected 1 / (6 * 2)", (double)seen.scale[0]);
    session_end(&s);
}

Test(train, learns_the_line)
{
    struct session s;
    session_start(&s, line_model(), 60);
    const struct lstmc_train_options options = { .epochs = 2000, .quiet = 1, .shuffle = 1, .seed = 3 };
    cr_assert_eq(session_train(&s, NULL, &options), 0, "%s", s.message.text);
    const double expected[3] = { 2, -3, 0.5 };
    for (int i = 0; i < 3; i++)
        cr_expect(fabs((double)s.weights[i] - expected[i]) < 1e-3, "weight %d: %g, expected %g (tol 1e-3)", i, (double)s.weights[i], expected[i]);
    float y[60];
    s.engine.prepare(s.engine.context, s.weights);
    s.engine.predict(s.engine.context, s.data.x, 6, y);
    for (int i = 0; i < 6; i++)
        cr_expect(fabsf(y[i] - ((float *)s.data.y)[i]) < 1e-2f, "y[%d]: %g, expected %g", i, (double)y[i], (double)((float *)s.data.y)[i]);
    session_end(&s);
}

#define ORDER_EPOCHS 200

/* The order in which the samples of the epochs came. */
static void record_order(uint64_t seed, int epochs, int *order)
{
    struct session s;
    session_start(&s, line_model(), SAMPLES);
    memset(&seen, 0, sizeof seen);
    const struct lstmc_train_options options = { .epochs = epochs, .quiet = 1, .shuffle = 1, .seed = seed };
    cr_assert_eq(session_train(&s, NULL, &options), 0, "%s", s.message.text);
    memcpy(order, seen.sample, (size_t)epochs * SAMPLES * sizeof *order);
    session_end(&s);
}

Test(train, shuffle)
{
    int order[ORDER_EPOCHS * SAMPLES], again[3 * SAMPLES], other[3 * SAMPLES];
    record_order(5, ORDER_EPOCHS, order);
    record_order(5, 3, again);
    record_order(6, 3, other);
    for (int epoch = 0; epoch < 3; epoch++) {
        int count[SAMPLES] = { 0 };
        for (int i = 0; i < SAMPLES; i++)
            count[order[epoch * SAMPLES + i]]++;
        for (int i = 0; i < SAMPLES; i++)
            cr_expect_eq(count[i], 1, "epoch %d: sample %d came %d times", epoch + 1, i, count[i]);
    }
    cr_expect(!memcmp(order, again, sizeof again), "the same seed gave another order");
    cr_expect(memcmp(order, other, sizeof other), "another seed gave the same order");
    cr_expect(memcmp(order, order + SAMPLES, SAMPLES * sizeof *order), "two epochs have the same order");
    cr_expect(memcmp(order + SAMPLES, order + 2 * SAMPLES, SAMPLES * sizeof *order), "two epochs have the same order");
    /* each sample is at each place equally often: 200 / 14 times, give or take 5 deviations */
    for (int sample = 0; sample < SAMPLES; sample++)
        for (int place = 0; place < SAMPLES; place++) {
            int count = 0;
            for (int epoch = 0; epoch < ORDER_EPOCHS; epoch++)
                count += order[epoch * SAMPLES + place] == sample;
            cr_expect(count >= 1 && count <= 33, "sample %d came %d times at place %d", sample, count, place);
        }
}

Test(train, dropout_seeds)
{
    struct session s;
    session_start(&s, line_model(), SAMPLES);
    const struct lstmc_train_options options = { .epochs = 4, .quiet = 1, .seed = 0 };
    struct lstmc_dataset held_out;
    lstmc_split_validation(&s.model, &s.data, 0.1, &held_out);      /* 12 and 2: batches of 6 and 6, then 2 */
    cr_assert_eq(session_train(&s, &held_out, &options), 0, "%s", s.message.text);
    cr_assert_eq(seen.forwards, 4 * 5, "%d calls", seen.forwards);
    for (int i = 0; i < seen.forwards; i++) {
        cr_expect_eq(seen.seed[i] == 0, i % 5 == 4, "call %d: seed %llu; only validation runs without dropout", i, (unsigned long long)seen.seed[i]);
        if (i % 5 == 1 || i % 5 == 3)
            cr_expect_eq(seen.seed[i], seen.seed[i - 1], "the shards of one batch have different seeds");
        for (int j = 0; j < i; j++)
            cr_expect(!seen.seed[i] || seen.seed[i] != seen.seed[j] || (j == i - 1 && j % 5 % 2 == 0), "calls %d and %d share a seed", j, i);
    }
    session_end(&s);
}

Test(train, shards_do_not_change_the_result)
{
    struct session two, again, one;
    struct lstmc_model model = line_model();
    const struct lstmc_train_options options = { .epochs = 7, .quiet = 1, .shuffle = 1, .seed = 9 };
    session_start(&two, model, SAMPLES);
    session_start(&again, model, SAMPLES);
    cr_assert_eq(session_train(&two, NULL, &options), 0);
    cr_assert_eq(session_train(&again, NULL, &options), 0);
    cr_expect(!memcmp(two.weights, again.weights, sizeof two.weights), "two equal runs differ");
    model.shards = 1;
    session_start(&one, model, 3);
    two.data.samples = 3;                               /* one shard's worth: the same sums either way */
    memset(two.weights, 0, sizeof two.weights);
    cr_assert_eq(session_train(&two, NULL, &options), 0);
    cr_assert_eq(session_train(&one, NULL, &options), 0);
    cr_expect(!memcmp(two.weights, one.weights, sizeof two.weights), "%.9g with two shards, %.9g with one", (double)two.weights[0],
              (double)one.weights[0]);
    session_end(&two);
    session_end(&again);
    session_end(&one);
}

/* 1 - errors / variance of the targets: of each epoch, and of each validation, by itself. */
static double r2_by_hand(const struct lstmc_dataset *data, double mse)
{
    double sum = 0, squares = 0, n = (double)data->samples;
    for (size_t i = 0; i < data->samples; i++) {
        double y = (double)((float *)data->y)[i];
        sum += y;
        squares += y * y;
    }
    return 1 - mse / (squares / n - sum / n * sum / n);
}

Test(train, metrics_that_are_no_means)
{
    static const char *const names[] = { "mse", "r2_score", "rmse" };
    struct session s;
    struct lstmc_dataset held_out;
    double metrics[3], evaluated;
    session_start(&s, line_model(), SAMPLES);
    lstmc_split_validation(&s.model, &s.data, 0.5, &held_out);
    const struct lstmc_train_options options = { .epochs = 3, .quiet = 1, .metrics = names, .metric_count = 3 };
    cr_assert_eq(session_train(&s, &held_out, &options), 0, "%s", s.message.text);
    const double *m = s.history.metric, *v = s.history.validation_metric;
    cr_expect(fabs(m[1] - r2_by_hand(&s.data, m[0])) < 1e-6, "R2 %.9g, expected %.9g", m[1], r2_by_hand(&s.data, m[0]));
    cr_expect(fabs(v[1] - r2_by_hand(&held_out, v[0])) < 1e-6, "R2 %.9g, expected %.9g", v[1], r2_by_hand(&held_out, v[0]));
    cr_expect(fabs(m[2] - sqrt(m[0])) < 1e-9 && fabs(v[2] - sqrt(v[0])) < 1e-9, "root mean squared errors");
    cr_assert_eq(lstmc_evaluate(&s.engine, s.weights, &held_out, &options, &evaluated, metrics, &s.message), 0, "%s", s.message.text);
    cr_expect(metrics[1] == v[1] && metrics[2] == v[2], "evaluated again: %.9g, %.9g", metrics[1], metrics[2]);
    session_end(&s);
}

/* ---- validation, evaluation, regularisers ---- */

Test(train, validation_is_the_last_fraction)
{
    struct session s;
    struct lstmc_dataset held_out;
    double w[3] = { 0 }, loss = 0, metrics[2], evaluated;
    session_start(&s, line_model(), SAMPLES);
    lstmc_split_validation(&s.model, &s.data, 0.5, &held_out);
    const struct lstmc_train_options options = { .epochs = 3, .quiet = 1, .metrics = mse_and_mae, .metric_count = 2 };
    cr_assert_eq(session_train(&s, &held_out, &options), 0, "%s", s.message.text);
    reference(&s.data, w, 3, BATCH * SHARDS);
    for (size_t i = 0; i < held_out.samples; i++) {
        const float *x = (float *)held_out.x + 2 * i;
        double error = (double)x[0] * w[0] + (double)x[1] * w[1] + w[2] - (double)((float *)held_out.y)[i];
        loss += error * error / (double)held_out.samples;
    }
    cr_expect(s.history.has_validation && fabs(s.history.validation_loss - loss) < 1e-6, "validation loss %.9g, expected %.9g (tol 1e-6)",
              s.history.validation_loss, loss);
    cr_assert_eq(lstmc_evaluate(&s.engine, s.weights, &held_out, &options, &evaluated, metrics, &s.message), 0, "%s", s.message.text);
    cr_expect(evaluated == s.history.validation_loss && metrics[1] == s.history.validation_metric[1] && metrics[1] > 0);
    session_end(&s);
}

Test(train, regularisers_count_in_the_loss)
{
    struct session s;
    double loss, without;
    session_start(&s, line_model(), SAMPLES);
    const struct lstmc_train_options options = { .epochs = 1, .quiet = 1 };
    s.weights[0] = 3;
    cr_assert_eq(lstmc_evaluate(&s.engine, s.weights, &s.data, &options, &without, NULL, &s.message), 0);
    line_tensors[0].l2 = 0.5f;                          /* 0.5 * 3^2 */
    cr_assert_eq(lstmc_evaluate(&s.engine, s.weights, &s.data, &options, &loss, NULL, &s.message), 0);
    cr_expect(fabs(loss - without - 4.5) < 1e-5, "the penalty is %g, expected 4.5", loss - without);
    s.model.optimizer.learning_rate = 1e-20f;           /* the weights stay */
    cr_assert_eq(session_train(&s, NULL, &options), 0);
    cr_expect(fabs(s.history.loss - loss) < 1e-5, "training loss %g, expected %g", s.history.loss, loss);
    session_end(&s);
}

/* ---- NaN ---- */

static void expect_stop(struct session *s, const struct lstmc_train_options *options, const char *expected)
{
    int status = session_train(s, NULL, options);
    cr_expect(status == LSTMC_NOT_FINITE && strstr(s->message.text, expected), "status %d \"%s\", expected \"%s\"", status, s->message.text, expected);
}

Test(train, names_the_first_nan)
{
    struct session s;
    const struct lstmc_train_options options = { .epochs = 3, .quiet = 1 };
    session_start(&s, line_model(), SAMPLES);
    ((float *)s.data.x)[2 * 8 + 1] = NAN;               /* batch 2, row 2 */
    expect_stop(&s, &options, "epoch 1, batch 2: the loss is nan; first seen: element 1 of input 2 of the batch is nan");
    cr_expect(isfinite(s.weights[0]) && s.weights[0] != 0, "the weights of before are lost");
    ((float *)s.data.x)[2 * 8 + 1] = 0;
    ((float *)s.data.y)[13] = INFINITY;
    expect_stop(&s, &options, "epoch 1, batch 3: the loss is inf; first seen: element 0 of target 1 of the batch is inf");
    ((float *)s.data.y)[13] = 0;
    s.weights[1] = NAN;
    expect_stop(&s, &options, "epoch 1, batch 1: the loss is nan; first seen: weight dense/kernel[1,0] is nan");
    s.weights[1] = 3e38f;
    ((float *)s.data.x)[2 * 4 + 1] = -20;               /* second shard, its row 1 */
    expect_stop(&s, &options, "first seen: in the rows from 3 of the batch on, dense.y[1,0] is -inf");
    s.weights[1] = 1e20f;                               /* finite outputs, squares that are not */
    ((float *)s.data.x)[2 * 4 + 1] = 1;
    expect_stop(&s, &options, "the loss is inf; first seen: the loss itself");
    session_end(&s);
}

Test(train, names_the_update)
{
    struct session s;
    const struct lstmc_train_options options = { .epochs = 3, .quiet = 1 };
    session_start(&s, line_model(), SAMPLES);
    s.model.optimizer.learning_rate = 3e38f;
    for (size_t i = 0; i < SAMPLES; i++)
        ((float *)s.data.y)[i] = 1000;
    expect_stop(&s, &options, "epoch 1, batch 1: after the update, weight dense/kernel[");
    session_end(&s);
}

/* ---- weights that no gradient moves ---- */

static struct lstmc_tensor line_tensors_and_another[3];
static int batches_seen, spoilt_batch;

/* The line, and a weight behind it that nothing reads. */
static struct lstmc_model line_model_and_another(void)
{
    struct lstmc_model model = line_model();
    memcpy(line_tensors_and_another, line_tensors, sizeof line_tensors);
    line_tensors_and_another[2] = (struct lstmc_tensor){ .name = "other/weight", .rank = 1, .shape = { 1 }, .offset = 3, .count = 1 };
    model.weights = line_tensors_and_another;
    model.weight_tensors = 3;
    model.weight_count = 4;
    batches_seen = 0;
    return model;
}

static void spoil_statistic(const void *tape, void *weights)
{
    (void)tape;
    ((float *)weights)[3] = ++batches_seen == spoilt_batch ? NAN : 1;
}

static void spoil_frozen(void *context, int epoch, int rows, const struct lstmc_engine *engine)
{
    (void)epoch;
    (void)rows;
    (void)engine;
    *(float *)context = NAN;
}

/* Statistics are looked at behind every update. */
Test(train, names_the_statistic)
{
    for (spoilt_batch = 1; spoilt_batch < 4; spoilt_batch++) {
        struct session s;
        const struct lstmc_train_options options = { .epochs = 1, .quiet = 1 };
        char expected[80];
        struct lstmc_model model = line_model_and_another();
        model.update_statistics = spoil_statistic;
        session_start(&s, model, SAMPLES);
        snprintf(expected, sizeof expected, "epoch 1, batch %d: after the update, weight other/weight[0] is nan", spoilt_batch);
        expect_stop(&s, &options, expected);
        session_end(&s);
    }
}

/* A frozen weight is looked at once: it stays what it was given as. */
Test(train, frozen_weights_are_not_read_again)
{
    struct session s;
    session_start(&s, line_model_and_another(), SAMPLES);
    const struct lstmc_train_options options = { .epochs = 2, .quiet = 1, .batch_end = spoil_frozen, .context = &s.weights[3] };
    cr_expect_eq(session_train(&s, NULL, &options), 0, "%s", s.message.text);
    expect_stop(&s, &options, "epoch 1, batch 1: after the update, weight other/weight[0] is nan");
    session_end(&s);
}

static void line_backward_nan(const void *training, void *tape, void *gradients)
{
    line_backward(training, tape, gradients);
    ((struct line_weights *)gradients)->bias = NAN;
}

Test(train, names_the_gradient)
{
    struct session s;
    const struct lstmc_train_options options = { .epochs = 3, .quiet = 1 };
    struct lstmc_model model = line_model();
    model.backward = line_backward_nan;
    session_start(&s, model, SAMPLES);
    expect_stop(&s, &options, "first seen: the gradient of dense/bias[0] is nan");
    session_end(&s);
}

Test(train, nan_in_validation)
{
    struct session s;
    struct lstmc_dataset held_out;
    const struct lstmc_train_options options = { .epochs = 3, .quiet = 1 };
    session_start(&s, line_model(), SAMPLES);
    lstmc_split_validation(&s.model, &s.data, 0.5, &held_out);
    ((float *)held_out.x)[0] = NAN;
    cr_expect_eq(session_train(&s, &held_out, &options), LSTMC_NOT_FINITE);
    cr_expect(strstr(s.message.text, "validation after epoch 1: the loss of samples 0 to 5 is nan; first seen: element 0 of input 0"), "%s",
              s.message.text);
    session_end(&s);
}

/* ---- what is refused, when it ends, what it prints ---- */

static int stop_after_two(void *context, int epoch, const struct lstmc_history *history)
{
    *(int *)context += epoch;
    cr_expect(history->epochs == epoch && history->seconds >= 0);
    return epoch == 2;
}

Test(train, ends_when_asked)
{
    struct session s;
    int sum = 0;
    const struct lstmc_train_options options = { .epochs = 9, .quiet = 1, .epoch_end = stop_after_two, .context = &sum };
    session_start(&s, line_model(), SAMPLES);
    cr_expect_eq(session_train(&s, NULL, &options), 0);
    cr_expect(sum == 3 && s.history.epochs == 2, "%d %d", sum, s.history.epochs);
    session_end(&s);
}

Test(train, refused)
{
    struct session s;
    static const char *const unknown[] = { "beauty" };
    struct lstmc_train_options options = { .epochs = 1, .quiet = 1, .metrics = unknown, .metric_count = 1 };
    session_start(&s, line_model(), SAMPLES);
    cr_expect_eq(session_train(&s, NULL, &options), LSTMC_MISMATCH);
    cr_expect(strstr(s.message.text, "\"beauty\" is unknown") && s.weights[0] == 0, "%s", s.message.text);
    options.metric_count = 9;
    cr_expect_eq(session_train(&s, NULL, &options), LSTMC_MISMATCH);
    options.metric_count = 0;
    s.data.samples = 0;
    cr_expect_eq(session_train(&s, NULL, &options), LSTMC_MISMATCH);
    cr_expect(strstr(s.message.text, "no samples"), "%s", s.message.text);
    session_end(&s);
    struct lstmc_model model = line_model();
    model.prepare_training = NULL;
    model.forward = NULL;
    model.loss_function = NULL;
    model.backward = NULL;
    model.tape_bytes = model.training_bytes = 0;
    session_start(&s, model, SAMPLES);
    cr_expect_eq(session_train(&s, NULL, &options), LSTMC_MISMATCH);
    cr_expect(strstr(s.message.text, "compiled for inference alone"), "%s", s.message.text);
    float y[6];
    s.engine.prepare(s.engine.context, (float[]){ 1, 1, 1 });
    s.engine.predict(s.engine.context, s.data.x, 6, y);
    cr_expect_eq(y[0], 1);
    session_end(&s);
}

/* What a training writes to standard error that is a file. */
static void capture(int quiet, char *text, size_t capacity)
{
    struct session s;
    struct lstmc_dataset held_out;
    struct temporary_file file = temporary_text("");
    const struct lstmc_train_options options = { .epochs = 10, .quiet = quiet, .metrics = mse_and_mae, .metric_count = 2 };
    session_start(&s, line_model(), SAMPLES);
    lstmc_split_validation(&s.model, &s.data, 0.5, &held_out);
    int saved = dup(2), to = open(file.path, O_RDWR);
    dup2(to, 2);
    int status = session_train(&s, &held_out, &options);
    dup2(saved, 2);
    lseek(to, 0, SEEK_SET);
    ssize_t length = read(to, text, capacity - 1);
    text[length > 0 ? length : 0] = 0;
    close(to);
    close(saved);
    temporary_remove(&file);
    cr_assert_eq(status, 0, "%s", s.message.text);
    session_end(&s);
}

Test(train, plain_lines_in_a_pipe)
{
    char text[8192];
    capture(0, text, sizeof text);
    int lines = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        int epoch = 0;
        double loss = -1, mse = -1;
        int fields = sscanf(line, "epoch %d/10 loss %lf mse %lf", &epoch, &loss, &mse);
        cr_expect(fields == 3 && epoch == ++lines && loss > 0 && mse > 0, "line %d: %d fields, epoch %d: %s", lines, fields, epoch, line);
        cr_assert(strchr(line, '\n'));
    }
    cr_expect_eq(lines, 10, "%d lines: %s", lines, text);
    cr_expect(!strchr(text, '\r') && !strchr(text, '\033'), "signs for a terminal in a pipe");
    cr_expect(strstr(text, "  val_loss ") && strstr(text, "  val_mae ") && strstr(text, " s"), "%s", text);
    capture(1, text, sizeof text);
    cr_expect_str_eq(text, "");
}
