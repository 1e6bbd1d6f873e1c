/* input_file.c: in: a path.  out: a stream that ends. */
#include "input_file.h"

#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAITS 100                   /* of a hundredth of a second: who writes may be started beside us */

bool input_is_standard(const char *path)
{
    return !path || !strcmp(path, "-") || !strcmp(path, "/dev/stdin");
}

/* The number N of /dev/fd/N; -1: another path. */
static int given_descriptor(const char *path)
{
    static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };
    if (input_is_standard(path))
        return STDIN_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t length = strlen(folders[i]);
        if (strncmp(path, folders[i], length))
            continue;
        size_t digits = strspn(path + length, "0123456789");
        return digits && digits < 6 && !path[length + digits] ? atoi(path + length) : -1;
    }
    return -1;
}

/* A pipe opened without waiting. -1: nobody writes it; 0: somebody does; else the number of bytes that were read to
 * see it. */
static int look_for_writer(int descriptor, char *byte)
{
    const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
    for (int i = 0; i < WAITS; i++) {
        ssize_t got = read(descriptor, byte, 1);
        if (got > 0)
            return 1;
        if (got < 0 && errno == EAGAIN)
            return 0;
        nanosleep(&moment, NULL);
    }
    return -1;
}

static FILE *open_named(const char *path, struct lstmc_message *message)
{
    struct stat status;
    char byte;
    int seen = 0, descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *why = descriptor < 0 || fstat(descriptor, &status) ? strerror(errno) : NULL;
    if (!why && S_ISDIR(status.st_mode))
        why = "is a folder";
    else if (!why && S_ISFIFO(status.st_mode) && (seen = look_for_writer(descriptor, &byte)) < 0)
        why = "is a pipe that nobody writes: start what writes it first, or write COMMAND | lstmc predict ...";
    else if (!why && fcntl(descriptor, F_SETFL, 0))
        why = strerror(errno);
    FILE *file = why ? NULL : fdopen(descriptor, "r");
    if (file) {
        if (seen > 0)
            ungetc((unsigned char)byte, file);
        return file;
    }
    lstmc_fail(message, LSTMC_IO, "%.200s: %s", path, why ? why : strerror(errno));
    if (descriptor >= 0)
        close(descriptor);
    return NULL;
}

FILE *input_open(const char *path, struct lstmc_message *message)
{
    int given = given_descriptor(path);
    if (given == STDIN_FILENO)
        return stdin;
    if (given < 0)
        return open_named(path, message);
    int copy = dup(given);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
    if (!file) {
        lstmc_fail(message, LSTMC_IO, "%.200s: %s", path, strerror(errno));
        if (copy >= 0)
            close(copy);
    }
    return file;
}
