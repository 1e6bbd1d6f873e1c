/* digits.c: every activation and its derivative at places where digits get lost, and losses whose prediction is nearly right, against the same in
 * double. Prints what has no five digits; exit status 1 then. */
#include "models.h"

#include <math.h>
#include <stdio.h>

static int wrong;

static void close_to(const char *of, const char *what, float x, float y, double truth)
{
    const double bound = 1e-5 * fabs(truth) + 1e-37;
    if (!(fabs((double)y - truth) <= bound)) {
        printf("%s, %s at %.9g is %.9g, should be %.9g\n", of, what, (double)x, (double)y, truth);
        wrong = 1;
    }
}

/* ---- in double ---- */

static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double sigmoid_slope(double x) { return sigmoid(x) * sigmoid(-x); }
static double tanh_slope(double x) { return 4 * sigmoid_slope(2 * x); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static double linear(double x) { return x; }
static double linear_slope(double x) { (void)x; return 1; }
static double relu(double x) { return fmax(x, 0); }
static double relu_slope(double x) { return x > 0; }
static double relu6(double x) { return fmin(fmax(x, 0), 6); }
static double relu6_slope(double x) { return x > 0 && x < 6; }
static double leaky(double x) { return x > 0 ? x : 0.2 * x; }
static double leaky_slope(double x) { return x > 0 ? 1 : 0.2; }
static double elu(double x) { return x > 0 ? x : expm1(x); }
static double elu_slope(double x) { return x > 0 ? 1 : exp(x); }
#define SELU_SCALE 1.05070098735548049342
#define SELU_ALPHA 1.67326324235437728481
static double selu(double x) { return SELU_SCALE * (x > 0 ? x : SELU_ALPHA * expm1(x)); }
static double selu_slope(double x) { return SELU_SCALE * (x >= 0 ? 1 : SELU_ALPHA * exp(x)); }
static double gelu(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752440); }
static double gelu_slope(double x) { return 0.5 * erfc(-x * 0.70710678118654752440) + x * 0.39894228040143267794 * exp(-x * x / 2); }
static double silu(double x) { return x * sigmoid(x); }
static double silu_slope(double x) { return sigmoid(x) + x * sigmoid_slope(x); }
static double mish(double x) { return x * tanh(softplus(x)); }
static double mish_slope(double x) { return tanh(softplus(x)) + x * tanh_slope(softplus(x)) * sigmoid(x); }
static double hard_sigmoid(double x) { return fmin(fmax(x / 6 + 0.5, 0), 1); }
static double hard_sigmoid_slope(double x) { return x > -3 && x < 3 ? 1.0 / 6 : 0; }
static double hard_silu(double x) { return x * hard_sigmoid(x); }
static double hard_silu_slope(double x) { return hard_sigmoid(x) + x * hard_sigmoid_slope(x); }
static double softsign(double x) { return x / (1 + fabs(x)); }
static double softsign_slope(double x) { return 1 / ((1 + fabs(x)) * (1 + fabs(x))); }

/* In the order of squashed.lua. */
static const struct { const char *name; double (*value)(double), (*slope)(double); double largest; } activations[] = {
    { "linear", linear, linear_slope, 1e5 }, { "relu", relu, relu_slope, 1e5 }, { "relu6", relu6, relu6_slope, 1e5 },
    { "leaky_relu", leaky, leaky_slope, 1e5 }, { "elu", elu, elu_slope, 1e5 }, { "selu", selu, selu_slope, 1e5 },
    { "gelu", gelu, gelu_slope, 9 }, { "silu", silu, silu_slope, 1e5 }, { "mish", mish, mish_slope, 1e5 },
    { "sigmoid", sigmoid, sigmoid_slope, 1e5 }, { "hard_sigmoid", hard_sigmoid, hard_sigmoid_slope, 1e5 },
    { "hard_silu", hard_silu, hard_silu_slope, 1e5 }, { "tanh", tanh, tanh_slope, 1e5 }, { "softplus", softplus, sigmoid, 1e5 },
    { "softsign", softsign, softsign_slope, 1e5 }, { "exponential", exp, exp, 1e5 },
};

enum { ACTIVATIONS = sizeof activations / sizeof *activations };

/* No derivative is 0 here, but for those that are flat. */
static const float places[] = { 0, 1e-30f, 1e-10f, 1e-6f, 3e-4f, 0.01f, 0.1f, 0.5f, 0.9f, 1.4f, 2, 2.5f, 4, 5, 6.5f, 8, 9, 12, 16, 20, 30, 60, 80 };

enum { PLACES = sizeof places / sizeof *places };

