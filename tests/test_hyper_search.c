/* test_hyper_search.c: lstmc search: what is drawn, who goes on, what is refused; the same table whatever the threads,
 * and however often it was killed. Most trials are trained by the interpreter, which needs no compiler. */
#define _GNU_SOURCE
#include "compiler/search/draw_trials.h"
#include "compiler/search/rungs.h"
#include "compiler/search/shortest.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 120

/* Learns within a few epochs: the sum of three numbers. Values that it refuses: no units. */
#define BODY                                                                                                          \
    "local function draw(random)\n  local x, sum = {}, 0\n  for t = 1, 3 do x[t] = { random() } sum = sum + x[t][1] " \
    "end\n  return x, { sum }\nend\n"                                                                                 \
    "return Sequential{ Input{3, 1}, (arg.kind == 'lstm' and LSTM or GRU){arg.units or 3}, Dense{1}, loss = 'mse', "  \
    "metrics = {'mae'},\n  optimizer = SGD{learning_rate = arg.rate or 0.1},\n"                                       \
    "  data = samples{draw, samples = 32, validation_samples = 16}, batch_size = 8, epochs = 9 }\n"

static char *folder;

static void set_up(void)
{
    folder = command_folder();
    command_write(folder, "m.lua", BODY, (long)strlen(BODY));
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

TestSuite(hyper_search, .init = set_up, .fini = tear_down);

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

static char *said(const char *line)
{
    return command_said(folder, SECONDS, line);
}

/* ---- rungs ---------------------------------------------------------------------------------------------------- */

typedef struct Plan {
    int trials, halving, epochs, count, at[RUNGS_MAX], on[RUNGS_MAX];
} Plan;

Test(hyper_search_rungs, plan)
{
    static const Plan plans[] = {
        { 50, 3, 100, 4, { 4, 12, 36, 100 }, { 50, 16, 5, 1 } }, { 9, 3, 9, 3, { 1, 3, 9 }, { 9, 3, 1 } },
        { 50, 1, 100, 1, { 100 }, { 50 } },                      { 2, 3, 100, 1, { 100 }, { 2 } },
        { 100, 10, 5, 1, { 5 }, { 100 } },                       { 8, 2, 5, 3, { 2, 4, 5 }, { 8, 4, 2 } },
        { 1, 2, 7, 1, { 7 }, { 1 } },                            { 1000000000, 2, 1, 1, { 1 }, { 1000000000 } },
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        const Plan *p = &plans[i];
        Rungs rungs = rungs_plan(p->trials, p->halving, p->epochs);
        cr_expect_eq(rungs.count, p->count, "plan %zu: %d rungs, not %d", i, rungs.count, p->count);
        for (int r = 0; r < p->count; r++)
            cr_expect(rungs.epochs[r] == p->at[r] && rungs.trials[r] == p->on[r],
                      "plan %zu, rung %d: %d trials up to epoch %d, not %d up to %d", i, r, rungs.trials[r],
                      rungs.epochs[r], p->on[r], p->at[r]);
    }
}

static TrialResult result_of(int trial, int rung, double value, TrialState state)
{
    return (TrialResult){ .trial = trial, .rung = rung, .value = value, .state = state };
}

/* The best third of six, 2 and 4: of equal values those of the lower numbers; who has failed goes nowhere, whatever
 * its value. */
Test(hyper_search_rungs, who_is_next)
{
    Rungs rungs = rungs_plan(6, 3, 9);
    TrialResult done[] = { result_of(5, 0, 0.5, TRIAL_DONE), result_of(2, 0, 0.25, TRIAL_DONE),
                           result_of(0, 0, 0.5, TRIAL_DONE), result_of(1, 0, 0, TRIAL_DIVERGED),
                           result_of(4, 0, 0.25, TRIAL_DONE), result_of(3, 0, 0.25, TRIAL_DONE) };
    NextTrial next[6];
    cr_assert_eq(rungs.count, 2);
    cr_assert_eq(rungs_next(&rungs, done, 5, false, next), 1, "the first rung lacks one trial");
    cr_expect(next[0].trial == 3 && next[0].rung == 0);
    cr_assert_eq(rungs_next(&rungs, done, 6, false, next), 2);
    cr_expect(next[0].trial == 2 && next[1].trial == 3 && next[1].rung == 1, "%d and %d go on", next[0].trial,
              next[1].trial);
    cr_assert_eq(rungs_next(&rungs, done, 6, true, next), 2);
    cr_expect(next[0].trial == 0 && next[1].trial == 5, "where more is better %d and %d go on", next[0].trial,
              next[1].trial);
    TrialResult more[8];
    memcpy(more, done, sizeof done);
    more[6] = result_of(3, 1, 0.75, TRIAL_DONE);
    more[7] = result_of(2, 1, 0, TRIAL_DIVERGED);
    cr_expect_eq(rungs_next(&rungs, more, 8, false, next), 0, "all is done");
    cr_assert_eq(rungs_rank(more, 8, false), 6);
    static const int order[] = { 3, 4, 0, 5, 2, 1 };
    for (int i = 0; i < 6; i++)
        cr_expect_eq(more[i].trial, order[i], "rank %d: trial %d, not %d", i + 1, more[i].trial, order[i]);
}

/* ---- what is drawn -------------------------------------------------------------------------------------------- */

static Space space_of(Arena *arena, const char *const *words, int count)
{
    Space space;
    cr_assert_eq(space_read(arena, words, count, &space), 0);
    return space;
}

Test(hyper_search_draw, ranges_and_lists)
{
    static const char *const words[] = { "n=-2..2",       "big=1..1000",    "rate=1e-4..1e-1", "part=0.2..0.3",
                                         "kind=lstm,gru", "file=../a..b/c", "below=-1..0.5",   "near=0.99990..0.99999" };
    Arena *arena = arena_create();
    Space space = space_of(arena, words, 8);
    cr_assert(space.count == 7 && space.fixed_count == 1 && !strcmp(space.fixed[0], words[5]));
    cr_expect(!space.dimensions[0].logarithmic && space.dimensions[1].logarithmic && space.dimensions[2].logarithmic &&
              !space.dimensions[3].logarithmic && !space.dimensions[5].logarithmic);
    enum { COUNT = 400 };
    Trials trials = draw_trials(arena, &space, 1, COUNT);
    int seen[5] = { 0 }, small = 0, low = 0, lstm = 0;
    for (int i = 0; i < COUNT; i++) {
        const char **value = trials.values[i];
        double n = shortest_read(value[0]), big = shortest_read(value[1]), rate = shortest_read(value[2]);
        for (int k = 0; k < 7; k++)
            if (space.dimensions[k].kind != DIMENSION_LIST)
                cr_expect(shortest_read(value[k]) >= space.dimensions[k].low &&
                          shortest_read(value[k]) <= space.dimensions[k].high && strlen(value[k]) < 12,
                          "%s=%s", space.dimensions[k].name, value[k]);
        cr_assert(n == floor(n) && big == floor(big));
        seen[(int)n + 2]++;
        small += big < 32;
        low += rate < sqrt(1e-4 * 1e-1);
        lstm += !strcmp(value[4], "lstm");
    }
    for (int i = 0; i < 5; i++)
        cr_expect(seen[i] > COUNT / 5 - 35 && seen[i] < COUNT / 5 + 35, "%d is drawn %d times of %d", i - 2, seen[i],
                  COUNT);
    cr_expect(small > COUNT / 2 - 50 && small < COUNT / 2 + 50, "%d below 32 of 1..1000", small);
    cr_expect(low > COUNT / 2 - 50 && low < COUNT / 2 + 50, "%d in the lower half of the decades", low);
    cr_expect(lstm > COUNT / 2 - 50 && lstm < COUNT / 2 + 50, "%d times lstm", lstm);
    arena_free(arena);
}

/* Each eight trials have one in each eighth of a range, in an order that no two arguments share. */
Test(hyper_search_draw, few_trials_cover_a_range)
{
    static const char *const words[] = { "a=0..7", "b=0.0..8.0" };
    Arena *arena = arena_create();
    Space space = space_of(arena, words, 2);
    Trials trials = draw_trials(arena, &space, 1, 32);
    int same = 0;
    for (int first = 0; first < 32; first += 8) {
        int seen[2] = { 0, 0 };
        for (int i = first; i < first + 8; i++) {
            int a = (int)shortest_read(trials.values[i][0]), b = (int)shortest_read(trials.values[i][1]);
            seen[0] |= 1 << a;
            seen[1] |= 1 << (b < 8 ? b : 7);
            same += a == b;
        }
        cr_expect(seen[0] == 255 && seen[1] == 255, "from trial %d on: %x, %x", first, seen[0], seen[1]);
    }
    cr_expect(same < 12, "%d of 32 are alike", same);
    arena_free(arena);
}

/* Of the seed, the name and the number: not of how many there are, nor of what else is searched. */
Test(hyper_search_draw, a_function_of_seed_and_number)
{
    static const char *const one[] = { "a=1..1000", "b=0.5..0.75" }, *const other[] = { "b=0.5..0.75", "a=1..1000" };
    Arena *arena = arena_create();
    Space first = space_of(arena, one, 2), second = space_of(arena, other, 2);
    Trials few = draw_trials(arena, &first, 7, 5), many = draw_trials(arena, &second, 7, 50),
           others = draw_trials(arena, &first, 8, 5);
    int same = 0;
    for (int i = 0; i < 5; i++) {
        cr_expect(!strcmp(few.values[i][0], many.values[i][1]) && !strcmp(few.values[i][1], many.values[i][0]));
        same += !strcmp(few.values[i][0], others.values[i][0]);
    }
    cr_expect(same < 3, "another seed draws others");
    arena_free(arena);
}

Test(hyper_search_draw, no_trial_twice)
{
    static const char *const words[] = { "n=1..3", "kind=lstm,gru" };
    Arena *arena = arena_create();
    Space space = space_of(arena, words, 2);
    Trials trials = draw_trials(arena, &space, 3, 100);
    cr_assert_eq(trials.count, 6, "there are six: %d", trials.count);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++)
            cr_expect(strcmp(trials.values[i][0], trials.values[k][0]) || strcmp(trials.values[i][1], trials.values[k][1]),
                      "trials %d and %d are the same", k, i);
    arena_free(arena);
}

