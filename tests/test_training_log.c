/* test_training_log.c: the tables that a training leaves: numbers, gaps, resumed runs, and mistakes with file and line. */
#include "mutate.h"
#include "temporary.h"

#include "compiler/report/training_log.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;
static struct lstmc_message message;

static void set_up(void)
{
    arena = arena_create();
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(training_log, .init = set_up, .fini = tear_down);

static int read_log(const char *text, TrainingLog *log)
{
    struct temporary_file file = temporary_text(text);
    int status = training_log_read(arena, file.path, log, &message);
    temporary_remove(&file);
    return status;
}

static int read_flow(const char *text, GradientFlow *flow)
{
    struct temporary_file file = temporary_text(text);
    int status = gradient_flow_read(arena, file.path, flow, &message);
    temporary_remove(&file);
    return status;
}

Test(training_log, numbers)
{
    TrainingLog log;
    cr_assert(!read_log("\xef\xbb\xbf" "epoch,learning_rate,loss,val_loss\r\n0,0.001,0.5,0.6\r\n\r\n1, 1e-4 ,0.25,nan\n2,1E-5,inf,-inf\n3,0,NA,", &log), "%s", message.text);
    cr_assert(log.epochs == 4 && log.keys == 3);
    cr_expect_str_eq(log.key[0], "learning_rate");
    cr_expect_str_eq(log.key[2], "val_loss");
    const double *rate = training_log_values(&log, "learning_rate"), *loss = training_log_values(&log, "loss"), *validation = training_log_values(&log, "val_loss");
    cr_expect(rate[0] == 0.001 && rate[1] == 1e-4 && rate[2] == 1e-5 && log.epoch[3] == 3);
    cr_expect(loss[1] == 0.25 && loss[2] == INFINITY && isnan(loss[3]));
    cr_expect(isnan(validation[1]) && validation[2] == -INFINITY && isnan(validation[3]));
    cr_expect(!training_log_values(&log, "mae"));
}

Test(training_log, other_separators)
{
    static const char *const texts[] = { "epoch;loss;mae\n0;1;2\n1;;4\n", "epoch\tloss\tmae\n0\t1\t2\n1\t\t4\n", "epoch|loss|mae\n0|1|2\n1| |4\n" };
    for (int i = 0; i < 3; i++) {
        TrainingLog log;
        cr_assert(!read_log(texts[i], &log), "%s", message.text);
        cr_expect(log.keys == 2 && log.epochs == 2 && log.value[0][0] == 1 && isnan(log.value[0][1]) && log.value[1][1] == 4, "\"%s\"", texts[i]);
    }
    TrainingLog log;
    cr_expect(read_log("epoch\tloss\n0\t\n", &log) == 0 && isnan(log.value[0][0]), "%s", message.text);
}

/* What was written before a training was killed is overtaken by what the resumed one says. */
Test(training_log, resumed)
{
    TrainingLog log;
    cr_assert(!read_log("epoch,loss\n0,10\n1,11\n2,12\n1,21\n2,22\n3,23\n", &log), "%s", message.text);
    cr_assert_eq(log.epochs, 4);
    for (int i = 0; i < 4; i++)
        cr_expect(log.epoch[i] == i && log.value[0][i] == (i ? 20 : 10) + i, "epoch %g: %g", log.epoch[i], log.value[0][i]);
}

Test(training_log, mistakes)
{
    static const char *const cases[][2] = {
        { "", ": is empty: no line of names" },
        { "\n \n", ": is empty: no line of names" },
        { "time,loss\n1,2\n", ":1: the first column is \"time\", not epoch" },
        { "epoch,loss\n", ": has a line of names, but no epoch" },
        { "epoch,loss,loss\n0,1,2\n", ":1: two columns are named \"loss\"" },
        { "epoch,,loss\n0,1,2\n", ":1: column 2 has no name" },
        { "epoch,loss\n0,1\n\n1,2,3\n", ":4: 3 cells instead of 2" },
        { "epoch,loss\n0,1\n1\n", ":3: 1 cells instead of 2" },
        { "epoch,loss\n0,1\n1,0.5x\n", ":3: loss: \"0.5x\" is not a number" },
        { "epoch,loss\n0,0x1p3\n", ":2: loss: \"0x1p3\" is not a number" },
        { "epoch,loss\n0,1e999\n", ":2: loss: \"1e999\" is not a number" },
        { "epoch,loss\n-1,1\n", ":2: epoch: \"-1\" is not a whole number from 0" },
        { "epoch,loss\n0.5,1\n", ":2: epoch: \"0.5\" is not a whole number from 0" },
        { "epoch,loss\nnan,1\n", ":2: epoch: \"nan\" is not a whole number from 0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TrainingLog log;
        cr_expect(read_log(cases[i][0], &log) == LSTMC_BAD_FILE, "\"%s\" is taken", cases[i][0]);
        cr_expect(strstr(message.text, cases[i][1]), "\"%s\"\n  says %s\n  instead of %s", cases[i][0], message.text, cases[i][1]);
    }
    TrainingLog log;
    cr_expect(training_log_read(arena, "/nowhere/log.csv", &log, &message) == LSTMC_IO && strstr(message.text, "/nowhere/log.csv: No such file"));
    struct temporary_file file = temporary_write("epoch,loss\n0,\0001\n", 16);
    cr_expect(training_log_read(arena, file.path, &log, &message) == LSTMC_BAD_FILE && strstr(message.text, "is not text"), "%s", message.text);
    temporary_remove(&file);
}

Test(training_log, more_cells_than_there_is_room_for)
{
    static char text[4000] = "epoch";
    for (int i = 0; i < 300; i++)
        sprintf(text + strlen(text), ",k%d", i);
    TrainingLog log;
    cr_expect(read_log(text, &log) == LSTMC_BAD_FILE && strstr(message.text, ":1: more than 256 cells"), "%s", message.text);
}

Test(training_log, gradient_flow)
{
    GradientFlow flow;
    cr_assert(!read_flow("epoch,layer,timestep,norm\n0,lstm,0,1e-3\n0,rnn,0,0.5\n0,lstm,1,2e-3\n0,lstm,2,nan\n0,rnn,1,0\n4,lstm,0,inf\n", &flow), "%s", message.text);
    cr_assert_eq(flow.count, 3);
    cr_expect_str_eq(flow.series[1].layer, "rnn");
    cr_expect(flow.series[0].count == 3 && flow.series[0].norm[1] == 2e-3 && isnan(flow.series[0].norm[2]) && flow.series[0].timestep[2] == 2);
    cr_expect(flow.series[1].count == 2 && flow.series[1].norm[0] == 0.5 && flow.series[1].norm[1] == 0);
    cr_expect(flow.series[2].epoch == 4 && flow.series[2].norm[0] == INFINITY);
}

Test(training_log, gradient_flow_of_an_epoch_again)
{
    GradientFlow flow;
    cr_assert(!read_flow("epoch,layer,timestep,norm\n0,a,0,1\n0,a,1,2\n0,a,2,3\n0,a,0,4\n0,a,1,5\n", &flow), "%s", message.text);
    cr_expect(flow.count == 1 && flow.series[0].count == 2 && flow.series[0].norm[0] == 4 && flow.series[0].norm[1] == 5);
}

Test(training_log, mistakes_of_gradient_flow)
{
    static const char *const cases[][2] = {
        { "", ":1: the first line is not epoch,layer,timestep,norm" },
        { "epoch,loss\n0,1\n", ":1: the first line is not epoch,layer,timestep,norm" },
        { "epoch,layer,timestep,norm\n", ": has a line of names, but no norms" },
        { "epoch,layer,timestep,norm\n0,lstm,0\n", ":2: 3 cells instead of 4" },
        { "epoch,layer,timestep,norm\n0,lstm,0,-1\n", ":2: norm: -1 is negative" },
        { "epoch,layer,timestep,norm\n0,,0,1\n", ":2: the layer has no name" },
        { "epoch,layer,timestep,norm\n0,lstm,1,1\n0,lstm,1,1\n", ":3: timestep 1 of lstm follows 1" },
        { "epoch,layer,timestep,norm\n0,lstm,x,1\n", ":2: timestep: \"x\" is not a whole number from 0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        GradientFlow flow;
        cr_expect(read_flow(cases[i][0], &flow) == LSTMC_BAD_FILE, "\"%s\" is taken", cases[i][0]);
        cr_expect(strstr(message.text, cases[i][1]), "\"%s\"\n  says %s\n  instead of %s", cases[i][0], message.text, cases[i][1]);
    }
}

/* Files with bytes changed, lost or doubled: a message or a result. */
Test(training_log, any_bytes)
{
    static const char *const seeds[] = { "epoch,loss,val_loss\n0,0.5,0.25\n1,nan,inf\n2,1e-3,NA\n", "epoch,layer,timestep,norm\n0,a,0,1\n0,a,1,2\n1,b,0,1e-9\n" };
    srand(4);
    int taken = 0;
    for (int turn = 0; turn < 1000; turn++) {
        char text[200];
        strcpy(text, seeds[turn % 2]);
        for (int change = rand() % 4; change >= 0; change--) {
            size_t length = strlen(text), at = (size_t)rand() % (length ? length : 1);
            switch (rand() % 3) {
            case 0: text[at] = rand() % 2 ? ",\n.e-0 "[rand() % 7] : (char)(1 + rand() % 255); break;
            case 1: text[at] = 0; break;
            case 2: memmove(text + at, text + at + (at < length), length - at + (at >= length)); break;
            }
        }
        TrainingLog log;
        GradientFlow flow;
        message.text[0] = 0;
        int status = turn % 2 ? read_flow(text, &flow) : read_log(text, &log);
        cr_expect(!status || message.text[0], "status %d without a word: \"%s\"", status, text);
        taken += !status;
    }
    cr_expect(taken > 50 && taken < 950, "%d of 1000 files were taken", taken);
}

/* ---- damaged files ---- */

static int read_mutated_log(void *context, const char *path, struct lstmc_message *why)
{
    TrainingLog log;
    Arena *own = arena_create();
    int status = training_log_read(own, path, &log, why);
    (void)context;
    arena_free(own);
    return status;
}

static int read_mutated_flow(void *context, const char *path, struct lstmc_message *why)
{
    GradientFlow flow;
    Arena *own = arena_create();
    int status = gradient_flow_read(own, path, &flow, why);
    (void)context;
    arena_free(own);
    return status;
}

Test(training_log, mutations)
{
    static const char log[] = "epoch,learning_rate,loss,val_loss\n0,0.001,1.5,nan\n1,0.001,1,2\n1,0.0005,0.5,1\n2,0.0005,inf,NA\n";
    static const char flow[] = "epoch,layer,timestep,norm\n0,lstm,0,0.5\n0,lstm,1,0.25\n0,gru,0,1e-7\n1,lstm,0,0.5\n";
    struct mutations done = mutate(log, sizeof log - 1, ",;\t\n0129e-.na", read_mutated_log, NULL);
    cr_expect(done.refused > done.files / 20 && done.refused < done.files, "%d of %d logs were refused", done.refused, done.files);
    done = mutate(flow, sizeof flow - 1, ",;\t\n0129e-.na", read_mutated_flow, NULL);
    cr_expect(done.refused > done.files / 20 && done.refused < done.files, "%d of %d flows were refused", done.refused, done.files);
}
