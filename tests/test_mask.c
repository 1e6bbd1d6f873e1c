/* test_mask.c: masks travel from layer to layer: every cell goes over the steps that do not count. What stands there may be a NaN or
 * infinite; the output holds what the last step that counts gave, zeros before the first; a layer that says nothing of masks is refused. */
#include "compiled_model.h"
#include "custom_models.h"
#include "oracles.h"
#include "refusal.h"

#include "compiler/session/load.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const definitions[] = {
    MASKED_LAYER,
    /* the mean of the steps that count; it is given the mask, and ends it */
    "local MaskedMean = layer 'MaskedMean' {\n"
    "  arguments = {}, over = 'sample', input = 'sequence', mask = 'end',\n"
    "  shape = function(a, x) return { x.features } end,\n"
    "  call = function(a, w, x, mask)\n"
    "    local t, n = axes 't n'\n"
    "    local kept = tensor{ x.timesteps, x.features }\n"
    "    kept[{ t, n }] = keep(mask[{ t }], x[{ t, n }])\n"
    "    local y = tensor{ x.features }\n"
    "    y[{ n }] = kept[{ t, n }] / (sum(mask)[{}] + 0.5)\n"
    "    return y\n"
    "  end }\n"
    "local Shifted = layer 'Shifted' {\n"
    "  arguments = {}, over = 'sample', input = 'sequence', mask = 'pass',\n"
    "  shape = function(a, x) return x.shape end,\n"
    "  call = function(a, w, x) return x * 2 - 0.5 end }\n",
    "local LSTMP = recurrent 'LSTMP' {\n"
    "  arguments = { { 'units', 'size' }, { 'projection', 'size' } }, state = { 'output', 'c' },\n"
    "  state_shapes = function(a) return { output = { a.projection } } end,\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight{ x.features, 2 * a.units }, recurrent = weight{ a.projection, 2 * a.units },\n"
    "             projection_kernel = weight{ a.units, a.projection }, first = weight{ a.units } }\n"
    "  end,\n"
    "  initial = function(a, w, x) return { c = w.first } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local z = affine(x, w.kernel) + affine(s.output, w.recurrent)\n"
    "    local z_f, z_g = gates(z, 2)\n"
    "    local f = sigmoid(z_f)\n"
    "    local c = f * s.c + (1 - f) * tanh(z_g)\n"
    "    return { output = affine(c, w.projection_kernel), c = c }\n"
    "  end }\n",
};

enum { ROWS = 4, STEPS = 6, FEATURES = 3 };
#define INPUTS "local x, m = Input{6, 3, name = 'x'}, Input{6, name = 'mask'}\n"

static char *description_with(Arena *arena, const char *lines, const char *loss, int shards)
{
    const char *text = "";
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        text = arena_format(arena, "%s%s", text, definitions[i]);
    return arena_format(arena, "%s" INPUTS "%s\nreturn Model{ inputs = {x, m}, outputs = y, name = 'masked', loss = %s, batch_size = 4, "
                               "shards = %d }\n", text, lines, loss, shards);
}

static char *description_of(Arena *arena, const char *lines)
{
    return description_with(arena, lines, "'mse'", 1);
}

static void expect_masked(const char *lines)
{
    Arena *arena = arena_create();
    expect_agreement(description_of(arena, lines));
    arena_free(arena);
}

Test(mask, cells_go_over_what_does_not_count)
{
    expect_masked("local h = LSTM{5, return_sequences = true}(Masked{}{x, m})\n"
                  "local y = Dense{2}(GRU{9}(Dropout{0.2}(Dense{4, activation = 'tanh'}(h))))");
    expect_masked("local h = GRU{4, return_sequences = true, reset_after = false, go_backwards = true}(Masked{}{x, m})\n"
                  "local y = SimpleRNN{3, go_backwards = true}(Shifted{}(h))");
    expect_masked("local h = LSTMP{5, 3, return_sequences = true}(Masked{}{x, m})\n"
                  "local y = Dense{2}(LSTMP{4, 2}(h))");
    expect_masked("local y = Dense{2}(MaskedMean{}(SimpleRNN{4, return_sequences = true}(Masked{}{x, m})))");
    expect_masked("local y = Dense{2}(GlobalAveragePooling1D{}(Dense{4}(Masked{}{x, m})))");
    expect_masked("local h = SpatialDropout1D{0.3}(PReLU{'ones'}(Softmax{1}(Masked{}{x, m})))\n"
                  "local y = GRU{3}(AlphaDropout{0.2}(LeakyReLU{}(Rescaling{2}(GaussianNoise{0.1}(h)))))");
    expect_masked("local y = LSTM{2}(GlobalAveragePooling1D{keepdims = true}(GRU{9, return_sequences = true}(Masked{}{x, m})))");
}

