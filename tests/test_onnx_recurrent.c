/* test_onnx_recurrent.c: LSTM, GRU and RNN of ONNX with all that they can have, imported, against their specification in
 * double (onnx_reference.c): random weights, so that no gate is taken for another one. */
#include "command.h"
#include "onnx_file.h"
#include "onnx_reference.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5, ROWS = 3, FEATURES = 4, UNITS = 6 };

typedef struct Variant {
    const char *operation, *attributes;
    Recurrence recurrence;
    int layout;
    int has_bias, has_peepholes, reads_states;  /* of these 1: inputs of the graph, 2: constants, the same for each row */
    int has_lengths;
    const char *said;                           /* in the description */
} Variant;

#define SIGMOID { "Sigmoid", 0, 0 }
#define TANH { "Tanh", 0, 0 }

static const Variant variants[] = {
    { "LSTM", "", { .kind = 'L', .directions = 1, .functions = { SIGMOID, TANH, TANH } }, 0, 1, 0, 0, 0, "LSTM{6" },
    { "LSTM", "direction=reverse", { .kind = 'L', .directions = -1, .functions = { SIGMOID, TANH, TANH } }, 0, 1, 0, 0,
      0, "go_backwards = true" },
    { "LSTM", "direction=bidirectional layout=1", { .kind = 'L', .directions = 2, .functions = { SIGMOID, TANH, TANH } },
      1, 1, 0, 0, 0, "Bidirectional{LSTM{6" },
    { "LSTM", "direction=bidirectional", { .kind = 'L', .directions = 2, .functions = { SIGMOID, TANH, TANH } }, 0, 0, 1,
      1, 0, "use_peepholes = true" },
    { "LSTM", "layout=1", { .kind = 'L', .directions = 1, .functions = { SIGMOID, TANH, TANH } }, 1, 0, 1, 1,
      0, "use_bias = false" },
    { "LSTM", "clip=0.4", { .kind = 'L', .directions = 1, .clip = 0.4, .functions = { SIGMOID, TANH, TANH } }, 0, 1, 0,
      2, 0, "initial_state = {h = {" },
    { "LSTM", "direction=bidirectional", { .kind = 'L', .directions = 2, .functions = { SIGMOID, TANH, TANH } }, 0, 1, 0,
      2, 0, "backward_layer = LSTM{6" },
    { "LSTM", "activations=[HardSigmoid,Relu,Relu] activation_alpha=[0.3] activation_beta=[0.4]",
      { .kind = 'L', .directions = 1, .functions = { { "HardSigmoid", 0.3, 0.4 }, { "Relu", 0, 0 }, { "Relu", 0, 0 } } },
      0, 1, 0, 0, 0, "recurrent_activation = \"hard_sigmoid_0_3_0_4\"" },
    { "LSTM", "input_forget=1 clip=0.7",
      { .kind = 'L', .directions = 1, .input_forget = 1, .clip = 0.7, .functions = { SIGMOID, TANH, TANH } }, 0, 1, 1, 1, 0,
      "input_forget couples gates" },
    { "LSTM", "input_forget=1 direction=bidirectional activations=[HardSigmoid,Tanh,Tanh,HardSigmoid,Tanh,Tanh]",
      { .kind = 'L', .directions = 2, .input_forget = 1, .functions = { { "HardSigmoid", 0.2, 0.5 }, TANH, TANH } }, 0, 1, 0,
      0, 0, "recurrent_activation = \"hard_sigmoid" },
    { "GRU", "", { .kind = 'G', .directions = 1, .functions = { SIGMOID, TANH } }, 0, 1, 0, 0, 0, "reset_after = false" },
    { "GRU", "linear_before_reset=1 direction=bidirectional",
      { .kind = 'G', .directions = 2, .linear_before_reset = 1, .functions = { SIGMOID, TANH } }, 0, 1, 0, 1,
      0, "Bidirectional{GRU{6" },
    { "GRU", "linear_before_reset=1 direction=reverse layout=1",
      { .kind = 'G', .directions = -1, .linear_before_reset = 1, .functions = { SIGMOID, TANH } }, 1, 1, 0, 2,
      0, "Reverse{}" },
    { "GRU", "activations=[Sigmoid,ScaledTanh] activation_alpha=[0.8] activation_beta=[1.2]",
      { .kind = 'G', .directions = 1, .functions = { SIGMOID, { "ScaledTanh", 0.8, 1.2 } } }, 0, 0, 0, 0,
      0, "activation \"scaled_tanh_0_8_1_2\"" },
    { "RNN", "activations=[LeakyRelu] activation_alpha=[0.1]",
      { .kind = 'R', .directions = 1, .functions = { { "LeakyRelu", 0.1, 0 } } }, 0, 1, 0, 0, 0, "leaky_relu_0_1" },
    { "LSTM", "", { .kind = 'L', .directions = 1, .functions = { SIGMOID, TANH, TANH } }, 0, 1, 0, 0,
      1, "zero_output_for_mask = true" },
    { "GRU", "direction=bidirectional layout=1", { .kind = 'G', .directions = 2, .functions = { SIGMOID, TANH } }, 1, 1,
      0, 2, 1, "lengths = true" },
    { "RNN", "activations=[Softsign,Softsign] direction=bidirectional",
      { .kind = 'R', .directions = 2, .functions = { { "Softsign", 0, 0 } } }, 0, 1, 0, 1, 0, "activation = \"softsign\"" },
};

