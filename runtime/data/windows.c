/* windows.c: in: the columns of a CSV file.  out: a training and a held-out data set, row by row or as sliding windows,
 * normalised by what the training part alone shows. */
#include "dataset.h"
#include "runtime/base/message.h"
#include "runtime/base/number.h"
#include "runtime/text/text.h"
#include "windows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct lstmc_windows Windows;
typedef struct lstmc_rows Rows;

/* ---- options ---- */

static int mismatch(const Windows *w, const char *what)
{
    return lstmc_fail(w->message, LSTMC_MISMATCH, "%s: %s", w->main.path, what);
}

static int is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(word, *words))
            return 1;
    return 0;
}

static int check_words(const Windows *w, const struct lstmc_csv_options *options)
{
    static const char *const kinds[] = { "none", "standard", "minmax", NULL }, *const ways[] = { "error", "drop",
                                                                                                 "previous",
                                                                                                 "interpolate", NULL };
    if (options->normalization && !is_one_of(options->normalization, kinds))
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%s: unknown normalization \"%.40s\": use \"none\", \"standard\" or \"minmax\"", w->main.path,
                          options->normalization);
    if (options->missing && !is_one_of(options->missing, ways))
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%s: missing = \"%.40s\" is unknown: use \"error\", \"drop\", \"previous\" or "
                          "\"interpolate\"",
                          w->main.path, options->missing);
    return LSTMC_OK;
}

static int check_options(const Windows *w, const struct lstmc_csv_options *options)
{
    int nearest = options->horizon_count ? options->horizons[0] : 0;
    if (w->columns < 1 || w->targets < 1)
        return mismatch(w, "at least one column and one target must be named");
    if (options->sliding &&
        (options->window < 1 || options->horizon_count < 1 || nearest < (options->target_count ? 0 : 1)))
        return mismatch(w, "window and horizon must be positive");
    for (int i = 1; i < options->horizon_count; i++)
        if (options->horizons[i] <= options->horizons[i - 1])
            return mismatch(w, "horizons must ascend");
    if (!(options->split > 0 && options->split <= 1))
        return mismatch(w, "split must be in (0, 1]");
    if (options->relative && w->model->inputs)
        return mismatch(w, "relative is for models of one input: subtract in the table, or use normalization");
    if (options->relative && (!options->sliding || nearest < 1))
        return mismatch(w, "relative needs a window and horizons from 1");
    if (options->above && (!options->at_most || *options->above < *options->at_most))
        return mismatch(w, "above needs an at_most that is not beyond it");
    if (options->validation_remaining && (!options->validation || !options->group))
        return mismatch(w, "validation_remaining needs a validation file and a group");
    if (options->last_only && !options->group)
        return mismatch(w, "last_only needs a group");
    if (options->weighs_steps && !options->sample_weight)
        return mismatch(w, "weighs_steps needs a sample_weight");
    if (w->model->has_lengths && (options->sliding || !options->group || options->last_only))
        return mismatch(w, "of a model with lengths each group is a sample: a group must be named, and no window");
    return check_words(w, options);
}

/* Each group is a sample. */
static int fit_groups(Windows *w)
{
    const struct lstmc_model *model = w->model;
    size_t steps = (size_t)model->input_shape[0];
    int status = lstmc_windows_places(w);
    if (status)
        return status;
    if (!model->inputs && model->input_count != steps * (size_t)w->columns)
        return lstmc_fail(w->message, LSTMC_MISMATCH, "%s: a row has %d values, but a step of the model %zu",
                          w->main.path, w->columns, model->input_count / steps);
    size_t rows = model->output_rank > 1 ? w->steps : 1;
    if (model->target_count != rows * (size_t)w->targets)
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%s: there are %d target columns%s, the model predicts %zu values", w->main.path, w->targets,
                          rows > 1 ? " for each step" : "", model->target_count);
    w->ahead_count = 1;
    w->ahead = calloc(1, sizeof *w->ahead);
    return w->ahead ? LSTMC_OK : lstmc_fail_memory(w->message, w->main.path);
}

/* Where the targets lie: the rows `horizons` ahead; or all rows up to a single one, if the model has room for them; or
 * the row so far ahead of each step of the window, if it has an output for each. */
