/* export_layer.c: in: a layer of the model.  out: class_name and config, as Keras would have written them. */
#include "export.h"

#include "runtime/base/number.h"

#include <math.h>
#include <string.h>

static bool is_type(const CatalogueArgument *argument, const char *type)
{
    return !strcmp(argument->type, type);
}

/* What lstmc has and Keras has not: it may be there as long as it says nothing. */
static bool is_ours(const char *argument)
{
    static const char *const names[] = { "use_peepholes", "cell_clip", "projection", "initial_state", "truncate",
                                         "unbiased", "use_causal_mask", "causal", "lengths" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], argument))
            return true;
    return false;
}

/* "1 2 0 3" as [1, 2, 0, 3], or of pairs in pairs. */
static json_t *list_of(const char *text, int pairs)
{
    json_t *list = json_array(), *pair = NULL;
    for (size_t length; *(text += strspn(text, " ")); text += length) {
        double number = 0;
        length = strcspn(text, " ");
        lstmc_number_read(text, length, &number);
        if (pairs && (!pair || json_array_size(pair) == 2))
            json_array_append_new(list, pair = json_array());
        json_array_append_new(pairs ? pair : list, number == floor(number) ? json_integer((json_int_t)number)
                                                                           : json_real(number));
    }
    return list;
}

static json_t *number_of(const CatalogueArgument *argument, const Argument *value)
{
    if (is_type(argument, "size_1d") || is_type(argument, "size_2d"))
        return json_pack(is_type(argument, "size_1d") ? "[i]" : "[i, i]", (int)value->number, (int)value->number);
    bool whole = is_type(argument, "size") || is_type(argument, "count") || is_type(argument, "axis");
    return whole ? json_integer((json_int_t)value->number) : json_real(value->number);
}

static json_t *activation(const KerasExport *to, const Layer *layer, const char *name)
{
    bool old = to->style != KERAS_3, hard = !strcmp(name, "hard_sigmoid"), hard2 = !strcmp(name, "hard_sigmoid_keras2");
    for (int i = 0; i < to->model->own_activation_count; i++)
        if (!strcmp(to->model->own_activations[i].name, name))
            keras_cannot(to, layer, "its activation %s is the description's own", name);
    if (hard2 && old)
        return json_string("hard_sigmoid");
    if (hard2 || (hard && old))
        keras_cannot(to, layer, "the activation %s is not that of %s", name,
                     old ? "Keras 2 and TensorFlow.js, where it has another slope" : "Keras 3");
    return json_string(old && !strcmp(name, "silu") ? "swish" : name);
}

static json_t *text_of(const KerasExport *to, const Layer *layer, const CatalogueArgument *argument, const char *text)
{
    if (is_type(argument, "activation"))
        return activation(to, layer, text);
    if (is_type(argument, "border_2d"))
        return list_of(text, 2);
    bool list = is_type(argument, "size_2d") || is_type(argument, "border_1d") || !strncmp(argument->type, "axes", 4) ||
                is_type(argument, "target_shape") || is_type(argument, "numbers_1d");
    return list ? list_of(text, 0) : json_string(text);
}

static json_t *value_of(const KerasExport *to, const Layer *layer, const CatalogueArgument *argument)
{
    const Argument *value = layer_argument(layer, argument->name);
    if (is_type(argument, "initializer") || is_type(argument, "regularizer") || is_type(argument, "constraint"))
        return keras_export_object(to, layer, argument);
    if (!value)
        return NULL;
    if (value->kind == ARGUMENT_NUMBER)
        return number_of(argument, value);
    if (value->kind == ARGUMENT_TEXT)
        return text_of(to, layer, argument, value->text);
    bool nothing = value->number == 0 && !is_type(argument, "boolean");
    return nothing ? json_null() : json_boolean(value->number != 0);
}

