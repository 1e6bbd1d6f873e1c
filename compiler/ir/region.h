/* region.h: boxes of a tensor's elements: which part an access touches, and what of a part others have left. */
#ifndef REGION_H
#define REGION_H

#include "ir.h"

typedef struct Box {        /* in each dimension low..high, both inside */
    int rank;
    int low[TENSOR_RANK_MAX], high[TENSOR_RANK_MAX];
} Box;

typedef struct Boxes {
    Box *box;
    int count, capacity;
} Boxes;

/* The turns of a time loop that are meant: axis NULL: no loop. An access that does not use the axis is the same in all
 * of them. */
typedef struct Turns {
    const Axis *axis;
    int first, last;
} Turns;

typedef enum Touch {
    TOUCH_SOME,         /* the box is only an outer bound: holes, gathers, an axis in two dimensions */
    TOUCH_ALL,          /* every element of the box */
    TOUCH_ONCE          /* every element by exactly one position of the axes in the index */
} Touch;

Box  box_whole(const Tensor *tensor);
Box  box_of_access(const Access *access, Turns turns, Touch *touch);
Turns turns_of(const Loop *loop);       /* all of them */
bool box_overlaps(const Box *a, const Box *b);

/* Takes `taken` away from each box of the list. */
void boxes_subtract(Arena *arena, Boxes *from, const Box *taken);
void boxes_add(Arena *arena, Boxes *to, Box box);
/* What of `box` no member of `covered` touches. */
Boxes boxes_rest(Arena *arena, const Box *box, const Boxes *covered);
bool boxes_overlap(const Boxes *boxes, const Box *box);

#endif
