/* test_runner.c: tests/run.sh: a program that hangs or never ends is stopped. */
#include "command.h"

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
    snprintf(line, sizeof line, "cp '%s/run.sh' .", absolute);
    command_expect(folder, 10, line, 0, "", NULL);
    write_script("floors.sh", "exit 0");
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
    command_expect(folder, 60, "./run.sh ./good.sh", 0, "3 passed, 0 failed, 0 skipped\n", NULL);
    command_expect(folder, 60, "./run.sh ./good.sh ./bad.sh", 1,
                   "    reason\n    exit status 3\n3 passed, 1 failed, 0 skipped\n", NULL);
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
