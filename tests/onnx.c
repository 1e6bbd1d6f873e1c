/* onnx.c: in: protocol buffer bytes of an ONNX ModelProto or TensorProto.  out: its nodes, attributes, tensors.
 * Field numbers are those of onnx.proto; fields that the tests do not need are skipped by their wire type. */
#include "onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_SIZE 128
#define ELEMENTS_MAX ((size_t)1 << 24)

typedef struct Reader {
    const unsigned char *at, *end;
    char *why;
} Reader;

typedef struct Field {
    int number, wire;
    uint64_t integer;           /* wire 0, 1 and 5 */
    Reader bytes;               /* wire 2 */
} Field;

static int refuse(const Reader *reader, const char *what)
{
    snprintf(reader->why, WHY_SIZE, "%s", what);
    return -1;
}

static int read_varint(Reader *reader, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (reader->at == reader->end)
            return refuse(reader, "ends inside a number");
        unsigned char byte = *reader->at++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128))
            return 0;
    }
    return refuse(reader, "a number of more than 64 bits");
}

static int read_fixed(Reader *reader, int bytes, uint64_t *value)
{
    if (reader->end - reader->at < bytes)
        return refuse(reader, "ends inside a number");
    *value = 0;
    for (int i = 0; i < bytes; i++)
        *value |= (uint64_t)*reader->at++ << (8 * i);
    return 0;
}

/* The next field; 1 if there was one, 0 at the end, -1 if malformed. */
static int next_field(Reader *reader, Field *field)
{
    uint64_t key, length;
    if (reader->at == reader->end)
        return 0;
    if (read_varint(reader, &key))
        return -1;
    if (key >> 3 == 0 || key >> 3 > 536870911)
        return refuse(reader, "a field number out of range");
    field->number = (int)(key >> 3);
    field->wire = (int)(key & 7);
    switch (field->wire) {
    case 0: return read_varint(reader, &field->integer) ? -1 : 1;
    case 1: return read_fixed(reader, 8, &field->integer) ? -1 : 1;
    case 5: return read_fixed(reader, 4, &field->integer) ? -1 : 1;
    case 2: break;
    default: return refuse(reader, "an unknown wire type");
    }
    if (read_varint(reader, &length))
        return -1;
    if (length > (uint64_t)(reader->end - reader->at))
        return refuse(reader, "a length beyond the end");
    field->bytes = (Reader){ .at = reader->at, .end = reader->at + length, .why = reader->why };
    reader->at += length;
    return 1;
}

static int read_text(const Field *field, char *text, size_t size)
{
    if (field->wire != 2)
        return refuse(&field->bytes, "a text of another wire type");
    size_t length = (size_t)(field->bytes.end - field->bytes.at);
    if (length >= size)
        return refuse(&field->bytes, "a text that is too long");
    memcpy(text, field->bytes.at, length);
    text[length] = 0;
    return 0;
}

