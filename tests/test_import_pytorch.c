/* test_import_pytorch.c: what PyTorch's people save: each tensor, what the networks predict, what is refused, hostile
 * pickles, damaged files. */
#include "import_suite.h"
#include "compiler/interchange/draft/container.h"
#include "compiler/interchange/import.h"
#include "compiler/interchange/pytorch/state.h"
#include "mutate.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "../shared/data/interchange/pytorch"
#define TOLERANCE 1e-5

TestSuite(import_pytorch, .init = setup, .fini = teardown);

static void need_data(void)
{
    if (access(DATA, R_OK))
        cr_skip_test(DATA " is absent");
}

/* $D in what follows: the data, wherever the command runs. */
static void name_data(void)
{
    char here[PATH_MAX], path[2 * PATH_MAX];
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/%s", here, DATA);
    setenv("D", path, 1);
}

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

/* A file of an archive or from before, read as the importer does. False: refused. */
static bool read_state(Arena *arena, const char *path, State *state, Diagnostics **diagnostics)
{
    struct lstmc_tensor_file contents = { 0 };
    unsigned char begin[4] = { 0 };
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s cannot be read", path);
    size_t got = fread(begin, 1, sizeof begin, file);
    *diagnostics = diagnostics_create(arena);
    *state = (State){ .draft = draft_create(arena, *diagnostics, path) };
    if (got == 4 && !memcmp(begin, "PK\3\4", 4)) {
        if (container_read(arena, *diagnostics, path, &contents))
            state_read_archive(state, &contents);
        lstmc_tensor_file_free(&contents);
    } else {
        fseek(file, 0, SEEK_END);
        size_t length = (size_t)ftell(file);
        unsigned char *bytes = malloc(length + 1);
        rewind(file);
        cr_assert(fread(bytes, 1, length, file) == length);
        state_read_old(state, bytes, length);
        free(bytes);
    }
    fclose(file);
    return !diagnostics_count(*diagnostics);
}

static const StateTensor *find(const State *state, const char *name)
{
    static const char *const nests[] = { "", "model_state_dict." };
    for (int i = 0; i < state->count; i++)
        for (size_t n = 0; n < sizeof nests / sizeof *nests; n++)
            if (!strncmp(name, nests[n], strlen(nests[n])) && !strcmp(state->tensors[i].name, name + strlen(nests[n])))
                return &state->tensors[i];
    return NULL;
}

static double number_of(const json_t *json)
{
    const char *text = json_string_value(json);
    if (text)
        return !strcmp(text, "nan") ? (double)NAN : !strcmp(text, "inf") ? (double)INFINITY : -(double)INFINITY;
    return json_is_boolean(json) ? json_is_true(json) : json_number_value(json);
}

static void expect_tensor(const char *file, const char *name, const StateTensor *tensor, const json_t *expected)
{
    const json_t *shape = json_object_get(expected, "shape"), *values = json_object_get(expected, "values"), *value;
    size_t i;
    cr_assert_not_null(tensor, "%s: no %s", file, name);
    cr_expect_str_eq(tensor->dtype, json_string_value(json_object_get(expected, "dtype")), "%s: %s is %s", file, name,
                     tensor->dtype);
    cr_assert_eq((size_t)tensor->rank, json_array_size(shape), "%s: %s has %d axes", file, name, tensor->rank);
    json_array_foreach(shape, i, value)
        cr_expect_eq(tensor->shape[i], (size_t)json_integer_value(value), "%s: %s, axis %zu", file, name, i);
    cr_assert(json_array_size(values) <= tensor->count);
    json_array_foreach(values, i, value) {
        float wanted = (float)number_of(value);
        cr_expect(tensor->values[i] == wanted || (isnan(wanted) && isnan(tensor->values[i])), "%s: %s[%zu] is %.9g, not %.9g",
                  file, name, i, (double)tensor->values[i], (double)wanted);
    }
}

/* All that expected.json has of a file; how many tensors. Of a checkpoint those of the optimizer are not asked for. */
static int expect_file(const char *file, const json_t *expected)
{
    char path[PATH_MAX];
    const char *name;
    json_t *one;
    int count = 0;
    State state;
    Diagnostics *diagnostics;
    Arena *arena = arena_create();
    snprintf(path, sizeof path, DATA "/reader_suite/%s", file);
    bool read = read_state(arena, path, &state, &diagnostics);
    if (json_object_get(expected, "error")) {
        cr_expect_not(read, "%s is read", file);
    } else {
        cr_expect(read, "%s is refused", file);
        json_object_foreach((json_t *)expected, name, one) {
            if (!strncmp(name, "optimizer_", 10))
                continue;
            expect_tensor(file, name, find(&state, name), one);
            count++;
        }
        cr_expect_eq(count, state.count, "%s: %d tensors, %d expected", file, state.count, count);
    }
    arena_free(arena);
    return count;
}

Test(import_pytorch, every_tensor_of_the_suite)
{
    need_data();
    json_t *all = json_load_file(DATA "/reader_suite/expected.json", 0, NULL), *expected;
    const char *file;
    int files = 0, tensors = 0;
    cr_assert_not_null(all);
    json_object_foreach(all, file, expected) {
        tensors += expect_file(file, expected);
        files++;
    }
    cr_expect(files == 20 && tensors >= 40, "%d files, %d tensors", files, tensors);
    json_decref(all);
}

/* ---- networks ----------------------------------------------------------------------------------------------------- */

static struct lstmc_npy read_array(const char *path)
{
    struct lstmc_npy array;
    struct lstmc_message message;
    cr_assert_eq(lstmc_npy_read(path, &array, &message), 0, "%s", message.text);
    return array;
}

/* The largest difference, over the largest value that is expected, or 1. Rows of `found` are compared with those of
 * the expected array from `begin` on. */
static double deviation(const char *name, const char *expected, size_t begin)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct lstmc_npy ours = read_array(path), theirs = read_array(expected);
    double largest = 1, most = 0;
    cr_expect(begin + ours.count <= theirs.count, "%s: %zu numbers of %zu", expected, ours.count, theirs.count);
    for (size_t i = 0; i < ours.count && begin + i < theirs.count; i++) {
        double difference = fabs(lstmc_npy_value(&ours, i) - lstmc_npy_value(&theirs, begin + i));
        largest = fmax(largest, fabs(lstmc_npy_value(&theirs, begin + i)));
        most = difference > most || isnan(difference) ? difference : most;
    }
    lstmc_npy_free(&ours);
    lstmc_npy_free(&theirs);
    return most / largest;
}

