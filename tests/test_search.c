/* test_search.c: what a decoder says, greedily and with a beam, against all sequences that there are. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/lstmc_search.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { TOKENS = 4, STEPS = 5, END = 1, BEGIN = 0, SEEDS = 40 };

/* A decoder whose next token depends on all tokens before it: the state is a hash of them, the memory the seed. */
struct history { uint64_t hash; int steps; };

static void reset(const void *packed, const void *memory, void *state)
{
    (void)packed;
    *(struct history *)state = (struct history){ .hash = *(const uint64_t *)memory };
}

static void scores(const struct history *h, const void *packed, float *y)
{
    double total = 0;
    for (int i = 0; i < TOKENS; i++)
        total += exp(y[i] = (float)(3 * lstmc_random_uniform(h->hash, 0, 0, (uint64_t)i)));
    for (int i = 0; i < TOKENS && !packed; i++)
        y[i] = (float)(exp(y[i]) / total);
}

/* packed: NULL: probabilities, else logits. */
static int step(const void *packed, const void *memory, void *scratch, void *state, const void *x, float *y)
{
    struct history *h = state;
    (void)memory;
    cr_assert(h->steps || *(const int32_t *)x == BEGIN);
    h->steps++;
    h->hash = lstmc_mix(h->hash ^ (uint64_t)(*(const int32_t *)x + 1));
    memset(scratch, 0xff, 16);
    scores(h, packed, y);
    return 1;
}

static const struct lstmc_decoder decoder = {
    .steps = STEPS, .reads_tokens = 1, .begin_token = BEGIN, .end_token = END, .input_count = 1, .output_count = TOKENS,
    .state_bytes = sizeof(struct history), .decode_scratch_bytes = 16, .decode_reset = reset, .decode_step = step,
};

struct best { double score, log_probability; int count; int32_t tokens[STEPS]; };

/* All sequences that go on from here; the first of the best ones stays. */
static void enumerate(const struct lstmc_search_options *how, struct history h, int32_t last, double log_probability, int32_t *tokens, int count,
                      struct best *best)
{
    float y[TOKENS], scratch[4];
    step(NULL, NULL, scratch, &h, &last, y);
    for (int i = 0; i < TOKENS; i++) {
        double now = log_probability + log(y[i]);
        int length = count + 1;
        if (i < how->first_token && i != END)
            continue;
        if (i != END)
            tokens[count] = i;
        if (i != END && length < how->steps) {
            enumerate(how, h, i, now, tokens, length, best);
            continue;
        }
        double score = now / pow((5.0 + length) / 6.0, how->length_penalty);
        if (score > best->score + 1e-12) {
            *best = (struct best){ score, now, i == END ? count : length, { 0 } };
            memcpy(best->tokens, tokens, (size_t)best->count * sizeof *tokens);
        }
    }
}

static int search(const struct lstmc_search_options *how, const void *packed, uint64_t seed, int32_t *tokens, double *log_probability)
{
    size_t bytes = lstmc_search_bytes(&decoder, how);
    void *room = malloc(bytes);
    memset(room, 0xff, bytes);
    int count = lstmc_search(&decoder, packed, &seed, how, room, tokens, log_probability);
    free(room);
    return count;
}

static void expect_best(struct lstmc_search_options how, uint64_t seed)
{
    struct history h;
    struct best best = { .score = -INFINITY };
    int32_t tokens[STEPS], said[STEPS];
    double log_probability;
    reset(NULL, &seed, &h);
    enumerate(&how, h, BEGIN, 0, tokens, 0, &best);
    int count = search(&how, how.from_logits ? &decoder : NULL, seed, said, &log_probability);
    cr_expect(count == best.count && !memcmp(said, best.tokens, (size_t)count * sizeof *said), "seed %lu, penalty %g: %d tokens, not %d", (unsigned long)seed,
              how.length_penalty, count, best.count);
    cr_expect(fabs(log_probability - best.log_probability) < 1e-5, "seed %lu: %g, not %g", (unsigned long)seed, log_probability, best.log_probability);
}

