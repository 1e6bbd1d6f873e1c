/* export_pytorch.h: models as state dicts of PyTorch. */
#ifndef EXPORT_PYTORCH_H
#define EXPORT_PYTORCH_H

#include "compiler/base/diag.h"
#include "compiler/front/model.h"

/* Writes NAME.safetensors, a state dict, and beside it NAME.py, a module that loads it. False with diagnostics that
 * name what PyTorch's modules have not, and nothing written. */
bool export_pytorch(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, const char *path);

#endif
