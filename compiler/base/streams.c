/* streams.c: in: what was printed.  out: whether it has arrived. */
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is missing is opened the wrong way round, so that using it fails, as it should. */
void streams_open(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", descriptor ? O_RDONLY : O_WRONLY) != descriptor)
            _exit(1);
    signal(SIGXFSZ, SIG_IGN);       /* a file that may not grow is an error of write, and ends no training */
    signal(SIGCHLD, SIG_DFL);       /* ignored, it would keep a compiler's status from us */
}

#define LOST (-1)               /* a failure whose errno is not known */

/* Of a write that failed inside printf the reason is gone, but for the end of a pipe, which can still be seen. */
static int lost_reason(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };
    return poll(&output, 1, 0) == 1 && output.revents & POLLERR ? EPIPE : LOST;
}

int streams_flush(void)
{
    static int failure;
    errno = 0;
    if (!failure && fflush(stdout))
        failure = errno;
    if (!failure && ferror(stdout))
        failure = lost_reason();
    return failure;
}

int streams_close(int status)
{
    int error = streams_flush();
    if (error == EPIPE)             /* as where SIGPIPE is not ignored */
        return SIGNAL_STATUS + SIGPIPE;
    if (error)
        fprintf(stderr, "lstmc: standard output cannot be written%s%s\n", error == LOST ? "" : ": ",
                error == LOST ? "" : strerror(error));
    return error && !status ? 1 : status;
}
