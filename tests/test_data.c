/* test_data.c: data sets from .npy files and texts: shapes, types, ids out of range, windows, views. */
#include "runtime/lstmc.h"
#include "mutate.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A .npy file of format 1.0. */
static struct temporary_file write_npy(const char *dtype, const char *shape, const void *data, size_t size)
{
    unsigned char bytes[2048] = "\x93NUMPY\x01";
    int length = snprintf((char *)bytes + 10, 200, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, shape);
    while ((10 + length) % 64 != 63)                /* as numpy pads it */
        bytes[10 + length++] = ' ';
    bytes[10 + length++] = '\n';
    bytes[8] = (unsigned char)length;
    memcpy(bytes + 10 + length, data, size);
    return temporary_write(bytes, 10 + (size_t)length + size);
}

/* Reads `steps` ids below `vocabulary`, has one probability. */
static struct lstmc_model token_model(int steps, int vocabulary)
{
    return (struct lstmc_model){ .name = "tokens", .loss = "binary_crossentropy", .input_is_tokens = 1, .vocabulary = vocabulary,
                                 .input_rank = 1, .input_shape = { steps }, .output_rank = 1, .output_shape = { 1 }, .target_rank = 1,
                                 .target_shape = { 1 }, .input_count = (size_t)steps, .output_count = 1, .target_count = 1, .batch = 4,
                                 .shards = 1 };
}

static int read_pair(const struct lstmc_model *model, struct temporary_file x, struct temporary_file y, int vocabulary, int unknown,
                     struct lstmc_dataset *data, struct lstmc_message *message)
{
    memset(message, 0, sizeof *message);
    int status = lstmc_read_npy(model, x.path, y.path, vocabulary, unknown, data, message);
    if (!status && (status = lstmc_dataset_make(model, data)) != 0)
        lstmc_dataset_free(data);
    temporary_remove(&x);
    temporary_remove(&y);
    return status;
}

static void expect_ids(const char *what, const int32_t *ids, const int32_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(ids[i], expected[i], "%s[%zu]: %d, expected %d", what, i, ids[i], expected[i]);
}

static const uint16_t words[6] = { 1, 5, 9, 7, 0, 12 };
static const uint8_t labels[2] = { 1, 0 };

Test(data, ids)
{
    const struct lstmc_model model = token_model(3, 20);
    struct lstmc_dataset data;
    struct lstmc_message message;
    int status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2,", labels, 2), 0, 0, &data, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    cr_assert_eq(data.samples, 2);
    expect_ids("x", data.x, (int32_t[]){ 1, 5, 9, 7, 0, 12 }, 6);
    cr_expect(((float *)data.y)[0] == 1 && ((float *)data.y)[1] == 0);
    lstmc_dataset_free(&data);
}

Test(data, longer_time_keeps_the_last_steps)
{
    const struct lstmc_model model = token_model(2, 20);
    struct lstmc_dataset data;
    struct lstmc_message message;
    int status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2, 1", labels, 2), 0, 0, &data, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    expect_ids("x", data.x, (int32_t[]){ 5, 9, 0, 12 }, 4);
    lstmc_dataset_free(&data);
}

Test(data, unknown_ids)
{
    const struct lstmc_model model = token_model(3, 8);
    struct lstmc_dataset data;
    struct lstmc_message message;
    int status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2,", labels, 2), 8, 2, &data, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    expect_ids("x", data.x, (int32_t[]){ 1, 5, 2, 7, 0, 2 }, 6);
    lstmc_dataset_free(&data);
    status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2,", labels, 2), 0, 0, &data, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "row 0, column 2 (from 0): 9 is not a whole number in [0, 8)"), "%s", message.text);
    status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2,", labels, 2), 8, 8, &data, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "8 is not a whole number in [0, 8)"), "unknown itself is no id: %s", message.text);
    const int32_t below[3] = { 1, -1, 2 };
    status = read_pair(&model, write_npy("<i4", "1, 3", below, 12), write_npy("|u1", "1,", labels, 1), 8, 2, &data, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "row 0, column 1 (from 0): -1 is not"), "%s", message.text);
    cr_expect(!data.x && !data.y);
}

