/* test_lines.c: texts with labels and with translations: tokens, ids, splits, mistakes by file, line and column. */
#include "runtime/lstmc.h"
#include "runtime/text/text.h"
#include "command.h"
#include "mutate.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES(...) (const char *const[]){ __VA_ARGS__ }
#define PAIRS "../shared/data/translation-eng-fra/eng-fra-10k.tsv"

/* ---- tokens ---- */

/* The tokens of a text between bars: "va|!|" */
static void expect_tokens(enum lstmc_text_unit unit, const char *text, const char *expected)
{
    char joined[200] = "";
    struct lstmc_token token;
    for (const char *at = text; lstmc_token_next(unit, &at, text + strlen(text), &token);)
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%.*s|", (int)token.length, token.text);
    cr_expect_str_eq(joined, expected, "\"%s\": %s, expected %s", text, joined, expected);
}

Test(lines, words)
{
    static const char *const cases[][2] = {
        { "Va !", "Va|!|" }, { "\xc3\x87" "a alors\xe2\x80\xaf!", "\xc3\x87" "a|alors|!|" }, { "Who?!", "Who|?|!|" },
        { "J'ai dit: \xc2\xab non\xc2\xa0\xc2\xbb", "J'ai|dit|:|\xc2\xab|non|\xc2\xbb|" }, { "dogs' l\xe2\x80\x99" "eau", "dogs|'|l\xe2\x80\x99" "eau|" },
        { "Est-ce -- oui-", "Est-ce|-|-|oui|-|" }, { "1,000.5 at 10:30.", "1,000.5|at|10:30|.|" }, { "a,b 3.x", "a|,|b|3|.|x|" }, { "  ", "" },
        { "(\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82)", "(|\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82|)|" },
        { "'tis", "'|tis|" }, { "\xe2\x80\xa6so", "\xe2\x80\xa6|so|" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_tokens(LSTMC_WORDS, cases[i][0], cases[i][1]);
    expect_tokens(LSTMC_CHARACTERS, "a \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "a| |\xc3\xa9|\xe2\x82\xac|\xf0\x9f\x98\x80|");
    expect_tokens(LSTMC_BYTES, "a\xc3\xa9", "a|\xc3|\xa9|");
}

Test(lines, small_letters)
{
    char text[] = "AZ[\xc3\x80\xc3\x97\xc3\x9e\xc5\x81\xc5\xb8\xc5\xbd\xce\x91\xce\x8f\xd0\x90\xd0\xaf\xd0\x81\xe1\xba\xa0\xe1\xbb\xbe" "az\xc3\x9f";
    const char *expected = "az[\xc3\xa0\xc3\x97\xc3\xbe\xc5\x82\xc3\xbf\xc5\xbe\xce\xb1\xcf\x8e\xd0\xb0\xd1\x8f\xd1\x91\xe1\xba\xa1\xe1\xbb\xbf"
                           "az\xc3\x9f";
    lstmc_text_lower(text, strlen(text));
    cr_expect_str_eq(text, expected);
}

Test(lines, malformed_text)
{
    static const struct { const char *text; size_t good; } cases[] = {
        { "ab\xc3\xa9", 4 }, { "ab\x80", 2 }, { "\xc0\xaf", 0 }, { "a\xe0\x80\xaf", 1 }, { "\xed\xa0\x80", 0 }, { "\xed\x9f\xbf\xf4\x90\x80\x80", 3 },
        { "\xf4\x8f\xbf\xbf\xf8\x88\x80\x80\x80", 4 }, { "x\xe2\x82", 1 }, { "\xc3", 0 }, { "\xf0\x8f\xbf\xbf", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t good = lstmc_text_well_formed(cases[i].text, strlen(cases[i].text));
        cr_expect_eq(good, cases[i].good, "case %zu: %zu good bytes, expected %zu", i, good, cases[i].good);
    }
    cr_expect_eq(lstmc_text_well_formed("a\0b", 3), 1);
}

/* ---- data sets ---- */

struct result {
    int status;
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
};

/* Reads `steps` ids below `vocabulary`; `classes` classes, once or at each of `target_steps`. */
static struct lstmc_model text_model(int steps, int vocabulary, int classes, int target_steps)
{
    struct lstmc_model model = { .name = "texts", .loss = "sparse_categorical_crossentropy", .input_is_tokens = 1, .vocabulary = vocabulary,
                                 .input_rank = 1, .input_shape = { steps }, .input_count = (size_t)steps, .target_is_class = 1, .target_rank = 1,
                                 .batch = 4, .shards = 1 };
    model.target_count = target_steps ? (size_t)target_steps : 1;
    model.target_shape[0] = (int)model.target_count;
    model.output_rank = target_steps ? 2 : 1;
    model.output_shape[0] = target_steps ? target_steps : classes;
    model.output_shape[1] = classes;
    model.output_count = model.target_count * (size_t)classes;
    return model;
}

static const struct lstmc_lines_options labelled = { .separator = '\t', .label = 1, .text = 2, .unit = LSTMC_WORDS, .lower = 1, .pads_front = 1,
                                                     .split = 1, .seed = 1 };

static struct result read_files(const struct lstmc_model *model, struct lstmc_lines_options options, const char *const *paths, int count)
{
    struct result result = { .status = 0 };
    options.files = paths;
    options.file_count = count;
    result.status = lstmc_read_lines(model, &options, &result.training, &result.validation, &result.message);
    cr_assert(result.status || (!lstmc_dataset_make(model, &result.training) && !lstmc_dataset_make(model, &result.validation)));
    return result;
}

static struct result read_text(const struct lstmc_model *model, const struct lstmc_lines_options *options, const char *text)
{
    struct temporary_file file = temporary_text(text);
    struct result result = read_files(model, *options, NAMES(file.path), 1);
    temporary_remove(&file);
    return result;
}

static void result_free(struct result *result)
{
    lstmc_dataset_free(&result->training);
    lstmc_dataset_free(&result->validation);
}

static void expect_names(const char *what, const struct lstmc_names *names, int count, const char *const *expected)
{
    cr_assert_eq(names->count, count, "%s: %d, expected %d", what, names->count, count);
    for (int i = 0; i < count; i++)
        cr_expect_str_eq(names->text[i], expected[i], "%s %d: \"%s\", expected \"%s\"", what, i, names->text[i], expected[i]);
}

/* The sample whose ids are these is there exactly once, with these targets. Samples come in shuffled order. */
static void expect_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, const int32_t *x, const int32_t *y)
{
    int found = 0;
    for (size_t s = 0; s < data->samples; s++)
        found += !memcmp((int32_t *)data->x + s * model->input_count, x, model->input_count * 4) &&
                 !memcmp((int32_t *)data->y + s * model->target_count, y, model->target_count * 4);
    cr_expect_eq(found, 1, "x = %d %d %d ..., y = %d ...: found %d times", x[0], x[1], x[2], y[0], found);
}

#define ROWS(...) ((int32_t[]){ __VA_ARGS__ })

static const char reviews[] = "\xef\xbb\xbfgood\tIt works, it works.\r\nbad\tNo.\r\n\r\n \t \n good \t It is\textra\rbad\tno no no no it";

Test(lines, labels_and_ids)
{
    const struct lstmc_model model = text_model(4, 8, 2, 0);
    struct result result = read_text(&model, &labelled, reviews);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 4 && result.validation.samples == 0);
    const struct lstmc_meaning *meaning = &result.training.meaning;
    /* no 5, it 4, "." 2, works 2, "," 1, is 1: equal ones by their bytes */
    expect_names("vocabulary", &meaning->vocabulary, 8, NAMES("", "\xef\xbf\xbd", "no", "it", ".", "works", ",", "is"));
    expect_names("labels", &meaning->labels, 2, NAMES("bad", "good"));
    cr_expect(meaning->unit == LSTMC_WORDS && meaning->pads_front && meaning->is_lower && !meaning->target_unit);
    expect_sample(&model, &result.training, ROWS(6, 3, 5, 4), ROWS(1));
    expect_sample(&model, &result.training, ROWS(0, 0, 2, 4), ROWS(0));
    expect_sample(&model, &result.training, ROWS(0, 0, 3, 7), ROWS(1));
    expect_sample(&model, &result.training, ROWS(2, 2, 2, 3), ROWS(0));
    result_free(&result);
}

Test(lines, padded_behind_and_the_most_frequent)
{
    const struct lstmc_model model = text_model(4, 4, 2, 0);
    struct lstmc_lines_options options = labelled;
    options.pads_front = 0;
    options.vocabulary = 4;
    options.labels = NAMES("good", "bad");
    options.label_count = 2;
    struct result result = read_text(&model, &options, reviews);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    expect_names("vocabulary", &result.training.meaning.vocabulary, 4, NAMES("", "\xef\xbf\xbd", "no", "it"));
    expect_names("labels", &result.training.meaning.labels, 2, NAMES("good", "bad"));
    expect_sample(&model, &result.training, ROWS(3, 1, 1, 3), ROWS(0));
    expect_sample(&model, &result.training, ROWS(2, 1, 0, 0), ROWS(1));
    result_free(&result);
}

Test(lines, characters_with_capitals)
{
    const struct lstmc_model model = text_model(3, 6, 2, 0);
    struct lstmc_lines_options options = labelled;
    options.unit = LSTMC_CHARACTERS;
    options.lower = 0;
    options.label = 2;
    options.text = 1;
    options.separator = ';';
    options.has_header = 1;
    struct result result = read_text(&model, &options, "text;label\n\xc3\xa9\xc3\x89\xc3\xa9;1\n\xc3\xa9 a;0\n");
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    expect_names("vocabulary", &result.training.meaning.vocabulary, 6, NAMES("", "\xef\xbf\xbd", "\xc3\xa9", " ", "a", "\xc3\x89"));
    expect_sample(&model, &result.training, ROWS(2, 5, 2), ROWS(1));
    expect_sample(&model, &result.training, ROWS(2, 3, 4), ROWS(0));
    result_free(&result);
}

/* One probability, and one-hot. */
Test(lines, targets_of_other_losses)
{
    struct lstmc_model model = text_model(4, 8, 2, 0);
    model.target_is_class = 0;
    model.loss = "categorical_crossentropy";
    model.target_count = 2;
    struct result result = read_text(&model, &labelled, "b\tno\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "has one label alone, \"b\", which is "
                                                                             "nothing to learn"),
              "%s", result.message.text);
    result = read_text(&model, &labelled, "b\tno\na\tit\n");
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    const float *y = result.training.y;
    size_t a = ((int32_t *)result.training.x)[3] == 2 ? 0 : 1;      /* "it" is 2: equally frequent, earlier by its bytes */
    cr_expect(y[2 * a] == 1 && y[2 * a + 1] == 0 && y[2 - 2 * a] == 0 && y[3 - 2 * a] == 1, "%g %g %g %g", (double)y[0], (double)y[1], (double)y[2],
              (double)y[3]);
    result_free(&result);
    model.loss = "binary_crossentropy";
    model.target_count = 1;
    result = read_text(&model, &labelled, "b\tno\na\tit\n");
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    y = result.training.y;
    cr_expect(y[a] == 0 && y[1 - a] == 1);
    result_free(&result);
}

/* ---- pairs of texts ---- */

static const struct lstmc_lines_options translated = { .separator = '\t', .text = 1, .target_text = 2, .unit = LSTMC_CHARACTERS,
                                                       .target_unit = LSTMC_WORDS, .lower = 1, .pads_front = 1, .split = 1, .seed = 1 };

Test(lines, target_texts)
{
    const struct lstmc_model model = text_model(3, 6, 6, 4);
    struct result result = read_text(&model, &translated, "Go\tVa !\nGog\tVa va VA va oh !\n");
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    const struct lstmc_meaning *meaning = &result.training.meaning;
    expect_names("vocabulary", &meaning->vocabulary, 4, NAMES("", "\xef\xbf\xbd", "g", "o"));
    expect_names("labels", &meaning->labels, 5, NAMES("", "\xef\xbf\xbd", "va", "!", "oh"));
    cr_expect(meaning->unit == LSTMC_CHARACTERS && meaning->target_unit == LSTMC_WORDS);
    expect_sample(&model, &result.training, ROWS(0, 2, 3), ROWS(2, 3, 0, 0));
    expect_sample(&model, &result.training, ROWS(2, 3, 2), ROWS(2, 2, 2, 2));
    result_free(&result);
}

/* In small letters it is read, and as it stands it is predicted: the same field, in memory the same bytes. */
Test(lines, texts_predicted_from_themselves)
{
    const struct lstmc_model model = text_model(4, 6, 9, 4);
    struct lstmc_lines_options options = translated;
    options.target_text = 1;
    options.target_unit = LSTMC_CHARACTERS;
    options.pads_front = 0;
    struct result result = read_text(&model, &options, "gGo\nOg\n");
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    const struct lstmc_meaning *meaning = &result.training.meaning;
    expect_names("vocabulary", &meaning->vocabulary, 4, NAMES("", "\xef\xbf\xbd", "g", "o"));
    expect_names("labels", &meaning->labels, 6, NAMES("", "\xef\xbf\xbd", "g", "G", "O", "o"));
    expect_sample(&model, &result.training, ROWS(2, 2, 3, 0), ROWS(2, 3, 5, 0));
    expect_sample(&model, &result.training, ROWS(3, 2, 0, 0), ROWS(4, 2, 0, 0));
    result_free(&result);
}

/* What is read, what a decoder has read at each step, and what it says there; in either order of the inputs. */
Test(lines, pairs_for_a_decoder)
{
    struct lstmc_model model = text_model(7, 6, 7, 4);
    const struct lstmc_array inputs[2][2] = {
        { { .name = "read", .is_integer = 1, .vocabulary = 4, .rank = 1, .shape = { 3 }, .count = 3 },
          { .name = "said", .is_integer = 1, .vocabulary = 7, .rank = 1, .shape = { 4 }, .offset = 3, .count = 4 } },
        { { .name = "said", .is_integer = 1, .vocabulary = 7, .rank = 1, .shape = { 4 }, .count = 4 },
          { .name = "read", .is_integer = 1, .vocabulary = 4, .rank = 1, .shape = { 3 }, .offset = 4, .count = 3 } } };
    struct lstmc_lines_options options = translated;
    options.has_decoder = 1;
    model.input_is_tokens = 0;
    model.vocabulary = 0;
    model.input_arrays = 2;
    for (int first = 0; first <= 1; first++) {
        model.inputs = inputs[first];
        options.decoder = !first;
        struct result result = read_text(&model, &options, "Go\tVa !\nGog\tVa va VA va oh !\n");
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        expect_names("labels", &result.training.meaning.labels, 7, NAMES("", "\xef\xbf\xbd", "<begin>", "<end>", "va", "!", "oh"));
        const int32_t x[2][2][7] = { { { 0, 2, 3, 2, 4, 5, 0 }, { 2, 3, 2, 2, 4, 4, 4 } }, { { 2, 4, 5, 0, 0, 2, 3 }, { 2, 4, 4, 4, 2, 3, 2 } } };
        expect_sample(&model, &result.training, x[first][0], ROWS(4, 5, 3, 0));
        expect_sample(&model, &result.training, x[first][1], ROWS(4, 4, 4, 4));
        result_free(&result);
    }
    options.decoder = 1;
    model.inputs = inputs[0];
    model.output_shape[1] = 8;
    struct result result = read_text(&model, &options, "Go\tVa !\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "the decoder says one of 8 classes, but reads 7 ids"), "%s", result.message.text);
}

Test(lines, models_that_do_not_fit)
{
    struct lstmc_model model = text_model(3, 3, 6, 4);
    struct result result = read_text(&model, &translated, "Go\tVa !\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "4 ids of characters (with 0 for padding, 1 for what is unknown), "
              "but the model's input_dim is 3: use 4 there"), "%s", result.message.text);
    model = text_model(3, 4, 3, 4);
    result = read_text(&model, &translated, "Go\tVa !\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "4 ids of words (with 0 for padding, 1 for what is unknown), but the "
              "model's output has 3 classes: use 4 there, or keep the most frequent by target_vocabulary = 3"), "%s", result.message.text);
    model = text_model(3, 4, 3, 0);
    result = read_text(&model, &translated, "Go\tVa !\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "one class at each time step"), "%s", result.message.text);
    result = read_text(&model, &labelled, "a\tb\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "has one label alone, \"a\", which is "
                                                                             "nothing to learn"),
              "%s", result.message.text);
    model = text_model(3, 4, 3, 2);
    result = read_text(&model, &labelled, "a\tb\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "a label is one class"), "%s", result.message.text);
    model.input_is_tokens = 0;
    result = read_text(&model, &labelled, "a\tb\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "Embedding"), "%s", result.message.text);
}

/* ---- mistakes ---- */

Test(lines, mistakes_by_file_line_and_column)
{
    static const struct { const char *text, *expected; } cases[] = {
        { "a\tb\n\n\na", ":4: the text is field 2, but the line has 1" },
        { "a\tb\r\n\tc", ":2:1: the label is empty" },
        { "\xc3\xa9\t\r", ":1:3: the text is empty" },
        { "a\tb\n\xc3\xa9\xc3\xa9\xff\n", ":2:3: the byte ff is no UTF-8 here" },
        { "a\tb\ra\t\xe2\x82\n", ":2:3: the byte e2 is no UTF-8 here" },
        { "a\t\xe2\x80\xaf\n", ":1: the text has no words" },
        { "", ": has no lines" },
        { "\n \n\t\n", ": has no lines" },
    };
    const struct lstmc_model model = text_model(3, 10, 1, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct result result = read_text(&model, &labelled, cases[i].text);
        cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, cases[i].expected), "case %zu: %d \"%s\", expected \"%s\"", i,
                  result.status, result.message.text, cases[i].expected);
        cr_expect(!result.training.x && !result.validation.x && !result.training.meaning.labels.count);
    }
    struct lstmc_lines_options options = labelled;
    options.labels = NAMES("a", "c");
    options.label_count = 2;
    struct result result = read_text(&model, &options, "a\tb\nd\tb\n");
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, ":2: the label \"d\" is not among those given"), "%s", result.message.text);
    options.labels = NAMES("a", "a");
    result = read_text(&model, &options, "a\tb\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "\"a\" is given twice"), "%s", result.message.text);
    options.split = 0;
    result = read_text(&model, &options, "a\tb\n");
    cr_expect_eq(result.status, LSTMC_MISMATCH);
}

