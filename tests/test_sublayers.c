/* test_sublayers.c: layers that own layers: names, weights, states and masks of what they own, all oracles; what such definitions may get
 * wrong. */
#include "command.h"
#include "custom_models.h"
#include "oracles.h"
#include "refusal.h"

#include "compiler/oracle/custom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const definitions[] = {
    /* two copies of a cell, one of them from the end */
    "layer 'Both' {\n"
    "  arguments = { { 'layer', 'layer' } }, over = 'sample', input = 'sequence', mask = 'pass',\n"
    "  layers = function(a)\n"
    "    return { forth = copy(a.layer, { name = 'forward_' .. a.layer.name }),\n"
    "             back = copy(a.layer, { name = 'backward_' .. a.layer.name, go_backwards = not a.layer.go_backwards }) }\n"
    "  end,\n"
    "  call = function(a, w, x, mask)\n"
    "    local forth, back = w.forth(x, mask), w.back(x, mask)\n"
    "    if not a.layer.return_sequences then\n"
    "      local y = concatenate{ forth, back }\n"
    "      return y\n"
    "    end\n"
    "    local t, n = axes 't n'\n"
    "    local turned = tensor{ x.timesteps, back.features }\n"
    "    turned[{ t, n }] = back[{ x.timesteps - 1 - t, n }]\n"
    "    local y = concatenate{ forth, turned }\n"
    "    return y\n"
    "  end }\n",
    /* what the layer makes is added to what it was given; without a function for the shape, and with a weight of its own */
    "layer 'Residual' {\n"
    "  arguments = { { 'layer', 'layer' } }, over = 'sample', mask = 'pass',\n"
    "  weights = function(a, x) return { gain = weight({ x.features }, 'ones') } end,\n"
    "  call = function(a, w, x, mask)\n"
    "    local change, gain = w.layer(x, mask), tensor{}\n"
    "    gain[{}] = w.gain[{ 0 }]\n"
    "    local y = x + change * gain\n"
    "    return y\n"
    "  end }\n",
    /* sees single features: a network of two layers of its own, one of them called twice */
    "layer 'Deep' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  layers = function(a, x) return { hidden = Dense{ x.features, activation = 'tanh' }, out = Dense{ a.units } } end,\n"
    "  call = function(a, w, x)\n"
    "    local y = w.out(w.hidden(w.hidden(x)))\n"
    "    return y\n"
    "  end }\n",
    /* a cell whose step calls a layer of single features */
    "recurrent 'Highway' {\n"
    "  arguments = { { 'units', 'size' }, { 'layer', 'layer' } }, state = { 'h' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local carried = w.layer(s.h)\n"
    "    local h = tanh(affine(x, w.kernel) + carried)\n"
    "    return { h = h }\n"
    "  end }\n",
    /* attention with named projections, each read as a whole */
    "layer 'SelfAttention' {\n"
    "  arguments = { { 'units', 'size' } }, over = 'sample', input = 'sequence',\n"
    "  layers = function(a) return { query = Dense{ a.units }, key = Dense{ a.units }, value = Dense{ a.units, use_bias = false } } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, s, n = axes 't s n'\n"
    "    local q, k, v = w.query(x), w.key(x), w.value(x)\n"
    "    local score = tensor{ x.timesteps, x.timesteps }\n"
    "    score[{ t, s }] = q[{ t, n }] * k[{ s, n }]\n"
    "    local e = exp(score)\n"
    "    local total = tensor{ x.timesteps }\n"
    "    total[{ t }] = e[{ t, s }] * 1.0\n"
    "    local y = tensor{ x.timesteps, a.units }\n"
    "    y[{ t, n }] = e[{ t, s }] / total[{ t }] * v[{ s, n }]\n"
    "    return y\n"
    "  end }\n",
    /* nothing but the layer that it is given */
    "layer 'Plain' { arguments = { { 'layer', 'layer' } }, over = 'sample', mask = 'pass',\n"
    "  call = function(a, w, x, mask) return (a.layer(x, mask)) end }\n",
    /* sums over the batch */
    "layer 'Centred' { weights = function(a, x) return { mean = weight{ x.features } } end,\n"
    "  call = function(a, w, x)\n"
    "    local mean = in_training(batch_sum(x) / batch_sum(1), w.mean)\n"
    "    local y = x - mean\n"
    "    return y\n"
    "  end }\n",
    /* two values into one layer */
    "layer 'Joined' {\n"
    "  arguments = { { 'left', 'layer' }, { 'right', 'layer' } }, over = 'sample', input = 'several',\n"
    "  layers = function(a) return { left = a.left, right = a.right, both = Concatenate{} } end,\n"
    "  call = function(a, w, x)\n"
    "    local y = w.both{ w.left(x[1]), w.right(x[2]) }\n"
    "    return y\n"
    "  end }\n",
};

