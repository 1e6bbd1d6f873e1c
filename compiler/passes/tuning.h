/* tuning.h: the numbers of tiles under names, so that a measurement can choose them: tables of choices, and what there
 * is to choose from. */
#ifndef TUNING_H
#define TUNING_H

#include "compiler/base/diag.h"
#include "compiler/ir/ir.h"
#include "target.h"

#define TUNING_SIDE_MAX 32      /* rows, and vectors, side by side */
#define TUNING_SUMS_MAX 64      /* sums side by side, all sets together */
#define TUNING_UNROLL_MAX 16

typedef struct TileNumbers {
    int rows, blocks, sets;     /* as in Tile */
    /* turns in one of the innermost summed axis; 0: there is nothing to choose, or nothing chosen, and so everywhere */
    int unroll;
    int chunk;                  /* steps of a sum over time that are done at once; its extent: all */
} TileNumbers;

typedef struct TileChoice {
    /* "single forward lstm.z": program, section, what it sums up first, " in t" in a loop */
    const char *name;
    int line;                   /* in the file; 0: of no file */
    TileNumbers numbers;
} TileChoice;

typedef struct Tuning {
    const char *file;           /* NULL: made in this process */
    TileChoice *choices;
    int count, capacity;
} Tuning;

typedef struct NamedTile {      /* a tile with sums, as it is */
    const char *name;
    TileNumbers numbers;
    int rows, vectors;          /* there are so many along the row axis (0: there is none) and along the lanes */
    int copies;                 /* sums of one row and vector */
    int steps;                  /* extent of the axis that is cut into chunks; 0: none */
    bool dot;
    double work;                /* multiply-adds of one row */
} NamedTile;

typedef struct NamedTiles {
    NamedTile *list;
    int count, capacity;
} NamedTiles;

/* A file of the form return { ["single forward lstm.z"] = { rows = 1, blocks = 2 }, }: the part of Lua that this shows,
 * and comments. False with diagnostics, file and line each, if there are mistakes. */
bool tuning_read(Arena *arena, Diagnostics *diagnostics, const char *path, Tuning *tuning);

/* The choices for the tiles of a program ("single") that tile has made and pack has not yet seen. What there is
 * afterwards is added to `tiles`. A number that does not fit its tile is a diagnostic. `tuning` may be NULL. */
void tuning_apply(Diagnostics *diagnostics, const Tuning *tuning, Ir *ir, const Target *target, const char *program,
                  NamedTiles *tiles);

/* Says on standard error which choices are for no tile of the model, and which tiles there are. */
void tuning_hint(const Tuning *tuning, const NamedTiles *tiles);

#endif
