/* train_batch.c: in: the next samples of an epoch.  out: weights one batch on, and what the batch adds to the means of
 * the epoch. What several ranks share of it they do at the same places; the bits are those of one. */
#include "run.h"

#include "finite.h"
#include "metrics.h"
#include "ranges.h"
#include "runtime/lstmc_random.h"
#include "runtime/base/message.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define GATHERED_ALONE ((size_t)1 << 17)    /* bytes of a batch that one thread copies sooner than several meet */
#define GATHER_TASKS 8

#define STREAM_DROPOUT 0x44524f50           /* told apart from places and weight tensors, which count from 0 */

/* ---- the samples of a batch ---- */

static size_t sample_at(const struct run *run, size_t position)
{
    if (run->options->stateful == LSTMC_STREAMS)
        return lstmc_stream_sample(run->used, run->batch_rows, position);
    return run->order.sample ? run->order.sample[position] : position;
}

/* The class that a sample's target names: its number, the largest of a one-hot row, or yes and no of one number. */
static int class_of(const struct lstmc_model *model, const char *y)
{
    if (model->target_is_class)
        return *(const int32_t *)y;
    const float *value = (const float *)y;
    int class = 0;
    for (size_t i = 1; i < model->target_count; i++)
        if (value[i] > value[class])
            class = (int)i;
    return model->target_count == 1 ? value[0] > 0.5f : class;
}

/* What the threads that gather a batch have to know. */
struct gathering {
    const struct run *run;
    size_t position, first, end;        /* in the epoch, that of the batch; rows of it */
    int tasks;
};

static void gather_rows(void *context, int task)
{
    const struct gathering *gathering = context;
    const struct run *run = gathering->run;
    const struct lstmc_train_options *options = run->options;
    size_t x_bytes = run->model->input_count * sizeof(float), y_bytes = run->model->target_count * sizeof(float);
    size_t rows = gathering->end - gathering->first, tasks = (size_t)gathering->tasks;
    size_t end = gathering->first + rows * ((size_t)task + 1) / tasks;
    for (size_t i = gathering->first + rows * (size_t)task / tasks; i < end; i++) {
        size_t sample = sample_at(run, gathering->position + i);
        char *y = run->memory.y + i * y_bytes;
        lstmc_copy_inputs(run->model, run->data, sample, 1, run->memory.x + i * x_bytes);
        lstmc_copy_targets(run->model, run->data, sample, 1, y);
        if (run->data->lengths)
            run->memory.lengths[i] = run->data->lengths[sample];
        if (!run->sample_weight)
            continue;
        size_t each = lstmc_weights_per_sample(run->model);
        lstmc_weigh_sample(run->model, run->data, sample, run->sample_weight + i * each);
        int class = options->class_count ? class_of(run->model, y) : -1;
        for (size_t k = i * each; class >= 0 && class < options->class_count && k < (i + 1) * each; k++)
            run->sample_weight[k] *= options->class_weight[class];
    }
}

/* The rows that this rank computes. */
static void gather(struct run *run, size_t position, size_t rows)
{
    const struct lstmc_engine *engine = run->engine;
    struct gathering gathering = { .run = run, .position = position, .tasks = 1 };
    gathering.first = (size_t)lstmc_ranks_first_row(&run->ranks, (int)rows);
    gathering.end = (size_t)lstmc_ranks_end_row(&run->ranks, (int)rows);
    size_t bytes = (gathering.end - gathering.first) * (run->model->input_count + run->model->target_count) *
                   sizeof(float);
    if (engine->run && bytes > GATHERED_ALONE)
        gathering.tasks = GATHER_TASKS;
    if (gathering.tasks > 1)
        engine->run(engine->context, gathering.tasks, gather_rows, &gathering);
    else
        gather_rows(&gathering, 0);
    if (run->sample_weight)
        lstmc_weigh_classes(&run->ranks, run->memory.y, (int)rows, run->sample_weight);
}

/* ---- one batch ---- */

/* Never 0, which would turn dropout off. */
static uint64_t dropout_seed(const struct lstmc_snapshot *s)
{
    uint64_t mixed = lstmc_random_bits(s->seed, STREAM_DROPOUT, s->batches, 0);
    return mixed ? mixed : 1;
}

double lstmc_run_rate(const struct run *run, uint64_t updates)
{
    return run->options->schedule ? lstmc_schedule_rate(run->options->schedule, updates) : run->snapshot.learning_rate;
}

static int stop_not_finite(struct run *run, const struct lstmc_batch *batch, size_t number, double loss)
{
    struct lstmc_message where = lstmc_ranks_find_not_finite(&run->ranks, batch);
    return lstmc_fail(run->message, LSTMC_NOT_FINITE, "stopped in epoch %d, batch %zu: the loss is %g; first seen: "
                      "%.250s. A smaller learning rate or clipnorm may help", (int)run->snapshot.epoch, number, loss,
                      *where.text ? where.text : "the loss itself");
}

static int stop_weights(struct run *run, const struct lstmc_batch *batch, size_t number)
{
    return lstmc_fail(run->message, LSTMC_NOT_FINITE, "stopped in epoch %d, batch %zu: after the update, %.250s. "
                      "A smaller learning rate or clipnorm may help", (int)run->snapshot.epoch, number,
                      lstmc_ranks_find_not_finite(&run->ranks, batch).text);
}

