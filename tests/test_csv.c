/* test_csv.c: CSV to data sets: quotes, headers, line ends, missing values, windows, normalisation, the split, real series. */
#include "../runtime/lstmc.h"
#include "csv_result.h"
#include "mutate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Test(csv, forms)
{
    static const struct { const char *what, *text; } table[] = {
        { "plain", "a,b,c\n1,2,3\n4,5,6\n" },
        { "no last line end", "a,b,c\n1,2,3\n4,5,6" },
        { "CRLF", "a,b,c\r\n1,2,3\r\n4,5,6\r\n" },
        { "CR", "a,b,c\r1,2,3\r4,5,6\r" },
        { "quotes", "\"a\",\"b\",\"c\"\n\"1\",\"2\",\"3\"\n4,\"5\",6\n" },
        { "mark", "\xef\xbb\xbf" "a,b,c\n1,2,3\n4,5,6\n" },
        { "blank lines", "\na,b,c\n\n1,2,3\n\r\n4,5,6\n\n" },
        { "spaces", " a , b,c\n 1 ,2, 3\n4,5\t,6\n" },
        { "semicolons", "a;b;c\n1;2;3\n4;5;6\n" },
        { "tabs", "a\tb\tc\n1\t2\t3\n4\t5\t6\n" },
        { "other forms of the numbers", "a,b,c\n+1,2.0,3e0\n.4e1,500E-2,6.\n" },
        { "text elsewhere", "a,x,b,c\n1,\"one, \"\"1\"\"\nor so\",2,3\n4,four,5,6\n" },
        { "more cells at the end", "a,b,c\n1,2,3,\n4,5,6,7,8\n" },
    };
    const struct lstmc_model model = csv_row_model(2, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("a", "b"), .column_count = 2, .targets = NAMES("c"), .target_count = 1, .split = 1 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct csv_result result = csv_read_text(&model, table[i].text, &options);
        cr_assert_eq(result.status, 0, "%s: %s", table[i].what, result.message.text);
        cr_assert(result.training.samples == 2 && result.validation.samples == 0, "%s: %zu samples", table[i].what, result.training.samples);
        csv_expect_floats(table[i].what, result.training.x, (double[]){ 1, 2, 4, 5 }, 4);
        csv_expect_floats(table[i].what, result.training.y, (double[]){ 3, 6 }, 2);
        cr_expect_null(result.training.persistence, "%s: rows are no forecast", table[i].what);
        csv_result_free(&result);
    }
}

