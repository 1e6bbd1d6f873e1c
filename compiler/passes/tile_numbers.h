/* tile_numbers.h: a tile whose statements are known, and the choice of its numbers. */
#ifndef TILE_NUMBERS_H
#define TILE_NUMBERS_H

#include "compiler/ir/ir.h"
#include "target.h"

typedef struct TileSpan {
    const Ir *ir;
    const Target *target;
    Tile *tile;
    int first, end;             /* its statements */
    bool sums;                  /* one of them is a sum along other axes than the lanes */
} TileSpan;

/* Sets all numbers of the tile, and the order and copies of the sums' loops in its statements. */
void tile_choose_numbers(const TileSpan *span);
/* In a tile whose lanes are rows: all terms of its sums are written out, and what they read has a name. */
bool tile_writes_out(const Tile *tile, const Statement *statement);

#endif