/* keras/src/optimizers/base_optimizer.py: the average of the first step is the weight itself. */
static void average_weights(struct run *run)
{
    struct lstmc_snapshot *s = &run->snapshot;
    float momentum = s->iteration == 1 ? 0 : (float)run->options->ema_momentum;
    int frequency = run->options->ema_overwrite_frequency;
    for (size_t i = 0; i < run->model->gradient_count; i++)
        s->average[i] = momentum * s->average[i] + (1 - momentum) * s->weights[i];
    if (frequency && s->iteration % (uint64_t)frequency == 0)
        memcpy(s->weights, s->average, run->model->gradient_count * sizeof(float));
}

/* The weights that no gradient moves. The first update sees them as they were given; behind it statistics alone change,
 * and what is frozen, which may be most of a model, is not read again. */
static int others_are_finite(const struct run *run)
{
    const struct lstmc_model *model = run->model;
    const float *others = run->snapshot.weights + model->gradient_count;
    return (run->snapshot.iteration > 1 && !run->engine->update) ||
           lstmc_range_is_finite(others, model->weight_count - model->gradient_count);
}

static int steps_of_update(const struct run *run)
{
    int steps = run->options->gradient_accumulation_steps;
    return steps > 1 ? steps : 1;
}

/* Forward and backward; what waits for an update has the gradients then, those of this rank's own weights. Returns the
 * loss. */
static double find_gradients(struct run *run, const struct lstmc_batch *batch)
{
    struct lstmc_snapshot *s = &run->snapshot;
    const struct lstmc_engine *engine = run->engine;
    const int steps = steps_of_update(run);
    const size_t first = run->stepper.first, count = run->stepper.end - first;
    float *gradients = run->batch_gradients ? run->batch_gradients : s->gradients;
    const float scale = lstmc_batch_scale(run->model, (size_t)batch->rows) / (float)steps;
    s->batches++;
    lstmc_set_lengths(run->engine, run->data->lengths ? run->memory.lengths : NULL);
    double loss = steps * (double)engine->train(engine->context, batch->x, batch->y, run->sample_weight, batch->rows,
                                                0, scale, dropout_seed(s), gradients, run->memory.output);
    lstmc_ranks_sum_gradients(&run->ranks, gradients);
    if (run->batch_gradients) {
        lstmc_range_add(s->gradients + first, gradients + first, count);
        memset(gradients, 0, run->model->gradient_count * sizeof *gradients);
    }
    return loss;
}

/* Of the averages that batches move; a rank that a short batch had no rows for has not seen them. */
static void update_statistics(struct run *run)
{
    const struct lstmc_model *model = run->model;
    float *weights = run->snapshot.weights;
    if (!run->engine->update)
        return;
    run->engine->update(run->engine->context, weights);
    lstmc_ranks_spread(&run->ranks, weights + model->gradient_count,
                       (model->weight_count - model->gradient_count) * sizeof *weights);
}

static int update_weights(struct run *run, const struct lstmc_batch *batch, size_t number)
{
    struct lstmc_snapshot *s = &run->snapshot;
    /* a schedule may end with 0, which would be the model's own */
    float rate = fmaxf((float)lstmc_run_rate(run, s->iteration), FLT_MIN);
    s->accumulated = 0;
    s->iteration++;
    int is_finite = lstmc_stepper_update(&run->stepper, s->iteration, rate);
    lstmc_ranks_gather_weights(&run->ranks, s->weights);
    if (lstmc_ranks_any(&run->ranks, !is_finite || !others_are_finite(run)))
        return stop_weights(run, batch, number);
    if (s->average)
        average_weights(run);
    lstmc_stepper_constrain(&run->stepper);
    if (!run->stepper.prepares)
        lstmc_stepper_renew(&run->stepper);
    return LSTMC_OK;
}

int lstmc_run_batch(struct run *run, size_t position, size_t rows)
{
    struct lstmc_snapshot *s = &run->snapshot;
    const struct lstmc_batch batch = { .weights = s->weights, .x = run->memory.x, .y = run->memory.y,
                                       .rows = (int)rows, .output = run->memory.output, .gradients = s->gradients };
    const size_t number = position / run->batch_rows + 1;
    int is_finite = 1;
    float penalty;
    gather(run, position, rows);
    double loss = find_gradients(run, &batch);
    int updates = ++s->accumulated >= (uint64_t)steps_of_update(run);
    if (updates)
        is_finite = lstmc_stepper_prepare(&run->stepper, &penalty);
    else
        penalty = lstmc_penalty(run->model, s->weights);
    loss += (double)penalty;
    if (lstmc_ranks_any(&run->ranks, !isfinite(loss) || !is_finite))
        return stop_not_finite(run, &batch, number, loss);
    const struct lstmc_scored scored = { batch.output, batch.y, run->sample_weight, batch.rows };
    int status = lstmc_totals_add(&s->totals, s->tally, run->memory.parts, &run->ranks, run->options, &scored, loss,
                                  run->message);
    if (status)
        return status;
    update_statistics(run);
    if (updates)
        status = update_weights(run, &batch, number);
    else if (lstmc_stepper_constrain(&run->stepper))    /* as in Keras, also behind a batch that only accumulates */
        lstmc_stepper_renew(&run->stepper);
    return lstmc_ranks_status(&run->ranks, run->message) ? LSTMC_IO : status;
}
