/* axes.c: in: the nodes of a graph.  out: for each of its inputs which axis is the batch, and in which order a
 * description has the others: time before features, channels last. The first node says so that does not take any: an
 * LSTM, a convolution. Inputs that meet none begin with their batch. */
#include "flow.h"
#include "compiler/base/text_index.h"

#include <string.h>

typedef struct Origin {         /* of an axis of a tensor: that of an input of the graph; -1: none */
    int input, axis;
} Origin;

typedef struct Trace {
    int rank;                   /* 0: nothing is known */
    Origin axes[ONNX_RANK_MAX];
    const Array *array;
} Trace;

typedef struct Tracer {
    Arena *arena;
    const OnnxModel *model;
    TextIndex *index;
    Trace *traces; int count, capacity;
    int *order;                 /* [input][ONNX_RANK_MAX] */
    bool *is_fixed;
} Tracer;

static const Origin nowhere = { -1, -1 };

static Trace *trace_at(Tracer *tracer, const char *name)
{
    int *place = text_index_at(tracer->index, name);
    if (!*place) {
        Trace none = { 0 };
        arena_append(tracer->arena, tracer->traces, tracer->count, tracer->capacity, none);
        *place = tracer->count;
    }
    return &tracer->traces[*place - 1];
}

static Trace input_of(Tracer *tracer, const OnnxNode *node, int i)
{
    return i < node->input_count && *node->inputs[i] ? *trace_at(tracer, node->inputs[i]) : (Trace){ 0 };
}

/* ---- what fixes axes ---- */

static bool is_in(const int *list, int count, int axis)
{
    for (int i = 0; i < count; i++)
        if (list[i] == axis)
            return true;
    return false;
}

static void fix(Tracer *tracer, const Trace *trace, const int *axes, int count)
{
    int list[ONNX_RANK_MAX], length = 0;
    for (int i = 0; i < count; i++)
        if (axes[i] >= trace->rank)
            return;
    int input = count ? trace->axes[axes[0]].input : -1;
    if (input < 0 || tracer->is_fixed[input])
        return;
    for (int i = 0; i < count; i++) {
        const Origin *origin = &trace->axes[axes[i]];
        if (origin->input == input && !is_in(list, length, origin->axis))
            list[length++] = origin->axis;
    }
    for (int d = 0; d < tracer->model->inputs[input].rank; d++)
        if (!is_in(list, length, d))
            list[length++] = d;
    memcpy(tracer->order + input * ONNX_RANK_MAX, list, (size_t)length * sizeof *list);
    tracer->is_fixed[input] = true;
}

static void fix_recurrent(Tracer *tracer, const OnnxNode *node)
{
    bool batch_first = onnx_number(node, "layout", 0) != 0;
    const int x_axes[] = { !batch_first, batch_first, 2 }, state_axes[] = { !batch_first }, length_axes[] = { 0 };
    for (int i = 0; i < 7; i++) {
        Trace trace = input_of(tracer, node, i);
        if (i == 0)
            fix(tracer, &trace, x_axes, 3);
        else if (i == 4)
            fix(tracer, &trace, length_axes, 1);
        else if (i > 4)
            fix(tracer, &trace, state_axes, 1);
    }
    Trace x = input_of(tracer, node, 0), y = { .rank = 4 };
    for (int d = 0; d < 4; d++)
        y.axes[d] = nowhere;
    if (x.rank == 3)
        y.axes[batch_first ? 0 : 2] = x.axes[!batch_first], y.axes[batch_first] = x.axes[batch_first];
    if (node->output_count && *node->outputs[0])
        *trace_at(tracer, node->outputs[0]) = y;
}

static void fix_channels(Tracer *tracer, const OnnxNode *node)
{
    Trace x = input_of(tracer, node, 0);
    int axes[ONNX_RANK_MAX] = { 0 };
    for (int d = 2; d < x.rank; d++)
        axes[d - 1] = d;
    if (x.rank > 1)
        axes[x.rank - 1] = 1;
    fix(tracer, &x, axes, x.rank);
    if (node->output_count && *node->outputs[0])
        *trace_at(tracer, node->outputs[0]) = x;
}

/* ---- what hands axes on ---- */

static int list_of(Tracer *tracer, const OnnxNode *node, const char *name, int i, int *list)
{
    const OnnxAttribute *attribute = onnx_attribute(node, name);
    const Array *array = i >= 0 ? input_of(tracer, node, i).array : NULL;
    size_t count = attribute ? (size_t)attribute->number_count : array ? array->count : 0;
    if (count > ONNX_RANK_MAX || (!attribute && !array))
        return -1;
    for (size_t k = 0; k < count; k++) {
        double number = attribute ? attribute->numbers[k] : array_at(array, k);
        list[k] = number > -100 && number < 100 ? (int)number : 100;
    }
    return (int)count;
}

