/* test_csv_rows.c: what is made of the rows of a CSV file: missing values, groups, remaining rows, horizons, files of blanks, gzip. */
#include "runtime/lstmc.h"
#include "csv_result.h"
#include "mutate.h"
#include "turbofan.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define TURBOFAN "../shared/data/turbofan/"

static void expect_mistake(const struct lstmc_model *model, const char *text, const struct lstmc_csv_options *options, int status,
                           const char *expected)
{
    struct csv_result result = csv_read_text(model, text, options);
    cr_expect(result.status == status && strstr(result.message.text, expected), "\"%s\": status %d \"%s\", expected %d \"%s\"", text, result.status,
              result.message.text, status, expected);
    cr_expect(!result.training.x && !result.validation.x, "\"%s\": leaves data behind", text);
    csv_result_free(&result);
}

/* ---- missing values ---- */

Test(csv_rows, missing_values_are_filled)
{
    static const char text[] = "v\n1\nnull\nNA\n4\n?\n8\n";
    const struct lstmc_model model = csv_window_model(1, 1, 1);
    static const struct { const char *missing; double x[5], y[5]; } table[] = {
        { "previous",    { 1, 1, 1, 4, 4 }, { 1, 1, 4, 4, 8 } },
        { "interpolate", { 1, 2, 3, 4, 6 }, { 2, 3, 4, 6, 8 } },
    };
    for (size_t i = 0; i < 2; i++) {
        const struct lstmc_csv_options options = { .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 1, HORIZONS(1), .split = 1,
                                                   .missing = table[i].missing };
        struct csv_result result = csv_read_text(&model, text, &options);
        cr_assert_eq(result.status, 0, "%s: %s", table[i].missing, result.message.text);
        cr_assert_eq(result.training.samples, 5, "%s: %zu samples", table[i].missing, result.training.samples);
        csv_expect_floats(table[i].missing, result.training.x, table[i].x, 5);
        csv_expect_floats(table[i].missing, result.training.y, table[i].y, 5);
        csv_result_free(&result);
    }
}

/* Windows of two and their target: 1 2 -> 3, then nothing until 5 6 -> 7. */
Test(csv_rows, no_window_crosses_a_dropped_row)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 2, HORIZONS(1), .split = 1,
                                               .missing = "drop" };
    struct csv_result result = csv_read_text(&model, "v,w\n1,\n2,\n3,\nNA,\n5,\n6,\n7,\nNA,\n9,\n10,\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, 2, "%zu samples", result.training.samples);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 2, 5, 6 }, 4);
    csv_expect_floats("y", result.training.y, (double[]){ 3, 7 }, 2);
    csv_result_free(&result);
    const struct lstmc_model row = csv_row_model(1, 1);
    const struct lstmc_csv_options rows = { .columns = NAMES("v"), .column_count = 1, .targets = NAMES("w"), .target_count = 1, .split = 0.5,
                                            .missing = "drop" };
    result = csv_read_text(&row, "v,w\n1,10\nNA,20\n3,30\n4,\n5,50\n6,60\n", &rows);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("rows that stay", result.training.x, (double[]){ 1, 3 }, 2);
    csv_expect_floats("and are held out", result.validation.y, (double[]){ 50, 60 }, 2);
    csv_result_free(&result);
}

Test(csv_rows, missing_values_are_named)
{
    const struct lstmc_model model = csv_window_model(1, 1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 1, HORIZONS(1), .split = 1,
                                         .missing = "previous" };
    expect_mistake(&model, "v\nNA\n2\n3\n", &options, LSTMC_BAD_FILE, ":2: column \"v\": the value is missing, and there is none before it");
    expect_mistake(&model, "v\n1\n2x\n3\n", &options, LSTMC_BAD_FILE, ":3: column \"v\": \"2x\" is not a finite number");
    options.missing = "interpolate";
    expect_mistake(&model, "v\n1\n2\nNA\n", &options, LSTMC_BAD_FILE, ":4: column \"v\": the value is missing, and there is none before or behind it");
    options.missing = "drop";
    expect_mistake(&model, "v\nNA\n?\n", &options, LSTMC_BAD_FILE, "every row has a missing value");
    expect_mistake(&model, "v\n1\n?\n3\n", &options, LSTMC_MISMATCH, "nothing trains: nowhere are there 2 rows without a gap");
    options.missing = "zero";
    expect_mistake(&model, "v\n1\n2\n", &options, LSTMC_MISMATCH, "missing = \"zero\" is unknown: use \"error\", \"drop\"");
}

