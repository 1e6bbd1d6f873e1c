/* test_digits.c: activations, their derivatives and losses keep their digits where 1 - (1 - small) would lose them: in every target, and in the
 * interpreter in single precision. */
#include "oracles.h"
#include "toolchain.h"

#include "runtime/interpreter/interpreter.h"

#include <criterion/criterion.h>
#include <math.h>

/* All activations of one number at once: row k of the output is the k-th. */
static const char squashed[] =
    "local names = { 'linear', 'relu', 'relu6', 'leaky_relu', 'elu', 'selu', 'gelu', 'silu', 'mish', 'sigmoid', 'hard_sigmoid', 'hard_silu', 'tanh',\n"
    "                'softplus', 'softsign', 'exponential' }\n"
    "local arguments = {}\n"
    "for i, name in ipairs(names) do arguments[i] = { 'a' .. i, 'activation', name } end\n"
    "local All = layer 'All' {\n"
    "  arguments = arguments, over = 'sample', input = 'vector',\n"
    "  shape     = function(a, x) return { #names, x.features } end,\n"
    "  call      = function(a, w, x)\n"
    "    local k, n = axes 'k n'\n"
    "    local y, sum = tensor{ #names, x.features }, 0\n"
    "    for i = 1, #names do\n"
    "      local value = a['a' .. i](x)\n"
    "      sum = sum + equal(k, i - 1) * value[{ n }]\n"
    "    end\n"
    "    y[{ k, n }] = sum\n"
    "    return y\n"
    "  end,\n"
    "}\n"
    "return Sequential{ name = 'squashed', batch_size = 1, Input{46}, All{} }\n";

static const struct { const char *name, *text; } models[] = {
    { "squashed", squashed },
    { "logit", "return Sequential{ name = 'logit', batch_size = 1, Input{1}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy' }" },
    { "probability", "return Sequential{ name = 'probability', batch_size = 1, Input{1}, Activation{'linear'}, loss = 'binary_crossentropy' }" },
    { "rows", "return Sequential{ name = 'rows', batch_size = 1, Input{3}, Activation{'log_softmax'} }" },
    { "tanh_layer", "return Sequential{ name = 'tanh_layer', batch_size = 1, Input{46}, Activation{'tanh'} }" },
    { "sigmoid_layer", "return Sequential{ name = 'sigmoid_layer', batch_size = 1, Input{46}, Activation{'sigmoid'} }" },
};

static void try_generated(const char *target, int lanes, bool precise, bool dispatch, const char *compile)
{
    static const char *const names[] = { "squashed", "logit", "probability", "rows", "tanh_layer", "sigmoid_layer", NULL };
    struct workshop shop;
    const CompileOptions options = { .target = target_with_lanes(target_find(target), lanes), .input_gradient = true, .precise = precise,
                                     .dispatch = dispatch };
    workshop_open(&shop);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        workshop_model(&shop, models[i].name, models[i].text, &options);
    workshop_list(&shop, names);
    workshop_run(&shop, "%s " GENERATED_WARNINGS_AS_ERRORS " -I. $dropin/digits.c squashed.c logit.c probability.c rows.c "
                        "tanh_layer.c sigmoid_layer.c -o digits -lm && ./digits",
                 compile);
    workshop_close(&shop);
}

Test(digits, of_plain_loops) { try_generated("plain", 1, false, false, "gcc -O1"); }
Test(digits, of_vectors_of_four) { try_generated("vector", 4, false, false, "clang -O1"); }
Test(digits, of_vectors_of_eight) { try_generated("vector", 8, false, false, "gcc -O2 -march=native"); }
Test(digits, of_vectors_of_sixteen_and_none) { try_generated("vector", 16, true, false, "gcc -O1 -DLSTMC_NO_VECTORS"); }
Test(digits, of_bodies_for_each_processor) { try_generated("vector", 16, false, true, "clang -O1"); }

/* ---- the interpreter in float, against itself in double ---- */

enum { PLACES = 24 };
static const float places[PLACES] = { 0, 1e-10f, -1e-10f, 1e-6f, -1e-6f, 0.01f, -0.01f, 0.4f, -0.4f, 0.9f, -0.9f, 2, -2, 4.5f, -4.5f, 8, -8, 12, -12, 20, -20,
                                      40, -40, 80 };

static void expect_digits(const char *activation, const char *what, const float *got, const double *expected)
{
    for (int i = 0; i < PLACES; i++) {
        double bound = 1e-5 * fabs(expected[i]) + 1e-37;
        bool tail_of_gelu = !strcmp(activation, "gelu") && fabs((double)places[i]) > 8;    /* exp(-x*x) knows x*x to 24 bits */
        cr_expect(tail_of_gelu || fabs((double)got[i] - expected[i]) <= bound, "%s, %s at %.9g: %.9g, should be %.9g", activation, what,
                  (double)places[i], (double)got[i], expected[i]);
    }
}

static void interpret(Arena *arena, const char *activation)
{
    struct lstmc_message message = { "" };
    float x[PLACES], slope[PLACES], ones[PLACES];
    double x_double[PLACES], slope_double[PLACES], ones_double[PLACES];
    Description *description = oracle_read(arena, arena_format(arena, "Input{%d}, Activation{\"%s\"}", PLACES, activation));
    const Model *model = description_model(description);
    Interpreter_float *single = interpreter_create_float(model, 1, NULL, &message);
    Interpreter_double *twice = interpreter_create_double(model, 1, NULL, &message);
    cr_assert(single && twice, "%s", message.text);
    for (int i = 0; i < PLACES; i++) {
        x_double[i] = x[i] = places[i];
        ones_double[i] = ones[i] = 1;
    }
    interpreter_forward_float(single, NULL, x, 1, 0, 0);
    interpreter_forward_double(twice, NULL, x_double, 1, 0, 0);
    expect_digits(activation, "value", interpreter_output_float(single), interpreter_output_double(twice));
    interpreter_set_d_output_float(single, ones);
    interpreter_set_d_output_double(twice, ones_double);
    interpreter_backward_float(single, NULL, slope);
    interpreter_backward_double(twice, NULL, slope_double);
    expect_digits(activation, "derivative", slope, slope_double);
    interpreter_free_float(single);
    interpreter_free_double(twice);
    description_free(description);
}

Test(digits, of_the_interpreter_in_single_precision)
{
    static const char *const names[] = { "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "sigmoid", "hard_sigmoid",
                                         "hard_silu", "tanh", "softplus", "softsign" };
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        interpret(arena, names[i]);
    arena_free(arena);
}
