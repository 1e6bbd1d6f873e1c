/* line_samples.c: in: rows of ids, each with its label or with a second text.  out: a sample of each, made when
 * somebody asks for it. */
#include "dataset.h"
#include "teacher.h"

#include <stdlib.h>
#include <string.h>

/* Of one data set, for its x and its y. */
struct samples {
    int users;
    struct lstmc_text_part part;
    int pads_front, has_label;
    size_t inputs, targets;             /* numbers of x and y */
    struct place {
        size_t first;
        int length;
    } text, said;                       /* in x; said.length 0: no decoder reads */
    struct lstmc_label_form label;
};

static void make_inputs(const void *context, size_t sample, void *to)
{
    const struct samples *samples = context;
    const struct lstmc_text_row *row = samples->part.row[sample];
    const int *ids = samples->part.store->ids;
    int32_t *x = to;
    memset(x, 0, samples->inputs * sizeof *x);
    lstmc_text_place(ids + row->text, row->text_count, samples->pads_front, samples->text.length,
                     x + samples->text.first);
    if (samples->said.length)
        lstmc_teacher_reads(ids + row->target, row->target_count, samples->said.length, x + samples->said.first);
}

static void make_targets(const void *context, size_t sample, void *to)
{
    const struct samples *samples = context;
    const struct lstmc_text_row *row = samples->part.row[sample];
    const int *ids = samples->part.store->ids;
    if (samples->has_label)
        lstmc_label_store(&samples->label, row->label, to);
    else if (samples->said.length)
        lstmc_teacher_says(ids + row->target, row->target_count, samples->said.length, to);
    else
        lstmc_text_place(ids + row->target, row->target_count, 0, (int)samples->targets, to);
}

static void free_samples(void *context)
{
    struct samples *samples = context;
    if (--samples->users)
        return;
    lstmc_text_store_leave(samples->part.store);
    free(samples);
}

int lstmc_line_samples(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                       struct lstmc_text_part part, struct lstmc_dataset *data)
{
    int status = lstmc_dataset_made(model, part.count, data);
    for (size_t row = 0; data->lengths && row < part.count; row++)
        data->lengths[row] = part.row[row]->text_count;
    struct samples *samples = status || !part.count ? NULL : malloc(sizeof *samples);
    if (!samples)
        return part.count ? LSTMC_NO_MEMORY : status;
    *samples = (struct samples){ .users = 2, .part = part, .pads_front = options->pads_front,
                                 .has_label = !options->target_text, .inputs = model->input_count,
                                 .targets = model->target_count, .text = { 0, (int)model->input_count },
                                 .label = lstmc_label_form(model) };
    if (options->has_decoder) {
        const struct lstmc_array *text = lstmc_teacher_input(model, options, 0),
                                 *said = lstmc_teacher_input(model, options, 1);
        samples->text = (struct place){ text->offset, (int)text->count };
        samples->said = (struct place){ said->offset, (int)said->count };
    }
    part.store->users++;
    data->x_source = (struct lstmc_source){ make_inputs, samples, free_samples };
    data->y_source = (struct lstmc_source){ make_targets, samples, free_samples };
    return LSTMC_OK;
}
