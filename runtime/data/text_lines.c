/* text_lines.c: in: lines of text, each a text of its own.  out: samples whose next token is predicted: a line and the
 * same moved by one token, or each of its prefixes and the token behind it. */
#include "dataset.h"
#include "next_token.h"
#include "runtime/base/message.h"

#include <stdint.h>
#include <stdlib.h>

/* Lines as ids. A line is begun by the end of the one before, so that its first token is predicted too, and by what
 * trained ends of lines: "\n", t1 ... tn, "\n". */
struct lines {
    const struct lstmc_model *model;
    const struct lstmc_text_rows *rows;
    int *id;                            /* of each token's number */
    int line_end;                       /* its number */
};

/* Token `at` of a line, from 0 to one behind its own. */
static int32_t id_at(const struct lines *lines, const struct lstmc_text_row *row, int at)
{
    int is_end = at == 0 || at > row->text_count;
    return lines->id[is_end ? lines->line_end : lines->rows->numbers[row->text + (size_t)at - 1]];
}

/* `count` tokens from `first` on, which fit into `length` places, the last of them or the first. */
static void store(const struct lines *lines, const struct lstmc_text_row *row, int first, int count, int length,
                  int at_the_end, int32_t *to)
{
    for (int i = 0; i < count; i++)
        to[at_the_end ? length - count + i : i] = id_at(lines, row, first + i);
}

/* A line, and at each step what follows; zeros behind, which nothing before them sees. What is longer than the window
 * goes on in another. */
static void store_line(const struct lines *lines, const struct lstmc_text_row *row, size_t sample,
                       struct lstmc_dataset *data)
{
    int steps = (int)lines->model->input_count, tokens = row->text_count + 1;
    for (int first = 0; first < tokens; first += steps, sample++) {
        int count = tokens - first < steps ? tokens - first : steps;
        size_t place = sample * (size_t)steps;
        store(lines, row, first, count, steps, 0, (int32_t *)data->x + place);
        store(lines, row, first + 1, count, steps, 0, (int32_t *)data->y + place);
        if (data->lengths)
            data->lengths[sample] = count;
    }
}

/* Every prefix of a line, and the token behind it. Of a long one the last tokens are read, whatever stands in front. */
static void store_prefixes(const struct lines *lines, const struct lstmc_text_row *row, size_t sample,
                           struct lstmc_dataset *data)
{
    size_t steps = lines->model->input_count;
    for (int count = 1; count <= row->text_count + 1; count++, sample++) {
        int first = count > (int)steps ? count - (int)steps : 0;
        store(lines, row, first, count - first, (int)steps, lines->rows->options->pads_front,
              (int32_t *)data->x + sample * steps);
        ((int32_t *)data->y)[sample] = id_at(lines, row, count);
        if (data->lengths)
            data->lengths[sample] = count;
    }
}

static size_t samples_of(const struct lines *lines, const struct lstmc_text_row *row)
{
    size_t tokens = (size_t)row->text_count + 1, steps = lines->model->input_count;
    return lines->model->output_rank > 1 ? (tokens + steps - 1) / steps : tokens;
}

static int fill(const struct lines *lines, struct lstmc_text_part part, struct lstmc_dataset *data)
{
    int each_step = lines->model->output_rank > 1;
    size_t samples = 0;
    for (size_t r = 0; r < part.count; r++)
        samples += samples_of(lines, part.row[r]);
    int status = lstmc_dataset_alloc_described(lines->model, samples, data);
    if (status)
        return lstmc_fail_memory(lines->rows->message, "the samples");
    for (size_t r = 0, sample = 0; r < part.count; r++) {
        if (each_step)
            store_line(lines, part.row[r], sample, data);
        else
            store_prefixes(lines, part.row[r], sample, data);
        sample += samples_of(lines, part.row[r]);
    }
    return LSTMC_OK;
}

/* Ends of lines are always kept: a text that cannot end is none. */
static void count_tokens(const struct lines *lines, struct lstmc_text_part part, size_t *frequency)
{
    for (size_t r = 0; r < part.count; r++)
        for (int i = 0; i < part.row[r]->text_count; i++)
            frequency[lines->rows->numbers[part.row[r]->text + (size_t)i]]++;
    frequency[lines->line_end] = SIZE_MAX;
}

int lstmc_text_lines(const struct lstmc_model *model, struct lstmc_text_rows *rows, struct lstmc_text_part trains,
                     struct lstmc_text_part held_out, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation)
{
    const struct lstmc_lines_options *options = rows->options;
    struct lines lines = { .model = model, .rows = rows,
                           .line_end = lstmc_tokens_number(&rows->text, (struct lstmc_token){ "\n", 1 }) };
    int status = lstmc_next_token_check(model, rows->files[0], options->unit, (int)model->input_count, rows->message);
    if (!status && options->pads_front && model->output_rank > 1)
        status = lstmc_fail(rows->message, LSTMC_MISMATCH,
                            "%.250s: zeros in front would tell a model that says at each step which token is next "
                            "how long the line is going to be", rows->files[0]);
    size_t *frequency = calloc(rows->text.count + 1, sizeof *frequency);
    lines.id = calloc(rows->text.count + 1, sizeof *lines.id);
    if (!status && (!frequency || !lines.id || lines.line_end < 0))
        status = lstmc_fail_memory(rows->message, "the vocabulary");
    if (!status) {
        struct lstmc_meaning *meaning = &training->meaning;
        struct lstmc_counted counted = { &rows->text, frequency, options->vocabulary, options->unit, rows->files[0] };
        count_tokens(&lines, trains, frequency);
        meaning->is_lower = options->lower;
        meaning->pads_front = options->pads_front;
        meaning->between_line_ends = 1;
        status = lstmc_next_token_ids(model, &counted, lines.id, meaning, rows->message);
    }
    if (!status)
        status = fill(&lines, trains, training);
    if (!status)
        status = fill(&lines, held_out, validation);
    free(frequency);
    free(lines.id);
    return status;
}
