/* test_ship.c: lstmc MODEL.lua --weights: the constants against M_prepare, bit by bit, the example's output against the interpreter, the self-test, and
 * what is refused. */
#include "command.h"
#include "shipping.h"

#include "runtime/interpreter/interpreter.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS "Input{9}, Embedding{31, 6}, LSTM{13, return_sequences = true}, Dropout{0.2}, GRU{9, return_sequences = true}, SimpleRNN{5}, " \
               "Dense{7, activation = 'relu'}, Dense{4, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'"
#define SEQUENCE "Input{7, 3}, GRU{11, return_sequences = true}, LSTM{20, return_sequences = true}, Dense{2}, loss = 'mse'"
#define BACKWARDS "Input{6, 3}, LSTM{8, go_backwards = true}, Dense{1, activation = 'sigmoid'}, loss = 'binary_crossentropy'"
#define CUSTOM "Input{5}, Activation{'tanh'}, Dense{3, use_bias = false}, RepeatVector{4}, LSTM{6}, Dense{2}, loss = 'mse'"
#define NOTHING "Input{5, 2}, Activation{'tanh'}, Flatten{}"

/* Training code is compiled once: it takes most of the time. */
static const char *const lines[] = { "", "--target=plain --inference", "--lanes=4 --inference --no-dispatch", "--lanes=auto --inference", "--dispatch --inference",
                                     "--weights-dtype=bf16 --inference", "--inference --unroll=full", NULL };

static bool fuses(struct workshop *shop)
{
    return workshop_processor_has(shop, "fma");
}

/* Every kind of code, by both compilers in turn; where it fuses multiplication and addition (gcc from -O2 on), or sums nothing, to the bit. */
static void check_constants(const char *text, bool steps)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", text, NULL);
    for (int i = 0; lines[i]; i++) {
        shipping_lstmc(&shop, arena_format(shop.arena, "net.lua --weights net.safetensors --quiet --self-test %s", lines[i]));
        for (int native = 0; native < 2; native++) {
            bool exact = native ? fuses(&shop) : i == 1;
            workshop_run(&shop, "cc=%s; for f in net net_weights net_self_test; do $cc " SHIPPED_WARNINGS " %s -c $f.c || exit 1; done; "
                                "$cc -O1 -I. -DMODEL=net %s %s \"$dropin/shipped.c\" net.o net_weights.o -o shipped -lm && ./shipped net.floats || { echo '%s' $cc; exit 1; }; "
                                "echo '#include \"net_self_test.h\"\nint main(void) { return net_self_test(); }' > test.c; "
                                "$cc test.c net.o net_weights.o net_self_test.o -o self_test -lm && ./self_test",
                         (i + native) % 2 ? "clang" : "gcc", native ? "-O2 -march=native" : "-O1", steps ? "-DSTEPS" : "", exact ? "" : "-DROUNDED", lines[i]);
        }
    }
    workshop_close(&shop);
}

Test(ship, constants_of_tokens) { check_constants(TOKENS, true); }
Test(ship, constants_of_sequences) { check_constants(SEQUENCE, true); }
Test(ship, constants_without_steps) { check_constants(BACKWARDS, false); }
Test(ship, constants_of_vectors) { check_constants(CUSTOM, false); }
Test(ship, no_weights_at_all) { check_constants(NOTHING, false); }

