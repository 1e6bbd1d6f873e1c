/* run.h: a training that goes on: what train.c and train_batch.c share. */
#ifndef LSTMC_RUN_H
#define LSTMC_RUN_H

#include "callbacks.h"
#include "order.h"
#include "ranks.h"
#include "runtime/lstmc.h"
#include "stepper.h"
#include "totals.h"

struct run {
    struct lstmc_engine *engine;
    const struct lstmc_model *model;
    const struct lstmc_train_options *options;
    const struct lstmc_dataset *data, *validation;
    struct lstmc_ranks ranks;
    struct lstmc_snapshot snapshot;             /* optimizer: of what this rank updates */
    struct lstmc_stepper stepper;
    struct lstmc_batch_memory memory;           /* the samples of one batch */
    float *sample_weight;                       /* of one batch; NULL: all count the same */
    float *batch_gradients;                     /* of one batch, where those of several are added up; else NULL */
    struct lstmc_order order;
    size_t used, batch_rows;                    /* samples of an epoch, rows of a batch */
    struct lstmc_history history;               /* of the present epoch */
    double checkpoint_time;
    int checkpoint_batches;                     /* since the last one */
    struct lstmc_progress progress;
    struct lstmc_callback_run callbacks;
    struct lstmc_message *message;
};

/* One batch, of `rows` samples from `position` of the epoch on: gradients, and the update when it is due. The weights
 * stay as they are where it fails before that. (train_batch.c) */
int lstmc_run_batch(struct run *run, size_t position, size_t rows);

/* Of the update after so many. */
double lstmc_run_rate(const struct run *run, uint64_t updates);

#endif
