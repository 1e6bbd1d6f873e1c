/* onnx_file.c: in: what a test says of nodes and numbers, or a file.  out: bytes in the format of ONNX, and the names in
 * them. */
#include "onnx_file.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

static void add(OnnxFile *file, const void *bytes, size_t count)
{
    if (file->count + count > file->capacity) {
        file->capacity = 2 * (file->count + count) + 64;
        file->bytes = realloc(file->bytes, file->capacity);
        cr_assert(file->bytes, "no memory");
    }
    if (count)
        memcpy(file->bytes + file->count, bytes, count);
    file->count += count;
}

static void add_varint(OnnxFile *file, uint64_t number)
{
    do {
        unsigned char byte = (unsigned char)((number & 127) | (number > 127 ? 128 : 0));
        add(file, &byte, 1);
        number >>= 7;
    } while (number);
}

static void add_number(OnnxFile *file, int field, int64_t number)
{
    add_varint(file, (uint64_t)field << 3);
    add_varint(file, (uint64_t)number);
}

static void add_bytes(OnnxFile *file, int field, const void *bytes, size_t count)
{
    add_varint(file, ((uint64_t)field << 3) | 2);
    add_varint(file, count);
    add(file, bytes, count);
}

static void add_text(OnnxFile *file, int field, const char *text)
{
    add_bytes(file, field, text, strlen(text));
}

static void add_word(OnnxFile *file, float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    unsigned char bytes[] = { (unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16),
                              (unsigned char)(bits >> 24) };
    add(file, bytes, sizeof bytes);
}

static void add_float(OnnxFile *file, int field, float number)
{
    add_varint(file, ((uint64_t)field << 3) | 5);
    add_word(file, number);
}

/* A message in a message; it is freed. */
static void add_message(OnnxFile *file, int field, OnnxFile *inside)
{
    add_bytes(file, field, inside->bytes, inside->count);
    onnx_file_free(inside);
}

void onnx_file_free(OnnxFile *file)
{
    free(file->bytes);
    *file = (OnnxFile){ NULL, 0, 0 };
}

OnnxFile onnx_file_read(const char *path)
{
    OnnxFile file = { NULL, 0, 0 };
    unsigned char chunk[4096];
    size_t count;
    FILE *stream = fopen(path, "rb");
    while (stream && (count = fread(chunk, 1, sizeof chunk, stream)) > 0)
        add(&file, chunk, count);
    if (stream)
        fclose(stream);
    return file;
}

/* ---- graphs ---- */

/* Calls visit for each item of "a,b,,c"; none of "". */
static void each_item(const char *list, void (*visit)(OnnxFile *to, int field, const char *item), OnnxFile *to, int field)
{
    char item[256];
    while (*list) {
        size_t length = strcspn(list, ",");
        snprintf(item, sizeof item, "%.*s", (int)length, list);
        visit(to, field, item);
        list += length;
        if (*list)
            list++;
    }
}

static void add_dimension(OnnxFile *shape, int field, const char *item)
{
    OnnxFile dimension = { NULL, 0, 0 };
    if (isdigit((unsigned char)*item))
        add_number(&dimension, 1, atoi(item));
    else
        add_text(&dimension, 2, item);
    add_message(shape, field, &dimension);
}

static void add_integer(OnnxFile *to, int field, const char *item)
{
    add_number(to, field, atoll(item));
}

void onnx_graph_input(OnnxFile *graph, const char *name, int type, const char *shape)
{
    OnnxFile dimensions = { NULL, 0, 0 }, tensor = { NULL, 0, 0 }, of = { NULL, 0, 0 }, value = { NULL, 0, 0 };
    each_item(shape, add_dimension, &dimensions, 1);
    add_number(&tensor, 1, type);
    add_message(&tensor, 2, &dimensions);
    add_message(&of, 1, &tensor);
    add_text(&value, 1, name);
    add_message(&value, 2, &of);
    add_message(graph, 11, &value);
}

void onnx_graph_output(OnnxFile *graph, const char *name)
{
    OnnxFile value = { NULL, 0, 0 };
    add_text(&value, 1, name);
    add_message(graph, 12, &value);
}

