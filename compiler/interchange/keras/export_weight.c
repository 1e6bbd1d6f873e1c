/* export_weight.c: in: how a weight begins and what it is held to.  out: the same as Keras's objects. */
#include "export.h"

#include <string.h>

/* {class_name, config}, as each style has it. */
static json_t *object(const KerasExport *to, const char *module, const char *class, json_t *config)
{
    if (to->style == KERAS_3)
        return json_pack("{s:s, s:s, s:o, s:n}", "module", module, "class_name", class, "config", config,
                         "registered_name");
    return json_pack("{s:s, s:o}", "class_name", class, "config", config);
}

/* "kernel_initializer" is about the weight "kernel", "recurrent_initializer" about "recurrent_kernel". */
static const struct lstmc_tensor *weight_of(const KerasExport *to, const Layer *layer, const char *argument)
{
    static const struct { const char *prefix, *weight; } others[] = {
        { "recurrent", "recurrent_kernel" }, { "depthwise", "depthwise_kernel" }, { "pointwise", "pointwise_kernel" },
    };
    const char *name = arena_format(to->arena, "%.*s", (int)(strrchr(argument, '_') - argument), argument);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(others[i].prefix, name))
            name = others[i].weight;
    return layer_weight(layer, name);
}

static json_t *scaling(const KerasExport *to, const struct lstmc_initializer *initializer)
{
    static const struct { float scale; enum lstmc_fan fan; bool uniform; const char *class; } names[] = {
        { 1, LSTMC_FAN_AVERAGE, true, "GlorotUniform" }, { 1, LSTMC_FAN_AVERAGE, false, "GlorotNormal" },
        { 2, LSTMC_FAN_IN, true, "HeUniform" }, { 2, LSTMC_FAN_IN, false, "HeNormal" },
        { 1, LSTMC_FAN_IN, true, "LecunUniform" }, { 1, LSTMC_FAN_IN, false, "LecunNormal" },
    };
    static const char *const fans[] = { [LSTMC_FAN_IN] = "fan_in", [LSTMC_FAN_OUT] = "fan_out",
                                        [LSTMC_FAN_AVERAGE] = "fan_avg" };
    bool uniform = initializer->kind == LSTMC_VARIANCE_UNIFORM, plain = initializer->kind == LSTMC_VARIANCE_NORMAL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !plain; i++)
        if (initializer->a == names[i].scale && initializer->fan == names[i].fan && uniform == names[i].uniform)
            return object(to, "keras.initializers", names[i].class, json_pack("{s:n}", "seed"));
    return object(to, "keras.initializers", "VarianceScaling",
                  json_pack("{s:f, s:s, s:s, s:n}", "scale", plain_number(to->arena, initializer->a), "mode",
                            fans[initializer->fan],
                            "distribution",
                            uniform ? "uniform" : plain ? "untruncated_normal" : "truncated_normal", "seed"));
}

static json_t *initializer_object(const KerasExport *to, const struct lstmc_initializer *initializer)
{
    const char *module = "keras.initializers";
    double a = plain_number(to->arena, initializer->a), b = plain_number(to->arena, initializer->b);
    switch (initializer->kind) {
    case LSTMC_CONSTANT:
        if (a != 0 && a != 1)
            return object(to, module, "Constant", json_pack("{s:f}", "value", a));
        return object(to, module, a != 0 ? "Ones" : "Zeros", json_object());
    case LSTMC_UNIFORM:
        return object(to, module, "RandomUniform", json_pack("{s:f, s:f, s:n}", "minval", a, "maxval", b, "seed"));
    case LSTMC_NORMAL:
        return object(to, module, "RandomNormal", json_pack("{s:f, s:f, s:n}", "mean", a, "stddev", b, "seed"));
    case LSTMC_TRUNCATED_NORMAL:
        return object(to, module, "TruncatedNormal", json_pack("{s:f, s:f, s:n}", "mean", a, "stddev", b, "seed"));
    case LSTMC_ORTHOGONAL:
        return object(to, module, "Orthogonal", json_pack("{s:f, s:n}", "gain", a, "seed"));
    case LSTMC_IDENTITY:
        return object(to, module, "Identity", json_pack("{s:f}", "gain", a));
    default:
        return scaling(to, initializer);
    }
}

static json_t *regularizer_object(const KerasExport *to, double l1, double l2)
{
    const char *module = "keras.regularizers";
    if (l1 == 0 && l2 == 0)
        return json_null();
    if (to->style == KERAS_3 && l1 == 0)
        return object(to, module, "L2", json_pack("{s:f}", "l2", l2));
    if (to->style == KERAS_3 && l2 == 0)
        return object(to, module, "L1", json_pack("{s:f}", "l1", l1));
    return object(to, module, "L1L2", json_pack("{s:f, s:f}", "l1", l1, "l2", l2));
}

/* One axis, or a list of them. */
static json_t *axes_of(unsigned bits)
{
    json_t *list = json_array();
    for (int axis = 0; axis < LSTMC_RANK_MAX; axis++)
        if (bits >> axis & 1)
            json_array_append_new(list, json_integer(axis));
    if (json_array_size(list) != 1)
        return list;
    json_t *axis = json_incref(json_array_get(list, 0));
    json_decref(list);
    return axis;
}

static json_t *constraint_object(const KerasExport *to, const struct lstmc_constraint *constraint)
{
    const char *module = "keras.constraints";
    double min = plain_number(to->arena, constraint->min_value), max = plain_number(to->arena, constraint->max_value);
    switch (constraint->kind) {
    case LSTMC_MAX_NORM:
        return object(to, module, "MaxNorm",
                      json_pack("{s:f, s:o}", "max_value", max, "axis", axes_of(constraint->axes)));
    case LSTMC_NON_NEG:
        return object(to, module, "NonNeg", json_object());
    case LSTMC_UNIT_NORM:
        return object(to, module, "UnitNorm", json_pack("{s:o}", "axis", axes_of(constraint->axes)));
    case LSTMC_MIN_MAX_NORM:
        return object(to, module, "MinMaxNorm",
                      json_pack("{s:f, s:f, s:f, s:o}", "min_value", min, "max_value", max, "rate",
                                plain_number(to->arena, constraint->rate), "axis", axes_of(constraint->axes)));
    default:
        return json_null();
    }
}

json_t *keras_export_object(const KerasExport *to, const Layer *layer, const CatalogueArgument *argument)
{
    if (!strcmp(argument->name, "activity_regularizer"))
        return regularizer_object(to, layer->activity_l1, layer->activity_l2);
    const struct lstmc_tensor *weight = weight_of(to, layer, argument->name);
    if (!weight)
        return json_null();
    if (!strcmp(argument->type, "initializer"))
        return initializer_object(to, &weight->initializer);
    if (!strcmp(argument->type, "regularizer"))
        return regularizer_object(to, plain_number(to->arena, weight->l1), plain_number(to->arena, weight->l2));
    return constraint_object(to, &weight->constraint);
}
