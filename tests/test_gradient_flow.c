/* test_gradient_flow.c: what train --gradient-flow writes is ||dL/dh_t||: known for a linear recurrence, where each step back multiplies by the
 * recurrent kernel, and told by the interpreter's gradient of the initial input otherwise. */
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* h_t = x_t W + 0.5 h_{t-1}: whatever the rest of the model, dL/dh_t = 0.5 dL/dh_{t+1}. 21 samples: two batches of 8, in two shards, and one of 5. */
static const char linear[] =
    "local function pick(random) local x = {} for t = 1, 7 do x[t] = { random(), random() } end return x, { random() } end\n"
    "return Sequential{ name = 'linear', Input{7, 2}, SimpleRNN{arg.units or 3, activation = 'linear', recurrent_initializer = Identity{0.5}},\n"
    "  Dense{1, kernel_initializer = Ones()}, loss = 'mse', optimizer = SGD{learning_rate = 1e-9},\n"
    "  data = samples{pick, samples = 21, validation_samples = 4}, batch_size = 8, shards = 2, epochs = 2 }\n";

static double norms[3][16];

/* Rows of an epoch of a layer into norms[which]; their number. */
static int read_norms(const char *text, int epoch, const char *layer, double *to)
{
    int count = 0, e, t;
    char name[64];
    double norm;
    cr_assert(!strncmp(text, "epoch,layer,timestep,norm\n", 26));
    for (text = strchr(text, '\n') + 1; *text; text = strchr(text, '\n') + 1) {
        cr_assert_eq(sscanf(text, "%d,%63[^,],%d,%lf", &e, name, &t, &norm), 4, "%.40s", text);
        if (e != epoch || strcmp(name, layer))
            continue;
        cr_assert_eq(t, count);
        to[count++] = norm;
    }
    return count;
}

Test(gradient_flow, of_a_linear_recurrence)
{
    static const char *const options[] = { "", "units=5 --lanes=4", "--target=plain", "units=8 --lanes=16" };
    char *folder = command_folder();
    command_write(folder, "a.lua", linear, sizeof linear - 1);
    for (int i = 0; i < 4; i++) {
        char line[200];
        snprintf(line, sizeof line, "$L train a.lua %s --gradient-flow --quiet", options[i]);
        command_expect(folder, 60, line, 0, "report: linear.report.html", NULL);
        char *text = command_read_file(folder, "linear.gradient_flow.csv"), *page = command_read_file(folder, "linear.report.html");
        cr_assert_eq(read_norms(text, 1, "simple_rnn", norms[0]), 7);
        for (int t = 0; t < 6; t++)
            cr_expect(fabs(norms[0][t] / norms[0][t + 1] - 0.5) < 1e-4, "%s: step %d: %g of %g", options[i], t, norms[0][t], norms[0][t + 1]);
        cr_expect(norms[0][6] > 1e-3);
        cr_expect(strstr(page, "dL/dh_t") != NULL);
        free(text);
        free(page);
    }
    command_expect(folder, 60, "$L train a.lua --gradient-flow --resume --epochs=3 --quiet units=8 --lanes=16; grep -c '^[01],' linear.gradient_flow.csv; grep -c '^2,' linear.gradient_flow.csv",
                   0, "14\n7\n", NULL);
    command_expect(folder, 60, "$L train a.lua --gradient-flow --interpreted", 2, NULL, "does not go with --interpreted");
    command_folder_remove(folder);
}

/* Two layers and states of all kinds; with the tape that keeps nothing there is nothing else that differs. */
Test(gradient_flow, changes_nothing_else)
{
    static const char two[] =
        "local function pick(random) local x = {} for t = 1, 7 do x[t] = { random(), random() } end return x, { random() } end\n"
        "return Sequential{ name = 'two', Input{7, 2}, LSTM{5, return_sequences = true}, GRU{4}, Dense{1}, loss = 'mse',\n"
        "  data = samples{pick, samples = 40, validation_samples = 4}, batch_size = 8, epochs = 2 }\n";
    char *folder = command_folder();
    command_write(folder, "a.lua", two, sizeof two - 1);
    command_expect(folder, 60, "$L train a.lua --quiet --out without.safetensors && $L train a.lua --quiet --gradient-flow --out with.safetensors", 0, "weights: with", NULL);
    command_expect(folder, 60, "cmp with.safetensors without.safetensors", 0, NULL, NULL);
    char *text = command_read_file(folder, "with.gradient_flow.csv");
    cr_expect_eq(read_norms(text, 0, "lstm", norms[0]), 7);
    cr_expect_eq(read_norms(text, 1, "gru", norms[1]), 7);
    for (int t = 0; t < 7; t++)
        cr_expect(norms[0][t] > 0 && norms[1][t] > 0);
    free(text);
    command_expect(folder, 60, "$L check a.lua --keep-adjoints", 0, "all within tolerance", NULL);
    command_folder_remove(folder);
}