static int fit_targets(Windows *w, const struct lstmc_csv_options *options)
{
    const struct lstmc_model *model = w->model;
    int count = options->sliding ? options->horizon_count : 1,
        farthest = options->sliding ? options->horizons[count - 1] : 0;
    size_t targets = (size_t)w->targets;
    int every_row = count == 1 && farthest > 1 && model->target_count == (size_t)farthest * targets;
    int each_step = count == 1 && !every_row && w->window > 1 && model->output_rank > 1 &&
                    (size_t)model->output_shape[0] == w->window && model->target_count == w->window * targets;
    if (each_step && options->relative)
        return mismatch(w, "relative needs targets behind the window, but the model has an output for each step of it");
    w->ahead_count = every_row ? farthest : each_step ? (int)w->window : count;
    if (model->target_count != (size_t)w->ahead_count * targets)
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%s: there are %d target columns%s, the model predicts %zu values", w->main.path, w->targets,
                          count > 1 ? " at each of several horizons" : "", model->target_count);
    w->ahead = calloc((size_t)w->ahead_count, sizeof *w->ahead);
    if (!w->ahead)
        return lstmc_fail_memory(w->message, w->main.path);
    for (int i = 0; i < w->ahead_count; i++)
        w->ahead[i] = every_row          ? i + 1
                      : each_step        ? farthest + i + 1 - (int)w->window
                      : options->sliding ? options->horizons[i]
                                         : 0;
    return LSTMC_OK;
}

static int fit_model(Windows *w, const struct lstmc_csv_options *options)
{
    const struct lstmc_model *model = w->model;
    w->window = options->sliding ? (size_t)options->window : 1;
    if (model->has_lengths)
        return fit_groups(w);
    int status = lstmc_windows_places(w);
    if (status)
        return status;
    if (!model->inputs && (model->input_count != w->window * (size_t)w->columns ||
                           (options->sliding && (size_t)model->input_shape[0] != w->window)))
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%s: a sample has %zu x %d values, the model reads %zu: Input{%zu, %d} would fit",
                          w->main.path, w->window, w->columns, model->input_count, w->window, w->columns);
    return fit_targets(w, options);
}

/* Where each target counts for itself, a row says how much; it has as many steps as the model weighs. */
static int fit_weights(const Windows *w)
{
    size_t weights = lstmc_weights_per_sample(w->model),
           steps = w->model->has_lengths ? w->steps : (size_t)w->ahead_count;
    if (!w->options->weighs_steps || weights == steps)
        return LSTMC_OK;
    return lstmc_fail(w->message, LSTMC_MISMATCH,
                      "%s: the targets of a sample lie in %zu row%s, each of which has one sample_weight, but the "
                      "model weighs %zu steps",
                      w->main.path, steps, steps == 1 ? "" : "s", weights);
}

/* ---- rows ---- */

static int has_computed(const struct lstmc_table *table)
{
    return memchr(table->computed, 1, (size_t)table->columns) != NULL;
}

/* 1, 0, or neither: NAN. */
static void decide(const struct lstmc_csv_options *options, double *target)
{
    int is_neither = options->above && *target > *options->at_most && !(*target > *options->above);
    *target = is_neither ? (double)NAN : *target <= *options->at_most;
}

int lstmc_windows_read(Windows *w, Rows *rows, const char *remaining)
{
    const struct lstmc_csv_options *options = w->options;
    int keeps = options->missing && strcmp(options->missing, "error");
    struct lstmc_table_options how = { .names = w->names,
                                       .name_count = w->columns + w->targets + (options->sample_weight != NULL),
                                       .group = options->group,
                                       .header = options->header,
                                       .keep_missing = keeps,
                                       .unpack = options->unpack,
                                       .notes = &w->notes };
    int status = lstmc_table_read(rows->path, &how, &rows->table, w->message);
    if (!status && remaining && !has_computed(&rows->table))
        status = mismatch(w, "validation_remaining is given, but no column \"remaining\" is asked for");
    if (!status && remaining)
        status = lstmc_rows_add_remaining(&rows->table, remaining, &how, rows->path, w->message);
    if (!status && keeps)
        status = lstmc_rows_complete(&rows->table, options->missing, rows->path, w->names, w->message);
    for (size_t row = 0; row < rows->table.rows && options->at_most; row++)
        for (int column = w->columns; column < w->columns + w->targets; column++)
            decide(options, lstmc_windows_cell(rows, row, column));
    return status;
}

