/* test_import_keras.c: files of Keras and TensorFlow.js: what they predict, how they are written down, what is refused, and
 * damaged ones. */
#include "import_suite.h"
#include "imported.h"
#include "mutate.h"
#include "runtime/safetensors.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOLERANCE 1e-5

TestSuite(import_keras, .init = setup, .fini = teardown);

static void need_data(void)
{
    if (access(INTERCHANGE, R_OK))
        cr_skip_test(INTERCHANGE " is absent");
}

/* Every file of the pattern that has arrays beside it. */
static int expect_all(const char *pattern)
{
    glob_t found;
    int count = 0;
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "nothing is like %s", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char arrays[PATH_MAX], input[PATH_MAX + 20];
        snprintf(arrays, sizeof arrays, "%s", found.gl_pathv[i]);
        *strrchr(arrays, '/') = 0;
        snprintf(input, sizeof input, "%s/input.npy", arrays);
        if (access(input, R_OK) || strstr(arrays, "refuse_"))
            continue;
        double far = imported_deviation(folder, found.gl_pathv[i], "", arrays);
        cr_expect(far < TOLERANCE, "%s: %g from what Keras gives", found.gl_pathv[i], far);
        count++;
    }
    globfree(&found);
    return count;
}

Test(import_keras, keras_archives, .timeout = 300)
{
    need_data();
    cr_expect_eq(expect_all(INTERCHANGE "/keras/*/model.keras"), 19);
}

Test(import_keras, hdf5_files, .timeout = 300)
{
    need_data();
    cr_expect_eq(expect_all(INTERCHANGE "/h5/dl4j_[!t]*/model.h5"), 7);
    cr_expect_eq(expect_all(INTERCHANGE "/h5/flight*/model.h5"), 2);
    static const char *const apart[][2] = { { "dl4j_two_lstm_keras2", "model.h5" },
                                            { "sentiment_lstm_keras212", "weights.h5" } };
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
        char file[PATH_MAX], options[2 * PATH_MAX], arrays[PATH_MAX], here[PATH_MAX];
        cr_assert_not_null(getcwd(here, sizeof here));
        snprintf(arrays, sizeof arrays, INTERCHANGE "/h5/%s", apart[i][0]);
        snprintf(file, sizeof file, "%.4000s/architecture.json", arrays);
        snprintf(options, sizeof options, "--weights '%.2000s/%.1000s/%s'", here, arrays, apart[i][1]);
        double far = imported_deviation(folder, file, options, arrays);
        cr_expect(far < TOLERANCE, "%s: %g from what Keras gives", file, far);
    }
}

Test(import_keras, tensorflow_js, .timeout = 300)
{
    need_data();
    cr_expect_eq(expect_all(INTERCHANGE "/tfjs/*/model.json"), 7);
}

/* The whole line of the shell with the path of a file of the data in place of %s. */
static void expect_of(const char *format, const char *file, int status, const char *output, const char *errors)
{
    char path[2 * PATH_MAX], line[3 * PATH_MAX], here[PATH_MAX];
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/" INTERCHANGE "/%s", here, file);
    snprintf(line, sizeof line, format, path);
    expect(line, status, output, errors);
}

