/* test_command_data.c: what a description says of its data, through the program: --data, horizons beside persistence, groups, gzip, labels. */
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SECONDS 60

/* v is the row's number, so persistence is wrong by the horizon, exactly. */
#define FORECAST \
    "return Sequential{ Input{3, 2}, Dense{2}, Flatten{}, Dense{6}, loss = \"mse\", optimizer = Adam{learning_rate = arg.rate or 0.01}, epochs = 2,\n" \
    "  data = csv{\"s.csv\", columns = {\"v\", \"w\"}, targets = {\"v\", \"v\"}, window = 3, horizon = {1, 2, 5}, relative = true, split = 0.75} }\n"
#define ENGINES \
    "return Sequential{ Input{2, 1}, LSTM{2}, Dense{1, activation = \"sigmoid\"}, loss = \"binary_crossentropy\", metrics = {\"accuracy\"},\n" \
    "  data = csv{\"train.gz\", columns = {\"2\"}, targets = {\"remaining\"}, at_most = 1, group = \"1\", window = 2, horizon = 0, validation = \"test.txt\",\n" \
    "             validation_remaining = \"left.txt\", last_only = true, missing = \"previous\"} }\n"
#define SHAPES \
    "local function draw(random) local class = random(2) - 1 return { class, random() }, class end\n" \
    "return Sequential{ Input{2}, Dense{arg.classes or 2, activation = \"softmax\"}, loss = \"sparse_categorical_crossentropy\",\n" \
    "  data = samples{draw, samples = 64, labels = {\"square\", \"circle\"}} }\n"

/* The last of four steps has a target v and a weight w; `way` says where they are. */
#define STEPS \
    "local way, v, w = arg.way, arg.v or 0, arg.w or 0\n" \
    "local function draw(random) local x = {} for t = 1, 4 do x[t] = { random() } end\n" \
    "  return x, { 0, 1, 0, v }, way == 'one' and 1 or way == 'text' and { 1, 1, 1, 'a' } or way == 'few' and { 1, 1 } or { 1, 2, 1, w } end\n" \
    "return Sequential{ Input{4, 1}, LSTM{2, return_sequences = true}, Dense{1}, loss = 'mse', sample_weight_mode = 'temporal',\n" \
    "  weighted_metrics = {'mae'}, batch_size = 8, epochs = 2, data = way == 'csv' and csv{'w.csv', columns = {'v'}, targets = {'v'}, window = 4,\n" \
    "  horizon = 0, sample_weight = 'w', split = 0.7} or samples{draw, samples = 16, validation_samples = 8} }\n"

static char *folder;

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void write_series(const char *name, int rows, int factor)
{
    char text[4096];
    int length = sprintf(text, "v,w\n");
    for (int i = 0; i < rows; i++)
        length += sprintf(text + length, "%d,%d\n", i * factor, i % 4);
    write_text(name, text);
}

