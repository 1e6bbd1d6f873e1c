/* probe.h: what finite differences are taken of: a model at a point that is drawn (differences_draw.c), for
 * differences.c. In double alone. */
#ifndef INTERPRETER_PROBE_H
#define INTERPRETER_PROBE_H

#include "differences.h"
#include "internal.h"

/* Streams of random numbers; the draw is the sample. */
enum { STREAM_WEIGHTS, STREAM_INPUT, STREAM_TARGET, STREAM_SAMPLE_WEIGHT, STREAM_COEFFICIENT, STREAM_DIRECTION,
       STREAM_ENTRY, STREAM_MASS, STREAM_LENGTHS };

typedef struct Target {             /* of one output */
    const char *loss;
    bool custom;
    size_t outputs, width, count;   /* numbers of the output of a row; of its last axis; of the target of a row */
    size_t first;                   /* the first of its random numbers */
    double *values;
    int32_t *classes;               /* NULL: there are none */
} Target;

typedef struct Probe {
    const Model *model;
    Interpreter *it;
    uint64_t seed;
    size_t input_count, output_count;           /* numbers of all inputs of a sample; of all outputs */
    double *weights, *gradients;
    double *input, *d_input;                    /* one input after the other, [rows, count] each */
    int32_t *ids;                               /* laid out as input */
    const void **x;                             /* where each input is; d_x: where its gradient is, NULL of ids */
    double **d_x;
    const double **d_outputs;
    Target *targets; int target_count;          /* of each output, as far as there are losses */
    const void **target;                        /* where the values of each are */
    double *coefficient;                        /* of the linear loss of a model without one */
    double *sample_weight;                      /* of each of the rows' losses, or one of each row */
    int32_t lengths[DIFFERENCES_ROWS];
    double *direction, *before;
    uint64_t sides;                             /* of the kinks, at the point that was drawn */
    double loss;                                /* there */
    double noise;                               /* of the loss: how far rounding moves it, for the subject at work */
} Probe;

double probe_signed(const Probe *probe, int stream, int draw, size_t element);      /* in [-1, 1) */
size_t probe_below(const Probe *probe, int stream, int draw, size_t element, size_t bound);

/* The loss at the weights and inputs as they stand. */
double probe_loss(Probe *probe);
/* Chooses weights, inputs and targets: the first draw that is far enough from every kink, or the farthest. False if
 * none had a usable loss. */
bool probe_draw(Probe *probe, struct differences *result);

#endif
