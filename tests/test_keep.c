/* test_keep.c: keep(mask, v): v where the mask is not 0, else 0, and no product. What is masked may be a NaN or infinite: results and gradients
 * are what they are with zeros there, in plain loops and over vectors; and what keeps is computed over vectors. */
#include "compiled_model.h"
#include "oracles.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A step whose first feature is no number above -10 is masked: the cell keeps its state, and gives zeros. */
static const char definitions[] =
    "local Kept = layer 'Kept' {\n"
    "  arguments = {},\n"
    "  call = function(a, w, x)\n"
    "    local m = tensor{}\n"
    "    m[{}] = greater(x[{ 0 }], -10)\n"
    "    local y = keep(m, x)\n"
    "    return y\n"
    "  end }\n"
    "local Patient = recurrent 'Patient' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  state = { 'h', 'y' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent_kernel = weight{ a.units, a.units },\n"
    "                                    gain = weight{ x.features } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local m = tensor{}\n"
    "    m[{}] = greater(x[{ 0 }], -10)\n"
    "    local clean = keep(m, w.gain * x)\n"
    "    local next = tanh(affine(clean, w.kernel) + affine(s.h, w.recurrent_kernel))\n"
    "    local h = keep(m, next) + keep(1 - m, s.h)\n"
    "    local y = keep(m, next)\n"
    "    return { h = h, y = y }\n"
    "  end }\n";

#define INSIDE "Input{5, 9}, Patient{8, return_sequences = true}, Kept{}, Patient{16, return_sequences = true}, Dense{2}"

enum { ROWS = 4, STEPS = 5, FEATURES = 9, OUTPUTS = 2, BATCH_X = ROWS * STEPS * FEATURES, BATCH_Y = ROWS * STEPS * OUTPUTS };

static const char *description_of(Arena *arena)
{
    return arena_format(arena, "%s%s", definitions, oracle_description(arena, INSIDE ", loss = 'mse'"));
}

Test(keep, agrees_with_finite_differences_evaluator_and_generated_code)
{
    Arena *arena = arena_create();
    expect_agreement(description_of(arena));
    expect_agreement(arena_format(arena, "%s%s", definitions, oracle_description(arena, "Input{3, 5}, Kept{}, LSTM{8}, Kept{}, Dense{2}, loss = 'mse'")));
    arena_free(arena);
}

static bool is_masked(int row, int step)
{
    return (row + step) % 3 == 1;
}

static float x_of(int row, int step, int feature, bool broken)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    if (is_masked(row, step))
        return feature == 0 && !broken ? -20 : broken ? bad[feature % 3] : 0;
    return sinf((float)(feature + FEATURES * (step + STEPS * row)));
}

typedef struct Results {
    float y[BATCH_Y], single[STEPS * OUTPUTS], loss, *gradients;
} Results;

static void *memory(size_t bytes)
{
    void *block = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    cr_assert_not_null(block);
    return memset(block, 0xff, bytes);
}

static Results run(const struct lstmc_model *model, bool broken)
{
    float x[BATCH_X], target[BATCH_Y], *weights = memory(model->weight_count * sizeof(float));
    for (int i = 0; i < BATCH_X; i++)
        x[i] = x_of(i / FEATURES / STEPS, i / FEATURES % STEPS, i % FEATURES, broken);
    for (int i = 0; i < BATCH_Y; i++)
        target[i] = 0.5f;
    for (size_t i = 0; i < model->weight_count; i++)
        weights[i] = 0.5f * cosf((float)i);
    Results r = { .gradients = memory(model->gradient_count * sizeof(float)) };
    void *training = memory(model->training_bytes), *tape = memory(model->tape_bytes);
    memset(r.gradients, 0, model->gradient_count * sizeof(float));
    model->prepare_training(training, weights);
    model->reset_tape(training, tape);
    memset((char *)tape + model->first_row_offset, 0, sizeof(int));
    model->forward(training, tape, x, ROWS, 0);
    memcpy(r.y, (char *)tape + model->output_offset, sizeof r.y);
    r.loss = model->loss_function(tape, target, NULL, 1);
    model->backward(training, tape, r.gradients);
    void *packed = memory(model->packed_bytes), *scratch = memory(model->scratch_bytes);
    model->prepare(packed, weights);
    model->predict(packed, scratch, x, r.single);
    free(training), free(tape), free(packed), free(scratch), free(weights);
    return r;
}

static void expect_same(const char *what, int lanes, const float *got, const float *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(got[i] == expected[i], "%d lanes: %s %zu is %g, and %g with zeros in what is masked", lanes, what, i, (double)got[i],
                  (double)expected[i]);
}

/* A model of the same layers for so many lanes. */
static void create(struct compiled_model *c, int lanes)
{
    Target target = lanes > 1 ? *target_with_lanes(target_find("vector"), lanes) : *target_find("plain");
    CompileOptions options = { .target = &target, .unroll = UNROLL_AUTO };
    memset(c, 0, sizeof *c);
    c->arena = arena_create();
    c->diagnostics = diagnostics_create(c->arena);
    const char *text = description_of(c->arena);
    c->description = description_read_text(c->arena, c->diagnostics, "keep.lua", text, strlen(text), &(ReadOptions){ 0 });
    cr_assert(c->description, "the description cannot be read");
    use_cached_compiler("cc");
    setenv("CFLAGS", "-O1", 1);
    cr_assert(compile(c->arena, c->description, c->diagnostics, &options, &c->compiled) &&
              load(c->arena, c->diagnostics, &c->compiled, LOAD_TO_CHECK, &c->loaded), "the model cannot be compiled");
    c->model = c->loaded.model;
}

Test(keep, what_is_masked_reaches_neither_results_nor_gradients)
{
    static const int lanes[] = { 1, 4, 8 };
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
        struct compiled_model c;
        create(&c, lanes[l]);
        Results clean = run(c.model, false), broken = run(c.model, true);
        cr_expect(isfinite(clean.loss) && clean.loss > 0);
        expect_same("y", lanes[l], broken.y, clean.y, BATCH_Y);
        expect_same("single y", lanes[l], broken.single, clean.single, STEPS * OUTPUTS);
        expect_same("loss", lanes[l], &broken.loss, &clean.loss, 1);
        expect_same("gradient", lanes[l], broken.gradients, clean.gradients, c.model->gradient_count);
        free(clean.gradients), free(broken.gradients);
        compiled_model_free(&c);
    }
}

static bool keeps(const Expr *expr)
{
    bool found = expr->op == OP_KEEP;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        found |= keeps(expr->argument[i]);
    return found;
}

Test(keep, is_computed_over_vectors)
{
    struct compiled_model c;
    create(&c, 8);
    const Ir *const programs[] = { c.compiled.programs.training, c.compiled.programs.batch, c.compiled.programs.single, c.compiled.programs.step };
    int found = 0;
    for (int p = 0; p < 4; p++)
        for (int i = 0; programs[p] && i < programs[p]->statement_count; i++) {
            const Statement *statement = programs[p]->statements[i];
            if (!keeps(statement->value))
                continue;
            found++;
            cr_expect_not_null(statement->tile, "program %d: in scalar loops: %s", p, statement_text(c.arena, statement));
        }
    cr_expect(found >= 20, "%d statements that keep", found);
    compiled_model_free(&c);
}
