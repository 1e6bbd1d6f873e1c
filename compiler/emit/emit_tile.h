/* emit_tile.h: what the files share that write tiles: nests over vectors, with elements of tensors
 * in local variables. */
#ifndef EMIT_TILE_H
#define EMIT_TILE_H

#include "emit.h"

#define TILE_SIDE_MAX 32        /* rows, or blocks, side by side */

/* An element of a tensor for each lane, or one scalar for all of them, in a local variable. */
typedef struct Element {
    const char *place;          /* where it is in memory, as C: what tells elements apart */
    const char *address;        /* the pointer by which it is stored */
    const char *name;           /* the variable */
    const char *second;         /* another one, for every second term of a sum; NULL: none */
    const char *left;           /* "100 - n": lanes that exist in memory; NULL: all */
    size_t stride;              /* of floats, from lane to lane in memory */
    bool stored;                /* goes to memory at the end of the turn */
    bool read;                  /* by a later statement of the turn */
    bool from_zero;             /* memory is still to be added */
    const Tensor *tensor;
    int row;                    /* which of the rows side by side it belongs to */
    /* the place in terms of the row variable of the loop behind the sums; NULL: there is none */
    const char *place_of_row, *address_of_row;
} Element;

typedef struct Write {
    const char *place;
    int count;
} Write;

typedef struct TileNest {
    Out *out;
    Nest nest;
    const Tile *tile;
    const Statement *const *statements;
    int count;
    int rows;                               /* side by side at present */
    int loops;                              /* that stand around the turn */
    Binding row[TILE_SIDE_MAX], block[TILE_SIDE_MAX];
    const char *loop_variable;              /* of the time loop around; NULL: there is none */
    const char *row_variable;               /* of the loop behind the sums: "b_plus_r"; NULL: there is none */
    const char *row_offset;                 /* "r"; the same, where all rows are side by side */
    const char *chunk_start, *chunk_end;    /* bounds of the chunk axis; NULL: not cut */
    const char *row_start, *row_end;        /* of a block along the row axis; NULL: not cut */
    bool checked;                           /* its condition stands around the whole nest */
    Element *elements;      int element_count, element_capacity;
    const char **names;     int name_count, name_capacity;      /* local variables in scope */
    Write *writes;          int write_count, write_capacity;
    const char *keep;                       /* for vectors that several rows share: "vec_keep"; NULL: none do */
    int set;                                /* which accumulators the next terms go to */
    int sets;
} TileNest;

/* Scopes, names, elements (emit_element.c). */
typedef struct Scope { int elements, names; } Scope;
Scope       tile_open_scope(const TileNest *to);
void        tile_close_scope(TileNest *to, Scope scope);
/* of a local variable, taken until its scope ends */
const char *tile_name(TileNest *to, const char *wish);
const char *tile_axis(const TileNest *to, const Axis *axis);        /* of a loop over it, as in the comment */
/* of what is so far from an index: "n_plus_1" */
const char *tile_beside(TileNest *to, const char *index, const char *distance);
Binding    *tile_bind(TileNest *to, Binding binding);
void        tile_unbind(TileNest *to);
bool        tile_is_point(const Tile *tile, const Axis *axis);
bool        tile_is_copied(const TileNest *to, const Axis *axis);
Element    *tile_find(TileNest *to, const char *place);
Element    *tile_add(TileNest *to, const Access *access, const char *name);
const char *tile_element_name(TileNest *to, const Access *access);
const char *tile_load(TileNest *to, const Access *access);          /* "vec_load(&tape->lstm.c[t][b][n])" */
const char *tile_load_lanes(Arena *arena, const char *address, size_t stride, const char *left);
int         tile_writes(const TileNest *to, const char *place);
void        tile_declare(TileNest *to, const char *type, const char *name, const char *value);
/* The expression over vectors; what it reads and nobody has read before becomes a local variable in front of it. */
const char *tile_expression(TileNest *to, const Expr *expr);

/* A tile whose vectors lie along a sum (emit_dot.c); the loops over outer axes and rows are open. */
void        emit_dot(TileNest *to);
bool        dot_has_rest(const Statement *statement);       /* terms that fill no vector, or there may be some */

/* One statement for all points side by side, how often places are written by some of them, and the end of a turn
 * (emit_points.c). */
void        tile_statement(TileNest *to, const Statement *statement);
void        tile_note_writes(TileNest *to, int first, int end);
void        tile_stores(TileNest *to);
/* Values that nobody reads stand beside others that are read: compilers would warn of them. */
void        tile_mention_unread(TileNest *to);

/* Of sums that add nothing in the first turn of a loop over time (emit_first_turn.c). The states that decide are looked
 * at in front of a tile, in a block that is open then. */
bool        tile_look_at_states(TileNest *to);
const char *tile_condition(const TileNest *to, const Statement *statement);     /* "!lstm_h_is_zero"; NULL: none */
const char *tile_condition_of_all(const TileNest *to);      /* under which the nest does anything; NULL: it does */
/* The first turn that counts of a sum over this axis: "lstm_h_is_zero", which is 0 or 1; NULL: 0. */
const char *tile_first_turn(const TileNest *to, const Statement *statement, const Axis *axis);

/* One square of a copy that goes across the vectors of its source (emit_square.c). */
void        tile_square(TileNest *to);

/* What follows the sums of several rows, row by row (emit_rest.c). */
void        tile_name_rows(TileNest *to);
void        tile_rest(TileNest *to, int from);

/* Consecutive statements with the same tile (emit_tile.c). */
void        emit_tile(Out *out, const Kernel *kernel);

#endif
