/* ir_check.c: the checker. Every axis is bound, every index proven inside its tensor, loops in one piece; then
 * (ir_order.c) every element set before it is read: so that generated code cannot index out of bounds and grad may walk
 * the list backwards. */
#include "ir_check.h"

/* ---- shape: what can be said of a statement alone ---- */

static bool is_bound(const Statement *statement, const Axis *axis)
{
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i] == axis)
            return true;
    return statement->loop && statement->loop->axis == axis;
}

static void check_bound(Check *check, const Index *index)
{
    for (int i = 0; i < index->terms; i++)
        if (!is_bound(check->statement, index->axis[i]))
            complain(check, "axis %s is not bound", index->axis[i]->name);
}

static void check_access(Check *check, const Access *access, bool inside_gather)
{
    const Tensor *tensor = access->tensor;
    if (tensor->number < 0 || tensor->number >= check->ir->tensor_count ||
        check->ir->tensors[tensor->number] != tensor) {
        complain(check, "%s is not a tensor of this Ir", full_name(check, tensor));
        return;
    }
    for (int d = 0; d < tensor->rank; d++) {
        const Index *index = &access->index[d];
        if (index->gather) {
            if (inside_gather)
                complain(check, "a gather inside a gather");
            if (!index->gather->tensor->integer)
                complain(check, "gather from %s, which does not hold integers",
                         full_name(check, index->gather->tensor));
            if (index->terms || index->constant)
                complain(check, "%s: an index is either a gather or affine", full_name(check, tensor));
            check_access(check, index->gather, true);
            continue;
        }
        check_bound(check, index);
        if (index_smallest(index) < 0 || index_largest(index) >= tensor->extent[d])
            complain(check, "index %d of %s runs from %d to %d, but the extent is %d", d, full_name(check, tensor),
                     index_smallest(index), index_largest(index), tensor->extent[d]);
        Index batch = check->ir->batch_axis ? index_axis(check->ir->batch_axis) : index_constant(0);
        if (d == tensor->batch_dimension && !index_equal(index, &batch))
            complain(check, "index %d of %s must be the batch axis", d, full_name(check, tensor));
    }
}

static void check_expr(Check *check, const Expr *expr)
{
    if (expr->op == OP_LOAD)
        check_access(check, &expr->access, false);
    if (expr->op == OP_AXIS)
        check_bound(check, &expr->position);
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        check_expr(check, expr->argument[i]);
}

/* A SET whose index leaves out an axis would write the same element again. */
static void check_set_uses(Check *check, const Axis *axis)
{
    const Access *out = &check->statement->out;
    for (int d = 0; d < out->tensor->rank; d++)
        if (index_uses(&out->index[d], axis))
            return;
    if (axis->extent > 1)
        complain(check, "sets the same element for each %s", axis->name);
}

static void check_axes(Check *check)
{
    const Statement *statement = check->statement;
    for (int i = 0; i < statement->axis_count; i++) {
        if (statement->axes[i]->extent <= 0)
            complain(check, "axis %s has extent %d", statement->axes[i]->name, statement->axes[i]->extent);
        if (statement->loop && statement->axes[i] == statement->loop->axis)
            complain(check, "axis %s belongs to the loop", statement->axes[i]->name);
        for (int other = 0; other < i; other++)
            if (statement->axes[other] == statement->axes[i])
                complain(check, "axis %s stands twice", statement->axes[i]->name);
        if (statement->accumulate == ACCUMULATE_SET)
            check_set_uses(check, statement->axes[i]);
    }
    if (statement->loop && statement->loop->axis->extent <= 0)
        complain(check, "loop axis %s has extent %d", statement->loop->axis->name, statement->loop->axis->extent);
    if (statement->loop && statement->accumulate == ACCUMULATE_SET)
        check_set_uses(check, statement->loop->axis);
}

static void check_written_role(Check *check)
{
    const Statement *statement = check->statement;
    switch (statement->out.tensor->role) {
    case ROLE_INPUT: case ROLE_LENGTHS: case ROLE_TARGET: case ROLE_SAMPLE_WEIGHT: case ROLE_SCALE: case ROLE_WEIGHT:
    case ROLE_NOISE: case ROLE_TRAINING:
        complain(check, "writes %s, which belongs to the caller", full_name(check, statement->out.tensor));
        break;
    case ROLE_GRADIENT:
        if (statement->accumulate != ACCUMULATE_ADD || statement->section != SECTION_BACKWARD)
            complain(check, "gradients are only added to, in the backward section");
        break;
    default:
        break;
    }
}

