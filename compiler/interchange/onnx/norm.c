/* norm.c: in: BatchNormalization, LayerNormalization, or the operators in which a layer norm was written before there
 * was one.  out: the layer. */
#include "flow.h"

#include <math.h>
#include <string.h>

static bool normalise(Importer *importer, Flow *flow, int axis, const char *kind, double epsilon,
                      const Array *const *weights, const char *const *found, int count)
{
    Extent shape[SAMPLE_RANK_MAX];
    const Axis *features = &flow->axes[axis];
    bool last = features->count == 1 && features->atoms[0] == flow->atom_count - 1 && flow->ref.state == OUTPUT;
    if (!last && !flow_features_last(importer, flow, axis))
        return false;
    int rank = flow_shape(flow, shape);
    Step *step = step_new(importer, kind, rank, shape);
    step_argument(importer, step, "epsilon", lua_number(importer->arena, (double)(float)epsilon));
    for (int i = 0; i < count; i++) {
        if (weights[i] && (int64_t)weights[i]->count != shape[rank - 1].size)
            return cannot(importer, "%s is of %zu features, and what it reads has %s", found[i], weights[i]->count,
                          extent_text(importer->arena, shape[rank - 1]));
        if (weights[i])
            step_weight(importer, step, found[i], 1, (size_t[]){ weights[i]->count },
                        array_floats(importer, weights[i]));
        else
            step_argument(importer, step, i ? "center" : "scale", "false");
    }
    flow_through(importer, flow, step);
    return true;
}

static bool batch(Importer *importer)
{
    const OnnxNode *node = importer->node;
    const Flow *from = input_flow(importer, 0);
    const Array *weights[4];
    const char *found[4];
    if (!from)
        return false;
    Flow flow = *from;
    if (onnx_number(node, "training_mode", 0) != 0 || has_output(importer, 1))
        return cannot(importer, "training_mode = 1: it normalises by the batch");
    if (flow.rank < 2 || onnx_number(node, "spatial", 1) == 0)
        return cannot(importer, "what it reads has no axis of channels");
    for (int i = 0; i < 4; i++) {
        weights[i] = input_array(importer, i + 1);
        if (!weights[i])
            return cannot(importer, "its weights are not constants");
        found[i] = node->inputs[i + 1];
    }
    if (!normalise(importer, &flow, 1, "BatchNormalization", onnx_number(node, "epsilon", 1e-5), weights, found, 4))
        return false;
    set_flow(importer, 0, flow);
    return true;
}

/* Over the axes from one on: these are one here. */
static bool layer(Importer *importer)
{
    const OnnxNode *node = importer->node;
    const Flow *from = input_flow(importer, 0);
    if (!from)
        return false;
    Flow flow = *from;
    int axis = axis_number(&flow, onnx_number(node, "axis", -1)), rank = flow.rank;
    int64_t shape[ONNX_RANK_MAX];
    const Array *weights[] = { input_array(importer, 1), input_array(importer, 2) };
    const char *found[] = { node->inputs[node->input_count > 1 ? 1 : 0], node->inputs[node->input_count > 2 ? 2 : 0] };
    if (axis < 0)
        return cannot(importer, "its axis is out of range");
    if (has_output(importer, 1) || has_output(importer, 2))
        return cannot(importer, "its mean or its deviation is read");
    if ((input_value(importer, 1) && !weights[0]) || (input_value(importer, 2) && !weights[1]))
        return cannot(importer, "its weights are not constants");
    for (int d = 0; d < rank; d++)
        shape[d] = axis_extent(importer, &flow, d).size;
    double epsilon = onnx_number(node, "epsilon", 1e-5);
    if (!flow_merge(&flow, axis, rank - axis) ||
        !normalise(importer, &flow, axis, "LayerNormalization", epsilon, weights, found, 2) ||
        (axis < rank - 1 && !flow_reshape(importer, &flow, shape, rank)))
        return false;
    set_flow(importer, 0, flow);
    return true;
}

/* ---- x - mean(x), its square, the mean of that, + epsilon, root, quotient, * gamma, + beta ---- */

/* The one node that reads a name, if it is of this kind; the place of the other operand in `constant`. */
static int reader(Importer *importer, const char *name, const char *operation, const Array **constant)
{
    const OnnxModel *model = importer->model;
    for (int n = 0; *name && n < model->node_count; n++)
        for (int i = 0; i < model->nodes[n].input_count; i++) {
            if (strcmp(model->nodes[n].inputs[i], name))
                continue;
            if (strcmp(model->nodes[n].operation, operation))
                break;
            if (constant) {
                if (model->nodes[n].input_count != 2)
                    return -1;
                *constant = importer->values[place_of_name(importer, model->nodes[n].inputs[1 - i])].array;
            }
            return n;
        }
    return -1;
}

static const char *output_of(const Importer *importer, int n)
{
    return importer->model->nodes[n].output_count ? importer->model->nodes[n].outputs[0] : "";
}

typedef struct Norm {
    int nodes[8], count;
    const Array *epsilon, *gamma, *beta;
    const char *gamma_name, *beta_name;
} Norm;

static bool follow(Importer *importer, Norm *norm, const char *operation, const Array **constant)
{
    int n = reader(importer, output_of(importer, norm->nodes[norm->count - 1]), operation, constant);
    if (n < 0 || norm->count == 8 || (constant && !*constant))
        return false;
    norm->nodes[norm->count++] = n;
    return true;
}

