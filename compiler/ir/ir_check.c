/* ir_check.c: the checker. Every axis is bound, every index proven inside its tensor, every element set before it is read or added to,
 * set once, and not written again after it was read; so that generated code cannot index out of bounds and grad may walk the list backwards.
 * Regions are boxes (region.h): what the boxes cannot prove is refused. */
#include "region.h"

#include <stdio.h>

typedef struct Numbers {        /* of statements, ascending */
    int *number;
    int count, capacity;
} Numbers;

typedef struct Check {
    const Ir *ir;
    Arena *arena;               /* for the statement at work alone */
    const Statement *statement; /* at work */
    int at;                     /* its number */
    const char *wrong;          /* the first thing found; in the Ir's arena */
    Arena *index_arena;
    Numbers *writers, *readers; /* [tensor_count]: who writes, who reads each tensor */
} Check;

static void complain(Check *check, const char *format, ...) PRINTF_LIKE(2, 3);

static void complain(Check *check, const char *format, ...)
{
    if (check->wrong)
        return;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    Arena *arena = check->ir->arena;
    if (check->statement)
        check->wrong = arena_format(arena, "%s     %s: %s", statement_text(arena, check->statement),
                                    statement_axes_text(arena, check->statement), text);
    else
        check->wrong = arena_copy_text(arena, text);
}

static const char *full_name(Check *check, const Tensor *tensor)
{
    return arena_format(check->arena, "%s%s%s", tensor->layer, *tensor->layer ? "." : "", tensor->name);
}

/* ---- shape: what can be said of a statement alone ---- */

static bool is_bound(const Statement *statement, const Axis *axis)
{
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i] == axis)
            return true;
    return statement->loop && statement->loop->axis == axis;
}

static void check_bound(Check *check, const Index *index)
{
    for (int i = 0; i < index->terms; i++)
        if (!is_bound(check->statement, index->axis[i]))
            complain(check, "axis %s is not bound", index->axis[i]->name);
}

static void check_access(Check *check, const Access *access, bool inside_gather)
{
    const Tensor *tensor = access->tensor;
    if (tensor->number < 0 || tensor->number >= check->ir->tensor_count || check->ir->tensors[tensor->number] != tensor) {
        complain(check, "%s is not a tensor of this Ir", full_name(check, tensor));
        return;
    }
    for (int d = 0; d < tensor->rank; d++) {
        const Index *index = &access->index[d];
        if (index->gather) {
            if (inside_gather)
                complain(check, "a gather inside a gather");
            if (!index->gather->tensor->integer)
                complain(check, "gather from %s, which does not hold integers", full_name(check, index->gather->tensor));
            if (index->terms || index->constant)
                complain(check, "%s: an index is either a gather or affine", full_name(check, tensor));
            check_access(check, index->gather, true);
            continue;
        }
        check_bound(check, index);
        if (index_smallest(index) < 0 || index_largest(index) >= tensor->extent[d])
            complain(check, "index %d of %s runs from %d to %d, but the extent is %d", d, full_name(check, tensor), index_smallest(index),
                     index_largest(index), tensor->extent[d]);
        Index batch = check->ir->batch_axis ? index_axis(check->ir->batch_axis) : index_constant(0);
        if (d == tensor->batch_dimension && !index_equal(index, &batch))
            complain(check, "index %d of %s must be the batch axis", d, full_name(check, tensor));
    }
}

static void check_expr(Check *check, const Expr *expr)
{
    if (expr->op == OP_LOAD)
        check_access(check, &expr->access, false);
    if (expr->op == OP_AXIS)
        check_bound(check, &expr->position);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        check_expr(check, expr->argument[i]);
}

/* A SET whose index leaves out an axis would write the same element again. */
static void check_set_uses(Check *check, const Axis *axis)
{
    const Access *out = &check->statement->out;
    for (int d = 0; d < out->tensor->rank; d++)
        if (index_uses(&out->index[d], axis))
            return;
    if (axis->extent > 1)
        complain(check, "sets the same element for each %s", axis->name);
}

