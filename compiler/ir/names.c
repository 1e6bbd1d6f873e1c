/* names.c: in: a program.  out: names of tensors that are not taken. */
#include "names.h"

#include "compiler/base/text_index.h"

struct TensorNames {
    Arena *arena;
    TextIndex *taken;           /* "lstm kernel": 1 */
};

static int *place_of(const TensorNames *names, const char *layer, const char *name)
{
    return text_index_at(names->taken, arena_format(names->arena, "%s %s", layer, name));
}

TensorNames *tensor_names(Arena *arena, const Ir *ir, bool with_weights)
{
    TensorNames *names = arena_new(arena, TensorNames);
    *names = (TensorNames){ .arena = arena, .taken = text_index_create(arena) };
    for (int i = 0; i < ir->tensor_count; i++)
        if (with_weights || ir->tensors[i]->role != ROLE_WEIGHT)
            *place_of(names, ir->tensors[i]->layer, ir->tensors[i]->name) = 1;
    return names;
}

const char *tensor_new_name(TensorNames *names, const char *layer, const char *base)
{
    const char *name = base;
    for (int again = 2; *place_of(names, layer, name); again++)
        name = arena_format(names->arena, "%s_%d", base, again);
    *place_of(names, layer, name) = 1;
    return name;
}
