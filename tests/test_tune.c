/* test_tune.c: numbers of tiles that a table chooses, tables with mistakes, lstmc tune itself, and --precise. */
#include "command.h"
#include "oracles.h"

#include "compiler/oracle/comparison.h"
#include "compiler/session/load.h"
#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define SECONDS 120
#define ROWS 7

#define MODEL "return Sequential{ name = \"m\", Input{30, 3}, LSTM{20, return_sequences = true}, GRU{11}, Dense{5, activation = \"softmax\"}, " \
              "loss = \"categorical_crossentropy\", batch_size = 9, shards = 1 }\n"
#define ACTIVATIONS "return Sequential{ name = \"m\", Input{1, 1}, SimpleRNN{400}, loss = \"mse\", batch_size = 9, shards = 1 }\n"
#define SMALL "return Sequential{ Input{6, 2}, LSTM{5}, Dense{1}, loss = \"mse\", batch_size = 4, shards = 1 }\n"

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- one compilation in this process ---- */

typedef struct Made {
    Arena *arena;
    Description *description;
    Compiled compiled;
} Made;

static Made make(const char *text, int lanes, const Tuning *tuning, bool precise)
{
    Made made = { .arena = arena_create() };
    Diagnostics *diagnostics = diagnostics_create(made.arena);
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes), .tuning = tuning, .precise = precise };
    made.description = oracle_read(made.arena, text);
    bool good = compile(made.arena, made.description, diagnostics, &options, &made.compiled);
    if (!good)
        diagnostics_print(diagnostics, stderr);
    cr_assert(good, "%d lanes: the model does not compile", lanes);
    return made;
}

static void unmake(Made *made)
{
    compiled_free(&made->compiled);
    description_free(made->description);
    arena_free(made->arena);
}

/* Expects agreement with the interpreter, and returns the deviation of predict_batch. */
static double compare(Made *made, int lanes, const char *what)
{
    Diagnostics *diagnostics = diagnostics_create(made->arena);
    Comparison comparison = { .lanes = lanes };
    Loaded loaded;
    double batch = -1;
    cr_assert(load(made->arena, diagnostics, &made->compiled, LOAD_TO_CHECK, &loaded), "%s: cc failed", what);
    const char *why = compare_generated(made->arena, made->description, loaded.model, ROWS, 3, &comparison);
    cr_expect(!why && comparison.count >= 4, "%s: %s", what, why ? why : "too little was compared");
    for (int i = 0; i < comparison.count; i++) {
        const Deviation *d = &comparison.list[i];
        cr_expect(d->value <= d->allowed, "%s: %s deviates by %g > %g", what, d->name, d->value, d->allowed);
        if (!strcmp(d->name, "predict_batch"))
            batch = d->value;
    }
    loaded_free(&loaded);
    return batch;
}

static int draw(uint64_t seed, int tile, int which, int most)
{
    return 1 + (int)(lstmc_random_bits(seed, (uint64_t)which, (uint64_t)tile, 0) % (uint64_t)most);
}

/* Any numbers that fit. */
static TileNumbers some_numbers(const NamedTile *tile, uint64_t seed, int which)
{
    TileNumbers n = { .rows = tile->rows ? draw(seed, which, 1, 7) : 1, .blocks = tile->dot ? 1 : draw(seed, which, 2, 5), .sets = draw(seed, which, 3, 2) };
    while (n.rows * n.blocks * n.sets * tile->copies > TUNING_SUMS_MAX)
        n.rows > 1 ? n.rows-- : n.blocks--;
    if (tile->numbers.unroll)
        n.unroll = draw(seed, which, 4, 5);
    if (tile->steps)
        n.chunk = draw(seed, which, 5, tile->steps + 2);
    return n;
}

static Tuning choose_all(Arena *arena, const NamedTiles *tiles, uint64_t seed)
{
    Tuning tuning = { 0 };
    for (int i = 0; i < tiles->count; i++) {
        TileChoice choice = { .name = tiles->list[i].name, .numbers = seed ? some_numbers(&tiles->list[i], seed, i) : tiles->list[i].numbers };
        arena_append(arena, tuning.choices, tuning.count, tuning.capacity, choice);
    }
    return tuning;
}

Test(tune, any_numbers_that_fit_compute_the_same)
{
    setenv("CFLAGS", "-O1 -march=native", 1);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        int lanes = seed % 2 ? 8 : 4, differ = 0;
        char what[64];
        Made plain = make(MODEL, lanes, NULL, false);
        Tuning tuning = choose_all(plain.arena, &plain.compiled.tiles, seed);
        Made tuned = make(MODEL, lanes, &tuning, false);
        cr_assert(tuned.compiled.tiles.count == tuning.count && tuning.count > 15, "%d tiles, %d before", tuned.compiled.tiles.count, tuning.count);
        for (int i = 0; i < tuning.count; i++) {
            const TileNumbers *wanted = &tuning.choices[i].numbers, *got = &tuned.compiled.tiles.list[i].numbers;
            cr_expect(got->rows == wanted->rows && got->blocks == wanted->blocks && got->sets == wanted->sets, "%s: %d x %d x %d, not %d x %d x %d",
                      tuning.choices[i].name, got->rows, got->blocks, got->sets, wanted->rows, wanted->blocks, wanted->sets);
            differ += memcmp(wanted, &plain.compiled.tiles.list[i].numbers, sizeof *wanted) != 0;
        }
        cr_expect(differ > tuning.count / 2 && strcmp(plain.compiled.source.text, tuned.compiled.source.text), "nothing was chosen");
        snprintf(what, sizeof what, "numbers of seed %d, %d lanes", (int)seed, lanes);
        compare(&tuned, lanes, what);
        unmake(&tuned);
        unmake(&plain);
    }
}

