/* expr.c: scalar expressions: one table row knows all about an operation; constructors fold as they build. */
#include "ir.h"

#include <math.h>

#define TWO_OVER_SQRT_PI 1.1283791670955126

static double evaluate_add(double a, double b) { return a + b; }
static double evaluate_subtract(double a, double b) { return a - b; }
static double evaluate_multiply(double a, double b) { return a * b; }
static double evaluate_divide(double a, double b) { return a / b; }
static double evaluate_negate(double a, double b) { (void)b; return -a; }
static double evaluate_maximum(double a, double b) { return a < b ? b : a; }   /* a NaN in front stays */
static double evaluate_minimum(double a, double b) { return a > b ? b : a; }
static double evaluate_greater(double a, double b) { return a > b; }
static double evaluate_equal(double a, double b) { return a == b; }
static double evaluate_absolute(double a, double b) { (void)b; return fabs(a); }
static double evaluate_sqrt(double a, double b) { (void)b; return sqrt(a); }
static double evaluate_exp(double a, double b) { (void)b; return exp(a); }
static double evaluate_expm1(double a, double b) { (void)b; return expm1(a); }
static double evaluate_log(double a, double b) { (void)b; return log(a); }
static double evaluate_log1p(double a, double b) { (void)b; return log1p(a); }
static double evaluate_tanh(double a, double b) { (void)b; return tanh(a); }
static double evaluate_erf(double a, double b) { (void)b; return erf(a); }
static double evaluate_erfc(double a, double b) { (void)b; return erfc(a); }
static double evaluate_stop(double a, double b) { (void)b; return a; }

/* Neither form overflows on its side of zero. */
static double evaluate_sigmoid(double a, double b)
{
    (void)b;
    if (a >= 0)
        return 1 / (1 + exp(-a));
    double e = exp(a);
    return e / (1 + e);
}

static double evaluate_softplus(double a, double b)
{
    (void)b;
    return (a > 0 ? a : 0) + log1p(exp(-fabs(a)));
}

/* 1 / cosh^2 */
static double evaluate_tanh_slope(double a, double b)
{
    (void)b;
    double e = exp(-2 * fabs(a));
    return 4 * e / ((1 + e) * (1 + e));
}

static double evaluate_sigmoid_slope(double a, double b)
{
    (void)b;
    double e = exp(-fabs(a));
    return e / ((1 + e) * (1 + e));
}

static Expr *same(const Expr *expr)     /* expressions never change once built, so that sharing them is safe */
{
    return (Expr *)expr;
}

static Expr *derive_add(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)expr, (void)which, (void)output;
    return expr_constant(arena, 1);
}

static Expr *derive_subtract(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)expr, (void)output;
    return expr_constant(arena, which == 0 ? 1 : -1);
}

static Expr *derive_multiply(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)arena, (void)output;
    return expr->argument[1 - which];
}

static Expr *derive_divide(Arena *arena, const Expr *expr, int which, Expr *output)
{
    Expr *b = expr->argument[1];
    if (which == 0)
        return expr_make(arena, OP_DIVIDE, expr_constant(arena, 1), b);
    return expr_make(arena, OP_NEGATE, expr_make(arena, OP_DIVIDE, output ? output : same(expr), b), NULL);
}

static Expr *derive_negate(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)expr, (void)which, (void)output;
    return expr_constant(arena, -1);
}

/* Of larger (or smaller) of two. Against a constant the gradient is zero at the kink itself, so that relu'(0) = 0, and
 * clipping stops it; between two values a tie gives it to the first. The stored output tells the side as well as the
 * argument does. */
static Expr *derive_choice(Arena *arena, const Expr *expr, int which, Expr *output, bool larger)
{
    Expr *mine = expr->argument[which], *other = expr->argument[1 - which];
    if (other->op == OP_CONSTANT && output)
        mine = output;
    if (other->op == OP_CONSTANT || which == 1)
        return larger ? expr_make(arena, OP_GREATER, mine, other) : expr_make(arena, OP_GREATER, other, mine);
    Expr *lost = larger ? expr_make(arena, OP_GREATER, other, mine) : expr_make(arena, OP_GREATER, mine, other);
    return expr_make(arena, OP_SUBTRACT, expr_constant(arena, 1), lost);
}

static Expr *derive_maximum(Arena *arena, const Expr *expr, int which, Expr *output)
{
    return derive_choice(arena, expr, which, output, true);
}

static Expr *derive_minimum(Arena *arena, const Expr *expr, int which, Expr *output)
{
    return derive_choice(arena, expr, which, output, false);
}

/* sign(x), 0 at 0 */
static Expr *derive_absolute(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    Expr *zero = expr_constant(arena, 0), *x = expr->argument[0];
    return expr_make(arena, OP_SUBTRACT, expr_make(arena, OP_GREATER, x, zero), expr_make(arena, OP_GREATER, zero, x));
}

static Expr *derive_sqrt(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which;
    return expr_make(arena, OP_DIVIDE, expr_constant(arena, 0.5), output ? output : same(expr));
}

