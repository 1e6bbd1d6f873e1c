/* test_battery_images.c: layers that slide windows over images, with every option through the three oracles, and what carries images to other layers
 * and back. Rows and columns differ, windows reach over all four sides, several options in one model. */
#include "command.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

Test(battery_images, conv2d)
{
    expect_all((const char *const[]){
        "Input{5, 7, 3}, Conv2D{4, 3, activation = 'tanh'}, Conv2D{9, kernel_size = {2, 3}, strides = {1, 2}, use_bias = false}, loss = 'mse'",
        "Input{5, 4, 2}, Conv2D{3, {4, 3}, strides = 2, padding = 'same', activation = 'relu'}, Convolution2D{5, {1, 2}}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{6, 5, 2}, Conv2D{5, {3, 2}, dilation_rate = {2, 3}, padding = 'same'}, Conv2D{2, 2, dilation_rate = 2}, loss = 'mse'",
        "Input{4, 5, 6}, Conv2D{4, {2, 3}, groups = 2}, Conv2D{12, {3, 1}, groups = 4, use_bias = false, padding = 'same'}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{3, 2, 1}, Conv2D{3, 5, padding = 'same', strides = {2, 1}, trainable = false}, Conv2D{9, 1, activation = 'softmax'}, loss = 'mae'", NULL });
}

Test(battery_images, pooling)
{
    expect_all((const char *const[]){
        "Input{6, 7, 2}, Dense{3}, MaxPooling2D{}, Conv2D{3, {2, 1}}, MaxPool2D{{1, 2}, 1, padding = 'same'}, loss = 'mse'",
        "Input{5, 4, 2}, Dense{9}, MaxPooling2D{{3, 2}, strides = {2, 3}, padding = 'same'}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{6, 7, 2}, Dense{3}, AveragePooling2D{2}, Conv2D{3, {2, 1}}, AvgPool2D{{1, 2}, 1, padding = 'same'}, loss = 'mse'",
        "Input{5, 4, 2}, Dense{9}, AveragePooling2D{{4, 3}, {3, 2}, padding = 'same'}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{5, 4, 2}, Conv2D{9, 2}, GlobalMaxPooling2D{}, Dense{2}, loss = 'mse'",
        "Input{5, 4, 2}, Conv2D{3, 2}, GlobalAvgPool2D{keepdims = true}, Conv2D{2, 1}, GlobalAveragePooling2D{}, loss = 'mse'",
        "Input{5, 4, 2}, Conv2D{3, 2}, GlobalMaxPool2D{keepdims = true}, Flatten{}, Dense{2}, loss = 'mse'", NULL });
}

Test(battery_images, moving)
{
    expect_all((const char *const[]){
        "Input{3, 4, 2}, Dense{3, activation = 'tanh'}, ZeroPadding2D{}, ZeroPadding2D{{{1, 2}, {0, 3}}}, Conv2D{2, 3}, loss = 'mse'",
        "Input{6, 7, 2}, Dense{9}, Cropping2D{{1, 2}}, Cropping2D{{{1, 0}, {0, 1}}}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{2, 3, 2}, Dense{3, activation = 'tanh'}, UpSampling2D{}, Conv2D{9, 2}, UpSampling2D{{1, 3}}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{3, 4, 2}, Permute{{3, 1, 2}}, Conv2D{4, 2, padding = 'same'}, Reshape{{4, -1}}, LSTM{3}, loss = 'mse'",
        "Input{24}, Dense{24}, Reshape{{3, 4, -1}}, Conv2D{5, {2, 3}}, BatchNormalization{}, Permute{2, 3, 1}, Flatten{}, Dense{2}, loss = 'mse'", NULL });
}

Test(battery_images, read_column_by_column)
{
    expect_agreement("Input{8, 6, 1}, Conv2D{8, {3, 3}, padding = 'same', activation = 'relu'}, MaxPooling2D{2}, Reshape{4, -1}, "
                     "Bidirectional{LSTM{5}}, Dense{3, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'");
}

