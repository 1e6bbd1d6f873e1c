/* test_csv_inputs.c: tables for models with several inputs: which columns each reads, in each row of the window or in its last one; what is predicted
 * by a table and by numbers; and the C that scales them. */
#include "runtime/lstmc.h"
#include "command.h"
#include "csv_result.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the reader ---- */

/* A window of three rows of two columns, an id and two numbers of the last row, and one column once more as a sequence of ids. */
static const struct lstmc_array inputs[] = {
    { .name = "series", .rank = 2, .shape = { 3, 2 }, .offset = 0, .count = 6 },
    { .name = "day", .is_integer = 1, .vocabulary = 7, .rank = 1, .shape = { 1 }, .offset = 6, .count = 1 },
    { .name = "weather", .rank = 1, .shape = { 2 }, .offset = 7, .count = 2 },
    { .name = "days", .is_integer = 1, .vocabulary = 7, .rank = 1, .shape = { 3 }, .offset = 9, .count = 3 },
};

static const struct lstmc_model several = { .name = "several", .loss = "mse", .inputs = inputs, .input_arrays = 4, .input_rank = 1, .input_shape = { 12 },
                                            .input_count = 12, .output_rank = 1, .output_shape = { 1 }, .output_count = 1, .target_rank = 1,
                                            .target_shape = { 1 }, .target_count = 1, .batch = 4, .shards = 1 };

static const char table[] = "a,b,d,w,v,y\n1,10,0,5,100,7\n2,20,1,6,200,8\n3,30,2,7,300,9\n4,40,3,8,400,10\n5,50,4,9,500,11\n6,60,5,1,600,12\n";

#define COLUMNS .columns = NAMES("a", "b", "d", "w", "v", "d"), .column_count = 6, .input_columns = (const int[]){ 2, 1, 2, 1 }, .input_count = 4

static void expect_sample(const struct lstmc_dataset *data, size_t sample, const double *series, int day, const double *weather, const int *days, double y)
{
    const float *x = (const float *)data->x + sample * 12;
    const int32_t *ids = (const int32_t *)data->x + sample * 12;
    csv_expect_floats("series", x, series, 6);
    cr_expect_eq(ids[6], day, "the day of sample %zu is %d", sample, ids[6]);
    csv_expect_floats("weather", x + 7, weather, 2);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(ids[9 + i], days[i], "day %d of sample %zu is %d", i, sample, ids[9 + i]);
    csv_expect_floats("y", (const float *)data->y + sample, &y, 1);
}

Test(csv_inputs, windows_and_last_rows)
{
    const struct lstmc_csv_options options = { COLUMNS, .targets = NAMES("y"), .target_count = 1, .sliding = 1, .window = 3, HORIZONS(1), .split = 1 };
    struct csv_result result = csv_read_text(&several, table, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, 3);
    expect_sample(&result.training, 0, (double[]){ 1, 10, 2, 20, 3, 30 }, 2, (double[]){ 7, 300 }, (int[]){ 0, 1, 2 }, 10);
    expect_sample(&result.training, 2, (double[]){ 3, 30, 4, 40, 5, 50 }, 4, (double[]){ 9, 500 }, (int[]){ 2, 3, 4 }, 12);
    csv_result_free(&result);
}

