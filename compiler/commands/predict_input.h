/* predict_input.h: what lstmc predict reads: samples out of .npy and .csv files, lines of text, or numbers as they come
 * in. */
#ifndef PREDICT_INPUT_H
#define PREDICT_INPUT_H

#include "compiler/session/session.h"

typedef struct PredictInput PredictInput;

/* `path` NULL or "-": standard input. NULL with a message if the file cannot be read, or if the model has no place for
 * what is in an array or a table (of text that is said when it has come in). */
PredictInput *predict_input_open(Session *session, const struct lstmc_meaning *meaning, const char *path);
/* Up to `rows` samples into x, scaled as in training; their number, 0 at the end, or a negative enum lstmc_status with
 * a message. */
int  predict_input_next(PredictInput *input, void *x, int rows);
/* How many steps of each of the samples read last count; NULL: all of all. */
const int32_t *predict_input_lengths(const PredictInput *input);
/* The values of one time step as they come in; 1, 0 at the end, or negative. Numbers alone. */
int  predict_input_step(PredictInput *input, void *x, int count);
/* What relative forecasts are added to: the last known values of the sample that was read as number `sample`; NULL:
 * they are not relative. */
const double *predict_input_base(const PredictInput *input, size_t sample, int *count);
/* The sample or step read last, x as the model reads it, in the unit of the data; and whether it is a window of a
 * table. */
void predict_input_raw(const PredictInput *input, const float *x, double *raw);
bool predict_input_is_table(const PredictInput *input);
void predict_input_close(PredictInput *input);

#endif