/* ---- horizons ---- */

Test(csv_rows, several_horizons)
{
    const struct lstmc_model model = csv_window_model(2, 1, 4);
    const struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("a", "b"), .target_count = 2,
                                               .sliding = 1, .window = 2, HORIZONS(1, 3), .split = 1 };
    struct csv_result result = csv_read_text(&model, "a,b\n1,10\n2,20\n3,30\n4,40\n5,50\n6,60\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, 2, "%zu samples", result.training.samples);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 2, 2, 3 }, 4);
    csv_expect_floats("y: horizon by horizon", result.training.y, (double[]){ 3, 30, 5, 50, 4, 40, 6, 60 }, 8);
    csv_expect_floats("persistence", result.training.persistence, (double[]){ 2, 20, 2, 20, 3, 30, 3, 30 }, 8);
    static const char *const names[] = { "a +1", "b +1", "a +3", "b +3" };
    cr_assert_eq(result.training.meaning.targets.count, 4);
    for (int i = 0; i < 4; i++)
        cr_expect_str_eq(result.training.meaning.targets.text[i], names[i]);
    csv_result_free(&result);
}

Test(csv_rows, horizons_that_do_not_fit)
{
    const struct lstmc_model model = csv_window_model(2, 1, 3);
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .sliding = 1, .window = 2, HORIZONS(1, 3), .split = 1 };
    expect_mistake(&model, "a\n1\n2\n", &options, LSTMC_MISMATCH, "1 target columns at each of several horizons, the model predicts 3 values");
    options.horizons = (const int[]){ 3, 1 };
    expect_mistake(&model, "a\n1\n2\n", &options, LSTMC_MISMATCH, "horizons must ascend");
    options.horizons = (const int[]){ 0, 1 };
    expect_mistake(&model, "a\n1\n2\n", &options, LSTMC_MISMATCH, "window and horizon must be positive");
}

/* Beside the last known row: what a model says then is a change, and persistence says none. */
Test(csv_rows, relative)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .sliding = 1, .window = 2, HORIZONS(1), .split = 4.0 / 6,
                                         .relative = 1 };
    struct csv_result result = csv_read_text(&model, "a\n1\n2\n4\n8\n1000\n2000\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("x", result.training.x, (double[]){ -1, 0, -2, 0 }, 4);
    csv_expect_floats("y", result.training.y, (double[]){ 2, 4 }, 2);
    csv_expect_floats("persistence", result.training.persistence, (double[]){ 0, 0 }, 2);
    csv_expect_floats("held-out x", result.validation.x, (double[]){ -4, 0, -992, 0 }, 4);
    cr_expect(result.training.meaning.is_relative);
    cr_expect_str_eq(result.training.meaning.targets.text[0], "a");
    cr_expect_str_eq(result.training.meaning.columns.text[0], "a");
    csv_result_free(&result);
    options.normalization = "standard";             /* of the samples that train: x -1 0 -2 0, y 2 4 */
    result = csv_read_text(&model, "a\n1\n2\n4\n8\n1000\n2000\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("standard y", result.training.y, (double[]){ -1, 1 }, 2);
    csv_expect_floats("standard persistence", result.training.persistence, (double[]){ -3, -3 }, 2);
    cr_expect(fabs(result.training.meaning.input.offset[0] + 0.75) < 1e-12 && fabs(result.training.meaning.target.offset[0] - 3) < 1e-12, "%g %g",
              result.training.meaning.input.offset[0], result.training.meaning.target.offset[0]);
    csv_result_free(&result);
    options.sliding = 0;
    expect_mistake(&model, "a\n1\n2\n", &options, LSTMC_MISMATCH, "at least one column and one target");
}

/* ---- groups ---- */

#define ENGINES "unit,v\nA,1\nA,2\nA,3\nA,4\nB,5\nB,6\nC,7\nC,8\nC,9\n"

/* A sample is two rows of one engine; what is asked for is how many rows are left at the second one. */
static const struct lstmc_csv_options engines = { .columns = NAMES("v"), .column_count = 1, .targets = NAMES("remaining"), .target_count = 1,
                                                  .sliding = 1, .window = 2, HORIZONS(0), .group = "unit", .split = 0.7 };

Test(csv_rows, groups)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct csv_result result = csv_read_text(&model, ENGINES, &engines);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 4 && result.validation.samples == 2, "%zu, %zu", result.training.samples, result.validation.samples);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 2, 2, 3, 3, 4, 5, 6 }, 8);
    csv_expect_floats("remaining", result.training.y, (double[]){ 2, 1, 0, 0 }, 4);
    csv_expect_floats("held-out group", result.validation.x, (double[]){ 7, 8, 8, 9 }, 4);
    cr_expect_null(result.training.persistence, "horizon 0 is no forecast");
    csv_result_free(&result);
    struct lstmc_csv_options options = engines;
    options.at_most = (const double[]){ 1 };
    options.last_only = 1;
    options.normalization = "minmax";               /* of A and B alone: 1 ... 6; classes stay */
    result = csv_read_text(&model, ENGINES, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("at most 1 left", result.training.y, (double[]){ 0, 1, 1, 1 }, 4);
    cr_expect_str_eq(result.training.meaning.targets.text[0], "remaining <= 1");
    csv_expect_floats("the last window", result.validation.x, (double[]){ 7.0 / 5, 8.0 / 5 }, 1 + (result.validation.samples == 1));
    csv_result_free(&result);
}

