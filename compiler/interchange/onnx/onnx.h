/* onnx.h: a model in the ONNX format as plain data: nodes in the order in which they are computed, what they read by
 * name, and the numbers that stand in the file. read.c fills it. */
#ifndef ONNX_H
#define ONNX_H

#include "compiler/interchange/draft/draft.h"

#define ONNX_RANK_MAX 8

/* Types of elements, by their numbers in the format. */
enum { ONNX_FLOAT = 1, ONNX_INT32 = 6, ONNX_INT64 = 7, ONNX_BOOL = 9 };

/* Numbers that are known, whatever their type in the file. A size that is not known yet is a number that no other size
 * is (flow.h): what has been computed from such sizes is `open`, and good for nothing but shapes. */
typedef struct Array {
    int rank;
    int64_t shape[ONNX_RANK_MAX];
    size_t count;
    bool uniform;               /* all are numbers[0], which is the only one that is there */
    bool open;
    bool whole;                 /* of a type of integers */
    double *numbers;            /* row-major */
} Array;

typedef struct OnnxAttribute {
    const char *name;
    bool has_number;
    double number;              /* of a float or an integer */
    const char *text;           /* NULL: none */
    const Array *array;         /* NULL: none */
    const double *numbers; int number_count;
    const char **texts; int text_count;
} OnnxAttribute;

typedef struct OnnxNode {
    const char *name, *operation, *domain;
    const char **inputs; int input_count;           /* "": an optional one that is not there */
    const char **outputs; int output_count;
    OnnxAttribute *attributes; int attribute_count;
} OnnxNode;

typedef struct OnnxInput {
    const char *name;
    int type;
    int rank;                                       /* -1: not said */
    int64_t shape[ONNX_RANK_MAX];                   /* -1: open */
    const char *symbols[ONNX_RANK_MAX];             /* what an open one is called; "" */
} OnnxInput;

typedef struct OnnxConstant {
    const char *name;
    const Array *array;
} OnnxConstant;

typedef struct OnnxModel {
    const char *producer, *producer_version;
    int opset;                                      /* of the operators without a domain */
    OnnxNode *nodes; int node_count;
    OnnxConstant *constants; int constant_count;    /* initializers */
    OnnxInput *inputs; int input_count;
    const char **outputs; int output_count;
} OnnxModel;

/* NULL with a diagnostic (read.c). Numbers in other files are those of its folder. */
OnnxModel *onnx_read(Draft *draft, const char *path);

/* Why these bytes should not be unpacked: NULL if they may be (guard.c). */
const char *onnx_guard(const unsigned char *bytes, size_t length);

/* A part of a file that stands in the folder of the model, or below; *why if it cannot be had (external.c). */
unsigned char *onnx_external(Arena *arena, const char *model, const char *location, size_t offset, size_t length,
                             const char **why);

const OnnxAttribute *onnx_attribute(const OnnxNode *node, const char *name);
double onnx_number(const OnnxNode *node, const char *name, double otherwise);
const char *onnx_text(const OnnxNode *node, const char *name, const char *otherwise);

#endif
