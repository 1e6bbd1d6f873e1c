/* ir_order.c: what is there before a statement runs: every element set before it is read or added to, set once, and not
 * written again after it was read. Regions are boxes (region.h): what the boxes cannot prove is refused. */
#include "ir_check.h"
#include "region.h"

/* ---- order: what is there before a statement runs ---- */

static bool externally_set(const Ir *ir, const Tensor *tensor)
{
    switch (tensor->role) {
    case ROLE_INPUT:
    case ROLE_LENGTHS:
    case ROLE_TARGET:
    case ROLE_SAMPLE_WEIGHT:
    case ROLE_SCALE:
    case ROLE_TRAINING:
    case ROLE_WEIGHT:
    case ROLE_NOISE:
    case ROLE_GRADIENT:
    case ROLE_MEMORY: return true;
    default:
        return tensor == ir_output_adjoint(ir);
    }
}

/* Are the effects of `earlier` there when `later` runs? The loss may be left out, and called twice. */
static bool section_visible(Section earlier, Section later)
{
    if (earlier == later)
        return true;
    return earlier == SECTION_RESET || (earlier == SECTION_FORWARD && later != SECTION_RESET);
}

/* The turns of the loop of `writer` that are over when statement `reader` is in turn `turn` of the same loop. Empty:
 * last < first. */
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
    const Numbers *writers = &check->uses.writers[tensor->number];
    Boxes set = { 0 };
    for (int w = 0; w < writers->count; w++) {
        int i = writers->number[w];
        const Statement *writer = check->ir->statements[i];
        if (writer->accumulate != ACCUMULATE_SET)
            continue;
        bool same_loop = writer->loop && writer->loop == reader->loop;
        if (!section_visible(writer->section, reader->section) ||
            (same_section && writer->section != reader->section) ||
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

/* Bounds of boxes move affinely with the turn, so whether boxes cover or overlap changes only where
 * two bounds cross. */
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
    const Numbers *writers = &check->uses.writers[access->tensor->number];
    TurnList list = { .arena = check->arena, .extent = loop->axis->extent };
    add_access_bounds(&list, access, loop->axis);
    for (int w = 0; w < writers->count && list.extent > TURNS_EACH; w++) {
        int i = writers->number[w];
        const Statement *writer = check->ir->statements[i];
        if (writer->accumulate != ACCUMULATE_SET)
            continue;
        bool same_loop = writer->loop == loop;
        Touch touch;
        Box box = box_of_access(&writer->out, same_loop ? turns_done(loop, i < check->at, 2) : turns_of(writer->loop),
                                &touch);
        Box next = box_of_access(&writer->out, same_loop ? turns_done(loop, i < check->at, 3) : turns_of(writer->loop),
                                 &touch);
        add_bounds(&list, &box, &next, 2);
    }
    find_turns(&list);
    return list;
}

static bool set_in_loop(Check *check, const Tensor *tensor)
{
    const Numbers *writers = &check->uses.writers[tensor->number];
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
    bool same_section = own &&
                        (check->statement->section == SECTION_LOSS || check->statement->section == SECTION_FORWARD);
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
            complain(check, "%s %s before it is set, at %s = %d", own ? "adds to" : "reads", full_name(check, tensor),
                     loop->axis->name, turn);
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
    if (earlier->accumulate != ACCUMULATE_SET || statement->accumulate != ACCUMULATE_SET ||
        earlier->out.tensor != statement->out.tensor)
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

void check_order(Check *check)
{
    const Statement *statement = check->statement;
    expr_visit_loads(statement->value, visit_read, check);
    for (int d = 0; d < statement->out.tensor->rank; d++)
        if (statement->out.index[d].gather)
            check_is_set(check, statement->out.index[d].gather, false);
    if (statement->accumulate != ACCUMULATE_SET)
        check_is_set(check, &statement->out, true);
    const int tensor = statement->out.tensor->number;
    const Numbers *readers = &check->uses.readers[tensor], *writers = &check->uses.writers[tensor];
    for (int r = 0; r < readers->count && readers->number[r] <= check->at; r++) {
        Reader reader = { .check = check, .reader = check->ir->statements[readers->number[r]] };
        if (reader.reader->section == statement->section && (readers->number[r] < check->at || !statement->loop))
            expr_visit_loads(reader.reader->value, visit_earlier_read, &reader);
    }
    for (int w = 0; w < writers->count && writers->number[w] < check->at; w++)
        if (check->ir->statements[writers->number[w]]->section == statement->section)
            check_set_once(check, check->ir->statements[writers->number[w]]);
}
