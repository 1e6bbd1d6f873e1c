/* test_next_token.c: texts whose next token is predicted: text that goes on in files, and lines with their prefixes; what does not fit; and what sample writes after it. */
#include "runtime/lstmc.h"
#include "runtime/text/tokens.h"
#include "command.h"
#include "mutate.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES(...) (const char *const[]){ __VA_ARGS__ }
#define ROWS(...) ((int32_t[]){ __VA_ARGS__ })

/* Reads `window` ids below `vocabulary`, says one of as many classes, at each step or once. */
static struct lstmc_model text_model(int window, int vocabulary, int each_step)
{
    struct lstmc_model model = { .name = "texts", .loss = "sparse_categorical_crossentropy", .input_is_tokens = 1, .vocabulary = vocabulary,
                                 .input_rank = 1, .input_shape = { window }, .input_count = (size_t)window, .target_is_class = 1, .target_rank = 1,
                                 .batch = 4, .shards = 1 };
    model.target_count = each_step ? (size_t)window : 1;
    model.target_shape[0] = (int)model.target_count;
    model.output_rank = each_step ? 2 : 1;
    model.output_shape[0] = each_step ? window : vocabulary;
    model.output_shape[1] = vocabulary;
    model.output_count = model.target_count * (size_t)vocabulary;
    return model;
}

struct result {
    int status;
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
};

static void result_free(struct result *result)
{
    lstmc_dataset_free(&result->training);
    lstmc_dataset_free(&result->validation);
}

static void expect_names(const struct lstmc_meaning *meaning, int count, const char *const *expected)
{
    cr_assert(meaning->vocabulary.count == count && meaning->labels.count == count, "%d ids and %d classes, expected %d", meaning->vocabulary.count,
              meaning->labels.count, count);
    for (int i = 0; i < count; i++)
        cr_expect(!strcmp(meaning->vocabulary.text[i], expected[i]) && !strcmp(meaning->labels.text[i], expected[i]), "%d: \"%s\", expected \"%s\"", i,
                  meaning->vocabulary.text[i], expected[i]);
}

static void expect_ids(const char *what, const void *found, const int32_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(((const int32_t *)found)[i], expected[i], "%s[%zu]: %d, expected %d", what, i, ((const int32_t *)found)[i], expected[i]);
}

/* ---- text that goes on ---- */

static struct result read_running(const struct lstmc_model *model, struct lstmc_text_options options, const char *first, const char *second)
{
    struct result result = { .status = 0 };
    struct temporary_file a = temporary_text(first), b = temporary_text(second ? second : "");
    options.files = NAMES(a.path, b.path);
    options.file_count = second ? 2 : 1;
    result.status = lstmc_read_text(model, &options, &result.training, &result.validation, &result.message);
    cr_assert(result.status || (!lstmc_dataset_make(model, &result.training) && !lstmc_dataset_make(model, &result.validation)));
    temporary_remove(&a);
    temporary_remove(&b);
    return result;
}

/* Ids by the frequency in what trains; what is not there is unknown in what is held out. */
Test(next_token, characters_of_two_files)
{
    const struct lstmc_model model = text_model(3, 5, 1);
    const struct lstmc_text_options options = { .unit = LSTMC_CHARACTERS, .window = 3, .split = 0.5 };
    struct result result = read_running(&model, options, "\xef\xbb\xbf\xc3\xa9" "ab\xc3\xa9", "\nabz");
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 1 && result.validation.samples == 1);
    const struct lstmc_meaning *meaning = &result.training.meaning;
    expect_names(meaning, 5, NAMES("", "\xef\xbf\xbd", "\xc3\xa9", "a", "b"));
    cr_expect(meaning->unit == LSTMC_CHARACTERS && meaning->target_unit == LSTMC_CHARACTERS && meaning->pads_front && !meaning->between_line_ends);
    expect_ids("x", result.training.x, ROWS(2, 3, 4), 3);
    expect_ids("y", result.training.y, ROWS(3, 4, 2), 3);
    expect_ids("held-out x", result.validation.x, ROWS(1, 3, 4), 3);
    expect_ids("held-out y", result.validation.y, ROWS(3, 4, 1), 3);
    result_free(&result);
}

