/* test_cells.c: RNN: cells one above the other in one loop over time, Keras's and the description's own, in every option of loops; what they are
 * against layers that stand alone; names, and what is refused. */
#include "custom_models.h"
#include "oracles.h"
#include "refusal.h"

#include "compiler/oracle/custom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Leaky has no layers, Gated one of its own, Residual is a loop around cells. */
static const char definitions[] =
    "local Leaky = recurrent 'Leaky' {\n"
    "  arguments = { { 'units', 'size' }, { 'dropout', 'fraction', 0 } }, state = { 'h' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent = weight{ a.units, a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local h = 0.5 * s.h + tanh(affine(dropped(x, a.dropout), w.kernel) + affine(s.h, w.recurrent))\n"
    "    return { h = h }\n"
    "  end }\n"
    "local Gated = recurrent 'Gated' {\n"
    "  arguments = { { 'units', 'size' } }, state = { 'h', 'm' },\n"
    "  state_shapes = function(a, x) return { m = { x.features } } end,\n"
    "  layers = function(a) return { gate = Dense{ a.units, activation = 'sigmoid' } } end,\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local m = 0.5 * s.m + x\n"
    "    local h = w.gate(s.h) * tanh(affine(m, w.kernel))\n"
    "    return { h = h, m = m }\n"
    "  end }\n"
    "local Residual = recurrent 'Residual' {\n"
    "  arguments = { { 'cell', 'cells' } }, state = { 'y' },\n"
    "  state_shapes = function(a, x) return { y = { x.features } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local cell, after = a.cell[1], {}\n"
    "    local h\n"
    "    h, after[cell.name] = cell(x, s[cell.name])\n"
    "    after.y = x + h + 0.3 * s.y\n"
    "    return after\n"
    "  end }\n"
    MASKED_LAYER;

static char *sequential(Arena *arena, const char *inside)
{
    return arena_format(arena, "%sreturn Sequential{ Input{5, 3}, %s, name = 'net', loss = 'mse', batch_size = 4 }", definitions, inside);
}

static void expect_cells(const char *inside)
{
    Arena *arena = arena_create();
    expect_agreement(sequential(arena, inside));
    arena_free(arena);
}

Test(cells, one_alone)
{
    expect_cells("RNN{LSTMCell{4}, return_sequences = true}, RNN{GRUCell{5}, go_backwards = true, return_sequences = true},\n"
                 "RNN(GRUCell(3, {reset_after = false}), {return_sequences = true}), RNN{SimpleRNNCell{2}}, Dense{2}");
    expect_cells("RNN{LeakyCell{4}, return_sequences = true}, RNN{GatedCell{3}}, Dense{2}");
}

Test(cells, one_above_the_other)
{
    expect_cells("RNN{ {LSTMCell{4}, GRUCell{5}, SimpleRNNCell{3}}, return_sequences = true }, Dense{2}");
    expect_cells("RNN{ StackedRNNCells{ {GRUCell{9, reset_after = false}, LSTMCell{2, use_bias = false}} }, go_backwards = true }, Dense{2}");
    expect_cells("RNN{ {LSTMCell{4, dropout = 0.3, recurrent_dropout = 0.2}, GRUCell{5, dropout = 0.4}, LSTMCell{3, recurrent_dropout = 0.1}},\n"
                 "     return_sequences = true, stateful = true }, Dense{2}");
    expect_cells("RNN{ {LSTMCell{4}, LeakyCell{3, 0.3}, GatedCell{2}, GRUCell{5}} }, Dense{2}");
    expect_cells("Residual{LSTMCell{3}, return_sequences = true}, Residual{GatedCell{3}}, Dense{2}");
}

Test(cells, in_both_directions_and_at_each_step)
{
    expect_cells("Bidirectional{RNN{ {LSTMCell{4}, GRUCell{2}}, return_sequences = true }, 'mul'}, Bidirectional{RNN{ {LeakyCell{3}, LSTMCell{2}} }}, Dense{2}");
    expect_cells("Reshape{{5, 3, 1}}, TimeDistributed{RNN{ {LSTMCell{4}, GRUCell{2}} }}, RNN{GRUCell{3}}, Dense{2}");
}

