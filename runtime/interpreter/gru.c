/* gru.c: GRU (Cho et al. 2014), blocks z, r, h:  p = x W + b,  z = r(p_z + q_z),  r = r(p_r + q_r),  h' = z h + (1 - z)
 * n, where
 *
 *     reset_after:  q = h U + b_recurrent,   n = f(p_h + r q_h)
 *     reset before: q = h U (z and r),       n = f(p_h + (r h) U_h)  */
#include "internal.h"

enum { GATE_UPDATE, GATE_RESET, GATE_CANDIDATE, GATES };

static const char *set_up_cell(Interpreter *it, Run *run)
{
    size_t state = (size_t)it->rows_max * run->units;
    run->gates = interpreter_room(it, state * run->steps * GATES, sizeof(REAL));
    if (run->reset_after)
        run->recurrent = interpreter_room(it, state * run->steps * GATES, sizeof(REAL));
    run->work = interpreter_room(it, state * GATES, sizeof(REAL));
    run->more_work = interpreter_room(it, state, sizeof(REAL));
    return NULL;
}

/* q at step t: [rows, 3 units]. */
static REAL *recurrent_side(const Interpreter *it, const Run *run, size_t t)
{
    return run->recurrent + t * (size_t)it->rows_max * GATES * run->units;
}

static void activate(Interpreter *it, Run *run, size_t t, int gate)
{
    activation_forward(it, gate == GATE_CANDIDATE ? run->activation : run->recurrent_activation,
                       recurrent_gate(run, run->z, t, gate), recurrent_gate(run, run->gates, t, gate), (size_t)it->rows,
                       run->units);
}

/* d_z of a gate: from the adjoint of its value, in place, to that of its argument. */
static void pull(Interpreter *it, Run *run, size_t t, int gate)
{
    Rows d = recurrent_gate(run, run->d_z, t, gate);
    activation_backward(it, gate == GATE_CANDIDATE ? run->activation : run->recurrent_activation,
                        recurrent_gate(run, run->z, t, gate),
                        recurrent_gate(run, run->gates, t, gate), d, d, (size_t)it->rows, run->units);
}

/* run->more_work = r h */
static void reset_state(Interpreter *it, Run *run, size_t t)
{
    Rows r = recurrent_gate(run, run->gates, t, GATE_RESET);
    const REAL *h = recurrent_h(it, run, t);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t k = 0; k < run->units; k++)
            run->more_work[row * run->units + k] = r.at[row * r.stride + k] * h[row * run->units + k];
}

static void gates_reset_after(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    const REAL *bias = weights_of(it, run->bias);
    REAL *q = recurrent_side(it, run, t);
    affine_forward(it, rows, u, GATES * u, recurrent_h(it, run, t), weights_of(it, run->recurrent_kernel),
                   bias ? bias + GATES * u : NULL, q);
    Rows z = recurrent_gate(run, run->z, t, 0), r = recurrent_gate(run, run->gates, t, GATE_RESET);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < 2 * u; k++)
            z.at[row * z.stride + k] += q[row * GATES * u + k];
    activate(it, run, t, GATE_UPDATE);
    activate(it, run, t, GATE_RESET);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < u; k++)
            z.at[row * z.stride + 2 * u + k] += r.at[row * r.stride + k] * q[(row * GATES + 2) * u + k];
    activate(it, run, t, GATE_CANDIDATE);
}

static void gates_reset_before(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    const REAL *kernel = weights_of(it, run->recurrent_kernel);
    Rows z = recurrent_gate(run, run->z, t, 0);
    matrix_product(it, AS_IS, AS_IS, rows, 2 * u, u, recurrent_h(it, run, t), u, kernel, GATES * u, 1, z.at,
                   z.stride);
    activate(it, run, t, GATE_UPDATE);
    activate(it, run, t, GATE_RESET);
    reset_state(it, run, t);
    matrix_product(it, AS_IS, AS_IS, rows, u, u, run->more_work, u, kernel + 2 * u, GATES * u, 1, z.at + 2 * u,
                   z.stride);
    activate(it, run, t, GATE_CANDIDATE);
}

static void step_forward(Interpreter *it, Run *run, size_t t)
{
    size_t u = run->units;
    (run->reset_after ? gates_reset_after : gates_reset_before)(it, run, t);
    Rows z = recurrent_gate(run, run->gates, t, GATE_UPDATE), n = recurrent_gate(run, run->gates, t, GATE_CANDIDATE);
    const REAL *before = recurrent_h(it, run, t);
    REAL *h = recurrent_h(it, run, t + 1);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t k = 0; k < u; k++) {
            REAL update = z.at[row * z.stride + k];
            h[row * u + k] = update * before[row * u + k] + (1 - update) * n.at[row * n.stride + k];
        }
}

