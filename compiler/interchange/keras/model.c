/* model.c: in: the configuration of a Keras model.  out: its layers in the draft, a chain or a graph; models in it
 * are taken apart. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define NESTED_MAX 8
#define LAYERS_MAX 2000

/* A call of the layer, or of all layers of the model that it is. */
static Made call(Scope *scope, json_t *json, const Reads *reads);

static bool open_scope(Scope *scope, Keras *keras, Scope *above, KerasPlace place, json_t *model)
{
    *scope = (Scope){ .keras = keras, .call = call, .above = above, .place = place,
                      .depth = above ? above->depth + 1 : 0, .model = model };
    if (scope->depth > NESTED_MAX)
        draft_refuse(keras->draft, "its models stand in each other more than %d deep", NESTED_MAX);
    return scope->depth <= NESTED_MAX;
}

static Made one_place(int place)
{
    return (Made){ { place }, 1 };
}

/* Each reads the one before; without `reads` the first of all has no Input of its own. */
static Made add_chain(Scope *scope, const Reads *reads)
{
    json_t *model = scope->model, *layers = keras_layers_of(model), *layer;
    Draft *draft = scope->keras->draft;
    Made last = reads ? one_place(reads->places[0]) : (Made){ .count = 0 };
    size_t i;
    json_array_foreach(layers, i, layer) {
        const char *kind = json_text(layer, "class_name");
        if (!kind) {
            draft_refuse(draft, "layer %zu has no class_name", i + 1);
            return (Made){ .count = 0 };
        }
        if (!last.count) {
            const char *name = keras_layer_name(layer);
            json_t *shape = keras_batch_shape(keras_is_model(kind) ? json_array_get(keras_layers_of(layer), 0) : layer);
            if (!shape)
                shape = json_object_get(json_object_get(json_object_get(model, "config"), "build_input_shape"), "");
            if (!shape)
                shape = json_object_get(json_object_get(model, "build_config"), "input_shape");
            keras_new_input(scope->keras, name ? name : "the first layer", NULL, shape);
            last = one_place(draft->layer_count - 1);
        }
        if (!strcmp(kind, "InputLayer")) {
            keras_count_input(scope);
            continue;
        }
        last = call(scope, layer, &(Reads){ .places = { last.places[0] }, .count = 1 });
        if (!last.count)
            return last;
    }
    return last;
}

static Made add_model(Scope *scope, const Reads *reads)
{
    const char *kind = json_text(scope->model, "class_name");
    json_t *layers = keras_layers_of(scope->model);
    if (!json_is_array(layers) || !json_array_size(layers)) {
        draft_refuse(scope->keras->draft, "there are no layers in its configuration");
        return (Made){ .count = 0 };
    }
    if (!strcmp(kind, "Sequential") && reads && reads->count != 1) {
        draft_refuse(scope->keras->draft, "%s, a Sequential in the model, reads %d outputs", scope->place.name,
                     reads->count);
        return (Made){ .count = 0 };
    }
    return !strcmp(kind, "Sequential") ? add_chain(scope, reads) : keras_add_graph(scope, reads);
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
    DraftLayer *said = layer->shares ? layer->shares : layer;
    bool comes = false;
    for (int i = 0; i < layer->from_count - layer->initial_count; i++)
        comes |= draft->layers[layer->from[i]]->masked;
    if (!strcmp(entry->mask, "makes"))
        layer->masked = strcmp(layer->kind, "Embedding") || value_of(said, "mask_zero");
    else if (!strcmp(entry->mask, "goes over"))
        layer->masked = comes && value_of(said, "return_sequences");
    else
        layer->masked = comes && (!strcmp(entry->mask, "passes") || !strcmp(entry->mask, "merges"));
    if (comes && !strcmp(entry->mask, "refuses") && !value_of(said, "ignore_mask")) {
        draft_argument(draft, said, "ignore_mask", "true");
        draft_note(draft, "%s drops the mask, as in Keras.", layer->found);
    }
}

