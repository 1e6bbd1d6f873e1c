/* export_paths.c: in: the weights of the model.  out: where each stands in a file. Keras 3 goes down the objects that
 * own them, lstm/cell/vars/0, classes counted from 0 in the list that they are in; before, they had names. */
#include "export.h"

#include <string.h>

static void add_group(const KerasExport *to, KerasArrays *arrays, const char *path)
{
    arena_append(to->arena, arrays->groups, arrays->group_count, arrays->group_capacity, path);
}

static void add_array(const KerasExport *to, KerasArrays *arrays, const struct lstmc_tensor *weight, const char *path,
                      const char *layer)
{
    KerasArray array = { weight, path, layer };
    arena_append(to->arena, arrays->list, arrays->count, arrays->capacity, array);
}

/* ---- KERAS_3 ---- */

static bool is_recurrent(const KerasExport *to, const Layer *layer)
{
    const CatalogueEntry *entry = catalogue_layer(to->catalogue, layer->kind);
    return entry && entry->recurrent && !layer->sublayer_count;
}

/* The part of a layer that a weight "query/kernel" is of: query_dense; NULL: the layer's own. */
static const char *part_of(const KerasExport *to, const Layer *layer, const struct lstmc_tensor *weight)
{
    const char *last = strrchr(weight->name, '/');
    if (strcmp(layer->kind, "MultiHeadAttention") || !last)
        return NULL;
    const char *begin = last;
    while (begin > weight->name && begin[-1] != '/')
        begin--;
    const char *part = arena_format(to->arena, "%.*s", (int)(last - begin), begin);
    return strcmp(part, "attention_output") ? arena_format(to->arena, "%s_dense", part) : "output_dense";
}

static void own_paths(const KerasExport *to, KerasArrays *arrays, const Layer *layer, int count, const char *path)
{
    const char *before = NULL;
    int number = 0;
    add_group(to, arrays, arena_format(to->arena, "%s/vars", path));
    for (int i = 0; i < count; i++) {
        const char *part = is_recurrent(to, layer) ? "cell" : part_of(to, layer, layer->weights[i]);
        number = i && (part == before || (part && before && !strcmp(part, before))) ? number + 1 : 0;
        before = part;
        add_array(to, arrays, layer->weights[i],
                  arena_format(to->arena, "%s%s%s/vars/%d", path, part ? "/" : "", part ? part : "", number),
                  layer->name);
    }
}

static void layer_paths(const KerasExport *to, KerasArrays *arrays, const Layer *layer, const char *path);

static const char *counted(const KerasExport *to, const Layer *layers, int place, const char *path)
{
    const char *snake = snake_case(to->arena, layers[place].kind);
    int before = 0;
    for (int i = 0; i < place; i++)
        before += !strcmp(layers[i].kind, layers[place].kind) && !layers[i].shares;
    return before ? arena_format(to->arena, "%s/%s_%d", path, snake, before)
                  : arena_format(to->arena, "%s/%s", path, snake);
}

static void list_paths(const KerasExport *to, KerasArrays *arrays, const Layer *layer, const char *path)
{
    for (int i = 0; i < layer->sublayer_count; i++)
        layer_paths(to, arrays, &layer->sublayers[i], counted(to, layer->sublayers, i, path));
}

static void layer_paths(const KerasExport *to, KerasArrays *arrays, const Layer *layer, const char *path)
{
    static const char *const both[] = { "forward_layer", "backward_layer" };
    int own = layer->weight_count;
    for (int i = 0; i < layer->sublayer_count; i++)
        own -= layer->sublayers[i].weight_count;
    own_paths(to, arrays, layer, own, path);
    if (!strcmp(layer->kind, "Bidirectional"))
        for (int k = 0; k < 2; k++)
            layer_paths(to, arrays, &layer->sublayers[k], arena_format(to->arena, "%s/%s", path, both[k]));
    else if (!strcmp(layer->kind, "Sequential"))
        list_paths(to, arrays, layer, arena_format(to->arena, "%s/layers", path));
    else if (!strcmp(layer->kind, "RNN") && layer->sublayer_count > 1)
        list_paths(to, arrays, layer, arena_format(to->arena, "%s/cell/cells", path));
    else if (layer->sublayer_count)
        layer_paths(to, arrays, &layer->sublayers[0],
                    arena_format(to->arena, "%s/%s", path, !strcmp(layer->kind, "RNN") ? "cell" : "layer"));
}

/* ---- before ---- */

/* TensorFlow.js knows the weights of the two ways by these prefixes, whatever the layers are called. */
static const char *name_both_ways(const KerasExport *to, const Layer *layer, int place)
{
    const Layer *forward = &layer->sublayers[0];
    const char *base = strncmp(forward->name, "forward_", 8) ? forward->name : forward->name + 8;
    return arena_format(to->arena, "%s/%sward_%s%s", layer->name, place < forward->weight_count ? "for" : "back", base,
                        strrchr(layer->weights[place]->name, '/'));
}

/* "time_distributed/dense/kernel", with ":0" behind it in HDF5. */
static void layer_names(const KerasExport *to, KerasArrays *arrays, const Layer *layer)
{
    bool both = to->style == TENSORFLOW_JS && !strcmp(layer->kind, "Bidirectional");
    for (int i = 0; i < layer->weight_count; i++)
        add_array(to, arrays, layer->weights[i],
                  both ? name_both_ways(to, layer, i)
                       : arena_format(to->arena, "%s%s", layer->weights[i]->name, to->style == KERAS_2 ? ":0" : ""),
                  layer->name);
}

void keras_export_arrays(const KerasExport *to, KerasArrays *arrays)
{
    *arrays = (KerasArrays){ 0 };
    for (int i = 0; i < to->model->layer_count; i++) {
        const Layer *layer = &to->model->layers[i];
        if (layer->shares || !strcmp(layer->kind, "IgnoreMask") || !strcmp(layer->kind, "FinalState"))
            continue;
        if (to->style != KERAS_3)
            layer_names(to, arrays, layer);
        else if (layer->from_count)
            layer_paths(to, arrays, layer, counted(to, to->model->layers, i, "layers"));
        else
            add_group(to, arrays, i ? arena_format(to->arena, "layers/input_layer_%d/vars", i)
                                    : "layers/input_layer/vars");
    }
}
