/* measure.c: one task to a result: opens the peers, compares their numbers, then times them in turns (A B C A B C ...), so that whatever
 * disturbs the machine disturbs all of them, and takes medians. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 1000
#define BATCH_SECONDS 2e-3      /* a timed batch of calls is at least so long: far above what reading the clock costs */
#define WARM_SECONDS 5e-3       /* a call that is shorter is made once more before its batch, to bring its data back into the caches */
#define THREADS_SECONDS 0.05    /* where threads were asleep, calls before the batch, and the batch: a kernel may take 10 ms to find the idle processor,
                                 * which a training, thousands of steps, waits for once */

const Peer *const peers[PEERS] = {
    [PEER_OURS] = &peer_ours, [PEER_PLAIN] = &peer_plain, [PEER_OPENBLAS] = &peer_openblas, [PEER_ONEDNN] = &peer_onednn,
    [PEER_OPENBLAS_AVX2] = &peer_openblas_avx2, [PEER_TORCH] = &peer_torch,
    [PEER_OURS_ALONE] = &peer_ours_alone, [PEER_OURS_BF16] = &peer_ours_bf16,
};

typedef struct Entry {
    void *context;              /* NULL: does not take part */
    int calls;                  /* in a batch */
    double call_seconds;        /* roughly */
    Time times[ROUNDS_MAX];     /* of one call */
} Entry;

/* On two threads, ours on one is the peer to beat, and the plain emission has nothing to say. */
static bool takes_part(const Task *task, PeerIndex index)
{
    if (index == PEER_OURS_BF16)
        return task->wanted[index] > 0;
    if (index == PEER_TORCH && task->without_torch)
        return false;
    return index != (task->threads > 1 ? PEER_PLAIN : PEER_OURS_ALONE);
}

/* An absent peer is absent in every task: its reason is said once. */
static void say_absent(PeerIndex index, const char *why)
{
    static char said[PEERS][WHY_MAX];
    if (strcmp(said[index], why))
        fprintf(stderr, "without %s: %s\n", peers[index]->name, why);
    snprintf(said[index], sizeof said[index], "%s", why);
}

