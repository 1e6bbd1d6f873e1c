/* export_layer.c: in: a layer that is no loop over time.  out: its module, its tensors and its line of Python. */
#include "export.h"

#include <string.h>

typedef void Exporter(TorchExport *to, const TorchLayer *one);

static int features_of(const Shape *shape)
{
    return shape->extent[shape->rank - 1];
}

static int integer(const Layer *layer, const char *name, int otherwise)
{
    return (int)layer_number(layer, name, otherwise);
}

/* ---- with weights ---- */

static void dense_of(TorchExport *to, const TorchLayer *one, const Layer *layer)
{
    const struct lstmc_tensor *kernel = layer_weight(layer, "kernel"), *bias = layer_weight(layer, "bias");
    torch_module(to, one, "nn.Linear(%d, %d%s)", kernel->shape[0], kernel->shape[1], bias ? "" : ", bias=False");
    torch_permuted(to, one, "weight", kernel, (int[]){ 1, 0 });
    if (bias)
        torch_vector(to, one, "bias", bias, bias->count, 0);
    torch_forward(to, "%s = self.%s(%s)", one->y, one->module, one->x);
    torch_export_activation(to, one, layer_text(layer, "activation"));
}

static void dense(TorchExport *to, const TorchLayer *one)
{
    dense_of(to, one, one->layer);
}

/* Of a layer that acts on the last axis it is the same. */
static void time_distributed(TorchExport *to, const TorchLayer *one)
{
    if (!strcmp(one->layer->sublayers[0].kind, "Dense"))
        dense_of(to, one, &one->layer->sublayers[0]);
    else
        torch_cannot(to, one->layer, "TimeDistributed of %s is not exported", one->layer->sublayers[0].kind);
}

static void embedding(TorchExport *to, const TorchLayer *one)
{
    const struct lstmc_tensor *vectors = layer_weight(one->layer, "embeddings");
    torch_module(to, one, "nn.Embedding(%d, %d)", vectors->shape[0], vectors->shape[1]);
    torch_permuted(to, one, "weight", vectors, (int[]){ 0, 1 });
    torch_forward(to, "%s = self.%s(%s)", one->y, one->module, one->x);
}

/* Zeros in front and behind, as Keras puts them. */
static const char *padded(TorchExport *to, const TorchLayer *one, int window, int stride, const char *value)
{
    const char *padding = layer_text(one->layer, "padding");
    int steps = one->layer->input.extent[0], outputs = one->layer->output.extent[0];
    int all = (outputs - 1) * stride + window - steps;
    int front = padding && !strcmp(padding, "causal") ? window - 1 : all / 2;
    if (!padding || !strcmp(padding, "valid") || (all <= 0 && strcmp(padding, "causal")))
        return arena_format(to->arena, "%s.transpose(1, 2)", one->x);
    int behind = strcmp(padding, "causal") ? all - front : 0;
    return arena_format(to->arena, "F.pad(%s.transpose(1, 2), (%d, %d)%s)", one->x, front, behind, value);
}

static void convolution(TorchExport *to, const TorchLayer *one)
{
    const Layer *layer = one->layer;
    const struct lstmc_tensor *kernel = layer_weight(layer, "kernel"), *bias = layer_weight(layer, "bias");
    int stride = integer(layer, "strides", 1), dilation = integer(layer, "dilation_rate", 1);
    int groups = integer(layer, "groups", 1);
    torch_module(to, one, "nn.Conv1d(%d, %d, %d%s%s%s%s)", features_of(&layer->input), kernel->shape[2],
                 kernel->shape[0], stride > 1 ? arena_format(to->arena, ", stride=%d", stride) : "",
                 dilation > 1 ? arena_format(to->arena, ", dilation=%d", dilation) : "",
                 groups > 1 ? arena_format(to->arena, ", groups=%d", groups) : "", bias ? "" : ", bias=False");
    torch_permuted(to, one, "weight", kernel, (int[]){ 2, 1, 0 });
    if (bias)
        torch_vector(to, one, "bias", bias, bias->count, 0);
    torch_forward(to, "%s = self.%s(%s).transpose(1, 2)", one->y, one->module,
                  padded(to, one, (kernel->shape[0] - 1) * dilation + 1, stride, ""));
    torch_export_activation(to, one, layer_text(layer, "activation"));
}

