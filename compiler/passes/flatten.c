/* flatten.c: in: statements with their binding times.  out: tensors [..][gates][units] whose units would leave much
 * of their last vectors empty are [..][gates * units], and what runs over gates and units runs over one axis: 4 x 100
 * units fill vectors of 16, where 100 leave an eighth of them empty. What is of one gate is read and written at any
 * place then, and a part of its last vector; gates of less than a vector each stay apart. */
#include "compiler/ir/axes.h"
#include "lanes.h"
#include "passes.h"

#define WASTE 1.06              /* by so much more work, at least: gates that lie apart are finished in registers */
#define WASTE_OF_ROWS 1.3       /* the same where rows share what is read, or so little is that gates are waited for */
#define WASTE_OF_PANELS 1.1     /* to rows, where whole panels of the most vectors hold them, and units go in pairs */
#define PANEL_LEAST 3           /* fewer vectors side by side, with two accumulators each, would wait for themselves */
#define PANEL_MOST 5

typedef struct Flattener {
    Ir *ir;
    const Target *target;
    bool *flat;                 /* by tensor number */
    bool turns;                 /* some loop over time has more than one */
    const Statement *statement; /* at work */
    bool good;                  /* nothing in it is in the way */
    const Axis *gate, *unit;    /* its axes that become one; NULL: none */
    Axis *both;
} Flattener;

static int gate_dimension(const Tensor *tensor)
{
    return tensor->rank - 2;
}

static bool is_worth_it(const Flattener *f, const Tensor *tensor)
{
    int gate = gate_dimension(tensor), lanes = f->target->lanes;
    if (gate < 0 || !lanes_is_private(f->ir, tensor) || gate == tensor->batch_dimension ||
        gate == tensor->time_dimension || tensor->extent[gate] < 2)
        return false;
    int gates = tensor->extent[gate], units = tensor->extent[gate + 1];
    int apart = (units + lanes - 1) / lanes * gates, together = (units * gates + lanes - 1) / lanes;
    bool reads = (long long)sizeof(float) * gates * units * units >= f->target->flat_bytes &&
                 (f->ir->batch == 1 || tensor->role == ROLE_ADJOINT);
    if (reads && units * gates % lanes == 0 && apart >= together * WASTE)
        return true;
    bool whole_panels = f->turns && f->ir->batch > 1 && together % PANEL_MOST == 0 && units % 2 == 0;
    return units > lanes && apart >= together * (whole_panels ? WASTE_OF_PANELS : WASTE_OF_ROWS);
}

static const Axis *axis_alone(const Index *index)
{
    return !index->gather && index->constant == 0 && index->terms == 1 && index->coefficient[0] == 1 &&
                   index->axis[0]->kind == AXIS_PLAIN
               ? index->axis[0]
               : NULL;
}

/* The axes of [gate][unit], if the access runs over all of both. */
static bool runs_over(const Access *access, const Axis **gate, const Axis **unit)
{
    int d = gate_dimension(access->tensor);
    *gate = axis_alone(&access->index[d]);
    *unit = axis_alone(&access->index[d + 1]);
    return *gate && *unit && *gate != *unit && (*gate)->extent == access->tensor->extent[d] &&
           (*unit)->extent == access->tensor->extent[d + 1];
}

/* units * gate + unit, or neither of them. */
static bool index_agrees(const Index *index, const Axis *gate, const Axis *unit)
{
    if (index->gather)
        return !index_uses(index, gate) && !index_uses(index, unit);
    return index_coefficient(index, gate) == unit->extent * index_coefficient(index, unit);
}

/* ---- may the two dimensions become one? ---- */

static void check_access(void *context, const Access *access)
{
    Flattener *f = context;
    const Axis *gate, *unit;
    if (f->flat[access->tensor->number] && runs_over(access, &gate, &unit) && gate == f->gate && unit == f->unit)
        return;
    for (int d = 0; d < access->tensor->rank; d++)
        if (!index_agrees(&access->index[d], f->gate, f->unit))
            f->good = false;
}

/* Each access of a flat tensor is for one gate, or for all with nothing else in the way. */
static void check_flat(void *context, const Access *access)
{
    Flattener *f = context;
    if (!f->flat[access->tensor->number])
        return;
    const Index *gate = &access->index[gate_dimension(access->tensor)], *unit = gate + 1;
    if (f->statement->blas) {
        f->good = false;
    } else if (gate->gather || gate->terms > 0 || unit->gather) {
        f->good = runs_over(access, &f->gate, &f->unit) && !expr_counts(f->statement->value, f->gate)
               && !expr_counts(f->statement->value, f->unit);
        if (f->good) {
            check_access(f, &f->statement->out);
            expr_visit_loads(f->statement->value, check_access, f);
        }
    }
    f->flat[access->tensor->number] = f->good;
}

