/* test_battery_windows.c: layers that slide windows over a sequence or take all of it at once, with every option through the three
 * oracles: convolution, pooling. Odd sizes, windows that reach over both ends, several options in one model. */
#include "oracles.h"

#include <criterion/criterion.h>

Test(battery_windows, conv1d)
{
    expect_all((const char *const[]){
        "Input{11, 3}, Conv1D{4, 3, activation = 'tanh'}, Conv1D{5, kernel_size = {2}, strides = {3}, use_bias = false}, loss = 'mse'",
        "Input{11, 3}, Conv1D{4, 4, strides = 2, padding = 'same'}, Convolution1D{9, 3, padding = 'same', dilation_rate = 2}, Dense{2}, loss = 'mse'",
        "Input{7, 3}, Conv1D{4, 3, padding = 'causal', dilation_rate = 3}, Conv1D{2, 2, padding = 'causal', strides = 2}, loss = 'mse'",
        "Input{9, 6}, Conv1D{4, 3, groups = 2}, Conv1D{12, 2, groups = 4, use_bias = false, padding = 'same'}, LSTM{3}, loss = 'mse'",
        "Input{3, 2}, Conv1D{3, 5, padding = 'same', strides = 2}, Conv1D{8, 4, padding = 'causal', activation = 'relu'}, loss = 'mae'",
        "Input{6}, Embedding{7, 3}, Conv1D{4, 3, activation = 'relu', trainable = false}, GRU{2}, loss = 'mse'", NULL });
}

Test(battery_windows, other_convolutions)
{
    expect_all((const char *const[]){
        "Input{9, 3}, SeparableConv1D{5, 3, depth_multiplier = 2, activation = 'tanh'}, SeparableConv1D{9, 2, 3, padding = 'same', use_bias = false}, loss = 'mse'",
        "Input{9, 3}, SeparableConv1D{4, 3, padding = 'causal', dilation_rate = 2}, DepthwiseConv1D{3, depth_multiplier = 3}, Dense{2}, loss = 'mse'",
        "Input{9, 5}, DepthwiseConv1D{4, strides = 2, padding = 'same', activation = 'relu'}, DepthwiseConv1D{2, use_bias = false}, LSTM{3}, loss = 'mse'",
        "Input{5, 3}, Conv1DTranspose{4, 3, strides = 2, activation = 'tanh'}, Conv1DTranspose{9, 2, use_bias = false}, loss = 'mse'",
        "Input{5, 3}, Conv1DTranspose{4, 4, strides = 3, padding = 'same'}, Conv1DTranspose{2, 3, padding = 'same', dilation_rate = 2}, loss = 'mse'",
        "Input{3, 2}, Conv1DTranspose{3, 1, strides = 3}, Conv1DTranspose{2, 2, strides = 4, padding = 'same'}, LSTM{2}, loss = 'mse'", NULL });
}

/* Along the last axis, step by step; a loss that undoes the softmax. */
Test(battery_windows, activations_of_rows)
{
    expect_all((const char *const[]){
        "Input{6, 3}, Conv1D{4, 3, activation = 'softmax'}, Conv1D{9, 1, activation = 'log_softmax'}, loss = 'mse'",
        "Input{6, 3}, Conv1D{4, 3, padding = 'same', activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'", NULL });
}

Test(battery_windows, pooling)
{
    expect_all((const char *const[]){
        "Input{9, 3}, Dense{4}, MaxPooling1D{}, Conv1D{3, 2}, MaxPool1D{3, 1, padding = 'same'}, loss = 'mse'",
        "Input{11, 3}, Dense{9}, MaxPooling1D{3, strides = 2, padding = 'same'}, LSTM{3}, loss = 'mse'",
        "Input{9, 3}, Dense{4}, AveragePooling1D{2}, Conv1D{3, 2}, AvgPool1D{3, 1, padding = 'same'}, loss = 'mse'",
        "Input{11, 3}, Dense{9}, AveragePooling1D{{4}, {3}, padding = 'same'}, LSTM{3}, loss = 'mse'",
        "Input{11, 3}, LSTM{5, return_sequences = true}, AveragePooling1D{3, strides = 2}, MaxPooling1D{4}, loss = 'mse'", NULL });
}

Test(battery_windows, pooling_of_all_steps)
{
    expect_all((const char *const[]){
        "Input{7, 3}, Conv1D{9, 3}, GlobalMaxPooling1D{}, Dense{2}, loss = 'mse'",
        "Input{7, 3}, Conv1D{5, 3}, GlobalMaxPool1D{keepdims = true}, Conv1D{2, 1}, loss = 'mse'",
        "Input{7, 3}, GRU{5, return_sequences = true}, GlobalAveragePooling1D{}, Dense{2}, loss = 'mse'",
        "Input{7, 3}, Dense{9}, GlobalAvgPool1D{keepdims = true}, LSTM{2}, loss = 'mse'", NULL });
}
