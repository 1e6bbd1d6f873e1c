/* published_layers.c: in: the name of a file of keras-layer-vectors, a stack of layers as Keras's configurations, or of graph-vectors, layers that
 * say what they read.  out: the same as a description, with its weights, inputs, outputs and gradients. */
#include "published.h"

#include "compiler/front/catalogue.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACKS PUBLISHED_DATA "/keras-layer-vectors"
#define GRAPHS PUBLISHED_DATA "/graph-vectors"

/* What a configuration says of the beginnings of weights, of the program that wrote it, or of nothing at all. */
static int is_silent(const char *key, const json_t *value)
{
    static const char *const keys[] = { "name", "trainable", "batch_input_shape", "unroll", "stateful", "implementation", "return_state" };
    size_t length = strlen(key);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(key, keys[i]))
            return 1;
    return json_is_null(value) || (length > 12 && !strcmp(key + length - 12, "_initializer")) ||
           ((!strcmp(key, "dropout") || !strcmp(key, "recurrent_dropout")) && json_number_value(value) == 0);
}

/* Names that Keras 3 has changed. */
static const char *argument_name(const char *layer, const char *key)
{
    return !strcmp(layer, "LeakyReLU") && !strcmp(key, "alpha") ? "negative_slope"
           : !strcmp(layer, "RNN") && !strcmp(key, "cells") ? "cell" : key;
}

typedef struct Text {
    struct published_case *one;
    const Catalogue *known;
    bool hands_on;              /* the layer has its states as outputs */
} Text;

static void add(Text *to, const char *text)
{
    size_t used = strlen(to->one->description);
    if (used + strlen(text) + 1 > sizeof to->one->description)
        abort();
    strcat(to->one->description, text);
}

static void add_layer(Text *to, const json_t *layer, int tokens);

/* An RNN says its cells twice: as a list, and as one cell. */
static int is_said_twice(const json_t *config, const char *key)
{
    return !strcmp(key, "cell") && json_object_get(config, "cells");
}

static void add_value(Text *to, const json_t *value, int as_number)
{
    char number[64];
    if (json_is_object(value)) {
        add_layer(to, value, 0);
    } else if (json_is_array(value) && json_array_size(value) == 1 && as_number) {
        add_value(to, json_array_get(value, 0), 0);
    } else if (json_is_array(value)) {
        size_t i;
        json_t *part;
        add(to, "{ ");
        json_array_foreach(value, i, part) {
            add_value(to, part, 0);
            add(to, ", ");
        }
        add(to, "}");
    } else if (json_is_string(value)) {
        const char *text = json_string_value(value);
        /* tfjs has the hard sigmoid of Keras 2 */
        add(to, !strcmp(text, "hard_sigmoid") ? "\"hard_sigmoid_keras2" : "\"");
        add(to, !strcmp(text, "hard_sigmoid") ? "" : text);
        add(to, "\"");
    } else if (json_is_boolean(value)) {
        add(to, json_is_true(value) ? "true" : "false");
    } else {
        snprintf(number, sizeof number, "%.17g", json_number_value(value));
        add(to, number);
    }
}

static void skip(Text *to, const char *layer, const char *what)
{
    if (!*to->one->skipped)
        snprintf(to->one->skipped, sizeof to->one->skipped, "%s: %s", layer, what);
}

/* Arguments that are known by their names alone say nothing yet but what they say by default. */
static int comes_later(const CatalogueEntry *entry, const char *key, const json_t *value)
{
    for (int i = 0; entry && i < entry->argument_count; i++)
        if (!strcmp(entry->arguments[i].name, key) && !strcmp(entry->arguments[i].type, "later"))
            return !json_is_false(value);
    return 0;
}

/* What is not written, of a layer that hands states on in a graph all but that. */
static int is_left_out(const Text *to, const json_t *config, const char *key, const json_t *value, int tokens)
{
    bool hands_on = to->hands_on && !strcmp(key, "return_state");
    return (is_silent(key, value) && !hands_on) || is_said_twice(config, key) ||
           (tokens && !strcmp(key, "input_length"));
}