/* Rows of zeros behind a relu; id 0 among four. */
Test(mask, layers_make_masks)
{
    expect_agreement("Input{6}, Embedding{4, 3, mask_zero = true}, Bidirectional{LSTM{4, return_sequences = true}}, Dropout{0.2}, "
                     "GRU{5, return_sequences = true}, Dense{2}, loss = 'mse'");
    expect_agreement("Input{6, 2}, Dense{2, activation = 'relu'}, Masking{}, LSTM{4, return_sequences = true}, Masking{-0.5}, GRU{3}, "
                     "Dense{2}, loss = 'mse'");
}

/* ---- what stands in masked steps ---- */

static bool is_masked(int row, int step)
{
    return row == 3 || (row + step) % 3 == 1 || (row == 2 && step > 3);        /* one row has no step at all */
}

static float x_of(int row, int step, int feature, bool broken)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    if (is_masked(row, step))
        return broken ? bad[feature] : 0;
    return sinf((float)(1 + feature + FEATURES * (step + STEPS * row)));
}

typedef struct Results {
    float *y, *gradients, loss, single[8];
} Results;

static void *memory(size_t bytes)
{
    void *block = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    cr_assert_not_null(block);
    return memset(block, 0xff, bytes);
}

static Results run(const struct lstmc_model *model, bool broken)
{
    struct { float x[STEPS][FEATURES], mask[STEPS]; } samples[ROWS];
    float target[ROWS * 8], *weights = memory(model->weight_count * sizeof(float));
    cr_assert_eq(model->input_count * sizeof(float), sizeof samples[0]);
    for (int i = 0; i < ROWS * STEPS * FEATURES; i++) {
        int row = i / FEATURES / STEPS, step = i / FEATURES % STEPS;
        samples[row].x[step][i % FEATURES] = x_of(row, step, i % FEATURES, broken);
        samples[row].mask[step] = is_masked(row, step) ? 0 : 1;
    }
    for (size_t i = 0; i < ROWS * model->target_count; i++)
        target[i] = 0.5f;
    for (size_t i = 0; i < model->weight_count; i++)
        weights[i] = 0.5f * cosf((float)i);
    Results r = { .y = memory(ROWS * model->output_count * sizeof(float)),
                  .gradients = memory(model->gradient_count * sizeof(float)) };
    void *training = memory(model->training_bytes), *tape = memory(model->tape_bytes);
    memset(r.gradients, 0, model->gradient_count * sizeof(float));
    model->prepare_training(training, weights);
    model->reset_tape(training, tape);
    model->forward(training, tape, samples, ROWS, 0);
    memcpy(r.y, (char *)tape + model->output_offset, ROWS * model->output_count * sizeof(float));
    r.loss = model->loss_function(tape, target, NULL, 1);
    model->backward(training, tape, r.gradients);
    void *packed = memory(model->packed_bytes), *scratch = memory(model->scratch_bytes);
    model->prepare(packed, weights);
    model->predict(packed, scratch, samples, r.single);
    free(training), free(tape), free(packed), free(scratch), free(weights);
    return r;
}

static void expect_same(const char *what, int lanes, const float *got, const float *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(got[i] == expected[i], "%d lanes: %s %zu is %g, and %g with zeros in what is masked", lanes, what, i, (double)got[i],
                  (double)expected[i]);
}

