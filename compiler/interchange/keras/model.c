/* model.c: in: the configuration of a Keras model.  out: its layers in the draft, a chain or a graph; models in it
 * are taken apart. */
#include "keras.h"

#include <stdlib.h>
#include <string.h>

#define NESTED_MAX 8
#define LAYERS_MAX 2000
#define READS_MAX 32
#define TIMESTEPS "100"

/* What Keras calls an output of a layer, and what the draft does: a place in its layers. */
typedef struct Flow {
    const char *name;
    int call;
    int layer;
} Flow;

typedef struct Scope {          /* of one model: names are those of its own layers */
    Keras *keras;
    struct Scope *above;
    KerasPlace place;           /* of the model, in those above */
    int depth;
    Flow *flows; int flow_count, flow_capacity;
    const char **counted; int counted_count, counted_capacity;  /* classes so far, in snake case */
} Scope;

/* ---- the shape of a sample ---- */

static json_t *batch_shape(const json_t *layer)
{
    static const char *const keys[] = { "batch_shape", "batch_input_shape" };
    json_t *config = json_object_get(layer, "config");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_is_array(json_object_get(config, keys[i])))
            return json_object_get(config, keys[i]);
    return json_object_get(json_object_get(layer, "build_config"), "input_shape");
}

/* Input{12, 3}; how long a sequence is may be open in Keras, and is not here. */
static void add_input(Keras *keras, const char *found, const char *name, const json_t *shape)
{
    Draft *draft = keras->draft;
    DraftLayer *input = draft_add(draft, draft->catalogue->input, arena_copy_text(draft->arena, found));
    size_t rank = json_array_size(shape);
    input->name = name;             /* of own_name */
    for (size_t d = 1; d < rank; d++) {
        const json_t *extent = json_array_get(shape, d);
        if (json_is_integer(extent)) {
            draft_argument(draft, input, NULL, lua_number(draft->arena, json_number_value(extent)));
        } else if (d == 1) {
            draft_argument(draft, input, NULL, draft_timesteps(draft, TIMESTEPS));
        } else {
            draft_refuse(draft, "%s: extent %zu of a sample is not known", found, d);
        }
    }
    if (rank < 2)
        draft_refuse(draft, "%s: the shape of a sample, %s, has no extents", found,
                     shape ? json_shown(draft->arena, shape) : "which is not there");
    double batch = json_number_value(json_array_get(shape, 0));
    if (batch >= 1)
        draft_argument(draft, input, "batch_size", lua_number(draft->arena, batch));
}

/* ---- where layers stand ---- */

/* Of the layers of one class each but the first has a number: lstm, lstm_1, whatever they are called. */
static const char *counted_path(Scope *scope, const char *kind)
{
    Arena *arena = scope->keras->draft->arena;
    const char *snake = snake_case(arena, kind);
    int before = 0;
    for (int i = 0; i < scope->counted_count; i++)
        before += !strcmp(scope->counted[i], snake);
    arena_append(arena, scope->counted, scope->counted_count, scope->counted_capacity, snake);
    const char *own = before ? arena_format(arena, "%s_%d", snake, before) : snake;
    return arena_format(arena, "%s%slayers/%s", scope->place.path, *scope->place.path ? "/" : "", own);
}

static KerasPlace place_in(Scope *scope, const json_t *layer, const char *name)
{
    const char *kind = json_text(layer, "class_name");
    KerasPlace place = { .path = counted_path(scope, kind), .name = name };
    if (scope->above)
        place = (KerasPlace){ place.path, scope->place.name, name };
    return place;
}

static const char *name_of(const json_t *layer)
{
    const char *name = json_text(json_object_get(layer, "config"), "name");
    return name ? name : json_text(layer, "name");
}

static bool is_model(const char *kind)
{
    return !strcmp(kind, "Sequential") || !strcmp(kind, "Functional") || !strcmp(kind, "Model");
}

