/* test_labels.c: labels out of scores: the best path, and a prefix beam search against all paths there are; how far labels are apart. */
#include "label_paths.h"

#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 6, CLASSES = 3, PATHS = 729, READINGS = 400 };

typedef struct Reading {
    int32_t labels[STEPS];
    int count;
    double probability;
} Reading;

static Reading *reading_of(Reading *all, int *count, const Reading *like)
{
    for (int i = 0; i < *count; i++)
        if (all[i].count == like->count && !memcmp(all[i].labels, like->labels, (size_t)like->count * sizeof(int32_t)))
            return &all[i];
    cr_assert(*count < READINGS);
    all[*count] = *like;
    return &all[(*count)++];
}

/* All labels that some path reads as, with the sum of the probabilities of these. */
static int enumerate(const double y[STEPS][CLASSES], int steps, int blank, Reading *all)
{
    int count = 0, paths = 1;
    for (int t = 0; t < steps; t++)
        paths *= CLASSES;
    for (int number = 0; number < paths; number++) {
        int path[STEPS];
        double probability = 1;
        Reading read = { .probability = 0 };
        for (int t = 0, rest = number; t < steps; t++, rest /= CLASSES) {
            path[t] = rest % CLASSES;
            probability *= y[t][path[t]];
        }
        read.count = collapse(path, steps, blank, read.labels);
        reading_of(all, &count, &read)->probability += probability;
    }
    return count;
}

static int by_probability(const void *left, const void *right)
{
    const Reading *a = left, *b = right;
    return (a->probability < b->probability) - (a->probability > b->probability);
}

/* Logits, and the softmax of them. */
static void draw(uint64_t seed, int steps, float logits[STEPS][CLASSES], double y[STEPS][CLASSES])
{
    for (int t = 0; t < steps; t++) {
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            logits[t][k] = 4 * lstmc_random_uniform(seed, 1, (uint64_t)t, (uint64_t)k);
            sum += exp((double)logits[t][k]);
        }
        for (int k = 0; k < CLASSES; k++)
            y[t][k] = exp((double)logits[t][k]) / sum;
    }
}

/* The workspace ends where it says it does: what lies behind stays. */
static int search(const struct lstmc_paths *paths, const float *output, int width, struct lstmc_labels_found *found, char **memory)
{
    size_t bytes = lstmc_labels_beam_bytes(paths->steps, width);
    *memory = lstmc_alloc(bytes + 64);
    memset(*memory, 0x5a, bytes + 64);
    int count = lstmc_labels_beam(paths, output, width, *memory, found);
    for (int i = 0; i < 64; i++)
        cr_assert_eq((*memory)[bytes + (size_t)i], 0x5a);
    return count;
}

static void expect_search(uint64_t seed, int steps, int blank, int from_logits)
{
    static Reading all[READINGS];
    static struct lstmc_labels_found found[READINGS];
    float logits[STEPS][CLASSES], shares[STEPS][CLASSES];
    double y[STEPS][CLASSES];
    draw(seed, steps, logits, y);
    for (int t = 0; t < steps; t++)
        for (int k = 0; k < CLASSES; k++)
            shares[t][k] = (float)(3 * y[t][k]);            /* their share counts, not their sum */
    int count = enumerate((const double (*)[CLASSES])y, steps, blank, all);
    qsort(all, (size_t)count, sizeof *all, by_probability);
    const struct lstmc_paths paths = { .steps = steps, .classes = CLASSES, .blank = blank, .from_logits = from_logits };
    char *memory;
    int there = search(&paths, from_logits ? logits[0] : shares[0], READINGS, found, &memory);
    cr_expect_eq(there, count, "seed %d: %d labellings found, %d there are", (int)seed, there, count);
    for (int i = 0; i < there && i < count; i++) {
        cr_expect(fabs(exp(found[i].log_probability) - all[i].probability) < 1e-6, "seed %d, place %d: %g, %g by all paths", (int)seed, i,
                  exp(found[i].log_probability), all[i].probability);
        int different = i + 1 < count && all[i].probability - all[i + 1].probability > 1e-6;
        if (different && (i == 0 || all[i - 1].probability - all[i].probability > 1e-6))
            cr_expect(found[i].count == all[i].count && !memcmp(found[i].labels, all[i].labels, (size_t)all[i].count * sizeof(int32_t)));
    }
    lstmc_free(memory);
}

Test(labels, a_wide_beam_finds_all_there_are)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        expect_search(seed, 1 + (int)seed % STEPS, seed % 3 == 0 ? CLASSES - 1 : (int)seed % 2, seed % 2 == 0);
}

/* ---- the same search, written down plainly: all candidates of a step, merged, sorted, cut ---- */

typedef struct Candidate {
    Reading read;
    double blank, last;         /* probabilities, not logarithms */
} Candidate;

enum { CANDIDATES = 64 };

