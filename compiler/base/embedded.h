/* embedded.h: files that live inside the binary: the Lua mathematics, and the headers that generated code repeats
 * verbatim. The table is written by the Makefile; names are paths without "compiler/" : "layers/lstm.lua",
 * "runtime/lstmc_model.h". */
#ifndef EMBEDDED_H
#define EMBEDDED_H

typedef struct Embedded {
    const char *name, *text;
} Embedded;

extern const Embedded embedded_files[];     /* ends with a NULL name; sorted by name */
const char *embedded_text(const char *name);    /* dies if there is none */

#endif