static void open_peers(const Task *task, const Data *data, Entry *entries)
{
    for (int i = 0; i < PEERS; i++) {
        char why[WHY_MAX] = "";
        if (!takes_part(task, (PeerIndex)i))
            continue;
        entries[i].context = peers[i]->open(task, data, why);
        if (!entries[i].context)
            say_absent((PeerIndex)i, why);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* How many calls make a batch; the last of these runs is also the warming up. */
static void calibrate(const Task *task, const Peer *peer, Entry *entry)
{
    double least = task->threads > 1 ? THREADS_SECONDS : BATCH_SECONDS;
    Time time;
    for (int calls = 1;; calls *= 2) {
        peer->run(entry->context, calls, &time);
        entry->call_seconds = time.seconds / calls;
        entry->calls = calls;
        if (time.seconds >= least || calls >= 1 << 20)
            return;
    }
}

/* Worker threads of OpenBLAS and OpenMP keep a core busy for a while after their last work, which is not the next one's to pay. */
static void let_threads_sleep(const Task *task)
{
    if (task->threads > 1)
        nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);
}

static void run_round(const Task *task, Entry *entries, int round)
{
    for (int turn = 0; turn < PEERS; turn++) {
        int i = (round + turn) % PEERS;   /* another one begins each time, lest somebody's place be always that where the scheduler cuts in */
        Entry *entry = &entries[i];
        Time time;
        if (!entry->context)
            continue;
        let_threads_sleep(task);
        if (task->threads > 1)
            peers[i]->run(entry->context, entry->calls, &time);
        else if (entry->call_seconds < WARM_SECONDS)
            peers[i]->run(entry->context, 1, &time);
        peers[i]->run(entry->context, entry->calls, &time);
        entry->times[round] = (Time){ time.seconds / entry->calls, time.processor / entry->calls, time.ticks / entry->calls };
    }
}

static int run_rounds(const Task *task, Entry *entries)
{
    int rounds = 0, least = options.quick ? 2 : options.sweep ? 3 : 5;
    Time start = clock_now();
    while (rounds < ROUNDS_MAX && (rounds < least || clock_since(start).seconds < options.seconds))
        run_round(task, entries, rounds++);
    return rounds;
}

/* What a person may call the time of a task: two threads are there to save wall time. */
static double seconds_of(const Task *task, Time time)
{
    return task->threads == 1 ? time.processor : time.seconds;
}

static double ratio(const Task *task, Time theirs, Time ours)
{
    return task->threads == 1 && theirs.ticks > 0 ? theirs.ticks / ours.ticks : seconds_of(task, theirs) / seconds_of(task, ours);
}

static void summarise(const Task *task, const Entry *entries, Result *result)
{
    double seconds[ROUNDS_MAX], ticks[ROUNDS_MAX], ratios[ROUNDS_MAX];
    const Entry *ours = &entries[PEER_OURS];
    for (int i = 0; i < PEERS; i++) {
        if (!entries[i].context)
            continue;
        for (int r = 0; r < result->rounds; r++) {
            seconds[r] = seconds_of(task, entries[i].times[r]);
            ticks[r] = entries[i].times[r].ticks;
            ratios[r] = ours->context ? ratio(task, entries[i].times[r], ours->times[r]) : 0;
        }
        result->of[i] = (Measured){ true, median(seconds, result->rounds), median(ticks, result->rounds), median(ratios, result->rounds) };
    }
}

/* Ticks of reading so many bytes, which are so many distinct ones. */
static double read_ticks(double bytes, double distinct)
{
    return bytes > 0 ? bytes / limits_bandwidth(distinct, options.quick || options.sweep ? 0.05 : 0.3) : 0;
}

static void bound(const Task *task, const Limits *limits, Result *result)
{
    Work work = task_work(task);
    double peak = limits->multiply_adds * task->threads;
    result->bounds[BOUND_ARITHMETIC] = work.multiply_adds / peak;
    double stream = read_ticks(work.stream_bytes, work.resident_bytes);
    double update = read_ticks(work.update_bytes, work.update_bytes);
    result->bounds[BOUND_BYTES] = stream + update;
    result->level = limits_level(stream > update ? work.resident_bytes : work.update_bytes);
    result->bounds[BOUND_CHAIN] = work.chain_steps * limits->chain + work.simple_chain_steps * limits->simple_chain +
                                  work.chain_multiply_adds / limits->multiply_adds;
    for (int i = 0; i < BOUNDS; i++)
        if (result->bounds[i] > result->bounds[result->bound])
            result->bound = (Bound)i;
}

Result measure_task(const Task *task, const Limits *limits)
{
    Result result = { .task = task };
    Data data = data_make(task);
    Entry *entries = checked_alloc(PEERS * sizeof *entries);
    void *contexts[PEERS] = { 0 };
    open_peers(task, &data, entries);
    for (int i = 0; i < PEERS; i++)
        contexts[i] = entries[i].context;
    result.failures = compare_peers(task, contexts, &result.bf16_deviation) + !entries[PEER_OURS].context;
    for (int i = 0; i < PEERS; i++)
        if (contexts[i])
            calibrate(task, peers[i], &entries[i]);
        else if (entries[i].context) {
            peers[i]->close(entries[i].context);
            entries[i].context = NULL;
        }
    bound(task, limits, &result);
    result.rounds = run_rounds(task, entries);
    summarise(task, entries, &result);
    for (int i = 0; i < PEERS; i++)
        if (entries[i].context)
            peers[i]->close(entries[i].context);
    checked_free(entries);
    data_free(&data);
    return result;
}

const Measured *measured_of(const Result *result, PeerIndex index)
{
    const Measured *measured = &result->of[index], *other = &result->of[PEER_OPENBLAS_AVX2];
    if (index != PEER_OPENBLAS || !other->there)
        return measured;
    return measured->there && measured->seconds < other->seconds ? measured : other;
}
