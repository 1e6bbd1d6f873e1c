/* map.h: memory that the system keeps on a disk and brings in where it is touched: files as they are, and room for what
 * is larger than memory. */
#ifndef LSTMC_MAP_H
#define LSTMC_MAP_H

#include "runtime/lstmc.h"

/* A regular file, read-only; an empty one has a start of NULL. Whoever shortens the file meanwhile ends the program. */
int  lstmc_map_file(const char *path, struct lstmc_mapping *mapping, struct lstmc_message *message);

/* The same to write into, which changes nothing in the file, with one zero byte behind its *size bytes. */
int  lstmc_map_text(const char *path, struct lstmc_mapping *mapping, size_t *size, struct lstmc_message *message);

/* What was written between `from` and `to` is read no more: its memory is given back, of whole pages and where there is
 * enough of them. Returns from where on it is kept: `from` of the next call. */
const char *lstmc_map_pass(const char *from, const char *to);

/* Zeros: memory, or beyond what $LSTMC_DATA_MEMORY says in bytes (default: half of the machine's memory) a file without
 * a name in $TMPDIR. mapping->start is NULL if neither can be had. */
void lstmc_map_zeros(size_t bytes, struct lstmc_mapping *mapping);

/* The machine's memory in bytes; SIZE_MAX if nobody knows. */
size_t lstmc_memory(void);

void lstmc_unmap(struct lstmc_mapping *mapping);

/* grow.c. Room for one item more in *items, which moves (NULL at first); beyond the memory that lstmc_map_zeros takes
 * it lies in such a file too. 0: there is none, and *items stays. */
int  lstmc_grow(void **items, size_t count, size_t *capacity, size_t item_size);
void lstmc_grown_free(void *items);

/* What they share: bytes that may lie in memory; and a file without a name of so many, or -1. */
size_t lstmc_map_limit(void);
int    lstmc_map_nameless(size_t bytes);

#endif
