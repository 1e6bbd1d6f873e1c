/* onnx.h: reads what the ONNX project's published tests consist of: a model's nodes, and tensors, by protobuf-c; what is
 * malformed is refused as a whole. */
#ifndef ONNX_H
#define ONNX_H

#include <stddef.h>
#include <stdint.h>

#define ONNX_RANK_MAX 8
#define ONNX_NAMES_MAX 16

enum { ONNX_FLOAT = 1, ONNX_INT32 = 6, ONNX_INT64 = 7 };    /* TensorProto.DataType */

struct onnx_tensor {
    char name[64];
    int rank;
    size_t dims[ONNX_RANK_MAX];
    size_t count;
    double *values;             /* whatever the type, row-major */
    int type;
};

struct onnx_attribute {
    char name[64];
    int has_integer, has_number, has_text;
    int64_t integer;
    double number;
    char text[64];
    int64_t integers[ONNX_NAMES_MAX];
    int integer_count;
    double numbers[ONNX_NAMES_MAX];
    int number_count;
};

struct onnx_node {
    char operation[64];
    char inputs[ONNX_NAMES_MAX][64];    /* "" for one that is left out */
    char outputs[ONNX_NAMES_MAX][64];
    int input_count, output_count;
    struct onnx_attribute attributes[ONNX_NAMES_MAX];
    int attribute_count;
};

struct onnx_model {
    struct onnx_node nodes[ONNX_NAMES_MAX];
    int node_count;
    struct onnx_tensor initializers[ONNX_NAMES_MAX];
    int initializer_count;
};

/* 0, or -1 with `why` (at least 128 characters) in words; nothing is left to free then. */
int  onnx_read_model(const char *path, struct onnx_model *model, char *why);
int  onnx_read_tensor(const char *path, struct onnx_tensor *tensor, char *why);
/* The same from memory. */
int  onnx_parse_model(const unsigned char *bytes, size_t length, struct onnx_model *model, char *why);
int  onnx_parse_tensor(const unsigned char *bytes, size_t length, struct onnx_tensor *tensor, char *why);
void onnx_free_model(struct onnx_model *model);
void onnx_free_tensor(struct onnx_tensor *tensor);

/* NULL if the node has no such attribute. */
const struct onnx_attribute *published_attribute(const struct onnx_node *node, const char *name);

#endif