/* Two models in one program; all is const, and nothing is exported but by the names of the models. */
Test(ship, symbols)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    shipping_names(&meaning.labels, (const char *const[]){ "red", "green", "blue", "\"?\\\t", NULL });
    shipping_write(&shop, "one", TOKENS, &meaning);
    shipping_write(&shop, "two", SEQUENCE, NULL);
    lstmc_meaning_free(&meaning);
    shipping_lstmc(&shop, "one.lua --weights one.safetensors --self-test");
    shipping_lstmc(&shop, "two.lua --weights two.safetensors --self-test");
    workshop_run(&shop, "for m in one two; do for f in $m.c ${m}_weights.c ${m}_self_test.c; do gcc " SHIPPED_WARNINGS " -fno-pie -c $f || exit 1; done; "
                        "for c in g++ clang++; do echo \"#include \\\"$m.h\\\"\n#include \\\"${m}_self_test.h\\\"\" > user.cpp; "
                        "$c -std=c++17 " GENERATED_WARNINGS_AS_ERRORS " -fsyntax-only user.cpp || exit 1; done; "
                        "! nm -g --defined-only $m.o ${m}_weights.o ${m}_self_test.o | grep ' [A-Z] ' | grep -v \" ${m}_\" || exit 1; "
                        "! nm ${m}_weights.o | grep ' [BbDdCc] ' || exit 1; nm ${m}_weights.o | grep -q \" R ${m}_trained\" || exit 1; done; "
                        "nm one_weights.o | grep -q ' R one_labels' || exit 1; "
                        "echo '#include \"one_self_test.h\"\n#include \"two_self_test.h\"\nint main(void) { return one_self_test() + two_self_test(); }' > main.c; "
                        "gcc -no-pie main.c one*.o two*.o -o both -lm && ./both");
    workshop_close(&shop);
}

Test(ship, same_bytes_again_and_the_two_files_as_ever_without)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", TOKENS, NULL);
    shipping_lstmc(&shop, "net.lua --quiet");
    workshop_run(&shop, "mkdir a b c; mv net.h net.c a; ! grep -q trained a/net.h");
    for (int i = 0; i < 2; i++)
        shipping_lstmc(&shop, arena_format(shop.arena, "net.lua --weights ./net.safetensors --example --self-test --quiet -o %s", i ? "b" : "c"));
    workshop_run(&shop, "diff -r b c && test \"$(ls b)\" = \"$(printf '%%s\\n' Makefile net.c net.h net_main.c net_self_test.c net_self_test.h net_weights.c)\"; "
                        "! grep -r '%s' b", shop.folder);
    workshop_close(&shop);
}

/* ---- self-test ---- */

/* A weight of the last layer that is another one is found, and so is one that is not a number. */
Test(ship, self_test_finds_a_wrong_weight)
{
    static const char *const texts[] = { TOKENS, SEQUENCE, BACKWARDS };
    struct workshop shop;
    workshop_open(&shop);
    for (int i = 0; i < 3; i++) {
        shipping_write(&shop, "net", texts[i], NULL);
        shipping_lstmc(&shop, "net.lua --weights net.safetensors --self-test --example --quiet");
        workshop_run(&shop, "make -s CFLAGS='" SHIPPED_WARNINGS " -O1' && make -s check");
        const char *values[] = { "0.501", "NAN" };
        for (int v = 0; v < 2; v++)
            workshop_run(&shop, "cp net_weights.c kept.c; awk -v value=%s '/ \\.dense/ { inside = 1 } inside && !done && / -?0\\.[0-9]+f/ "
                                "{ done = sub(/-?0\\.[0-9]+f/, value \"f\"); sub(/NANf/, \"NAN\") } { print }' kept.c > net_weights.c; "
                                "! cmp -s kept.c net_weights.c || exit 1; make -s && ! ./net --self-test > said; grep -q 'sample 1 is WRONG' said; cp kept.c net_weights.c",
                         values[v]);
    }
    workshop_close(&shop);
}

/* ---- the example ---- */

static double *interpreted(struct workshop *shop, Description *description, const void *x)
{
    const Model *model = description_model(description);
    const struct lstmc_model *m = &model->descriptor;
    double *weights = arena_array(shop->arena, double, m->weight_count), *y = arena_array(shop->arena, double, m->output_count);
    const float *floats = shipping_weights(shop, m);
    for (size_t i = 0; i < m->weight_count; i++)
        weights[i] = floats[i];
    Interpreter_double *it = interpreter_create_double(model, 1, NULL, NULL);
    cr_assert(it);
    interpreter_forward_double(it, weights, x, 1, 0, 0);
    memcpy(y, interpreter_output_double(it), m->output_count * sizeof *y);
    interpreter_free_double(it);
    return y;
}

