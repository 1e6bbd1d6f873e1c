/* emit_kernel.c: what those who write a nest have in common: the time loop around it, and names that are taken. */
#include "emit.h"

const char *loop_bound(Arena *arena, const Loop *loop, const char *which)
{
    return arena_format(arena, "%s_%s", c_index_name(arena, loop->axis->name), which);
}

bool indices_have(const Indices *indices, const char *name)
{
    for (int i = 0; i < indices->count; i++)
        if (!strcmp(indices->list[i], name))
            return true;
    return false;
}

Nest nest_of(const Kernel *kernel)
{
    Nest nest = { .kernel = kernel, .arena = kernel->arena, .ir = kernel->ir, .members = kernel->members,
                  .statement = kernel->statements[kernel->count - 1] };
    if (!nest.statement->loop)
        return nest;
    const Axis *axis = nest.statement->loop->axis;
    nest.bindings[nest.binding_count++] =
        (Binding){ .axis = axis, .name = axis->extent > 1 ? axis_name(kernel->names, axis) : NULL };
    return nest;
}
