/* export_activation.c: in: the name of an activation.  out: the operations of ONNX that compute it. */
#include "export.h"

#include <string.h>

/* One operation, perhaps with alpha, perhaps with beta too. */
static const struct { const char *name, *operation; double alpha, beta; int numbers; } simple[] = {
    { "relu", "Relu", 0, 0, 0 }, { "tanh", "Tanh", 0, 0, 0 }, { "sigmoid", "Sigmoid", 0, 0, 0 },
    { "elu", "Elu", 1, 0, 1 }, { "selu", "Selu", 0, 0, 0 }, { "softplus", "Softplus", 0, 0, 0 },
    { "softsign", "Softsign", 0, 0, 0 }, { "exponential", "Exp", 0, 0, 0 }, { "leaky_relu", "LeakyRelu", 0.2, 0, 1 },
    { "hard_sigmoid_keras2", "HardSigmoid", 0.2, 0.5, 2 }, { "hard_sigmoid", "HardSigmoid", 1.0 / 6, 0.5, 2 },
    { "hard_silu", "HardSwish", 0, 0, 0 },
};
#define SIMPLE (sizeof simple / sizeof *simple)

static void softmax(OnnxExport *to, const ExportLayer *one, const char *name, const char *x, const char *y)
{
    const char *operation = !strcmp(name, "softmax") ? "Softmax" : "LogSoftmax";
    export_integer(to, export_node(to, one, operation, y, x, NULL), "axis", -1);
}

/* x Phi(x) = x / 2 (1 + erf(x / sqrt 2)) */
static void gelu(OnnxExport *to, const ExportLayer *one, const char *x, const char *y)
{
    const char *scaled = export_flow(to, one, "scaled"), *erf = export_flow(to, one, "erf");
    const char *more = export_flow(to, one, "more"), *product = export_flow(to, one, "product");
    export_node(to, one, "Mul", scaled, x, export_scalar(to, one, "sqrt_half", 0.70710678118654752440), NULL);
    export_node(to, one, "Erf", erf, scaled, NULL);
    export_node(to, one, "Add", more, erf, export_scalar(to, one, "one", 1), NULL);
    export_node(to, one, "Mul", product, x, more, NULL);
    export_node(to, one, "Mul", y, product, export_scalar(to, one, "half", 0.5), NULL);
}

/* x times a function of x, by way of one or two operations. */
static void gated(OnnxExport *to, const ExportLayer *one, const char *first, const char *second, const char *x,
                  const char *y)
{
    const char *gate = export_flow(to, one, "gate");
    export_node(to, one, first, gate, x, NULL);
    if (second) {
        const char *next = export_flow(to, one, "gate");
        export_node(to, one, second, next, gate, NULL);
        gate = next;
    }
    export_node(to, one, "Mul", y, x, gate, NULL);
}

void export_activation(OnnxExport *to, const ExportLayer *one, const char *name, const char *x, const char *y)
{
    if (!name || !strcmp(name, "linear")) {
        export_node(to, one, "Identity", y, x, NULL);
        return;
    }
    for (size_t i = 0; i < SIMPLE; i++)
        if (!strcmp(simple[i].name, name)) {
            ExportNode *node = export_node(to, one, simple[i].operation, y, x, NULL);
            if (simple[i].numbers > 0)
                export_number(to, node, "alpha", simple[i].alpha);
            if (simple[i].numbers > 1)
                export_number(to, node, "beta", simple[i].beta);
            return;
        }
    if (!strcmp(name, "softmax") || !strcmp(name, "log_softmax"))
        softmax(to, one, name, x, y);
    else if (!strcmp(name, "gelu"))
        gelu(to, one, x, y);
    else if (!strcmp(name, "silu"))
        gated(to, one, "Sigmoid", NULL, x, y);
    else if (!strcmp(name, "mish"))
        gated(to, one, "Softplus", "Tanh", x, y);
    else if (!strcmp(name, "relu6"))
        export_node(to, one, "Clip", y, x, export_scalar(to, one, "low", 0), export_scalar(to, one, "high", 6), NULL);
    else
        export_cannot(to, one->layer, "ONNX has no activation %s", name);
}

const char *export_cell_activation(const char *name, float *alpha, float *beta, int *numbers)
{
    static const char *const known[] = { "relu", "tanh", "sigmoid", "elu", "softplus", "softsign", "leaky_relu",
                                         "hard_sigmoid", "hard_sigmoid_keras2" };
    *alpha = *beta = 0;
    *numbers = 0;
    if (name && !strcmp(name, "linear")) {
        *alpha = 1;
        *numbers = 2;
        return "Affine";
    }
    for (size_t k = 0; name && k < sizeof known / sizeof *known; k++)
        for (size_t i = 0; !strcmp(known[k], name) && i < SIMPLE; i++)
            if (!strcmp(simple[i].name, name)) {
                *alpha = (float)simple[i].alpha;
                *beta = (float)simple[i].beta;
                *numbers = simple[i].numbers;
                return simple[i].operation;
            }
    return NULL;
}
