/* test_cell_dropout.c: dropout inside of cells: one draw for all steps of a sequence, in training alone; of LSTM and GRU one for each
 * gate if recurrent_dropout is there, one for all gates without. All oracles, and the cells by hand, with the noise from the counter. */
#include "oracles.h"

#include "runtime/interpreter/interpreter.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const char own_cell[] =
    "local Leaky = recurrent 'Leaky' {\n"
    "  arguments = { { 'units', 'size' }, { 'dropout', 'fraction', 0 }, { 'recurrent_dropout', 'fraction', 0 } }, state = { 'h' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, 2 * a.units }, recurrent = weight{ a.units, 2 * a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local z = affine(dropped(x, a.dropout, 2), w.kernel) + affine(dropped(s.h, a.recurrent_dropout, 2), w.recurrent)\n"
    "    local f, g = gates(z, 2)\n"
    "    local h = sigmoid(f) * s.h + tanh(g)\n"
    "    return { h = h }\n"
    "  end }\n";

static void expect_dropped(const char *inside)
{
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena, "%sreturn Sequential{ %s, name = 'dropped', loss = 'mse', batch_size = 4 }", own_cell, inside));
    arena_free(arena);
}

Test(cell_dropout, all_oracles)
{
    expect_dropped("Input{5, 3}, LSTM{4, dropout = 0.3, recurrent_dropout = 0.2, return_sequences = true},\n"
                   "SimpleRNN{5, dropout = 0.5, recurrent_dropout = 0.1, return_sequences = true, go_backwards = true},\n"
                   "GRU{9, recurrent_dropout = 0.25, return_sequences = true}, GRU{3, dropout = 0.4}, Dense{2}");
    expect_dropped("Input{5, 3}, GRU{4, dropout = 0.3, recurrent_dropout = 0.2, reset_after = false, return_sequences = true},\n"
                   "LSTM{9, dropout = 0.25, return_sequences = true}, LSTM{3, recurrent_dropout = 0.25, use_bias = false}, Dense{2}");
    expect_dropped("Input{5, 3}, Leaky{4, dropout = 0.3, recurrent_dropout = 0.2, return_sequences = true}, Leaky{3, 0.5}, Dense{2}");
}

/* ---- what is drawn ---- */

static Ir *lowered(Arena *arena, const char *layer, bool training)
{
    Description *description = oracle_read(arena, arena_format(arena, "return Sequential{ Input{5, 3}, %s, Dense{2}, loss = 'mse' }", layer));
    Ir *ir = lower(arena, description, &(LowerOptions){ .training = training, .batch = 2 });
    description_free(description);
    return ir;
}

/* The extents of all noises, one behind the other: "2 3, 4 2 4"; nothing of a model that draws none. */
static const char *noises(Arena *arena, const Ir *ir)
{
    const char *text = "";
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->role != ROLE_NOISE)
            continue;
        for (int d = 0; d < tensor->rank; d++)
            text = arena_format(arena, "%s%s%d", text, d ? " " : *text ? ", " : "", tensor->extent[d]);
    }
    return text;
}

