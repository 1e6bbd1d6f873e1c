/* data_source.c: in: what the description says of its data.  out: data sets, read by the runtime or drawn by the description's function. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#define VALIDATION_INDEX (UINT64_C(1) << 40)    /* held-out samples are drawn far behind the training ones */

static int at_most(int limit, int count)         /* limit 0: none */
{
    return limit && limit < count ? limit : count;
}

/* Most functions say no weights; room for them comes with the first that is said. */
static bool keep_weight(struct lstmc_dataset *data, size_t sample, float weight)
{
    if (weight < 0 && !data->sample_weight)
        return true;
    if (!data->sample_weight) {
        data->sample_weight = lstmc_alloc(data->samples * sizeof *data->sample_weight);
        for (size_t i = 0; data->sample_weight && i < data->samples; i++)
            data->sample_weight[i] = 1;
    }
    if (data->sample_weight && weight >= 0)
        data->sample_weight[sample] = weight;
    return data->sample_weight != NULL;
}

static int draw(Description *description, uint64_t seed, uint64_t first, int count, struct lstmc_dataset *data,
                struct lstmc_message *message)
{
    const struct lstmc_model *m = &description_model(description)->descriptor;
    int status = lstmc_dataset_alloc(m, (size_t)count, data);
    if (status) {
        snprintf(message->text, sizeof message->text, "no memory for %d samples", count);
        return status;
    }
    for (int i = 0; i < count; i++) {
        void *x = (char *)data->x + (size_t)i * m->input_count * 4, *y = (char *)data->y + (size_t)i * m->target_count * 4;
        float weight;
        if (!description_sample(description, seed, first + (uint64_t)i, x, y, &weight)) {
            message->text[0] = 0;       /* the description's own diagnostic says it */
            return LSTMC_BAD_FILE;
        }
        if (!keep_weight(data, (size_t)i, weight)) {
            snprintf(message->text, sizeof message->text, "no memory for %d samples", count);
            return LSTMC_NO_MEMORY;
        }
    }
    return LSTMC_OK;
}

static int read_csv(const Model *model, struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    const Data *data = &model->data;
    struct lstmc_csv_options options = {
        .columns = data->columns, .column_count = data->column_count, .targets = data->targets, .target_count = data->target_count,
        .sliding = data->sliding, .window = data->window, .horizon = data->horizon, .normalization = data->normalization,
        .split = data->split,
    };
    return lstmc_read_csv(&model->descriptor, data->x, &options, training, validation, message);
}

static enum lstmc_text_unit unit_of(const char *level)
{
    return level && !strcmp(level, "word") ? LSTMC_WORDS : LSTMC_CHARACTERS;
}

static int read_lines(const Model *model, struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    const Data *data = &model->data;
    struct lstmc_lines_options options = {
        .files = data->files, .file_count = data->file_count, .folder = data->folder, .except = data->except, .except_count = data->except_count,
        .separator = data->separator[0], .has_header = data->has_header, .text = data->text, .label = data->label,
        .target_text = data->target_text, .labels = data->labels, .label_count = data->label_count, .unit = unit_of(data->level),
        .target_unit = unit_of(data->target_level), .lower = data->lower, .vocabulary = data->vocabulary,
        .target_vocabulary = data->target_vocabulary, .pads_front = data->pads_front, .split = data->split, .seed = data->seed,
    };
    return lstmc_read_lines(&model->descriptor, &options, training, validation, message);
}

int data_source_load(Description *description, const Arguments *arguments, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation, struct lstmc_message *message)
{
    const Model *model = description_model(description);
    const Data *data = &model->data;
    const struct lstmc_model *m = &model->descriptor;
    uint64_t seed = arguments->seed ? arguments->seed : model->seed;
    int status = LSTMC_OK;
    switch (data->kind) {
    case DATA_NPY:
        status = lstmc_read_npy(m, data->x, data->y, data->vocabulary, data->unknown, training, message);
        if (!status && data->validation_x)
            status = lstmc_read_npy(m, data->validation_x, data->validation_y, data->vocabulary, data->unknown, validation, message);
        break;
    case DATA_CSV:
        status = read_csv(model, training, validation, message);
        break;
    case DATA_CHARACTERS:
        status = lstmc_read_characters(m, data->x, data->window, data->split, training, validation, message);
        break;
    case DATA_LINES:
        status = read_lines(model, training, validation, message);
        break;
    case DATA_SAMPLES:
        status = draw(description, seed, 0, at_most(arguments->samples, data->samples), training, message);
        if (!status)
            status = draw(description, seed, VALIDATION_INDEX, at_most(arguments->samples, data->validation_samples), validation, message);
        break;
    case DATA_NONE:
        snprintf(message->text, sizeof message->text, "the description names no data (data = npy{...}, csv{...}, characters{...}, lines{...} or samples(...))");
        return LSTMC_MISMATCH;
    }
    if (!status && arguments->samples) {
        size_t most = (size_t)arguments->samples;
        training->samples = training->samples < most ? training->samples : most;
        validation->samples = validation->samples < most ? validation->samples : most;
    }
    if (!status && model->validation_split > 0 && !validation->samples)
        lstmc_split_validation(m, training, model->validation_split, validation);
    return status;
}
