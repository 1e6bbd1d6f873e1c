/* instance.h: a compiled model with memory of its own: of one sample at a time, or one stream. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include "session.h"

typedef struct Instance {
    const struct lstmc_model *model;
    void *packed, *state, *scratch;
} Instance;

/* Of a session that is prepared by the C compiler, with its weights. LSTMC_OK or LSTMC_NO_MEMORY. */
int  instance_open(Instance *instance, const Session *session);
void instance_close(Instance *instance);

/* A stream begins; the next step of it: x [step_input_count], y [step_output_count], 0: y was not written. */
void instance_reset(const Instance *instance);
int  instance_step(const Instance *instance, const void *x, float *y);

/* A sample of the model; length: how many of its steps count, if the samples of the model have lengths. */
void instance_predict(const Instance *instance, const void *x, int32_t length, float *y);

#endif