static bool is_count(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Names that Keras has made of the class, lstm_3, and TensorFlow.js, lstm_LSTM3, say nothing. */
static const char *own_name(Arena *arena, const char *kind, const char *name)
{
    const char *snake = snake_case(arena, kind);
    size_t length = strlen(snake), letters = strlen(kind);
    if (!name || !is_name(name))
        return NULL;
    if (!strncasecmp(name, kind, letters) && strncmp(name, snake, length))
        length = letters;               /* Keras 1: convolution1d_2 of a Conv1D stays a name, gru_1 of a GRU does not */
    else if (strncmp(name, snake, length))
        return arena_copy_text(arena, name);
    const char *rest = name + length;
    if (*rest == '_' && !strncmp(rest + 1, kind, letters))
        rest += letters;
    return !*rest || (*rest == '_' && is_count(rest + 1)) || is_count(rest + 1) ? NULL : arena_copy_text(arena, name);
}

/* ---- layers ---- */

static bool open_scope(Scope *scope, Keras *keras, Scope *above, KerasPlace place)
{
    *scope = (Scope){ .keras = keras, .above = above, .place = place, .depth = above ? above->depth + 1 : 0 };
    if (scope->depth > NESTED_MAX)
        draft_refuse(keras->draft, "its models stand in each other more than %d deep", NESTED_MAX);
    return scope->depth <= NESTED_MAX;
}

/* The layer of the draft that makes what `reads` say; -1 if it could not be made. */
static int add_layer(Scope *scope, json_t *json, const int *reads, int read_count);

static json_t *layers_of(const json_t *model)
{
    json_t *config = json_object_get(model, "config");
    return json_is_array(config) ? config : json_object_get(config, "layers");
}

/* Each reads the one before; `from` -1: the first of all has no Input of its own. */
static int add_chain(Scope *scope, json_t *model, int from)
{
    json_t *layers = layers_of(model), *layer;
    Draft *draft = scope->keras->draft;
    size_t i;
    json_array_foreach(layers, i, layer) {
        const char *kind = json_text(layer, "class_name");
        if (!kind) {
            draft_refuse(draft, "layer %zu has no class_name", i + 1);
            return -1;
        }
        if (from < 0) {
            const char *name = name_of(layer);
            json_t *shape = batch_shape(is_model(kind) ? json_array_get(layers_of(layer), 0) : layer);
            if (!shape)
                shape = json_object_get(json_object_get(json_object_get(model, "config"), "build_input_shape"), "");
            if (!shape)
                shape = json_object_get(json_object_get(model, "build_config"), "input_shape");
            add_input(scope->keras, name ? name : "the first layer", NULL, shape);
            from = draft->layer_count - 1;
        }
        if (!strcmp(kind, "InputLayer"))
            counted_path(scope, kind);
        else if ((from = add_layer(scope, layer, &from, 1)) < 0)
            return -1;
    }
    return from;
}

/* ---- graphs ---- */

static const Flow *find_flow(const Scope *scope, const char *name, int call)
{
    for (int i = 0; i < scope->flow_count; i++)
        if (!strcmp(scope->flows[i].name, name) && scope->flows[i].call == call)
            return &scope->flows[i];
    return NULL;
}

static void add_flow(Scope *scope, const char *name, int call, int layer)
{
    Flow flow = { name, call, layer };
    arena_append(scope->keras->draft->arena, scope->flows, scope->flow_count, scope->flow_capacity, flow);
}

/* ["name", call, output, {}] as both versions have it somewhere inside; adds the places of the layers. */
static bool find_reads(const Scope *scope, const char *layer, const json_t *node, int *reads, int *count)
{
    Draft *draft = scope->keras->draft;
    const json_t *item;
    const char *key;
    size_t i;
    if (json_is_object(node)) {
        const json_t *history = json_object_get(node, "keras_history");
        if (history)
            return find_reads(scope, layer, history, reads, count);
        json_object_foreach((json_t *)node, key, item)
            if ((!strcmp(key, "args") || !strcmp(key, "config")) && !find_reads(scope, layer, item, reads, count))
                return false;
        return true;
    }
    if (!json_is_array(node))
        return true;
    const char *name = json_string_value(json_array_get(node, 0));
    if (name && json_is_integer(json_array_get(node, 1))) {
        const Flow *flow = find_flow(scope, name, (int)json_integer_value(json_array_get(node, 1)));
        if (!flow)
            return false;
        if (json_integer_value(json_array_get(node, 2)))
            draft_refuse(draft, "%s reads output %d of %s, a state, which is not imported", layer,
                         (int)json_integer_value(json_array_get(node, 2)) + 1, name);
        if (*count == READS_MAX)
            draft_refuse(draft, "%s reads more than %d outputs", layer, READS_MAX);
        else
            reads[(*count)++] = flow->layer;
        return true;
    }
    json_array_foreach(node, i, item)
        if (!find_reads(scope, layer, item, reads, count))
            return false;
    return true;
}

/* One layer with all of its calls, if what they read is there. */
static bool add_called(Scope *scope, json_t *layer, bool *done)
{
    json_t *nodes = json_object_get(layer, "inbound_nodes"), *node;
    const char *name = name_of(layer);
    size_t call;
    if (json_array_size(nodes) > 1) {
        draft_refuse(scope->keras->draft, "%s is called %zu times: a layer that is shared is not imported", name,
                     json_array_size(nodes));
        return false;
    }
    json_array_foreach(nodes, call, node) {
        int reads[READS_MAX], count = 0;
        if (!find_reads(scope, name, node, reads, &count))
            return true;                        /* in a later round */
        int made = add_layer(scope, layer, reads, count);
        if (made < 0)
            return false;
        add_flow(scope, name, (int)call, made);
    }
    *done = true;
    return true;
}

static bool add_graph_inputs(Scope *scope, json_t *layers, int from, bool *done)
{
    json_t *layer;
    size_t i;
    int inputs = 0;
    json_array_foreach(layers, i, layer)
        inputs += json_text(layer, "class_name") && !strcmp(json_text(layer, "class_name"), "InputLayer");
    json_array_foreach(layers, i, layer) {
        const char *kind = json_text(layer, "class_name"), *name = name_of(layer);
        if (!kind || !name) {
            draft_refuse(scope->keras->draft, "layer %zu has no class_name or no name", i + 1);
            return false;
        }
        if (strcmp(kind, "InputLayer"))
            continue;
        counted_path(scope, kind);
        if (from < 0)
            add_input(scope->keras, name, inputs > 1 ? own_name(scope->keras->draft->arena, "Input", name) : NULL,
                      batch_shape(layer));
        add_flow(scope, name, 0, from < 0 ? scope->keras->draft->layer_count - 1 : from);
        done[i] = true;
    }
    return true;
}

/* The outputs of the model become those of the draft, or the one that the layer above reads. */
static int graph_outputs(Scope *scope, json_t *model)
{
    Draft *draft = scope->keras->draft;
    int reads[READS_MAX], count = 0;
    if (!find_reads(scope, "the model", json_object_get(json_object_get(model, "config"), "output_layers"), reads,
                    &count) || !count) {
        draft_refuse(draft, "its output_layers are none of its layers");
        return -1;
    }
    if (scope->above && count > 1)
        draft_refuse(draft, "%s, a model in the model, has %d outputs: it is not imported", scope->place.name, count);
    if (!scope->above)
        for (int i = 0; i < count; i++)
            arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, reads[i]);
    return reads[count - 1];
}

