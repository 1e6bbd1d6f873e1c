/* lstm_openblas.c: an LSTM and a SimpleRNN of OpenBLAS calls: a product and its gates for each step, forth and back. */
#include "cells_openblas.h"
#include "fast_math.h"

#include <string.h>

/* Keras's order of gates: i f g o. z keeps them for the way back. */
static void lstm_gates(float *restrict z, const float *restrict c, float *restrict c_next, float *restrict tanh_c,
                       float *restrict h, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float i = fast_sigmoid(z[n]), f = fast_sigmoid(z[units + n]);
        float g = fast_tanh(z[2 * units + n]), o = fast_sigmoid(z[3 * units + n]);
        float next = f * c[n] + i * g, tanh_next = fast_tanh(next);
        z[n] = i;
        z[units + n] = f;
        z[2 * units + n] = g;
        z[3 * units + n] = o;
        c_next[n] = next;
        tanh_c[n] = tanh_next;
        h[n] = o * tanh_next;
    }
}

static void lstm_stream(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, inputs = (size_t)layer->inputs;
    float *h = own->state + inputs;
    memcpy(own->state, layer->x, inputs * sizeof(float));
    memcpy(own->z, layer->bias, 4 * units * sizeof(float));
    multiply(layer, 1, layer->inputs + layer->units, 4 * layer->units, own->state, own->both, own->z);
    lstm_gates(own->z, own->c, own->c + units, own->tanh_c, h, units);
    memcpy(own->c, own->c + units, units * sizeof(float));
    memcpy(layer->h, h, units * sizeof(float));
}

static void lstm_forward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, steps = (size_t)layer->steps;
    if (layer->streaming) {
        lstm_stream(layer);
        return;
    }
    multiply_inputs(layer, own->z);
    for (size_t t = 0; t < steps; t++) {
        if (t)
            multiply(layer, layer->rows, layer->units, 4 * layer->units, state_before(layer, t),
                     layer->recurrent_kernel, own->z + t * rows * 4 * units);
        for (size_t b = t * rows; b < (t + 1) * rows; b++)
            lstm_gates(own->z + b * 4 * units, own->c + b * units, own->c + (b + rows) * units,
                       own->tanh_c + b * units, layer->h + b * units, units);
    }
}

/* One row of one step: z from gates to gradients of the sums, d_c to the step before. */
static void lstm_gates_backward(float *restrict z, const float *restrict c, const float *restrict tanh_c,
                                const float *restrict d_h, float *restrict d_c, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float i = z[n], f = z[units + n], g = z[2 * units + n], o = z[3 * units + n];
        float d_cell = d_c[n] + d_h[n] * o * (1 - tanh_c[n] * tanh_c[n]);
        z[n] = d_cell * g * i * (1 - i);
        z[units + n] = d_cell * c[n] * f * (1 - f);
        z[2 * units + n] = d_cell * i * (1 - g * g);
        z[3 * units + n] = d_h[n] * tanh_c[n] * o * (1 - o);
        d_c[n] = d_cell * f;
    }
}

/* d_h of the step before t, from z of step t. */
static void step_back(Recurrent *layer, size_t t)
{
    Own *own = layer->own;
    size_t count = (size_t)layer->rows * (size_t)layer->units;
    if (!layer->last_step)
        memcpy(own->d_h, layer->d_h + (t - 1) * count, count * sizeof(float));
    multiply_back(layer, layer->rows, layer->units, row_of(layer), own->z + t * (size_t)(layer->rows * row_of(layer)),
                  layer->recurrent_kernel, layer->last_step ? 0 : 1, own->d_h);
}

static void set_recurrent_gradient(Recurrent *layer)
{
    Own *own = layer->own;
    multiply_weights(layer, (layer->steps - 1) * layer->rows, layer->units, row_of(layer), layer->h,
                     own->z + (size_t)(layer->rows * row_of(layer)), layer->d_recurrent_kernel);
}

static void lstm_backward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, steps = (size_t)layer->steps, count = rows * units;
    memset(own->d_c, 0, count * sizeof(float));
    memcpy(own->d_h, layer->d_h + (steps - 1) * count, count * sizeof(float));
    for (size_t t = steps; t-- > 0;) {
        for (size_t b = 0; b < rows; b++) {
            size_t at = t * rows + b;
            lstm_gates_backward(own->z + at * 4 * units, own->c + at * units, own->tanh_c + at * units,
                                own->d_h + b * units, own->d_c + b * units, units);
        }
        if (t)
            step_back(layer, t);
    }
    set_recurrent_gradient(layer);
}

/* Sums and h are in one place. */
static void rnn_forward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t count = (size_t)layer->rows * (size_t)layer->units;
    multiply_inputs(layer, layer->h);
    for (size_t t = 0; t < (size_t)layer->steps; t++) {
        const float *before = state_before(layer, t);
        float *h = layer->h + t * count;
        if (before != own->zeros)
            multiply(layer, layer->rows, layer->units, layer->units, before, layer->recurrent_kernel, h);
        for (size_t n = 0; n < count; n++)
            h[n] = fast_tanh(h[n]);
    }
}

static void rnn_backward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t steps = (size_t)layer->steps, count = (size_t)layer->rows * (size_t)layer->units;
    memcpy(own->d_h, layer->d_h + (steps - 1) * count, count * sizeof(float));
    for (size_t t = steps; t-- > 0;) {
        const float *restrict h = layer->h + t * count, *restrict d_h = own->d_h;
        float *restrict z = own->z + t * count;
        for (size_t n = 0; n < count; n++)
            z[n] = d_h[n] * (1 - h[n] * h[n]);
        if (t)
            step_back(layer, t);
    }
    set_recurrent_gradient(layer);
}

const Cell lstm_openblas = { lstm_forward, lstm_backward }, simple_rnn_openblas = { rnn_forward, rnn_backward };
