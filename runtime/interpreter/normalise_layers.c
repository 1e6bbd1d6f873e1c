/* normalise_layers.c: BatchNormalization.  Ioffe & Szegedy 2015; Keras's moving averages of the biased variance. */
#include "words.h"

static const char *set_up_batch(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    Composition c = composition_begin(it, run);
    Moving moving = { weight_all(&c, "moving_mean"), weight_all(&c, "moving_variance"),
                      layer_number(layer, "momentum", 0.99) };
    Weight gamma = weight_all(&c, "gamma"), beta = weight_all(&c, "beta");
    double epsilon = layer_number(layer, "epsilon", 1e-3);
    Value *x = run->in[0];
    if (!layer->trainable)
        return composition_end(&c, normalise_by(&c, x, moving.mean, moving.variance, gamma, beta, epsilon));
    return composition_end(&c, normalise_moving(&c, x, x->mask, moving, gamma, beta, epsilon));
}

const LayerKind kind_batch_normalization = {
    .name = "BatchNormalization", .set_up = set_up_batch, .forward = composed_forward, .backward = composed_backward,
    .update = composed_update
};
