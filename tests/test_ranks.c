/* test_ranks.c: samples of three and four extents, {timesteps, height, width, channels}: the layers that see the last
 * one, those that see whole samples, losses, weights of four extents, data; through all oracles, at sizes that are no
 * multiples of lanes. */
#include "command.h"
#include "oracles.h"

#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void expect_everywhere(const char *text)
{
    expect_agreement_with(text, &(Oracles){ .seed = 3, .targets = ORACLE_PLAIN | ORACLE_VECTORS });
}

Test(ranks, layers_of_the_last_extent)
{
    expect_everywhere("Input{4, 5, 3}, Dense{7, activation = 'tanh'}, Dropout{0.3}, Activation{'sigmoid'}, Dense{2}, loss = 'mse'");
    expect_everywhere("Input{3, 4, 5, 3}, Activation{'tanh'}, Dense{9}, Dropout{0.4}, Dense{2, activation = 'softmax'}, "
                      "loss = 'categorical_crossentropy'");
}

Test(ranks, losses)
{
    expect_everywhere("Input{3, 5, 4}, Dense{5, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'");
    expect_everywhere("Input{3, 2, 5, 3}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'");
    expect_agreement("Input{3, 2, 3, 2}, Dense{3}, loss = Huber{}");
    expect_agreement("Input{3, 2, 3, 2}, Dense{3}");
}

Test(ranks, whole_samples_in_one)
{
    expect_everywhere("Input{4, 5, 3}, Dense{3, activation = 'tanh'}, Flatten{}, Dense{6}, loss = 'mse'");
    expect_everywhere("Input{3, 4, 2, 3}, Flatten{}, Dense{5, activation = 'relu'}, Dense{2}, loss = 'mae'");
}

/* A convolution over the last three extents but for the filters' own; `leading` names the axes in front. */
#define CONVOLUTION \
    "layer 'Convolve' {\n" \
    "  arguments = { {'filters', 'size'}, {'rows', 'size'}, {'columns', 'size'} }, over = 'sample',\n" \
    "  shape = function(a, x) return { x.shape[1] - a.rows + 1, x.shape[2] - a.columns + 1, a.filters } end,\n" \
    "  weights = function(a, x)\n" \
    "    return { kernel = weight({ a.rows, a.columns, x.features, a.filters }), bias = weight({ a.filters }) }\n" \
    "  end,\n" \
    "  call = function(a, w, x)\n" \
    "    local h, v, i, j, c, f = axes 'h v i j c f'\n" \
    "    local y = tensor{ x.shape[1] - a.rows + 1, x.shape[2] - a.columns + 1, a.filters }\n" \
    "    y[{ h, v, f }] = w.kernel[{ i, j, c, f }] * x[{ h + i, v + j, c }] + w.bias[{ f }]\n" \
    "    return y\n" \
    "  end }\n"

Test(ranks, kernels_of_four_extents)
{
    expect_everywhere(CONVOLUTION "return Sequential{ Input{7, 6, 3}, Convolve{5, 3, 3}, Activation{'tanh'}, Convolve{9, 2, 1}, Flatten{}, "
                      "Dense{3, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy', batch_size = 4 }");
    expect_everywhere(CONVOLUTION "return Sequential{ Input{5, 9, 2}, Convolve{17, 4, 7}, Dense{1}, loss = 'mse', batch_size = 3 }");
}

/* The same at each of several steps, in front of a cell. */
Test(ranks, frames_of_a_sequence)
{
    expect_everywhere(
        "layer 'Conv' { arguments = { {'filters', 'size'}, {'size', 'size'} }, over = 'sample',\n"
        "  shape = function(a, x)\n"
        "    return { x.shape[1], x.shape[2] - a.size + 1, x.shape[3] - a.size + 1, a.filters }\n"
        "  end,\n"
        "  weights = function(a, x) return { kernel = weight({ a.size, a.size, x.features, a.filters }) } end,\n"
        "  call = function(a, w, x)\n"
        "    local t, h, v, i, j, c, f = axes 't h v i j c f'\n"
        "    local y = tensor{ x.shape[1], x.shape[2] - a.size + 1, x.shape[3] - a.size + 1, a.filters }\n"
        "    y[{ t, h, v, f }] = w.kernel[{ i, j, c, f }] * x[{ t, h + i, v + j, c }]\n"
        "    return y\n"
        "  end }\n"
        "layer 'Rows' { arguments = {}, over = 'sample',\n"
        "  shape = function(a, x) return { x.shape[1], x.shape[2] * x.shape[3] * x.shape[4] } end,\n"
        "  call = function(a, w, x)\n"
        "    local t, h, v, n = axes 't h v n'\n"
        "    local y = tensor{ x.shape[1], x.shape[2] * x.shape[3] * x.shape[4] }\n"
        "    y[{ t, x.shape[3] * x.shape[4] * h + x.shape[4] * v + n }] = x[{ t, h, v, n }]\n"
        "    return y\n"
        "  end }\n"
        "return Sequential{ Input{4, 5, 6, 3}, Conv{5, 3}, Activation{'tanh'}, Rows{}, LSTM{6, return_sequences = true}, Dense{2},\n"
        "  loss = 'mse', batch_size = 3 }");
}

