/* import_keras.h: the door of this room: files of Keras and TensorFlow.js to drafts. */
#ifndef IMPORT_KERAS_H
#define IMPORT_KERAS_H

#include "compiler/interchange/draft/draft.h"

/* .keras and .h5, unpacked: the model and its weights, or weights alone. */
void import_keras_archive(Draft *draft, const DraftSource *source, const struct lstmc_tensor_file *contents);

/* architecture.json, whose weights are another file; model.json of TensorFlow.js, whose shards lie beside it. */
void import_keras_json(Draft *draft, const DraftSource *source);

#endif
