/* test_registers.c: sums stay in registers. What gcc and clang make of generated code for a machine with 16 vector registers is read as assembler:
 * a sum that lives on the stack waits for a store and a load at each of its terms, which no result shows, only the time. */
#include "toolchain.h"

#include "compiler/passes/target.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define LOOPS_MAX 2048
#define SUMS_LEAST 6            /* multiply-adds of a loop that is a sum worth looking at */

typedef struct Listing {        /* of assembler, line by line */
    char **line;
    int count;
} Listing;

typedef struct Turn {           /* a loop: from a label to the jump back to it */
    int first, last;
} Turn;

static Listing read_listing(Arena *arena, char *text)
{
    Listing all = { 0 };
    int capacity = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        arena_append(arena, all.line, all.count, capacity, line);
    return all;
}

/* The line before `at` that is the label which the jump in line `at` goes to; -1: it goes forward, or is no jump. */
static int target_before(const Listing *all, int at)
{
    char label[64];
    if (sscanf(all->line[at], "\tj%*[a-z]\t%63s", label) != 1 || label[0] != '.')
        return -1;
    size_t length = strlen(label);
    for (int i = at - 1; i >= 0 && all->line[i][0] != '_'; i--) {
        if (!strncmp(all->line[i], label, length) && all->line[i][length] == ':')
            return i;
        if (strstr(all->line[i], ".cfi_startproc"))
            return -1;
    }
    return -1;
}

static bool is_vector_sum(const char *line)
{
    return strstr(line, "\tvfmadd") && strstr(line, "ps\t") && strstr(line, "%ymm");
}

/* The function of line `at` reaches its stack by %rbp too; in others that is a register like any. */
static bool has_frame(const Listing *all, int at)
{
    for (; at >= 0 && !strstr(all->line[at], ".cfi_startproc"); at--)
        if (strstr(all->line[at], "\tmovq\t%rsp, %rbp"))
            return true;
    return false;
}

static bool is_on_stack(const char *line, bool frame)
{
    return strstr(line, "%ymm") && (strstr(line, "(%rsp)") || (frame && strstr(line, "(%rbp)")));
}

/* Innermost loops that multiply and add vectors and do not divide: what divides are activations, whose constants may be anywhere. Returns how many there are. */
static int count_spilled(const Listing *all, const char *what, int allowed)
{
    static Turn turns[LOOPS_MAX];
    int count = 0, looked_at = 0;
    for (int i = 0; i < all->count; i++) {
        int first = target_before(all, i);
        cr_assert_lt(count, LOOPS_MAX, "%s: more loops than that", what);
        if (first >= 0)
            turns[count++] = (Turn){ first, i };
    }
    for (int t = 0; t < count; t++) {
        int sums = 0, spilled = 0;
        bool counts = true, frame = has_frame(all, turns[t].first);
        for (int other = 0; other < count; other++)
            counts &= other == t || turns[other].first < turns[t].first || turns[other].last > turns[t].last;
        for (int i = turns[t].first; i <= turns[t].last; i++) {
            counts &= !strstr(all->line[i], "\tvdivps");
            sums += is_vector_sum(all->line[i]);
            spilled += is_on_stack(all->line[i], frame);
        }
        if (!counts || sums < SUMS_LEAST)
            continue;
        looked_at++;
        cr_expect(100 * spilled <= allowed * sums, "%s: a loop of %d multiply-adds has %d vectors on the stack, line %d: %s", what, sums, spilled,
                  turns[t].first + 1, all->line[turns[t].first]);
    }
    return looked_at;
}

/* `allowed`: vectors on the stack for a hundred multiply-adds. */
static void expect_registers(const char *text, int lanes, bool dispatch, const char *compiler, int allowed)
{
    struct workshop shop;
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes), .dispatch = dispatch };
    workshop_open(&shop);
    workshop_model(&shop, "net", arena_format(shop.arena, "return Sequential{ name = 'net', shards = 1, %s }", text), &options);
    workshop_run(&shop, "%s -S -o net.s net.c", compiler);
    const char *listing = workshop_run(&shop, "cat net.s");
    Listing all = read_listing(shop.arena, arena_format(shop.arena, "%s", listing));
    const char *what = arena_format(shop.arena, "%s, %d lanes, %s", text, lanes, compiler);
    int looked_at = count_spilled(&all, what, allowed);
    cr_expect(looked_at >= 3, "%s: only %d loops of sums were found", what, looked_at);
    workshop_close(&shop);
}

static const char *const models[] = {
    "batch_size = 32, Input{100, 40}, GRU{100}",
    "batch_size = 32, Input{100, 40}, GRU{100, reset_after = false}",
    "batch_size = 32, Input{100, 40}, LSTM{100}",
    "batch_size = 32, Input{100, 40}, SimpleRNN{100}",
    "batch_size = 32, Input{100, 40}, SimpleRNN{256}",
    "batch_size = 32, Input{120, 9}, Conv1D{32, 5, activation = 'relu'}, Conv1D{64, 3}, GlobalAveragePooling1D{}, Dense{100}",
    "batch_size = 16, Input{32, 8}, LSTM{32}, Dense{1}",
};

#define MODELS (int)(sizeof models / sizeof *models)
#define RECURRENT 5             /* the first of them */

/* As it is emitted by default, and for vectors twice as wide: there the last of the models, of which one row's steps are short, is better off with 16
 * sums side by side, although some of them wait in memory, than with 8. */
Test(registers, sums_stay_in_sixteen, .timeout = 300)
{
    for (int m = 0; m < MODELS; m++)
        for (int lanes = 8; lanes <= (m < MODELS - 1 ? 16 : 8); lanes *= 2)
            expect_registers(models[m], lanes, false, "gcc -O2 -march=znver3", 0);
}

/* clang writes several turns of such a loop as one, and keeps some of the numbers that they share on the stack: never most of them where the loop is
 * long. */
Test(registers, clang_has_few_on_the_stack, .timeout = 300)
{
    for (int m = 0; m < RECURRENT; m++)
        expect_registers(models[m], 8, false, "clang -O2 -march=znver3", 60);
}

/* The body for AVX2 of a file that is compiled without any flag; that for AVX-512 has 32 registers. */
Test(registers, each_body_has_its_own_tiles, .timeout = 300)
{
    for (int m = 0; m < 3; m++)
        expect_registers(models[m], 16, true, "gcc -O2", 0);
}
