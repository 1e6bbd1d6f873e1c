/* test_battery_attention.c: attention of a sequence on itself: generated C, IR and interpreter against each other, with masks, dropout and causally;
 * the blocks that are made of it; values that are known; and what such descriptions may get wrong. */
#include "oracles.h"
#include "refusal.h"

#include "runtime/interpreter/differences.h"

#include <criterion/criterion.h>
#include <string.h>

Test(battery_attention, heads)
{
    expect_all((const char *const[]){
        "Input{5, 3}, MultiHeadAttention{3, 2}, Dense{2}, loss = 'mse'",
        "Input{6, 5}, LSTM{9, return_sequences = true}, MultiHeadAttention{2, 9, value_dim = 3, use_causal_mask = true}, GRU{3}, loss = 'mse'",
        "Input{5, 3}, MultiHeadAttention{1, 5, dropout = 0.3, use_bias = false}, MultiHeadAttention{2, 1, output_shape = 7}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Dense{5}, MultiHeadAttention{2, 3, trainable = false}, MultiHeadAttention{3, 8, kernel_regularizer = L2{0.01}, dropout = 0.5}, "
        "GlobalAveragePooling1D{}, loss = 'mse'", NULL });
}

Test(battery_attention, one_head_without_projections)
{
    expect_all((const char *const[]){
        "Input{5, 3}, Attention{}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Dense{9}, Attention{use_scale = true, dropout = 0.3, use_causal_mask = true}, GRU{2}, loss = 'mse'",
        "Input{4, 3}, Dense{5}, Attention{score_mode = 'concat'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{9, return_sequences = true}, Attention{use_scale = true, score_mode = 'concat', causal = true, dropout = 0.25}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Dense{6}, AdditiveAttention{}, AdditiveAttention{use_scale = false, use_causal_mask = true, dropout = 0.2}, LSTM{3}, loss = 'mse'", NULL });
}

/* Steps that do not count: padding behind, in front and in between; the rows of a batch differ. */
Test(battery_attention, masks)
{
    expect_all((const char *const[]){
        "Input{6}, Embedding{4, 5, mask_zero = true}, MultiHeadAttention{2, 3}, GRU{4, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{3, 5, mask_zero = true}, MultiHeadAttention{3, 2, use_causal_mask = true, dropout = 0.2}, GlobalAveragePooling1D{}, loss = 'mse'",
        "Input{6}, Embedding{3, 5, mask_zero = true}, Attention{use_scale = true, causal = true}, AdditiveAttention{}, LSTM{3}, loss = 'mse'",
        "Input{6, 2}, Dense{2, activation = 'relu'}, Masking{}, Attention{score_mode = 'concat'}, Dense{3}, loss = 'mse'",
        "Input{6}, Embedding{4, 5, mask_zero = true}, MultiHeadAttention{2, 3, use_bias = false}, Dense{2}, loss = 'mse'", NULL });
}

/* What a step is made of belongs to the layer in which it stands. */
Test(battery_attention, inside_of_other_layers)
{
    expect_all((const char *const[]){
        "Input{3, 4, 2}, TimeDistributed{MultiHeadAttention{2, 3, use_causal_mask = true}}, TimeDistributed{Flatten{}}, GRU{3}, loss = 'mse'",
        "Input{3, 4, 2}, TimeDistributed{Attention{dropout = 0.3}}, TimeDistributed{GlobalAveragePooling1D{}}, Dense{2}, loss = 'mse'", NULL });
}

static const char encoder[] =
    "layer 'Residual' { arguments = { { 'layer', 'layer' } }, over = 'sample', mask = 'pass',\n"
    "  call = function(a, w, x, mask)\n"
    "    local y = x + a.layer(x, mask)\n"
    "    return y\n"
    "  end }\n"
    "layer 'FeedForward' { arguments = { { 'width', 'size' } },\n"
    "  layers = function(a, x) return { wide = Dense{ a.width, activation = 'relu' }, narrow = Dense{ x.features } } end,\n"
    "  call = function(a, w, x)\n"
    "    local y = w.narrow(w.wide(x))\n"
    "    return y\n"
    "  end }\n";

