/* data_path.h: which files each kind of data reads, by the names that descriptions give them; --data replaces them. */
#ifndef DATA_PATH_H
#define DATA_PATH_H

#include "model.h"

#include "runtime/lstmc.h"

typedef struct DataPath {
    DataKind kind;
    const char *name;               /* as in the description: "file" */
    size_t offset;                  /* of a const char * in Data */
} DataPath;

/* The paths of a kind, in the order in which --data A,B fills them; NULL behind the last. */
const DataPath *data_path(DataKind kind, int index);

static inline const char **data_path_of(Data *data, const DataPath *path)
{
    return (const char **)(void *)((char *)data + path->offset);
}

/* "csv" */
const char *data_kind_name(DataKind kind);

/* Puts each FILE, in order, or NAME=FILE in place of what the description names; the words stay the caller's.
 * LSTMC_MISMATCH: the kind has no such path. */
int data_path_replace(Data *data, const char *const *words, int count, struct lstmc_message *message);

#endif
