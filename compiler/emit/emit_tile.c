/* emit_tile.c: in: consecutive statements that schedule joined into one tile.  out: one nest of C over vectors.
 * What a turn writes lives in local variables until its end. Sums of several rows and vectors are formed side by side,
 * written out, so that they stay in registers; what follows the sums is done row by row. Rows and vectors beyond the
 * end repeat the first ones: they compute and store the same again. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

#define FEW_SUMS 8      /* side by side, leave room in the registers */

/* ---- points: rows, copied positions, blocks ---- */

typedef void (*Action)(TileNest *to);

static void each_row(TileNest *to, Action action)
{
    if (!to->tile->row) {
        action(to);
        return;
    }
    for (int i = 0; i < to->rows; i++) {
        tile_bind(to, to->row[i]);
        action(to);
        tile_unbind(to);
    }
}

/* Every vector of the statement's output: copied positions from `from` on, then blocks. */
static void each_vector(TileNest *to, int from, Action action, bool with_rows)
{
    const Statement *statement = to->nest.statement;
    while (from < statement->axis_count && !tile_is_copied(to, statement->axes[from]))
        from++;
    bool last = from == statement->axis_count;
    for (int i = 0; i < (last ? to->tile->blocks : statement->axes[from]->extent); i++) {
        tile_bind(to, last ? to->block[i] : (Binding){ .axis = statement->axes[from], .offset = i });
        if (!last)
            each_vector(to, from + 1, action, with_rows);
        else if (with_rows)
            each_row(to, action);
        else
            action(to);
        tile_unbind(to);
    }
}

/* Every element of the statement's output that is written side by side, row by row. */
static void each_point(TileNest *to, Action action)
{
    const Binding none = { 0 };
    for (int i = 0; i < (to->tile->row ? to->rows : 1); i++) {
        tile_bind(to, to->tile->row ? to->row[i] : none);
        each_vector(to, 0, action, false);
        tile_unbind(to);
    }
}

static int vectors_of(const TileNest *to)
{
    int count = to->tile->blocks;
    for (int a = 0; a < to->nest.statement->axis_count; a++)
        if (tile_is_copied(to, to->nest.statement->axes[a]))
            count *= to->nest.statement->axes[a]->extent;
    return count;
}

/* ---- what is written ---- */

static bool has_sum(const Statement *statement)
{
    for (int a = 0; a < statement->axis_count; a++)
        if (tile_is_summed(statement, statement->axes[a]))
            return true;
    return false;
}

static void note_write(TileNest *to)
{
    const Statement *statement = to->nest.statement;
    const char *place = access_text(&to->nest, &statement->out);
    int times = statement->accumulate == ACCUMULATE_SET ? 1 : 2;     /* what is added to is written again */
    for (int i = 0; i < to->write_count; i++)
        if (!strcmp(to->writes[i].place, place)) {
            to->writes[i].count += times;
            return;
        }
    arena_append(to->nest.arena, to->writes, to->write_count, to->write_capacity,
                 ((Write){ .place = place, .count = times }));
}

void tile_note_writes(TileNest *to, int first, int end)
{
    to->write_count = 0;
    for (int i = first; i < end; i++) {
        to->nest.statement = to->statements[i];
        each_point(to, note_write);
    }
}

/* The variable of the output's element, read from memory if it is not there yet. */
static Element *output_element(TileNest *to, bool from_zero)
{
    const Access *out = &to->nest.statement->out;
    const char *place = access_text(&to->nest, out);
    Element *element = tile_find(to, place);
    if (element)
        return element;
    const char *name = tile_element_name(to, out), *value = from_zero ? "vec_splat(0.0f)" : tile_load(to, out);
    tile_declare(to, "vec", name, value);
    element = tile_add(to, out, place, name);
    element->from_zero = from_zero;
    return element;
}

typedef struct Readers {
    const Tensor *tensor;
    int count;
} Readers;

static void count_reader(void *context, const Access *access)
{
    Readers *readers = context;
    readers->count += access->tensor == readers->tensor;
}

/* It copies what is read here alone, for each element of the output anew: that needs no variable of its own. */
static bool is_read_once(const TileNest *to, const Statement *statement)
{
    const Expr *value = statement->value;
    if (statement->accumulate != ACCUMULATE_SET || value->op != OP_LOAD || value->access.tensor->integer)
        return false;
    for (int a = 0; a < statement->axis_count; a++) {
        const Axis *axis = statement->axes[a];
        bool several = tile_is_copied(to, axis) || (axis == to->tile->row && to->rows > 1) ||
                       (axis == to->tile->lane && to->tile->blocks > 1);
        if (several && !access_uses(&value->access, axis))
            return false;
    }
    Readers readers = { .tensor = value->access.tensor };
    for (int i = 0; i < to->count; i++) {
        readers.count += to->statements[i]->out.tensor == readers.tensor;
        expr_visit_loads(to->statements[i]->value, count_reader, &readers);
    }
    return readers.count == 1;
}

