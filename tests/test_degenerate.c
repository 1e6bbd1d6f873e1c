/* test_degenerate.c: data that teaches nothing, and weight files of another model: what the commands say of them. */
#include "command.h"
#include "shipping.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- data ---- */

static void write_text(const char *folder, const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

#define TABLE(options) \
    "Input{3, 1}, GRU{2}, Dense{1}, loss = 'mse', batch_size = 4, " \
    "data = csv{'data', columns = {'v'}, window = 3, " options "}"
#define TEXT(units) \
    "Embedding{3, 2, input_length = 4}, GRU{2}, Dense{" units ", activation = 'softmax'}, " \
    "loss = 'sparse_categorical_crossentropy', data = characters{'data', window = 4, split = 0.5}"
#define LINES(options) \
    "Embedding{6, 2, input_length = 4}, GRU{2}, Dense{2, activation = 'softmax'}, " \
    "loss = 'sparse_categorical_crossentropy', data = lines{'data', label = 1, text = 2, " options "}"
#define DRAWN(options, y) \
    "Input{2}, Dense{1}, loss = 'mse', " \
    "data = samples{function(random) return {random(), random()}, " y " end, " options "}"

/* One message, exit status 1, and nothing written. */
Test(degenerate, refused)
{
    static const struct { const char *model, *data, *says;
    } table[] = {
        { TABLE(""), "", "m.lua: data: is empty" },
        { TABLE(""), "\n \n", "m.lua: data: is empty" },
        { TABLE(""), "v\n", "m.lua: data: has a line of names, but no rows" },
        { TABLE("header = false"), "v\n1\n2\n",
          "no column \"v\": the first line, \"v\", has 1 column and is no line of names" },
        { TABLE("header = true"), "1\n", "m.lua: data: no column \"v\"; it has 1 columns: 1" },
        { TABLE(""), "v\n1\n",
          "nothing trains: 0 rows train and 1 are held out, but one sample takes 4 rows (its window, and what it is "
          "asked for behind it): use a shorter window, or more rows" },
        { TABLE(""), "v\n1\n2\n3\n", "nothing trains: 2 rows train and 1 are held out, but one sample takes 4 rows" },
        { TABLE(""), "v\n1\n2\n3\n4\n",
          "nothing trains: 3 rows train and 1 are held out, but one sample takes 4 rows (its window, and what it is "
          "asked for behind it): use a larger split, or a shorter window" },
        { TABLE("split = 0.9999999999"), "v\n1\n2\n3\n4\n5",
          "nothing is held out: 5 rows train and 0 are held out, but one sample takes 4 rows (its window, and what it "
          "is asked for behind it): use a smaller split, or 1 to hold out nothing" },
        { TABLE("missing = 'drop'"), "v\n1\n2\n3\nNA\n5\n6\n7\n",
          "nothing trains: nowhere are there 4 rows without a gap" },
        { TABLE("missing = 'drop'"), "v\nNA\n?\n", "every row has a missing value" },
        { TABLE("missing = 'previous'"), "v\nNA\n1\n2\n3\n4\n5\n",
          "data:2: column \"v\": the value is missing, and there is none before it" },
        { TEXT("3"), "", "m.lua: data: has 0 characters: too few for a window of 4 and the character behind it" },
        { TEXT("3"), "abc", "m.lua: data: has 3 characters: too few for a window of 4" },
        { TEXT("3"), "abcab", "the first 2 characters train, the last 3 are held out: too few for a window of 4" },
        { TEXT("3"), "aaaaaaaaaaaaaaaaaaaa",
          "m.lua: data: is one character again and again, which is nothing to learn" },
        { LINES(""), "", "m.lua: data: has no lines" },
        { LINES(""), "a\tx\na\ty\na\tz\n",
          "m.lua: data: has one label alone, \"a\", which is nothing to learn: at least two are needed" },
        { LINES(""), "a\tx\n", "m.lua: data: has one label alone" },
        { LINES(""), "a,x\nb,y\n",
          "data:1: the text is field 2, but the line has 1 (fields are separated by tabs, or by what separator = \",\" "
          "says)" },
        { LINES("separator = ';'"), "a,x\nb,y\n",
          "data:1: the text is field 2, but the line has 1 (fields are separated by ';')" },
        { LINES(""), "a\tx\nb\tx\na\tx\n",
          "of 3 lines 0 train and 3 are held out: too few (lines with the same text stay together)" },
        { LINES(""),
          "\xff\xfe"
          "a",
          "m.lua: data: is UTF-16: convert it by: iconv -f UTF-16 -t UTF-8" },
    };
    char *folder = command_folder(), text[600];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        snprintf(text, sizeof text, "return Sequential{ name = 'm', %s }\n", table[i].model);
        write_text(folder, "m.lua", text);
        write_text(folder, "data", table[i].data);
        command_expect(folder, 60, "$L train m.lua --interpreted", 1, NULL, table[i].says);
        cr_expect_eq(command_count_files(folder), 2, "\"%s\" leaves files", table[i].data);
    }
    command_folder_remove(folder);
}

