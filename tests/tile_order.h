/* tile_order.h: a program whose tiles run as emitted code runs them: all statements of a tile at one point before the next point. */
#ifndef TILE_ORDER_H
#define TILE_ORDER_H

#include "compiler/ir/ir.h"

/* A copy of the program, for the slow evaluator and the first `rows` rows of the batch: each tile is written out, point by point, chunk by chunk
 * and in an order that `seed` shuffles; what lives in registers is NaN as soon as its turn is over. A program whose tiles are right means the
 * same in each of these orders. Knows nothing of how tiles were found. */
Ir *tile_order(Arena *arena, const Ir *ir, int rows, uint64_t seed);

#endif
