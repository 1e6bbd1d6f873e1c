/* test_scan.c: time loops that a description writes itself: scan{...} in any call, states of any shape, computed starts,
 * noise for all turns, concatenate. */
#include "oracles.h"
#include "refusal.h"

#include "compiler/oracle/custom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static const char *const definitions[] = {
    /* two scans in one layer, the second one from the end */
    "local TwoWays = layer 'TwoWays' {\n"
    "  arguments = { { 'units', 'size' } }, over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.timesteps, 2 * a.units } end,\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight({ x.features, a.units }), recurrent = weight({ a.units, a.units }), bias = weight{ a.units },\n"
    "             kernel_back = weight({ x.features, a.units }), recurrent_back = weight({ a.units, a.units }),\n"
    "             bias_back = weight{ a.units } }\n"
    "  end,\n"
    "  call = function(a, w, x)\n"
    "    local forth = scan{ over = x, state = { h = { a.units } }, step = function(t, s)\n"
    "      return { h = tanh(affine(row(x, t), w.kernel, w.bias) + affine(s.h, w.recurrent)) } end }\n"
    "    local back = scan{ over = x, reversed = true, state = { h = { a.units } }, step = function(t, s)\n"
    "      return { h = tanh(affine(row(x, t), w.kernel_back, w.bias_back) + affine(s.h, w.recurrent_back)) } end }\n"
    "    return concatenate{ forth.h, back.h }\n"
    "  end }\n",
    /* a state that is not as wide as the cell */
    "local LSTMP = recurrent 'LSTMP' {\n"
    "  arguments = { { 'units', 'size' }, { 'projection', 'size' } }, state = { 'h', 'c' },\n"
    "  state_shapes = function(a) return { h = { a.projection } } end,\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight{ x.features, 4 * a.units }, recurrent = weight{ a.projection, 4 * a.units },\n"
    "             bias = weight{ 4 * a.units }, projection_kernel = weight{ a.units, a.projection } }\n"
    "  end,\n"
    "  step = function(a, w, x, s)\n"
    "    local z = affine(x, w.kernel, w.bias) + affine(s.h, w.recurrent)\n"
    "    local z_i, z_f, z_g, z_o = gates(z, 4)\n"
    "    local c = sigmoid(z_f) * s.c + sigmoid(z_i) * tanh(z_g)\n"
    "    local m = sigmoid(z_o) * tanh(c)\n"
    "    return { h = affine(m, w.projection_kernel), c = c }\n"
    "  end }\n",
    /* a matrix as a state, learned starts, noise of a turn and noise of all turns */
    "local FastWeights = recurrent 'FastWeights' {\n"
    "  arguments = { { 'units', 'size' } }, state = { 'h', 'M' },\n"
    "  state_shapes = function(a) return { M = { a.units, a.units } } end,\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight{ x.features, a.units }, bias = weight{ a.units }, first_h = weight{ a.units },\n"
    "             first_M = weight{ a.units, a.units } }\n"
    "  end,\n"
    "  initial = function(a, w, x) return { h = w.first_h, M = w.first_M } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local kept = shared_noise(0.25, { a.units })\n"
    "    local k, n = axes 'k n'\n"
    "    local seen = tensor{ a.units }\n"
    "    seen[{ n }] = s.M[{ k, n }] * s.h[{ k }]\n"
    "    local h = tanh(affine(x * noise(0.1), w.kernel, w.bias) + 0.3 * seen * kept)\n"
    "    local M = tensor{ a.units, a.units }\n"
    "    M[{ k, n }] = 0.9 * s.M[{ k, n }] + 0.5 * h[{ k }] * s.h[{ n }]\n"
    "    return { h = h, M = M }\n"
    "  end }\n",
    /* a loop that is none over time: n turns of attention, from the mean of the sequence */
    "local Reader = layer 'Reader' {\n"
    "  arguments = { { 'turns', 'size' } }, over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { a.turns, x.features } end,\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, x.features }, bias = weight{ x.features } } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, k = axes 't k'\n"
    "    local first = tensor{ x.features }\n"
    "    first[{ k }] = x[{ t, k }] * (1 / x.timesteps)\n"
    "    local all = scan{ over = a.turns, state = { q = { x.features } }, initial = { q = first }, step = function(turn, s)\n"
    "      local t, k = axes 't k'\n"
    "      local score = tensor{ x.timesteps }\n"
    "      score[{ t }] = x[{ t, k }] * s.q[{ k }]\n"
    "      local e = exp(score - stop(largest(score)))\n"
    "      local total = sum(e)\n"
    "      local context = tensor{ x.features }\n"
    "      context[{ k }] = e[{ t }] / total[{}] * x[{ t, k }]\n"
    "      return { q = tanh(affine(context, w.kernel, w.bias) + s.q * 0.5) }\n"
    "    end }\n"
    "    return all.q\n"
    "  end }\n",
    /* a loop at every time step, over features alone, that begins with a number; it swaps and copies its states */
    "local Refined = layer 'Refined' {\n"
    "  arguments = { { 'turns', 'size' } }, shape = function(a, x) return { x.features } end,\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, x.features } } end,\n"
    "  call = function(a, w, x)\n"
    "    local all, last = scan{ over = a.turns, state = { a = { x.features }, b = { x.features } }, initial = { a = 0.5 },\n"
    "      step = function(t, s)\n"
    "        local y = tanh(x + affine(s.a, w.kernel))\n"
    "        return { a = y + s.b, b = s.a }\n"
    "      end }\n"
    "    return last.a + last.b * 0.5\n"
    "  end }\n",
    /* forward in time, its states read step by step */
    "local Forth = layer 'Forth' {\n"
    "  arguments = { { 'units', 'size' } }, over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.timesteps, a.units } end,\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent = weight{ a.units, a.units } } end,\n"
    "  call = function(a, w, x)\n"
    "    local all = scan{ over = x, state = { h = { a.units }, sum = { a.units } }, step = function(t, s)\n"
    "      local h = tanh(affine(row(x, t), w.kernel) + affine(s.h, w.recurrent))\n"
    "      return { h = h, sum = 0.5 * s.sum + h }\n"
    "    end }\n"
    "    return all.h + all.sum\n"
    "  end }\n",
};

