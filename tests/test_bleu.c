/* test_bleu.c: BLEU by hand: clipped runs, several references, the brevity of all texts together. */
#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { LISTS = 6, WORDS = 20 };

/* Words of a text as numbers: letters, with spaces between. */
static struct lstmc_token_list list_of(const char *text, int32_t *tokens)
{
    int count = 0;
    for (const char *c = text; *c; c++)
        if (*c != ' ')
            tokens[count++] = *c;
    return (struct lstmc_token_list){ tokens, count };
}

/* One text and its references, separated by |. */
static void add(struct lstmc_bleu *bleu, const char *said, const char *references)
{
    int32_t of_said[WORDS], tokens[LISTS][WORDS];
    struct lstmc_token_list lists[LISTS];
    int count = 0;
    char copy[200];
    strcpy(copy, references);
    for (char *at = strtok(copy, "|"); at; at = strtok(NULL, "|"), count++)
        lists[count] = list_of(at, tokens[count]);
    lstmc_bleu_add(bleu, list_of(said, of_said), lists, count);
}

static void expect(const struct lstmc_bleu *bleu, double value)
{
    cr_expect(fabs(lstmc_bleu(bleu) - value) < 1e-12, "%.15g, not %.15g", lstmc_bleu(bleu), value);
}

/* The paper's example: "the" seven times, which one reference has twice and the other once: 2 of 7. */
Test(bleu, a_run_counts_as_often_as_one_reference_has_it)
{
    struct lstmc_bleu bleu = { 0 };
    add(&bleu, "t t t t t t t", "t c i o t m|m i a c o t m");
    cr_expect(bleu.found[0] == 2 && bleu.runs[0] == 7 && bleu.found[1] == 0 && bleu.runs[1] == 6);
    expect(&bleu, 0);
}

/* Of a b c d e, held against a b c e d: 5 of 5, 2 of 4 (ab bc), 1 of 3 (abc), 0 of 2; with a second reference, b c d e f, also bcde, cd, de. */
Test(bleu, references)
{
    struct lstmc_bleu bleu = { 0 };
    add(&bleu, "a b c d e", "a b c e d|b c d e f");
    cr_expect(bleu.found[0] == 5 && bleu.found[1] == 4 && bleu.found[2] == 3 && bleu.found[3] == 1 && bleu.runs[3] == 2);
    expect(&bleu, pow(1.0 * 1.0 * 1.0 * 0.5, 0.25));
    struct lstmc_bleu same = { 0 };
    add(&same, "a b c d", "a b c d");
    expect(&same, 1);
}

/* Texts count together: what one lacks another one has; the closest reference is the shorter one of two that are as close. */
Test(bleu, brevity)
{
    struct lstmc_bleu bleu = { 0 };
    add(&bleu, "a b c d", "a b c d e f|a b x|a b c d e f g");
    cr_expect(bleu.said == 4 && bleu.closest == 3);
    add(&bleu, "a b c d", "a b c d e f g h");
    cr_expect(bleu.said == 8 && bleu.closest == 11);
    expect(&bleu, exp(1 - 11.0 / 8));
}

/* Runs that are longer than all that was said are left out; of nothing said nothing is right. */
Test(bleu, short_texts)
{
    struct lstmc_bleu bleu = { 0 };
    add(&bleu, "a b", "a b");
    add(&bleu, "a", "b");
    expect(&bleu, pow(2.0 / 3 * 1, 0.5));
    struct lstmc_bleu nothing = { 0 };
    expect(&nothing, 0);
    add(&nothing, "", "a b");
    expect(&nothing, 0);
}
