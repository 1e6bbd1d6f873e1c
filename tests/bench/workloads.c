/* workloads.c: the table of workloads, in step with w1.lua to w6.lua, and the table of tasks with the ratios that issue 3 wants. */
#include "bench.h"

#define EMBEDDING(words, width)     { .kind = LAYER_EMBEDDING, .inputs = words, .units = width }
#define LSTM(inputs_, units_)       { .kind = LAYER_LSTM, .inputs = inputs_, .units = units_ }
#define LSTM_LAST(inputs_, units_)  { .kind = LAYER_LSTM, .inputs = inputs_, .units = units_, .last_step = true }
#define GRU(inputs_, units_)        { .kind = LAYER_GRU, .inputs = inputs_, .units = units_ }
#define DENSE(inputs_, units_, a)   { .kind = LAYER_DENSE, .inputs = inputs_, .units = units_, .activation = ACTIVATION_##a }

const Workload workloads[] = {
    { "w1", "Embedding(5000,32), LSTM(100), Dense(1, sigmoid), T = 200", 200, LOSS_BINARY,
      3, { EMBEDDING(5000, 32), LSTM_LAST(32, 100), DENSE(100, 1, SIGMOID) } },
    { "w2", "Embedding(65,64), LSTM(128, seq), LSTM(128, seq), Dense(65, softmax), T = 64", 64, LOSS_SPARSE,
      4, { EMBEDDING(65, 64), LSTM(64, 128), LSTM(128, 128), DENSE(128, 65, SOFTMAX) } },
    { "w3", "Input(32 x 8), LSTM(32), Dense(1)", 32, LOSS_MSE,
      2, { LSTM_LAST(8, 32), DENSE(32, 1, LINEAR) } },
    { "w4", "one feature, LSTM(20), Dense(1)", 64, LOSS_MSE,
      2, { LSTM(1, 20), DENSE(20, 1, LINEAR) } },
    { "w5", "42 features, Dense(24, tanh), GRU(48, seq), GRU(96, seq), Dense(22, sigmoid)", 64, LOSS_MSE,
      4, { DENSE(42, 24, TANH), GRU(24, 48), GRU(48, 96), DENSE(96, 22, SIGMOID) } },
    { "w6", "256 features, LSTM(512), T = 100", 100, LOSS_MSE,
      1, { LSTM_LAST(256, 512) } },
};
const int workload_count = sizeof workloads / sizeof *workloads;

#define WANTED(onednn, openblas, torch) { [PEER_ONEDNN] = onednn, [PEER_OPENBLAS] = openblas, [PEER_TORCH] = torch }
#define WITH_BF16(onednn, openblas, torch, bf16) { [PEER_ONEDNN] = onednn, [PEER_OPENBLAS] = openblas, [PEER_TORCH] = torch, [PEER_BF16] = bf16 }
#define SCALED(onednn, alone)           { [PEER_ONEDNN] = onednn, [PEER_OURS_ALONE] = alone }

const Task tasks[] = {
    { &workloads[0], "W1 inference", .rows = 1, .threads = 1, .wanted = WITH_BF16(2.0, 1.9, 14, 1.35), .wanted_share = 0.85,
      .before = "923 us / 879 us / 6.98 ms" },
    { &workloads[1], "W2 step", .streaming = true, .rows = 1, .threads = 1, .wanted = WITH_BF16(1.8, 1.4, 10, 1.35), .wanted_share = 0.90,
      .before = "34.6 / 27.5 / 209 us" },
    { &workloads[2], "W3 inference", .rows = 1, .threads = 1, .wanted = WANTED(4.5, 2.8, 70), .wanted_share = 0.70,
      .before = "35.7 / 22.9 / 577 us" },
    { &workloads[3], "W4 step", .streaming = true, .rows = 1, .threads = 1, .wanted = WANTED(20, 3.5, 300), .wanted_share = 0.65,
      .before = "2.93 us / 491 ns / 46 us" },
    { &workloads[4], "W5 step", .streaming = true, .rows = 1, .threads = 1, .wanted = WANTED(2.8, 1.8, 35), .wanted_share = 0.88,
      .before = "9.12 / 5.75 / 118 us" },
    { &workloads[5], "W6 inference", .rows = 1, .threads = 1, .wanted = WITH_BF16(1.35, 1.4, 7, 1.6), .wanted_share = 0.90,
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
};
const int task_count = sizeof tasks / sizeof *tasks;

int gate_count(LayerKind kind)
{
    return kind == LAYER_LSTM ? 4 : kind == LAYER_GRU ? 3 : 1;
}

size_t layer_weights(const Layer *layer)
{
    size_t inputs = (size_t)layer->inputs, units = (size_t)layer->units, gates = (size_t)gate_count(layer->kind);
    switch (layer->kind) {
    case LAYER_EMBEDDING: return inputs * units;
    case LAYER_LSTM:      return (inputs + units + 1) * gates * units;
    case LAYER_GRU:       return (inputs + units + 2) * gates * units;   /* two rows of biases: Keras's reset_after */
    case LAYER_DENSE:     return (inputs + 1) * units;
    }
    return 0;
}

size_t workload_weights(const Workload *workload)
{
    size_t count = 0;
    for (int i = 0; i < workload->layer_count; i++)
        count += layer_weights(&workload->layers[i]);
    return count;
}

bool workload_takes_tokens(const Workload *workload)
{
    return workload->layers[0].kind == LAYER_EMBEDDING;
}

bool workload_has_sequence(const Workload *workload)
{
    for (int i = 0; i < workload->layer_count; i++)
        if (workload->layers[i].last_step)
            return false;
    return true;
}

int workload_outputs(const Workload *workload, bool streaming)
{
    int steps = workload_has_sequence(workload) && !streaming ? workload->steps : 1;
    return workload->layers[workload->layer_count - 1].units * steps;
}
