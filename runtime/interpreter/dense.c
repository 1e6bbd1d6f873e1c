/* dense.c: Dense: y = f(x W + b) on the last axis. */
#include "internal.h"

static size_t rows_of(const Interpreter *it, const Run *run)
{
    return (size_t)it->rows * (run->out.count / run->units);
}

static const char *set_up(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    if (layer->input.rank < 1 || layer->output.rank != layer->input.rank)
        return "Dense needs an input of rank 1 or more, and keeps its rank";
    run->units = (size_t)layer->output.extent[layer->output.rank - 1];
    run->features = (size_t)layer->input.extent[layer->input.rank - 1];
    run->kernel = layer_weight(layer, "kernel");
    run->bias = layer_weight(layer, "bias");
    run->activation = activation_find(it, layer_text(layer, "activation"), run->units);
    if (!run->activation)
        return "unknown activation";
    if (!run->kernel || run->kernel->count != run->features * run->units)
        return "the kernel must be (features, units)";
    if (layer_flag(layer, "use_bias") != (run->bias != NULL) || (run->bias && run->bias->count != run->units))
        return "the bias must be (units), and be there if use_bias says so";
    run->z = interpreter_room(it, (size_t)it->rows_max * run->out.count, sizeof(REAL));
    run->d_z = interpreter_room(it, (size_t)it->rows_max * run->out.count, sizeof(REAL));
    return NULL;
}

static void forward(Interpreter *it, Run *run)
{
    size_t rows = rows_of(it, run), units = run->units;
    affine_forward(it, rows, run->features, units, run->in[0]->y, weights_of(it, run->kernel),
                   weights_of(it, run->bias), run->z);
    activation_forward(it, run->activation, (Rows){ run->z, units }, (Rows){ run->out.y, units }, rows, units);
}

static void backward(Interpreter *it, Run *run)
{
    size_t rows = rows_of(it, run), units = run->units;
    pull_to_argument(it, run, units);
    affine_backward(it, rows, run->features, units, run->in[0]->y, weights_of(it, run->kernel), run->d_z,
                    gradients_of(it, run, run->kernel),
                    gradients_of(it, run, run->bias), adjoint_of(run->in[0]));
}

const LayerKind kind_dense = { .name = "Dense", .set_up = set_up, .forward = forward, .backward = backward,
                               .activates = true };
