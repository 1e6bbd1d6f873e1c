/* work.c: the least that a task must compute and read, from the sizes alone: what any implementation pays, not what ours does. */
#include "bench.h"

/* Multiply-adds of a layer on one row: those with its kernel, those with its recurrent kernel, and those of attention between steps. */
typedef struct Products {
    double kernel, output_kernel, recurrent, between;
    double weights;             /* floats of all kernels that are read */
    double recurrent_weights;   /* those of the recurrent one */
    double recurrent_steps;     /* that multiply by it: none does for a state of zeros */
} Products;

/* Of so many steps that come; those of a stream go on from a state. */
static Products products_of(const Layer *layer, double steps, bool streaming)
{
    double inputs = layer->inputs, units = layer->units, gates = gate_count(layer->kind), directions = layer->bidirectional ? 2 : 1;
    Products of = { 0 };
    switch (layer->kind) {
    case LAYER_EMBEDDING:
    case LAYER_AVERAGE:
    case LAYER_MAX_POOLING:
    case LAYER_AVERAGE_POOLING:
    case LAYER_BATCH_NORMALIZATION:
    case LAYER_LAYER_NORMALIZATION:
        break;
    case LAYER_LSTM:
    case LAYER_GRU:
    case LAYER_GRU_BEFORE:
    case LAYER_SIMPLE_RNN:
        of.recurrent_steps = streaming ? steps : steps - 1;
        of.recurrent_weights = of.recurrent_steps > 0 ? directions * units * gates * units : 0;
        of.recurrent = of.recurrent_steps * directions * units * gates * units;
        of.kernel = steps * directions * inputs * gates * units;
        of.weights = directions * inputs * gates * units + of.recurrent_weights;
        break;
    case LAYER_DENSE:
        of.kernel = steps * inputs * units;
        of.weights = inputs * units;
        break;
    case LAYER_CONV1D:
        of.weights = layer->kernel_size * inputs * units;
        of.kernel = (steps - layer->kernel_size + 1) * of.weights;
        break;
    case LAYER_ATTENTION:       /* queries, keys, values; each step's scores with all others, and its mean of their values */
        of.kernel = steps * 3 * inputs * units;
        of.output_kernel = steps * units * inputs;
        of.between = 2 * steps * steps * units;
        of.weights = 4 * inputs * units;
    }
    return of;
}

/* The chain of so many steps. */
static void add_chain(Work *work, const Layer *layer, double steps)
{
    if (layer->kind == LAYER_SIMPLE_RNN)
        work->simple_chain_steps += steps;
    else if (is_recurrent(layer))
        work->chain_steps += steps;
}

/* Inference. Behind an embedding the product with the kernel is a table made beforehand, of which a step reads one row; elsewhere a whole
 * sequence needs the kernel once, for all its steps together. The two directions of a bidirectional layer do not wait for each other. */
static void add_inference(Work *work, const Layer *layer, bool behind_embedding, double steps, const Task *task)
{
    Products of = products_of(layer, steps, task->streaming);
    double table_row = behind_embedding ? gate_count(layer->kind) * layer->units : 0;
    double kernels = behind_embedding ? of.recurrent_weights : of.weights;
    double reads = of.recurrent_steps > 1 ? of.recurrent_steps - 1 : 0;   /* of the recurrent kernel, but the first */
    double kernel = behind_embedding ? 0 : of.kernel;
    work->multiply_adds += task->rows * (kernel + of.output_kernel + of.recurrent + of.between);
    work->resident_bytes += 4 * kernels;
    work->stream_bytes += 4 * (kernels + of.recurrent_weights * reads + task->rows * steps * table_row);
    work->chain_multiply_adds += of.recurrent / (layer->bidirectional ? 2 : 1);   /* a row waits for its own */
    add_chain(work, layer, steps);
}

/* A training step: forward; backward the same again for the weights, and again for the inputs, which nobody needs of the first layer. */
static void add_training(Work *work, const Layer *layer, bool first, double steps, double row_steps, double rows)
{
    Products of = products_of(layer, row_steps, false);
    work->multiply_adds += rows * (of.kernel * (first ? 2 : 3) + (of.output_kernel + of.recurrent + of.between) * 3);
    work->stream_bytes += 2 * of.recurrent_steps * 4 * of.recurrent_weights;
    work->resident_bytes += 4 * of.recurrent_weights;
    add_chain(work, layer, 2 * steps);
}

/* Of the rows on the average: steps that count. */
static double counted_steps(const Task *task)
{
    double sum = 0;
    for (int row = 0; row < task->rows; row++)
        sum += sample_length(task->workload, row);
    return sum / task->rows;
}

Work task_work(const Task *task)
{
    const Workload *workload = task->workload;
    Work work = { 0 };
    int steps = task->streaming ? 1 : workload->steps;
    for (int i = 0; i < workload->layer_count; i++) {
        const Layer *layer = &workload->layers[i];
        double counted = layer->masked ? counted_steps(task) : steps;
        if (task->training)
            add_training(&work, layer, i == 0, steps, counted, task->rows);
        else
            add_inference(&work, layer, i && layer[-1].kind == LAYER_EMBEDDING, counted, task);
        steps = layer_steps(layer, steps);
    }
    if (task->training)   /* Adam: weight, gradient and two moments read, all but the gradient written */
        work.update_bytes = 28 * (double)workload_gradients(workload);
    return work;
}
