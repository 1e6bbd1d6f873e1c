/* test_return_state.c: the states of a recurrent layer behind its last step as further outputs of a call, y, h, c = LSTM{8, return_state =
 * true}(x), and what a call says its states begin with, LSTM{8}{z, initial_state = {h, c}}. */
#include "compiled_model.h"
#include "oracles.h"
#include "refusal.h"

#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TWO "local a, b = Input{5, 3, name = 'source'}, Input{4, 2, name = 'target'}\n"
#define END(outputs) "\nreturn Model{ inputs = {a, b}, outputs = " outputs ", name = 'states', loss = 'mse', batch_size = 4 }\n"

/* Each kind hands its states to another one, and reads them elsewhere too. */
Test(return_state, every_layer_hands_on_its_states)
{
    static const char *const models[] = {
        TWO "local y, h, c = LSTM{4, return_state = true}(a)\n"
            "local d = LSTM{4, return_sequences = true}{b, initial_state = {h, c}}\n"
            "local y = Concatenate{}{Dense{2}(GRU{3}(d)), y, Multiply{}{c, h}}" END("y"),
        TWO "local s, h = GRU{4, return_sequences = true, return_state = true, go_backwards = true}(a)\n"
            "local d, e = GRU{4, reset_after = false, return_state = true}{b, initial_state = h}\n"
            "local y = Concatenate{}{SimpleRNN{3}(s), d, e}" END("y"),
        TWO "local y, h = SimpleRNN{4, return_state = true, activation = 'relu'}(a)\n"
            "local y = SimpleRNN{4, dropout = 0.25, recurrent_dropout = 0.25, return_sequences = true}{b, initial_state = h}" END("y"),
        /* a projection makes h narrower than c; more than two of them in a row */
        TWO "local y, h, c = LSTM{5, projection = 3, use_peepholes = true, return_state = true}(a)\n"
            "local z, g, e = LSTM{5, projection = 3, return_state = true}{b, initial_state = {h, c}}\n"
            "local y = LSTM{5, projection = 3}{a, initial_state = {g, e}}" END("y"),
        TWO "local y, h1, h2, c2 = RNN{ {GRUCell{3}, LSTMCell{4}}, return_state = true }(a)\n"
            "local d = RNN{ {GRUCell{3}, LSTMCell{4}}, return_sequences = true }{b, initial_state = {h1, h2, c2}}\n"
            "local y = Dense{2}(d)" END("y"),
        TWO "local y, h, c = LayerNormLSTM{4, return_state = true}(a)\nlocal y = LayerNormLSTM{4}{b, initial_state = {c, h}}" END("y"),
        /* the same layer again; what it is given is no state of another, and has no weights below it */
        TWO "local cell, wide = GRU{3, return_state = true}, Dense{3}\nlocal y, h = cell(wide(a))\nlocal z, g = cell{wide(a), initial_state = h}\n"
            "local y = Concatenate{}{y, h, z, g, GRU{3}{b, initial_state = Flatten{}(Cropping1D{{1, 3}}(a))}}" END("y"),
        NULL };
    expect_all(models);
}

Test(return_state, of_both_ways)
{
    static const char *const models[] = {
        TWO "local y, fh, fc, bh, bc = Bidirectional{LSTM{3, return_state = true}}(a)\n"
            "local h, c = Concatenate{}{fh, bh}, Concatenate{}{fc, bc}\n"
            "local y = LSTM{6, return_sequences = true}{b, initial_state = {h, c}}" END("y"),
        TWO "local y, f, g = Bidirectional{GRU{3, return_sequences = true, return_state = true}, merge_mode = 'sum'}(a)\n"
            "local y = Bidirectional{GRU{3}}{b, initial_state = {f, Dense{3, activation = 'tanh'}(g)}}" END("y"), NULL };
    expect_all(models);
}

