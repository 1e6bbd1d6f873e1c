/* grad.c: automatic differentiation. in: a training Ir with reset, forward and loss statements.  out: the same and its
 * adjoint statements. One rule: walk the list backwards; for each statement push the seed d_out[same index] through the
 * scalar expression, and at each load A[i] that a trainable tensor reaches, emit d_A[i] += seed over the same axes, in
 * the reversed time loop. Every adjoint element gets a beginning in fill.c. The loss writes into adjoints of the
 * forward section anew at each call. */
#include "compiler/ir/axes.h"
#include "compiler/ir/uses.h"
#include "fill.h"
#include "passes.h"

#include <string.h>

typedef struct Piece {          /* what one access receives */
    Access access;
    Expr *sum;
} Piece;

typedef struct Grad {
    Ir *ir;
    int forward_count;          /* statements there were */
    TensorUses uses;            /* of those */
    bool *needs;                /* by number: a trainable tensor reaches it */
    bool *reaches;              /* it reaches output or loss */
    Section section;            /* of what is emitted */
    Piece *pieces; int piece_count, piece_capacity;
} Grad;

/* ---- which tensors matter ---- */

/* Calls `visit` for each load that a derivative can arrive at. */
static void visit_differentiable(const Expr *expr, void (*visit)(void *context, const Access *access), void *context)
{
    if (expr->op == OP_LOAD && !expr->access.tensor->integer)
        visit(context, &expr->access);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (expr_flows(expr, i))
            visit_differentiable(expr->argument[i], visit, context);
}

typedef struct Flow {
    bool *mark;
    int out;
    bool changed;
} Flow;

static void flow_forward(void *context, const Access *access)
{
    Flow *flow = context;
    if (flow->mark[access->tensor->number] && !flow->mark[flow->out])
        flow->mark[flow->out] = flow->changed = true;
}

static void flow_backward(void *context, const Access *access)
{
    Flow *flow = context;
    if (flow->mark[flow->out] && !flow->mark[access->tensor->number])
        flow->mark[access->tensor->number] = flow->changed = true;
}

/* Through the list in the direction of the flow, until nothing changes: recurrences flow in circles. */
static void spread(const Grad *grad, bool *mark, bool backward)
{
    void (*flow_by)(void *context, const Access *access) = backward ? flow_backward : flow_forward;
    Flow flow = { .mark = mark, .changed = true };
    while (flow.changed) {
        flow.changed = false;
        for (int i = 0; i < grad->forward_count; i++) {
            const Statement *statement = grad->ir->statements[backward ? grad->forward_count - 1 - i : i];
            flow.out = statement->out.tensor->number;
            if (statement->section == SECTION_FORWARD || statement->section == SECTION_LOSS)
                visit_differentiable(statement->value, flow_by, &flow);
        }
    }
}

static void find_flows(Grad *grad)
{
    Ir *ir = grad->ir;
    grad->needs = arena_array(ir->arena, bool, ir->tensor_count);
    grad->reaches = arena_array(ir->arena, bool, ir->tensor_count);
    for (int i = 0; i < ir->tensor_count; i++)
        grad->needs[i] = (ir->tensors[i]->role == ROLE_WEIGHT || ir->tensors[i]->role == ROLE_INPUT) &&
                         ir->tensors[i]->trainable;
    /* d_output is part of the interface, even where all weights are frozen */
    grad->needs[ir->output->number] = true;
    grad->reaches[ir->output->number] = true;
    if (ir->loss)
        grad->reaches[ir->loss->number] = true;
    spread(grad, grad->needs, false);
    spread(grad, grad->reaches, true);
}

static void create_adjoint(Ir *ir, Tensor *tensor)
{
    bool gradient = tensor->role == ROLE_WEIGHT || tensor->role == ROLE_INPUT;
    bool is_x = tensor->role == ROLE_INPUT && ir->input_count == 1;
    Tensor *adjoint = ir_tensor(ir, gradient ? ROLE_GRADIENT : ROLE_ADJOINT, tensor->layer,
                                arena_format(ir->arena, "d_%s", is_x ? "input" : tensor->name),
                                tensor->rank, tensor->extent);
    adjoint->batch_dimension = tensor->batch_dimension;
    adjoint->time_dimension = tensor->time_dimension;
    adjoint->weight = tensor->weight;
    adjoint->reduced = tensor->reduced;
    tensor->adjoint = adjoint;
}

