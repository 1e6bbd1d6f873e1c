/* arithmetic.c: in: Add, Sub, Mul and the like.  out: with a constant the bias of the layer before, or a layer that
 * scales; of several flows the layer that merges them. */
#include "flow.h"

#include <string.h>

/* Along which axis the array has other numbers; -1: none, -2: several. */
static int axis_of(Importer *importer, const Flow *flow, const Array *array)
{
    int axis = -1;
    if (array->rank > flow->rank)
        return -3;
    for (int d = 0; d < array->rank; d++) {
        int of_flow = d + flow->rank - array->rank;
        if (array->shape[d] == 1)
            continue;
        if (of_flow < 0 || axis_extent(importer, flow, of_flow).size != array->shape[d])
            return -3;
        axis = axis == -1 ? of_flow : -2;
    }
    return is_single(array) ? -1 : axis;
}

/* The features of the step, which it puts out last. */
static bool is_features(const Flow *flow, int axis)
{
    return flow->ref.state == OUTPUT && flow->axes[axis].count == 1 &&
           flow->axes[axis].atoms[0] == flow->atom_count - 1;
}

static bool add_bias(Importer *importer, const Flow *flow, const Array *array, int axis, double sign)
{
    Step *step = flow->ref.step;
    int64_t units = step->rank ? step->shape[step->rank - 1].size : 0;
    if (!step->takes_bias || !flow->alone || (axis >= 0 && !is_features(flow, axis)) || (axis < 0 && array->count > 1))
        return false;
    float *values = new_floats(importer, (size_t)units);
    for (int64_t u = 0; u < units; u++)
        values[u] = (float)(sign * array_at(array, axis < 0 ? 0 : (size_t)u));
    const char *found = importer->node->inputs[input_array(importer, 1) ? 1 : 0];
    step_weight(importer, step, found, 1, (size_t[]){ (size_t)units }, values);
    step->takes_bias = false;
    return true;
}

static bool rescale(Importer *importer, Flow *flow, double scale, double offset)
{
    Extent shape[SAMPLE_RANK_MAX];
    int rank = flow_shape(flow, shape);
    Step *step = step_new(importer, "Rescaling", rank, shape);
    step_argument(importer, step, NULL, lua_number(importer->arena, (double)(float)scale));
    step->factor = offset == 0 ? scale : 0;
    if (offset != 0)
        step_argument(importer, step, "offset", lua_number(importer->arena, (double)(float)offset));
    flow_through(importer, flow, step);
    return true;
}

/* A number for each feature. */
static bool scale_features(Importer *importer, Flow *flow, int axis, const Array *array, bool multiplies, bool inverse)
{
    const char *kind = multiplies ? "Scale" : "Offset", *name = multiplies ? "scale" : "offset";
    Extent shape[SAMPLE_RANK_MAX];
    if (!flow_features_last(importer, flow, axis))
        return false;
    int rank = flow_shape(flow, shape);
    float *values = array_floats(importer, array);
    for (size_t i = 0; i < array->count && inverse; i++)
        values[i] = (float)(multiplies ? 1 / array_at(array, i) : -array_at(array, i));
    define(importer, arena_format(importer->arena,
                                  "local %s = layer \"%s\" {\n"
                                  "  weights = function(a, x) return { %s = weight({ x.features }, \"%s\") } end,\n"
                                  "  call = function(a, w, x)\n    local y = x %c w.%s\n    return y\n  end,\n}\n",
                                  kind, kind, name, multiplies ? "ones" : "zeros", multiplies ? '*' : '+', name));
    Step *step = step_new(importer, kind, rank, shape);
    step_weight(importer, step, importer->node->inputs[input_array(importer, 1) ? 1 : 0], 1,
                (size_t[]){ array->count }, values);
    flow_through(importer, flow, step);
    return true;
}

static bool with_constant(Importer *importer, const Flow *from, const Array *array, bool constant_first)
{
    Flow flow = *from;
    const char *operation = importer->node->operation;
    bool multiplies = !strcmp(operation, "Mul") || !strcmp(operation, "Div"), inverse = false;
    int axis = axis_of(importer, &flow, array);
    double number = array->count ? array_at(array, 0) : 0;
    if (onnx_attribute(importer->node, "axis"))
        return cannot(importer, "it repeats its constant from an axis on that it names, as before opset 7");
    if (array->open || axis == -3 || !array->count)
        return cannot(importer, "its constant follows from a size that is open, or has another shape than what it is "
                      "added to");
    if (axis == -2)
        return cannot(importer, "its constant has other numbers along more than one axis");
    if (!strcmp(operation, "Sub") || !strcmp(operation, "Div"))
        inverse = true;
    else if (strcmp(operation, "Add") && strcmp(operation, "Mul") && strcmp(operation, "Sum"))
        return cannot(importer, "no layer does that with a constant");
    if (!multiplies && !(inverse && constant_first) && add_bias(importer, &flow, array, axis, inverse ? -1 : 1)) {
        set_flow(importer, 0, flow);
        return true;
    }
    if (inverse && constant_first && (multiplies || axis >= 0))
        return cannot(importer, "a constant on the left, which no layer has");
    bool done;
    if (axis >= 0)
        done = scale_features(importer, &flow, axis, array, multiplies, inverse);
    else if (multiplies)
        done = rescale(importer, &flow, inverse ? 1 / number : number, 0);
    else
        done = rescale(importer, &flow, inverse && constant_first ? -1 : 1,
                       inverse && !constant_first ? -number : number);
    if (done)
        set_flow(importer, 0, flow);
    return done;
}

