/* network.c: a workload as a network of the peers: embedding and dense layers of layers.c, recurrent ones of a library; a call is an
 * inference, a step of a stream, or a whole training step with Adam. */
#include "network.h"

#include <cblas.h>
#include <string.h>

typedef struct Network {
    const Task *task;
    const Workload *workload;
    const RecurrentLibrary *library;
    int steps, rows;
    size_t weight_count;
    float *weights, *gradients, *moments;
    void *x, *target;                       /* [steps, rows, ...] */
    float *input;                           /* streaming: this step's */
    float *value[LAYERS_MAX], *d_value[LAYERS_MAX];
    size_t layer_steps[LAYERS_MAX];         /* of the value */
    size_t offset[LAYERS_MAX];              /* of the weights */
    Recurrent recurrent[LAYERS_MAX];
    float *output;                          /* inference: in place; training: NULL */
    double loss;
    uint64_t calls;
} Network;

static bool is_recurrent(const Layer *layer)
{
    return layer->kind == LAYER_LSTM || layer->kind == LAYER_GRU;
}

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

/* What flows into layer i: where the layer before it left its last step, or all of them. */
static float *flow(const Network *network, float *const *values, int i)
{
    const Layer *before = &network->workload->layers[i - 1];
    size_t skipped = before->last_step ? (size_t)network->steps - 1 : 0;
    return values[i - 1] + skipped * (size_t)network->rows * (size_t)before->units;
}

static const float *layer_input(const Network *network, int i)
{
    return i ? flow(network, network->value, i) : network->input ? network->input : network->x;
}

static bool open_recurrent(Network *network, int i, char *why)
{
    const Layer *layer = &network->workload->layers[i];
    size_t columns = (size_t)gate_count(layer->kind) * (size_t)layer->units, at = network->offset[i];
    size_t recurrent_at = at + (size_t)layer->inputs * columns, bias_at = recurrent_at + (size_t)layer->units * columns;
    network->recurrent[i] = (Recurrent){
        .kind = layer->kind, .inputs = layer->inputs, .units = layer->units, .steps = network->steps, .rows = network->rows,
        .threads = network->task->threads, .training = network->task->training, .streaming = network->task->streaming, .last_step = layer->last_step,
        .kernel = network->weights + at, .recurrent_kernel = network->weights + recurrent_at, .bias = network->weights + bias_at,
        .x = layer_input(network, i), .h = network->value[i], .d_h = network->d_value[i],
        .d_x = i && network->task->training ? flow(network, network->d_value, i) : NULL,
        .d_kernel = network->gradients + at, .d_recurrent_kernel = network->gradients + recurrent_at, .d_bias = network->gradients + bias_at,
    };
    if (!network->library->open(&network->recurrent[i], why))
        return false;
    network->library->update(&network->recurrent[i]);
    return true;
}

/* Memory of layer i: a recurrent layer has all its steps, even where only the last one flows on. */
static void alloc_layer(Network *network, int i)
{
    const Layer *layer = &network->workload->layers[i], *before = i ? layer - 1 : NULL;
    network->layer_steps[i] = i && (before->last_step || network->layer_steps[i - 1] == 1) ? 1 : (size_t)network->steps;
    size_t bytes = network->layer_steps[i] * (size_t)network->rows * (size_t)layer->units * sizeof(float);
    network->value[i] = checked_alloc(bytes);
    network->d_value[i] = checked_alloc(bytes);
    network->offset[i] = i ? network->offset[i - 1] + layer_weights(before) : 0;
}

void network_close(void *opaque)
{
    Network *network = opaque;
    for (int i = 0; i < LAYERS_MAX; i++) {
        if (network->recurrent[i].own)
            network->library->close(&network->recurrent[i]);
        checked_free(network->value[i]);
        checked_free(network->d_value[i]);
    }
    void *memory[] = { network->weights, network->gradients, network->moments, network->x, network->target, network->input, network->output };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    checked_free(network);
}

