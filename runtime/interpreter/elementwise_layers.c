/* elementwise_layers.c: Activation and what has a layer of its own among activations; Dropout and other noise;
 * Rescaling. The layer's number is the place of its noise. */
#include "words.h"

static const char *set_up_activation(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, activate(&c, run->in[0], layer_text(run->layer, "activation")));
}

/* Axis 0 is the batch. */
static const char *set_up_softmax(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    int rank = run->in[0]->shape.rank, axis = (int)layer_number(run->layer, "axis", -1);
    axis = axis < 0 ? axis + rank : axis - 1;
    return composition_end(&c, axis == rank - 1 ? activate(&c, run->in[0], "softmax")
                                                : softmax_along(&c, run->in[0], axis));
}

static const char *set_up_relu(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    const Argument *most = layer_argument(run->layer, "max_value");
    bool bounded = most && most->kind == ARGUMENT_NUMBER;
    return composition_end(&c, rectify(&c, run->in[0], layer_number(run->layer, "negative_slope", 0),
                                       layer_number(run->layer, "threshold", 0), bounded ? most->number : INFINITY));
}

static const char *set_up_leaky_relu(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    const Argument *alpha = layer_argument(run->layer, "alpha");
    double slope = alpha && alpha->kind == ARGUMENT_NUMBER ? alpha->number
                                                           : layer_number(run->layer, "negative_slope", 0.3);
    return composition_end(&c, rectify(&c, run->in[0], slope, 0, INFINITY));
}

static const char *set_up_thresholded_relu(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, rectify(&c, run->in[0], 0, layer_number(run->layer, "theta", 1), INFINITY));
}

static const char *set_up_prelu(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, rectify_by(&c, run->in[0], weight_all(&c, "alpha")));
}

static const char *set_up_elu(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, rectify_exponentially(&c, run->in[0], layer_number(run->layer, "alpha", 1)));
}

/* What its outputs cost is in loss.c, as of any layer. */
static const char *set_up_identity(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, scale(&c, run->in[0], 1, 0));
}

static const char *set_up_rescaling(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, scale(&c, run->in[0], layer_number(run->layer, "scale", 1),
                                     layer_number(run->layer, "offset", 0)));
}

/* ---- noise ---- */

static const char *set_up_dropout(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, drop(&c, run->in[0], layer_number(run->layer, "rate", 0), (uint64_t)run->index));
}

/* One number for all steps: ones are dropped, and what becomes of them multiplies each step. */
static const char *set_up_spatial_dropout1d(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Shape features = { 2, { 1, run->in[0]->shape.extent[1] } };
    long *nowhere = interpreter_room(it, shape_count(&features), sizeof *nowhere);
    for (size_t i = 0; nowhere && i < shape_count(&features); i++)
        nowhere[i] = -1;
    Value *ones = nowhere ? scale(&c, move(&c, run->in[0], features, nowhere), 0, 1) : NULL;
    Value *noise = drop(&c, ones, layer_number(run->layer, "rate", 0), (uint64_t)run->index);
    return composition_end(&c, multiply(&c, run->in[0], noise));
}

static const char *set_up_gaussian_noise(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, disturb(&c, run->in[0], DISTURB_ADD, layer_number(run->layer, "stddev", 0),
                                       (uint64_t)run->index));
}

static const char *set_up_gaussian_dropout(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    double rate = layer_number(run->layer, "rate", 0);
    return composition_end(&c, disturb(&c, run->in[0], DISTURB_MULTIPLY, sqrt(rate / (1 - rate)),
                                       (uint64_t)run->index));
}

static const char *set_up_alpha_dropout(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, drop_alpha(&c, run->in[0], layer_number(run->layer, "rate", 0), (uint64_t)run->index));
}

#define ELEMENTWISE_KIND(NAME, SET_UP, ...) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward, __VA_ARGS__ }
const LayerKind kind_activation = ELEMENTWISE_KIND("Activation", set_up_activation, .activates = true);
const LayerKind kind_softmax = ELEMENTWISE_KIND("Softmax", set_up_softmax, .activates = true);
const LayerKind kind_relu = ELEMENTWISE_KIND("ReLU", set_up_relu, .activates = false);
const LayerKind kind_leaky_relu = ELEMENTWISE_KIND("LeakyReLU", set_up_leaky_relu, .activates = false);
const LayerKind kind_thresholded_relu = ELEMENTWISE_KIND("ThresholdedReLU", set_up_thresholded_relu,
                                                         .activates = false);
const LayerKind kind_prelu = ELEMENTWISE_KIND("PReLU", set_up_prelu, .activates = false);
const LayerKind kind_elu = ELEMENTWISE_KIND("ELU", set_up_elu, .activates = false);
const LayerKind kind_activity_regularization = ELEMENTWISE_KIND("ActivityRegularization", set_up_identity,
                                                                 .activates = false);
const LayerKind kind_rescaling = ELEMENTWISE_KIND("Rescaling", set_up_rescaling, .activates = false);
const LayerKind kind_dropout = ELEMENTWISE_KIND("Dropout", set_up_dropout, .activates = false);
const LayerKind kind_spatial_dropout1d = ELEMENTWISE_KIND("SpatialDropout1D", set_up_spatial_dropout1d,
                                                          .activates = false);
const LayerKind kind_gaussian_noise = ELEMENTWISE_KIND("GaussianNoise", set_up_gaussian_noise, .activates = false);
const LayerKind kind_gaussian_dropout = ELEMENTWISE_KIND("GaussianDropout", set_up_gaussian_dropout,
                                                         .activates = false);
const LayerKind kind_alpha_dropout = ELEMENTWISE_KIND("AlphaDropout", set_up_alpha_dropout, .activates = false);
