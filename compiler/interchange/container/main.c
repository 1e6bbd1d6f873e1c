/* main.c: lstmc-container read FILE OUT: writes what is in an HDF5 file or a zip archive as a safetensors file.
 * lstmc-container write IN OUT: the other way, an HDF5 file, or an archive if the name of OUT ends with .keras. lstmc
 * starts it, so that a damaged file ends this process and not its own: with a line on standard error and status 1, or
 * by one of the limits on memory, time and what is written. */
#include "contents.h"

#include <stdbool.h>
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
    size_t memory = ((size_t)1 << 30) + 16 * length;
    limit(RLIMIT_AS, memory < 3 * CONTENTS_BYTES_MAX ? memory : 3 * CONTENTS_BYTES_MAX);
#endif
}

static void read_file(const char *from, const char *to)
{
    static const unsigned char hdf5[] = "\x89HDF\r\n\x1a\n";
    struct stat about;
    unsigned char begin[8] = { 0 };
    bool regular = !stat(from, &about) && S_ISREG(about.st_mode);       /* a pipe would be waited for */
    FILE *file = regular ? fopen(from, "rb") : NULL;
    if (!file)
        refuse(regular ? "cannot be opened" : "is no file");
    size_t read = fread(begin, 1, sizeof begin, file);
    fclose(file);
    set_limits((size_t)about.st_size);
    Contents contents = { 0 };
    if (read == sizeof begin && !memcmp(begin, hdf5, sizeof begin))
        hdf5_read(from, NULL, 0, &contents);
    else if (read == sizeof begin && !memcmp(begin, "PK\3\4", 4))
        zip_read(from, &contents);
    else
        refuse("is neither HDF5 nor a zip archive");
    struct lstmc_message message = { "" };
    const char **texts = room((size_t)contents.text_count + 1, sizeof *texts);
    if (contents.text_count)
        memcpy(texts, contents.texts, (size_t)contents.text_count * sizeof *texts);
    if (lstmc_tensor_file_write(to, contents.tensors, contents.count, texts, &message))
        refuse("%s", message.text);
}

static void write_file(const char *from, const char *to)
{
    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    size_t length = strlen(to);
    if (lstmc_tensor_file_open(from, &file, &message))
        refuse("%s", message.text);
    if (length > 6 && !strcmp(to + length - 6, ".keras"))
        zip_write(&file, to);
    else
        hdf5_write(&file, to, NULL);
    lstmc_tensor_file_free(&file);
}

int main(int count, char **words)
{
    if (count == 4 && !strcmp(words[1], "read"))
        read_file(words[2], words[3]);
    else if (count == 4 && !strcmp(words[1], "write"))
        write_file(words[2], words[3]);
    else
        refuse("usage: lstmc-container read FILE OUT, or lstmc-container write IN OUT");
    return 0;
}