Test(ranks, merges)
{
    expect_everywhere("local x = Input{3, 5, 4}\n"
                      "local a, b = Dense{4, activation = 'tanh'}(x), Dense{4}(x)\n"
                      "local y = Dense{2}(Concatenate{}{Multiply{}{a, b}, Maximum{}{a, x}, Average{}{a, b, x}})\n"
                      "return Model{ inputs = x, outputs = y, name = 'merges', loss = 'mse', batch_size = 4 }");
    expect_agreement("local x, z = Input{3, 2, 5, 3}, Input{3, 4, 5, 3}\n"
                     "local y = Flatten{}(Concatenate{axis = 2}{Dense{3}(x), z})\n"
                     "return Model{ inputs = {x, z}, outputs = y, name = 'merges', loss = 'mse', batch_size = 3 }");
}

/* A shift along the second extent, and a mean over two of them that leaves a sequence. */
Test(ranks, custom_layers)
{
    expect_everywhere(
        "layer 'Mean' { arguments = {}, over = 'sample',\n"
        "  shape = function(a, x) return { x.shape[1], x.features } end,\n"
        "  call = function(a, w, x)\n"
        "    local t, h, v, n = axes 't h v n'\n"
        "    local y = tensor{ x.shape[1], x.features }\n"
        "    y[{ t, n }] = x[{ t, h, v, n }] * (1 / (x.shape[2] * x.shape[3]))\n"
        "    return y\n"
        "  end }\n"
        "layer 'Scaled' { arguments = {}, over = 'sample',\n"
        "  weights = function(a, x) return { by = weight({ x.shape[2], x.shape[3], x.features }, 'ones') } end,\n"
        "  call = function(a, w, x)\n"
        "    local t, h, v, n = axes 't h v n'\n"
        "    local y = tensor{ x.shape[1], x.shape[2], x.shape[3], x.features }\n"
        "    y[{ t, h, v, n }] = x[{ t, h, v, n }] * w.by[{ h, v, n }]\n"
        "    return y\n"
        "  end }\n"
        "return Sequential{ Input{4, 3, 2, 5}, Scaled{}, Activation{'tanh'}, Mean{}, GRU{3}, loss = 'mse', batch_size = 3 }");
}

Test(ranks, a_loss_of_whole_samples)
{
    expect_agreement(
        "loss 'Flat' { over = 'sample', call = function(a, y, p)\n"
        "    local t, s, n = axes 't s n'\n"
        "    local total = tensor{}\n"
        "    total[{}] = (y[{ t, s, n }] - p[{ t, s, n }]) * (y[{ t, s, n }] - p[{ t, s, n }])\n"
        "    return total\n"
        "  end }\n"
        "return Sequential{ Input{3, 2, 4}, Dense{3, activation = 'tanh'}, loss = 'Flat', batch_size = 3 }");
}

static const char *obstacle(Arena *arena, const char *text)
{
    Description *description = oracle_read(arena, text);
    const CompileOptions options = { .target = target_find("plain") };
    Compiled compiled = { 0 };
    cr_assert(compile(arena, description, diagnostics_create(arena), &options, &compiled));
    const char *why = compiled.programs.no_step ? arena_copy_text(arena, compiled.programs.no_step) : NULL;
    compiled_free(&compiled);
    description_free(description);
    return why;
}

/* The first extent is time, no other one. */
Test(ranks, time_is_the_first_extent)
{
    Arena *arena = arena_create();
    cr_expect_null(obstacle(arena, "Input{4, 5, 3}, Dense{2, activation = 'softmax'}"));
    cr_expect_null(obstacle(arena, "Input{4, 3, 5, 3}, Activation{'tanh'}"));
    const char *why = obstacle(arena, "Input{4, 5, 3}, Flatten{}, Dense{2}");
    cr_expect(why && strstr(why, "side by side"), "%s", why);
    why = obstacle(arena, CONVOLUTION "return Sequential{ Input{5, 6, 3}, Convolve{2, 2, 1} }");
    cr_expect(why && strstr(why, "another length"), "%s", why);
    arena_free(arena);
}

/* ---- data ---- */

enum { SAMPLES = 12 };

static const char of_places[] =
    "return Sequential{ name = 'places', Input{3, 2, 2}, Dense{3, activation = 'softmax'}, batch_size = 4, epochs = 40, seed = 1,\n"
    "  loss = 'sparse_categorical_crossentropy', optimizer = Adam{learning_rate = 0.1}, metrics = {'accuracy'},\n";

