/* digest.c: in: the path of a file.  out: a number made of its bytes. */
#include "digest.h"

#include "runtime/lstmc_random.h"

#include <stdio.h>

uint64_t digest_file(const char *path)
{
    uint64_t digest = 0;
    FILE *file = fopen(path, "rb");
    for (int c; file && (c = fgetc(file)) != EOF;)
        digest = lstmc_mix(digest ^ (uint64_t)c);
    if (file)
        fclose(file);
    return digest;
}
