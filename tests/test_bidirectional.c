/* test_bidirectional.c: Bidirectional around every recurrent layer and a cell of the description, all its merges, stacked, masked; its
 * names, and what it refuses. */
#include "custom_models.h"
#include "oracles.h"
#include "refusal.h"

#include "compiler/oracle/custom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char definitions[] =
    "local Leaky = recurrent 'Leaky' {\n"
    "  arguments = { { 'units', 'size' } }, state = { 'h' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent = weight{ a.units, a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local h = 0.5 * s.h + tanh(affine(x, w.kernel) + affine(s.h, w.recurrent))\n"
    "    return { h = h }\n"
    "  end }\n"
    MASKED_LAYER;

static char *sequential(Arena *arena, const char *inside)
{
    return arena_format(arena, "%sreturn Sequential{ Input{5, 3}, %s, name = 'both', loss = 'mse', batch_size = 4 }", definitions, inside);
}

static void expect_both(const char *inside)
{
    Arena *arena = arena_create();
    expect_agreement(sequential(arena, inside));
    arena_free(arena);
}

Test(bidirectional, all_oracles)
{
    expect_both("Bidirectional{LSTM{4, return_sequences = true, dropout = 0.2}},\n"
                "Bidirectional{GRU{5, return_sequences = true, recurrent_dropout = 0.3}, 'mul'},\n"
                "Bidirectional{SimpleRNN{3, return_sequences = true, go_backwards = true}, merge_mode = 'ave'},\n"
                "Bidirectional{LSTM{3}, 'sum', backward_layer = GRU{3, go_backwards = true}}, Dense{2}");
    expect_both("Bidirectional{Leaky{4, return_sequences = true}, 'sum'}, LSTM{3, return_sequences = true}, Bidirectional{GRU{9}}, Dense{2}");
}

/* The same cells in a mask: both halves leave out the same steps, and what is merged is zero there. */
Test(bidirectional, goes_over_what_does_not_count)
{
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena,
        "%slocal x, m = Input{6, 3, name = 'x'}, Input{6, name = 'mask'}\n"
        "local h = Bidirectional{LSTM{4, return_sequences = true}, 'ave'}(Masked{}{x, m})\n"
        "local g = GRU{3, return_sequences = true, zero_output_for_mask = true, go_backwards = true}(h)\n"
        "local y = Dense{2}(Bidirectional{SimpleRNN{3}}(Bidirectional{Leaky{2, return_sequences = true}}(g)))\n"
        "return Model{ inputs = {x, m}, outputs = y, name = 'masked', loss = 'mse', batch_size = 4 }\n", definitions));
    arena_free(arena);
}

/* ---- against layers that stand alone ---- */

enum { MOST = 200 };

/* y of a row of sines; the weights begin with the sine of `first`. */
static size_t run(const char *inside, int first, double *y)
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
        weights[i] = sin(1.7 * (first + i + 1));
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

static void expect_halves(const char *both, const char *forth, const char *back, int weights)
{
    double y[MOST], f[MOST], b[MOST];
    size_t count = run(both, 0, y), half = run(forth, 0, f);
    run(back, weights, b);
    cr_assert_eq(count, 2 * half);
    for (size_t i = 0; i < half; i++) {
        size_t t = i / 2, steps = half / 2;
        cr_expect_float_eq(y[4 * t + i % 2], f[i], 1e-14, "%s: forward number %zu", both, i);
        cr_expect_float_eq(y[4 * t + 2 + i % 2], b[2 * (steps - 1 - t) + i % 2], 1e-14, "%s: backward number %zu", both, i);
    }
}

Test(bidirectional, the_halves_are_two_layers)
{
    expect_halves("Bidirectional{GRU{2, return_sequences = true}}", "GRU{2, return_sequences = true}",
                  "GRU{2, return_sequences = true, go_backwards = true}", 42);
    expect_halves("Bidirectional{LSTM{2}}", "LSTM{2}", "LSTM{2, go_backwards = true}", 48);
    expect_halves("Bidirectional{Leaky{2, return_sequences = true}}", "Leaky{2, return_sequences = true}",
                  "Leaky{2, return_sequences = true, go_backwards = true}", 10);
}

/* ---- names and mistakes ---- */

Test(bidirectional, weights_have_the_names_of_keras)
{
    static const char *const names[] = {
        "bidirectional/forward_lstm/kernel", "bidirectional/forward_lstm/recurrent_kernel", "bidirectional/forward_lstm/bias",
        "bidirectional/backward_lstm/kernel", "bidirectional/backward_lstm/recurrent_kernel", "bidirectional/backward_lstm/bias",
        "bidirectional_1/forward_lstm_1/kernel", "bidirectional_1/forward_lstm_1/recurrent_kernel", "bidirectional_1/forward_lstm_1/bias",
        "bidirectional_1/lstm_2/kernel", "bidirectional_1/lstm_2/recurrent_kernel", "bidirectional_1/lstm_2/bias" };
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, sequential(arena,
        "Bidirectional(LSTM(2, {return_sequences = true})), Bidirectional{LSTM{2}, backward_layer = LSTM{2, go_backwards = true}}"));
    const struct lstmc_model *m = &description_model(description)->descriptor;
    cr_assert_eq(m->weight_tensors, 12);
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

Test(bidirectional, mistakes)
{
    expect_refusal("Bidirectional{Dense{3}}", "Bidirectional: \"layer\" must be a recurrent layer, like LSTM{8}, not Dense");
    expect_refusal("Bidirectional{}", "Bidirectional: missing argument \"layer\"");
    expect_refusal("Bidirectional{LSTM{3}, 'none'}", "\"merge_mode\" must be \"concat\", \"sum\", \"mul\", \"ave\", not \"none\"");
    expect_refusal("Bidirectional{LSTM{3}, backward_layer = LSTM{3}}", "backward_layer must have the return_sequences of the layer, and not its go_backwards");
    expect_refusal("Bidirectional{LSTM{3, return_sequences = true}, backward_layer = LSTM{3, go_backwards = true}}", "backward_layer must have");
    expect_refusal("Bidirectional{LSTM{3}, 'sum', backward_layer = LSTM{4, go_backwards = true}}", "shapes {3} and {4} do not go together");
    expect_refusal("LSTM{3}, Bidirectional{LSTM{3}}", "Bidirectional: needs a sequence {timesteps, features}, but lstm gives {3}");
}
