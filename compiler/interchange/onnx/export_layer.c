/* export_layer.c: in: a layer that is neither a loop over time nor a window.  out: its nodes. */
#include "export.h"

#include <string.h>

typedef void Exporter(OnnxExport *to, const ExportLayer *one);

/* ---- with weights ---- */

static void dense_of(OnnxExport *to, const ExportLayer *one, const Layer *layer)
{
    const char *kernel = export_weight(to, layer_weight(layer, "kernel"), NULL);
    const char *bias = export_weight(to, layer_weight(layer, "bias"), NULL);
    const char *sums = export_flow(to, one, "sums"), *name = layer_text(layer, "activation");
    if (one->layer->input.rank == 1) {
        export_node(to, one, "Gemm", sums, one->x[0], kernel, bias, NULL);
    } else {
        const char *product = bias ? export_flow(to, one, "product") : sums;
        export_node(to, one, "MatMul", product, one->x[0], kernel, NULL);
        if (bias)
            export_node(to, one, "Add", sums, product, bias, NULL);
    }
    export_activation(to, one, name, sums, one->y);
}

static void dense(OnnxExport *to, const ExportLayer *one)
{
    dense_of(to, one, one->layer);
}

static void time_distributed(OnnxExport *to, const ExportLayer *one)
{
    if (!strcmp(one->layer->sublayers[0].kind, "Dense"))
        dense_of(to, one, &one->layer->sublayers[0]);
    else
        export_cannot(to, one->layer, "TimeDistributed of %s is not exported", one->layer->sublayers[0].kind);
}

static void embedding(OnnxExport *to, const ExportLayer *one)
{
    export_node(to, one, "Gather", one->y, export_weight(to, layer_weight(one->layer, "embeddings"), NULL), one->x[0],
                NULL);
}

/* A weight, or as many of one number. */
static const char *or_constant(OnnxExport *to, const ExportLayer *one, const char *name, float otherwise)
{
    const struct lstmc_tensor *weight = layer_weight(one->layer, name);
    int64_t count = one->layer->input.extent[one->layer->input.rank - 1];
    if (weight)
        return export_weight(to, weight, NULL);
    float *values = arena_array(to->arena, float, count);
    for (int64_t i = 0; i < count; i++)
        values[i] = otherwise;
    return export_floats_constant(to, export_flow(to, one, name), 1, &count, values);
}

/* Of features that stand last: by channels first, if there are other axes. */
static void batch_normalization(OnnxExport *to, const ExportLayer *one)
{
    static const int64_t perms[2][2][4] = { { { 0, 2, 1 }, { 0, 2, 1 } }, { { 0, 3, 1, 2 }, { 0, 2, 3, 1 } } };
    int rank = one->layer->input.rank;
    const char *x = one->x[0], *y = one->y;
    if (rank > 3) {
        export_cannot(to, one->layer, "batch normalisation of sequences of images is not exported");
        return;
    }
    if (rank > 1) {
        x = export_transposed(to, one, x, export_flow(to, one, "channels_first"), rank + 1, perms[rank - 2][0]);
        y = export_flow(to, one, "normalized");
    }
    ExportNode *node = export_node(to, one, "BatchNormalization", y, x, or_constant(to, one, "gamma", 1),
                                   or_constant(to, one, "beta", 0), or_constant(to, one, "moving_mean", 0),
                                   or_constant(to, one, "moving_variance", 1), NULL);
    export_number(to, node, "epsilon", layer_number(one->layer, "epsilon", 0.001));
    if (rank > 1)
        export_transposed(to, one, y, one->y, rank + 1, perms[rank - 2][1]);
}

static void layer_normalization(OnnxExport *to, const ExportLayer *one)
{
    int axis = (int)layer_number(one->layer, "axis", -1);
    if (axis != -1 && axis != one->layer->input.rank)
        export_cannot(to, one->layer, "normalisation of another axis than the last is not exported");
    ExportNode *node = export_node(to, one, "LayerNormalization", one->y, one->x[0], or_constant(to, one, "gamma", 1),
                                   or_constant(to, one, "beta", 0), NULL);
    export_integer(to, node, "axis", -1);
    export_number(to, node, "epsilon", layer_number(one->layer, "epsilon", 0.001));
}

static void prelu(OnnxExport *to, const ExportLayer *one)
{
    export_node(to, one, "PRelu", one->y, one->x[0], export_weight(to, layer_weight(one->layer, "alpha"), NULL), NULL);
}

/* ---- without ---- */

/* Noise, and what else is nothing in prediction. */
static void nothing(OnnxExport *to, const ExportLayer *one)
{
    export_node(to, one, "Identity", one->y, one->x[0], NULL);
}

static void activation(OnnxExport *to, const ExportLayer *one)
{
    export_activation(to, one, layer_text(one->layer, "activation"), one->x[0], one->y);
}

static void rectified(OnnxExport *to, const ExportLayer *one)
{
    const Layer *layer = one->layer;
    const char *kind = layer->kind;
    double alpha = !strcmp(kind, "ELU") ? layer_number(layer, "alpha", 1) : layer_number(layer, "negative_slope", 0.3);
    if (!strcmp(kind, "LeakyReLU") && layer_number(layer, "alpha", 0) != 0)
        alpha = layer_number(layer, "alpha", 0);
    if (!strcmp(kind, "ReLU") && (layer_number(layer, "threshold", 0) != 0 || layer_number(layer, "max_value", 0) != 0))
        export_cannot(to, layer, "ReLU with max_value or threshold is not exported");
    bool plain = !strcmp(kind, "ReLU") && alpha == 0;
    const char *operation = plain ? "Relu" : !strcmp(kind, "ELU") ? "Elu" : !strcmp(kind, "ThresholdedReLU")
                                                                               ? "ThresholdedRelu" : "LeakyRelu";
    if (!strcmp(kind, "ThresholdedReLU"))
        alpha = layer_number(layer, "theta", 1);
    ExportNode *node = export_node(to, one, operation, one->y, one->x[0], NULL);
    if (!plain)
        export_number(to, node, "alpha", alpha);
}

