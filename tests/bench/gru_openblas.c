/* gru_openblas.c: both GRUs of OpenBLAS calls: that of Keras's reset_after, whose candidate sees r (h R + b), and that
 * with the reset before, whose candidate sees (r h) R. Gates in Keras's order: z r h. */
#include "cells_openblas.h"
#include "fast_math.h"

#include <string.h>

/* p is the input side, and keeps the gates for the way back. h and h_next may be the same. */
static void gates(float *restrict p, const float *restrict q, const float *h, float *h_next, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float z = fast_sigmoid(p[n] + q[n]), r = fast_sigmoid(p[units + n] + q[units + n]);
        float candidate = fast_tanh(p[2 * units + n] + r * q[2 * units + n]);
        p[n] = z;
        p[units + n] = r;
        p[2 * units + n] = candidate;
        h_next[n] = z * h[n] + (1 - z) * candidate;
    }
}

static void forward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, row = 3 * units;
    multiply_inputs(layer, own->z);
    for (size_t t = 0; t < (size_t)layer->steps; t++) {
        const float *before = state_before(layer, t);
        float *q = own->q + (layer->training ? t * rows * row : 0);
        fill_rows(q, rows, row, layer->bias + row);
        if (before != own->zeros)
            multiply(layer, layer->rows, layer->units, 3 * layer->units, before, layer->recurrent_kernel, q);
        for (size_t b = 0; b < rows; b++)
            gates(own->z + (t * rows + b) * row, q + b * row, before + b * units, layer->h + (t * rows + b) * units,
                  units);
    }
}

/* One row of one step: p and q from gates to gradients of the sums of both sides, d_h to what does not pass R. */
static void gates_backward(float *restrict p, float *restrict q, const float *restrict h, float *restrict d_h,
                           size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float z = p[n], r = p[units + n], candidate = p[2 * units + n], d = d_h[n];
        float d_candidate = d * (1 - z) * (1 - candidate * candidate);
        q[n] = p[n] = d * (h[n] - candidate) * z * (1 - z);
        q[units + n] = p[units + n] = d_candidate * q[2 * units + n] * r * (1 - r);
        q[2 * units + n] = d_candidate * r;
        p[2 * units + n] = d_candidate;
        d_h[n] = d * z;
    }
}

/* What comes from above to the step before t; nothing but at the last step if only that one leaves. */
static void add_from_above(Recurrent *layer, size_t t)
{
    Own *own = layer->own;
    size_t count = (size_t)layer->rows * (size_t)layer->units;
    for (size_t n = 0; !layer->last_step && n < count; n++)
        own->d_h[n] += layer->d_h[(t - 1) * count + n];
}

static void start_at_the_last(Recurrent *layer)
{
    Own *own = layer->own;
    size_t count = (size_t)layer->rows * (size_t)layer->units;
    memcpy(own->d_h, layer->d_h + (size_t)(layer->steps - 1) * count, count * sizeof(float));
}

static void backward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, row = 3 * units;
    start_at_the_last(layer);
    for (size_t t = (size_t)layer->steps; t-- > 0;) {
        const float *before = state_before(layer, t);
        float *z = own->z + t * rows * row, *q = own->q + t * rows * row;
        for (size_t b = 0; b < rows; b++)
            gates_backward(z + b * row, q + b * row, before + b * units, own->d_h + b * units, units);
        if (!t)
            break;
        multiply_back(layer, layer->rows, layer->units, 3 * layer->units, q, layer->recurrent_kernel, 1, own->d_h);
        add_from_above(layer, t);
    }
    multiply_weights(layer, (layer->steps - 1) * layer->rows, layer->units, 3 * layer->units, layer->h,
                     own->q + rows * row, layer->d_recurrent_kernel);
    column_sums(own->q, (size_t)layer->steps * rows, row, layer->d_bias + row);
}

const Cell gru_openblas = { forward, backward };

