/* stage.c: in: one Ir.  out: the same mathematics, every statement labelled with the earliest time at which it can run
 * where it stands: what depends on weights alone is prepared, what stands outside every loop runs once a call, the rest
 * recurs. For a target with lanes the statements change first: sums over selected rows of weights become tables, what
 * nobody reads is dropped, and sums that do not recur leave their time loop, which becomes an axis of theirs. For BLAS
 * that is done for any target, and for what is a large product outside of the loop only. */
#include "passes.h"
#include "product.h"
#include "compiler/ir/region.h"
#include "stage.h"

/* ---- which statements of a loop may change places ---- */

typedef struct Accesses {           /* what a statement touches; the first is written */
    Arena *arena;
    const Access **access;
    int count, capacity;
} Accesses;

typedef struct Body {               /* of one time loop */
    Ir *ir;
    Arena *arena;                   /* its own */
    const Loop *loop;
    int *place;                     /* in Ir.statements, in order */
    int count, capacity;
    Accesses *accesses;             /* of each of them */
    /* [earlier * count + later]: all turns of the one may run before all turns of the other */
    bool *precedes;
    bool *leaves;                   /* the statements that are to leave the loop */
    bool forward;                   /* they leave to the front */
    bool for_lanes;                 /* they may leave for the sake of vectors */
    size_t few_weights;             /* forward, not for the sake of so few floats */
    const Target *for_blas;         /* they may leave to be products of its size; NULL: not so */
} Body;

static void visit_access(void *context, const Access *access)
{
    Accesses *accesses = context;
    arena_append(accesses->arena, accesses->access, accesses->count, accesses->capacity, access);
}

static Accesses accesses_of(Arena *arena, const Statement *statement)
{
    Accesses accesses = { .arena = arena };
    visit_access(&accesses, &statement->out);
    statement_visit_reads(statement, visit_access, &accesses);
    return accesses;
}

static const Statement *statement_of(const Body *body, int i)
{
    return body->ir->statements[body->place[i]];
}

/* From turn `at` to the end of the loop, as it runs; without that turn itself, unless `same`. */
static Turns turns_from(const Loop *loop, int at, bool same)
{
    int skip = same ? 0 : 1, last = loop->axis->extent - 1;
    return (Turns){ .axis = loop->axis,
                    .first = loop->reversed ? 0 : at + skip,
                    .last = loop->reversed ? at - skip : last };
}

/* Of the turns first..last, those at which something that is `at_first` and `at_last` at the ends, and grows evenly
 * between them, is not negative; none: last < first. */
static Turns not_negative(Turns turns, long long at_first, long long at_last)
{
    long long span = turns.last - turns.first, slope = span ? (at_last - at_first) / span : 0;
    Turns some = turns;
    if (at_first < 0 && at_last < 0)
        some.last = turns.first - 1;
    else if (at_first < 0)
        some.first += (int)((-at_first + slope - 1) / slope);
    else if (at_last < 0)
        some.last = turns.first + (int)(at_first / -slope);
    return some;
}

/* Does `first` touch in some turn what `second` touches in a later turn (or, `same`, in the same one)? Ends of boxes
 * move evenly from turn to turn, so the turns at which two meet along one dimension follow from the first turn and the
 * last. */
static bool meet_later(const Loop *loop, const Access *first, const Access *second, bool same)
{
    int skip = same ? 0 : 1, last = loop->axis->extent - 1;
    Turns all = { .axis = loop->axis, .first = loop->reversed ? skip : 0, .last = loop->reversed ? last : last - skip };
    if (all.last < all.first)
        return false;
    Box a[2], b[2];
    for (int end = 0; end < 2; end++) {
        int turn = end ? all.last : all.first;
        Touch touch;
        a[end] = box_of_access(first, (Turns){ .axis = loop->axis, .first = turn, .last = turn }, &touch);
        b[end] = box_of_access(second, turns_from(loop, turn, same), &touch);
    }
    int from = all.first, to = all.last;
    for (int d = 0; d < a->rank; d++) {
        Turns above = not_negative(all, (long long)a[0].high[d] - b[0].low[d], (long long)a[1].high[d] - b[1].low[d]);
        Turns below = not_negative(all, (long long)b[0].high[d] - a[0].low[d], (long long)b[1].high[d] - a[1].low[d]);
        from = above.first > from ? above.first : from;
        from = below.first > from ? below.first : from;
        to = above.last < to ? above.last : to;
        to = below.last < to ? below.last : to;
    }
    return from <= to;
}

