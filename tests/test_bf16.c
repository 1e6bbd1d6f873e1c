/* test_bf16.c: --weights-dtype=bf16: rounding and unpacking, prediction to the last digits on weights of which bf16 loses nothing, how far it is
 * from float32 on others, the file as its users meet it. */
#include "command.h"
#include "custom_models.h"
#include "dropin_models.h"
#include "oracles.h"
#include "random_model.h"

#include "compiler/oracle/comparison.h"
#include "compiler/session/load.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "return Sequential{ name = \"net\", Input{6, 5}, LSTM{20, return_sequences = true}, Dropout{0.2}, GRU{11, return_sequences = true}, " \
              "SimpleRNN{9}, Dense{7, activation = \"tanh\"}, Dense{5, activation = \"softmax\"}, " \
              "loss = \"categorical_crossentropy\", batch_size = 5, shards = 1 }\n"

static const char *const compilers[] = { "gcc", "clang" };

/* ---- the functions ---- */

static void check_functions(const char *step, const char *const *flags)
{
    struct workshop shop;
    workshop_open(&shop);
    for (; *flags; flags++)
        for (int c = 0; c < 2; c++)
            workshop_run(&shop, "%s " GENERATED_WARNINGS_AS_ERRORS " %s -I\"$dropin/../../runtime\" \"$dropin/bf16.c\" -o bf16 -lm && ./bf16 %s",
                         compilers[c], *flags, step);
    workshop_close(&shop);
}

Test(bf16, functions_at_every_width)
{
    check_functions("16411", (const char *const[]){ "-std=c11 -O2 -DLANES=4", "-O0 -DLANES=8", "-O2 -DLANES=8 -march=native", "-Os -DLANES=16 -march=native",
                                                    "-O3 -DLANES=4 -march=native", "-O2 -DLANES=8 -DLSTMC_NO_VECTORS", NULL });
}

/* With LONG_TESTS set every float. */
Test(bf16, functions_over_many_floats)
{
    check_functions(getenv("LONG_TESTS") ? "1" : "251", (const char *const[]){ "-O2 -DLANES=8", NULL });
}

/* ---- against the interpreter ---- */

static Comparison compare_by_seeds(Arena *arena, const char *text, CompileOptions options, int rows, uint64_t seeds)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = oracle_read(arena, text);
    Compiled compiled;
    Loaded loaded;
    cr_assert(compile(arena, description, diagnostics, &options, &compiled));
    cr_assert(load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded), "%s does not compile", text);
    Comparison comparison = { .lanes = options.target->lanes, .programs = &compiled.programs };
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        const char *why = compare_generated(arena, description, loaded.model, rows, seed, &comparison);
        cr_assert(!why, "%s", why);
    }
    comparison.programs = NULL;
    loaded_free(&loaded);
    compiled_free(&compiled);
    description_free(description);
    return comparison;
}

static const Deviation *find(const Comparison *comparison, const char *name)
{
    for (int i = 0; i < comparison->count; i++)
        if (!strcmp(comparison->list[i].name, name))
            return &comparison->list[i];
    cr_assert(false, "%s was not compared", name);
    return NULL;
}

/* Lanes, compilers, no vectors at all: each function to the last digits, and in the neighbourhood of float32 but not of its last digits. */
static void expect_prediction(const char *compiler, const char *flags, int lanes, bool dispatch)
{
    static const char *const names[] = { "predict_batch", "predict", "step" };
    Arena *arena = arena_create();
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes), .bf16 = true, .dispatch = dispatch };
    use_cached_compiler(compiler);
    setenv("CFLAGS", flags, 1);
    Comparison comparison = compare_by_seeds(arena, MODEL, options, 5, 3);
    for (int i = 0; i < comparison.count; i++) {
        const Deviation *d = &comparison.list[i];
        cr_expect(d->value <= d->allowed, "%s %s, %d lanes: %s deviates by %g > %g", compiler, flags, lanes, d->name,
                  d->value, d->allowed);
    }
    for (int i = 0; i < 3; i++) {
        const Deviation *exact = find(&comparison, names[i]), *rounded = find(&comparison, arena_format(arena, "%s, bf16 for float32", names[i]));
        cr_expect(exact->allowed == REFERENCE_PRECISION, "%s: bf16 loses something of every weight", names[i]);
        cr_expect(rounded->value > 1e-4 && rounded->value < 0.01 && rounded->allowed < 0.1,
                  "%s deviates by %g of %g from float32", names[i],
                  rounded->value, rounded->allowed);
    }
    arena_free(arena);
}

