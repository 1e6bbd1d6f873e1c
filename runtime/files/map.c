/* map.c: in: a path, or so many bytes.  out: memory that the system brings in and takes out by itself. */
#include "map.h"
#include "file.h"
#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map_open(int descriptor, const char *path, struct lstmc_mapping *mapping, struct lstmc_message *message)
{
    struct stat status;
    if (fstat(descriptor, &status))
        return lstmc_fail(message, LSTMC_IO, "%s: %s", path, strerror(errno));
    if (status.st_size == 0)
        return LSTMC_OK;
    void *start = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (start == MAP_FAILED)
        return lstmc_fail(message, LSTMC_IO, "%s: cannot be mapped: %s", path, strerror(errno));
    *mapping = (struct lstmc_mapping){ start, (size_t)status.st_size };
    return LSTMC_OK;
}

int lstmc_map_file(const char *path, struct lstmc_mapping *mapping, struct lstmc_message *message)
{
    *mapping = (struct lstmc_mapping){ NULL, 0 };
    int descriptor = lstmc_file_open(path, message);
    if (descriptor < 0)
        return LSTMC_IO;
    int status = map_open(descriptor, path, mapping, message);
    close(descriptor);
    return status;
}

size_t lstmc_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
}

static size_t most_memory(void)
{
    const char *limit = getenv("LSTMC_DATA_MEMORY");
    return limit && *limit ? (size_t)strtoull(limit, NULL, 10) : lstmc_memory() / 2;
}

/* A file that is gone when nobody has it open. */
static int open_nameless(size_t bytes)
{
    const char *folder = getenv("TMPDIR");
    char name[400];
    snprintf(name, sizeof name, "%.350s/lstmc-data-XXXXXX", folder && *folder ? folder : "/tmp");
    int descriptor = mkstemp(name);
    if (descriptor < 0)
        return -1;
    unlink(name);
    if (posix_fallocate(descriptor, 0, (off_t)bytes)) {         /* no room would be a signal later */
        close(descriptor);
        return -1;
    }
    return descriptor;
}

void lstmc_map_zeros(size_t bytes, struct lstmc_mapping *mapping)
{
    *mapping = (struct lstmc_mapping){ NULL, 0 };
    if (bytes <= most_memory()) {
        mapping->start = lstmc_alloc(bytes);                    /* bytes 0: no mapping, but memory */
        return;
    }
    int descriptor = open_nameless(bytes);
    void *start = descriptor < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (descriptor >= 0)
        close(descriptor);
    if (start != MAP_FAILED)
        *mapping = (struct lstmc_mapping){ start, bytes };
}

void lstmc_unmap(struct lstmc_mapping *mapping)
{
    if (mapping->bytes)
        munmap(mapping->start, mapping->bytes);
    else
        lstmc_free(mapping->start);
    *mapping = (struct lstmc_mapping){ NULL, 0 };
}
