/* test_onnx_graphs.c: small graphs of ONNX, imported: what stands around recurrent layers, against the same computed here;
 * the descriptions that come of it; what is refused; files that are damaged, or that reach for other files. */
#include "command.h"
#include "imported.h"
#include "onnx_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const OnnxFile empty = { NULL, 0, 0 };

static void write_model(const char *place, int opset, OnnxFile *graph)
{
    OnnxFile model = onnx_file_of(opset, graph);
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    onnx_file_free(&model);
}

static void expect_text(const char *place, const char *wanted)
{
    char *text = command_read_file(place, "m.lua");
    cr_expect(text && strstr(text, wanted), "no %s in\n%s", wanted, text ? text : "nothing");
    free(text);
}

/* The outputs of the graph for x of that shape, whose numbers are onnx_weights(count, 7). */
static int ask(const char *place, int opset, OnnxFile *graph, int rank, const size_t *dims, struct onnx_tensor *outputs)
{
    struct onnx_tensor x = { .rank = rank, .count = 1 };
    char why[ONNX_ASK_WHY] = "";
    OnnxFile model = onnx_file_of(opset, graph);
    OnnxNames names = onnx_file_names(&model);
    for (int d = 0; d < rank; d++)
        x.count *= x.dims[d] = dims[d];
    x.values = onnx_weights(x.count, 7);
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    int count = onnx_file_ask(place, &names, &x, 1, outputs, why);
    cr_expect(count > 0, "%s", why);
    onnx_file_free(&model);
    free(x.values);
    return count;
}

static void expect_near(const struct onnx_tensor *tensor, const double *wanted, size_t count, const char *what)
{
    double away = 0;
    for (size_t i = 0; i < count && i < tensor->count; i++)
        away = fmax(away, fabs(tensor->values[i] - wanted[i]));
    cr_expect(tensor->count == count && away < 3e-6, "%s: %zu numbers of %zu, %g away", what, tensor->count, count, away);
}

static void free_all(struct onnx_tensor *tensors, int count)
{
    for (int i = 0; i < count; i++)
        free(tensors[i].values);
}

/* ---- elements ---- */

Test(onnx_graphs, elements_of_two_flows, .timeout = 60)
{
    static const char *const operations[] = { "Add", "Sub", "Mul", "Div", "Max", "Min", "Mean" };
    char *place = command_folder();
    const size_t dims[] = { 3, 4, 5 };
    double *x = onnx_weights(60, 7), wanted[60];
    for (int k = 0; k < 7; k++) {
        OnnxFile graph = empty;
        struct onnx_tensor outputs[1];
        onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,4,5");
        onnx_graph_number(&graph, "two", 2);
        onnx_graph_node(&graph, "Tanh", "x", "a", "");
        onnx_graph_node(&graph, "Add", "x,two", "b", "");
        onnx_graph_node(&graph, operations[k], "a,b", "y", "");
        onnx_graph_output(&graph, "y");
        for (int i = 0; i < 60; i++) {
            double a = tanh(x[i]), b = x[i] + 2;
            double all[] = { a + b, a - b, a * b, a / b, fmax(a, b), fmin(a, b), (a + b) / 2 };
            wanted[i] = all[k];
        }
        int count = ask(place, 13, &graph, 3, dims, outputs);
        if (count == 1)
            expect_near(&outputs[0], wanted, 60, operations[k]);
        free_all(outputs, count);
    }
    free(x);
    command_folder_remove(place);
}

Test(onnx_graphs, functions_that_keras_has_not, .timeout = 60)
{
    static const char *const operations[][2] = {
        { "Abs", "" }, { "Erf", "" }, { "Reciprocal", "" }, { "Celu", "alpha=0.7" }, { "Tanh", "alpha=0.7" },
        { "HardSigmoid", "alpha=0.3 beta=0.4" }, { "Selu", "alpha=1.1 gamma=0.9" }, { "Sqrt", "" }, { "Log", "" },
        { "Gelu", "approximate=tanh" },
    };
    char *place = command_folder();
    const size_t dims[] = { 3, 4, 5 };
    double *x = onnx_weights(60, 7), wanted[60];
    for (int k = 0; k < 10; k++) {
        OnnxFile graph = empty;
        struct onnx_tensor outputs[1];
        onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,4,5");
        onnx_graph_number(&graph, "two", k > 6 ? 2 : 0);
        onnx_graph_node(&graph, "Add", "x,two", "b", "");
        onnx_graph_node(&graph, operations[k][0], "b", "y", operations[k][1]);
        onnx_graph_output(&graph, "y");
        for (int i = 0; i < 60; i++) {
            double b = x[i] + (k > 6 ? 2 : 0), c = sqrt(2 / acos(-1)) * (b + 0.044715 * b * b * b);
            double all[] = { fabs(b), erf(b), 1 / b, fmax(b, 0) + 0.7 * expm1(fmin(b, 0) / 0.7), tanh(b),
                             fmin(fmax(0.3 * b + 0.4, 0), 1), 0.9 * (fmax(b, 0) + 1.1 * expm1(fmin(b, 0))), sqrt(b),
                             log(b), 0.5 * b * (1 + tanh(c)) };
            wanted[i] = all[k];
        }
        int count = ask(place, 20, &graph, 3, dims, outputs);
        for (int i = 0; i < 60 && k == 2 && count == 1; i++)           /* of 1/x a part of it */
            outputs[0].values[i] /= fmax(1, fabs(wanted[i])), wanted[i] /= fmax(1, fabs(wanted[i]));
        if (count == 1)
            expect_near(&outputs[0], wanted, 60, operations[k][0]);
        free_all(outputs, count);
    }
    free(x);
    command_folder_remove(place);
}

