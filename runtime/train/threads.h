/* threads.h: a team of threads that compute the tasks of one job after another and sleep in between. */
#ifndef LSTMC_THREADS_H
#define LSTMC_THREADS_H

struct lstmc_threads;

/* What a job does for its task `index`. No two tasks run at once on the same `thread`, which is 0 for the caller. */
typedef void lstmc_task(void *context, int index, int thread);

/* A team of `count` threads, of which the caller is one; fewer if the system has no more to give. NULL for a team of
 * the caller alone. */
struct lstmc_threads *lstmc_threads_create(int count);
void lstmc_threads_free(struct lstmc_threads *threads);

/* The caller included; 1 for NULL. */
int lstmc_threads_count(const struct lstmc_threads *threads);

/* Computes the tasks 0 to count - 1, in any order and on any thread, and returns when all are done; what they wrote is
 * visible then. One job at a time. On whichever thread: numbers too small for a normal float are 0 (flush.h). */
void lstmc_threads_run(struct lstmc_threads *threads, int count, lstmc_task *task, void *context);

#endif