Test(import_keras, reads_like_a_person_wrote_it)
{
    need_data();
    expect_of("$L import %s -o gait --quiet && sed -n '/^return/,$p' gait.lua", "keras/gait_conv_norm_lstm/model.keras", 0,
              "return Sequential{ name = \"gait\",\n"
              "  Input{120, 15},\n"
              "  Conv1D{64, 5, padding = \"same\", activation = \"relu\"},\n"
              "  BatchNormalization{},\n"
              "  MaxPooling1D{},\n"
              "  Dropout{0.2},\n"
              "  Conv1D{128, 3, padding = \"same\", activation = \"relu\"},\n"
              "  BatchNormalization{},\n"
              "  MaxPooling1D{},\n"
              "  Dropout{0.2},\n"
              "  LSTM{64, dropout = 0.2},\n"
              "  Dropout{0.3},\n"
              "  Dense{64, activation = \"relu\"},\n"
              "  BatchNormalization{},\n"
              "  Dense{5, activation = \"softmax\", name = \"predictions\"},\n"
              "  loss = \"sparse_categorical_crossentropy\",\n"
              "  optimizer = Adam{learning_rate = 0.00025},\n"
              "  metrics = {\"accuracy\"},\n"
              "}\n", NULL);
    expect_of("$L import %s -o flight --quiet && sed -n '/^local/,/^return/p' flight.lua", "keras/flight_functional/model.keras",
              0, "local input = Input{11, 1}\n"
              "local conv1d = Conv1D{32, 3, activation = \"relu\"}(input)\n"
              "local max_pooling1d = MaxPooling1D{}(conv1d)\n"
              "local flatten = Flatten{}(max_pooling1d)\n"
              "local lstm = LSTM{64, activation = \"relu\"}(input)\n"
              "local dense = Dense{32, activation = \"relu\"}(flatten)\n"
              "local dense_1 = Dense{32, activation = \"relu\"}(lstm)\n"
              "local concatenate = Concatenate{}(dense, dense_1)\n"
              "local dense_2 = Dense{5}(concatenate)\n"
              "\n"
              "return Model{ name = \"flight\",\n", NULL);
}

Test(import_keras, what_is_no_model_of_ours)
{
    need_data();
    expect_of("$L import %s -o x", "keras/refuse_lambda_attention/model.keras", 1, NULL,
              "lambda (Lambda): a Lambda holds Python's byte code, which is never read");
    expect_of("$L import %s -o x", "h5/sentiment_lstm_keras212/architecture.json", 1, NULL, "give their file by --weights");
    write_text("notes.txt", "hello");
    expect("$L import notes.txt", 1, NULL, "notes.txt: is no model that can be imported");
    write_text("graph.pb", "\n\5x");
    expect("$L import graph.pb", 1, NULL, "graph.pb: is a graph of TensorFlow, which is not read: tf2onnx makes an .onnx of it");
    expect("$L import nowhere.h5", 1, NULL, "nowhere.h5: cannot be opened");
    write_text("x.json", "{\"class_name\": ");
    expect("$L import x.json", 1, NULL, "x.json: is no JSON: line 1");
    write_text("x.json", "{}");
    expect("$L import x.json", 1, NULL, "x.json: is no model: it has neither class_name");
    write_text("x.h5", "\x89HDF\r\n\x1a\nand no more");
    expect("$L import x.h5", 1, NULL, "x.h5: is damaged, or no HDF5 file");
    write_text("x.keras", "PK\3\4and no more");
    expect("$L import x.keras", 1, NULL, "x.keras: is damaged, or no zip archive");
    expect("ls *.lua *.safetensors 2>/dev/null || :", 0, NULL, NULL);
}

/* ---- small models of our own: TensorFlow.js needs no library to be written ---- */

#define TOPOLOGY(layers) "{\"format\": \"layers-model\", \"modelTopology\": {\"class_name\": \"Sequential\", \"config\": " \
                         "{\"name\": \"s\", \"layers\": [" layers "]}}, \"weightsManifest\": [{\"paths\": [\"w.bin\"], "
#define DENSE(more) "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"batch_input_shape\": [null, 3], " \
                    "\"activation\": \"relu\"" more "}}"
#define KERNEL "{\"name\": \"d/kernel\", \"shape\": [3, 2], \"dtype\": \"float32\"}"
#define BIAS "{\"name\": \"d/bias\", \"shape\": [2], \"dtype\": \"float32\"}"

static void write_model(const char *json)
{
    static const float numbers[] = { 1, 2, 3, 4, 5, 6, 0.5f, -100 };
    write_text("model.json", json);
    command_write(folder, "w.bin", numbers, sizeof numbers);
}

