/* alloc.c: memory with the alignment that vectors like best. */
#include "lstmc.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64        /* bytes: a cache line, and the widest vector */

void *lstmc_alloc(size_t bytes)
{
    if (bytes > PTRDIFF_MAX - ALIGNMENT)
        return NULL;
    size_t whole = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, whole);
    if (memory)
        memset(memory, 0, whole);
    return memory;
}

void lstmc_free(void *memory)
{
    free(memory);
}
