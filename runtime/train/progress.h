/* progress.h: what a person sees of a training: a bar that moves on a terminal, a line an epoch in a pipe. */
#ifndef LSTMC_PROGRESS_H
#define LSTMC_PROGRESS_H

#include "runtime/lstmc.h"

#include <stdio.h>

struct lstmc_progress {
    FILE *to;                   /* NULL: quiet */
    int terminal, colour, width;
    int epochs;
    size_t samples;             /* of one epoch */
    const char *const *names;   /* of the metrics */
    int name_count;
    int epoch;                  /* from 1 */
    size_t done, begun;         /* samples of the epoch; those of them before this run */
    double first;               /* epochs before this run */
    int has_first;
    double started, epoch_started, last_batch, drawn;       /* seconds */
};

double lstmc_seconds(void);     /* a clock that only moves forward */

/* Looks at `to` (a terminal? how wide?) and at NO_COLOR, TERM and COLUMNS. */
void lstmc_progress_begin(struct lstmc_progress *progress, FILE *to, int epochs, size_t samples,
                          const char *const *names, int name_count);
/* `begun`: samples of the epoch that were done before. */
void lstmc_progress_epoch(struct lstmc_progress *progress, int epoch, size_t begun);
/* `done` samples of the epoch: the means so far. Draws at most 10 times a second. */
void lstmc_progress_batch(struct lstmc_progress *progress, size_t done, double loss, const double *metrics);
void lstmc_progress_epoch_end(struct lstmc_progress *progress, const struct lstmc_history *history);
/* A line between. */
void lstmc_progress_note(struct lstmc_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Clears a bar that will not move any more. */
void lstmc_progress_stop(struct lstmc_progress *progress);

#endif