/* By what follows the statement at work. */
static bool is_written_later(const TileNest *to, const Tensor *tensor)
{
    for (int i = to->count - 1; i >= 0 && to->statements[i] != to->nest.statement; i--)
        if (to->statements[i]->out.tensor == tensor)
            return true;
    return false;
}

/* A number that a variable holds already, and keeps, has that variable. */
static Element *new_element(TileNest *to, const char *place, const char *value)
{
    const Access *out = &to->nest.statement->out;
    bool stays = tile_writes(to, place) == 1;
    for (int i = 0; i < to->element_count && stays; i++)
        if (!strcmp(to->elements[i].name, value) && !is_written_later(to, to->elements[i].tensor))
            return tile_add(to, out, place, value);
    const char *name = tile_element_name(to, out);
    tile_declare(to, stays ? "const vec" : "vec", name, value);
    return tile_add(to, out, place, name);
}

static void emit_assignment(TileNest *to)
{
    Arena *arena = to->nest.arena;
    const Statement *statement = to->nest.statement;
    const char *value = is_read_once(to, statement) ? tile_load(to, &statement->value->access)
                                                    : tile_expression(to, statement->value);
    const char *place = access_text(&to->nest, &statement->out);
    Element *element = statement->accumulate == ACCUMULATE_SET ? tile_find(to, place) : output_element(to, false);
    if (!element) {
        element = new_element(to, place, value);
    } else if (statement->accumulate == ACCUMULATE_MAX) {
        emit_line(to->out, arena,
                  arena_format(arena, "%s = vec_maximum(%s, %s);", element->name, element->name, value));
    } else {
        emit_line(to->out, arena,
                  arena_format(arena, "%s %s %s;", element->name, statement->accumulate == ACCUMULATE_ADD ? "+=" : "=",
                               value));
    }
    element->stored = statement->out.tensor->home != HOME_REGISTER && !statement->unread;
}

/* ---- sums ---- */

static void open_sum(TileNest *to)
{
    Arena *arena = to->nest.arena;
    Element *element = output_element(to, to->tile->chunk != NULL);
    element->stored = to->nest.statement->out.tensor->home != HOME_REGISTER && !to->nest.statement->unread;
    if (to->sets == 2) {
        element->second = tile_name(to, arena_format(arena, "%s_odd", element->name));
        put(to->out, "vec %s = vec_splat(0.0f);", element->second);
    }
}

static void close_sum(TileNest *to)
{
    Element *element = tile_find(to, access_text(&to->nest, &to->nest.statement->out));
    if (element->second)
        put(to->out, "%s += %s;", element->name, element->second);
    element->second = NULL;
}

static void emit_term(TileNest *to)
{
    Arena *arena = to->nest.arena;
    const Statement *statement = to->nest.statement;
    const char *value = tile_expression(to, statement->value);
    const Element *element = tile_find(to, access_text(&to->nest, &statement->out));
    const char *name = to->set == 1 ? element->second : element->name;
    emit_line(to->out, arena,
              statement->accumulate == ACCUMULATE_MAX
                  ? arena_format(arena, "%s = vec_maximum(%s, %s);", name, name, value)
                  : arena_format(arena, "%s += %s;", name, value));
}

/* Of what is read side by side, rows or vectors, the fewer stay in registers while the others pass by one after the
 * other: 12 sums, 3 numbers and 1 vector are the 16 registers of many machines. */
static void emit_terms(TileNest *to)
{
    to->keeps = to->rows > 1;
    if (to->rows > vectors_of(to))
        each_point(to, emit_term);
    else
        each_vector(to, 0, emit_term, true);
    to->keeps = false;
    to->set = (to->set + 1) % to->sets;
}

typedef struct PairSearch {
    const Axis *axis;
    bool found;
} PairSearch;

static void find_pair(void *context, const Access *access)
{
    PairSearch *search = context;
    search->found |= tensor_has_words(access->tensor) &&
                     index_uses(&access->index[access->tensor->paired], search->axis);
}

/* Neighbours along the axis share a word: its loop takes even steps. */
static bool reads_in_pairs(const Statement *statement, const Axis *axis)
{
    PairSearch search = { .axis = axis };
    expr_visit_loads(statement->value, find_pair, &search);
    return search.found;
}

