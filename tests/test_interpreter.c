/* test_interpreter.c: the interpreter against values computed elsewhere, and what it promises about states, dropout, frozen layers.
 * Its gradients are the subject of test_differences.c. */
#include "runtime/interpreter/interpreter.h"
#include "runtime/lstmc_random.h"
#include "build_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { MOST = 4096 };

static void expect_near(const char *what, const double *found, const double *expected, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs(found[i] - expected[i]) <= tolerance, "%s[%zu]: %.12g, expected %.12g (tolerance %g)", what, i, found[i],
                  expected[i], tolerance);
}

static Interpreter_double *create(const Model *model, int rows)
{
    struct lstmc_message message = { "" };
    Interpreter_double *it = interpreter_create_double(model, rows, NULL, &message);
    cr_assert_not_null(it, "%s", message.text);
    return it;
}

/* Numbers that no symmetry hides behind. */
static void fill_weights(double *weights, size_t count)
{
    for (size_t k = 0; k < count; k++)
        weights[k] = 0.6 * sin(1.3 * (double)k + 0.7);
}

static void fill_inputs(double *x, size_t count)
{
    for (size_t k = 0; k < count; k++)
        x[k] = cos(0.9 * (double)k);
}

/* Output of a model with the weights and inputs above, two rows. */
static void run_filled(const char *text, double *output)
{
    static double weights[MOST], x[MOST];
    Model *model = build_model(text);
    Interpreter_double *it = create(model, 2);
    fill_weights(weights, model->descriptor.weight_count);
    fill_inputs(x, 2 * model->descriptor.input_count);
    interpreter_forward_double(it, weights, x, 2, 0, 0);
    memcpy(output, interpreter_output_double(it), 2 * model->descriptor.output_count * sizeof(double));
    interpreter_free_double(it);
    build_model_free(model);
}

/* ---- values from elsewhere: the formulas of semantics written down in another language, 12 digits ---- */

typedef struct Known {
    const char *text;
    double output[4];               /* [2 rows, 2 units] */
} Known;

Test(interpreter, recurrent_cells_have_the_known_values)
{
    static const Known known[] = {
        { "float 3 3 | SimpleRNN units=2 activation=softplus", { 1.026360478102, 0.780203201809, 1.282773373954, 0.791551718145 } },
        { "float 3 3 | LSTM units=2 activation=softsign", { 0.091893292061, 0.048169866449, 0.062234247962, 0.083341317399 } },
        { "float 3 3 | GRU units=2", { 0.385326494159, 0.395775646672, 0.235519242491, 0.317591678668 } },
        { "float 3 3 | GRU units=2 reset_after=0", { 0.253801566483, 0.441845290895, 0.137061668253, 0.367313328722 } },
        { "float 3 3 | GRU units=2 go_backwards=1", { 0.303215450882, 0.400673264741, 0.111504471500, 0.136896944802 } },
    };
    double output[4];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        run_filled(known[i].text, output);
        expect_near(known[i].text, output, known[i].output, 4, 2e-12);
    }
}

/* One unit, one step, one input of 2; every gate by hand:
 * a_i = 2(0.1) + 1(0.2) + 0.1 = 0.5   a_f = 2(0.3) - 0.4 = 0.2   a_c = 2(-0.2) + 0.1 + 0 = -0.3   a_o = 2(0.25) + 0.2 + 0.3 = 1
 * c = sigmoid(0.5) tanh(-0.3) = 0.6224593312 (-0.2913126125) = -0.1813302539,  h = sigmoid(1) tanh(c) = 0.7310585786 (-0.1793686301) */
Test(interpreter, lstm_step_by_hand)
{
    const double weights[] = { 0.1, 0.3, -0.2, 0.25,  0.2, 0, 0.1, 0.2,  9, 9, 9, 9,  0.1, -0.4, 0, 0.3 }, x[] = { 2, 1 };
    const double expected_h = -0.1311289758, expected_c = -0.1813302539;
    Model *model = build_model("float 1 2 | LSTM units=1");
    Interpreter_double *it = create(model, 1);
    interpreter_forward_double(it, weights, x, 1, 0, 0);
    expect_near("h", interpreter_output_double(it), &expected_h, 1, 2e-10);
    expect_near("c", interpreter_state_double(it, 1, "c", NULL) + 1, &expected_c, 1, 2e-10);
    interpreter_free_double(it);
    build_model_free(model);
}

