/* test_differences.c: the interpreter's backward pass, layer by layer and option by option, against finite differences in double. */
#include "runtime/interpreter/differences.h"
#include "build_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static void expect_agreement(const char *text, const struct custom_layers *custom)
{
    struct differences result;
    struct lstmc_message message = { "" };
    Model *model = build_model(text);
    int status = differences_check(model, custom, 5, &result, &message);
    cr_assert_eq(status, LSTMC_OK, "%s: status %d: %s", text, status, message.text);
    cr_expect_gt(result.kink_distance, DIFFERENCES_KINK, "%s: a kink is %g away after %d draws", text, result.kink_distance,
                 result.draws);
    for (int i = 0; i < result.count; i++) {
        const struct difference *d = &result.list[i];
        cr_expect_leq(d->deviation, d->allowed, "%s\n  %s[%ld]: difference %.12g, gradient %.12g: deviation %.3g > %g",
                      text, d->tensor,
                      d->element, d->finite_difference, d->derivative, d->deviation, d->allowed);
        cr_expect_eq(d->skipped, 0, "%s\n  %s: %d of %d probes crossed a kink", text, d->tensor, d->skipped, d->probes);
    }
    differences_free(&result);
    build_model_free(model);
}

static void expect_all(const char *const *texts)
{
    for (; *texts; texts++)
        expect_agreement(*texts, NULL);
}

Test(differences, feed_forward_layers)
{
    expect_all((const char *const[]){
        "float 5 | Dense units=3 activation=tanh | Dense units=2 | loss=mse",
        "bare float 5 | Dense units=3 use_bias=0 activation=gelu | Dense units=2 use_bias=0 | loss=mse",
        "float 4 5 | Dense units=3 activation=mish | Dense units=2 | loss=mse",
        "float 4 5 | Dense units=3 activation=softmax | Activation activation=silu | Flatten | Dense units=2 | loss=mse",
        "float 5 | Dense units=4 | RepeatVector n=3 | Dense units=2 activation=tanh | loss=mse",
        "float 5 | Dense units=40 activation=tanh | Dropout rate=0.4 | Dense units=2 | Dropout rate=0.25 | loss=mse",
        "float 4 5 | Dropout rate=0.3 | LSTM units=3 return_sequences=1 | Dropout rate=0.3 | Dense units=2 | loss=mse",
        "tokens 6 vocabulary=9 | Embedding output_dim=4 | Flatten | Dense units=3 activation=tanh | loss=mse",
        "bare tokens 3 vocabulary=50 | Embedding output_dim=4 | LSTM units=3 | Dense units=3 | loss=mse",
        "float 3 4 | Flatten | Activation activation=log_softmax", NULL });
}

Test(differences, simple_rnn)
{
    expect_all((const char *const[]){
        "float 5 3 | SimpleRNN units=4 | Dense units=2 | loss=mse",
        "float 4 3 | SimpleRNN units=4 activation=softplus return_sequences=1 | Dense units=2 | loss=mse",
        "float 4 3 | SimpleRNN units=4 activation=relu go_backwards=1 | Dense units=2 | loss=mse",
        "float 4 3 | SimpleRNN units=4 activation=softmax go_backwards=1 return_sequences=1 use_bias=0 | loss=mse", NULL });
}

Test(differences, lstm)
{
    expect_all((const char *const[]){
        "float 5 3 | LSTM units=4 | Dense units=2 | loss=mse",
        "float 4 3 | LSTM units=4 activation=softsign recurrent_activation=hard_sigmoid return_sequences=1 | Dense units=2 | loss=mse",
        "float 4 3 | LSTM units=2 activation=relu recurrent_activation=hard_sigmoid_keras2 go_backwards=1 | Dense units=2 | loss=mse",
        "float 4 3 | LSTM units=4 activation=elu go_backwards=1 return_sequences=1 use_bias=0 | loss=mse",
        "float 4 3 | LSTM units=4 activation=softmax recurrent_activation=softmax | loss=mse",
        "float 4 3 | LSTM units=4 activation=linear recurrent_activation=tanh return_sequences=1 | LSTM units=2 | loss=mse",
        "float 20 3 | LSTM units=5 | Dense units=1 activation=sigmoid | loss=binary_crossentropy", NULL });
}