/* Ends of lines are words, whatever wrote them, and a word ends with its file. */
Test(next_token, words_and_lines)
{
    static const char first[] = "The cat,\r\n\r\nthe DOG", second[] = "cat\rthe";
    const struct lstmc_model model = text_model(3, 7, 1), alone = text_model(3, 5, 0);
    struct lstmc_text_options options = { .unit = LSTMC_WORDS_AND_LINES, .window = 3, .split = 1, .lower = 1 };
    struct result result = read_running(&model, options, first, second);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 3 && result.validation.samples == 0);
    expect_names(&result.training.meaning, 7, NAMES("", "\xef\xbf\xbd", "\n", "the", "cat", ",", "dog"));
    cr_expect(result.training.meaning.unit == LSTMC_WORDS_AND_LINES && result.training.meaning.is_lower);
    expect_ids("x", result.training.x, ROWS(3, 4, 5, 2, 2, 3, 6, 4, 2), 9);
    expect_ids("y", result.training.y, ROWS(4, 5, 2, 2, 3, 6, 4, 2, 3), 9);
    result_free(&result);
    options.vocabulary = 5;
    result = read_running(&alone, options, first, second);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    expect_names(&result.training.meaning, 5, NAMES("", "\xef\xbf\xbd", "\n", "the", "cat"));
    expect_ids("x", result.training.x, ROWS(3, 4, 1, 2, 2, 3, 1, 4, 2), 9);
    expect_ids("y", result.training.y, ROWS(2, 1, 3), 3);
    result_free(&result);
}

/* Bytes of two files are those of one that holds both. */
Test(next_token, bytes_of_two_files)
{
    const struct lstmc_model model = text_model(3, 4, 1);
    const struct lstmc_text_options options = { .unit = LSTMC_BYTES, .window = 3, .split = 2.0 / 3 };
    struct result two = read_running(&model, options, "abcac", "b\nacbab"), one = read_running(&model, options, "abcacb\nacbab", NULL);
    cr_assert(!two.status && !one.status, "%s%s", one.message.text, two.message.text);
    cr_assert(two.training.samples == 2 && one.training.samples == 2 && two.validation.samples == 1);
    expect_ids("x", two.training.x, one.training.x, 6);
    expect_ids("y", two.training.y, one.training.y, 6);
    expect_ids("held-out y", two.validation.y, one.validation.y, 3);
    cr_expect(two.training.meaning.unit == LSTMC_BYTES && !two.training.meaning.target_unit);
    result_free(&one);
    result_free(&two);
}

Test(next_token, running_text_that_does_not_fit)
{
    static const struct { int window, vocabulary, classes, most; double split; const char *first, *second, *expected; } cases[] = {
        { 3, 5, 5, 0, 1, "ab\nc\xe9" "d", NULL, ":2:2: the byte e9 is no UTF-8 here" },
        { 3, 5, 5, 0, 1, "abab", "\xef\xbb\xbf" "b\xff", ":1:2: the byte ff is no UTF-8 here" },
        { 3, 5, 5, 0, 1, "\xff\xfe" "a", NULL, "is UTF-16" },
        { 3, 3, 3, 0, 1, "abab", NULL, ": 4 ids of characters (with 0 for padding, 1 for what is unknown), but the model's input_dim is 3: use 4 there and for "
                                        "its classes, or keep the most frequent by vocabulary = 3" },
        { 3, 3, 3, 4, 1, "abcd", NULL, "vocabulary = 4, but the model's input_dim is 3: use the same number for both" },
        { 3, 6, 5, 0, 1, "abab", NULL, "the next character is one of 6 ids, but the model's output has 5 classes: use 6 units" },
        { 3, 5, 5, 0, 1, "aaaa", NULL, "what trains is one character again and again, which is nothing to learn" },
        { 3, 5, 5, 0, 1, "ab", "c", "has 3 characters: too few for a window of 3 and the character behind it" },
        { 3, 5, 5, 0, 0.5, "ababa", NULL, "the first 2 characters train, the last 3 are held out: too few" },
        { 2, 5, 5, 0, 1, "abab", NULL, "windows of 3 characters need a model that reads 3 ids" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lstmc_model model = text_model(cases[i].window, cases[i].vocabulary, 1);
        model.output_shape[1] = cases[i].classes;
        struct lstmc_text_options options = { .unit = LSTMC_CHARACTERS, .window = 3, .split = cases[i].split, .vocabulary = cases[i].most };
        struct result result = read_running(&model, options, cases[i].first, cases[i].second);
        cr_expect(result.status && strstr(result.message.text, cases[i].expected), "case %zu: \"%s\", expected \"%s\"", i, result.message.text, cases[i].expected);
        result_free(&result);
    }
    struct lstmc_model model = text_model(3, 5, 1);
    model.target_is_class = 0;
    struct result result = read_running(&model, (struct lstmc_text_options){ .unit = LSTMC_WORDS_AND_LINES, .window = 3, .split = 1 }, "a b a b", NULL);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "the next word is a class: the model needs loss"), "%s", result.message.text);
    struct lstmc_text_options none = { .unit = LSTMC_CHARACTERS, .window = 3, .split = 1 };
    cr_expect_eq(lstmc_read_text(&model, &none, &result.training, &result.validation, &result.message), LSTMC_MISMATCH);
}

