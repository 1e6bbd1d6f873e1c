/* test_first_turn.c: what a state of 0 is multiplied with in the first turn of a loop over time is left out, and nothing else:
 * a recurrent kernel that is NaN is seen where it counts, and only there. */
#include "compiled_model.h"
#include "oracles.h"

#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 2
#define FLOATS 8000

typedef struct Pass {
    float output[FLOATS], predicted[FLOATS], gradients[FLOATS];
} Pass;

typedef struct Subject {
    struct compiled_model compiled;
    const struct lstmc_model *model;
    float weights[FLOATS], x[FLOATS];
    void *training, *tape, *packed, *scratch;
} Subject;

/* All weights are numbers, but those of recurrent kernels NaN. */
static void open_subject(Subject *subject, const char *layer, int steps)
{
    char text[200];
    snprintf(text, sizeof text, "return Sequential{ Input{%d, 3}, %s, loss = \"mse\", batch_size = %d, shards = 1 }\n",
             steps, layer, ROWS);
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), 8) };
    compiled_model_create_with(&subject->compiled, text, "-O2 -march=native", &options);
    const struct lstmc_model *model = subject->model = subject->compiled.model;
    cr_assert(model->weight_count <= FLOATS && model->input_count * ROWS <= FLOATS);
    for (int i = 0; i < FLOATS; i++) {
        subject->weights[i] = 0.3f * sinf(1 + 7 * (float)i);
        subject->x[i] = cosf((float)i);
    }
    for (int i = 0; i < model->weight_tensors; i++)
        for (size_t k = 0; strstr(model->weights[i].name, "recurrent_kernel") && k < model->weights[i].count; k++)
            subject->weights[model->weights[i].offset + k] = NAN;
    subject->training = lstmc_alloc(model->training_bytes);
    subject->tape = lstmc_alloc(model->tape_bytes);
    subject->packed = lstmc_alloc(model->packed_bytes);
    subject->scratch = lstmc_alloc(model->scratch_bytes);
    cr_assert(subject->training && subject->tape && subject->packed && subject->scratch);
    model->prepare_training(subject->training, subject->weights);
    model->prepare(subject->packed, subject->weights);
    model->reset_tape(subject->training, subject->tape);
}

static void close_subject(Subject *subject)
{
    compiled_model_free(&subject->compiled);
    void *all[] = { subject->training, subject->tape, subject->packed, subject->scratch };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        lstmc_free(all[i]);
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
        "return Model{ inputs = {x, y}, outputs = LSTM{9}{y, initial_state = {h, c}}, "
        "loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "return Sequential{ Input{4, 3}, GRU{9, initial_state = \"learned\"}, loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "return Sequential{ Input{1, 3}, GRU{9, initial_state = \"learned\"}, "
        "loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "return Sequential{ Input{1, 3}, LSTM{9, initial_state = \"learned\"}, "
        "loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "local x, y = Input{4, 3}, Input{1, 3}\nlocal _, h, c = LSTM{9, return_state = true}(x)\n"
        "return Model{ inputs = {x, y}, outputs = LSTM{9}{y, initial_state = {h, c}}, "
        "loss = \"mse\", batch_size = 3, shards = 1 }\n",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        expect_agreement(models[i]);
}
