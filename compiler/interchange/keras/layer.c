/* layer.c: in: class_name and config of a layer.  out: the layer of the draft, with the arguments that a person
 * would have written; everything that would change what it computes and cannot be said is refused. */
#include "keras.h"

#include <string.h>

/* They change how Keras runs, or say what the draft has from elsewhere. */
static const char *const passed_over[] = {
    "name", "trainable", "dtype", "dtype_policy", "batch_input_shape", "batch_shape", "input_shape", "build_config",
    "build_input_shape", "compile_config", "sparse", "ragged", "input_dtype", "optional", "registered_name", "module",
    "implementation", "unroll", "time_major", "dynamic", "quantization_config", "autocast", "seed", "consume_less",
    "input_length", "input_dim", "fused", "virtual_batch_size", "synchronized", "rank", "layers", "custom_objects",
    "lora_rank", "lora_alpha", "use_cudnn", "shared_object_id", "flash_attention", "supports_masking", "query_shape",
    "value_shape", "key_shape", "go_backwards_inner", "mask_split_heads", "weights",
};

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_number(value) && !json_number_value(value)) ||
           (json_is_array(value) && !json_array_size(value)) || (json_is_string(value) && !*json_string_value(value)) ||
           (json_is_object(value) && !json_object_size(value));
}

static void refuse_unknown(Keras *keras, const CatalogueEntry *entry, const char *found, json_t *config)
{
    const char *key;
    json_t *value;
    json_object_foreach(config, key, value) {
        bool known = is_nothing(value);
        for (size_t i = 0; !known && i < sizeof passed_over / sizeof *passed_over; i++)
            known = !strcmp(passed_over[i], key);
        for (int i = 0; !known && i < entry->argument_count; i++)
            known = !strcmp(entry->arguments[i].name, key);
        if (!known)
            draft_refuse(keras->draft, "%s: %s has no \"%s\" here, which is %s", found, entry->name, key,
                         json_shown(keras->draft->arena, value));
    }
    const json_t *type = json_object_get(config, "dtype");
    const char *name = json_is_object(type) ? json_text(json_object_get(type, "config"), "name")
                                            : json_string_value(type);
    if (name && (strstr(name, "16") || strstr(name, "64")))
        draft_note(keras->draft, "%s computed in %s; here everything is float32.", found, name);
}

/* Reshape{16, -1}: the list that is the only thing to say stands without braces of its own. */
static const char *without_braces(Arena *arena, const char *text)
{
    size_t length = strlen(text);
    return length > 2 && text[0] == '{' ? arena_format(arena, "%.*s", (int)length - 2, text + 1) : text;
}

static bool is_list(const CatalogueArgument *argument)
{
    return !strcmp(argument->type, "target_shape") || !strcmp(argument->type, "axes");
}

/* Steps of a pooling that are as wide as it is. */
static bool is_usual(const CatalogueEntry *entry, const CatalogueArgument *argument, const json_t *config)
{
    return !strcmp(argument->name, "strides") && strstr(entry->name, "Pooling") &&
           json_equal(json_object_get(config, "strides"), json_object_get(config, "pool_size"));
}

/* A layer that owns layers. */
static bool is_inner(const CatalogueArgument *argument)
{
    static const char *const types[] = { "recurrent", "layer", "cell", "cells" };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i], argument->type))
            return true;
    return false;
}

/* Cells in a list, or one. */
static const char *inner_text(Keras *keras, const json_t *value)
{
    Arena *arena = keras->draft->arena;
    const char *class = json_text(value, "class_name"), *text = "";
    if (!class || strcmp(class, "StackedRNNCells"))
        return keras_inner_layer(keras, (json_t *)value);
    json_t *cells = json_object_get(json_object_get(value, "config"), "cells"), *cell;
    size_t i;
    json_array_foreach(cells, i, cell) {
        const char *one = keras_inner_layer(keras, cell);
        if (!one)
            return NULL;
        text = arena_format(arena, "%s%s%s", text, i ? ", " : "", one);
    }
    return arena_format(arena, "{%s}", text);
}

/* The last axis, which Keras counts with that of the batch. */
static bool is_last_axis(const CatalogueArgument *argument, const json_t *value, const json_t *json)
{
    const json_t *shape = json_object_get(json_object_get(json, "build_config"), "input_shape");
    const json_t *axis = json_array_size(value) == 1 ? json_array_get(value, 0) : value;
    return !strcmp(argument->type, "axis") && json_is_integer(axis) && json_is_array(shape) &&
           json_integer_value(axis) == (json_int_t)json_array_size(shape) - 1;
}

