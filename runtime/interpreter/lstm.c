/* lstm.c: LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000), blocks i, f, c, o.
 *
 *     a = x W + h U + b     i = r(a_i)  f = r(a_f)  g = f(a_c)  o = r(a_o)     c' = f c + i g     h' = o f(c')  */
#include "internal.h"

enum { GATE_INPUT, GATE_FORGET, GATE_CANDIDATE, GATE_OUTPUT, GATES };

static const char *set_up_cell(Interpreter *it, Run *run)
{
    size_t state = (size_t)it->rows_max * run->units;
    run->gates = interpreter_room(it, state * run->steps * GATES, sizeof(REAL));
    new_state(it, run, "c", (Shape){ 1, { (int)run->units } }, run->steps);
    run->activated_c = interpreter_room(it, state * run->steps, sizeof(REAL));
    run->work = interpreter_room(it, state, sizeof(REAL));
    return NULL;
}

static REAL *activated_c_at(const Interpreter *it, const Run *run, size_t t)
{
    return run->activated_c + t * (size_t)it->rows_max * run->units;
}

static const Activation *activation_of(const Run *run, int gate)
{
    return gate == GATE_CANDIDATE ? run->activation : run->recurrent_activation;
}

static void step_forward(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    Rows z = recurrent_gate(run, run->z, t, 0), y[GATES];
    matrix_product(it, AS_IS, AS_IS, rows, GATES * u, u, recurrent_h(it, run, t), u,
                   weights_of(it, run->recurrent_kernel),
                   GATES * u, 1, z.at, z.stride);
    for (int gate = 0; gate < GATES; gate++) {
        y[gate] = recurrent_gate(run, run->gates, t, gate);
        activation_forward(it, activation_of(run, gate), recurrent_gate(run, run->z, t, gate), y[gate], rows, u);
    }

    const REAL *c_before = state_row(it, &run->states[STATE_C], t);
    REAL *c = state_row(it, &run->states[STATE_C], t + 1), *h = recurrent_h(it, run, t + 1);
    REAL *activated_c = activated_c_at(it, run, t);
    for (size_t row = 0; row < rows; row++) {
        size_t at = row * y[0].stride;
        for (size_t k = 0; k < u; k++)
            c[row * u + k] = y[GATE_FORGET].at[at + k] * c_before[row * u + k] +
                             y[GATE_INPUT].at[at + k] * y[GATE_CANDIDATE].at[at + k];
    }
    activation_forward(it, run->activation, (Rows){ c, u }, (Rows){ activated_c, u }, rows, u);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < u; k++)
            h[row * u + k] = y[GATE_OUTPUT].at[row * y[0].stride + k] * activated_c[row * u + k];
}

/* d_z of the four gates before their activations, and d_c of the state before. */
static void gate_adjoints(Interpreter *it, Run *run, size_t t)
{
    size_t u = run->units;
    const REAL *c_before = state_row(it, &run->states[STATE_C], t),
               *activated_c = activated_c_at(it, run, t);
    REAL *d_h = run->states[STATE_H].d, *d_c = run->states[STATE_C].d;
    Rows y[GATES], d[GATES];
    for (int gate = 0; gate < GATES; gate++) {
        y[gate] = recurrent_gate(run, run->gates, t, gate);
        d[gate] = recurrent_gate(run, run->d_z, t, gate);
    }
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t k = 0; k < u; k++) {
            size_t at = row * y[0].stride + k, s = row * u + k;
            d[GATE_OUTPUT].at[at] = d_h[s] * activated_c[s];
            d[GATE_INPUT].at[at] = d_c[s] * y[GATE_CANDIDATE].at[at];
            d[GATE_CANDIDATE].at[at] = d_c[s] * y[GATE_INPUT].at[at];
            d[GATE_FORGET].at[at] = d_c[s] * c_before[s];
            d_c[s] *= y[GATE_FORGET].at[at];
        }
    for (int gate = 0; gate < GATES; gate++)
        activation_backward(it, activation_of(run, gate), recurrent_gate(run, run->z, t, gate), y[gate], d[gate],
                            d[gate],
                            (size_t)it->rows, u);
}

static void step_backward(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    REAL *d_h = run->states[STATE_H].d, *d_c = run->states[STATE_C].d;
    Rows o = recurrent_gate(run, run->gates, t, GATE_OUTPUT), d_z = recurrent_gate(run, run->d_z, t, 0);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < u; k++)
            run->work[row * u + k] = d_h[row * u + k] * o.at[row * o.stride + k];
    activation_backward(it, run->activation, (Rows){ state_row(it, &run->states[STATE_C], t + 1), u },
                        (Rows){ activated_c_at(it, run, t), u }, (Rows){ run->work, u },
                        (Rows){ run->work, u }, rows, u);
    for (size_t i = 0; i < rows * u; i++)
        d_c[i] += run->work[i];
    gate_adjoints(it, run, t);

    REAL *d_recurrent = gradients_of(it, run, run->recurrent_kernel);
    if (d_recurrent)
        matrix_product(it, TRANSPOSED, AS_IS, u, GATES * u, rows, recurrent_h(it, run, t), u, d_z.at,
                       d_z.stride, 1,
                       d_recurrent, GATES * u);
    matrix_product(it, AS_IS, TRANSPOSED, rows, u, GATES * u, d_z.at, d_z.stride, weights_of(it, run->recurrent_kernel),
                   GATES * u, 0,
                   d_h, u);
}

static const Cell cell = { .gates = GATES, .set_up = set_up_cell, .forward = step_forward, .backward = step_backward };

static const char *set_up(Interpreter *it, Run *run)
{
    return recurrent_set_up(it, run, &cell);
}

const LayerKind kind_lstm = {
    .name = "LSTM", .set_up = set_up, .forward = recurrent_forward, .backward = recurrent_backward
};
