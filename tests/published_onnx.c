/* published_onnx.c: in: the name of one of the ONNX project's node tests.  out: the same as a description, Keras-ordered weights, inputs and
 * outputs; or the reason why our layers cannot say it. */
#include "published_onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER PUBLISHED_DATA "/onnx-conformance"

static const int straight[] = { 0, 1, 2, 3 };

static int read_files(const char *name, Files *files, char *why)
{
    char path[256], reason[128];
    const char *folder = FOLDER "/node";
    snprintf(path, sizeof path, "%s/%s/model.onnx", folder, name);
    if (access(path, R_OK))
        folder = FOLDER "/pytorch-converted";
    snprintf(path, sizeof path, "%s/%s/model.onnx", folder, name);
    if (onnx_read_model(path, &files->model, reason)) {
        snprintf(why, PUBLISHED_WHY, "%s: %s", path, reason);
        return -1;
    }
    for (int output = 0; output < 2; output++) {
        int *count = output ? &files->output_count : &files->input_count;
        struct onnx_tensor *tensors = output ? files->outputs : files->inputs;
        for (*count = 0; *count < (output ? 2 : 8); ++*count) {
            snprintf(path, sizeof path, "%s/%s/test_data_set_0/%s_%d.pb", folder, name, output ? "output" : "input", *count);
            if (access(path, R_OK))
                break;
            if (onnx_read_tensor(path, &tensors[*count], reason)) {
                if (strstr(reason, "neither float"))        /* a mask, a flag, bytes: what comes before it is there */
                    break;
                snprintf(why, PUBLISHED_WHY, "%s: %s", path, reason);
                return -1;
            }
        }
    }
    if (files->model.node_count)
        return 0;
    snprintf(why, PUBLISHED_WHY, "%s/%s: no node", folder, name);
    return -1;
}

static void free_files(Files *files)
{
    onnx_free_model(&files->model);
    for (int i = 0; i < files->input_count; i++)
        onnx_free_tensor(&files->inputs[i]);
    for (int i = 0; i < files->output_count; i++)
        onnx_free_tensor(&files->outputs[i]);
    free(files);
}

void onnx_skip(struct published_case *one, const char *reason)
{
    snprintf(one->skipped, sizeof one->skipped, "%s", reason);
}

double published_number(const struct onnx_node *node, const char *name, double otherwise)
{
    const struct onnx_attribute *attribute = published_attribute(node, name);
    return !attribute ? otherwise : attribute->has_number ? attribute->number : (double)attribute->integer;
}

void onnx_set_x(struct published_case *one, const double *values, size_t count, int samples)
{
    one->samples = samples;
    one->input_count = count / (size_t)samples;
    one->x = published_allocate(count, sizeof *one->x);
    for (size_t i = 0; i < count; i++)
        one->x[i] = (float)values[i];
}

void onnx_set_expected(struct published_case *one, const double *values, size_t count)
{
    one->expected_count = count;
    one->expected = published_allocate(count, sizeof *one->expected);
    memcpy(one->expected, values, count * sizeof *values);
}

void onnx_begin(struct published_case *one)
{
    published_add_line(one, "return Sequential{ name = \"%s\",", one->name);
}

void onnx_end(struct published_case *one, const char *loss, int samples)
{
    published_add_line(one, "  loss = %s, optimizer = \"sgd\", batch_size = %d, shards = 1 }", loss, samples);
}

/* [a][b][c] as [b][a][c]: ONNX has time first unless `layout` is 1. */
static double *swap_axes(const double *values, size_t a, size_t b, size_t c)
{
    double *result = published_allocate(a * b * c, sizeof *result);
    for (size_t i = 0; i < a; i++)
        for (size_t j = 0; j < b; j++)
            memcpy(result + (j * a + i) * c, values + (i * b + j) * c, c * sizeof *values);
    return result;
}

/* ---- RNN, LSTM, GRU ---- */

