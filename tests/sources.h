/* sources.h: the models whose C the tests look at as a text: how much it is, and how it reads. */
#ifndef SOURCES_H
#define SOURCES_H

#include "compiler/base/base.h"

#define SOURCES 13

typedef struct Source {
    const char *model, *target;
    int lanes;
} Source;

extern const Source sources[SOURCES];

/* NAME.c and, `header` not NULL, NAME.h as the compiler writes them; in the arena. */
char *source_text(Arena *arena, const Source *source, char **header);

#endif
