/* test_mpi.c: mpirun lstmc train: the weights of one program, to the byte; what is said when something is missing or wrong; and a rank that is
 * killed. Skipped where there is no MPI. */
#include "runtime/lstmc.h"
#include "command.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many as there are to be, on however few processors, also by root. */
#define RUN \
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; " \
    "R='mpirun --oversubscribe --bind-to none -n'; "

static void skip_without_mpi(void)
{
    char module[1000];
    snprintf(module, sizeof module, "%s-mpi.so", command_program());
    if (access(module, F_OK) || system("command -v mpirun >/dev/null"))
        cr_skip_test("no MPI");
}

/* The models of kills/models.lua, which says what each is about. */
static const char *const models[] = { "norm", "statistics", "lengths", "states" };
enum { MODELS = sizeof models / sizeof *models };

/* One of them as NAME.lua, which needs no name=NAME. */
static void write_model(const char *folder, int m)
{
    char here[PATH_MAX], line[PATH_MAX + 200];
    cr_assert(getcwd(here, sizeof here));
    snprintf(line, sizeof line, "sed 's/arg\\.name/\"%s\"/' '%s/tests/kills/models.lua' >%s.lua", models[m], here, models[m]);
    command_expect(folder, 10, line, 0, NULL, NULL);
}

static void compare_ranks(int m)
{
    char line[1000];
    skip_without_mpi();
    char *folder = command_folder();
    write_model(folder, m);
    snprintf(line, sizeof line, "$L train %s.lua --quiet --threads=1 >one && mv %s.safetensors one.weights", models[m], models[m]);
    command_expect(folder, 60, line, 0, "", NULL);
    for (int ranks = 1; ranks <= 4; ranks++) {
        snprintf(line, sizeof line, RUN "$R %d $L train %s.lua --quiet >many && cmp many one && cmp %s.safetensors one.weights && wc -l <many | tr -d ' '",
                 ranks, models[m], models[m]);
        command_expect(folder, 120, line, 0, "3\n", NULL);
    }
    command_folder_remove(folder);
}

Test(mpi, a_global_norm)        { compare_ranks(0); }
Test(mpi, statistics)           { compare_ranks(1); }
Test(mpi, masks_and_lengths)    { compare_ranks(2); }
Test(mpi, states)               { compare_ranks(3); }

/* Arrays of doubles, a table in windows and a text, of which each rank makes its own samples: the bits of one program, and of one that goes on. */
Test(mpi, data_in_files)
{
    static const struct { const char *name, *text; } read[] = {
        { "arrays", "Input{7, 3}, LSTM{9}, Dense{1}, loss = 'mse', data = npy{x = 'x.npy', y = 'y.npy'}, validation_split = 0.2" },
        { "table", "Input{6, 2}, LSTM{9}, Dense{1}, loss = 'mse', data = csv{'t.csv', columns = {'a', 'b'}, targets = {'a'}, window = 6, "
                   "normalization = 'standard'}" },
        { "letters", "Input{8}, Embedding{14, 5}, GRU{9}, Dense{14, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy', "
                     "data = characters{'t.csv', window = 8}" },
    };
    double x[90 * 7 * 3], y[90] = { 0 };
    char table[4000] = "a,b\n", line[1200], text[1000];
    struct lstmc_message message = { "" };
    skip_without_mpi();
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = (double)(i * i % 101) / 101 - 0.5;
        y[i / 21] += i % 4 ? x[i] : 0;
    }
    for (int row = 0; row < 200; row++)
        sprintf(table + strlen(table), "%d,%d\n", row * row % 13 + row % 7, row * 3 % 11);
    command_write(folder, "t.csv", table, (long)strlen(table));
    snprintf(line, sizeof line, "%s/x.npy", folder);
    cr_assert_eq(lstmc_npy_write_double(line, x, 3, (const size_t[]){ 90, 7, 3 }, &message), 0, "%s", message.text);
    snprintf(line, sizeof line, "%s/y.npy", folder);
    cr_assert_eq(lstmc_npy_write_double(line, y, 1, (const size_t[]){ 90 }, &message), 0, "%s", message.text);
    for (size_t m = 0; m < sizeof read / sizeof *read; m++) {
        int length = snprintf(text, sizeof text, "return Sequential{ name = 'read', %s, batch_size = 16, shards = 4, epochs = 2, seed = 7 }\n", read[m].text);
        command_write(folder, "read.lua", text, length);
        snprintf(line, sizeof line, "$L train read.lua --quiet >one && mv read.safetensors one.weights; " RUN
                                    "for n in 2 3; do $R $n $L train read.lua --quiet >many && cmp many one && cmp read.safetensors one.weights; done; "
                                    "$R 3 $L train read.lua --epochs=1 --quiet >many && $R 2 $L train read.lua --resume --quiet >many && "
                                    "cmp read.safetensors one.weights && echo %s", read[m].name);
        snprintf(text, sizeof text, "%s\n", read[m].name);
        command_expect(folder, 120, line, 0, text, NULL);
    }
    y[77] = -1e39;
    snprintf(line, sizeof line, "%s/y.npy", folder);
    cr_assert_eq(lstmc_npy_write_double(line, y, 1, (const size_t[]){ 90 }, &message), 0, "%s", message.text);
    command_write(folder, "read.lua", text, snprintf(text, sizeof text, "return Sequential{ %s, batch_size = 16, shards = 4 }\n", read[0].text));
    command_expect(folder, 60, RUN "$R 3 $L train read.lua 2>said; echo $?; grep -c 'y.npy: row 77, column 0 (from 0): -1e+39 is not a finite number' said", 0,
                   "1\n1\n", NULL);
    command_folder_remove(folder);
}

