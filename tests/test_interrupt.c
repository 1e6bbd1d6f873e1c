/* test_interrupt.c: Ctrl-C, kill, the end of the terminal: what runs ends, and leaves nothing but its checkpoint. */
#include "compiler/base/interrupt.h"
#include "compiler/base/lock.h"
#include "command.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 120

/* So many epochs that no machine comes to their end. */
#define BODY                                                                                                          \
    "local function draw(random)\n  local x = {}\n  for t = 1, 3 do x[t] = { random(), random() } end\n  return x, "  \
    "{ x[1][1] }\nend\n"                                                                                              \
    "return Sequential{ Input{3, 2}, LSTM{3}, Dense{1}, loss = 'mse', data = samples{draw, samples = 32, "            \
    "validation_samples = 16}, batch_size = 8,\n"                                                                     \
    "  epochs = 16000000, callbacks = { EarlyStopping{patience = 1000000, restore_best_weights = true} } }\n"

/* A compiler that never ends, nor what it has started; it says in `begun` who they are, and ignores what can be
 * ignored. */
#define COMPILER \
    "#!/bin/sh\ntrap '' INT TERM HUP\ncase \"$*\" in *--version*) exit 0 ;; esac\n: >\"$TMPDIR/leftover\"\n" \
    "sleep 1000 &\necho $$ $! >begun.new\nmv begun.new begun\nwait\n"

static char *folder;