static void check_axes(Check *check)
{
    const Statement *statement = check->statement;
    for (int i = 0; i < statement->axis_count; i++) {
        if (statement->axes[i]->extent <= 0)
            complain(check, "axis %s has extent %d", statement->axes[i]->name, statement->axes[i]->extent);
        if (statement->loop && statement->axes[i] == statement->loop->axis)
            complain(check, "axis %s belongs to the loop", statement->axes[i]->name);
        for (int other = 0; other < i; other++)
            if (statement->axes[other] == statement->axes[i])
                complain(check, "axis %s stands twice", statement->axes[i]->name);
        if (statement->accumulate == ACCUMULATE_SET)
            check_set_uses(check, statement->axes[i]);
    }
    if (statement->loop && statement->loop->axis->extent <= 0)
        complain(check, "loop axis %s has extent %d", statement->loop->axis->name, statement->loop->axis->extent);
    if (statement->loop && statement->accumulate == ACCUMULATE_SET)
        check_set_uses(check, statement->loop->axis);
}

static void check_written_role(Check *check)
{
    const Statement *statement = check->statement;
    switch (statement->out.tensor->role) {
    case ROLE_INPUT: case ROLE_TARGET: case ROLE_SAMPLE_WEIGHT: case ROLE_SCALE: case ROLE_WEIGHT: case ROLE_NOISE:
        complain(check, "writes %s, which belongs to the caller", full_name(check, statement->out.tensor));
        break;
    case ROLE_GRADIENT:
        if (statement->accumulate != ACCUMULATE_ADD || statement->section != SECTION_BACKWARD)
            complain(check, "gradients are only added to, in the backward section");
        break;
    default:
        break;
    }
}

/* ---- order: what is there before a statement runs ---- */

static bool externally_set(const Ir *ir, const Tensor *tensor)
{
    switch (tensor->role) {
    case ROLE_INPUT: case ROLE_TARGET: case ROLE_SAMPLE_WEIGHT: case ROLE_SCALE: case ROLE_WEIGHT: case ROLE_NOISE: case ROLE_GRADIENT:
        return true;
    default:
        return ir->output && tensor == ir->output->adjoint;
    }
}

/* Are the effects of `earlier` there when `later` runs? The loss may be left out, and called twice. */
static bool section_visible(Section earlier, Section later)
{
    if (earlier == later)
        return true;
    return earlier == SECTION_RESET || (earlier == SECTION_FORWARD && later != SECTION_RESET);
}

/* The turns of the loop of `writer` that are over when statement `reader` is in turn `turn` of the same loop. Empty: last < first. */
static Turns turns_done(const Loop *loop, bool before, int turn)
{
    Turns done = { .axis = loop->axis, .first = 0, .last = loop->axis->extent - 1 };
    if (loop->reversed)
        done.first = before ? turn : turn + 1;
    else
        done.last = before ? turn : turn - 1;
    return done;
}

/* What is set of `tensor` when the statement at work runs, in turn `turn` of its loop. */
static Boxes boxes_set_before(Check *check, const Tensor *tensor, int turn, bool same_section)
{
    const Statement *reader = check->statement;
    const Numbers *writers = &check->writers[tensor->number];
    Boxes set = { 0 };
    for (int w = 0; w < writers->count; w++) {
        int i = writers->number[w];
        const Statement *writer = check->ir->statements[i];
        if (writer->accumulate != ACCUMULATE_SET)
            continue;
        bool same_loop = writer->loop && writer->loop == reader->loop;
        if (!section_visible(writer->section, reader->section) || (same_section && writer->section != reader->section) ||
            (writer->section == reader->section && !same_loop && i >= check->at))
            continue;
        Turns turns = same_loop ? turns_done(reader->loop, i < check->at, turn) : turns_of(writer->loop);
        if (turns.axis && turns.last < turns.first)
            continue;
        Touch touch;
        Box box = box_of_access(&writer->out, turns, &touch);
        if (touch != TOUCH_SOME)
            boxes_add(check->arena, &set, box);
    }
    return set;
}

/* ---- which turns of a loop have to be looked at ---- */

#define TURNS_EACH 48       /* so many, or fewer, are all looked at */
#define TURNS_NEAR 2        /* around a crossing, and at both ends */