Test(onnx_graphs, constants, .timeout = 60)
{
    char *place = command_folder();
    const size_t dims[] = { 3, 4, 5 };
    double *x = onnx_weights(60, 7), *w = onnx_weights(5, 1), wanted[60];
    OnnxFile graph = empty;
    struct onnx_tensor outputs[1];
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,4,5");
    onnx_graph_weights(&graph, "w", "5", 1);
    onnx_graph_number(&graph, "three", 3);
    onnx_graph_number(&graph, "low", -0.25f);
    onnx_graph_number(&graph, "high", 0.75f);
    onnx_graph_node(&graph, "Mul", "x,w", "a", "");
    onnx_graph_node(&graph, "Sub", "a,w", "b", "");
    onnx_graph_node(&graph, "Div", "b,three", "c", "");
    onnx_graph_node(&graph, "Sub", "three,c", "d", "");
    onnx_graph_node(&graph, "Neg", "d", "e", "");
    onnx_graph_node(&graph, "Add", "e,three", "f", "");
    onnx_graph_node(&graph, "Clip", "f,low,high", "y", "");
    onnx_graph_output(&graph, "y");
    for (int i = 0; i < 60; i++)
        wanted[i] = fmin(0.75, fmax(-0.25, -(3 - (x[i] * w[i % 5] - w[i % 5]) / 3) + 3));
    int count = ask(place, 13, &graph, 3, dims, outputs);
    if (count == 1)
        expect_near(&outputs[0], wanted, 60, "constants");
    free_all(outputs, count);
    free(x);
    free(w);
    command_folder_remove(place);
}

/* ---- axes ---- */

Test(onnx_graphs, parts_that_are_put_together_again, .timeout = 60)
{
    char *place = command_folder();
    const size_t dims[] = { 2, 4, 6 };
    double *x = onnx_weights(48, 7), wanted[48];
    OnnxFile graph = empty;
    struct onnx_tensor outputs[1];
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,4,6");
    onnx_graph_integers(&graph, "sizes", "1,3,2");
    onnx_graph_integers(&graph, "starts", "-1");
    onnx_graph_integers(&graph, "ends", "-100");
    onnx_graph_integers(&graph, "axes", "1");
    onnx_graph_integers(&graph, "steps", "-1");
    onnx_graph_node(&graph, "Split", "x,sizes", "a,b,c", "axis=2");
    onnx_graph_node(&graph, "Concat", "c,a,b", "d", "axis=-1");
    onnx_graph_node(&graph, "Slice", "d,starts,ends,axes,steps", "y", "");
    onnx_graph_output(&graph, "y");
    static const int from[] = { 4, 5, 0, 1, 2, 3 };
    for (int i = 0; i < 48; i++)
        wanted[i] = x[i / 24 * 24 + (3 - i / 6 % 4) * 6 + from[i % 6]];
    int count = ask(place, 13, &graph, 3, dims, outputs);
    if (count == 1)
        expect_near(&outputs[0], wanted, 48, "Split, Concat, Slice");
    free_all(outputs, count);
    free(x);
    command_folder_remove(place);
}

