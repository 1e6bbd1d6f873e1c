/* activation.c: in: a node that sees single elements, Softmax, or Dropout.  out: the activation of the layer before,
 * where that has none yet and nobody else reads it; else a layer. */
#include "flow.h"

#include <math.h>
#include <string.h>

static Step *like(Importer *importer, const Flow *flow, const char *kind)
{
    Extent shape[SAMPLE_RANK_MAX];
    int rank = flow_shape(flow, shape);
    return step_new(importer, kind, rank, shape);
}

bool activate(Importer *importer, Flow *flow, const char *name)
{
    Step *step = flow->ref.step;
    const char *text = lua_quoted(importer->arena, name);
    if (flow->ref.state == OUTPUT && step->takes_activation && flow->alone) {
        step->takes_activation = false;
        if (step->takes_bias)
            step_argument(importer, step, "use_bias", "false");
        step->takes_bias = false;
        step_argument(importer, step, "activation", text);
    } else {
        step = like(importer, flow, "Activation");
        step_argument(importer, step, NULL, text);
        flow_through(importer, flow, step);
    }
    set_flow(importer, 0, *flow);
    return true;
}

static bool layer(Importer *importer, Flow *flow, const char *kind, const char *argument, double number)
{
    Step *step = like(importer, flow, kind);
    step_argument(importer, step, argument, lua_number(importer->arena, (double)(float)number));
    flow_through(importer, flow, step);
    set_flow(importer, 0, *flow);
    return true;
}

static bool is_last(const Flow *flow, int axis)
{
    return flow->axes[axis].count == 1 && flow->axes[axis].atoms[0] == flow->atom_count - 1;
}

/* Along the axis; before opset 13 along all from the axis on, as one. */
static bool softmax(Importer *importer, Flow *flow)
{
    bool old = importer->model->opset < 13;
    int axis = axis_number(flow, onnx_number(importer->node, "axis", old ? 1 : -1)), rank = flow->rank;
    const char *name = strcmp(importer->node->operation, "Softmax") ? "log_softmax" : "softmax";
    int64_t shape[ONNX_RANK_MAX];
    if (axis < 0)
        return cannot(importer, "its axis is out of range");
    for (int d = 0; d < rank; d++)
        shape[d] = axis_extent(importer, flow, d).size;
    bool merged = old && axis < rank - 1;
    if (merged && !flow_merge(flow, axis, rank - axis))
        return false;
    if (!is_last(flow, axis) && !flow_features_last(importer, flow, axis))
        return false;
    if (!merged)
        return activate(importer, flow, name);
    Step *step = like(importer, flow, "Activation");
    step_argument(importer, step, NULL, lua_quoted(importer->arena, name));
    flow_through(importer, flow, step);
    if (!flow_reshape(importer, flow, shape, rank))
        return false;
    set_flow(importer, 0, *flow);
    return true;
}

static bool bound(Importer *importer, const char *name, int i, double *number)
{
    const Array *array = input_array(importer, i);
    if (input_value(importer, i) && !array)
        return cannot(importer, "its bounds are computed");
    *number = array && array->count ? array_at(array, 0) : onnx_number(importer->node, name, *number);
    return true;
}

bool clip_bounds(Importer *importer, double *low, double *high)
{
    *low = -INFINITY;
    *high = INFINITY;
    return bound(importer, "min", 1, low) && bound(importer, "max", 2, high);
}

static bool clip(Importer *importer, Flow *flow)
{
    double low, high;
    Arena *arena = importer->arena;
    if (!clip_bounds(importer, &low, &high))
        return false;
    if (low <= -3e38 && high >= 3e38) {
        set_flow(importer, 0, *flow);
        return true;
    }
    if (low == 0 && (high == 6 || high >= 3e38))
        return activate(importer, flow, high == 6 ? "relu6" : "relu");
    if (low == 0)
        return layer(importer, flow, "ReLU", "max_value", high);
    const char *body = "x", *name = "clip";
    if (low > -3e38)
        body = arena_format(arena, "max(%s, %s)", body, lua_number(arena, low));
    if (high < 3e38)
        body = arena_format(arena, "min(%s, %s)", body, lua_number(arena, high));
    for (int i = 1; importer->draft->definition_count >= i; i++)
        name = arena_format(arena, "clip_%d", i);
    define(importer, arena_format(arena, "activation \"%s\" {\n  call = function(x)\n    local y = %s\n    return y\n"
                                  "  end,\n}\n", name, body));
    return activate(importer, flow, name);
}