static void set_up(void)
{
    folder = command_folder();
    write_text("f.lua", FORECAST);
    write_text("e.lua", ENGINES);
    write_text("l.lua", SHAPES);
    write_text("w.lua", STEPS);
    write_series("s.csv", 40, 1);
    write_series("t.csv", 80, 10);
    write_text("test.txt", "1 7 \n1 8 \n2 1 \n3 4 \n3 5 \n3 NA \n");
    write_text("left.txt", "1\n2\n3\n");
    char path[256];
    snprintf(path, sizeof path, "%s/train.gz", folder);
    gzFile file = gzopen(path, "wb");
    cr_assert(file && gzputs(file, "1 1 \n1 2 \n1 3 \n2 1 \n2 2 \n") > 0);
    gzclose(file);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(command_data, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

Test(command_data, each_horizon_beside_persistence)
{
    Ran ran = command_run(folder, SECONDS, "$L train f.lua --interpreted");
    cr_assert_eq(ran.status, 0, "%s", ran.errors);
    double ours[4], persistence[4];
    const char *at = strstr(ran.output, "held-out forecasts: ");
    static const char *const names[] = { "held-out forecasts", "  1 ahead", "  2 ahead", "  5 ahead" };
    for (int i = 0; i < 4; i++) {
        char start[64];
        snprintf(start, sizeof start, "%s: mse ", names[i]);
        at = at ? strstr(at, start) : NULL;
        cr_assert(at && sscanf(at + strlen(start), "%lf, persistence (the last known value) %lf", &ours[i], &persistence[i]) == 2, "no \"%s\" in\n%s",
                  start, ran.output);
    }
    cr_expect(persistence[0] == 10 && persistence[1] == 1 && persistence[2] == 4 && persistence[3] == 25, "%g: %g %g %g", persistence[0],
              persistence[1], persistence[2], persistence[3]);
    cr_expect(ours[0] - (ours[1] + ours[2] + ours[3]) / 3 < 1e-2 * ours[0], "%g is not the mean of %g %g %g", ours[0], ours[1], ours[2], ours[3]);
    ran_free(&ran);
    expect("$L evaluate f.lua --interpreted", 0, "5 ahead: mse", NULL);
}

/* One horizon of 8 and room for all rows up to it: six of them are told. */
Test(command_data, rows_up_to_a_horizon_beside_persistence)
{
    expect("sed 's/Dense{6}/Dense{16}/; s/horizon = {1, 2, 5}/horizon = 8/' f.lua >all.lua; $L train all.lua --interpreted --quiet | grep ' ahead: ' | "
           "sed 's/:.*value) /: /; s/: [0-9.]* %.*//'", 0,
           "  1 ahead: 1\n  2 ahead: 4\n  4 ahead: 16\n  5 ahead: 25\n  7 ahead: 49\n  8 ahead: 64\n", NULL);
}

Test(command_data, a_series_that_never_changes)
{
    expect("(echo v,w; for i in $(seq 40); do echo 5,5; done) >c.csv; $L train f.lua --interpreted --quiet --data c.csv >said; "
           "grep -c 'persistence (the last known value) 0, which is never wrong here$' said; grep -ci 'nan\\|inf' said", 1, "4\n0\n", "has the same value in every row");
}

/* Time steps that are horizons, and those that are not. */
Test(command_data, columns_of_predictions_say_how_far_ahead)
{
    expect("sed 's/Flatten{}, Dense{6}/LSTM{2}, RepeatVector{3}, Dense{2}/; s/Input{3, 2}, Dense{2}/Input{3, 2}/' f.lua >steps.lua; "
           "$L train steps.lua --interpreted --quiet >said && $L predict steps.lua --interpreted --input s.csv --out p.csv && head -n 1 p.csv", 0,
           "\"v +1\",\"v +1\",\"v +2\",\"v +2\",\"v +5\",\"v +5\"\n", NULL);
    expect("sed 's/horizon = {1, 2, 5}, relative = true/horizon = 0/; s/targets = {\"v\", \"v\"}/targets = {\"v\"}/' f.lua | "
           "sed 's/Flatten{}, Dense{6}/Flatten{}, Dense{1}/' >now.lua; $L train now.lua --interpreted --quiet >said && "
           "$L predict now.lua --interpreted --input s.csv --out p.csv && head -n 1 p.csv", 0, "\"v\"\n", NULL);
}


Test(command_data, other_files)
{
    expect("$L train f.lua --interpreted 2>/dev/null", 0, "f: 23 samples, 6 held out", NULL);
    expect("$L train f.lua --interpreted --data t.csv 2>/dev/null", 0, "f: 53 samples, 16 held out", NULL);
    expect("mkdir deep && mv f.lua deep && $L train deep/f.lua --interpreted --data=file=t.csv 2>/dev/null", 0, "f: 53 samples, 16 held out", NULL);
    expect("$L evaluate deep/f.lua --interpreted --data s.csv", 0, "f: 6 samples held out", NULL);
    expect("$L train deep/f.lua --interpreted --data s.csv,t.csv 2>/dev/null", 0, "f: 33 samples, 73 held out", NULL);
    expect("cp s.csv 'a=b,c.csv' && $L train deep/f.lua --interpreted --data './a=b,c.csv' --quiet 2>/dev/null", 0, "1 ahead", NULL);
    expect("cp s.csv 'a,b' && $L train deep/f.lua --interpreted --data 'file=a,b' 2>/dev/null", 0, "23 samples", NULL);
}

Test(command_data, other_files_that_are_none)
{
    expect("$L train f.lua --data x.csv", 1, NULL, "f.lua: x.csv: No such file or directory");
    expect("$L train f.lua --data fil=s.csv", 1, NULL, "f.lua: --data fil=s.csv: csv has no such file; it has: file, validation, validation_remaining");
    expect("$L train f.lua --data a,b,c,d", 1, NULL, "--data d: csv has no such file");
    expect("$L train l.lua --data a", 1, NULL, "l.lua: --data a: samples reads no files");
    expect("$L train f.lua --data", 2, NULL, "--data needs a value");
    expect("$L train f.lua --data=", 2, NULL, "--data needs a file");
    expect("$L f.lua --data=s.csv", 2, NULL, "--data does not go with compile");
    write_text("n.lua", "return Sequential{ Input{2, 1}, LSTM{2}, Dense{1}, loss = \"mse\", data = npy{x = \"x.npy\", y = \"y.npy\"} }\n");
    expect("$L train n.lua --data validation_x=a.npy", 1, NULL, "n.lua: npy: validation_x and validation_y belong together");
    expect("$L train n.lua --data a.npy,b.npy", 1, NULL, "n.lua: a.npy: No such file or directory");
}

/* Engines 1 and 3 have two rows or more; at their ends 1 and 3 cycles are left, and one of them fails within one. */
Test(command_data, groups_from_three_files)
{
    expect("$L train e.lua --interpreted 2>/dev/null", 0, "e: 3 samples, 2 held out", NULL);
    expect("$L train e.lua --interpreted --data validation_remaining=test.txt", 1, NULL, "test.txt: has 6 rows, but test.txt has 3 groups");
    expect("printf 'x' | dd of=train.gz bs=1 seek=12 conv=notrunc 2>/dev/null; $L train e.lua --interpreted", 1, NULL, "train.gz: is a broken gzip file");
}

Test(command_data, labels_are_kept_with_the_weights)
{
    expect("$L train l.lua --interpreted --quiet && grep -ac square.*circle l.safetensors", 0, "\n1\n", NULL);
    expect("$L train l.lua classes=3 --interpreted", 1, NULL, "l.lua: line 3: samples: there are 2 labels, but the model tells 3 classes apart");
}

/* The same bits from memory and from the disk. */
Test(command_data, larger_than_memory)
{
    write_text("n.lua", "local function pick(random) local x = {} for t = 1, 5 do x[t] = { random(), random() } end return x, { x[1][1] } end\n"
                        "return Sequential{ Input{5, 2}, LSTM{3}, Dense{1}, loss = \"mse\", data = samples{pick, samples = 50, validation_samples = 10}, epochs = 2 }\n");
    expect("$L train n.lua --interpreted --quiet --out a.safetensors", 0, "weights:", NULL);
    expect("LSTMC_DATA_MEMORY=100 $L train n.lua --interpreted --quiet --out b.safetensors && cmp a.safetensors b.safetensors", 0, "weights:", NULL);
    expect("LSTMC_DATA_MEMORY=100 TMPDIR=/nonexistent $L train n.lua --interpreted --quiet", 1, NULL, "n.lua: no memory for 50 samples");
}

/* A step without a weight teaches nothing, whatever its target is; and one with a weight does. */
Test(command_data, weights_of_steps)
{
    expect("$L train w.lua --interpreted --quiet v=1000 2>/dev/null >a && $L train w.lua --interpreted --quiet v=0 2>/dev/null >b && cmp a b && echo same", 0,
           "same\n", NULL);
    expect("$L train w.lua --interpreted --quiet v=1000 w=1 2>/dev/null >c && cmp -s a c || echo differs", 0, "differs\n", NULL);
    expect("$L train w.lua --interpreted --quiet way=one >c 2>/dev/null && cmp -s b c || echo differs", 0, "differs\n", NULL);
    expect("$L train w.lua --interpreted --quiet way=text", 1, NULL, "samples: sample 1: weight[4] must be zero or more, not a");
    expect("$L train w.lua --interpreted --quiet way=few", 1, NULL, "samples: sample 1: the weights, returned third, are 2, but the sample has 4 steps");
    expect("printf 'v,w\\n' >w.csv; for i in 1 2 3 4 5 6 7 8; do printf '0,1\\n1,2\\n7,0\\n' >>w.csv; done; $L train w.lua --interpreted --quiet way=csv "
           "2>/dev/null", 0, "val_mae", NULL);
}

/* Of two outputs each has classes that it ignores, or none. */
Test(command_data, classes_that_an_output_ignores)
{
    write_text("i.lua", "local kind = arg.kind or 0\nlocal x = Input{3, 1}\nlocal h = LSTM{2, return_sequences = true}(x)\n"
                        "local a, b = Dense{3, activation = 'softmax', name = 'a'}(h), Dense{2, activation = 'softmax', name = 'b'}(LSTM{2}(h))\n"
                        "return Model{ inputs = x, outputs = {a, b}, batch_size = 4, weighted_metrics = { a = 'accuracy' },\n"
                        "  loss = {SparseCategoricalCrossentropy{ignore_class = -1}, 'sparse_categorical_crossentropy'},\n"
                        "  data = samples{function(random) return { random(), random(), random() }, { a = { -1, random(0, 2), 2 }, b = kind } end,\n"
                        "  samples = 16, validation_samples = 8} }\n");
    expect("$L train i.lua --interpreted --quiet 2>/dev/null", 0, "val_a_sparse_categorical_accuracy", NULL);
    expect("$L train i.lua --interpreted --quiet kind=-1", 1, NULL, "samples: sample 1: y.b = -1 is not a whole number in [0, 2)");
}

static void write_npy(const char *name, const char *shape, int count, float (*value)(int))
{
    char bytes[1024] = "\x93NUMPY\x01";
    int header = sprintf(bytes + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    bytes[8] = (char)(header + 1);
    bytes[10 + header] = '\n';
    for (int i = 0; i < count; i++)
        memcpy(bytes + 11 + header + 4 * i, &(float){ value(i) }, 4);
    command_write(folder, name, bytes, 11 + header + 4L * count);
}

static float number(int i) { return (float)(i % 3) - 1; }
static float nothing(int i) { (void)i; return 0; }
static float first_alone(int i) { return i == 0; }

/* Weights of what is held out are those of val_loss: of all zeros it is 0. */
Test(command_data, weights_of_what_is_held_out)
{
    write_npy("x.npy", "6, 2, 1", 12, number);
    write_npy("y.npy", "6, 1", 6, number);
    write_npy("none.npy", "6,", 6, nothing);
    write_npy("one.npy", "6,", 6, first_alone);
    write_text("h.lua", "return Sequential{ Input{2, 1}, LSTM{2}, Dense{1}, loss = 'mse', weighted_metrics = {'mae'}, batch_size = 6, data = npy{'x.npy', 'y.npy',\n"
                        "  validation_x = arg.held, validation_y = arg.held and 'y.npy', validation_sample_weight = arg.w} }\n");
    expect("$L train h.lua held=x.npy w=none.npy --interpreted --quiet", 0, "loss", NULL);
    expect("$L evaluate h.lua held=x.npy w=none.npy --interpreted --quiet", 0, "loss 0 ", NULL);
    expect("$L evaluate h.lua held=x.npy w=one.npy --interpreted --quiet | grep -c 'loss 0 '", 1, "0\n", NULL);
    expect("$L evaluate h.lua held=x.npy --data validation_sample_weight=none.npy w=one.npy --interpreted --quiet", 0, "loss 0 ", NULL);
    expect("$L evaluate h.lua held=x.npy w=y.npy --interpreted --quiet", 1, NULL, "y.npy");
    expect("$L train h.lua w=one.npy", 1, NULL, "npy: validation_sample_weight is for validation_x, which is not there");
}