/* ---- the split ---- */

/* 300 lines, 100 texts, each three times. */
static struct result read_thrice(double split, uint64_t seed)
{
    char text[300 * 12 + 1] = "";
    for (int i = 0; i < 300; i++)
        snprintf(text + strlen(text), 12, "%d\tw%d\n", i % 2, i / 2 % 100);
    struct lstmc_lines_options options = labelled;
    options.split = split;
    options.seed = seed;
    const struct lstmc_model model = text_model(1, 200, 2, 0);
    struct result result = read_text(&model, &options, text);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    return result;
}

Test(lines, split)
{
    struct result result = read_thrice(0.8, 1), again = read_thrice(0.8, 1), other = read_thrice(0.8, 2);
    const struct lstmc_names *vocabulary = &result.training.meaning.vocabulary;
    const int32_t *x = result.training.x;
    cr_expect(result.training.samples >= 237 && result.training.samples <= 240 && result.training.samples + result.validation.samples == 300,
              "%zu train, %zu are held out", result.training.samples, result.validation.samples);
    cr_expect(!memcmp(x, again.training.x, result.training.samples * 4), "the same seed splits in another way");
    int ones = 0;
    for (size_t s = 0; s < result.validation.samples; s++)
        ones += ((int32_t *)result.validation.x)[s] == 1;
    cr_expect_eq(ones, (int)result.validation.samples, "a text that is held out is known from training, or the vocabulary holds it");
    int in_order = 1;
    for (size_t s = 1; s < result.training.samples; s++)
        in_order &= atoi(vocabulary->text[x[s]] + 1) >= atoi(vocabulary->text[x[s - 1]] + 1);
    cr_expect(!in_order, "nothing was shuffled");
    int same = vocabulary->count == other.training.meaning.vocabulary.count;
    for (int i = 2; same && i < vocabulary->count; i++)
        same = !strcmp(vocabulary->text[i], other.training.meaning.vocabulary.text[i]);
    cr_expect(!same, "another seed splits in the same way");
    result_free(&result);
    result_free(&again);
    result_free(&other);
}

