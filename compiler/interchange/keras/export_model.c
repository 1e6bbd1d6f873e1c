/* export_model.c: in: the model.  out: its configuration: a chain as a Sequential, else a functional model. */
#include "export.h"
#include "compiler/front/catalogue.h"

#include <string.h>

static json_t *shape_of(const Shape *shape)
{
    json_t *list = json_pack("[n]");
    for (int d = 0; d < shape->rank; d++)
        json_array_append_new(list, json_integer(shape->extent[d]));
    return list;
}

/* With the size of a batch, if the Input says it. */
static json_t *batch_shape(const Layer *input)
{
    json_t *shape = shape_of(&input->output);
    int batch = (int)layer_number(input, "batch_size", 0);
    if (batch > 0)
        json_array_set_new(shape, 0, json_integer(batch));
    return shape;
}

static json_t *input_layer(const KerasExport *to, const Layer *layer)
{
    const char *key = to->style == KERAS_3 ? "batch_shape" : "batch_input_shape";
    json_t *config = json_pack("{s:o, s:s, s:b, s:s}", key, batch_shape(layer), "dtype", "float32", "sparse", 0,
                               "name", layer->name);
    if (layer->makes_mask)
        keras_cannot(to, layer, "Keras's Input knows no lengths: write Masking in the description");
    if (to->style != KERAS_3)
        return json_pack("{s:s, s:o}", "class_name", "InputLayer", "config", config);
    return json_pack("{s:s, s:s, s:o, s:n}", "module", "keras.layers", "class_name", "InputLayer", "config", config,
                     "registered_name");
}

/* A layer that reads itself, query, value and key in one: Keras calls it with several arguments, as no Sequential
 * does. */
static int times_read(const Layer *layer)
{
    bool attention = strstr(layer->kind, "Attention") != NULL;
    return attention && layer->from_count == 1 ? 2 : 1;
}

static bool is_chain(const Model *model)
{
    bool chain = model_is_chain(model) && model->output_count == 1;
    for (int i = 0; i < model->layer_count; i++)
        chain = chain && times_read(&model->layers[i]) == 1;
    return chain;
}

/* That has a place of its own in the file. */
static bool is_layer(const Layer *layer)
{
    return !layer->shares && strcmp(layer->kind, "IgnoreMask") && strcmp(layer->kind, "FinalState");
}

static json_t *exported(const KerasExport *to, const Layer *layer)
{
    if (!layer->from_count)
        return input_layer(to, layer);
    json_t *json = keras_export_layer(to, layer);
    if (to->style == KERAS_3)
        json_object_set_new(json, "build_config", json_pack("{s:o}", "input_shape", shape_of(&layer->input)));
    return json;
}

/* ---- what reads what ---- */

/* Keras drops a mask in silence where a layer has no use for it; so what drops it here is no layer there. A state is a
 * further output of the call that it is of. */
static int source_of(const Model *model, int place, int *output)
{
    const Layer *layer = &model->layers[place];
    *output = 0;
    if (!strcmp(layer->kind, "IgnoreMask"))
        return source_of(model, layer->from[0], output);
    if (strcmp(layer->kind, "FinalState"))
        return place;
    *output = 1 + (int)layer_number(layer, "number", 0);
    return layer->from[0];
}

static void check_dropped(const KerasExport *to, const Layer *layer)
{
    const CatalogueEntry *entry = catalogue_layer(to->catalogue, layer->kind);
    for (int i = 0; i < layer->from_count; i++) {
        bool drops = !strcmp(to->model->layers[layer->from[i]].kind, "IgnoreMask");
        if (drops && entry && strcmp(entry->mask, "refuses"))
            keras_cannot(to, layer, "Keras would go on with the mask that is dropped in front of it");
    }
}

/* The layer that a call is of, how many calls of it stand before, and which of its outputs it is. */
static const char *called(const Model *model, int place, int *call, int *output)
{
    place = source_of(model, place, output);
    const Layer *layer = &model->layers[place];
    const char *name = layer->shares ? layer->shares : layer->name;
    *call = 0;
    for (int i = 0; i < place; i++)
        *call += !strcmp(model->layers[i].name, name) ||
                 (model->layers[i].shares && !strcmp(model->layers[i].shares, name));
    return name;
}

