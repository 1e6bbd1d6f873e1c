/* network.c: a workload as a network of the peers: loops of layers.c, recurrent layers, convolutions and
 * products of a library; a call is an inference, a step of a stream, or a whole training step with Adam. */
#include "network.h"
#include "runtime/train/flush.h"

#include <string.h>

typedef struct Network {
    const Task *task;
    const Workload *workload;
    const Library *library;
    const Blas *blas;
    const int32_t *lengths;                 /* [rows], or NULL */
    int rows;
    size_t gradient_count;
    float *weights, *gradients, *moments;
    void *x, *target;                       /* [steps, rows, ...] */
    float *input;                           /* streaming: this step's */
    float *value[LAYERS_MAX], *d_value[LAYERS_MAX];
    float *last[LAYERS_MAX], *d_last[LAYERS_MAX];   /* of a layer of which only the last step leaves, and each row has another last one */
    int steps[LAYERS_MAX + 1];              /* that come to a layer; behind the last one: those of the output */
    size_t offset[LAYERS_MAX];              /* of the weights */
    Recurrent recurrent[LAYERS_MAX];
    Convolution convolution[LAYERS_MAX];
    Attention *attention[LAYERS_MAX];
    Reduction reduction[LAYERS_MAX];
    double loss;
    uint64_t calls;
} Network;

/* [rows, steps, count] to [steps, rows, count], 4 bytes each. */
static void *by_steps(const void *from, int rows, int steps, int count)
{
    size_t bytes = (size_t)count * sizeof(float);
    char *to = checked_alloc((size_t)rows * (size_t)steps * bytes);
    for (size_t t = 0; t < (size_t)steps; t++)
        for (size_t b = 0; b < (size_t)rows; b++)
            memcpy(to + (t * (size_t)rows + b) * bytes, (const char *)from + (b * (size_t)steps + t) * bytes, bytes);
    return to;
}

static size_t row_floats(const Network *network, int i)
{
    return (size_t)network->rows * (size_t)layer_width(&network->workload->layers[i]);
}

/* What flows into layer i: where the layer before it left its last step, or all of them. */
static float *flow(const Network *network, float *const *values, float *const *last, int i)
{
    if (last[i - 1])
        return last[i - 1];
    size_t skipped = network->workload->layers[i - 1].last_step ? (size_t)network->steps[i - 1] - 1 : 0;
    return values[i - 1] + skipped * row_floats(network, i - 1);
}

static float *layer_input(const Network *network, int i)
{
    return i ? flow(network, network->value, network->last, i) : network->input ? network->input : network->x;
}

static float *layer_d_input(const Network *network, int i)
{
    return i && network->task->training ? flow(network, network->d_value, network->d_last, i) : NULL;
}

static bool open_recurrent(Network *network, int i, char *why)
{
    const Layer *layer = &network->workload->layers[i];
    size_t columns = (size_t)gate_count(layer->kind) * (size_t)layer->units, at = network->offset[i];
    size_t recurrent_at = at + (size_t)layer->inputs * columns, bias_at = recurrent_at + (size_t)layer->units * columns;
    network->recurrent[i] = (Recurrent){
        .blas = network->blas, .kind = layer->kind, .inputs = layer->inputs, .units = layer->units,
        .steps = network->steps[i], .rows = network->rows,
        .threads = network->task->threads, .training = network->task->training, .streaming = network->task->streaming,
        .last_step = layer->last_step && !network->last[i], .bidirectional = layer->bidirectional,
        .kernel = network->weights + at, .recurrent_kernel = network->weights + recurrent_at, .bias = network->weights + bias_at,
        .x = layer_input(network, i), .h = network->value[i], .d_h = network->d_value[i], .d_x = layer_d_input(network, i),
        .d_kernel = network->gradients + at, .d_recurrent_kernel = network->gradients + recurrent_at, .d_bias = network->gradients + bias_at,
    };
    return network->library->recurrent->open(&network->recurrent[i], why);
}

