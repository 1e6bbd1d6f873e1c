/* test_lengths.c: Input{lengths = true}: so many steps of each sample count as comes with it. All three roads agree, a sequence that ends early
 * is what a shorter one is, what stands behind its end does not matter, and each length has a meaning. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/interpreter/interpreter.h"
#include "command.h"
#include "compiled_model.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(lengths, all_roads_agree)
{
    static const char *const models[] = {
        "Input{6, 3, lengths = true}, LSTM{5}, Dense{2}, loss = 'mse'",
        "Input{5, 3, lengths = true}, GRU{4, return_sequences = true}, SimpleRNN{5, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{5, 2, lengths = true}, LSTM{9, return_sequences = true, go_backwards = true}, Dense{3, activation = 'softmax'},\n"
        "  loss = 'sparse_categorical_crossentropy'",
        "Input{4, 3, lengths = true}, Bidirectional{GRU{5, return_sequences = true}}, GlobalAveragePooling1D(), Dense{2}, loss = 'mae'",
        "Input{7, lengths = true}, Embedding{9, 3}, LSTM{4}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'",
        "Input{7, lengths = true}, Embedding{9, 3, mask_zero = true}, LSTM{4, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{5, 3, lengths = true}, Masking{0.5}, LSTM{4, return_sequences = true, zero_output_for_mask = true}, Dense{2}, loss = 'mse'",
        "Input{5, 3, lengths = true}, BatchNormalization(), LSTM{4, dropout = 0.25}, Dense{2}, loss = 'mse'",
        "Input{5, 3, lengths = true}, LSTM{4, stateful = true}, Dense{2}",
        "Input{4, lengths = true}, Embedding{5, 3}, SpatialDropout1D{0.3}",
        "Input{3, 2, 3, lengths = true}, BatchNormalization(), TimeDistributed{Flatten()}, GRU{4}, Dense{2}, loss = 'mse'",
        NULL };
    expect_all(models);
}

Test(lengths, of_one_of_several_inputs)
{
    expect_agreement("local a, b = Input{5, 3, lengths = true, name = 'series'}, Input{2, name = 'extra'}\n"
                     "return Model{ inputs = {b, a}, outputs = Dense{2}(Concatenate()(LSTM{4}(a), b)), loss = 'mse', batch_size = 3 }");
}

/* ---- what a length means ---- */

enum { ROWS = 6, STEPS = 5, FEATURES = 3, OUTPUTS = 2 };
static const int32_t lengths[ROWS] = { 3, 0, 5, -4, 9, 1 };

static void *memory(size_t bytes)
{
    void *block = malloc(bytes + 1);
    cr_assert_not_null(block);
    return memset(block, 0xff, bytes);
}

/* What stands behind the end is a NaN, or 0. */
static void draw(float x[ROWS][STEPS][FEATURES], float behind)
{
    for (int row = 0; row < ROWS; row++)
        for (int t = 0; t < STEPS; t++)
            for (int k = 0; k < FEATURES; k++)
                x[row][t][k] = t < lengths[row] ? lstmc_random_uniform(3, (uint64_t)row, (uint64_t)t, (uint64_t)k) - 0.5f : behind;
}

typedef struct Results {
    float batch[ROWS][OUTPUTS], single[ROWS][OUTPUTS], tape[ROWS][OUTPUTS], loss, gradients[512];
} Results;

#define NETWORK(steps, more) \
    "return Sequential{ name = 'net', Input{" steps ", 3" more "}, LSTM{5, bias_initializer = RandomUniform{-0.5, 0.5}}, Dense{2},\n" \
    "  loss = 'mse', batch_size = 6, shards = 1 }\n"

static float *weights_of(const struct lstmc_model *model)
{
    float *weights = memory(model->weight_count * sizeof *weights);
    for (size_t i = 0; i < model->weight_count; i++)
        weights[i] = 0.5f * cosf((float)i);
    return weights;
}

static Results run(const struct lstmc_model *model, float behind)
{
    Results r = { .loss = 0 };
    float x[ROWS][STEPS][FEATURES], target[ROWS][OUTPUTS] = { { 0.5f } }, *weights = weights_of(model);
    void *packed = memory(model->packed_bytes), *scratch = memory(model->batch_scratch_bytes + model->scratch_bytes);
    void *training = memory(model->training_bytes), *tape = memory(model->tape_bytes);
    cr_assert(model->gradient_count <= 512);
    draw(x, behind);
    model->prepare(packed, weights);
    model->predict_batch_lengths(packed, scratch, x, lengths, ROWS, r.batch[0]);
    for (int row = 0; row < ROWS; row++)
        model->predict_lengths(packed, scratch, x[row], &lengths[row], r.single[row]);
    model->prepare_training(training, weights);
    model->reset_tape(training, tape);
    model->forward_lengths(training, tape, x, lengths, ROWS, 0);
    memcpy(r.tape, (char *)tape + model->output_offset, sizeof r.tape);
    r.loss = model->loss_function(tape, target, NULL, 0.25f);
    model->backward(training, tape, r.gradients);
    free(packed), free(scratch), free(training), free(tape), free(weights);
    return r;
}