/* The state is that of the last step that counts, also where the output is zero; of images; of a truncated loop; with states as outputs. */
Test(return_state, masks_images_truncation)
{
    static const char *const models[] = {
        TWO "local m = Masking{}(Dense{2, activation = 'relu'}(a))\n"
            "local y, h, c = LSTM{4, return_sequences = true, zero_output_for_mask = true, return_state = true}(m)\n"
            "local d = LSTM{4, return_sequences = true}{Masking{}(Dense{2, activation = 'relu'}(b)), initial_state = {h, c}}\n"
            "local y = GRU{2, return_sequences = true}(d)" END("y"),
        TWO "local y, h, c = LSTM{4, return_state = true, truncate = 2}(a)\n"
            "local y = LSTM{4, truncate = 3, return_sequences = true}{b, initial_state = {h, c}}" END("y"),
        "local a, b = Input{3, 4, 4, 1, name = 'a'}, Input{2, 4, 4, 2, name = 'b'}\n"
        "local y, h, c = ConvLSTM2D{2, 3, padding = 'same', return_state = true}(a)\n"
        "local y = Flatten{}(ConvLSTM2D{2, 3, padding = 'same'}{b, initial_state = {h, c}})" END("y"),
        TWO "local y, h, c = LSTM{4, return_state = true}(a)\nlocal z = GRU{4}{b, initial_state = h}\n"
            "return Model{ inputs = {a, b}, outputs = {h, c, z}, name = 'states', loss = 'mse', batch_size = 4 }", NULL };
    expect_all(models);
}

/* ---- values ---- */

static void *room(size_t bytes)
{
    return memset(aligned_alloc(64, bytes / 64 * 64 + 64), 0, bytes);
}

static void predict(const char *text, const float *x, float *y)
{
    struct compiled_model c;
    compiled_model_create(&c, text, "-O1", true);
    float *weights = room(c.model->weight_count * sizeof(float));
    for (size_t i = 0; i < c.model->weight_count; i++)
        weights[i] = 0.6f * cosf(3 * (float)i);
    void *packed = room(c.model->packed_bytes), *scratch = room(c.model->scratch_bytes);
    c.model->prepare(packed, weights);
    c.model->predict(packed, scratch, x, y);
    free(packed), free(scratch), free(weights);
    compiled_model_free(&c);
}

/* A sequence in two halves, handed from the one to the other, is the sequence; reading them in the other order is not. */
Test(return_state, two_halves_are_the_whole)
{
    float x[12], whole[3], halves[3], swapped[3];
    for (int i = 0; i < 12; i++)
        x[i] = sinf((float)(i * i));
    predict("local x = Input{6, 2}\nlocal cell = LSTM{3, return_state = true}\nlocal y = cell(x)\n"
            "return Model{ inputs = x, outputs = y, name = 'states', batch_size = 1 }", x, whole);
    const char *form = "local x = Input{6, 2}\nlocal cell = LSTM{3, return_state = true}\nlocal front, back = Cropping1D{{0, 3}}(x), Cropping1D{{3, 0}}(x)\n"
                       "local y, h, c = cell(%s)\nlocal z = cell{%s, initial_state = {h, c}}\n"
                       "return Model{ inputs = x, outputs = z, name = 'states', batch_size = 1 }";
    Arena *arena = arena_create();
    predict(arena_format(arena, form, "front", "back"), x, halves);
    predict(arena_format(arena, form, "back", "front"), x, swapped);
    for (int i = 0; i < 3; i++)
        cr_expect_float_eq((double)halves[i], (double)whole[i], 1e-6, "unit %d: %g, not %g", i, (double)halves[i], (double)whole[i]);
    cr_expect(fabs((double)swapped[0] - (double)whole[0]) > 1e-4);
    arena_free(arena);
}

/* Of masked steps: the first output is zero before the first step that counts, the state is not. */
Test(return_state, a_masked_state_is_carried)
{
    static const float x[6] = { 1, -2, 0, 0, 0, 0 };
    float last[2], state[2], zeros[2];
    const char *form = "local x = Input{3, 2}\nlocal y, h = GRU{2, return_state = true, zero_output_for_mask = true}(Masking{}(x))\n"
                       "return Model{ inputs = x, outputs = %s, name = 'states', batch_size = 1 }";
    Arena *arena = arena_create();
    predict(arena_format(arena, form, "h"), x, state);
    predict(arena_format(arena, form, "y"), x, zeros);
    predict("return Sequential{ name = 'states', batch_size = 1, Input{1, 2}, GRU{2} }", x, last);
    for (int i = 0; i < 2; i++)
        cr_expect(fabs((double)state[i] - (double)last[i]) < 1e-6 && zeros[i] == 0 && fabs((double)last[i]) > 1e-3);
    arena_free(arena);
}

/* ---- states that go on ---- */

static char *reason_of(const char *text)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, text);
    const char *why = lower_no_streaming(arena, description);
    char *copy = why ? strdup(why) : NULL;
    description_free(description);
    arena_free(arena);
    return copy;
}

