/* layers.h: a layer of a workload in a word, for the tables of workloads. */
#ifndef LAYERS_H
#define LAYERS_H

#include "bench.h"

#define EMBEDDING(words, width)     { .kind = LAYER_EMBEDDING, .inputs = words, .units = width }
#define LSTM(inputs_, units_)       { .kind = LAYER_LSTM, .inputs = inputs_, .units = units_ }
#define LSTM_LAST(inputs_, units_)  { .kind = LAYER_LSTM, .inputs = inputs_, .units = units_, .last_step = true }
#define LSTM_MASKED(inputs_, units_) \
    { .kind = LAYER_LSTM, .inputs = inputs_, .units = units_, .last_step = true, .masked = true }
#define BIDIRECTIONAL(inputs_, units_) \
    { .kind = LAYER_LSTM, .inputs = inputs_, .units = units_, .bidirectional = true }
#define GRU(inputs_, units_)        { .kind = LAYER_GRU, .inputs = inputs_, .units = units_ }
#define GRU_LAST(inputs_, units_)   { .kind = LAYER_GRU, .inputs = inputs_, .units = units_, .last_step = true }
#define DENSE(inputs_, units_, a) \
    { .kind = LAYER_DENSE, .inputs = inputs_, .units = units_, .activation = ACTIVATION_##a }
#define CONV1D(inputs_, filters, size) \
    { .kind = LAYER_CONV1D, .inputs = inputs_, .units = filters, .kernel_size = size }
#define MAX_POOLING(inputs_, size) \
    { .kind = LAYER_MAX_POOLING, .inputs = inputs_, .units = inputs_, .kernel_size = size }
#define AVERAGE_POOLING(inputs_, size) \
    { .kind = LAYER_AVERAGE_POOLING, .inputs = inputs_, .units = inputs_, .kernel_size = size }
#define AVERAGE(inputs_)            { .kind = LAYER_AVERAGE, .inputs = inputs_, .units = inputs_ }
#define ATTENTION(inputs_, heads_) \
    { .kind = LAYER_ATTENTION, .inputs = inputs_, .units = inputs_, .heads = heads_ }
#define BATCH_NORMALIZATION(units_) { .kind = LAYER_BATCH_NORMALIZATION, .inputs = units_, .units = units_ }
#define LAYER_NORMALIZATION(units_) { .kind = LAYER_LAYER_NORMALIZATION, .inputs = units_, .units = units_ }

#endif
