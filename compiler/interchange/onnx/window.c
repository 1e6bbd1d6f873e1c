/* window.c: in: Conv, a pooling, or Pad.  out: the layer of ours, which has its channels last. */
#include "flow.h"

#include <string.h>

typedef struct Windows {            /* along one axis or two */
    int axes;
    int file_axes, left_out;        /* how many the file has, and which of them is none here; -1: all are */
    int64_t size[2], strides[2], dilations[2], before[2], behind[2];
    bool same, causal;              /* padding that has a name */
} Windows;

/* Of axis `a` of the windows; `behind`: in the second half of the list. */
static int64_t item(const OnnxNode *node, const char *name, const Windows *windows, int a, bool behind,
                    int64_t otherwise)
{
    const OnnxAttribute *attribute = onnx_attribute(node, name);
    int i = a + (windows->left_out >= 0 && a >= windows->left_out) + (behind ? windows->file_axes : 0);
    return attribute && i < attribute->number_count ? to_integer(attribute->numbers[i]) : otherwise;
}

static int64_t reach(const Windows *windows, int a)
{
    return (windows->size[a] - 1) * windows->dilations[a] + 1;
}

/* What Keras's "same" has in front and behind, of an extent of that size. */
static void same_padding(const Windows *windows, int a, int64_t extent, int64_t *before, int64_t *behind)
{
    int64_t all = (extent - 1) / windows->strides[a] * windows->strides[a] + reach(windows, a) - extent;
    all = all > 0 ? all : 0;
    *before = all / 2;
    *behind = all - *before;
}

static bool read_windows(Importer *importer, const Flow *flow, Windows *windows)
{
    const OnnxNode *node = importer->node;
    const char *automatic = onnx_text(node, "auto_pad", "NOTSET");
    bool fits = true;
    windows->axes = flow->atom_count - 2;
    for (int a = 0; a < windows->axes; a++) {
        Extent extent = flow->atoms[a + 1];
        int64_t before, behind;
        windows->size[a] = item(node, "kernel_shape", windows, a, false, windows->size[a]);
        windows->strides[a] = item(node, "strides", windows, a, false, 1);
        windows->dilations[a] = item(node, "dilations", windows, a, false, 1);
        windows->before[a] = item(node, "pads", windows, a, false, 0);
        windows->behind[a] = item(node, "pads", windows, a, true, 0);
        int64_t numbers[] = { windows->size[a], windows->strides[a], windows->dilations[a], windows->before[a] + 1,
                              windows->behind[a] + 1 };
        for (int k = 0; k < 5; k++)
            if (numbers[k] < 1 || numbers[k] > 100000)
                return cannot(importer, "its window is out of range");
        same_padding(windows, a, extent.size, &before, &behind);
        if (!strcmp(automatic, "VALID"))
            windows->before[a] = windows->behind[a] = 0;
        if (!strncmp(automatic, "SAME", 4)) {
            if (extent.text && windows->strides[a] > 1 && strcmp(automatic, "SAME_UPPER"))
                return cannot(importer, "its padding follows from an extent that is open");
            windows->before[a] = strcmp(automatic, "SAME_LOWER") ? before : behind;
            windows->behind[a] = strcmp(automatic, "SAME_LOWER") ? behind : before;
        }
        bool steady = !extent.text || windows->strides[a] == 1 || !strcmp(automatic, "SAME_UPPER");
        fits = fits && steady && windows->before[a] == before && windows->behind[a] == behind;
    }
    bool padded = windows->before[0] || windows->behind[0] || (windows->axes > 1 && (windows->before[1] ||
                                                                                      windows->behind[1]));
    windows->same = fits && padded;
    windows->causal = windows->axes == 1 && padded && !windows->behind[0] &&
                      windows->before[0] == reach(windows, 0) - 1;
    return true;
}

/* 3, or {3, 2} */
static const char *sizes_text(Arena *arena, const int64_t *sizes, int count)
{
    if (count == 1 || sizes[0] == sizes[1])
        return arena_format(arena, "%lld", (long long)sizes[0]);
    return arena_format(arena, "{%lld, %lld}", (long long)sizes[0], (long long)sizes[1]);
}