static char *defined(Arena *arena, const char *rest)
{
    const char *text = "";
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        text = arena_format(arena, "%s%s", text, definitions[i]);
    return arena_format(arena, "%s%s", text, rest);
}

static char *sequential(Arena *arena, const char *inside)
{
    return defined(arena, arena_format(arena, "return Sequential{ name = 'owner', %s, batch_size = 4, shards = 1 }\n", inside));
}

static void expect_owners(const char *const *insides)
{
    Arena *arena = arena_create();
    for (; *insides; insides++) {
        char *said = oracles_disagreement(sequential(arena, *insides), &(Oracles){ .seed = 1 });
        cr_expect_null(said, "%s\n%s", *insides, said);
        free(said);
    }
    arena_free(arena);
}

Test(sublayers, two_cells)
{
    expect_owners((const char *const[]){
        "Input{6, 3}, Both{LSTM{4, return_sequences = true}}, Both{GRU{3}}, Dense{2}, loss = 'mse'",
        "Input{5}, Embedding{7, 3}, Both{SimpleRNN{3, go_backwards = true, return_sequences = true}}, LSTM{3}, loss = 'mse'",
        NULL });
}

Test(sublayers, owners_in_owners)
{
    expect_owners((const char *const[]){
        "Input{5, 4}, Residual{Both{LSTM{2, return_sequences = true}}}, Residual{Residual{Dense{4}}}, GRU{3}, loss = 'mse'",
        "Input{4}, Deep{3}, Deep{2}, loss = 'mse'",
        "Input{4, 3}, Residual{Centred{}}, Both{GRU{2}}, Plain{Centred{}}, loss = 'mse'",
        "Input{4, 3}, Deep{5}, LSTM{3}, Deep{2}, loss = 'mse'",
        "Input{4, 3}, Residual{Dropout{0.25}}, Residual{Deep{3}}, SimpleRNN{2}, loss = 'mse'",
        "Input{4, 3}, SelfAttention{5}, Residual{SelfAttention{5}}, Flatten{}, loss = 'mse'", NULL });
}

Test(sublayers, inside_a_step)
{
    expect_owners((const char *const[]){
        "Input{5, 3}, Highway{4, Dense{4, activation = 'sigmoid'}}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Highway{3, Deep{3}, return_sequences = true}, Highway{2, Residual{Dense{2}}, go_backwards = true}, loss = 'mse'",
        "Input{5, 3}, Both{Highway{3, Dense{3}}}, loss = 'mse'", NULL });
}

Test(sublayers, ends_in_the_activation_of_the_loss)
{
    expect_owners((const char *const[]){
        "Input{4}, Deep{3}, Plain{Dense{3, activation = 'softmax'}}, loss = 'categorical_crossentropy'",
        "Input{4, 3}, Plain{Plain{Dense{1, activation = 'sigmoid'}}}, loss = 'binary_crossentropy'", NULL });
}

Test(sublayers, several_values)
{
    Arena *arena = arena_create();
    expect_agreement(defined(arena, "local a, b = Input{5, 3}, Input{4}\n"
                                    "local y = Dense{2}(Joined{LSTM{3}, Dense{2, activation = 'tanh'}}(a, b))\n"
                                    "return Model{ inputs = {a, b}, outputs = y, name = 'joined', loss = 'mse', batch_size = 4 }\n"));
    arena_free(arena);
}

/* ---- names, weights, what is trained ---- */

static Description *read_model(Arena *arena, const char *inside)
{
    return oracle_read(arena, sequential(arena, inside));
}

