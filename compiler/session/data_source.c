/* data_source.c: in: what the description says of its data.  out: data sets, read by the runtime or drawn by the
 * description's function. */
#include "arguments.h"
#include "compiler/front/data_path.h"

#include "runtime/data/dataset.h"
#include "runtime/base/message.h"
#include "runtime/text/text.h"

#include <stdio.h>
#include <string.h>

static int at_most(int limit, int count)         /* limit 0: none */
{
    return limit && limit < count ? limit : count;
}

/* Most functions say no weights; room for them comes with the first that is said. */
static bool keep_weights(struct lstmc_dataset *data, size_t sample, const float *weights)
{
    bool said = weights[0] >= 0;
    if (!said && !data->sample_weight)
        return true;
    if (!data->sample_weight) {
        data->sample_weight = lstmc_alloc(data->samples * data->weights * sizeof *data->sample_weight);
        for (size_t i = 0; data->sample_weight && i < data->samples * data->weights; i++)
            data->sample_weight[i] = 1;
    }
    if (data->sample_weight && said)
        memcpy(data->sample_weight + sample * data->weights, weights, data->weights * sizeof *weights);
    return data->sample_weight != NULL;
}

static int draw_samples(Description *description, uint64_t seed, uint64_t first, int count,
                        struct lstmc_dataset *data, float *weights, struct lstmc_message *message)
{
    const struct lstmc_model *m = &description_model(description)->descriptor;
    for (int i = 0; i < count; i++) {
        void *x = (char *)data->x + (size_t)i * m->input_count * 4,
             *y = (char *)data->y + (size_t)i * m->target_count * 4;
        int32_t length;
        if (!description_sample(description, seed, first + (uint64_t)i, x, y, weights, &length)) {
            message->text[0] = 0;       /* the description's own diagnostic says it */
            return LSTMC_BAD_FILE;
        }
        if (data->lengths)
            data->lengths[i] = length;
        if (!keep_weights(data, (size_t)i, weights))
            return LSTMC_NO_MEMORY;
    }
    return LSTMC_OK;
}

static int draw(Description *description, uint64_t seed, uint64_t first, int count, struct lstmc_dataset *data,
                struct lstmc_message *message)
{
    const struct lstmc_model *m = &description_model(description)->descriptor;
    int status = lstmc_dataset_alloc(m, (size_t)count, data);
    data->weights = lstmc_weights_per_sample(m);
    float *weights = lstmc_alloc(data->weights * sizeof *weights);
    if (!status)
        status = weights ? draw_samples(description, seed, first, count, data, weights, message) : LSTMC_NO_MEMORY;
    if (status == LSTMC_NO_MEMORY)
        snprintf(message->text, sizeof message->text, "no memory for %d samples", count);
    lstmc_free(weights);
    return status;
}

static int read_csv(const Model *model, const Data *data, struct lstmc_dataset *training,
                    struct lstmc_dataset *validation, struct lstmc_message *message)
{
    const struct lstmc_model *m = &model->descriptor;
    struct lstmc_csv_options options = {
        .columns = data->columns,
        .column_count = data->column_count,
        .input_columns = data->input_columns,
        .input_count = data->input_count,
        .targets = data->targets,
        .target_count = data->target_count,
        .sliding = data->sliding,
        .window = data->window,
        .horizons = data->horizons,
        .horizon_count = data->horizon_count,
        .header = data->header,
        .sample_weight = data->sample_weight,
        .weighs_steps = data->sample_weight && model->weighs_steps,
        .group = data->group,
        .missing = data->missing,
        .at_most = data->at_most,
        .above = data->above,
        .relative = data->relative,
        .normalization = data->normalization,
        .split = data->split,
        .validation = data->validation_x,
        .validation_remaining = data->validation_remaining,
        .last_only = data->last_only,
        .unpack = lstmc_gunzip,
    };
    return lstmc_read_csv(m, data->x, &options, training, validation, message);
}

