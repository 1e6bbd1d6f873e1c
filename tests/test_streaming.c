/* test_streaming.c: whether there is a streaming step follows from the mathematics alone; and where there is one, it is right. */
#include "compiler/ir/streaming.h"
#include "custom_models.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

/* What the layers of these models do with time; none of them says so. */
static const char layers[] =
    "local Halved = layer 'Halved' { arguments = {}, over = 'sample', input = 'sequence', shape = function(a, x) return x.shape end,\n"
    "  call = function(a, w, x) local t, k = axes 't k' local y = tensor{ x.timesteps, x.features } y[{ t, k }] = x[{ t, k }] * 0.5 return y end }\n"
    "local Rowwise = layer 'Rowwise' { arguments = {}, over = 'sample', input = 'sequence', shape = function(a, x) return x.shape end,\n"
    "  weights = function(a, x) return { table = weight{ x.timesteps, x.features } } end,\n"
    "  call = function(a, w, x) local t, k = axes 't k' local y = tensor{ x.timesteps, x.features }\n"
    "    y[{ t, k }] = x[{ t, k }] + w.table[{ t, k }] return y end }\n"
    "local Counted = layer 'Counted' { arguments = {}, over = 'sample', input = 'sequence', shape = function(a, x) return x.shape end,\n"
    "  call = function(a, w, x) local t, k = axes 't k' local y = tensor{ x.timesteps, x.features }\n"
    "    y[{ t, k }] = x[{ t, k }] + 0.1 * t return y end }\n"
    "local First = layer 'First' { arguments = {}, over = 'sample', input = 'sequence', shape = function(a, x) return { x.features } end,\n"
    "  call = function(a, w, x) local k = axes 'k' local y = tensor{ x.features } y[{ k }] = x[{ 0, k }] return y end }\n"
    "local Largest = layer 'Largest' { arguments = {}, over = 'sample', input = 'sequence', shape = function(a, x) return { x.features } end,\n"
    "  call = function(a, w, x) local t, k = axes 't k' local y = tensor{ x.features } y[{ k }] = largest(x[{ t, k }]) return y end }\n"
    "local Doubled = layer 'Doubled' { arguments = {}, over = 'sample', input = 'vector', shape = function(a, x) return { 2 * x.features } end,\n"
    "  call = function(a, w, x) local k, d = axes 'k d' local y = tensor{ x.features, 2 } y[{ k, d }] = x[{ k }] * (d + 1)\n"
    "    local z = tensor{ 2 * x.features } z[{ 2 * k + d }] = y[{ k, d }] return z end }\n";

typedef struct Case {
    const char *model;
    const char *why;                /* NULL: there is a step */
} Case;

