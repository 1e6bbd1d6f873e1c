/* emit_expression.c: scalar expressions and accesses as C. */
#include "emit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define FLAT_TERMS_MAX (TENSOR_RANK_MAX * INDEX_TERMS_MAX)

char *float_text(Arena *arena, double value)
{
    if (isnan(value))
        return arena_copy_text(arena, "NAN");
    if (fabs(value) > FLT_MAX)
        return arena_copy_text(arena, value > 0 ? "INFINITY" : "-INFINITY");
    if (fabs(value) < FLT_MIN)      /* a literal that a compiler would round to zero is one that it warns of */
        value = 0;
    char *text = NULL;
    for (int digits = 1; digits <= 9 && (!text || strtof(text, NULL) != (float)value); digits++)
        text = arena_format(arena, "%.*g", digits, value);
    return arena_format(arena, "%s%sf", text, strpbrk(text, ".e") ? "" : ".0");
}

/* ---- affine positions: a constant and terms, with the bindings of the nest put in ---- */

typedef struct Term {
    const char *name;
    int coefficient;
} Term;

typedef struct Affine {
    int constant;
    int terms;
    Term term[FLAT_TERMS_MAX];
} Affine;

static const Binding *binding_of(const Nest *nest, const Axis *axis)
{
    for (int i = 0; i < nest->binding_count; i++)
        if (nest->bindings[i].axis == axis)
            return &nest->bindings[i];
    die("axis %s of a statement of %s is bound nowhere", axis->name, nest->statement->layer);
}

static void add_term(Affine *to, const char *name, int coefficient)
{
    for (int i = 0; i < to->terms; i++)
        if (!strcmp(to->term[i].name, name)) {
            to->term[i].coefficient += coefficient;
            return;
        }
    to->term[to->terms].name = name;
    to->term[to->terms++].coefficient = coefficient;
}

static void add_index(Affine *to, const Nest *nest, const Index *index, int factor)
{
    to->constant += factor * index->constant;
    for (int i = 0; i < index->terms; i++) {
        const Binding *binding = binding_of(nest, index->axis[i]);
        to->constant += factor * index->coefficient[i] * binding->offset;
        if (binding->name)
            add_term(to, binding->name, factor * index->coefficient[i]);
    }
}

/* Larger factors first, others in their order. */
static void sort_terms(Affine *affine)
{
    for (int i = 1; i < affine->terms; i++)
        for (int j = i; j > 0 && affine->term[j].coefficient > affine->term[j - 1].coefficient; j--) {
            Term swap = affine->term[j];
            affine->term[j] = affine->term[j - 1];
            affine->term[j - 1] = swap;
        }
}

/* "100 * g + n", "499 - t": what is positive stands first. */
static char *affine_text(Arena *arena, Affine *affine)
{
    char *text = arena_copy_text(arena, "");
    sort_terms(affine);
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int i = 0; i < affine->terms; i++) {
            int size = sign * affine->term[i].coefficient;
            if (size <= 0)
                continue;
            const char *join = !*text ? (sign > 0 ? "" : "-") : sign > 0 ? " + " : " - ";
            text = size == 1 ? arena_format(arena, "%s%s%s", text, join, affine->term[i].name)
                             : arena_format(arena, "%s%s%d * %s", text, join, size, affine->term[i].name);
        }
        if (sign > 0 && affine->constant > 0)
            text = *text ? arena_format(arena, "%s + %d", text, affine->constant)
                         : arena_format(arena, "%d", affine->constant);
    }
    if (affine->constant < 0)
        text = arena_format(arena, "%s%s%d", text, *text ? " - " : "-", -affine->constant);
    return *text ? text : arena_copy_text(arena, "0");
}

static bool is_single(const Affine *affine)
{
    return affine->terms == 0 || (affine->terms == 1 && affine->term[0].coefficient == 1 && affine->constant == 0);
}

/* ---- accesses ---- */

/* Ids and classes come from outside: the one thing that the checker cannot prove. */
static char *clamped_text(Nest *nest, const Access *access, int count)
{
    return arena_format(nest->arena, "clamped(%s, %d)", access_text(nest, access), count);
}

