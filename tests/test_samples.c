/* test_samples.c: samples that are made when a batch asks for them: of every type of array the bits of float32, in every thread; without memory for
 * the file; and mistakes in it are still said. */
#include "runtime/lstmc.h"
#include "compiled_model.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files ---- */

static size_t write_head(unsigned char bytes[256], const char *dtype, const char *shape)
{
    memcpy(bytes, "\x93NUMPY\x01", 8);
    int length = snprintf((char *)bytes + 10, 200, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, shape);
    while ((10 + length) % 64 != 63)                /* as numpy pads it */
        bytes[10 + length++] = ' ';
    bytes[10 + length++] = '\n';
    bytes[8] = (unsigned char)length;
    bytes[9] = 0;
    return 10 + (size_t)length;
}

/* An array of whole numbers below 64, in this type. */
static struct temporary_file write_whole(const char *dtype, const char *shape, const int *values, size_t count)
{
    const size_t width = (size_t)(dtype[2] - '0');
    unsigned char *bytes = malloc(256 + count * width);
    size_t at = write_head(bytes, dtype, shape);
    for (size_t i = 0; i < count; i++, at += width) {
        uint64_t whole = (uint64_t)values[i];
        float single = (float)values[i];
        double wide = values[i];
        uint16_t half = 0;                          /* 1 <= value < 64: its highest bit is 2^power */
        int power = 0;
        while (values[i] >> (power + 1))
            power++;
        half = values[i] ? (uint16_t)((15 + power) << 10 | (values[i] << (10 - power) & 1023)) : 0;
        memcpy(bytes + at, !strcmp(dtype + 1, "f2") ? (void *)&half : !strcmp(dtype + 1, "f4") ? (void *)&single
                           : !strcmp(dtype + 1, "f8") ? (void *)&wide : (void *)&whole, width);
    }
    struct temporary_file file = temporary_write(bytes, at);
    free(bytes);
    return file;
}

static const char *const types[] = { "<f4", "|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f8" };
enum { TYPES = sizeof types / sizeof *types };

/* ---- trainings ---- */

enum { ROWS = 150, STEPS = 9, FEATURES = 40 };

/* A batch is large enough for several threads to gather it. */
static const char text[] = "return Sequential{ Input{9, 40}, LSTM{7}, Dense{1}, loss = 'mse', batch_size = 96, shards = 4, optimizer = Adam{0.01} }";

static void train(const struct compiled_model *c, const struct lstmc_dataset *data, int threads, float *weights)
{
    struct lstmc_engine engine;
    struct lstmc_message message = { "" };
    const struct lstmc_train_options options = { .epochs = 2, .seed = 3, .shuffle = 1, .quiet = 1 };
    lstmc_init(c->model, weights, 4);
    cr_assert_eq(lstmc_engine_create(c->model, &engine), 0);
    lstmc_engine_threads(&engine, threads);
    cr_assert_eq(lstmc_train(&engine, weights, data, NULL, &options, NULL, &message), 0, "%s", message.text);
    lstmc_engine_free(&engine);
}

/* The files have one step more than the model reads, the last ones of which count. Numbers are 0 and 1 where the type knows no other. */
Test(samples, every_type_trains_alike)
{
    static int x[ROWS * (STEPS + 1) * FEATURES], y[ROWS];
    struct compiled_model c;
    struct lstmc_message message = { "" };
    compiled_model_create(&c, text, "-O1", false);
    const size_t count = c.model->weight_count;
    float *expected = calloc(2 * count, sizeof *expected), *weights = expected + count;
    for (int only_bits = 0; only_bits <= 1; only_bits++) {
        for (size_t i = 0; i < sizeof x / sizeof *x; i++)
            x[i] = (int)(i * 7 % 61 * i % 64) % (only_bits ? 2 : 64);
        for (int i = 0; i < ROWS; i++)
            y[i] = i % 5 % (only_bits ? 2 : 5);
        for (int t = 0; t < TYPES; t++) {
            if (types[t][1] == 'b' && !only_bits)
                continue;
            struct lstmc_dataset data;
            struct temporary_file x_file = write_whole(types[t], "150, 10, 40", x, sizeof x / sizeof *x), y_file = write_whole(types[t], "150,", y, ROWS);
            cr_assert_eq(lstmc_read_npy(c.model, x_file.path, y_file.path, 0, 0, &data, &message), 0, "%s", message.text);
            cr_expect(!data.x, "x of %s lies in memory", types[t]);
            train(&c, &data, 1 + t % 3, t ? weights : expected);
            cr_expect(!t || !memcmp(weights, expected, count * sizeof *weights), "%s, %d threads: other weights than of <f4", types[t], 1 + t % 3);
            lstmc_dataset_free(&data);
            temporary_remove(&x_file);
            temporary_remove(&y_file);
        }
    }
    free(expected);
    compiled_model_free(&c);
}

