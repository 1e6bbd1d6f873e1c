/* test_battery.c: every layer with every option through the three oracles of oracles.h. Odd sizes, T >= 3, features != units, rows < batch. */
#include "oracles.h"

#include <criterion/criterion.h>

/* ---- options of the recurrent layers ---- */

Test(battery, lstm_options)
{
    expect_all((const char *const[]){
        "Input{5, 3}, LSTM{4}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, return_sequences = true}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, go_backwards = true}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, go_backwards = true, return_sequences = true, use_bias = false}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, use_bias = false}, Dense{2, use_bias = false}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, unit_forget_bias = false, activation = 'softsign', recurrent_activation = 'hard_sigmoid'}, loss = 'mae'",
        "Input{1, 3}, LSTM{4}, Dense{2}, loss = 'mse'",
        "Input{2, 1}, LSTM{1, return_sequences = true}, loss = 'mse'",
        "Input{1, 1}, LSTM{1, go_backwards = true, return_sequences = true}, loss = 'mse'",
        "Input{13, 2}, LSTM{7}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'", NULL });
}

Test(battery, gru_options)
{
    expect_all((const char *const[]){
        "Input{5, 3}, GRU{4}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{4, reset_after = false}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{4, return_sequences = true, go_backwards = true}, loss = 'mse'",
        "Input{5, 3}, GRU{4, return_sequences = true, go_backwards = true, reset_after = false}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{4, use_bias = false}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{4, use_bias = false, reset_after = false, activation = 'softsign', recurrent_activation = 'silu'}, loss = 'mse'",
        "Input{1, 3}, GRU{4}, Dense{2}, loss = 'mse'",
        "Input{2, 1}, GRU{1, return_sequences = true, reset_after = false}, loss = 'mse'",
        "Input{11, 2}, GRU{6, go_backwards = true}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'", NULL });
}

Test(battery, simple_rnn_options)
{
    expect_all((const char *const[]){
        "Input{5, 3}, SimpleRNN{4}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, SimpleRNN{4, return_sequences = true}, loss = 'mse'",
        "Input{5, 3}, SimpleRNN{4, go_backwards = true, use_bias = false}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, SimpleRNN{4, go_backwards = true, return_sequences = true, activation = 'softplus'}, Dense{2}, loss = 'mse'",
        "Input{1, 2}, SimpleRNN{3}, loss = 'mse'",
        "Input{2, 1}, SimpleRNN{1, return_sequences = true}, Dense{1}, loss = 'mse'", NULL });
}

Test(battery, stacked_recurrences)
{
    expect_all((const char *const[]){
        "Input{4, 3}, LSTM{5, return_sequences = true}, LSTM{2}, Dense{3}, loss = 'mse'",
        "Input{4, 3}, LSTM{2, return_sequences = true}, GRU{5, return_sequences = true}, SimpleRNN{3}, loss = 'mse'",
        "Input{4, 3}, GRU{2, return_sequences = true, go_backwards = true}, LSTM{3, return_sequences = true, go_backwards = true}, Dense{2}, loss = 'mse'",
        "Input{4, 2}, LSTM{3, return_sequences = true}, LSTM{3, return_sequences = true}, LSTM{3, return_sequences = true}, loss = 'mse'",
        "Input{3, 2}, GRU{3, return_sequences = true, reset_after = false}, GRU{2, return_sequences = true}, GRU{4, go_backwards = true}, Dense{1}, loss = 'mse'",
        "Input{3, 2}, LSTM{3, return_sequences = true}, Dense{4, activation = 'relu'}, LSTM{2, return_sequences = true}, Dense{2}, loss = 'mse'", NULL });
}

/* ---- the other layers ---- */

Test(battery, feed_forward_layers)
{
    expect_all((const char *const[]){
        "Input{5}, Dense{3, activation = 'tanh'}, Dense{2}, loss = 'mse'",
        "Input{5}, Dense{3, use_bias = false}, loss = 'mse'",
        "Input{1}, Dense{1}, loss = 'mse'",
        "Input{4, 5}, Dense{3, activation = 'softmax'}, Dense{2, activation = 'gelu'}, loss = 'mse'",
        "Input{4, 5}, Dense{1}, loss = 'mse'",
        "Input{4, 3}, Flatten{}, Dense{5}, loss = 'mse'",
        "Input{4, 3}, Flatten{}, loss = 'mse'",
        "Input{4}, Flatten{}, Dense{3}, loss = 'mse'",
        "Input{4, 3}, LSTM{2, return_sequences = true}, Flatten{}, Dense{3, activation = 'tanh'}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, Activation{'tanh'}, Flatten{}, Activation{'softmax'}, Dense{2}, loss = 'mse'",
        "Input{3}, RepeatVector{4}, loss = 'mse'",
        "Input{3}, Dense{2}, RepeatVector{4}, LSTM{3, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{4, 3}, LSTM{5}, RepeatVector{3}, LSTM{4, return_sequences = true}, Dense{2, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{4, 3}, GRU{2}, RepeatVector{6}, GRU{3, return_sequences = true, go_backwards = true}, Dense{3}, loss = 'mse'",
        "Input{5}, Activation{'relu'}, loss = 'mse'", NULL });
}

