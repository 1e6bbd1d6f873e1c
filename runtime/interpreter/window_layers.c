/* window_layers.c: layers that slide windows over a sequence, or take all of it at once: Conv1D, the poolings. */
#include "words.h"

/* The window of a layer along the steps; the size under that name. */
static Window window_over_steps(const Run *run, const char *size_name)
{
    const Layer *layer = run->layer;
    int size = (int)layer_number(layer, size_name, 1), strides = (int)layer_number(layer, "strides", size);
    int dilation = (int)layer_number(layer, "dilation_rate", 1);
    return keras_window(run->in[0], 1, &size, strides ? &strides : &size, &dilation, layer_text(layer, "padding"));
}

static const char *set_up_conv1d(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Value *z = convolve(&c, run->in[0], weight_all(&c, "kernel"), weight_all(&c, "bias"),
                        window_over_steps(run, "kernel_size"), (int)layer_number(run->layer, "groups", 1));
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

static const char *set_up_pooling(Interpreter *it, Run *run, enum Pool how)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, pool(&c, run->in[0], how, window_over_steps(run, "pool_size")));
}

static const char *set_up_max(Interpreter *it, Run *run) { return set_up_pooling(it, run, POOL_MAXIMUM); }
static const char *set_up_average(Interpreter *it, Run *run) { return set_up_pooling(it, run, POOL_AVERAGE); }

/* keepdims leaves an extent of 1 where the steps were. */
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
const LayerKind kind_conv1d = {
    .name = "Conv1D", .set_up = set_up_conv1d, .forward = composed_forward, .backward = composed_backward,
    .activates = true
};
const LayerKind kind_max_pooling1d = WINDOW_KIND("MaxPooling1D", set_up_max);
const LayerKind kind_average_pooling1d = WINDOW_KIND("AveragePooling1D", set_up_average);
const LayerKind kind_global_max_pooling1d = WINDOW_KIND("GlobalMaxPooling1D", set_up_global_max);
const LayerKind kind_global_average_pooling1d = WINDOW_KIND("GlobalAveragePooling1D", set_up_global_average);
