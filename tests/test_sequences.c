/* test_sequences.c: sequences of unlike lengths, as each reader delivers them: *.ts files, arrays with lengths or offsets, lines, functions; and
 * what predicts them. */
#include "runtime/lstmc.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct lstmc_model sequences = { .name = "net", .input_rank = 2, .input_shape = { 3, 2 }, .input_count = 6, .has_lengths = 1,
                                              .output_rank = 1, .output_shape = { 3 }, .output_count = 3, .target_is_class = 1,
                                              .target_count = 1, .loss = "sparse_categorical_crossentropy", .batch = 4, .shards = 1 };

static const char *path_in(const char *folder, const char *name)
{
    static char path[32][300];
    static int next;
    snprintf(path[next = (next + 1) % 32], sizeof path[0], "%s/%s", folder, name);
    return path[next];
}

static void put_file(const char *folder, const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void expect_floats(const char *what, const float *got, const float *expected, int count)
{
    for (int i = 0; i < count; i++)
        cr_expect_float_eq((double)got[i], (double)expected[i], 1e-6, "%s, element %d: %g, not %g", what, i, (double)got[i], (double)expected[i]);
}

/* ---- *.ts ---- */

#define HEADER "# a comment\r\n@problemName Small\r\n@timeStamps false\r\n@missing false\r\n@univariate false\r\n@dimensions 2\r\n"

Test(sequences, of_an_archive)
{
    char *folder = command_folder();
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    put_file(folder, "train.ts", HEADER "@classLabel true walk run sit\r\n@data\r\n1,2,3:-1,-2,-3:sit\r\n4 , 5:0.5,1e1:walk\r\n\r\n");
    put_file(folder, "test.ts", HEADER "@classLabel true sit walk run\n@data\n7,8,9,10:1,2,3,4:run\n6:7: sit \n");
    struct lstmc_ts_options options = { .file = path_in(folder, "train.ts"), .validation = path_in(folder, "test.ts") };
    cr_assert_eq(lstmc_read_ts(&sequences, &options, &training, &held_out, &message), 0, "%s", message.text);
    const float x[2][6] = { { 1, -1, 2, -2, 3, -3 }, { 4, 0.5f, 5, 10, 0, 0 } }, other[2][6] = { { 7, 1, 8, 2, 9, 3 }, { 6, 7, 0, 0, 0, 0 } };
    cr_assert(training.samples == 2 && held_out.samples == 2);
    expect_floats("x", training.x, x[0], 12);
    expect_floats("held-out x", held_out.x, other[0], 12);
    const int32_t *y = training.y, *held_out_y = held_out.y;
    cr_expect(training.lengths[0] == 3 && training.lengths[1] == 2 && held_out.lengths[0] == 3 && held_out.lengths[1] == 1);
    cr_expect(y[0] == 2 && y[1] == 0 && held_out_y[0] == 1 && held_out_y[1] == 2, "classes in the order of the header");
    cr_expect(!strcmp(training.meaning.labels.text[1], "run"));
    cr_expect(!*training.notes.text && strstr(held_out.notes.text, "1 of 2 series are longer than the model's 3 steps and lose their end; the longest has 4"));
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);

    options.normalization = "standard";
    cr_assert_eq(lstmc_read_ts(&sequences, &options, &training, &held_out, &message), 0, "%s", message.text);
    double mean = 3, deviation = sqrt(2);         /* of 1 2 3 4 5: what stands behind the ends is no number */
    cr_expect_float_eq((double)((float *)training.x)[0], (1 - mean) / deviation, 1e-6);
    cr_expect_float_eq((double)((float *)held_out.x)[6], (6 - mean) / deviation, 1e-6);
    cr_expect(((float *)training.x)[10] == 0 && training.meaning.input.columns == 2);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    command_folder_remove(folder);
}

