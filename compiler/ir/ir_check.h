/* ir_check.h: what the two halves of the checker share: what is said of a statement alone (ir_check.c), and in which
 * order they may stand (ir_order.c). */
#ifndef IR_CHECK_H
#define IR_CHECK_H

#include "uses.h"

typedef struct Check {
    const Ir *ir;
    Arena *arena;               /* for the statement at work alone */
    const Statement *statement; /* at work */
    int at;                     /* its number */
    const char *wrong;          /* the first thing found; in the Ir's arena */
    Arena *index_arena;
    TensorUses uses;
} Check;

/* ir_complain.c: the first complaint stays, with the statement at work. */
void complain(Check *check, const char *format, ...) PRINTF_LIKE(2, 3);
const char *full_name(Check *check, const Tensor *tensor);      /* "lstm.z" */

/* ir_order.c: for the statement at work. */
void check_order(Check *check);

#endif
