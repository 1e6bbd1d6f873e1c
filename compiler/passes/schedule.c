/* schedule.c: in: statements whose axes stand in any legal order.  out: the order of the loops and how far each is
 * unrolled. The innermost loop walks memory one by one; the terms of a sum keep the order they had, so that no result
 * changes by a bit. */
#include "compiler/ir/axes.h"
#include "passes.h"

#include <limits.h>
#include <string.h>

/* of one output that inner loops may sweep over again and again: half of a first-level cache */
#define RUN_FLOATS 4096

/* ---- strides ---- */

typedef struct Strides {
    const Axis *axis;
    int bad;                /* accesses that the axis neither leaves alone nor walks one by one */
} Strides;

static void count_bad(void *context, const Access *access)
{
    Strides *strides = context;
    long long stride = access_stride(access, strides->axis);
    strides->bad += stride != 0 && stride != 1;
}

static int bad_accesses(const Statement *statement, const Axis *axis)
{
    Strides strides = { .axis = axis };
    count_bad(&strides, &statement->out);
    expr_visit_loads(statement->value, count_bad, &strides);
    return strides.bad;
}

/* ---- which axes may change places ---- */

typedef struct Conflict {
    const Access *out;
    bool found;
} Conflict;

static void find_conflict(void *context, const Access *access)
{
    Conflict *conflict = context;
    conflict->found |= access->tensor == conflict->out->tensor && !access_equal(access, conflict->out);
}

/* A statement that reads other elements of what it writes keeps its order, and so does one whose last write wins. */
static bool may_reorder(const Statement *statement)
{
    Conflict conflict = { .out = &statement->out };
    expr_visit_loads(statement->value, find_conflict, &conflict);
    if (conflict.found)
        return false;
    for (int a = 0; a < statement->axis_count && statement->accumulate == ACCUMULATE_SET; a++) {
        bool used = false;
        for (int d = 0; d < statement->out.tensor->rank; d++)
            used |= !statement->out.index[d].gather && index_uses(&statement->out.index[d], statement->axes[a]);
        if (!used && statement->axes[a]->extent > 1)
            return false;
    }
    return true;
}

/* ---- the order of the loops ---- */

/* The best innermost axis: the fewest bad accesses, then a free one (its turns are independent of each other), then the
 * longest. Of the axes that are not free only the last can stand there. Returns its position, or -1. */
static int innermost(const Statement *statement)
{
    int best = -1, best_bad = INT_MAX;
    bool best_free = false, last_seen = false;
    for (int a = statement->axis_count - 1; a >= 0; a--) {
        const Axis *axis = statement->axes[a];
        bool free_axis = axis_is_free(statement, axis);
        bool allowed = free_axis || !last_seen;
        if (axis->extent == 1)
            continue;
        last_seen |= !free_axis;
        if (!allowed)
            continue;
        int bad = bad_accesses(statement, axis);
        bool better = best < 0 || bad < best_bad ||
                      (bad == best_bad &&
                       (free_axis > best_free ||
                        (free_axis == best_free && axis->extent > 4 * statement->axes[best]->extent)));
        if (better) {
            best = a;
            best_bad = bad;
            best_free = free_axis;
        }
    }
    return best;
}

/* Grows the run of free axes that ends in the innermost one: those over which the output is contiguous, as long as the
 * run is short. */
static void find_run(const Statement *statement, const Axis *inner, bool *in_run)
{
    long long reach = 1;
    for (bool grown = true; grown;) {
        grown = false;
        for (int a = 0; a < statement->axis_count; a++) {
            const Axis *axis = statement->axes[a];
            bool is_next = axis == inner ? reach == 1
                                         : axis->extent > 1 && access_stride(&statement->out, axis) == reach;
            if (in_run[a] || !is_next || !axis_is_free(statement, axis) ||
                (axis != inner && reach * axis->extent > RUN_FLOATS))
                continue;
            in_run[a] = grown = true;
            reach *= axis->extent;
        }
    }
}

typedef enum Place { PLACE_BATCH, PLACE_FREE, PLACE_SUMMED, PLACE_RUN, PLACE_INNERMOST } Place;

/* The batch outermost, if it may stand there: its rows never unroll. Then other free axes, the summed ones, the
 * contiguous run of the output; for a sum along memory the summed axes come last. */