static char *with_definitions(Arena *arena, const char *inside)
{
    const char *text = "";
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        text = arena_format(arena, "%s%s", text, definitions[i]);
    return arena_format(arena, "%sreturn Sequential{ %s, name = 'scanned', batch_size = 4 }", text, inside);
}

static void expect_scans(const char *const *insides)
{
    Arena *arena = arena_create();
    for (; *insides; insides++)
        expect_agreement(with_definitions(arena, *insides));
    arena_free(arena);
}

Test(scan, loops_of_a_layer)
{
    expect_scans((const char *const[]){
        "Input{5, 3}, TwoWays{4}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, TwoWays{9}, LSTM{3}, loss = 'mse'",
        "Input{4, 3}, Reader{3}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, LSTM{5, return_sequences = true}, Reader{2}, GRU{3}, loss = 'mse'",
        "Input{5}, Refined{3}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Refined{3}, LSTM{2}, loss = 'mse'",
        "Input{4, 3}, Forth{5}, Dense{2}, loss = 'mse'", NULL });
}

Test(scan, states_of_cells)
{
    expect_scans((const char *const[]){
        "Input{4, 3}, LSTMP{5, 2, return_sequences = true}, LSTMP{9, 3}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, LSTMP{3, 5, go_backwards = true}, loss = 'mse'",
        "Input{4, 3}, FastWeights{5, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Dense{2}, FastWeights{3}, loss = 'mse'", NULL });
}

/* ---- against the built-in layers ---- */

typedef struct Run {
    Arena *arena;
    Description *description;
    size_t count;
    double *y;
} Run;

