/* lanes.c: in: a statement.  out: the axis along which its vectors lie, if there is one, and what its other axes are
 * then. Layouts come first: they say along which axes memory can be walked one float at a time. */
#include "lanes.h"

#include "compiler/ir/axes.h"

#define COPIED_EXTENT 8         /* gates and the like are written out side by side up to here */
#define DOT_END 3               /* vector operations that add up the lanes of a sum */
#define FEW_UNITS 2             /* vectors along them would be next to empty */
#define ROWS_BESIDE_TWO 8       /* fewer are no better in the lanes than two units */
#define TERMS_OF_ROWS 48        /* longer sums read their terms faster by vectors along them */
#define TERMS_OF_FEW_ROWS 8     /* the same where rows fill no vector */

/* ---- layouts ---- */

typedef struct Noted {          /* by tensor number */
    bool *gathered;
    bool *by_blas;              /* it is read or written by BLAS */
    bool *recurs;               /* it is read or written in a time loop, or was before stage */
    const Statement *statement; /* at work */
} Noted;

static void note(void *context, const Access *access)
{
    Noted *noted = context;
    noted->by_blas[access->tensor->number] |= noted->statement->blas;
    noted->recurs[access->tensor->number] |= noted->statement->loop || noted->statement->left;
    for (int d = 0; d < access->tensor->rank; d++)
        if (access->index[d].gather)
            noted->gathered[access->tensor->number] = true;
}

bool lanes_is_private(const Ir *ir, const Tensor *tensor)
{
    return !tensor->integer && tensor != ir->output && tensor != ir_output_adjoint(ir)
        && (tensor->role == ROLE_VALUE || tensor->role == ROLE_STATE || tensor->role == ROLE_ADJOINT);
}

/* Gates, say: dimensions besides batch, time and the last. */
static bool has_inner_dimensions(const Tensor *tensor)
{
    for (int d = 0; d < tensor->rank - 1; d++)
        if (d != tensor->batch_dimension && d != tensor->time_dimension && tensor->extent[d] > 1)
            return true;
    return false;
}

/* One, or two beside many rows: without these there are vectors of two, but none of one. */
static bool has_few_units(const Tensor *tensor)
{
    int at = tensor->batch_dimension, units = tensor->rank ? tensor->extent[tensor->rank - 1] : 0;
    return at >= 0 && at < tensor->rank - 1 && (units == 1 || (units == 2 && tensor->extent[at] >= ROWS_BESIDE_TWO));
}

static bool lies_in_rows(const Ir *ir, const Tensor *tensor, bool recurs)
{
    int last = tensor->rank - 1;
    if (!lanes_is_private(ir, tensor) || tensor->rank == 0 || tensor->panel || last == tensor->batch_dimension ||
        tensor->has_few_units)
        return true;
    /* without a batch one unit is a vector too: libm's functions are slower than those of vectors */
    return tensor->extent[last] == 1 && (tensor->batch_dimension >= 0 || !recurs);
}

void lanes_choose_layouts(Ir *ir, const Target *target)
{
    Noted noted = { .gathered = arena_array(ir->arena, bool, ir->tensor_count),
                    .by_blas = arena_array(ir->arena, bool, ir->tensor_count),
                    .recurs = arena_array(ir->arena, bool, ir->tensor_count) };
    for (int i = 0; i < ir->statement_count; i++) {
        noted.statement = ir->statements[i];
        note(&noted, &ir->statements[i]->out);
        expr_visit_loads(ir->statements[i]->value, note, &noted);
    }
    for (int i = 0; i < ir->tensor_count; i++) {
        Tensor *tensor = ir->tensors[i];
        tensor->lanes = target->lanes;
        tensor->in_struct = tensor->role == ROLE_INPUT && ir->input_count > 1;
        if (noted.by_blas[i])
            continue;
        tensor->has_few_units =
            lanes_is_private(ir, tensor) && has_few_units(tensor) && noted.recurs[i] && !tensor->panel;
        if (lies_in_rows(ir, tensor, noted.recurs[i]))
            tensor->layout = LAYOUT_ROWS;
        else
            tensor->layout = has_inner_dimensions(tensor) && !noted.gathered[i] ? LAYOUT_BLOCKED : LAYOUT_PADDED;
    }
}

/* ---- one statement ---- */

static bool is_axis_alone(const Index *index, const Axis *axis)
{
    return !index->gather && index->constant == 0 && index->terms == 1 && index->axis[0] == axis &&
           index->coefficient[0] == 1;
}

bool lanes_walk(const Access *access, const Axis *axis)
{
    const Tensor *tensor = access->tensor;
    int last = tensor->rank - 1;
    if (tensor->integer || tensor->rank == 0)
        return false;
    for (int d = 0; d <= last; d++)
        if (index_uses(&access->index[d], axis) &&
            (access->index[d].gather || (!tensor_is_row_major(tensor) && d < last)))
            return false;
    if (tensor_is_row_major(tensor))
        return access_stride(access, axis) == 1;
    if (is_axis_alone(&access->index[last], axis) && axis->extent == tensor->extent[last])
        return true;
    return tensor->layout == LAYOUT_PADDED && index_coefficient(&access->index[last], axis) == 1 &&
           axis->extent % tensor->lanes == 0;
}

