/* word_transpose.c: convolve_back: what a convolution over steps does to gradients, as a layer of its own: each step of
 * x spreads over the places of its window. */
#include "words.h"

/* Calls back for each row of channels, of x, that goes into a row of filters. */
typedef void Place(Interpreter *it, const Run *run, Node *node, size_t from, size_t to, int tap);

static void for_all_places(Interpreter *it, const Run *run, Node *node, Place *place_row)
{
    const Shape *in = &node->in[0]->shape, *out = &node->out->shape;
    const Window *window = &node->window;
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (int t = 0; t < in->extent[0]; t++)
            for (int tap = 0; tap < window->size[0]; tap++) {
                int place = t * window->strides[0] + tap * window->dilation[0] - window->before[0];
                if (place >= 0 && place < out->extent[0])
                    place_row(it, run, node, (row * (size_t)in->extent[0] + (size_t)t) * (size_t)in->extent[1],
                              (row * (size_t)out->extent[0] + (size_t)place) * (size_t)out->extent[1], tap);
            }
}

/* Of a tap a matrix of filters and channels. */
static size_t kernel_row(const Node *node, int tap, size_t filter)
{
    return ((size_t)tap * (size_t)node->out->shape.extent[1] + filter) * node->kernel.stride;
}

static void spread_forward(Interpreter *it, const Run *run, Node *node, size_t from, size_t to, int tap)
{
    (void)run;
    for (size_t f = 0; f < (size_t)node->out->shape.extent[1]; f++)
        for (size_t c = 0; c < node->kernel.columns; c++)
            values_of(node->out)[to + f] += weight_at(it, node->kernel)[kernel_row(node, tap, f) + c] *
                                            values_of(node->in[0])[from + c];
}

static void convolve_back_forward(Interpreter *it, const Run *run, Node *node)
{
    begin_with_bias(it, node);
    for_all_places(it, run, node, spread_forward);
}

static void spread_backward(Interpreter *it, const Run *run, Node *node, size_t from, size_t to, int tap)
{
    REAL *d_x = adjoint_of(node->in[0]), *d_kernel = gradient_at(it, run, node->kernel);
    for (size_t f = 0; f < (size_t)node->out->shape.extent[1]; f++)
        for (size_t c = 0; c < node->kernel.columns; c++) {
            size_t at = kernel_row(node, tap, f) + c;
            if (d_x)
                d_x[from + c] += weight_at(it, node->kernel)[at] * adjoint_of(node->out)[to + f];
            if (d_kernel)
                d_kernel[at] += values_of(node->in[0])[from + c] * adjoint_of(node->out)[to + f];
        }
}

static void convolve_back_backward(Interpreter *it, const Run *run, Node *node)
{
    add_bias_gradient(it, run, node);
    for_all_places(it, run, node, spread_backward);
}

static const Word word_convolve_back = { "convolve back", convolve_back_forward, convolve_back_backward };

Value *convolve_back(Composition *c, Value *x, Weight kernel, Weight bias, Window window, Shape shape)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    if (x->shape.rank != 2 || shape.rank != 2 || kernel.columns != (size_t)x->shape.extent[1] ||
        kernel.rows != (size_t)window.size[0] * (size_t)shape.extent[1])
        return composition_refuse(c, "the kernel must be (size, filters, channels)");
    Node *node = new_node(c, &word_convolve_back, &x, 1, shape);
    if (!node)
        return NULL;
    node->kernel = kernel;
    node->bias = bias;
    node->window = window;
    return node->out;
}