/* Bounds of boxes move affinely with the turn, so whether boxes cover or overlap changes only where two bounds cross. */
typedef struct Bound {
    int dimension;
    long long slope, start;     /* slope * turn + start */
} Bound;

typedef struct TurnList {
    Arena *arena;
    Bound *bounds; int bound_count, bound_capacity;
    int *turns;    int turn_count, turn_capacity;
    int extent;                 /* of the loop */
} TurnList;

/* The box in turn `at` and in the one after. */
static void add_bounds(TurnList *list, const Box *box, const Box *next, int at)
{
    for (int d = 0; d < box->rank; d++) {
        long long low = next->low[d] - box->low[d], high = next->high[d] - box->high[d];
        Bound bound[] = { { d, low, box->low[d] - low * at }, { d, high, box->high[d] - high * at } };
        for (int i = 0; i < 2; i++)
            arena_append(list->arena, list->bounds, list->bound_count, list->bound_capacity, bound[i]);
    }
}

static void add_access_bounds(TurnList *list, const Access *access, const Axis *axis)
{
    Touch touch;
    Box box = box_of_access(access, (Turns){ .axis = axis }, &touch);
    Box next = box_of_access(access, (Turns){ .axis = axis, .first = 1, .last = 1 }, &touch);
    add_bounds(list, &box, &next, 0);
}

static void add_turns_near(TurnList *list, long long turn)
{
    for (long long near = turn - TURNS_NEAR; near <= turn + TURNS_NEAR; near++) {
        bool known = near < 0 || near >= list->extent;
        for (int i = 0; i < list->turn_count && !known; i++)
            known = list->turns[i] == near;
        int item = (int)near;
        if (!known)
            arena_append(list->arena, list->turns, list->turn_count, list->turn_capacity, item);
    }
}

static void find_turns(TurnList *list)
{
    if (list->extent <= TURNS_EACH) {
        for (int turn = 0; turn < list->extent; turn += TURNS_NEAR)
            add_turns_near(list, turn);
        return;
    }
    add_turns_near(list, 0);
    add_turns_near(list, list->extent - 1);
    for (int i = 0; i < list->bound_count; i++)
        for (int j = 0; j < i; j++) {
            const Bound *a = &list->bounds[i], *b = &list->bounds[j];
            if (a->dimension == b->dimension && a->slope != b->slope)
                add_turns_near(list, (b->start - a->start) / (a->slope - b->slope));
        }
}

/* For an access of the statement at work to a tensor that the same loop sets. */
static TurnList turns_of_access(Check *check, const Access *access)
{
    const Loop *loop = check->statement->loop;
    const Numbers *writers = &check->writers[access->tensor->number];
    TurnList list = { .arena = check->arena, .extent = loop->axis->extent };
    add_access_bounds(&list, access, loop->axis);
    for (int w = 0; w < writers->count && list.extent > TURNS_EACH; w++) {
        int i = writers->number[w];
        const Statement *writer = check->ir->statements[i];
        if (writer->accumulate != ACCUMULATE_SET)
            continue;
        bool same_loop = writer->loop == loop;
        Touch touch;
        Box box = box_of_access(&writer->out, same_loop ? turns_done(loop, i < check->at, 2) : turns_of(writer->loop), &touch);
        Box next = box_of_access(&writer->out, same_loop ? turns_done(loop, i < check->at, 3) : turns_of(writer->loop), &touch);
        add_bounds(&list, &box, &next, 2);
    }
    find_turns(&list);
    return list;
}

static bool set_in_loop(Check *check, const Tensor *tensor)
{
    const Numbers *writers = &check->writers[tensor->number];
    for (int w = 0; w < writers->count; w++)
        if (check->ir->statements[writers->number[w]]->loop == check->statement->loop)
            return true;
    return false;
}

