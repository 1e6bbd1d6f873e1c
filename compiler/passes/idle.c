/* idle.c: in: a program after all other passes.  out: of loops over time under a mask, what is left of a turn at which
 * the mask holds for no row: states are carried, adjoints that others read are zero, and no sum is formed.
 *
 * At such a turn the mask is the constant 0. Every expression is folded with that, and what follows from it for other
 * tensors: lstm.sum = 1 - mask is 1 there, and lstm.d_z is 0. A statement that still says something is done if somebody
 * needs it: a state, what is read in another turn or by a statement that goes over all of time. Nobody needs what only
 * other turns of the same kind would have read. Both are found together, from the needs that are certain on.
 *
 * A loop that would form sums all the same stays as it was. */
#include "compiler/ir/axes.h"
#include "passes.h"

/* Which position of the mask belongs to position p of something else, a loop or a tensor: sign * p + constant. */
typedef struct Alignment {
    int sign;               /* 1 or -1; 0: not known */
    int constant;
} Alignment;

typedef struct Rest {       /* what is known of a tensor where the mask holds for no row */
    Alignment alignment;    /* of its positions in time */
    bool is_constant;
    double value;
    bool is_needed;
} Rest;

typedef struct IdleLoop {
    Loop *loop;
    Access mask;            /* as the loop reads it */
    Alignment alignment;    /* of its turns */
} IdleLoop;

typedef struct Idling {
    Ir *ir;
    const Tensor *mask;
    Rest *rests;            /* by the tensor's number */
    IdleLoop *loops;        /* that may idle */
    int loop_count, loop_capacity;
    bool changed;
} Idling;

/* ---- positions ---- */

static const IdleLoop *idle_loop(const Idling *to, const Loop *loop)
{
    for (int i = 0; i < to->loop_count; i++)
        if (to->loops[i].loop == loop)
            return &to->loops[i];
    return NULL;
}

/* The axis of time that the statement goes along; NULL: none, or several. */
static const Axis *time_of(const Statement *statement)
{
    if (statement->loop)
        return statement->loop->axis;
    if (statement->tile && statement->tile->follows)
        return statement->tile->turns;
    return statement_time(statement);
}

/* Where in its tensor's time the access stands when the axis is at p; false: not at sign * p + constant. */
static bool find_position(const Access *access, const Axis *axis, Alignment *position)
{
    const int d = access->tensor->time_dimension;
    if (d < 0 || !axis)
        return false;
    const Index *index = &access->index[d];
    if (index->gather || index->terms != 1 || index->axis[0] != axis)
        return false;
    *position = (Alignment){ index->coefficient[0], index->constant };
    return position->sign == 1 || position->sign == -1;
}

static bool same_alignment(Alignment a, Alignment b)
{
    return a.sign && a.sign == b.sign && a.constant == b.constant;
}

/* Of an axis, given that of a tensor which is read at that position of the axis. */
static Alignment alignment_of_axis(Alignment of_tensor, Alignment position)
{
    return (Alignment){ of_tensor.sign * position.sign, of_tensor.sign * position.constant + of_tensor.constant };
}

static Alignment alignment_of_tensor(Alignment of_axis, Alignment position)
{
    int sign = of_axis.sign * position.sign;
    return (Alignment){ sign, of_axis.constant - sign * position.constant };
}

typedef struct Search {
    const Idling *idling;
    const Axis *axis;
    Alignment found;
} Search;

static void find_alignment(void *context, const Access *access)
{
    Search *search = context;
    const Rest *rest = &search->idling->rests[access->tensor->number];
    Alignment position;
    if (!search->found.sign && rest->alignment.sign && find_position(access, search->axis, &position))
        search->found = alignment_of_axis(rest->alignment, position);
}

/* Of the statement's axis of time; where no loop says so, by what it reads. */
static Alignment alignment_of(const Idling *to, const Statement *statement)
{
    const IdleLoop *idle = idle_loop(to, statement_loop(statement));
    if (idle)
        return idle->alignment;
    Search search = { .idling = to, .axis = time_of(statement) };
    expr_visit_loads(statement->value, find_alignment, &search);
    return search.found;
}

