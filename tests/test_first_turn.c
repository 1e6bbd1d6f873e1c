/* test_first_turn.c: what a state of 0 is multiplied with in the first turn of a loop over time is left out, and nothing else:
 * a recurrent kernel that is NaN is seen where it counts, and only there. */
#include "oracles.h"

#include "compiler/session/load.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 2
#define FLOATS 8000

typedef struct Pass {
    float output[FLOATS], predicted[FLOATS], gradients[FLOATS];
} Pass;

typedef struct Subject {
    Arena *arena;
    Description *description;
    Compiled compiled;
    Loaded loaded;
    const struct lstmc_model *model;
    float weights[FLOATS], x[FLOATS];
    void *training, *tape, *packed, *scratch;
} Subject;

static void *memory(size_t bytes)
{
    void *at = aligned_alloc(64, (bytes + 63) / 64 * 64);
    cr_assert(at);
    return memset(at, 0, bytes);
}

/* All weights are numbers, but those of recurrent kernels NaN. */
static void open_subject(Subject *subject, const char *layer, int steps)
{
    *subject = (Subject){ .arena = arena_create() };
    const char *text = arena_format(subject->arena, "return Sequential{ Input{%d, 3}, %s, loss = \"mse\", batch_size = %d, shards = 1 }\n",
                                    steps, layer, ROWS);
    Diagnostics *diagnostics = diagnostics_create(subject->arena);
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), 8) };
    subject->description = oracle_read(subject->arena, text);
    cr_assert(compile(subject->arena, subject->description, diagnostics, &options, &subject->compiled));
    cr_assert(load(subject->arena, diagnostics, &subject->compiled, LOAD_TO_CHECK, &subject->loaded), "%s does not compile", text);
    const struct lstmc_model *model = subject->model = subject->loaded.model;
    cr_assert(model->weight_count <= FLOATS && model->input_count * ROWS <= FLOATS);
    for (int i = 0; i < FLOATS; i++) {
        subject->weights[i] = 0.3f * sinf(1 + 7 * (float)i);
        subject->x[i] = cosf((float)i);
    }
    for (int i = 0; i < model->weight_tensors; i++)
        for (size_t k = 0; strstr(model->weights[i].name, "recurrent_kernel") && k < model->weights[i].count; k++)
            subject->weights[model->weights[i].offset + k] = NAN;
    subject->training = memory(model->training_bytes);
    subject->tape = memory(model->tape_bytes);
    subject->packed = memory(model->packed_bytes);
    subject->scratch = memory(model->scratch_bytes);
    model->prepare_training(subject->training, subject->weights);
    model->prepare(subject->packed, subject->weights);
    model->reset_tape(subject->training, subject->tape);
}

static void close_subject(Subject *subject)
{
    loaded_free(&subject->loaded);
    compiled_free(&subject->compiled);
    description_free(subject->description);
    arena_free(subject->arena);
    void *all[] = { subject->training, subject->tape, subject->packed, subject->scratch };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static int count_nan(const float *values, size_t count)
{
    int found = 0;
    for (size_t i = 0; i < count; i++)
        found += isnan(values[i]) != 0;
    return found;
}

static Pass run(Subject *subject)
{
    static Pass trained;
    const struct lstmc_model *model = subject->model;
    memset(&trained, 0, sizeof trained);
    model->forward(subject->training, subject->tape, subject->x, ROWS, 0);
    memcpy(trained.output, (const char *)subject->tape + model->output_offset, ROWS * model->output_count * sizeof(float));
    model->loss_function(subject->tape, subject->x, NULL, 1);
    model->backward(subject->training, subject->tape, trained.gradients);
    model->predict(subject->packed, subject->scratch, subject->x, trained.predicted);
    return trained;
}

static const char *const layers[] = { "LSTM{9}", "GRU{9}", "GRU{9, reset_after = false}", "SimpleRNN{17}", "LSTM{40}" };

Test(first_turn, a_state_of_zero_is_not_multiplied)
{
    static Subject subject;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        open_subject(&subject, layers[i], 1);
        const struct lstmc_model *model = subject.model;
        Pass once = run(&subject);
        bool is_chain = strstr(layers[i], "reset_after");       /* of products that the state stands behind: 0 * NaN */
        cr_expect(!count_nan(once.output, ROWS * model->output_count) && (is_chain || !count_nan(once.predicted, model->output_count)) &&
                  (is_chain || !count_nan(once.gradients, model->gradient_count)), "%s", layers[i]);
        cr_expect((is_chain || fabsf(once.output[0] - once.predicted[0]) < 1e-6f) && once.output[0] != 0, "%s", layers[i]);
        for (int w = 0; w < model->weight_tensors; w++)
            for (size_t k = 0; !is_chain && strstr(model->weights[w].name, "recurrent_kernel") && k < model->weights[w].count; k++)
                cr_expect_eq(once.gradients[model->weights[w].offset + k], 0);
        close_subject(&subject);
    }
}

Test(first_turn, a_state_that_is_carried_on_is)
{
    static Subject subject;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        open_subject(&subject, layers[i], 1);
        const struct lstmc_model *model = subject.model;
        run(&subject);
        model->carry(subject.tape);
        Pass again = run(&subject);
        cr_expect_eq(count_nan(again.output, ROWS * model->output_count), (int)(ROWS * model->output_count), "%s", layers[i]);
        model->reset_tape(subject.training, subject.tape);
        again = run(&subject);
        cr_expect(!count_nan(again.output, ROWS * model->output_count), "%s", layers[i]);
        close_subject(&subject);
    }
}

Test(first_turn, later_turns_are)
{
    static Subject subject;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        open_subject(&subject, layers[i], 3);
        Pass once = run(&subject);
        cr_expect(isnan(once.output[0]) && isnan(once.predicted[0]), "%s", layers[i]);
        close_subject(&subject);
    }
}

/* A first state that somebody gives counts; so does the gradient that flows to one that is learned. */
Test(first_turn, states_that_are_given_count)
{
    static const char *const models[] = {
        "local x, y = Input{4, 3}, Input{4, 3}\nlocal _, h, c = LSTM{9, return_state = true}(x)\n"
        "return Model{ inputs = {x, y}, outputs = LSTM{9}{y, initial_state = {h, c}}, loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "return Sequential{ Input{4, 3}, GRU{9, initial_state = \"learned\"}, loss = \"mse\", batch_size = 3, shards = 1 }\n",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        expect_agreement(models[i]);
}
