/* emit_dot.c: in: a tile whose vectors lie along a sum.  out: sums of vectors, whose lanes are added up at the end, for
 * several outputs side by side. What does not fill a vector is summed up one by one, since what lies behind it in
 * memory may be anything. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

typedef struct DotNest {
    TileNest *to;
    const char *lane;               /* the loop variable */
    const char *sum[2][TILE_SIDE_MAX], *rest[TILE_SIDE_MAX];
    int outputs, sets;
    bool largest;
    bool has_rest;
} DotNest;

/* Whether the value is another one at another place along the axis: a count of places, "+= 1", is not. */
static bool differs_along(const Expr *value, const Axis *axis)
{
    if (value->op == OP_LOAD)
        return access_uses(&value->access, axis);
    bool differs = expr_counts(value, axis);
    for (int i = 0; i < op_traits[value->op].arity && !differs; i++)
        differs = differs_along(value->argument[i], axis);
    return differs;
}

static void bind_row(TileNest *to, int which)
{
    if (to->tile->row)
        tile_bind(to, to->row[which]);
}

static void unbind_row(TileNest *to)
{
    if (to->tile->row)
        tile_unbind(to);
}

static void open_sums(DotNest *dot)
{
    TileNest *to = dot->to;
    Arena *arena = to->nest.arena;
    const char *wish = dot->largest ? "largest" : "sum", *start = dot->largest ? "-INFINITY" : "0.0f";
    const char *of = to->nest.statement->out.tensor->name;
    for (int i = 0; i < dot->outputs; i++) {
        const char *side = dot->outputs > 1 ? arena_format(arena, "_%d", i) : "";
        for (int set = 0; set < dot->sets; set++) {
            dot->sum[set][i] = tile_name(to, arena_format(arena, "%s_of_%s%s%s", wish, of, side, set ? "_odd" : ""));
            put(to->out, "vec %s = vec_splat(%s);", dot->sum[set][i], start);
        }
        if (dot->has_rest) {
            dot->rest[i] = tile_name(to, arena_format(arena, "rest_of_%s%s", of, side));
            put(to->out, "float %s = %s;", dot->rest[i], start);
        }
    }
}

/* One vector of terms for each output, `first` or second set. */
static void emit_vectors(DotNest *dot, const char *position, int set, int copy)
{
    TileNest *to = dot->to;
    Arena *arena = to->nest.arena;
    const char *lines[TILE_SIDE_MAX];
    tile_bind(to, (Binding){ .axis = to->tile->lane, .name = position, .copy = copy });
    for (int i = 0; i < dot->outputs; i++) {
        bind_row(to, i);
        const char *value = tile_expression(to, to->nest.statement->value), *name = dot->sum[set][i];
        lines[i] = dot->largest ? arena_format(arena, "%s = vec_maximum(%s, %s);", name, name, value)
                                : arena_format(arena, "%s += %s;", name, value);
        unbind_row(to);
    }
    for (int i = 0; i < dot->outputs; i++)
        emit_line(to->out, arena, lines[i]);
    tile_unbind(to);
}

static void emit_scalars(DotNest *dot)
{
    TileNest *to = dot->to;
    Arena *arena = to->nest.arena;
    tile_bind(to, (Binding){ .axis = to->tile->lane, .name = dot->lane });
    for (int i = 0; i < dot->outputs; i++) {
        bind_row(to, i);
        const char *value = expr_text(&to->nest, to->nest.statement->value), *name = dot->rest[i];
        emit_line(to->out, arena, dot->largest ? arena_format(arena, "%s = maximum(%s, %s);", name, name, value)
                                               : arena_format(arena, "%s += %s;", name, value));
        unbind_row(to);
    }
    tile_unbind(to);
}

/* Where the rest begins is written out, though the loops end there: gcc would have it run for longer and warn of what
 * lies behind. How many rows there are nobody knows. */
static void open_rest(const DotNest *dot, const char *extent)
{
    Out *out = dot->to->out;
    if (dot->to->tile->lane->kind == AXIS_BATCH)
        put(out, "for (; %s < %s; %s++) {", dot->lane, extent, dot->lane);
    else
        put(out, "for (%s = %s - %s %% VEC; %s < %s; %s++) {", dot->lane, extent, extent, dot->lane, extent, dot->lane);
}

