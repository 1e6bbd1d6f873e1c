/* main.c: scaling [OPTION ...] LSTMC FOLDER SCRIPTS: measures what it costs two processes to talk, a training step on
 * threads and on ranks, and what ranks send; draws from these how long a step takes on up to 1024. Tables on standard
 * output and in FOLDER/../scaling.md, a chart in FOLDER/../scaling.svg. Exit status 1 if bits differ or a peer computes
 * something else, never because of a time. With --process it is one of the processes that it starts itself. */
#define _DEFAULT_SOURCE         /* getloadavg */
#include "scaling.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __AVX512F__
#define LSTMC_WORDS "--target=vector --lanes=auto"
#else
#define LSTMC_WORDS "--target=vector"
#endif
#define ROUNDS_MOST 9
#define RANKS_MAX 1024

Options options = { .lstmc = LSTMC_WORDS, .flags = OURS_FLAGS };
ScalingOptions scaling_options = { .mpirun = "--bind-to none", .latency = 2e-6, .bandwidth = 12.5e9, .rounds = 3 };

static int usage(void)
{
    fputs("usage: scaling [--quick] [--only=NAME] [--rounds=N] [--latency=US] [--bandwidth=GB] [--mpirun=WORDS] "
          "LSTMC FOLDER SCRIPTS\n"
          "  --quick         one round of few steps\n"
          "  --only=NAME     sentiment or lstm512\n"
          "  --rounds=N      of each measurement of a step, at most 9 (default: 3)\n"
          "  --latency=US    of the cluster's network, in microseconds (default: 2)\n"
          "  --bandwidth=GB  of one of its links, in gigabytes a second (default: 12.5)\n"
          "  --mpirun=WORDS  for mpirun (default: --bind-to none)\n", stderr);
    return 2;
}

static bool read_options(int count, char **words)
{
    const char **places[] = { &options.compiler, &options.folder, &options.scripts };
    int place = 0;
    for (int i = 1; i < count; i++) {
        const char *value = strchr(words[i], '=');
        const double number = value ? atof(value + 1) : 0;
        if (!strcmp(words[i], "--quick"))
            options.quick = true, scaling_options.rounds = 1;
        else if (!strncmp(words[i], "--only=", 7))
            options.only = value + 1;
        else if (!strncmp(words[i], "--rounds=", 9) && number >= 1 && number <= ROUNDS_MOST)
            scaling_options.rounds = (int)number;
        else if (!strncmp(words[i], "--latency=", 10) && number > 0)
            scaling_options.latency = 1e-6 * number;
        else if (!strncmp(words[i], "--bandwidth=", 12) && number > 0)
            scaling_options.bandwidth = 1e9 * number;
        else if (!strncmp(words[i], "--mpirun=", 9))
            scaling_options.mpirun = value + 1;
        else if (words[i][0] == '-' || place == 3)
            return false;
        else
            *places[place++] = words[i];
    }
    return place == 3;
}

/* ---- a process of its own: --process=exchange MODULE; train or parts SUBJECT LIBRARY NUMBER STEPS MODULE ---- */

static void run_kind(const char *kind, char **words, struct lstmc_transport *transport)
{
    if (!strcmp(kind, "exchange")) {
        if (transport)
            exchange_run(transport);
        return;
    }
    for (int i = 0; i < SUBJECTS; i++) {
        Subject subject = subject_make(i);
        if (strcmp(subject.name, words[0]))
            continue;
        subject.steps = atoi(words[3]);
        if (!strcmp(kind, "train"))
            train_run(&subject, words[1], atoi(words[2]), transport);
        else
            parts_run(&subject, words[1], atoi(words[2]));
    }
}

static int run_process(const char *kind, int count, char **words)
{
    static struct lstmc_transport transport;
    const char *path = count ? words[count - 1] : "-";
    int (*begin)(struct lstmc_transport *, int *) = NULL, here;
    void (*end)(int) = NULL;
    if (count != 1 && count != 5)
        return usage();
    if (!strcmp(path, "-")) {
        run_kind(kind, words, NULL);
        return 0;
    }
    void *module = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (module) {
        *(void **)&begin = dlsym(module, "lstmc_mpi_open");
        *(void **)&end = dlsym(module, "lstmc_mpi_close");
    }
    if (!begin || !end || begin(&transport, &here) || transport.ranks != 2) {
        fprintf(stderr, "scaling: no two ranks by %s\n", path);
        return 1;
    }
    run_kind(kind, words, &transport);
    fflush(stdout);
    end(0);
    return 0;
}

/* ---- the whole ---- */

int shards_of(int ranks, Growth growth)
{
    int shards = 1;
    while (shards < ranks)
        shards *= 2;
    return growth == GROWTH_WEAK ? ranks : shards;
}