static void create_adjoints(Grad *grad)
{
    Ir *ir = grad->ir;
    int count = ir->tensor_count;
    for (int i = 0; i < count; i++)
        if (grad->needs[i] && grad->reaches[i] && !ir->tensors[i]->integer && ir->tensors[i] != ir->loss)
            create_adjoint(ir, ir->tensors[i]);
}

/* ---- the rule ---- */

static void visit_flow(void *context, const Access *access)
{
    bool *found = context;
    *found = *found || access->tensor->adjoint;
}

static bool flows(const Expr *expr)
{
    bool found = false;
    visit_differentiable(expr, visit_flow, &found);
    return found;
}

static void receive(Grad *grad, const Access *access, Expr *seed)
{
    for (int i = 0; i < grad->piece_count; i++) {
        Piece *piece = &grad->pieces[i];
        if (access_equal(&piece->access, access)) {
            piece->sum = expr_make(grad->ir->arena, OP_ADD, piece->sum, seed);
            return;
        }
    }
    Piece piece = { .access = *access, .sum = seed };
    arena_append(grad->ir->arena, grad->pieces, grad->piece_count, grad->piece_capacity, piece);
}

/* `output`: where the value of the expression is stored, else NULL. */
static void push(Grad *grad, const Expr *expr, Expr *seed, Expr *output, bool recurs)
{
    Arena *arena = grad->ir->arena;
    if (expr->op == OP_LOAD) {
        receive(grad, &expr->access, seed);
        return;
    }
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (expr_flows(expr, i) && flows(expr->argument[i]))
            push(grad, expr->argument[i], expr_adjoint(arena, expr, i, seed, output, recurs), NULL, recurs);
}

/* Batch and time first, then the axes of the result in its own order, then those summed over. */
static void order_axes(const Access *out, const Statement *from, Axis **axes)
{
    int count = 0;
    bool taken[STATEMENT_AXES_MAX] = { false };
    for (int i = 0; i < from->axis_count; i++) {
        taken[i] = from->axes[i]->kind != AXIS_PLAIN;
        if (taken[i])
            axes[count++] = from->axes[i];
    }
    for (int d = 0; d < out->tensor->rank; d++)
        for (int i = 0; i < from->axis_count; i++)
            if (!taken[i] && index_uses(&out->index[d], from->axes[i])) {
                taken[i] = true;
                axes[count++] = from->axes[i];
            }
    for (int i = 0; i < from->axis_count; i++)
        if (!taken[i])
            axes[count++] = from->axes[i];
}

static void emit(Grad *grad, const Statement *from, Loop *loop, const Piece *piece)
{
    if (piece->sum->op == OP_CONSTANT && piece->sum->value == 0)
        return;
    Access out = piece->access;
    out.tensor = out.tensor->adjoint;
    if (grad->section == SECTION_LOSS && out.tensor->role == ROLE_GRADIENT)
        die("the loss reads %s.%s", piece->access.tensor->layer, piece->access.tensor->name);
    Axis *axes[STATEMENT_AXES_MAX];
    order_axes(&out, from, axes);
    ir_statement(grad->ir, grad->section, loop, ACCUMULATE_ADD, out, piece->sum, from->axis_count, axes)
        ->layer = from->layer;
}

/* Nothing else than sets writes the tensor: what is stored is the value of the statement. */
static bool only_set(const Grad *grad, const Tensor *tensor)
{
    const Numbers *writers = &grad->uses.writers[tensor->number];
    for (int w = 0; w < writers->count; w++)
        if (grad->ir->statements[writers->number[w]]->accumulate != ACCUMULATE_SET)
            return false;
    return true;
}

static void differentiate(Grad *grad, const Statement *statement, Loop *loop, const Expr *mask)
{
    Ir *ir = grad->ir;
    Access d_out = statement->out;
    d_out.tensor = d_out.tensor->adjoint;
    Expr *seed = statement->out.tensor == ir->loss ? expr_constant(ir->arena, 1) : expr_load(ir->arena, d_out);
    if (mask)
        seed = expr_make(ir->arena, OP_MULTIPLY, seed, (Expr *)mask);
    Expr *output = only_set(grad, statement->out.tensor) ? expr_load(ir->arena, statement->out) : NULL;
    grad->piece_count = 0;
    if (flows(statement->value))
        push(grad, statement->value, seed, output, statement->loop != NULL);
    for (int i = 0; i < grad->piece_count; i++)
        emit(grad, statement, loop, &grad->pieces[i]);
}

/* ---- max= : the gradient goes to the first maximum in index order ---- */

