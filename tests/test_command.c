/* test_command.c: the lstmc program itself: words, exit statuses, files, and what happens when something is in the way. */
#include "runtime/lstmc.h"
#include "command.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 60

#define BODY \
    "local function draw(random)\n  local x, sum = {}, 0\n  for t = 1, 6 do x[t] = { random(), random() } sum = sum + x[t][1] end\n  return x, { sum / 6 }\nend\n" \
    "return Sequential{ Input{6, 2}, LSTM{arg.units or 3}, Dense{1}, loss = \"mse\", metrics = {\"mae\"},\n" \
    "  optimizer = Adam{learning_rate = arg.rate or 0.01}, data = samples{draw, samples = 64, validation_samples = 32}, batch_size = arg.batch or 8, epochs = 2 }\n"

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

TestSuite(command, .init = set_up, .fini = tear_down);

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* Runs a line and expects this exit status, `output` in standard output and `errors` in standard error (NULL: nothing there). */
static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

Test(command, help_and_version)
{
    expect("$L --help", 0, "usage: lstmc MODEL.lua", NULL);
    expect("$L summary --help", 0, "exit status: 0 done", NULL);
    expect("$L --version", 0, "lstmc 0.", NULL);
    expect("$L", 2, NULL, "usage: lstmc MODEL.lua");
}

Test(command, mistakes_on_the_command_line)
{
    static const char *const cases[][2] = {
        { "--frobnicate m.lua", "unknown option --frobnicate" },
        { "m.lua -x", "unknown option -x" },
        { "summary", "no description given" },
        { "trian m.lua", "unknown command \"trian\": did you mean train?" },
        { "trian", "unknown command \"trian\": did you mean train?" },
        { "predit m.lua", "unknown command \"predit\": did you mean predict?" },
        { "evaluates m.lua", "unknown command \"evaluates\": did you mean evaluate?" },
        { "fit m.lua", "unknown command \"fit\": there are summary, check, train" },
        { "compile m.lua", "there is no command \"compile\": lstmc MODEL.lua compiles" },
        { "help", "did you mean lstmc --help?" },
        { "m.lua n.lua", "one description at a time, not also \"n.lua\"" },
        { "units=3", "" },
        { "m.lua units=3 units=4", "parameter units is given twice" },
        { "m.lua =3", "NAME=VALUE needs a name" },
        { "m.lua -o", "-o needs a value" },
        { "m.lua --unroll", "--unroll needs a value" },
        { "m.lua --unroll=0", "--unroll takes auto, none, full or a number" },
        { "m.lua --unroll=many", "--unroll takes auto, none, full or a number" },
        { "m.lua --target=avx", "unknown target \"avx\" (there is: plain, vector)" },
        { "m.lua --target=plain --lanes=8", "target plain has no 8 lanes (plain: 1; vector: 4, 8, 16)" },
        { "m.lua --lanes=1", "target vector has no 1 lanes (plain: 1; vector: 4, 8, 16)" },
        { "m.lua --lanes=0", "--lanes takes a number from 1" },
        { "m.lua --target=plain --lanes=auto", "target plain has no 16 lanes" },
        { "tune m.lua --lanes=auto", "tune needs a number of lanes" },
        { "m.lua --batch=-3", "--batch takes a number from 1" },
        { "m.lua --batch=3x", "--batch takes a number from 1" },
        { "m.lua --batch=", "--batch takes a number from 1" },
        { "m.lua --batch=99999999999999999999", "--batch takes a number from 1" },
        { "m.lua --dump=parse", "unknown pass \"parse\" (there are: lower" },
        { "m.lua --epochs=3", "--epochs does not go with compile" },
        { "m.lua --interpreted", "--interpreted does not go with compile" },
        { "summary m.lua -o x", "-o does not go with summary" },
        { "check m.lua --dump=grad", "--dump does not go with check" },
        { "train m.lua --inference", "--inference does not go with train" },
        { "train m.lua --seed=0", "--seed takes a number from 1" },
        { "train m.lua --threads=0", "--threads takes a number from 1" },
        { "check m.lua --threads=2", "--threads does not go with check" },
        { "train m.lua --threads=2 --interpreted", "--threads does not go with --interpreted" },
        { "evaluate m.lua --init=a", "--init does not go with evaluate" },
        { "train m.lua --weights=a", "--weights does not go with train" },
        { "train m.lua --seed=-1", "--seed takes a number from 1" },
        { "m.lua --quiet=yes", "--quiet takes no value" },
        { "train m.lua --interpreted --lanes=8", "--lanes does not go with --interpreted: there is no generated "
                                                 "code" },
        { "plot m.lua --interpreted --target=plain", "--target does not go with --interpreted" },
        { "predict m.lua --interpreted --weights-dtype=bf16", "--weights-dtype does not go with --interpreted" },
        { "evaluate m.lua --unroll=full --interpreted", "--unroll does not go with --interpreted" },
        { "m.lua --inference --input-gradient", "--input-gradient does not go with --inference: there is no backward "
                                                "pass" },
        { "summary m.lua --inference --keep-adjoints", "--keep-adjoints does not go with --inference" },
    };
    char line[256];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(line, sizeof line, "$L %s", cases[i][0]);
        expect(line, strcmp(cases[i][0], "units=3") ? 2 : 1, NULL, cases[i][1]);
    }
    cr_expect(command_count_files(folder) == 1, "a mistake on the command line wrote %d files", command_count_files(folder) - 1);
}

