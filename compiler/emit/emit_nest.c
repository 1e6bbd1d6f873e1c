/* emit_nest.c: one statement as one nest of plain loops, in the order and with the unrolling that schedule chose, under
 * the statement itself as a comment. A sum along memory is kept in a local variable; several neighbouring outputs may
 * be summed up side by side, so that one sum need not wait for another. */
#include "compiler/ir/axes.h"
#include "emit_tile.h"

typedef struct Emitter {
    Out *out;
    Nest nest;
    int sum_from;           /* the axes from here on are summed in local variables; -1: no such sum */
    int sums;               /* how many are being formed; 0: outside of them */
    int jammed;             /* the binding in which they differ, or -1 */
} Emitter;

/* ---- bodies ---- */

static const char *sum_name(const Emitter *to, int which)
{
    const char *name = to->nest.statement->accumulate == ACCUMULATE_MAX ? "largest" : "sum";
    return to->sums == 1 ? name : arena_format(to->nest.arena, "%s_%d", name, which);
}

static void put_assignment(Emitter *to, const char *place)
{
    Arena *arena = to->nest.arena;
    const Statement *statement = to->nest.statement;
    const char *value = expr_text(&to->nest, statement->value);
    if (tensor_has_words(statement->out.tensor)) {
        emit_line(to->out, arena,
                  arena_format(arena, "bf16_put(&%s, %s, %s);", place, half_text(&to->nest, &statement->out), value));
        return;
    }
    switch (statement->accumulate) {
    case ACCUMULATE_SET:
        emit_line(to->out, arena, arena_format(arena, "%s = %s;", place, value));
        return;
    case ACCUMULATE_ADD:
        emit_line(to->out, arena, arena_format(arena, "%s += %s;", place, value));
        return;
    case ACCUMULATE_MAX:
        emit_line(to->out, arena, arena_format(arena, "%s = maximum(%s, %s);", place, place, value));
        return;
    }
}

static void emit_body(Emitter *to)
{
    if (to->sums == 0) {
        put_assignment(to, access_text(&to->nest, &to->nest.statement->out));
        return;
    }
    for (int i = 0; i < to->sums; i++) {
        put_assignment(to, sum_name(to, i));
        if (to->jammed >= 0)
            to->nest.bindings[to->jammed].offset++;
    }
    if (to->jammed >= 0)
        to->nest.bindings[to->jammed].offset -= to->sums;
}

static void emit_axes(Emitter *to, int depth, bool own_block);

/* `sums` outputs side by side: they differ by one in the binding `jammed`. */
static void emit_sums(Emitter *to, int jammed, int sums, bool own_block)
{
    Arena *arena = to->nest.arena;
    to->sums = sums;
    to->jammed = jammed;
    if (!own_block)
        put(to->out, "{");
    for (int store = 0; store <= 1; store++) {
        for (int i = 0; i < sums; i++) {
            const char *place = access_text(&to->nest, &to->nest.statement->out);
            emit_line(to->out, arena, store ? arena_format(arena, "%s = %s;", place, sum_name(to, i))
                                            : arena_format(arena, "float %s = %s;", sum_name(to, i), place));
            if (jammed >= 0)
                to->nest.bindings[jammed].offset++;
        }
        if (jammed >= 0)
            to->nest.bindings[jammed].offset -= sums;
        if (!store)
            emit_axes(to, to->sum_from, true);
    }
    if (!own_block)
        put(to->out, "}");
    to->sums = 0;
    to->jammed = -1;
}

/* ---- loops ---- */

static void open_loop(Emitter *to, const char *name, const char *start, const char *end, int step)
{
    if (step == 1)
        put(to->out, "for (int %s = %s; %s < %s; %s++) {", name, start, name, end, name);
    else
        put(to->out, "for (int %s = %s; %s < %s; %s += %d) {", name, start, name, end, name, step);
}

typedef struct Hoist {
    Emitter *to;
    const Axis *inner;
} Hoist;

/* "lstm_h", "lstm_h_2", ... */
static const char *constant_name(const Nest *nest, const Tensor *tensor)
{
    const char *base = *tensor->layer && !nest->members
                           ? arena_format(nest->arena, "%s_%s", c_layer_name(nest->arena, tensor->layer), tensor->name)
                           : tensor->name;
    const char *first = c_variable_name(nest->arena, base), *name = first;
    for (int again = 2;; again++) {
        bool used = indices_have(nest->kernel->indices, name);
        for (int i = 0; i < nest->constant_count; i++)
            used |= !strcmp(nest->constants[i].name, name);
        for (int i = 0; i < nest->binding_count; i++)
            used |= nest->bindings[i].name && !strcmp(nest->bindings[i].name, name);
        if (!used)
            return name;
        name = arena_format(nest->arena, "%s_%d", first, again);
    }
}

