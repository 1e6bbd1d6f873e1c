/* steps.c: in: a subject.  out: how long its step takes on one thread, two threads and two ranks, ours and PyTorch's,
 * in turns; whether the bits are the same; and what the model of the time is calibrated with. */
#include "scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 9
#define TOLERANCE 2e-3          /* of the mean loss of some steps of Adam, which moves by the signs of small numbers */

typedef struct Rounds {
    double seconds[MAKERS][WAYS][ROUNDS_MAX];
    double loss[MAKERS];
    unsigned hash[MAKERS][2];
    int differ;                 /* trainings that ended with other weights than the first of their shards */
} Rounds;

static const int shards_of_maker[] = { [MAKER_TWO] = 2, [MAKER_EIGHT] = 8 };

static bool run_ours(const Subject *subject, const char *library, Way way, Answers *answers)
{
    char line[2000];
    snprintf(line, sizeof line, "%s --process=train %s %s %d %d %s", scaling_options.self, subject->name, library,
             way == WAY_THREADS ? 2 : 1, subject->steps, way == WAY_RANKS ? scaling_options.module : "-");
    return launch(way == WAY_RANKS ? 2 : 1, line, answers);
}

static bool run_torch(const Subject *subject, const char *python, Way way, Answers *answers)
{
    char layers[400], line[4000];
    const char *const losses[] = { "mse", "binary", "sparse" };
    const int threads = way == WAY_THREADS ? 2 : 1;     /* also of its BLAS, which it does not tell */
    describe_layers(&subject->workload, layers, sizeof layers);
    snprintf(line, sizeof line, "env OPENBLAS_NUM_THREADS=%d OMP_NUM_THREADS=%d %s %s/scaling/torch_ranks.py %s %d "
             "training %d %d %d %s %s %s/%s.weights %s/%s.x %s/%s.target", threads, threads, python, options.scripts,
             options.folder, subject->steps, BATCH, subject->workload.steps, threads, losses[subject->workload.loss],
             layers, options.folder, subject->name, options.folder, subject->name, options.folder, subject->name);
    return launch(way == WAY_RANKS ? 2 : 1, line, answers);
}

static void write_array(const Subject *subject, const char *name, const void *values, size_t count)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s.%s", options.folder, subject->name, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(values, sizeof(float), count, file) != count || fclose(file)) {
        perror(path);
        exit(1);
    }
}

/* What ours makes by itself. */
static void write_data(const Subject *subject)
{
    const Task task = { .workload = &subject->workload, .title = subject->title, .training = true, .rows = BATCH };
    Data data = data_make(&task);
    write_array(subject, "weights", data.weights, data.weight_count);
    write_array(subject, "x", data.x, (size_t)data.rows * (size_t)data.steps * (size_t)data.features);
    write_array(subject, "target", data.target, (size_t)data.rows * data.target_count);
    data_free(&data);
}

/* $PYTHON, or the first python3 whose PyTorch can talk to other processes; NULL, and why. */
static const char *find_python(char *why, size_t size)
{
    const char *const known[] = { getenv("PYTHON"), "python3", "/usr/bin/python3" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char line[600];
        if (!known[i] || !*known[i])
            continue;
        snprintf(line, sizeof line, "%s -c 'import torch.distributed as d; assert d.is_available() and "
                 "d.is_gloo_available()' 2>/dev/null", known[i]);
        if (!system(line))
            return known[i];
    }
    snprintf(why, size, "no python3 knows a torch.distributed with gloo (Debian: python3-torch)");
    return NULL;
}

static void take(const Subject *subject, Maker maker, Way way, int round, const Answers *answers, Rounds *rounds,
                 Steps *steps)
{
    const double *step = answer_of(answers, "step");
    rounds->seconds[maker][way][round] = step[0];
    rounds->loss[maker] = step[1];
    steps->least[maker][way] = round && steps->least[maker][way] < step[2] ? steps->least[maker][way] : step[2];
    steps->work[maker][way] = round && steps->work[maker][way] < step[3] ? steps->work[maker][way] : step[3];
    steps->there[maker] = true;
    if (maker == MAKER_TORCH)
        return;
    const double *weights = answer_of(answers, "weights"), *traffic = answer_of(answers, "traffic");
    const unsigned hash[] = { (unsigned)weights[0], (unsigned)weights[1] };
    if (!round && way == WAY_ONE)
        memcpy(rounds->hash[maker], hash, sizeof hash);
    if (memcmp(rounds->hash[maker], hash, sizeof hash)) {
        fprintf(stderr, "scaling: %s, %d shards: other weights with two %s\n", subject->name, shards_of_maker[maker],
                way == WAY_RANKS ? "ranks" : "threads");
        rounds->differ++;
    }
    if (way == WAY_RANKS) {
        steps->counted[0] = traffic[0];
        steps->counted[1] = traffic[1] + traffic[3];
        steps->counted[2] = traffic[2];
    }
}