Test(import_keras, a_model_by_hand)
{
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [" KERNEL ", " BIAS "]}]}");
    expect("$L import model.json -o small --quiet && $L predict small.lua --interpreted --quiet <<'END'\n1 10 100\nEND", 0,
           "531.5 542", NULL);
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [" BIAS ", " KERNEL "]}]}");
    expect("rm -f small.lua; $L import model.json -o small --quiet && $L predict small.lua --interpreted --quiet <<'END'\n1 1 1\nEND",
           0, "9.5 0", NULL);      /* kernel 3 4, 5 6, 0.5 -100, bias 1 2 */
    expect("$L import model.json --quiet && ls model.lua model.safetensors", 0, "model.lua", NULL);
}

Test(import_keras, work_on_a_description_is_kept)
{
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [" KERNEL ", " BIAS "]}]}");
    expect("$L import model.json -o small --quiet && $L import model.json -o small --quiet", 0, NULL, NULL);
    expect("echo '-- mine' >> small.lua; $L import model.json -o small", 1, NULL, "small.lua is there, and says something else");
    expect("tail -1 small.lua", 0, "-- mine", NULL);
    write_text("small.safetensors", "somebody's");
    expect("rm small.lua; $L import model.json -o small", 1, NULL, "small.safetensors");
    expect("cat small.safetensors; ls small.lua 2>/dev/null || :", 0, "somebody's", NULL);
}

Test(import_keras, what_does_not_fit)
{
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [" KERNEL "]}]}");
    expect("$L import model.json -o x", 1, NULL, "its shards have 8 bytes more than its weights");
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [" KERNEL ", " BIAS ", {\"name\": \"e\", \"shape\": [1], \"dtype\": \"float32\"}]}]}");
    expect("$L import model.json -o x", 1, NULL, "its shards end in the midst of e");
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [{\"name\": \"d/kernel\", \"shape\": [2, 3], \"dtype\": \"float32\"}, " BIAS "]}]}");
    expect("$L import model.json -o x", 1, NULL, "d (Dense): d/kernel has the shape {2, 3}, but d/kernel of the model has {3, 2}");
    write_model(TOPOLOGY(DENSE(", \"use_bias\": false")) "\"weights\": [" KERNEL ", " BIAS "]}]}");
    expect("$L import model.json -o x", 1, NULL, "d (Dense): there are 2 weights for it, but a Dense so described has 1");
    write_model(TOPOLOGY(DENSE(", \"spin\": 3, \"activation\": \"wavy\"")) "\"weights\": [" KERNEL ", " BIAS "]}]}");
    expect("$L import model.json -o x 2>&1 | sed 's/^[^:]*: //'; :", 0,
           "d (Dense): Dense has no \"spin\" here, which is 3\nd (Dense): its activation, \"wavy\", is none that lstmc has\n", NULL);
    write_model(TOPOLOGY("{\"class_name\": \"Wobble\", \"config\": {\"name\": \"w\", \"batch_input_shape\": [null, 3]}}") "\"weights\": [" KERNEL ", " BIAS "]}]}");
    expect("$L import model.json -o x", 1, NULL, "w (Wobble): lstmc has no such layer");
    write_model("{\"modelTopology\": {\"class_name\": \"Sequential\", \"config\": []}, \"weightsManifest\": [{\"paths\": [\"../w.bin\"], \"weights\": []}]}");
    expect("$L import model.json -o x", 1, NULL, "its shard ../w.bin does not lie beside it");
    expect("ls x.* 2>/dev/null || :", 0, NULL, NULL);
}

/* Names of a file are no Lua. */
Test(import_keras, names_stay_names)
{
    write_model(TOPOLOGY("{\"class_name\": \"Dense\", \"config\": {\"name\": \"a\\\"}) os.exit(7) --\", \"units\": 2, "
                         "\"batch_input_shape\": [null, 3]}}")
                "\"weights\": [{\"name\": \"a\\\"}) os.exit(7) --/kernel\", \"shape\": [3, 2], \"dtype\": \"float32\"}, "
                "{\"name\": \"a\\\"}) os.exit(7) --/bias\", \"shape\": [2], \"dtype\": \"float32\"}]}]}");
    expect("$L import model.json -o x --quiet && grep -c exit x.lua; $L summary x.lua | grep -c dense", 0, "0\n1", NULL);
}

/* ---- damaged files ---- */

static void damage(const char *file, const char *likely)
{
    FILE *from = fopen(file, "rb");
    cr_assert_not_null(from, "%s", file);
    static char bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, from);
    fclose(from);
    struct mutations done = mutate(bytes, size, likely, imported_damaged, &(DamagedImport){ folder, "damaged" });
    cr_expect(done.refused > done.files / 10, "%s: %d of %d refused", file, done.refused, done.files);
}