static void run_line(const char *line)
{
    Ran ran = command_run(folder, 60, line);
    cr_expect(ran.status == 0, "%s: status %d: %s", line, ran.status, ran.errors);
    ran_free(&ran);
}

typedef struct Network {
    const char *folder;
    const char *files[5];
    const char *parameters;         /* of its chain */
    const char *edit;               /* what somebody who has the module changes in the chain, for sed */
    const char *description;        /* for --into; NULL: none is needed */
    double tolerance;
} Network;

#define ALL "state_dict.pt", "model.safetensors"

static const Network networks[] = {
    { "radio_two_lstm", { "state_dict.pth" }, "timesteps=24", "", NULL, TOLERANCE },
    { "gru_sequence", { ALL, "model.pt" }, "timesteps=7", "s/GRU{9/&, return_sequences = true/",
      "return Sequential{Input{7, 4}, GRU{9, return_sequences = true}, Dense{4}}", TOLERANCE },
    { "gru_sequence", { "state_dict_float16.pt" }, "timesteps=7", "s/GRU{9/&, return_sequences = true/",
      "return Sequential{Input{7, 4}, GRU{9, return_sequences = true}, Dense{4}}", 1e-3 },
    { "lstm_projection", { ALL }, "timesteps=5", "s/LSTM{10/&, return_sequences = true/",
      "return Sequential{Input{5, 4}, LSTM{10, projection = 4, return_sequences = true}, Dropout{0.5}, Dense{3}}", TOLERANCE },
    { "lstmcell_loop", { ALL }, "timesteps=5", "s/LSTM{6/&, return_sequences = true/",
      "return Sequential{Input{5, 3}, RNN{LSTMCell{6}, return_sequences = true}, TimeDistributed{Dense{2}}}", TOLERANCE },
    { "rnn_tanh2", { ALL, "shared_storage.pt" }, "timesteps=6", "s/Dense{3/&, activation = \"softmax\"/",
      "return Sequential{Input{6, 3}, RNN{{SimpleRNNCell{8}, SimpleRNNCell{8}}}, Dense{3}, Activation{\"softmax\"}}", TOLERANCE },
    { "token_lstm", { ALL, "model.pt", "checkpoint.pt" }, "timesteps=9", "s/Dense{5/&, activation = \"log_softmax\"/",
      "return Sequential{Input{9}, Embedding{20, 8}, LSTM{12}, Dense{5, activation = \"log_softmax\"}}", TOLERANCE },
    { "conv_bn_gru", { ALL }, "timesteps=10", "s/Conv1D{8, 5/&, padding = \"same\"/",
      "return Sequential{Input{10, 3}, Conv1D{8, 5, padding = \"same\"}, BatchNormalization{}, Activation{\"relu\"}, GRU{6},\n"
      "  Dense{3}, defaults = \"pytorch\"}", TOLERANCE },
    { "bilstm2_last", { ALL, "model.pt", "state_dict_legacy.pth" }, "timesteps=6",
      "s/LSTM{7}/LSTM{7, return_sequences = true}/; s/^  Dense/  Cropping1D{{timesteps - 1, 0}}, Flatten{},\\n&/",
      "local function both() return Bidirectional{LSTM{7, return_sequences = true}} end\n"
      "return Sequential{Input{6, 5}, both(), Dropout{0.2}, both(), Cropping1D{{5, 0}}, Flatten{}, Dense{3}}", TOLERANCE },
};

/* As a chain that is corrected, and into a description. Returns the larger deviation. */
static double network_deviation(const Network *network, const char *file)
{
    char line[4000], expected[PATH_MAX];
    double most = 0;
    snprintf(expected, sizeof expected, DATA "/%s/output.npy", network->folder);
    snprintf(line, sizeof line, "$L import \"$D/%s/%s\" -o m --quiet && sed -i '%s' m.lua && $L predict m.lua %s --interpreted "
             "--quiet --input \"$D/%s/input.npy\" --out y.npy", network->folder, file, network->edit, network->parameters,
             network->folder);
    run_line(line);
    most = deviation("y.npy", expected, 0);
    if (network->description) {
        write_text("mine.lua", network->description);
        snprintf(line, sizeof line, "$L import \"$D/%s/%s\" --into mine.lua --quiet && $L predict mine.lua --interpreted --quiet "
                 "--input \"$D/%s/input.npy\" --out y.npy", network->folder, file, network->folder);
        run_line(line);
        most = fmax(most, deviation("y.npy", expected, 0));
    }
    run_line("rm -f m.lua m.safetensors mine.lua mine.safetensors y.npy");
    return most;
}

Test(import_pytorch, networks_predict_what_pytorch_does, .timeout = 300)
{
    need_data();
    name_data();
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        for (int f = 0; f < 5 && networks[i].files[f]; f++) {
            double far = network_deviation(&networks[i], networks[i].files[f]);
            cr_expect(far < networks[i].tolerance, "%s/%s: %g from what PyTorch gives", networks[i].folder, networks[i].files[f], far);
        }
}

/* An array of rows, each of them the rows of several arrays one behind the other. */
typedef struct Part {
    struct lstmc_npy array;
    size_t begin, count;            /* of sample s: `count` from begin + s * count on */
} Part;

static void write_joined(const char *name, const Part *parts, int count, size_t samples)
{
    char path[PATH_MAX];
    struct lstmc_message message;
    size_t row = 0, n = 0;
    for (int p = 0; p < count; p++)
        row += parts[p].count;
    float *values = malloc(samples * row * sizeof *values);
    for (size_t s = 0; s < samples; s++)
        for (int p = 0; p < count; p++)
            for (size_t i = 0; i < parts[p].count; i++)
                values[n++] = (float)lstmc_npy_value(&parts[p].array, parts[p].begin + s * parts[p].count + i);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(lstmc_npy_write(path, values, 2, (size_t[]){ samples, row }, &message), 0, "%s", message.text);
    free(values);
}

/* Both texts have their own embedding and their own two layers; the state at the last letter of each. */
static const char peptide[] =
    "local tcr, pep = Input{16, name = 'tcr'}, Input{10, name = 'pep'}\n"
    "local function read(x, name)\n"
    "  local y = Embedding{21, 10, mask_zero = true, name = name .. '_embedding'}(x)\n"
    "  y = LSTM{30, return_sequences = true, name = name .. '_lstm_l0'}(y)\n"
    "  return LSTM{30, name = name .. '_lstm_l1'}(y)\n"
    "end\n"
    "local y = Concatenate{}{read(tcr, 'tcr'), read(pep, 'pep')}\n"
    "y = LeakyReLU{0.01}(Dense{30, name = 'first'}(y))\n"
    "return Model{inputs = {tcr, pep}, outputs = Dense{1, activation = 'sigmoid'}(y)}\n";