static Candidate *candidate_of(Candidate *all, int *count, const Reading *like)
{
    for (int i = 0; i < *count; i++)
        if (all[i].read.count == like->count && !memcmp(all[i].read.labels, like->labels, (size_t)like->count * sizeof(int32_t)))
            return &all[i];
    cr_assert(*count < CANDIDATES);
    all[*count] = (Candidate){ .read = *like };
    return &all[(*count)++];
}

static int by_total(const void *left, const void *right)
{
    const Candidate *a = left, *b = right;
    double x = a->blank + a->last, y = b->blank + b->last;
    return (x < y) - (x > y);
}

static int search_plainly(const double y[STEPS][CLASSES], int width, Candidate *beam)
{
    int count = 1;
    beam[0] = (Candidate){ .blank = 1 };
    for (int t = 0; t < STEPS; t++) {
        Candidate next[CANDIDATES];
        int more = 0;
        for (int i = 0; i < count; i++) {
            const Candidate *b = &beam[i];
            int end = b->read.count ? b->read.labels[b->read.count - 1] : -1;
            Candidate *stays = candidate_of(next, &more, &b->read);
            stays->blank += (b->blank + b->last) * y[t][0];
            stays->last += end > 0 ? b->last * y[t][end] : 0;
            for (int k = 1; k < CLASSES && b->read.count < STEPS; k++) {
                Reading longer = b->read;
                longer.labels[longer.count++] = k;
                candidate_of(next, &more, &longer)->last += (k == end ? b->blank : b->blank + b->last) * y[t][k];
            }
        }
        qsort(next, (size_t)more, sizeof *next, by_total);
        count = more < width ? more : width;
        memcpy(beam, next, (size_t)count * sizeof *next);
    }
    return count;
}

/* Beams of all widths against that: which beginnings stay, and what they weigh. */
Test(labels, a_narrow_beam_keeps_the_best)
{
    for (uint64_t seed = 100; seed < 160; seed++) {
        int width = 1 + (int)(seed % 12);
        struct lstmc_labels_found found[12];
        Candidate beam[CANDIDATES];
        float logits[STEPS][CLASSES];
        double y[STEPS][CLASSES];
        char *memory;
        draw(seed, STEPS, logits, y);
        const struct lstmc_paths paths = { .steps = STEPS, .classes = CLASSES, .from_logits = 1 };
        int there = search(&paths, logits[0], width, found, &memory);
        cr_assert_eq(there, search_plainly((const double (*)[CLASSES])y, width, beam));
        for (int i = 0; i < there; i++) {
            const Reading *expected = &beam[i].read;
            cr_expect(found[i].count == expected->count && !memcmp(found[i].labels, expected->labels, (size_t)expected->count * sizeof(int32_t)),
                      "seed %d, a beam of %d: place %d has other labels", (int)seed, width, i);
            cr_expect(fabs(exp(found[i].log_probability) - beam[i].blank - beam[i].last) < 1e-9);
        }
        lstmc_free(memory);
    }
}

/* Two steps of 0.6 for the blank: nothing is the best path, with 0.36, and a has the other 0.64. */
Test(labels, the_best_path_is_not_the_best_labels)
{
    const float output[2][2] = { { 0.6f, 0.4f }, { 0.6f, 0.4f } };
    const struct lstmc_paths paths = { .steps = 2, .classes = 2 };
    struct lstmc_labels_found found[4];
    int32_t labels[2];
    char *memory;
    cr_expect_eq(lstmc_labels_greedy(&paths, output[0], labels), 0);
    int there = search(&paths, output[0], 4, found, &memory);
    cr_expect(there == 2 && found[0].count == 1 && found[0].labels[0] == 1 && fabs(exp(found[0].log_probability) - 0.64) < 1e-7);
    cr_expect(found[1].count == 0 && fabs(exp(found[1].log_probability) - 0.36) < 1e-7);
    lstmc_free(memory);
}

Test(labels, greedy)
{
    /* a a blank a b b: a a b; of equals the first */
    const float output[6][3] = { { 0, 2, 1 }, { 0, 5, 1 }, { 3, 2, 1 }, { 0, 2, 2 }, { 0, 1, 2 }, { -3, -2, -1 } };
    struct lstmc_paths paths = { .steps = 6, .classes = 3 };
    int32_t labels[6];
    cr_expect(lstmc_labels_greedy(&paths, output[0], labels) == 3 && labels[0] == 1 && labels[1] == 1 && labels[2] == 2);
    const float mask[6] = { 1, 1, 0, 1, 0, 0 };       /* without the blank between them it is one */
    paths.mask = mask;
    cr_expect(lstmc_labels_greedy(&paths, output[0], labels) == 1 && labels[0] == 1);
    paths = (struct lstmc_paths){ .steps = 6, .classes = 3, .blank = 2 };
    cr_expect(lstmc_labels_greedy(&paths, output[0], labels) == 3 && labels[0] == 1 && labels[1] == 0 && labels[2] == 1);
    paths.steps = 0;
    cr_expect_eq(lstmc_labels_greedy(&paths, output[0], labels), 0);
}

