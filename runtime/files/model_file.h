/* model_file.h: safetensors files about a model: its weights, and what else a checkpoint has. */
#ifndef LSTMC_MODEL_FILE_H
#define LSTMC_MODEL_FILE_H

#include "runtime/lstmc.h"

#include <stdio.h>

/* Names that begin so are no weights: whoever reads weights passes over them. */
#define LSTMC_TRAINING_PREFIX "training/"

/* A model's fingerprint as its files have it. */
struct lstmc_fingerprint { char text[17]; };
static inline struct lstmc_fingerprint lstmc_fingerprint(const struct lstmc_model *model)
{
    struct lstmc_fingerprint fingerprint;
    snprintf(fingerprint.text, sizeof fingerprint.text, "%016llx", (unsigned long long)model->fingerprint);
    return fingerprint;
}

/* lstmc_weights_load from a file that is open; `path` is for messages. */
int lstmc_weights_take(const struct lstmc_model *model, float *weights, const struct lstmc_tensor_file *file,
                       const char *path, struct lstmc_message *message);

/* lstmc_trained_load of a file that is open already. */
int lstmc_trained_take(const struct lstmc_model *model, float *weights, struct lstmc_meaning *meaning, int *differs,
                       const struct lstmc_tensor_file *file, const char *path, struct lstmc_message *message);

/* Whether they are all there, in their shapes, and finite. */
int lstmc_weights_check(const struct lstmc_model *model, const struct lstmc_tensor_file *file, const char *path,
                        struct lstmc_message *message);

/* lstmc_meaning_load from a file that is open. */
int lstmc_meaning_take(struct lstmc_meaning *meaning, const struct lstmc_tensor_file *file, const char *path,
                       struct lstmc_message *message);

/* The weights, then the other tensors; format, model and fingerprint, then the other metadata. */
int lstmc_model_file_write(const struct lstmc_model *model, const float *weights, const struct lstmc_file_tensor *more,
                           int more_count, const char *path, const char *const *metadata,
                           struct lstmc_message *message);

#endif