Test(import_pytorch, two_branches_by_their_names)
{
    need_data();
    name_data();
    write_text("peptide.lua", peptide);
    Part parts[2] = { { read_array(DATA "/peptide_legacy/input.npy"), 0, 16 },
                      { read_array(DATA "/peptide_legacy/input1.npy"), 0, 10 } };
    write_joined("x.npy", parts, 2, 4);
    run_line("$L import $D/peptide_legacy/checkpoint.pt --into peptide.lua --quiet");
    run_line("$L predict peptide.lua --interpreted --quiet --input x.npy --out y.npy");
    double far = deviation("y.npy", DATA "/peptide_legacy/output.npy", 0);
    cr_expect(far < TOLERANCE, "%g from what PyTorch gives", far);
    run_line("$L import $D/peptide_legacy/checkpoint.pt --into peptide.lua --map hidden_layer=first -o other --quiet && "
             "cmp other.safetensors peptide.safetensors");
    for (int i = 0; i < 2; i++)
        lstmc_npy_free(&parts[i].array);
}

/* States of two layers come in as [layer, sample, 6], and go out so. */
static const char states[] =
    "local x = Input{4, 4, name = 'x'}\n"
    "local h, c, g, d = Input{6, name = 'h'}, Input{6, name = 'c'}, Input{6, name = 'g'}, Input{6, name = 'd'}\n"
    "local a, ha, ca = LSTM{6, return_sequences = true, return_state = true}{x, initial_state = {h, c}}\n"
    "local b, hb, cb = LSTM{6, return_sequences = true, return_state = true}{a, initial_state = {g, d}}\n"
    "return Model{inputs = {x, h, c, g, d}, outputs = {Dense{2, name = 'y'}(b), ha, ca, hb, cb}}\n";

Test(import_pytorch, states_come_in_and_go_out)
{
    need_data();
    name_data();
    write_text("states.lua", states);
    struct lstmc_npy x = read_array(DATA "/lstm_states/input.npy"), h = read_array(DATA "/lstm_states/input1.npy");
    struct lstmc_npy c = read_array(DATA "/lstm_states/input2.npy");
    Part parts[5] = { { x, 0, 16 }, { h, 0, 6 }, { c, 0, 6 }, { h, 12, 6 }, { c, 12, 6 } };
    write_joined("x.npy", parts, 5, 2);
    static const char *const files[] = { "state_dict.pt", "model.safetensors" };
    for (int f = 0; f < 2; f++) {
        char line[400];
        snprintf(line, sizeof line, "$L import $D/lstm_states/%s --into states.lua --quiet && "
                 "$L predict states.lua --interpreted --quiet --input x.npy --out y.npy && ls >/dev/null", files[f]);
        run_line(line);
        double far = deviation("y.y.npy", DATA "/lstm_states/output.npy", 0);
        far = fmax(far, deviation("y.lstm_h.npy", DATA "/lstm_states/output1.npy", 0));
        far = fmax(far, deviation("y.lstm_c.npy", DATA "/lstm_states/output2.npy", 0));
        far = fmax(far, deviation("y.lstm_1_h.npy", DATA "/lstm_states/output1.npy", 12));
        far = fmax(far, deviation("y.lstm_1_c.npy", DATA "/lstm_states/output2.npy", 12));
        cr_expect(far < TOLERANCE, "lstm_states/%s: %g from what PyTorch gives", files[f], far);
    }
    lstmc_npy_free(&x);
    lstmc_npy_free(&h);
    lstmc_npy_free(&c);
}

/* What lies behind the end of a sequence is made a value that Masking looks for. */
Test(import_pytorch, packed_sequences_of_unlike_lengths)
{
    need_data();
    name_data();
    struct lstmc_npy x = read_array(DATA "/lstm_lengths/input.npy"), lengths = read_array(DATA "/lstm_lengths/input1.npy");
    struct lstmc_message message;
    char path[PATH_MAX];
    float values[4 * 7 * 4];
    for (size_t i = 0; i < 112; i++)
        values[i] = (double)(i / 4 % 7) < lstmc_npy_value(&lengths, i / 28) ? (float)lstmc_npy_value(&x, i) : -99;
    snprintf(path, sizeof path, "%s/x.npy", folder);
    cr_assert_eq(lstmc_npy_write(path, values, 3, (size_t[]){ 4, 7, 4 }, &message), 0, "%s", message.text);
    write_text("lengths.lua", "return Sequential{Input{7, 4}, Masking{-99}, LSTM{6, return_sequences = true, zero_output_for_mask "
               "= true},\n  Dense{3}}");
    for (int f = 0; f < 2; f++) {
        run_line(f ? "$L import $D/lstm_lengths/model.safetensors --into lengths.lua --quiet"
                   : "$L import $D/lstm_lengths/state_dict.pt --into lengths.lua --quiet");
        run_line("$L predict lengths.lua --interpreted --quiet --input x.npy --out y.npy");
        double far = deviation("y.npy", DATA "/lstm_lengths/output.npy", 0);
        cr_expect(far < TOLERANCE, "%g from what PyTorch gives", far);
    }
    lstmc_npy_free(&x);
    lstmc_npy_free(&lengths);
}

/* Directions may be layers by themselves: final states of both, which is what Bidirectional puts out. */
Test(import_pytorch, directions_are_layers)
{
    need_data();
    name_data();
    write_text("both.lua", "local T = 6\nreturn Sequential{Input{T, 5}, Bidirectional{LSTM{7, return_sequences = true}},\n"
               "  Bidirectional{LSTM{7}}, Dense{3}}");
    write_text("apart.lua", "local x = Input{6, 5}\nlocal y = Bidirectional{LSTM{7, return_sequences = true}}(x)\n"
               "y = Concatenate{}{LSTM{7}(y), LSTM{7, go_backwards = true}(y)}\nreturn Model{inputs = x, outputs = Dense{3}(y)}");
    run_line("for m in both apart; do $L import $D/bilstm2_last/state_dict.pt --into $m.lua --quiet && $L predict $m.lua "
             "--interpreted --quiet --input $D/bilstm2_last/input.npy --out $m.npy || exit 1; done");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/apart.npy", folder);
    double far = deviation("both.npy", path, 0);
    cr_expect(far < 1e-6, "%g apart", far);
}

