/* statistics.h: mean and deviation of numbers that come one by one. */
#ifndef LSTMC_STATISTICS_H
#define LSTMC_STATISTICS_H

#include <math.h>
#include <string.h>

struct lstmc_statistics {
    double count, mean, squares, low, high;     /* squares: of the deviations from the mean (Welford 1962) */
};

static inline void lstmc_statistics_add(struct lstmc_statistics *s, double value)
{
    double deviation = value - s->mean;
    s->low = s->count ? fmin(s->low, value) : value;
    s->high = s->count ? fmax(s->high, value) : value;
    s->count++;
    s->mean += deviation / s->count;
    s->squares += deviation * (value - s->mean);
}

static inline double lstmc_statistics_deviation(const struct lstmc_statistics *s)
{
    return s->count ? sqrt(s->squares / s->count) : 0;
}

/* What numbers are scaled by: "standard", by mean and deviation, or "minmax", by the least and the range. What does not
 * vary, or by more than a double holds, is moved alone. */
static inline void lstmc_statistics_scaling(const struct lstmc_statistics *s, const char *normalization,
                                            double *offset, double *scale)
{
    int standard = !strcmp(normalization, "standard");
    double wanted = standard ? lstmc_statistics_deviation(s) : s->high - s->low;
    *offset = standard ? s->mean : s->low;
    *scale = s->low < s->high && isfinite(wanted) && wanted > 0 ? wanted : 1;
}

#endif
