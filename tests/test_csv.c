/* test_csv.c: CSV to data sets: quotes, headers, line ends, missing values, windows, normalisation, the split, real series. */
#include "runtime/lstmc.h"
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
        { "quotes around the separators alone", "\"a\",\"b\",\"c\"\n1,2,3\n4,5,6\n" },
        { "bars", "a|b|c\n1|2|3\n4|5|6\n" },
        { "Excel's line", "sep=;\na;b;c\n1;2;3\n4;5;6\n" },
        { "Excel's line in quotes, behind a mark", "\xef\xbb\xbf\"sep=|\"\r\na|b|c\r\n1|2|3\r\n4|5|6\r\n" },
        { "blank lines before the names", " \n\r\na;b;c\n1;2;3\n4;5;6\n" },
        { "decimal commas where nobody asks", "a;x;b;c\n1;1,5;2;3\n4;2,5;5;6\n" },
        { "empty cells at the end", "a,b,c\n1,2,3,\n4,5,6,,\n" },
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
        { "a,b,c\n\n1,2,3\n4,1e60,6\n", ":4: column \"b\": 1e+60 is not a finite number", LSTMC_MISMATCH },
        { "a,b,c\n1,2,3\n4,5,6,7\n", ":3: has 4 cells, but the first line has 3 names", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3,\n4,5,6,,7\n", ":3: has 5 cells, but the first line has 3 names", LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3,4\n", ":2: has 4 cells, but the first line has 3 names (is this a decimal comma?",
          LSTMC_BAD_FILE },
        { "a,b,c\n1,2,1.5,x\n", ":2: has 4 cells, but the first line has 3 names", LSTMC_BAD_FILE },
        { "a;b;c\n1;2;3,50\n", ":2: column \"c\": \"3,50\" is not a finite number; numbers have a decimal point",
          LSTMC_BAD_FILE },
        { "a,b,c\n1,2,\"1,234.5\"\n",
          "\"1,234.5\" is not a finite number; numbers have a decimal point, and nothing between thousands",
          LSTMC_BAD_FILE },
        { "a,b,c\n1,2,1_000\n",
          "\"1_000\" is not a finite number; numbers have a decimal point, and nothing between thousands",
          LSTMC_BAD_FILE },
        { "a,b,c\n1,2,#N/A\n",
          ":2: column \"c\": the value is missing; missing = \"drop\", \"previous\" or \"interpolate\"",
          LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,5", ":3: the file ends inside this line, which has 2 of 3 cells: it was cut off",
          LSTMC_BAD_FILE },
        { "a,b,c\n1,2,3\n4,5\n", ":3: column \"c\" is missing: the line has 2 cells", LSTMC_BAD_FILE },
        { "a,b,c\n1,\"2,3\n4,5,6\n", ":2: a quote is never closed", LSTMC_BAD_FILE },
        { "a,b,c\n1,\"2\"2,3\n", ":2: text behind a closing quote", LSTMC_BAD_FILE },
        { "a,b,d\n1,2,3\n", "no column \"c\"; it has 3 columns: a, b, d", LSTMC_MISMATCH },
        { "A,B,C\n1,2,3\n", "no column \"a\"; it has 3 columns: A, B, C (did you mean \"A\"?)", LSTMC_MISMATCH },
        { "a,b,c,a\n1,2,3,4\n", "columns 1 and 4 are both called \"a\": ask for one of them by its position",
          LSTMC_MISMATCH },
        { "# by a tool\na,b,c\n1,2,3\n",
          "column \"a\" is named in line 2: nothing may stand before the line of names, but the first line is \"# by a "
          "tool\"",
          LSTMC_MISMATCH },
        { "a:b:c\n1:2:3\n",
          "the first line, \"a:b:c\", has 1 column and is no line of names; cells are separated by , or ; or tabs or |",
          LSTMC_MISMATCH },
        { "a|b|c\n1|2\n", "the first line, \"a|b|c\", has 1 column", LSTMC_MISMATCH },
        { "1,2,3\n4,5,6\n",
          "has 3 columns and is no line of names; columns without names are asked for by their position",
          LSTMC_MISMATCH },
        { "PK\3\4aaaa", "is a workbook of a spreadsheet", LSTMC_BAD_FILE },
        { "\xff\xfe"
          "a",
          "is UTF-16, as Excel saves \"Unicode text\": save it as \"CSV UTF-8\", or convert it by: iconv",
          LSTMC_BAD_FILE },
        { "\xfe\xff", "is UTF-16", LSTMC_BAD_FILE },
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

