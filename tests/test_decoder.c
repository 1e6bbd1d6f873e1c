/* test_decoder.c: models with a decoder: what is encoded once, and what is said step by step on it, against the prediction of the whole; what keeps a
 * decoder from going step by step; what is refused. */
#include "oracles.h"
#include "refusal.h"

#include <criterion/criterion.h>
#include <string.h>

static char *description_of(Arena *arena, const char *lines, const char *options)
{
    return arena_format(arena, "%s\nreturn Model{ inputs = {source, target}, outputs = y, decoder = target, name = 'says', %s batch_size = 4 }\n", lines,
                        options);
}

#define CLASSES "loss = 'sparse_categorical_crossentropy',"

static Programs compile_it(Arena *arena, const char *text)
{
    CompileOptions options = { .target = oracle_target(&oracle_targets[0]) };
    Compiled compiled;
    cr_assert(compile(arena, oracle_read(arena, text), diagnostics_create(arena), &options, &compiled), "%s", text);
    Programs programs = compiled.programs;
    compiled_free(&compiled);
    return programs;
}

/* decode_step is among what the generated C is judged by. */
static void expect_decoder(const char *lines, const char *options)
{
    Arena *arena = arena_create();
    const char *text = description_of(arena, lines, options);
    Programs programs = compile_it(arena, text);
    cr_expect(programs.decode && programs.encode && !programs.step, "%s\n%s", text, programs.no_decoder);
    expect_agreement(text);
    arena_free(arena);
}

#define TOKENS "local source, target = Input{5, name = 'source'}, Input{3, name = 'target'}\n" \
               "local e, d = Embedding{9, 6, mask_zero = true}(source), Embedding{7, 5, mask_zero = true}(target)\n"
#define FLOATS "local source, target = Input{5, 3, name = 'source'}, Input{4, 2, name = 'target'}\n"

Test(decoder, states_are_handed_over)
{
    expect_decoder(TOKENS "local encoded, h, c = LSTM{4, return_state = true}(e)\n"
                   "local y = Dense{7, activation = 'softmax'}(LSTM{4, return_sequences = true}{d, initial_state = {h, c}})", CLASSES);
    expect_decoder(FLOATS "local encoded, h = GRU{4, return_state = true, go_backwards = true}(source)\n"
                   "local s = GRU{3, return_sequences = true}{target, initial_state = Dense{3, activation = 'tanh'}(h)}\n"
                   "local y = Dense{2}(SimpleRNN{5, return_sequences = true, initial_state = 'learned'}(s))", "loss = 'mse',");
}

Test(decoder, looks_at_what_was_encoded)
{
    expect_decoder(TOKENS "local encoded, f, fc, b, bc = Bidirectional{LSTM{3, return_sequences = true, return_state = true}}(e)\n"
                   "local decoded = GRU{6, return_sequences = true}{d, initial_state = Concatenate{}{f, b}}\n"
                   "local y = Dense{7, activation = 'softmax'}(Concatenate{}{decoded, Attention{use_scale = true}{decoded, encoded}})", CLASSES);
    expect_decoder(TOKENS "local encoded = GRU{5, return_sequences = true}(e)\n"
                   "local y = Dense{7, activation = 'softmax'}(AdditiveAttention{}{GRU{5, return_sequences = true}(d), encoded})", CLASSES);
    expect_decoder(FLOATS "local m = MultiHeadAttention{2, 3}(LSTM{4, return_sequences = true}(target), source)\n"
                   "local y = LayerNormalization{}(Dense{2}(m))", "loss = 'mse',");
}

Test(decoder, windows_and_vectors_beside_it)
{
    expect_decoder("local source, target = Input{6, 5, 2, name = 'source'}, Input{4, name = 'target'}\n"
                   "local picture = Dense{5, activation = 'tanh'}(Flatten{}(Conv2D{3, 2}(source)))\n"
                   "local d = Conv1D{4, 2, padding = 'causal'}(Embedding{7, 3}(target))\n"
                   "local y = Dense{7, activation = 'softmax'}(GRU{5, return_sequences = true}{d, initial_state = picture})", CLASSES);
    expect_decoder("local source, target = Input{5, 3, name = 'source', lengths = true}, Input{4, 2, name = 'target'}\n"
                   "local all, h = GRU{4, return_sequences = true, return_state = true}(source)\n"
                   "local said = GRU{4, return_sequences = true}{target, initial_state = h}\n"
                   "local y = Dense{2}(Attention{}{said, all})", "loss = 'mse',");
}

