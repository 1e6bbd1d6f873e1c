/* file.c: in: a path.  out: the file's bytes, or the reason in words. */
#include "file.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int read_open(FILE *file, const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    struct stat status;
    if (fstat(fileno(file), &status))
        return lstmc_fail(message, LSTMC_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return lstmc_fail(message, LSTMC_IO, "%s: is not a regular file", path);
    }
    *size = (size_t)status.st_size;
    *bytes = malloc(*size + 1);
    if (!*bytes)
        return lstmc_fail_memory(message, path);
    if (fread(*bytes, 1, *size, file) != *size) {
        int error = errno;
        free(*bytes);
        *bytes = NULL;
        errno = error;
        return lstmc_fail(message, LSTMC_IO, "%s: %s", path, ferror(file) ? strerror(error) : "became shorter while it was read");
    }
    (*bytes)[*size] = 0;
    return LSTMC_OK;
}

int lstmc_file_read(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    *bytes = NULL;
    *size = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return lstmc_fail(message, LSTMC_IO, "%s: %s", path, strerror(errno));
    int status = read_open(file, path, bytes, size, message);
    fclose(file);
    return status;
}
