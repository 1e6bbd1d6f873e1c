/* compiled_model.c: from a description's text to a loaded model, and back to nothing. */
#include "compiled_model.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

void compiled_model_create_with(struct compiled_model *c, const char *text, const char *flags,
                                const CompileOptions *options)
{
    memset(c, 0, sizeof *c);
    c->arena = arena_create();
    c->diagnostics = diagnostics_create(c->arena);
    c->description = description_read_text(c->arena, c->diagnostics, "subject.lua", text, strlen(text), &(ReadOptions){ 0 });
    cr_assert(c->description, "the description cannot be read");
    use_cached_compiler("cc");
    setenv("CFLAGS", flags, 1);
    cr_assert(compile(c->arena, c->description, c->diagnostics, options, &c->compiled) &&
              load(c->arena, c->diagnostics, &c->compiled, LOAD_TO_CHECK, &c->loaded), "the model cannot be compiled");
    c->model = c->loaded.model;
}

void compiled_model_create(struct compiled_model *c, const char *text, const char *flags, bool inference)
{
    CompileOptions options = { .target = target_find("plain"), .unroll = UNROLL_AUTO, .inference = inference };
    compiled_model_create_with(c, text, flags, &options);
}

void compiled_model_free(struct compiled_model *c)
{
    loaded_free(&c->loaded);
    compiled_free(&c->compiled);
    description_free(c->description);
    arena_free(c->arena);
}
