/* export_onnx.h: models as files of ONNX. */
#ifndef EXPORT_ONNX_H
#define EXPORT_ONNX_H

#include "compiler/base/diag.h"
#include "compiler/front/model.h"

/* Writes the model with its weights, for batches of any size; with `stream` it computes one step at a time, with the
 * states of its recurrent layers as further inputs and outputs. False with diagnostics that name the layers that ONNX
 * has not, and nothing written. */
bool export_onnx(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, bool stream,
                 const char *path);

#endif
