/* time_distributed.c: TimeDistributed: the steps of all samples are as many samples of the layer that it owns. */
#include "internal.h"

static int steps_of(const Run *run)
{
    return run->in[0]->shape.extent[0];
}

static void fold(Interpreter *it, int steps)
{
    it->rows *= steps;
    it->rows_max *= steps;
    it->fold *= steps;
}

static void unfold(Interpreter *it, int steps)
{
    it->rows /= steps;
    it->rows_max /= steps;
    it->fold /= steps;
}

static const char *set_up(Interpreter *it, Run *run)
{
    Value *x = run->in[0];
    if (run->layer->sublayer_count != 1 || x->shape.rank < 2 || !x->y)
        return "it owns one layer, and reads a sequence of samples";
    run->inner = interpreter_room(it, 1, sizeof *run->inner);
    run->step = interpreter_room(it, 1, sizeof *run->step);
    if (it->no_memory)
        return NULL;
    *run->step = (Value){ .shape = { .rank = x->shape.rank - 1 }, .count = x->count / (size_t)steps_of(run),
                          .y = x->y };
    memcpy(run->step->shape.extent, x->shape.extent + 1, (size_t)run->step->shape.rank * sizeof(int));
    fold(it, steps_of(run));
    const char *wrong = it->set_up_inner(it, run->inner, &run->layer->sublayers[0], run->step);
    unfold(it, steps_of(run));
    run->result = &run->inner->out;
    run->out.y = run->inner->out.y;
    run->out.d_y = run->inner->out.d_y;
    return wrong;
}

static void forward(Interpreter *it, Run *run)
{
    fold(it, steps_of(run));
    run->inner->kind->forward(it, run->inner);
    unfold(it, steps_of(run));
}

static void backward(Interpreter *it, Run *run)
{
    run->step->wanted = run->in[0]->wanted;
    run->step->d_y = run->in[0]->d_y;
    run->inner->out.wanted = true;
    fold(it, steps_of(run));
    run->inner->kind->backward(it, run->inner);
    unfold(it, steps_of(run));
}

static void update(Interpreter *it, Run *run, REAL *weights)
{
    fold(it, steps_of(run));
    if (run->inner->kind->update)
        run->inner->kind->update(it, run->inner, weights);
    unfold(it, steps_of(run));
}

const LayerKind kind_time_distributed = { .name = "TimeDistributed", .set_up = set_up, .forward = forward,
                                          .backward = backward, .update = update };