/* ---- what expressions come to ---- */

typedef struct Point {      /* where an expression stands: at a position of this axis where the mask holds for no row */
    const Idling *idling;
    const Axis *axis;
    Alignment alignment;
} Point;

static Point point_of(const Idling *to, const Statement *statement)
{
    return (Point){ .idling = to, .axis = time_of(statement), .alignment = alignment_of(to, statement) };
}

static bool is_at(const Point *point, const Access *access)
{
    Alignment position;
    const Rest *rest = &point->idling->rests[access->tensor->number];
    return rest->alignment.sign && point->alignment.sign && find_position(access, point->axis, &position) &&
           same_alignment(alignment_of_axis(rest->alignment, position), point->alignment);
}

static Expr *fold(const Point *point, Expr *expr)
{
    Arena *arena = point->idling->ir->arena;
    if (expr->op == OP_LOAD) {
        const Rest *rest = &point->idling->rests[expr->access.tensor->number];
        return rest->is_constant && is_at(point, &expr->access) ? expr_constant(arena, rest->value) : expr;
    }
    const int arity = op_traits[expr->op].arity;
    if (arity == 0)
        return expr;
    Expr *a = fold(point, expr->argument[0]), *b = arity == 2 ? fold(point, expr->argument[1]) : NULL;
    return a == expr->argument[0] && b == (arity == 2 ? expr->argument[1] : NULL) ? expr
                                                                                 : expr_make(arena, expr->op, a, b);
}

static bool adds_nothing(const Statement *statement, const Expr *value)
{
    return statement->accumulate == ACCUMULATE_ADD && value->op == OP_CONSTANT && value->value == 0;
}

static void forget(Rest *rest)
{
    *rest = (Rest){ .is_needed = true };
}

/* What one more statement that writes it makes of a tensor: a constant as long as all of them say the same. */
static void note_write(const Idling *to, const Statement *statement, bool first)
{
    Rest *rest = &to->rests[statement->out.tensor->number];
    const Point point = point_of(to, statement);
    const Expr *value = fold(&point, statement->value);
    Alignment position, alignment = { 0 };
    if (point.alignment.sign && find_position(&statement->out, point.axis, &position))
        alignment = alignment_of_tensor(point.alignment, position);
    if (alignment.sign && rest->alignment.sign && !same_alignment(alignment, rest->alignment)) {
        forget(rest);
        return;
    }
    if (alignment.sign)
        rest->alignment = alignment;
    bool sets = statement->accumulate == ACCUMULATE_SET && value->op == OP_CONSTANT;
    if (first)
        rest->is_constant = sets, rest->value = sets ? value->value : 0;
    else if (!adds_nothing(statement, value))
        rest->is_constant &= sets && value->value == rest->value;
}

static void find_constants(const Idling *to)
{
    const Ir *ir = to->ir;
    bool *written = arena_array(ir->arena, bool, ir->tensor_count);
    bool *of_loss = arena_array(ir->arena, bool, ir->tensor_count);
    for (int i = 0; i < ir->statement_count; i++)
        of_loss[ir->statements[i]->out.tensor->number] |= ir->statements[i]->section == SECTION_LOSS;
    to->rests[to->mask->number] = (Rest){ .alignment = { 1, 0 }, .is_constant = true };
    for (int i = 0; i < ir->statement_count; i++) {
        const int number = ir->statements[i]->out.tensor->number;
        if (number == to->mask->number)
            continue;
        note_write(to, ir->statements[i], !written[number]);
        if (of_loss[number])    /* a caller with a loss of its own writes it */
            to->rests[number].is_constant = false;
        written[number] = true;
    }
}

/* ---- what is needed ---- */

typedef struct Needs {
    Idling *idling;
    const Point *elsewhere;     /* what is read at this point is not needed; NULL: it is */
} Needs;

