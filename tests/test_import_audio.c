/* test_import_audio.c: networks of RTNeural and Neural Amp Modeler: what they predict, how they are written down, what is
 * refused, and damaged ones. */
#include "import_suite.h"
#include "imported.h"
#include "mutate.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RTNEURAL "../shared/data/models-rtneural"

TestSuite(import_audio, .init = setup, .fini = teardown);

/* The network of that name, against the signal that its authors have made of theirs: a number a line. */
static void expect_signal(const char *name, bool steps)
{
    char line[4 * PATH_MAX], here[PATH_MAX];
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(line, sizeof line,
             "D='%s/" RTNEURAL "'; $L import $D/models/%s.json -o %s --quiet || exit; X=$D/test_data/%s_x_python.csv; "
             "grep -q arg.timesteps %s.lua && T=timesteps=$(wc -l < $X); "
             "%s | $L predict %s.lua $T --interpreted --quiet | tr ' ' '\\n' | grep . | "
             "paste -d' ' - $D/test_data/%s_y_python.csv | "
             "awk '{ d = $1 - $2; d = d < 0 ? -d : d; if (d > m) m = d } END { print NR, NF, m < 1e-5 ? \"equal\" : m }'",
             here, name, name, name, name, steps ? "{ tr '\\n' ' ' < $X; echo; }" : "cat $X", name, name);
    expect(line, 0, "100 2 equal\n", NULL);
}

Test(import_audio, rtneural_signals, .timeout = 300)
{
    if (access(RTNEURAL, R_OK))
        cr_skip_test(RTNEURAL " is absent");
    expect_signal("dense", false);
    expect_signal("conv", true);
    expect_signal("gru", true);
    expect_signal("gru_1d", true);
    expect_signal("lstm", true);
    expect_signal("lstm_1d", true);
}

Test(import_audio, pedals_and_an_amplifier)
{
    static const char *const files[][2] = { { "rtneural/centaur", "model.json" }, { "rtneural/centaur_0", "model.json" },
                                            { "nam/nam_lstm", "model.nam" } };
    if (access(INTERCHANGE, R_OK))
        cr_skip_test(INTERCHANGE " is absent");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char arrays[200], file[300];
        snprintf(arrays, sizeof arrays, INTERCHANGE "/%s", files[i][0]);
        snprintf(file, sizeof file, "%s/%s", arrays, files[i][1]);
        double far = imported_deviation(folder, file, "", arrays);
        cr_expect(far < 1e-5, "%s: %g from what is expected", file, far);
    }
}

/* Its shapes say 16 units, its arrays have 20: RTNeural's own example of a file that must not be taken. */
Test(import_audio, arrays_that_are_no_such_layer)
{
    if (access(RTNEURAL, R_OK))
        cr_skip_test(RTNEURAL " is absent");
    char line[2 * PATH_MAX], here[PATH_MAX];
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(line, sizeof line, "$L import '%s/" RTNEURAL "/models/bad_lstm.json' -o bad", here);
    expect(line, 1, NULL, "layer 1 (lstm): its array 1 has the shape {1, 80}, but lstm/kernel of the model has {1, 64}");
}

static const char small[] =
    "{\"in_shape\": [null, null, 1], \"author\": \"nobody\", \"layers\": [\n"
    " {\"type\": \"conv1d\", \"activation\": \"\", \"shape\": [null, null, 2], \"kernel_size\": [2], \"dilation\": [2],\n"
    "  \"weights\": [[[[1, 10]], [[100, 1000]]], [0.5, 0.25]]},\n"
    " {\"type\": \"prelu\", \"shape\": [null, null, 2], \"weights\": [[[0.5, 2]]]},\n"
    " {\"type\": \"dense\", \"activation\": \"relu\", \"shape\": [null, null, 1], \"weights\": [[[1], [-1]]]}]}\n";

/* The first convolution sees what was two samples ago, and zeros before. */
Test(import_audio, a_network_by_hand)
{
    write_text("small.json", small);
    expect("$L import small.json --quiet && sed -n '/^return/,$p' small.lua", 0,
           "return Sequential{ name = \"small\",\n"
           "  Input{timesteps, 1},\n"
           "  Conv1D{2, 2, padding = \"causal\", dilation_rate = 2},\n"
           "  PReLU{shared_axes = {1}},\n"
           "  Dense{1, activation = \"relu\", use_bias = false},\n"
           "}\n", NULL);
    expect("grep author small.lua", 0, "-- author: \"nobody\"", NULL);
    /* step 0: (-99.5, -999.75) -> (-49.75, -1999.5); step 2: 1 * -1 + 100 * 2 + 0.5 = 199.5, -10 + 2000 + 0.25 */
    expect("echo -1 0 2 | $L predict small.lua timesteps=3 --interpreted --quiet", 0, "1949.75\n0.25\n0\n", NULL);
    expect("$L summary small.lua | grep -c 'step  '", 0, "1\n", NULL);       /* it streams */
}