static Extent slid(Arena *arena, Extent extent, const Windows *windows, int a, bool same)
{
    int64_t strides = windows->strides[a];
    if (same)
        return extent_divided(arena, extent_plus(arena, extent, strides - 1), strides);
    return extent_plus(arena, extent_divided(arena, extent_plus(arena, extent, -reach(windows, a)), strides), 1);
}

/* Zeros around it, by a layer of their own. */
static bool add_zeros(Importer *importer, Flow *flow, const Windows *windows)
{
    Extent shape[SAMPLE_RANK_MAX];
    int rank = flow_shape(flow, shape);
    const char *text = "";
    for (int a = 0; a < windows->axes; a++) {
        shape[a] = flow->atoms[a + 1] =
            extent_plus(importer->arena, shape[a], windows->before[a] + windows->behind[a]);
        text = arena_format(importer->arena, "%s%s{%lld, %lld}", text, a ? ", " : "", (long long)windows->before[a],
                            (long long)windows->behind[a]);
    }
    Step *step = step_new(importer, windows->axes == 2 ? "ZeroPadding2D" : "ZeroPadding1D", rank, shape);
    step_argument(importer, step, NULL, windows->axes == 2 ? arena_format(importer->arena, "{%s}", text) : text);
    flow_through(importer, flow, step);
    return true;
}

/* An axis of extent 1 of an image, along which nothing happens: what remains is a sequence. tf2onnx writes a Conv1D
 * so. */
static void leave_out(Importer *importer, Flow *flow, const Array *kernel, Windows *windows)
{
    windows->left_out = -1;
    windows->file_axes = flow->rank - 2;
    for (int a = 0; a < 2 && flow->rank == 4 && windows->left_out < 0; a++) {
        int64_t size = item(importer->node, "kernel_shape", windows, a, false, kernel ? kernel->shape[2 + a] : 1);
        if (!flow->axes[2 + a].count && size == 1 && !item(importer->node, "pads", windows, a, false, 0) &&
            !item(importer->node, "pads", windows, a, true, 0) && flow->axes[3 - a].count &&
            flow_remove(importer, flow, 2 + a))
            windows->left_out = a;
    }
}

static void put_back(Flow *flow, const Windows *windows)
{
    if (windows->left_out >= 0)
        flow_insert(flow, 2 + windows->left_out);
}

static bool channels_last(Importer *importer, Flow *flow)
{
    int order[ONNX_RANK_MAX] = { 0 };
    if (flow->rank != 3 && flow->rank != 4)
        return cannot(importer, "what it reads has %d axes: there are layers for sequences and for images", flow->rank);
    for (int d = 2; d < flow->rank; d++)
        order[d - 1] = d;
    order[flow->rank - 1] = 1;
    return flow_arrange(importer, flow, order, flow->rank);
}

/* The step's windows, and the extents that are left. */
static Step *slide(Importer *importer, Flow *flow, const char *kind, const Windows *windows, Extent channels)
{
    Extent shape[SAMPLE_RANK_MAX];
    for (int a = 0; a < windows->axes; a++) {
        bool keeps = windows->same || windows->causal;
        shape[a] = slid(importer->arena, flow->atoms[a + 1], windows, a, keeps);
        if (shape[a].size < 1)
            cannot(importer, "its windows are wider than what it reads");
        flow->atoms[a + 1] = shape[a];
    }
    shape[windows->axes] = flow->atoms[windows->axes + 1] = channels;
    return step_new(importer, arena_format(importer->arena, "%s%dD", kind, windows->axes), windows->axes + 1, shape);
}

/* ---- Conv ---- */

/* [filters][channels][taps] of ONNX as [taps][channels][filters]. */
static void add_kernel(Importer *importer, Step *step, const Array *kernel)
{
    size_t filters = (size_t)kernel->shape[0], channels = (size_t)kernel->shape[1], shape[4];
    size_t taps = filters * channels > 0 ? kernel->count / (filters * channels) : 0;
    int axes = kernel->rank - 2;
    float *values = new_floats(importer, kernel->count);
    for (size_t f = 0; f < filters; f++)
        for (size_t c = 0; c < channels; c++)
            for (size_t k = 0; k < taps; k++)
                values[(k * channels + c) * filters + f] = (float)array_at(kernel, (f * channels + c) * taps + k);
    for (int a = 0; a < axes; a++)
        shape[a] = (size_t)kernel->shape[2 + a];
    shape[axes] = channels;
    shape[axes + 1] = filters;
    step_weight(importer, step, importer->node->inputs[1], axes + 2, shape, values);
}

