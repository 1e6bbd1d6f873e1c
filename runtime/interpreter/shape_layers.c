/* shape_layers.c: layers that only move numbers: Input, Flatten, RepeatVector. */
#include "internal.h"

static const char *set_up_copy(Interpreter *it, Run *run)
{
    (void)it;
    return run->input_count == run->output_count ? NULL : "input and output must hold as many numbers";
}

static void forward_copy(Interpreter *it, Run *run)
{
    if (run->x)
        memcpy(run->y, run->x, (size_t)it->rows * run->output_count * sizeof(REAL));
}

static void backward_copy(Interpreter *it, Run *run)
{
    if (run->d_x)
        memcpy(run->d_x, run->d_y, (size_t)it->rows * run->output_count * sizeof(REAL));
}

const LayerKind kind_input = { "Input", set_up_copy, forward_copy, backward_copy };
const LayerKind kind_flatten = { "Flatten", set_up_copy, forward_copy, backward_copy };

static const char *set_up_repeat(Interpreter *it, Run *run)
{
    (void)it;
    run->steps = (size_t)layer_number(run->layer, "n", 0);
    if (!run->x)
        return "token ids cannot be repeated";
    return run->steps * run->input_count == run->output_count ? NULL : "the output must be (n, features)";
}

static void forward_repeat(Interpreter *it, Run *run)
{
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t t = 0; t < run->steps; t++)
            memcpy(run->y + (row * run->steps + t) * run->input_count, run->x + row * run->input_count,
                   run->input_count * sizeof(REAL));
}

static void backward_repeat(Interpreter *it, Run *run)
{
    if (!run->d_x)
        return;
    memset(run->d_x, 0, (size_t)it->rows * run->input_count * sizeof(REAL));
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t t = 0; t < run->steps; t++)
            for (size_t i = 0; i < run->input_count; i++)
                run->d_x[row * run->input_count + i] += run->d_y[(row * run->steps + t) * run->input_count + i];
}

const LayerKind kind_repeat_vector = { "RepeatVector", set_up_repeat, forward_repeat, backward_repeat };
