/* test_sample.c: tokens are drawn as often as they are probable, from the most probable alone where that is asked for; and words are written as text. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "runtime/text/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 37
#define DRAWS 60000

/* Softmax weights with a few equal ones, in no order. */
static void probabilities(uint64_t seed, float *p, int classes)
{
    double sum = 0;
    for (int i = 0; i < classes; i++)
        sum += p[i] = expf(4 * lstmc_random_uniform(seed, 1, (uint64_t)(i % 9 == 4 ? 4 : i), 0));
    for (int i = 0; i < classes; i++)
        p[i] = (float)(p[i] / sum);
}

/* ---- who may be drawn, by sorting: a second road ---- */

static const double *weight_of;

static int by_weight(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return weight_of[a] != weight_of[b] ? (weight_of[a] < weight_of[b]) - (weight_of[a] > weight_of[b]) : (a > b) - (a < b);
}

/* What each token should be drawn with. */
static void expected_shares(const struct lstmc_sampling *how, const float *p, int classes, double *share)
{
    double weight[CLASSES], sum = 0, all = 0;
    int order[CLASSES], kept = classes;
    for (int i = 0; i < classes; i++)
        weight[i] = pow((double)p[i], 1 / how->temperature), order[i] = i;
    weight_of = weight;
    qsort(order, (size_t)classes, sizeof *order, by_weight);
    if (how->top_k && how->top_k < kept)
        kept = how->top_k;
    for (int i = 0; i < kept; i++)
        all += weight[order[i]];
    for (int i = 0; how->top_p > 0 && how->top_p < 1 && i < kept; i++)
        if ((sum += weight[order[i]]) >= how->top_p * all)
            kept = i + 1;
    memset(share, 0, (size_t)classes * sizeof *share);
    sum = 0;
    for (int i = 0; i < kept; i++)
        sum += weight[order[i]];
    for (int i = 0; i < kept; i++)
        share[order[i]] = weight[order[i]] / sum;
}

/* As often as expected, to five deviations; never what has no share. */
static void expect_draws(const struct lstmc_sampling *how, const float *y, const double *share, int classes, const char *what)
{
    struct lstmc_candidate room[CLASSES];
    int count[CLASSES] = { 0 };
    for (int i = 0; i < DRAWS; i++) {
        int token = lstmc_sample(how, y, classes, room, (uint64_t)i);
        cr_assert(token >= 0 && token < classes);
        count[token]++;
    }
    for (int i = 0; i < classes; i++) {
        double deviation = sqrt(share[i] * (1 - share[i]) / DRAWS);
        cr_expect(fabs((double)count[i] / DRAWS - share[i]) <= 5 * deviation, "%s: token %d was drawn %d times of %d, expected %.1f", what, i, count[i], DRAWS,
                  share[i] * DRAWS);
    }
}

static void expect_distribution(const struct lstmc_sampling *how, uint64_t seed, const char *what)
{
    float p[CLASSES], z[CLASSES];
    double share[CLASSES];
    probabilities(seed, p, CLASSES);
    for (int i = 0; i < CLASSES; i++)
        z[i] = logf(p[i]) + 3;
    expected_shares(how, p, CLASSES, share);
    expect_draws(how, p, share, CLASSES, what);
    struct lstmc_sampling of_logits = *how;
    of_logits.from_logits = 1;
    of_logits.seed += 100;
    if (!how->top_p)                    /* where logits are rounded, a sum may reach the share one token later */
        expect_draws(&of_logits, z, share, CLASSES, what);
}

Test(sample, as_often_as_they_are_probable)
{
    expect_distribution(&(struct lstmc_sampling){ .temperature = 1, .seed = 1 }, 1, "as learned");
    expect_distribution(&(struct lstmc_sampling){ .temperature = 0.5, .seed = 2 }, 2, "colder");
    expect_distribution(&(struct lstmc_sampling){ .temperature = 3, .seed = 3 }, 3, "warmer");
}

Test(sample, the_most_probable_alone)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        expect_distribution(&(struct lstmc_sampling){ .temperature = 1, .top_k = (int)(3 * seed), .seed = seed }, seed, "top k");
        expect_distribution(&(struct lstmc_sampling){ .temperature = 0.8, .top_p = 0.25 * (double)seed - 0.1, .seed = seed }, seed, "top p");
        expect_distribution(&(struct lstmc_sampling){ .temperature = 1.2, .top_k = 12, .top_p = 0.2 * (double)seed, .seed = seed }, seed, "top k, then top p");
    }
    expect_distribution(&(struct lstmc_sampling){ .temperature = 1, .top_k = CLASSES, .top_p = 1, .seed = 9 }, 9, "all of them");
    expect_distribution(&(struct lstmc_sampling){ .temperature = 1, .top_k = CLASSES + 5, .seed = 9 }, 9, "more than there are");
}

/* Which tokens can be drawn at all. */
static uint64_t drawn(const struct lstmc_sampling *how, const float *y, int classes)
{
    struct lstmc_candidate room[CLASSES];
    uint64_t set = 0;
    for (uint64_t i = 0; i < 2000; i++)
        set |= UINT64_C(1) << lstmc_sample(how, y, classes, room, i);
    return set;
}