Test(command, writes_two_files_and_the_same_bytes_each_time)
{
    expect("$L m.lua", 0, "m.h\nm.c\n", NULL);
    expect("mkdir a 'b c' && $L m.lua -o a && cd 'b c' && cp ../m.lua 'm.lua' && $L \"$PWD/m.lua\" -o . --quiet", 0, "a/m.h\na/m.c\n", NULL);
    expect("cmp m.c a/m.c && cmp m.h a/m.h && cmp m.c 'b c/m.c' && cmp m.h 'b c/m.h'", 0, NULL, NULL);
    expect("$L m.lua units=5 -o a --quiet && cmp -s m.c a/m.c", 1, "a/m.c", NULL);
    expect("$L m.lua --inference -o a --quiet && grep -c m_backward a/m.h", 1, "a/m.c", NULL);
    expect("grep -n \"$PWD\" m.c m.h a/* 'b c'/*", 1, NULL, NULL);
    expect("mkdir -p 'models of mine' && cp m.lua 'models of mine/my model.lua' && $L 'models of mine/my model.lua' -o 'b c'", 0, "b c/my_model.h", NULL);
    expect("mv m.lua ./-m.lua && $L ./-m.lua -o a", 0, "a/model__m.c", NULL);
}

Test(command, nothing_is_half_written)
{
    expect("$L m.lua -o m.lua", 1, NULL, "m.lua/m.h: cannot be written: Not a directory");
    expect("mkdir kept && $L m.lua -o kept --quiet && cp kept/m.h before.h && mkdir full && "
           "(ulimit -f 8; trap '' XFSZ; $L m.lua units=7 -o kept)", 1, "", "kept/m.");
    expect("cmp kept/m.h before.h && ls kept | wc -l | tr -d ' '", 0, "2\n", NULL);
    expect("(ulimit -f 8; trap '' XFSZ; $L m.lua -o full); ls full | wc -l | tr -d ' '", 0, "0\n", "cannot be written: File too large");
    expect("mkdir taken && mkdir taken/m.c && $L m.lua -o taken; ls taken", 0, "m.c\n", "taken/m.c: cannot be written");
    expect("chmod 500 full; [ $(id -u) = 0 ] && echo 'full/m.h: cannot be written: as root nothing is read-only' >&2 && exit 1; $L m.lua -o full", 1, NULL,
           "full/m.h: cannot be written");
}

Test(command, every_pass_can_be_dumped)
{
    static const char *const passes[] = { "lower", "grad", "stage", "tile", "piece", "pack", "schedule", "plan" };
    char line[128];
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        snprintf(line, sizeof line, "$L m.lua --dump=%s", passes[i]);
        expect(line, 0, "lstm.recurrent_kernel", NULL);
    }
    expect("$L m.lua --dump=lower >a; $L m.lua --dump grad >b; cmp -s a b", 1, NULL, NULL);
    expect("$L m.lua --dump=stage >a; $L m.lua --dump=tile >b; cmp -s a b", 1, NULL, NULL);
    expect("$L m.lua --dump=piece >a; $L m.lua --dump=pack >b; cmp -s a b", 1, NULL, NULL);
    expect("$L m.lua --target=plain --dump=stage >a; $L m.lua --target=plain --dump=pack >b; cmp a b", 0, NULL, NULL);
    cr_expect(command_count_files(folder) == 3, "--dump wrote files");
}