/* Taken, and said; and no sentence holds what is no number. */
Test(degenerate, noted)
{
    static const struct { const char *model, *data, *notes; } table[] = {
        { TABLE("normalization = 'standard'"), "v\n5\n5\n5\n5\n5\n5\n5\n5\n5\n5\n",
          "note: data: column \"v\" has the same value in every row that trains\n" },
        { TABLE("normalization = 'minmax', relative = true"), "v\n5\n5\n5\n5\n5\n5\n5\n5\n5\n5\n",
          "note: data: column \"v\" has the same value in every row that trains, beside the last row of its window\n" },
        { TABLE("split = 1"), "v\n1\n2\n3\n4\n5\n", "" },
        { DRAWN("samples = 8, validation_samples = 2", "3"), "",
          "note: all 8 samples that train have the same target: there is nothing else to learn\n" },
        { LINES("split = 0.5, seed = 4"), "a\tx\na\ty\na\tz\nb\tw\n",
          "note: all 2 samples that train have the same target: there is nothing else to learn\n" },
    };
    char *folder = command_folder(), text[600];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        snprintf(text, sizeof text, "return Sequential{ name = 'm', %s }\n", table[i].model);
        write_text(folder, "m.lua", text);
        write_text(folder, "data", table[i].data);
        Ran ran = command_run(folder, 60, "$L train m.lua --interpreted --quiet");
        cr_expect_eq(ran.status, 0, "%s: %s", table[i].model, ran.errors);
        cr_expect_str_eq(ran.errors, table[i].notes);
        cr_expect(!strstr(ran.output, "nan") && !strstr(ran.output, "inf"), "%s", ran.output);
        ran_free(&ran);
    }
    command_folder_remove(folder);
}

static void write_zeros(const char *folder, const char *name, int columns)
{
    unsigned char bytes[128 + 16] = "\x93NUMPY\x01\x00\x76";
    memset(bytes + 10, ' ', 117);
    bytes[10 + sprintf((char *)bytes + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, %d), }", columns)] =
        ' ';
    bytes[127] = '\n';
    command_write(folder, name, bytes, 128 + 8 * columns);
}

/* As in Keras, a fraction that leaves one part without samples is a mistake. */
Test(degenerate, parts_without_samples)
{
    char *folder = command_folder();
    write_zeros(folder, "x.npy", 2);
    write_zeros(folder, "y.npy", 1);
    write_text(folder, "m.lua",
               "return Sequential{ name = 'm', Input{2}, Dense{1}, loss = 'mse', data = npy{x = 'x.npy', y = 'y.npy'}, "
               "validation_split = arg.part }\n");
    command_expect(folder, 60, "$L train m.lua part=0.5 --interpreted --quiet 2>&1", 0, "weights: ", NULL);
    command_expect(folder, 60, "$L train m.lua part=0.6 --interpreted --quiet", 1, NULL,
                   "m.lua: validation_split = 0.6: of 2 samples 0 train and 2 are held out: both need some");
    command_folder_remove(folder);
}

/* ---- weight files ---- */

#define CLASSES                                                                                                       \
    "Embedding{8, 3, input_length = 3}, GRU{3}, Dense{2, activation = 'softmax'}, loss = "                            \
    "'sparse_categorical_crossentropy', "                                                                             \
    "data = samples{function(random) return {random(0, 7), random(0, 7), random(0, 7)}, random(0, 1) end, samples = " \
    "8, validation_samples = 4}"

/* Whatever reads the file refuses it, in the same words. */
static void expect_refusals(struct workshop *shop, const char *says)
{
    static const char *const commands[] = { "net.lua --weights net.safetensors --quiet",
                                            "predict net.lua --interpreted <ids",
                                            "sample net.lua",
                                            "evaluate net.lua --interpreted",
                                            "plot net.lua --interpreted",
                                            "train net.lua --interpreted --init net.safetensors --out "
                                            "other.safetensors" };
    command_write(shop->folder, "ids", "1 2 3\n", 6);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        shipping_refuses(shop, commands[i], 1, says);
}

