/* predict_labels.h: what lstmc predict says of a sample whose output is labels: of a model with the loss "ctc". */
#ifndef PREDICT_LABELS_H
#define PREDICT_LABELS_H

#include "compiler/session/session.h"

#include <stdio.h>

typedef struct LabelReader LabelReader;

/* Whether lines of labels are what is asked for. */
bool labels_are_read(const Model *model, const Arguments *arguments, bool as_text);

/* beam: how many beginnings a search keeps; 0: greedily. NULL: there is no memory. */
LabelReader *label_reader_open(const Model *model, const struct lstmc_meaning *meaning, int beam);
/* A line with the labels of one sample, by their names. length: how many steps of its input count, -1: all. Zero, or a
 * negative enum lstmc_status with a message. */
int  label_reader_print(LabelReader *reader, const float *y, int length, FILE *to, struct lstmc_message *message);
void label_reader_close(LabelReader *reader);

#endif