/* Proves that all the statement touches through the access is set; turn by turn where the same loop sets it. */
static void check_is_set(Check *check, const Access *access, bool own)
{
    const Tensor *tensor = access->tensor;
    if (check->wrong || externally_set(check->ir, tensor))
        return;
    const Loop *loop = check->statement->loop;
    bool each_turn = loop && set_in_loop(check, tensor);
    bool same_section = own && (check->statement->section == SECTION_LOSS || check->statement->section == SECTION_FORWARD);
    TurnList list = { .turn_count = 1, .turns = &(int){ 0 } };
    if (each_turn)
        list = turns_of_access(check, access);
    for (int i = 0; i < list.turn_count; i++) {
        int turn = list.turns[i];
        Turns turns = each_turn ? (Turns){ .axis = loop->axis, .first = turn, .last = turn } : turns_of(loop);
        Touch touch;
        Box box = box_of_access(access, turns, &touch);
        Boxes set = boxes_set_before(check, tensor, turn, same_section);
        if (boxes_rest(check->arena, &box, &set).count == 0)
            continue;
        if (each_turn)
            complain(check, "%s %s before it is set, at %s = %d", own ? "adds to" : "reads", full_name(check, tensor), loop->axis->name, turn);
        else
            complain(check, "%s %s before it is set", own ? "adds to" : "reads", full_name(check, tensor));
        return;
    }
}

/* An element that statement `reader` has read is not written by the statement at work, which comes later. */
static void check_not_read_before(Check *check, const Statement *reader, const Access *access)
{
    const Statement *writer = check->statement;
    if (access->tensor != writer->out.tensor || check->wrong)
        return;
    bool same_loop = writer->loop && writer->loop == reader->loop;
    TurnList list = { .turn_count = 1, .turns = &(int){ 0 } };
    if (same_loop) {
        list = (TurnList){ .arena = check->arena, .extent = writer->loop->axis->extent };
        add_access_bounds(&list, access, writer->loop->axis);
        add_access_bounds(&list, &writer->out, writer->loop->axis);
        find_turns(&list);
    }
    Touch touch;
    for (int i = 0; i < list.turn_count; i++) {
        Turns one = { .axis = same_loop ? writer->loop->axis : NULL, .first = list.turns[i], .last = list.turns[i] };
        Box read = box_of_access(access, same_loop ? one : turns_of(reader->loop), &touch);
        Box written = box_of_access(&writer->out, same_loop ? one : turns_of(writer->loop), &touch);
        if (box_overlaps(&read, &written)) {
            complain(check, "writes what was read before: %s", statement_text(check->arena, reader));
            return;
        }
    }
}

/* Two statements of a section that set the same element. */
static void check_set_once(Check *check, const Statement *earlier)
{
    const Statement *statement = check->statement;
    if (earlier->accumulate != ACCUMULATE_SET || statement->accumulate != ACCUMULATE_SET || earlier->out.tensor != statement->out.tensor)
        return;
    Touch touch, other;
    Box a = box_of_access(&earlier->out, turns_of(earlier->loop), &touch);
    Box b = box_of_access(&statement->out, turns_of(statement->loop), &other);
    if (touch != TOUCH_SOME && other != TOUCH_SOME && box_overlaps(&a, &b))
        complain(check, "sets again what was set before: %s", statement_text(check->arena, earlier));
}

static void visit_read(void *context, const Access *access)
{
    check_is_set(context, access, false);
}

typedef struct Reader {
    Check *check;
    const Statement *reader;
} Reader;

static void visit_earlier_read(void *context, const Access *access)
{
    Reader *reader = context;
    check_not_read_before(reader->check, reader->reader, access);
}

static void check_order(Check *check)
{
    const Statement *statement = check->statement;
    expr_visit_loads(statement->value, visit_read, check);
    for (int d = 0; d < statement->out.tensor->rank; d++)
        if (statement->out.index[d].gather)
            check_is_set(check, statement->out.index[d].gather, false);
    if (statement->accumulate != ACCUMULATE_SET)
        check_is_set(check, &statement->out, true);
    const int tensor = statement->out.tensor->number;
    const Numbers *readers = &check->readers[tensor], *writers = &check->writers[tensor];
    for (int r = 0; r < readers->count && readers->number[r] <= check->at; r++) {
        Reader reader = { .check = check, .reader = check->ir->statements[readers->number[r]] };
        if (reader.reader->section == statement->section && (readers->number[r] < check->at || !statement->loop))
            expr_visit_loads(reader.reader->value, visit_earlier_read, &reader);
    }
    for (int w = 0; w < writers->count && writers->number[w] < check->at; w++)
        if (check->ir->statements[writers->number[w]]->section == statement->section)
            check_set_once(check, check->ir->statements[writers->number[w]]);
}