static void take_data(Network *network, const Data *data)
{
    const Task *task = network->task;
    const Workload *workload = network->workload;
    size_t bytes = data->weight_count * sizeof(float);
    int target_steps = workload_has_sequence(workload) ? workload->steps : 1;
    network->weight_count = data->weight_count;
    network->weights = memcpy(checked_alloc(bytes), data->weights, bytes);
    network->gradients = checked_alloc(bytes);
    network->moments = checked_alloc(2 * bytes);
    network->x = by_steps(data->x, data->rows, data->steps, data->features);
    network->target = by_steps(data->target, data->rows, target_steps, (int)data->target_count / target_steps);
    network->input = task->streaming ? checked_alloc((size_t)data->features * sizeof(float)) : NULL;
    network->output = checked_alloc((size_t)workload_outputs(workload, task->streaming) * (size_t)task->rows * sizeof(float));
}

void *network_open(const Task *task, const Data *data, const RecurrentLibrary *library, char *why)
{
    Network *network = checked_alloc(sizeof *network);
    *network = (Network){ .task = task, .workload = task->workload, .library = library, .steps = task->streaming ? 1 : task->workload->steps,
                          .rows = task->rows };
    openblas_set_num_threads(task->threads);
    take_data(network, data);
    for (int i = 0; i < network->workload->layer_count; i++)
        alloc_layer(network, i);
    for (int i = 0; i < network->workload->layer_count; i++)
        if (is_recurrent(&network->workload->layers[i]) && !open_recurrent(network, i, why)) {
            network_close(network);
            return NULL;
        }
    return network;
}

static size_t value_rows(const Network *network, int i)
{
    return network->layer_steps[i] * (size_t)network->rows;
}

static void forward(Network *network)
{
    for (int i = 0; i < network->workload->layer_count; i++) {
        const Layer *layer = &network->workload->layers[i];
        const float *weights = network->weights + network->offset[i], *x = layer_input(network, i);
        if (layer->kind == LAYER_EMBEDDING)
            embedding_forward(layer, weights, (const int32_t *)(const void *)x, value_rows(network, i), network->value[i]);
        else if (layer->kind == LAYER_DENSE)
            dense_forward(layer, weights, x, value_rows(network, i), network->value[i]);
        else
            network->library->forward(&network->recurrent[i]);
    }
}

static void backward(Network *network)
{
    int last = network->workload->layer_count - 1;
    for (int i = last; i >= 0; i--) {
        const Layer *layer = &network->workload->layers[i];
        const float *x = layer_input(network, i);
        float *gradients = network->gradients + network->offset[i];
        if (layer->kind == LAYER_EMBEDDING)
            embedding_backward(layer, (const int32_t *)(const void *)x, value_rows(network, i), network->d_value[i], gradients);
        else if (layer->kind == LAYER_DENSE)
            dense_backward(layer, network->weights + network->offset[i], x, network->value[i], value_rows(network, i),
                           i == last && loss_is_at_logits(network->workload->loss), network->d_value[i],
                           i ? flow(network, network->d_value, i) : NULL, gradients);
        else
            network->library->backward(&network->recurrent[i]);
    }
}

static void train(Network *network)
{
    int count = network->workload->layer_count;
    size_t last_rows = network->workload->layers[count - 1].last_step ? (size_t)network->rows : value_rows(network, count - 1);
    forward(network);
    network->loss = loss_forward(network->workload->loss, flow(network, network->value, count), network->target, last_rows,
                                 (size_t)network->workload->layers[count - 1].units, flow(network, network->d_value, count));
    backward(network);
    adam_step(network->weights, network->gradients, network->moments, network->weight_count, ++network->calls);
    for (int i = 0; i < count; i++)
        if (is_recurrent(&network->workload->layers[i]))
            network->library->update(&network->recurrent[i]);
}

void network_run(void *opaque, int calls, Time *time)
{
    Network *network = opaque;
    const Workload *workload = network->workload;
    size_t features = workload_takes_tokens(workload) ? 1 : (size_t)workload->layers[0].inputs;
    Time start = clock_now();
    for (int i = 0; i < calls; i++) {
        if (network->input)
            memcpy(network->input, (const float *)network->x + network->calls++ % (size_t)workload->steps * features, features * sizeof(float));
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
    *look = (Look){ .output = flow(network, network->value, count), .gradients = network->gradients, .loss = network->loss };
}

static void *open_openblas(const Task *task, const Data *data, char *why)
{
    return network_open(task, data, &recurrent_openblas, why);
}

const Peer peer_openblas = { "OpenBLAS", open_openblas, network_run, network_look, network_close };
