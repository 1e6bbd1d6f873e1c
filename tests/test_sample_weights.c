/* test_sample_weights.c: how much each loss counts: weights of samples and of steps, classes that are ignored, weighted metrics; Keras's divisors
 * by hand in double. */
#include "compiled_model.h"
#include "compiler/front/read_lua.h"
#include "runtime/train/totals.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { SAMPLES = 5, STEPS = 3, IN = 2, CLASSES = 3 };

typedef struct Subject {
    struct compiled_model c;
    struct lstmc_engine engine;
    float *weights, x[SAMPLES * STEPS * IN], y[SAMPLES * STEPS], given[SAMPLES * STEPS], output[SAMPLES * STEPS * CLASSES];
    struct lstmc_dataset data;
} Subject;

/* One shard of 3 rows: the second batch of five samples is short. */
static void begin(Subject *s, const char *text)
{
    memset(s, 0, sizeof *s);
    compiled_model_create(&s->c, text, "-O1", false);
    s->weights = lstmc_alloc(s->c.model->weight_count * sizeof(float));
    lstmc_init(s->c.model, s->weights, 5);
    cr_assert_eq(lstmc_engine_create(s->c.model, &s->engine), LSTMC_OK);
    for (int i = 0; i < SAMPLES * STEPS * IN; i++)
        s->x[i] = (float)sin(1.9 * i + 0.5);
    for (int i = 0; i < SAMPLES * STEPS; i++)
        s->given[i] = i % 4 == 1 ? 0 : (float)(i % 5) * 0.5f + 0.25f;
    s->data = (struct lstmc_dataset){ .samples = SAMPLES, .x = s->x, .y = s->y };
    s->engine.prepare(s->engine.context, s->weights);
    for (int first = 0; first < SAMPLES; first += 3)
        s->engine.predict(s->engine.context, s->x + first * STEPS * IN, SAMPLES - first < 3 ? SAMPLES - first : 3,
                          s->output + (size_t)first * s->c.model->output_count);
}

static void end(Subject *s)
{
    lstmc_engine_free(&s->engine);
    lstmc_free(s->weights);
    compiled_model_free(&s->c);
}

/* Evaluation and the first epoch of a training in order with a rate near 0 see the same. */
static void expect_loss(Subject *s, double expected, unsigned weighted, const char *metric, double expected_metric)
{
    struct lstmc_message message = { "" };
    const char *metrics[] = { metric };
    struct lstmc_train_options options = { .epochs = 1, .quiet = 1, .metrics = metrics, .metric_count = metric ? 1 : 0, .weighted_metrics = weighted };
    struct lstmc_history history;
    double loss = 0, value = 0;
    cr_assert_eq(lstmc_evaluate(&s->engine, s->weights, &s->data, &options, &loss, &value, &message), LSTMC_OK, "%s", message.text);
    cr_expect(fabs(loss - expected) < 2e-6, "evaluated: %.9g, expected %.9g", loss, expected);
    cr_expect(!metric || fabs(value - expected_metric) < 2e-6, "evaluated %s: %.9g, expected %.9g", metric, value, expected_metric);
    cr_assert_eq(lstmc_train(&s->engine, s->weights, &s->data, NULL, &options, &history, &message), LSTMC_OK, "%s", message.text);
    cr_expect(fabs(history.loss - expected) < 2e-5, "trained: %.9g, expected %.9g", history.loss, expected);
    cr_expect(!metric || fabs(history.metric[0] - expected_metric) < 2e-5, "trained %s: %.9g, expected %.9g", metric, history.metric[0], expected_metric);
}

#define COMMON "Input{3, 2}, LSTM{3, return_sequences = true}, "
#define ENDING "optimizer = SGD{1e-9}, batch_size = 3, shards = 1 }\n"

/* The sum of weighted losses of a batch over samples and steps, not over weights; the epoch is their mean by samples. The metric is divided by the
 * weights of all. */
