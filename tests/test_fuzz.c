/* test_fuzz.c: random models are legal and of all kinds; a compiler that makes a mistake is found out, and what it cannot do is shrunk to what
 * matters; a process that ends or hangs is a finding too. */
#include "compiler/fuzz/fuzz.h"
#include "compiler/front/read_lua.h"
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int times(const char *text, const char *name)
{
    int count = 0;
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at += length)
        count += at[length] == '{';
    return count;
}

/* Layers that merge the masks of what they read. */
static int merged_masks(Arena *arena, const char *text)
{
    int merged = 0;
    Description *description = description_read_text(arena, diagnostics_create(arena), "fuzzed.lua", text, strlen(text),
                                                     &(ReadOptions){ .silent = true });
    const Model *model = description ? description_model(description) : NULL;
    for (int l = 0; model && l < model->layer_count; l++)
        merged += model->layers[l].makes_mask && model->layers[l].from_count > 1;
    description_free(description);
    return merged;
}

/* The definitions alone say what is drawn. */
Test(fuzz, all_layers_and_losses_are_drawn)
{
    Arena *arena = arena_create();
    const Catalogue *catalogue = catalogue_read();
    const char *all = "";
    int chains = 0, graphs = 0, lossless = 0, merged = 0, shared = 0, handed = 0, inputs = 0, outputs = 0;
    cr_assert(catalogue->layer_count > 12 && catalogue->loss_count > 5 && catalogue->activation_count > 15);
    for (uint64_t seed = 1; seed <= 250; seed++) {
        FuzzModel model = fuzz_draw(arena, catalogue, seed);
        const char *text = fuzz_text(arena, &model);
        if (getenv("FUZZ_SHOW"))
            printf("%s\n", text);
        cr_expect(model.node_count == 0 || fuzz_is_legal(&model), "%s", text);
        all = arena_format(arena, "%s%s", all, text);
        chains += strstr(text, "Sequential") != NULL;
        graphs += strstr(text, "Model{") != NULL;
        lossless += !model.loss.layer;
        shared += strstr(text, "local l") != NULL;
        handed += strstr(text, "initial_state = {y") != NULL;
        inputs += model.second.rank > 0;
        outputs += model.other_output > 0;
        merged += merged_masks(arena, text);
    }
    for (int i = 0; i < catalogue->layer_count; i++)
        cr_expect(times(all, catalogue->layers[i].name) > 0, "%s is never drawn", catalogue->layers[i].name);
    for (int i = 0; i < catalogue->loss_count; i++)
        cr_expect(times(all, catalogue->losses[i].name) > 0, "%s is never drawn", catalogue->losses[i].name);
    cr_expect(chains > 30 && graphs > 20 && lossless > 5, "%d chains, %d graphs, %d without a loss", chains, graphs, lossless);
    cr_expect(merged > 2, "%d merges of masks", merged);
    cr_expect(shared > 5 && handed > 2 && inputs > 10 && outputs > 5, "%d with a layer called again, %d with states handed over, %d of two "
              "inputs, %d of two outputs", shared, handed, inputs, outputs);
    arena_free(arena);
}

/* A C compiler that first changes the source. */
static char *compiler_that(const char *folder, const char *change)
{
    static char path[300];
    char text[600];
    snprintf(path, sizeof path, "%s/wrong_cc.sh", folder);
    snprintf(text, sizeof text, "#!/bin/sh\nfor f in \"$@\"; do case $f in *.c) %s;; esac; done\nexec cc \"$@\"\n", change);
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && !fclose(file) && !chmod(path, 0755));
    return path;
}

static const char *shrunk(Arena *arena, const char *change, const char **wrong)
{
    char *folder = command_folder();
    const FuzzBuild build = { "plain", 1, compiler_that(folder, change), "-O0" };
    const Catalogue *catalogue = catalogue_read();
    const char *text = NULL;
    for (uint64_t seed = 1; seed < 200 && !text; seed++) {
        FuzzModel model = fuzz_draw(arena, catalogue, seed);
        if (model.node_count < 3 || !(*wrong = fuzz_judge(arena, &model, &build, seed)))
            continue;
        FuzzModel small = fuzz_shrink(arena, &model, &build, seed, wrong);
        cr_expect_leq(small.node_count, model.node_count);
        text = fuzz_text(arena, &small);
    }
    command_folder_remove(folder);
    cr_assert(text, "%s: not found out", change);
    return text;
}

