/* tuning_time.h: how long the functions of generated models take, side by side. */
#ifndef TUNING_TIME_H
#define TUNING_TIME_H

#include "compiler/front/model.h"

typedef enum Timed { TIMED_PREDICT, TIMED_BATCH, TIMED_STEP, TIMED_FORWARD, TIMED_BACKWARD, TIMED_COUNT } Timed;

typedef struct Timing {
    double seconds[2];          /* of one call, medians */
    /* of the second to the first: of medians or of minima, whichever is larger; 1: not measured */
    double ratio;
} Timing;

typedef struct Stand Stand;     /* arguments, and memory for two models */

Stand *stand_create(const Model *model);        /* NULL: no memory */
void   stand_free(Stand *stand);

bool   stand_has(const struct lstmc_model *generated, Timed what);

/* Runs both in turn for about `seconds`, three times at least. `swapped`: each in the memory that the other one had, so
 * that the place in memory does not decide. False: no memory. */
bool stand_compare(Stand *stand, const struct lstmc_model *first, const struct lstmc_model *second, Timed what,
                   double seconds, bool swapped, Timing *timing);

double stand_clock(void);       /* seconds of this process's life on the wall */

#endif