/* The recurrent side with reset_after: Q = [e_z, e_r, e_h r], d_U += h^T Q, d_b += Q, d_h += Q U^T. */
static void recurrent_after(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    REAL *d_bias = gradients_of(it, run, run->bias), *d_recurrent = gradients_of(it, run, run->recurrent_kernel);
    const REAL *q = recurrent_side(it, run, t);
    Rows e = recurrent_gate(run, run->d_z, t, 0), r = recurrent_gate(run, run->gates, t, GATE_RESET);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < u; k++)
            e.at[row * e.stride + u + k] = e.at[row * e.stride + 2 * u + k] * q[(row * GATES + 2) * u + k];
    pull(it, run, t, GATE_RESET);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < u; k++) {
            const REAL *from = e.at + row * e.stride + k;
            REAL *to = run->work + row * GATES * u + k;
            to[0] = from[0];
            to[u] = from[u];
            to[2 * u] = from[2 * u] * r.at[row * r.stride + k];
        }
    if (d_recurrent)
        matrix_product(it, TRANSPOSED, AS_IS, u, GATES * u, rows, recurrent_h(it, run, t), u, run->work,
                       GATES * u, 1,
                       d_recurrent, GATES * u);
    if (d_bias)
        add_column_sums((Rows){ run->work, GATES * u }, rows, GATES * u, d_bias + GATES * u);
    matrix_product(it, AS_IS, TRANSPOSED, rows, u, GATES * u, run->work, GATES * u,
                   weights_of(it, run->recurrent_kernel), GATES * u, 1,
                   run->states[STATE_H].d, u);
}

/* The recurrent side with the reset before: m = r h, d_m = e_h U_h^T, d_r = d_m h, d_h += d_m r, d_U_h += m^T e_h; z
 * and r as usual. */
static void recurrent_before(Interpreter *it, Run *run, size_t t)
{
    size_t rows = (size_t)it->rows, u = run->units;
    REAL *d_recurrent = gradients_of(it, run, run->recurrent_kernel), *h = recurrent_h(it, run, t);
    const REAL *kernel = weights_of(it, run->recurrent_kernel);
    Rows e = recurrent_gate(run, run->d_z, t, 0), r = recurrent_gate(run, run->gates, t, GATE_RESET);
    matrix_product(it, AS_IS, TRANSPOSED, rows, u, u, e.at + 2 * u, e.stride, kernel + 2 * u, GATES * u, 0, run->work,
                   u);
    for (size_t row = 0; row < rows; row++)
        for (size_t k = 0; k < u; k++) {
            REAL d_m = run->work[row * u + k];
            e.at[row * e.stride + u + k] = d_m * h[row * u + k];
            run->states[STATE_H].d[row * u + k] += d_m * r.at[row * r.stride + k];
        }
    pull(it, run, t, GATE_RESET);
    reset_state(it, run, t);
    if (d_recurrent) {
        matrix_product(it, TRANSPOSED, AS_IS, u, u, rows, run->more_work, u, e.at + 2 * u, e.stride, 1,
                       d_recurrent + 2 * u, GATES * u);
        matrix_product(it, TRANSPOSED, AS_IS, u, 2 * u, rows, h, u, e.at, e.stride, 1, d_recurrent, GATES * u);
    }
    matrix_product(it, AS_IS, TRANSPOSED, rows, u, 2 * u, e.at, e.stride, kernel, GATES * u, 1,
                   run->states[STATE_H].d, u);
}

static void step_backward(Interpreter *it, Run *run, size_t t)
{
    size_t u = run->units;
    Rows d_z = recurrent_gate(run, run->d_z, t, 0), y = recurrent_gate(run, run->gates, t, 0);
    const REAL *before = recurrent_h(it, run, t);
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t k = 0; k < u; k++) {
            const REAL *z = y.at + row * y.stride + k, *n = z + 2 * u;
            REAL *d_h = &run->states[STATE_H].d[row * u + k], *d = d_z.at + row * d_z.stride + k;
            d[2 * u] = *d_h * (1 - *z);
            d[0] = *d_h * (before[row * u + k] - *n);
            *d_h *= *z;
        }
    pull(it, run, t, GATE_CANDIDATE);
    pull(it, run, t, GATE_UPDATE);
    (run->reset_after ? recurrent_after : recurrent_before)(it, run, t);
}

static const Cell cell = { .gates = GATES, .set_up = set_up_cell, .forward = step_forward, .backward = step_backward };

static const char *set_up(Interpreter *it, Run *run)
{
    run->reset_after = layer_flag(run->layer, "reset_after");
    return recurrent_set_up(it, run, &cell);
}

const LayerKind kind_gru = {
    .name = "GRU", .set_up = set_up, .forward = recurrent_forward, .backward = recurrent_backward
};
