/* test_reads_well.c: what nobody would write by hand is not in emitted C. */
#include "sources.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

/* Every line of every source that looks like this is one too many. */
static void expect_none(const char *expression, const char *why)
{
    regex_t pattern;
    cr_assert(regcomp(&pattern, expression, REG_EXTENDED | REG_NOSUB) == 0);
    for (int i = 0; i < SOURCES; i++) {
        Arena *arena = arena_create();
        int lines = 0;
        for (char *line = source_text(arena, &sources[i], NULL), *end; *line; line = end + 1, lines++) {
            end = line + strcspn(line, "\n");
            cr_assert(*end, "the last line is not ended");
            *end = 0;
            cr_expect(regexec(&pattern, line, 0, NULL, 0), "%s, %s %d: %s: %s", sources[i].model, sources[i].target, sources[i].lanes, why, line);
        }
        cr_expect(lines > 500);
        arena_free(arena);
    }
    regfree(&pattern);
}

Test(reads_well, no_variable_is_another_one)
{
    expect_none("const (vec|float) [A-Za-z0-9_]+ = [A-Za-z_][A-Za-z0-9_]*;", "a second name of the same number");
}
