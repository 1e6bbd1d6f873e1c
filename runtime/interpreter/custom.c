/* custom.c: layers that the description defines itself: handed to the caller's functions, in double. */
#include "internal.h"

static const char *set_up(Interpreter *it, Run *run)
{
    (void)run;
    return it->custom && it->custom->forward && it->custom->backward
               ? NULL
               : "a layer of the description, and nobody to run it";
}

static void input_as_double(Interpreter *it, const Run *run)
{
    for (size_t i = 0; i < (size_t)it->rows * run->input_count; i++)
        it->custom_x[i] = run->x ? (double)run->x[i] : (double)it->ids[i];
}

static void forward(Interpreter *it, Run *run)
{
    for (size_t i = 0; i < it->model->descriptor.weight_count; i++)
        it->custom_weights[i] = it->weights[i];
    input_as_double(it, run);
    double distance = it->custom->forward(it->custom->context, run->index, it->custom_weights, it->custom_x, it->rows,
                                          it->first_row, it->seed, it->custom_y);
    if (distance < it->kink_distance)
        it->kink_distance = distance;
    for (size_t i = 0; i < (size_t)it->rows * run->output_count; i++)
        run->y[i] = (REAL)it->custom_y[i];
}

static void backward(Interpreter *it, Run *run)
{
    memset(it->custom_gradients, 0, it->model->descriptor.gradient_count * sizeof(double));
    input_as_double(it, run);
    for (size_t i = 0; i < (size_t)it->rows * run->output_count; i++)
        it->custom_d_y[i] = run->d_y[i];
    it->custom->backward(it->custom->context, run->index, it->custom_weights, it->custom_x, it->rows, it->custom_d_y,
                         it->custom_gradients, run->d_x ? it->custom_d_x : NULL);
    for (int w = 0; w < run->layer->weight_count; w++) {
        REAL *gradient = gradients_of(it, run, run->layer->weights[w]);
        for (size_t i = 0; gradient && i < run->layer->weights[w]->count; i++)
            gradient[i] += (REAL)it->custom_gradients[run->layer->weights[w]->offset + i];
    }
    for (size_t i = 0; run->d_x && i < (size_t)it->rows * run->input_count; i++)
        run->d_x[i] = (REAL)it->custom_d_x[i];
}

const LayerKind kind_custom = { "a custom layer", set_up, forward, backward };
