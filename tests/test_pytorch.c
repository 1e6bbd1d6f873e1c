/* test_pytorch.c: defaults = "pytorch": the updates of torch.optim as its manual writes them, in double; what is drawn, and epsilons; and that
 * whatever a description says itself stays. */
#include "compiled_model.h"
#include "oracles.h"
#include "small_model.h"
#include "runtime/train/stepper.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = SMALL_GRADIENT_COUNT, STEPS = 7 };

/* The buffers of torch.optim, one element each. */
struct reference {
    double w[N], momentum[N], average[N], squares[N], largest[N];
};

static double sgd(const struct lstmc_optimizer *o, struct reference *r, int i, double g, int t)
{
    g += (double)o->weight_decay * r->w[i];
    if (o->momentum == 0)
        return g;
    r->momentum[i] = t > 1 ? (double)o->momentum * r->momentum[i] + g : g;
    return o->nesterov ? g + (double)o->momentum * r->momentum[i] : r->momentum[i];
}

static double rmsprop(const struct lstmc_optimizer *o, struct reference *r, int i, double g)
{
    double alpha = (double)o->rho;
    g += (double)o->weight_decay * r->w[i];
    r->squares[i] = alpha * r->squares[i] + (1 - alpha) * g * g;
    double v = r->squares[i];
    if (o->centered) {
        r->average[i] = alpha * r->average[i] + (1 - alpha) * g;
        v -= r->average[i] * r->average[i];
    }
    double change = g / (sqrt(v) + (double)o->epsilon);
    if (o->momentum == 0)
        return change;
    return r->momentum[i] = (double)o->momentum * r->momentum[i] + change;
}

/* Corrected averages, as in Kingma & Ba's own notation. */
static double adam(const struct lstmc_optimizer *o, struct reference *r, int i, double g, int t)
{
    double beta_1 = (double)o->beta_1, beta_2 = (double)o->beta_2;
    if (o->kind == LSTMC_ADAM)
        g += (double)o->weight_decay * r->w[i];
    r->average[i] = beta_1 * r->average[i] + (1 - beta_1) * g;
    r->squares[i] = beta_2 * r->squares[i] + (1 - beta_2) * g * g;
    r->largest[i] = fmax(r->largest[i], r->squares[i]);
    double m = r->average[i] / (1 - pow(beta_1, t)), v = (o->amsgrad ? r->largest[i] : r->squares[i]) / (1 - pow(beta_2, t));
    return m / (sqrt(v) + (double)o->epsilon);
}

static void reference_step(const struct lstmc_optimizer *o, struct reference *r, const float *gradients, double rate, int t)
{
    double norm = 0;
    for (int i = 0; i < N; i++)
        norm += (double)gradients[i] * (double)gradients[i];
    double clip = o->global_clipnorm > 0 ? fmin(1, (double)o->global_clipnorm / (sqrt(norm) + 1e-6)) : 1;
    for (int i = 0; i < N; i++) {
        double g = clip * (double)gradients[i], change;
        if (o->kind == LSTMC_ADAMW)
            r->w[i] -= rate * (double)o->weight_decay * r->w[i];
        change = o->kind == LSTMC_SGD ? sgd(o, r, i, g, t) : o->kind == LSTMC_RMSPROP ? rmsprop(o, r, i, g) : adam(o, r, i, g, t);
        r->w[i] -= rate * change;
    }
}

