/* test_runner.c: tests/run.sh: a program that hangs or never ends is stopped. */
#include "command.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

static void write_script(const char *name, const char *text)
{
    command_write(folder, name, "#!/bin/sh\n", 10);
    char line[400];
    snprintf(line, sizeof line, "cat >>%s <<'END'\n%s\nEND\nchmod +x %s", name, text, name);
    command_expect(folder, 10, line, 0, "", NULL);
}

/* A copy, beside rules that it finds kept at once. */
static void set_up(void)
{
    char line[600], self[400];
    snprintf(self, sizeof self, "%s", __FILE__);
    *strrchr(self, '/') = 0;
    char *absolute = realpath(self, NULL);
    cr_assert_not_null(absolute, "%s: run it in the project's folder", self);
    folder = command_folder();
    snprintf(line, sizeof line, "cp '%s/run.sh' . && mkdir bin && ln -s '%s/cached' bin/compiler", absolute, cached_compilers());
    command_expect(folder, 10, line, 0, "", NULL);
    write_script("floors.sh", "exit 0");
    write_script("circles.sh", "exit 0");
    write_script("mutants_check.sh", "exit 0");
    free(absolute);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(runner, .init = set_up, .fini = tear_down);

Test(runner, counts)
{
    write_script("good.sh", "exit 0");
    write_script("bad.sh", "echo reason; exit 3");
    command_expect(folder, 60, "./run.sh ./good.sh", 0, "4 passed, 0 failed, 0 skipped\n", NULL);
    command_expect(folder, 60, "./run.sh ./good.sh ./bad.sh", 1,
                   "    reason\n    exit status 3\nfailed: bad.sh\n    reason\n4 passed, 1 failed, 0 skipped\n", NULL);
}

/* The child that left for a session of its own does not outlive it. */
Test(runner, stops_what_hangs)
{
    write_script("hangs.sh", "setsid sh -c 'echo $$ >child; trap : TERM; while :; do sleep 1; done' &\nwait");
    command_expect(folder, 60, "TEST_PATIENCE=4 ./run.sh ./hangs.sh", 1,
                   "    stopped: in 4 s it has used less than 1 s of processor time\n", NULL);
    command_expect(folder, 60,
                   "grep -s '^State:' /proc/$(cat child)/status | grep -qv zombie && echo alive || echo gone", 0,
                       "gone\n", NULL);
}

Test(runner, stops_what_never_ends)
{
    write_script("spins.sh", "sh -c 'while :; do :; done'");
    command_expect(folder, 60, "TEST_TIMEOUT=2 ./run.sh ./spins.sh", 1, "    stopped after 2 s of processor time\n",
                   NULL);
}

/* ---- compilers out of the cache ---- */

/* Wherever its folder stands in the PATH, and whoever asks for its version. */
Test(runner, compilers_are_found_behind_their_own_names)
{
    command_expect(folder, 10, "cc --version | grep -c . >a; PATH=$PWD:$PATH cc --version | grep -c . >b; cmp a b", 0, "", NULL);
}

/* How often the compiler has run in the end. */
static void expect_compilations(int count, const char *line)
{
    char whole[1000], expected[20];
    snprintf(whole, sizeof whole, "export OBJECT_CACHE=$PWD/cache PATH=$PWD:$PATH; cc=bin/compiler; %s; wc -l <ran | tr -d ' '", line);
    snprintf(expected, sizeof expected, "%d\n", count);
    Ran ran = command_run(folder, 60, whole);
    cr_expect_str_eq(ran.output, expected, "%s: %s%s", line, ran.output, ran.errors);
    ran_free(&ran);
}

Test(runner, what_was_compiled_before_is_not_compiled_again)
{
    write_script("compiler", "echo \"$*\" >>ran; exec gcc \"$@\"");
    write_script("texts.sh", "echo '#define N 3' >n.h; echo '#include \"n.h\"' >a.c; echo 'int a(void) { return N; }' >>a.c\n"
                             "echo 'int a(void); int main(void) { return a(); }' >b.c");
    command_expect(folder, 10, "./texts.sh", 0, "", NULL);
    expect_compilations(1, "$cc -c a.c && mv a.o first.o && $cc -c a.c && cmp a.o first.o");
    expect_compilations(2, "$cc -O1 -c a.c && rm a.o && $cc -O1 -c a.c && test -f a.o");
    expect_compilations(3, "echo '#define N 4' >n.h; $cc -c a.c && ! cmp -s a.o first.o");
    expect_compilations(4, "$cc a.c b.c -o two && rm two && $cc a.c b.c -o two; ./two; test $? -eq 4");
    expect_compilations(6, "$cc -c a.c b.c && $cc a.o b.o -o two && rm two *.o && $cc -c a.c b.c && $cc a.o b.o -o two; ./two; test $? -eq 4");
    expect_compilations(7, "$cc -fsyntax-only a.c && $cc -fsyntax-only a.c");
    expect_compilations(8, "for i in 1 2; do $cc a.c b.c -L/usr/lib/ -lm -o two && rm two; done");
    /* refusals, warnings, and what comes from libraries that are in no key */
    expect_compilations(10, "echo 'int' >c.c; ! $cc -c c.c 2>/dev/null && ! $cc -c c.c 2>/dev/null");
    expect_compilations(12, "echo 'static int unused;' >c.c; for i in 1 2; do $cc -Wall -c c.c 2>&1 | grep -q unused || echo silent; done");
    expect_compilations(14, "ar rc libb.a b.o; for i in 1 2; do $cc a.c -L. -lb -o two; done");
    expect_compilations(16, "mkdir 'a b'; cp a.c 'a b/'; for i in 1 2; do $cc -c 'a b/a.c' -I.; done");
    expect_compilations(18, "gcc -E a.c -o a.i; for i in 1 2; do $cc -c a.i; done");
    expect_compilations(20, "OBJECT_CACHE=; export OBJECT_CACHE; $cc -c a.c && $cc -c a.c");
}
