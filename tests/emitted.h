/* emitted.h: a model from the text of ir_text.h to generated C, compiled and loaded: for tests of what comes after the passes. */
#ifndef EMITTED_H
#define EMITTED_H

#include "compiler/emit/emit.h"

/* Lines as in ir_text.h. "train: " in front: for the training program alone; "infer: ": for all others. `b` disappears and T (the number of
 * steps) becomes 1 where a program has no batch or takes one step. Weights become the model's, in order, trainable ones first. */
struct emitted {
    Arena *arena;
    Model model;
    Programs programs;
    Out header, source;
    char folder[64];
    void *library;
    const struct lstmc_model *generated;    /* after emitted_load */
};

/* `steps` 0: no streaming program. */
void emitted_create(struct emitted *emitted, const char *name, const char *text, int steps, int unroll, bool inference);
void emitted_free(struct emitted *emitted);
/* Writes the two files into a new folder. */
void emitted_write(struct emitted *emitted);
/* Compiles with "gcc -O1 -std=c11" or the like, all warnings of the generated interface being errors, and loads. */
void emitted_load(struct emitted *emitted, const char *compiler);
/* Runs a command in that folder; the test fails with the command's output if it fails. Returns the output, to be freed. */
char *emitted_run(const struct emitted *emitted, const char *format, ...) PRINTF_LIKE(2, 3);

#define GENERATED_WARNINGS "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

#endif