static const Case cases[] = {
    { "Input{5, 3}, LSTM{4, return_sequences = true}, Dense{3}, GRU{2}, Dense{2}, loss = 'mse'", NULL },
    { "Input{5, 3}, GRU{4, return_sequences = true}, Dropout{0.3}, Dense{3, activation = 'softmax'}, loss = 'mse'", NULL },
    { "Input{5}, Embedding{7, 3}, SimpleRNN{2}, loss = 'mse'", NULL },
    { "Input{5, 3}, Halved{}, LSTM{2, return_sequences = true}, Halved{}, loss = 'mse'", NULL },
    { "Input{5, 3}, Minimal{4, return_sequences = true}, Peephole{3}, Scaled{}, loss = 'mse'", NULL },
    { "Input{5, 3}, LSTM{2}, RepeatVector{7}, GRU{2}, loss = 'mse'", "another length than the input" },
    { "Input{5, 3}, LSTM{2}, RepeatVector{5}, GRU{2}, loss = 'mse'", "known at the end of the sequence" },
    { "Input{5, 3}, LSTM{2}, Dense{4}, RepeatVector{5}, Halved{}, GRU{2}, loss = 'mse'", "known at the end of the sequence" },
    { "Input{5, 3}, LSTM{2, go_backwards = true}, loss = 'mse'", "lstm: it reads the sequence from its end" },
    { "Input{5, 3}, LSTM{2, return_sequences = true}, Flatten{}, Dense{2}, loss = 'mse'", "flatten: it keeps the steps of a sequence side by side" },
    { "Input{5, 3}, Flatten{}, Dense{2}, loss = 'mse'", "flatten: it keeps" },
    { "Input{5, 3}, LSTM{2, return_sequences = true}, First{}, loss = 'mse'", "output: it needs one step out of the sequence (output[n] = lstm.h[1,n])" },
    { "Input{5, 3}, Largest{}, Dense{2}, loss = 'mse'", "largest: it takes the largest of all steps" },
    { "Input{5, 3}, Rowwise{}, LSTM{2}, loss = 'mse'", "rowwise: it has a weight for each step" },
    { "Input{5, 3}, Counted{}, LSTM{2}, loss = 'mse'", "counted: it counts the steps" },
    { "Input{5, 3}, LSTM{3, return_sequences = true}, Attention{}, Dense{2}, loss = 'mse'", "attention: it keeps the steps of a sequence side by side" },
    { "Input{5, 3}, LSTM{3, return_sequences = true}, Positions{}, LSTM{2}, loss = 'mse'", "positions: it needs other steps" },
    { "Input{7, 3}, Convolution{4, 3}, LSTM{3}, Dense{2}, loss = 'mse'", "convolution: it " },
    { "Input{7, 3}, Convolution{4, 1}, LSTM{3}, Dense{2}, loss = 'mse'", NULL },
    { "Input{7, 3}, Conv1D{4, 3, padding = 'causal', dilation_rate = 2, activation = 'tanh'}, Conv1D{9, 2, padding = 'causal'}, GRU{3}, loss = 'mse'", NULL },
    { "Input{3, 2}, LSTM{5, return_sequences = true}, Conv1D{3, 6, padding = 'causal', groups = 1}, Conv1D{2, 1, padding = 'same'}, loss = 'mse'", NULL },
    { "Input{7, 4}, Conv1D{6, 2, padding = 'causal', groups = 2, dilation_rate = 9}, Dropout{0.2}, Dense{2}, loss = 'mse'", NULL },
    { "Input{7, 3}, Conv1D{4, 3, padding = 'causal', strides = 2}, LSTM{3}, loss = 'mse'", NULL },
    { "Input{9, 3}, Conv1D{4, 3, padding = 'causal', strides = 3, activation = 'relu'}, Dropout{0.1}, Conv1D{9, 2, padding = 'causal', strides = 2}, LSTM{3}, Dense{2}, loss = 'mse'", NULL },
    { "Input{20, 3}, Conv1D{9, 3, activation = 'tanh'}, MaxPooling1D{2}, GRU{4, return_sequences = true}, Conv1D{5, 2, dilation_rate = 2}, loss = 'mse'", NULL },
    { "Input{20, 3}, LSTM{4, return_sequences = true}, AveragePooling1D{3, 2}, DepthwiseConv1D{2, depth_multiplier = 2}, SeparableConv1D{3, 2, strides = 2}, loss = 'mse'", NULL },
    { "Input{12}, Embedding{7, 3}, SeparableConv1D{4, 3, padding = 'causal', strides = 2}, Conv1D{2, 1, strides = 2}, GRU{2}, loss = 'mse'", NULL },
    { "Input{9, 3}, LSTM{4, return_sequences = true}, MaxPooling1D{2, padding = 'same'}, GRU{2}, loss = 'mse'", "max_pooling1d: it " },
    { "local x = Input{9, 3}\nlocal a, b = LSTM{3}(MaxPooling1D{2}(x)), GRU{3}(x)\n"
      "return Model{ inputs = x, outputs = Dense{2}(Add{}(a, b)), name = 'branches', batch_size = 4, shards = 1, loss = 'mse' }",
      "gru: its branches do not go at the same pace" },
    { "local x = Input{9, 3}\nlocal a, b = Conv1D{3, 2, strides = 2}(x), Conv1D{3, 3, strides = 2, padding = 'causal'}(x)\n"
      "return Model{ inputs = x, outputs = Concatenate{}(GRU{2}(a), GRU{2}(b)), name = 'branches', batch_size = 4, shards = 1, loss = 'mse' }",
      "conv1d_1: its branches do not go at the same pace" },
    { "Input{9, 3}, MultiHeadAttention{2, 3, use_causal_mask = true}, LSTM{3}, loss = 'mse'", "multi_head_attention: it looks from each step at others" },
    { "Input{9, 3}, Conv1D{4, 2, padding = 'causal', strides = 2}, AdditiveAttention{use_causal_mask = true}, Dense{2}, loss = 'mse'", "additive_attention: it looks from each step at others" },
    { "Input{5, 3}, SpatialDropout1D{0.2}, Dense{4}, PReLU{'ones', shared_axes = {1}}, ReLU{}, GRU{9, return_sequences = true}, GaussianNoise{0.1}, Softmax{}, loss = 'mse'", NULL },
    { "Input{5, 3}, PReLU{}, LSTM{3}, loss = 'mse'", "p_re_lu: it has a weight for each step" },
    { "Input{5, 3}, LSTM{3, return_sequences = true}, Softmax{1}, loss = 'mse'", "softmax: it " },
    { "Input{5, 3}, LSTM{3, return_sequences = true}, Permute{{2, 1}}, loss = 'mse'", "it needs other steps than the present one" },
    { "Input{5, 4}, Reshape{{10, 2}}, LSTM{3}, loss = 'mse'", "reshape: it keeps the steps of a sequence side by side" },
    { "Input{5, 4}, UpSampling1D{}, LSTM{3}, loss = 'mse'", "up_sampling1d: it " },
    { "Input{7, 3}, Conv1D{4, 3, padding = 'same'}, LSTM{3}, loss = 'mse'", "conv1d: it " },
    { "Input{7, 3}, Conv1D{4, 3}, LSTM{3}, loss = 'mse'", NULL },
    { "Input{7, 3}, LSTM{3, return_sequences = true}, GlobalMaxPooling1D{}, loss = 'mse'", "it takes the largest of all steps" },
    { "Input{6, 3}, Pooling{2}, LSTM{3}, loss = 'mse'", "pooling: it " },
    { "Input{4}, Dense{2}, loss = 'mse'", "the input has no time axis" },
    { "Input{5, 3}, LSTM{5}, Doubled{}, Dense{2}, loss = 'mse'", NULL },
    { "Input{5, 3}, LSTM{4}, Doubled{}, Dense{2}, loss = 'mse'", NULL },
};

static char *description_of(Arena *arena, const char *model)
{
    return arena_format(arena, "%s%s", layers, custom_description(arena, model));
}

Test(streaming, follows_from_the_mathematics)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *arena = arena_create();
        Description *description = oracle_read(arena, description_of(arena, cases[i].model));
        const char *why = lower_no_streaming(arena, description);
        if (cases[i].why)
            cr_expect(why && strstr(why, cases[i].why), "%s\n  expected: %s\n  said: %s", cases[i].model, cases[i].why, why ? why : "nothing");
        else
            cr_expect_null(why, "%s\n  %s", cases[i].model, why);
        description_free(description);
        arena_free(arena);
    }
}

/* The step against the whole sequence, among all else that the oracles compare. */
Test(streaming, a_step_is_what_the_sequence_says)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!cases[i].why) {
            Arena *arena = arena_create();
            expect_agreement_with(description_of(arena, cases[i].model), &(Oracles){ .seed = 1, .compiler = "clang", .no_evaluator = true });
            arena_free(arena);
        }
}
