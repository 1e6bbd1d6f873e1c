/* test_keras_graphs.c: functional models as Keras writes what their layers read: layers that are called several times, models in
 * the model, states that are handed over, masks; in the form of Keras 2 and in that of Keras 3. */
#include "import_suite.h"
#include "imported.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(keras_graphs, .init = setup, .fini = teardown);

/* model.json of TensorFlow.js, whose topology may be of any Keras, and its shard: numbers that are all different. */
static void write_model(const char *layers, const char *inputs, const char *outputs, const char *weights)
{
    char text[8000], list[2000] = "";
    size_t count = 0;
    char copy[500];
    snprintf(copy, sizeof copy, "%s", weights);
    for (char *one = strtok(copy, " "); one; one = strtok(NULL, " ")) {         /* lstm/kernel:3,16 */
        char *colon = strchr(one, ':');
        size_t size = 1;
        for (char *extent = colon; extent; extent = strchr(extent + 1, ','))
            size *= (size_t)strtol(extent + 1, NULL, 10);
        count += size;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s{\"name\": \"%.*s\", \"shape\": [%s], \"dtype\": \"float32\"}",
                 *list ? ", " : "", (int)(colon - one), one, colon + 1);
    }
    snprintf(text, sizeof text, "{\"format\": \"layers-model\", \"modelTopology\": {\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", "
             "\"layers\": [%s], \"input_layers\": %s, \"output_layers\": %s}}, \"weightsManifest\": [{\"paths\": [\"w.bin\"], "
             "\"weights\": [%s]}]}", layers, inputs, outputs, list);
    float *numbers = calloc(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)((i * 37 % 101) / 101.0 - 0.5);
    command_write(folder, "model.json", text, (long)strlen(text));
    command_write(folder, "w.bin", numbers, (long)(count * sizeof *numbers));
    free(numbers);
}

#define INPUT(name, shape) "{\"class_name\": \"InputLayer\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\", " \
                           "\"batch_shape\": [null, " shape "]}, \"inbound_nodes\": []}"
#define LAYER(class, name, config, nodes) "{\"class_name\": \"" class "\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\"" config \
                                          "}, \"inbound_nodes\": [" nodes "]}"
/* Keras 3 */
#define TENSOR(name, call, output) "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [null], \"dtype\": \"float32\", " \
                                   "\"keras_history\": [\"" name "\", " call ", " output "]}}"
#define CALL(arguments, named) "{\"args\": [" arguments "], \"kwargs\": {" named "}}"

/* In the order of the alphabet: of the two calls of both layers the one or the other may come first. */
static const char twins[] =
    "local embedding = embedding_layer(one)\n"
    "local embedding_call_2 = embedding_layer(other)\n"
    "local embedding_layer = Embedding{9, 3, mask_zero = true}\n"
    "local read = read_layer(embedding)\n"
    "local read_call_2 = read_layer(embedding_call_2)\n"
    "local read_layer = LSTM{4, name = \"read\"}\n";
#define TWINS_WEIGHTS "embedding/embeddings:9,3 read/kernel:3,16 read/recurrent_kernel:4,16 read/bias:16 dense/kernel:4,1 dense/bias:1"

static void expect_twins(void)
{
    char line[1200];
    snprintf(line, sizeof line, "rm -f m.lua m.safetensors; $L import model.json -o m --quiet && sed -n '/^local embedding_layer/,/read_call_2 =/p' m.lua | LC_ALL=C sort");
    expect(line, 0, twins, NULL);
    expect("$L summary m.lua | grep -c 'with the weights of'; $L check m.lua --quiet", 0, "2\nm.lua: all within tolerance\n", NULL);
}

/* The same two layers read two texts. */
Test(keras_graphs, layers_that_are_called_twice, .timeout = 60)
{
    write_model(INPUT("one", "5") ", " INPUT("other", "5") ", "
                LAYER("Embedding", "embedding", ", \"input_dim\": 9, \"output_dim\": 3, \"mask_zero\": true",
                      "[[\"one\", 0, 0, {}]], [[\"other\", 0, 0, {}]]") ", "
                LAYER("LSTM", "read", ", \"units\": 4", "[[\"embedding\", 0, 0, {}]], [[\"embedding\", 1, 0, {}]]") ", "
                LAYER("Multiply", "multiply", "", "[[\"read\", 0, 0, {}], [\"read\", 1, 0, {}]]") ", "
                LAYER("Dense", "dense", ", \"units\": 1", "[[\"multiply\", 0, 0, {}]]"),
                "[[\"one\", 0, 0], [\"other\", 0, 0]]", "[[\"dense\", 0, 0]]", TWINS_WEIGHTS);
    expect_twins();
    /* Keras 3 writes what makes the masks as layers, and hands them over by name */
    write_model(INPUT("one", "5") ", " INPUT("other", "5") ", "
                LAYER("Embedding", "embedding", ", \"input_dim\": 9, \"output_dim\": 3, \"mask_zero\": true",
                      CALL(TENSOR("one", "0", "0"), "") ", " CALL(TENSOR("other", "0", "0"), "")) ", "
                LAYER("NotEqual", "not_equal", "", CALL(TENSOR("one", "0", "0") ", 0", "")) ", "
                LAYER("NotEqual", "not_equal_1", "", CALL(TENSOR("other", "0", "0") ", 0", "")) ", "
                LAYER("LSTM", "read", ", \"units\": 4",
                      CALL(TENSOR("embedding", "0", "0"), "\"training\": false, \"mask\": " TENSOR("not_equal", "0", "0")) ", "
                      CALL(TENSOR("embedding", "1", "0"), "\"training\": false, \"mask\": " TENSOR("not_equal_1", "0", "0"))) ", "
                LAYER("Multiply", "multiply", "", CALL("[" TENSOR("read", "0", "0") ", " TENSOR("read", "1", "0") "]", "")) ", "
                LAYER("Dense", "dense", ", \"units\": 1", CALL(TENSOR("multiply", "0", "0"), "")),
                "[[\"one\", 0, 0], [\"other\", 0, 0]]", "[\"dense\", 0, 0]", TWINS_WEIGHTS);
    expect_twins();
    expect("cp model.json saved.json; sed -i 's/\"NotEqual\"/\"Dropout\"/' model.json; $L import model.json -o other", 1, NULL,
           "read is given not_equal as a mask, which is not imported");
}

