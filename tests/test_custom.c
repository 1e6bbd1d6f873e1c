/* test_custom.c: layers that a description defines itself. The interpreter runs them by the evaluator, so their forward mathematics is also
 * held against numbers computed here, and against built-in layers that compute the same. */
#include "custom_models.h"
#include "oracles.h"
#include "refusal.h"

#include "compiler/oracle/custom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

/* `inside` stands in Sequential{...}, behind the definitions. */
static void expect_custom(const char *const *insides)
{
    Arena *arena = arena_create();
    for (; *insides; insides++) {
        char *said = oracles_disagreement(custom_description(arena, *insides), &(Oracles){ .seed = 1 });
        cr_expect_null(said, "%s\n%s", *insides, said);
        free(said);
    }
    arena_free(arena);
}

Test(custom, convolution_and_pooling)
{
    expect_custom((const char *const[]){
        "Input{9, 3}, Convolution{4, 3}, loss = 'mse'",
        "Input{9, 3}, Convolution{4, 3, strides = 2}, Activation{'relu'}, LSTM{3}, Dense{2}, loss = 'mse'",
        "Input{11, 2}, Convolution{3, 3, strides = 3, dilation = 2}, Convolution{2, 2}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{5}, Embedding{7, 3}, Convolution{2, 2, strides = 2}, Flatten{}, loss = 'mse'",
        "Input{7, 3}, LSTM{4, return_sequences = true}, Convolution{2, 3}, GRU{2}, loss = 'mse'",
        "Input{9, 3}, Pooling{2}, Dense{2}, loss = 'mse'",
        "Input{9, 3}, Dense{4}, Pooling{3, slope = -1.5}, LSTM{2}, loss = 'mse'",
        "Input{9, 3}, Convolution{4, 2, trainable = false}, Pooling{2}, Dense{2}, loss = 'mse'", NULL });
}

Test(custom, attention_and_weights_alone)
{
    expect_custom((const char *const[]){
        "Input{5, 3}, Attention{}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{4, return_sequences = true}, Attention{}, loss = 'mse'",
        "Input{4, 3}, Positions{}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Dense{2}, Positions{}, LSTM{2}, loss = 'mse'",
        "Input{5}, Squashed{4}, Squashed{3}, loss = 'mse'",
        "Input{3, 5}, Squashed{4}, LSTM{2, return_sequences = true}, Squashed{2}, Dense{1}, loss = 'mse'",
        "Input{3, 5}, Squashed{4, trainable = false}, Squashed{2}, loss = 'mse'",
        "Input{5}, Scaled{}, Dense{3}, loss = 'mse'",
        "Input{4, 5}, Dense{3}, Scaled{0.5}, Dropout{0.3}, Scaled{0}, loss = 'mse'", NULL });
}

/* Steps that fill vectors, and that do not. */
Test(custom, attention_to_what_came_before)
{
    expect_custom((const char *const[]){
        "Input{16, 3}, Causal{4}, Dense{2}, loss = 'mse'",
        "Input{11, 5}, Causal{9}, GRU{3, return_sequences = true}, Causal{3}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{19}, Embedding{7, 8}, Causal{8}, Causal{16}, LSTM{2}, loss = 'mse'", NULL });
}

Test(custom, recurrent_cells)
{
    expect_custom((const char *const[]){
        "Input{4, 3}, Peephole{5}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Peephole{2, return_sequences = true, go_backwards = true}, Peephole{3, activation = 'softsign'}, loss = 'mse'",
        "Input{4, 3}, Minimal{5}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Minimal{2, return_sequences = true}, LSTM{3, return_sequences = true}, Minimal{2, go_backwards = true}, loss = 'mse'",
        "Input{4, 3}, Twin{5}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Twin{5, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Frozen{5, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Frozen{2, go_backwards = true}, loss = 'mse'",
        "Input{4, 3}, Idle{5}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Dense{2}, Idle{5, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{4}, Embedding{6, 3}, Peephole{2, return_sequences = true}, Twin{3}, Dense{2, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        NULL });
}

/* ---- forward against numbers ---- */

typedef struct Run {                /* x -> y of a model by the interpreter in double, for one row */
    Arena *arena;
    Description *description;
    const Model *model;
    double *weights, *x, *y;
} Run;

static double number(size_t i, double factor)
{
    return sin(factor * (double)(i + 1));
}

static Run run(const char *inside)
{
    Run r = { .arena = arena_create() };
    r.description = oracle_read(r.arena, custom_description(r.arena, inside));
    r.model = description_model(r.description);
    const struct lstmc_model *m = &r.model->descriptor;
    struct custom_layers *custom = custom_layers_create(r.arena, r.description, 1);
    struct lstmc_message message = { "" };
    Interpreter_double *interpreter = interpreter_create_double(r.model, 1, custom, &message);
    cr_assert_not_null(interpreter, "%s: %s", inside, message.text);
    r.weights = arena_array(r.arena, double, m->weight_count + 1);
    r.x = arena_array(r.arena, double, m->input_count);
    r.y = arena_array(r.arena, double, m->output_count);
    for (size_t i = 0; i < m->weight_count; i++)
        r.weights[i] = number(i, 1.7);
    for (size_t i = 0; i < m->input_count; i++)
        r.x[i] = number(i, 2.3);
    interpreter_reset_double(interpreter);
    interpreter_forward_double(interpreter, r.weights, r.x, 1, 0, 0);
    memcpy(r.y, interpreter_output_double(interpreter), m->output_count * sizeof(double));
    interpreter_free_double(interpreter);
    custom_layers_free(custom);
    return r;
}

static void finish(Run *r)
{
    description_free(r->description);
    arena_free(r->arena);
}

static void expect_number(const char *what, size_t i, double got, double expected)
{
    cr_expect(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected)), "%s[%zu]: %.15g, expected %.15g", what, i, got, expected);
}