static void need(void *context, const Access *access)
{
    const Needs *needs = context;
    Rest *rest = &needs->idling->rests[access->tensor->number];
    if (rest->is_needed || (needs->elsewhere && is_at(needs->elsewhere, access)))
        return;
    rest->is_needed = true;
    needs->idling->changed = true;
}

/* What is read under the mask is read for nothing. */
static void need_unmasked(const Needs *needs, const Point *point, Expr *expr)
{
    if (expr->op == OP_LOAD) {
        need((void *)needs, &expr->access);
        return;
    }
    const int arity = op_traits[expr->op].arity;
    const Expr *mask = expr->op == OP_KEEP ? fold(point, expr->argument[0]) : NULL;
    for (int i = 0; i < (mask && mask->op == OP_CONSTANT && mask->value == 0 ? 1 : arity); i++)
        need_unmasked(needs, point, expr->argument[i]);
}

/* Whether the statement says something in an idle turn: then with `value`. */
static bool remains(const Idling *to, const Statement *statement, Expr **value)
{
    const Point point = point_of(to, statement);
    *value = fold(&point, statement->value);
    return !adds_nothing(statement, *value) && to->rests[statement->out.tensor->number].is_needed;
}

static void find_needs_of(Idling *to, const Statement *statement)
{
    const Point point = point_of(to, statement);
    Needs needs = { .idling = to };
    if (!idle_loop(to, statement->loop)) {
        need_unmasked(&needs, &point, statement->value);
        return;
    }
    needs.elsewhere = &point;
    expr_visit_loads(statement->value, need, &needs);
    needs.elsewhere = NULL;
    Expr *value;
    if (remains(to, statement, &value))
        expr_visit_loads(value, need, &needs);
}

/* Also by those who look at it from outside of the program, and where it has no place in time. */
static bool is_needed_by_others(const Ir *ir, const Statement *statement)
{
    const Tensor *tensor = statement->out.tensor;
    Alignment position;
    return (tensor->role != ROLE_VALUE && tensor->role != ROLE_STATE && tensor->role != ROLE_ADJOINT) || tensor->kept ||
           tensor == ir_output_adjoint(ir) || !find_position(&statement->out, time_of(statement), &position);
}

static void find_needs(Idling *to)
{
    for (int i = 0; i < to->ir->statement_count; i++)
        if (is_needed_by_others(to->ir, to->ir->statements[i]))
            to->rests[to->ir->statements[i]->out.tensor->number].is_needed = true;
    do {
        to->changed = false;
        for (int i = 0; i < to->ir->statement_count; i++)
            find_needs_of(to, to->ir->statements[i]);
    } while (to->changed);
}

/* ---- loops ---- */

static void find_register(void *context, const Access *access)
{
    bool *found = context;
    *found |= access->tensor->home == HOME_REGISTER;
}

/* A loop whose idle turns would be no shorter, or would need what tiles leave nowhere. */
static bool is_of_use(const Idling *to, const Loop *loop)
{
    bool summed = false;
    for (int i = 0; i < to->ir->statement_count; i++) {
        const Statement *statement = to->ir->statements[i];
        Expr *value;
        if (statement->loop != loop)
            continue;
        summed |= statement_has_sum(statement);
        if (!remains(to, statement, &value))
            continue;
        bool lost = statement->unread;
        find_register(&lost, &statement->out);
        expr_visit_loads(value, find_register, &lost);
        if (lost || statement_has_sum(statement))
            return false;
    }
    return summed;
}

typedef struct MaskSearch {
    const Idling *idling;
    const Loop *loop;
    const Access *found;
} MaskSearch;

/* The access to the mask in front of what the loop keeps; NULL: there is none. */
static const Access *find_mask(const Idling *to, const Loop *loop, const Expr *expr)
{
    Alignment position;
    const Expr *mask = expr->op == OP_KEEP ? expr->argument[0] : NULL;
    if (mask && mask->op == OP_LOAD && mask->access.tensor == to->mask &&
        find_position(&mask->access, loop->axis, &position))
        return &mask->access;
    const Access *found = NULL;
    for (int i = 0; i < op_traits[expr->op].arity && !found; i++)
        found = find_mask(to, loop, expr->argument[i]);
    return found;
}