static bool convolution(Importer *importer, Flow *flow)
{
    const Array *kernel = input_array(importer, 1), *bias = input_array(importer, 2);
    int64_t groups = (int64_t)onnx_number(importer->node, "group", 1), ones[] = { 1, 1 };
    Arena *arena = importer->arena;
    Windows windows = { .axes = 0 };
    if (!kernel || kernel->rank != flow->rank || !kernel->count || (input_value(importer, 2) && !bias))
        return cannot(importer, "its weights are not constants, or not of so many axes");
    Array taps = *kernel;
    leave_out(importer, flow, kernel, &windows);
    if (windows.left_out >= 0) {
        taps.rank = 3;
        taps.shape[2] = kernel->shape[3 - windows.left_out];
    }
    if (!channels_last(importer, flow))
        return false;
    for (int a = 0; a < flow->atom_count - 2; a++)
        windows.size[a] = taps.shape[2 + a];
    if (!read_windows(importer, flow, &windows))
        return false;
    if (groups < 1 || flow->atoms[flow->atom_count - 1].size != kernel->shape[1] * groups)
        return cannot(importer, "it reads %s channels, and its weights are for %lld",
                      extent_text(arena, flow->atoms[flow->atom_count - 1]), (long long)(kernel->shape[1] * groups));
    bool padded = windows.before[0] || windows.behind[0] || windows.before[1] || windows.behind[1];
    if (padded && !windows.same && !windows.causal && !add_zeros(importer, flow, &windows))
        return false;
    Step *step = slide(importer, flow, "Conv", &windows, extent_of(kernel->shape[0]));
    step_argument(importer, step, NULL, arena_format(arena, "%lld", (long long)kernel->shape[0]));
    step_argument(importer, step, NULL, sizes_text(arena, windows.size, windows.axes));
    if (memcmp(windows.strides, ones, (size_t)windows.axes * sizeof *ones))
        step_argument(importer, step, "strides", sizes_text(arena, windows.strides, windows.axes));
    if (windows.same || windows.causal)
        step_argument(importer, step, "padding", windows.same ? "\"same\"" : "\"causal\"");
    if (memcmp(windows.dilations, ones, (size_t)windows.axes * sizeof *ones))
        step_argument(importer, step, "dilation_rate", sizes_text(arena, windows.dilations, windows.axes));
    if (groups > 1)
        step_argument(importer, step, "groups", arena_format(arena, "%lld", (long long)groups));
    add_kernel(importer, step, &taps);
    step->takes_bias = !bias;
    step->takes_activation = true;
    if (bias)
        step_weight(importer, step, importer->node->inputs[2], 1, (size_t[]){ bias->count },
                    array_floats(importer, bias));
    flow_through(importer, flow, step);
    put_back(flow, &windows);
    return !importer->failed;
}

/* ---- pooling ---- */

static bool pooling(Importer *importer, Flow *flow)
{
    const OnnxNode *node = importer->node;
    bool largest = !strcmp(node->operation, "MaxPool");
    Windows windows = { .axes = 0, .size = { 1, 1 } };
    leave_out(importer, flow, NULL, &windows);
    if (!channels_last(importer, flow) || !read_windows(importer, flow, &windows))
        return false;
    windows.causal = false;
    bool padded = windows.before[0] || windows.behind[0] || windows.before[1] || windows.behind[1];
    if (has_output(importer, 1))
        return cannot(importer, "its second output, the places of the largest, is read");
    for (int a = 0; a < windows.axes; a++) {
        Extent extent = flow->atoms[a + 1];
        int64_t left = extent.size + windows.before[a] + windows.behind[a] - reach(&windows, a);
        if (windows.dilations[a] != 1)
            return cannot(importer, "its windows have dilations, which no layer has");
        if (onnx_number(node, "ceil_mode", 0) != 0 && (extent.text || left % windows.strides[a]))
            return cannot(importer, "ceil_mode: its last window goes beyond the end");
    }
    bool counted = !largest && padded && onnx_number(node, "count_include_pad", 0) != 0;
    if (padded && !windows.same && !counted)
        return cannot(importer, "its padding is not \"same\", and no pooling has another one");
    if (counted)
        windows.same = !add_zeros(importer, flow, &windows);
    Step *step = slide(importer, flow, largest ? "MaxPooling" : "AveragePooling", &windows,
                       flow->atoms[windows.axes + 1]);
    step_argument(importer, step, NULL, sizes_text(importer->arena, windows.size, windows.axes));
    if (memcmp(windows.strides, windows.size, (size_t)windows.axes * sizeof *windows.size))
        step_argument(importer, step, "strides", sizes_text(importer->arena, windows.strides, windows.axes));
    if (windows.same)
        step_argument(importer, step, "padding", "\"same\"");
    flow_through(importer, flow, step);
    put_back(flow, &windows);
    return !importer->failed;
}