/* As many lanes as suit the units without a word about it, and what else there is. */
Test(command, the_target)
{
    expect("$L m.lua", 0, "target vector, 8 lanes, as the units of the layers fill them\n", NULL);
    expect("cp m.c usual.c && $L m.lua --target=vector --lanes=8 --quiet && cmp m.c usual.c", 0, "", NULL);
    expect("$L m.lua --lanes=4", 0, "target vector, 4 lanes\n", NULL);
    expect("$L m.lua --target=plain", 0, "target plain, 1 lane\n", NULL);
    expect("! grep -q vec_ m.c && $L m.lua --target=plain --lanes=1 --quiet", 0, "", NULL);
    expect("$L check --target=plain --quiet m.lua && $L check --lanes=16 --quiet m.lua", 0, "within tolerance", NULL);
    expect("$L m.lua --lanes=auto", 0, "target vector, 8 lanes, as the units of the layers fill them\n", NULL);
    expect("$L m.lua units=32 && $L check m.lua units=32 --quiet", 0, "target vector, 16 lanes, as", NULL);
    /* as many lanes as the machine has, or fewer where the units ask for it: units=3 */
    expect("grep -qw avx512f /proc/cpuinfo && lanes=16 || lanes=8; $L train m.lua units=16 --quiet --samples=8 --out v.safetensors && "
           "$L train m.lua units=16 --quiet --samples=8 --lanes=$lanes --out w.safetensors && cmp v.safetensors w.safetensors", 0, "loss", NULL);
    expect("$L train m.lua --quiet --samples=8 --out v.safetensors && "
           "$L train m.lua --quiet --samples=8 --target=vector --lanes=8 --out w.safetensors && cmp v.safetensors w.safetensors", 0, "loss", NULL);
    expect("$L train m.lua --quiet --samples=8 --target=plain --out p.safetensors && cmp -s v.safetensors p.safetensors", 1, "loss", NULL);
}

Test(command, summary)
{
    expect("$L summary m.lua", 0, "lstm                     LSTM             {3}                        72\n", NULL);
    expect("$L summary m.lua units=10", 0, "{10}                      520\n", NULL);
    expect("$L summary m.lua unit=10", 1, NULL, "m.lua: parameter unit is never read by the description (did you mean \"units\"?)\n");
    expect("$L summary m.lua --batch=3 | grep 'batch of 3 x 1 shard$' | wc -l | tr -d ' '", 0, "1\n", NULL);
}

/* The gradient of scale is what rounding leaves of terms that cancel; the finite differences are exactly 0. */
Test(command, check_does_not_take_rounding_for_a_gradient)
{
    const char *text = "local x = Input{1, 2, 2}\nlocal norm = RMSNormalization{}\n"
                       "return Model{ inputs = x, outputs = Subtract{}{norm(x), norm(x)} }\n";
    command_write(folder, "zero.lua", text, (long)strlen(text));
    expect("$L check zero.lua", 0, "zero.lua: all within tolerance\n", NULL);
}

Test(command, a_mistake_writes_nothing)
{
    const char *bad = "return Sequential{ Input{6, 2}, LSTN{3}, Dense{1, unit = 3}, loss = \"mse\" }\n";
    command_write(folder, "bad.lua", bad, (long)strlen(bad));
    static const char *const commands[] = { "", "summary ", "check ", "train " };
    char line[128];
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        snprintf(line, sizeof line, "$L %sbad.lua", commands[i]);
        expect(line, 1, NULL, "bad.lua:1: LSTN: unknown layer or object (did you mean \"LSTM\"?)\nbad.lua:1: Dense: unknown argument \"unit\" (did you mean \"units\"?)\n");
    }
    cr_expect(command_count_files(folder) == 2, "a mistake in the description wrote files");
}

