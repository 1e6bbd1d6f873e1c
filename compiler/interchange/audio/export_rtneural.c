/* export_rtneural.c: in: a chain of layers with their weights.  out: JSON of RTNeural, which computes sample by sample:
 * what needs more than the present sample and the state is refused. */
#include "compiler/interchange/draft/exported.h"
#include "audio.h"

#include <stdlib.h>
#include <string.h>

typedef struct Writer {
    Arena *arena;
    Diagnostics *diagnostics;
    const Model *model;
    const float *weights;
} Writer;

static void cannot(const Writer *writer, const Layer *layer, const char *why)
{
    diagnostics_add(writer->diagnostics, writer->model->file, layer->line, "%s (%s): RTNeural %s", layer->name,
                    layer->kind, why);
}

/* Nested lists from the axis on. */
static json_t *numbers(const float **values, int rank, const int *shape)
{
    if (rank == 0)
        return json_real((double)*(*values)++);
    json_t *list = json_array();
    for (int i = 0; i < shape[0]; i++)
        json_array_append_new(list, numbers(values, rank - 1, shape + 1));
    return list;
}

static json_t *array_of(const Writer *writer, const struct lstmc_tensor *weight)
{
    const float *values = writer->weights + weight->offset;
    return numbers(&values, weight->rank, weight->shape);
}

/* [null, steps, units] of a sequence, [null, units] of a vector. */
static json_t *shape_of(const Shape *shape)
{
    json_t *list = json_pack("[n]");
    for (int d = 0; d + 1 < shape->rank; d++)
        json_array_append_new(list, json_integer(shape->extent[d]));
    json_array_append_new(list, json_integer(shape->extent[shape->rank - 1]));
    return list;
}

static json_t *activation(const Writer *writer, const Layer *layer)
{
    static const char *const known[] = { "linear", "tanh", "relu", "sigmoid", "softmax", "elu" };
    const char *name = layer_text(layer, "activation");
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i], name))
            return json_string(i ? name : "");
    cannot(writer, layer, arena_format(writer->arena, "has no activation %s", name ? name : "of that kind"));
    return json_null();
}

static void add_weights(const Writer *writer, const Layer *layer, json_t *json)
{
    json_t *list = json_array();
    for (int i = 0; i < layer->weight_count; i++)
        json_array_append_new(list, array_of(writer, layer->weights[i]));
    json_object_set_new(json, "weights", list);
}

static void check(const Writer *writer, const Layer *layer, bool good, const char *why)
{
    if (!good)
        cannot(writer, layer, why);
}

static bool is_text(const Layer *layer, const char *argument, const char *text)
{
    const char *found = layer_text(layer, argument);
    return found && !strcmp(found, text);
}

static void recurrent(const Writer *writer, const Layer *layer, json_t *json)
{
    bool lstm = !strcmp(layer->kind, "LSTM");
    json_object_set_new(json, "type", json_string(lstm ? "lstm" : "gru"));
    json_object_set_new(json, "activation", json_string("tanh"));
    check(writer, layer, is_text(layer, "activation", "tanh") && is_text(layer, "recurrent_activation", "sigmoid"),
          "has no activations in a cell but tanh and sigmoid");
    check(writer, layer, layer_flag(layer, "use_bias"), "has no cell without a bias");
    check(writer, layer, layer_flag(layer, "return_sequences") && !layer_flag(layer, "go_backwards"),
          "gives an output for each sample, in their order: return_sequences = true");
    check(writer, layer, lstm || layer_flag(layer, "reset_after"), "has only the GRU with reset_after");
    check(writer, layer, is_text(layer, "initial_state", "zeros"), "begins with states of zero");
    check(writer, layer, !layer_flag(layer, "use_peepholes") && !layer_number(layer, "cell_clip", 0) &&
          !layer_number(layer, "projection", 0), "has no peepholes, clipping or projection");
}

