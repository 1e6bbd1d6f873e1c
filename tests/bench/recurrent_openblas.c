/* recurrent_openblas.c: LSTM and GRU made of OpenBLAS calls: the products with x for all steps in one sgemm, sgemv or sgemm within a step,
 * gates in loops of vectors; back-propagation through time with one sgemm over all rows for each weight gradient. */
#include "fast_math.h"
#include "network.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

typedef struct Own {
    float *z;                   /* [steps, rows, gates, units]: sums, then gates, then their gradients */
    float *q;                   /* of a GRU: [rows, gates, units], the recurrent side of one step */
    float *c, *tanh_c;          /* [steps + 1, rows, units]: c[t + 1] is after step t; [steps, rows, units] */
    float *d_h, *d_c;           /* [rows, units]: from the step behind */
    float *state;               /* streaming: x and h in one row, for one product with `both` */
    float *both;                /* [inputs + units, gates, units] */
} Own;

static bool open_layer(Recurrent *layer, char *why)
{
    if (layer->kind == LAYER_GRU && layer->training) {
        snprintf(why, WHY_MAX, "the bench has no GRU training for it");
        return false;
    }
    if (layer->bidirectional) {
        snprintf(why, WHY_MAX, "the bench has no bidirectional LSTM for it");
        return false;
    }
    size_t units = (size_t)layer->units, gates = (size_t)gate_count(layer->kind);
    size_t rows = (size_t)layer->rows, all = rows * (size_t)layer->steps, inputs = (size_t)layer->inputs;
    Own *own = checked_alloc(sizeof *own);
    own->z = checked_alloc(all * gates * units * sizeof(float));
    own->q = checked_alloc(rows * gates * units * sizeof(float));
    own->c = checked_alloc((all + rows) * units * sizeof(float));
    own->tanh_c = checked_alloc(all * units * sizeof(float));
    own->d_h = checked_alloc(rows * units * sizeof(float));
    own->d_c = checked_alloc(rows * units * sizeof(float));
    own->state = checked_alloc((inputs + units) * sizeof(float));
    own->both = checked_alloc((inputs + units) * gates * units * sizeof(float));
    layer->own = own;
    return true;
}

static void close_layer(Recurrent *layer)
{
    Own *own = layer->own;
    if (!own)
        return;
    float *memory[] = { own->z, own->q, own->c, own->tanh_c, own->d_h, own->d_c, own->state, own->both };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    checked_free(own);
}

static void update_layer(Recurrent *layer)
{
    Own *own = layer->own;
    size_t columns = (size_t)gate_count(layer->kind) * (size_t)layer->units, inputs = (size_t)layer->inputs;
    if (!layer->streaming)
        return;
    memcpy(own->both, layer->kernel, inputs * columns * sizeof(float));
    memcpy(own->both + inputs * columns, layer->recurrent_kernel, (size_t)layer->units * columns * sizeof(float));
}

/* y += x w, where w is [inputs, outputs]. */
static void product(const float *x, int rows, int inputs, const float *w, int outputs, float *y)
{
    if (rows == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, inputs, outputs, 1, w, outputs, x, 1, 1, y, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, outputs, inputs, 1, x, inputs, w, outputs, 1, y, outputs);
}

/* Keras's order of gates: i f g o. z keeps them for the way back. */
static void lstm_gates(float *restrict z, const float *restrict c, float *restrict c_next, float *restrict tanh_c, float *restrict h, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float i = fast_sigmoid(z[n]), f = fast_sigmoid(z[units + n]), g = fast_tanh(z[2 * units + n]), o = fast_sigmoid(z[3 * units + n]);
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

/* Keras's order of gates: z r h, reset_after. h and h_next may be the same. */
static void gru_gates(const float *restrict p, const float *restrict q, const float *h, float *h_next, size_t units)
{
    for (size_t n = 0; n < units; n++) {
        float z = fast_sigmoid(p[n] + q[n]), r = fast_sigmoid(p[units + n] + q[units + n]);
        float candidate = fast_tanh(p[2 * units + n] + r * q[2 * units + n]);
        h_next[n] = z * h[n] + (1 - z) * candidate;
    }
}

static void lstm_stream(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, inputs = (size_t)layer->inputs;
    float *h = own->state + inputs;
    memcpy(own->state, layer->x, inputs * sizeof(float));
    memcpy(own->z, layer->bias, 4 * units * sizeof(float));
    product(own->state, 1, layer->inputs + layer->units, own->both, 4 * layer->units, own->z);
    lstm_gates(own->z, own->c, own->c + units, own->tanh_c, h, units);
    memcpy(own->c, own->c + units, units * sizeof(float));
    memcpy(layer->h, h, units * sizeof(float));
}

static void lstm_forward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, steps = (size_t)layer->steps;
    fill_rows(own->z, steps * rows, 4 * units, layer->bias);
    product(layer->x, (int)(steps * rows), layer->inputs, layer->kernel, 4 * layer->units, own->z);
    for (size_t t = 0; t < steps; t++) {
        float *z = own->z + t * rows * 4 * units;
        if (t)
            product(layer->h + (t - 1) * rows * units, layer->rows, layer->units, layer->recurrent_kernel, 4 * layer->units, z);
        for (size_t b = t * rows; b < (t + 1) * rows; b++)
            lstm_gates(own->z + b * 4 * units, own->c + b * units, own->c + (b + rows) * units, own->tanh_c + b * units, layer->h + b * units, units);
    }
}

