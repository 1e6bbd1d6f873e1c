/* shipment.c: in: a weight file, the model.  out: its weights and what their numbers mean, checked against each other. */
#include "shipment.h"

#include <math.h>
#include <stdio.h>

static int refuse(struct lstmc_message *message, const char *format, ...) PRINTF_LIKE(2, 3);

static int refuse(struct lstmc_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return LSTMC_MISMATCH;
}

static int check_finite(const struct lstmc_model *m, const char *file, const float *weights, struct lstmc_message *message)
{
    for (int w = 0; w < m->weight_tensors; w++)
        for (size_t i = 0; i < m->weights[w].count; i++)
            if (!isfinite(weights[m->weights[w].offset + i]))
                return refuse(message, "%.250s: %s, element %zu (from 0) is not a finite number", file, m->weights[w].name, i);
    return LSTMC_OK;
}

/* How many values of the model's last axis there are; 1 of a number alone. */
static int last_extent(int rank, const int *shape)
{
    return rank ? shape[rank - 1] : 1;
}

static int check_meaning(const struct lstmc_model *m, const char *file, const struct lstmc_meaning *meaning, struct lstmc_message *message)
{
    int inputs = last_extent(m->input_rank, m->input_shape), outputs = last_extent(m->output_rank, m->output_shape);
    if (meaning->input.columns && (m->input_is_tokens || meaning->input.columns != inputs))
        return refuse(message, "%.250s: its metadata scales %d columns of the input, but the model reads %s%d", file, meaning->input.columns,
                      m->input_is_tokens ? "ids, of steps: " : "", inputs);
    if (meaning->target.columns && m->output_count % (size_t)meaning->target.columns)
        return refuse(message, "%.250s: its metadata scales %d columns of the output, but the model has %zu", file, meaning->target.columns,
                      m->output_count);
    if (meaning->labels.count && meaning->labels.count != outputs && !(outputs == 1 && meaning->labels.count == 2))
        return refuse(message, "%.250s: its metadata names %d classes, but the model's output has %d", file, meaning->labels.count, outputs);
    if (meaning->vocabulary.count && (!m->input_is_tokens || meaning->vocabulary.count > m->vocabulary))
        return refuse(message, "%.250s: its metadata has a vocabulary of %d, but the model's is %d", file, meaning->vocabulary.count, m->vocabulary);
    return LSTMC_OK;
}

static const char *without_folder(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

int shipment_load(Arena *arena, const Model *model, const char *file, Shipment *shipment, struct lstmc_message *message)
{
    const struct lstmc_model *m = &model->descriptor;
    *shipment = (Shipment){ .weights = arena_array(arena, float, m->weight_count + 1) };
    int status = lstmc_weights_load(m, shipment->weights, file, message);
    if (!status)
        status = check_finite(m, file, shipment->weights, message);
    if (!status)
        status = lstmc_meaning_load(&shipment->meaning, file, message);
    if (!status)
        status = check_meaning(m, file, &shipment->meaning, message);
    shipment->trained = (Trained){ .file = without_folder(file), .weights = shipment->weights, .meaning = &shipment->meaning };
    return status;
}

void shipment_free(Shipment *shipment)
{
    lstmc_meaning_free(&shipment->meaning);
}
