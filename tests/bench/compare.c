/* compare.c: do the peers compute the same? All of them start from the same weights and data; whoever deviates is not timed, so that nobody
 * measures nonsense. The reference is the first that is there of the plain emission, ours on one thread, and OpenBLAS. */
#include "bench.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TOLERANCE 1e-4          /* of the largest value: what is left of float when sums are taken in another order */
#define TOLERANCE_BF16 3e-2     /* weights of 8 bits, whose errors add up at random */
#define STEPS_SEEN 10           /* of a stream */
#define FADING_STEPS 5000       /* of silence: a state of 1 that loses 2 % a step falls below the least normal float */
#define LONG_SECONDS 20         /* a training step that takes longer is not made three times */
#define LONG_SECONDS_QUICK 1

/* Not finite is wrong: written so that NaN comes out as infinity. */
static double deviation(const float *a, const float *b, size_t count)
{
    double largest = 1e-6, worst = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)a[i] - (double)b[i]), size = fabs((double)b[i]);
        largest = size > largest ? size : largest;
        if (!(difference <= worst))
            worst = isfinite(difference) ? difference : (double)INFINITY;
    }
    return worst / largest;
}

static double gradient_deviation(const Workload *workload, const float *a, const float *b)
{
    double worst = 0;
    for (int i = 0; i < workload->layer_count; i++) {
        size_t count = layer_weights(&workload->layers[i]);
        double of_layer = deviation(a, b, count);
        worst = of_layer > worst ? of_layer : worst;
        a += count;
        b += count;
    }
    return worst;
}

static bool agrees(const Task *task, const Peer *peer, const Peer *good, double found, const char *what)
{
    double allowed = peer == &peer_ours_bf16 ? TOLERANCE_BF16 : TOLERANCE;
    if (found <= allowed)
        return true;
    fprintf(stderr, "%s: %s computes something else: %s deviates from that of %s by %.2g (%.0g allowed); not timed\n", task->title, peer->name,
            what, good->name, found, allowed);
    return false;
}

static PeerIndex reference(void *const *contexts)
{
    static const PeerIndex order[] = { PEER_PLAIN, PEER_OURS_ALONE, PEER_OPENBLAS };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (contexts[order[i]])
            return order[i];
    return PEERS;
}

static int drop_those_that_deviate(const Task *task, void **contexts, PeerIndex reference_index, double *bf16_deviation)
{
    Look good, look;
    int wrong = 0;
    peers[reference_index]->look(contexts[reference_index], &good);
    for (int i = 0; i < PEERS; i++) {
        if (!contexts[i] || i == (int)reference_index)
            continue;
        peers[i]->look(contexts[i], &look);
        bool fine = true;
        if (task->training) {
            float loss = (float)look.loss, good_loss = (float)good.loss;
            fine = agrees(task, peers[i], peers[reference_index], deviation(&loss, &good_loss, 1), "the loss");
            if (fine && look.gradients)
                fine = agrees(task, peers[i], peers[reference_index], gradient_deviation(task->workload, look.gradients, good.gradients),
                              "a gradient");
        } else if (look.output) {
            size_t count = (size_t)task->rows * (size_t)workload_outputs(task->workload, task->streaming);
            double found = deviation(look.output, good.output, count);
            fine = agrees(task, peers[i], peers[reference_index], found, "the output");
            if (i == PEER_OURS_BF16)
                *bf16_deviation = found;
        }
        if (!fine) {
            contexts[i] = NULL;
            wrong++;
        }
    }
    return wrong;
}

/* Gradients are compared at the first step alone: later ones belong to weights that Adam has already moved apart, by the sign of tiny numbers. */
static int compare_later_loss(const Task *task, void **contexts, PeerIndex reference_index)
{
    Look good, look;
    int wrong = 0;
    peers[reference_index]->look(contexts[reference_index], &good);
    for (int i = 0; i < PEERS; i++) {
        if (!contexts[i])
            continue;
        peers[i]->look(contexts[i], &look);
        float loss = (float)look.loss, good_loss = (float)good.loss;
        if (!agrees(task, peers[i], peers[reference_index], deviation(&loss, &good_loss, 1), "the loss after two updates")) {
            contexts[i] = NULL;
            wrong++;
        }
    }
    return wrong;
}

static double run_all(void *const *contexts, int calls)
{
    double longest = 0;
    for (int i = 0; i < PEERS; i++) {
        Time time;
        if (!contexts[i])
            continue;
        peers[i]->run(contexts[i], calls, &time);
        longest = time.seconds > longest ? time.seconds : longest;
    }
    return longest;
}

/* To where a silent stream is as quiet as it gets, which is what is timed: below the least normal float, or 0. */
static int drop_those_that_sound(const Task *task, void **contexts)
{
    size_t count = (size_t)task->rows * (size_t)workload_outputs(task->workload, true);
    int wrong = 0;
    run_all(contexts, FADING_STEPS);
    for (int i = 0; i < PEERS; i++) {
        Look look;
        size_t k = 0;
        if (!contexts[i])
            continue;
        peers[i]->look(contexts[i], &look);
        while (k < count && fabsf(look.output[k]) < FLT_MIN)
            k++;
        if (k == count)
            continue;
        fprintf(stderr, "%s: %s says %g in silence; not timed\n", task->title, peers[i]->name, (double)look.output[k]);
        contexts[i] = NULL;
        wrong++;
    }
    return wrong;
}

int compare_peers(const Task *task, void **contexts, double *bf16_deviation)
{
    PeerIndex good = reference(contexts);
    double longest = run_all(contexts, task->streaming ? STEPS_SEEN : 1);
    if (good == PEERS)
        return 0;
    int wrong = drop_those_that_deviate(task, contexts, good, bf16_deviation);
    if (task->silent)
        return wrong + drop_those_that_sound(task, contexts);
    if (!task->training || longest > (options.quick ? LONG_SECONDS_QUICK : LONG_SECONDS))
        return wrong;
    run_all(contexts, 2);
    return wrong + compare_later_loss(task, contexts, good);
}
