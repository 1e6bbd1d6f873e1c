/* uses.h: which statements write a tensor, and which read it: for whoever would look for them in the whole list again
 * and again. */
#ifndef USES_H
#define USES_H

#include "ir.h"

typedef struct Numbers {        /* of statements, ascending */
    int *number;
    int count, capacity;
} Numbers;

typedef struct TensorUses {     /* each by the tensor's number */
    Numbers *writers, *readers;
} TensorUses;

/* As the program is now. Ids that an output is gathered by are not counted as read. */
TensorUses ir_uses(Arena *arena, const Ir *ir);

#endif
