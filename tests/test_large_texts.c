/* test_large_texts.c: texts of some megabytes: they are read piece by piece, what is behind is given back, and what is kept may lie in a file;
 * samples are made when somebody asks for them. */
#include "runtime/lstmc.h"
#include "runtime/files/map.h"
#include "csv_result.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 80000 };

static const char *const limits[] = { NULL, "1000" };      /* bytes in memory; what is more lies in a file */

static void set_limit(const char *bytes)
{
    if (bytes)
        setenv("LSTMC_DATA_MEMORY", bytes, 1);
    else
        unsetenv("LSTMC_DATA_MEMORY");
}

/* ---- arrays that grow ---- */

Test(large_texts, arrays_move_into_a_file)
{
    for (int i = 0; i < 2; i++) {
        set_limit(limits[i]);
        void *items = NULL;
        size_t capacity = 0;
        for (size_t count = 0; count < 300000; count++) {
            cr_assert(lstmc_grow(&items, count, &capacity, sizeof(double)));
            ((double *)items)[count] = (double)count;
        }
        int same = 1;
        for (size_t k = 0; k < 300000; k++)
            same &= ((double *)items)[k] == (double)k;
        cr_expect(same, "limit %s", limits[i] ? limits[i] : "of the machine");
        lstmc_grown_free(items);
    }
    void *items = NULL;
    size_t capacity = 0;
    set_limit("0");
    setenv("TMPDIR", "/nonexistent", 1);
    cr_expect(!lstmc_grow(&items, 0, &capacity, 8) && !items && !capacity);
    unsetenv("TMPDIR");
    cr_expect(!lstmc_grow(&items, 0, &capacity, SIZE_MAX / 8), "more than there can be");
    set_limit(NULL);
}

/* ---- lines ---- */

/* "Ort 123" and so on, in capitals where the number says so. */
static int write_line(char *to, int i)
{
    return sprintf(to, "%s %d %s Weg", i % 3 ? "Ort" : "ORT", i, i % 5 ? "am" : "Am");
}

static struct temporary_file write_lines(void)
{
    char *text = malloc(ROWS * 64);
    size_t size = 0;
    for (int i = 0; i < ROWS; i++) {
        size += (size_t)write_line(text + size, i);
        size += (size_t)sprintf(text + size, "%s", i + 1 == ROWS ? "" : i % 7 ? "\n" : "\r\n");
    }
    cr_assert(size > (1 << 20) + 8192, "pages are given back from a megabyte on");
    struct temporary_file file = temporary_write(text, size);
    free(text);
    return file;
}

static void append_names(char *text, const struct lstmc_names *names, const int32_t *ids, int count)
{
    for (int i = 0; i < count && ids[i]; i++)
        sprintf(text + strlen(text), "%s%s", i ? " " : "", names->text[ids[i]]);
}

static const struct lstmc_model capitals = { .name = "capitals", .loss = "sparse_categorical_crossentropy", .input_is_tokens = 1, .vocabulary = ROWS + 9,
                                             .input_rank = 1, .input_shape = { 5 }, .input_count = 5, .target_is_class = 1, .target_rank = 1,
                                             .target_count = 5, .target_shape = { 5 }, .output_rank = 2, .output_shape = { 5, ROWS + 9 },
                                             .output_count = 5 * (ROWS + 9), .batch = 4, .shards = 1 };