static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    struct lstmc_text_options options = *(const struct lstmc_text_options *)context;
    const struct lstmc_model model = text_model(3, 8, 1);
    struct lstmc_dataset training, validation;
    options.files = &path;
    options.file_count = 1;
    int status = lstmc_read_text(&model, &options, &training, &validation, message);
    cr_expect(status || (training.samples && validation.samples), "neither windows nor a message");
    cr_assert(!lstmc_dataset_make(&model, &training) && !lstmc_dataset_make(&model, &validation));
    for (size_t i = 0; i < training.samples * 3; i++)
        cr_assert(((uint32_t *)training.x)[i] < 8 && ((uint32_t *)training.y)[i] < 8);
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&validation);
    return status;
}

Test(next_token, mutations)
{
    static const char good[] = "Ab c\xc3\xa9, a\r\nb ab c \xc3\xa9\n a b c";
    for (int unit = LSTMC_CHARACTERS; unit <= LSTMC_WORDS_AND_LINES; unit += 2) {
        struct lstmc_text_options options = { .unit = (enum lstmc_text_unit)unit, .window = 3, .split = 0.6, .vocabulary = 8, .lower = 1 };
        struct mutations done = mutate(good, sizeof good - 1, "ab \n\r\xc3\xa9", read_mutation, &options);
        cr_expect(done.refused > 0 && done.refused < done.files, "unit %d: %d of %d mutations were refused", unit, done.refused, done.files);
    }
}

/* ---- lines ---- */

static struct result read_lines(const struct lstmc_model *model, struct lstmc_lines_options options, const char *text)
{
    struct result result = { .status = 0 };
    struct temporary_file file = temporary_text(text);
    options.files = NAMES(file.path);
    options.file_count = 1;
    options.next_token = 1;
    options.separator = '\t';
    result.status = lstmc_read_lines(model, &options, &result.training, &result.validation, &result.message);
    cr_assert(result.status || (!lstmc_dataset_make(model, &result.training) && !lstmc_dataset_make(model, &result.validation)));
    temporary_remove(&file);
    return result;
}

/* Samples stand in the order of shuffled lines: this one is there exactly once. */
static void expect_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, const int32_t *x, const int32_t *y)
{
    int found = 0;
    for (size_t s = 0; s < data->samples; s++)
        found += !memcmp((int32_t *)data->x + s * model->input_count, x, model->input_count * 4) &&
                 !memcmp((int32_t *)data->y + s * model->target_count, y, model->target_count * 4);
    cr_expect_eq(found, 1, "x = %d %d ..., y = %d ...: found %d times", x[0], x[1], y[0], found);
}

#define TWO_LINES "b a\n\na\n"

/* "\n" is 2, the more frequent a 3, b 4. A line begins and ends with the end of one. */
Test(next_token, lines_at_each_step)
{
    struct lstmc_model model = text_model(4, 5, 1), shorter = text_model(2, 5, 1);
    struct lstmc_lines_options options = { .unit = LSTMC_WORDS, .split = 1, .seed = 1 };
    model.has_lengths = 1;
    struct result result = read_lines(&model, options, TWO_LINES);
    cr_assert(!result.status && result.training.samples == 2, "%s", result.message.text);
    expect_names(&result.training.meaning, 5, NAMES("", "\xef\xbf\xbd", "\n", "a", "b"));
    cr_expect(result.training.meaning.between_line_ends && result.training.meaning.target_unit == LSTMC_WORDS);
    expect_sample(&model, &result.training, ROWS(2, 4, 3, 0), ROWS(4, 3, 2, 0));
    expect_sample(&model, &result.training, ROWS(2, 3, 0, 0), ROWS(3, 2, 0, 0));
    cr_expect_eq(result.training.lengths[0] + result.training.lengths[1], 5);
    result_free(&result);
    result = read_lines(&shorter, options, TWO_LINES);          /* what is longer goes on */
    cr_assert(!result.status && result.training.samples == 3, "%s", result.message.text);
    expect_sample(&shorter, &result.training, ROWS(2, 4), ROWS(4, 3));
    expect_sample(&shorter, &result.training, ROWS(3, 0), ROWS(2, 0));
    expect_sample(&shorter, &result.training, ROWS(2, 3), ROWS(3, 2));
    result_free(&result);
    options.pads_front = 1;
    result = read_lines(&model, options, TWO_LINES);
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "zeros in front would tell a model"), "%s", result.message.text);
}

