/* test_finite.c: which number of a generated model stopped being one first: vectors are filled up with what nobody asked for, and that is not it. */
#include "oracles.h"

#include "compiler/session/load.h"
#include "runtime/train/finite.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The logarithm of nothing, where no unit is. */
static const char text[] =
    "local Logarithm = layer 'Logarithm' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  shape = function(a, x) return { a.units } end,\n"
    "  weights = function(a, x) return { kernel = weight({ x.features, a.units }), bias = weight{ a.units } } end,\n"
    "  call = function(a, w, x)\n"
    "    local magnitude = abs(affine(x, w.kernel, w.bias))\n"
    "    local y = log(magnitude)\n"
    "    return y\n"
    "  end }\n"
    "return Sequential{ name = 'pads', batch_size = 4, shards = 1, Input{3, 2}, Logarithm{5}, LSTM{3, activation = 'softsign'}, Dense{2}, loss = 'mse' }";

enum { ROWS = 4 };

typedef struct Subject {
    Arena *arena;
    Description *description;
    Compiled compiled;
    Loaded loaded;
    struct lstmc_engine engine;
    float weights[512], gradients[512], x[ROWS * 6], y[ROWS * 2], output[ROWS * 2];
} Subject;

static void subject_create(Subject *s, int lanes)
{
    memset(s, 0, sizeof *s);
    s->arena = arena_create();
    s->description = oracle_read(s->arena, text);
    Diagnostics *diagnostics = diagnostics_create(s->arena);
    const Target *target = lanes > 1 ? target_with_lanes(target_find("vector"), lanes) : target_find("plain");
    setenv("CFLAGS", "-O0", 1);
    cr_assert(compile(s->arena, s->description, diagnostics, &(CompileOptions){ .target = target }, &s->compiled) &&
              load(s->arena, diagnostics, &s->compiled, LOAD_TO_CHECK, &s->loaded));
    const struct lstmc_model *model = s->loaded.model;
    cr_assert(model->weight_count <= 512 && model->input_count == 6 && model->output_count == 2);
    for (size_t i = 0; i < model->weight_count; i++)
        s->weights[i] = 0.5f + lstmc_random_uniform(3, 1, 0, i);
    for (size_t i = 0; i < sizeof s->x / sizeof *s->x; i++)
        s->x[i] = 0.5f + lstmc_random_uniform(3, 2, 0, i);
    cr_assert_eq(lstmc_engine_create(model, &s->engine), 0);
}

static void subject_free(Subject *s)
{
    lstmc_engine_free(&s->engine);
    loaded_free(&s->loaded);
    compiled_free(&s->compiled);
    description_free(s->description);
    arena_free(s->arena);
}

static struct lstmc_message find_after_training(Subject *s)
{
    const struct lstmc_batch batch = { .weights = s->weights, .x = s->x, .y = s->y, .rows = ROWS, .output = s->output, .gradients = s->gradients };
    memset(s->gradients, 0, sizeof s->gradients);
    s->engine.prepare(s->engine.context, s->weights);
    s->engine.train(s->engine.context, s->x, s->y, NULL, ROWS, 0, 1, 0, s->gradients, s->output);
    return lstmc_find_not_finite(&s->engine, &batch);
}

static const struct lstmc_tensor *tape_tensor(const struct lstmc_model *model, const char *name)
{
    for (int i = 0; i < model->tape_tensor_count; i++)
        if (!strcmp(model->tape_tensors[i].name, name))
            return &model->tape_tensors[i];
    cr_assert(0, "the tape has no %s", name);
    return NULL;
}

/* Whether a number that means nothing is none. */
static int pads_are_infinite(const struct lstmc_tensor *tensor, const float *values)
{
    int width = tensor->shape[tensor->rank - 1], found = 0;
    for (size_t i = 0; i < tensor->count; i++)
        found |= (int)(i % (size_t)width) >= width - tensor->padding && !isfinite(values[i]);
    return found;
}

static void expect_no_pad_is_named(int lanes)
{
    Subject s;
    subject_create(&s, lanes);
    const struct lstmc_tensor *y = tape_tensor(s.loaded.model, "logarithm.y"), *h = tape_tensor(s.loaded.model, "lstm.h");
    cr_expect_eq(y->shape[y->rank - 1] - y->padding, 5, "%d lanes: %d of %d floats are padding", lanes, y->padding, y->shape[y->rank - 1]);
    cr_expect_eq(h->shape[h->rank - 1] - h->padding, 3, "%d lanes: %d of %d floats are padding", lanes, h->padding, h->shape[h->rank - 1]);
    struct lstmc_message where = find_after_training(&s);
    cr_expect_str_empty(where.text, "%d lanes: all is finite, but %s", lanes, where.text);
    const float *tape = s.engine.tape(s.engine.context, 0);
    cr_expect(lanes == 1 || pads_are_infinite(y, tape + y->offset), "%d lanes: nothing fills up the rows", lanes);
    s.weights[0] = 3e38f;
    for (size_t i = 0; i < sizeof s.x / sizeof *s.x; i++)
        s.x[i] *= 10;
    where = find_after_training(&s);
    cr_expect(strstr(where.text, "logarithm.") && strstr(where.text, "] is inf"), "%d lanes: \"%s\"", lanes, where.text);
    subject_free(&s);
}

Test(finite, what_fills_up_vectors_is_not_named)
{
    expect_no_pad_is_named(1);
    expect_no_pad_is_named(4);
    expect_no_pad_is_named(8);
}
