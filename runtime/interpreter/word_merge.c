/* word_merge.c: several values in one: element by element, or side by side. */
#include "words.h"

/* ---- element by element ---- */

/* Which number of input n stands at number e of the result: an extent of 1 counts for all. */
static size_t element_of(const Node *node, int n, size_t e)
{
    return node->index ? (size_t)node->index[(size_t)n * node->out->count + e] : e;
}

static REAL operand(const Node *node, int n, size_t row, size_t e)
{
    return values_of(node->in[n])[row * node->in[n]->count + element_of(node, n, e)];
}

/* Whether operand n counts at number e of the result: of time extents that differ, 1 counts for all. */
static bool counts(const Node *node, int n, size_t row, size_t e)
{
    const Value *mask = node->masks ? node->masks[n] : NULL;
    size_t t = e / (node->out->count / (size_t)node->out->shape.extent[0]);
    return !mask || mask->y[row * mask->count + (mask->count > 1 ? t : 0)] != 0;
}

/* The first of those that count; of none the first of all. */
static int first_that_counts(const Node *node, size_t row, size_t e)
{
    for (int n = 0; n < node->in_count; n++)
        if (counts(node, n, row, e))
            return n;
    return 0;
}

/* The first of the largest, or smallest. */
static int extreme(Interpreter *it, const Node *node, size_t row, size_t e, bool notes)
{
    int best = first_that_counts(node, row, e);
    for (int n = best + 1; n < node->in_count; n++) {
        if (!counts(node, n, row, e))
            continue;
        REAL more = operand(node, n, row, e) - operand(node, best, row, e);
        if (node->how == MERGE_MINIMUM)
            more = -more;
        if (notes)
            note_kink(it, (double)more);
        if (more > 0)
            best = n;
    }
    return best;
}

/* Of those that count, but for operand `without`; 0 where none does. */
static REAL product_of(const Node *node, int without, size_t row, size_t e)
{
    if (!counts(node, first_that_counts(node, row, e), row, e))
        return 0;
    REAL product = 1;
    for (int n = 0; n < node->in_count; n++)
        if (n != without && counts(node, n, row, e))
            product *= operand(node, n, row, e);
    return product;
}

static REAL merged(Interpreter *it, const Node *node, size_t row, size_t e)
{
    if (node->how == MERGE_MAXIMUM || node->how == MERGE_MINIMUM)
        return operand(node, extreme(it, node, row, e, true), row, e);
    if (node->how == MERGE_MULTIPLY)
        return product_of(node, -1, row, e);
    REAL y = operand(node, 0, row, e);
    for (int n = 1; n < node->in_count; n++) {
        REAL x = operand(node, n, row, e);
        y = node->how == MERGE_SUBTRACT ? y - x : y + x;
    }
    return node->how == MERGE_AVERAGE ? y / (REAL)node->in_count : y;
}

static void merge_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    REAL *y = values_of(node->out);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t e = 0; e < node->out->count; e++)
            y[row * node->out->count + e] = merged(it, node, row, e);
}

/* The derivative of an element of the result by operand n. */
static REAL slope(Interpreter *it, const Node *node, int n, size_t row, size_t e)
{
    if (node->how == MERGE_MAXIMUM || node->how == MERGE_MINIMUM)
        return extreme(it, node, row, e, false) == n;
    if (node->how != MERGE_MULTIPLY)
        return node->how == MERGE_AVERAGE ? 1 / (REAL)node->in_count : node->how == MERGE_SUBTRACT && n > 0 ? -1 : 1;
    return counts(node, n, row, e) ? product_of(node, n, row, e) : 0;
}

static void merge_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t count = node->out->count;
    const REAL *d_y = adjoint_of(node->out);
    for (int n = 0; n < node->in_count; n++) {
        REAL *d_x = adjoint_of(node->in[n]);
        for (size_t row = 0; d_x && row < (size_t)it->rows; row++)
            for (size_t e = 0; e < count; e++)
                d_x[row * node->in[n]->count + element_of(node, n, e)] += slope(it, node, n, row, e) *
                                                                          d_y[row * count + e];
    }
}

static const Word word_merge = { "merge", merge_forward, merge_backward };

/* The place in `shape` of what stands at place e of `whole`. */
static size_t place_in(const Shape *shape, const Shape *whole, size_t e)
{
    size_t place = 0, step = 1;
    for (int d = whole->rank - 1; d >= 0; d--) {
        size_t at = e % (size_t)whole->extent[d];
        e /= (size_t)whole->extent[d];
        place += shape->extent[d] == 1 ? 0 : at * step;
        step *= (size_t)shape->extent[d];
    }
    return place;
}

static bool widen(Shape *whole, const Shape *shape)
{
    if (shape->rank != whole->rank)
        return false;
    for (int d = 0; d < shape->rank; d++) {
        int a = whole->extent[d], b = shape->extent[d];
        if (a != b && a != 1 && b != 1)
            return false;
        whole->extent[d] = a == 1 ? b : a;
    }
    return true;
}

