/* training_log.h: the two tables that a training leaves: losses and metrics of each epoch, and norms of gradients along
 * time. */
#ifndef TRAINING_LOG_H
#define TRAINING_LOG_H

#include "compiler/base/base.h"

#include "runtime/lstmc.h"

/* Keras's CSVLogger: "epoch,loss,mae,val_loss,val_mae", epochs from 0, or with ; | or tabs between the cells. A line
 * whose epoch is not behind the one before takes the place of all lines from that epoch on: a training that was
 * resumed, or begun again. nan, inf and NA may stand for a number. */
typedef struct TrainingLog {
    int epochs, keys;
    const char **key;           /* [keys], without "epoch" */
    double *epoch;              /* [epochs], from 0 */
    double **value;             /* [keys][epochs]; NaN: none */
} TrainingLog;

/* "epoch,layer,timestep,norm": ||dL/dh_t|| of a layer. A series is one layer in one epoch; time steps from 0,
 * ascending. */
typedef struct FlowSeries {
    const char *layer;
    int epoch, count;
    double *timestep, *norm;    /* [count] */
} FlowSeries;

typedef struct GradientFlow {
    FlowSeries *series;         /* in the order of the file */
    int count, capacity;
} GradientFlow;

/* 0, or an enum lstmc_status and "file:line: what" in the message. */
int training_log_read(Arena *arena, const char *path, TrainingLog *log, struct lstmc_message *message);
int gradient_flow_read(Arena *arena, const char *path, GradientFlow *flow, struct lstmc_message *message);

/* Values of this key, or NULL. */
const double *training_log_values(const TrainingLog *log, const char *key);

#endif
