/* main.c: lstmc-container FILE OUT: writes what is in an HDF5 file or a zip archive as a safetensors file. lstmc starts
 * it, so that a damaged file ends this process and not its own: with a line on standard error and status 1, or by one
 * of the limits on memory, time and what is written. */
#include "contents.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifdef __SANITIZE_ADDRESS__
/* What this program takes is freed with it, and nobody is to call that a leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

static void limit(int what, size_t most)
{
    struct rlimit both = { most, most };
    setrlimit(what, &both);
}

static void set_limits(size_t length)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, 60 + length / 10000000);
    limit(RLIMIT_FSIZE, CONTENTS_BYTES_MAX + CONTENTS_BYTES_MAX / 8);
#ifndef __SANITIZE_ADDRESS__
    limit(RLIMIT_AS, ((size_t)1 << 30) + 16 * length < 3 * CONTENTS_BYTES_MAX ? ((size_t)1 << 30) + 16 * length
                                                                             : 3 * CONTENTS_BYTES_MAX);
#endif
}

int main(int count, char **words)
{
    static const unsigned char hdf5[] = "\x89HDF\r\n\x1a\n";
    struct stat about;
    unsigned char begin[8] = { 0 };
    if (count != 3)
        refuse("usage: lstmc-container FILE OUT");
    FILE *file = fopen(words[1], "rb");
    if (!file || stat(words[1], &about))
        refuse("cannot be opened");
    size_t read = fread(begin, 1, sizeof begin, file);
    fclose(file);
    set_limits((size_t)about.st_size);
    Contents contents = { 0 };
    if (read == sizeof begin && !memcmp(begin, hdf5, sizeof begin))
        hdf5_read(words[1], NULL, 0, &contents);
    else if (read == sizeof begin && !memcmp(begin, "PK\3\4", 4))
        zip_read(words[1], &contents);
    else
        refuse("is neither HDF5 nor a zip archive");
    struct lstmc_message message = { "" };
    const char **texts = room((size_t)contents.text_count + 1, sizeof *texts);
    if (contents.text_count)
        memcpy(texts, contents.texts, (size_t)contents.text_count * sizeof *texts);
    if (lstmc_tensor_file_write(words[2], contents.tensors, contents.count, texts, &message))
        refuse("%s", message.text);
    return 0;
}
