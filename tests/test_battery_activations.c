/* test_battery_activations.c: every activation, everywhere, through the three oracles of oracles.h. Odd sizes, T >= 3, features != units, rows < batch. */
#include "oracles.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const activations[] = {
    "linear", "tanh", "sigmoid", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "softplus", "softsign", "softmax", "log_softmax",
    "exponential", "hard_sigmoid", "hard_sigmoid_keras2", "hard_silu", "silu", "mish", NULL };

/* One kind of vectors an activation, the next test the other kind: an activation is the same line of C in all of them. */
static unsigned targets_of(int number)
{
    return getenv("LONG_TESTS") ? ORACLE_PLAIN | ORACLE_VECTORS : ORACLE_PLAIN | (number % 2 ? ORACLE_VECTOR_4 : ORACLE_VECTOR_8);
}

/* `format` with each activation in the place of its %s. */
static void with_every_activation(const char *format, int odd)
{
    Arena *arena = arena_create();
    for (int i = 0; activations[i]; i++) {
        char *text = arena_alloc(arena, 1000);
        const char *at = strstr(format, "%s");
        snprintf(text, 1000, "%.*s%s%s", (int)(at - format), format, activations[i], at + 2);
        expect_agreement_with(text, &(Oracles){ .seed = 1, .targets = targets_of(i + odd) });
    }
    arena_free(arena);
}

Test(battery_activations, dense_with_every_activation)
{
    with_every_activation("Input{4, 5}, Dense{3, activation = '%s'}, Dense{2}, loss = 'mse'", 0);
}

Test(battery_activations, lstm_with_every_activation)
{
    with_every_activation("Input{4, 3}, LSTM{5, activation = '%s'}, Dense{2}, loss = 'mse'", 1);
}

Test(battery_activations, lstm_with_every_recurrent_activation)
{
    with_every_activation("Input{3, 4}, LSTM{3, recurrent_activation = '%s', return_sequences = true}, Dense{2}, loss = 'mse'", 0);
}

Test(battery_activations, gru_with_every_activation)
{
    with_every_activation("Input{4, 3}, GRU{5, activation = '%s'}, Dense{2}, loss = 'mse'", 1);
}

Test(battery_activations, gru_with_every_recurrent_activation)
{
    with_every_activation("Input{3, 4}, GRU{3, recurrent_activation = '%s', reset_after = false, return_sequences = true}, Dense{2}, loss = 'mse'", 0);
}

Test(battery_activations, simple_rnn_with_every_activation)
{
    with_every_activation("Input{5, 2}, SimpleRNN{3, activation = '%s'}, Dense{2}, loss = 'mse'", 1);
}

Test(battery_activations, activation_layer_with_every_activation)
{
    with_every_activation("Input{5}, Dense{4}, Activation{'%s'}, Dense{2}, loss = 'mse'", 0);
}