/* Rows come and go: of a table longer than what stays of it all are read, and each mistake is said with its line, whatever follows. */
Test(csv, many_rows)
{
    static const struct { const char *line, *said; } cases[] = {
        { "1,2\n", NULL }, { "1,x\n", ":1002: column \"b\": \"x\"" }, { "1\n", ":1002: column \"b\" is missing" }, { "1,2,3\n", ":1002: has 3 cells" },
        { "1,\"2\n", ":1002: a quote is never closed" }, { "1", ":1002: the file ends inside this line" }, { "0,2\n", ":1002: group \"0\" comes back" },
    };
    const struct lstmc_model model = csv_window_model(3, 1, 1);
    char *text = malloc(20000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int length = sprintf(text, "a,b\n");
        for (int row = 0; row < 1000; row++)
            length += sprintf(text + length, "%d,%d\n", row / 500, row);
        sprintf(text + length, "%s", cases[i].line);
        const struct lstmc_csv_options options = { .columns = NAMES("b"), .column_count = 1, .sliding = 1, .window = 3, HORIZONS(2), .split = 1, .group = "a" };
        struct csv_result result = csv_read_text(&model, text, &options);
        cr_expect_eq(result.status == 0, cases[i].said == NULL, "%s", result.message.text);
        cr_expect(!cases[i].said || strstr(result.message.text, cases[i].said), "%s, without %s", result.message.text, cases[i].said);
        if (!result.status) {
            const float *x = result.training.x, *y = result.training.y;
            cr_assert_eq(result.training.samples, 496 + 497);
            cr_expect(x[0] == 0 && y[0] == 4 && x[3 * 495 + 2] == 497 && x[3 * 496] == 500 && x[3 * 991 + 2] == 997 && y[991] == 999);
        }
        csv_result_free(&result);
    }
    free(text);
}

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
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, ":3: target \"c\": 3 is not a whole "
                                                                             "number in [0, 3)"),
              "%s", result.message.text);
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

/* Names go into weight files, which are UTF-8. */
Test(csv, names_that_are_no_text)
{
    const struct lstmc_model model = csv_row_model(1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("gr\xf6sse"), .column_count = 1, .targets = NAMES("b"),
                                         .target_count = 1, .split = 1 };
    struct csv_result result = csv_read_text(&model, "gr\xf6sse,b\n1,2\n", &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "of a column is no UTF-8: ask for it by "
                                                                             "its position"),
              "%s", result.message.text);
    options.columns = NAMES("1");
    result = csv_read_text(&model, "gr\xf6sse,b\n1,2\n", &options);
    cr_expect_eq(result.status, 0, "%s", result.message.text);
    csv_result_free(&result);
}

/* A zero byte is no text, wherever it stands. */
Test(csv, zero_bytes)
{
    static const struct { const char *text; size_t size; const char *expected; } table[] = {
        { "a,b,c\n1,2,3\n4,\0,6\n", 18, ":3: has a zero byte" },
        { "a,b,c\n1,2,3\0", 12, ":2: has a zero byte" },
        { "a\0,\0b\0\n\0", 8, "looks like UTF-16: convert it by: iconv -f UTF-16LE" },
        { "\0a\0,\0b", 6, "looks like UTF-16: convert it by: iconv -f UTF-16BE" },
    };
    const struct lstmc_model model = csv_row_model(2, 1);
    const struct lstmc_csv_options options = {
        .columns = NAMES("a", "b"), .column_count = 2, .targets = NAMES("c"), .target_count = 1, .split = 1
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct csv_result result = csv_read_bytes(&model, table[i].text, table[i].size, &options);
        cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, table[i].expected), "%zu: %d \"%s\"",
                  i, result.status, result.message.text);
    }
}

