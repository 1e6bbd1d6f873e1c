/* custom.c: layers that the description defines itself: handed to the caller's functions, in double. */
#include "internal.h"

static const char *set_up(Interpreter *it, Run *run)
{
    if (!it->custom || !it->custom->forward || !it->custom->backward)
        return "a layer of the description, and nobody to run it";
    run->custom_x = interpreter_room(it, (size_t)run->in_count, sizeof(double *));
    run->custom_d_x = interpreter_room(it, (size_t)run->in_count, sizeof(double *));
    run->custom_wanted = interpreter_room(it, (size_t)run->in_count, sizeof(double *));
    for (int i = 0; i < run->in_count && !it->no_memory; i++) {
        run->custom_x[i] = interpreter_room(it, (size_t)it->rows_max * run->in[i]->count, sizeof(double));
        run->custom_d_x[i] = interpreter_room(it, (size_t)it->rows_max * run->in[i]->count, sizeof(double));
    }
    return NULL;
}

static void input_as_double(Interpreter *it, const Run *run)
{
    for (int n = 0; n < run->in_count; n++)
        for (size_t i = 0; i < (size_t)it->rows * run->in[n]->count; i++)
            run->custom_x[n][i] = run->in[n]->ids ? (double)run->in[n]->ids[i] : (double)run->in[n]->y[i];
}

static void forward(Interpreter *it, Run *run)
{
    for (size_t i = 0; i < it->model->descriptor.weight_count; i++)
        it->custom_weights[i] = it->weights[i];
    input_as_double(it, run);
    double distance = it->custom->forward(it->custom->context, run->index, it->custom_weights,
                                          (const double *const *)run->custom_x, it->rows, it->first_row, it->seed,
                                          it->custom_y);
    if (distance < it->kink_distance)
        it->kink_distance = distance;
    for (size_t i = 0; i < (size_t)it->rows * run->out.count; i++)
        run->out.y[i] = (REAL)it->custom_y[i];
    if (!run->layer->makes_mask)
        return;
    it->custom->mask(it->custom->context, run->index, it->rows, it->custom_y);
    for (size_t i = 0; i < (size_t)it->rows * run->out.mask->count; i++)
        run->out.mask->y[i] = (REAL)it->custom_y[i];
}

static void backward(Interpreter *it, Run *run)
{
    memset(it->custom_gradients, 0, it->model->descriptor.gradient_count * sizeof(double));
    input_as_double(it, run);
    for (size_t i = 0; i < (size_t)it->rows * run->out.count; i++)
        it->custom_d_y[i] = run->out.d_y[i];
    for (int n = 0; n < run->in_count; n++)
        run->custom_wanted[n] = adjoint_of(run->in[n]) ? run->custom_d_x[n] : NULL;
    it->custom->backward(it->custom->context, run->index, it->custom_weights, (const double *const *)run->custom_x,
                         it->rows, it->custom_d_y, it->custom_gradients, run->custom_wanted);
    for (int w = 0; w < run->layer->weight_count; w++) {
        REAL *gradient = gradients_of(it, run, run->layer->weights[w]);
        for (size_t i = 0; gradient && i < run->layer->weights[w]->count; i++)
            gradient[i] += (REAL)it->custom_gradients[run->layer->weights[w]->offset + i];
    }
    for (int n = 0; n < run->in_count; n++) {
        REAL *d_x = adjoint_of(run->in[n]);
        for (size_t i = 0; d_x && i < (size_t)it->rows * run->in[n]->count; i++)
            d_x[i] += (REAL)run->custom_d_x[n][i];
    }
}

static void update(Interpreter *it, Run *run, REAL *weights)
{
    for (size_t i = 0; i < it->model->descriptor.weight_count; i++)
        it->custom_weights[i] = weights[i];
    it->custom->update(it->custom->context, run->index, it->custom_weights);
    for (int w = 0; w < run->layer->weight_count; w++)
        for (size_t i = 0; i < run->layer->weights[w]->count; i++)
            weights[run->layer->weights[w]->offset + i] =
                (REAL)it->custom_weights[run->layer->weights[w]->offset + i];
}

const LayerKind kind_custom = { .name = "a custom layer", .set_up = set_up, .forward = forward, .backward = backward,
                                .update = update,
                                .many = true, .reads_ids = true };
