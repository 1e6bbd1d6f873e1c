/* teacher.h: texts for a model with a decoder: what it has read of a text at each step, and what it is to say there. */
#ifndef LSTMC_TEACHER_H
#define LSTMC_TEACHER_H

#include "text_rows.h"

/* Whether the model has a place for a text and a decoder of another one; LSTMC_MISMATCH says what is in the way. */
int lstmc_teacher_check(const struct lstmc_model *model, const struct lstmc_text_rows *rows);

/* The input that reads the text, and the one of the decoder. */
const struct lstmc_array *lstmc_teacher_input(const struct lstmc_model *model,
                                              const struct lstmc_lines_options *options, int of_decoder);

/* says [steps] begins with the `count` ids of a text, or as many of them as have a place: the end is put behind them,
 * and padding. reads [steps]: LSTMC_ID_BEGIN, and the ids in front of each. */
void lstmc_teach(int count, int32_t *reads, int32_t *says, int steps);

#endif
