/* test_onnx_activations.c: activations that exporters spell by several operators come back as what they are; what only
 * looks like one does not. */
#include "command.h"
#include "onnx_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double silu(double x) { return x * sigmoid(x); }
static double mish(double x) { return x * tanh(log1p(exp(x))); }
static double softsign(double x) { return x / (1 + fabs(x)); }
static double hard_sigmoid(double x) { return fmin(fmax(x / 6 + 0.5, 0), 1); }
static double hard_sigmoid_keras2(double x) { return fmin(fmax(0.2 * x + 0.5, 0), 1); }
static double hard_silu(double x) { return x * hard_sigmoid(x); }
static double gelu(double x) { return 0.5 * x * (1 + erf(x / sqrt(2))); }
static double gelu_tanh(double x) { return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x))); }
static double loud_silu(double x) { return x * sigmoid(1.5 * x); }
static double silu_of_relu(double x) { return silu(fmax(x, 0)); }

typedef struct Spelling {
    const char *nodes[9];       /* operator, inputs, output; x is the Dense's output, y the graph's */
    double (*of)(double x);
    const char *text;           /* of the description */
} Spelling;

static const Spelling spellings[] = {
    { { "Div x,root2 a", "Erf a b", "Add b,one c", "Mul x,c d", "Mul d,half y" }, gelu, "activation = \"gelu\"" },
    { { "Mul half,x h", "Mul x,root_half a", "Erf a b", "Add one,b c", "Mul h,c y" }, gelu, "activation = \"gelu\"" },
    { { "Pow x,three p", "Mul p,k q", "Add x,q r", "Mul r,s t", "Tanh t u", "Add u,one v", "Mul x,v z",
        "Mul z,half y" },
      gelu_tanh, "activation = \"gelu_tanh\"" },
    { { "Mul x,x p0", "Mul p0,x p", "Mul k,p q", "Add q,x r", "Mul s,r t", "Tanh t u", "Add one,u v",
        "Mul half,x z", "Mul z,v y" },
      gelu_tanh, "activation = \"gelu_tanh\"" },
    { { "Sigmoid x a", "Mul a,x y" }, silu, "activation = \"silu\"" },
    { { "Neg x n", "Exp n e", "Add e,one d", "Div x,d y" }, silu, "activation = \"silu\"" },
    { { "Softplus x a", "Tanh a b", "Mul x,b y" }, mish, "activation = \"mish\"" },
    { { "Exp x e", "Add e,one p", "Log p a", "Tanh a b", "Mul x,b y" }, mish, "activation = \"mish\"" },
    { { "Abs x a", "Add a,one b", "Div x,b y" }, softsign, "activation = \"softsign\"" },
    { { "Add x,three a", "Clip a,zero,six b", "Div b,six y" }, hard_sigmoid, "activation = \"hard_sigmoid\"" },
    { { "Add x,three a", "Relu a b", "Min b,six c", "Mul c,sixth d", "Mul d,x y" },
      hard_silu, "activation = \"hard_silu\"" },
    { { "Neg x n", "Exp n e", "Add e,one d", "Reciprocal d y" }, sigmoid, "activation = \"sigmoid\"" },
    /* another factor; a part that is read elsewhere stays a layer */
    { { "Mul x,loud l", "Sigmoid l a", "Mul a,x y" }, loud_silu, "Multiply{}" },
    { { "Relu x r", "Sigmoid r a", "Mul a,r y" }, silu_of_relu, "Activation{\"silu\"}" },
    /* the same function as its first node: nothing is taken together */
    { { "HardSigmoid x a", "Max a,a y" }, hard_sigmoid_keras2, "Maximum{}" },
};

static OnnxFile graph_of(const Spelling *spelling, const char *more)
{
    static const struct { const char *name; float number; } numbers[] = {
        { "zero", 0 }, { "one", 1 }, { "half", 0.5f }, { "three", 3 }, { "six", 6 }, { "sixth", 1 / 6.0f },
        { "loud", 1.5f },
        { "root2", 1.41421354f }, { "root_half", 0.707106769f }, { "k", 0.044715f }, { "s", 0.797884583f },
    };
    OnnxFile graph = { NULL, 0, 0 };
    onnx_graph_input(&graph, "in", ONNX_FLOAT, "batch,4,5");
    onnx_graph_weights(&graph, "w", "5,3", 1);
    onnx_graph_weights(&graph, "bias", "3", 2);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        onnx_graph_number(&graph, numbers[i].name, numbers[i].number);
    onnx_graph_node(&graph, "MatMul", "in,w", "m", "");
    onnx_graph_node(&graph, "Add", "m,bias", "x", "");
    for (int i = 0; i < 9 && spelling->nodes[i]; i++) {
        char operation[20], inputs[30], output[10];
        cr_assert_eq(sscanf(spelling->nodes[i], "%19s %29s %9s", operation, inputs, output), 3);
        onnx_graph_node(&graph, operation, inputs, output, "");
    }
    onnx_graph_output(&graph, "y");
    if (*more)
        onnx_graph_output(&graph, more);
    return graph;
}

/* The numbers of the first output, and the text of the description; to be freed. */
static char *ask(const char *place, const Spelling *spelling, const char *more)
{
    OnnxFile graph = graph_of(spelling, more), model = onnx_file_of(13, &graph);
    OnnxNames names = onnx_file_names(&model);
    struct onnx_tensor in = { .rank = 3, .dims = { 3, 4, 5 }, .count = 60 }, outputs[2];
    double *weights = onnx_weights(15, 1), *bias = onnx_weights(3, 2), away = 0;
    char why[ONNX_ASK_WHY] = "";
    in.values = onnx_weights(60, 7);
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    int count = onnx_file_ask(place, &names, &in, 1, outputs, why);
    cr_expect_eq(count, 1 + (*more != 0), "%s: %s", spelling->nodes[0], why);
    for (size_t i = 0; count > 0 && i < 36; i++) {
        double x = bias[i % 3];
        for (size_t k = 0; k < 5; k++)
            x += in.values[i / 3 * 5 + k] * weights[k * 3 + i % 3];
        away = fmax(away, fabs(outputs[0].values[i] - spelling->of(x)));
    }
    cr_expect(away < 2e-6, "%s: %g away", spelling->nodes[0], away);
    for (int i = 0; i < count; i++)
        free(outputs[i].values);
    onnx_file_free(&model);
    free(in.values), free(weights), free(bias);
    return command_read_file(place, "m.lua");
}

Test(onnx_activations, are_called_by_their_names, .timeout = 120)
{
    char *place = command_folder();
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        char *text = ask(place, &spellings[i], "");
        cr_expect(text && strstr(text, spellings[i].text), "%s: no %s in\n%s", spellings[i].nodes[0], spellings[i].text,
                  text ? text : "nothing");
        free(text);
    }
    command_folder_remove(place);
}

/* Then the activation is a layer of its own, or its parts are. */
Test(onnx_activations, of_which_others_read_a_part, .timeout = 60)
{
    static const Spelling *const spelling = &spellings[0];
    static const char *const parts[][2] = { { "x", "Activation{\"gelu\"}" }, { "b", "Multiply{}" } };
    char *place = command_folder();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *text = ask(place, spelling, parts[i][0]);
        cr_expect(text && strstr(text, parts[i][1]), "%s is read: no %s in\n%s", parts[i][0], parts[i][1],
                  text ? text : "nothing");
        free(text);
    }
    command_folder_remove(place);
}