Test(sample_weights, of_each_step)
{
    Subject s;
    begin(&s, "return Sequential{ name = 'w', " COMMON "Dense{1}, loss = 'mse', sample_weight_mode = 'temporal', " ENDING);
    cr_assert_eq(s.c.model->sample_weights, STEPS);
    double sum = 0, magnitudes = 0, all = 0;
    for (int i = 0; i < SAMPLES * STEPS; i++) {
        s.y[i] = (float)cos(0.7 * i);
        double error = (double)s.output[i] - (double)s.y[i];
        sum += (double)s.given[i] * error * error;
        magnitudes += (double)s.given[i] * fabs(error);
        all += (double)s.given[i];
    }
    s.data.sample_weight = s.given;
    s.data.weights = STEPS;
    expect_loss(&s, sum / (SAMPLES * STEPS), 1, "mae", magnitudes / all);
    expect_loss(&s, sum / (SAMPLES * STEPS), 1, "weighted_mae", magnitudes / all);
    double plain = 0, one_each = 0;
    for (int i = 0; i < SAMPLES * STEPS; i++) {
        double error = (double)s.output[i] - (double)s.y[i];
        plain += fabs(error);
        one_each += (double)s.given[i / STEPS] * error * error;
    }
    expect_loss(&s, sum / (SAMPLES * STEPS), 0, "mae", plain / (SAMPLES * STEPS));
    s.data.weights = 1;                 /* of each sample alone, in a model that takes those of steps */
    expect_loss(&s, one_each / (SAMPLES * STEPS), 0, NULL, 0);
    end(&s);
}

/* What is masked counts in neither: the loss is the sum of weighted losses over the steps that count in the batch, the metric that of what counts over
 * its weights. */
Test(sample_weights, of_each_step_under_a_mask)
{
    Subject s;
    begin(&s, "return Sequential{ name = 'm', Input{3, 2}, Masking{}, LSTM{3, return_sequences = true}, Dense{1}, loss = 'mse',\n"
              "  sample_weight_mode = 'temporal', " ENDING);
    for (int i = 0; i < SAMPLES * STEPS; i++) {
        s.y[i] = (float)cos(0.7 * i);
        if (i % 4 == 2 || i == 0)
            s.x[i * IN] = s.x[i * IN + 1] = 0;
    }
    s.data.sample_weight = s.given;
    s.data.weights = STEPS;
    double expected = 0, magnitudes = 0, all = 0;
    for (int first = 0; first < SAMPLES; first += 3) {
        int rows = SAMPLES - first < 3 ? SAMPLES - first : 3, counted = 0;
        double sum = 0;
        s.engine.predict(s.engine.context, s.x + first * STEPS * IN, rows, s.output + first * STEPS);
        for (int i = first * STEPS; i < (first + rows) * STEPS; i++) {
            bool counts = s.x[i * IN] != 0;
            double error = (double)s.output[i] - (double)s.y[i], weight = counts ? (double)s.given[i] : 0;
            counted += counts;
            sum += weight * error * error;
            magnitudes += weight * fabs(error);
            all += weight;
        }
        expected += sum / counted * rows / SAMPLES;
    }
    expect_loss(&s, expected, 1, "mae", magnitudes / all);
    end(&s);
}

static double cross_entropy(const float *p, int class)
{
    double total = 0;
    for (int k = 0; k < CLASSES; k++)
        total += (double)p[k];
    return -log((double)p[class] / total);
}

/* A batch is divided by the steps that count in it; a batch without any has the loss 0. */
Test(sample_weights, ignored_class)
{
    Subject s;
    begin(&s, "return Sequential{ name = 'i', " COMMON "Dense{3, activation = 'softmax'},\n"
              "  loss = SparseCategoricalCrossentropy{ignore_class = -1}, " ENDING);
    int32_t *class = (int32_t *)(void *)s.y;
    double expected = 0;
    for (int first = 0; first < SAMPLES; first += 3) {
        int rows = SAMPLES - first < 3 ? SAMPLES - first : 3, counted = 0;
        double sum = 0;
        for (int i = first * STEPS; i < (first + rows) * STEPS; i++) {
            class[i] = i % 4 == 2 ? -1 : i % CLASSES;
            counted += class[i] >= 0;
            sum += class[i] >= 0 ? cross_entropy(s.output + i * CLASSES, class[i]) : 0;
        }
        expected += sum / counted * rows / SAMPLES;
    }
    expect_loss(&s, expected, 0, NULL, 0);
    for (int i = 0; i < SAMPLES * STEPS; i++)
        class[i] = -1;
    expect_loss(&s, 0, 0, NULL, 0);
    end(&s);
}

