/* model.c: in: what the parts of a step cost on one thread, what ranks send each other, and how fast that goes.  out:
 * how long a step takes on so many ranks. What it assumes is written under the tables (tables.c). */
#include "scaling.h"

#include <math.h>

/* Of a shard of so many rows: between the measured sizes along a line; of more rows than measured in proportion. */
static double shard_seconds(const Costs *costs, double rows)
{
    const double most = 1 << (ROWS_SIZES - 1);
    if (rows >= most)
        return costs->shard[ROWS_SIZES - 1] * rows / most;
    const double at = log2(rows < 1 ? 1 : rows);
    const int below = (int)at, rows_below = 1 << below;
    const double part = (rows - rows_below) / rows_below;
    return costs->shard[below] + (rows < 1 ? 0 : part) * (costs->shard[below + 1] - costs->shard[below]);
}

Predicted model_step(const Costs *costs, const Network *network, const Traffic *traffic, int ranks, int shards,
                     double rows_of_shard)
{
    const int own = (shards + ranks - 1) / ranks;       /* of the rank that has most: the others wait for it */
    const double rounds = ceil(log2(ranks)), all = costs->gradient_bytes;
    const Line *reduce = &network->reduce, *gather = &network->gather;
    Predicted p = { .compute = own * shard_seconds(costs, rows_of_shard) + (own - 1) * costs->add,
                    .update = costs->update * traffic->own_bytes / all,
                    .renew = costs->renew };
    if (ranks > 1) {
        p.reduce = traffic->messages * reduce->latency + fmax(traffic->sent, traffic->received) / reduce->bandwidth;
        p.sum = costs->add * traffic->received / all;
        p.gather = rounds * gather->latency + all * (ranks - 1) / ranks / gather->bandwidth;
        p.small = costs->gathers * rounds * gather->latency;
    }
    const double works = p.compute + p.sum + p.update + p.renew, talks = p.reduce + p.gather + p.small;
    p.apart = works + talks;
    p.overlapped = fmax(works, talks);
    return p;
}
