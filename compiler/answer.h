/* answer.h: how predictions are printed: lstmc predict and the program that --example writes say the same. */
#ifndef ANSWER_H
#define ANSWER_H

#include "model.h"

typedef enum Answer {
    ANSWER_VALUES,              /* the numbers */
    ANSWER_CLASS,               /* the most probable class and its probability */
    ANSWER_BINARY               /* the same where one number is the probability of the second of two classes */
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
    if (!model->loss || model->from_logits || !strstr(model->loss, "crossentropy"))
        return ANSWER_VALUES;
    if (strcmp(model->loss, "binary_crossentropy"))
        return outputs > 1 ? ANSWER_CLASS : ANSWER_VALUES;
    return outputs == 1 ? ANSWER_BINARY : ANSWER_VALUES;
}

#endif
