/* rtneural.c: in: JSON of RTNeural.  out: a draft. RTNeural computes sample by sample: recurrent layers hand on every
 * step, and convolutions see the past alone. */
#include "audio.h"

#include <string.h>

#define TIMESTEPS "1024"

typedef struct Reader {
    Draft *draft;
    json_t *json;               /* of the layer */
    DraftLayer *layer;
    const char *found;
    int weights;                /* taken so far */
} Reader;

static const char *integer(Arena *arena, const json_t *json)
{
    return lua_number(arena, json_number_value(json));
}

/* What stands last in the shape. */
static const char *units_of(const Reader *reader)
{
    const json_t *shape = json_object_get(reader->json, "shape");
    const json_t *last = json_array_get(shape, json_array_size(shape) - 1);
    if (!json_is_integer(last) || json_integer_value(last) < 1)
        draft_refuse(reader->draft, "%s: its shape, %s, does not end with a number of units", reader->found,
                     json_shown(reader->draft->arena, shape));
    return integer(reader->draft->arena, last);
}

/* NULL where it is what the layer does anyway. */
static const char *activation_of(const Reader *reader, const char *usual)
{
    const char *name = json_text(reader->json, "activation");
    if (!name || !*name || !strcmp(name, usual))
        return NULL;
    for (int i = 0; i < reader->draft->catalogue->activation_count; i++)
        if (!strcmp(reader->draft->catalogue->activations[i].name, name))
            return lua_quoted(reader->draft->arena, name);
    draft_refuse(reader->draft, "%s: its activation, %s, is none that lstmc has", reader->found, name);
    return NULL;
}

static void add_weight(Reader *reader)
{
    const json_t *list = json_object_get(reader->json, "weights");
    DraftArray array;
    const char *found = arena_format(reader->draft->arena, "its array %d", ++reader->weights);
    if (json_numbers(reader->draft->arena, json_array_get(list, (size_t)reader->weights - 1), found, &array))
        draft_weight(reader->draft, reader->layer, &array);
    else
        draft_refuse(reader->draft, "%s: %s is none of numbers, or not there", reader->found, found);
}

static size_t weight_count(const Reader *reader)
{
    return json_array_size(json_object_get(reader->json, "weights"));
}

static void begin_layer(Reader *reader, const char *kind)
{
    reader->layer = draft_add(reader->draft, kind, reader->found);
    draft_read(reader->draft, reader->layer, reader->draft->layer_count - 2);
}

static void say(Reader *reader, const char *name, const char *text)
{
    if (text)
        draft_argument(reader->draft, reader->layer, name, text);
}

/* ---- layers ---- */

static void add_kernel_and_bias(Reader *reader)
{
    say(reader, "use_bias", weight_count(reader) > 1 ? NULL : "false");
    add_weight(reader);
    if (weight_count(reader) > 1)
        add_weight(reader);
}

static void dense(Reader *reader)
{
    begin_layer(reader, "Dense");
    say(reader, NULL, units_of(reader));
    say(reader, "activation", activation_of(reader, "linear"));
    add_kernel_and_bias(reader);
}

static void recurrent(Reader *reader, const char *kind)
{
    begin_layer(reader, kind);
    say(reader, NULL, units_of(reader));
    say(reader, "activation", activation_of(reader, "tanh"));
    say(reader, "return_sequences", "true");
    for (int i = 0; i < 3; i++)
        add_weight(reader);
}

/* [3] and 3 are the same. */
static const char *size_of(const Reader *reader, const char *key)
{
    const json_t *size = json_object_get(reader->json, key);
    return json_array_size(size) ? integer(reader->draft->arena, json_array_get(size, 0))
                                 : size ? integer(reader->draft->arena, size) : "1";
}

static void convolution(Reader *reader)
{
    begin_layer(reader, "Conv1D");
    say(reader, NULL, units_of(reader));
    say(reader, NULL, size_of(reader, "kernel_size"));
    say(reader, "padding", strcmp(size_of(reader, "kernel_size"), "1") ? "\"causal\"" : NULL);
    say(reader, "dilation_rate", strcmp(size_of(reader, "dilation"), "1") ? size_of(reader, "dilation") : NULL);
    say(reader, "groups", strcmp(size_of(reader, "groups"), "1") ? size_of(reader, "groups") : NULL);
    say(reader, "activation", activation_of(reader, "linear"));
    add_kernel_and_bias(reader);
}