Test(csv, headers_and_positions)
{
    static const struct { const char *text, *column; size_t samples; double first; } table[] = {
        { "1,2\n3,4\n", "2", 2, 2 },                        /* no header */
        { "a,b\n3,4\n", "2", 1, 4 },                        /* a position past a header */
        { "2,1\n3,4\n", "2", 2, 1 },                        /* numbers are no names */
        { "day,2\nmon,4\ntue,5\n", "2", 3, 2 },             /* text in a column all the way is no header */
        { "day,2024\nmon,4\n", "2", 2, 2024 },
    };
    const struct lstmc_model model = csv_row_model(1, 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct lstmc_csv_options options = { .columns = NAMES(table[i].column), .column_count = 1, .targets = NAMES(table[i].column),
                                                   .target_count = 1, .split = 1 };
        struct csv_result result = csv_read_text(&model, table[i].text, &options);
        cr_assert_eq(result.status, 0, "\"%s\": %s", table[i].text, result.message.text);
        cr_expect(result.training.samples == table[i].samples && (double)((float *)result.training.x)[0] == table[i].first,
                  "\"%s\": %zu samples, first %g; expected %zu, %g", table[i].text, result.training.samples,
                  (double)((float *)result.training.x)[0], table[i].samples, table[i].first);
        csv_result_free(&result);
    }
    /* with a header, its names win over positions */
    const struct lstmc_csv_options options = { .columns = NAMES("2"), .column_count = 1, .targets = NAMES("v"), .target_count = 1, .split = 1 };
    struct csv_result result = csv_read_text(&model, "2,day,v\n3,mon,4\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect_eq(((float *)result.training.x)[0], 3);
    csv_result_free(&result);
}

Test(csv, mistakes)
{
    static const struct { const char *text, *expected; int status; } table[] = {
        { "a,b,c\n1,2,3\n4,,6\n", ":3: column \"b\": the value is missing", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n\n4,NA,6\n", ":4: column \"b\": the value is missing", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,?0.2,6\n", ":3: column \"b\": \"?0.2\" is not a finite number", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,0x10,6\n", "\"0x10\" is not a finite number", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,inf,6\n", "\"inf\" is not a finite number", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,1e999,6\n", "\"1e999\" is not a finite number", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,5 6,6\n", "\"5 6\" is not a finite number", LSTMC_BAD_FILE },
        { "a,b,c\n\n1,2,3\n4,1e60,6\n", ":4: column 2: 1e+60 is not a finite number", LSTMC_MISMATCH },
        { "a,b,c\n1,2,3\n4,5\n", ":3: column \"c\" is missing: the line has 2 cells", LSTMC_BAD_FILE },
        { "a,b,c\n1,\"2,3\n4,5,6\n", ":2: a quote is never closed", LSTMC_BAD_FILE },
        { "a,b,c\n1,\"2\"2,3\n", ":2: text behind a closing quote", LSTMC_BAD_FILE },
        { "a,b,d\n1,2,3\n", "no column \"c\"; it has 3 columns: a, b, d", LSTMC_MISMATCH },
        { "a,b,c\n", "has a line of names, but no rows", LSTMC_BAD_FILE },
        { "", "is empty", LSTMC_BAD_FILE },
        { "\n\n", "is empty", LSTMC_BAD_FILE },
    };
    const struct lstmc_model model = csv_row_model(2, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("a", "b"), .column_count = 2, .targets = NAMES("c"), .target_count = 1, .split = 1 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct csv_result result = csv_read_text(&model, table[i].text, &options);
        cr_expect(result.status == table[i].status && strstr(result.message.text, table[i].expected), "\"%s\": status %d \"%s\", expected %d \"%s\"",
                  table[i].text, result.status, result.message.text, table[i].status, table[i].expected);
        cr_expect(!result.training.x && !result.training.y && !result.validation.x, "\"%s\": leaves data behind", table[i].text);
        csv_result_free(&result);
    }
}

#define TEN "v\n10\n20\n30\n40\n50\n60\n70\n80\n90\n100\n"

Test(csv, windows)
{
    const struct lstmc_model model = csv_window_model(3, 1, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 3, HORIZONS(2), .split = 0.7 };
    struct csv_result result = csv_read_text(&model, TEN, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    /* rows 0 ... 6 train: the last window that fits is 30 40 50 -> 70 */
    cr_assert_eq(result.training.samples, 3, "%zu samples", result.training.samples);
    csv_expect_floats("x", result.training.x, (double[]){ 10, 20, 30, 20, 30, 40, 30, 40, 50 }, 9);
    csv_expect_floats("y", result.training.y, (double[]){ 50, 60, 70 }, 3);
    csv_expect_floats("persistence", result.training.persistence, (double[]){ 30, 40, 50 }, 3);
    /* held-out targets are 80, 90, 100; their windows reach back */
    cr_assert_eq(result.validation.samples, 3, "%zu held out", result.validation.samples);
    csv_expect_floats("held-out x", result.validation.x, (double[]){ 40, 50, 60, 50, 60, 70, 60, 70, 80 }, 9);
    csv_expect_floats("held-out y", result.validation.y, (double[]){ 80, 90, 100 }, 3);
    csv_expect_floats("held-out persistence", result.validation.persistence, (double[]){ 60, 70, 80 }, 3);
    csv_result_free(&result);
}

Test(csv, all_rows_up_to_the_horizon)
{
    const struct lstmc_model model = csv_window_model(3, 1, 2);
    const struct lstmc_csv_options options = { .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 3, HORIZONS(2), .split = 0.7 };
    struct csv_result result = csv_read_text(&model, TEN, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 3 && result.validation.samples == 2, "%zu, %zu", result.training.samples, result.validation.samples);
    csv_expect_floats("y", result.training.y, (double[]){ 40, 50, 50, 60, 60, 70 }, 6);
    csv_expect_floats("held-out y", result.validation.y, (double[]){ 80, 90, 90, 100 }, 4);
    csv_expect_floats("persistence", result.training.persistence, (double[]){ 30, 30, 40, 40, 50, 50 }, 6);
    csv_result_free(&result);
}

Test(csv, normalisation_knows_the_training_part_alone)
{
    static const char text[] = "a,b\n1,5\n3,5\n5,5\n7,5\n1000,9\n2000,8\n";      /* the first four rows train */
    const struct lstmc_model model = csv_window_model(2, 2, 1);
    struct lstmc_csv_options options = { .columns = NAMES("a", "b"), .column_count = 2, .targets = NAMES("a"), .target_count = 1, .sliding = 1,
                                         .window = 2, HORIZONS(1), .normalization = "standard", .split = 4.0 / 6 };
    struct csv_result result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    double deviation = sqrt(5.0);                                               /* of 1 3 5 7 */
    cr_assert_eq(result.training.meaning.target.columns, 1);
    cr_expect(fabs(result.training.meaning.target.offset[0] - 4) < 1e-12 && fabs(result.training.meaning.target.scale[0] - deviation) < 1e-12, "%g %g",
              result.training.meaning.target.offset[0], result.training.meaning.target.scale[0]);
    csv_expect_floats("x", result.training.x, (double[]){ -3 / deviation, 0, -1 / deviation, 0, -1 / deviation, 0, 1 / deviation, 0 }, 8);
    csv_expect_floats("y", result.training.y, (double[]){ 1 / deviation, 3 / deviation }, 2);
    csv_expect_floats("held-out y", result.validation.y, (double[]){ 996 / deviation, 1996 / deviation }, 1);
    csv_expect_floats("held-out persistence", result.validation.persistence, (double[]){ 3 / deviation, 996 / deviation }, 1);
    csv_result_free(&result);
    options.normalization = "minmax";
    result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("minmax x", result.training.x, (double[]){ 0, 0, 1.0 / 3, 0, 1.0 / 3, 0, 2.0 / 3, 0 }, 8);
    csv_expect_floats("minmax held-out x", result.validation.x, (double[]){ 2.0 / 3, 0, 1, 0, 1, 0, 999.0 / 6, 4 }, 8);
    cr_expect(result.validation.meaning.target.offset[0] == 1 && result.validation.meaning.target.scale[0] == 6);
    csv_result_free(&result);
}

Test(csv, classes_and_probabilities_stay)
{
    struct lstmc_model model = csv_row_model(1, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("c"), .target_count = 1,
                                               .normalization = "minmax", .split = 1 };
    model.loss = "binary_crossentropy";
    struct csv_result result = csv_read_text(&model, "a,c\n10,0\n20,1\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("x", result.training.x, (double[]){ 0, 1 }, 2);
    csv_expect_floats("y", result.training.y, (double[]){ 0, 1 }, 2);
    csv_result_free(&result);
    model.loss = "sparse_categorical_crossentropy";
    model.target_is_class = 1;
    model.output_shape[0] = 3;
    model.output_count = 3;
    result = csv_read_text(&model, "a,c\n10,2\n20,1\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect(((int32_t *)result.training.y)[0] == 2 && ((int32_t *)result.training.y)[1] == 1 && !result.training.meaning.target.scale);
    csv_result_free(&result);
    result = csv_read_text(&model, "a,c\n10,2\n20,3\n", &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, ":3: target 1: 3 is not a whole number in [0, 3)"), "%s",
              result.message.text);
}

Test(csv, does_not_fit_the_model)
{
    const struct lstmc_model model = csv_window_model(3, 1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 4, HORIZONS(2), .split = 0.7 };
    struct csv_result result = csv_read_text(&model, TEN, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "Input{4, 1} would fit"), "%s", result.message.text);
    options.window = 3;
    options.horizons = (const int[]){ 5 };
    result = csv_read_text(&model, TEN, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "7 rows train and 3 are held out, but one sample takes 8 rows"), "%s",
              result.message.text);
    options.horizons = (const int[]){ 1 };
    options.normalization = "zscore";
    result = csv_read_text(&model, TEN, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "unknown normalization \"zscore\""), "%s", result.message.text);
    options.normalization = NULL;
    options.split = 0.99;
    result = csv_read_text(&model, TEN, &options);
    cr_expect_eq(result.status, 0, "0.99 of 10 rows leaves one: %s", result.message.text);
    csv_result_free(&result);
    options.split = NAN;
    result = csv_read_text(&model, TEN, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "split"), "%s", result.message.text);
}