/* Every prefix, with zeros in front, and the token behind it, up to the end of the line. */
Test(next_token, prefixes_of_lines)
{
    struct lstmc_model model = text_model(3, 5, 0), shorter = text_model(2, 5, 0);
    struct lstmc_lines_options options = { .unit = LSTMC_CHARACTERS, .pads_front = 1, .split = 1, .seed = 1, .lower = 1 };
    struct result result = read_lines(&model, options, "bA\na\n");
    cr_assert(!result.status && result.training.samples == 5, "%s", result.message.text);
    expect_sample(&model, &result.training, ROWS(0, 0, 2), ROWS(4));
    expect_sample(&model, &result.training, ROWS(0, 2, 4), ROWS(3));
    expect_sample(&model, &result.training, ROWS(2, 4, 3), ROWS(2));
    expect_sample(&model, &result.training, ROWS(0, 0, 2), ROWS(3));
    expect_sample(&model, &result.training, ROWS(0, 2, 3), ROWS(2));
    result_free(&result);
    result = read_lines(&shorter, options, "bA\na\n");
    expect_sample(&shorter, &result.training, ROWS(4, 3), ROWS(2));
    result_free(&result);
    options.pads_front = 0;
    shorter.has_lengths = 1;
    result = read_lines(&shorter, options, "bA\na\n");
    expect_sample(&shorter, &result.training, ROWS(2, 0), ROWS(4));
    expect_sample(&shorter, &result.training, ROWS(4, 3), ROWS(2));
    cr_expect_eq(result.training.lengths[0], 1);
    result_free(&result);
}

/* A line is on one side with all its prefixes; the ends of lines are kept whatever is frequent. */
Test(next_token, held_out_lines)
{
    struct lstmc_model model = text_model(6, 4, 0);
    struct lstmc_lines_options options = { .unit = LSTMC_CHARACTERS, .pads_front = 1, .split = 0.5, .seed = 1, .vocabulary = 4 };
    struct result result = read_lines(&model, options, "aaa\nbbb\naaa\nccc\nbbb\nddd\n");
    cr_assert(!result.status && result.training.samples && result.validation.samples, "%s", result.message.text);
    cr_expect_eq(result.training.samples + result.validation.samples, 24);
    cr_expect_str_eq(result.training.meaning.vocabulary.text[2], "\n");
    for (size_t s = 0; s < result.validation.samples; s++)
        for (int i = 0; i < 6; i++)
            cr_expect(((int32_t *)result.validation.x)[s * 6 + (size_t)i] <= LSTMC_ID_FIRST, "what trained is none of what is held out");
    result_free(&result);
    struct lstmc_model two_outputs = text_model(6, 4, 1);
    two_outputs.target_count = 3;
    result = read_lines(&two_outputs, options, "aaa\nbbb\n");
    cr_expect(result.status == LSTMC_MISMATCH && strstr(result.message.text, "the next character is a class"), "%s", result.message.text);
}

/* What a model is asked is what it was trained on: a prefix as text has the ids of the reader. */
Test(next_token, encoded_as_read)
{
    struct lstmc_model model = text_model(5, 9, 0);
    for (int front = 0; front < 2; front++) {
        struct lstmc_lines_options options = { .unit = LSTMC_WORDS, .pads_front = front, .split = 1, .seed = 1, .lower = 1 };
        struct result result = read_lines(&model, options, "One two, three\n");
        struct lstmc_message message;
        cr_assert(!result.status && result.training.samples == 5, "%s", result.message.text);
        static const char *const prefixes[] = { "", "ONE", "one two", "one two ,", "One TWO, three" };
        for (int i = 0; i < 5; i++) {
            int32_t ids[5];
            size_t found;
            cr_assert_eq(lstmc_encode(&result.training.meaning, prefixes[i], strlen(prefixes[i]), ids, 5, &found, &message), 0, "%s", message.text);
            cr_expect_eq(found, (size_t)i + 1);
            expect_ids(prefixes[i], ids, (int32_t *)result.training.x + i * 5, 5);
        }
        result_free(&result);
    }
}