static void measure_exchange(Results *r)
{
    char line[2000];
    Answers answers;
    fputs("exchanges\n", stderr);
    snprintf(line, sizeof line, "%s --process=exchange %s", scaling_options.self, scaling_options.module);
    if (!launch(2, line, &answers))
        exit(1);
    for (int i = 0; i < answers.count && r->exchanges < EXCHANGES_MAX; i++) {
        if (strcmp(answers.answer[i].name, "exchange"))
            continue;
        r->bytes[r->exchanges] = answers.answer[i].value[0];
        r->reduce[r->exchanges] = answers.answer[i].value[1];
        r->gather[r->exchanges++] = answers.answer[i].value[2];
    }
    r->networks[0] = (Network){ "this memory", fit_line(r->bytes, r->reduce, r->exchanges),
                                fit_line(r->bytes, r->gather, r->exchanges) };
    const Line cluster = { scaling_options.latency, scaling_options.bandwidth };
    r->networks[1] = (Network){ "cluster", cluster, cluster };
}

/* Two processes have sent what this one counts, but for the few bytes that it does not gather. */
static int check_count(const Of *of)
{
    const Traffic two = count_traffic(of->model, 2, 8);
    const double *counted = of->steps.counted;
    if (counted[0] <= two.messages && fabs(counted[1] - two.total) <= 0.01 * two.total)
        return 0;
    fprintf(stderr, "scaling: %s: a rank of two has sent %.0f bytes in %.0f messages, not %.0f in %.0f\n",
            of->subject.name, counted[1], counted[0], two.total, two.messages);
    return 1;
}

static int measure_subject(Results *r, Of *of)
{
    char library[512];
    int failures = 0;
    fprintf(stderr, "%s\n", of->subject.name);
    steps_measure(&of->subject, r, &of->steps, &of->costs, &failures);
    subject_build(&of->subject, BATCH, 8, library, sizeof library);
    of->model = subject_load(&of->subject, library);
    for (int i = 0; i < r->points; i++) {
        of->weak[i] = count_traffic(of->model, r->ranks[i], shards_of(r->ranks[i], GROWTH_WEAK));
        of->strong[i] = shards_of(r->ranks[i], GROWTH_STRONG) == r->ranks[i]
                        ? of->weak[i] : count_traffic(of->model, r->ranks[i], shards_of(r->ranks[i], GROWTH_STRONG));
    }
    return failures + check_count(of);
}

static void write_tables(FILE *file, const Results *results)
{
    tables_measured(file, results);
    tables_model(file, results);
}

static int run_all(void)
{
    static Results results;
    char path[1000];
    int failures = 0;
    getloadavg(&results.load[0], 1);
    results.rounds = scaling_options.rounds;
    for (int ranks = 1; ranks <= RANKS_MAX; ranks *= 2) {
        results.ranks[results.points++] = ranks;
        if (ranks > 1 && ranks < RANKS_MAX)
            results.ranks[results.points++] = ranks / 2 * 3;
    }
    measure_exchange(&results);
    for (int i = 0; i < SUBJECTS; i++) {
        Of *of = &results.of[results.subjects];
        of->subject = subject_make(i);
        if (options.only && strcmp(options.only, of->subject.name))
            continue;
        failures += measure_subject(&results, of);
        results.subjects++;
    }
    getloadavg(&results.load[1], 1);
    write_tables(stdout, &results);
    snprintf(path, sizeof path, "%s/../scaling.md", options.folder);
    FILE *file = fopen(path, "w");
    if (file)
        write_tables(file, &results);
    if (!file || fclose(file))
        perror(path);
    snprintf(path, sizeof path, "%s/../scaling.svg", options.folder);
    if (!chart_write(path, &results))
        perror(path);
    return failures;
}

int main(int count, char **words)
{
    static char module[1000];
    clock_open();
    if (count > 1 && !strncmp(words[1], "--process=", 10))
        return run_process(words[1] + 10, count - 2, words + 2);
    if (!read_options(count, words))
        return usage();
    scaling_options.self = words[0];
    snprintf(module, sizeof module, "%s-mpi.so", options.compiler);
    scaling_options.module = module;
    if (run_words("mpirun --version", "/dev/null") || access(module, R_OK)) {
        fputs("scaling: there is no mpirun, or lstmc was built without MPI (Debian: libopenmpi-dev and openmpi-bin)\n",
              stderr);
        return 1;
    }
    int failures = run_all();
    if (failures)
        fprintf(stderr, "scaling: %d times bits differed or a peer computed something else\n", failures);
    return failures ? 1 : 0;
}
