/* plan.c: in: an Ir whose statements have their binding times.  out: every tensor knows its home, how many rows of its
 * time dimension are kept there, and whether it may share memory with tensors that are never alive together with it. A
 * function of the generated interface runs its statements unit by unit: a unit is a run of one layer's statements in
 * one section, time loops and tiles whole. A tensor that lives within a single unit shares its memory with those of all
 * other units. */
#include "passes.h"

#include <string.h>

typedef struct Visit {
    const Access *access;
    int statement;
} Visit;

typedef struct Use {
    Visit *visits;
    int count, capacity;
    bool written, prepared;         /* prepared: every write happens at prepare time */
} Use;

typedef struct Planner {
    Ir *ir;
    bool streaming;
    Use *uses;                      /* by tensor number */
    int *unit;                      /* by statement; -1: not in any function that keeps memory */
    int statement;                  /* the one that is being visited */
    bool all_prepared;              /* everything it has read so far is there at prepare time */
} Planner;

static bool is_prepared_statement(const Statement *statement)
{
    const Tensor *out = statement->out.tensor;
    return statement->time == TIME_PREPARE && statement->section == SECTION_FORWARD && !statement->loop
        && out->role == ROLE_VALUE && out->batch_dimension < 0 && out->time_dimension < 0;
}

/* Prediction of a whole sequence starts afresh each time: nothing is carried. */
static bool is_left_out(const Planner *planner, const Statement *statement)
{
    return statement->section == SECTION_CARRY && !planner->ir->training && !planner->streaming;
}

static void visit(void *context, const Access *access)
{
    Planner *planner = context;
    Use *use = &planner->uses[access->tensor->number];
    Visit found = { .access = access, .statement = planner->statement };
    if (access->tensor->role != ROLE_WEIGHT && !use->prepared)
        planner->all_prepared = false;
    arena_append(planner->ir->arena, use->visits, use->count, use->capacity, found);
}

static void collect_uses(Planner *planner)
{
    Ir *ir = planner->ir;
    planner->uses = arena_array(ir->arena, Use, ir->tensor_count);
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        if (is_left_out(planner, statement))
            continue;
        planner->statement = i;
        planner->all_prepared = true;
        statement_visit_reads(statement, visit, planner);
        Use *use = &planner->uses[statement->out.tensor->number];
        use->prepared = is_prepared_statement(statement) && planner->all_prepared && (use->prepared || !use->written);
        use->written = true;
        visit(planner, &statement->out);
    }
}

/* The loop in whose pieces a statement runs: what follows each piece is no unit of its own. */
static const Loop *loop_of(const Statement *statement)
{
    return statement->tile && statement->tile->follows ? statement->tile->follows : statement->loop;
}

static bool same_unit(const Statement *a, const Statement *b)
{
    return a->section == b->section &&
           ((a->loop && a->loop == b->loop) || (a->tile && a->tile == b->tile) || !strcmp(a->layer, b->layer));
}

static void number_units(Planner *planner)
{
    Ir *ir = planner->ir;
    planner->unit = arena_array(ir->arena, int, ir->statement_count);
    ir->unit_count = 0;
    for (int section = 0; section < SECTION_COUNT; section++) {
        const Statement *before = NULL;
        for (int i = 0; i < ir->statement_count; i++) {
            const Statement *statement = ir->statements[i];
            if ((int)statement->section != section)
                continue;
            if (!before || !same_unit(before, statement)) {
                Unit unit = { .layer = statement->layer, .section = statement->section };
                arena_append(ir->arena, ir->units, ir->unit_count, ir->unit_capacity, unit);
            }
            planner->unit[i] = ir->unit_count - 1;
            before = statement;
        }
    }
}

/* A number for the generated function that a statement is part of. */
static int function_of(const Planner *planner, const Statement *statement)
{
    if (planner->ir->training)
        return (int)statement->section;
    return planner->streaming && statement->section == SECTION_RESET ? 0 : 1;
}

static bool is_local_to_one_function(const Planner *planner, const Use *use)
{
    const Statement *const *statements = (const Statement *const *)planner->ir->statements;
    for (int i = 1; i < use->count; i++)
        if (function_of(planner, statements[use->visits[i].statement]) !=
            function_of(planner, statements[use->visits[0].statement]))
            return false;
    return true;
}

