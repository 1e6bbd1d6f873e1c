/* fuzz_judge.c: in: a model, and how it is built.  out: what is wrong with it. All is done in a process of its own, so
 * that an assertion that fails, or a compiler that does not end, is a finding like others. */
#include "fuzz.h"
#include "compiler/oracle/comparison.h"
#include "compiler/oracle/custom.h"
#include "compiler/oracle/draw.h"
#include "compiler/session/load.h"

#include "runtime/interpreter/differences.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX   300       /* of processor time: a machine may be busy, or asleep */
#define VERDICT_BYTES 2000
#define DRAWS         3
#define MARGIN        10
#define KNOWN         1e-3      /* where more is allowed, floats say nothing; not finite is wrong even there */
#define DRAW_STRIDE   UINT64_C(1000003)

/* ---- builds ---- */

static const struct { const char *target; int lanes; } targets[] = {
    { "plain", 1 }, { "vector", 4 }, { "vector", 8 }, { "vector", 16 },
};

int fuzz_builds(FuzzBuild *builds)
{
    static const char *const compilers[] = { "gcc", "clang" }, *const levels[] = { "-O0", "-O2" };
    int count = 0;
    for (size_t c = 0; c < 2; c++) {
        setenv("CC", compilers[c], 1);
        for (size_t i = 0; i < 8 && compiler_exists(); i++)
            builds[count++] = (FuzzBuild){ targets[i / 2].target, targets[i / 2].lanes, compilers[c], levels[i % 2] };
    }
    return count;
}

const char *fuzz_build_text(Arena *arena, const FuzzBuild *build)
{
    return arena_format(arena, "target %s, %d lane%s, %s %s", build->target, build->lanes, build->lanes == 1 ? "" : "s",
                        build->compiler, build->level);
}

/* ---- in the process ---- */

static void say_diagnostics(const Diagnostics *diagnostics)
{
    diagnostics_print(diagnostics, stderr);
}

/* False if the draw is wrong, and that is said. */
static bool deviations_are_good(const Comparison *comparison)
{
    bool good = true;
    for (int i = 0; i < comparison->count; i++) {
        const Deviation *d = &comparison->list[i];
        if (d->value <= MARGIN * d->allowed || (d->allowed > KNOWN && isfinite(d->value)))
            continue;
        fprintf(stderr, "%s is off by %.2g, allowed are %.2g\n", d->name, d->value, d->allowed);
        good = false;
    }
    return good;
}

/* A model may be drawn of which floats compute little that is true, as with gates that know no bounds: then one draw of
 * weights and data, or a sum in another order, is off by some times what a perturbed run lets expect. A fault is off by
 * orders of magnitude, and in most draws. */
static bool most_draws_are_good(Arena *arena, Description *description, const struct lstmc_model *generated,
                                Comparison settings, uint64_t seed)
{
    int wrong = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        Comparison comparison = settings;
        const char *why = compare_generated(arena, description, generated, generated->batch,
                                            seed + (uint64_t)draw * DRAW_STRIDE, &comparison);
        if (why == draw_without_numbers)                /* which tells nothing of the C */
            return true;
        bool good = !why && deviations_are_good(&comparison);
        if (good && draw == 0)
            return true;
        wrong += !good;
        if (why)
            fprintf(stderr, "%s\n", why);
    }
    return wrong < (DRAWS + 1) / 2;
}

static bool generated_is_good(Arena *arena, Description *description, const FuzzBuild *build, uint64_t seed,
                              bool precise)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    CompileOptions options = { .target = target_with_lanes(target_find(build->target), build->lanes),
                               .input_gradient = seed % 2, .keep_adjoints = seed % 3 == 0,
                               .layer_phases = seed % 5 == 0, .precise = precise };
    Compiled compiled;
    Loaded loaded;
    setenv("CC", build->compiler, 1);
    setenv("CFLAGS", build->level, 1);
    if (!compile(arena, description, diagnostics, &options, &compiled) ||
        !load(arena, diagnostics, &compiled, LOAD_TO_CHECK, &loaded)) {
        say_diagnostics(diagnostics);
        return false;
    }
    Comparison settings = { .lanes = build->lanes, .programs = &compiled.programs, .decoder = loaded.decoder };
    return most_draws_are_good(arena, description, loaded.model, settings, seed);
}

static bool differences_are_good(Arena *arena, Description *description, uint64_t seed)
{
    struct custom_layers *custom = custom_layers_create(arena, description, DIFFERENCES_ROWS);
    struct differences result = { 0 };
    struct lstmc_message message = { "" };
    if (differences_check(description_model(description), custom, seed, &result, &message)) {
        fprintf(stderr, "%s\n", message.text);
        return false;
    }
    for (int i = 0; i < result.count && !result.good; i++)
        if (result.list[i].deviation > result.list[i].allowed)
            fprintf(stderr, "finite differences by %s are off by %.2g, allowed are %.2g\n", result.list[i].tensor,
                    result.list[i].deviation, result.list[i].allowed);
    return result.good;
}

static bool is_good(const FuzzModel *model, const FuzzBuild *build, uint64_t seed)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    const char *text = fuzz_text(arena, model);
    Description *description = description_read_text(arena, diagnostics, "fuzzed.lua", text, strlen(text),
                                                     &(ReadOptions){ .silent = true });
    if (!description) {
        say_diagnostics(diagnostics);
        return false;
    }
    if (!build)
        return differences_are_good(arena, description, seed);
    /* of fast functions the bounds can only estimate the errors: a fault is one with precise functions too */
    return generated_is_good(arena, description, build, seed, false) ||
           (build->lanes > 1 && generated_is_good(arena, description, build, seed, true));
}

/* ---- outside of it ---- */

static const char *read_verdict(Arena *arena, int from)
{
    char *text = arena_alloc(arena, VERDICT_BYTES + 1);
    size_t length = 0;
    char rest[256];
    for (ssize_t got = 1; got > 0; length += length < VERDICT_BYTES && got > 0 ? (size_t)got : 0)
        got = length < VERDICT_BYTES ? read(from, text + length, VERDICT_BYTES - length)
                                     : read(from, rest, sizeof rest);
    text[length] = 0;
    while (length && text[length - 1] == '\n')
        text[--length] = 0;
    return text;
}

static const char *verdict(Arena *arena, int status, const char *said)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return NULL;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return arena_format(arena, "does not end within %d s of processor time", SECONDS_MAX);
    if (WIFSIGNALED(status))
        return arena_format(arena, "ends by signal %d%s%s", WTERMSIG(status), *said ? ": " : "", said);
    return *said ? said : "fails without a word";
}

const char *fuzz_judge(Arena *arena, const FuzzModel *model, const FuzzBuild *build, uint64_t seed)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends))
        die("no pipe");
    pid_t child = fork();
    if (child < 0)
        die("no process");
    if (!child) {
        close(ends[0]);
        dup2(ends[1], STDERR_FILENO);
        setrlimit(RLIMIT_CPU, &(struct rlimit){ SECONDS_MAX, SECONDS_MAX + 1 });     /* and of each compiler */
        _exit(is_good(model, build, seed) ? 0 : 1);
    }
    close(ends[1]);
    const char *said = read_verdict(arena, ends[0]);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return verdict(arena, status, said);
}
