/* weight_file.h: the weights of a model from a file, whoever has written it. */
#ifndef WEIGHT_FILE_H
#define WEIGHT_FILE_H

#include "compiler/base/base.h"
#include "compiler/front/model.h"

/* lstmc_trained_load for any file that lstmc import reads too: what others have written has no meaning of its numbers,
 * and its layers are matched with the model's by their order and shapes. A message of several lines names each layer
 * that does not fit, the shape found and the shape wanted. LSTMC_OK or an enum lstmc_status. */
int weight_file_load(Arena *arena, const Model *model, float *weights, struct lstmc_meaning *meaning, int *differs,
                     const char *path, struct lstmc_message *message);

#endif