/* Counts down from the number of terms to 1 in index order, so that `max=` finds the first. */
static Index count_down(const Statement *statement)
{
    Index position = index_constant(1);
    for (int i = statement->axis_count - 1; i >= -1; i--) {
        Axis *axis = i >= 0 ? statement->axes[i] : statement->loop ? statement->loop->axis : NULL;
        if (!axis || access_uses(&statement->out, axis) || axis->extent == 1)
            continue;
        if (position.terms == INDEX_TERMS_MAX)
            die("%s.%s: maximum over more than %d axes", statement->layer, statement->out.tensor->name,
                INDEX_TERMS_MAX);
        position.axis[position.terms] = axis;
        position.coefficient[position.terms++] = -position.constant;
        position.constant *= axis->extent;
    }
    return position;
}

/* Outside the loop: first[i] max= equal(value, out[i]) * (count - position). Returns the mask that is 1 at the first
 * maximum. */
static const Expr *emit_first_maximum(Grad *grad, const Statement *statement)
{
    Ir *ir = grad->ir;
    Arena *arena = ir->arena;
    const Tensor *of = statement->out.tensor;
    Tensor *first = ir_tensor(ir, ROLE_VALUE, of->layer, arena_format(arena, "first_%s", of->name), of->rank,
                              of->extent);
    first->batch_dimension = of->batch_dimension;
    first->time_dimension = of->time_dimension;
    fill_append_zero(ir, grad->section, first, of);
    Access out = statement->out;
    out.tensor = first;
    Axis *axes[STATEMENT_AXES_MAX];
    int count = 0;
    if (statement->loop)
        axes[count++] = statement->loop->axis;
    for (int i = 0; i < statement->axis_count; i++)
        axes[count++] = statement->axes[i];
    Expr *equal = expr_make(arena, OP_EQUAL, statement->value, expr_load(arena, statement->out));
    Expr *position = expr_position(arena, count_down(statement));
    ir_statement(ir, grad->section, NULL, ACCUMULATE_MAX, out, expr_make(arena, OP_MULTIPLY, equal, position), count,
                 axes)
        ->layer = statement->layer;
    return expr_make(arena, OP_EQUAL, expr_load(arena, out), position);
}

/* Where max= compares a computed term, the term is stored first, so that equality means the same number. */
static void store_terms(Grad *grad, int at)
{
    Ir *ir = grad->ir;
    Statement *statement = ir->statements[at];
    Axis *axes[STATEMENT_AXES_MAX + 1];
    int extent[STATEMENT_AXES_MAX + 1], count = 0;
    if (statement->loop)
        axes[count++] = statement->loop->axis;
    for (int i = 0; i < statement->axis_count; i++)
        axes[count++] = statement->axes[i];
    if (count > TENSOR_RANK_MAX)
        die("%s.%s: maximum over too many axes", statement->layer, statement->out.tensor->name);
    for (int i = 0; i < count; i++)
        extent[i] = axes[i]->extent;
    Tensor *terms = ir_tensor(ir, ROLE_VALUE, statement->out.tensor->layer,
                              arena_format(ir->arena, "%s_terms", statement->out.tensor->name), count, extent);
    Access access = { .tensor = terms };
    for (int i = 0; i < count; i++) {
        access.index[i] = index_axis(axes[i]);
        if (axes[i]->kind == AXIS_BATCH)
            terms->batch_dimension = i;
        if (axes[i]->kind == AXIS_TIME && terms->time_dimension < 0)
            terms->time_dimension = i;
    }
    ir_statement(ir, statement->section, statement->loop, ACCUMULATE_SET, access, statement->value,
                 statement->axis_count, statement->axes);
    Statement *store = ir->statements[ir->statement_count - 1];
    store->layer = statement->layer;
    memmove(&ir->statements[at + 1], &ir->statements[at], sizeof(Statement *) * (size_t)(ir->statement_count - 1 - at));
    ir->statements[at] = store;
    statement->value = expr_load(ir->arena, access);
}

/* Finds the flows; again, if terms had to be stored. */
static void prepare_maxima(Grad *grad)
{
    Ir *ir = grad->ir;
    grad->forward_count = ir->statement_count;
    find_flows(grad);
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        int out = statement->out.tensor->number;
        if (statement->accumulate == ACCUMULATE_MAX && statement->value->op != OP_LOAD && grad->needs[out] &&
            grad->reaches[out])
            store_terms(grad, i++);
    }
    if (ir->statement_count == grad->forward_count)
        return;
    grad->forward_count = ir->statement_count;
    find_flows(grad);
}

