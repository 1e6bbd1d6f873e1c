/* order.h: the order in which an epoch takes its samples. */
#ifndef LSTMC_ORDER_H
#define LSTMC_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct lstmc_order {
    size_t *sample;             /* [count]: which sample stands at each place; NULL: they come as they are */
    size_t *bucket, *room;      /* [count]: by sample, and room for its work; NULL: there is one bucket */
    size_t count, batch_rows;
};

/* Of `count` samples in batches of `batch_rows`. lengths [count]: batches are drawn from `buckets` buckets of samples
 * of similar length, each of as many batches; NULL: from all samples. Returns LSTMC_OK or LSTMC_NO_MEMORY. */
int  lstmc_order_create(struct lstmc_order *order, size_t count, size_t batch_rows, const int32_t *lengths,
                        int buckets);
/* A new one, a function of the seed and the epoch alone. */
void lstmc_order_draw(struct lstmc_order *order, uint64_t seed, uint64_t epoch);
void lstmc_order_free(struct lstmc_order *order);

#endif