Test(lines, too_few_to_hold_out)
{
    const struct lstmc_model model = text_model(1, 200, 1, 0);
    struct lstmc_lines_options options = labelled;
    options.split = 0.5;
    struct result result = read_text(&model, &options, "a\tb\na\tb\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "of 2 lines 0 train and 2 are held out: too few"), "%s",
              result.message.text);
}

/* ---- a file for each class ---- */

Test(lines, folder)
{
    char *folder = command_folder();
    const struct lstmc_model model = text_model(3, 20, 3, 0);
    struct lstmc_lines_options options = labelled;
    options.text = options.label = 0;
    options.folder = folder;
    options.except = NAMES("ABOUT.txt");
    options.except_count = 1;
    command_write(folder, "b.c.txt", "dd\tx\n", 5);
    command_write(folder, "a.TXT", "ee\n\nff\n", 7);
    command_write(folder, "a_.txt", "gg", 2);
    command_write(folder, "ABOUT.txt", "\xff", 1);
    command_write(folder, ".hidden.txt", "\xff", 1);
    command_write(folder, "c.tsv", "\xff", 1);
    struct result result = read_files(&model, options, NULL, 0);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    expect_names("labels", &result.training.meaning.labels, 3, NAMES("a", "a_", "b.c"));
    expect_names("vocabulary", &result.training.meaning.vocabulary, 7, NAMES("", "\xef\xbf\xbd", "dd", "ee", "ff", "gg", "x"));
    expect_sample(&model, &result.training, ROWS(0, 0, 4), ROWS(0));
    expect_sample(&model, &result.training, ROWS(0, 2, 6), ROWS(2));
    result_free(&result);
    options.except_count = 0;
    result = read_files(&model, options, NULL, 0);
    cr_expect(result.status == LSTMC_BAD_FILE && strstr(result.message.text, "ABOUT.txt:1:1: the byte ff"), "%s", result.message.text);
    options.except = NAMES("about.txt");
    options.except_count = 1;
    result = read_files(&model, options, NULL, 0);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "the exception \"about.txt\" is no file of it"), "%s", result.message.text);
    options.folder = "/nowhere";
    result = read_files(&model, options, NULL, 0);
    cr_expect(result.status == LSTMC_IO && strstr(result.message.text, "/nowhere: No such file"), "%s", result.message.text);
    command_folder_remove(folder);
}