/* A model that is called for both, as a siamese network has it. */
Test(keras_graphs, a_model_that_is_called_twice, .timeout = 60)
{
    write_model(INPUT("one", "5") ", " INPUT("other", "5") ", "
                "{\"class_name\": \"Functional\", \"name\": \"base\", \"config\": {\"name\": \"base\", \"layers\": ["
                INPUT("in", "5") ", "
                LAYER("Embedding", "embedding", ", \"input_dim\": 9, \"output_dim\": 3, \"mask_zero\": true", "[[\"in\", 0, 0, {}]]") ", "
                LAYER("LSTM", "read", ", \"units\": 4", "[[\"embedding\", 0, 0, {}]]")
                "], \"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"read\", 0, 0]]}, "
                "\"inbound_nodes\": [[[\"one\", 0, 0, {}]], [[\"other\", 0, 0, {}]]]}, "
                LAYER("Multiply", "multiply", "", "[[\"base\", 0, 0, {}], [\"base\", 1, 0, {}]]") ", "
                LAYER("Dense", "dense", ", \"units\": 1", "[[\"multiply\", 0, 0, {}]]"),
                "[[\"one\", 0, 0], [\"other\", 0, 0]]", "[[\"dense\", 0, 0]]", TWINS_WEIGHTS);
    expect_twins();
}

#define HANDED "source_words/embeddings:8,3 encoder/kernel:3,16 encoder/recurrent_kernel:4,16 encoder/bias:16 " \
               "told_words/embeddings:9,3 decoder/kernel:3,16 decoder/recurrent_kernel:4,16 decoder/bias:16 out/kernel:8,9 out/bias:9"

static void expect_handed(void)
{
    expect("rm -f m.lua m.safetensors; $L import model.json -o m --quiet && sed -n '/^local encoder/,/^local concatenate/p' m.lua", 0,
           "local encoder, encoder_h, encoder_c = LSTM{4, return_sequences = true, return_state = true, name = \"encoder\"}(source_words)\n"
           "local told_words = Embedding{9, 3, name = \"told_words\"}(told)\n"
           "local decoder = LSTM{4, return_sequences = true, name = \"decoder\"}{told_words, initial_state = {encoder_h, encoder_c}}\n"
           "local attention = Attention{}(decoder, encoder)\n"
           "local concatenate = Concatenate{}(decoder, attention)\n", NULL);
    expect("$L check m.lua --quiet", 0, "m.lua: all within tolerance\n", NULL);
}

#define ENCODED_INPUTS "[[\"source\", 0, 0], [\"told\", 0, 0]]"

/* An encoder, a decoder that begins where it has ended, and looks at what it has seen, as Keras 3 has it. */
static void write_handed(void)
{
    write_model(INPUT("source", "6") ", " INPUT("told", "4") ", "
                LAYER("Embedding", "source_words", ", \"input_dim\": 8, \"output_dim\": 3", CALL(TENSOR("source", "0", "0"), "")) ", "
                LAYER("LSTM", "encoder", ", \"units\": 4, \"return_sequences\": true, \"return_state\": true", CALL(TENSOR("source_words", "0", "0"), "")) ", "
                LAYER("Embedding", "told_words", ", \"input_dim\": 9, \"output_dim\": 3", CALL(TENSOR("told", "0", "0"), "")) ", "
                LAYER("LSTM", "decoder", ", \"units\": 4, \"return_sequences\": true",
                      CALL(TENSOR("told_words", "0", "0"), "\"training\": false, \"initial_state\": [" TENSOR("encoder", "0", "1") ", "
                           TENSOR("encoder", "0", "2") "]")) ", "
                LAYER("Attention", "attention", "", CALL("[" TENSOR("decoder", "0", "0") ", " TENSOR("encoder", "0", "0") "]", "\"training\": false")) ", "
                LAYER("Concatenate", "concatenate", ", \"axis\": -1", CALL("[" TENSOR("decoder", "0", "0") ", " TENSOR("attention", "0", "0") "]", "")) ", "
                LAYER("Dense", "out", ", \"units\": 9, \"activation\": \"softmax\"", CALL(TENSOR("concatenate", "0", "0"), "")),
                ENCODED_INPUTS, "[[\"out\", 0, 0]]", HANDED);
}

