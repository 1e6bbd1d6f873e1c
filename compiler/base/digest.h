/* digest.h: a number for the bytes of a file: another one for other bytes. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdint.h>

/* 0: it cannot be read, or is empty. */
uint64_t digest_file(const char *path);

#endif
