/* export_keras.h: the door of this room: models into files of Keras and TensorFlow.js. */
#ifndef EXPORT_KERAS_H
#define EXPORT_KERAS_H

#include "export.h"

/* Writes the model with its weights to the path: an archive (.keras), an HDF5 file (.h5), or model.json of
 * TensorFlow.js with its weights beside it, weights.bin. False with diagnostics, and nothing written. */
bool export_keras(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, KerasStyle style,
                  const char *path);

#endif
