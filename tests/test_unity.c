/* test_unity.c: two models in one program in any way: one translation unit, headers side by side in C and C++, names that mean something to the
 * languages; and what cannot be, refused in words. */
#include "command.h"
#include "shipping.h"

#include <criterion/criterion.h>
#include <string.h>

#define WARNINGS GENERATED_WARNINGS_AS_ERRORS

static const char network[] = "Input{4, 3}, LSTM{5}, Dropout{0.2}, Dense{2, activation = 'softmax'}, loss = 'categorical_crossentropy'";

/* Models of all kinds in one file: it compiles without a word, computes what they compute apart, and leaves nothing behind for what follows. */
Test(unity, all_kinds_of_models_in_one_translation_unit)
{
    static const char *const names[] = { "flat", "four", "eight", "sixteen", "chosen", "rounded", NULL };
    struct workshop shop;
    workshop_open(&shop);
    for (int i = 0; names[i]; i++) {
        CompileOptions options = { .target = i ? target_with_lanes(target_find("vector"), i == 1 ? 4 : i == 2 ? 8 : 16) : target_find("plain"),
                                   .dispatch = i == 4, .precise = i == 3, .bf16 = i == 5, .inference = i != 2 };
        workshop_model(&shop, names[i], network, &options);
    }
    workshop_list(&shop, names);
    workshop_run(&shop, "for n in flat four eight sixteen chosen rounded; do echo \"#include \\\"$n.c\\\"\"; done > unit.c; "
                        "echo 'float behind(float a, float b, float c) { return a * b + c; }' > behind.c; "
                        "{ printf '#include \"%%s.c\"\\n' four flat; cat behind.c; } > before.c; "
                        "gcc -O1 -I. -c $dropin/flags.c -o program.o");
    const char *apart = workshop_run(&shop, "gcc -O1 program.o flat.c four.c eight.c sixteen.c chosen.c rounded.c -o apart -lm && ./apart");
    workshop_run(&shop, "gcc " WARNINGS " -O1 -march=native -c unit.c -o unit.o && clang -std=c11 " WARNINGS " -O0 -c unit.c -o unit.o");
    const char *together = workshop_run(&shop, "clang -O1 program.o unit.c -o together -lm && ./together");
    workshop_expect_same_numbers(apart, together, 30, "one translation unit");
    /* Macros: those of the headers, which have the models' names, and nothing else. */
    workshop_run(&shop, "printf '#include <%%s>\\n' math.h string.h float.h stdint.h stddef.h | gcc -dM -E - | sort > none; "
                        "gcc -dM -E unit.c | sort | comm -13 none - | grep -vE '#define ((FLAT|FOUR|EIGHT|SIXTEEN|CHOSEN|ROUNDED)_[A-Z_]+ |"
                        "LSTMC_HEADER_OF_[a-z]+ *$|LSTMC_(MODEL_H|RANDOM_H|RANGE_ROWS|RANK_MAX)( |$))' > left || true; cat left; [ ! -s left ]");
    /* What the flags say of floats holds again behind the models: the same code. */
    workshop_run(&shop, "for c in gcc clang; do $c -O2 -march=native -ffast-math -c before.c && $c -O2 -march=native -ffast-math -c behind.c && "
                        "for f in before behind; do objdump -d $f.o --disassemble=behind | sed -n '/<behind>:/,$p' | sed 's/^ *[0-9a-f]*:\\t//; s/^[0-9a-f]* //' "
                        "| cut -f 2- > $f.$c; done; grep -q fmadd behind.$c && cmp before.$c behind.$c || { echo $c; cat before.$c behind.$c; exit 1; }; done");
    workshop_close(&shop);
}

/* Third and other files too: texts with capitals, words with none, columns. */
Test(unity, trained_models_in_one_translation_unit)
{
    static const char reads[] = "Input{4}, Embedding{6, 3}, LSTM{4}, Dense{2, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'";
    struct workshop shop;
    workshop_open(&shop);
    struct lstmc_meaning words = { .unit = LSTMC_WORDS, .is_lower = 1 }, characters = { .unit = LSTMC_CHARACTERS };
    shipping_names(&words.vocabulary, (const char *const[]){ "", "\xef\xbf\xbd", "the", "cat", ",", NULL });
    shipping_names(&words.labels, (const char *const[]){ "no", "yes", NULL });
    shipping_names(&characters.vocabulary, (const char *const[]){ "", "\xef\xbf\xbd", "a", "b", NULL });
    shipping_write(&shop, "words", reads, &words);
    shipping_write(&shop, "letters", reads, &characters);
    shipping_write(&shop, "bytes", reads, NULL);
    for (int i = 0; i < 3; i++) {
        const char *name = (const char *const[]){ "words", "letters", "bytes" }[i];
        shipping_lstmc(&shop, arena_format(shop.arena, "%s.lua --weights %s.safetensors --self-test --quiet%s", name, name, i == 1 ? " --dispatch" : ""));
    }
    workshop_run(&shop, "for n in words letters bytes; do for s in '' _weights _self_test; do echo \"#include \\\"$n$s.c\\\"\"; done; done > unit.c; "
                        "cat >> unit.c <<'end'\n"
                        "int main(void)\n{\n    int32_t x[4];\n    return words_self_test() || letters_self_test() || bytes_self_test()\n"
                        "        || words_encode(\"The CAT,\", x) || x[0] != 2 || x[1] != 3 || letters_encode(\"ab\", x) || x[0] != 2 || x[1] != 3;\n}\nend\n"
                        "for c in gcc clang; do $c " WARNINGS " -O0 unit.c -o unit -lm && ./unit || { echo $c; exit 1; }; done");
    lstmc_meaning_free(&words);
    lstmc_meaning_free(&characters);
    workshop_close(&shop);
}

