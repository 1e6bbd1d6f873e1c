/* test_battery_sizes.c: sizes that are no multiples of anything, and sizes that are, through the oracles of oracles.h: vectors that are partly
 * filled, several side by side, rows that are left over, sums cut into chunks. */
#include "oracles.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void expect_sizes(const char *text, unsigned targets)
{
    expect_agreement_with(text, &(Oracles){ .seed = 1, .no_differences = true, .targets = targets });
}

/* Units 1 to 17, features 1 to 9, batches 1 to 7, in all three kinds of recurrence in turn. */
static void recurrences_of(int first, int step)
{
    Arena *arena = arena_create();
    for (int u = first; u <= 17; u += step)
        expect_sizes(arena_format(arena, "return Sequential{ name = 'sized', batch_size = %d, shards = 1, Input{%d, %d}, LSTM{%d, return_sequences = true}, "
                                  "GRU{%d, return_sequences = true, reset_after = %s}, SimpleRNN{%d}, Dense{%d, activation = 'softmax'}, "
                                  "loss = 'categorical_crossentropy' }",
                                  u % 7 + 1, 3 + u % 3, u % 9 + 1, u, u * 5 % 17 + 1, u % 2 ? "true" : "false", u * 3 % 17 + 1, u * 7 % 17 + 2),
                     ORACLE_USUAL);
    arena_free(arena);
}

Test(battery_sizes, recurrences_of_odd_sizes)
{
    recurrences_of(1, 2);
}

Test(battery_sizes, recurrences_of_even_sizes)
{
    recurrences_of(2, 2);
}

Test(battery_sizes, dense_layers)
{
    Arena *arena = arena_create();
    for (int u = 1; u <= 17; u++)
        expect_sizes(arena_format(arena, "return Sequential{ name = 'sized', batch_size = %d, shards = 1, Input{%d}, Dense{%d, activation = 'tanh'}, "
                                  "Dense{%d, activation = 'relu'}, Dense{%d}, loss = 'mse' }",
                                  u * 3 % 7 + 1, u * 2 % 9 + 1, u, u * 5 % 17 + 1, u * 7 % 17 + 1),
                     ORACLE_PLAIN | (u % 2 ? ORACLE_VECTOR_8 : ORACLE_VECTOR_4));
    arena_free(arena);
}

Test(battery_sizes, sequences_of_dense_layers_and_embeddings)
{
    Arena *arena = arena_create();
    for (int u = 1; u <= 17; u += 2)
        expect_sizes(arena_format(arena, "return Sequential{ name = 'sized', batch_size = %d, shards = 1, Input{%d}, Embedding{%d, %d}, Dense{%d, activation = 'sigmoid'}, "
                                  "LSTM{%d, go_backwards = true, return_sequences = true}, Dense{%d, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy' }",
                                  u * 3 % 7 + 1, 3 + u % 4, u + 4, u * 2 % 9 + 1, u, u * 5 % 17 + 1, u * 7 % 17 + 2),
                     ORACLE_PLAIN | (u % 4 == 1 ? ORACLE_VECTOR_8 : ORACLE_VECTOR_4));
    arena_free(arena);
}

/* Larger than a tile in every direction; sums over time and batch so long that they are cut; lanes that fit exactly. */
Test(battery_sizes, larger_than_a_tile)
{
    expect_sizes("return Sequential{ name = 'long', batch_size = 9, shards = 1, Input{41, 5}, LSTM{19, return_sequences = true}, Dense{11}, loss = 'mse' }", ORACLE_USUAL);
    expect_sizes("return Sequential{ name = 'long', batch_size = 16, shards = 1, Input{33, 8}, GRU{16, return_sequences = true}, Dense{8}, loss = 'mse' }", ORACLE_USUAL);
    expect_sizes("return Sequential{ name = 'wide', batch_size = 5, shards = 1, Input{4, 37}, LSTM{33}, Dense{41, activation = 'tanh'}, Dense{1}, loss = 'mse' }", ORACLE_USUAL);
    expect_sizes("return Sequential{ name = 'whole', batch_size = 8, shards = 1, Input{4, 16}, LSTM{32}, Dense{16}, loss = 'mse' }", ORACLE_USUAL);
}

/* Weights that no first cache holds: with one row their vectors are taken back and forth, and the last vector is part of one. */
Test(battery_sizes, weights_beyond_the_first_cache)
{
    expect_sizes("return Sequential{ name = 'far', batch_size = 2, shards = 1, Input{5, 3}, LSTM{133}, Dense{2}, loss = 'mse' }", ORACLE_VECTOR_8 | ORACLE_VECTOR_16);
    expect_sizes("return Sequential{ name = 'far', batch_size = 2, shards = 1, Input{4, 3}, LSTM{261}, Dense{2}, loss = 'mse' }", ORACLE_VECTOR_4);
}

/* Sixteen lanes: emitted for AVX-512, run on whatever there is. */
Test(battery_sizes, sixteen_lanes)
{
    for (int u = 5; u <= 35; u += 15) {
        Arena *arena = arena_create();
        expect_sizes(arena_format(arena, "Input{4, %d}, LSTM{%d, return_sequences = true}, GRU{%d}, Dense{%d, activation = 'softmax'}, loss = 'categorical_crossentropy'",
                                  u / 2, u, u + 3, u - 2), ORACLE_VECTOR_16);
        arena_free(arena);
    }
}
