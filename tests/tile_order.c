/* tile_order.c: in: a program with tiles.  out: one without, whose statements stand in the order of the tiles' points, shuffled. */
#include "tile_order.h"

#include "runtime/lstmc_random.h"

#include <math.h>

enum { POINT_AXES_MAX = STATEMENT_AXES_MAX + 2 };

typedef struct Writer {
    Ir *ir;
    int rows;
    uint64_t seed;
} Writer;

/* A tile, or one statement; the axes of its points, and where the writer is. */
typedef struct Points {
    Statement *const *statements;
    int count, axis_count;
    Axis *axes[POINT_AXES_MAX];
    int extent[POINT_AXES_MAX];
    long long total;
} Points;

/* ---- one axis less: position = start, or start + a shorter axis ---- */

static Access moved_access(Arena *arena, const Access *access, const Axis *axis, Axis *to, int start);

static Index moved_index(Arena *arena, const Index *index, const Axis *axis, Axis *to, int start)
{
    Index result = *index;
    result.terms = 0;
    for (int i = 0; i < index->terms; i++) {
        Axis *kept = index->axis[i] == axis ? to : index->axis[i];
        if (index->axis[i] == axis)
            result.constant += index->coefficient[i] * start;
        if (!kept)
            continue;
        result.axis[result.terms] = kept;
        result.coefficient[result.terms++] = index->coefficient[i];
    }
    if (index->gather) {
        result.gather = arena_new(arena, Access);
        *result.gather = moved_access(arena, index->gather, axis, to, start);
    }
    return result;
}

static Access moved_access(Arena *arena, const Access *access, const Axis *axis, Axis *to, int start)
{
    Access result = { .tensor = access->tensor };
    for (int d = 0; d < access->tensor->rank; d++)
        result.index[d] = moved_index(arena, &access->index[d], axis, to, start);
    return result;
}

static Expr *moved_expr(Arena *arena, const Expr *expr, const Axis *axis, Axis *to, int start)
{
    Expr *result = arena_new(arena, Expr);
    *result = *expr;
    if (expr->op == OP_LOAD)
        result->access = moved_access(arena, &expr->access, axis, to, start);
    if (expr->op == OP_AXIS)
        result->position = moved_index(arena, &expr->position, axis, to, start);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        result->argument[i] = moved_expr(arena, expr->argument[i], axis, to, start);
    return result;
}

static void move_axis(Arena *arena, Statement *statement, const Axis *axis, Axis *to, int start)
{
    int count = 0;
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *kept = statement->axes[a] == axis ? to : statement->axes[a];
        if (kept)
            statement->axes[count++] = kept;
    }
    statement->axis_count = count;
    statement->out = moved_access(arena, &statement->out, axis, to, start);
    statement->value = moved_expr(arena, statement->value, axis, to, start);
}

/* ---- points ---- */

static void add_axis(const Writer *writer, Points *points, Axis *axis)
{
    int extent = axis->kind == AXIS_BATCH && writer->rows < axis->extent ? writer->rows : axis->extent;
    points->axes[points->axis_count] = axis;
    points->extent[points->axis_count++] = extent;
    points->total *= extent;
}

static Points points_of(const Writer *writer, Statement *const *statements, int count)
{
    const Tile *tile = statements[0]->tile;
    Points points = { .statements = statements, .count = count, .total = 1 };
    for (int i = 0; i < tile->outer_count; i++)
        add_axis(writer, &points, tile->outer[i]);
    if (tile->row)
        add_axis(writer, &points, tile->row);
    if (!tile->dot)
        add_axis(writer, &points, tile->lane);
    return points;
}

/* Two points write one element: such a tile runs in its own order. */
static bool points_share_an_element(const Points *points)
{
    for (int i = 0; i < points->count; i++) {
        const Access *out = &points->statements[i]->out;
        for (int a = 0; a < points->axis_count; a++) {
            int alone = 0;
            for (int d = 0; d < out->tensor->rank; d++)
                alone += !out->index[d].gather && out->index[d].terms == 1 && out->index[d].axis[0] == points->axes[a];
            if (!alone && points->extent[a] > 1)
                return true;
        }
    }
    return false;
}