/* By what trains: four rows of six; ids stay. The meaning says it of every element. */
Test(csv_inputs, normalised_column_by_column)
{
    const struct lstmc_csv_options options = { COLUMNS, .targets = NAMES("y"), .target_count = 1, .sliding = 1, .window = 3, HORIZONS(1), .split = 0.67,
                                               .normalization = "minmax" };
    struct csv_result result = csv_read_text(&several, table, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 1 && result.validation.samples == 2);
    expect_sample(&result.training, 0, (double[]){ 0, 0, 1 / 3.0, 1 / 3.0, 2 / 3.0, 2 / 3.0 }, 2, (double[]){ 2 / 3.0, 2 / 3.0 }, (int[]){ 0, 1, 2 }, 1);
    expect_sample(&result.validation, 1, (double[]){ 2 / 3.0, 2 / 3.0, 1, 1, 4 / 3.0, 4 / 3.0 }, 4, (double[]){ 4 / 3.0, 4 / 3.0 }, (int[]){ 2, 3, 4 }, 5 / 3.0);
    const struct lstmc_meaning *meaning = &result.training.meaning;
    static const char *const names[] = { "a", "b", "a", "b", "a", "b", "d", "w", "v", "d", "d", "d" };
    static const double offsets[] = { 1, 10, 1, 10, 1, 10, 0, 5, 100, 0, 0, 0 }, scales[] = { 3, 30, 3, 30, 3, 30, 1, 3, 300, 1, 1, 1 };
    cr_assert(meaning->columns.count == 12 && meaning->input.columns == 12);
    for (int i = 0; i < 12; i++)
        cr_expect(!strcmp(meaning->columns.text[i], names[i]) && meaning->input.offset[i] == offsets[i] && meaning->input.scale[i] == scales[i],
                  "element %d: %s, %g, %g", i, meaning->columns.text[i], meaning->input.offset[i], meaning->input.scale[i]);
    csv_result_free(&result);
}