/* Mean and variance, before them gamma and beta where it has these. */
static void normalization(Reader *reader)
{
    const json_t *epsilon = json_object_get(reader->json, "epsilon");
    bool plain = weight_count(reader) == 2;
    begin_layer(reader, "BatchNormalization");
    if (epsilon && json_number_value(epsilon) != 0.001)
        say(reader, "epsilon", integer(reader->draft->arena, epsilon));
    say(reader, "center", plain ? "false" : NULL);
    say(reader, "scale", plain ? "false" : NULL);
    for (int i = 0; i < (plain ? 2 : 4); i++)
        add_weight(reader);
}

/* One slope for each feature, the same at every step, or one for all. */
static void prelu(Reader *reader)
{
    const char *units = units_of(reader);
    begin_layer(reader, "PReLU");
    add_weight(reader);
    DraftArray *alpha = &reader->layer->weights[0];
    size_t count = reader->layer->weight_count ? alpha->shape[alpha->rank - 1] : 0, shape[2] = { 1, 1 };
    bool steps = json_array_size(json_object_get(reader->json, "shape")) > 2;
    bool one = count == 1 && strcmp(units, "1");
    say(reader, "shared_axes", steps ? one ? "{1, 2}" : "{1}" : one ? "{1}" : NULL);
    shape[1] = count;
    if (reader->layer->weight_count)
        alpha->rank = 2, memcpy(alpha->shape, shape, sizeof shape);
}

static void activation(Reader *reader)
{
    begin_layer(reader, "Activation");
    const char *name = activation_of(reader, "");       /* an empty one does nothing */
    say(reader, NULL, name ? name : "\"linear\"");
}

static void read_layer(Reader *reader)
{
    const char *type = json_text(reader->json, "type");
    if (!type)
        draft_refuse(reader->draft, "%s has no type", reader->found);
    else if (!strcmp(type, "dense") || !strcmp(type, "time-distributed-dense"))
        dense(reader);
    else if (!strcmp(type, "lstm"))
        recurrent(reader, "LSTM");
    else if (!strcmp(type, "gru"))
        recurrent(reader, "GRU");
    else if (!strcmp(type, "conv1d"))
        convolution(reader);
    else if (!strcmp(type, "batchnorm"))
        normalization(reader);
    else if (!strcmp(type, "prelu"))
        prelu(reader);
    else if (!strcmp(type, "activation"))
        activation(reader);
    else
        draft_refuse(reader->draft, "%s: lstmc has no such layer of RTNeural", reader->found);
}

/* [null, null, 1]: the batch, the time, the features. */
static void add_input(Draft *draft, const json_t *shape)
{
    DraftLayer *input = draft_add(draft, draft->catalogue->input, "in_shape");
    size_t rank = json_array_size(shape);
    for (size_t d = 1; d < rank; d++) {
        const json_t *extent = json_array_get(shape, d);
        if (json_is_integer(extent))
            draft_argument(draft, input, NULL, integer(draft->arena, extent));
        else if (d + 1 < rank)
            draft_argument(draft, input, NULL, draft_timesteps(draft, TIMESTEPS));
        else
            draft_refuse(draft, "its in_shape, %s, does not say how many features a sample has",
                         json_shown(draft->arena, shape));
    }
    if (rank < 2 || rank > 3)
        draft_refuse(draft, "its in_shape, %s, is not that of a sequence or a vector",
                     json_shown(draft->arena, shape));
}

void import_rtneural(Draft *draft, json_t *json)
{
    json_t *layers = json_object_get(json, "layers"), *layer, *value;
    const char *key;
    size_t i;
    draft->origin = "RTNeural";
    add_input(draft, json_object_get(json, "in_shape"));
    json_array_foreach(layers, i, layer) {
        const char *type = json_text(layer, "type");
        Reader reader = { .draft = draft, .json = layer,
                          .found = arena_format(draft->arena, "layer %zu (%s)", i + 1, type ? type : "?") };
        read_layer(&reader);
    }
    json_object_foreach(json, key, value)
        if (strcmp(key, "layers") && strcmp(key, "in_shape"))
            draft_note(draft, "%s: %s", key, json_shown(draft->arena, value));
    int last = draft->layer_count - 1;
    arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, last);
}
