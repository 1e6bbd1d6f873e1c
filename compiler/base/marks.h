/* marks.h: texts with marks in them, which stand for other texts. */
#ifndef MARKS_H
#define MARKS_H

#include "base.h"

typedef struct Mark {
    const char *name, *value;
} Mark;

/* Every `name` becomes its `value`, mark by mark, so that a value may have the names of later ones. */
const char *marks_filled(Arena *arena, const char *text, const Mark *marks, int count);

#endif
