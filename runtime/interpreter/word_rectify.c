/* word_rectify.c: rectify, its form with a slope that learns, and the exponential one: number by number. */
#include "words.h"

#include <math.h>

static size_t numbers(const Interpreter *it, const Node *node)
{
    return (size_t)it->rows * node->out->count;
}

/* ---- rectify: number is the slope below the threshold, offset that; most the largest value ---- */

static void rectify_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    for (size_t i = 0; i < numbers(it, node); i++) {
        REAL x = values_of(node->in[0])[i];
        note_kink(it, (double)x - node->offset);
        if (isfinite(node->most))
            note_kink(it, (double)x - node->most);
        values_of(node->out)[i] = x > (REAL)node->offset ? (x < (REAL)node->most ? x : (REAL)node->most)
                                                         : (REAL)node->number * (x - (REAL)node->offset);
    }
}

static void rectify_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < numbers(it, node); i++) {
        REAL x = values_of(node->in[0])[i], d_y = adjoint_of(node->out)[i];
        d_x[i] += x > (REAL)node->offset ? (x < (REAL)node->most ? d_y : 0) : (REAL)node->number * d_y;
    }
}

static const Word word_rectify = { "rectify", rectify_forward, rectify_backward };

Value *rectify(Composition *c, Value *x, double slope, double threshold, double most)
{
    Node *node = x ? new_node(c, &word_rectify, &x, 1, x->shape) : NULL;
    if (!node)
        return NULL;
    node->number = slope;
    node->offset = threshold;
    node->most = most;
    return node->out;
}

/* ---- rectify_by: the slope below zero is a weight, number index[i] of it at position i ---- */

static void rectify_by_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *slope = weight_at(it, node->kernel);
    for (size_t i = 0; i < numbers(it, node); i++) {
        REAL x = values_of(node->in[0])[i];
        note_kink(it, (double)x);
        values_of(node->out)[i] = x > 0 ? x : slope[node->index[i % node->out->count]] * x;
    }
}

static void rectify_by_backward(Interpreter *it, const Run *run, Node *node)
{
    const REAL *slope = weight_at(it, node->kernel);
    REAL *d_x = adjoint_of(node->in[0]), *d_slope = gradient_at(it, run, node->kernel);
    for (size_t i = 0; i < numbers(it, node); i++) {
        long at = node->index[i % node->out->count];
        REAL x = values_of(node->in[0])[i], d_y = adjoint_of(node->out)[i];
        if (d_x)
            d_x[i] += x > 0 ? d_y : slope[at] * d_y;
        if (d_slope && x <= 0)
            d_slope[at] += x * d_y;
    }
}

static const Word word_rectify_by = { "rectify by", rectify_by_forward, rectify_by_backward };

Value *rectify_by(Composition *c, Value *x, Weight slope)
{
    const struct lstmc_tensor *tensor = slope.tensor;
    if (!x || !tensor || tensor->rank != x->shape.rank)
        return composition_refuse(c, "the slopes must have the axes of what they bend");
    Node *node = new_node(c, &word_rectify_by, &x, 1, x->shape);
    if (!node)
        return NULL;
    node->kernel = slope;
    node->index = interpreter_room(c->it, x->count, sizeof *node->index);
    for (size_t i = 0; node->index && i < x->count; i++) {
        size_t rest = i, unit = 1;
        for (int d = x->shape.rank - 1; d >= 0; d--) {
            size_t extent = (size_t)x->shape.extent[d], own = (size_t)tensor->shape[d];
            if (own != extent && own != 1)
                return composition_refuse(c, "a slope is of one position, or of all along an axis");
            node->index[i] += (long)(own == 1 ? 0 : rest % extent * unit);
            rest /= extent;
            unit *= own;
        }
    }
    return node->out;
}

/* ---- rectify_exponentially ---- */

static void exponential_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    for (size_t i = 0; i < numbers(it, node); i++) {
        REAL x = values_of(node->in[0])[i];
        note_kink(it, (double)x);
        values_of(node->out)[i] = x > 0 ? x : (REAL)(node->number * expm1((double)x));
    }
}

static void exponential_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < numbers(it, node); i++) {
        REAL x = values_of(node->in[0])[i], d_y = adjoint_of(node->out)[i];
        d_x[i] += x > 0 ? d_y : d_y * (REAL)(node->number * exp((double)x));
    }
}

static const Word word_exponential = { "rectify exponentially", exponential_forward, exponential_backward };

Value *rectify_exponentially(Composition *c, Value *x, double alpha)
{
    Node *node = x ? new_node(c, &word_exponential, &x, 1, x->shape) : NULL;
    if (node)
        node->number = alpha;
    return node ? node->out : NULL;
}
