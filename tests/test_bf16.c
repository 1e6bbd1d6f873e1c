/* test_bf16.c: --weights-dtype=bf16: the words themselves, what models read of them, prediction beside the interpreter's, and training, which
 * knows nothing of them. */
#include "command.h"
#include "oracles.h"
#include "toolchain.h"

#include "../compiler/comparison.h"
#include "../compiler/load.h"
#include "../runtime/lstmc.h"
#include "../runtime/lstmc_bf16.h"
#include "../runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HALF_STEP 0x1p-8            /* of 8 bits, relative */

/* ---- words ---- */

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float upper_of(float x, uint32_t lower)
{
    uint32_t word = lower;
    bf16_put(&word, 1, x);
    cr_assert_eq(word & 0xffffu, lower, "%a beside %#x: the lower half became %#x", (double)x, lower, word & 0xffffu);
    return float_of(word);
}

static float lower_of(float x)
{
    uint32_t word = 0xffffffffu;
    bf16_put(&word, 0, x);
    return float_of(word << 16);
}

/* Every pattern of sign, exponent and upper bits, two others below, beside all kinds of lower halves. */
Test(bf16, the_nearest_number_that_a_word_can_hold)
{
    static const uint32_t lowers[] = { 0, 1, 0x7fff, 0x8000, 0x3f80, 0xc149, 0xffff };
    for (uint32_t high = 0; high < 0x10000u; high++)
        for (int draw = 0; draw < 8; draw++) {
            float x = float_of(high << 16 | (draw < 2 ? draw * 0x8000u : (uint32_t)lstmc_random_bits(1, high, (uint64_t)draw, 0) & 0xffffu));
            float low = lower_of(x), largest = fabsf(x) > 0x1p-100f ? fabsf(x) : 0x1p-100f;
            if (isnan(x)) {
                cr_assert(isnan(low) && isnan(upper_of(x, lowers[draw % 7])), "%#x is no longer a NaN", high);
                continue;
            }
            cr_assert(low == x || (isfinite(low) && fabsf(low - x) <= (float)HALF_STEP * fmaxf(fabsf(x), FLT_MIN)), "%a below: %a", (double)x, (double)low);
            for (size_t l = 0; l < sizeof lowers / sizeof *lowers && isfinite(x); l++) {
                float up = upper_of(x, lowers[l]);
                bool near = fabsf(up - x) <= (float)HALF_STEP * largest || (fabsf(x) < 0x1p-99f && fabsf(up) < 0x1p-98f);
                cr_assert(isfinite(up) && near, "%a above %#x: %a", (double)x, lowers[l], (double)up);
                cr_assert(!lowers[l] || fabsf(up) >= 0x1p-100f, "%a above %#x: %a, which is slow to multiply with", (double)x, lowers[l], (double)up);
            }
        }
}

Test(bf16, infinities_and_numbers_of_eight_bits_are_kept)
{
    static const float numbers[] = { 0, -0.0f, 1, -1, 1.5f, 0.0078125f, -254, 0x1p-120f, INFINITY, -INFINITY };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        float low = lower_of(numbers[i]), up = upper_of(numbers[i], 0);
        cr_expect(!memcmp(&low, &numbers[i], 4) && !memcmp(&up, &numbers[i], 4), "%a: %a below, %a above", (double)numbers[i], (double)low, (double)up);
    }
    cr_expect(isnan(upper_of(INFINITY, 1)));
}

/* ---- what a model reads ---- */

typedef struct Build {
    Arena *arena;
    Diagnostics *diagnostics;
    Description *description;
    Compiled compiled;
    Loaded loaded;
} Build;

static void build(Build *b, const char *text, const CompileOptions *options, const char *compiler, const char *flags)
{
    *b = (Build){ .arena = arena_create() };
    b->diagnostics = diagnostics_create(b->arena);
    setenv("CC", compiler, 1);
    setenv("CFLAGS", flags, 1);
    b->description = oracle_read(b->arena, text);
    cr_assert(compile(b->arena, b->description, b->diagnostics, options, &b->compiled));
    cr_assert(load(b->arena, b->diagnostics, &b->compiled, LOAD_TO_CHECK, &b->loaded), "%s %s", compiler, flags);
}

