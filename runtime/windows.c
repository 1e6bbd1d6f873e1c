/* windows.c: in: the columns of a CSV file.  out: a training and a held-out data set, row by row or as sliding windows, normalised by what the
 * training part alone shows. */
#include "csv.h"
#include "dataset.h"
#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How samples lie in the rows: sample s reads rows s ... s + window - 1 and is asked for rows s + lead ... s + lead + target_rows - 1. */
struct plan {
    const struct lstmc_model *model;
    const char *path;
    struct lstmc_table table;
    int columns, targets;               /* the table's columns are the inputs, then the targets */
    const char **names;                 /* of the table's columns */
    int is_forecast;
    size_t window, lead, target_rows;
    size_t training_rows;
    double *offset, *scale;             /* per column of the table: value = normalised * scale + offset */
    struct lstmc_message *message;
};

static int mismatch(const struct plan *plan, const char *what)
{
    return lstmc_fail(plan->message, LSTMC_MISMATCH, "%s: %s", plan->path, what);
}

/* Probabilities and classes stay as they are; what a regression predicts is normalised. */
static int targets_are_normalised(const struct lstmc_model *model)
{
    return !model->target_is_class && !(model->loss && strstr(model->loss, "crossentropy"));
}

static int check_options(const struct plan *plan, const struct lstmc_csv_options *options)
{
    const char *kind = options->normalization ? options->normalization : "none";
    if (plan->columns < 1 || plan->targets < 1)
        return mismatch(plan, "at least one column and one target must be named");
    if (options->sliding && (options->window < 1 || options->horizon < 1))
        return mismatch(plan, "window and horizon must be positive");
    if (!(options->split > 0 && options->split <= 1))
        return mismatch(plan, "split must be in (0, 1]");
    if (strcmp(kind, "none") && strcmp(kind, "standard") && strcmp(kind, "minmax"))
        return lstmc_fail(plan->message, LSTMC_MISMATCH, "%s: unknown normalization \"%.40s\": use \"none\", \"standard\" or \"minmax\"",
                          plan->path, kind);
    return LSTMC_OK;
}

/* The target is the row `horizon` ahead, or, if the model has room for them, all rows up to it. */
static int fit_model(struct plan *plan, const struct lstmc_csv_options *options)
{
    const struct lstmc_model *model = plan->model;
    size_t horizon = options->sliding ? (size_t)options->horizon : 1;
    plan->window = options->sliding ? (size_t)options->window : 1;
    plan->is_forecast = options->sliding;
    if (model->input_count != plan->window * (size_t)plan->columns ||
        (options->sliding && (size_t)model->input_shape[0] != plan->window))
        return lstmc_fail(plan->message, LSTMC_MISMATCH, "%s: a sample has %zu x %d values, the model reads %zu: Input{%zu, %d} would fit",
                          plan->path, plan->window, plan->columns, model->input_count, plan->window, plan->columns);
    int every_row = model->target_count == horizon * (size_t)plan->targets;
    if (!every_row && model->target_count != (size_t)plan->targets)
        return lstmc_fail(plan->message, LSTMC_MISMATCH, "%s: there are %d target columns, the model predicts %zu values", plan->path,
                          plan->targets, model->target_count);
    plan->target_rows = every_row ? horizon : 1;
    plan->lead = !options->sliding ? 0 : every_row ? plan->window : plan->window - 1 + horizon;
    return LSTMC_OK;
}

static int read_table(struct plan *plan, const struct lstmc_csv_options *options)
{
    const char *const *targets = options->target_count ? options->targets : options->columns;
    plan->names = calloc((size_t)(plan->columns + plan->targets), sizeof *plan->names);
    if (!plan->names)
        return lstmc_fail_memory(plan->message, plan->path);
    for (int i = 0; i < plan->columns; i++)
        plan->names[i] = options->columns[i];
    for (int i = 0; i < plan->targets; i++)
        plan->names[plan->columns + i] = targets[i];
    int status = lstmc_table_read(plan->path, plan->names, plan->columns + plan->targets, &plan->table, plan->message);
    plan->training_rows = (size_t)floor((double)plan->table.rows * options->split + 1e-9);
    return status;
}

static double table_value(const struct plan *plan, size_t row, int column)
{
    return plan->table.value[row * (size_t)plan->table.columns + (size_t)column];
}

