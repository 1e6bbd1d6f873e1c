/* streaming.h: whether a model can read one time step at a time. */
#ifndef STREAMING_H
#define STREAMING_H

#include "ir.h"

/* Of a lowered program that predicts: NULL if the same statements, run once for each step as it comes in, compute what
 * they compute over the whole sequence; otherwise why not, with the statement that forbids it (arena memory). */
const char *streaming_obstacle(Arena *arena, const Ir *ir);

#endif
