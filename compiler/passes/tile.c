/* tile.c: in: statements with their binding times.  out: layouts, and consecutive statements joined into tiles wherever
 * vectors can lie along an axis: sums with what starts them before and what uses them behind, or elementwise
 * mathematics, each over the same points. A tile may do all its statements at one point before it goes to the next, so
 * whatever it writes is read at the same point only. */
#include "compiler/ir/axes.h"
#include "lanes.h"
#include "passes.h"
#include "tile_numbers.h"

#include <stdlib.h>
#include <string.h>

#define TILE_STATEMENTS 48      /* of one nest: compilers and readers should see through it */

typedef struct Tiler {
    Ir *ir;
    const Target *target;
    Tile *tile;                 /* the open one; NULL: none */
    int first;                  /* its first statement */
    bool sums;                  /* it has a sum */
} Tiler;

/* ---- points: which elements two accesses of one tile may share ---- */

typedef enum Meeting { MEET_NEVER, MEET_AT_POINT, MEET_ELSEWHERE } Meeting;

static bool is_point_axis(const Tile *tile, const Axis *axis)
{
    bool found = axis == tile->lane;
    for (int i = 0; i < tile->outer_count; i++)
        found |= axis == tile->outer[i];
    return found;
}

static bool same_points(const Tile *tile, const Axis *loop_axis, const Index *a, const Index *b)
{
    if (index_coefficient(a, tile->lane) != index_coefficient(b, tile->lane))
        return false;
    if (loop_axis && index_coefficient(a, loop_axis) != index_coefficient(b, loop_axis))
        return false;
    for (int i = 0; i < tile->outer_count; i++)
        if (index_coefficient(a, tile->outer[i]) != index_coefficient(b, tile->outer[i]))
            return false;
    return true;
}

/* Only constants and the axis of the time loop, which stands still while a tile runs. */
static bool is_fixed(const Index *index, const Axis *loop_axis)
{
    for (int i = 0; i < index->terms; i++)
        if (index->axis[i] != loop_axis)
            return false;
    return !index->gather;
}

static bool uses_point(const Tile *tile, const Index *index)
{
    for (int i = 0; i < index->terms; i++)
        if (is_point_axis(tile, index->axis[i]))
            return true;
    return false;
}

/* Along one axis, so far from each other that neither reaches where the other begins. */
static bool are_apart(const Index *a, const Index *b)
{
    return a->terms == 1 && b->terms == 1 && a->axis[0] == b->axis[0] && a->coefficient[0] == 1 &&
           b->coefficient[0] == 1 && abs(a->constant - b->constant) >= a->axis[0]->extent;
}

static Meeting meeting(const Tile *tile, const Axis *loop_axis, const Access *a, const Access *b)
{
    Meeting result = MEET_AT_POINT;
    if (a->tensor != b->tensor)
        return MEET_NEVER;
    for (int d = 0; d < a->tensor->rank; d++) {
        const Index *left = &a->index[d], *right = &b->index[d];
        if (left->gather || right->gather) {
            if (!index_equal(left, right))
                result = MEET_ELSEWHERE;
            continue;
        }
        bool same = same_points(tile, loop_axis, left, right);
        if (same && is_fixed(left, loop_axis) && is_fixed(right, loop_axis) && left->constant != right->constant)
            return MEET_NEVER;
        if (same && uses_point(tile, left) && are_apart(left, right))
            return MEET_NEVER;
        if (!same || (uses_point(tile, left) && left->constant != right->constant))
            result = MEET_ELSEWHERE;
    }
    return result;
}

/* ---- may a statement join? ---- */

static const Axis *loop_axis_of(const Statement *statement)
{
    return statement->loop ? statement->loop->axis : NULL;
}

typedef struct Join {
    const Tile *tile;
    const Statement *reader;
    const Access *written;
    bool apart;
} Join;

