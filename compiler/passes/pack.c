/* pack.c: in: tiles.  out: the same, but what their sums read of weights along the lanes is copied at prepare time into
 * the order in which it is read: [summed axes][gates][lanes], one stream without gaps. A copy is a statement like any
 * other. As bf16, a vector holds two of floats: those of two gates, or, where gates do not go in pairs, of two turns of
 * the innermost sum. */
#include "compiler/ir/axes.h"
#include "compiler/ir/names.h"
#include "compiler/ir/uses.h"
#include "lanes.h"
#include "passes.h"

#include <string.h>

#define STRIDE_IN_PLACE 3072    /* bytes */

typedef struct Packer {
    Ir *ir;
    const Target *target;
    Statement **copies;         /* made so far */
    int count, capacity;
    Numbers *copies_of;         /* by the number of the weight: in copies */
    TensorNames *names;         /* a copy may have that of its weight */
    Statement *statement;       /* at work */
    int at;                     /* its number */
    bool bf16;
} Packer;

static bool is_lane_operand(const Statement *statement, const Access *access)
{
    return lanes_may_pack(statement, access) && access_uses(access, statement->tile->lane);
}

/* The statement adds to a sum, or is in one tile with those that do. */
static bool is_beside_sum(const Packer *packer)
{
    const Ir *ir = packer->ir;
    const Tile *tile = packer->statement->tile;
    bool sums = tile->dot;
    int first = packer->at;     /* the statements of a tile are consecutive */
    while (first > 0 && ir->statements[first - 1]->tile == tile)
        first--;
    for (int i = first; i < ir->statement_count && ir->statements[i]->tile == tile; i++)
        sums |= statement_has_sum(ir->statements[i]);
    return sums;
}

/* Rows of the batch and of time that read the weight before it is another one. */
static long long rows_of_step(const Packer *packer, const Access *access)
{
    const Statement *statement = packer->statement;
    long long rows = statement->loop ? statement->loop->axis->extent : 1;
    for (int a = 0; a < statement->axis_count; a++)
        if (!access_uses(access, statement->axes[a]))
            rows *= statement->axes[a]->kind == AXIS_BATCH ? packer->ir->batch : statement->axes[a]->extent;
    return rows;
}

/* A copy after each update would cost more than it saves. But of rows that are no whole vectors, parts would be loaded,
 * and rows that are farther apart no prefetcher follows: they share few places of the first cache. */
static bool is_read_in_place(const Packer *packer, const Access *access)
{
    const Tensor *weight = access->tensor;
    const int row = weight->extent[weight->rank - 1];
    return packer->ir->training && weight->rank > 1 && lanes_walk(access, packer->statement->tile->lane) &&
           row % packer->target->lanes == 0 && row * (int)sizeof(float) <= STRIDE_IN_PLACE &&
           rows_of_step(packer, access) <= packer->target->rows_in_place;
}

/* Worth a copy: read again and again, or not to be walked as it lies. */
static bool is_worth_it(const Packer *packer, const Access *access)
{
    return !is_read_in_place(packer, access) &&
           (packer->statement->loop || is_beside_sum(packer) ||
            !lanes_walk(access, packer->statement->tile->lane));
}

/* The axes of the access, in the order of the loops that read it, the lane last. */
static int axes_of_copy(const Statement *statement, const Access *access, Axis **axes)
{
    int count = 0;
    for (int part = 0; part < 3; part++)        /* the points, what is summed, the gates */
        for (int a = 0; a < statement->axis_count; a++) {
            Axis *axis = statement->axes[a];
            bool summed = axis_is_summed(statement, axis);
            int mine = summed ? 1 : axis->extent <= 8 && axis->kind == AXIS_PLAIN ? 2 : 0;
            if (axis != statement->tile->lane && access_uses(access, axis) && mine == part)
                axes[count++] = axis;
        }
    axes[count++] = statement->tile->lane;
    return count;
}

/* All positions of the axis are written out, in one tile and in each. */
static bool is_copied(const Tile *tile, const Axis *axis)
{
    bool copied = axis != tile->lane && axis != tile->row;
    for (int i = 0; i < tile->outer_count; i++)
        copied &= axis != tile->outer[i];
    return copied;
}