/* The names of the classes go where predictions are printed. */
static int take_labels(const struct lstmc_model *m, const Data *data, struct lstmc_dataset *training,
                       struct lstmc_message *message)
{
    struct lstmc_names *labels = &training->meaning.labels;
    int has_blank = lstmc_blank(m) >= 0, first = lstmc_blank(m) == 0;
    int classes = (lstmc_classes(m) > 1 ? lstmc_classes(m) : 2) - has_blank;        /* which has no name */
    if (data->label_count != classes) {
        snprintf(message->text, sizeof message->text,
                 "line %d: samples: there are %d labels, but the model tells %d classes apart", data->line,
                 data->label_count, classes);
        return LSTMC_MISMATCH;
    }
    for (int i = 0; i < classes; i++)
        if (lstmc_text_well_formed(data->labels[i], strlen(data->labels[i])) < strlen(data->labels[i])) {
            snprintf(message->text, sizeof message->text, "line %d: samples: label %d is no UTF-8", data->line, i + 1);
            return LSTMC_MISMATCH;
        }
    int done = lstmc_names_alloc(labels, classes + has_blank);
    for (int i = 0; done && i < classes; i++)
        done = lstmc_names_set(labels, first + i, data->labels[i], strlen(data->labels[i]));
    if (!done)
        snprintf(message->text, sizeof message->text, "no memory for %d labels", classes);
    return done ? LSTMC_OK : LSTMC_NO_MEMORY;
}

static int draw_both(Description *description, const Data *data, const Arguments *arguments,
                     struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    const Model *model = description_model(description);
    uint64_t seed = arguments->seed ? arguments->seed : model->seed;
    int status = draw(description, seed, 0, at_most(arguments->samples, data->samples), training, message);
    if (!status)
        status = draw(description, seed, VALIDATION_INDEX, at_most(arguments->samples, data->validation_samples),
                      validation, message);
    if (!status && data->label_count)
        status = take_labels(&model->descriptor, data, training, message);
    return status;
}

static enum lstmc_text_unit unit_of(const char *level)
{
    return level && !strcmp(level, "word") ? LSTMC_WORDS : LSTMC_CHARACTERS;
}

/* Text that goes on. */
static int read_text(const struct lstmc_model *m, const Data *data, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation, struct lstmc_message *message)
{
    bool is_replaced = data->x != NULL, bytes = data->level && !strcmp(data->level, "byte");
    struct lstmc_text_options options = {
        .files = is_replaced ? &data->x : data->files, .file_count = is_replaced ? 1 : data->file_count,
        .unit = data->kind == DATA_WORDS ? LSTMC_WORDS_AND_LINES : bytes ? LSTMC_BYTES : LSTMC_CHARACTERS,
        .lower = data->lower, .vocabulary = data->vocabulary, .window = data->window, .split = data->split,
    };
    return lstmc_read_text(m, &options, training, validation, message);
}

static int read_lines(const Model *model, const Data *data, struct lstmc_dataset *training,
                      struct lstmc_dataset *validation, struct lstmc_message *message)
{
    bool is_replaced = data->x != NULL;
    struct lstmc_lines_options options = {
        .files = is_replaced ? &data->x : data->files, .file_count = is_replaced ? 1 : data->file_count,
        .folder = is_replaced ? NULL : data->folder, .except = data->except, .except_count = data->except_count,
        .separator = data->separator[0], .has_header = data->has_header, .text = data->text, .label = data->label,
        .target_text = data->target_text, .labels = data->labels, .label_count = data->label_count,
        .unit = unit_of(data->level), .target_unit = unit_of(data->target_level), .lower = data->lower,
        .vocabulary = data->vocabulary, .target_vocabulary = data->target_vocabulary, .pads_front = data->pads_front,
        .split = data->split, .seed = data->seed, .next_token = data->next_token,
        .has_decoder = model->has_decoder, .decoder = model->decoder,
    };
    return lstmc_read_lines(&model->descriptor, &options, training, validation, message);
}