/* Whoever goes on decides by what the table holds: bit for bit what it was, and no more digits than that takes. */
Test(hyper_search_table, numbers_come_back)
{
    static const struct { double value; const char *text; } some[] = {
        { 0.1, "0.1" }, { -3, "-3" }, { 1e-300, "1e-300" }, { 1.0 / 3, "0.3333333333333333" },
        { 2.621028423309326, "2.621028423309326" }, { 0x1.fffffffffffffp+1023, "1.797693134862316e+308" }, { 0, "0" },
    };
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const char *text = shortest_text(arena, some[i].value);
        cr_expect(shortest_read(text) == some[i].value, "%a becomes %s", some[i].value, text);
        cr_expect(i == 5 || !strcmp(text, some[i].text), "%s, not %s", text, some[i].text);
    }
    cr_expect(isnan(shortest_read(shortest_text(arena, NAN))) && isnan(shortest_read("")) && isnan(shortest_read("1x")));
    cr_expect(shortest_read(shortest_text(arena, -INFINITY)) == -INFINITY);
    arena_free(arena);
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

#define SEARCH "$L search m.lua units=1..6 rate=0.003..0.3 --trials 9 --interpreted"

/* So long that there is time to kill it; its checkpoints and the table bring it back to the same bytes. */
#define LONG "$L search long.lua units=4..12 rate=0.003..0.3 --trials 6 --interpreted --quiet --threads=2"
#define MAKE_LONG "sed 's/samples = 32/samples = 400/; s/batch_size = 8, epochs = 9/batch_size = 4, epochs = 9/' m.lua >long.lua; "

