/* run.c: in: words.  out: the exit status of the program they start, which ends when we are asked to end. */
#define _GNU_SOURCE             /* nftw */
#include "run.h"
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Ctrl-C, kill, the end of the terminal, Ctrl-\. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define SIGNALS (sizeof signals / sizeof *signals)

static struct sigaction before[SIGNALS];
static volatile sig_atomic_t ended_by;          /* 0: nothing yet */
static volatile sig_atomic_t running;           /* the group of processes; 0: none */

/* A compiler is several processes, of which the first alone would be ended by its own number. */
static void end_running(int number)
{
    int kept = errno;
    if (!ended_by)
        ended_by = number;
    if (running)
        kill(-(pid_t)running, SIGKILL);
    errno = kept;
}

void run_begin(void)
{
    struct sigaction end = { .sa_handler = end_running, .sa_flags = SA_RESTART };
    sigfillset(&end.sa_mask);
    ended_by = 0;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (signals[i] != SIGHUP || before[i].sa_handler != SIG_IGN)       /* nohup */
            sigaction(signals[i], &end, NULL);
    }
}

void run_end(void)
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    if (ended_by)
        exit(SIGNAL_STATUS + ended_by);
}

/* Nothing of ours goes to it: predict may be reading its standard input. */
static void become(char **words, const char *log, const char *folder)
{
    int input = open("/dev/null", O_RDONLY), output = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    setpgid(0, 0);
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    if (output >= 0) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
    if (folder)
        setenv("TMPDIR", folder, 1);
    execvp(words[0], words);
    _exit(127);
}

int run(char **words, const char *log, const char *folder)
{
    int status;
    pid_t child = ended_by ? -1 : fork();
    if (child < 0)
        return 127;
    if (child == 0)
        become(words, log, folder);
    setpgid(child, child);                      /* here too: whoever of the two is first */
    running = child;
    if (ended_by)
        kill(-child, SIGKILL);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            running = 0;
            return 127;
        }
    running = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

char *run_folder(Arena *arena)
{
    const char *temporary = getenv("TMPDIR");
    return mkdtemp(arena_format(arena, "%s/lstmc-XXXXXX", temporary && *temporary ? temporary : "/tmp"));
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

/* A compiler that has been ended may for a moment still be there, and write. */
void run_folder_remove(const char *folder)
{
    const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
    for (int i = 0; i < 100 && nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) && !access(folder, F_OK); i++)
        nanosleep(&moment, NULL);
}

char *run_said(Arena *arena, const char *log, size_t most)
{
    char *text = arena_alloc(arena, most + 1);
    FILE *file = fopen(log, "r");
    if (file) {
        text[fread(text, 1, most, file)] = 0;
        fclose(file);
    }
    return text;
}