/* What comes out of a convolution and is flattened with its channels first. */
Test(onnx_graphs, channels_first_are_flattened_without_a_permute, .timeout = 60)
{
    char *place = command_folder();
    const size_t dims[] = { 2, 3, 6 };
    OnnxFile graph = empty;
    struct onnx_tensor outputs[2];
    double *w = onnx_weights(16 * 5, 2), *b = onnx_weights(5, 3), wanted[10];
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,3,6");
    onnx_graph_weights(&graph, "k", "4,3,3", 1);
    onnx_graph_weights(&graph, "w", "5,16", 2);
    onnx_graph_weights(&graph, "b", "5", 3);
    onnx_graph_node(&graph, "Conv", "x,k", "c", "kernel_shape=[3]");
    onnx_graph_node(&graph, "Tanh", "c", "t", "");
    onnx_graph_node(&graph, "Flatten", "t", "f", "");
    onnx_graph_node(&graph, "Gemm", "f,w,b", "y", "transB=1 alpha=0.5 beta=2.0");
    onnx_graph_output(&graph, "t");
    onnx_graph_output(&graph, "y");
    int count = ask(place, 13, &graph, 3, dims, outputs);
    if (count == 2) {                           /* t is [rows][4 places][4 channels] in the description */
        for (int i = 0; i < 10; i++) {
            wanted[i] = 2 * b[i % 5];
            for (int k = 0; k < 16; k++)
                wanted[i] += 0.5 * w[i % 5 * 16 + k] * outputs[0].values[i / 5 * 16 + k % 4 * 4 + k / 4];
        }
        expect_near(&outputs[1], wanted, 10, "Flatten");
    }
    char *text = command_read_file(place, "m.lua");
    cr_expect(text && !strstr(text, "Permute"), "%s", text);
    free(text);
    free_all(outputs, count);
    free(w);
    free(b);
    command_folder_remove(place);
}

/* The same model in two ways gives the same numbers. */
static void expect_same(OnnxFile *one, OnnxFile *other, int opset, int other_opset, const size_t *dims, const char *said)
{
    char *place = command_folder();
    struct onnx_tensor outputs[2];
    int count = ask(place, opset, one, 3, dims, &outputs[0]);
    expect_text(place, said);
    count += ask(place, other_opset, other, 3, dims, &outputs[1]);
    expect_text(place, said);
    if (count == 2)
        expect_near(&outputs[0], outputs[1].values, outputs[1].count, said);
    free_all(outputs, count);
    command_folder_remove(place);
}

Test(onnx_graphs, ten_operators_are_a_layer_norm, .timeout = 60)
{
    OnnxFile one = empty, ten = empty;
    OnnxFile *both[] = { &one, &ten };
    for (int i = 0; i < 2; i++) {
        onnx_graph_input(both[i], "x", ONNX_FLOAT, "batch,time,6");
        onnx_graph_weights(both[i], "g", "6", 1);
        onnx_graph_weights(both[i], "b", "6", 2);
        onnx_graph_output(both[i], "y");
    }
    onnx_graph_node(&one, "LayerNormalization", "x,g,b", "y", "axis=-1 epsilon=0.01");
    onnx_graph_number(&ten, "two", 2);
    onnx_graph_number(&ten, "epsilon", 0.01f);
    onnx_graph_node(&ten, "ReduceMean", "x", "m", "axes=[-1]");
    onnx_graph_node(&ten, "Sub", "x,m", "d", "");
    onnx_graph_node(&ten, "Pow", "d,two", "s", "");
    onnx_graph_node(&ten, "ReduceMean", "s", "v", "axes=[-1]");
    onnx_graph_node(&ten, "Add", "v,epsilon", "e", "");
    onnx_graph_node(&ten, "Sqrt", "e", "r", "");
    onnx_graph_node(&ten, "Div", "d,r", "n", "");
    onnx_graph_node(&ten, "Mul", "n,g", "o", "");
    onnx_graph_node(&ten, "Add", "o,b", "y", "");
    expect_same(&one, &ten, 17, 13, (size_t[]){ 2, 5, 6 }, "  LayerNormalization{epsilon = 0.01},\n}");
}

Test(onnx_graphs, pads_of_a_convolution, .timeout = 60)
{
    OnnxFile one = empty, other = empty;
    OnnxFile *both[] = { &one, &other };
    for (int i = 0; i < 2; i++) {
        onnx_graph_input(both[i], "x", ONNX_FLOAT, "batch,3,time");
        onnx_graph_weights(both[i], "k", "4,3,3", 1);
        onnx_graph_output(both[i], "y");
    }
    onnx_graph_node(&one, "Conv", "x,k", "y", "kernel_shape=[3] pads=[4,0] dilations=[2]");
    onnx_graph_integers(&other, "pads", "0,0,4,0,0,0");
    onnx_graph_node(&other, "Pad", "x,pads", "p", "");
    onnx_graph_node(&other, "Conv", "p,k", "y", "kernel_shape=[3] dilations=[2]");
    expect_same(&one, &other, 13, 13, (size_t[]){ 2, 3, 7 }, "Conv1D{4, 3, ");
}

/* The chain by which exporters write zeros as the first states; the steps of the sequence are open. It is the example of
 * the manual: with GOLDEN=update it is written. */
#define EXAMPLE "tests/onnx/phrase.onnx"