/* With the reset before. */

static void reset_gates(float *restrict z, const float *restrict h, float *restrict m, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float r = fast_sigmoid(z[units + n]);
        z[n] = fast_sigmoid(z[n]);
        z[units + n] = r;
        m[n] = r * h[n];
    }
}

static void candidate_gates(float *restrict z, const float *h, float *h_next, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float candidate = fast_tanh(z[2 * units + n]);
        z[2 * units + n] = candidate;
        h_next[n] = z[n] * h[n] + (1 - z[n]) * candidate;
    }
}

static void forward_before(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, row = 3 * units;
    multiply_inputs(layer, own->z);
    for (size_t t = 0; t < (size_t)layer->steps; t++) {
        const float *before = state_before(layer, t);
        float *z = own->z + t * rows * row, *m = own->m + (layer->training ? t * rows * units : 0);
        if (before != own->zeros)
            multiply(layer, layer->rows, layer->units, 2 * layer->units, before, layer->recurrent_kernel, z);
        for (size_t b = 0; b < rows; b++)
            reset_gates(z + b * row, before + b * units, m + b * units, units);
        if (before != own->zeros)
            multiply(layer, layer->rows, layer->units, layer->units, m, layer->recurrent_kernel + 2 * units,
                     z + 2 * units);
        for (size_t b = 0; b < rows; b++)
            candidate_gates(z + b * row, before + b * units, layer->h + (t * rows + b) * units, units);
    }
}

/* z and the candidate from gates to gradients of their sums, d_h to what does not pass R. */
static void candidate_backward(float *restrict z, const float *restrict h, float *restrict d_h, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float update = z[n], candidate = z[2 * units + n], d = d_h[n];
        z[n] = d * (h[n] - candidate) * update * (1 - update);
        z[2 * units + n] = d * (1 - update) * (1 - candidate * candidate);
        d_h[n] = d * update;
    }
}

/* r from the gate to the gradient of its sum, and what passes r h to d_h. */
static void reset_backward(float *restrict z, const float *restrict h, const float *restrict d_m, float *restrict d_h,
                           size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float r = z[units + n];
        z[units + n] = d_m[n] * h[n] * r * (1 - r);
        d_h[n] += d_m[n] * r;
    }
}

/* d_h of the step before t. At the first step, before which h is zeros, the gradient of r is too, whatever d_m is. */
static void step_back_before(Recurrent *layer, size_t t)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, row = 3 * units;
    const float *before = state_before(layer, t);
    float *z = own->z + t * rows * row;
    if (t)
        multiply_back(layer, layer->rows, layer->units, layer->units, z + 2 * units,
                      layer->recurrent_kernel + 2 * units, 0, own->d_m);
    for (size_t b = 0; b < rows; b++)
        reset_backward(z + b * row, before + b * units, own->d_m + b * units, own->d_h + b * units, units);
    if (!t)
        return;
    multiply_back(layer, layer->rows, layer->units, 2 * layer->units, z, layer->recurrent_kernel, 1, own->d_h);
    add_from_above(layer, t);
}

static void backward_before(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, row = 3 * units;
    start_at_the_last(layer);
    for (size_t t = (size_t)layer->steps; t-- > 0;) {
        for (size_t b = 0; b < rows; b++)
            candidate_backward(own->z + (t * rows + b) * row, state_before(layer, t) + b * units,
                               own->d_h + b * units, units);
        step_back_before(layer, t);
    }
    int later = (layer->steps - 1) * layer->rows;
    multiply_weights(layer, later, layer->units, 2 * layer->units, layer->h, own->z + rows * row,
                     layer->d_recurrent_kernel);
    multiply_weights(layer, later, layer->units, layer->units, own->m + rows * units, own->z + rows * row + 2 * units,
                     layer->d_recurrent_kernel + 2 * units);
}

const Cell gru_before_openblas = { forward_before, backward_before };