static bool meet(const Loop *loop, const Access *first, const Access *second)
{
    Touch touch;
    Box a = box_of_access(first, turns_of(loop), &touch), b = box_of_access(second, turns_of(loop), &touch);
    return box_overlaps(&a, &b);
}

/* May all turns of statement `p` run before all turns of `q`? Not if a turn of q now comes before one of p and the two
 * meet at an element that one of them writes; unless both only accumulate there, and in the same way. And nothing is
 * written after it was read. */
static bool may_precede(const Body *body, int p, int q)
{
    const Statement *before = statement_of(body, p), *after = statement_of(body, q);
    const Accesses *of_before = &body->accesses[p], *of_after = &body->accesses[q];
    bool commute = before->accumulate == after->accumulate && before->accumulate != ACCUMULATE_SET, may = true;
    for (int i = 0; i < of_before->count && may; i++)
        for (int j = 0; j < of_after->count && may; j++) {
            const Access *a = of_before->access[i], *b = of_after->access[j];
            if (a->tensor != b->tensor || (i > 0 && j > 0) || (i == 0 && j == 0 && commute))
                continue;
            may = i > 0 ? !meet(body->loop, a, b) : !meet_later(body->loop, b, a, q < p);
        }
    return may;
}

/* Of the loop that begins with statement `first`: its statements are neighbours in their section. */
static Body body_of(Ir *ir, Arena *arena, int first)
{
    const Statement *begin = ir->statements[first];
    Body body = { .ir = ir, .arena = arena, .loop = begin->loop };
    for (int i = first; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (statement->loop == body.loop)
            arena_append(arena, body.place, body.count, body.capacity, i);
        else if (statement->section == begin->section)
            break;
    }
    body.accesses = arena_array(arena, Accesses, body.count);
    for (int i = 0; i < body.count; i++)
        body.accesses[i] = accesses_of(arena, statement_of(&body, i));
    body.precedes = arena_array(arena, bool, body.count * body.count);
    for (int p = 0; p < body.count; p++)
        for (int q = 0; q < body.count; q++)
            body.precedes[p * body.count + q] = may_precede(&body, p, q);
    body.leaves = arena_array(arena, bool, body.count);
    return body;
}

/* `mover` leaves the loop, in which `other` stays. */
static bool may_leave_behind(const Body *body, int mover, int other)
{
    return body->forward ? body->precedes[mover * body->count + other] : body->precedes[other * body->count + mover];
}

/* ---- which of them leave ---- */

static bool has_room(const Body *body, const Statement *statement)
{
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i] == body->loop->axis)
            return false;
    return statement->axis_count < STATEMENT_AXES_MAX;
}

static bool must_stay(const Body *body, const bool *might, int at)
{
    for (int other = 0; other < body->count; other++) {
        if (other == at)
            continue;
        if (!might[other] ? !may_leave_behind(body, at, other)
                          : other < at && !body->precedes[other * body->count + at])
            return true;
    }
    return !may_precede(body, at, at);
}

/* All that could leave together: everything, without what the rest needs in its place, until nothing changes. */
static bool *find_movable(const Body *body)
{
    bool *might = arena_array(body->arena, bool, body->count);
    for (int i = 0; i < body->count; i++)
        might[i] = has_room(body, statement_of(body, i));
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < body->count; i++)
            if (might[i] && must_stay(body, might, i)) {
                might[i] = false;
                changed = true;
            }
    }
    return might;
}

static bool is_out_axis(const Statement *statement, const Axis *axis)
{
    for (int d = 0; d < statement->out.tensor->rank; d++)
        if (index_uses(&statement->out.index[d], axis))
            return true;
    return false;
}

