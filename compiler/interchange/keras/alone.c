/* alone.c: in: a file of weights of Keras, whatever model it is of.  out: its layers in the draft, each with its
 * weights, for a description that is there. */
#include "keras.h"

#include <string.h>

#define LAYERS_MAX 2000

static void add(Keras *keras, const char *name, const char *path)
{
    Draft *draft = keras->draft;
    KerasPlace place = { .path = path, .name = name };
    DraftLayer *layer = draft_add(draft, "layer", name);
    layer->key = name;
    keras_weights_there(keras, layer, &place);
}

/* "layers/dense_1/vars/0" -> "layers/dense_1"; of a model in the model its own layers; NULL: of an optimizer, say. */
static const char *layer_path(Arena *arena, const char *name)
{
    static const char folder[] = "layers/";
    const char *last = NULL;
    for (const char *at = name; (at = strstr(at, folder)); at++)
        if (at == name || at[-1] == '/')
            last = at;
    if (!last || !strncmp(name, "optimizer/", 10) || !strncmp(name, "metrics/", 8))
        return NULL;
    const char *end = strchr(last + strlen(folder), '/');
    return end ? arena_format(arena, "%.*s", (int)(end - name), name) : NULL;
}

/* By name; the order of the model is not in the file. */
static void add_paths(Keras *keras)
{
    Draft *draft = keras->draft;
    const char *before = "";
    draft->unordered = true;
    for (int i = 0; i < keras->arrays->count && draft->layer_count < LAYERS_MAX; i++) {
        const char *path = layer_path(draft->arena, keras->arrays->tensors[i].name);
        if (!path || !strcmp(path, before))
            continue;
        bool known = false;
        for (int k = 0; k < draft->layer_count && !known; k++)
            known = !strcmp(draft->layers[k]->kind, path);
        before = path;
        if (known)
            continue;
        add(keras, arena_copy_text(draft->arena, strrchr(path, '/') + 1), path);
        draft->layers[draft->layer_count - 1]->kind = path;     /* what it is by is not known: so it is known again */
    }
}

static void add_names(Keras *keras)
{
    Draft *draft = keras->draft;
    json_t *names = keras_attribute(keras, arena_format(draft->arena, "%s@layer_names",
                                                        *keras->root ? "model_weights" : "")), *name;
    size_t i;
    json_array_foreach(names, i, name)
        if (json_is_string(name) && i < LAYERS_MAX)
            add(keras, printable_text(draft->arena, json_string_value(name)), "");
    json_decref(names);
}

void keras_weights_alone(Keras *keras)
{
    Draft *draft = keras->draft;
    draft->origin = arena_format(draft->arena, "Keras%s%s", *keras->version ? " " : "", keras->version);
    if (keras->layout == KERAS_NAMES)
        add_names(keras);
    else
        add_paths(keras);
    for (int i = 0; i < draft->layer_count; i++)
        if (draft->layers[i]->weight_count)
            return;
    draft_refuse(draft, "holds no weights of layers");
}