static double lengths[ROWS] = { 4, 5, 2 };

typedef struct Numbers {
    double *x, *w, *r, *b, *p, *h, *c;          /* as the reference has them */
} Numbers;

static size_t gates_of(const Variant *v)
{
    return v->recurrence.kind == 'L' ? 4 : v->recurrence.kind == 'G' ? 3 : 1;
}

static size_t directions_of(const Variant *v)
{
    return v->recurrence.directions == 2 ? 2 : 1;
}

/* [outer][middle][inner] as [middle][outer][inner] */
static void swap_axes(const double *from, size_t outer, size_t middle, size_t inner, double *to)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t m = 0; m < middle; m++)
            memcpy(to + (m * outer + o) * inner, from + (o * middle + m) * inner, inner * sizeof *to);
}

/* States of constants are those of the first row, for all of them. */
static Numbers make_numbers(const Variant *v)
{
    size_t gates = gates_of(v), d = directions_of(v);
    Numbers n = { onnx_weights(STEPS * ROWS * FEATURES, 7), onnx_weights(d * gates * UNITS * FEATURES, 1),
                  onnx_weights(d * gates * UNITS * UNITS, 2), onnx_weights(d * 2 * gates * UNITS, 3),
                  onnx_weights(d * 3 * UNITS, 4), onnx_weights(d * ROWS * UNITS, 5), onnx_weights(d * ROWS * UNITS, 6) };
    if (v->reads_states == 2)
        for (size_t k = 0; k < d; k++) {
            double *states[] = { n.h, n.c }, one[2][UNITS];
            for (int s = 0; s < 2; s++) {
                double *first = onnx_weights(d * UNITS, 5 + s);
                memcpy(one[s], first + k * UNITS, sizeof one[s]);
                for (size_t row = 0; row < ROWS; row++)
                    memcpy(states[s] + (k * ROWS + row) * UNITS, one[s], sizeof one[s]);
                free(first);
            }
        }
    return n;
}

static void free_numbers(Numbers *n)
{
    double *all[] = { n->x, n->w, n->r, n->b, n->p, n->h, n->c };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static OnnxFile make_model(const Variant *v)
{
    OnnxFile graph = { NULL, 0, 0 };
    int d = (int)directions_of(v), all = (int)gates_of(v) * UNITS, lstm = v->recurrence.kind == 'L';
    char shape[64], inputs[64], attributes[200];
    onnx_graph_input(&graph, "x", ONNX_FLOAT, v->layout ? "batch,5,4" : "5,batch,4");
    snprintf(shape, sizeof shape, "%d,%d,%d", d, all, FEATURES);
    onnx_graph_weights(&graph, "W", shape, 1);
    snprintf(shape, sizeof shape, "%d,%d,%d", d, all, UNITS);
    onnx_graph_weights(&graph, "R", shape, 2);
    snprintf(shape, sizeof shape, "%d,%d", d, 2 * all);
    onnx_graph_weights(&graph, "B", shape, 3);
    snprintf(shape, sizeof shape, "%d,%d", d, 3 * UNITS);
    onnx_graph_weights(&graph, "P", shape, 4);
    snprintf(shape, sizeof shape, v->layout ? "1,%d,6" : "%d,1,6", d);
    for (int s = 0; s < 1 + lstm && v->reads_states == 2; s++)
        onnx_graph_weights(&graph, s ? "c" : "h", shape, 5 + s);
    snprintf(shape, sizeof shape, v->layout ? "batch,%d,6" : "%d,batch,6", d);
    for (int s = 0; s < 1 + lstm && v->reads_states == 1; s++)
        onnx_graph_input(&graph, s ? "c" : "h", ONNX_FLOAT, shape);
    if (v->has_lengths)
        onnx_graph_input(&graph, "l", ONNX_INT32, "batch");
    snprintf(inputs, sizeof inputs, "x,W,R,%s,%s,%s,%s%s", v->has_bias ? "B" : "", v->has_lengths ? "l" : "",
             v->reads_states ? "h" : "",
             lstm && v->reads_states ? "c" : "", lstm && v->has_peepholes ? ",P" : "");
    snprintf(attributes, sizeof attributes, "hidden_size=6 %s", v->attributes);
    onnx_graph_node(&graph, v->operation, inputs, lstm ? "Y,Y_h,Y_c" : "Y,Y_h", attributes);
    onnx_graph_output(&graph, "Y");
    onnx_graph_output(&graph, "Y_h");
    if (lstm)
        onnx_graph_output(&graph, "Y_c");
    return onnx_file_of(14, &graph);
}

static double away(const double *a, const double *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(a[i] - b[i]));
    return largest;
}