Test(cell_dropout, is_drawn_once_for_all_steps)
{
    static const char *const cases[][2] = {
        { "SimpleRNN{4, dropout = 0.3, recurrent_dropout = 0.2}", "2 3, 2 4" },
        { "LSTM{4, dropout = 0.3}", "2 3" },
        { "LSTM{4, recurrent_dropout = 0.2}", "4 2 4" },
        { "LSTM{4, dropout = 0.3, recurrent_dropout = 0.2}", "4 2 3, 4 2 4" },
        { "GRU{4, dropout = 0.3}", "2 3" },
        { "GRU{4, dropout = 0.3, recurrent_dropout = 0.2}", "3 2 3, 3 2 4" },
        { "GRU{4, dropout = 0.3, recurrent_dropout = 0.2, reset_after = false}", "3 2 3, 2 4, 2 4, 2 4" },
        { "GRU{4}", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *arena = arena_create();
        cr_expect_str_eq(noises(arena, lowered(arena, cases[i][0], true)), cases[i][1], "%s", cases[i][0]);
        Ir *with = lowered(arena, cases[i][0], false), *without = lowered(arena, arena_format(arena, "%.*s{4}", (int)strcspn(cases[i][0], "{"),
                                                                                            cases[i][0]), false);
        cr_expect(strstr(cases[i][0], "false") || with->tensor_count == without->tensor_count, "%s: a prediction draws", cases[i][0]);
        cr_expect_str_eq(noises(arena, with), "");
        arena_free(arena);
    }
}

/* ---- by hand ---- */

enum { T = 4, F = 3, U = 2, ROWS = 2, FIRST_ROW = 5, SEED = 9, PLACE = 1, NEXT = 4096 };
#define RATE_X 0.25
#define RATE_H 0.5

static double noise(double rate, int draw, int row, int element)
{
    return lstmc_dropout_noise((float)rate, SEED, (uint64_t)(PLACE + draw * NEXT), (uint64_t)(FIRST_ROW + row), (uint64_t)element);
}

static double sigma(double z) { return 1 / (1 + exp(-z)); }

typedef struct Cell {
    const char *description;
    int gates, biases;
    bool apart;                             /* noise for each gate */
    bool before;                            /* GRU: reset before the product */
} Cell;

/* The product of gate g with the weights of one side, unit n; `lost`: the noise of that side. */
static double side(const double *v, int count, const double *kernel, const Cell *cell, int g, int n, int row, double rate, int draw)
{
    double sum = 0;
    for (int k = 0; k < count; k++) {
        bool own_draw = cell->before && count == U;
        double kept = rate > 0 ? noise(rate, own_draw ? draw + g : draw, row, own_draw || !cell->apart ? k : g * count + k) : 1;
        sum += v[k] * kept * kernel[k * cell->gates * U + g * U + n];
    }
    return sum;
}

static void step(const Cell *cell, const double *w, const double *x, double *h, double *c, int row)
{
    const double *kernel = w, *recurrent = w + F * cell->gates * U, *bias = recurrent + U * cell->gates * U;
    double p[4][U], q[4][U], next[U], before[U], reset[U], rate_h = cell->apart || cell->gates == 1 ? RATE_H : 0;
    memcpy(before, h, sizeof before);
    for (int g = 0; g < cell->gates; g++)
        for (int n = 0; n < U; n++) {
            p[g][n] = side(x, F, kernel, cell, g, n, row, RATE_X, 0) + bias[g * U + n];
            q[g][n] = side(h, U, recurrent, cell, g, n, row, rate_h, 1) + (cell->biases > 1 ? bias[(cell->gates + g) * U + n] : 0);
        }
    for (int n = 0; n < U; n++)
        reset[n] = cell->gates == 3 ? sigma(p[1][n] + q[1][n]) * before[n] : 0;
    for (int n = 0; n < U; n++) {
        if (cell->gates == 1)
            next[n] = tanh(p[0][n] + q[0][n]);
        if (cell->gates == 4) {
            c[n] = sigma(p[1][n] + q[1][n]) * c[n] + sigma(p[0][n] + q[0][n]) * tanh(p[2][n] + q[2][n]);
            next[n] = sigma(p[3][n] + q[3][n]) * tanh(c[n]);
        }
        if (cell->gates == 3) {             /* the mix takes h as it is, without noise */
            double z = sigma(p[0][n] + q[0][n]);
            double of_h = cell->before ? side(reset, U, recurrent, cell, 2, n, row, rate_h, 1) : sigma(p[1][n] + q[1][n]) * q[2][n];
            next[n] = z * before[n] + (1 - z) * tanh(p[2][n] + of_h);
        }
    }
    memcpy(h, next, sizeof next);
}

Test(cell_dropout, cells_by_hand)
{
    static const Cell cells[] = {
        { "SimpleRNN{2, dropout = 0.25, recurrent_dropout = 0.5}", 1, 1, false, false },
        { "LSTM{2, dropout = 0.25}", 4, 1, false, false },
        { "LSTM{2, dropout = 0.25, recurrent_dropout = 0.5}", 4, 1, true, false },
        { "GRU{2, dropout = 0.25, recurrent_dropout = 0.5}", 3, 2, true, false },
        { "GRU{2, dropout = 0.25, recurrent_dropout = 0.5, reset_after = false}", 3, 1, true, true },
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        const Cell *cell = &cells[i];
        Arena *arena = arena_create();
        Description *description = oracle_read(arena, arena_format(arena, "return Sequential{ Input{4, 3}, %s, loss = 'mse' }", cell->description));
        const Model *model = description_model(description);
        Interpreter_double *it = interpreter_create_double(model, ROWS, NULL, NULL);
        double w[80], x[ROWS][T][F];
        cr_assert(it && model->descriptor.weight_count <= 80);
        for (int k = 0; k < 80; k++)
            w[k] = sin(1.7 * (k + 1));
        for (int k = 0; k < ROWS * T * F; k++)
            x[k / F / T][k / F % T][k % F] = cos(2.3 * k);
        interpreter_reset_double(it);
        interpreter_forward_double(it, w, x, ROWS, FIRST_ROW, SEED);
        for (int row = 0; row < ROWS; row++) {
            double h[U] = { 0 }, c[U] = { 0 };
            for (int t = 0; t < T; t++)
                step(cell, w, x[row][t], h, c, row);
            for (int n = 0; n < U; n++)
                cr_expect_float_eq(interpreter_output_double(it)[row * U + n], h[n], 1e-12, "%s: row %d unit %d: %.9g, by hand %.9g",
                                   cell->description, row, n, interpreter_output_double(it)[row * U + n], h[n]);
        }
        interpreter_free_double(it);
        description_free(description);
        arena_free(arena);
    }
}
