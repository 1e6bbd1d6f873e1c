/* test_merge_masks.c: masks where several flows become one: a step of Keras's merges counts that counts in one of them; Concatenate along
 * time puts masks one behind the other; products and extremes look at what counts alone. Values as Keras 3.4 and later have them. */
#include "compiled_model.h"
#include "oracles.h"
#include "refusal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two sequences, of which each has a mask of its own: a step of zeros, of halves. */
#define TWO "local x = Input{6, 3}\nlocal h = Dense{3, activation = 'relu'}(x)\n" \
            "local a, b = Masking{0}(h), Masking{0.5}(LSTM{3, return_sequences = true}(Masking{0}(Dense{2, activation = 'relu'}(x))))\n"
#define ENDS(outputs) "\nreturn Model{ inputs = x, outputs = " outputs ", name = 'merged', loss = 'mse', batch_size = 4 }\n"

Test(merge_masks, every_merge)
{
    static const char *const models[] = {
        TWO "local y = Dense{2}(GRU{3}(Add{}{a, b}))" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Subtract{}{a, b})" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Average{}{a, b, a})" ENDS("y"),
        TWO "local y = LSTM{4, return_sequences = true}(Maximum{}{a, b})" ENDS("y"),
        TWO "local y = SimpleRNN{2, return_sequences = true}(Minimum{}{b, a, b})" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Multiply{}{a, b})" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Concatenate{}{a, b, a})" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Concatenate{axis = 1}{a, b})" ENDS("y"),
        NULL };
    expect_all(models);
}

/* Of one flow each is that, as in Keras, what does not count too. */
Test(merge_masks, of_one_flow)
{
    expect_all((const char *const[]){ "Input{4, 3, lengths = true}, Multiply{}, loss = 'mse'", "Input{4, 3, lengths = true}, Maximum{}, GRU{2}, loss = 'mse'",
                                      "Input{4, 3}, Masking{}, Multiply{}, Average{}, LSTM{2}, loss = 'mse'", NULL });
}

/* Where all steps of one input count, all do; in time what stands behind it still has its mask. */
Test(merge_masks, with_what_has_none)
{
    static const char *const models[] = {
        TWO "local y = Conv1D{2, 2}(Add{}{a, x})" ENDS("y"),
        TWO "local y = Conv1D{2, 2}(Maximum{}{x, a})" ENDS("y"),
        TWO "local y = Conv1D{2, 2}(Multiply{}{a, x, b})" ENDS("y"),
        TWO "local y = Flatten{}(Concatenate{}{x, b})" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Concatenate{axis = -2}{x, b, a})" ENDS("y"),
        TWO "local y = GRU{3, return_sequences = true}(Minimum{}{a})" ENDS("y"),
        /* a skip around a cell, with lengths; what has one step is there for all */
        "local x = Input{5, lengths = true}\nlocal e = Embedding{7, 4, mask_zero = true}(x)\n"
        "local s = Add{}{e, LSTM{4, return_sequences = true}(e)}\n"
        "local y = GRU{3}(Multiply{}{s, Bidirectional{GRU{2, return_sequences = true}}(s)})" ENDS("y"),
        "local x = Input{5, 3, lengths = true}\nlocal w = Reshape{1, 3, ignore_mask = true}(GRU{3}(x))\n"
        "local y = GRU{3}(Maximum{}{x, Masking{}(Dense{3, activation = 'relu'}(w))})" ENDS("y"),
        NULL };
    expect_all(models);
}

/* ---- values ---- */

enum { STEPS = 4 };
/* a counts in the first two steps, b in the first and the third, neither in the last. */
static const float of_a[STEPS] = { 2, 3, 0, 0 }, of_b[STEPS] = { -1, 0.5f, 4, 0.5f };

static void expect_output(const char *merge, const float *expected, int count)
{
    Arena *arena = arena_create();
    struct compiled_model c;
    char *text = arena_format(arena, "local a, b = Input{%d, 1, name = 'a'}, Input{%d, 1, name = 'b'}\n"
                                     "local m, n = Masking{0}(a), Rescaling{1}(Masking{0.5}(b))\n"
                                     "local y = %s\nreturn Model{ inputs = {a, b}, outputs = y, name = 'merged', batch_size = 1 }\n",
                              STEPS, STEPS, merge);
    compiled_model_create(&c, text, "-O1", true);
    struct { float a[STEPS], b[STEPS]; } x;
    memcpy(x.a, of_a, sizeof of_a);
    memcpy(x.b, of_b, sizeof of_b);
    float y[16], weights[16] = { 0 };
    cr_assert(c.model->output_count == (size_t)count && c.model->weight_count <= 16);
    for (size_t i = 0; i < c.model->weight_count; i++)
        weights[i] = 1;
    void *packed = aligned_alloc(64, c.model->packed_bytes / 64 * 64 + 64), *scratch = aligned_alloc(64, c.model->scratch_bytes / 64 * 64 + 64);
    c.model->prepare(packed, weights);
    c.model->predict(packed, scratch, &x, y);
    for (int i = 0; i < count; i++)
        cr_expect_float_eq((double)y[i], (double)expected[i], 1e-6, "%s: number %d is %g, not %g", merge, i, (double)y[i], (double)expected[i]);
    free(packed), free(scratch);
    compiled_model_free(&c);
    arena_free(arena);
}