/* The first fraction of the rows, or of the groups. */
static size_t find_cut(const struct lstmc_table *table, const struct lstmc_csv_options *options)
{
    if (options->validation)
        return table->rows;
    if (!options->group)
        return (size_t)floor((double)table->rows * options->split + 1e-9);
    double groups = floor((double)table->groups * options->split + 1e-9);
    size_t cut = 0;
    while (cut < table->rows && table->group[cut] < groups)
        cut++;
    return cut;
}

static int read_all(Windows *w)
{
    const struct lstmc_csv_options *options = w->options;
    const char *const *targets = options->target_count ? options->targets : options->columns;
    w->names = calloc((size_t)(w->columns + w->targets + 1), sizeof *w->names);
    if (!w->names)
        return lstmc_fail_memory(w->message, w->main.path);
    for (int i = 0; i < w->columns + w->targets; i++)
        w->names[i] = i < w->columns ? options->columns[i] : targets[i - w->columns];
    w->names[w->columns + w->targets] = options->sample_weight;
    for (int i = 0; i < w->columns + w->targets; i++)
        if (lstmc_text_well_formed(w->names[i], strlen(w->names[i])) < strlen(w->names[i]))
            return lstmc_fail(w->message, LSTMC_MISMATCH,
                              "%.250s: the name \"%.60s\" of a column is no UTF-8: ask for it by its position",
                              w->main.path, w->names[i]);
    int status = lstmc_windows_read(w, &w->main, NULL);
    if (!status && options->validation)
        status = lstmc_windows_read(w, &w->held_out, options->validation_remaining);
    if (!status)
        w->main.cut = find_cut(&w->main.table, options);
    return status;
}

/* ---- samples ---- */

static double normalised(const Windows *w, const Rows *rows, size_t first, size_t row, int column)
{
    return (lstmc_windows_value(w, rows, first, row, column) - w->offset[column]) / w->scale[column];
}

int lstmc_windows_inputs(const Windows *w, const Rows *rows, struct lstmc_dataset *data, size_t sample, size_t first)
{
    size_t x = sample * w->model->input_count;
    int status = LSTMC_OK;
    for (size_t step = 0; step < w->window; step++)
        for (int i = 0; i < w->columns && !status; i++)
            if (w->place[i].each_row || step + 1 == w->window)
                status = lstmc_windows_store(w, rows, first + step, i, normalised(w, rows, first, first + step, i),
                                             data, x + w->place[i].offset + step * w->place[i].stride);
    return status;
}

static int fill_sample(const Windows *w, const Rows *rows, struct lstmc_dataset *data, size_t sample, size_t first)
{
    size_t y = sample * w->model->target_count, last = first + w->window - 1;
    int status = lstmc_windows_inputs(w, rows, data, sample, first);
    for (int ahead = 0; ahead < w->ahead_count && !status; ahead++)
        for (int i = w->columns; i < w->columns + w->targets && !status; i++, y++) {
            size_t row = last + (size_t)w->ahead[ahead];
            status = lstmc_windows_store(w, rows, row, i, normalised(w, rows, first, row, i), data, y);
        }
    return status;
}

/* The last known values, and how much the sample counts. */
static int describe_sample(const Windows *w, const Rows *rows, struct lstmc_dataset *data, size_t sample, size_t first)
{
    size_t y = sample * w->model->target_count, last = first + w->window - 1;
    int status = LSTMC_OK;
    for (int ahead = 0; ahead < w->ahead_count && data->persistence; ahead++)
        for (int i = w->columns; i < w->columns + w->targets; i++, y++)
            data->persistence[y] = (float)normalised(w, rows, first, last, i);
    if (!w->options->weighs_steps)
        return lstmc_windows_weight(w, rows, last, data, sample);
    for (int ahead = 0; ahead < w->ahead_count && !status; ahead++)
        status = lstmc_windows_weight(w, rows, last + (size_t)w->ahead[ahead], data,
                                      sample * data->weights + (size_t)ahead);
    return status;
}