/* y of one row of sines, by the interpreter; the weights are sines from the `first` on. */
static Run run(const char *inside, size_t first)
{
    Run r = { .arena = arena_create() };
    r.description = oracle_read(r.arena, with_definitions(r.arena, inside));
    const Model *model = description_model(r.description);
    const struct lstmc_model *m = &model->descriptor;
    struct custom_layers *custom = custom_layers_create(r.arena, r.description, 1);
    struct lstmc_message message = { "" };
    Interpreter_double *interpreter = interpreter_create_double(model, 1, custom, &message);
    cr_assert_not_null(interpreter, "%s: %s", inside, message.text);
    double *weights = arena_array(r.arena, double, m->weight_count + 1), *x = arena_array(r.arena, double, m->input_count);
    for (size_t i = 0; i < m->weight_count; i++)
        weights[i] = sin(1.7 * (double)(first + i + 1));
    for (size_t i = 0; i < m->input_count; i++)
        x[i] = sin(2.3 * (double)(i + 1));
    r.count = m->output_count;
    r.y = arena_array(r.arena, double, r.count);
    interpreter_reset_double(interpreter);
    interpreter_forward_double(interpreter, weights, x, 1, 0, 0);
    memcpy(r.y, interpreter_output_double(interpreter), r.count * sizeof(double));
    interpreter_free_double(interpreter);
    custom_layers_free(custom);
    return r;
}

static void finish(Run *r)
{
    description_free(r->description);
    arena_free(r->arena);
}

/* Both directions are SimpleRNN's; what is read from the end stands where its step is in time. */
Test(scan, two_ways_are_two_layers)
{
    enum { T = 5, N = 4, WEIGHTS = 3 * N + N * N + N };
    Run both = run("Input{5, 3}, TwoWays{4}", 0), forth = run("Input{5, 3}, SimpleRNN{4, return_sequences = true}", 0),
        back = run("Input{5, 3}, SimpleRNN{4, return_sequences = true, go_backwards = true}", WEIGHTS);
    cr_assert_eq(both.count, (size_t)T * 2 * N);
    for (int t = 0; t < T; t++)
        for (int n = 0; n < N; n++) {
            double expected = forth.y[t * N + n], got = both.y[t * 2 * N + n];
            cr_expect(fabs(got - expected) < 1e-12, "forth[%d][%d]: %.15g, expected %.15g", t, n, got, expected);
            expected = back.y[(T - 1 - t) * N + n], got = both.y[t * 2 * N + N + n];
            cr_expect(fabs(got - expected) < 1e-12, "back[%d][%d]: %.15g, expected %.15g", t, n, got, expected);
        }
    finish(&both);
    finish(&forth);
    finish(&back);
}

/* Noise of a turn has a number for each turn; what all turns share has none. */
Test(scan, shared_noise_is_one_draw)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, with_definitions(arena, "Input{4, 3}, FastWeights{5}, loss = 'mse'"));
    Ir *ir = lower(arena, description, &(LowerOptions){ .training = true, .batch = 2 });
    int shared = 0, of_turns = 0;
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE)
            *(ir->tensors[i]->time_dimension < 0 ? &shared : &of_turns) += ir->tensors[i]->rank;
    cr_expect(shared == 2 && of_turns == 3, "ranks of shared noise: %d, of noise of turns: %d", shared, of_turns);
    description_free(description);
    arena_free(arena);
}

/* ---- streaming ---- */

static void expect_step(const char *inside, const char *why_not)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, with_definitions(arena, inside));
    const char *why = lower_no_streaming(arena, description);
    if (why_not)
        cr_expect(why && strstr(why, why_not), "%s\n  expected: %s\n  said: %s", inside, why_not, why ? why : "nothing");
    else
        cr_expect_null(why, "%s: %s", inside, why);
    description_free(description);
    arena_free(arena);
}

