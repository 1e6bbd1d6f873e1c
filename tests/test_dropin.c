/* test_dropin.c: the two generated files as their users meet them: other compilers, standards, flags, sanitizers, guard pages, linkers. */
#include "dropin_models.h"
#include "toolchain.h"

#include "compiler/passes/passes.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- compilers ---- */

Test(dropin, sources_compile_without_a_warning)
{
    struct workshop shop;
    const char *sources = dropin_open(&shop, 1, ".c");
    workshop_run(&shop, "for flags in '-std=c11 -O0' '-std=gnu11 -O2'; do for c in gcc clang; do "
                        "$c $flags " GENERATED_WARNINGS_AS_ERRORS " -c %s || { echo $c $flags; exit 1; }; done; done", sources);
    workshop_close(&shop);
}

static void check_headers(int lanes)
{
    struct workshop shop;
    const char *names = dropin_open(&shop, lanes, "");
    workshop_run(&shop, "for n in %s models; do for twice in 1 2; do echo \"#include \\\"$n.h\\\"\"; done > user.c; cp user.c user.cpp; "
                        "for c in gcc clang; do $c -std=c11 " GENERATED_WARNINGS_AS_ERRORS " -fsyntax-only user.c || exit 1; done; "
                        "for c in g++ clang++; do $c -std=c++17 " GENERATED_WARNINGS_AS_ERRORS " -fsyntax-only user.cpp || exit 1; done; done", names);
    workshop_close(&shop);
}

Test(dropin, headers_are_c11_and_cpp17)
{
    check_headers(1);
    check_headers(8);
}

/* A warning would be seen: the compilers do complain about a file like ours with a fault in it. */
Test(dropin, warnings_are_errors_here)
{
    struct workshop shop;
    dropin_open(&shop, 1, "");
    workshop_run(&shop, "for fault in 'int narrow(double d) { return d; }' 'int shadow(int i) { { int i = 3; (void)i; } return i; }' 'int unused(int i) { return 0; }'; "
                        "do { cat own.c; echo \"$fault\"; } > faulty.c; for c in gcc clang; do "
                        "! $c -std=c11 " GENERATED_WARNINGS_AS_ERRORS " -fsyntax-only faulty.c 2>/dev/null || { echo $c: $fault; exit 1; }; done; done");
    workshop_close(&shop);
}

/* ---- behaviour ---- */

/* exercise.c keeps its own promises and prints the same bits whatever the compiler, its flags, the sanitizers and the memory. */
Test(dropin, same_bits_from_every_compiler_without_a_stray_access)
{
    static const struct { const char *compile, *run; } ways[] = {
        { "gcc -std=c11 -O0", "after" },
        { "gcc -std=gnu11 -O3 -march=native -ffp-contract=fast", "before" },
        { "clang -std=gnu11 -O2 -march=native", "after" },
        { "gcc -std=gnu11 -O1 -ftrivial-auto-var-init=pattern -fstack-protector-all", "malloc" },
        { "gcc -O0 -fsanitize=address,undefined -fno-sanitize-recover=all", "malloc" },
        { "clang -O0 -fsanitize=address,undefined -fno-sanitize-recover=all", "malloc" },
        { "clang -O0 -fsanitize=memory -fno-sanitize-recover=all -DUNINITIALISED", "malloc" },
    };
    struct workshop shop;
    const char *sources = dropin_open(&shop, 1, ".c"), *first = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *said = workshop_run(&shop, "%s -I. $dropin/exercise.c %s -o exercise -lm && ./exercise %s", ways[i].compile, sources, ways[i].run);
        first = first ? first : said;
        size_t equal = 0, line = 0;
        while (first[equal] && first[equal] == said[equal])
            line = first[equal++] == '\n' ? equal : line;
        cr_expect(first[equal] == said[equal], "%s prints %.*s, %s prints %.*s", ways[0].compile, (int)strcspn(first + line, "\n"), first + line,
                  ways[i].compile, (int)strcspn(said + line, "\n"), said + line);
    }
    cr_expect(strstr(first, "tokens gradients 4") && strstr(first, "own gradients 4"), "%s", first);
    workshop_close(&shop);
}

/* ---- linkers ---- */

/* No model has a name but its own, memory of its own, or a library but libm and the memory functions that compilers call by themselves. */
static void check_objects(int lanes)
{
    struct workshop shop;
    const char *names = dropin_open(&shop, lanes, "");
    workshop_run(&shop, "for n in %s; do for c in gcc clang; do $c -O1 -fno-pic -c $n.c -o $n.o && nm $n.o > $n.nm || exit 1; "
                        "! grep ' [A-TV-Z] ' $n.nm | grep -v \" ${n}_\" || { echo $n: a name of another; exit 1; }; "
                        "! grep ' [bBdDCgGsS] ' $n.nm || { echo $n: writable data; exit 1; }; "
                        "! grep ' U ' $n.nm | grep -vE ' U ((exp|expm1|tanh|log|log1p|fabs|sqrt|erfc?)f|mem(cpy|set|move))$' || { echo $n: a library; exit 1; }; "
                        "size -A $n.o | awk '$1 ~ /^\\.(data|bss)$/ && $2 > 0 { print \"writable\", $0; bad = 1 } END { exit bad }' || exit 1; done; done", names);
    workshop_close(&shop);
}

