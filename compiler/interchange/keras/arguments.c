/* arguments.c: in: values of a configuration.  out: arguments as a description writes them, without those that are
 * what they are anyway. */
#include "keras.h"

#include <ctype.h>
#include <string.h>

/* Initializers, regularizers and constraints: their text if nothing is set, and what that stands for. */
static const struct { const char *class, *text; struct { const char *name, *given; } arguments[4]; } objects[] = {
    { "Zeros", "zeros", { { 0 } } }, { "Ones", "ones", { { 0 } } }, { "Constant", NULL, { { "value", "0" } } },
    { "RandomUniform", "uniform", { { "minval", "-0.05" }, { "maxval", "0.05" } } },
    { "RandomNormal", "normal", { { "mean", "0" }, { "stddev", "0.05" } } },
    { "TruncatedNormal", "truncated_normal", { { "mean", "0" }, { "stddev", "0.05" } } },
    { "GlorotUniform", "glorot_uniform", { { 0 } } }, { "GlorotNormal", "glorot_normal", { { 0 } } },
    { "HeUniform", "he_uniform", { { 0 } } }, { "HeNormal", "he_normal", { { 0 } } },
    { "LecunUniform", "lecun_uniform", { { 0 } } }, { "LecunNormal", "lecun_normal", { { 0 } } },
    { "VarianceScaling", "variance_scaling",
      { { "scale", "1" }, { "mode", "\"fan_in\"" }, { "distribution", "\"truncated_normal\"" } } },
    { "Orthogonal", "orthogonal", { { "gain", "1" } } }, { "Identity", "identity", { { "gain", "1" } } },
    { "L1", NULL, { { "l1", NULL } } }, { "L2", NULL, { { "l2", NULL } } },
    { "L1L2", NULL, { { "l1", "0" }, { "l2", "0" } } },
    { "MaxNorm", "max_norm", { { "max_value", "2" }, { "axis", "0" } } }, { "NonNeg", "non_neg", { { 0 } } },
    { "UnitNorm", "unit_norm", { { "axis", "0" } } },
    { "MinMaxNorm", "min_max_norm", { { "min_value", "0" }, { "max_value", "1" }, { "rate", "1" }, { "axis", "0" } } },
};
#define OBJECTS (sizeof objects / sizeof *objects)

/* What VarianceScaling was before it had names of its own. */
static const struct { double scale; const char *mode, *distribution, *text; } scalings[] = {
    { 1, "fan_avg", "uniform", "glorot_uniform" }, { 1, "fan_avg", "normal", "glorot_normal" },
    { 2, "fan_in", "uniform", "he_uniform" }, { 2, "fan_in", "normal", "he_normal" },
    { 1, "fan_in", "uniform", "lecun_uniform" }, { 1, "fan_in", "normal", "lecun_normal" },
};

static const char *literal(Arena *arena, const json_t *value)
{
    if (json_is_number(value))
        return lua_number(arena, json_number_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_string(value))
        return lua_quoted(arena, json_string_value(value));
    if (!json_is_array(value))
        return "nil";
    const char *text = "";
    for (size_t i = 0; i < json_array_size(value); i++)
        text = arena_format(arena, "%s%s%s", text, i ? ", " : "", literal(arena, json_array_get(value, i)));
    return arena_format(arena, "{%s}", text);
}

/* TensorFlow.js writes "fanAvg". */
static const char *underscored(Arena *arena, const char *text)
{
    char *copy = arena_alloc(arena, 2 * strlen(text) + 1), *to = copy;
    for (; text && *text; text++) {
        if (isupper((unsigned char)*text))
            *to++ = '_';
        *to++ = (char)tolower((unsigned char)*text);
    }
    return copy;
}

static const char *scaling(Arena *arena, const json_t *config)
{
    const char *mode = json_text(config, "mode"), *distribution = json_text(config, "distribution");
    mode = mode ? underscored(arena, mode) : "";
    distribution = !distribution ? "" : underscored(arena, distribution);
    if (!strcmp(distribution, "truncated_normal"))
        distribution = "normal";
    for (size_t i = 0; i < sizeof scalings / sizeof *scalings; i++)
        if (json_number(config, "scale") == scalings[i].scale && !strcmp(mode, scalings[i].mode) &&
            !strcmp(distribution, scalings[i].distribution))
            return lua_quoted(arena, scalings[i].text);
    return NULL;
}

/* Constructor{name = value, ...}, or the text that stands for it with nothing to set. */
static const char *made(Arena *arena, size_t o, const json_t *config)
{
    const char *inside = "";
    for (int k = 0; k < 4 && objects[o].arguments[k].name; k++) {
        const json_t *value = json_object_get(config, objects[o].arguments[k].name);
        const char *given = objects[o].arguments[k].given;
        const char *text = json_is_string(value) ? lua_quoted(arena, underscored(arena, json_string_value(value)))
                                                 : literal(arena, value);
        if (!strcmp(text, "\"normal\""))
            text = "\"truncated_normal\"";
        if (value && !json_is_null(value) && !(given && !strcmp(text, given)))
            inside = arena_format(arena, "%s%s%s = %s", inside, *inside ? ", " : "", objects[o].arguments[k].name,
                                  text);
    }
    if (!*inside && objects[o].text)
        return lua_quoted(arena, objects[o].text);
    return arena_format(arena, "%s{%s}", objects[o].class, inside);
}

