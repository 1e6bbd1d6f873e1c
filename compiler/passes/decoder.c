/* decoder.c: in: a lowered program of one step of a decoder, with all that it reads of what is encoded.  out: one half
 * of it. The encoder's is what does not depend on what the decoder reads; what the other half needs of it is copied
 * into the memory, a state of which the last row alone is read without the others. The decoder's reads it from there.
 * What depends on weights alone is in each half that reads it. */
#include "passes.h"
#include "compiler/ir/sides.h"

#include <string.h>

typedef struct Crossing {           /* a tensor of the encoder that the decoder reads */
    Tensor *tensor, *memory;
    int row;                        /* of its time dimension; -1: all of them, or there is none */
    bool seen;
} Crossing;

typedef struct Splitter {
    Ir *ir;
    const Side *sides;
    Crossing *crossings;            /* by the tensor's number */
} Splitter;

/* ---- what is in which half ---- */

static bool is_of(const Splitter *splitter, const Statement *statement, Side half)
{
    Side side = splitter->sides[statement->out.tensor->number];
    if (statement->section == SECTION_CARRY && half == SIDE_ENCODER)
        return false;               /* each call starts afresh */
    return side == half || (side == SIDE_WEIGHTS && statement->section != SECTION_CARRY);
}

static void keep_half(Splitter *splitter, Side half)
{
    Ir *ir = splitter->ir;
    int count = ir->statement_count;
    ir->statement_count = 0;
    for (int i = 0; i < count; i++)
        if (is_of(splitter, ir->statements[i], half))
            ir->statements[ir->statement_count++] = ir->statements[i];
}

/* ---- what crosses ---- */

static void visit_crossing(void *context, const Access *access)
{
    const Splitter *splitter = context;
    Tensor *tensor = access->tensor;
    Crossing *crossing = &splitter->crossings[tensor->number];
    if (splitter->sides[tensor->number] != SIDE_ENCODER)
        return;
    const Index *row = tensor->time_dimension < 0 ? NULL : &access->index[tensor->time_dimension];
    int constant = row && index_is_constant(row) ? row->constant : -1;
    crossing->row = crossing->seen && crossing->row != constant ? -1 : constant;
    crossing->tensor = tensor;
    crossing->seen = true;
}

static void find_crossings(Splitter *splitter)
{
    const Ir *ir = splitter->ir;
    splitter->crossings = arena_array(ir->arena, Crossing, ir->tensor_count + 1);
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (splitter->sides[statement->out.tensor->number] != SIDE_DECODER)
            continue;
        statement_visit_reads(statement, visit_crossing, splitter);
    }
}

/* A row of it, or all rows. */
static void make_memory(const Splitter *splitter, Crossing *crossing)
{
    const Tensor *from = crossing->tensor;
    int extent[TENSOR_RANK_MAX], rank = 0;
    for (int d = 0; d < from->rank; d++)
        if (crossing->row < 0 || d != from->time_dimension)
            extent[rank++] = from->extent[d];
    crossing->memory = ir_tensor(splitter->ir, ROLE_MEMORY, from->layer, from->name, rank, extent);
    crossing->memory->integer = from->integer;
    crossing->memory->vocabulary = from->vocabulary;
}

static Access in_memory(const Crossing *crossing, const Access *access)
{
    Access result = { .tensor = crossing->memory };
    int rank = 0;
    for (int d = 0; d < crossing->tensor->rank; d++)
        if (crossing->row < 0 || d != crossing->tensor->time_dimension)
            result.index[rank++] = access->index[d];
    return result;
}

static void add_copy(const Splitter *splitter, const Crossing *crossing)
{
    static const char *const names[TENSOR_RANK_MAX] = { "i", "j", "k", "l", "m", "n" };
    Ir *ir = splitter->ir;
    Access from = { .tensor = crossing->tensor };
    Axis *axes[TENSOR_RANK_MAX];
    int count = 0;
    for (int d = 0; d < from.tensor->rank; d++) {
        bool is_row = crossing->row >= 0 && d == from.tensor->time_dimension;
        if (!is_row)
            axes[count++] = ir_axis(ir, names[d], from.tensor->extent[d], AXIS_PLAIN);
        from.index[d] = is_row ? index_constant(crossing->row) : index_axis(axes[count - 1]);
    }
    ir_statement(ir, SECTION_FORWARD, NULL, ACCUMULATE_SET, in_memory(crossing, &from), expr_load(ir->arena, from),
                 count, axes);
}

static Access read_from(void *context, const Access *access)
{
    const Splitter *splitter = context;
    const Crossing *crossing = &splitter->crossings[access->tensor->number];
    Access result = crossing->memory ? in_memory(crossing, access) : *access;
    for (int d = 0; d < result.tensor->rank; d++)
        if (result.index[d].gather) {
            Access *gather = arena_new(splitter->ir->arena, Access);
            *gather = read_from(context, result.index[d].gather);
            result.index[d].gather = gather;
        }
    return result;
}

/* ---- what is needed ---- */

static void visit_needed(void *context, const Access *access)
{
    ((bool *)context)[access->tensor->number] = true;
}

static bool is_kept(const Ir *ir, const Statement *statement, const bool *needed)
{
    const Tensor *out = statement->out.tensor;
    return needed[out->number] || out == ir->output || out->role == ROLE_MEMORY;
}

/* Statements whose result nobody reads go. */
static void drop_unread(Ir *ir)
{
    bool *needed = arena_array(ir->arena, bool, ir->tensor_count + 1);
    for (int i = 0; i < ir->pace_count; i++)
        needed[ir->paces[i].waits->number] = true;
    for (int before = -1, kept = 0; before != kept;) {
        before = kept;
        kept = 0;
        for (int i = 0; i < ir->statement_count; i++) {
            const Statement *statement = ir->statements[i];
            if (!is_kept(ir, statement, needed))
                continue;
            kept++;
            statement_visit_reads(statement, visit_needed, needed);
        }
    }
    int count = ir->statement_count;
    ir->statement_count = 0;
    for (int i = 0; i < count; i++)
        if (is_kept(ir, ir->statements[i], needed))
            ir->statements[ir->statement_count++] = ir->statements[i];
}

static Splitter begin(Ir *ir)
{
    Splitter splitter = { .ir = ir, .sides = sides_of(ir->arena, ir) };
    find_crossings(&splitter);
    for (int i = 0, count = ir->tensor_count; i < count; i++)
        if (splitter.crossings[i].seen)
            make_memory(&splitter, &splitter.crossings[i]);
    return splitter;
}

void keep_encoder(Ir *ir)
{
    int tensors = ir->tensor_count;
    Splitter splitter = begin(ir);
    keep_half(&splitter, SIDE_ENCODER);
    for (int i = 0; i < tensors; i++)
        if (splitter.crossings[i].memory)
            add_copy(&splitter, &splitter.crossings[i]);
    ir->output = NULL;
    ir->decoder = NULL;
    ir->pace_count = 0;
    memset(ir->phases, 0, sizeof ir->phases);
    drop_unread(ir);
}

void keep_decoder(Ir *ir)
{
    Splitter splitter = begin(ir);
    keep_half(&splitter, SIDE_DECODER);
    for (int i = 0; i < ir->statement_count; i++)
        ir->statements[i]->value = expr_with_accesses(ir->arena, ir->statements[i]->value, read_from, &splitter);
    ir->inputs[0] = ir->decoder;
    ir->input_count = 1;
    ir->lengths = NULL;
    drop_unread(ir);
}