/* A dimension of a blocked tensor is split: "n / 8" stands first, "n % 8" last. */
static char *split_text(Nest *nest, const Index *index, char sign, int by)
{
    Affine affine = { 0 };
    add_index(&affine, nest, index, 1);
    if (affine.terms == 0)
        return arena_format(nest->arena, "%d", sign == '/' ? affine.constant / by : affine.constant % by);
    return arena_format(nest->arena, is_single(&affine) ? "%s %c %d" : "(%s) %c %d", affine_text(nest->arena, &affine),
                        sign, by);
}

/* Of a dimension whose neighbours share a word. Who writes goes from one to the next; who reads takes even steps, so
 * that k + 1 is where k is. */
static char *word_text(Nest *nest, const Tensor *tensor, const Index *index)
{
    Affine affine = { 0 };
    add_index(&affine, nest, index, 1);
    if (affine.terms == 0 || tensor == nest->statement->out.tensor)
        return split_text(nest, index, '/', 2);
    int words = affine.constant / 2;
    affine.constant = 0;
    char *text = arena_format(nest->arena, "%s / 2", affine_text(nest->arena, &affine));
    return words ? arena_format(nest->arena, "%s + %d", text, words) : text;
}

static char *index_text(Nest *nest, const Tensor *tensor, const Index *index, int dimension)
{
    if (index->gather)
        return clamped_text(nest, index->gather, tensor->extent[dimension]);
    if (dimension == tensor->paired)
        return word_text(nest, tensor, index);
    Affine affine = { 0 };
    add_index(&affine, nest, index, 1);
    if (dimension != tensor->time_dimension || tensor->window < 2)
        return affine_text(nest->arena, &affine);
    if (affine.terms == 0 && affine.constant < tensor->window)    /* "h[24 % 2]" tells which step it is */
        return arena_format(nest->arena, "%d", affine.constant);
    return arena_format(nest->arena, is_single(&affine) ? "%s %% %d" : "(%s) %% %d", affine_text(nest->arena, &affine),
                        tensor->window);
}

/* The dimensions from `first` on as one. */
static char *flat_text(Nest *nest, const Access *access, int first)
{
    Affine affine = { 0 };
    int stride = 1;
    for (int i = access->tensor->rank - 1; i >= first; i--) {
        if (access->index[i].gather)
            die("a flat row of %s is gathered from", access->tensor->name);
        add_index(&affine, nest, &access->index[i], stride);
        stride *= tensor_memory_extent(access->tensor, i);
    }
    return affine_text(nest->arena, &affine);
}

/* One of several inputs or targets: a member of the sample's struct. */
static char *member_text(Nest *nest, const char *samples, const Access *access)
{
    const Tensor *tensor = access->tensor;
    int batch = tensor->batch_dimension;
    char *text = batch < 0 ? arena_format(nest->arena, "%s->%s", samples, c_name(nest->arena, tensor->name))
                           : arena_format(nest->arena, "%s[%s].%s", samples,
                                          index_text(nest, tensor, &access->index[batch], batch),
                                          c_name(nest->arena, tensor->name));
    for (int i = batch + 1; i < tensor->rank; i++)
        text = arena_format(nest->arena, "%s[%s]", text, index_text(nest, tensor, &access->index[i], i));
    return text;
}

/* An argument is a flat array. */
static char *argument_text(Nest *nest, const char *name, const Access *access)
{
    return arena_format(nest->arena, "%s[%s]", name, flat_text(nest, access, 0));
}

char *half_text(Nest *nest, const Access *access)
{
    return split_text(nest, &access->index[access->tensor->paired], '%', 2);
}

/* Steps are even: the constant tells which half. */
static char *read_half_text(Nest *nest, const Access *access, const char *word)
{
    Affine affine = { 0 };
    add_index(&affine, nest, &access->index[access->tensor->paired], 1);
    return arena_format(nest->arena, "%s(&%s)", affine.constant % 2 ? "vec_upper" : "vec_lower", word);
}

char *sample_weight_text(Nest *nest, const Access *access)
{
    return argument_text(nest, "sample_weight", access);
}