/* What pandas writes over an array: names that are numbers, and positions too. */
Test(csv, names_that_are_numbers)
{
    static const struct { const char *text, *column; int header; size_t samples; double first; } table[] = {
        { "0,1,2\n10,20,30\n11,21,31\n", "1", 1, 2, 20 },
        { "0,1,2\n10,20,30\n11,21,31\n", "1", -1, 3, 0 },
        { "0,1,2\n10,20,30\n11,21,31\n", "0", 0, 2, 10 }, /* a name, and no position */
        { ",0,1\n0,10,20\n1,11,21\n", "1", 0, 2, 20 },    /* with the index: the cell without a name tells */
        { "0,1,2\n10,20,30\n", "3", 0, 2, 2 },            /* a position, and no name */
        { "0,2,1\n3,4,5\n", "1", 0, 2, 0 },               /* no names that anybody would count up */
        { "1\n2\n", "1", 1, 1, 2 },
        { "a\n2\n", "1", 1, 1, 2 },
    };
    const struct lstmc_model model = csv_row_model(1, 1);
    struct lstmc_csv_options options = { .column_count = 1, .target_count = 1, .split = 1 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        options.columns = options.targets = NAMES(table[i].column);
        options.header = table[i].header;
        struct csv_result result = csv_read_text(&model, table[i].text, &options);
        cr_assert_eq(result.status, 0, "\"%s\": %s", table[i].text, result.message.text);
        cr_expect(result.training.samples == table[i].samples &&
                      (double)((float *)result.training.x)[0] == table[i].first,
                  "\"%s\", header %d: %zu samples, first %g", table[i].text, table[i].header, result.training.samples,
                  (double)((float *)result.training.x)[0]);
        csv_result_free(&result);
    }
    options.columns = options.targets = NAMES("1");
    options.header = 0;
    struct csv_result result = csv_read_text(&model, "0,1,2\n10,20,30\n", &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "\"1\" may be the name of column 2 or the "
                                                                             "position of column 1: say header = true"),
              "%d %s", result.status, result.message.text);
}

/* What is taken all the same is said. */
Test(csv, notes)
{
    static const struct { const char *text, *normalization, *expected; } table[] = {
        { "v\n1\n2\n3\n4\n", "standard", "" },
        { "v\n5\n5\n5\n5\n", "standard", ": column \"v\" has the same value in every row that trains\n" },
        { "v\n5\n5\n5\n5\n", NULL, ": column \"v\" has the same value in every row that trains\n" },
        { "v\n100000.000\n100000.003\n100000.006\n100000.001\n", "standard",
          "a deviation of 0.00229 is lost in floats, which M_normalize reads: use M_normalize_double" },
        { "v\n100000.000\n100000.003\n100000.006\n100000.001\n", NULL,
          "is lost in floats, which the model reads: use normalization = \"standard\"" },
        { "v\n1000.00\n1000.03\n1000.06\n1000.1\n", "minmax", "" },
        { "v\n1\n\n2\n3\n4\n", NULL, ":3: this line is blank and was passed over; a missing value is written as NA\n" },
        { "v\n1\n2\n3\n4\n\n", NULL, "" },
    };
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    struct lstmc_csv_options options = {
        .columns = NAMES("v"), .column_count = 1, .sliding = 1, .window = 2, HORIZONS(1), .split = 1
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        options.normalization = table[i].normalization;
        struct csv_result result = csv_read_text(&model, table[i].text, &options);
        cr_assert_eq(result.status, 0, "\"%s\": %s", table[i].text, result.message.text);
        const char *notes = result.training.notes.text;
        cr_expect(*table[i].expected ? strstr(notes, table[i].expected) != NULL : !*notes, "\"%s\": \"%s\"",
                  table[i].text, notes);
        cr_expect(!*notes || strchr(notes, '\n') == notes + strlen(notes) - 1, "more than one note: %s", notes);
        csv_result_free(&result);
    }
    options.columns = NAMES("2");
    struct csv_result result = csv_read_text(&model, "1,2,3\n5,7,9\n6,6,6\n1,1,1\n", &options);
    cr_expect(!result.status && strstr(result.training.notes.text, ": the first line, \"1,2,3\", was read as numbers; "
                                                                   "if it is names, say header = true"),
              "%s", result.training.notes.text);
    csv_result_free(&result);
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
    cr_assert(!lstmc_dataset_make(&model, &result.training) && !lstmc_dataset_make(&model, &result.validation));
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
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, ":7: column \"w\": the weight -1 of a "
                                                                             "sample"),
              "%s", result.message.text);
}

