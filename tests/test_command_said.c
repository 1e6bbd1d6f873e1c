/* test_command_said.c: a model with a decoder of texts, through the program: trained, what it says greedily and with a beam by every way, how close
 * that is, shipped; and what is refused. */
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 200

/* Letters become capitals, the other way round; a second line may say the same. */
#define MODEL \
    "local read, said = Input{arg.steps and arg.steps|0 or 6, name = 'read', lengths = arg.lengths ~= nil}, Input{6, name = 'said'}\n" \
    "local e, h = GRU{24, return_sequences = true, return_state = true}(Embedding{8, 12, mask_zero = not arg.lengths}(read))\n" \
    "local d = Embedding{arg.ids and arg.ids|0 or 10, 12, mask_zero = true}(said)\n" \
    "local s = GRU{24, return_sequences = true}{d, initial_state = h}\n" \
    "local a = Concatenate{}(s, Attention{}(s, e))\n" \
    "local inputs = arg.first and {said, read} or {read, said}\n" \
    "return Model{ name = 'says', inputs = inputs, outputs = Dense{10, activation = 'softmax'}(a), decoder = arg.none == nil and said or nil,\n" \
    "  begin_token = arg.begin and arg.begin|0 or nil, loss = 'sparse_categorical_crossentropy', metrics = {'accuracy'}, optimizer = Adam{0.01},\n" \
    "  data = lines{'p.tsv', text = 1, target_text = 2, padding = arg.padding or 'post', split = 0.9}, batch_size = 16, epochs = arg.epochs and arg.epochs|0 or 20 }\n"

static char *folder;

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void write_pairs(void)
{
    static char text[40000];
    char *to = text;
    unsigned seed = 7;
    for (int i = 0; i < 400; i++) {
        char word[6] = { 0 }, capitals[6] = { 0 };
        seed = seed * 1103515245u + 12345u;
        int length = 2 + (int)(seed >> 16) % 4;
        for (int k = 0; k < length; k++) {
            seed = seed * 1103515245u + 12345u;
            word[k] = (char)('a' + (seed >> 16) % 6);
            capitals[length - 1 - k] = (char)(word[k] - 32);
        }
        to += sprintf(to, "%s\t%s\n", word, capitals);
    }
    write_text("p.tsv", text);
}

static void set_up(void)
{
    folder = command_folder();
    write_text("m.lua", MODEL);
    write_pairs();
    write_text("in.txt", "abc\nfedab\nca\n\nxyz\nabcdefabc\n");
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(command_said, .init = set_up, .fini = tear_down, .timeout = 900);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

/* The decoder by steps, compiled or in plain loops, and the interpreter, which predicts the whole each time, say the same words; and so does the
 * program that is shipped. */
static void expect_one_text(const char *parameters)
{
    char line[2000];
    snprintf(line, sizeof line,
             "$L train m.lua %s --quiet --out m.safetensors || exit 1; for o in '' '--beam=4' '--beam=4 --length-penalty=0.7'; do "
             "$L predict m.lua %s --weights m.safetensors $o < in.txt > a || exit 1; "
             "$L predict m.lua %s --weights m.safetensors $o --target=plain < in.txt > b; $L predict m.lua %s --weights m.safetensors $o --interpreted < in.txt > c; "
             "cmp a b; cmp a c; $L m.lua %s --weights m.safetensors --example --self-test --quiet -o ship --inference > /dev/null && "
             "(cd ship && make > /dev/null && ./says $o ../in.txt) > d; cmp a d; head -3 a; done; ship/says --self-test",
             parameters, parameters, parameters, parameters, parameters);
    expect(line, 0, "CBA\nBADEF\nAC\nCBA\nBADEF\nAC\nCBA\nBADEF\nAC\nself-test: all right\n", NULL);
}

Test(command_said, the_same_by_every_way) { expect_one_text(""); }
Test(command_said, lengths_and_the_other_order) { expect_one_text("lengths=1 first=1"); }

/* Of 40 held-out texts nearly all are right. */
Test(command_said, how_close)
{
    expect("$L train m.lua --quiet --out m.safetensors && $L evaluate m.lua --weights m.safetensors --quiet > e && grep -c ' -> ' e && "
           "awk '$1 == \"bleu\" { print ($2 + 0 > 0.9 && $3 > 0.8 ? \"close\" : \"far \" $2), $8, $10 }' e", 0, "10\nclose of texts\n", NULL);
}

static void expect_refusal(const char *line, const char *errors)
{
    expect(line, 1, "", errors);
}

Test(command_said, refusals)
{
    expect_refusal("$L train m.lua begin=5 --quiet", "m.lua:7: Model: \"begin_token\" is 2 in texts of lines{...}, not 5");
    expect_refusal("$L train m.lua none=1 --quiet", "lines fills one input; a model with several takes");
    expect_refusal("$L train m.lua ids=9 --quiet", "p.tsv: the decoder says one of 10 classes, but reads 9 ids: they are the same ones, give its Embedding 10");
    expect("$L train m.lua epochs=1 --quiet && $L predict m.lua --join < in.txt", 1, "", "--join: what is found stands in one line anyway");
    expect_refusal("$L predict m.lua --beam=2 --out y.csv < in.txt", "--beam: a search finds what is said of whole samples, in lines of text");
    expect("$L predict m.lua --length-penalty=x < in.txt", 2, "", "--length-penalty takes a number from 0 (none) to 10, not \"x\"");
}

/* The two files of a decoder: without a warning for both compilers, the header as C++17, plain ones as C11; nothing is exported but by the model's name. */
Test(command_said, generated_files_are_clean)
{
    expect("w='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror'; for o in --target=plain --lanes=8 '--dispatch --lanes=16' --weights-dtype=bf16; do "
           "$L m.lua --quiet -o out $o > /dev/null || exit 1; for cc in gcc clang; do $cc -std=gnu11 $w -O1 -c out/says.c -o says.o || exit 1; done; "
           "for cc in g++ clang++; do echo '#include \"out/says.h\"' > u.cpp; $cc -std=c++17 $w -fsyntax-only u.cpp || exit 1; done; "
           "nm -g --defined-only says.o | awk '{ print $3 }' | grep -v '^says_'; nm -g --defined-only says.o | grep -c 'says_\\(encode\\|decode_reset\\|decode_step\\|decoder\\)$'; done; "
           "$L m.lua --quiet -o out --target=plain > /dev/null; gcc -std=c11 -pedantic-errors -c out/says.c -o says.o && echo iso",
           0, "4\n4\n4\n4\niso\n", NULL);
}

/* The same model twice gives the same bytes; one whose decoder is not named has none of it. */
Test(command_said, without_a_decoder)
{
    expect("$L m.lua --quiet -o a > /dev/null; $L m.lua --quiet -o b > /dev/null; cmp a/says.h b/says.h; cmp a/says.c b/says.c; grep -q decode_step a/says.h && echo steps; "
           "sed 's/, decoder = [^,]*,/,/; s/data = lines{.*}, batch/batch/; s/ begin_token = [^,]*,//' m.lua > n.lua; $L n.lua --quiet -o c > /dev/null; "
           "grep -c 'decode' c/says.h", 1, "steps\n0\n", NULL);
}
