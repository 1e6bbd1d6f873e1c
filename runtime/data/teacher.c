/* teacher.c: in: a text as ids.  out: what a decoder that is told the truth reads, and what it is to say (teacher
 * forcing, Williams & Zipser 1989). */
#include "teacher.h"
#include "runtime/base/message.h"

const struct lstmc_array *lstmc_teacher_input(const struct lstmc_model *model,
                                              const struct lstmc_lines_options *options, int of_decoder)
{
    return &model->inputs[of_decoder ? options->decoder : !options->decoder];
}

static int reads_ids(const struct lstmc_array *array)
{
    return array->is_integer && array->rank == 1;
}

int lstmc_teacher_check(const struct lstmc_model *model, const struct lstmc_text_rows *rows)
{
    const struct lstmc_lines_options *options = rows->options;
    if (model->input_arrays != 2 || !reads_ids(&model->inputs[0]) || !reads_ids(&model->inputs[1]))
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: a text and what a decoder has read of another one are ids: the model needs two "
                          "Inputs, each with an Embedding",
                          rows->files[0]);
    const struct lstmc_array *decoder = lstmc_teacher_input(model, options, 1);
    int classes = model->output_shape[model->output_rank - 1];
    if (!model->target_is_class || model->target_count != decoder->count)
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: what a decoder says is one class at each of its %zu steps: loss = "
                          "\"sparse_categorical_crossentropy\"",
                          rows->files[0], decoder->count);
    if (decoder->vocabulary != classes)
        return lstmc_fail(rows->message, LSTMC_MISMATCH,
                          "%.250s: the decoder says one of %d classes, but reads %d ids: they are the same ones, give "
                          "its Embedding %d",
                          rows->files[0], classes, decoder->vocabulary, classes);
    return LSTMC_OK;
}

void lstmc_teacher_reads(const int *ids, int count, int steps, int32_t *reads)
{
    for (int t = 0; t < steps; t++)
        reads[t] = t == 0 ? LSTMC_ID_BEGIN : t <= count ? ids[t - 1] : LSTMC_ID_PADDING;
}

void lstmc_teacher_says(const int *ids, int count, int steps, int32_t *says)
{
    for (int t = 0; t < steps; t++)
        says[t] = t < count ? ids[t] : t == count ? LSTMC_ID_END : LSTMC_ID_PADDING;
}
