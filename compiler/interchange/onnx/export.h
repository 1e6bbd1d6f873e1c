/* export.h: a model on its way to ONNX: nodes and numbers, opset 17. */
#ifndef ONNX_EXPORT_H
#define ONNX_EXPORT_H

#include "compiler/base/diag.h"
#include "compiler/front/model.h"

#define EXPORT_OPSET 17
#define EXPORT_RANK_MAX 8
#define EXPORT_OPEN (-1)            /* an extent that is not fixed: the batch */

typedef enum ExportType { EXPORT_FLOAT = 1, EXPORT_INT32 = 6, EXPORT_INT64 = 7 } ExportType;

typedef struct ExportAttribute {
    const char *name, *text;        /* with a text, or texts, or a number, or integers, or floats */
    const char **texts; int text_count;
    bool is_integer, is_float;
    int64_t integer; float number;
    int64_t *integers; int integer_count;
    float *floats; int float_count;
} ExportAttribute;

typedef struct ExportNode {
    const char *operation, *name;
    const char **inputs; int input_count, input_capacity;   /* "": an optional one that is not there */
    const char **outputs; int output_count, output_capacity;
    ExportAttribute *attributes; int attribute_count, attribute_capacity;
} ExportNode;

typedef struct ExportTensor {       /* numbers, or, without them, an input or an output */
    const char *name;
    ExportType type;
    int rank;
    int64_t shape[EXPORT_RANK_MAX];
    const float *floats;
    const int64_t *integers;
} ExportTensor;

typedef struct OnnxExport {
    Arena *arena;
    Diagnostics *diagnostics;
    const Model *model;
    const float *weights;
    bool stream;                    /* one step at a time, with states as inputs and outputs */
    ExportNode **nodes; int node_count, node_capacity;
    ExportTensor *constants; int constant_count, constant_capacity;
    ExportTensor *inputs; int input_count, input_capacity;
    ExportTensor *outputs; int output_count, output_capacity;
    int names;                      /* of flows so far */
} OnnxExport;

/* One layer: what it reads, and the name that its output is to have in the end. */
typedef struct ExportLayer {
    const Layer *layer;
    const char **x; int x_count;
    const char *y;
} ExportLayer;

/* A diagnostic that names the layer. */
void export_cannot(OnnxExport *to, const Layer *layer, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- building (export_graph.c) ---- */

/* "lstm/transposed" that no other flow is called. */
const char *export_flow(OnnxExport *to, const ExportLayer *one, const char *what);
/* A node with these inputs, NULL at the end, and one output, whose name it returns; further ones by export_output. */
ExportNode *export_node(OnnxExport *to, const ExportLayer *one, const char *operation, const char *output, ...);
void export_output(OnnxExport *to, ExportNode *node, const char *output);
void export_integer(OnnxExport *to, ExportNode *node, const char *name, int64_t value);
void export_number(OnnxExport *to, ExportNode *node, const char *name, double value);
void export_text(OnnxExport *to, ExportNode *node, const char *name, const char *text);
void export_texts(OnnxExport *to, ExportNode *node, const char *name, const char **texts, int count);
void export_integers(OnnxExport *to, ExportNode *node, const char *name, const int64_t *values, int count);
void export_floats(OnnxExport *to, ExportNode *node, const char *name, const float *values, int count);

/* Numbers of the file; the name is returned. */
const char *export_floats_constant(OnnxExport *to, const char *name, int rank, const int64_t *shape,
                                   const float *values);
const char *export_integers_constant(OnnxExport *to, const ExportLayer *one, const char *what, int count,
                                     const int64_t *values);
/* A weight as it is, or with its axes in another order; NULL for a weight that is not there. */
const char *export_weight(OnnxExport *to, const struct lstmc_tensor *weight, const int *axes);
const char *export_scalar(OnnxExport *to, const ExportLayer *one, const char *what, double value);

/* perm as Transpose has it. */
const char *export_transposed(OnnxExport *to, const ExportLayer *one, const char *x, const char *y, int rank,
                              const int64_t *perm);

/* ---- layers ---- */

/* y = activation(x) (export_activation.c); `name` NULL or "linear": x itself, as y. */
void export_activation(OnnxExport *to, const ExportLayer *one, const char *name, const char *x, const char *y);
/* What ONNX's cells call it, with alpha and beta, of which it takes so many; NULL: they have none such. */
const char *export_cell_activation(const char *name, float *alpha, float *beta, int *numbers);

/* SimpleRNN, LSTM, GRU, Bidirectional (export_recurrent.c); any other (export_layer.c); windows (export_window.c);
 * attention (export_attention.c). False: it is none of these. */
void export_recurrent(OnnxExport *to, const ExportLayer *one);
/* A state behind the last step of the layer that it reads. */
void export_final_state(OnnxExport *to, const ExportLayer *one);
void export_layer(OnnxExport *to, const ExportLayer *one);
bool export_window(OnnxExport *to, const ExportLayer *one);
bool export_attention(OnnxExport *to, const ExportLayer *one);

/* The bytes of the file (export_write.c); NULL with *why if there is no protobuf. */
char *export_bytes(OnnxExport *to, size_t *length, const char **why);

#endif
