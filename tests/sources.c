/* sources.c: see sources.h. */
#include "sources.h"

#include "compiler/compile.h"

#include <criterion/criterion.h>

const Source sources[SOURCES] = {
    { "reber", "plain", 1 },        { "mgu", "plain", 1 },         { "reber", "vector", 8 },      { "sentiment", "vector", 8 },
    { "airline", "vector", 8 },     { "shakespeare", "vector", 16 }, { "turbofan", "vector", 8 }, { "digits", "vector", 4 },
    { "caption", "vector", 8 },     { "translate", "vector", 8 },  { "translate", "plain", 1 },   { "sunspots", "vector", 16 },
    { "meter", "vector", 8 },
};

char *source_text(Arena *arena, const Source *source, char **header)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    Compiled compiled = { 0 };
    const Target *target = target_find(source->target);
    CompileOptions options = { .target = source->lanes > 1 ? target_with_lanes(target, source->lanes) : target };
    const char *path = arena_format(arena, "models/%s.lua", source->model);
    Description *description = description_read(arena, diagnostics, path, &(ReadOptions){ 0 });
    cr_assert(description && compile(arena, description, diagnostics, &options, &compiled), "%s was refused", path);
    char *text = arena_copy_text(arena, compiled.source.text);
    if (header)
        *header = arena_copy_text(arena, compiled.header.text);
    compiled_free(&compiled);
    description_free(description);
    return text;
}
