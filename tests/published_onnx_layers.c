/* published_onnx_layers.c: node tests of convolution, pooling, normalisation and a few others as our layers: ONNX's channels come first, ours last. */
#include "published_onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a node reads: an input of the test, or one that the model brings along. */
static const struct onnx_tensor *operand(const Files *files, const struct onnx_node *node, int number)
{
    if (number >= node->input_count)
        return NULL;
    for (int i = 0; i < files->model.initializer_count; i++)
        if (!strcmp(files->model.initializers[i].name, node->inputs[number]))
            return &files->model.initializers[i];
    return number < files->input_count ? &files->inputs[number] : NULL;
}

static size_t places_of(const struct onnx_tensor *tensor, int from)
{
    size_t count = 1;
    for (int d = from; d < tensor->rank; d++)
        count *= tensor->dims[d];
    return count;
}

/* [samples][channels][places...] in and out, as ours. */
static void set_channels_last(struct published_case *one, const struct onnx_tensor *x, const struct onnx_tensor *y)
{
    double *in = onnx_axis_last(x->values, x->dims[0], x->dims[1], places_of(x, 2));
    double *out = onnx_axis_last(y->values, y->dims[0], y->dims[1], places_of(y, 2));
    onnx_set_x(one, in, x->count, (int)x->dims[0]);
    onnx_set_expected(one, out, y->count);
    free(in);
    free(out);
}

static void add_input(struct published_case *one, const struct onnx_tensor *x)
{
    if (x->rank == 4)
        published_add_line(one, "  Input{%zu, %zu, %zu},", x->dims[2], x->dims[3], x->dims[1]);
    else
        published_add_line(one, "  Input{%zu, %zu},", x->dims[2], x->dims[1]);
}

/* ---- windows ---- */

typedef struct Windows {            /* along each of one or two axes */
    int axes;
    int size[2], strides[2], dilations[2], before[2], after[2];
} Windows;

static int item(const struct onnx_node *node, const char *name, int number, int otherwise)
{
    const struct onnx_attribute *attribute = published_attribute(node, name);
    return attribute && number < attribute->integer_count ? (int)attribute->integers[number] : otherwise;
}

/* SAME_LOWER has the larger half in front. */
static Windows windows_of(const struct onnx_node *node, const struct onnx_tensor *x)
{
    Windows windows = { .axes = x->rank - 2 };
    const struct onnx_attribute *automatic = published_attribute(node, "auto_pad");
    for (int a = 0; a < windows.axes && a < 2; a++) {
        windows.size[a] = item(node, "kernel_shape", a, 1);
        windows.strides[a] = item(node, "strides", a, 1);
        windows.dilations[a] = item(node, "dilations", a, 1);
        windows.before[a] = item(node, "pads", a, 0);
        windows.after[a] = item(node, "pads", windows.axes + a, 0);
        if (!automatic || strncmp(automatic->text, "SAME", 4))
            continue;
        int extent = (int)x->dims[2 + a], reach = (windows.size[a] - 1) * windows.dilations[a] + 1;
        int total = (extent - 1) / windows.strides[a] * windows.strides[a] + reach - extent;
        total = total > 0 ? total : 0;
        windows.before[a] = strcmp(automatic->text, "SAME_LOWER") ? total / 2 : total - total / 2;
        windows.after[a] = total - windows.before[a];
    }
    return windows;
}

static int is_padded(const Windows *w)
{
    return w->before[0] || w->before[1] || w->after[0] || w->after[1];
}

static void add_padding(struct published_case *one, const Windows *w)
{
    if (is_padded(w) && w->axes == 2)
        published_add_line(one, "  ZeroPadding2D{{{%d, %d}, {%d, %d}}},", w->before[0], w->after[0], w->before[1], w->after[1]);
    else if (is_padded(w))
        published_add_line(one, "  ZeroPadding1D{{%d, %d}},", w->before[0], w->after[0]);
}

/* {3}, or {3, 2}. */
static const char *sizes(char text[40], const int *of, int axes)
{
    snprintf(text, 40, axes == 2 ? "{%d, %d}" : "{%d}", of[0], of[1]);
    return text;
}

/* [filters][channels][taps] as ours, [taps][channels][filters]. */
static void add_kernel(struct published_case *one, const struct onnx_tensor *w)
{
    size_t filters = w->dims[0], channels = w->dims[1], taps = places_of(w, 2);
    double *kernel = published_allocate(w->count, sizeof *kernel);
    for (size_t f = 0; f < filters; f++)
        for (size_t c = 0; c < channels; c++)
            for (size_t k = 0; k < taps; k++)
                kernel[(k * channels + c) * filters + f] = w->values[(f * channels + c) * taps + k];
    published_add_numbers(one, kernel, w->count);
    free(kernel);
}

