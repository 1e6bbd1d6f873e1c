/* functions.c: in: an activation as ONNX has it, with its numbers.  out: what a description calls it; where Keras has
 * none like it, an activation of the description's own. */
#include "flow.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

typedef struct Function {
    const char *operation;
    double alpha, beta;         /* what they are unless they are given */
    const char *keras;          /* NULL: none */
    double keras_alpha, keras_beta;     /* the numbers with which it is Keras's */
    const char *formula;        /* A and B: the numbers */
} Function;

static const Function functions[] = {
    { "Relu", 0, 0, "relu", 0, 0, "max(x, 0)" },
    { "Tanh", 0, 0, "tanh", 0, 0, "tanh(x)" },
    { "Sigmoid", 0, 0, "sigmoid", 0, 0, "sigmoid(x)" },
    { "Softplus", 0, 0, "softplus", 0, 0, "softplus(x)" },
    { "Softsign", 0, 0, "softsign", 0, 0, "x / (1 + abs(x))" },
    { "Mish", 0, 0, "mish", 0, 0, "x * tanh(softplus(x))" },
    { "HardSwish", 0, 0, "hard_silu", 0, 0, "x * min(max(x / 6 + 0.5, 0), 1)" },
    { "Swish", 1, 0, "silu", 1, 0, "x * sigmoid(A * x)" },
    { "Elu", 1, 0, "elu", 1, 0, "max(x, 0) + A * expm1(min(x, 0))" },
    { "LeakyRelu", 0.01, 0, "leaky_relu", 0.2, 0, "max(x, 0) + A * min(x, 0)" },
    { "Selu", 1.67326319217681884765625, 1.05070102214813232421875, "selu", 1.67326319217681884765625,
      1.05070102214813232421875, "B * (max(x, 0) + A * expm1(min(x, 0)))" },
    { "HardSigmoid", 0.2, 0.5, "hard_sigmoid_keras2", 0.2, 0.5, "min(max(A * x + B, 0), 1)" },
    { "HardSigmoid", 0.2, 0.5, "hard_sigmoid", 1.0 / 6, 0.5, "min(max(A * x + B, 0), 1)" },
    { "Gelu", 0, 0, "gelu", 0, 0, "0.5 * x * (1 + erf(x * 0.70710678118654752))" },
    { "GeluTanh", 0, 0, NULL, 0, 0, "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))" },
    { "Exp", 0, 0, "exponential", 0, 0, "exp(x)" },
    { "Affine", 1, 0, "linear", 1, 0, "A * x + B" },
    { "ThresholdedRelu", 1, 0, NULL, 0, 0, "x * greater(x, A)" },
    { "ScaledTanh", 1, 1, NULL, 0, 0, "A * tanh(B * x)" },
    { "Celu", 1, 0, "elu", 1, 0, "max(x, 0) + A * expm1(min(x, 0) / A)" },
    { "Abs", 0, 0, NULL, 0, 0, "abs(x)" },
    { "Sqrt", 0, 0, NULL, 0, 0, "sqrt(x)" },
    { "Log", 0, 0, NULL, 0, 0, "log(x)" },
    { "Erf", 0, 0, NULL, 0, 0, "erf(x)" },
    { "Reciprocal", 0, 0, NULL, 0, 0, "1 / x" },
};

#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fabs(b);
}

static bool is_keras(const Function *function, double alpha, double beta)
{
    return function->keras && is_near(alpha, function->keras_alpha) && is_near(beta, function->keras_beta);
}

/* The formula with its numbers. */
static const char *filled(Arena *arena, const char *formula, double alpha, double beta)
{
    const char *text = "";
    for (const char *c = formula; *c; c++)
        text = *c == 'A' || *c == 'B' ? arena_format(arena, "%s%s", text, lua_number(arena, *c == 'A' ? alpha : beta))
                                      : arena_format(arena, "%s%c", text, *c);
    return text;
}

/* leaky_relu_0_01 */
static const char *own_name(Arena *arena, const Function *function, double alpha, double beta, double clip)
{
    const char *text = snake_case(arena, function->operation);
    if (strchr(function->formula, 'A'))
        text = arena_format(arena, "%s_%s", text, lua_number(arena, alpha));
    if (strchr(function->formula, 'B'))
        text = arena_format(arena, "%s_%s", text, lua_number(arena, beta));
    if (clip > 0)
        text = arena_format(arena, "%s_of_%s", text, lua_number(arena, clip));
    char *name = arena_copy_text(arena, text);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = *c == '-' ? 'm' : '_';
    return name;
}

static const Function *find(const char *operation, double alpha, double beta)
{
    const Function *found = NULL;
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        if (!strcasecmp(functions[i].operation, operation) && (!found || is_keras(&functions[i], alpha, beta)))
            found = &functions[i];
    return found;
}

bool is_function(const char *operation)
{
    return find(operation, 0, 0) != NULL;
}

void function_numbers(const char *operation, double *alpha, double *beta)
{
    const Function *function = find(operation, 0, 0);
    *alpha = function ? function->alpha : 0;
    *beta = function ? function->beta : 0;
}

bool function_takes(const char *operation, char number)
{
    const Function *function = find(operation, 0, 0);
    return function && strchr(function->formula, number);
}

const char *function_name(Importer *importer, const char *operation, double alpha, double beta, double clip)
{
    const Function *function = find(operation, alpha, beta);
    Arena *arena = importer->arena;
    if (!function)
        return NULL;
    alpha = strchr(function->formula, 'A') ? alpha : function->keras_alpha;
    beta = strchr(function->formula, 'B') ? beta : function->keras_beta;
    if (is_keras(function, alpha, beta) && !(clip > 0))
        return function->keras;
    const char *name = own_name(arena, function, alpha, beta, clip), *bound = lua_number(arena, clip);
    const char *body = filled(arena, function->formula, alpha, beta), *before = "";
    if (clip > 0)
        before = arena_format(arena, "    x = min(max(x, -%s), %s)\n", bound, bound);
    define(importer, arena_format(arena, "activation \"%s\" {\n  call = function(x)\n%s    local y = %s\n"
                                  "    return y\n  end,\n}\n", name, before, body));
    return name;
}
