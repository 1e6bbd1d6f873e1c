/* test_readme.c: everything that README.md and the manual show is true: their files are written, their commands run,
 * their output compared, page after page in one folder that looks like the project's. `make deps`, `demo`, `test` and
 * `bench` are left out; trainings of models/ are cut short, and lstmc compiles what it loads with -O1, which gives the
 * same bits sooner. */
#include "cached_compiler.h"
#include "command.h"
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
    fprintf(file, "#!/bin/sh\nPATH='%s:%s' exec cc -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Werror%s \"$@\"\n", cached_compilers(),
            getenv("PATH"), SANITIZE);
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

/* Without MPI, what is for many machines. */
static bool is_for_mpi(const char *command)
{
    char module[1000];
    snprintf(module, sizeof module, "%s-mpi.so", command_program());
    return !strncmp(command, "mpirun", 6) && (access(module, F_OK) || system("command -v mpirun >/dev/null"));
}

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
        if (is_left_out(line) || is_for_mpi(line) || needs_data(line) != with_data)
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
    fprintf(file, "set -e\nunset CC MAKEFLAGS MAKELEVEL\nCFLAGS=-O1\nexport CFLAGS\n"
            "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1\n"
            "PATH=%s/bin:$PATH\nexport PATH\ncd %s\n%s", place->root, place->folder,
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

static void run_commands(const Place *place, const char *page, const ReadmeBlock *block, const ReadmeBlock *output,
                         bool with_data, int *done)
{
    int count;
    char *script = make_script(block, with_data, &count);
    if (count > 0) {
        Result result = run(place, script);
        cr_expect(result.status == 0, "%s:%d: exit status %d of\n%swhich printed\n%.4000s", page, block->line,
                  result.status, script, result.output);
        if (output)
            cr_expect(readme_matches(output->text, result.output), "%s:%d: the page says\n%sbut\n%sprinted\n%.8000s",
                      page, output->line, output->text, script, result.output);
        free(result.output);
    }
    *done += count;
    free(script);
}

static void write_block(const Place *place, const char *page, const ReadmeBlock *block)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place->folder, block->file);
    FILE *file = fopen(path, "w");
    cr_assert(file, "%s:%d: cannot write %s", page, block->line, path);
    fputs(block->text, file);
    fclose(file);
}

static void check_excerpt(const Place *place, const char *page, const ReadmeBlock *block)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place->folder, block->file);
    char *text = readme_file(path);
    cr_expect(text && readme_contains(block->text, text), "%s:%d: these lines are not in %s:\n%s", page, block->line,
              block->file, block->text);
    free(text);
}

/* ---- pages ----------------------------------------------------------------------------------------------------------------------- */

typedef struct Counts {
    int files, commands, outputs, excerpts;
} Counts;

static void run_page(const Place *place, const char *page, const Readme *readme, bool with_data, Counts *counts)
{
    for (int i = 0; i < readme->count; i++) {
        const ReadmeBlock *block = &readme->block[i], *next = i + 1 < readme->count ? block + 1 : NULL;
        const ReadmeBlock *output = next && next->kind == README_OUTPUT && next->follows ? next : NULL;
        if (block->kind == README_FILE && !with_data)
            write_block(place, page, block);
        if (block->kind == README_COMMANDS)
            run_commands(place, page, block, with_data ? NULL : output, with_data, &counts->commands);
        counts->files += block->kind == README_FILE;
        counts->outputs += block->kind == README_COMMANDS && output;
        cr_expect(block->kind != README_OUTPUT || (i > 0 && block->follows && block[-1].kind == README_COMMANDS),
                  "%s:%d: this output follows no commands", page, block->line);
    }
}

/* Runs all pages, one after the other. Excerpts come last: a page may show lines of what a later one makes. */
static Counts run_pages(bool with_data)
{
    static Readme readme;
    static char pages[README_PAGES_MAX][64];
    Counts counts = { 0 };
    int count = readme_pages(pages);
    Place place = make_place();
    for (int p = 0; p < count; p++) {
        readme_read(pages[p], &readme);
        run_page(&place, pages[p], &readme, with_data, &counts);
        readme_free(&readme);
    }
    for (int p = 0; p < count && !with_data; p++) {
        readme_read(pages[p], &readme);
        for (int i = 0; i < readme.count; i++)
            if (readme.block[i].kind == README_EXCERPT) {
                check_excerpt(&place, pages[p], &readme.block[i]);
                counts.excerpts++;
            }
        readme_free(&readme);
    }
    remove_place(&place);
    return counts;
}

/* ---- tests ----------------------------------------------------------------------------------------------------------------------- */

Test(readme, what_it_shows_is_what_happens)
{
    Counts counts = run_pages(false);
    cr_expect(counts.files >= 14 && counts.commands >= 60 && counts.outputs >= 18 && counts.excerpts >= 5,
              "only %d files, %d commands, %d outputs and %d excerpts were found", counts.files, counts.commands,
              counts.outputs, counts.excerpts);
}

Test(readme, commands_on_shared_data)
{
    if (access("../shared/data", R_OK) != 0)
        cr_skip_test("../shared/data is absent");
    Counts counts = run_pages(true);
    cr_expect(counts.commands >= 3, "only %d commands that read ../shared/data", counts.commands);
}

Test(readme, links_lead_somewhere)
{
    static char pages[README_PAGES_MAX][64];
    int count = readme_pages(pages), links, all = 0;
    cr_assert(count < README_PAGES_MAX);
    strcpy(pages[count++], "compiler/README.md");
    for (int p = 0; p < count; p++) {
        char *report;
        cr_expect(readme_wrong_links(".", pages[p], &links, &report) == 0, "%s", report);
        free(report);
        all += links;
    }
    cr_expect(all >= 30, "only %d links were found", all);
}

Test(readme, a_wrong_link_is_seen)
{
    static const char page[] = "# A page\n\n[good](#a-page) [good](https://nowhere.example/) [good](other.md#more-of-it)\n"
                               "[bad](missing.md) [bad](#another-page)\n[bad](other.md#less)\n"
                               "```sh\n# less\necho '[no link](nowhere.md)'\n```\n";
    static const char other[] = "# Other\n\n## More `of` it!\n\n```sh\n# less\n```\n";
    static const char expected[] = "page.md:4: there is no %s/missing.md\npage.md:4: there is no heading #another-page\n"
                                   "page.md:5: there is no heading other.md#less\n";
    char *folder = command_folder(), *report, *wanted = malloc(strlen(expected) + strlen(folder) + 1);
    int links;
    command_write(folder, "page.md", page, (long)strlen(page));
    command_write(folder, "other.md", other, (long)strlen(other));
    sprintf(wanted, expected, folder);
    cr_expect(readme_wrong_links(folder, "page.md", &links, &report) == 3 && links == 5 && !strcmp(report, wanted),
              "%d links, and\n%s", links, report);
    free(report);
    free(wanted);
    command_folder_remove(folder);
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