/* The names and numbers that the compiler gives are those that it understands. */
Test(tune, its_own_numbers_change_nothing)
{
    Made plain = make(MODEL, 8, NULL, false);
    Tuning own = choose_all(plain.arena, &plain.compiled.tiles, 0);
    Made again = make(MODEL, 8, &own, false);
    cr_expect(!strcmp(plain.compiled.source.text, again.compiled.source.text), "the source differs");
    cr_expect(!strcmp(plain.compiled.header.text, again.compiled.header.text), "the header differs");
    for (int i = 0; i < own.count; i++)
        for (int j = 0; j < i; j++)
            cr_expect(strcmp(own.choices[i].name, own.choices[j].name), "two tiles are called %s", own.choices[i].name);
    unmake(&again);
    unmake(&plain);
}

Test(tune, precise_is_more_precise)
{
    setenv("CFLAGS", "-O1 -march=native", 1);
    Made fast = make(ACTIVATIONS, 8, NULL, false), precise = make(ACTIVATIONS, 8, NULL, true);
    cr_expect(!contains(fast.compiled.source.text, "#define LSTMC_PRECISE\n"));
    cr_expect(contains(precise.compiled.source.text, "#define LSTMC_PRECISE\n"));
    double before = compare(&fast, 8, "fast"), after = compare(&precise, 8, "precise");
    cr_expect(after > 0 && after < 0.7 * before, "deviation %g with --precise, %g without", after, before);
    unmake(&precise);
    unmake(&fast);
}

/* ---- the command ---- */

static char *folder;

