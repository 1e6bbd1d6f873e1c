/* ir_check.h: what the two halves of the checker share: what is said of a statement alone (ir_check.c), and in which
 * order they may stand (ir_order.c). */
#ifndef IR_CHECK_H
#define IR_CHECK_H

#include "ir.h"

typedef struct Numbers {        /* of statements, ascending */
    int *number;
    int count, capacity;
} Numbers;

typedef struct Check {
    const Ir *ir;
    Arena *arena;               /* for the statement at work alone */
    const Statement *statement; /* at work */
    int at;                     /* its number */
    const char *wrong;          /* the first thing found; in the Ir's arena */
    Arena *index_arena;
    Numbers *writers, *readers; /* [tensor_count]: who writes, who reads each tensor */
} Check;

/* The first complaint stays, with the statement at work. */
void complain(Check *check, const char *format, ...) PRINTF_LIKE(2, 3);
const char *full_name(Check *check, const Tensor *tensor);      /* "lstm.z" */

/* ir_order.c: once for all statements, then for the one at work. */
void index_statements(Check *check);
void check_order(Check *check);

#endif
