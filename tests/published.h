/* published.h: vectors that others have published, as plain data: a description in Lua, the weights in Keras's order, what goes in and what
 * must come out. rtneural.c, published_onnx.c, published_layers.c and turbofan.c make them; published.c runs them through every road of the product. */
#ifndef PUBLISHED_H
#define PUBLISHED_H

#include <stddef.h>
#include <stdint.h>

#define PUBLISHED_DATA "../shared/data"
#define PUBLISHED_WHY 512       /* characters of a reason */

struct published_case {
    char name[64];
    char skipped[160];          /* why the layers cannot say it; nothing else is set then. "" if they can */
    char description[4096];     /* Lua */
    float *weights;             /* layer by layer: kernel, recurrent_kernel, bias */
    size_t weight_count;
    int samples;
    size_t input_count;         /* of one sample */
    float *x;                   /* [samples][input_count]; NULL: ids. Of several inputs rows of them all, ids by bits */
    int32_t *ids;
    double *expected;           /* outputs [samples][expected_count / samples] */
    size_t expected_count;
    int steps;                  /* time steps of a sample that can be streamed with M_step; 0: not to be streamed */
    int32_t *classes;           /* not NULL: `expected` is the loss: one for all, or one for each sample */
    size_t class_count;         /* of one sample */
    float *sample_weight;       /* [samples], or NULL */
    float scale;                /* of the loss */
    int trains;                 /* computed as in training, by the statistics of the batch */
    float *d_output;            /* like `expected`: what `gradients` are the gradients for; NULL: none are published */
    double *gradients;          /* of the trainable weights, as they stand in `weights` */
    size_t gradient_count;
    double *d_input;            /* like x, or NULL; of several inputs one behind the other, [samples][its count] each,
                                 * zeros of ids */
    double tolerance;           /* of the deviation max |a - b| / max(max |b|, 1e-6) */
};

enum published_road {
    PUBLISHED_DOUBLE,           /* the interpreter in double */
    PUBLISHED_FLOAT,            /* the interpreter in float */
    PUBLISHED_EVALUATOR,        /* the statements, one by one */
    PUBLISHED_PREDICT,          /* the generated C, one sample at a time */
    PUBLISHED_BATCH,            /* the generated C, predict_batch */
    PUBLISHED_FORWARD,          /* the generated C with a tape: forward, and the loss if the case is one */
    PUBLISHED_STEP,             /* the generated C, one time step at a time */
    PUBLISHED_ROADS
};
extern const char *const published_road_names[PUBLISHED_ROADS];

/* The cases of a source, by number; 0, or -1 with `why` if the files are not there or malformed. */
int published_rtneural(const char *name, struct published_case *result, char why[PUBLISHED_WHY]);
int published_onnx(const char *name, struct published_case *result, char why[PUBLISHED_WHY]);
int published_layers(const char *name, struct published_case *result, char why[PUBLISHED_WHY]);
int published_graph(const char *name, struct published_case *result, char why[PUBLISHED_WHY]);
void published_free(struct published_case *one);

/* Building a case. Both die (abort) if there is no memory. */
void published_add_line(struct published_case *one, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a weight given as PyTorch and ONNX store it, [blocks * units][columns], in Keras's order [columns][blocks * units];
 * block k comes from block order[k]. A bias is a matrix of one column. */
void published_add_weight(struct published_case *one, const double *values, int blocks, int units, int columns, const int *order);
void published_add_numbers(struct published_case *one, const double *values, size_t count);
void *published_allocate(size_t count, size_t size);
double *published_as_double(const float *values, size_t count);     /* of values NULL: zeros */

double published_deviation(const double *values, const double *expected, size_t count);

#endif