static void set_up(void)
{
    folder = command_folder();
    command_write(folder, "m.lua", BODY, (long)strlen(BODY));
    command_write(folder, "slow", COMPILER, (long)strlen(COMPILER));
    Ran ran = command_run(folder, SECONDS,
                          "chmod +x slow; mkdir tmp; $L train m.lua --interpreted --quiet --epochs=1; rm m.checkpoint "
                          "m.report.html");
    cr_assert(!ran.status, "%s", ran.errors);
    ran_free(&ran);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(interrupt, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

/* ---- while the C compiler runs ---- */

static void expect_compiler_ended(const char *command, const char *signal_name, int status)
{
    char line[400];
    snprintf(line, sizeof line,
             "rm -f begun; CC=./slow TMPDIR=$PWD/tmp $L %s </dev/null & p=$!; until test -e begun; do sleep 0.01; "
             "done; "
             "kill -%s $p; wait $p",
             command, signal_name);
    expect(line, status, NULL, NULL);
    expect("ls -A tmp; ls *.lock 2>/dev/null", 2, NULL, NULL);
    expect("for p in $(cat begun); do kill -0 $p 2>/dev/null && ps -o stat= -p $p | grep -qv Z && echo $p lives; "
           "done; true",
           0, NULL, NULL);
}

Test(interrupt, while_the_compiler_runs)
{
    static const char *const commands[] = {
        "check m.lua", "train m.lua", "evaluate m.lua", "predict m.lua", "predict m.lua --stream",
        "plot m.lua",  "tune m.lua"
    };
    static const struct { const char *name; int status; } signals[] = { { "INT", 130 }, { "TERM", 143 },
                                                                        { "HUP", 129 }, { "QUIT", 131 } };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        for (size_t s = 0; s < (i ? 2 : 4); s++)
            expect_compiler_ended(commands[i], signals[s].name, signals[s].status);
}

/* With nohup the end of the terminal ends nothing. */
Test(interrupt, nohup_while_the_compiler_runs)
{
    expect("CC=./slow TMPDIR=$PWD/tmp nohup $L check m.lua </dev/null & p=$!; until test -e begun; do sleep 0.01; "
           "done; kill -HUP $p; kill -TERM $p; wait $p",
           143, NULL, NULL);
}

/* ---- while a training runs ---- */

#define START                                                                                                         \
    "$L train m.lua --interpreted --quiet --checkpoint-every=1 & p=$!; until test -e m.checkpoint; do sleep 0.01; "   \
    "done; "

/* A second signal, at once or not, changes nothing. */
Test(interrupt, training)
{
    static const struct { const char *kill, *status; } cases[] = {
        { "kill -INT $p", "130" },
        { "kill -INT $p; kill -INT $p; kill -INT $p", "130" },
        { "kill -TERM $p; kill -TERM $p", "143" },
        { "kill -HUP $p; kill -HUP $p", "129" },
    };
    char line[400];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(line, sizeof line, START "%s; wait $p; s=$?; ls; rm m.checkpoint; exit $s", cases[i].kill);
        Ran ran = command_run(folder, SECONDS, line);
        cr_expect(ran.status == atoi(cases[i].status), "%s: %d, not %s\n%s", cases[i].kill, ran.status,
                  cases[i].status, ran.errors);
        const char *first = strstr(ran.errors, "interrupted: the batch is finished, then the checkpoint is written"),
                   *last = strstr(ran.errors, "m.lua: interrupted in epoch ");
        cr_expect(first && last && first < last && strstr(last, "; --resume goes on from m.checkpoint"), "%s: %s",
                  cases[i].kill, ran.errors);
        cr_expect_str_eq(ran.output, "m.checkpoint\nm.log.csv\nm.lua\nm.safetensors\nslow\ntmp\n", "%s: %s",
                         cases[i].kill, ran.output);
        ran_free(&ran);
    }
}

/* The best weights of an interrupted training can be had. */
Test(interrupt, best_weights)
{
    Ran ran = command_run(folder, SECONDS,
                          "$L train m.lua --interpreted --quiet --checkpoint-every=1 & p=$!; until grep -q '^1,' "
                          "m.log.csv 2>/dev/null; do "
                          "sleep 0.01; done; kill -INT $p; wait $p");
    const char *epochs = strstr(ran.errors, "--epochs=");
    cr_assert(ran.status == 130 && epochs && strstr(epochs, " ends with the best weights so far"), "%d %s", ran.status,
              ran.errors);
    char line[300];
    snprintf(line, sizeof line,
             "rm m.safetensors; $L train m.lua --interpreted --quiet --resume %.*s && $L evaluate m.lua --interpreted",
             (int)strcspn(epochs, " "), epochs);
    expect(line, 0, "weights that are saved (the best)", NULL);
    ran_free(&ran);
}

Test(interrupt, training_under_nohup)
{
    expect("trap '' HUP; " START "kill -HUP $p; kill -INT $p; wait $p", 130, NULL, "interrupted in epoch");
}

/* Whoever reads the lines of a training has gone: it ends with a checkpoint. */
Test(interrupt, training_whose_reader_goes)
{
    expect("($L train m.lua --interpreted 2>&1; echo $? >status) | head -3 | wc -l; cat status; ls *.checkpoint "
           "*.lock 2>/dev/null",
           2, "3\n141\nm.checkpoint\n", NULL);
}

/* ---- one training alone ---- */

Test(interrupt, two_trainings)
{
    expect(START "$L train m.lua --interpreted --quiet --epochs=1; echo $?; $L train m.lua --interpreted --quiet "
                 "--resume; echo $?; "
                 "$L train m.lua --interpreted --quiet --epochs=1 --checkpoint other; echo $?; ls m.* | grep -v tmp; "
                 "kill -INT $p; wait $p",
           130, "1\n1\n1\nm.checkpoint\nm.checkpoint.lock\nm.log.csv\nm.lua\nm.safetensors\nm.safetensors.lock\n",
           "m.lua: m.checkpoint: another training (process ");
    /* The checkpoint of the first training would let the second one begin before this one has its locks. */
    expect("rm m.checkpoint; " START
           "$L train m.lua --interpreted --quiet --epochs=1 --out o.safetensors; kill -KILL $p; wait $p "
           "2>/dev/null; ls *.lock; "
           "$L train m.lua --interpreted --quiet --resume --epochs=1; ls *.lock",
           2, "m.checkpoint.lock\nm.safetensors.lock\n", "");
}

/* ---- the parts ---- */

static void nothing(void)
{
}

Test(interrupt, the_first_signal_counts)
{
    int pipes[2], status;
    char text[1000];
    cr_assert(!pipe(pipes));
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);        /* ignored by what a shell has started in the background */
        dup2(pipes[1], STDERR_FILENO);
        interrupt_prepare(nothing);
        interrupt_begin();
        if (*interrupt_flag())
            _exit(1);
        raise(SIGTERM);
        for (int i = 0; i < 5; i++)
            raise(SIGINT);
        if (*interrupt_flag() != SIGTERM)
            _exit(2);
        interrupt_end();
        dprintf(STDERR_FILENO, "end\n");
        raise(SIGINT);
        _exit(3);
    }
    close(pipes[1]);
    cr_assert(waitpid(child, &status, 0) == child);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "status %x", (unsigned)status);
    ssize_t length = read(pipes[0], text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    cr_expect_str_eq(text, "interrupted: the batch is finished, then the checkpoint is written (Ctrl-\\ does not wait "
                           "for it)\n"
                           "the checkpoint is not written yet (Ctrl-\\ does not wait for it)\nend\n");
    close(pipes[0]);
}

static int try_lock(const char *path)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        long owner;
        _exit(lock_take(path, &owner) ? 1 : owner == (long)getppid() ? 2 : 3);
    }
    cr_assert(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

Test(interrupt, locks)
{
    long owner;
    char path[200];
    snprintf(path, sizeof path, "%s/file", folder);
    cr_expect_eq(try_lock(path), 1, "a process that has ended without a word has no lock");
    cr_assert(lock_take(path, &owner));
    cr_expect_eq(try_lock(path), 2);
    lock_give_back();
    cr_expect_eq(try_lock(path), 1);
}
