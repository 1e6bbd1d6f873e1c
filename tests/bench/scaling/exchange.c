/* exchange.c: in: a transport between two ranks.  out: how long messages of several sizes take, there and back at once,
 * by the functions that a training calls. */
#include "scaling.h"

#include <string.h>

#define LEAST ((size_t)4 << 10)
#define MOST ((size_t)16 << 20)
#define SMALL ((size_t)256 << 10)       /* up to so many bytes more repetitions, which are short */
#define MANY 101
#define FEW 31
#define WARM 5

static double time_reduce(struct lstmc_transport *t, char *sent, char *received, size_t bytes)
{
    const struct lstmc_piece there = { !t->rank, sent, bytes }, back = { !t->rank, received, bytes };
    const Time start = clock_now();
    if (t->reduce(t->context, &there, 1, &back, 1) || t->finish(t->context))
        return 0;
    return clock_since(start).seconds;
}

/* An array of twice so many bytes, of which each has half. */
static double time_gather(struct lstmc_transport *t, char *array, size_t bytes)
{
    const size_t first[] = { 0, bytes, 2 * bytes };
    const Time start = clock_now();
    if (t->gather(t->context, array, first))
        return 0;
    return clock_since(start).seconds;
}

void exchange_run(struct lstmc_transport *transport)
{
    char *sent = checked_alloc(MOST), *received = checked_alloc(MOST), *array = checked_alloc(2 * MOST);
    for (size_t bytes = LEAST; bytes <= MOST; bytes *= 2) {
        double reduce[MANY], gather[MANY];
        const int count = bytes <= SMALL ? MANY : FEW;
        transport->barrier(transport->context);
        for (int i = -WARM; i < count; i++)
            reduce[i < 0 ? 0 : i] = time_reduce(transport, sent, received, bytes);
        transport->barrier(transport->context);
        for (int i = -WARM; i < count; i++)
            gather[i < 0 ? 0 : i] = time_gather(transport, array, bytes);
        if (!transport->rank)
            printf("exchange %zu %.9g %.9g\n", bytes, median_of(reduce, count), median_of(gather, count));
    }
    checked_free(sent);
    checked_free(received);
    checked_free(array);
}
