/* test_number.c: numbers as text are the same in a program whose locale has decimal commas: tables, logs, metadata,
 * progress, messages, checkpoints. */
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/train/progress.h"
#include "command.h"
#include "csv_result.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which texts are numbers ---- */

Test(number, forms)
{
    static const struct { const char *text; double value; } good[] = {
        { "0", 0 },
        { "-1", -1 },
        { "+1.5", 1.5 },
        { ".5", 0.5 },
        { "5.", 5 },
        { "1e3", 1000 },
        { "1E-2", 0.01 },
        { "1.e+2", 100 },
        { "-0", 0 },
        { "1e-400", 0 },
        { "1e308", 1e308 },
        { "0.1", 0.1 },
        { "100000.003", 100000.003 },
    };
    static const char *const bad[] = { "",    "-",     "+",        ".",     "e5",      "1e",    "1e+", "1.2.3",
                                       "1,5", "1_000", "1 000",    "1'000", "0x10",    "0x1p3", "nan", "NaN",
                                       "inf", "-inf",  "infinity", "1e400", "-1e400",  "1f",    "1d3", " 1",
                                       "1 ",  "--1",   "+-1",      "1e5.5", "\xd9\xa1" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double value = NAN;
        cr_expect(lstmc_number_read(good[i].text, strlen(good[i].text), &value) && value == good[i].value,
                  "\"%s\": %.17g", good[i].text, value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value;
        cr_expect(!lstmc_number_read(bad[i], strlen(bad[i]), &value), "\"%s\" is taken for a number", bad[i]);
    }
    double value;
    cr_expect(!lstmc_number_read("1\0002", 3, &value), "a zero byte inside");
    cr_expect(lstmc_number_read("12,3", 2, &value) && value == 12, "what stands behind");
}

/* ---- a locale with decimal commas ---- */

static char *folder;

/* Made here: a machine need not have any but C. The point of the second one is two bytes. */
static void take_locale(const char *point)
{
    static const char characters[] = "<code_set_name> XX\n<mb_cur_max> 2\n<escape_char> /\nCHARMAP\n<U0000>..<U007F> "
                                     "/x00\n<U066B> /xd9/xab\nEND CHARMAP\n";
    char text[300], line[400];
    folder = command_folder();
    snprintf(text, sizeof text, "LC_NUMERIC\ndecimal_point \"%s\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n",
             point);
    command_write(folder, "characters", characters, sizeof characters - 1);
    command_write(folder, "source", text, (long)strlen(text));
    snprintf(line, sizeof line, "cd %s && localedef -c -i ./source -f ./characters ./xx_XX >log 2>&1", folder);
    setenv("LOCPATH", folder, 1);
    if (system(line) < 0 || !setlocale(LC_NUMERIC, "xx_XX")) {
        command_folder_remove(folder);
        cr_skip_test("localedef makes no such locale here");
    }
    snprintf(text, sizeof text, "%.1f", 1.5);
    cr_assert(!strchr(text, '.'), "the locale has no decimal comma: %s", text);
}

static void drop_locale(void)
{
    char text[40];
    snprintf(text, sizeof text, "%.1f", 1.5);
    cr_expect(!strchr(text, '.'), "the program's locale was changed: %s", text);
    command_folder_remove(folder);
}

Test(number, tables)
{
    take_locale(",");
    const struct lstmc_model model = csv_window_model(2, 1, 1);
    const struct lstmc_csv_options options = {
        .columns = NAMES("value"), .column_count = 1, .sliding = 1, .window = 2, HORIZONS(1), .split = 1
    };
    struct csv_result result = csv_read_text(&model, "value\n1.50\n-2.5e-1\n3.25\n4\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("x", result.training.x, (double[]){ 1.5, -0.25, -0.25, 3.25 }, 4);
    csv_result_free(&result);
    result = csv_read_text(&model, "value\n1.5\n\"2,5\"\n", &options);
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, ":3: column \"value\": \"2,5\" is not a "
                                                                             "finite number; numbers have a decimal "
                                                                             "point"),
              "%s", result.message.text);
    result = csv_read_text(&model, "0.5 1.5\n2.5 3.5\n4.5 5.5\n",
                           &(struct lstmc_csv_options){ .columns = NAMES("2"),
                                                        .column_count = 1,
                                                        .sliding = 1,
                                                        .window = 2,
                                                        HORIZONS(1),
                                                        .split = 1 });
    cr_assert_eq(result.status, 0, "blanks between numbers: %s", result.message.text);
    csv_expect_floats("x", result.training.x, (double[]){ 1.5, 3.5 }, 2);
    csv_result_free(&result);
    drop_locale();
}