/* Until nobody objects: a tensor that stays as it is may be in another's way. */
static bool choose(Flattener *f)
{
    bool any = false, again = true;
    for (int i = 0; i < f->ir->statement_count; i++)
        f->turns |= f->ir->statements[i]->loop && f->ir->statements[i]->loop->axis->extent > 1;
    for (int i = 0; i < f->ir->tensor_count; i++)
        f->flat[i] = is_worth_it(f, f->ir->tensors[i]);
    while (again) {
        again = false;
        for (int i = 0; i < f->ir->statement_count; i++) {
            f->statement = f->ir->statements[i];
            f->good = true;
            check_flat(f, &f->statement->out);
            again |= !f->good;
            f->good = true;
            expr_visit_loads(f->statement->value, check_flat, f);
            again |= !f->good;
        }
    }
    for (int i = 0; i < f->ir->tensor_count; i++)
        any |= f->flat[i];
    return any;
}

/* ---- the new text ---- */

static void find_axes(void *context, const Access *access)
{
    Flattener *f = context;
    const Axis *gate, *unit;
    if (f->flat[access->tensor->number] && runs_over(access, &gate, &unit)) {
        f->gate = gate;
        f->unit = unit;
    }
}

static Index joined_index(const Flattener *f, const Index *index)
{
    Index joined = *index;
    int unit = f->unit ? index_coefficient(index, f->unit) : 0;
    if (index->gather || !unit)
        return joined;
    joined.terms = 0;
    for (int i = 0; i < index->terms; i++)
        if (index->axis[i] != f->gate && index->axis[i] != f->unit) {
            joined.axis[joined.terms] = index->axis[i];
            joined.coefficient[joined.terms++] = index->coefficient[i];
        }
    joined.axis[joined.terms] = f->both;
    joined.coefficient[joined.terms++] = unit;
    return joined;
}

static Access flat_access(void *context, const Access *access)
{
    const Flattener *f = context;
    Access flat = *access;
    const Axis *gate, *unit;
    int d = gate_dimension(access->tensor);
    if (f->flat[access->tensor->number]) {
        int constant = access->index[d].constant;
        flat.index[d] = access->index[d + 1];
        if (runs_over(access, &gate, &unit))
            flat.index[d] = index_axis(f->both);
        else
            flat.index[d].constant += constant * access->tensor->extent[d + 1];
        return flat;
    }
    for (int i = 0; i < access->tensor->rank; i++)
        flat.index[i] = joined_index(f, &access->index[i]);
    return flat;
}

static void rewrite(Flattener *f, Statement *statement)
{
    f->gate = f->unit = NULL;
    find_axes(f, &statement->out);
    expr_visit_loads(statement->value, find_axes, f);
    f->both = f->unit ? ir_axis(f->ir, f->unit->name, f->gate->extent * f->unit->extent, AXIS_PLAIN) : NULL;
    statement->out = flat_access(f, &statement->out);
    statement->value = expr_with_accesses(f->ir->arena, statement->value, flat_access, f);
    int count = 0;
    for (int a = 0; a < statement->axis_count; a++)
        if (!f->gate || statement->axes[a] != f->gate)
            statement->axes[count++] = f->unit && statement->axes[a] == f->unit ? f->both : statement->axes[a];
    statement->axis_count = count;
}

/* As many vectors as divide them best: the same in all programs, so that these share what is packed. */
static int panel_of(int extent, int lanes)
{
    int vectors = (extent + lanes - 1) / lanes, best = PANEL_LEAST;
    for (int panel = PANEL_LEAST; panel <= PANEL_MOST; panel++)
        if ((vectors + panel - 1) / panel * panel <= (vectors + best - 1) / best * best)
            best = panel;
    return best;
}

void flatten(Ir *ir, const Target *target)
{
    Flattener f = { .ir = ir, .target = target, .flat = arena_array(ir->arena, bool, ir->tensor_count + 1) };
    if (target->lanes == 1 || !choose(&f))
        return;
    for (int i = 0; i < ir->statement_count; i++)
        rewrite(&f, ir->statements[i]);
    for (int i = 0; i < ir->tensor_count; i++)
        if (f.flat[i]) {
            Tensor *tensor = ir->tensors[i];
            tensor->extent[tensor->rank - 2] *= tensor->extent[tensor->rank - 1];
            tensor->rank--;
            tensor->panel = panel_of(tensor->extent[tensor->rank - 1], target->lanes);
        }
}