/* ---- flows ---- */

static void pad_rank(Flow *flow, int rank)
{
    while (flow->rank < rank)
        flow_insert(flow, 0);
}

/* What something is divided by, as a factor. */
static void invert(Importer *importer, Flow *flow)
{
    Extent shape[SAMPLE_RANK_MAX];
    int rank = flow_shape(flow, shape);
    const char *name = function_name(importer, "Reciprocal", 0, 0, 0);
    Step *step = step_new(importer, "Activation", rank, shape);
    step_argument(importer, step, NULL, lua_quoted(importer->arena, name));
    flow_through(importer, flow, step);
}

/* The one with the most axes that are not of extent 1: the others are repeated along them. */
static int widest(Importer *importer, int rank)
{
    int best = 0, most = -1, order[ONNX_RANK_MAX];
    for (int i = 0; i < importer->node->input_count; i++) {
        Flow flow = *input_flow(importer, i);
        pad_rank(&flow, rank);
        int axes = flow_order(&flow, order);
        if (axes > most)
            best = i, most = axes;
    }
    return best;
}

static bool merge(Importer *importer, const char *kind)
{
    int count = importer->node->input_count, rank = 0, order[ONNX_RANK_MAX], axes = 0;
    Step *step = NULL;
    Ref *refs = arena_array(importer->arena, Ref, count);
    if (!count)
        return cannot(importer, "it reads nothing");
    for (int i = 0; i < count; i++) {
        const Flow *flow = input_flow(importer, i);
        if (!flow)
            return false;
        rank = flow->rank > rank ? flow->rank : rank;
    }
    Flow first = *input_flow(importer, widest(importer, rank));
    pad_rank(&first, rank);
    axes = flow_order(&first, order);
    if (!flow_arrange(importer, &first, order, axes))
        return false;
    for (int i = 0; i < count; i++) {
        Flow flow = *input_flow(importer, i);
        pad_rank(&flow, rank);
        if (!flow_arrange(importer, &flow, order, axes))
            return false;
        for (int a = 1; a < axes; a++) {
            int64_t own = flow.atoms[a].size, there = first.atoms[a].size;
            if (own != there && own != 1 && there != 1)
                return cannot(importer, "its inputs have other extents, %s and %s",
                              extent_text(importer->arena, first.atoms[a]),
                              extent_text(importer->arena, flow.atoms[a]));
            first.atoms[a] = there == 1 ? flow.atoms[a] : first.atoms[a];
        }
        if (i && !strcmp(importer->node->operation, "Div"))
            invert(importer, &flow);
        refs[i] = flow.ref;
    }
    Extent shape[SAMPLE_RANK_MAX];
    int sample_rank = axes > 1 ? axes - 1 : 1;
    shape[0] = extent_of(1);
    for (int a = 1; a < axes; a++)
        shape[a - 1] = first.atoms[a];
    step = step_new(importer, kind, sample_rank, shape);
    for (int i = 0; i < count; i++)
        step_read(importer, step, refs[i]);
    first.ref = (Ref){ step, OUTPUT };
    first.alone = true;
    set_flow(importer, 0, first);
    return true;
}

bool import_arithmetic(Importer *importer)
{
    static const char *const kinds[][2] = {
        { "Add", "Add" }, { "Sum", "Add" }, { "Sub", "Subtract" }, { "Mul", "Multiply" }, { "Max", "Maximum" },
        { "Min", "Minimum" }, { "Mean", "Average" }, { "Div", "Multiply" },
    };
    const Array *left = input_array(importer, 0), *right = input_array(importer, 1);
    if (importer->node->input_count == 1 && input_flow(importer, 0)) {
        set_flow(importer, 0, *input_flow(importer, 0));
        return true;
    }
    if ((left || right) && importer->node->input_count != 2)
        return cannot(importer, "a constant beside several flows");
    if (left || right) {
        const Flow *flow = input_flow(importer, left ? 1 : 0);
        return flow && with_constant(importer, flow, left ? left : right, left != NULL);
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (!strcmp(importer->node->operation, kinds[k][0]))
            return merge(importer, kinds[k][1]);
    return cannot(importer, "no layer does that with two flows");
}
