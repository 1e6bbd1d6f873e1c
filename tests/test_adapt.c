/* test_adapt.c: Normalization: statistics of the samples that train, by hand in double; what becomes of them in a training, in files and in C. */
#include "compiled_model.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 10, STEPS = 3, FEATURES = 4 };

static float value(int sample, int at)
{
    return (float)(sin(1.9 * sample + 0.7 * at) * (at % FEATURES + 1) + 3 * (at % FEATURES));
}

static const float *weight_of(const struct lstmc_model *m, const float *weights, const char *name)
{
    for (int w = 0; w < m->weight_tensors; w++)
        if (!strcmp(m->weights[w].name, name))
            return weights + m->weights[w].offset;
    cr_assert(0, "there is no %s", name);
    return NULL;
}

/* Mean and biased variance of feature f of the first samples. */
static void moments(int samples, int f, double *mean, double *variance)
{
    double sum = 0, squares = 0, n = samples * STEPS;
    for (int s = 0; s < samples; s++)
        for (int t = 0; t < STEPS; t++)
            sum += value(s, t * FEATURES + f);
    for (int s = 0; s < samples; s++)
        for (int t = 0; t < STEPS; t++)
            squares += pow(value(s, t * FEATURES + f) - sum / n, 2);
    *mean = sum / n;
    *variance = squares / n;
}

static void expect_moments(const struct lstmc_model *m, const float *weights, const char *layer, int samples)
{
    char name[80];
    snprintf(name, sizeof name, "%s/mean", layer);
    const float *mean = weight_of(m, weights, name);
    snprintf(name, sizeof name, "%s/variance", layer);
    const float *variance = weight_of(m, weights, name);
    for (int f = 0; f < FEATURES; f++) {
        double expected_mean, expected_variance;
        moments(samples, f, &expected_mean, &expected_variance);
        cr_expect(fabs(mean[f] - expected_mean) < 1e-6 * (1 + fabs(expected_mean)), "mean %d: %.9g, expected %.9g", f, (double)mean[f], expected_mean);
        cr_expect(fabs(variance[f] - expected_variance) < 1e-6 * expected_variance, "variance %d: %.9g, expected %.9g", f, (double)variance[f],
                  expected_variance);
    }
}

/* Held-out samples are not looked at; a training leaves the statistics alone; given numbers stay. */
Test(adapt, of_the_training_part_alone)
{
    struct compiled_model c;
    compiled_model_create(&c, "return Sequential{ name = 'adapted', Input{3, 4}, Normalization{}, LSTM{3}, Dense{2},\n"
                              "  Normalization{mean = {1, -2}, variance = 4, invert = true}, loss = 'mse', batch_size = 4 }\n", "-O1", false);
    struct lstmc_dataset data, held_out;
    struct lstmc_engine engine;
    struct lstmc_message message = { "" };
    struct lstmc_train_options options = { .epochs = 1, .quiet = 1 };
    float *weights = lstmc_alloc(c.model->weight_count * sizeof(float));
    cr_assert_eq(lstmc_dataset_alloc(c.model, SAMPLES, &data), LSTMC_OK);
    for (int s = 0; s < SAMPLES; s++)
        for (int at = 0; at < STEPS * FEATURES; at++)
            ((float *)data.x)[s * STEPS * FEATURES + at] = value(s, at);
    lstmc_split_validation(c.model, &data, 0.3, &held_out);
    cr_assert(data.samples == 7 && held_out.samples == 3);
    lstmc_init(c.model, weights, 1);
    cr_expect(weight_of(c.model, weights, "normalization/variance")[2] == 1 && weight_of(c.model, weights, "normalization/mean")[1] == 0);
    cr_assert_eq(lstmc_adapt(c.model, weights, &data, &message), LSTMC_OK, "%s", message.text);
    expect_moments(c.model, weights, "normalization", 7);
    cr_assert_eq(lstmc_engine_create(c.model, &engine), LSTMC_OK);
    cr_assert_eq(lstmc_train(&engine, weights, &data, &held_out, &options, NULL, &message), LSTMC_OK, "%s", message.text);
    expect_moments(c.model, weights, "normalization", 7);
    const float *mean = weight_of(c.model, weights, "normalization_1/mean"), *variance = weight_of(c.model, weights, "normalization_1/variance");
    cr_expect(mean[0] == 1 && mean[1] == -2 && variance[0] == 4 && variance[1] == 4);
    lstmc_engine_free(&engine);
    lstmc_dataset_free(&data);
    lstmc_free(weights);
    compiled_model_free(&c);
}

/* Each layer sees its own input among several. */
Test(adapt, of_several_inputs)
{
    struct compiled_model c;
    compiled_model_create(&c, "local a, b = Input{2, name = 'a'}, Input{3, 4, name = 'b'}\n"
                              "local h = Concatenate(){Normalization{}(a), Flatten(){Normalization{name = 'second'}(b)}}\n"
                              "return Model{name = 'two', inputs = {a, b}, outputs = Dense{1}(h), loss = 'mse', batch_size = 4}\n", "-O1", false);
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    float *weights = lstmc_alloc(c.model->weight_count * sizeof(float));
    cr_assert_eq(lstmc_dataset_alloc(c.model, SAMPLES, &data), LSTMC_OK);
    for (int s = 0; s < SAMPLES; s++)
        for (int at = 0; at < 2 + STEPS * FEATURES; at++)
            ((float *)data.x)[s * (2 + STEPS * FEATURES) + at] = at < 2 ? (float)(s + at) : value(s, at - 2);
    lstmc_init(c.model, weights, 1);
    cr_assert_eq(lstmc_adapt(c.model, weights, &data, &message), LSTMC_OK, "%s", message.text);
    expect_moments(c.model, weights, "second", SAMPLES);
    cr_expect(weight_of(c.model, weights, "normalization/mean")[1] == 5.5f && weight_of(c.model, weights, "normalization/variance")[0] == 8.25f);
    data.samples = 0;
    cr_expect_eq(lstmc_adapt(c.model, weights, &data, &message), LSTMC_MISMATCH);
    data.samples = SAMPLES;
    lstmc_dataset_free(&data);
    lstmc_free(weights);
    compiled_model_free(&c);
}

/* y = (x - mean) / sqrt(variance), no deviation below 1e-7, and the way back. */
Test(adapt, by_hand)
{
    struct compiled_model c;
    compiled_model_create(&c, "return Sequential{ name = 'known', Input{3}, Normalization{mean = {1, -2, 3}, variance = {4, 0.25, 0}}, loss = 'mse' }\n",
                          "-O1", true);
    float x[3] = { 2, -1, 3 }, y[3], weights[6];
    struct lstmc_engine engine;
    lstmc_init(c.model, weights, 1);
    cr_assert_eq(lstmc_engine_create(c.model, &engine), LSTMC_OK);
    engine.prepare(engine.context, weights);
    engine.predict(engine.context, x, 1, y);
    cr_expect(fabs(y[0] - 0.5) < 1e-6 && fabs(y[1] - 2) < 1e-6 && y[2] == 0, "%g %g %g", (double)y[0], (double)y[1], (double)y[2]);
    lstmc_engine_free(&engine);
    compiled_model_free(&c);
}
