/* dataset.h: what the readers share: numbers into a data set, in the types of the model. */
#ifndef LSTMC_DATASET_H
#define LSTMC_DATASET_H

#include "runtime/lstmc.h"

/* As lstmc_dataset_alloc, for a reader that has said already what the numbers mean: data->meaning stays. */
int lstmc_dataset_alloc_described(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data);

/* As many samples without x and y, which a source makes; lengths where the model has them. data->meaning stays. */
int lstmc_dataset_made(const struct lstmc_model *model, size_t samples, struct lstmc_dataset *data);

/* Zeros for y, for a reader of inputs that knows data->samples, or whose targets come later. The only failure is
 * LSTMC_NO_MEMORY. */
int lstmc_dataset_zero_targets(const struct lstmc_model *model, struct lstmc_dataset *data);

/* x or y of a data set, taken out of it: what a source makes samples of. (samples.c) */
struct lstmc_half {
    const void *start;          /* NULL: the source makes them */
    struct lstmc_mapping memory;
    struct lstmc_source source;
    size_t count;               /* numbers of a sample */
};
struct lstmc_half lstmc_take_inputs(const struct lstmc_model *model, struct lstmc_dataset *data);
struct lstmc_half lstmc_take_targets(const struct lstmc_model *model, struct lstmc_dataset *data);
void lstmc_half_copy(const struct lstmc_half *half, size_t sample, void *to);
void lstmc_half_free(struct lstmc_half *half);
void lstmc_source_free(struct lstmc_source *source);

/* One element of x or y, counted over the whole array. 0: the value has no place there (an id or class out of range or
 * not whole, a float that is not finite), and nothing is stored. */
int lstmc_store_input(const struct lstmc_model *model, struct lstmc_dataset *data, size_t index, double value);
int lstmc_store_target(const struct lstmc_model *model, struct lstmc_dataset *data, size_t index, double value);

/* Weight `at` of a data set, of a sample or a step of it: finite, zero or more. 0, and nothing is stored: it is
 * something else, which LSTMC_NO_WEIGHT says (a format for a double). */
int lstmc_store_weight(struct lstmc_dataset *data, size_t at, double weight);
#define LSTMC_NO_WEIGHT "the weight %.9g of a sample is not a number from 0 to 1e30"

/* Whether floats tell numbers as large as this one apart, to a hundredth of the deviation that they have. */
int lstmc_float_holds(double largest, double deviation);

/* Classes that a class target may name; that element `index` of an array of targets may: 0: it is a float. */
int lstmc_classes(const struct lstmc_model *model);
int lstmc_target_classes(const struct lstmc_model *model, size_t index);
/* Targets, as the loss takes them, are probabilities or labels that stay as they are. (labels.c) */
int lstmc_targets_are_labels(const struct lstmc_model *model);

/* What lstmc_store_input and lstmc_store_target take: "a whole number in [0, 10000)" or "a finite number ...". */
struct lstmc_range { char text[64]; };
struct lstmc_range lstmc_input_range(const struct lstmc_model *model, size_t index);
struct lstmc_range lstmc_target_range(const struct lstmc_model *model, size_t index);

/* How the elements of one sample lie in an array. */
struct lstmc_layout {
    size_t sample;              /* elements of one sample */
    size_t skip;                /* elements of it in front that the model does not read */
    size_t steps_cut;
};

/* Where the inputs of samples lie in an array of at least one; LSTMC_MISMATCH: its shape is not
 * the model's. (data.c) */
int lstmc_fit_inputs(const struct lstmc_model *model, const char *path, const struct lstmc_npy *x,
                     struct lstmc_layout *layout, struct lstmc_message *message);
#endif
