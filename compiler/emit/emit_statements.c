/* emit_statements.c: in: statements of one part of a function.  out: their nests as C, in their time loops. */
#include "emit_tile.h"

/* ---- time loops ---- */

/* The loop over the pieces of a time loop that runs backwards, last piece first. */
static void open_pieces(Out *out, Arena *arena, const Loop *loop, const char *steps)
{
    const char *start = loop_bound(arena, loop, "start"), *end = loop_bound(arena, loop, "end");
    put(out, "for (int %s = %s; %s > 0; %s -= %d) {", end, steps, end, end, loop->piece);
    if (loop->axis->extent % loop->piece == 0)
        put(out, "const int %s = %s - %d;", start, end, loop->piece);
    else
        put(out, "const int %s = %s > %d ? %s - %d : 0;", start, end, loop->piece, end, loop->piece);
}

/* Tensors of which a loop keeps some steps, in its order. */
typedef struct Windows {
    Arena *arena;
    const Tensor **list; int count, capacity;
} Windows;

static void note_window(void *context, const Access *access)
{
    Windows *windows = context;
    if (access->tensor->window < 2)
        return;
    for (int i = 0; i < windows->count; i++)
        if (windows->list[i] == access->tensor)
            return;
    arena_append(windows->arena, windows->list, windows->count, windows->capacity, access->tensor);
}

/* "lstm.h, lstm.c: 2 steps are kept, step t at t % 2" */
static void put_windows(Out *out, Arena *arena, const Statement *const *statements, int count)
{
    Windows windows = { .arena = arena };
    for (int i = 0; i < count && statements[i]->loop == statements[0]->loop; i++) {
        note_window(&windows, &statements[i]->out);
        expr_visit_loads(statements[i]->value, note_window, &windows);
    }
    const char *name = c_index_name(arena, statements[0]->loop->axis->name);
    for (int i = 0; i < windows.count; i++) {
        const int kept = windows.list[i]->window;
        const char *text = "";
        bool said = false;
        for (int j = 0; j < windows.count; j++) {
            said |= j < i && windows.list[j]->window == kept;
            if (windows.list[j]->window == kept)
                text = arena_format(arena, "%s%s%s.%s", text, *text ? ", " : "", windows.list[j]->layer,
                                    windows.list[j]->name);
        }
        if (!said)
            emit_comment(out, arena, arena_format(arena, "%s: %d steps are kept, step %s at %s %% %d", text, kept, name,
                                                  name, kept));
    }
}

static void open_time_loop(Out *out, Arena *arena, const Ir *ir, const Statement *statement)
{
    const Axis *axis = statement->loop->axis;
    const char *name = c_index_name(arena, axis->name);
    const char *steps = emit_extent(arena, ir, axis->size, axis->extent);
    if (axis->extent == 1)
        return;
    if (statement->loop->piece) {
        open_pieces(out, arena, statement->loop, steps);
        put(out, "for (int %s = %s - 1; %s >= %s; %s--) {", name, loop_bound(arena, statement->loop, "end"), name,
            loop_bound(arena, statement->loop, "start"), name);
    } else if (statement->loop->reversed) {
        put(out, "for (int %s = %s - 1; %s >= 0; %s--) {", name, steps, name, name);
    } else {
        put(out, "for (int %s = 0; %s < %s; %s++) {", name, name, steps, name);
    }
}

static const Loop *followed_by(const Statement *statement)
{
    return statement && statement->tile ? statement->tile->follows : NULL;
}

/* Between two statements: what ends with the first. `after` is NULL at the end. */
static void close_time_loop(Out *out, const Statement *before, const Statement *after)
{
    bool leaves = before->loop && (!after || after->loop != before->loop);
    if (leaves && before->loop->axis->extent > 1)
        put(out, "}");
    const Loop *pieces = before->loop && before->loop->piece ? before->loop : followed_by(before);
    if (pieces && (leaves || !before->loop) && followed_by(after) != pieces)
        put(out, "}");
}

/* ---- nests ---- */

static void add_indices(Arena *arena, Indices *indices, const AxisNames *names)
{
    for (int i = 0; i < names->count; i++)
        if (!indices_have(indices, names->list[i].name))
            arena_append(arena, indices->list, indices->count, indices->capacity, names->list[i].name);
}

/* The statements from here on that become one nest. */
static int nest_length(const Statement *const *statements, int count)
{
    int length = 1;
    while (length < count && statements[0]->tile && statements[length]->tile == statements[0]->tile)
        length++;
    return statements[0]->blas && statements[0]->accumulate == ACCUMULATE_SET ? length + 1 : length;
}

static void emit_kernel(Out *out, const Kernel *kernel)
{
    if (kernel->statements[0]->tile)
        emit_tile(out, kernel);
    else if (kernel->statements[0]->blas)
        emit_product(out, kernel);
    else
        emit_nest(out, kernel);
}

void emit_statements(Out *out, Arena *arena, const Ir *ir, Members *members, const Statement *const *statements,
                     int count)
{
    const AxisNames **names = arena_array(arena, const AxisNames *, count + 1);
    Indices indices = { 0 };
    for (int i = 0; i < count; i += nest_length(statements + i, count - i)) {
        names[i] = axis_names(arena, statements + i, nest_length(statements + i, count - i), c_index_name);
        add_indices(arena, &indices, names[i]);
    }
    const Statement *before = NULL;
    for (int i = 0; i < count;) {
        const Statement *statement = statements[i];
        const Kernel kernel = { .arena = arena, .ir = ir, .members = members, .statements = statements + i,
                                .count = nest_length(statements + i, count - i), .names = names[i],
                                .indices = &indices };
        if (before)
            close_time_loop(out, before, statement);
        if (statement->loop && (!before || before->loop != statement->loop)) {
            put_windows(out, arena, statements + i, count - i);
            open_time_loop(out, arena, ir, statement);
        }
        emit_kernel(out, &kernel);
        before = statement;
        i += kernel.count;
    }
    if (before)
        close_time_loop(out, before, NULL);
}