Test(differences, gru)
{
    expect_all((const char *const[]){
        "float 5 3 | GRU units=4 | Dense units=2 | loss=mse",
        "float 5 3 | GRU units=4 reset_after=0 | Dense units=2 | loss=mse",
        "float 4 3 | GRU units=4 activation=softsign recurrent_activation=hard_sigmoid return_sequences=1 | Dense units=2 | loss=mse",
        "float 4 3 | GRU units=4 reset_after=0 activation=softplus recurrent_activation=softmax return_sequences=1 | loss=mse",
        "float 4 3 | GRU units=4 go_backwards=1 activation=softmax recurrent_activation=softmax | loss=mse",
        "float 4 3 | GRU units=4 reset_after=0 go_backwards=1 return_sequences=1 use_bias=0 | loss=mse",
        "float 4 3 | GRU units=4 use_bias=0 activation=selu return_sequences=1 | GRU units=3 reset_after=0 | loss=mse", NULL });
}

Test(differences, activations)
{
    static const char *const names[] = { "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "hard_sigmoid",
                                         "hard_sigmoid_keras2", "tanh", "softplus", "softsign", "exponential", "silu", "swish",
                                         "hard_silu", "hard_swish", "mish", "softmax", "log_softmax" };
    char text[160];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(text, sizeof text, "float 3 5 | Dense units=4 | Activation activation=%s | Dense units=3 activation=%s | loss=mse",
                 names[i], names[i]);
        expect_agreement(text, NULL);
    }
}

Test(differences, losses)
{
    expect_all((const char *const[]){
        "float 4 3 | Dense units=5 | loss=mae",
        "float 4 3 | Dense units=5 | loss=mean_absolute_error",
        "float 4 3 | Dense units=5 | loss=huber loss_delta=0.7",
        "float 4 3 | Dense units=5 | loss=mape",
        "float 4 3 | Dense units=5 | loss=msle",
        "float 4 3 | Dense units=5 activation=softplus | loss=msle",
        "float 4 3 | Dense units=5 | loss=log_cosh",
        "float 4 3 | Dense units=5 activation=exponential | loss=poisson",
        "float 4 3 | Dense units=5 | loss=cosine_similarity",
        "float 4 3 | Dense units=5 activation=softmax | loss=kl_divergence",
        "float 4 3 | Dense units=5 | loss=kl_divergence",
        "float 4 3 | Dense units=5 | loss=hinge",
        "float 4 3 | Dense units=5 | loss=squared_hinge",
        "float 4 3 | Dense units=5 | loss=categorical_hinge",
        "float 4 3 | Dense units=5 activation=sigmoid | loss=binary_focal_crossentropy",
        "float 4 3 | Dense units=5 activation=hard_sigmoid | loss=binary_focal_crossentropy label_smoothing=0.2 loss_gamma=1.5",
        "float 4 3 | Dense units=5 | loss=binary_focal_crossentropy from_logits=1 class_balancing=1 loss_alpha=0.3 loss_gamma=0.7",
        "float 4 3 | Dense units=5 activation=softmax | loss=categorical_focal_crossentropy",
        "float 4 3 | Dense units=5 activation=softplus | loss=categorical_focal_crossentropy loss_gamma=0.7 label_smoothing=0.2",
        "float 4 3 | Dense units=5 | loss=categorical_focal_crossentropy from_logits=1 loss_alpha=0.6 loss_gamma=3",
        "float 4 3 | Dense units=5 activation=sigmoid | loss=binary_crossentropy",
        "float 4 3 | Dense units=5 activation=sigmoid | loss=binary_crossentropy label_smoothing=0.2",
        "float 4 3 | Dense units=5 | Activation activation=sigmoid | loss=binary_crossentropy",
        "float 4 3 | Dense units=5 | loss=binary_crossentropy from_logits=1",
        "float 4 3 | Dense units=5 activation=tanh | loss=binary_crossentropy from_logits=1 label_smoothing=0.1",
        "float 4 3 | SimpleRNN units=2 activation=sigmoid | loss=binary_crossentropy label_smoothing=0.1",
        "float 4 3 | Dense units=5 activation=softmax | loss=categorical_crossentropy",
        "float 4 3 | Dense units=5 | Activation activation=softmax | loss=categorical_crossentropy label_smoothing=0.2",
        "float 4 3 | Dense units=5 activation=softmax | loss=categorical_crossentropy from_logits=1 label_smoothing=0.2",
        "float 4 3 | Dense units=5 activation=sigmoid | loss=categorical_crossentropy label_smoothing=0.2",
        "float 4 3 | Dense units=5 activation=softmax | loss=sparse_categorical_crossentropy",
        "float 3 | Dense units=5 activation=softmax | loss=sparse_categorical_crossentropy",
        "float 4 3 | Dense units=5 | loss=sparse_categorical_crossentropy from_logits=1",
        "float 4 3 | SimpleRNN units=5 activation=softplus return_sequences=1 | loss=sparse_categorical_crossentropy", NULL });
}