/* Columns of the table: 1 trial, 2 rung, 3 epochs, 4 units, 5 rate, 6 state, 7 value ... 10 val_loss */
#define ON_RUNG(rung) "awk -F, '$2 == " #rung " { print $7, $1 }' m.search.csv"

/* The best three of nine, and the best of these; each goes on from its checkpoint, so that the last one has the value
 * of a training that was never stopped. */
Test(hyper_search, halving_keeps_the_best)
{
    expect(SEARCH " --quiet >table", 0, NULL, NULL);
    expect("head -n 1 m.search.csv", 0, "trial,rung,epochs,units,rate,state,value,loss,mae,val_loss,val_mae,why\n", NULL);
    expect("awk -F, 'NR > 1 { print $2, $3 }' m.search.csv | uniq -c | sed 's/^ *//'", 0, "9 1 1\n3 2 3\n1 3 9\n", NULL);
    expect("(" ON_RUNG(1) " | sort -g | head -n 3 | cut -d' ' -f2 | sort -n; " ON_RUNG(2)
           " | sort -g | head -n 1 | cut -d' ' -f2) >expected; awk -F, 'NR > 1 && $2 > 1 { print $1 }' m.search.csv >found; "
           "cmp expected found",
           0, NULL, NULL);
    expect("tail -n 1 m.search.csv | cut -d, -f1,3- >last; " SEARCH " --halving=1 --quiet >/dev/null; "
           "grep \"^$(cut -d, -f1 last),\" m.search.csv | cut -d, -f1,3- | cmp - last",
           0, NULL, NULL);
    expect("ls; ls m.search", 0,
           "expected\nfound\nlast\nm.lua\nm.search\nm.search.csv\nm.search.html\ntable\nabout\n", NULL);
}