/* Streaming is one step from the state: h of the last call stays in layer->h. */
static void gru_forward(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, steps = (size_t)layer->steps;
    fill_rows(own->z, steps * rows, 3 * units, layer->bias);
    product(layer->x, (int)(steps * rows), layer->inputs, layer->kernel, 3 * layer->units, own->z);
    for (size_t t = 0; t < steps; t++) {
        float *h = layer->h + t * rows * units;
        const float *before = t ? h - rows * units : layer->streaming ? h : own->c;
        fill_rows(own->q, rows, 3 * units, layer->bias + 3 * units);
        product(before, layer->rows, layer->units, layer->recurrent_kernel, 3 * layer->units, own->q);
        for (size_t b = 0; b < rows; b++)
            gru_gates(own->z + (t * rows + b) * 3 * units, own->q + b * 3 * units, before + b * units, h + b * units, units);
    }
}

static void forward_layer(Recurrent *layer)
{
    if (layer->kind == LAYER_GRU)
        gru_forward(layer);
    else if (layer->streaming)
        lstm_stream(layer);
    else
        lstm_forward(layer);
}

/* One row of one step: z from gates to gradients of the sums, d_c to the step before. */
static void lstm_gates_backward(float *restrict z, const float *restrict c, const float *restrict tanh_c, const float *restrict d_h,
                                float *restrict d_c, size_t units)
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

static void through_time(Recurrent *layer)
{
    Own *own = layer->own;
    size_t units = (size_t)layer->units, rows = (size_t)layer->rows, steps = (size_t)layer->steps, row = rows * units;
    memset(own->d_c, 0, row * sizeof(float));
    memcpy(own->d_h, layer->d_h + (steps - 1) * row, row * sizeof(float));
    for (size_t t = steps; t-- > 0;) {
        float *z = own->z + t * rows * 4 * units;
        for (size_t b = 0; b < rows; b++)
            lstm_gates_backward(z + b * 4 * units, own->c + t * row + b * units, own->tanh_c + t * row + b * units, own->d_h + b * units,
                                own->d_c + b * units, units);
        if (!t)
            return;
        if (!layer->last_step)
            memcpy(own->d_h, layer->d_h + (t - 1) * row, row * sizeof(float));
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, layer->rows, layer->units, 4 * layer->units, 1, z, 4 * layer->units,
                    layer->recurrent_kernel, 4 * layer->units, layer->last_step ? 0 : 1, own->d_h, layer->units);
    }
}

static void backward_layer(Recurrent *layer)
{
    Own *own = layer->own;
    int units = layer->units, inputs = layer->inputs, columns = 4 * units, all = layer->steps * layer->rows, later = all - layer->rows;
    through_time(layer);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, inputs, columns, all, 1, layer->x, inputs, own->z, columns, 0, layer->d_kernel, columns);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, units, columns, later, 1, layer->h, units,
                own->z + (size_t)layer->rows * (size_t)columns, columns, 0, layer->d_recurrent_kernel, columns);
    column_sums(own->z, (size_t)all, (size_t)columns, layer->d_bias);
    if (layer->d_x)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, all, inputs, columns, 1, own->z, columns, layer->kernel, columns, 0, layer->d_x, inputs);
}

const RecurrentFunctions recurrent_openblas = { open_layer, update_layer, forward_layer, backward_layer, close_layer };
