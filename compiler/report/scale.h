/* scale.h: values to places on an axis, and the round numbers that are written along it. */
#ifndef SCALE_H
#define SCALE_H

#include <stdbool.h>

#define SCALE_TICKS_MAX 16

typedef struct Scale {
    double low, high;           /* values at the ends; low < high */
    double from, to;            /* places of low and high, in pixels */
    bool logarithmic;
    double tick[SCALE_TICKS_MAX];
    int ticks;
    double step;                /* between ticks, of a linear scale */
} Scale;

typedef struct ScaleText { char text[32]; } ScaleText;

/* What can be drawn at all: a finite number of a sane size, and a positive one on a logarithmic scale. The rest is a
 * gap. */
bool scale_has(double value, bool logarithmic);

/* Ticks at multiples of 1, 2 or 5 times a power of ten, about so many. `outward`: the ends move to ticks. `whole`: no
 * fractions between ticks. Equal ends, or ends that cannot be told apart, are moved away from each other. */
Scale scale_linear(double low, double high, int about, bool outward, bool whole);
/* Both positive; the ends move to ticks, which are powers of ten, or 1, 2 and 5 times them over less than three
 * decades. */
Scale scale_logarithmic(double low, double high);

double    scale_place(const Scale *scale, double value);
/* The number at tick `i`, with as many digits as tell neighbours apart. */
ScaleText scale_text(const Scale *scale, int i);

#endif