static const char *with_class(Keras *keras, const char *owner, const char *name, const json_t *value)
{
    Arena *arena = keras->draft->arena;
    if (json_is_string(value))
        return lua_quoted(arena, underscored(arena, json_string_value(value)));
    const char *class = json_text(value, "class_name");
    const json_t *config = json_object_get(value, "config");
    if (class && !strcmp(class, "VarianceScaling") && scaling(arena, config))
        return scaling(arena, config);
    double l1 = json_number(config, "l1"), l2 = json_number(config, "l2");
    if (class && !strcmp(class, "L1L2") && !l1 != !l2)
        class = l1 ? "L1" : "L2";
    else if (class && !strcmp(class, "L1L2") && !l1)
        return NULL;
    size_t length = class ? strlen(class) : 0;           /* OrthogonalInitializer, as some versions have it */
    if (length > 11 && !strcmp(class + length - 11, "Initializer"))
        class = arena_format(arena, "%.*s", (int)length - 11, class);
    for (size_t o = 0; class && o < OBJECTS; o++)
        if (!strcasecmp(objects[o].class, class))
            return made(arena, o, config);
    draft_refuse(keras->draft, "%s: its %s, %s, is none that lstmc has", owner, name, json_shown(arena, value));
    return NULL;
}

/* Activations have changed their names, and one its formula: hard_sigmoid was clip(0.2 x + 0.5) before Keras 3. */
static const char *activation(Keras *keras, const char *owner, const char *name, const json_t *value)
{
    static const struct { const char *other, *ours; } names[] = {
        { "swish", "silu" }, { "hard_swish", "hard_silu" }, { "log_softmax_v2", "log_softmax" },
        { "Softmax", "softmax" },
        { "ReLU", "relu" }, { "hardSigmoid", "hard_sigmoid" },
    };
    Draft *draft = keras->draft;
    const char *text = json_string_value(value);
    if (!text && json_is_object(value) && !json_object_size(json_object_get(value, "config")))
        text = json_text(value, "class_name");
    if (!text && json_text(value, "class_name") && !strcmp(json_text(value, "class_name"), "function"))
        text = json_text(value, "config");              /* Keras 3: a function by its registered name */
    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i].other))
            text = names[i].ours;
    if (text && !strcmp(text, "hard_sigmoid") && keras->major < 3)
        text = "hard_sigmoid_keras2";
    for (int i = 0; text && i < draft->catalogue->activation_count; i++)
        if (!strcmp(draft->catalogue->activations[i].name, text))
            return lua_quoted(draft->arena, text);
    draft_refuse(draft, "%s: its %s, %s, is none that lstmc has", owner, name, json_shown(draft->arena, value));
    return NULL;
}

/* [3] where one number is enough; [2, 2] where it stands for both. */
static const json_t *single(const CatalogueArgument *argument, const json_t *value)
{
    size_t count = json_array_size(value);
    bool pair = !strncmp(argument->type, "size_2d", 7) || !strncmp(argument->type, "border", 6) ||
                !strcmp(argument->type, "axes_of_two");
    bool plain = !strcmp(argument->type, "target_shape") || !strcmp(argument->type, "axes");
    if (json_is_array(value) && !plain && (count == 1 || (count == 2 && pair)) &&
        (count == 1 || json_equal(json_array_get(value, 0), json_array_get(value, 1))))
        return single(argument, json_array_get(value, 0));
    return value;
}

static bool is_type(const CatalogueArgument *argument, const char *type)
{
    return !strcmp(argument->type, type);
}

const char *keras_argument(Keras *keras, const char *owner, const CatalogueArgument *argument, const json_t *value)
{
    Arena *arena = keras->draft->arena;
    const char *text;
    if (!value || json_is_null(value) || is_type(argument, "without_effect"))
        return NULL;
    if (is_type(argument, "later")) {
        if (strcmp(argument->name, "seed") && json_is_true(value) + json_array_size(value))
            draft_refuse(keras->draft, "%s: its %s, %s, is nothing that lstmc has", owner, argument->name,
                         json_shown(arena, value));
        return NULL;
    }
    if (is_type(argument, "activation"))
        text = activation(keras, owner, argument->name, value);
    else if (is_type(argument, "initializer") || is_type(argument, "regularizer") || is_type(argument, "constraint"))
        text = with_class(keras, owner, argument->name, value);
    else if (json_is_object(value))
        text = NULL;                                    /* a number or an array wrapped up */
    else
        text = literal(arena, single(argument, value));
    const char *given = argument->given ? argument->given : argument->required ? NULL : "false";
    return text && given && !strcmp(text, given) ? NULL : text;
}

const char *keras_object(Keras *keras, const CatalogueEntry *entry, const json_t *config, const char **why)
{
    Arena *arena = keras->draft->arena;
    const char *inside = "";
    *why = NULL;
    for (int i = 0; i < entry->argument_count; i++) {
        const CatalogueArgument *argument = &entry->arguments[i];
        const json_t *value = json_object_get(config, argument->name);
        if (!value || json_is_null(value))
            continue;
        if (json_is_object(value)) {
            *why = arena_format(arena, "its %s is %s", argument->name, json_shown(arena, value));
            continue;
        }
        const char *text = literal(arena, single(argument, value));
        const char *given = argument->given ? argument->given : "false";
        if (strcmp(text, given) && !is_type(argument, "later"))
            inside = arena_format(arena, "%s%s%s = %s", inside, *inside ? ", " : "", argument->name, text);
    }
    if (!*inside && entry->text)
        return lua_quoted(arena, entry->text);
    return arena_format(arena, "%s{%s}", entry->name, inside);
}
