/* test_initial_state.c: where states begin: given numbers, or weights that are learned; all oracles, by hand, after a reset and after a carry, step
 * by step; and what is refused. */
#include "oracles.h"
#include "compiled_model.h"
#include "refusal.h"

#include "runtime/interpreter/interpreter.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(initial_state, all_oracles)
{
    expect_all((const char *const[]){
        "Input{5, 3}, LSTM{4, initial_state = 'learned', return_sequences = true}, GRU{3, initial_state = 'learned'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, initial_state = Constant{0.4}, go_backwards = true}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, initial_state = { h = {0.5, 0.5, -0.25, 1}, c = 'learned' }, return_sequences = true}, SimpleRNN{3, initial_state = 0.3}, loss = 'mse'",
        "Input{5, 3}, RNN{ {LSTMCell{4}, GRUCell{2}}, initial_state = 'learned', return_sequences = true}, LSTM{3, initial_state = 'learned', trainable = false}, loss = 'mse'",
        "Input{5, 3}, RNN{ {LSTMCell{4, projection = 2}, GRUCell{2}}, initial_state = { gru_cell_h = {1, -1}, lstm_cell_h = 'learned' } }, loss = 'mse'",
        "Input{5, 3}, LSTM{4, initial_state = 'learned', stateful = true, return_sequences = true}, GRU{3, initial_state = 'learned'}, loss = 'mse'",
        "Input{5, 3}, Bidirectional{LSTM{4, initial_state = 'learned', return_sequences = true}}, Dense{2}, loss = 'mse'",
        "Embedding{7, 3, input_length = 5, mask_zero = true}, GRU{4, initial_state = 'learned', return_sequences = true}, LSTM{3, initial_state = 0.5}, loss = 'mse'",
        "Input{5, 3}, Reshape{{5, 3, 1}}, TimeDistributed{GRU{4, initial_state = 'learned'}}, LSTM{2, initial_state = {c = 0.5}}, loss = 'mse'",
        "Input{1, 3}, LSTM{4, initial_state = Constant{0.4}}, Dense{2}, loss = 'mse'", "Input{1, 3}, GRU{4, initial_state = 0.3, reset_after = false}, loss = 'mse'",
        "Input{1, 3}, GRU{4, initial_state = 'learned', reset_after = false}, Dense{2}, loss = 'mse'", NULL });
}

/* ---- by hand ---- */

enum { T = 4, F = 3, U = 2, ROWS = 2, WEIGHTS = F * U + U * U + U + U };

static void draw(double w[WEIGHTS], double x[ROWS][T][F])
{
    for (int i = 0; i < WEIGHTS; i++)
        w[i] = sin(1.7 * (i + 1));
    for (int i = 0; i < ROWS * T * F; i++)
        x[i / T / F][i / F % T][i % F] = cos(2.3 * i);
}

static void run_by_hand(const double *w, double x[T][F], double h[U])
{
    const double *recurrent = w + F * U, *bias = recurrent + U * U;
    for (int t = 0; t < T; t++) {
        double next[U];
        for (int n = 0; n < U; n++) {
            double z = bias[n];
            for (int k = 0; k < F; k++)
                z += x[t][k] * w[k * U + n];
            for (int k = 0; k < U; k++)
                z += h[k] * recurrent[k * U + n];
            next[n] = tanh(z);
        }
        memcpy(h, next, sizeof next);
    }
}

/* After a reset states begin with the weight, after a carry where they ended. */
Test(initial_state, simple_rnn_by_hand)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, "return Sequential{ Input{4, 3}, SimpleRNN{2, initial_state = 'learned'}, loss = 'mse' }");
    const Model *model = description_model(description);
    Interpreter_double *it = interpreter_create_double(model, ROWS, NULL, NULL);
    double w[WEIGHTS], x[ROWS][T][F], h[ROWS][U];
    draw(w, x);
    cr_assert(it && model->descriptor.weight_count == WEIGHTS);
    cr_assert_str_eq(model->descriptor.weights[3].name, "simple_rnn/initial_h");
    static const bool resets[] = { true, false, false, true };
    for (size_t call = 0; call < sizeof resets / sizeof *resets; call++) {
        (resets[call] ? interpreter_reset_double : interpreter_carry_double)(it);
        interpreter_forward_double(it, w, x, ROWS, 0, 0);
        for (int row = 0; row < ROWS; row++) {
            if (resets[call])
                memcpy(h[row], w + WEIGHTS - U, sizeof h[row]);
            run_by_hand(w, x[row], h[row]);
            for (int n = 0; n < U; n++)
                cr_expect_float_eq(interpreter_output_double(it)[row * U + n], h[row][n], 1e-14, "call %zu, row %d, unit %d", call, row, n);
        }
    }
    interpreter_free_double(it);
    description_free(description);
    arena_free(arena);
}