static double float_of_bits(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static int add_number(const Reader *reader, double *items, int *count, double value)
{
    if (*count == ONNX_NAMES_MAX)
        return refuse(reader, "too many numbers in an attribute");
    items[(*count)++] = value;
    return 0;
}

/* A repeated number comes one by one, or packed into one field. `wire`: 0 varint, 5 fixed 32 bits, 1 fixed 64 bits. */
static int next_packed(Field *field, int wire, uint64_t *value)
{
    if (field->wire == wire) {
        *value = field->integer;
        field->wire = 2;                /* an empty rest follows */
        field->bytes.at = field->bytes.end = NULL;
        return 1;
    }
    if (field->wire != 2)
        return refuse(&field->bytes, "numbers of another wire type");
    if (field->bytes.at == field->bytes.end)
        return 0;
    if (wire == 0)
        return read_varint(&field->bytes, value) ? -1 : 1;
    return read_fixed(&field->bytes, wire == 5 ? 4 : 8, value) ? -1 : 1;
}

static int read_attribute(Reader reader, struct onnx_attribute *attribute)
{
    Field field = { .bytes = { .why = reader.why } };
    uint64_t value;
    int more;
    memset(attribute, 0, sizeof *attribute);
    while ((more = next_field(&reader, &field)) > 0) {
        field.bytes.why = reader.why;
        int status = 0, next;
        switch (field.number) {
        case 1: status = read_text(&field, attribute->name, sizeof attribute->name); break;
        case 2: attribute->has_number = 1; attribute->number = float_of_bits(field.integer); status = field.wire == 5 ? 0 : -1; break;
        case 3: attribute->has_integer = 1; attribute->integer = (int64_t)field.integer; status = field.wire == 0 ? 0 : -1; break;
        case 4: attribute->has_text = 1; status = read_text(&field, attribute->text, sizeof attribute->text); break;
        case 7:
            while (!status && (next = next_packed(&field, 5, &value)) != 0)
                status = next < 0 ? -1 : add_number(&reader, attribute->numbers, &attribute->number_count, float_of_bits(value));
            break;
        case 8:
            while (!status && (next = next_packed(&field, 0, &value)) != 0) {
                if (next < 0 || attribute->integer_count == ONNX_NAMES_MAX)
                    return refuse(&reader, "the integers of an attribute");
                attribute->integers[attribute->integer_count++] = (int64_t)value;
            }
            break;
        default: break;
        }
        if (status)
            return refuse(&reader, "an attribute's value is malformed");
    }
    return more;
}

static int read_node(Reader reader, struct onnx_node *node)
{
    Field field = { .bytes = { .why = reader.why } };
    int more;
    memset(node, 0, sizeof *node);
    while ((more = next_field(&reader, &field)) > 0) {
        int status = 0;
        field.bytes.why = reader.why;
        if (node->input_count == ONNX_NAMES_MAX || node->output_count == ONNX_NAMES_MAX || node->attribute_count == ONNX_NAMES_MAX)
            return refuse(&reader, "too many inputs, outputs or attributes");
        switch (field.number) {
        case 1: status = read_text(&field, node->inputs[node->input_count++], sizeof node->inputs[0]); break;
        case 2: status = read_text(&field, node->outputs[node->output_count++], sizeof node->outputs[0]); break;
        case 4: status = read_text(&field, node->operation, sizeof node->operation); break;
        case 5:
            status = field.wire != 2 ? refuse(&reader, "an attribute of another wire type")
                                     : read_attribute(field.bytes, &node->attributes[node->attribute_count++]);
            break;
        default: break;
        }
        if (status)
            return -1;
    }
    return more;
}

/* Growing list of the values of float_data, int32_data, int64_data. */
typedef struct Values {
    double *items;
    size_t count, capacity;
} Values;

static int add_value(const Reader *reader, Values *values, double value)
{
    if (values->count == values->capacity) {
        size_t capacity = values->capacity ? 2 * values->capacity : 64;
        double *items = capacity > ELEMENTS_MAX ? NULL : realloc(values->items, capacity * sizeof *items);
        if (!items)
            return refuse(reader, "too many elements");
        values->items = items;
        values->capacity = capacity;
    }
    values->items[values->count++] = value;
    return 0;
}

static int add_raw(Reader raw, int type, Values *values)
{
    uint64_t bits;
    while (raw.at < raw.end) {
        if (read_fixed(&raw, type == ONNX_INT64 ? 8 : 4, &bits))
            return -1;
        double value = type == ONNX_FLOAT ? float_of_bits(bits) : type == ONNX_INT64 ? (double)(int64_t)bits : (double)(int32_t)(uint32_t)bits;
        if (add_value(&raw, values, value))
            return -1;
    }
    return 0;
}

static int read_values(Reader *reader, Field *field, int wire, int type, Values *values)
{
    uint64_t bits;
    int next;
    while ((next = next_packed(field, wire, &bits)) > 0)
        if (add_value(reader, values, type == ONNX_FLOAT ? float_of_bits(bits) : type == ONNX_INT32 ? (double)(int32_t)(uint32_t)bits : (double)(int64_t)bits))
            return -1;
    return next;
}

static int read_dims(Reader *reader, Field *field, struct onnx_tensor *tensor)
{
    uint64_t value;
    int next;
    while ((next = next_packed(field, 0, &value)) > 0) {
        if (tensor->rank == ONNX_RANK_MAX || value > ELEMENTS_MAX)
            return refuse(reader, "a shape out of range");
        tensor->dims[tensor->rank++] = (size_t)value;
    }
    return next;
}

static int read_tensor_fields(Reader reader, struct onnx_tensor *tensor, Values *values, Reader *raw)
{
    Field field = { .bytes = { .why = reader.why } };
    int more;
    while ((more = next_field(&reader, &field)) > 0) {
        int status = 0;
        field.bytes.why = reader.why;
        switch (field.number) {
        case 1: status = read_dims(&reader, &field, tensor); break;
        case 2: tensor->type = (int)field.integer; status = field.wire == 0 ? 0 : refuse(&reader, "the type is malformed"); break;
        case 4: status = read_values(&reader, &field, 5, ONNX_FLOAT, values); break;
        case 5: status = read_values(&reader, &field, 0, ONNX_INT32, values); break;
        case 7: status = read_values(&reader, &field, 0, ONNX_INT64, values); break;
        case 8: status = read_text(&field, tensor->name, sizeof tensor->name); break;
        case 9: *raw = field.bytes; status = field.wire == 2 ? 0 : refuse(&reader, "raw_data is malformed"); break;
        default: break;
        }
        if (status)
            return -1;
    }
    return more;
}

static int read_tensor(Reader reader, struct onnx_tensor *tensor)
{
    Values values = { .items = NULL };
    Reader raw = { .why = reader.why };
    memset(tensor, 0, sizeof *tensor);
    int status = read_tensor_fields(reader, tensor, &values, &raw);
    if (!status && tensor->type != ONNX_FLOAT && tensor->type != ONNX_INT32 && tensor->type != ONNX_INT64)
        status = refuse(&reader, "a tensor that is neither float nor int32 nor int64");
    if (!status && raw.at)
        status = add_raw(raw, tensor->type, &values);
    tensor->count = 1;
    for (int i = 0; i < tensor->rank && !status; i++) {
        tensor->count *= tensor->dims[i];
        if (tensor->count > ELEMENTS_MAX)
            status = refuse(&reader, "a shape out of range");
    }
    if (!status && values.count != tensor->count)
        status = refuse(&reader, "the number of elements is not that of the shape");
    if (status) {
        free(values.items);
        return -1;
    }
    tensor->values = values.items;
    return 0;
}

static int read_graph(Reader reader, struct onnx_model *model)
{
    Field field = { .bytes = { .why = reader.why } };
    int more;
    while ((more = next_field(&reader, &field)) > 0) {
        if (field.number != 1 && field.number != 5)
            continue;
        if (field.wire != 2 || model->node_count == ONNX_NAMES_MAX || model->initializer_count == ONNX_NAMES_MAX)
            return refuse(&reader, "the graph has too many nodes, or is malformed");
        if (field.number == 1) {
            if (read_node(field.bytes, &model->nodes[model->node_count++]))
                return -1;
        } else {
            if (read_tensor(field.bytes, &model->initializers[model->initializer_count]))
                return -1;
            model->initializer_count++;
        }
    }
    return more;
}

int onnx_parse_model(const unsigned char *bytes, size_t length, struct onnx_model *model, char *why)
{
    Reader reader = { .at = bytes, .end = bytes + length, .why = why };
    Field field = { .bytes = { .why = why } };
    int more, graphs = 0;
    memset(model, 0, sizeof *model);
    while ((more = next_field(&reader, &field)) > 0) {
        if (field.number != 7)
            continue;
        graphs++;
        if (field.wire != 2 || read_graph(field.bytes, model)) {
            more = -1;
            break;
        }
    }
    if (!more && graphs != 1)
        more = refuse(&reader, "a model has one graph");
    if (more)
        onnx_free_model(model);
    return more;
}

int onnx_parse_tensor(const unsigned char *bytes, size_t length, struct onnx_tensor *tensor, char *why)
{
    return read_tensor((Reader){ .at = bytes, .end = bytes + length, .why = why }, tensor);
}

static unsigned char *read_whole(const char *path, size_t *length, char *why)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long size = -1;
    if (file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0 && !fseek(file, 0, SEEK_SET) && (bytes = malloc((size_t)size + 1)))
        *length = fread(bytes, 1, (size_t)size, file);
    if (!bytes || *length != (size_t)size) {
        snprintf(why, WHY_SIZE, "cannot be read");
        free(bytes);
        bytes = NULL;
    }
    if (file)
        fclose(file);
    return bytes;
}

int onnx_read_model(const char *path, struct onnx_model *model, char *why)
{
    size_t length = 0;
    unsigned char *bytes = read_whole(path, &length, why);
    int status = bytes ? onnx_parse_model(bytes, length, model, why) : -1;
    free(bytes);
    return status;
}

int onnx_read_tensor(const char *path, struct onnx_tensor *tensor, char *why)
{
    size_t length = 0;
    unsigned char *bytes = read_whole(path, &length, why);
    int status = bytes ? onnx_parse_tensor(bytes, length, tensor, why) : -1;
    free(bytes);
    return status;
}

void onnx_free_tensor(struct onnx_tensor *tensor)
{
    free(tensor->values);
    tensor->values = NULL;
    tensor->count = 0;
}

void onnx_free_model(struct onnx_model *model)
{
    for (int i = 0; i < model->initializer_count; i++)
        onnx_free_tensor(&model->initializers[i]);
    model->initializer_count = 0;
}

const struct onnx_attribute *published_attribute(const struct onnx_node *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; i++)
        if (!strcmp(node->attributes[i].name, name))
            return &node->attributes[i];
    return NULL;
}
