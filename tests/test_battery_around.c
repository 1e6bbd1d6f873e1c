/* test_battery_around.c: layers around the cells through the three oracles, with every option: those that only move numbers, activations
 * that are layers, noise. Odd sizes, several of them in one model. */
#include "oracles.h"

#include "runtime/lstmc_random.h"
#include "runtime/lstmc_normal.h"

#include <criterion/criterion.h>
#include <math.h>

Test(battery_around, what_only_moves)
{
    expect_all((const char *const[]){
        "Input{7, 3}, ZeroPadding1D{{2, 1}}, Conv1D{4, 3}, Cropping1D{{1, 2}}, UpSampling1D{3}, GRU{2, return_sequences = true}, ZeroPadding1D{}, loss = 'mse'",
        "Input{5, 3}, Dense{9}, Permute{{2, 1}}, Dense{4}, UpSampling1D{}, Cropping1D{1}, loss = 'mse'",
        "Input{4, 3, 2}, Permute{{3, 1, 2}}, Dense{5}, Permute{{2, 1, 3}}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{4, 6}, Reshape{{3, -1}}, LSTM{5, return_sequences = true}, Reshape{{-1}}, Dense{12}, Reshape{{3, 2, 2}}, Dense{2}, loss = 'mse'",
        "Input{5}, Embedding{7, 4}, Reshape{{-1, 2}}, Permute{{2, 1}}, Dense{3}, loss = 'mse'", NULL });
}

/* What repeats numbers keeps no copy of them: a sum over the repeated steps is so many times the number. */
Test(battery_around, sums_over_what_is_repeated)
{
    expect_all((const char *const[]){
        "Input{3}, RepeatVector{4}, GlobalAveragePooling1D{}, Dense{2}, loss = 'mse'",
        "Input{4, 2}, GRU{5}, RepeatVector{3}, Permute{{2, 1}}, RMSNormalization{}, Dense{2}, loss = 'mse'",
        "Input{3}, Dense{5}, RepeatVector{4}, Permute{{2, 1}}, LayerNormalization{}, GlobalAveragePooling1D{keepdims = true}, loss = 'mse'",
        "Input{3}, Dense{3}, RepeatVector{4}, ActivityRegularization{l1 = 0.2, l2 = 0.3}, loss = 'mse'",
        "Input{3}, Dense{2}, RepeatVector{3}, Attention{}, GlobalAveragePooling1D{}, loss = 'mse'", NULL });
    Arena *arena = arena_create();
    expect_agreement(arena_format(arena, "%s", "loss 'blind' { call = function(a, y, p)\n  local l, k = tensor{}, axes 'k'\n  l[{}] = p[{ k }] * p[{ k }]\n"
                                  "  return l\nend }\nreturn Sequential{ name = 'm', batch_size = 4, shards = 1, Input{3}, Dense{5}, RepeatVector{4}, loss = 'blind' }"));
    arena_free(arena);
}

Test(battery_around, activations_that_are_layers)
{
    expect_all((const char *const[]){
        "Input{5, 3}, Dense{9}, ReLU{}, Dense{4}, ReLU{0.8, 0.2, 0}, Dense{5}, ReLU{negative_slope = 0.1, threshold = 0.3, max_value = 0.7}, loss = 'mse'",
        "Input{5, 3}, Dense{9}, LeakyReLU{}, Dense{4}, LeakyReLU{1.5}, Dense{5}, LeakyReLU{alpha = 0.1}, LSTM{3}, loss = 'mse'",
        "Input{5, 3}, Dense{9}, ELU{}, Dense{4}, ELU{0.3}, Dense{5}, ThresholdedReLU{0.2}, Rescaling{-0.7, 0.3}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Dense{9}, PReLU{'random_normal'}, Dense{4}, PReLU{alpha_initializer = 'ones', shared_axes = {1}}, Flatten{}, PReLU{}, loss = 'mse'",
        "Input{4, 3, 2}, Dense{5}, PReLU{'random_uniform', shared_axes = {1, 3}}, Flatten{}, Dense{3}, Softmax{}, loss = 'categorical_crossentropy'",
        "Input{5, 9}, Softmax{1}, Dense{4}, Softmax{axis = -2}, Dense{3}, Softmax{}, loss = 'mse'", NULL });
}

