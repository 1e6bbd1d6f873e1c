/* evaluate.c: in: an engine, weights and data.  out: loss and metrics, with Keras's divisors and means. */
#include "finite.h"
#include "masks.h"
#include "metrics.h"
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "totals.h"

#include <math.h>
#include <string.h>

void lstmc_totals_means(const struct lstmc_model *model, const struct lstmc_train_options *options,
                        const struct lstmc_totals *totals, const double *tally, double *loss, double *metrics)
{
    *loss = totals->samples ? totals->loss / (double)totals->samples : 0;
    for (int i = 0; i < options->metric_count; i++) {
        struct lstmc_metric_use use = lstmc_metric_used(options, i);
        metrics[i] = lstmc_metric_result(model, &use, totals->metric_sum[i], totals->metric_count[i], tally);
        tally += lstmc_metric_tally(model, &use);
    }
}

/* Which of several outputs "a_loss" is the loss of; -1: none. */
static int output_of_loss(const struct lstmc_model *model, const char *name)
{
    for (int k = 0; model->outputs && k < model->output_arrays; k++) {
        size_t length = strlen(model->outputs[k].name);
        if (!strncmp(name, model->outputs[k].name, length) && !strcmp(name + length, "_loss"))
            return k;
    }
    return -1;
}

/* What the last batch found: a mean over its rows, which the shards have parts of. */
static double loss_of_output(const struct lstmc_engine *engine, int output, int rows)
{
    const struct lstmc_model *model = engine->model;
    double sum = 0;
    if (engine->output_loss)
        return (double)engine->output_loss(engine->context, output);
    for (int shard = 0; engine->tape && shard * model->batch < rows; shard++) {
        float part;
        memcpy(&part, (const char *)engine->tape(engine->context, shard) + model->loss_offsets[output], sizeof part);
        sum += (double)part;
    }
    return sum;
}

/* A metric of one's own; with a mask row by row, as each has the mask. */
static int add_own_metric(const struct lstmc_engine *engine, const struct lstmc_train_options *options, int metric,
                          const float *output, const void *y, int rows, double *sum, double *count)
{
    const struct lstmc_model *model = engine->model;
    const char *name = options->metrics[metric];
    struct lstmc_mask masked = { .engine = engine };
    if (!model->outputs)
        masked = lstmc_mask_of(engine, 0);
    if (model->outputs || !lstmc_mask_row(&masked, 0))
        return options->own_metric(options->own_metric_context, name, output, y, NULL, rows, sum, count);
    size_t bytes = model->target_count * (model->target_is_class ? sizeof(int32_t) : sizeof(float));
    int status = LSTMC_OK;
    for (int row = 0; row < rows && !status; row++)
        status = options->own_metric(options->own_metric_context, name, output + (size_t)row * model->output_count,
                                     (const char *)y + (size_t)row * bytes, lstmc_mask_row(&masked, row), 1, sum,
                                     count);
    return status;
}

int lstmc_totals_add(struct lstmc_totals *totals, double *tally, const struct lstmc_engine *engine,
                     const struct lstmc_train_options *options, double loss, const float *output, const void *y,
                     const float *weights, int rows, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    totals->loss += loss * rows;
    totals->samples += (uint64_t)rows;
    for (int i = 0; i < options->metric_count; i++) {
        double *sum = &totals->metric_sum[i], *count = &totals->metric_count[i];
        struct lstmc_metric_use use = lstmc_metric_used(options, i);
        int status = LSTMC_MISMATCH, of = output_of_loss(model, use.name);
        if (of >= 0) {
            *sum += loss_of_output(engine, of, rows) * rows;
            *count += rows;
            continue;
        }
        if (options->own_metric)
            status = add_own_metric(engine, options, i, output, y, rows, sum, count);
        if (status)
            status = lstmc_metric_collect(model, engine, &use, output, y, use.is_weighted ? weights : NULL, rows, sum,
                                          count, tally);
        if (status)
            return lstmc_fail(message, status, "metric \"%.40s\" is unknown, or the targets are not of its kind",
                              options->metrics[i]);
        tally += lstmc_metric_tally(model, &use);
    }
    return LSTMC_OK;
}