/* One left is neither 0 nor 1; in the last windows of groups alone none is. */
Test(csv_rows, samples_in_between_are_left_out)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct lstmc_csv_options options = engines;
    options.at_most = (const double[]){ 0 };
    options.above = (const double[]){ 1 };
    struct csv_result result = csv_read_text(&model, ENGINES, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 3 && result.validation.samples == 1, "%zu, %zu", result.training.samples, result.validation.samples);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 2, 3, 4, 5, 6 }, 6);
    csv_expect_floats("failing", result.training.y, (double[]){ 0, 1, 1 }, 3);
    csv_expect_floats("held-out x", result.validation.x, (double[]){ 8, 9 }, 2);
    csv_result_free(&result);
    options.targets = NAMES("v");
    options.at_most = (const double[]){ 4.5 };
    options.above = (const double[]){ 5 };
    options.horizons = (const int[]){ 1 };
    result = csv_read_text(&model, "unit,v\nA,1\nA,5\nA,4\nA,9\nA,5\nB,7\nB,8\nB,6\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, 2, "%zu samples: 4, 9; 5 is left out", result.training.samples);
    csv_expect_floats("a row ahead", result.training.y, (double[]){ 1, 0 }, 2);
    cr_expect_null(result.training.persistence, "what is in between is no forecast");
    csv_result_free(&result);
    options.above = (const double[]){ 4 };
    result = csv_read_text(&model, ENGINES, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "above needs an at_most that is not beyond it"), "%s", result.message.text);
}

Test(csv_rows, filling_and_dropping_stay_inside_a_group)
{
    static const char text[] = "unit,v\nA,1\nA,2\nA,NA\nA,4\nA,5\nB,6\nB,NA\nC,1\nC,2\n";
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct lstmc_csv_options options = engines;
    options.missing = "drop";
    struct csv_result result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, 2, "%zu samples", result.training.samples);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 2, 4, 5 }, 4);
    csv_expect_floats("rows of the file remain", result.training.y, (double[]){ 3, 0 }, 2);
    csv_result_free(&result);
    options.missing = "previous";
    expect_mistake(&model, "unit,v\nA,1\nB,\nB,2\n", &options, LSTMC_BAD_FILE,
                   ":3: column \"v\": the value is missing, and there is none before it in the group");
}

