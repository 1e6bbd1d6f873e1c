/* transpose.c: in: sums over what programs compute.  out: the same, but where vectors could lie along a sum alone, and
 * their lanes were added up for each output, what is read across the outputs is copied before, so that they can lie
 * along those:
 *
 *     score[t,s] += q[t,n] * k[s,n]      becomes      k_transposed[n,s] = k[s,n]
 *                                                     score[t,s] += q[t,n] * k_transposed[n,s] */
#include "compiler/ir/axes.h"
#include "lanes.h"
#include "passes.h"

#include <string.h>

#define OPERATIONS_SAVED 3      /* of each sum: those that add up its lanes */
#define OPERATIONS_OF_COPY 2    /* of each element: one is read, one written */

typedef struct Transposer {
    Ir *ir;
    const Target *target;
    Statement *statement;       /* at work */
    Axis *across;               /* along its outputs */
    bool helps, fits;
    Statement **list; int count, capacity;      /* the statements, and the copies between them */
} Transposer;

/* ---- what is read ---- */

static bool is_plain(const Index *index)
{
    return !index->gather && (index->terms == 0 || (index->terms == 1 && index->coefficient[0] == 1));
}

static bool same_axis(const Index *a, const Index *b)
{
    return a->terms && b->terms && a->axis[0] == b->axis[0];
}

/* Each dimension at an axis of its own, or at one position. */
static bool may_be_copied(const Transposer *to, const Access *access)
{
    const Tensor *tensor = access->tensor;
    if (!lanes_is_private(to->ir, tensor) || tensor->reduced || tensor == to->statement->out.tensor)
        return false;
    for (int d = 0; d < tensor->rank; d++) {
        if (!is_plain(&access->index[d]))
            return false;
        for (int e = 0; e < d; e++)
            if (same_axis(&access->index[d], &access->index[e]))
                return false;
    }
    return true;
}

/* Enough sums read each element for the copy to cost less than they do at their ends. */
static bool is_worth_it(const Transposer *to, const Access *access)
{
    double elements = OPERATIONS_OF_COPY, sums = OPERATIONS_SAVED;
    for (int a = 0; a < to->statement->axis_count; a++) {
        const Axis *axis = to->statement->axes[a];
        if (axis->kind == AXIS_BATCH || axis == to->across)
            continue;
        elements *= access_uses(access, axis) ? axis->extent : 1;
        sums *= axis_is_summed(to->statement, axis) ? 1 : axis->extent;
    }
    return elements <= sums;
}

static bool needs_copy(const Transposer *to, const Access *access)
{
    return access_uses(access, to->across) && !lanes_walk(access, to->across) &&
           !lanes_may_pack(to->statement, access);
}

static void look_at(void *context, const Access *access)
{
    Transposer *to = context;
    if (!needs_copy(to, access))
        return;
    to->helps = true;
    to->fits &= may_be_copied(to, access) && is_worth_it(to, access);
}

/* ---- copies ---- */

static bool name_taken(const Ir *ir, const char *layer, const char *name)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (!strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name))
            return true;
    return false;
}

static const char *name_of_copy(const Ir *ir, const Tensor *from)
{
    const char *first = arena_format(ir->arena, "%s_transposed", from->name), *name = first;
    for (int again = 2; name_taken(ir, from->layer, name); again++)
        name = arena_format(ir->arena, "%s_%d", first, again);
    return name;
}

/* In front of what starts the sum, so that both can be one tile. */
static void insert(Transposer *to, Statement *copy)
{
    int at = to->count;
    while (at > 0 && to->list[at - 1]->out.tensor == to->statement->out.tensor && !to->list[at - 1]->loop &&
           to->list[at - 1]->section == copy->section && to->list[at - 1]->phase == copy->phase)
        at--;
    arena_append(to->ir->arena, to->list, to->count, to->capacity, copy);
    memmove(&to->list[at + 1], &to->list[at], sizeof *to->list * (size_t)(to->count - 1 - at));
    to->list[at] = copy;
}

static Access make_copy(Transposer *to, const Access *access)
{
    Ir *ir = to->ir;
    Axis *axes[TENSOR_RANK_MAX], *own[TENSOR_RANK_MAX];
    int extent[TENSOR_RANK_MAX], count = 0;
    for (int d = 0; d < access->tensor->rank; d++)
        if (access->index[d].terms && access->index[d].axis[0] != to->across)
            axes[count++] = access->index[d].axis[0];
    axes[count++] = to->across;
    Access out = { 0 }, read = { 0 };
    Statement reader = { .out = *access, .value = expr_load(ir->arena, *access) };
    for (int i = 0; i < count; i++) {
        extent[i] = axes[i]->extent;
        own[i] = axes[i] == ir->batch_axis ? axes[i] : ir_axis(ir, axes[i]->name, axes[i]->extent, AXIS_PLAIN);
        out.index[i] = index_axis(own[i]);
        read.index[i] = index_axis(axes[i]);
        statement_rename_axis(ir->arena, &reader, axes[i], own[i]);
    }
    const Tensor *from = access->tensor;
    out.tensor = ir_tensor(ir, ROLE_VALUE, from->layer, name_of_copy(ir, from), count, extent);
    for (int i = 0; i < count; i++)
        if (axes[i] == ir->batch_axis)
            out.tensor->batch_dimension = i;
    read.tensor = out.tensor;
    Statement *copy = arena_new(ir->arena, Statement);
    *copy = *to->statement;
    copy->out = out;
    copy->value = reader.value;
    copy->accumulate = ACCUMULATE_SET;
    copy->axis_count = count;
    for (int i = 0; i < count; i++)
        copy->axes[i] = own[i];
    insert(to, copy);
    return read;
}

static Expr *with_copies(Transposer *to, Expr *expr)
{
    if (expr->op == OP_LOAD && needs_copy(to, &expr->access))
        return expr_load(to->ir->arena, make_copy(to, &expr->access));
    Expr *result = arena_new(to->ir->arena, Expr);
    *result = *expr;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        result->argument[i] = with_copies(to, expr->argument[i]);
    return result;
}

/* The axis along the last dimension of the output, where vectors do not lie along it yet; NULL: there is none. */
static Axis *axis_across(const Transposer *to, const Statement *statement)
{
    const Tensor *out = statement->out.tensor;
    const Index *last = out->rank ? &statement->out.index[out->rank - 1] : NULL;
    if (!last || statement->loop || statement->blas || statement->accumulate == ACCUMULATE_SET ||
        last->terms != 1 || last->axis[0]->kind == AXIS_BATCH || last->axis[0]->extent < to->target->lanes ||
        !axis_is_free(statement, last->axis[0]) || !lanes_walk(&statement->out, last->axis[0]))
        return NULL;
    Lanes now = lanes_of(statement, to->target);
    return now.sums && (!now.lane || now.dot) ? last->axis[0] : NULL;
}

void transpose(Ir *ir, const Target *target)
{
    if (target->lanes == 1)
        return;
    lanes_choose_layouts(ir, target);
    Transposer to = { .ir = ir, .target = target };
    for (int i = 0; i < ir->statement_count; i++) {
        to.statement = ir->statements[i];
        to.across = axis_across(&to, to.statement);
        to.helps = false;
        to.fits = true;
        if (to.across)
            expr_visit_loads(to.statement->value, look_at, &to);
        if (to.helps && to.fits)
            to.statement->value = with_copies(&to, to.statement->value);
        arena_append(ir->arena, to.list, to.count, to.capacity, to.statement);
    }
    ir->statements = to.list;
    ir->statement_count = to.count;
    ir->statement_capacity = to.capacity;
}
