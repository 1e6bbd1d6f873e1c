/* sample.c: in: what a model says of the next token.  out: one token, drawn from that. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"

#include <math.h>

enum { STREAM_SAMPLE = 0x54455854 };    /* keeps these draws apart from every other use of the seed */

/* The first of the most probable ones; what is not a number is none of them. */
static int most_probable(const float *y, int classes)
{
    int best = -1;
    for (int i = 0; i < classes; i++)
        if (best < 0 ? y[i] == y[i] : y[i] > y[best])
            best = i;
    return best < 0 ? 0 : best;
}

/* exp(log p / temperature), of logits exp(z / temperature), from the largest on, so that nothing overflows. Returns
 * their sum. */
static double weigh(const struct lstmc_sampling *how, const float *y, int classes, int best,
                    struct lstmc_candidate *room)
{
    double sum = 0;
    for (int i = 0; i < classes; i++) {
        double distance = y[i] == y[best]    ? 0
                          : how->from_logits ? (double)y[i] - (double)y[best]
                                             : log((double)y[i] / (double)y[best]);
        double weight = exp(distance / how->temperature);
        room[i] = (struct lstmc_candidate){ weight > 0 ? weight : 0, i };
        sum += room[i].weight;
    }
    return sum;
}

/* Of equally probable ones the lower id comes first. */
static int comes_before(struct lstmc_candidate a, struct lstmc_candidate b)
{
    return a.weight != b.weight ? a.weight > b.weight : a.token < b.token;
}

/* ---- a heap: each comes before the two below it ---- */

static void sink(struct lstmc_candidate *heap, int count, int at)
{
    struct lstmc_candidate moved = heap[at];
    for (int below; (below = 2 * at + 1) < count; at = below) {
        if (below + 1 < count && comes_before(heap[below + 1], heap[below]))
            below++;
        if (!comes_before(heap[below], moved))
            break;
        heap[at] = heap[below];
    }
    heap[at] = moved;
}

/* The most probable ones, from the last place of `room` downwards: `most` of them, or as few as have a weight of
 * `enough` together. Returns how many; *sum: what they weigh. */
static int take_most_probable(struct lstmc_candidate *room, int classes, int most, double enough, double *sum)
{
    int taken = 0;
    for (int i = classes / 2; i-- > 0;)
        sink(room, classes, i);
    for (*sum = 0; taken < most && (!taken || *sum < enough); taken++) {
        int left = classes - taken;
        struct lstmc_candidate first = room[0];
        room[0] = room[left - 1];
        sink(room, left - 1, 0);
        room[left - 1] = first;
        *sum += first.weight;
    }
    return taken;
}

/* Leaves in `room`, at its end, what may be drawn; returns where it begins. */
static int keep_most_probable(const struct lstmc_sampling *how, struct lstmc_candidate *room, int classes, double *sum)
{
    int cuts = how->top_k > 0 && how->top_k < classes, most = cuts ? how->top_k : classes;
    int by_weight = how->top_p > 0 && how->top_p < 1;
    if (!cuts && !by_weight)
        return 0;
    double all = *sum;
    int kept = take_most_probable(room, classes, most, cuts ? INFINITY : how->top_p * all, sum);
    if (cuts && by_weight) {
        double enough = how->top_p * *sum;
        kept = 0;
        for (*sum = 0; kept < most && (!kept || *sum < enough); kept++)
            *sum += room[classes - 1 - kept].weight;
    }
    return classes - kept;
}

int lstmc_sample(const struct lstmc_sampling *how, const float *y, int classes, struct lstmc_candidate *room,
                 uint64_t number)
{
    int best = most_probable(y, classes);
    if (!(how->temperature > 0) || how->top_k == 1)
        return best;
    double sum = weigh(how, y, classes, best, room);
    int first = keep_most_probable(how, room, classes, &sum);
    double at = (double)(lstmc_random_bits(how->seed, STREAM_SAMPLE, number, 0) >> 11) * 0x1p-53 * sum;
    for (int i = first; i < classes; i++)
        if ((at -= room[i].weight) < 0)
            return room[i].token;
    return best;
}
