/* load.h: generated text to a model in this process, by the C compiler of the machine ($CC, or cc). */
#ifndef LOAD_H
#define LOAD_H

#include "compiler/compile.h"
#include "ranks.h"

typedef struct Loaded {
    void *library;
    const struct lstmc_model *model;
    const struct lstmc_decoder *decoder;    /* NULL: it has none */
} Loaded;

bool compiler_exists(void);

/* How the model is going to be used: this decides the flags where $CFLAGS is not set. -march=native is left out where
 * the model itself chooses among instruction sets. */
typedef enum LoadFor {
    LOAD_TO_CHECK,      /* -O2 -march=native: compiles in about a second */
    LOAD_TO_TRAIN       /* -O3 -march=native: runs up to twice as fast */
} LoadFor;

/* Compiles with `$CC $CFLAGS` in a temporary folder that is removed again. False with a diagnostic, which
 * carries the compiler's first lines, if that fails. What calls BLAS is linked with OpenBLAS as pkg-config says. */
bool load(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, Loaded *loaded);
/* The same where several ranks load one model: rank 0 builds it, and all have its object file, to the byte. */
bool load_together(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, Ranks *ranks,
                   Loaded *loaded);
/* The same, but the object stays in `folder`, which lies in the folder for temporary files, and whoever has the same
 * text with the same $CC and $CFLAGS takes it from there. */
bool load_kept(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, const char *folder,
               Loaded *loaded);
void loaded_free(Loaded *loaded);

#endif
