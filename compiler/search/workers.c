/* workers.c: in: tasks.  out: their results. */
#define _GNU_SOURCE             /* prctl on Linux */
#include "workers.h"
#include "compiler/base/interrupt.h"
#include "compiler/base/lock.h"

#include "runtime/files/replace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define AT_ONCE_MOST 1024

typedef struct Worker {
    volatile pid_t process;     /* 0: nobody works here */
    const TrialTask *task;
    int result;                 /* where it is read from */
    FILE *said;                 /* standard output and error */
} Worker;

/* A signal handler has to know them. */
static Worker workers[AT_ONCE_MOST];
static volatile sig_atomic_t worker_count, ended_by;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof signals / sizeof *signals)

/* ---- signals ---- */

static void hand_on(int number)
{
    int kept = errno;
    if (!ended_by)
        ended_by = number;
    for (int i = 0; i < worker_count; i++)
        if (workers[i].process > 0)
            kill(workers[i].process, SIGTERM);
    errno = kept;
}

/* What is ignored from the beginning stays so: nohup. */
static void take_signals(struct sigaction before[SIGNALS])
{
    struct sigaction action = { .sa_handler = hand_on, .sa_flags = SA_RESTART };
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (signals[i] != SIGHUP || before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

static void give_signals_back(const struct sigaction before[SIGNALS])
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

/* ---- in the process of a trial ---- */

static void clean_nothing(void)
{
}

/* Nobody is left behind that writes checkpoints when the search itself was killed. */
static void end_with_parent(pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent)
        _exit(1);
}

static void work(const Worker *worker, int result_to, pid_t parent, const struct sigaction before[SIGNALS],
                 const sigset_t *mask)
{
    TrialResult result;
    worker_count = 0;
    lock_forget();
    dup2(fileno(worker->said), STDOUT_FILENO);
    dup2(fileno(worker->said), STDERR_FILENO);
    give_signals_back(before);
    interrupt_prepare(clean_nothing);
    interrupt_begin();
    sigprocmask(SIG_SETMASK, mask, NULL);
    end_with_parent(parent);
    setenv("OPENBLAS_NUM_THREADS", "1", 0);     /* a trial has one thread, there as well */
    trial_run(worker->task, &result);
    fflush(NULL);
    _exit(lstmc_write_all(result_to, &result, sizeof result) ? 1 : 0);
}

/* ---- all of them ---- */

static bool begin(Worker *worker, const TrialTask *task, const struct sigaction before[SIGNALS])
{
    int ends[2];
    sigset_t all, mask;
    pid_t parent = getpid();
    worker->task = task;
    worker->said = tmpfile();
    if (!worker->said)
        return false;
    if (pipe(ends)) {
        fclose(worker->said);
        return false;
    }
    fflush(NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask);      /* none comes before the child answers for itself */
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work(worker, ends[1], parent, before, &mask);
    }
    worker->process = child > 0 ? child : 0;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(ends[1]);
    worker->result = ends[0];
    if (child > 0)
        return true;
    close(ends[0]);
    fclose(worker->said);
    return false;
}

static void describe_end(const Worker *worker, int status, TrialResult *result)
{
    char line[TRIAL_WHY - 60] = "";
    rewind(worker->said);
    if (fgets(line, sizeof line, worker->said))
        line[strcspn(line, "\n")] = 0;
    *result = (TrialResult){ .trial = worker->task->trial, .rung = worker->task->rung, .state = TRIAL_FAILED };
    if (WIFSIGNALED(status))
        snprintf(result->why, sizeof result->why, "its process was ended by signal %d%s%s", WTERMSIG(status),
                 *line ? ": " : "", line);
    else if (*line)
        snprintf(result->why, sizeof result->why, "%s", line);      /* a description that does not end, say */
    else
        snprintf(result->why, sizeof result->why, "its process ended with status %d", WEXITSTATUS(status));
}

/* The next one that ends. */
static Worker *await(TrialResult *result)
{
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, 0)) < 0)
        if (errno != EINTR)
            die("there is no process to wait for");
    for (int i = 0; i < worker_count; i++) {
        Worker *worker = &workers[i];
        if (worker->process != ended)
            continue;
        worker->process = 0;
        ssize_t got = read(worker->result, result, sizeof *result);
        if (got != (ssize_t)sizeof *result)
            describe_end(worker, status, result);
        close(worker->result);
        fclose(worker->said);
        return worker;
    }
    return NULL;
}

static Worker *free_worker(int at_once)
{
    for (int i = 0; i < at_once; i++)
        if (!workers[i].process) {
            worker_count = worker_count > i ? worker_count : i + 1;
            return &workers[i];
        }
    return NULL;
}

static TrialResult not_begun(const TrialTask *task)
{
    TrialResult result = { .trial = task->trial, .rung = task->rung, .state = TRIAL_UNWRITTEN };
    snprintf(result.why, sizeof result.why, "no process for trial %d: %s", task->trial + 1, strerror(errno));
    return result;
}

int workers_run(const TrialTask *tasks, int count, int at_once, TrialEnded *ended, void *context)
{
    struct sigaction before[SIGNALS];
    int begun = 0, running = 0;
    bool goes_on = true;
    at_once = at_once < AT_ONCE_MOST ? at_once : AT_ONCE_MOST;
    ended_by = worker_count = 0;
    take_signals(before);
    while (running || (begun < count && goes_on && !ended_by)) {
        Worker *worker = begun < count && goes_on && !ended_by ? free_worker(at_once) : NULL;
        TrialResult result;
        if (worker && begin(worker, &tasks[begun], before)) {
            begun++;
            running++;
            if (ended_by)
                kill(worker->process, SIGTERM);         /* it came between the look and the fork */
            continue;
        }
        if (worker && !running) {
            result = not_begun(&tasks[begun]);
            ended(context, &result);
            break;
        }
        if (!await(&result))
            continue;
        running--;
        bool is_result = result.state != TRIAL_INTERRUPTED && !(ended_by && result.state == TRIAL_FAILED);
        goes_on = (!is_result || ended(context, &result)) && goes_on;
    }
    give_signals_back(before);
    return ended_by;
}
