/* test_flatten.c: gates that lie one after the other where their units would leave vectors empty: which do, and that nothing else changes. */
#include "compiler/compile.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

/* ---- which ---- */

typedef struct Build {
    Arena *arena;
    Description *description;
    Compiled compiled;
} Build;

static Build build(const char *text, int lanes)
{
    Build all = { .arena = arena_create() };
    CompileOptions options = { .target = target_with_lanes(target_find(lanes > 1 ? "vector" : "plain"), lanes) };
    all.description = oracle_read(all.arena, text);
    cr_assert(compile(all.arena, all.description, diagnostics_create(all.arena), &options, &all.compiled));
    return all;
}

static void release(Build *all)
{
    compiled_free(&all->compiled);
    description_free(all->description);
    arena_free(all->arena);
}

/* The last extent: units, or gates times units. */
static int width(const Ir *ir, const char *layer, const char *name)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (!strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name))
            return ir->tensors[i]->extent[ir->tensors[i]->rank - 1];
    cr_assert_fail("no tensor %s.%s", layer, name);
    return 0;
}

Test(flatten, units_that_would_leave_vectors_empty)
{
    static const struct { const char *text; int lanes, single, batch, adjoint; } cases[] = {
        { "Input{5, 3}, LSTM{100}, loss = 'mse'", 16, 400, 400, 400 },        /* 28 and 25, which are five panels */
        { "Input{5}, Embedding{9, 6}, LSTM{100}, loss = 'mse'", 16, 400, 400, 400 },
        { "Input{5, 3}, LSTM{100}, loss = 'mse'", 8, 100, 100, 100 },       /* 13 vectors of 8 leave little empty */
        { "Input{5, 3}, LSTM{128}, loss = 'mse'", 16, 128, 128, 128 },
        { "Input{5, 3}, LSTM{20}, loss = 'mse'", 16, 80, 80, 80 },          /* 8 vectors apart, 5 together */
        { "Input{5, 3}, LSTM{33}, loss = 'mse'", 16, 132, 132, 132 },
        { "Input{5, 3}, LSTM{40}, loss = 'mse'", 16, 160, 160, 160 },
        { "Input{5, 3}, LSTM{72}, loss = 'mse'", 16, 288, 72, 288 },          /* 20 and 18: no whole panels of five */
        { "Input{1, 3}, LSTM{100}, loss = 'mse'", 16, 400, 100, 400 },        /* one step: its sums are short */
        { "Input{5, 3}, LSTM{52}, loss = 'mse'", 16, 208, 52, 208 },        /* 16 and 13: to rows not worth it */
        { "Input{5, 3}, LSTM{7}, loss = 'mse'", 8, 7, 7, 7 },               /* less than a vector each */
        { "Input{5, 3}, LSTM{1}, loss = 'mse'", 8, 1, 1, 1 },
        { "Input{5, 3}, LSTM{100}, loss = 'mse'", 1, 100, 100, 100 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Build all = build(cases[i].text, cases[i].lanes);
        const Programs *p = &all.compiled.programs;
        cr_expect_eq(width(p->single, "lstm", "z"), cases[i].single, "%s, %d lanes: %d", cases[i].text, cases[i].lanes, width(p->single, "lstm", "z"));
        cr_expect_eq(width(p->step, "lstm", "z"), cases[i].single, "%s, %d lanes", cases[i].text, cases[i].lanes);
        cr_expect_eq(width(p->batch, "lstm", "z"), cases[i].batch, "%s, %d lanes", cases[i].text, cases[i].lanes);
        cr_expect_eq(width(p->training, "lstm", "z"), cases[i].batch, "%s, %d lanes", cases[i].text, cases[i].lanes);
        cr_expect_eq(width(p->training, "lstm", "d_z"), cases[i].adjoint, "%s, %d lanes", cases[i].text, cases[i].lanes);
        release(&all);
    }
}

/* A scale for each gate, of all its units alike: gate and unit do not go together in all that is read. */
Test(flatten, gates_that_do_not_go_together_stay_apart)
{
    static const char text[] =
        "local Scaled = recurrent 'Scaled' { arguments = { { 'units', 'size' } }, state = { 'h' },\n"
        "  weights = function(a, x) return { kernel = weight({ x.features, 2 * a.units }, 'glorot_uniform'), scale = weight({ a.units }, 'ones') } end,\n"
        "  step = function(a, w, x, s)\n"
        "    local k, g, n = axes 'k g n'\n"
        "    local z = tensor{ 2, a.units }\n"
        "    z[{ g, n }] = w.scale[{ n }] * x[{ k }] * w.kernel[{ k, a.units * g + n }]\n"
        "    local y = tensor{ a.units }\n"
        "    y[{ n }] = tanh(z[{ 0, n }] + z[{ 1, n }] * s.h[{ n }])\n"
        "    return { h = y } end }\n"
        "return Sequential{ name = 'scaled', Input{4, 3}, Scaled{56}, loss = 'mse', batch_size = 4, shards = 1 }";
    Build all = build(text, 16);
    cr_expect_eq(width(all.compiled.programs.single, "scaled", "z"), 56);
    release(&all);
    expect_agreement_with(text, &(Oracles){ .seed = 1, .no_differences = true, .targets = ORACLE_VECTOR_16, .flat = true });
}

/* ---- the same numbers ---- */

static void expect_same(const char *text, unsigned targets, bool bf16)
{
    expect_agreement_with(text, &(Oracles){ .seed = 1, .no_differences = true, .targets = targets, .flat = true, .bf16 = bf16 });
}

Test(flatten, recurrences)
{
    Arena *arena = arena_create();
    static const int units[] = { 4, 6, 9, 10, 12, 20 };     /* times 4 gates: multiples of 16, of 8, of 4 */
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int u = units[i];
        expect_same(arena_format(arena, "return Sequential{ name = 'flat', batch_size = %d, shards = 1, Input{%d, %d}, LSTM{%d, return_sequences = true}, "
                                 "GRU{%d, return_sequences = true, reset_after = %s}, LSTM{%d, go_backwards = true}, Dense{%d}, loss = 'mse' }",
                                 u % 5 + 1, 3 + u % 3, u % 7 + 1, u, u * 5 % 17 + 2, u % 8 == 1 ? "true" : "false", 2 * (u % 7) + 2, u % 3 + 1),
                    ORACLE_VECTORS, false);
    }
    arena_free(arena);
}