/* Every access is in one loop and at the same row, which nothing but the loop decides: one row is enough. */
static bool needs_one_row(const Planner *planner, const Tensor *tensor, const Use *use)
{
    const Index *row = &use->visits[0].access->index[tensor->time_dimension];
    const Loop *loop = planner->ir->statements[use->visits[0].statement]->loop;
    if (!loop || row->gather)
        return false;
    for (int i = 0; i < row->terms; i++)
        if (row->axis[i] != loop->axis)
            return false;
    for (int i = 1; i < use->count; i++)
        if (planner->ir->statements[use->visits[i].statement]->loop != loop
            || !index_equal(row, &use->visits[i].access->index[tensor->time_dimension]))
            return false;
    return true;
}

static bool is_constant(const Index *index, int value)
{
    return index_is_constant(index) && index->constant == value;
}

static bool is_current_or_next(const Index *index, const Axis *axis)
{
    return !index->gather && index->terms == 1 && index->axis[0] == axis && index->coefficient[0] == 1
        && (index->constant == 0 || index->constant == 1);
}

/* A recurrence: in one loop the rows t and t+1, before it the row it starts from, after it the row it ends with. Turn t
 * then touches two neighbours, and what it overwrites (two rows off) is never read again: row index modulo
 * 2 is enough. */
static bool needs_two_rows(const Planner *planner, const Tensor *tensor, const Use *use)
{
    const Loop *loop = NULL;
    /* units of the loop's statements are one and the same; statements of a loop are consecutive */
    int first = 0, last = 0;
    for (int i = 0; i < use->count; i++) {
        const Loop *other = planner->ir->statements[use->visits[i].statement]->loop;
        if (!other)
            continue;
        if (loop && other != loop)
            return false;
        if (!loop)
            first = use->visits[i].statement;
        last = use->visits[i].statement;
        loop = other;
    }
    if (!loop || tensor->extent[tensor->time_dimension] != loop->axis->extent + 1)
        return false;
    int start = loop->reversed ? loop->axis->extent : 0, end = loop->axis->extent - start;
    for (int i = 0; i < use->count; i++) {
        const Index *row = &use->visits[i].access->index[tensor->time_dimension];
        int at = use->visits[i].statement;
        bool fits = planner->ir->statements[at]->loop ? is_current_or_next(row, loop->axis)
                  : at < first                        ? is_constant(row, start)
                                                      : at > last && is_constant(row, end);
        if (!fits)
            return false;
    }
    return true;
}

/* The same row in a loop and in the tiles that follow each of its pieces: the rows of one piece are enough. */
static bool needs_piece(const Planner *planner, const Tensor *tensor, const Use *use)
{
    const Loop *loop = loop_of(planner->ir->statements[use->visits[0].statement]);
    if (!loop || loop->piece == 0)
        return false;
    for (int i = 0; i < use->count; i++) {
        const Statement *statement = planner->ir->statements[use->visits[i].statement];
        const Index *row = &use->visits[i].access->index[tensor->time_dimension],
                    *first = &use->visits[0].access->index[tensor->time_dimension];
        const Axis *turns = statement->loop ? statement->loop->axis : statement->tile ? statement->tile->turns : NULL;
        if (loop_of(statement) != loop || row->gather || row->terms != 1 || row->axis[0] != turns ||
            row->coefficient[0] != 1 || row->constant != first->constant)
            return false;
    }
    return true;
}

static bool same_but_copies(const Tile *tile, const Index *a, const Index *b)
{
    if (index_equal(a, b))
        return true;
    const Index *const both[] = { a, b };
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < both[side]->terms; i++) {
            bool point = both[side]->axis[i] == tile->lane || both[side]->axis[i] == tile->row;
            for (int o = 0; o < tile->outer_count; o++)
                point |= both[side]->axis[i] == tile->outer[o];
            if (point)
                return false;
        }
    return !a->gather && !b->gather;
}

/* Every access is in one tile and at the same point of it (but for gates, which are written out): no
 * memory is needed. */
static bool stays_in_registers(const Planner *planner, const Tensor *tensor, const Use *use)
{
    const Tile *tile = planner->ir->statements[use->visits[0].statement]->tile;
    if (!tile || tile->dot)
        return false;
    for (int i = 0; i < use->count; i++) {
        if (planner->ir->statements[use->visits[i].statement]->tile != tile)
            return false;
        for (int d = 0; d < tensor->rank; d++) {
            const Index *index = &use->visits[i].access->index[d], *first = &use->visits[0].access->index[d];
            if (!(d == tensor->time_dimension ? index_equal(index, first) : same_but_copies(tile, index, first)))
                return false;
        }
    }
    return true;
}