static void summarise(Rounds *rounds, int count, Steps *steps)
{
    double ratio[ROUNDS_MAX], torch[ROUNDS_MAX];
    for (int maker = 0; maker < MAKERS; maker++)
        for (int way = WAYS - 1; way >= 0 && steps->there[maker]; way--) {
            double *seconds = rounds->seconds[maker][way];
            for (int r = 0; r < count; r++) {
                ratio[r] = rounds->seconds[maker][WAY_ONE][r] / seconds[r];
                torch[r] = seconds[r] / rounds->seconds[MAKER_TWO][way][r];
            }
            steps->faster[maker][way] = median_of(ratio, count);
            if (maker == MAKER_TORCH)
                steps->torch[way] = median_of(torch, count);
        }
    for (int maker = 0; maker < MAKERS; maker++)
        for (int way = 0; way < WAYS && steps->there[maker]; way++)
            steps->seconds[maker][way] = median_of(rounds->seconds[maker][way], count);
}

static void calibrate(const Subject *subject, Costs *costs)
{
    for (int size = 0; size < ROWS_SIZES; size++) {
        char library[512], line[2000];
        Answers answers;
        subject_build(subject, 1 << size, 1, library, sizeof library);
        snprintf(line, sizeof line, "%s --process=parts %s %s %d 0 -", scaling_options.self, subject->name, library,
                 1 << size);
        if (!launch(1, line, &answers))
            exit(1);
        const double *parts = answer_of(&answers, "parts");
        costs->shard[size] = parts[0];
        costs->update = parts[1];
        costs->renew = parts[2];
        costs->add = parts[3];
    }
    costs->gradient_bytes = (double)workload_gradients(&subject->workload) * sizeof(float);
}

/* Rounds of all ways, so that what disturbs the machine disturbs all. False: PyTorch, asked, did not answer. */
static bool run_rounds(const Subject *subject, const char *python, char libraries[][512], Rounds *rounds, Steps *steps)
{
    Answers answers;
    bool asked = python != NULL;
    for (int round = 0; round < scaling_options.rounds; round++)
        for (int maker = 0; maker < MAKERS; maker++)
            for (int way = 0; way < WAYS; way++) {
                if (maker == MAKER_TORCH && asked)
                    asked = run_torch(subject, python, (Way)way, &answers);
                if (maker == MAKER_TORCH && !asked)
                    continue;
                if (maker != MAKER_TORCH && !run_ours(subject, libraries[maker], (Way)way, &answers))
                    exit(1);
                take(subject, (Maker)maker, (Way)way, round, &answers, rounds, steps);
            }
    steps->there[MAKER_TORCH] = asked;
    return asked == (python != NULL);
}

void steps_measure(const Subject *subject, Results *results, Steps *steps, Costs *costs, int *failures)
{
    static Rounds rounds;
    char libraries[MAKER_TORCH][512];
    const char *python = find_python(results->torch, sizeof results->torch);
    memset(&rounds, 0, sizeof rounds);
    calibrate(subject, costs);
    for (int maker = 0; maker < MAKER_TORCH; maker++)
        subject_build(subject, BATCH, shards_of_maker[maker], libraries[maker], sizeof libraries[maker]);
    write_data(subject);
    if (!run_rounds(subject, python, libraries, &rounds, steps))
        snprintf(results->torch, sizeof results->torch, "it could not run");
    costs->gathers = steps->counted[2] - 1;     /* one is of the weights */
    *failures += rounds.differ;
    const double ours = rounds.loss[MAKER_TWO], theirs = rounds.loss[MAKER_TORCH];
    if (steps->there[MAKER_TORCH] && !(fabs(theirs - ours) <= TOLERANCE * fabs(ours))) {
        fprintf(stderr, "scaling: %s: PyTorch computes something else: a mean loss of %g, not %g; not counted\n",
                subject->name, theirs, ours);
        steps->there[MAKER_TORCH] = false;
        ++*failures;
    }
    summarise(&rounds, scaling_options.rounds, steps);
}
