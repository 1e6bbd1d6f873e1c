/* tile.c: in: statements with their binding times.  out: layouts, and consecutive statements joined into tiles wherever vectors can lie along
 * an axis: sums with what starts them before and what uses them behind, or elementwise mathematics, each over the same points.
 * A tile may do all its statements at one point before it goes to the next, so whatever it writes is read at the same point only. */
#include "axes.h"
#include "lanes.h"
#include "passes.h"

#include <limits.h>
#include <string.h>

#define TILE_STATEMENTS 48      /* of one nest: compilers and readers should see through it */
#define SMALL_SUM 8             /* turns of inner summed axes that are written out */
#define TURNS_OF_SUM 4          /* copies of the innermost turn of a sum where few vectors are at work in one */
#define WORK_OF_TURN 8          /* multiply-adds, beside which those of a loop are nothing */
#define BRIEF_SUM 4             /* terms, or vectors of them */
#define FEW_SUMS 3              /* side by side, with two accumulators each: fewer wait for each other */
#define LATENCY 5               /* cycles of a multiply-add, and of what stands between two of a chain */
#define OUTPUTS_OF_DOT 4
#define ROWS_MAX 6              /* side by side: each needs an address */

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
    if (met == MEET_AT_POINT)       /* an element of the point, but which one turns with a sum */
        for (int a = 0; a < join->reader->axis_count; a++)
            if (lanes_is_summed(join->reader, join->reader->axes[a]) && access_uses(access, join->reader->axes[a]))
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
    if (lanes->lane->extent != tile->lane->extent || lanes->outer_count != tile->outer_count)
        return false;
    for (int i = 0; i < lanes->outer_count; i++) {
        const Axis *axis = lanes->outer[i];
        int match = -1;
        for (int j = 0; j < tile->outer_count; j++)
            if (!taken[j] && tile->outer[j]->kind == axis->kind && tile->outer[j]->extent == axis->extent && (match < 0 || tile->outer[j] == axis))
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
                summed |= statements[j]->out.tensor == statements[i]->out.tensor && lanes_is_summed(statements[j], statements[j]->axes[a]);
        if (!summed)
            return false;
    }
    return true;
}

static bool same_place(const Statement *a, const Statement *b)
{
    return a->section == b->section && a->loop == b->loop && (a->time == TIME_PREPARE) == (b->time == TIME_PREPARE);
}

/* ---- the numbers of a tile ---- */

static int ceiling(int a, int b)
{
    return (a + b - 1) / b;
}

/* The numbers that the choice of a tile's rows and vectors is about. */
typedef struct Extents {
    int rows, vectors, copies;
    bool brief;                 /* so few terms that the next tile starts while this one waits */
    bool far;                   /* the vectors of even one block come from behind the first cache for each of the rows */
} Extents;

/* What a tile of `rows` by `vectors` costs over all of them, in half cycles a term: multiply-adds, loads, the second cache, or waiting. */
static long long cost(int rows, int vectors, const Extents *all)
{
    int work = rows * vectors * all->copies, loads = rows + vectors * all->copies;
    int turn = work > loads ? work : loads;
    if (all->far && turn * 2 < vectors * all->copies * 5)
        turn = (vectors * all->copies * 5 + 1) / 2;
    if (turn < 2 * LATENCY && !all->brief)
        turn = 2 * LATENCY;
    return (long long)turn * ceiling(all->rows, rows) * ceiling(all->vectors, vectors);
}

static int row_extent(const Tiler *tiler, const Axis *axis)
{
    return axis->kind == AXIS_BATCH ? tiler->ir->batch : axis->extent;
}

/* The most positions of copied axes that one sum of the tile has. */
static int copies_of(const Tiler *tiler, int end, bool sums_only)
{
    int most = 1;
    for (int i = tiler->first; i < end; i++) {
        Lanes lanes = lanes_of(tiler->ir->statements[i], tiler->target);
        if ((lanes.sums || !sums_only) && lanes.copies > most)
            most = lanes.copies;
    }
    return most;
}

typedef struct Reuse {
    const Tile *tile;
    const Axis *row;
    bool reused;
} Reuse;

static void check_reuse(void *context, const Access *access)
{
    Reuse *reuse = context;
    if (access_uses(access, reuse->tile->lane) && access_uses(access, reuse->row))
        reuse->reused = false;
}

/* Rows share the vectors that they are multiplied with: none of the sums may read vectors of the row's own. Where vectors lie along the sums,
 * several of them do not wait for each other, whatever they share. */