static void compare(const char *lines, int lanes)
{
    Target target = lanes > 1 ? *target_with_lanes(target_find("vector"), lanes) : *target_find("plain");
    CompileOptions options = { .target = &target, .unroll = UNROLL_AUTO };
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    const char *text = description_of(arena, lines);
    Description *description = description_read_text(arena, diagnostics, "masked.lua", text, strlen(text), &(ReadOptions){ 0 });
    Compiled compiled = { 0 };
    Loaded loaded = { 0 };
    cr_assert(description, "the description cannot be read");
    use_cached_compiler("cc");
    setenv("CFLAGS", "-O1", 1);
    cr_assert(compile(arena, description, diagnostics, &options, &compiled) &&
              load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded), "the model cannot be compiled");
    Results clean = run(loaded.model, false), broken = run(loaded.model, true);
    cr_expect(isfinite(clean.loss) && clean.loss > 0);
    expect_same("y", lanes, broken.y, clean.y, ROWS * loaded.model->output_count);
    expect_same("single y", lanes, broken.single, clean.single, loaded.model->output_count);
    expect_same("loss", lanes, &broken.loss, &clean.loss, 1);
    expect_same("gradient", lanes, broken.gradients, clean.gradients, loaded.model->gradient_count);
    free(clean.y), free(clean.gradients), free(broken.y), free(broken.gradients);
    loaded_free(&loaded);
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
}

Test(mask, what_is_masked_reaches_neither_results_nor_gradients)
{
    static const int lanes[] = { 1, 4, 8 };
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
        compare("local y = Dense{2}(GRU{4}(LSTM{9, return_sequences = true}(Masked{}{x, m})))", lanes[l]);
        compare("local y = Dense{2}(SimpleRNN{8}(LSTMP{5, 3, return_sequences = true}(Masked{}{x, m})))", lanes[l]);
    }
}

/* ---- the loss ---- */

#define SEQUENCE "local y = Dense{3, activation = '%s'}(LSTM{5, return_sequences = true}(Masked{}{x, m}))"

Test(mask, the_loss_is_the_mean_over_what_counts)
{
    static const char *const losses[][2] = {
        { "linear", "'mse'" }, { "softmax", "'categorical_crossentropy'" }, { "softmax", "'sparse_categorical_crossentropy'" },
        { "sigmoid", "'binary_crossentropy'" }, { "tanh", "BinaryCrossentropy{from_logits = true}" },
        { "linear", "loss 'own' { call = function(a, y, p) local e = y - p  return sum(e * e * e * e) end }()" },
    };
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        expect_agreement(description_with(arena, arena_format(arena, SEQUENCE, losses[i][0]), losses[i][1], 1));
    arena_free(arena);
}