/* Of one class a sample, and an ignored one that the output has. */
Test(sample_weights, ignored_class_of_samples)
{
    Subject s;
    begin(&s, "return Sequential{ name = 's', Input{3, 2}, LSTM{3}, Dense{3, activation = 'softmax'},\n"
              "  loss = SparseCategoricalCrossentropy{ignore_class = 1}, " ENDING);
    int32_t *class = (int32_t *)(void *)s.y;
    cr_assert_eq(s.c.model->sample_weights, 0);
    for (int i = 0; i < SAMPLES; i++)
        class[i] = i % CLASSES;
    double expected = (cross_entropy(s.output, 0) + cross_entropy(s.output + 2 * CLASSES, 2)) / 2 * 3 / 5 + cross_entropy(s.output + 3 * CLASSES, 0) * 2 / 5;
    expect_loss(&s, expected, 0, NULL, 0);
    end(&s);
}

/* Counts of weights: precision is the weight of what is right over that of what is predicted. */
Test(sample_weights, of_metrics_that_are_no_means)
{
    Subject s;
    begin(&s, "return Sequential{ name = 't', Input{3, 2}, LSTM{3}, Dense{1, activation = 'sigmoid'}, loss = 'mse', " ENDING);
    double right = 0, predicted = 0, sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
        s.y[i] = (float)(i % 2);
        bool above = (double)s.output[i] > 0.5;
        predicted += above ? (double)s.given[i] : 0;
        right += above && s.y[i] > 0 ? (double)s.given[i] : 0;
        sum += (double)s.given[i] * pow((double)s.output[i] - (double)s.y[i], 2);
    }
    s.data.sample_weight = s.given;
    expect_loss(&s, sum / SAMPLES, 1, "weighted_precision", predicted > 0 ? right / predicted : 0);
    end(&s);
}

/* From a description: names as Keras has them, and the bits of those that are weighted. */
Test(sample_weights, names_of_weighted_metrics)
{
    Subject s;
    begin(&s, "return Sequential{ name = 'n', Input{3, 2}, LSTM{3}, Dense{1, activation = 'sigmoid'}, loss = 'mse', metrics = {'accuracy'},\n"
              "  weighted_metrics = {'accuracy', 'mae'}, " ENDING);
    const Model *model = description_model(s.c.description);
    cr_assert_eq(model->metric_count, 3);
    cr_expect_str_eq(model->metrics[0], "binary_accuracy");
    cr_expect_str_eq(model->metrics[1], "weighted_binary_accuracy");
    cr_expect_str_eq(model->metrics[2], "mae");
    cr_expect_eq(model->weighted_metrics, 6);
    end(&s);
}

/* ---- several outputs ---- */

enum { OUTPUTS = STEPS * CLASSES + STEPS + CLASSES, TARGETS = STEPS + STEPS + 1, BATCH = 4 };

#define SEVERAL \
    "local x = Input{3, 2, name = 'x'}\nlocal h = LSTM{3, return_sequences = true}(x)\n" \
    "return Model{ name = 'several', inputs = x, batch_size = 4, shards = 2, optimizer = SGD{1e-9}, metrics = {},\n" \
    "  outputs = { Dense{3, activation = 'softmax', name = 'tag'}(h), Dense{1, name = 'level'}(h),\n" \
    "              Dense{3, activation = 'softmax', name = 'kind'}(LSTM{2}(h)) },\n" \
    "  loss = { tag = SparseCategoricalCrossentropy{ignore_class = -1}, level = 'mse',\n" \
    "           kind = SparseCategoricalCrossentropy{ignore_class = 1} }, loss_weights = { tag = 1, level = 0.5, kind = 2 } }\n"