float lstmc_batch_scale(const struct lstmc_model *model, size_t rows)
{
    return (float)(1.0 / ((double)rows * (double)lstmc_losses_per_sample(model)));
}

size_t lstmc_samples_used(const struct lstmc_model *model, const struct lstmc_dataset *data, int stateful)
{
    size_t batch_rows = (size_t)model->batch * (size_t)model->shards;
    return stateful ? data->samples / batch_rows * batch_rows : data->samples;
}

size_t lstmc_stream_sample(size_t used, size_t batch_rows, size_t position)
{
    return position % batch_rows * (used / batch_rows) + position / batch_rows;
}

int lstmc_check_task(const struct lstmc_engine *engine, const struct lstmc_dataset *data,
                     const struct lstmc_train_options *options, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    if (!engine->train || !engine->evaluate)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%s was compiled for inference alone: it has no loss and no backward pass", model->name);
    if (!data->samples)
        return lstmc_fail(message, LSTMC_MISMATCH, "there are no samples");
    if (options->metric_count > LSTMC_METRICS_MAX)
        return lstmc_fail(message, LSTMC_MISMATCH, "%d metrics are more than %d", options->metric_count,
                          LSTMC_METRICS_MAX);
    if (options->stateful && !engine->carry)
        return lstmc_fail(message, LSTMC_MISMATCH, "%s: this engine has no states that go on from batch to batch",
                          model->name);
    if (!lstmc_samples_used(model, data, options->stateful))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%zu samples are too few for %d streams side by side (a smaller batch_size needs fewer)",
                          data->samples, model->batch * model->shards);
    return LSTMC_OK;
}

/* The samples of one step of all streams, side by side. */
static void gather_streams(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t used, size_t first,
                           size_t rows, const struct lstmc_batch_memory *memory)
{
    size_t x_bytes = model->input_count * sizeof(float), y_bytes = model->target_count * sizeof(float);
    for (size_t i = 0; i < rows; i++) {
        size_t sample = lstmc_stream_sample(used, rows, first + i);
        memcpy(memory->x + i * x_bytes, (const char *)data->x + sample * x_bytes, x_bytes);
        memcpy(memory->y + i * y_bytes, (const char *)data->y + sample * y_bytes, y_bytes);
        if (data->lengths)
            memory->lengths[i] = data->lengths[sample];
    }
}

/* How many steps of the next rows count. */
void lstmc_set_lengths(struct lstmc_engine *engine, const int32_t *lengths)
{
    if (engine->lengths)
        engine->lengths(engine->context, lengths);
}

void lstmc_predict_samples(struct lstmc_engine *engine, const struct lstmc_dataset *data, size_t first, int rows,
                           float *output)
{
    lstmc_set_lengths(engine, data->lengths ? data->lengths + first : NULL);
    engine->predict(engine->context, (const char *)data->x + first * engine->model->input_count * sizeof(float), rows,
                    output);
}

/* How much the losses of a batch count; NULL: 1. */
static const float *weigh(const struct lstmc_model *model, const struct lstmc_dataset *data,
                          const struct lstmc_train_options *options, size_t used, size_t first,
                          const struct lstmc_batch *batch, const struct lstmc_batch_memory *memory)
{
    size_t rows = (size_t)batch->rows, each = lstmc_weights_per_sample(model);
    if (!lstmc_weighs(model, data))
        return NULL;
    for (size_t i = 0; i < rows; i++) {
        size_t in_order = first + i;
        size_t sample = options->stateful == LSTMC_STREAMS ? lstmc_stream_sample(used, rows, in_order) : in_order;
        lstmc_weigh_sample(model, data, sample, memory->weights + i * each);
    }
    lstmc_weigh_classes(model, batch->y, rows, memory->weights);
    return memory->weights;
}

