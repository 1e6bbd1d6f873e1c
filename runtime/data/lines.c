/* lines.c: in: lines of text with their labels, or with their translations.  out: ids and classes in the model's
 * shapes. */
#include "dataset.h"
#include "runtime/lstmc_random.h"
#include "runtime/base/message.h"
#include "next_token.h"
#include "teacher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPLIT_STREAM 0x6c696e65     /* keeps the shuffle of groups apart from every other use of the seed */

/* ---- training and held out ---- */

/* Rows with the same text: they stay together, or what is held out would have been seen in training. */
struct group {
    uint64_t key;                   /* random */
    size_t number, size;
};

static uint64_t hash_text(const struct lstmc_text_rows *rows, const struct lstmc_text_row *row)
{
    uint64_t hash = (uint64_t)row->text_count;
    for (int i = 0; i < row->text_count; i++)
        hash = lstmc_mix(hash ^ (uint64_t)rows->numbers[row->text + (size_t)i]);
    return hash;
}

static int same_text(const struct lstmc_text_rows *rows, const struct lstmc_text_row *a, const struct lstmc_text_row *b)
{
    return a->text_count == b->text_count &&
           !memcmp(rows->numbers + a->text, rows->numbers + b->text, (size_t)a->text_count * sizeof *rows->numbers);
}

/* group_of[row], numbered in the order of appearance; how many there are, 0 if there is no memory. */
static size_t find_groups(const struct lstmc_text_rows *rows, size_t *group_of)
{
    size_t slots = 256, groups = 0;
    while (slots < 2 * rows->count)
        slots *= 2;
    size_t *slot = calloc(slots, sizeof *slot);                     /* row + 1 of the group's first */
    for (size_t r = 0; slot && r < rows->count; r++) {
        size_t at = (size_t)hash_text(rows, &rows->rows[r]) & (slots - 1);
        while (slot[at] && !same_text(rows, &rows->rows[slot[at] - 1], &rows->rows[r]))
            at = (at + 1) & (slots - 1);
        group_of[r] = slot[at] ? group_of[slot[at] - 1] : groups++;
        if (!slot[at])
            slot[at] = r + 1;
    }
    free(slot);
    return groups;
}

static int by_key(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    return a->key != b->key ? (a->key > b->key) - (a->key < b->key) : (a->number > b->number) - (a->number < b->number);
}

/* Groups in shuffled order, rows inside them as they stand in the files. */
static void shuffle_rows(const struct lstmc_text_rows *rows, const size_t *group_of, struct group *groups,
                         size_t *place, size_t group_count, const struct lstmc_text_row **shuffled)
{
    for (size_t g = 0; g < group_count; g++)
        groups[g] = (struct group){ lstmc_random_bits(rows->options->seed, SPLIT_STREAM, g, 0), g, 0 };
    for (size_t r = 0; r < rows->count; r++)
        groups[group_of[r]].size++;
    qsort(groups, group_count, sizeof *groups, by_key);
    size_t at = 0;
    for (size_t g = 0; g < group_count; at += groups[g++].size)
        place[groups[g].number] = at;
    for (size_t r = 0; r < rows->count; r++)
        shuffled[place[group_of[r]]++] = &rows->rows[r];
}

/* As many groups train as fit into the fraction. */
static size_t training_rows(const struct lstmc_text_rows *rows, const struct group *groups, size_t group_count)
{
    size_t most = (size_t)floor((double)rows->count * rows->options->split + 1e-9), count = 0;
    for (size_t g = 0; g < group_count && count + groups[g].size <= most; g++)
        count += groups[g].size;
    return count;
}

static int split_rows(const struct lstmc_text_rows *rows, const struct lstmc_text_row **shuffled,
                      struct lstmc_text_part *training, struct lstmc_text_part *held_out)
{
    size_t *group_of = calloc(rows->count, sizeof *group_of), *place = calloc(rows->count, sizeof *place);
    struct group *groups = calloc(rows->count, sizeof *groups);
    size_t count = group_of && place && groups ? find_groups(rows, group_of) : 0;
    if (count) {
        shuffle_rows(rows, group_of, groups, place, count, shuffled);
        training->row = shuffled;
        training->count = training_rows(rows, groups, count);
        held_out->row = shuffled + training->count;
        held_out->count = rows->count - training->count;
    }
    free(group_of);
    free(place);
    free(groups);
    return count > 0;
}

