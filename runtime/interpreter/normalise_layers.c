/* normalise_layers.c: BatchNormalization, LayerNormalization, RMSNormalization, UnitNormalization.  Ioffe & Szegedy
 * 2015, with Keras's moving averages of the biased variance; Ba, Kiros & Hinton 2016; Zhang & Sennrich 2019. */
#include "words.h"

static const char *set_up_batch(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    Composition c = composition_begin(it, run);
    Moving moving = { weight_all(&c, "moving_mean"), weight_all(&c, "moving_variance"),
                      layer_number(layer, "momentum", 0.99), layer_flag(layer, "unbiased") };
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

static const char *set_up_layer(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, normalise_layer(&c, run->in[0], weight_all(&c, "gamma"), weight_all(&c, "beta"),
                                               layer_number(run->layer, "epsilon", 1e-3)));
}

static const char *set_up_rms(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, normalise_length(&c, run->in[0], LENGTH_RMS, weight_all(&c, "scale"),
                                                layer_number(run->layer, "epsilon", 1e-6)));
}

static const char *set_up_unit(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, normalise_length(&c, run->in[0], LENGTH_UNIT, (Weight){ 0 }, 1e-24));
}

#define NORMALISE_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward }
const LayerKind kind_layer_normalization = NORMALISE_KIND("LayerNormalization", set_up_layer);
const LayerKind kind_rms_normalization = NORMALISE_KIND("RMSNormalization", set_up_rms);
const LayerKind kind_unit_normalization = NORMALISE_KIND("UnitNormalization", set_up_unit);