static void open_convolution(Network *network, int i)
{
    const Layer *layer = &network->workload->layers[i];
    size_t at = network->offset[i], bias_at = at + (size_t)layer->kernel_size * (size_t)layer->inputs * (size_t)layer->units;
    network->convolution[i] = (Convolution){
        .blas = network->blas, .inputs = layer->inputs, .filters = layer->units,
        .kernel_size = layer->kernel_size, .steps = network->steps[i], .rows = network->rows,
        .threads = network->task->threads, .training = network->task->training,
        .kernel = network->weights + at, .bias = network->weights + bias_at, .x = layer_input(network, i), .y = network->value[i],
        .d_y = network->d_value[i], .d_x = layer_d_input(network, i), .d_kernel = network->gradients + at, .d_bias = network->gradients + bias_at,
    };
    network->library->convolution->open(&network->convolution[i]);
}

static void open_attention(Network *network, int i)
{
    const Layer *layer = &network->workload->layers[i];
    network->attention[i] = attention_open(layer, network->task, network->steps[i], network->library->product,
                                           network->blas,
                                           network->weights + network->offset[i], layer_input(network, i), network->value[i]);
    if (network->task->training)
        attention_open_backward(network->attention[i], network->gradients + network->offset[i], network->d_value[i], layer_d_input(network, i));
}

/* The statistics stand behind all weights that are learned. */
static void open_reduction(Network *network, int i)
{
    const Layer *layer = &network->workload->layers[i];
    float *statistics = network->weights + network->gradient_count;
    for (const Layer *before = network->workload->layers; before < layer; before++)
        statistics += layer_statistics(before);
    network->reduction[i] = (Reduction){
        .layer = layer, .steps = network->steps[i], .rows = network->rows, .threads = network->task->threads,
        .training = network->task->training, .weights = network->weights + network->offset[i],
        .statistics = statistics, .x = layer_input(network, i), .y = network->value[i], .d_y = network->d_value[i],
        .d_x = layer_d_input(network, i), .d_weights = network->gradients + network->offset[i],
    };
    network->library->reduction->open(&network->reduction[i]);
}

/* Of the layers that are a library's. */
static bool open_layer(Network *network, int i, char *why)
{
    const Layer *layer = &network->workload->layers[i];
    if (is_recurrent(layer))
        return open_recurrent(network, i, why);
    if (layer->kind == LAYER_CONV1D)
        open_convolution(network, i);
    else if (layer->kind == LAYER_ATTENTION)
        open_attention(network, i);
    else if (is_reduction(layer))
        open_reduction(network, i);
    return true;
}

/* The weights of all layers have changed. */
static void update(Network *network)
{
    for (int i = 0; i < network->workload->layer_count; i++) {
        const Layer *layer = &network->workload->layers[i];
        if (is_recurrent(layer))
            network->library->recurrent->update(&network->recurrent[i]);
        else if (layer->kind == LAYER_CONV1D)
            network->library->convolution->update(&network->convolution[i]);
    }
}

/* Memory of layer i: a recurrent layer has all its steps, even where only the last one flows on. */
static void alloc_layer(Network *network, int i)
{
    const Layer *layer = &network->workload->layers[i];
    network->steps[i + 1] = layer_steps(layer, network->steps[i]);
    size_t bytes = (size_t)(is_recurrent(layer) ? network->steps[i] : network->steps[i + 1]) * row_floats(network, i) * sizeof(float);
    network->value[i] = checked_alloc(bytes);
    network->d_value[i] = checked_alloc(bytes);
    network->offset[i] = i ? network->offset[i - 1] + layer_weights(layer - 1) : 0;
    if (layer->masked && layer->last_step) {
        network->last[i] = checked_alloc(row_floats(network, i) * sizeof(float));
        network->d_last[i] = checked_alloc(row_floats(network, i) * sizeof(float));
    }
}

static void close_layer(Network *network, int i)
{
    if (network->recurrent[i].own)
        network->library->recurrent->close(&network->recurrent[i]);
    if (network->convolution[i].own)
        network->library->convolution->close(&network->convolution[i]);
    if (network->reduction[i].own)
        network->library->reduction->close(&network->reduction[i]);
    attention_close(network->attention[i]);
    float *memory[] = { network->value[i], network->d_value[i], network->last[i], network->d_last[i] };
    for (size_t k = 0; k < sizeof memory / sizeof *memory; k++)
        checked_free(memory[k]);
}