Test(sequences, of_an_archive_with_mistakes)
{
    static const char *const mistakes[][2] = {
        { "1,2:3,4:run\n", "train.ts:1: a header line begins with @" },
        { "@classLabel true run\n@data\n", "has no series" },
        { "@data\n1:2\n", "says neither @classLabel true nor @targetlabel true" },
        { "@timeStamps true\n@classLabel true run\n@data\n(0,1):run\n", "train.ts:1: series with time stamps are not read" },
        { "@classLabel true walk run sit\n@data\n1,?:2,3:run\n", "train.ts:3: a value is missing (?)" },
        { "@classLabel true walk run sit\n@data\n1,x:2,3:run\n", "train.ts:3: \"x\" is no finite number" },
        { "@classLabel true walk run sit\n@data\n1,nan:2,3:run\n", "\"nan\" is no finite number" },
        { "@classLabel true walk run sit\n@data\n1,2:3:run\n", "train.ts:3: dimension 2 has 1 values, the first one 2" },
        { "@classLabel true walk run sit\n@data\n1,2:run\n", "train.ts:3: fewer dimensions than the 2 that the model reads" },
        { "@classLabel true walk run sit\n@data\n1:2:3:run\n", "train.ts:3: more dimensions than the 2 that the model reads" },
        { "@classLabel true walk run sit\n@data\n1:2:jump\n", "train.ts:3: the class \"jump\" is not among those of @classLabel" },
        { "@classLabel true walk run walk\n@data\n1:2:run\n", "train.ts:1: the class \"walk\" is named twice" },
        { "@targetlabel true\n@data\n1:2:x\n", "train.ts:3: \"x\" is no number to predict" },
        { "@classLabel true walk run\n@data\n1:2:run\n", "2 labels" },
    };
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct lstmc_dataset training, held_out;
        struct lstmc_message message = { "" };
        put_file(folder, "train.ts", mistakes[i][0]);
        struct lstmc_ts_options options = { .file = path_in(folder, "train.ts") };
        cr_expect(lstmc_read_ts(&sequences, &options, &training, &held_out, &message) != 0, "%s", mistakes[i][0]);
        cr_expect(strstr(message.text, mistakes[i][1]), "%s: %s, without \"%s\"", mistakes[i][0], message.text, mistakes[i][1]);
    }
    command_folder_remove(folder);
}

Test(sequences, of_the_archive_of_vowels)
{
    const char *folder = "../shared/data/uea-ucr-timeseries/JapaneseVowels";
    if (access(folder, R_OK))
        cr_skip_test("../shared/data is absent");
    struct lstmc_model model = { .name = "vowels", .input_rank = 2, .input_shape = { 29, 12 }, .input_count = 29 * 12, .has_lengths = 1,
                                 .output_rank = 1, .output_shape = { 9 }, .output_count = 9, .target_is_class = 1, .target_count = 1,
                                 .loss = "sparse_categorical_crossentropy", .batch = 4, .shards = 1 };
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    struct lstmc_ts_options options = { .file = path_in(folder, "JapaneseVowels_TRAIN.ts"), .validation = path_in(folder, "JapaneseVowels_TEST.ts") };
    cr_assert_eq(lstmc_read_ts(&model, &options, &training, &held_out, &message), 0, "%s", message.text);
    int least = 100, most = 0;
    for (size_t i = 0; i < training.samples + held_out.samples; i++) {
        int length = i < training.samples ? training.lengths[i] : held_out.lengths[i - training.samples];
        least = length < least ? length : least;
        most = length > most ? length : most;
    }
    cr_expect(training.samples == 270 && held_out.samples == 370 && least == 7 && most == 29, "%d to %d", least, most);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
}

/* ---- arrays ---- */

static const char *array(const char *folder, const char *name, const float *values, int rank, size_t rows, size_t columns)
{
    struct lstmc_message message = { "" };
    const char *path = path_in(folder, name);
    cr_assert_eq(lstmc_npy_write(path, values, rank, (const size_t[]){ rows, columns }, &message), 0, "%s", message.text);
    return path;
}