static json_t *flow(const KerasExport *to, int place)
{
    int call, output;
    const char *name = called(to->model, place, &call, &output);
    if (to->style != KERAS_3)
        return json_pack("[s, i, i, {}]", name, call, output);
    return json_pack("{s:s, s:{s:o, s:s, s:[s, i, i]}}", "class_name", "__keras_tensor__", "config", "shape",
                     shape_of(&to->model->layers[place].output), "dtype", "float32",
                     "keras_history", name, call, output);
}

/* Begins with states of other calls. */
static bool is_given_states(const KerasExport *to, const Layer *layer)
{
    const CatalogueEntry *entry = catalogue_layer(to->catalogue, layer->kind);
    bool begins = !strcmp(layer->kind, "Bidirectional") || (entry && entry->recurrent);
    return begins && layer->from_count > 1;
}

/* One call: Keras 2 lists what is read, Keras 3 the arguments: a layer that merges has one, which is a list. */
static json_t *node_of(const KerasExport *to, const Layer *layer)
{
    json_t *list = json_array();
    for (int i = 0; i < layer->from_count; i++)
        for (int k = 0; k < times_read(layer); k++)
            json_array_append_new(list, flow(to, layer->from[i]));
    if (to->style != KERAS_3)
        return list;
    if (is_given_states(to, layer)) {
        json_t *x = json_incref(json_array_get(list, 0));
        json_array_remove(list, 0);
        return json_pack("{s:[o], s:{s:o}}", "args", x, "kwargs", "initial_state", list);
    }
    bool one = json_array_size(list) == 1, separate = !strcmp(layer->kind, "MultiHeadAttention");
    json_t *arguments = one || separate ? list : json_pack("[o]", list);
    return json_pack("{s:o, s:{}}", "args", arguments, "kwargs");
}

static json_t *nodes_of(const KerasExport *to, const Layer *layer)
{
    json_t *nodes = json_array();
    const Model *model = to->model;
    for (int i = 0; layer->from_count && i < model->layer_count; i++)
        if (&model->layers[i] == layer || (model->layers[i].shares && !strcmp(model->layers[i].shares, layer->name)))
            json_array_append_new(nodes, node_of(to, &model->layers[i]));
    return nodes;
}

static json_t *ends(const KerasExport *to, const int *places, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        int call, output;
        const char *name = called(to->model, places[i], &call, &output);
        json_array_append_new(list, json_pack("[s, i, i]", name, call, output));
    }
    return list;
}

static json_t *functional(const KerasExport *to, json_t *layers)
{
    const Model *model = to->model;
    for (int i = 0, at = 0; i < model->layer_count; i++)
        if (is_layer(&model->layers[i])) {
            json_t *layer = json_array_get(layers, (size_t)at++);
            json_object_set_new(layer, "name", json_string(model->layers[i].name));
            json_object_set_new(layer, "inbound_nodes", nodes_of(to, &model->layers[i]));
        }
    json_t *config = json_pack("{s:s, s:b, s:o, s:o, s:o}", "name", model->descriptor.name, "trainable", 1, "layers",
                               layers, "input_layers", ends(to, model->inputs, model->input_count), "output_layers",
                               ends(to, model->outputs, model->output_count));
    if (to->style != KERAS_3)
        return json_pack("{s:s, s:o}", "class_name", to->style == TENSORFLOW_JS ? "Model" : "Functional", "config",
                         config);
    return json_pack("{s:s, s:s, s:o, s:s}", "module", "keras.src.models.functional", "class_name", "Functional",
                     "config", config, "registered_name", "Functional");
}

json_t *keras_export_model(const KerasExport *to)
{
    const Model *model = to->model;
    json_t *layers = json_array();
    for (int i = 0; i < model->layer_count; i++)
        if (is_layer(&model->layers[i])) {
            check_dropped(to, &model->layers[i]);
            json_array_append_new(layers, exported(to, &model->layers[i]));
        }
    if (!is_chain(model))
        return functional(to, layers);
    json_t *config = json_pack("{s:s, s:o}", "name", model->descriptor.name, "layers", layers);
    if (to->style != KERAS_3)
        return json_pack("{s:s, s:o}", "class_name", "Sequential", "config", config);
    json_object_set_new(config, "trainable", json_true());
    json_object_set_new(config, "dtype", json_string("float32"));
    json_object_set_new(config, "build_input_shape", shape_of(&model->layers[0].output));
    return json_pack("{s:s, s:s, s:o, s:n, s:{s:o}}", "module", "keras", "class_name", "Sequential", "config", config,
                     "registered_name", "build_config", "input_shape", shape_of(&model->layers[0].output));
}

