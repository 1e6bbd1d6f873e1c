/* export_window.c: in: convolutions and poolings of sequences and images.  out: Conv, MaxPool, AveragePool, with
 * channels first, as ONNX has them, and what turns that round. */
#include "export.h"

#include <string.h>

typedef struct Window {
    int axes;                           /* 1: of a sequence; 2: of an image */
    int64_t size[2], stride[2], dilation[2];
} Window;

/* One number for all axes, or a list. */
static void sizes_of(const Layer *layer, const char *name, int axes, int otherwise, int64_t *to)
{
    int list[2] = { 0 }, count = layer_list(layer, name, list, 2);
    int number = (int)layer_number(layer, name, 0);
    for (int d = 0; d < axes; d++)
        to[d] = count == axes ? list[d] : number > 0 ? number : otherwise;
}

/* {front..., behind...}, as much as the output says that there is. */
static void pads_of(const Layer *layer, const Window *window, int64_t *pads)
{
    const char *padding = layer_text(layer, "padding");
    for (int d = 0; d < window->axes; d++) {
        int64_t wide = (window->size[d] - 1) * window->dilation[d] + 1;
        int64_t all = (layer->output.extent[d] - 1) * window->stride[d] + wide - layer->input.extent[d];
        bool causal = padding && !strcmp(padding, "causal"), same = padding && !strcmp(padding, "same");
        pads[d] = causal ? wide - 1 : same && all > 0 ? all / 2 : 0;
        pads[window->axes + d] = same && all > 0 ? all - all / 2 : 0;
    }
}

/* [B, T, C] to [B, C, T] and back, [B, H, W, C] likewise. */
static const char *turned(OnnxExport *to, const ExportLayer *one, const char *x, const char *y, int axes, bool back)
{
    static const int64_t perms[2][2][4] = { { { 0, 2, 1 }, { 0, 2, 1 } }, { { 0, 3, 1, 2 }, { 0, 2, 3, 1 } } };
    return export_transposed(to, one, x, y, axes + 2, perms[axes - 1][back]);
}

static void set_window(OnnxExport *to, const ExportLayer *one, const Window *window, ExportNode *node)
{
    int64_t pads[4] = { 0 };
    pads_of(one->layer, window, pads);
    export_integers(to, node, "kernel_shape", window->size, window->axes);
    export_integers(to, node, "strides", window->stride, window->axes);
    export_integers(to, node, "pads", pads, 2 * window->axes);
}

static void convolution(OnnxExport *to, const ExportLayer *one, int axes)
{
    static const int perms[2][4] = { { 2, 1, 0 }, { 3, 2, 0, 1 } };
    const Layer *layer = one->layer;
    const struct lstmc_tensor *kernel = layer_weight(layer, "kernel");
    Window window = { .axes = axes };
    for (int d = 0; d < axes; d++)
        window.size[d] = kernel->shape[d];
    sizes_of(layer, "strides", axes, 1, window.stride);
    sizes_of(layer, "dilation_rate", axes, 1, window.dilation);
    const char *first = turned(to, one, one->x[0], export_flow(to, one, "channels_first"), axes, false);
    const char *sums = export_flow(to, one, "sums"), *last = export_flow(to, one, "channels_last");
    ExportNode *node = export_node(to, one, "Conv", sums, first, export_weight(to, kernel, perms[axes - 1]),
                                   export_weight(to, layer_weight(layer, "bias"), NULL), NULL);
    set_window(to, one, &window, node);
    export_integers(to, node, "dilations", window.dilation, axes);
    export_integer(to, node, "group", (int64_t)layer_number(layer, "groups", 1));
    export_activation(to, one, layer_text(layer, "activation"), turned(to, one, sums, last, axes, true), one->y);
}

static void pooling(OnnxExport *to, const ExportLayer *one, int axes)
{
    bool max = strstr(one->layer->kind, "Max") != NULL;
    Window window = { .axes = axes, .dilation = { 1, 1 } };
    sizes_of(one->layer, "pool_size", axes, 2, window.size);
    sizes_of(one->layer, "strides", axes, 0, window.stride);
    for (int d = 0; d < axes; d++)
        window.stride[d] = window.stride[d] ? window.stride[d] : window.size[d];
    const char *first = turned(to, one, one->x[0], export_flow(to, one, "channels_first"), axes, false);
    const char *pooled = export_flow(to, one, "pooled");
    set_window(to, one, &window, export_node(to, one, max ? "MaxPool" : "AveragePool", pooled, first, NULL));
    turned(to, one, pooled, one->y, axes, true);
}

/* Over all axes but the batch and the last one. */
static void global_pooling(OnnxExport *to, const ExportLayer *one, int axes)
{
    static const int64_t list[] = { 2, 3 };
    bool keeps = layer_flag(one->layer, "keepdims");
    const char *first = turned(to, one, one->x[0], export_flow(to, one, "channels_first"), axes, false);
    const char *y = keeps ? export_flow(to, one, "pooled") : one->y;
    ExportNode *node = export_node(to, one, strstr(one->layer->kind, "Max") ? "ReduceMax" : "ReduceMean", y, first,
                                   NULL);
    export_integers(to, node, "axes", list, axes);
    export_integer(to, node, "keepdims", keeps);
    if (keeps)
        turned(to, one, y, one->y, axes, true);
}

bool export_window(OnnxExport *to, const ExportLayer *one)
{
    const char *kind = one->layer->kind;
    int axes = strstr(kind, "2D") ? 2 : 1;
    if (!strcmp(kind, "Conv1D") || !strcmp(kind, "Conv2D"))
        convolution(to, one, axes);
    else if (!strncmp(kind, "MaxPooling", 10) || !strncmp(kind, "AveragePooling", 14))
        pooling(to, one, axes);
    else if (!strncmp(kind, "Global", 6))
        global_pooling(to, one, axes);
    else
        return false;
    if (to->stream)
        export_cannot(to, one->layer, "it sees several steps: what is exported step by step has recurrent layers, and "
                      "layers that see one");
    return true;
}