/* ---- the walk ---- */

static bool takes_part(const Grad *grad, const Statement *statement)
{
    return statement->out.tensor->adjoint || statement->out.tensor == grad->ir->loss;
}

static bool has_maximum(const Grad *grad, const Tensor *tensor)
{
    const Numbers *writers = &grad->uses.writers[tensor->number];
    for (int w = 0; w < writers->count; w++)
        if (grad->ir->statements[writers->number[w]]->accumulate == ACCUMULATE_MAX)
            return true;
    return false;
}

/* Statements begin..end of the list, which share a loop or stand outside, last one first. */
static void walk_run(Grad *grad, int begin, int end, Section of)
{
    Ir *ir = grad->ir;
    const Expr **masks = arena_array(ir->arena, const Expr *, end - begin);
    Loop *forward = ir->statements[begin]->loop, *loop = NULL;
    if (forward) {
        loop = arena_new(ir->arena, Loop);
        *loop = (Loop){ .axis = forward->axis, .reversed = !forward->reversed };
    }
    for (int i = end - 1; i >= begin; i--) {
        const Statement *statement = ir->statements[i];
        if (statement->section != of || !takes_part(grad, statement) || !flows(statement->value))
            continue;
        if (statement->accumulate == ACCUMULATE_MAX)
            masks[i - begin] = emit_first_maximum(grad, statement);
        else if (statement->accumulate == ACCUMULATE_SET && has_maximum(grad, statement->out.tensor))
            die("%s.%s: max= over a beginning that is not constant", statement->layer, statement->out.tensor->name);
    }
    for (int i = end - 1; i >= begin; i--) {
        const Statement *statement = ir->statements[i];
        if (statement->section == of && takes_part(grad, statement))
            differentiate(grad, statement, loop, masks[i - begin]);
    }
}

static void walk(Grad *grad, Section of, Section section)
{
    const Ir *ir = grad->ir;
    grad->section = section;
    for (int end = grad->forward_count; end > 0;) {
        int begin = end - 1;
        const Statement *last = ir->statements[begin];
        if (last->section != of) {
            end = begin;
            continue;
        }
        for (int i = begin; last->loop && i >= 0; i--) {
            if (ir->statements[i]->section != of)
                continue;
            if (ir->statements[i]->loop != last->loop)
                break;
            begin = i;
        }
        walk_run(grad, begin, end, of);
        end = begin;
    }
}

static bool written_in(const Ir *ir, const Numbers *writers, Section section)
{
    for (int w = 0; w < writers->count; w++)
        if (ir->statements[writers->number[w]]->section == section)
            return true;
    return false;
}

static void fill_adjoints(Grad *grad)
{
    Ir *ir = grad->ir;
    Fill *fill = fill_create(ir, grad->forward_count);
    const Numbers *writers = ir_uses(ir->arena, ir).writers;    /* of adjoints: those that were emitted */
    for (int i = 0; i < ir->tensor_count; i++) {
        Tensor *tensor = ir->tensors[i], *adjoint = tensor->adjoint;
        if (!adjoint || adjoint->role == ROLE_GRADIENT)
            continue;
        bool from_loss = written_in(ir, &writers[adjoint->number], SECTION_LOSS);
        if (from_loss || (ir->loss && tensor == ir->output))
            fill_tensor(fill, adjoint, SECTION_LOSS, true);
        if (tensor == ir->output)
            continue;
        if (from_loss && written_in(ir, &writers[i], SECTION_FORWARD))
            fill_zero(fill, adjoint, SECTION_FORWARD);
        else if (!from_loss)
            fill_tensor(fill, adjoint, SECTION_BACKWARD, true);
    }
    fill_finish(fill);
}

void grad(Ir *ir)
{
    if (!ir->training || !ir->output)
        die("grad: not a training program");
    Grad grad = { .ir = ir };
    prepare_maxima(&grad);
    grad.uses = ir_uses(ir->arena, ir);
    create_adjoints(&grad);
    for (int i = 0; i < grad.forward_count; i++)
        if (ir->statements[i]->section == SECTION_RESET && flows(ir->statements[i]->value))
            die("%s: an initial state that is computed from weights", ir->statements[i]->layer);
    if (ir->loss)
        walk(&grad, SECTION_LOSS, SECTION_LOSS);
    walk(&grad, SECTION_FORWARD, SECTION_BACKWARD);
    fill_adjoints(&grad);
}