static bool is_sum(const Statement *statement, const Loop *loop)
{
    bool sums = !is_out_axis(statement, loop->axis);
    for (int i = 0; i < statement->axis_count; i++)
        sums = sums || !is_out_axis(statement, statement->axes[i]);
    return sums && statement->accumulate == ACCUMULATE_ADD;
}

static void add_weights(void *context, const Access *access)
{
    if (access->tensor->role == ROLE_WEIGHT)
        *(size_t *)context += tensor_count(access->tensor);
}

static void make_loop_an_axis(Statement *statement)
{
    for (int i = statement->axis_count++; i > 0; i--)
        statement->axes[i] = statement->axes[i - 1];
    statement->axes[0] = statement->loop->axis;
    for (int i = 0; i < statement->axis_count; i++)
        statement->unroll[i] = 1;
    statement->left = statement->loop;
    statement->loop = NULL;
}

/* With the rows of all turns, and not with those of one. */
static bool becomes_large(const Body *body, const Statement *statement)
{
    Statement moved = *statement;
    bool copies;
    if (!body->for_blas || !has_room(body, statement) || product_is_large(statement, body->for_blas, &copies))
        return false;
    make_loop_an_axis(&moved);
    return product_is_large(&moved, body->for_blas, &copies);
}

/* Forward, only the weights that a row of turns would share are worth the memory of all turns; backward, every sum: a
 * weight's gradient is then formed in registers. */
static bool pays(const Body *body, const Statement *statement)
{
    size_t weights = 0;
    expr_visit_loads(statement->value, add_weights, &weights);
    bool weighs = !body->forward || weights > body->few_weights;
    return (body->for_lanes && weighs && is_sum(statement, body->loop)) || becomes_large(body, statement);
}

/* The constant from which a sum starts goes with it, so that it can start in registers. */
static bool starts_from(const Statement *sum, const Statement *other)
{
    return other->accumulate == ACCUMULATE_SET && other->value->op == OP_CONSTANT &&
           other->out.tensor == sum->out.tensor;
}

/* The sums that pay, what starts them, and what cannot stay without them. Elementwise statements stay where their
 * operands are at hand. */
static bool find_leaving(Body *body)
{
    const bool *might = find_movable(body);
    bool any = false;
    for (int i = 0; i < body->count; i++)
        any |= body->leaves[i] = might[i] && pays(body, statement_of(body, i));
    for (bool changed = any; changed;) {
        changed = false;
        for (int i = 0; i < body->count; i++)
            for (int other = 0; other < body->count && body->leaves[i]; other++)
                if (!body->leaves[other] && might[other] &&
                    (!may_leave_behind(body, i, other) ||
                     starts_from(statement_of(body, i), statement_of(body, other))))
                    changed = body->leaves[other] = true;
    }
    return any;
}

/* ---- the move ---- */

/* What starts a sum belongs to whom the sum belongs to, so that both stay neighbours. */
static void adopt_start(const Body *body, Statement *start)
{
    for (int i = 0; i < body->count; i++)
        if (body->leaves[i] && starts_from(statement_of(body, i), start) &&
            statement_of(body, i)->accumulate == ACCUMULATE_ADD)
            start->layer = statement_of(body, i)->layer;
}

static void append_body(const Body *body, bool leaves, Statement **order, int *count)
{
    for (int i = 0; i < body->count; i++)
        if (body->leaves[i] == leaves)
            order[(*count)++] = body->ir->statements[body->place[i]];
}

/* The statements that leave stand before or behind the loop, in the order they had. */
static void move_out(const Body *body)
{
    Ir *ir = body->ir;
    int first = body->place[0], last = body->place[body->count - 1], count = 0;
    Statement **order = arena_array(body->arena, Statement *, last - first + 1);
    append_body(body, body->forward, order, &count);
    append_body(body, !body->forward, order, &count);
    for (int i = first; i <= last; i++)
        if (ir->statements[i]->loop != body->loop)
            order[count++] = ir->statements[i];
    for (int i = 0; i < body->count; i++)
        if (body->leaves[i]) {
            adopt_start(body, ir->statements[body->place[i]]);
            make_loop_an_axis(ir->statements[body->place[i]]);
        }
    for (int i = first; i <= last; i++)
        ir->statements[i] = order[i - first];
}