/* Checkpoints of those that go nowhere are not kept until the end: so many at most are there as may go on. */
Test(hyper_search, checkpoints_that_nobody_needs)
{
    expect(MAKE_LONG LONG " --halving=1 >/dev/null & p=$!; most=0; while kill -0 $p 2>/dev/null; do n=$(ls long.search "
           "2>/dev/null | grep -c 'checkpoint$'); test $n -le $most || most=$n; sleep 0.01; done; wait $p && test $most -le 3",
           0, NULL, NULL);
}

Test(hyper_search, best_first)
{
    char *output = said(SEARCH " 2>lines");
    expect("wc -l <lines; grep -c ' of 13: trial [1-9], [139] epochs*: val_loss [0-9.]*$' lines", 0, "13\n13\n", NULL);
    cr_expect(!strncmp(output, "rank  trial  units", 18), "%s", output);
    cr_expect(strstr(output, "\ntable: m.search.csv\nreport: m.search.html\n") != NULL, "%s", output);
    command_write(folder, "output", output, (long)strlen(output));
    free(output);
    expect("awk '$1 ~ /^[0-9]/ { print $5, $6 }' output | sort -k1,1nr -k2,2g -s >sorted; "
           "awk '$1 ~ /^[0-9]/ { print $5, $6 }' output | cmp - sorted && wc -l <sorted",
           0, "9\n", NULL);
    /* The line that it ends with trains that trial: the same loss. */
    expect("sed -n 's/^best: lstmc.*/& --quiet/; s/^best: lstmc/$L/p' output >again; . ./again >trained; "
           "grep -o \"val_loss $(awk '$1 == 1 { print $6 }' output) \" trained | wc -l",
           0, "1\n", NULL);
}

Test(hyper_search, the_same_for_any_number_of_threads)
{
    expect(SEARCH " --quiet --threads=1 >one; cat m.search.csv m.search.html >>one; " SEARCH " --quiet --threads=4 >four; "
           "cat m.search.csv m.search.html >>four; cmp one four; LSTMC_THREADS=2 " SEARCH " --quiet >two; "
           "cat m.search.csv m.search.html >>two; cmp one two",
           0, NULL, NULL);
}