/* ---- through the program ---- */

#define COMMON "Embedding{6, 4}, LSTM{4}, Dense{2, activation = \"softmax\"}, loss = \"sparse_categorical_crossentropy\", epochs = 1, batch_size = 8"

static struct lstmc_meaning meaning_of(const char *folder, const char *name)
{
    char path[256];
    struct lstmc_meaning meaning;
    struct lstmc_message message;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(lstmc_meaning_load(&meaning, path, &message), 0, "%s", message.text);
    return meaning;
}

Test(lines, options_of_a_description)
{
    static const char description[] =
        "return Sequential{ Input{3}, " COMMON ", data = lines{{\"d/a.csv\", \"d/b.csv\"}, level = \"word\", text = 2, label = 1, separator = \";\",\n"
        "  header = true, lower = true, labels = {\"yes\", \"no\"}, vocabulary = 5, padding = \"post\", split = arg.split or 1, seed = 3} }\n";
    char *folder = command_folder();
    command_expect(folder, 60, "mkdir d && printf 'label;text\\nyes;One two ONE\\nno;two one;x\\n' >d/a.csv && "
                   "printf 'no;no\\nno;three\\nno;Four\\n' >d/b.csv", 0, NULL, NULL);
    command_write(folder, "m.lua", description, sizeof description - 1);
    command_expect(folder, 60, "$L train m.lua --interpreted", 0, "m: 4 samples, 0 held out", "epoch 1/1");
    struct lstmc_meaning meaning = meaning_of(folder, "m.safetensors");
    expect_names("labels", &meaning.labels, 2, NAMES("yes", "no"));
    expect_names("vocabulary", &meaning.vocabulary, 5, NAMES("", "\xef\xbf\xbd", "one", "two", "four"));
    cr_expect(meaning.unit == LSTMC_WORDS && meaning.is_lower && !meaning.pads_front);
    lstmc_meaning_free(&meaning);
    command_expect(folder, 60, "$L train m.lua split=0.75 --interpreted", 0, "m: 3 samples, 1 held out", "epoch 1/1");
    command_expect(folder, 60, "$L train m.lua --interpreted --data d/b.csv", 0, "m: 2 samples, 0 held out", "epoch 1/1");
    command_expect(folder, 60, "$L train m.lua --interpreted --data d", 1, NULL, "d: is not a regular file");
    command_folder_remove(folder);
}

