/* test_install.c: what `make install` leaves behind, as those use it who have never seen this folder: a tree that was
 * moved, pkg-config, CMake, Meson, completions, the man page, the manual. Projects are those of README.md, of the
 * manual's installing.md and of tests/install/foreign. */
#include "command.h"
#include "readme.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 120

/* What is compiled against a runtime with sanitizers needs them too; cc, CMake and Meson read these. */
#if defined(__SANITIZE_ADDRESS__)
#define C_FLAGS "export CFLAGS='-O0 -fsanitize=address,undefined' CXXFLAGS='-O0 -fsanitize=address,undefined'; "
#else
#define C_FLAGS "export CFLAGS=-O0 CXXFLAGS=-O0; "
#endif

static char *folder;            /* with usr/ in it after the set-up */
static char root[PATH_MAX];     /* of the project */

/* Runs a line in the folder, ends the test if it fails, and returns what it printed, to be freed. */
static char *run(const char *line)
{
    char *whole = malloc(strlen(line) + sizeof C_FLAGS);
    cr_assert(whole != NULL);
    sprintf(whole, "%s%s", C_FLAGS, line);
    Ran ran = command_run(folder, SECONDS, whole);
    cr_assert(ran.status == 0, "%s\nexit status %d\n%s%s", line, ran.status, ran.output, ran.errors);
    free(whole);
    free(ran.errors);
    return ran.output;
}

static void done(const char *line)
{
    free(run(line));
}

static void prints(const char *line, const char *expected)
{
    char *output = run(line);
    cr_expect(strstr(output, expected), "%s\nprinted\n%s\nwithout\n%s", line, output, expected);
    free(output);
}

static bool has(const char *program)
{
    char line[128];
    snprintf(line, sizeof line, "command -v %s", program);
    Ran ran = command_run(folder, SECONDS, line);
    bool found = ran.status == 0;
    ran_free(&ran);
    return found;
}

/* The line that runs make in the project's folder, to be freed; $here is ours. The build folder is the one that this program belongs to, relative
 * to the project if it is inside, as make knows it. */
static char *make(const char *words)
{
    char *line = malloc(3 * PATH_MAX), *build = strdup(command_program());
    cr_assert(line && build);
    *strrchr(build, '/') = 0;
    size_t length = strlen(root);
    bool inside = !strncmp(build, root, length) && build[length] == '/';
    snprintf(line, 3 * PATH_MAX, "umask 077; here=$PWD; make -s -C '%s' BUILD='%s' %s", root, inside ? build + length + 1 : build, words);
    free(build);
    return line;
}

static void made(const char *words)
{
    char *line = make(words);
    done(line);
    free(line);
}

