/* temporary.h: small files that tests write, read and remove. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

#include <stddef.h>

struct temporary_file {
    char path[64];
};

/* A new file that holds these bytes; ends the test if it cannot be written. */
struct temporary_file temporary_write(const void *bytes, size_t size);
struct temporary_file temporary_text(const char *text);
void temporary_remove(const struct temporary_file *file);

#endif
