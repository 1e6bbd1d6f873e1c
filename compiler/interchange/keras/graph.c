/* graph.c: in: a functional model of Keras.  out: its layers in the draft, call by call, each with what it reads. */
#include "model.h"

#include <string.h>

/* ---- outputs of calls ---- */

static const Flow *find_flow(const Scope *scope, const char *name, int call, int output)
{
    for (int i = 0; i < scope->flow_count; i++) {
        const Flow *flow = &scope->flows[i];
        if (!strcmp(flow->name, name) && flow->call == call && flow->output == output)
            return flow;
    }
    return NULL;
}

static void add_flow(Scope *scope, const char *name, int call, int output, int layer)
{
    Flow flow = { name, call, output, layer };
    arena_append(scope->keras->draft->arena, scope->flows, scope->flow_count, scope->flow_capacity, flow);
}

/* ["name", call, output, {}] */
static bool is_flow(const json_t *node)
{
    return json_is_array(node) && json_is_string(json_array_get(node, 0)) && json_is_integer(json_array_get(node, 1)) &&
           json_is_integer(json_array_get(node, 2));
}

static bool mentions(const json_t *node, const char *name, int call, int output)
{
    const json_t *item;
    const char *key;
    size_t i;
    if (is_flow(node) && !strcmp(json_string_value(json_array_get(node, 0)), name) &&
        json_integer_value(json_array_get(node, 1)) == call && json_integer_value(json_array_get(node, 2)) == output)
        return true;
    json_object_foreach((json_t *)node, key, item)
        if (mentions(item, name, call, output))
            return true;
    json_array_foreach(node, i, item)
        if (mentions(item, name, call, output))
            return true;
    return false;
}

bool keras_is_read(const Scope *scope, const char *name, int call, int output)
{
    json_t *layers = keras_layers_of(scope->model), *layer;
    size_t i;
    json_array_foreach(layers, i, layer)
        if (mentions(json_object_get(layer, "inbound_nodes"), name, call, output))
            return true;
    return mentions(json_object_get(json_object_get(scope->model, "config"), "output_layers"), name, call, output);
}

/* ---- masks ---- */

/* Keras 3 writes what computes a mask as layers; the masks of a description travel by themselves. */
static bool computes_mask(const json_t *layer)
{
    const char *kind = json_text(layer, "class_name");
    return kind && (!strcmp(kind, "NotEqual") || !strcmp(kind, "Any"));
}

/* One that is given by name, and is not what Embedding or Masking have made, is no layer's here. */
static void check_mask(const Scope *scope, const char *layer, const json_t *mask)
{
    const json_t *history = json_object_get(json_object_get(mask, "config"), "keras_history");
    const char *name = json_string_value(json_array_get(history ? history : mask, 0));
    json_t *layers = keras_layers_of(scope->model), *one;
    size_t i;
    json_array_foreach(layers, i, one)
        if (name && keras_layer_name(one) && !strcmp(keras_layer_name(one), name) && !computes_mask(one))
            draft_refuse(scope->keras->draft, "%s is given %s as a mask, which is not imported", layer, name);
}

/* ---- what a call reads ---- */

static bool find_reads(const Scope *scope, const char *layer, const json_t *node, Reads *reads);

/* Of the arguments by name these are outputs of other calls; the others are options of a call. */
static bool find_named(const Scope *scope, const char *layer, const json_t *named, Reads *reads)
{
    static const char *const keys[] = { "inputs", "sequence", "sequences", "query", "value", "key", "initial_state" };
    check_mask(scope, layer, json_object_get(named, "mask"));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        int before = reads->count;
        if (!find_reads(scope, layer, json_object_get(named, keys[k]), reads))
            return false;
        if (!strcmp(keys[k], "initial_state"))
            reads->initial_count += reads->count - before;
    }
    return true;
}

static bool find_one(const Scope *scope, const char *layer, const json_t *node, Reads *reads)
{
    Draft *draft = scope->keras->draft;
    const char *name = json_string_value(json_array_get(node, 0));
    int call = (int)json_integer_value(json_array_get(node, 1));
    int output = (int)json_integer_value(json_array_get(node, 2));
    const Flow *flow = find_flow(scope, name, call, output);
    if (!flow && output && find_flow(scope, name, call, 0))
        draft_refuse(draft, "%s reads output %d of %s, which has none", layer, output + 1, name);
    else if (flow && reads->count == READS_MAX)
        draft_refuse(draft, "%s reads more than %d outputs", layer, READS_MAX);
    else if (flow)
        reads->places[reads->count++] = flow->layer;
    return flow && find_named(scope, layer, json_array_get(node, 3), reads);
}

/* Tensors as both versions have them somewhere inside; false: one of them is not there yet. */
static bool find_reads(const Scope *scope, const char *layer, const json_t *node, Reads *reads)
{
    const json_t *item, *history = json_object_get(json_object_get(node, "config"), "keras_history");
    size_t i;
    if (history)
        return find_reads(scope, layer, history, reads);
    if (is_flow(node))
        return find_one(scope, layer, node, reads);
    if (json_is_object(node))
        return find_reads(scope, layer, json_object_get(node, "args"), reads) &&
               find_named(scope, layer, json_object_get(node, "kwargs"), reads);
    json_array_foreach(node, i, item)
        if (!find_reads(scope, layer, item, reads))
            return false;
    return true;
}

