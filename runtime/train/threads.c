/* threads.c: in: jobs of numbered tasks.  out: all tasks done, by whichever thread is free.
 * Whoever is free takes the next task: the caller too, so that a job is done even if no other thread wakes up in time.
 * Who waits looks for a moment before it sleeps, as a training step is a chain of short jobs and to be woken takes
 * longer than most of them. */
#include "threads.h"

#include "flush.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOKS 200       /* about 100 us before a thread sleeps ... */
#define PAUSES 8        /* ... in turns of 8 pauses, after each of which another program may have the processor */

struct member {
    struct lstmc_threads *team;
    pthread_t thread;
    int number;
};

struct lstmc_threads {
    /* Number of the job << 32 | tasks that nobody has taken. Who counts it down by one has that task, and the job,
     * whose other fields stand still until all its tasks are done. A late thread with an old number takes nothing. */
    _Atomic uint64_t ticket;
    lstmc_task *task;
    void *context;
    int tasks;
    atomic_int unfinished;
    atomic_int stop;
    /* for sleeping alone: a sleeper announces itself, looks again, and sleeps */
    pthread_mutex_t mutex;
    pthread_cond_t more, done;
    atomic_int sleepers, caller_sleeps;
    int looks;                              /* 0 where there are more threads than processors */
    int members;                            /* that run, without the caller */
    struct member member[];
};

static uint32_t untaken(struct lstmc_threads *threads)
{
    return (uint32_t)atomic_load(&threads->ticket);
}

static void finish_task(struct lstmc_threads *threads)
{
    if (atomic_fetch_sub(&threads->unfinished, 1) > 1 || !atomic_load(&threads->caller_sleeps))
        return;
    pthread_mutex_lock(&threads->mutex);
    pthread_cond_signal(&threads->done);
    pthread_mutex_unlock(&threads->mutex);
}

static void take_tasks(struct lstmc_threads *threads, int number)
{
    uint64_t ticket = atomic_load(&threads->ticket);
    while ((uint32_t)ticket) {
        if (!atomic_compare_exchange_weak(&threads->ticket, &ticket, ticket - 1))
            continue;
        threads->task(threads->context, threads->tasks - (int)(uint32_t)ticket, number);
        finish_task(threads);
        ticket = atomic_load(&threads->ticket);
    }
}

/* A moment for whoever shares the processor: its other half, then other programs. */
static void rest(void)
{
#if defined __x86_64__ || defined __i386__
    for (int i = 0; i < PAUSES; i++)
        __builtin_ia32_pause();
#endif
    sched_yield();
}

static int wanted(struct lstmc_threads *threads)
{
    return untaken(threads) || atomic_load(&threads->stop);
}

/* Until there is a task, or the end. */
static void await_job(struct lstmc_threads *threads)
{
    for (int look = 0; look < threads->looks; look++) {
        if (wanted(threads))
            return;
        rest();
    }
    pthread_mutex_lock(&threads->mutex);
    atomic_fetch_add(&threads->sleepers, 1);
    while (!wanted(threads))
        pthread_cond_wait(&threads->more, &threads->mutex);
    atomic_fetch_sub(&threads->sleepers, 1);
    pthread_mutex_unlock(&threads->mutex);
}

static void await_tasks(struct lstmc_threads *threads)
{
    for (int look = 0; look < threads->looks; look++) {
        if (!atomic_load(&threads->unfinished))
            return;
        rest();
    }
    pthread_mutex_lock(&threads->mutex);
    atomic_store(&threads->caller_sleeps, 1);
    while (atomic_load(&threads->unfinished))
        pthread_cond_wait(&threads->done, &threads->mutex);
    atomic_store(&threads->caller_sleeps, 0);
    pthread_mutex_unlock(&threads->mutex);
}

static void wake_sleepers(struct lstmc_threads *threads)
{
    if (!atomic_load(&threads->sleepers))
        return;
    pthread_mutex_lock(&threads->mutex);
    pthread_cond_broadcast(&threads->more);
    pthread_mutex_unlock(&threads->mutex);
}

static void *member_main(void *argument)
{
    const struct member *member = argument;
    struct lstmc_threads *threads = member->team;
    lstmc_flush_begin();
    while (!atomic_load(&threads->stop)) {
        take_tasks(threads, member->number);
        await_job(threads);
    }
    return NULL;
}

/* Signals are left to the threads of the program. */
static void start_members(struct lstmc_threads *threads, int count)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (threads->members < count) {
        struct member *member = &threads->member[threads->members];
        *member = (struct member){ .team = threads, .number = threads->members + 1 };
        if (pthread_create(&member->thread, NULL, member_main, member))
            break;
        threads->members++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct lstmc_threads *lstmc_threads_create(int count)
{
    if (count < 2)
        return NULL;
    struct lstmc_threads *threads = calloc(1, sizeof *threads + (size_t)(count - 1) * sizeof *threads->member);
    if (!threads)
        return NULL;
    if (pthread_mutex_init(&threads->mutex, NULL) || pthread_cond_init(&threads->more, NULL) ||
        pthread_cond_init(&threads->done, NULL)) {
        free(threads);
        return NULL;
    }
    threads->looks = count <= sysconf(_SC_NPROCESSORS_ONLN) ? LOOKS : 0;
    start_members(threads, count - 1);
    if (threads->members)
        return threads;
    lstmc_threads_free(threads);
    return NULL;
}

void lstmc_threads_free(struct lstmc_threads *threads)
{
    if (!threads)
        return;
    atomic_store(&threads->stop, 1);
    wake_sleepers(threads);
    for (int i = 0; i < threads->members; i++)
        pthread_join(threads->member[i].thread, NULL);
    pthread_cond_destroy(&threads->done);
    pthread_cond_destroy(&threads->more);
    pthread_mutex_destroy(&threads->mutex);
    free(threads);
}

int lstmc_threads_count(const struct lstmc_threads *threads)
{
    return threads ? threads->members + 1 : 1;
}

static void run_together(struct lstmc_threads *threads, int count, lstmc_task *task, void *context)
{
    threads->task = task;
    threads->context = context;
    threads->tasks = count;
    atomic_store(&threads->unfinished, count);
    atomic_store(&threads->ticket, ((atomic_load(&threads->ticket) >> 32) + 1) << 32 | (uint32_t)count);
    wake_sleepers(threads);
    take_tasks(threads, 0);
    await_tasks(threads);
}

void lstmc_threads_run(struct lstmc_threads *threads, int count, lstmc_task *task, void *context)
{
    const uint64_t before = lstmc_flush_begin();
    if (threads && count > 1)
        run_together(threads, count, task, context);
    else
        for (int index = 0; index < count; index++)
            task(context, index, 0);
    lstmc_flush_end(before);
}
