/* array.h: arrays that grow. */
#ifndef LSTMC_ARRAY_H
#define LSTMC_ARRAY_H

#include <stdint.h>
#include <stdlib.h>

/* Room for one item more in *items, which realloc() moves; 0 if there is no memory. */
static inline int lstmc_array_grow(void **items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return 1;
    size_t wider = *capacity ? *capacity * 2 : 64;
    void *moved = wider <= SIZE_MAX / item_size ? realloc(*items, wider * item_size) : NULL;
    if (!moved)
        return 0;
    *items = moved;
    *capacity = wider;
    return 1;
}

#endif