static void expect_weights(const char *inside, const char *const *names, size_t trainable)
{
    Arena *arena = arena_create();
    Description *description = read_model(arena, inside);
    const struct lstmc_model *m = &description_model(description)->descriptor;
    for (int i = 0; i < m->weight_tensors; i++)
        cr_expect_str_eq(m->weights[i].name, names[i] ? names[i] : "nothing more");
    cr_expect_null(names[m->weight_tensors], "%s is missing", names[m->weight_tensors]);
    cr_expect_eq(m->gradient_count, trainable, "%s: %zu numbers are trained", inside, m->gradient_count);
    description_free(description);
    arena_free(arena);
}

/* Keras's names: a layer that is given takes its number where it is made, before the one that it is given to. */
Test(sublayers, weights_have_the_names_of_all_their_owners)
{
    expect_weights("Input{5, 3}, Both{LSTM{2, return_sequences = true}}, Both{LSTM{2, use_bias = false}}, Dense{1}",
                   (const char *const[]){ "both/forward_lstm/kernel", "both/forward_lstm/recurrent_kernel", "both/forward_lstm/bias",
                                          "both/backward_lstm/kernel", "both/backward_lstm/recurrent_kernel", "both/backward_lstm/bias",
                                          "both_1/forward_lstm_1/kernel", "both_1/forward_lstm_1/recurrent_kernel",
                                          "both_1/backward_lstm_1/kernel", "both_1/backward_lstm_1/recurrent_kernel", "dense/kernel",
                                          "dense/bias", NULL },
                   2 * (24 + 16 + 8) + 2 * (32 + 16) + 5);
    expect_weights("Input{3}, Residual{Residual{Dense{3, name = 'inner'}, name = 'r'}, name = 'out'}, Dense{1}, Plain{Dense{2}}",
                   (const char *const[]){ "out/gain", "out/r/gain", "out/r/inner/kernel", "out/r/inner/bias", "dense/kernel", "dense/bias",
                                          "plain/dense_1/kernel", "plain/dense_1/bias", NULL }, 3 + 3 + 12 + 4 + 4);
}

Test(sublayers, are_frozen_with_their_owner_or_alone)
{
    expect_weights("Input{3}, Residual{Dense{3, trainable = false}}, Dense{1}",
                   (const char *const[]){ "residual/gain", "dense_1/kernel", "dense_1/bias", "residual/dense/kernel", "residual/dense/bias",
                                          NULL }, 3 + 4);
    expect_weights("Input{3}, Residual{Plain{Dense{3}}, trainable = false}, Dense{1}",
                   (const char *const[]){ "dense_1/kernel", "dense_1/bias", "residual/gain", "residual/plain/dense/kernel",
                                          "residual/plain/dense/bias", NULL }, 4);
    expect_owners((const char *const[]){
        "Input{4, 3}, Residual{Dense{3, trainable = false}}, Both{LSTM{2}, trainable = false}, Dense{1}, loss = 'mse'",
        "Input{4, 3}, Deep{3}, Both{GRU{2, trainable = false}}, loss = 'mse'", NULL });
}

static uint64_t fingerprint_of(const char *inside)
{
    Arena *arena = arena_create();
    Description *description = read_model(arena, inside);
    uint64_t fingerprint = description_model(description)->descriptor.fingerprint;
    description_free(description);
    arena_free(arena);
    return fingerprint;
}

Test(sublayers, are_part_of_the_meaning)
{
    uint64_t one = fingerprint_of("Input{4}, Residual{Dense{4}}");
    cr_expect_eq(one, fingerprint_of("Input{4}, Residual{layer = Dense{units = 4}}"));
    cr_expect_neq(one, fingerprint_of("Input{4}, Residual{Dense{4, activation = 'tanh'}}"));
    cr_expect_neq(one, fingerprint_of("Input{4}, Residual{Plain{Dense{4, name = 'dense'}, name = 'dense'}}"));
}

/* ---- against layers side by side, which the interpreter computes by hand ---- */

static const char masked_inputs[] =
    MASKED_LAYER
    /* makes the mask itself, and what it owns reads it */
    "layer 'Own' { arguments = { { 'layer', 'layer' } }, over = 'sample', input = 'several',\n"
    "  layers = function(a) return { masked = Masked{ trainable = true }, layer = a.layer } end,\n"
    "  call = function(a, w, x)\n"
    "    local kept, mask = w.masked{ x[1], x[2] }\n"
    "    local y = w.layer(kept, mask)\n"
    "    return y\n"
    "  end }\n"
    "local x, m = Input{6, 3, name = 'x'}, Input{6, name = 'mask'}\n";

