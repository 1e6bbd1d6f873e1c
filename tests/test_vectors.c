/* test_vectors.c: vectors that others have trained: arrays and texts in the form of GloVe and word2vec become rows of an embedding. */
#include "command.h"
#include "small_model.h"
#include "runtime/safetensors.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, NUMBERS = 3 };

static const struct lstmc_tensor table = { .name = "embedding/embeddings", .rank = 2, .shape = { ROWS, NUMBERS }, .count = ROWS * NUMBERS, .offset = 2 };

static char *words[] = { "", "\xef\xbf\xbd", "cat", "\xc3\xa9t\xc3\xa9", "new york", "dog" };

struct outcome {
    int status;
    size_t missing;
    float weights[2 + ROWS * NUMBERS];
    struct lstmc_message message;
};

/* Weights begin with 100, 101, ... */
static struct outcome read_text(const char *text)
{
    struct outcome o = { .missing = 99 };
    char *folder = command_folder(), path[300];
    command_write(folder, "vectors.txt", text, (long)strlen(text));
    snprintf(path, sizeof path, "%s/vectors.txt", folder);
    for (int i = 0; i < 2 + ROWS * NUMBERS; i++)
        o.weights[i] = 100 + (float)i;
    o.status = lstmc_read_glove(path, &(struct lstmc_names){ ROWS, words }, &table, o.weights, &o.missing, &o.message);
    command_folder_remove(folder);
    return o;
}

static void expect_row(const struct outcome *o, int row, float a, float b, float c)
{
    const float *w = o->weights + 2 + row * NUMBERS;
    cr_expect(w[0] == a && w[1] == b && w[2] == c, "row %d: %g %g %g", row, (double)w[0], (double)w[1], (double)w[2]);
}

static void expect_untouched(const struct outcome *o, int row)
{
    float first = 102 + (float)row * NUMBERS;
    expect_row(o, row, first, first + 1, first + 2);
}

Test(vectors, words_of_a_text)
{
    struct outcome o = read_text("the 9 9 9\ncat 0.5 -1e-2 3\r\n\xc3\xa9t\xc3\xa9\t4 5 6 \nnew york 7 8 9\ncat 1 1 1\nCat 2 2 2\n");
    cr_assert_eq(o.status, LSTMC_OK, "%s", o.message.text);
    cr_expect_eq(o.missing, 1, "%zu", o.missing);
    expect_untouched(&o, 0);
    expect_untouched(&o, 1);
    expect_row(&o, 2, 0.5f, -0.01f, 3);
    expect_row(&o, 3, 4, 5, 6);
    expect_row(&o, 4, 7, 8, 9);
    expect_untouched(&o, 5);
    cr_expect(o.weights[0] == 100 && o.weights[1] == 101);
}

Test(vectors, heading_of_word2vec)
{
    struct outcome o = read_text("2 3\ndog 1 2 3\ncat 4 5 6");
    cr_assert_eq(o.status, LSTMC_OK, "%s", o.message.text);
    expect_row(&o, 5, 1, 2, 3);
    expect_row(&o, 2, 4, 5, 6);
    cr_expect_eq(o.missing, 2);
    o = read_text("");
    cr_expect(o.status == LSTMC_OK && o.missing == 4, "an empty file has none of the words");
}

static void expect_refused(const char *text, const char *why)
{
    struct outcome o = read_text(text);
    cr_expect(o.status != LSTMC_OK && strstr(o.message.text, why), "\"%s\": status %d, %s", text, o.status, o.message.text);
}

Test(vectors, what_is_no_vector)
{
    expect_refused("cat 1 2\n", "line 1: is not a word and 3 numbers");
    expect_refused("the 1 2 3 4\ncat 1 2 3 4\n", "line 1: is not a word and 3 numbers");
    expect_refused("the 1 2 3\n\ncat 1 x 3\n", "line 3: not all of it are finite numbers");
    expect_refused("dog 1 1e60 3\n", "line 1: not all of it are finite numbers");
    expect_refused("dog 1 nan 3\n", "line 1: not all of it are finite numbers");
}