/* Of each step of a sequence: what reads images, chains of layers, cells whose own sequence is one step's. */
Test(battery_images, at_each_step)
{
    expect_all((const char *const[]){
        "Input{3, 5, 4, 2}, TimeDistributed{Conv2D{3, {2, 3}, groups = 1, padding = 'same', activation = 'tanh'}}, TimeDistributed{MaxPooling2D{2}}, "
        "TimeDistributed{Flatten{}}, LSTM{4}, Dense{2}, loss = 'mse'",
        "Input{3, 4, 5, 2}, TimeDistributed{Sequential{ Conv2D{4, 2, groups = 2}, GlobalAveragePooling2D{}, Dense{3, activation = 'tanh'} }}, "
        "GRU{4, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{3, 4, 5, 2}, TimeDistributed{ZeroPadding2D{{{1, 0}, {0, 2}}}}, TimeDistributed{Sequential{ Conv2D{3, 3}, Reshape{9, -1}, "
        "LSTM{5}, Dropout{0.3} }}, Dense{2}, loss = 'mse'",
        "Input{3, 2, 4, 2}, TimeDistributed{TimeDistributed{LSTM{3}}}, TimeDistributed{Bidirectional{GRU{4}}}, loss = 'mse'",
        "Input{3, 4, 4, 1}, TimeDistributed{AveragePooling2D{{2, 3}, 1, padding = 'same'}}, TimeDistributed{UpSampling2D{{1, 2}}}, "
        "TimeDistributed{Cropping2D{{{1, 0}, {0, 3}}}}, TimeDistributed{GlobalMaxPooling2D{}}, loss = 'mse'", NULL });
}

/* The moments of each step, moving averages that go from step to step. */
Test(battery_images, statistics_of_each_step)
{
    expect_all((const char *const[]){
        "Input{3, 4, 5, 2}, TimeDistributed{Conv2D{3, 2, use_bias = false}}, TimeDistributed{BatchNormalization{}}, TimeDistributed{Flatten{}}, "
        "TimeDistributed{Sequential{ Dense{4}, BatchNormalization{momentum = 0.7, scale = false}, Activation{'tanh'} }}, LSTM{3}, loss = 'mse'",
        "Input{4, 3}, TimeDistributed{BatchNormalization{momentum = 0}}, GRU{4, return_sequences = true}, "
        "TimeDistributed{BatchNormalization{trainable = false}}, Dense{2}, loss = 'mse'",
        "Input{2, 3, 4}, TimeDistributed{TimeDistributed{BatchNormalization{momentum = 0.5}}}, Flatten{}, Dense{2}, loss = 'mse'", NULL });
}

/* What the averages become is held against the interpreter by the command. */
Test(battery_images, averages_go_from_step_to_step)
{
    static const char text[] = "return Sequential{ Input{4, 3, 2}, Dense{3}, TimeDistributed{BatchNormalization{momentum = 0.6}}, Flatten{}, Dense{2}, "
                               "loss = 'mse', batch_size = 6, shards = 2 }\n";
    char *folder = command_folder();
    command_write(folder, "steps.lua", text, (long)strlen(text));
    Ran ran = command_run(folder, 120, "$L check steps.lua --quiet");
    cr_expect_eq(ran.status, 0, "%s%s", ran.output, ran.errors);
    ran_free(&ran);
    command_folder_remove(folder);
}

Test(battery_images, conv_lstm2d)
{
    expect_all((const char *const[]){
        "Input{3, 4, 5, 2}, ConvLSTM2D{3, {3, 2}}, Flatten{}, Dense{2}, loss = 'mse'",
        "Input{4, 5, 4, 1}, ConvLSTM2D{2, 2, strides = {2, 1}, padding = 'same', return_sequences = true, go_backwards = true, use_bias = false, "
        "recurrent_activation = 'hard_sigmoid'}, TimeDistributed{Flatten{}}, GRU{3}, loss = 'mse'",
        "Input{3, 4, 5, 2}, ConvLSTM2D{9, {2, 3}, dilation_rate = {1, 2}, padding = 'same', activation = 'relu', return_sequences = true}, "
        "TimeDistributed{GlobalMaxPooling2D{}}, Dense{2}, loss = 'mse'",
        "Input{3, 3, 4, 2}, ConvLSTM2D{2, 2, dropout = 0.3, return_sequences = true}, ConvLSTM2D{3, {2, 1}, dropout = 0.2, recurrent_dropout = 0.4}, "
        "GlobalAveragePooling2D{}, loss = 'mse'",
        "Input{3, 12}, Masking{}, TimeDistributed{Reshape{3, 4, 1}}, ConvLSTM2D{2, 2, recurrent_dropout = 0.4}, Flatten{}, Dense{2}, loss = 'mse'", NULL });
}