static void release(Build *b)
{
    loaded_free(&b->loaded);
    compiled_free(&b->compiled);
    description_free(b->description);
    arena_free(b->arena);
}

static const struct Way { int lanes; const char *compiler, *flags; } ways[] = {
    { 4, "gcc", "-O1" }, { 8, "clang", "-O1 -mavx2 -mfma" }, { 8, "gcc", "-O1 -DLSTMC_NO_VECTORS" }, { 16, "gcc", "-O1 -march=native" },
    { 16, "clang", "-O1" },
};

enum { WAYS = sizeof ways / sizeof *ways, INPUTS = 13, UNITS = 21, STEPS = 2 };

static CompileOptions options_of(const struct Way *way, bool bf16)
{
    return (CompileOptions){ .target = target_with_lanes(target_find("vector"), way->lanes), .bf16 = bf16 };
}

/* y of prediction, or of the last step. */
static void answer(const struct lstmc_model *m, const float *weights, const float *x, bool stepping, float *y)
{
    void *packed = lstmc_alloc(m->packed_bytes), *memory = lstmc_alloc(stepping ? m->state_bytes : m->scratch_bytes);
    m->prepare(packed, weights);
    if (stepping)
        m->reset(packed, memory);
    for (int t = 0; stepping && t < m->input_shape[0]; t++)
        m->step(packed, memory, x + (size_t)t * m->input_count / (size_t)m->input_shape[0], y);
    if (!stepping)
        m->predict(packed, memory, x, y);
    lstmc_free(packed);
    lstmc_free(memory);
}

/* Each weight as the model reads it, found with an input that is 1 in one place; then any input gives the sum of these, to the last digits of
 * float: halves, gates and turns are where they belong. `first`: the offset of the matrix; x starts at `at`. */
static void expect_weights(const struct lstmc_model *m, float *weights, size_t first, int inputs, int units, int at, bool stepping, const char *what)
{
    float x[STEPS * INPUTS + UNITS] = { 0 }, y[UNITS], read[UNITS * UNITS];
    int rounded = 0;
    for (int k = 0; k < inputs; k++) {
        x[at + k] = 1;
        answer(m, weights, x, stepping, read + k * units);
        x[at + k] = 0;
        for (int n = 0; n < units; n++) {
            double weight = (double)weights[first + (size_t)(k * units + n)], found = (double)read[k * units + n];
            cr_expect(fabs(found - weight) <= HALF_STEP * fabs(weight), "%s: weight %d,%d is read as %a, not %a", what, k, n, found, weight);
            rounded += found != weight;
        }
    }
    cr_expect(rounded > inputs * units * 9 / 10, "%s: only %d of %d weights have lost digits", what, rounded, inputs * units);
    double sum[UNITS] = { 0 };
    for (int k = 0; k < inputs; k++) {
        x[at + k] = 0.5f + (float)(k % 5);
        for (int n = 0; n < units; n++)
            sum[n] += (double)x[at + k] * (double)read[k * units + n];
    }
    answer(m, weights, x, stepping, y);
    for (int n = 0; n < units; n++)
        cr_expect(fabs((double)y[n] - sum[n]) <= 1e-5, "%s: output %d is %.9g, not %.9g", what, n, (double)y[n], sum[n]);
}

static float *draw_weights(const struct lstmc_model *m)
{
    float *weights = lstmc_alloc(m->weight_count * sizeof *weights);
    for (size_t i = 0; i < m->weight_count; i++)
        weights[i] = 2 * lstmc_random_uniform(5, 0, 0, i) - 1;
    return weights;
}

/* Whatever fills the words: outputs of one row in pairs of turns. Of a last odd turn too. */
Test(bf16, a_dense_layer_reads_each_weight_to_eight_bits)
{
    for (int i = 0; i < WAYS; i++) {
        Build b;
        CompileOptions options = options_of(&ways[i], true);
        build(&b, "Input{13}, Dense{21, use_bias = false}, loss = 'mse'", &options, ways[i].compiler, ways[i].flags);
        float *weights = draw_weights(b.loaded.model);
        expect_weights(b.loaded.model, weights, 0, INPUTS, UNITS, 0, false, ways[i].flags);
        lstmc_free(weights);
        release(&b);
    }
}

