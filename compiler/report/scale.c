/* scale.c: in: the smallest and the largest value.  out: an axis with round numbers ("nice numbers", Heckbert, Graphics
 * Gems 1990). */
#include "scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 1e100           /* beyond it steps would overflow; no float comes near */
#define APART   1e-9            /* ends nearer than this part of their size cannot be told apart on paper */

bool scale_has(double value, bool logarithmic)
{
    return isfinite(value) && fabs(value) <= LARGEST && (!logarithmic || value >= 1 / LARGEST);
}

static double nice_step(double raw)
{
    double power = pow(10, floor(log10(raw))), fraction = raw / power;
    return power * (fraction < 1.5 ? 1 : fraction < 3 ? 2 : fraction < 7 ? 5 : 10);
}

Scale scale_linear(double low, double high, int about, bool outward, bool whole)
{
    Scale scale = { .low = low, .high = high };
    if (high - low <= APART * fmax(fabs(low), fabs(high))) {
        double aside = whole ? 0.5 : 0.1 * fabs(low);
        scale.low -= aside;
        scale.high += aside > 0 ? aside : 1;        /* nothing but zeros: of a loss, say, which is never negative */
    }
    double step = nice_step((scale.high - scale.low) / about);
    scale.step = whole && step < 1 ? 1 : step;
    double first = outward ? floor(scale.low / scale.step + 1e-6) : ceil(scale.low / scale.step - 1e-6);
    double last = outward ? ceil(scale.high / scale.step - 1e-6) : floor(scale.high / scale.step + 1e-6);
    if (outward) {
        scale.low = first * scale.step;
        scale.high = last * scale.step;
    }
    for (double i = first; i <= last && scale.ticks < SCALE_TICKS_MAX; i++)
        scale.tick[scale.ticks++] = i * scale.step + 0.0;     /* 0, not -0 */
    return scale;
}

/* The round number of a logarithmic scale at position i: 1, 2, 5, 10, 20, ... */
static double round_number(long i)
{
    static const double digit[] = { 1, 2, 5 };
    long decade = i >= 0 ? i / 3 : -((2 - i) / 3), rest = i - 3 * decade;
    return decade >= 0 ? digit[rest] * pow(10, (double)decade) : digit[rest] / pow(10, (double)-decade);
}

Scale scale_logarithmic(double low, double high)
{
    Scale scale = { .logarithmic = true };
    long first = 3 * (long)floor(log10(low)) + 3, last = 3 * (long)ceil(log10(high)) - 3;
    bool decades = high / low >= 1e3;
    while (round_number(first) > low * (1 + APART) || (decades && first % 3))
        first--;
    while (round_number(last) < high * (1 - APART) || (decades && last % 3))
        last++;
    first -= first == last;
    long step = decades ? 3 * (1 + (last - first) / 3 / 8) : 1;     /* at most eight numbers along many decades */
    while ((last - first) % step)
        last += decades ? 3 : 1;
    scale.low = round_number(first);
    scale.high = round_number(last);
    for (long i = first; i <= last && scale.ticks < SCALE_TICKS_MAX; i += step)
        scale.tick[scale.ticks++] = round_number(i);
    return scale;
}

double scale_place(const Scale *scale, double value)
{
    double part = scale->logarithmic ? log(value / scale->low) / log(scale->high / scale->low)
                                     : (value - scale->low) / (scale->high - scale->low);
    return scale->from + part * (scale->to - scale->from);
}

/* 1e-07 to 1e-7, 1e+09 to 1e9 */
static void shorten_exponent(char *text)
{
    char *power = strchr(text, 'e');
    if (!power)
        return;
    int exponent = atoi(power + 1);
    snprintf(power + 1, 8, "%d", exponent);
}

ScaleText scale_text(const Scale *scale, int i)
{
    ScaleText number;
    double value = scale->tick[i], largest = fmax(fabs(scale->tick[0]), fabs(scale->tick[scale->ticks - 1]));
    if (scale->logarithmic) {
        bool powers = scale->low < 0.999e-4 || scale->high > 1.001e6;
        snprintf(number.text, sizeof number.text, powers && (value < 0.999e-1 || value > 99.9) ? "%.0e" : "%.6g",
                 value);
    } else if (value != 0 && (largest >= 1e6 || scale->step < 0.9e-5)) {
        int digits = (int)(floor(log10(fabs(value)) + 1e-9) - floor(log10(scale->step) + 1e-9));
        snprintf(number.text, sizeof number.text, "%.*g", digits > 0 ? digits + 1 : 1, value);
    } else {
        int decimals = -(int)floor(log10(scale->step) + 1e-9);
        snprintf(number.text, sizeof number.text, "%.*f", value != 0 && decimals > 0 ? decimals : 0, value);
    }
    shorten_exponent(number.text);
    return number;
}