bool lanes_may_pack(const Statement *statement, const Access *access)
{
    if (access->tensor->role != ROLE_WEIGHT || statement->time == TIME_PREPARE)
        return false;
    for (int d = 0; d < access->tensor->rank; d++)
        if (access->index[d].gather)
            return false;
    return true;
}

typedef struct Fit {
    const Statement *statement;
    const Axis *axis;
    bool fits;
} Fit;

static void check_load(void *context, const Access *access)
{
    Fit *fit = context;
    if (access_uses(access, fit->axis) && !lanes_walk(access, fit->axis) && !lanes_may_pack(fit->statement, access))
        fit->fits = false;
}

/* Positions along the lanes are added up in floats, which have all whole numbers up to here. */
#define POSITION_MAX (1 << 24)

static bool positions_are_exact(const Expr *expr, const Axis *axis)
{
    if (expr->op == OP_AXIS && index_uses(&expr->position, axis))
        return index_smallest(&expr->position) >= -POSITION_MAX && index_largest(&expr->position) <= POSITION_MAX;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (!positions_are_exact(expr->argument[i], axis))
            return false;
    return true;
}

static bool value_fits(const Statement *statement, const Axis *axis)
{
    Fit fit = { .statement = statement, .axis = axis, .fits = true };
    expr_visit_loads(statement->value, check_load, &fit);
    return fit.fits && positions_are_exact(statement->value, axis);
}

static Axis *find_lane(const Statement *statement, bool dot)
{
    Axis *best = NULL;
    int least = dot || statement->out.tensor->layout == LAYOUT_ROWS ? 2 : 1;
    for (int a = statement->axis_count - 1; a >= 0; a--) {
        Axis *axis = statement->axes[a];
        if (axis->kind == AXIS_BATCH || axis->extent < least || !value_fits(statement, axis))
            continue;
        bool fits = dot ? axis_is_summed(statement, axis)
                        : axis_is_free(statement, axis) && lanes_walk(&statement->out, axis);
        if (fits && (!best || axis->extent > best->extent))
            best = axis;
    }
    return best;
}

/* ---- rows in the lanes ---- */

/* Its rows lie equally far apart, whatever is at work in the time loop. */
static bool has_rows(const Access *access, const Axis *batch)
{
    const Tensor *tensor = access->tensor;
    int at = tensor->batch_dimension;
    if (tensor->integer || tensor->in_struct || at < 0 || !is_axis_alone(&access->index[at], batch) ||
        (tensor->layout != LAYOUT_ROWS && tensor->layout != LAYOUT_PADDED) ||
        (tensor->time_dimension > at && tensor->role != ROLE_INPUT))
        return false;
    for (int d = 0; d < tensor->rank; d++)
        if (access->index[d].gather || (d != at && index_uses(&access->index[d], batch)))
            return false;
    return true;
}

typedef struct RowFit {
    Fit fit;
    bool few;                       /* it is about few units */
} RowFit;

static void check_rows(void *context, const Access *access)
{
    RowFit *rows = context;
    rows->few |= access->tensor->has_few_units;
    rows->fit.fits &= !access_uses(access, rows->fit.axis) || has_rows(access, rows->fit.axis);
}

/* How many terms a sum may have that is formed row by row; 0: it is no statement for that. What stands before a loop
 * and behind it copies: one number a row as fast by itself. */
static int most_terms(const Statement *statement)
{
    const Tensor *out = statement->out.tensor;
    if (!has_few_units(out))
        return 0;
    if (statement->loop)
        return out->extent[out->batch_dimension] < out->lanes ? TERMS_OF_FEW_ROWS : TERMS_OF_ROWS;
    return statement->left || out->extent[out->rank - 1] > 1 ? FEW_UNITS : 0;
}

/* The batch, for what is done to so few units that all of them are written out side by side. */
static Axis *find_rows(const Statement *statement)
{
    Axis *batch = NULL;
    int copies = 1, terms = 1;
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *axis = statement->axes[a];
        if (axis->kind == AXIS_BATCH)
            batch = axis;
        else if (axis_is_summed(statement, axis) ? axis->kind == AXIS_TIME : !axis_is_free(statement, axis))
            return NULL;
        else if (axis_is_summed(statement, axis))
            terms *= axis->extent;
        else if (axis->kind == AXIS_PLAIN)
            copies *= axis->extent;
    }
    RowFit rows = { .fit = { .statement = statement, .axis = batch, .fits = true } };
    if (!batch || copies > COPIED_EXTENT || terms > most_terms(statement) || !has_rows(&statement->out, batch) ||
        expr_counts(statement->value, batch))
        return NULL;
    check_rows(&rows, &statement->out);
    expr_visit_loads(statement->value, check_rows, &rows);
    return rows.fit.fits && rows.few ? batch : NULL;
}