static void add_recurrent_weights(struct published_case *one, const Files *files, int blocks, int units, int features, const int *order, int both_biases)
{
    size_t half = (size_t)(blocks * units);
    double *bias = published_allocate(2 * half, sizeof *bias);
    if (files->input_count > 3)
        memcpy(bias, files->inputs[3].values, 2 * half * sizeof *bias);
    published_add_weight(one, files->inputs[1].values, blocks, units, features, order);
    published_add_weight(one, files->inputs[2].values, blocks, units, units, order);
    for (size_t i = 0; i < half && !both_biases; i++)
        bias[i] += bias[half + i];
    published_add_weight(one, bias, blocks, units, 1, order);
    if (both_biases)
        published_add_weight(one, bias + half, blocks, units, 1, order);
    free(bias);
}

static int all_are(const struct onnx_tensor *tensor, double value)
{
    for (size_t i = 0; i < tensor->count; i++)
        if (tensor->values[i] != value)
            return 0;
    return 1;
}

/* Peepholes alone: all sequences are whole, and the states begin with zeros. */
static int has_peepholes_alone(const Files *files, size_t steps)
{
    return files->input_count == 8 && all_are(&files->inputs[4], (double)steps) && all_are(&files->inputs[5], 0) && all_are(&files->inputs[6], 0);
}

static void recurrent_case(struct published_case *one, const Files *files)
{
    static const int peephole_order[] = { 0, 2, 1 };    /* i, o, f to our i, f, o */
    static const int lstm_order[] = { 0, 2, 3, 1 };     /* i, o, f, c to Keras's i, f, c, o */
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *x = &files->inputs[0];
    const char *kind = node->operation;
    int lstm = !strcmp(kind, "LSTM"), gru = !strcmp(kind, "GRU"), layout = (int)published_number(node, "layout", 0);
    int units = (int)published_number(node, "hidden_size", 0), blocks = lstm ? 4 : gru ? 3 : 1;
    int reset_after = published_number(node, "linear_before_reset", 0) != 0;
    size_t samples = x->dims[layout ? 0 : 1], steps = x->dims[layout ? 1 : 0], features = x->dims[2];
    int sequences = !strcmp(node->outputs[0], "Y");
    int peepholes = lstm && has_peepholes_alone(files, steps);
    if (node->input_count > 4 && !peepholes) {
        onnx_skip(one, "sequence lengths or initial states: Keras's layers have none");
        return;
    }
    if (files->inputs[1].count != (size_t)(blocks * units) * features || files->inputs[2].count != (size_t)(blocks * units * units)) {
        onnx_skip(one, "two directions");
        return;
    }
    onnx_begin(one);
    published_add_line(one, "  Input{%zu, %zu},", steps, features);
    published_add_line(one, "  %s{%d%s%s%s},", lstm ? "LSTM" : gru ? "GRU" : "SimpleRNN", units, sequences ? ", return_sequences = true" : "",
                       peepholes ? ", use_peepholes = true" : "", gru ? reset_after ? ", reset_after = true" : ", reset_after = false" : "");
    onnx_end(one, "\"mse\"", (int)samples);
    add_recurrent_weights(one, files, blocks, units, (int)features, lstm ? lstm_order : straight, gru && reset_after);
    for (int k = 0; peepholes && k < 3; k++)
        published_add_numbers(one, files->inputs[7].values + peephole_order[k] * units, (size_t)units);
    double *batch_first = layout ? NULL : swap_axes(x->values, steps, samples, features);
    onnx_set_x(one, layout ? x->values : batch_first, x->count, (int)samples);
    free(batch_first);
    one->steps = (int)steps;
    /* Y [B][T][1][units] with layout 1 is our sequence as it is; Y_h otherwise is the last output. */
    onnx_set_expected(one, files->outputs[0].values, files->outputs[0].count);
}

/* ---- activations ---- */

typedef struct ActivationName {
    const char *operation, *keras;
    const char *attribute; double value, standard;      /* the one value that Keras's function has, and ONNX's default */
    const char *attribute_2; double value_2, standard_2;
    const char *layer;          /* that takes any value; NULL: none */
} ActivationName;