typedef struct KnownActivation {
    const char *name;
    double y[6];
} KnownActivation;

Test(interpreter, activations_have_the_known_values)
{
    static const double z[6] = { -7, -2.7, -0.4, 0.3, 2.8, 6.5 };
    static const KnownActivation known[] = {
        { "linear", { -7, -2.7, -0.4, 0.3, 2.8, 6.5 } },
        { "relu", { 0, 0, 0, 0.3, 2.8, 6.5 } },
        { "relu6", { 0, 0, 0, 0.3, 2.8, 6 } },
        { "leaky_relu", { -1.4, -0.54, -0.08, 0.3, 2.8, 6.5 } },
        { "elu", { -0.999088118, -0.9327944873, -0.329679954, 0.3, 2.8, 6.5 } },
        { "selu", { -1.756496162, -1.639945373, -0.5796101098, 0.3152102962, 2.941962765, 6.829556418 } },
        { "gelu", { -8.958667141e-12, -0.009360829268, -0.1378313034, 0.1853734267, 2.792845635, 6.5 } },
        { "sigmoid", { 0.0009110511944, 0.06297335606, 0.4013123399, 0.5744425168, 0.9426758241, 0.9984988177 } },
        { "hard_sigmoid", { 0, 0.05, 0.4333333333, 0.55, 0.9666666667, 1 } },
        { "hard_sigmoid_keras2", { 0, 0, 0.42, 0.56, 1, 1 } },
        { "tanh", { -0.9999983369, -0.9910074537, -0.3799489623, 0.2913126125, 0.9926315202, 0.9999954794 } },
        { "softplus", { 0.0009114664538, 0.06504356178, 0.5130152524, 0.8543552445, 2.859032826, 6.50150231 } },
        { "softsign", { -0.875, -0.7297297297, -0.2857142857, 0.2307692308, 0.7368421053, 0.8666666667 } },
        { "exponential", { 0.0009118819656, 0.06720551274, 0.670320046, 1.349858808, 16.44464677, 665.141633 } },
        { "silu", { -0.006377358361, -0.1700280614, -0.160524936, 0.172332755, 2.639492307, 6.490242315 } },
        { "swish", { -0.006377358361, -0.1700280614, -0.160524936, 0.172332755, 2.639492307, 6.490242315 } },
        { "hard_silu", { 0, -0.135, -0.1733333333, 0.165, 2.706666667, 6.5 } },
        { "hard_swish", { 0, -0.135, -0.1733333333, 0.165, 2.706666667, 6.5 } },
        { "mish", { -0.00638026341, -0.1753703754, -0.1889164824, 0.2080013723, 2.781658329, 6.499970704 } },
        { "softmax", { 1.333795343e-06, 9.83004416e-05, 0.0009804665399, 0.001974417149, 0.024053325, 0.9728921571 } },
        { "log_softmax", { -13.52748204, -9.227482038, -6.927482038, -6.227482038, -3.727482038, -0.02748203842 } },
    };
    char text[80];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(text, sizeof text, "float 6 | Activation activation=%s", known[i].name);
        Model *model = build_model(text);
        Interpreter_double *it = create(model, 1);
        interpreter_forward_double(it, NULL, z, 1, 0, 0);
        for (int k = 0; k < 6; k++) {
            double y = interpreter_output_double(it)[k];
            cr_expect(fabs(y - known[i].y[k]) <= 1e-9 * fmax(1, fabs(y)), "%s(%g) = %.12g, expected %.12g", known[i].name, z[k], y,
                      known[i].y[k]);
        }
        interpreter_free_double(it);
        build_model_free(model);
    }
}