static Expr *derive_exp(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)arena, (void)which;
    return output ? output : same(expr);
}

/* exp(x), not y + 1 */
static Expr *derive_expm1(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return expr_make(arena, OP_EXP, expr->argument[0], NULL);
}

static Expr *derive_log(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return expr_make(arena, OP_DIVIDE, expr_constant(arena, 1), expr->argument[0]);
}

static Expr *derive_log1p(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    Expr *one = expr_constant(arena, 1);
    return expr_make(arena, OP_DIVIDE, one, expr_make(arena, OP_ADD, one, expr->argument[0]));
}

static Expr *derive_tanh(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return expr_make(arena, OP_TANH_SLOPE, expr->argument[0], NULL);
}

/* 1 - y*y */
static Expr *derive_tanh_fast(Arena *arena, Expr *y)
{
    return expr_make(arena, OP_SUBTRACT, expr_constant(arena, 1), expr_make(arena, OP_MULTIPLY, y, y));
}

static Expr *derive_sigmoid(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return expr_make(arena, OP_SIGMOID_SLOPE, expr->argument[0], NULL);
}

/* y * (1 - y) */
static Expr *derive_sigmoid_fast(Arena *arena, Expr *y)
{
    return expr_make(arena, OP_MULTIPLY, y, expr_make(arena, OP_SUBTRACT, expr_constant(arena, 1), y));
}

static Expr *derive_softplus(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return expr_make(arena, OP_SIGMOID, expr->argument[0], NULL);
}

/* factor exp(-x*x) */
static Expr *bell(Arena *arena, double factor, Expr *x)
{
    Expr *square = expr_make(arena, OP_MULTIPLY, x, x),
         *curve = expr_make(arena, OP_EXP, expr_make(arena, OP_NEGATE, square, NULL), NULL);
    return expr_make(arena, OP_MULTIPLY, expr_constant(arena, factor), curve);
}

static Expr *derive_erf(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return bell(arena, TWO_OVER_SQRT_PI, expr->argument[0]);
}

static Expr *derive_erfc(Arena *arena, const Expr *expr, int which, Expr *output)
{
    (void)which, (void)output;
    return bell(arena, -TWO_OVER_SQRT_PI, expr->argument[0]);
}

const OpTraits op_traits[OP_COUNT] = {
    [OP_CONSTANT] =      { "constant",      0, 0, false, NULL,                   NULL,             NULL },
    [OP_LOAD] =          { "load",          0, 0, false, NULL,                   NULL,             NULL },
    [OP_AXIS] =          { "axis",          0, 0, false, NULL,                   NULL,             NULL },
    [OP_ADD] =           { "+",             2, 1, false, evaluate_add,           derive_add,       NULL },
    [OP_SUBTRACT] =      { "-",             2, 1, false, evaluate_subtract,      derive_subtract,  NULL },
    [OP_MULTIPLY] =      { "*",             2, 2, false, evaluate_multiply,      derive_multiply,  NULL },
    [OP_DIVIDE] =        { "/",             2, 2, false, evaluate_divide,        derive_divide,    NULL },
    [OP_NEGATE] =        { "-",             1, 3, false, evaluate_negate,        derive_negate,    NULL },
    [OP_MAXIMUM] =       { "max",           2, 0, false, evaluate_maximum,       derive_maximum,   NULL },
    [OP_MINIMUM] =       { "min",           2, 0, false, evaluate_minimum,       derive_minimum,   NULL },
    [OP_GREATER] =       { "greater",       2, 0, false, evaluate_greater,       NULL,             NULL },
    [OP_EQUAL] =         { "equal",         2, 0, false, evaluate_equal,         NULL,             NULL },
    [OP_ABSOLUTE] =      { "abs",           1, 0, false, evaluate_absolute,      derive_absolute,  NULL },
    [OP_SQRT] =          { "sqrt",          1, 0, true,  evaluate_sqrt,          derive_sqrt,      NULL },
    [OP_EXP] =           { "exp",           1, 0, true,  evaluate_exp,           derive_exp,       NULL },
    [OP_EXPM1] =         { "expm1",         1, 0, true,  evaluate_expm1,         derive_expm1,     NULL },
    [OP_LOG] =           { "log",           1, 0, true,  evaluate_log,           derive_log,       NULL },
    [OP_LOG1P] =         { "log1p",         1, 0, true,  evaluate_log1p,         derive_log1p,     NULL },
    [OP_TANH] =          { "tanh",          1, 0, true,  evaluate_tanh,          derive_tanh,      derive_tanh_fast },
    [OP_SIGMOID] =       { "sigmoid",       1, 0, true,  evaluate_sigmoid,       derive_sigmoid,  derive_sigmoid_fast },
    [OP_SOFTPLUS] =      { "softplus",      1, 0, true,  evaluate_softplus,      derive_softplus,  NULL },
    [OP_ERF] =           { "erf",           1, 0, true,  evaluate_erf,           derive_erf,       NULL },
    [OP_ERFC] =          { "erfc",          1, 0, true,  evaluate_erfc,          derive_erfc,      NULL },
    [OP_TANH_SLOPE] =    { "tanh_slope",    1, 0, true,  evaluate_tanh_slope,    NULL,             NULL },
    [OP_SIGMOID_SLOPE] = { "sigmoid_slope", 1, 0, true,  evaluate_sigmoid_slope, NULL,             NULL },
    [OP_STOP] =          { "stop",          1, 0, false, evaluate_stop,          NULL,             NULL },
};

