/* emit_packed.c: in: the programs that predict.  out: one program of all that prepare computes for them: they share
 * struct M_packed. What two of them prepare in the same way is there once; what they call alike but lay out in their
 * own ways gets two names. */
#include "emit.h"

/* Everything that tells how the tensor comes about. */
static const char *origin(Arena *arena, const Ir *ir, const Tensor *tensor)
{
    const char *text = arena_format(arena, "%d %d %d %d", (int)tensor->layout, tensor->lanes, tensor->paired,
                                    tensor->rank);
    for (int d = 0; d < tensor->rank; d++)
        text = arena_format(arena, "%s %d", text, tensor->extent[d]);
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->out.tensor == tensor)
            text = arena_format(arena, "%s\n%s", text, statement_text(arena, ir->statements[i]));
    return text;
}

static bool is_same_member(const Tensor *a, const Tensor *b)
{
    return a->home == HOME_PREPARED && b->home == HOME_PREPARED && !strcmp(a->layer, b->layer) &&
           !strcmp(a->name, b->name);
}

static const Tensor *find_member(const Ir *ir, const Tensor *tensor)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (is_same_member(ir->tensors[i], tensor))
            return ir->tensors[i];
    return NULL;
}

static void take_statements(Ir *to, const Ir *from, const Tensor *tensor)
{
    for (int i = 0; i < from->statement_count; i++)
        if (from->statements[i]->out.tensor == tensor)
            arena_append(to->arena, to->statements, to->statement_count, to->statement_capacity, from->statements[i]);
}

/* The statements are those of `from`; they know the tensor by its name alone. */
static void take(Ir *to, const Ir *from, const Tensor *tensor)
{
    Tensor *copy = arena_new(to->arena, Tensor);
    *copy = *tensor;
    copy->number = to->tensor_count;
    copy->unit = -1;
    arena_append(to->arena, to->tensors, to->tensor_count, to->tensor_capacity, copy);
    take_statements(to, from, tensor);
}

static void add_program(Ir *to, const char **origins, int *origin_count, const Ir *from, const char *suffix)
{
    for (int i = 0; i < from->tensor_count; i++) {
        Tensor *tensor = from->tensors[i];
        if (tensor->home != HOME_PREPARED)
            continue;
        const char *own = origin(to->arena, from, tensor);
        const Tensor *there = find_member(to, tensor);
        if (there && !strcmp(origins[there->number], own))
            continue;
        for (int again = 1; find_member(to, tensor); again++)
            tensor->name = again == 1 ? arena_format(to->arena, "%s_%s", tensor->name, suffix)
                                      : arena_format(to->arena, "%s_%d", tensor->name, again);
        origins[(*origin_count)++] = origin(to->arena, from, tensor);
        take(to, from, tensor);
    }
}

const Ir *emit_packed_program(const Programs *programs)
{
    const Ir *first = programs->single;
    Ir *packed = arena_new(first->arena, Ir);
    *packed = *first;
    packed->tensors = NULL;
    packed->statements = NULL;
    packed->tensor_count = packed->tensor_capacity = packed->statement_count = packed->statement_capacity = 0;
    int count = 0, origin_count = 0;
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++)
        count += programs->program[kind] ? programs->program[kind]->tensor_count : 0;
    const char **origins = arena_array(packed->arena, const char *, count + 1);
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++)
        if (programs->program[kind] && !program_traits[kind].training)
            add_program(packed, origins, &origin_count, programs->program[kind], program_traits[kind].suffix);
    return packed;
}
