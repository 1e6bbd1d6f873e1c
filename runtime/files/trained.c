/* trained.c: in: a weight file.  out: what a model has learned: its weights, and what its numbers mean, held against
 * the model. */
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "model_file.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- whether a meaning is one of this model ---- */

struct check {
    const struct lstmc_model *model;
    const struct lstmc_meaning *meaning;
    const char *path;
    struct lstmc_message *message;
};

/* How many values the last axis has; 1 of a number alone. */
static int last_extent(int rank, const int *shape)
{
    return rank ? shape[rank - 1] : 1;
}

static int check_numbers(const struct check *c, const struct lstmc_scaling *scaling, const char *what)
{
    for (int i = 0; i < scaling->columns; i++)
        if (!isfinite(scaling->offset[i]) || !isfinite(scaling->scale[i]) || !(scaling->scale[i] > 0))
            return lstmc_fail(c->message, LSTMC_MISMATCH,
                              "%.250s: its metadata scales column %d of the %s by %g from %g: a scale is positive, and "
                              "both are finite",
                              c->path, i + 1, what, scaling->scale[i], scaling->offset[i]);
    return LSTMC_OK;
}

/* Columns come again and again in a sample of `count` numbers: once a step, or in a vector as often as they like; or
 * they are those of several steps. */
static int fits(int columns, int rank, const int *shape, size_t count)
{
    return count % (size_t)columns == 0 && (rank < 2 || columns % last_extent(rank, shape) == 0);
}

static int check_scalings(const struct check *c)
{
    const struct lstmc_model *m = c->model;
    int input = c->meaning->input.columns, target = c->meaning->target.columns;
    if (input && (m->input_is_tokens || !fits(input, m->input_rank, m->input_shape, m->input_count)))
        return lstmc_fail(c->message, LSTMC_MISMATCH,
                          "%.250s: its metadata scales %d columns of the input, but the model reads %s%d", c->path,
                          input, m->input_is_tokens ? "ids, of steps: " : "",
                          last_extent(m->input_rank, m->input_shape));
    if (target && (m->target_is_class || !fits(target, m->output_rank, m->output_shape, m->output_count)))
        return lstmc_fail(c->message, LSTMC_MISMATCH,
                          "%.250s: its metadata scales %d columns of the output, but the model has %d%s", c->path,
                          target, last_extent(m->output_rank, m->output_shape),
                          m->target_is_class ? ", which are classes" : "");
    int status = check_numbers(c, &c->meaning->input, "input");
    return status ? status : check_numbers(c, &c->meaning->target, "output");
}

/* Names stand for the columns that are scaled, once or more. */
static int check_columns(const struct check *c)
{
    const struct lstmc_model *m = c->model;
    int columns = c->meaning->columns.count, targets = c->meaning->targets.count, scaled = c->meaning->input.columns;
    if (columns && (m->input_count % (size_t)columns || scaled % columns ||
                    (!m->input_is_tokens && !fits(columns, m->input_rank, m->input_shape, m->input_count))))
        return lstmc_fail(c->message, LSTMC_MISMATCH, "%.250s: its metadata names %d columns, but the model reads %d",
                          c->path, columns, last_extent(m->input_rank, m->input_shape));
    if (targets && m->target_count % (size_t)targets)
        return lstmc_fail(c->message, LSTMC_MISMATCH, "%.250s: its metadata names %d targets, but the model has %zu",
                          c->path, targets, m->target_count);
    if (c->meaning->is_relative && (m->input_is_tokens || !scaled))
        return lstmc_fail(c->message, LSTMC_MISMATCH,
                          "%.250s: its metadata says \"relative_to\", but does not scale its columns", c->path);
    return LSTMC_OK;
}

static int has_name(const struct lstmc_names *names, const char *name)
{
    int found = 0;
    for (int i = 0; i < names->count; i++)
        found |= !strcmp(names->text[i], name);
    return found;
}

/* Ids that the model reads; of several inputs, those of the one that has most. */
static int ids_of(const struct lstmc_model *m)
{
    int most = m->input_is_tokens ? m->vocabulary : 0;
    for (int k = 0; k < m->input_arrays; k++)
        if (m->inputs[k].is_integer && m->inputs[k].vocabulary > most)
            most = m->inputs[k].vocabulary;
    return most;
}

/* A text to predict may have fewer tokens than the model has classes; labels are all of them. */
static int check_names(const struct check *c)
{
    const struct lstmc_model *m = c->model;
    int labels = c->meaning->labels.count, vocabulary = c->meaning->vocabulary.count,
        outputs = last_extent(m->output_rank, m->output_shape);
    int is_text = c->meaning->target_unit != LSTMC_NO_TEXT;
    if (labels && labels != outputs && !(outputs == 1 && labels == 2) && !(is_text && labels < outputs))
        return lstmc_fail(c->message, LSTMC_MISMATCH,
                          "%.250s: its metadata names %d classes, but the model's output has %d", c->path, labels,
                          outputs);
    if (vocabulary > ids_of(m))
        return lstmc_fail(c->message, LSTMC_MISMATCH,
                          "%.250s: its metadata has a vocabulary of %d, but the model's is %d", c->path, vocabulary,
                          ids_of(m));
    if (c->meaning->unit != LSTMC_NO_TEXT && !vocabulary)
        return lstmc_fail(c->message, LSTMC_MISMATCH, "%.250s: its metadata says \"text_unit\", but has no vocabulary",
                          c->path);
    if (c->meaning->between_line_ends && !has_name(&c->meaning->vocabulary, "\n"))
        return lstmc_fail(c->message, LSTMC_MISMATCH,
                          "%.250s: its metadata says \"text_between\", but its vocabulary has no end of a line",
                          c->path);
    return LSTMC_OK;
}

int lstmc_meaning_check(const struct lstmc_model *model, const struct lstmc_meaning *meaning, const char *path,
                        struct lstmc_message *message)
{
    const struct check check = { model, meaning, path, message };
    int status = check_scalings(&check);
    if (!status)
        status = check_columns(&check);
    return status ? status : check_names(&check);
}

/* ---- the file ---- */

int lstmc_trained_take(const struct lstmc_model *model, float *weights, struct lstmc_meaning *meaning, int *differs,
                       const struct lstmc_tensor_file *file, const char *path, struct lstmc_message *message)
{
    memset(meaning, 0, sizeof *meaning);
    const char *found = lstmc_tensor_file_value(file, "fingerprint");
    *differs = found && strcmp(found, lstmc_fingerprint(model).text);       /* a file without one says nothing */
    int status = lstmc_weights_check(model, file, path, message);
    if (!status)
        status = lstmc_meaning_take(meaning, file, path, message);
    if (!status)
        status = lstmc_meaning_check(model, meaning, path, message);
    if (!status)
        status = lstmc_weights_take(model, weights, file, path, message);
    if (status)
        lstmc_meaning_free(meaning);
    return status;
}

int lstmc_trained_load(const struct lstmc_model *model, float *weights, struct lstmc_meaning *meaning, int *differs,
                       const char *path, struct lstmc_message *message)
{
    struct lstmc_tensor_file file;
    memset(meaning, 0, sizeof *meaning);
    int status = lstmc_tensor_file_open(path, &file, message);
    if (status)
        return status;
    status = lstmc_trained_take(model, weights, meaning, differs, &file, path, message);
    lstmc_tensor_file_free(&file);
    return status;
}