/* The state passes the first input on (a kernel of 1 and 0 loses nothing), and the second step shows the recurrent kernel. */
Test(bf16, a_recurrent_layer_reads_each_weight_to_eight_bits)
{
    for (int i = 0; i < WAYS; i++)
        for (int stepping = 0; stepping < 2; stepping++) {
            Build b;
            CompileOptions options = options_of(&ways[i], true);
            build(&b, "Input{2, 13}, SimpleRNN{13, use_bias = false, activation = 'linear'}, loss = 'mse'", &options, ways[i].compiler, ways[i].flags);
            float *weights = draw_weights(b.loaded.model);
            for (int k = 0; k < INPUTS * INPUTS; k++)
                weights[k] = k / INPUTS == k % INPUTS;
            expect_weights(b.loaded.model, weights, INPUTS * INPUTS, INPUTS, INPUTS, 0, stepping, ways[i].flags);
            lstmc_free(weights);
            release(&b);
        }
}

/* ---- models ---- */

static const char *const models[] = {
    "Input{6, 5}, LSTM{20, return_sequences = true}, GRU{11}, Dense{7, activation = 'tanh'}, loss = 'mse'",
    "Input{5}, Embedding{9, 3}, LSTM{9}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'",
    "Input{4, 3}, SimpleRNN{17, return_sequences = true}, GRU{8, reset_after = false, return_sequences = true}, Dense{5, activation = 'softmax'}, "
    "loss = 'categorical_crossentropy'",
    "local Mgu = recurrent 'Mgu' { arguments = { {'units', 'size'} }, state = { 'h' },\n"
    "  weights = function(a, x) return { kernel = weight({ x.features, 2 * a.units }, 'glorot_uniform'),\n"
    "    recurrent_kernel = weight({ a.units, 2 * a.units }, 'orthogonal'), bias = weight({ 2 * a.units }, 'zeros') } end,\n"
    "  step = function(a, w, x, s) local i, j = gates(affine(x, w.kernel, w.bias), 2)  local r, q = gates(w.recurrent_kernel, 2)\n"
    "    local f = sigmoid(i + affine(s.h, r))  local c = tanh(j + affine(f * s.h, q))  return { h = (1 - f) * s.h + f * c } end }\n"
    "return Sequential{ name = 'mgu', Input{5, 4}, Mgu{13}, Dense{3}, loss = 'mse', batch_size = 4, shards = 1 }",
};

static double worst_of_prediction(const Comparison *comparison, const char *what)
{
    double worst = 0;
    for (int i = 0; i < comparison->count; i++) {
        const Deviation *d = &comparison->list[i];
        cr_expect(d->value <= d->tolerance, "%s: %s deviates by %g > %g", what, d->name, d->value, d->tolerance);
        if (!strncmp(d->name, "predict", 7))
            worst = fmax(worst, d->value);
    }
    return worst;
}

/* Prediction is off by what eight bits cost, neither less nor much more; states, loss and gradients are as exact as ever. */
Test(bf16, models_predict_nearly_what_the_interpreter_does)
{
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (int i = 0; i < WAYS; i++) {
            Build b;
            CompileOptions options = options_of(&ways[i], true);
            Comparison comparison = { .lanes = ways[i].lanes, .bf16 = true };
            build(&b, models[m], &options, ways[i].compiler, ways[i].flags);
            const char *why = compare_generated(b.arena, b.description, b.loaded.model, 4, 3, &comparison);
            cr_assert(!why && comparison.count >= 8, "%s", why ? why : "too little was compared");
            double worst = worst_of_prediction(&comparison, ways[i].flags);
            cr_expect(worst > 3e-6, "model %zu, %s, %d lanes: prediction is off by %g: no bf16 at work?", m, ways[i].flags, ways[i].lanes, worst);
            release(&b);
        }
}

