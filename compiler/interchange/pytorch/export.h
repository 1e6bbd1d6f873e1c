/* export.h: a model on its way to PyTorch: a state dict, and a module in Python that has these names. */
#ifndef PYTORCH_EXPORT_H
#define PYTORCH_EXPORT_H

#include "compiler/base/diag.h"
#include "compiler/base/out.h"
#include "compiler/front/model.h"

#include "runtime/safetensors.h"

typedef struct TorchExport {
    Arena *arena;
    Diagnostics *diagnostics;
    const Model *model;
    const float *weights;
    struct lstmc_file_tensor *tensors; int tensor_count, tensor_capacity;
    Out modules, forward;           /* what stands in __init__ and in forward */
} TorchExport;

/* One layer: its name as a module, what it reads and what it makes as names of Python. */
typedef struct TorchLayer {
    const Layer *layer;
    const char *module;             /* "lstm" */
    const char *x, *y;              /* x: all of them, with commas in between */
    const char **each_x; int x_count;
    const char **given; int given_count;    /* states that it begins with */
} TorchLayer;

/* A diagnostic that names the layer. */
void torch_cannot(TorchExport *to, const Layer *layer, const char *format, ...) PRINTF_LIKE(3, 4);

/* self.lstm = nn.LSTM(...) and what forward does with it, for a recurrent layer or Bidirectional of one
 * (export_recurrent.c), and for any other (export_layer.c). */
void torch_export_recurrent(TorchExport *to, const TorchLayer *one);
/* Attention (export_attention.c); false: it is none. */
bool torch_export_attention(TorchExport *to, const TorchLayer *one);
/* A state behind the last step of the layer that it reads (export_recurrent.c). */
void torch_export_final_state(TorchExport *to, const TorchLayer *one);
void torch_export_layer(TorchExport *to, const TorchLayer *one);

/* y = activation(y), unless it is linear; the text of it in Python, NULL with a diagnostic (export_activation.c). */
void torch_export_activation(TorchExport *to, const TorchLayer *one, const char *name);

/* A line of __init__, of forward. */
void torch_module(TorchExport *to, const TorchLayer *one, const char *format, ...) PRINTF_LIKE(3, 4);
void torch_forward(TorchExport *to, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- tensors (export_state.c) ---- */

/* "lstm.weight_ih_l0" of that shape, to be filled. */
float *torch_tensor(TorchExport *to, const TorchLayer *one, const char *name, int rank, const size_t *shape);
/* The weight with its axes in another order: axis d of the tensor is axis axes[d] of the weight. */
void torch_permuted(TorchExport *to, const TorchLayer *one, const char *name, const struct lstmc_tensor *weight,
                    const int *axes);
/* A vector: of the weight, or of one number where there is none. */
void torch_vector(TorchExport *to, const TorchLayer *one, const char *name, const struct lstmc_tensor *weight,
                  size_t count, float otherwise);

#endif