Test(command, check_finds_a_broken_compiler)
{
    /* A compiler that reads `f*c` as `f/c`, or forgets what recurs: the generated C is not what the interpreter computes. */
    const char *broken = "#!/bin/sh\nfor word; do case $word in *.c) sed -i \"$EDIT\" \"$word\" ;; esac; done\nexec cc \"$@\"\n";
    command_write(folder, "broken", broken, (long)strlen(broken));
    expect("$L check m.lua", 0, "m.lua: all within tolerance\n", NULL);
    expect("$L check --quiet m.lua", 0, "m.lua: all within tolerance\n", NULL);
    /* as few steps as a window needs */
    expect("echo \"return Sequential{ Input{90, 2}, Conv1D{2, 25}, GRU{3}, loss = 'mse' }\" > window.lua && $L check window.lua", 0,
           "at most 40 time steps", NULL);
    expect("echo \"local Gap = layer 'Gap' { over = 'sample', input = 'several', shape = function() return { 1 } end, call = function(a, w, x)\n"
           "  local t, k, n = axes 't k n' local y = tensor{ 1 } y[{ n }] = x[1][{ t, k }] * x[2][{ t, k }] return y end }\n"
           "local x = Input{50, 2} return Model{ inputs = x, outputs = Gap{}{x, RepeatVector{50}(GRU{2}(x))}, loss = 'mse' }\" > gap.lua && "
           "$L check gap.lua", 0, "at most 50 time steps", NULL);
    expect("chmod +x broken; EDIT='' CC=./broken $L check --quiet m.lua", 0, "all within tolerance", NULL);
    expect("EDIT='/+= recurrent_kernel.* [*] h_/d' CC=./broken $L check m.lua", 1, "TOO LARGE", NULL);
    expect("EDIT='s/= vec_tanh(/= vec_erf(/' CC=./broken $L check --quiet m.lua", 1, "NOT within tolerance", NULL);
    expect("EDIT='/+=.*recurrent_kernel/d' CC=./broken $L check --target=plain m.lua", 1, "TOO LARGE", NULL);
    expect("EDIT='s/tanhf(/sinf(/g' CC=./broken $L check --target=plain --quiet m.lua", 1, "NOT within tolerance", NULL);
    expect("EDIT='s/;$/;;)/' CC=./broken $L check m.lua", 1, NULL, "./broken failed on the generated code");
    expect("CC=no-such-compiler $L check m.lua", 1, NULL, "m.lua: check needs a C compiler: set CC");
}

/* The number behind `word` in the last line that has it. */
static double number_behind(const char *text, const char *word)
{
    const char *last = NULL;
    for (const char *at = text; (at = strstr(at, word)); at++)
        last = at;
    cr_assert(last != NULL, "no \"%s\" in:\n%s", word, text);
    return atof(last + strlen(word));
}

Test(command, train)
{
    Ran compiled = command_run(folder, SECONDS, "$L train m.lua --samples=32 --epochs=1 --seed=3 && ls m.safetensors");
    Ran interpreted = command_run(folder, SECONDS, "$L train m.lua --samples=32 --epochs=1 --seed=3 --interpreted --out i.safetensors && ls i.safetensors");
    cr_assert(!compiled.status && !interpreted.status, "exit statuses %d, %d:\n%s%s", compiled.status, interpreted.status, compiled.errors, interpreted.errors);
    cr_expect(!strpbrk(compiled.output, "\r\033") && !strpbrk(compiled.errors, "\r\033"), "not plain lines in a pipe: %s%s", compiled.output, compiled.errors);
    cr_expect(contains(compiled.output, "m: 32 samples, 32 held out"), "said: %s", compiled.output);
    double a = number_behind(compiled.output, "\nloss "), b = number_behind(interpreted.output, "\nloss ");
    cr_expect(a > 0 && a - b < 1e-4 * b && b - a < 1e-4 * b, "loss %.9g compiled, %.9g interpreted", a, b);
    ran_free(&compiled);
    ran_free(&interpreted);
    expect("$L train m.lua --samples=32 --epochs=1 --seed=3 --out again.safetensors --quiet && cmp m.safetensors again.safetensors", 0, "loss", NULL);
    expect("$L train m.lua --samples=32 --epochs=1 --seed=4 --out other.safetensors --quiet && cmp -s m.safetensors other.safetensors", 1, "loss", NULL);
}

