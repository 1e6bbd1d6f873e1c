/* threads.c: in: jobs of numbered tasks.  out: all tasks done, by whichever thread is free.
 * Whoever is free takes the next task: the caller too, so that a job is done even if no other thread wakes up in time. */
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct member {
    struct lstmc_threads *team;
    pthread_t thread;
    int number;
};

struct lstmc_threads {
    pthread_mutex_t mutex;                  /* guards all that follows up to `stop` */
    pthread_cond_t more, done;
    lstmc_task *task;
    void *context;
    int tasks, next, unfinished;
    int stop;
    int members;                            /* that run, without the caller */
    struct member member[];
};

/* With the mutex held, which is free while a task runs. */
static void take_tasks(struct lstmc_threads *threads, int number)
{
    while (threads->next < threads->tasks) {
        int index = threads->next++;
        pthread_mutex_unlock(&threads->mutex);
        threads->task(threads->context, index, number);
        pthread_mutex_lock(&threads->mutex);
        if (--threads->unfinished == 0)
            pthread_cond_signal(&threads->done);
    }
}

static void *member_main(void *argument)
{
    const struct member *member = argument;
    struct lstmc_threads *threads = member->team;
    pthread_mutex_lock(&threads->mutex);
    while (!threads->stop) {
        take_tasks(threads, member->number);
        pthread_cond_wait(&threads->more, &threads->mutex);
    }
    pthread_mutex_unlock(&threads->mutex);
    return NULL;
}

/* Signals are left to the threads of the program. */
static void start_members(struct lstmc_threads *threads, int wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (threads->members < wanted) {
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
    if (pthread_mutex_init(&threads->mutex, NULL) || pthread_cond_init(&threads->more, NULL) || pthread_cond_init(&threads->done, NULL)) {
        free(threads);
        return NULL;
    }
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
    pthread_mutex_lock(&threads->mutex);
    threads->stop = 1;
    pthread_cond_broadcast(&threads->more);
    pthread_mutex_unlock(&threads->mutex);
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

void lstmc_threads_run(struct lstmc_threads *threads, int count, lstmc_task *task, void *context)
{
    if (!threads || count < 2) {
        for (int index = 0; index < count; index++)
            task(context, index, 0);
        return;
    }
    pthread_mutex_lock(&threads->mutex);
    threads->task = task;
    threads->context = context;
    threads->tasks = threads->unfinished = count;
    threads->next = 0;
    pthread_cond_broadcast(&threads->more);
    take_tasks(threads, 0);
    while (threads->unfinished)
        pthread_cond_wait(&threads->done, &threads->mutex);
    pthread_mutex_unlock(&threads->mutex);
}
