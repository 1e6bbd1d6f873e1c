/* predict_said.h: lstmc predict of a model with a decoder: what it says of each sample, a line each. */
#ifndef PREDICT_SAID_H
#define PREDICT_SAID_H

#include "predict_input.h"

#include <stdio.h>

/* Whether what a decoder says is asked for, in lines of text; what of a search is asked for in vain, NULL: nothing. */
bool        said_is_wanted(const Model *model, const Arguments *arguments, bool as_text);
const char *search_refused(const Model *model, const Arguments *arguments, bool as_text);

/* Of a session that is prepared: all samples of the input, to `to`, which `flush` (context) writes out behind each. 0
 * or an enum lstmc_status. */
int predict_said(Session *session, PredictInput *input, const struct lstmc_meaning *meaning, FILE *to,
                 int (*flush)(void *context), void *context);

#endif
