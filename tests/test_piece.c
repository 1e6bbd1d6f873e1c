/* test_piece.c: time loops that are cut in pieces: that they are, that what follows each piece runs for its turns alone, and that gradients agree. */
#include "oracles.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Found {
    int loops, followers, windows;     /* cut loops, tiles behind them, tensors that keep the rows of a piece */
    int piece;
} Found;

static Found find_pieces(const char *text)
{
    Arena *arena = arena_create();
    const Ir *ir = oracle_training_program(arena, text);
    Found found = { 0 };
    const Loop *loop = NULL;
    const Tile *tile = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (statement->loop && statement->loop->piece && statement->loop != loop) {
            loop = statement->loop;
            found.loops++;
            found.piece = loop->piece;
        }
        if (statement->tile && statement->tile != tile && statement->tile->follows) {
            tile = statement->tile;
            cr_expect(tile->follows == loop, "%s: a tile follows a loop that does not stand before it", text);
            found.followers++;
        }
    }
    for (int i = 0; i < ir->tensor_count; i++)
        found.windows += found.piece > 2 && ir->tensors[i]->window == found.piece;
    arena_free(arena);
    return found;
}

static const char *const models[] = {
    "Input{70, 3}, LSTM{5}, Dense{2}, loss = \"mse\"",
    "Input{67, 3}, GRU{5, return_sequences = true}, LSTM{6}, Dense{1}, loss = \"mse\"",
    "Input{66}, Embedding{7, 12}, LSTM{9, go_backwards = true}, Dense{1, activation = \"sigmoid\"}, loss = \"binary_crossentropy\"",
    NULL,
};

Test(piece, gradients_follow_a_few_turns)
{
    for (int i = 0; models[i]; i++) {
        Found found = find_pieces(models[i]);
        cr_expect(found.loops >= 1 && found.followers >= 3 && found.windows >= 1, "%s: %d loops in pieces of %d, %d tiles behind them, %d tensors of a piece",
                  models[i], found.loops, found.piece, found.followers, found.windows);
        const Oracles oracles = { .no_differences = true, .targets = ORACLE_VECTOR_4 | ORACLE_VECTOR_8 };
        expect_agreement_with(models[i], &oracles);
    }
}

/* A sequence that is one piece is not cut. */
Test(piece, a_short_loop_stays_whole)
{
    cr_expect(find_pieces("Input{9, 3}, LSTM{5}, Dense{2}, loss = \"mse\"").loops == 0);
}

/* An input that each turn reads has the sum over all turns for a gradient: of each row, with the axis of rows. */
Test(piece, input_of_all_turns)
{
    for (int steps = 3; steps <= 40; steps += 37) {
        char text[200];
        snprintf(text, sizeof text, "return Sequential{ Input{6}, RepeatVector{%d}, LSTM{2}, loss = 'mse', batch_size = 5 }", steps);
        char *said = oracles_disagreement(text, &(Oracles){ .targets = ORACLE_VECTOR_8 | ORACLE_VECTOR_16, .compiler = "gcc" });
        cr_expect_null(said, "%d steps: %s", steps, said ? said : "");
        free(said);
    }
}

/* A gradient that no second cache holds is written in blocks of its rows, the last of them shorter, for all turns at once. */
Test(piece, rows_of_a_large_gradient_go_in_blocks)
{
    const char *text = "Input{4, 3}, SimpleRNN{530}, Dense{2}, loss = \"mse\"";
    Arena *arena = arena_create();
    const Ir *ir = oracle_training_program(arena, text);
    int blocks = 0;
    for (int i = 0; i < ir->statement_count; i++)
        blocks += ir->statements[i]->tile && ir->statements[i]->tile->row_block > 0;
    arena_free(arena);
    cr_expect_eq(blocks, 1, "%d gradients in blocks", blocks);
    expect_agreement_with(text, &(Oracles){ .no_differences = true, .targets = ORACLE_VECTOR_16, .compiler = "gcc" });
}
