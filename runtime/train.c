/* train.c: in: an engine, weights and data.  out: trained weights, with Keras's divisors and means.
 * The order of samples, the seeds of dropout and so the result are a function of (seed, data, model): nothing depends on time or threads. */
#include "finite.h"
#include "lstmc.h"
#include "lstmc_random.h"
#include "message.h"
#include "progress.h"
#include "stepper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define METRICS_MAX 8
#define GATHERED_ALONE ((size_t)1 << 17)    /* bytes of a batch that one thread copies sooner than several meet */
#define GATHER_TASKS 8

enum { STREAM_SHUFFLE = 0x53485546, STREAM_DROPOUT = 0x44524f50 };     /* told apart from places and weight tensors, which count from 0 */

struct totals {
    double loss;                                /* sum over samples */
    double metric_sum[METRICS_MAX], metric_count[METRICS_MAX];
    size_t samples;
};

struct run {
    struct lstmc_engine *engine;
    const struct lstmc_model *model;
    const struct lstmc_train_options *options;
    const struct lstmc_dataset *data;
    float *weights, *gradients, *state, *output;    /* gradients: 0 between batches */
    struct lstmc_stepper stepper;
    char *x, *y;                                /* the samples of one batch */
    size_t *order;
    size_t batch_rows;
    uint64_t iteration;                         /* updates begun, from 1 */
    struct lstmc_progress progress;
    struct lstmc_message *message;
};

static void totals_means(const struct totals *totals, int metric_count, double *loss, double *metrics)
{
    *loss = totals->samples ? totals->loss / (double)totals->samples : 0;
    for (int i = 0; i < metric_count; i++)
        metrics[i] = totals->metric_count[i] > 0 ? totals->metric_sum[i] / totals->metric_count[i] : 0;
}

/* A batch's loss is a mean, so that it counts once for each of its samples. */
static int totals_add(struct totals *totals, const struct lstmc_model *model, const struct lstmc_train_options *options, double loss,
                      const float *output, const void *y, int rows, struct lstmc_message *message)
{
    totals->loss += loss * rows;
    totals->samples += (size_t)rows;
    for (int i = 0; i < options->metric_count; i++) {
        int status = lstmc_metric_add(model, options->metrics[i], output, y, rows, &totals->metric_sum[i], &totals->metric_count[i]);
        if (status)
            return lstmc_fail(message, status, "metric \"%.40s\" is unknown, or the targets are not of its kind",
                              options->metrics[i]);
    }
    return LSTMC_OK;
}

static float batch_scale(const struct lstmc_model *model, size_t rows)
{
    return (float)(1.0 / ((double)rows * (double)lstmc_losses_per_sample(model)));
}

static int check(const struct lstmc_engine *engine, const struct lstmc_dataset *data, const struct lstmc_train_options *options,
                 struct lstmc_message *message)
{
    if (!engine->train || !engine->evaluate)
        return lstmc_fail(message, LSTMC_MISMATCH, "%s was compiled for inference alone: it has no loss and no backward pass",
                          engine->model->name);
    if (!data->samples)
        return lstmc_fail(message, LSTMC_MISMATCH, "there are no samples");
    if (options->metric_count > METRICS_MAX)
        return lstmc_fail(message, LSTMC_MISMATCH, "%d metrics are more than %d", options->metric_count, METRICS_MAX);
    return LSTMC_OK;
}

/* ---- evaluation ---- */

static int evaluate_with(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                         const struct lstmc_train_options *options, float *output, struct totals *totals, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    size_t batch_rows = (size_t)model->batch * (size_t)model->shards;
    double penalty = (double)lstmc_penalty(model, weights);
    engine->prepare(engine->context, weights);
    for (size_t first = 0; first < data->samples; first += batch_rows) {
        size_t rows = data->samples - first < batch_rows ? data->samples - first : batch_rows;
        struct lstmc_batch batch = { .weights = weights, .rows = (int)rows, .output = output };
        batch.x = (const char *)data->x + first * model->input_count * sizeof(float);
        batch.y = (const char *)data->y + first * model->target_count * sizeof(float);
        double loss = (double)engine->evaluate(engine->context, batch.x, batch.y, batch.rows, batch_scale(model, rows), output) + penalty;
        if (!isfinite(loss))
            return lstmc_fail(message, LSTMC_NOT_FINITE, "the loss of samples %zu to %zu is %g; first seen: %.300s", first, first + rows - 1, loss,
                              lstmc_find_not_finite(engine, &batch).text);
        int status = totals_add(totals, model, options, loss, output, batch.y, batch.rows, message);
        if (status)
            return status;
    }
    return LSTMC_OK;
}

