/* audio.h: the door of this room: networks of audio plug-ins to drafts. */
#ifndef AUDIO_H
#define AUDIO_H

#include "compiler/interchange/draft/json.h"

/* JSON of RTNeural: in_shape, and layers of type, activation, shape and weights, in Keras's layouts (rtneural.c). */
void import_rtneural(Draft *draft, json_t *json);

/* A .nam file of Neural Amp Modeler whose architecture is LSTM (nam.c). */
void import_nam(Draft *draft, json_t *json);

/* A chain of layers as JSON of RTNeural (export_rtneural.c). False with diagnostics that name the layers that it has
 * not, and nothing written. */
bool export_rtneural(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights,
                     const char *path);

#endif
