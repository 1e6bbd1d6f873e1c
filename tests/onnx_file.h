/* onnx_file.h: ONNX models as tests make them, read names of, and ask after they were imported. */
#ifndef ONNX_FILE_H
#define ONNX_FILE_H

#include "onnx.h"

typedef struct OnnxFile {
    unsigned char *bytes;
    size_t count, capacity;
} OnnxFile;

/* ---- bytes ---- */

OnnxFile onnx_file_read(const char *path);          /* empty if it cannot be read */
void onnx_file_free(OnnxFile *file);

/* ---- a graph in the making ---- */

/* "batch,time,4": names are open sizes. */
void onnx_graph_input(OnnxFile *graph, const char *name, int type, const char *shape);
void onnx_graph_output(OnnxFile *graph, const char *name);
/* Inputs and outputs "x,W,,b"; attributes "axis=1 alpha=0.5 pads=[1,1] direction=reverse activations=[Relu,Tanh]". */
void onnx_graph_node(OnnxFile *graph, const char *operation, const char *inputs, const char *outputs,
                     const char *attributes);
/* Numbers between -1 and 1 that follow from `seed`; the shape "4,3". */
void onnx_graph_weights(OnnxFile *graph, const char *name, const char *shape, int seed);
double *onnx_weights(size_t count, int seed);           /* the same; to be freed */
void onnx_graph_integers(OnnxFile *graph, const char *name, const char *numbers);       /* "1,0,-1", of one axis */
void onnx_graph_number(OnnxFile *graph, const char *name, float number);                /* of no axis */
/* Numbers that stand in another file. */
void onnx_graph_external(OnnxFile *graph, const char *name, const char *shape, const char *location);
/* The bytes of a tensor, which have its name. */
void onnx_graph_tensor(OnnxFile *graph, const void *bytes, size_t count);

/* A model of that opset with the graph, which is freed; or that file, whose graph gets what is in `graph` besides. */
OnnxFile onnx_file_of(int opset, OnnxFile *graph);
OnnxFile onnx_file_with(const OnnxFile *file, OnnxFile *graph);
/* The file without the outputs of its graph behind the first. */
OnnxFile onnx_file_of_one_output(const OnnxFile *file);

/* ---- names in a file ---- */

typedef struct OnnxNames {
    char inputs[16][64], outputs[16][64];
    int input_count, output_count;
} OnnxNames;

/* Of the graph: its inputs that are no initializers, and its outputs. */
OnnxNames onnx_file_names(const OnnxFile *file);

/* ---- imported and asked ---- */

/* Imports model.onnx of the folder as m.lua and asks it for each row of the batch, which is the first axis of the inputs
 * once their axes are those of the description. outputs[k] becomes a tensor in the axes of the description. Returns how
 * many outputs there are, or -1 with `why`, what the importer or lstmc predict has said. */
#define ONNX_ASK_WHY 1200
int onnx_file_ask(const char *folder, const OnnxNames *names, const struct onnx_tensor *inputs, int input_count,
                  struct onnx_tensor *outputs, char *why);

/* The tensor in the axes that the notes of m.lua say. */
struct onnx_tensor onnx_file_turned(const char *folder, const char *name, const struct onnx_tensor *tensor);

/* An array of numpy; ends the test if it cannot be read. */
struct onnx_tensor onnx_file_array(const char *path);

#endif
