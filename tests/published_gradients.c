/* published_gradients.c: in: a case with the gradient by its output, all samples one batch.  out: the gradients by its weights and its input. */
#include "published_product.h"

#include "runtime/interpreter/interpreter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int interpreted(const struct published_case *one, const struct published_product *product, double *gradients, double *d_input, char *why)
{
    struct lstmc_message message = { .text = "" };
    Interpreter_double *it = interpreter_create_double(product->model, one->samples, NULL, &message);
    if (!it) {
        snprintf(why, PUBLISHED_WHY, "%s: %.300s", one->name, message.text);
        return -1;
    }
    double *weights = published_as_double(one->weights, one->weight_count), *d_output = published_as_double(one->d_output, one->expected_count);
    double *x = one->ids ? NULL : published_as_double(one->x, (size_t)one->samples * one->input_count);
    memset(gradients, 0, one->gradient_count * sizeof *gradients);
    interpreter_forward_double(it, weights, one->ids ? (const void *)one->ids : x, one->samples, 0, (uint64_t)one->trains);
    interpreter_set_d_output_double(it, d_output);
    interpreter_backward_double(it, gradients, d_input);
    interpreter_free_double(it);
    free(weights);
    free(d_output);
    free(x);
    return 0;
}

/* The tape's tensor of this name, or NULL. */
static float *tape_tensor(const struct lstmc_model *model, char *tape, const char *name)
{
    for (int i = 0; i < model->tape_tensor_count; i++)
        if (!strcmp(model->tape_tensors[i].name, name))
            return (float *)tape + model->tape_tensors[i].offset;
    return NULL;
}

static int computed(const struct published_case *one, const struct lstmc_model *model, double *gradients, double *d_input, char *why)
{
    char *training = lstmc_alloc(model->training_bytes + 64), *tape = lstmc_alloc(model->tape_bytes + 64);
    float *sums = lstmc_alloc(model->weight_count * sizeof(float) + 64), *d_x = NULL;
    int status = -1;
    if (!training || !tape || !sums)
        abort();
    memset(tape, 0, model->tape_bytes);
    memset(sums, 0, model->weight_count * sizeof(float));
    model->prepare_training(training, one->weights);
    model->reset_tape(training, tape);
    model->forward(training, tape, one->ids ? (const void *)one->ids : one->x, one->samples, (uint64_t)one->trains);
    memcpy(tape + model->d_output_offset, one->d_output, one->expected_count * sizeof(float));
    model->backward(training, tape, sums);
    for (size_t i = 0; i < one->gradient_count; i++)
        gradients[i] = sums[i];
    if (d_input && !(d_x = tape_tensor(model, tape, "d_input"))) {
        snprintf(why, PUBLISHED_WHY, "%s: the tape has no d_input", one->name);
    } else {
        for (size_t i = 0; d_input && i < (size_t)one->samples * one->input_count; i++)
            d_input[i] = d_x[i];
        status = 0;
    }
    lstmc_free(training);
    lstmc_free(tape);
    lstmc_free(sums);
    return status;
}

int published_gradients(const struct published_case *one, const struct published_product *product, bool generated, double *gradients,
                        double *d_input, char why[PUBLISHED_WHY])
{
    const struct lstmc_model *descriptor = &product->model->descriptor;
    if (descriptor->gradient_count == one->gradient_count && descriptor->batch >= one->samples)
        return generated ? computed(one, product->generated, gradients, d_input, why) : interpreted(one, product, gradients, d_input, why);
    snprintf(why, PUBLISHED_WHY, "%s: the model has %zu trainable weights and batches of %d, published are %zu and %d", one->name,
             descriptor->gradient_count, descriptor->batch, one->gradient_count, one->samples);
    return -1;
}