static OnnxFile example(void)
{
    OnnxFile graph = empty;
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,time,4");
    onnx_graph_weights(&graph, "W", "2,24,4", 1);
    onnx_graph_weights(&graph, "R", "2,24,6", 2);
    onnx_graph_weights(&graph, "w", "12,3", 3);
    onnx_graph_weights(&graph, "b", "3", 4);
    onnx_graph_integers(&graph, "first", "0");
    onnx_graph_integers(&graph, "two", "2");
    onnx_graph_integers(&graph, "six", "6");
    onnx_graph_integers(&graph, "shape", "0,0,-1");
    onnx_graph_node(&graph, "Shape", "x", "s", "");
    onnx_graph_node(&graph, "Gather", "s,first", "n", "axis=0");
    onnx_graph_node(&graph, "Concat", "two,n,six", "sizes", "axis=0");
    onnx_graph_node(&graph, "ConstantOfShape", "sizes", "zeros", "");
    onnx_graph_node(&graph, "Transpose", "x", "t", "perm=[1,0,2]");
    onnx_graph_node(&graph, "LSTM", "t,W,R,,,zeros,zeros", "Y", "hidden_size=6 direction=bidirectional");
    onnx_graph_node(&graph, "Transpose", "Y", "u", "perm=[0,2,1,3]");
    onnx_graph_node(&graph, "Reshape", "u,shape", "v", "");
    onnx_graph_node(&graph, "Transpose", "v", "a", "perm=[1,0,2]");
    onnx_graph_node(&graph, "MatMul", "a,w", "m", "");
    onnx_graph_node(&graph, "Add", "b,m", "l", "");
    onnx_graph_node(&graph, "Softmax", "l", "y", "axis=-1");
    onnx_graph_output(&graph, "y");
    return onnx_file_of(13, &graph);
}

Test(onnx_graphs, reads_well, .timeout = 60)
{
    char *place = command_folder();
    OnnxFile model = example();
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    command_expect(place, 20, "$L import model.onnx -o m", 0, "m.lua and m.safetensors: 3 layers, 519 parameters", NULL);
    expect_text(place, "\n\nlocal timesteps = arg.timesteps or 100\n\nreturn Sequential{ name = \"m\",\n"
                       "  Input{timesteps, 4},\n  Bidirectional{LSTM{6, use_bias = false, return_sequences = true}},\n"
                       "  Dense{3, activation = \"softmax\"},\n}\n");
    onnx_file_free(&model);
    command_folder_remove(place);
}

Test(onnx_graphs, the_example_of_the_manual)
{
    OnnxFile model = example(), there = onnx_file_read(EXAMPLE);
    const char *golden = getenv("GOLDEN");
    if (golden && !strcmp(golden, "update"))
        command_write("tests/onnx", "phrase.onnx", model.bytes, (long)model.count);
    else
        cr_expect(there.count == model.count && !memcmp(there.bytes, model.bytes, model.count), EXAMPLE " is another one");
    onnx_file_free(&model);
    onnx_file_free(&there);
}

/* tf2onnx writes a Conv1D as a Conv of images of one row, and a Dense of sequences as a Gemm of all their steps. */
Test(onnx_graphs, detours_of_exporters, .timeout = 60)
{
    char *place = command_folder();
    const size_t dims[] = { 2, 7, 3 };
    OnnxFile graph = empty;
    struct onnx_tensor outputs[1];
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,7,3");
    onnx_graph_weights(&graph, "k", "4,3,1,3", 1);
    onnx_graph_weights(&graph, "w", "4,5", 2);
    onnx_graph_weights(&graph, "b", "5", 3);
    onnx_graph_integers(&graph, "two", "2");
    onnx_graph_integers(&graph, "rows", "-1,4");
    onnx_graph_integers(&graph, "steps", "-1,5,5");
    onnx_graph_node(&graph, "Transpose", "x", "t", "perm=[0,2,1]");
    onnx_graph_node(&graph, "Unsqueeze", "t,two", "u", "");
    onnx_graph_node(&graph, "Conv", "u,k", "c", "kernel_shape=[1,3] strides=[1,1]");
    onnx_graph_node(&graph, "Squeeze", "c,two", "s", "");
    onnx_graph_node(&graph, "Transpose", "s", "v", "perm=[0,2,1]");
    onnx_graph_node(&graph, "Reshape", "v,rows", "r", "");
    onnx_graph_node(&graph, "Gemm", "r,w,b", "g", "");
    onnx_graph_node(&graph, "Relu", "g", "a", "");
    onnx_graph_node(&graph, "Reshape", "a,steps", "y", "");
    onnx_graph_output(&graph, "y");
    int count = ask(place, 13, &graph, 3, dims, outputs);
    expect_text(place, "  Input{7, 3},\n  Conv1D{4, 3, use_bias = false},\n  Dense{5, activation = \"relu\"},\n}\n");
    double *x = onnx_weights(42, 7), *k = onnx_weights(36, 1), *w = onnx_weights(20, 2), *b = onnx_weights(5, 3);
    double wanted[50];
    for (int i = 0; i < 50; i++) {
        wanted[i] = b[i % 5];
        for (int f = 0; f < 4; f++)
            for (int n = 0; n < 9; n++)         /* [3 channels][3 taps] */
                wanted[i] += w[f * 5 + i % 5] * k[f * 9 + n] * x[(i / 25 * 7 + i / 5 % 5 + n % 3) * 3 + n / 3];
        wanted[i] = fmax(wanted[i], 0);
    }
    if (count == 1)
        expect_near(&outputs[0], wanted, 50, "detours");
    free_all(outputs, count);
    free(x), free(k), free(w), free(b);
    command_folder_remove(place);
}