static void check_read(void *context, const Access *access)
{
    Join *join = context;
    Meeting met = meeting(join->tile, loop_axis_of(join->reader), join->written, access);
    /* an element of the point, but which one turns with a sum: unless all of these are known by name */
    if (met == MEET_AT_POINT && !tile_writes_out(join->tile, join->reader))
        for (int a = 0; a < join->reader->axis_count; a++)
            if (axis_is_summed(join->reader, join->reader->axes[a]) && access_uses(access, join->reader->axes[a]))
                met = MEET_ELSEWHERE;
    if (met == MEET_ELSEWHERE)
        join->apart = false;
}

/* Neither reads what the other writes at another point. */
static bool keep_apart(const Tile *tile, const Statement *a, const Statement *b)
{
    Join join = { .tile = tile, .reader = b, .written = &a->out, .apart = true };
    expr_visit_loads(b->value, check_read, &join);
    join.reader = a;
    join.written = &b->out;
    expr_visit_loads(a->value, check_read, &join);
    return join.apart && meeting(tile, loop_axis_of(a), &a->out, &b->out) != MEET_ELSEWHERE;
}

/* Gives the axes of `statement` the tile's names. False if its points are others. */
static bool take_axes(const Tiler *tiler, Statement *statement, Lanes *lanes)
{
    const Tile *tile = tiler->tile;
    bool taken[STATEMENT_AXES_MAX] = { false };
    Axis *to[STATEMENT_AXES_MAX];
    if (lanes->lane->extent != tile->lane->extent || lanes->lane->kind != tile->lane->kind ||
        lanes->outer_count != tile->outer_count)
        return false;
    for (int i = 0; i < lanes->outer_count; i++) {
        const Axis *axis = lanes->outer[i];
        int match = -1;
        for (int j = 0; j < tile->outer_count; j++)
            if (!taken[j] && tile->outer[j]->kind == axis->kind && tile->outer[j]->extent == axis->extent &&
                (match < 0 || tile->outer[j] == axis))
                match = j;
        if (match < 0)
            return false;
        taken[match] = true;
        to[i] = tile->outer[match];
    }
    statement_rename_axis(tiler->ir->arena, statement, lanes->lane, tile->lane);
    lanes->lane = tile->lane;
    for (int i = 0; i < lanes->outer_count; i++) {
        statement_rename_axis(tiler->ir->arena, statement, lanes->outer[i], to[i]);
        lanes->outer[i] = to[i];
    }
    return true;
}

static bool keeps_apart_from(const Tiler *tiler, int first, int end, const Statement *statement)
{
    for (int i = first; i < end; i++)
        if (!keep_apart(tiler->tile, tiler->ir->statements[i], statement))
            return false;
    return true;
}

/* The first of the statements before `at` that only start the sum of `statement`, or write nothing but sums. */
static int starts_of_sum(const Tiler *tiler, int at)
{
    const Statement *const *statements = (const Statement *const *)tiler->ir->statements;
    int first = at;
    while (first > tiler->first && statements[first - 1]->out.tensor == statements[at]->out.tensor)
        first--;
    return first;
}

static bool writes_only_sums(const Tiler *tiler, int first, int at)
{
    const Statement *const *statements = (const Statement *const *)tiler->ir->statements;
    for (int i = first; i < at; i++) {
        bool summed = false;
        for (int j = i; j <= at; j++)
            for (int a = 0; a < statements[j]->axis_count; a++)
                summed |= statements[j]->out.tensor == statements[i]->out.tensor &&
                          axis_is_summed(statements[j], statements[j]->axes[a]);
        if (!summed)
            return false;
    }
    return true;
}

static bool same_place(const Statement *a, const Statement *b)
{
    return a->section == b->section && a->phase == b->phase && a->loop == b->loop &&
           (a->time == TIME_PREPARE) == (b->time == TIME_PREPARE);
}

/* ---- one statement after the other ---- */