Test(data, floats)
{
    struct lstmc_model model = token_model(2, 0);
    const double x[8] = { 0.5, 1, -2, 3, 4, 5, 6, 7 }, bad[8] = { 0, 1, 2, 3, 4, INFINITY, 6, 7 };
    struct lstmc_dataset data;
    struct lstmc_message message;
    model.input_is_tokens = 0;
    model.input_rank = 2;
    model.input_shape[1] = 2;
    model.input_count = 4;
    int status = read_pair(&model, write_npy("<f8", "2, 2, 2", x, 64), write_npy("|u1", "2,", labels, 2), 0, 0, &data, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    for (int i = 0; i < 8; i++)
        cr_expect_eq(((float *)data.x)[i], (float)x[i], "x[%d]: %g, expected %g", i, (double)((float *)data.x)[i], x[i]);
    lstmc_dataset_free(&data);
    status = read_pair(&model, write_npy("<f8", "2, 2, 2", bad, 64), write_npy("|u1", "2,", labels, 2), 0, 0, &data, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "row 1, column 1 (from 0): inf is not a finite number"), "%s", message.text);
}

Test(data, sequences_of_classes_are_cut_together)
{
    struct lstmc_model model = token_model(2, 20);
    const uint8_t y[6] = { 0, 1, 2, 2, 1, 3 };
    struct lstmc_dataset data;
    struct lstmc_message message;
    model.target_is_class = 1;
    model.output_rank = 2;
    model.output_shape[0] = 2;
    model.output_shape[1] = 4;
    model.target_shape[0] = 2;
    model.target_count = 2;
    model.output_count = 8;
    int status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2, 3", y, 6), 0, 0, &data, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    expect_ids("y", data.y, (int32_t[]){ 1, 2, 1, 3 }, 4);
    lstmc_dataset_free(&data);
    status = read_pair(&model, write_npy("<u2", "3, 2", words, 12), write_npy("|u1", "2, 3", y, 6), 0, 0, &data, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "its shape is (2, 3), but the model's targets are (samples, 2)"), "%s", message.text);
    model.output_shape[1] = 3;
    status = read_pair(&model, write_npy("<u2", "2, 3", words, 12), write_npy("|u1", "2, 3", y, 6), 0, 0, &data, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "row 1, column 2 (from 0): 3 is not a whole number in [0, 3)"), "%s", message.text);
}

/* What is no id does not become the unknown one. */
Test(data, ids_that_are_none)
{
    static const struct { double value; const char *expected; } table[] = {
        { 30, NULL },
        { 9e18, NULL },
        { 30.5, "30.5 is not" },
        { NAN, "nan is not" },
        { INFINITY, "inf is not" },
        { -1, "-1 is not" },
        { 0.5, "0.5 is not" },
    };
    const struct lstmc_model model = token_model(3, 20);
    const uint8_t y[1] = { 0 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double ids[3] = { 1, table[i].value, 2 };
        struct lstmc_dataset data;
        struct lstmc_message message = { "" };
        int status = read_pair(&model, write_npy("<f8", "1, 3", ids, 24), write_npy("|u1", "1,", y, 1), 20, 5, &data,
                               &message);
        cr_expect(table[i].expected ? status == LSTMC_MISMATCH && strstr(message.text, table[i].expected) != NULL
                                    : status == 0,
                  "%g: %d \"%s\"", table[i].value, status, message.text);
        if (!status)
            expect_ids("x", data.x, (int32_t[]){ 1, 5, 2 }, 3);
        lstmc_dataset_free(&data);
    }
}

/* float64 far from zero: floats do not hold what tells the numbers apart. */
Test(data, numbers_that_floats_do_not_hold)
{
    const struct lstmc_model model = { .name = "m",
                                       .input_rank = 2,
                                       .input_shape = { 2, 2 },
                                       .input_count = 4,
                                       .output_rank = 1,
                                       .output_shape = { 1 },
                                       .output_count = 1,
                                       .target_rank = 1,
                                       .target_shape = { 1 },
                                       .target_count = 1 };
    double x[8] = { 1, 100000.001, 2, 100000.002, 3, 100000.003, 4, 100000.004 };
    const float y[2] = { 0, 1 };
    for (int offset = 1; offset >= 0; offset--) {
        struct lstmc_dataset data;
        struct lstmc_message message = { "" };
        cr_assert(!read_pair(&model, write_npy("<f8", "2, 2, 2", x, sizeof x), write_npy("<f4", "2,", y, sizeof y), 0,
                             0, &data, &message),
                  "%s", message.text);
        cr_expect(offset ? strstr(data.notes.text, ": column 1 (from 0): beside numbers as large as 100000.004 a "
                                                   "deviation of 0.00112 is lost in floats") != NULL
                         : !*data.notes.text,
                  "\"%s\"", data.notes.text);
        lstmc_dataset_free(&data);
        for (int i = 1; i < 8; i += 2)
            x[i] -= 100000;
    }
}

