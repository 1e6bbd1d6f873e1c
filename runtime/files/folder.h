/* folder.h: the files of a folder. */
#ifndef LSTMC_FOLDER_H
#define LSTMC_FOLDER_H

#include "runtime/lstmc.h"

/* The paths of the files in `folder` whose names end in `ending` (".txt", capitals or not), sorted by name, byte by
 * byte; not what begins with a point, nor the names in `except`, each of which must be there. No such file is an error.
 * Free with lstmc_folder_free. */
int lstmc_folder_list(const char *folder, const char *ending, const char *const *except, int except_count,
                      struct lstmc_names *paths, struct lstmc_message *message);
void lstmc_folder_free(struct lstmc_names *paths);

/* The file's name within its path, and the length of that without its extension. */
const char *lstmc_file_name(const char *path);
size_t      lstmc_file_stem(const char *name);

#endif
