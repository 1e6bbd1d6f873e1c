/* text_lines.c: in: lines of text, each a text of its own.  out: samples whose next token is predicted: a line and the
 * same moved by one token, or each of its prefixes and the token behind it; made when somebody asks for them. */
#include "dataset.h"
#include "next_token.h"
#include "runtime/base/message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids ---- */

/* Ends of lines are always kept: a text that cannot end is none. */
static void count_tokens(const struct lstmc_text_rows *rows, const struct lstmc_text_part *part, int line_end,
                         size_t *frequency)
{
    for (size_t r = 0; r < part->count; r++)
        for (int i = 0; i < part->row[r]->text_count; i++)
            frequency[rows->numbers[part->row[r]->text + (size_t)i]]++;
    frequency[line_end] = SIZE_MAX;
}

static int check_model(const struct lstmc_model *model, const struct lstmc_text_rows *rows)
{
    int status = lstmc_next_token_check(model, rows->files[0], rows->options->unit, (int)model->input_count,
                                        rows->message);
    if (status || !rows->options->pads_front || model->output_rank < 2)
        return status;
    return lstmc_fail(rows->message, LSTMC_MISMATCH,
                      "%.250s: zeros in front would tell a model that says at each step which token is next how long "
                      "the line is going to be", rows->files[0]);
}

int lstmc_text_lines_number(const struct lstmc_model *model, struct lstmc_text_rows *rows,
                            const struct lstmc_text_part *trains, struct lstmc_meaning *meaning, int *line_end)
{
    const struct lstmc_lines_options *options = rows->options;
    int end = lstmc_tokens_number(&rows->text, (struct lstmc_token){ "\n", 1 }), status = check_model(model, rows);
    size_t *frequency = calloc(rows->text.count + 1, sizeof *frequency);
    int *id = calloc(rows->text.count + 1, sizeof *id);
    if (!status && (!frequency || !id || end < 0))
        status = lstmc_fail_memory(rows->message, "the vocabulary");
    if (!status) {
        struct lstmc_counted counted = { &rows->text, frequency, options->vocabulary, options->unit, rows->files[0] };
        count_tokens(rows, trains, end, frequency);
        meaning->is_lower = options->lower;
        meaning->pads_front = options->pads_front;
        meaning->between_line_ends = 1;
        status = lstmc_next_token_ids(model, &counted, id, meaning, rows->message);
    }
    for (size_t row = 0; row < rows->count && !status; row++)
        lstmc_text_number(rows->numbers + rows->rows[row].text, rows->rows[row].text_count, id);
    if (!status)
        *line_end = id[end];
    free(frequency);
    free(id);
    return status;
}

/* ---- samples ---- */

/* Of one data set, for its x and its y. A line is begun by the end of the one before, so that its first token is
 * predicted too, and by what trained ends of lines: "\n", t1 ... tn, "\n". */
struct samples {
    int users;
    struct lstmc_text_part part;
    size_t *first;                      /* [rows + 1]: sample of each */
    int steps, each_step, pads_front;
    int32_t line_end;
};

/* The line of a sample, and the number of the sample in it. */
static const struct lstmc_text_row *find_row(const struct samples *samples, size_t sample, int *number)
{
    size_t low = 0, high = samples->part.count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (samples->first[middle] <= sample)
            low = middle;
        else
            high = middle;
    }
    *number = (int)(sample - samples->first[low]);
    return samples->part.row[low];
}

/* Token `at` of a line, from 0 to one behind its own. */
static int32_t id_at(const struct samples *samples, const struct lstmc_text_row *row, int at)
{
    int is_end = at == 0 || at > row->text_count;
    return is_end ? samples->line_end : samples->part.store->ids[row->text + (size_t)at - 1];
}

/* Which tokens a sample reads. A line at each step is followed by zeros, which nothing before them sees; what is longer
 * than the window goes on in another sample. Of a long prefix the last tokens are read, whatever stands in front. */
struct reads {
    int first, count;
};

static struct reads reads_of(const struct samples *samples, const struct lstmc_text_row *row, int number)
{
    const int steps = samples->steps, tokens = row->text_count + 1, first = number * steps, prefix = number + 1;
    if (samples->each_step)
        return (struct reads){ first, tokens - first < steps ? tokens - first : steps };
    return (struct reads){ prefix > steps ? prefix - steps : 0, prefix < steps ? prefix : steps };
}

static void make_inputs(const void *context, size_t sample, void *to)
{
    const struct samples *samples = context;
    int number, steps = samples->steps;
    const struct lstmc_text_row *row = find_row(samples, sample, &number);
    struct reads reads = reads_of(samples, row, number);
    int32_t *x = to;
    memset(x, 0, (size_t)steps * sizeof *x);
    x += samples->pads_front ? steps - reads.count : 0;
    for (int i = 0; i < reads.count; i++)
        x[i] = id_at(samples, row, reads.first + i);
}

static void make_targets(const void *context, size_t sample, void *to)
{
    const struct samples *samples = context;
    int number;
    const struct lstmc_text_row *row = find_row(samples, sample, &number);
    struct reads reads = reads_of(samples, row, number);
    int32_t *y = to;
    if (!samples->each_step) {
        *y = id_at(samples, row, reads.first + reads.count);
        return;
    }
    memset(y, 0, (size_t)samples->steps * sizeof *y);
    for (int i = 0; i < reads.count; i++)
        y[i] = id_at(samples, row, reads.first + 1 + i);
}

static void free_samples(void *context)
{
    struct samples *samples = context;
    if (--samples->users)
        return;
    lstmc_text_store_leave(samples->part.store);
    free(samples->first);
    free(samples);
}

static int samples_of(const struct samples *samples, const struct lstmc_text_row *row)
{
    int tokens = row->text_count + 1, steps = samples->steps;
    return samples->each_step ? (tokens + steps - 1) / steps : tokens;
}

/* How many tokens of each sample count. */
static void store_lengths(const struct samples *samples, int32_t *length)
{
    for (size_t r = 0; r < samples->part.count; r++)
        for (int number = 0, count = samples_of(samples, samples->part.row[r]); number < count; number++)
            *length++ = samples->each_step ? reads_of(samples, samples->part.row[r], number).count : number + 1;
}

int lstmc_text_line_samples(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                            struct lstmc_text_part part, int line_end, struct lstmc_dataset *data)
{
    if (!part.count)
        return lstmc_dataset_made(model, 0, data);
    struct samples *samples = malloc(sizeof *samples);
    if (!samples)
        return LSTMC_NO_MEMORY;
    *samples = (struct samples){ .users = 2, .part = part, .steps = (int)model->input_count,
                                 .each_step = model->output_rank > 1, .pads_front = options->pads_front,
                                 .first = calloc(part.count + 1, sizeof *samples->first), .line_end = line_end };
    part.store->users++;
    for (size_t r = 0; samples->first && r < part.count; r++)
        samples->first[r + 1] = samples->first[r] + (size_t)samples_of(samples, part.row[r]);
    int status = samples->first ? lstmc_dataset_made(model, samples->first[part.count], data) : LSTMC_NO_MEMORY;
    if (!status && data->lengths)
        store_lengths(samples, data->lengths);
    data->x_source = (struct lstmc_source){ make_inputs, samples, free_samples };
    data->y_source = (struct lstmc_source){ make_targets, samples, free_samples };
    return status;
}
