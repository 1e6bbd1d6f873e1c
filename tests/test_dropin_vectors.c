/* test_dropin_vectors.c: generated files with vectors as their users meet them: other compilers, whatever vectors these are told of or none,
 * sanitizers, guard pages. */
#include "dropin_models.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Whatever vectors the compiler is told of, or none. */
Test(dropin_vectors, sources_with_vectors_compile_without_a_warning)
{
    static const struct { int lanes; bool all; const char *flags; } ways[] = {
        { 4, false, "'-std=gnu11 -O2'" },
        { 8, true,  "'-std=gnu11 -O1 -mavx2 -mfma'" },
        { 8, false, "'-std=c11 -O0' '-std=gnu11 -O3' '-std=c11 -O1 -mavx' '-std=c11 -O1 -DLSTMC_NO_VECTORS'" },
        { 16, false, "'-std=c11 -O0' '-std=gnu11 -O2 -mavx512f'" },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct workshop shop;
        const char *sources = dropin_open(&shop, ways[i].lanes, ".c");
        workshop_run(&shop, "for flags in %s; do for c in gcc clang; do "
                            "$c $flags " GENERATED_WARNINGS_AS_ERRORS " $flags -c %s || { echo $c $flags; exit 1; }; done; done", ways[i].flags,
                     ways[i].all ? sources : "coder.c zoo.c wide.c");
        workshop_close(&shop);
    }
}

/* A few outputs of a dense layer lie along the sum: vectors, and what is left of the last one, which compilers have counted wrongly. */
Test(dropin_vectors, sums_of_all_lengths_compile_without_a_warning)
{
    static const int lengths[] = { 3, 17, 36, 100, 127 };
    for (int lanes = 4; lanes <= 16; lanes *= 2) {
        struct workshop shop;
        CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes) };
        workshop_open(&shop);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            workshop_model(&shop, arena_format(shop.arena, "dot%d", lengths[i]),
                           arena_format(shop.arena, "Input{%d}, Dense{1, activation = 'sigmoid'}, loss = 'mse'", lengths[i]), &options);
        workshop_model(&shop, "dot_behind_steps", "Input{20}, Embedding{50, 8}, LSTM{100}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'", &options);
        workshop_run(&shop, "for flags in -O2 -Os -O3; do gcc $flags " GENERATED_WARNINGS_AS_ERRORS " -c dot*.c || { echo $flags; exit 1; }; done; "
                            "clang -O2 " GENERATED_WARNINGS_AS_ERRORS " -c dot*.c");
        workshop_close(&shop);
    }
}

/* ---- the same numbers but for rounding ---- */

/* Pads of vectors may hold anything, NaN as well, and nothing beyond the caller's arrays is touched. */
static void run_vectors(int lanes, const char *const (*ways)[2])
{
    struct workshop plain, shop;
    const char *sources = dropin_open(&plain, 1, ".c");
    const char *first = workshop_run(&plain, "gcc -O1 -DSPLIT_SUMS -I. $dropin/exercise.c %s -o exercise -lm && ./exercise after", sources);
    sources = dropin_open(&shop, lanes, ".c");
    bool wide = workshop_processor_has(&shop, "avx2") && workshop_processor_has(&shop, "fma");
    for (; (*ways)[0]; ways++) {
        if (!wide && strstr((*ways)[0], "-mavx2"))
            continue;
        const char *how = arena_format(shop.arena, "%s -DSPLIT_SUMS", (*ways)[0]);
        const char *said = workshop_run(&shop, "%s -I. $dropin/exercise.c %s -o exercise -lm && ./exercise %s", how, sources, (*ways)[1]);
        workshop_expect_same_numbers(first, said, 100, how);
    }
    workshop_close(&plain);
    workshop_close(&shop);
}

Test(dropin_vectors, vectors_of_eight_give_the_same_numbers_without_a_stray_access)
{
    static const char *const ways[][2] = {
        { "gcc -std=c11 -O1", "after" },
        { "gcc -std=gnu11 -O2 -mavx2 -mfma", "before" },
        { "clang -std=gnu11 -O2 -mavx2 -mfma", "after" },
        { "gcc -std=gnu11 -O1 -DLSTMC_NO_VECTORS", "after" },
        { NULL, NULL },
    };
    run_vectors(8, ways);
}

Test(dropin_vectors, vectors_of_four_give_the_same_numbers_without_a_stray_access)
{
    static const char *const ways[][2] = {
        { "clang -std=c11 -O1", "after" },
        { "gcc -std=gnu11 -O3 -march=native", "after" },
        { NULL, NULL },
    };
    run_vectors(4, ways);
}

Test(dropin_vectors, vectors_of_sixteen_run_on_narrower_ones)
{
    static const char *const ways[][2] = { { "gcc -std=gnu11 -O1 -mavx2", "after" }, { "clang -O1", "before" }, { NULL, NULL } };
    run_vectors(16, ways);
}

Test(dropin_vectors, vectors_under_sanitizers)
{
    static const char *const ways[][2] = {
        { "gcc -O0 -fsanitize=address,undefined -fno-sanitize-recover=all", "malloc" },
        { "clang -O0 -mavx2 -mfma -fsanitize=address,undefined -fno-sanitize-recover=all", "malloc" },
        { "clang -O0 -fsanitize=memory -fno-sanitize-recover=all -DUNINITIALISED", "malloc" },
        { NULL, NULL },
    };
    run_vectors(8, ways);
}

/* Multiply-adds are fused where the target has them, whatever the language standard says. */
Test(dropin_vectors, vectors_are_multiplied_and_added_in_one_go)
{
    struct workshop shop;
    dropin_open(&shop, 8, ".c");
    workshop_run(&shop, "for std in c11 gnu11; do for c in gcc clang; do $c -std=$std -O2 -mavx2 -mfma -c wide.c -o wide.o && "
                        "fused=$(objdump -d wide.o | grep -cE 'vfn?madd[0-9]+ps +.*%%ymm') && [ $fused -ge 50 ] && "
                        "! objdump -d wide.o | grep -qE 'call.*<(tanhf|expf)' || { echo $c $std: $fused; exit 1; }; done; done");
    workshop_close(&shop);
}