/* What training printed of the last epoch is what the weight file gives, by whatever computes. */
Test(command, evaluate)
{
    Ran trained = command_run(folder, SECONDS, "$L train m.lua --samples=40 --epochs=2 --quiet");
    cr_assert(!trained.status, "%s", trained.errors);
    double loss = number_behind(trained.output, "val_loss ");
    static const char *const ways[] = { "$L evaluate m.lua --samples=40", "$L evaluate m.lua --samples=40 --weights m.safetensors --threads=1 --target=plain",
                                        "mv m.safetensors w.st && $L evaluate m.lua --samples=40 --weights=w.st --interpreted --quiet" };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Ran ran = command_run(folder, SECONDS, ways[i]);
        double found = number_behind(ran.output, i == 2 ? "loss " : "\nloss ");
        cr_expect(!ran.status && fabs(found - loss) < 1e-4 * loss, "%s: loss %.9g, training had %.9g\n%s%s", ways[i], found, loss, ran.output, ran.errors);
        cr_expect(i == 2 || contains(ran.output, "m: 32 samples held out, weights of m.safetensors\n"), "%s: %s", ways[i], ran.output);
        ran_free(&ran);
    }
    ran_free(&trained);
    expect("$L evaluate m.lua", 1, NULL, "m.lua: m.safetensors");
    expect("$L evaluate m.lua units=4 --weights=w.st", 1, NULL, "m.lua: w.st");
    expect("$L evaluate m.lua --epochs=2", 2, NULL, "--epochs does not go with evaluate");
    expect("$L summary m.lua --weights=w.st", 2, NULL, "--weights does not go with summary");
}

/* Two epochs at once are not one and one, as the optimiser starts anew; but no epoch starts from other weights than those of the file. */
Test(command, training_goes_on_from_a_weight_file)
{
    expect("$L train m.lua --samples=40 --epochs=3 --quiet --out a.st && $L train m.lua rate=1e-30 --samples=40 --epochs=1 --quiet --init=a.st --out b.st && "
           "cmp a.st b.st", 0, "loss", NULL);
    expect("$L train m.lua --samples=40 --epochs=1 --quiet --init a.st --out c.st && cmp -s a.st c.st", 1, "loss", NULL);
    expect("$L train m.lua --samples=40 --init=none.st --out d.st; test ! -e d.st", 0, NULL, "m.lua: none.st");
    expect("$L train m.lua units=4 --samples=40 --init=a.st", 1, NULL, "m.lua: a.st");
}

/* Whether a tensor has the same bytes in two weight files. */
static bool same_tensor(const char *name, const char *one, const char *other)
{
    struct lstmc_tensor_file a, b;
    struct lstmc_message message;
    char path[2][200];
    snprintf(path[0], sizeof path[0], "%s/%s", folder, one);
    snprintf(path[1], sizeof path[1], "%s/%s", folder, other);
    cr_assert(!lstmc_tensor_file_open(path[0], &a, &message) && !lstmc_tensor_file_open(path[1], &b, &message), "%s", message.text);
    const struct lstmc_file_tensor *x = lstmc_tensor_file_find(&a, name), *y = lstmc_tensor_file_find(&b, name);
    cr_assert(x && y && x->bytes == y->bytes);
    bool same = !memcmp(x->data, y->data, x->bytes);
    lstmc_tensor_file_free(&a);
    lstmc_tensor_file_free(&b);
    return same;
}

/* What is printed of the weights that are saved is what evaluate says of the file, and not of the last epoch. */
Test(command, what_is_saved_is_judged)
{
    expect("sed 's/epochs = 2/epochs = 3, callbacks = EarlyStopping{restore_best_weights = true, patience = 9}/; s/arg.rate or 0.01/arg.rate or 0.01, "
           "use_ema = arg.ema == \"yes\"/' m.lua > c.lua", 0, NULL, NULL);
    expect("$L train c.lua rate=0.5 --interpreted --quiet | grep saved | cut -d: -f2 | sed 's/val_//g; s/ *//' > a; $L evaluate c.lua --interpreted --quiet > b; cat a; cmp a b", 0,
           "loss", NULL);
    expect("$L train c.lua rate=0.5 --interpreted --quiet | grep -c 'saved (the best)'", 0, "1\n", NULL);
    expect("sed -i 's/EarlyStopping{[^}]*}/TerminateOnNaN{}/' c.lua; $L train c.lua ema=yes --interpreted --quiet | grep saved | cut -d: -f2 | sed 's/val_//g; s/ *//' > a; "
           "$L evaluate c.lua ema=yes --interpreted --quiet > b; cmp a b", 0, NULL, NULL);
    expect("$L train c.lua ema=no --interpreted --quiet | grep -c saved; true", 0, "0\n", NULL);
}

