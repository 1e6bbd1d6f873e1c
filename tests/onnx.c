/* onnx.c: in: the bytes of an ONNX model or of one tensor.  out: its nodes, attributes, tensors, as the tests want them. */
#include "onnx.h"

#include "runtime/files/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_SIZE 128
#define ELEMENTS_MAX ((size_t)1 << 24)

static int refuse(char *why, const char *what)
{
    snprintf(why, WHY_SIZE, "%s", what);
    return -1;
}

#ifndef HAVE_PROTOBUF_C

int onnx_parse_model(const unsigned char *bytes, size_t length, struct onnx_model *model, char *why)
{
    (void)bytes, (void)length, (void)model;
    return refuse(why, "built without protobuf-c");
}

int onnx_parse_tensor(const unsigned char *bytes, size_t length, struct onnx_tensor *tensor, char *why)
{
    (void)bytes, (void)length, (void)tensor;
    return refuse(why, "built without protobuf-c");
}

#else

#include "onnx.pb-c.h"

static void copy_name(char to[64], const char *from)
{
    snprintf(to, 64, "%s", from ? from : "");
}

/* ---- tensors ---- */

static int shape_of(const Onnx__Tensor *from, struct onnx_tensor *to, char *why)
{
    to->count = 1;
    if (from->n_dims > ONNX_RANK_MAX)
        return refuse(why, "more axes than are known");
    to->rank = (int)from->n_dims;
    for (size_t d = 0; d < from->n_dims; d++) {
        if (from->dims[d] < 0 || (from->dims[d] && to->count > ELEMENTS_MAX / (size_t)from->dims[d]))
            return refuse(why, "the shape is too large");
        to->dims[d] = (size_t)from->dims[d];
        to->count *= to->dims[d];
    }
    return 0;
}

static double raw_value(const uint8_t *at, int type)
{
    uint64_t bits = 0;
    for (int b = 0; b < (type == ONNX_INT64 ? 8 : 4); b++)
        bits |= (uint64_t)at[b] << (8 * b);
    if (type == ONNX_INT64)
        return (double)(int64_t)bits;
    if (type == ONNX_INT32)
        return (double)(int32_t)(uint32_t)bits;
    uint32_t single = (uint32_t)bits;
    float number;
    memcpy(&number, &single, sizeof number);
    return (double)number;
}

/* The values stand in one of two ways. */
static int values_of(const Onnx__Tensor *from, struct onnx_tensor *to, char *why)
{
    size_t size = to->type == ONNX_INT64 ? 8 : 4, listed = to->type == ONNX_FLOAT ? from->n_float_data
                                                           : to->type == ONNX_INT32 ? from->n_int32_data
                                                                                    : from->n_int64_data;
    size_t count = from->raw_data.len ? from->raw_data.len / size : listed;
    if (count != to->count || (from->raw_data.len && from->raw_data.len % size))
        return refuse(why, "the number of elements is not that of the shape");
    if (!(to->values = malloc((count + 1) * sizeof *to->values)))
        return refuse(why, "no memory");
    for (size_t i = 0; i < count; i++)
        to->values[i] = from->raw_data.len ? raw_value(from->raw_data.data + i * size, to->type)
                        : to->type == ONNX_FLOAT ? (double)from->float_data[i]
                        : to->type == ONNX_INT32 ? (double)from->int32_data[i] : (double)from->int64_data[i];
    return 0;
}

static int take_tensor(const Onnx__Tensor *from, struct onnx_tensor *to, char *why)
{
    memset(to, 0, sizeof *to);
    copy_name(to->name, from->name);
    to->type = from->data_type;
    if (to->type != ONNX_FLOAT && to->type != ONNX_INT32 && to->type != ONNX_INT64)
        return refuse(why, "neither float, int32 nor int64");
    return shape_of(from, to, why) || values_of(from, to, why) ? -1 : 0;
}

int onnx_parse_tensor(const unsigned char *bytes, size_t length, struct onnx_tensor *tensor, char *why)
{
    Onnx__Tensor *from = onnx__tensor__unpack(NULL, length, bytes);
    memset(tensor, 0, sizeof *tensor);
    int status = from ? take_tensor(from, tensor, why) : refuse(why, "is malformed");
    if (from)
        onnx__tensor__free_unpacked(from, NULL);
    return status;
}

/* ---- nodes ---- */

static int take_attribute(const Onnx__Attribute *from, struct onnx_attribute *to, char *why)
{
    memset(to, 0, sizeof *to);
    copy_name(to->name, from->name);
    to->has_integer = from->has_i, to->integer = from->i;
    to->has_number = from->has_f, to->number = (double)from->f;
    if (from->has_s && from->s.len < sizeof to->text) {
        to->has_text = 1;
        memcpy(to->text, from->s.data, from->s.len);
    }
    if (from->n_ints > ONNX_NAMES_MAX || from->n_floats > ONNX_NAMES_MAX)
        return refuse(why, "an attribute has too many numbers");
    for (size_t i = 0; i < from->n_ints; i++)
        to->integers[to->integer_count++] = from->ints[i];
    for (size_t i = 0; i < from->n_floats; i++)
        to->numbers[to->number_count++] = (double)from->floats[i];
    return 0;
}

static int take_node(const Onnx__Node *from, struct onnx_node *to, char *why)
{
    memset(to, 0, sizeof *to);
    copy_name(to->operation, from->op_type);
    if (from->n_input > ONNX_NAMES_MAX || from->n_output > ONNX_NAMES_MAX || from->n_attribute > ONNX_NAMES_MAX)
        return refuse(why, "a node has too many inputs, outputs or attributes");
    for (size_t i = 0; i < from->n_input; i++)
        copy_name(to->inputs[to->input_count++], from->input[i]);
    for (size_t i = 0; i < from->n_output; i++)
        copy_name(to->outputs[to->output_count++], from->output[i]);
    for (size_t i = 0; i < from->n_attribute; i++)
        if (take_attribute(from->attribute[i], &to->attributes[to->attribute_count++], why))
            return -1;
    return 0;
}

static int take_graph(const Onnx__Graph *from, struct onnx_model *to, char *why)
{
    if (from->n_node > ONNX_NAMES_MAX || from->n_initializer > ONNX_NAMES_MAX)
        return refuse(why, "the graph has too many nodes");
    for (size_t i = 0; i < from->n_node; i++)
        if (take_node(from->node[i], &to->nodes[to->node_count++], why))
            return -1;
    for (size_t i = 0; i < from->n_initializer; i++)
        if (take_tensor(from->initializer[i], &to->initializers[to->initializer_count++], why))
            return -1;
    return 0;
}

int onnx_parse_model(const unsigned char *bytes, size_t length, struct onnx_model *model, char *why)
{
    Onnx__Model *from = onnx__model__unpack(NULL, length, bytes);
    memset(model, 0, sizeof *model);
    int status = !from ? refuse(why, "is malformed")
                 : from->graph ? take_graph(from->graph, model, why) : refuse(why, "a model has one graph");
    if (from)
        onnx__model__free_unpacked(from, NULL);
    if (status)
        onnx_free_model(model);
    return status;
}

#endif

/* ---- files ---- */

static unsigned char *read_whole(const char *path, size_t *length, char *why)
{
    unsigned char *bytes;
    if (lstmc_file_read(path, &bytes, length, NULL))
        refuse(why, "cannot be read");
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
