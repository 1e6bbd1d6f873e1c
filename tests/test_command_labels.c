/* test_command_labels.c: a model whose output is labels of a sequence, through the program: trained, measured, read greedily and by a beam, shipped;
 * and what it refuses. */
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SECONDS 120

/* Steps that each say their class, which Dense has to hand on; the labels are what they read as. */
#define PATHS \
    "local blank, lengths, wrong = arg.blank or 0, arg.lengths ~= nil, arg.wrong\n" \
    "local function draw(random)\n" \
    "  local x, y, before = {}, {}, 0\n" \
    "  for t = 1, lengths and random(3, 6) or 6 do\n" \
    "    local k = random(3) - 1\n" \
    "    x[t] = { 0, 0, 0 }\n" \
    "    x[t][k + 1] = 1\n" \
    "    if k ~= 0 and k ~= before then y[#y + 1] = blank == 0 and k or k - 1 end\n" \
    "    before = k\n" \
    "  end\n" \
    "  if wrong == 'inside' then y = { 1, 0, 2 } elseif wrong == 'long' then y = { 1, 1, 2, 2 } end\n" \
    "  return x, y\n" \
    "end\n" \
    "return Sequential{ name = 'paths', Input{6, 3, lengths = lengths}, Dense{3, activation = 'softmax'},\n" \
    "  loss = CTC{blank = blank, labels = arg.labels}, metrics = {'label_error_rate'}, optimizer = Adam{0.05}, batch_size = 16, epochs = 8,\n" \
    "  data = samples{draw, samples = 256, validation_samples = 64, labels = {'a', 'bc'}} }\n"
/* Of a letter and its repetitions the letter, by columns of files. */
#define FILES \
    "return Sequential{ name = 'files', Input{4, 3}, Dense{3, activation = 'softmax'}, loss = CTC{labels = 3},\n" \
    "  data = npy{x = arg.x or 'x.npy', y = arg.y, label_lengths = arg.n}, batch_size = 2, epochs = 1 }\n"
#define LINES \
    "return Sequential{ name = 'lines', Input{6}, Embedding{9, 8}, LSTM{8, return_sequences = true}, Dense{arg.classes or 5, activation = 'softmax'},\n" \
    "  loss = CTC{labels = arg.labels or 6, blank = arg.blank or 0}, metrics = {'label_error_rate'}, batch_size = 4, epochs = arg.epochs or 150,\n" \
    "  optimizer = Adam{0.02}, data = lines{'l.tsv', text = 1, target_text = 2, split = 1, padding = 'post'} }\n"

static char *folder;

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

/* int32, or float32 where they are given as that. */
static void write_array(const char *name, const char *dtype, const char *shape, const void *values, size_t bytes)
{
    char file[4096];
    int length = snprintf(file + 10, 118, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, shape);
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(file + 10 + length, ' ', (size_t)(117 - length));
    file[127] = '\n';
    memcpy(file + 128, values, bytes);
    command_write(folder, name, file, (long)(128 + bytes));
}

