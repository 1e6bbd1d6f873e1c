/* workloads.c: the table of workloads, in step with w1.lua to w10.lua, and the table of tasks with the ratios that issue 3 wants:
 * of w7 to w10 it wants that they are measured. */
#include "layers.h"

const Workload workloads[] = {
    { "w1", "Embedding(5000,32), LSTM(100), Dense(1, sigmoid), T = 200", 200, LOSS_BINARY,
      3, .layers = { EMBEDDING(5000, 32), LSTM_LAST(32, 100), DENSE(100, 1, SIGMOID) } },
    { "w2", "Embedding(65,64), LSTM(128, seq), LSTM(128, seq), Dense(65, softmax), T = 64", 64, LOSS_SPARSE,
      4, .layers = { EMBEDDING(65, 64), LSTM(64, 128), LSTM(128, 128), DENSE(128, 65, SOFTMAX) } },
    { "w3", "Input(32 x 8), LSTM(32), Dense(1)", 32, LOSS_MSE,
      2, .layers = { LSTM_LAST(8, 32), DENSE(32, 1, LINEAR) } },
    { "w4", "one feature, LSTM(20), Dense(1)", 64, LOSS_MSE,
      2, .layers = { LSTM(1, 20), DENSE(20, 1, LINEAR) } },
    { "w5", "42 features, Dense(24, tanh), GRU(48, seq), GRU(96, seq), Dense(22, sigmoid)", 64, LOSS_MSE,
      4, .layers = { DENSE(42, 24, TANH), GRU(24, 48), GRU(48, 96), DENSE(96, 22, SIGMOID) } },
    { "w6", "256 features, LSTM(512), T = 100", 100, LOSS_MSE,
      1, .layers = { LSTM_LAST(256, 512) } },
    { "w7", "100 x 40, Bidirectional(LSTM(64, seq)), Dense(29, softmax)", 100, LOSS_SPARSE,
      2, .layers = { BIDIRECTIONAL(40, 64), DENSE(128, 29, SOFTMAX) } },
    { "w8", "128 x 9, Conv1D(64, 5, relu) twice, GlobalAveragePooling1D, Dense(6, softmax)", 128, LOSS_SPARSE,
      4, .layers = { CONV1D(9, 64, 5), CONV1D(64, 64, 5), AVERAGE(64), DENSE(64, 6, SOFTMAX) } },
    { "w9", "100 x 40 with lengths, LSTM(128), Dense(10, softmax)", 100, LOSS_SPARSE,
      2, .layers = { LSTM_MASKED(40, 128), DENSE(128, 10, SOFTMAX) } },
    { "w10", "100 x 24, Dense(64), MultiHeadAttention(4, 16), GlobalAveragePooling1D, Dense(6, softmax)", 100, LOSS_SPARSE,
      4, .layers = { DENSE(24, 64, LINEAR), ATTENTION(64, 4), AVERAGE(64), DENSE(64, 6, SOFTMAX) } },
};
const int workload_count = sizeof workloads / sizeof *workloads;

#define WANTED(onednn, openblas, torch) { [PEER_ONEDNN] = onednn, [PEER_OPENBLAS] = openblas, [PEER_TORCH] = torch }
#define WANTED_BF16(onednn, openblas, torch, bf16) \
    { [PEER_ONEDNN] = onednn, [PEER_OPENBLAS] = openblas, [PEER_TORCH] = torch, [PEER_OURS_BF16] = bf16 }
#define SCALED(onednn, alone)           { [PEER_ONEDNN] = onednn, [PEER_OURS_ALONE] = alone }

const Task tasks[] = {
    { &workloads[0], "W1 inference", .rows = 1, .threads = 1, .wanted = WANTED_BF16(2.0, 1.9, 14, 1.35), .wanted_share = 0.85,
      .before = "923 us / 879 us / 6.98 ms" },
    { &workloads[1], "W2 step", .streaming = true, .rows = 1, .threads = 1, .wanted = WANTED_BF16(1.8, 1.4, 10, 1.35), .wanted_share = 0.90,
      .before = "34.6 / 27.5 / 209 us" },
    { &workloads[2], "W3 inference", .rows = 1, .threads = 1, .wanted = WANTED(4.5, 2.8, 70), .wanted_share = 0.70,
      .before = "35.7 / 22.9 / 577 us" },
    { &workloads[3], "W4 step", .streaming = true, .rows = 1, .threads = 1, .wanted = WANTED(20, 3.5, 300), .wanted_share = 0.65,
      .before = "2.93 us / 491 ns / 46 us" },
    { &workloads[4], "W5 step", .streaming = true, .rows = 1, .threads = 1, .wanted = WANTED(2.8, 1.8, 35), .wanted_share = 0.88,
      .before = "9.12 / 5.75 / 118 us" },
    { &workloads[5], "W6 inference", .rows = 1, .threads = 1, .wanted = WANTED_BF16(1.35, 1.4, 7, 1.6), .wanted_share = 0.90,
      .before = "10.6 / 11.1 / 57 ms" },
    { &workloads[0], "W1 training step", .training = true, .rows = 32, .threads = 1, .wanted = WANTED(1.6, 1.35, 2.8),
      .wanted_share = 0.78, .before = "54.9 / 46.1 / 117 ms" },
    { &workloads[1], "W2 training step", .training = true, .rows = 32, .threads = 1, .wanted = WANTED(1.35, 1.2, 2.0),
      .wanted_share = 0.78, .before = "66.1 / 62.7 / 104 ms" },
    { &workloads[2], "W3 training step", .training = true, .rows = 16, .threads = 1, .wanted = WANTED(2.0, 1.4, 15),
      .wanted_share = 0.60, .before = "717 / 481 us / 6.24 ms" },
    { &workloads[5], "W6 training step", .training = true, .rows = 64, .threads = 1, .slow = true, .wanted = WANTED(1.15, 1.1, 1.4),
      .wanted_share = 0.88, .before = "976 / 897 ms / 1.25 s" },
    { &workloads[0], "W1 training step, 2 threads", .training = true, .rows = 32, .threads = 2, .wanted = SCALED(1.5, 1.8),
      .before = "26.9 ms / - / -" },
    { &workloads[1], "W2 training step, 2 threads", .training = true, .rows = 32, .threads = 2, .wanted = SCALED(1.2, 0),
      .before = "25.5 ms / - / -" },
    { &workloads[5], "W6 training step, 2 threads", .training = true, .rows = 64, .threads = 2, .slow = true, .wanted = SCALED(1.1, 1.8),
      .before = "429 ms / - / -" },
    { &workloads[6], "W7 inference", .rows = 1, .threads = 1, .before = "-" },
    { &workloads[7], "W8 inference", .rows = 1, .threads = 1, .before = "-" },
    { &workloads[8], "W9 inference", .rows = 1, .threads = 1, .before = "-" },
    { &workloads[9], "W10 inference", .rows = 1, .threads = 1, .before = "-" },
    { &workloads[6], "W7 training step", .training = true, .rows = 32, .threads = 1, .slow = true, .before = "-" },
    { &workloads[7], "W8 training step", .training = true, .rows = 32, .threads = 1, .before = "-" },
    { &workloads[8], "W9 training step", .training = true, .rows = 32, .threads = 1, .slow = true, .before = "-" },
    { &workloads[9], "W10 training step", .training = true, .rows = 32, .threads = 1, .before = "-" },
};
const int task_count = sizeof tasks / sizeof *tasks;

