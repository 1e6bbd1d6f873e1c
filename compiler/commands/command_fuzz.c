/* command_fuzz.c: lstmc fuzz: random legal models, as generated C against the interpreter, and that against finite
 * differences; what fails is shrunk and printed. Several models are at work at once, each in a process of its own; what
 * is said of them comes in the order of their seeds. */
#include "commands.h"
#include "compiler/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODELS            100   /* without --count */
#define DIFFERENCES_EVERY 4     /* of so many models one is differentiated too */
#define LINES             10    /* of progress, in a pipe */

typedef struct Work {           /* on one model */
    pid_t process;
    FILE *said;                 /* NULL: not begun, or read */
    bool done;
} Work;

typedef struct Run {
    const Catalogue *catalogue;
    FuzzBuild builds[FUZZ_BUILDS];
    int build_count, models, failures, at_once;
    int begun, done, shown;     /* models; all before `shown` have been shown */
    Work *work;                 /* [models] */
    uint64_t first_seed;
} Run;

static void show_progress(const Run *run)
{
    int done = run->done;
    bool terminal = isatty(STDERR_FILENO);
    if (terminal)
        fprintf(stderr, "\r%d of %d models, %d wrong ", done, run->models, run->failures);
    else if (done == run->models || done * LINES / run->models != (done - 1) * LINES / run->models)
        fprintf(stderr, "%d of %d models, %d wrong\n", done, run->models, run->failures);
    if (terminal && done == run->models)
        fputc('\n', stderr);
}

/* ---- in the process of a model ---- */

/* What failed, as a description that lstmc check takes: what is known of it stands in comments. */
static void report(FILE *to, Arena *arena, const FuzzModel *model, const FuzzBuild *build, uint64_t seed,
                   const char *wrong)
{
    FuzzModel small = fuzz_shrink(arena, model, build, seed, &wrong);
    fprintf(to, "-- seed %llu, %s: wrong; the smallest that still is:\n", (unsigned long long)seed,
            build ? fuzz_build_text(arena, build) : "interpreter against finite differences");
    for (const char *line = wrong; *line;) {
        int length = (int)strcspn(line, "\n");
        fprintf(to, "--   %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
    fprintf(to, "%s\n", fuzz_text(arena, &small));
}

/* In plain loops and over vectors of one kind; with each model another compiler, level or kind of vectors. */
static bool fuzz_one(const Run *run, int number, FILE *to)
{
    Arena *arena = arena_create();
    uint64_t seed = run->first_seed + (uint64_t)number, count_of_builds = (uint64_t)run->build_count;
    FuzzModel model = fuzz_draw(arena, run->catalogue, seed);
    const FuzzBuild *builds[] = { &run->builds[(seed - 1) % count_of_builds],
                                  &run->builds[((seed - 1) * 5 + 3) % count_of_builds], NULL };
    int count = model.node_count == 0 ? 0 : seed % DIFFERENCES_EVERY == 0 ? 3 : 2;
    const char *wrong = NULL;
    for (int i = 0; i < count && !wrong; i++)
        if ((wrong = fuzz_judge(arena, &model, builds[i], seed)))
            report(to, arena, &model, builds[i], seed, wrong);
    arena_free(arena);
    return !wrong;
}

/* ---- all models ---- */

static void begin_one(Run *run)
{
    Work *work = &run->work[run->begun];
    work->said = tmpfile();
    if (!work->said) {
        fprintf(stderr, "lstmc: fuzz cannot make a temporary file: %s\n", strerror(errno));
        exit(1);
    }
    fflush(NULL);
    work->process = fork();
    if (work->process < 0)
        die("no process");
    if (!work->process) {
        bool good = fuzz_one(run, run->begun, work->said);
        _exit(!fflush(work->said) && good ? 0 : 1);
    }
    run->begun++;
}

static void await_one(Run *run)
{
    int status = 0, number = 0;
    pid_t ended = wait(&status);
    if (ended < 0 && errno == EINTR)
        return;
    while (number < run->begun && (run->work[number].done || run->work[number].process != ended))
        number++;
    if (number == run->begun)
        die("a process has ended that is no model's");
    run->work[number].done = true;
    run->done++;
    if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        run->failures++;
    if (WIFSIGNALED(status))
        fprintf(run->work[number].said, "-- seed %llu: its process ended by signal %d\n",
                (unsigned long long)(run->first_seed + (uint64_t)number), WTERMSIG(status));
}

static void show_what_is_said(Run *run)
{
    for (; run->shown < run->begun && run->work[run->shown].done; run->shown++) {
        FILE *said = run->work[run->shown].said;
        char text[4096];
        rewind(said);
        for (size_t got; (got = fread(text, 1, sizeof text, said)) > 0;)
            fwrite(text, 1, got, stdout);
        fclose(said);
    }
    fflush(stdout);
}

static void show_result(const Run *run, Arena *arena, long seconds)
{
    const char *took = seconds < 120 ? arena_format(arena, "%ld s", seconds)
                                     : arena_format(arena, "%ld min %ld s", seconds / 60, seconds % 60);
    printf("%d models from seed %llu on, %d wrong\n", run->models, (unsigned long long)run->first_seed, run->failures);
    printf("in turn by %d builds: %s to %s; %d at once, %s\n", run->build_count,
           fuzz_build_text(arena, &run->builds[0]),
           fuzz_build_text(arena, &run->builds[run->build_count - 1]), run->at_once, took);
}

int command_fuzz(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Run run = { .catalogue = catalogue_read(), .models = arguments->count ? arguments->count : MODELS,
                .first_seed = arguments->seed ? arguments->seed : 1,
                .at_once = arguments->threads ? arguments->threads : (int)sysconf(_SC_NPROCESSORS_ONLN) };
    run.build_count = fuzz_builds(run.builds);
    if (!run.build_count) {
        fputs("lstmc: fuzz needs gcc or clang\n", stderr);
        arena_free(arena);
        return 1;
    }
    run.work = arena_alloc(arena, (size_t)run.models * sizeof *run.work);
    time_t started = time(NULL);
    while (run.done < run.models) {
        while (run.begun < run.models && run.begun - run.done < run.at_once)
            begin_one(&run);
        await_one(&run);
        show_what_is_said(&run);
        show_progress(&run);
    }
    show_result(&run, arena, (long)(time(NULL) - started));
    arena_free(arena);
    return run.failures ? 1 : 0;
}