/* ---- what the numbers mean ---- */

/* Columns `first` and on of the table, which come again and again in a target. */
static int describe_columns(const Windows *w, int first, int count, struct lstmc_scaling *scaling)
{
    if (!lstmc_scaling_alloc(scaling, count))
        return 0;
    memcpy(scaling->offset, w->offset + first, (size_t)count * sizeof *scaling->offset);
    memcpy(scaling->scale, w->scale + first, (size_t)count * sizeof *scaling->scale);
    return 1;
}

/* Of the targets along an axis of the model: "Passengers", "Passengers +12" where there are several horizons,
 * "remaining <= 30". */
static int name_targets(const Windows *w, int extent, struct lstmc_names *names)
{
    int by_horizon = w->ahead_count > 1 && w->ahead[0] >= 0 && extent == w->targets * w->ahead_count,
        count = by_horizon ? extent : w->targets;
    int done = lstmc_names_alloc(names, count);
    for (int i = 0; done && i < count; i++) {
        char name[256];
        int length = snprintf(name, sizeof name, "%.200s", w->names[w->columns + i % w->targets]);
        if (by_horizon)
            length += snprintf(name + length, sizeof name - (size_t)length, " +%d", w->ahead[i / w->targets]);
        if (w->options->at_most)
            length += lstmc_format(name + length, sizeof name - (size_t)length, " <= %g", *w->options->at_most);
        done = lstmc_names_set(names, i, name, (size_t)length);
    }
    return done;
}

/* How to read the numbers in the file's own unit. */
static int describe(const Windows *w, struct lstmc_meaning *meaning)
{
    const struct lstmc_model *model = w->model;
    meaning->is_relative = w->options->relative;
    int targets = model->target_rank ? model->target_shape[model->target_rank - 1] : 1;
    return lstmc_windows_describe_inputs(w, meaning) &&
           (model->target_is_class || describe_columns(w, w->columns, w->targets, &meaning->target)) &&
           name_targets(w, targets, &meaning->targets);
}

/* ---- data sets ---- */

static size_t count_samples(const Windows *w, const Rows *rows, int trains)
{
    size_t samples = 0;
    if (w->model->has_lengths)
        return lstmc_groups_count(w, rows, trains);
    for (size_t row = 0; row < rows->table.rows; row++)
        samples += (size_t)lstmc_windows_begin(w, rows, row, trains);
    return samples;
}

/* Each sample in turn. Of samples that are cut out of rows there is nothing to store; where the rows have a number that
 * the model does not take, it is looked for, and said if a sample has it. */
static int fill_samples(const Windows *w, const struct lstmc_cells *cells, const Rows *rows, int trains,
                        struct lstmc_dataset *data)
{
    struct lstmc_dataset one = { .samples = 0 };
    int stores = !cells || lstmc_cells_refused(cells), status = LSTMC_OK;
    if (cells && lstmc_dataset_alloc(w->model, 1, &one))
        status = lstmc_fail_memory(w->message, rows->path);
    for (size_t row = 0, sample = 0; sample < data->samples && !status; row++) {
        if (!lstmc_windows_begin(w, rows, row, trains))
            continue;
        if (stores)
            status = fill_sample(w, rows, cells ? &one : data, cells ? 0 : sample, row);
        if (!status)
            status = describe_sample(w, rows, data, sample++, row);
    }
    lstmc_dataset_free(&one);
    return status;
}

/* `cells`: the rows that samples are cut out of; NULL: they are stored one by one. */
static int make_samples(const Windows *w, struct lstmc_cells *cells, const Rows *rows, int trains, size_t samples,
                        struct lstmc_dataset *data)
{
    int status = cells ? lstmc_cuts_make(w, cells, rows, trains, samples, data)
                       : lstmc_dataset_alloc(w->model, samples, data);
    return status || !describe(w, &data->meaning) ? lstmc_fail_memory(w->message, rows->path) : LSTMC_OK;
}

