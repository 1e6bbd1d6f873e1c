#include "refusal.h"

#include "compiler/compile.h"
#include "compiler/passes/passes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_refusal(const char *text, const char *message, bool compiles)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    const ReadOptions reading = { 0 };
    Description *description = description_read_text(arena, diagnostics, "wrong.lua", text, strlen(text), &reading);
    const CompileOptions options = { .target = target_find("plain") };
    Compiled compiled = { 0 };
    cr_expect(!description || (compiles && !compile(arena, description, diagnostics, &options, &compiled)),
              "%s: not refused", text);
    char *said = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&said, &size);
    diagnostics_print(diagnostics, file);
    fclose(file);
    cr_expect(strstr(said, message) && strstr(said, "wrong.lua:"), "%s: expected \"%s\", got: %s", text, message, said);
    free(said);
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
}

void expect_not_read(const char *text, const char *message)
{
    expect_refusal(text, message, false);
}

void expect_not_compiled(const char *text, const char *message)
{
    expect_refusal(text, message, true);
}