/* ---- descriptions that are there ------------------------------------------------------------------------------------ */

Test(import_pytorch, mistakes_of_a_description_are_said_together)
{
    need_data();
    name_data();
    write_text("wrong.lua", "return Sequential{Input{7, 4}, GRU{8, return_sequences = true}, Dense{4, use_bias = false}, Dense{2}}");
    static const char *const said[] = {
        "layer gru: its gru/kernel is {4, 24}, and gru.weight_ih_l0 of the file becomes {4, 27}",
        "layer gru: its gru/bias is {2, 24}, and gru.bias_ih_l0 of the file becomes {2, 27}",
        "layer dense (Dense) has 1 weights, dense/kernel {8, 4}; linear (nn.Linear) of the file has 2, "
        "linear.weight {9, 4}, linear.bias {4}",
        "layer dense_1 (Dense): the file has no weights for it; it wants dense_1/kernel {4, 2}",
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        expect("$L import $D/gru_sequence/state_dict.pt --into wrong.lua", 1, NULL, said[i]);
    write_text("short.lua", "return Sequential{Input{7, 4}, GRU{9, return_sequences = true}}");
    expect("$L import $D/gru_sequence/state_dict.pt --into short.lua", 1, NULL,
           "linear (nn.Linear) of the file (linear.weight {9, 4}, linear.bias {4}): no layer of the description is left for it; "
           "--map linear= leaves it out");
    expect("$L import $D/gru_sequence/state_dict.pt --into short.lua --map linear=", 0,
           "short.safetensors: 405 parameters of ", NULL);
    expect("$L import $D/gru_sequence/state_dict.pt --into nothing.lua", 1, NULL, "nothing.lua");
    cr_expect_eq(command_count_files(folder), 3);
}

Test(import_pytorch, maps_say_which_is_which)
{
    need_data();
    name_data();
    write_text("two.lua", "return Sequential{Input{6}, Dense{6, name = 'a'}, Dense{6, name = 'b'}}");
    write_text("gru.lua", "return Sequential{Input{7, 4}, GRU{9, return_sequences = true}, Dense{4, name = 'last'}}");
    expect("$L import $D/gru_sequence/state_dict.pt --into gru.lua --map linear=last,gru=gru -o by --quiet", 0, NULL, NULL);
    expect("$L import $D/gru_sequence/state_dict.pt --into gru.lua --quiet && cmp by.safetensors gru.safetensors", 0, NULL, NULL);
    expect("$L import $D/gru_sequence/state_dict.pt --into gru.lua --map lin=last", 1, NULL, "the file has no lin; it has gru, linear");
    expect("$L import $D/gru_sequence/state_dict.pt --into gru.lua --map linear=first", 1, NULL,
           "the description has no layer first with weights");
    expect("$L import $D/gru_sequence/state_dict.pt --into gru.lua --map linear=last,gru=last", 1, NULL, "was given before");
    expect("$L import $D/gru_sequence/state_dict.pt --map linear=last", 2, NULL, "--map goes with --into");
    expect("$L import $D/gru_sequence/state_dict.pt --into gru.lua --map last", 2, NULL, "--map takes NAME=LAYER");
}

typedef struct Shaped {
    const char *name;
    int rank;
    size_t shape[LSTMC_FILE_RANK_MAX];
} Shaped;

/* A state dict as safetensors, of numbers that are all different. */
static void write_state(const char *name, const Shaped *shaped, int count)
{
    struct lstmc_file_tensor tensors[16] = { { 0 } };
    static float values[4096];
    struct lstmc_message message;
    const char *none[] = { NULL };
    char path[PATH_MAX];
    size_t used = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (float)(0.3 * sin(1.7 * (double)i));
    for (int i = 0; i < count; i++) {
        struct lstmc_file_tensor *tensor = &tensors[i];
        *tensor = (struct lstmc_file_tensor){ .name = shaped[i].name, .dtype = "F32", .rank = shaped[i].rank, .count = 1 };
        memcpy(tensor->shape, shaped[i].shape, sizeof tensor->shape);
        for (int d = 0; d < tensor->rank; d++)
            tensor->count *= tensor->shape[d];
        tensor->bytes = 4 * tensor->count;
        tensor->data = (const unsigned char *)(values + used);
        used += tensor->count;
    }
    cr_assert(used <= sizeof values / sizeof *values);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(lstmc_tensor_file_write(path, tensors, count, none, &message), 0, "%s", message.text);
}

/* An Embedding has the shape of a Linear without a bias. */
Test(import_pytorch, matrices_are_told_apart_by_their_place)
{
    static const Shaped text[] = { { "decoder.weight", 2, { 50, 10 } }, { "encoder.weight", 2, { 50, 8 } },
                                   { "rnn.weight_hh_l0", 2, { 40, 10 } }, { "rnn.weight_ih_l0", 2, { 40, 8 } } };
    static const Shaped ordered[] = { { "encoder.weight", 2, { 50, 8 } }, { "rnn.weight_ih_l0", 2, { 40, 8 } },
                                      { "rnn.weight_hh_l0", 2, { 40, 10 } }, { "decoder.weight", 2, { 50, 10 } } };
    write_state("text.safetensors", text, 4);
    write_state("ordered.safetensors", ordered, 4);
    expect("$L import text.safetensors -o a && grep -A 4 Input a.lua", 0,
           "  Input{timesteps},\n  Embedding{50, 8, name = \"encoder\"},\n  LSTM{10, use_bias = false, name = \"rnn\"},\n"
           "  Dense{50, use_bias = false, name = \"decoder\"},\n}", NULL);
    expect("$L import ordered.safetensors -o b && grep -A 4 Input b.lua", 0, "  Embedding{50, 8, name = \"encoder\"},", NULL);
    expect("$L import text.safetensors -o c", 0, "encoder is an nn.Embedding, no nn.Linear without a bias", NULL);
    write_text("into.lua", "return Sequential{Input{9}, Embedding{50, 8}, LSTM{10, use_bias = false}, Dense{50, use_bias = false}}");
    expect("$L import text.safetensors --into into.lua --quiet", 0, NULL, NULL);
    expect("printf '3\\n1\\n4\\n1\\n5\\n9\\n2\\n6\\n5\\n' >x; $L predict into.lua --interpreted --input x >u; "
           "$L predict a.lua timesteps=9 --interpreted --input x 2>/dev/null | cmp - u && test -s u", 0, NULL, NULL);
}

/* Names that are taken are left out. */
Test(import_pytorch, names_of_modules_become_names_of_layers)
{
    static const Shaped named[] = { { "input.weight", 2, { 4, 3 } },   { "input.bias", 1, { 4 } },
                                    { "register.weight", 2, { 5, 4 } }, { "register.bias", 1, { 5 } },
                                    { "a.b.weight", 2, { 2, 5 } },     { "a.b.bias", 1, { 2 } },
                                    { "a_b.weight", 2, { 2, 2 } },     { "a_b.bias", 1, { 2 } } };
    write_state("named.safetensors", named, 8);
    expect("$L import named.safetensors -o a && grep -A 5 Input a.lua", 0,
           "  Input{3},\n  Dense{4, activation = \"relu\"},\n  Dense{5, activation = \"relu\", name = \"register\"},\n"
           "  Dense{2, activation = \"relu\", name = \"a_b\"},\n  Dense{2},\n}", NULL);
    expect("$L check a.lua --quiet", 0, "a.lua: all within tolerance", NULL);
}

Test(import_pytorch, images_and_groups)
{
    static const Shaped image[] = { { "conv.weight", 4, { 4, 3, 3, 5 } }, { "conv.bias", 1, { 4 } },
                                    { "norm.weight", 1, { 4 } },         { "norm.bias", 1, { 4 } },
                                    { "norm.running_mean", 1, { 4 } },   { "norm.running_var", 1, { 4 } } };
    static const Shaped groups[] = { { "wide.weight", 3, { 8, 3, 1 } }, { "wide.bias", 1, { 8 } },
                                     { "deep.weight", 3, { 8, 1, 3 } }, { "deep.bias", 1, { 8 } },
                                     { "norm.weight", 1, { 8 } },       { "norm.bias", 1, { 8 } } };
    write_state("image.safetensors", image, 6);
    write_state("groups.safetensors", groups, 6);
    expect("$L import image.safetensors -o a && grep -A 3 Input a.lua", 0,
           "  Input{height, width, 3},\n  Conv2D{4, {3, 5}, name = \"conv\"},\n"
           "  BatchNormalization{epsilon = 1e-5, momentum = 0.9, unbiased = true, name = \"norm\"},\n}", NULL);
    expect("$L import groups.safetensors -o b && grep -A 4 Input b.lua", 0,
           "  Input{timesteps, 3},\n  Conv1D{8, 1, activation = \"relu\", name = \"wide\"},\n"
           "  Conv1D{8, 3, groups = 8, name = \"deep\"},\n  LayerNormalization{epsilon = 1e-5, name = \"norm\"},\n}", NULL);
}

/* A file that is in the order of its names, and two layers that only those tell apart. */
Test(import_pytorch, safetensors_know_no_order)
{
    const struct lstmc_file_tensor tensors[] = {
        { .name = "decoder.bias", .dtype = "F32", .rank = 1, .shape = { 2 }, .count = 2, .bytes = 8,
          .data = (const unsigned char *)(const float[]){ 1, 2 } },
        { .name = "decoder.weight", .dtype = "F32", .rank = 2, .shape = { 2, 2 }, .count = 4, .bytes = 16,
          .data = (const unsigned char *)(const float[]){ 1, 2, 3, 4 } },
        { .name = "encoder.bias", .dtype = "F32", .rank = 1, .shape = { 2 }, .count = 2, .bytes = 8,
          .data = (const unsigned char *)(const float[]){ 5, 6 } },
        { .name = "encoder.weight", .dtype = "F32", .rank = 2, .shape = { 2, 2 }, .count = 4, .bytes = 16,
          .data = (const unsigned char *)(const float[]){ 5, 6, 7, 8 } },
    };
    char path[PATH_MAX];
    struct lstmc_message message;
    const char *none[] = { NULL };
    snprintf(path, sizeof path, "%s/state.safetensors", folder);
    cr_assert_eq(lstmc_tensor_file_write(path, tensors, 4, none, &message), 0, "%s", message.text);
    write_text("two.lua", "return Sequential{Input{2}, Dense{2}, Dense{2}}");
    expect("$L import state.safetensors --into two.lua", 1, NULL,
           "layer dense (Dense) may be decoder or encoder, which have the same shapes, and the file knows no order: "
           "--map decoder=dense");
    expect("$L import state.safetensors --into two.lua --map encoder=dense --quiet", 0, NULL, NULL);
    expect("echo 1 10 | $L predict two.lua --interpreted", 0, "", NULL);
    expect("$L import state.safetensors -o guess", 0, "in the order that their shapes allow, and not they alone", NULL);
    write_text("named.lua", "return Sequential{Input{2}, Dense{2, name = 'encoder'}, Dense{2, name = 'decoder'}}");
    expect("$L import state.safetensors --into named.lua --quiet", 0, NULL, NULL);
    expect("echo 1 10 | $L predict named.lua --interpreted >a; echo 1 10 | $L predict two.lua --interpreted | cmp - a", 0, NULL, NULL);
    expect("$L import named.safetensors", 1, NULL, "is a weight file of lstmc's own, of the model named");
}

/* A file that begins with the length of a header, which may be any: with the bytes of a pickle or of a JSON text too. */
Test(import_pytorch, headers_of_any_length)
{
    static const char named[] = "{\"weight\": {\"dtype\": \"F32\", \"shape\": [1, 2], \"data_offsets\": [0, 8]}}";
    static const size_t lengths[] = { 0x280, 0x380, 0x480, 0x580, '{', 0x100 + '{', 0x200 + ' ', 0x100 + '\n' };
    static const float values[] = { 3, 4 };
    write_text("one.lua", "return Sequential{Input{2}, Dense{1, use_bias = false}}");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        unsigned char file[8 + 0x600 + sizeof values] = { (unsigned char)lengths[i], (unsigned char)(lengths[i] >> 8) };
        memset(file + 8, ' ', lengths[i]);
        memcpy(file + 8, named, sizeof named - 1);
        memcpy(file + 8 + lengths[i], values, sizeof values);
        command_write(folder, "any.safetensors", (const char *)file, (long)(8 + lengths[i] + sizeof values));
        expect("$L import any.safetensors --into one.lua --quiet && echo 1 10 | $L predict one.lua --interpreted --quiet", 0, "43\n", NULL);
    }
}