Expr *expr_derivative(Arena *arena, const Expr *expr, int which, Expr *output, bool recurs)
{
    const OpTraits *traits = &op_traits[expr->op];
    if (recurs && output && traits->derive_fast)
        return traits->derive_fast(arena, output);
    return traits->derive ? traits->derive(arena, expr, which, output) : expr_constant(arena, 0);
}

Expr *expr_constant(Arena *arena, double value)
{
    Expr *expr = arena_new(arena, Expr);
    expr->op = OP_CONSTANT;
    expr->value = value;
    return expr;
}

Expr *expr_load(Arena *arena, Access access)
{
    Expr *expr = arena_new(arena, Expr);
    expr->op = OP_LOAD;
    expr->access = access;
    return expr;
}

Expr *expr_position(Arena *arena, Index position)
{
    if (position.terms == 0)
        return expr_constant(arena, position.constant);
    Expr *expr = arena_new(arena, Expr);
    expr->op = OP_AXIS;
    expr->position = position;
    return expr;
}

static bool is_constant(const Expr *expr, double value)
{
    return expr->op == OP_CONSTANT && expr->value == value;
}

static Expr *fold_sum(Arena *arena, Op op, Expr *a, Expr *b)
{
    if (is_constant(b, 0))
        return a;
    if (is_constant(a, 0))
        return op == OP_ADD ? b : expr_make(arena, OP_NEGATE, b, NULL);
    Op other = op == OP_ADD ? OP_SUBTRACT : OP_ADD;
    if (b->op == OP_NEGATE)
        return expr_make(arena, other, a, b->argument[0]);
    if (b->op == OP_CONSTANT && b->value < 0)
        return expr_make(arena, other, a, expr_constant(arena, -b->value));
    if (op == OP_ADD && a->op == OP_NEGATE)
        return expr_make(arena, OP_SUBTRACT, b, a->argument[0]);
    return NULL;
}

/* A sign moves out of a product, where a sum can swallow it; a / b * c becomes a * c / b only for a == 1. */
static Expr *fold_product(Arena *arena, Op op, Expr *a, Expr *b)
{
    if (is_constant(a, 0))
        return a;
    if (is_constant(b, 1))
        return a;
    if (is_constant(b, -1))
        return expr_make(arena, OP_NEGATE, a, NULL);
    if (a->op == OP_NEGATE)
        return expr_make(arena, OP_NEGATE, expr_make(arena, op, a->argument[0], b), NULL);
    if (b->op == OP_NEGATE)
        return expr_make(arena, OP_NEGATE, expr_make(arena, op, a, b->argument[0]), NULL);
    if (op == OP_DIVIDE)
        return NULL;
    if (is_constant(b, 0))
        return b;
    if (is_constant(a, 1))
        return b;
    if (is_constant(a, -1))
        return expr_make(arena, OP_NEGATE, b, NULL);
    if (b->op == OP_DIVIDE && is_constant(b->argument[0], 1))
        return expr_make(arena, OP_DIVIDE, a, b->argument[1]);
    if (a->op == OP_DIVIDE && is_constant(a->argument[0], 1))
        return expr_make(arena, OP_DIVIDE, b, a->argument[1]);
    return NULL;
}

Expr *expr_make(Arena *arena, Op op, Expr *a, Expr *b)
{
    const OpTraits *traits = &op_traits[op];
    if (traits->arity == 0 || !a || !b != (traits->arity == 1))
        die("expression %s: wrong number of arguments", traits->name);
    if (a->op == OP_CONSTANT && (!b || b->op == OP_CONSTANT))
        return expr_constant(arena, traits->evaluate(a->value, b ? b->value : 0));
    Expr *folded = NULL;
    if (op == OP_ADD || op == OP_SUBTRACT)
        folded = fold_sum(arena, op, a, b);
    else if (op == OP_MULTIPLY || op == OP_DIVIDE)
        folded = fold_product(arena, op, a, b);
    else if (op == OP_NEGATE && a->op == OP_NEGATE)
        folded = a->argument[0];
    else if (op == OP_NEGATE && a->op == OP_SUBTRACT)
        folded = expr_make(arena, OP_SUBTRACT, a->argument[1], a->argument[0]);
    if (folded)
        return folded;
    Expr *expr = arena_new(arena, Expr);
    expr->op = op;
    expr->argument[0] = a;
    expr->argument[1] = b;
    return expr;
}
