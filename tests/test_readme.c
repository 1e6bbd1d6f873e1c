/* test_readme.c: everything that README.md shows is true: its files are written, its commands run, its output compared, in a folder that
 * looks like the project's. `make deps`, `demo`, `test` and `bench` are left out; trainings of models/ are cut short,
 * and lstmc compiles what it loads with -O1, which gives the same bits sooner. */
#include "readme.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 1000000
#define SHORT_TRAINING " --epochs 1 --samples 64"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE " -fsanitize=address,undefined"
#else
#define SANITIZE ""
#endif

typedef struct Place {
    char root[64], folder[80];
    char build[PATH_MAX];
} Place;

typedef struct Result {
    char *output;
    int status;
} Result;

/* ---- the folder ------------------------------------------------------------------------------------------------------------- */

/* The readme's `cc` is the real one, but any warning is an error. */
static void write_compiler(const Place *place)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/bin", place->root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/bin/cc", place->root);
    FILE *file = fopen(path, "w");
    cr_assert(file, "cannot write %s", path);
    fprintf(file, "#!/bin/sh\nPATH='%s' exec cc -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Werror%s \"$@\"\n", getenv("PATH"), SANITIZE);
    fclose(file);
    chmod(path, 0700);
}

static void link_into(const Place *place, const char *target, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    cr_assert(symlink(target, path) == 0, "cannot make %s", path);
}

/* A project folder of links, with `build` wherever this very program was built. */
static Place make_place(void)
{
    static const char *const parts[] = { "compiler", "runtime", "models", "tests", "Makefile", "README.md", "LICENSE" };
    Place place = { .root = "/tmp/lstmc-readme-XXXXXX" };
    char here[PATH_MAX], path[PATH_MAX + 16], *tests;
    cr_assert(mkdtemp(place.root), "no temporary folder");
    snprintf(place.folder, sizeof place.folder, "%s/lstmc", place.root);
    mkdir(place.folder, 0700);
    cr_assert(getcwd(here, sizeof here), "no current folder");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(path, sizeof path, "%s/%s", here, parts[i]);
        link_into(&place, path, parts[i]);
    }
    ssize_t length = readlink("/proc/self/exe", place.build, sizeof place.build - 1);
    cr_assert(length > 0, "/proc/self/exe cannot be read");
    place.build[length] = 0;
    tests = strstr(place.build, "/tests/test_readme");
    cr_assert(tests, "%s is not in a folder tests/ of a build folder", place.build);
    *tests = 0;
    link_into(&place, place.build, "build");
    write_compiler(&place);
    return place;
}

static void remove_place(const Place *place)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", place->root);
    cr_expect(system(command) == 0, "%s", command);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------ */

static bool is_left_out(const char *command)
{
    return !strncmp(command, "make deps", 9) || !strncmp(command, "make demo", 9) || !strncmp(command, "make test", 9) ||
           !strncmp(command, "make bench", 10);
}

/* Whether the description that the command names reads ../shared/data. */
static bool needs_data(const char *command)
{
    char path[256];
    const char *model = strstr(command, "models/");
    if (!model || sscanf(model, "%255[^ \n]", path) != 1)
        return false;
    char *text = readme_file(path);
    bool needs = text && strstr(text, "shared/data");
    free(text);
    return needs;
}

/* The commands of a block that the test runs, as one script; *count of them. To be freed. */
static char *make_script(const ReadmeBlock *block, bool with_data, int *count)
{
    char *script = calloc(1, strlen(block->text) * 2 + 1024), *copy = strdup(block->text), *rest;
    *count = 0;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (is_left_out(line) || needs_data(line) != with_data)
            continue;
        strcat(script, line);
        if (strstr(line, "train models/"))
            strcat(script, SHORT_TRAINING);
        strcat(script, "\n");
        ++*count;
    }
    free(copy);
    return script;
}

static Result run(const Place *place, const char *script)
{
    char path[128], command[512];
    snprintf(path, sizeof path, "%s/script", place->root);
    FILE *file = fopen(path, "w");
    cr_assert(file, "cannot write %s", path);
    fprintf(file, "set -e\nunset CC MAKEFLAGS MAKELEVEL\nCFLAGS=-O1\nexport CFLAGS\nPATH=%s/bin:$PATH\nexport PATH\ncd %s\n%s", place->root, place->folder,
            script);
    fclose(file);
    snprintf(command, sizeof command, "sh %s 2>&1 </dev/null", path);
    FILE *pipe = popen(command, "r");
    cr_assert(pipe, "cannot run %s", command);
    Result result = { .output = calloc(1, OUTPUT_MAX + 1) };
    size_t length = fread(result.output, 1, OUTPUT_MAX, pipe);
    result.output[length] = 0;
    while (fgetc(pipe) != EOF)
        continue;
    int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return result;
}

