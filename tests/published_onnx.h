/* published_onnx.h: what the files that make cases of the ONNX project's node tests share. */
#ifndef PUBLISHED_ONNX_H
#define PUBLISHED_ONNX_H

#include "onnx.h"
#include "published.h"

typedef struct Files {
    struct onnx_model model;
    struct onnx_tensor inputs[8], outputs[2];
    int input_count, output_count;
} Files;

/* published_onnx_layers.c: true if the node is one of theirs; then it is a case, or skipped for a reason. */
int onnx_window_case(struct published_case *one, const Files *files);           /* convolution, pooling */
int onnx_normalisation_case(struct published_case *one, const Files *files);    /* of batches, of layers */
int onnx_other_case(struct published_case *one, const Files *files);            /* PRelu, ThresholdedRelu, Dropout, products */

/* published_onnx.c */
void onnx_skip(struct published_case *one, const char *reason);
double published_number(const struct onnx_node *node, const char *name, double otherwise);
void onnx_begin(struct published_case *one);
void onnx_end(struct published_case *one, const char *loss, int samples);
void onnx_set_x(struct published_case *one, const double *values, size_t count, int samples);
void onnx_set_expected(struct published_case *one, const double *values, size_t count);
/* [outer][middle][inner] as [outer][inner][middle]: the axis in the middle becomes the last. To be freed. */
double *onnx_axis_last(const double *values, size_t outer, size_t middle, size_t inner);

#endif
