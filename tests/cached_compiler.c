/* cached_compiler.c: where the compilers are that remember. */
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *test_programs(void)
{
    static char folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    cr_assert(length > 0, "cannot tell where this test program is");
    folder[length] = 0;
    *strrchr(folder, '/') = 0;
    return folder;
}

const char *cached_compilers(void)
{
    static char folder[PATH_MAX + 16];
    snprintf(folder, sizeof folder, "%s/compilers", test_programs());
    return folder;
}

void use_cached_compiler(const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", cached_compilers(), name);
    cr_assert(!access(path, X_OK), "%s is not there: make tests", path);
    setenv("CC", path, 1);
}
