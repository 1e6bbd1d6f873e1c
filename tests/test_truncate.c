/* test_truncate.c: truncated back-propagation through time: all oracles, of which finite differences hold the states between blocks; where gradients
 * end; what is computed stays the same. */
#include "oracles.h"

#include "compiler/oracle/custom.h"
#include "runtime/interpreter/interpreter.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(truncate, all_oracles)
{
    expect_all((const char *const[]){
        "Input{7, 3}, LSTM{4, truncate = 3}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, truncate = 2, initial_state = 'learned', return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{7, 3}, LSTM{4, truncate = 2, initial_state = 'learned', use_peepholes = true, return_sequences = true}, GRU{9, truncate = 1}, Dense{2}, loss = 'mse'",
        "Input{7, 3}, GRU{4, return_sequences = true, reset_after = false}, RNN{ {LSTMCell{4}, GRUCell{2}}, go_backwards = true }, truncate = 3, loss = 'mse'",
        "Input{7, 3}, Bidirectional{SimpleRNN{4, truncate = 4, dropout = 0.2, return_sequences = true}}, LSTM{3, stateful = true, truncate = 5}, loss = 'mse'",
        "Embedding{3, 3, input_length = 7, mask_zero = true}, LSTM{4, truncate = 2}, Dense{2}, loss = 'mse'", NULL });
}

enum { T = 7, F = 2, MOST = 100 };

#define LEAKY \
    "recurrent 'Leaky' { arguments = { { 'units', 'size' } }, state = { 'h' },\n" \
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent = weight{ a.units, a.units } } end,\n" \
    "  step = function(a, w, x, s) return { h = 0.5 * s.h + tanh(affine(x, w.kernel) + affine(s.h, w.recurrent)) } end }\n"

/* The output and its gradient by the input, of one row. */
static void run(const char *text, double y[2], double d_input[T * F])
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, arena_format(arena, LEAKY "return Sequential{ Input{7, 2}, %s, loss = 'mse' }", text));
    const Model *model = description_model(description);
    struct custom_layers *custom = custom_layers_create(arena, description, 1);
    Interpreter_double *it = interpreter_create_double(model, 1, custom, NULL);
    double weights[MOST], gradients[MOST] = { 0 }, x[T * F], d_output[2] = { 1, -0.5 };
    cr_assert(it && model->descriptor.weight_count <= MOST && model->descriptor.output_count == 2);
    for (int i = 0; i < MOST; i++)
        weights[i] = sin(1.7 * (i + 1));
    for (int i = 0; i < T * F; i++)
        x[i] = cos(2.3 * i);
    interpreter_reset_double(it);
    interpreter_forward_double(it, weights, x, 1, 0, 0);
    memcpy(y, interpreter_output_double(it), 2 * sizeof *y);
    interpreter_set_d_output_double(it, d_output);
    interpreter_backward_double(it, gradients, d_input);
    interpreter_free_double(it);
    custom_layers_free(custom);
    description_free(description);
    arena_free(arena);
}

/* Of blocks of three steps the last one of seven stands alone: nothing in front of it has a gradient, and its own is what it was. */
static void expect_cut(const char *text, const char *truncated)
{
    double y[2], whole[T * F], cut_y[2], cut[T * F];
    run(text, y, whole);
    run(truncated, cut_y, cut);
    cr_expect(fabs(y[0] - cut_y[0]) < 1e-14 && fabs(y[1] - cut_y[1]) < 1e-14, "%s computes something else", truncated);
    for (int k = 0; k < T * F; k++)
        cr_expect(k < (T - 1) * F ? cut[k] == 0 && whole[k] != 0 : fabs(cut[k] - whole[k]) < 1e-14, "%s: step %d: %g, whole %g", truncated,
                  k / F, cut[k], whole[k]);
}

Test(truncate, gradients_end)
{
    static const char *const cases[][2] = { { "LSTM{2}", "LSTM{2, truncate = 3}" }, { "GRU{2}", "GRU{2}, truncate = 3" },
                                            { "SimpleRNN{2}", "RNN{SimpleRNNCell{2}}, truncate = 3" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_cut(cases[i][0], cases[i][1]);
}

/* A block as long as the sequence is no truncation; the C for prediction knows nothing of it. */
Test(truncate, costs_nothing_where_nothing_is_cut)
{
    Arena *arena = arena_create();
    static const char *const texts[] = { "LSTM{2}", "LSTM{2, truncate = 7}", "LSTM{2, truncate = 3}" };
    int statements[3], predictions[3];
    for (int i = 0; i < 3; i++) {
        Description *description = oracle_read(arena, arena_format(arena, "return Sequential{ Input{7, 2}, %s, loss = 'mse' }", texts[i]));
        statements[i] = lower(arena, description, &(LowerOptions){ .training = true, .batch = 2 })->statement_count;
        predictions[i] = lower(arena, description, &(LowerOptions){ .batch = 1 })->statement_count;
        description_free(description);
    }
    cr_expect(statements[0] == statements[1] && statements[2] > statements[0], "%d, %d, %d statements", statements[0], statements[1], statements[2]);
    cr_expect(predictions[0] == predictions[1] && predictions[0] == predictions[2]);
    arena_free(arena);
}

/* A cell of a description, alone, in a loop with one of Keras's, with a mask, with a start that it learns; and one that says itself where its
 * gradient ends. */
Test(truncate, own_cells)
{
    expect_all((const char *const[]){
        LEAKY "return Sequential{ name = 'own', batch_size = 4, Input{7, 3}, Leaky{4, truncate = 3}, Dense{2}, loss = 'mse' }",
        LEAKY "return Sequential{ name = 'own', batch_size = 4, Input{7, 3}, Leaky{4, return_sequences = true, go_backwards = true},\n"
              "  RNN{ {LSTMCell{3}, LeakyCell{2}} }, truncate = 2, loss = 'mse' }",
        LEAKY "return Sequential{ name = 'own', batch_size = 4, Input{7, 3}, Masking{}, Leaky{4, truncate = 2, initial_state = 'learned',\n"
              "  return_sequences = true}, Bidirectional{Leaky{3, truncate = 3}}, loss = 'mse' }",
        "recurrent 'Short' { arguments = { { 'units', 'size' } }, state = { 'h', 'c' },\n"
        "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent = weight{ a.units, a.units } } end,\n"
        "  step = function(a, w, x, s)\n"
        "    local c = 0.5 * s.c + affine(x, w.kernel)\n"
        "    return { h = tanh(c + affine(stop(s.h), w.recurrent)), c = c } end }\n"
        "return Sequential{ name = 'own', batch_size = 4, Input{5, 3}, Short{4}, Dense{2}, loss = 'mse' }", NULL });
}

Test(truncate, gradients_of_own_cells_end)
{
    static const char *const cases[][2] = { { "Leaky{2}", "Leaky{2, truncate = 3}" }, { "Leaky{2}", "RNN{LeakyCell{2}}, truncate = 3" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_cut(cases[i][0], cases[i][1]);
}
