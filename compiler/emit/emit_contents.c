/* emit_contents.c: in: a planned program and a home.  out: the tensors that live there, by layer and by unit, so that
 * nobody has to look for them among all. */
#include "emit.h"

#include <stdlib.h>

static int by_layer(const void *a, const void *b)
{
    const Tensor *left = *(const Tensor *const *)a, *right = *(const Tensor *const *)b;
    int order = strcmp(left->layer, right->layer);
    return order ? order : (left->number > right->number) - (left->number < right->number);
}

static int by_first_tensor(const void *a, const void *b)
{
    const TensorList *left = a, *right = b;
    return (left->list[0]->number > right->list[0]->number) - (left->list[0]->number < right->list[0]->number);
}

/* `sorted` by layer; its runs are the lists. */
static void cut_into_layers(Contents *contents, Arena *arena, const Tensor **sorted, int count)
{
    contents->layers = arena_array(arena, TensorList, count + 1);
    for (int i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && !strcmp(sorted[end]->layer, sorted[i]->layer);)
            end++;
        contents->layers[contents->layer_count++] = (TensorList){ .list = sorted + i, .count = end - i };
    }
    qsort(contents->layers, (size_t)contents->layer_count, sizeof *contents->layers, by_first_tensor);
}

Contents contents_of(Arena *arena, const Ir *ir, Home home)
{
    Contents contents = { .units = arena_array(arena, TensorList, ir->unit_count + 1) };
    const Tensor **alone = arena_array(arena, const Tensor *, ir->tensor_count + 1);
    int count = 0;
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        TensorList *to = tensor_is_shared(tensor)      ? &contents.units[tensor->unit]
                         : tensor_of_model(ir, tensor) ? &contents.interface
                                                       : NULL;
        if (tensor->home == home && to)
            arena_append(arena, to->list, to->count, to->capacity, tensor);
        else if (tensor->home == home)
            alone[count++] = tensor;
    }
    qsort(alone, (size_t)count, sizeof *alone, by_layer);
    cut_into_layers(&contents, arena, alone, count);
    return contents;
}
