/* weights.c: in: the weights that an importer has found for each layer, in the order of the layer's.  out: the
 * numbers of the model, each weight in its shape. */
#include "draft.h"

#include <string.h>

/* Each axis of the array is one of the weight, or several next to each other. */
static bool fits_joined(const DraftArray *array, const struct lstmc_tensor *weight)
{
    int w = 0;
    for (int a = 0; a < array->rank; a++) {
        size_t product = 1;
        while (w < weight->rank && (product < array->shape[a] || weight->shape[w] == 1))
            product *= (size_t)weight->shape[w++];
        if (product != array->shape[a])
            return false;
    }
    return w == weight->rank;
}

/* The same numbers in the same order, but for axes of one that are left out. */
bool draft_fits(const DraftArray *array, const struct lstmc_tensor *weight)
{
    int a = 0, w = 0;
    if (array->joined)
        return fits_joined(array, weight);
    while (a < array->rank || w < weight->rank) {
        if (a < array->rank && w < weight->rank && array->shape[a] == (size_t)weight->shape[w])
            a++, w++;
        else if (a < array->rank && array->shape[a] == 1)
            a++;
        else if (w < weight->rank && weight->shape[w] == 1)
            w++;
        else
            return false;
    }
    return true;
}

const char *draft_wanted(Arena *arena, const struct lstmc_tensor *weight)
{
    size_t sizes[LSTMC_RANK_MAX] = { 0 };
    for (int d = 0; d < weight->rank; d++)
        sizes[d] = (size_t)weight->shape[d];
    return lua_sizes(arena, weight->rank, sizes);
}

static void place_layer(const Draft *draft, const DraftLayer *from, const Layer *layer, float *values)
{
    if (from->weight_count != layer->weight_count) {
        diagnostics_add(draft->diagnostics, draft->file, 0, "%s: there are %d weights for it, but a %s so described "
                        "has %d", from->found, from->weight_count, from->kind, layer->weight_count);
        return;
    }
    for (int i = 0; i < layer->weight_count; i++) {
        const struct lstmc_tensor *weight = layer->weights[i];
        const DraftArray *array = &from->weights[i];
        if (draft_fits(array, weight))
            memcpy(values + weight->offset, array->values, weight->count * sizeof *values);
        else
            diagnostics_add(draft->diagnostics, draft->file, 0, "%s: %s has the shape %s, but %s of the model has %s",
                            from->found, array->found, lua_sizes(draft->arena, array->rank, array->shape),
                            weight->name, draft_wanted(draft->arena, weight));
    }
}

/* The layer of the model that layer i of the draft has become; `ignore_mask = true` makes one of its own before it. */
static const Layer *next_layer(const Draft *draft, const Model *model, int i, int *at)
{
    const char *kind = draft->layers[i]->kind;
    while (*at < model->layer_count && strcmp(model->layers[*at].kind, kind) &&
           !strcmp(model->layers[*at].kind, "IgnoreMask"))
        ++*at;
    if (*at >= model->layer_count || strcmp(model->layers[*at].kind, kind))
        die("layer %d was written as %s, and read as %s", i, kind,
            *at < model->layer_count ? model->layers[*at].kind : "nothing");
    return &model->layers[(*at)++];
}

float *draft_weights(const Draft *draft, const Model *model)
{
    int before = diagnostics_count(draft->diagnostics);
    int at = 0;
    float *values = arena_array(draft->arena, float, model->descriptor.weight_count + 1);
    for (int i = 0; i < draft->layer_count; i++) {
        const Layer *layer = next_layer(draft, model, i, &at);
        if (!layer->shares)
            place_layer(draft, draft->layers[i], layer, values);
    }
    return diagnostics_count(draft->diagnostics) == before ? values : NULL;
}