Test(lines, a_folder_and_pairs_of_a_description)
{
    static const char classes[] =
        "return Sequential{ Input{3}, " COMMON ", data = lines{folder = \"d\", except = {\"c.txt\"}, split = 1, vocabulary = 6} }\n";
    static const char pairs[] =
        "return Sequential{ Input{3}, Embedding{9, 4}, LSTM{4}, RepeatVector{2}, LSTM{4, return_sequences = true}, Dense{4, activation = \"softmax\"},\n"
        "  loss = \"sparse_categorical_crossentropy\", epochs = 1, data = lines{\"p.tsv\", text = 2, target_text = 1, target_level = \"word\",\n"
        "  target_vocabulary = 4, split = 1} }\n";
    char *folder = command_folder();
    command_expect(folder, 60, "mkdir d other && echo ab >d/a.txt && echo bc >d/b.txt && echo >d/c.txt && cp d/* other && rm other/a.txt", 0, NULL, NULL);
    command_write(folder, "m.lua", classes, sizeof classes - 1);
    command_write(folder, "p.lua", pairs, sizeof pairs - 1);
    command_write(folder, "p.tsv", "Oui ! \tYes\nnon non\tNo\n", 22);
    command_expect(folder, 60, "$L train m.lua --interpreted", 0, "m: 2 samples, 0 held out", "epoch 1/1");
    struct lstmc_meaning meaning = meaning_of(folder, "m.safetensors");
    expect_names("labels", &meaning.labels, 2, NAMES("a", "b"));
    cr_expect(meaning.unit == LSTMC_CHARACTERS && !meaning.is_lower && meaning.pads_front);
    lstmc_meaning_free(&meaning);
    command_expect(folder, 60, "$L train m.lua --interpreted --data folder=other", 1, NULL,
                   "other: has one label alone, \"b\"");
    command_expect(folder, 60, "$L train p.lua --interpreted", 0, "p: 2 samples, 0 held out", "epoch 1/1");
    meaning = meaning_of(folder, "p.safetensors");
    expect_names("labels", &meaning.labels, 4, NAMES("", "\xef\xbf\xbd", "non", "!"));
    cr_expect(meaning.unit == LSTMC_CHARACTERS && meaning.target_unit == LSTMC_WORDS && meaning.vocabulary.count == 7);
    lstmc_meaning_free(&meaning);
    command_folder_remove(folder);
}

