/* gradient_flow.h: how much of the gradient reaches each time step: ||dL/dh_t||, layer by layer (Hochreiter &
 * Schmidhuber 1997; Bengio, Simard & Frasconi 1994), the mean over the batches of an epoch. */
#ifndef GRADIENT_FLOW_H
#define GRADIENT_FLOW_H

#include "compiler/base/base.h"

#include "runtime/lstmc.h"

typedef struct FlowRecorder FlowRecorder;

/* NULL if the model has no states whose gradients its tape keeps (compiled with keep_adjoints). */
FlowRecorder *gradient_flow_create(Arena *arena, const struct lstmc_model *model, const char *path);
/* Goes on behind the epochs before `epoch` that the file has. */
void gradient_flow_resume(FlowRecorder *flow, int epoch);
/* After the backward pass of a batch. */
void gradient_flow_add(FlowRecorder *flow, const struct lstmc_engine *engine, int rows);
/* Writes the whole file: epoch (from 0), layer, timestep (from 0), norm. 0 or an errno value. */
int  gradient_flow_epoch(FlowRecorder *flow, int epoch);
void gradient_flow_free(FlowRecorder *flow);

#endif