Test(command, frozen_layers_stay)
{
    expect("$L train m.lua --samples=40 --epochs=1 --quiet --out a.st && $L train m.lua --samples=40 --epochs=2 --quiet --init a.st --freeze lstm --out b.st", 0,
           "loss", NULL);
    cr_expect(same_tensor("lstm/kernel", "a.st", "b.st") && same_tensor("lstm/bias", "a.st", "b.st") && !same_tensor("dense/kernel", "a.st", "b.st"));
    expect("$L train m.lua --samples=40 --epochs=1 --quiet --init a.st --freeze=lstm,dense --interpreted --out c.st", 0, "loss", NULL);
    cr_expect(same_tensor("lstm/kernel", "a.st", "c.st") && same_tensor("dense/kernel", "a.st", "c.st"));
    expect("$L train m.lua --freeze lsmt", 1, NULL, "m.lua: --freeze: there is no layer \"lsmt\" (did you mean \"lstm\"?)");
}

Test(command, threads)
{
    expect("$L train m.lua batch=16 --samples=40 --epochs=1 --threads=1 --out one.safetensors 2>quiet", 0, "16, 1 epoch\n", NULL);
    expect("$L train m.lua batch=16 --samples=40 --epochs=1 --threads=2 --out two.safetensors 2>quiet && cmp one.safetensors two.safetensors", 0,
           "16, 1 epoch, 2 threads\n", NULL);
    expect("LSTMC_THREADS=2 $L train m.lua batch=16 --samples=40 --epochs=1 2>quiet && cmp one.safetensors m.safetensors", 0, "1 epoch, 2 threads\n",
           NULL);
    expect("LSTMC_THREADS=2 $L train m.lua batch=16 --samples=40 --epochs=1 --threads=1 2>quiet", 0, "1 epoch\n", NULL);
    expect("LSTMC_THREADS=few $L train m.lua", 2, NULL, "LSTMC_THREADS takes a number from 1, not \"few\"");
    expect("LSTMC_THREADS=few $L check m.lua --quiet", 0, "within tolerance", NULL);
}

Test(command, training_that_cannot_go_on)
{
    expect("$L train m.lua rate=1e20 --epochs=3", 1, "", "m.lua: ");
    expect("$L train m.lua rate=1e20 --epochs=3 2>&1 | grep -ciE 'nan|not finite|not a number|infinite' >count; test \"$(cat count)\" -ge 1", 0, NULL, NULL);
    expect("test -e m.safetensors", 1, NULL, NULL);
    const char *no_data = "return Sequential{ Input{6, 2}, LSTM{3}, Dense{1}, loss = \"mse\" }\n";
    command_write(folder, "n.lua", no_data, (long)strlen(no_data));
    expect("$L train n.lua", 1, NULL, "n.lua: the description names no data");
    const char *missing = "return Sequential{ Input{6, 2}, LSTM{3}, Dense{1}, loss = \"mse\", data = npy{\"no_x.npy\", \"no_y.npy\"} }\n";
    command_write(folder, "f.lua", missing, (long)strlen(missing));
    expect("$L train f.lua", 1, NULL, "no_x.npy");
    const char *no_loss = "return Sequential{ Input{6, 2}, LSTM{3}, Dense{1}, data = npy{\"no_x.npy\", \"no_y.npy\"} }\n";
    command_write(folder, "l.lua", no_loss, (long)strlen(no_loss));
    expect("$L train l.lua", 1, NULL, "l.lua: the description has no loss");
    expect("CC=no-such-compiler $L train m.lua", 1, NULL, "m.lua: no C compiler (set CC, or take --interpreted)");
}

/* ---- what means the same gives the same bytes ------------------------------------------------------------------------------ */

static char *generated(const char *text)
{
    command_write(folder, "same.lua", text, (long)strlen(text));
    Ran ran = command_run(folder, SECONDS, "rm -f same.c same.h; $L same.lua --quiet");
    cr_assert(ran.status == 0, "%s\n%s", text, ran.errors);
    ran_free(&ran);
    char *source = command_read_file(folder, "same.c");
    cr_assert(source != NULL);
    return source;
}