Test(battery, embedding_then_everything)
{
    expect_all((const char *const[]){
        "Input{6}, Embedding{11, 3}, loss = 'mse'",
        "Embedding{11, 3, input_length = 6}, LSTM{4}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'",
        "Input{6}, Embedding{2, 5}, GRU{4, return_sequences = true}, Dense{3, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'",
        "Input{6}, Embedding{7, 3}, SimpleRNN{4, go_backwards = true}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{7, 3}, Flatten{}, Dense{4, activation = 'relu'}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{7, 3}, Dense{2, activation = 'tanh'}, loss = 'mse'",
        "Input{6}, Embedding{7, 3}, Activation{'softmax'}, LSTM{2}, loss = 'mse'",
        "Input{6}, Embedding{7, 3}, Dropout{0.3}, LSTM{2}, loss = 'mse'",
        "Input{1}, Embedding{7, 3}, LSTM{2}, loss = 'mse'",
        "Input{5}, Embedding{1, 2}, LSTM{2, go_backwards = true, return_sequences = true}, loss = 'mse'", NULL });
}

Test(battery, dropout)
{
    expect_all((const char *const[]){
        "Input{7}, Dropout{0.3}, Dense{3}, loss = 'mse'",
        "Input{7}, Dense{6}, Dropout{0}, Dense{3}, loss = 'mse'",
        "Input{7}, Dense{6}, Dropout{1}, Dense{3}, loss = 'mse'",
        "Input{7}, Dense{6}, Dropout{0.5}, loss = 'mse'",
        "Input{5, 3}, Dropout{0.3}, LSTM{4}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, return_sequences = true}, Dropout{0.3}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, return_sequences = true}, Dropout{0.3}, GRU{3}, Dropout{0.9}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Dropout{0.2}, GRU{4, go_backwards = true, return_sequences = true}, Dropout{0.4}, loss = 'mse'",
        "Input{5, 3}, Dropout{0.2}, Flatten{}, Dropout{0.4}, Dense{2}, loss = 'mse'",
        "Input{5}, Dense{4}, Dropout{0.2}, Activation{'relu'}, RepeatVector{3}, Dropout{0.4}, LSTM{2}, loss = 'mse'", NULL });
}

/* ---- losses ---- */

Test(battery, losses_of_numbers)
{
    expect_all((const char *const[]){
        "Input{5}, Dense{3}, loss = 'mse'", "Input{4, 5}, Dense{3}, loss = 'mse'", "Input{5}, Dense{1}, loss = 'mse'",
        "Input{5}, Dense{3}, loss = 'mae'", "Input{4, 5}, Dense{3}, loss = 'mae'", "Input{4, 5}, LSTM{3}, loss = 'mean_absolute_error'",
        "Input{5}, Dense{3}, loss = 'huber'", "Input{4, 5}, Dense{3}, loss = Huber{delta = 0.3}", "Input{5}, Dense{3}, loss = Huber{2.5}",
        "Input{4, 5}, LSTM{3, return_sequences = true}, loss = Huber{0.5}", "Input{5}, Dense{3, activation = 'sigmoid'}, loss = 'mse'",
        "Input{5}, Dense{3, activation = 'softmax'}, loss = 'huber'", NULL });
}

Test(battery, binary_crossentropy)
{
    expect_all((const char *const[]){
        "Input{5}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'",
        "Input{5}, Dense{3, activation = 'sigmoid'}, loss = BinaryCrossentropy{label_smoothing = 0.1}",
        "Input{4, 5}, Dense{3, activation = 'sigmoid'}, loss = 'binary_crossentropy'",
        "Input{4, 5}, LSTM{3, return_sequences = true}, Activation{'sigmoid'}, loss = BinaryCrossentropy{label_smoothing = 0.2}",
        "Input{5}, Dense{3}, loss = BinaryCrossentropy{from_logits = true}",
        "Input{4, 5}, Dense{3}, loss = BinaryCrossentropy{from_logits = true, label_smoothing = 0.1}",
        "Input{5}, Dense{3, activation = 'sigmoid'}, loss = BinaryCrossentropy{from_logits = true}",
        "Input{5}, Dense{3, activation = 'hard_sigmoid'}, loss = 'binary_crossentropy'",
        "Input{4, 5}, Dense{3, activation = 'hard_sigmoid'}, loss = BinaryCrossentropy{label_smoothing = 0.1}",
        "Input{5}, Dense{3, activation = 'softmax'}, loss = 'binary_crossentropy'",
        "Input{5}, Dense{3, activation = 'sigmoid'}, Dropout{0.3}, loss = 'binary_crossentropy'",
        "Input{4, 5}, Dense{2, activation = 'sigmoid'}, Flatten{}, loss = 'binary_crossentropy'",
        "Input{3, 5}, LSTM{2, activation = 'sigmoid'}, loss = 'binary_crossentropy'", NULL });
}

