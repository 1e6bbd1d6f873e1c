/* custom_models.h: layers that descriptions define themselves, for the tests of custom layers and for random models. */
#ifndef CUSTOM_MODELS_H
#define CUSTOM_MODELS_H

#include "compiler/base/base.h"

/* The description `inside` (as oracle_description takes it), behind the definitions of Convolution, Pooling, Attention, Squashed, Positions,
 * Causal, Scaled; and of the recurrent Peephole, Minimal, Twin, Frozen, Idle. */
char *custom_description(Arena *arena, const char *inside);

/* The definition of Masked: its second input says which steps of the first one count. */
#define MASKED_LAYER \
    "local Masked = layer 'Masked' {\n" \
    "  arguments = {}, over = 'sample', input = 'several',\n" \
    "  shape = function(a, x) return x[1].shape end,\n" \
    "  call = function(a, w, x) return x[1] * 1.0 end,\n" \
    "  mask = function(a, w, x)\n" \
    "    local t = axes 't'\n" \
    "    local m = tensor{ x[1].timesteps }\n" \
    "    m[{ t }] = greater(x[2][{ t }], 0)\n" \
    "    return m\n" \
    "  end }\n"

#endif