/* ---- through the program ---- */

static char *folder;

static void setup(void)
{
    folder = command_folder();
}

static void teardown(void)
{
    command_folder_remove(folder);
}

TestSuite(next_token_program, .init = setup, .fini = teardown);

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

/* What a line prints is this text, all of it. */
static void expect_text(const char *line, const char *text)
{
    Ran ran = command_run(folder, 120, line);
    cr_assert_eq(ran.status, 0, "%s: %s", line, ran.errors);
    cr_expect_str_eq(ran.output, text, "%s: \"%s\", expected \"%s\"", line, ran.output, text);
    ran_free(&ran);
}

/* m.lua reads a text in which each token is known from those before. */
static void train(const char *layers, const char *data, const char *text, int copies)
{
    char *all = calloc((size_t)copies, strlen(text) + 1), description[1000];
    for (int i = 0; i < copies; i++)
        strcat(all, text);
    write_text("t.txt", all);
    free(all);
    snprintf(description, sizeof description, "return Sequential{ name = 'm', %s, loss = 'sparse_categorical_crossentropy', metrics = {'accuracy'},\n"
             "  optimizer = Adam{learning_rate = 0.02}, data = %s, batch_size = 4, epochs = 30 }\n", layers, data);
    write_text("m.lua", description);
    expect("$L train m.lua --interpreted --quiet", 0, "weights: m.safetensors", NULL);
}

/* Streams of words: a space where one belongs, lines as they were. */
Test(next_token_program, words)
{
    train("Input{7}, Embedding{16, 8}, LSTM{20, return_sequences = true}, Dense{16, activation = 'softmax'}",
          "words{{'t.txt', 't.txt'}, window = 7, lower = true, stateful = true}", "The cat (sat), then\nit said: \"No!\"\n", 30);
    static const char goes_on[] = "The cat (sat), then\nit said: \"no!\"\nthe cat\n";
    expect_text("$L sample m.lua --length=16 --temperature=0 --prompt 'The cat'", goes_on);
    expect_text("$L sample m.lua --length=16 --top-k=1 --prompt 'The cat' --seed 3", goes_on);
    expect_text("$L sample m.lua --length=16 --top-p=1e-9 --prompt 'The cat' --seed 4", goes_on);
    expect_text("$L sample m.lua --length=7 --temperature=0 --prompt \"$(printf 'Then\\nIt said: ')\"", "Then\nIt said: \"no!\"\nthe cat\n");
    expect_text("echo 'the cat ( sat ) ,' | $L predict m.lua --interpreted --join | tail -c 5", "then\n");
    expect("echo 'cat (sat), then' | $L predict m.lua --interpreted | tail -n 1", 0, "\\n ", NULL);
    expect("$L sample m.lua --top-p=0", 2, NULL, "--top-p takes a number above 0 to 1 (all), not \"0\"");
    expect("$L sample m.lua --top-k=0", 2, NULL, "--top-k takes a number from 1");
    expect("$L predict m.lua --top-k=3", 2, NULL, "--top-k does not go with predict");
    expect("$L predict m.lua --steps=3 --interpreted", 1, NULL, "--steps: lstmc sample writes text");
}

/* What is unknown is often the most probable, and never written. */
Test(next_token_program, unknown_is_never_chosen)
{
    train("Input{5}, Embedding{5, 8}, LSTM{12, return_sequences = true}, Dense{5, activation = 'softmax'}", "words{'t.txt', window = 5, vocabulary = 5}",
          "a b u a v b w a x b y a z b a\n", 20);
    expect("echo 'a b' | $L predict m.lua --interpreted | cut -d' ' -f1 | tail -n 1", 0, "\xef\xbf\xbd\n", NULL);
    expect("$L sample m.lua --length=400 --temperature=2 > out; test $(wc -w <out) -gt 100 && ! grep -q \"$(printf '\\357\\277\\275')\" out", 0, "", NULL);
    expect_text("$L sample m.lua --length=3 --temperature=0 --prompt 'a b' | tr -d 'ab \\n'", "");
}

/* Windows of characters that are not ASCII: one output, the window padded in front and read again with each. */
Test(next_token_program, characters_of_any_language)
{
    train("Input{4}, Embedding{7, 8}, GRU{16}, Dense{7, activation = 'softmax'}", "characters{'t.txt', window = 4, level = 'character', split = 0.8}",
          "\xd0\x96\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n", 40);
    expect_text("$L sample m.lua --length=5 --temperature=0 --prompt '\xd0\x96\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'",
                "\xd0\x96\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\xd0\x96\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n");
    expect("$L sample m.lua --prompt \"$(printf '\\303x')\"", 1, NULL, "--prompt: column 1: is not UTF-8");
}