/* The same text but for what prediction reads. */
Test(bf16, training_and_what_has_no_sums_stay_as_they_are)
{
    Build b[2];
    for (int bf16 = 0; bf16 < 2; bf16++) {
        CompileOptions options = options_of(&ways[0], bf16);
        build(&b[bf16], models[0], &options, "gcc", "-O0");
    }
    const char *training[] = { strstr(b[0].compiled.source.text, "_prepare_training("), strstr(b[1].compiled.source.text, "_prepare_training(") };
    cr_assert(training[0] && training[1]);
    size_t length = (size_t)(strstr(training[0], "const struct lstmc_model ") - training[0]);
    cr_expect(length > 10000 && !strncmp(training[0], training[1], length), "training is another one with bf16");
    cr_expect(b[1].loaded.model->packed_bytes < b[0].loaded.model->packed_bytes * 6 / 10, "%zu bytes of packed weights, %zu as floats",
              b[1].loaded.model->packed_bytes, b[0].loaded.model->packed_bytes);
    release(&b[0]);
    release(&b[1]);
}

/* ---- the files, the command ---- */

Test(bf16, compiles_without_a_warning)
{
    for (int lanes = 4; lanes <= 16; lanes *= 2) {
        struct workshop shop;
        CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes), .bf16 = true, .dispatch = lanes == 8 };
        workshop_open(&shop);
        workshop_model(&shop, "net", models[lanes == 4 ? 1 : 0], &options);
        workshop_run(&shop, "for flags in '-std=c11 -O2' '-std=gnu11 -Os -march=native' '-std=c11 -O1 -DLSTMC_NO_VECTORS'; do "
                            "for c in gcc clang; do $c $flags " GENERATED_WARNINGS_AS_ERRORS " -c net.c || { echo $c $flags; exit 1; }; done; done; "
                            "g++ -std=c++17 -x c++ -fsyntax-only " GENERATED_WARNINGS_AS_ERRORS " net.h");
        workshop_close(&shop);
    }
}

static void expect(const char *folder, const char *line, int status, const char *output, const char *errors)
{
    Ran ran = command_run(folder, 120, line);
    cr_expect(ran.status == status, "%s\n  exit status %d instead of %d\n%s%s", line, ran.status, status, ran.output, ran.errors);
    cr_expect(output ? strstr(ran.output, output) != NULL : !*ran.output, "%s\n  standard output: \"%.400s\"", line, ran.output);
    cr_expect(errors ? strstr(ran.errors, errors) != NULL : !*ran.errors, "%s\n  standard error: \"%.400s\"", line, ran.errors);
    ran_free(&ran);
}

Test(bf16, command)
{
    static const char text[] = "return Sequential{ name = 'net', Input{5, 3}, LSTM{10}, Dense{2}, loss = 'mse', batch_size = 4, shards = 1 }\n";
    char *folder = command_folder();
    command_write(folder, "net.lua", text, (long)strlen(text));
    expect(folder, "$L net.lua --weights-dtype=fp16", 2, NULL, "--weights-dtype takes float32 or bf16, not \"fp16\"");
    expect(folder, "$L net.lua --weights-dtype=bf16 --target=plain", 2, NULL, "--weights-dtype=bf16 goes with --target=vector");
    expect(folder, "$L train net.lua --weights-dtype=bf16", 2, NULL, "--weights-dtype does not go with train");
    expect(folder, "mkdir a b; $L net.lua --quiet -o a >list && $L net.lua --quiet -o b --weights-dtype=float32 >list && cmp a/net.c b/net.c && cmp a/net.h b/net.h", 0, NULL, NULL);
    expect(folder, "$L net.lua --quiet -o a --weights-dtype=bf16 >list && $L net.lua --quiet -o b --weights-dtype=bf16 && cmp a/net.c b/net.c && "
                   "grep -c 'uint32_t recurrent_kernel' a/net.h", 0, "1\n", NULL);
    expect(folder, "CFLAGS=-O1 $L check net.lua --weights-dtype=bf16", 0, "weights as bf16: tolerance 0.03", NULL);
    expect(folder, "CFLAGS=-O1 $L check net.lua", 0, "all within tolerance", NULL);
    expect(folder, "CFLAGS=-O1 $L check net.lua --weights-dtype=bf16 --dispatch --lanes=16 --quiet", 0, "all within tolerance", NULL);
    command_folder_remove(folder);
}