/* One rank of three, when there is a checkpoint; another number of them goes on. */
Test(mpi, a_rank_is_killed)
{
    static const int others[] = { 2, 4, 1, 3 };
    skip_without_mpi();
    char *folder = command_folder(), line[1200];
    for (int m = 0; m < MODELS; m++) {
        const char *name = models[m];
        write_model(folder, m);
        snprintf(line, sizeof line,
                 "$L train %s.lua epochs=30 --quiet >/dev/null && mv %s.safetensors one.weights; " RUN
                 "rm *.checkpoint; $R 3 $L train %s.lua epochs=30 --checkpoint-every=2 >said 2>&1 & started=$!; while ! [ -f %s.checkpoint ]; do :; done; "
                 "kill -9 $(awk -v p=$started '$4 == p { print $1 }' /proc/[0-9]*/stat 2>/dev/null | sed -n %dp) && wait $started; echo $?; "
                 "$R %d $L train %s.lua epochs=30 --resume --quiet >/dev/null && cmp %s.safetensors one.weights",
                 name, name, name, name, 1 + m % 3, others[m], name, name);
        command_expect(folder, 240, line, 0, "137\n", NULL);
    }
    command_folder_remove(folder);
}

/* What all would say is said once, what another one alone has to say is said with its number. */
Test(mpi, mistakes)
{
    skip_without_mpi();
    char *folder = command_folder();
    write_model(folder, 0);
    command_write(folder, "wrong.lua", "return Sequential{ Input{2}, Dens{1} }\n", 39);
    command_expect(folder, 60, RUN "$R 3 $L train wrong.lua 2>said; echo $?; grep -c 'wrong.lua:1' said", 0, "1\n1\n", NULL);
    command_expect(folder, 60, RUN "$R 5 $L train norm.lua 2>said; echo $?; grep -c 'write shards = 5' said", 0,
                   "norm: 93 samples, 20 held out, 2144 weights, batches of 16, 3 epochs, 5 ranks\n1\n1\n", NULL);
    command_expect(folder, 60, RUN "$R 3 $L summary norm.lua 2>said; echo $?; grep -c 'summary is for one program' said", 0, "2\n1\n", NULL);
    command_expect(folder, 60, RUN "$R 3 $L train --bogus 2>said; echo $?; grep -c 'unknown option' said", 0, "2\n1\n", NULL);
    command_expect(folder, 60, RUN "$R 2 $L train norm.lua --interpreted 2>said; echo $?; grep -c 'one rank' said", 0, "1\n1\n", NULL);
    command_expect(folder, 60, RUN "$R 2 $L train norm.lua --gradient-flow 2>said; echo $?; grep -c 'one rank' said", 0, "1\n1\n", NULL);
    command_expect(folder, 60, RUN "export LUA=norm.lua; $R 2 sh -c 'test $OMPI_COMM_WORLD_RANK = 0 || LUA=none.lua; $L train $LUA --quiet' 2>said; echo $?; "
                                   "grep -c 'rank 1, on .*none.lua' said", 0, "1\n1\n", NULL);
    command_expect(folder, 60, RUN "sed 's/LSTM{21}/LSTM{21, unroll = true}/; s/93/94/' norm.lua >other.lua; cp norm.lua n.lua; "
                                   "$R 2 sh -c 'test $OMPI_COMM_WORLD_RANK = 0 || cp other.lua n1.lua; cp n.lua n0.lua; sleep 1; "
                                   "$L train n$OMPI_COMM_WORLD_RANK.lua --quiet' 2>said; echo $?; grep -c 'the data on rank 1 is another one' said",
                   0, "1\n1\n", NULL);
    command_folder_remove(folder);
}

