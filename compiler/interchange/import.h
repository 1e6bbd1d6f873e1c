/* import.h: files of other frameworks to drafts, by the importer of each format. */
#ifndef IMPORT_H
#define IMPORT_H

#include "compiler/interchange/draft/draft.h"

/* NULL with diagnostics. What the draft points to lives in its arena. */
Draft *import_file(Arena *arena, Diagnostics *diagnostics, const DraftSource *source);

/* Whether the file is of a format that can be imported, by what it begins with. */
bool import_knows(const char *path);

/* Whether it is a safetensors file, as those of lstmc are. */
bool import_is_tensors(const char *path);

#endif