Test(data, shapes_that_do_not_fit)
{
    static const struct { const char *x_shape, *y_shape; size_t x_size, y_size; const char *expected; } table[] = {
        { "3, 2", "3,", 12, 3, "its shape is (3, 2), but the model reads (samples, 3)" },
        { "6,", "2,", 12, 2, "its shape is (6,), but the model reads" },
        { "", "2,", 2, 2, "its shape is (), but" },
        { "2, 3, 1", "1, 2", 12, 2, "its shape is (1, 2), but the model's targets are (samples, 1)" },
        { "2, 3", "1,", 12, 1, "has 1" },
        { "0, 3", "0,", 0, 0, "has no samples" },
    };
    const struct lstmc_model model = token_model(3, 20);
    const uint8_t y[3] = { 0, 1, 0 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct lstmc_dataset data;
        struct lstmc_message message;
        int status = read_pair(&model, write_npy("<u2", table[i].x_shape, words, table[i].x_size),
                               write_npy("|u1", table[i].y_shape, y, table[i].y_size), 0, 0, &data, &message);
        cr_expect(status == LSTMC_MISMATCH && strstr(message.text, table[i].expected), "(%s) (%s): status %d \"%s\", expected \"%s\"",
                  table[i].x_shape, table[i].y_shape, status, message.text, table[i].expected);
    }
}

/* ---- characters ---- */

static struct lstmc_model character_model(int window, int vocabulary, int each_step)
{
    struct lstmc_model model = token_model(window, vocabulary);
    model.loss = "sparse_categorical_crossentropy";
    model.target_is_class = 1;
    model.output_rank = each_step ? 2 : 1;
    model.output_shape[0] = each_step ? window : vocabulary;
    model.output_shape[1] = vocabulary;
    model.target_shape[0] = each_step ? window : 1;
    model.target_count = each_step ? (size_t)window : 1;
    model.output_count = model.target_count * (size_t)vocabulary;
    return model;
}

static int read_text(const struct lstmc_model *model, const char *text, int window, double split, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct temporary_file file = temporary_text(text);
    memset(message, 0, sizeof *message);
    int status = lstmc_read_characters(model, file.path, window, split, training, validation, message);
    cr_assert(status || (!lstmc_dataset_make(model, training) && !lstmc_dataset_make(model, validation)));
    temporary_remove(&file);
    return status;
}

Test(data, characters)
{
    const struct lstmc_model model = character_model(3, 4, 1);
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
    /* \n a b c are 0 1 2 3; 8 of 12 characters train: windows at 0 and 3, held out from 8: one */
    int status = read_text(&model, "abcacb\nacbab", 3, 2.0 / 3, &training, &validation, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    cr_assert(training.samples == 2 && validation.samples == 1, "%zu and %zu samples, expected 2 and 1", training.samples, validation.samples);
    expect_ids("x", training.x, (int32_t[]){ 1, 2, 3, 1, 3, 2 }, 6);
    expect_ids("y", training.y, (int32_t[]){ 2, 3, 1, 3, 2, 0 }, 6);
    expect_ids("held-out x", validation.x, (int32_t[]){ 3, 2, 1 }, 3);
    expect_ids("held-out y", validation.y, (int32_t[]){ 2, 1, 2 }, 3);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
}

Test(data, next_character_alone)
{
    const struct lstmc_model model = character_model(3, 3, 0);
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
    int status = read_text(&model, "abcacbb", 3, 1, &training, &validation, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    cr_assert(training.samples == 2 && validation.samples == 0);
    expect_ids("x", training.x, (int32_t[]){ 0, 1, 2, 0, 2, 1 }, 6);
    expect_ids("y", training.y, (int32_t[]){ 0, 1 }, 2);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
}

Test(data, characters_that_do_not_fit)
{
    struct lstmc_model model = character_model(3, 5, 1);
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
    int status = read_text(&model, "abcacbb", 3, 1, &training, &validation, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "has 3 distinct characters, but the model's vocabulary is 5: use 3"), "%s", message.text);
    status = read_text(&model, "abcacbb", 2, 1, &training, &validation, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "windows of 2 characters"), "%s", message.text);
    model = character_model(3, 3, 1);
    status = read_text(&model, "abc", 3, 1, &training, &validation, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "too few for a window of 3"), "%s", message.text);
    status = read_text(&model, "", 3, 1, &training, &validation, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "has 0 characters: too few for a window of 3"), "%s",
              message.text);
    model.output_shape[1] = 4;
    status = read_text(&model, "abcacbb", 3, 1, &training, &validation, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "use 3 units"), "%s", message.text);
    model.target_is_class = 0;
    status = read_text(&model, "abcacbb", 3, 1, &training, &validation, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "sparse_categorical_crossentropy"), "%s", message.text);
}

