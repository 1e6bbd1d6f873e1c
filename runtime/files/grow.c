/* grow.c: in: an array that is full.  out: the same with room: in memory, or beyond its limit in a file that grows. */
#include "map.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Stands in front of the items, which keep the alignment of malloc(). */
struct front {
    size_t mapped;              /* bytes of the mapping, this with them; 0: it is memory of malloc() */
    int descriptor;             /* of the file that is mapped */
};
#define FRONT 64

static struct front *front_of(void *items)
{
    return items ? (struct front *)((char *)items - FRONT) : NULL;
}

static struct front *map(int descriptor, size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (start == MAP_FAILED)
        return NULL;
    *(struct front *)start = (struct front){ bytes, descriptor };
    return start;
}

/* What lies in memory moves into a file. */
static struct front *move_to_file(struct front *old, size_t old_bytes, size_t bytes)
{
    int descriptor = lstmc_map_nameless(bytes);
    struct front *front = descriptor < 0 ? NULL : map(descriptor, bytes);
    if (!front && descriptor >= 0)
        close(descriptor);
    if (!front)
        return NULL;
    if (old)
        memcpy((char *)front + FRONT, (char *)old + FRONT, old_bytes - FRONT);
    free(old);
    return front;
}

static struct front *widen_file(struct front *old, size_t bytes)
{
    const size_t old_bytes = old->mapped;
    const int descriptor = old->descriptor;
    if (posix_fallocate(descriptor, 0, (off_t)bytes))
        return NULL;
    struct front *front = map(descriptor, bytes);
    if (front)
        munmap(old, old_bytes);
    return front;
}

static struct front *widen_memory(struct front *old, size_t bytes)
{
    struct front *front = realloc(old, bytes);
    if (front)
        *front = (struct front){ 0, -1 };
    return front;
}

int lstmc_grow(void **items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return 1;
    const size_t wider = *capacity ? *capacity * 2 : 64;
    if (wider > (PTRDIFF_MAX - FRONT) / item_size)
        return 0;
    const size_t bytes = FRONT + wider * item_size;
    struct front *old = front_of(*items),
                 *front = old && old->mapped            ? widen_file(old, bytes)
                          : bytes <= lstmc_map_limit()  ? widen_memory(old, bytes)
                                                        : move_to_file(old, FRONT + *capacity * item_size, bytes);
    if (!front)
        return 0;
    *items = (char *)front + FRONT;
    *capacity = wider;
    return 1;
}

void lstmc_grown_free(void *items)
{
    struct front *front = front_of(items);
    if (!front || !front->mapped) {
        free(front);
        return;
    }
    const int descriptor = front->descriptor;
    munmap(front, front->mapped);
    close(descriptor);
}
