/* compose.c: what words are made of: values, nodes and weights of a list that is made once and walked forward and
 * back. */
#include "words.h"

Value *composition_refuse(Composition *c, const char *why)
{
    if (!c->wrong)
        c->wrong = why;
    return NULL;
}

/* `list` of pointers with room for one more; NULL: no memory. The old one stays until the end: lists are short. */
static void *with_room(Interpreter *it, void *list, int count, int *capacity)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity * 2 + 8;
    void **longer = interpreter_room(it, (size_t)*capacity, sizeof(void *));
    if (longer && count)
        memcpy(longer, list, (size_t)count * sizeof(void *));
    return longer;
}

Value *new_value(Composition *c, Shape shape, REAL *y)
{
    const Loop *loop = c->body->loop;
    Body *body = c->run->body;
    Value *value = c->wrong ? NULL : interpreter_room(c->it, 1, sizeof *value);
    body->values = with_room(c->it, body->values, body->value_count, &body->value_capacity);
    if (!value || c->it->no_memory)
        return composition_refuse(c, "no memory");
    size_t turns = loop ? loop->turns : 1, count = shape_count(&shape);
    *value = (Value){ .shape = shape, .count = count, .loop = loop, .wanted = true,
                      .turn = (size_t)c->it->rows_max * count };
    value->y = y ? y : interpreter_room(c->it, turns * value->turn, sizeof(REAL));
    value->d_y = interpreter_room(c->it, turns * value->turn, sizeof(REAL));
    body->values[body->value_count++] = value;
    return c->it->no_memory ? composition_refuse(c, "no memory") : value;
}

Node *new_node(Composition *c, const Word *word, Value *const *in, int in_count, Shape shape)
{
    for (int i = 0; i < in_count && !c->wrong; i++)
        if (!in[i] || (!in[i]->y && !in[i]->ids))
            composition_refuse(c, "a value is missing");
    if (c->wrong)
        return NULL;
    Body *body = c->body;
    Node *node = interpreter_room(c->it, 1, sizeof *node);
    Value **copies = interpreter_room(c->it, (size_t)in_count, sizeof(Value *));
    body->nodes = with_room(c->it, body->nodes, body->node_count, &body->node_capacity);
    Value *out = new_value(c, shape, NULL);
    if (!out || c->it->no_memory) {
        composition_refuse(c, "no memory");
        return NULL;
    }
    for (int i = 0; i < in_count; i++)
        copies[i] = in[i];
    *node = (Node){ .word = word, .in = copies, .in_count = in_count, .out = out };
    body->nodes[body->node_count++] = node;
    return node;
}

/* ---- weights ---- */

Weight weight_all(const Composition *c, const char *name)
{
    const struct lstmc_tensor *tensor = layer_weight(c->layer, name);
    if (!tensor)
        return (Weight){ 0 };
    size_t columns = (size_t)tensor->shape[tensor->rank - 1];
    return (Weight){ .tensor = tensor, .rows = tensor->count / columns, .columns = columns, .stride = columns };
}

Weight weight_columns(Weight weight, size_t first, size_t columns)
{
    weight.first += first;
    weight.columns = columns;
    return weight;
}

const REAL *weight_at(const Interpreter *it, Weight weight)
{
    return weight.tensor ? weights_of(it, weight.tensor) + weight.first : NULL;
}

REAL *gradient_at(const Interpreter *it, const Run *run, Weight weight)
{
    REAL *gradient = gradients_of(it, run, weight.tensor);
    return gradient ? gradient + weight.first : NULL;
}

void body_forward(Interpreter *it, const Run *run, Body *body)
{
    for (int i = 0; i < body->node_count; i++)
        body->nodes[i]->word->forward(it, run, body->nodes[i]);
}

void body_backward(Interpreter *it, const Run *run, Body *body)
{
    for (int i = body->node_count - 1; i >= 0; i--)
        body->nodes[i]->word->backward(it, run, body->nodes[i]);
}