static const ActivationName activation_names[] = {
    { .operation = "Relu", .keras = "relu" },
    { .operation = "Tanh", .keras = "tanh" },
    { .operation = "Sigmoid", .keras = "sigmoid" },
    { .operation = "Softplus", .keras = "softplus" },
    { .operation = "Softsign", .keras = "softsign" },
    { .operation = "Mish", .keras = "mish" },
    { .operation = "HardSwish", .keras = "hard_silu" },
    { .operation = "Swish", .keras = "silu", .attribute = "alpha", .value = 1, .standard = 1 },
    { .operation = "Elu", .keras = "elu", .attribute = "alpha", .value = 1, .standard = 1, .layer = "ELU{alpha" },
    { .operation = "LeakyRelu", .keras = "leaky_relu", .attribute = "alpha", .value = 0.2f, .standard = 0.01, .layer = "LeakyReLU{negative_slope" },
    { .operation = "Selu", .keras = "selu", .attribute = "alpha", .value = 1.67326319217681884765625, .standard = 1.67326319217681884765625,
      .attribute_2 = "gamma", .value_2 = 1.05070102214813232421875, .standard_2 = 1.05070102214813232421875 },
    { .operation = "HardSigmoid", .keras = "hard_sigmoid_keras2", .attribute = "alpha", .value = 0.2f, .standard = 0.2f,
      .attribute_2 = "beta", .value_2 = 0.5, .standard_2 = 0.5 },
    { .operation = "Softmax", .keras = "softmax" },
    { .operation = "LogSoftmax", .keras = "log_softmax" },
    { .operation = "Gelu", .keras = "gelu" },
};

static const ActivationName *find_activation(const struct onnx_node *node)
{
    for (size_t i = 0; i < sizeof activation_names / sizeof *activation_names; i++)
        if (!strcmp(activation_names[i].operation, node->operation))
            return &activation_names[i];
    return NULL;
}

/* [outer][middle][inner] as [outer][inner][middle]: the axis in the middle becomes the last. */
double *onnx_axis_last(const double *values, size_t outer, size_t middle, size_t inner)
{
    double *result = published_allocate(outer * middle * inner, sizeof *result);
    for (size_t o = 0; o < outer; o++)
        for (size_t m = 0; m < middle; m++)
            for (size_t i = 0; i < inner; i++)
                result[(o * inner + i) * middle + m] = values[(o * middle + m) * inner + i];
    return result;
}

static void split_at(const struct onnx_tensor *tensor, int axis, size_t *outer, size_t *middle, size_t *inner)
{
    *outer = *inner = 1;
    *middle = tensor->dims[axis];
    for (int i = 0; i < tensor->rank; i++)
        if (i != axis)
            *(i < axis ? outer : inner) *= tensor->dims[i];
}

/* softmax and log_softmax work on the last axis: `axis` is moved there, and of the others the first is the batch. */
static void softmax_case(struct published_case *one, const char *activation, const struct onnx_tensor *x, const struct onnx_tensor *y, int axis)
{
    size_t outer, middle, inner;
    split_at(x, axis < 0 ? axis + x->rank : axis, &outer, &middle, &inner);
    double *in = onnx_axis_last(x->values, outer, middle, inner), *out = onnx_axis_last(y->values, outer, middle, inner);
    onnx_set_x(one, in, x->count, (int)(outer == 1 ? inner : outer));
    onnx_set_expected(one, out, x->count);
    free(in);
    free(out);
    onnx_begin(one);
    if (one->input_count == middle)
        published_add_line(one, "  Input{%zu},", middle);
    else
        published_add_line(one, "  Input{%zu, %zu},", one->input_count / middle, middle);
    published_add_line(one, "  Activation{\"%s\"},", activation);
    onnx_end(one, "\"mse\"", one->samples);
}

