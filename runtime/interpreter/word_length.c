/* word_length.c: normalise_length: rows of features over their length, or over the root of the mean of their
 * squares. */
#include "words.h"

#include <math.h>

static size_t width_of(const Node *node)
{
    return (size_t)node->out->shape.extent[node->out->shape.rank - 1];
}

/* The number that a row is divided by; *flat: it is a bound, and does not change with the row. */
static REAL length_of(const Node *node, const REAL *x, bool *flat)
{
    REAL sum = 0;
    for (size_t k = 0; k < width_of(node); k++)
        sum += x[k] * x[k];
    *flat = node->how == LENGTH_UNIT && (double)sum < node->number;
    if (node->how == LENGTH_RMS)
        return (REAL)sqrt((double)sum / (double)width_of(node) + node->number);
    return (REAL)sqrt(*flat ? node->number : (double)sum);
}

static void length_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = width_of(node);
    const REAL *gain = weight_at(it, node->kernel);
    for (size_t i = 0; i < (size_t)it->rows * node->out->count; i += width) {
        bool flat;
        const REAL *x = values_of(node->in[0]) + i;
        REAL length = length_of(node, x, &flat);
        for (size_t k = 0; k < width; k++)
            values_of(node->out)[i + k] = x[k] / length * (gain ? gain[k] : 1);
    }
}

/* With u = x / length and v = gain d_y: d_x = (v - share u (u . v)) / length, where share is 1, or 1 / features. Of one
 * feature that cancels to 0, exactly here, but not where u is another product: the last digits of u are drawn, too. */
static void length_backward(Interpreter *it, const Run *run, Node *node)
{
    size_t width = width_of(node);
    const REAL *gain = weight_at(it, node->kernel);
    REAL *d_gain = gradient_at(it, run, node->kernel), *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; i < (size_t)it->rows * node->out->count; i += width) {
        bool flat;
        const REAL *x = values_of(node->in[0]) + i, *d_y = adjoint_of(node->out) + i;
        REAL length = length_of(node, x, &flat), along = 0;
        for (size_t k = 0; k < width; k++) {
            along += perturbed_value(it, x[k] / length, 0) * d_y[k] * (gain ? gain[k] : 1);
            if (d_gain)
                d_gain[k] += d_y[k] * x[k] / length;
        }
        if (flat)
            along = 0;
        else if (node->how == LENGTH_RMS)
            along /= (REAL)width;
        for (size_t k = 0; d_x && k < width; k++)
            d_x[i + k] += (d_y[k] * (gain ? gain[k] : 1) - x[k] / length * along) / length;
    }
}

static const Word word_length = { "normalise length", length_forward, length_backward };

Value *normalise_length(Composition *c, Value *x, enum Length how, Weight gain, double epsilon)
{
    if (!x || (gain.tensor && gain.columns != (size_t)x->shape.extent[x->shape.rank - 1]))
        return composition_refuse(c, "a gain is one of each feature");
    Node *node = new_node(c, &word_length, &x, 1, x->shape);
    if (!node)
        return NULL;
    node->how = (int)how;
    node->kernel = gain;
    node->number = epsilon;
    return node->out;
}