Test(import_keras, damaged_hdf5, .timeout = 3600)
{
    need_data();
    damage(INTERCHANGE "/h5/dl4j_embedding_lstm_tensorflow_1/model.h5", NULL);
}

Test(import_keras, damaged_archive, .timeout = 3600)
{
    need_data();
    damage(INTERCHANGE "/keras/made_conv1d_same_k3_s1_d2/model.keras", "PK\1\2\3\4");
}

Test(import_keras, damaged_json, .timeout = 3600)
{
    write_model(TOPOLOGY(DENSE("")) "\"weights\": [" KERNEL ", " BIAS "]}]}");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/model.json", folder);
    damage(path, "{}[]\",:");
}

/* ---- what is exported, beside what Keras has written of the same model ---- */

static bool is_state(const char *name)
{
    return !strncmp(name, "optimizer", 9) || !strncmp(name, "metrics", 7) || !strcmp(name, "metadata.json") ||
           !strcmp(name, "config.json");
}

static void unpack(const char *file, struct lstmc_tensor_file *contents)
{
    char line[3 * PATH_MAX], path[PATH_MAX];
    struct lstmc_message message;
    snprintf(line, sizeof line, "\"$(dirname $L)/lstmc-container\" read '%s' contents", file);
    expect(line, 0, NULL, NULL);
    snprintf(path, sizeof path, "%s/contents", folder);
    cr_assert_eq(lstmc_tensor_file_open(path, contents, &message), 0, "%s", message.text);
}

/* Every array of `one` is in the other, with the same shape and bits. */
static void expect_arrays(const char *what, const struct lstmc_tensor_file *one, const struct lstmc_tensor_file *other)
{
    for (int i = 0; i < one->count; i++) {
        const struct lstmc_file_tensor *a = &one->tensors[i], *b = lstmc_tensor_file_find(other, a->name);
        if (is_state(a->name))
            continue;
        cr_expect(b && a->rank == b->rank && !memcmp(a->shape, b->shape, sizeof a->shape) &&
                  !memcmp(a->data, b->data, a->bytes), "%s: %s is not in both", what, a->name);
    }
}

/* Each text that one has, the other has too: names of layers and weights; not what is said of versions and layers. */
static void expect_attributes(const char *what, const struct lstmc_tensor_file *one,
                              const struct lstmc_tensor_file *other)
{
    for (const char **pair = one->metadata; pair && pair[0]; pair += 2) {
        if (strstr(pair[0], "_config") || strstr(pair[0], "version") || strstr(pair[0], "@name") || is_state(pair[0]) ||
            strstr(pair[0], "top_level") || strstr(pair[0], "@backend"))
            continue;
        const char *value = lstmc_tensor_file_value(other, pair[0]);
        cr_expect(value && !strcmp(value, pair[1]), "%s: %s is %s, and %s", what, pair[0], pair[1], value ? value : "absent");
    }
}

