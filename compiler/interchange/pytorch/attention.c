/* attention.c: in: the tensors of an nn.MultiheadAttention.  out: a step, each projection as a matrix: how many heads
 * there are, the file does not say. */
#include "module.h"

#include <string.h>

/* Rows [begin, begin + width) of what belongs to the three together. */
static StateTensor rows_of(const StateTensor *all, size_t begin, size_t width)
{
    StateTensor part = *all;
    size_t stride = all->rank > 1 ? all->shape[1] : 1;
    part.shape[0] = width;
    part.count = width * stride;
    part.values = all->values + begin * stride;
    return part;
}

static void add_joined(Modules *modules, Step *step, DraftArray array)
{
    array.joined = true;
    module_weight(modules->arena, &step->weights, array);
}

/* Query, key and value: below each other, or, where they read other widths, each by itself. */
static bool add_projections(Modules *modules, Step *step, size_t width, const StateTensor *biases)
{
    static const char *const names[] = { "q_proj_weight", "k_proj_weight", "v_proj_weight" };
    const StateTensor *all = modules_take(modules, "in_proj_weight", 2);
    if (all && all->shape[0] != 3 * width)
        return false;
    for (size_t i = 0; i < 3; i++) {
        const StateTensor *own = all ? NULL : modules_take(modules, names[i], 2);
        if (!all && (!own || own->shape[0] != width))
            return false;
        StateTensor part = all ? rows_of(all, i * width, width) : *own;
        add_joined(modules, step, layout_transposed(modules->arena, &part, 0));
        if (biases) {
            StateTensor *bias = arena_new(modules->arena, StateTensor);
            *bias = rows_of(biases, i * width, width);
            add_joined(modules, step, layout_kept(bias));
        }
    }
    return true;
}

bool modules_take_attention(Modules *modules)
{
    if (!modules_find(modules, "out_proj.weight") ||
        (!modules_find(modules, "in_proj_weight") && !modules_find(modules, "q_proj_weight")))
        return false;
    const StateTensor *output = modules_take(modules, "out_proj.weight", 2);
    const StateTensor *bias = modules_take(modules, "out_proj.bias", 1);
    const StateTensor *biases = modules_take(modules, "in_proj_bias", 1);
    size_t width = output ? output->shape[1] : 0;
    Step step = { .kind = "MultiHeadAttention", .torch = "nn.MultiheadAttention", .in = width, .out = width };
    bool good = width && output->shape[0] == width && !bias == !biases && (!bias || bias->count == width) &&
                (!biases || biases->count == 3 * width) && add_projections(modules, &step, width, biases);
    if (!good || modules_find(modules, "bias_k") || modules_find(modules, "bias_v")) {
        draft_refuse(modules->state->draft, "%s: its tensors are not those of an nn.MultiheadAttention, or it has "
                     "add_bias_kv", module_path(modules));
        return true;
    }
    add_joined(modules, &step, layout_transposed(modules->arena, output, 0));
    if (bias)
        add_joined(modules, &step, layout_kept(bias));
    step.name = *modules->path ? modules->path : snake_case(modules->arena, step.kind);
    arena_append(modules->arena, modules->steps.list, modules->steps.count, modules->steps.capacity, step);
    return true;
}