/* ---- memory ---- */

/* Of this process, in kB: what is no file's. */
static long anonymous(void)
{
    char line[200];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "RssAnon: %ld", &value);
    if (file)
        fclose(file);
    return value;
}

static long most_anonymous;

static void look(void *context, int epoch, int rows, const struct lstmc_engine *engine)
{
    (void)context, (void)epoch, (void)rows, (void)engine;
    const long now = anonymous();
    most_anonymous = now > most_anonymous ? now : most_anonymous;
}

/* 64 MB of doubles: as floats they would be half of it. */
Test(samples, an_array_takes_no_memory)
{
    enum { SAMPLES = 20000 };
    if (anonymous() < 0)
        cr_skip_test("nobody says here how much memory is anonymous");
    struct compiled_model c;
    struct lstmc_dataset data, held_out;
    struct lstmc_message message = { "" };
    struct lstmc_engine engine;
    struct lstmc_train_options options = { .epochs = 1, .seed = 3, .shuffle = 1, .quiet = 1, .batch_end = look };
    unsigned char head[256];
    compiled_model_create(&c, text, "-O1", false);
    struct temporary_file x = temporary_write(head, write_head(head, "<f8", "20000, 10, 40")), y = temporary_write(head, write_head(head, "<f8", "20000,"));
    cr_assert(!truncate(x.path, (off_t)write_head(head, "<f8", "20000, 10, 40") + SAMPLES * 400 * 8) &&
              !truncate(y.path, (off_t)write_head(head, "<f8", "20000,") + SAMPLES * 8));
    float *weights = calloc(c.model->weight_count, sizeof *weights);
    lstmc_init(c.model, weights, 4);
    cr_assert_eq(lstmc_engine_create(c.model, &engine), 0);
    most_anonymous = 0;
    const long before = anonymous();
    cr_assert_eq(lstmc_read_npy(c.model, x.path, y.path, 0, 0, &data, &message), 0, "%s", message.text);
    lstmc_split_validation(c.model, &data, 0.2, &held_out);
    cr_assert_eq(lstmc_train(&engine, weights, &data, &held_out, &options, NULL, &message), 0, "%s", message.text);
    cr_expect(most_anonymous > 0 && most_anonymous - before < 16384, "%ld kB of memory for a file of 62500 kB", most_anonymous - before);
    lstmc_dataset_free(&data);
    temporary_remove(&x);
    temporary_remove(&y);
    lstmc_engine_free(&engine);
    free(weights);
    compiled_model_free(&c);
}

/* ---- several arrays, parts, mistakes ---- */

static const struct lstmc_array inputs[] = { { .name = "a", .rank = 2, .shape = { 2, 2 }, .offset = 0, .count = 4 },
                                             { .name = "id", .is_integer = 1, .vocabulary = 9, .rank = 1, .shape = { 1 }, .offset = 4, .count = 1 } };
static const struct lstmc_model both = { .name = "both", .loss = "mse", .inputs = inputs, .input_arrays = 2, .input_rank = 1, .input_shape = { 5 },
                                         .input_count = 5, .output_rank = 1, .output_shape = { 1 }, .output_count = 1, .target_rank = 1,
                                         .target_shape = { 1 }, .target_count = 1, .batch = 2, .shards = 1 };

