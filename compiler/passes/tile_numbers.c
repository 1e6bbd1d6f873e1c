/* tile_numbers.c: in: a tile.  out: its numbers: rows by vectors side by side, accumulators of each sum, how often
 * loops are written out, and in which pieces gradients are summed. Estimates of cycles: lstmc tune measures others. */
#include "tile_numbers.h"

#include "compiler/ir/axes.h"
#include "lanes.h"

#include <limits.h>
#include <string.h>

#define SMALL_SUM 8             /* turns of inner summed axes that are written out */
#define TURNS_OF_SUM 4          /* copies of the innermost turn of a sum where few vectors are at work in one */
#define WORK_OF_TURN 8          /* multiply-adds, beside which those of a loop are nothing */
#define BRIEF_SUM 4             /* terms, or vectors of them */
#define FEW_SUMS 3              /* side by side, with two accumulators each: fewer wait for each other */
#define SUMS_OF_ROW 16          /* of narrow vectors: those of weights need no register where one row uses them */
#define LATENCY 5               /* cycles of a multiply-add, and of what stands between two of a chain */
#define OUTPUTS_OF_DOT 4
#define ROWS_MAX 6              /* side by side: each needs an address */
#define ROWS_OF_BLOCK 64

static int ceiling(int a, int b)
{
    return (a + b - 1) / b;
}

/* The numbers that the choice of a tile's rows and vectors is about. */
typedef struct Extents {
    int rows, vectors, copies;
    bool brief;                 /* so few terms that the next tile starts while this one waits */
    /* the vectors of even one block come from behind the first cache for each of the rows */
    bool far;
} Extents;

/* What a tile of `rows` by `vectors` costs over all of them, in half cycles a term: multiply-adds, loads, the second
 * cache, or waiting. */
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

static int row_extent(const TileSpan *span, const Axis *axis)
{
    return axis->kind == AXIS_BATCH ? span->ir->batch : axis->extent;
}

