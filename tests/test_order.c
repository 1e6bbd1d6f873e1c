/* test_order.c: the order in which an epoch takes its samples: each of them once, a function of seed and epoch; with
 * buckets, batches of similar length, drawn anew each time. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/train/order.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SAMPLES = 103, ROWS = 4, BUCKETS = 5, LONGEST = 60 };

static struct lstmc_order drawn(const int32_t *lengths, int buckets, uint64_t seed, uint64_t epoch)
{
    struct lstmc_order order;
    cr_assert_eq(lstmc_order_create(&order, SAMPLES, ROWS, lengths, buckets), LSTMC_OK);
    lstmc_order_draw(&order, seed, epoch);
    int count[SAMPLES] = { 0 };
    for (int i = 0; i < SAMPLES; i++)
        count[order.sample[i]]++;
    for (int i = 0; i < SAMPLES; i++)
        cr_expect_eq(count[i], 1, "sample %d comes %d times", i, count[i]);
    return order;
}

static bool same(const struct lstmc_order *a, const struct lstmc_order *b)
{
    return !memcmp(a->sample, b->sample, SAMPLES * sizeof *a->sample);
}

static void draw_lengths(int32_t *lengths)
{
    for (int i = 0; i < SAMPLES; i++)
        lengths[i] = (int32_t)(lstmc_random_bits(7, 1, 1, (uint64_t)i) % (LONGEST + 1));
}

/* How many samples are shorter than this one, or as long and before it. */
static int rank_of(const int32_t *lengths, size_t sample)
{
    int rank = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        rank += lengths[i] < lengths[sample] || (lengths[i] == lengths[sample] && i < sample);
    return rank;
}

Test(order, is_a_function_of_seed_and_epoch)
{
    int32_t lengths[SAMPLES];
    draw_lengths(lengths);
    for (int buckets = 1; buckets <= BUCKETS; buckets += BUCKETS - 1) {
        const int32_t *given = buckets > 1 ? lengths : NULL;
        struct lstmc_order one = drawn(given, buckets, 3, 1), again = drawn(given, buckets, 3, 1),
                           next = drawn(given, buckets, 3, 2), other = drawn(given, buckets, 4, 1);
        cr_expect(same(&one, &again) && !same(&one, &next) && !same(&one, &other), "%d buckets", buckets);
        lstmc_order_draw(&one, 3, 2);
        cr_expect(same(&one, &next), "%d buckets: the order of an epoch depends on the one before", buckets);
        lstmc_order_free(&one), lstmc_order_free(&again), lstmc_order_free(&next), lstmc_order_free(&other);
    }
}

/* 26 batches, the last of three samples: five buckets of six batches, the last of two. */
Test(order, a_batch_is_of_one_bucket)
{
    int32_t lengths[SAMPLES];
    draw_lengths(lengths);
    int first_of_buckets[BUCKETS] = { 0 };      /* how often an epoch begins with a batch of it */
    for (uint64_t epoch = 1; epoch <= 100; epoch++) {
        struct lstmc_order order = drawn(lengths, BUCKETS, 5, epoch);
        int batches[BUCKETS] = { 0 };
        for (size_t i = 0; i < SAMPLES; i += ROWS) {
            const int bucket = rank_of(lengths, order.sample[i]) / 24;
            for (size_t j = i; j < i + ROWS && j < SAMPLES; j++)
                cr_expect_eq(rank_of(lengths, order.sample[j]) / 24, bucket, "batch %zu", i / ROWS);
            batches[bucket]++;
            first_of_buckets[bucket] += i == 0;
        }
        cr_expect(batches[0] == 6 && batches[3] == 6 && batches[4] == 2, "%d, %d and %d batches of buckets 0, 3 and 4",
                  batches[0], batches[3], batches[4]);
        lstmc_order_free(&order);
    }
    for (int b = 0; b < BUCKETS - 1; b++)       /* 24 times, give or take five deviations */
        cr_expect(first_of_buckets[b] >= 4 && first_of_buckets[b] <= 45, "%d of 100 epochs begin with bucket %d",
                  first_of_buckets[b], b);
}

/* A bucket is no order: who shares a batch changes. */
Test(order, batches_of_a_bucket_are_drawn_anew)
{
    int32_t lengths[SAMPLES];
    draw_lengths(lengths);
    int together = 0;
    for (uint64_t epoch = 1; epoch <= 100; epoch++) {
        struct lstmc_order order = drawn(lengths, BUCKETS, 5, epoch);
        size_t place[2];
        for (size_t i = 0; i < SAMPLES; i++)
            for (int s = 0; s < 2; s++)
                if (rank_of(lengths, order.sample[i]) == s)
                    place[s] = i;
        together += place[0] / ROWS == place[1] / ROWS;
        lstmc_order_free(&order);
    }
    /* 13 times, give or take six deviations */
    cr_expect(together >= 1 && together <= 35, "the two shortest samples share %d of 100 batches", together);
}

Test(order, more_buckets_than_batches)
{
    int32_t lengths[SAMPLES];
    draw_lengths(lengths);
    struct lstmc_order order = drawn(lengths, 1000, 5, 1);
    for (size_t i = 0; i < SAMPLES; i += ROWS)
        for (size_t j = i; j < i + ROWS && j < SAMPLES; j++)
            cr_expect_eq(rank_of(lengths, order.sample[j]) / ROWS, rank_of(lengths, order.sample[i]) / ROWS);
    lstmc_order_free(&order);
}