/* The dimension in which neighbours share a word: in the text of the tile, it has to be plain which half is meant. -1:
 * the copy is no operand of a sum, or one whose lanes are added up; it stays in float. */
static int paired_dimension(const Packer *packer, Axis *const *axes, int count)
{
    const Statement *statement = packer->statement;
    int gates = -1, turns = -1;
    bool sums = false;
    for (int i = 0; i < count - 1; i++)
        if (axis_is_summed(statement, axes[i])) {
            sums = true;
            turns = axes[i]->extent > 1 ? i : turns;
        } else if (is_copied(statement->tile, axes[i]) && axes[i]->extent % 2 == 0) {
            gates = i;
        }
    return !packer->bf16 || statement->tile->dot || !sums ? -1 : gates >= 0 ? gates : turns;
}

/* The loop over the axis takes even steps. */
static void step_in_pairs(Statement *statement, const Axis *axis)
{
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a] == axis && statement->unroll[a] < axis->extent)
            statement->unroll[a] += statement->unroll[a] % 2;
}

typedef struct Form {
    Layout layout;
    int paired;
    int lanes;
} Form;

/* Both are of the same weight. */
static bool same_copy(const Statement *copy, const Access *access, Axis *const *axes, int count, Form form)
{
    const Access *from = &copy->value->access;
    if (copy->axis_count != count || copy->out.tensor->layout != form.layout
        || copy->out.tensor->paired != form.paired || copy->out.tensor->lanes != form.lanes)
        return false;
    for (int d = 0; d < access->tensor->rank; d++) {
        if (from->index[d].constant != access->index[d].constant)
            return false;
        for (int i = 0; i < count; i++)
            if (copy->axes[i]->extent != axes[i]->extent
                || index_coefficient(&from->index[d], copy->axes[i]) != index_coefficient(&access->index[d], axes[i]))
                return false;
    }
    return true;
}

/* "kernel"; what backward reads is "kernel_transposed". */
static const char *name_of_copy(const Packer *packer, const Tensor *weight)
{
    const char *base = packer->statement->section == SECTION_BACKWARD
                           ? arena_format(packer->ir->arena, "%s_transposed", weight->name)
                           : weight->name;
    return tensor_new_name(packer->names, weight->layer, base);
}

/* The axis that vectors of the source lie along, where they do not along the lanes. */
static const Axis *axis_across(const Statement *copy)
{
    for (int i = 0; i < copy->axis_count - 1; i++)
        if (copy->axes[i]->extent >= copy->out.tensor->lanes && lanes_walk(&copy->value->access, copy->axes[i]))
            return copy->axes[i];
    return NULL;
}

/* Copies move vectors, but for halves of words, and what is too narrow for squares. */
static void tile_copy(Ir *ir, Statement *copy)
{
    int last = copy->axis_count - 1;
    const bool walks = lanes_walk(&copy->value->access, copy->axes[last]);
    const Axis *across = walks ? NULL : axis_across(copy);
    if (copy->out.tensor->paired >= 0 || (!walks && !across))
        return;
    Tile *tile = arena_new(ir->arena, Tile);
    *tile = (Tile){ .lane = copy->axes[last], .rows = 1, .blocks = 1, .sets = 1, .outer_count = last,
                    .lanes_first = copy->out.tensor->layout == LAYOUT_BLOCKED || across, .across = across };
    for (int i = 0; i < last; i++)
        tile->outer[i] = copy->axes[i];
    copy->tile = tile;
}

