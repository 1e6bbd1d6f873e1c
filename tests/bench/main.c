/* main.c: bench [--sweep] [OPTION ...] LSTMC FOLDER SCRIPTS: measures the workloads and writes a Markdown table to
 * standard output and to FOLDER/../bench.md, and a chart to FOLDER/../bench.svg; or the shapes and others of the
 * sweep, and tables to FOLDER/../sweep.md. Exit status 1 if some peer's numbers were wrong or ours could not be made;
 * never because of a time. */
#include "sweep.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TASKS_MAX 32

/* As many lanes as this machine has: the bench is compiled with -march=native. */
#ifdef __AVX512F__
#define LSTMC_WORDS "--target=vector --lanes=auto"
#else
#define LSTMC_WORDS "--target=vector"
#endif

Options options = { .lstmc = LSTMC_WORDS, .flags = OURS_FLAGS };

static int usage(void)
{
    fputs("usage: bench [--sweep] [--quick] [--only=TEXT] [--seconds=N] [--lstmc=WORDS] [--flags=WORDS] LSTMC FOLDER "
          "SCRIPTS\n"
          "  --sweep      some hundred shapes of one recurrent layer, and others, not the workloads\n"
          "  --quick      fewer rounds, and not the slow tasks: under a minute; of the sweep some 20 shapes: two\n"
          "  --only=TEXT  tasks whose title begins so (W1, \"W1 training\"); of the sweep: has it in it (\"gru 64\")\n"
          "  --seconds=N  to measure each task for\n"
          "  --lstmc=WORDS  the arguments for ours (default: " LSTMC_WORDS ")\n"
          "  --flags=WORDS  those of the C compiler for it (default: " OURS_FLAGS ")\n", stderr);
    return 2;
}

static bool read_options(int count, char **words)
{
    const char **places[] = { &options.compiler, &options.folder, &options.scripts };
    int place = 0;
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--sweep"))
            options.sweep = true;
        else if (!strcmp(words[i], "--quick"))
            options.quick = true;
        else if (!strncmp(words[i], "--only=", 7))
            options.only = words[i] + 7;
        else if (!strncmp(words[i], "--lstmc=", 8))
            options.lstmc = words[i] + 8;
        else if (!strncmp(words[i], "--flags=", 8))
            options.flags = words[i] + 8;
        else if (!strncmp(words[i], "--seconds=", 10) && atof(words[i] + 10) > 0)
            options.seconds = atof(words[i] + 10);
        else if (words[i][0] == '-' || place == 3)
            return false;
        else
            *places[place++] = words[i];
    }
    if (options.seconds <= 0)
        options.seconds = options.sweep ? options.quick ? 0.3 : 1 : options.quick ? 0.5 : 7;
    return place == 3;
}

/* "W1" is not the beginning of "W10 inference". */
static bool wanted(const Task *task)
{
    size_t length = options.only ? strlen(options.only) : 0;
    if (length)
        return !strncasecmp(task->title, options.only, length) && !isdigit((unsigned char)task->title[length]);
    return !options.quick || !task->slow;
}

static void write_file(const char *name, void (*write)(FILE *, const Limits *, const Result *, int, const Size *), const Limits *limits,
                       const Result *results, int count, const Size *sizes)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/../%s", options.folder, name);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        return;
    }
    write(file, limits, results, count, sizes);
    if (fclose(file))
        perror(path);
}

static void write_chart(FILE *file, const Limits *limits, const Result *results, int count, const Size *sizes)
{
    (void)limits;
    (void)sizes;
    svg_write(file, results, count);
}

/* How many times a peer's numbers were wrong, or ours was not there. */
static int run_bench(const Limits *limits)
{
    static Result results[TASKS_MAX];
    static Size sizes[TASKS_MAX];
    int count = 0, wrong = 0;
    for (int i = 0; i < task_count; i++) {
        if (!wanted(&tasks[i]))
            continue;
        fprintf(stderr, "%s\n", tasks[i].title);
        results[count] = measure_task(&tasks[i], limits);
        wrong += results[count++].failures;
    }
    for (int i = 0; i < count; i++) {
        Size *size = &sizes[results[i].task->workload - workloads];
        if (!size->there)
            *size = sizes_measure(results[i].task->workload);
    }
    table_write(stdout, limits, results, count, sizes);
    write_file("bench.md", table_write, limits, results, count, sizes);
    write_file("bench.svg", write_chart, limits, results, count, sizes);
    return wrong;
}

int main(int argument_count, char **arguments)
{
    if (!read_options(argument_count, arguments))
        return usage();
    clock_open();
    Limits limits = limits_measure(options.quick ? 1.5 : 6);
    int wrong = options.sweep ? sweep_run(&limits) : run_bench(&limits);
    if (wrong)
        fprintf(stderr, "bench: %d times a peer computed something else, or ours was not there\n", wrong);
    return wrong ? 1 : 0;
}