/* A text is predicted from itself without capitals: what is read and what is said both lie in the file. */
static void expect_capitals(const struct lstmc_dataset *data)
{
    int32_t x[5], y[5];
    for (size_t sample = 0; sample < data->samples; sample++) {
        char read[64] = "", said[64] = "", expected[64];
        int number = -1;
        lstmc_copy_inputs(&capitals, data, sample, 1, x);
        lstmc_copy_targets(&capitals, data, sample, 1, y);
        append_names(read, &data->meaning.vocabulary, x, 5);
        append_names(said, &data->meaning.labels, y, 5);
        sscanf(read, "%*s %d", &number);
        write_line(expected, number);
        cr_assert_str_eq(said, expected, "sample %zu", sample);
        for (char *c = expected; *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
        cr_assert_str_eq(read, expected, "sample %zu", sample);
    }
}

Test(large_texts, lines_and_their_capitals)
{
    struct temporary_file file = write_lines();
    const char *path = file.path;
    struct lstmc_lines_options options = { .files = &path, .file_count = 1, .separator = '\t', .unit = LSTMC_WORDS, .target_unit = LSTMC_WORDS,
                                           .lower = 1, .split = 1, .seed = 3 };
    options.text = options.target_text = 1;
    for (int i = 0; i < 2; i++) {
        struct lstmc_dataset training, held_out;
        struct lstmc_message message = { "" };
        set_limit(limits[i]);
        cr_assert_eq(lstmc_read_lines(&capitals, &options, &training, &held_out, &message), 0, "%s", message.text);
        cr_assert_eq(training.samples, ROWS);
        expect_capitals(&training);
        lstmc_dataset_free(&training);
        lstmc_dataset_free(&held_out);
    }
    set_limit(NULL);
    temporary_remove(&file);
}

static long anonymous(void)             /* kB of this process that are no file's; -1: nobody says */
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

/* Each prefix of 80,000 lines as 1,000 ids: 1.6 GB, if they were stored. */
Test(large_texts, prefixes_take_no_memory)
{
    const struct lstmc_model model = { .name = "next", .loss = "sparse_categorical_crossentropy", .input_is_tokens = 1, .vocabulary = ROWS + 9,
                                       .input_rank = 1, .input_shape = { 1000 }, .input_count = 1000, .target_is_class = 1, .target_rank = 1,
                                       .target_count = 1, .target_shape = { 1 }, .output_rank = 1, .output_shape = { ROWS + 9 },
                                       .output_count = ROWS + 9, .batch = 4, .shards = 1 };
    struct temporary_file file = write_lines();
    const char *path = file.path;
    struct lstmc_lines_options options = { .files = &path, .file_count = 1, .separator = '\t', .unit = LSTMC_WORDS, .pads_front = 1,
                                           .next_token = 1, .split = 0.9, .seed = 3 };
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    const long before = anonymous();
    if (before < 0)
        cr_skip_test("nobody says here how much memory is anonymous");
    cr_assert_eq(lstmc_read_lines(&model, &options, &training, &held_out, &message), 0, "%s", message.text);
    cr_expect_eq(training.samples + held_out.samples, 5 * ROWS);
    int32_t ids[1000], next;
    for (size_t sample = 0; sample + 5 <= training.samples; sample += 5)
        for (size_t i = 0; i < 5; i++) {                    /* of each line: "\n", 4 words, "\n" */
            lstmc_copy_inputs(&model, &training, sample + i, 1, ids);
            lstmc_copy_targets(&model, &training, sample + i, 1, &next);
            int behind_line_end = ids[999 - i] == 2, ends = next == 2, nothing_before = ids[998 - i] == 0;
            cr_assert(behind_line_end && nothing_before && ends == (i == 4), "line %zu, prefix %zu", sample / 5, i);
        }
    cr_expect(anonymous() - before < 100000, "%ld kB", anonymous() - before);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    temporary_remove(&file);
}

/* ---- tables ---- */

static struct temporary_file write_table(const char *last)
{
    char *text = malloc(ROWS * 64);
    size_t size = (size_t)sprintf(text, "engine,a,\"b \"\"quoted\"\"\"\n");
    for (int i = 0; i < ROWS; i++)
        size += (size_t)sprintf(text + size, "motor %d,%d.5,\"%d\"\n", i / 100, i, -i);
    size += (size_t)sprintf(text + size, "%s", last);
    cr_assert(size > (1 << 20) + 8192);
    struct temporary_file file = temporary_write(text, size);
    free(text);
    return file;
}

static const struct lstmc_csv_options table = { .columns = NAMES("a", "b \"quoted\""), .column_count = 2, .targets = NAMES("a"), .target_count = 1,
                                                .sliding = 1, .window = 3, HORIZONS(1), .group = "engine", .split = 1 };

Test(large_texts, tables)
{
    const struct lstmc_model model = csv_window_model(3, 2, 1);
    struct temporary_file file = write_table("");
    for (int i = 0; i < 2; i++) {
        struct lstmc_dataset training, held_out;
        struct lstmc_message message = { "" };
        float x[6], y;
        set_limit(limits[i]);
        cr_assert_eq(lstmc_read_csv(&model, file.path, &table, &training, &held_out, &message), 0, "%s", message.text);
        cr_assert_eq(training.samples, ROWS / 100 * 97);
        for (size_t sample = 0; sample < training.samples; sample++) {
            const float row = (float)(sample / 97 * 100 + sample % 97);
            lstmc_copy_inputs(&model, &training, sample, 1, x);
            lstmc_copy_targets(&model, &training, sample, 1, &y);
            cr_assert(x[0] == row + 0.5f && x[1] == -row && x[4] == row + 2.5f && x[5] == -row - 2 && y == row + 3.5f, "sample %zu", sample);
        }
        lstmc_dataset_free(&training);
        lstmc_dataset_free(&held_out);
    }
    set_limit(NULL);
    temporary_remove(&file);
}

static void expect_refused(const char *last, const char *said)
{
    const struct lstmc_model model = csv_window_model(3, 2, 1);
    struct temporary_file file = write_table(last);
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    cr_expect_eq(lstmc_read_csv(&model, file.path, &table, &training, &held_out, &message), LSTMC_BAD_FILE);
    cr_expect(strstr(message.text, said), "%s", message.text);
    temporary_remove(&file);
}

Test(large_texts, mistakes_in_the_last_line)
{
    expect_refused("motor 800,1,x\n", ":80002: column \"b \"quoted\"\": \"x\" is not a finite number");
    expect_refused("motor 0,1,2\n", ":80002: group \"motor 0\" comes back");
    expect_refused("motor 800,1", ":80002: the file ends inside this line");
}

/* ---- files that fill their pages ---- */

/* Of two pages to the last byte, which is no line's end. */
static void write_pages(const char *name, const char *head, const char *line, const char *last)
{
    const size_t size = 2 * (size_t)sysconf(_SC_PAGESIZE);
    char *text = malloc(size + 200);
    size_t used = (size_t)sprintf(text, "%s", head), rest = strlen(last);
    while (used + 2 * strlen(line) + rest <= size)
        used += (size_t)sprintf(text + used, "%s", line);
    memset(text + used, ' ', size - used);
    memcpy(text + size - rest, last, rest);
    FILE *file = fopen(name, "w");
    cr_assert(file && fwrite(text, 1, size, file) == size && !fclose(file));
    free(text);
}

Test(large_texts, files_of_whole_pages)
{
    struct temporary_file place = temporary_text("");
    const char *path = place.path;
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };

    write_pages(path, "", "one two\n", "\nthe end");
    struct lstmc_lines_options lines = { .files = &path, .file_count = 1, .separator = '\t', .unit = LSTMC_WORDS, .target_unit = LSTMC_WORDS,
                                         .split = 1, .text = 1, .target_text = 1 };
    cr_assert_eq(lstmc_read_lines(&capitals, &lines, &training, &held_out, &message), 0, "%s", message.text);
    int ends = 0;
    for (size_t sample = 0; sample < training.samples; sample++) {
        int32_t x[5];
        char text[64] = "";
        lstmc_copy_inputs(&capitals, &training, sample, 1, x);
        append_names(text, &training.meaning.vocabulary, x, 5);
        ends += !strcmp(text, "the end");
    }
    cr_expect_eq(ends, 1);
    lstmc_dataset_free(&training);

    struct lstmc_text_options text = { .files = &path, .file_count = 1, .unit = LSTMC_WORDS_AND_LINES, .lower = 1, .window = 5, .split = 1 };
    struct lstmc_model words = capitals;
    words.vocabulary = words.output_shape[1] = 7;           /* 0, 1, "\n", one, two, the, end */
    cr_assert_eq(lstmc_read_text(&words, &text, &training, &held_out, &message), 0, "%s", message.text);
    cr_expect_eq(training.meaning.vocabulary.count, 7);
    lstmc_dataset_free(&training);

    write_pages(path, "a,b\n", "1,2\n", "\n3,45");
    const struct lstmc_model row = csv_row_model(1, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("b"), .target_count = 1, .split = 1 };
    cr_assert_eq(lstmc_read_csv(&row, path, &options, &training, &held_out, &message), 0, "%s", message.text);
    float y;
    lstmc_copy_targets(&row, &training, training.samples - 1, 1, &y);
    cr_expect_eq(y, 45);
    lstmc_dataset_free(&training);

    const struct lstmc_model series = { .name = "series", .loss = "mse", .input_rank = 2, .input_shape = { 3, 1 }, .input_count = 3, .output_rank = 1,
                                        .output_shape = { 1 }, .output_count = 1, .target_rank = 1, .target_shape = { 1 }, .target_count = 1,
                                        .batch = 4, .shards = 1 };
    const struct lstmc_ts_options ts = { .file = path };
    write_pages(path, "@targetlabel true\n@data\n", "1,2,3:4\n", "\n5,6,7:89");
    cr_assert_eq(lstmc_read_ts(&series, &ts, &training, &held_out, &message), 0, "%s", message.text);
    lstmc_copy_targets(&series, &training, training.samples - 1, 1, &y);
    cr_expect_eq(y, 89);
    lstmc_dataset_free(&training);
    temporary_remove(&place);
}
