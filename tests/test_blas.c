/* test_blas.c: --blas. */
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const models[] = {
    "Input{6, 5}, LSTM{7, return_sequences = true}, LSTM{8}, Dense{9, activation = \"tanh\"}, Dense{2}, loss = \"mse\"",
    "Input{6, 5}, LSTM{8, return_sequences = true}, GRU{9, return_sequences = true}, SimpleRNN{4, return_sequences = true}, Dense{7}, loss = \"mse\"",
    "Input{6, 4}, GRU{5, reset_after = false, go_backwards = true, return_sequences = true}, Dense{6, activation = \"relu\"}, Dense{5}, loss = \"mae\"",
    "Input{6}, Embedding{9, 5}, LSTM{6, return_sequences = true}, Dropout{0.3}, Dense{8, activation = \"softmax\"}, loss = \"sparse_categorical_crossentropy\"",
    "Input{9}, Dense{10, activation = \"tanh\"}, Dense{11, trainable = false}, Dense{12}, loss = \"mse\"",
    "Input{7, 5}, SimpleRNN{6, trainable = false}, RepeatVector{4}, GRU{5, return_sequences = true}, Dense{3}, loss = \"mse\", batch_size = 6, shards = 1",
    "Input{8, 4}, LSTM{4, return_sequences = true}, Dense{4}, Flatten{}, Dense{3}, loss = \"mse\", batch_size = 1",
    "Input{3, 7}, LSTM{8, return_sequences = true}, LSTM{8}, Dense{32, activation = \"tanh\"}, Dense{64}, loss = \"mse\", batch_size = 4, shards = 1",
    "Input{2, 6}, GRU{32}, Dense{32}, loss = \"mse\", batch_size = 4, shards = 1",
    "Input{4, 32}, Dense{8}, Dropout{0.25}, Dense{32, activation = \"tanh\"}, SimpleRNN{8, return_sequences = true}, loss = \"mse\", batch_size = 3, shards = 1",
    NULL,
};

Test(blas, small, .timeout = 600)
{
    for (int i = 0; models[i]; i++) {
        const Oracles oracles = { .no_differences = true, .targets = ORACLE_PLAIN | ORACLE_VECTOR_4 | ORACLE_VECTOR_8, .blas_from = 3 };
        expect_agreement_with(models[i], &oracles);
        const Oracles more = { .no_differences = true, .targets = ORACLE_PLAIN | ORACLE_VECTOR_4 | ORACLE_VECTOR_8, .blas_from = 5 };
        expect_agreement_with(models[i], &more);
    }
}

Test(blas, show)
{
    for (int i = 0; models[i]; i++) {
        Arena *arena = arena_create();
        Target target = *target_with_lanes(target_find("vector"), 8);
        target.blas_side = target.blas_terms = 5;
        CompileOptions options = { .target = &target, .blas = true, .input_gradient = true };
        Compiled compiled;
        Description *d = oracle_read(arena, models[i]);
        cr_assert(compile(arena, d, diagnostics_create(arena), &options, &compiled));
        fprintf(stderr, "====== %s\n", models[i]);
        for (char *at = compiled.source.text; (at = strstr(at, "cblas_sgemm(")); at++) {
            char *from = at;
            for (int n = 0; n < 4; n++) { from--; while (from[-1] != '\n') from--; }
            fprintf(stderr, "%.*s", (int)(strstr(at, ";") - from + 2), from);
        }
    }
}
