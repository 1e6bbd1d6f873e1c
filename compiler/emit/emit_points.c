/* emit_points.c: in: one statement of a tile.  out: it, for all points side by side.
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
    element = tile_add(to, out, name);
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
            return tile_add(to, out, value);
    const char *name = tile_element_name(to, out);
    tile_declare(to, stays ? "const vec" : "vec", name, value);
    return tile_add(to, out, name);
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

/* Sums of several rows, so many that what else is alive has to be counted. */
static bool fills_registers(const TileNest *to)
{
    return to->rows > 1 && to->rows * vectors_of(to) > FEW_SUMS;
}

typedef struct Sharing {
    const Axis *axis;
    bool found;
} Sharing;

static void find_sharing(void *context, const Access *access)
{
    Sharing *sharing = context;
    sharing->found |= !access_uses(access, sharing->axis);
}

/* Sums side by side have factors in common: gates, not the heads of an attention, whose addresses are better all found
 * at once. */
static bool copies_share(const TileNest *to)
{
    const Statement *statement = to->nest.statement;
    for (int a = 0; a < statement->axis_count; a++) {
        Sharing sharing = { .axis = statement->axes[a], .found = !tile_is_copied(to, statement->axes[a]) };
        expr_visit_loads(statement->value, find_sharing, &sharing);
        if (!sharing.found)
            return false;
    }
    return true;
}

/* Of what is read side by side, rows or vectors, the fewer stay in registers while the others pass by one after the
 * other: 12 sums, 3 numbers and 1 vector are the 16 registers of many machines. */
static void emit_terms(TileNest *to)
{
    if (to->rows > 1)
        to->keep = fills_registers(to) && copies_share(to) ? "vec_hold" : "vec_keep";
    if (to->rows > vectors_of(to))
        each_point(to, emit_term);
    else
        each_vector(to, 0, emit_term, true);
    to->keep = NULL;
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
    bool full = axis->extent > 1 && fills_registers(to);
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
    const char *start = cut ? to->chunk_start : "0", *turn = tile_first_turn(to, to->nest.statement, axis);
    const char *end = cut ? to->chunk_end
                      : whole == axis->extent || axis->kind == AXIS_BATCH ? kernel_extent(to->nest.kernel, axis)
                      : arena_format(to->nest.arena, "%d", whole);
    if (turn)
        start = cut ? arena_format(to->nest.arena, "%s > %s ? %s : %s", start, turn, start, turn) : turn;
    if (copies == 1 || cut)
        emit_line(to->out, to->nest.arena,
                  arena_format(to->nest.arena, "for (int %s = %s; %s < %s; %s++) {", name, start, name, end, name));
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
    while (from < statement->axis_count && !axis_is_summed(statement, statement->axes[from]))
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
        if (axis_is_summed(statement, statement->axes[a]) && statement->axes[a] != to->tile->chunk)
            terms *= copies_of(to, a);
    return to->tile->sets == 2 && statement->accumulate == ACCUMULATE_ADD && terms > 1 ? 2 : 1;
}

static void emit_sum(TileNest *to)
{
    to->sets = sets_of(to);
    to->set = 0;
    each_point(to, open_sum);
    const char *condition = to->checked ? NULL : tile_condition(to, to->nest.statement);
    Scope scope = tile_open_scope(to);
    if (condition)
        put(to->out, "if (%s) {", condition);
    emit_summed(to, 0);
    if (condition) {
        put(to->out, "}");
        tile_close_scope(to, scope);
    }
    if (to->sets == 2)
        each_point(to, close_sum);
}

void tile_statement(TileNest *to, const Statement *statement)
{
    to->nest.statement = statement;
    if (statement_has_sum(statement))
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
        const Element *e = &to->elements[i];
        if (e->stored && e->from_zero)
            emit_line(to->out, arena,
                      arena_format(arena, "%s += %s;", e->name,
                                   tile_load_lanes(arena, e->address, e->stride, e->left)));
    }
    for (int i = 0; i < to->element_count; i++) {
        const Element *e = &to->elements[i];
        if (e->stored && e->stride > 1)
            emit_line(to->out, arena,
                      arena_format(arena, "vec_store_apart(%s, %zu, %s, %s);", e->address, e->stride, e->name,
                                   e->left));
        else if (e->stored)
            emit_line(to->out, arena,
                      e->left ? arena_format(arena, "vec_store_part(%s, %s, %s);", e->address, e->name, e->left)
                              : arena_format(arena, "vec_store(%s, %s);", e->address, e->name));
    }
}

void tile_mention_unread(TileNest *to)
{
    for (int i = 0; i < to->element_count; i++)
        if (!to->elements[i].stored && !to->elements[i].read)
            put(to->out, "(void)%s;", to->elements[i].name);
}
