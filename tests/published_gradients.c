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
    int count = published_inputs(product);
    void *x[8] = { NULL };
    double *d_x[8] = { NULL };
    for (int k = 0; k < count; k++) {
        struct lstmc_array array;
        x[k] = published_input(one, product, k, 0, one->samples, 1, &array);
        d_x[k] = d_input && !array.is_integer ? d_input + (size_t)one->samples * array.offset : NULL;
    }
    memset(gradients, 0, one->gradient_count * sizeof *gradients);
    interpreter_forward_all_double(it, weights, (const void *const *)x, one->samples, 0, (uint64_t)one->trains);
    interpreter_set_d_output_double(it, d_output);
    interpreter_backward_all_double(it, gradients, d_x);
    interpreter_free_double(it);
    free(weights);
    free(d_output);
    for (int k = 0; k < count; k++)
        free(x[k]);
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

/* False: the tape has none of an input. */
static bool take_d_input(const struct published_case *one, const struct lstmc_model *model, char *tape, double *d_input)
{
    const struct lstmc_array all = { .name = "", .count = one->input_count };
    const struct lstmc_array *arrays = model->inputs ? model->inputs : &all;
    for (int k = 0; k < (model->inputs ? model->input_arrays : 1); k++) {
        char name[80];
        snprintf(name, sizeof name, "inputs.d_%s", arrays[k].name);
        const float *d_x = tape_tensor(model, tape, model->inputs ? name : "d_input");
        if (!d_x && !arrays[k].is_integer)
            return false;
        for (size_t i = 0; d_x && i < (size_t)one->samples * arrays[k].count; i++)
            d_input[(size_t)one->samples * arrays[k].offset + i] = d_x[i];
    }
    return true;
}

static int computed(const struct published_case *one, const struct lstmc_model *model, double *gradients, double *d_input, char *why)
{
    char *training = lstmc_alloc(model->training_bytes + 64), *tape = lstmc_alloc(model->tape_bytes + 64);
    float *sums = lstmc_alloc(model->weight_count * sizeof(float) + 64);
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
    if (d_input && !take_d_input(one, model, tape, d_input))
        snprintf(why, PUBLISHED_WHY, "%s: the tape has no d_input", one->name);
    else
        status = 0;
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