/* The seam is the same for all importers: weights alone of Keras, by names and by paths. */
Test(import_pytorch, weights_of_keras_for_a_description)
{
    need_data();
    name_data();
    write_text("auto.lua", "return Sequential{Input{30, 5}, LSTM{32}, RepeatVector{30}, LSTM{32, return_sequences = true},\n"
               "  TimeDistributed{Dense{5}}}");
    expect("$L import $D/../h5/textgenrnn_cudnn/weights.hdf5", 1, NULL, "--into");
    expect("$L import $D/../keras/weights_only_autoencoder/model.weights.h5 --into auto.lua", 0, "auto.safetensors: 13", NULL);
    write_text("wide.lua", "return Sequential{Input{30, 6}, LSTM{32}, RepeatVector{30}, LSTM{32, return_sequences = true},\n"
               "  TimeDistributed{Dense{5}}}");
    expect("$L import $D/../keras/weights_only_autoencoder/model.weights.h5 --into wide.lua", 1, NULL,
           "layer lstm (LSTM): the file has no weights for it; it wants lstm/kernel {6, 128}");
}

static bool same_tensors(const char *a, const char *b);

/* Keras 2.1: layers by their names, in the order of the model. */
Test(import_pytorch, weights_of_keras_by_their_names)
{
    need_data();
    name_data();
    run_line("H=$D/../h5/sentiment_lstm_keras212; $L import $H/*.json --weights $H/weights.h5 -o m --quiet && "
             "$L import $H/weights.h5 --into m.lua -o n --quiet");
    cr_expect(same_tensors("m.safetensors", "n.safetensors"), "--into reads other weights");
}

