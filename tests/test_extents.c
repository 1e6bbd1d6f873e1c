/* test_extents.c: what the extents of generated structs and loops are called: by the names of sizes where that is certain, else by numbers. */
#include "compiler/compile.h"
#include "custom_models.h"
#include "oracles.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct Texts {
    Arena *arena;
    char *header, *source;
} Texts;

/* `inside` as custom_description takes it. */
static Texts compile_texts(const char *inside, const char *target, int lanes)
{
    Texts texts = { .arena = arena_create() };
    Compiled compiled = { 0 };
    CompileOptions options = { .target = target_with_lanes(target_find(target), lanes) };
    Description *description = oracle_read(texts.arena, custom_description(texts.arena, inside));
    cr_assert(compile(texts.arena, description, diagnostics_create(texts.arena), &options, &compiled), "%s", inside);
    texts.header = arena_copy_text(texts.arena, compiled.header.text);
    texts.source = arena_copy_text(texts.arena, compiled.source.text);
    compiled_free(&compiled);
    description_free(description);
    return texts;
}

static int times(const char *text, const char *wanted)
{
    int count = 0;
    for (; (text = strstr(text, wanted)) != NULL; text++)
        count++;
    return count;
}

/* Weights, states and loops of a layer, and what the next one reads of it. */
Test(extents, have_the_names_of_sizes)
{
    Texts t = compile_texts("name = 'm', Input{6, 5}, LSTM{7}, Dense{3}, loss = 'mse'", "plain", 1);
    const char *const in_header[] = {
        "#define M_FEATURES ", "enum {\n    M_LSTM_UNITS = 7,\n    M_DENSE_UNITS = 3\n};\n", "float kernel[M_FEATURES][28];", "float recurrent_kernel[M_LSTM_UNITS][28];",
        "float kernel[M_LSTM_UNITS][M_DENSE_UNITS];", "float h[M_TIMESTEPS + 1][M_BATCH][M_LSTM_UNITS];", "float o[M_TIMESTEPS][M_BATCH][M_LSTM_UNITS];",
        "float input[M_BATCH][M_TIMESTEPS][M_FEATURES];", "float output[M_BATCH][M_DENSE_UNITS];",
    };
    for (size_t i = 0; i < sizeof in_header / sizeof *in_header; i++)
        cr_expect(strstr(t.header, in_header[i]), "%s\n%s", in_header[i], strstr(t.header, "struct m_weights {"));
    cr_expect(times(t.source, "for (int t = 0; t < M_TIMESTEPS; t++)") >= 3);
    cr_expect(times(t.source, "for (int t = M_TIMESTEPS - 1; t >= 0; t--)") >= 1);
    cr_expect(times(t.source, "< M_LSTM_UNITS; ") >= 10);
    arena_free(t.arena);
}

/* Four gates of four units: the gates are no units. As many steps as units: only what is certain. */
Test(extents, have_no_name_by_coincidence)
{
    Texts gates = compile_texts("name = 'm', Input{6, 5}, LSTM{4}, Dense{3}, loss = 'mse'", "plain", 1);
    cr_expect(strstr(gates.header, "[4][M_LSTM_UNITS];"), "%s", strstr(gates.header, "struct m_tape {"));
    cr_expect_null(strstr(gates.header, "[M_LSTM_UNITS][M_LSTM_UNITS];"));
    cr_expect_null(strstr(gates.source, "g < M_LSTM_UNITS"));
    Texts scores = compile_texts("name = 'm', Input{16, 16}, Causal{16}, Flatten{}, Dense{2}, loss = 'mse'", "plain", 1);
    cr_expect(strstr(scores.header, "float y[M_TIMESTEPS][M_BATCH][M_CAUSAL_UNITS];") && strstr(scores.header, "float e[M_TIMESTEPS][M_BATCH][M_TIMESTEPS];"),
              "%s", strstr(scores.header, "struct m_tape {"));
    cr_expect_null(strstr(scores.source, "s < M_CAUSAL_UNITS"));
    cr_expect_null(strstr(scores.source, "t < M_CAUSAL_UNITS"));
    /* the sum of two layers is as wide as both: which of the sizes is meant, nobody can say */
    Texts sums = compile_texts("local x = Input{6, 5}\nlocal y = Dense{3}(Add{}{GRU{7}(x), SimpleRNN{7}(x)})\n"
                               "return Model{ x, y, name = 'm', loss = 'mse', batch_size = 4 }", "plain", 1);
    cr_expect(strstr(sums.header, "float h[M_TIMESTEPS + 1][M_BATCH][7];"), "%s", strstr(sums.header, "struct m_tape {"));
    cr_expect_null(strstr(sums.source, "M_GRU_UNITS"));
    cr_expect_null(strstr(sums.source, "M_SIMPLE_RNN_UNITS"));
    arena_free(gates.arena);
    arena_free(scores.arena);
    arena_free(sums.arena);
}

/* What two layers share is no size of one of them; layers that differ in capitals alone have no size with a name of its own. */
Test(extents, of_what_layers_share_are_numbers)
{
    Texts t = compile_texts("name = 'm', Input{6, 5}, LSTM{5, return_sequences = true}, LSTM{5, return_sequences = true}, LSTM{5}, loss = 'mse'", "vector", 8);
    const char *shared = strstr(t.source, "/* lstm and the 2 layers like it");
    cr_assert_not_null(shared);
    const char *end = strstr(shared, "\n}\n"), *units = strstr(shared, "LSTM_UNITS");
    cr_expect(!units || units > end, "%.400s", shared);
    Texts capitals = compile_texts("name = 'm', Input{6, 5}, LSTM{5, name = 'a', return_sequences = true}, LSTM{4, name = 'A'}, loss = 'mse'", "plain", 1);
    cr_expect_eq(times(capitals.header, "M_A_UNITS = "), 1);
    cr_expect(strstr(capitals.header, "M_A_UNITS = 5"));
    cr_expect_null(strstr(capitals.header, "float output[M_BATCH][M_A_UNITS];"));
    arena_free(t.arena);
    arena_free(capitals.arena);
}