/* The block of a transformer's encoder: as a chain, with masks, and as a graph. */
Test(battery_attention, encoder_blocks)
{
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena, "%sreturn Sequential{ name = 'chain', batch_size = 4, shards = 1,\n"
        "Input{6}, Embedding{5, 6, mask_zero = true}, Residual{MultiHeadAttention{2, 3, dropout = 0.1}}, LayerNormalization{},\n"
        "Residual{FeedForward{9}}, LayerNormalization{}, GlobalAveragePooling1D{}, Dense{2, activation = 'softmax'},\n"
        "loss = 'sparse_categorical_crossentropy' }", encoder));
    expect_agreement(
        "local x = Input{5, 6}\n"
        "local a = LayerNormalization{}(Add{}(x, MultiHeadAttention{3, 2, use_causal_mask = true}(x, x)))\n"
        "local b = LayerNormalization{}(Add{}(a, Dense{6}(Dense{9, activation = 'gelu'}(a))))\n"
        "return Model{ inputs = x, outputs = Dense{3}(Attention{}{b, b, b}), name = 'graph', batch_size = 4, shards = 1, loss = 'mse' }");
    arena_free(arena);
}

/* The interpreter in double against finite differences. */
Test(battery_attention, finite_differences)
{
    static const char *const models[] = {
        "Input{5, 3}, MultiHeadAttention{3, 2, value_dim = 4, use_causal_mask = true}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{4, 5, mask_zero = true}, MultiHeadAttention{2, 3, output_shape = 4}, Attention{use_scale = true}, Dense{2}, loss = 'mse'",
        "Input{5, 4}, Attention{use_scale = true, score_mode = 'concat'}, AdditiveAttention{}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{3, 4, mask_zero = true}, AdditiveAttention{causal = true, dropout = 0.2}, GRU{2}, loss = 'mse'" };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Arena *arena = arena_create();
        Description *description = oracle_read(arena, models[i]);
        struct differences result;
        struct lstmc_message message = { "" };
        cr_assert_eq(differences_check(description_model(description), NULL, 7, &result, &message), LSTMC_OK, "%s: %s", models[i], message.text);
        for (int k = 0; k < result.count; k++)
            cr_expect(result.list[k].deviation <= result.list[k].allowed && result.list[k].probes > result.list[k].skipped,
                      "%s: %s deviates by %g", models[i], result.list[k].tensor, result.list[k].deviation);
        differences_free(&result);
        description_free(description);
        arena_free(arena);
    }
}

static void expect_refused(const char *lines, const char *message)
{
    Arena *arena = arena_create();
    expect_not_read(arena_format(arena, "local x = Input{5, 3}\nlocal y = Dense{3}(x)\n%s", lines), message);
    arena_free(arena);
}

Test(battery_attention, mistakes)
{
    expect_refused("return Model{ inputs = x, outputs = MultiHeadAttention{2, 3}(x, y), loss = 'mse' }",
                   "wrong.lua:3: MultiHeadAttention: query, value and key are one output: of one sequence on another it is not supported by this version");
    expect_refused("return Model{ inputs = x, outputs = Attention{}{x, x, x, x}, loss = 'mse' }", "Attention: query, value and key are one output");
    expect_refused("return Sequential{ Input{5}, Attention{}, loss = 'mse' }", "Attention: needs a sequence {timesteps, features}");
    expect_refused("return Sequential{ Input{5, 2}, Attention{ score_mode = 'general' }, loss = 'mse' }", "\"score_mode\" must be \"dot\", \"concat\"");
    expect_refused("return Sequential{ Input{5, 2}, MultiHeadAttention{ 2, 3, attention_axes = 1 }, loss = 'mse' }", "\"attention_axes\" is not supported");
    expect_refused("return Sequential{ Input{5, 2}, MultiHeadAttention{ 2 }, loss = 'mse' }", "MultiHeadAttention: missing argument \"key_dim\"");
}