typedef struct Rows {
    struct { int32_t tag[STEPS]; float level[STEPS]; int32_t kind; } y[SAMPLES];
    struct { float tag[STEPS][CLASSES], level[STEPS], kind[CLASSES]; } p[SAMPLES];
    float weight[SAMPLES];
} Rows;

/* What one batch of rows gives: the loss, and sums behind the weighted metrics over the epoch. */
typedef struct Sums {
    double loss, level_errors, level_weights, tag_right, tag_weights, kind_right, kind_weights;
} Sums;

static int largest_of(const float *p)
{
    return p[1] > p[0] ? p[2] > p[1] ? 2 : 1 : p[2] > p[0] ? 2 : 0;
}

static void add_batch(const Rows *r, int first, int rows, Sums *sums)
{
    int tags = 0, kinds = 0;
    double tag = 0, level = 0, kind = 0;
    for (int b = first; b < first + rows; b++) {
        kinds += r->y[b].kind != 1;
        for (int t = 0; t < STEPS; t++)
            tags += r->y[b].tag[t] != -1;
    }
    for (int b = first; b < first + rows; b++) {
        double weight = (double)r->weight[b], of_tag = weight * rows * STEPS / tags, of_kind = weight * rows / kinds;
        for (int t = 0; t < STEPS; t++) {
            double error = (double)r->p[b].level[t] - (double)r->y[b].level[t];
            level += weight * error * error;
            sums->level_errors += weight * fabs(error);
            sums->level_weights += weight;
            if (r->y[b].tag[t] == -1)
                continue;
            tag += weight * cross_entropy(r->p[b].tag[t], r->y[b].tag[t]);
            sums->tag_right += of_tag * (largest_of(r->p[b].tag[t]) == r->y[b].tag[t]);
            sums->tag_weights += of_tag;
        }
        if (r->y[b].kind == 1)
            continue;
        kind += weight * cross_entropy(r->p[b].kind, r->y[b].kind);
        sums->kind_right += of_kind * (largest_of(r->p[b].kind) == r->y[b].kind);
        sums->kind_weights += of_kind;
    }
    sums->loss += (tag / tags + 0.5 * level / (rows * STEPS) + (kinds ? 2 * kind / kinds : 0)) * rows / SAMPLES;
}

static void expect_values(const char *what, const char *const *names, const double *found, const double *expected, int count, double most)
{
    for (int i = 0; i < count; i++)
        cr_expect(fabs(found[i] - expected[i]) < most, "%s %s: %.9g, expected %.9g", what, names[i], found[i], expected[i]);
}

/* A class that is ignored in each of two outputs, one of them at every step, in two shards: each loss is divided by what counts of it in the batch;
 * of the last one no kind does. */
