/* export_onnx.c: in: a model with its weights.  out: an ONNX file. */
#include "export_onnx.h"
#include "compiler/interchange/draft/exported.h"
#include "export.h"

#include <string.h>

static void add_input(OnnxExport *to, const Layer *layer)
{
    ExportTensor tensor = { .name = layer->name, .type = layer->vocabulary ? EXPORT_INT32 : EXPORT_FLOAT,
                            .rank = layer->output.rank + 1, .shape = { EXPORT_OPEN } };
    for (int d = 0; d < layer->output.rank; d++)
        tensor.shape[d + 1] = to->stream && d == 0 ? 1 : layer->output.extent[d];
    arena_append(to->arena, to->inputs, to->input_count, to->input_capacity, tensor);
}

static void add_output(OnnxExport *to, const Layer *layer)
{
    ExportTensor tensor = { .name = layer->name, .type = EXPORT_FLOAT, .rank = layer->output.rank + 1,
                            .shape = { EXPORT_OPEN } };
    for (int d = 0; d < layer->output.rank; d++)
        tensor.shape[d + 1] = to->stream && d == 0 && layer->output.rank > 1 ? 1 : layer->output.extent[d];
    arena_append(to->arena, to->outputs, to->output_count, to->output_capacity, tensor);
}

/* A recurrent layer has weights of its own for each call in the file: a layer that is shared has its constants once. */
static void add_layer(OnnxExport *to, int place)
{
    const Model *model = to->model;
    const Layer *layer = &model->layers[place];
    ExportLayer one = { .layer = layer, .x = arena_array(to->arena, const char *, layer->from_count + 1),
                        .x_count = layer->from_count, .y = layer->name };
    for (int i = 0; i < layer->from_count; i++)
        one.x[i] = model->layers[layer->from[i]].name;
    if (layer->custom)
        export_cannot(to, layer, "it is the description's own: ONNX has no such operator");
    else if (layer->makes_mask || layer->takes_mask)
        export_cannot(to, layer, "ONNX knows no masks");
    else if (!layer->from_count)
        add_input(to, layer);
    else if (!strcmp(layer->kind, "FinalState"))
        export_final_state(to, &one);
    else if (layer_argument(layer, "return_sequences") || !strcmp(layer->kind, "Bidirectional"))
        export_recurrent(to, &one);
    else if (!export_window(to, &one) && !export_attention(to, &one))
        export_layer(to, &one);
}

bool export_onnx(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, bool stream,
                 const char *path)
{
    int before = diagnostics_count(diagnostics);
    OnnxExport to = { .arena = arena, .diagnostics = diagnostics, .model = model, .weights = weights,
                      .stream = stream };
    for (int i = 0; i < model->layer_count; i++)
        add_layer(&to, i);
    if (diagnostics_count(diagnostics) > before)
        return false;
    ExportTensor *states = to.outputs;                  /* the model's own outputs stand in front of these */
    int state_count = to.output_count;
    to.outputs = NULL, to.output_count = to.output_capacity = 0;
    for (int i = 0; i < model->output_count; i++)
        add_output(&to, &model->layers[model->outputs[i]]);
    for (int i = 0; i < state_count; i++)
        arena_append(arena, to.outputs, to.output_count, to.output_capacity, states[i]);
    const char *why;
    size_t length = 0;
    char *bytes = export_bytes(&to, &length, &why);
    if (!bytes)
        diagnostics_add(diagnostics, path, 0, "%s", why);
    return bytes && write_exported(diagnostics, &(FileText){ path, bytes, length }, 1);
}