/* ---- layers ---- */

/* A recurrent layer that lists several begins with the others; Keras 2 has no other way to say it. */
static void settle_reads(const Scope *scope, const json_t *layer, Reads *reads)
{
    const char *kind = json_text(layer, "class_name");
    const CatalogueEntry *entry = kind ? draft_kind(scope->keras->draft, keras_modern_kind(kind)) : NULL;
    bool begins = entry && (entry->recurrent || !strcmp(entry->name, "Bidirectional"));
    if (begins && !reads->initial_count && reads->count > 1)
        reads->initial_count = reads->count - 1;
}

/* The calls of a layer of which all is there that they read. */
static bool add_calls(Scope *scope, json_t *layer, bool *done)
{
    json_t *nodes = json_object_get(layer, "inbound_nodes"), *node;
    const char *name = keras_layer_name(layer);
    size_t call, made_calls = 0;
    json_array_foreach(nodes, call, node) {
        Reads reads = { .call = (int)call };
        int before = diagnostics_count(scope->keras->draft->diagnostics);
        if (find_flow(scope, name, (int)call, 0)) {
            made_calls++;
            continue;
        }
        if (!find_reads(scope, name, node, &reads)) {
            if (diagnostics_count(scope->keras->draft->diagnostics) > before)
                return false;
            continue;                           /* in a later round */
        }
        settle_reads(scope, layer, &reads);
        Made made = scope->call(scope, layer, &reads);
        if (!made.count)
            return false;
        for (int k = 0; k < made.count; k++)
            if (made.places[k] >= 0)
                add_flow(scope, name, (int)call, k, made.places[k]);
        made_calls++;
    }
    *done = made_calls == json_array_size(nodes);
    return true;
}

static bool add_inputs(Scope *scope, const Reads *reads, bool *done)
{
    json_t *layers = keras_layers_of(scope->model), *layer, *one;
    json_t *given = json_object_get(json_object_get(scope->model, "config"), "input_layers");
    Draft *draft = scope->keras->draft;
    size_t i, k;
    int inputs = 0;
    json_array_foreach(layers, i, layer)
        inputs += json_text(layer, "class_name") && !strcmp(json_text(layer, "class_name"), "InputLayer");
    if (reads && reads->count != inputs) {
        draft_refuse(draft, "%s, a model in the model, has %d inputs and reads %d outputs", scope->place.name, inputs,
                     reads->count);
        return false;
    }
    json_array_foreach(layers, i, layer) {
        const char *kind = json_text(layer, "class_name"), *name = keras_layer_name(layer);
        if (!kind || !name) {
            draft_refuse(draft, "layer %zu has no class_name or no name", i + 1);
            return false;
        }
        done[i] = computes_mask(layer);
        if (strcmp(kind, "InputLayer"))
            continue;
        keras_count_input(scope);
        int place = reads ? reads->places[0] : -1;
        json_array_foreach(is_flow(given) ? NULL : given, k, one)
            if (reads && k < (size_t)reads->count && is_flow(one) &&
                !strcmp(json_string_value(json_array_get(one, 0)), name))
                place = reads->places[k];
        if (!reads) {
            keras_add_input(scope, layer, inputs > 1);
            place = draft->layer_count - 1;
        }
        add_flow(scope, name, 0, 0, place);
        done[i] = true;
    }
    return true;
}

/* In the order in which the model names them: so the outputs of the draft are, or those that a call of the model
 * has. */
static Made find_outputs(Scope *scope, bool whole)
{
    Draft *draft = scope->keras->draft;
    Reads reads = { .count = 0 };
    Made made = { .count = 0 };
    json_t *outputs = json_object_get(json_object_get(scope->model, "config"), "output_layers");
    if (!find_reads(scope, "the model", outputs, &reads) || !reads.count) {
        draft_refuse(draft, "its output_layers are none of its layers");
        return made;
    }
    for (int i = 0; i < reads.count; i++) {
        made.places[made.count++] = reads.places[i];
        if (whole)
            arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, reads.places[i]);
    }
    return made;
}

Made keras_add_graph(Scope *scope, const Reads *reads)
{
    const Made nothing = { .count = 0 };
    json_t *layers = keras_layers_of(scope->model), *layer;
    Draft *draft = scope->keras->draft;
    size_t count = json_array_size(layers), i;
    bool *done = arena_array(draft->arena, bool, count + 1), more = true;
    if (!add_inputs(scope, reads, done))
        return nothing;
    while (more) {
        int before = scope->flow_count;
        json_array_foreach(layers, i, layer)
            if (!done[i] && !add_calls(scope, layer, &done[i]))
                return nothing;
        more = scope->flow_count > before;
    }
    for (i = 0; i < count; i++)
        if (!done[i]) {
            draft_refuse(draft, "%s reads a layer that is not there", keras_layer_name(json_array_get(layers, i)));
            return nothing;
        }
    return find_outputs(scope, !reads);
}