static char *masked_model(Arena *arena, const char *y)
{
    return defined(arena, arena_format(arena, "%sreturn Model{ inputs = {x, m}, outputs = %s, name = 'masked', loss = 'mse', "
                                              "batch_size = 4, shards = 1 }\n", masked_inputs, y));
}

enum { ROWS = 2 };

/* The output of two rows, and behind it the gradient of all weights. */
static double *results_of(Arena *arena, const char *y, size_t *count)
{
    Description *description = oracle_read(arena, masked_model(arena, y));
    const Model *model = description_model(description);
    const struct lstmc_model *m = &model->descriptor;
    struct custom_layers *custom = custom_layers_create(arena, description, ROWS);
    struct lstmc_message message = { "" };
    Interpreter_double *it = interpreter_create_double(model, ROWS, custom, &message);
    cr_assert_not_null(it, "%s: %s", y, message.text);
    double *weights = arena_array(arena, double, m->weight_count + 1), *x = arena_array(arena, double, ROWS * m->input_count);
    size_t outputs = ROWS * m->output_count;
    double *results = arena_array(arena, double, outputs + m->gradient_count), *d_y = arena_array(arena, double, outputs);
    for (size_t i = 0; i < m->weight_count; i++)
        weights[i] = 0.6 * sin(1.7 * (double)i + 1);
    for (size_t i = 0; i < ROWS * m->input_count; i++)
        x[i] = cos(2.3 * (double)i);
    for (size_t i = 0; i < outputs; i++)
        d_y[i] = 1 + sin((double)i);
    interpreter_reset_double(it);
    interpreter_forward_double(it, weights, x, ROWS, 0, 0);
    memcpy(results, interpreter_output_double(it), outputs * sizeof *results);
    interpreter_set_d_output_double(it, d_y);
    interpreter_backward_double(it, results + outputs, NULL);
    *count = outputs + m->gradient_count;
    interpreter_free_double(it);
    custom_layers_free(custom);
    description_free(description);
    return results;
}

static void expect_same(const char *owner, const char *side_by_side)
{
    Arena *arena = arena_create();
    size_t count, expected_count;
    const double *results = results_of(arena, owner, &count), *expected = results_of(arena, side_by_side, &expected_count);
    cr_assert_eq(count, expected_count, "%s: %zu numbers, but %zu of %s", owner, count, expected_count, side_by_side);
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs(results[i] - expected[i]) < 1e-12, "%s: number %zu is %g, but %g of %s", owner, i, results[i], expected[i],
                  side_by_side);
    arena_free(arena);
}

Test(sublayers, are_what_they_are_side_by_side)
{
    expect_same("Concatenate{}{Both{GRU{3}}(x), m}", "Concatenate{}{GRU{3}(x), GRU{3, go_backwards = true}(x), m}");
    expect_same("Both{LSTM{2}}(Masked{}{x, m})",
                "(function() local k = Masked{}{x, m} return Concatenate{}{LSTM{2}(k), LSTM{2, go_backwards = true}(k)} end)()");
    expect_same("GRU{2}(Plain{SimpleRNN{4, return_sequences = true}}(Masked{}{x, m}))",
                "GRU{2}(SimpleRNN{4, return_sequences = true}(Masked{}{x, m}))");
    expect_same("GRU{3}(Plain{Plain{Dense{2}}}(Masked{}{x, m}))", "GRU{3}(Dense{2}(Masked{}{x, m}))");
    expect_same("Own{LSTM{3}}{x, m}", "LSTM{3}(Masked{}{x, m})");
    expect_same("Joined{LSTM{3}, Dense{2}}{x, m}", "Concatenate{}{LSTM{3}(x), Dense{2}(m)}");
    expect_same("Concatenate{}{Deep{4}(m), LSTM{1}(x)}",
                "(function() local d = Dense{6, activation = 'tanh'} return Concatenate{}{Dense{4}(d(d(m))), LSTM{1}(x)} end)()");
}

Test(sublayers, masks_are_handed_on)
{
    static const char *const lines[] = {
        "Dense{2}(Both{GRU{2}}(Both{LSTM{3, return_sequences = true}}(Masked{}{x, m})))",
        "LSTM{3}(Residual{Both{SimpleRNN{2, return_sequences = true}}}(Dense{4}(Masked{}{x, m})))",
        "Dense{2}(Own{LSTM{3}}{x, m})",
        "Dense{2}(GRU{3}(Residual{Plain{Dense{3}}}(Masked{}{x, m})))", NULL };
    Arena *arena = arena_create();
    for (int i = 0; lines[i]; i++)
        expect_agreement(masked_model(arena, lines[i]));
    arena_free(arena);
}