Test(fuzz, what_is_wrong_is_shrunk)
{
    Arena *arena = arena_create();
    const char *wrong;
    /* the mathematics of one layer: what is left is that layer, once, without options */
    const char *text = shrunk(arena, "sed -i 's/return 1.0f . (1.0f + expf(-v))/return 0.999f \\/ (1.0f + expf(-v))/' \"$f\"", &wrong);
    cr_expect(strstr(wrong, "is off by"), "%s", wrong);
    cr_expect(strlen(text) < 160, "not small:\n%s", text);
    /* not C at all: every model fails, and the smallest is one layer */
    text = shrunk(arena, "echo 'no C' >>\"$f\"", &wrong);
    cr_expect(strstr(wrong, "failed"), "%s", wrong);
    cr_expect(strlen(text) < 130 && !strstr(text, "loss"), "not small:\n%s", text);
    arena_free(arena);
}

Test(fuzz, the_command)
{
    char *folder = command_folder();
    Ran ran = command_run(folder, 300, "$L fuzz --count 2 --seed 5 --threads 2");
    cr_expect(ran.status == 0 && strstr(ran.output, "2 models from seed 5 on, 0 wrong\n") && strstr(ran.output, "; 2 at once, ") && strstr(ran.errors, "1 of 2 models, 0 wrong"),
              "%d: %s%s", ran.status, ran.output, ran.errors);
    ran_free(&ran);
    command_expect(folder, 60, "$L fuzz model.lua", 2, NULL, "fuzz draws its models itself");
    command_expect(folder, 60, "$L check model.lua --count 3", 2, NULL, "--count does not go with check");
    command_folder_remove(folder);
}

/* What random models found, as small as it was. */
static const struct Finding {
    const char *why, *options, *text;
} findings[] = {
    { "a variance of exponentials of exponentials is infinite, while the loss is small", "--seed 368",
      "return Sequential{ batch_size = 1, Input{2, 2},\n"
      "  RNN{cell = {SimpleRNNCell{units = 9, activation = 'exponential', use_bias = false, dropout = 0.1},\n"
      "              LayerNormLSTMCell{units = 1, activation = 'silu', use_bias = false, recurrent_dropout = 0.25}},\n"
      "      go_backwards = true} }\n" },
    { "lanes over time, where what stands behind it is 1, leave the innermost array", "--lanes 4 --seed 484",
      "return Sequential{ batch_size = 1, loss = 'categorical_crossentropy', Input{3, 1, 1},\n"
      "  MaxPooling2D{padding = 'same'}, Dense{units = 2, activation = 'softmax'} }\n" },
    { "x / |x| of one feature has a gradient of last digits of large numbers", "--lanes 16 --input-gradient --seed 975",
      "return Sequential{ batch_size = 1, loss = MeanAbsolutePercentageError{}, Input{1, 3, 1},\n"
      "  GaussianNoise{stddev = 1.5}, UnitNormalization{} }\n" },
    { "a loss of terms that cancel stands still over the steps at which its rounding was looked for", "--seed 70260",
      "return Sequential{ batch_size = 1, loss = CosineSimilarity{}, Input{7, 4}, Concatenate{},\n"
      "  RNN{cell = {LayerNormLSTMCell{units = 2, use_bias = false},\n"
      "              SimpleRNNCell{units = 6, activation = 'softplus', recurrent_dropout = 0.25},\n"
      "              LSTMCell{units = 5, recurrent_activation = 'tanh', use_peepholes = true, projection = 2}}, truncate = 1},\n"
      "  IgnoreMask{}, IgnoreMask{}, ELU{} }\n" },
};

Test(fuzz, what_was_found_stays_mended)
{
    char *folder = command_folder();
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
        const struct Finding *finding = &findings[i];
        command_write(folder, "model.lua", finding->text, (long)strlen(finding->text));
        for (int c = 0; c < 2; c++) {
            char line[200];
            snprintf(line, sizeof line, "CC=%s CFLAGS=-O2 $L check model.lua %s", c ? "clang" : "gcc", finding->options);
            Ran ran = command_run(folder, 60, line);
            cr_expect(ran.status == 0 && strstr(ran.output, "all within tolerance"), "%s: %s: %s%s", finding->why, line,
                      ran.output, ran.errors);
            ran_free(&ran);
        }
    }
    command_folder_remove(folder);
}