static const char *name_of_constant(const Importer *importer, int n)
{
    const OnnxNode *node = &importer->model->nodes[n];
    Importer *all = (Importer *)importer;
    return node->inputs[importer->values[place_of_name(all, node->inputs[0])].array ? 0 : 1];
}

/* From the first mean on; false if it is another thing. */
static bool find_norm(Importer *importer, int mean, Norm *norm)
{
    const Array *two = NULL;
    *norm = (Norm){ .nodes = { mean }, .count = 1 };
    if (!follow(importer, norm, "Sub", NULL))
        return false;
    const OnnxNode *difference = &importer->model->nodes[norm->nodes[1]];
    if (strcmp(difference->inputs[0], importer->node->inputs[0]) || !follow(importer, norm, "Pow", &two) ||
        !all_are(two, 2) || !follow(importer, norm, "ReduceMean", NULL) ||
        !follow(importer, norm, "Add", &norm->epsilon) || !is_single(norm->epsilon) ||
        !follow(importer, norm, "Sqrt", NULL) || !follow(importer, norm, "Div", NULL))
        return false;
    const OnnxNode *quotient = &importer->model->nodes[norm->nodes[6]];
    if (strcmp(quotient->inputs[0], difference->outputs[0]))
        return false;
    int last = norm->nodes[6];
    if (uses_of(importer, output_of(importer, last)) == 1 && follow(importer, norm, "Mul", &norm->gamma)) {
        last = norm->nodes[7];
        norm->gamma_name = name_of_constant(importer, last);
        norm->count = 8;
    } else {
        norm->gamma = NULL;
        norm->count = 7;
    }
    int plus = uses_of(importer, output_of(importer, last)) == 1
                   ? reader(importer, output_of(importer, last), "Add", &norm->beta) : -1;
    if (plus >= 0 && norm->beta)
        norm->beta_name = name_of_constant(importer, plus);
    else
        norm->beta = NULL;
    for (int i = 0; i < norm->count; i++)
        importer->done[norm->nodes[i]] = true;
    if (norm->beta)
        importer->done[plus] = true;
    norm->nodes[0] = norm->beta ? plus : last;
    return true;
}

static bool norm_of_operators(Importer *importer, const Flow *from, const Norm *norm)
{
    Flow flow = *from;
    const Array *weights[] = { norm->gamma, norm->beta };
    const char *found[] = { norm->gamma_name, norm->beta_name };
    if (!normalise(importer, &flow, flow.rank - 1, "LayerNormalization", array_at(norm->epsilon, 0), weights, found, 2))
        return false;
    importer->node = &importer->model->nodes[norm->nodes[0]];
    set_flow(importer, 0, flow);
    return true;
}

/* ---- means and maxima ---- */

static bool reduce(Importer *importer)
{
    const OnnxNode *node = importer->node;
    const Flow *from = input_flow(importer, 0);
    int64_t axes[ONNX_RANK_MAX];
    int count = integers(importer, "axes", 1, axes, ONNX_RANK_MAX), order[ONNX_RANK_MAX], ordered = 1;
    bool keeps = onnx_number(node, "keepdims", 1) != 0, gone[ONNX_RANK_MAX] = { false };
    Norm norm;
    if (!from)
        return false;
    Flow flow = *from;
    for (int i = 0; i < count; i++) {
        axes[i] = axis_number(&flow, (double)axes[i]);
        if (axes[i] < 0)
            return cannot(importer, "its axes are out of range");
        gone[axes[i]] = true;
    }
    int own = (int)(node - importer->model->nodes);
    if (!strcmp(node->operation, "ReduceMean") && count == 1 && axes[0] == flow.rank - 1 && keeps &&
        find_norm(importer, own, &norm))
        return norm_of_operators(importer, from, &norm);
    order[0] = batch_axis(&flow);
    for (int d = 0; d < flow.rank; d++)
        if (gone[d])
            order[ordered++] = d;
    int places = ordered - 1;
    for (int d = 0; d < flow.rank; d++)
        if (!gone[d] && d != order[0] && flow.axes[d].count)
            order[ordered++] = d;
    if (order[0] < 0 || gone[order[0]] || ordered - 1 - places != 1 || places < 1 || places > 2)
        return cannot(importer, "there are layers for means and maxima over the steps of a sequence or the pixels of "
                      "an image, and not over these axes");
    if (!flow_arrange(importer, &flow, order, ordered))
        return false;
    Extent features = flow.atoms[ordered - 1];
    const char *kind = strcmp(node->operation, "ReduceMax") ? "Average" : "Max";
    Step *step = step_new(importer, arena_format(importer->arena, "Global%sPooling%dD", kind, places), 1, &features);
    flow_through(importer, &flow, step);
    flow.axes[order[ordered - 1]] = (Axis){ 1, { 1 } };
    flow.atoms[1] = features;
    flow.atom_count = 2;
    for (int d = flow.rank - 1; d >= 0; d--) {
        if (gone[d])
            flow.axes[d] = (Axis){ 0 };
        if (gone[d] && !keeps && !flow_remove(importer, &flow, d))
            return false;
    }
    set_flow(importer, 0, flow);
    return true;
}

bool import_norm(Importer *importer)
{
    const char *operation = importer->node->operation;
    return !strcmp(operation, "BatchNormalization") ? batch(importer)
           : !strcmp(operation, "LayerNormalization") ? layer(importer) : reduce(importer);
}
