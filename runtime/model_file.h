/* model_file.h: safetensors files about a model: its weights, and what else a checkpoint has. */
#ifndef LSTMC_MODEL_FILE_H
#define LSTMC_MODEL_FILE_H

#include "lstmc.h"

/* Names that begin so are no weights: whoever reads weights passes over them. */
#define LSTMC_TRAINING_PREFIX "training/"

/* The weights, then the other tensors; format, model and fingerprint, then the other metadata. */
int lstmc_model_file_write(const struct lstmc_model *model, const float *weights, const struct lstmc_file_tensor *more, int more_count,
                           const char *path, const char *const *metadata, struct lstmc_message *message);

#endif
