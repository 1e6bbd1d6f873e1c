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

/* `skips`: something behind its pieces is not done where none of their turns counts. */
static void open_time_loop(Out *out, Arena *arena, const Ir *ir, const Statement *statement, bool skips)
{
    const Axis *axis = statement->loop->axis;
    const char *name = c_index_name(arena, axis->name);
    const char *steps = emit_extent(arena, ir, axis->size, axis->extent);
    if (axis->extent == 1)
        return;
    if (statement->loop->piece) {
        open_pieces(out, arena, statement->loop, steps);
        if (skips)
            put(out, "int %s = 0;", loop_bound(arena, statement->loop, "counts"));
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

/* ---- turns at which no row counts ---- */

static bool skips_idle(const Statement *statement)
{
    return statement->tile && statement->tile->skips_idle;
}

static bool any_skips_idle(const Statement *const *statements, int count)
{
    for (int i = 1; i < count; i++)
        if (skips_idle(statements[i]) && statements[i]->tile->follows == statements[0]->loop)
            return true;
    return false;
}

/* "tape->model.mask[t]", of several rows the first one's: "tape->model.mask[t][0]" */
static const char *first_of_mask(const Kernel *loop)
{
    const Access *mask = &loop->statements[0]->loop->idle->mask;
    Nest nest = nest_of(loop);
    if (mask->tensor->rank == 2)
        nest.bindings[nest.binding_count++] = (Binding){ .axis = mask->index[1].axis[0] };
    return access_text(&nest, mask);
}

static void put_idle_turn(Out *out, const Kernel *loop, bool skips)
{
    Arena *arena = loop->arena;
    const Idle *idle = loop->statements[0]->loop->idle;
    const char *first = first_of_mask(loop);
    emit_line(out, arena, idle->mask.tensor->rank == 2 ? arena_format(arena, "if (!any_counts(&%s, rows)) {", first)
                                                       : arena_format(arena, "if (%s == 0.0f) {", first));
    for (int i = 0; i < idle->count; i++) {
        const Statement *const *statement = (const Statement *const *)idle->statements + i;
        Kernel kernel = *loop;
        kernel.statements = statement;
        kernel.count = 1;
        kernel.names = axis_names(arena, statement, 1, c_index_name);
        emit_nest(out, &kernel);
    }
    put(out, "continue;\n}");
    if (skips)
        put(out, "%s = 1;", loop_bound(arena, loop->statements[0]->loop, "counts"));
}

/* ---- all of them ---- */

/* The nest and, with the first of a time loop, what stands in front of it. */
static void emit_in_loop(Out *out, const Kernel *kernel, const Statement *before, int left)
{
    const Statement *statement = kernel->statements[0];
    const Loop *loop = statement->loop;
    if (loop && (!before || before->loop != loop)) {
        const bool skips = any_skips_idle(kernel->statements, left);
        put_windows(out, kernel->arena, kernel->statements, left);
        open_time_loop(out, kernel->arena, kernel->ir, statement, skips);
        if (loop->idle)
            put_idle_turn(out, kernel, skips);
    }
    if (skips_idle(statement))
        put(out, "if (%s) {", loop_bound(kernel->arena, statement->tile->follows, "counts"));
    emit_kernel(out, kernel);
    if (skips_idle(statement))
        put(out, "}");
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
        emit_in_loop(out, &kernel, before, count - i);
        before = statement;
        i += kernel.count;
    }
    if (before)
        close_time_loop(out, before, NULL);
}
