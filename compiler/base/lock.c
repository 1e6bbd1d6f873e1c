/* lock.c: in: a path.  out: it is ours until the end. */
#include "lock.h"
#include "base.h"

#include "runtime/files/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCKS_MAX 4

static char *taken[LOCKS_MAX];
static volatile sig_atomic_t taken_count;       /* a name is there before it counts */

void lock_give_back(void)
{
    for (int i = 0; i < taken_count; i++)
        unlink(taken[i]);
    taken_count = 0;
}

void lock_forget(void)
{
    taken_count = 0;
}

static long read_owner(int descriptor)
{
    char text[32];
    ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    return atol(text);
}

/* Where there are no locks, or no place for one, there is nobody to be kept away. */
bool lock_take(const char *path, long *owner)
{
    size_t size = strlen(path) + 6;
    char *name = malloc(size);
    if (!name || taken_count == LOCKS_MAX)
        die("no room for a lock");
    snprintf(name, size, "%s.lock", path);
    for (;;) {
        int descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        bool locked = descriptor >= 0 && !flock(descriptor, LOCK_EX | LOCK_NB), held = !locked && errno == EWOULDBLOCK;
        if (locked && !lstmc_is_named(descriptor, name)) {
            close(descriptor);
            continue;
        }
        *owner = held ? read_owner(descriptor) : 0;
        if (!locked) {
            if (descriptor >= 0)
                close(descriptor);
            free(name);
            return !held;
        }
        if (ftruncate(descriptor, 0) || dprintf(descriptor, "%ld\n", (long)getpid()) < 0)
            *owner = 0;                 /* a full disk: the lock holds without the number */
        if (!taken_count)
            atexit(lock_give_back);
        taken[taken_count] = name;
        taken_count++;
        return true;
    }
}
