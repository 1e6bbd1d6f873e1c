/* test_recurrent_options.c: what an LSTM can be besides: peepholes, a bounded cell, a projection, all at once; and LSTM and GRU whose sums are
 * normalised. Through all oracles, and step by step by hand. */
#include "oracles.h"

#include "runtime/interpreter/interpreter.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(recurrent_options, all_oracles)
{
    expect_all((const char *const[]){
        "Input{5, 3}, LSTM{4, use_peepholes = true}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, use_peepholes = true, return_sequences = true, go_backwards = true, use_bias = false}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, cell_clip = 0.3, return_sequences = true, activation = 'softsign'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{5, projection = 2, return_sequences = true}, LSTM{2, projection = 5}, loss = 'mse'",
        "Input{5, 3}, LSTM{6, use_peepholes = true, cell_clip = 0.4, projection = 3, dropout = 0.2, recurrent_dropout = 0.1}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Bidirectional{LSTM{4, use_peepholes = true, projection = 3, return_sequences = true}}, RNN{ {LSTMCell{9, projection = 2}, GRUCell{3}} }, loss = 'mse'",
        "Embedding{7, 3, input_length = 5, mask_zero = true}, LSTM{4, use_peepholes = true, cell_clip = 0.5, projection = 3}, Dense{2}, loss = 'mse'", NULL });
}

Test(recurrent_options, normalised)
{
    expect_all((const char *const[]){
        "Input{5, 3}, LayerNormLSTM{4, bias_initializer = 'normal'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LayerNormLSTM{9, return_sequences = true, use_bias = false, go_backwards = true, norm_epsilon = 0.1}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LayerNormGRU{4, bias_initializer = 'normal'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LayerNormGRU{9, return_sequences = true, use_bias = false, dropout = 0.2, recurrent_dropout = 0.3}, loss = 'mse'",
        "Input{5, 3}, LayerNormGRU{4, recurrent_activation = 'softmax', return_sequences = true}, LayerNormLSTM{3, recurrent_activation = 'softmax'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Bidirectional{LayerNormLSTM{4, return_sequences = true}}, RNN{ {LayerNormLSTMCell{3, dropout = 0.3}, LayerNormGRUCell{4}} }, loss = 'mse'",
        "Embedding{7, 3, input_length = 5, mask_zero = true}, LayerNormGRU{4, return_sequences = true}, LayerNormLSTM{3}, Dense{2}, loss = 'mse'", NULL });
}

/* ---- by hand ---- */

enum { T = 4, F = 3, U = 4, P = 2, MOST = 300 };

static double sigma(double z) { return 1 / (1 + exp(-z)); }

/* What the interpreter makes of one row. */
static void run(const char *layer, const double *w, double x[T][F], double *y, size_t count)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, arena_format(arena, "return Sequential{ Input{4, 3}, %s, loss = 'mse' }", layer));
    const Model *model = description_model(description);
    Interpreter_double *it = interpreter_create_double(model, 1, NULL, NULL);
    cr_assert(it && model->descriptor.weight_count <= MOST && model->descriptor.output_count == count);
    interpreter_reset_double(it);
    interpreter_forward_double(it, w, x, 1, 0, 0);
    memcpy(y, interpreter_output_double(it), count * sizeof *y);
    interpreter_free_double(it);
    description_free(description);
    arena_free(arena);
}

static void draw(double w[MOST], double x[T][F])
{
    for (int i = 0; i < MOST; i++)
        w[i] = sin(1.7 * (i + 1));
    for (int i = 0; i < T * F; i++)
        x[i / F][i % F] = cos(2.3 * i);
}

static double sum_of(const double *v, int count, const double *matrix, int columns, int column)
{
    double sum = 0;
    for (int k = 0; k < count; k++)
        sum += v[k] * matrix[k * columns + column];
    return sum;
}

static void expect_row(const char *what, const double *y, const double *expected, int count)
{
    for (int n = 0; n < count; n++)
        cr_expect_float_eq(y[n], expected[n], 1e-12, "%s: number %d is %.9g, by hand %.9g", what, n, y[n], expected[n]);
}

