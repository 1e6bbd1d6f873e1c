/* export_tfjs.c: in: a layer.  out: whether TensorFlow.js has it, with these options (tfjs-layers 4). */
#include "export.h"

#include <string.h>

static const char *const layers[] = {
    "Activation", "Add", "AlphaDropout", "Average", "AveragePooling1D", "AveragePooling2D", "BatchNormalization",
    "Bidirectional", "Concatenate", "Conv1D", "Conv2D", "ConvLSTM2D", "Cropping2D", "Dense", "Dropout", "ELU",
    "Embedding", "Flatten", "GRU", "GRUCell", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "LSTM", "LSTMCell", "LayerNormalization",
    "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum", "Multiply", "PReLU", "Permute",
    "RNN", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Sequential", "SimpleRNN", "SimpleRNNCell", "Softmax",
    "SpatialDropout1D", "ThresholdedReLU", "TimeDistributed", "UpSampling2D", "ZeroPadding2D",
};

static const char *const activations[] = {
    "elu", "gelu", "hard_sigmoid_keras2", "linear", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax",
    "softplus", "softsign", "tanh",
};

static bool is_among(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i], name))
            return true;
    return false;
}

void keras_check_tfjs(const KerasExport *to, const Layer *layer)
{
    static const char *const names[] = { "activation", "recurrent_activation" };
    if (!is_among(layers, sizeof layers / sizeof *layers, layer->kind)) {
        keras_cannot(to, layer, "TensorFlow.js has no such layer");
        return;
    }
    for (int k = 0; k < 2; k++) {
        const char *name = layer_text(layer, names[k]);
        if (name && !is_among(activations, sizeof activations / sizeof *activations, name))
            keras_cannot(to, layer, "TensorFlow.js has no activation %s", name);
    }
    if (!strncmp(layer->kind, "GRU", 3) && layer_flag(layer, "reset_after"))
        keras_cannot(to, layer, "TensorFlow.js has no GRU with reset_after");
    const char *padding = layer_text(layer, "padding");
    if (padding && !strcmp(padding, "causal"))
        keras_cannot(to, layer, "TensorFlow.js has no causal convolutions");
    if (layer_number(layer, "groups", 1) > 1)
        keras_cannot(to, layer, "TensorFlow.js has no convolutions in groups");
}
