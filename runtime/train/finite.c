/* finite.c: in: a batch that went wrong.  out: the name and index of the first number that is none. */
#include "finite.h"
#include "ranges.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

size_t lstmc_first_not_finite(const float *values, size_t count)
{
    size_t i = 0;
    while (i < count && lstmc_range_is_finite(values + i, count - i < LSTMC_BLOCK ? count - i : LSTMC_BLOCK))
        i += count - i < LSTMC_BLOCK ? count - i : LSTMC_BLOCK;
    while (i < count && isfinite(values[i]))
        i++;
    return i;
}

static const char *word(float value)
{
    return isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/* "kernel[3,12] is nan" */
static void describe(struct lstmc_message *where, const char *before, const struct lstmc_tensor *tensor, size_t index,
                     float value)
{
    size_t position[LSTMC_RANK_MAX], used;
    for (int i = tensor->rank; i-- > 0; index /= (size_t)tensor->shape[i])
        position[i] = index % (size_t)tensor->shape[i];
    snprintf(where->text, sizeof where->text, "%s%.100s[", before, tensor->name);
    for (int i = 0; i < tensor->rank; i++) {
        used = strlen(where->text);
        snprintf(where->text + used, sizeof where->text - used, "%s%zu", i ? "," : "", position[i]);
    }
    used = strlen(where->text);
    snprintf(where->text + used, sizeof where->text - used, "] is %s", word(value));
}

/* The same of a tensor, past whatever fills up its rows. */
static size_t first_not_finite(const struct lstmc_tensor *tensor, const float *values)
{
    size_t width = tensor->padding ? (size_t)tensor->shape[tensor->rank - 1] : tensor->count,
           meant = width - (size_t)tensor->padding;
    for (size_t row = 0; row < tensor->count; row += width) {
        size_t index = lstmc_first_not_finite(values + row, meant);
        if (index < meant)
            return row + index;
    }
    return tensor->count;
}

static int in_tensors(struct lstmc_message *where, const char *before, const struct lstmc_tensor *tensors,
                      int tensor_count, const float *values, size_t value_count)
{
    for (int i = 0; i < tensor_count; i++) {
        const struct lstmc_tensor *tensor = &tensors[i];
        if (tensor->offset > value_count || tensor->count > value_count - tensor->offset)
            continue;
        size_t index = first_not_finite(tensor, values + tensor->offset);
        if (index < tensor->count) {
            describe(where, before, tensor, index, values[tensor->offset + index]);
            return 1;
        }
    }
    return 0;
}

static int in_rows(struct lstmc_message *where, const char *what, const float *values, int rows, size_t width)
{
    size_t index = lstmc_first_not_finite(values, (size_t)rows * width);
    if (index == (size_t)rows * width)
        return 0;
    snprintf(where->text, sizeof where->text, "element %zu of %s %zu of the batch is %s", index % width, what,
             index / width, word(values[index]));
    return 1;
}

static int in_tapes(struct lstmc_message *where, const struct lstmc_engine *engine, int rows)
{
    const struct lstmc_model *model = engine->model;
    for (int shard = 0; engine->tape && shard * model->batch < rows; shard++) {
        const float *tape = engine->tape(engine->context, shard);
        char before[64] = "";
        if (shard)
            snprintf(before, sizeof before, "in the rows from %d of the batch on, ", shard * model->batch);
        if (tape && in_tensors(where, before, model->tape_tensors, model->tape_tensor_count,
                       tape, model->tape_bytes / sizeof(float)))
            return 1;
    }
    return 0;
}

struct lstmc_message lstmc_find_not_finite(const struct lstmc_engine *engine, const struct lstmc_batch *batch)
{
    const struct lstmc_model *model = engine->model;
    struct lstmc_message where = { "" };
    if (in_tensors(&where, "weight ", model->weights, model->weight_tensors, batch->weights, model->weight_count))
        return where;
    if (!model->input_is_tokens && in_rows(&where, "input", batch->x, batch->rows, model->input_count))
        return where;
    if (!model->target_is_class && in_rows(&where, "target", batch->y, batch->rows, model->target_count))
        return where;
    if (in_tapes(&where, engine, batch->rows) ||
        in_rows(&where, "output", batch->output, batch->rows, model->output_count))
        return where;
    if (batch->gradients)
        in_tensors(&where, "the gradient of ", model->weights, model->weight_tensors, batch->gradients,
                   model->gradient_count);
    return where;
}

struct lstmc_message lstmc_ranks_find_not_finite(struct lstmc_ranks *ranks, const struct lstmc_batch *batch)
{
    struct lstmc_message found = lstmc_find_not_finite(ranks->engine, batch), *all;
    if (ranks->ranks == 1 || !(all = lstmc_alloc((size_t)ranks->ranks * sizeof *all)))
        return found;
    all[ranks->rank] = found;
    lstmc_ranks_gather_equal(ranks, all, sizeof *all);
    for (int rank = ranks->ranks; rank-- > 0 && !ranks->failed;)
        found = all[rank].text[0] ? all[rank] : found;
    lstmc_free(all);
    return found;
}
