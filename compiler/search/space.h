/* space.h: what a search may choose: the words NAME=LOW..HIGH and NAME=A,B,C of the command line, and those that stay
 * as they are. */
#ifndef SPACE_H
#define SPACE_H

#include "compiler/base/base.h"

typedef enum DimensionKind { DIMENSION_WHOLE, DIMENSION_REAL, DIMENSION_LIST } DimensionKind;

/* One argument that is searched. */
typedef struct Dimension {
    const char *name;
    DimensionKind kind;
    bool logarithmic;           /* of a range: equal ratios are equally probable, not equal differences */
    double low, high;           /* both belong to it */
    const char **choices;       /* of a list: as they are written */
    int choice_count, choice_capacity;
} Dimension;

typedef struct Space {
    Dimension *dimensions;
    int count, capacity;
    const char **fixed;         /* NAME=VALUE, as train takes it */
    int fixed_count, fixed_capacity;
} Space;

/* Reads the words NAME=... of a command line. Each mistake becomes a line on standard error; 0, or the exit status. */
int space_read(Arena *arena, const char *const *words, int count, Space *space);

/* How many different trials there are; 0: more than can be counted. */
uint64_t space_size(const Space *space);

#endif
