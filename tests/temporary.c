/* temporary.c: files under /tmp that nobody else has. */
#include "temporary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct temporary_file temporary_write(const void *bytes, size_t size)
{
    struct temporary_file file = { "/tmp/lstmc_test_XXXXXX" };
    int descriptor = mkstemp(file.path);
    cr_assert(descriptor >= 0, "cannot make %s", file.path);
    cr_assert(size == 0 || write(descriptor, bytes, size) == (ssize_t)size, "cannot write %zu bytes to %s", size, file.path);
    close(descriptor);
    return file;
}

struct temporary_file temporary_text(const char *text)
{
    return temporary_write(text, strlen(text));
}

void temporary_remove(const struct temporary_file *file)
{
    unlink(file->path);
}
