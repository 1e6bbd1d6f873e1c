/* describe.c: a workload in the words of others: for lstmc as a description in Lua, for torch_peer.py its layers in one
 * word: "embedding:5000:32:,lstm:32:100:last,dense:100:1:sigmoid": kind, inputs, units, and what else it must know. */
#include "bench.h"

static const char *const activations[] = { "linear", "tanh", "sigmoid", "softmax" };

/* ---- torch_peer.py ---- */

static const char *const kinds[] = {
    [LAYER_EMBEDDING] = "embedding", [LAYER_LSTM] = "lstm", [LAYER_GRU] = "gru", [LAYER_SIMPLE_RNN] = "rnn",
    [LAYER_DENSE] = "dense", [LAYER_CONV1D] = "conv1d", [LAYER_ATTENTION] = "attention", [LAYER_AVERAGE] = "average",
    [LAYER_MAX_POOLING] = "max_pooling", [LAYER_AVERAGE_POOLING] = "average_pooling",
    [LAYER_BATCH_NORMALIZATION] = "batch_normalization", [LAYER_LAYER_NORMALIZATION] = "layer_normalization",
};

static int put_rest(char *text, size_t size, const Layer *layer)
{
    switch (layer->kind) {
    case LAYER_CONV1D:
    case LAYER_MAX_POOLING:
    case LAYER_AVERAGE_POOLING:
        return snprintf(text, size, "%d", layer->kernel_size);
    case LAYER_ATTENTION:
        return snprintf(text, size, "%d", layer->heads);
    case LAYER_DENSE:
        return snprintf(text, size, "%s", activations[layer->activation]);
    default:
        return snprintf(text, size, "%s", layer->bidirectional ? "bidirectional" : layer->last_step ? "last" : "");
    }
}

void describe_layers(const Workload *workload, char *text, size_t size)
{
    size_t length = 0;
    for (int i = 0; i < workload->layer_count; i++) {
        const Layer *layer = &workload->layers[i];
        length += (size_t)snprintf(text + length, size - length, "%s%s:%d:%d:", i ? "," : "", kinds[layer->kind],
                                   layer->inputs, layer->units);
        length += (size_t)put_rest(text + length, size - length, layer);
    }
}

/* ---- lstmc ---- */

static void put_recurrent(FILE *file, const Layer *layer)
{
    static const char *const names[] = {
        [LAYER_LSTM] = "LSTM", [LAYER_GRU] = "GRU", [LAYER_GRU_BEFORE] = "GRU", [LAYER_SIMPLE_RNN] = "SimpleRNN",
    };
    fprintf(file, "%s%s{%d%s%s}%s", layer->bidirectional ? "Bidirectional{" : "", names[layer->kind], layer->units,
            layer->last_step ? "" : ", return_sequences = true",
            layer->kind == LAYER_GRU_BEFORE ? ", reset_after = false" : "", layer->bidirectional ? "}" : "");
}

static void put_layer(FILE *file, const Layer *layer)
{
    switch (layer->kind) {
    case LAYER_EMBEDDING:
        fprintf(file, "Embedding{%d, %d}", layer->inputs, layer->units);
        return;
    case LAYER_LSTM:
    case LAYER_GRU:
    case LAYER_GRU_BEFORE:
    case LAYER_SIMPLE_RNN:
        put_recurrent(file, layer);
        return;
    case LAYER_DENSE:
        fprintf(file, "Dense{%d, activation = \"%s\"}", layer->units, activations[layer->activation]);
        return;
    case LAYER_CONV1D:
        fprintf(file, "Conv1D{%d, %d, activation = \"relu\"}", layer->units, layer->kernel_size);
        return;
    case LAYER_ATTENTION:
        fprintf(file, "MultiHeadAttention{%d, %d}", layer->heads, layer->units / layer->heads);
        return;
    case LAYER_AVERAGE:
        fputs("GlobalAveragePooling1D{}", file);
        return;
    case LAYER_MAX_POOLING:
        fprintf(file, "MaxPooling1D{%d}", layer->kernel_size);
        return;
    case LAYER_AVERAGE_POOLING:
        fprintf(file, "AveragePooling1D{%d}", layer->kernel_size);
        return;
    case LAYER_BATCH_NORMALIZATION:
        fputs("BatchNormalization{}", file);
        return;
    case LAYER_LAYER_NORMALIZATION:
        fputs("LayerNormalization{}", file);
    }
}

bool describe_model(const Workload *workload, const char *path)
{
    static const char *const losses[] = {
        [LOSS_MSE] = "mse", [LOSS_BINARY] = "binary_crossentropy", [LOSS_SPARSE] = "sparse_categorical_crossentropy",
    };
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file, "return Sequential{ name = \"%s\",\n  Input{%d", workload->name, workload->steps);
    if (!workload_takes_tokens(workload))
        fprintf(file, ", %d%s", workload->layers[0].inputs, workload_has_lengths(workload) ? ", lengths = true" : "");
    fputs("}", file);
    for (int i = 0; i < workload->layer_count; i++) {
        fputs(", ", file);
        put_layer(file, &workload->layers[i]);
    }
    fprintf(file, ",\n  loss = \"%s\", optimizer = \"adam\", batch_size = %d, shards = arg.shards or 1,\n}\n",
            losses[workload->loss], workload->batch);
    return !fclose(file);
}