/* Copies of the turn of a loop over this axis, or its extent: no loop. Where sums of several rows fill the registers
 * there is one turn: of several, gcc moves the sums from register to register, and runs out of them. */
static int copies_of(const TileNest *to, int a)
{
    const Statement *statement = to->nest.statement;
    const Axis *axis = statement->axes[a];
    bool full = axis->extent > 1 && to->rows > 1 && to->rows * vectors_of(to) > FEW_SUMS;
    if (axis->kind == AXIS_BATCH || (full && !reads_in_pairs(statement, axis)))
        return 1;
    return statement->unroll[a] > axis->extent || axis->extent == 1 ? axis->extent
           : statement->unroll[a] > 1                               ? statement->unroll[a]
                                                                    : 1;
}

static void emit_summed(TileNest *to, int from);

static void emit_written_out(TileNest *to, int from, int first, int end)
{
    for (int i = first; i < end; i++) {
        tile_bind(to, (Binding){ .axis = to->nest.statement->axes[from], .offset = i });
        emit_summed(to, from + 1);
        tile_unbind(to);
    }
}

static void emit_sum_loop(TileNest *to, int from, int copies)
{
    const Axis *axis = to->nest.statement->axes[from];
    Scope scope = tile_open_scope(to);
    const char *name = tile_axis(to, axis);
    bool cut = to->tile->chunk && axis == to->tile->chunk;
    int whole = axis->extent / copies * copies;
    const char *start = cut ? to->chunk_start : "0", *end = cut ? to->chunk_end
                            : whole == axis->extent || axis->kind == AXIS_BATCH ? kernel_extent(to->nest.kernel, axis)
                            : arena_format(to->nest.arena, "%d", whole);
    if (copies == 1 || cut)
        put(to->out, "for (int %s = %s; %s < %s; %s++) {", name, start, name, end, name);
    else
        put(to->out, "for (int %s = %s; %s < %s; %s += %d) {", name, start, name, end, name, copies);
    for (int i = 0; i < (cut ? 1 : copies); i++) {
        tile_bind(to, (Binding){ .axis = axis, .name = name, .offset = i, .copy = copies > 1 && !cut ? i + 1 : 0 });
        emit_summed(to, from + 1);
        tile_unbind(to);
    }
    put(to->out, "}");
    tile_close_scope(to, scope);
    if (!cut && axis->kind != AXIS_BATCH && whole < axis->extent) {
        put(to->out, "{");
        emit_written_out(to, from, whole, axis->extent);
        put(to->out, "}");
        tile_close_scope(to, scope);
    }
}

static void emit_summed(TileNest *to, int from)
{
    const Statement *statement = to->nest.statement;
    while (from < statement->axis_count && !tile_is_summed(statement, statement->axes[from]))
        from++;
    if (from == statement->axis_count) {
        emit_terms(to);
        return;
    }
    int copies = copies_of(to, from), extent = statement->axes[from]->extent;
    if (copies == extent && statement->axes[from]->kind != AXIS_BATCH && statement->axes[from] != to->tile->chunk)
        emit_written_out(to, from, 0, extent);
    else
        emit_sum_loop(to, from, copies);
}

/* With one term a turn there is nothing to put into a second set of accumulators. */
static int sets_of(const TileNest *to)
{
    const Statement *statement = to->nest.statement;
    int terms = 1;
    for (int a = 0; a < statement->axis_count; a++)
        if (tile_is_summed(statement, statement->axes[a]) && statement->axes[a] != to->tile->chunk)
            terms *= copies_of(to, a);
    return to->tile->sets == 2 && statement->accumulate == ACCUMULATE_ADD && terms > 1 ? 2 : 1;
}

static void emit_sum(TileNest *to)
{
    to->sets = sets_of(to);
    to->set = 0;
    each_point(to, open_sum);
    emit_summed(to, 0);
    if (to->sets == 2)
        each_point(to, close_sum);
}

void tile_statement(TileNest *to, const Statement *statement)
{
    to->nest.statement = statement;
    if (has_sum(statement))
        emit_sum(to);
    else
        each_point(to, emit_assignment);
}

/* ---- the end of a turn ---- */

/* All that is read of memory is read before anything is stored, so that what was computed twice is stored twice and no
 * more. */