/* What is monitored, and whether more of it is better. */
Test(hyper_search, another_monitor)
{
    expect(SEARCH " --quiet --monitor=mae >table; head -n 1 table | grep -c ' mae$'; "
           "awk -F, 'NR > 1 && $7 != $9' m.search.csv",
           0, "1\n", NULL);
    expect("sed \"s/'mae'/'r2_score'/\" m.lua >r2.lua; $L search r2.lua rate=0.001..0.1 --trials 4 --halving 2 "
           "--interpreted --quiet --monitor val_r2_score >table; awk -F, '$2 == 1 { print $6, $1 }' r2.search.csv | "
           "sort -gr | head -n 2 | cut -d' ' -f2 | sort -n >expected; awk -F, '$2 == 2 { print $1 }' r2.search.csv | cmp - expected; "
           "grep -c 'the largest val_r2_score is the best' r2.search.html",
           0, "1\n", NULL);
    expect(SEARCH " --monitor=accurate", 1, NULL,
           "m.lua: --monitor=accurate: there is no such value; there are loss, mae, each with val_ too if anything is held "
           "out\n");
    expect("(echo a; seq 1 2 60) >n.csv; sed 's/^  data = .*/data = csv{\"n.csv\", columns = {\"a\"}, targets = {\"a\"}, window = 3, "
           "split = 1}, epochs = 2 }/' m.lua >all.lua; $L search all.lua rate=0.001..0.1 --trials 2 "
           "--interpreted --quiet | head -n 1 | grep -c ' loss$'",
           0, "1\n", NULL);
    expect("$L search all.lua rate=0.001..0.1 --trials 2 --interpreted --quiet --monitor=val_mae >/dev/null", 1, NULL,
           "all.lua: no trial has come to its end; of the first: there is no val_mae to monitor: nothing is held out\n");
}

/* ---- trials without a value ----------------------------------------------------------------------------------- */

/* A rate at which everything overflows, units that are refused: they lose, and end nothing. */
Test(hyper_search, trials_that_fail)
{
    expect("$L search m.lua rate=0.01,1e30 --interpreted --quiet >table; sed -n '2,3s/  */ /gp' table | cut -d' ' -f1-6", 0,
           " 1 1 0.01 9 0.", NULL);
    expect("grep -c '  1e30 .*  diverged: stopped in epoch ' table; grep -c ',1e30,diverged,' m.search.csv; "
           "grep '^best:' table",
           0, "1\n1\nbest: lstmc train m.lua rate=0.01 --interpreted\n", NULL);
    expect("$L search m.lua units=-1..1 --interpreted --halving=1 --quiet >table; grep -c 'refused: m.lua:6: GRU: \"units\" must "
           "be' table; grep '^best:' table",
           0, "2\nbest: lstmc train m.lua units=1 --interpreted\n", NULL);
    expect("$L search m.lua units=-3..0 --interpreted", 1, NULL, "m.lua:6: GRU: \"units\" must be a whole number");
    expect("$L search m.lua rate=1e29..1e30 --trials 3 --interpreted --quiet >/dev/null", 1, NULL,
           "m.lua: no trial has come to its end; of the first: stopped in epoch 1");
}

/* The last rung has nobody left: the best is one of the rung below. */
Test(hyper_search, a_finalist_that_fails)
{
    expect("sed 's/rate = arg.rate or 0.1}/rate = 0.1}/; s/^return/local late = arg.late return/; s/epochs = 9 }/epochs = 9, callbacks = "
           "{ LearningRateScheduler(function(epoch, rate) return epoch > late and 1e29 or 0.01 end) } }/' m.lua "
           ">late.lua; $L search late.lua late=2,3,4 --interpreted --quiet >table; grep -c diverged table; grep '^best:' "
           "table",
           0, "1\nbest: lstmc train late.lua late=", NULL);
}

/* An argument that some trials alone read belongs to them: the line that trains one has what it reads. */
Test(hyper_search, arguments_of_some_trials)
{
    expect("sed 's/(arg.kind == .lstm. and LSTM or GRU){arg.units or 3}/LSTM{arg.kind == \"wide\" and arg.units or 2}/' m.lua "
           ">some.lua; $L search some.lua kind=wide,slim units=5..9 --trials 6 --interpreted --quiet --halving 1 >table; "
           "grep -c refused table; sed -n 's/^best: lstmc.*/& --quiet/; s/^best: lstmc/$L/p' table >again; . ./again >/dev/null",
           0, "0\n", NULL);
}

