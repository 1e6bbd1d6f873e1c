/* elementwise_layers.c: Activation and Dropout. */
#include "internal.h"

#include "runtime/lstmc_random.h"

/* ---- Activation: along the last axis, where that matters ---- */

static const char *set_up_activation(Interpreter *it, Run *run)
{
    const Shape *shape = &run->layer->output;
    run->activation = activation_find(layer_text(run->layer, "activation"));
    if (!run->activation)
        return "unknown activation";
    if (!run->x)
        return "an activation of token ids has no meaning";
    if (run->input_count != run->output_count)
        return "the shape must not change";
    run->units = shape->rank > 0 ? (size_t)shape->extent[shape->rank - 1] : 1;
    run->z = run->x;
    run->d_z = interpreter_room(it, (size_t)it->rows_max * run->output_count, sizeof(REAL));
    return NULL;
}

static void forward_activation(Interpreter *it, Run *run)
{
    size_t rows = (size_t)it->rows * (run->output_count / run->units);
    activation_forward(it, run->activation, (Rows){ run->z, run->units }, (Rows){ run->y, run->units }, rows,
                       run->units);
}

static void backward_activation(Interpreter *it, Run *run)
{
    size_t rows = (size_t)it->rows * (run->output_count / run->units), units = run->units;
    bool loss_set_d_z = it->gradient_at_logits && run->index == it->run_count - 1;
    if (!run->d_x)
        return;
    if (!loss_set_d_z)
        activation_backward(it, run->activation, (Rows){ run->z, units }, (Rows){ run->y, units },
                            (Rows){ run->d_y, units },
                            (Rows){ run->d_z, units }, rows, units);
    memcpy(run->d_x, run->d_z, (size_t)it->rows * run->output_count * sizeof(REAL));
}

const LayerKind kind_activation = { "Activation", set_up_activation, forward_activation, backward_activation };

/* ---- Dropout: inverted, noise by counter ---- */

static const char *set_up_dropout(Interpreter *it, Run *run)
{
    if (!run->x)
        return "dropout of token ids has no meaning";
    if (run->input_count != run->output_count)
        return "the shape must not change";
    run->noise = interpreter_room(it, (size_t)it->rows_max * run->output_count, sizeof(REAL));
    return NULL;
}

static void forward_dropout(Interpreter *it, Run *run)
{
    float rate = (float)layer_number(run->layer, "rate", 0);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t element = 0; element < run->output_count; element++) {
            size_t i = row * run->output_count + element;
            run->noise[i] = lstmc_dropout_noise(rate, it->seed, (uint64_t)run->index, (uint64_t)it->first_row + row,
                                                element);
            run->y[i] = run->x[i] * run->noise[i];
        }
}

static void backward_dropout(Interpreter *it, Run *run)
{
    for (size_t i = 0; run->d_x && i < (size_t)it->rows * run->output_count; i++)
        run->d_x[i] = run->d_y[i] * run->noise[i];
}

const LayerKind kind_dropout = { "Dropout", set_up_dropout, forward_dropout, backward_dropout };
