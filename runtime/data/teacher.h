/* teacher.h: texts for a model with a decoder: what it has read of a text at each step, and what it is to say there. */
#ifndef LSTMC_TEACHER_H
#define LSTMC_TEACHER_H

#include "text_rows.h"

/* Whether the model has a place for a text and a decoder of another one; LSTMC_MISMATCH says what is in the way. */
int lstmc_teacher_check(const struct lstmc_model *model, const struct lstmc_text_rows *rows);

/* The input that reads the text, and the one of the decoder. */
const struct lstmc_array *lstmc_teacher_input(const struct lstmc_model *model,
                                              const struct lstmc_lines_options *options, int of_decoder);

/* At each of `steps`, of a text of `count` ids: what the decoder has read, LSTMC_ID_BEGIN and the ids in front; and
 * what it is to say, the ids, the end and padding, as many of them as have a place. */
void lstmc_teacher_reads(const int *ids, int count, int steps, int32_t *reads);
void lstmc_teacher_says(const int *ids, int count, int steps, int32_t *says);

#endif