int lstmc_evaluate(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                   const struct lstmc_train_options *options, double *loss, double *metric_values, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    struct totals totals = { .samples = 0 };
    int status = check(engine, data, options, message);
    if (status)
        return status;
    float *output = lstmc_alloc((size_t)model->batch * (size_t)model->shards * model->output_count * sizeof *output);
    if (!output)
        return lstmc_fail_memory(message, "the outputs of a batch");
    status = evaluate_with(engine, weights, data, options, output, &totals, message);
    if (!status)
        totals_means(&totals, options->metric_count, loss, metric_values);
    lstmc_free(output);
    return status;
}

/* ---- training ---- */

/* Fisher & Yates, keyed by (seed, epoch). */
static void shuffle(size_t *order, size_t count, uint64_t seed, int epoch)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i-- > 1;) {
        size_t j = (size_t)(lstmc_random_bits(seed, STREAM_SHUFFLE, (uint64_t)epoch, i) % (i + 1));
        size_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

/* What the threads that gather a batch have to know. */
struct gathering {
    const struct run *run;
    size_t first, rows;
    int tasks;
};

static void gather_rows(void *context, int task)
{
    const struct gathering *gathering = context;
    const struct run *run = gathering->run;
    size_t x_bytes = run->model->input_count * sizeof(float), y_bytes = run->model->target_count * sizeof(float);
    size_t rows = gathering->rows, tasks = (size_t)gathering->tasks, end = rows * ((size_t)task + 1) / tasks;
    for (size_t i = rows * (size_t)task / tasks; i < end; i++) {
        size_t sample = run->options->shuffle ? run->order[gathering->first + i] : gathering->first + i;
        memcpy(run->x + i * x_bytes, (const char *)run->data->x + sample * x_bytes, x_bytes);
        memcpy(run->y + i * y_bytes, (const char *)run->data->y + sample * y_bytes, y_bytes);
    }
}

static void gather(struct run *run, size_t first, size_t rows)
{
    const struct lstmc_engine *engine = run->engine;
    size_t bytes = rows * (run->model->input_count + run->model->target_count) * sizeof(float);
    struct gathering gathering = { .run = run, .first = first, .rows = rows, .tasks = engine->run && bytes > GATHERED_ALONE ? GATHER_TASKS : 1 };
    if (gathering.tasks > 1)
        engine->run(engine->context, gathering.tasks, gather_rows, &gathering);
    else
        gather_rows(&gathering, 0);
}

/* Never 0, which would turn dropout off. */
static uint64_t dropout_seed(uint64_t seed, uint64_t iteration)
{
    uint64_t mixed = lstmc_random_bits(seed, STREAM_DROPOUT, iteration, 0);
    return mixed ? mixed : 1;
}

static int stop_not_finite(const struct run *run, const struct lstmc_batch *batch, int epoch, size_t number, double loss)
{
    struct lstmc_message where = lstmc_find_not_finite(run->engine, batch);
    return lstmc_fail(run->message, LSTMC_NOT_FINITE, "stopped in epoch %d, batch %zu: the loss is %g; first seen: %.300s. "
                      "A smaller learning rate or clipnorm may help", epoch, number, loss, *where.text ? where.text : "the loss itself");
}

static int stop_weights(const struct run *run, const struct lstmc_batch *batch, int epoch, size_t number)
{
    return lstmc_fail(run->message, LSTMC_NOT_FINITE, "stopped in epoch %d, batch %zu: after the update, %.300s. "
                      "A smaller learning rate or clipnorm may help", epoch, number, lstmc_find_not_finite(run->engine, batch).text);
}

static int train_batch(struct run *run, int epoch, size_t number, int rows, struct totals *totals)
{
    const struct lstmc_model *model = run->model;
    struct lstmc_batch batch = { .weights = run->weights, .x = run->x, .y = run->y, .rows = rows, .output = run->output,
                                 .gradients = run->gradients };
    float penalty;
    run->iteration++;
    double loss = (double)run->engine->train(run->engine->context, run->x, run->y, NULL, rows, 0, batch_scale(model, (size_t)rows),
                                             dropout_seed(run->options->seed, run->iteration), run->gradients, run->output);
    int is_finite = lstmc_stepper_prepare(&run->stepper, &penalty);
    loss += (double)penalty;
    if (!isfinite(loss) || !is_finite)
        return stop_not_finite(run, &batch, epoch, number, loss);
    int status = totals_add(totals, model, run->options, loss, run->output, run->y, rows, run->message);
    if (status)
        return status;
    is_finite = lstmc_stepper_update(&run->stepper, run->iteration, 0.0f);
    if (!is_finite || !lstmc_range_is_finite(run->weights + model->gradient_count, model->weight_count - model->gradient_count))
        return stop_weights(run, &batch, epoch, number);
    run->engine->prepare(run->engine->context, run->weights);
    return LSTMC_OK;
}

static int train_epoch(struct run *run, int epoch, struct lstmc_history *history)
{
    struct totals totals = { .samples = 0 };
    size_t samples = run->data->samples, number = 1;
    if (run->options->shuffle)
        shuffle(run->order, samples, run->options->seed, epoch);
    run->engine->prepare(run->engine->context, run->weights);
    lstmc_progress_epoch(&run->progress, epoch);
    for (size_t first = 0; first < samples; first += run->batch_rows, number++) {
        size_t rows = samples - first < run->batch_rows ? samples - first : run->batch_rows;
        gather(run, first, rows);
        int status = train_batch(run, epoch, number, (int)rows, &totals);
        if (status)
            return status;
        totals_means(&totals, run->options->metric_count, &history->loss, history->metric);
        lstmc_progress_batch(&run->progress, totals.samples, history->loss, history->metric);
    }
    return LSTMC_OK;
}

static int validate(struct run *run, const struct lstmc_dataset *validation, int epoch, struct lstmc_history *history)
{
    struct totals totals = { .samples = 0 };
    struct lstmc_message why;
    int status = evaluate_with(run->engine, run->weights, validation, run->options, run->output, &totals, &why);
    if (status)
        return lstmc_fail(run->message, status, "validation after epoch %d: %.460s", epoch, why.text);
    totals_means(&totals, run->options->metric_count, &history->validation_loss, history->validation_metric);
    history->has_validation = 1;
    return LSTMC_OK;
}

static int train_epochs(struct run *run, const struct lstmc_dataset *validation, struct lstmc_history *history)
{
    const struct lstmc_train_options *options = run->options;
    for (int epoch = 1; epoch <= options->epochs; epoch++) {
        double started = lstmc_seconds();
        int status = train_epoch(run, epoch, history);
        if (!status && validation && validation->samples)
            status = validate(run, validation, epoch, history);
        if (status) {
            lstmc_progress_stop(&run->progress);
            return status;
        }
        history->epochs = epoch;
        history->seconds = lstmc_seconds() - started;
        lstmc_progress_epoch_end(&run->progress, history);
        if (options->epoch_end && options->epoch_end(options->context, epoch, history))
            break;
    }
    return LSTMC_OK;
}

static int run_alloc(struct run *run)
{
    const struct lstmc_model *model = run->model;
    size_t optimizer_floats = lstmc_optimizer_floats(model);
    run->batch_rows = (size_t)model->batch * (size_t)model->shards;
    run->gradients = lstmc_alloc((model->gradient_count + 1) * sizeof(float));
    run->state = lstmc_alloc((optimizer_floats + 1) * sizeof(float));
    run->output = lstmc_alloc(run->batch_rows * model->output_count * sizeof(float));
    run->x = lstmc_alloc(run->batch_rows * model->input_count * sizeof(float));
    run->y = lstmc_alloc(run->batch_rows * model->target_count * sizeof(float));
    run->order = run->options->shuffle ? calloc(run->data->samples, sizeof *run->order) : NULL;
    return run->gradients && run->state && run->output && run->x && run->y && (run->order || !run->options->shuffle) &&
           !lstmc_stepper_create(&run->stepper, run->engine, run->weights, run->gradients, run->state);
}

static void run_free(struct run *run)
{
    lstmc_stepper_free(&run->stepper);
    lstmc_free(run->gradients);
    lstmc_free(run->state);
    lstmc_free(run->output);
    lstmc_free(run->x);
    lstmc_free(run->y);
    free(run->order);
}

int lstmc_train(struct lstmc_engine *engine, float *weights, const struct lstmc_dataset *training,
                const struct lstmc_dataset *validation, const struct lstmc_train_options *options,
                struct lstmc_history *history, struct lstmc_message *message)
{
    struct lstmc_history unread;
    struct run run = { .engine = engine, .model = engine->model, .options = options, .data = training, .weights = weights, .message = message };
    history = history ? history : &unread;
    memset(history, 0, sizeof *history);
    int status = check(engine, training, options, message);
    if (status)
        return status;
    lstmc_progress_begin(&run.progress, options->quiet ? NULL : stderr, options->epochs, training->samples, options->metrics,
                         options->metric_count);
    status = run_alloc(&run) ? train_epochs(&run, validation, history) : lstmc_fail_memory(message, "the training");
    run_free(&run);
    return status;
}
