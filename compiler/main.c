/* main.c: the command line: words to Arguments, and off to the command. */
#include "commands.h"
#include "passes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In two parts: ISO C promises 4095 characters of a string. */
static const char help_commands[] =
    "lstmc " LSTMC_VERSION ": compiles a Lua description of a recurrent network to C, forward and backward.\n"
    "\n"
    "usage: lstmc MODEL.lua [NAME=VALUE ...] [options]            write MODEL.h and MODEL.c\n"
    "       lstmc summary MODEL.lua [NAME=VALUE ...]              layers, shapes, parameters, memory, work\n"
    "       lstmc check MODEL.lua [NAME=VALUE ...]                generated C against the interpreter, that against finite differences\n"
    "       lstmc train MODEL.lua [NAME=VALUE ...]                generate, compile, train on the description's data\n"
    "       lstmc evaluate MODEL.lua [NAME=VALUE ...]             loss and metrics of a weight file on the samples held out\n"
    "       lstmc plot MODEL.lua [NAME=VALUE ...]                 curves of a training, and what its weights predict: MODEL.report.html\n"
    "       lstmc tune MODEL.lua [NAME=VALUE ...]                 measure tiles on this machine, write MODEL.tune.lua for --tuning\n"
    "\n"
    "NAME=VALUE sets arg.NAME in the description.\n"
    "\n";

static const char help_options[] =
    "  -o DIR                     folder of the generated files (default: this one); of tune: the file it writes\n"
    "  --target=plain|vector      what to emit: plain is ISO C11 in plain loops\n"
    "  --unroll=auto|none|full|N  loops written out: small ones, none, all within the budget, or N copies of the innermost body\n"
    "  --lanes=N                  floats that one operation works on (plain: 1; vector: 4, 8, 16; default: 8, of train 16 with AVX-512)\n"
    "  --batch=N                  rows of a tape, in one shard (default: batch_size / shards of the description)\n"
    "  --inference                no training functions\n"
    "  --input-gradient           M_backward also writes the gradient of the input\n"
    "  --blas                     large products by OpenBLAS (cblas_sgemm), with which the generated code is linked then\n"
    "  --precise                  target vector: tanh and sigmoid to the last digits, a little slower; plain is as precise without it\n"
    "  --dispatch                 target vector: code for AVX2 too, and for AVX-512 with 16 lanes, chosen at run time: needs no -march=native\n"
    "  --weights-dtype=float32|bf16  how prediction keeps the matrices it reads again and again: bf16 is half the bytes (target vector)\n"
    "  --tuning=FILE              numbers of tiles as measured by lstmc tune (target vector)\n"
    "  --seconds=N                of tune: how long to search (default: 60)\n"
    "  --dump=PASS                print the program after a pass (lower, grad, stage, blas, flatten, tile, piece, pack, schedule, plan) and write nothing\n"
    "  --epochs=N  --seed=N  --samples=N  --out FILE             of train: epochs, seed, at most so many samples, the weight file; of plot: the report\n"
    "  --data FILE[,FILE ...]     of train, evaluate, plot: in place of the files that the description's data names, in their order; or NAME=FILE\n"
    "  --init FILE                of train: weights to start from, those of another run\n"
    "  --resume                   of train: go on from the checkpoint, with the bits of a training that was never stopped\n"
    "  --checkpoint FILE  --checkpoint-every=N   of train: where it is (default: MODEL.checkpoint), after how many batches (default: 10 s)\n"
    "  --log FILE                 of train, plot: loss and metrics of each epoch (default: MODEL.log.csv)\n"
    "  --freeze LAYERS            of train: names of layers, with commas between, whose weights stay as they are\n"
    "  --weights FILE             write MODEL_weights.c too: what prediction reads, as constants; of evaluate, plot: the weight file (default: MODEL.safetensors)\n"
    "  --example                  with --weights: MODEL_main.c, a program that predicts what it reads, and a Makefile\n"
    "  --self-test                with --weights: MODEL_self_test.h and .c, a function that tells whether a machine computes what it should\n"
    "  --svg DIR                  of plot: a folder for each chart alone\n"
    "  --threads=N                of train, evaluate, plot: at most N, one for each shard (default: LSTMC_THREADS, or all processors)\n"
    "  --interpreted              of train, evaluate, plot: by the interpreter, without a C compiler\n"
    "  --quiet                    less output\n"
    "  --help  --version\n"
    "\n"
    "exit status: 0 done, 1 a mistake in the description, the data or the check, 2 a mistake on the command line\n"
    "environment: CC, CFLAGS compile generated code; LSTMC_THREADS is the default of --threads; NO_COLOR keeps the output plain\n";