static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    (void)context;
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    const struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("b"), .target_count = 1, .sliding = 1,
                                               .window = 2, HORIZONS(1), .normalization = "standard", .split = 1 };
    struct lstmc_dataset training, validation;
    int status = lstmc_read_csv(&model, path, &options, &training, &validation, message);
    cr_expect((status == 0) == (training.samples > 0), "status %d, %zu samples", status, training.samples);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
    return status;
}

Test(csv, mutations)
{
    static const char good[] = "day,\"a\",b\r\n\"1,1\",2.5,-3\r\n2,\"4\",5e1\r\n3,6,\"7\"\r\n4,8,9\r\n5,1,2\r\n";
    struct mutations done = mutate(good, sizeof good - 1, "\",\r\n0e-.a;\t", read_mutation, NULL);
    cr_expect(done.refused > done.files / 5 && done.refused < done.files, "%d of %d were refused", done.refused, done.files);
}

static void expect_series(const char *path, const char *column, size_t rows, double last)
{
    struct stat status;
    if (stat(path, &status))
        cr_skip_test("%s is not here", path);
    const struct lstmc_model model = csv_window_model(12, 1, 1);
    const struct lstmc_csv_options options = { .columns = NAMES(column), .column_count = 1, .sliding = 1, .window = 12, HORIZONS(1),
                                               .normalization = "standard", .split = 0.8 };
    struct csv_result result;
    result.status = lstmc_read_csv(&model, path, &options, &result.training, &result.validation, &result.message);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    size_t cut = rows * 8 / 10;
    cr_expect(result.training.samples == cut - 12 && result.validation.samples == rows - cut, "%s: %zu and %zu samples, expected %zu and %zu",
              path, result.training.samples, result.validation.samples, cut - 12, rows - cut);
    const float *y = result.validation.y;
    double value = (double)y[result.validation.samples - 1] * result.validation.meaning.target.scale[0] + result.validation.meaning.target.offset[0];
    cr_expect(fabs(value - last) < 1e-4 * fabs(last), "%s: the last value is %g, expected %g", path, value, last);
    cr_expect_eq(result.validation.persistence[1], y[0], "%s: what is known last is not the value before", path);
    csv_result_free(&result);
}