/* torch.cat((h[-2], h[-1]), 1): the last states of both directions. */
Test(onnx_graphs, last_states_side_by_side, .timeout = 60)
{
    char *place = command_folder();
    OnnxFile graph = empty;
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,7,4");
    onnx_graph_weights(&graph, "W", "2,18,4", 1);
    onnx_graph_weights(&graph, "R", "2,18,6", 2);
    onnx_graph_integers(&graph, "zero", "0");
    onnx_graph_node(&graph, "Constant", "", "first", "value_int=-2");
    onnx_graph_node(&graph, "Constant", "", "second", "value_int=-1");
    onnx_graph_node(&graph, "Transpose", "x", "t", "perm=[1,0,2]");
    onnx_graph_node(&graph, "GRU", "t,W,R", ",H", "hidden_size=6 direction=bidirectional linear_before_reset=1");
    onnx_graph_node(&graph, "Gather", "H,first", "f", "axis=0");
    onnx_graph_node(&graph, "Gather", "H,second", "g", "axis=0");
    onnx_graph_node(&graph, "Concat", "f,g", "y", "axis=1");
    onnx_graph_output(&graph, "y");
    write_model(place, 13, &graph);
    command_expect(place, 20, "$L import model.onnx -o m", 0, "2 layers", NULL);
    expect_text(place, "  Bidirectional{GRU{6, use_bias = false}},\n}\n");
    command_folder_remove(place);
}

/* ---- attention ---- */

/* A sequence that looks at itself, over a constant: it has a scale. */
Test(onnx_graphs, attention_as_others_spell_it, .timeout = 60)
{
    char *place = command_folder();
    const size_t dims[] = { 3, 4, 5 };
    double *x = onnx_weights(60, 7), wanted[60] = { 0 };
    OnnxFile graph = empty;
    struct onnx_tensor outputs[1];
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,4,5");
    onnx_graph_number(&graph, "quarter", 0.25f);
    onnx_graph_node(&graph, "Transpose", "x", "k", "perm=[0,2,1]");
    onnx_graph_node(&graph, "MatMul", "x,k", "s", "");
    onnx_graph_node(&graph, "Div", "s,quarter", "d", "");
    onnx_graph_node(&graph, "Softmax", "d", "p", "axis=-1");
    onnx_graph_node(&graph, "MatMul", "p,x", "y", "");
    onnx_graph_output(&graph, "y");
    for (int t = 0; t < 12; t++) {
        double shares[4], sum = 0;
        for (int s = 0; s < 4; s++) {
            double score = 0;
            for (int k = 0; k < 5; k++)
                score += x[t * 5 + k] * x[(t / 4 * 4 + s) * 5 + k] / 0.25;
            sum += shares[s] = exp(score);
        }
        for (int s = 0; s < 4; s++)
            for (int k = 0; k < 5; k++)
                wanted[t * 5 + k] += shares[s] / sum * x[(t / 4 * 4 + s) * 5 + k];
    }
    int count = ask(place, 13, &graph, 3, dims, outputs);
    expect_text(place, "  Attention{use_scale = true},\n}");
    if (count == 1)
        expect_near(&outputs[0], wanted, 60, "attention");
    free_all(outputs, count);
    free(x);
    command_folder_remove(place);
}

/* In ONNX steps behind the length of a row are zeros that are looked at as well; and of scores that are added to, changed
 * along another axis or read by others nothing is made. */