static int read_wav(const struct lstmc_model *m, const Data *data, struct lstmc_dataset *training,
                    struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct lstmc_wav_options options = {
        .folder = data->folder,
        .separator = data->separator[0],
        .label = data->label,
        .labels = data->labels,
        .label_count = data->label_count,
        .test_field = data->test_field,
        .test_names = data->test_among,
        .test_count = data->test_count,
        .test_at_most = data->test_at_most,
        .split = data->split,
        .seed = data->seed,
        .sample_rate = data->sample_rate,
        .frame = data->frame,
        .step = data->step,
        .low = data->low,
        .high = data->high,
        .pads_front = data->pads_front,
        .join_least = data->join_least,
        .join_most = data->join_most,
        .join_training = data->samples,
        .join_held_out = data->validation_samples,
        .gap = data->gap,
    };
    return lstmc_read_wav(m, &options, training, validation, message);
}

static int read_ts(const struct lstmc_model *m, const Data *data, struct lstmc_dataset *training,
                   struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct lstmc_ts_options options = { .file = data->x, .validation = data->validation_x, .labels = data->labels,
                                        .label_count = data->label_count, .normalization = data->normalization };
    return lstmc_read_ts(m, &options, training, validation, message);
}

static int read_multi_hot(const struct lstmc_model *m, const Data *data, struct lstmc_dataset *training,
                          struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct lstmc_multi_hot_options options = { .file = data->x, .training = data->training_part,
                                               .validation = data->validation_part, .first = data->first };
    return lstmc_read_multi_hot(m, &options, training, validation, message);
}

/* Where the steps of a part end, if that is said: one of the two; and where its labels do. */
typedef struct Ends {
    const char *lengths, *offsets, *labels;
} Ends;

/* The files of all inputs and targets; NULL where there is one, which is x or y; y NULL: inputs alone. */
static int read_samples_of_npy(const struct lstmc_model *m, const Data *data, const char *const *inputs, const char *x,
                               const char *const *targets, const char *y, Ends ends, struct lstmc_dataset *to,
                               struct lstmc_message *message)
{
    if (ends.offsets)
        return lstmc_read_ragged(m, x, ends.offsets, y, data->vocabulary, data->unknown, to, message);
    int status = !inputs && !targets
                     ? lstmc_read_npy(m, x, y, data->vocabulary, data->unknown, to, message)
                     : lstmc_read_npy_arrays(m, inputs ? inputs : &x, targets ? targets : y ? &y : NULL,
                                             data->vocabulary, data->unknown, to, message);
    if (!status && ends.lengths)
        status = lstmc_read_lengths(m, ends.lengths, to, message);
    if (!status && data->is_padded)
        status = lstmc_count_lengths(m, data->pads_front, to, message);
    return status;
}

/* Labels of whole samples have a reader of their own. */
static int read_npy(const struct lstmc_model *m, const Data *data, const char *const *inputs, const char *x,
                    const char *const *targets, const char *y, Ends ends, struct lstmc_dataset *to,
                    struct lstmc_message *message)
{
    const char *labels = lstmc_blank(m) >= 0 ? y : NULL;
    int status = read_samples_of_npy(m, data, inputs, x, labels ? NULL : targets, labels ? NULL : y, ends, to, message);
    if (!status && labels)
        status = lstmc_read_labels(m, labels, ends.labels, to, message);
    return status;
}

/* Targets that are all the same teach nothing else. (Of a table's numbers its reader has spoken, column by column.) */
static void note_targets(const struct lstmc_model *m, DataKind kind, struct lstmc_dataset *training)
{
    size_t bytes = m->target_count * sizeof(float), alike = 1;
    if (training->samples < 2 ||
        (kind == DATA_CSV && !m->target_is_class && !lstmc_targets_are_labels(m)))
        return;
    char *room = lstmc_alloc(2 * bytes);
    const void *first = room ? lstmc_sample_targets(m, training, 0, room) : NULL;
    while (first && alike < training->samples &&
           !memcmp(first, lstmc_sample_targets(m, training, alike, room + bytes), bytes))
        alike++;
    lstmc_free(room);
    if (alike < training->samples)
        return;
    lstmc_note(&training->notes, "all %zu samples that train have the same target: there is nothing else to learn",
               training->samples);
}

