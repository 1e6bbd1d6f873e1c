/* metric_labels.c: in: outputs of steps, and labels of whole samples.  out: how many labels the best paths get wrong:
 * the edit distance between what they read as and the labels, of all rows over all their labels. */
#include "metrics.h"
#include "masks.h"

#include <stdlib.h>

/* NaNs say nothing: all labels are missing, as in a row without a step that counts. */
static int errors_of_row(const struct lstmc_paths *paths, const float *output, const int32_t *labels, int count,
                         int32_t *read, int *row)
{
    int found = lstmc_labels_greedy(paths, output, read);
    return lstmc_labels_distance(read, found > 0 ? found : 0, labels, count, row);
}

int lstmc_count_label_errors(const struct lstmc_model *model, const struct lstmc_label_rows *of, double *sum,
                             double *count)
{
    const struct lstmc_array *target = model->targets ? &model->targets[of->index] : NULL;
    const int *shape = model->outputs ? model->outputs[of->index].shape : model->output_shape;
    int rank = model->outputs ? model->outputs[of->index].rank : model->output_rank;
    if ((target ? target->ignores_class : model->ignores_class) != LSTMC_BLANK_BEHIND_LABELS || rank != 2)
        return LSTMC_MISMATCH;
    int most = (int)(target ? target->count : model->target_count);
    struct lstmc_paths paths = { .steps = shape[0], .classes = shape[1],
                                 .blank = target ? target->ignored_class : model->ignored_class };
    struct lstmc_mask masked = { .engine = NULL };
    if (of->engine)
        masked = lstmc_mask_of(of->engine, of->index);
    int32_t *read = malloc(((size_t)paths.steps + (size_t)most + 1) * sizeof *read);
    if (!read)
        return LSTMC_NO_MEMORY;
    for (int row = of->first; row < of->first + of->rows; row++) {
        const int32_t *labels = of->target + (size_t)row * model->target_count;
        double weight = of->weights ? (double)of->weights[(size_t)row * lstmc_weights_per_sample(model)] : 1;
        int there = lstmc_labels_count(labels, most, paths.blank);
        paths.mask = of->engine ? lstmc_mask_row(&masked, row) : NULL;
        *sum += weight * errors_of_row(&paths, of->output + (size_t)row * model->output_count, labels, there, read,
                                       read + paths.steps);
        *count += weight * there;
    }
    free(read);
    return LSTMC_OK;
}