static bool rows_share(const Tiler *tiler, const Axis *row, int end)
{
    Reuse reuse = { .tile = tiler->tile, .row = row, .reused = true };
    for (int i = tiler->first; i < end && !tiler->tile->dot; i++)
        if (lanes_of(tiler->ir->statements[i], tiler->target).sums)
            expr_visit_loads(tiler->ir->statements[i]->value, check_reuse, &reuse);
    return reuse.reused;
}

static void choose_row(const Tiler *tiler, int end)
{
    Tile *tile = tiler->tile;
    for (int i = 0; i < tile->outer_count; i++) {
        Axis *axis = tile->outer[i];
        bool better = !tile->row || (tile->row->kind != AXIS_BATCH && (axis->kind == AXIS_BATCH || axis->extent > tile->row->extent));
        if (axis->extent > 1 && better && rows_share(tiler, axis, end))
            tile->row = axis;
    }
    int count = 0;
    for (int i = 0; i < tile->outer_count; i++)
        if (tile->outer[i] != tile->row)
            tile->outer[count++] = tile->outer[i];
    tile->outer_count = count;
}

static long long bytes_of_sums(const Tiler *tiler, int end)
{
    long long bytes = 0;
    for (int i = tiler->first; i < end; i++) {
        const Statement *statement = tiler->ir->statements[i];
        long long turns = lanes_of(statement, tiler->target).sums ? (long long)sizeof(float) : 0;
        for (int a = 0; a < statement->axis_count; a++)
            turns *= statement->axes[a]->extent;
        bytes += turns;
    }
    return bytes;
}

/* Of the longest sum. */
static long long terms_of_sums(const Tiler *tiler, int end)
{
    long long most = 1;
    for (int i = tiler->first; i < end; i++) {
        const Statement *statement = tiler->ir->statements[i];
        long long terms = 1;
        for (int a = 0; a < statement->axis_count; a++)
            terms *= lanes_is_summed(statement, statement->axes[a]) ? row_extent(tiler, statement->axes[a]) : 1;
        most = terms > most ? terms : most;
    }
    return most;
}

static void choose_rows(const Tiler *tiler, int copies, int end)
{
    Tile *tile = tiler->tile;
    Extents all = { .rows = row_extent(tiler, tile->row), .vectors = ceiling(tile->lane->extent, tiler->target->lanes), .copies = copies };
    all.brief = terms_of_sums(tiler, end) <= BRIEF_SUM;
    all.far = bytes_of_sums(tiler, end) / all.vectors > tiler->target->first_cache;
    long long best = LLONG_MAX;
    tile->rows = tile->blocks = 1;
    for (int v = 1; v * copies <= tiler->target->accumulators && v <= all.vectors; v++)
        for (int r = 1; r * v * copies <= tiler->target->accumulators && r <= all.rows && r <= ROWS_MAX; r++)
            if (cost(r, v, &all) <= best - all.brief) {
                best = cost(r, v, &all);
                tile->rows = r;
                tile->blocks = v;
            }
}

/* One row: weights out of the first cache feed as many vectors side by side as there are registers; those from farther away as few as
 * multiply-adds need that do not wait for each other, since each reads a stream of its own. */
static void choose_blocks(const Tiler *tiler, int copies, int end)
{
    Tile *tile = tiler->tile;
    int vectors = ceiling(tile->lane->extent, tiler->target->lanes), least = INT_MAX;
    bool near = bytes_of_sums(tiler, end) <= tiler->target->first_cache;
    for (int v = 1; v * copies <= tiler->target->accumulators && v <= vectors; v++) {
        int turn = near ? v : v * copies > FEW_SUMS ? v * copies : FEW_SUMS, cost = turn * ceiling(vectors, v);
        if (cost < least || (near && cost == least)) {
            least = cost;
            tile->blocks = v;
        }
    }
    tile->sets = 2 * tile->blocks * copies <= tiler->target->accumulators ? 2 : 1;
}

/* One row and weights that no first cache holds: of what was read first nothing would be left when the next turn begins there again. But every
 * vector starts a stream of its own then, which has to be long. */
static bool goes_back_and_forth(const Tiler *tiler, int end)
{
    const Tile *tile = tiler->tile;
    const Loop *loop = tiler->ir->statements[tiler->first]->loop;
    int streams = ceiling(tile->lane->extent, tile->blocks * tiler->target->lanes);
    return !tile->row && loop && loop->axis->extent > 1 && streams > 1
        && bytes_of_sums(tiler, end) / streams >= tiler->target->first_cache * 2 / 3;
}