/* A model with an output for each of three steps: each has the row so far ahead of it, and with `weighs_steps` that row's weight. */
Test(csv, targets_of_each_step)
{
    static const char text[] = "a,b,w\n1,10,0.5\n2,20,0\n3,30,2\n4,40,3\n5,50,4\n6,60,1\n7,70,5\n";
    struct lstmc_model model = csv_window_model(3, 1, 1);
    model.output_rank = model.target_rank = 2, model.output_shape[0] = model.target_shape[0] = 3;
    model.output_shape[1] = model.target_shape[1] = 1, model.output_count = model.target_count = 3, model.sample_weights = 3;
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .targets = NAMES("b"), .target_count = 1, .sliding = 1,
                                         .window = 3, HORIZONS(0), .split = 4.0 / 7, .sample_weight = "w", .weighs_steps = 1 };
    struct csv_result result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 2 && result.validation.samples == 1 && result.training.weights == 3, "%zu, %zu", result.training.samples,
              result.validation.samples);
    csv_expect_floats("y", result.training.y, (double[]){ 10, 20, 30, 20, 30, 40 }, 6);
    csv_expect_floats("weights", result.training.sample_weight, (double[]){ 0.5, 0, 2, 0, 2, 3 }, 6);
    csv_expect_floats("held-out y", result.validation.y, (double[]){ 50, 60, 70 }, 3);
    csv_expect_floats("held-out weights", result.validation.sample_weight, (double[]){ 4, 1, 5 }, 3);
    cr_expect_str_eq(result.training.meaning.targets.text[0], "b");
    csv_result_free(&result);
    options.horizons = (const int[]){ 1 };
    result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 1 && result.validation.samples == 1);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 2, 3 }, 3);
    csv_expect_floats("y of the next rows", result.training.y, (double[]){ 20, 30, 40 }, 3);
    csv_expect_floats("weights of the next rows", result.training.sample_weight, (double[]){ 0, 2, 3 }, 3);
    csv_expect_floats("held-out x", result.validation.x, (double[]){ 4, 5, 6 }, 3);
    csv_result_free(&result);
    options.weighs_steps = 0;
    result = csv_read_text(&model, text, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect_eq(result.training.weights, 1);
    csv_expect_floats("by the last row that is read", result.training.sample_weight, (double[]){ 2 }, 1);
    csv_result_free(&result);
    options.relative = 1;
    result = csv_read_text(&model, text, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "relative needs targets behind the window"), "%s", result.message.text);
}

/* The steps of a forecast are its horizons. */
Test(csv, weights_of_horizons)
{
    static const char text[] = "a,w\n1,0.5\n2,0\n3,2\n4,3\n5,-1\n";
    struct lstmc_model model = csv_window_model(2, 1, 1);
    model.output_rank = model.target_rank = 2, model.output_shape[0] = model.target_shape[0] = 2;
    model.output_shape[1] = model.target_shape[1] = 1, model.output_count = model.target_count = 2, model.sample_weights = 2;
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .sliding = 1, .window = 2, HORIZONS(1, 2), .split = 1,
                                         .sample_weight = "w", .weighs_steps = 1 };
    struct csv_result result = csv_read_text(&model, text, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, ":6: column \"w\": the weight -1 of a sample"), "%s", result.message.text);
    result = csv_read_text(&model, "a,w\n1,0.5\n2,0\n3,2\n4,3\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("weights", result.training.sample_weight, (double[]){ 2, 3 }, 2);
    csv_result_free(&result);
    model.sample_weights = 6;
    result = csv_read_text(&model, text, &options);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "lie in 2 rows, each of which has one sample_weight, but the model weighs 6 "
                                                                             "steps"), "%s", result.message.text);
}
