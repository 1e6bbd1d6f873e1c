/* onnx_reference.h: LSTM, GRU and RNN as the ONNX specification has them, in double: who says what an imported one should
 * give. */
#ifndef ONNX_REFERENCE_H
#define ONNX_REFERENCE_H

#include <stddef.h>

typedef struct Function {
    const char *name;
    double alpha, beta;
} Function;

typedef struct Recurrence {
    char kind;                  /* 'L', 'G', 'R' */
    int directions;             /* 1 forward, -1 reverse, 2 both */
    size_t steps, rows, features, units;
    int linear_before_reset;
    int input_forget;           /* f = 1 - i */
    double clip;                /* 0: none */
    Function functions[3];      /* f, g, h of both directions */
    const double *w, *r, *b, *p;        /* b, p: NULL: none */
    const double *lengths;      /* of each row; NULL: all steps */
    const double *initial_h, *initial_c;        /* [directions][rows][units], or NULL */
} Recurrence;

/* What lies behind the length of a row is zero in y. x [steps][rows][features]; y [steps][directions][rows][units];
 * h, c [directions][rows][units]. */
void onnx_reference(const Recurrence *recurrence, const double *x, double *y, double *h, double *c);

#endif