/* The inner axes of a sum that are small are written out, behind the others; the innermost loop turns several times in one. */
static void order_sum(Statement *statement, const Tile *tile, int turns)
{
    Axis *order[STATEMENT_AXES_MAX];
    int unroll[STATEMENT_AXES_MAX], count = 0, written = 1;
    for (int small = 0; small <= 1; small++)
        for (int a = 0; a < statement->axis_count; a++) {
            Axis *axis = statement->axes[a];
            bool summed = lanes_is_summed(statement, axis) && axis != tile->lane;
            bool is_small = summed && axis->kind == AXIS_PLAIN && written * axis->extent <= SMALL_SUM;
            if (is_small != (small == 1))
                continue;
            order[count] = axis;
            unroll[count++] = is_small ? axis->extent : 1;
            written *= is_small ? axis->extent : 1;
        }
    for (int a = 0; a < count; a++) {
        statement->axes[a] = order[a];
        statement->unroll[a] = unroll[a];
    }
    for (int a = count - 1; a >= 0 && written == 1; a--)
        if (lanes_is_summed(statement, order[a]) && order[a] != tile->lane && order[a]->kind == AXIS_PLAIN) {
            statement->unroll[a] = turns;
            return;
        }
}

/* A gradient is summed up in pieces whose vectors stay in the first cache while all rows pass over them. */
static void choose_chunk(const Tiler *tiler, const Statement *statement, int copies)
{
    Tile *tile = tiler->tile;
    long long bytes = (long long)copies * tile->blocks * tiler->target->lanes * (long long)sizeof(float);
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *axis = statement->axes[a];
        if (!lanes_is_summed(statement, axis) || axis == tile->lane)
            continue;
        if (axis->kind == AXIS_TIME && !tile->chunk)
            tile->chunk = axis;
        else
            bytes *= axis->kind == AXIS_BATCH ? tiler->ir->batch : axis->extent;
    }
    long long turns = tile->chunk ? tiler->target->first_cache * 2 / 3 / bytes : 0;
    if (tile->chunk && turns >= tile->chunk->extent)
        tile->chunk = NULL;
    tile->chunk_extent = tile->chunk ? (int)(turns > 1 ? turns : 1) : 0;
}

/* How many turns of the innermost loop are written as one: each set of accumulators needs one, and few multiply-adds a turn some more. */
static int turns_of_sum(const Tile *tile, int copies)
{
    int turns = TURNS_OF_SUM;
    if (tile->row || tile->dot)
        return 1;
    while (turns > tile->sets && turns / 2 * tile->blocks * copies >= WORK_OF_TURN)
        turns /= 2;
    return turns;
}

static void close_tile(Tiler *tiler, int end)
{
    Tile *tile = tiler->tile;
    if (!tile)
        return;
    tiler->tile = NULL;
    tile->rows = tile->blocks = tile->sets = 1;
    const Statement *first = tiler->ir->statements[tiler->first];
    Tiler closing = *tiler;
    closing.tile = tile;
    const int copies = copies_of(&closing, end, true);
    if (tile->dot) {
        choose_row(&closing, end);
        if (tile->row)
            tile->rows = tile->lane->extent <= BRIEF_SUM * tiler->target->lanes ? 1
                       : row_extent(tiler, tile->row) < OUTPUTS_OF_DOT ? row_extent(tiler, tile->row) : OUTPUTS_OF_DOT;
        tile->sets = tile->rows < OUTPUTS_OF_DOT && tile->lane->extent >= OUTPUTS_OF_DOT * tiler->target->lanes ? 2 : 1;
    } else if (tiler->sums) {
        bool ordered = lanes_of(first, tiler->target).ordered;
        if (!ordered)
            choose_row(&closing, end);
        if (tile->row)
            choose_rows(&closing, copies, end);
        else
            choose_blocks(&closing, copies, end);
        tile->back_and_forth = !ordered && goes_back_and_forth(&closing, end);
        if (lanes_of(first, tiler->target).streams)
            choose_chunk(&closing, first, copies);
    }
    for (int i = tiler->first; i < end; i++)
        order_sum(tiler->ir->statements[i], tile, turns_of_sum(tile, copies));
}

/* ---- one statement after the other ---- */

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

/* The statement goes into the open tile, or, if it is a sum, into a new one with the statements before it that start the sum. */
static bool joins(Tiler *tiler, int at, Lanes *lanes)
{
    Statement **statements = tiler->ir->statements, *statement = statements[at];
    if (!tiler->tile || tiler->tile->dot || lanes->dot || lanes->ordered || lanes->streams || !same_place(statements[tiler->first], statement)
        || at - tiler->first >= TILE_STATEMENTS)
        return false;
    Lanes first = lanes_of(statements[tiler->first], tiler->target);
    if (first.ordered || first.streams || !take_axes(tiler, statement, lanes))
        return false;
    if (keeps_apart_from(tiler, tiler->first, at, statement) && (!lanes->sums || writes_only_sums(tiler, tiler->first, at)))
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
