/* file.h: a whole file in memory. */
#ifndef LSTMC_FILE_H
#define LSTMC_FILE_H

#include "lstmc.h"

/* Reads a regular file; *bytes is the caller's to free() and has one zero byte behind its *size bytes. */
int lstmc_file_read(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message);

#endif