/* What is called twice drops other elements in each call. */
Test(sublayers, noise_is_drawn_for_each_call)
{
    Arena *arena = arena_create();
    const char *text = "layer 'Noisy' { layers = function() return { drop = Dropout{0.5} } end,\n"
                       "  call = function(a, w, x) return w.drop(x) + w.drop(x) end }\n"
                       "return Sequential{ name = 'noisy', Input{3}, Noisy{}, Dropout{0.5}, Dense{2}, loss = 'mse' }";
    Ir *ir = lower(arena, oracle_read(arena, text), &(LowerOptions){ .training = true, .batch = 2 });
    int places[4], count = 0;
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE && count < 4)
            places[count++] = ir->tensors[i]->place;
    cr_assert_eq(count, 3);
    cr_expect(places[0] != places[1] && places[1] != places[2] && places[0] != places[2], "%d %d %d", places[0], places[1], places[2]);
    arena_free(arena);
}

/* ---- streaming ---- */

static const char *obstacle_of(Arena *arena, const char *inside)
{
    return lower_no_streaming(arena, read_model(arena, inside));
}

Test(sublayers, stream_if_all_of_them_do)
{
    Arena *arena = arena_create();
    cr_expect_null(obstacle_of(arena, "Input{6, 3}, Residual{LSTM{3, return_sequences = true}}, Deep{2}, Plain{GRU{2}}, loss = 'mse'"));
    const char *why = obstacle_of(arena, "Input{6, 3}, Both{LSTM{3}}, loss = 'mse'");
    cr_expect(why && strstr(why, "both_backward_lstm"), "%s", why);
    arena_free(arena);
}

/* ---- mistakes ---- */

static void expect_refusal(const char *description, const char *message)
{
    Arena *arena = arena_create();
    expect_not_compiled(strstr(description, "return") ? defined(arena, description) : sequential(arena, description), message);
    arena_free(arena);
}

