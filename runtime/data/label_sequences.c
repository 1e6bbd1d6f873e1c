/* label_sequences.c: in: labels of whole samples, as many as each has.  out: the targets of a model whose loss is
 * "ctc", with blanks behind the labels; and whether the model can say so many. */
#include "dataset.h"
#include "labels.h"
#include "runtime/base/message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void lstmc_store_labels(const struct lstmc_model *model, struct lstmc_dataset *data, size_t sample,
                        const int32_t *labels, int count)
{
    int32_t *to = (int32_t *)data->y + sample * model->target_count;
    for (int i = 0; i < (int)model->target_count; i++)
        to[i] = i < count ? labels[i] : lstmc_blank(model);
}

/* ---- whether they fit ---- */

/* How many steps of the sample count in an output of so many. */
static int steps_that_count(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample, int steps)
{
    int read = model->inputs ? 0 : model->input_shape[0];
    for (int k = 0; model->inputs && k < model->input_arrays && !read; k++)
        read = model->inputs[k].shape[0] == steps ? steps : 0;
    if (!model->has_lengths || !data->lengths || read != steps)
        return steps;
    int32_t length = data->lengths[sample];
    return length < 0 ? 0 : length < steps ? length : steps;
}

static int check_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample, void *room,
                        const struct lstmc_array *target, int steps, const char *what, struct lstmc_message *message)
{
    const int32_t *labels = (const int32_t *)lstmc_sample_targets(model, data, sample, room) + target->offset;
    int most = (int)target->count, count = lstmc_labels_count(labels, most, target->ignored_class);
    for (int i = count; i < most; i++)
        if (labels[i] != target->ignored_class)
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "%.250s: row %zu (from 0): label %d is the blank, %d, and label %d behind it is %d: "
                              "blanks stand behind all labels",
                              what, sample, count, target->ignored_class, i, (int)labels[i]);
    int there = steps_that_count(model, data, sample, steps), needed = lstmc_labels_steps(labels, count);
    if (needed <= there)
        return LSTMC_OK;
    char repeats[80] = "";
    if (needed > count)
        snprintf(repeats, sizeof repeats, ", %d of them the one before once more, which a blank parts,",
                 needed - count);
    return lstmc_fail(message, LSTMC_MISMATCH,
                      "%.250s: row %zu (from 0): %d labels%s need %d steps, and of the output %d count", what, sample,
                      count, repeats, needed, there);
}

int lstmc_check_labels(const struct lstmc_model *model, const struct lstmc_dataset *data, const char *what,
                       struct lstmc_message *message)
{
    const struct lstmc_array only = { .count = model->target_count, .ignores_class = model->ignores_class,
                                      .ignored_class = model->ignored_class };
    int parts = model->targets ? model->output_arrays : 1, status = LSTMC_OK;
    void *room = malloc(model->target_count * sizeof(int32_t));
    if (!room)
        return lstmc_fail_memory(message, what);
    for (int k = 0; k < parts && !status; k++) {
        const struct lstmc_array *target = model->targets ? &model->targets[k] : &only;
        int steps = model->outputs ? model->outputs[k].shape[0] : model->output_shape[0];
        if (target->ignores_class != LSTMC_BLANK_BEHIND_LABELS)
            continue;
        for (size_t sample = 0; sample < data->samples && !status; sample++)
            status = check_sample(model, data, sample, room, target, steps, what, message);
    }
    free(room);
    return status;
}

/* ---- array files ---- */

struct files {
    const char *path, *lengths_path;
    struct lstmc_npy labels, lengths;
};

static int check_shapes(const struct lstmc_model *model, const struct files *f, const struct lstmc_dataset *data,
                        struct lstmc_message *message)
{
    if (lstmc_blank(model) < 0)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: labels of whole samples need one output and the loss \"ctc\"",
                          f->path);
    if (f->labels.rank != 2 || f->labels.shape[0] != data->samples)
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: must be labels of %zu samples, {%zu, labels}", f->path,
                          data->samples, data->samples);
    if (f->lengths_path && (f->lengths.rank != 1 || f->lengths.count != data->samples))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: must be one whole number for each of %zu samples, not %zu",
                          f->lengths_path, data->samples, f->lengths.count);
    return LSTMC_OK;
}

/* How many labels the row has; what stands behind them is whatever it is where lengths say that, else blanks. */
static int count_labels(const struct files *f, size_t sample, int blank, size_t *count, struct lstmc_message *message)
{
    size_t wide = f->labels.shape[1];
    for (*count = wide; !f->lengths_path && *count > 0; --*count)
        if (lstmc_npy_value(&f->labels, sample * wide + *count - 1) != (double)blank)
            break;
    if (!f->lengths_path)
        return LSTMC_OK;
    double length = lstmc_npy_value(&f->lengths, sample);
    if (!(length >= 0 && length <= (double)wide) || length != floor(length))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: row %zu (from 0): %.9g is no number of labels from 0 to %zu, which %.100s has room "
                          "for", f->lengths_path, sample, length, wide, f->path);
    *count = (size_t)length;
    return LSTMC_OK;
}

static int take_row(const struct lstmc_model *model, const struct files *f, size_t sample, struct lstmc_dataset *data,
                    struct lstmc_message *message)
{
    int blank = lstmc_blank(model), classes = model->output_shape[model->output_rank - 1];
    int32_t *to = (int32_t *)data->y + sample * model->target_count;
    size_t count, wide = f->labels.shape[1];
    int status = count_labels(f, sample, blank, &count, message);
    if (status)
        return status;
    if (count > model->target_count)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: row %zu (from 0): has %zu labels, and the loss takes %zu: CTC{labels = %zu}",
                          f->path, sample, count, model->target_count, count);
    for (size_t i = 0; i < model->target_count; i++) {
        double value = i < count ? lstmc_npy_value(&f->labels, sample * wide + i) : (double)blank;
        if (!(value >= 0 && value < classes) || value != floor(value))
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "%.250s: row %zu, column %zu (from 0): %.9g is no whole number in [0, %d)", f->path,
                              sample, i, value, classes);
        if (i < count && (int)value == blank)
            return lstmc_fail(message, LSTMC_MISMATCH,
                              "%.250s: row %zu, column %zu (from 0): a blank, %d, among the labels: it stands behind "
                              "them", f->path, sample, i, blank);
        to[i] = (int32_t)value;
    }
    return LSTMC_OK;
}

int lstmc_read_labels(const struct lstmc_model *model, const char *path, const char *lengths_path,
                      struct lstmc_dataset *data, struct lstmc_message *message)
{
    struct files f = { .path = path, .lengths_path = lengths_path };
    int status = lstmc_npy_read(path, &f.labels, message);
    if (!status && lengths_path)
        status = lstmc_npy_read(lengths_path, &f.lengths, message);
    if (!status)
        status = check_shapes(model, &f, data, message);
    for (size_t sample = 0; !status && sample < data->samples; sample++)
        status = take_row(model, &f, sample, data, message);
    lstmc_npy_free(&f.labels);
    lstmc_npy_free(&f.lengths);
    return status;
}
