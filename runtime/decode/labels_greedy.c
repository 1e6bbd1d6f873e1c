/* labels_greedy.c: in: scores of classes at each step.  out: the labels of the best path; how far labels are apart. */
#include "runtime/lstmc.h"

int lstmc_labels_greedy(const struct lstmc_paths *p, const float *output, int32_t *labels)
{
    int count = 0, before = p->blank;
    if (p->steps < 0 || p->classes < 2 || p->blank < 0 || p->blank >= p->classes)
        return LSTMC_MISMATCH;
    for (int t = 0; t < p->steps; t++) {
        const float *score = output + (size_t)t * (size_t)p->classes;
        int best = 0, is_nan = score[0] != score[0];
        if (p->mask && p->mask[t] == 0)
            continue;
        for (int k = 1; k < p->classes; k++) {
            is_nan |= score[k] != score[k];
            best = score[k] > score[best] ? k : best;
        }
        if (is_nan)
            return LSTMC_NOT_FINITE;
        if (best != p->blank && best != before)
            labels[count++] = best;
        before = best;
    }
    return count;
}

int lstmc_labels_count(const int32_t *labels, int most, int blank)
{
    int count = 0;
    while (count < most && labels[count] != blank)
        count++;
    return count;
}

int lstmc_labels_steps(const int32_t *labels, int count)
{
    int steps = count;
    for (int i = 1; i < count; i++)
        steps += labels[i] == labels[i - 1];
    return steps;
}

int lstmc_labels_distance(const int32_t *a, int a_count, const int32_t *b, int b_count, int *row)
{
    for (int j = 0; j <= b_count; j++)
        row[j] = j;
    for (int i = 1; i <= a_count; i++) {
        int diagonal = row[0];              /* of the row before, one column before */
        row[0] = i;
        for (int j = 1; j <= b_count; j++) {
            int exchanged = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            int fewer = row[j] < row[j - 1] ? row[j] : row[j - 1];
            row[j] = exchanged < fewer + 1 ? exchanged : fewer + 1;
        }
    }
    return row[b_count];
}