void tile_stores(TileNest *to)
{
    Arena *arena = to->nest.arena;
    for (int i = 0; i < to->element_count; i++) {
        const Element *element = &to->elements[i];
        if (!element->stored || !element->from_zero)
            continue;
        emit_line(to->out, arena,
                  element->left ? arena_format(arena, "%s += vec_load_part(&%s, %s);", element->name, element->place,
                                               element->left)
                                : arena_format(arena, "%s += vec_load(&%s);", element->name, element->place));
    }
    for (int i = 0; i < to->element_count; i++) {
        const Element *element = &to->elements[i];
        if (element->stored)
            emit_line(to->out, arena,
                      element->left ? arena_format(arena, "vec_store_part(&%s, %s, %s);", element->place, element->name,
                                                   element->left)
                                    : arena_format(arena, "vec_store(&%s, %s);", element->place, element->name));
    }
}

static void emit_turn(TileNest *to)
{
    Scope scope = tile_open_scope(to);
    int sums = 0;
    for (int i = 0; i < to->count; i++)
        if (has_sum(to->statements[i]))
            sums = i + 1;
    bool apart = to->rows > 1 && sums > 0 && sums < to->count;
    if (apart)
        tile_name_rows(to);
    else
        to->row_variable = NULL;
    tile_note_writes(to, 0, apart ? sums : to->count);
    for (int i = 0; i < (apart ? sums : to->count); i++)
        tile_statement(to, to->statements[i]);
    if (apart)
        tile_rest(to, sums);
    else
        tile_stores(to);
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
    const char *name = tile_axis(to, axis),
               *end = kernel_extent(to->nest.kernel, axis);
    if (to->rows > 1)
        put(to->out, "for (int %s = 0; %s < %s; %s += %d) {", name, name, end, name, to->rows);
    else
        put(to->out, "for (int %s = 0; %s < %s; %s++) {", name, name, end, name);
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
    if (tile->back_and_forth)
        open_back_and_forth(to, name, step);
    else
        put(to->out, "for (int %s = 0; %s < %s; %s += %s) {", name, name, end, name, step);
    to->block[0] = (Binding){ .axis = tile->lane, .name = name, .copy = tile->blocks > 1 ? 1 : 0 };
    for (int i = 1; i < tile->blocks; i++)
        to->block[i] = side_binding(to, to->block[0], i, i > 1 ? arena_format(arena, "%d * VEC", i) : "VEC", end,
                                    tile->lane->extent % (tile->blocks * to->statements[0]->out.tensor->lanes) == 0);
}

static void emit_outer(TileNest *to, int from)
{
    const Tile *tile = to->tile;
    if (from == tile->outer_count) {
        if (!tile->dot)
            open_lanes(to);
        bool looped = open_rows(to);
        if (tile->dot)
            emit_dot(to);
        else
            emit_turn(to);
        if (looped)
            put(to->out, "}");
        if (!tile->dot)
            put(to->out, "}");
        return;
    }
    const Axis *axis = tile->outer[from];
    bool loops = axis->kind == AXIS_BATCH || axis->extent > 1;
    const char *name = loops ? tile_axis(to, axis) : NULL;
    bool turns = tile->follows && axis == tile->turns;
    const char *start = turns ? to->chunk_start : "0";
    const char *end = turns ? to->chunk_end : kernel_extent(to->nest.kernel, axis);
    tile_bind(to, (Binding){ .axis = axis, .name = name });
    to->loops += loops;
    if (loops)
        put(to->out, "for (int %s = %s; %s < %s; %s++) {", name, start, name, end, name);
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
    if (!axis) {
        emit_outer(to, 0);
        return;
    }
    int pieces = to->tile->chunk_extent;
    const char *start = tile_name(to, arena_format(arena, "%s_start", tile_axis(to, axis))),
               *end = tile_name(to, arena_format(arena, "%s_end", tile_axis(to, axis)));
    put(to->out, "for (int %s = 0; %s < %s; %s += %d) {", start, start, kernel_extent(to->nest.kernel, axis), start,
        pieces);
    if (axis->extent % pieces == 0)
        put(to->out, "const int %s = %s + %d;", end, start, pieces);
    else
        put(to->out, "const int %s = %s + %d < %d ? %s + %d : %d;", end, start, pieces, axis->extent, start, pieces,
            axis->extent);
    to->chunk_start = start;
    to->chunk_end = end;
    emit_outer(to, 0);
    put(to->out, "}");
}

void emit_tile(Out *out, const Kernel *kernel)
{
    TileNest to = { .out = out, .tile = kernel->statements[0]->tile, .statements = kernel->statements,
                    .count = kernel->count, .nest = nest_of(kernel) };
    if (to.tile->rows > TILE_SIDE_MAX || to.tile->blocks > TILE_SIDE_MAX)
        die("a tile of %d rows and %d vectors", to.tile->rows, to.tile->blocks);
    if (to.nest.binding_count)
        to.loop_variable = to.nest.bindings[0].name;
    emit_statement_comments(out, kernel);
    emit_chunks(&to);
}
