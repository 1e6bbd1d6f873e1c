/* arrays.h: samples out of arrays that stay in their files. */
#ifndef LSTMC_ARRAYS_H
#define LSTMC_ARRAYS_H

#include "dataset.h"

/* What an array is read as: floats, or whole numbers, those from `vocabulary` on, if that is not 0, being `unknown`. */
struct lstmc_numbers {
    int are_whole, vocabulary, unknown;
};

/* Elements `first` to first + count - 1: as floats, rounded by way of doubles; as the model reads them. */
void lstmc_npy_floats(const struct lstmc_npy *array, size_t first, size_t count, float *to);
void lstmc_npy_numbers(const struct lstmc_npy *array, size_t first, size_t count, const struct lstmc_numbers *as,
                       void *to);
/* Whole numbers from `vocabulary` on, if that is not 0, are `unknown`. */
double lstmc_array_id(double value, int vocabulary, int unknown);

/* The data set takes over an array whose values have been looked through: as its x, or y, where the bytes are those of
 * the model, or else as what they are made of. The only failure is LSTMC_NO_MEMORY. */
int lstmc_array_inputs(const struct lstmc_model *model, struct lstmc_npy *array, const struct lstmc_layout *layout,
                       int vocabulary, int unknown, struct lstmc_dataset *data);
int lstmc_array_targets(const struct lstmc_model *model, struct lstmc_npy *array, const struct lstmc_layout *layout,
                        struct lstmc_dataset *data);

/* Several arrays, each a part of every sample from an offset on; *source makes the whole. NULL: there is no memory. */
struct lstmc_joined;
struct lstmc_joined *lstmc_joined_create(int most, struct lstmc_source *source);
void lstmc_joined_add(struct lstmc_joined *joined, struct lstmc_half half, size_t offset);

#endif
