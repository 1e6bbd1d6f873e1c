/* bleu.c: in: texts that a model has said, and those that it might have said.  out: BLEU, how much of the one is in the
 * others (Papineni, Roukos, Ward & Zhu 2002): the geometric mean of the shares of its runs of one to four tokens that
 * are in one of them, each counted as often as one of them has it; and where all in all less is said than in those that
 * are closest in length, exp(1 - theirs / its) of that. */
#include "runtime/lstmc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often the run of `length` tokens is in the text. */
static long count_runs(const int32_t *run, int length, const int32_t *text, int count)
{
    long found = 0;
    for (int i = 0; i + length <= count; i++)
        found += !memcmp(text + i, run, (size_t)length * sizeof *run);
    return found;
}

/* Each run counts once, where it stands first. */
static void add_runs(struct lstmc_bleu *bleu, int length, struct lstmc_token_list said,
                     const struct lstmc_token_list *references, int reference_count)
{
    for (int i = 0; i + length <= said.count; i++) {
        const int32_t *run = said.tokens + i;
        if (count_runs(run, length, said.tokens, i + length - 1))
            continue;
        long here = count_runs(run, length, said.tokens, said.count), most = 0;
        for (int r = 0; r < reference_count; r++) {
            long there = count_runs(run, length, references[r].tokens, references[r].count);
            most = there > most ? there : most;
        }
        bleu->found[length - 1] += here < most ? here : most;
        bleu->runs[length - 1] += here;
    }
}

void lstmc_bleu_add(struct lstmc_bleu *bleu, struct lstmc_token_list said, const struct lstmc_token_list *references,
                    int reference_count)
{
    int closest = references[0].count;
    for (int r = 1; r < reference_count; r++) {
        int off = abs(references[r].count - said.count), least = abs(closest - said.count);
        if (off < least || (off == least && references[r].count < closest))
            closest = references[r].count;
    }
    bleu->said += said.count;
    bleu->closest += closest;
    for (int length = 1; length <= LSTMC_BLEU_RUNS; length++)
        add_runs(bleu, length, said, references, reference_count);
}

double lstmc_bleu(const struct lstmc_bleu *bleu)
{
    double sum = 0;
    int lengths = 0;
    for (int length = 0; length < LSTMC_BLEU_RUNS; length++) {
        if (!bleu->runs[length])            /* all that was said is shorter */
            continue;
        if (!bleu->found[length])
            return 0;
        sum += log((double)bleu->found[length] / (double)bleu->runs[length]);
        lengths++;
    }
    double brevity = bleu->said < bleu->closest ? 1 - (double)bleu->closest / (double)bleu->said : 0;
    return lengths ? exp(sum / lengths + brevity) : 0;
}
