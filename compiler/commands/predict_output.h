/* predict_output.h: what lstmc predict prints, or writes at the end: lines of text, a table, an array. */
#ifndef PREDICT_OUTPUT_H
#define PREDICT_OUTPUT_H

#include "predict_ahead.h"
#include "predict_labels.h"

#include <stdio.h>

/* What is printed, and where. */
typedef struct Predictor {
    Session *session;
    const Model *model;
    const struct lstmc_meaning *meaning;
    PredictInput *input;
    Ahead *ahead;                       /* forecasts that are read again; NULL: none */
    LabelReader *labels;                /* NULL: the output is no labels, or not to be read as that */
    size_t outputs, steps;              /* of one step, or of one place of it; those of a sample, or of a step alone */
    float *y;                           /* one batch */
    double *values;                     /* of a sample, in the unit of the data */
    size_t samples;                     /* done */
    double *all; size_t capacity;       /* of an array that is written at the end */
    FILE *to;                           /* standard output, or a text that is written at the end */
    char *text; size_t length;
} Predictor;

typedef enum Form { FORM_TEXT, FORM_CSV, FORM_NPY } Form;

Form predict_form(const char *path);        /* by the ending of its name */

/* y of a sample into p->values, in the unit of the data; relative forecasts onto what they are relative to.
 * Probabilities have none. */
void predict_denormalize(Predictor *p, size_t sample, const float *y);

/* The first line of a table; and one sample, whose values are in p->values: printed, or kept until the end, which is
 * LSTMC_NO_MEMORY if there is none for it. */
void predict_heading(Predictor *p);
int  predict_put(Predictor *p, Form form, const float *y);

/* What cannot be written is no reason to go on; main says it of standard output. 0 or an enum lstmc_status. */
int predict_flush(const Predictor *p);

/* Claims the files that --out names, and writes them at the end. 0 or an enum lstmc_status with a message. */
int predict_claim(Predictor *p, Form form);
int predict_write(Predictor *p, Form form);

#endif