static const struct lstmc_optimizer optimizers[] = {
#define ALL .pytorch = 1, .learning_rate = 0.05f
    { .kind = LSTMC_SGD, ALL },
    { .kind = LSTMC_SGD, ALL, .weight_decay = 0.3f },
    { .kind = LSTMC_SGD, ALL, .momentum = 0.9f, .weight_decay = 0.1f },
    { .kind = LSTMC_SGD, ALL, .momentum = 0.8f, .nesterov = 1 },
    { .kind = LSTMC_SGD, ALL, .momentum = 0.8f, .nesterov = 1, .weight_decay = 0.2f, .global_clipnorm = 0.5f },
    { .kind = LSTMC_RMSPROP, ALL, .rho = 0.99f, .epsilon = 1e-8f },
    { .kind = LSTMC_RMSPROP, ALL, .rho = 0.9f, .epsilon = 0.1f, .weight_decay = 0.3f },
    { .kind = LSTMC_RMSPROP, ALL, .rho = 0.9f, .epsilon = 0.01f, .momentum = 0.7f, .global_clipnorm = 1e6f },
    { .kind = LSTMC_RMSPROP, ALL, .rho = 0.9f, .epsilon = 0.1f, .centered = 1, .momentum = 0.7f, .weight_decay = 0.1f },
    { .kind = LSTMC_ADAM, ALL, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-8f },
    { .kind = LSTMC_ADAM, ALL, .beta_1 = 0.5f, .beta_2 = 0.7f, .epsilon = 0.1f, .weight_decay = 0.3f },
    { .kind = LSTMC_ADAM, ALL, .beta_1 = 0.9f, .beta_2 = 0.5f, .epsilon = 0.1f, .amsgrad = 1, .global_clipnorm = 0.5f },
    { .kind = LSTMC_ADAMW, ALL, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-8f, .weight_decay = 0.2f },
    { .kind = LSTMC_ADAMW, ALL, .beta_1 = 0.9f, .beta_2 = 0.9f, .epsilon = 0.1f, .weight_decay = 0.2f, .amsgrad = 1 },
#undef ALL
};

/* Rates that change show what holds the rate inside. */
Test(pytorch, updates)
{
    static const float rates[STEPS] = { 0, 0.1f, 0.02f, 0.2f, 0, 0.01f, 0.05f };
    for (size_t k = 0; k < sizeof optimizers / sizeof *optimizers; k++) {
        struct small_model small;
        small_model_init(&small);
        small.model.optimizer = optimizers[k];
        float w[SMALL_WEIGHT_COUNT], g[N];
        struct reference r = { .w = { 0 } };
        for (int i = 0; i < SMALL_WEIGHT_COUNT; i++)
            w[i] = (float)(0.4 * sin(1.3 * i));
        for (int i = 0; i < N; i++)
            r.w[i] = (double)w[i];
        float *state = lstmc_alloc((lstmc_optimizer_floats(&small.model) + 1) * sizeof(float));
        for (int t = 1; t <= STEPS; t++) {
            for (int i = 0; i < N; i++)
                g[i] = (float)(cos(2.1 * i + t) * (t % 3 == 0 ? 0.1 : 1));
            reference_step(&optimizers[k], &r, g, rates[t - 1] > 0 ? (double)rates[t - 1] : (double)optimizers[k].learning_rate, t);
            lstmc_optimizer_step(&small.model, w, g, state, (uint64_t)t, rates[t - 1]);
            for (int i = 0; i < N; i++)
                cr_assert(fabs((double)w[i] - r.w[i]) < 2e-6 * fmax(1, fabs(r.w[i])), "optimizer %zu, step %d: w[%d] = %.9g, expected %.9g", k, t, i,
                          (double)w[i], r.w[i]);
        }
        lstmc_free(state);
    }
}

