/* replace.c: in: a path and a function that writes.  out: the whole new file in the place of the old one, or the old
 * one as it was. */
#include "replace.h"
#include "runtime/base/message.h"

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

const char *lstmc_write_reason(int error)
{
    return error == EINVAL ? "Invalid argument (a pipe, a device or a socket is there, not a file)" : strerror(error);
}

char *lstmc_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

int lstmc_is_named(int descriptor, const char *name)
{
    struct stat opened, named;
    return !fstat(descriptor, &opened) && !stat(name, &named) && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* A file of this name that is ours alone, empty: a new one, or one that somebody who was killed has left, whose lock
 * is gone. -1 with errno; EEXIST: a living process writes it, or it is no file. */
static int open_locked(const char *name)
{
    struct stat opened;
    int descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (descriptor < 0) {
        errno = errno == ENXIO || errno == ELOOP ? EEXIST : errno;
        return -1;
    }
    int locked = !flock(descriptor, LOCK_EX | LOCK_NB);
    if (locked && !fstat(descriptor, &opened) && S_ISREG(opened.st_mode) && lstmc_is_named(descriptor, name) &&
        !ftruncate(descriptor, 0))
        return descriptor;
    close(descriptor);
    errno = EEXIST;
    return -1;
}

/* A file beside `path` to write, whose name is left in `name`; with the mode of the file that it will replace. Its
 * ending is one that no file of anybody else has, as a leftover of that name is taken over. */
static int open_beside(const char *path, char *name, size_t size)
{
    struct stat old;
    int exists = stat(path, &old) == 0, descriptor = -1;
    if (exists && !S_ISREG(old.st_mode)) {
        errno = S_ISDIR(old.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    if (exists && access(path, W_OK))
        return -1;
    for (int attempt = 0; descriptor < 0 && attempt < 100; attempt++) {
        snprintf(name, size, attempt ? "%s.lstmc.%d.tmp" : "%s.lstmc.tmp", path, attempt);
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
    char *folder = lstmc_folder_of(path);
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    if (descriptor < 0)
        return -1;
    int failed = fsync(descriptor) && errno != EINVAL;
    close(descriptor);
    return failed ? -1 : 0;
}

/* ---- the steps ---- */

static void replacement_free(struct lstmc_replacement *r)
{
    int error = errno;
    if (r->descriptor >= 0)
        close(r->descriptor);
    free(r->path);
    free(r->name);
    *r = (struct lstmc_replacement){ .descriptor = -1 };
    errno = error;
}

int lstmc_replacement_open(struct lstmc_replacement *r, const char *path)
{
    char *real = realpath(path, NULL);          /* a link stays a link */
    *r = (struct lstmc_replacement){ .path = real ? real : strdup(path), .descriptor = -1 };
    size_t size = r->path ? strlen(r->path) + 40 : 0;
    r->name = size ? malloc(size) : NULL;
    if (r->name)
        r->descriptor = open_beside(r->path, r->name, size);
    if (r->descriptor >= 0)
        return 0;
    replacement_free(r);
    return -1;
}

int lstmc_replacement_flush(const struct lstmc_replacement *r, int durable)
{
    if (durable)
        return fsync(r->descriptor);
    int copy = dup(r->descriptor);      /* some file systems say at a close that there was no room; the lock stays */
    return copy < 0 ? 0 : close(copy);
}

int lstmc_replacement_commit(struct lstmc_replacement *r)
{
    if (rename(r->name, r->path)) {
        lstmc_replacement_abandon(r);
        return -1;
    }
    replacement_free(r);                        /* not before the rename: with the descriptor goes the lock */
    return 0;
}

void lstmc_replacement_abandon(struct lstmc_replacement *r)
{
    int error = errno;
    if (r->name)
        unlink(r->name);
    errno = error;
    replacement_free(r);
}

int lstmc_replace_file(const char *path, int durable, int (*write)(int descriptor, const void *context),
                       const void *context, struct lstmc_message *message)
{
    struct lstmc_replacement r;
    int failed = lstmc_replacement_open(&r, path), status = LSTMC_OK;
    if (!failed && (write(r.descriptor, context) || lstmc_replacement_flush(&r, durable))) {
        lstmc_replacement_abandon(&r);
        failed = -1;
    }
    char *place = failed ? NULL : strdup(r.path);
    if (!failed)
        failed = lstmc_replacement_commit(&r);
    int error = errno;
    if (failed)
        status = lstmc_fail(message, LSTMC_IO, "%.250s: cannot be written: %s (nothing was changed)", path,
                            lstmc_write_reason(error));
    else if (durable && place && sync_folder(place)) {
        error = errno;
        status = lstmc_fail(message, LSTMC_IO, "%.250s: written, but its folder could not be synchronised: %s", path,
                            strerror(error));
    }
    free(place);
    errno = error;
    return status;
}