static void expect_same(const char *one, const char *other)
{
    char *a = generated(one), *b = generated(other);
    cr_expect(!strcmp(a, b), "another program comes of\n%s\nthan of\n%s", one, other);
    free(a);
    free(b);
}

Test(command, both_forms_of_sequential)
{
    expect_same("local model = Sequential()\nmodel:add(Embedding{50, 4, input_length = 7})\nmodel:add(LSTM(5))\nmodel:add(Dense{1, activation = \"sigmoid\"})\n"
                "model:compile{loss = \"binary_crossentropy\", optimizer = \"adam\", metrics = {\"accuracy\"}}\nmodel:fit{epochs = 3, batch_size = 4}\nreturn model",
                "return Sequential{ Input{7}, Embedding{50, 4}, LSTM{5}, Dense{1, activation = \"sigmoid\"}, loss = \"binary_crossentropy\",\n"
                "  optimizer = Adam{}, metrics = \"accuracy\", epochs = 3, batch_size = 4 }");
}

Test(command, positional_arguments_in_keras_order)
{
    static const char *const cases[][2] = {
        { "LSTM(5)", "LSTM{units = 5}" },
        { "LSTM{5, 'relu', 'hard_sigmoid', false, 'he_normal', 'zeros', 'ones', false, 'l1', 'l2', 'l1_l2'}",
          "LSTM{units = 5, activation = 'relu', recurrent_activation = 'hard_sigmoid', use_bias = false, kernel_initializer = 'he_normal', "
          "recurrent_initializer = 'zeros', bias_initializer = 'ones', unit_forget_bias = false, kernel_regularizer = 'l1', recurrent_regularizer = 'l2', "
          "bias_regularizer = 'l1_l2'}" },
        { "LSTM{5, [19] = false, [21] = true}", "LSTM{5, return_sequences = false, go_backwards = true}" },
        { "GRU{5, 'relu', 'hard_sigmoid', true, 'he_normal', 'zeros', 'ones', 'l1', 'l2', 'l1_l2', [20] = true, [23] = false}",
          "GRU{units = 5, activation = 'relu', recurrent_activation = 'hard_sigmoid', use_bias = true, kernel_initializer = 'he_normal', "
          "recurrent_initializer = 'zeros', bias_initializer = 'ones', kernel_regularizer = 'l1', recurrent_regularizer = 'l2', "
          "bias_regularizer = 'l1_l2', go_backwards = true, reset_after = false}" },
        { "SimpleRNN{5, 'relu', true, 'he_normal', 'zeros', 'ones', 'l1', 'l2', 'l1_l2', [18] = true}",
          "SimpleRNN{units = 5, activation = 'relu', use_bias = true, kernel_initializer = 'he_normal', recurrent_initializer = 'zeros', "
          "bias_initializer = 'ones', kernel_regularizer = 'l1', recurrent_regularizer = 'l2', bias_regularizer = 'l1_l2', go_backwards = true}" },
        { "Dense{5, 'tanh', false, 'he_normal', 'ones', 'l1', 'l2'}, Flatten{}",
          "Dense{units = 5, activation = 'tanh', use_bias = false, kernel_initializer = 'he_normal', bias_initializer = 'ones', kernel_regularizer = 'l1', "
          "bias_regularizer = 'l2'}, Flatten()" },
        { "Flatten{}, RepeatVector(3), Dropout(0.5), Activation('relu'), GRU(5)",
          "Flatten{}, RepeatVector{n = 3}, Dropout{rate = 0.5}, Activation{activation = 'relu'}, GRU{5}" },
        { "LSTM{5, return_sequences = true}, LSTM{5, return_sequences = true}, SimpleRNN{2, return_sequences = true}, GRU{3}",
          "LSTM{5, return_sequences = true, name = 'lstm'}, LSTM{5, return_sequences = true, name = 'lstm_1'}, SimpleRNN{2, return_sequences = true, "
          "name = 'simple_rnn'}, GRU{3, name = 'gru'}" },
    };
    char one[1024], other[1024];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(one, sizeof one, "return Sequential{ Input{6, 2}, %s, Dense{1}, loss = 'mse' }\n", cases[i][0]);
        snprintf(other, sizeof other, "return Sequential{ Input{6, 2}, %s, Dense{1}, loss = 'mse' }\n", cases[i][1]);
        expect_same(one, other);
    }
}

