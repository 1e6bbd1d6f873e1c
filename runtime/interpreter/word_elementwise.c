/* word_elementwise.c: activate, softmax, scale, keep, drop: what works on each number, or each row of them. */
#include "words.h"

#include "runtime/lstmc_random.h"

static size_t numbers(const Interpreter *it, const Value *value)
{
    return (size_t)it->rows * value->count;
}

/* ---- activate ---- */

static size_t width_of(const Value *value)
{
    return value->shape.rank ? (size_t)value->shape.extent[value->shape.rank - 1] : 1;
}

static void activate_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = width_of(node->out);
    activation_forward(it, node->activation, (Rows){ values_of(node->in[0]), width },
                       (Rows){ values_of(node->out), width }, numbers(it, node->out) / width, width);
}

/* node->kept: the pull-back, before it is added. */
static void activate_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = width_of(node->out), count = numbers(it, node->out);
    REAL *d_x = adjoint_of(node->in[0]);
    if (!d_x)
        return;
    activation_backward(it, node->activation, (Rows){ values_of(node->in[0]), width },
                        (Rows){ values_of(node->out), width }, (Rows){ adjoint_of(node->out), width },
                        (Rows){ node->kept, width }, count / width, width);
    for (size_t i = 0; i < count; i++)
        d_x[i] += node->kept[i];
}

static const Word word_activate = { "activate", activate_forward, activate_backward };

Value *activate(Composition *c, Value *x, const char *name)
{
    const Activation *f = x ? activation_find(c->it, name, width_of(x)) : NULL;
    if (x && !f)
        return composition_refuse(c, "unknown activation");
    Node *node = x ? new_node(c, &word_activate, &x, 1, x->shape) : NULL;
    if (!node)
        return NULL;
    node->activation = f;
    node->kept = interpreter_room(c->it, (size_t)c->it->rows_max * x->count, sizeof(REAL));
    return node->out;
}

/* ---- softmax, along any axis ---- */

/* Numbers of the axis lie `step` apart; rows begin at first_of(i). */
static size_t first_of(size_t i, size_t width, size_t step)
{
    return i / step * step * width + i % step;
}

static size_t step_of(const Node *node)
{
    size_t step = 1;
    for (int d = node->axis + 1; d < node->out->shape.rank; d++)
        step *= (size_t)node->out->shape.extent[d];
    return step;
}

static void softmax_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = (size_t)node->out->shape.extent[node->axis], step = step_of(node);
    for (size_t i = 0; i < numbers(it, node->out) / width; i++) {
        const REAL *x = values_of(node->in[0]) + first_of(i, width, step);
        REAL *y = values_of(node->out) + first_of(i, width, step), most = x[0], sum = 0;
        for (size_t k = 1; k < width; k++)
            most = x[k * step] > most ? x[k * step] : most;
        for (size_t k = 0; k < width; k++)
            sum += y[k * step] = (REAL)exp((double)(x[k * step] - most));
        for (size_t k = 0; k < width; k++)
            y[k * step] /= sum;
    }
}

/* d_x = y (d_y - sum d_y y) */
static void softmax_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = (size_t)node->out->shape.extent[node->axis], step = step_of(node);
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < numbers(it, node->out) / width; i++) {
        size_t first = first_of(i, width, step);
        const REAL *y = values_of(node->out) + first, *d_y = adjoint_of(node->out) + first;
        REAL sum = 0;
        for (size_t k = 0; k < width; k++)
            sum += d_y[k * step] * y[k * step];
        for (size_t k = 0; k < width; k++)
            d_x[first + k * step] += y[k * step] * (d_y[k * step] - sum);
    }
}

static const Word word_softmax = { "softmax", softmax_forward, softmax_backward };

Value *softmax_along(Composition *c, Value *x, int axis)
{
    if (!x || axis < 0 || axis >= x->shape.rank)
        return composition_refuse(c, "there is no such axis");
    Node *node = new_node(c, &word_softmax, &x, 1, x->shape);
    if (node)
        node->axis = axis;
    return node ? node->out : NULL;
}

