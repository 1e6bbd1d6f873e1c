/* test_battery_attention.c: attention, of a sequence on itself and of one on another: generated C, IR and interpreter against each other, with masks, dropout and causally;
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

/* ---- one sequence looks at another ---- */

static void expect_across(const char *lines, const char *y)
{
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena, "local q, v, k = Input{4, 3, name = 'q'}, Input{6, 5, name = 'v'}, Input{6, 3, name = 'k'}\n%s\n"
                                  "return Model{ inputs = { q, v, k }, outputs = Dense{2}(%s), name = 'across', batch_size = 4, shards = 1,\n"
                                  "loss = 'mse' }", lines, y));
    arena_free(arena);
}

Test(battery_attention, across)
{
    expect_across("local a = Attention{use_scale = true, dropout = 0.3}(q, v, k)\nlocal b = AdditiveAttention{use_causal_mask = true}{q, v, k}",
                  "Concatenate{}(a, b)");
    expect_across("local a = Attention{score_mode = 'concat', use_scale = true}(q, v, k)\n"
                  "local b = MultiHeadAttention{2, 3, value_dim = 4, dropout = 0.2}(q, v, k)", "Concatenate{}(a, b)");
    expect_across("local a = MultiHeadAttention{3, 2, use_causal_mask = true, output_shape = 9}(v, q)\nlocal b = Attention{}(k, q)",
                  "Concatenate{}(a, b, v)");
    expect_across("local d = GRU{5, return_sequences = true}(q)\nlocal a = Attention{}{d, v}\n"     /* of a value alone */
                  "local b = MultiHeadAttention{1, 8}(q, q, q)\nlocal c = Attention{}(k, k)", "Concatenate{}(LSTM{3}(a), GRU{3}(b), LSTM{4}(c))");
}

/* Padding of the query, of what it looks at, of both; sequences of which nothing counts. */
Test(battery_attention, across_masks)
{
    Arena *arena = arena_create();
    static const char *const lines[][2] = {
        { "Embedding{3, 4, mask_zero = true}(q)", "Embedding{3, 4, mask_zero = true}(v)" },
        { "Embedding{3, 4}(q)", "Embedding{2, 4, mask_zero = true}(v)" }, { "Embedding{3, 4, mask_zero = true}(q)", "Embedding{3, 4}(v)" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_agreement(arena_format(arena, "local q, v = Input{5, name = 'q'}, Input{2, name = 'v'}\nlocal e, f = %s, %s\n"
                                      "local g = Dense{4}(f)\n"
                                      "local a, b = Attention{}(e, f), AdditiveAttention{causal = true}(e, f, g)\n"
                                      "local c, d = MultiHeadAttention{2, 3}(e, f, g), MultiHeadAttention{3, 2, use_causal_mask = true}(e, f)\n"
                                      "return Model{ inputs = { q, v }, outputs = Dense{2}(LSTM{3}(Concatenate{}(a, b, c, d))),\n"
                                      "name = 'masks', batch_size = 4, shards = 1, loss = 'mse' }", lines[i][0], lines[i][1]));
    arena_free(arena);
}

/* In a layer of the description's own, and in one that is called twice. */
Test(battery_attention, across_as_a_part)
{
    expect_agreement("layer 'Look' { input = 'sequences', over = 'sample', mask = 'pass', shape = function(a, x) return x[1].shape end,\n"
                     "  layers = function(a, x) return { attention = MultiHeadAttention{ 2, 3 } } end,\n"
                     "  call = function(a, w, x, masks)\n    local y = x[1] + w.attention(x, masks)\n    return y\n  end }\n"
                     "local q, v = Input{4, 3, name = 'q'}, Input{6, name = 'v'}\nlocal f = Embedding{3, 3, mask_zero = true}(v)\n"
                     "local look = Look{}\nlocal a = look(q, f)\n"
                     "return Model{ inputs = { q, v }, outputs = Dense{2}(look(a, f)), name = 'part', batch_size = 4, shards = 1,\n"
                     "loss = 'mse' }");
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
    expect_refused("return Model{ inputs = x, outputs = Attention{}(x, Dense{2}(x)), loss = 'mse' }",
                   "wrong.lua:3: Attention: the query has 3 features, and the key 2");
    expect_refused("return Model{ inputs = x, outputs = MultiHeadAttention{2, 3}(x, y, Cropping1D{1}(y)), loss = 'mse' }",
                   "wrong.lua:3: MultiHeadAttention: the key has 3 steps, and the value 5");
    expect_refused("return Model{ inputs = x, outputs = Attention{}(x, Flatten{}(x)), loss = 'mse' }",
                   "Attention: needs a sequence {timesteps, features}");
    expect_refused("return Model{ inputs = x, outputs = Attention{}{x, x, x, x}, loss = 'mse' }", "Attention: reads query, value and key, not 4 outputs");
    expect_refused("return Sequential{ Input{5}, Attention{}, loss = 'mse' }", "Attention: needs a sequence {timesteps, features}");
    expect_refused("return Sequential{ Input{5, 2}, Attention{ score_mode = 'general' }, loss = 'mse' }", "\"score_mode\" must be \"dot\", \"concat\"");
    expect_refused("return Sequential{ Input{5, 2}, MultiHeadAttention{ 2, 3, attention_axes = 1 }, loss = 'mse' }", "\"attention_axes\" is not supported");
    expect_refused("return Sequential{ Input{5, 2}, MultiHeadAttention{ 2 }, loss = 'mse' }", "MultiHeadAttention: missing argument \"key_dim\"");
}