/* `tokens`: ids of a sample that the layer, an Embedding, reads; else 0. */
static void add_layer(Text *to, const json_t *layer, int tokens)
{
    const char *class_name = json_string_value(json_object_get(layer, "class_name")), *key;
    json_t *config = json_object_get(layer, "config"), *value;
    if (!class_name || !json_is_object(config))
        abort();
    const CatalogueEntry *entry = catalogue_layer(to->known, class_name);
    if (!entry)
        skip(to, class_name, "there is no such layer");
    add(to, class_name);
    add(to, "{ ");
    json_object_foreach(config, key, value) {
        if (is_left_out(to, config, key, value, tokens))
            continue;
        if (comes_later(entry, key, value))
            skip(to, class_name, key);
        add(to, argument_name(class_name, key));
        add(to, " = ");
        add_value(to, value, strcmp(key, "target_shape") != 0);
        add(to, ", ");
    }
    if (tokens) {
        char text[48];
        snprintf(text, sizeof text, "input_length = %d, ", tokens);
        add(to, text);
    }
    add(to, "}");
}

static void add_description(Text *to, const json_t *file)
{
    const json_t *shape = json_object_get(json_object_get(file, "input"), "shape"), *layers = json_object_get(file, "config"), *layer;
    int tokens = json_is_true(json_object_get(file, "tokens"));
    size_t i;
    add(to, "return Sequential{\n");
    if (!tokens) {
        add(to, "  Input{ ");
        for (i = 1; i < json_array_size(shape); i++) {
            add_value(to, json_array_get(shape, i), 0);
            add(to, ", ");
        }
        add(to, "},\n");
    }
    json_array_foreach(layers, i, layer) {
        add(to, "  ");
        add_layer(to, layer, tokens && i == 0 ? (int)json_integer_value(json_array_get(shape, 1)) : 0);
        add(to, ",\n");
    }
    published_add_line(to->one, "  batch_size = %d, loss = \"mse\" }", to->one->samples);
}

/* The numbers of { shape, data }; NULL if there are none. */
static double *numbers(const json_t *tensor, size_t *count)
{
    const json_t *data = json_object_get(tensor, "data");
    *count = json_array_size(data);
    if (!*count)
        return NULL;
    double *values = published_allocate(*count, sizeof *values);
    for (size_t i = 0; i < *count; i++)
        values[i] = json_number_value(json_array_get(data, i));
    return values;
}

static float *as_float(double *values, size_t count)
{
    float *result = published_allocate(count, sizeof *result);
    for (size_t i = 0; i < count; i++)
        result[i] = (float)values[i];
    free(values);
    return result;
}

static void read_weights(const json_t *file, struct published_case *one)
{
    const json_t *weights = json_object_get(file, "weights"), *gradients = json_object_get(file, "gradients"), *part;
    size_t i, count;
    json_array_foreach(weights, i, part) {
        double *values = numbers(part, &count);
        published_add_numbers(one, values, count);
        free(values);
    }
    one->gradients = json_array_size(gradients) ? published_allocate(one->weight_count, sizeof *one->gradients) : NULL;
    json_array_foreach(gradients, i, part) {
        double *values = numbers(part, &count);
        memcpy(one->gradients + one->gradient_count, values, count * sizeof *values);
        one->gradient_count += count;
        free(values);
    }
}

static void read_values(const json_t *file, struct published_case *one)
{
    size_t count;
    double *input = numbers(json_object_get(file, "input"), &count);
    one->input_count = count / (size_t)one->samples;
    if (json_is_true(json_object_get(file, "tokens"))) {
        one->ids = published_allocate(count, sizeof *one->ids);
        for (size_t i = 0; i < count; i++)
            one->ids[i] = (int32_t)input[i];
        free(input);
    } else {
        one->x = as_float(input, count);
    }
    one->expected = numbers(json_object_get(file, "output"), &one->expected_count);
    double *d_output = numbers(json_object_get(file, "d_output"), &count);
    if (one->gradients && count == one->expected_count)
        one->d_output = as_float(d_output, count);
    else
        free(d_output);
    one->d_input = one->d_output ? numbers(json_object_get(file, "d_input"), &count) : NULL;
}

/* NULL with `why` if there is no such file. */
static json_t *open_case(const char *folder, const char *name, struct published_case *result, char why[PUBLISHED_WHY])
{
    char path[200];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    json_t *file = json_load_file(path, 0, &error);
    if (!file)
        snprintf(why, PUBLISHED_WHY, "%s: %.300s", path, error.text);
    *result = (struct published_case){ .scale = 1, .tolerance = 1e-5 };
    snprintf(result->name, sizeof result->name, "%.*s", (int)strcspn(name, "."), name);
    return file;
}