/* ---- mutations ---- */

static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    const struct lstmc_lines_options *options = context;
    const struct lstmc_model model = options->target_text ? text_model(4, 40, 40, 4) : text_model(4, 40, 2, 0);
    struct result result = read_files(&model, *options, NAMES(path), 1);
    cr_expect(result.status || result.training.samples > 0, "neither samples nor a message");
    for (size_t i = 0; i < result.training.samples * 4; i++)
        cr_assert(((uint32_t *)result.training.x)[i] < (uint32_t)result.training.meaning.vocabulary.count);
    *message = result.message;
    result_free(&result);
    return result.status;
}

Test(lines, mutations)
{
    static const char pairs[] = "Go.\tVa\xe2\x80\xaf!\r\nRun!\tCours\xc2\xa0!\r\nI'm 1.5\tJ'ai 1,5\r\n\xc3\x89t\xc3\xa9\tSummer\n";
    static const char likely[] = "\t\r\n '.1\xc3\xa9\xe2\x80\xf0";
    struct lstmc_lines_options options = labelled;
    options.split = 0.9;
    struct mutations done = mutate(reviews, sizeof reviews - 1, likely, read_mutation, &options);
    cr_expect(done.refused > done.files / 4 && done.refused < done.files, "%d of %d mutations were refused", done.refused, done.files);
    options = translated;
    done = mutate(pairs, sizeof pairs - 1, likely, read_mutation, &options);
    cr_expect(done.refused > done.files / 4 && done.refused < done.files, "%d of %d mutations were refused", done.refused, done.files);
}