Test(custom, convolution_is_the_sum_over_its_window)
{
    enum { T = 11, C = 2, F = 3, K = 3, STRIDES = 2, DILATION = 2, OUT = 4 };
    Run r = run("Input{11, 2}, Convolution{3, 3, strides = 2, dilation = 2}");
    const double *kernel = r.weights, *bias = r.weights + K * C * F;
    cr_assert_eq(r.model->descriptor.output_count, (size_t)OUT * F, "%zu outputs", r.model->descriptor.output_count);
    for (int t = 0; t < OUT; t++)
        for (int f = 0; f < F; f++) {
            double expected = bias[f];
            for (int k = 0; k < K; k++)
                for (int c = 0; c < C; c++)
                    expected += kernel[(k * C + c) * F + f] * r.x[(t * STRIDES + k * DILATION) * C + c];
            expect_number("convolution", (size_t)(t * F + f), r.y[t * F + f], expected);
        }
    finish(&r);
}

Test(custom, pooling_is_the_largest_of_its_window)
{
    bool below_zero = false;
    Run r = run("Input{9, 3}, Pooling{2}");
    for (int t = 0; t < 4; t++)
        for (int c = 0; c < 3; c++) {
            double expected = fmax(r.x[2 * t * 3 + c], r.x[(2 * t + 1) * 3 + c]);
            below_zero = below_zero || expected < 0;
            expect_number("pooling", (size_t)(t * 3 + c), r.y[t * 3 + c], expected);
        }
    cr_expect(below_zero, "no window lies below zero: a maximum that starts at zero would not be found out");
    finish(&r);
}

Test(custom, attention_is_a_softmax_over_time)
{
    enum { T = 5, C = 3 };
    Run r = run("Input{5, 3}, Attention{}");
    double e[T], total = 0, scale = r.weights[C];
    for (int t = 0; t < T; t++) {
        e[t] = 0;
        for (int c = 0; c < C; c++)
            e[t] += r.x[t * C + c] * r.weights[c];
        total += e[t] = exp(e[t]);
    }
    for (int c = 0; c < C; c++) {
        double expected = 0;
        for (int t = 0; t < T; t++)
            expected += e[t] / total * r.x[t * C + c] * scale;
        expect_number("attention", (size_t)c, r.y[c], expected);
    }
    finish(&r);
}

Test(custom, squashed_uses_the_hyperbolic_tangent_of_its_kernel)
{
    enum { K = 5, N = 4 };
    Run r = run("Input{5}, Squashed{4}");
    for (int n = 0; n < N; n++) {
        double sum = 0, length = 0.1;
        for (int k = 0; k < K; k++) {
            double w = tanh(r.weights[k * N + n]);
            sum += r.x[k] * w;
            length += w * w;
        }
        expect_number("squashed", (size_t)n, r.y[n], sum * exp(r.weights[K * N + n]) / sqrt(length + 1));
    }
    finish(&r);
}

Test(custom, positions_are_numbers_and_make_a_triangle)
{
    enum { T = 4, C = 3 };
    Run r = run("Input{4, 3}, Positions{}");
    for (int t = 0; t < T; t++)
        for (int c = 0; c < C; c++) {
            double expected = 0.1 * c;
            for (int s = 0; s <= t; s++)
                expected += r.x[s * C + c] / (t + 1);
            expect_number("positions", (size_t)(t * C + c), r.y[t * C + c], expected);
        }
    finish(&r);
}

Test(custom, peephole_reads_like_its_formula)
{
    enum { T = 4, C = 3, N = 2 };
    Run r = run("Input{4, 3}, Peephole{2}");
    const double *kernel = r.weights, *recurrent = kernel + C * 4 * N, *bias = recurrent + N * 4 * N, *peephole = bias + 4 * N;
    double h[N] = { 0 }, c[N] = { 0 };
    for (int t = 0; t < T; t++) {
        double z[4 * N], next[N];
        for (int n = 0; n < 4 * N; n++) {
            z[n] = bias[n];
            for (int k = 0; k < C; k++)
                z[n] += r.x[t * C + k] * kernel[k * 4 * N + n];
            for (int k = 0; k < N; k++)
                z[n] += h[k] * recurrent[k * 4 * N + n];
        }
        for (int n = 0; n < N; n++) {
            double i = 1 / (1 + exp(-(z[n] + c[n] * peephole[n]))), f = 1 / (1 + exp(-(z[N + n] + c[n] * peephole[N + n])));
            c[n] = f * c[n] + i * tanh(z[2 * N + n]);
            next[n] = tanh(c[n]) / (1 + exp(-(z[3 * N + n] + c[n] * peephole[2 * N + n])));
        }
        memcpy(h, next, sizeof h);
    }
    for (int n = 0; n < N; n++)
        expect_number("peephole", (size_t)n, r.y[n], h[n]);
    finish(&r);
}