Test(sample_weights, of_several_outputs)
{
    struct compiled_model c;
    struct lstmc_engine engine;
    struct lstmc_message message = { "" };
    Rows r;
    float x[SAMPLES * STEPS * IN];
    compiled_model_create(&c, SEVERAL, "-O1", false);
    cr_assert(c.model->output_count == OUTPUTS && c.model->target_count == TARGETS && sizeof r.y[0] == 4 * TARGETS);
    cr_assert_eq(c.model->sample_weights, STEPS + STEPS + 1);
    cr_assert(c.model->targets[0].ignored_class == -1 && !c.model->targets[1].ignores_class && c.model->targets[2].ignored_class == 1);
    cr_expect(strstr(c.compiled.header.text, "int32_t tag[3];     /* a class below 3; -1 does not count */"));
    float *weights = lstmc_alloc(c.model->weight_count * sizeof(float));
    lstmc_init(c.model, weights, 5);
    cr_assert_eq(lstmc_engine_create(c.model, &engine), LSTMC_OK);
    for (int i = 0; i < SAMPLES * STEPS * IN; i++)
        x[i] = (float)sin(1.9 * i + 0.5);
    for (int b = 0; b < SAMPLES; b++) {
        r.weight[b] = 0.5f + 0.25f * (float)b;
        r.y[b].kind = b % CLASSES;
        for (int t = 0; t < STEPS; t++) {
            r.y[b].tag[t] = (b + t) % 4 - 1;
            r.y[b].level[t] = (float)cos(0.7 * (b * STEPS + t));
        }
    }
    engine.prepare(engine.context, weights);
    engine.predict(engine.context, x, BATCH, (float *)r.p);
    engine.predict(engine.context, x + BATCH * STEPS * IN, SAMPLES - BATCH, (float *)&r.p[BATCH]);
    Sums sums = { 0 };
    add_batch(&r, 0, BATCH, &sums);
    add_batch(&r, BATCH, SAMPLES - BATCH, &sums);
    static const char *const names[] = { "level_mae", "tag_weighted_sparse_categorical_accuracy", "kind_sparse_categorical_accuracy", "loss" };
    const double expected[] = { sums.level_errors / sums.level_weights, sums.tag_right / sums.tag_weights, sums.kind_right / sums.kind_weights, sums.loss };
    struct lstmc_dataset data = { .samples = SAMPLES, .x = x, .y = r.y, .sample_weight = r.weight };
    struct lstmc_train_options options = { .epochs = 1, .quiet = 1, .metrics = names, .metric_count = 3, .weighted_metrics = 7 };
    struct lstmc_history history;
    double found[4];
    cr_assert_eq(lstmc_evaluate(&engine, weights, &data, &options, &found[3], found, &message), LSTMC_OK, "%s", message.text);
    expect_values("evaluated", names, found, expected, 4, 2e-6);
    cr_assert_eq(lstmc_train(&engine, weights, &data, NULL, &options, &history, &message), LSTMC_OK, "%s", message.text);
    history.metric[3] = history.loss;
    expect_values("trained", names, history.metric, expected, 4, 2e-5);
    lstmc_engine_free(&engine);
    lstmc_free(weights);
    compiled_model_free(&c);
}

/* By the names of outputs, in their order, or the same for all; what is there already is called weighted. */
Test(sample_weights, names_of_weighted_metrics_of_several_outputs)
{
    static const struct { const char *said, *names; unsigned bits; } cases[] = {
        { "weighted_metrics = { kind = {'accuracy'}, level = 'mae' }", "level_mae kind_sparse_categorical_accuracy ", 3 << 3 },
        { "weighted_metrics = { {}, {'mse', 'mae'} }", "level_mse level_mae ", 3 << 3 },
        { "metrics = { tag = 'accuracy' }, weighted_metrics = { tag = 'accuracy' }", "tag_sparse_categorical_accuracy tag_weighted_sparse_categorical_accuracy ",
          2 << 3 },
        { "metrics = { {'accuracy'} }, callbacks = { EarlyStopping{monitor = 'tag_weighted_accuracy'} }, weighted_metrics = { {'accuracy'} }",
          "tag_sparse_categorical_accuracy tag_weighted_sparse_categorical_accuracy ", 2 << 3 },
    };
    char text[2000], found[400];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *arena = arena_create();
        const char *at = strstr(SEVERAL, "metrics = {}");
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - SEVERAL), SEVERAL, cases[i].said, at + strlen("metrics = {}"));
        Description *d = description_read_text(arena, diagnostics_create(arena), "m.lua", text, strlen(text), &(ReadOptions){ 0 });
        cr_assert(d, "%s", cases[i].said);
        const Model *model = description_model(d);
        found[0] = 0;
        for (int m = 3; m < model->metric_count; m++)
            strcat(strcat(found, model->metrics[m]), " ");
        cr_expect_str_eq(found, cases[i].names, "%s: %s", cases[i].said, found);
        cr_expect_eq(model->weighted_metrics, cases[i].bits);
        if (strstr(cases[i].said, "callbacks"))
            cr_expect_str_eq(model->callbacks[0].monitor, "tag_weighted_sparse_categorical_accuracy");
        description_free(d);
        arena_free(arena);
    }
}