/* The generated C the same way: the tape, and a stream. */
Test(initial_state, generated_by_hand)
{
    struct compiled_model c;
    compiled_model_create(&c, "return Sequential{ name = 'net', Input{4, 3}, SimpleRNN{2, initial_state = 'learned'}, loss = 'mse', batch_size = 2, shards = 1 }", "-O1", false);
    const struct lstmc_model *m = c.model;
    double w[WEIGHTS], x[ROWS][T][F], h[ROWS][U];
    float weights[WEIGHTS], in[ROWS][T][F], y[U];
    draw(w, x);
    for (int i = 0; i < WEIGHTS; i++)
        weights[i] = (float)w[i];
    for (int i = 0; i < ROWS * T * F; i++)
        ((float *)in)[i] = (float)((double *)x)[i];
    void *training = lstmc_alloc(m->training_bytes), *tape = lstmc_alloc(m->tape_bytes), *packed = lstmc_alloc(m->packed_bytes), *state = lstmc_alloc(m->state_bytes);
    m->prepare_training(training, weights);
    m->prepare(packed, weights);
    static const bool resets[] = { true, false, true };
    for (size_t call = 0; call < sizeof resets / sizeof *resets; call++) {
        if (resets[call]) {
            m->reset_tape(training, tape);
            m->reset(packed, state);
        } else {
            m->carry(tape);
        }
        m->forward(training, tape, in, ROWS, 0);
        for (int t = 0; t < T; t++)
            m->step(packed, state, in[0][t], y);
        for (int row = 0; row < ROWS; row++) {
            if (resets[call])
                memcpy(h[row], w + WEIGHTS - U, sizeof h[row]);
            run_by_hand(w, x[row], h[row]);
            for (int n = 0; n < U; n++) {
                double got = (double)((const float *)(const void *)((const char *)tape + m->output_offset))[row * U + n];
                cr_expect_float_eq(got, h[row][n], 1e-5, "call %zu, row %d, unit %d: %g, not %g", call, row, n, got, h[row][n]);
                cr_expect(row || fabs((double)y[n] - h[0][n]) < 1e-5, "call %zu, stream, unit %d: %g, not %g", call, n, (double)y[n], h[0][n]);
            }
        }
    }
    lstmc_free(training);
    lstmc_free(tape);
    lstmc_free(packed);
    lstmc_free(state);
    compiled_model_free(&c);
}

/* ---- mistakes ---- */

static void expect_refusal(const char *inside, const char *message)
{
    Arena *arena = arena_create();
    expect_not_read(arena_format(arena, "return Sequential{ Input{5, 3}, %s, loss = 'mse' }", inside), message);
    arena_free(arena);
}

Test(initial_state, mistakes)
{
    expect_refusal("LSTM{3, initial_state = 'lerned'}", "\"initial_state\" must be \"zeros\", \"learned\", a number, Constant{...}, a list of numbers");
    expect_refusal("LSTM{3, initial_state = RandomUniform{-1, 1}}", "\"initial_state\" must be \"zeros\", \"learned\"");
    expect_refusal("LSTM{3, initial_state = { s = 1 }}", "initial_state: s is no state");
    expect_refusal("LSTM{3, initial_state = { h = {1, 2} }}", "initial_state: h has the shape {3}, not 2 numbers");
    expect_refusal("LSTM{3, initial_state = { h = 'x' }}", "\"initial_state\" h must be \"zeros\"");
    expect_refusal("RNN{LSTMCell{3, initial_state = 'learned'}}", "LSTMCell: unknown argument \"initial_state\"");
}