Test(onnx_graphs, attention_that_is_none_of_ours, .timeout = 60)
{
    static const char *const before[][2] = {
        { "Identity", "axis=1" }, { "Add", "axis=-1" }, { "Tanh", "axis=-1" }, { "Identity", "axis=-1" }, { "Identity", "axis=-1" },
    };
    char *place = command_folder();
    for (int i = 0; i < 5; i++) {
        OnnxFile graph = empty;
        onnx_graph_input(&graph, "x", ONNX_FLOAT, "5,batch,4");
        onnx_graph_input(&graph, "n", ONNX_INT32, "batch");
        onnx_graph_weights(&graph, "W", "1,18,4", 1);
        onnx_graph_weights(&graph, "R", "1,18,6", 2);
        onnx_graph_weights(&graph, "two", "5,5", 3);
        onnx_graph_integers(&graph, "one", "1");
        onnx_graph_node(&graph, "GRU", "x,W,R,,n", "Y,H", "hidden_size=6 linear_before_reset=1");
        onnx_graph_node(&graph, "Squeeze", "Y,one", "g", "");
        onnx_graph_node(&graph, "Transpose", "g", "q", "perm=[1,0,2]");
        onnx_graph_node(&graph, "Transpose", "g", "k", "perm=[1,2,0]");
        onnx_graph_node(&graph, "MatMul", "q,k", "s", "");
        if (strcmp(before[i][0], "Identity"))
            onnx_graph_node(&graph, before[i][0], i == 1 ? "s,two" : "s", "b", "");
        onnx_graph_node(&graph, "Softmax", strcmp(before[i][0], "Identity") ? "b" : "s", "p", before[i][1]);
        onnx_graph_node(&graph, "MatMul", "p,q", "y", "");
        onnx_graph_output(&graph, "y");
        if (i == 3)
            onnx_graph_output(&graph, "p");
        write_model(place, 13, &graph);
        command_expect(place, 20, "$L import model.onnx -o m", i < 4, i < 4 ? NULL : "m.lua",
                       i < 4 ? "s (MatMul), which reads q, k: a product whose second factor is not a constant" : NULL);
    }
    expect_text(place, "IgnoreMask");
    command_folder_remove(place);
}

/* Divided by the root of a head's width behind the product, as most do; by something else it is no layer. */
Test(onnx_graphs, heads_as_others_spell_them, .timeout = 60)
{
    static const char *const parts[] = { "q", "k", "v" };
    char *place = command_folder(), inputs[32], outputs[32];
    for (int i = 0; i < 2; i++) {
        OnnxFile graph = empty;
        onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,5,4");
        onnx_graph_number(&graph, "root", i ? 2 : sqrtf(3));
        onnx_graph_integers(&graph, "heads", "0,5,2,3");
        onnx_graph_integers(&graph, "whole", "0,5,6");
        onnx_graph_weights(&graph, "O", "6,4", 9);
        for (int p = 0; p < 3; p++) {
            snprintf(inputs, sizeof inputs, "w%s", parts[p]);
            onnx_graph_weights(&graph, inputs, "4,6", p);
            snprintf(inputs, sizeof inputs, "x,w%s", parts[p]), snprintf(outputs, sizeof outputs, "%s1", parts[p]);
            onnx_graph_node(&graph, "MatMul", inputs, outputs, "");
            snprintf(inputs, sizeof inputs, "%s1,heads", parts[p]), snprintf(outputs, sizeof outputs, "%s2", parts[p]);
            onnx_graph_node(&graph, "Reshape", inputs, outputs, "");
            snprintf(inputs, sizeof inputs, "%s2", parts[p]);
            onnx_graph_node(&graph, "Transpose", inputs, parts[p], p == 1 ? "perm=[0,2,3,1]" : "perm=[0,2,1,3]");
        }
        onnx_graph_node(&graph, "MatMul", "q,k", "s", "");
        onnx_graph_node(&graph, "Div", "s,root", "d", "");
        onnx_graph_node(&graph, "Softmax", "d", "p", "axis=-1");
        onnx_graph_node(&graph, "MatMul", "p,v", "m", "");
        onnx_graph_node(&graph, "Transpose", "m", "t", "perm=[0,2,1,3]");
        onnx_graph_node(&graph, "Reshape", "t,whole", "r", "");
        onnx_graph_node(&graph, "MatMul", "r,O", "y", "");
        onnx_graph_output(&graph, "y");
        write_model(place, 13, &graph);
        command_expect(place, 20, "$L import model.onnx -o m", i, i ? NULL : "2 layers, 96 parameters",
                       i ? "s (MatMul), which reads q, k: a product whose second factor is not a constant" : NULL);
    }
    expect_text(place, "  MultiHeadAttention{2, 3, use_bias = false},\n}");
    command_folder_remove(place);
}

/* ---- what is refused ---- */

typedef struct Refusal {
    const char *operation, *inputs, *attributes, *message;
} Refusal;