/* Without a window each row is a sample, and every input reads that row. */
Test(csv_inputs, rows)
{
    static const struct lstmc_array two[] = { { .name = "p", .rank = 1, .shape = { 2 }, .count = 2 }, { .name = "q", .rank = 1, .shape = { 1 }, .offset = 2, .count = 1 } };
    struct lstmc_model model = several;
    model.inputs = two;
    model.input_arrays = 2;
    model.input_count = 3;
    const struct lstmc_csv_options options = { .columns = NAMES("b", "a", "w"), .column_count = 3, .input_columns = (const int[]){ 2, 1 }, .input_count = 2,
                                               .targets = NAMES("y"), .target_count = 1, .split = 1 };
    struct csv_result result = csv_read_text(&model, table, &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    csv_expect_floats("x", result.training.x, (double[]){ 10, 1, 5, 20, 2, 6 }, 6);
    cr_expect_eq(result.training.samples, 6);
    csv_result_free(&result);
}

/* Groups of unlike lengths: one input reads their rows, another one the last of them. */
Test(csv_inputs, groups)
{
    static const struct lstmc_array two[] = { { .name = "p", .rank = 2, .shape = { 3, 1 }, .count = 3 }, { .name = "q", .rank = 1, .shape = { 2 }, .offset = 3, .count = 2 } };
    struct lstmc_model model = several;
    model.inputs = two;
    model.input_arrays = 2;
    model.input_count = 5;
    model.has_lengths = 1;
    const struct lstmc_csv_options options = { .columns = NAMES("a", "b", "a"), .column_count = 3, .input_columns = (const int[]){ 1, 2 }, .input_count = 2,
                                               .targets = NAMES("b"), .target_count = 1, .group = "g", .split = 1 };
    struct csv_result result = csv_read_text(&model, "g,a,b\nx,1,2\nx,3,4\ny,5,6\nz,1,1\nz,2,2\nz,3,3\nz,4,4\n", &options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert_eq(result.training.samples, 3);
    csv_expect_floats("x", result.training.x, (double[]){ 1, 3, 0, 4, 3, 5, 0, 0, 6, 5, 2, 3, 4, 4, 4 }, 15);
    csv_expect_floats("y", result.training.y, (double[]){ 4, 6, 4 }, 3);
    cr_expect(result.training.lengths[0] == 2 && result.training.lengths[1] == 1 && result.training.lengths[2] == 3);
    csv_result_free(&result);
}

Test(csv_inputs, mistakes)
{
    const struct { struct lstmc_csv_options options; const char *expected; } mistakes[] = {
        { { COLUMNS, .sliding = 1, .window = 4, HORIZONS(1) }, "the input series reads 6 values a sample, and has 2 columns: Input{4, 2} reads each row of the window, Input{2} its last one" },
        { { .columns = NAMES("a", "b", "d", "w", "d"), .column_count = 5, .input_columns = (const int[]){ 2, 1, 1, 1 }, .input_count = 4, .sliding = 1, .window = 3, HORIZONS(1) },
          "the input weather reads 2 values a sample, and has 1 column: Input{3, 1} reads each row of the window, Input{1} its last one" },
        { { .columns = NAMES("a", "b"), .column_count = 2, .input_columns = (const int[]){ 1, 1 }, .input_count = 2, .sliding = 1, .window = 3, HORIZONS(1) },
          "2 columns are named for 2 inputs, and the model has 4" },
        { { .columns = NAMES("a", "b"), .column_count = 2, .sliding = 1, .window = 3, HORIZONS(1) }, "2 columns are named for 0 inputs, and the model has 4" },
        { { .columns = NAMES("a", "b"), .column_count = 2, .input_columns = (const int[]){ 2, 1, 2, 1 }, .input_count = 4, .sliding = 1, .window = 3, HORIZONS(1) },
          "6 columns are named for 4 inputs, and the model has 4" },
        { { COLUMNS, .sliding = 1, .window = 3, HORIZONS(1), .relative = 1 }, "relative is for models of one input" },
        { { .columns = NAMES("a", "b", "w", "w", "v", "d"), .column_count = 6, .input_columns = (const int[]){ 2, 1, 2, 1 }, .input_count = 4, .sliding = 1, .window = 3, HORIZONS(1) },
          ":4: column \"w\": 7 is not a whole number in [0, 7)" },
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct lstmc_csv_options options = mistakes[i].options;
        options.targets = NAMES("y");
        options.target_count = 1;
        options.split = 1;
        struct csv_result result = csv_read_text(&several, table, &options);
        cr_expect(result.status != 0 && strstr(result.message.text, mistakes[i].expected), "\"%s\", not \"%s\"", result.message.text, mistakes[i].expected);
    }
    const struct lstmc_model one = csv_row_model(1, 1);
    struct lstmc_csv_options options = { .columns = NAMES("a"), .column_count = 1, .input_columns = (const int[]){ 1 }, .input_count = 1, .targets = NAMES("y"), .target_count = 1, .split = 1 };
    struct csv_result result = csv_read_text(&one, table, &options);
    cr_expect(result.status != 0 && strstr(result.message.text, "1 columns are named for 1 input, and the model has 1"), "%s", result.message.text);
}

/* ---- the commands ---- */

static char *folder;
static void setup(void) { folder = command_folder(); }
static void teardown(void) { command_folder_remove(folder); }
TestSuite(csv_commands, .init = setup, .fini = teardown);

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

static const char forecast[] =
    "local series, day, weather = Input{4, 2, name = 'series'}, Input{1, name = 'day'}, Input{3, name = 'weather'}\n"
    "local weekday = Flatten{}(Embedding{7, 2}(day))\n"
    "local y = Dense{1}(Dense{6, activation = 'tanh'}(Concatenate{}{LSTM{5}(series), weekday, weather}))\n"
    "return Model{ name = 'f', inputs = {series, day, weather}, outputs = y, loss = 'mse', batch_size = 4, epochs = 20, optimizer = Adam{0.02},\n"
    "  data = csv{'t.csv', columns = { weather = {'w', 'v', 'u'}, series = {'a', 'b'}, day = 'd' }, targets = {'a'}, window = 4,\n"
    "             normalization = 'standard', split = 0.8} }\n";

static void train(void)
{
    char text[4000] = "u,a,b,d,w,v\n";
    for (int i = 0; i < 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,%d,%d,%d,%g\n", i * i % 11, 10 + i % 7, 100 + 30 * (i % 3), i % 7, 3 * i, 5 - 0.5 * (i % 13));
    write_text("t.csv", text);
    write_text("f.lua", forecast);
    expect("$L train f.lua --quiet --interpreted", 0, "persistence", NULL);
}

/* Windows of the table, and the numbers of the last one of them, input by input: 36, ..., 39. */
Test(csv_commands, predict_by_a_table_and_by_numbers)
{
    train();
    expect("$L predict f.lua --input t.csv --interpreted > all; wc -l < all", 0, "37\n", NULL);
    char numbers[400] = "";
    for (int i = 36; i < 40; i++)
        snprintf(numbers + strlen(numbers), sizeof numbers - strlen(numbers), "%d %d\n", 10 + i % 7, 100 + 30 * (i % 3));
    snprintf(numbers + strlen(numbers), sizeof numbers - strlen(numbers), "%d\n%d %g %d\n", 39 % 7, 3 * 39, 5 - 0.5 * (39 % 13), 39 * 39 % 11);
    write_text("numbers", numbers);
    expect("tail -n 1 all > last; $L predict f.lua --input numbers --interpreted | cmp - last && $L predict f.lua < numbers | wc -l", 0, "1\n", NULL);
    expect("awk -F, -v OFS=, '{ print $6, $5, $4, $3, $2, $1 }' t.csv > turned.csv; $L predict f.lua --input turned.csv --interpreted | cmp - all", 0, NULL, NULL);
    expect("$L evaluate f.lua --interpreted --quiet", 0, "held-out forecasts: mse", NULL);
    expect("$L evaluate f.lua --interpreted --quiet --data turned.csv", 0, "held-out forecasts: mse", NULL);
    expect("sed 's/^u,a,b/u,x,b/' t.csv > x.csv; $L predict f.lua --input x.csv --interpreted", 1, NULL, "no column \"a\"; it has 6 columns");
    expect("sed \"s/day = 'd' }/day = 'd', more = 'b' }/\" f.lua > g.lua; $L train g.lua", 1, NULL, "csv: columns: \"more\" is no input of the model");
    expect("sed \"s/series = {'a', 'b'}/series = {'a', 'b', 'w'}/\" f.lua > g.lua; $L train g.lua --interpreted", 1, NULL,
           "the input series reads 8 values a sample, and has 3 columns: Input{4, 3} reads each row of the window, Input{3} its last one");
    expect("sed \"s/series = {'a', 'b'}/series = {'a', 'b', 'w'}/\" f.lua > g.lua; $L predict g.lua --weights f.safetensors --input t.csv --interpreted", 1, NULL,
           "the input series reads 8 values a sample, and has 3 columns");
}

/* The shipped C scales each member as training did, and leaves ids alone: it predicts what the command says. */
Test(csv_commands, shipped)
{
    train();
    write_text("main.c", "#include \"f.h\"\n#include <stdio.h>\n"
                         "int main(void)\n{\n"
                         "    struct f_inputs raw = { { { 0 } }, { 4 }, { 117, 5, 3 } }, x;\n"
                         "    static struct f_scratch scratch;\n    float y[F_OUTPUTS];\n"
                         "    for (int i = 36; i < 40; i++) {\n        raw.series[i - 36][0] = 10 + i % 7;\n        raw.series[i - 36][1] = 100 + 30 * (i % 3);\n    }\n"
                         "    f_normalize(&raw, &x);\n    f_predict(&f_trained, &scratch, &x, y);\n    f_denormalize(y, y);\n"
                         "    printf(\"%.3f\\n\", (double)y[0]);\n    return 0;\n}\n");
    expect("$L f.lua --weights f.safetensors --quiet && cc -O1 -Wall -Wextra -Wpedantic -Werror main.c f.c f_weights.c -lm -o app && echo built", 0, "built\n", NULL);
    expect("grep -c 'Columns of series: a, b. Columns of day: d. Columns of weather: w, v, u.' f.h", 0, "1\n", NULL);
    Ran ours = command_run(folder, 60, "./app"), said = command_run(folder, 60, "$L predict f.lua --input t.csv --interpreted | tail -n 1");
    cr_assert(ours.status == 0 && said.status == 0, "%s%s", ours.errors, said.errors);
    cr_expect(fabs(atof(ours.output) - atof(said.output)) < 2e-3, "%s, not %s", ours.output, said.output);
    ran_free(&ours);
    ran_free(&said);
}
