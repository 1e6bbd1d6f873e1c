/* space.c: in: words NAME=... of the command line.  out: what is searched and what is fixed, or every mistake. */
#include "space.h"
#include "compiler/session/usage.h"

#include "runtime/base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WHOLE_RATIO  16         /* from such a HIGH / LOW on, whole numbers are drawn logarithmically */
#define REAL_RATIO   10         /* and others */
#define WHOLE_MOST   9007199254740992.0         /* 2^53: beyond it a double has no whole numbers between its own */
#define CHOICES_MOST 1000

/* "..", "../folder" and "a/../b" are paths, and paths are ordinary values. */
static const char *dots_of_range(const char *value)
{
    return !strcmp(value, "..") || strchr(value, '/') ? NULL : strstr(value, "..");
}

static bool is_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text && !text[strspn(text, "0123456789")];
}

static bool read_end(const char *text, double *number)
{
    return lstmc_number_read(text, strlen(text), number);
}

static int read_range(Arena *arena, Dimension *d, const char *value, const char *dots)
{
    const char *low = arena_format(arena, "%.*s", (int)(dots - value), value), *high = dots + 2;
    if (!read_end(low, &d->low) || !read_end(high, &d->high))
        return usage("%s=%s: a range is LOW..HIGH, two numbers like 32..128 or 1e-4..1e-2; \"%s\" is none", d->name,
                       value, read_end(low, &d->low) ? high : low);
    if (d->low > d->high)
        return usage("%s=%s: the range ends before it begins: %s..%s?", d->name, value, high, low);
    if (d->low == d->high)
        return usage("%s=%s: there is nothing to search: %s=%s is one value", d->name, value, d->name, low);
    bool whole = is_whole(low) && is_whole(high);
    if (whole && (fabs(d->low) > WHOLE_MOST || fabs(d->high) > WHOLE_MOST))
        return usage("%s=%s: whole numbers go to 2^53: 1e16 is another number than 10000000000000000", d->name,
                       value);
    d->kind = whole ? DIMENSION_WHOLE : DIMENSION_REAL;
    d->logarithmic = d->low > 0 && d->high / d->low >= (whole ? WHOLE_RATIO : REAL_RATIO);
    return 0;
}

static int read_list(Arena *arena, Dimension *d, const char *value)
{
    int mistakes = 0;
    d->kind = DIMENSION_LIST;
    for (const char *word = value, *end; word; word = *end ? end + 1 : NULL) {
        end = word + strcspn(word, ",");
        const char *choice = arena_format(arena, "%.*s", (int)(end - word), word);
        bool twice = false;
        for (int i = 0; i < d->choice_count; i++)
            twice |= !strcmp(choice, d->choices[i]);
        if (!*choice)
            mistakes |= usage("%s=%s: a list has a value between its commas, like %s=lstm,gru", d->name, value,
                                d->name);
        else if (twice)
            mistakes |= usage("%s=%s: %s is there twice", d->name, value, choice);
        else if (dots_of_range(choice))
            mistakes |= usage("%s=%s: a range or a list: %s=%s, or its values one by one", d->name, value, d->name,
                                choice);
        else
            arena_append(arena, d->choices, d->choice_count, d->choice_capacity, choice);
        if (d->choice_count > CHOICES_MOST || mistakes)
            return mistakes ? mistakes : usage("%s: a list has %d values at most", d->name, CHOICES_MOST);
    }
    return mistakes;
}

int space_read(Arena *arena, const char *const *words, int count, Space *space)
{
    int mistakes = 0;
    *space = (Space){ .count = 0 };
    for (int i = 0; i < count; i++) {
        const char *value = strchr(words[i], '=') + 1, *dots = dots_of_range(value);
        Dimension d = { .name = arena_format(arena, "%.*s", (int)(value - 1 - words[i]), words[i]) };
        bool is_list = strchr(value, ',') != NULL;
        if (!is_list && !dots) {
            arena_append(arena, space->fixed, space->fixed_count, space->fixed_capacity, words[i]);
            continue;
        }
        mistakes |= is_list ? read_list(arena, &d, value) : read_range(arena, &d, value, dots);
        arena_append(arena, space->dimensions, space->count, space->capacity, d);
    }
    if (!space->count)
        mistakes |= usage("search needs an argument to search: NAME=LOW..HIGH, like units=32..128, or NAME=A,B");
    return mistakes;
}

uint64_t space_size(const Space *space)
{
    uint64_t size = 1;
    for (int i = 0; i < space->count; i++) {
        const Dimension *d = &space->dimensions[i];
        if (d->kind == DIMENSION_REAL)
            return 0;
        uint64_t here = d->kind == DIMENSION_LIST ? (uint64_t)d->choice_count : (uint64_t)(d->high - d->low) + 1;
        if (here > UINT64_MAX / size)
            return 0;
        size *= here;
    }
    return size;
}
