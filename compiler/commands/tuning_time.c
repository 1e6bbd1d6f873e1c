/* tuning_time.c: in: two generated models that compute the same.  out: how long each takes for one of its functions,
 * run in turn (A B A B), so that whatever else the machine does meets both. Times are those of the processor, not of
 * the wall. */
#include "tuning_time.h"

#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"

#include <stdlib.h>
#include <time.h>

#define PAIRS_MAX 31
#define PAIRS_MIN 3
#define SAMPLE_SECONDS 200e-6   /* of many calls, if they are short */
#define CALLS_MAX 100000

enum { PACKED, SCRATCH, BATCH_SCRATCH, STATE, TRAINING, TAPE, BLOCKS };

typedef struct Bench {              /* the memory of one model */
    const struct lstmc_model *model;
    void *block[BLOCKS];
    size_t bytes[BLOCKS];
    int steps;                      /* done by step so far */
} Bench;

struct Stand {
    const Model *model;
    int rows;
    float *weights, *x, *target, *output, *gradients;
    Bench bench[2];
};

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double stand_clock(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* ---- arguments ---- */

static void draw_arguments(Stand *s)
{
    const struct lstmc_model *m = &s->model->descriptor;
    uint64_t last = (uint64_t)m->output_shape[m->output_rank - 1];
    lstmc_init(m, s->weights, 1);
    for (size_t i = 0; i < (size_t)s->rows * m->input_count; i++) {
        int vocabulary = lstmc_input_vocabulary(m, i);
        if (vocabulary)
            ((int32_t *)(void *)s->x)[i] = (int32_t)(lstmc_random_bits(1, 1, 0, i) % (uint64_t)vocabulary);
        else
            s->x[i] = 2 * lstmc_random_uniform(1, 1, 0, i) - 1;
    }
    for (size_t i = 0; i < (size_t)s->rows * m->target_count; i++) {
        if (m->target_is_class)
            ((int32_t *)(void *)s->target)[i] = (int32_t)(lstmc_random_bits(1, 2, 0, i) % last);
        else
            s->target[i] = lstmc_random_uniform(1, 2, 0, i);
    }
}

Stand *stand_create(const Model *model)
{
    const struct lstmc_model *m = &model->descriptor;
    Stand *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->model = model;
    s->rows = m->batch;
    size_t rows = (size_t)s->rows;
    s->weights = lstmc_alloc(m->weight_count * sizeof(float) + 1);
    s->x = lstmc_alloc(rows * m->input_count * sizeof(float));
    s->target = lstmc_alloc(rows * m->target_count * sizeof(float) + 1);
    s->output = lstmc_alloc(rows * m->output_count * sizeof(float));
    s->gradients = lstmc_alloc(m->gradient_count * sizeof(float) + 1);
    if (!s->weights || !s->x || !s->target || !s->output || !s->gradients) {
        stand_free(s);
        return NULL;
    }
    draw_arguments(s);
    return s;
}

void stand_free(Stand *s)
{
    if (!s)
        return;
    for (int i = 0; i < 2; i++)
        for (int b = 0; b < BLOCKS; b++)
            lstmc_free(s->bench[i].block[b]);
    lstmc_free(s->weights);
    lstmc_free(s->x);
    lstmc_free(s->target);
    lstmc_free(s->output);
    lstmc_free(s->gradients);
    free(s);
}

bool stand_has(const struct lstmc_model *generated, Timed what)
{
    return what == TIMED_STEP ? generated->step != NULL : what >= TIMED_FORWARD ? generated->forward != NULL : true;
}

/* ---- one model ---- */

static bool make_room(Bench *bench, int block, size_t bytes)
{
    if (bench->bytes[block] >= bytes && bench->block[block])
        return true;
    lstmc_free(bench->block[block]);
    bench->block[block] = lstmc_alloc(bytes + 1);
    bench->bytes[block] = bytes;
    return bench->block[block] != NULL;
}

/* The model gets memory and weights. */
static bool set_up(Stand *s, Bench *bench, const struct lstmc_model *g, Timed what)
{
    bench->model = g;
    bench->steps = 0;
    if (what >= TIMED_FORWARD) {
        if (!make_room(bench, TRAINING, g->training_bytes) || !make_room(bench, TAPE, g->tape_bytes))
            return false;
        g->prepare_training(bench->block[TRAINING], s->weights);
        g->reset_tape(bench->block[TRAINING], bench->block[TAPE]);
        return true;
    }
    if (!make_room(bench, PACKED, g->packed_bytes) || !make_room(bench, SCRATCH, g->scratch_bytes)
        || !make_room(bench, BATCH_SCRATCH, g->batch_scratch_bytes) || !make_room(bench, STATE, g->state_bytes))
        return false;
    g->prepare(bench->block[PACKED], s->weights);
    if (g->step)
        g->reset(bench->block[PACKED], bench->block[STATE]);
    return true;
}

/* Forward and what belongs between it and backward. */
static void run_forward(Stand *s, Bench *bench, double *seconds)
{
    const struct lstmc_model *g = bench->model;
    char *tape = bench->block[TAPE];
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    g->forward(bench->block[TRAINING], tape, s->x, s->rows, 1);
    *seconds += seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
    if (g->loss_function) {
        g->loss_function(tape, s->target, NULL, 1.0f / (float)s->rows);
        return;
    }
    for (size_t i = 0; i < (size_t)s->rows * g->output_count; i++)
        ((float *)(void *)(tape + g->d_output_offset))[i] = 2 * lstmc_random_uniform(1, 3, 0, i) - 1;
}

/* Seconds of so many calls. */
static double run(Stand *s, Bench *bench, Timed what, int calls)
{
    const struct lstmc_model *g = bench->model;
    void **block = bench->block;
    size_t features = step_input_count(g);
    double seconds = 0, start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < calls; i++) {
        if (what == TIMED_PREDICT) {
            g->predict(block[PACKED], block[SCRATCH], s->x + (size_t)(i % s->rows) * g->input_count, s->output);
        } else if (what == TIMED_BATCH) {
            g->predict_batch(block[PACKED], block[BATCH_SCRATCH], s->x, s->rows, s->output);
        } else if (what == TIMED_STEP) {
            g->step(block[PACKED], block[STATE], s->x + (size_t)(bench->steps++ % g->input_shape[0]) * features,
                    s->output);
        } else if (what == TIMED_FORWARD) {
            run_forward(s, bench, &seconds);
        } else {
            double forward = 0;
            run_forward(s, bench, &forward);
            double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
            g->backward(block[TRAINING], block[TAPE], s->gradients);
            seconds += seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
        }
    }
    return what >= TIMED_FORWARD ? seconds : seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* ---- two models ---- */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int calls_of_sample(Stand *s, Bench *bench, Timed what)
{
    int calls = 1;
    while (calls < CALLS_MAX && run(s, bench, what, calls) < SAMPLE_SECONDS / 2)
        calls *= 2;
    return calls;
}

bool stand_compare(Stand *s, const struct lstmc_model *first, const struct lstmc_model *second, Timed what,
                   double seconds, bool swapped, Timing *timing)
{
    const struct lstmc_model *models[2] = { first, second };
    Bench *bench[2] = { &s->bench[swapped], &s->bench[!swapped] };
    double samples[2][PAIRS_MAX], end = stand_clock() + seconds;
    for (int i = 0; i < 2; i++)
        if (!set_up(s, bench[i], models[i], what))
            return false;
    memset(s->gradients, 0, s->model->descriptor.gradient_count * sizeof *s->gradients);
    run(s, bench[1], what, 1);
    int calls = calls_of_sample(s, bench[0], what), pairs = 0;
    for (; pairs < PAIRS_MAX && (pairs < PAIRS_MIN || stand_clock() < end); pairs++)
        for (int i = 0; i < 2; i++)
            samples[i][pairs] = run(s, bench[i], what, calls) / calls;
    for (int i = 0; i < 2; i++) {
        qsort(samples[i], (size_t)pairs, sizeof *samples[i], compare_numbers);
        timing->seconds[i] = samples[i][pairs / 2];
    }
    double medians = timing->seconds[1] / timing->seconds[0], minima = samples[1][0] / samples[0][0];
    timing->ratio = medians > minima ? medians : minima;
    return true;
}
