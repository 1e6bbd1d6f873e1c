/* predict_ahead.h: forecasts that are read again: what a model of series says of the next row becomes the last row of
 * its window, row after row. */
#ifndef PREDICT_AHEAD_H
#define PREDICT_AHEAD_H

#include "predict_input.h"

typedef struct Ahead Ahead;

/* `rows` rows ahead of each sample of `input`; of a table of its last window alone. The session is prepared, and takes
 * steps where it streams. NULL with the session's message: the model has no such forecasts, or there is no memory. */
Ahead *ahead_open(Session *session, PredictInput *input, const struct lstmc_meaning *meaning, int rows);
void   ahead_close(Ahead *ahead);

/* What no model and no option needs to be prepared for; NULL: nothing is in the way. */
const char *ahead_obstacle(const Session *session, const struct lstmc_meaning *meaning);

/* Values of a row, and what value `column` of it is called. */
int         ahead_columns(const Ahead *ahead);
const char *ahead_name(const Ahead *ahead, int column);

/* Rows ahead of the next sample, in the unit of the data: values [rows, columns]. 1, 0: there are no more samples;
 * negative with the session's message. */
int ahead_next(Ahead *ahead, double *values);

#endif