Test(flatten, embeddings_and_tables)
{
    expect_same("Input{6}, Embedding{5, 3}, LSTM{12, return_sequences = true}, GRU{13}, Dense{4, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'",
                ORACLE_VECTORS, false);
}

Test(flatten, weights_as_bf16)
{
    expect_same("Input{5, 4}, LSTM{20, return_sequences = true}, LSTM{6}, Dense{3}, loss = 'mse'", ORACLE_VECTORS, true);
}

Test(flatten, a_cell_of_a_description)
{
    expect_same("local Mgu = recurrent 'Mgu' { arguments = { { 'units', 'size' } }, state = { 'h' },\n"
                "  weights = function(a, x) return { kernel = weight({ x.features, 2 * a.units }, 'glorot_uniform'),\n"
                "    recurrent_kernel = weight({ a.units, 2 * a.units }, 'orthogonal'), bias = weight({ 2 * a.units }, 'zeros') } end,\n"
                "  step = function(a, w, x, s) local p = affine(x, w.kernel, w.bias)  local p_f, p_h = gates(p, 2)\n"
                "    local u_f, u_h = gates(w.recurrent_kernel, 2)  local f = sigmoid(p_f + affine(s.h, u_f))\n"
                "    local c = tanh(p_h + affine(f * s.h, u_h))  return { h = (1 - f) * s.h + f * c } end }\n"
                "return Sequential{ name = 'mgu', Input{5, 4}, Mgu{12, return_sequences = true}, Mgu{6}, Dense{3}, loss = 'mse', batch_size = 4, shards = 1 }",
                ORACLE_VECTORS, false);
}

/* As it is without a threshold of the test's own. */
Test(flatten, hundred_units)
{
    expect_agreement_with("Input{7, 5}, LSTM{100, return_sequences = true}, LSTM{44}, Dense{1}, loss = 'mse'",
                          &(Oracles){ .seed = 1, .no_differences = true, .targets = ORACLE_VECTOR_16 });
}