static void check_neighbours(void *context, const Access *access)
{
    Fit *fit = context;
    fit->fits &= !access_uses(access, fit->axis) || (has_rows(access, fit->axis) && lanes_walk(access, fit->axis));
}

/* The batch, for a gradient that is one number, of what is one number for each row. */
static Axis *find_summed_rows(const Statement *statement)
{
    for (int a = 0; a < statement->axis_count && statement->left; a++) {
        Fit fit = { .statement = statement, .axis = statement->axes[a], .fits = true };
        if (fit.axis->kind != AXIS_BATCH || fit.axis->extent < 2 || !axis_is_summed(statement, fit.axis) ||
            expr_counts(statement->value, fit.axis))
            continue;
        expr_visit_loads(statement->value, check_neighbours, &fit);
        if (fit.fits)
            return statement->axes[a];
    }
    return NULL;
}

/* ---- the other axes ---- */

typedef struct SelfRead {
    const Statement *statement;
    bool found;
} SelfRead;

/* h[t] beside h[t+1] in a loop over t are apart; any other element of the tensor that is being written
 * is a conflict. */
static void find_self(void *context, const Access *access)
{
    SelfRead *self = context;
    const Statement *statement = self->statement;
    if (access->tensor != statement->out.tensor || access_equal(access, &statement->out))
        return;
    for (int d = 0; d < access->tensor->rank && statement->loop; d++) {
        Index a = access->index[d], b = statement->out.index[d];
        if (a.gather || b.gather || a.constant == b.constant || a.terms != 1 || a.axis[0] != statement->loop->axis)
            continue;
        a.constant = b.constant;
        if (index_equal(&a, &b))
            return;
    }
    self->found = true;
}

static bool has_row_of_itself(const Statement *statement)
{
    SelfRead self = { .statement = statement };
    expr_visit_loads(statement->value, find_self, &self);
    return self.found;
}

static void find_weight(void *context, const Access *access)
{
    bool *found = context;
    *found |= access->tensor->role == ROLE_WEIGHT;
}

static bool reads_weight(const Statement *statement)
{
    bool found = false;
    expr_visit_loads(statement->value, find_weight, &found);
    return found;
}

static bool is_long(const Axis *axis)
{
    return axis->kind != AXIS_PLAIN;
}

static void sort_axes(const Statement *statement, const Target *target, Lanes *lanes)
{
    lanes->copies = 1;
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *axis = statement->axes[a];
        if (axis == lanes->lane)
            continue;
        if (axis_is_summed(statement, axis)) {
            lanes->streams |= is_long(axis) && !lanes->dot && !reads_weight(statement);
            continue;
        }
        bool is_free = axis_is_free(statement, axis);
        if (is_free && !lanes->dot && !is_long(axis) && axis->extent <= COPIED_EXTENT &&
            lanes->copies * axis->extent <= target->accumulators) {
            lanes->copies *= axis->extent;
            continue;
        }
        lanes->ordered |= !is_free && axis->extent > 1;
        lanes->outer[lanes->outer_count++] = axis;
    }
}

static long long positions(const Statement *statement, const Axis *lane, int width)
{
    long long count = lane ? (lane->extent + width - 1) / width : 1;
    for (int a = 0; a < statement->axis_count; a++)
        if (statement->axes[a] != lane && statement->axes[a]->kind != AXIS_BATCH)
            count *= statement->axes[a]->extent;
    return count;
}

/* With the lane along the sum, every output costs a sum of lanes at its end. */
static long long dot_cost(const Statement *statement, const Axis *lane, int width)
{
    long long outputs = 1;
    for (int a = 0; a < statement->axis_count; a++)
        if (!axis_is_summed(statement, statement->axes[a]) && statement->axes[a]->kind != AXIS_BATCH)
            outputs *= statement->axes[a]->extent;
    return positions(statement, lane, width) + DOT_END * outputs;
}

Lanes lanes_of(const Statement *statement, const Target *target)
{
    Lanes lanes = { 0 };
    if (statement->out.tensor->integer || has_row_of_itself(statement))
        return lanes;
    for (int a = 0; a < statement->axis_count; a++)
        lanes.sums |= axis_is_summed(statement, statement->axes[a]);
    Axis *free_lane = find_lane(statement, false),
         *summed_lane = lanes.sums && statement->accumulate != ACCUMULATE_SET ? find_lane(statement, true) : NULL;
    Axis *rows = find_rows(statement);
    lanes.lane = rows ? rows : free_lane;
    if (!rows && summed_lane && (!free_lane || dot_cost(statement, summed_lane, target->lanes) <
                                          positions(statement, free_lane, target->lanes))) {
        lanes.lane = summed_lane;
        lanes.dot = true;
    }
    if (!lanes.lane && lanes.sums) {
        lanes.lane = find_summed_rows(statement);
        lanes.dot = true;
    }
    if (!lanes.lane || (lanes.sums && statement->accumulate == ACCUMULATE_SET))
        return (Lanes){ 0 };
    sort_axes(statement, target, &lanes);
    return lanes;
}