void network_close(void *opaque)
{
    Network *network = opaque;
    for (int i = 0; i < LAYERS_MAX; i++)
        close_layer(network, i);
    void *memory[] = { network->weights, network->gradients, network->moments, network->x, network->target, network->input };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    checked_free(network);
}

static void take_data(Network *network, const Data *data)
{
    const Task *task = network->task;
    const Workload *workload = network->workload;
    size_t bytes = data->weight_count * sizeof(float), learned_bytes = data->gradient_count * sizeof(float);
    int target_steps = workload_output_steps(workload);
    network->lengths = data->lengths;
    network->gradient_count = data->gradient_count;
    network->weights = memcpy(checked_alloc(bytes), data->weights, bytes);
    network->gradients = checked_alloc(learned_bytes);
    network->moments = checked_alloc(2 * learned_bytes);
    network->x = by_steps(data->x, data->rows, data->steps, data->features);
    network->target = by_steps(data->target, data->rows, target_steps, (int)data->target_count / target_steps);
    network->input = task->streaming ? checked_alloc((size_t)data->features * sizeof(float)) : NULL;
}

/* Dense layers are products of OpenBLAS around any library's. */
static bool needs_blas(const Workload *workload)
{
    for (int i = 0; i < workload->layer_count; i++)
        if (workload->layers[i].kind == LAYER_DENSE)
            return true;
    return false;
}

void *network_open(const Task *task, const Data *data, const Library *library, const Blas *blas, char *why)
{
    if (!blas && needs_blas(task->workload))
        return NULL;
    Network *network = checked_alloc(sizeof *network);
    *network = (Network){ .task = task, .workload = task->workload, .library = library, .blas = blas,
                          .rows = task->rows };
    network->steps[0] = task->streaming ? 1 : task->workload->steps;
    if (blas)
        blas->set_num_threads(task->threads);
    uint64_t before = lstmc_flush_begin();   /* threads that begin while it is opened do likewise */
    take_data(network, data);
    for (int i = 0; i < network->workload->layer_count; i++)
        alloc_layer(network, i);
    for (int i = 0; i < network->workload->layer_count; i++)
        if (!open_layer(network, i, why)) {
            lstmc_flush_end(before);
            network_close(network);
            return NULL;
        }
    update(network);
    lstmc_flush_end(before);
    return network;
}

/* Rows that come to a layer, or leave the last one. */
static size_t value_rows(const Network *network, int i)
{
    return (size_t)network->steps[i] * (size_t)network->rows;
}

/* Of layer i, the last steps that count, one for each row. */
static void gather_last(Network *network, int i)
{
    size_t width = (size_t)layer_width(&network->workload->layers[i]);
    for (size_t b = 0; network->last[i] && b < (size_t)network->rows; b++)
        memcpy(network->last[i] + b * width, network->value[i] + ((size_t)(network->lengths[b] - 1) * (size_t)network->rows + b) * width,
               width * sizeof(float));
}

/* The other way, of their gradients; all others are zero and stay so. */
static void scatter_last(Network *network, int i)
{
    size_t width = (size_t)layer_width(&network->workload->layers[i]);
    for (size_t b = 0; network->last[i] && b < (size_t)network->rows; b++)
        memcpy(network->d_value[i] + ((size_t)(network->lengths[b] - 1) * (size_t)network->rows + b) * width, network->d_last[i] + b * width,
               width * sizeof(float));
}

