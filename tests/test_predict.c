/* test_predict.c: lstmc predict and sample: every kind of input gives the same numbers, in the data's unit, and mistakes are said with their place. */
#include "runtime/lstmc.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

static void setup(void)
{
    folder = command_folder();
}

static void teardown(void)
{
    command_folder_remove(folder);
}

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

static char *said(const char *line)
{
    return command_said(folder, 120, line);
}

TestSuite(predict, .init = setup, .fini = teardown);

static const char table[] = "t,a,b\n"
                            "1,10,100\n2,12,90\n3,11,95\n4,15,85\n5,14,88\n6,18,70\n7,17,75\n8,21,60\n9,20,66\n10,25,50\n11,24,55\n12,29,40\n";

static const char forecast[] = "return Sequential{ name = 'f', Input{3, 2}, LSTM{5}, Dense{1}, loss = 'mse', optimizer = Adam{learning_rate = 0.05},\n"
                               "  data = csv{'t.csv', columns = {'a', 'b'}, targets = {'a'}, window = 3, normalization = 'standard', split = 0.7,\n"
                               "             relative = arg.relative == 'yes'}, batch_size = 4, epochs = 30 }\n";

/* Windows of a table, numbers and arrays that hold the same windows. */
Test(predict, the_same_by_every_way)
{
    write_text("t.csv", table);
    write_text("f.lua", forecast);
    expect("$L train f.lua --quiet", 0, "weights: f.safetensors", NULL);
    char *by_table = said("$L predict f.lua --input t.csv --interpreted"), *by_numbers, *by_array;
    int lines = 0;
    for (const char *c = by_table; *c; c++)
        lines += *c == '\n';
    cr_expect_eq(lines, 10, "12 rows have 10 windows of 3, the last one too: %d", lines);
    by_numbers = said("awk -F, 'NR > 1 { a[NR] = $2 \" \" $3 } NR > 3 { print a[NR-2], a[NR-1], a[NR] }' t.csv | $L predict f.lua --interpreted");
    cr_expect_str_eq(by_table, by_numbers);
    expect("$L predict f.lua --input t.csv --interpreted --out y.csv", 0, NULL, NULL);
    expect("head -1 y.csv; tail -n +2 y.csv | wc -l", 0, "\"a\"\n10", NULL);
    /* the windows as an array of float64 (10, 3, 2), and what comes out of it as an array of float32 (10, 1) */
    unsigned char npy[128 + 10 * 6 * 8] = "\x93NUMPY\x01\x00\x76";
    memset(npy + 10, ' ', 117);
    const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (10, 3, 2), }";
    memcpy(npy + 10, header, sizeof header - 1);
    npy[127] = '\n';
    double rows[12][2];
    const char *at = strchr(table, '\n') + 1;
    for (int i = 0, t; i < 12; i++, at = strchr(at, '\n') + 1)
        cr_assert_eq(sscanf(at, "%d,%lf,%lf", &t, &rows[i][0], &rows[i][1]), 3);
    for (int window = 0; window < 10; window++)
        memcpy(npy + 128 + window * 48, rows[window], 48);
    command_write(folder, "x.npy", npy, sizeof npy);
    by_array = said("$L predict f.lua --input x.npy --interpreted");
    cr_expect_str_eq(by_table, by_array);
    expect("$L predict f.lua --input x.npy --interpreted --out y.npy", 0, NULL, NULL);
    struct lstmc_npy array;
    struct lstmc_message message;
    char path[200];
    snprintf(path, sizeof path, "%s/y.npy", folder);
    cr_assert_eq(lstmc_npy_read(path, &array, &message), 0, "%s", message.text);
    cr_assert(array.rank == 2 && array.shape[0] == 10 && array.shape[1] == 1 && !strcmp(array.dtype, "<f4"));
    char *line = by_table;
    for (size_t i = 0; i < 10; i++, line = strchr(line, '\n') + 1)
        cr_expect(fabs(lstmc_npy_value(&array, i) - atof(line)) < 1e-4 * fabs(atof(line)), "%zu", i);
    cr_expect(atof(by_table) > 5 && atof(by_table) < 40, "in the unit of the file: %s", by_table);
    lstmc_npy_free(&array);
    /* the compiled model says the same */
    char *compiled = said("$L predict f.lua --input t.csv");
    for (char *a = by_table, *b = compiled; *a && *b; a = strchr(a, '\n') + 1, b = strchr(b, '\n') + 1)
        cr_expect(fabs(atof(a) - atof(b)) < 1e-4 * fabs(atof(a)), "%s against %s", a, b);
    free(by_table), free(by_numbers), free(by_array), free(compiled);
}