static Place place_of(const Statement *statement, int a, int inner, const bool *in_run)
{
    const Axis *axis = statement->axes[a];
    if (a == inner)
        return PLACE_INNERMOST;
    if (!axis_is_free(statement, axis))
        return PLACE_SUMMED;
    return axis->kind == AXIS_BATCH ? PLACE_BATCH : in_run[a] ? PLACE_RUN : PLACE_FREE;
}

static void order_axes(Statement *statement)
{
    int inner = innermost(statement);
    if (inner < 0 || !may_reorder(statement))
        return;
    Axis *order[STATEMENT_AXES_MAX];
    bool in_run[STATEMENT_AXES_MAX] = { false };
    int count = 0;
    if (axis_is_free(statement, statement->axes[inner]))
        find_run(statement, statement->axes[inner], in_run);
    for (Place place = PLACE_BATCH; place <= PLACE_INNERMOST; place++)
        for (int a = 0; a < statement->axis_count; a++)
            if (place_of(statement, a, inner, in_run) == place)
                order[count++] = statement->axes[a];
    memcpy(statement->axes, order, sizeof *order * (size_t)count);
}

/* ---- unrolling ---- */

static long long turns_of(const Statement *statement)
{
    long long turns = 1;
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a]->kind != AXIS_BATCH)
            turns *= statement->axes[a]->extent;
    return turns;
}

static void unroll_all(Statement *statement)
{
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a]->kind != AXIS_BATCH)
            statement->unroll[a] = statement->axes[a]->extent;
}

static void unroll_innermost(Statement *statement, int copies)
{
    int last = statement->axis_count - 1;
    if (last >= 0 && statement->axes[last]->kind != AXIS_BATCH)
        statement->unroll[last] = copies < statement->axes[last]->extent ? copies : statement->axes[last]->extent;
}

/* A sum along memory is one chain of additions, each waiting for the one before: several outputs are summed up side by
 * side. */
static void unroll_sums(Statement *statement, int sums)
{
    int from = statement->axis_count;
    while (from > 0 && !axis_is_free(statement, statement->axes[from - 1]))
        from--;
    if (from == 0 || from == statement->axis_count || statement->axes[from - 1]->kind == AXIS_BATCH)
        return;
    int extent = statement->axes[from - 1]->extent;
    statement->unroll[from - 1] = sums < extent ? sums : extent;
}

void schedule(Ir *ir, const Target *target, int unroll)
{
    long long written[SECTION_COUNT] = { 0 };       /* statements of each function so far */
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        if (statement->tile || statement->blas)
            continue;
        for (int a = 0; a < statement->axis_count; a++)
            statement->unroll[a] = 1;
        order_axes(statement);
        long long turns = turns_of(statement), *total = &written[statement->section];
        bool fits = unroll == UNROLL_FULL ? turns <= target->full_unroll_budget
                  : unroll == UNROLL_AUTO && turns <= target->small_nest && *total + turns <= target->function_budget;
        if (fits)
            unroll_all(statement);
        else if (unroll > 1)
            unroll_innermost(statement, unroll);
        else if (unroll != UNROLL_NONE) {
            unroll_innermost(statement, target->unroll_factor);
            unroll_sums(statement, target->sums);
        }
        *total += fits ? turns : 1;
    }
}

/* ---- what was decided ---- */

static bool is_unrolled(const Statement *statement)
{
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a]->kind != AXIS_BATCH && statement->unroll[a] < statement->axes[a]->extent)
            return false;
    return true;
}

/* "lstm: 4 nests unrolled, 2 loops" */
static void print_layer(Out *out, const Ir *ir, const char *layer)
{
    int unrolled = 0, loops = 0, calls = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (strcmp(statement->layer, layer))
            continue;
        if (statement->blas)
            calls += statement->accumulate == ACCUMULATE_ADD;
        else if (is_unrolled(statement))
            unrolled++;
        else
            loops++;
    }
    const char *by_blas = calls ? arena_format(ir->arena, ", %d product%s by BLAS", calls, calls == 1 ? "" : "s") : "";
    put(out, "%s: %d nest%s unrolled, %d loop%s%s", *layer ? layer : "model", unrolled, unrolled == 1 ? "" : "s", loops,
        loops == 1 ? "" : "s", by_blas);
}

void schedule_print(Out *out, const Ir *ir)
{
    for (int i = 0; i < ir->statement_count; i++) {
        bool seen = false;
        for (int j = 0; j < i && !seen; j++)
            seen = !strcmp(ir->statements[i]->layer, ir->statements[j]->layer);
        if (!seen)
            print_layer(out, ir, ir->statements[i]->layer);
    }
}