#define SET(...) of_tokens((const int[]){ __VA_ARGS__, -1 })

static uint64_t of_tokens(const int *tokens)
{
    uint64_t set = 0;
    for (; *tokens >= 0; tokens++)
        set |= UINT64_C(1) << *tokens;
    return set;
}

Test(sample, greedy)
{
    static const float y[] = { 0.1f, 0.3f, 0.2f, 0.3f, 0.1f };          /* 1 and 3 are equal: the first */
    static const float z[] = { -4, -1, -2, -1, -4 };
    for (int logits = 0; logits < 2; logits++) {
        const float *said = logits ? z : y;
        cr_expect_eq(drawn(&(struct lstmc_sampling){ .from_logits = logits }, said, 5), SET(1));
        cr_expect_eq(drawn(&(struct lstmc_sampling){ .from_logits = logits, .temperature = 1, .top_k = 1 }, said, 5), SET(1));
        cr_expect_eq(drawn(&(struct lstmc_sampling){ .from_logits = logits, .temperature = 1, .top_p = 1e-9 }, said, 5), SET(1));
        cr_expect_eq(drawn(&(struct lstmc_sampling){ .from_logits = logits, .temperature = 1, .top_k = 3, .top_p = 1e-9 }, said, 5), SET(1));
        cr_expect_eq(drawn(&(struct lstmc_sampling){ .from_logits = logits, .temperature = 1e-3 }, said, 5), SET(1, 3), "cold, but equal");
    }
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_k = 1 }, (const float[]){ 1 }, 1), SET(0));
}

/* Of equal ones those with lower ids; of a sum that is reached exactly no one more. */
Test(sample, ties_and_limits)
{
    static const float equal[] = { 0.25f, 0.25f, 0.25f, 0.25f }, halves[] = { 0.125f, 0.5f, 0.25f, 0.125f };
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_k = 2 }, equal, 4), SET(0, 1));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_k = 3 }, equal, 4), SET(0, 1, 2));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_p = 0.5 }, equal, 4), SET(0, 1));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_p = 0.51 }, equal, 4), SET(0, 1, 2));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_p = 0.75 }, halves, 4), SET(1, 2));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_p = 0.76 }, halves, 4), SET(0, 1, 2));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .top_k = 2, .top_p = 0.6 }, halves, 4), SET(1), "0.5 of the 0.75 that are left");
}

Test(sample, what_is_never_drawn)
{
    const float p[] = { 0, 0.5f, NAN, 0, 0.5f }, z[] = { -INFINITY, 2, NAN, -INFINITY, 2 }, beyond[] = { 3, INFINITY, 5, -INFINITY, 3e38f };
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 50 }, p, 5), SET(1, 4));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 50, .top_k = 4 }, p, 5), SET(1, 4));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 50, .from_logits = 1, .top_p = 0.99 }, z, 5), SET(1, 4));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1, .from_logits = 1 }, beyond, 5), SET(1));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1 }, (const float[]){ NAN, 1, NAN }, 3), SET(1));
    cr_expect_eq(drawn(&(struct lstmc_sampling){ .temperature = 1 }, (const float[]){ NAN, NAN }, 2), SET(0), "nothing is known: the first");
}

Test(sample, the_same_draw_again)
{
    float p[CLASSES];
    struct lstmc_candidate room[CLASSES];
    probabilities(5, p, CLASSES);
    struct lstmc_sampling one = { .temperature = 1, .seed = 1 }, other = { .temperature = 1, .seed = 2 };
    int same = 0;
    for (uint64_t i = 0; i < 500; i++) {
        int token = lstmc_sample(&one, p, CLASSES, room, i);
        cr_expect_eq(lstmc_sample(&one, p, CLASSES, room, i), token);
        same += lstmc_sample(&other, p, CLASSES, room, i) == token;
    }
    cr_expect(same < 250, "%d of 500 draws of another seed are the same", same);
}

/* ---- words as text ---- */

Test(sample, words_as_text)
{
    static const char *const texts[] = {
        "Speak, speak! (He said: \"No.\") 'tis so; it costs $5 or 10%.", "one\n\ntwo, three:\nfour", "\"a b\" c \"d\"\n\"e", "yes/no -- well -- good-bye",
        "\xc2\xbfQu\xc3\xa9? \xc2\xa1No!", "\xe2\x80\x9c" "Yes\xe2\x80\x9d \xe2\x80\x98no\xe2\x80\x99 \xc2\xabsi\xc2\xbb", "", "\n", "[x] {y} (z)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char written[200] = "";
        struct lstmc_joiner joiner = { 0 };
        struct lstmc_token token;
        for (const char *at = texts[i]; lstmc_token_next(LSTMC_WORDS_AND_LINES, &at, texts[i] + strlen(texts[i]), &token);) {
            if (lstmc_joins_by_space(&joiner, token.text, token.length))
                strcat(written, " ");
            strncat(written, token.text, token.length);
        }
        cr_expect_str_eq(written, texts[i]);
    }
}
