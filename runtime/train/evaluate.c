/* evaluate.c: in: an engine, weights and data.  out: loss and metrics, with Keras's divisors and means. */
#include "finite.h"
#include "metrics.h"
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "totals.h"

#include <math.h>
#include <string.h>

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

/* How many steps of the next rows count. */
void lstmc_set_lengths(struct lstmc_engine *engine, const int32_t *lengths)
{
    if (engine->lengths)
        engine->lengths(engine->context, lengths);
}

int lstmc_predict_samples(struct lstmc_engine *engine, const struct lstmc_dataset *data, size_t first, int rows,
                          float *output)
{
    const struct lstmc_model *model = engine->model;
    char *made = data->x ? NULL : lstmc_alloc((size_t)rows * model->input_count * sizeof(float));
    if (!data->x && !made)
        return LSTMC_NO_MEMORY;
    if (made)
        lstmc_copy_inputs(model, data, first, (size_t)rows, made);
    lstmc_set_lengths(engine, data->lengths ? data->lengths + first : NULL);
    engine->predict(engine->context,
                    made ? made : (const char *)data->x + first * model->input_count * sizeof(float), rows, output);
    lstmc_free(made);
    return LSTMC_OK;
}

/* What the batches of an evaluation have in common. */
struct evaluation {
    struct lstmc_ranks *ranks;
    const struct lstmc_dataset *data;
    const struct lstmc_train_options *options;
    const struct lstmc_batch_memory *memory;
    size_t used;                /* samples */
    double penalty;
    struct lstmc_totals *totals;
    struct lstmc_message *message;
};

/* The samples of one step of all streams, side by side: this rank's rows. */
static void gather_streams(const struct evaluation *e, size_t first, int rows)
{
    const struct lstmc_model *model = e->ranks->model;
    const struct lstmc_dataset *data = e->data;
    size_t x_bytes = model->input_count * sizeof(float), y_bytes = model->target_count * sizeof(float);
    for (int i = lstmc_ranks_first_row(e->ranks, rows); i < lstmc_ranks_end_row(e->ranks, rows); i++) {
        size_t sample = lstmc_stream_sample(e->used, (size_t)rows, first + (size_t)i), row = (size_t)i;
        lstmc_copy_inputs(model, data, sample, 1, e->memory->x + row * x_bytes);
        lstmc_copy_targets(model, data, sample, 1, e->memory->y + row * y_bytes);
        if (data->lengths)
            e->memory->lengths[row] = data->lengths[sample];
    }
}

/* Samples that follow each other: where they lie, or this rank's rows as they are made. */
static void find_rows(const struct evaluation *e, size_t first, struct lstmc_batch *batch)
{
    const struct lstmc_model *model = e->ranks->model;
    const struct lstmc_dataset *data = e->data;
    size_t row = (size_t)lstmc_ranks_first_row(e->ranks, batch->rows),
           rows = (size_t)lstmc_ranks_end_row(e->ranks, batch->rows) - row,
           x_bytes = model->input_count * sizeof(float), y_bytes = model->target_count * sizeof(float);
    batch->x = data->x ? (const char *)data->x + first * x_bytes : e->memory->x;
    batch->y = data->y ? (const char *)data->y + first * y_bytes : e->memory->y;
    if (!data->x)
        lstmc_copy_inputs(model, data, first + row, rows, e->memory->x + row * x_bytes);
    if (!data->y)
        lstmc_copy_targets(model, data, first + row, rows, e->memory->y + row * y_bytes);
}

/* How much the losses of a batch count, of this rank's rows; NULL: 1. */
static const float *weigh(const struct evaluation *e, size_t first, const struct lstmc_batch *batch)
{
    const struct lstmc_model *model = e->ranks->model;
    float *weights = e->memory->weights;
    size_t rows = (size_t)batch->rows, each = lstmc_weights_per_sample(model);
    if (!lstmc_weighs(model, e->data))
        return NULL;
    for (int i = lstmc_ranks_first_row(e->ranks, batch->rows); i < lstmc_ranks_end_row(e->ranks, batch->rows); i++) {
        size_t at = first + (size_t)i;
        size_t sample = e->options->stateful == LSTMC_STREAMS ? lstmc_stream_sample(e->used, rows, at) : at;
        lstmc_weigh_sample(model, e->data, sample, weights + (size_t)i * each);
    }
    lstmc_weigh_classes(e->ranks, batch->y, batch->rows, weights);
    return weights;
}