Test(differences, frozen_layers)
{
    expect_all((const char *const[]){
        "float 4 3 | LSTM units=4 trainable=0 return_sequences=1 | GRU units=3 | Dense units=2 trainable=0 | loss=mse",
        "float 4 3 | SimpleRNN units=4 return_sequences=1 | LSTM units=3 trainable=0 | Dense units=2 | loss=mse",
        "tokens 4 vocabulary=7 | Embedding output_dim=3 trainable=0 | GRU units=4 trainable=0 | Dense units=2 | loss=mse", NULL });
}

/* ---- a layer of the description, and proof that the check can fail ---- */

typedef struct Square {             /* y[j] = constant + factor * sum over i of kernel[2 i + j] x[i]^2, on the last axis of 3; 2 outputs */
    size_t offset, rows_a_sample;
    double constant, factor;
    double error;                   /* factor of one derivative */
} Square;

static double square_forward(void *context, int layer, const double *weights, const double *const *xs, int rows, int first_row,
                             uint64_t seed, double *y)
{
    const Square *square = context;
    const double *x = xs[0];
    const double *kernel = weights + square->offset;
    (void)layer, (void)first_row, (void)seed;
    for (size_t row = 0; row < (size_t)rows * square->rows_a_sample; row++)
        for (int j = 0; j < 2; j++) {
            double sum = 0;
            for (int i = 0; i < 3; i++)
                sum += kernel[2 * i + j] * x[3 * row + i] * x[3 * row + i];
            y[2 * row + j] = square->constant + square->factor * sum;
        }
    return INFINITY;
}

static void square_backward(void *context, int layer, const double *weights, const double *const *xs, int rows, const double *d_y,
                            double *gradients, double *const *d_xs)
{
    const Square *square = context;
    const double *x = xs[0];
    double *d_x = d_xs[0];
    const double *kernel = weights + square->offset;
    (void)layer;
    for (size_t row = 0; row < (size_t)rows * square->rows_a_sample; row++)
        for (int i = 0; i < 3; i++) {
            double d = 0, value = x[3 * row + i];
            for (int j = 0; j < 2; j++) {
                const double d_sum = d_y[2 * row + j] * square->factor;
                gradients[square->offset + 2 * i + j] += d_sum * value * value * square->error;
                d += d_sum * kernel[2 * i + j] * 2 * value;
            }
            if (d_x)
                d_x[3 * row + i] = d;
        }
}

static const char square_model[] = "float 4 5 | Dense units=3 activation=tanh | Custom units=2 weights=6 | Dense units=2 | loss=mse";

static struct custom_layers square_layers(Square *square)
{
    Model *model = build_model(square_model);
    *square = (Square){ .offset = build_model_weight(model, "custom/kernel")->offset, .rows_a_sample = 4, .factor = 1, .error = 1 };
    build_model_free(model);
    return (struct custom_layers){ .context = square, .forward = square_forward, .backward = square_backward };
}

Test(differences, custom_layer)
{
    Square square;
    struct custom_layers custom = square_layers(&square);
    expect_agreement(square_model, &custom);
    cr_expect_gt(square.offset, 0);
}