static void write_places(const char *folder, const char *data)
{
    char text[2000];
    int length = snprintf(text, sizeof text, "%s%s }\n", of_places, data);
    command_write(folder, "places.lua", text, length);
}

/* The class of a place: whether its two numbers are in order. */
static void write_arrays(const char *folder)
{
    float x[SAMPLES * 12], y[SAMPLES * 6];
    char path[300];
    struct lstmc_message message = { "" };
    for (size_t i = 0; i < SAMPLES * 12; i++)
        x[i] = (float)((i * 37 + i / 7 * 11) % 41) / 20 - 1;
    for (size_t i = 0; i < SAMPLES * 6; i++)
        y[i] = x[2 * i] > x[2 * i + 1] ? 2 : 0;
    snprintf(path, sizeof path, "%s/x.npy", folder);
    cr_assert_eq(lstmc_npy_write(path, x, 4, (const size_t[]){ SAMPLES, 3, 2, 2 }, &message), 0, "%s", message.text);
    snprintf(path, sizeof path, "%s/y.npy", folder);
    cr_assert_eq(lstmc_npy_write(path, y, 3, (const size_t[]){ SAMPLES, 3, 2 }, &message), 0, "%s", message.text);
}

Test(ranks, trains_predicts_and_streams)
{
    char *folder = command_folder();
    write_arrays(folder);
    write_places(folder, "data = npy{ x = 'x.npy', y = 'y.npy' }");
    command_expect(folder, 60, "$L train places.lua --quiet && $L evaluate places.lua | grep -o 'accuracy.*'", 0, "accuracy 1\n", NULL);
    command_expect(folder, 60, "$L predict places.lua --input x.npy | wc -l | tr -d ' '", 0, "83\n", NULL);
    command_expect(folder, 60, "echo 0.9 0.1 0.1 0.9 0.9 0.1 0.1 0.9 0.9 0.1 0.1 0.9 > in && $L predict places.lua --input in > a && cut -d' ' -f1 a | tr -d '\\n'",
                   0, "202020", NULL);
    command_expect(folder, 60, "$L predict places.lua --input in --stream | grep . | diff a -", 0, "", NULL);
    command_expect(folder, 60, "$L predict places.lua --input in --interpreted | diff a -", 0, "", NULL);
    command_expect(folder, 60, "$L predict places.lua --input x.npy --out y2.npy && head -c 100 y2.npy | grep -a -o '(.*)'", 0, "(12, 3, 2, 3,)\n", NULL);
    command_expect(folder, 60, "$L places.lua --weights places.safetensors --example --self-test >/dev/null && "
                               "gcc -std=c11 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror *.c -o test -lm && ./test --self-test && ./test in | diff a -",
                   0, "all right", NULL);
    write_places(folder, "data = samples{ function(random)\n"
                 "  local x, y = {}, {}\n"
                 "  for t = 1, 3 do x[t], y[t] = {}, {} for s = 1, 2 do\n"
                 "    x[t][s] = { random(), random() }\n"
                 "    y[t][s] = x[t][s][1] > x[t][s][2] and 2 or 0\n"
                 "  end end\n"
                 "  return x, y end, samples = 64, validation_samples = 8 }");
    command_expect(folder, 60, "$L train places.lua --quiet && $L predict places.lua --input in | cut -d' ' -f1 | tr -d '\\n'", 0, "202020", NULL);
    command_folder_remove(folder);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

Test(ranks, refusals)
{
    char *folder = command_folder();
    write_text(folder, "five.lua", "return Sequential{ Input{2, 3, 4, 5, 6}, Flatten{}, Dense{1} }");
    command_expect(folder, 60, "$L five.lua", 1, NULL, "must have one to four extents");
    write_text(folder, "cell.lua", "return Sequential{ Input{2, 3, 4}, LSTM{1} }");
    command_expect(folder, 60, "$L cell.lua", 1, NULL, "LSTM: needs a sequence {timesteps, features}, but input gives {2, 3, 4}");
    write_text(folder, "vector.lua", "return Sequential{ Input{2, 3, 4}, RepeatVector{2} }");
    command_expect(folder, 60, "$L vector.lua", 1, NULL, "but input gives {2, 3, 4} (Flatten, ");
    write_text(folder, "weight.lua", "layer 'W' { arguments = {}, weights = function(a, x) return { w = weight({1, 2, 3, 4, 5}) } end,\n"
                                     "  call = function(a, w, x) return x end }\nreturn Sequential{ Input{2}, W{} }");
    command_expect(folder, 60, "$L weight.lua", 1, NULL, "a shape of one to four extents");
    command_folder_remove(folder);
}
