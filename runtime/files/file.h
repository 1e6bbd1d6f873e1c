/* file.h: files to read: a whole one in memory, or opened. */
#ifndef LSTMC_FILE_H
#define LSTMC_FILE_H

#include "runtime/lstmc.h"

/* A descriptor of a regular file; -1 with errno and words. What is none is refused, and never waited for: a pipe that
 * nobody writes would be waited for without end. */
int lstmc_file_open(const char *path, struct lstmc_message *message);

/* Reads a regular file; *bytes is the caller's to free() and has one zero byte behind its *size bytes. */
int lstmc_file_read(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message);

#endif