/* Peepholes see the cell before, that of o the clipped new one; the projection is what the next step sees. */
Test(recurrent_options, lstm_by_hand)
{
    double w[MOST], x[T][F], y[P], h[P] = { 0 }, c[U] = { 0 }, z[4 * U], whole[U];
    draw(w, x);
    const double *kernel = w, *recurrent = kernel + F * 4 * U, *bias = recurrent + P * 4 * U, *peep = bias + 4 * U, *projection = peep + 3 * U;
    run("LSTM{4, use_peepholes = true, cell_clip = 0.6, projection = 2}", w, x, y, P);
    int clipped = 0;
    for (int t = 0; t < T; t++) {
        for (int n = 0; n < 4 * U; n++)
            z[n] = sum_of(x[t], F, kernel, 4 * U, n) + sum_of(h, P, recurrent, 4 * U, n) + bias[n];
        for (int n = 0; n < U; n++) {
            double i = sigma(z[n] + peep[n] * c[n]), f = sigma(z[U + n] + peep[U + n] * c[n]);
            c[n] = f * c[n] + i * tanh(z[2 * U + n]);
            clipped += fabs(c[n]) > 0.6;
            c[n] = fmin(fmax(c[n], -0.6), 0.6);
            whole[n] = sigma(z[3 * U + n] + peep[2 * U + n] * c[n]) * tanh(c[n]);
        }
        for (int n = 0; n < P; n++)
            h[n] = sum_of(whole, U, projection, P, n);
    }
    cr_expect(clipped > 0 && clipped < T * U, "the bound is not tried: %d", clipped);
    expect_row("LSTM", y, h, P);
}

static void normalise(double *v, int count, const double *gamma_and_beta)
{
    double mean = 0, variance = 0;
    for (int k = 0; k < count; k++)
        mean += v[k] / count;
    for (int k = 0; k < count; k++)
        variance += (v[k] - mean) * (v[k] - mean) / count;
    for (int k = 0; k < count; k++)
        v[k] = (v[k] - mean) / sqrt(variance + 1e-3) * gamma_and_beta[k] + gamma_and_beta[count + k];
}

static void products(const double *v, int count, const double *matrix, int columns, double *sums)
{
    for (int n = 0; n < columns; n++)
        sums[n] = sum_of(v, count, matrix, columns, n);
}

Test(recurrent_options, layer_norm_lstm_by_hand)
{
    double w[MOST], x[T][F], y[U], h[U] = { 0 }, c[U] = { 0 }, p[4 * U], q[4 * U];
    draw(w, x);
    const double *kernel = w, *recurrent = kernel + F * 4 * U, *bias = recurrent + U * 4 * U;
    const double *kernel_norm = bias + 4 * U, *recurrent_norm = kernel_norm + 8 * U, *state_norm = recurrent_norm + 8 * U;
    run("LayerNormLSTM{4}", w, x, y, U);
    for (int t = 0; t < T; t++) {
        products(x[t], F, kernel, 4 * U, p);
        products(h, U, recurrent, 4 * U, q);
        normalise(p, 4 * U, kernel_norm);
        normalise(q, 4 * U, recurrent_norm);
        for (int n = 0; n < 4 * U; n++)
            p[n] += q[n] + bias[n];
        for (int n = 0; n < U; n++)
            c[n] = sigma(p[U + n]) * c[n] + sigma(p[n]) * tanh(p[2 * U + n]);
        normalise(c, U, state_norm);
        for (int n = 0; n < U; n++)
            h[n] = sigma(p[3 * U + n]) * tanh(c[n]);
    }
    expect_row("LayerNormLSTM", y, h, U);
}

Test(recurrent_options, layer_norm_gru_by_hand)
{
    double w[MOST], x[T][F], y[U], h[U] = { 0 }, p[3 * U], q[3 * U];
    draw(w, x);
    const double *kernel = w, *recurrent = kernel + F * 3 * U, *bias = recurrent + U * 3 * U;
    const double *of_kernel = bias + 3 * U, *of_recurrent = of_kernel + 4 * U, *of_candidate = of_recurrent + 4 * U,
        *of_candidate_recurrent = of_candidate + 2 * U;
    run("LayerNormGRU{4}", w, x, y, U);
    for (int t = 0; t < T; t++) {
        products(x[t], F, kernel, 3 * U, p);
        products(h, U, recurrent, 3 * U, q);
        normalise(p, 2 * U, of_kernel);
        normalise(q, 2 * U, of_recurrent);
        normalise(p + 2 * U, U, of_candidate);
        normalise(q + 2 * U, U, of_candidate_recurrent);
        for (int n = 0; n < U; n++) {
            double z = sigma(p[n] + q[n] + bias[n]), r = sigma(p[U + n] + q[U + n] + bias[U + n]);
            h[n] = z * h[n] + (1 - z) * tanh(p[2 * U + n] + r * q[2 * U + n] + bias[2 * U + n]);
        }
    }
    expect_row("LayerNormGRU", y, h, U);
}
