/* build_model.c: one line of text to a model as plain data. */
#include "build_model.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_LAYERS = 16, MOST_WEIGHTS = 48, MOST_ARGUMENTS = 20, MOST_TEXT = 8192 };

typedef struct Built {
    Model model;                    /* first: a Model * is a Built * */
    Layer layers[MOST_LAYERS];
    Argument arguments[MOST_LAYERS][MOST_ARGUMENTS];
    struct lstmc_tensor tensors[MOST_WEIGHTS], sorted[MOST_WEIGHTS];
    int from[MOST_LAYERS][MOST_LAYERS], inputs[MOST_LAYERS], outputs[MOST_LAYERS];
    int owner[MOST_WEIGHTS];        /* layer of tensors[i] */
    int tensor_count;
    const struct lstmc_tensor *pointers[MOST_LAYERS][4];
    char text[MOST_TEXT];
    size_t used;
} Built;

static _Noreturn void give_up(const char *what, const char *about)
{
    fprintf(stderr, "build_model: %s: %s\n", what, about);
    abort();
}

static const char *keep(Built *built, const char *prefix, const char *text)
{
    size_t length = strlen(prefix) + strlen(text) + 1;
    if (built->used + length > MOST_TEXT)
        give_up("too much text", text);
    char *at = built->text + built->used;
    snprintf(at, length, "%s%s", prefix, text);
    built->used += length;
    return at;
}

static void set_argument(Built *built, Layer *layer, const char *name, const char *value)
{
    Argument *argument = NULL;
    for (int i = 0; i < layer->argument_count; i++)
        if (!strcmp(layer->arguments[i].name, name))
            argument = &layer->arguments[i];
    if (!argument) {
        if (layer->argument_count == MOST_ARGUMENTS)
            give_up("too many arguments", name);
        argument = &layer->arguments[layer->argument_count++];
    }
    char *end;
    double number = strtod(value, &end);
    bool is_number = *end == 0 && end != value;
    *argument = (Argument){ .name = keep(built, "", name), .kind = is_number ? ARGUMENT_NUMBER : ARGUMENT_TEXT, .number = number,
                            .text = is_number ? NULL : keep(built, "", value) };
}

/* ---- what Keras fills in ---- */

typedef struct Default {
    const char *kind, *name, *value;
} Default;

static const Default defaults[] = {
    { "SimpleRNN", "activation", "tanh" }, { "SimpleRNN", "use_bias", "1" },
    { "LSTM", "activation", "tanh" }, { "LSTM", "recurrent_activation", "sigmoid" }, { "LSTM", "use_bias", "1" },
    { "GRU", "activation", "tanh" }, { "GRU", "recurrent_activation", "sigmoid" }, { "GRU", "use_bias", "1" },
    { "GRU", "reset_after", "1" },
    { "Dense", "use_bias", "1" },
};

static int gates_of(const char *kind)
{
    return !strcmp(kind, "LSTM") ? 4 : !strcmp(kind, "GRU") ? 3 : !strcmp(kind, "SimpleRNN") ? 1 : 0;
}

static void add_weight(Built *built, const Layer *layer, const char *name, int rank, int rows, int columns)
{
    if (built->tensor_count == MOST_WEIGHTS)
        give_up("too many weights", name);
    char prefix[80];
    snprintf(prefix, sizeof prefix, "%s/", layer->name);
    built->owner[built->tensor_count] = (int)(layer - built->layers);
    built->tensors[built->tensor_count++] = (struct lstmc_tensor){
        .name = keep(built, prefix, name), .rank = rank, .shape = { rank == 1 ? columns : rows, rank == 1 ? 0 : columns },
        .count = (size_t)columns * (size_t)(rank == 1 ? 1 : rows), .trainable = layer->trainable,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1 } };
}