/* One item of a list in brackets, or what stands without them. */
static void add_value(OnnxFile *attribute, int list, const char *item)
{
    char *end;
    double number = strtod(item, &end);
    if (*end || !*item)
        add_text(attribute, list ? 9 : 4, item);
    else if (strchr(item, '.'))
        add_float(attribute, list ? 7 : 2, (float)number);
    else
        add_number(attribute, list ? 8 : 3, atoll(item));
}

static void add_attribute(OnnxFile *node, const char *text)
{
    OnnxFile attribute = { NULL, 0, 0 };
    const char *value = strchr(text, '=') + 1;
    char name[64], inside[256];
    snprintf(name, sizeof name, "%.*s", (int)(value - text - 1), text);
    add_text(&attribute, 1, name);
    if (*value == '[') {
        snprintf(inside, sizeof inside, "%.*s", (int)strcspn(value + 1, "]"), value + 1);
        each_item(inside, add_value, &attribute, 1);
    } else {
        add_value(&attribute, 0, value);
    }
    add_message(node, 5, &attribute);
}

void onnx_graph_node(OnnxFile *graph, const char *operation, const char *inputs, const char *outputs,
                     const char *attributes)
{
    OnnxFile node = { NULL, 0, 0 };
    char copy[512], *rest = NULL;
    each_item(inputs, add_text, &node, 1);
    each_item(outputs, add_text, &node, 2);
    add_text(&node, 3, outputs);
    add_text(&node, 4, operation);
    snprintf(copy, sizeof copy, "%s", attributes);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        add_attribute(&node, word);
    add_message(graph, 1, &node);
}

static void count_items(OnnxFile *to, int field, const char *item)
{
    (void)field;
    to->count *= (size_t)atoi(item);
}

double *onnx_weights(size_t count, int seed)
{
    uint32_t state = (uint32_t)seed * 2654435761u + 1;
    double *numbers = calloc(count + 1, sizeof *numbers);
    cr_assert(numbers);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        numbers[i] = (double)((float)(state >> 8) / 8388608.0f - 1);
    }
    return numbers;
}

void onnx_graph_weights(OnnxFile *graph, const char *name, const char *shape, int seed)
{
    OnnxFile tensor = { NULL, 0, 0 }, raw = { NULL, 0, 0 }, elements = { NULL, 1, 0 };
    each_item(shape, count_items, &elements, 0);
    double *numbers = onnx_weights(elements.count, seed);
    for (size_t i = 0; i < elements.count; i++)
        add_word(&raw, (float)numbers[i]);
    each_item(shape, add_integer, &tensor, 1);
    add_number(&tensor, 2, ONNX_FLOAT);
    add_text(&tensor, 8, name);
    add_message(&tensor, 9, &raw);
    add_message(graph, 5, &tensor);
    free(numbers);
}

void onnx_graph_integers(OnnxFile *graph, const char *name, const char *numbers)
{
    OnnxFile tensor = { NULL, 0, 0 };
    int64_t count = *numbers ? 1 : 0;
    for (const char *c = numbers; *c; c++)
        count += *c == ',';
    add_number(&tensor, 1, count);
    add_number(&tensor, 2, ONNX_INT64);
    each_item(numbers, add_integer, &tensor, 7);
    add_text(&tensor, 8, name);
    add_message(graph, 5, &tensor);
}

void onnx_graph_number(OnnxFile *graph, const char *name, float number)
{
    OnnxFile tensor = { NULL, 0, 0 };
    add_number(&tensor, 2, ONNX_FLOAT);
    add_float(&tensor, 4, number);
    add_text(&tensor, 8, name);
    add_message(graph, 5, &tensor);
}

void onnx_graph_external(OnnxFile *graph, const char *name, const char *shape, const char *location)
{
    OnnxFile tensor = { NULL, 0, 0 }, entry = { NULL, 0, 0 };
    each_item(shape, add_integer, &tensor, 1);
    add_number(&tensor, 2, ONNX_FLOAT);
    add_text(&tensor, 8, name);
    add_text(&entry, 1, "location");
    add_text(&entry, 2, location);
    add_message(&tensor, 13, &entry);
    add_number(&tensor, 14, 1);
    add_message(graph, 5, &tensor);
}

void onnx_graph_tensor(OnnxFile *graph, const void *bytes, size_t count)
{
    add_bytes(graph, 5, bytes, count);
}