typedef struct KnownLoss {
    const char *text;
    double prediction[3], target[3];
    int class_of_row;
    double loss;
} KnownLoss;

#define IDENTITY "| Activation activation=linear | "

Test(interpreter, losses_have_the_known_values)
{
    static const KnownLoss known[] = {
        { "float 2 " IDENTITY "loss=mse", { 1, 2 }, { 0, 4 }, 0, 2.5 },
        { "float 2 " IDENTITY "loss=mean_absolute_error", { 1, 2 }, { 0, 4 }, 0, 1.5 },
        { "float 2 " IDENTITY "loss=huber loss_delta=1.5", { 1, 2 }, { 0, 4 }, 0, (0.5 + 1.875) / 2 },
        { "float 2 " IDENTITY "loss=mape", { 1, 2 }, { 0.5, 4 }, 0, 75 },
        { "float 2 " IDENTITY "loss=msle", { 1, 2 }, { 0.5, 4 }, 0, 0.1718518963530325 },
        { "float 2 " IDENTITY "loss=msle", { -1, 2 }, { -3, 2 }, 0, 0 },
        { "float 2 " IDENTITY "loss=log_cosh", { 1, 1 }, { 0, 1 }, 0, 0.21689041524151356 },
        { "float 2 " IDENTITY "loss=poisson", { 1, 2 }, { 0.5, 4 }, 0, 0.1137055138801133 },
        { "float 2 " IDENTITY "loss=cosine_similarity", { 1, 2 }, { 0.5, 4 }, 0, -8.5 / 9.013878188659973 },
        { "float 2 " IDENTITY "loss=cosine_similarity", { 0, 0 }, { 0.5, 4 }, 0, 0 },
        { "float 2 " IDENTITY "loss=kl_divergence", { 0.5, 0.5 }, { 0.2, 0.8 }, 0, 0.19274475702175753 },
        { "float 2 " IDENTITY "loss=kl_divergence", { 0.5, 0.5 }, { 0, 1 }, 0, 0.6931456380650982 },
        { "float 3 " IDENTITY "loss=hinge", { 0.5, 0.25, 2 }, { -1, 1, 1 }, 0, 0.75 },
        { "float 3 " IDENTITY "loss=hinge", { 0.5, 0.25, 2 }, { 0, 1, 1 }, 0, 0.75 },
        { "float 3 " IDENTITY "loss=squared_hinge", { 0.5, 0.25, 2 }, { 0, 1, 1 }, 0, (2.25 + 0.5625) / 3 },
        { "float 3 " IDENTITY "loss=categorical_hinge", { 0.5, 0.25, 2 }, { 1, 0, 0 }, 0, 2.5 },
        { "float 3 " IDENTITY "loss=categorical_hinge", { 0.5, 0.25, 2 }, { 0, 0, 1 }, 0, 0 },
        /* Keras's own examples: 0.0017, 1.1561, balanced 0.8670; 2.63401289e-04, 6.75912094e-01 */
        { "float 2 " IDENTITY "loss=binary_focal_crossentropy from_logits=1 loss_gamma=5", { -18.6, 0.51 }, { 0, 1 }, 0, 0.0017483724663243595 },
        { "float 2 " IDENTITY "loss=binary_focal_crossentropy from_logits=1 loss_gamma=5", { 2.94, -12.8 }, { 0, 0 }, 0, 1.1561025133779388 },
        { "float 2 " IDENTITY "loss=binary_focal_crossentropy from_logits=1 loss_gamma=5 class_balancing=1", { 2.94, -12.8 }, { 0, 0 }, 0,
          0.867076885033454 },
        { "float 3 " IDENTITY "loss=categorical_focal_crossentropy", { 0.05, 0.9, 0.05 }, { 0, 1, 0 }, 0, 0.00026340128914456557 },
        { "float 3 " IDENTITY "loss=categorical_focal_crossentropy", { 0.1, 0.85, 0.05 }, { 0, 0, 1 }, 0, 0.6759120942206192 },
        { "float 3 " IDENTITY "loss=categorical_focal_crossentropy from_logits=1 loss_alpha=0.6 loss_gamma=0.7",
          { 0, 0.6931471806, 1.6094379124 }, { 0.1, 0.8, 0.1 }, 0, 0.6718767341725033 },
        { "float 2 " IDENTITY "loss=binary_crossentropy", { 0.8, 0.3 }, { 1, 0 }, 0, 0.289909248 },
        { "float 2 " IDENTITY "loss=binary_crossentropy label_smoothing=0.2", { 0.8, 0.3 }, { 1, 0 }, 0, 0.401588859 },
        { "float 3 " IDENTITY "loss=binary_crossentropy label_smoothing=0.2", { 0.8, 0.3, 0.5 }, { 1, 0, 1 }, 0,
          (2 * 0.4015888587 + 0.6931471806) / 3 },
        { "float 2 " IDENTITY "loss=binary_crossentropy from_logits=1", { 2, -1 }, { 1, 0.25 }, 0, 0.345094849 },
        { "float 3 " IDENTITY "loss=categorical_crossentropy", { 2, 1, 1 }, { 0, 1, 0 }, 0, 1.386294361 },
        { "float 3 " IDENTITY "loss=sparse_categorical_crossentropy", { 2, 1, 1 }, { 0 }, 2, 1.386294361 },
        { "float 3 " IDENTITY "loss=categorical_crossentropy from_logits=1 label_smoothing=0.3", { 0, 0.6931471806, 1.6094379124 },
          { 0, 1, 0 }, 0, 1.363980006 },
        { "float 3 | Activation activation=softmax | loss=sparse_categorical_crossentropy", { 0, 0.6931471806, 1.6094379124 }, { 0 }, 1,
          1.386294361 },
        { "float 1 | Activation activation=sigmoid | loss=binary_crossentropy", { 40 }, { 0 }, 0, 40 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        Model *model = build_model(known[i].text);
        Interpreter_double *it = create(model, 1);
        int32_t class_of_row = (int32_t)known[i].class_of_row;
        double weight = 3;
        interpreter_forward_double(it, NULL, known[i].prediction, 1, 0, 0);
        const void *target = model->descriptor.target_is_class ? (const void *)&class_of_row : known[i].target;
        double loss = interpreter_loss_double(it, target, &weight, 0.5) / 1.5;
        cr_expect(fabs(loss - known[i].loss) <= 1e-8, "%s: %.10g, expected %.10g", known[i].text, loss, known[i].loss);
        interpreter_free_double(it);
        build_model_free(model);
    }
}

/* ---- the rule for probabilities ---- */

static double loss_and_d_input(const char *text, const double *x, const double *y, double *d_x)
{
    Model *model = build_model(text);
    Interpreter_double *it = create(model, 1);
    interpreter_forward_double(it, NULL, x, 1, 0, 0);
    double loss = interpreter_loss_double(it, y, NULL, 1), none[1] = { 0 };
    interpreter_backward_double(it, none, d_x);
    interpreter_free_double(it);
    build_model_free(model);
    return loss;
}

Test(interpreter, clipped_probabilities_have_no_gradient)
{
    const double x[] = { 0, 1.2, 0.5 }, y[] = { 1, 0, 1 };
    double d_x[3];
    const double margin = 0x1p-23;      /* 1 - 1e-7 as a float is 1 less that */
    double loss = loss_and_d_input("float 3 " IDENTITY "loss=binary_crossentropy", x, y, d_x);
    cr_expect_float_eq(loss, (-log(1e-7) - log(margin) - log(0.5)) / 3, 1e-6, "%.10g", loss);
    const double expected[] = { 0, 0, -2.0 / 3 };
    expect_near("d_x", d_x, expected, 3, 1e-12);

    const double shares[] = { 0, 3, 1 }, choice[] = { 1, 0, 0 }, none[] = { 0, 0, 0 };
    loss = loss_and_d_input("float 3 " IDENTITY "loss=categorical_crossentropy", shares, choice, d_x);
    cr_expect_float_eq(loss, -log(1e-7), 1e-6, "%.10g", loss);
    expect_near("d_x", d_x, none, 3, 1e-12);
}

Test(interpreter, saturated_last_activations_keep_their_gradient)
{
    const double x[] = { 90, -90 }, y[] = { 0, 1 }, expected[] = { 0.5, -0.5 };
    double d_x[2];
    double loss = loss_and_d_input("float 2 | Activation activation=sigmoid | loss=binary_crossentropy", x, y, d_x);
    cr_expect_float_eq(loss, 90, 1e-9, "%.10g", loss);
    expect_near("d_x", d_x, expected, 2, 1e-12);

    const double logits[] = { 200, 0 }, whole[] = { 1, -1 };
    loss = loss_and_d_input("float 2 | Activation activation=softmax | loss=categorical_crossentropy", logits, y, d_x);
    cr_expect_float_eq(loss, 200, 1e-9, "%.10g", loss);
    expect_near("d_x", d_x, whole, 2, 1e-12);
}

/* The rule looks at the last layer alone: behind a Flatten the same sigmoid is clipped. */
Test(interpreter, only_the_last_layer_counts_for_the_logit_form)
{
    const double x[] = { 90, -90 }, y[] = { 0, 1 }, none[] = { 0, 0 };
    double d_x[2];
    double loss = loss_and_d_input("float 2 | Activation activation=sigmoid | Flatten | loss=binary_crossentropy", x, y, d_x);
    cr_expect_float_eq(loss, -(log(1e-7) + log(0x1p-23)) / 2, 1e-6, "%.10g", loss);
    expect_near("d_x", d_x, none, 2, 1e-12);
}

Test(interpreter, sample_weights_cover_all_steps_of_a_sample)
{
    const double x[] = { 1, 2, 3, 4 }, y[] = { 0, 0, 0, 0 }, weight[] = { 2, 10 };
    Model *model = build_model("float 2 1 " IDENTITY "loss=mse");
    Interpreter_double *it = create(model, 2);
    interpreter_forward_double(it, NULL, x, 2, 0, 0);
    double loss = interpreter_loss_double(it, y, weight, 0.25);
    cr_expect_float_eq(loss, (2 * (1 + 4) + 10 * (9 + 16)) * 0.25, 1e-12, "%.10g", loss);
    interpreter_free_double(it);
    build_model_free(model);
}

/* ---- time ---- */

Test(interpreter, go_backwards_is_the_reversed_input_in_processing_order)
{
    static const char *const kinds[] = { "SimpleRNN", "LSTM", "GRU" };
    enum { T = 4, F = 3, U = 2 };
    double weights[MOST], x[2 * T * F], reversed[2 * T * F];
    fill_weights(weights, MOST);
    fill_inputs(x, 2 * T * F);
    for (int i = 0; i < 2 * T * F; i++)
        reversed[(i / (T * F)) * T * F + (T - 1 - i / F % T) * F + i % F] = x[i];
    for (int kind = 0; kind < 3; kind++) {
        char text[96];
        snprintf(text, sizeof text, "float 4 3 | %s units=2 return_sequences=1", kinds[kind]);
        Model *forward = build_model(text);
        strcat(text, " go_backwards=1");
        Model *backward = build_model(text);
        Interpreter_double *a = create(forward, 2), *b = create(backward, 2);
        interpreter_forward_double(a, weights, reversed, 2, 0, 0);
        interpreter_forward_double(b, weights, x, 2, 0, 0);
        expect_near(text, interpreter_output_double(b), interpreter_output_double(a), 2 * T * U, 1e-14);
        interpreter_free_double(a);
        interpreter_free_double(b);
        build_model_free(forward);
        build_model_free(backward);
    }
}

static const char two_cells[] = "float %d 3 | LSTM units=2 return_sequences=1 | GRU units=3 return_sequences=1 | SimpleRNN units=2";

Test(interpreter, two_carried_halves_are_one_whole)
{
    enum { T = 6, F = 3, HALF = T / 2 };
    char text[160];
    double weights[MOST], x[2 * T * F], halves[2][2 * HALF * F];
    fill_weights(weights, MOST);
    fill_inputs(x, 2 * T * F);
    for (int i = 0; i < 2 * T * F; i++) {
        int row = i / (T * F), t = i / F % T;
        halves[t / HALF][(row * HALF + t % HALF) * F + i % F] = x[i];
    }
    snprintf(text, sizeof text, two_cells, T);
    Model *whole = build_model(text);
    snprintf(text, sizeof text, two_cells, HALF);
    Model *half = build_model(text);
    Interpreter_double *a = create(whole, 3), *b = create(half, 3);
    interpreter_forward_double(a, weights, x, 2, 0, 0);
    interpreter_forward_double(b, weights, halves[0], 2, 0, 0);
    interpreter_carry_double(b);
    interpreter_forward_double(b, weights, halves[1], 2, 0, 0);
    expect_near("output", interpreter_output_double(b), interpreter_output_double(a), 4, 1e-14);

    int shape[3], half_shape[3];
    const double *c = interpreter_state_double(a, 1, "c", shape), *half_c = interpreter_state_double(b, 1, "c", half_shape);
    cr_assert(shape[0] == T + 1 && shape[1] == 3 && shape[2] == 2, "%d %d %d", shape[0], shape[1], shape[2]);
    cr_assert(half_shape[0] == HALF + 1);
    expect_near("c", half_c, c + HALF * 3 * 2, 4, 1e-14);
    expect_near("last c", half_c + HALF * 3 * 2, c + T * 3 * 2, 4, 1e-14);
    cr_expect_null(interpreter_state_double(a, 2, "c", NULL), "a GRU has no c");

    double first[4];
    interpreter_reset_double(b);
    interpreter_forward_double(b, weights, halves[1], 2, 0, 0);
    memcpy(first, interpreter_output_double(b), sizeof first);
    cr_expect_gt(fabs(first[0] - interpreter_output_double(a)[0]), 1e-6, "reset changes nothing");
    interpreter_free_double(a);
    interpreter_free_double(b);
    build_model_free(whole);
    build_model_free(half);
}

/* ---- learning ---- */

/* Gradients of a model under fixed weights; frozen ones are not among them. */
static size_t gradients_of_model(const char *text, const char *tensor, double *values)
{
    static double weights[MOST], x[MOST], y[MOST], gradients[MOST];
    Model *model = build_model(text);
    Interpreter_double *it = create(model, 2);
    for (int w = 0; w < model->descriptor.weight_tensors; w++)      /* the same values wherever the tensor lies */
        for (size_t i = 0; i < model->descriptor.weights[w].count; i++)
            weights[model->descriptor.weights[w].offset + i] = 0.6 * sin((double)i + model->descriptor.weights[w].name[0]);
    fill_inputs(x, 2 * model->descriptor.input_count);
    memset(y, 0, sizeof y);
    memset(gradients, 0, sizeof gradients);
    gradients[model->descriptor.gradient_count] = 123;
    interpreter_forward_double(it, weights, x, 2, 0, 0);
    interpreter_loss_double(it, y, NULL, 1);
    interpreter_backward_double(it, gradients, NULL);
    cr_expect_eq(gradients[model->descriptor.gradient_count], 123, "%s: written behind the gradients", text);
    const struct lstmc_tensor *found = build_model_weight(model, tensor);
    for (size_t i = 0; i < found->count; i++)
        values[i] = gradients[found->offset + i];
    size_t count = found->count;
    interpreter_free_double(it);
    build_model_free(model);
    return count;
}

Test(interpreter, frozen_layers_change_no_other_gradient)
{
    static double free_all[MOST], frozen[MOST];
    static const char all[] = "float 4 3 | SimpleRNN units=2 return_sequences=1 | LSTM units=3 | Dense units=2 | loss=mse";
    static const char middle[] = "float 4 3 | SimpleRNN units=2 return_sequences=1 | LSTM units=3 trainable=0 | Dense units=2 | loss=mse";
    static const char lower[] =
        "float 4 3 | SimpleRNN units=2 return_sequences=1 trainable=0 | LSTM units=3 trainable=0 | Dense units=2 | loss=mse";
    size_t count = gradients_of_model(all, "simplernn/recurrent_kernel", free_all);
    gradients_of_model(middle, "simplernn/recurrent_kernel", frozen);
    expect_near("simplernn/recurrent_kernel", frozen, free_all, count, 1e-15);
    count = gradients_of_model(all, "dense/kernel", free_all);
    gradients_of_model(lower, "dense/kernel", frozen);
    expect_near("dense/kernel", frozen, free_all, count, 1e-15);
    cr_expect_gt(fabs(free_all[0]), 1e-6);
}

Test(interpreter, backward_adds_the_same_each_time)
{
    static const char *const texts[] = {
        "float 4 3 | SimpleRNN units=3 return_sequences=1 | Dense units=2 | loss=mse",
        "float 4 3 | LSTM units=3 | Dense units=2 activation=sigmoid | loss=binary_crossentropy",
        "float 4 3 | GRU units=3 return_sequences=1 | GRU units=2 reset_after=0 | RepeatVector n=2 | loss=mse",
        "tokens 4 vocabulary=3 | Embedding output_dim=3 | Flatten | Dropout rate=0.5 | Dense units=2 | loss=mse" };
    static double weights[MOST], x[MOST], y[MOST];
    static const int32_t ids[] = { 1, 0, 2, 1, 2, 2, 0, 1 };
    fill_weights(weights, MOST);
    fill_inputs(x, MOST);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double once[MOST] = { 0 }, twice[MOST] = { 0 };
        Model *model = build_model(texts[i]);
        Interpreter_double *it = create(model, 2);
        interpreter_forward_double(it, weights, model->descriptor.input_is_tokens ? (const void *)ids : x, 2, 0, 8);
        interpreter_loss_double(it, y, NULL, 1);
        interpreter_backward_double(it, once, NULL);
        interpreter_backward_double(it, twice, NULL);
        interpreter_backward_double(it, twice, NULL);
        for (size_t k = 0; k < model->descriptor.gradient_count; k++)
            once[k] *= 2;
        expect_near(texts[i], twice, once, model->descriptor.gradient_count, 1e-14);
        interpreter_free_double(it);
        build_model_free(model);
    }
}

