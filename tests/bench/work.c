/* work.c: the least that a task must compute and read, from the sizes alone: what any implementation pays, not what ours does. */
#include "bench.h"

/* The products of a recurrent or dense layer on one row of one step. */
static double product(const Layer *layer, int inputs)
{
    return (double)inputs * gate_count(layer->kind) * layer->units;
}

static bool is_recurrent(const Layer *layer)
{
    return layer->kind == LAYER_LSTM || layer->kind == LAYER_GRU;
}

/* Inference. Behind an embedding the product with the kernel is a table made beforehand, of which a step reads one row; elsewhere a whole
 * sequence needs the kernel once, for all its steps together. */
static void add_inference(Work *work, const Layer *layer, bool behind_embedding, bool streaming, double steps)
{
    double kernel = behind_embedding ? 0 : product(layer, layer->inputs), recurrent = is_recurrent(layer) ? product(layer, layer->units) : 0;
    work->multiply_adds += steps * (kernel + recurrent);
    work->resident_bytes += 4 * (kernel + recurrent);
    work->stream_bytes += 4 * (kernel + recurrent * (streaming ? 1 : steps) + (behind_embedding ? steps * product(layer, 1) : 0));
    if (is_recurrent(layer)) {
        work->chain_steps += steps;
        work->chain_multiply_adds += steps * recurrent;
    }
}

/* A training step: forward; backward the same again for the weights, and again for the inputs, which nobody needs of the first layer. */
static void add_training(Work *work, const Layer *layer, bool first, double steps, double rows)
{
    double kernel = product(layer, layer->inputs), recurrent = is_recurrent(layer) ? product(layer, layer->units) : 0;
    work->multiply_adds += steps * rows * (kernel * (first ? 2 : 3) + recurrent * 3);
    if (is_recurrent(layer))
        work->chain_steps += 2 * steps;
}

Work task_work(const Task *task)
{
    const Workload *workload = task->workload;
    Work work = { 0 };
    double steps = task->streaming ? 1 : workload->steps;
    for (int i = 0; i < workload->layer_count; i++) {
        const Layer *layer = &workload->layers[i];
        if (layer->kind == LAYER_EMBEDDING)
            continue;
        if (task->training)
            add_training(&work, layer, i == 0, steps, task->rows);
        else
            add_inference(&work, layer, i && layer[-1].kind == LAYER_EMBEDDING, task->streaming, steps);
        if (layer->last_step)
            steps = 1;
    }
    if (task->training)   /* Adam: weight, gradient and two moments read, all but the gradient written */
        work.stream_bytes = work.resident_bytes = 28 * (double)workload_weights(workload);
    return work;
}