/* What `file` holds. */
static char *text_of(FILE *file)
{
    static char text[4000];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

Test(number, what_a_training_prints)
{
    take_locale(",");
    struct lstmc_progress progress;
    const struct lstmc_history history = {
        .loss = 0.1866, .metric = { 0.25 }, .learning_rate = 0.02, .seconds = 1.5, .epochs = 1
    };
    FILE *file = tmpfile();
    lstmc_progress_begin(&progress, file, 3, 10, NAMES("mae"), 1);
    lstmc_progress_epoch(&progress, 1, 0);
    lstmc_progress_epoch_end(&progress, &history);
    lstmc_progress_note(&progress, "learning rate %.6g", 0.5);
    const char *text = text_of(file);
    cr_expect(strstr(text, "loss 0.1866") && strstr(text, "mae 0.25") && strstr(text, "1.50 s") &&
                  strstr(text, "rate 0.5") && !strchr(text, ','),
              "%s", text);
    struct temporary_file log = temporary_text("");
    struct lstmc_message message = { "" };
    cr_assert(!lstmc_log_write(log.path, 0, &history, 1, NAMES("mae"), 1, &message), "%s", message.text);
    text = text_of(fopen(log.path, "r"));
    cr_expect_str_eq(text, "epoch,learning_rate,loss,mae\n0,0.02,0.1866,0.25\n");
    temporary_remove(&log);
    lstmc_fail(&message, 0, "%.3g and %.2f", 0.125, 2.5);
    cr_expect_str_eq(message.text, "0.125 and 2.50");
    drop_locale();
}

static void expect_metadata(void)
{
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    cr_assert(lstmc_scaling_alloc(&meaning.input, 2));
    meaning.input.offset[0] = 100000.003, meaning.input.offset[1] = -0.1, meaning.input.scale[1] = 1e-7;
    char **pairs = lstmc_meaning_metadata(&meaning, NULL);
    cr_assert(pairs);
    cr_expect_str_eq(pairs[1], "[100000.003,-0.10000000000000001]");
    struct temporary_file file = temporary_text("");
    const struct lstmc_file_tensor none = { .name = "w",
                                            .dtype = "F32",
                                            .rank = 1,
                                            .shape = { 1 },
                                            .count = 1,
                                            .bytes = 4,
                                            .data = (const unsigned char *)"abcd" };
    struct lstmc_message message = { "" };
    cr_assert(!lstmc_tensor_file_write(file.path, &none, 1, (const char *const *)pairs, &message), "%s", message.text);
    struct lstmc_meaning back;
    cr_assert(!lstmc_meaning_load(&back, file.path, &message), "%s", message.text);
    cr_expect(back.input.offset[0] == 100000.003 && back.input.offset[1] == -0.1 && back.input.scale[1] == 1e-7);
    temporary_remove(&file);
    lstmc_metadata_free(pairs);
    lstmc_meaning_free(&meaning);
    lstmc_meaning_free(&back);
}

Test(number, metadata)
{
    take_locale(",");
    expect_metadata();
    drop_locale();
}

/* Some languages write a point of their own, of several bytes. */
Test(number, metadata_where_the_point_is_two_bytes)
{
    take_locale("<U066B>");
    expect_metadata();
    drop_locale();
}

Test(number, checkpoints)
{
    take_locale(",");
    char text[64], *end;
    lstmc_format(text, sizeof text, "%a", 0.1);
    cr_expect_str_eq(text, "0x1.999999999999ap-4");
    cr_expect(lstmc_number_scan(text, &end) == 0.1 && !*end, "%s", text);
    drop_locale();
}

/* ---- threads ---- */

static void *read_and_print(void *context)
{
    long *mistakes = context;
    for (int i = 0; i < 20000; i++) {
        double value = 0;
        char text[40];
        lstmc_format(text, sizeof text, "%.2f", i / 4.0);
        *mistakes += !lstmc_number_read(text, strlen(text), &value) || value != i / 4.0;
    }
    return NULL;
}

/* The runtime reads and prints in one thread while the program prints in its own way in another. */
Test(number, threads)
{
    take_locale(",");
    pthread_t thread[2];
    long mistakes[2] = { 0 };
    for (int i = 0; i < 2; i++)
        cr_assert(!pthread_create(&thread[i], NULL, read_and_print, &mistakes[i]));
    int points = 0;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.2f", i / 4.0);
        points += strchr(text, '.') != NULL;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    cr_expect(!mistakes[0] && !mistakes[1], "%ld and %ld numbers of 20000 were misread", mistakes[0], mistakes[1]);
    cr_expect_eq(points, 0, "%d numbers of the program had a decimal point", points);
    drop_locale();
}
