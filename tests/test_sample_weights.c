/* test_sample_weights.c: how much each loss counts: weights of samples and of steps, classes that are ignored, weighted metrics; Keras's divisors
 * by hand in double. */
#include "compiled_model.h"
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