/* What the description puts out has the rows first: y [rows][steps][directions][units], states [rows][directions][units],
 * the directions side by side. */
static void compare(const Variant *v, const Numbers *n, const struct onnx_tensor *outputs, int count)
{
    size_t d = directions_of(v), states = d * ROWS * UNITS, size = STEPS * states;
    double *y = calloc(size, sizeof *y), *h = calloc(states, sizeof *h), *c = calloc(states, sizeof *c);
    double *rows = calloc(size, sizeof *rows);
    Recurrence r = v->recurrence;
    r.steps = STEPS, r.rows = ROWS, r.features = FEATURES, r.units = UNITS;
    r.w = n->w, r.r = n->r, r.b = v->has_bias ? n->b : NULL, r.p = v->has_peepholes ? n->p : NULL;
    r.lengths = v->has_lengths ? lengths : NULL;
    r.initial_h = v->reads_states ? n->h : NULL, r.initial_c = v->reads_states ? n->c : NULL;
    onnx_reference(&r, n->x, y, h, c);
    for (size_t t = 0; t < STEPS; t++)
        for (size_t k = 0; k < d; k++)
            for (size_t row = 0; row < ROWS; row++)
                memcpy(rows + ((row * STEPS + t) * d + k) * UNITS, y + ((t * d + k) * ROWS + row) * UNITS,
                       UNITS * sizeof *rows);
    cr_expect(outputs[0].count == size && away(outputs[0].values, rows, size) < 2e-6, "%s %s: Y is %g away", v->operation,
              v->attributes, away(outputs[0].values, rows, size));
    for (int s = 0; s < count - 1; s++) {
        swap_axes(s ? c : h, d, ROWS, UNITS, rows);
        cr_expect(outputs[s + 1].count == states && away(outputs[s + 1].values, rows, states) < 2e-6,
                  "%s %s: state %d is %g away", v->operation, v->attributes, s,
                  away(outputs[s + 1].values, rows, states));
    }
    free(y), free(h), free(c), free(rows);
}

static void try_variant(const char *place, const Variant *v)
{
    OnnxFile model = make_model(v);
    OnnxNames names = onnx_file_names(&model);
    Numbers n = make_numbers(v);
    size_t d = directions_of(v);
    struct onnx_tensor inputs[3] = { { .rank = 3, .dims = { STEPS, ROWS, FEATURES }, .count = STEPS * ROWS * FEATURES } };
    struct onnx_tensor outputs[4];
    char why[ONNX_ASK_WHY] = "";
    double *turned[3] = { calloc(1000, sizeof(double)), calloc(1000, sizeof(double)), calloc(1000, sizeof(double)) };
    int wanted = v->recurrence.kind == 'L' ? 3 : 2;
    inputs[0].values = n.x;
    if (v->has_lengths)
        inputs[1] = (struct onnx_tensor){ .rank = 1, .dims = { ROWS }, .count = ROWS, .values = lengths };
    for (int s = 1; s < wanted && !v->has_lengths; s++)
        inputs[s] = (struct onnx_tensor){ .rank = 3, .dims = { d, ROWS, UNITS }, .count = d * ROWS * UNITS,
                                          .values = s > 1 ? n.c : n.h };
    for (int i = 0; i < (v->has_lengths ? 1 : wanted) && v->layout; i++) {
        swap_axes(inputs[i].values, inputs[i].dims[0], ROWS, inputs[i].dims[2], turned[i]);
        inputs[i].dims[1] = inputs[i].dims[0], inputs[i].dims[0] = ROWS, inputs[i].values = turned[i];
    }
    command_write(place, "model.onnx", model.bytes, (long)model.count);
    int count = onnx_file_ask(place, &names, inputs, names.input_count, outputs, why);
    char *text = command_read_file(place, "m.lua");
    cr_expect_eq(count, wanted, "%s %s: %s", v->operation, v->attributes, why);
    cr_expect(text && strstr(text, v->said), "%s %s: no %s in\n%s", v->operation, v->attributes, v->said, text);
    if (count == wanted)
        compare(v, &n, outputs, count);
    for (int i = 0; i < count; i++)
        free(outputs[i].values);
    for (int i = 0; i < 3; i++)
        free(turned[i]);
    free(text);
    free_numbers(&n);
    onnx_file_free(&model);
}

Test(onnx_recurrent, all_variants, .timeout = 300)
{
    char *place = command_folder();
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        try_variant(place, &variants[i]);
    command_folder_remove(place);
}