static int piece_of(const Planner *planner, const Use *use)
{
    return loop_of(planner->ir->statements[use->visits[0].statement])->piece;
}

static void plan_local(const Planner *planner, Tensor *tensor, const Use *use)
{
    if (stays_in_registers(planner, tensor, use)) {
        tensor->home = HOME_REGISTER;
        return;
    }
    if (tensor->time_dimension >= 0)
        tensor->window = needs_one_row(planner, tensor, use)    ? 1
                         : needs_two_rows(planner, tensor, use) ? 2
                         : needs_piece(planner, tensor, use)    ? piece_of(planner, use)
                                                                : 0;
    if (tensor->lifetime_first == tensor->lifetime_last)
        tensor->unit = tensor->lifetime_first;
}

/* The struct in which the functions of this program keep what is theirs. */
static Home memory_of_program(const Planner *planner)
{
    return planner->ir->training ? HOME_TAPE : planner->streaming ? HOME_STATE : HOME_SCRATCH;
}

/* The gradient of a state, which --keep-adjoints asks for. */
static bool is_kept_adjoint(const Ir *ir, const Tensor *tensor)
{
    for (int i = 0; ir->keep_adjoints && i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_STATE && ir->tensors[i]->adjoint == tensor)
            return true;
    return false;
}

static void plan_memory(const Planner *planner, Tensor *tensor, const Use *use)
{
    const Ir *ir = planner->ir;
    if (use->count == 0)
        return;
    tensor->home = memory_of_program(planner);
    bool is_interface = tensor == ir_output_adjoint(ir) || tensor->role == ROLE_NOISE || tensor->role == ROLE_GRADIENT
                     || tensor->reduced || tensor->kept
                     || (tensor->role == ROLE_STATE && tensor->home != HOME_SCRATCH) || is_kept_adjoint(ir, tensor);
    if (!is_interface && is_local_to_one_function(planner, use))
        plan_local(planner, tensor, use);
}

static void plan_tensor(const Planner *planner, Tensor *tensor)
{
    const Use *use = &planner->uses[tensor->number];
    tensor->home = HOME_NONE;
    tensor->window = 0;
    tensor->unit = -1;
    tensor->lifetime_first = tensor->lifetime_last = -1;
    for (int i = 0; i < use->count; i++) {
        int unit = planner->unit[use->visits[i].statement];
        if (tensor->lifetime_first < 0 || unit < tensor->lifetime_first)
            tensor->lifetime_first = unit;
        if (unit > tensor->lifetime_last)
            tensor->lifetime_last = unit;
    }
    switch (tensor->role) {
    case ROLE_INPUT:
    case ROLE_LENGTHS:
    case ROLE_OUTPUT:
        tensor->home = planner->ir->training ? HOME_TAPE : HOME_ARGUMENT;
        return;
    case ROLE_TARGET:
    case ROLE_SAMPLE_WEIGHT:
    case ROLE_SCALE:
        tensor->home = HOME_ARGUMENT;
        return;
    case ROLE_LOSS:
        tensor->home = HOME_LOCAL;
        return;
    case ROLE_WEIGHT:
        tensor->home = HOME_WEIGHTS;
        return;
    case ROLE_TRAINING:
        tensor->home = HOME_TAPE;
        return;
    case ROLE_MEMORY:
        tensor->home = HOME_MEMORY;
        return;
    case ROLE_GRADIENT:
        if (tensor->weight) {
            tensor->home = HOME_GRADIENTS;
            return;
        }
        break;
    case ROLE_NOISE:
    case ROLE_STATE:
    case ROLE_VALUE:
    case ROLE_ADJOINT:
        break;
    }
    if (use->prepared)
        tensor->home = HOME_PREPARED;
    else
        plan_memory(planner, tensor, use);
}

/* ---- what need not be stored ---- */

