/* attention.h: the nodes that attention is made of, one behind the other (attending.c). */
#ifndef ONNX_ATTENTION_H
#define ONNX_ATTENTION_H

#include "flow.h"

#define ATTENDING_MAX 16

typedef struct Attending {
    Importer *importer;
    const OnnxNode *nodes[ATTENDING_MAX]; int count;    /* so far; each is the only one that reads the one before */
    bool causal;
    const char *constant;               /* what the last one that was taken is called */
} Attending;

/* Takes the node that reads what the last one has made, and nobody else does, if it is of that operation; of two inputs
 * the other one is `other`: a constant, or NULL of none. */
bool attending_takes(Attending *all, const char *operation, const Array **other);

/* A factor, as Mul or Div has it; `otherwise` of none. */
double attending_factor(Attending *all, double otherwise);

/* Scores [..., steps, seen] become shares, and the mean of the last node's second factor, the values: a causal mask if
 * there is one, Softmax, MatMul. NULL: they do not. */
const Flow *attending_values(Attending *all, Extent steps, Extent seen);

/* The layer is what the last node makes; the others are done. [batch, steps, features] */
void attending_done(const Attending *all, Step *step, Extent batch);

/* Query, value and key are read by what is said of them: of one alone, or of two, as often. */
void attending_reads(const Attending *all, Step *step, Ref query, Ref value, Ref key);

/* Of several heads, from the product of query and key on (heads.c). False without words: it is none. */
bool import_heads(Importer *importer, const Flow *query, const Flow *key);

#endif
