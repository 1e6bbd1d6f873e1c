/* random_model.h: random legal descriptions: every layer, option and loss, odd sizes. */
#ifndef RANDOM_MODEL_H
#define RANDOM_MODEL_H

#include "compiler/base/base.h"

/* A whole description, a pure function of the seed. */
char *random_model(Arena *arena, uint64_t seed);

#endif