int gate_count(LayerKind kind)
{
    return kind == LAYER_LSTM ? 4 : kind == LAYER_GRU || kind == LAYER_GRU_BEFORE ? 3 : 1;
}

int bias_rows(LayerKind kind)
{
    return kind == LAYER_GRU ? 2 : 1;
}

bool is_recurrent(const Layer *layer)
{
    return layer->kind >= LAYER_LSTM && layer->kind <= LAYER_SIMPLE_RNN;
}

bool is_pooling(const Layer *layer)
{
    return layer->kind == LAYER_MAX_POOLING || layer->kind == LAYER_AVERAGE_POOLING;
}

bool is_reduction(const Layer *layer)
{
    return layer->kind >= LAYER_MAX_POOLING && layer->kind <= LAYER_LAYER_NORMALIZATION;
}

size_t layer_weights(const Layer *layer)
{
    size_t inputs = (size_t)layer->inputs, units = (size_t)layer->units, gates = (size_t)gate_count(layer->kind);
    switch (layer->kind) {
    case LAYER_EMBEDDING: return inputs * units;
    case LAYER_LSTM:
    case LAYER_GRU:
    case LAYER_GRU_BEFORE:
    case LAYER_SIMPLE_RNN:
        return (inputs + units + (size_t)bias_rows(layer->kind)) * gates * units * (layer->bidirectional ? 2 : 1);
    case LAYER_DENSE:     return (inputs + 1) * units;
    case LAYER_CONV1D:    return ((size_t)layer->kernel_size * inputs + 1) * units;
    case LAYER_ATTENTION: return 3 * (inputs + 1) * units + (units + 1) * inputs;   /* query, key, value, output */
    case LAYER_BATCH_NORMALIZATION:
    case LAYER_LAYER_NORMALIZATION:
        return 2 * units;                   /* gamma, beta */
    case LAYER_AVERAGE:
    case LAYER_MAX_POOLING:
    case LAYER_AVERAGE_POOLING:
        return 0;
    }
    return 0;
}

size_t layer_statistics(const Layer *layer)
{
    return layer->kind == LAYER_BATCH_NORMALIZATION ? 2 * (size_t)layer->units : 0;   /* means, variances */
}

int layer_width(const Layer *layer)
{
    return layer->bidirectional ? 2 * layer->units : layer->units;
}

int layer_steps(const Layer *layer, int steps)
{
    if (layer->last_step || layer->kind == LAYER_AVERAGE)
        return 1;
    if (is_pooling(layer))
        return steps / layer->kernel_size;
    return layer->kind == LAYER_CONV1D ? steps - layer->kernel_size + 1 : steps;
}

size_t workload_gradients(const Workload *workload)
{
    size_t count = 0;
    for (int i = 0; i < workload->layer_count; i++)
        count += layer_weights(&workload->layers[i]);
    return count;
}

size_t workload_weights(const Workload *workload)
{
    size_t count = workload_gradients(workload);
    for (int i = 0; i < workload->layer_count; i++)
        count += layer_statistics(&workload->layers[i]);
    return count;
}

bool workload_takes_tokens(const Workload *workload)
{
    return workload->layers[0].kind == LAYER_EMBEDDING;
}

bool workload_has_lengths(const Workload *workload)
{
    return workload->layers[0].masked;
}

int workload_output_steps(const Workload *workload)
{
    int steps = workload->steps;
    for (int i = 0; i < workload->layer_count; i++)
        steps = layer_steps(&workload->layers[i], steps);
    return steps;
}

int workload_outputs(const Workload *workload, bool streaming)
{
    return layer_width(&workload->layers[workload->layer_count - 1]) * (streaming ? 1 : workload_output_steps(workload));
}

/* Between a quarter of the steps and all of them, by a step that meets them all; no row's is its neighbour's. */
int sample_length(const Workload *workload, int row)
{
    int steps = workload->steps;
    return workload_has_lengths(workload) ? steps - (29 * row + 40) % (3 * steps / 4) : steps;
}