static void hoist(void *context, const Access *access)
{
    Hoist *hoisting = context;
    Emitter *to = hoisting->to;
    Nest *nest = &to->nest;
    const Tensor *tensor = access->tensor;
    bool jams = to->jammed >= 0 && access_uses(access, nest->bindings[to->jammed].axis);
    if (tensor->integer || tensor->role == ROLE_SCALE || tensor == nest->statement->out.tensor || jams ||
        access_uses(access, hoisting->inner) || nest->constant_count == CONSTANTS_MAX)
        return;
    for (int i = 0; i < nest->constant_count; i++)
        if (access_equal(access, nest->constants[i].access))
            return;
    const char *name = constant_name(nest, tensor);
    emit_line(to->out, nest->arena, arena_format(nest->arena, "const float %s = %s;", name, access_text(nest, access)));
    nest->constants[nest->constant_count++] = (Constant){ .access = access, .name = name };
}

/* What the innermost loop leaves alone is read once in front of it: compilers cannot always tell that the loop does not
 * change it. */
static void hoist_constants(Emitter *to, int depth, bool own_block)
{
    const Statement *statement = to->nest.statement;
    Hoist hoisting = { .to = to, .inner = statement->axes[depth] };
    if (own_block && depth == statement->axis_count - 1)
        expr_visit_loads(statement->value, hoist, &hoisting);
}

/* Copies of the body: `copies` turns of a loop, then what remains of the axis, with numbers. */
static void emit_unrolled(Emitter *to, int depth, Binding *binding, const char *name, int copies, bool own_block)
{
    int extent = binding->axis->extent, whole = extent / copies * copies;
    bool jams = to->sum_from > 0 && depth == to->sum_from - 1 && copies > 1;
    int position = (int)(binding - to->nest.bindings);
    if (whole > copies) {
        if (!jams)
            hoist_constants(to, depth, own_block);
        open_loop(to, name, "0", arena_format(to->nest.arena, "%d", whole), copies);
        binding->name = name;
        for (int i = 0; i < (jams ? 1 : copies); i++) {
            binding->offset = i;
            if (jams)
                emit_sums(to, position, copies, true);
            else
                emit_axes(to, depth + 1, copies == 1);
        }
        put(to->out, "}");
    } else {
        whole = 0;
    }
    binding->name = NULL;
    binding->offset = whole;
    if (jams) {
        for (; binding->offset < extent; binding->offset += copies) {
            int rest = extent - binding->offset < copies ? extent - binding->offset : copies;
            emit_sums(to, position, rest, own_block && whole == 0 && rest == extent);
        }
        return;
    }
    for (; binding->offset < extent; binding->offset++)
        emit_axes(to, depth + 1, own_block && extent == 1);
}

static void emit_axes(Emitter *to, int depth, bool own_block)
{
    const Statement *statement = to->nest.statement;
    if (depth == to->sum_from && to->sums == 0) {
        emit_sums(to, -1, 1, own_block);
        return;
    }
    if (depth == statement->axis_count) {
        emit_body(to);
        return;
    }
    const Axis *axis = statement->axes[depth];
    const char *name = axis_name(to->nest.kernel->names, axis);
    Binding *binding = &to->nest.bindings[to->nest.binding_count++];
    *binding = (Binding){ .axis = axis };
    const int constants = to->nest.constant_count;
    if (axis->kind == AXIS_BATCH) {
        open_loop(to, name, "0", "rows", 1);
        binding->name = name;
        emit_axes(to, depth + 1, true);
        put(to->out, "}");
    } else if (axis == statement->rows_of_weight || (axis->extent > 1 && statement->unroll[depth] <= 1)) {
        hoist_constants(to, depth, own_block);
        open_loop(to, name, kernel_start(to->nest.kernel, axis), kernel_end(to->nest.kernel, axis), 1);
        binding->name = name;
        emit_axes(to, depth + 1, true);
        put(to->out, "}");
    } else {
        int copies = statement->unroll[depth] < axis->extent ? statement->unroll[depth] : axis->extent;
        emit_unrolled(to, depth, binding, name, copies, own_block);
    }
    to->nest.constant_count = constants;
    to->nest.binding_count--;
}

/* ---- what is summed in a local variable ---- */

typedef struct Search {
    const Tensor *tensor;
    bool found;
} Search;

static void find_tensor(void *context, const Access *access)
{
    Search *search = context;
    search->found |= access->tensor == search->tensor;
}

/* The first of the innermost axes that the output does not depend on, if any of them remains a loop. */
static int find_sum(const Statement *statement)
{
    Search search = { .tensor = statement->out.tensor };
    expr_visit_loads(statement->value, find_tensor, &search);
    if (statement->accumulate == ACCUMULATE_SET || search.found || statement->out.tensor->role == ROLE_LOSS)
        return -1;
    int from = statement->axis_count;
    bool loops = false;
    while (from > 0 && axis_is_summed(statement, statement->axes[from - 1])) {
        from--;
        const Axis *axis = statement->axes[from];
        loops |= axis->kind == AXIS_BATCH || statement->unroll[from] < axis->extent;
    }
    return loops ? from : -1;
}

void emit_nest(Out *out, const Kernel *kernel)
{
    const Statement *statement = kernel->statements[0];
    Emitter to = { .out = out, .sum_from = find_sum(statement), .jammed = -1 };
    to.nest = nest_of(kernel);
    emit_statement_comments(out, kernel);
    emit_axes(&to, 0, false);
}
