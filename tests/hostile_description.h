/* hostile_description.h: descriptions that attack the compiler, from a seed. */
#ifndef HOSTILE_DESCRIPTION_H
#define HOSTILE_DESCRIPTION_H

#include "compiler/base/base.h"

/* Stands in every text that an attack would like to see in the generated code. */
#define ATTACK "*/ATTACK"

/* A legal description in which statements read, write, copy and call whatever they can reach, at the top and inside of
 * every function that the compiler calls; or, from every third seed, `text` with some of its words replaced. */
char *hostile_description(Arena *arena, uint64_t seed, const char *text);

#endif