/* The states behind the last step that somebody reads: outputs 1, 2 ... of the call. */
static void add_states(const Scope *scope, const json_t *json, const Reads *reads, Made *made)
{
    static const char *const one_way[] = { "h", "c" }, *const both_ways[] = { "forward_h", "forward_c", "backward_h",
                                                                              "backward_c" };
    Draft *draft = scope->keras->draft;
    int place = made->places[0];
    const DraftLayer *layer = draft->layers[place];
    json_t *config = json_object_get(json, "config");
    json_t *inner = json_object_get(json_object_get(config, "layer"), "config");
    bool both = !strcmp(layer->kind, "Bidirectional"), cells = !strcmp(layer->kind, "RNN");
    const char *kind = both ? json_text(json_object_get(config, "layer"), "class_name") : layer->kind;
    int count = cells ? READS_MAX - 1 : (1 + (kind && strstr(kind, "LSTM") != NULL)) * (1 + both);
    if (!json_is_true(json_object_get(both ? inner : config, "return_state")))
        return;
    for (int k = 1; k <= count; k++) {
        made->places[made->count++] = -1;
        if (!keras_is_read(scope, keras_layer_name(json), reads->call, k))
            continue;
        DraftLayer *state = draft_add(draft, "FinalState", layer->found);
        state->state = k - 1;
        state->state_name = cells ? arena_format(draft->arena, "state_%d", k)
                            : !both ? one_way[k - 1] : both_ways[count == 2 ? 2 * (k - 1) : k - 1];
        draft_read(draft, state, place);
        made->places[k] = draft->layer_count - 1;
    }
}

static KerasMade *find_made(const Keras *keras, const json_t *json)
{
    for (int i = 0; i < keras->made_count; i++)
        if (keras->made[i].json == json)
            return &keras->made[i];
    return NULL;
}

static const KerasMade *note_made(Scope *scope, json_t *json, const char *name)
{
    Keras *keras = scope->keras;
    KerasMade made = { .json = json, .place = keras_place_in(scope, json, name) };
    arena_append(keras->draft->arena, keras->made, keras->made_count, keras->made_capacity, made);
    return &keras->made[keras->made_count - 1];
}

/* The layer of a call; a further one has what was said of the first. NULL: it was said why. */
static DraftLayer *layer_of(Scope *scope, json_t *json, const KerasMade *before, const KerasPlace *place)
{
    Keras *keras = scope->keras;
    Draft *draft = keras->draft;
    if (before) {
        DraftLayer *first = before->layer, *again = first ? draft_add(draft, first->kind, first->found) : NULL;
        if (again)
            again->shares = first;
        return again;
    }
    DraftLayer *layer = keras_layer(keras, json);
    if (!layer)
        return NULL;
    find_made(keras, json)->layer = layer;
    layer->name = keras_own_name(draft->arena, json_text(json, "class_name"), keras_layer_name(json));
    if (keras->layout != KERAS_WITHOUT_WEIGHTS)
        keras_weights(keras, layer, json_object_get(json, "config"), place);
    return layer;
}

static Made call(Scope *scope, json_t *json, const Reads *reads)
{
    Keras *keras = scope->keras;
    Draft *draft = keras->draft;
    const char *kind = json_text(json, "class_name"), *name = keras_layer_name(json);
    if (!kind || !name) {
        draft_refuse(draft, "a layer has no class_name or no name");
        return (Made){ .count = 0 };
    }
    if (draft->layer_count > LAYERS_MAX) {
        draft_refuse(draft, "there are more than %d layers", LAYERS_MAX);
        return (Made){ .count = 0 };
    }
    const KerasMade *before = find_made(keras, json);
    const KerasPlace place = before ? before->place : note_made(scope, json, name)->place;
    if (keras_is_model(kind)) {
        Scope inside;
        return open_scope(&inside, keras, scope, place, json) ? add_model(&inside, reads) : (Made){ .count = 0 };
    }
    if (!reads->count) {
        draft_refuse(draft, "%s reads nothing", name);
        return (Made){ .count = 0 };
    }
    DraftLayer *layer = layer_of(scope, json, before, &place);
    if (!layer)
        return one_place(reads->places[0]);         /* it was said; what else is wrong is found as well */
    for (int i = 0; i < reads->count; i++)
        draft_read(draft, layer, reads->places[i]);
    layer->initial_count = reads->initial_count;
    settle_mask(draft, layer);
    Made made = one_place(draft->layer_count - 1);
    add_states(scope, json, reads, &made);
    return made;
}

void keras_draft(Keras *keras)
{
    Draft *draft = keras->draft;
    const char *kind = json_text(keras->model, "class_name");
    Scope scope;
    draft->origin = arena_format(draft->arena, "Keras%s%s", *keras->version ? " " : "", keras->version);
    if (!kind || !keras_is_model(kind)) {
        draft_refuse(draft, "its model is of the class %s: only Sequential and functional models say what is in them",
                     kind ? kind : "?");
        return;
    }
    if (!open_scope(&scope, keras, NULL, (KerasPlace){ .path = "" }, keras->model))
        return;
    Made last = add_model(&scope, NULL);
    if (last.count && !draft->output_count)
        arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, last.places[0]);
    if (keras->training)
        keras_training(keras);
}
