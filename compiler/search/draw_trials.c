/* draw_trials.c: in: what may be chosen, a seed.  out: the values of each trial, as text: what trains is what the text
 * says, so that the command line of a trial means the same numbers. */
#include "draw_trials.h"
#include "shortest.h"

#include "runtime/lstmc_random.h"

#include <math.h>
#include <string.h>

#define DIGITS  4               /* of a number: more would be noise to whoever reads it */
#define STRATA  8               /* few trials cover a range better than by chance: a Latin hypercube, again and again */
#define REDRAWN 10000           /* times a trial is drawn again that is there already */

/* A stream of its own for each name: what else is searched, and in which order, does not matter to it. */
static uint64_t stream_of(const char *name)
{
    uint64_t stream = 0;
    for (const char *c = name; *c; c++)
        stream = lstmc_mix(stream ^ (unsigned char)*c);
    return stream;
}

/* Which part of the range a trial is drawn from: each STRATA trials have all of them, in an order of their own. */
static int stratum_of(uint64_t seed, uint64_t stream, uint64_t trial)
{
    int order[STRATA];
    for (int i = 0; i < STRATA; i++) {          /* Fisher and Yates, from the inside out */
        int k = (int)(lstmc_random_bits(seed, lstmc_mix(stream), trial / STRATA, (uint64_t)i) % (uint64_t)(i + 1));
        order[i] = order[k];
        order[k] = i;
    }
    return order[trial % STRATA];
}

/* In [0, 1), uniform: a trial by itself is as likely to be anywhere. What is drawn again comes from anywhere. */
static double uniform(const Dimension *d, uint64_t seed, uint64_t trial, uint64_t attempt)
{
    uint64_t stream = stream_of(d->name);
    double u = (double)(lstmc_random_bits(seed, stream, trial, attempt) >> 14) * 0x1p-50;   /* exact with 7 before it */
    return attempt ? u : (stratum_of(seed, stream, trial) + u) / STRATA;
}

static double within(const Dimension *d, double value)
{
    return fmin(fmax(value, d->low), d->high);
}

/* Each whole number has the width 1, the first and the last too. */
static double draw_whole(const Dimension *d, double u)
{
    double low = d->low, high = d->high + 1;
    return within(d, floor(d->logarithmic ? low * exp(u * log(high / low)) : low + u * (high - low)));
}

/* So many digits behind the point that the range has 10^DIGITS places; as many as the number has on a logarithmic
 * range. */
static char *real_text(Arena *arena, const Dimension *d, double u)
{
    if (d->logarithmic)
        return arena_format(arena, "%.*g", DIGITS, d->low * exp(u * log(d->high / d->low)));
    int decimals = DIGITS - (int)ceil(log10(d->high - d->low));
    double value = d->low + u * (d->high - d->low);
    if (decimals > 15 || fabs(value) >= 1e15)
        return arena_copy_text(arena, shortest_text(arena, value));
    return arena_format(arena, "%.*f", decimals > 0 ? decimals : 0, value);
}

/* A number that was rounded may have left its range. */
static const char *draw_real(Arena *arena, const Dimension *d, double u)
{
    char *text = real_text(arena, d, u);
    double value = shortest_read(text);
    if (value < d->low || value > d->high)
        return shortest_text(arena, within(d, value));
    if (strchr(text, '.') && !strchr(text, 'e')) {
        size_t length = strlen(text);
        while (text[length - 1] == '0')
            text[--length] = 0;
        if (text[length - 1] == '.')
            text[length - 1] = 0;
    }
    return text;
}

static const char *draw_value(Arena *arena, const Dimension *d, uint64_t seed, uint64_t trial, uint64_t attempt)
{
    double u = uniform(d, seed, trial, attempt);
    if (d->kind == DIMENSION_LIST)
        return d->choices[(int)(u * d->choice_count)];
    return d->kind == DIMENSION_WHOLE ? arena_format(arena, "%.0f", draw_whole(d, u)) : draw_real(arena, d, u);
}

static bool is_new(const Trials *trials, int trial, int dimensions)
{
    for (int i = 0; i < trial; i++) {
        int same = 0;
        while (same < dimensions && !strcmp(trials->values[i][same], trials->values[trial][same]))
            same++;
        if (same == dimensions)
            return false;
    }
    return true;
}

Trials draw_trials(Arena *arena, const Space *space, uint64_t seed, int count)
{
    uint64_t size = space_size(space);
    Trials trials = { .count = size && size < (uint64_t)count ? (int)size : count };
    trials.values = arena_array(arena, const char **, trials.count);
    for (int i = 0; i < trials.count; i++) {
        trials.values[i] = arena_array(arena, const char *, space->count);
        for (uint64_t attempt = 0; attempt < REDRAWN; attempt++) {
            for (int k = 0; k < space->count; k++)
                trials.values[i][k] = draw_value(arena, &space->dimensions[k], seed, (uint64_t)i, attempt);
            if (is_new(&trials, i, space->count))
                break;
        }
    }
    return trials;
}

const char **trial_words(Arena *arena, const Space *space, const char *const *values)
{
    const char **words = arena_array(arena, const char *, space->fixed_count + space->count + 1);
    for (int i = 0; i < space->fixed_count; i++)
        words[i] = space->fixed[i];
    for (int k = 0; k < space->count; k++)
        words[space->fixed_count + k] = arena_format(arena, "%s=%s", space->dimensions[k].name, values[k]);
    return words;
}
