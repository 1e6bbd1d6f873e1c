/* shortest.c: in: a number or its text.  out: the other one. */
#include "shortest.h"

#include "runtime/base/number.h"

#include <math.h>
#include <string.h>

#define DIGITS_ENOUGH 17        /* of a double */

double shortest_read(const char *text)
{
    double value;
    if (!strcmp(text, "inf") || !strcmp(text, "-inf"))
        return *text == '-' ? -INFINITY : INFINITY;
    return lstmc_number_read(text, strlen(text), &value) ? value : NAN;
}

const char *shortest_text(Arena *arena, double value)
{
    char text[40] = "";
    if (!isfinite(value))
        return isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    for (int digits = 6; digits <= DIGITS_ENOUGH; digits++) {
        lstmc_format(text, sizeof text, "%.*g", digits, value);
        if (shortest_read(text) == value)
            break;
    }
    return arena_copy_text(arena, text);
}