/* Started before a loop, finished by one tile in it, and read by that tile alone, at the point where it is. */
static bool is_unread(const Planner *planner, const Tensor *tensor, const Use *use)
{
    const Statement *const *statements = (const Statement *const *)planner->ir->statements;
    const Visit *last = use->count ? &use->visits[use->count - 1] : NULL;
    const Tile *tile = last ? statements[last->statement]->tile : NULL;
    if (!tile || tile->dot || tensor->unit < 0 || tensor->role != ROLE_VALUE || tensor->home == HOME_REGISTER)
        return false;
    for (int i = 0; i < use->count; i++) {
        const Statement *statement = statements[use->visits[i].statement];
        bool writes = use->visits[i].access == &statement->out;
        if (statement->tile != tile && (!writes || statement->loop == statements[last->statement]->loop))
            return false;
        for (int d = 0; d < tensor->rank && statement->tile == tile; d++) {
            const Index *index = &use->visits[i].access->index[d], *at = &last->access->index[d];
            if (!(d == tensor->time_dimension ? index_equal(index, at) : same_but_copies(tile, index, at)))
                return false;
        }
    }
    return true;
}

static void mark_unread(const Planner *planner, const Tensor *tensor)
{
    const Use *use = &planner->uses[tensor->number];
    if (!is_unread(planner, tensor, use))
        return;
    const Tile *tile = planner->ir->statements[use->visits[use->count - 1].statement]->tile;
    for (int i = 0; i < planner->ir->statement_count; i++)
        if (planner->ir->statements[i]->tile == tile && planner->ir->statements[i]->out.tensor == tensor)
            planner->ir->statements[i]->unread = true;
}

/* ---- names of units ---- */

static bool unit_name_taken(const Ir *ir, const char *name)
{
    for (int i = 0; i < ir->unit_count; i++)
        if (ir->units[i].name && !strcmp(ir->units[i].name, name))
            return true;
    return false;
}

/* "lstm" forward, "lstm_loss", "lstm_backward"; the model's own statements are "model". */
static const char *unit_name(const Ir *ir, const Unit *unit)
{
    static const char *const suffix[SECTION_COUNT] = {
        [SECTION_RESET] = "_reset", [SECTION_FORWARD] = "", [SECTION_CARRY] = "_carry", [SECTION_LOSS] = "_loss",
        [SECTION_BACKWARD] = "_backward",
    };
    const char *layer = *unit->layer ? unit->layer : "model";
    const char *name = arena_format(ir->arena, "%s%s", layer, suffix[unit->section]);
    for (int again = 2; unit_name_taken(ir, name); again++)
        name = arena_format(ir->arena, "%s%s_%d", layer, suffix[unit->section], again);
    return name;
}

static void name_unit(Ir *ir, const Tensor *tensor)
{
    if (tensor->unit >= 0 && !ir->units[tensor->unit].name)
        ir->units[tensor->unit].name = unit_name(ir, &ir->units[tensor->unit]);
}

/* ---- what one step needs besides its states ---- */

static bool is_step_value(const Planner *planner, const Tensor *tensor)
{
    return tensor->home == HOME_STATE && tensor->role != ROLE_STATE &&
           is_local_to_one_function(planner, &planner->uses[tensor->number]);
}

/* Values of a step are gone after it: if they are few, they live beside it, and a stream is its states alone. */
static void move_step_values(const Planner *planner, size_t step_bytes)
{
    const Ir *ir = planner->ir;
    size_t total = 0;
    for (int i = 0; i < ir->tensor_count; i++) {
        size_t bytes = 4;
        for (int d = 0; d < ir->tensors[i]->rank; d++)
            bytes *= (size_t)ir->tensors[i]->extent[d];
        total += is_step_value(planner, ir->tensors[i]) ? bytes : 0;
    }
    for (int i = 0; i < ir->tensor_count && total <= step_bytes; i++)
        if (is_step_value(planner, ir->tensors[i]))
            ir->tensors[i]->home = HOME_SCRATCH;
}

void plan(Ir *ir, bool streaming, size_t step_bytes)
{
    Planner planner = { .ir = ir, .streaming = streaming };
    collect_uses(&planner);
    number_units(&planner);
    for (int i = 0; i < ir->tensor_count; i++)
        plan_tensor(&planner, ir->tensors[i]);
    if (streaming)
        move_step_values(&planner, step_bytes);
    for (int i = 0; i < ir->tensor_count; i++) {
        mark_unread(&planner, ir->tensors[i]);
        name_unit(ir, ir->tensors[i]);
    }
}
