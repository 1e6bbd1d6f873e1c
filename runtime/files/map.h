/* map.h: memory that the system keeps on a disk and brings in where it is touched: files as they are, and room for what
 * is larger than memory. */
#ifndef LSTMC_MAP_H
#define LSTMC_MAP_H

#include "runtime/lstmc.h"

/* A regular file, read-only; an empty one has a start of NULL. Whoever shortens the file meanwhile ends the program. */
int  lstmc_map_file(const char *path, struct lstmc_mapping *mapping, struct lstmc_message *message);

/* Zeros: memory, or beyond what $LSTMC_DATA_MEMORY says in bytes (default: half of the machine's memory) a file without
 * a name in $TMPDIR. mapping->start is NULL if neither can be had. */
void lstmc_map_zeros(size_t bytes, struct lstmc_mapping *mapping);

/* The machine's memory in bytes; SIZE_MAX if nobody knows. */
size_t lstmc_memory(void);

void lstmc_unmap(struct lstmc_mapping *mapping);

#endif