/* Over all places: the axes that they had stay, with an extent of 1. */
static bool global_pooling(Importer *importer, Flow *flow)
{
    bool largest = !strcmp(importer->node->operation, "GlobalMaxPool");
    if (!channels_last(importer, flow))
        return false;
    Extent channels = flow->atoms[flow->atom_count - 1];
    Step *step = step_new(importer, arena_format(importer->arena, "Global%sPooling%dD", largest ? "Max" : "Average",
                                                 flow->rank - 2), 1, &channels);
    flow_through(importer, flow, step);
    for (int d = 2; d < flow->rank; d++)
        flow->axes[d] = (Axis){ 0 };
    flow->axes[1] = (Axis){ 1, { 1 } };
    flow->atoms[1] = channels;
    flow->atom_count = 2;
    return true;
}

/* ---- Pad ---- */

static bool pad(Importer *importer, Flow *flow)
{
    int64_t pads[2 * ONNX_RANK_MAX];
    int count = integers(importer, "pads", 1, pads, 2 * ONNX_RANK_MAX), order[ONNX_RANK_MAX], all[ONNX_RANK_MAX];
    const Array *number = input_array(importer, 2);
    Windows windows = { .axes = 0 };
    int ordered = 1;
    if (strcmp(onnx_text(importer->node, "mode", "constant"), "constant") ||
        (number ? number->count && array_at(number, 0) != 0 : onnx_number(importer->node, "value", 0) != 0))
        return cannot(importer, "it pads with other things than zeros");
    if (count != 2 * flow->rank || input_value(importer, 3))
        return cannot(importer, "its pads are not known, or not those of all axes");
    order[0] = batch_axis(flow);
    for (int d = 0; d < flow->rank; d++) {
        int64_t before = pads[d], behind = pads[flow->rank + d];
        if (!before && !behind)
            continue;
        if (before < 0 || behind < 0 || before > 100000 || behind > 100000 || d == order[0] || windows.axes == 2)
            return cannot(importer, "it pads the batch, or more than two axes, or takes away");
        windows.before[windows.axes] = before;
        windows.behind[windows.axes++] = behind;
        order[ordered++] = d;
    }
    if (!windows.axes)
        return true;
    for (int i = 0, n = flow_order(flow, all); i < n; i++) {
        bool there = false;
        for (int k = 0; k < ordered; k++)
            there |= order[k] == all[i];
        if (!there)
            order[ordered++] = all[i];
    }
    if (order[0] < 0 || ordered != windows.axes + 2)
        return cannot(importer, "there is no layer that pads such axes");
    return flow_arrange(importer, flow, order, ordered) && add_zeros(importer, flow, &windows);
}

bool import_window(Importer *importer)
{
    const char *operation = importer->node->operation;
    const Flow *from = input_flow(importer, 0);
    if (!from)
        return false;
    Flow flow = *from;
    bool done = !strcmp(operation, "Conv") ? convolution(importer, &flow)
                : !strcmp(operation, "Pad") ? pad(importer, &flow)
                : !strncmp(operation, "Global", 6) ? global_pooling(importer, &flow) : pooling(importer, &flow);
    if (done)
        set_flow(importer, 0, flow);
    return done;
}
