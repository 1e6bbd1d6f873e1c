/* replace.h: a file that is there in whole, old or new, whatever happens in between. */
#ifndef LSTMC_REPLACE_H
#define LSTMC_REPLACE_H

#include "lstmc.h"

/* Writes `path` by way of a temporary file beside it and rename. `write` returns 0, or -1 with errno. `durable`: 1 waits until file and name are
 * on the disk. LSTMC_IO says why in words; the old file is as it was then. A link stays a link. */
int lstmc_replace_file(const char *path, int durable, int (*write)(int descriptor, const void *context), const void *context,
                       struct lstmc_message *message);

/* All bytes, or -1 with errno. */
int lstmc_write_all(int descriptor, const void *bytes, size_t size);

#endif
