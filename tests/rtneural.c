/* rtneural.c: in: a model and its signals as the RTNeural project publishes them (Keras's layers as JSON, or a PyTorch state dictionary).
 * out: a published case whose one sample is the whole signal; its state streams through all of it. */
#include "published.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER PUBLISHED_DATA "/models-rtneural"
#define SIGNAL_MAX 10000

/* One number a line. */
static double *read_signal(const char *name, const char *which, size_t *count, char why[PUBLISHED_WHY])
{
    char path[256], line[128];
    double *values = published_allocate(SIGNAL_MAX, sizeof *values);
    snprintf(path, sizeof path, FOLDER "/test_data/%s_%s_python.csv", name, which);
    FILE *file = fopen(path, "r");
    *count = 0;
    while (file && *count < SIGNAL_MAX && fgets(line, sizeof line, file)) {
        char *end;
        values[*count] = strtod(line, &end);
        if (end == line || (*end != '\n' && *end != '\r' && *end != 0)) {
            snprintf(why, PUBLISHED_WHY, "%s: line %zu is not a number", path, *count + 1);
            *count = 0;
            break;
        }
        ++*count;
    }
    if (!file)
        snprintf(why, PUBLISHED_WHY, "%s cannot be opened", path);
    else
        fclose(file);
    if (*count == 0) {
        free(values);
        return NULL;
    }
    return values;
}

/* Nested arrays of numbers, flattened row by row; -1 if there is anything else in them. */
static int flatten(const json_t *array, double *values, size_t *count, size_t capacity)
{
    if (json_is_number(array)) {
        if (*count == capacity)
            return -1;
        values[(*count)++] = json_number_value(array);
        return 0;
    }
    if (!json_is_array(array))
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++)
        if (flatten(json_array_get(array, i), values, count, capacity))
            return -1;
    return 0;
}

#define NUMBERS_MAX 4096

/* Weights that are in Keras's order already. */
static int add_as_is(struct published_case *one, const json_t *array)
{
    double values[NUMBERS_MAX];
    size_t count = 0;
    if (flatten(array, values, &count, NUMBERS_MAX))
        return -1;
    published_add_numbers(one, values, count);
    return 0;
}

static int add_keras_layer(struct published_case *one, const json_t *layer)
{
    const char *type = json_string_value(json_object_get(layer, "type"));
    const char *activation = json_string_value(json_object_get(layer, "activation"));
    const json_t *weights = json_object_get(layer, "weights");
    int units = (int)json_integer_value(json_array_get(json_object_get(layer, "shape"), 2));
    if (!type || !activation || units <= 0)
        return -1;
    if (!strcmp(type, "lstm") || !strcmp(type, "gru"))
        published_add_line(one, "  %s{%d, activation = \"%s\", return_sequences = true},", *type == 'l' ? "LSTM" : "GRU", units, activation);
    else if (*activation)
        published_add_line(one, "  Dense{%d, activation = \"%s\"},", units, activation);
    else
        published_add_line(one, "  Dense{%d},", units);
    for (size_t i = 0; i < json_array_size(weights); i++)
        if (add_as_is(one, json_array_get(weights, i)))
            return -1;
    return 0;
}

static int keras_layers(struct published_case *one, const json_t *model)
{
    const json_t *layers = json_object_get(model, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++)
        if (add_keras_layer(one, json_array_get(layers, i)))
            return -1;
    return json_array_size(layers) ? 0 : -1;
}

/* "lstm2.weight_ih_l1" and its like; `rows` is set if the number of elements fits. */
static int torch_tensor(const json_t *model, const char *module, const char *tensor, double *values, int rows, int columns)
{
    char name[64];
    size_t count = 0;
    snprintf(name, sizeof name, "%s.%s", module, tensor);
    return flatten(json_object_get(model, name), values, &count, NUMBERS_MAX) || count != (size_t)rows * (size_t)columns ? -1 : 0;
}