Test(interpreter, a_callers_own_loss_is_the_same_as_ours)
{
    double weights[MOST], x[10], y[6], d[6], first[MOST] = { 0 }, second[MOST] = { 0 };
    Model *model = build_model("float 5 | Dense units=3 activation=sigmoid | loss=mse");
    Interpreter_double *it = create(model, 2);
    fill_weights(weights, MOST);
    fill_inputs(x, 10);
    fill_inputs(y, 6);
    interpreter_forward_double(it, weights, x, 2, 0, 0);
    interpreter_loss_double(it, y, NULL, 1);
    interpreter_backward_double(it, first, NULL);
    for (int i = 0; i < 6; i++)
        d[i] = 2 * (interpreter_output_double(it)[i] - y[i]) / 3;
    interpreter_set_d_output_double(it, d);
    interpreter_backward_double(it, second, NULL);
    expect_near("gradients", second, first, model->descriptor.gradient_count, 1e-15);
    interpreter_free_double(it);
    build_model_free(model);
}

/* ---- dropout ---- */

Test(interpreter, dropout_is_the_counters_noise)
{
    enum { WIDTH = 2000, ROWS = 20 };
    static double x[ROWS * WIDTH], y[ROWS * WIDTH];
    Model *model = build_model("float 2000 | Dropout rate=0.25 | Flatten");
    Interpreter_double *it = create(model, ROWS);
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = 1;
    interpreter_forward_double(it, NULL, x, ROWS, 7, 0);
    expect_near("seed 0", interpreter_output_double(it), x, ROWS * WIDTH, 0);

    interpreter_forward_double(it, NULL, x, ROWS, 7, 99);
    memcpy(y, interpreter_output_double(it), sizeof y);
    double sum = 0;
    for (int row = 0; row < ROWS; row++)
        for (int i = 0; i < WIDTH; i++) {
            double noise = lstmc_dropout_noise(0.25f, 99, 1, (uint64_t)row + 7, (uint64_t)i);
            cr_assert_eq(y[row * WIDTH + i], noise, "row %d element %d: %g, noise %g", row, i, y[row * WIDTH + i], noise);
            sum += noise;
        }
    /* 40 000 draws of standard deviation 0.58: 5 standard errors are 0.0145 */
    cr_expect_float_eq(sum / (ROWS * WIDTH), 1, 0.0145, "mean %g", sum / (ROWS * WIDTH));

    interpreter_forward_double(it, NULL, x, ROWS, 7, 99);
    expect_near("again", interpreter_output_double(it), y, ROWS * WIDTH, 0);
    interpreter_forward_double(it, NULL, x, ROWS - 3, 10, 99);      /* the shard that begins 3 rows later */
    expect_near("shard", interpreter_output_double(it), y + 3 * WIDTH, (ROWS - 3) * WIDTH, 0);
    interpreter_free_double(it);
    build_model_free(model);
}

