/* lanes.h: which axis the vectors of one statement lie along, and what the others are then. */
#ifndef LANES_H
#define LANES_H

#include "compiler/ir/ir.h"
#include "target.h"

typedef struct Lanes {
    Axis *lane;                     /* NULL: the statement stays a nest of plain loops */
    bool dot;                       /* the lane axis is summed */
    bool sums;                      /* there are summed axes */
    /* axes of the output that are not free (a scatter): the statement keeps its order, alone in its tile */
    bool ordered;
    bool streams;                   /* a long sum without a weight (a gradient): its axes are cut in pieces */
    int outer_count;                /* of the output, neither lane nor copied, in the statement's order */
    Axis *outer[STATEMENT_AXES_MAX];
    int copies;                     /* positions of the copied axes together */
} Lanes;

/* Sets tensor->layout of every tensor of the Ir, but of those that BLAS reads or writes. */
void  lanes_choose_layouts(Ir *ir, const Target *target);
bool  lanes_is_private(const Ir *ir, const Tensor *tensor);     /* its layout is ours to choose */
Lanes lanes_of(const Statement *statement, const Target *target);
/* A step of the axis is a step of one float, for whole vectors and for what is left at the end. */
bool  lanes_walk(const Access *access, const Axis *axis);
/* A weight (or what was made of weights alone) that pack may put into the order in which a sum reads it. */
bool  lanes_may_pack(const Statement *statement, const Access *access);

#endif
