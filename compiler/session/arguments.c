/* arguments.c: in: the words of the command line.  out: Arguments, or what is wrong with them. */
#include "arguments.h"
#include "command_name.h"
#include "usage.h"
#include "compiler/passes/passes.h"

#include "runtime/base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool positive(const char *text, long most, long *number)
{
    char *end;
    *number = strtol(text, &end, 10);
    return *text && !*end && *number >= 1 && *number <= most;
}

/* ---- options: each returns 0, or the status of a usage error --------------------------------- */

static int take_count(const char *name, const char *value, int *count)
{
    long number;
    if (!positive(value, 1000000000, &number))
        return usage("%s takes a number from 1, not \"%s\"", name, value);
    *count = (int)number;
    return 0;
}

#define LANES_MOST 16           /* of --lanes=auto: the same on every machine */

static int take_lanes(Arguments *a, const char *value)
{
    a->compile.lanes_by_units = !strcmp(value, "auto");
    if (!a->compile.lanes_by_units)
        return take_count("--lanes", value, &a->lanes);
    a->lanes = LANES_MOST;
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
    return *value >= '0' && *value <= '9' && !*end && a->seed
               ? 0
               : usage("--seed takes a number from 1, not \"%s\"", value);
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

/* NAME=LAYER,NAME=LAYER; the commas end the words. */
static int take_map(Arguments *a, char *value)
{
    for (char *word = value, *comma; word; word = comma) {
        comma = strchr(word, ',');
        if (comma)
            *comma++ = 0;
        if (*word == '=' || !strchr(word, '='))
            return usage("--map takes NAME=LAYER, a name in the file and a layer, not \"%s\"", word);
        a->maps[a->map_count++] = word;
    }
    return 0;
}

static int take_penalty(Arguments *a, const char *value)
{
    double *penalty = &a->length_penalty;
    return lstmc_number_read(value, strlen(value), penalty) && *penalty >= 0 && *penalty <= 10 ? 0
         : usage("--length-penalty takes a number from 0 (none) to 10, not \"%s\"", value);
}

static int take_temperature(Arguments *a, const char *value)
{
    return lstmc_number_read(value, strlen(value), &a->temperature) && a->temperature >= 0 && a->temperature <= 100 ? 0
         : usage("--temperature takes a number from 0 (always the most probable) to 100, not \"%s\"", value);
}

static int take_top_p(Arguments *a, const char *value)
{
    return lstmc_number_read(value, strlen(value), &a->top_p) && a->top_p > 0 && a->top_p <= 1 ? 0
         : usage("--top-p takes a number above 0 to 1 (all), not \"%s\"", value);
}

/* No two of them have the same values, for which each is compared with all before. */
static int take_trials(Arguments *a, const char *value)
{
    long number;
    if (!positive(value, 10000, &number))
        return usage("--trials takes a number from 1 to 10000, not \"%s\"", value);
    a->trials = (int)number;
    return 0;
}

static int take_tempo(Arguments *a, const char *value)
{
    long number;
    if (!positive(value, 1000, &number) || number < 4)
        return usage("--tempo takes a number of steps a minute from 4 to 1000, not \"%s\"", value);
    a->tempo = (int)number;
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
    return a->compile.bf16 || !strcmp(value, "float32")
               ? 0
               : usage("--weights-dtype takes float32 or bf16, not \"%s\"", value);
}

static int take_value(Arguments *a, const char *name, char *value)
{
    if (!strcmp(name, "-o"))
        return a->output = value, 0;
    if (!strcmp(name, "--out") && strcmp(a->command, "train"))
        return a->out = value, 0;
    if (!strcmp(name, "--out") || !strcmp(name, "--weights"))
        return a->weights = value, 0;
    if (!strcmp(name, "--format"))
        return a->format = value, 0;
    if (!strcmp(name, "--input"))
        return a->input = value, 0;
    if (!strcmp(name, "--length"))
        return take_count(name, value, &a->length);
    if (!strcmp(name, "--steps"))
        return take_count(name, value, &a->steps);
    if (!strcmp(name, "--tempo"))
        return take_tempo(a, value);
    if (!strcmp(name, "--prompt"))
        return a->prompt = value, 0;
    if (!strcmp(name, "--top-k"))
        return take_count(name, value, &a->top_k);
    if (!strcmp(name, "--top-p"))
        return take_top_p(a, value);
    if (!strcmp(name, "--temperature"))
        return take_temperature(a, value);
    if (!strcmp(name, "--data"))
        return take_data(a, value);
    if (!strcmp(name, "--into"))
        return a->into = value, 0;
    if (!strcmp(name, "--map"))
        return take_map(a, value);
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
        return take_lanes(a, value);
    if (!strcmp(name, "--batch"))
        return take_count(name, value, &a->batch);
    if (!strcmp(name, "--beam"))
        return take_count(name, value, &a->beam);
    if (!strcmp(name, "--length-penalty"))
        return take_penalty(a, value);
    if (!strcmp(name, "--count"))
        return take_count(name, value, &a->count);
    if (!strcmp(name, "--epochs"))
        return take_count(name, value, &a->epochs);
    if (!strcmp(name, "--trials"))
        return take_trials(a, value);
    if (!strcmp(name, "--halving"))
        return take_count(name, value, &a->halving);
    if (!strcmp(name, "--monitor"))
        return a->monitor = value, 0;
    if (!strcmp(name, "--samples"))
        return take_count(name, value, &a->samples);
    if (!strcmp(name, "--threads"))
        return take_count(name, value, &a->threads);
    if (!strcmp(name, "--seed"))
        return take_seed(a, value);
    return take_dump(a, value);
}

/* Commands that compute by generated code, and all that generate it. */
#define COMPUTING " train search evaluate predict sample plot"
#define ALL "compile summary check tune" COMPUTING

static const struct { const char *name, *commands;
} valued[] = {
    /* and the commands that know the option */
    { "-o", "compile tune import export" },
    { "--target", ALL },
    { "--unroll", ALL },
    { "--lanes", ALL },
    { "--batch", ALL },
    { "--dump", "compile" },
    { "--tuning", "compile summary check" COMPUTING },
    { "--weights-dtype", "compile summary check predict sample tune" },
    { "--seconds", "tune" },
    { "--count", "fuzz" },
    { "--epochs", "train search" },
    { "--trials", "search" },
    { "--halving", "search" },
    { "--monitor", "search" },
    { "--seed", "check train search evaluate sample plot fuzz" },
    { "--samples", "train search evaluate plot" },
    { "--data", "train search evaluate plot" },
    { "--out", "train predict sample plot" },
    { "--init", "train search" },
    { "--checkpoint", "train" },
    { "--checkpoint-every", "train" },
    { "--log", "train plot" },
    { "--freeze", "train search" },
    { "--weights", "compile evaluate predict sample plot import export" },
    { "--format", "export" },
    { "--threads", "train search evaluate predict plot fuzz" },
    { "--input", "predict" },
    { "--beam", "predict evaluate" },
    { "--length-penalty", "predict evaluate" },
    { "--length", "sample" },
    { "--tempo", "sample" },
    { "--prompt", "sample" },
    { "--temperature", "sample" },
    { "--top-k", "sample" },
    { "--top-p", "sample" },
    { "--steps", "predict" },
    { "--svg", "plot" },
    { "--into", "import" },
    { "--map", "import" },
};

static const struct { const char *name, *commands; } flags[] = {
    { "--inference", "compile summary tune" }, { "--input-gradient", "compile summary check tune" },
    { "--keep-adjoints", "compile summary check" },
    { "--gradient-flow", "train" }, { "--interpreted", "train search evaluate predict plot" },
    { "--resume", "train search" },
    { "--stream", "predict export" }, { "--join", "predict" },
    { "--quiet", ALL " import export" }, { "--precise", ALL }, { "--blas", ALL },
    { "--dispatch", "compile summary check" COMPUTING }, { "--no-dispatch", "compile" },
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
        bool *const where[] = { &a->compile.inference,
                                &a->compile.input_gradient,
                                &a->compile.keep_adjoints,
                                &a->gradient_flow,
                                &a->interpreted,
                                &a->resume,
                                &a->stream,
                                &a->join,
                                &a->quiet,
                                &a->compile.precise,
                                &a->compile.blas,
                                &a->compile.dispatch,
                                &a->no_dispatch,
                                &a->example,
                                &a->self_test };
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
    return !strcmp(a->command, "train") || !strcmp(a->command, "search") || !strcmp(a->command, "evaluate") ||
           !strcmp(a->command, "plot");
}

/* Nobody has said how many: as many as the units ask for, of those that this machine has or, where code is to be for
 * others too, that any has. A table of tune's does not tell with how many it was measured: with the usual ones. */
static void choose_lanes(Arguments *a)
{
    if (a->compile.tuning_file || !strcmp(a->command, "tune"))
        return;
    const Target *most = target_with_lanes(a->compile.target, LANES_MOST);
    if (computes_here(a))
        a->compile.target = target_widest(a->compile.target);
    else if (most)
        a->compile.target = most;
    a->compile.lanes_by_units = a->compile.target->lanes > 1;
}

static int take_environment(Arguments *a)
{
    const char *threads = getenv("LSTMC_THREADS");
    bool read = computes_here(a) || !strcmp(a->command, "predict") || !strcmp(a->command, "fuzz");
    if (a->threads || !threads || !*threads || !read)
        return 0;
    return take_count("LSTMC_THREADS", threads, &a->threads);
}

/* What changes generated code changes nothing where there is none. */
static const char *generated_option(const Arguments *a)
{
    const CompileOptions *c = &a->compile;
    return c->target ? "--target" : a->lanes ? "--lanes" : c->unroll != UNROLL_AUTO ? "--unroll" :
           c->precise ? "--precise" : c->dispatch ? "--dispatch" : c->bf16 ? "--weights-dtype" :
           c->tuning_file ? "--tuning" : NULL;
}

/* Pairs of options of which one would be ignored; before the target is settled. */
static int check_pairs(const Arguments *a)
{
    if (a->threads && a->interpreted && strcmp(a->command, "search"))
        return usage("--threads does not go with --interpreted");
    if (a->gradient_flow && a->interpreted)
        return usage("--gradient-flow does not go with --interpreted: the interpreter has no tape");
    if (a->compile.blas && a->interpreted)
        return usage("--blas does not go with --interpreted: the interpreter has OpenBLAS anyway");
    if (a->interpreted && generated_option(a))
        return usage("%s does not go with --interpreted: there is no generated code", generated_option(a));
    if (a->map_count && !a->into)
        return usage("--map goes with --into MODEL.lua, whose layers it names");
    if (a->resume && a->init)
        return usage("--init starts anew and --resume goes on: choose one");
    if (a->compile.inference && (a->compile.input_gradient || a->compile.keep_adjoints))
        return usage("%s does not go with --inference: there is no backward pass",
                     a->compile.input_gradient ? "--input-gradient" : "--keep-adjoints");
    return 0;
}

/* What a search does not only for itself: its trainings have it, and whoever does one of them again. */
static bool is_of_training(const char *word)
{
    static const char *const own[] = { "--trials", "--halving", "--monitor", "--seed", "--threads", "--resume",
                                       "--quiet", "--data" };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strncmp(word, own[i], strlen(own[i])))
            return false;
    return true;
}

