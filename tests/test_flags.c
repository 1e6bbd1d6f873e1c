/* test_flags.c: generated code gives its numbers, and keeps its NaNs, whatever its users' flags allow the compiler to do with floats. */
#include "toolchain.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const flags[] = {
    "-Ofast", "-O2 -ffast-math", "-O3 -ffast-math -fno-finite-math-only", "-O2 -ffast-math -fno-associative-math",
    "-O2 -ffast-math -fno-unsafe-math-optimizations", "-O2 -ffast-math -fno-reciprocal-math", "-O2 -ffast-math -fsigned-zeros",
    "-O2 -ffast-math -ftrapping-math", "-O2 -ffast-math -fmath-errno", "-O2 -funsafe-math-optimizations",
    "-O2 -funsafe-math-optimizations -fno-associative-math", "-O2 -fassociative-math -fno-signed-zeros -fno-trapping-math", "-O2 -fassociative-math",
    "-O2 -freciprocal-math", "-O2 -ffinite-math-only", "-O2 -fno-signed-zeros", "-O2 -fno-trapping-math", "-O2 -fno-math-errno", "-O2 -frounding-math",
    "-O2 -ffp-contract=off", "-O2 -ffp-contract=on", "-O2 -ffp-contract=fast", "-O1 -funsafe-math-optimizations",
};

static const char *const flags_of_gcc[] = {
    "-O2 -fsingle-precision-constant", "-O2 -fcx-limited-range", "-O2 -ffast-math -fno-cx-limited-range", "-O2 -ffast-math -frounding-math",
    "-O2 -std=c11 -mfpmath=387", "-O2 -mfpmath=387 -ffast-math", "-O2 -fexcess-precision=standard -mfpmath=387",
};

static void open_models(struct workshop *shop)
{
    static const char *const names[] = { "flat", "lanes", NULL };
    static const char text[] = "Input{6, 3}, LSTM{5}, Dense{2, activation = 'softmax'}";
    workshop_open(shop);
    workshop_model(shop, "flat", text, &(CompileOptions){ .inference = true });
    workshop_model(shop, "lanes", text, &(CompileOptions){ .inference = true, .target = target_with_lanes(target_find("vector"), 8) });
    workshop_list(shop, names);
    workshop_run(shop, "gcc -O1 -I. -c $dropin/flags.c -o program.o");
}

/* The program is compiled and linked without: its own floats, and how the processor treats small numbers, are to stay what they are. */
static const char *run(struct workshop *shop, const char *compiler, const char *how)
{
    return workshop_run(shop, "%s -w %s -c flat.c lanes.c && "
                              "%s program.o flat.o lanes.o -o program -lm && ./program", compiler, how, compiler);
}

static void try_all(struct workshop *shop, const char *compiler, const char *first, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int native = 0; native <= 1; native++)
            if (i % 2 == (size_t)native || getenv("LONG_TESTS"))
                workshop_expect_same_numbers(first, run(shop, compiler, arena_format(shop->arena, "%s%s", list[i], native ? " -march=native" : "")),
                                             10, arena_format(shop->arena, "%s %s", compiler, list[i]));
}

Test(flags, gcc, .timeout = 1200)
{
    struct workshop shop;
    open_models(&shop);
    const char *first = run(&shop, "gcc", "-O2"), *lines = strstr(first, "NaNs: 1\n");
    cr_assert(lines, "%s", first);
    size_t length = (size_t)(lines - first) + strlen("NaNs: 1\n");
    workshop_expect_same_numbers(arena_format(shop.arena, "%.*s", (int)length, first), first + length, 5, "plain loops and vectors");
    try_all(&shop, "gcc", first, flags, sizeof flags / sizeof *flags);
    if (workshop_processor_has(&shop, "avx2"))      /* that is, an x86 */
        try_all(&shop, "gcc", first, flags_of_gcc, sizeof flags_of_gcc / sizeof *flags_of_gcc);
    workshop_close(&shop);
}

Test(flags, clang, .timeout = 1200)
{
    struct workshop shop;
    open_models(&shop);
    try_all(&shop, "clang", run(&shop, "gcc", "-O2"), flags, sizeof flags / sizeof *flags);
    workshop_close(&shop);
}

/* The functions over vectors keep their bounds too; the program that measures them stands behind the same pragmas. */
Test(flags, bounds_of_functions, .timeout = 600)
{
    struct workshop shop;
    workshop_open(&shop);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i += getenv("LONG_TESTS") ? 1 : 4)
        workshop_run(&shop, "gcc -x c -DMATH_BOUNDS -DLANES=8 %s -march=native -I\"$dropin/../../runtime\" -c \"$dropin/../math_bounds.h\" -o bounds.o && "
                            "gcc bounds.o -o bounds -lm && ./bounds 65537", flags[i]);
    workshop_close(&shop);
}

/* gcc 12 takes a function of such a shape for one that writes nothing, and leaves its call out. The call alone is kept, not inlined. */
Test(flags, no_function_that_writes_is_left_out, .timeout = 600)
{
    static const char *const compilers[] = { "gcc", "clang" }, *const levels[] = { "-O1", "-O2", "-O3", "-Os" };
    struct workshop shop;
    workshop_open(&shop);
    for (int i = 0; i < 8; i++) {
        const char *said = workshop_run(&shop, "%s %s -fno-inline -I\"$dropin/../../runtime\" \"$dropin/channels.c\" -o channels && ./channels",
                                        compilers[i / 4], levels[i % 4]);
        cr_expect_str_eq(said, "24\n24\n24\n24\n24\n24\n", "%s %s", compilers[i / 4], levels[i % 4]);
    }
    workshop_close(&shop);
}
