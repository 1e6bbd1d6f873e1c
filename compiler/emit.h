/* emit.h: planned programs to the text of the two generated files. */
#ifndef EMIT_H
#define EMIT_H

#include "ir.h"
#include "target.h"

typedef struct Programs {
    const Model *model;
    const Target *target;
    Ir *training;           /* M_forward, M_loss, M_backward; NULL with --inference */
    Ir *batch;              /* M_predict_batch */
    Ir *single;             /* M_predict: batch 1 */
    Ir *step;               /* M_step: batch 1, one time step; NULL if the model has no streaming meaning */
    const char *no_step;    /* why */
    bool input_gradient;
} Programs;

void emit_header(Out *out, Arena *arena, const Programs *programs);
void emit_source(Out *out, Arena *arena, const Programs *programs);

/* One nest, loops included, as C; `rows` is the name of the bound of the batch axis (emit_nest.c). */
void emit_nest(Out *out, Arena *arena, const Statement *statement);

#endif