static int take_words(Arguments *a, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (words[i][0] == '-' && words[i][1]) {
            int first = i, status = take_option(a, count, words, &i);
            if (status)
                return status;
            for (int w = first; w <= i && is_of_training(words[first]); w++)
                a->options[a->option_count++] = words[w];
        } else if (strchr(words[i], '=') && a->model) {
            int status = take_parameter(a, words[i]);
            if (status)
                return status;
        } else if (a->model) {
            return usage(strcmp(a->command, "import")
                             ? "one description at a time, not also \"%s\"; a parameter is NAME=VALUE"
                             : "one file at a time, not also \"%s\": -o NAME names what is written", words[i]);
        } else {
            a->model = words[i];
        }
    }
    if (!strcmp(a->command, "fuzz"))
        return a->model ? usage("fuzz draws its models itself: it takes no \"%s\"", a->model) : 0;
    if (!a->model)
        return usage(strcmp(a->command, "import") ? "no description given" : "import needs a file: lstmc import FILE");
    int status = check_pairs(a);
    if (status)
        return status;
    if (!a->compile.target)
        a->compile.target = target_default();
    if (a->lanes) {
        const Target *target = target_with_lanes(a->compile.target, a->lanes);
        if (!target)
            return usage("target %s has no %d lanes (plain: 1; vector: 4, 8, 16)", a->compile.target->name, a->lanes);
        a->compile.target = target;
    } else {
        choose_lanes(a);
    }
    if (!strcmp(a->command, "tune") && a->compile.target->lanes == 1)
        return usage("tune needs --target=vector: plain loops have no tiles");
    if (!strcmp(a->command, "tune") && a->compile.lanes_by_units)
        return usage("tune needs a number of lanes: it measures the tiles of that many");
    if (a->compile.tuning_file && a->compile.target->lanes == 1)
        return usage("--tuning goes with --target=vector: plain loops have no tiles");
    if (a->compile.dispatch && a->no_dispatch)
        return usage("--dispatch and --no-dispatch: choose one");
    if (a->compile.dispatch && a->compile.target->lanes == 1)
        return usage("--dispatch goes with --target=vector: plain loops are the same for all processors");
    if (!strcmp(a->command, "compile") && a->compile.target->lanes > 1)
        a->compile.dispatch = !a->no_dispatch;
    if (a->compile.bf16 && a->compile.target->lanes == 1)
        return usage("--weights-dtype=bf16 goes with --target=vector: plain loops read the weights as they are");
    if (!strcmp(a->command, "export") && !strcmp(a->output, "."))
        return usage("export needs -o FILE: what it is to write");
    if (a->example && !a->weights)
        return usage("--example needs --weights FILE: the program predicts by them");
    if (a->self_test && !a->weights)
        return usage("--self-test needs --weights FILE: what it expects are the outputs of those weights");
    return take_environment(a);
}

int arguments_read(int count, char **words, Arguments *arguments)
{
    size_t commas = 0;
    *arguments = (Arguments){ .output = ".", .temperature = 1 };
    for (int i = 0; i < count; i++)
        for (const char *c = words[i]; *c; c++)
            commas += *c == ',';
    arguments->parameters = calloc((size_t)count + 1, sizeof *arguments->parameters);
    arguments->options = calloc((size_t)count + 1, sizeof *arguments->options);
    arguments->data = calloc((size_t)count + commas + 1, sizeof *arguments->data);
    arguments->maps = calloc((size_t)count + commas + 1, sizeof *arguments->maps);
    if (!arguments->parameters || !arguments->options || !arguments->data || !arguments->maps)
        die("out of memory");
    const char *command = count ? command_find(words[0]) : NULL, *wrong = NULL;
    char text[COMMAND_WRONG];
    arguments->command = command ? command : "compile";
    if (!command)
        wrong = command_wrong(count, words, text);
    if (wrong)
        return usage("%s", wrong);
    return take_words(arguments, count - (command != NULL), words + (command != NULL));
}

void arguments_free(Arguments *arguments)
{
    free(arguments->parameters);
    free(arguments->options);
    free(arguments->data);
    free(arguments->maps);
}