/* One recurrent layer of a PyTorch stack: transposed; GRU's gates r, z, n become z, r, h and its two biases two rows; LSTM's biases are summed. */
static int torch_recurrent(struct published_case *one, const json_t *model, const char *module, int level, int units, int features)
{
    static const int lstm_order[] = { 0, 1, 2, 3 }, gru_order[] = { 1, 0, 2 };
    double kernel[NUMBERS_MAX], recurrent[NUMBERS_MAX], bias_input[NUMBERS_MAX], bias_recurrent[NUMBERS_MAX];
    int is_lstm = *module == 'l', blocks = is_lstm ? 4 : 3;
    const int *order = is_lstm ? lstm_order : gru_order;
    char name[4][32];
    static const char *const tensors[] = { "weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l" };
    for (int i = 0; i < 4; i++)
        snprintf(name[i], sizeof name[i], "%s%d", tensors[i], level);
    if (torch_tensor(model, module, name[0], kernel, blocks * units, features) ||
        torch_tensor(model, module, name[1], recurrent, blocks * units, units) ||
        torch_tensor(model, module, name[2], bias_input, blocks * units, 1) ||
        torch_tensor(model, module, name[3], bias_recurrent, blocks * units, 1))
        return -1;
    published_add_line(one, "  %s{%d, return_sequences = true},", is_lstm ? "LSTM" : "GRU", units);
    published_add_weight(one, kernel, blocks, units, features, order);
    published_add_weight(one, recurrent, blocks, units, units, order);
    for (int i = 0; i < blocks * units && is_lstm; i++)
        bias_input[i] += bias_recurrent[i];
    published_add_weight(one, bias_input, blocks, units, 1, order);
    if (!is_lstm)
        published_add_weight(one, bias_recurrent, blocks, units, 1, order);
    return 0;
}

/* One recurrent layer, a stack of three, and a dense layer. */
static int torch_layers(struct published_case *one, const json_t *model)
{
    static const int straight[] = { 0 };
    double values[NUMBERS_MAX];
    char stack[8];
    const char *cell = json_object_get(model, "lstm.weight_hh_l0") ? "lstm" : "gru";
    const int units = 8;
    snprintf(stack, sizeof stack, "%s2", cell);
    if (torch_recurrent(one, model, cell, 0, units, 1))
        return -1;
    for (int level = 0; level < 3; level++)
        if (torch_recurrent(one, model, stack, level, units, units))
            return -1;
    published_add_line(one, "  Dense{1},");
    if (torch_tensor(model, "dense", "weight", values, 1, units))
        return -1;
    published_add_weight(one, values, 1, 1, units, straight);
    if (torch_tensor(model, "dense", "bias", values, 1, 1))
        return -1;
    published_add_weight(one, values, 1, 1, 1, straight);
    return 0;
}

int published_rtneural(const char *name, struct published_case *result, char why[PUBLISHED_WHY])
{
    char path[256];
    json_error_t error;
    size_t steps = 0, outputs = 0;
    memset(result, 0, sizeof *result);
    snprintf(result->name, sizeof result->name, "rtneural_%s", name);
    double *x = read_signal(name, "x", &steps, why);
    double *y = x ? read_signal(name, "y", &outputs, why) : NULL;
    snprintf(path, sizeof path, FOLDER "/models/%s.json", name);
    json_t *model = y ? json_load_file(path, 0, &error) : NULL;
    int status = model && steps == outputs ? 0 : -1;
    if (y && status)
        snprintf(why, PUBLISHED_WHY, "%s: %s", path, model ? "the two signals differ in length" : error.text);
    if (!status) {
        published_add_line(result, "return Sequential{ name = \"%s\",", result->name);
        published_add_line(result, "  Input{%zu, 1},", steps);
        status = json_object_get(model, "layers") ? keras_layers(result, model) : torch_layers(result, model);
        published_add_line(result, "  loss = \"mse\", optimizer = \"sgd\", batch_size = 1 }");
        if (status)
            snprintf(why, PUBLISHED_WHY, "%s: not the layers or shapes that were expected", path);
    }
    if (!status) {
        result->samples = 1;
        result->input_count = result->expected_count = steps;
        result->steps = (int)steps;
        result->tolerance = 1e-5;
        result->x = published_allocate(steps, sizeof *result->x);
        for (size_t i = 0; i < steps; i++)
            result->x[i] = (float)x[i];
        result->expected = y;
        y = NULL;
    }
    json_decref(model);
    free(x);
    free(y);
    if (status)
        published_free(result);
    return status;
}