/* The output of a merge: the widest extents, or their sum along the axis (from 1, or -1 for the last). */
static void merge_shapes(const Built *built, Layer *layer, bool side_by_side)
{
    int axis = (int)layer_number(layer, "axis", -1), along = axis < 0 ? layer->input.rank + axis : axis - 1;
    for (int n = 1; n < layer->from_count; n++)
        for (int d = 0; d < layer->input.rank; d++) {
            int extent = built->layers[layer->from[n]].output.extent[d];
            if (side_by_side && d == along)
                layer->output.extent[d] += extent;
            else if (!side_by_side && extent > layer->output.extent[d])
                layer->output.extent[d] = extent;
        }
}

/* Output shape and weights from kind, arguments and input shape. */
static void finish_layer(Built *built, Layer *layer)
{
    int units = (int)layer_number(layer, "units", 0), gates = gates_of(layer->kind), last = layer->input.rank - 1;
    bool bias = layer_flag(layer, "use_bias");
    layer->output = layer->input;
    if (gates) {
        if (last != 1)
            give_up("needs time and features", layer->name);
        add_weight(built, layer, "kernel", 2, layer->input.extent[1], gates * units);
        add_weight(built, layer, "recurrent_kernel", 2, units, gates * units);
        if (bias)
            add_weight(built, layer, "bias", layer_flag(layer, "reset_after") ? 2 : 1, 2, gates * units);
        layer->output = layer_flag(layer, "return_sequences") ? (Shape){ 2, { layer->input.extent[0], units } } : (Shape){ 1, { units } };
    } else if (!strcmp(layer->kind, "Dense")) {
        add_weight(built, layer, "kernel", 2, layer->input.extent[last], units);
        if (bias)
            add_weight(built, layer, "bias", 1, 1, units);
        layer->output.extent[last] = units;
    } else if (!strcmp(layer->kind, "Embedding")) {
        int dimension = (int)layer_number(layer, "output_dim", 0);
        char vocabulary[16];
        snprintf(vocabulary, sizeof vocabulary, "%d", built->model.descriptor.vocabulary);
        set_argument(built, layer, "input_dim", vocabulary);
        add_weight(built, layer, "embeddings", 2, built->model.descriptor.vocabulary, dimension);
        layer->output.extent[layer->output.rank++] = dimension;
    } else if (!strcmp(layer->kind, "Flatten")) {
        layer->output = (Shape){ 1, { (int)shape_count(&layer->input) } };
    } else if (!strcmp(layer->kind, "RepeatVector")) {
        layer->output = (Shape){ 2, { (int)layer_number(layer, "n", 1), layer->input.extent[0] } };
    } else if (!strcmp(layer->kind, "Concatenate")) {
        merge_shapes(built, layer, true);
    } else if (layer->from_count > 1 && strcmp(layer->kind, "Custom")) {
        merge_shapes(built, layer, false);
    } else if (!strcmp(layer->kind, "Custom")) {
        layer->custom = true;
        add_weight(built, layer, "kernel", 1, 1, (int)layer_number(layer, "weights", 1));
        layer->output.extent[last] = units;
    }
}

/* Keras's names: lstm, lstm_1, ... */
static const char *name_layer(Built *built, const char *kind)
{
    char name[64];
    size_t length = 0;
    int same = 0;
    for (const char *k = kind; *k && length + 12 < sizeof name; k++)
        name[length++] = (char)(*k >= 'A' && *k <= 'Z' ? *k + 32 : *k);
    name[length] = 0;
    for (int i = 0; i < built->model.layer_count; i++)
        same += !strcmp(built->layers[i].kind, kind);
    if (same)
        snprintf(name + length, sizeof name - length, "_%d", same);
    return keep(built, "", name);
}

static int position_of(const Built *built, const char *name, size_t length)
{
    for (int i = 0; i < built->model.layer_count; i++)
        if (strlen(built->layers[i].name) == length && !strncmp(built->layers[i].name, name, length))
            return i;
    give_up("no such layer", name);
}