/* The most positions of copied axes that one sum of the tile has. */
static int copies_of(const TileSpan *span)
{
    int most = 1;
    for (int i = span->first; i < span->end; i++) {
        Lanes lanes = lanes_of(span->ir->statements[i], span->target);
        if (lanes.sums && lanes.copies > most)
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

/* Rows share the vectors that they are multiplied with: none of the sums may read vectors of the row's own. Where
 * vectors lie along the sums, several of them do not wait for each other, whatever they share. */
static bool rows_share(const TileSpan *span, const Axis *row)
{
    Reuse reuse = { .tile = span->tile, .row = row, .reused = true };
    for (int i = span->first; i < span->end && !span->tile->dot; i++)
        if (lanes_of(span->ir->statements[i], span->target).sums)
            expr_visit_loads(span->ir->statements[i]->value, check_reuse, &reuse);
    return reuse.reused;
}

/* `ordered`: the one statement of the tile is a scatter, of which free axes alone may be moved behind the others. */
static void choose_row(const TileSpan *span, bool ordered)
{
    Tile *tile = span->tile;
    for (int i = 0; i < tile->outer_count; i++) {
        Axis *axis = tile->outer[i];
        bool better = !tile->row ||
                      (tile->row->kind != AXIS_BATCH && (axis->kind == AXIS_BATCH || axis->extent > tile->row->extent));
        if (ordered && !axis_is_free(span->ir->statements[span->first], axis))
            continue;
        if (axis->extent > 1 && better && rows_share(span, axis))
            tile->row = axis;
    }
    int count = 0;
    for (int i = 0; i < tile->outer_count; i++)
        if (tile->outer[i] != tile->row)
            tile->outer[count++] = tile->outer[i];
    tile->outer_count = count;
}

/* Vectors along the sums: several outputs side by side, unless the sums are so short that the next one starts while
 * this one waits. */
static void choose_outputs(const TileSpan *span)
{
    Tile *tile = span->tile;
    if (tile->row && tile->lane->extent > BRIEF_SUM * span->target->lanes)
        tile->rows = row_extent(span, tile->row) < OUTPUTS_OF_DOT ? row_extent(span, tile->row) : OUTPUTS_OF_DOT;
    tile->sets = tile->rows < OUTPUTS_OF_DOT && tile->lane->extent >= OUTPUTS_OF_DOT * span->target->lanes ? 2 : 1;
}

/* That the sums read of vectors, again for each row. */
static long long bytes_of_sums(const TileSpan *span)
{
    long long bytes = 0;
    for (int i = span->first; i < span->end; i++) {
        const Statement *statement = span->ir->statements[i];
        long long turns = lanes_of(statement, span->target).sums ? (long long)sizeof(float) : 0;
        for (int a = 0; a < statement->axis_count; a++)
            turns *= row_extent(span, statement->axes[a]);
        bytes += turns;
    }
    return bytes;
}

/* Of the longest sum. */
static long long terms_of_sums(const TileSpan *span)
{
    long long most = 1;
    for (int i = span->first; i < span->end; i++) {
        const Statement *statement = span->ir->statements[i];
        long long terms = 1;
        for (int a = 0; a < statement->axis_count; a++)
            terms *= axis_is_summed(statement, statement->axes[a]) ? row_extent(span, statement->axes[a]) : 1;
        most = terms > most ? terms : most;
    }
    return most;
}

static void choose_rows(const TileSpan *span, int copies)
{
    Tile *tile = span->tile;
    Extents all = { .rows = row_extent(span, tile->row),
                    .vectors = ceiling(tile->lane->extent, span->target->lanes),
                    .copies = copies };
    all.brief = terms_of_sums(span) <= BRIEF_SUM;
    all.far = bytes_of_sums(span) / all.vectors > span->target->first_cache;
    long long best = LLONG_MAX;
    tile->rows = tile->blocks = 1;
    for (int v = 1; v * copies <= span->target->accumulators && v <= all.vectors; v++)
        for (int r = 1; r * v * copies <= span->target->accumulators && r <= all.rows && r <= ROWS_MAX; r++)
            if (cost(r, v, &all) <= best - all.brief) {
                best = cost(r, v, &all);
                tile->rows = r;
                tile->blocks = v;
            }
}

/* One row: weights out of the first cache feed as many vectors side by side as there are registers; those from farther
 * away as few as multiply-adds need that do not wait for each other, since each reads a stream of its own. */
static void choose_blocks(const TileSpan *span, int copies)
{
    Tile *tile = span->tile;
    int vectors = ceiling(tile->lane->extent, span->target->lanes), least = INT_MAX,
        panel = span->ir->statements[span->first]->out.tensor->panel;
    bool near = bytes_of_sums(span) <= span->target->first_cache;
    for (int v = 1; v * copies <= span->target->accumulators && v <= vectors; v++) {
        int turn = near ? v : v * copies > FEW_SUMS ? v * copies : FEW_SUMS, cost = turn * ceiling(vectors, v);
        if (cost < least || (near && cost == least)) {
            least = cost;
            tile->blocks = v;
        }
    }
    if (panel)
        tile->blocks = panel;
    tile->sets = 2 * tile->blocks * copies <= span->target->accumulators ? 2 : 1;
}

static void choose_side_by_side(const TileSpan *span, int copies)
{
    if (span->tile->row)
        choose_rows(span, copies);
    else
        choose_blocks(span, copies);
}

/* The same sums, each in the same order, on a machine whose vectors are narrower than the lanes. */
static void choose_narrow(const TileSpan *span, int copies)
{
    Tile *tile = span->tile, other = *tile;
    TileSpan narrow = *span;
    narrow.tile = &other;
    narrow.target = target_with_lanes(span->target, span->target->narrow);
    if (!narrow.target)
        return;
    other.rows = other.blocks = 1;
    choose_side_by_side(&narrow, copies);
    while (other.blocks > 1 && other.blocks * copies * tile->sets > SUMS_OF_ROW)
        other.blocks--;
    if (other.rows == tile->rows && other.blocks == tile->blocks)
        return;
    tile->narrow.rows = other.rows;
    tile->narrow.blocks = other.blocks;
}

/* One row and weights that no first cache holds: of what was read first nothing would be left when the next turn begins
 * there again. But every vector starts a stream of its own then, which has to be long. */
static bool goes_back_and_forth(const TileSpan *span)
{
    const Tile *tile = span->tile;
    const Loop *loop = span->ir->statements[span->first]->loop;
    int streams = ceiling(tile->lane->extent, tile->blocks * span->target->lanes);
    return !tile->row && loop && loop->axis->extent > 1 && streams > 1
        && bytes_of_sums(span) / streams >= span->target->first_cache * 2 / 3;
}

/* Which inner axes of a sum are written out: the innermost ones, as long as together they are small. The number of
 * turns. */
static int choose_written(const Statement *statement, const Tile *tile, bool *is_written)
{
    int written = 1;
    for (int a = statement->axis_count - 1; a >= 0; a--) {
        const Axis *axis = statement->axes[a];
        bool inner = axis_is_summed(statement, axis) && axis != tile->lane && axis->kind == AXIS_PLAIN;
        is_written[a] = inner && written * axis->extent <= SMALL_SUM;
        written *= is_written[a] ? axis->extent : 1;
    }
    return written;
}

bool tile_writes_out(const Tile *tile, const Statement *statement)
{
    bool is_written[STATEMENT_AXES_MAX], all = tile->lane->kind == AXIS_BATCH;
    choose_written(statement, tile, is_written);
    for (int a = 0; a < statement->axis_count; a++)
        all &= is_written[a] || !axis_is_summed(statement, statement->axes[a]);
    return all;
}

/* In the memory of how many accesses an axis stands outside of the rows of the batch, and in how many inside. */
typedef struct Nesting {
    const Axis *axis;
    int outside, inside;
} Nesting;

static void note_nesting(void *context, const Access *access)
{
    Nesting *nesting = context;
    for (int d = 0; d < access->tensor->rank && access->tensor->batch_dimension >= 0; d++)
        if (index_uses(&access->index[d], nesting->axis)) {
            nesting->outside += d < access->tensor->batch_dimension;
            nesting->inside += d > access->tensor->batch_dimension;
        }
}

/* A sum over the batch and the steps of what lies [step][row]: rows go inside of the steps, or each load would be a
 * whole batch away from the one before, all of them in the same few places of the first cache. */
static void walk_memory(Statement *statement, const Tile *tile)
{
    int rows = 0;
    while (rows < statement->axis_count && statement->axes[rows]->kind != AXIS_BATCH)
        rows++;
    if (rows == statement->axis_count || !axis_is_summed(statement, statement->axes[rows]))
        return;
    for (int a = statement->axis_count - 1; a > rows; a--) {
        Nesting nesting = { .axis = statement->axes[a] };
        expr_visit_loads(statement->value, note_nesting, &nesting);
        if (axis_is_summed(statement, nesting.axis) && nesting.axis != tile->lane &&
            nesting.outside > nesting.inside) {
            Axis *batch = statement->axes[rows];
            memmove(&statement->axes[rows], &statement->axes[rows + 1], (size_t)(a - rows) * sizeof(Axis *));
            statement->axes[a] = batch;
            return;
        }
    }
}

/* What is written out stands behind the other axes; if nothing is, the innermost loop turns several times in one. */
static void order_sum(Statement *statement, const Tile *tile, int turns)
{
    bool is_written[STATEMENT_AXES_MAX];
    Axis *axes[STATEMENT_AXES_MAX];
    int count = 0, written = choose_written(statement, tile, is_written);
    memcpy(axes, statement->axes, sizeof axes);
    for (int last = 0; last <= 1; last++)
        for (int a = 0; a < statement->axis_count; a++)
            if (is_written[a] == (last == 1)) {
                statement->axes[count] = axes[a];
                statement->unroll[count++] = is_written[a] ? axes[a]->extent : 1;
            }
    for (int a = count - 1; a >= 0 && written == 1; a--) {
        const Axis *axis = statement->axes[a];
        if (axis_is_summed(statement, axis) && axis != tile->lane && axis->kind == AXIS_PLAIN) {
            statement->unroll[a] = turns;
            return;
        }
    }
}

static long long bytes_of_output(const TileSpan *span, const Statement *statement)
{
    long long bytes = (long long)sizeof(float);
    for (int a = 0; a < statement->axis_count; a++)
        bytes *= axis_is_summed(statement, statement->axes[a]) ? 1 : row_extent(span, statement->axes[a]);
    return bytes;
}

/* Where the gradient is larger than a cache, vectors pass over some of its rows before they go on: what is written lies
 * in few pages then, of which a processor knows only so many at a time. */
static void choose_row_block(const TileSpan *span, const Statement *statement)
{
    Tile *tile = span->tile;
    if (tile->row && tile->row->kind == AXIS_PLAIN &&
        bytes_of_output(span, statement) > span->target->second_cache)
        tile->row_block = ROWS_OF_BLOCK / tile->rows;
}

/* A gradient is summed up in pieces whose vectors stay in the first cache while all rows pass over them. A large one
 * comes from far away for each piece: fewer of them, out of a small part of the second cache, are faster then. */
static void choose_chunk(const TileSpan *span, const Statement *statement, int copies)
{
    Tile *tile = span->tile;
    long long bytes = (long long)copies * tile->blocks * span->target->lanes * (long long)sizeof(float);
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *axis = statement->axes[a];
        if (!axis_is_summed(statement, axis) || axis == tile->lane)
            continue;
        if (axis->kind == AXIS_TIME && !tile->chunk)
            tile->chunk = axis;
        else
            bytes *= axis->kind == AXIS_BATCH ? span->ir->batch : axis->extent;
    }
    const Target *target = span->target;
    bool large = bytes_of_output(span, statement) > target->second_cache / 4;
    long long most = large ? target->second_cache / 16 : target->first_cache * 2 / 3;
    long long turns = tile->chunk ? most / bytes : 0;
    if (tile->chunk && turns >= tile->chunk->extent)
        tile->chunk = NULL;
    tile->chunk_extent = tile->chunk ? (int)(turns > 1 ? turns : 1) : 0;
}

/* How many turns of the innermost loop are written as one: each set of accumulators needs one, and few multiply-adds a
 * turn some more. */
static int turns_of_sum(const Tile *tile, int copies)
{
    int turns = TURNS_OF_SUM;
    if (tile->row || tile->dot)
        return 1;
    while (turns > tile->sets && turns / 2 * tile->blocks * copies >= WORK_OF_TURN)
        turns /= 2;
    return turns;
}

void tile_choose_numbers(const TileSpan *span)
{
    Tile *tile = span->tile;
    const Statement *first = span->ir->statements[span->first];
    const int copies = copies_of(span);
    tile->rows = tile->blocks = tile->sets = 1;
    if (tile->dot) {
        choose_row(span, false);
        choose_outputs(span);
    } else if (span->sums && tile->lane->kind != AXIS_BATCH) {
        bool ordered = lanes_of(first, span->target).ordered;
        choose_row(span, ordered);
        choose_side_by_side(span, copies);
        choose_narrow(span, copies);
        tile->back_and_forth = !ordered && goes_back_and_forth(span);
        if (lanes_of(first, span->target).streams) {
            choose_chunk(span, first, copies);
            choose_row_block(span, first);
        }
    }
    for (int i = span->first; i < span->end; i++) {
        if (tile->row)      /* else the innermost loop is written out, which that of the batch cannot be */
            walk_memory(span->ir->statements[i], tile);
        order_sum(span->ir->statements[i], tile, turns_of_sum(tile, copies));
    }
}