static const char *build_example(struct workshop *shop, const char *input)
{
    shipping_lstmc(shop, "net.lua --weights net.safetensors --example --quiet");
    workshop_run(shop, "for c in gcc clang; do make -s clean; make -s CC=$c CFLAGS='" SHIPPED_WARNINGS " -O2' || exit 1; done");
    return workshop_run(shop, "printf '%%b' '%s' | ./net", input);
}

static void expect_number(const char **at, double expected, double tolerance)
{
    char *end;
    double found = strtod(*at, &end);
    cr_expect(end > *at && fabs(found - expected) <= tolerance, "%.40s: %.9g expected", *at, expected);
    *at = end;
}

Test(ship, example_of_values_in_the_unit_of_the_data)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    cr_assert(lstmc_scaling_alloc(&meaning.input, 3) && lstmc_scaling_alloc(&meaning.target, 2));
    for (int i = 0; i < 3; i++)
        meaning.input.offset[i] = 10 * i, meaning.input.scale[i] = 2 + i;
    meaning.target.offset[0] = -5, meaning.target.scale[0] = 100, meaning.target.offset[1] = 7;
    shipping_write(&shop, "net", SEQUENCE, &meaning);
    double x[21];
    const char *input = "";
    for (int i = 0; i < 21; i++) {
        x[i] = (i * i % 13 - 4 - 10 * (i % 3)) / (2.0 + i % 3);
        input = arena_format(shop.arena, "%s%d%s", input, i * i % 13 - 4, i % 3 == 2 ? "\\n" : i % 3 ? " ; " : ",");
    }
    const char *printed = build_example(&shop, arena_format(shop.arena, "%s%s", input, input)), *steps, *at = printed;
    Description *description = shipping_read(&shop, "net");
    const double *y = interpreted(&shop, description, x);
    for (int sample = 0; sample < 2; sample++) {
        for (int t = 0; t < 7; t++) {
            expect_number(&at, y[2 * t] * 100 - 5, 2e-3);
            cr_assert_eq(*at++, ' ');
            expect_number(&at, y[2 * t + 1] + 7, 2e-5);
            cr_assert_eq(*at++, '\n');
        }
        cr_assert_eq(*at, sample ? 0 : '\n', "an empty line between samples");
        at += !sample;
    }
    steps = workshop_run(&shop, "printf '%%b' '%s' | ./net --stream", input);
    cr_expect(!strncmp(steps, printed, 20) && strlen(steps) * 2 + 1 >= strlen(printed) - 20, "%s%s", steps, printed);
    for (at = steps; *at; at += *at == '\n')
        for (int t = 0; t < 7; t++) {
            expect_number(&at, y[2 * t] * 100 - 5, 2e-3);
            expect_number(&at, y[2 * t + 1] + 7, 2e-5);
        }
    workshop_run(&shop, "! echo 1 2 3 | ./net 2> said; grep -q 'ends after 3 of 21' said; ! echo 1 two 3 | ./net 2> said; grep -q '\"two\" is no number' said; "
                        "! ./net nowhere 2> said; grep -q nowhere said");
    description_free(description);
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}

/* A window may be anywhere: what counts is how its rows differ from the last one. */
Test(ship, example_of_differences_from_the_last_row)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .is_relative = 1 };
    cr_assert(lstmc_scaling_alloc(&meaning.input, 2) && lstmc_scaling_alloc(&meaning.target, 1));
    meaning.input.offset[0] = 1, meaning.input.scale[0] = 2, meaning.input.scale[1] = 4, meaning.target.offset[0] = 3, meaning.target.scale[0] = 100;
    shipping_write(&shop, "net", "Input{5, 2}, LSTM{4}, Dense{1}, loss = 'mse'", &meaning);
    static const int rows[5][2] = { { 4, -3 }, { 1, 2 }, { 7, 0 }, { 2, 5 }, { 3, 9 } };
    double x[10];
    const char *input = "";
    for (int sample = 0; sample < 2; sample++)
        for (int i = 0; i < 10; i++) {
            x[i] = (rows[i / 2][i % 2] - rows[4][i % 2] - (i % 2 ? 0 : 1)) / (i % 2 ? 4.0 : 2.0);
            input = arena_format(shop.arena, "%s%d ", input, rows[i / 2][i % 2] + sample * 1000);
        }
    const char *printed = build_example(&shop, input), *at = printed;
    Description *description = shipping_read(&shop, "net");
    const double *y = interpreted(&shop, description, x);
    for (int sample = 0; sample < 2; sample++, at++)
        expect_number(&at, y[0] * 100 + 3, 2e-3);
    workshop_run(&shop, "grep -q 'changes from the last row' net_main.c; ! grep -q normalize_step net.h; ! grep -q -- --stream net_main.c");
    description_free(description);
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}