/* A state that the decoder changes without looking at what it reads is its own all the same; and so is one that begins with a number. */
Test(decoder, custom_cells)
{
    expect_decoder("recurrent 'Counter' { arguments = { {'units', 'size'} }, state = { 'h', 'n' },\n"
                   "  weights = function(a, x) return { kernel = weight{x.features, a.units} } end,\n"
                   "  step = function(a, w, x, s)\n"
                   "    local n = 0.5 * s.n + 1\n"
                   "    return { h = tanh(affine(x, w.kernel) + n), n = n }\n"
                   "  end }\n"
                   FLOATS "local encoded = Dense{2}(GlobalAveragePooling1D{}(source))\n"
                   "local s = GRU{2, return_sequences = true}{target, initial_state = encoded}\n"
                   "local y = Counter{3, return_sequences = true, initial_state = {n = 0.25}}(s)", "loss = 'mse',");
}

static void expect_obstacle(const char *lines, const char *why)
{
    Arena *arena = arena_create();
    Programs programs = compile_it(arena, description_of(arena, lines, "loss = 'mse',"));
    cr_expect(!programs.decode && !programs.encode && programs.no_decoder && strstr(programs.no_decoder, why), "%s: %s", lines,
              programs.no_decoder ? programs.no_decoder : "none");
    arena_free(arena);
}

Test(decoder, what_keeps_it_from_going_step_by_step)
{
    expect_obstacle(FLOATS "local y = Dense{2}(Attention{}{target, Dense{2}(target), Dense{2}(LSTM{2, return_sequences = true}(Add{}{target, "
                    "RepeatVector{4}(Dense{2}(Flatten{}(source)))}))})", "than the present one");
    expect_obstacle("local source, target = Input{4, 3, name = 'source'}, Input{4, 3, name = 'target'}\n"
                    "local y = Dense{2}(Add{}{GRU{3, return_sequences = true}(target), GRU{3, return_sequences = true}(source)})",
                    "another part of what was encoded");
    expect_obstacle(FLOATS "local encoded, h = GRU{2, return_state = true}(source)\n"
                    "local y = Dense{2}(GRU{2, return_sequences = true, go_backwards = true}{target, initial_state = h})", "from its end");
}

static void expect_refusal(const char *lines, const char *options, const char *message)
{
    Arena *arena = arena_create();
    expect_not_read(description_of(arena, lines, options), message);
    arena_free(arena);
}

Test(decoder, refusals)
{
    const char *good = TOKENS "local encoded, h = GRU{4, return_state = true}(e)\n"
                       "local y = Dense{7, activation = 'softmax'}(GRU{4, return_sequences = true}{d, initial_state = h})";
    expect_refusal(good, "begin_token = 7,", "Model: \"begin_token\" is 7, but the decoder reads 7 of them, from 0");
    expect_refusal(good, "end_token = 9,", "Model: \"end_token\" is 9, but the output has 7 of them, from 0");
    expect_refusal(FLOATS "local y = Dense{2}(GRU{3, return_sequences = true}{target, initial_state = Dense{3}(Flatten{}(source))})", "end_token = 1,",
                   "Model: \"end_token\" is for a decoder that reads tokens: decoder = input");
    expect_refusal(FLOATS "local y = Dense{2}(GRU{3}{target, initial_state = Dense{3}(Flatten{}(source))})", "",
                   "Model: \"decoder\": the output, dense_1, has not one step for each of its 4");
    expect_refusal(FLOATS "local y = Dense{2}(GRU{3, return_sequences = true, stateful = true}{target, initial_state = Dense{3}(Flatten{}(source))})",
                   "shuffle = false,", "Model: \"decoder\": stateful layers go on from batch to batch, and a decoder begins with each sample");
    expect_not_read("local x = Input{4, 2}\nreturn Model{ inputs = x, outputs = GRU{3, return_sequences = true}(x), decoder = x }\n",
                    "Model: \"decoder\": it is the only input: a model of one sequence reads it step by step without being told");
    expect_not_read("local x, z = Input{4, 2}, Input{3}\nlocal y = Dense{2}(Concatenate{}{Flatten{}(x), z})\n"
                    "return Model{ inputs = {x, z}, outputs = y, decoder = y }\n", "Model: \"decoder\" must be one of the inputs");
    expect_not_read("return Sequential{ Input{4, 2}, GRU{3}, begin_token = 1 }\n",
                    "Sequential: \"begin_token\" is for a decoder that reads tokens: decoder = input");
}
