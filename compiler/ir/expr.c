/* expr.c: scalar expressions: what the rows of ops.h need to be derived and folded; constructors fold as they build. */
#include "ir.h"

#include <math.h>

#define TWO_OVER_SQRT_PI 1.1283791670955126

/* e / (1 + e)^2 */
static double slope(double e)
{
    return e / ((1 + e) * (1 + e));
}

/* ---- derivatives ---- */

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

static Expr *adjoint_keep(Arena *arena, const Expr *expr, int which, Expr *d_expr)
{
    (void)which;
    return expr_make(arena, OP_KEEP, expr->argument[0], d_expr);
}

/* ---- folding ---- */

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

static Expr *fold_add(Arena *arena, Expr *a, Expr *b) { return fold_sum(arena, OP_ADD, a, b); }
static Expr *fold_subtract(Arena *arena, Expr *a, Expr *b) { return fold_sum(arena, OP_SUBTRACT, a, b); }
static Expr *fold_multiply(Arena *arena, Expr *a, Expr *b) { return fold_product(arena, OP_MULTIPLY, a, b); }
static Expr *fold_divide(Arena *arena, Expr *a, Expr *b) { return fold_product(arena, OP_DIVIDE, a, b); }

static Expr *fold_negate(Arena *arena, Expr *a, Expr *b)
{
    (void)b;
    if (a->op == OP_NEGATE)
        return a->argument[0];
    return a->op == OP_SUBTRACT ? expr_make(arena, OP_SUBTRACT, a->argument[1], a->argument[0]) : NULL;
}

static Expr *fold_keep(Arena *arena, Expr *mask, Expr *v)
{
    if (mask->op == OP_CONSTANT)
        return mask->value != 0 ? v : expr_constant(arena, 0);
    return is_constant(v, 0) ? v : NULL;
}

/* ---- the table ---- */

#define LEAF(op, ...)
#define OPERATION(op, formula, ...) \
    static double evaluate_##op(double a, double b) \
    { \
        (void)a, (void)b; \
        return formula; \
    }
#include "ops.h"
#undef LEAF
#undef OPERATION

const OpTraits op_traits[OP_COUNT] = {
#define LEAF(op, ...)               [OP_##op] = { __VA_ARGS__ },
#define OPERATION(op, formula, ...) [OP_##op] = { .evaluate = evaluate_##op, __VA_ARGS__ },
#include "ops.h"
#undef LEAF
#undef OPERATION
};

/* ---- constructors ---- */

bool expr_flows(const Expr *expr, int which)
{
    const OpTraits *traits = &op_traits[expr->op];
    return (traits->derive || traits->adjoint) && which >= traits->first_flows && which < traits->arity;
}

static Expr *derivative_of(Arena *arena, const Expr *expr, int which, Expr *output, bool recurs)
{
    const OpTraits *traits = &op_traits[expr->op];
    if (recurs && output && traits->derive_fast)
        return traits->derive_fast(arena, output);
    return traits->derive(arena, expr, which, output);
}

/* What is kept is multiplied inside: the factor may be a NaN where the mask is 0. */
static Expr *scale_adjoint(Arena *arena, Expr *adjoint, Expr *factor)
{
    if (adjoint->op == OP_KEEP)
        return expr_make(arena, OP_KEEP, adjoint->argument[0], scale_adjoint(arena, adjoint->argument[1], factor));
    return expr_make(arena, OP_MULTIPLY, adjoint, factor);
}

Expr *expr_adjoint(Arena *arena, const Expr *expr, int which, Expr *d_expr, Expr *output, bool recurs)
{
    const OpTraits *traits = &op_traits[expr->op];
    if (!expr_flows(expr, which))
        return expr_constant(arena, 0);
    if (traits->adjoint)
        return traits->adjoint(arena, expr, which, d_expr);
    return scale_adjoint(arena, d_expr, derivative_of(arena, expr, which, output, recurs));
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

Expr *expr_make(Arena *arena, Op op, Expr *a, Expr *b)
{
    const OpTraits *traits = &op_traits[op];
    if (traits->arity == 0 || !a || !b != (traits->arity == 1))
        die("expression %s: wrong number of arguments", traits->name);
    if (a->op == OP_CONSTANT && (!b || b->op == OP_CONSTANT))
        return expr_constant(arena, traits->evaluate(a->value, b ? b->value : 0));
    Expr *folded = traits->fold ? traits->fold(arena, a, b) : NULL;
    if (folded)
        return folded;
    Expr *expr = arena_new(arena, Expr);
    expr->op = op;
    expr->argument[0] = a;
    expr->argument[1] = b;
    return expr;
}

Expr *expr_with_accesses(Arena *arena, const Expr *expr, Access (*rewrite)(void *context, const Access *access),
                         void *context)
{
    Expr *copy = arena_new(arena, Expr);
    *copy = *expr;
    if (expr->op == OP_LOAD)
        copy->access = rewrite(context, &expr->access);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        copy->argument[i] = expr_with_accesses(arena, expr->argument[i], rewrite, context);
    return copy;
}