Test(ship, example_of_classes)
{
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    const char *const labels[] = { "red", "green", "blue", "\"?\\%s{\xc3\xa9", NULL };
    for (int named = 0; named < 2; named++) {
        if (named)
            shipping_names(&meaning.labels, labels);
        shipping_write(&shop, "net", TOKENS, &meaning);
        const char *at = build_example(&shop, "1 2 3 30 5 6\\n7 8 0\\n 8 8 8 1 2 3 4 5 6");
        Description *description = shipping_read(&shop, "net");
        const int32_t x[2][9] = { { 1, 2, 3, 30, 5, 6, 7, 8, 0 }, { 8, 8, 8, 1, 2, 3, 4, 5, 6 } };
        for (int sample = 0; sample < 2; sample++) {
            const double *y = interpreted(&shop, description, x[sample]);
            int best = 0;
            for (int i = 1; i < 4; i++)
                best = y[i] > y[best] ? i : best;
            const char *name = named ? labels[best] : arena_format(shop.arena, "%d", best);
            cr_assert(!strncmp(at, name, strlen(name)) && at[strlen(name)] == ' ', "%s: not %s", at, name);
            at += strlen(name);
            expect_number(&at, y[best], 1e-5);
            cr_assert_eq(*at++, '\n');
        }
        cr_assert_eq(*at, 0);
        workshop_run(&shop, "! echo 1 2 31 | ./net 2> said; grep -q '\"31\" is no id' said");
        description_free(description);
    }
    lstmc_meaning_free(&meaning);
    workshop_close(&shop);
}

Test(ship, example_of_yes_and_no)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", BACKWARDS, NULL);
    double x[18];
    const char *input = "";
    for (int i = 0; i < 18; i++)
        input = arena_format(shop.arena, "%s%g ", input, x[i] = i * i % 7 - 3);
    const char *at = build_example(&shop, input);
    Description *description = shipping_read(&shop, "net");
    double y = interpreted(&shop, description, x)[0];
    cr_expect_eq(*at++, y > 0.5 ? '1' : '0');
    expect_number(&at, y > 0.5 ? y : 1 - y, 1e-5);
    description_free(description);
    workshop_close(&shop);
}

/* ---- lstmc predict ---- */

/* Line by line the same, but for the last digits of numbers. */
static void expect_similar_lines(const char *ours, const char *theirs)
{
    for (; *ours && *theirs; ours += *ours != 0, theirs += *theirs != 0) {
        while (*ours && *ours == *theirs && *ours != ' ' && *ours != '\n' && !strchr("-.0123456789", *ours))
            ours++, theirs++;
        char *end, *their_end;
        double a = strtod(ours, &end), b = strtod(theirs, &their_end);
        cr_assert((end > ours) == (their_end > theirs) && fabs(a - b) <= 2e-5 * fmax(1, fabs(b)), "\"%.60s\" is not \"%.60s\"", ours, theirs);
        ours = end, theirs = their_end;
        cr_assert_eq(*ours, *theirs, "\"%.60s\" is not \"%.60s\"", ours, theirs);
    }
    cr_assert(!*ours && !*theirs, "one is longer: \"%.60s\" and \"%.60s\"", ours, theirs);
}

