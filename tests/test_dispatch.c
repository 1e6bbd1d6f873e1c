/* test_dispatch.c: --dispatch: every body against the interpreter, which one runs on which processor, and the file as its users meet it. */
#include "command.h"
#include "dropin_models.h"
#include "oracles.h"

#include "compiler/oracle/comparison.h"
#include "compiler/session/load.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "return Sequential{ name = \"net\", Input{6, 3}, LSTM{20, return_sequences = true}, Dropout{0.2}, GRU{11}, Dense{5, activation = \"softmax\"}, " \
              "loss = \"categorical_crossentropy\", batch_size = 5, shards = 1 }\n"

/* ---- against the interpreter ---- */

static void compare(Arena *arena, int lanes, const char *compiler, const char *flags)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes), .dispatch = true };
    Comparison comparison = { .lanes = lanes };
    Compiled compiled;
    Loaded loaded;
    use_cached_compiler(compiler);
    setenv("CFLAGS", flags, 1);
    Description *description = oracle_read(arena, MODEL);
    cr_assert(compile(arena, description, diagnostics, &options, &compiled));
    cr_assert(load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded), "%s %s, %d lanes", compiler, flags, lanes);
    const char *why = compare_generated(arena, description, loaded.model, 5, 3, &comparison);
    cr_expect(!why && comparison.count >= 15, "%s %s, %d lanes: %s", compiler, flags, lanes, why ? why : "too little was compared");
    for (int i = 0; i < comparison.count; i++) {
        const Deviation *d = &comparison.list[i];
        cr_expect(d->value <= d->allowed, "%s %s, %d lanes: %s deviates by %g > %g", compiler, flags, lanes, d->name,
                  d->value, d->allowed);
    }
    loaded_free(&loaded);
    compiled_free(&compiled);
    description_free(description);
}

/* Forward, steps, loss and gradients; `needs` are what the processor has to have for that body to run. */
static void compare_body(int vec_max, const char *const *needs)
{
    static const char *const compilers[] = { "gcc", "clang" };
    struct workshop shop;
    workshop_open(&shop);
    for (; *needs; needs++)
        if (!workshop_processor_has(&shop, *needs)) {
            workshop_close(&shop);
            cr_skip_test("the processor has no %s", *needs);
        }
    for (int lanes = vec_max == 16 ? 16 : 4; lanes <= 16; lanes *= 2)
        for (int c = 0; c < 2; c++)
            compare(shop.arena, lanes, compilers[c], arena_format(shop.arena, "-O1 -DNET_VEC_MAX=%d", vec_max));
    workshop_close(&shop);
}

Test(dispatch, baseline_agrees_with_the_interpreter)
{
    compare_body(4, (const char *const[]){ NULL });
}

Test(dispatch, avx2_agrees_with_the_interpreter)
{
    compare_body(8, (const char *const[]){ "avx2", "fma", NULL });
}

Test(dispatch, avx512_agrees_with_the_interpreter)
{
    compare_body(16, (const char *const[]){ "avx2", "fma", "avx512f", NULL });
}

Test(dispatch, flags_of_all_kinds_agree_with_the_interpreter)
{
    Arena *arena = arena_create();
    compare(arena, 8, "gcc", "-O3 -march=native");
    compare(arena, 16, "clang", "-O2 -march=native");
    compare(arena, 16, "gcc", "-O0 -std=c11");
    compare(arena, 8, "clang", "-O1 -DLSTMC_NO_VECTORS");
    arena_free(arena);
}

/* ---- the choice ---- */

static void open_net(struct workshop *shop, int lanes)
{
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes), .dispatch = true };
    workshop_open(shop);
    workshop_model(shop, "net", MODEL, &options);
}

static bool machine_has_all(struct workshop *shop, const char *features)
{
    char *list = arena_copy_text(shop->arena, features);
    for (char *word = strtok(list, " "); word; word = strtok(NULL, " "))
        if (!workshop_processor_has(shop, word))
            return false;
    return true;
}

