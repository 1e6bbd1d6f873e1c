/* elementwise_layers.c: Activation and Dropout. */
#include "internal.h"

#include "runtime/lstmc_random.h"

/* ---- Activation: along the last axis, where that matters ---- */

static const char *set_up_activation(Interpreter *it, Run *run)
{
    const Shape *shape = &run->layer->output;
    run->activation = activation_find(layer_text(run->layer, "activation"));
    if (!run->activation)
        return "unknown activation";
    if (!run->in[0]->y)
        return "an activation of token ids has no meaning";
    if (run->in[0]->count != run->out.count)
        return "the shape must not change";
    run->units = shape->rank > 0 ? (size_t)shape->extent[shape->rank - 1] : 1;
    run->z = run->in[0]->y;
    run->d_z = interpreter_room(it, (size_t)it->rows_max * run->out.count, sizeof(REAL));
    return NULL;
}

static void forward_activation(Interpreter *it, Run *run)
{
    size_t rows = (size_t)it->rows * (run->out.count / run->units);
    activation_forward(it, run->activation, (Rows){ run->z, run->units }, (Rows){ run->out.y, run->units }, rows,
                       run->units);
}

static void backward_activation(Interpreter *it, Run *run)
{
    REAL *d_x = adjoint_of(run->in[0]);
    if (!d_x)
        return;
    pull_to_argument(it, run, run->units);
    for (size_t i = 0; i < (size_t)it->rows * run->out.count; i++)
        d_x[i] += run->d_z[i];
}

const LayerKind kind_activation = {
    .name = "Activation", .set_up = set_up_activation, .forward = forward_activation, .backward = backward_activation
};

/* ---- Dropout: inverted, noise by counter ---- */

static const char *set_up_dropout(Interpreter *it, Run *run)
{
    if (!run->in[0]->y)
        return "dropout of token ids has no meaning";
    if (run->in[0]->count != run->out.count)
        return "the shape must not change";
    run->noise = interpreter_room(it, (size_t)it->rows_max * run->out.count, sizeof(REAL));
    return NULL;
}

static void forward_dropout(Interpreter *it, Run *run)
{
    float rate = (float)layer_number(run->layer, "rate", 0);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t element = 0; element < run->out.count; element++) {
            size_t i = row * run->out.count + element;
            run->noise[i] = lstmc_dropout_noise(rate, it->seed, (uint64_t)run->index, (uint64_t)it->first_row + row,
                                                element);
            run->out.y[i] = run->in[0]->y[i] * run->noise[i];
        }
}

static void backward_dropout(Interpreter *it, Run *run)
{
    REAL *d_x = adjoint_of(run->in[0]);
    for (size_t i = 0; d_x && i < (size_t)it->rows * run->out.count; i++)
        d_x[i] += run->out.d_y[i] * run->noise[i];
}

const LayerKind kind_dropout = {
    .name = "Dropout", .set_up = set_up_dropout, .forward = forward_dropout, .backward = backward_dropout
};