/* Of a struct's member, with its first `count` subscripts. */
static char *subscripted_text(Nest *nest, const Access *access, int count)
{
    const Tensor *tensor = access->tensor;
    const char *member = tensor_member(nest->arena, nest->ir, tensor);
    char *text = arena_copy_text(nest->arena, member);
    if (tensor->home != HOME_REGISTER && nest->members)
        text = arena_copy_text(nest->arena, members_text(nest->arena, nest->members, nest->ir, tensor,
                                                         tensor == nest->statement->out.tensor));
    else if (tensor->home != HOME_REGISTER)
        text = arena_format(nest->arena, "%s->%s", home_pointer(nest->ir, tensor->home), member);
    if (tensor->layout == LAYOUT_BLOCKED)
        text = arena_format(nest->arena, "%s[%s]", text,
                            split_text(nest, &access->index[tensor->rank - 1], '/', tensor->lanes));
    for (int i = 0; i < count; i++)
        if (i != tensor->time_dimension || tensor->window != 1)
            text = arena_format(nest->arena, "%s[%s]", text, index_text(nest, tensor, &access->index[i], i));
    return text;
}

char *access_text(Nest *nest, const Access *access)
{
    const Tensor *tensor = access->tensor;
    for (int i = 0; i < nest->constant_count; i++)
        if (access_equal(access, nest->constants[i].access))
            return arena_copy_text(nest->arena, nest->constants[i].name);
    switch (tensor->role) {
    case ROLE_LOSS:
        return arena_copy_text(nest->arena, "loss");
    case ROLE_SCALE:
        return arena_copy_text(nest->arena, "scale");
    case ROLE_SAMPLE_WEIGHT:
        return arena_format(nest->arena, "(sample_weight ? %s : 1.0f)", sample_weight_text(nest, access));
    case ROLE_TARGET:
        return tensor == nest->ir->target ? argument_text(nest, "target", access)
                                          : member_text(nest, "target", access);
    default:
        break;
    }
    if (tensor->home == HOME_ARGUMENT && nest->members)
        nest->members->none = true;
    if (tensor->home == HOME_ARGUMENT && tensor->role == ROLE_INPUT && nest->ir->input_count > 1)
        return member_text(nest, "x", access);
    if (tensor->home == HOME_ARGUMENT && tensor->role == ROLE_LENGTHS)
        return arena_format(nest->arena, "(lengths ? %s : %d)", argument_text(nest, "lengths", access), tensor->steps);
    if (tensor->home == HOME_ARGUMENT)
        return argument_text(nest, tensor->role == ROLE_INPUT ? "x" : "y", access);
    if (tensor->layout == LAYOUT_SPACED)
        return arena_format(nest->arena, "%s[%s]", subscripted_text(nest, access, tensor_row_start(tensor)),
                            flat_text(nest, access, tensor_row_start(tensor)));
    bool blocked = tensor->layout == LAYOUT_BLOCKED;
    char *text = subscripted_text(nest, access, tensor->rank - blocked);
    if (blocked)
        text = arena_format(nest->arena, "%s[%s]", text,
                            split_text(nest, &access->index[tensor->rank - 1], '%', tensor->lanes));
    return tensor_has_words(tensor) && tensor != nest->statement->out.tensor ? read_half_text(nest, access, text)
                                                                             : text;
}

char *lanes_text(Nest *nest, const Access *access, const Axis *lane, bool written)
{
    const Tensor *tensor = access->tensor;
    int dimension = 0, row = tensor->layout == LAYOUT_SPACED ? tensor_row_start(tensor) : tensor->rank - 1;
    while (dimension < row && !index_uses(&access->index[dimension], lane))
        dimension++;
    if (tensor->home == HOME_ARGUMENT || tensor->home == HOME_REGISTER || dimension >= row ||
        (!tensor_is_row_major(tensor) && lane->kind != AXIS_BATCH))
        return arena_format(nest->arena, "&%s", access_text(nest, access));
    return arena_format(nest->arena, "(%sfloat *)%s + %s", written ? "" : "const ",
                        subscripted_text(nest, access, dimension),
                        lane->kind == AXIS_BATCH ? flat_text(nest, access, dimension)
                                                 : index_text(nest, tensor, &access->index[dimension], dimension));
}