static void emit_lane_loops(DotNest *dot)
{
    TileNest *to = dot->to;
    const Axis *lane = to->tile->lane;
    const char *extent = lane->kind == AXIS_BATCH ? kernel_extent(to->nest.kernel, lane)
                                                  : arena_format(to->nest.arena, "%d", lane->extent);
    Scope outside = tile_open_scope(to);
    dot->lane = tile_axis(to, to->tile->lane);
    put(to->out, "int %s = 0;", dot->lane);
    Scope scope = tile_open_scope(to);
    if (dot->sets == 2) {
        const char *next = tile_beside(to, dot->lane, "1");
        put(to->out, "for (; %s + 2 * VEC <= %s; %s += 2 * VEC) {", dot->lane, extent, dot->lane);
        put(to->out, "const int %s = %s + VEC;", next, dot->lane);
        emit_vectors(dot, dot->lane, 0, 1);
        emit_vectors(dot, next, 1, 2);
        put(to->out, "}");
        tile_close_scope(to, scope);
    }
    put(to->out, "for (; %s + VEC <= %s; %s += VEC) {", dot->lane, extent, dot->lane);
    emit_vectors(dot, dot->lane, 0, 0);
    put(to->out, "}");
    tile_close_scope(to, scope);
    if (dot->has_rest) {
        open_rest(dot, extent);
        emit_scalars(dot);
        put(to->out, "}");
    }
    tile_close_scope(to, outside);
}

/* The other summed axes, around. */
static void emit_around(DotNest *dot, int from)
{
    TileNest *to = dot->to;
    const Statement *statement = to->nest.statement;
    while (from < statement->axis_count &&
           (!axis_is_summed(statement, statement->axes[from]) || statement->axes[from] == to->tile->lane))
        from++;
    if (from == statement->axis_count) {
        emit_lane_loops(dot);
        return;
    }
    const Axis *axis = statement->axes[from];
    Scope scope = tile_open_scope(to);
    const char *name = tile_axis(to, axis),
               *end = kernel_extent(to->nest.kernel, axis);
    put(to->out, "for (int %s = 0; %s < %s; %s++) {", name, name, end, name);
    tile_bind(to, (Binding){ .axis = axis, .name = name });
    emit_around(dot, from + 1);
    tile_unbind(to);
    put(to->out, "}");
    tile_close_scope(to, scope);
}

static const char *total_of(DotNest *dot, const char *place, int which)
{
    Arena *arena = dot->to->nest.arena;
    const char *sum = dot->sum[0][which];
    if (dot->largest) {
        const char *total = arena_format(arena, "maximum(%s, vec_largest(%s))", place, sum);
        return dot->has_rest ? arena_format(arena, "maximum(%s, %s)", total, dot->rest[which]) : total;
    }
    const char *vectors = dot->sets == 2 ? arena_format(arena, "vec_sum(%s + %s)", sum, dot->sum[1][which])
                                         : arena_format(arena, "vec_sum(%s)", sum);
    return arena_format(arena, "%s + %s%s%s", place, vectors, dot->has_rest ? " + " : "",
                        dot->has_rest ? dot->rest[which] : "");
}

/* All totals are formed before one is stored: of the rows beyond the end there are several. */
static void close_sums(DotNest *dot)
{
    TileNest *to = dot->to;
    Arena *arena = to->nest.arena;
    const char *places[TILE_SIDE_MAX], *totals[TILE_SIDE_MAX];
    for (int i = 0; i < dot->outputs; i++) {
        bind_row(to, i);
        places[i] = access_text(&to->nest, &to->nest.statement->out);
        unbind_row(to);
        totals[i] = total_of(dot, places[i], i);
        if (dot->outputs == 1) {
            emit_line(to->out, arena, arena_format(arena, "%s = %s;", places[i], totals[i]));
            return;
        }
        const char *name = tile_name(to, arena_format(arena, "%s_%d", to->nest.statement->out.tensor->name, i));
        emit_line(to->out, arena, arena_format(arena, "const float %s = %s;", name, totals[i]));
        totals[i] = name;
    }
    for (int i = 0; i < dot->outputs; i++)
        emit_line(to->out, arena, arena_format(arena, "%s = %s;", places[i], totals[i]));
}

bool dot_has_rest(const Statement *statement)
{
    const Axis *lane = statement->tile->lane;
    return lane->kind == AXIS_BATCH || lane->extent % statement->out.tensor->lanes != 0;
}

void emit_dot(TileNest *to)
{
    const Statement *statement = to->nest.statement;
    DotNest dot = { .to = to, .outputs = to->rows, .largest = statement->accumulate == ACCUMULATE_MAX };
    dot.sets = to->tile->sets == 2 && !dot.largest && differs_along(statement->value, to->tile->lane) ? 2 : 1;
    dot.has_rest = dot_has_rest(statement);
    Scope scope = tile_open_scope(to);
    if (to->loops == 0)
        put(to->out, "{");
    open_sums(&dot);
    emit_around(&dot, 0);
    close_sums(&dot);
    if (to->loops == 0)
        put(to->out, "}");
    tile_close_scope(to, scope);
}
