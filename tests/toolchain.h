/* toolchain.h: a folder of generated files and programs that use them, and the compilers of this machine: generated code as its users meet it. */
#ifndef TOOLCHAIN_H
#define TOOLCHAIN_H

#include "compiler/compile.h"

#define GENERATED_WARNINGS_AS_ERRORS "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

struct workshop {
    Arena *arena;
    char folder[64];
};

void workshop_open(struct workshop *shop);
void workshop_close(struct workshop *shop);     /* removes the folder */

/* No target: the plain one; everything else as the command does it by default. */
extern const CompileOptions default_options;

/* "return Sequential{ name = NAME, batch_size = 4, shards = 1, TEXT }", or TEXT as it is where it holds a return of its own, to NAME.h and
 * NAME.c in the folder; `options` NULL: default_options. */
void workshop_model(struct workshop *shop, const char *name, const char *text, const CompileOptions *options);
/* models.h, with all models for the programs of tests/dropin/: their headers, and MODELS(X), which is X(a) X(b) ... */
void workshop_list(struct workshop *shop, const char *const *names);

/* Runs a shell command in the folder, where $dropin is the folder of the programs, and compilers are those of tests/compilers. Ends the test with the command and its output if it fails;
 * returns its output, standard error included, which lives in the arena. */
const char *workshop_run(struct workshop *shop, const char *format, ...) PRINTF_LIKE(2, 3);

/* Two outputs of at least so many lines, "what: number number ...", are the same but for rounding: 1e-5 of the largest number of a line. */
void workshop_expect_same_numbers(const char *first, const char *said, int least, const char *how);

bool workshop_processor_has(struct workshop *shop, const char *feature);        /* "avx2": as the kernel calls it */

#endif