/* ---- what is refused ------------------------------------------------------------------------------------------- */

Test(hyper_search, mistakes_on_the_command_line)
{
    expect("$L search m.lua rate=5..1 units=a..3 x=1,,2 y=1..1 z=3,4..5 w=7,7", 2, NULL,
           "lstmc: rate=5..1: the range ends before it begins: 1..5? (lstmc --help)\n"
           "lstmc: units=a..3: a range is LOW..HIGH, two numbers like 32..128 or 1e-4..1e-2; \"a\" is none (lstmc --help)\n"
           "lstmc: x=1,,2: a list has a value between its commas, like x=lstm,gru (lstmc --help)\n"
           "lstmc: y=1..1: there is nothing to search: y=1 is one value (lstmc --help)\n"
           "lstmc: z=3,4..5: a range or a list: z=4..5, or its values one by one (lstmc --help)\n"
           "lstmc: w=7,7: 7 is there twice (lstmc --help)\n");
    expect("$L search m.lua units=3", 2, NULL, "lstmc: search needs an argument to search: NAME=LOW..HIGH");
    expect("$L search m.lua units=3..4 units=5..6", 2, NULL, "parameter units is given twice");
    expect("$L search m.lua units=3..4 --trials=10001", 2, NULL, "--trials takes a number from 1 to 10000, not \"10001\"");
    expect("$L search m.lua units=3..4 --halving=0", 2, NULL, "--halving takes a number from 1, not \"0\"");
    expect("$L search m.lua units=3..4 --out=x", 2, NULL, "--out does not go with search");
    expect("$L train m.lua --trials=3", 2, NULL, "--trials does not go with train");
    expect("$L serch m.lua units=3..4", 2, NULL, "unknown command \"serch\": did you mean search?");
    expect("ls", 0, "m.lua\n", NULL);
}

Test(hyper_search, mistakes_in_the_description)
{
    expect("$L search m.lua unit=3..9 rte=1e-3..1e-2 kin=gru", 1, NULL,
           "m.lua: parameter kin is never read by the description (did you mean \"kind\"?)\n"
           "m.lua: parameter rte is never read by the description (did you mean \"rate\"?)\n"
           "m.lua: parameter unit is never read by the description (did you mean \"units\"?)\n");
    expect("$L search none.lua a=1..2", 1, NULL, "none.lua: ");
    expect("echo 'return Sequential{ Input{2, 1}, LSTM{arg.n} }' >bare.lua; $L search bare.lua n=1..2", 1, NULL,
           "bare.lua: the description has no loss: nothing to search for\n");
    expect("ls", 0, "bare.lua\nm.lua\n", NULL);
    expect("CC=/nowhere/cc $L search m.lua units=1..2", 1, NULL,
           "m.lua: no C compiler (set CC, or take --interpreted)\n");
}

Test(hyper_search, files_of_others)
{
    expect("echo mine >m.search.csv; " SEARCH, 1, NULL, "m.search.csv: is not lstmc's, and would be overwritten");
    expect("rm m.search.csv; mkdir m.search; " SEARCH, 1, NULL, "m.search: is not lstmc's, and a search writes there");
    expect("rmdir m.search; echo mine >m.search; " SEARCH, 1, NULL, "m.search: is not lstmc's, and a search writes there");
    expect("rm m.search; " SEARCH " --resume", 1, NULL, "m.search/about: there is no search to go on with");
    expect("ls", 0, "m.lua\n", NULL);
}

/* ---- going on -------------------------------------------------------------------------------------------------- */

Test(hyper_search, killed_at_any_moment)
{
    expect(MAKE_LONG LONG " >whole; cat long.search.csv long.search.html >>whole; rm -r long.search*", 0, NULL, NULL);
    expect("resume=; for i in 1 2 3 4 5 6 7 8; do " LONG " $resume >/dev/null & p=$!; sleep 0.$((i % 4 + 2)); "
           "kill -KILL $p; wait $p; test -e long.search/about && resume=--resume; done 2>/dev/null; "
           LONG " $resume >parts; cat long.search.csv long.search.html >>parts; cmp whole parts",
           0, NULL, NULL);
    expect("cp long.search.csv before; " LONG " --resume >/dev/null; cmp before long.search.csv", 0, NULL, NULL);
}