/* Masking leaves zeros in steps that do not count. */
Test(merge_masks, values_of_merges)
{
    expect_output("Add{}{m, n}", (float[]){ 1, 3, 4, 0 }, STEPS);
    expect_output("Maximum{}{m, n}", (float[]){ 2, 3, 4, 0 }, STEPS);
    expect_output("Maximum{}{Rescaling{-1}(m), n}", (float[]){ -1, -3, 4, 0 }, STEPS);
    expect_output("Minimum{}{m, n}", (float[]){ -1, 3, 4, 0 }, STEPS);
    expect_output("Minimum{}{a, n}", (float[]){ -1, 3, 0, 0 }, STEPS);
    expect_output("Multiply{}{m, n}", (float[]){ -2, 3, 4, 0 }, STEPS);
    expect_output("Multiply{}{a, n}", (float[]){ -2, 3, 0, 0 }, STEPS);
    expect_output("Multiply{}{Rescaling{1, 5}(m), Rescaling{1, 5}(n)}", (float[]){ 28, 8, 9, 0 }, STEPS);
}

/* The mean of the steps that count; of ones, of what is masked too, a sum that says which these are. */
Test(merge_masks, steps_that_count)
{
    expect_output("GlobalAveragePooling1D{}(Add{}{m, n})", (float[]){ 8.0f / 3 }, 1);
    expect_output("GlobalAveragePooling1D{}(Add{}{m, b})", (float[]){ 9.0f / 4 }, 1);
    expect_output("GlobalAveragePooling1D{}(Concatenate{}{m, n})", (float[]){ 5.0f / 3, 1 }, 2);
    expect_output("GlobalAveragePooling1D{}(Concatenate{axis = 1}{m, n})", (float[]){ 8.0f / 4 }, 1);
    expect_output("GlobalAveragePooling1D{}(Concatenate{axis = 1}{m, b})", (float[]){ 9.0f / 6 }, 1);
    expect_output("GlobalAveragePooling1D{}(Multiply{}{m, n})", (float[]){ 5.0f / 3 }, 1);
}

/* ---- layers of a description ---- */

#define CROSS(mask) \
    "local Cross = layer 'Cross' { over = 'sample', input = 'several', mask = " mask ",\n" \
    "  shape = function(a, x) return x[1].shape end,\n" \
    "  call = function(a, w, x, masks)\n" \
    "    local t, s, k = axes 't s k'\n" \
    "    local y = tensor{ x[1].timesteps, x[1].features }\n" \
    "    local seen = masks and masks[2] and keep(masks[2], x[2]) or x[2]\n" \
    "    y[{ t, k }] = x[1][{ t, k }] + seen[{ s, k }] * 0.3\n" \
    "    return y end }\n"
/* Masks of both, of the first alone, of the second alone. */
Test(merge_masks, layers_of_a_description_see_all_masks)
{
    static const char *const models[] = {
        CROSS("'pass'") TWO "local y = GRU{3, return_sequences = true}(Cross{}{a, b})" ENDS("y"),
        CROSS("'pass'") TWO "local y = Conv1D{2, 2}(Cross{}{x, b})" ENDS("y"),
        CROSS("'pass'") TWO "local y = GRU{3, return_sequences = true}(Cross{}{a, x})" ENDS("y"),
        CROSS("'end'") TWO "local y = Conv1D{2, 2}(Cross{}{a, b})" ENDS("y"),
        CROSS("'merge'") TWO "local y = GRU{3, return_sequences = true}(Cross{}{a, b})" ENDS("y"),
        CROSS("function(a, w, x, masks) return 1 - masks[2] end") TWO "local y = GRU{3, return_sequences = true}(Cross{}{a, b})" ENDS("y"),
        /* other lengths, and a merge inside of another layer */
        CROSS("'pass'") TWO "local y = GRU{3, return_sequences = true}(Cross{}{a, Concatenate{axis = 1}{b, a}})" ENDS("y"),
        "local Gate = layer 'Gate' { over = 'sample', input = 'sequence', mask = 'pass',\n"
        "  layers = function(a, x) return { add = Add{}, max = Maximum{}, cell = GRU{ x.features, return_sequences = true } } end,\n"
        "  call = function(a, w, x, mask)\n"
        "    local h, after = w.cell(x, mask)\n"
        "    local s, both = w.add({ x, h }, { mask, after })\n"
        "    local m, none = w.max({ s, x }, { both })\n"
        "    assert(not mask or both and not none)\n"
        "    local y = s + m\n"
        "    return y end }\n" TWO "local y = GRU{3, return_sequences = true}(Gate{}(b))" ENDS("y"),
        NULL };
    expect_all(models);
}

static void expect_refusal(const char *text, const char *message)
{
    expect_not_compiled(text, message);
}

Test(merge_masks, mistakes)
{
    expect_refusal(CROSS("nil") TWO "local y = GRU{3}(Cross{}{x, b})" ENDS("y"), "has a mask, and Cross does not say what becomes of it (mask = \"pass\"");
    expect_refusal(CROSS("'merge'") TWO "local y = GRU{3}(Cross{}{a, Concatenate{axis = 1}{b, a}})" ENDS("y"), "Cross: masks of 6 and 12 steps do not merge");
    expect_refusal("local W = layer 'W' { over = 'sample', input = 'sequence', call = function(a, w, x) return x end, mask = 'merge' }\n" TWO
                   "local y = W{}(x)" ENDS("y"), "mask = \"merge\" needs input = \"several\"");
    expect_refusal(TWO "local y = Flatten{}(Add{}{a, b})" ENDS("y"), "Flatten: add has a mask");
}