static void set_up(void)
{
    folder = command_folder();
    cr_assert(getcwd(root, sizeof root), "no current folder");
    made("install PREFIX=\"$here/usr\"");
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(install, .init = set_up, .fini = tear_down);

/* ---- the readme's project ------------------------------------------------------------------------------------------------------- */

#define INSTALLING "compiler/manual/installing.md"

static void write_files(const char *page, const char *names)
{
    static Readme readme;
    readme_read(page, &readme);
    for (int i = 0; i < readme.count; i++) {
        const ReadmeBlock *block = &readme.block[i];
        if (block->kind == README_FILE && strstr(names, block->file))
            command_write(folder, block->file, block->text, (long)strlen(block->text));
    }
    readme_free(&readme);
}

/* The readme's button and lamp, with trained weights. */
static void write_lamp(void)
{
    write_files("README.md", "lamp.lua light.c");
    write_files(INSTALLING, "CMakeLists.txt");
    done("usr/bin/lstmc train lamp.lua --quiet");
}

/* Runs the block of commands that has this in it. */
static void run_block(const char *part, const char *expected)
{
    static Readme readme;
    bool found = false;
    readme_read(INSTALLING, &readme);
    for (int i = 0; i < readme.count; i++)
        if (readme.block[i].kind == README_CONSOLE && strstr(readme.block[i].text, part)) {
            prints(readme.block[i].text, expected);
            found = true;
        }
    cr_expect(found, INSTALLING " shows no commands with %s", part);
    readme_free(&readme);
}

/* The commands of the pages that test_readme leaves to this file are run here. */
Test(install, no_commands_are_forgotten)
{
    static char pages[README_PAGES_MAX][64];
    static Readme readme;
    int count = readme_pages(pages);
    for (int p = 0; p < count; p++) {
        readme_read(pages[p], &readme);
        for (int i = 0; i < readme.count; i++)
            cr_expect(readme.block[i].kind != README_CONSOLE ||
                          (!strcmp(pages[p], INSTALLING) && (strstr(readme.block[i].text, "cmake -B") ||
                                                            strstr(readme.block[i].text, "meson setup"))),
                      "%s:%d: nobody runs these commands", pages[p], readme.block[i].line);
        readme_free(&readme);
    }
}

#define LAMP "..#####...##.......###."

Test(install, cmake_as_the_readme_says)
{
    if (!has("cmake"))
        cr_skip_test("cmake is absent");
    write_lamp();
    run_block("cmake -B", LAMP);
    done("printf '#!/bin/sh\\necho another compiler; exec usr/bin/lstmc \"$@\"\\n' >another; chmod +x another");
    prints("cmake -B out -DLSTMC_EXECUTABLE=\"$PWD/another\" && cmake --build out", "another compiler");
}

Test(install, meson_as_the_readme_says)
{
    if (!has("meson") || !has("ninja"))
        cr_skip_test("meson is absent");
    write_lamp();
    done("cp usr/share/doc/lstmc/meson.build .");
    run_block("meson setup", LAMP);
    prints("ninja -C out-meson", "no work to do");
    prints("sleep 0.01; touch lamp.lua; ninja -C out-meson", "lamp.h");
}

Test(install, pkg_config_in_a_moved_tree)
{
    write_lamp();
    done("mv usr 'a moved tree'");
    prints("export PKG_CONFIG_PATH=\"$PWD/a moved tree/lib/pkgconfig\"\n"
           "'a moved tree/bin/lstmc' lamp.lua --quiet\n"
           "eval cc $CFLAGS light.c lamp.c $(pkg-config --cflags --static --libs lstmc) -o light\n"
           "echo '..x....x..x.x......x..x' | ./light", LAMP);
    prints("PKG_CONFIG_PATH='a moved tree/lib/pkgconfig' pkg-config --static --libs lstmc", "-ljansson");
    prints("PKG_CONFIG_PATH='a moved tree/lib/pkgconfig' pkg-config --libs lstmc | grep -v jansson", "-llstmc -lm");
    prints("echo \"lstmc $(PKG_CONFIG_PATH='a moved tree/lib/pkgconfig' pkg-config --modversion lstmc)\" >version\n"
           "'a moved tree/bin/lstmc' --version | cmp - version && echo same", "same");
}

/* ---- somebody's project ----------------------------------------------------------------------------------------------------------- */

/* Builds the project of tests/install/foreign, changes what it is made of, and builds it again. */
static void build_foreign(const char *generator)
{
    char line[2 * PATH_MAX];
    snprintf(line, sizeof line, "rm -rf foreign && cp -r '%s/tests/install/foreign' .\n"
             "cmake -G '%s' -S foreign -B foreign/out -DCMAKE_PREFIX_PATH=\"$PWD/usr\"", root, generator);
    done(line);
    prints("cmake --build foreign/out", "lstmc: second_model.h, second_model.c");
    prints("foreign/out/both", "second_model 64, pump 141, drawn");
    prints("! cmake --build foreign/out | grep lstmc: && echo 'nothing to do'", "nothing to do");
    prints("sleep 0.01; sed -i 's/Dense{1}/Dense{2}/' foreign/second-model.lua; cmake --build foreign/out | grep lstmc:", "second_model.h");
    prints("foreign/out/both", "second_model 68, pump 141");
    prints("sleep 0.01; touch foreign/pump.tune.lua; cmake --build foreign/out | grep lstmc:", "lstmc: pump.h");
    prints("sleep 0.01; touch usr/bin/lstmc; cmake --build foreign/out | grep -c lstmc:", "2");
    prints("ls 'foreign/out/of the pump'", "pump.c\npump.h");
}

Test(install, cmake_of_a_foreign_project)
{
    if (!has("cmake"))
        cr_skip_test("cmake is absent");
    build_foreign("Unix Makefiles");
    if (has("ninja"))
        build_foreign("Ninja");
}

/* Configures and builds the project after a change by sed, expects it to fail, and this in its output, however it breaks lines. */
static void refuses(const char *change, const char *file, const char *expected)
{
    char line[2 * PATH_MAX];
    snprintf(line, sizeof line,
             "rm -rf foreign && cp -r '%s/tests/install/foreign' . && sed -i '%s' foreign/%s\n"
             "{ cmake -S foreign -B foreign/out -DCMAKE_PREFIX_PATH=\"$PWD/usr\" && cmake --build foreign/out; } >output 2>&1 && exit 1\n"
             "tr -s ' \\n' '  ' <output", root, change, file);
    prints(line, expected);
}

Test(install, mistakes_in_a_cmake_project)
{
    if (!has("cmake"))
        cr_skip_test("cmake is absent");
    refuses("s/LSTM/LTSM/", "second-model.lua", "second-model.lua:1: LTSM: unknown layer or object (did you mean \"LSTM\"?)");
    refuses("s/NAME pump//", "CMakeLists.txt", "the description has a name of its own, and named.c was not written: lstmc_add_model(... NAME name)");
    refuses("s/named.lua/mane.lua/", "CMakeLists.txt", "foreign/mane.lua");
    refuses("s/NAME pump/NAMED pump/", "CMakeLists.txt", "lstmc_add_model: what is meant by NAMED;pump?");
    refuses("s/LANGUAGES C CXX/LANGUAGES CXX/", "CMakeLists.txt", "lstmc_add_model: lstmc writes C");
}

/* ---- the tree ------------------------------------------------------------------------------------------------------------------------ */

Test(install, all_is_there_and_knows_no_place)
{
    static const char *const files[] = { "755 bin/lstmc", "644 lib/liblstmc.a", "644 include/lstmc/lstmc.h", "644 lib/pkgconfig/lstmc.pc",
        "644 lib/cmake/lstmc/lstmcConfig.cmake", "644 lib/cmake/lstmc/lstmcConfigVersion.cmake", "644 share/man/man1/lstmc.1",
        "644 share/bash-completion/completions/lstmc", "644 share/zsh/site-functions/_lstmc", "644 share/fish/vendor_completions.d/lstmc.fish",
        "644 share/doc/lstmc/README.md", "644 share/doc/lstmc/compiler/manual/data.md", "644 share/doc/lstmc/LICENSE" };
    char line[2 * PATH_MAX];
    made("install PREFIX=\"$here/pre fix\" DESTDIR=\"$here/de st\"");
    done("test ! -e 'pre fix' && mv \"de st$PWD/pre fix\" installed && test -z \"$(find 'de st' -type f)\"");
    char *list = run("find installed -type f -printf '%m %P\\n'");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        cr_expect(strstr(list, files[i]), "%s is not among what was installed:\n%s", files[i], list);
    free(list);
    snprintf(line, sizeof line, "! grep -rlF -e '%s' -e \"$PWD\" -e 'pre fix' installed && echo 'no place'", root);
    prints(line, "no place");
    prints("find installed -type d ! -perm 755 | wc -l", "0");
    prints("cd installed/include/lstmc\n"
           "for header in *.h; do\n"
           "    echo \"#include \\\"$header\\\"\" >../../one.c; cp ../../one.c ../../one.cpp\n"
           "    for one in 'cc ../../one.c' 'c++ ../../one.cpp'; do $one -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I. || exit 1; done\n"
           "done; echo clean", "clean");
}

Test(install, links_of_the_manual_lead_somewhere)
{
    static char pages[README_PAGES_MAX][64];
    char root_of_documents[PATH_MAX];
    int count = readme_pages(pages), links;
    snprintf(root_of_documents, sizeof root_of_documents, "%s/usr/share/doc/lstmc", folder);
    for (int p = 0; p < count; p++) {
        char *report;
        cr_expect(readme_wrong_links(root_of_documents, pages[p], &links, &report) == 0, "%s", report);
        free(report);
    }
}

Test(install, uninstall_leaves_what_is_others)
{
    done("touch usr/bin/other usr/share/man/man1/other.1");
    made("uninstall PREFIX=\"$here/usr\"");
    prints("find usr -type f | sort; ls usr/include usr/lib/cmake usr/share/doc",
           "usr/bin/other\nusr/share/man/man1/other.1\nusr/include:\n\nusr/lib/cmake:\n\nusr/share/doc:\n");
}

Test(install, it_fails_where_it_cannot_write)
{
    done("touch file");
    char *line = make("install PREFIX=\"$here/file/usr\" 2>&1");
    Ran ran = command_run(folder, SECONDS, line);
    cr_expect(ran.status == 2 && strstr(ran.output, "Not a directory") && !strstr(ran.output, "installed:"), "exit status %d\n%s",
              ran.status, ran.output);
    ran_free(&ran);
    free(line);
}

/* ---- completions and the man page ------------------------------------------------------------------------------------------------------ */

/* What bash offers behind these words, sorted. */
static void offers(const char *words, const char *expected)
{
    char line[PATH_MAX + 256];
    snprintf(line, sizeof line, "bash '%s/tests/install/completes.bash' usr/share/bash-completion/completions/lstmc lstmc %s | LC_ALL=C sort",
             root, words);
    char *output = run(line);
    cr_expect_str_eq(output, expected, "lstmc %s: bash offers\n%sinstead of\n%s", words, output, expected);
    free(output);
}

Test(install, bash_completes)
{
    done("mkdir 'my models'; touch first.lua second.lua data.csv");
    offers("tr", "train\n");
    offers("--la", "--lanes=\n");
    offers("train first.lua --target = v", "vector\n");
    offers("train first.lua --target =", "plain\nvector\n");
    offers("first.lua --unroll ''", "auto\nfull\nnone\n");
    offers("first.lua --dump sc", "schedule\n");
    offers("first.lua --weights-", "--weights-dtype=\n");
    offers("first.lua -o m", "my models\n");
    offers("train ''", "first.lua\nmy models\nsecond.lua\nusr\n");
    offers("train --init d", "\n");     /* nothing: bash goes on with files */
}

Test(install, every_option_is_in_the_man_page_and_the_completions)
{
    char line[3 * PATH_MAX + 128];
    int options = 0, commands = 0;
    snprintf(line, sizeof line, "'%s/tests/install/options.sh' \"$PWD/usr\" '%s/compiler/session/arguments.c' '%s/compiler/commands/main.c'",
             root, root, root);
    char *output = run(line);
    cr_expect(sscanf(output, "%d options, %d commands", &options, &commands) == 2, "missing:\n%s", output);
    cr_expect(options >= 25 && commands >= 5, "only %d options and %d commands were found", options, commands);
    free(output);
}

Test(install, shells_and_man_find_no_fault)
{
    static const char *const cases[][2] = {
        { "bash", "bash -n usr/share/bash-completion/completions/lstmc" },
        { "zsh", "zsh -n usr/share/zsh/site-functions/_lstmc" },
        { "fish", "HOME=$PWD fish --no-execute usr/share/fish/vendor_completions.d/lstmc.fish" },
        { "groff", "groff -man -ww -z usr/share/man/man1/lstmc.1" },
        { "man", "MANWIDTH=80 man --warnings -l usr/share/man/man1/lstmc.1 >page; grep -q -e --lanes=auto page" },
    };
    int checked = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (has(cases[i][0])) {
            Ran ran = command_run(folder, SECONDS, cases[i][1]);
            cr_expect(ran.status == 0 && !*ran.output && !*ran.errors, "%s: exit status %d\n%s%s", cases[i][1], ran.status, ran.output, ran.errors);
            ran_free(&ran);
            checked++;
        }
    if (!checked)
        cr_skip_test("neither bash, zsh, fish, groff nor man is there");
}
