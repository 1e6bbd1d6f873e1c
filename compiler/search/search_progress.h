/* search_progress.h: what a person sees of a search: a bar that moves on a terminal, a line a training in a pipe. */
#ifndef SEARCH_PROGRESS_H
#define SEARCH_PROGRESS_H

#include "rungs.h"

#include <stdio.h>
#include <time.h>

typedef struct SearchProgress {
    FILE *to;                   /* NULL: quiet */
    bool terminal, colour;
    const Rungs *rungs;
    const char *monitor;        /* how the value is called; NULL: "loss", or "val_loss" where there is one */
    bool maximize;
    int trainings, done;        /* that there are to be, and that have ended */
    double epochs, epochs_done, epochs_before;  /* of all of them; before: of an earlier run */
    struct timespec started;
    TrialResult best;           /* state TRIAL_DONE: there is one */
    bool has_best;
} SearchProgress;

/* Looks at `to` (a terminal?), NO_COLOR and TERM. */
void search_progress_begin(SearchProgress *progress, FILE *to, const Rungs *rungs, const char *monitor, bool maximize);
/* A result of an earlier run is counted and not shown. */
void search_progress_add(SearchProgress *progress, const TrialResult *result, bool is_new);
/* Clears a bar that will not move any more. */
void search_progress_end(SearchProgress *progress);

/* "val_loss": what the value of a result is. */
const char *search_monitor_name(const char *monitor, bool has_validation);

#endif
