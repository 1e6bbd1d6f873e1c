/* alloc.c: memory with the alignment that vectors like best. */
#include "runtime/lstmc.h"

#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define ALIGNMENT 64                    /* bytes: a cache line, and the widest vector */
/* weights and tapes of some megabytes are read through fewer pages: 10 % of a batch-1 step of LSTM(512) */
#define HUGE_PAGE ((size_t)2 << 20)

void *lstmc_alloc(size_t bytes)
{
    if (bytes > PTRDIFF_MAX - HUGE_PAGE)
        return NULL;
    size_t alignment = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
    size_t whole = bytes == 0 ? ALIGNMENT : (bytes + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, whole);
#ifdef MADV_HUGEPAGE
    if (memory && alignment == HUGE_PAGE)
        madvise(memory, whole, MADV_HUGEPAGE);      /* a wish */
#endif
    if (memory)
        memset(memory, 0, whole);
    return memory;
}

void lstmc_free(void *memory)
{
    free(memory);
}