/* ---- scale ---- */

static void scale_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *x = values_of(node->in[0]);
    REAL *y = values_of(node->out);
    for (size_t i = 0; i < numbers(it, node->out); i++)
        y[i] = (REAL)node->number * x[i] + (REAL)node->offset;
}

static void scale_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *d_y = adjoint_of(node->out);
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < numbers(it, node->out); i++)
        d_x[i] += (REAL)node->number * d_y[i];
}

static const Word word_scale = { "scale", scale_forward, scale_backward };

Value *scale(Composition *c, Value *x, double factor, double offset)
{
    Node *node = x ? new_node(c, &word_scale, &x, 1, x->shape) : NULL;
    if (!node)
        return NULL;
    node->number = factor;
    node->offset = offset;
    return node->out;
}

/* ---- keep ---- */

/* Whether the mask, in[0], keeps number i of v: it has the first axes of v. */
static bool keeps(const Node *node, size_t i)
{
    size_t width = node->out->count / node->in[0]->count;
    return values_of(node->in[0])[i / width] != 0;
}

static void keep_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *v = values_of(node->in[1]), *otherwise = node->in_count > 2 ? values_of(node->in[2]) : NULL;
    REAL *y = values_of(node->out);
    for (size_t i = 0; i < numbers(it, node->out); i++)
        y[i] = keeps(node, i) ? v[i] : otherwise ? otherwise[i] : 0;
}

/* The mask has no derivative; what is not kept has none either, whatever stands there. */
static void keep_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *d_y = adjoint_of(node->out);
    REAL *d_v = adjoint_of(node->in[1]), *d_otherwise = node->in_count > 2 ? adjoint_of(node->in[2]) : NULL;
    for (size_t i = 0; i < numbers(it, node->out); i++) {
        REAL *d = keeps(node, i) ? d_v : d_otherwise;
        if (d)
            d[i] += d_y[i];
    }
}

static const Word word_keep = { "keep", keep_forward, keep_backward };

Value *keep(Composition *c, Value *mask, Value *v, Value *otherwise)
{
    if (!mask || !v || c->wrong)
        return composition_refuse(c, "a value is missing");
    bool fits = mask->shape.rank <= v->shape.rank && (!otherwise || otherwise->count == v->count);
    for (int d = 0; fits && d < mask->shape.rank; d++)
        fits = mask->shape.extent[d] == v->shape.extent[d];
    if (!fits)
        return composition_refuse(c, "a mask has the first axes of what it keeps");
    Node *node = new_node(c, &word_keep, (Value *[]){ mask, v, otherwise }, otherwise ? 3 : 2, v->shape);
    return node ? node->out : NULL;
}

/* ---- drop: inverted dropout, noise by counter ---- */

static void drop_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t count = node->out->count;
    const REAL *x = values_of(node->in[0]);
    REAL *y = values_of(node->out);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t element = 0; element < count; element++) {
            size_t i = row * count + element;
            node->kept[i] = lstmc_dropout_noise((float)node->number, it->seed, node->place, sample_of_noise(it, row),
                                                element_of_noise(it, row, element, count));
            y[i] = x[i] * node->kept[i];
        }
}

static void drop_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *d_y = adjoint_of(node->out);
    REAL *d_x = adjoint_of(node->in[0]);
    for (size_t i = 0; d_x && i < numbers(it, node->out); i++)
        d_x[i] += d_y[i] * node->kept[i];
}

static const Word word_drop = { "drop", drop_forward, drop_backward };

Value *drop(Composition *c, Value *x, double rate, uint64_t place)
{
    Node *node = x ? new_node(c, &word_drop, &x, 1, x->shape) : NULL;
    if (!node)
        return NULL;
    node->number = rate;
    node->place = place;
    node->kept = interpreter_room(c->it, (size_t)c->it->rows_max * x->count, sizeof(REAL));
    return node->out;
}
