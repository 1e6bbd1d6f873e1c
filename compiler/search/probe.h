/* probe.h: what the description makes of the values of trials, before any of them trains. */
#ifndef PROBE_H
#define PROBE_H

#include "draw_trials.h"
#include "compiler/session/arguments.h"

typedef struct Probe {
    Description *description;   /* with the values of the first trial that it takes; to be freed */
    int trial;                  /* which one that is */
    int epochs;                 /* the most that it asks for */
    const char *monitor;        /* as description_monitor says it; NULL: the loss */
    bool maximize;
} Probe;

/* Reads the description with the values of many trials, and looks for what is wrong with all of them: no trial has
 * values that it takes, an argument is never read, or there is nothing of the name that is to be monitored. False with
 * diagnostics. A trial that alone is refused is no mistake. */
bool probe_description(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments, const Space *space,
                       const Trials *trials, Probe *probe);

/* The words that train one trial: those that its description reads. *count of them. */
const char **probe_words(Arena *arena, const Arguments *arguments, const Space *space, const char *const *values,
                         int *count);

#endif
