/* test_batch_first.c: which tensors have the rows of the batch outside of the steps, and that their numbers stay. */
#include "compiler/compile.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

/* Of a training program, whether rows stand outside of steps in the tensor. */
static bool rows_are_outside(const char *text, int lanes, const char *layer, const char *name)
{
    Arena *arena = arena_create();
    CompileOptions options = { .target = target_with_lanes(target_find(lanes > 1 ? "vector" : "plain"), lanes) };
    Description *description = oracle_read(arena, text);
    Compiled compiled;
    cr_assert(compile(arena, description, diagnostics_create(arena), &options, &compiled));
    const Ir *ir = compiled.programs.training;
    const Tensor *found = NULL;
    for (int i = 0; i < ir->tensor_count; i++)
        if (!strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name))
            found = ir->tensors[i];
    cr_assert(found, "no tensor %s.%s", layer, name);
    bool outside = found->batch_dimension == 0;
    cr_expect_eq(found->time_dimension, outside);
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
    return outside;
}

#define ATTENTION "Input{5, 3}, Dense{6}, MultiHeadAttention{2, 4}, GlobalAveragePooling1D{}, Dense{2}, loss = 'mse'"
#define BEHIND_A_LOOP "Input{5, 3}, GRU{6, return_sequences = true}, MultiHeadAttention{2, 4}, Dense{2}, loss = 'mse'"

Test(batch_first, what_no_time_loop_touches)
{
    cr_expect(rows_are_outside(ATTENTION, 8, "multi_head_attention", "score"));
    cr_expect(rows_are_outside(ATTENTION, 16, "multi_head_attention", "d_score"));
    cr_expect(rows_are_outside(ATTENTION, 8, "multi_head_attention", "total"));
    cr_expect(rows_are_outside(ATTENTION, 8, "dense", "y"));
    cr_expect_not(rows_are_outside(ATTENTION, 1, "multi_head_attention", "score"), "no vectors");
    cr_expect(rows_are_outside("Input{9, 3}, Conv1D{6, 3}, Conv1D{5, 3}, GlobalMaxPooling1D{}, loss = 'mse'", 8, "conv1d", "y"));
}

/* What a loop walks lies step by step, and so do rows of steps beside it. */
Test(batch_first, what_a_time_loop_walks)
{
    cr_expect_not(rows_are_outside(BEHIND_A_LOOP, 8, "gru", "h"));
    cr_expect(rows_are_outside(BEHIND_A_LOOP, 8, "multi_head_attention", "score"));
    cr_expect_not(rows_are_outside("Input{5, 3}, LSTM{6, return_sequences = true}, Dense{4, activation = 'relu'}, loss = 'mse'", 8, "dense", "z"));
    cr_expect_not(rows_are_outside("Input{5, 3}, Dense{6}, LSTM{4}, loss = 'mse'", 8, "dense", "y"));
}

static void expect_same(const char *text)
{
    expect_agreement_with(text, &(Oracles){ .seed = 1, .targets = ORACLE_VECTOR_8 | ORACLE_VECTOR_16 });
}

Test(batch_first, the_same_numbers)
{
    expect_same("return Sequential{ name = 'attends', " ATTENTION ", batch_size = 6, shards = 2 }");
    expect_same("return Sequential{ name = 'behind', " BEHIND_A_LOOP ", batch_size = 3, shards = 1 }");
    expect_same("return Sequential{ name = 'windows', Input{9, 3}, Conv1D{6, 3, padding = 'same'}, Dropout{0.3}, "
                "LayerNormalization{}, Conv1D{5, 2}, MaxPooling1D{2}, Flatten{}, Dense{2}, loss = 'mse', batch_size = 5, shards = 1 }");
    expect_same("return Sequential{ name = 'masked', Input{6, 3, lengths = true}, Dense{5, activation = 'tanh'}, "
                "MultiHeadAttention{2, 3}, GlobalAveragePooling1D{}, loss = 'mse', batch_size = 4, shards = 2 }");
}
