/* emit_tile.c: in: consecutive statements that schedule joined into one tile.  out: one nest of C over vectors: its
 * loops, and the order of a turn. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

static void emit_turn(TileNest *to)
{
    Scope scope = tile_open_scope(to);
    int sums = 0;
    for (int i = 0; i < to->count; i++)
        if (statement_has_sum(to->statements[i]))
            sums = i + 1;
    bool apart = to->rows > 1 && sums > 0 && sums < to->count;
    if (apart)
        tile_name_rows(to);
    else
        to->row_variable = NULL;
    tile_note_writes(to, 0, apart ? sums : to->count);
    for (int i = 0; i < (apart ? sums : to->count); i++)
        tile_statement(to, to->statements[i]);
    if (apart) {
        tile_rest(to, sums);
    } else {
        tile_stores(to);
        tile_mention_unread(to);
    }
    tile_close_scope(to, scope);
}

/* ---- loops ---- */

/* "const int b_plus_1 = b + 1 < rows ? b + 1 : b;" */
static Binding side_binding(TileNest *to, Binding first, int which, const char *step, const char *end, bool exact)
{
    Arena *arena = to->nest.arena;
    const char *name = tile_beside(to, first.name, arena_format(arena, "%d", which));
    const char *next = arena_format(arena, "%s + %s", first.name, step);
    put(to->out, "%s",
        exact ? arena_format(arena, "const int %s = %s;", name, next)
              : arena_format(arena, "const int %s = %s < %s ? %s : %s;", name, next, end, next, first.name));
    return (Binding){ .axis = first.axis, .name = name, .copy = which + 1 };
}

/* Pieces of an axis: "for (int k_start = 0; k_start < 1024; k_start += 64) { const int k_end = k_start + 64;" */
static void open_pieces(TileNest *to, const Axis *axis, int piece, const char **start, const char **end)
{
    Arena *arena = to->nest.arena;
    const char *first = tile_name(to, arena_format(arena, "%s_start", tile_axis(to, axis))),
               *behind = tile_name(to, arena_format(arena, "%s_end", tile_axis(to, axis)));
    put(to->out, "for (int %s = 0; %s < %s; %s += %d) {", first, first, kernel_extent(to->nest.kernel, axis), first,
        piece);
    if (axis->extent % piece == 0)
        put(to->out, "const int %s = %s + %d;", behind, first, piece);
    else
        put(to->out, "const int %s = %s + %d < %d ? %s + %d : %d;", behind, first, piece, axis->extent, first, piece,
            axis->extent);
    *start = first;
    *end = behind;
}

/* Returns whether a loop was opened. */
static bool open_row_blocks(TileNest *to)
{
    const Axis *axis = to->tile->row;
    const int block = to->tile->rows * to->tile->row_block;
    to->row_start = to->row_end = NULL;
    if (!axis || block == 0 || block >= axis->extent)
        return false;
    open_pieces(to, axis, block, &to->row_start, &to->row_end);
    return true;
}

/* Returns whether a loop was opened. */
static bool open_rows(TileNest *to)
{
    Arena *arena = to->nest.arena;
    Axis *axis = to->tile->row;
    to->rows = axis ? to->tile->rows : 1;
    if (!axis)
        return false;
    if (axis->kind != AXIS_BATCH && to->rows >= axis->extent) {
        to->rows = axis->extent;
        for (int i = 0; i < to->rows; i++)
            to->row[i] = (Binding){ .axis = axis, .offset = i, .copy = to->rows > 1 ? i + 1 : 0 };
        return false;
    }
    const char *name = tile_axis(to, axis), *start = to->row_start ? to->row_start : "0",
               *end = to->row_end ? to->row_end : kernel_extent(to->nest.kernel, axis);
    if (to->rows > 1)
        put(to->out, "for (int %s = %s; %s < %s; %s += %d) {", name, start, name, end, name, to->rows);
    else
        put(to->out, "for (int %s = %s; %s < %s; %s++) {", name, start, name, end, name);
    to->row[0] = (Binding){ .axis = axis, .name = name, .copy = to->rows > 1 ? 1 : 0 };
    to->loops++;
    for (int i = 1; i < to->rows; i++)
        to->row[i] = side_binding(to, to->row[0], i, arena_format(arena, "%d", i), end,
                                  axis->kind != AXIS_BATCH && axis->extent % to->rows == 0);
    return true;
}

/* The vectors from the first to the last, and from the last to the first in every other turn of the time loop. */
static void open_back_and_forth(TileNest *to, const char *name, const char *step)
{
    Arena *arena = to->nest.arena;
    const int extent = to->tile->lane->extent;
    const char *forth = tile_name(to, arena_format(arena, "%s_forth", name));
    const char *whole = to->tile->blocks > 1 ? arena_format(arena, "(%s)", step) : step;
    put(to->out, "/* back and forth: caches hold what was read last */");
    put(to->out, "for (int %s = 0; %s < %s; %s += %s) {", forth, forth,
        kernel_extent(to->nest.kernel, to->tile->lane), forth, step);
    put(to->out, "const int %s = %s %% 2 ? %d / %s * %s - %s : %s;", name, to->loop_variable, extent - 1, whole, whole,
        forth, forth);
}