/* ---- float, tokens ---- */

Test(interpreter, float_is_near_double)
{
    static double weights[MOST], x[MOST], y[MOST], gradients[MOST];
    static float weights_float[MOST], x_float[MOST], y_float[MOST], gradients_float[MOST];
    Model *model = build_model("float 9 3 | LSTM units=5 return_sequences=1 | GRU units=4 | Dense units=2 activation=sigmoid | "
                               "loss=binary_crossentropy");
    Interpreter_double *it = create(model, 2);
    Interpreter_float *single = interpreter_create_float(model, 2, NULL, NULL);
    cr_assert_not_null(single);
    fill_weights(weights, MOST);
    fill_inputs(x, MOST);
    for (int i = 0; i < MOST; i++) {
        y[i] = i % 2;
        weights_float[i] = (float)weights[i], x_float[i] = (float)x[i], y_float[i] = (float)y[i];
    }
    interpreter_forward_double(it, weights, x, 2, 0, 0);
    interpreter_forward_float(single, weights_float, x_float, 2, 0, 0);
    double loss = interpreter_loss_double(it, y, NULL, 1), loss_float = (double)interpreter_loss_float(single, y_float, NULL, 1);
    cr_expect_float_eq(loss_float, loss, 1e-5, "%.9g %.9g", loss_float, loss);
    interpreter_backward_double(it, gradients, NULL);
    interpreter_backward_float(single, gradients_float, NULL);
    for (int w = 0; w < model->descriptor.weight_tensors; w++) {
        const struct lstmc_tensor *tensor = &model->descriptor.weights[w];
        double worst = 0, scale = 1e-6;
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            worst = fmax(worst, fabs((double)gradients_float[i] - gradients[i]));
            scale = fmax(scale, fabs(gradients[i]));
        }
        cr_expect_leq(worst / scale, 1e-5, "%s: deviation %g", tensor->name, worst / scale);
    }
    interpreter_free_double(it);
    interpreter_free_float(single);
    build_model_free(model);
}

Test(interpreter, ids_out_of_range_count_as_0)
{
    const int32_t ids[] = { 3, -1, 4, 0, 0, 2147483647 }, safe[] = { 3, 0, 0, 0, 0, 0 };
    double weights[8], y[12];
    fill_weights(weights, 8);
    Model *model = build_model("tokens 3 vocabulary=4 | Embedding output_dim=2");
    Interpreter_double *it = create(model, 2);
    interpreter_forward_double(it, weights, safe, 2, 0, 0);
    memcpy(y, interpreter_output_double(it), sizeof y);
    cr_expect_eq(y[0], weights[6]);
    interpreter_forward_double(it, weights, ids, 2, 0, 0);
    expect_near("y", interpreter_output_double(it), y, 12, 0);
    interpreter_free_double(it);
    build_model_free(model);
}