Test(sequences, one_behind_the_other)
{
    char *folder = command_folder();
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    static const float steps[][2] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 }, { 11, 12 } }, ends[] = { 0, 1, 1, 5, 6 }, classes[] = { 2, 0, 1, 1 };
    static const float expected[4][6] = { { 1, 2 }, { 0 }, { 5, 6, 7, 8, 9, 10 }, { 11, 12 } };      /* of four steps the last three */
    const char *x = array(folder, "x.npy", steps[0], 2, 6, 2), *offsets = array(folder, "offsets.npy", ends, 1, 5, 0),
               *y = array(folder, "y.npy", classes, 1, 4, 0);
    cr_assert_eq(lstmc_read_ragged(&sequences, x, offsets, y, 0, 0, &data, &message), 0, "%s", message.text);
    cr_assert(data.samples == 4 && lstmc_dataset_make(&sequences, &data) == 0);
    expect_floats("x", data.x, expected[0], 24);
    cr_expect(data.lengths[0] == 1 && data.lengths[1] == 0 && data.lengths[2] == 3 && data.lengths[3] == 1);
    cr_expect(((int32_t *)data.y)[0] == 2 && ((int32_t *)data.y)[3] == 1);
    lstmc_dataset_free(&data);

    static const float bad[][5] = { { 0, 1, 1, 5, 7 }, { 1, 1, 1, 5, 6 }, { 0, 3, 1, 5, 6 }, { 0, 1, 1.5f, 5, 6 }, { 0, 1, -1, 5, 6 } };
    static const char *const why[] = { "has 6 steps, but the offsets go from 0 to 7", "go from 1 to 6", "offset 1 (from 0) is beyond the next one",
                                       "1.5 is no whole number", "-1 is no whole number" };
    for (int i = 0; i < 5; i++) {
        cr_expect(lstmc_read_ragged(&sequences, x, array(folder, "bad.npy", bad[i], 1, 5, 0), y, 0, 0, &data, &message) != 0);
        cr_expect(strstr(message.text, why[i]), "%s, without \"%s\"", message.text, why[i]);
    }
    command_folder_remove(folder);
}

/* Where the model has an output for each step, so do the targets. */
Test(sequences, targets_of_steps)
{
    char *folder = command_folder();
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    struct lstmc_model tagger = sequences;
    tagger.output_rank = 2, tagger.output_shape[0] = 3, tagger.output_shape[1] = 4, tagger.output_count = 12;
    tagger.target_rank = 1, tagger.target_shape[0] = 3, tagger.target_count = 3;
    static const float steps[][2] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } }, ends[] = { 0, 1, 5 }, classes[] = { 3, 0, 1, 2, 1 };
    static const int32_t expected[] = { 3, 0, 0, 1, 2, 1 };
    cr_assert_eq(lstmc_read_ragged(&tagger, array(folder, "x.npy", steps[0], 2, 5, 2), array(folder, "o.npy", ends, 1, 3, 0),
                                   array(folder, "y.npy", classes, 1, 5, 0), 0, 0, &data, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_dataset_make(&tagger, &data), 0);
    cr_expect(!memcmp(data.y, expected, sizeof expected));
    const char *offsets = path_in(folder, "o.npy"), *of_steps = array(folder, "w.npy", (float[]){ 1, 9, 0.5f, 0, 2 }, 1, 5, 0),
               *of_samples = array(folder, "v.npy", (float[]){ 3, 4 }, 1, 2, 0), *bad = array(folder, "b.npy", (float[]){ 1, 9, 1, 1, -1 }, 1, 5, 0);
    tagger.sample_weights = 3;
    cr_assert_eq(lstmc_read_ragged_weight(&tagger, of_steps, offsets, &data, &message), 0, "%s", message.text);
    cr_expect_eq(data.weights, 3);
    expect_floats("weights of the last steps", data.sample_weight, (float[]){ 1, 0, 0, 0.5f, 0, 2 }, 6);
    lstmc_free(data.sample_weight);
    cr_assert_eq(lstmc_read_ragged_weight(&tagger, of_samples, offsets, &data, &message), 0, "%s", message.text);
    cr_expect(data.weights == 1 && data.sample_weight[1] == 4);
    lstmc_free(data.sample_weight);
    data.sample_weight = NULL;
    cr_expect(lstmc_read_ragged_weight(&tagger, bad, offsets, &data, &message) && strstr(message.text, "row 4 (from 0): the weight -1"), "%s", message.text);
    lstmc_free(data.sample_weight);
    data.sample_weight = NULL;
    tagger.sample_weights = 0;
    cr_expect(lstmc_read_ragged_weight(&tagger, of_steps, offsets, &data, &message) && strstr(message.text, "there are 2 samples"), "%s", message.text);
    lstmc_dataset_free(&data);
    command_folder_remove(folder);
}