int published_layers(const char *name, struct published_case *result, char why[PUBLISHED_WHY])
{
    json_t *file = open_case(STACKS, name, result, why);
    if (!file)
        return -1;
    result->samples = (int)json_integer_value(json_object_get(file, "batch"));
    result->trains = json_is_true(json_object_get(file, "training"));
    Arena *arena = arena_create();
    Text text = { .one = result, .known = catalogue_read() };
    add_description(&text, file);
    read_weights(file, result);
    read_values(file, result);
    arena_free(arena);
    json_decref(file);
    return 0;
}

/* ---- graphs ---- */

/* "encoder:1", a state that encoder hands on, is the local encoder_1. */
static void add_flow(Text *to, const char *inbound)
{
    char name[64];
    snprintf(name, sizeof name, "%s", inbound);
    char *colon = strchr(name, ':');
    if (colon)
        *colon = '_';
    add(to, name);
}

static void add_flows(Text *to, const json_t *list, size_t first)
{
    for (size_t i = first; i < json_array_size(list); i++) {
        add(to, i > first ? ", " : "");
        add_flow(to, json_string_value(json_array_get(list, i)));
    }
}

static void add_graph_input(Text *to, const json_t *node, const char *name)
{
    const json_t *shape = json_object_get(json_object_get(node, "config"), "shape");
    add(to, "Input{ ");
    for (size_t i = 0; i < json_array_size(shape); i++) {
        add_value(to, json_array_get(shape, i), 0);
        add(to, ", ");
    }
    add(to, "name = \"");
    add(to, name);
    add(to, "\" }\n");
}

/* local attention = MultiHeadAttention{ ... }(gru, gru); local encoder, encoder_1, encoder_2 = LSTM{ ... }(x) */
static void add_node(Text *to, const json_t *node)
{
    const json_t *inbound = json_object_get(node, "inbound"), *config = json_object_get(node, "config");
    const char *name = json_string_value(json_object_get(node, "name"));
    const char *kind = json_string_value(json_object_get(node, "class_name"));
    const CatalogueEntry *entry = catalogue_layer(to->known, kind);
    bool begins = entry && entry->recurrent && json_array_size(inbound) > 1;
    to->hands_on = json_is_true(json_object_get(config, "return_state"));
    add(to, "local ");
    add(to, name);
    for (int state = 1; to->hands_on && state <= (strcmp(kind, "LSTM") ? 1 : 2); state++) {
        char text[80];
        snprintf(text, sizeof text, ", %s_%d", name, state);
        add(to, text);
    }
    add(to, " = ");
    if (!json_array_size(inbound)) {
        add_graph_input(to, node, name);
        return;
    }
    add_layer(to, node, 0);
    if (begins) {
        add(to, "{ ");
        add_flow(to, json_string_value(json_array_get(inbound, 0)));
        add(to, ", initial_state = { ");
        add_flows(to, inbound, 1);
        add(to, " } }\n");
    } else {
        add(to, "(");
        add_flows(to, inbound, 0);
        add(to, ")\n");
    }
    to->hands_on = false;
}

static void add_names(Text *to, json_t *object)
{
    json_t *tensor;
    const char *name;
    json_object_foreach(object, name, tensor) {
        add(to, name);
        add(to, ", ");
    }
}

/* Of all weights, or their gradients, one behind the other. */
static double *all_numbers(const json_t *object, size_t *count)
{
    double *values = published_allocate(10000, sizeof *values);
    json_t *tensor;
    const char *name;
    *count = 0;
    json_object_foreach((json_t *)object, name, tensor) {
        size_t more = 0;
        double *part = numbers(tensor, &more);
        if (*count + more > 10000)
            abort();
        memcpy(values + *count, part, more * sizeof *part);
        *count += more;
        free(part);
    }
    return values;
}

