/* composed_layers.c: Dense in words; dense.c has a whole backward, by hand: each is a check of the other. */
#include "words.h"

static const char *set_up_dense(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Value *z = affine(&c, run->in[0], weight_all(&c, "kernel"), weight_all(&c, "bias"));
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

const LayerKind composed_dense = {
    .name = "Dense", .set_up = set_up_dense, .forward = composed_forward, .backward = composed_backward
};
