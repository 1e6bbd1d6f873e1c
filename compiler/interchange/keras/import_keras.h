/* import_keras.h: the door of this room: files of Keras and TensorFlow.js to drafts. */
#ifndef IMPORT_KERAS_H
#define IMPORT_KERAS_H

#include "compiler/interchange/draft/json.h"

/* .keras and .h5, unpacked: the model and its weights, or weights alone. */
void import_keras_archive(Draft *draft, const DraftSource *source, const struct lstmc_tensor_file *contents);

/* JSON with class_name, architecture.json, whose weights are another file; with modelTopology, model.json of
 * TensorFlow.js, whose shards lie beside it. */
void import_keras_json(Draft *draft, const DraftSource *source, json_t *json);

#endif