/* No step that counts: there is nothing, for sure. */
Test(labels, of_nothing)
{
    const float output[2][2] = { { 0.1f, 0.9f }, { 0.1f, 0.9f } }, mask[2] = { 0, 0 };
    struct lstmc_paths paths = { .steps = 2, .classes = 2, .mask = mask };
    struct lstmc_labels_found found[2];
    char *memory;
    cr_expect(search(&paths, output[0], 2, found, &memory) == 1 && found[0].count == 0 && found[0].log_probability == 0);
    lstmc_free(memory);
}

/* Classes of which nothing is left lead nowhere. */
Test(labels, zeros_among_probabilities)
{
    const float output[3][3] = { { 0, 1, 0 }, { 1, 0, 0 }, { 0, 0.5f, 0.5f } };
    struct lstmc_paths paths = { .steps = 3, .classes = 3 };
    struct lstmc_labels_found found[9];
    char *memory;
    int there = search(&paths, output[0], 9, found, &memory);
    cr_expect(there == 2 && found[0].count == 2 && found[1].count == 2 && fabs(found[0].log_probability - log(0.5)) < 1e-9);
    lstmc_free(memory);
}

Test(labels, what_cannot_be)
{
    const float output[2][3] = { { 0, 1, NAN }, { 0, 1, 2 } };
    struct lstmc_paths paths = { .steps = 2, .classes = 3 };
    struct lstmc_labels_found found[2];
    int32_t labels[2];
    char memory[1024];
    cr_expect_eq(lstmc_labels_greedy(&paths, output[0], labels), LSTMC_NOT_FINITE);
    cr_expect_eq(lstmc_labels_beam(&paths, output[0], 2, memory, found), LSTMC_NOT_FINITE);
    const float negative[3] = { 1, -0.5f, 0.5f }, infinite[3] = { 0, INFINITY, 0 }, nothing[3] = { 0, 0, 0 };
    paths.steps = 1;
    cr_expect_eq(lstmc_labels_beam(&paths, negative, 2, memory, found), LSTMC_NOT_FINITE);
    cr_expect_eq(lstmc_labels_beam(&paths, nothing, 2, memory, found), LSTMC_NOT_FINITE);
    paths.from_logits = 1;
    cr_expect_eq(lstmc_labels_beam(&paths, infinite, 2, memory, found), LSTMC_NOT_FINITE);
    cr_expect_eq(lstmc_labels_beam(&paths, negative, 0, memory, found), LSTMC_MISMATCH);
    paths.blank = 3;
    cr_expect_eq(lstmc_labels_greedy(&paths, negative, labels), LSTMC_MISMATCH);
    cr_expect_eq(lstmc_labels_beam(&paths, negative, 2, memory, found), LSTMC_MISMATCH);
    paths = (struct lstmc_paths){ .steps = -1, .classes = 3 };
    cr_expect_eq(lstmc_labels_greedy(&paths, negative, labels), LSTMC_MISMATCH);
    cr_expect(lstmc_labels_beam_bytes(-1, 2) == 0 && lstmc_labels_beam_bytes(3, 0) == 0 && lstmc_labels_beam_bytes(1 << 20, 1 << 20) == 0);
}

/* ---- how far labels are apart ---- */

static int by_all_ways(const int32_t *a, int a_count, const int32_t *b, int b_count)
{
    if (!a_count || !b_count)
        return a_count + b_count;
    int exchanged = by_all_ways(a + 1, a_count - 1, b + 1, b_count - 1) + (*a != *b);
    int left_out = by_all_ways(a + 1, a_count - 1, b, b_count) + 1, put_in = by_all_ways(a, a_count, b + 1, b_count - 1) + 1;
    int least = left_out < put_in ? left_out : put_in;
    return exchanged < least ? exchanged : least;
}

Test(labels, distance)
{
    int row[8];
    for (uint64_t seed = 0; seed < 200; seed++) {
        int32_t a[7], b[7];
        int a_count = (int)(lstmc_random_bits(seed, 1, 0, 0) % 8), b_count = (int)(lstmc_random_bits(seed, 2, 0, 0) % 8);
        for (int i = 0; i < 7; i++) {
            a[i] = (int32_t)(lstmc_random_bits(seed, 3, 0, (uint64_t)i) % 3);
            b[i] = (int32_t)(lstmc_random_bits(seed, 4, 0, (uint64_t)i) % 3);
        }
        cr_expect_eq(lstmc_labels_distance(a, a_count, b, b_count, row), by_all_ways(a, a_count, b, b_count));
    }
}

Test(labels, counts)
{
    const int32_t labels[6] = { 3, 3, 1, 3, 0, 2 };
    cr_expect_eq(lstmc_labels_count(labels, 6, 0), 4);
    cr_expect_eq(lstmc_labels_count(labels, 3, 0), 3);
    cr_expect_eq(lstmc_labels_count(labels, 6, 3), 0);
    cr_expect_eq(lstmc_labels_steps(labels, 4), 5);
    cr_expect_eq(lstmc_labels_steps(labels, 0), 0);
}