static Trace through_view(Tracer *tracer, const OnnxNode *node)
{
    Trace x = input_of(tracer, node, 0), y = { 0 };
    int list[ONNX_RANK_MAX], count;
    bool marked[ONNX_RANK_MAX] = { false };
    if (!strcmp(node->operation, "Transpose")) {
        count = list_of(tracer, node, "perm", -1, list);
        for (int d = 0; d < x.rank; d++) {
            int axis = count == x.rank ? list[d] : x.rank - 1 - d;
            y.axes[d] = axis >= 0 && axis < x.rank ? x.axes[axis] : nowhere;
        }
        y.rank = x.rank;
        return y;
    }
    bool inserts = !strcmp(node->operation, "Unsqueeze");
    count = list_of(tracer, node, "axes", 1, list);
    int rank = x.rank + (inserts ? count : 0);
    if (count < 0 || !x.rank || rank > ONNX_RANK_MAX)
        return y;
    for (int k = 0; k < count; k++) {
        int axis = list[k] < 0 ? list[k] + rank : list[k];
        if (axis >= 0 && axis < rank)
            marked[axis] = true;
    }
    for (int d = 0, from = 0; d < rank; d++) {
        if (inserts)
            y.axes[y.rank++] = marked[d] || from == x.rank ? nowhere : x.axes[from++];
        else if (!marked[d])
            y.axes[y.rank++] = x.axes[d];
    }
    return y;
}

/* One element of an axis, or a table of vectors. */
static Trace through_gather(Tracer *tracer, const OnnxNode *node)
{
    Trace x = input_of(tracer, node, 0), places = input_of(tracer, node, 1), y = { 0 };
    double axis = onnx_number(node, "axis", 0);
    axis += axis < 0 ? x.rank : 0;
    if (x.array && places.rank && places.rank < ONNX_RANK_MAX) {
        y = places;
        y.axes[y.rank++] = nowhere;
    } else if (places.array && places.array->rank < 2) {
        for (int d = 0; d < x.rank; d++)
            if (d != (int)axis || places.array->rank)
                y.axes[y.rank++] = x.axes[d];
    }
    return y;
}

static Trace through_elements(Tracer *tracer, const OnnxNode *node)
{
    Trace y = { 0 };
    for (int i = 0; i < node->input_count; i++) {
        Trace x = input_of(tracer, node, i);
        if (x.rank > y.rank)
            y = x;
    }
    y.array = NULL;
    return y;
}

static bool is_one_of(const char *operation, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(operation, *list))
            return true;
    return false;
}

static void trace_node(Tracer *tracer, const OnnxNode *node)
{
    static const char *const recurrent[] = { "LSTM", "GRU", "RNN", NULL };
    static const char *const channels[] = { "Conv", "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool",
                                            "BatchNormalization", NULL };
    static const char *const views[] = { "Transpose", "Squeeze", "Unsqueeze", NULL };
    static const char *const others[] = { "Reshape", "Flatten", "Shape", "Expand", "Tile", "ConstantOfShape", NULL };
    const int rows[] = { onnx_number(node, "transA", 0) != 0 };
    const OnnxAttribute *value = onnx_attribute(node, "value");
    if (!node->output_count)
        return;
    Trace x = input_of(tracer, node, 0), y = { 0 };
    if (is_one_of(node->operation, recurrent)) {
        fix_recurrent(tracer, node);
        return;
    }
    if (is_one_of(node->operation, channels)) {
        fix_channels(tracer, node);
        return;
    }
    if (!strcmp(node->operation, "Gemm"))
        fix(tracer, &x, rows, 1);
    else if (!strcmp(node->operation, "Constant"))
        y.array = value ? value->array : NULL;
    else if (is_one_of(node->operation, views))
        y = through_view(tracer, node);
    else if (!strcmp(node->operation, "Gather"))
        y = through_gather(tracer, node);
    else if (!is_one_of(node->operation, others))
        y = through_elements(tracer, node);
    for (int i = 0; i < (strcmp(node->operation, "Split") ? 1 : node->output_count); i++)
        *trace_at(tracer, node->outputs[i]) = y;
}

const int *find_axes(Arena *arena, const OnnxModel *model)
{
    Tracer tracer = { .arena = arena, .model = model, .index = text_index_create(arena),
                      .order = arena_array(arena, int, (model->input_count + 1) * ONNX_RANK_MAX),
                      .is_fixed = arena_array(arena, bool, model->input_count + 1) };
    for (int i = 0; i < model->input_count; i++) {
        Trace trace = { .rank = model->inputs[i].rank > 0 ? model->inputs[i].rank : 0 };
        for (int d = 0; d < trace.rank; d++) {
            trace.axes[d] = (Origin){ i, d };
            tracer.order[i * ONNX_RANK_MAX + d] = d;
        }
        *trace_at(&tracer, model->inputs[i].name) = trace;
    }
    for (int i = 0; i < model->constant_count; i++)
        *trace_at(&tracer, model->constants[i].name) = (Trace){ .array = model->constants[i].array };
    for (int i = 0; i < model->node_count; i++)
        trace_node(&tracer, &model->nodes[i]);
    return tracer.order;
}