/* What a turn computes is not known at its beginning. */
static bool makes_mask(const Idling *to, const Loop *loop)
{
    for (int i = 0; i < to->ir->statement_count; i++)
        if (to->ir->statements[i]->loop == loop && to->ir->statements[i]->out.tensor == to->mask)
            return true;
    return false;
}

/* All loops that keep something under the mask. */
static void find_loops(Idling *to)
{
    to->loop_count = 0;
    for (int i = 0; i < to->ir->statement_count; i++) {
        Loop *loop = to->ir->statements[i]->loop;
        const Access *mask = loop && loop->axis->extent > 1 && !loop->idle && !idle_loop(to, loop)
                                 ? find_mask(to, loop, to->ir->statements[i]->value) : NULL;
        if (!mask || makes_mask(to, loop))
            continue;
        IdleLoop found = { .loop = loop, .mask = *mask };
        find_position(mask, loop->axis, &found.alignment);
        arena_append(to->ir->arena, to->loops, to->loop_count, to->loop_capacity, found);
    }
}

/* Without those that would gain nothing; what others need of them changes when they go. */
static void choose_loops(Idling *to)
{
    find_loops(to);
    for (int before = -1; to->loop_count && before != to->loop_count;) {
        before = to->loop_count;
        to->rests = arena_array(to->ir->arena, Rest, to->ir->tensor_count);
        find_constants(to);
        find_needs(to);
        for (int i = to->loop_count - 1; i >= 0; i--)
            if (!is_of_use(to, to->loops[i].loop))
                to->loops[i] = to->loops[--to->loop_count];
    }
}

static void mark_loop(const Idling *to, const IdleLoop *chosen)
{
    const Ir *ir = to->ir;
    Idle *idle = arena_new(ir->arena, Idle);
    *idle = (Idle){ .mask = chosen->mask };
    for (int i = 0, capacity = 0; i < ir->statement_count; i++) {
        Expr *value;
        if (ir->statements[i]->loop != chosen->loop || !remains(to, ir->statements[i], &value))
            continue;
        Statement *statement = arena_new(ir->arena, Statement);
        *statement = *ir->statements[i];
        statement->value = value;
        statement->tile = NULL;
        statement->blas = false;
        for (int a = 0; a < statement->axis_count; a++)
            statement->unroll[a] = 1;
        arena_append(ir->arena, idle->statements, idle->count, capacity, statement);
    }
    chosen->loop->idle = idle;
}

/* Tiles behind a piece of turns have nothing to do where all of these were idle. */
static void mark_tiles(const Idling *to)
{
    for (int pass = 0; pass <= 1; pass++)
        for (int i = 0; i < to->ir->statement_count; i++) {
            const Statement *statement = to->ir->statements[i];
            Expr *value;
            if (!statement->tile || !idle_loop(to, statement->tile->follows))
                continue;
            if (pass == 0)
                statement->tile->skips_idle = true;
            else if (remains(to, statement, &value))
                statement->tile->skips_idle = false;
        }
}

/* One for each row of a step; true numbers, which are there before the loops. */
static bool may_be_mask(const Ir *ir, const Tensor *tensor)
{
    return tensor->role == ROLE_VALUE && !tensor->integer && tensor->time_dimension == 0 &&
           tensor->rank == (ir->batch_axis ? 2 : 1) && tensor->batch_dimension == (ir->batch_axis ? 1 : -1);
}

void idle(Ir *ir)
{
    for (int i = 0; i < ir->tensor_count; i++) {
        if (!may_be_mask(ir, ir->tensors[i]))
            continue;
        Idling idling = { .ir = ir, .mask = ir->tensors[i] };
        choose_loops(&idling);
        for (int j = 0; j < idling.loop_count; j++)
            mark_loop(&idling, &idling.loops[j]);
        mark_tiles(&idling);
    }
}