/* A part of a network that no chain is, in the layout of cuDNN. */
Test(import_pytorch, weights_of_cudnn_without_an_architecture)
{
    need_data();
    name_data();
    write_text("one.lua", "return Sequential{Input{40}, Embedding{465, 100}, LSTM{128, return_sequences = true}}");
    expect("$L import $D/../h5/textgenrnn_cudnn/weights.hdf5 --into one.lua --map rnn_2=,attention=,output=", 0,
           "rnn_1 was trained by cuDNN, whose layout was turned into the usual one", NULL);
    run_line("$L predict one.lua --interpreted --quiet --input $D/../h5/textgenrnn_cudnn/input.npy --out y.npy");
    double far = deviation("y.npy", DATA "/../h5/textgenrnn_cudnn/rnn_1.npy", 0);
    cr_expect(far < TOLERANCE, "%g from what it should be", far);
}

static bool same_tensors(const char *a, const char *b)
{
    char path[PATH_MAX];
    struct lstmc_tensor_file one, other;
    struct lstmc_message message;
    snprintf(path, sizeof path, "%s/%s", folder, a);
    cr_assert_eq(lstmc_tensor_file_open(path, &one, &message), 0, "%s", message.text);
    snprintf(path, sizeof path, "%s/%s", folder, b);
    cr_assert_eq(lstmc_tensor_file_open(path, &other, &message), 0, "%s", message.text);
    bool same = one.count == other.count && one.count > 0;
    for (int i = 0; i < one.count && same; i++) {
        const struct lstmc_file_tensor *twin = lstmc_tensor_file_find(&other, one.tensors[i].name);
        same = twin && twin->bytes == one.tensors[i].bytes && !memcmp(twin->data, one.tensors[i].data, twin->bytes);
    }
    lstmc_tensor_file_free(&one);
    lstmc_tensor_file_free(&other);
    return same;
}

/* What a file says of its model, and what it says of the description that was made of that, are the same weights. */
Test(import_pytorch, weights_of_others_for_their_own_descriptions, .timeout = 300)
{
    need_data();
    static const char *const patterns[] = { DATA "/../keras/*/model.keras", DATA "/../h5/*/model.h5", DATA "/../tfjs/*/model.json" };
    int count = 0;
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        glob_t found;
        cr_assert_eq(glob(patterns[p], 0, NULL, &found), 0, "nothing is like %s", patterns[p]);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char path[PATH_MAX], line[3 * PATH_MAX];
            cr_assert_not_null(realpath(found.gl_pathv[i], path));
            if (strstr(path, "/refuse_") || strstr(path, "/dl4j_two_lstm"))         /* its architecture is another file */
                continue;
            snprintf(line, sizeof line, "$L import '%s' -o m --quiet && $L import '%s' --into m.lua -o n --quiet", path, path);
            run_line(line);
            cr_expect(same_tensors("m.safetensors", "n.safetensors"), "%s: --into reads other weights", path);
            run_line("rm -f m.lua m.safetensors n.safetensors");
            count++;
        }
        globfree(&found);
    }
    cr_expect(count >= 35, "%d files", count);
}

/* ---- what is refused ------------------------------------------------------------------------------------------------ */

Test(import_pytorch, programs_are_refused_by_name)
{
    need_data();
    name_data();
    expect("for f in $D/*/script.pt; do $L import $f || echo refused; done", 0, "refused\nrefused\nrefused\nrefused\nrefused\nrefused\n",
           "script.pt: is TorchScript, a program with its weights: torch.save(model.state_dict(), FILE)");
    expect("$L import $D/peptide_legacy/checkpoint.pt", 1, NULL, "pep_embedding (nn.Embedding) reads ids, and is not the first");
    expect("$L import $D/reader_suite/float32.pt", 1, NULL, "tensor is no tensor of a module that is known here");
    expect("$L import $D/reader_suite/special_values.pt", 1, NULL, "tensor: number 1 of it is not finite");
    cr_expect_eq(command_count_files(folder), 0);
}

/* ---- hostile pickles: a file from before 1.6 around a pickle of our own ------------------------------------------------ */

typedef struct Bytes {
    unsigned char bytes[1 << 16];
    size_t length;
} Bytes;

static void put(Bytes *to, const void *bytes, size_t length)
{
    cr_assert(to->length + length <= sizeof to->bytes);
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}
#define PUT(to, text) put(to, text, sizeof(text) - 1)