/* ---- ids ---- */

struct side {                       /* texts that are read, or those that are predicted */
    const char *what;
    const struct lstmc_tokens *tokens;
    int is_target;
    int most, room;                 /* ids that the options keep (0: all), ids that the model has */
    int first;                      /* the id of its first token */
    int *id;
};

static void count_tokens(const struct lstmc_text_rows *rows, const struct lstmc_text_part *training, int is_target,
                         size_t *frequency)
{
    for (size_t r = 0; r < training->count; r++) {
        const struct lstmc_text_row *row = training->row[r];
        size_t first = is_target ? row->target : row->text;
        int count = is_target ? row->target_count : row->text_count;
        for (int i = 0; i < count; i++)
            frequency[rows->numbers[first + (size_t)i]]++;
    }
}

static int make_ids(const struct lstmc_text_rows *rows, const struct lstmc_text_part *training, struct side *side,
                    struct lstmc_names *names)
{
    const char *option = side->is_target ? "target_vocabulary" : "vocabulary",
               *where = side->is_target ? "output has" : "input_dim is";
    size_t *frequency = calloc(side->tokens->count + 1, sizeof *frequency);
    side->id = calloc(side->tokens->count + 1, sizeof *side->id);
    if (!frequency || !side->id) {
        free(frequency);
        return lstmc_fail_memory(rows->message, "the vocabulary");
    }
    count_tokens(rows, training, side->is_target, frequency);
    int count = lstmc_tokens_ids(side->tokens, frequency, side->first, side->most, side->id);
    free(frequency);
    if (count > side->room && side->most)
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: %s = %d, but the model's %s %d%s: use the same number for both", rows->files[0],
                          option, side->most, where, side->room, side->is_target ? " classes" : "");
    if (count > side->room)
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: %d ids of %s (with 0 for padding, 1 for what is unknown), but the model's %s %d%s: "
                          "use %d there, or keep the most frequent by %s = %d",
                          rows->files[0], count, side->what, where, side->room, side->is_target ? " classes" : "",
                          count, option, side->room);
    return count < 0 || !lstmc_tokens_name(side->tokens, side->id, side->first, count, names)
               ? lstmc_fail_memory(rows->message, "the vocabulary")
               : LSTMC_OK;
}

/* Labels of a whole line: none is cut off. */
static int check_labels(const struct lstmc_model *model, const struct lstmc_text_rows *rows, const char *what)
{
    for (size_t row = 0; row < rows->count; row++)
        if ((size_t)rows->rows[row].target_count > model->target_count)
            return lstmc_fail(rows->message, LSTMC_MISMATCH,
                              "%.250s: row %zu (from 0): has %d %s to predict, and the loss takes %zu: "
                              "CTC{labels = %d}",
                              rows->files[0], row, rows->rows[row].target_count, what, model->target_count,
                              rows->rows[row].target_count);
    return LSTMC_OK;
}

/* Numbers of tokens become ids, numbers of labels classes. */
static void number_rows(struct lstmc_text_rows *rows, const struct side *text, const struct side *target)
{
    for (struct lstmc_text_row *row = rows->rows; row < rows->rows + rows->count; row++) {
        lstmc_text_number(rows->numbers + row->text, row->text_count, text->id);
        if (target->is_target)
            lstmc_text_number(rows->numbers + row->target, row->target_count, target->id);
        else
            row->label = rows->labels.class_of[row->label];
    }
}

/* ---- the reader ---- */

static int check_model(const struct lstmc_model *model, const struct lstmc_text_rows *rows)
{
    if (rows->options->has_decoder)
        return lstmc_teacher_check(model, rows);
    if (!model->input_is_tokens)
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: texts are ids: the model needs Input{length} and an Embedding", rows->files[0]);
    if (rows->options->target_text && lstmc_blank(model) > 0)
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: of a target text 0 is what stands behind it: the blank of the loss must be 0",
                          rows->files[0]);
    if (rows->options->target_text && !(model->target_is_class && model->output_rank == 2))
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: a target text is one class at each time step: the model needs outputs in time "
                          "and loss = \"sparse_categorical_crossentropy\"",
                          rows->files[0]);
    return LSTMC_OK;
}