int lstmc_evaluate_with(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                        const struct lstmc_train_options *options, const struct lstmc_batch_memory *memory,
                        struct lstmc_totals *totals, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    size_t batch_rows = (size_t)model->batch * (size_t)model->shards,
           used = lstmc_samples_used(model, data, options->stateful);
    double penalty = (double)lstmc_penalty(model, weights);
    memset(memory->tally, 0, lstmc_metric_tallies(model, options) * sizeof *memory->tally);
    engine->prepare(engine->context, weights);
    if (engine->carry)
        engine->carry(engine->context, options->stateful ? LSTMC_CARRY_FRESH : LSTMC_CARRY_NOTHING);
    for (size_t first = 0; first < used; first += batch_rows) {
        size_t rows = used - first < batch_rows ? used - first : batch_rows;
        struct lstmc_batch batch = { .weights = weights, .rows = (int)rows, .output = memory->output };
        batch.x = (const char *)data->x + first * model->input_count * sizeof(float);
        batch.y = (const char *)data->y + first * model->target_count * sizeof(float);
        const int32_t *lengths = data->lengths ? data->lengths + first : NULL;
        if (options->stateful == LSTMC_STREAMS) {
            gather_streams(model, data, used, first, rows, memory);
            batch.x = memory->x;
            batch.y = memory->y;
            lengths = lengths ? memory->lengths : NULL;
        }
        const float *sample_weight = weigh(model, data, options, used, first, &batch, memory);
        lstmc_set_lengths(engine, lengths);
        double loss = (double)engine->evaluate(engine->context, batch.x, batch.y, sample_weight, batch.rows,
                                               lstmc_batch_scale(model, rows), memory->output) +
                      penalty;
        if (!isfinite(loss)) {
            struct lstmc_message where = lstmc_find_not_finite(engine, &batch);
            return lstmc_fail(message, LSTMC_NOT_FINITE, "the loss of samples %zu to %zu is %g; first seen: %.300s",
                              first, first + rows - 1, loss, *where.text ? where.text : "the loss itself");
        }
        int status = lstmc_totals_add(totals, memory->tally, engine, options, loss, memory->output, batch.y,
                                      sample_weight, batch.rows, message);
        if (status)
            return status;
        if (options->interrupted && *options->interrupted)
            return lstmc_fail(message, LSTMC_INTERRUPTED, "interrupted");
    }
    return LSTMC_OK;
}

int lstmc_evaluate(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                   const struct lstmc_train_options *options, double *loss, double *metric_values,
                   struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    struct lstmc_totals totals = { .samples = 0 };
    int status = lstmc_check_task(engine, data, options, message);
    if (status)
        return status;
    size_t rows = (size_t)model->batch * (size_t)model->shards;
    struct lstmc_batch_memory memory = { .output = lstmc_alloc(rows * model->output_count * sizeof(float)),
                                         .x = lstmc_alloc(rows * model->input_count * sizeof(float)),
                                         .lengths = lstmc_alloc(rows * sizeof *memory.lengths),
                                         .y = lstmc_alloc(rows * model->target_count * sizeof(float)),
                                         .weights = lstmc_alloc(rows * lstmc_weights_per_sample(model) *
                                                                sizeof(float)),
                                         .tally = lstmc_alloc((lstmc_metric_tallies(model, options) + 1) *
                                                              sizeof(double)) };
    status = memory.output && memory.x && memory.y && memory.weights && memory.lengths && memory.tally
                 ? lstmc_evaluate_with(engine, weights, data, options, &memory, &totals, message)
                 : lstmc_fail_memory(message, "the outputs of a batch");
    if (!status)
        lstmc_totals_means(model, options, &totals, memory.tally, loss, metric_values);
    lstmc_free(memory.output);
    lstmc_free(memory.x);
    lstmc_free(memory.lengths);
    lstmc_free(memory.y);
    lstmc_free(memory.weights);
    lstmc_free(memory.tally);
    return status;
}
