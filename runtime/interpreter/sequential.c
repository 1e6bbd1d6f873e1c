/* sequential.c: Sequential inside of another layer: a chain of layers, each of which reads what the one before it puts
 * out. */
#include "internal.h"

static const char *set_up(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    Value *x = run->in[0];
    const char *wrong = layer->sublayer_count ? NULL : "it owns no layer";
    run->inner = interpreter_room(it, (size_t)layer->sublayer_count, sizeof *run->inner);
    for (int i = 0; i < layer->sublayer_count && !wrong && !it->no_memory; i++) {
        wrong = it->set_up_inner(it, &run->inner[i], &layer->sublayers[i], x);
        x = &run->inner[i].out;
    }
    run->result = x;
    run->out.y = x->y;
    run->out.d_y = x->d_y;
    return wrong;
}

static void forward(Interpreter *it, Run *run)
{
    for (int i = 0; i < run->layer->sublayer_count; i++)
        run->inner[i].kind->forward(it, &run->inner[i]);
}

/* The last one's adjoint is that of the layer itself. */
static void backward(Interpreter *it, Run *run)
{
    int last = run->layer->sublayer_count - 1;
    for (int i = 0; i <= last; i++) {
        Value *out = &run->inner[i].out;
        out->wanted = true;
        if (i < last)
            memset(out->d_y, 0, (size_t)it->rows * out->count * sizeof(REAL));
    }
    for (int i = last; i >= 0; i--)
        run->inner[i].kind->backward(it, &run->inner[i]);
}

static void update(Interpreter *it, Run *run, REAL *weights)
{
    for (int i = 0; i < run->layer->sublayer_count; i++)
        if (run->inner[i].kind->update)
            run->inner[i].kind->update(it, &run->inner[i], weights);
}

const LayerKind kind_sequential = { .name = "Sequential", .set_up = set_up, .forward = forward, .backward = backward,
                                    .update = update };
