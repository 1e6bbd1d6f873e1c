/* label_paths.h: what a path of classes reads as, for tests that go through all paths there are. */
#ifndef LABEL_PATHS_H
#define LABEL_PATHS_H

#include <stdint.h>

/* Repeats taken for one, then blanks left out. */
static inline int collapse(const int *path, int steps, int blank, int32_t *labels)
{
    int count = 0;
    for (int t = 0; t < steps; t++)
        if (path[t] != blank && (!t || path[t] != path[t - 1]))
            labels[count++] = path[t];
    return count;
}

#endif