/* ---- loops ---- */

typedef struct Run {                /* the statements of a loop, as far as they have been seen */
    const Loop *loop;
    Section section;
    const Statement *end;           /* the first one behind them; NULL: none yet */
} Run;

typedef struct Runs {
    Run *run;
    int count, capacity;
    const Loop *now[SECTION_COUNT]; /* of the last statement of each section */
} Runs;

static Run *find_run(Runs *runs, const Loop *loop)
{
    for (int i = runs->count - 1; i >= 0; i--)      /* the last one, most often */
        if (runs->run[i].loop == loop)
            return &runs->run[i];
    return NULL;
}

/* The statements of a loop are neighbours in one section. */
static void check_loop(Check *check, Runs *runs)
{
    const Statement *statement = check->statement;
    const Loop *before = runs->now[statement->section];
    if (before == statement->loop)
        return;
    if (before)
        find_run(runs, before)->end = statement;
    runs->now[statement->section] = statement->loop;
    const Run *run = statement->loop ? find_run(runs, statement->loop) : NULL;
    if (run && run->section != statement->section)
        complain(check, "the loop runs in two sections");
    else if (run)
        complain(check, "the loop over %s is interrupted by: %s", statement->loop->axis->name,
                 statement_text(check->arena, run->end));
    Run first = { .loop = statement->loop, .section = statement->section };
    if (statement->loop && !run)
        arena_append(check->index_arena, runs->run, runs->count, runs->capacity, first);
}

/* ---- who writes and who reads a tensor ---- */

typedef struct Indexing {
    Check *check;
    int number;
} Indexing;

static void add_number(Arena *arena, Numbers *numbers, int number)
{
    if (!numbers->count || numbers->number[numbers->count - 1] != number)
        arena_append(arena, numbers->number, numbers->count, numbers->capacity, number);
}

static void index_read(void *context, const Access *access)
{
    const Indexing *indexing = context;
    add_number(indexing->check->index_arena, &indexing->check->readers[access->tensor->number], indexing->number);
}

static void index_statements(Check *check)
{
    const Ir *ir = check->ir;
    check->writers = arena_array(check->index_arena, Numbers, ir->tensor_count);
    check->readers = arena_array(check->index_arena, Numbers, ir->tensor_count);
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        add_number(check->index_arena, &check->writers[statement->out.tensor->number], i);
        expr_visit_loads(statement->value, index_read, &(Indexing){ check, i });
    }
}

/* ---- the whole ---- */

static void check_tensor(Check *check, const Tensor *tensor)
{
    for (int d = 0; d < tensor->rank; d++)
        if (tensor->extent[d] <= 0)
            complain(check, "%s: extent %d is %d", full_name(check, tensor), d, tensor->extent[d]);
    if (tensor->batch_dimension >= tensor->rank || tensor->time_dimension >= tensor->rank)
        complain(check, "%s: its batch or time dimension does not exist", full_name(check, tensor));
}

static void check_all(Check *check)
{
    const Ir *ir = check->ir;
    Runs runs = { 0 };
    for (int i = 0; i < ir->tensor_count; i++)
        check_tensor(check, ir->tensors[i]);
    for (check->at = 0; check->at < ir->statement_count && !check->wrong; check->at++) {
        check->statement = ir->statements[check->at];
        check_access(check, &check->statement->out, false);
        check_expr(check, check->statement->value);
        check_axes(check);
        check_written_role(check);
        check_loop(check, &runs);
    }
    if (!check->wrong)
        index_statements(check);
    for (check->at = 0; check->at < ir->statement_count && !check->wrong; check->at++) {
        arena_free(check->arena);       /* turn by turn it adds up */
        check->arena = arena_create();
        check->statement = ir->statements[check->at];
        check_order(check);
    }
}

const char *ir_check(const Ir *ir)
{
    Check check = { .ir = ir, .arena = arena_create(), .index_arena = arena_create() };
    check_all(&check);
    arena_free(check.arena);
    arena_free(check.index_arena);
    return check.wrong;
}