/* At the first step with a tiny gradient only the place of epsilon counts: |g| = epsilon is half a step in PyTorch. */
Test(pytorch, place_of_epsilon)
{
    struct small_model small;
    one_weight_model(&small, 1, (int[]){ 1 }, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
    small.model.optimizer = (struct lstmc_optimizer){ .kind = LSTMC_ADAM, .pytorch = 1, .learning_rate = 1, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-4f };
    float w = 0, g = 1e-4f, state[2] = { 0 };
    lstmc_optimizer_step(&small.model, &w, &g, state, 1, 0);
    cr_expect(fabs((double)w + 0.5) < 1e-5, "%.9g", (double)w);
    small.model.optimizer.pytorch = 0;
    w = 0, state[0] = state[1] = 0, g = 1e-4f;
    lstmc_optimizer_step(&small.model, &w, &g, state, 1, 0);
    cr_expect(fabs((double)w + 1 / (1 + 1 / sqrt(0.001))) < 1e-4, "Keras's: %.9g", (double)w);
}

/* ---- what a description makes of it ---- */

static const struct lstmc_tensor *weight(const struct lstmc_model *m, const char *name)
{
    for (int w = 0; w < m->weight_tensors; w++)
        if (!strcmp(m->weights[w].name, name))
            return &m->weights[w];
    cr_assert(0, "there is no %s", name);
    return NULL;
}

static void expect_uniform(const struct lstmc_model *m, const char *name, double bound)
{
    const struct lstmc_initializer *i = &weight(m, name)->initializer;
    cr_expect(i->kind == LSTMC_UNIFORM && fabs((double)i->a + bound) < 1e-6 && fabs((double)i->b - bound) < 1e-6 && i->ones_begin == i->ones_end,
              "%s: kind %d from %g to %g, expected +-%g", name, i->kind, (double)i->a, (double)i->b, bound);
}

Test(pytorch, defaults)
{
    struct compiled_model c;
    compiled_model_create(&c, "return Sequential{ name = 'p', defaults = 'pytorch', Input{12},\n"
        "  Embedding{9, 6}, Conv1D{8, 3, groups = 2}, BatchNormalization{}, Conv1DTranspose{5, 2}, SeparableConv1D{6, 3, depth_multiplier = 2},\n"
        "  DepthwiseConv1D{2}, LayerNormalization{}, Bidirectional{LSTM{4, return_sequences = true}}, GRU{5, return_sequences = true},\n"
        "  SimpleRNN{3, bias_initializer = 'ones'}, LayerNormalization{epsilon = 0.25}, Dense{2}, loss = 'mse', optimizer = 'adamw', batch_size = 4 }\n",
        "-O1", false);
    const struct lstmc_model *m = c.model;
    const struct lstmc_initializer *embedding = &weight(m, "embedding/embeddings")->initializer;
    cr_expect(embedding->kind == LSTMC_NORMAL && embedding->a == 0 && embedding->b == 1);
    expect_uniform(m, "conv1d/kernel", 1 / sqrt(3 * 3));
    expect_uniform(m, "conv1d/bias", 1 / sqrt(3 * 3));
    expect_uniform(m, "conv1d_transpose/kernel", 1 / sqrt(5 * 2));
    expect_uniform(m, "separable_conv1d/depthwise_kernel", 1 / sqrt(3));
    expect_uniform(m, "separable_conv1d/pointwise_kernel", 1 / sqrt(10));
    expect_uniform(m, "separable_conv1d/bias", 1 / sqrt(10));
    expect_uniform(m, "depthwise_conv1d/kernel", 1 / sqrt(2));
    expect_uniform(m, "bidirectional/forward_lstm/kernel", 0.5);
    expect_uniform(m, "bidirectional/backward_lstm/bias", 0.5);
    expect_uniform(m, "gru/recurrent_kernel", 1 / sqrt(5));
    expect_uniform(m, "simple_rnn/kernel", 1 / sqrt(3));
    expect_uniform(m, "dense/kernel", 1 / sqrt(3));
    expect_uniform(m, "dense/bias", 1 / sqrt(3));
    cr_expect(weight(m, "simple_rnn/bias")->initializer.a == 1, "what is said stays");
    const struct lstmc_optimizer *o = &m->optimizer;
    cr_expect(o->pytorch && o->kind == LSTMC_ADAMW && o->epsilon == 1e-8f && o->weight_decay == 0.01f && o->learning_rate == 0.001f);
    const Model *model = description_model(c.description);
    cr_expect_eq(model->changed_count, 13, "%d", model->changed_count);
    for (int l = 0; l < model->layer_count; l++)
        if (!strcmp(model->layers[l].kind, "LayerNormalization"))
            cr_expect(layer_number(&model->layers[l], "epsilon", 0) == (strcmp(model->layers[l].name, "layer_normalization") ? 0.25 : 1e-5));
        else if (!strcmp(model->layers[l].kind, "BatchNormalization"))
            cr_expect(layer_number(&model->layers[l], "epsilon", 0) == 1e-5 && layer_number(&model->layers[l], "momentum", 0) == 0.9);
    compiled_model_free(&c);
}

/* One batch of a feature of n numbers, by hand: 0.9 of what was there, 0.1 of the new, the variance n / (n - 1) times that of the batch. */
static void expect_moving(const char *options, int rows, double mean, double variance)
{
    struct compiled_model c;
    Arena *arena = arena_create();
    compiled_model_create(&c, arena_format(arena, "return Sequential{ name = 'p', %s, Input{1}, BatchNormalization{scale = false, center = false},\n"
                                                  "  Dense{1}, loss = 'mse', optimizer = SGD{0.1}, batch_size = 4, shards = 2 }\n", options), "-O1", false);
    const struct lstmc_model *m = c.model;
    float x[4] = { 1, 2, 4, 9 }, target[4] = { 0 }, output[4], gradients[2], weights[4];
    for (int i = 0; i < 4; i++)
        weights[i] = 1;
    float *moving_mean = weights + weight(m, "batch_normalization/moving_mean")->offset;
    float *moving_variance = weights + weight(m, "batch_normalization/moving_variance")->offset;
    struct lstmc_engine engine;
    cr_assert(m->weight_count == 4 && lstmc_engine_create(m, &engine) == 0);
    engine.prepare(engine.context, weights);
    engine.train(engine.context, x, target, NULL, rows, 0, 0.25f, 1, gradients, output);
    engine.update(engine.context, weights);
    cr_expect(fabs((double)*moving_mean - mean) < 1e-6 && fabs((double)*moving_variance - variance) < 1e-5, "%s: %d rows: mean %g, variance %g",
              options, rows, (double)*moving_mean, (double)*moving_variance);
    lstmc_engine_free(&engine);
    compiled_model_free(&c);
    arena_free(arena);
}

/* 1 2 4 9: mean 4, squares of what is away from it 38; of one number there is no other variance than 0. */
Test(pytorch, moving_variance_is_unbiased)
{
    expect_moving("defaults = 'pytorch'", 4, 0.9 + 0.1 * 4, 0.9 + 0.1 * 38 / 3);
    expect_moving("defaults = 'keras'", 4, 0.99 + 0.01 * 4, 0.99 + 0.01 * 38 / 4);
    expect_moving("defaults = 'pytorch'", 1, 0.9 + 0.1, 0.9);
}

/* Both roads, with masks and at each step. */
Test(pytorch, moving_averages_agree)
{
    static const char *const models[] = {
        "Input{5, 3}, BatchNormalization{unbiased = true, momentum = 0.5}, Dense{2}, loss = 'mse', shards = 2",
        "Input{5, 3}, Masking{}, Dense{4}, BatchNormalization{}, GRU{3}, defaults = 'pytorch', loss = 'mse'",
        "Input{3, 4, 2}, TimeDistributed{BatchNormalization{unbiased = true}}, Flatten{}, Dense{2}, loss = 'mse'", NULL };
    expect_all(models);
}

Test(pytorch, keras_is_the_default)
{
    struct compiled_model c;
    compiled_model_create(&c, "return Sequential{ name = 'k', Input{4, 3}, LSTM{4}, Dense{2}, loss = 'mse', batch_size = 4 }\n", "-O1", false);
    cr_expect(!c.model->optimizer.pytorch && c.model->optimizer.epsilon == 1e-7f && description_model(c.description)->changed_count == 0);
    cr_expect_eq(weight(c.model, "dense/kernel")->initializer.kind, LSTMC_VARIANCE_UNIFORM);
    compiled_model_free(&c);
}