#define THREE "one two three\nfour five\n"      /* after the end of a line it may be either */

/* Lines of their own: each begins anew, and is ended; padded in front for a model of one output, with and without a mask, or behind. What is said
 * at each step is asked for with zeros behind. */
Test(next_token_program, lines)
{
    static const struct { const char *layers, *options; } models[] = {
        { "Input{4}, Embedding{8, 8}, GRU{16}, Dense{8, activation = 'softmax'}", "" },
        { "Input{4}, Embedding{8, 8, mask_zero = true}, GRU{16}, Dense{8, activation = 'softmax'}", "" },
        { "Input{4}, Embedding{8, 8}, Bidirectional{GRU{8}}, Dense{8, activation = 'softmax'}", ", padding = 'post'" },
        { "Input{4}, Embedding{8, 8}, GRU{16, return_sequences = true}, Dense{8, activation = 'softmax'}", "" },
        { "Input{4, lengths = true}, Embedding{8, 8}, GRU{16}, Dense{8, activation = 'softmax'}", "" },
        { "Input{4, lengths = true}, Embedding{8, 8}, GRU{16, return_sequences = true}, Dense{8, activation = 'softmax'}", "" },
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char data[200];
        snprintf(data, sizeof data, "lines{'t.txt', level = 'word', next_token = true, split = 1%s}", models[i].options);
        train(models[i].layers, data, THREE, 8);
        expect_text("$L sample m.lua --length=3 --temperature=0 --prompt one", "one two three\n\n");
        expect_text("$L sample m.lua --length=2 --temperature=0 --prompt four", "four five\n\n");
        expect("$L sample m.lua --length=40 --seed=2 --top-p=0.9 > out; "
               "! head -n 8 out | grep -qv '^one two three$' || { head -n 8 out | grep -v '^one two three$' | grep -qv '^four five$' && cat out; }", 1, "", NULL);
        expect("grep -q one out && grep -q four out", 0, "", NULL);
        expect("echo one two | $L predict m.lua --interpreted | tail -n 1", 0, i == 3 || i == 5 ? "" : "three 0.", NULL);
    }
}

Test(next_token_program, example_says_the_same)
{
    train("Input{4}, Embedding{8, 8}, GRU{16}, Dense{8, activation = 'softmax'}", "lines{'t.txt', level = 'word', next_token = true, split = 1}", THREE, 8);
    expect("$L m.lua --weights m.safetensors --example --quiet && make -s >log 2>&1; printf 'one two\\none two three\\n\\nOne one one one one\\n' > in; "
           "./m < in > theirs; $L predict m.lua --input in > ours && cmp ours theirs && cut -d' ' -f1 ours | head -n 2", 0, "three\n\\n\n", NULL);
}

Test(next_token_program, what_writes_no_text)
{
    write_text("two.lua", "local a, b = Input{3, name = 'a'}, Input{3, name = 'b'}\nlocal e = Embedding{6, 4}\n"
                          "local y = Dense{6, activation = 'softmax'}(LSTM{4}(Add(){ e(a), e(b) }))\n"
                          "return Model{ name = 'two', inputs = {a, b}, outputs = {y}, loss = 'sparse_categorical_crossentropy', epochs = 1,\n"
                          "  data = samples{function(random) return { a = {1, 2, random(0, 5)}, b = {0, 1, 2} }, random(0, 5) end, samples = 8, validation_samples = 4} }\n");
    expect("$L train two.lua --interpreted --quiet", 0, "weights: ", NULL);
    expect("$L sample two.lua", 1, NULL, "two.lua: the model has several inputs or outputs: text is written by one of each");
    write_text("t.tsv", "a b\tno\nb a\tyes\n");
    write_text("c.lua", "return Sequential{ name = 'c', Input{3}, Embedding{4, 4}, LSTM{4}, Dense{2, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy',\n"
                        "  epochs = 1, data = lines{'t.tsv', level = 'word', text = 1, label = 2, split = 1} }\n");
    expect("$L train c.lua --interpreted --quiet", 0, "weights: ", NULL);
    expect("$L sample c.lua", 1, NULL, "what the model predicts is not the next of what it reads");
}