/* `options`: "" or --stream. */
static void check_against_predict(const char *text, const struct lstmc_meaning *meaning, const char *input, const char *options)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", text, meaning);
    command_write(shop.folder, "input", input, (long)strlen(input));
    shipping_lstmc(&shop, "net.lua --weights net.safetensors --example --inference --quiet");
    const char *ours = workshop_run(&shop, "make -s && ./net %s input", options);
    const char *theirs = shipping_lstmc(&shop, arena_format(shop.arena, "predict net.lua --weights net.safetensors --input input %s", options));
    cr_assert(strlen(ours) > 20, "%s", ours);
#ifdef __x86_64__
    if (__builtin_cpu_supports("fma"))          /* without it, denormalising rounds twice in one of them */
        cr_expect_str_eq(ours, theirs);
#endif
    expect_similar_lines(ours, theirs);
    workshop_close(&shop);
}

static const char *numbers(Arena *arena, int count)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = arena_format(arena, "%s%d.%d%c", text, i * i % 31 - 9, i % 10, i % 5 ? ' ' : '\n');
    return text;
}

Test(ship, example_says_what_predict_says)
{
    Arena *arena = arena_create();
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    check_against_predict(TOKENS, NULL, "1 2 3 4 5 6 7 8 9\n30 30 2 2 2 2 2 2 1\n0 1 0 1 0 1 0 1 0\n", "");
    check_against_predict(BACKWARDS, NULL, numbers(arena, 6 * 18), "");
    cr_assert(lstmc_scaling_alloc(&meaning.input, 3) && lstmc_scaling_alloc(&meaning.target, 2));
    meaning.input.offset[0] = 2, meaning.input.scale[0] = 12, meaning.input.scale[1] = 7, meaning.input.scale[2] = 9, meaning.target.scale[1] = 0.5;
    check_against_predict(SEQUENCE, &meaning, numbers(arena, 3 * 21), "");
    check_against_predict(SEQUENCE, &meaning, numbers(arena, 3 * 21), "--stream");
    meaning.is_relative = 1;
    shipping_names(&meaning.columns, (const char *const[]){ "a", "b", "c", NULL });
    shipping_names(&meaning.targets, (const char *const[]){ "change of c", "change of a", NULL });
    check_against_predict(SEQUENCE, &meaning, numbers(arena, 3 * 21), "");
    lstmc_meaning_free(&meaning);
    meaning = (struct lstmc_meaning){ .unit = LSTMC_WORDS, .is_lower = 1 };
    shipping_names(&meaning.vocabulary, (const char *const[]){ "", "\xef\xbf\xbd", "a", "cat", ",", "\xc3\xa9t\xc3\xa9", NULL });
    shipping_names(&meaning.labels, (const char *const[]){ "one", "two", "three", "four", NULL });
    check_against_predict(TOKENS, &meaning, "A cat, a DOG\n\nl'\xc3\x89T\xc3\x89 \xc3\x89t\xc3\xa9\ncat cat cat cat cat a a a a a a a a a\n", "");
    lstmc_meaning_free(&meaning);
    arena_free(arena);
}

/* ---- refused ---- */

Test(ship, refused)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", TOKENS, NULL);
    shipping_write(&shop, "other", SEQUENCE, NULL);
    shipping_refuses(&shop, "net.lua --example", 2, "--example needs --weights FILE");
    shipping_refuses(&shop, "net.lua --self-test", 2, "--self-test needs --weights FILE");
    shipping_refuses(&shop, "train net.lua --weights net.safetensors", 2, "does not go with train");
    shipping_refuses(&shop, "check net.lua --example", 2, "does not go with check");
    shipping_refuses(&shop, "net.lua --weights other.safetensors", 1, "other.safetensors: embedding/embeddings of model \"net\" is missing");
    shipping_refuses(&shop, "net.lua --weights nowhere", 1, "nowhere: No such file");
    shipping_refuses(&shop, "net.lua --weights net.lua", 1, "net.lua: ");
    command_write(shop.folder, "Makefile", "all:\n", 5);
    shipping_refuses(&shop, "net.lua --weights net.safetensors --example", 1, "Makefile: is not lstmc's");
    workshop_run(&shop, "grep -q '^all:' Makefile && rm Makefile; echo mine > net_main.c");
    shipping_refuses(&shop, "net.lua --weights net.safetensors --example", 1, "net_main.c: is not lstmc's");
    workshop_close(&shop);
}

