/* test_reads_well.c: what nobody would write by hand is not in emitted C. */
#include "sources.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

typedef bool (*Suspicion)(const void *context, const char *line);

/* Every line of every source that looks like this is one too many. */
static void expect_none(Suspicion is_bad, const void *context, const char *why)
{
    for (int i = 0; i < SOURCES; i++) {
        Arena *arena = arena_create();
        int lines = 0;
        for (char *line = source_text(arena, &sources[i], NULL), *end; *line; line = end + 1, lines++) {
            end = line + strcspn(line, "\n");
            cr_assert(*end, "the last line is not ended");
            *end = 0;
            cr_expect(!is_bad(context, line), "%s, %s %d: %s: %s", sources[i].model, sources[i].target, sources[i].lanes, why, line);
        }
        cr_expect(lines > 500);
        arena_free(arena);
    }
}

static bool matches(const void *pattern, const char *line)
{
    return regexec(pattern, line, 0, NULL, 0) == 0;
}

Test(reads_well, no_variable_is_another_one)
{
    regex_t pattern;
    cr_assert(regcomp(&pattern, "const (vec|float) [A-Za-z0-9_]+ = [A-Za-z_][A-Za-z0-9_]*;", REG_EXTENDED | REG_NOSUB) == 0);
    expect_none(matches, &pattern, "a second name of the same number");
    regfree(&pattern);
}

static bool ends_in_subscript(const void *context, const char *line)
{
    (void)context;
    const char *text = line + strspn(line, " ");
    int open = 0;
    for (const char *c = text; *c; c++)
        open += (*c == '[') - (*c == ']');
    return open != 0 && *text != '*' && strncmp(text, "/*", 2) != 0;
}

Test(reads_well, no_line_ends_in_a_subscript)
{
    expect_none(ends_in_subscript, NULL, "its subscript is in two lines");
}

static bool is_long(const void *context, const char *line)
{
    (void)context;
    return strlen(line) > 120 || (*line && line[strlen(line) - 1] == ' ');
}

Test(reads_well, lines_fit)
{
    expect_none(is_long, NULL, "beyond 120 columns, or a space at its end");
}

/* "t % 2" in code says that of a tensor two steps are kept; the loop has to say so before, and the struct too. */
static int expect_said(const Source *source, const char *text, const char *header)
{
    static const char said[] = "steps are kept, step t at t %% %d */";
    const char *function = text;
    int windows = 0;
    for (const char *at = text; (at = strstr(at, " % ")) != NULL; at++) {
        int kept = 0;
        if (strncmp(at - 2, "[t", 2) != 0 && strncmp(at - 8, "[(t + 1)", 8) != 0)
            continue;
        for (const char *next = function; (next = strstr(next + 1, "\n{\n")) != NULL && next < at;)
            function = next;
        cr_assert(sscanf(at, " %% %d]", &kept) == 1);
        char loop[80], member[80];
        snprintf(loop, sizeof loop, said, kept);
        snprintf(member, sizeof member, "steps, step t at t %% %d */", kept);
        const char *before = strstr(function, loop);
        cr_expect(before && before < at, "%s, %s: nobody says what it means: %.60s", source->model, source->target, at - 20);
        cr_expect(strstr(header, member), "%s, %s: no struct says that it keeps %d steps", source->model, source->target, kept);
        windows++;
    }
    return windows;
}

Test(reads_well, windows_of_time_are_said)
{
    int windows = 0;
    for (int i = 0; i < SOURCES; i++) {
        Arena *arena = arena_create();
        char *header = NULL;
        const char *text = source_text(arena, &sources[i], &header);
        windows += expect_said(&sources[i], text, header);
        if (!strcmp(sources[i].model, "reber"))
            cr_expect(strstr(text, "scratch->lstm.h[24 % 2]["), "the last state is told from the first one");
        arena_free(arena);
    }
    cr_expect(windows > 400, "%d", windows);
}

/* What a reader of the header is looking for comes first: how it is used, sizes, functions, structs, and then the text that all models share. */
Test(reads_well, the_model_stands_before_what_all_models_share)
{
    for (int i = 0; i < SOURCES; i++) {
        Arena *arena = arena_create();
        char *header = NULL;
        source_text(arena, &sources[i], &header);
        const char *const in_order[] = {
            "static struct %s_weights weights;", "_BATCH  ", "struct %s_weights;", "void %s_prepare(", "void %s_predict(", "float %s_loss(",
            "extern const struct lstmc_model %s_model;", "struct %s_weights {", "struct %s_tape {", "#ifndef LSTMC_MODEL_H", "struct lstmc_model {",
        };
        const char *at = header;
        for (size_t k = 0; k < sizeof in_order / sizeof *in_order; k++) {
            const char *wanted = arena_format(arena, in_order[k], sources[i].model), *found = at ? strstr(at, wanted) : NULL;
            cr_expect(found, "%s.h: %s does not come where it should", sources[i].model, wanted);
            at = found;
        }
        cr_expect(strstr(header, "struct lstmc_model {") == at, "%s.h: what all models share comes twice", sources[i].model);
        arena_free(arena);
    }
}