Test(onnx_graphs, refuses_by_name, .timeout = 60)
{
    static const Refusal refusals[] = {
        { "LSTM", "x,W,R", "input_forget=1 activations=[Relu,Tanh,Tanh]", "y (LSTM), which reads x, W, R: input_forget = 1 with Relu" },
        { "LSTM", "x,W,R", "activations=[Sigmoid,Tanh,Relu]", "its activations g and h are tanh and relu" },
        { "LSTM", "x,W,R", "activations=[Sigmoid,Magic,Magic]", "lstmc has no activation Magic" },
        { "LSTM", "x,W,x", "", "its weights, input 2, are not constants" },
        { "LSTM", "x,W,nobody", "", "its weights, input 2, are not constants" },
        { "LSTM", "nobody,W,R", "", "it reads nobody, which no node before it makes" },
        { "LSTM", "x,W,R", "hidden_size=5", "its hidden_size is not that of its weights" },
        { "LSTM", "x,R,W", "", "it reads 4 features, and its weights are of 6" },
        { "MatMul", "x,x", "", "a product whose second factor is not a constant" },
        { "Magic", "x", "", "y (Magic), which reads x: there is no layer for this operator" },
        { "TopK", "x,W", "", "there is no layer for this operator" },
        { "Transpose", "x", "perm=[0,1,5]", "its perm is not an order of its axes" },
        { "Gather", "x,nine", "axis=2", "it takes a place beyond axis 2" },
        { "Squeeze", "x", "axes=[2]", "axis 2, which it takes away, has an extent of 4" },
    };
    char *place = command_folder();
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        OnnxFile graph = empty;
        onnx_graph_input(&graph, "x", ONNX_FLOAT, "5,batch,4");
        onnx_graph_weights(&graph, "W", "1,24,4", 1);
        onnx_graph_weights(&graph, "R", "1,24,6", 2);
        onnx_graph_integers(&graph, "nine", "9");
        onnx_graph_node(&graph, refusals[i].operation, refusals[i].inputs, "y", refusals[i].attributes);
        onnx_graph_output(&graph, "y");
        write_model(place, 12, &graph);
        command_expect(place, 20, "$L import model.onnx -o m", 1, NULL, refusals[i].message);
    }
    command_folder_remove(place);
}

Test(onnx_graphs, what_is_no_model, .timeout = 60)
{
    char *place = command_folder();
    OnnxFile graph = empty;
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,4");
    onnx_graph_node(&graph, "Relu", "x", "y", "");
    onnx_graph_output(&graph, "y");
    write_model(place, 99, &graph);
    command_expect(place, 20, "$L import model.onnx -o m", 1, NULL, "is of opset 99");
    command_write(place, "model.onnx", "\x08\x08:\x7f", 4);
    command_expect(place, 20, "$L import model.onnx -o m", 1, NULL, "a length in it goes beyond its end");
    command_write(place, "model.onnx", "", 0);
    command_expect(place, 20, "$L import model.onnx -o m", 1, NULL, "there is no graph in it");
    command_expect(place, 20, "mkdir f.onnx; $L import f.onnx -o m", 1, NULL, "cannot be");
    command_folder_remove(place);
}

/* ---- numbers in other files ---- */

static void external_model(const char *place, const char *location)
{
    OnnxFile graph = empty;
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,2");
    onnx_graph_external(&graph, "w", "2,2", location);
    onnx_graph_node(&graph, "MatMul", "x,w", "y", "");
    onnx_graph_output(&graph, "y");
    write_model(place, 13, &graph);
}

Test(onnx_graphs, numbers_in_other_files_of_its_folder, .timeout = 60)
{
    static const float numbers[] = { 1, 2, 3, 4 };
    char *place = command_folder();
    command_write(place, "w.bin", numbers, sizeof numbers);
    external_model(place, "w.bin");
    command_expect(place, 20, "$L import model.onnx -o m", 0, "4 parameters", NULL);
    external_model(place, "../w.bin");
    command_expect(place, 20, "$L import model.onnx -o n", 1, NULL, "../w.bin, is not in the folder of the model");
    external_model(place, "/etc/passwd");
    command_expect(place, 20, "$L import model.onnx -o n", 1, NULL, "is not in the folder of the model");
    external_model(place, "link");
    command_expect(place, 20, "ln -s /etc/passwd link; $L import model.onnx -o n", 1, NULL, "leads out of the folder");
    external_model(place, "none");
    command_expect(place, 20, "$L import model.onnx -o n", 1, NULL, "none, cannot be opened");
    command_write(place, "w.bin", numbers, 12);
    external_model(place, "w.bin");
    command_expect(place, 20, "$L import model.onnx -o n", 1, NULL, "is shorter than the model says");
    command_folder_remove(place);
}

/* ---- damaged files ---- */

