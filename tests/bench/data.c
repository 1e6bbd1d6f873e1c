/* data.c: random weights, inputs and targets for a task: the same on every run, and no zeros, which some machines multiply faster. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void *checked_alloc(size_t bytes)
{
    size_t rounded = (bytes + 63) / 64 * 64 + 64;
    void *memory = aligned_alloc(64, rounded);
    if (!memory) {
        fprintf(stderr, "bench: no memory for %zu bytes\n", bytes);
        exit(1);
    }
    return memset(memory, 0, rounded);
}

void checked_free(void *memory)
{
    free(memory);
}

/* Steele, Lea & Flood 2014: splitmix64. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static float uniform(uint64_t *state, float bound)
{
    float u = (float)((next(state) >> 41) * 2 + 1) / (float)(1 << 24);   /* odd: never 0, and never 1/2 */
    return (2 * u - 1) * bound;
}

static float *fill_around(float *at, size_t count, float middle, float bound, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        at[i] = middle + uniform(state, bound);
    return at + count;
}

static float *fill(float *at, size_t count, float bound, uint64_t *state)
{
    return fill_around(at, count, 0, bound, state);
}

/* A kernel of so many inputs and its bias. */
static float *fill_product(float *at, size_t inputs, size_t columns, float bias, uint64_t *state)
{
    at = fill(at, inputs * columns, sqrtf(3.0f / (float)inputs), state);
    return fill(at, columns, bias, state);
}

static float *fill_recurrent(const Layer *layer, float *at, float bias, uint64_t *state)
{
    size_t inputs = (size_t)layer->inputs, units = (size_t)layer->units;
    size_t columns = (size_t)gate_count(layer->kind) * units;
    at = fill(at, inputs * columns, sqrtf(3.0f / (float)inputs), state);
    at = fill(at, units * columns, sqrtf(1.0f / (float)units), state);
    at = fill(at, (size_t)bias_rows(layer->kind) * columns, bias, state);
    if (layer->kind == LAYER_LSTM && bias <= 0) {
        fill_around(at - 3 * units, units, 1, 0, state);   /* forget gates, as Keras begins */
        fill_around(at - units, units, 1, 0, state);       /* output gates: h ends as the least number too, not as 0 */
    }
    return at;
}

/* Bounds that keep every gate away from its ends, whatever the size. With a bias no state fades. */
static void fill_weights(const Workload *workload, float bias, float *at, uint64_t *state)
{
    for (int i = 0; i < workload->layer_count; i++) {
        const Layer *layer = &workload->layers[i];
        size_t inputs = (size_t)layer->inputs, units = (size_t)layer->units;
        switch (layer->kind) {
        case LAYER_EMBEDDING: at = fill(at, layer_weights(layer), 0.5f, state); break;
        case LAYER_DENSE:     at = fill_product(at, inputs, units, bias, state); break;
        case LAYER_CONV1D:    at = fill_product(at, (size_t)layer->kernel_size * inputs, units, bias, state); break;
        case LAYER_AVERAGE:
        case LAYER_MAX_POOLING:
        case LAYER_AVERAGE_POOLING:
            break;
        case LAYER_BATCH_NORMALIZATION:
        case LAYER_LAYER_NORMALIZATION:
            at = fill_around(at, units, 1, 0.2f, state);
            at = fill(at, units, 0.2f, state);
            break;
        case LAYER_ATTENTION:
            for (int part = 0; part < 3; part++)
                at = fill_product(at, inputs, units, bias, state);
            at = fill_product(at, units, inputs, bias, state);
            break;
        case LAYER_LSTM:
        case LAYER_GRU:
        case LAYER_GRU_BEFORE:
        case LAYER_SIMPLE_RNN:
            at = fill_recurrent(layer, at, bias, state);
            if (layer->bidirectional)
                at = fill_recurrent(layer, at, bias, state);
        }
    }
    for (int i = 0; i < workload->layer_count; i++) {
        size_t units = layer_statistics(&workload->layers[i]) / 2;
        at = fill(at, units, 0.2f, state);
        at = fill_around(at, units, 1, 0.5f, state);
    }
}

static void fill_target(Data *data, const Workload *workload, uint64_t *state)
{
    int last = workload->layers[workload->layer_count - 1].units;
    data->target_count = (size_t)workload_outputs(workload, false) / (workload->loss == LOSS_SPARSE ? (size_t)last : 1);
    size_t count = data->target_count * (size_t)data->rows;
    data->target = checked_alloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        if (workload->loss == LOSS_SPARSE)
            ((int32_t *)data->target)[i] = (int32_t)(next(state) % (unsigned)last);
        else
            ((float *)data->target)[i] = workload->loss == LOSS_BINARY ? (float)(next(state) & 1) : uniform(state, 1);
    }
}

Data data_make(const Task *task)
{
    const Workload *workload = task->workload;
    uint64_t state = 20240229;
    bool tokens = workload_takes_tokens(workload);
    Data data = { .weight_count = workload_weights(workload),
                  .gradient_count = workload_gradients(workload), .rows = task->rows, .steps = workload->steps,
                  .features = tokens ? 1 : workload->layers[0].inputs };
    data.weights = checked_alloc(data.weight_count * sizeof(float));
    fill_weights(workload, task->silent ? 0 : 0.2f, data.weights, &state);
    size_t count = (size_t)data.rows * (size_t)data.steps * (size_t)data.features;
    data.x = checked_alloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        if (tokens)
            ((int32_t *)data.x)[i] = (int32_t)(next(&state) % (unsigned)workload->layers[0].inputs);
        else
            ((float *)data.x)[i] = uniform(&state, 1);
    }
    if (task->silent)
        memset((float *)data.x + count - data.features, 0, (size_t)data.features * sizeof(float));
    fill_target(&data, workload, &state);
    data.lengths = workload_has_lengths(workload) ? checked_alloc((size_t)data.rows * sizeof(int32_t)) : NULL;
    for (int row = 0; data.lengths && row < data.rows; row++)
        data.lengths[row] = sample_length(workload, row);
    return data;
}

size_t stream_step(const Task *task, uint64_t call)
{
    uint64_t steps = (uint64_t)task->workload->steps;
    return (size_t)(task->silent && call >= steps ? steps - 1 : call % steps);
}

void data_free(Data *data)
{
    checked_free(data->weights);
    checked_free(data->x);
    checked_free(data->target);
    checked_free(data->lengths);
    *data = (Data){ 0 };
}