Test(lengths, what_stands_behind_the_end_does_not_matter)
{
    struct compiled_model c;
    compiled_model_create(&c, NETWORK("5", ", lengths = true"), "-O1", false);
    Results zeros = run(c.model, 0), broken = run(c.model, NAN);
    cr_expect(isfinite(zeros.loss) && zeros.loss > 0);
    cr_expect(!memcmp(&zeros, &broken, sizeof zeros));
    compiled_model_free(&c);
}

/* The states after three steps are those of a network that has three; of none, those it begins with. */
Test(lengths, a_shorter_sequence_is_a_sequence)
{
    struct compiled_model c, other;
    compiled_model_create(&c, NETWORK("5", ", lengths = true"), "-O1", false);
    Results r = run(c.model, 0);
    float x[ROWS][STEPS][FEATURES], y[OUTPUTS], *weights = weights_of(c.model);
    draw(x, 0);
    for (int row = 0; row < ROWS; row++) {
        int steps = lengths[row] < 0 ? 0 : lengths[row] > STEPS ? STEPS : lengths[row];
        float bias[OUTPUTS];
        memcpy(bias, weights + c.model->weight_count - OUTPUTS, sizeof bias);
        if (!steps)
            memcpy(y, bias, sizeof y);          /* h is 0 */
        else {
            compiled_model_create(&other, steps == 1 ? NETWORK("1", "") : steps == 3 ? NETWORK("3", "") : NETWORK("5", ""), "-O1", false);
            void *packed = memory(other.model->packed_bytes), *scratch = memory(other.model->scratch_bytes);
            other.model->prepare(packed, weights);
            other.model->predict(packed, scratch, x[row], y);
            free(packed), free(scratch);
            compiled_model_free(&other);
        }
        for (int k = 0; k < OUTPUTS; k++) {
            cr_expect_float_eq((double)r.single[row][k], (double)y[k], 1e-6, "row %d of %d steps: %g, not %g", row, steps,
                               (double)r.single[row][k], (double)y[k]);
            cr_expect_float_eq((double)r.batch[row][k], (double)y[k], 1e-6, "row %d of a batch", row);
            cr_expect_float_eq((double)r.tape[row][k], (double)y[k], 1e-6, "row %d of a tape", row);
        }
    }
    free(weights);
    compiled_model_free(&c);
}

/* NULL, and the functions without lengths: all steps count. */
Test(lengths, without_any_all_steps_count)
{
    struct compiled_model c, plain;
    float x[STEPS * FEATURES], y[4][OUTPUTS];
    compiled_model_create(&c, NETWORK("5", ", lengths = true"), "-O1", false);
    compiled_model_create(&plain, NETWORK("5", ""), "-O1", false);
    cr_expect(!plain.model->predict_lengths && !plain.model->predict_batch_lengths && !plain.model->forward_lengths && !plain.model->has_lengths);
    float *weights = weights_of(c.model);
    void *packed = memory(c.model->packed_bytes + plain.model->packed_bytes),
         *scratch = memory(c.model->scratch_bytes + plain.model->scratch_bytes + c.model->batch_scratch_bytes);
    for (int i = 0; i < STEPS * FEATURES; i++)
        x[i] = sinf((float)i);
    plain.model->prepare(packed, weights);
    plain.model->predict(packed, scratch, x, y[0]);
    c.model->prepare(packed, weights);
    c.model->predict(packed, scratch, x, y[1]);
    c.model->predict_lengths(packed, scratch, x, NULL, y[2]);
    c.model->predict_batch_lengths(packed, scratch, x, NULL, 1, y[3]);
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < OUTPUTS; k++)
            cr_expect_float_eq((double)y[i][k], (double)y[0][k], 1e-6);
    free(weights), free(packed), free(scratch);
    compiled_model_free(&c);
    compiled_model_free(&plain);
}

/* On each road, without lengths. */
static void predict_all_steps(const struct lstmc_model *model, const float *x, float y[3][OUTPUTS])
{
    float *weights = weights_of(model);
    void *packed = memory(model->packed_bytes), *scratch = memory(model->batch_scratch_bytes + model->scratch_bytes);
    void *training = memory(model->training_bytes), *tape = memory(model->tape_bytes);
    model->prepare(packed, weights);
    model->predict(packed, scratch, x, y[0]);
    model->predict_batch(packed, scratch, x, 1, y[1]);
    model->prepare_training(training, weights);
    model->reset_tape(training, tape);
    model->forward(training, tape, x, 1, 0);
    memcpy(y[2], (char *)tape + model->output_offset, sizeof y[2]);
    free(weights), free(packed), free(scratch), free(training), free(tape);
}