Test(dropin, objects_export_their_names_alone_and_keep_no_data)
{
    check_objects(1);
    check_objects(8);
}

static void link_pairs(int lanes, const char *const (*pairs)[2])
{
    struct workshop shop;
    const char *sources = dropin_open(&shop, lanes, ".c"), *split = lanes > 1 ? "-DSPLIT_SUMS" : "";
    for (; (*pairs)[0]; pairs++)
        workshop_run(&shop, "rm -f *.o; %s -c %s && %s %s -I. -c $dropin/sizes.c -o sizes.o && g++ *.o -o sizes -lm && ./sizes", (*pairs)[0], sources,
                     (*pairs)[1], split);
    workshop_close(&shop);
}

/* The model's compiler and flags, the application's. */
Test(dropin, application_and_models_of_different_compilers_and_flags_agree)
{
    static const char *const pairs[][2] = {
        { "gcc -O0", "clang -O3 -march=native -std=c11" },
        { "clang -O1 -march=native", "g++ -O0 -std=c++17 -x c++" },
        { "gcc -Os -march=native", "clang++ -O2 -std=c++17 -x c++" },
        { NULL, NULL },
    };
    static const char *const vector_pairs[][2] = {
        { "gcc -O1 -march=native", "clang++ -O0 -std=c++17 -x c++" },
        { "clang -O1", "gcc -O2 -march=native -std=c11" },
        { "gcc -O1 -DLSTMC_NO_VECTORS", "g++ -O1 -march=native -std=c++17 -x c++" },
        { NULL, NULL },
    };
    link_pairs(1, pairs);
    link_pairs(8, vector_pairs);
}

/* ---- text ---- */

static char *compiled_text(const char *path)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Compiled compiled;
    CompileOptions options = { .target = target_find("plain") };
    Description *description = description_read(arena, diagnostics, path, &(ReadOptions){ 0 });
    cr_assert(description && compile(arena, description, diagnostics, &options, &compiled), "%s was refused", path);
    size_t header = compiled.header.length, source = compiled.source.length;
    char *text = malloc(header + source + 1);
    memcpy(text, compiled.header.text, header);
    memcpy(text + header, compiled.source.text, source + 1);
    compiled_free(&compiled);
    description_free(description);
    arena_free(arena);
    return text;
}

static void set_surroundings(const char *zone)
{
    static const char *const locales[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C.UTF-8" };     /* a decimal comma, where there is one */
    for (size_t i = 0; i < sizeof locales / sizeof *locales && !setlocale(LC_ALL, locales[i]); i++)
        ;
    setenv("TZ", zone, 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
}

Test(dropin, text_depends_on_the_description_alone)
{
    struct workshop shop;
    workshop_open(&shop);
    workshop_run(&shop, "mkdir 'other folder' && echo \"return Sequential{ name = 'same', Input{4, 3}, LSTM{3, kernel_regularizer = L2(0.0125)}, Dense{1}, "
                        "loss = Huber{0.3}, optimizer = Adam{learning_rate = 0.0015} }\" > same.lua && cp same.lua 'other folder/same.lua'");
    char *first = compiled_text(arena_format(shop.arena, "%s/same.lua", shop.folder));
    set_surroundings("Asia/Kolkata");
    cr_assert(chdir(shop.folder) == 0 && chdir("other folder") == 0);
    char *second = compiled_text("same.lua");
    cr_expect(!strcmp(first, second), "another folder, locale and time zone, another text");
    cr_expect(!strstr(first, shop.folder + 1) && !strstr(first, "/tmp") && !strstr(first, "other folder"), "a path in the text");
    char year[16];
    const char *now = workshop_run(&shop, "date +%%Y");
    snprintf(year, sizeof year, "%.4s", now);
    cr_expect(!strstr(first, year), "the year in the text");
    free(first);
    free(second);
    workshop_close(&shop);
}

/* ---- devices ---- */

Test(dropin, inference_alone_fits_a_device)
{
    struct workshop shop;
    workshop_open(&shop);
    workshop_model(&shop, "small", "Input{10, 2}, LSTM{8}, Dense{1, activation = 'sigmoid'}, loss = 'mse'",
                   &(CompileOptions){ .unroll = UNROLL_NONE, .inference = true });
    workshop_run(&shop, "for c in gcc clang; do $c -std=c11 -Os -fno-math-errno -ffreestanding " GENERATED_WARNINGS_AS_ERRORS " -c small.c && "
                        "$c -std=c11 -Os -I. " GENERATED_WARNINGS_AS_ERRORS " $dropin/firmware.c small.o -o firmware -lm && ./firmware && "
                        "! nm small.o | grep -E 'forward|backward|loss|gradients|malloc|printf' || exit 1; done");
    const char *size = workshop_run(&shop, "gcc -std=c11 -Os -fno-math-errno -fno-asynchronous-unwind-tables -fno-pic -c small.c && size small.o | tail -n 1");
    unsigned long text = strtoul(size, NULL, 10);
    cr_log_info("inference object of LSTM(8) on 2 features and Dense(1): %lu bytes of text", text);
    cr_expect(text > 0 && text < 6000, "%lu bytes of text", text);
    workshop_close(&shop);
}
