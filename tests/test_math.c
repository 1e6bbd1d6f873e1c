/* test_math.c: the vectors and functions that generated files carry along keep their bounds, with each compiler, width and level of optimisation. */
#include "toolchain.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define BUILD_WARNINGS "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=unused-function"

static void build_and_run(struct workshop *shop, const char *compiler, const char *flags, const char *arguments)
{
    workshop_run(shop, "%s -x c -DMATH_BOUNDS %s %s -I\"$dropin/../../runtime\" \"$dropin/../math_bounds.h\" -o bounds -lm && ./bounds %s", compiler,
                 BUILD_WARNINGS, flags, arguments);
}

Test(math, every_width_and_compiler)
{
    static const char *const compilers[] = { "gcc", "clang" };
    static const char *const flags[] = {
        "-std=c11 -O2 -DLANES=8", "-O0 -DLANES=8 -march=native", "-O3 -DLANES=8 -march=native", "-O2 -DLANES=4 -march=native",
        "-O2 -DLANES=8 -DLSTMC_NO_VECTORS", "-O2 -DLANES=8 -march=native -DLSTMC_PRECISE",
        "-O2 -DLANES=4 -D__ARM_NEON",       /* what 32-bit NEON is compiled with leaves the numbers alone */
    };
    struct workshop shop;
    workshop_open(&shop);
    for (size_t c = 0; c < sizeof compilers / sizeof *compilers; c++) {
        for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
            build_and_run(&shop, compilers[c], flags[f], "16411");
        workshop_run(&shop, "%s -x c -DMATH_BOUNDS -O2 -mavx512f -DLANES=16 -I\"$dropin/../../runtime\" -c \"$dropin/../math_bounds.h\" -o wide.o",
                     compilers[c]);
    }
    workshop_close(&shop);
}

/* Every float of the range that gates live in; with LONG_TESTS set every float of all functions. */
Test(math, completely_at_the_native_width)
{
    struct workshop shop;
    workshop_open(&shop);
    build_and_run(&shop, "gcc", "-O2 -march=native -DLANES=8", getenv("LONG_TESTS") ? "1 all" : "1021 all");
    workshop_close(&shop);
}

/* An int may have 16 bits (AVR): what has to have 32 says so. */
Test(math, no_int_stands_for_32_bits)
{
    struct workshop shop;
    workshop_open(&shop);
    workshop_run(&shop, "cd \"$dropin/../../runtime\" && ! grep -nE '^typedef (unsigned|int) .*vector_size|[(](unsigned|int)[)] *[a-z]+ *(<<|>>|&)' "
                        "lstmc_vec.h lstmc_apart.h lstmc_transpose.h lstmc_math.h lstmc_bf16.h lstmc_random.h lstmc_float.h");
    workshop_close(&shop);
}
