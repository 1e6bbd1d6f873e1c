/* search_output.h: what a search says at its end. */
#ifndef SEARCH_OUTPUT_H
#define SEARCH_OUTPUT_H

#include "compiler/search/draw_trials.h"
#include "compiler/search/probe.h"
#include "compiler/search/trial.h"

typedef struct SearchOutcome {
    const Arguments *arguments;
    const Space *space;
    const Trials *trials;
    const Probe *probe;
    const TrialResult *results; int count;      /* all */
    const TrialResult *ranked; int ranked_count;        /* a trial each, the best first */
    int rungs;
} SearchOutcome;

/* The line that trains the best trial again; NULL: no trial has come to its end. */
const char *search_best_command(Arena *arena, const SearchOutcome *outcome);
/* The table of the best trials, on standard output. */
void search_print_table(Arena *arena, const SearchOutcome *outcome, const char *table);
/* The page. 0 or an errno value. */
int  search_write_page(Arena *arena, const SearchOutcome *outcome, const char *command, const char *path);

#endif
