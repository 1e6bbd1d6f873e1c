/* map.c: in: a path, or so many bytes.  out: memory that the system brings in and takes out by itself. */
#include "map.h"
#include "file.h"
#include "runtime/base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
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

/* A page of zeros behind the file, where its last one is full. Nothing is reserved: it may be larger than memory. */
static int map_behind_zeros(int descriptor, const char *path, struct lstmc_mapping *mapping, size_t *size,
                            struct lstmc_message *message)
{
    struct stat status;
    if (fstat(descriptor, &status))
        return lstmc_fail(message, LSTMC_IO, "%.250s: %s", path, strerror(errno));
    *size = (size_t)status.st_size;
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_NORESERVE;
    void *start = mmap(NULL, *size + 1, protection, flags | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return lstmc_fail_memory(message, path);
    *mapping = (struct lstmc_mapping){ start, *size + 1 };
    if (*size && mmap(start, *size, protection, flags | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
        int error = errno;
        lstmc_unmap(mapping);
        return lstmc_fail(message, LSTMC_IO, "%.250s: cannot be mapped: %s", path, strerror(error));
    }
    return LSTMC_OK;
}

int lstmc_map_text(const char *path, struct lstmc_mapping *mapping, size_t *size, struct lstmc_message *message)
{
    *mapping = (struct lstmc_mapping){ NULL, 0 };
    *size = 0;
    int descriptor = lstmc_file_open(path, message);
    if (descriptor < 0)
        return LSTMC_IO;
    int status = map_behind_zeros(descriptor, path, mapping, size, message);
    close(descriptor);
    return status;
}

const char *lstmc_map_pass(const char *from, const char *to)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), enough = 1 << 20;
    uintptr_t first = ((uintptr_t)from + page - 1) & ~(page - 1), end = (uintptr_t)to & ~(page - 1);
    if (end < first + enough)
        return from;
    mmap((void *)first, end - first, PROT_NONE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return (const char *)end;
}

size_t lstmc_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
}

size_t lstmc_map_limit(void)
{
    const char *limit = getenv("LSTMC_DATA_MEMORY");
    return limit && *limit ? (size_t)strtoull(limit, NULL, 10) : lstmc_memory() / 2;
}

/* A file that is gone when nobody has it open. */
int lstmc_map_nameless(size_t bytes)
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
    if (bytes <= lstmc_map_limit()) {
        mapping->start = lstmc_alloc(bytes);                    /* bytes 0: no mapping, but memory */
        return;
    }
    int descriptor = lstmc_map_nameless(bytes);
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