static void activation_case(struct published_case *one, const Files *files, const ActivationName *name)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *x = &files->inputs[0];
    const struct onnx_attribute *approximate = published_attribute(node, "approximate");
    if (strstr(node->operation, "oftmax")) {
        softmax_case(one, name->keras, x, &files->outputs[0], (int)published_number(node, "axis", -1));
        return;
    }
    double value = name->attribute ? published_number(node, name->attribute, name->standard) : 0;
    int other = name->attribute && value != name->value;
    if ((other && !name->layer) || (name->attribute_2 && published_number(node, name->attribute_2, name->standard_2) != name->value_2) ||
        (approximate && !strcmp(approximate->text, "tanh"))) {
        onnx_skip(one, "constants that Keras's function of this name does not have");
        return;
    }
    onnx_set_x(one, x->values, x->count, x->rank > 1 ? (int)x->dims[0] : 1);
    onnx_set_expected(one, files->outputs[0].values, x->count);
    onnx_begin(one);
    published_add_line(one, "  Input{%zu},", one->input_count);
    if (other)
        published_add_line(one, "  %s = %.9g},", name->layer, value);
    else
        published_add_line(one, "  Activation{\"%s\"},", name->keras);
    onnx_end(one, "\"mse\"", one->samples);
}

/* ---- Embedding, Linear ---- */

static void embedding_case(struct published_case *one, const Files *files)
{
    const struct onnx_tensor *table = &files->model.initializers[0], *ids = &files->inputs[0];
    onnx_begin(one);
    published_add_line(one, "  Input{%zu},", ids->dims[1]);
    published_add_line(one, "  Embedding{%zu, %zu},", table->dims[0], table->dims[1]);
    onnx_end(one, "\"mse\"", (int)ids->dims[0]);
    published_add_numbers(one, table->values, table->count);
    one->samples = (int)ids->dims[0];
    one->input_count = ids->dims[1];
    one->ids = published_allocate(ids->count, sizeof *one->ids);
    for (size_t i = 0; i < ids->count; i++)
        one->ids[i] = (int32_t)ids->values[i];
    onnx_set_expected(one, files->outputs[0].values, files->outputs[0].count);
}

/* y = x W' + b with W [outputs][inputs]. */
static void linear_case(struct published_case *one, const Files *files)
{
    const struct onnx_tensor *w = &files->model.initializers[0], *x = &files->inputs[0];
    int biased = files->model.initializer_count > 1;
    onnx_begin(one);
    published_add_line(one, "  Input{%zu},", x->dims[1]);
    published_add_line(one, "  Dense{%zu%s},", w->dims[0], biased ? "" : ", use_bias = false");
    onnx_end(one, "\"mse\"", (int)x->dims[0]);
    published_add_weight(one, w->values, 1, (int)w->dims[0], (int)w->dims[1], straight);
    if (biased)
        published_add_numbers(one, files->model.initializers[1].values, w->dims[0]);
    onnx_set_x(one, x->values, x->count, (int)x->dims[0]);
    onnx_set_expected(one, files->outputs[0].values, files->outputs[0].count);
}

/* ---- losses ---- */

/* The logits pass through an identity layer, so that a gradient has somewhere to go. */
static void add_identity(struct published_case *one, size_t classes)
{
    double *identity = published_allocate(classes * classes, sizeof *identity);
    for (size_t i = 0; i < classes; i++)
        identity[i * classes + i] = 1;
    published_add_line(one, "  Dense{%zu, use_bias = false},", classes);
    published_add_numbers(one, identity, classes * classes);
    free(identity);
}

/* Class weights and ignored classes become sample weights (0 for the ignored), so each position is a sample of its own then. */
static void set_sample_weights(struct published_case *one, const Files *files, double ignored)
{
    const double *weight = files->input_count > 2 ? files->inputs[2].values : NULL;
    double total = 0;
    one->sample_weight = published_allocate((size_t)one->samples, sizeof *one->sample_weight);
    for (int i = 0; i < one->samples; i++) {
        int32_t class = one->classes[i];
        double value = class == ignored ? 0 : weight ? weight[class] : 1;
        if (class < 0)
            one->classes[i] = 0;        /* an ignored position still needs a class that exists */
        one->sample_weight[i] = (float)value;
        total += value;
    }
    one->scale = (float)(1 / total);
}