static void expect_twin(const char *file, const char *ending)
{
    char line[3 * PATH_MAX], whole[2 * PATH_MAX], here[PATH_MAX];
    struct lstmc_tensor_file theirs, ours;
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(whole, sizeof whole, "%s/" INTERCHANGE "/%s", here, file);
    snprintf(line, sizeof line, "rm -f t.lua; $L import '%s' -o t --quiet && $L export t.lua -o ours%s --quiet", whole, ending);
    expect(line, 0, NULL, NULL);
    unpack(whole, &theirs);
    snprintf(line, sizeof line, "%s/ours%s", folder, ending);
    unpack(line, &ours);
    expect_arrays(file, &theirs, &ours);
    expect_arrays(file, &ours, &theirs);
    expect_attributes(file, &theirs, &ours);
    lstmc_tensor_file_free(&theirs);
    lstmc_tensor_file_free(&ours);
}

Test(import_keras, archives_beside_those_of_keras, .timeout = 120)
{
    static const char *const files[] = { "aircraft_rul", "emg_reshape_lstm", "flight_bidirectional_relu", "flight_functional",
                                         "next_word_simple_rnn", "stock_two_lstm", "made_bidirectional_stack",
                                         "made_embedding_mask_tagger", "made_layer_normalization", "gait_conv_norm_lstm" };
    need_data();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char file[100];
        snprintf(file, sizeof file, "keras/%s/model.keras", files[i]);
        expect_twin(file, ".keras");
    }
}

/* As a new user: from a file of Keras to a folder for a device in three commands. */
Test(import_keras, to_a_device_in_three_commands, .timeout = 120)
{
    need_data();
    expect_of("$L import %s -o flight --quiet && $L flight.lua --weights flight.safetensors --inference --example --self-test "
              "-o device --quiet > files && make -s -C device check", "h5/flight_lstm_keras215/model.h5", 0,
              "self-test: all right\n", NULL);
}

/* Every command takes such files where it takes weights. */
Test(import_keras, as_weights_of_a_description, .timeout = 120)
{
    static const char stack[] = "return Sequential{ Input{60, 5}, LSTM{50, return_sequences = true}, LSTM{50}, Dense{1}, loss = 'mse',\n"
                                "  data = samples{function(random) local x = {}; for t = 1, 60 do x[t] = {1, 2, 3, 4, 5} end; return x, random(9) end, samples = 16},\n"
                                "  optimizer = SGD{1e-9}, epochs = 1 }\n";
    need_data();
    write_text("stock.lua", stack);
    expect_of("M=%s; $L import $M -o twin --quiet; X=$(dirname $M)/input.npy; for w in twin.safetensors $M; do "
              "$L predict stock.lua --weights $w --interpreted --quiet --input $X > $(basename $w).txt 2> notes; done; "
              "cmp twin.safetensors.txt model.keras.txt && wc -l < model.keras.txt", "keras/stock_two_lstm/model.keras", 0, "3\n", NULL);
    expect_of("$L stock.lua --weights %s --inference -o out --quiet", "keras/stock_two_lstm/model.keras", 0,
              "out/stock.h\nout/stock.c\nout/stock_weights.c\n", NULL);
    expect_of("$L train stock.lua --init %s --interpreted --quiet --out warm.safetensors > log && "
              "$L train stock.lua --init twin.safetensors --interpreted --quiet --out cold.safetensors > log && "
              "cmp warm.safetensors cold.safetensors", "keras/stock_two_lstm/model.keras", 0, NULL, NULL);
    expect_of("$L predict stock.lua --weights %s --interpreted", "keras/aircraft_rul/model.keras", 1, NULL,
              "layer lstm: its lstm/kernel is {5, 200}, and layers/lstm/cell/vars/0 of the file becomes {17, 256}");
}

