/* order.c: in: how many samples there are, and how long they are.  out: the order of each epoch: shuffled; with
 * buckets, so that the samples of a batch are of similar length, and steps that none of them has need not be computed.
 *
 * Samples by their length are cut into buckets once. In each epoch they are shuffled, dealt out to their buckets in
 * that order, and the batches that come of it are shuffled too; a last batch that is not full stays the last. */
#include "order.h"

#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"

#include <stdlib.h>
#include <string.h>

/* told apart from places and weight tensors, which count from 0 */
enum { STREAM_SHUFFLE = 0x53485546, STREAM_BATCHES = 0x42415443 };

/* ---- buckets ---- */

struct length {
    int32_t steps;
    size_t sample;
};

static int compare_lengths(const void *a, const void *b)
{
    const struct length *one = a, *other = b;
    if (one->steps != other->steps)
        return one->steps < other->steps ? -1 : 1;
    return one->sample < other->sample ? -1 : one->sample > other->sample;
}

static int find_buckets(struct lstmc_order *order, const int32_t *lengths, size_t buckets)
{
    const size_t batches = (order->count + order->batch_rows - 1) / order->batch_rows;
    const size_t size = (batches + buckets - 1) / buckets * order->batch_rows;
    struct length *sorted = malloc((order->count + 1) * sizeof *sorted);
    if (!sorted)
        return LSTMC_NO_MEMORY;
    for (size_t i = 0; i < order->count; i++)
        sorted[i] = (struct length){ lengths[i], i };
    qsort(sorted, order->count, sizeof *sorted, compare_lengths);
    for (size_t i = 0; i < order->count; i++)
        order->bucket[sorted[i].sample] = i / size * size;      /* where it begins */
    free(sorted);
    return LSTMC_OK;
}

/* The samples of each bucket behind one another, in the order that they have. */
static void deal_out(struct lstmc_order *order)
{
    size_t *taken = order->room, *dealt = order->room + order->count;
    memset(taken, 0, order->count * sizeof *taken);
    for (size_t i = 0; i < order->count; i++) {
        const size_t bucket = order->bucket[order->sample[i]];
        dealt[bucket + taken[bucket]++] = order->sample[i];
    }
    memcpy(order->sample, dealt, order->count * sizeof *dealt);
}

static void swap_batches(struct lstmc_order *order, size_t a, size_t b)
{
    for (size_t i = 0; i < order->batch_rows; i++) {
        size_t *one = &order->sample[a * order->batch_rows + i], *other = &order->sample[b * order->batch_rows + i];
        const size_t sample = *one;
        *one = *other;
        *other = sample;
    }
}

/* ---- an epoch ---- */

/* Fisher & Yates, keyed by (seed, epoch): which of the first i + 1 changes places with i. */
static size_t partner(uint64_t seed, uint64_t stream, uint64_t epoch, size_t i)
{
    return (size_t)(lstmc_random_bits(seed, stream, epoch, i) % (i + 1));
}

void lstmc_order_draw(struct lstmc_order *order, uint64_t seed, uint64_t epoch)
{
    for (size_t i = 0; i < order->count; i++)
        order->sample[i] = i;
    for (size_t i = order->count; i-- > 1;) {
        const size_t j = partner(seed, STREAM_SHUFFLE, epoch, i), other = order->sample[j];
        order->sample[j] = order->sample[i];
        order->sample[i] = other;
    }
    if (!order->bucket)
        return;
    deal_out(order);
    for (size_t i = order->count / order->batch_rows; i-- > 1;)
        swap_batches(order, i, partner(seed, STREAM_BATCHES, epoch, i));
}

int lstmc_order_create(struct lstmc_order *order, size_t count, size_t batch_rows, const int32_t *lengths, int buckets)
{
    *order = (struct lstmc_order){ .count = count, .batch_rows = batch_rows };
    order->sample = malloc((count + 1) * sizeof *order->sample);
    if (order->sample && !lengths)
        return LSTMC_OK;
    order->bucket = malloc((count + 1) * sizeof *order->bucket);
    order->room = malloc((count + 1) * 2 * sizeof *order->room);
    return order->sample && order->bucket && order->room ? find_buckets(order, lengths, (size_t)buckets)
                                                         : LSTMC_NO_MEMORY;
}

void lstmc_order_free(struct lstmc_order *order)
{
    free(order->sample);
    free(order->bucket);
    free(order->room);
}
