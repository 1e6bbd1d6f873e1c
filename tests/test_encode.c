/* test_encode.c: a text becomes the ids that the reader made of it in training, cut and padded on the same side; and any bytes become ids or a message. */
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 6

static struct lstmc_model model(int vocabulary, int classes)
{
    return (struct lstmc_model){ .name = "texts", .loss = "sparse_categorical_crossentropy", .input_is_tokens = 1, .vocabulary = vocabulary,
                                 .input_rank = 1, .input_shape = { STEPS }, .output_rank = 1, .output_shape = { classes }, .input_count = STEPS,
                                 .output_count = (size_t)classes, .target_count = 1, .target_is_class = 1, .batch = 2, .shards = 1 };
}

static const char *const texts[] = { "What a NICE film!", "dull", "so-so, isn't it? very dull", "\xc3\x89t\xc3\xa9 \xc3\xa9t\xc3\xa9" };

/* All of them train; their ids stand in the data set in the order of the lines, as nothing is held out. */
static void expect_ids_of_the_reader(enum lstmc_text_unit unit, int lower, int pads_front)
{
    char lines[500] = "";
    for (int i = 0; i < 4; i++)
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%s\t%s\n", i % 2 ? "bad" : "good", texts[i]);
    struct temporary_file file = temporary_text(lines);
    const char *path = file.path;
    struct lstmc_model m = model(40, 2);
    struct lstmc_lines_options options = { .files = &path, .file_count = 1, .separator = '\t', .label = 1, .text = 2, .unit = unit, .lower = lower,
                                           .pads_front = pads_front, .split = 1, .seed = 1 };
    struct lstmc_dataset data, none;
    struct lstmc_message message = { "" };
    cr_assert_eq(lstmc_read_lines(&m, &options, &data, &none, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_dataset_make(&m, &data), 0);
    int found = 0;
    for (int i = 0; i < 4; i++) {
        int32_t ids[STEPS];
        cr_assert_eq(lstmc_encode(&data.meaning, texts[i], strlen(texts[i]), ids, STEPS, NULL, &message), 0, "%s", message.text);
        for (size_t sample = 0; sample < data.samples; sample++)
            found += !memcmp((int32_t *)data.x + sample * STEPS, ids, sizeof ids);
    }
    cr_expect_eq(found, 4, "unit %d, lower %d, front %d: %d of 4 texts have the reader's ids", (int)unit, lower, pads_front, found);
    lstmc_dataset_free(&data);
    temporary_remove(&file);
}

Test(encode, is_what_the_reader_of_lines_does)
{
    for (int lower = 0; lower < 2; lower++)
        for (int front = 0; front < 2; front++) {
            expect_ids_of_the_reader(LSTMC_WORDS, lower, front);
            expect_ids_of_the_reader(LSTMC_CHARACTERS, lower, front);
        }
}

Test(encode, is_what_the_reader_of_characters_does)
{
    static const char text[] = "to be, or not to be\xe9";
    struct temporary_file file = temporary_write(text, sizeof text - 1);
    struct lstmc_model m = model(9, 9);
    struct lstmc_dataset data, none;
    struct lstmc_message message = { "" };
    cr_assert_eq(lstmc_read_characters(&m, file.path, STEPS, 1, &data, &none, &message), 0, "%s", message.text);
    cr_assert_eq(lstmc_dataset_make(&m, &data), 0);
    int32_t ids[STEPS];
    size_t found;
    for (size_t sample = 0; sample < data.samples; sample++) {
        cr_assert_eq(lstmc_encode(&data.meaning, text + sample * STEPS, STEPS, ids, STEPS, &found, &message), 0, "%s", message.text);
        cr_expect(found == STEPS && !memcmp((int32_t *)data.x + sample * STEPS, ids, sizeof ids));
    }
    cr_expect_eq(lstmc_encode(&data.meaning, "to x", 4, ids, STEPS, NULL, &message), LSTMC_MISMATCH);
    cr_expect_str_eq(message.text, "column 4: no id stands for 'x'");
    cr_expect_eq(lstmc_encode(&data.meaning, "\xc3", 1, ids, STEPS, NULL, &message), LSTMC_MISMATCH);
    cr_expect_str_eq(message.text, "column 1: no id stands for the byte 0xc3");
    lstmc_dataset_free(&data);
    temporary_remove(&file);
}

Test(encode, any_bytes)
{
    static char *names[] = { "", "?", "a", "b", "\xc3\xa9", "," };
    struct lstmc_meaning meaning = { .vocabulary = { 6, names }, .is_lower = 1 };
    const char *setting = getenv("FUZZ_FILES");
    int files = setting ? atoi(setting) : 200, good = 0;
    for (int i = 0; i < files; i++) {
        char *text = malloc((size_t)(i % 40) + 1);
        int32_t ids[STEPS];
        struct lstmc_message message = { "" };
        for (int k = 0; k < i % 40; k++) {
            uint64_t bits = lstmc_random_bits(3, (uint64_t)i, (uint64_t)k, 0);
            text[k] = bits & 256 ? (char)bits : "ab, \xc3\xa9"[bits % 6];
        }
        meaning.unit = (enum lstmc_text_unit)(1 + i % 3);
        meaning.pads_front = i / 3 % 2;
        int status = lstmc_encode(&meaning, text, (size_t)(i % 40), ids, STEPS, NULL, &message);
        cr_expect(!status || *message.text);
        for (int k = 0; !status && k < STEPS; k++)
            cr_expect(ids[k] >= 0 && ids[k] < 6);
        good += !status;
        free(text);
    }
    cr_expect(good > 0 && good < files, "%d of %d", good, files);
}
