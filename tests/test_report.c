/* test_report.c: lstmc plot end to end: the page, the single pictures, and what is said when something is not there. */
#include "command.h"
#include "xml.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 60

/* Class c: its number is in x; every third sample is class 2. */
#define CLASSES \
    "local function draw(random)\n  local c, x = random(3) - 1, {}\n  for t = 1, 4 do x[t] = { c == 0 and 1 or 0, c == 1 and 1 or 0 } end\n  return x, c\nend\n" \
    "return Sequential{ Input{4, 2}, LSTM{6}, Dense{3, activation = \"softmax\"}, loss = \"sparse_categorical_crossentropy\", metrics = {\"accuracy\"},\n" \
    "  optimizer = Adam{learning_rate = 0.05}, data = samples{draw, samples = 256, validation_samples = 90}, batch_size = 16, epochs = 8 }\n"
#define YES_OR_NO \
    "local function draw(random)\n  local x, y = {}, {}\n  for t = 1, 5 do local v = random(2) - 1 x[t], y[t] = { v }, { v } end\n  return x, y\nend\n" \
    "return Sequential{ Input{5, 1}, LSTM{4, return_sequences = true}, Dense{1, activation = arg.activation or \"sigmoid\"},\n" \
    "  loss = arg.logits and BinaryCrossentropy{from_logits = true} or \"binary_crossentropy\", metrics = {\"accuracy\"},\n" \
    "  optimizer = Adam{learning_rate = 0.05}, data = samples{draw, samples = 256, validation_samples = 50}, batch_size = 16, epochs = 8 }\n"
#define NUMBERS \
    "local function draw(random)\n  local x, a = {}, random()\n  for t = 1, 3 do x[t] = { a } end\n  return x, { a, 1 - a, 0, 2 }\nend\n" \
    "return Sequential{ Input{3, 1}, SimpleRNN{4}, Dense{4}, loss = \"mse\", data = samples{draw, samples = 32, validation_samples = arg.held or 24}, epochs = 1 }\n"
#define FORECAST \
    "return Sequential{ Input{4, 1}, LSTM{4}, Dense{1}, loss = \"mse\", metrics = {\"mae\"},\n" \
    "  data = csv{\"wave.csv\", columns = {\"level <m>\"}, window = 4, horizon = 2, normalization = \"standard\", split = 0.5}, epochs = 2 }\n"
#define BARE "return Sequential{ Input{4, 1}, LSTM{4}, Dense{1} }\n"

#define LOG "epoch,a<key>,learning_rate,loss,val_a<key>,val_loss\n0,2,0.01,1,4,3\n1,nan,0.01,0.001,5,0.5\n2,1,0.005,0.0005,6,0.5\n"
#define FLOW "epoch,layer,timestep,norm\n0,lstm,0,1e-9\n0,lstm,1,1e-3\n0,lstm,2,1\n1,lstm,0,1e-6\n1,lstm,1,0\n1,lstm,2,1\n"

static char *folder;