Test(bf16, prediction_with_every_compiler_and_width)
{
    expect_prediction("gcc", "-O1", 4, false);
    expect_prediction("clang", "-O1 -march=native", 4, false);
    expect_prediction("gcc", "-O2 -march=native", 8, false);
    expect_prediction("clang", "-O2", 8, false);
    expect_prediction("gcc", "-O3 -march=native", 16, false);
    expect_prediction("clang", "-O2 -march=native", 16, false);
    expect_prediction("gcc", "-O1 -DLSTMC_NO_VECTORS", 8, false);
    expect_prediction("clang", "-O1 -DLSTMC_NO_VECTORS", 16, false);
}

Test(bf16, prediction_with_dispatch)
{
    static const struct { const char *limit, *needs[4]; } bodies[] = {
        { "4", { NULL } }, { "8", { "avx2", "fma", NULL } }, { "16", { "avx2", "fma", "avx512f", NULL } },
    };
    struct workshop shop;
    workshop_open(&shop);
    for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++) {
        bool there = true;
        for (const char *const *need = bodies[b].needs; *need; need++)
            there = there && workshop_processor_has(&shop, *need);
        if (there)
            expect_prediction(compilers[b % 2], arena_format(shop.arena, "-O1 -DNET_VEC_MAX=%s", bodies[b].limit), 16, true);
    }
    workshop_close(&shop);
}

/* The whole road: what pack leaves, in the order of its tiles, and the generated C with both compilers. */
static void expect_bf16(const char *text, unsigned targets)
{
    expect_agreement_with(text, &(Oracles){ .seed = 1, .no_differences = true, .bf16 = true, .inference = true, .targets = targets });
}

/* Odd and even numbers of features, units and rows, in all recurrences: words whose upper half is nobody's, sums whose last turn is one of a pair. */
static void expect_sizes(int first, int step, unsigned targets)
{
    Arena *arena = arena_create();
    for (int u = first; u <= 19; u += step)
        expect_bf16(arena_format(arena, "return Sequential{ name = 'sized', batch_size = %d, shards = 1, Input{%d, %d}, LSTM{%d, return_sequences = true}, "
                                 "GRU{%d, return_sequences = true, reset_after = %s}, SimpleRNN{%d, return_sequences = %s}, "
                                 "Dense{%d, activation = 'softmax'}, loss = 'mse' }",
                                 u % 7 + 1, 3 + u % 3, u % 9 + 1, u, u * 5 % 17 + 1, u % 2 ? "true" : "false", u * 3 % 17 + 1,
                                 u % 3 ? "true" : "false", u * 7 % 17 + 2), targets);
    arena_free(arena);
}

Test(bf16, sizes_with_4_lanes)
{
    expect_sizes(1, 3, ORACLE_VECTOR_4);
}

Test(bf16, sizes_with_8_lanes)
{
    expect_sizes(2, 3, ORACLE_VECTOR_8);
}

Test(bf16, sizes_with_16_lanes)
{
    expect_sizes(3, 4, ORACLE_VECTOR_16);
}

Test(bf16, dense_layers)
{
    Arena *arena = arena_create();
    for (int u = 1; u <= 17; u += 2)
        expect_bf16(arena_format(arena, "return Sequential{ name = 'sized', batch_size = %d, shards = 1, Input{%d}, Dense{%d, activation = 'tanh'}, "
                                 "Dense{%d, activation = 'relu'}, Dense{%d}, loss = 'mse' }",
                                 u * 3 % 7 + 1, u * 2 % 9 + 1, u, u * 5 % 17 + 1, u * 7 % 17 + 1), u % 4 == 1 ? ORACLE_VECTOR_8 : ORACLE_VECTOR_4);
    arena_free(arena);
}