Test(sequences, padded_arrays_and_their_lengths)
{
    char *folder = command_folder();
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    static const float x[2][6] = { { 1, 2, 3, 4, 5, 6 }, { 7, 8 } }, y[] = { 1, 2 }, lengths[] = { 7, 1 }, bad[] = { 1, -1 };
    cr_assert_eq(lstmc_read_npy(&sequences, array(folder, "x.npy", x[0], 2, 2, 6), array(folder, "y.npy", y, 1, 2, 0), 0, 0, &data, &message), LSTMC_MISMATCH,
                 "a flat array is no sequence");
    const size_t shape[] = { 2, 3, 2 };
    cr_assert_eq(lstmc_npy_write(path_in(folder, "x.npy"), x[0], 3, shape, &message), 0);
    cr_assert_eq(lstmc_read_npy(&sequences, path_in(folder, "x.npy"), path_in(folder, "y.npy"), 0, 0, &data, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_read_lengths(&sequences, array(folder, "n.npy", lengths, 1, 2, 0), &data, &message), 0, "%s", message.text);
    cr_expect(data.lengths[0] == 7 && data.lengths[1] == 1);
    cr_expect(lstmc_read_lengths(&sequences, array(folder, "b.npy", bad, 1, 2, 0), &data, &message) && strstr(message.text, "row 1 (from 0): -1"));
    cr_expect(lstmc_read_lengths(&sequences, array(folder, "b.npy", lengths, 1, 1, 0), &data, &message) && strstr(message.text, "for each of 2 samples"));
    struct lstmc_model plain = sequences;
    plain.has_lengths = 0;
    cr_expect(lstmc_read_lengths(&plain, path_in(folder, "n.npy"), &data, &message) && strstr(message.text, "Input has no lengths"));
    lstmc_dataset_free(&data);
    command_folder_remove(folder);
}

/* A step counts if one of its numbers is not 0, and so does one of zeros between two that do. */
Test(sequences, padding_tells_lengths)
{
    char *folder = command_folder();
    struct lstmc_dataset data;
    struct lstmc_message message = { "" };
    struct lstmc_model steps = sequences;       /* a class for each step */
    steps.output_rank = 2, steps.output_shape[0] = 3, steps.output_shape[1] = 3, steps.output_count = 9;
    steps.target_rank = 1, steps.target_shape[0] = 3, steps.target_count = 3;
    static const float x[4][6] = { { 0, 0, 0, 3, 4, 5 }, { 0, 0, 0, 0, 0, 0 }, { 1, 2, 0, 0, 0, 6 }, { 7, 8, 0, 0, 0, 0 } };
    static const float y[4][3] = { { 0, 1, 2 }, { 1, 1, 1 }, { 2, 1, 0 }, { 1, 2, 2 } };
    const size_t shape[] = { 4, 3, 2 }, shape_y[] = { 4, 3 };
    cr_assert_eq(lstmc_npy_write(path_in(folder, "x.npy"), x[0], 3, shape, &message), 0);
    cr_assert_eq(lstmc_npy_write(path_in(folder, "y.npy"), y[0], 2, shape_y, &message), 0);
    for (int front = 0; front <= 1; front++) {
        cr_assert_eq(lstmc_read_npy(&steps, path_in(folder, "x.npy"), path_in(folder, "y.npy"), 0, 0, &data, &message), 0, "%s", message.text);
        cr_assert_eq(lstmc_count_lengths(&steps, front, &data, &message), 0, "%s", message.text);
        cr_assert_eq(lstmc_dataset_make(&steps, &data), 0);
        static const int32_t lengths[2][4] = { { 3, 0, 3, 1 }, { 2, 0, 3, 3 } };
        cr_expect(!memcmp(data.lengths, lengths[front], sizeof lengths[front]), "%d %d %d %d", data.lengths[0], data.lengths[1],
                  data.lengths[2], data.lengths[3]);
        static const float moved[6] = { 0, 3, 4, 5, 0, 0 };
        expect_floats("the first sample", data.x, front ? moved : x[0], 6);
        expect_floats("the others", (const float *)data.x + 6, x[1], 18);
        const int32_t *class = data.y;
        cr_expect(front ? class[0] == 1 && class[1] == 2 && class[2] == 0 : class[0] == 0 && class[1] == 1 && class[2] == 2);
        lstmc_dataset_free(&data);
    }
    command_folder_remove(folder);
}

/* ---- lines ---- */

Test(sequences, of_lines)
{
    char *folder = command_folder();
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    struct lstmc_model model = { .name = "net", .input_is_tokens = 1, .vocabulary = 9, .input_rank = 1, .input_shape = { 4 }, .input_count = 4,
                                 .has_lengths = 1, .output_rank = 1, .output_shape = { 2 }, .output_count = 2, .target_is_class = 1, .target_count = 1,
                                 .loss = "sparse_categorical_crossentropy", .batch = 4, .shards = 1 };
    put_file(folder, "a.tsv", "x\tab\ny\tabcde\nx\tb\n");
    const char *file = path_in(folder, "a.tsv");
    struct lstmc_lines_options options = { .files = &file, .file_count = 1, .separator = '\t', .text = 2, .label = 1, .unit = LSTMC_CHARACTERS,
                                           .target_unit = LSTMC_CHARACTERS, .split = 1, .seed = 1 };
    cr_assert_eq(lstmc_read_lines(&model, &options, &training, &held_out, &message), 0, "%s", message.text);
    cr_assert(!lstmc_dataset_make(&model, &training) && !lstmc_dataset_make(&model, &held_out));
    int found[6] = { 0 };
    for (size_t i = 0; i < training.samples; i++) {
        const int32_t *ids = (int32_t *)training.x + 4 * i;
        int length = training.lengths[i];
        found[length]++;
        for (int k = 0; k < 4; k++)
            cr_expect((ids[k] != 0) == (k < length), "sample %zu: %d ids of a length of %d", i, k, length);
    }
    cr_expect(training.samples == 3 && found[1] == 1 && found[2] == 1 && found[5] == 1);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    command_folder_remove(folder);
}

/* ---- tables ---- */

/* Of three groups the last is held out; normalised is by what trains. A group with more rows than steps keeps its last. */
Test(sequences, of_groups)
{
    char *folder = command_folder();
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    struct lstmc_model model = sequences;
    model.target_is_class = 0, model.loss = "mse", model.output_shape[0] = model.target_shape[0] = 1, model.output_count = 1, model.target_rank = 1;
    put_file(folder, "a.csv", "who,a,b,y,w\n1,1,2,10,1\n1,3,4,20,2\n2,5,6,30,1\n2,7,8,40,1\n2,9,10,50,1\n2,11,12,60,3\n3,13,14,70,1\n");
    static const char *const columns[] = { "a", "b" }, *const targets[] = { "y" };
    struct lstmc_csv_options options = { .columns = columns, .column_count = 2, .targets = targets, .target_count = 1, .group = "who",
                                         .sample_weight = "w", .split = 0.67 };
    cr_assert_eq(lstmc_read_csv(&model, path_in(folder, "a.csv"), &options, &training, &held_out, &message), 0, "%s", message.text);
    static const float expected[2][6] = { { 1, 2, 3, 4 }, { 7, 8, 9, 10, 11, 12 } }, last[6] = { 13, 14 };
    cr_assert(training.samples == 2 && held_out.samples == 1);
    expect_floats("x", training.x, expected[0], 12);
    expect_floats("held-out x", held_out.x, last, 6);
    cr_expect(training.lengths[0] == 2 && training.lengths[1] == 3 && held_out.lengths[0] == 1);
    cr_expect(((float *)training.y)[0] == 20 && ((float *)training.y)[1] == 60 && ((float *)held_out.y)[0] == 70);
    cr_expect(training.sample_weight[0] == 2 && training.sample_weight[1] == 3);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);

    model.output_rank = 2, model.output_shape[0] = 3, model.output_shape[1] = 1, model.output_count = 3;
    model.target_rank = 2, model.target_shape[0] = 3, model.target_shape[1] = 1, model.target_count = 3;
    options.normalization = "minmax";
    cr_assert_eq(lstmc_read_csv(&model, path_in(folder, "a.csv"), &options, &training, &held_out, &message), 0, "%s", message.text);
    static const float steps[6] = { 0, 0.2f, 0, 0.6f, 0.8f, 1 };
    expect_floats("y", training.y, steps, 6);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    model.sample_weights = 3, options.weighs_steps = 1;
    cr_assert_eq(lstmc_read_csv(&model, path_in(folder, "a.csv"), &options, &training, &held_out, &message), 0, "%s", message.text);
    expect_floats("a weight of each row, none behind the end", training.sample_weight, (float[]){ 1, 2, 0, 1, 1, 3 }, 6);
    expect_floats("held-out weights", held_out.sample_weight, (float[]){ 1, 0, 0 }, 3);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    model.sample_weights = 0, options.weighs_steps = 0;
    options.normalization = "none", options.at_most = (const double[]){ 20 }, options.above = (const double[]){ 40 };
    cr_assert_eq(lstmc_read_csv(&model, path_in(folder, "a.csv"), &options, &training, &held_out, &message), 0, "%s", message.text);
    cr_expect(training.samples == 1 && training.lengths[0] == 2, "a step of the second group is neither");
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    model.output_rank = model.target_rank = 1, model.output_count = model.target_count = model.output_shape[0] = model.target_shape[0] = 1;
    cr_assert_eq(lstmc_read_csv(&model, path_in(folder, "a.csv"), &options, &training, &held_out, &message), 0, "%s", message.text);
    cr_expect(training.samples == 2 && ((float *)training.y)[0] == 1 && ((float *)training.y)[1] == 0, "the last rows are decided");
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    options.sliding = 1, options.window = 3, options.horizons = (const int[]){ 1 }, options.horizon_count = 1;
    cr_expect(lstmc_read_csv(&model, path_in(folder, "a.csv"), &options, &training, &held_out, &message) && strstr(message.text, "each group is a sample"));
    command_folder_remove(folder);
}