static void run_commands(const Place *place, const ReadmeBlock *block, const ReadmeBlock *output, bool with_data, int *done)
{
    int count;
    char *script = make_script(block, with_data, &count);
    if (count > 0) {
        Result result = run(place, script);
        cr_expect(result.status == 0, "README.md:%d: exit status %d of\n%swhich printed\n%.4000s", block->line, result.status, script, result.output);
        if (output)
            cr_expect(readme_matches(output->text, result.output), "README.md:%d: the readme says\n%sbut\n%sprinted\n%.8000s", output->line,
                      output->text, script, result.output);
        free(result.output);
    }
    *done += count;
    free(script);
}

static void write_block(const Place *place, const ReadmeBlock *block)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place->folder, block->file);
    FILE *file = fopen(path, "w");
    cr_assert(file, "README.md:%d: cannot write %s", block->line, path);
    fputs(block->text, file);
    fclose(file);
}

static void check_excerpt(const Place *place, const ReadmeBlock *block)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place->folder, block->file);
    char *text = readme_file(path);
    cr_expect(text && readme_contains(block->text, text), "README.md:%d: these lines are not in %s:\n%s", block->line, block->file, block->text);
    free(text);
}

/* ---- tests ----------------------------------------------------------------------------------------------------------------------- */

Test(readme, what_it_shows_is_what_happens)
{
    static Readme readme;
    readme_read("README.md", &readme);
    Place place = make_place();
    int files = 0, commands = 0, outputs = 0, excerpts = 0;
    for (int i = 0; i < readme.count; i++) {
        const ReadmeBlock *block = &readme.block[i], *next = i + 1 < readme.count ? block + 1 : NULL;
        const ReadmeBlock *output = next && next->kind == README_OUTPUT && next->follows ? next : NULL;
        if (block->kind == README_FILE)
            write_block(&place, block);
        if (block->kind == README_EXCERPT)
            check_excerpt(&place, block);
        if (block->kind == README_COMMANDS)
            run_commands(&place, block, output, false, &commands);
        files += block->kind == README_FILE;
        excerpts += block->kind == README_EXCERPT;
        outputs += block->kind == README_COMMANDS && output;
    }
    cr_expect(files >= 7 && commands >= 20 && outputs >= 8 && excerpts >= 3,
              "README.md: only %d files, %d commands, %d outputs and %d excerpts were found", files, commands, outputs, excerpts);
    remove_place(&place);
    readme_free(&readme);
}

Test(readme, commands_on_shared_data)
{
    if (access("../shared/data", R_OK) != 0)
        cr_skip_test("../shared/data is absent");
    static Readme readme;
    readme_read("README.md", &readme);
    Place place = make_place();
    int commands = 0;
    for (int i = 0; i < readme.count; i++)
        if (readme.block[i].kind == README_COMMANDS)
            run_commands(&place, &readme.block[i], NULL, true, &commands);
    cr_expect(commands >= 3, "README.md: only %d commands that read ../shared/data", commands);
    remove_place(&place);
    readme_free(&readme);
}

Test(readme, a_difference_is_seen)
{
    cr_expect(readme_matches("loss 0.10 in 3 epochs\n", "loss  0.105 in 3 epochs\n"), "a tenth is allowed");
    cr_expect(!readme_matches("loss 0.10\n", "loss 0.12\n"), "0.12 is not 0.10");
    cr_expect(!readme_matches("329 weights\n", "330 weights\n"), "330 is not 329");
    cr_expect(readme_matches("output 8.4e-08\n", "output 1.2e-07\n"), "deviations vary");
    cr_expect(!readme_matches("output 8.4e-08\n", "output 1.2e-03\n"), "but not that much");
    cr_expect(!readme_matches("on off\n", "on on\n"), "a word differs");
    cr_expect(!readme_matches("a\nb\n", "a\n"), "a line is missing");
    cr_expect(!readme_matches("a\n", "a\nb\n"), "a line too many");
    cr_expect(readme_matches("a\n...\nd\n", "a\nb\nc\nd\n"), "dots stand for any lines");
    cr_expect(!readme_matches("a\n...\nd\n", "a\nb\nc\n"), "but d has to come");
    cr_expect(!readme_matches("x", "x y"), "the rest of a line counts");
    cr_expect(readme_contains("b\n...\nd\n", "a\nb\nc\nd\ne\n") && !readme_contains("b\nd\n", "a\nb\nc\nd\n"), "an excerpt has no holes but dots");
}