static int fill_dataset(const Windows *w, struct lstmc_cells *cells, const Rows *rows, int trains, size_t samples,
                        struct lstmc_dataset *data)
{
    int is_forecast = w->options->sliding && w->ahead[0] > 0 && !w->model->target_is_class && !w->options->above;
    if (!samples)
        return LSTMC_OK;
    int status = make_samples(w, cells, rows, trains, samples, data);
    if (status)
        return status;
    if (is_forecast) {
        data->persistence = lstmc_alloc(samples * w->model->target_count * sizeof(float));
        if (!data->persistence)
            return lstmc_fail_memory(w->message, rows->path);
    }
    data->weights = w->options->weighs_steps ? lstmc_weights_per_sample(w->model) : 1;
    if (w->options->sample_weight && !(data->sample_weight = lstmc_alloc(samples * data->weights * sizeof(float))))
        return lstmc_fail_memory(w->message, rows->path);
    if (w->model->has_lengths)
        return lstmc_groups_fill(w, rows, data, trains);
    return fill_samples(w, cells, rows, trains, data);
}

/* Says what a person can change. */
static int no_samples(const Windows *w, const Rows *rows, int trains)
{
    const struct lstmc_csv_options *options = w->options;
    size_t cut = w->main.cut, all = w->main.table.rows, needed = lstmc_windows_rows(w);
    const char *word = needed == 1 ? "row" : "rows", *verb = trains ? "trains" : "is held out";
    if (options->group || options->validation || (options->missing && !strcmp(options->missing, "drop")))
        return lstmc_fail(w->message, LSTMC_MISMATCH,
                          "%.250s: nothing %s: nowhere are there %zu %s%s without a gap, as one sample takes",
                          rows->path, verb, needed, word, options->group ? " of one group" : "");
    const char *cure = all < needed ? "use a shorter window, or more rows"
                       : trains     ? "use a larger split, or a shorter window"
                                    : "use a smaller split, or 1 to hold out nothing";
    return lstmc_fail(w->message, LSTMC_MISMATCH,
                      "%.250s: nothing %s: %zu rows train and %zu are held out, but one sample takes %zu %s%s: %s",
                      rows->path, verb, cut, all - cut, needed, word,
                      w->ahead[w->ahead_count - 1] ? " (its window, and what it is asked for behind it)" : "", cure);
}

static int fill_both(const Windows *w, struct lstmc_dataset *training, struct lstmc_dataset *validation)
{
    const Rows *held_out = w->options->validation ? &w->held_out : &w->main;
    int holds_out = w->options->validation || w->options->split < 1;
    size_t samples = count_samples(w, &w->main, 1), held_out_samples = holds_out ? count_samples(w, held_out, 0) : 0;
    if (!samples)
        return no_samples(w, &w->main, 1);
    if (holds_out && !held_out_samples)
        return no_samples(w, held_out, 0);
    struct lstmc_cells *cells = NULL, *others = NULL;
    int cuts = lstmc_cuts_can(w), status = LSTMC_OK;
    if (cuts && (!(cells = lstmc_cells_create(w, &w->main)) ||
                 (held_out_samples && held_out != &w->main && !(others = lstmc_cells_create(w, held_out)))))
        status = lstmc_fail_memory(w->message, w->main.path);
    if (!status)
        status = fill_dataset(w, cells, &w->main, 1, samples, training);
    if (!status)
        status = fill_dataset(w, others ? others : cells, held_out, 0, held_out_samples, validation);
    lstmc_cells_free(cells);
    lstmc_cells_free(others);
    return status;
}

int lstmc_read_csv(const struct lstmc_model *model, const char *path, const struct lstmc_csv_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    Windows w = { .model = model,
                  .options = options,
                  .message = message,
                  .columns = options->column_count,
                  .main.path = path,
                  .held_out.path = options->validation };
    w.targets = options->target_count ? options->target_count : options->sliding ? options->column_count : 0;
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    int status = check_options(&w, options);
    if (!status)
        status = fit_model(&w, options);
    if (!status)
        status = fit_weights(&w);
    if (!status)
        status = read_all(&w);
    if (!status)
        status = lstmc_windows_normalize(&w);
    if (!status)
        status = fill_both(&w, training, validation);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    } else
        training->notes = w.notes;
    free(w.names);
    free(w.ahead);
    free(w.place);
    free(w.offset);
    free(w.scale);
    lstmc_table_free(&w.main.table);
    lstmc_table_free(&w.held_out.table);
    return status;
}