/* At the border to float too: gradients are added to what is there, near those of double. */
Test(differences, custom_layer_in_float)
{
    Square square;
    struct custom_layers custom = square_layers(&square);
    Model *model = build_model(square_model);
    double weights[64], x[20], y[8] = { 0 }, gradients[64] = { 0 };
    float weights_float[64], x_float[20], y_float[8] = { 0 }, gradients_float[64];
    for (int i = 0; i < 64; i++) {
        weights_float[i] = (float)(weights[i] = sin(i + 0.3));
        gradients_float[i] = 5;
    }
    for (int i = 0; i < 20; i++)
        x_float[i] = (float)(x[i] = cos(i));
    Interpreter_double *it = interpreter_create_double(model, 1, &custom, NULL);
    Interpreter_float *single = interpreter_create_float(model, 1, &custom, NULL);
    cr_assert(it && single);
    interpreter_forward_double(it, weights, x, 1, 0, 0);
    interpreter_loss_double(it, y, NULL, 1);
    interpreter_backward_double(it, gradients, NULL);
    interpreter_forward_float(single, weights_float, x_float, 1, 0, 0);
    interpreter_loss_float(single, y_float, NULL, 1);
    interpreter_backward_float(single, gradients_float, NULL);
    for (size_t i = 0; i < model->descriptor.gradient_count; i++)
        cr_expect_float_eq((double)gradients_float[i] - 5, gradients[i], 1e-5, "gradient %zu: %g, double %g", i,
                           (double)gradients_float[i] - 5, gradients[i]);
    interpreter_free_double(it);
    interpreter_free_float(single);
    build_model_free(model);
}

Test(differences, screams_at_a_wrong_gradient)
{
    Square square;
    struct differences result;
    struct custom_layers custom = square_layers(&square);
    square.error = 1 + 1e-5;
    Model *model = build_model(square_model);
    cr_assert_eq(differences_check(model, &custom, 5, &result, NULL), LSTMC_OK);
    cr_expect(!result.good, "a gradient wrong by 1e-5 is not found");
    for (int i = 0; i < result.count; i++)
        cr_expect((result.list[i].deviation > result.list[i].allowed) ==
                  !strcmp(result.list[i].tensor, "custom/kernel"), "%s: %g",
                  result.list[i].tensor, result.list[i].deviation);
    differences_free(&result);
    build_model_free(model);
}

/* Cosines of outputs that hardly move: their sum may be near 0 and its derivatives are near 1e-8, while each cosine is rounded as a number near 1
 * is. No seed may take that for a fault, and with each of them one of 3 in a thousand is found. */
Test(differences, terms_that_cancel)
{
    Square square = { .offset = 0, .rows_a_sample = 1, .constant = 1, .factor = 1e-8 };
    struct custom_layers custom = { .context = &square, .forward = square_forward, .backward = square_backward };
    Model *model = build_model("float 3 | Custom units=2 weights=6 | loss=cosine_similarity");
    for (uint64_t seed = 1; seed <= 60; seed++)
        for (int wrong = 0; wrong < 2; wrong++) {
            struct differences result;
            square.error = wrong ? 1.003 : 1;
            cr_assert_eq(differences_check(model, &custom, seed, &result, NULL), LSTMC_OK);
            cr_assert_eq(result.count, 2);
            cr_expect_eq(result.good, !wrong, "seed %d: custom/kernel %.2g of %.2g, input %.2g of %.2g, planted %g", (int)seed,
                         result.list[0].deviation, result.list[0].allowed, result.list[1].deviation, result.list[1].allowed, square.error);
            differences_free(&result);
        }
    build_model_free(model);
}

/* 2 x 12000 arguments of relu cannot all be far from 0: the check says so and works with what it has. */
Test(differences, says_when_kinks_stay_near)
{
    struct differences result;
    Model *model = build_model("float 3 | Dense units=12000 activation=relu | Dense units=1 | loss=mae");
    cr_assert_eq(differences_check(model, NULL, 5, &result, NULL), LSTMC_OK);
    cr_expect_eq(result.draws, DIFFERENCES_DRAWS);
    cr_expect_lt(result.kink_distance, DIFFERENCES_KINK);
    cr_expect(result.good);
    differences_free(&result);
    build_model_free(model);
}

Test(differences, refuses_what_the_interpreter_refuses)
{
    struct differences result;
    struct lstmc_message message = { "" };
    Model *model = build_model("float 3 | Dense units=2 activation=tahn | loss=mse");
    cr_expect_eq(differences_check(model, NULL, 5, &result, &message), LSTMC_MISMATCH);
    cr_expect_str_eq(message.text, "dense: unknown activation");
    build_model_free(model);
}