/* One batch, of the samples from `first` on. */
static int evaluate_batch(const struct evaluation *e, size_t first, struct lstmc_batch *batch)
{
    struct lstmc_engine *engine = e->ranks->engine;
    const struct lstmc_model *model = e->ranks->model;
    const size_t rows = (size_t)batch->rows;
    const int32_t *lengths = e->data->lengths ? e->data->lengths + first : NULL;
    if (e->options->stateful == LSTMC_STREAMS) {
        gather_streams(e, first, batch->rows);
        batch->x = e->memory->x;
        batch->y = e->memory->y;
        lengths = lengths ? e->memory->lengths : NULL;
    } else
        find_rows(e, first, batch);
    const float *sample_weight = weigh(e, first, batch);
    lstmc_set_lengths(engine, lengths);
    double loss = (double)engine->evaluate(engine->context, batch->x, batch->y, sample_weight, batch->rows,
                                           lstmc_batch_scale(model, rows), e->memory->output) +
                  e->penalty;
    if (!isfinite(loss)) {
        struct lstmc_message where = lstmc_ranks_find_not_finite(e->ranks, batch);
        return lstmc_fail(e->message, LSTMC_NOT_FINITE, "the loss of samples %zu to %zu is %g; first seen: %.300s",
                          first, first + rows - 1, loss, *where.text ? where.text : "the loss itself");
    }
    const struct lstmc_scored scored = { batch->output, batch->y, sample_weight, batch->rows };
    int status = lstmc_totals_add(e->totals, e->memory->tally, e->memory->parts, e->ranks, e->options, &scored, loss,
                                  e->message);
    return lstmc_ranks_status(e->ranks, e->message) ? LSTMC_IO : status;
}

int lstmc_evaluate_with(struct lstmc_ranks *ranks, const float *weights, const struct lstmc_dataset *data,
                        const struct lstmc_train_options *options, const struct lstmc_batch_memory *memory,
                        struct lstmc_totals *totals, struct lstmc_message *message)
{
    const struct lstmc_model *model = ranks->model;
    struct lstmc_engine *engine = ranks->engine;
    const struct evaluation e = { ranks, data, options, memory, lstmc_samples_used(model, data, options->stateful),
                                  (double)lstmc_penalty(model, weights), totals, message };
    size_t batch_rows = (size_t)model->batch * (size_t)model->shards;
    memset(memory->tally, 0, lstmc_metric_tallies(model, options) * sizeof *memory->tally);
    engine->prepare(engine->context, weights);
    if (engine->carry)
        engine->carry(engine->context, options->stateful ? LSTMC_CARRY_FRESH : LSTMC_CARRY_NOTHING);
    for (size_t first = 0; first < e.used; first += batch_rows) {
        size_t rows = e.used - first < batch_rows ? e.used - first : batch_rows;
        struct lstmc_batch batch = { .weights = weights, .rows = (int)rows, .output = memory->output };
        int status = evaluate_batch(&e, first, &batch);
        if (status)
            return status;
        if (lstmc_ranks_any(ranks, options->interrupted && *options->interrupted))
            return lstmc_fail(message, LSTMC_INTERRUPTED, "interrupted");
    }
    return lstmc_ranks_status(ranks, message);
}

int lstmc_batch_memory_create(struct lstmc_batch_memory *memory, const struct lstmc_model *model,
                              const struct lstmc_train_options *options)
{
    size_t rows = (size_t)model->batch * (size_t)model->shards;
    memory->output = lstmc_alloc(rows * model->output_count * sizeof *memory->output);
    memory->x = lstmc_alloc(rows * model->input_count * sizeof(float));
    memory->lengths = lstmc_alloc(rows * sizeof *memory->lengths);
    memory->y = lstmc_alloc(rows * model->target_count * sizeof(float));
    memory->weights = lstmc_alloc(rows * lstmc_weights_per_sample(model) * sizeof *memory->weights);
    memory->tally = lstmc_alloc((lstmc_metric_tallies(model, options) + 1) * sizeof *memory->tally);
    memory->parts = lstmc_alloc((lstmc_totals_parts(model, options) + 1) * sizeof *memory->parts);
    return memory->output && memory->x && memory->lengths && memory->y && memory->weights && memory->tally &&
                   memory->parts
               ? LSTMC_OK
               : LSTMC_NO_MEMORY;
}

void lstmc_batch_memory_free(struct lstmc_batch_memory *memory)
{
    lstmc_free(memory->output);
    lstmc_free(memory->x);
    lstmc_free(memory->lengths);
    lstmc_free(memory->y);
    lstmc_free(memory->weights);
    lstmc_free(memory->tally);
    lstmc_free(memory->parts);
}

int lstmc_evaluate(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                   const struct lstmc_train_options *options, double *loss, double *metric_values,
                   struct lstmc_message *message)
{
    struct lstmc_totals totals = { .samples = 0 };
    struct lstmc_batch_memory memory;
    struct lstmc_ranks ranks;
    int status = lstmc_check_task(engine, data, options, message);
    if (status)
        return status;
    status = lstmc_ranks_create(&ranks, engine, options->transport, message);
    if (lstmc_batch_memory_create(&memory, engine->model, options) && !status)
        status = lstmc_fail_memory(message, "the outputs of a batch");
    if (!status)
        status = lstmc_evaluate_with(&ranks, weights, data, options, &memory, &totals, message);
    if (!status)
        lstmc_totals_means(engine->model, options, &totals, memory.tally, loss, metric_values);
    lstmc_batch_memory_free(&memory);
    lstmc_ranks_free(&ranks);
    return status;
}