static void add_arguments(const KerasExport *to, const Layer *layer, const CatalogueEntry *entry, json_t *config)
{
    for (int i = 0; i < entry->argument_count; i++) {
        const CatalogueArgument *argument = &entry->arguments[i];
        const Argument *value = layer_argument(layer, argument->name);
        bool quiet = is_type(argument, "later") || is_type(argument, "without_effect");
        if (is_ours(argument->name)) {
            if (value ? !value->is_default : !strcmp(argument->name, "initial_state"))
                keras_cannot(to, layer, "Keras has no argument %s", argument->name);
            continue;
        }
        if (quiet || (!argument->own && strcmp(argument->name, "activity_regularizer")))
            continue;
        json_t *json = value_of(to, layer, argument);
        bool silent = json_is_null(json) && (!argument->own || !strcmp(argument->name, "input_length") ||
                                             !strcmp(argument->name, "weights"));
        if (json && !silent)
            json_object_set_new(config, argument->name, json);
    }
}

/* ---- layers that own layers ---- */

static json_t *named(json_t *layer, const char *name)
{
    json_object_set_new(json_object_get(layer, "config"), "name", json_string(name));
    return layer;
}

/* "forward_lstm" is "lstm" in the configuration, of which Keras makes that name again. */
static void add_both_ways(const KerasExport *to, const Layer *layer, json_t *config)
{
    const Layer *forward = &layer->sublayers[0], *backward = &layer->sublayers[1];
    const char *name = strncmp(forward->name, "forward_", 8) ? forward->name : forward->name + 8;
    json_t *one = named(keras_export_layer(to, forward), name);
    json_object_set_new(config, "layer", one);
    if (to->style != TENSORFLOW_JS)
        json_object_set_new(config, "backward_layer", keras_export_layer(to, backward));
    json_t *same = json_deep_copy(json_object_get(one, "config"));
    json_t *other = json_object_get(keras_export_layer(to, backward), "config");
    for (int k = 0; k < 2; k++) {
        json_object_del(k ? same : other, "name");
        json_object_del(k ? same : other, "go_backwards");
    }
    if (to->style == TENSORFLOW_JS && !json_equal(same, other))
        keras_cannot(to, layer, "TensorFlow.js has no backward_layer");
}

static void add_owned(const KerasExport *to, const Layer *layer, json_t *config)
{
    if (!strcmp(layer->kind, "Bidirectional")) {
        add_both_ways(to, layer, config);
    } else if (!strcmp(layer->kind, "RNN")) {
        json_t *cells = json_array();
        for (int i = 0; i < layer->sublayer_count; i++)
            json_array_append_new(cells, keras_export_layer(to, &layer->sublayers[i]));
        json_object_set_new(config, "cell", layer->sublayer_count == 1
                            ? json_incref(json_array_get(cells, 0))
                            : json_pack("{s:s, s:{s:O, s:s}}", "class_name", "StackedRNNCells", "config", "cells",
                                        cells, "name", "stacked_rnn_cells"));
        json_decref(cells);
    } else if (!strcmp(layer->kind, "Sequential")) {
        json_t *layers = json_array();
        for (int i = 0; i < layer->sublayer_count; i++)
            json_array_append_new(layers, keras_export_layer(to, &layer->sublayers[i]));
        json_object_set_new(config, "layers", layers);
    } else if (layer->sublayer_count) {
        json_object_set_new(config, "layer", keras_export_layer(to, &layer->sublayers[0]));
    }
}

json_t *keras_export_layer(const KerasExport *to, const Layer *layer)
{
    const CatalogueEntry *entry = catalogue_layer(to->catalogue, layer->kind);
    bool model = !strcmp(layer->kind, "Sequential");
    json_t *config = json_pack("{s:s, s:b, s:s}", "name", layer->name, "trainable", layer->trainable, "dtype",
                               "float32");
    if (layer->custom)
        keras_cannot(to, layer, "it is the description's own, or owns one that is: Keras has no such layer");
    else if (!model && (!entry || !entry->keras))
        keras_cannot(to, layer, "Keras has no such layer");
    else if (to->style == TENSORFLOW_JS)
        keras_check_tfjs(to, layer);
    if (entry && !layer->custom)
        add_arguments(to, layer, entry, config);
    add_owned(to, layer, config);
    if (to->style == KERAS_3)
        return json_pack("{s:s, s:s, s:o, s:n}", "module", model ? "keras" : "keras.layers", "class_name", layer->kind,
                         "config", config, "registered_name");
    return json_pack("{s:s, s:o}", "class_name", layer->kind, "config", config);
}