Test(csv_rows, malformed_groups)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct lstmc_csv_options options = engines;
    expect_mistake(&model, "unit,v\nA,1\nB,2\nA,3\n", &options, LSTMC_BAD_FILE, ":4: group \"A\" comes back");
    expect_mistake(&model, "unit,v\nA,1\n,2\nA,3\n", &options, LSTMC_BAD_FILE, ":3: column \"unit\": the value is missing");
    expect_mistake(&model, "v,unit\n1,A\n2\n", &options, LSTMC_BAD_FILE, ":3: column \"unit\" is missing: the line has 1 cells");
    expect_mistake(&model, "engine,v\nA,1\nA,2\n", &options, LSTMC_MISMATCH, "no column \"unit\"; it has 2 columns: engine, v");
    expect_mistake(&model, "unit,v\nA,1\nA,2\nA,3\nB,4\n", &options, LSTMC_MISMATCH,
                   "nothing is held out: nowhere are there 2 rows of one group without a gap");
    expect_mistake(&model, "unit,v\nA,1\nB,4\n", &options, LSTMC_MISMATCH, "nothing trains: nowhere are there 2 rows of one group");
    options.group = NULL;
    expect_mistake(&model, ENGINES, &options, LSTMC_MISMATCH, "no column \"remaining\"");
    options.last_only = 1;
    expect_mistake(&model, ENGINES, &options, LSTMC_MISMATCH, "last_only needs a group");
}

/* ---- a file of its own that is held out ---- */

Test(csv_rows, validation_file_and_what_is_left)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct temporary_file held_out = temporary_write("unit,v\nX,1\nX,3\nX,11\nY,1\nY,9\n", 28), left = temporary_write("20\n7 \n", 6);
    struct lstmc_csv_options options = engines;
    options.validation = held_out.path;
    options.validation_remaining = left.path;
    options.normalization = "minmax";
    struct csv_result result = csv_read_text(&model, ENGINES, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 6 && result.validation.samples == 3, "%zu, %zu", result.training.samples, result.validation.samples);
    csv_expect_floats("by the training file", result.validation.x, (double[]){ 0, 2.0 / 8, 2.0 / 8, 10.0 / 8, 0, 1 }, 6);
    csv_expect_floats("left", result.validation.y, (double[]){ 21 / 3.0, 20 / 3.0, 7 / 3.0 }, 3);
    csv_result_free(&result);
    temporary_remove(&left);
    left = temporary_write("20\n7\n9\n", 7);
    options.validation_remaining = left.path;
    expect_mistake(&model, ENGINES, &options, LSTMC_MISMATCH, "has 3 rows, but ");
    temporary_remove(&left);
    left = temporary_write("20\nseven\n", 9);
    options.validation_remaining = left.path;
    expect_mistake(&model, ENGINES, &options, LSTMC_BAD_FILE, ":2: column \"1\": \"seven\" is not a finite number");
    options.targets = NAMES("v");
    expect_mistake(&model, ENGINES, &options, LSTMC_MISMATCH, "no column \"remaining\" is asked for");
    options.validation = NULL;
    expect_mistake(&model, ENGINES, &options, LSTMC_MISMATCH, "validation_remaining needs a validation file");
    temporary_remove(&left);
    temporary_remove(&held_out);
}

/* ---- blanks between cells, gzip ---- */

Test(csv_rows, blanks)
{
    static const struct { const char *what, *text; } table[] = {
        { "blanks at the end", "1 2 3  \n4 5 6  \n" },
        { "columns one below the other", "  1   2  3\n  4   5  6\n" },
        { "CRLF", "1 2 3 \r\n4 5 6 \r\n" },
        { "a line of names", "a b  c\n1 2 3\n4 5 6" },
        { "a blank line", "1 2 3\n   \n4 5 6\n" },
        { "quotes", "a b c\n1 2 3\n4 \"5\" 6\n" },
    };
    const struct lstmc_model model = csv_row_model(2, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("1", "2"), .column_count = 2, .targets = NAMES("3"), .target_count = 1, .split = 1 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct csv_result result = csv_read_text(&model, table[i].text, &options);
        cr_assert_eq(result.status, 0, "%s: %s", table[i].what, result.message.text);
        cr_assert_eq(result.training.samples, 2, "%s: %zu samples", table[i].what, result.training.samples);
        csv_expect_floats(table[i].what, result.training.x, (double[]){ 1, 2, 4, 5 }, 4);
        csv_expect_floats(table[i].what, result.training.y, (double[]){ 3, 6 }, 2);
        csv_result_free(&result);
    }
    expect_mistake(&model, "1 2 3\n4 5\n", &options, LSTMC_BAD_FILE, ":2: column \"3\" is missing: the line has 2 cells");
    expect_mistake(&model, "1 2 3\n4 5 \n", &options, LSTMC_BAD_FILE, ":2: column \"3\" is missing: the line has 2 cells");
    expect_mistake(&model, "1 2 3\n4 x 6\n", &options, LSTMC_BAD_FILE, ":2: column \"2\": \"x\" is not a finite number");
    expect_mistake(&model, "1 2 3\n4 \"5\"6 7\n", &options, LSTMC_BAD_FILE, ":2: text behind a closing quote");
}

