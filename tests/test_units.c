/* test_units.c: layers alike share one function in the generated C: what they compute stays right, whatever layers stand beside each other, and
 * the text hardly grows with their number. */
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *deep(Arena *arena, int layers, const char *layer, const char *rest)
{
    const char *inside = "Input{4, 5}";
    for (int i = 0; i < layers; i++)
        inside = arena_format(arena, "%s, %s", inside, layer);
    return arena_format(arena, "%s, %s", inside, rest);
}

Test(units, layers_alike_agree)
{
    Arena *arena = arena_create();
    const Oracles quick = { .seed = 1, .targets = ORACLE_PLAIN | ORACLE_VECTOR_8, .compiler = "gcc", .no_differences = true };
    static const char rest[] = "LSTM{6}, Dense{2}, loss = 'mse'";
    expect_agreement_with(deep(arena, 5, "LSTM{8, return_sequences = true}", rest), &quick);
    expect_agreement_with(deep(arena, 4, "Dense{8, activation = 'tanh'}, Dropout{0.3}", rest), &quick);
    expect_agreement_with(deep(arena, 3, "GRU{8, return_sequences = true}, Dense{8}, LSTM{8, return_sequences = true}", rest), &quick);
    arena_free(arena);
}

static bool compile_deep(Arena *arena, int layers, Compiled *compiled)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    const char *text = deep(arena, layers, "LSTM{8, return_sequences = true}", "LSTM{8}, Dense{2}, loss = 'mse'");
    Description *description = oracle_read(arena, oracle_description(arena, text));
    const CompileOptions options = { .target = target_find("vector") };
    bool done = compile(arena, description, diagnostics, &options, compiled);
    description_free(description);
    return done;
}

static int count(const char *text, const char *what)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        found++;
    return found;
}

Test(units, layers_alike_are_written_once)
{
    Arena *arena = arena_create();
    Compiled few, many;
    cr_assert(compile_deep(arena, 5, &few) && compile_deep(arena, 15, &many));
    cr_expect(many.source.length < few.source.length + few.source.length / 3, "%zu bytes of C for 5 layers, %zu for 15", few.source.length,
              many.source.length);
    cr_expect_eq(count(many.source.text, "\nstatic void lstm_14_backward("), 1);
    cr_expect_eq(count(many.source.text, "    lstm_14_backward("), 14, "%d calls", count(many.source.text, "    lstm_14_backward("));
    cr_expect_eq(count(many.source.text, "static void lstm_13_backward("), 0);
    compiled_free(&few);
    compiled_free(&many);
    arena_free(arena);
}