/* A processor that has `features` runs `body`; only features that this machine has can be tried out. "any": one layout for all bodies, so that
 * what one leaves in a struct any other reads. */
static void expect_choices(int lanes, const char *const (*cases)[2])
{
    struct workshop shop;
    open_net(&shop, lanes);
    int tried = 0;
    for (int c = 0; c < 2; c++) {
        workshop_run(&shop, "%s -O0 -finstrument-functions -I. -D'BODIES=X(baseline) X(avx2)%s' $dropin/processor.c -o processor -lm", c ? "clang" : "gcc",
                     lanes >= 16 ? " X(avx512)" : "");
        for (int i = 0; cases[i][0]; i++)
            if (machine_has_all(&shop, cases[i][1])) {
                workshop_run(&shop, "./processor %s %s", cases[i][0], cases[i][1]);
                tried++;
            }
    }
    cr_expect(tried > 0);
    workshop_close(&shop);
}

Test(dispatch, a_processor_runs_the_best_body_that_it_can)
{
    expect_choices(16, (const char *const[][2]){ { "baseline", "" }, { "avx2", "fma avx2" }, { "avx512", "avx2 avx512f fma" },
                                                 { "any", "avx2 fma avx512f" }, { NULL, NULL } });
    expect_choices(8, (const char *const[][2]){ { "baseline", "" }, { "baseline", "avx2" }, { "avx2", "avx2 fma" }, { "avx2", "avx2 avx512f fma" },
                                                { "any", "avx2 fma" }, { NULL, NULL } });
    expect_choices(4, (const char *const[][2]){ { "baseline", "fma" }, { "avx2", "avx2 fma" }, { NULL, NULL } });
}

/* ---- the file ---- */

Test(dispatch, compiles_without_a_warning)
{
    static const struct { int lanes; const char *flags; } ways[] = {
        { 4, "'-std=gnu11 -O2' '-std=c11 -O3' '-std=c11 -O1 -mavx'" },
        { 8, "'-std=c11 -O2' '-std=c11 -O1 -DLSTMC_NO_VECTORS' '-std=c11 -O1 -DWIDE_VEC_MAX=4'" },
        { 16, "'-std=c11 -O0' '-std=gnu11 -O1 -mavx2 -mfma' '-std=c11 -Os -mavx512f'" },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct workshop shop;
        dropin_open_dispatching(&shop, ways[i].lanes, ".c");
        workshop_run(&shop, "for flags in %s; do for c in gcc clang; do $c $flags " GENERATED_WARNINGS_AS_ERRORS " -c wide.c || "
                            "{ echo $c $flags; exit 1; }; done; done", ways[i].flags);
        workshop_close(&shop);
    }
}

/* All models in one program, guard pages around and NaN in whatever has not been written. */
Test(dispatch, no_stray_access_and_no_undefined_behaviour)
{
    static const char *const ways[][2] = {
        { "gcc -O1", "after" },
        { "clang -O0 -fsanitize=address,undefined -fno-sanitize-recover=all", "malloc" },
    };
    struct workshop shop;
    const char *sources = dropin_open_dispatching(&shop, 16, ".c");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        workshop_run(&shop, "%s -DSPLIT_SUMS -I. $dropin/exercise.c %s -o exercise -lm && ./exercise %s", ways[i][0], sources, ways[i][1]);
    workshop_close(&shop);
}

/* Wide vectors and fused multiply-adds are where they belong and nowhere else, and helpers are part of what calls them, but
 * that which turns over a square: that is work enough for a call. */
