/* test_ship_meaning.c: what the third file says of the numbers, against the runtime's readers: texts as ids, units, names. */
#include "command.h"
#include "shipping.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The model and a program over it, in the folder; the weight file has this meaning. */
static void build(struct workshop *shop, const char *text, const struct lstmc_meaning *meaning, const char *defines)
{
    shipping_write(shop, "net", text, meaning);
    shipping_lstmc(shop, "net.lua --weights net.safetensors --inference --quiet");
    workshop_run(shop, "for c in gcc clang; do for f in net.c net_weights.c; do $c " SHIPPED_WARNINGS " -O1 -c $f || exit 1; done; "
                       "$c -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I. -DMODEL=net %s \"$dropin/meaning.c\" net.o net_weights.c -o $c.out -lm || exit 1; done",
                 defines);
}

/* What both programs print for this file. */
static const char *run(struct workshop *shop, const char *file)
{
    return workshop_run(shop, "./gcc.out < %s > gcc.text && ./clang.out < %s > clang.text && cmp gcc.text clang.text && cat gcc.text", file, file);
}

static void expect_ids(struct workshop *shop, const char *text, const char *expected)
{
    command_write(shop->folder, "text", text, (long)strlen(text));
    const char *found = run(shop, "text");
    cr_expect_str_eq(found, expected, "\"%s\": %s instead of %s", text, found, expected);
}

#define READS(length, vocabulary) arena_format(shop.arena, "Input{%d}, Embedding{%d, 3}, LSTM{4}, Dense{2, activation = 'softmax'}, " \
                                                           "loss = 'sparse_categorical_crossentropy'", length, vocabulary)

/* ---- texts ---- */

Test(ship_meaning, words)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_WORDS, .pads_front = 1 };
    shipping_names(&meaning.vocabulary, (const char *const[]){ "", "\xef\xbf\xbd", "the", "cat", "\xc3\xa9t\xc3\xa9", "don't", ",", "3.5", "thesis", "?\"\\", "{", NULL });
    build(&shop, READS(5, 12), &meaning, "-DENCODE");
    expect_ids(&shop, "the cat\n", "0: 0 0 0 2 3\n");
    expect_ids(&shop, "the cat, don't \xc3\xa9t\xc3\xa9 3.5\n", "0: 3 6 5 4 7\n");
    expect_ids(&shop, "  the\t\tthesis  \nthes  cat\n\nth the\n", "0: 0 0 0 2 8\n1: 0 0 0 1 3\n0: 0 0 0 0 0\n1: 0 0 0 1 2\n");
    expect_ids(&shop, "dog cat dog cat dog cat\n", "2: 3 1 3 1 3\n");
    expect_ids(&shop, "\xc3\xa9t \xff cat{\n", "2: 0 1 1 3 10\n");
    meaning.pads_front = 0;
    build(&shop, READS(5, 12), &meaning, "-DENCODE");
    expect_ids(&shop, "the cat\n", "0: 2 3 0 0 0\n");
    expect_ids(&shop, "the cat, don't \xc3\xa9t\xc3\xa9 3.5\n", "0: 2 3 6 5 4\n");
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}

Test(ship_meaning, characters)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_CHARACTERS };
    shipping_names(&meaning.vocabulary, (const char *const[]){ "", "\xef\xbf\xbd", "a", "\xc3\xa9", " ", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "z", NULL });
    build(&shop, READS(6, 8), &meaning, "-DENCODE");
    expect_ids(&shop, "a\xc3\xa9 \xe2\x82\xac\xf0\x9f\x98\x80z\na\n", "0: 2 3 4 5 6 7\n0: 2 0 0 0 0 0\n");
    expect_ids(&shop, "b\xc3\xa8\xff\xc3\n", "4: 1 1 1 1 0 0\n");
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}