Test(predict, relative_forecasts_are_added_to_the_last_value)
{
    write_text("t.csv", table);
    write_text("f.lua", forecast);
    expect("$L train f.lua relative=yes --interpreted --epochs=1 --quiet", 0, "weights: ", NULL);
    char *lines = said("$L predict f.lua relative=yes --input t.csv --interpreted | tail -1");
    double value = atof(lines);
    cr_expect(value > 20 && value < 40, "the last value is 29: %g", value);
    char *again = said("printf '25 50 24 55 29 40' | $L predict f.lua relative=yes --interpreted");
    cr_expect(fabs(atof(again) - value) < 1e-3, "the same rows as numbers: %s", again);
    free(again);
    free(lines);
    expect("$L predict f.lua relative=yes --input t.csv --interpreted --out y.csv && head -1 y.csv", 0, "\"a\"\n", NULL);
    expect("printf '25 50 24 55 29 40' | $L predict f.lua relative=yes --interpreted --out y.csv && head -1 y.csv", 0, "\"a\"\n", NULL);
}

static const char sequence[] =
    "local function pick(random) local x, y = {}, {} for t = 1, 4 do x[t] = { random() } y[t] = x[t][1] > 0.5 and 1 or 0 end return x, y end\n"
    "return Sequential{ name = 's', Input{4, 1}, SimpleRNN{3, return_sequences = true}, Dense{2, activation = 'softmax'},\n"
    "  loss = 'sparse_categorical_crossentropy', optimizer = Adam{learning_rate = 0.05},\n"
    "  data = samples{pick, samples = 400, validation_samples = 8, labels = {'low', 'high'}}, epochs = 8 }\n";

Test(predict, sequences_labels_and_streams)
{
    write_text("s.lua", sequence);
    expect("$L train s.lua --quiet", 0, "weights: ", NULL);
    char *samples = said("printf '0.1 0.9, 0.8;0.2\\n0.9 0.9 0.9 0.1' | $L predict s.lua");
    char *steps = said("printf '0.1 0.9 0.8 0.2' | $L predict s.lua --stream");
    cr_expect(!strncmp(samples, steps, strlen(steps)), "%s against %s", samples, steps);
    cr_expect(!strncmp(samples + strlen(steps), "\nhigh ", 6), "an empty line between: %s", samples);
    expect("printf '0.1 0.9 0.8 0.2' | $L predict s.lua | cut -d' ' -f1 | tr '\\n' ' '", 0, "low high high low", NULL);
    expect("printf '0.1 0.9 0.8 0.2\\n0.9 0.1 0.1 0.1' | $L predict s.lua --join", 0, "low high high low\nhigh low low low\n", NULL);
    expect("printf '0.1 0.9 0.8 0.2' | $L predict s.lua --out y.csv; cat y.csv", 0, "\"low 1\",\"high 1\",\"low 2\"", NULL);
    free(samples), free(steps);
}

static const char texts[] = "return Sequential{ name = 'w', Input{5}, Embedding{arg.ids or 9, 4}, GRU{4}, Dense{1, activation = 'sigmoid'},\n"
                            "  loss = 'binary_crossentropy', optimizer = Adam{learning_rate = 0.05}, metrics = {'accuracy'},\n"
                            "  data = lines{'r.tsv', label = 1, text = 2, level = 'word', lower = true, vocabulary = 9, split = 0.8}, epochs = 60, batch_size = 2 }\n";