Test(dispatch, each_body_has_its_instructions)
{
    struct workshop shop;
    open_net(&shop, 16);
    for (int c = 0; c < 2; c++) {
        const char *compiler = c ? "clang" : "gcc";
        int avx2, avx512, elsewhere, calls;
        const char *counts = workshop_run(&shop, "%s -O2 -c net.c -o net.o && objdump -d net.o | awk '"
            "/^[0-9a-f]+ </ { where = $2 } "
            "/vfn?m(add|sub)[0-9]+ps .*%%ymm/ && where ~ /_avx2/ { avx2++ } /vfn?m(add|sub)[0-9]+ps .*%%zmm/ && where ~ /_avx512/ { avx512++ } "
            "/%%[yz]mm|vfn?m(add|sub)/ && where !~ /_avx(2|512)/ { elsewhere++ } /%%zmm/ && where ~ /_avx2/ { elsewhere++ } /call.*vec_/ && !/vec_transpose/ { calls++ } "
            "END { print avx2 + 0, avx512 + 0, elsewhere + 0, calls + 0 }'", compiler);
        cr_assert(sscanf(counts, "%d %d %d %d", &avx2, &avx512, &elsewhere, &calls) == 4, "%s", counts);
        cr_expect(avx2 >= 100 && avx512 >= 100, "%s: %d multiply-adds for AVX2, %d for AVX-512", compiler, avx2, avx512);
        cr_expect(!elsewhere && !calls, "%s: %d instructions of other processors, %d calls of helpers", compiler, elsewhere, calls);
    }
    workshop_close(&shop);
}

Test(dispatch, headers_are_cpp17)
{
    struct workshop shop;
    dropin_open_dispatching(&shop, 16, "");
    workshop_run(&shop, "printf '#include \"models.h\"\\n#include \"models.h\"\\n' > user.cpp && for c in g++ clang++; do "
                        "$c -std=c++17 " GENERATED_WARNINGS_AS_ERRORS " -fsyntax-only user.cpp || exit 1; done");
    workshop_close(&shop);
}

/* Preprocessed apart from the compilation, in a folder with a blank, with the header elsewhere, as a shared library that hides its names; nothing else is exported. */
Test(dispatch, is_built_in_all_kinds_of_ways)
{
    struct workshop shop;
    open_net(&shop, 16);
    workshop_run(&shop, "mkdir 'a b' && mv net.[ch] 'a b' && for c in gcc clang; do "
                        "$c -O0 -E 'a b/net.c' -o net.i && $c -O0 -c net.i -o net.o && objdump -d net.o | grep -q zmm && "
                        "$c -O0 -c \"$PWD/a b/net.c\" -o net.o && ! nm net.o | grep '^[0-9a-f]* [A-TV-Z] ' | grep -v ' net_' && "
                        "nm net.o | grep -c ' T net_' | grep -qx 12 && "
                        "$c -O0 -shared -fPIC -fvisibility=hidden 'a b/net.c' -Wl,-z,defs -o net.so -lm || { echo $c; exit 1; }; done && "
                        "mkdir include && mv 'a b/net.h' include && for c in gcc clang; do $c -O0 -Iinclude -c 'a b/net.c' || { echo $c; exit 1; }; done");
    workshop_close(&shop);
}

/* Functions and types of a body are macros: layers, weights and states of their names are not to suffer. */
Test(dispatch, layers_named_like_what_a_body_defines)
{
    static const char text[] =
        "local Own = recurrent \"Own\" { arguments = { {\"units\", \"size\"} }, state = { \"vec\" },\n"
        "  weights = function(a, x) return { vec_mask = weight({ x.features, a.units }, \"glorot_uniform\"), step = weight({ a.units, a.units }, \"orthogonal\") } end,\n"
        "  step = function(a, w, x, s) local v = tanh(affine(x, w.vec_mask) + affine(s.vec, w.step))  return { vec = v } end }\n"
        "return Sequential{ name = \"net\", Input{4, 3}, Own{9, name = \"vec\", return_sequences = true}, LSTM{9, name = \"step\", return_sequences = true},\n"
        "  LSTM{8, name = \"forward\", return_sequences = true}, GRU{8, name = \"vec_load\"}, Dense{9, name = \"loss\"}, loss = \"mse\", batch_size = 4 }\n";
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), 8), .dispatch = true };
    struct workshop shop;
    workshop_open(&shop);
    workshop_model(&shop, "net", text, &options);
    workshop_run(&shop, "for c in gcc clang; do $c -std=c11 -O1 " GENERATED_WARNINGS_AS_ERRORS " -c net.c || exit 1; done");
    workshop_close(&shop);
}

