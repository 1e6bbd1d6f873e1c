/* ship.h: what is written beside the two generated files: of a trained model its constants and the meaning of its
 * numbers, an example and a self-test. */
#ifndef SHIP_H
#define SHIP_H

#include "compiler/base/marks.h"
#include "compiler/emit/emit.h"

/* The third file, of a trained model: M_trained, and what its numbers mean (emit_constants.c). */
void emit_constants(Out *out, Arena *arena, const Programs *programs);
/* The latter part of it (emit_meaning.c), and what the header declares of it. */
void emit_meaning(Out *out, Arena *arena, const Programs *programs);
void emit_meaning_declarations(Out *out, Arena *arena, const Programs *programs);
/* Its part of a model with several inputs: their function, and what the comment says of their columns
 * (emit_meaning_inputs.c). */
void emit_inputs_normalize(Out *out, Arena *arena, const Programs *programs);
const char *inputs_listed(Arena *arena, const Programs *programs);
/* The shortest that is read as this number again. */
const char *double_text(Arena *arena, double value);

/* A program that predicts what it reads, and its Makefile (emit_example.c). */
void emit_example(Out *out, Arena *arena, const Programs *programs, bool self_test);
void emit_makefile(Out *out, Arena *arena, const Programs *programs, bool self_test);

/* Of a model with a decoder (emit_said.c): the text that is read; NULL: there is no one input that reads it. */
const struct lstmc_array *ship_text_input(const Programs *programs);
/* Why there is no example of a trained model with several inputs; NULL: there is one, which searches. */
const char *ship_no_said(Arena *arena, const Programs *programs);
void emit_said(Out *out, Arena *arena, const Programs *programs, bool self_test);    /* the latter part of it */
/* A part of an example with its marks filled in; a line that was a mark for nothing goes (example_part.c). */
void emit_example_part(Out *out, Arena *arena, const Model *model, const char *name, const Mark *marks, int count);

/* A function that tells whether a machine computes what it should (emit_self_test.c). */
typedef struct Golden {
    int samples;
    const int32_t *ids;         /* [samples, input_count] of a model that reads ids */
    const float *x;             /* of others */
    const double *y;            /* [samples, output_count] */
    double tolerance;           /* of each of them */
} Golden;
void emit_self_test_header(Out *out, Arena *arena, const Programs *programs);
void emit_self_test_source(Out *out, Arena *arena, const Programs *programs, const Golden *golden);

#endif