/* Two tapes, and the mean by hand over what the engine puts out. */
Test(mask, the_mean_is_that_of_the_whole_batch)
{
    float losses[2], gradients[2][512] = { { 0 } };
    for (int shards = 1; shards <= 2; shards++) {
        Arena *arena = arena_create();
        Diagnostics *diagnostics = diagnostics_create(arena);
        const char *text = description_with(arena, arena_format(arena, SEQUENCE, "linear"), "'mse'", shards);
        Description *description = description_read_text(arena, diagnostics, "masked.lua", text, strlen(text), &(ReadOptions){ 0 });
        CompileOptions options = { .target = target_find("plain"), .unroll = UNROLL_AUTO };
        Compiled compiled = { 0 };
        Loaded loaded = { 0 };
        use_cached_compiler("cc");
        setenv("CFLAGS", "-O1", 1);
        cr_assert(compile(arena, description, diagnostics, &options, &compiled) &&
                  load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded));
        const struct lstmc_model *model = loaded.model;
        cr_assert(model->shards == shards && model->sum_count == 2 && model->gradient_count < 512);
        struct { float x[STEPS][FEATURES], mask[STEPS]; } samples[ROWS];
        float output[ROWS][STEPS][3], target[ROWS][STEPS][3] = { { { 0 } } }, *weights = memory(model->weight_count * sizeof(float));
        for (int i = 0; i < ROWS * STEPS * FEATURES; i++) {
            samples[i / FEATURES / STEPS].x[i / FEATURES % STEPS][i % FEATURES] = cosf((float)i);
            samples[i / FEATURES / STEPS].mask[i / FEATURES % STEPS] = is_masked(i / FEATURES / STEPS, i / FEATURES % STEPS) ? 0 : 1;
        }
        for (size_t i = 0; i < model->weight_count; i++)
            weights[i] = 0.5f * cosf((float)i);
        struct lstmc_engine engine;
        cr_assert_eq(lstmc_engine_create(model, &engine), 0);
        engine.prepare(engine.context, weights);
        losses[shards - 1] = engine.train(engine.context, samples, target, NULL, ROWS, 0, 1.0f / (ROWS * STEPS), 1, gradients[shards - 1], &output[0][0][0]);
        double sum = 0;
        int steps = 0;
        for (int i = 0; i < ROWS * STEPS; i++)
            if (!is_masked(i / STEPS, i % STEPS)) {
                steps++;
                for (int k = 0; k < 3; k++)
                    sum += (double)output[i / STEPS][i % STEPS][k] * (double)output[i / STEPS][i % STEPS][k] / 3;
            }
        cr_expect_float_eq((double)losses[shards - 1], sum / steps, 1e-6, "%d shards: %g, not %g", shards, (double)losses[shards - 1], sum / steps);
        for (size_t i = 0; i < model->gradient_count; i++)
            cr_expect_float_eq((double)gradients[shards - 1][i], (double)gradients[0][i], 1e-6, "gradient %zu of %d shards", i, shards);
        lstmc_engine_free(&engine);
        free(weights);
        loaded_free(&loaded);
        compiled_free(&compiled);
        description_free(description);
        arena_free(arena);
    }
}

/* ---- mistakes ---- */

static void expect_refusal(const char *lines, const char *message)
{
    Arena *arena = arena_create();
    expect_not_compiled(description_of(arena, lines), message);
    arena_free(arena);
}

Test(mask, silence_is_refused)
{
    expect_refusal("local y = Flatten{}(Masked{}{x, m})", "Flatten: masked has a mask, and Flatten does not say what becomes of it");
    expect_refusal("local W = layer 'W' { arguments = {}, call = function(a, w, x) return x end, mask = 'pass' }\nlocal y = W{}(x)",
                   "mask needs over = \"sample\"");
    expect_refusal("local W = layer 'W' { arguments = {}, over = 'sample', call = function(a, w, x) return x end, mask = 'use' }\nlocal y = W{}(x)",
                   "mask must be \"pass\", \"merge\", \"end\" or a function(a, w, x), not \"use\"");
    expect_refusal("local W = layer 'W' { arguments = {}, over = 'sample', call = function(a, w, x) return x end,\n"
                   "  mask = function(a, w, x) return sum(x[{ 0, 0 }]) end }\nlocal y = LSTM{2}(W{}(x))", "wrong.lua:");
    expect_refusal("local W = layer 'W' { arguments = {}, over = 'sample', call = function(a, w, x) return x end,\n"
                   "  mask = function(a, w, x) return x end }\nlocal y = Concatenate{}{LSTM{2}(W{}(x)), m}", "mask must return a value of shape {6}");
    Arena *arena = arena_create();
    expect_not_compiled(description_with(arena, "local y = LSTM{3, return_sequences = true}(Masked{}{x, m})",
                                       "loss 'own' { over = 'sample', call = function(a, y, p) return y[{0, 0}] - p[{0, 0}] end }()", 1),
                      "LSTM: its output has a mask, and a loss over whole samples says what becomes of it, call = function(a, y, p, mask)");
    arena_free(arena);
}

/* ---- masks that are dropped ---- */

#define DROPPED(layers) "Input{6, 2}, Masking{0.5}, " layers ", loss = 'mse'"