/* ---- as a user has them ---- */

#define DESCRIPTION "return Sequential{ Input{4, 2, lengths = true}, LSTM{3}, Dense{1}, loss = 'mse', epochs = 1, batch_size = 4,\n"
#define QUIET " --quiet >/dev/null"

Test(sequences, of_a_function)
{
    char *folder = command_folder();
    put_file(folder, "net.lua", DESCRIPTION "  data = samples{function(random) local x = {} for t = 1, random(0, 4) do x[t] = { random(), 1 } end\n"
                             "    return x, #x end, samples = 12, validation_samples = 3} }\n");
    command_expect(folder, 60, "$L train net.lua" QUIET, 0, NULL, NULL);
    put_file(folder, "net.lua", DESCRIPTION "  data = samples{function(random) return { 1, 2, 3 }, 1 end, samples = 12} }\n");
    command_expect(folder, 60, "$L train net.lua" QUIET, 1, NULL, "x has 3 numbers, but the model reads 8");
    put_file(folder, "net.lua", DESCRIPTION "  data = samples{function(random) return { {1, 2}, {1, 2}, {3, 4}, {5, 6}, {7, 8} }, 1 end, samples = 12} }\n");
    command_expect(folder, 60, "$L train net.lua" QUIET, 1, NULL, "x has 10 numbers, but the model reads 8");
    command_folder_remove(folder);
}