/* A copy that loses a cell loses it on every road: both directions have 4 * 4 * (3 + 4 + 1) and 3 * 2 * (4 + 2 + 2) weights. */
Test(cells, a_copy_has_all_of_them)
{
    Arena *arena = arena_create();
    Description *d = oracle_read(arena, "Input{5, 3}, Bidirectional{RNN{ {LSTMCell{4}, GRUCell{2}} }}");
    cr_expect_eq(description_model(d)->descriptor.weight_count, 2 * (128 + 48));
    description_free(d);
    arena_free(arena);
}

Test(cells, go_over_what_does_not_count)
{
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena,
        "%slocal x, m = Input{6, 3, name = 'x'}, Input{6, name = 'mask'}\n"
        "local h = RNN{ {LSTMCell{4}, GRUCell{5}}, return_sequences = true }(Masked{}{x, m})\n"
        "local g = RNN{ {GRUCell{3}, LSTMCell{2}}, return_sequences = true, zero_output_for_mask = true, go_backwards = true }(h)\n"
        "local y = Dense{2}(RNN{ {LeakyCell{3}, SimpleRNNCell{2}} }(Bidirectional{RNN{ {LSTMCell{2}, GRUCell{2}}, return_sequences = true }}(g)))\n"
        "return Model{ inputs = {x, m}, outputs = y, name = 'masked', loss = 'mse', batch_size = 4 }\n", definitions));
    arena_free(arena);
}

/* The same layer called twice: the same weights, states of its own. */
Test(cells, called_again)
{
    expect_agreement("local x, z = Input{5, 3, name = 'x'}, Input{5, 3, name = 'z'}\n"
                     "local read = RNN{ {LSTMCell{4}, GRUCell{2}} }\n"
                     "return Model{ inputs = {x, z}, outputs = Dense{2}(Subtract{}{read(x), read(z)}), name = 'twice', loss = 'mse', batch_size = 4 }\n");
}

/* ---- against layers that stand alone ---- */

enum { MOST = 300 };

static size_t run(const char *inside, double *y)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, sequential(arena, inside));
    const Model *model = description_model(description);
    const struct lstmc_model *m = &model->descriptor;
    struct custom_layers *custom = custom_layers_create(arena, description, 1);
    Interpreter_double *it = interpreter_create_double(model, 1, custom, NULL);
    double weights[MOST], x[15];
    cr_assert(it && m->weight_count <= MOST && m->output_count <= MOST);
    for (int i = 0; i < MOST; i++)
        weights[i] = sin(1.7 * (i + 1));
    for (int i = 0; i < 15; i++)
        x[i] = sin(2.3 * (i + 1));
    interpreter_reset_double(it);
    interpreter_forward_double(it, weights, x, 1, 0, 0);
    memcpy(y, interpreter_output_double(it), m->output_count * sizeof *y);
    size_t count = m->output_count;
    interpreter_free_double(it);
    custom_layers_free(custom);
    description_free(description);
    arena_free(arena);
    return count;
}

Test(cells, a_stack_is_layer_behind_layer)
{
    static const char *const pairs[][2] = {
        { "RNN{LSTMCell{4}}", "LSTM{4}" },
        { "RNN{ {GRUCell{2, reset_after = false}}, go_backwards = true }", "GRU{2, reset_after = false, go_backwards = true}" },
        { "RNN{ {LSTMCell{4}, GRUCell{3}, SimpleRNNCell{2}}, return_sequences = true }",
          "LSTM{4, return_sequences = true}, GRU{3, return_sequences = true}, SimpleRNN{2, return_sequences = true}" },
        { "RNN{ {LeakyCell{4}, GatedCell{3}} }", "Leaky{4, return_sequences = true}, Gated{3}" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        double y[MOST], expected[MOST];
        size_t count = run(pairs[i][0], y);
        cr_assert_eq(count, run(pairs[i][1], expected));
        for (size_t k = 0; k < count; k++)
            cr_expect_float_eq(y[k], expected[k], 1e-14, "%s: number %zu", pairs[i][0], k);
    }
}

/* A cell in a loop costs what its layer does: as many statements and tensors. */
Test(cells, cost_what_layers_do)
{
    static const char *const pairs[][2] = { { "RNN{LSTMCell{4}}", "LSTM{4}" }, { "RNN{GRUCell{4}}", "GRU{4}" } };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        Arena *arena = arena_create();
        int statements[2], tensors[2];
        for (int k = 0; k < 2; k++) {
            Description *description = oracle_read(arena, sequential(arena, pairs[i][k]));
            Ir *ir = lower(arena, description, &(LowerOptions){ .training = true, .batch = 2 });
            statements[k] = ir->statement_count;
            tensors[k] = ir->tensor_count;
            description_free(description);
        }
        cr_expect(statements[0] == statements[1] && tensors[0] == tensors[1], "%s: %d statements, %d tensors; %s: %d and %d", pairs[i][0],
                  statements[0], tensors[0], pairs[i][1], statements[1], tensors[1]);
        arena_free(arena);
    }
}

