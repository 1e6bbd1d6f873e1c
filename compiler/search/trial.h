/* trial.h: one trial: a description with values of its own, trained up to an epoch. Task and result are all that who
 * runs it somewhere else has to carry: the result is plain bytes. */
#ifndef TRIAL_H
#define TRIAL_H

#include "compiler/session/arguments.h"

#define TRIAL_WHY 300

typedef enum TrialState {
    TRIAL_DONE,
    TRIAL_DIVERGED,             /* a NaN or an infinity */
    TRIAL_REFUSED,              /* the description, or its data, has no model for these values */
    TRIAL_FAILED,               /* the process that was at it has ended otherwise */
    TRIAL_STATES,               /* those above are results; what follows says that there is none */
    TRIAL_INTERRUPTED = TRIAL_STATES,
    TRIAL_UNWRITTEN             /* its checkpoint could not be written: a mistake of the machine, not of the values */
} TrialState;

typedef struct TrialTask {
    const Arguments *arguments; /* the description, its values, what train takes too; no epochs of its own */
    const bool *may_be_unread;  /* [arguments->parameter_count] */
    int trial, rung;            /* from 0; for the result */
    int epochs;                 /* up to this one, from 1 */
    const char *monitor;        /* as description_monitor says it; NULL: val_loss if anything is held out, or loss */
    const char *const *metrics; /* of all trials: what results have numbers for */
    int metric_count;
    const char *checkpoint;     /* goes on from this file if it is there; leaves it behind for more epochs */
    const char *objects;        /* a folder of compiled models that trials share; NULL: none */
} TrialTask;

typedef struct TrialResult {
    int trial, rung;
    TrialState state;
    int epochs;                 /* done; fewer than asked for if a callback has ended the training */
    int has_validation;
    double value;               /* of the monitor */
    double loss, validation_loss;
    double metric[LSTMC_METRICS_MAX], validation_metric[LSTMC_METRICS_MAX];
    char why[TRIAL_WHY];        /* there is no value; "" */
} TrialResult;

/* Trains in this process, silently. The numbers are those of the epoch whose weights the training would leave: the last
 * one, or the best if a callback restores it. They depend on the task alone, and not on how often the trial has gone
 * on from its checkpoint. */
void trial_run(const TrialTask *task, TrialResult *result);

#endif