Test(hyper_search, interrupted)
{
    static const struct { const char *signal; int status; } cases[] = { { "TERM", 143 }, { "INT", 130 }, { "HUP", 129 } };
    expect(MAKE_LONG LONG " >whole; cat long.search.csv >>whole; rm -r long.search*", 0, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[600];
        snprintf(line, sizeof line, "rm -rf long.search*; " LONG " >/dev/null & p=$!; until ls long.search/*.checkpoint "
                 ">/dev/null 2>&1; do sleep 0.01; done; kill -%s $p; wait $p", cases[i].signal);
        expect(line, cases[i].status, NULL, "trainings are done; --resume goes on\n");
        expect("ls *.lock 2>/dev/null; " LONG " --resume >parts; cat long.search.csv >>parts; cmp whole parts", 0, NULL,
               NULL);
    }
}

/* Every line that is missing is done again; nothing is asked of those that are there. */
Test(hyper_search, lines_that_are_missing)
{
    expect(SEARCH " --quiet >whole; cp m.search.csv whole.csv; for n in 1 2 6 10 12 13; do head -n $n whole.csv "
           ">m.search.csv; " SEARCH " --quiet --resume >parts; cmp whole parts; cmp whole.csv m.search.csv; done",
           0, NULL, NULL);
    expect("sed -i '3s/^2,/7,/' m.search.csv; " SEARCH " --resume", 1, NULL,
           "m.lua: m.search.csv:3: is not what this search has written: without --resume a new one begins\n");
}

Test(hyper_search, another_search_does_not_go_on)
{
    expect(SEARCH " --quiet >/dev/null", 0, NULL, NULL);
    expect("$L search m.lua units=1..7 rate=0.003..0.3 --trials 9 --interpreted --resume", 1, NULL,
           "m.search: this search was begun with \"units=1..6\", and now it is \"units=1..7\": --resume needs the same");
    expect(SEARCH " --seed=2 --resume", 1, NULL, "begun with \"--seed=1\", and now it is \"--seed=2\"");
    expect("echo '-- changed' >>m.lua; " SEARCH " --resume", 1, NULL, "begun with \"description ");
}

/* As train does: what was not finished is kept, what was is not. */
Test(hyper_search, begun_anew)
{
    expect(SEARCH " --quiet >/dev/null; " SEARCH " --quiet >/dev/null; ls", 0,
           "m.lua\nm.search\nm.search.csv\nm.search.html\n", NULL);
    expect("sed -i 1s/finished/unfinished/ m.search/about; echo kept >>m.search.csv; " SEARCH " --quiet >/dev/null", 0, NULL,
           "note: m.search.csv and m.search of an unfinished search are now m.search.csv.old and m.search.old; under their "
           "old names --resume goes on with them\n");
    expect("tail -n 1 m.search.csv.old; ls m.search.old; grep -c kept m.search.csv", 1, "kept\nabout\n0\n", NULL);
}

Test(hyper_search, two_at_once_are_kept_apart)
{
    expect(MAKE_LONG LONG " >/dev/null & p=$!; until test -e long.search/about; do sleep 0.01; done; " LONG
           "; s=$?; kill -KILL $p; wait $p; exit $s",
           1, NULL, "long.search.csv: another search (process ");
}

/* ---- compiled -------------------------------------------------------------------------------------------------- */