/* tanh(kernel) and what follows from it alone is computed when weights change, not when x arrives; the product is not. */
Test(custom, what_depends_on_weights_alone_is_prepared)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = oracle_read(arena, custom_description(arena, "Input{3, 5}, Squashed{4}, LSTM{2}"));
    const CompileOptions options = { .target = target_find("plain") };
    Compiled compiled = { 0 };
    cr_assert(compile(arena, description, diagnostics, &options, &compiled));
    const Ir *const programs[] = { compiled.programs.training, compiled.programs.batch, compiled.programs.single, compiled.programs.step };
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < programs[p]->tensor_count; i++) {
            const Tensor *tensor = programs[p]->tensors[i];
            bool alone = !strcmp(tensor->name, "bounded") || !strcmp(tensor->name, "length");
            if (!strcmp(tensor->layer, "squashed") && tensor->role == ROLE_VALUE && (alone || !strcmp(tensor->name, "y")))
                cr_expect_eq(tensor->home == HOME_PREPARED, alone, "program %d: squashed.%s is at home in %d", p, tensor->name, (int)tensor->home);
        }
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
}

/* ---- mistakes ---- */

static void expect_refusal(const char *mathematics, const char *message)
{
    Arena *arena = arena_create();
    const char *text = arena_format(arena,
        "local Wrong = layer 'Wrong' { arguments = {}, over = 'sample', input = 'sequence',\n"
        "shape = function(a, x) return { x.timesteps, x.features } end, call = function(a, w, x)\n"
        "local t, s, c = axes 't s c'\n"
        "local y = tensor{ x.timesteps, x.features }\n"
        "%s\n"
        "return y end }\n"
        "return Sequential{ Input{3, 4}, Wrong{}, loss = 'mse' }", mathematics);
    expect_not_compiled(text, message);
    arena_free(arena);
}

/* Two noises of one layer are drawn apart, and the first one where the interpreter draws a Dropout's. */
Test(custom, noises_of_a_layer_have_places_of_their_own)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena,
        "local Noisy = layer 'Noisy' { arguments = { { 'rate', 'rate' } },\n"
        "  call = function(a, w, x)\n"
        "    local y = x * noise(a.rate) + x * noise(a.rate)\n"
        "    return y\n"
        "  end }\n"
        "return Sequential{ Input{5, 3}, Noisy{0.5}, Dropout{0.5}, Dense{2}, loss = 'mse' }\n");
    Ir *ir = lower(arena, description, &(LowerOptions){ .training = true, .batch = 2 });
    int places[3], count = 0;
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE && count < 3)
            places[count++] = ir->tensors[i]->place;
    cr_assert_eq(count, 3, "%d noises", count);
    cr_expect(places[0] == 1 && places[1] != 1 && places[1] != 2 && places[2] == 2, "places %d %d %d", places[0], places[1], places[2]);
    description_free(description);
    arena_free(arena);
}

Test(custom, mistakes_are_said_with_their_reason)
{
    expect_refusal("y[{ t, c }] = x[{ t + 1, c }]", "index 1 of x runs from 1 to 3, but the extent is 3");
    expect_refusal("y[{ t + 1, c }] = x[{ t, c }]", "index 0 of wrong.y runs from 1 to 3, but the extent is 3");
    expect_refusal("y[{ 2 * t, c }] = x[{ t, c }]", "index 0 of wrong.y runs from 0 to 4, but the extent is 3");
    expect_refusal("y[{ t, 0 }] = x[{ t, c }]", "reads wrong.y before it is set");
    expect_refusal("y[{ t, t }] = x[{ t, c }]", "axis t has 3 elements, but index 2 of this value has 4: use two axes");
    expect_refusal("y[{ t, c }] = x[{ x[{ t, 0 }], c }]", "or an integer id");
    expect_refusal("y[{ t, c }] = x[{ 2 * x[{ t, 0 }], c }]", "or an integer id");
    expect_refusal("y[{ t, c }] = x[{ t / 2, c }]", "or an integer id");
    expect_refusal("y[{ t, c }] = x[{ t * t, c }]", "an index is affine");
    expect_refusal("y[{ t, c }] = x[{ t + s, c }]", "cannot tell the extent of axis s");
    expect_refusal("y[{ t, c }] = x[{ t, c, s }]", "3 indices for a value of rank 2");
    expect_refusal("y[{ t, c }] = x", "give it an index");
    expect_refusal("y = 3", "a value");
    expect_refusal("y = tensor{ 2, 4 } y[{ t, c }] = x[{ t + 1, c }]", "of shape {2, 4}");
    expect_refusal("y = nil", "a value");
}