static void convolution(const Writer *writer, const Layer *layer, json_t *json)
{
    int groups = (int)layer_number(layer, "groups", 1), width = (int)layer_number(layer, "kernel_size", 1);
    json_object_set_new(json, "type", json_string("conv1d"));
    json_object_set_new(json, "activation", activation(writer, layer));
    json_object_set_new(json, "kernel_size", json_pack("[i]", width));
    json_object_set_new(json, "dilation", json_pack("[i]", (int)layer_number(layer, "dilation_rate", 1)));
    json_object_set_new(json, "groups", json_integer(groups));
    check(writer, layer, is_text(layer, "padding", "causal") || width == 1, "has only causal convolutions");
    check(writer, layer, layer_number(layer, "strides", 1) == 1, "has no strides");
}

static void normalization(const Layer *layer, json_t *json)
{
    json_object_set_new(json, "type", json_string("batchnorm"));
    json_object_set_new(json, "activation", json_string(""));
    json_object_set_new(json, "epsilon", json_real(layer_number(layer, "epsilon", 0.001)));
}

static json_t *layer_json(const Writer *writer, const Layer *layer)
{
    json_t *json = json_pack("{s:o}", "shape", shape_of(&layer->output));
    const char *kind = layer->kind;
    if (layer->custom) {
        cannot(writer, layer, "has no such layer");
    } else if (!strcmp(kind, "Dense")) {
        json_object_set_new(json, "type", json_string("dense"));
        json_object_set_new(json, "activation", activation(writer, layer));
    } else if (!strcmp(kind, "LSTM") || !strcmp(kind, "GRU")) {
        recurrent(writer, layer, json);
    } else if (!strcmp(kind, "Conv1D")) {
        convolution(writer, layer, json);
    } else if (!strcmp(kind, "BatchNormalization")) {
        normalization(layer, json);
        check(writer, layer, layer->weight_count == 2 || layer->weight_count == 4,
              "has both center and scale, or neither");
    } else if (!strcmp(kind, "PReLU")) {
        json_object_set_new(json, "type", json_string("prelu"));
        check(writer, layer, layer->weights[0]->count <= (size_t)layer->output.extent[layer->output.rank - 1],
              "has one slope for a feature: shared_axes = {1}");
        add_weights(writer, layer, json);
        json_t *rows = json_object_get(json, "weights"), *alpha = json_array_get(rows, 0);
        if (layer->weights[0]->rank == 1)
            json_array_set_new(rows, 0, json_pack("[O]", alpha));
        return json;
    } else if (!strcmp(kind, "Activation")) {
        json_object_set_new(json, "type", json_string("activation"));
        json_object_set_new(json, "activation", activation(writer, layer));
    } else {
        cannot(writer, layer, "has no such layer");
    }
    add_weights(writer, layer, json);
    return json;
}

/* What prediction passes over. */
static bool is_noise(const Layer *layer)
{
    return strstr(layer->kind, "Dropout") || !strcmp(layer->kind, "GaussianNoise");
}

bool export_rtneural(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, const char *path)
{
    const Writer writer = { arena, diagnostics, model, weights };
    int before = diagnostics_count(diagnostics);
    json_t *layers = json_array();
    if (!model_is_chain(model) || model->output_count > 1)
        diagnostics_add(diagnostics, model->file, 0, "RTNeural has no graphs of layers, only chains");
    if (model->layers[0].output.rank > 2 || model->layers[0].vocabulary)
        cannot(&writer, &model->layers[0], "reads vectors, or sequences of them");
    for (int i = 1; i < model->layer_count; i++)
        if (!is_noise(&model->layers[i]))
            json_array_append_new(layers, layer_json(&writer, &model->layers[i]));
    if (!json_array_size(layers))
        diagnostics_add(diagnostics, model->file, 0, "there is no layer that computes: nothing to export");
    json_t *json = json_pack("{s:o, s:o}", "in_shape", shape_of(&model->layers[0].output), "layers", layers);
    bool good = diagnostics_count(diagnostics) == before;
    if (good) {
        char *text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        good = text && write_exported(diagnostics, &(FileText){ path, text, strlen(text) }, 1);
        free(text);
    }
    json_decref(json);
    return good;
}