static void add_arguments(Keras *keras, const CatalogueEntry *entry, DraftLayer *layer, json_t *config,
                          const json_t *json)
{
    Draft *draft = keras->draft;
    bool by_position = true;
    for (int i = 0; i < entry->argument_count; i++) {
        const CatalogueArgument *argument = &entry->arguments[i];
        bool common = !argument->own && strcmp(argument->name, "trainable") &&
                      strcmp(argument->name, "activity_regularizer");
        const json_t *value = json_object_get(config, argument->name);
        if (common || !strcmp(argument->name, "input_length") || !strcmp(argument->name, "weights") ||
            is_usual(entry, argument, config) || is_last_axis(argument, value, json))
            continue;
        const char *text = json_object_get(value, "class_name") && is_inner(argument)
                               ? inner_text(keras, value) : keras_argument(keras, layer->found, argument, value);
        by_position = by_position && text && argument->own &&
                      (argument->required || (i == 0 && strcmp(argument->type, "axis")));
        if (text)
            draft_argument(draft, layer, by_position ? NULL : argument->name,
                           by_position && is_list(argument) ? without_braces(draft->arena, text) : text);
        else if (argument->required && (!value || json_is_null(value)))
            draft_refuse(draft, "%s: its %s is not said", layer->found, argument->name);
    }
}

/* Numbers that tell objects of one file apart, wherever they stand. */
static void forget_identities(json_t *json)
{
    const char *key;
    json_t *value;
    json_object_del(json, "shared_object_id");
    json_object_foreach(json, key, value)
        if (json_is_object(value))
            forget_identities(value);
}

/* Bidirectional says that of the layers that it owns. */
static void settle_bidirectional(Keras *keras, const char *found, json_t *config)
{
    static const char *const keys[] = { "layer", "backward_layer" };
    json_t *inside[2];
    for (int k = 0; k < 2; k++) {
        inside[k] = json_object_get(json_object_get(config, keys[k]), "config");
        json_object_del(inside[k], "zero_output_for_mask");
    }
    if (json_object_get(config, "merge_mode") && json_is_null(json_object_get(config, "merge_mode")))
        draft_refuse(keras->draft, "%s: merge_mode = None makes two outputs, which are not imported", found);
    json_t *forward = json_deep_copy(inside[0]), *backward = json_deep_copy(inside[1]);
    for (int k = 0; k < 2; k++) {
        json_object_del(k ? backward : forward, "name");
        json_object_del(k ? backward : forward, "seed");
        forget_identities(k ? backward : forward);
    }
    json_object_set_new(forward, "go_backwards", json_boolean(!json_is_true(json_object_get(forward, "go_backwards"))));
    if (forward && backward && json_equal(forward, backward))
        json_object_del(config, "backward_layer");
    json_decref(forward);
    json_decref(backward);
}

static DraftLayer *described(Keras *keras, json_t *json)
{
    Draft *draft = keras->draft;
    const char *kind = json_text(json, "class_name");
    json_t *old = json_object_get(json, "config");
    const char *name = json_text(old, "name");
    const char *found = arena_format(draft->arena, "%s (%s)", name ? name : "a layer in it", kind ? kind : "?");
    const char *bare = kind && strrchr(kind, '>') ? strrchr(kind, '>') + 1 : kind;
    const CatalogueEntry *entry = bare ? draft_kind(draft, keras_modern_kind(bare)) : NULL;
    if (!entry) {
        draft_refuse(draft, "%s: %s", found, bare && !strcmp(bare, "Lambda")
                     ? "a Lambda holds Python's byte code, which is never read: write a layer of your own in its place"
                     : "lstmc has no such layer");
        return NULL;
    }
    json_t *config = keras_modern(keras, bare, old);
    if (!strcmp(entry->name, "Bidirectional"))
        settle_bidirectional(keras, found, config);
    DraftLayer *layer = arena_new(draft->arena, DraftLayer);
    *layer = (DraftLayer){ .kind = entry->name, .found = found, .key = name };
    refuse_unknown(keras, entry, found, config);
    add_arguments(keras, entry, layer, config, json);
    json_decref(config);
    return layer;
}

DraftLayer *keras_layer(Keras *keras, json_t *json)
{
    DraftLayer *layer = described(keras, json);
    if (layer)
        draft_append(keras->draft, layer);
    return layer;
}

const char *keras_inner_layer(Keras *keras, json_t *json)
{
    Draft *draft = keras->draft;
    const char *kind = json_text(json, "class_name"), *text = "";
    if (!kind || strcmp(kind, "Sequential")) {
        const DraftLayer *layer = described(keras, json);
        return layer ? draft_layer_text(draft, layer) : NULL;
    }
    json_t *config = json_object_get(json, "config"), *inside;
    size_t i;
    json_array_foreach(json_is_array(config) ? config : json_object_get(config, "layers"), i, inside) {
        const char *class = json_text(inside, "class_name");
        if (class && !strcmp(class, "InputLayer"))
            continue;
        const char *one = keras_inner_layer(keras, inside);
        if (one)
            text = arena_format(draft->arena, "%s%s%s", text, *text ? ", " : "", one);
    }
    return arena_format(draft->arena, "Sequential{%s}", text);
}