Test(vectors, an_array)
{
    char *folder = command_folder(), path[300];
    float values[ROWS * NUMBERS], weights[2 + ROWS * NUMBERS] = { 0 };
    struct lstmc_message message = { "" };
    snprintf(path, sizeof path, "%s/a.npy", folder);
    for (int i = 0; i < ROWS * NUMBERS; i++)
        values[i] = (float)i - 5;
    cr_assert_eq(lstmc_npy_write(path, values, 2, (const size_t[]){ ROWS, NUMBERS }, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_read_vectors(path, &table, weights, &message), LSTMC_OK, "%s", message.text);
    cr_expect_arr_eq(weights + 2, values, sizeof values);
    cr_assert_eq(lstmc_npy_write(path, values, 2, (const size_t[]){ NUMBERS, ROWS }, &message), 0, "%s", message.text);
    cr_expect_eq(lstmc_read_vectors(path, &table, weights, &message), LSTMC_MISMATCH);
    cr_expect(strstr(message.text, "6 rows and 3 columns"), "%s", message.text);
    command_folder_remove(folder);
}

/* ---- from a description ---- */

/* Row of the trained embedding, which is frozen; false where it is another one. */
static bool saved_row(const char *folder, int row, float a, float b, float c)
{
    char path[300];
    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    cr_assert_eq(lstmc_tensor_file_open(path, &file, &message), 0, "%s", message.text);
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(&file, "embedding/embeddings");
    cr_assert(tensor);
    float w[NUMBERS];
    memcpy(w, (const char *)tensor->data + (size_t)row * sizeof w, sizeof w);
    lstmc_tensor_file_free(&file);
    return w[0] == a && w[1] == b && w[2] == c;
}

static const char lines[] = "good\tthe film was good\nbad\tthe film was bad\ngood\tgood good film\nbad\tbad film\n";

static void write_description(const char *folder, const char *embedding)
{
    char text[900];
    snprintf(text, sizeof text, "return Sequential{ name = 'm', Input{4}, %s, LSTM{2}, Dense{2, activation = 'softmax'},\n"
             "  loss = 'sparse_categorical_crossentropy', epochs = 1, batch_size = 2,\n"
             "  data = lines{'t.tsv', label = 1, text = 2, level = 'word', split = 0.9, padding = 'post'} }\n", embedding);
    command_write(folder, "m.lua", text, (long)strlen(text));
}

Test(vectors, of_a_training, .timeout = 300)
{
    char *folder = command_folder();
    command_write(folder, "t.tsv", lines, (long)strlen(lines));
    command_write(folder, "v.txt", "film 1 2 3\ngood 4 5 6\n", 22);
    write_description(folder, "Embedding{8, 3, weights = glove{'v.txt'}, trainable = false}");
    command_expect(folder, 60, "$L train m.lua --quiet --interpreted", 0, "", "v.txt: 3 words of the vocabulary are not in it, and begin as the initializer says");
    int films = 0, goods = 0;
    for (int row = 2; row < 8; row++) {
        films += saved_row(folder, row, 1, 2, 3);
        goods += saved_row(folder, row, 4, 5, 6);
    }
    cr_expect(films == 1 && goods == 1, "%d rows are film's, %d good's", films, goods);
    command_expect(folder, 60, "$L train m.lua --quiet --interpreted --init m.safetensors", 0, "", NULL);
    write_description(folder, "Embedding{8, 3, weights = glove{'none.txt'}}");
    command_expect(folder, 60, "$L train m.lua --quiet --interpreted", 1, NULL, "none.txt");
    write_description(folder, "Embedding{8, 3, weights = glove{'v.txt', vocabulary = {'', '', 'film'}}}");
    command_expect(folder, 60, "$L train m.lua --quiet --interpreted", 0, "", NULL);
    command_folder_remove(folder);
}
