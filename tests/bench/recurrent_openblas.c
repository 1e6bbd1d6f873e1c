/* recurrent_openblas.c: recurrent layers made of OpenBLAS calls: the products with x for all steps in one sgemm, sgemv
 * or sgemm within a step, gates in loops of vectors; back-propagation through time with one sgemm over all rows for
 * each weight gradient. */
#include "cells_openblas.h"

#include <string.h>

static const Cell *cell_of(const Recurrent *layer)
{
    switch (layer->kind) {
    case LAYER_GRU:        return &gru_openblas;
    case LAYER_GRU_BEFORE: return &gru_before_openblas;
    case LAYER_SIMPLE_RNN: return &simple_rnn_openblas;
    default:               return &lstm_openblas;
    }
}

static float *floats(size_t count)
{
    return count ? checked_alloc(count * sizeof(float)) : NULL;
}

static bool open_layer(Recurrent *layer, char *why)
{
    if (layer->bidirectional || (layer->streaming && layer->kind == LAYER_SIMPLE_RNN)) {
        snprintf(why, WHY_MAX, "the bench has no bidirectional LSTM, and no stream of a SimpleRNN, for it");
        return false;
    }
    size_t units = (size_t)layer->units, row = (size_t)row_of(layer), inputs = (size_t)layer->inputs;
    size_t rows = (size_t)layer->rows, all = rows * (size_t)layer->steps, kept = layer->training ? all : rows;
    bool lstm = layer->kind == LAYER_LSTM, gru = layer->kind == LAYER_GRU, before = layer->kind == LAYER_GRU_BEFORE;
    Own *own = layer->own = checked_alloc(sizeof *own);
    *own = (Own){
        .zeros = floats(rows * units), .z = floats(all * row),
        .c = floats(lstm * (all + rows) * units), .tanh_c = floats(lstm * all * units),
        .q = floats(gru * kept * row), .m = floats(before * kept * units),
        .d_h = floats(rows * units), .d_c = floats(lstm * rows * units), .d_m = floats(before * rows * units),
        .state = floats(lstm * (inputs + units)), .both = floats(lstm * layer->streaming * (inputs + units) * row),
    };
    return true;
}

static void close_layer(Recurrent *layer)
{
    Own *own = layer->own;
    float *memory[] = { own->zeros, own->z, own->c, own->tanh_c, own->q, own->m, own->d_h, own->d_c, own->d_m,
                        own->state, own->both };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    checked_free(own);
}

static void update_layer(Recurrent *layer)
{
    Own *own = layer->own;
    size_t row = (size_t)row_of(layer), inputs = (size_t)layer->inputs;
    if (!own->both)
        return;
    memcpy(own->both, layer->kernel, inputs * row * sizeof(float));
    memcpy(own->both + inputs * row, layer->recurrent_kernel, (size_t)layer->units * row * sizeof(float));
}

static void forward_layer(Recurrent *layer)
{
    cell_of(layer)->forward(layer);
}

static void backward_layer(Recurrent *layer)
{
    const Own *own = layer->own;
    int inputs = layer->inputs, row = row_of(layer), all = layer->steps * layer->rows;
    cell_of(layer)->backward(layer);
    multiply_weights(layer, all, inputs, row, layer->x, own->z, layer->d_kernel);
    column_sums(own->z, (size_t)all, (size_t)row, layer->d_bias);
    if (layer->d_x)
        multiply_back(layer, all, inputs, row, own->z, layer->kernel, 0, layer->d_x);
}

const RecurrentFunctions recurrent_openblas = { open_layer, update_layer, forward_layer, backward_layer, close_layer };
