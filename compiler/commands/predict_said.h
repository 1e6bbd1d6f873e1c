/* predict_said.h: lstmc predict of a model with a decoder: what it says of each sample, a line each. */
#ifndef PREDICT_SAID_H
#define PREDICT_SAID_H

#include "predict_input.h"

#include <stdio.h>

/* Of a session that is prepared: all samples of the input, to `to`, which `flush` (context) writes out behind each. 0
 * or an enum lstmc_status. */
int predict_said(Session *session, PredictInput *input, const struct lstmc_meaning *meaning, FILE *to,
                 int (*flush)(void *context), void *context);

#endif
