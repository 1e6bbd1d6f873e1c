/* interrupt.c: in: signals.  out: the number of the first, and a line for the person. */
#include "interrupt.h"
#include "streams.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
#define SIGNALS (sizeof signals / sizeof *signals)

static struct sigaction before[SIGNALS];
static volatile sig_atomic_t first, said, is_training;
static void (*clean_up)(void);
static const char *start_of_line = "";          /* a terminal has a bar in it, or ^C */

static void say(const char *text)
{
    ssize_t wrote = write(STDERR_FILENO, start_of_line, strlen(start_of_line));
    wrote = write(STDERR_FILENO, text, strlen(text));
    (void)wrote;                                /* there may be nobody to be told */
}

static void take(int number)
{
    int kept = errno;
    if (!is_training) {
        clean_up();
        _exit(SIGNAL_STATUS + number);
    }
    if (!first && number != SIGPIPE)
        say("interrupted: the batch is finished, then the checkpoint is written (Ctrl-\\ does not wait for it)\n");
    else if (number != SIGPIPE && said < 2)
        say("the checkpoint is not written yet (Ctrl-\\ does not wait for it)\n");
    said++;
    if (!first)
        first = number;
    errno = kept;
}

/* What is ignored from the beginning stays so: nohup, and whoever does not mind pipes that end. */
void interrupt_prepare(void (*clean)(void))
{
    struct sigaction kept = { .sa_handler = take, .sa_flags = SA_RESTART };
    sigfillset(&kept.sa_mask);
    start_of_line = isatty(STDERR_FILENO) ? "\n" : "";
    clean_up = clean;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        bool asks = signals[i] == SIGINT || signals[i] == SIGTERM;
        if (asks || before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &kept, NULL);
    }
}

void interrupt_begin(void)
{
    is_training = 1;
}

void interrupt_end(void)
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    signal(SIGPIPE, SIG_IGN);
}

volatile sig_atomic_t *interrupt_flag(void)
{
    return &first;
}
