/* toolchain.c: see toolchain.h. */
#include "cached_compiler.h"
#include "toolchain.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const CompileOptions default_options = { 0 };

void workshop_open(struct workshop *shop)
{
    strcpy(shop->folder, "/tmp/lstmc-dropin-XXXXXX");
    shop->arena = arena_create();
    cr_assert(mkdtemp(shop->folder), "no folder %s", shop->folder);
}

void workshop_close(struct workshop *shop)
{
    workshop_run(shop, "rm -rf '%s'", shop->folder);
    arena_free(shop->arena);
}

static void write_text(struct workshop *shop, const char *name, const char *suffix, const char *text)
{
    const char *path = arena_format(shop->arena, "%s/%s.%s", shop->folder, name, suffix);
    cr_assert(!write_file(path, text, strlen(text)), "%s cannot be written", path);
}

void workshop_model(struct workshop *shop, const char *name, const char *text, const CompileOptions *options)
{
    CompileOptions chosen = options ? *options : default_options;
    Diagnostics *diagnostics = diagnostics_create(shop->arena);
    Compiled compiled = { 0 };
    if (!chosen.target)
        chosen.target = target_find("plain");
    if (!strstr(text, "return "))
        text = arena_format(shop->arena, "return Sequential{ name = '%s', batch_size = 4, shards = 1, %s }", name, text);
    Description *description = description_read_text(shop->arena, diagnostics, arena_format(shop->arena, "%s.lua", name), text, strlen(text),
                                                     &(ReadOptions){ 0 });
    bool done = description && compile(shop->arena, description, diagnostics, &chosen, &compiled);
    if (!done)
        diagnostics_print(diagnostics, stderr);
    cr_assert(done, "%s: was refused (see standard error)", text);
    write_text(shop, name, "h", compiled.header.text);
    write_text(shop, name, "c", compiled.source.text);
    compiled_free(&compiled);
    description_free(description);
}

void workshop_list(struct workshop *shop, const char *const *names)
{
    const char *includes = "", *list = "#define MODELS(X)";
    for (int i = 0; names[i]; i++) {
        includes = arena_format(shop->arena, "%s#include \"%s.h\"\n", includes, names[i]);
        list = arena_format(shop->arena, "%s X(%s)", list, names[i]);
    }
    write_text(shop, "models", "h", arena_format(shop->arena, "%s%s\n", includes, list));
}

const char *workshop_run(struct workshop *shop, const char *format, ...)
{
    char here[2048], part[4096];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *command = arena_alloc(shop->arena, (size_t)length + 1);
    vsnprintf(command, (size_t)length + 1, format, arguments);
    va_end(arguments);
    cr_assert(getcwd(here, sizeof here), "no current folder");
    FILE *pipe = popen(arena_format(shop->arena, "dropin='%s/tests/dropin'; PATH='%s':$PATH; cd '%s' && { %s; } 2>&1", here, cached_compilers(),
                                    shop->folder, command), "r");
    cr_assert(pipe, "%s", command);
    const char *output = "";
    for (size_t got; (got = fread(part, 1, sizeof part - 1, pipe)) > 0;) {
        part[got] = '\0';
        output = arena_format(shop->arena, "%s%s", output, part);
    }
    int status = pclose(pipe);
    cr_assert(status == 0, "%s\nexit status %d\n%s", command, status, output);
    return output;
}

bool workshop_processor_has(struct workshop *shop, const char *feature)
{
    return atoi(workshop_run(shop, "grep -cw -m 1 %s /proc/cpuinfo || true", feature)) > 0;
}

/* Of the numbers of one line, relative to the largest of them; infinite if the lines are not about the same thing. */
static double line_deviation(const char *a, const char *b)
{
    size_t head = strcspn(a, ":");
    double largest = 1e-6, difference = 0;
    if (strncmp(a, b, head + 1))
        return INFINITY;
    for (a += head + 1, b += head + 1; *a == ' ' && *b == ' ';) {
        char *end_a, *end_b;
        double left = strtod(a, &end_a), right = strtod(b, &end_b);
        largest = fmax(largest, fabs(left));
        difference = fmax(difference, fabs(left - right));
        a = end_a;
        b = end_b;
    }
    return *a == '\n' && *b == '\n' ? difference / largest : INFINITY;
}

void workshop_expect_same_numbers(const char *first, const char *said, int least, const char *how)
{
    int lines = 0;
    for (; *first && *said; first += strcspn(first, "\n") + 1, said += strcspn(said, "\n") + 1, lines++) {
        double deviation = line_deviation(first, said);
        cr_expect(deviation <= 1e-5, "%s: %.*s: deviation %g", how, (int)strcspn(said, ":"), said, deviation);
    }
    cr_expect(lines >= least && !*first && !*said, "%s: %d lines", how, lines);
}
