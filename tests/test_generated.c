/* test_generated.c: generated/ is what the compiler writes of models/. */
#include "toolchain.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void compare(const char *path, const Out *expected)
{
    char *text = calloc(1, expected->length + 2);
    FILE *file = fopen(path, "r");
    cr_assert(text && file, "%s cannot be read: make generated", path);
    size_t length = fread(text, 1, expected->length + 1, file), same = 0, line = 1;
    fclose(file);
    for (; same < length && same < expected->length && text[same] == expected->text[same]; same++)
        line += text[same] == '\n';
    cr_expect(same == length && same == expected->length, "%s:%zu is not what the compiler writes now; if that is meant: make generated", path, line);
    free(text);
}

static void check(const char *name)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Compiled compiled = { 0 };
    CompileOptions options = {
        .target = target_with_lanes(target_default(), 16), .lanes_by_units = true, .dispatch = true,
    };
    Description *description = description_read(arena, diagnostics, arena_format(arena, "models/%s.lua", name), &(ReadOptions){ 0 });
    cr_assert(description && compile(arena, description, diagnostics, &options, &compiled), "models/%s.lua was refused", name);
    compare(arena_format(arena, "generated/%s.h", name), &compiled.header);
    compare(arena_format(arena, "generated/%s.c", name), &compiled.source);
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
}

Test(generated, reber)
{
    check("reber");
}

Test(generated, mgu)
{
    check("mgu");
}

Test(generated, sentiment)
{
    check("sentiment");
}