Test(scan, streams_where_it_can)
{
    expect_step("Input{4, 3}, Forth{5}, Dense{2}, loss = 'mse'", NULL);
    expect_step("Input{4, 3}, LSTMP{5, 2, return_sequences = true}, LSTMP{9, 3}, loss = 'mse'", NULL);
    expect_step("Input{4, 3}, TwoWays{4}, loss = 'mse'", "two_ways: it reads the sequence from its end");
    expect_step("Input{4, 3}, FastWeights{4}, loss = 'mse'", "fast_weights: its state starts from data");
    expect_step("Input{4, 3}, Reader{2}, loss = 'mse'", "reader: it ");
    expect_step("Input{4, 3}, Reader{4}, loss = 'mse'", "reader: it ");
    expect_step("Input{4, 3}, Refined{2}, LSTM{2}, loss = 'mse'", "refined: it");
}

/* ---- mistakes ---- */

static void expect_refusal(const char *mathematics, const char *message)
{
    Arena *arena = arena_create();
    const char *text = arena_format(arena,
        "local Wrong = layer 'Wrong' { arguments = {}, over = 'sample', input = 'sequence',\n"
        "weights = function(a, x) return { kernel = weight{ x.features, 5 }, bias = weight{ x.features } } end,\n"
        "shape = function(a, x) return { x.timesteps, x.features } end, call = function(a, w, x)\n"
        "local kept\n"
        "local function step(t, s) return { h = tanh(row(x, t) + s.h) } end\n"
        "%s\n"
        "end }\n"
        "return Sequential{ Input{3, 4}, Wrong{}, loss = 'mse' }", mathematics);
    expect_not_compiled(text, message);
    arena_free(arena);
}

Test(scan, mistakes_are_said_with_their_reason)
{
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = step }", "call must return a value");
    expect_refusal("return scan{ over = x, states = { h = {4} }, step = step }.h", "did you mean \"state\"");
    expect_refusal("return scan{ over = x, state = { h = {4} } }.h", "scan needs step");
    expect_refusal("return scan{ over = x, step = step }.h", "scan needs state");
    expect_refusal("return scan{ over = x, state = { h = {5} }, step = step }.h", "do not go together");
    expect_refusal("return affine(x, w.kernel)", ": of all steps it is y[{ t, k }] = x[{ t, f }] * kernel[{ f, k }]");
    expect_refusal("return x + w.bias", ": with indices they do, y[{ t, k }] = u[{ t, k }] + v[{ k }]");
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = function(t, s) return s.h end }.h", "step must return a table");
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = function(t, s) return {} end }.h", "step must return h as a value of shape {4}");
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = function(t, s) return { h = s.h, g = s.h } end }.h", "which is no state");
    expect_refusal("return scan{ over = 2.5, state = { h = {4} }, step = step }.h", "a sequence or a number of turns");
    expect_refusal("return scan{ over = row(x, 0), state = { h = {4} }, step = step }.h", "has no time axis");
    expect_refusal("return scan{ over = x, initial = { g = x }, state = { h = {4} }, step = step }.h", "initial has \"g\", which is no state");
    expect_refusal("return scan{ over = x, initial = { h = x }, state = { h = {4} }, step = step }.h", "h starts as a value of shape {4}");
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = function(t, s) kept = tanh(s.h) return { h = kept } end }.h + kept",
                   "do not go together");
    expect_refusal("local all = scan{ over = x, state = { h = {4} }, step = function(t, s) kept = exp(s.h) return { h = kept * 0.5 } end }\n"
                   "return all.h + sum(kept)", "used outside of its scan");
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = function(t, s)\n"
                   "  return { h = select(2, scan{ over = 2, state = { h = {4} }, step = step }).h } end }.h", "a scan inside the step");
    expect_refusal("return scan{ over = x, state = { h = {4} }, step = function(t, s) return { h = s.h * noise(0.5) } end }.h", "its shape is to be said");
    expect_refusal("return concatenate{ x, row(x, 0) }", "do not go together along axis 2");
    expect_refusal("return concatenate({ x, x }, 3)", "the axis is between 1 and 2");
    expect_refusal("return concatenate{}", "takes a list of values");
}