/* Keras's Maximum, Minimum and Multiply do not look at what does not count; its sums take it as it is. */
static void set_masks(Composition *c, Node *node, Value *const *values, int count)
{
    bool looks = node->how == MERGE_MAXIMUM || node->how == MERGE_MINIMUM || node->how == MERGE_MULTIPLY;
    bool any = false;
    for (int n = 0; n < count; n++)
        any = any || values[n]->mask;
    if (!looks || !any)
        return;
    node->masks = interpreter_room(c->it, (size_t)count, sizeof *node->masks);
    for (int n = 0; node->masks && n < count; n++)
        node->masks[n] = values[n]->mask;
}

static Node *refuse(Composition *c, const char *why)
{
    composition_refuse(c, why);
    return NULL;
}

static Node *merge_node(Composition *c, enum Merge how, Value *const *values, int count)
{
    if (c->wrong || count < 1 || !values[0])
        return refuse(c, "there is nothing to merge");
    if (how == MERGE_SUBTRACT && count != 2)
        return refuse(c, "a difference is of two values");
    Shape whole = values[0]->shape;
    bool alike = true;
    for (int n = 0; n < count; n++)
        if (!values[n] || !widen(&whole, &values[n]->shape))
            return refuse(c, "what is merged must have the same shape, but for extents of 1");
    for (int n = 0; n < count; n++)
        alike = alike && values[n]->count == shape_count(&whole);
    Node *node = new_node(c, &word_merge, values, count, whole);
    if (!node)
        return NULL;
    node->how = (int)how;
    if (!alike)
        node->index = interpreter_room(c->it, (size_t)count * node->out->count, sizeof *node->index);
    for (int n = 0; node->index && n < count; n++)
        for (size_t e = 0; e < node->out->count; e++)
            node->index[(size_t)n * node->out->count + e] = (long)place_in(&values[n]->shape, &whole, e);
    return node;
}

Value *merge(Composition *c, enum Merge how, Value *const *values, int count)
{
    Node *node = merge_node(c, how, values, count);
    if (node)
        set_masks(c, node, values, count);
    return node ? node->out : NULL;
}

static Value *merge_two(Composition *c, enum Merge how, Value *a, Value *b)
{
    Node *node = merge_node(c, how, (Value *[]){ a, b }, 2);
    return node ? node->out : NULL;
}

Value *add(Composition *c, Value *a, Value *b)
{
    return merge_two(c, MERGE_ADD, a, b);
}

Value *subtract(Composition *c, Value *a, Value *b)
{
    return merge_two(c, MERGE_SUBTRACT, a, b);
}

Value *multiply(Composition *c, Value *a, Value *b)
{
    return merge_two(c, MERGE_MULTIPLY, a, b);
}

/* ---- side by side ---- */

/* Numbers that lie together, from the axis on. */
static size_t chunk_of(const Value *value, int axis)
{
    size_t count = 1;
    for (int d = axis; d < value->shape.rank; d++)
        count *= (size_t)value->shape.extent[d];
    return count;
}

static void concatenate_forward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t whole = chunk_of(node->out, node->axis), at = 0;
    for (int n = 0; n < node->in_count; n++) {
        size_t chunk = chunk_of(node->in[n], node->axis), chunks = (size_t)it->rows * node->in[n]->count / chunk;
        const REAL *x = values_of(node->in[n]);
        for (size_t i = 0; i < chunks; i++)
            memcpy(values_of(node->out) + i * whole + at, x + i * chunk, chunk * sizeof(REAL));
        at += chunk;
    }
}

static void concatenate_backward(Interpreter *it, const Run *run, Node *node)
{
    (void)run;
    size_t whole = chunk_of(node->out, node->axis), at = 0;
    const REAL *d_y = adjoint_of(node->out);
    for (int n = 0; n < node->in_count; n++) {
        size_t chunk = chunk_of(node->in[n], node->axis), chunks = (size_t)it->rows * node->in[n]->count / chunk;
        REAL *d_x = adjoint_of(node->in[n]);
        for (size_t i = 0; d_x && i < chunks; i++)
            for (size_t k = 0; k < chunk; k++)
                d_x[i * chunk + k] += d_y[i * whole + at + k];
        at += chunk;
    }
}

static const Word word_concatenate = { "concatenate", concatenate_forward, concatenate_backward };

Value *concatenate(Composition *c, Value *const *values, int count, int axis)
{
    if (c->wrong || count < 1 || !values[0])
        return composition_refuse(c, "there is nothing to concatenate");
    Shape whole = values[0]->shape;
    int d = axis < 0 ? whole.rank + axis : axis - 1;
    if (d < 0 || d >= whole.rank)
        return composition_refuse(c, "there is no such axis");
    for (int n = 1; n < count; n++) {
        if (!values[n] || values[n]->shape.rank != whole.rank)
            return composition_refuse(c, "what is concatenated must have the same rank");
        for (int k = 0; k < whole.rank; k++)
            if (k != d && values[n]->shape.extent[k] != whole.extent[k])
                return composition_refuse(c, "what is concatenated must have the same shape, but for the axis");
        whole.extent[d] += values[n]->shape.extent[d];
    }
    Node *node = new_node(c, &word_concatenate, values, count, whole);
    if (node)
        node->axis = d;
    return node ? node->out : NULL;
}
