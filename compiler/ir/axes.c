/* axes.c: what can be said of an axis in a statement. */
#include "axes.h"

#include <limits.h>
#include <stdlib.h>

int index_coefficient(const Index *index, const Axis *axis)
{
    int sum = 0;
    for (int i = 0; i < index->terms && !index->gather; i++)
        if (index->axis[i] == axis)
            sum += index->coefficient[i];
    return sum;
}

bool access_uses(const Access *access, const Axis *axis)
{
    for (int d = 0; d < access->tensor->rank; d++)
        if (index_uses(&access->index[d], axis))
            return true;
    return false;
}

bool expr_counts(const Expr *expr, const Axis *axis)
{
    if (expr->op == OP_AXIS)
        return index_uses(&expr->position, axis);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (expr_counts(expr->argument[i], axis))
            return true;
    return false;
}

long long access_stride(const Access *access, const Axis *axis)
{
    long long stride = 0, step = 1;
    for (int i = access->tensor->rank - 1; i >= 0; i--) {
        const Index *index = &access->index[i];
        stride += index->gather ? (index_uses(index, axis) ? INT_MAX : 0) : step * index_coefficient(index, axis);
        step *= access->tensor->extent[i];
    }
    return stride;
}

/* 100*g+n with n < 100: every pair of positions is an element of its own. An axis of one position has nothing to tell
 * apart. */
static bool is_injective(const Index *index)
{
    for (int i = 0; i < index->terms; i++) {
        long long below = 0;    /* how far the terms with smaller coefficients reach */
        if (index->axis[i]->extent == 1)
            continue;
        for (int j = 0; j < index->terms; j++) {
            if (index->axis[j]->extent == 1)
                continue;
            if (j != i && abs(index->coefficient[j]) == abs(index->coefficient[i]))
                return false;
            if (abs(index->coefficient[j]) < abs(index->coefficient[i]))
                below += (long long)abs(index->coefficient[j]) * (index->axis[j]->extent - 1);
        }
        if (abs(index->coefficient[i]) <= below)
            return false;
    }
    return true;
}

bool axis_is_summed(const Statement *statement, const Axis *axis)
{
    return !access_uses(&statement->out, axis);
}

bool statement_has_sum(const Statement *statement)
{
    for (int a = 0; a < statement->axis_count; a++)
        if (axis_is_summed(statement, statement->axes[a]))
            return true;
    return false;
}

const Axis *statement_time(const Statement *statement)
{
    const Axis *found = NULL;
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a]->kind == AXIS_TIME) {
            if (found)
                return NULL;
            found = statement->axes[a];
        }
    return found;
}

const Loop *statement_loop(const Statement *statement)
{
    return statement->tile && statement->tile->follows ? statement->tile->follows : statement->loop;
}

bool axis_is_free(const Statement *statement, const Axis *axis)
{
    int dimensions = 0;
    for (int d = 0; d < statement->out.tensor->rank; d++) {
        const Index *index = &statement->out.index[d];
        if (!index_uses(index, axis))
            continue;
        if (index->gather || !is_injective(index))
            return false;
        dimensions++;
    }
    return dimensions > 0;
}

/* ---- other names ---- */

static Access renamed_access(Arena *arena, const Access *access, const Axis *from, Axis *to);

static Index renamed_index(Arena *arena, const Index *index, const Axis *from, Axis *to)
{
    Index result = *index;
    for (int i = 0; i < result.terms; i++)
        if (result.axis[i] == from)
            result.axis[i] = to;
    if (index->gather) {
        result.gather = arena_new(arena, Access);
        *result.gather = renamed_access(arena, index->gather, from, to);
    }
    return result;
}

static Access renamed_access(Arena *arena, const Access *access, const Axis *from, Axis *to)
{
    Access result = { .tensor = access->tensor };
    for (int d = 0; d < access->tensor->rank; d++)
        result.index[d] = renamed_index(arena, &access->index[d], from, to);
    return result;
}

static bool expr_names(const Expr *expr, const Axis *axis)
{
    return expr->op == OP_LOAD ? access_uses(&expr->access, axis) : expr_counts(expr, axis);
}

/* What does not name the axis stays what it is. */
static Expr *renamed_expr(Arena *arena, Expr *expr, const Axis *from, Axis *to)
{
    Expr *argument[2] = { NULL };
    bool named = expr_names(expr, from);
    for (int i = 0; i < op_traits[expr->op].arity; i++) {
        argument[i] = renamed_expr(arena, expr->argument[i], from, to);
        named |= argument[i] != expr->argument[i];
    }
    if (!named)
        return expr;
    Expr *result = arena_new(arena, Expr);
    *result = *expr;
    if (expr->op == OP_LOAD)
        result->access = renamed_access(arena, &expr->access, from, to);
    if (expr->op == OP_AXIS)
        result->position = renamed_index(arena, &expr->position, from, to);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        result->argument[i] = argument[i];
    return result;
}

void statement_rename_axis(Arena *arena, Statement *statement, const Axis *from, Axis *to)
{
    if (from == to)
        return;
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a] == from)
            statement->axes[a] = to;
    statement->out = renamed_access(arena, &statement->out, from, to);
    statement->value = renamed_expr(arena, statement->value, from, to);
}
