/* replace.c: in: a path and a function that writes.  out: the whole new file in the place of the old one, or the old one as it was. */
#include "replace.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int lstmc_write_all(int descriptor, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t written = write(descriptor, at, size);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* A file of this name that is ours alone, empty: a new one, or one that somebody who was killed has left, whose lock is gone. -1 with errno; EEXIST: a
 * living process writes it. */
static int open_locked(const char *name)
{
    struct stat opened, named;
    int descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0)
        return -1;
    int locked = !flock(descriptor, LOCK_EX | LOCK_NB);
    /* the owner may have renamed it since it was opened */
    if (locked && !fstat(descriptor, &opened) && !stat(name, &named) && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev &&
        !ftruncate(descriptor, 0))
        return descriptor;
    close(descriptor);
    errno = EEXIST;
    return -1;
}

/* A file beside `path` to write, whose name is left in `name`; with the mode of the file that it will replace. */
static int open_beside(const char *path, char *name, size_t size)
{
    struct stat old;
    int exists = stat(path, &old) == 0, descriptor = -1;
    if (exists && !S_ISREG(old.st_mode)) {
        errno = S_ISDIR(old.st_mode) ? EISDIR : EINVAL;     /* a device would be replaced by a file */
        return -1;
    }
    if (exists && access(path, W_OK))
        return -1;
    for (int attempt = 0; descriptor < 0 && attempt < 100; attempt++) {
        snprintf(name, size, attempt ? "%s.%d.tmp" : "%s.tmp", path, attempt);
        descriptor = open_locked(name);
        if (descriptor < 0 && errno != EEXIST)
            return -1;
    }
    if (descriptor >= 0 && exists && fchmod(descriptor, old.st_mode & 0777)) {
        close(descriptor);
        unlink(name);
        return -1;
    }
    return descriptor;
}

/* The rename itself lasts only when the folder is on the disk. Some file systems cannot say so: EINVAL. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    if (descriptor < 0)
        return -1;
    int failed = fsync(descriptor) && errno != EINVAL;
    close(descriptor);
    return failed ? -1 : 0;
}

/* 0, or -1 with errno and the old file as it was. */
static int replace(const char *path, int durable, int (*write)(int descriptor, const void *context), const void *context)
{
    size_t size = strlen(path) + 40;
    char *name = malloc(size);
    int descriptor = name ? open_beside(path, name, size) : -1;
    if (descriptor < 0) {
        free(name);
        return -1;
    }
    int failed = write(descriptor, context) || (durable && fsync(descriptor)) || rename(name, path) ? -1 : 0, error = errno;
    if (failed)
        unlink(name);
    close(descriptor);          /* not before the rename: with it goes the lock */
    free(name);
    errno = error;
    return failed;
}

int lstmc_replace_file(const char *path, int durable, int (*write)(int descriptor, const void *context), const void *context,
                       struct lstmc_message *message)
{
    char *real = realpath(path, NULL);          /* a link stays a link */
    const char *place = real ? real : path;
    int failed = replace(place, durable, write, context), status = LSTMC_OK;
    int error = errno;
    if (failed)
        status = lstmc_fail(message, LSTMC_IO, "%.250s: cannot be written: %s (nothing was changed)", path, strerror(error));
    else if (durable && sync_folder(place)) {
        error = errno;
        status = lstmc_fail(message, LSTMC_IO, "%.250s: written, but its folder could not be synchronised: %s", path, strerror(error));
    }
    free(real);
    errno = error;
    return status;
}