/* Also where the input that has them is not the first one, and that one has no steps, or fewer, or more. */
Test(lengths, without_any_all_steps_of_a_second_input_count)
{
    static const char *const firsts[] = { "Input{2}", "Input{2, 1}", "Input{7, 1}" };
    float x[7 + STEPS * FEATURES], y[2][3][OUTPUTS];
    for (int i = 0; i < 7 + STEPS * FEATURES; i++)
        x[i] = sinf((float)i);
    for (int i = 0; i < 3; i++) {
        for (int has = 0; has < 2; has++) {
            struct compiled_model c;
            char text[400];
            snprintf(text, sizeof text, "local a, b = Input{5, 3%s}, %s\n"
                     "return Model{ name = 'two', inputs = {b, a}, loss = 'mse', batch_size = 3, shards = 1,\n"
                     "  outputs = Dense{2}(Concatenate()(LSTM{4}(a), Flatten()(b))) }", has ? ", lengths = true" : "", firsts[i]);
            compiled_model_create(&c, text, "-O1", false);
            predict_all_steps(c.model, x, y[has]);
            compiled_model_free(&c);
        }
        for (int road = 0; road < 3; road++)
            for (int k = 0; k < OUTPUTS; k++)
                cr_expect_float_eq((double)y[1][road][k], (double)y[0][road][k], 1e-6, "behind %s: road %d", firsts[i], road);
    }
}

/* ---- the engine ---- */

/* Of two tapes, and by the interpreter: the same loss, gradients and outputs. */
Test(lengths, shards_have_their_own)
{
    struct lstmc_engine engines[3];
    struct compiled_model c[2];
    float x[ROWS][STEPS][FEATURES], target[ROWS][OUTPUTS] = { { 0.5f } }, y[3][ROWS * OUTPUTS], loss[3], gradients[3][512] = { { 0 } };
    struct lstmc_message message = { "" };
    draw(x, 0);
    compiled_model_create(&c[0], NETWORK("5", ", lengths = true"), "-O1", false);
    compiled_model_create(&c[1], "return Sequential{ name = 'net', Input{5, 3, lengths = true}, LSTM{5, bias_initializer = RandomUniform{-0.5, 0.5}},\n"
                                 "  Dense{2}, loss = 'mse', batch_size = 6, shards = 2 }\n", "-O1", false);
    float *weights = weights_of(c[0].model);
    cr_assert_eq(lstmc_engine_create(c[0].model, &engines[0]), 0);
    cr_assert_eq(lstmc_engine_create(c[1].model, &engines[1]), 0);
    cr_assert_eq(interpreter_engine_create(description_model(c[0].description), NULL, &engines[2], &message), 0, "%s", message.text);
    for (int e = 0; e < 3; e++) {
        struct lstmc_engine *engine = &engines[e];
        engine->prepare(engine->context, weights);
        engine->lengths(engine->context, lengths);
        loss[e] = engine->train(engine->context, x, target, NULL, ROWS, 0, 0.25f, 1, gradients[e], y[e]);
        for (size_t i = 0; i < c[0].model->gradient_count; i++)
            cr_expect_float_eq((double)gradients[e][i], (double)gradients[0][i], 1e-6, "engine %d, gradient %zu", e, i);
        cr_expect_float_eq((double)loss[e], (double)loss[0], 1e-6, "engine %d: a loss of %g, not %g", e, (double)loss[e], (double)loss[0]);
        float again[ROWS * OUTPUTS];
        engine->predict(engine->context, x, ROWS, again);
        for (int i = 0; i < ROWS * OUTPUTS; i++) {
            cr_expect_float_eq((double)y[e][i], (double)y[0][i], 1e-6);
            cr_expect_float_eq((double)again[i], (double)y[0][i], 1e-6);
        }
        engine->free(engine->context);
    }
    free(weights);
    compiled_model_free(&c[0]);
    compiled_model_free(&c[1]);
}

/* As long as two of the widest vectors: steps are counted several at once, and the code that does so leaves nothing over that a compiler warns of. */
Test(lengths, of_many_steps_without_a_warning)
{
    static const char model[] = "return Sequential{ name = 'm', Input{35, 2, lengths = true}, GRU{3, return_sequences = true}, Dense{2}, loss = 'mse', batch_size = 3 }";
    char *folder = command_folder();
    command_write(folder, "m.lua", model, (long)strlen(model));
    command_expect(folder, 60, "for lanes in 4 8 16; do $L m.lua --lanes=$lanes --quiet > /dev/null && gcc -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror "
                               "-Wno-psabi -c m.c -o m.o || echo $lanes; done; $L check m.lua --quiet", 0, "m.lua: all within tolerance\n", NULL);
    command_folder_remove(folder);
}