static void set_up(void)
{
    folder = command_folder();
    command_write(folder, "m.lua", SMALL, (long)strlen(SMALL));
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(tune_command, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

Test(tune_command, mistakes_in_tables)
{
    static const char *const cases[][2] = {
        { "", "t.lua:1: return expected, not the end of the file" },
        { "x", "t.lua:1: return expected, not x" },
        { "return", "t.lua:1: { expected, not the end of the file" },
        { "return {\n", "t.lua:2: [\"name of a tile\"] expected, not the end of the file" },
        { "return {} 7", "t.lua:1: the end of the file expected, not 7" },
        { "return { [3] = {} }", "t.lua:1: the name of a tile in quotes expected, not 3" },
        { "return {\n a = {} }", "t.lua:2: [\"name of a tile\"] expected, not a" },
        { "return { ['a' = {} }", "t.lua:1: ] expected, not =" },
        { "return { ['a'] {} }", "t.lua:1: = expected, not {" },
        { "return { ['a'] = {}\n\n['b'] = {} }", "t.lua:3: , or } expected, not [" },
        { "return { [\"a] = {} }", "t.lua:1: a name in quotes expected, not a string that does not end on its line" },
        { "--[[ a\n]]\nreturn {}", "t.lua:1: comments of several lines are not read here" },
        { "return {\n-- one\n['a'] = { rows = 0 } }", "t.lua:3: rows takes a whole number from 1 to 32, not 0" },
        { "return { ['a'] = { rows = 33 } }", "t.lua:1: rows takes a whole number from 1 to 32, not 33" },
        { "return { ['a'] = { blocks = 1.5 } }", "t.lua:1: blocks takes a whole number from 1 to 32, not 1.5" },
        { "return { ['a'] = { sets = -1 } }", "t.lua:1: sets takes a whole number from 1 to 2, not -1" },
        { "return { ['a'] = { unroll = 99999999999999999999 } }", "t.lua:1: unroll takes a whole number from 1 to 16, not 9999" },
        { "return { ['a'] = { chunk = many } }", "t.lua:1: chunk takes a whole number from 1, not many" },
        { "return { ['a'] = { rows = } }", "t.lua:1: a number expected, not }" },
        { "return { ['a'] = { rows =", "t.lua:1: a number expected, not the end of the file" },
        { "return { ['a'] = { rows = 2, rows = 3 } }", "t.lua:1: rows is given twice" },
        { "return { ['a'] = { row = 2 } }", "t.lua:1: unknown number \"row\" (there are: rows, blocks, sets, unroll, chunk)" },
        { "return { ['a'] = {},\n['a'] = {} }", "t.lua:2: \"a\" is given twice" },
        { "return {\n ['step forward lstm.z in t'] = { rows = 2 } }", "t.lua:2: step forward lstm.z in t: it has one row: rows = 1" },
        { "return { ['step forward lstm.z in t'] = { blocks = 32 } }", "t.lua:1: step forward lstm.z in t: 1 rows x 32 blocks x" },
        { "return { ['step forward lstm.z in t'] = { chunk = 2 } }", "t.lua:1: step forward lstm.z in t: it has no sum over time" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        command_write(folder, "t.lua", cases[i][0], (long)strlen(cases[i][0]));
        expect("$L m.lua --target=vector --tuning=t.lua", 1, NULL, cases[i][1]);
    }
    cr_expect(command_count_files(folder) == 2, "a table with mistakes wrote files");
    command_write(folder, "t.lua", "return {}\0", 10);
    expect("$L m.lua --target=vector --tuning=t.lua", 1, NULL, "t.lua: is a binary file");
    expect("$L check m.lua --target=vector --tuning=.", 1, NULL, ".: is not a regular file");
    expect("$L summary m.lua --target=vector --tuning=missing.lua", 1, NULL, "missing.lua: cannot be read: No such file");
}

Test(tune_command, mistakes_on_the_command_line)
{
    expect("$L m.lua --target=plain --tuning=t.lua", 2, NULL, "--tuning goes with --target=vector");
    expect("$L m.lua --tuning", 2, NULL, "--tuning needs a value");
    expect("$L tune m.lua --target=plain", 2, NULL, "tune needs --target=vector");
    expect("$L tune m.lua --tuning=t.lua", 2, NULL, "--tuning does not go with tune");
    expect("$L tune m.lua --seconds=0", 2, NULL, "--seconds takes a number from 1");
    expect("$L check m.lua --seconds=2", 2, NULL, "--seconds does not go with check");
    expect("$L tune missing.lua", 1, NULL, "missing.lua: cannot be read");
    expect("CC=no-such-compiler $L tune m.lua", 1, NULL, "m.lua: tune needs a C compiler");
    cr_expect(command_count_files(folder) == 1, "a mistake wrote files");
}

Test(tune_command, a_table_is_obeyed_and_what_it_misses_is_a_hint)
{
    static const char table[] = "return { ['training forward lstm.z in t'] = { rows = 3, blocks = 1 }, -- three rows\n"
                                "  ['training forward lstm.zz'] = { rows = 1 }; }\n";
    command_write(folder, "t.lua", table, (long)strlen(table));
    expect("$L m.lua --target=vector --dump=tile | grep -A2 'tile of 3 b x 1 n' | grep -c 'lstm.z.t,b,g,n. +='", 1, "0", NULL);
    expect("$L m.lua --target=vector --tuning=t.lua --dump=tile | grep -A2 'tile of 3 b x 1 n' | grep -c 'lstm.z.t,b,g,n. +='", 0, "1", NULL);
    expect("$L m.lua --target=vector --tuning=t.lua", 0, "m.c", "t.lua:2: hint: no tile is called \"training forward lstm.zz\"");
    expect("$L check m.lua --target=vector --tuning=t.lua --quiet", 0, "all within tolerance", "tiles here: \"training forward lstm.z in t\", ");
    expect("$L m.lua --target=vector --tuning=t.lua --inference", 0, "m.c", NULL);
    expect("$L m.lua --target=plain --precise -o . && cp m.c precise.c && $L m.lua --target=plain && cmp m.c precise.c", 0, "m.c", NULL);
}

Test(tune_command, what_it_writes_is_accepted)
{
    expect("$L tune m.lua --seconds=2", 0, "candidates tried", NULL);
    expect("grep -c 'rows = ' m.tune.lua | tr -d ' '", 0, "1", NULL);
    expect("$L check m.lua --target=vector --tuning=m.tune.lua --quiet", 0, "all within tolerance", NULL);
    expect("sed 's/-- \\[/[/' m.tune.lua >all.lua && grep -c '^ *\\[' all.lua", 0, "1", NULL);
    expect("$L m.lua --target=vector --tuning=all.lua --quiet", 0, "m.c", NULL);
    expect("$L tune m.lua --seconds=1 --quiet --inference --lanes=4 -o mine.lua && ls mine.lua", 0, "mine.lua", NULL);
    expect("grep training mine.lua", 1, NULL, NULL);
    expect("$L m.lua --target=vector --lanes=4 --inference --tuning=mine.lua --quiet", 0, "m.c", NULL);
    expect("$L tune m.lua --seconds=1 --inference --quiet -o m.lua/x.lua", 1, NULL, "m.lua/x.lua: cannot be written");
}

/* A compiler that makes something else of the source: the comparison sees it, and nothing is written. */
Test(tune_command, nothing_is_written_of_what_computes_something_else)
{
    static const char compiler[] = "#!/bin/sh\nfor a; do case $a in *.c) sed -i 's|vec_within(bounded . p / q|vec_within(1.01f * bounded * p / q|' $a ;; esac; done\n"
                                   "exec cc \"$@\"\n";
    command_write(folder, "wrong", compiler, (long)strlen(compiler));
    expect("chmod +x wrong && CC=./wrong $L tune m.lua --seconds=1 --quiet >/dev/null", 1, NULL, "nothing is written");
    expect("ls m.tune.lua 2>/dev/null", 2, NULL, NULL);
}