static int read_mutation(void *model, const char *path, struct lstmc_message *message)
{
    struct lstmc_dataset training, validation;
    int status = lstmc_read_characters(model, path, 3, 0.7, &training, &validation, message);
    cr_expect(status || (training.samples && validation.samples), "neither windows nor a message");
    cr_assert(!lstmc_dataset_make(model, &training) && !lstmc_dataset_make(model, &validation));
    for (size_t i = 0; i < training.samples * 3; i++)
        cr_assert(((uint32_t *)training.x)[i] < 4 && ((uint32_t *)training.y)[i] < 4);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
    return status;
}

Test(data, mutations_of_characters)
{
    struct lstmc_model model = character_model(3, 4, 1);
    struct mutations done = mutate("abc\nacbacbabc\ncba", 17, "abc\n", read_mutation, &model);
    cr_expect(done.refused > done.files / 5 && done.refused < done.files, "%d of %d mutations were refused", done.refused, done.files);
}

/* ---- memory ---- */

Test(data, alloc_and_views)
{
    const struct lstmc_model model = token_model(3, 20);
    struct lstmc_dataset data, held_out;
    cr_assert_eq(lstmc_dataset_alloc(&model, 10, &data), 0);
    for (int i = 0; i < 30; i++)
        ((int32_t *)data.x)[i] = i;
    for (int i = 0; i < 10; i++)
        ((float *)data.y)[i] = (float)i;
    lstmc_split_validation(&model, &data, 0.25, &held_out);         /* Keras: floor(10 * 0.75) = 7 stay */
    cr_expect(data.samples == 7 && held_out.samples == 3, "%zu and %zu, expected 7 and 3", data.samples, held_out.samples);
    cr_expect(((int32_t *)held_out.x)[0] == 21 && ((float *)held_out.y)[0] == 7);
    lstmc_dataset_free(&held_out);
    lstmc_split_validation(&model, &data, 0, &held_out);
    cr_expect(data.samples == 7 && held_out.samples == 0);
    lstmc_dataset_free(&held_out);
    lstmc_dataset_free(&data);
    cr_expect_eq(lstmc_dataset_alloc(&model, SIZE_MAX / 8, &data), LSTMC_NO_MEMORY);
    cr_expect(!data.x && !data.y && !data.samples);
    cr_expect_eq(lstmc_dataset_alloc(&model, 0, &data), 0);
    lstmc_dataset_free(&data);
}

/* ---- real data ---- */

Test(data, imdb)
{
    struct stat status;
    if (stat("../shared/data/imdb-ids/test_x.npy", &status))
        cr_skip_test("../shared/data/imdb-ids is not here");
    const struct lstmc_model model = token_model(150, 5000);
    struct lstmc_dataset data;
    struct lstmc_message message;
    int read = lstmc_read_npy(&model, "../shared/data/imdb-ids/test_x.npy", "../shared/data/imdb-ids/test_y.npy", 5000, 2, &data, &message);
    cr_assert_eq(read, 0, "%s", message.text);
    cr_assert_eq(lstmc_dataset_make(&model, &data), 0);
    double positive = 0;
    int32_t largest = 0;
    for (size_t i = 0; i < data.samples; i++)
        positive += (double)((float *)data.y)[i];
    for (size_t i = 0; i < data.samples * 150; i++)
        largest = ((int32_t *)data.x)[i] > largest ? ((int32_t *)data.x)[i] : largest;
    cr_expect(data.samples == 10000 && positive == 5000 && largest == 4999, "%zu samples, %g positive, largest id %d; expected 10000, 5000, 4999",
              data.samples, positive, largest);
    lstmc_dataset_free(&data);
}

Test(data, shakespeare)
{
    struct stat status;
    if (stat("../shared/data/tinyshakespeare/input.txt", &status))
        cr_skip_test("../shared/data/tinyshakespeare is not here");
    const struct lstmc_model model = character_model(100, 65, 1);
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
    int read = lstmc_read_characters(&model, "../shared/data/tinyshakespeare/input.txt", 100, 0.9, &training, &validation, &message);
    cr_assert_eq(read, 0, "%s", message.text);
    cr_assert(!lstmc_dataset_make(&model, &training) && !lstmc_dataset_make(&model, &validation));
    /* 1115394 characters: 1003854 train */
    cr_expect(training.samples == 10038 && validation.samples == 1115, "%zu and %zu", training.samples, validation.samples);
    expect_ids("First", training.x, (int32_t[]){ 18, 47, 56, 57, 58 }, 5);       /* \n, space, 11 signs, A-Z, a-z */
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
}

