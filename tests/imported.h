/* imported.h: a file of another framework, imported by the command, and what it predicts then. */
#ifndef IMPORTED_H
#define IMPORTED_H

#include "mutate.h"

#define INTERCHANGE "../shared/data/interchange"

/* Imports `file` with these options as NAME in `folder`, predicts INPUT.npy of `arrays` by the interpreter, and returns
 * the largest deviation from its OUTPUT.npy, over the largest value there or 1; a failed expectation and 1e9 if any of
 * it does not work. Sequences are as long as those of the input. */
double imported_deviation(const char *folder, const char *file, const char *options, const char *arrays);

/* Of mutate(): copies the file as `name` into the folder and imports it there: that works, or says why not. */
typedef struct DamagedImport {
    const char *folder, *name;
} DamagedImport;
int imported_damaged(void *import, const char *path, struct lstmc_message *message);

#endif
