/* convolution_onednn.c: a convolution over steps by oneDNN, with its bias and ReLU in one primitive. [step, row, feature] is an image in
 * oneDNN's nhwc: steps are its height and rows its width, with a kernel that is one row wide; of one row the steps are the width, along
 * which oneDNN computes several places at once. */
#include "onednn.h"

typedef struct Own {
    Engine *engine;
    Primitive forward, backward_data, backward_weights;
    Primitive to_forward, to_backward, from_gradient;
} Own;

typedef struct Shapes {
    dnnl_memory_desc_t x, y, kernel, keras_kernel, bias;
} Shapes;

static Shapes shapes_of(const Convolution *layer)
{
    dnnl_dim_t size = layer->kernel_size, t = layer->steps, b = layer->rows, i = layer->inputs, n = layer->filters;
    dnnl_dim_t left = t - size + 1;
    bool wide = layer->rows == 1;
    dnnl_dim_t kernel[] = { n, i, wide ? 1 : size, wide ? size : 1 };
    return (Shapes){
        .x = onednn_describe(4, (dnnl_dim_t[]){ 1, i, wide ? b : t, wide ? t : b }, dnnl_nhwc),
        .y = onednn_describe(4, (dnnl_dim_t[]){ 1, n, wide ? b : left, wide ? left : b }, dnnl_nhwc),
        .kernel = onednn_describe(4, kernel, dnnl_format_tag_any),
        .keras_kernel = onednn_describe(4, kernel, dnnl_hwio),
        .bias = onednn_describe(1, (dnnl_dim_t[]){ n }, dnnl_x),
    };
}

static const dnnl_dims_t ones = { 1, 1 }, zeros = { 0, 0 };

static void open_forward(Convolution *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t relu;
    CHECK(dnnl_convolution_forward_desc_init(&desc, layer->training ? dnnl_forward_training : dnnl_forward_inference,
                                             dnnl_convolution_direct, &s->x, &s->kernel, &s->bias, &s->y, ones, zeros, zeros));
    CHECK(dnnl_post_ops_create(&relu));
    CHECK(dnnl_post_ops_append_eltwise(relu, 1, dnnl_eltwise_relu, 0, 0));
    CHECK(dnnl_primitive_attr_create(&attributes));
    CHECK(dnnl_primitive_attr_set_post_ops(attributes, relu));
    own->forward = onednn_primitive(own->engine, &desc, attributes, NULL);
    CHECK(dnnl_primitive_attr_destroy(attributes));
    CHECK(dnnl_post_ops_destroy(relu));
    Arguments *a = &own->forward.arguments;
    onednn_add(a, DNNL_ARG_SRC, onednn_memory(own->engine, &s->x, layer->x));
    onednn_add(a, DNNL_ARG_WEIGHTS, onednn_weights(own->engine, &own->forward, DNNL_ARG_WEIGHTS, &s->keras_kernel, layer->kernel, &own->to_forward));
    onednn_add(a, DNNL_ARG_BIAS, onednn_memory(own->engine, &s->bias, layer->bias));
    onednn_add(a, DNNL_ARG_DST, onednn_memory(own->engine, &s->y, layer->y));
}

static void open_backward_data(Convolution *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_convolution_desc_t desc;
    CHECK(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &s->x, &s->kernel, &s->y, ones, zeros, zeros));
    own->backward_data = onednn_primitive(own->engine, &desc, NULL, own->forward.desc);
    Arguments *a = &own->backward_data.arguments;
    onednn_add(a, DNNL_ARG_DIFF_DST, onednn_memory(own->engine, &s->y, layer->d_y));
    onednn_add(a, DNNL_ARG_WEIGHTS,
               onednn_weights(own->engine, &own->backward_data, DNNL_ARG_WEIGHTS, &s->keras_kernel, layer->kernel, &own->to_backward));
    onednn_add(a, DNNL_ARG_DIFF_SRC, onednn_memory(own->engine, &s->x, layer->d_x));
}

static void open_backward_weights(Convolution *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_convolution_desc_t desc;
    CHECK(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &s->x, &s->kernel, &s->bias, &s->y, ones, zeros, zeros));
    own->backward_weights = onednn_primitive(own->engine, &desc, NULL, own->forward.desc);
    Arguments *a = &own->backward_weights.arguments;
    onednn_add(a, DNNL_ARG_SRC, onednn_memory(own->engine, &s->x, layer->x));
    onednn_add(a, DNNL_ARG_DIFF_DST, onednn_memory(own->engine, &s->y, layer->d_y));
    onednn_add(a, DNNL_ARG_DIFF_WEIGHTS, onednn_gradient(own->engine, &own->backward_weights, DNNL_ARG_DIFF_WEIGHTS, &s->keras_kernel,
                                                         layer->d_kernel, &own->from_gradient));
    onednn_add(a, DNNL_ARG_DIFF_BIAS, onednn_memory(own->engine, &s->bias, layer->d_bias));
}

static void open_layer(Convolution *layer)
{
    Own *own = layer->own = checked_alloc(sizeof *own);
    own->engine = onednn_open(layer->threads);
    Shapes shapes = shapes_of(layer);
    open_forward(layer, &shapes);
    if (layer->training)
        open_backward_weights(layer, &shapes);
    if (layer->training && layer->d_x)
        open_backward_data(layer, &shapes);
}

static void update_layer(Convolution *layer)
{
    Own *own = layer->own;
    onednn_execute(own->engine, &own->to_forward);
    onednn_execute(own->engine, &own->to_backward);
    onednn_wait(own->engine);
}

static void forward_layer(Convolution *layer)
{
    Own *own = layer->own;
    onednn_execute(own->engine, &own->forward);
    onednn_wait(own->engine);
}

static void backward_layer(Convolution *layer)
{
    Own *own = layer->own;
    onednn_execute(own->engine, &own->backward_weights);
    onednn_execute(own->engine, &own->from_gradient);
    onednn_execute(own->engine, &own->backward_data);
    onednn_wait(own->engine);
}

static void close_layer(Convolution *layer)
{
    Own *own = layer->own;
    Primitive *primitives[] = { &own->forward, &own->backward_data, &own->backward_weights, &own->to_forward, &own->to_backward,
                                &own->from_gradient };
    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        onednn_free(primitives[i]);
    onednn_close(own->engine);
    checked_free(own);
}

const ConvolutionFunctions convolution_onednn = { open_layer, update_layer, forward_layer, backward_layer, close_layer };