static int add_graph(Scope *scope, json_t *model, int from)
{
    json_t *layers = layers_of(model), *layer;
    size_t count = json_array_size(layers), left = count, before = count + 1, i;
    bool *done = arena_array(scope->keras->draft->arena, bool, count + 1);
    if (!add_graph_inputs(scope, layers, from, done))
        return -1;
    while (left && left < before) {
        before = left;
        left = 0;
        json_array_foreach(layers, i, layer) {
            if (!done[i] && !add_called(scope, layer, &done[i]))
                return -1;
            left += !done[i];
        }
    }
    for (i = 0; i < count; i++)
        if (!done[i]) {
            draft_refuse(scope->keras->draft, "%s reads a layer that is not there",
                         name_of(json_array_get(layers, i)));
            return -1;
        }
    return graph_outputs(scope, model);
}

static int add_model(Scope *scope, json_t *model, int from)
{
    const char *kind = json_text(model, "class_name");
    if (!json_is_array(layers_of(model)) || !json_array_size(layers_of(model))) {
        draft_refuse(scope->keras->draft, "there are no layers in its configuration");
        return -1;
    }
    return !strcmp(kind, "Sequential") ? add_chain(scope, model, from) : add_graph(scope, model, from);
}

static const char *value_of(const DraftLayer *layer, const char *name)
{
    for (int i = 0; i < layer->argument_count; i++)
        if (layer->arguments[i].name && !strcmp(layer->arguments[i].name, name))
            return layer->arguments[i].text;
    return NULL;
}

