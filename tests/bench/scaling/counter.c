/* counter.c: in: what a training asks of a transport.  out: the same asked of another one, or of none, and counted. */
#include "scaling.h"

/* A rank that waits asks again and again: time of the processor that is no work. */
static int done(Counter *counter, Time start, int status)
{
    counter->processor += clock_since(start).processor;
    return status;
}

static int reduce(void *context, const struct lstmc_piece *sent, int sent_count, const struct lstmc_piece *received,
                  int received_count)
{
    Counter *counter = context;
    counter->messages += (size_t)sent_count;
    for (int i = 0; i < sent_count; i++)
        counter->sent += sent[i].count;
    for (int i = 0; i < received_count; i++)
        counter->received += received[i].count;
    if (!counter->inside)
        return 0;
    const Time start = clock_now();
    return done(counter, start,
                counter->inside->reduce(counter->inside->context, sent, sent_count, received, received_count));
}

static int finish(void *context)
{
    Counter *counter = context;
    if (!counter->inside)
        return 0;
    const Time start = clock_now();
    return done(counter, start, counter->inside->finish(counter->inside->context));
}

static int gather(void *context, void *bytes, const size_t *first)
{
    Counter *counter = context;
    const int rank = counter->outside.rank;
    counter->gathers++;
    counter->gathered += (first[rank + 1] - first[rank]) * (size_t)(counter->outside.ranks - 1);
    if (!counter->inside)
        return 0;
    const Time start = clock_now();
    return done(counter, start, counter->inside->gather(counter->inside->context, bytes, first));
}

static int barrier(void *context)
{
    Counter *counter = context;
    if (!counter->inside)
        return 0;
    const Time start = clock_now();
    return done(counter, start, counter->inside->barrier(counter->inside->context));
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