/* A compiler for another machine knows no -march=native, and is not asked for it; this one's is, unless make is told not to. */
Test(ship, the_makefile_goes_with_a_cross_compiler)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", TOKENS, NULL);
    shipping_lstmc(&shop, "net.lua --weights net.safetensors --example --no-dispatch --quiet");
    workshop_run(&shop, "for cc in cross here; do echo '#!/bin/sh'; [ $cc = here ] || "
                        "echo 'for flag; do [ \"$flag\" = -march=native ] && exit 1; done'; "
                        "printf 'echo \"$@\" >> flags\\nexec gcc \"$@\"\\n'; done | awk '/^#!/ { n++ } { print > (n == 1 ? \"cross\" : \"here\") }'; "
                        "chmod +x cross here; "
                        "make CC=./cross && [ -x net ] && [ $(grep -c -e '-O2' flags) = 4 ] && make clean && rm flags && "
                        "make CC=./here && [ $(grep -c -e '-O2 -march=native' flags) = 4 ] && make clean && rm flags && "
                        "make CC=./here NATIVE= && ! grep march flags");
    workshop_close(&shop);
}

/* Shapes agree, mathematics does not: that is said, and done. */
Test(ship, weights_of_another_description)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", BACKWARDS, NULL);
    cr_expect(!strstr(shipping_lstmc(&shop, "net.lua --weights net.safetensors"), "note"));
    cr_expect(!strstr(shipping_lstmc(&shop, "net.lua --weights net.safetensors --batch=2 --target=plain"), "note"));
    workshop_run(&shop, "sed \"s/'sigmoid'/'hard_sigmoid'/\" net.lua > other.lua");
    command_expect(shop.folder, 60, "$L other.lua --weights net.safetensors", 0, "net_weights.c", "net.safetensors: note: written by a description with other options");
    workshop_close(&shop);
}

static void refuses_meaning(const char *text, struct lstmc_meaning *meaning, const char *words)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", text, meaning);
    shipping_refuses(&shop, "net.lua --weights net.safetensors", 1, words);
    workshop_close(&shop);
    lstmc_meaning_free(meaning);
}

Test(ship, a_meaning_of_other_shapes_is_refused)
{
    struct lstmc_meaning meaning = { .unit = LSTMC_NO_TEXT };
    cr_assert(lstmc_scaling_alloc(&meaning.input, 2));
    refuses_meaning(SEQUENCE, &meaning, "scales 2 columns of the input");
    cr_assert(lstmc_scaling_alloc(&meaning.target, 3));
    refuses_meaning(SEQUENCE, &meaning, "scales 3 columns of the output");
    shipping_names(&meaning.labels, (const char *const[]){ "a", "b", NULL });
    refuses_meaning(TOKENS, &meaning, "names 2 classes");
    shipping_names(&meaning.vocabulary, (const char *const[]){ "a", "b", NULL });
    refuses_meaning(SEQUENCE, &meaning, "has a vocabulary of 2");
}

Test(ship, weights_that_are_no_numbers_are_refused)
{
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", BACKWARDS, NULL);
    Description *description = shipping_read(&shop, "net");
    const struct lstmc_model *model = &description_model(description)->descriptor;
    float *weights = shipping_weights(&shop, model);
    struct lstmc_message message = { "" };
    weights[model->weights[1].offset + 2] = NAN;
    cr_assert(!lstmc_weights_save(model, weights, arena_format(shop.arena, "%s/net.safetensors", shop.folder), NULL, &message));
    shipping_refuses(&shop, "net.lua --weights net.safetensors", 1, "lstm/recurrent_kernel, element 2 (from 0) is not a finite number");
    description_free(description);
    workshop_close(&shop);
}