/* As Keras, which refuses a part without samples. */
static int split(const Model *model, struct lstmc_dataset *training, struct lstmc_dataset *validation,
                 struct lstmc_message *message)
{
    size_t all = training->samples;
    lstmc_split_validation(&model->descriptor, training, model->validation_split, validation);
    if (training->samples && validation->samples)
        return LSTMC_OK;
    size_t trains = training->samples;
    training->samples = all;
    snprintf(message->text, sizeof message->text,
             "validation_split = %g: of %zu sample%s %zu train%s and %zu are held out: both need some",
             model->validation_split, all, all == 1 ? "" : "s", trains, trains == 1 ? "s" : "", all - trains);
    return LSTMC_MISMATCH;
}

/* Without a file, all count alike. */
static int read_npy_weight(const struct lstmc_model *m, const char *path, const char *offsets,
                           struct lstmc_dataset *data, struct lstmc_message *message)
{
    return !path     ? LSTMC_OK
           : offsets ? lstmc_read_ragged_weight(m, path, offsets, data, message)
                     : lstmc_read_sample_weight(m, path, data, message);
}

int data_source_load(Description *description, const Arguments *arguments, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation, struct lstmc_message *message)
{
    const Model *model = description_model(description);
    const struct lstmc_model *m = &model->descriptor;
    Data with_paths = model->data, *data = &with_paths;
    int status = data_path_replace(data, arguments->data, arguments->data_count, message);
    if (status)
        return status;
    switch (data->kind) {
    case DATA_NPY:
        if (!data->validation_x != !data->validation_y) {
            snprintf(message->text, sizeof message->text, "npy: validation_x and validation_y belong together");
            return LSTMC_MISMATCH;
        }
        status = read_npy(m, data, data->x_arrays, data->x, data->y_arrays, data->y,
                          (Ends){ data->lengths, data->offsets, data->label_lengths }, training, message);
        if (!status)
            status = read_npy_weight(m, data->sample_weight, data->offsets, training, message);
        if (!status && data->validation_x)
            status = read_npy(m, data, data->validation_arrays, data->validation_x, data->validation_y_arrays,
                              data->validation_y,
                              (Ends){ data->validation_lengths, data->validation_offsets,
                                      data->validation_label_lengths },
                              validation, message);
        if (!status && data->validation_x)
            status = read_npy_weight(m, data->validation_sample_weight, data->validation_offsets, validation, message);
        break;
    case DATA_CSV:
        status = read_csv(model, data, training, validation, message);
        break;
    case DATA_CHARACTERS:
    case DATA_WORDS:
        status = read_text(m, data, training, validation, message);
        break;
    case DATA_LINES:
        status = read_lines(model, data, training, validation, message);
        break;
    case DATA_WAV:
        status = read_wav(m, data, training, validation, message);
        break;
    case DATA_TS:
        status = read_ts(m, data, training, validation, message);
        break;
    case DATA_MULTI_HOT:
        status = read_multi_hot(m, data, training, validation, message);
        break;
    case DATA_SAMPLES:
        status = draw_both(description, data, arguments, training, validation, message);
        break;
    case DATA_NONE:
        snprintf(message->text, sizeof message->text,
                 "the description names no data (data = npy{...}, csv{...}, characters{...}, words{...}, lines{...}, "
                 "wav{...}, ts{...}, multi_hot{...} or samples(...))");
        return LSTMC_MISMATCH;
    }
    if (!status)
        status = lstmc_check_labels(m, training, "the samples that train", message);
    if (!status)
        status = lstmc_check_labels(m, validation, "the held-out samples", message);
    if (!status && arguments->samples) {
        size_t most = (size_t)arguments->samples;
        training->samples = training->samples < most ? training->samples : most;
        validation->samples = validation->samples < most ? validation->samples : most;
    }
    if (!status && model->validation_split > 0 && !validation->samples)
        status = split(model, training, validation, message);
    if (!status)
        note_targets(m, data->kind, training);
    return status;
}
