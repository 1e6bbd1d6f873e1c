/* test_meaning.c: what numbers mean, through the metadata of a weight file and back. */
#include "runtime/lstmc.h"
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
    struct lstmc_meaning meaning = { .unit = LSTMC_WORDS, .pads_front = 1, .target_unit = LSTMC_CHARACTERS, .is_lower = 1, .is_relative = 1, .between_line_ends = 1 };
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
    cr_expect(back.unit == LSTMC_WORDS && back.pads_front && back.target_unit == LSTMC_CHARACTERS && back.is_lower && back.is_relative && back.between_line_ends && !back.targets.count);
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

/* A meaning that is another model's, whatever reads it. */
Test(meaning, held_against_the_model)
{
    static const struct lstmc_model numbers = { .name = "n",
                                                .input_rank = 2,
                                                .input_shape = { 4, 2 },
                                                .input_count = 8,
                                                .output_rank = 1,
                                                .output_shape = { 3 },
                                                .output_count = 3,
                                                .target_rank = 1,
                                                .target_shape = { 3 },
                                                .target_count = 3 };
    static const struct lstmc_model ids = { .name = "i",
                                            .input_is_tokens = 1,
                                            .vocabulary = 3,
                                            .input_rank = 1,
                                            .input_shape = { 4 },
                                            .input_count = 4,
                                            .output_rank = 1,
                                            .output_shape = { 2 },
                                            .output_count = 2,
                                            .target_is_class = 1,
                                            .target_rank = 1,
                                            .target_shape = { 1 },
                                            .target_count = 1 };
    static const struct { const struct lstmc_model *model; const char *pairs[9]; const char *expected; } table[] = {
        { &numbers, { "input_offset", "[1,2]", "input_scale", "[1,2]" }, NULL },
        { &numbers,
          { "input_offset", "[1]", "input_scale", "[1]" },
          "scales 1 columns of the input, but the model reads 2" },
        { &numbers, { "input_offset", "[1,2]", "input_scale", "[1,0]" }, "scales column 2 of the input by 0 from 2" },
        { &numbers, { "input_offset", "[1,2]", "input_scale", "[-1,1]" }, "scales column 1 of the input by -1 from 1" },
        { &numbers, { "target_offset", "[1,2,3]", "target_scale", "[1,1,1]", "targets", "[\"a\",\"b\",\"c\"]" }, NULL },
        { &numbers, { "target_offset", "[1]", "target_scale", "[1]", "targets", "[\"a\"]" }, NULL },
        { &numbers,
          { "target_offset", "[1,2]", "target_scale", "[1,1]" },
          "scales 2 columns of the output, but the model has 3" },
        { &numbers, { "targets", "[\"a\",\"b\"]" }, "names 2 targets, but the model has 3" },
        { &numbers, { "columns", "[\"a\",\"b\",\"c\"]" }, "names 3 columns, but the model reads 2" },
        { &numbers, { "labels", "[\"a\",\"b\"]" }, "names 2 classes, but the model's output has 3" },
        { &numbers, { "labels", "[\"a\",\"b\",\"c\",\"d\"]" }, "names 4 classes, but the model's output has 3" },
        { &numbers, { "vocabulary", "[\"a\"]" }, "has a vocabulary of 1, but the model's is 0" },
        { &numbers, { "relative_to", "last row" }, "says \"relative_to\", but does not scale its columns" },
        { &ids, { "vocabulary", "[\"\",\"?\",\"a\"]", "text_unit", "words", "labels", "[\"x\",\"y\"]" }, NULL },
        { &ids,
          { "vocabulary", "[\"\",\"?\",\"a\",\"b\"]", "text_unit", "words" },
          "has a vocabulary of 4, but the model's is 3" },
        { &ids, { "text_unit", "words" }, "says \"text_unit\", but has no vocabulary" },
        { &ids, { "labels", "[\"x\"]", "target_text_unit", "words" }, NULL },
        { &ids, { "labels", "[\"x\"]" }, "names 1 classes, but the model's output has 2" },
        { &ids,
          { "input_offset", "[1,2,3,4]", "input_scale", "[1,1,1,1]" },
          "scales 4 columns of the input, but the model reads ids, of steps: 4" },
        { &ids,
          { "target_offset", "[1]", "target_scale", "[1]" },
          "scales 1 columns of the output, but the model has 2, which are classes" },
        { &ids, { "text_padding", "left" }, "its metadata is broken: text_padding" },
        { &ids, { "relative_to", "first row" }, "its metadata is broken: relative_to" },
        { &ids, { "text_case", "upper" }, "its metadata is broken: text_case" },
        { &ids, { "text_between", "spaces" }, "its metadata is broken: text_between" },
        { &ids, { "text_between", "line ends", "text_unit", "words and lines", "vocabulary", "[\"\"]" }, "its vocabulary has no end of a line" },
    };
    struct temporary_file file = temporary_text("");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct lstmc_model small = *table[i].model;
        struct lstmc_meaning meaning;
        struct lstmc_message message = { "" };
        float weights[2] = { 7, 7 };
        int differs;
        small.weights = &weight, small.weight_tensors = 1, small.weight_count = small.gradient_count = 2;
        save(file.path, table[i].pairs);
        int status = lstmc_trained_load(&small, weights, &meaning, &differs, file.path, &message);
        cr_expect(table[i].expected ? status && strstr(message.text, table[i].expected) != NULL : !status,
                  "%zu: %d \"%s\", expected \"%s\"", i, status, message.text,
                  table[i].expected ? table[i].expected : "nothing");
        cr_expect(status ? weights[0] == 7 && !meaning.labels.count && !meaning.vocabulary.count
                         : weights[0] == 1 && weights[1] == 2,
                  "%zu", i);
        lstmc_meaning_free(&meaning);
    }
    temporary_remove(&file);
}

Test(meaning, weights_that_are_no_numbers)
{
    const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
    struct temporary_file file = temporary_text("");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float weights[2] = { 3.4e38f, bad[i] };
        struct lstmc_meaning meaning;
        struct lstmc_message message = { "" };
        int differs;
        cr_assert(!lstmc_weights_save(&model, weights, file.path, NULL, &message), "%s", message.text);
        cr_expect_eq(lstmc_trained_load(&model, weights, &meaning, &differs, file.path, &message), LSTMC_MISMATCH);
        cr_expect(strstr(message.text, ": dense/kernel, element 1 (from 0) is not a finite number"), "%s",
                  message.text);
    }
    temporary_remove(&file);
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
