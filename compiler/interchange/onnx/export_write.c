/* export_write.c: in: a graph.  out: the bytes of an ONNX file. */
#include "export.h"

#include <string.h>

#ifndef HAVE_PROTOBUF_C

char *export_bytes(OnnxExport *to, size_t *length, const char **why)
{
    (void)to, (void)length;
    *why = "lstmc was built without protobuf-c (Debian: libprotobuf-c-dev, protobuf-c-compiler), which writes .onnx "
           "files";
    return NULL;
}

#else

#include "onnx.pb-c.h"

#define IR_VERSION 8

/* The attribute's type, by its number in the format. */
enum { FLOAT_TYPE = 1, INTEGER_TYPE = 2, TEXT_TYPE = 3, FLOATS_TYPE = 6, INTEGERS_TYPE = 7, TEXTS_TYPE = 8 };

static ProtobufCBinaryData data_of(const void *bytes, size_t length)
{
    return (ProtobufCBinaryData){ .len = length, .data = (uint8_t *)bytes };
}

static Onnx__Attribute *attribute_of(Arena *arena, const ExportAttribute *from)
{
    Onnx__Attribute *to = arena_new(arena, Onnx__Attribute);
    onnx__attribute__init(to);
    to->name = (char *)from->name;
    to->has_type = 1;
    if (from->text) {
        to->type = TEXT_TYPE, to->has_s = 1;
        to->s = data_of(from->text, strlen(from->text));
    } else if (from->texts) {
        to->type = TEXTS_TYPE, to->n_strings = (size_t)from->text_count;
        to->strings = arena_array(arena, ProtobufCBinaryData, from->text_count);
        for (int i = 0; i < from->text_count; i++)
            to->strings[i] = data_of(from->texts[i], strlen(from->texts[i]));
    } else if (from->integers) {
        to->type = INTEGERS_TYPE, to->n_ints = (size_t)from->integer_count;
        to->ints = from->integers;
    } else if (from->floats) {
        to->type = FLOATS_TYPE, to->n_floats = (size_t)from->float_count;
        to->floats = from->floats;
    } else if (from->is_integer) {
        to->type = INTEGER_TYPE, to->has_i = 1, to->i = from->integer;
    } else {
        to->type = FLOAT_TYPE, to->has_f = 1, to->f = from->number;
    }
    return to;
}

static Onnx__Node *node_of(Arena *arena, const ExportNode *from)
{
    Onnx__Node *to = arena_new(arena, Onnx__Node);
    onnx__node__init(to);
    to->name = (char *)from->name;
    to->op_type = (char *)from->operation;
    to->n_input = (size_t)from->input_count, to->input = (char **)from->inputs;
    to->n_output = (size_t)from->output_count, to->output = (char **)from->outputs;
    to->n_attribute = (size_t)from->attribute_count;
    to->attribute = arena_array(arena, Onnx__Attribute *, from->attribute_count + 1);
    for (int i = 0; i < from->attribute_count; i++)
        to->attribute[i] = attribute_of(arena, &from->attributes[i]);
    return to;
}

/* Little-endian, whatever the machine is. */
static ProtobufCBinaryData raw_of(Arena *arena, const ExportTensor *from, size_t count)
{
    size_t size = from->floats ? 4 : 8;
    uint8_t *bytes = arena_alloc(arena, count * size + 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        if (from->floats) {
            uint32_t single;
            memcpy(&single, &from->floats[i], sizeof single);
            bits = single;
        } else {
            bits = (uint64_t)from->integers[i];
        }
        for (size_t b = 0; b < size; b++)
            bytes[i * size + b] = (uint8_t)(bits >> (8 * b) & 255);
    }
    return data_of(bytes, count * size);
}

static Onnx__Tensor *tensor_of(Arena *arena, const ExportTensor *from)
{
    Onnx__Tensor *to = arena_new(arena, Onnx__Tensor);
    size_t count = 1;
    onnx__tensor__init(to);
    to->name = (char *)from->name;
    to->has_data_type = 1, to->data_type = (int32_t)from->type;
    to->n_dims = (size_t)from->rank, to->dims = (int64_t *)from->shape;
    for (int d = 0; d < from->rank; d++)
        count *= (size_t)from->shape[d];
    to->has_raw_data = 1, to->raw_data = raw_of(arena, from, count);
    return to;
}

static Onnx__ValueInfo *value_of(Arena *arena, const ExportTensor *from)
{
    Onnx__ValueInfo *to = arena_new(arena, Onnx__ValueInfo);
    Onnx__Type *type = arena_new(arena, Onnx__Type);
    Onnx__TensorType *tensor = arena_new(arena, Onnx__TensorType);
    Onnx__Shape *shape = arena_new(arena, Onnx__Shape);
    onnx__value_info__init(to), onnx__type__init(type), onnx__tensor_type__init(tensor), onnx__shape__init(shape);
    to->name = (char *)from->name, to->type = type;
    type->tensor_type = tensor;
    tensor->has_elem_type = 1, tensor->elem_type = (int32_t)from->type, tensor->shape = shape;
    shape->n_dim = (size_t)from->rank;
    shape->dim = arena_array(arena, Onnx__Dimension *, from->rank + 1);
    for (int d = 0; d < from->rank; d++) {
        shape->dim[d] = arena_new(arena, Onnx__Dimension);
        onnx__dimension__init(shape->dim[d]);
        if (from->shape[d] == EXPORT_OPEN)
            shape->dim[d]->dim_param = (char *)"batch";
        else
            shape->dim[d]->has_dim_value = 1, shape->dim[d]->dim_value = from->shape[d];
    }
    return to;
}

static Onnx__ValueInfo **values_of(Arena *arena, const ExportTensor *list, int count)
{
    Onnx__ValueInfo **values = arena_array(arena, Onnx__ValueInfo *, count + 1);
    for (int i = 0; i < count; i++)
        values[i] = value_of(arena, &list[i]);
    return values;
}

char *export_bytes(OnnxExport *to, size_t *length, const char **why)
{
    Onnx__Model model = ONNX__MODEL__INIT;
    Onnx__Graph graph = ONNX__GRAPH__INIT;
    Onnx__OperatorSet set = ONNX__OPERATOR_SET__INIT, *sets[] = { &set };
    *why = NULL;
    graph.name = (char *)to->model->descriptor.name;
    graph.n_node = (size_t)to->node_count;
    graph.node = arena_array(to->arena, Onnx__Node *, to->node_count + 1);
    for (int i = 0; i < to->node_count; i++)
        graph.node[i] = node_of(to->arena, to->nodes[i]);
    graph.n_initializer = (size_t)to->constant_count;
    graph.initializer = arena_array(to->arena, Onnx__Tensor *, to->constant_count + 1);
    for (int i = 0; i < to->constant_count; i++)
        graph.initializer[i] = tensor_of(to->arena, &to->constants[i]);
    graph.n_input = (size_t)to->input_count, graph.input = values_of(to->arena, to->inputs, to->input_count);
    graph.n_output = (size_t)to->output_count, graph.output = values_of(to->arena, to->outputs, to->output_count);
    set.domain = (char *)"", set.has_version = 1, set.version = EXPORT_OPSET;
    model.has_ir_version = 1, model.ir_version = IR_VERSION;
    model.producer_name = (char *)"lstmc", model.producer_version = (char *)LSTMC_VERSION;
    model.graph = &graph;
    model.n_opset_import = 1, model.opset_import = sets;
    char *bytes = arena_alloc(to->arena, onnx__model__get_packed_size(&model) + 1);
    *length = onnx__model__pack(&model, (uint8_t *)bytes);
    return bytes;
}

#endif