static void try_activations(void)
{
    static struct squashed_weights weights;
    static struct squashed_packed packed;
    static struct squashed_training training;
    static struct squashed_scratch scratch;
    static struct squashed_tape tape;
    static struct squashed_gradients gradients;
    static float x[SQUASHED_INPUTS], y[ACTIVATIONS][SQUASHED_INPUTS];
    for (int i = 0; i < PLACES; i++) {
        x[2 * i] = places[i];
        x[2 * i + 1] = -places[i];
    }
    squashed_prepare(&packed, &weights);
    squashed_predict(&packed, &scratch, x, &y[0][0]);
    squashed_prepare_training(&training, &weights);
    for (int a = 0; a < ACTIVATIONS; a++) {
        squashed_reset_tape(&training, &tape);
        squashed_forward(&training, &tape, x, 1, 0);
        for (int i = 0; i < 2 * PLACES; i++)
            ((float *)tape.d_output)[a * SQUASHED_INPUTS + i] = 1;
        squashed_backward(&training, &tape, &gradients);
        for (int i = 0; i < 2 * PLACES; i++) {
            if (fabs((double)x[i]) > activations[a].largest)
                continue;
            const double value = activations[a].value((double)x[i]);
            close_to(activations[a].name, "predicted,", x[i], y[a][i], value);
            close_to(activations[a].name, "in training,", x[i], ((const float *)tape.output)[a * SQUASHED_INPUTS + i], value);
            close_to(activations[a].name, "derivative", x[i], ((const float *)tape.d_input)[i], activations[a].slope((double)x[i]));
        }
    }
}

/* Behind a layer the output is stored: the derivative is not to follow from it. */
#define TRY_LAYER(name, slope)                                                                                        \
    static void try_##name(void)                                                                                      \
    {                                                                                                                 \
        static struct name##_training training;                                                                       \
        static struct name##_tape tape;                                                                               \
        static struct name##_weights weights;                                                                         \
        static struct name##_gradients gradients;                                                                     \
        static float x[2 * PLACES];                                                                                   \
        for (int i = 0; i < 2 * PLACES; i++)                                                                          \
            x[i] = i % 2 ? -places[i / 2] : places[i / 2];                                                            \
        name##_prepare_training(&training, &weights);                                                                 \
        name##_reset_tape(&training, &tape);                                                                          \
        name##_forward(&training, &tape, x, 1, 0);                                                                    \
        for (int i = 0; i < 2 * PLACES; i++)                                                                          \
            ((float *)tape.d_output)[i] = 1;                                                                          \
        name##_backward(&training, &tape, &gradients);                                                                \
        for (int i = 0; i < 2 * PLACES; i++)                                                                          \
            if (slope((double)x[i]) > 1e-36)                                                                          \
                close_to(#name, "derivative", x[i], ((const float *)tape.d_input)[i], slope((double)x[i]));           \
    }

TRY_LAYER(tanh_layer, tanh_slope)
TRY_LAYER(sigmoid_layer, sigmoid_slope)

/* Where z is right about its class, loss and gradient are small, and sums of what is small. */
static void try_logits(void)
{
    static struct logit_training training;
    static struct logit_tape tape;
    const struct logit_weights weights = { .dense = { .kernel = { { 1 } }, .bias = { 0 } } };
    logit_prepare_training(&training, &weights);
    for (int i = 0; i < 2 * PLACES; i++) {
        const float z = i % 2 ? -places[i / 2] : places[i / 2];
        for (int y = 0; y <= 1; y++) {
            struct logit_gradients gradients = { .dense = { .kernel = { { 0 } }, .bias = { 0 } } };
            const float target = (float)y;
            const double away = y ? -(double)z : (double)z;
            logit_reset_tape(&training, &tape);
            logit_forward(&training, &tape, &z, 1, 0);
            close_to("binary cross-entropy", y ? "of class 1" : "of class 0", z, logit_loss(&tape, &target, NULL, 1), softplus(away));
            logit_backward(&training, &tape, &gradients);
            close_to("binary cross-entropy, derivative", y ? "of class 1" : "of class 0", z, gradients.dense.bias[0],
                     y ? -sigmoid(away) : sigmoid(away));
        }
    }
}

/* Probabilities close to 1 for class 0, as far as floats are. */
static void try_probabilities(void)
{
    static struct probability_training training;
    static struct probability_tape tape;
    static struct probability_weights weights;
    static const float p[] = { 1, 1 - 0x1p-24f, 1 - 0x1p-22f, 1 - 0x1p-12f, 0.75f, 0.25f };
    const float target = 0;
    probability_prepare_training(&training, &weights);
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        probability_reset_tape(&training, &tape);
        probability_forward(&training, &tape, &p[i], 1, 0);
        close_to("binary cross-entropy", "of the probability", p[i], probability_loss(&tape, &target, NULL, 1), -log(fmax(1 - (double)p[i], 0x1p-23)));
    }
}

static void try_log_softmax(void)
{
    static struct rows_packed packed;
    static struct rows_weights weights;
    static struct rows_scratch scratch;
    static const float x[][3] = { { 20, 0, -3 }, { 4, 4, -20 }, { -9, 3, 3 }, { 5, 5, 5 }, { 1, -90, 0 } };
    rows_prepare(&packed, &weights);
    for (size_t r = 0; r < sizeof x / sizeof *x; r++) {
        float y[3];
        rows_predict(&packed, &scratch, x[r], y);
        for (int i = 0; i < 3; i++) {
            double others = 0;
            for (int j = 0; j < 3; j++)
                others += j == i ? 0 : exp((double)x[r][j] - (double)x[r][i]);
            close_to("log_softmax", "of logits", x[r][i], y[i], -log1p(others));
        }
    }
}

int main(void)
{
    try_activations();
    try_tanh_layer();
    try_sigmoid_layer();
    try_logits();
    try_probabilities();
    try_log_softmax();
    return wrong;
}