static void convolution_case(struct published_case *one, const Files *files)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *x = &files->inputs[0], *w = operand(files, node, 1), *bias = operand(files, node, 2);
    Windows windows = windows_of(node, x);
    char size[40], strides[40], dilations[40];
    onnx_begin(one);
    add_input(one, x);
    add_padding(one, &windows);
    published_add_line(one, "  Conv%dD{%zu, %s, strides = %s, dilation_rate = %s, groups = %d, use_bias = %s},", windows.axes, w->dims[0],
                       sizes(size, windows.size, windows.axes), sizes(strides, windows.strides, windows.axes),
                       sizes(dilations, windows.dilations, windows.axes), (int)published_number(node, "group", 1), bias ? "true" : "false");
    onnx_end(one, "\"mse\"", (int)x->dims[0]);
    add_kernel(one, w);
    if (bias)
        published_add_numbers(one, bias->values, bias->count);
    set_channels_last(one, x, &files->outputs[0]);
}

static void pooling_case(struct published_case *one, const Files *files, const struct onnx_node *node)
{
    const struct onnx_tensor *x = &files->inputs[0];
    Windows windows = windows_of(node, x);
    char size[40], strides[40];
    if (is_padded(&windows)) {
        onnx_skip(one, "padding that Keras's pooling does not have");
        return;
    }
    onnx_begin(one);
    add_input(one, x);
    published_add_line(one, "  %sPooling%dD{%s, strides = %s},", strncmp(node->operation, "Max", 3) ? "Average" : "Max", windows.axes,
                       sizes(size, windows.size, windows.axes), sizes(strides, windows.strides, windows.axes));
    onnx_end(one, "\"mse\"", (int)x->dims[0]);
    set_channels_last(one, x, &files->outputs[0]);
}

static void global_pooling_case(struct published_case *one, const Files *files)
{
    const struct onnx_tensor *x = &files->inputs[0];
    const char *how = strncmp(files->model.nodes[0].operation, "GlobalMax", 9) ? "Average" : "Max";
    onnx_begin(one);
    add_input(one, x);
    published_add_line(one, "  Global%sPooling%dD{keepdims = true},", how, x->rank - 2);
    onnx_end(one, "\"mse\"", (int)x->dims[0]);
    set_channels_last(one, x, &files->outputs[0]);
}

/* PyTorch wraps a pooling over steps in one of images that are one pixel wide. */
static const struct onnx_node *pooling_in(const struct onnx_model *model)
{
    for (int i = 0; i < model->node_count; i++)
        if (!strcmp(model->nodes[i].operation, "MaxPool") || !strcmp(model->nodes[i].operation, "AveragePool"))
            return &model->nodes[i];
    return NULL;
}

int onnx_window_case(struct published_case *one, const Files *files)
{
    const char *operation = files->model.nodes[0].operation;
    const struct onnx_node *pooling = pooling_in(&files->model);
    if (!strcmp(operation, "Conv"))
        convolution_case(one, files);
    else if (!strncmp(operation, "Global", 6))
        global_pooling_case(one, files);
    else if (pooling)
        pooling_case(one, files, pooling);
    return !strcmp(operation, "Conv") || !strncmp(operation, "Global", 6) || pooling;
}

/* ---- normalisation ---- */

/* Keras's order is gamma, beta, mean, variance too; where the batch is what counts, its moving averages are not read. */
static void batch_case(struct published_case *one, const Files *files)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *x = &files->inputs[0];
    one->trains = published_number(node, "training_mode", 0) != 0;
    onnx_begin(one);
    if (x->rank < 3)
        published_add_line(one, "  Input{%zu},", x->dims[1]);
    else
        add_input(one, x);
    published_add_line(one, "  BatchNormalization{epsilon = %.9g},", published_number(node, "epsilon", 1e-5));
    onnx_end(one, "\"mse\"", (int)x->dims[0]);
    for (int i = 1; i <= 4; i++)
        published_add_numbers(one, operand(files, node, i)->values, x->dims[1]);
    set_channels_last(one, x, &files->outputs[0]);
}

/* Over the axes from `axis` on: those are one here. */
static void layer_case(struct published_case *one, const Files *files)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *x = &files->inputs[0];
    int axis = (int)published_number(node, "axis", -1);
    size_t features = places_of(x, axis < 0 ? axis + x->rank : axis);
    onnx_begin(one);
    published_add_line(one, "  Input{%zu},", features);
    published_add_line(one, "  LayerNormalization{epsilon = %.9g},", published_number(node, "epsilon", 1e-5));
    onnx_end(one, "\"mse\"", (int)(x->count / features));
    published_add_numbers(one, files->inputs[1].values, features);
    published_add_numbers(one, files->inputs[2].values, features);
    onnx_set_x(one, x->values, x->count, (int)(x->count / features));
    onnx_set_expected(one, files->outputs[0].values, x->count);
}