static const char amplifier[] =
    "{\"version\": \"0.5\", \"architecture\": \"LSTM\", \"config\": {\"input_size\": 1, \"hidden_size\": 1, \"num_layers\": 1},\n"
    " \"weights\": [0, 0, 0, 0, 0.5, 0, 0, 0, 100, 100, 0, 100, %s, 1, 2, 0.5], \"sample_rate\": 48000}\n";

/* Gates that are open: c is 1 and the sum of tanh(x / 2), h its tanh; the head is 2 h + 0.5. */
Test(import_audio, an_amplifier_by_hand)
{
    char text[600];
    snprintf(text, sizeof text, amplifier, "0.25");
    write_text("amp.nam", text);
    expect("$L import amp.nam --quiet && sed -n '/LSTM{/p' amp.lua", 0,
           "  LSTM{1, return_sequences = true, initial_state = { h = {0.25}, c = {1} }},\n", NULL);
    expect("echo 3 4 5 | $L predict amp.lua timesteps=3 --interpreted --quiet", 0, "2.41335\n2.48716\n2.49821\n", NULL);
    expect("grep 'sample_rate: 48000' amp.lua", 0, "sample_rate", NULL);
    snprintf(text, sizeof text, amplifier, "0.25, 9");
    write_text("more.nam", text);
    expect("$L import more.nam", 1, NULL, "has 17 weights, of which its config asks for 16");
    write_text("less.nam", "{\"architecture\": \"LSTM\", \"config\": {\"input_size\": 1, \"hidden_size\": 3, \"num_layers\": 2}, "
               "\"weights\": [1, 2, 3]}");
    expect("$L import less.nam", 1, NULL, "has 3 weights, fewer than its config asks for");
    write_text("wave.nam", "{\"architecture\": \"WaveNet\", \"config\": {}, \"weights\": [1]}");
    expect("$L import wave.nam", 1, NULL, "its architecture is WaveNet");
}

Test(import_audio, mistakes)
{
    write_text("x.json", "{\"in_shape\": [null, null, 1], \"layers\": [{\"type\": \"magic\"}, {\"type\": \"lstm\", \"shape\": [null, null, 2], "
               "\"activation\": \"tang\", \"weights\": [[[1, 2], [3]], 7]}]}");
    expect("$L import x.json 2>&1 | sed 's/^[^:]*: //'; :", 0,
           "layer 1 (magic): lstmc has no such layer of RTNeural\n"
           "layer 2 (lstm): its activation, tang, is none that lstmc has\n"
           "layer 2 (lstm): its array 1 is none of numbers, or not there\n"
           "layer 2 (lstm): its array 2 is none of numbers, or not there\n"
           "layer 2 (lstm): its array 3 is none of numbers, or not there\n", NULL);
}

Test(import_audio, damaged_rtneural, .timeout = 3600)
{
    struct mutations done = mutate(small, sizeof small - 1, "{}[]\",:.0", imported_damaged, &(DamagedImport){ folder, "damaged" });
    cr_expect(done.refused > done.files / 10 && done.refused < done.files, "%d of %d refused", done.refused, done.files);
}

Test(import_audio, damaged_amplifiers, .timeout = 3600)
{
    char text[600];
    int length = snprintf(text, sizeof text, amplifier, "0.25");
    struct mutations done = mutate(text, (size_t)length, "{}[]\",:.0", imported_damaged, &(DamagedImport){ folder, "damaged" });
    cr_expect(done.refused > done.files / 10 && done.refused < done.files, "%d of %d refused", done.refused, done.files);
}

/* ---- the way back ---- */

static const char pedal[] =
    "return Sequential{ name = \"pedal\",\n"
    "  Input{6, 2},\n"
    "  Dense{4, activation = \"tanh\"},\n"
    "  Conv1D{6, 3, padding = \"causal\", dilation_rate = 2, groups = 2, activation = \"relu\"},\n"
    "  BatchNormalization{epsilon = 0.01},\n"
    "  PReLU{shared_axes = {1}},\n"
    "  LSTM{5, return_sequences = true},\n"
    "  GRU{3, return_sequences = true},\n"
    "  Activation{\"elu\"},\n"
    "  Dense{1, use_bias = false},\n"
    "  loss = \"mse\", data = samples{function(random)\n"
    "    local x, y = {}, {}\n"
    "    for t = 1, 6 do x[t] = { random(9), random(9) }; y[t] = { x[t][1] } end\n"
    "    return x, y\n"
    "  end, samples = 32}, epochs = 1 }\n";