static Tensor *make_copy(Packer *packer, const Access *access, Axis *const *axes, int count, Form form)
{
    Ir *ir = packer->ir;
    Axis *own[STATEMENT_AXES_MAX];
    int extent[STATEMENT_AXES_MAX];
    Access out = { 0 };
    for (int i = 0; i < count; i++) {
        own[i] = ir_axis(ir, axes[i]->name, axes[i]->extent, AXIS_PLAIN);
        extent[i] = axes[i]->extent;
        out.index[i] = index_axis(own[i]);
    }
    out.tensor = ir_tensor(ir, ROLE_VALUE, access->tensor->layer, name_of_copy(packer, access->tensor), count, extent);
    out.tensor->layout = form.layout;
    out.tensor->paired = form.paired;
    out.tensor->lanes = form.lanes;
    Statement reader = { .out = *access, .value = expr_load(ir->arena, *access) };
    for (int i = 0; i < count; i++)
        statement_rename_axis(ir->arena, &reader, axes[i], own[i]);
    Statement *copy = ir_statement(ir, SECTION_FORWARD, NULL, ACCUMULATE_SET, out, reader.value, count, own);
    ir->statement_count--;          /* it goes to the front */
    copy->time = TIME_PREPARE;
    tile_copy(ir, copy);
    Numbers *copies = &packer->copies_of[access->tensor->number];
    arena_append(ir->arena, copies->number, copies->count, copies->capacity, packer->count);
    arena_append(ir->arena, packer->copies, packer->count, packer->capacity, copy);
    return out.tensor;
}

static Access packed_access(Packer *packer, const Access *access)
{
    Statement *statement = packer->statement;
    Axis *axes[STATEMENT_AXES_MAX];
    int count = axes_of_copy(statement, access, axes);
    Form form = { .layout = count > 1 && !statement->tile->dot ? LAYOUT_BLOCKED : LAYOUT_PADDED,
                  .paired = paired_dimension(packer, axes, count) };
    form.lanes = statement->out.tensor->lanes;
    if (form.layout == LAYOUT_BLOCKED && statement->out.tensor->panel)      /* one stream for all of a panel */
        form.lanes *= statement->out.tensor->panel;
    Access packed = { 0 };
    const Numbers *copies = &packer->copies_of[access->tensor->number];
    for (int i = 0; i < copies->count && !packed.tensor; i++) {
        const Statement *copy = packer->copies[copies->number[i]];
        if (same_copy(copy, access, axes, count, form))
            packed.tensor = copy->out.tensor;
    }
    if (!packed.tensor)
        packed.tensor = make_copy(packer, access, axes, count, form);
    if (form.paired >= 0 && axis_is_summed(statement, axes[form.paired]))
        step_in_pairs(statement, axes[form.paired]);
    for (int i = 0; i < count; i++)
        packed.index[i] = index_axis(axes[i]);
    return packed;
}

static Expr *packed_expr(Packer *packer, Expr *expr)
{
    Arena *arena = packer->ir->arena;
    if (expr->op == OP_LOAD && is_lane_operand(packer->statement, &expr->access) && is_worth_it(packer, &expr->access))
        return expr_load(arena, packed_access(packer, &expr->access));
    Expr *argument[2] = { NULL };
    bool same = true;
    for (int i = 0; i < op_traits[expr->op].arity; i++) {
        argument[i] = packed_expr(packer, expr->argument[i]);
        same &= argument[i] == expr->argument[i];
    }
    if (same)
        return expr;
    Expr *result = arena_new(arena, Expr);
    *result = *expr;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        result->argument[i] = argument[i];
    return result;
}

static void insert_copies(Packer *packer)
{
    Ir *ir = packer->ir;
    int front = 0, count = ir->statement_count;
    while (front < count && ir->statements[front]->section == SECTION_RESET)
        front++;
    Statement **rest = arena_array(ir->arena, Statement *, count + 1);
    memcpy(rest, ir->statements, sizeof *rest * (size_t)count);
    ir->statement_count = front;
    for (int i = 0; i < packer->count; i++)
        arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, packer->copies[i]);
    for (int i = front; i < count; i++)
        arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, rest[i]);
}

void pack(Ir *ir, const Target *target, bool bf16)
{
    Packer packer = { .ir = ir, .target = target, .bf16 = bf16,
                      .copies_of = arena_array(ir->arena, Numbers, ir->tensor_count + 1),
                      .names = tensor_names(ir->arena, ir, false) };
    for (int i = 0; i < ir->statement_count; i++) {
        packer.statement = ir->statements[i];
        packer.at = i;
        if (packer.statement->tile)
            packer.statement->value = packed_expr(&packer, packer.statement->value);
    }
    insert_copies(&packer);
}
