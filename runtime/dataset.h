/* dataset.h: what the readers share: numbers into a data set, in the types of the model. */
#ifndef LSTMC_DATASET_H
#define LSTMC_DATASET_H

#include "lstmc.h"

/* One element of x or y, counted over the whole array. 0: the value has no place there (an id or class out of range or not whole, a float
 * that is not finite), and nothing is stored. */
int lstmc_store_input(const struct lstmc_model *model, struct lstmc_dataset *data, size_t index, double value);
int lstmc_store_target(const struct lstmc_model *model, struct lstmc_dataset *data, size_t index, double value);

/* Classes that a class target may name. */
int lstmc_classes(const struct lstmc_model *model);

/* What lstmc_store_input and lstmc_store_target take: "a whole number in [0, 10000)" or "a finite number". */
struct lstmc_range { char text[64]; };
struct lstmc_range lstmc_input_range(const struct lstmc_model *model);
struct lstmc_range lstmc_target_range(const struct lstmc_model *model);

#endif
