/* totals.c: in: what a batch's rows have come out as.  out: sums of losses and metrics over an epoch, and their means,
 * as Keras has them. Metrics are added up shard by shard, so that sums do not depend on which rank has which shards. */
#include "masks.h"
#include "metrics.h"
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "totals.h"

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

/* What the last batch found: a mean over its rows, of which each shard has a part. */
static double loss_of_output(const struct lstmc_engine *engine, int output, int shard)
{
    float part;
    if (engine->output_loss)
        return (double)engine->output_loss(engine->context, output);
    if (!engine->tape)
        return 0;
    memcpy(&part, (const char *)engine->tape(engine->context, shard) + engine->model->loss_offsets[output],
           sizeof part);
    return (double)part;
}

/* A metric of one's own; with a mask row by row, as each has the mask. */
static int add_own_metric(const struct lstmc_engine *engine, const struct lstmc_train_options *options, int metric,
                          const struct lstmc_scored *of, int first, int rows, double *sum, double *count)
{
    const struct lstmc_model *model = engine->model;
    const char *name = options->metrics[metric];
    struct lstmc_mask masked = { .engine = engine };
    size_t bytes = model->target_count * (model->target_is_class ? sizeof(int32_t) : sizeof(float));
    int status = LSTMC_OK;
    if (!model->outputs)
        masked = lstmc_mask_of(engine, 0);
    int is_masked = !model->outputs && lstmc_mask_row(&masked, first), at_once = is_masked ? 1 : rows;
    for (int row = first; row < first + rows && !status; row += at_once)
        status = options->own_metric(options->own_metric_context, name, of->output + (size_t)row * model->output_count,
                                     (const char *)of->y + (size_t)row * bytes,
                                     is_masked ? lstmc_mask_row(&masked, row) : NULL, at_once, sum, count);
    return status;
}

/* What the rows of one shard say of each metric, into `part`: whether it failed, sums, counts, tallies. */
static void score_shard(double *part, const struct lstmc_ranks *ranks, const struct lstmc_train_options *options,
                        const struct lstmc_scored *of, int shard, int first, int rows)
{
    const struct lstmc_engine *engine = ranks->engine;
    const struct lstmc_model *model = ranks->model;
    double *tally = part + 1 + 2 * options->metric_count;
    for (int i = 0; i < options->metric_count && !part[0]; i++) {
        double *sum = &part[1 + 2 * i], *count = sum + 1;
        struct lstmc_metric_use use = lstmc_metric_used(options, i);
        int status = LSTMC_MISMATCH, output = output_of_loss(model, use.name);
        if (output >= 0) {
            *sum = loss_of_output(engine, output, shard) * of->rows;
            *count = rows;
            continue;
        }
        if (options->own_metric)
            status = add_own_metric(engine, options, i, of, first, rows, sum, count);
        if (status)
            status = lstmc_metric_collect(model, engine, &use, of->output, of->y, use.is_weighted ? of->weights : NULL,
                                          first, rows, sum, count, tally);
        part[0] = status == LSTMC_NO_MEMORY ? -1 : status ? i + 1 : 0;
        tally += lstmc_metric_tally(model, &use);
    }
}

size_t lstmc_totals_parts(const struct lstmc_model *model, const struct lstmc_train_options *options)
{
    size_t numbers = 1 + 2 * (size_t)options->metric_count + lstmc_metric_tallies(model, options);
    return options->metric_count ? numbers * (size_t)model->shards : 0;
}

int lstmc_totals_add(struct lstmc_totals *totals, double *tally, double *parts, struct lstmc_ranks *ranks,
                     const struct lstmc_train_options *options, const struct lstmc_scored *of, double loss,
                     struct lstmc_message *message)
{
    const struct lstmc_model *model = ranks->model;
    const size_t tallies = lstmc_metric_tallies(model, options);
    const size_t numbers = 1 + 2 * (size_t)options->metric_count + tallies;
    const int end = lstmc_ranks_end_row(ranks, of->rows), shards = (of->rows + model->batch - 1) / model->batch;
    totals->loss += loss * of->rows;
    totals->samples += (uint64_t)of->rows;
    if (!options->metric_count)
        return LSTMC_OK;
    memset(parts, 0, lstmc_totals_parts(model, options) * sizeof *parts);
    for (int row = lstmc_ranks_first_row(ranks, of->rows), rows; row < end; row += rows) {
        rows = end - row < model->batch ? end - row : model->batch;
        if (!ranks->engine->tape)       /* it has no shards */
            rows = end - row;
        const int shard = row / model->batch;
        score_shard(parts + (size_t)shard * numbers, ranks, options, of, shard, row, rows);
    }
    lstmc_ranks_gather_shards(ranks, parts, numbers * sizeof *parts);
    for (int shard = 0; shard < shards; shard++) {
        const double *part = parts + (size_t)shard * numbers;
        if (part[0] < 0)
            return lstmc_fail_memory(message, "a metric");
        if (part[0] > 0)
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "metric \"%.40s\" is unknown, or the targets are not of its kind",
                              options->metrics[(int)part[0] - 1]);
        for (int i = 0; i < options->metric_count; i++) {
            totals->metric_sum[i] += part[1 + 2 * i];
            totals->metric_count[i] += part[2 + 2 * i];
        }
        for (size_t i = 0; i < tallies; i++)
            tally[i] += part[numbers - tallies + i];
    }
    return LSTMC_OK;
}