Test(sublayers, mistakes_are_said_with_their_reason)
{
    expect_refusal("Input{5, 3}, Highway{3, Centred{}}, loss = 'mse'", "batch_sum stands outside of scans");
    expect_refusal("Input{4}, Residual{4}", "Residual: \"layer\" must be a layer, like LSTM{8}, not 4");
    expect_refusal("Input{4}, Residual{Dense}", "not a function: call it, like LSTM{8}");
    expect_refusal("Input{4}, Residual{Dense{0}}", "Dense: \"units\" must be a whole number");
    expect_refusal("local d = Dense{4}\nreturn Sequential{ Input{4}, Residual{d}, Residual{d} }",
                   "Residual: \"layer\" is a layer that is used already: make a second one");
    expect_refusal("local d = Dense{4}\nreturn Sequential{ Input{4}, d, Residual{d} }", "Dense: the same layer object is added twice");
    expect_refusal("Input{4}, Residual{LSTM{4}}", "Residual: LSTM needs a sequence {timesteps, features}, not {4}");
    expect_refusal("Input{4}, Residual{Dense{3}}", "Residual: shapes {4} and {3} do not go together");
    expect_refusal("Input{5, 4}, Highway{3, LSTM{3}}", "Highway: LSTM is a loop over time inside the step of a scan");
    expect_refusal("Input{5, 4}, Residual{Dense{4}}, Dense{4, name = 'residual_dense'}",
                   "its layer dense is called residual_dense in C, and so is another one");
    expect_refusal("layer 'L' { layers = function() return { a = Dense{2}, b = Dense{2} } end, call = function(a, w, x) return (w.a(x)) end }\n"
                   "return Sequential{ Input{3}, L{} }", "L: its mathematics never calls its layer b");
    expect_refusal("layer 'L' { arguments = { { 'layer', 'layer' } }, call = function(a, w, x) return x * a.layer.unit end }\n"
                   "return Sequential{ Input{3}, L{Dense{2}} }", "L: Dense has no argument \"unit\" (did you mean \"units\"?)");
    expect_refusal("layer 'L' { layers = function() return { a = 3 } end, call = function(a, w, x) return (w.a(x)) end }\n"
                   "return Sequential{ Input{3}, L{} }", "L: layers: a must be a layer, not 3");
    expect_refusal("layer 'L' { layers = 3, call = function(a, w, x) return x end }\nreturn Sequential{ Input{3}, L{} }",
                   "layers must be a function(a, x), not 3");
    expect_refusal("layer 'L' { layers = function() local d = Dense{2} return { a = d, b = d } end, call = function(a, w, x) return x end }\n"
                   "return Sequential{ Input{3}, L{} }", "L: layers: b is a layer that is there already: write copy(...)");
    expect_refusal("layer 'L' { arguments = { { 'layer', 'layer' } }, layers = function(a) return { one = copy(a.layer, { unit = 3 }) } end,\n"
                   "  call = function(a, w, x) return (w.one(x)) end }\n"
                   "return Sequential{ Input{3}, L{Dense{2}} }", "Dense: unknown argument \"unit\" (did you mean \"units\"?)");
    expect_refusal("layer 'L' { arguments = { { 'layer', 'layer' } }, layers = function(a) return { one = copy(a.layer) } end,\n"
                   "  call = function(a, w, x) return (a.layer(w.one(x))) end }\n"
                   "return Sequential{ Input{3}, L{Dense{2}} }", "L: Dense is called outside of the mathematics that owns it");
    expect_refusal("layer 'L' { layers = function() return { d = Dense{2} } end, weights = function() return { d = weight{2} } end,\n"
                   "  call = function(a, w, x) return x end }\nreturn Sequential{ Input{3}, L{} }", "\"d\" is the name of a layer already");
    expect_refusal("layer 'L' { layers = function() return { d = Dense{2} } end, call = function(a, w, x) return (w.d(w.d(x))) end }\n"
                   "return Sequential{ Input{3}, L{} }", "Dense: is called with {2}, but its weight kernel, made for {3}, has the shape {3, 2}");
    expect_refusal("layer 'Silent' { over = 'sample', call = function(a, w, x) return x * 1.0 end }\n"
                   "layer 'L' { layers = function() return { s = Silent{ trainable = true } } end, over = 'sample', mask = 'pass',\n"
                   "  call = function(a, w, x) local m = tensor{ x.timesteps } local t = axes 't' m[{ t }] = x[{ t, 0 }] return (w.s(x, m)) end }\n"
                   "return Sequential{ Input{5, 3}, L{} }", "Silent is given a mask, and does not say what becomes of it");
    expect_refusal("layer 'L' { layers = function() return { d = Dense{2} } end, call = function(a, w, x) return (w.d(3)) end }\n"
                   "return Sequential{ Input{3}, L{} }", "L: Dense is called with a value, or with a list of them, not 3");
}

/* ---- training, and weight files ---- */

Test(sublayers, train_go_on_and_predict)
{
    char *folder = command_folder();
    Arena *arena = arena_create();
    const char *text = sequential(arena, "Input{6, 2}, Both{LSTM{3, kernel_regularizer = 'l2'}}, Residual{Dense{6}}, Dense{1}, loss = 'mse', "
                                         "epochs = 4, data = samples{ function(random) local x = {}\n"
                                         "for t = 1, 6 do x[t] = { random(), random() } end return x, x[1][1] + x[6][2] end, samples = 32 }");
    command_write(folder, "owner.lua", text, (int)strlen(text));
    command_expect(folder, 60, "$L check owner.lua --quiet", 0, "owner.lua: all within tolerance\n", NULL);
    command_expect(folder, 60, "$L train owner.lua --quiet && cp owner.safetensors whole && $L train owner.lua --quiet --epochs 2 && "
                               "$L train owner.lua --quiet --resume && cmp owner.safetensors whole", 0, "", NULL);
    command_expect(folder, 60, "$L train owner.lua --quiet --interpreted && $L evaluate owner.lua | cut -c 1-8 > a && "
                               "$L evaluate owner.lua --weights whole | cut -c 1-8 | diff - a && grep -ac both/backward_lstm/kernel whole",
                   0, "1\n", NULL);
    command_expect(folder, 60, "$L train owner.lua --quiet --freeze both > /dev/null && $L summary owner.lua | grep ^both", 0,
                   "both                     Both             {6}                       144  defined by the description\n", NULL);
    arena_free(arena);
    command_folder_remove(folder);
}
