/* sides.c: in: a lowered program and the input that its decoder reads.  out: how far each tensor depends on that, or on
 * the decoder's states: all that it is made of does, until nothing changes. */
#include "sides.h"

typedef struct Reading {
    const Side *sides;
    Side most;
} Reading;

static void visit_read(void *context, const Access *access)
{
    Reading *reading = context;
    if (reading->sides[access->tensor->number] > reading->most)
        reading->most = reading->sides[access->tensor->number];
}

Side side_of_value(const Side *sides, const Statement *statement)
{
    Reading reading = { .sides = sides };
    statement_visit_reads(statement, visit_read, &reading);
    return reading.most;
}

static Side first_side(const Ir *ir, const Tensor *tensor)
{
    if (tensor == ir->decoder || tensor->decodes)
        return SIDE_DECODER;
    return tensor->role == ROLE_INPUT || tensor->role == ROLE_LENGTHS ? SIDE_ENCODER : SIDE_WEIGHTS;
}

const Side *sides_of(Arena *arena, const Ir *ir)
{
    Side *sides = arena_array(arena, Side, ir->tensor_count + 1);
    for (int i = 0; i < ir->tensor_count; i++)
        sides[i] = first_side(ir, ir->tensors[i]);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < ir->statement_count; i++) {
            Side side = side_of_value(sides, ir->statements[i]);
            Side *of_out = &sides[ir->statements[i]->out.tensor->number];
            changed |= side > *of_out;
            *of_out = side > *of_out ? side : *of_out;
        }
    }
    return sides;
}
