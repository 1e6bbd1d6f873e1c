/* callbacks.h: what happens between epochs and batches, by keras.callbacks. */
#ifndef LSTMC_CALLBACKS_H
#define LSTMC_CALLBACKS_H

#include "progress.h"

/* What the callbacks of a run look at and change. */
struct lstmc_callback_run {
    const struct lstmc_model *model;
    const struct lstmc_train_options *options;
    struct lstmc_snapshot *snapshot;
    struct lstmc_progress *progress;
    struct lstmc_message *message;
    int writes;                 /* files; else another rank does */
};

/* Refuses monitors and fields of file names that nothing gives, and what does not go together. */
int lstmc_callbacks_check(const struct lstmc_train_options *options, int has_validation, struct lstmc_message *message);

/* Whether the training is to end with the best weights that a callback has kept. */
int lstmc_callbacks_restore(const struct lstmc_train_options *options, const struct lstmc_snapshot *snapshot);

void lstmc_callbacks_epoch_begin(const struct lstmc_callback_run *run);
/* `history`: of the epoch so far. */
void lstmc_callbacks_batch_end(const struct lstmc_callback_run *run, const struct lstmc_history *history);
/* The epoch's history is the last of the snapshot's log. LSTMC_NO_MEMORY is the only failure: files that cannot be
 * written are said. */
int  lstmc_callbacks_epoch_end(const struct lstmc_callback_run *run);

#endif