static void softmax(OnnxExport *to, const ExportLayer *one)
{
    ExportNode *node = export_node(to, one, "Softmax", one->y, one->x[0], NULL);
    export_integer(to, node, "axis", (int64_t)layer_number(one->layer, "axis", -1));
}

static void reshape(OnnxExport *to, const ExportLayer *one)
{
    const Shape *shape = &one->layer->output;
    const Shape *from = &one->layer->input;
    int64_t sizes[LSTMC_RANK_MAX + 1] = { 0 };
    for (int d = 0; d < shape->rank; d++)
        sizes[d + 1] = shape->extent[d];
    if (shape->rank == from->rank &&
        !memcmp(shape->extent, from->extent, (size_t)shape->rank * sizeof *shape->extent)) {
        nothing(to, one);
        return;
    }
    export_node(to, one, "Reshape", one->y, one->x[0],
                export_integers_constant(to, one, "shape", shape->rank + 1, sizes), NULL);
}

static void permute(OnnxExport *to, const ExportLayer *one)
{
    int list[LSTMC_RANK_MAX], count = layer_list(one->layer, "dims", list, LSTMC_RANK_MAX);
    int64_t perm[LSTMC_RANK_MAX + 1] = { 0 };
    for (int d = 0; d < count; d++)
        perm[d + 1] = list[d];
    export_transposed(to, one, one->x[0], one->y, count + 1, perm);
}

static void repeat_vector(OnnxExport *to, const ExportLayer *one)
{
    static const int64_t axis = 1;
    int64_t times[] = { 1, (int64_t)layer_number(one->layer, "n", 1), 1 };
    const char *row = export_flow(to, one, "row");
    export_node(to, one, "Unsqueeze", row, one->x[0], export_integers_constant(to, one, "axis", 1, &axis), NULL);
    export_node(to, one, "Tile", one->y, row, export_integers_constant(to, one, "times", 3, times), NULL);
}

/* ---- of several ---- */

static void merge(OnnxExport *to, const ExportLayer *one)
{
    if (one->x_count == 1)                              /* as in Keras, of one it is that */
        nothing(to, one);
    static const struct { const char *kind, *operation; bool pairs; } merges[] = {
        { "Add", "Sum", false }, { "Subtract", "Sub", true }, { "Multiply", "Mul", true }, { "Average", "Mean", false },
        { "Maximum", "Max", false }, { "Minimum", "Min", false },
    };
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
        if (strcmp(merges[i].kind, one->layer->kind))
            continue;
        const char *sum = one->x[0];
        for (int k = 1; k < one->x_count; k++) {        /* those of two are nodes behind each other */
            bool last = k + 1 == one->x_count;
            const char *next = last ? one->y : export_flow(to, one, "merged");
            if (!strcmp(merges[i].operation, "Mean") && one->x_count > 2)
                export_cannot(to, one->layer, "the mean of more than two is not exported");
            export_node(to, one, merges[i].operation, next, sum, one->x[k], NULL);
            sum = next;
        }
    }
}

static void concatenate(OnnxExport *to, const ExportLayer *one)
{
    if (one->x_count == 1)
        nothing(to, one);
    const char *sum = one->x[0];
    for (int k = 1; k < one->x_count; k++) {
        const char *next = k + 1 == one->x_count ? one->y : export_flow(to, one, "joined");
        export_integer(to, export_node(to, one, "Concat", next, sum, one->x[k], NULL), "axis",
                       (int64_t)layer_number(one->layer, "axis", -1));
        sum = next;
    }
}

static const struct { const char *kind; Exporter *export; bool whole; } layers[] = {     /* whole: it mixes steps */
    { "Dense", dense, false }, { "TimeDistributed", time_distributed, false }, { "Embedding", embedding, false },
    { "BatchNormalization", batch_normalization, false }, { "LayerNormalization", layer_normalization, false },
    { "PReLU", prelu, true }, { "Dropout", nothing, false }, { "SpatialDropout1D", nothing, false },
    { "GaussianNoise", nothing, false }, { "GaussianDropout", nothing, false }, { "AlphaDropout", nothing, false },
    { "ActivityRegularization", nothing, false }, { "Activation", activation, false }, { "ReLU", rectified, false },
    { "LeakyReLU", rectified, false }, { "ELU", rectified, false }, { "ThresholdedReLU", rectified, false },
    { "Softmax", softmax, false }, { "Flatten", reshape, true }, { "Reshape", reshape, true },
    { "Permute", permute, true }, { "RepeatVector", repeat_vector, true }, { "Add", merge, false },
    { "Subtract", merge, false }, { "Multiply", merge, false }, { "Average", merge, false },
    { "Maximum", merge, false }, { "Minimum", merge, false }, { "Concatenate", concatenate, false },
};

void export_layer(OnnxExport *to, const ExportLayer *one)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (!strcmp(layers[i].kind, one->layer->kind)) {
            layers[i].export(to, one);
            if (to->stream && layers[i].whole)
                export_cannot(to, one->layer, "it sees several steps, and has no step of its own");
            return;
        }
    export_cannot(to, one->layer, "ONNX has no such operator, or none that is exported");
}