/* A beam as wide as there are sequences finds the best one of all. */
Test(search, a_wide_beam_is_exact)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int first = 0; first <= 3; first += 3)
            for (int logits = 0; logits <= 1; logits++)
                for (double penalty = 0; penalty < 2; penalty += 0.9)
                    expect_best((struct lstmc_search_options){ .beam = LSTMC_BEAM_MOST, .steps = STEPS, .first_token = first, .from_logits = logits,
                                                       .length_penalty = penalty }, seed);
}

static int greedy_by_hand(uint64_t seed, int steps, int32_t *tokens)
{
    struct history h;
    float y[TOKENS], scratch[4];
    int32_t last = BEGIN;
    reset(NULL, &seed, &h);
    for (int count = 0; count < steps; count++) {
        step(NULL, NULL, scratch, &h, &last, y);
        last = END;
        for (int i = 1; i < TOKENS; i++)
            if (y[i] > y[last])
                last = i;
        if (last == END)
            return count;
        tokens[count] = last;
    }
    return steps;
}

/* Wider beams find what is more probable, or the same; and the narrowest is the most probable token at each step, whatever the length is worth. */
Test(search, narrow_beams)
{
    int better = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        int32_t by_hand[STEPS], said[STEPS], wide[STEPS];
        double greedy, beam, exact;
        struct lstmc_search_options how = { .beam = 1, .steps = STEPS, .first_token = 1 };
        int count = greedy_by_hand(seed, STEPS, by_hand);
        for (double penalty = 0; penalty < 2; penalty += 0.9) {
            how.length_penalty = penalty;
            cr_expect(search(&how, NULL, seed, said, &greedy) == count && !memcmp(said, by_hand, (size_t)count * sizeof *said), "seed %lu", (unsigned long)seed);
        }
        how.length_penalty = 0;
        how.beam = 3;
        cr_expect(search(&how, NULL, seed, wide, &beam) >= 0);
        how.beam = LSTMC_BEAM_MOST;
        cr_expect(search(&how, NULL, seed, wide, &exact) >= 0);
        cr_expect(exact >= beam - 1e-9 && exact >= greedy - 1e-9);
        better += beam > greedy + 1e-9;
    }
    cr_expect(better > SEEDS / 8, "a beam of 3 was better than none in %d of %d", better, SEEDS);
}

static int no_numbers(const void *packed, const void *memory, void *scratch, void *state, const void *x, float *y)
{
    (void)packed, (void)memory, (void)scratch, (void)state, (void)x;
    for (int i = 0; i < TOKENS; i++)
        y[i] = NAN;
    return 1;
}

Test(search, what_cannot_be)
{
    struct lstmc_search_options how = { .beam = 2, .steps = STEPS };
    struct lstmc_decoder other = decoder;
    int32_t tokens[STEPS];
    uint64_t seed = 1;
    size_t bytes = lstmc_search_bytes(&other, &how);
    cr_assert(bytes);
    void *room = malloc(bytes);
    other.decode_step = no_numbers;
    cr_expect(lstmc_search(&other, NULL, &seed, &how, room, tokens, NULL) == -1);
    other.reads_tokens = 0;
    cr_expect(lstmc_search_bytes(&other, &how) == 0);
    cr_expect(lstmc_search(&other, NULL, &seed, &how, room, tokens, NULL) == -1);
    const struct lstmc_search_options wrong[] = { { .beam = 0, .steps = 1 }, { .beam = 1, .steps = 0 }, { .beam = LSTMC_BEAM_MOST + 1, .steps = 1 },
                                          { .beam = 1, .steps = 1, .length_penalty = -1 }, { .beam = 1, .steps = 1, .length_penalty = NAN } };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect(lstmc_search_bytes(&decoder, &wrong[i]) == 0);
    free(room);
}
