/* window_layers.c: layers that slide windows over a sequence or an image, or take all of it at once: convolutions,
 * poolings. */
#include "words.h"

static const char *set_up_convolution(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Value *z = convolve(&c, run->in[0], weight_all(&c, "kernel"), weight_all(&c, "bias"),
                        layer_window(run->layer, run->in[0], "kernel_size"),
                        (int)layer_number(run->layer, "groups", 1));
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

/* A kernel (size, channels, multiplier) is, in memory, one of as many groups as there are channels. */
static Value *convolve_depthwise(Composition *c, Run *run, const char *kernel_name, Weight bias)
{
    Weight kernel = weight_all(c, kernel_name);
    int channels = run->in[0]->shape.extent[1];
    kernel.columns *= (size_t)channels;
    kernel.stride = kernel.columns;
    kernel.rows /= (size_t)channels;
    return convolve(c, run->in[0], kernel, bias, layer_window(run->layer, run->in[0], "kernel_size"), channels);
}

static const char *set_up_depthwise(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Value *z = convolve_depthwise(&c, run, "kernel", weight_all(&c, "bias"));
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

static const char *set_up_separable(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Value *depthwise = convolve_depthwise(&c, run, "depthwise_kernel", (Weight){ 0 });
    Value *z = affine(&c, depthwise, weight_all(&c, "pointwise_kernel"), weight_all(&c, "bias"));
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

/* "same" cuts off what reaches beyond strides places for each step, the smaller half in front. */
static const char *set_up_transpose(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Window window = layer_window(run->layer, run->in[0], "kernel_size");
    int reach = (window.size[0] - 1) * window.dilation[0] + 1;
    bool same = !strcmp(layer_text(run->layer, "padding"), "same");
    window.before[0] = same && reach > window.strides[0] ? (reach - window.strides[0]) / 2 : 0;
    Value *z = convolve_back(&c, run->in[0], weight_all(&c, "kernel"), weight_all(&c, "bias"), window,
                             run->layer->output);
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

static const char *set_up_pooling(Interpreter *it, Run *run, enum Pool how)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, pool(&c, run->in[0], how, layer_window(run->layer, run->in[0], "pool_size")));
}

static const char *set_up_max(Interpreter *it, Run *run) { return set_up_pooling(it, run, POOL_MAXIMUM); }
static const char *set_up_average(Interpreter *it, Run *run) { return set_up_pooling(it, run, POOL_AVERAGE); }

/* keepdims leaves extents of 1 where the steps, or the rows and columns, were. */
static const char *set_up_global(Interpreter *it, Run *run, enum Pool how)
{
    Composition c = composition_begin(it, run);
    Value *mask = how == POOL_AVERAGE ? run->in[0]->mask : NULL;
    return composition_end(&c, reshape(&c, pool_all(&c, run->in[0], how, mask), run->layer->output));
}

static const char *set_up_global_max(Interpreter *it, Run *run) { return set_up_global(it, run, POOL_MAXIMUM); }
static const char *set_up_global_average(Interpreter *it, Run *run) { return set_up_global(it, run, POOL_AVERAGE); }

#define WINDOW_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward }
#define CONVOLUTION_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward, .activates = true }
const LayerKind kind_conv1d = CONVOLUTION_KIND("Conv1D", set_up_convolution);
const LayerKind kind_conv2d = CONVOLUTION_KIND("Conv2D", set_up_convolution);
const LayerKind kind_depthwise_conv1d = CONVOLUTION_KIND("DepthwiseConv1D", set_up_depthwise);
const LayerKind kind_separable_conv1d = CONVOLUTION_KIND("SeparableConv1D", set_up_separable);
const LayerKind kind_conv1d_transpose = CONVOLUTION_KIND("Conv1DTranspose", set_up_transpose);
const LayerKind kind_max_pooling1d = WINDOW_KIND("MaxPooling1D", set_up_max);
const LayerKind kind_max_pooling2d = WINDOW_KIND("MaxPooling2D", set_up_max);
const LayerKind kind_average_pooling1d = WINDOW_KIND("AveragePooling1D", set_up_average);
const LayerKind kind_average_pooling2d = WINDOW_KIND("AveragePooling2D", set_up_average);
const LayerKind kind_global_max_pooling1d = WINDOW_KIND("GlobalMaxPooling1D", set_up_global_max);
const LayerKind kind_global_max_pooling2d = WINDOW_KIND("GlobalMaxPooling2D", set_up_global_max);
const LayerKind kind_global_average_pooling1d = WINDOW_KIND("GlobalAveragePooling1D", set_up_global_average);
const LayerKind kind_global_average_pooling2d = WINDOW_KIND("GlobalAveragePooling2D", set_up_global_average);
