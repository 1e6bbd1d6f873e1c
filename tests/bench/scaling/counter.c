/* counter.c: in: what a training asks of a transport.  out: the same asked of another one, or of none, and counted. */
#include "scaling.h"

static int reduce(void *context, const struct lstmc_piece *sent, int sent_count, const struct lstmc_piece *received,
                  int received_count)
{
    Counter *counter = context;
    counter->messages += (size_t)sent_count;
    for (int i = 0; i < sent_count; i++)
        counter->sent += sent[i].count;
    for (int i = 0; i < received_count; i++)
        counter->received += received[i].count;
    return counter->inside ? counter->inside->reduce(counter->inside->context, sent, sent_count, received,
                                                     received_count)
                           : 0;
}

static int finish(void *context)
{
    const Counter *counter = context;
    return counter->inside ? counter->inside->finish(counter->inside->context) : 0;
}

static int gather(void *context, void *bytes, const size_t *first)
{
    Counter *counter = context;
    const int rank = counter->outside.rank;
    counter->gathers++;
    counter->gathered += (first[rank + 1] - first[rank]) * (size_t)(counter->outside.ranks - 1);
    return counter->inside ? counter->inside->gather(counter->inside->context, bytes, first) : 0;
}

static int barrier(void *context)
{
    const Counter *counter = context;
    return counter->inside ? counter->inside->barrier(counter->inside->context) : 0;
}

void counter_open(Counter *counter, struct lstmc_transport *inside, int rank, int ranks)
{
    *counter = (Counter){ .inside = inside };
    counter->outside = (struct lstmc_transport){ .rank = inside ? inside->rank : rank,
                                                 .ranks = inside ? inside->ranks : ranks,
                                                 .context = counter,
                                                 .reduce = reduce,
                                                 .finish = finish,
                                                 .gather = gather,
                                                 .barrier = barrier };
}
