/* test_idle.c: turns of a time loop at which a mask holds for no row: that they are found, that they form no sums, that
 * all roads agree, and that a loop without a mask, or without sums, is left as it is. */
#include "oracles.h"

#include "compiler/ir/axes.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct Found {
    int loops, idle, skipping;      /* time loops, those that may idle, tiles that follow such a one and are skipped */
    int sums;                       /* that are formed in idle turns */
} Found;

static Found find_idle(const char *text)
{
    Arena *arena = arena_create();
    const Ir *ir = oracle_training_program(arena, text);
    Found found = { 0 };
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i], *before = i ? ir->statements[i - 1] : NULL;
        found.skipping +=
            statement->tile && statement->tile->skips_idle && (!before || before->tile != statement->tile);
        if (!statement->loop || (before && before->loop == statement->loop))
            continue;
        found.loops++;
        found.idle += statement->loop->idle != NULL;
        for (int s = 0; statement->loop->idle && s < statement->loop->idle->count; s++)
            found.sums += statement_has_sum(statement->loop->idle->statements[s]);
    }
    arena_free(arena);
    return found;
}

/* Of every loop forward and backward: so many idle, and so many tiles behind them are skipped. */
static const struct {
    const char *text;
    int loops, idle, skipping;
} models[] = {
    { "Input{70, 3, lengths = true}, LSTM{5}, Dense{2}, loss = 'mse'", 2, 2, 3 },
    { "Input{67, 3, lengths = true}, GRU{5, return_sequences = true}, LSTM{6}, Dense{1}, loss = 'mse'", 4, 4, 8 },
    /* two ids: in one step of sixteen all four rows have the one that does not count */
    { "Input{66}, Embedding{2, 12, mask_zero = true}, LSTM{9}, Dense{1}, loss = 'mse'", 2, 2, 4 },
    { "Input{66}, Embedding{2, 4, mask_zero = true}, Bidirectional{SimpleRNN{5, return_sequences = true}}, GRU{3},\n"
      "  Dense{1}, loss = 'mse'", 6, 6, 14 },
    { "Input{12, 3, lengths = true}, LSTM{5, return_sequences = true, zero_output_for_mask = true}, Dense{2},\n"
      "  loss = 'mse'", 2, 2, 3 },
    { "Input{12, 3, lengths = true}, LSTM{5, stateful = true, recurrent_dropout = 0.25}, Dense{2}, loss = 'mse'",
      2, 2, 3 },
    { "Input{12, 3}, LSTM{5}, Dense{2}, loss = 'mse'", 2, 0, 0 },
    /* what a turn computes is not known at its beginning */
    { "local Gated = recurrent 'Gated' {\n"
      "  arguments = { { 'units', 'size' } }, state = { 'h' },\n"
      "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent = weight{ a.units, a.units } } end,\n"
      "  step = function(a, w, x, s)\n"
      "    local open = tensor{}\n"
      "    open[{}] = greater(x[{ 0 }], 0.5)\n"
      "    local h = tanh(affine(x, w.kernel) + affine(s.h, w.recurrent))\n"
      "    return { h = keep(open, h) + keep(1 - open, s.h) }\n"
      "  end }\n"
      "return Sequential{ name = 'gated', Input{12, 3}, Gated{5}, Dense{2}, loss = 'mse', batch_size = 4 }\n", 2, 1, 0 },
};

Test(idle, turns_that_no_row_needs_form_no_sums)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const Found found = find_idle(models[i].text);
        cr_expect(found.loops == models[i].loops && found.idle == models[i].idle &&
                      found.skipping == models[i].skipping,
                  "%s: %d loops, %d of them idle, %d tiles are skipped", models[i].text, found.loops, found.idle,
                  found.skipping);
        cr_expect_eq(found.sums, 0, "%s", models[i].text);
    }
}

Test(idle, all_roads_agree)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const Oracles oracles = { .no_differences = true, .targets = ORACLE_PLAIN | ORACLE_VECTOR_8 };
        expect_agreement_with(models[i].text, &oracles);
    }
}
