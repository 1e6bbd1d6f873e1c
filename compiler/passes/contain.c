/* contain.c: in: a planned program that predicts.  out: the same, but what it still reads of the weights themselves is
 * copied at prepare time as well, each tensor as it is: what was prepared then points to nothing, and can be a constant
 * of its own. A copy is a statement like any other. */
#include "passes.h"

#include <string.h>

typedef struct Container {
    Ir *ir;
    Tensor **copy;          /* by the number of the weight; NULL: not read */
    Statement **copies;
    int count, capacity;
} Container;

static bool is_prepared_here(const Statement *statement)
{
    return statement->out.tensor->home == HOME_PREPARED || statement->out.tensor->home == HOME_NONE;
}

/* "kernel", or "kernel_2" beside a packed one. */
static const char *name_of_copy(const Ir *ir, const Tensor *weight)
{
    const char *name = weight->name;
    for (int i = 0, again = 2; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->home == HOME_PREPARED && !strcmp(tensor->layer, weight->layer) && !strcmp(tensor->name, name)) {
            name = arena_format(ir->arena, "%s_%d", weight->name, again++);
            i = -1;
        }
    }
    return name;
}

static Tensor *make_copy(Container *container, Tensor *weight)
{
    Ir *ir = container->ir;
    Tensor *copy = ir_tensor(ir, ROLE_VALUE, weight->layer, name_of_copy(ir, weight), weight->rank, weight->extent);
    copy->layout = weight->layout;
    copy->lanes = weight->lanes;
    copy->gap = weight->gap;
    copy->home = HOME_PREPARED;
    Axis *axes[TENSOR_RANK_MAX];
    Access from = { .tensor = weight }, to = { .tensor = copy };
    static const char *const names[TENSOR_RANK_MAX] = { "i", "j", "k", "l", "m", "n" };
    for (int d = 0; d < weight->rank; d++) {
        axes[d] = ir_axis(ir, names[d], weight->extent[d], AXIS_PLAIN);
        from.index[d] = to.index[d] = index_axis(axes[d]);
    }
    Statement *statement = ir_statement(ir, SECTION_RESET, NULL, ACCUMULATE_SET, to, expr_load(ir->arena, from),
                                        weight->rank, axes);
    ir->statement_count--;          /* it goes to the front */
    statement->time = TIME_PREPARE;
    arena_append(ir->arena, container->copies, container->count, container->capacity, statement);
    return copy;
}

static void contain_access(Container *container, Access *access)
{
    Tensor *tensor = access->tensor;
    if (tensor->role != ROLE_WEIGHT)
        return;
    if (!container->copy[tensor->number])
        container->copy[tensor->number] = make_copy(container, tensor);
    access->tensor = container->copy[tensor->number];
}

/* Expressions are copied, not changed: other statements may have a part of this one. */
static Expr *contained(Container *container, const Expr *expr)
{
    Expr *result = arena_new(container->ir->arena, Expr);
    *result = *expr;
    if (expr->op == OP_LOAD)
        contain_access(container, &result->access);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        result->argument[i] = contained(container, expr->argument[i]);
    return result;
}

void contain(Ir *ir)
{
    int count = ir->statement_count;
    Container container = { .ir = ir, .copy = arena_array(ir->arena, Tensor *, ir->tensor_count) };
    for (int i = 0; i < count; i++)
        if (!is_prepared_here(ir->statements[i]))
            ir->statements[i]->value = contained(&container, ir->statements[i]->value);
    Statement **rest = arena_array(ir->arena, Statement *, count + 1);
    memcpy(rest, ir->statements, sizeof *rest * (size_t)count);
    ir->statement_count = 0;
    for (int i = 0; i < container.count; i++)
        arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, container.copies[i]);
    for (int i = 0; i < count; i++)
        arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, rest[i]);
}
