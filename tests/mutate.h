/* mutate.h: files damaged at random, for readers to survive. */
#ifndef MUTATE_H
#define MUTATE_H

#include "runtime/lstmc.h"

struct mutations {
    int files, refused;
};

/* Reads a file into what it frees again; returns the reader's status. */
typedef int mutation_reader(void *context, const char *path, struct lstmc_message *message);

/* Writes FUZZ_FILES (environment; default 200) mutations of a good file one after the other: bytes of `likely` (or
 * NULL) or any others in place of its own, slices cut out or doubled, the end cut off. `read` must either succeed or
 * say why not. The same mutations each time. */
struct mutations mutate(const void *good, size_t size, const char *likely, mutation_reader *read, void *context);

#endif
