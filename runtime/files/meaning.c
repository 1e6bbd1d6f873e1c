/* meaning.c: the memory of what the numbers of a data set mean; and the way from the unit of the data to the model and
 * back. */
#include "runtime/lstmc.h"

#include <float.h>
#include <math.h>
#include <string.h>

int lstmc_scaling_alloc(struct lstmc_scaling *scaling, int columns)
{
    size_t bytes = (size_t)columns * sizeof(double);
    scaling->offset = lstmc_alloc(bytes);
    scaling->scale = lstmc_alloc(bytes);
    scaling->columns = columns;
    for (int i = 0; scaling->scale && i < columns; i++)
        scaling->scale[i] = 1;
    return scaling->offset && scaling->scale;
}

int lstmc_names_alloc(struct lstmc_names *names, int count)
{
    names->text = lstmc_alloc((size_t)count * sizeof *names->text);
    names->count = names->text ? count : 0;
    for (int i = 0; i < names->count; i++)
        if (!lstmc_names_set(names, i, "", 0))
            return 0;
    return names->text != NULL;
}

int lstmc_names_set(struct lstmc_names *names, int index, const char *text, size_t length)
{
    char *copy = lstmc_alloc(length + 1);
    if (!copy)
        return 0;
    memcpy(copy, text, length);
    lstmc_free(names->text[index]);
    names->text[index] = copy;
    return 1;
}

static void free_scaling(struct lstmc_scaling *scaling)
{
    lstmc_free(scaling->offset);
    lstmc_free(scaling->scale);
}

static void free_names(struct lstmc_names *names)
{
    for (int i = 0; i < names->count; i++)
        lstmc_free(names->text[i]);
    lstmc_free(names->text);
}

size_t lstmc_row_columns(const struct lstmc_meaning *meaning)
{
    return (size_t)(meaning->columns.count ? meaning->columns.count : meaning->input.columns);
}

size_t lstmc_normalize(const struct lstmc_meaning *meaning, const double *raw, float *x, size_t count)
{
    const struct lstmc_scaling *scaling = &meaning->input;
    size_t columns = (size_t)scaling->columns, row = meaning->is_relative ? lstmc_row_columns(meaning) : 0;
    for (size_t i = 0; i < count; i++) {
        double value = row ? raw[i] - raw[count - row + i % row] : raw[i];
        if (columns)
            value = (value - scaling->offset[i % columns]) / scaling->scale[i % columns];
        if (!(fabs(value) <= FLT_MAX))
            return i;
        x[i] = (float)value;
    }
    return count;
}

void lstmc_denormalize(const struct lstmc_meaning *meaning, const float *y, double *raw, size_t count)
{
    const struct lstmc_scaling *scaling = &meaning->target;
    size_t columns = (size_t)scaling->columns;
    for (size_t i = 0; i < count; i++)
        raw[i] = columns ? y[i] * scaling->scale[i % columns] + scaling->offset[i % columns] : (double)y[i];
}

void lstmc_meaning_free(struct lstmc_meaning *meaning)
{
    free_scaling(&meaning->input);
    free_scaling(&meaning->target);
    free_names(&meaning->columns);
    free_names(&meaning->targets);
    free_names(&meaning->labels);
    free_names(&meaning->vocabulary);
    memset(meaning, 0, sizeof *meaning);
}
