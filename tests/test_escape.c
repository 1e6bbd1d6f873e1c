/* test_escape.c: text that is not ours reaches generated files as text: names of files, columns, classes and words that would end comments and
 * strings, begin directives, or be commands of a shell or of a terminal. */
#include "command.h"
#include "shipping.h"

#include <criterion/criterion.h>
#include <string.h>

#define TABLE "Input{4, 2}, LSTM{3}, Dense{2, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'"
#define TEXT "Input{4}, Embedding{8, 3}, LSTM{3}, Dense{2, activation = 'softmax'}, loss = 'sparse_categorical_crossentropy'"

static const char compiles[] = "for c in 'gcc -std=c11' 'gcc -std=gnu11 -Wtrigraphs' 'clang -std=c11'; do "
                               "$c " GENERATED_WARNINGS_AS_ERRORS " -fsyntax-only *.c || { echo $c; exit 1; }; done; "
                               "[ ! -e hacked ] && ! LC_ALL=C grep -l \"$(printf '\\033')\" *.c *.h";

/* Of the description, and with that of the weights. */
Test(escape, names_of_files)
{
    static const char *const names[] = {
        "b * c.lua", "d\n#define float e.lua", "h\"%s%n$(touch hacked)`touch hacked`.lua", "i\xe2\x80\xae\xff.lua",
        "j\x1b[31m.lua", "k \xc2\x9b.lua", "l@$", "m\\", "?\?",
    };
    struct workshop shop;
    workshop_open(&shop);
    shipping_write(&shop, "net", TEXT, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = "return Sequential{ name = 'net', " TEXT " }\n";
        command_write(shop.folder, names[i], text, (long)strlen(text));
        const char *quoted = "";
        for (const char *c = names[i]; *c; c++)
            quoted = arena_format(shop.arena, *c == '\'' ? "%s'\\''" : "%s%c", quoted, *c);
        workshop_run(&shop, "cp net.safetensors './w %s'", quoted);
        shipping_lstmc(&shop, arena_format(shop.arena, "'./%s' --weights './w %s' --self-test --example --quiet -o out", quoted, quoted));
        workshop_run(&shop, "cd out && %s && rm -r ../out", compiles);
    }
    workshop_close(&shop);
}

/* Whatever a table or a text calls its columns, classes and words. */
Test(escape, names_of_columns_classes_and_words)
{
    static const char *const nasty[] = { "*/ int x; /*", "\"); system(\"touch hacked", "a\\", "?\?/", "\n#error no\n", "%s%n", "$(touch hacked)",
                                         "\x1b[31m\xc2\x9b\xe2\x80\xae", NULL };
    struct workshop shop;
    workshop_open(&shop);
        for (int i = 0; nasty[i]; i += 2) {
        struct lstmc_meaning words = { .unit = LSTMC_WORDS }, table = { 0 };
        shipping_names(&words.vocabulary, nasty);
        shipping_names(&table.columns, (const char *const[]){ nasty[i], nasty[i + 1], NULL });
        cr_assert(lstmc_scaling_alloc(&table.input, 2));
        for (int c = 0; c < 2; c++)
            table.input.scale[c] = 1;
        shipping_names(&table.labels, (const char *const[]){ nasty[i + 1], nasty[i], NULL });
        shipping_names(&words.labels, (const char *const[]){ nasty[i], nasty[i + 1], NULL });
        shipping_write(&shop, "net", TABLE, &table);
        shipping_lstmc(&shop, "net.lua --weights net.safetensors --self-test --example --quiet -o out");
        workshop_run(&shop, "cd out && %s && rm -r ../out", compiles);
        shipping_write(&shop, "net", TEXT, &words);
        shipping_lstmc(&shop, "net.lua --weights net.safetensors --self-test --example --quiet -o out");
        workshop_run(&shop, "cd out && %s && rm -r ../out", compiles);
        lstmc_meaning_free(&table);
        lstmc_meaning_free(&words);
    }
    workshop_close(&shop);
}