/* ---- larger than memory ---- */

/* Arrays that are as the model needs them are the files themselves; mistakes in them are found all the same. */
Test(data, mapped_files)
{
    const struct lstmc_model model = { .input_rank = 2, .input_shape = { 2, 2 }, .input_count = 4, .output_rank = 1, .output_shape = { 1 },
                                       .output_count = 1, .target_rank = 1, .target_shape = { 1 }, .target_count = 1 };
    float x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, y[2] = { -1, 1 };
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    cr_assert_eq(read_pair(&model, write_npy("<f4", "2, 2, 2", x, 32), write_npy("<f4", "2,", y, 8), 0, 0, &data, &message), 0, "%s", message.text);
    cr_expect(data.x_memory.bytes && data.x != data.x_memory.start && data.y_memory.bytes, "the data begins behind the file's header");
    cr_expect(data.samples == 2 && !memcmp(data.x, x, sizeof x) && !memcmp(data.y, y, sizeof y));
    lstmc_dataset_free(&data);
    double wide[2] = { -1, 1 };
    cr_assert_eq(read_pair(&model, write_npy("<f4", "2, 2, 2", x, 32), write_npy("<f8", "2,", wide, 16), 0, 0, &data, &message), 0);
    cr_expect(data.x_memory.bytes && !data.y_memory.bytes && ((float *)data.y)[1] == 1 && ((float *)data.x)[7] == 8);
    lstmc_dataset_free(&data);
    x[6] = NAN;
    cr_expect_eq(read_pair(&model, write_npy("<f4", "2, 2, 2", x, 32), write_npy("<f4", "2,", y, 8), 0, 0, &data, &message), LSTMC_MISMATCH);
    cr_expect(strstr(message.text, "row 1, column 2"), "%s", message.text);
}

/* The same data set, once in memory and once on the disk. */
Test(data, on_the_disk)
{
    const struct lstmc_model model = { .input_rank = 2, .input_shape = { 2, 2 }, .input_count = 4, .output_rank = 1, .output_shape = { 1 },
                                       .output_count = 1, .target_rank = 1, .target_shape = { 1 }, .target_count = 1 };
    double x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, y[2] = { -1, 1 };
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    setenv("LSTMC_DATA_MEMORY", "10", 1);
    cr_assert_eq(read_pair(&model, write_npy("<f8", "2, 2, 2", x, 64), write_npy("<f8", "2,", y, 16), 0, 0, &data, &message), 0, "%s", message.text);
    cr_expect(data.x_memory.bytes == 32 && !data.y_memory.bytes, "32 bytes are too many for memory, 8 are not");
    for (int i = 0; i < 8; i++)
        cr_expect_eq(((float *)data.x)[i], (float)x[i]);
    lstmc_dataset_free(&data);
    setenv("TMPDIR", "/nonexistent", 1);
    cr_expect_eq(read_pair(&model, write_npy("<f8", "2, 2, 2", x, 64), write_npy("<f8", "2,", y, 16), 0, 0, &data, &message), LSTMC_NO_MEMORY);
    unsetenv("TMPDIR");
    unsetenv("LSTMC_DATA_MEMORY");
}

Test(data, sample_weight)
{
    struct lstmc_dataset data = { .samples = 3 };
    struct lstmc_message message = { "" };
    double weights[3] = { 0, 0.5, 2 };
    struct temporary_file file = write_npy("<f8", "3,", weights, 24), matrix = write_npy("<f8", "1, 3", weights, 24);
    cr_assert_eq(lstmc_read_sample_weight(&(struct lstmc_model){ .name = "m" }, file.path, &data, &message), 0, "%s", message.text);
    cr_expect(data.sample_weight[0] == 0 && data.sample_weight[1] == 0.5f && data.sample_weight[2] == 2);
    lstmc_free(data.sample_weight);
    cr_expect_eq(lstmc_read_sample_weight(&(struct lstmc_model){ .name = "m" }, matrix.path, &data, &message), LSTMC_MISMATCH);
    cr_expect(strstr(message.text, "(1, 3), but there are 3 samples"), "%s", message.text);
    temporary_remove(&file);
    temporary_remove(&matrix);
    weights[1] = -1;
    file = write_npy("<f8", "3,", weights, 24);
    cr_expect_eq(lstmc_read_sample_weight(&(struct lstmc_model){ .name = "m" }, file.path, &data, &message), LSTMC_MISMATCH);
    cr_expect(strstr(message.text, "row 1 (from 0): the weight -1"), "%s", message.text);
    lstmc_free(data.sample_weight);
    temporary_remove(&file);
}