static bool print_help(FILE *to)
{
    return fputs(help_commands, to) >= 0 && fputs(help_options, to) >= 0 && !fflush(to);
}

static int usage(const char *format, ...) PRINTF_LIKE(1, 2);

static int usage(const char *format, ...)
{
    va_list arguments;
    fputs("lstmc: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs(" (lstmc --help)\n", stderr);
    return 2;
}

static bool positive(const char *text, long most, long *number)
{
    char *end;
    *number = strtol(text, &end, 10);
    return *text && !*end && *number >= 1 && *number <= most;
}

/* ---- options: each returns 0, or the status of a usage error ----------------------------------------------------------- */

static int take_count(const char *name, const char *value, int *count)
{
    long number;
    if (!positive(value, 1000000000, &number))
        return usage("%s takes a number from 1, not \"%s\"", name, value);
    *count = (int)number;
    return 0;
}

static int take_target(Arguments *a, const char *value)
{
    a->compile.target = target_find(value);
    return a->compile.target ? 0 : usage("unknown target \"%s\" (there is: %s)", value, target_names());
}

static int take_unroll(Arguments *a, const char *value)
{
    long number;
    if (!strcmp(value, "auto"))
        a->compile.unroll = UNROLL_AUTO;
    else if (!strcmp(value, "none"))
        a->compile.unroll = UNROLL_NONE;
    else if (!strcmp(value, "full"))
        a->compile.unroll = UNROLL_FULL;
    else if (positive(value, 64, &number))
        a->compile.unroll = (int)number;
    else
        return usage("--unroll takes auto, none, full or a number from 1 to 64, not \"%s\"", value);
    return 0;
}

static int take_seed(Arguments *a, const char *value)
{
    char *end;
    a->seed = strtoull(value, &end, 10);
    return *value >= '0' && *value <= '9' && !*end && a->seed ? 0 : usage("--seed takes a number from 1, not \"%s\"", value);
}

/* FILE,FILE or NAME=FILE; the commas end the words. */
static int take_data(Arguments *a, char *value)
{
    if (!*value)
        return usage("--data needs a file");
    for (char *word = value, *comma; word; word = comma) {
        comma = strchr(value, '=') ? NULL : strchr(word, ',');
        if (comma)
            *comma++ = 0;
        a->data[a->data_count++] = word;
    }
    return 0;
}

static int take_dump(Arguments *a, const char *value)
{
    a->compile.dump = value;
    return pass_exists(value) ? 0 : usage("unknown pass \"%s\" (there are: %s)", value, pass_names());
}

static int take_weights_dtype(Arguments *a, const char *value)
{
    a->compile.bf16 = !strcmp(value, "bf16");
    return a->compile.bf16 || !strcmp(value, "float32") ? 0 : usage("--weights-dtype takes float32 or bf16, not \"%s\"", value);
}

static int take_value(Arguments *a, const char *name, char *value)
{
    if (!strcmp(name, "-o"))
        return a->output = value, 0;
    if (!strcmp(name, "--out") && !strcmp(a->command, "plot"))
        return a->report = value, 0;
    if (!strcmp(name, "--out") || !strcmp(name, "--weights"))
        return a->weights = value, 0;
    if (!strcmp(name, "--data"))
        return take_data(a, value);
    if (!strcmp(name, "--svg"))
        return a->pictures = value, 0;
    if (!strcmp(name, "--init"))
        return a->init = value, 0;
    if (!strcmp(name, "--checkpoint"))
        return a->checkpoint = value, 0;
    if (!strcmp(name, "--checkpoint-every"))
        return take_count(name, value, &a->checkpoint_every);
    if (!strcmp(name, "--log"))
        return a->log = value, 0;
    if (!strcmp(name, "--freeze"))
        return a->freeze = value, 0;
    if (!strcmp(name, "--tuning"))
        return a->compile.tuning_file = value, 0;
    if (!strcmp(name, "--seconds"))
        return take_count(name, value, &a->seconds);
    if (!strcmp(name, "--target"))
        return take_target(a, value);
    if (!strcmp(name, "--unroll"))
        return take_unroll(a, value);
    if (!strcmp(name, "--weights-dtype"))
        return take_weights_dtype(a, value);
    if (!strcmp(name, "--lanes"))
        return take_count(name, value, &a->lanes);
    if (!strcmp(name, "--batch"))
        return take_count(name, value, &a->batch);
    if (!strcmp(name, "--epochs"))
        return take_count(name, value, &a->epochs);
    if (!strcmp(name, "--samples"))
        return take_count(name, value, &a->samples);
    if (!strcmp(name, "--threads"))
        return take_count(name, value, &a->threads);
    if (!strcmp(name, "--seed"))
        return take_seed(a, value);
    return take_dump(a, value);
}

static const struct { const char *name, *commands; } valued[] = {    /* and the commands that know the option */
    { "-o", "compile tune" }, { "--out", "train plot" }, { "--data", "train evaluate plot" }, { "--init", "train" }, { "--checkpoint", "train" },
    { "--checkpoint-every", "train" }, { "--log", "train plot" }, { "--svg", "plot" }, { "--freeze", "train" }, { "--weights", "compile evaluate plot" },
    { "--target", "compile summary check train evaluate plot tune" }, { "--unroll", "compile summary check train evaluate plot tune" },
    { "--lanes", "compile summary check train evaluate plot tune" }, { "--batch", "compile summary check train evaluate plot tune" }, { "--epochs", "train" },
    { "--samples", "train evaluate plot" }, { "--seed", "check train evaluate plot" }, { "--threads", "train evaluate plot" }, { "--dump", "compile" },
    { "--tuning", "compile summary check train evaluate plot" }, { "--seconds", "tune" }, { "--weights-dtype", "compile summary check tune" },
};

static const struct { const char *name, *commands; } flags[] = {
    { "--inference", "compile summary tune" }, { "--input-gradient", "compile summary check tune" }, { "--interpreted", "train evaluate plot" }, { "--resume", "train" },
    { "--quiet", "compile check train evaluate plot tune" }, { "--precise", "compile summary check train evaluate plot tune" },
    { "--blas", "compile summary check train evaluate plot tune" }, { "--dispatch", "compile summary check train evaluate plot" },
    { "--example", "compile" }, { "--self-test", "compile" },
};

static int take_flag(Arguments *a, const char *word)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        size_t length = strlen(flags[i].name);
        if (strncmp(word, flags[i].name, length) || (word[length] && word[length] != '='))
            continue;
        if (word[length])
            return usage("%s takes no value", flags[i].name);
        if (!strstr(flags[i].commands, a->command))
            return usage("%s does not go with %s", word, a->command);
        bool *const where[] = { &a->compile.inference, &a->compile.input_gradient, &a->interpreted, &a->resume, &a->quiet, &a->compile.precise,
                                &a->compile.blas, &a->compile.dispatch, &a->example, &a->self_test };
        *where[i] = true;
        return 0;
    }
    return usage("unknown option %s", word);
}