Test(onnx_graphs, damaged_files, .timeout = 3600)
{
    char *place = command_folder();
    OnnxFile graph = empty;
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,time,4");
    onnx_graph_input(&graph, "h", ONNX_FLOAT, "1,batch,3");
    onnx_graph_weights(&graph, "W", "1,9,4", 1);
    onnx_graph_weights(&graph, "R", "1,9,3", 2);
    onnx_graph_weights(&graph, "k", "3,1,2", 3);
    onnx_graph_integers(&graph, "axes", "1");
    onnx_graph_integers(&graph, "shape", "0,-1,2");
    onnx_graph_integers(&graph, "last", "-1");
    onnx_graph_node(&graph, "Transpose", "x", "t", "perm=[1,0,2]");
    onnx_graph_node(&graph, "GRU", "t,W,R,,,h", "Y,H", "hidden_size=3 linear_before_reset=1");
    onnx_graph_node(&graph, "Squeeze", "Y,axes", "s", "");
    onnx_graph_node(&graph, "Transpose", "s", "u", "perm=[1,2,0]");
    onnx_graph_node(&graph, "Conv", "u,k", "c", "kernel_shape=[2] group=3 pads=[1,0]");
    onnx_graph_node(&graph, "Gather", "u,last", "g", "axis=2");
    onnx_graph_node(&graph, "Concat", "g,c", "y", "axis=2");
    onnx_graph_node(&graph, "Shape", "u", "e", "");
    onnx_graph_node(&graph, "ConstantOfShape", "e", "z", "");
    onnx_graph_output(&graph, "y");
    onnx_graph_output(&graph, "H");
    OnnxFile model = onnx_file_of(13, &graph);
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    command_expect(place, 20, "$L import model.onnx -o whole", 0, "whole.lua", NULL);
    struct mutations done = mutate(model.bytes, model.count, "\x01\x02\x03\x08\x7f\xff", imported_damaged, &(DamagedImport){ place, "damaged.onnx" });
    cr_expect(done.refused > 0, "%d of %d were refused", done.refused, done.files);
    onnx_file_free(&model);
    command_folder_remove(place);
}

Test(onnx_graphs, damaged_attention, .timeout = 3600)
{
    char *place = command_folder();
    OnnxFile graph = empty;
    onnx_graph_input(&graph, "x", ONNX_FLOAT, "batch,2,4");
    onnx_graph_weights(&graph, "w", "4,4", 1);
    onnx_graph_integers(&graph, "heads", "0,2,2,2");
    onnx_graph_integers(&graph, "whole", "0,2,4");
    onnx_graph_number(&graph, "root", sqrtf(2));
    onnx_graph_integers(&graph, "one", "1");
    onnx_graph_integers(&graph, "two", "2");
    onnx_graph_integers(&graph, "last", "-1");
    onnx_graph_node(&graph, "MatMul", "x,w", "a", "");
    onnx_graph_node(&graph, "Reshape", "a,heads", "b", "");
    onnx_graph_node(&graph, "Transpose", "b", "q", "perm=[0,2,1,3]");
    onnx_graph_node(&graph, "Transpose", "b", "k", "perm=[0,2,3,1]");
    onnx_graph_node(&graph, "MatMul", "q,k", "s", "");
    onnx_graph_node(&graph, "Div", "s,root", "d", "");
    onnx_graph_node(&graph, "Softmax", "d", "p", "axis=-1");
    onnx_graph_node(&graph, "MatMul", "p,q", "m", "");
    onnx_graph_node(&graph, "Transpose", "m", "t", "perm=[0,2,1,3]");
    onnx_graph_node(&graph, "Reshape", "t,whole", "r", "");
    onnx_graph_node(&graph, "MatMul", "r,w", "e", "");
    onnx_graph_node(&graph, "Unsqueeze", "e,two", "f", "");
    onnx_graph_node(&graph, "Unsqueeze", "x,one", "g", "");
    onnx_graph_node(&graph, "Add", "f,g", "h", "");
    onnx_graph_node(&graph, "Tanh", "h", "i", "");
    onnx_graph_node(&graph, "ReduceSum", "i,last", "j", "keepdims=0");
    onnx_graph_node(&graph, "Softmax", "j", "l", "axis=-1");
    onnx_graph_node(&graph, "MatMul", "l,x", "y", "");
    onnx_graph_output(&graph, "y");
    OnnxFile model = onnx_file_of(13, &graph);
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    command_expect(place, 20, "$L import model.onnx -o whole", 0, "AdditiveAttention", NULL);
    struct mutations done = mutate(model.bytes, model.count, "\x01\x02\x03\x08\x7f\xff", imported_damaged, &(DamagedImport){ place, "damaged.onnx" });
    cr_expect(done.refused > 0, "%d of %d were refused", done.refused, done.files);
    onnx_file_free(&model);
    command_folder_remove(place);
}
