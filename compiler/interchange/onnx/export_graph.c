/* export_graph.c: in: operations, inputs, numbers, one by one.  out: a graph. */
#include "export.h"
#include "compiler/interchange/draft/exported.h"

#include <string.h>

void export_cannot(OnnxExport *to, const Layer *layer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    layer_cannot(to->diagnostics, to->model, layer, format, arguments);
    va_end(arguments);
}

const char *export_flow(OnnxExport *to, const ExportLayer *one, const char *what)
{
    return arena_format(to->arena, "%s/%s_%d", one->layer->name, what, to->names++);
}

static void add_input(OnnxExport *to, ExportNode *node, const char *input)
{
    arena_append(to->arena, node->inputs, node->input_count, node->input_capacity, input);
}

void export_output(OnnxExport *to, ExportNode *node, const char *output)
{
    arena_append(to->arena, node->outputs, node->output_count, node->output_capacity, output);
}

ExportNode *export_node(OnnxExport *to, const ExportLayer *one, const char *operation, const char *output, ...)
{
    ExportNode *node = arena_new(to->arena, ExportNode);
    node->operation = operation;
    node->name = arena_format(to->arena, "%s/%s_%d", one->layer->name, operation, to->node_count);
    export_output(to, node, output);
    va_list arguments;
    va_start(arguments, output);
    for (const char *input; (input = va_arg(arguments, const char *));)
        add_input(to, node, input);
    va_end(arguments);
    arena_append(to->arena, to->nodes, to->node_count, to->node_capacity, node);
    return node;
}

/* ---- attributes ---- */

static void add_attribute(OnnxExport *to, ExportNode *node, ExportAttribute attribute)
{
    arena_append(to->arena, node->attributes, node->attribute_count, node->attribute_capacity, attribute);
}

void export_integer(OnnxExport *to, ExportNode *node, const char *name, int64_t value)
{
    add_attribute(to, node, (ExportAttribute){ .name = name, .is_integer = true, .integer = value });
}

void export_number(OnnxExport *to, ExportNode *node, const char *name, double value)
{
    add_attribute(to, node, (ExportAttribute){ .name = name, .is_float = true, .number = (float)value });
}

void export_text(OnnxExport *to, ExportNode *node, const char *name, const char *text)
{
    add_attribute(to, node, (ExportAttribute){ .name = name, .text = text });
}

void export_texts(OnnxExport *to, ExportNode *node, const char *name, const char **texts, int count)
{
    add_attribute(to, node, (ExportAttribute){ .name = name, .texts = texts, .text_count = count });
}

void export_integers(OnnxExport *to, ExportNode *node, const char *name, const int64_t *values, int count)
{
    int64_t *copy = arena_array(to->arena, int64_t, count + 1);
    memcpy(copy, values, (size_t)count * sizeof *copy);
    add_attribute(to, node, (ExportAttribute){ .name = name, .integers = copy, .integer_count = count });
}

void export_floats(OnnxExport *to, ExportNode *node, const char *name, const float *values, int count)
{
    float *copy = arena_array(to->arena, float, count + 1);
    memcpy(copy, values, (size_t)count * sizeof *copy);
    add_attribute(to, node, (ExportAttribute){ .name = name, .floats = copy, .float_count = count });
}

/* ---- numbers ---- */

static bool is_there(const OnnxExport *to, const char *name)
{
    for (int i = 0; i < to->constant_count; i++)
        if (!strcmp(to->constants[i].name, name))
            return true;
    return false;
}

const char *export_floats_constant(OnnxExport *to, const char *name, int rank, const int64_t *shape,
                                   const float *values)
{
    ExportTensor tensor = { .name = name, .type = EXPORT_FLOAT, .rank = rank, .floats = values };
    if (rank)
        memcpy(tensor.shape, shape, (size_t)rank * sizeof *shape);
    if (!is_there(to, name))                /* a layer that is called again has its weights once */
        arena_append(to->arena, to->constants, to->constant_count, to->constant_capacity, tensor);
    return name;
}

const char *export_integers_constant(OnnxExport *to, const ExportLayer *one, const char *what, int count,
                                     const int64_t *values)
{
    int64_t *copy = arena_array(to->arena, int64_t, count + 1);
    memcpy(copy, values, (size_t)count * sizeof *copy);
    ExportTensor tensor = { .name = export_flow(to, one, what), .type = EXPORT_INT64, .rank = 1, .shape = { count },
                            .integers = copy };
    arena_append(to->arena, to->constants, to->constant_count, to->constant_capacity, tensor);
    return tensor.name;
}

const char *export_scalar(OnnxExport *to, const ExportLayer *one, const char *what, double value)
{
    float *number = arena_new(to->arena, float);
    *number = (float)value;
    return export_floats_constant(to, export_flow(to, one, what), 0, NULL, number);
}

const char *export_weight(OnnxExport *to, const struct lstmc_tensor *weight, const int *axes)
{
    if (!weight)
        return NULL;
    size_t strides[LSTMC_RANK_MAX], index[LSTMC_RANK_MAX] = { 0 }, stride = 1;
    int64_t shape[LSTMC_RANK_MAX];
    for (int d = weight->rank - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= (size_t)weight->shape[d];
        shape[d] = weight->shape[axes ? axes[d] : d];
    }
    float *values = arena_array(to->arena, float, weight->count + 1);
    for (size_t i = 0; i < weight->count; i++) {
        size_t from = 0;
        for (int d = 0; d < weight->rank; d++)
            from += strides[axes ? axes[d] : d] * index[d];
        values[i] = to->weights[weight->offset + from];
        for (int d = weight->rank - 1; d >= 0 && ++index[d] == (size_t)shape[d]; d--)
            index[d] = 0;
    }
    return export_floats_constant(to, weight->name, weight->rank, shape, values);
}

const char *export_transposed(OnnxExport *to, const ExportLayer *one, const char *x, const char *y, int rank,
                              const int64_t *perm)
{
    export_integers(to, export_node(to, one, "Transpose", y, x, NULL), "perm", perm, rank);
    return y;
}