/* Windows of a text, by the reader and by the function. */
Test(ship_meaning, bytes_as_the_reader_of_characters)
{
    static const char text[] = "The quick brown fox \"jumps\" over the l\xc3\xa4zy dog? \\ {1, 2} and again, The quick brown fox jumps over. So what; 100% true.";
    enum { WINDOW = 11 };
    bool seen[256] = { false };
    int distinct = 0;
    for (const char *c = text; *c; c++)
        distinct += !seen[(unsigned char)*c], seen[(unsigned char)*c] = true;
    struct workshop shop;
    workshop_open(&shop);
    command_write(shop.folder, "fox.txt", text, (long)strlen(text));
    const char *model = arena_format(shop.arena, "Input{%d}, Embedding{%d, 3}, LSTM{4, return_sequences = true}, Dense{%d, activation = 'softmax'}, "
                                                 "loss = 'sparse_categorical_crossentropy'", WINDOW, distinct, distinct);
    shipping_write(&shop, "net", model, NULL);
    Description *description = shipping_read(&shop, "net");
    struct lstmc_dataset data, none;
    struct lstmc_message message = { "" };
    cr_assert(!lstmc_read_characters(&description_model(description)->descriptor, arena_format(shop.arena, "%s/fox.txt", shop.folder), WINDOW, 1, &data, &none,
                                     &message), "%s", message.text);
    cr_assert_eq(lstmc_dataset_make(&description_model(description)->descriptor, &data), 0);
    build(&shop, model, &data.meaning, "-DENCODE");
    const char *input = "", *expected = "";
    for (size_t sample = 0; sample < data.samples; sample++) {
        input = arena_format(shop.arena, "%s%.*s\n", input, WINDOW, text + sample * WINDOW);
        expected = arena_format(shop.arena, "%s0:", expected);
        for (int i = 0; i < WINDOW; i++)
            expected = arena_format(shop.arena, "%s %d", expected, ((const int32_t *)data.x)[sample * WINDOW + (size_t)i]);
        expected = arena_format(shop.arena, "%s\n", expected);
    }
    cr_assert(data.samples > 5);
    expect_ids(&shop, input, expected);
    lstmc_dataset_free(&data);
    lstmc_dataset_free(&none);
    description_free(description);
    workshop_close(&shop);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines of a text, sorted. */
static char **sorted_lines(Arena *arena, const char *text, int *count)
{
    char *copy = arena_copy_text(arena, text), **lines = arena_array(arena, char *, strlen(text) + 1);
    *count = 0;
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"))
        lines[(*count)++] = line;
    qsort(lines, (size_t)*count, sizeof *lines, compare_texts);
    return lines;
}

/* The reader deals the lines out in an order of its own. */
static void check_lines(enum lstmc_text_unit unit, int lower, int pads_front, int vocabulary)
{
    static const char *const texts[] = { "The Cat, who can't (or won't) pay $1,000.50", "the CAT sat -- on the mat!", "\xc3\x89t\xc3\xa9 \xc3\xa9T\xc3\x89", "Cat cat THE the",
                                         "\xce\x91\xce\xb1 \xd0\x96\xd0\xb6: x-ray", "a", "one two three four five six seven eight nine ten eleven", NULL };
    enum { LENGTH = 9 };
    struct workshop shop;
    workshop_open(&shop);
    const char *file = "", *plain = "", *expected = "";
    for (int i = 0; texts[i]; i++) {
        file = arena_format(shop.arena, "%s%s\t%s\n", file, texts[i], i % 2 ? "no" : "yes");
        plain = arena_format(shop.arena, "%s%s\n", plain, texts[i]);
    }
    command_write(shop.folder, "lines.tsv", file, (long)strlen(file));
    const char *path = arena_format(shop.arena, "%s/lines.tsv", shop.folder);
    struct lstmc_lines_options options = { .files = &path, .file_count = 1, .separator = '\t', .text = 1, .label = 2, .unit = unit, .lower = lower,
                                           .vocabulary = vocabulary, .pads_front = pads_front, .split = 1, .seed = 1 };
    struct lstmc_dataset data, none;
    struct lstmc_message message = { "" };
    shipping_write(&shop, "net", READS(LENGTH, vocabulary), NULL);
    Description *description = shipping_read(&shop, "net");
    cr_assert(!lstmc_read_lines(&description_model(description)->descriptor, &options, &data, &none, &message), "%s", message.text);
    cr_assert(!lstmc_dataset_make(&description_model(description)->descriptor, &data));
    for (size_t sample = 0; sample < data.samples; sample++) {
        for (int i = 0; i < LENGTH; i++)
            expected = arena_format(shop.arena, "%s %d", expected, ((const int32_t *)data.x)[sample * LENGTH + (size_t)i]);
        expected = arena_format(shop.arena, "%s\n", expected);
    }
    build(&shop, READS(LENGTH, vocabulary), &data.meaning, "-DENCODE");
    command_write(shop.folder, "text", plain, (long)strlen(plain));
    run(&shop, "text");
    int count, count_expected;
    char **found = sorted_lines(shop.arena, workshop_run(&shop, "sed 's/^[0-9]*://' gcc.text"), &count), **wanted = sorted_lines(shop.arena, expected, &count_expected);
    cr_assert_eq(count, count_expected);
    for (int i = 0; i < count; i++)
        cr_expect_str_eq(found[i], wanted[i], "unit %d, lower %d: %s instead of %s", unit, lower, found[i], wanted[i]);
    lstmc_dataset_free(&data);
    lstmc_dataset_free(&none);
    description_free(description);
    workshop_close(&shop);
}

Test(ship_meaning, words_as_the_reader_of_lines)
{
    check_lines(LSTMC_WORDS, 1, 1, 14);
    check_lines(LSTMC_WORDS, 0, 0, 20);
}

Test(ship_meaning, characters_as_the_reader_of_lines)
{
    check_lines(LSTMC_CHARACTERS, 1, 0, 30);
    check_lines(LSTMC_CHARACTERS, 0, 1, 16);
}

/* A text whose next token is predicted: ends of lines are words; or one stands in front of each text. The same ids as lstmc_encode. */
static void check_next(enum lstmc_text_unit unit, int between_line_ends, int pads_front)
{
    static const char *const texts[] = { "The cat", "", "a cat, the dog.", "THE the the the the the the", "x", "a |cat|", "||the" };
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = unit, .is_lower = 1, .between_line_ends = between_line_ends, .pads_front = pads_front };
    shipping_names(&meaning.vocabulary, (const char *const[]){ "", "\xef\xbf\xbd", "the", "\n", "cat", ",", "a", NULL });
    build(&shop, READS(5, 8), &meaning, "-DENCODE -DLINE_END=124");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int32_t ids[5];
        struct lstmc_message message;
        const char *expected = "";
        int unknown = 0;
        char *text = arena_copy_text(shop.arena, texts[i]);
        for (char *c = text; (c = strchr(c, '|')) != NULL;)
            *c = '\n';
        cr_assert(!lstmc_encode(&meaning, text, strlen(text), ids, 5, NULL, &message));
        for (int k = 0; k < 5; k++)
            expected = arena_format(shop.arena, "%s %d", expected, ids[k]), unknown += ids[k] == 1;
        expect_ids(&shop, arena_format(shop.arena, "%s\n", texts[i]), arena_format(shop.arena, "%d:%s\n", unknown, expected));
    }
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}