Test(degenerate, weight_files_of_another_model)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    shipping_names(&meaning.labels, (const char *const[]){ "a", "b", "c", NULL });
    shipping_write(&shop, "net", CLASSES, &meaning);
    expect_refusals(&shop, "net.safetensors: its metadata names 3 classes, but the model's output has 2");
    lstmc_meaning_free(&meaning);
    meaning.unit = LSTMC_WORDS;
    shipping_names(&meaning.vocabulary, (const char *const[]){ "", "?", "a", "b", "c", "d", "e", "f", "g", NULL });
    shipping_write(&shop, "net", CLASSES, &meaning);
    expect_refusals(&shop, "net.safetensors: its metadata has a vocabulary of 9, but the model's is 8");
    lstmc_meaning_free(&meaning);
    shipping_write(&shop, "net", CLASSES, NULL);
    workshop_run(&shop, "size=$(wc -c <net.safetensors); head -c $((size - 4)) net.safetensors >cut; printf "
                        "'\\000\\000\\300\\177' | cat cut - >net.safetensors; rm cut");
    expect_refusals(&shop, "element 1 (from 0) is not a finite number");
    workshop_close(&shop);
}

/* Other options of the same weights; data with other classes than those that were trained on. */
Test(degenerate, weight_files_of_other_options)
{
    char *folder = command_folder();
    write_text(folder, "a.tsv", "x\tone\ny\ttwo\nx\tthree\ny\tfour\nx\tfive\ny\tsix\n");
    write_text(folder, "b.tsv", "x\tone\nz\ttwo\nx\tthree\nz\tfour\nx\tfive\nz\tsix\n");
    write_text(folder, "m.lua",
               "return Sequential{ name = 'm', Embedding{30, 2, input_length = 4}, GRU{2, activation = arg.how or "
               "'tanh'}, Dense{2, activation = 'softmax'},\n"
               "loss = 'sparse_categorical_crossentropy', data = lines{'a.tsv', label = 1, text = 2} }\n");
    command_expect(folder, 60, "$L train m.lua --interpreted --quiet", 0, "weights: m.safetensors", NULL);
    command_expect(folder, 60, "echo one | $L predict m.lua --interpreted", 0, "", NULL);
    command_expect(folder, 60, "echo one | $L predict m.lua --interpreted how=relu", 0, "",
                   "note: m.safetensors was written by a description with other options");
    command_expect(folder, 60, "$L evaluate m.lua --interpreted how=relu", 0, "loss",
                   "note: m.safetensors was written by a description with other options");
    command_expect(folder, 60, "$L evaluate m.lua --interpreted", 0, "loss", NULL);
    command_expect(folder, 60, "$L evaluate m.lua --interpreted --data b.tsv", 0, "loss",
                   "note: m.safetensors was trained with other labels than this data has");
    command_folder_remove(folder);
}

/* The columns of a table are those that were trained on, in whatever order the description has them now. */
Test(degenerate, columns_in_another_order)
{
    char *folder = command_folder(), text[1000] = "a,b\n";
    for (int i = 0; i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d\n", i * 7 % 10, 1000 + i * 3 % 10);
    write_text(folder, "t.csv", text);
    write_text(folder, "m.lua",
               "local names = arg.turned and {'b', 'a'} or {'a', 'b'}\n"
               "return Sequential{ name = 'm', Input{2, 2}, GRU{2}, Dense{1}, loss = 'mse', batch_size = 4,\n"
               "data = csv{'t.csv', columns = names, targets = {'a'}, window = 2, normalization = 'standard'} }\n");
    command_expect(folder, 60, "$L train m.lua --interpreted --quiet", 0, "weights: m.safetensors", NULL);
    command_expect(folder, 60,
                   "$L predict m.lua --interpreted --input t.csv >1; $L predict m.lua turned=1 --interpreted --input "
                   "t.csv >2; cmp 1 2 && wc -l <1",
                   0, "19", NULL);
    command_expect(folder, 60, "$L evaluate m.lua turned=1 --interpreted", 0, "loss",
                   "note: m.safetensors was trained with other columns than this data has");
    command_folder_remove(folder);
}
