/* onnx_run.h: a graph of ONNX, computed node by node in double, by what the specification says of each operator: who says
 * what an exported model means. It knows the operators of which attention is made, and no others. */
#ifndef ONNX_RUN_H
#define ONNX_RUN_H

#include "compiler/interchange/onnx/onnx.h"

typedef struct OnnxRun OnnxRun;

OnnxRun *onnx_run_create(Arena *arena, const OnnxModel *model);

/* What the name stands for: an input, before the nodes are computed. */
void onnx_run_give(OnnxRun *run, const char *name, const Array *array);

/* NULL if all nodes are computed; else what is wrong with one. */
const char *onnx_run_compute(OnnxRun *run);

/* NULL: nothing is called that. */
const Array *onnx_run_found(const OnnxRun *run, const char *name);

/* Zeros of that shape. */
Array *onnx_run_array(Arena *arena, int rank, const int64_t *shape);

#endif
