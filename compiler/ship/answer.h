/* answer.h: how predictions are printed: lstmc predict and the program that --example writes say the same. */
#ifndef ANSWER_H
#define ANSWER_H

#include "compiler/front/model.h"

#include "runtime/lstmc.h"

#include <math.h>

typedef enum Answer {
    ANSWER_VALUES,              /* the numbers */
    ANSWER_CLASS,               /* the most probable class and its probability */
    ANSWER_BINARY,              /* the same where one number is the probability of the second of two classes */
    ANSWER_LABELS               /* labels of a whole sample, by the loss "ctc" */
} Answer;

/* Outputs of one time step, or of all if there is none. */
static inline size_t outputs_of_step(const struct lstmc_model *m)
{
    return m->output_rank ? (size_t)m->output_shape[m->output_rank - 1] : 1;
}

/* Probabilities, if the loss takes them for that. */
static inline Answer answer_of(const Model *model)
{
    size_t outputs = outputs_of_step(&model->descriptor);
    if (lstmc_blank(&model->descriptor) >= 0)
        return ANSWER_LABELS;
    if (!model->loss || model->loss_options.from_logits || !strstr(model->loss, "crossentropy"))
        return ANSWER_VALUES;
    if (strncmp(model->loss, "binary_", 7))
        return outputs > 1 ? ANSWER_CLASS : ANSWER_VALUES;
    return outputs == 1 ? ANSWER_BINARY : ANSWER_VALUES;
}

/* Digits of a value to print: `least`, and as many more as keep those of the unit in which the model sees it:
 * 100000.003 is no 100000 where the deviation of what was trained on is 0.002. No unit (0): numbers are as the model
 * says them, and a float has no more digits. */
static inline int digits_of(double value, double unit, int least)
{
    int digits = least;
    for (double size = fabs(value) / 10; unit > 0 && size >= unit && digits < least + 9; size /= 10)
        digits++;
    return digits;
}

/* That unit, of value number `column` of a step that has so many. */
static inline double unit_of_target(const struct lstmc_meaning *meaning, size_t column, size_t outputs)
{
    const struct lstmc_scaling *target = &meaning->target;
    size_t at = target->columns ? column % (size_t)target->columns : 0;
    return target->columns && outputs % (size_t)target->columns == 0 &&
                   (target->scale[at] != 1 || target->offset[at] != 0)
               ? target->scale[at]
               : 0;
}

/* Whether a step of so many inputs can be scaled without knowing which one it is. */
static inline bool steps_have_all_columns(const struct lstmc_meaning *meaning, size_t inputs)
{
    return !meaning->input.columns || inputs % (size_t)meaning->input.columns == 0;
}

/* Relative forecasts are added to the last known values: the input column of target number `target` ("CLOSE", or "CLOSE
 * +5" with several horizons), -1: it is none. */
static inline int base_column(const struct lstmc_meaning *meaning, int target)
{
    const char *name = meaning->targets.text[target];
    for (int column = 0; column < meaning->columns.count; column++) {
        size_t length = strlen(meaning->columns.text[column]);
        if (!strncmp(name, meaning->columns.text[column], length) &&
            (!name[length] || !strncmp(name + length, " +", 2)))
            return column;
    }
    return -1;
}

/* How many targets there are to be added to, 0 if one of them is of no input column. */
static inline int base_count(const struct lstmc_meaning *meaning)
{
    int found = 0;
    for (int target = 0; meaning->is_relative && target < meaning->targets.count; target++)
        found += base_column(meaning, target) >= 0;
    return found == meaning->targets.count ? found : 0;
}

#endif
