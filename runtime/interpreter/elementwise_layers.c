/* elementwise_layers.c: Activation and Dropout. */
#include "words.h"

static const char *set_up_activation(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, activate(&c, run->in[0], layer_text(run->layer, "activation")));
}

/* The layer's number is the place of its noise. */
static const char *set_up_dropout(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, drop(&c, run->in[0], layer_number(run->layer, "rate", 0), (uint64_t)run->index));
}

const LayerKind kind_activation = {
    .name = "Activation", .set_up = set_up_activation, .forward = composed_forward, .backward = composed_backward,
    .activates = true
};
const LayerKind kind_dropout = {
    .name = "Dropout", .set_up = set_up_dropout, .forward = composed_forward, .backward = composed_backward
};
