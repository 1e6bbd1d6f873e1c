/* draw_trials.h: the values that trials have. */
#ifndef DRAW_TRIALS_H
#define DRAW_TRIALS_H

#include "space.h"

typedef struct Trials {
    int count;
    const char ***values;       /* [count][space->count]: as they stand behind NAME= */
} Trials;

/* Trial i has values that are a function of the space, the seed and i alone; no two trials have the same, and each few
 * trials are spread over all of a range. There are fewer than `count` where the space has no more. */
Trials draw_trials(Arena *arena, const Space *space, uint64_t seed, int count);

/* What a trial's description is read with: the fixed words, then NAME=VALUE of each argument that is searched. There
 * are space->fixed_count + space->count. */
const char **trial_words(Arena *arena, const Space *space, const char *const *values);

#endif
