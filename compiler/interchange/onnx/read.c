/* read.c: in: a file.  out: an OnnxModel in the draft's arena. Nothing else knows that it is protobuf. */
#include "onnx.h"

#include "runtime/files/map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)2 << 30)
#define ROOM ((size_t)64 << 20)         /* for the messages of any file, and so many bytes more for each of its own */
#define ROOM_FOR_A_BYTE 16

const OnnxAttribute *onnx_attribute(const OnnxNode *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; i++)
        if (!strcmp(node->attributes[i].name, name))
            return &node->attributes[i];
    return NULL;
}

double onnx_number(const OnnxNode *node, const char *name, double otherwise)
{
    const OnnxAttribute *attribute = onnx_attribute(node, name);
    return attribute && attribute->has_number ? attribute->number : otherwise;
}

const char *onnx_text(const OnnxNode *node, const char *name, const char *otherwise)
{
    const OnnxAttribute *attribute = onnx_attribute(node, name);
    return attribute && attribute->text ? attribute->text : otherwise;
}

#ifdef HAVE_PROTOBUF_C
#include "onnx.pb-c.h"

typedef struct Reader {
    Draft *draft;
    Arena *arena;
    const char *path;
} Reader;

/* ---- elements ---- */

static double float16(uint64_t bits)
{
    int exponent = bits >> 10 & 31;
    double fraction = (double)(bits & 1023);
    double value = exponent == 31 ? (fraction > 0 ? NAN : INFINITY)
                                  : exponent ? ldexp(fraction + 1024, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -value : value;
}

static double float32(uint64_t bits)
{
    uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    return (double)value;
}

static double float64(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static size_t element_size(int type)
{
    static const unsigned char sizes[] = { 0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 0, 0, 2 };
    return type >= 0 && type < (int)sizeof sizes ? sizes[type] : 0;
}

/* Element i of raw bytes, which are little-endian. */
static double raw_element(int type, const unsigned char *raw, size_t i)
{
    size_t size = element_size(type);
    uint64_t bits = 0;
    for (size_t k = 0; k < size; k++)
        bits |= (uint64_t)raw[i * size + k] << 8 * k;
    switch (type) {
    case 1: return float32(bits);
    case 3: return (double)(int8_t)bits;
    case 5: return (double)(int16_t)bits;
    case 6: return (double)(int32_t)bits;
    case 7: return (double)(int64_t)bits;
    case 10: return float16(bits);
    case 11: return float64(bits);
    case 16: return float32(bits << 16);
    default: return (double)bits;
    }
}

/* How many stand in the lists of the message, which are those of its type. */
static size_t listed(const Onnx__Tensor *tensor, int type)
{
    switch (type) {
    case 1: return tensor->n_float_data;
    case 7: return tensor->n_int64_data;
    case 11: return tensor->n_double_data;
    case 12: case 13: return tensor->n_uint64_data;
    default: return tensor->n_int32_data;
    }
}

static double listed_element(const Onnx__Tensor *tensor, int type, size_t i)
{
    switch (type) {
    case 1: return (double)tensor->float_data[i];
    case 7: return (double)tensor->int64_data[i];
    case 11: return tensor->double_data[i];
    case 12: case 13: return (double)tensor->uint64_data[i];
    case 10: return float16((uint16_t)tensor->int32_data[i]);
    case 16: return float32((uint64_t)(uint16_t)tensor->int32_data[i] << 16);
    default: return (double)tensor->int32_data[i];
    }
}

static bool read_shape(const Onnx__Tensor *tensor, Array *array)
{
    if (tensor->n_dims > ONNX_RANK_MAX)
        return false;
    size_t most = 1;                    /* as if nothing were empty */
    array->rank = (int)tensor->n_dims;
    array->count = 1;
    for (int d = 0; d < array->rank; d++) {
        array->shape[d] = tensor->dims[d];
        if (tensor->dims[d] < 0 || (uint64_t)tensor->dims[d] > ((uint64_t)1 << 40) ||
            (array->shape[d] && most > ((size_t)1 << 40) / (size_t)array->shape[d]))
            return false;
        most *= array->shape[d] ? (size_t)array->shape[d] : 1;
        array->count *= (size_t)array->shape[d];
    }
    return true;
}

static const char *entry(const Onnx__Tensor *tensor, const char *key)
{
    for (size_t i = 0; i < tensor->n_external_data; i++)
        if (tensor->external_data[i]->key && !strcmp(tensor->external_data[i]->key, key))
            return tensor->external_data[i]->value;
    return NULL;
}

static const unsigned char *raw_bytes(Reader *reader, const Onnx__Tensor *tensor, size_t wanted, size_t *length,
                                      const char **why)
{
    if (tensor->data_location != 1) {
        *length = tensor->has_raw_data ? tensor->raw_data.len : 0;
        return tensor->has_raw_data ? tensor->raw_data.data : NULL;
    }
    const char *location = entry(tensor, "location"), *offset = entry(tensor, "offset");
    unsigned long long begin = offset ? strtoull(offset, NULL, 10) : 0;
    *length = wanted;
    const unsigned char *bytes = onnx_external(reader->arena, reader->path, location ? location : "", begin, wanted,
                                               why);
    if (*why)
        *why = arena_format(reader->arena, "the file of its numbers, %s, %s",
                            location ? printable_text(reader->arena, location) : "which is not named", *why);
    return bytes;
}

/* NULL with *why. */
static const Array *read_tensor(Reader *reader, const Onnx__Tensor *tensor, const char **why)
{
    Array *array = arena_new(reader->arena, Array);
    int type = tensor->data_type;
    size_t size = element_size(type), length = 0;
    *why = NULL;
    if (!size) {
        *why = arena_format(reader->arena, "it is of a type of elements, %d, that is not read", type);
        return NULL;
    }
    if (!read_shape(tensor, array)) {
        *why = "its shape is out of range";
        return NULL;
    }
    const unsigned char *raw = raw_bytes(reader, tensor, array->count * size, &length, why);
    if (*why)
        return NULL;
    if (raw ? length != array->count * size : listed(tensor, type) != array->count) {
        *why = "the number of its elements is not that of its shape";
        return NULL;
    }
    double *numbers = arena_array(reader->arena, double, array->count + 1);
    for (size_t i = 0; i < array->count; i++)
        numbers[i] = raw ? raw_element(type, raw, i) : listed_element(tensor, type, i);
    array->numbers = numbers;
    array->whole = type != 1 && type != 10 && type != 11 && type != 16;
    return array;
}

/* ---- nodes ---- */

static const char *text_of(Reader *reader, const char *text)
{
    return arena_copy_text(reader->arena, text ? text : "");
}

static const char *bytes_text(Reader *reader, ProtobufCBinaryData bytes)
{
    return arena_format(reader->arena, "%.*s", (int)(bytes.len < 1000 ? bytes.len : 1000),
                        bytes.data ? (const char *)bytes.data : "");
}

static const char **texts_of(Reader *reader, char **texts, size_t count)
{
    const char **list = arena_array(reader->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        list[i] = text_of(reader, texts[i]);
    return list;
}

static void read_attribute(Reader *reader, const Onnx__Attribute *from, const char *owner, OnnxAttribute *to)
{
    size_t count = from->n_ints ? from->n_ints : from->n_floats;
    const char *why;
    double *numbers = arena_array(reader->arena, double, count + 1);
    *to = (OnnxAttribute){ .name = text_of(reader, from->name), .has_number = from->has_i || from->has_f,
                           .number = from->has_f ? (double)from->f : (double)from->i, .number_count = (int)count };
    for (size_t i = 0; i < count; i++)
        numbers[i] = from->n_ints ? (double)from->ints[i] : (double)from->floats[i];
    to->numbers = numbers;
    if (from->has_s)
        to->text = bytes_text(reader, from->s);
    to->texts = arena_array(reader->arena, const char *, from->n_strings + 1);
    for (size_t i = 0; i < from->n_strings; i++)
        to->texts[to->text_count++] = bytes_text(reader, from->strings[i]);
    if (from->t && !(to->array = read_tensor(reader, from->t, &why)))
        draft_refuse(reader->draft, "%s: %s: %s", owner, to->name, why);
}

static void read_node(Reader *reader, const Onnx__Node *from, OnnxNode *to)
{
    *to = (OnnxNode){
        .name = text_of(reader, from->name), .operation = text_of(reader, from->op_type),
        .domain = text_of(reader, from->domain),
        .inputs = texts_of(reader, from->input, from->n_input), .input_count = (int)from->n_input,
        .outputs = texts_of(reader, from->output, from->n_output), .output_count = (int)from->n_output,
        .attributes = arena_array(reader->arena, OnnxAttribute, from->n_attribute + 1),
        .attribute_count = (int)from->n_attribute,
    };
    const char *owner = arena_format(reader->arena, "%s (%s)", *to->name ? to->name : "a node", to->operation);
    for (size_t i = 0; i < from->n_attribute; i++)
        read_attribute(reader, from->attribute[i], owner, &to->attributes[i]);
}

static void read_input(Reader *reader, const Onnx__ValueInfo *from, OnnxInput *to)
{
    const Onnx__TensorType *type = from->type ? from->type->tensor_type : NULL;
    const Onnx__Shape *shape = type ? type->shape : NULL;
    *to = (OnnxInput){ .name = text_of(reader, from->name), .type = type ? type->elem_type : 0,
                       .rank = shape && shape->n_dim <= ONNX_RANK_MAX ? (int)shape->n_dim : -1 };
    for (int d = 0; d < to->rank; d++) {
        const Onnx__Dimension *dimension = shape->dim[d];
        to->shape[d] = dimension->has_dim_value && dimension->dim_value > 0 ? dimension->dim_value : -1;
        to->symbols[d] = text_of(reader, dimension->dim_param);
    }
}

static void read_graph(Reader *reader, const Onnx__Graph *from, OnnxModel *to)
{
    to->nodes = arena_array(reader->arena, OnnxNode, from->n_node + 1);
    to->constants = arena_array(reader->arena, OnnxConstant, from->n_initializer + 1);
    to->inputs = arena_array(reader->arena, OnnxInput, from->n_input + 1);
    to->outputs = arena_array(reader->arena, const char *, from->n_output + 1);
    for (size_t i = 0; i < from->n_node; i++)
        read_node(reader, from->node[i], &to->nodes[to->node_count++]);
    for (size_t i = 0; i < from->n_initializer; i++) {
        const char *why, *name = text_of(reader, from->initializer[i]->name);
        OnnxConstant constant = { name, read_tensor(reader, from->initializer[i], &why) };
        if (constant.array)
            to->constants[to->constant_count++] = constant;
        else
            draft_refuse(reader->draft, "%s: %s", name, why);
    }
    for (size_t i = 0; i < from->n_input; i++)
        read_input(reader, from->input[i], &to->inputs[to->input_count++]);
    for (size_t i = 0; i < from->n_output; i++)
        to->outputs[to->output_count++] = text_of(reader, from->output[i]->name);
}

static OnnxModel *read_model(Reader *reader, const Onnx__Model *from)
{
    OnnxModel *model = arena_new(reader->arena, OnnxModel);
    model->producer = text_of(reader, from->producer_name);
    model->producer_version = text_of(reader, from->producer_version);
    for (size_t i = 0; i < from->n_opset_import; i++) {
        const Onnx__OperatorSet *set = from->opset_import[i];
        if (!set->domain || !*set->domain || !strcmp(set->domain, "ai.onnx"))
            model->opset = set->version > 0 && set->version < 1000 ? (int)set->version : 0;
    }
    read_graph(reader, from->graph, model);
    return model;
}

/* ---- bytes ---- */

/* What the unpacker may still have: a few bytes in a file can ask for a lot of memory. */
typedef struct Budget {
    size_t left;
} Budget;

static void *budget_alloc(void *data, size_t size)
{
    Budget *budget = data;
    if (size > budget->left)
        return NULL;
    budget->left -= size;
    return malloc(size ? size : 1);
}

static void budget_free(void *data, void *pointer)
{
    (void)data;
    free(pointer);
}

static OnnxModel *unpack(Reader *reader, const unsigned char *bytes, size_t length)
{
    Budget budget = { ROOM + ROOM_FOR_A_BYTE * length };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
    const char *why = onnx_guard(bytes, length);
    Onnx__Model *from = why ? NULL : onnx__model__unpack(&allocator, length, bytes);
    OnnxModel *model = NULL;
    int before = diagnostics_count(reader->draft->diagnostics);
    if (why)
        draft_refuse(reader->draft, "is damaged: %s", why);
    else if (!from)
        draft_refuse(reader->draft, "is damaged: it is no ONNX model");
    else if (!from->graph || !from->graph->n_node)
        draft_refuse(reader->draft, "is no ONNX model: there is no graph in it");
    else
        model = read_model(reader, from);
    if (from)
        onnx__model__free_unpacked(from, &allocator);
    return diagnostics_count(reader->draft->diagnostics) == before ? model : NULL;
}

OnnxModel *onnx_read(Draft *draft, const char *path)
{
    Reader reader = { draft, draft->arena, path };
    struct lstmc_mapping file;
    OnnxModel *model = NULL;
    if (lstmc_map_file(path, &file, NULL))
        draft_refuse(draft, "cannot be read");
    else if (file.bytes > FILE_MAX)
        draft_refuse(draft, "is larger than 2 GB: a model of that size keeps its numbers in a file beside it");
    else
        model = unpack(&reader, file.start ? file.start : (const unsigned char *)"", file.bytes);
    lstmc_unmap(&file);
    return model;
}

#else

OnnxModel *onnx_read(Draft *draft, const char *path)
{
    (void)path;
    draft_refuse(draft, "is an ONNX model, and this lstmc was built without libprotobuf-c, which reads them: install "
                 "libprotobuf-c-dev and protobuf-c-compiler, and build lstmc again");
    return NULL;
}

#endif