/* ---- real data ---- */

Test(lines, translations)
{
    struct stat status;
    if (stat(PAIRS, &status))
        cr_skip_test("%s is not here", PAIRS);
    const struct lstmc_model model = text_model(6, 3000, 5000, 12);
    struct lstmc_lines_options options = translated;
    options.unit = LSTMC_WORDS;
    struct result result = read_files(&model, options, NAMES(PAIRS), 1);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    /* counted by a regular expression: \d+([.,:]\d+)+ | \w+(['’-]\w+)* | [^\w\s] */
    const struct lstmc_meaning *meaning = &result.training.meaning;
    cr_expect(meaning->vocabulary.count == 2229 && meaning->labels.count == 4665, "%d English and %d French words, expected 2229 and 4665",
              meaning->vocabulary.count, meaning->labels.count);
    expect_names("the most frequent", &(struct lstmc_names){ 7, meaning->labels.text }, 7, NAMES("", "\xef\xbf\xbd", ".", "je", "!", "?", "suis"));
    expect_names("the most frequent", &(struct lstmc_names){ 6, meaning->vocabulary.text }, 6, NAMES("", "\xef\xbf\xbd", ".", "i", "?", "you"));
    result_free(&result);
    options.split = 0.9;
    result = read_files(&model, options, NAMES(PAIRS), 1);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect(result.training.samples + result.validation.samples == 10000 && result.validation.samples >= 1000 && result.validation.samples < 1020);
    result_free(&result);
}
