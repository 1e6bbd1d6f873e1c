/* file.c: in: a path.  out: the file's bytes, or the reason in words. */
#include "file.h"
#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lstmc_file_open(const char *path, struct lstmc_message *message)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error = errno;
    if (descriptor < 0) {
        lstmc_fail(message, LSTMC_IO, "%.250s: %s", path, strerror(error));
    } else if (fstat(descriptor, &status)) {
        error = errno;
        lstmc_fail(message, LSTMC_IO, "%.250s: %s", path, strerror(error));
    } else if (S_ISREG(status.st_mode)) {
        return descriptor;
    } else {
        error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        lstmc_fail(message, LSTMC_IO, "%.250s: is not a regular file%s", path,
                   S_ISFIFO(status.st_mode) ? ", but a pipe: write what comes out of it to a file first" : "");
    }
    if (descriptor >= 0)
        close(descriptor);
    errno = error;
    return -1;
}

static int read_open(FILE *file, const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    struct stat status;
    if (fstat(fileno(file), &status))
        return lstmc_fail(message, LSTMC_IO, "%s: %s", path, strerror(errno));
    *size = (size_t)status.st_size;
    *bytes = malloc(*size + 1);
    if (!*bytes)
        return lstmc_fail_memory(message, path);
    if (fread(*bytes, 1, *size, file) != *size) {
        int error = errno;
        free(*bytes);
        *bytes = NULL;
        errno = error;
        return lstmc_fail(message, LSTMC_IO, "%s: %s", path,
                          ferror(file) ? strerror(error) : "became shorter while it was read");
    }
    (*bytes)[*size] = 0;
    return LSTMC_OK;
}

int lstmc_file_read(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    *bytes = NULL;
    *size = 0;
    int descriptor = lstmc_file_open(path, message);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (!file) {
        if (descriptor < 0)
            return LSTMC_IO;
        close(descriptor);
        return lstmc_fail_memory(message, path);
    }
    int status = read_open(file, path, bytes, size, message);
    fclose(file);
    return status;
}
