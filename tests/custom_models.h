/* custom_models.h: layers that descriptions define themselves, for the tests of custom layers and for random models. */
#ifndef CUSTOM_MODELS_H
#define CUSTOM_MODELS_H

#include "compiler/base/base.h"

/* The description `inside` (as oracle_description takes it), behind the definitions of Convolution, Pooling, Attention, Squashed, Positions,
 * Causal, Scaled; and of the recurrent Peephole, Minimal, Twin, Frozen, Idle. */
char *custom_description(Arena *arena, const char *inside);

#endif
