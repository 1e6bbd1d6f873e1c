/* replace.h: a file that is there in whole, old or new, whatever happens in between. */
#ifndef LSTMC_REPLACE_H
#define LSTMC_REPLACE_H

#include "runtime/lstmc.h"

/* Writes `path` by way of a temporary file beside it and rename. `write` returns 0, or -1 with errno. `durable`: 1
 * waits until file and name are on the disk. LSTMC_IO says why in words; the old file is as it was then. A link stays a
 * link. */
int lstmc_replace_file(const char *path, int durable, int (*write)(int descriptor, const void *context),
                       const void *context, struct lstmc_message *message);

/* The same in steps, for whoever wants several files or none. Each returns 0, or -1 with errno. */
struct lstmc_replacement {
    char *path;                 /* where the file will be: what a link leads to */
    char *name;                 /* of the temporary file beside it */
    int descriptor;             /* to write to; nobody else writes there as long as it is open */
};
/* EINVAL: `path` is there and no regular file, which would be replaced by one. */
int  lstmc_replacement_open(struct lstmc_replacement *replacement, const char *path);
/* No error of what was written is still to come; `durable`: it is on the disk. */
int  lstmc_replacement_flush(const struct lstmc_replacement *replacement, int durable);
/* Puts it in its place, or leaves that as it was; either way it is done with. */
int  lstmc_replacement_commit(struct lstmc_replacement *replacement);
void lstmc_replacement_abandon(struct lstmc_replacement *replacement);

/* The folder of a file: "." of a name alone. malloc'd; NULL: no memory. */
char *lstmc_folder_of(const char *path);

/* Whether an open file still has this name: its owner may have renamed or removed it since it was opened. */
int lstmc_is_named(int descriptor, const char *name);

/* Why a file could not be written, by its errno, for a person. */
const char *lstmc_write_reason(int error);

/* All bytes, or -1 with errno. */
int lstmc_write_all(int descriptor, const void *bytes, size_t size);

#endif