static void set_up(void)
{
    folder = command_folder();
    write_text("p.lua", PATHS);
    write_text("f.lua", FILES);
    write_text("l.lua", LINES);
    write_text("in.txt", "0 1 0 0 1 0 1 0 0 0 0 1 0 0 1 0 1 0\n0 1 0 1 0 0 0 1 0 1 0 0 1 0 0 1 0 0\n");
    write_text("l.tsv", "abc\txyz\nbca\tyzx\ncab\tzxy\naab\txxy\nbbc\tyyz\nacb\txzy\nab\txy\nc\tz\n");
    const float x[24] = { 1 };
    write_array("x.npy", "<f4", "2, 4, 3", x, sizeof x);
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(command_labels, .init = set_up, .fini = tear_down, .timeout = 600);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

Test(command_labels, greedily_and_by_a_beam)
{
    for (int last = 0; last < 2; last++) {
        char line[200];
        const char *blank = last ? "blank=last" : "";
        snprintf(line, sizeof line, "$L train p.lua %s --quiet", blank);
        expect(line, 0, "val_label_error_rate 0\n", NULL);
        snprintf(line, sizeof line, "$L evaluate p.lua %s", blank);
        expect(line, 0, "label_error_rate 0", NULL);
        snprintf(line, sizeof line, "$L predict p.lua %s --input in.txt >greedy", blank);
        expect(line, 0, "", NULL);
        snprintf(line, sizeof line, "$L predict p.lua %s --input in.txt --beam=4 >beam", blank);
        expect(line, 0, "", NULL);
        expect("cat greedy", 0, "a bc a\na a\n", NULL);
        expect("cmp greedy beam", 0, "", NULL);
        snprintf(line, sizeof line, "$L predict p.lua %s --input in.txt --interpreted | cmp - greedy", blank);
        expect(line, 0, "", NULL);
        snprintf(line, sizeof line, "$L predict p.lua %s --input in.txt --out y.csv && head -1 y.csv", blank);
        expect(line, 0, last ? "\"a 1\",\"bc 1\",\"(blank) 1\",\"a 2\"" : "\"(blank) 1\",\"a 1\",\"bc 1\",\"(blank) 2\"", NULL);
    }
}

/* The program that is shipped says the same. */
Test(command_labels, shipped)
{
    expect("$L train p.lua --quiet", 0, "", NULL);
    expect("$L p.lua --weights paths.safetensors --example -o ship --quiet", 0, "", NULL);
    expect("make -s -C ship NATIVE= CFLAGS='-O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror' && ship/paths in.txt", 0, "a bc a\na a\n", NULL);
}

/* Of an input with lengths the steps behind the end are not read. */
Test(command_labels, of_samples_that_end_early)
{
    expect("$L train p.lua lengths=1 --quiet", 0, "val_label_error_rate 0\n", NULL);
    write_text("short.txt", "0 1 0 1 0 0 0 0 1\n0 1 0 0 1 0 0 0 1 0 1 0\n");
    expect("$L predict p.lua lengths=1 --input short.txt >said; cat said", 0, "a bc\na bc a\n", NULL);
    expect("$L predict p.lua lengths=1 --input short.txt --beam=3 | cmp - said", 0, "", NULL);
    expect("$L p.lua lengths=1 --weights paths.safetensors --example -o ship --quiet", 0, "", NULL);
    expect("make -s -C ship NATIVE= CFLAGS='-O1 -Wall -Wextra -Wconversion -Werror' && ship/paths short.txt | cmp - said", 0, "", NULL);
}

Test(command_labels, refused_options)
{
    expect("$L train p.lua --quiet", 0, "", NULL);
    expect("$L predict p.lua --input in.txt --beam=0", 2, "", "--beam takes a number from 1");
    expect("$L predict p.lua --input in.txt --beam=4 --out y.csv", 1, "", "lines of text");
    expect("$L predict p.lua --input in.txt --beam=4 --stream", 1, "", "lines of text");
    expect("$L predict p.lua --input in.txt --join", 1, "", "stands in one line anyway");
    expect("$L train p.lua --beam=4", 2, "", "--beam does not go with train");
    write_text("d.lua", "return Sequential{ Input{18}, Dense{2}, loss = 'mse', data = samples{function(r) local x = {} for i = 1, 18 do x[i] = r() end "
                        "return x, { 0, 1 } end, samples = 32 }, epochs = 1 }\n");
    expect("$L train d.lua --quiet && $L predict d.lua --input in.txt --beam=2", 1, "", "--beam: there is nothing to search for");
}

Test(command_labels, labels_that_do_not_fit)
{
    expect("$L train p.lua wrong=inside --quiet", 1, "", "row 0 (from 0): label 1 is the blank, 0, and label 2 behind it is 2");
    expect("$L train p.lua wrong=long --quiet", 0, "", "all 256 samples that train have the same target");      /* of six steps they need all */
    expect("$L train p.lua wrong=long lengths=1 --quiet", 1, "",
           "4 labels, 2 of them the one before once more, which a blank parts, need 6 steps, and of the output");
    expect("$L train p.lua wrong=long labels=3 --quiet", 1, "", "y has 4 numbers, but the model's target has 3");
    expect("$L train p.lua blank=2 --quiet", 1, "", "CTC: \"blank\" must be 0 or \"last\"");
}

Test(command_labels, array_files)
{
    const int32_t blanks[8] = { 1, 2, 0, 0, 2, 0, 0, 0 }, any[6] = { 1, 2, -1, 2, 7, 7 }, inside[6] = { 1, 0, 2, 1, 0, 0 };
    const int32_t many[8] = { 1, 2, 1, 2, 1, 0, 0, 0 }, repeats[6] = { 1, 1, 1, 2, 0, 0 }, lengths[2] = { 2, 1 }, zero[2] = { 0, 4 };
    write_array("blanks.npy", "<i4", "2, 4", blanks, sizeof blanks);
    write_array("any.npy", "<i4", "2, 3", any, sizeof any);
    write_array("inside.npy", "<i4", "2, 3", inside, sizeof inside);
    write_array("many.npy", "<i4", "2, 4", many, sizeof many);
    write_array("repeats.npy", "<i4", "2, 3", repeats, sizeof repeats);
    write_array("n.npy", "<i4", "2,", lengths, sizeof lengths);
    write_array("zero.npy", "<i4", "2,", zero, sizeof zero);
    expect("$L train f.lua y=blanks.npy --quiet >one; $L train f.lua y=any.npy n=n.npy --quiet >two; cmp one two", 0, "", NULL);
    expect("$L train f.lua y=any.npy --quiet", 1, "", "any.npy: row 0, column 2 (from 0): -1 is no whole number in [0, 3)");
    expect("$L train f.lua y=inside.npy --quiet", 1, "", "inside.npy: row 0, column 1 (from 0): a blank, 0, among the labels");
    expect("$L train f.lua y=many.npy --quiet", 1, "", "many.npy: row 0 (from 0): has 4 labels, and the loss takes 3: CTC{labels = 4}");
    expect("$L train f.lua y=repeats.npy --quiet", 1, "",
           "row 0 (from 0): 3 labels, 2 of them the one before once more, which a blank parts, need 5 steps, and of the output 4 count");
    expect("$L train f.lua y=any.npy n=zero.npy --quiet", 1, "", "zero.npy: row 1 (from 0): 4 is no number of labels from 0 to 3");
    expect("$L train f.lua y=x.npy --quiet", 1, "", "x.npy: must be labels of 2 samples, {2, labels}");
    expect("$L train f.lua y=any.npy n=x.npy --quiet", 1, "", "x.npy: must be one whole number for each of 2 samples");
    write_text("g.lua", "return Sequential{ Input{4, 3}, Dense{3, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy',\n"
                        "  data = npy{x = 'x.npy', y = 'any.npy', label_lengths = 'n.npy'} }\n");
    expect("$L train g.lua", 1, "", "g.lua:2: npy: label_lengths are of labels that a whole sample has");
}

/* Characters of a target text are labels: what is written is a text. */
Test(command_labels, lines)
{
    expect("$L train l.lua --quiet", 0, "label_error_rate 0\n", NULL);
    expect("printf 'abc\\ncab\\nc\\n' | $L predict l.lua", 0, "xyz\nzxy\nz\n", NULL);
    expect("$L train l.lua labels=2 --quiet", 1, "", " (from 0): has 3 characters to predict, and the loss takes 2: CTC{labels = 3}");
    expect("$L train l.lua blank=last classes=6 --quiet", 1, "", "the blank of the loss must be 0");
}

/* To Keras and back: its CTC has the blank 0, and it knows no such metric. */
Test(command_labels, to_keras_and_back)
{
    expect("mkdir k l && $L train p.lua --quiet && $L export p.lua -o k/model.json", 0, "", NULL);
    expect("grep -c '\"loss\": *\"ctc\"' k/model.json", 0, "1\n", NULL);
    expect("grep -c label_error_rate k/model.json", 1, "0\n", NULL);
    expect("$L export p.lua -o k.keras && $L import k.keras -o back --quiet && grep loss back.lua", 0, "loss = \"ctc\"", NULL);
    expect("$L train p.lua blank=last --quiet && $L export p.lua blank=last -o l/model.json", 0, "", NULL);
    expect("grep -c '\"ctc\"' l/model.json", 1, "0\n", NULL);
}