static void close_tile(Tiler *tiler, int end)
{
    TileSpan span = { .ir = tiler->ir,
                      .target = tiler->target,
                      .tile = tiler->tile,
                      .first = tiler->first,
                      .end = end,
                      .sums = tiler->sums };
    if (span.tile)
        tile_choose_numbers(&span);
    tiler->tile = NULL;
}

static void open_tile(Tiler *tiler, int at, const Lanes *lanes)
{
    tiler->tile = arena_new(tiler->ir->arena, Tile);
    tiler->first = at;
    tiler->sums = lanes->sums;
    tiler->tile->lane = lanes->lane;
    tiler->tile->dot = lanes->dot;
    tiler->tile->outer_count = lanes->outer_count;
    for (int i = 0; i < lanes->outer_count; i++)
        tiler->tile->outer[i] = lanes->outer[i];
    tiler->ir->statements[at]->tile = tiler->tile;
}

/* The statement goes into the open tile, or, if it is a sum, into a new one with the statements before it that start
 * the sum. */
static bool joins(Tiler *tiler, int at, Lanes *lanes)
{
    Statement **statements = tiler->ir->statements, *statement = statements[at];
    if (!tiler->tile || tiler->tile->dot || lanes->dot || lanes->ordered || lanes->streams ||
        !same_place(statements[tiler->first], statement) || at - tiler->first >= TILE_STATEMENTS)
        return false;
    Lanes first = lanes_of(statements[tiler->first], tiler->target);
    if (first.ordered || first.streams || !take_axes(tiler, statement, lanes))
        return false;
    /* rows in the lanes are done one vector after the other, whether they are sums or not */
    bool any_order = !lanes->sums || lanes->lane->kind == AXIS_BATCH;
    if (keeps_apart_from(tiler, tiler->first, at, statement) &&
        (any_order || writes_only_sums(tiler, tiler->first, at)))
        return true;
    int start = starts_of_sum(tiler, at);
    if (!lanes->sums || start == tiler->first || start == at || !keeps_apart_from(tiler, start, at, statement))
        return false;
    Lanes started = lanes_of(statements[start], tiler->target);
    close_tile(tiler, start);
    open_tile(tiler, start, &started);
    for (int i = start; i < at; i++)
        statements[i]->tile = tiler->tile;
    return true;
}

/* Axes of one statement are its own, but for the batch and the time loop; so that a tile can give them its names. */
static void separate_axes(Ir *ir, Statement *statement)
{
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *axis = statement->axes[a];
        if (axis != ir->batch_axis)
            statement_rename_axis(ir->arena, statement, axis, ir_axis(ir, axis->name, axis->extent, axis->kind));
    }
}

/* Section by section, so that statements which run one after the other stand one after the other. */
static void sort_by_section(Ir *ir)
{
    Statement **sorted = arena_array(ir->arena, Statement *, ir->statement_count + 1);
    int count = 0;
    for (int section = 0; section < SECTION_COUNT; section++)
        for (int i = 0; i < ir->statement_count; i++)
            if ((int)ir->statements[i]->section == section)
                sorted[count++] = ir->statements[i];
    memcpy(ir->statements, sorted, sizeof *sorted * (size_t)count);
}

void tile(Ir *ir, const Target *target)
{
    if (target->lanes == 1)
        return;
    Tiler tiler = { .ir = ir, .target = target };
    sort_by_section(ir);
    lanes_choose_layouts(ir, target);
    for (int i = 0; i < ir->statement_count; i++) {
        separate_axes(ir, ir->statements[i]);
        Lanes lanes = ir->statements[i]->blas ? (Lanes){ 0 } : lanes_of(ir->statements[i], target);
        if (lanes.lane && joins(&tiler, i, &lanes)) {
            ir->statements[i]->tile = tiler.tile;
            tiler.sums |= lanes.sums;
            continue;
        }
        close_tile(&tiler, i);
        if (lanes.lane)
            open_tile(&tiler, i, &lanes);
    }
    close_tile(&tiler, ir->statement_count);
}
