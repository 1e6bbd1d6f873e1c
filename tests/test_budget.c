/* test_budget.c: how much C the compiler writes, and of how many statements, against what tests/budget.txt allows: the C compiler's time grows with
 * both. A model that needs more, or more than a twentieth less, is a change of the file that somebody makes on purpose: BUDGET=update. */
#include "command.h"
#include "sources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET "tests/budget.txt"
#define LEAST 0.95

typedef struct Size {
    long bytes, statements;         /* of the source; what ends with a semicolon */
} Size;

static Size size_of(const Source *source)
{
    Arena *arena = arena_create();
    const char *text = source_text(arena, source, NULL);
    Size size = { .bytes = (long)strlen(text) };
    for (const char *c = text; *c; c++)
        size.statements += *c == ';';
    arena_free(arena);
    return size;
}

static void update(void)
{
    FILE *file = fopen(BUDGET, "w");
    cr_assert_not_null(file);
    fputs("# model target lanes: bytes of C, statements (BUDGET=update build/tests/test_budget)\n", file);
    for (size_t i = 0; i < SOURCES; i++) {
        Size size = size_of(&sources[i]);
        fprintf(file, "%s %s %d: %ld %ld\n", sources[i].model, sources[i].target, sources[i].lanes, size.bytes, size.statements);
    }
    cr_assert_eq(fclose(file), 0);
}

static void expect_within(const char *what, const char *unit, long is, long allowed)
{
    cr_expect(is <= allowed, "%s: %ld %s of C, %ld are allowed: is it worth that? Then BUDGET=update", what, is, unit, allowed);
    cr_expect((double)is >= LEAST * (double)allowed, "%s: %ld %s of C, so few of %ld that the budget should be lowered: BUDGET=update", what, is, unit,
              allowed);
}

Test(budget, no_model_needs_more_code_than_it_did)
{
    if (getenv("BUDGET")) {
        update();
        return;
    }
    char line[200], model[40], target[40];
    size_t row = 0;
    FILE *file = fopen(BUDGET, "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file)) {
        long bytes, statements;
        int lanes;
        if (*line == '#')
            continue;
        cr_assert(row < SOURCES && sscanf(line, "%39s %39s %d: %ld %ld", model, target, &lanes, &bytes, &statements) == 5 &&
                  !strcmp(model, sources[row].model) && !strcmp(target, sources[row].target) && lanes == sources[row].lanes,
                  BUDGET " is of other models: %s", line);
        Size size = size_of(&sources[row++]);
        line[strcspn(line, ":")] = 0;
        expect_within(line, "bytes", size.bytes, bytes);
        expect_within(line, "statements", size.statements, statements);
    }
    fclose(file);
    cr_expect_eq(row, SOURCES, BUDGET " names %zu of %zu models", row, SOURCES);
}

/* ---- deep models ---- */

enum { FEW = 40, MANY = 160, MEGABYTES = 195 };

static Ran compile_deep(const char *folder, int layers)
{
    char text[400];
    int length = snprintf(text, sizeof text, "local layers = { Input{10, 8}, loss = 'mse', batch_size = 8 }\n"
                                             "for i = 1, %d do layers[#layers + 1] = LSTM{16, return_sequences = true} end\n"
                                             "return Sequential(layers)\n", layers);
    command_write(folder, "deep.lua", text, length);
    Ran ran = command_run(folder, 120, "exec $L deep.lua --quiet");
    cr_assert_eq(ran.status, 0, "%d layers: %s", layers, ran.errors);
    return ran;
}

/* Seconds of 160 layers by those of 40: 4, if a layer costs as much in a deep model as in a shallow one; 16, if each looks
 * at all others. What else the machine does moves it: the least of a few tries counts. */
static double growth(const char *folder)
{
    double least = 1e9;
    for (int i = 0; i < 3 && least > 6; i++) {
        Ran few = compile_deep(folder, FEW), many = compile_deep(folder, MANY);
        double ratio = many.seconds / few.seconds;
        least = ratio < least ? ratio : least;
#ifndef __SANITIZE_ADDRESS__
        cr_expect(many.kilobytes <= MEGABYTES * 1024, "%d layers: %ld MB, %d are allowed", MANY, many.kilobytes / 1024,
                  MEGABYTES);
#endif
        ran_free(&few);
        ran_free(&many);
    }
    return least;
}

Test(budget, time_and_memory_grow_with_the_layers_not_with_their_square)
{
    char *folder = command_folder();
    double ratio = growth(folder);
    cr_expect(ratio < 10, "%d layers take %.1f times as long as %d", MANY, ratio, FEW);
    command_folder_remove(folder);
}