/* The option at words[*i], with its value behind = or as the next word. */
static int take_option(Arguments *a, int count, char **words, int *i)
{
    char *word = words[*i], *equal = strchr(word, '=');
    for (size_t v = 0; v < sizeof valued / sizeof *valued; v++) {
        size_t length = strlen(valued[v].name);
        if (strncmp(word, valued[v].name, length) || (word[length] && word[length] != '='))
            continue;
        if (!strstr(valued[v].commands, a->command))
            return usage("%s does not go with %s", valued[v].name, a->command);
        if (equal)
            return take_value(a, valued[v].name, equal + 1);
        if (*i + 1 >= count)
            return usage("%s needs a value", valued[v].name);
        return take_value(a, valued[v].name, words[++*i]);
    }
    return take_flag(a, word);
}

static int take_parameter(Arguments *a, const char *word)
{
    size_t length = strcspn(word, "=");
    if (!length)
        return usage("NAME=VALUE needs a name, not \"%s\"", word);
    for (int i = 0; i < a->parameter_count; i++)
        if (!strncmp(a->parameters[i], word, length + 1))
            return usage("parameter %.*s is given twice", (int)length, word);
    a->parameters[a->parameter_count++] = word;
    return 0;
}

/* What comes of it is no code, so that it takes what is fastest here. */
static bool computes_here(const Arguments *a)
{
    return !strcmp(a->command, "train") || !strcmp(a->command, "evaluate") || !strcmp(a->command, "plot");
}