/* The same sample by sample, each having its part of every tensor. */
static double *by_samples(const json_t *object, int samples, size_t *count)
{
    size_t at = 0;
    json_t *tensor;
    const char *name;
    double *values = all_numbers(object, count), *rows = published_allocate(*count, sizeof *rows);
    json_object_foreach((json_t *)object, name, tensor) {
        size_t width = json_array_size(json_object_get(tensor, "data")) / (size_t)samples;
        for (size_t i = 0; i < width * (size_t)samples; i++)
            rows[i / width * (*count / (size_t)samples) + at + i % width] = values[at * (size_t)samples + i];
        at += width;
    }
    free(values);
    return rows;
}

/* Which of the numbers of a sample are ids, as bits of theirs. */
static float *as_cells(double *rows, const json_t *file, int samples, size_t count)
{
    float *cells = published_allocate(count, sizeof *cells);
    size_t at = 0, i;
    const json_t *node;
    json_array_foreach(json_object_get(file, "nodes"), i, node) {
        const char *name = json_string_value(json_object_get(node, "name"));
        const json_t *input = json_object_get(json_object_get(file, "inputs"), name);
        size_t width = json_array_size(json_object_get(input, "data")) / (size_t)samples;
        for (size_t k = 0; k < width * (size_t)samples; k++) {
            size_t cell = k / width * (count / (size_t)samples) + at + k % width;
            int32_t id = (int32_t)rows[cell];
            cells[cell] = (float)rows[cell];
            if (json_object_get(json_object_get(node, "config"), "tokens"))
                memcpy(&cells[cell], &id, sizeof id);
        }
        at += width;
    }
    free(rows);
    return cells;
}

/* In blocks, one for each input; zeros of ids, which have none. */
static double *read_d_inputs(const json_t *file, size_t total)
{
    const json_t *given = json_object_get(file, "d_inputs");
    double *d_input = published_allocate(total, sizeof *d_input);
    json_t *tensor;
    const char *name;
    size_t at = 0;
    json_object_foreach(json_object_get(file, "inputs"), name, tensor) {
        size_t count = json_array_size(json_object_get(tensor, "data")), found;
        double *values = numbers(json_object_get(given, name), &found);
        if (values)
            memcpy(d_input + at, values, found * sizeof *values);
        free(values);
        at += count;
    }
    return d_input;
}

static void read_graph(const json_t *file, struct published_case *one)
{
    const json_t *nodes = json_object_get(file, "nodes"), *inputs = json_object_get(file, "inputs");
    size_t count, all_inputs;
    double *rows = by_samples(inputs, one->samples, &all_inputs);
    one->x = as_cells(rows, file, one->samples, all_inputs);
    one->input_count = all_inputs / (size_t)one->samples;
    const json_t *first = json_object_get(json_array_get(nodes, 0), "config");
    if (json_object_size(inputs) == 1 && json_object_get(first, "tokens")) {
        one->ids = (int32_t *)one->x;
        one->x = NULL;
    }
    one->expected = by_samples(json_object_get(file, "outputs"), one->samples, &one->expected_count);
    rows = by_samples(json_object_get(file, "d_outputs"), one->samples, &count);
    one->d_output = as_float(rows, count);
    one->d_input = json_object_size(json_object_get(file, "d_inputs")) ? read_d_inputs(file, all_inputs) : NULL;
    double *weights = all_numbers(json_object_get(file, "weights"), &count);
    published_add_numbers(one, weights, count);
    free(weights);
    one->gradients = all_numbers(json_object_get(file, "gradients"), &one->gradient_count);
}

int published_graph(const char *name, struct published_case *result, char why[PUBLISHED_WHY])
{
    json_t *file = open_case(GRAPHS, name, result, why), *tensor;
    if (!file)
        return -1;
    const json_t *node;
    const char *first;
    size_t i;
    json_object_foreach(json_object_get(file, "inputs"), first, tensor)
        result->samples = (int)json_integer_value(json_array_get(json_object_get(tensor, "shape"), 0));
    Arena *arena = arena_create();
    Text text = { .one = result, .known = catalogue_read() };
    json_array_foreach(json_object_get(file, "nodes"), i, node)
        add_node(&text, node);
    add(&text, "return Model{ inputs = { ");
    add_names(&text, json_object_get(file, "inputs"));
    add(&text, "}, outputs = { ");
    add_names(&text, json_object_get(file, "outputs"));
    published_add_line(result, "}, name = \"graph\", batch_size = %d, shards = 1, loss = \"mse\" }", result->samples);
    read_graph(file, result);
    arena_free(arena);
    json_decref(file);
    return 0;
}
