/* test_golden.c: the printed form of a small model after each pass against committed text: a change of the compiler shows in review what it
 * changes in the programs (generated/ shows the C). GOLDEN=update writes the files anew (make golden). */
#include "compiler/compile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char description[] =
    "return Sequential{ name = 'golden', batch_size = 2,\n"
    "  Input{5}, Embedding{7, 2}, LSTM{3}, Dense{1, activation = 'sigmoid'},\n"
    "  loss = 'binary_crossentropy', optimizer = 'adam',\n"
    "}\n";

static void compare(const char *name, const char *text)
{
    char path[128], *golden = calloc(1, 1 << 20);
    snprintf(path, sizeof path, "tests/golden/%s", name);
    const char *update = getenv("GOLDEN");
    FILE *file = fopen(path, update && !strcmp(update, "update") ? "w" : "r");
    cr_assert(file, "%s cannot be opened (make golden writes it)", path);
    if (update && !strcmp(update, "update")) {
        fputs(text, file);
    } else {
        size_t length = fread(golden, 1, (1 << 20) - 1, file), same = 0;
        while (same < length && golden[same] == text[same])
            same++;
        size_t line = 1;
        for (size_t i = 0; i < same; i++)
            line += text[i] == '\n';
        cr_expect(same == length && !text[same], "%s:%zu differs from what the compiler prints now; if that is meant: make golden", path, line);
    }
    fclose(file);
    free(golden);
}

static void compile_golden(const char *target, const char *pass, Compiled *compiled, Arena *arena, Description **kept)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    CompileOptions options = { .target = target_find(target), .dump = pass };
    *kept = description_read_text(arena, diagnostics, "golden.lua", description, strlen(description), NULL);
    cr_assert(*kept && compile(arena, *kept, diagnostics, &options, compiled));
}

static void compare_pass(const char *target, const char *pass, const char *name)
{
    Arena *arena = arena_create();
    Compiled compiled;
    Description *kept;
    compile_golden(target, pass, &compiled, arena, &kept);
    compare(name, compiled.dump.text);
    compiled_free(&compiled);
    description_free(kept);
    arena_free(arena);
}

Test(golden, passes)
{
    compare_pass("plain", "lower", "lower.txt");
    compare_pass("plain", "grad", "grad.txt");
    compare_pass("plain", "plan", "plan.txt");
}

/* What moves, which statements run as one nest over vectors, what is packed, what needs no memory. */
Test(golden, passes_of_the_vector_target)
{
    compare_pass("vector", "tile", "vector_tile.txt");
    compare_pass("vector", "plan", "vector_plan.txt");
}