/* Mean and standard deviation, or minimum and range, of the training rows; a constant column keeps scale 1. */
static void fit_column(const struct plan *plan, int column, int standard)
{
    double sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
    size_t rows = plan->training_rows;
    for (size_t row = 0; row < rows; row++) {
        double value = table_value(plan, row, column);
        sum += value;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    double mean = sum / (double)rows;
    for (size_t row = 0; row < rows; row++)
        squares += (table_value(plan, row, column) - mean) * (table_value(plan, row, column) - mean);
    double scale = standard ? sqrt(squares / (double)rows) : high - low;
    plan->offset[column] = standard ? mean : low;
    plan->scale[column] = low < high && isfinite(scale) && scale > 0 ? scale : 1;
}

static int fit_normalization(struct plan *plan, const char *kind)
{
    int columns = plan->table.columns;
    plan->offset = calloc((size_t)columns, sizeof *plan->offset);
    plan->scale = calloc((size_t)columns, sizeof *plan->scale);
    if (!plan->offset || !plan->scale)
        return lstmc_fail_memory(plan->message, plan->path);
    for (int column = 0; column < columns; column++) {
        int is_input = column < plan->columns;
        int normalised = is_input ? !plan->model->input_is_tokens : targets_are_normalised(plan->model);
        plan->scale[column] = 1;
        if (normalised && kind && strcmp(kind, "none") && plan->training_rows)
            fit_column(plan, column, !strcmp(kind, "standard"));
    }
    return LSTMC_OK;
}

static double normalised(const struct plan *plan, size_t row, int column)
{
    return (table_value(plan, row, column) - plan->offset[column]) / plan->scale[column];
}

static int misfit(const struct plan *plan, size_t row, int column, struct lstmc_range range)
{
    return lstmc_fail(plan->message, LSTMC_MISMATCH, "%s:%d: %s %d: %.9g is not %s", plan->path, plan->table.line[row],
                      column < plan->columns ? "column" : "target", column < plan->columns ? column + 1 : column - plan->columns + 1,
                      normalised(plan, row, column), range.text);
}

static int fill_sample(const struct plan *plan, struct lstmc_dataset *data, size_t sample, size_t row)
{
    size_t x = sample * plan->model->input_count, y = sample * plan->model->target_count;
    for (size_t step = 0; step < plan->window; step++)
        for (int i = 0; i < plan->columns; i++)
            if (!lstmc_store_input(plan->model, data, x++, normalised(plan, row + step, i)))
                return misfit(plan, row + step, i, lstmc_input_range(plan->model));
    for (size_t step = 0; step < plan->target_rows; step++)
        for (int i = 0; i < plan->targets; i++, y++) {
            size_t target_row = row + plan->lead + step;
            if (!lstmc_store_target(plan->model, data, y, normalised(plan, target_row, plan->columns + i)))
                return misfit(plan, target_row, plan->columns + i, lstmc_target_range(plan->model));
            if (data->persistence)
                data->persistence[y] = (float)normalised(plan, row + plan->window - 1, plan->columns + i);
        }
    return LSTMC_OK;
}

/* Columns `first` and on of the table, once or more along an axis of the model. */
static int describe_columns(const struct plan *plan, int first, int count, int extent, struct lstmc_scaling *scaling)
{
    if (!lstmc_scaling_alloc(scaling, extent))
        return 0;
    for (int i = 0; i < extent; i++) {
        scaling->offset[i] = plan->offset[first + i % count];
        scaling->scale[i] = plan->scale[first + i % count];
    }
    return 1;
}

static int copy_names(struct lstmc_names *names, const char *const *from, int count)
{
    int done = lstmc_names_alloc(names, count);
    for (int i = 0; done && i < count; i++)
        done = lstmc_names_set(names, i, from[i], strlen(from[i]));
    return done;
}

/* How to read the numbers in the file's own unit. */
static int describe(const struct plan *plan, struct lstmc_meaning *meaning)
{
    const struct lstmc_model *model = plan->model;
    int targets = model->target_rank ? model->target_shape[model->target_rank - 1] : 1;
    return (model->input_is_tokens || describe_columns(plan, 0, plan->columns, model->input_shape[model->input_rank - 1], &meaning->input)) &&
           (model->target_is_class || describe_columns(plan, plan->columns, plan->targets, targets, &meaning->target)) &&
           copy_names(&meaning->columns, plan->names, plan->columns) &&
           copy_names(&meaning->targets, plan->names + plan->columns, plan->targets);
}

static int fill_dataset(const struct plan *plan, size_t first_row, size_t samples, struct lstmc_dataset *data)
{
    int numbers = !plan->model->target_is_class;
    if (!samples)
        return LSTMC_OK;
    if (lstmc_dataset_alloc(plan->model, samples, data) || !describe(plan, &data->meaning))
        return lstmc_fail_memory(plan->message, plan->path);
    if (plan->is_forecast && numbers) {
        data->persistence = lstmc_alloc(samples * plan->model->target_count * sizeof(float));
        if (!data->persistence)
            return lstmc_fail_memory(plan->message, plan->path);
    }
    for (size_t sample = 0; sample < samples; sample++) {
        int status = fill_sample(plan, data, sample, first_row + sample);
        if (status)
            return status;
    }
    return LSTMC_OK;
}

/* A held-out window may read training rows, but what it is asked for lies behind them. */
static int fill_both(const struct plan *plan, double split, struct lstmc_dataset *training, struct lstmc_dataset *validation)
{
    size_t rows = plan->table.rows, cut = plan->training_rows, last = plan->lead + plan->target_rows - 1;
    size_t held_out_first = cut > plan->lead ? cut - plan->lead : 0;
    size_t training_samples = cut > last ? cut - last : 0;
    size_t held_out_samples = split < 1 && rows > held_out_first + last ? rows - held_out_first - last : 0;
    if (!training_samples || (split < 1 && !held_out_samples))
        return lstmc_fail(plan->message, LSTMC_MISMATCH, "%s: %zu rows train and %zu are held out, but one sample takes %zu rows", plan->path, cut,
                          rows - cut, last + 1);
    int status = fill_dataset(plan, 0, training_samples, training);
    return status ? status : fill_dataset(plan, held_out_first, held_out_samples, validation);
}

int lstmc_read_csv(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct plan plan = { .model = model, .path = path, .message = message, .columns = options->column_count };
    plan.targets = options->target_count ? options->target_count : options->sliding ? options->column_count : 0;
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    int status = check_options(&plan, options);
    if (!status)
        status = fit_model(&plan, options);
    if (!status)
        status = read_table(&plan, options);
    if (!status)
        status = fit_normalization(&plan, options->normalization);
    if (!status)
        status = fill_both(&plan, options->split, training, validation);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    free(plan.names);
    free(plan.offset);
    free(plan.scale);
    lstmc_table_free(&plan.table);
    return status;
}