static int take_environment(Arguments *a)
{
    const char *threads = getenv("LSTMC_THREADS");
    if (a->threads || !threads || !*threads || !computes_here(a))
        return 0;
    return take_count("LSTMC_THREADS", threads, &a->threads);
}

static int take_words(Arguments *a, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (words[i][0] == '-' && words[i][1]) {
            int status = take_option(a, count, words, &i);
            if (status)
                return status;
        } else if (strchr(words[i], '=') && a->model) {
            int status = take_parameter(a, words[i]);
            if (status)
                return status;
        } else if (a->model) {
            return usage("one description at a time, not also \"%s\"; a parameter is NAME=VALUE", words[i]);
        } else {
            a->model = words[i];
        }
    }
    if (!a->model)
        return usage("no description given");
    if (a->threads && a->interpreted)
        return usage("--threads does not go with --interpreted");
    if (a->resume && a->init)
        return usage("--init starts anew and --resume goes on: choose one");
    if (a->compile.blas && a->interpreted)
        return usage("--blas does not go with --interpreted: the interpreter has OpenBLAS anyway");
    if (!a->compile.target)
        a->compile.target = target_default();
    if (a->lanes) {
        const Target *target = target_with_lanes(a->compile.target, a->lanes);
        if (!target)
            return usage("target %s has no %d lanes (plain: 1; vector: 4, 8, 16)", a->compile.target->name, a->lanes);
        a->compile.target = target;
    } else if (computes_here(a) && !a->compile.tuning_file) {
        a->compile.target = target_widest(a->compile.target);
    }
    if (!strcmp(a->command, "tune") && a->compile.target->lanes == 1)
        return usage("tune needs --target=vector: plain loops have no tiles");
    if (a->compile.tuning_file && a->compile.target->lanes == 1)
        return usage("--tuning goes with --target=vector: plain loops have no tiles");
    if (a->compile.dispatch && a->compile.target->lanes == 1)
        return usage("--dispatch goes with --target=vector: plain loops are the same for all processors");
    if (a->compile.bf16 && a->compile.target->lanes == 1)
        return usage("--weights-dtype=bf16 goes with --target=vector: plain loops read the weights as they are");
    if (a->example && !a->weights)
        return usage("--example needs --weights FILE: the program predicts by them");
    if (a->self_test && !a->weights)
        return usage("--self-test needs --weights FILE: what it expects are the outputs of those weights");
    return take_environment(a);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; int (*run)(const Arguments *); } commands[] = {
        { "compile", command_compile }, { "summary", command_summary }, { "check", command_check }, { "train", command_train },
        { "evaluate", command_evaluate }, { "plot", command_plot }, { "tune", command_tune },
    };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return !print_help(stdout);
        if (!strcmp(argv[i], "--version"))
            return puts("lstmc " LSTMC_VERSION) < 0 || fflush(stdout);
    }
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    Arguments arguments = { .output = ".", .compile = { 0 } };
    size_t commas = 0;
    for (int i = 1; i < argc; i++)
        for (const char *c = argv[i]; *c; c++)
            commas += *c == ',';
    arguments.parameters = calloc((size_t)argc, sizeof *arguments.parameters);
    arguments.data = calloc((size_t)argc + commas, sizeof *arguments.data);
    if (!arguments.parameters || !arguments.data)
        die("out of memory");
    size_t command = 0;
    for (size_t c = 1; c < sizeof commands / sizeof *commands; c++)
        if (!strcmp(argv[1], commands[c].name))
            command = c;
    arguments.command = commands[command].name;
    int first = command ? 2 : 1;
    int status = take_words(&arguments, argc - first, argv + first);
    if (!status)
        status = commands[command].run(&arguments);
    free(arguments.parameters);
    free(arguments.data);
    return status;
}