/* Sums larger than a tile and than a first cache, tables of an embedding, both directions. */
Test(bf16, larger_models)
{
    expect_bf16("Input{5, 3}, LSTM{133}, Dense{2}, loss = 'mse'", ORACLE_VECTOR_8 | ORACLE_VECTOR_16);
    expect_bf16("Input{4, 37}, GRU{33, go_backwards = true}, Dense{41, activation = 'tanh'}, Dense{1}, loss = 'mse'", ORACLE_VECTOR_4 | ORACLE_VECTOR_16);
    expect_bf16("Input{7}, Embedding{9, 6}, LSTM{11, return_sequences = true}, Dense{9, activation = 'softmax'}, "
                "loss = 'sparse_categorical_crossentropy'", ORACLE_VECTORS);
}

Test(bf16, all_ways_of_unrolling)
{
    static const int ways[] = { UNROLL_NONE, UNROLL_FULL, 3 };
    for (int i = 0; i < 3; i++)
        expect_agreement_with("Input{4, 5}, GRU{7, return_sequences = true}, LSTM{5}, Dense{3}, loss = 'mse'",
                              &(Oracles){ .seed = 1, .no_differences = true, .bf16 = true, .inference = true, .unroll = ways[i],
                                          .targets = ORACLE_VECTOR_4 | ORACLE_VECTOR_8 });
}

Test(bf16, cells_and_layers_of_a_description)
{
    static const char *const uses[] = {
        "Input{6, 3}, Peephole{9, return_sequences = true}, Minimal{5}, Dense{2}, loss = 'mse'",
        "Input{9, 5}, Convolution{6, 3, strides = 2}, LSTM{7}, Dense{2}, loss = 'mse'",
        "Input{5, 4}, Squashed{7}, SimpleRNN{6, return_sequences = true}, Attention{}, Dense{3}, loss = 'mse'",
    };
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        expect_bf16(custom_description(arena, uses[i]), ORACLE_VECTOR_4 | ORACLE_VECTOR_8 | (i ? 0 : ORACLE_VECTOR_16));
    arena_free(arena);
}

/* Read by rows and by columns, the same weights share words with others each time, and there are none of which neither loses anything: what is computed
 * is compared as closely as the format allows. */
Test(bf16, weights_that_are_read_in_two_ways)
{
    static const char text[] =
        "local Tied = layer 'Tied' { arguments = { { 'units', 'size' } }, shape = function(a, x) return { x.features } end,\n"
        "  weights = function(a, x) return { kernel = weight{ x.features, a.units } } end,\n"
        "  call = function(a, w, x)\n"
        "    local i, k, n, m = axes 'i k n m'\n"
        "    local code, y = tensor{ a.units }, tensor{ x.features }\n"
        "    code[{ n }] = w.kernel[{ k, n }] * x[{ k }]\n"
        "    y[{ i }] = w.kernel[{ i, m }] * code[{ m }]\n"
        "    return y\n"
        "  end }\n"
        "return Sequential{ name = 'tied', Input{24}, Tied{16}, batch_size = 3 }\n";
    Arena *arena = arena_create();
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), 8), .bf16 = true, .inference = true };
    Comparison comparison = compare_by_seeds(arena, text, options, 3, 3);
    const Deviation *exact = find(&comparison, "predict_batch"), *rounded = find(&comparison, "predict_batch, bf16 for float32");
    cr_expect(exact->allowed > 1e-3 && exact->allowed < 0.1 && rounded->allowed < 0.1, "allowed: %g and %g",
              exact->allowed, rounded->allowed);
    for (int i = 0; i < comparison.count; i++)
        cr_expect(comparison.list[i].value <= comparison.list[i].allowed, "%s deviates by %g", comparison.list[i].name,
                  comparison.list[i].value);
    arena_free(arena);
}

/* With LONG_TESTS set two hundred. */
Test(bf16, random_models)
{
    static const unsigned targets[] = { ORACLE_VECTOR_8, ORACLE_VECTOR_4, ORACLE_VECTOR_16 };
    int count = getenv("LONG_TESTS") ? 200 : 12;
    for (int i = 0; i < count; i++) {
        Arena *arena = arena_create();
        expect_agreement_with(random_model(arena, (uint64_t)i + 1), &(Oracles){ .seed = (uint64_t)i + 1, .no_differences = true, .bf16 = true,
                              .inference = true, .targets = targets[i % 3], .compiler = compilers[i % 2] });
        arena_free(arena);
    }
}

