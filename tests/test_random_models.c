/* test_random_models.c: random descriptions by fixed seeds through the oracles: evaluator and generated C for all, finite differences for some;
 * for the plain target and one kind of vectors with one compiler, the next seed another one, or for all of them with LONG_TESTS in the environment.
 * Each test compiles its models in one process, so that a leak of one compilation would add up. */
#include "oracles.h"
#include "random_model.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MODELS = 200, PARTS = 4, DIFFERENCES_EVERY = 4 };

static unsigned targets_of(int number)
{
    static const unsigned vectors[] = { ORACLE_VECTOR_8, ORACLE_VECTOR_4, ORACLE_VECTOR_8, ORACLE_VECTOR_4, ORACLE_VECTOR_16 };
    return getenv("LONG_TESTS") ? ORACLE_PLAIN | ORACLE_VECTORS : ORACLE_PLAIN | vectors[number / PARTS % 5];
}

/* Five kinds of vectors, two compilers: all ten pairs in ten models. */
static const char *compiler_of(int number)
{
    return getenv("LONG_TESTS") ? NULL : oracle_compilers[number / PARTS % ORACLE_COMPILERS];
}

static void run_part(int part)
{
    for (int i = part; i < MODELS; i += PARTS) {
        Arena *arena = arena_create();
        char *text = random_model(arena, (uint64_t)i + 1);
        const Oracles oracles = { .seed = (uint64_t)i + 1, .no_differences = i / PARTS % DIFFERENCES_EVERY != 0,
                                  .targets = targets_of(i), .compiler = compiler_of(i) };
        char *said = oracles_disagreement(text, &oracles);
        cr_expect_null(said, "seed %d:\n%s%s", i + 1, strstr(text, "return Sequential"), said);
        free(said);
        arena_free(arena);
    }
}

Test(random_models, first_quarter) { run_part(0); }
Test(random_models, second_quarter) { run_part(1); }
Test(random_models, third_quarter) { run_part(2); }
Test(random_models, last_quarter) { run_part(3); }