/* ---- names and mistakes ---- */

Test(cells, weights_have_the_names_of_keras)
{
    static const char *const names[] = {
        "rnn/lstm_cell/kernel", "rnn/lstm_cell/recurrent_kernel", "rnn/lstm_cell/bias", "rnn/read/kernel", "rnn/read/recurrent_kernel",
        "rnn/read/bias", "bidirectional/forward_rnn_1/lstm_cell_1/kernel", "bidirectional/forward_rnn_1/lstm_cell_1/recurrent_kernel",
        "bidirectional/backward_rnn_1/lstm_cell_1/kernel", "bidirectional/backward_rnn_1/lstm_cell_1/recurrent_kernel" };
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, sequential(arena,
        "RNN{ {LSTMCell{2}, GRUCell{3, name = 'read'}}, return_sequences = true }, Bidirectional{RNN{LSTMCell{2, use_bias = false}}}"));
    const struct lstmc_model *m = &description_model(description)->descriptor;
    cr_assert_eq(m->weight_tensors, 10);
    for (int i = 0; i < m->weight_tensors; i++)
        cr_expect_str_eq(m->weights[i].name, names[i]);
    description_free(description);
    arena_free(arena);
}

static void expect_refusal(const char *inside, const char *message)
{
    Arena *arena = arena_create();
    expect_not_read(sequential(arena, inside), message);
    arena_free(arena);
}

Test(cells, mistakes)
{
    expect_refusal("RNN{LSTM{3}}", "RNN: \"cell\" must be a cell, like LSTMCell{8}, or a list of them, not the layer LSTM: write LSTMCell");
    expect_refusal("RNN{Dense{3}}", "RNN: \"cell\" must be a cell, like LSTMCell{8}, or a list of them, not the layer Dense");
    expect_refusal("RNN{ {LSTMCell{3}, GRUCell} }", "RNN: \"cell\" item 2 must be a cell, like LSTMCell{8}, or a list of them, not a function: call it");
    expect_refusal("RNN{ {} }", "RNN: \"cell\" must be a cell");
    expect_refusal("RNN{}", "RNN: missing argument \"cell\"");
    expect_refusal("LSTMCell{3}", "LSTMCell is a cell, one step of a loop over time: write RNN{LSTMCell{...}}");
    expect_refusal("Bidirectional{LSTMCell{3}}", "Bidirectional: \"layer\" must be a recurrent layer, like LSTM{8}, not LSTMCell");
    expect_refusal("RNN{LSTMCell{3, return_sequences = true}}", "LSTMCell: unknown argument \"return_sequences\"");
    expect_refusal("RNN{ {LSTMCell{3, name = 'a'}, GRUCell{3, name = 'a'}} }", "give one of them a name");
    expect_refusal("RNN{LSTMCell{3}, kernel_regularizer = 'l2'}", "RNN: unknown argument \"kernel_regularizer\"");
    expect_refusal("RNN{LSTMCell{3, activity_regularizer = 'l2'}}", "activity_regularizer adds to the loss what a layer puts out, not a cell");
    expect_refusal("RNN{LSTMCell{3}, return_state = true}", "RNN: return_state: the states are further outputs");
    expect_refusal("LSTM{3}, RNN{LSTMCell{3}}", "RNN: needs a sequence {timesteps, features}, but lstm gives {3}");
    expect_refusal("Residual{LSTMCell{4}}", "shapes {3} and {4} do not go together");
    expect_refusal("RNN{ {LTSMCell{3}} }", "LTSMCell: unknown layer or object (did you mean \"LSTMCell\"?)");
}