Test(import_audio, there_and_back)
{
    write_text("pedal.lua", pedal);
    expect("$L train pedal.lua --interpreted --quiet > log && $L export pedal.lua --format=rtneural -o pedal.json --quiet", 0, NULL,
           NULL);
    expect("$L import pedal.json -o back --quiet && sed -n '/^return/,$p' back.lua", 0,
           "return Sequential{ name = \"back\",\n"
           "  Input{6, 2},\n"
           "  Dense{4, activation = \"tanh\"},\n"
           "  Conv1D{6, 3, padding = \"causal\", dilation_rate = 2, groups = 2, activation = \"relu\"},\n"
           "  BatchNormalization{epsilon = 0.01},\n"
           "  PReLU{shared_axes = {1}},\n"
           "  LSTM{5, return_sequences = true},\n"
           "  GRU{3, return_sequences = true},\n"
           "  Activation{\"elu\"},\n"
           "  Dense{1, use_bias = false},\n"
           "}\n", NULL);
    expect("X='1 2 3 4 5 6 -1 0.5 2 3 7 8'; for m in pedal back; do echo $X | $L predict $m.lua --interpreted --quiet > $m.txt; done; "
           "cmp pedal.txt back.txt && wc -l < back.txt", 0, "6\n", NULL);
}

Test(import_audio, what_rtneural_has_not)
{
    write_text("x.lua", "return Sequential{ name = 'x', Input{4, 2}, LSTM{3, activation = 'relu'}, Dense{2, activation = 'gelu'}, UnitNormalization{},\n"
               "  loss = 'mse', data = samples{function(random) return {{1, 2}, {1, 2}, {1, 2}, {1, 2}}, {1, 2} end, samples = 16}, epochs = 1 }\n");
    expect("$L train x.lua --interpreted --quiet > log; $L export x.lua --format=rtneural -o x.json", 1, NULL,
           "x.lua:1: lstm (LSTM): RTNeural has no activations in a cell but tanh and sigmoid\n"
           "x.lua:1: lstm (LSTM): RTNeural gives an output for each sample, in their order: return_sequences = true\n"
           "x.lua:1: dense (Dense): RTNeural has no activation gelu\n"
           "x.lua:1: unit_normalization (UnitNormalization): RTNeural has no such layer\n");
    expect("ls x.json 2>/dev/null || :", 0, NULL, NULL);
    expect("$L export x.lua -o x.xyz", 1, NULL, "x.xyz: its ending is no format that is known; there are keras (.keras), h5 (.h5)");
    expect("$L export x.lua", 2, NULL, "export needs -o FILE");
}

/* State dicts as JSON, of which every step is wanted here. */
static void expect_torch_signal(const char *name)
{
    char line[4 * PATH_MAX], here[PATH_MAX];
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(line, sizeof line,
             "D='%s/" RTNEURAL "'; $L import $D/models/%s.json -o all --quiet || exit; X=$D/test_data/%s_x_python.csv; "
             "sed -i 's/{8, name = /{8, return_sequences = true, name = /' all.lua; "
             "{ tr '\\n' ' ' < $X; echo; } | $L predict all.lua timesteps=$(wc -l < $X) --interpreted --quiet 2>notes | grep . | "
             "paste -d' ' - $D/test_data/%s_y_python.csv | "
             "awk '{ d = $1 - $2; d = d < 0 ? -d : d; if (d > m) m = d } END { print NF, (NR > 99), m < 1e-5 ? \"equal\" : m }'; rm all.*",
             here, name, name, name);
    expect(line, 0, "2 1 equal\n", NULL);
}

Test(import_audio, state_dicts_as_json)
{
    if (access(RTNEURAL, R_OK))
        cr_skip_test(RTNEURAL " is absent");
    expect_torch_signal("lstm_torch");
    expect_torch_signal("gru_torch");
}

Test(import_audio, what_is_left_open_is_said)
{
    write_text("small.json", small);
    expect("$L import small.json timesteps=5 --quiet && grep -c Assumed small.lua; grep arg.timesteps small.lua", 0,
           "0\nlocal timesteps = arg.timesteps or 5\n", NULL);
    expect("$L import small.json steps=5 -o x", 1, NULL, "small.json: leaves no steps open");
    expect("$L import small.json timesteps=none -o x", 1, NULL, "small.json: timesteps=none is no size");
}
