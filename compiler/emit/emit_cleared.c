/* emit_cleared.c: in: a program.  out: what its functions set to zero before they begin. */
#include "emit.h"

/* ---- on a tape ---- */

/* Sets of sections, by tensor. */
static unsigned *find_writing_sections(Arena *arena, const Ir *ir)
{
    unsigned *written = arena_array(arena, unsigned, ir->tensor_count + 1);
    for (int i = 0; i < ir->statement_count; i++)
        written[ir->statements[i]->out.tensor->number] |= SECTION_BIT(ir->statements[i]->section);
    return written;
}

static bool is_set_by_loss(const Ir *ir, const Tensor *tensor, unsigned written)
{
    const unsigned both = SECTION_BIT(SECTION_LOSS) | SECTION_BIT(SECTION_BACKWARD);
    return !(written & SECTION_BIT(SECTION_FORWARD)) && (tensor == ir_output_adjoint(ir) || (written & both) == both);
}

static void put_cleared(Out *out, Arena *arena, const Ir *ir, const Tensor *tensor)
{
    const char *member = tensor_member(arena, ir, tensor);
    put(out, "memset(%stape->%s, 0, sizeof tape->%s);", tensor->rank ? "" : "&", member, member);
}

void emit_cleared_adjoints(Out *out, Arena *arena, const Ir *ir)
{
    const unsigned *written = find_writing_sections(arena, ir);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->home == HOME_TAPE && tensor->role == ROLE_ADJOINT && is_set_by_loss(ir, tensor, written[i]))
            put_cleared(out, arena, ir, tensor);
    }
}

void emit_cleared_input_gradient(Out *out, Arena *arena, const Ir *ir)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->home == HOME_TAPE && ir->tensors[i]->role == ROLE_GRADIENT)
            put_cleared(out, arena, ir, ir->tensors[i]);
}

/* ---- what is prepared ---- */

/* No lane stands for nothing, and there are no words, of which one half may. */
static bool is_full(const Tensor *tensor)
{
    return !tensor_has_words(tensor) && tensor_count(tensor) == tensor_elements(tensor);
}

void emit_cleared_lanes(Out *out, Arena *arena, const Ir *ir)
{
    const char *pointer = home_pointer(ir, HOME_PREPARED);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->home != HOME_PREPARED || is_full(tensor))
            continue;
        const char *member = arena_format(arena, "%s->%s", pointer, tensor_member(arena, ir, tensor));
        if (tensor->layout == LAYOUT_BLOCKED && !tensor_has_words(tensor))      /* the others are full */
            member = arena_format(arena, "%s[%d]", member, tensor_memory_extent(tensor, 0) - 1);
        put(out, "memset(%s, 0, sizeof %s);", member, member);
    }
}