Test(sequences, data_says_them_or_not)
{
    static const char *const mistakes[][2] = {
        { "npy{'x.npy', 'y.npy'}", "Input{lengths = true} needs lengths = \"lengths.npy\"" },
        { "npy{'x.npy', 'y.npy', lengths = 'a.npy', offsets = 'b.npy'}", "either lengths or offsets" },
        { "npy{'x.npy', 'y.npy', lengths = 'a.npy', padding = 'pre'}", "either lengths or offsets or padding" },
        { "npy{'x.npy', 'y.npy', padding = 'middle'}", "must be \"pre\" (in front) or \"post\" (behind)" },
        { "npy{'x.npy', 'y.npy', lengths = 'a.npy', validation_x = 'c.npy', validation_y = 'd.npy'}", "validation_x needs validation_lengths" },
        { "wav{folder = '.', label = 1, sample_rate = 8000, padding = 'pre'}", "padding = \"pre\" and Input{lengths = true} do not go together" },
        { "csv{'a.csv', columns = {'a', 'b'}, window = 4}", "of Input{lengths = true} each group is a sample" },
        { "csv{'a.csv', columns = {'a', 'b'}, targets = {'c'}}", "of Input{lengths = true} each group is a sample" },
        { "characters{'a.txt', window = 4}", "its windows are all of one length" },
    };
    char *folder = command_folder(), text[400];
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        snprintf(text, sizeof text, DESCRIPTION "  data = %s }\n", mistakes[i][0]);
        put_file(folder, "net.lua", text);
        command_expect(folder, 60, "$L summary net.lua", 1, NULL, mistakes[i][1]);
    }
    put_file(folder, "net.lua", "return Sequential{ Input{4, 2}, LSTM{3}, Dense{1}, data = npy{'x.npy', 'y.npy', lengths = 'n.npy'} }\n");
    command_expect(folder, 60, "$L summary net.lua", 1, NULL, "lengths are for a model whose input says so");
    put_file(folder, "net.lua", "return Sequential{ Input{4, lengths = true}, Dense{3} }\n");
    command_expect(folder, 60, "$L summary net.lua", 1, NULL, "lengths = true needs time steps");
    put_file(folder, "net.lua", "return Sequential{ Input{4, 2, lengths = true}, Conv1D{3, 2}, Dense{3} }\n");
    command_expect(folder, 60, "$L summary net.lua", 1, NULL, "input has a mask, and Conv1D does not say what becomes of it");
    command_folder_remove(folder);
}