static Statement *append_copy(const Writer *writer, const Statement *statement)
{
    Ir *ir = writer->ir;
    Statement *copy = arena_new(ir->arena, Statement);
    *copy = *statement;
    copy->tile = NULL;
    arena_append(ir->arena, ir->statements, ir->statement_count, ir->statement_capacity, copy);
    return copy;
}

static void fix_point(const Writer *writer, const Points *points, Statement *copy, long long point)
{
    for (int a = points->axis_count - 1; a >= 0; a--) {
        move_axis(writer->ir->arena, copy, points->axes[a], NULL, (int)(point % points->extent[a]));
        point /= points->extent[a];
    }
}

static bool uses_in(const Statement *statement, const Axis *axis)
{
    for (int d = 0; d < statement->out.tensor->rank; d++)
        if (index_uses(&statement->out.index[d], axis))
            return true;
    return false;
}

/* What it wrote of registers is gone. */
static void forget_registers(const Writer *writer, const Statement *written)
{
    if (written->out.tensor->home != HOME_REGISTER)
        return;
    Statement *copy = append_copy(writer, written);
    int count = 0;
    for (int a = 0; a < copy->axis_count; a++)
        if (uses_in(written, copy->axes[a]))
            copy->axes[count++] = copy->axes[a];
    copy->axis_count = count;
    copy->accumulate = ACCUMULATE_SET;
    copy->value = expr_constant(writer->ir->arena, NAN);
}

static void write_point(const Writer *writer, const Points *points, long long point, int start, int length)
{
    Arena *arena = writer->ir->arena;
    const Tile *tile = points->statements[0]->tile;
    int first = writer->ir->statement_count;
    for (int i = 0; i < points->count; i++) {
        Statement *copy = append_copy(writer, points->statements[i]);
        fix_point(writer, points, copy, point);
        if (tile->chunk)
            move_axis(arena, copy, tile->chunk, ir_axis(writer->ir, tile->chunk->name, length, tile->chunk->kind), start);
    }
    int end = writer->ir->statement_count;
    for (int i = first; i < end; i++)
        forget_registers(writer, writer->ir->statements[i]);
}

static void shuffle(const Writer *writer, long long *order, long long total, uint64_t stream)
{
    for (long long i = 0; i < total; i++)
        order[i] = i;
    for (long long i = total - 1; i > 0; i--) {
        long long other = (long long)(lstmc_random_bits(writer->seed, stream, 9, (uint64_t)i) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static void write_tile(const Writer *writer, Statement *const *statements, int count, uint64_t stream)
{
    const Tile *tile = statements[0]->tile;
    Points points = points_of(writer, statements, count);
    if (count == 1 && points_share_an_element(&points)) {
        append_copy(writer, statements[0]);
        return;
    }
    long long *order = arena_array(writer->ir->arena, long long, points.total + 1);
    shuffle(writer, order, points.total, stream);
    int extent = tile->chunk ? tile->chunk->extent : 1, step = tile->chunk ? tile->chunk_extent : 1;
    for (int start = 0; start < extent; start += step)
        for (long long i = 0; i < points.total; i++)
            write_point(writer, &points, order[i], start, extent - start < step ? extent - start : step);
}

Ir *tile_order(Arena *arena, const Ir *ir, int rows, uint64_t seed)
{
    Ir *result = arena_new(arena, Ir);
    *result = *ir;
    result->arena = arena;
    result->statements = NULL;
    result->statement_count = result->statement_capacity = 0;
    Writer writer = { .ir = result, .rows = rows, .seed = seed };
    for (int i = 0, end; i < ir->statement_count; i = end) {
        const Statement *first = ir->statements[i];
        for (end = i + 1; first->tile && end < ir->statement_count && ir->statements[end]->tile == first->tile;)
            end++;
        if (first->tile)
            write_tile(&writer, ir->statements + i, end - i, (uint64_t)i + 1);
        else
            append_copy(&writer, first);
    }
    return result;
}