Test(csv, sunspots)
{
    expect_series("../shared/data/sunspots-monthly/monthly-sunspots.csv", "Sunspots", 2820, 33.4);
}

Test(csv, min_temperatures)
{
    expect_series("../shared/data/min-temperatures/daily-min-temperatures.csv", "Temp", 3650, 13.0);
}

Test(csv, airline_passengers)
{
    expect_series("../shared/data/airline-passengers/airline-passengers.csv", "2", 144, 432);
}

/* That of the last row of the window, in both parts; the columns beside it are what they were. */
Test(csv, sample_weight)
{
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    static const char text[] = "a,b,w\n1,10,0.5\n2,20,0\n3,30,2\n4,40,3\n5,50,4\n6,60,-1\n";
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("b"), .target_count = 1, .sliding = 1,
                                         .window = 2, HORIZONS(1), .normalization = "none", .split = 4.0 / 6, .sample_weight = "w" };
    struct csv_result result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("training", result.training.sample_weight, (double[]){ 0, 2 }, 2);
    csv_expect_floats("held out", result.validation.sample_weight, (double[]){ 3, 4 }, 2);
    csv_expect_floats("y", result.validation.y, (double[]){ 50, 60 }, 2);
    csv_result_free(&result);
    options.horizons = (const int[]){ 0 };
    result = csv_read_text(&model, text, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, ":7: the weight -1 of a sample"), "%s", result.message.text);
}
