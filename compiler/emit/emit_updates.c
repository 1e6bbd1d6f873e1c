/* emit_updates.c: in: a training program in which a batch changes statistics, like moving averages: what they become is
 * on the tape.  out: M_update_statistics, which takes it over into the weights. */
#include "emit.h"

bool emit_has_updates(const Programs *programs)
{
    const Ir *ir = programs->training;
    for (int i = 0; ir && i < ir->tensor_count; i++)
        if (ir->tensors[i]->updates)
            return true;
    return false;
}

/* Row by row: on the tape a row may end in padding. */
static void put_update(Out *out, Arena *arena, const Ir *ir, const Tensor *next)
{
    const struct lstmc_tensor *weight = next->updates;
    if (next->home != HOME_TAPE || next->layout == LAYOUT_BLOCKED || next->rank != weight->rank)
        die("%s of %s cannot be taken over", weight->name, ir->descriptor->name);
    const char *to = arena_format(arena, "weights->%s.%s", c_weight_group(arena, ir->descriptor, weight),
                                  c_name(arena, weight_name(weight)));
    const char *from = arena_format(arena, "tape->%s", tensor_member(arena, ir, next)), *row = "";
    for (int d = 0; d < weight->rank - 1; d++) {
        put(out, "for (int i_%d = 0; i_%d < %d; i_%d++) {", d, d, weight->shape[d], d);
        row = arena_format(arena, "%s[i_%d]", row, d);
    }
    emit_line(out, arena, arena_format(arena, "memcpy(%s%s, %s%s, sizeof %s%s);", to, row, from, row, to, row));
    for (int d = 0; d < weight->rank - 1; d++)
        put(out, "}");
}

static const char about[] =
    "After @_forward with a seed that is not 0: the statistics of the weights, moving averages, as this batch leaves "
    "them. The caller says when: the engine of the runtime, after each batch. Of several tapes that have met after "
    "each phase any one will do.";

void emit_update_declaration(Out *out, Arena *arena, const Programs *programs)
{
    if (!emit_has_updates(programs))
        return;
    emit_prose(out, arena, fill_template(arena, programs->model, about));
    emit_line(out, arena, fill_template(arena, programs->model, "void @_update_statistics(const struct @_tape *tape, "
                                                                "struct @_weights *weights);"));
    put(out, "\n");
}

void emit_update_thunk(Out *out, Arena *arena, const Programs *programs)
{
    const Ir *ir = programs->training;
    if (!emit_has_updates(programs))
        return;
    emit_text(out, arena, programs->model,
              "void @_update_statistics(const struct @_tape *restrict tape, struct @_weights *restrict weights)");
    put(out, "{");
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->updates)
            put_update(out, arena, ir, ir->tensors[i]);
    put(out, "}\n\n");
    emit_text(out, arena, programs->model, "static void @_update_statistics_thunk(const void *tape, void *weights)\n{\n"
                                           "    @_update_statistics(tape, weights);\n}\n\n");
}

void emit_update_member(Out *out, const Programs *programs)
{
    if (emit_has_updates(programs))
        put(out, ".update_statistics = %s_update_statistics_thunk,", programs->model->descriptor.name);
}