/* A compiler that counts: rates alone need one, units need one each, and nobody compiles what is there. */
Test(hyper_search, models_that_differ_by_their_rates_are_compiled_once)
{
    static const char compiler[] = "#!/bin/sh\ncase \"$*\" in *--version*) ;; *) echo >>count ;; esac\nexec cc \"$@\"\n";
    command_write(folder, "counts", compiler, (long)strlen(compiler));
    expect("chmod +x counts; mkdir tmp; export CC=./counts CFLAGS=-O1 TMPDIR=$PWD/tmp; $L search m.lua rate=0.003..0.3 "
           "--trials 4 --halving=2 --threads=1 --quiet >table; wc -l <count; $L search m.lua units=2..3 kind=gru,lstm "
           "--halving=2 --threads=1 --quiet 2>/dev/null >/dev/null; wc -l <count; ls tmp",
           0, "1\n5\n", NULL);
    expect("export CFLAGS=-O1; sed -n 's/^best: lstmc.*/& --quiet/; s/^best: lstmc/$L/p' table >again; . ./again >trained; "
           "grep -o \"val_loss $(awk '$1 == 1 { print $5 }' table) \" trained | wc -l",
           0, "1\n", NULL);
}

/* A compiler that never ends is ended with the search, and nothing of it is left. */
Test(hyper_search, interrupted_while_models_are_compiled)
{
    static const char compiler[] = "#!/bin/sh\ncase \"$*\" in *--version*) exit 0 ;; esac\n: >\"$TMPDIR/leftover\"\n"
                                   "sleep 1000 &\necho $$ $! >begun.$$\nwait\n";
    command_write(folder, "slow", compiler, (long)strlen(compiler));
    expect("chmod +x slow; mkdir tmp; CC=./slow TMPDIR=$PWD/tmp $L search m.lua units=2..9 --threads=2 --quiet & p=$!; "
           "until test $(cat begun.* 2>/dev/null | wc -l) = 2; do sleep 0.01; done; kill -TERM $p; wait $p",
           143, NULL, "m.lua: interrupted: 0 of ");
    expect("ls -A tmp; ls *.lock 2>/dev/null; for p in $(cat begun.*); do kill -0 $p 2>/dev/null && ps -o stat= -p $p | "
           "grep -qv Z && echo $p lives; done; true",
           0, NULL, NULL);
}

/* ---- what a person sees ----------------------------------------------------------------------------------------- */

/* A bar on a terminal, without colours for those who want none; nothing but the result if it is to be quiet. */
Test(hyper_search, bar)
{
    if (system("command -v script >/dev/null"))
        cr_skip_test("there is no script, which makes a terminal");
    expect("export TERM=xterm; script -qc \"" SEARCH " \" /dev/null </dev/null >seen; tr '\\r' '\\n' <seen | grep -c "
           "'^[0-9]* of 13 trainings .*\\[.*=*>* *.*\\]  ETA 0:00:0'; grep -c '.\\[32m=' seen | sed 's/[1-9][0-9]*/green/'; "
           "NO_COLOR=1 script -qc \"" SEARCH " \" /dev/null </dev/null >plain; grep -c '.\\[32m' plain; "
           "tr '\\r' '\\n' <plain | grep -c '^13 of 13 trainings \\[========================\\]'",
           0, "13\ngreen\n0\n1\n", NULL);
    expect(SEARCH " --quiet | head -n 1", 0, "rank  trial  units", NULL);
}

/* The page needs nothing but itself; an axis is logarithmic where values are drawn so. */
Test(hyper_search, page)
{
    expect(SEARCH " cell=a,b 2>&1 >/dev/null", 1, "m.lua: parameter cell is never read by the description", NULL);
    expect("$L search m.lua units=1..6 rate=0.003..0.3 kind=gru,lstm --trials 9 --interpreted --quiet >/dev/null; "
           "head -n 2 m.search.html; grep -c '<svg' m.search.html; grep -c '<title>.*: search report</title>' m.search.html; "
           "grep -c 'href\\|src=' m.search.html; grep -o '>\\(gru\\|lstm\\|0.01\\|0.02\\|0.05\\|0.1\\|3\\)</text>' m.search.html | sort -u",
           0, "<!doctype html>\n<html lang=\"en\">\n4\n1\n0\n>0.01</text>\n>0.02</text>\n>0.05</text>\n>0.1</text>\n>3</text>\n"
           ">gru</text>\n>lstm</text>\n", NULL);
}