Test(predict, texts)
{
    write_text("r.tsv", "good\tA nice film\nbad\ta dull film\ngood\tnice , nice\nbad\tdull\ngood\tvery nice\nbad\tvery dull\ngood\tNICE!\nbad\tdull!\n");
    write_text("w.lua", texts);
    expect("$L train w.lua --interpreted --quiet", 0, "weights: ", NULL);
    expect("printf 'what a Nice thing\\nso dull\\r\\n' | $L predict w.lua --interpreted | cut -d' ' -f1 | tr '\\n' ' '", 0, "good bad", NULL);
    expect("printf 'caf\\303' | $L predict w.lua --interpreted", 1, NULL, "standard input:1: column 4: is not UTF-8");
    expect("printf 'a' | $L predict w.lua --stream", 1, NULL, "--stream: texts are read line by line");
}

Test(predict, mistakes)
{
    write_text("t.csv", table);
    write_text("f.lua", forecast);
    write_text("s.lua", sequence);
    expect("$L predict f.lua --interpreted", 1, NULL, "f.safetensors: No such file or directory (lstmc train f.lua writes it");
    expect("$L train f.lua --interpreted --epochs=1 --quiet && $L train s.lua --interpreted --epochs=1 --quiet", 0, "weights: ", NULL);
    expect("printf '1 2 3' | $L predict f.lua --interpreted", 1, NULL, "standard input:1: the input ends after 3 of 6 values");
    expect("printf '1 2\\n3 x' | $L predict f.lua --interpreted", 1, NULL,
           "standard input:2: \"x\" is no finite number");
    expect("printf 'a\\n1\\n2\\n' > u.csv; $L predict f.lua --input u.csv --interpreted", 1, NULL, "no column \"b\"");
    expect("printf 'a,b\\n1,2\\n2,3\\n' > u.csv; $L predict f.lua --input u.csv --interpreted", 1, NULL, "has 2 rows, a sample reads 3 that follow");
    expect("$L predict s.lua --input t.csv --interpreted", 1, NULL, "does not say which columns to read");
    expect("$L predict f.lua --input no.txt --interpreted", 1, NULL, "no.txt: No such file");
    expect("$L predict f.lua --weights s.safetensors --interpreted", 1, NULL, "s.safetensors");
    expect("$L predict f.lua --stream --interpreted", 1, NULL, "--stream: --interpreted computes whole samples");
    expect("$L sample f.lua", 1, NULL, "says of no text that the model reads");
    expect("$L sample f.lua --temperature=-1", 2, NULL, "--temperature takes");
    expect("$L predict f.lua --length=3", 2, NULL, "--length does not go with predict");
}

static const char characters[] = "return Sequential{ name = 'c', Input{8}, Embedding{4, 6}, LSTM{16, return_sequences = true}, Dense{4, activation = 'softmax'},\n"
                                 "  loss = 'sparse_categorical_crossentropy', optimizer = Adam{learning_rate = 0.02},\n"
                                 "  data = characters{'c.txt', window = 8, split = 0.9, stateful = true}, batch_size = 4, epochs = 40 }\n";

/* A text in which the next character is known from the two before. */
Test(predict, sample)
{
    char text[901] = "";
    for (int i = 0; i < 900; i++)
        text[i] = "aabc\n"[i % 5] == '\n' ? '\n' : "aabc\n"[i % 5];
    command_write(folder, "c.txt", text, 900);
    write_text("c.lua", characters);
    expect("$L train c.lua --quiet", 0, "weights: ", NULL);
    expect("$L sample c.lua --length=14 --temperature=0", 0, "aabc\naabc\n", NULL);
    expect("$L sample c.lua --length=6 --temperature=0 --prompt=aab", 0, "aabc\naabc\n", NULL);
    char *one = said("$L sample c.lua --length=80 --temperature=3 --seed=5"), *again = said("$L sample c.lua --length=80 --temperature=3 --seed=5"),
         *other = said("$L sample c.lua --length=80 --temperature=3 --seed=6");
    cr_expect_str_eq(one, again);
    cr_expect_str_neq(one, other);
    cr_expect_eq(strlen(one), 81);
    expect("$L sample c.lua --prompt=xyz", 1, NULL, "--prompt: column 1: no id stands for 'x'");
    free(one), free(again), free(other);
}