Test(battery_around, noise)
{
    expect_all((const char *const[]){
        "Input{5, 9}, SpatialDropout1D{0.3}, LSTM{4, return_sequences = true}, SpatialDropout1D{0.5}, SpatialDropout1D{0}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GaussianNoise{0.4}, Dense{9}, GaussianDropout{0.3}, GRU{4}, GaussianNoise{0.1}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, AlphaDropout{0.3}, Dense{9, activation = 'selu'}, AlphaDropout{0.1}, Flatten{}, AlphaDropout{0.2, trainable = false}, AlphaDropout{0}, Dense{2}, loss = 'mse'",
        "Input{7}, GaussianDropout{0}, Dense{4}, GaussianNoise{0}, loss = 'mse'", NULL });
}

Test(battery_around, normalisation_of_positions)
{
    expect_all((const char *const[]){
        "Input{5, 3}, LayerNormalization{}, GRU{9, return_sequences = true}, LayerNormalization{epsilon = 0.1, scale = false}, Dense{2}, loss = 'mse'",
        "Input{4, 3, 2}, Dense{5}, LayerNormalization{axis = 3, center = false}, Flatten{}, LayerNormalization{}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Dense{9}, RMSNormalization{}, LSTM{4, return_sequences = true}, RMSNormalization{-1, 0.1}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, UnitNormalization{}, Dense{9}, UnitNormalization{axis = 2}, GRU{2}, loss = 'mse'", NULL });
}

Test(battery_around, normalisation_by_what_is_known)
{
    expect_all((const char *const[]){
        "Input{5, 3}, Normalization{mean = {0.5, -1, 2}, variance = {0.3, 4, 1.5}}, GRU{9}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Normalization{}, LSTM{4, return_sequences = true}, Dense{2}, Normalization{mean = 0.3, variance = 2.5, invert = true}, loss = 'mse'",
        "Input{4, 3, 2}, Normalization{axis = 3, mean = {1, 2}, variance = 0.7}, Flatten{}, Dense{9}, loss = 'mse'",
        "Input{3, 4, 2}, TimeDistributed{Normalization{mean = -0.5, variance = {1, 2}}}, TimeDistributed{LSTM{3}}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{7}, Dense{5}, Normalization{mean = 1, variance = 0.5}, Dense{2}, loss = 'mse'", NULL });
}

/* Of layers on the last axis it is the layer itself; of others the steps are samples. */
Test(battery_around, layers_distributed_over_time)
{
    expect_all((const char *const[]){
        "Input{5, 3}, LSTM{4, return_sequences = true}, TimeDistributed{Dense{9, activation = 'relu'}}, TimeDistributed{Dropout{0.3}}, TimeDistributed{Dense{2}}, loss = 'mse'",
        "Input{3, 5, 2}, TimeDistributed{Conv1D{4, 3, padding = 'causal', activation = 'relu'}}, TimeDistributed{MaxPooling1D{2}}, TimeDistributed{Flatten{}}, LSTM{3}, loss = 'mse'",
        "Input{3, 4, 2}, TimeDistributed{LSTM{3}}, GRU{4}, Dense{2}, loss = 'mse'",
        "Input{3, 4, 2}, TimeDistributed{GRU{9, return_sequences = true, go_backwards = true}}, TimeDistributed{GlobalAveragePooling1D{}}, Dense{2}, loss = 'mse'",
        "Input{3, 4, 2}, TimeDistributed{SpatialDropout1D{0.3}}, TimeDistributed{GaussianNoise{0.2}}, TimeDistributed{LSTM{3, dropout = 0.2}}, loss = 'mse'", NULL });
}

/* Of independent draws: mean, deviation, and how many lie beyond two of them. */
Test(battery_around, normal_noise_is_normal)
{
    enum { DRAWS = 100000 };
    double sum = 0, squares = 0, neighbours = 0, before = 0;
    int far = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = (double)lstmc_normal_noise(0.5f, 7, 3, (uint64_t)(i / 100), (uint64_t)(i % 100));
        cr_assert(isfinite(x));
        sum += x;
        squares += x * x;
        neighbours += x * before;
        far += fabs(x) > 1;
        before = x;
    }
    cr_expect_lt(fabs(sum / DRAWS), 0.006, "mean %g", sum / DRAWS);
    cr_expect_lt(fabs(sqrt(squares / DRAWS) - 0.5), 0.005, "deviation %g", sqrt(squares / DRAWS));
    cr_expect_lt(fabs(neighbours / squares), 0.015, "neighbours %g", neighbours / squares);
    cr_expect_lt(fabs(far / (double)DRAWS - 0.0455), 0.003, "beyond two deviations: %d", far);
    cr_expect_eq(lstmc_normal_noise(0.5f, 0, 3, 1, 1), 0.0f);
}
