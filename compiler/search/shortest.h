/* shortest.h: a number as text, with as few digits as bring it back bit for bit. */
#ifndef SHORTEST_H
#define SHORTEST_H

#include "compiler/base/base.h"

const char *shortest_text(Arena *arena, double value);  /* "nan" if it is none, "inf", "-inf" */
double      shortest_read(const char *text);            /* NaN: it is no number */

#endif