/* Rows as ids, and what these mean. */
static int number_sets(const struct lstmc_model *model, struct lstmc_text_rows *rows,
                       const struct lstmc_text_part *trains, struct lstmc_meaning *meaning)
{
    const struct lstmc_lines_options *options = rows->options;
    static const char *const many[] = { [LSTMC_CHARACTERS] = "characters", [LSTMC_WORDS] = "words" };
    int room = options->has_decoder ? lstmc_teacher_input(model, options, 0)->vocabulary : model->vocabulary;
    struct side text = { many[options->unit], &rows->text, 0, options->vocabulary, room, LSTMC_ID_FIRST, NULL };
    struct side target = { many[options->target_unit], &rows->target,        options->target_text > 0,
                           options->target_vocabulary, lstmc_classes(model),
                           options->has_decoder ? LSTMC_ID_END + 1 : LSTMC_ID_FIRST, NULL };
    meaning->unit = options->unit;
    meaning->target_unit = options->target_text ? options->target_unit : LSTMC_NO_TEXT;
    meaning->is_lower = options->lower;
    meaning->pads_front = options->pads_front;
    int status = make_ids(rows, trains, &text, &meaning->vocabulary);
    if (!status && target.is_target)
        status = make_ids(rows, trains, &target, &meaning->labels);
    else if (!status && !lstmc_labels_name(&rows->labels, &meaning->labels))
        status = lstmc_fail_memory(rows->message, "the labels");
    if (!status && target.is_target && lstmc_blank(model) >= 0)
        status = check_labels(model, rows, target.what);
    if (!status)
        number_rows(rows, &text, &target);
    free(text.id);
    free(target.id);
    return status;
}

static int make_samples(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                        struct lstmc_text_part part, int line_end, struct lstmc_dataset *data)
{
    return options->next_token ? lstmc_text_line_samples(model, options, part, line_end, data)
                               : lstmc_line_samples(model, options, part, data);
}

/* `order` becomes what samples are made of, or is freed. */
static int read_rows(const struct lstmc_model *model, struct lstmc_text_rows *rows,
                     const struct lstmc_text_row **order, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation)
{
    const struct lstmc_lines_options *options = rows->options;
    struct lstmc_text_part trains, held_out;
    int line_end = 0, status = LSTMC_OK;
    if (!order || !split_rows(rows, order, &trains, &held_out))
        status = lstmc_fail_memory(rows->message, "the samples");
    else if (!trains.count || (options->split < 1 && !held_out.count))
        status = lstmc_fail(rows->message, LSTMC_MISMATCH,
                            "%.250s: of %zu lines %zu train and %zu are held out: too few (lines with the same text "
                            "stay together)",
                            rows->files[0], rows->count, trains.count, held_out.count);
    else if (options->next_token)
        status = lstmc_text_lines_number(model, rows, &trains, &training->meaning, &line_end);
    else
        status = number_sets(model, rows, &trains, &training->meaning);
    struct lstmc_text_store *store = status ? NULL : lstmc_text_store_take(rows, order);
    if (!store) {
        free(order);
        return status ? status : lstmc_fail_memory(rows->message, "the samples");
    }
    trains.store = held_out.store = store;
    if (make_samples(model, options, trains, line_end, training) ||
        make_samples(model, options, held_out, line_end, validation))
        status = lstmc_fail_memory(rows->message, "the samples");
    lstmc_text_store_leave(store);
    return status;
}

int lstmc_read_lines(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                     struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct lstmc_text_rows rows;
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    if (!(options->split > 0 && options->split <= 1) || (!options->folder && options->file_count < 1))
        return lstmc_fail(message, LSTMC_MISMATCH, "lines: files must be given and split lie in (0, 1]");
    int status = lstmc_text_rows_read(options, &rows, message);
    if (!status)
        status = check_model(model, &rows);
    if (!status && !options->target_text && !options->next_token)
        status = lstmc_labels_close(model, &rows.labels, !options->label_count,
                                    options->folder ? options->folder : rows.files[0], message);
    if (!status)
        status = read_rows(model, &rows, calloc(rows.count, sizeof(struct lstmc_text_row *)), training, validation);
    lstmc_text_rows_free(&rows);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    return status;
}
