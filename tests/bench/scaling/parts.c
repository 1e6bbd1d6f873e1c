/* parts.c: in: a model of one shard.  out: how long the parts of a step take on one thread, in processor time, which
 * no neighbour makes longer: what the model of the time on many ranks is calibrated with. */
#include "scaling.h"

#include "runtime/train/ranges.h"
#include "runtime/train/stepper.h"

#include <stdlib.h>

#define STEPS_MAX 50
#define STEPS_LEAST 4           /* one of them warms up */
#define SECONDS 1.5             /* of a shard of so many rows */

typedef struct Parts {
    struct lstmc_engine engine;
    struct lstmc_stepper stepper;
    Data data;
    float *gradients, *moments, *output;
    double shard[STEPS_MAX], update[STEPS_MAX], renew[STEPS_MAX], add[STEPS_MAX];
} Parts;

/* As several ranks do it: what an update has changed is taken over behind the exchange, by all of all. */
static void measure_step(Parts *parts, int step)
{
    const struct lstmc_model *model = parts->engine.model;
    const Data *data = &parts->data;
    const float scale = 1 / ((float)data->rows * (float)lstmc_losses_per_sample(model));
    float penalty;
    Time start = clock_now();
    parts->engine.train(parts->engine.context, data->x, data->target, NULL, data->rows, 0, scale, (uint64_t)step + 1,
                        parts->gradients, parts->output);
    parts->shard[step] = clock_since(start).processor;
    start = clock_now();
    lstmc_stepper_prepare(&parts->stepper, &penalty);
    lstmc_stepper_update(&parts->stepper, (uint64_t)step + 1, 0);
    parts->update[step] = clock_since(start).processor;
    start = clock_now();
    lstmc_stepper_renew(&parts->stepper);
    parts->renew[step] = clock_since(start).processor;
    start = clock_now();
    lstmc_range_add(parts->moments, parts->gradients, model->gradient_count);   /* zeros */
    parts->add[step] = clock_since(start).processor;
}

void parts_run(const Subject *subject, const char *library, int rows)
{
    const struct lstmc_model *model = subject_load(subject, library);
    Workload workload = subject->workload;
    workload.batch = rows;
    const Task task = { .workload = &workload, .title = subject->title, .training = true, .rows = rows };
    Parts *parts = checked_alloc(sizeof *parts);
    parts->data = data_make(&task);
    if (!model || lstmc_engine_create(model, &parts->engine)) {
        fprintf(stderr, "scaling: no engine of %s\n", library);
        exit(1);
    }
    parts->gradients = checked_alloc(model->gradient_count * sizeof(float));
    parts->moments = checked_alloc(lstmc_optimizer_floats(model) * sizeof(float));
    parts->output = checked_alloc(model->output_count * (size_t)rows * sizeof(float));
    parts->engine.prepare(parts->engine.context, parts->data.weights);
    if (lstmc_stepper_create(&parts->stepper, &parts->engine, parts->data.weights, parts->gradients, parts->moments,
                             NULL))
        exit(1);
    const Time start = clock_now();
    int steps = 0;
    while (steps < STEPS_LEAST || (steps < STEPS_MAX && clock_since(start).seconds < SECONDS))
        measure_step(parts, steps++);
    printf("parts %.9g %.9g %.9g %.9g\n", median_of(parts->shard + 1, steps - 1),
           median_of(parts->update + 1, steps - 1), median_of(parts->renew + 1, steps - 1),
           median_of(parts->add + 1, steps - 1));
    lstmc_stepper_free(&parts->stepper);
    lstmc_engine_free(&parts->engine);
    checked_free(parts->gradients);
    checked_free(parts->moments);
    checked_free(parts->output);
    data_free(&parts->data);
    checked_free(parts);
}
