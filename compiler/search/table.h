/* table.h: MODEL.search.csv: a line for each trial and rung that is done. */
#ifndef TABLE_H
#define TABLE_H

#include "draw_trials.h"
#include "trial.h"

/* What the columns are. */
typedef struct TableForm {
    const Space *space;
    const Trials *trials;
    const char *const *metrics;
    int metric_count;
    const char *monitor;        /* NULL as in TrialTask */
} TableForm;

/* Puts results in the order of the file: by rung and trial. Returns them. */
TrialResult *table_order(TrialResult *results, int count);

/* Writes the whole file by way of a temporary one, ordered by rung and trial whatever the order of the results: the
 * same results are the same bytes. 0 or an errno value. */
int table_write(Arena *arena, const char *path, const TableForm *form, const TrialResult *results, int count);

/* Reads what table_write has written for the same form; *count of them. NULL: this is no such table; *line: where. A
 * file that is not there has no results. */
TrialResult *table_read(Arena *arena, const char *path, const TableForm *form, int *count, int *line);

extern const char *const trial_state_names[TRIAL_STATES];

#endif