Test(mask, a_mask_that_is_ignored)
{
    static const char *const models[] = {
        DROPPED("Conv1D{4, 2, ignore_mask = true}, LSTM{3}, Dense{1}"),
        DROPPED("LSTM{3, return_sequences = true}, Flatten{ignore_mask = true}, Dense{1}"),
        DROPPED("IgnoreMask(), GRU{3, return_sequences = true}, Dense{2}"),
        DROPPED("GRU{3, return_sequences = true, ignore_mask = true}, Dense{2}"),
        "local x = Input{6, 2}\nlocal m = Masking{0.5}(x)\nlocal a, b = LSTM{3}(m), GRU{3, ignore_mask = true}(m)\n"
        "return Model{ inputs = x, outputs = Dense{2}(Concatenate()(a, b)), loss = 'mse', batch_size = 3 }",
        NULL };
    expect_all(models);
}

/* The output of the description for one row, of so many numbers. */
static void predict_row(const char *text, const float *x, float *y)
{
    struct compiled_model c;
    compiled_model_create(&c, text, "-O1", true);
    float *weights = memory(c.model->weight_count * sizeof(float));
    for (size_t i = 0; i < c.model->weight_count; i++)
        weights[i] = 0.5f * cosf((float)i);
    void *packed = memory(c.model->packed_bytes), *scratch = memory(c.model->scratch_bytes);
    c.model->prepare(packed, weights);
    c.model->predict(packed, scratch, x, y);
    free(packed), free(scratch), free(weights);
    compiled_model_free(&c);
}

#define OF(layers) "return Sequential{ name = 'net', batch_size = 2, Input{6, 2}, " layers " }"

/* Ignored, a mask changes nothing but what Masking itself sets to zero; and by the rule of 3.16 the second loop sees none. */
Test(mask, what_ignoring_and_its_rule_mean)
{
    static const float x[12] = { 1, 2, 0.5f, 0.5f, 3, 4, 0.5f, 0.5f, -1, 2, 0.5f, 0.5f }, zeroed[12] = { 1, 2, 0, 0, 3, 4, 0, 0, -1, 2, 0, 0 };
    float ignored[1], plain[1], both[1], first[1], by_hand[1];
    predict_row(OF("Masking{0.5}, LSTM{3, ignore_mask = true}, Dense{1}"), x, ignored);
    predict_row(OF("LSTM{3}, Dense{1}"), zeroed, plain);
    cr_expect_float_eq((double)ignored[0], (double)plain[0], 1e-6);
    predict_row(OF("Masking{0.5}, LSTM{3, return_sequences = true}, GRU{3}, Dense{1}"), x, both);
    predict_row(OF("mask_semantics = 'keras-3.16', Masking{0.5}, LSTM{3, return_sequences = true}, GRU{3}, Dense{1}"), x, first);
    predict_row(OF("Masking{0.5}, LSTM{3, return_sequences = true}, GRU{3, ignore_mask = true}, Dense{1}"), x, by_hand);
    cr_expect_float_eq((double)first[0], (double)by_hand[0], 1e-6);
    cr_expect(fabs((double)first[0] - (double)both[0]) > 1e-4, "both rules give %g", (double)both[0]);
    expect_agreement(DROPPED("LSTM{3, return_sequences = true}, Bidirectional{GRU{3, return_sequences = true}}, Dense{1}, mask_semantics = 'keras-3.16'"));
}

Test(mask, what_cannot_be_ignored)
{
    static const char *const mistakes[][2] = {
        { "Masking{}, Conv1D{3, 2}, Dense{1}", "masking has a mask, and Conv1D does not say what becomes of it (ignore_mask = true: it reads the masked steps" },
        { "Masking{}, Bidirectional{LSTM{3, ignore_mask = true}}, Dense{1}", "Bidirectional: ignore_mask is said of the layer outside" },
        { "Masking{}, LSTM{3}, Dense{1}, mask_semantics = 'keras-2'", "\"mask_semantics\" must be" },
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char text[300];
        snprintf(text, sizeof text, "Input{6, 2}, %s", mistakes[i][0]);
        char *said = oracles_disagreement(text, &(Oracles){ .seed = 1 });
        cr_expect(said && strstr(said, mistakes[i][1]), "%s: %s", text, said ? said : "nothing");
        free(said);
    }
}