Test(battery, categorical_crossentropy)
{
    expect_all((const char *const[]){
        "Input{5}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{4, 5}, Dense{3, activation = 'softmax'}, loss = CategoricalCrossentropy{label_smoothing = 0.1}",
        "Input{5}, Dense{3}, loss = CategoricalCrossentropy{from_logits = true}",
        "Input{4, 5}, Dense{3}, loss = CategoricalCrossentropy{from_logits = true, label_smoothing = 0.2}",
        "Input{5}, Dense{3, activation = 'softmax'}, loss = CategoricalCrossentropy{from_logits = true}",
        "Input{5}, Dense{3, activation = 'sigmoid'}, loss = 'categorical_crossentropy'",
        "Input{4, 5}, Dense{3, activation = 'softplus'}, loss = CategoricalCrossentropy{label_smoothing = 0.1}",
        "Input{4, 5}, LSTM{3, return_sequences = true}, Activation{'softmax'}, loss = 'categorical_crossentropy'",
        "Input{5}, Dense{3, activation = 'softmax'}, Dropout{0}, loss = 'categorical_crossentropy'",
        "Input{3, 5}, GRU{2, activation = 'softmax'}, loss = 'categorical_crossentropy'", NULL });
}

Test(battery, sparse_categorical_crossentropy)
{
    expect_all((const char *const[]){
        "Input{5}, Dense{3, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'",
        "Input{4, 5}, Dense{3, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'",
        "Input{5}, Dense{3}, loss = SparseCategoricalCrossentropy{from_logits = true}",
        "Input{4, 5}, Dense{3}, loss = SparseCategoricalCrossentropy{from_logits = true}",
        "Input{5}, Dense{3, activation = 'softmax'}, loss = SparseCategoricalCrossentropy{from_logits = true}",
        "Input{5}, Dense{3, activation = 'sigmoid'}, loss = 'sparse_categorical_crossentropy'",
        "Input{4, 5}, Dense{3, activation = 'softplus'}, loss = 'sparse_categorical_crossentropy'",
        "Input{4, 5}, LSTM{2, return_sequences = true}, Dense{4}, Activation{'softmax'}, loss = 'sparse_categorical_crossentropy'", NULL });
}

Test(battery, the_callers_own_loss)
{
    expect_all((const char *const[]){
        "Input{5}, Dense{3}", "Input{4, 5}, Dense{3, activation = 'softmax'}", "Input{4, 5}, LSTM{3, return_sequences = true}",
        "Input{4, 5}, LSTM{3}", "Input{4}, Embedding{9, 3}, GRU{2, return_sequences = true}", "Input{4, 5}, Flatten{}",
        "Input{4, 3}, Dropout{0.3}", NULL });
}

/* Weights so large that sigmoids and softmaxes saturate: clipped probabilities have no gradient, logits keep theirs. */
Test(battery, losses_of_saturated_outputs)
{
    static const char *const models[] = {
        "Input{5}, Dense{3, activation = 'sigmoid'}, loss = 'binary_crossentropy'",
        "Input{5}, Dense{3, activation = 'sigmoid'}, Dropout{0}, loss = 'binary_crossentropy'",
        "Input{5}, Dense{3, activation = 'hard_sigmoid'}, loss = BinaryCrossentropy{label_smoothing = 0.1}",
        "Input{5}, Dense{3}, loss = BinaryCrossentropy{from_logits = true}",
        "Input{5}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{5}, Dense{3, activation = 'softmax'}, Dropout{0}, loss = 'categorical_crossentropy'",
        "Input{4, 5}, Dense{3, activation = 'softmax'}, Dropout{0}, loss = 'sparse_categorical_crossentropy'",
        "Input{4, 5}, Dense{3}, loss = SparseCategoricalCrossentropy{from_logits = true}",
        "Input{5}, Dense{3}, loss = Huber{2}",
        "Input{4, 5}, LSTM{3}, Dense{2}, loss = 'mae'",
        "Input{4, 5}, GRU{3, recurrent_activation = 'hard_sigmoid', activation = 'relu6'}, Dense{2, activation = 'log_softmax'}, loss = 'mse'", NULL };
    for (int i = 0; models[i]; i++)
        for (int tens = 1; tens <= 4; tens++)
            expect_agreement_with(models[i], &(Oracles){ .seed = (uint64_t)tens, .weight_scale = 10.0 * tens, .no_differences = true, .no_generated = true });
}

Test(battery, inference_alone_and_no_gradient_of_the_input)
{
    static const char *const models[] = {
        "Input{5, 3}, LSTM{4, return_sequences = true}, GRU{2}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{5}, Embedding{7, 3}, Dropout{0.5}, SimpleRNN{4, go_backwards = true}, Dense{1}, loss = 'mse'",
        "Input{5, 3}, Dense{4, activation = 'relu'}, Flatten{}, Dense{2}", NULL };
    for (int i = 0; models[i]; i++) {
        expect_agreement_with(models[i], &(Oracles){ .seed = 1, .inference = true, .no_differences = true, .no_evaluator = true });
        expect_agreement_with(models[i], &(Oracles){ .seed = 1, .no_input_gradient = true, .no_differences = true });
    }
}