/* ---- phases ---- */

/* What is summed over the batch is read in a later phase than it is written. */
static void check_is_reduced(void *context, const Access *access)
{
    Check *check = context;
    const Statement *reader = check->statement;
    const Numbers *writers = &check->uses.writers[access->tensor->number];
    for (int w = 0; access->tensor->reduced && w < writers->count; w++) {
        const Statement *writer = check->ir->statements[writers->number[w]];
        if (writer->section == reader->section && writer->phase >= reader->phase)
            complain(check, "reads %s in the phase that sums it up", full_name(check, access->tensor));
    }
}

static void check_phase(Check *check, int *phase)
{
    const Statement *statement = check->statement;
    if (!check->ir->phases[statement->section])
        return;
    if (statement->phase < phase[statement->section])
        complain(check, "phase %d after phase %d", statement->phase, phase[statement->section]);
    phase[statement->section] = statement->phase;
    expr_visit_loads(statement->value, check_is_reduced, check);
}

/* ---- loops ---- */

typedef struct Run {                /* the statements of a loop, as far as they have been seen */
    const Loop *loop;
    Section section;
    const Statement *end;           /* the first one behind them; NULL: none yet */
} Run;

typedef struct Runs {
    Run *run;
    int count, capacity;
    const Loop *now[SECTION_COUNT]; /* of the last statement of each section */
} Runs;

static Run *find_run(Runs *runs, const Loop *loop)
{
    for (int i = runs->count - 1; i >= 0; i--)      /* the last one, most often */
        if (runs->run[i].loop == loop)
            return &runs->run[i];
    return NULL;
}

/* The statements of a loop are neighbours in one section. */
static void check_loop(Check *check, Runs *runs)
{
    const Statement *statement = check->statement;
    const Loop *before = runs->now[statement->section];
    if (before == statement->loop)
        return;
    if (before)
        find_run(runs, before)->end = statement;
    runs->now[statement->section] = statement->loop;
    const Run *run = statement->loop ? find_run(runs, statement->loop) : NULL;
    if (run && run->section != statement->section)
        complain(check, "the loop runs in two sections");
    else if (run)
        complain(check, "the loop over %s is interrupted by: %s", statement->loop->axis->name,
                 statement_text(check->arena, run->end));
    Run first = { .loop = statement->loop, .section = statement->section };
    if (statement->loop && !run)
        arena_append(check->index_arena, runs->run, runs->count, runs->capacity, first);
}

/* ---- the whole ---- */

static void check_tensor(Check *check, const Tensor *tensor)
{
    for (int d = 0; d < tensor->rank; d++)
        if (tensor->extent[d] <= 0)
            complain(check, "%s: extent %d is %d", full_name(check, tensor), d, tensor->extent[d]);
    if (tensor->batch_dimension >= tensor->rank || tensor->time_dimension >= tensor->rank)
        complain(check, "%s: its batch or time dimension does not exist", full_name(check, tensor));
}

static void check_all(Check *check)
{
    const Ir *ir = check->ir;
    Runs runs = { 0 };
    for (int i = 0; i < ir->tensor_count; i++)
        check_tensor(check, ir->tensors[i]);
    for (check->at = 0; check->at < ir->statement_count && !check->wrong; check->at++) {
        check->statement = ir->statements[check->at];
        check_access(check, &check->statement->out, false);
        check_expr(check, check->statement->value);
        check_axes(check);
        check_written_role(check);
        check_loop(check, &runs);
    }
    if (!check->wrong)
        check->uses = ir_uses(check->index_arena, ir);
    int phase[SECTION_COUNT] = { 0 };
    for (check->at = 0; check->at < ir->statement_count && !check->wrong; check->at++) {
        arena_clear(check->arena);      /* turn by turn it adds up */
        check->statement = ir->statements[check->at];
        check_order(check);
        check_phase(check, phase);
    }
}

const char *ir_check(const Ir *ir)
{
    Check check = { .ir = ir, .arena = arena_create(), .index_arena = arena_create() };
    check_all(&check);
    arena_free(check.arena);
    arena_free(check.index_arena);
    return check.wrong;
}