/* A slope for each channel, or for each element. */
static bool prelu(Importer *importer, Flow *flow)
{
    const Array *slopes = input_array(importer, 1);
    int order[ONNX_RANK_MAX], count;
    Extent shape[SAMPLE_RANK_MAX];
    const char *shared = "";
    if (!slopes || slopes->open)
        return cannot(importer, "its slopes are not constants");
    if (slopes->count == 1)
        return layer(importer, flow, "LeakyReLU", "negative_slope", array_at(slopes, 0));
    int axis = -1;
    for (int d = 0; d < slopes->rank; d++)
        if (slopes->shape[d] > 1)
            axis = axis == -1 ? d + flow->rank - slopes->rank : -2;
    if (axis >= 0 && axis_extent(importer, flow, axis).size == (int64_t)slopes->count) {
        if (!flow_features_last(importer, flow, axis))
            return false;
    } else {
        count = flow_order(flow, order);
        for (int d = 0; d < count; d++)
            if (order[d] != d || (d && slopes->rank == flow->rank - 1 && slopes->shape[d - 1] !=
                                                                             axis_extent(importer, flow, d).size))
                count = 0;
        if (count != flow->rank || slopes->rank != flow->rank - 1 || !flow_arrange(importer, flow, order, count))
            return cannot(importer, "its slopes are those of a part of its axes");
    }
    Step *step = like(importer, flow, "PReLU");
    int rank = flow_shape(flow, shape);
    for (int d = 1; axis >= 0 && d < rank; d++)
        shared = arena_format(importer->arena, "%s%s%d", shared, d > 1 ? ", " : "", d);
    if (*shared)
        step_argument(importer, step, "shared_axes", arena_format(importer->arena, "{%s}", shared));
    step_weight(importer, step, importer->node->inputs[1], 1, (size_t[]){ slopes->count },
                array_floats(importer, slopes));
    if (axis < 0) {
        DraftArray *weight = &step->layer->weights[0];
        weight->rank = slopes->rank;
        for (int d = 0; d < slopes->rank; d++)
            weight->shape[d] = (size_t)slopes->shape[d];
    }
    flow_through(importer, flow, step);
    set_flow(importer, 0, *flow);
    return true;
}

static bool dropout(Importer *importer, Flow *flow)
{
    const Array *ratio = input_array(importer, 1), *training = input_array(importer, 2);
    double rate = ratio && ratio->count ? array_at(ratio, 0) : onnx_number(importer->node, "ratio", 0.5);
    if (has_output(importer, 1))
        return cannot(importer, "its second output, which elements it has left, is read");
    if (training && training->count && array_at(training, 0) != 0 && rate > 0)
        return cannot(importer, "it draws in prediction too: training_mode is true");
    if (rate > 0 && rate < 1)
        return layer(importer, flow, "Dropout", NULL, rate);
    set_flow(importer, 0, *flow);
    return true;
}

static bool power(Importer *importer, Flow *flow)
{
    const Array *exponent = input_array(importer, 1);
    if (!exponent || !is_single(exponent) || exponent->open)
        return cannot(importer, "its exponent is not one number");
    double number = array_at(exponent, 0);
    const char *text = lua_number(importer->arena, number);
    char *name = arena_format(importer->arena, "power_%s", text);
    for (char *c = name; *c; c++)
        *c = *c == '.' ? '_' : *c == '-' ? 'm' : *c;
    if (number < 0)
        return cannot(importer, "its exponent is below zero");
    define(importer, arena_format(importer->arena, "activation \"%s\" {\n  call = function(x)\n    local y = "
                                  "power(x, %s)\n    return y\n  end,\n}\n", name, text));
    return activate(importer, flow, name);
}

static bool function(Importer *importer, Flow *flow)
{
    const OnnxNode *node = importer->node;
    double alpha, beta;
    function_numbers(node->operation, &alpha, &beta);
    alpha = onnx_number(node, "alpha", alpha);
    beta = onnx_number(node, !strcmp(node->operation, "Selu") ? "gamma" : "beta", beta);
    if (!strcmp(node->operation, "ThresholdedRelu"))
        return layer(importer, flow, "ThresholdedReLU", "theta", alpha);
    if (!strcmp(node->operation, "Elu") && alpha != 1)
        return layer(importer, flow, "ELU", "alpha", alpha);
    if (!strcmp(node->operation, "LeakyRelu") && (float)alpha != 0.2f)
        return layer(importer, flow, "LeakyReLU", "negative_slope", alpha);
    bool by_tanh = !strcmp(onnx_text(node, "approximate", "none"), "tanh");
    return activate(importer, flow, function_name(importer, by_tanh ? "GeluTanh" : node->operation, alpha, beta, 0));
}

bool import_activation(Importer *importer)
{
    static const struct {
        const char *operation;
        bool (*of)(Importer *importer, Flow *flow);
    } table[] = {
        { "Softmax", softmax }, { "LogSoftmax", softmax }, { "Clip", clip }, { "PRelu", prelu }, { "Dropout", dropout },
        { "Pow", power },
    };
    const Flow *from = input_flow(importer, 0);
    if (!from)
        return false;
    Flow flow = *from;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(importer->node->operation, table[i].operation))
            return table[i].of(importer, &flow);
    if (!strcmp(importer->node->operation, "Neg"))
        return layer(importer, &flow, "Rescaling", NULL, -1);
    return function(importer, &flow);
}
