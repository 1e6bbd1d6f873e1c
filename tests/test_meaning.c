/* test_meaning.c: what numbers mean, through the metadata of a weight file and back. */
#include "../runtime/lstmc.h"
#include "mutate.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lstmc_tensor weight = { .name = "dense/kernel", .rank = 1, .shape = { 2 }, .count = 2, .trainable = 1 };
static const struct lstmc_model model = { .name = "small", .weights = &weight, .weight_tensors = 1, .weight_count = 2, .gradient_count = 2 };

static void name(struct lstmc_names *names, int count, const char *const *text)
{
    cr_assert(lstmc_names_alloc(names, count));
    for (int i = 0; i < count; i++)
        cr_assert(lstmc_names_set(names, i, text[i], strlen(text[i])));
}

static void expect_names(const struct lstmc_names *names, int count, const char *const *text)
{
    cr_assert_eq(names->count, count);
    for (int i = 0; i < count; i++)
        cr_expect_str_eq(names->text[i], text[i]);
}

static void save(const char *path, const char *const *metadata)
{
    float weights[2] = { 1, 2 };
    struct lstmc_message message = { "" };
    cr_assert_eq(lstmc_weights_save(&model, weights, path, metadata, &message), 0, "%s", message.text);
}

static struct lstmc_meaning through_a_file(struct lstmc_meaning *meaning)
{
    struct temporary_file file = temporary_text("");
    const char *path = file.path;
    struct lstmc_meaning back;
    struct lstmc_message message = { "" };
    const char *more[] = { "extra", "1", NULL };
    char **pairs = lstmc_meaning_metadata(meaning, more);
    cr_assert(pairs);
    save(path, (const char *const *)pairs);
    lstmc_metadata_free(pairs);
    cr_assert_eq(lstmc_meaning_load(&back, path, &message), 0, "%s", message.text);
    lstmc_meaning_free(meaning);
    temporary_remove(&file);
    return back;
}

Test(meaning, all_of_it)
{
    static const char *const words[] = { "", "\xc3\xa9t\xc3\xa9", "\"quoted\"" }, *const labels[] = { "no", "yes" }, *const columns[] = { "a,b" };
    struct lstmc_meaning meaning = { .unit = LSTMC_WORDS, .pads_front = 1, .target_unit = LSTMC_CHARACTERS, .is_lower = 1, .is_relative = 1 };
    cr_assert(lstmc_scaling_alloc(&meaning.input, 2) && lstmc_scaling_alloc(&meaning.target, 1));
    meaning.input.offset[0] = 0.1, meaning.input.offset[1] = -3, meaning.input.scale[1] = 1.0 / 3;
    meaning.target.scale[0] = 1e-300;
    name(&meaning.vocabulary, 3, words);
    name(&meaning.labels, 2, labels);
    name(&meaning.columns, 1, columns);
    struct lstmc_meaning back = through_a_file(&meaning);
    cr_assert_eq(back.input.columns, 2);
    cr_expect(back.input.offset[0] == 0.1 && back.input.offset[1] == -3 && back.input.scale[0] == 1 && back.input.scale[1] == 1.0 / 3);
    cr_expect(back.target.columns == 1 && back.target.scale[0] == 1e-300);
    cr_expect(back.unit == LSTMC_WORDS && back.pads_front && back.target_unit == LSTMC_CHARACTERS && back.is_lower && back.is_relative && !back.targets.count);
    expect_names(&back.vocabulary, 3, words);
    expect_names(&back.labels, 2, labels);
    expect_names(&back.columns, 1, columns);
    lstmc_meaning_free(&back);
}

Test(meaning, nothing)
{
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT }, back = through_a_file(&meaning);
    cr_expect(!back.input.columns && !back.target.columns && !back.labels.count && !back.vocabulary.count && !back.unit && !back.target_unit && !back.is_lower && !back.is_relative);
}

Test(meaning, every_byte)
{
    char text[256][2] = { "" };
    const char *bytes[256];
    for (int i = 0; i < 256; i++) {
        text[i][0] = (char)i;
        bytes[i] = text[i];
    }
    struct lstmc_meaning meaning = { .unit = LSTMC_BYTES };
    name(&meaning.vocabulary, 256, bytes);
    name(&meaning.labels, 256, bytes);
    struct lstmc_meaning back = through_a_file(&meaning);
    expect_names(&back.vocabulary, 256, bytes);
    expect_names(&back.labels, 256, bytes);
    lstmc_meaning_free(&back);
}

Test(meaning, broken_metadata)
{
    static const char *const broken[][3] = {
        { "labels", "[1]" }, { "labels", "\"a\"" }, { "labels", "[" }, { "vocabulary", "[]" }, { "text_unit", "letters" }, { "target_text_unit", "" }, { "input_offset", "[1]" },
        { "target_scale", "[\"1\"]" }, { "columns", "{}" },
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct temporary_file file = temporary_text("");
    const char *path = file.path;
        struct lstmc_meaning meaning;
        struct lstmc_message message = { "" };
        save(path, broken[i]);
        cr_expect_eq(lstmc_meaning_load(&meaning, path, &message), LSTMC_BAD_FILE, "%s", broken[i][1]);
        cr_expect(strstr(message.text, broken[i][0]), "%s", message.text);
        cr_expect(!meaning.labels.count && !meaning.input.columns);
        temporary_remove(&file);
    }
}

static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    struct lstmc_meaning meaning;
    float weights[2];
    (void)context;
    int status = lstmc_meaning_load(&meaning, path, message);
    lstmc_meaning_free(&meaning);
    return status ? status : lstmc_weights_load(&model, weights, path, message);
}

Test(meaning, mutations)
{
    static const char *const pairs[] = { "labels", "[\"a\",\"b\"]", "text_unit", "bytes", "input_offset", "[1,2]", "input_scale", "[1,0.5]", NULL };
    struct temporary_file file = temporary_text("");
    unsigned char bytes[1000];
    save(file.path, pairs);
    FILE *stream = fopen(file.path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    temporary_remove(&file);
    struct mutations done = mutate(bytes, size, "\"[]{},:0123456789\\", read_mutation, NULL);
    cr_expect(done.refused > done.files / 2 && done.refused < done.files, "%d of %d mutations were refused", done.refused, done.files);
}