/* "lstm,dense" as positions. */
static int read_positions(const Built *built, const char *names, int *positions)
{
    int count = 0;
    for (const char *at = names; *at; at += strcspn(at, ","), at += *at == ',')
        positions[count++] = position_of(built, at, strcspn(at, ","));
    return count;
}

static void add_layer(Built *built, const char *kind, char *arguments, Shape input)
{
    int index = built->model.layer_count;
    if (index == MOST_LAYERS)
        give_up("too many layers", kind);
    Layer *layer = &built->layers[index];
    *layer = (Layer){ .kind = keep(built, "", kind), .name = name_layer(built, kind), .line = index + 1, .trainable = true,
                      .input = index > 0 ? built->layers[index - 1].output : input, .arguments = built->arguments[index],
                      .from = built->from[index], .from_count = index > 0, .weights = built->pointers[index] };
    built->from[index][0] = index - 1;
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (!strcmp(defaults[i].kind, kind))
            set_argument(built, layer, defaults[i].name, defaults[i].value);
    char *rest = NULL;
    for (char *word = strtok_r(arguments, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        if (!equals)
            give_up("expected name=value", word);
        *equals = 0;
        if (!strcmp(word, "trainable"))
            layer->trainable = atoi(equals + 1) != 0;
        else if (!strcmp(word, "from")) {
            layer->from_count = read_positions(built, equals + 1, layer->from);
            layer->input = built->layers[layer->from[0]].output;
        }
        else
            set_argument(built, layer, word, equals + 1);
    }
    finish_layer(built, layer);
    built->model.layer_count++;
}

/* ---- the parts of the line ---- */

static Shape read_input(Built *built, char *part, bool *bare, int *vocabulary)
{
    Shape shape = { 0 };
    char *rest = NULL;
    for (char *word = strtok_r(part, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!strcmp(word, "tokens"))
            built->model.descriptor.input_is_tokens = 1;
        else if (!strcmp(word, "bare"))
            *bare = true;
        else if (!strncmp(word, "vocabulary=", 11))
            built->model.descriptor.vocabulary = *vocabulary = atoi(word + 11);
        else if (strcmp(word, "float"))
            shape.extent[shape.rank++] = atoi(word);
    }
    return shape;
}

static void read_loss(Built *built, char *part)
{
    char *rest = NULL;
    for (char *word = strtok_r(part, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!strncmp(word, "loss=", 5))
            built->model.loss = built->model.descriptor.loss = keep(built, "", word + 5);
        else if (!strncmp(word, "loss_delta=", 11))
            built->model.loss_options.delta = atof(word + 11);
        else if (!strncmp(word, "loss_alpha=", 11))
            built->model.loss_options.alpha = atof(word + 11);
        else if (!strncmp(word, "loss_gamma=", 11))
            built->model.loss_options.gamma = atof(word + 11);
        else if (!strncmp(word, "class_balancing=", 16))
            built->model.loss_options.apply_class_balancing = atoi(word + 16) != 0;
        else if (!strncmp(word, "from_logits=", 12))
            built->model.loss_options.from_logits = atoi(word + 12) != 0;
        else if (!strncmp(word, "label_smoothing=", 16))
            built->model.loss_options.label_smoothing = atof(word + 16);
        else
            give_up("unknown word", word);
    }
}

static void copy_shape(const Shape *shape, int *rank, int *extent)
{
    *rank = shape->rank;
    memcpy(extent, shape->extent, sizeof shape->extent);
}

/* Trainable weights first; offsets; the layers' pointers. */
static void place_weights(Built *built)
{
    struct lstmc_model *descriptor = &built->model.descriptor;
    descriptor->weights = built->sorted;
    for (int trainable = 1; trainable >= 0; trainable--) {
        for (int i = 0; i < built->tensor_count; i++) {
            if (built->tensors[i].trainable != trainable)
                continue;
            struct lstmc_tensor *tensor = &built->sorted[descriptor->weight_tensors++];
            *tensor = built->tensors[i];
            tensor->offset = descriptor->weight_count;
            descriptor->weight_count += tensor->count;
            Layer *layer = &built->layers[built->owner[i]];
            layer->weights[layer->weight_count++] = tensor;
        }
        if (trainable)
            descriptor->gradient_count = descriptor->weight_count;
    }
}

static void describe(Built *built, Shape input)
{
    struct lstmc_model *descriptor = &built->model.descriptor;
    const Shape *output = &built->layers[built->outputs[built->model.output_count - 1]].output;
    Shape target = *output;
    descriptor->target_is_class = built->model.loss && !strcmp(built->model.loss, "sparse_categorical_crossentropy");
    if (descriptor->target_is_class)
        target.rank--;
    copy_shape(&input, &descriptor->input_rank, descriptor->input_shape);
    copy_shape(output, &descriptor->output_rank, descriptor->output_shape);
    copy_shape(&target, &descriptor->target_rank, descriptor->target_shape);
    descriptor->input_count = shape_count(&input);
    descriptor->output_count = shape_count(output);
    descriptor->target_count = shape_count(&target);
}

/* An Input layer, unless it is bare. */
static Shape add_input(Built *built, char *part, bool *bare)
{
    int vocabulary = 0;
    char none[1] = "";
    Shape input = read_input(built, part, bare, &vocabulary);
    if (*bare)
        return input;
    add_layer(built, "Input", none, input);
    Layer *layer = &built->layers[built->model.layer_count - 1];
    layer->input = layer->output = input;
    layer->from_count = 0;
    layer->vocabulary = vocabulary;
    built->inputs[built->model.input_count++] = built->model.layer_count - 1;
    return input;
}

Model *build_model(const char *text)
{
    Built *built = calloc(1, sizeof *built);
    char *line = strdup(text), *rest = NULL;
    if (!built || !line)
        give_up("no memory", text);
    built->model = (Model){ .file = "hand.lua", .layers = built->layers, .inputs = built->inputs,
                            .outputs = built->outputs, .loss_options = { .delta = 1, .alpha = 0.25, .gamma = 2 }, .epochs = 1, .seed = 1 };
    built->model.descriptor = (struct lstmc_model){ .name = "hand", .source = "hand.lua", .version = "0", .batch = 4, .shards = 1,
        .optimizer = { .kind = LSTMC_ADAM, .learning_rate = 1e-3f, .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-7f } };

    char *part = strtok_r(line, "|", &rest);
    bool bare = false;
    Shape input = add_input(built, part, &bare);
    while ((part = strtok_r(NULL, "|", &rest))) {
        part += strspn(part, " ");
        if (!strncmp(part, "loss=", 5)) {
            read_loss(built, part);
            continue;
        }
        if (!strncmp(part, "float ", 6) || !strncmp(part, "tokens ", 7)) {
            add_input(built, part, &bare);
            continue;
        }
        if (!strncmp(part, "outputs=", 8)) {
            part[strcspn(part, " ")] = 0;
            built->model.output_count = read_positions(built, part + 8, built->outputs);
            continue;
        }
        size_t length = strcspn(part, " ");
        char *arguments = part[length] ? part + length + 1 : part + length;
        part[length] = 0;
        add_layer(built, part, arguments, input);
    }
    if (!built->model.output_count) {
        built->model.output_count = 1;
        built->outputs[0] = built->model.layer_count - 1;
    }
    place_weights(built);
    describe(built, input);
    free(line);
    return &built->model;
}

void build_model_free(Model *model)
{
    free(model);
}

const struct lstmc_tensor *build_model_weight(const Model *model, const char *name)
{
    for (int i = 0; i < model->descriptor.weight_tensors; i++)
        if (!strcmp(model->descriptor.weights[i].name, name))
            return &model->descriptor.weights[i];
    give_up("no such weight", name);
}
