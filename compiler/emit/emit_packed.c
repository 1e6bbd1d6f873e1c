/* emit_packed.c: in: the programs that predict.  out: one program of all that prepare computes for them: they share
 * struct M_packed. What two of them prepare in the same way is there once; what they call alike but lay out in their
 * own ways gets two names. */
#include "emit.h"

#include "compiler/base/text_index.h"
#include "compiler/ir/uses.h"

typedef struct Packing {
    Ir *to;
    TextIndex *by_name;         /* "lstm.kernel": 1 + its place in to->tensors */
    const char **origins;       /* by the same place */
    int origin_capacity, origin_count;
    const Ir *from;             /* at work */
    const Numbers *writers;     /* of its tensors */
} Packing;

/* Everything that tells how the tensor comes about. */
static const char *origin(const Packing *packing, const Tensor *tensor)
{
    Arena *arena = packing->to->arena;
    const Numbers *writers = &packing->writers[tensor->number];
    const char *text = arena_format(arena, "%d %d %d %d", (int)tensor->layout, tensor->lanes, tensor->paired,
                                    tensor->rank);
    for (int d = 0; d < tensor->rank; d++)
        text = arena_format(arena, "%s %d", text, tensor->extent[d]);
    for (int i = 0; i < writers->count; i++)
        text = arena_format(arena, "%s\n%s", text,
                            statement_text(arena, packing->from->statements[writers->number[i]]));
    return text;
}

static int *find_member(const Packing *packing, const Tensor *tensor)
{
    return text_index_at(packing->by_name, arena_format(packing->to->arena, "%s.%s", tensor->layer, tensor->name));
}

/* The statements are those of `from`; they know the tensor by its name alone. */
static void take(Packing *packing, const Tensor *tensor, const char *own)
{
    Ir *to = packing->to;
    const Numbers *writers = &packing->writers[tensor->number];
    Tensor *copy = arena_new(to->arena, Tensor);
    *copy = *tensor;
    copy->number = to->tensor_count;
    copy->unit = -1;
    arena_append(to->arena, to->tensors, to->tensor_count, to->tensor_capacity, copy);
    arena_append(to->arena, packing->origins, packing->origin_count, packing->origin_capacity, own);
    *find_member(packing, tensor) = to->tensor_count;
    for (int i = 0; i < writers->count; i++)
        arena_append(to->arena, to->statements, to->statement_count, to->statement_capacity,
                     packing->from->statements[writers->number[i]]);
}

static void add_program(Packing *packing, const char *suffix)
{
    Arena *arena = packing->to->arena;
    for (int i = 0; i < packing->from->tensor_count; i++) {
        Tensor *tensor = packing->from->tensors[i];
        if (tensor->home != HOME_PREPARED)
            continue;
        const char *own = origin(packing, tensor);
        int there = *find_member(packing, tensor);
        if (there && !strcmp(packing->origins[there - 1], own))
            continue;
        for (int again = 1; *find_member(packing, tensor); again++)
            tensor->name = again == 1 ? arena_format(arena, "%s_%s", tensor->name, suffix)
                                      : arena_format(arena, "%s_%d", tensor->name, again);
        take(packing, tensor, own);
    }
}

const Ir *emit_packed_program(const Programs *programs)
{
    const Ir *first = programs->single;
    Packing packing = { .to = arena_new(first->arena, Ir), .by_name = text_index_create(first->arena) };
    *packing.to = *first;
    packing.to->tensors = NULL;
    packing.to->statements = NULL;
    packing.to->tensor_count = packing.to->tensor_capacity = 0;
    packing.to->statement_count = packing.to->statement_capacity = 0;
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++)
        if (programs->program[kind] && !program_traits[kind].training) {
            packing.from = programs->program[kind];
            packing.writers = ir_uses(first->arena, packing.from).writers;
            add_program(&packing, program_traits[kind].suffix);
        }
    return packing.to;
}
