/* loss_rows.h: the losses of Keras that the interpreter knows: the value of one row (the last axis) and its gradient by
 * the prediction. */
#ifndef INTERPRETER_LOSS_ROWS_H
#define INTERPRETER_LOSS_ROWS_H

#include "internal.h"

#include <tgmath.h>

/* Keras's backend epsilon: where logarithms and quotients are clipped. */
#define LOSS_EPSILON ((REAL)1e-7)

typedef struct LossRow {
    Interpreter *it;
    const LossOptions *options;
    const REAL *prediction, *target;
    size_t width;
    REAL *gradient;
} LossRow;

typedef double RowLoss(const LossRow *row);

/* A whole sample: labels that end at the first blank, and what is held against them. */
typedef struct LossSample {
    const REAL *prediction;         /* [steps][width] */
    const REAL *mask;               /* [steps], not 0 where a step counts; NULL: all do */
    size_t steps, width;
    const int32_t *labels;
    size_t label_count;
    int32_t blank;
    bool is_shares;                 /* predictions are those of a softmax, not its logits */
    double *room;                   /* of ctc_room() numbers */
    REAL *gradient;                 /* like prediction, zeros so far */
} LossSample;

typedef double SampleLoss(const LossSample *sample);

#define ctc_loss REAL_NAME(ctc_loss)
#define ctc_room REAL_NAME(ctc_room)
double ctc_loss(const LossSample *sample);
size_t ctc_room(size_t steps, size_t width, size_t labels);

struct LossKind {
    const char *name, *short_name;  /* the last one of a list has none */
    const char *undoes;             /* the activation whose argument the loss can read */
    bool of_classes;
    RowLoss *value;                 /* of predictions: values, or probabilities */
    RowLoss *logits_value;
    SampleLoss *of_sample;          /* of a whole sample, on logits; `value` and `logits_value` are NULL */
};

#define regression_losses  REAL_NAME(regression_losses)
#define probability_losses REAL_NAME(probability_losses)
#define margin_losses      REAL_NAME(margin_losses)
extern const LossKind regression_losses[], probability_losses[], margin_losses[];

#endif
