/* lookup.c: in: the name of a tensor in the module at hand.  out: that tensor. */
#include "module.h"

#include <string.h>

StateTensor *modules_find(Modules *modules, const char *name)
{
    const char *whole = *modules->path ? arena_format(modules->arena, "%s.%s", modules->path, name) : name;
    int place = *text_index_at(modules->places, whole);
    return place ? &modules->state->tensors[place - 1] : NULL;
}

const StateTensor *modules_take(Modules *modules, const char *name, int rank)
{
    StateTensor *tensor = modules_find(modules, name);
    if (!tensor || tensor->rank != rank || tensor->taken)
        return NULL;
    tensor->taken = true;
    return tensor;
}

const char *module_path(const Modules *modules)
{
    return *modules->path ? modules->path : "the module";
}