/* What is held out are the last samples of the same files. */
Test(samples, of_several_arrays_in_two_parts)
{
    static const int a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }, id[] = { 3, 20, 5, 8 }, y[] = { 1, 2, 3, 4 };
    struct temporary_file files[] = { write_whole("<f8", "4, 2, 2", a, 16), write_whole("|u1", "4,", id, 4), write_whole("<i2", "4,", y, 4) };
    const char *const x_paths[] = { files[0].path, files[1].path }, *const y_paths[] = { files[2].path };
    struct lstmc_dataset data, held_out;
    struct lstmc_message message = { "" };
    cr_assert_eq(lstmc_read_npy_arrays(&both, x_paths, y_paths, 9, 1, &data, &message), 0, "%s", message.text);
    lstmc_split_validation(&both, &data, 0.5, &held_out);
    cr_assert(data.samples == 2 && held_out.samples == 2);
    float x[10], target[2];
    int32_t ids[2];
    lstmc_copy_inputs(&both, &data, 1, 1, x);
    memcpy(ids, x + 4, sizeof *ids);
    cr_expect(x[0] == 5 && x[3] == 8 && ids[0] == 1, "%g %g, id %d: 20 is unknown, 1", x[0], x[3], ids[0]);
    lstmc_copy_inputs(&both, &held_out, 0, 2, x);
    lstmc_copy_targets(&both, &held_out, 0, 2, target);
    memcpy(ids, x + 4, sizeof *ids);
    memcpy(ids + 1, x + 9, sizeof *ids);
    cr_expect(x[0] == 9 && x[8] == 16 && ids[0] == 5 && ids[1] == 8 && target[0] == 3 && target[1] == 4);
    cr_assert_eq(lstmc_dataset_make(&both, &data), 0);
    cr_expect(((float *)data.x)[3] == 4 && ((int32_t *)data.x)[4] == 3 && ((float *)data.y)[1] == 2);
    lstmc_dataset_free(&held_out);
    lstmc_dataset_free(&data);
    for (int i = 0; i < 3; i++)
        temporary_remove(&files[i]);
}

/* A double that no float holds, the largest that one does, and one that is rounded down to it. */
Test(samples, mistakes_are_said_by_row)
{
    static const struct { double value; const char *said; } cases[] = {
        { 1e39, "row 7, column 3 (from 0): 1e+39 is not a finite number" }, { (double)NAN, "row 7, column 3" }, { 3.4028234663852886e38, NULL },
        { 3.40282347e38, "row 7, column 3" },
    };
    const struct lstmc_model model = { .input_rank = 2, .input_shape = { 2, 2 }, .input_count = 4, .output_rank = 1, .output_shape = { 1 },
                                       .output_count = 1, .target_rank = 1, .target_shape = { 4 }, .target_count = 4 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int in_y = 0; in_y <= 1; in_y++) {
            double values[2][40] = { { 0 } };
            unsigned char bytes[2][1000];
            values[in_y][31] = cases[i].value;
            struct temporary_file files[2];
            for (int k = 0; k < 2; k++) {
                size_t head = write_head(bytes[k], "<f8", k ? "10, 4" : "10, 2, 2");
                memcpy(bytes[k] + head, values[k], sizeof values[k]);
                files[k] = temporary_write(bytes[k], head + sizeof values[k]);
            }
            struct lstmc_dataset data;
            struct lstmc_message message = { "" };
            int status = lstmc_read_npy(&model, files[0].path, files[1].path, 0, 0, &data, &message);
            cr_expect_eq(status, cases[i].said ? LSTMC_MISMATCH : 0);
            cr_expect(!cases[i].said || (strstr(message.text, cases[i].said) && strstr(message.text, files[in_y].path)), "%s", message.text);
            lstmc_dataset_free(&data);
            temporary_remove(&files[0]);
            temporary_remove(&files[1]);
        }
}
