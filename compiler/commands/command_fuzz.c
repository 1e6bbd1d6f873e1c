/* command_fuzz.c: lstmc fuzz: random legal models, as generated C against the interpreter, and that against finite
 * differences; what fails is shrunk and printed. */
#include "commands.h"
#include "compiler/fuzz/fuzz.h"

#include <stdio.h>
#include <unistd.h>

#define MODELS            100   /* without --count */
#define DIFFERENCES_EVERY 4     /* of so many models one is differentiated too */
#define LINES             10    /* of progress, in a pipe */

typedef struct Run {
    const Catalogue *catalogue;
    FuzzBuild builds[FUZZ_BUILDS];
    int build_count, models, failures;
    uint64_t first_seed;
} Run;

static void show_progress(const Run *run, int done)
{
    bool terminal = isatty(STDERR_FILENO);
    if (terminal)
        fprintf(stderr, "\r%d of %d models, %d wrong ", done, run->models, run->failures);
    else if (done == run->models || done * LINES / run->models != (done - 1) * LINES / run->models)
        fprintf(stderr, "%d of %d models, %d wrong\n", done, run->models, run->failures);
    if (terminal && done == run->models)
        fputc('\n', stderr);
}

/* What failed, as a description that lstmc check takes: what is known of it stands in comments. */
static void report(Run *run, Arena *arena, const FuzzModel *model, const FuzzBuild *build, uint64_t seed,
                   const char *wrong)
{
    run->failures++;
    FuzzModel small = fuzz_shrink(arena, model, build, seed, &wrong);
    printf("-- seed %llu, %s: wrong; the smallest that still is:\n", (unsigned long long)seed,
           build ? fuzz_build_text(arena, build) : "interpreter against finite differences");
    for (const char *line = wrong; *line;) {
        int length = (int)strcspn(line, "\n");
        printf("--   %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
    printf("%s\n", fuzz_text(arena, &small));
    fflush(stdout);
}

/* In plain loops and over vectors of one kind; with each model another compiler, level or kind of vectors. */
static void fuzz_one(Run *run, int number)
{
    Arena *arena = arena_create();
    uint64_t seed = run->first_seed + (uint64_t)number;
    FuzzModel model = fuzz_draw(arena, run->catalogue, seed);
    const FuzzBuild *builds[] = { &run->builds[number % run->build_count],
                                  &run->builds[(number * 5 + 3) % run->build_count] };
    for (int i = 0; i < 2 && model.node_count; i++) {
        const char *wrong = fuzz_judge(arena, &model, builds[i], seed);
        if (wrong) {
            report(run, arena, &model, builds[i], seed, wrong);
            arena_free(arena);
            return;
        }
    }
    bool differentiate = model.node_count && seed % DIFFERENCES_EVERY == 0;
    const char *wrong = differentiate ? fuzz_judge(arena, &model, NULL, seed) : NULL;
    if (wrong)
        report(run, arena, &model, NULL, seed, wrong);
    arena_free(arena);
}

int command_fuzz(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Run run = { .catalogue = catalogue_read(arena), .models = arguments->count ? arguments->count : MODELS,
                .first_seed = arguments->seed ? arguments->seed : 1 };
    run.build_count = fuzz_builds(run.builds);
    if (!run.build_count) {
        fputs("lstmc: fuzz needs gcc or clang\n", stderr);
        arena_free(arena);
        return 1;
    }
    for (int i = 0; i < run.models; i++) {
        fuzz_one(&run, i);
        show_progress(&run, i + 1);
    }
    printf("%d models from seed %llu on, %d wrong\n", run.models, (unsigned long long)run.first_seed, run.failures);
    printf("in turn by %d builds: %s to %s\n", run.build_count, fuzz_build_text(arena, &run.builds[0]),
           fuzz_build_text(arena, &run.builds[run.build_count - 1]));
    arena_free(arena);
    return run.failures ? 1 : 0;
}