#define TURNS_WORTH_SHARING 4       /* rows of time that share the weights they stream by */

static bool lanes_gain(const Ir *ir, const Statement *statement)
{
    if (statement->section == SECTION_FORWARD)      /* with a batch its rows share the weights already */
        return ir->batch == 1 && statement->loop->axis->extent >= TURNS_WORTH_SHARING;
    return statement->section == SECTION_BACKWARD;
}

static void move_out_of_loops(Ir *ir, const Target *target, bool for_blas)
{
    Arena *arena = arena_create();
    const Loop *done = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (!statement->loop || statement->loop == done)
            continue;
        bool computes = statement->section == SECTION_FORWARD || statement->section == SECTION_BACKWARD;
        bool for_lanes = target->lanes > 1 && lanes_gain(ir, statement);
        if (!for_lanes && !(for_blas && computes))
            continue;
        done = statement->loop;
        Body body = body_of(ir, arena, i);
        body.forward = statement->section == SECTION_FORWARD;
        body.for_lanes = for_lanes;
        /* a tape of one row keeps all turns of what such sums form: for weights that fill much of the first cache */
        body.few_weights = ir->batch_axis ? (size_t)target->first_cache / 2 / sizeof(float) : 0;
        body.for_blas = for_blas ? target : NULL;
        if (find_leaving(&body))
            move_out(&body);
        arena_clear(arena);
    }
    arena_free(arena);
}

/* ---- what nobody reads ---- */

static void visit_read(void *context, const Access *access)
{
    ((bool *)context)[access->tensor->number] = true;
}

static bool is_interface(const Ir *ir, const Tensor *tensor)
{
    return (tensor->role != ROLE_VALUE && tensor->role != ROLE_ADJOINT) || tensor->kept ||
           tensor == ir_output_adjoint(ir);
}

static void drop_dead(Ir *ir)
{
    for (int before = -1; before != ir->statement_count;) {
        bool *read = arena_array(ir->arena, bool, ir->tensor_count);
        before = ir->statement_count;
        for (int i = 0; i < before; i++) {
            const Statement *statement = ir->statements[i];
            statement_visit_reads(statement, visit_read, read);
        }
        ir->statement_count = 0;
        for (int i = 0; i < before; i++) {
            const Tensor *out = ir->statements[i]->out.tensor;
            if (read[out->number] || is_interface(ir, out))
                ir->statements[ir->statement_count++] = ir->statements[i];
        }
    }
}

/* ---- binding times ---- */

static void visit_early(void *context, const Access *access)
{
    bool *const *found = context;       /* the marks, and where to say that a load is late */
    if (!found[0][access->tensor->number])
        *found[1] = false;
}

static bool stays_early(const Statement *statement, bool *early)
{
    if (statement->section != SECTION_FORWARD || statement->loop)
        return false;
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i]->kind == AXIS_BATCH)
            return false;
    bool all = true;
    bool *found[] = { early, &all };
    expr_visit_loads(statement->value, visit_early, found);
    return all;
}

/* Which tensors depend on weights alone: all that might, without those that a late statement writes, until nothing
 * changes. */
static bool *find_early(const Ir *ir)
{
    bool *early = arena_array(ir->arena, bool, ir->tensor_count);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        bool fixed = tensor->batch_dimension < 0 && tensor->time_dimension < 0;
        early[i] = tensor->role == ROLE_WEIGHT || (tensor->role == ROLE_VALUE && fixed);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < ir->statement_count; i++) {
            const Statement *statement = ir->statements[i];
            int out = statement->out.tensor->number;
            if (early[out] && !stays_early(statement, early)) {
                early[out] = false;
                changed = true;
            }
        }
    }
    return early;
}

void stage(Ir *ir, const Target *target, bool for_blas)
{
    if (target->lanes > 1) {
        if (!ir->training)
            replace_by_tables(ir, target->table_bytes);
        drop_dead(ir);
    }
    if (target->lanes > 1 || for_blas)
        move_out_of_loops(ir, target, for_blas);
    bool *early = find_early(ir);
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        statement->time = early[statement->out.tensor->number] ? TIME_PREPARE : statement->loop ? TIME_STEP : TIME_CALL;
    }
}