/* ---- what compile was told ---- */

static void add_number(const KerasExport *to, json_t *config, const CatalogueEntry *entry, const char *name,
                       float value)
{
    for (int i = 0; i < entry->argument_count; i++)
        if (!strcmp(entry->arguments[i].name, name)) {
            bool off = value == 0 && strstr(name, "clip");
            json_object_set_new(config, name, off ? json_null() : json_real(plain_number(to->arena, value)));
        }
}

static json_t *optimizer_of(const KerasExport *to)
{
    static const char *const classes[] = {
        [LSTMC_SGD] = "SGD", [LSTMC_RMSPROP] = "RMSprop", [LSTMC_ADAM] = "Adam", [LSTMC_ADAMW] = "AdamW",
        [LSTMC_ADAGRAD] = "Adagrad", [LSTMC_ADADELTA] = "Adadelta", [LSTMC_ADAMAX] = "Adamax", [LSTMC_NADAM] = "Nadam",
        [LSTMC_LION] = "Lion",
    };
    const struct lstmc_optimizer *o = &to->model->descriptor.optimizer;
    const struct { const char *name; float value; } numbers[] = {
        { "learning_rate", o->learning_rate }, { "momentum", o->momentum }, { "rho", o->rho }, { "beta_1", o->beta_1 },
        { "beta_2", o->beta_2 }, { "epsilon", o->epsilon }, { "weight_decay", o->weight_decay },
        { "initial_accumulator_value", o->initial_accumulator_value }, { "clipnorm", o->clipnorm },
        { "clipvalue", o->clipvalue }, { "global_clipnorm", o->global_clipnorm },
    };
    json_t *config = json_object();
    for (int i = 0; i < to->catalogue->optimizer_count; i++) {
        const CatalogueEntry *entry = &to->catalogue->optimizers[i];
        if (strcmp(entry->name, classes[o->kind]))
            continue;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            add_number(to, config, entry, numbers[k].name, numbers[k].value);
    }
    if (o->nesterov)
        json_object_set_new(config, "nesterov", json_true());
    if (o->centered)
        json_object_set_new(config, "centered", json_true());
    if (o->amsgrad)
        json_object_set_new(config, "amsgrad", json_true());
    if (to->style == KERAS_3)
        return json_pack("{s:s, s:s, s:o, s:n}", "module", "keras.optimizers", "class_name", classes[o->kind], "config",
                         config, "registered_name");
    return json_pack("{s:s, s:o}", "class_name", classes[o->kind], "config", config);
}

static const char *long_name(const char *loss)
{
    static const struct { const char *ours, *keras; } names[] = {
        { "mse", "mean_squared_error" }, { "mae", "mean_absolute_error" }, { "mape", "mean_absolute_percentage_error" },
        { "msle", "mean_squared_logarithmic_error" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].ours, loss))
            return names[i].keras;
    return loss;
}

/* Metrics of ours alone would stop Keras from reading the rest. */
static bool is_metric_of_keras(const char *name)
{
    const Catalogue *known = catalogue_read();
    for (int i = 0; i < known->metric_count; i++)
        if (!strcmp(known->metrics[i].text ? known->metrics[i].text : "", name))
            return known->metrics[i].keras != NULL;
    return true;
}

json_t *keras_export_training(const KerasExport *to)
{
    const Model *model = to->model;
    json_t *metrics = json_array();
    /* whose CTC knows no other blank than 0 */
    if (!model->loss || model->loss_is_custom || model->losses || lstmc_blank(&model->descriptor) > 0) {
        json_decref(metrics);
        return NULL;
    }
    for (int i = 0; i < model->metric_count; i++)
        if (is_metric_of_keras(model->metrics[i]))
            json_array_append_new(metrics, json_string(model->metrics[i]));
    return json_pack("{s:o, s:s, s:n, s:o, s:n}", to->style == KERAS_3 ? "optimizer" : "optimizer_config",
                     optimizer_of(to), "loss", long_name(model->loss), "loss_weights", "metrics", metrics,
                     "weighted_metrics");
}
