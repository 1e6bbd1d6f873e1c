/* workers.h: trials, several at once, each in a process of its own. */
#ifndef WORKERS_H
#define WORKERS_H

#include "trial.h"

/* Is told of each trial that has ended, in the order in which they do. False: no further one is begun. */
typedef bool TrialEnded(void *context, const TrialResult *result);

/* Runs the tasks in their order, so many at once; returns when all have ended. A trial whose process ends without a
 * result has failed. A signal that asks to end is handed on, the trials leave their checkpoints, and its number is
 * returned; else 0. */
int workers_run(const TrialTask *tasks, int count, int at_once, TrialEnded *ended, void *context);

#endif
