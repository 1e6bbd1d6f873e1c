/* view.c: in: a node that gives a tensor other axes.  out: the same flow, seen so; there is no layer for it. */
#include "flow.h"

#include <string.h>

static bool transpose(Importer *importer, Flow *flow)
{
    int64_t list[ONNX_RANK_MAX];
    int order[ONNX_RANK_MAX], count = integers(importer, "perm", -1, list, ONNX_RANK_MAX);
    if (count >= 0 && count != flow->rank)
        return cannot(importer, "its perm is not an order of its axes");
    for (int d = 0; d < flow->rank; d++)
        order[d] = count < 0 ? flow->rank - 1 - d : list[d] >= 0 && list[d] < flow->rank ? (int)list[d] : -1;
    return flow_transpose(importer, flow, order);
}

/* Axes as attribute before opset 13, as input since; without any all of extent 1. */
static bool squeeze(Importer *importer, Flow *flow)
{
    int64_t axes[ONNX_RANK_MAX];
    int count = integers(importer, "axes", 1, axes, ONNX_RANK_MAX);
    bool marked[ONNX_RANK_MAX] = { false };
    for (int i = 0; i < count; i++) {
        int axis = axis_number(flow, (double)axes[i]);
        if (axis < 0)
            return cannot(importer, "its axes are out of range");
        marked[axis] = true;
    }
    for (int d = flow->rank - 1; d >= 0; d--) {
        bool goes = count < 0 ? !is_batch(flow, d) && axis_extent(importer, flow, d).size == 1 : marked[d];
        if (goes && !flow_remove(importer, flow, d))
            return false;
    }
    return true;
}

static bool unsqueeze(Importer *importer, Flow *flow)
{
    int64_t axes[ONNX_RANK_MAX];
    int count = integers(importer, "axes", 1, axes, ONNX_RANK_MAX), rank = flow->rank + count;
    bool marked[ONNX_RANK_MAX] = { false };
    if (count < 0 || rank > ONNX_RANK_MAX)
        return cannot(importer, "its axes are not known, or too many");
    for (int i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank || marked[axis])
            return cannot(importer, "its axes are out of range");
        marked[axis] = true;
    }
    for (int d = 0; d < rank; d++)
        if (marked[d])
            flow_insert(flow, d);
    return true;
}

static bool reshape(Importer *importer, Flow *flow)
{
    int64_t shape[ONNX_RANK_MAX];
    const Array *sizes = input_array(importer, 1);
    int rank = integers(importer, "shape", 1, shape, ONNX_RANK_MAX);
    if (rank < 0 || (sizes && sizes->count > ONNX_RANK_MAX))
        return cannot(importer, "its shape is not known, or has too many axes");
    return flow_reshape(importer, flow, shape, rank);
}

static bool flatten(Importer *importer, Flow *flow)
{
    double axis = onnx_number(importer->node, "axis", 1);
    axis = axis < 0 ? axis + flow->rank : axis;
    if (axis < 0 || axis > flow->rank || flow->rank > ONNX_RANK_MAX - 2)
        return cannot(importer, "its axis is out of range");
    int first = (int)axis;
    return flow_merge(flow, first, flow->rank - first) && flow_merge(flow, 0, first);
}

/* Numbers are floats here, whole or not; ids are those of an input. */
static bool same(Importer *importer, Flow *flow)
{
    (void)importer;
    (void)flow;
    return true;
}

bool import_view(Importer *importer)
{
    static const struct {
        const char *operation;
        bool (*of)(Importer *importer, Flow *flow);
    } table[] = {
        { "Transpose", transpose }, { "Squeeze", squeeze }, { "Unsqueeze", unsqueeze }, { "Reshape", reshape },
        { "Flatten", flatten }, { "Identity", same }, { "Cast", same },
    };
    const Flow *from = input_flow(importer, 0);
    if (!from)
        return false;
    Flow flow = *from;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(importer->node->operation, table[i].operation) && !table[i].of(importer, &flow))
            return false;
    set_flow(importer, 0, flow);
    return true;
}