Test(keras_graphs, states_are_handed_over, .timeout = 60)
{
    write_model(INPUT("source", "6") ", " INPUT("told", "4") ", "
                LAYER("Embedding", "source_words", ", \"input_dim\": 8, \"output_dim\": 3", "[[\"source\", 0, 0, {}]]") ", "
                LAYER("LSTM", "encoder", ", \"units\": 4, \"return_sequences\": true, \"return_state\": true", "[[\"source_words\", 0, 0, {}]]") ", "
                LAYER("Embedding", "told_words", ", \"input_dim\": 9, \"output_dim\": 3", "[[\"told\", 0, 0, {}]]") ", "
                LAYER("LSTM", "decoder", ", \"units\": 4, \"return_sequences\": true",
                      "[[\"told_words\", 0, 0, {}], [\"encoder\", 0, 1, {}], [\"encoder\", 0, 2, {}]]") ", "
                LAYER("Attention", "attention", "", "[[\"decoder\", 0, 0, {}], [\"encoder\", 0, 0, {}]]") ", "
                LAYER("Concatenate", "concatenate", ", \"axis\": -1", "[[\"decoder\", 0, 0, {}], [\"attention\", 0, 0, {}]]") ", "
                LAYER("Dense", "out", ", \"units\": 9, \"activation\": \"softmax\"", "[[\"concatenate\", 0, 0, {}]]"),
                ENCODED_INPUTS, "[[\"out\", 0, 0]]", HANDED);
    expect_handed();
    write_handed();
    expect_handed();
}

Test(keras_graphs, mistakes, .timeout = 60)
{
    static const char weights[] = "a/kernel:3,4 a/recurrent_kernel:4,4 a/bias:4";
    static const struct { const char *node, *why; } wrong[] = {
        { "[[\"x\", 0, 3, {}]]", "y reads output 4 of x, which has none" }, { "[[\"nobody\", 0, 0, {}]]", "y reads a layer that is not there" },
        { "[[\"a\", 0, 1, {}]]", "y reads output 2 of a, which has none" }, { "[[\"y\", 0, 0, {}]]", "y reads a layer that is not there" },
        { "[]", "y reads nothing" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char layers[1500];
        snprintf(layers, sizeof layers, INPUT("x", "5, 3") ", " LAYER("SimpleRNN", "a", ", \"units\": 4", "[[\"x\", 0, 0, {}]]") ", "
                 LAYER("Activation", "y", ", \"activation\": \"tanh\"", "%s"), wrong[i].node);
        write_model(layers, "[[\"x\", 0, 0]]", "[[\"y\", 0, 0]]", weights);
        expect("$L import model.json -o m", 1, NULL, wrong[i].why);
    }
}

/* Layers that no output needs are no layers of the model; of a layer that is called twice the call that is left has the weights. */
Test(keras_graphs, what_no_output_needs, .timeout = 60)
{
    write_model(INPUT("x", "5, 3") ", " LAYER("Dense", "d", ", \"units\": 3", "[[\"x\", 0, 0, {}]], [[\"x\", 0, 0, {}]]") ", "
                LAYER("SimpleRNN", "idle", ", \"units\": 4", "[[\"d\", 0, 0, {}]]") ", "
                LAYER("Dense", "out", ", \"units\": 2", "[[\"d\", 1, 0, {}]]"),
                "[[\"x\", 0, 0]]", "[[\"out\", 0, 0]]",
                "d/kernel:3,3 d/bias:3 idle/kernel:3,4 idle/recurrent_kernel:4,4 idle/bias:4 out/kernel:3,2 out/bias:2");
    expect("rm -f m.lua m.safetensors; $L import model.json -o m --quiet && sed -n '/^return/,$p' m.lua && $L check m.lua --quiet", 0,
           "return Sequential{ name = \"m\",\n  Input{5, 3},\n  Dense{3, name = \"d\"},\n  Dense{2, name = \"out\"},\n}\nm.lua: all within tolerance\n",
           NULL);
}

/* ---- damaged files ---- */

Test(keras_graphs, damaged, .timeout = 3600)
{
    write_handed();
    char *text = command_read_file(folder, "model.json");
    cr_assert_not_null(text);
    struct mutations done = mutate(text, strlen(text), "{}[]\",:.012", imported_damaged, &(DamagedImport){ folder, "model.json" });
    cr_expect(done.refused > done.files / 10 && done.refused < done.files, "%d of %d refused", done.refused, done.files);
    free(text);
}
