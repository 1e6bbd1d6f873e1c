/* others.c: what the sweep measures beside one recurrent layer: networks of other layers, and other ways of use, in
 * sizes that are ordinary. */
#include "layers.h"
#include "sweep.h"

#define STEP      (1 << WAY_STEP)
#define SILENCE   (1 << WAY_SILENCE)
#define SEQUENCE  (1 << WAY_INFERENCE)
#define TRAINING  (1 << WAY_TRAINING)
#define BF16      OTHER_BF16
#define QUICK     OTHER_QUICK

const char *const way_titles[WAYS] = {
    [WAY_STEP] = "step", [WAY_SILENCE] = "step in silence", [WAY_INFERENCE] = "inference, one sequence",
    [WAY_TRAINING] = "training step",
};

const Other others[] = {
    /* streams */
    { { "audio40", "1 feature, LSTM(40)", 64, LOSS_MSE, 1, .layers = { LSTM(1, 40) } }, STEP | SILENCE | QUICK },
    { { "lstm64", "40 features, LSTM(64)", 64, LOSS_MSE, 1, .layers = { LSTM(40, 64) } }, STEP | SILENCE },
    { { "lstm256", "40 features, LSTM(256)", 64, LOSS_MSE, 1, .layers = { LSTM(40, 256) } }, STEP | BF16 | QUICK },
    { { "lstm512", "80 features, LSTM(512)", 64, LOSS_MSE, 1, .layers = { LSTM(80, 512) } }, STEP | BF16 },
    { { "gru24", "1 feature, GRU(24), Dense(1)", 64, LOSS_MSE,
        2, .layers = { GRU(1, 24), DENSE(24, 1, LINEAR) } }, STEP },
    { { "gru128", "40 features, GRU(128)", 64, LOSS_MSE, 1, .layers = { GRU(40, 128) } }, STEP | QUICK },
    { { "gru384", "80 features, GRU(384)", 64, LOSS_MSE, 1, .layers = { GRU(80, 384) } }, STEP | BF16 },
    /* weights as bf16 */
    { { "bf16_lstm128", "100 x 40, LSTM(128), Dense(10)", 100, LOSS_SPARSE,
        2, .layers = { LSTM_LAST(40, 128), DENSE(128, 10, SOFTMAX) } }, SEQUENCE | BF16 | QUICK },
    { { "bf16_gru256", "100 x 80, GRU(256), Dense(10)", 100, LOSS_SPARSE,
        2, .layers = { GRU_LAST(80, 256), DENSE(256, 10, SOFTMAX) } }, SEQUENCE | BF16 },
    /* tokens */
    { { "tokens", "100 tokens, Embedding(10000, 64), LSTM(64), Dense(1)", 100, LOSS_BINARY,
        3, .layers = { EMBEDDING(10000, 64), LSTM_LAST(64, 64), DENSE(64, 1, SIGMOID) } }, SEQUENCE | TRAINING },
    /* all steps leave */
    { { "stack_lstm", "50 x 16, LSTM(64) twice, Dense(8) at each step", 50, LOSS_SPARSE,
        3, .layers = { LSTM(16, 64), LSTM(64, 64), DENSE(64, 8, SOFTMAX) } }, SEQUENCE | TRAINING },
    { { "stack_gru", "50 x 16, GRU(48) twice, Dense(8) at each step", 50, LOSS_SPARSE,
        3, .layers = { GRU(16, 48), GRU(48, 48), DENSE(48, 8, SOFTMAX) } }, SEQUENCE | TRAINING },
    /* convolution, pooling */
    { { "conv_max", "128 x 6, Conv1D(32, 5), MaxPooling1D(4), LSTM(64), Dense(6)", 128, LOSS_SPARSE,
        4, .layers = { CONV1D(6, 32, 5), MAX_POOLING(32, 4), LSTM_LAST(32, 64), DENSE(64, 6, SOFTMAX) } },
      SEQUENCE | TRAINING | QUICK },
    { { "conv_average", "128 x 9, Conv1D(64, 3), AveragePooling1D(2), Conv1D(64, 3), mean, Dense(6)",
        128, LOSS_SPARSE,
        5, .layers = { CONV1D(9, 64, 3), AVERAGE_POOLING(64, 2), CONV1D(64, 64, 3), AVERAGE(64),
                       DENSE(64, 6, SOFTMAX) } }, SEQUENCE | TRAINING },
    { { "max", "256 x 64, MaxPooling1D(2)", 256, LOSS_MSE, 1, .layers = { MAX_POOLING(64, 2) } }, SEQUENCE },
    { { "average", "256 x 64, AveragePooling1D(2)", 256, LOSS_MSE, 1, .layers = { AVERAGE_POOLING(64, 2) } },
      SEQUENCE },
    /* steps that look at others */
    { { "attention", "50 x 16, Dense(32), MultiHeadAttention(4, 8), mean, Dense(6)", 50, LOSS_SPARSE,
        4, .layers = { DENSE(16, 32, LINEAR), ATTENTION(32, 4), AVERAGE(32), DENSE(32, 6, SOFTMAX) } },
      SEQUENCE | TRAINING | QUICK },
    { { "lstm_attention", "50 x 16, LSTM(64), MultiHeadAttention(4, 16), mean, Dense(6)", 50, LOSS_SPARSE,
        4, .layers = { LSTM(16, 64), ATTENTION(64, 4), AVERAGE(64), DENSE(64, 6, SOFTMAX) } },
      SEQUENCE | TRAINING },
    { { "bidirectional", "50 x 40, Bidirectional(LSTM(48)), Dense(10) at each step", 50, LOSS_SPARSE,
        2, .layers = { BIDIRECTIONAL(40, 48), DENSE(96, 10, SOFTMAX) } }, SEQUENCE | TRAINING },
    /* rows of unlike lengths */
    { { "lengths", "100 x 16 with lengths, LSTM(64), Dense(10)", 100, LOSS_SPARSE,
        2, .layers = { LSTM_MASKED(16, 64), DENSE(64, 10, SOFTMAX) } }, SEQUENCE | TRAINING },
    /* normalisation */
    { { "batch_norm", "50 x 16, LSTM(64), BatchNormalization, LSTM(64)", 50, LOSS_MSE,
        3, .layers = { LSTM(16, 64), BATCH_NORMALIZATION(64), LSTM_LAST(64, 64) } }, SEQUENCE | TRAINING },
    { { "layer_norm", "50 x 16, GRU(64), LayerNormalization, GRU(64)", 50, LOSS_MSE,
        3, .layers = { GRU(16, 64), LAYER_NORMALIZATION(64), GRU_LAST(64, 64) } }, SEQUENCE | TRAINING | QUICK },
};
const int other_count = sizeof others / sizeof *others;
