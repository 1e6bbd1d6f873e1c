/* word_move.c: move, part, reshape, repeat, gather, spread: words that compute nothing. */
#include "words.h"

/* ---- move ---- */

static void move_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t from = node->in[0]->count, to = node->out->count;
    const REAL *x = values_of(node->in[0]);
    REAL *y = values_of(node->out);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t i = 0; i < to; i++)
            y[row * to + i] = node->index[i] >= 0 ? x[row * from + (size_t)node->index[i]] : 0;
}

static void move_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t from = node->in[0]->count, to = node->out->count;
    REAL *d_x = adjoint_of(node->in[0]);
    const REAL *d_y = adjoint_of(node->out);
    for (size_t row = 0; d_x && row < (size_t)it->rows; row++)
        for (size_t i = 0; i < to; i++)
            if (node->index[i] >= 0)
                d_x[row * from + (size_t)node->index[i]] += d_y[row * to + i];
}

static const Word word_move = { "move", move_forward, move_backward };

/* A node whose index is still to be filled in. */
static Node *new_move(Composition *c, Value *x, Shape shape)
{
    Node *node = x ? new_node(c, &word_move, &x, 1, shape) : NULL;
    if (!node)
        return NULL;
    node->index = interpreter_room(c->it, node->out->count, sizeof *node->index);
    if (!node->index)
        composition_refuse(c, "no memory");
    return node->index ? node : NULL;
}

Value *move(Composition *c, Value *x, Shape shape, const long *index)
{
    for (size_t i = 0; x && i < shape_count(&shape); i++)
        if (index[i] >= (long)x->count)
            return composition_refuse(c, "what is moved is not there");
    Node *node = new_move(c, x, shape);
    if (node)
        memcpy(node->index, index, node->out->count * sizeof *index);
    return node ? node->out : NULL;
}

Value *part(Composition *c, Value *x, int axis, int first, int count, int step)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    int extent = axis >= 0 && axis < x->shape.rank ? x->shape.extent[axis] : 0, last = first + (count - 1) * step;
    if (first < 0 || first >= extent || count < 1 || last < 0 || last >= extent)
        return composition_refuse(c, "a part lies outside of the whole");
    Shape shape = x->shape;
    shape.extent[axis] = count;
    Node *node = new_move(c, x, shape);
    if (!node)
        return NULL;
    size_t chunk = 1;                       /* numbers of one position along the axis */
    for (int d = axis + 1; d < shape.rank; d++)
        chunk *= (size_t)shape.extent[d];
    for (size_t i = 0; i < node->out->count; i++) {
        size_t outer = i / chunk / (size_t)count;
        long at = first + (long)(i / chunk % (size_t)count) * step;
        node->index[i] = (long)((outer * (size_t)extent + (size_t)at) * chunk + i % chunk);
    }
    return node->out;
}

Value *reshape(Composition *c, Value *x, Shape shape)
{
    if (x && shape_count(&shape) != x->count)
        return composition_refuse(c, "the new shape must hold as many numbers");
    Node *node = new_move(c, x, shape);
    for (size_t i = 0; node && i < node->out->count; i++)
        node->index[i] = (long)i;
    return node ? node->out : NULL;
}

Value *repeat(Composition *c, Value *x, int times)
{
    if (!x || c->wrong)
        return composition_refuse(c, "a value is missing");
    if (times < 1 || x->shape.rank == LSTMC_RANK_MAX)
        return composition_refuse(c, "it cannot be repeated");
    Shape shape = { x->shape.rank + 1, { times } };
    memcpy(shape.extent + 1, x->shape.extent, (size_t)x->shape.rank * sizeof *shape.extent);
    Node *node = new_move(c, x, shape);
    for (size_t i = 0; node && i < node->out->count; i++)
        node->index[i] = (long)(i % x->count);
    return node ? node->out : NULL;
}

/* ---- gather ---- */

static void gather_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t width = node->kernel.columns;
    const REAL *table = weight_at(it, node->kernel);
    for (size_t i = 0; i < (size_t)it->rows * node->in[0]->count; i++)
        memcpy(values_of(node->out) + i * width, table + (size_t)node->in[0]->ids[i] * node->kernel.stride,
               width * sizeof(REAL));
}

static void gather_backward(Interpreter *it, const Run *run, Node *node)
{
    size_t width = node->kernel.columns;
    REAL *d_table = gradient_at(it, run, node->kernel);
    const REAL *d_y = adjoint_of(node->out);
    for (size_t i = 0; d_table && i < (size_t)it->rows * node->in[0]->count; i++)
        for (size_t k = 0; k < width; k++)
            d_table[(size_t)node->in[0]->ids[i] * node->kernel.stride + k] += d_y[i * width + k];
}

static const Word word_gather = { "gather", gather_forward, gather_backward };

Value *gather(Composition *c, Value *ids, Weight table)
{
    if (!ids || !ids->ids || c->wrong)
        return composition_refuse(c, "it reads token ids, nothing else");
    if (!table.tensor)
        return composition_refuse(c, "the table is missing");
    if ((size_t)ids->vocabulary > table.rows)
        return composition_refuse(c, "ids reach beyond the rows of the table");
    Shape shape = ids->shape;
    if (shape.rank == LSTMC_RANK_MAX)
        return composition_refuse(c, "there are too many axes");
    shape.extent[shape.rank++] = (int)table.columns;
    Node *node = new_node(c, &word_gather, &ids, 1, shape);
    if (node)
        node->kernel = table;
    return node ? node->out : NULL;
}

/* ---- spread ---- */

static void spread_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    const REAL *weight = weight_at(it, node->kernel);
    REAL *y = values_of(node->out);
    for (size_t i = 0; i < (size_t)it->rows * node->out->count; i++)
        y[i] = weight[i % node->out->count];
}

static void spread_backward(Interpreter *it, const Run *run, Node *node)
{
    REAL *d_weight = gradient_at(it, run, node->kernel);
    const REAL *d_y = adjoint_of(node->out);
    for (size_t i = 0; d_weight && i < (size_t)it->rows * node->out->count; i++)
        d_weight[i % node->out->count] += d_y[i];
}

static const Word word_spread = { "spread", spread_forward, spread_backward };

Value *spread(Composition *c, Weight weight, Shape shape)
{
    if (!weight.tensor || weight.stride != weight.columns || weight.rows * weight.columns != shape_count(&shape))
        return composition_refuse(c, "a weight must hold as many numbers as the value that it becomes");
    Node *node = new_node(c, &word_spread, NULL, 0, shape);
    if (node)
        node->kernel = weight;
    return node ? node->out : NULL;
}