/* lstmc predict, and the program that --example writes, say the same of lines of steps, and of texts. */
static void predict_both(const char *folder, const char *lines)
{
    put_file(folder, "lines.txt", lines);
    command_expect(folder, 60, "$L train net.lua" QUIET, 0, NULL, NULL);
    command_expect(folder, 60, "$L net.lua -o out --weights=net.safetensors --example >/dev/null 2>&1 && make -s -C out >/dev/null", 0, NULL, NULL);
    command_expect(folder, 60, "$L predict net.lua <lines.txt >a && out/net <lines.txt >b && cmp a b && test $(wc -l <a) = 3", 0, NULL, NULL);
    command_expect(folder, 60, "$L predict net.lua --interpreted <lines.txt >c && cut -c 1-6 a >d && cut -c 1-6 c >e && cmp d e", 0, NULL, NULL);
}

Test(sequences, are_predicted)
{
    char *folder = command_folder();
    put_file(folder, "net.lua", DESCRIPTION "  name = 'net', data = samples{function(random) local x = {} for t = 1, random(1, 4) do x[t] = { random(), 1 } end\n"
                             "    return x, #x end, samples = 12, validation_samples = 3} }\n");
    predict_both(folder, "0.5 1\n\n0.5 1, 0.25 1; 0.125 1\r\n1 1 1 1 1 1 1 1\n");
    put_file(folder, "bad.txt", "1 2\n1 2 3\n");
    command_expect(folder, 60, "$L predict net.lua <bad.txt >/dev/null", 1, NULL, "standard input:2: 3 numbers are no whole number of steps, which have 2 each");
    command_expect(folder, 60, "out/net <bad.txt >/dev/null", 1, NULL, "line 2: 3 values are no whole number of steps, which have 2 each");
    put_file(folder, "bad.txt", "1 2 3 4 5 6 7 8 9 10\n");
    command_expect(folder, 60, "$L predict net.lua <bad.txt", 1, NULL, "standard input:1: more than the 4 steps of 2 numbers");
    command_folder_remove(folder);

    folder = command_folder();
    put_file(folder, "a.tsv", "x\tab\ny\tba\nx\taab\ny\tbba\n");
    put_file(folder, "net.lua", "return Sequential{ name = 'net', Input{4, lengths = true}, Embedding{9, 3}, GRU{4}, Dense{2, activation = 'softmax'},\n"
                             "  loss = 'sparse_categorical_crossentropy', batch_size = 2, data = lines{'a.tsv', label = 1, text = 2, split = 1} }\n");
    predict_both(folder, "a\nabba\nabbab\n");
    command_folder_remove(folder);
}