static void forward_layer(Network *network, int i)
{
    const Layer *layer = &network->workload->layers[i];
    const float *weights = network->weights + network->offset[i], *x = layer_input(network, i);
    switch (layer->kind) {
    case LAYER_EMBEDDING:
        embedding_forward(layer, weights, (const int32_t *)(const void *)x, value_rows(network, i), network->value[i]);
        return;
    case LAYER_DENSE:
        dense_forward(layer, network->blas, weights, x, value_rows(network, i), network->value[i]);
        return;
    case LAYER_LSTM:
    case LAYER_GRU:
    case LAYER_GRU_BEFORE:
    case LAYER_SIMPLE_RNN:
        network->library->recurrent->forward(&network->recurrent[i]);
        gather_last(network, i);
        return;
    case LAYER_CONV1D:
        network->library->convolution->forward(&network->convolution[i]);
        return;
    case LAYER_ATTENTION:
        attention_forward(network->attention[i]);
        return;
    case LAYER_AVERAGE:
        average_forward(x, (size_t)network->steps[i], row_floats(network, i), network->value[i]);
        return;
    case LAYER_MAX_POOLING:
    case LAYER_AVERAGE_POOLING:
    case LAYER_BATCH_NORMALIZATION:
    case LAYER_LAYER_NORMALIZATION:
        network->library->reduction->forward(&network->reduction[i]);
    }
}

static void forward(Network *network)
{
    for (int i = 0; i < network->workload->layer_count; i++)
        forward_layer(network, i);
}

static void backward_layer(Network *network, int i)
{
    const Workload *workload = network->workload;
    const Layer *layer = &workload->layers[i];
    float *x = layer_input(network, i), *d_x = layer_d_input(network, i), *gradients = network->gradients + network->offset[i];
    switch (layer->kind) {
    case LAYER_EMBEDDING:
        embedding_backward(layer, (const int32_t *)(const void *)x, value_rows(network, i), network->d_value[i], gradients);
        return;
    case LAYER_DENSE:
        dense_backward(layer, network->blas, network->weights + network->offset[i], x, network->value[i],
                       value_rows(network, i),
                       i == workload->layer_count - 1 && loss_is_at_logits(workload->loss), network->d_value[i], d_x, gradients);
        return;
    case LAYER_LSTM:
    case LAYER_GRU:
    case LAYER_GRU_BEFORE:
    case LAYER_SIMPLE_RNN:
        scatter_last(network, i);
        network->library->recurrent->backward(&network->recurrent[i]);
        return;
    case LAYER_CONV1D:
        relu_backward(network->value[i], value_rows(network, i + 1) * (size_t)layer->units, network->d_value[i]);
        network->library->convolution->backward(&network->convolution[i]);
        return;
    case LAYER_ATTENTION:
        attention_backward(network->attention[i]);
        return;
    case LAYER_AVERAGE:
        average_backward(network->d_value[i], (size_t)network->steps[i], row_floats(network, i), d_x);
        return;
    case LAYER_MAX_POOLING:
    case LAYER_AVERAGE_POOLING:
    case LAYER_BATCH_NORMALIZATION:
    case LAYER_LAYER_NORMALIZATION:
        network->library->reduction->backward(&network->reduction[i]);
    }
}

static void train(Network *network)
{
    int count = network->workload->layer_count;
    uint64_t before = lstmc_flush_begin();   /* as our engine does: gradients that vanish are slow otherwise */
    forward(network);
    network->loss = loss_forward(network->workload->loss, flow(network, network->value, network->last, count), network->target,
                                 value_rows(network, count), (size_t)layer_width(&network->workload->layers[count - 1]),
                                 flow(network, network->d_value, network->d_last, count));
    for (int i = count - 1; i >= 0; i--)
        backward_layer(network, i);
    adam_step(network->weights, network->gradients, network->moments, network->gradient_count, ++network->calls);
    update(network);
    lstmc_flush_end(before);
}

void network_run(void *opaque, int calls, Time *time)
{
    Network *network = opaque;
    const Workload *workload = network->workload;
    size_t features = workload_takes_tokens(workload) ? 1 : (size_t)workload->layers[0].inputs;
    Time start = clock_now();
    for (int i = 0; i < calls; i++) {
        if (network->input)
            memcpy(network->input, (const float *)network->x + stream_step(network->task, network->calls++) * features,
                   features * sizeof(float));
        if (network->task->training)
            train(network);
        else
            forward(network);
    }
    *time = clock_since(start);
}

void network_look(void *opaque, Look *look)
{
    Network *network = opaque;
    int count = network->workload->layer_count;
    *look = (Look){ .output = flow(network, network->value, network->last, count), .gradients = network->gradients, .loss = network->loss };
}