/* ---- training ---- */

/* Gradients and all against the interpreter, beside functions that predict by bf16. */
Test(bf16, training_agrees_with_the_interpreter)
{
    expect_agreement_with("Input{5, 3}, LSTM{9, return_sequences = true}, GRU{6}, Dense{2}, loss = 'mse'",
                          &(Oracles){ .seed = 1, .no_differences = true, .bf16 = true, .targets = ORACLE_VECTORS });
}

/* Bit for bit, in all models; predictions are others. */
Test(bf16, training_is_as_without_the_option)
{
    struct workshop with, without;
    const Target *target = target_with_lanes(target_find("vector"), 8);
    static const char command[] = "%s -O0 -march=native -DAGREEMENT=0.05f -DSPLIT_SUMS -I. $dropin/exercise.c %s -o exercise -lm && "
                                  "./exercise after >all && grep -v predict all";
    const char *sources = dropin_open_with(&without, &(CompileOptions){ .target = target }, ".c");
    dropin_open_with(&with, &(CompileOptions){ .target = target, .bf16 = true }, ".c");
    for (int c = 0; c < 2; c++) {
        const char *first = workshop_run(&without, command, compilers[c], sources), *second = workshop_run(&with, command, compilers[c], sources);
        cr_expect(!strcmp(first, second) && strstr(first, "gradients"), "%s: other numbers in training", compilers[c]);
        first = workshop_run(&without, "grep predict all");
        second = workshop_run(&with, "grep predict all");
        cr_expect(strcmp(first, second), "%s: bf16 predicts what float32 predicts", compilers[c]);
    }
    workshop_close(&with);
    workshop_close(&without);
}

/* ---- the file ---- */

Test(bf16, compiles_without_a_warning)
{
    static const struct { int lanes; bool dispatch; const char *flags; } ways[] = {
        { 4, false, "'-std=gnu11 -O2'" },
        { 8, false, "'-std=c11 -O2 -mavx2 -mfma' '-std=c11 -O0' '-std=c11 -O0 -DLSTMC_NO_VECTORS'" },
        { 16, false, "'-std=c11 -Os -mavx512f'" },
        { 16, true, "'-std=c11 -O0'" },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct workshop shop;
        CompileOptions options = { .target = target_with_lanes(target_find("vector"), ways[i].lanes), .bf16 = true, .dispatch = ways[i].dispatch };
        dropin_open_with(&shop, &options, ".c");
        workshop_run(&shop, "for flags in %s; do for c in gcc clang; do $c " GENERATED_WARNINGS_AS_ERRORS " $flags "
                            "-c series.c wide.c || { echo $c $flags; exit 1; }; done; done", ways[i].flags);
        workshop_close(&shop);
    }
}

/* All models in one program, guard pages around and NaN in whatever has not been written. */
Test(bf16, no_stray_access_and_no_undefined_behaviour)
{
    static const char *const ways[][2] = {
        { "gcc -O0", "after" },
        { "clang -O0 -fsanitize=address,undefined -fno-sanitize-recover=all", "malloc" },
    };
    struct workshop shop;
    const char *sources = dropin_open_with(&shop, &(CompileOptions){ .target = target_with_lanes(target_find("vector"), 8), .bf16 = true }, ".c");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        workshop_run(&shop, "%s -DSPLIT_SUMS -DAGREEMENT=0.05f -I. $dropin/exercise.c %s -o exercise -lm && ./exercise %s", ways[i][0], sources, ways[i][1]);
    workshop_close(&shop);
}