size_t lanes_stride(const Access *access, const Axis *lane)
{
    const Tensor *tensor = access->tensor;
    size_t stride = 1;
    if (lane->kind != AXIS_BATCH || tensor->batch_dimension < 0)
        return 1;
    for (int d = tensor->batch_dimension + 1; d < tensor->rank; d++)
        stride *= (size_t)tensor_memory_extent(tensor, d);
    return stride;
}

/* ---- expressions ---- */

/* How many values an integer tensor may take. */
static int range_of(const Nest *nest, const Tensor *tensor)
{
    const struct lstmc_model *descriptor = nest->ir->descriptor;
    if (tensor->role == ROLE_INPUT || tensor->vocabulary)
        return tensor->vocabulary;
    return descriptor->output_rank ? descriptor->output_shape[descriptor->output_rank - 1] : 1;
}

static bool is_integer(const Expr *expr)
{
    return expr->op == OP_AXIS || (expr->op == OP_LOAD && expr->access.tensor->integer);
}

static char *integer_text(Nest *nest, const Expr *expr)
{
    if (expr->op == OP_LOAD && expr->access.tensor->role == ROLE_LENGTHS)
        return access_text(nest, &expr->access);
    if (expr->op == OP_LOAD)
        return clamped_text(nest, &expr->access, range_of(nest, expr->access.tensor));
    Affine affine = { 0 };
    add_index(&affine, nest, &expr->position, 1);
    return affine_text(nest->arena, &affine);
}

static int precedence_of(const Expr *expr)
{
    while (expr->op == OP_STOP)
        expr = expr->argument[0];
    if (expr->op == OP_CONSTANT && expr->value < 0)
        return PRECEDENCE_SIGN;
    return op_traits[expr->op].precedence;
}

const char *emit_in_parentheses(Arena *arena, const char *text, int outer, int which, int inner)
{
    bool closed = outer == PRECEDENCE_CALL || inner == PRECEDENCE_CALL || inner > outer ||
                  (inner == outer && which == 0 && outer != PRECEDENCE_SIGN);
    return closed ? text : arena_format(arena, "(%s)", text);
}

char *emit_operation(Arena *arena, const char *form, const char *a, const char *b)
{
    int first = (int)strcspn(form, "@");
    const char *rest = form + first + 1;
    if (!b)
        return arena_format(arena, "%.*s%s%s", first, form, a, rest);
    int second = (int)strcspn(rest, "@");
    return arena_format(arena, "%.*s%s%.*s%s%s", first, form, a, second, rest, b, rest + second + 1);
}

static const char *argument_of(Nest *nest, const Expr *expr, int which)
{
    return emit_in_parentheses(nest->arena, expr_text(nest, expr->argument[which]), op_traits[expr->op].precedence,
                               which, precedence_of(expr->argument[which]));
}

char *expr_text(Nest *nest, const Expr *expr)
{
    Arena *arena = nest->arena;
    switch (expr->op) {
    case OP_CONSTANT:
        return float_text(arena, expr->value);
    case OP_LOAD:
        return expr->access.tensor->integer ? arena_format(arena, "(float)%s", integer_text(nest, expr))
                                            : access_text(nest, &expr->access);
    case OP_AXIS:
        return arena_format(arena, "(float)(%s)", integer_text(nest, expr));
    case OP_STOP:
        return expr_text(nest, expr->argument[0]);
    case OP_EQUAL:
        if (is_integer(expr->argument[0]) && is_integer(expr->argument[1]))
            return arena_format(arena, "(%s == %s ? 1.0f : 0.0f)", integer_text(nest, expr->argument[0]),
                                integer_text(nest, expr->argument[1]));
        break;
    default:
        break;
    }
    return emit_operation(arena, op_traits[expr->op].scalar, argument_of(nest, expr, 0),
                          op_traits[expr->op].arity == 2 ? argument_of(nest, expr, 1) : NULL);
}
