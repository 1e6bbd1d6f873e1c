/* composition.c: a layer as a list of words. */
#include "words.h"

Composition composition_begin(Interpreter *it, Run *run)
{
    Composition c = { .it = it, .run = run, .layer = run->layer, .body = interpreter_room(it, 1, sizeof(Body)) };
    if (it->no_memory)
        c.wrong = "no memory";
    run->body = c.body;
    return c;
}

const char *composition_end(Composition *c, Value *result)
{
    Run *run = c->run;
    for (int i = 0; result && i < run->in_count; i++)
        if (result == run->in[i])           /* a layer has a value of its own */
            result = scale(c, result, 1, 0);
    if (c->wrong)
        return c->wrong;
    const Shape *declared = &run->layer->output;
    if (!result || result->loop || result->shape.rank != declared->rank ||
        memcmp(result->shape.extent, declared->extent, (size_t)declared->rank * sizeof *declared->extent))
        return "its output has another shape than the model says";
    run->result = result;
    run->out.y = result->y;
    run->out.d_y = result->d_y;
    for (int i = 0; i < c->body->node_count; i++) {
        const Node *node = c->body->nodes[i];
        if (node->out == result && node->activation && !node->in[0]->loop) {
            run->argument = node->in[0];
            run->z = run->argument->y;
        }
    }
    return NULL;
}

void composed_forward(Interpreter *it, Run *run)
{
    body_forward(it, run, run->body);
}

void composed_update(Interpreter *it, Run *run, REAL *weights)
{
    for (int i = 0; i < run->body->node_count; i++)
        if (run->body->nodes[i]->update)
            run->body->nodes[i]->update(it, run->body->nodes[i], weights);
}

void composed_backward(Interpreter *it, Run *run)
{
    for (int i = 0; i < run->body->value_count; i++) {
        Value *value = run->body->values[i];
        if (value != run->result && !value->handed_on)
            memset(value->d_y, 0, (value->loop ? value->loop->turns : 1) * value->turn * sizeof(REAL));
    }
    const REAL *of_loss = loss_at_argument(it, run);
    REAL *d_argument = of_loss ? adjoint_of(run->argument) : NULL;
    for (size_t i = 0; d_argument && i < (size_t)it->rows * run->argument->count; i++)
        d_argument[i] += of_loss[i];
    body_backward(it, run, run->body);
}
