/* test_composed.c: LSTM, GRU, SimpleRNN and Dense in words against their own whole backward: two computations of the same thing,
 * which nothing but the order of sums tells apart. */
#include "runtime/interpreter/differences.h"
#include "build_model.h"

#include <criterion/criterion.h>
#include <math.h>

enum { ROWS = 3, MOST = 2000 };
#define LAST_BITS 1e-13             /* of the largest value */

typedef struct Result {
    double output[MOST], gradients[MOST], d_input[MOST], states[MOST], loss;
    size_t state_count;
} Result;

static void take_states(Result *result, const Model *model, const Interpreter_double *it)
{
    const char *name;
    int shape[3];
    result->state_count = 0;
    for (int layer = 0; layer < model->layer_count; layer++)
        for (int n = 0; (name = interpreter_state_name_double(it, layer, n)); n++) {
            const double *values = interpreter_state_double(it, layer, name, shape);
            size_t count = (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2];
            cr_assert_lt(result->state_count + count, MOST);
            memcpy(result->states + result->state_count, values, count * sizeof(double));
            result->state_count += count;
        }
}

/* Two calls, the second from the states of the first; gradients add up. */
static void run(const Model *model, Interpreter_double *it, Result *result)
{
    static double weights[MOST], x[2][MOST], y[MOST];
    const double sample_weight[ROWS] = { 1, 0.5, 2 };
    for (int i = 0; i < MOST; i++) {
        weights[i] = 0.6 * sin(1.3 * i + 0.7);
        x[0][i] = cos(0.9 * i);
        x[1][i] = sin(1.7 * i);
        y[i] = i % 3 == 1;
    }
    for (int call = 0; call < 2; call++) {
        if (call)
            interpreter_carry_double(it);
        interpreter_forward_double(it, weights, x[call], ROWS, 0, 0);
        result->loss = interpreter_loss_double(it, y, sample_weight, 0.25);
        interpreter_backward_double(it, result->gradients, result->d_input);
    }
    memcpy(result->output, interpreter_output_double(it), ROWS * model->descriptor.output_count * sizeof(double));
    take_states(result, model, it);
}

static void expect_equal(const char *model, const char *what, const double *a, const double *b, size_t count)
{
    double largest = 1e-3, difference = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(b[i]));
        difference = fmax(difference, fabs(a[i] - b[i]));
    }
    cr_expect(difference <= LAST_BITS * largest, "%s: %s differs by %g of %g", model, what, difference, largest);
}

Test(composed, cells_of_words_are_the_cells)
{
    static const char *const models[] = {
        "float 5 3 | LSTM units=4 return_sequences=1 | LSTM units=3 go_backwards=1 activation=softsign | Dense units=2 | loss=mse",
        "float 5 3 | LSTM units=4 use_bias=0 recurrent_activation=hard_sigmoid go_backwards=1 return_sequences=1 | Dense units=2 | "
        "loss=mse",
        "float 5 3 | GRU units=4 return_sequences=1 | GRU units=3 use_bias=0 | Dense units=2 activation=sigmoid | "
        "loss=binary_crossentropy",
        "float 5 3 | GRU units=4 reset_after=0 return_sequences=1 | GRU units=3 reset_after=0 use_bias=0 go_backwards=1 | "
        "Dense units=3 activation=softmax | loss=categorical_crossentropy",
        "float 5 3 | SimpleRNN units=4 activation=relu return_sequences=1 | SimpleRNN units=3 use_bias=0 go_backwards=1 | "
        "Dense units=2 use_bias=0 activation=tanh | loss=mse",
        "float 5 3 | LSTM units=4 trainable=0 return_sequences=1 | Dense units=4 | Add from=lstm,dense | GRU units=2 | Dense units=2 "
        "activation=sigmoid | loss=binary_crossentropy",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        Result *results = calloc(2, sizeof *results);
        Model *model = build_model(models[i]);
        struct lstmc_message message = { "" };
        Interpreter_double *whole = interpreter_create_double(model, ROWS, NULL, &message);
        Interpreter_double *words = interpreter_create_composed_double(model, ROWS, NULL, &message);
        cr_assert(whole && words, "%s: %s", models[i], message.text);
        run(model, whole, &results[0]);
        run(model, words, &results[1]);
        expect_equal(models[i], "the output", results[1].output, results[0].output, ROWS * model->descriptor.output_count);
        expect_equal(models[i], "a gradient", results[1].gradients, results[0].gradients, model->descriptor.gradient_count);
        expect_equal(models[i], "the gradient of the input", results[1].d_input, results[0].d_input,
                     ROWS * model->descriptor.input_count);
        expect_equal(models[i], "the loss", &results[1].loss, &results[0].loss, 1);
        cr_expect_eq(results[0].state_count, results[1].state_count);
        expect_equal(models[i], "a state", results[1].states, results[0].states, results[0].state_count);
        interpreter_free_double(whole);
        interpreter_free_double(words);
        build_model_free(model);
        free(results);
    }
}