/* What becomes of a mask; where Keras drops it with a warning, so does the description, in so many words. */
static void settle_mask(Draft *draft, DraftLayer *layer)
{
    const CatalogueEntry *entry = draft_kind(draft, layer->kind);
    bool comes = false;
    for (int i = 0; i < layer->from_count; i++)
        comes |= draft->layers[layer->from[i]]->masked;
    if (!strcmp(entry->mask, "makes"))
        layer->masked = strcmp(layer->kind, "Embedding") || value_of(layer, "mask_zero");
    else if (!strcmp(entry->mask, "goes over"))
        layer->masked = comes && value_of(layer, "return_sequences");
    else
        layer->masked = comes && (!strcmp(entry->mask, "passes") || !strcmp(entry->mask, "merges"));
    if (comes && !strcmp(entry->mask, "refuses")) {
        draft_argument(draft, layer, "ignore_mask", "true");
        draft_note(draft, "%s drops the mask, as in Keras.", layer->found);
    }
}

static int add_layer(Scope *scope, json_t *json, const int *reads, int read_count)
{
    Keras *keras = scope->keras;
    Draft *draft = keras->draft;
    const char *kind = json_text(json, "class_name"), *name = name_of(json);
    if (!kind || !name) {
        draft_refuse(draft, "a layer has no class_name or no name");
        return -1;
    }
    KerasPlace place = place_in(scope, json, name);
    if (draft->layer_count > LAYERS_MAX) {
        draft_refuse(draft, "there are more than %d layers", LAYERS_MAX);
        return -1;
    }
    if (is_model(kind)) {
        Scope inside;
        if (!open_scope(&inside, keras, scope, place))
            return -1;
        if (read_count != 1) {
            draft_refuse(draft, "%s, a model in the model, reads %d outputs: it is not imported", name, read_count);
            return -1;
        }
        return add_model(&inside, json, reads[0]);
    }
    DraftLayer *layer = keras_layer(keras, json);
    if (!layer)
        return reads[0];                        /* it was said; what else is wrong is found as well */
    layer->name = own_name(draft->arena, kind, name);
    for (int i = 0; i < read_count; i++)
        draft_read(draft, layer, reads[i]);
    if (keras->layout != KERAS_WITHOUT_WEIGHTS)
        keras_weights(keras, layer, json_object_get(json, "config"), &place);
    settle_mask(draft, layer);
    return draft->layer_count - 1;
}

void keras_draft(Keras *keras)
{
    Draft *draft = keras->draft;
    const char *kind = json_text(keras->model, "class_name");
    Scope scope;
    draft->origin = arena_format(draft->arena, "Keras%s%s", *keras->version ? " " : "", keras->version);
    if (!kind || !is_model(kind)) {
        draft_refuse(draft, "its model is of the class %s: only Sequential and functional models say what is in them",
                     kind ? kind : "?");
        return;
    }
    if (!open_scope(&scope, keras, NULL, (KerasPlace){ .path = "" }))
        return;
    int last = add_model(&scope, keras->model, -1);
    if (last >= 0 && !draft->output_count)
        arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, last);
    if (keras->training)
        keras_training(keras);
}