/* ---- the command ---- */

static void expect(const char *folder, const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

Test(dispatch, command)
{
    char *folder = command_folder();
    command_write(folder, "net.lua", MODEL, (long)strlen(MODEL));
    expect(folder, "$L net.lua --dispatch --target=plain", 2, NULL, "--dispatch goes with --target=vector");
    expect(folder, "$L net.lua --dispatch --no-dispatch", 2, NULL, "choose one");
    expect(folder, "$L check net.lua --no-dispatch", 2, NULL, "--no-dispatch does not go with check");
    expect(folder, "( mkdir by_itself && $L net.lua -o by_itself --quiet && $L net.lua --dispatch --quiet && cmp net.c by_itself/net.c && "
                   "$L net.lua --no-dispatch --quiet && ! cmp -s net.c by_itself/net.c && ! grep -q avx2 net.c && $L net.lua --target=plain --quiet && "
                   "! grep -q avx2 net.c ) >/dev/null", 0, NULL, NULL);
    expect(folder, "$L net.lua --target=vector --dispatch=yes", 2, NULL, "--dispatch takes no value");
    expect(folder, "$L tune net.lua --dispatch", 2, NULL, "--dispatch does not go with tune");
    expect(folder, "$L net.lua --lanes=8 --dispatch --quiet && mkdir again && "
                   "$L net.lua --lanes=8 --dispatch -o again --quiet && "
                   "cmp net.c again/net.c && cmp net.h again/net.h && grep -c '#include .net.c.' net.c", 0, "\n2\n", NULL);
    expect(folder, "$L summary net.lua --target=vector >without; $L summary net.lua --target=vector --dispatch | cmp without -", 0, NULL, NULL);
    command_folder_remove(folder);
}

/* What chooses when it runs is not compiled for this machine alone, unless the user says so. */
Test(dispatch, check_and_train_leave_the_choice_to_the_program)
{
    static const char cc[] = "#!/bin/sh\necho \"$@\" >>flags\nexec cc \"$@\"\n";
    static const char text[] = "return Sequential{ name = \"net\", Input{6, 3}, LSTM{5}, Dense{5, activation = \"softmax\"}, "
                               "loss = \"categorical_crossentropy\", epochs = 1, batch_size = 5, shards = 1,\n"
                               "  data = samples{ function(random) local x = {} for t = 1, 6 do x[t] = { random(), 0, 1 } end "
                               "return x, x[1][1] < 0.5 and { 1, 0, 0, 0, 0 } or { 0, 0, 0, 1, 0 } end, samples = 10 } }\n";
    char *folder = command_folder();
    command_write(folder, "net.lua", text, (long)strlen(text));
    command_write(folder, "cc.sh", cc, (long)strlen(cc));
    expect(folder, "chmod +x cc.sh; CC=$PWD/cc.sh $L check net.lua --target=vector --quiet", 0, "all within tolerance", NULL);
    expect(folder, "grep -c march=native flags && rm flags", 0, "1\n", NULL);
    expect(folder, "CC=$PWD/cc.sh $L check net.lua --target=vector --lanes=16 --dispatch --quiet", 0, "all within tolerance", NULL);
    expect(folder, "CC=$PWD/cc.sh $L train net.lua --target=vector --lanes=16 --dispatch --quiet", 0, "val_loss", NULL);
    expect(folder, "! grep march=native flags && grep -c -e -O flags && rm flags", 0, "2\n", NULL);
    expect(folder, "CFLAGS='-O1 -march=native' CC=$PWD/cc.sh $L check net.lua --target=vector --dispatch --quiet", 0, "all within tolerance", NULL);
    expect(folder, "grep -c march=native flags", 0, "1\n", NULL);
    command_folder_remove(folder);
}