static void put_heading(Bytes *to, bool little)
{
    PUT(to, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.");
    PUT(to, "\x80\x02}X\x0d\0\0\0little_endian");
    put(to, little ? "\x88s." : "\x89s.", 3);
}

/* A storage "k" of four numbers, 1 to 4. */
static void put_storage(Bytes *to)
{
    PUT(to, "\x80\x02]X\x01\0\0\0ka.\x04\0\0\0\0\0\0\0");
    put(to, (const float[]){ 1, 2, 3, 4 }, 16);
}

static void expect_pickle(const char *what, const void *object, size_t length, const char *message)
{
    static Bytes file;
    file.length = 0;
    put_heading(&file, true);
    PUT(&file, "\x80\x02");
    put(&file, object, length);
    put_storage(&file);
    command_write(folder, "hostile.pt", file.bytes, (long)file.length);
    Ran ran = command_run(folder, 20, "$L import hostile.pt -o made");
    cr_expect(ran.status == 1 && strstr(ran.errors, message), "%s: status %d, \"%.400s\", not \"%s\"", what, ran.status, ran.errors,
              message);
    cr_expect(ran.kilobytes < 600000, "%s: %ld kB", what, ran.kilobytes);
    ran_free(&ran);
}
#define EXPECT_PICKLE(object, message) expect_pickle(#object, object, sizeof(object) - 1, message)

Test(import_pytorch, nothing_is_executed)
{
    EXPECT_PICKLE("cos\nsystem\n(X\x0a\0\0\0touch eviltR.", "all that is in it would be made by os.system");
    EXPECT_PICKLE("}X\x01\0\0\0wcos\nsystem\n(X\x0a\0\0\0touch eviltRs.", "w would be made by os.system, which no state dict needs");
    EXPECT_PICKLE("}X\x01\0\0\0wcbuiltins\neval\nX\x01\0\0\0x\x85Rs.", "w would be made by builtins.eval");
    EXPECT_PICKLE("\x8c\x02os\x8c\x06system\x93)R.", "os.system");
    EXPECT_PICKLE("}X\x01\0\0\0wctorch._utils\n_rebuild_qtensor\n)Rs.", "torch._utils._rebuild_qtensor");
    EXPECT_PICKLE("cos\nsystem\n.", "holds no tensors");
    cr_expect_eq(access("evil", F_OK), -1);
    cr_expect_eq(command_count_files(folder), 1);
}

Test(import_pytorch, pickles_that_are_none)
{
    EXPECT_PICKLE("}r\xff\xff\xff\xff.", "remembers something in place 4294967295");
    EXPECT_PICKLE("\x8b\0\0\0\x80.", "it ends in the midst of something that is 2147483648 bytes long");
    EXPECT_PICKLE("\x8b\xff\xff\xff\xff.", "it ends in the midst");
    EXPECT_PICKLE("X\xff\xff\xff\x7f" "abc.", "it ends in the midst");
    EXPECT_PICKLE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "abc.", "it ends in the midst");
    EXPECT_PICKLE("T\xff\xff\xff\xff.", "it ends in the midst");
    EXPECT_PICKLE("h\x07.", "it remembers what it never saw (7)");
    EXPECT_PICKLE("j\xff\xff\xff\xff.", "it remembers what it never saw");
    EXPECT_PICKLE("R.", "its stack is empty");
    EXPECT_PICKLE(".", "its stack is empty");
    EXPECT_PICKLE("0.", "its stack is empty");
    EXPECT_PICKLE("K\x01(0.", "its stack is empty");
    EXPECT_PICKLE("u.", "there is nothing to add to");
    EXPECT_PICKLE("(u.", "there is nothing to add to");
    EXPECT_PICKLE("t.", "there is no mark");
    EXPECT_PICKLE("}(K\x01u.", "a key has no value");
    EXPECT_PICKLE("(K\x01" "d.", "a key has no value");
    EXPECT_PICKLE("K\x01)R.", "something is called that is no function");
    EXPECT_PICKLE("K\x01Q.", "a storage has no number");
    EXPECT_PICKLE("K\x01K\x02\x93.", "a name is none");
    EXPECT_PICKLE("ccollections\nOrderedDict\n]K\x01" "a\x85R.", "a dict is made of what is no pair");
    EXPECT_PICKLE("c" "nowhere", "a name has no end");
    EXPECT_PICKLE("\x80\x09.", "protocol 9");
    EXPECT_PICKLE("I01\n.", "operation 0x49, which torch.save does not write");
    EXPECT_PICKLE("\xff.", "operation 0xff");
}

Test(import_pytorch, objects_that_hold_themselves)
{
    EXPECT_PICKLE("]q\0h\0a.", "holds no tensors");
    EXPECT_PICKLE("}q\0X\x01\0\0\0ah\0s.", "its dicts are nested more than 24 deep, or one holds itself");
    EXPECT_PICKLE("}q\0X\x05\0\0\0modelh\0s.", "one holds itself");
    EXPECT_PICKLE("(cx\ny\n)R}q\0X\x0b\0\0\0_parametersh\0sb0}.", "holds no tensors");
    EXPECT_PICKLE("cx\ny\n)Rq\0}X\x08\0\0\0_modules}X\x01\0\0\0ah\0ssb.", "one holds itself");
    EXPECT_PICKLE("ctorch._utils\n_rebuild_parameter\n]q\1\x85Rq\0h\1h\0a0.", "_rebuild_parameter");
}

/* Twenty dicts, each of which holds the one before eight times: 8^20 ways to the first. */
Test(import_pytorch, few_bytes_that_are_much)
{
    static Bytes object;
    PUT(&object, "}q\0");
    for (int i = 0; i < 20; i++) {
        unsigned char place = (unsigned char)i;
        PUT(&object, "}(");
        for (int k = 0; k < 8; k++) {
            PUT(&object, "X\x01\0\0\0");
            put(&object, &"abcdefgh"[k], 1);
            PUT(&object, "h");
            put(&object, &place, 1);
        }
        place++;
        PUT(&object, "uq");
        put(&object, &place, 1);
    }
    PUT(&object, ".");
    expect_pickle("a tree of dicts", object.bytes, object.length, "nested more than");
    object.length = 0;
    for (int i = 0; i < 60000; i++)
        PUT(&object, "(");
    PUT(&object, ".");
    expect_pickle("marks", object.bytes, object.length, "its stack is empty");
    object.length = 0;
    for (int i = 0; i < 10000; i++)
        PUT(&object, "}r\x00\x10\x00\x00");
    PUT(&object, ".");
    expect_pickle("a memory", object.bytes, object.length, "holds no tensors");
}

#define STORAGE "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0kX\x03\0\0\0cpuK\x04NtQ"
#define TENSOR(rest) "}X\x06\0\0\0weightctorch._utils\n_rebuild_tensor_v2\n(" STORAGE rest "\x89)tRs."