Test(command, positional_arguments_of_losses_and_optimizers)
{
    static const char *const cases[][2] = {
        { "optimizer = SGD{0.5, 0.9, true, 0.1, 2}", "optimizer = SGD{learning_rate = 0.5, momentum = 0.9, nesterov = true, weight_decay = 0.1, clipnorm = 2}" },
        { "optimizer = RMSprop{0.5, 0.8, 0.7, 1e-3, true, 0.1, [8] = 3}",
          "optimizer = RMSprop{learning_rate = 0.5, rho = 0.8, momentum = 0.7, epsilon = 1e-3, centered = true, weight_decay = 0.1, clipvalue = 3}" },
        { "optimizer = Adam{0.5, 0.8, 0.7, 1e-3, true, 0.1, [9] = 3}",
          "optimizer = Adam{learning_rate = 0.5, beta_1 = 0.8, beta_2 = 0.7, epsilon = 1e-3, amsgrad = true, weight_decay = 0.1, global_clipnorm = 3}" },
        { "optimizer = AdamW{0.5, 0.1, 0.8, 0.7, 1e-3, true}",
          "optimizer = AdamW{learning_rate = 0.5, weight_decay = 0.1, beta_1 = 0.8, beta_2 = 0.7, epsilon = 1e-3, amsgrad = true}" },
        { "optimizer = Adagrad{0.5, 0.2, 1e-3, 0.1, 2}",
          "optimizer = Adagrad{learning_rate = 0.5, initial_accumulator_value = 0.2, epsilon = 1e-3, weight_decay = 0.1, clipnorm = 2}" },
        { "optimizer = Adadelta{0.5, 0.8, 1e-3, 0.1}", "optimizer = Adadelta{learning_rate = 0.5, rho = 0.8, epsilon = 1e-3, weight_decay = 0.1}" },
        { "optimizer = Adamax{0.5, 0.8, 0.7, 1e-3, 0.1}",
          "optimizer = Adamax{learning_rate = 0.5, beta_1 = 0.8, beta_2 = 0.7, epsilon = 1e-3, weight_decay = 0.1}" },
        { "optimizer = Nadam{0.5, 0.8, 0.7, 1e-3, 0.1}",
          "optimizer = Nadam{learning_rate = 0.5, beta_1 = 0.8, beta_2 = 0.7, epsilon = 1e-3, weight_decay = 0.1}" },
        { "optimizer = Lion{0.5, 0.8, 0.7, 0.1}", "optimizer = Lion{learning_rate = 0.5, beta_1 = 0.8, beta_2 = 0.7, weight_decay = 0.1}" },
        { "optimizer = Lion{0.001, 0.9, 0.99}", "optimizer = 'lion'" },
        { "loss = Huber(2)", "loss = Huber{delta = 2}" },
        { "loss = BinaryCrossentropy{true, 0.1}", "loss = BinaryCrossentropy{from_logits = true, label_smoothing = 0.1}" },
        { "loss = CategoricalCrossentropy{true, 0.1}", "loss = CategoricalCrossentropy{from_logits = true, label_smoothing = 0.1}" },
        { "loss = SparseCategoricalCrossentropy(true)", "loss = SparseCategoricalCrossentropy{from_logits = true}" },
        { "loss = MeanSquaredError()", "loss = 'mean_squared_error'" },
    };
    char one[512], other[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(one, sizeof one, "return Sequential{ Input{6, 2}, LSTM{3}, Dense{2}, %s }\n", cases[i][0]);
        snprintf(other, sizeof other, "return Sequential{ Input{6, 2}, LSTM{3}, Dense{2}, %s }\n", cases[i][1]);
        expect_same(one, other);
    }
}

/* Nothing learns, and the noise of the second batch is that of its rows. */
Test(command, checks_noise_without_weights)
{
    const char text[] = "return Sequential{ Input{2}, Dropout{0.5}, batch_size = 1 }\n";
    command_write(folder, "noise.lua", text, (long)strlen(text));
    command_expect(folder, 60, "$L check noise.lua --quiet", 0, "all within tolerance", "");
}