static size_t pack(const char *text, unsigned char *packed, size_t room)
{
    z_stream stream = { .next_in = (Bytef *)text, .avail_in = (uInt)strlen(text), .next_out = packed, .avail_out = (uInt)room };
    cr_assert_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

/* A few bytes may unpack to all memory there is. */
static int unpack_little(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    return lstmc_gunzip_at_most(100000, path, bytes, size, message);
}

Test(csv_rows, gzip_bomb)
{
    static char text[1000000];
    static unsigned char packed[20000];
    memset(text, '1', sizeof text - 1);
    memcpy(text, "a,b\n", 4);
    const struct lstmc_model model = csv_row_model(1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("a"),
                                         .column_count = 1,
                                         .targets = NAMES("b"),
                                         .target_count = 1,
                                         .split = 1,
                                         .unpack = unpack_little };
    struct csv_result result = csv_read_bytes(&model, packed, pack(text, packed, sizeof packed), &options);
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, "unpacks to more than 0.1 MB: no more "
                                                                             "than an eighth of the memory is read"),
              "%s", result.message.text);
    /* Exactly as much, in two members. */
    memcpy(text, "a,b\n1,2\n", 8);
    memset(text + 8, '\n', 50000 - 8);
    text[50000] = 0;
    size_t size = pack(text, packed, sizeof packed);
    memset(text, '\n', 50000);
    size_t second = pack(text, packed + size, sizeof packed - size);
    result = csv_read_bytes(&model, packed, size + second, &options);
    cr_expect_eq(result.status, 0, "%s", result.message.text);
    csv_result_free(&result);
    text[50000] = '\n', text[50001] = 0;
    second = pack(text, packed + size, sizeof packed - size);
    result = csv_read_bytes(&model, packed, size + second, &options);
    cr_expect_eq(result.status, LSTMC_BAD_FILE, "one byte more is taken");
    csv_result_free(&result);
}

Test(csv_rows, gzip)
{
    static char text[200000];
    static unsigned char packed[sizeof text];
    size_t rows = 0, length = 0;
    for (; length < sizeof text - 100; rows++)
        length += (size_t)sprintf(text + length, "%s%zu,%zu\n", rows ? "" : "a,b\n", rows, rows * 2);
    const struct lstmc_model model = csv_row_model(1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("b"), .target_count = 1, .split = 1,
                                         .unpack = lstmc_gunzip };
    size_t size = pack(text, packed, sizeof packed);
    size_t second = pack("7,8\n", packed + size, sizeof packed - size);
    struct csv_result result = csv_read_bytes(&model, packed, size + second, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, rows + 1, "%zu samples of %zu: both members count", result.training.samples, rows + 1);
    cr_expect_eq(((float *)result.training.y)[rows - 1], (float)(2 * (rows - 1)));
    csv_result_free(&result);
    result = csv_read_bytes(&model, packed, size - 9, &options);
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, "is a broken gzip file (its end is missing)"), "%s", result.message.text);
    packed[size / 2] ^= 0x55;
    result = csv_read_bytes(&model, packed, size, &options);
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, "is a broken gzip file (its data is damaged)"), "%s",
              result.message.text);
    options.unpack = NULL;
    result = csv_read_bytes(&model, packed, size, &options);
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, "is compressed, and this program reads no gzip files"), "%s",
              result.message.text);
}

/* ---- real engines: the reader of the published networks (turbofan.c) has cut the same windows by hand ---- */

