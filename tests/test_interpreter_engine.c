/* test_interpreter_engine.c: the interpreter as the training loop drives it, and what it refuses to run. */
#include "runtime/interpreter/interpreter.h"
#include "build_model.h"

#include <criterion/criterion.h>
#include <math.h>

enum { MOST = 4096 };

Test(interpreter_engine, refuses_with_a_reason)
{
    static const char *const refused[][2] = {
        { "float 3 | Dense units=2 activation=tahn", "dense: unknown activation" },
        { "float 4 3 | LSTM units=2 | FinalState number=1", "finalstate: it reads a state that is not there" },
        { "float 4 3 | GRU units=2 recurrent_activation=no", "gru: unknown activation" },
        { "float 3 | Convolution units=2", "convolution: the interpreter has no such layer" },
        { "float 3 | Custom units=2 weights=1", "custom: a layer of the description, and nobody to run it" },
        { "tokens 3 vocabulary=4", "the model only passes token ids on" },
        { "tokens 3 vocabulary=4 | Activation activation=relu", "activation: token ids are no numbers: an Embedding makes "
          "numbers of them" },
        { "tokens 3 vocabulary=4 | Dense units=2", "dense: token ids are no numbers: an Embedding makes numbers of them" },
        { "float 3 | Embedding output_dim=2", "embedding: it reads token ids, nothing else" },
        { "float 3 | Dense units=2 | loss=distance", "the interpreter has no such loss" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct lstmc_message message = { "" };
        Model *model = build_model(refused[i][0]);
        cr_expect_null(interpreter_create_double(model, 2, NULL, &message), "%s", refused[i][0]);
        cr_expect_str_eq(message.text, refused[i][1], "%s: \"%s\"", refused[i][0], message.text);
        build_model_free(model);
    }
}

Test(interpreter_engine, trains_and_predicts_as_the_interpreter)
{
    static float weights[MOST], x[12 * 4 * 3], y[12 * 2], gradients[MOST], expected[MOST], output[12 * 2];
    struct lstmc_engine engine;
    Model *model = build_model("float 4 3 | GRU units=5 | Dropout rate=0.5 | Dense units=2 | loss=mse");
    model->descriptor.batch = 6;
    model->descriptor.shards = 2;
    for (int i = 0; i < MOST; i++)
        weights[i] = 0.5f * sinf(1.3f * (float)i);
    for (int i = 0; i < 12 * 4 * 3; i++)
        x[i] = cosf(0.7f * (float)i);
    cr_assert_eq(interpreter_engine_create(model, NULL, &engine, NULL), LSTMC_OK);
    engine.prepare(engine.context, weights);
    float loss = engine.train(engine.context, x, y, NULL, 12, 3, 0.25f, 5, gradients, output);

    Interpreter_float *it = interpreter_create_float(model, 12, NULL, NULL);
    interpreter_forward_float(it, weights, x, 12, 3, 5);
    cr_expect_eq(loss, interpreter_loss_float(it, y, NULL, 0.25f));
    cr_expect_gt(loss, 0);
    interpreter_backward_float(it, expected, NULL);
    cr_expect_arr_eq(gradients, expected, model->descriptor.gradient_count * sizeof(float));
    cr_expect_arr_eq(output, interpreter_output_float(it), sizeof output);

    float evaluated = engine.evaluate(engine.context, x, y, NULL, 7, 1, output), predicted[7 * 2];
    engine.predict(engine.context, x, 7, predicted);
    cr_expect_arr_eq(predicted, output, sizeof predicted);
    interpreter_forward_float(it, weights, x, 7, 0, 0);
    cr_expect_arr_eq(predicted, interpreter_output_float(it), sizeof predicted);
    cr_expect_eq(evaluated, interpreter_loss_float(it, y, NULL, 1));
    cr_expect_eq(engine.model, &model->descriptor);
    engine.free(engine.context);
    interpreter_free_float(it);
    build_model_free(model);
}

Test(interpreter_engine, predicts_without_a_loss)
{
    struct lstmc_engine engine;
    struct lstmc_message message = { "" };
    Model *model = build_model("float 3 | Dense units=2");
    float weights[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, x[3] = { 1, 10, 100 }, output[2] = { 0 };
    cr_assert_eq(interpreter_engine_create(model, NULL, &engine, &message), LSTMC_OK);
    engine.prepare(engine.context, weights);
    engine.predict(engine.context, x, 1, output);
    cr_expect_eq(output[0], 1 + 30 + 500 + 7);
    cr_expect_eq(output[1], 2 + 40 + 600 + 8);
    engine.free(engine.context);
    build_model_free(model);
}