/* mpirun within a job of Slurm: the first of its ranks speaks, whatever number Slurm has given to what started it. */
Test(mpi, within_a_job_of_slurm)
{
    skip_without_mpi();
    char *folder = command_folder();
    write_model(folder, 0);
    command_expect(folder, 60, RUN "export SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=3 SLURM_PROCID=1; $R 2 $L train norm.lua --quiet", 0,
                   "weights: norm.safetensors\n", NULL);
    command_folder_remove(folder);
}

/* Copied without what stands beside it, the program says what is missing; for one program nothing is. */
Test(mpi, without_the_module)
{
    skip_without_mpi();
    char *folder = command_folder();
    write_model(folder, 0);
    command_expect(folder, 60, "cp $L lstmc && ./lstmc train norm.lua --quiet >/dev/null && " RUN
                               "$R 2 ./lstmc train norm.lua 2>said; echo $?; grep -c 'built without MPI' said", 0, "1\n1\n", NULL);
    command_folder_remove(folder);
}

/* An interrupted job ends in all ranks, with a checkpoint that goes on. */
/* All ranks end with 143; mpirun says 128 where it has ended those that were not quite gone. */
Test(mpi, an_interruption)
{
    skip_without_mpi();
    char *folder = command_folder();
    write_model(folder, 0);
    command_expect(folder, 120, "$L train norm.lua epochs=300 --quiet >/dev/null && mv norm.safetensors one.weights; rm *.checkpoint; " RUN
                                "$R 2 $L train norm.lua epochs=300 --checkpoint-every=2 >said 2>&1 & started=$!; "
                                "while ! [ -f norm.checkpoint ]; do :; done; "
                                "kill -TERM $(awk -v p=$started '$4 == p { print $1 }' /proc/[0-9]*/stat 2>/dev/null | sed -n 2p); wait $started; [ $? -ge 128 ] && echo ended; "
                                "grep -c 'interrupted in epoch' said; $R 3 $L train norm.lua epochs=300 --resume --quiet >/dev/null && cmp norm.safetensors one.weights",
                   0, "ended\n1\n", NULL);
    command_folder_remove(folder);
}

/* Trials spread over ranks: the table of one program, to the byte. */
Test(mpi, a_search)
{
    skip_without_mpi();
    char *folder = command_folder();
    write_model(folder, 0);
    command_expect(folder, 120, "sed 's/LSTM{21}/LSTM{arg.units or 21}/' norm.lua >searched.lua; S='search searched.lua units=3..20 --trials 5'; "
                                "$L $S --quiet >one && mv norm.search.csv one.csv && " RUN
                                "$R 2 $L $S --quiet >two && cmp one two && cmp one.csv norm.search.csv && grep -c rank two", 0, "1\n", NULL);
    command_folder_remove(folder);
}
