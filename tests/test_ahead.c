/* test_ahead.c: lstmc predict --steps: forecasts that are read again are those of single predictions fed back by hand, in the unit of the data; and what has none says why. */
#include "runtime/lstmc.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 4
#define ROWS 40
#define COLUMNS 2

static char *folder;
static double table[ROWS][COLUMNS];

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

/* Two columns that know of each other, one of them far from zero. */
static void setup(void)
{
    char csv[ROWS * 40] = "t,a,b\n";
    folder = command_folder();
    for (int r = 0; r < ROWS; r++) {
        table[r][0] = round(100 * sin(r * 0.7)) / 10 + r % 3;
        table[r][1] = 1000 + r * r % 11 + table[r][0] / 2;
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%.9g,%.9g\n", r, table[r][0], table[r][1]);
    }
    write_text("t.csv", csv);
}

static void teardown(void)
{
    command_folder_remove(folder);
}

TestSuite(ahead, .init = setup, .fini = teardown);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

static char *said(const char *line)
{
    return command_said(folder, 120, line);
}

/* What the program prints for a line of the shell made of this format, as numbers. */
static int numbers(double *value, int most, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int numbers(double *value, int most, const char *format, ...)
{
    char line[4000], *text, *end;
    int count = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text = said(line);
    for (char *at = text; count < most; at = end) {
        at += strspn(at, " ,\n");
        value[count] = strtod(at, &end);
        if (end == at)
            break;
        count++;
    }
    free(text);
    return count;
}

/* m.lua: layers, data options; trained by the interpreter. */
static void train(const char *layers, const char *data)
{
    char text[2000];
    snprintf(text, sizeof text, "return Sequential{ name = 'm', Input{%d, %s}, %s, loss = 'mse', optimizer = Adam{learning_rate = 0.03},\n"
                                "  data = csv{'t.csv', window = %d, split = 0.8, %s}, batch_size = 4, epochs = 12 }\n",
             WINDOW, strstr(data, "'b'") ? "2" : "1", layers, WINDOW, data);
    write_text("m.lua", text);
    expect("$L train m.lua --interpreted --quiet", 0, "weights: ", NULL);
}

/* Rows of the table's columns as words for the shell. */
static const char *words(const double *value, int count)
{
    static char text[2000];
    text[0] = 0;
    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.17g ", value[i]);
    return text;
}

/* The last window, moved on by what is said of the rows behind it: `columns` of them, value c of what is said being column order[c]; `at_once` rows each time. */
static void feed_by_hand(int columns, const int *order, int at_once, int rows, double *expected, const char *options)
{
    double window[WINDOW * COLUMNS], row[COLUMNS * 4];
    for (int t = 0; t < WINDOW; t++)
        for (int c = 0; c < columns; c++)
            window[t * columns + c] = table[ROWS - WINDOW + t][c];
    for (int done = 0; done < rows; done += at_once) {
        cr_assert_eq(numbers(row, columns * at_once, "echo '%s' | $L predict m.lua %s --out single.csv && tail -n 1 single.csv",
                             words(window, WINDOW * columns), options), columns * at_once);
        for (int r = 0; r < at_once && done + r < rows; r++) {
            memcpy(expected + (done + r) * columns, row + r * columns, (size_t)columns * sizeof *row);
            memmove(window, window + columns, (size_t)((WINDOW - 1) * columns) * sizeof *window);
            for (int c = 0; c < columns; c++)
                window[(WINDOW - 1) * columns + order[c]] = row[r * columns + c];
        }
    }
}

static void expect_close(const char *what, const double *found, const double *expected, int count)
{
    for (int i = 0; i < count; i++)
        cr_expect(fabs(found[i] - expected[i]) <= 2e-6 * fmax(1, fabs(expected[i])), "%s: number %d: %.9g, expected %.9g", what, i, found[i], expected[i]);
}

#define STEPS 5

/* By numbers, by the table, by the interpreter: what feeding by hand gives. */
static void check(const char *layers, const char *data, int columns, const int *order, int at_once)
{
    double expected[STEPS * COLUMNS], found[STEPS * COLUMNS + 1], last[WINDOW * COLUMNS];
    train(layers, data);
    feed_by_hand(columns, order, at_once, STEPS, expected, "--interpreted");
    for (int t = 0; t < WINDOW; t++)
        memcpy(last + t * columns, table[ROWS - WINDOW + t], (size_t)columns * sizeof *last);
    for (int way = 0; way < 4; way++) {
        int count = numbers(found, STEPS * columns + 1, "echo '%s' | $L predict m.lua --steps %d %s %s --out s.csv; tail -n +2 s.csv", words(last, WINDOW * columns), STEPS,
                            way % 2 ? "--interpreted" : "", way / 2 ? "--input t.csv" : "");
        cr_expect_eq(count, STEPS * columns);
        expect_close(way / 2 ? "table" : "numbers", found, expected, count);
    }
    expect_close("it moves on", &(double){ fabs(expected[(STEPS - 1) * columns] - expected[0]) > 1e-4 }, &(double){ 1 }, 1);
}

static const int same[] = { 0, 1 }, turned[] = { 1, 0 };

Test(ahead, one_column) { check("LSTM{5}, Dense{1}", "columns = {'a'}, normalization = 'standard'", 1, same, 1); }
Test(ahead, differences) { check("GRU{5}, Dense{1}", "columns = {'a'}, normalization = 'minmax', relative = true", 1, same, 1); }
Test(ahead, two_columns) { check("LSTM{5}, Dense{2}", "columns = {'a', 'b'}, normalization = 'standard'", 2, same, 1); }
Test(ahead, targets_in_another_order) { check("LSTM{5}, Dense{2}", "columns = {'a', 'b'}, targets = {'b', 'a'}, normalization = 'standard'", 2, turned, 1); }
Test(ahead, differences_of_two) { check("LSTM{5}, Dense{2}", "columns = {'a', 'b'}, targets = {'b', 'a'}, normalization = 'standard', relative = true", 2, turned, 1); }
Test(ahead, two_rows_at_once) { check("LSTM{5}, Dense{4}", "columns = {'a', 'b'}, targets = {'b', 'a'}, horizon = {1, 2}, normalization = 'standard'", 2, turned, 2); }
Test(ahead, three_rows_at_once) { check("LSTM{5}, Dense{3}", "columns = {'a'}, horizon = 3, relative = true, normalization = 'standard'", 1, same, 3); }

/* Of a model that says something at each step it is what the last one says; of its stream, what is said behind each row that was said before. */
Test(ahead, at_each_step)
{
    double expected[STEPS], found[STEPS + 1], all[WINDOW + STEPS], rows[WINDOW + STEPS];
    train("LSTM{5, return_sequences = true}, Dense{1}", "columns = {'a'}, normalization = 'standard'");
    for (int t = 0; t < WINDOW; t++)
        rows[t] = table[ROWS - WINDOW + t][0];
    double window[WINDOW];
    memcpy(window, rows, sizeof window);
    for (int i = 0; i < STEPS; i++) {
        cr_assert_eq(numbers(all, WINDOW, "echo '%s' | $L predict m.lua --interpreted --out o.csv && tail -n 1 o.csv", words(window, WINDOW)), WINDOW);
        expected[i] = all[WINDOW - 1];
        memmove(window, window + 1, sizeof window - sizeof *window);
        window[WINDOW - 1] = expected[i];
    }
    cr_assert_eq(numbers(found, STEPS + 1, "echo '%s' | $L predict m.lua --steps %d --out s.csv; tail -n 1 s.csv", words(rows, WINDOW), STEPS), STEPS);
    expect_close("windows", found, expected, STEPS);
    cr_assert_eq(numbers(found, STEPS + 1, "echo '%s' | $L predict m.lua --steps %d --stream", words(rows, WINDOW), STEPS), STEPS);
    memcpy(rows + WINDOW, found, sizeof expected);
    cr_assert_eq(numbers(all, WINDOW + STEPS, "echo '%s' | $L predict m.lua --stream", words(rows, WINDOW + STEPS - 1)), WINDOW + STEPS - 1);
    for (int i = 0; i < STEPS; i++)     /* what was printed is rounded to six digits, and read again */
        cr_expect(fabs(found[i] - all[WINDOW - 1 + i]) < 1e-4 * fmax(1, fabs(found[i])), "step %d: %g, by hand %g", i, found[i], all[WINDOW - 1 + i]);
    expect("$L predict m.lua --steps 3 --stream </dev/null", 0, "", NULL);
}

/* Several windows, and what is written. */
Test(ahead, text_and_files)
{
    train("LSTM{5}, Dense{2}", "columns = {'a', 'b'}, targets = {'b', 'a'}, normalization = 'standard'");
    expect("echo '1 1000 2 1001 3 1002 4 1003 4 1003 3 1002 2 1001 1 1000' > two; $L predict m.lua --interpreted --steps 3 --input two > text; "
           "test $(wc -l <text) = 7 && test $(awk 'NF == 2' text | wc -l) = 6 && test -z \"$(sed -n 4p text)\"", 0, NULL, NULL);
    expect("$L predict m.lua --interpreted --steps 2 --input two --out o.csv; head -n 1 o.csv; wc -l <o.csv", 0, "\"b +1\",\"a +1\",\"b +2\",\"a +2\"\n3\n", NULL);
    expect("$L predict m.lua --interpreted --steps 3 --input two --out o.npy; head -c 100 o.npy | grep -ac 'shape.: (2, 3, 2,)'", 0, "1\n", NULL);
    double by_text[9], by_array[9];     /* windows of an array are those of a text, but for what a float is rounded to */
    expect("$L predict m.lua --interpreted --steps 4 --input two --out w.npy && $L predict m.lua --interpreted --steps 4 --input two --out w.csv && "
           "tail -n +2 w.csv | tr , ' ' > w.txt", 0, "", NULL);
    cr_assert_eq(numbers(by_text, 9, "$L predict m.lua --interpreted --steps 2 --input w.txt"), 8);
    cr_assert_eq(numbers(by_array, 9, "$L predict m.lua --interpreted --steps 2 --input w.npy"), 8);
    for (int i = 0; i < 8; i++)
        cr_expect(fabs(by_text[i] - by_array[i]) < 1e-3, "%d: %g by an array, %g by numbers", i, by_array[i], by_text[i]);
    char *one = said("$L predict m.lua --interpreted --steps 1 --input t.csv"), *of_all = said("$L predict m.lua --interpreted --input t.csv | tail -n 1");
    cr_expect_str_eq(one, of_all);
    free(one);
    free(of_all);
    expect("echo '1 1000 2' | $L predict m.lua --interpreted --steps 3", 1, NULL, "the input ends after 3 of 8 values");
}

static void expect_refused(const char *layers, const char *data, const char *options, const char *words_of_it)
{
    char line[300];
    train(layers, data);
    snprintf(line, sizeof line, "echo 1 2 3 4 5 6 7 8 | $L predict m.lua --interpreted --steps 3 %s", options);
    expect(line, 1, NULL, words_of_it);
}

Test(ahead, what_has_no_forecasts_to_read)
{
    expect_refused("LSTM{3}, Dense{1}", "columns = {'a', 'b'}, targets = {'a'}", "",
                   "--steps: it reads columns that it says nothing of, \"b\": targets must name every column, or none");
    expect_refused("LSTM{3}, Dense{2}", "columns = {'a'}, targets = {'a', 't'}", "", "--steps: it says columns that it does not read");
    expect_refused("LSTM{3}, Dense{1}", "columns = {'a'}, horizon = 4", "", "--steps: it says the row 4 behind the window alone: train it with horizon = 1");
    expect_refused("LSTM{3}, Dense{3}", "columns = {'a'}, horizon = {1, 2, 6}", "", "--steps: its horizons leave rows out");
    expect_refused("LSTM{3}, Dense{1}", "columns = {'a'}, targets = {'a'}, horizon = 0", "", "--steps: it says the window's last row itself (horizon = 0)");
    expect_refused("LSTM{3}, Dense{1, activation = 'sigmoid'}", "columns = {'a'}, targets = {'a'}, at_most = 3", "", "--steps: it says whether a number is reached");
    expect_refused("LSTM{3}, Dense{1}", "columns = {'a'}", "--join", "--steps: --join is for classes");
    expect_refused("LSTM{3}, Dense{1}", "columns = {'a'}, relative = true", "--stream", "--stream: --interpreted computes whole samples");
    expect("$L predict m.lua --steps 0", 2, NULL, "--steps takes a number from 1");
    expect("$L evaluate m.lua --steps 2", 2, NULL, "--steps does not go with evaluate");
}

static void expect_shape_refused(const char *model, const char *sample, const char *expected)
{
    char text[1000];
    snprintf(text, sizeof text, "return Sequential{ name = 'w', %s, epochs = 1, data = samples(function(random) return %s end) }\n", model, sample);
    write_text("w.lua", text);
    expect("$L train w.lua --interpreted --quiet", 0, "weights: ", NULL);
    expect("echo 1 2 3 | $L predict w.lua --interpreted --steps 3", 1, NULL, expected);
}

/* Without a table shapes alone say what is a row. */
Test(ahead, other_data)
{
    write_text("s.lua", "return Sequential{ name = 's', Input{3, 2}, GRU{4}, Dense{2}, loss = 'mse', epochs = 2, batch_size = 4,\n"
                        "  data = samples{function(random) local a = random() return {{a, 0}, {0, a}, {a, a}}, {a, 1} end, samples = 16, validation_samples = 4} }\n");
    expect("$L train s.lua --interpreted --quiet", 0, "weights: ", NULL);
    double found[8], row[2], window[6] = { 0.5, 0, 0, 0.5, 0.5, 0.5 };
    cr_assert_eq(numbers(found, 8, "echo '%s' | $L predict s.lua --steps 3 --out s.csv; tail -n 1 s.csv", words(window, 6)), 6);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(numbers(row, 2, "echo '%s' | $L predict s.lua --interpreted --out s.csv; tail -n 1 s.csv", words(window, 6)), 2);
        expect_close("by shape", found + 2 * i, row, 2);
        memmove(window, window + 2, 4 * sizeof *window);
        memcpy(window + 4, row, sizeof row);
    }
    expect("$L predict s.lua --interpreted --steps 3 --input n.csv", 1, NULL, "the description does not say which columns to read");
    write_text("g.lua", "return Sequential{ name = 'g', Input{4, 1}, GRU{3, stateful = true}, Dense{1}, loss = 'mse', epochs = 1, batch_size = 2, shuffle = false,\n"
                        "  data = csv{'t.csv', columns = {'a'}, window = 4, split = 0.8} }\n");
    expect("$L train g.lua --interpreted --quiet", 0, "weights: ", NULL);
    expect("echo 1 2 3 4 | $L predict g.lua --interpreted --steps 2", 1, NULL, "--steps: its states go on from sample to sample: add --stream");
    expect("echo 1 2 3 4 5 | $L predict g.lua --stream --steps 2 | wc -l", 0, "2\n", NULL);
    expect_shape_refused("Input{3, 1}, LSTM{2}, Dense{2}, loss = 'mse'", "{{1}, {2}, {random()}}, {1, random()}",
                         "--steps: a step of what it reads has 1 number, what it says 2: they must be the same");
    expect_shape_refused("Input{3, 1}, LSTM{2}, Dense{2}, Reshape{2, 1}, loss = 'mse'", "{{1}, {2}, {random()}}, {{1}, {random()}}",
                         "--steps: nothing says which rows its outputs are");
    expect_shape_refused("Input{3, 1}, LSTM{2}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'", "{{1}, {2}, {random()}}, {random(0, 1)}",
                         "--steps: what the model says are classes or their probabilities");
    expect_shape_refused("Input{3}, Embedding{4, 2}, LSTM{2}, Dense{1}, loss = 'mse'", "{1, 2, random(0, 3)}, {random()}", "--steps: the model reads ids");
    expect_shape_refused("Input{3, 1, lengths = true}, LSTM{2}, Dense{1}, loss = 'mse'", "{{1}, {random()}}, {random()}",
                         "--steps: its samples have lengths");
    write_text("h.csv", "g,a\n1,1\n1,2\n1,4\n1,3\n2,1\n2,3\n2,4\n2,2\n");
    write_text("h.lua", "return Sequential{ name = 'h', Input{2, 1}, GRU{3}, Dense{1}, loss = 'mse', epochs = 1, batch_size = 2,\n"
                        "  data = csv{'h.csv', columns = {'a'}, group = 'g', window = 2, split = 0.5} }\n");
    expect("$L train h.lua --interpreted --quiet", 0, "weights: ", NULL);
    expect("$L predict h.lua --interpreted --steps 2 --input h.csv", 1, NULL, "--steps: its table has groups, and each has an end of its own");
    expect("echo 1 2 | $L predict h.lua --interpreted --steps 2 | wc -l", 0, "2\n", NULL);
}