OnnxFile onnx_file_of(int opset, OnnxFile *graph)
{
    OnnxFile model = { NULL, 0, 0 }, set = { NULL, 0, 0 };
    add_number(&model, 1, 8);
    add_message(&model, 7, graph);
    add_number(&set, 2, opset);
    add_message(&model, 8, &set);
    return model;
}

OnnxFile onnx_file_with(const OnnxFile *file, OnnxFile *graph)
{
    OnnxFile model = { NULL, 0, 0 };
    add(&model, file->bytes, file->count);
    add_message(&model, 7, graph);
    return model;
}

/* ---- names ---- */

typedef void Visit(void *context, int field, const unsigned char *bytes, size_t count);

static size_t varint(const unsigned char **at)
{
    size_t number = 0;
    int shift = 0;
    do
        number |= (size_t)(**at & 127) << shift;
    while (shift += 7, *(*at)++ & 128);
    return number;
}

/* The fields with a length, of a file that is sound. */
static void each_field(const unsigned char *at, size_t count, Visit *visit, void *context)
{
    for (const unsigned char *end = at + count; at < end;) {
        size_t key = varint(&at), wire = key & 7, length = wire == 1 ? 8 : wire == 5 ? 4 : 0;
        if (wire == 0)
            varint(&at);
        if (wire == 2) {
            length = varint(&at);
            visit(context, (int)(key >> 3), at, length);
        }
        at += length;
    }
}

typedef struct Found {
    OnnxNames names;
    char constants[64][64], name[64];
    int constant_count, wanted;
} Found;

static void visit_name(void *context, int field, const unsigned char *bytes, size_t count)
{
    Found *found = context;
    if (field == found->wanted)
        snprintf(found->name, sizeof found->name, "%.*s", (int)count, (const char *)bytes);
}

static void visit_graph(void *context, int field, const unsigned char *bytes, size_t count)
{
    Found *found = context;
    if (field != 5 && field != 11 && field != 12)
        return;
    found->wanted = field == 5 ? 8 : 1;
    *found->name = 0;
    each_field(bytes, count, visit_name, found);
    if (field == 5 && found->constant_count < 64)
        strcpy(found->constants[found->constant_count++], found->name);
    if (field == 11 && found->names.input_count < 16)
        strcpy(found->names.inputs[found->names.input_count++], found->name);
    if (field == 12 && found->names.output_count < 16)
        strcpy(found->names.outputs[found->names.output_count++], found->name);
}

static void visit_model(void *context, int field, const unsigned char *bytes, size_t count)
{
    if (field == 7)
        each_field(bytes, count, visit_graph, context);
}

typedef struct Copy {
    OnnxFile to;
    int outputs;
} Copy;

static void copy_graph(void *context, int field, const unsigned char *bytes, size_t count)
{
    Copy *copy = context;
    if (field != 12 || !copy->outputs++)
        add_bytes(&copy->to, field, bytes, count);
}

static void copy_model(void *context, int field, const unsigned char *bytes, size_t count)
{
    Copy *copy = context, graph = { { NULL, 0, 0 }, 0 };
    if (field != 7) {
        add_bytes(&copy->to, field, bytes, count);
        return;
    }
    each_field(bytes, count, copy_graph, &graph);
    add_message(&copy->to, 7, &graph.to);
}

OnnxFile onnx_file_of_one_output(const OnnxFile *file)
{
    Copy copy = { { NULL, 0, 0 }, 0 };
    each_field(file->bytes, file->count, copy_model, &copy);
    return copy.to;
}

OnnxNames onnx_file_names(const OnnxFile *file)
{
    Found *found = calloc(1, sizeof *found);
    cr_assert(found);
    each_field(file->bytes, file->count, visit_model, found);
    OnnxNames names = found->names;
    names.input_count = 0;
    for (int i = 0; i < found->names.input_count; i++) {
        int known = 0;
        for (int k = 0; k < found->constant_count; k++)
            known |= !strcmp(found->constants[k], found->names.inputs[i]);
        if (!known)
            memcpy(names.inputs[names.input_count++], found->names.inputs[i], sizeof names.inputs[0]);
    }
    free(found);
    return names;
}