static double wave(int row)
{
    return 100 + 10 * sin(row * 0.3);
}

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void set_up(void)
{
    folder = command_folder();
    write_text("classes.lua", CLASSES);
    write_text("yes_or_no.lua", YES_OR_NO);
    write_text("numbers.lua", NUMBERS);
    write_text("forecast.lua", FORECAST);
    write_text("bare.lua", BARE);
    char table[8000] = "level <m>\n";
    for (int i = 0; i < 600; i++)
        sprintf(table + strlen(table), "%.3f\n", wave(i));
    write_text("wave.csv", table);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(report, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

/* A page or a picture that is there, well-formed and needs nothing from elsewhere; to be freed. */
static char *page(const char *name)
{
    char *text = command_read_file(folder, name);
    cr_assert(text, "no %s", name);
    const char *mistake = xml_mistake(text);
    cr_expect(!mistake, "%s: %s", name, mistake);
    cr_expect(strstr(text, "prefers-color-scheme:dark") != NULL, "%s has no dark side", name);
    for (const char *at = text; (at = strstr(at, "http")); at++)
        cr_expect(!strncmp(at, "http://www.w3.org/2000/svg\"", 27), "%s: %.60s", name, at);
    static const char *const foreign[] = { "<script", "<link", "<img", "@import", "url(", "src=", "href=", "<date" };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        cr_expect(!strstr(text, foreign[i]), "%s has %s", name, foreign[i]);
    return text;
}

static void expect_in(const char *name, const char *const *parts)
{
    char *text = page(name);
    for (; *parts; parts++)
        cr_expect(strstr(text, *parts) != NULL, "%s has no \"%s\"", name, *parts);
    free(text);
}

static void expect_file(const char *name, bool there)
{
    char *text = command_read_file(folder, name);
    cr_expect((text != NULL) == there, "%s is %sthere", name, text ? "" : "not ");
    free(text);
}

Test(report, of_classes)
{
    expect("$L train classes.lua --interpreted --quiet", 0, "weights: classes.safetensors", NULL);
    write_text("classes.log.csv", LOG);
    write_text("classes.gradient_flow.csv", FLOW);
    expect("$L plot classes.lua --interpreted --svg pictures", 0, "report: classes.report.html\n", NULL);
    expect_in("classes.report.html", (const char *const[]){
        "<title>classes: training report</title>", "classes.lua · 237 parameters · loss sparse_categorical_crossentropy · 3 epochs · 256 samples, 90 held out",
        "<tr><th>loss</th><td>0.0005</td><td>0.0005 <small>(3)</small></td><td>0.5</td><td>0.5 <small>(2)</small></td></tr>\n"
        "<tr><th>a&lt;key&gt;</th><td>1</td><td>1 <small>(3)</small></td><td>6</td><td>4 <small>(1)</small></td></tr>",
        "<title>Loss</title>", "loss (sparse_categorical_crossentropy)", "validation (best: 0.5, epoch 2)", "<title>a&lt;key&gt;</title>", "1 value is not finite",
        "<title>Learning rate</title>", "<title>Confusion matrix of the held-out data</title>", "of 90 right: accuracy ", "‖dL/dh_t‖", "lstm, epoch 1", "lstm, epoch 2",
        "where a norm is 0 there is a gap", "<tr><th>lstm</th><td class=\"text\">LSTM</td><td class=\"text\">6</td><td>216</td></tr>", NULL });
    static const char *const pictures[] = { "loss", "a_key_", "learning_rate", "confusion_matrix", "gradient_flow", "graph" };
    for (int i = 0; i < 6; i++) {
        char name[80];
        snprintf(name, sizeof name, "pictures/%s.svg", pictures[i]);
        free(page(name));
    }
    expect("ls pictures | wc -l", 0, "6\n", NULL);
}

/* The log of a weight file is the one beside it. */
Test(report, of_a_run_with_a_name)
{
    expect("$L train classes.lua --interpreted --quiet --out run.safetensors", 0, "weights: run.safetensors", NULL);
    expect("$L plot classes.lua --interpreted --weights run.safetensors", 0, "report: run.report.html\n", NULL);
    expect_in("run.report.html", (const char *const[]){ "· 8 epochs ·", "<title>sparse_categorical_accuracy</title>", "Confusion matrix", NULL });
    expect("$L plot classes.lua --interpreted", 1, NULL, "neither classes.log.csv nor classes.safetensors");
}

/* The numbers in the matrix: learned perfectly, each class stands on the diagonal, and the rows add up. */
Test(report, confusion_counts)
{
    expect("$L train classes.lua --interpreted --quiet", 0, "val_sparse_categorical_accuracy 1\n", NULL);
    expect("rm classes.log.csv; $L plot classes.lua --interpreted --svg .", 0, "report: classes.report.html\n", "classes.lua: no classes.log.csv: no curves\n");
    char *text = page("confusion_matrix.svg"), number[32];
    int sum = 0, cells = 0;
    for (const char *at = text; xml_find(&at, "text", "inverse middle"); cells++) {
        xml_content(at, number, sizeof number);
        sum += atoi(number);
    }
    cr_expect(cells == 3 && sum == 90, "%d cells hold %d", cells, sum);
    cr_expect(strstr(text, "90 of 90 right: accuracy 1.0000") != NULL);
    cr_expect_eq(xml_count(text, "rect", "shade"), 3);
    free(text);
}

/* Each of the 5 steps of 50 samples counts; hardly trained, as many are right as evaluate says; the same weights without the sigmoid say yes from 0 on. */
Test(report, of_yes_and_no)
{
    expect("$L train yes_or_no.lua --interpreted --quiet --epochs=1 --samples=16", 0, "weights:", NULL);
    Ran ran = command_run(folder, SECONDS, "$L evaluate yes_or_no.lua --interpreted --quiet");
    const char *said = strstr(ran.output, "binary_accuracy ");
    cr_assert(said != NULL, "%s%s", ran.output, ran.errors);
    double accuracy = atof(said + strlen("binary_accuracy "));
    cr_assert(accuracy > 0.05 && accuracy < 0.95, "%g right: this tells nothing", accuracy);
    char note[160];
    snprintf(note, sizeof note, "%.0f of 250 right: accuracy %.4f; shade: part of the row; class 1 from a probability above 0.5", 250 * accuracy, accuracy);
    ran_free(&ran);
    expect("$L plot yes_or_no.lua --interpreted --quiet", 0, NULL, NULL);
    expect_in("yes_or_no.report.html", (const char *const[]){ note, NULL });
    expect("$L plot yes_or_no.lua logits=1 activation=linear --interpreted --quiet", 0, NULL,
           "was written by a description with other options");
    expect_in("yes_or_no.report.html", (const char *const[]){ note, NULL });
}

Test(report, of_numbers)
{
    expect("$L train numbers.lua --interpreted --quiet && rm numbers.report.html", 0, "weights:", NULL);
    expect("$L plot numbers.lua --interpreted --svg pictures --out page.html", 0, "report: page.html", NULL);
    expect_in("page.html", (const char *const[]){ "Prediction against truth, output 1, held-out data", "truth (output 3)", "R² ", "Drawn: the first 3 of 4 outputs.", NULL });
    char *text = page("pictures/prediction_output_2.svg");
    cr_expect_eq(xml_count(text, "circle", "cloud c0"), 24);
    free(text);
    expect_file("pictures/prediction_output_4.svg", false);
    expect_file("numbers.report.html", false);
    expect("$L plot numbers.lua held=3000 --interpreted --svg pictures --quiet", 0, NULL, NULL);
    expect_in("pictures/prediction_output_1.svg", (const char *const[]){ "drawn: 1500 of 3000", NULL });
}

/* The truth of this chart ends at `value`, on an axis from 90 to 110. */
static void expect_last(const char *text, double value)
{
    const char *frame = text, *point = strstr(text, " c5\" d=\"M");
    double last = 0;
    cr_assert(point && xml_find(&frame, "rect", "frame"));
    for (point = strchr(point, 'M'); *point != '"'; point = strpbrk(point + 1, "L\""))
        last = atof(strchr(point, ' '));
    double place = xml_number(frame, "y") + xml_number(frame, "height") * (110 - value) / 20;
    cr_expect(fabs(last - place) <= 0.05, "the last value is drawn at %g instead of %g", last, place);
}

/* A forecast is in the unit of the file: between 90 and 110, and its persistence is the truth two rows before. */
Test(report, of_forecasts)
{
    expect("$L train forecast.lua --interpreted --quiet", 0, "weights:", NULL);
    expect("$L plot forecast.lua --interpreted --svg pictures", 0, "report: forecast.report.html", NULL);
    expect_in("forecast.report.html", (const char *const[]){ "Forecast of level &lt;m&gt;, 2 rows ahead: the held-out data", "persistence (the last known value)",
                                                             "the last 120 of the held-out data", "root mean squared error ", "; of persistence ", NULL });
    char *text = page("pictures/forecast_level__m__end.svg");
    const char *truth = strstr(text, "class=\"line c5\" d=\"M"), *persistence = strstr(text, "class=\"line dotted c1\" d=\"M");
    cr_assert(truth && persistence);
    truth = strchr(truth, 'M');
    persistence = strchr(persistence, 'M');
    for (int i = 0; i < 2; i++)
        persistence = strchr(persistence + 1, 'L');
    for (int i = 0; i < 118; i++) {
        double y = atof(strchr(truth, ' ')), late = atof(strchr(persistence, ' '));
        cr_expect(fabs(y - late) <= 0.02, "sample %d: truth at %g, persistence two later at %g", i, y, late);
        truth = strchr(truth + 1, 'L');
        persistence = strchr(persistence + 1, 'L');
        cr_assert(truth && (persistence || i == 117));
    }
    cr_expect(strstr(text, ">90</text>") && strstr(text, ">110</text>"), "the axis is not in the unit of the file");
    expect_last(text, wave(599));
    free(text);
    write_text("forecast.log.csv", LOG);
    expect("$L plot forecast.lua --interpreted", 0, "report", NULL);
    expect_in("forecast.report.html", (const char *const[]){ "loss (mse), of normalised values", NULL });
}

/* Of three steps ahead the first and the last are drawn. */
Test(report, of_several_steps)
{
    write_text("steps.lua",
               "return Sequential{ Input{4, 1}, LSTM{4}, RepeatVector{3}, LSTM{4, return_sequences = true}, Dense{1}, loss = \"mse\",\n"
               "  data = csv{\"wave.csv\", columns = {\"level <m>\"}, window = 4, horizon = 3, normalization = \"standard\", split = 0.5}, epochs = 1 }\n");
    expect("$L train steps.lua --interpreted --quiet", 0, "weights:", NULL);
    expect("$L plot steps.lua --interpreted --svg pictures", 0, "report", NULL);
    static const char *const titles[] = { "Forecast of level &lt;m&gt;, 1 row ahead", "Forecast of level &lt;m&gt;, 3 rows ahead" };
    for (int last = 0; last < 2; last++) {
        char *text = page(last ? "pictures/forecast_level__m__2.svg" : "pictures/forecast_level__m_.svg");
        cr_expect(strstr(text, titles[last]) != NULL, "no \"%s\"", titles[last]);
        expect_last(text, wave(last ? 599 : 597));
        free(text);
    }
    expect("ls pictures/forecast* | wc -l", 0, "4\n", NULL);
    write_text("horizons.lua",
               "return Sequential{ Input{4, 1}, LSTM{4}, Dense{2}, loss = \"mse\",\n"
               "  data = csv{\"wave.csv\", columns = {\"level <m>\"}, window = 4, horizon = {2, 7}, normalization = \"standard\", split = 0.5}, epochs = 1 }\n");
    expect("$L train horizons.lua --interpreted --quiet", 0, "weights:", NULL);
    expect("$L plot horizons.lua --interpreted --quiet", 0, NULL, NULL);
    expect_in("horizons.report.html", (const char *const[]){ "Forecast of level &lt;m&gt;, 2 rows ahead", "Forecast of level &lt;m&gt;, 7 rows ahead", NULL });
}

/* All rows up to the horizon, as so many outputs: the nearest and the farthest are drawn, and how errors grow in
 * between. */
Test(report, of_all_rows_up_to_a_horizon)
{
    write_text("day.lua",
               "return Sequential{ Input{4, 2}, LSTM{4}, Dense{12}, loss = \"mse\",\n"
               "  data = csv{\"wave.csv\", columns = {\"level <m>\", \"level <m>\"}, window = 4, horizon = 6, normalization = \"standard\", split = 0.5}, epochs = 1 }\n");
    expect("$L train day.lua --interpreted --quiet", 0, "weights:", NULL);
    expect("$L plot day.lua --interpreted --svg pictures", 0, "report", NULL);
    expect("grep -o '<title>Forecast of [^:]*' day.report.html | sort | uniq -c | sed 's/^ *//'", 0,
           "4 <title>Forecast of level &lt;m&gt;, 1 row ahead\n4 <title>Forecast of level &lt;m&gt;, 6 rows ahead\n",
               NULL);
    expect_in("day.report.html", (const char *const[]){ "Error of level &lt;m&gt; by rows ahead: the held-out data",
                                                        "Drawn: the nearest and the farthest of 6 horizons.", NULL });
    static const char *const last[] = { "pictures/forecast_level__m_.svg", "pictures/forecast_level__m__2.svg" };
    for (int i = 0; i < 2; i++) {
        char *text = page(last[i]);
        expect_last(text, wave(i ? 599 : 594));
        free(text);
    }
}

Test(report, of_a_log_alone)
{
    write_text("my.csv", LOG);
    expect("$L plot bare.lua --log my.csv", 0, "report: bare.report.html", "bare.lua: no predictions: the description has no loss\n");
    expect("$L plot classes.lua --log my.csv", 0, "report: classes.report.html", "classes.lua: no predictions: no classes.safetensors\n");
    char *text = page("classes.report.html");
    cr_expect(!strstr(text, "Confusion") && strstr(text, "<title>Loss</title>"));
    free(text);
}

Test(report, is_the_same_again)
{
    write_text("classes.log.csv", LOG);
    expect("$L train classes.lua --interpreted --quiet --epochs=1", 0, "weights:", NULL);
    expect("$L plot classes.lua --interpreted && mv classes.report.html first && sleep 1 && $L plot classes.lua --interpreted && cmp first classes.report.html", 0, "report", NULL);
}

Test(report, what_is_in_the_way)
{
    expect("$L plot classes.lua", 1, NULL, "nothing to plot: neither classes.log.csv nor classes.safetensors is here (lstmc train classes.lua writes them; or --log, --weights)");
    expect("$L plot classes.lua --log none.csv", 1, NULL, "none.csv: No such file");
    write_text("bad.csv", "epoch,loss\n0,x\n");
    expect("$L plot classes.lua --log bad.csv", 1, NULL, "bad.csv:2: loss: \"x\" is not a number");
    expect_file("classes.report.html", false);
    write_text("classes.log.csv", LOG);
    expect("$L plot classes.lua --weights none.safetensors", 1, NULL, "none.safetensors: No such file");
    write_text("classes.gradient_flow.csv", "epoch,loss\n");
    expect("$L plot classes.lua", 1, NULL, "classes.gradient_flow.csv:1: the first line is not");
    write_text("classes.gradient_flow.csv", FLOW);
    expect("$L plot classes.lua --svg classes.lua", 1, NULL, "classes.lua/loss.svg: cannot be written: Not a directory");
    write_text("bare.safetensors", "");
    expect("$L plot bare.lua", 1, NULL, "there is no bare.log.csv, and the description has no loss");
    expect_file("classes.report.html", false);
    expect("$L plot classes.lua --epochs=2", 2, NULL, "--epochs does not go with plot");
    expect("$L evaluate classes.lua --log x", 2, NULL, "--log does not go with evaluate");
}

/* Classes of a text are its characters, by name; each window begins anew, which is said where training carries states on. */
Test(report, of_characters)
{
    char text[401];
    for (int i = 0; i < 400; i++)
        text[i] = "a <\n"[(i * 7 + i / 3) % 4];
    text[400] = 0;
    write_text("text.txt", text);
    write_text("characters.lua",
               "return Sequential{ Input{8}, Embedding{4, 4}, LSTM{4, return_sequences = true}, Dense{4, activation = \"softmax\"},\n"
               "  loss = \"sparse_categorical_crossentropy\", data = characters{\"text.txt\", window = 8, split = 0.5, stateful = arg.stateful == 1}, batch_size = 4, epochs = 1 }\n");
    expect("$L train characters.lua --interpreted --quiet", 0, "weights:", NULL);
    expect("$L plot characters.lua --interpreted --quiet", 0, NULL, NULL);
    expect_in("characters.report.html", (const char *const[]){ ">a</text>", ">space</text>", ">&lt;</text>", ">\\n</text>", NULL });
    char *plain = page("characters.report.html");
    cr_expect(!strstr(plain, "States start anew"));
    free(plain);
    expect("$L plot characters.lua stateful=1 --interpreted --quiet", 0, NULL, NULL);
    expect_in("characters.report.html", (const char *const[]){ "States start anew in each window here", NULL });
}

Test(report, too_many_classes_for_a_matrix)
{
    write_text("many.lua",
               "return Sequential{ Input{2, 1}, LSTM{2}, Dense{41, activation = \"softmax\"}, loss = \"sparse_categorical_crossentropy\",\n"
               "  data = samples{function(random) return { { 1 }, { 2 } }, random(41) - 1 end, samples = 8}, epochs = 1 }\n");
    expect("$L train many.lua --interpreted --quiet", 0, "weights:", NULL);
    expect("$L plot many.lua --interpreted", 0, "report", NULL);
    expect_in("many.report.html", (const char *const[]){ "No confusion matrix: 41 classes are more than 40.", NULL });
}
