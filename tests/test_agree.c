/* test_agree.c: what is trained is what is shipped: lstmc evaluate, predict on tables, arrays, text and streams, and
 * the program that --example writes read the same, refuse the same and say the same. */
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

TestSuite(agree, .init = setup, .fini = teardown);

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static Ran run(const char *format, const char *name)
{
    char line[500];
    snprintf(line, sizeof line, format, name, name, name, name);
    return command_run(folder, 120, line);
}

static void expect_done(const char *format, const char *name)
{
    Ran ran = run(format, name);
    cr_assert_eq(ran.status, 0, "%s: %s", name, ran.errors);
    ran_free(&ran);
}

/* NAME.lua is trained and shipped, NAME/NAME its program. */
static void build(const char *name, const char *text)
{
    char file[40];
    snprintf(file, sizeof file, "%s.lua", name);
    write_text(file, text);
    expect_done("$L train %s.lua --interpreted --quiet", name);
    expect_done("mkdir -p %s && $L %s.lua --weights %s.safetensors --inference --example --quiet -o %s", name);
    expect_done("make -s -C %s CFLAGS='-std=c11 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion "
                "-Werror'",
                name);
}

/* Words and numbers one after the other, numbers to a last digit. */
static bool same_answers(const char *a, const char *b)
{
    while (*a && *b) {
        char *a_end, *b_end;
        double x = strtod(a, &a_end), y = strtod(b, &b_end);
        if (a_end > a && b_end > b) {
            if (!(fabs(x - y) <= 1e-4 * fmax(1, fabs(x))))
                return false;
            a = a_end, b = b_end;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

/* "2: what is wrong", of "m.lua: standard input:2: what is wrong" or "line 2: what is wrong". */
static const char *reason(const char *errors)
{
    const char *at = strstr(errors, "standard input:");
    return at ? at + strlen("standard input:") : strncmp(errors, "line ", 5) ? errors : errors + 5;
}

/* Both programs on this input: the same answers, status and reason; `refused`: a part of the reason, or NULL. */
static void expect_same(const char *name, const char *option, const char *bytes, size_t size, const char *refused)
{
    char line[200];
    command_write(folder, "input", bytes, (long)size);
    snprintf(line, sizeof line, "$L predict %s.lua %s %s <input", name, *option ? "" : "--interpreted", option);
    Ran ours = command_run(folder, 120, line);
    snprintf(line, sizeof line, "%s/%s %s <input", name, name, option);
    Ran theirs = command_run(folder, 120, line);
    cr_expect(ours.status == (refused != NULL) && theirs.status == (refused != NULL),
              "%s, \"%.40s\": status %d by predict, %d by the program; %s%s", name, bytes, ours.status, theirs.status,
              ours.errors, theirs.errors);
    cr_expect(same_answers(ours.output, theirs.output), "%s, \"%.40s\": \"%s\" by predict, \"%s\" by the program", name,
              bytes, ours.output, theirs.output);
    cr_expect_str_eq(reason(ours.errors), reason(theirs.errors));
    cr_expect(!refused || strstr(ours.errors, refused), "%s, \"%.40s\": \"%s\", expected \"%s\"", name, bytes,
              ours.errors, refused);
    ran_free(&ours);
    ran_free(&theirs);
}

#define SAME(name, text, refused) expect_same(name, "", text, sizeof text - 1, refused)

static const char table[] = "a,b\n10,1\n12,2\n11,1\n15,3\n14,2\n18,5\n17,4\n21,6\n20,5\n25,8\n24,7\n29,9\n";

/* ---- what is read and refused ---- */

Test(agree, numbers)
{
    write_text("t.csv", table);
    build("v", "return Sequential{ name = 'v', Input{2, 2}, LSTM{3}, Dense{1}, loss = 'mse', batch_size = 4,\n"
               "data = csv{'t.csv', columns = {'a', 'b'}, targets = {'a'}, window = 2, normalization = 'standard', "
               "split = 0.7} }\n");
    SAME("v", "", NULL);
    SAME("v", "10 1 12 2\n11,1;15\t3\r\n14 2 18 5", NULL);
    SAME("v", "+10 1. 12e0 .2e1\n", NULL);
    SAME("v", "1e30 -1e30 0 1\n", NULL);
    SAME("v", "10 1 12 2\n11 1 1e40 3\n", "2: value 3 of the sample, 1e+40, is beyond the floats that the model reads");
    SAME("v", "10 1 1e400 2\n", "1: \"1e400\" is no finite number");
    SAME("v", "10 1\n12 nan\n", "2: \"nan\" is no finite number");
    SAME("v", "10 1 -inf 2\n", "\"-inf\" is no finite number");
    SAME("v", "0x10 1 12 2\n", "\"0x10\" is no finite number");
    SAME("v", "1_000 1 12 2\n", "\"1_000\" is no finite number");
    SAME("v", "10 1 12 2\n11 1 15", "2: the input ends after 3 of 4 values");
    SAME("v", "10 1 12 2 11\n", "the input ends after 1 of 4 values");
    SAME("v", "10 1\0 12 2\n", "\"1?\" is no finite number");
    SAME("v", "\xef\xbb\xbf" "10 1 12 2\n", "is no finite number");
    char deep[1500];
    memset(deep, '0', sizeof deep);
    memcpy(deep, "10 1 12 0.", 10);
    memcpy(deep + sizeof deep - 2, "1\n", 2);
    expect_same("v", "", deep, sizeof deep, "is no finite number"); /* too long for what reads it: not cut in silence */
    memset(deep + 10, '0', 60);
    memcpy(deep + 70, "1\n", 2);
    expect_same("v", "", deep, 72, NULL);
    expect_same("v", "--stream", "10 1 12 2 11", 12, "the input ends after 1 of 2 values");
    expect_same("v", "--stream", "10 1 1e40 2 11 3", 16, "value 1 of the sample, 1e+40, is beyond");
    Ran ran = command_run(folder, 60, "v/v . ; echo $?; $L predict v.lua --interpreted --input . ; echo $?");
    cr_expect_str_eq(ran.output, "1\n1\n", "a folder is no empty input: %s", ran.output);
    ran_free(&ran);
}

Test(agree, ids)
{
    build("i", "return Sequential{ name = 'i', Embedding{8, 3, input_length = 3}, GRU{3}, Dense{2, activation = "
               "'softmax'},\n"
               "loss = 'sparse_categorical_crossentropy', data = samples{function(random) local x = {random(0, 7), "
               "random(0, 7), random(0, 7)}\n"
               "return x, x[1] > 3 and 1 or 0 end, samples = 20, validation_samples = 4, labels = {'low', 'high'}} "
               "}\n");
    SAME("i", "1 2 3\n7,0;4", NULL);
    SAME("i", "1.0 20e-1 +3 -0 0 0\n", NULL);
    SAME("i", "1 2 3\n1 8 2\n", "2: \"8\" is no id");
    SAME("i", "1 -1 2\n", "\"-1\" is no id");
    SAME("i", "1 2.5 2\n", "\"2.5\" is no id");
    SAME("i", "1 4294967297 2\n", "\"4294967297\" is no id");
    SAME("i", "1 x 2\n", "\"x\" is no id");
    SAME("i", "1 2 3 4\n", "the input ends after 1 of 3 values");
}

Test(agree, texts)
{
    write_text("lines.tsv", "a\tabc one\nb\tcab two\na\tabd one\nb\tdab two\na\tabe one\nb\teab two\na\tabc, "
                            "one\nb\tbab two\n");
    build("t", "return Sequential{ name = 't', Embedding{12, 4, input_length = 6}, GRU{4}, Dense{2, activation = "
               "'softmax'},\n"
               "loss = 'sparse_categorical_crossentropy', data = lines{'lines.tsv', label = 1, text = 2, vocabulary = "
               "12, lower = true} }\n");
    SAME("t", "abc\n\ncab two", NULL);
    SAME("t", "ABC one\r\n  cab\t\ndab\rabe\n", NULL);
    SAME("t", "\xef\xbb\xbf" "abc\n\xc3\xa9t\xc3\xa9\n", NULL);
    SAME("t", "abc\nab\xff" "c\n", "2: column 3: is not UTF-8");
    SAME("t", "  ab\xc3\n", "1: column 5: is not UTF-8");
    SAME("t", "abc\0def\n", "1: column 4: is not UTF-8");
    char *wide = malloc(70001);
    memset(wide, 'a', 70000);
    memcpy(wide + 69990, "bcab two e\n", 11);
    expect_same("t", "", wide, 70001, NULL);                                /* one line, and one sample */
    free(wide);
}

Test(agree, bytes)
{
    write_text("text", "abcab abcba cabba abcab\nabcab cabba abc");
    build("b", "return Sequential{ name = 'b', Embedding{5, 4, input_length = 4}, GRU{4, return_sequences = true}, "
               "Dense{5, activation = 'softmax'},\n"
               "loss = 'sparse_categorical_crossentropy', data = characters{'text', window = 4, split = 0.6} }\n");
    SAME("b", "abc\n ab \ncabba abc\n", NULL);
    SAME("b", "abc\nabcd\n", "2: column 4: no id stands for 'd'");
    SAME("b", "ab\0c\n", "column 3: no id stands for the byte 0x00");
    SAME("b", "ab\xc3\xa9\n", "column 3: no id stands for the byte 0xc3");
}

/* ---- the same numbers by every way ---- */

/* The numbers of a line of output: every word one. */
static int numbers_of(const char *line, double *values, int most)
{
    Ran ran = command_run(folder, 240, line);
    cr_assert_eq(ran.status, 0, "%s: %s", line, ran.errors);
    int count = 0;
    char *at = ran.output, *end;
    for (double value; count < most && (value = strtod(at, &end), end > at); at = end)
        values[count++] = value;
    ran_free(&ran);
    return count;
}

/* Every way gives what the first one gives, to so much. */
static void expect_equal(const char *const *lines, double tolerance)
{
    double first[64], values[64];
    int count = numbers_of(lines[0], first, 64);
    cr_assert(count > 0, "%s", lines[0]);
    for (int way = 1; lines[way]; way++) {
        int found = numbers_of(lines[way], values, 64);
        cr_expect_eq(found, count, "%s: %d numbers, not %d", lines[way], found, count);
        for (int i = 0; i < count && i < found; i++)
            cr_expect(fabs(values[i] - first[i]) <= tolerance, "%s: number %d is %.10g, and %.10g by %s", lines[way], i,
                      values[i], first[i], lines[0]);
    }
}

/* An array of float64 (samples, window, 1) out of the third column of far.csv. */
static void write_windows(const double *series, int rows, int window)
{
    unsigned char bytes[4096] = "\x93NUMPY\x01\x00\x76";
    char header[118];
    int samples = rows - window + 1;
    memset(bytes + 10, ' ', 117);
    int length = snprintf(header, sizeof header, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d, 1), }",
                          samples, window);
    memcpy(bytes + 10, header, (size_t)length);
    bytes[127] = '\n';
    for (int s = 0; s < samples; s++)
        memcpy(bytes + 128 + s * window * 8, series + s, (size_t)window * 8);
    command_write(folder, "far.npy", bytes, 128 + samples * window * 8);
}

/* Air pressure, Unix time, coordinates: numbers far from zero, whose deviation floats do not hold; as inputs and as
 * what is predicted. */
static void write_far(void)
{
    double series[24];
    char text[1000] = "p\n";
    for (int i = 0; i < 24; i++) {
        series[i] = 100000 + (i * 3 % 7) / 1000.0;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.3f\n", series[i]);
        series[i] = atof(strrchr(text, '1') ? text + strlen(text) - 11 : text);
    }
    write_text("far.csv", text);
    write_windows(series, 24, 4);
}

#define WINDOWS "awk 'NR > 1 { v[NR] = $1 } NR > 4 { print v[NR-3], v[NR-2], v[NR-1], v[NR] }' far.csv"

Test(agree, numbers_far_from_zero)
{
    static const char *const lines[] = {
        "$L predict far.lua --interpreted --input far.csv",
        WINDOWS " | $L predict far.lua --interpreted",
        WINDOWS " | far/far",
        "$L predict far.lua --interpreted --input far.npy",
        "$L predict far.lua --input far.csv --out far.y.csv && tail -n +2 far.y.csv",
        "$L predict far.lua --interpreted --input far.npy --out y.npy && tail -c +129 y.npy | od -An -v -t f8 -w8",
        NULL,
    };
    write_far();
    build("far", "return Sequential{ name = 'far', Input{4, 1}, GRU{4}, Dense{1}, loss = 'mse', batch_size = 4, epochs "
                 "= 60, shards = 1,\n"
                 "data = csv{'far.csv', columns = {'p'}, window = 4, normalization = 'standard', split = 0.8}, "
                 "optimizer = Adam{learning_rate = 0.03} }\n");
    expect_equal(lines, 1.1e-7);
    double values[64];
    int count = numbers_of(lines[0], values, 64);
    cr_assert_eq(count, 21);
    for (int i = 0; i < count - 1; i++)             /* it has learned what comes next: to a tenth of the deviation */
        cr_expect(fabs(values[i] - 100000 - ((i + 4) * 3 % 7) / 1000.0) < 6e-4, "%d: %.6f", i, values[i]);
    static const char *const stream[] = { "tail -n +2 far.csv | $L predict far.lua --stream",
                                          "tail -n +2 far.csv | far/far --stream", NULL };
    expect_equal(stream, 1e-9);
    Ran ran = command_run(folder, 60,
                          "$L train far.lua --interpreted --epochs=1 --out x.safetensors; grep -c 'That is so of "
                          "\"p\"' far/far.h");
    cr_expect(strstr(ran.errors, "note: far.csv: column \"p\": beside numbers as large as 100000.006 a deviation of "
                                 "0.00204 is lost in floats") &&
                  strstr(ran.errors, "use M_normalize_double"),
              "%s", ran.errors);
    cr_expect(strstr(ran.output, "\n1\n"), "%s", ran.output);
    ran_free(&ran);
}

/* A row whose columns lie in several steps: each column by its own scale. */
Test(agree, rows_of_several_steps)
{
    static const char *const lines[] = {
        "$L predict rows.lua --interpreted --input rows.csv",
        "tail -n +2 rows.csv | cut -d, -f1-4 | $L predict rows.lua --interpreted",
        "tail -n +2 rows.csv | cut -d, -f1-4 | rows/rows",
        NULL,
    };
    char text[2000] = "a,b,c,d,y\n";
    for (int i = 0; i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,%d,%d,%d\n", i * 3 % 7, 100 * (i * 5 % 11),
                 i % 3 - 1000, i * i % 5 * 10000, i % 4);
    write_text("rows.csv", text);
    build("rows", "return Sequential{ name = 'rows', Input{2, 2}, GRU{3}, Dense{1}, loss = 'mse', batch_size = 4, "
                  "epochs = 3, shards = 1,\n"
                  "data = csv{'rows.csv', columns = {'a', 'b', 'c', 'd'}, targets = {'y'}, normalization = 'standard'} "
                  "}\n");
    expect_equal(lines, 1e-5);
    double values[64];
    cr_assert_eq(numbers_of(lines[0], values, 64), 20);
    double loss = 0, said;
    for (int i = 16; i < 20; i++)                   /* held out; in units of the deviation of 0, 1, 2, 3 */
        loss += (values[i] - i % 4) * (values[i] - i % 4) / 1.25 / 4;
    cr_assert_eq(numbers_of("$L evaluate rows.lua --interpreted --quiet | sed 's/loss //'", &said, 1), 1);
    cr_expect(fabs(said - loss) <= 1e-5 * said, "the loss of these predictions is %g, and %g by evaluate", loss, said);
    Ran ran = command_run(folder, 60,
                          "$L predict rows.lua --stream <rows.csv; grep -c -e normalize_step -e stream rows/rows.h "
                          "rows/rows_main.c");
    cr_expect(strstr(ran.errors, "--stream: a step has not all the columns that were scaled") &&
                  strstr(ran.output, "rows/rows_main.c:0"),
              "%s%s", ran.errors, ran.output);
    ran_free(&ran);
}

/* Differences from the last row, of a window that lies flat and of one with time steps: what forecasts are added to has
 * all its digits. */
Test(agree, relative_forecasts_far_from_zero)
{
    static const char *const names[] = { "flat", "deep" }, *const layers[] = { "Input{4}, Dense{3, activation = "
                                                                               "'tanh'}, Dense{1}",
                                                                               "Input{4, 1}, GRU{3}, Dense{1}" };
    write_far();
    for (int i = 0; i < 2; i++) {
        char text[500], line[5][200];
        const char *lines[6] = { line[0], line[1], line[2], line[3], NULL };
        snprintf(text, sizeof text,
                 "return Sequential{ name = '%s', %s, loss = 'mse', batch_size = 4, epochs = 2, shards = 1,\n"
                 "data = csv{'far.csv', columns = {'p'}, window = 4, normalization = 'standard', split = 0.8, relative "
                 "= true} }\n",
                 names[i], layers[i]);
        build(names[i], text);
        snprintf(line[0], sizeof line[0], "$L predict %s.lua --interpreted --input far.csv", names[i]);
        snprintf(line[1], sizeof line[1], WINDOWS " | $L predict %s.lua --interpreted", names[i]);
        snprintf(line[2], sizeof line[2], WINDOWS " | %s/%s", names[i], names[i]);
        snprintf(line[3], sizeof line[3], "$L predict %s.lua --interpreted --input far.npy", names[i]);
        if (i == 0)
            lines[3] = NULL;                        /* the array has another shape */
        expect_equal(lines, 1.1e-7);
        double values[64];
        numbers_of(lines[0], values, 64);
        cr_expect(fabs(values[0] - 100000) < 0.1 && values[0] != values[1] && fabs(values[0] - values[1]) < 0.1,
                  "%.9f %.9f", values[0], values[1]);
    }
}
