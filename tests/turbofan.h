/* turbofan.h: NASA's C-MAPSS FD001 engines as the published Keras models want them: the last 50 cycles of each test engine that has so many,
 * every feature scaled to [0, 1] by the extremes of the training engines. */
#ifndef TURBOFAN_H
#define TURBOFAN_H

#include "published.h"

#define TURBOFAN_STEPS 50
#define TURBOFAN_FEATURES 25    /* setting1-3, cycle, s1-s21 */

struct turbofan {
    int engines;
    float *x;                   /* [engines][TURBOFAN_STEPS][TURBOFAN_FEATURES] */
    double *remaining;          /* cycles that each engine had left */
};

/* 0, or -1 with `why`. */
int  turbofan_read(struct turbofan *data, char why[PUBLISHED_WHY]);
void turbofan_free(struct turbofan *data);

/* The published model "binary" (fails within 30 cycles?) or "regression" (cycles left) over all engines; there are no published outputs for
 * each engine, only the figures over all of them, so `expected` is the remaining life. */
int published_turbofan(const char *name, const struct turbofan *data, struct published_case *result, char why[PUBLISHED_WHY]);

#endif
