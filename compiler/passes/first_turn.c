/* first_turn.c: in: a program after all other passes.  out: sums that need not be formed in the first turn of a loop
 * over time: what they add is a product with a state that was 0 before the loop, or a gradient that flows to that state
 * and that nobody reads.
 *
 * Where a prediction sets its states to 0 itself, that is known. A tape may carry states on (M_carry): there, the code
 * looks at the state. Left out are the sums of loops of one turn, and the first turn of sums over all of time; a
 * condition within a loop costs more than it saves: clang then keeps no sum of the tile in registers. */
#include "compiler/ir/axes.h"
#include "compiler/ir/uses.h"
#include "passes.h"

/* Loops of more turns gain less by a sum that begins with the second one than its text is worth. */
#define TURNS_MAX 16

typedef struct Search {
    const Ir *ir;
    TensorUses uses;
    const Tensor *state;        /* found: that has to be 0; one for all that is asked of a statement */
} Search;

/* The position in time is that of the axis, so that 0 is the first turn's. */
static bool is_at(const Access *access, const Axis *axis)
{
    const Index *index = access->tensor->time_dimension >= 0 ? &access->index[access->tensor->time_dimension] : NULL;
    return index && !index->gather && index->terms == 1 && index->axis[0] == axis && index->coefficient[0] == 1 &&
           index->constant == 0;
}

/* Whether somebody but M_carry writes the state before the loop, or in it; *is_zero: it is set to 0 before it. */
static bool is_written_at_first(const Search *search, const Tensor *tensor, bool *is_zero)
{
    const Numbers *writers = &search->uses.writers[tensor->number];
    *is_zero = false;
    for (int i = 0; i < writers->count; i++) {
        const Statement *writer = search->ir->statements[writers->number[i]];
        if (writer->section == SECTION_CARRY || index_smallest(&writer->out.index[tensor->time_dimension]) > 0)
            continue;
        if (writer->section != SECTION_RESET || writer->value->op != OP_CONSTANT || writer->value->value != 0)
            return true;
        *is_zero = true;
    }
    return false;
}

static bool is_zero_at_first(Search *search, const Expr *expr, const Axis *axis);

/* In the loop something is made of the state alone that is 0 with it: the m = r * h of a GRU. */
static bool is_made_of_state(Search *search, const Tensor *tensor)
{
    const Numbers *writers = &search->uses.writers[tensor->number];
    const Statement *writer = writers->count == 1 ? search->ir->statements[writers->number[0]] : NULL;
    return writer && writer->loop && writer->accumulate == ACCUMULATE_SET && is_at(&writer->out, writer->loop->axis) &&
           is_zero_at_first(search, writer->value, writer->loop->axis);
}

static bool is_zero_at_first(Search *search, const Expr *expr, const Axis *axis)
{
    if (expr->op == OP_MULTIPLY)
        return is_zero_at_first(search, expr->argument[0], axis) || is_zero_at_first(search, expr->argument[1], axis);
    if (expr->op != OP_LOAD || !is_at(&expr->access, axis))
        return false;
    const Tensor *tensor = expr->access.tensor;
    bool is_zero;
    if (is_written_at_first(search, tensor, &is_zero))
        return is_made_of_state(search, tensor);
    if (!is_zero || (search->state && search->state != tensor))
        return false;
    search->state = tensor;
    return true;
}

/* The generated code can look at it: rows of floats, all of them kept. */
static bool may_be_looked_at(const Search *search, const Tensor *state)
{
    return state->home == HOME_TAPE && state->window == 0 && state->layout != LAYOUT_BLOCKED &&
           state->time_dimension == 0 && state->rank == (search->ir->batch_axis ? 3 : 2) &&
           (!search->ir->batch_axis || state->batch_dimension == 1);
}

typedef struct Reading {
    const Tensor *tensor;
    bool found;
} Reading;

static void find_first_read(void *context, const Access *access)
{
    Reading *reading = context;
    const Tensor *tensor = access->tensor;
    if (tensor == reading->tensor)
        reading->found |= access->index[tensor->time_dimension].gather ||
                          index_smallest(&access->index[tensor->time_dimension]) <= 0;
}

static bool reads_at_first(const Statement *statement, const Tensor *tensor)
{
    Reading reading = { .tensor = tensor };
    statement_visit_reads(statement, find_first_read, &reading);
    return reading.found;
}

/* What flows to the state before the loop, where nobody reads it, or who reads it multiplies it with that state, which
 * is 0: the d_m of a GRU. */
static bool is_unread_at_first(Search *search, const Statement *statement)
{
    const Tensor *tensor = statement->out.tensor;
    if (!statement->loop || tensor->role != ROLE_ADJOINT || search->ir->keep_adjoints ||
        !is_at(&statement->out, statement->loop->axis))
        return false;
    const Numbers *readers = &search->uses.readers[tensor->number];
    for (int i = 0; i < readers->count; i++) {
        const Statement *reader = search->ir->statements[readers->number[i]];
        if (reads_at_first(reader, tensor) && !is_unread_at_first(search, reader) &&
            !(reader->loop && is_zero_at_first(search, reader->value, reader->loop->axis)))
            return false;
    }
    return true;
}

/* The axis that a sum over all of time goes along turn by turn. */
static const Axis *turns_of_sum(const Statement *statement)
{
    for (int a = 0; a < statement->axis_count; a++)
        if (axis_is_summed(statement, statement->axes[a]) && statement->axes[a]->kind == AXIS_TIME &&
            statement->unroll[a] <= 1)
            return statement->axes[a];
    return NULL;
}

static void leave_out(Search *search, Statement *statement)
{
    const Axis *axis = statement->loop ? statement->loop->axis : turns_of_sum(statement);
    if (!axis || axis->extent > (statement->loop ? 1 : TURNS_MAX))
        return;
    search->state = NULL;
    if (!is_unread_at_first(search, statement)) {
        search->state = NULL;
        if (!is_zero_at_first(search, statement->value, axis))
            return;
    }
    if (!search->state || !may_be_looked_at(search, search->state))
        return;
    statement->first = axis;
    statement->first_state = search->state;
}

void first_turn(Ir *ir)
{
    Search search = { .ir = ir, .uses = ir_uses(ir->arena, ir) };
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        if (statement->tile && !statement->tile->dot && statement->accumulate == ACCUMULATE_ADD &&
            statement_has_sum(statement))
            leave_out(&search, statement);
    }
}

/* ---- the only turn ---- */

/* In a prediction a state before the loop is 0 for certain, and so is what is made of it, which nobody may read then:
 * stage drops that. */
static bool adds_nothing(Search *search, const Statement *statement)
{
    return search->ir->training ? is_unread_at_first(search, statement) && !search->state
                                : statement->accumulate == ACCUMULATE_ADD &&
                                      is_zero_at_first(search, statement->value, statement->loop->axis);
}

void only_turn(Ir *ir)
{
    Search search = { .ir = ir, .uses = ir_uses(ir->arena, ir) };
    Statement **wanted = NULL;
    int count = 0, capacity = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        search.state = NULL;
        const Loop *loop = ir->statements[i]->loop;
        if (!loop || loop->axis->extent > 1 || !adds_nothing(&search, ir->statements[i]))
            arena_append(ir->arena, wanted, count, capacity, ir->statements[i]);
    }
    ir->statements = wanted;
    ir->statement_count = count;
    ir->statement_capacity = capacity;
}
