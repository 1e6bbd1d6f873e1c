/* compiled_model.h: a description's text as a model that was generated, compiled and loaded. */
#ifndef COMPILED_MODEL_H
#define COMPILED_MODEL_H

#include "compiler/compile.h"
#include "compiler/session/load.h"
#include "compiler/passes/passes.h"

struct compiled_model {
    Arena *arena;
    Diagnostics *diagnostics;
    Description *description;
    Compiled compiled;
    Loaded loaded;
    const struct lstmc_model *model;
};

/* Compiled with these flags; without options in plain loops. Ends the test if anything goes wrong. */
void compiled_model_create_with(struct compiled_model *c, const char *text, const char *flags,
                                const CompileOptions *options);
void compiled_model_create(struct compiled_model *c, const char *text, const char *flags, bool inference);
void compiled_model_free(struct compiled_model *c);

#endif