/* ---- metrics ---- */

/* Behind the ends stand targets that no output gives: 1 is an accuracy without them, on either road, of one tape or two; so with several outputs. */
Test(sequences, metrics_leave_out_what_is_masked)
{
#define SAMPLES "local x, y, n = {}, {}, random(1, 6) for t = 1, n do x[t] = { random(), random() } end\n" \
                "  for t = 1, 6 do y[t] = t > n and 2 or 0 end"
#define BIASED "Dense{3, activation = 'softmax', trainable = false, kernel_initializer = 'zeros', bias_initializer = with_ones('zeros', 0, 1)}"
    static const char *const wanted = "val_sparse_categorical_accuracy 1  val_sequence_accuracy 1";
    char *folder = command_folder(), text[1000];
    for (int shards = 1; shards <= 2; shards++) {
        snprintf(text, sizeof text, "return Sequential{ name = 'net', Input{6, 2, lengths = true}, LSTM{5, return_sequences = true}, " BIASED ",\n"
                                    "  loss = 'sparse_categorical_crossentropy', metrics = {'accuracy', 'sequence_accuracy'}, batch_size = 6, shards = %d,\n"
                                    "  data = samples{function(random) " SAMPLES " return x, y end, samples = 20, validation_samples = 9} }\n", shards);
        put_file(folder, "net.lua", text);
        command_expect(folder, 60, "$L train net.lua --quiet", 0, wanted, NULL);
        command_expect(folder, 60, "$L train net.lua --quiet --interpreted", 0, wanted, NULL);
        command_expect(folder, 60, "$L evaluate net.lua", 0, "sparse_categorical_accuracy 1  sequence_accuracy 1", NULL);
    }
    put_file(folder, "net.lua", "local x = Input{6, 2, lengths = true}\nlocal h = LSTM{5, return_sequences = true}(x)\n"
                                "local a, b = Dense{3, activation = 'softmax', trainable = false, kernel_initializer = 'zeros',\n"
                                "  bias_initializer = with_ones('zeros', 0, 1), name = 'a'}(h), Dense{1, name = 'b'}(GRU{2}(h))\n"
                                "return Model{ name = 'net', inputs = x, outputs = {b, a}, loss = { a = 'sparse_categorical_crossentropy', b = 'mse' },\n"
                                "  metrics = { a = {'accuracy'} }, batch_size = 6,\n"
                                "  data = samples{function(random) " SAMPLES " return x, { a = y, b = 1 } end, samples = 20, validation_samples = 9} }\n");
    command_expect(folder, 60, "$L train net.lua --quiet", 0, "val_a_sparse_categorical_accuracy 1", NULL);
    command_expect(folder, 60, "$L train net.lua --quiet --interpreted", 0, "val_a_sparse_categorical_accuracy 1", NULL);
    command_folder_remove(folder);
}