/* A state so far is what a stream can put out; one that another loop begins with is known when the sequence has ended. */
Test(return_state, what_streams)
{
    char *state = reason_of("local x = Input{6, 2}\nlocal y, h, c = LSTM{3, return_state = true}(x)\n"
                            "return Model{ inputs = x, outputs = Dense{2}(Add{}{h, c}), loss = 'mse', batch_size = 2 }");
    char *decoder = reason_of("local x = Input{6, 2}\nlocal y, h = GRU{3, return_state = true}(x)\n"
                              "return Model{ inputs = x, outputs = GRU{3}{x, initial_state = h}, loss = 'mse', batch_size = 2 }");
    cr_expect(!state, "%s", state ? state : "");
    cr_expect(decoder != NULL, "a decoder streams");
    free(state), free(decoder);
}

/* In a stateful layer the state that is handed on is that of the whole stream; one that is given its state begins there each time. */
Test(return_state, stateful)
{
    expect_agreement("local x = Input{6, 2}\nlocal y, h, c = LSTM{3, return_state = true, stateful = true}(x)\n"
                     "local z = LSTM{3, stateful = true, return_sequences = true}{x, initial_state = {h, c}}\n"
                     "return Model{ inputs = x, outputs = Dense{2}(z), loss = 'mse', batch_size = 3, name = 'states', shuffle = false }");
}

/* ---- names, mistakes ---- */

Test(return_state, names_are_those_of_the_states)
{
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, "local x = Input{5, 3}\nlocal y, a, b, c, d = Bidirectional{LSTM{3, return_state = true}}(x)\n"
        "local z, h1, c1, h2 = RNN{ {LSTMCell{2}, GRUCell{4}}, return_state = true, name = 'two' }(x)\n"
        "return Model{ inputs = x, outputs = {a, b, c, d, h1, c1, h2}, loss = 'mse', batch_size = 2 }");
    const Model *model = description_model(description);
    static const char *const names[] = { "bidirectional_forward_h", "bidirectional_forward_c", "bidirectional_backward_h", "bidirectional_backward_c",
                                         "two_h", "two_c", "two_h_1" };
    static const int units[] = { 3, 3, 3, 3, 2, 2, 4 };
    cr_assert_eq(model->output_count, 7);
    for (int k = 0; k < 7; k++) {
        const Layer *layer = &model->layers[model->outputs[k]];
        cr_expect(!strcmp(layer->name, names[k]) && layer->output.extent[0] == units[k], "%s, of %d", layer->name, layer->output.extent[0]);
    }
    description_free(description);
    arena_free(arena);
}

Test(return_state, mistakes)
{
    expect_not_compiled("return Sequential{ Input{5, 3}, LSTM{4, return_state = true}, loss = 'mse' }",
                        "wrong.lua:1: LSTM: return_state: the states are further outputs, for which a Sequential has no place");
    expect_not_compiled(TWO "local y = TimeDistributed{LSTM{4, return_state = true}}(Reshape{5, 3, 1}(a))" END("y"),
                        "LSTM: return_state: its states are not seen inside of another layer");
    expect_not_compiled(TWO "local y, h, c = LSTM{4, return_state = true}(a)\nlocal y = LSTM{4}{b, initial_state = h}" END("y"),
                        "wrong.lua:3: LSTM: initial_state has 1 states, and the layer 2: h, c");
    expect_not_compiled(TWO "local y, h, c = LSTM{4, return_state = true}(a)\nlocal y = LSTM{5}{b, initial_state = {h, c}}" END("y"),
                        "wrong.lua:3: LSTM: the initial_state of h has the shape {5}, not {4}");
    expect_not_compiled(TWO "local y, h = GRU{4, return_state = true}(a)\nlocal y = GRU{4, initial_state = 'learned'}{b, initial_state = h}" END("y"),
                        "GRU: its states begin as its argument initial_state says, or as its call does, not both");
    expect_not_compiled(TWO "local y = Add{}{a, a, initial_state = a}" END("y"), "Add: a call takes what it reads, not initial_state");
    expect_not_compiled(TWO "local y = GRU{3}{b, initial = a}" END("y"), "GRU: a call takes what it reads and initial_state, not initial");
    expect_not_compiled("recurrent 'Leaky' { arguments = { { 'units', 'size' } }, state = { 'h' },\n"
                        "  weights = function(a, x) return { kernel = weight{ x.features, a.units } } end,\n"
                        "  step = function(a, w, x, s) local h = s.h * 0.5 + affine(x, w.kernel) return { h = h } end }\n" TWO
                        "local y, h = Leaky{3, return_state = true}(a)" END("y"), "Leaky: return_state goes with the layers of Keras");
}
