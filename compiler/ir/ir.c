/* ir.c: the building blocks of an Ir: tensors, axes, statements, and what can be said about an affine index. */
#include "ir.h"

#include <limits.h>

Ir *ir_create(Arena *arena, const struct lstmc_model *descriptor)
{
    Ir *ir = arena_new(arena, Ir);
    ir->arena = arena;
    ir->descriptor = descriptor;
    ir->batch = 1;
    return ir;
}

Tensor *ir_tensor(Ir *ir, Role role, const char *layer, const char *name, int rank, const int *extent)
{
    if (rank < 0 || rank > TENSOR_RANK_MAX)
        die("tensor %s.%s of rank %d", layer, name, rank);
    Tensor *tensor = arena_new(ir->arena, Tensor);
    tensor->number = ir->tensor_count;
    tensor->layer = arena_copy_text(ir->arena, layer);
    tensor->name = arena_copy_text(ir->arena, name);
    tensor->role = role;
    tensor->rank = rank;
    for (int i = 0; i < rank; i++)
        tensor->extent[i] = extent[i];
    tensor->batch_dimension = tensor->time_dimension = -1;
    tensor->unit = tensor->paired = -1;
    arena_append(ir->arena, ir->tensors, ir->tensor_count, ir->tensor_capacity, tensor);
    return tensor;
}

const Tensor *ir_output_adjoint(const Ir *ir)
{
    return ir->output ? ir->output->adjoint : NULL;
}

bool tensor_is_row_major(const Tensor *tensor)
{
    return tensor->layout == LAYOUT_ROWS || tensor->layout == LAYOUT_SPACED;
}

int tensor_row_start(const Tensor *tensor)
{
    return 1 + (tensor->batch_dimension > tensor->time_dimension ? tensor->batch_dimension : tensor->time_dimension);
}

int tensor_row_floats(const Tensor *tensor)
{
    int count = 1;
    for (int d = tensor_row_start(tensor); d < tensor->rank; d++)
        count *= tensor->extent[d];
    return count;
}

size_t tensor_count(const Tensor *tensor)
{
    size_t count = 1;
    for (int d = 0; d < tensor->rank; d++)
        count *= (size_t)tensor->extent[d];
    return count;
}

Axis *ir_axis(Ir *ir, const char *name, int extent, AxisKind kind)
{
    Axis *axis = arena_new(ir->arena, Axis);
    axis->name = arena_copy_text(ir->arena, name);
    axis->extent = extent;
    axis->kind = kind;
    return axis;
}

Statement *ir_statement(Ir *ir, Section section, Loop *loop, Accumulate accumulate, Access out, Expr *value,
                        int axis_count, Axis *const *axes)
{
    if (axis_count < 0 || axis_count > STATEMENT_AXES_MAX)
        die("a statement of %s.%s over %d axes", out.tensor->layer, out.tensor->name, axis_count);
    Statement *statement = arena_new(ir->arena, Statement);
    statement->section = section;
    statement->loop = loop;
    statement->accumulate = accumulate;
    statement->out = out;
    statement->value = value;
    statement->layer = out.tensor->layer;
    statement->time = loop ? TIME_STEP : TIME_CALL;
    for (int i = 0; i < axis_count; i++) {
        statement->axes[i] = axes[i];
        statement->unroll[i] = 1;
    }
    statement->axis_count = axis_count;
    arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, statement);
    return statement;
}

Index index_constant(int constant)
{
    return (Index){ .constant = constant };
}

Index index_axis(Axis *axis)
{
    return (Index){ .terms = 1, .axis = { axis }, .coefficient = { 1 } };
}

static int coefficient_of(const Index *index, const Axis *axis)
{
    int sum = 0;
    for (int i = 0; i < index->terms; i++)
        if (index->axis[i] == axis)
            sum += index->coefficient[i];
    return sum;
}

bool index_equal(const Index *a, const Index *b)
{
    if (!a->gather != !b->gather)
        return false;
    if (a->gather)
        return access_equal(a->gather, b->gather);
    for (int i = 0; i < a->terms; i++)
        if (coefficient_of(a, a->axis[i]) != coefficient_of(b, a->axis[i]))
            return false;
    for (int i = 0; i < b->terms; i++)
        if (coefficient_of(a, b->axis[i]) != coefficient_of(b, b->axis[i]))
            return false;
    return a->constant == b->constant;
}

bool access_equal(const Access *a, const Access *b)
{
    if (a->tensor != b->tensor)
        return false;
    for (int i = 0; i < a->tensor->rank; i++)
        if (!index_equal(&a->index[i], &b->index[i]))
            return false;
    return true;
}

bool index_is_constant(const Index *index)
{
    return !index->terms && !index->gather;
}

bool index_uses(const Index *index, const Axis *axis)
{
    if (index->gather) {
        for (int i = 0; i < index->gather->tensor->rank; i++)
            if (index_uses(&index->gather->index[i], axis))
                return true;
        return false;
    }
    return coefficient_of(index, axis) != 0;
}

static int clamp_to_int(long long value)
{
    return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

/* The end of the index towards which terms with a coefficient of this sign lead. */
static int index_end(const Index *index, int sign)
{
    long long end = index->constant;
    for (int i = 0; i < index->terms; i++)
        if ((index->coefficient[i] > 0) == (sign > 0))
            end += (long long)index->coefficient[i] * (index->axis[i]->extent - 1);
    return clamp_to_int(end);
}

int index_smallest(const Index *index)
{
    return index_end(index, -1);
}

int index_largest(const Index *index)
{
    return index_end(index, 1);
}

static void visit_access(const Access *access, void (*visit)(void *context, const Access *access), void *context)
{
    visit(context, access);
    for (int i = 0; i < access->tensor->rank; i++)
        if (access->index[i].gather)
            visit_access(access->index[i].gather, visit, context);
}

void expr_visit_loads(const Expr *expr, void (*visit)(void *context, const Access *access), void *context)
{
    if (expr->op == OP_LOAD)
        visit_access(&expr->access, visit, context);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        expr_visit_loads(expr->argument[i], visit, context);
}

void statement_visit_reads(const Statement *statement, void (*visit)(void *context, const Access *access),
                           void *context)
{
    for (int d = 0; d < statement->out.tensor->rank; d++)
        if (statement->out.index[d].gather)
            visit_access(statement->out.index[d].gather, visit, context);
    expr_visit_loads(statement->value, visit, context);
}