/* PyTorch's have both factors and terms, or neither: one that is missing is 1, or 0. */
static bool add_affine(TorchExport *to, const TorchLayer *one, size_t features)
{
    const struct lstmc_tensor *gamma = layer_weight(one->layer, "gamma"), *beta = layer_weight(one->layer, "beta");
    if (gamma || beta) {
        torch_vector(to, one, "weight", gamma, features, 1);
        torch_vector(to, one, "bias", beta, features, 0);
    }
    return gamma || beta;
}

static void batch_normalization(TorchExport *to, const TorchLayer *one)
{
    const Layer *layer = one->layer;
    size_t features = (size_t)features_of(&layer->input);
    if (layer->input.rank > 2)
        torch_cannot(to, layer, "batch normalisation of images is not exported");
    bool affine = add_affine(to, one, features);
    torch_module(to, one, "nn.BatchNorm1d(%zu, eps=%.9g, momentum=%.6g%s)", features,
                 layer_number(layer, "epsilon", 0.001), 1 - layer_number(layer, "momentum", 0.99),
                 affine ? "" : ", affine=False");
    torch_vector(to, one, "running_mean", layer_weight(layer, "moving_mean"), features, 0);
    torch_vector(to, one, "running_var", layer_weight(layer, "moving_variance"), features, 1);
    torch_forward(to, layer->input.rank > 1 ? "%s = self.%s(%s.transpose(1, 2)).transpose(1, 2)" : "%s = self.%s(%s)",
                  one->y, one->module, one->x);
}

static void layer_normalization(TorchExport *to, const TorchLayer *one)
{
    const Layer *layer = one->layer;
    size_t features = (size_t)features_of(&layer->input);
    int axis = integer(layer, "axis", -1);
    if (axis != -1 && axis != layer->input.rank)
        torch_cannot(to, layer, "nn.LayerNorm is that of the last axis");
    bool affine = add_affine(to, one, features);
    torch_module(to, one, "nn.LayerNorm(%zu, eps=%.9g%s)", features, layer_number(layer, "epsilon", 0.001),
                 affine ? "" : ", elementwise_affine=False");
    torch_forward(to, "%s = self.%s(%s)", one->y, one->module, one->x);
}

/* ---- without ---- */

static void dropout(TorchExport *to, const TorchLayer *one)
{
    torch_module(to, one, "nn.Dropout(%.9g)", layer_number(one->layer, "rate", 0));
    torch_forward(to, "%s = self.%s(%s)", one->y, one->module, one->x);
}

static void activation(TorchExport *to, const TorchLayer *one)
{
    torch_forward(to, "%s = %s", one->y, one->x);
    torch_export_activation(to, one, layer_text(one->layer, "activation"));
}

static void max_pooling(TorchExport *to, const TorchLayer *one)
{
    int size = integer(one->layer, "pool_size", 2), stride = integer(one->layer, "strides", 0);
    stride = stride ? stride : size;
    torch_forward(to, "%s = F.max_pool1d(%s, %d, %d).transpose(1, 2)", one->y,
                  padded(to, one, size, stride, ", value=float('-inf')"), size, stride);
}

static void average_pooling(TorchExport *to, const TorchLayer *one)
{
    int size = integer(one->layer, "pool_size", 2), stride = integer(one->layer, "strides", 0);
    stride = stride ? stride : size;
    if (strcmp(layer_text(one->layer, "padding"), "valid"))
        torch_cannot(to, one->layer, "means at the ends, of padding = \"same\", are not exported");
    torch_forward(to, "%s = F.avg_pool1d(%s.transpose(1, 2), %d, %d).transpose(1, 2)", one->y, one->x, size, stride);
}

static void over_time(TorchExport *to, const TorchLayer *one)
{
    bool max = strstr(one->layer->kind, "Max") != NULL;
    torch_forward(to, "%s = %s.%s(1%s)", one->y, one->x, max ? "amax" : "mean",
                  layer_flag(one->layer, "keepdims") ? ", keepdim=True" : "");
}