static void open_lanes(TileNest *to)
{
    Arena *arena = to->nest.arena;
    const Tile *tile = to->tile;
    const char *name = tile_axis(to, tile->lane), *end = kernel_extent(to->nest.kernel, tile->lane);
    const char *step = tile->blocks > 1 ? arena_format(arena, "%d * VEC", tile->blocks) : "VEC";
    const int vectors = tile->blocks * to->statements[0]->out.tensor->lanes;
    if (tile->back_and_forth)
        open_back_and_forth(to, name, step);
    else
        put(to->out, "for (int %s = %s; %s < %s; %s += %s) {", name, kernel_start(to->nest.kernel, tile->lane), name,
            kernel_end(to->nest.kernel, tile->lane), name, step);
    to->block[0] = (Binding){ .axis = tile->lane, .name = name, .copy = tile->blocks > 1 ? 1 : 0 };
    for (int i = 1; i < tile->blocks; i++)
        to->block[i] = side_binding(to, to->block[0], i, i > 1 ? arena_format(arena, "%d * VEC", i) : "VEC", end,
                                    tile->lane->kind != AXIS_BATCH && tile->lane->extent % vectors == 0);
}

static void emit_innermost(TileNest *to)
{
    const Tile *tile = to->tile;
    bool lanes = !tile->dot && !tile->lanes_first;
    bool blocks = open_row_blocks(to);
    if (lanes)
        open_lanes(to);
    bool looped = open_rows(to);
    if (tile->dot)
        emit_dot(to);
    else if (tile->across)
        tile_square(to);
    else
        emit_turn(to);
    if (looped)
        put(to->out, "}");
    if (lanes)
        put(to->out, "}");
    if (blocks)
        put(to->out, "}");
}

static void emit_outer(TileNest *to, int from)
{
    const Tile *tile = to->tile;
    if (from == tile->outer_count) {
        emit_innermost(to);
        return;
    }
    const Axis *axis = tile->outer[from];
    bool loops = axis->kind == AXIS_BATCH || axis->extent > 1;
    const char *name = loops ? tile_axis(to, axis) : NULL;
    bool turns = tile->follows && axis == tile->turns;
    const char *start = turns ? to->chunk_start : kernel_start(to->nest.kernel, axis);
    const char *end = turns ? to->chunk_end : kernel_end(to->nest.kernel, axis);
    tile_bind(to, (Binding){ .axis = axis, .name = name });
    to->loops += loops;
    if (loops)
        put(to->out, "for (int %s = %s; %s < %s; %s%s) {", name, start, name, end, name,
            axis == tile->across ? " += VEC" : "++");
    emit_outer(to, from + 1);
    if (loops)
        put(to->out, "}");
    tile_unbind(to);
}

static void emit_chunks(TileNest *to)
{
    Arena *arena = to->nest.arena;
    const Axis *axis = to->tile->chunk;
    if (to->tile->follows) {        /* the pieces of the time loop are there */
        to->chunk_start = tile_name(to, loop_bound(arena, to->tile->follows, "start"));
        to->chunk_end = tile_name(to, loop_bound(arena, to->tile->follows, "end"));
        emit_outer(to, 0);
        return;
    }
    if (to->tile->lanes_first) {
        open_lanes(to);
        emit_outer(to, 0);
        put(to->out, "}");
        return;
    }
    if (!axis) {
        emit_outer(to, 0);
        return;
    }
    open_pieces(to, axis, to->tile->chunk_extent, &to->chunk_start, &to->chunk_end);
    emit_outer(to, 0);
    put(to->out, "}");
}

static void emit_numbers(Out *out, const Kernel *kernel, const Tile *tile)
{
    TileNest to = { .out = out, .tile = tile, .statements = kernel->statements, .count = kernel->count,
                    .nest = nest_of(kernel) };
    if (tile->rows > TILE_SIDE_MAX || tile->blocks > TILE_SIDE_MAX)
        die("a tile of %d rows and %d vectors", tile->rows, tile->blocks);
    if (to.nest.binding_count)
        to.loop_variable = to.nest.bindings[0].name;
    bool looks = tile_look_at_states(&to);
    const char *condition = tile_condition_of_all(&to);
    to.checked = condition != NULL;
    if (condition)
        put(out, "if (%s) {", condition);
    emit_chunks(&to);
    if (condition)
        put(out, "}");
    if (looks)
        put(out, "}");
}

/* What is best for the vectors of the layout, and for narrower ones: which they are, the C compiler knows. */
void emit_tile(Out *out, const Kernel *kernel)
{
    const Tile *tile = kernel->statements[0]->tile;
    Tile narrow = *tile;
    narrow.rows = tile->narrow.rows;
    narrow.blocks = tile->narrow.blocks;
    emit_statement_comments(out, kernel);
    if (narrow.rows)
        put(out, "#if VEC == LANES");
    emit_numbers(out, kernel, tile);
    if (narrow.rows) {
        put(out, "#else");
        emit_numbers(out, kernel, &narrow);
        put(out, "#endif");
    }
}