static void loss_case(struct published_case *one, const Files *files)
{
    const struct onnx_node *node = &files->model.nodes[0];
    const struct onnx_tensor *x = &files->inputs[0], *y = &files->inputs[1], *z = &files->outputs[0];
    const struct onnx_attribute *ignore = published_attribute(node, "ignore_index"), *reduction = published_attribute(node, "reduction");
    int weighted = files->input_count > 2 || ignore;
    size_t outer, classes, inner;
    split_at(x, 1, &outer, &classes, &inner);
    onnx_begin(one);
    size_t steps = weighted ? 1 : inner;        /* positions of one sample */
    if (steps > 1)
        published_add_line(one, "  Input{%zu, %zu},", steps, classes);
    else
        published_add_line(one, "  Input{%zu},", classes);
    add_identity(one, classes);
    onnx_end(one, "SparseCategoricalCrossentropy{from_logits = true}", (int)(y->count / steps));
    double *logits = onnx_axis_last(x->values, outer, classes, inner);
    onnx_set_x(one, logits, x->count, (int)(y->count / steps));
    free(logits);
    onnx_set_expected(one, z->values, z->count);
    one->class_count = steps;
    one->classes = published_allocate(y->count, sizeof *one->classes);
    for (size_t i = 0; i < y->count; i++)
        one->classes[i] = (int32_t)y->values[i];
    one->scale = 1 / (float)y->count;
    if (weighted)
        set_sample_weights(one, files, ignore ? (double)ignore->integer : -1e9);
    if (reduction && strcmp(reduction->text, "mean"))
        one->scale = 1;
}

static const char *why_not(const char *operation)
{
    static const char *const reasons[][2] = {
        { "NegativeLogLikelihoodLoss", "its inputs are not the logarithms of probabilities that sum to 1; Keras has no such loss" },
        { "Concat", "it reads two tensors without a batch; Concatenate is in the batteries" },
        { "Gather", "the table is an input, not a weight" },
        { "ArgMax", "no layer gives the place of the largest" },
        { "OneHot", "no layer makes vectors of classes; Embedding reads them as they are" },
        { "MatMulInteger", "numbers are floats" },
        { "Adam", "an optimiser: test_optimizer" },
        { "Adagrad", "an optimiser: test_optimizer" },
        { "Momentum", "an optimiser: test_optimizer" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (!strcmp(reasons[i][0], operation))
            return reasons[i][1];
    return "no layer computes this node";
}

int published_onnx(const char *name, struct published_case *result, char why[PUBLISHED_WHY])
{
    Files *files = published_allocate(1, sizeof *files);
    int status = read_files(name, files, why);
    memset(result, 0, sizeof *result);
    snprintf(result->name, sizeof result->name, "onnx_%.58s", name);
    result->tolerance = 1e-5;
    if (!status) {
        const struct onnx_node *node = &files->model.nodes[0];
        const ActivationName *activation = find_activation(node);
        const char *operation = node->operation;
        if (!files->input_count || !files->output_count)
            onnx_skip(result, "its tensors are neither float nor int32 nor int64");
        else if (!strcmp(operation, "LSTM") || !strcmp(operation, "GRU") || !strcmp(operation, "RNN"))
            recurrent_case(result, files);
        else if (!strcmp(operation, "SoftmaxCrossEntropyLoss") && files->output_count == 2)
            softmax_case(result, "log_softmax", &files->inputs[0], &files->outputs[1], 1);     /* the loss is that of the case without log_prob */
        else if (!strcmp(operation, "SoftmaxCrossEntropyLoss"))
            loss_case(result, files);
        else if (activation)
            activation_case(result, files, activation);
        else if (!strcmp(operation, "Gather") && files->model.initializer_count == 1)
            embedding_case(result, files);
        else if (files->model.initializer_count >= 1 && (!strcmp(operation, "Gemm") || !strcmp(operation, "Transpose")))
            linear_case(result, files);
        else if (onnx_window_case(result, files) || onnx_normalisation_case(result, files) || onnx_other_case(result, files))
            ;
        else
            onnx_skip(result, why_not(operation));
    }
    free_files(files);
    return status;
}