static void reshape(TorchExport *to, const TorchLayer *one)
{
    const Shape *shape = &one->layer->output;
    const char *sizes = "-1";
    for (int d = 0; d < shape->rank; d++)
        sizes = arena_format(to->arena, "%s, %d", sizes, shape->extent[d]);
    torch_forward(to, "%s = %s.reshape(%s)", one->y, one->x, sizes);
}

static void permute(TorchExport *to, const TorchLayer *one)
{
    int axes[LSTMC_RANK_MAX], count = layer_list(one->layer, "dims", axes, LSTMC_RANK_MAX);
    const char *text = "0";
    for (int d = 0; d < count; d++)
        text = arena_format(to->arena, "%s, %d", text, axes[d]);
    torch_forward(to, "%s = %s.permute(%s)", one->y, one->x, text);
}

static void repeat_vector(TorchExport *to, const TorchLayer *one)
{
    torch_forward(to, "%s = %s.unsqueeze(1).repeat(1, %d, 1)", one->y, one->x, integer(one->layer, "n", 1));
}

static void rectified(TorchExport *to, const TorchLayer *one)
{
    const Layer *layer = one->layer;
    const char *kind = layer->kind;
    double slope = layer_number(layer, "negative_slope", 0.3);
    if (!strcmp(kind, "LeakyReLU") && layer_number(layer, "alpha", 0) != 0)
        slope = layer_number(layer, "alpha", 0);
    if (!strcmp(kind, "ReLU") && (layer_number(layer, "threshold", 0) != 0 || layer_number(layer, "max_value", 0) != 0))
        torch_cannot(to, layer, "ReLU with max_value or threshold is not exported");
    if (!strcmp(kind, "ELU"))
        torch_forward(to, "%s = F.elu(%s, %.9g)", one->y, one->x, layer_number(layer, "alpha", 1));
    else
        torch_forward(to, "%s = F.leaky_relu(%s, %.9g)", one->y, one->x, slope);
}

static void softmax(TorchExport *to, const TorchLayer *one)
{
    torch_forward(to, "%s = torch.softmax(%s, %d)", one->y, one->x, integer(one->layer, "axis", -1));
}

/* ---- of several ---- */

static void merge(TorchExport *to, const TorchLayer *one)
{
    static const struct { const char *kind, *python; } merges[] = {
        { "Add", "sum([%s])" }, { "Subtract", "torch.sub(%s)" }, { "Multiply", "torch.stack([%s]).prod(0)" },
        { "Average", "torch.stack([%s]).mean(0)" }, { "Maximum", "torch.stack([%s]).amax(0)" },
        { "Minimum", "torch.stack([%s]).amin(0)" },
    };
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++)
        if (!strcmp(merges[i].kind, one->layer->kind)) {
            const char *of = strstr(merges[i].python, "%s");
            torch_forward(to, "%s = %.*s%s%s", one->y, (int)(of - merges[i].python), merges[i].python, one->x, of + 2);
        }
}

static void concatenate(TorchExport *to, const TorchLayer *one)
{
    torch_forward(to, "%s = torch.cat([%s], %d)", one->y, one->x, integer(one->layer, "axis", -1));
}

static const struct { const char *kind; Exporter *export; } layers[] = {
    { "Dense", dense }, { "Embedding", embedding }, { "Conv1D", convolution }, { "TimeDistributed", time_distributed },
    { "BatchNormalization", batch_normalization }, { "LayerNormalization", layer_normalization },
    { "Dropout", dropout }, { "Activation", activation }, { "MaxPooling1D", max_pooling },
    { "AveragePooling1D", average_pooling }, { "GlobalMaxPooling1D", over_time },
    { "GlobalAveragePooling1D", over_time },
    { "Flatten", reshape }, { "Reshape", reshape }, { "Permute", permute }, { "RepeatVector", repeat_vector },
    { "ReLU", rectified }, { "LeakyReLU", rectified }, { "ELU", rectified }, { "Softmax", softmax }, { "Add", merge },
    { "Subtract", merge }, { "Multiply", merge }, { "Average", merge }, { "Maximum", merge }, { "Minimum", merge },
    { "Concatenate", concatenate },
};

void torch_export_layer(TorchExport *to, const TorchLayer *one)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (!strcmp(layers[i].kind, one->layer->kind)) {
            layers[i].export(to, one);
            return;
        }
    torch_cannot(to, one->layer, "PyTorch has no such module, or none that is exported");
}