Test(csv_rows, turbofan)
{
    static const char *const columns[TURBOFAN_FEATURES] = { "3", "4", "5", "2", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
                                                            "18", "19", "20", "21", "22", "23", "24", "25", "26" };
    if (access(TURBOFAN "PM_train.txt.gz", R_OK))
        cr_skip_test(TURBOFAN "PM_train.txt.gz is not here");
    struct turbofan expected;
    char why[PUBLISHED_WHY];
    cr_assert_eq(turbofan_read(&expected, why), 0, "%s", why);
    struct lstmc_model model = csv_window_model(TURBOFAN_STEPS, TURBOFAN_FEATURES, 1);
    model.loss = "binary_crossentropy";
    struct lstmc_csv_options options = {
        .columns = columns, .column_count = TURBOFAN_FEATURES, .targets = NAMES("remaining"), .target_count = 1, .sliding = 1,
        .window = TURBOFAN_STEPS, HORIZONS(0), .group = "1", .normalization = "minmax", .split = 1, .validation = TURBOFAN "PM_test.txt.gz",
        .validation_remaining = TURBOFAN "PM_truth.txt", .last_only = 1, .unpack = lstmc_gunzip };
    struct csv_result result;
    result.status = lstmc_read_csv(&model, TURBOFAN "PM_train.txt.gz", &options, &result.training, &result.validation, &result.message);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(!lstmc_dataset_make(&model, &result.training) && !lstmc_dataset_make(&model, &result.validation));
    cr_assert(result.training.samples == 20631 - 100 * 49 && result.validation.samples == (size_t)expected.engines, "%zu, %zu",
              result.training.samples, result.validation.samples);
    const float *x = result.validation.x, *y = result.validation.y;
    for (size_t i = 0; i < result.validation.samples * model.input_count; i++)
        cr_assert(fabsf(x[i] - expected.x[i]) <= 1e-6f, "x[%zu] is %g, expected %g", i, (double)x[i], (double)expected.x[i]);
    for (int i = 0; i < expected.engines; i++)
        cr_expect_eq((double)y[i], (double)expected.remaining[i], "engine %d has %g cycles left, expected %g", i, (double)y[i],
                     (double)expected.remaining[i]);
    csv_result_free(&result);
    turbofan_free(&expected);
}

/* ---- whatever comes ---- */

struct reading {
    struct lstmc_model model;
    struct lstmc_csv_options options;
    unsigned turn;
};

/* Another way to read with every file. */
static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    static const char *const ways[] = { "error", "drop", "previous", "interpolate" };
    static const int here[] = { 0 }, next[] = { 1 };
    struct reading *reading = context;
    struct lstmc_csv_options *options = &reading->options;
    struct lstmc_dataset training, validation;
    unsigned turn = reading->turn++ / 4;
    options->missing = ways[turn % 4];
    options->relative = turn / 4 % 2;
    options->horizons = options->relative ? next : here;
    options->last_only = turn / 8 % 2;
    int status = lstmc_read_csv(&reading->model, path, options, &training, &validation, message);
    cr_expect((status == 0) == (training.samples > 0), "status %d, %zu samples", status, training.samples);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
    return status;
}

static const char good[] = "1 1 2.5 -3 \n1 2 4 5e1 \n1 3 7 7 \n2 1 8 9 \n2 2 NA 2 \n2 3 1 1 \n2 4 1 1 \n3 1 1 1 \n3 2 1 1 \n3 3 1 1 \n";

static struct reading groups_of_numbers(void)
{
    static const char *const columns[] = { "3", "4" }, *const targets[] = { "remaining" };
    const struct lstmc_csv_options options = { .columns = columns, .column_count = 2, .targets = targets, .target_count = 1, .sliding = 1, .window = 2,
                                               .horizon_count = 1, .group = "1", .normalization = "standard", .split = 0.7, .unpack = lstmc_gunzip };
    return (struct reading){ csv_window_model(2, 2, 1), options, 0 };
}

Test(csv_rows, mutations)
{
    struct reading reading = groups_of_numbers();
    struct mutations done = mutate(good, sizeof good - 1, "\"\n 0NA?1234,\t", read_mutation, &reading);
    cr_expect(done.refused > done.files / 5 && done.refused < done.files * 39 / 40, "%d of %d were refused",
              done.refused, done.files);
}

Test(csv_rows, mutations_of_gzip)
{
    static unsigned char packed[sizeof good + 64];
    struct reading reading = groups_of_numbers();
    struct mutations done = mutate(packed, pack(good, packed, sizeof packed), NULL, read_mutation, &reading);
    cr_expect(done.refused > done.files / 2 && done.refused <= done.files, "%d of %d were refused", done.refused, done.files);
}