Test(ship_meaning, words_and_lines) { check_next(LSTMC_WORDS_AND_LINES, 0, 1); }
Test(ship_meaning, behind_the_end_of_a_line)
{
    check_next(LSTMC_WORDS, 1, 1);
    check_next(LSTMC_WORDS, 1, 0);
}

/* ---- units ---- */

static void expect_numbers(const char *text, const float *expected, size_t count, double tolerance)
{
    char *end;
    for (size_t i = 0; i < count; i++, text = end) {
        double value = strtod(text, &end);
        cr_assert(end > text, "%zu numbers of %zu: %.80s", i, count, text);
        cr_expect(fabs(value - (double)expected[i]) <= tolerance * fmax(1, fabs((double)expected[i])), "number %zu: %.9g instead of %.9g", i, value, (double)expected[i]);
    }
    cr_expect(strspn(text, " \n") == strlen(text), "and more: %.80s", text);
}

/* All windows of a table: what the reader hands over, and back. */
static void check_units(const char *normalization)
{
    enum { ROWS = 40, WINDOW = 5, WINDOWS = ROWS - WINDOW };
    struct workshop shop;
    workshop_open(&shop);
    double table[ROWS][3];
    const char *csv = "a,b,c\n", *raw = "", *outputs = "";
    for (int r = 0; r < ROWS; r++) {
        table[r][0] = 20 + round(70 * sin(r / 3.0)) / 10;
        table[r][1] = 1013 + r * r % 17;
        table[r][2] = r % 5 * 0.25;
        csv = arena_format(shop.arena, "%s%g,%g,%g\n", csv, table[r][0], table[r][1], table[r][2]);
    }
    command_write(shop.folder, "table.csv", csv, (long)strlen(csv));
    const char *model = arena_format(shop.arena, "Input{%d, 3}, GRU{4}, Dense{2}, loss = 'mse'", WINDOW);
    const char *const columns[] = { "a", "b", "c" }, *const targets[] = { "b", "a" };
    struct lstmc_csv_options options = { .columns = columns, .column_count = 3, .targets = targets, .target_count = 2, .sliding = 1, .window = WINDOW,
                                         .horizons = (const int[]){ 1 }, .horizon_count = 1,
                                         .normalization = normalization, .split = 1 };
    shipping_write(&shop, "net", model, NULL);
    Description *description = shipping_read(&shop, "net");
    struct lstmc_dataset data, none;
    struct lstmc_message message = { "" };
    cr_assert(!lstmc_read_csv(&description_model(description)->descriptor, arena_format(shop.arena, "%s/table.csv", shop.folder), &options, &data, &none, &message),
              "%s", message.text);
    cr_assert_eq(data.samples, WINDOWS);
    cr_assert_eq(lstmc_dataset_make(&description_model(description)->descriptor, &data), 0);
    float *truth = arena_array(shop.arena, float, 2 * WINDOWS);
    for (int w = 0; w < WINDOWS; w++) {
        for (int t = 0; t < WINDOW; t++)
            raw = arena_format(shop.arena, "%s%g %g %g ", raw, table[w + t][0], table[w + t][1], table[w + t][2]);
        raw = arena_format(shop.arena, "%s\n", raw);
        outputs = arena_format(shop.arena, "%s%.9g %.9g\n", outputs, (double)((float *)data.y)[2 * w], (double)((float *)data.y)[2 * w + 1]);
        truth[2 * w] = (float)table[w + WINDOW][1];
        truth[2 * w + 1] = (float)table[w + WINDOW][0];
    }
    build(&shop, model, &data.meaning, "-DNORMALIZE");
    command_write(shop.folder, "raw", raw, (long)strlen(raw));
    expect_numbers(run(&shop, "raw"), data.x, (size_t)WINDOWS * WINDOW * 3, 1e-5);      /* 1013 as a float, and its offset, are known to 3e-5 */
    build(&shop, model, &data.meaning, "-DDENORMALIZE");
    command_write(shop.folder, "outputs", outputs, (long)strlen(outputs));
    expect_numbers(run(&shop, "outputs"), truth, (size_t)WINDOWS * 2, 1e-6);
    lstmc_dataset_free(&data);
    lstmc_dataset_free(&none);
    description_free(description);
    workshop_close(&shop);
}

Test(ship_meaning, standard_scores) { check_units("standard"); }
Test(ship_meaning, between_zero_and_one) { check_units("minmax"); }

/* ---- names ---- */

Test(ship_meaning, names_of_any_bytes)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_WORDS };
    shipping_names(&meaning.labels, (const char *const[]){ "a \"b\" \\n ?" "?=", "\xc3\xa9{}%d\t1", NULL });
    shipping_names(&meaning.vocabulary, (const char *const[]){ "", "@$<x>", "*/", "1", NULL });
    build(&shop, READS(3, 4), &meaning, "-DNAMES -DLABELS=2 -DVOCABULARY=4");
    const char *found = run(&shop, "/dev/null");
    cr_expect_str_eq(found, "a \"b\" \\n ?" "?=\n\xc3\xa9{}%d\t1\n\n@$<x>\n*/\n1\n");
    workshop_run(&shop, "grep -q 'define NET_LABELS 2$' net.h && grep -q 'define NET_VOCABULARY 4$' net.h");
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}