int onnx_normalisation_case(struct published_case *one, const Files *files)
{
    const char *operation = files->model.nodes[0].operation;
    if (!strcmp(operation, "BatchNormalization"))
        batch_case(one, files);
    else if (!strcmp(operation, "LayerNormalization"))
        layer_case(one, files);
    else
        return 0;
    return 1;
}

/* ---- others ---- */

/* The tensor as one sample of up to three extents. */
static void whole_case(struct published_case *one, const Files *files, const char *layer)
{
    const struct onnx_tensor *x = &files->inputs[0];
    onnx_begin(one);
    if (x->rank == 3)
        published_add_line(one, "  Input{%zu, %zu, %zu},", x->dims[0], x->dims[1], x->dims[2]);
    else
        published_add_line(one, "  Input{%zu},", x->count);
    published_add_line(one, "  %s,", layer);
    onnx_end(one, "\"mse\"", 1);
    onnx_set_x(one, x->values, x->count, 1);
    onnx_set_expected(one, files->outputs[0].values, x->count);
}

static void slopes_case(struct published_case *one, const Files *files)
{
    const struct onnx_tensor *x = &files->inputs[0], *slope = &files->inputs[1];
    whole_case(one, files, slope->rank == x->rank ? "PReLU{}" : "PReLU{shared_axes = {1, 2}}");
    published_add_numbers(one, slope->values, slope->count);
}

static void threshold_case(struct published_case *one, const Files *files)
{
    char layer[80];
    snprintf(layer, sizeof layer, "ThresholdedReLU{theta = %.9g}", published_number(&files->model.nodes[0], "alpha", 1));
    whole_case(one, files, layer);
}

/* alpha a b + beta c, of a whose rows are the samples. */
static void product_case(struct published_case *one, const Files *files)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *a = &files->inputs[0], *b = &files->inputs[1], *c = files->input_count > 2 ? &files->inputs[2] : NULL;
    int a_turned = published_number(node, "transA", 0) != 0, b_turned = published_number(node, "transB", 0) != 0;
    if (a->rank != 2 || b->rank != 2) {
        onnx_skip(one, "a product with a matrix for each sample, or of vectors: no layer has that");
        return;
    }
    if (c && c->rank == 2 && c->dims[0] > 1) {
        onnx_skip(one, "a bias of its own for each sample");
        return;
    }
    size_t rows = a->dims[a_turned], features = a->dims[!a_turned], units = b->dims[!b_turned];
    double alpha = published_number(node, "alpha", 1), beta = published_number(node, "beta", 1);
    onnx_begin(one);
    published_add_line(one, "  Input{%zu},", features);
    published_add_line(one, "  Dense{%zu, use_bias = %s},", units, c ? "true" : "false");
    onnx_end(one, "\"mse\"", (int)rows);
    double *x = published_allocate(a->count, sizeof *x), *kernel = published_allocate(b->count, sizeof *kernel);
    double *bias = published_allocate(units, sizeof *bias);
    for (size_t i = 0; i < a->count; i++)
        x[i] = a_turned ? a->values[i % features * rows + i / features] : a->values[i];
    for (size_t i = 0; i < b->count; i++)
        kernel[i] = alpha * (b_turned ? b->values[i % units * features + i / units] : b->values[i]);
    for (size_t u = 0; u < units && c; u++)
        bias[u] = beta * c->values[c->count == 1 ? 0 : u];
    published_add_numbers(one, kernel, b->count);
    if (c)
        published_add_numbers(one, bias, units);
    onnx_set_x(one, x, a->count, (int)rows);
    onnx_set_expected(one, files->outputs[0].values, files->outputs[0].count);
    free(x);
    free(kernel);
    free(bias);
}

int onnx_other_case(struct published_case *one, const Files *files)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const char *operation = node->operation;
    if (!strcmp(operation, "PRelu"))
        slopes_case(one, files);
    else if (!strcmp(operation, "ThresholdedRelu"))
        threshold_case(one, files);
    else if (!strcmp(operation, "Dropout") && strstr(one->name, "training_dropout") && !strstr(one->name, "zero_ratio"))
        onnx_skip(one, "the numbers of ONNX's generator");
    else if (!strcmp(operation, "Dropout"))
        whole_case(one, files, "Dropout{0.5}");
    else if (!strcmp(operation, "Gemm") || !strcmp(operation, "MatMul"))
        product_case(one, files);
    else
        return 0;
    return 1;
}