/* Keras drops the mask at a Flatten with a warning. */
Test(import_keras, a_mask_that_is_dropped)
{
    write_model(TOPOLOGY("{\"class_name\": \"Masking\", \"config\": {\"name\": \"m\", \"mask_value\": 0, \"batch_input_shape\": [null, 3, 2]}}, "
                         "{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\"}}, "
                         "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1}}")
                "\"weights\": [{\"name\": \"d/kernel\", \"shape\": [6, 1], \"dtype\": \"float32\"}, "
                "{\"name\": \"d/bias\", \"shape\": [1], \"dtype\": \"float32\"}]}]}");
    command_write(folder, "w.bin", (float[]){ 1, 2, 3, 4, 5, 6, 0.5f }, 7 * sizeof(float));
    expect("$L import model.json -o x --quiet && grep Flatten{ x.lua && echo 1 1 0 0 2 2 | $L predict x.lua --interpreted --quiet", 0,
           "  Flatten{ignore_mask = true, name = \"f\"},\n25.5\n", NULL);
}

/* A file of weights has shapes and names: a chain is made of them, and what is assumed of it stands in it. */
Test(import_keras, weights_alone)
{
    need_data();
    expect_of("$L import %s -o alone --quiet && sed -n '/^return/,$p' alone.lua", "keras/weights_only_autoencoder/model.weights.h5", 0,
              "  Input{timesteps, 5},\n"
              "  LSTM{32, return_sequences = true},\n"
              "  LSTM{32, return_sequences = true},\n"
              "  Dense{5},\n", NULL);
    expect_of("grep -c '^-- Assumed' alone.lua; $L import %s -o old --quiet && sed -n '/^return/,$p' old.lua",
              "h5/sentiment_lstm_keras212/weights.h5", 0,
              "  Input{timesteps},\n"
              "  Embedding{2329, 100},\n"
              "  LSTM{64, recurrent_activation = \"hard_sigmoid_keras2\"},\n"
              "  Dense{2},\n", NULL);
    expect_of("$L import %s -o x", "h5/textgenrnn_cudnn/weights.hdf5", 1, NULL, "its layers are no chain");
}

/* ---- key by key ---- */

/* What has no meaning here: how Keras draws and runs, and what tells objects of one file apart; OrthogonalInitializer is
 * Orthogonal. */
static bool is_without_meaning(const char *key)
{
    static const char *const keys[] = { "seed", "unroll", "implementation", "time_major", "noise_shape", "shared_object_id",
                                        "ragged", "batch_input_shape", "date_saved", "dtype", "compile_config", "build_config",
                                        "synchronized", "quantization_config", "gamma_constraint", "name", "module",
                                        "registered_name", "metrics", "optimizer", "backward_layer", "input_axes", "output_axes", "optional" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i], key))
            return true;
    return false;
}

/* Every key of theirs is in ours, with the same value where that is no object. */
static void expect_keys(const char *what, const json_t *theirs, const json_t *ours)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)theirs, key, value) {
        const json_t *other = json_object_get(ours, key);
        if (is_without_meaning(key) || (!other && json_is_null(value)))
            continue;
        cr_expect(other, "%s: %s is absent", what, key);
        if (json_is_object(value) && json_is_object(other))
            expect_keys(key, value, other);
        else if (other && !json_is_array(value))
            cr_expect(json_equal(value, other) || (json_is_number(value) && json_number_value(value) == json_number_value(other)) ||
                      (json_is_string(value) && strstr(json_string_value(value), json_string_value(other)) == json_string_value(value)),
                      "%s: %s is another", what, key);
    }
}

static json_t *config_of(const struct lstmc_tensor_file *file)
{
    const struct lstmc_file_tensor *entry = lstmc_tensor_file_find(file, "config.json");
    cr_assert_not_null(entry);
    json_t *json = json_loadb((const char *)entry->data, entry->bytes, 0, NULL);
    return json_object_get(json_object_get(json, "config"), "layers");
}