Test(import_pytorch, tensors_that_reach_beyond)
{
    EXPECT_PICKLE(TENSOR("K\0(K\x05t(K\1t"), "weight: it reaches beyond its storage");
    EXPECT_PICKLE(TENSOR("K\1(K\x04t(K\1t"), "weight: it reaches beyond its storage");
    EXPECT_PICKLE(TENSOR("K\0(K\x02t(K\4t"), "weight: it reaches beyond its storage");
    EXPECT_PICKLE(TENSOR("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f(K\x01t(K\1t"), "weight: it reaches beyond its storage");
    EXPECT_PICKLE(TENSOR("K\0(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ft(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ft"),
                  "weight: it reaches beyond its storage");
    EXPECT_PICKLE(TENSOR("K\0(J\xff\xff\xff\xfft(K\1t"), "weight: it is no tensor as torch.save writes it");
    EXPECT_PICKLE(TENSOR("K\0(K\4t(J\xff\xff\xff\xfft"), "weight: it is no tensor as torch.save writes it");
    EXPECT_PICKLE(TENSOR("K\0(K\4t)"), "weight: it is no tensor as torch.save writes it");
    EXPECT_PICKLE(TENSOR("K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1t"), "weight: it is no tensor");
    EXPECT_PICKLE(TENSOR("K\0(J\0\0\0\x10t(K\0t"), "weight: the tensors have more numbers than such a file can hold");
    EXPECT_PICKLE("}X\x01\0\0\0w(X\x07\0\0\0storagectorch\nComplexFloatStorage\nX\x01\0\0\0kX\x03\0\0\0cpuK\x04NtQs.",
                  "has numbers of torch.ComplexFloatStorage");
}

Test(import_pytorch, files_of_other_machines)
{
    static Bytes file;
    put_heading(&file, false);
    PUT(&file, "\x80\x02}.");
    put_storage(&file);
    command_write(folder, "big.pt", file.bytes, (long)file.length);
    expect("$L import big.pt", 1, NULL, "big.pt: was written on a big-endian machine");
    file.length = 0;
    PUT(&file, "\x80\x02}X\x01\0\0\0aK\x01s.");
    command_write(folder, "other.pkl", file.bytes, (long)file.length);
    expect("$L import other.pkl", 1, NULL, "other.pkl: is a pickle, but none that torch.save has written");
    file.length = 0;
    put_heading(&file, true);
    PUT(&file, "\x80\x02" TENSOR("K\0(K\2K\2t(K\1K\2t"));
    PUT(&file, "\x80\x02]X\x01\0\0\0ka.\xff\xff\xff\xff\xff\xff\xff\x7f");
    command_write(folder, "long.pt", file.bytes, (long)file.length);
    expect("$L import long.pt", 1, NULL, "long.pt: is damaged: it ends before its numbers do");
    file.length = 0;
    put_heading(&file, true);
    PUT(&file, "\x80\x02" TENSOR("K\0(K\2K\2t(K\1K\2t"));
    put_storage(&file);
    command_write(folder, "turned.pt", file.bytes, (long)file.length);
    expect("$L import turned.pt --quiet && echo 1 10 | $L predict turned.lua --interpreted", 0, "31 42\n", NULL);
}

/* ---- damaged files -------------------------------------------------------------------------------------------------- */

/* In this process, so that a sanitizer sees it. */
static int import_once(void *context, const char *path, struct lstmc_message *message)
{
    (void)context;
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    DraftSource source = { .path = path, .weights_alone = false };
    Draft *draft = import_file(arena, diagnostics, &source);
    if (!draft)
        snprintf(message->text, sizeof message->text, "refused");
    cr_expect(draft ? draft->layer_count > 0 : diagnostics_count(diagnostics) > 0);
    arena_free(arena);
    return draft == NULL;
}

static char *read_bytes(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s cannot be read", path);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    char *bytes = malloc(*length + 1);
    rewind(file);
    cr_assert(fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

static void damage(const char *path)
{
    size_t length;
    char *bytes = read_bytes(path, &length);
    struct mutations done = mutate(bytes, length, "().}]abcehjqrstuKMXRQ\x80\x85\x86\x87\x89\xff", import_once, NULL);
    cr_expect(done.refused >= done.files / 10, "%s: %d of %d refused", path, done.refused, done.files);
    free(bytes);
}

Test(import_pytorch, damaged_archives, .timeout = 3000)
{
    need_data();
    damage(DATA "/gru_sequence/state_dict.pt");
}

Test(import_pytorch, damaged_files_of_before, .timeout = 3000)
{
    need_data();
    damage(DATA "/bilstm2_last/state_dict_legacy.pth");
}

Test(import_pytorch, damaged_safetensors, .timeout = 3000)
{
    need_data();
    damage(DATA "/conv_bn_gru/model.safetensors");
}

/* The checksums of an archive keep damage away from its pickle: here it is done behind them. */
static int import_contents(void *context, const char *path, struct lstmc_message *message)
{
    const struct lstmc_tensor_file *good = context;
    struct lstmc_file_tensor tensors[64];
    size_t length;
    char *bytes = read_bytes(path, &length);
    struct lstmc_tensor_file contents = *good;
    cr_assert(good->count <= 64);
    memcpy(tensors, good->tensors, (size_t)good->count * sizeof *tensors);
    contents.tensors = tensors;
    for (int i = 0; i < good->count; i++)
        if (strstr(tensors[i].name, "/data.pkl"))
            tensors[i].data = (const unsigned char *)bytes, tensors[i].bytes = tensors[i].count = tensors[i].shape[0] = length;
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Draft draft = { .arena = arena, .diagnostics = diagnostics, .file = path };      /* without a catalogue, which takes long */
    State state = { .draft = &draft };
    state_read_archive(&state, &contents);
    int refused = diagnostics_count(diagnostics) > 0;
    if (refused)
        snprintf(message->text, sizeof message->text, "refused");
    arena_free(arena);
    free(bytes);
    return refused;
}

Test(import_pytorch, damaged_pickles, .timeout = 3000)
{
    need_data();
    static const char *const files[] = { DATA "/token_lstm/model.pt", DATA "/token_lstm/checkpoint.pt" };
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        Arena *arena = arena_create();
        Diagnostics *diagnostics = diagnostics_create(arena);
        struct lstmc_tensor_file contents;
        cr_assert(container_read(arena, diagnostics, files[f], &contents));
        for (int i = 0; i < contents.count; i++)
            if (strstr(contents.tensors[i].name, "/data.pkl"))
                mutate(contents.tensors[i].data, contents.tensors[i].bytes, "().}]abcehjqrstuKMXRQ\x80\x85\x86\x87\x89\xff",
                       import_contents, &contents);
        lstmc_tensor_file_free(&contents);
        arena_free(arena);
    }
}
