/* cells_openblas.h: what the cells that are made of OpenBLAS calls share: their memory, and the three products of a
 * layer. */
#ifndef CELLS_OPENBLAS_H
#define CELLS_OPENBLAS_H

#include "network.h"

/* What a cell does not need is NULL. */
typedef struct Own {
    float *zeros;               /* [rows, units]: the state before the first step */
    float *z;                   /* [steps, rows, gates, units]: sums, then gates, then gradients of the sums */
    float *c, *tanh_c;          /* LSTM: [steps + 1, rows, units], c[t + 1] is after step t; [steps, rows, units] */
    float *q;                   /* GRU: [rows, gates, units], the recurrent side of a step, in training of all steps */
    float *m;                   /* GRU, reset before: [rows, units], r h of one step, in training of all steps */
    float *d_h, *d_c, *d_m;     /* [rows, units]: d_h and d_c come from the step behind */
    float *state;               /* LSTM, streaming: x and h in one row, for one product with `both` */
    float *both;                /* [inputs + units, gates, units] */
} Own;

typedef struct Cell {
    void (*forward)(Recurrent *layer);
    /* Leaves the gradients of the sums in z; sets d_recurrent_kernel, and d_bias of the recurrent side. */
    void (*backward)(Recurrent *layer);
} Cell;

extern const Cell lstm_openblas, gru_openblas, gru_before_openblas, simple_rnn_openblas;

/* Columns of all gates: rows of kernels and of z are so long. */
static inline int row_of(const Recurrent *layer)
{
    return gate_count(layer->kind) * layer->units;
}

/* y += x w, where y and w are so many columns of matrices of all gates. */
static inline void multiply(const Recurrent *layer, int rows, int inputs, int columns, const float *x, const float *w,
                            float *y)
{
    int row = row_of(layer);
    if (rows == 1)
        layer->blas->sgemv(CblasRowMajor, CblasTrans, inputs, columns, 1, w, row, x, 1, 1, y, 1);
    else
        layer->blas->sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, inputs, 1, x, inputs, w, row,
                           1, y, row);
}

/* The way back: d_x = keep d_x + d_y w'. */
static inline void multiply_back(const Recurrent *layer, int rows, int inputs, int columns, const float *d_y,
                                 const float *w, float keep, float *d_x)
{
    int row = row_of(layer);
    if (rows == 1)
        layer->blas->sgemv(CblasRowMajor, CblasNoTrans, inputs, columns, 1, w, row, d_y, 1, keep, d_x, 1);
    else
        layer->blas->sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, inputs, columns, 1, d_y, row, w, row,
                           keep, d_x, inputs);
}

/* d_w = x' d_y. Of no rows, as those behind the first step of one, it stays the zeros that it was made of. */
static inline void multiply_weights(const Recurrent *layer, int rows, int inputs, int columns, const float *x,
                                    const float *d_y, float *d_w)
{
    int row = row_of(layer);
    if (rows)
        layer->blas->sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, inputs, columns, rows, 1, x, inputs, d_y, row,
                           0, d_w, row);
}

/* z = x kernel + bias, of all steps. */
static inline void multiply_inputs(const Recurrent *layer, float *z)
{
    int all = layer->steps * layer->rows, row = row_of(layer);
    fill_rows(z, (size_t)all, (size_t)row, layer->bias);
    multiply(layer, all, layer->inputs, row, layer->x, layer->kernel, z);
}

/* h that comes to step t: the zeros need no product. A stream goes on from where the last call left h. */
static inline const float *state_before(const Recurrent *layer, size_t t)
{
    const Own *own = layer->own;
    if (t)
        return layer->h + (t - 1) * (size_t)layer->rows * (size_t)layer->units;
    return layer->streaming ? layer->h : own->zeros;
}

#endif