/* What summary prints is what sizeof finds; of a kernel with an even number of gates, half as much as in float. */
Test(bf16, sizes_are_what_sizeof_says)
{
    static const char text[] = "return Sequential{ name = \"net\", Input{9, 16}, LSTM{64, use_bias = false}, loss = \"mse\", batch_size = 4 }";
    size_t packed[2];
    for (int bf16 = 0; bf16 < 2; bf16++) {
        Arena *arena = arena_create();
        Diagnostics *diagnostics = diagnostics_create(arena);
        Description *description = oracle_read(arena, text);
        Compiled compiled;
        Loaded loaded;
        CompileOptions options = { .target = target_with_lanes(target_find("vector"), 8), .bf16 = bf16 };
        cr_assert(compile(arena, description, diagnostics, &options, &compiled) && load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded));
        Sizes sizes = emit_sizes(&compiled.programs);
        const struct lstmc_model *m = loaded.model;
        packed[bf16] = sizes.packed;
        cr_expect(sizes.packed == m->packed_bytes, "packed: computed %zu, sizeof %zu", sizes.packed, m->packed_bytes);
        cr_expect(sizes.training == m->training_bytes, "training: computed %zu, sizeof %zu", sizes.training, m->training_bytes);
        cr_expect(sizes.scratch == m->scratch_bytes && sizes.state == m->state_bytes && sizes.tape == m->tape_bytes);
        loaded_free(&loaded);
        compiled_free(&compiled);
        description_free(description);
        arena_free(arena);
    }
    size_t kernels = (16 + 64) * 4 * 64 * sizeof(float);
    cr_expect(packed[0] >= kernels && packed[0] - packed[1] == kernels / 2, "packed: %zu B of floats, %zu B of bf16", packed[0], packed[1]);
}

/* ---- the command ---- */

static void expect(const char *folder, const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

Test(bf16, command)
{
    char *folder = command_folder();
    command_write(folder, "net.lua", MODEL, (long)strlen(MODEL));
    expect(folder, "$L net.lua --weights-dtype=bf16 --target=plain", 2, NULL, "--weights-dtype=bf16 goes with --target=vector");
    expect(folder, "$L net.lua --target=vector --weights-dtype=int8", 2, NULL, "--weights-dtype takes float32 or bf16, not \"int8\"");
    expect(folder, "$L net.lua --target=vector --weights-dtype", 2, NULL, "--weights-dtype");
    expect(folder, "$L train net.lua --target=vector --weights-dtype=bf16", 2, NULL, "--weights-dtype does not go with train");
    expect(folder, "mkdir a b c; $L net.lua --target=vector -o a --quiet && $L net.lua --target=vector --weights-dtype=float32 -o b --quiet && "
                   "cmp a/net.c b/net.c && cmp a/net.h b/net.h; ! grep bf16 a/net.?", 0, "b/net.c", NULL);
    expect(folder, "$L net.lua --target=vector --weights-dtype=bf16 -o b --quiet && $L net.lua --target=vector --weights-dtype=bf16 -o c --quiet && "
                   "cmp b/net.c c/net.c && cmp b/net.h c/net.h && grep -c 'uint32_t.*bf16, two in a word' b/net.h", 0, "\n8\n", NULL);
    expect(folder, "$L summary net.lua --lanes=8 --weights-dtype=bf16 >bf16; $L summary net.lua --lanes=8 >float32; "
                   "diff float32 bf16 | grep '^[<>]' | cut -c 1-12", 0, "<   packed  \n>   packed  \n", NULL);
    command_folder_remove(folder);
}

Test(bf16, check)
{
    char *folder = command_folder();
    command_write(folder, "net.lua", MODEL, (long)strlen(MODEL));
    expect(folder,
           "$L check net.lua --target=vector --weights-dtype=bf16 >said && tail -n 1 said && grep -cE 'bf16 for float32 +[0-9.e-]+ +0[.][0-9]+$' said", 0,
           "net.lua: all within tolerance\n3\n", NULL);
    expect(folder, "$L check net.lua --target=vector --lanes=16 --weights-dtype=bf16 --dispatch --quiet", 0, "all within tolerance\n", NULL);
    expect(folder, "$L tune net.lua --target=vector --weights-dtype=bf16 --inference --seconds=2 >tuned && "
                   "$L check net.lua --target=vector --weights-dtype=bf16 --tuning=net.tune.lua --quiet", 0, "net.lua: all within tolerance\n", NULL);
    command_folder_remove(folder);
}
