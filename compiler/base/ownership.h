/* ownership.h: which files may be replaced. A description may come from somebody else, and it names files: its own
 * name makes MODEL.c, MODEL.safetensors and others, and callbacks have names of theirs. Such a name may replace what
 * lstmc has written before, by what stands at the beginning of the file, and nothing else. */
#ifndef OWNERSHIP_H
#define OWNERSHIP_H

#include "runtime/lstmc.h"

#include <stdbool.h>

typedef enum FileKind {
    FILE_TEXT,              /* generated C, the example, its Makefile: the first line says so */
    FILE_WEIGHTS,           /* weights and checkpoints */
    FILE_LOG, FILE_FLOW, FILE_REPORT, FILE_TUNING,
    FILE_TRIALS, FILE_SEARCH,       /* the table of a search; what its folder says of it */
    FILE_ANY                /* what the person at the command line has named */
} FileKind;

/* True if there is no such file, or lstmc has written it; or if it is no regular file, which is not written anyway. */
bool file_is_ours(const char *path, FileKind kind);

/* Before work that ends with writing a file: makes its folder, and refuses what would fail then, or would overwrite
 * what is not lstmc's, unless the command line has named that very file. LSTMC_OK or a failure in words. */
int  file_claim(const char *path, FileKind kind, bool is_named, struct lstmc_message *message);

#endif