Test(import_keras, configurations_beside_those_of_keras, .timeout = 120)
{
    static const char *const files[] = { "aircraft_rul", "next_word_simple_rnn", "stock_two_lstm", "flight_bidirectional_relu" };
    need_data();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char line[3 * PATH_MAX], theirs_path[2 * PATH_MAX], ours_path[PATH_MAX], here[PATH_MAX];
        struct lstmc_tensor_file theirs, ours;
        cr_assert_not_null(getcwd(here, sizeof here));
        snprintf(theirs_path, sizeof theirs_path, "%s/" INTERCHANGE "/keras/%s/model.keras", here, files[i]);
        snprintf(ours_path, sizeof ours_path, "%s/ours.keras", folder);
        snprintf(line, sizeof line, "rm -f t.lua; $L import '%s' -o t --quiet && $L export t.lua -o ours.keras --quiet", theirs_path);
        expect(line, 0, NULL, NULL);
        unpack(theirs_path, &theirs);
        unpack(ours_path, &ours);
        const json_t *a = config_of(&theirs), *b = config_of(&ours);
        cr_assert_eq(json_array_size(a), json_array_size(b), "%s", files[i]);
        for (size_t k = 0; k < json_array_size(a); k++)
            expect_keys(files[i], json_array_get(a, k), json_array_get(b, k));
        lstmc_tensor_file_free(&theirs);
        lstmc_tensor_file_free(&ours);
    }
}

/* The arrays in the order in which Keras takes them, whatever the layers are called. */
static int arrays_in_order(const struct lstmc_tensor_file *file, const struct lstmc_file_tensor **list)
{
    int count = 0;
    json_t *layers = json_loads(lstmc_tensor_file_value(file, "model_weights@layer_names"), 0, NULL), *layer, *name;
    size_t i, k;
    json_array_foreach(layers, i, layer) {
        char key[400];
        snprintf(key, sizeof key, "model_weights/%s@weight_names", json_string_value(layer));
        json_t *names = json_loads(lstmc_tensor_file_value(file, key), 0, NULL);
        json_array_foreach(names, k, name) {
            snprintf(key, sizeof key, "model_weights/%s/%s", json_string_value(layer), json_string_value(name));
            list[count++] = lstmc_tensor_file_find(file, key);
            cr_assert(list[count - 1] && count < 100, "%s", key);
        }
        json_decref(names);
    }
    json_decref(layers);
    return count;
}

Test(import_keras, hdf5_beside_that_of_keras, .timeout = 120)
{
    static const char *const files[] = { "flight_lstm_keras215", "flight_bidirectional_keras215", "dl4j_masking_zero_lstm" };
    need_data();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char line[3 * PATH_MAX], path[2 * PATH_MAX], here[PATH_MAX];
        struct lstmc_tensor_file theirs, ours;
        const struct lstmc_file_tensor *a[100], *b[100];
        cr_assert_not_null(getcwd(here, sizeof here));
        snprintf(path, sizeof path, "%s/" INTERCHANGE "/h5/%s/model.h5", here, files[i]);
        snprintf(line, sizeof line, "rm -f t.lua; $L import '%s' -o t --quiet && $L export t.lua -o ours.h5 --quiet", path);
        expect(line, 0, NULL, NULL);
        unpack(path, &theirs);
        snprintf(path, sizeof path, "%s/ours.h5", folder);
        unpack(path, &ours);
        int count = arrays_in_order(&theirs, a);
        cr_assert_eq(count, arrays_in_order(&ours, b), "%s", files[i]);
        for (int k = 0; k < count; k++)
            cr_expect(a[k]->rank == b[k]->rank && !memcmp(a[k]->shape, b[k]->shape, sizeof a[k]->shape) &&
                      !memcmp(a[k]->data, b[k]->data, a[k]->bytes), "%s: %s and %s differ", files[i], a[k]->name, b[k]->name);
        lstmc_tensor_file_free(&theirs);
        lstmc_tensor_file_free(&ours);
    }
}
