/* blas.c: in: statements at their binding times.  out: those that are products of large matrices are marked to be calls
 * of BLAS, before tiles and packed weights can claim them; their tensors stay row-major, for targets with lanes with a
 * gap behind each row. A zero from which such a sum starts goes with it, as the factor 0 of what was there. An input
 * that lies [batch][step] is copied to [step][batch] where a product over the rows of all steps reads it: BLAS knows
 * one distance only. */
#include "compiler/ir/axes.h"
#include "lanes.h"
#include "passes.h"
#include "product.h"

#include <string.h>

/* ---- the copy of the input ---- */

static Access copied_access(const Access *access, Tensor *copy)
{
    Access copied = *access;
    copied.tensor = copy;
    copied.index[0] = access->index[1];
    copied.index[1] = access->index[0];
    return copied;
}

static void insert_before_forward(Ir *ir, Statement *statement)
{
    int at = 0;
    while (ir->statements[at]->section == SECTION_RESET)
        at++;
    memmove(ir->statements + at + 1, ir->statements + at,
            sizeof *ir->statements * (size_t)(ir->statement_count - 1 - at));
    ir->statements[at] = statement;
}

static Tensor *copy_input(Ir *ir, Tensor *input)
{
    Axis *axes[TENSOR_RANK_MAX];
    int extent[TENSOR_RANK_MAX];
    Access in = { .tensor = input };
    for (int d = 0; d < input->rank; d++) {
        extent[d] = input->extent[d < 2 ? 1 - d : d];
        axes[d] = d == 1 ? ir->batch_axis
                         : ir_axis(ir,
                                   d == 0   ? "t"
                                   : d == 2 ? "n"
                                            : "m",
                                   extent[d], d == 0 ? AXIS_TIME : AXIS_PLAIN);
        in.index[d < 2 ? 1 - d : d] = index_axis(axes[d]);
    }
    Tensor *copy = ir_tensor(ir, ROLE_VALUE, input->layer, arena_format(ir->arena, "%s_by_step", input->name),
                             input->rank, extent);
    copy->time_dimension = 0;
    copy->batch_dimension = 1;
    Access out = copied_access(&in, copy);
    insert_before_forward(ir, ir_statement(ir, SECTION_FORWARD, NULL, ACCUMULATE_SET, out, expr_load(ir->arena, in),
                                           input->rank, axes));
    return copy;
}

static Expr *read_copy(Ir *ir, const Expr *load, Tensor **copy)
{
    if (!product_lies_batch_first(load->access.tensor))
        return expr_load(ir->arena, load->access);
    if (!*copy)
        *copy = copy_input(ir, load->access.tensor);
    return expr_load(ir->arena, copied_access(&load->access, *copy));
}

/* ---- where the sum starts ---- */

static Statement *statement_before(const Ir *ir, int at)
{
    for (int i = at - 1; i >= 0; i--)
        if (ir->statements[i]->section == ir->statements[at]->section)
            return ir->statements[i];
    return NULL;
}

/* The statement sets to zero every element that the product adds to, and nothing else. */
static bool clears(Arena *arena, const Statement *statement, const Statement *product)
{
    if (statement->accumulate != ACCUMULATE_SET || statement->value->op != OP_CONSTANT || statement->value->value != 0
        || statement->loop != product->loop || statement->out.tensor != product->out.tensor)
        return false;
    Statement renamed = *statement;
    for (int d = 0; d < renamed.out.tensor->rank; d++) {
        const Index *theirs = &product->out.index[d];
        for (int i = 0; i < renamed.out.index[d].terms && i < theirs->terms; i++) {
            const Axis *mine = renamed.out.index[d].axis[i];
            if (mine->extent == theirs->axis[i]->extent && mine->kind == theirs->axis[i]->kind)
                statement_rename_axis(arena, &renamed, mine, theirs->axis[i]);
        }
    }
    return access_equal(&renamed.out, &product->out);
}

/* ---- how their matrices lie ---- */

#define ROW_MULTIPLE 32     /* floats; rows of a multiple of it would meet in the same few lines of every cache */
#define GAP 16              /* floats: one such line */

static void space_rows_of(Ir *ir, Tensor *tensor)
{
    int start = tensor_row_start(tensor);
    if (!lanes_is_private(ir, tensor) || start == 0 || start == tensor->rank ||
        tensor_row_floats(tensor) % ROW_MULTIPLE)
        return;
    tensor->layout = LAYOUT_SPACED;
    tensor->gap = GAP;
}

/* Tiles read these tensors too, many rows at the same place. */
static void space_rows(Ir *ir)
{
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->blas) {
            const Statement *statement = ir->statements[i];
            space_rows_of(ir, statement->out.tensor);
            space_rows_of(ir, statement->value->argument[0]->access.tensor);
            space_rows_of(ir, statement->value->argument[1]->access.tensor);
        }
}

/* ---- among those that left the same loop ---- */

typedef struct Touching {
    const Tensor *tensor;
    bool found;
} Touching;

static void find_tensor(void *context, const Access *access)
{
    Touching *touching = context;
    touching->found |= access->tensor == touching->tensor;
}

static bool touches(const Statement *statement, const Tensor *tensor)
{
    Touching touching = { .tensor = tensor, .found = statement->out.tensor == tensor };
    expr_visit_loads(statement->value, find_tensor, &touching);
    return touching.found;
}

static bool may_pass(const Statement *call, const Statement *next)
{
    return call->left && next->left == call->left && !next->blas && !touches(next, call->out.tensor) &&
           !touches(call, next->out.tensor);
}

/* What tiles do behind a loop they can do behind each of its pieces, if nothing else stands between. */
static void let_tiles_follow_their_loop(Ir *ir)
{
    for (int i = ir->statement_count - 1; i >= 0; i--)
        for (int at = i; ir->statements[at]->blas && at + 1 < ir->statement_count &&
                         may_pass(ir->statements[at], ir->statements[at + 1]);
             at++) {
            Statement *call = ir->statements[at];
            ir->statements[at] = ir->statements[at + 1];
            ir->statements[at + 1] = call;
        }
}

/* ---- the whole ---- */

static void note_input(void *context, const Access *access)
{
    *(bool *)context |= access->tensor->role == ROLE_INPUT;
}

/* The rows of one of several inputs lie in structs, at distances of their own. */
static bool reads_structs(const Ir *ir, const Statement *statement)
{
    bool reads = false;
    if (ir->input_count > 1)
        expr_visit_loads(statement->value, note_input, &reads);
    return reads;
}

static void find_products(Ir *ir, const Target *target)
{
    Tensor *copy = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        bool steps_first, had_copy = copy != NULL;
        statement->blas = product_is_large(statement, target, &steps_first) && !reads_structs(ir, statement);
        if (!statement->blas || !steps_first)
            continue;
        Expr *const *factor = statement->value->argument;
        Expr *left = read_copy(ir, factor[0], &copy);
        statement->value = expr_make(ir->arena, OP_MULTIPLY, left, read_copy(ir, factor[1], &copy));
        i += copy && !had_copy;     /* it stands in front now */
    }
}

static void take_zeros(Ir *ir)
{
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i], *start = statement_before(ir, i);
        Product product;
        if (!statement->blas || !start || !clears(ir->arena, start, statement))
            continue;
        start->blas = product_of(statement, false, &product) && !product.sums_over_loops;
    }
}

void blas(Ir *ir, const Target *target)
{
    find_products(ir, target);
    if (target->lanes > 1)
        space_rows(ir);
    take_zeros(ir);
    let_tiles_follow_their_loop(ir);
}