/* A name is but the beginning of names. */
Test(unity, names_that_mean_something_to_the_languages)
{
    static const char *const names[] = { "double", "class", "main", "errno", "NAN", "int", "register", "EOF", "vec", "I", "std", "template", "unix", "sigmoid",
                                         "clamped", "maximum", "restrict", "loss", "struct_weights", "a_", NULL };
    struct workshop shop;
    workshop_open(&shop);
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), 4), .inference = true };
    for (int i = 0; names[i]; i++)
        workshop_model(&shop, names[i], "Input{3}, Embedding{4, 2}, GRU{2}, Dense{1, activation = 'sigmoid'}", &options);
    workshop_run(&shop, "for n in *.h; do echo \"#include \\\"$n\\\"\"; done > headers.cpp; cp headers.cpp headers.c; "
                        "for n in *.c; do [ $n = headers.c ] || echo \"#include \\\"$n\\\"\"; done > unit.txt; mv unit.txt unit.c; "
                        "gcc " WARNINGS " -O0 -c unit.c && clang " WARNINGS " -fsyntax-only unit.c && gcc " WARNINGS " -fsyntax-only headers.c && "
                        "for c in g++ clang++; do $c -std=c++17 " WARNINGS " -fsyntax-only headers.cpp || exit 1; done");
    workshop_close(&shop);
}

/* Pairs whose names meet: whichever header comes first, the second one says why not. */
Test(unity, pairs_that_cannot_be_say_so)
{
    static const struct { const char *first, *second, *why; } pairs[] = {
        { "net", "Net", "differs from Net in capitals alone" }, { "Net", "net", "differs from net in capitals alone" },
        { "net", "net_batch", "net_batch and net do not go into one source file: each has net_batch_scratch" },
        { "net_batch", "net", "net and net_batch do not go into one source file: each has net_batch_scratch" },
    };
    struct workshop shop;
    workshop_open(&shop);
    for (int i = 0; i < 4; i++)
        workshop_model(&shop, (const char *const[]){ "net", "Net", "net_batch", "net2" }[i], "Input{3}, Dense{2}", NULL);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *said = workshop_run(&shop, "printf '#include \"%%s.h\"\\n' %s %s > pair.c; cp pair.c pair.cpp; ! gcc -c pair.c && ! g++ -c pair.cpp",
                                        pairs[i].first, pairs[i].second);
        const char *in_c = strstr(said, pairs[i].why), *in_cpp = in_c ? strstr(in_c + 1, pairs[i].why) : NULL;
        cr_expect(in_c && in_cpp, "%s.h and %s.h: %s", pairs[i].first, pairs[i].second, said);
    }
    workshop_run(&shop, "printf '#include \"%%s.h\"\\n' net net2 net net2 > pair.c; gcc " WARNINGS " -fsyntax-only pair.c");
    workshop_close(&shop);
}

Test(unity, names_of_the_runtime_and_of_c_are_refused)
{
    static const struct { const char *name, *words; } names[] = {
        { "lstmc_demo", "names that begin with lstmc are those of the runtime; write another one: Sequential{ name = \"demo\", ... }" },
        { "LSTMC", "names that begin with lstmc are those of the runtime" }, { "Lstmc_Fan", "Sequential{ name = \"Fan\", ... }" },
        { "lstmc_1", "Sequential{ name = \"net\", ... }" }, { "math", "its header math.h would be taken for that of C" },
        { "string", "Sequential{ name = \"string_net\", ... }" },
    };
    struct workshop shop;
    workshop_open(&shop);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = arena_format(shop.arena, "return Sequential{ Input{3}, Dense{2} }\n"), *file = arena_format(shop.arena, "%s.lua", names[i].name);
        command_write(shop.folder, file, text, (long)strlen(text));
        shipping_refuses(&shop, file, 1, names[i].words);
    }
    command_write(shop.folder, "lstmcs.lua", "return Sequential{ Input{3}, Dense{2} }\n", 40);
    shipping_lstmc(&shop, "lstmcs.lua --quiet");
    workshop_close(&shop);
}
