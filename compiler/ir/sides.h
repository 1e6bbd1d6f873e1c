/* sides.h: of a model with a decoder: what of a program depends on weights alone, on what is encoded, and on what the
 * decoder reads step by step, or remembers. */
#ifndef SIDES_H
#define SIDES_H

#include "ir.h"

typedef enum Side { SIDE_WEIGHTS, SIDE_ENCODER, SIDE_DECODER } Side;

const Side *sides_of(Arena *arena, const Ir *ir);       /* by the numbers of the tensors */

/* The side of what the statement reads. */
Side side_of_value(const Side *sides, const Statement *statement);

#endif
