/* simple_rnn.c: SimpleRNN (Elman 1990):  h_t = f(x_t W + b + h_{t-1} U). */
#include "internal.h"

static void step_forward(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    Rows z = recurrent_gate(run, run->z, t, 0);
    matrix_product(it, AS_IS, AS_IS, rows, u, u, recurrent_h(it, run, t), u,
                   weights_of(it, run->recurrent_kernel), u, 1, z.at,
                   z.stride);
    activation_forward(it, run->activation, z, (Rows){ recurrent_h(it, run, t + 1), u }, rows, u);
}

static void step_backward(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    REAL *d_recurrent = gradients_of(it, run, run->recurrent_kernel);
    Rows d_z = recurrent_gate(run, run->d_z, t, 0);
    activation_backward(it, run->activation, recurrent_gate(run, run->z, t, 0),
                        (Rows){ recurrent_h(it, run, t + 1), u },
                        (Rows){ run->states[STATE_H].d, u }, d_z, rows, u);
    if (d_recurrent)
        matrix_product(it, TRANSPOSED, AS_IS, u, u, rows, recurrent_h(it, run, t), u, d_z.at, d_z.stride, 1,
                       d_recurrent, u);
    matrix_product(it, AS_IS, TRANSPOSED, rows, u, u, d_z.at, d_z.stride, weights_of(it, run->recurrent_kernel), u, 0,
                   run->states[STATE_H].d, u);
}

static const Cell cell = { .gates = 1, .forward = step_forward, .backward = step_backward };

static const char *set_up(Interpreter *it, Run *run)
{
    return recurrent_set_up(it, run, &cell);
}

const LayerKind kind_simple_rnn = {
    .name = "SimpleRNN", .set_up = set_up, .forward = recurrent_forward, .backward = recurrent_backward
};
