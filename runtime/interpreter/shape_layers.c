/* shape_layers.c: layers that only move numbers: Input, Flatten, RepeatVector. */
#include "internal.h"

static const char *set_up_copy(Interpreter *it, Run *run)
{
    (void)it;
    return run->in[0]->count == run->out.count ? NULL : "input and output must hold as many numbers";
}

static void forward_copy(Interpreter *it, Run *run)
{
    if (run->in[0]->y)
        memcpy(run->out.y, run->in[0]->y, (size_t)it->rows * run->out.count * sizeof(REAL));
}

static void backward_copy(Interpreter *it, Run *run)
{
    REAL *d_x = adjoint_of(run->in[0]);
    for (size_t i = 0; d_x && i < (size_t)it->rows * run->out.count; i++)
        d_x[i] += run->out.d_y[i];
}

const LayerKind kind_input = {
    .name = "Input", .set_up = set_up_copy, .forward = forward_copy, .backward = backward_copy
};
const LayerKind kind_flatten = {
    .name = "Flatten", .set_up = set_up_copy, .forward = forward_copy, .backward = backward_copy
};

static const char *set_up_repeat(Interpreter *it, Run *run)
{
    (void)it;
    run->steps = (size_t)layer_number(run->layer, "n", 0);
    if (!run->in[0]->y)
        return "token ids cannot be repeated";
    return run->steps * run->in[0]->count == run->out.count ? NULL : "the output must be (n, features)";
}

static void forward_repeat(Interpreter *it, Run *run)
{
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t t = 0; t < run->steps; t++)
            memcpy(run->out.y + (row * run->steps + t) * run->in[0]->count, run->in[0]->y + row * run->in[0]->count,
                   run->in[0]->count * sizeof(REAL));
}

static void backward_repeat(Interpreter *it, Run *run)
{
    REAL *d_x = adjoint_of(run->in[0]);
    size_t count = run->in[0]->count;
    for (size_t row = 0; d_x && row < (size_t)it->rows; row++)
        for (size_t t = 0; t < run->steps; t++)
            for (size_t i = 0; i < count; i++)
                d_x[row * count + i] += run->out.d_y[(row * run->steps + t) * count + i];
}

const LayerKind kind_repeat_vector = {
    .name = "RepeatVector", .set_up = set_up_repeat, .forward = forward_repeat, .backward = backward_repeat
};
