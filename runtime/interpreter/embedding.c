/* embedding.c: Embedding: a row of the table for each id. */
#include "internal.h"

static const char *set_up(Interpreter *it, Run *run)
{
    (void)it;
    const Layer *layer = run->layer;
    run->units = (size_t)layer_number(layer, "output_dim", 0);
    run->features = (size_t)layer_number(layer, "input_dim", 0);
    run->embeddings = layer_weight(layer, "embeddings");
    if (!run->in[0]->ids)
        return "Embedding reads the model's token ids, nothing else";
    if (run->units * run->in[0]->count != run->out.count)
        return "the output must be (..., output_dim)";
    if (!run->embeddings || run->embeddings->count != run->features * run->units)
        return "the embeddings must be (input_dim, output_dim)";
    if ((size_t)run->in[0]->vocabulary > run->features)
        return "ids of the model's vocabulary reach beyond input_dim";
    return NULL;
}

static void forward(Interpreter *it, Run *run)
{
    const REAL *table = weights_of(it, run->embeddings);
    for (size_t i = 0; i < (size_t)it->rows * run->in[0]->count; i++)
        memcpy(run->out.y + i * run->units, table + (size_t)run->in[0]->ids[i] * run->units,
               run->units * sizeof(REAL));
}

static void backward(Interpreter *it, Run *run)
{
    REAL *d_table = gradients_of(it, run, run->embeddings);
    for (size_t i = 0; d_table && i < (size_t)it->rows * run->in[0]->count; i++)
        for (size_t j = 0; j < run->units; j++)
            d_table[(size_t)run->in[0]->ids[i] * run->units + j] += run->out.d_y[i * run->units + j];
}

const LayerKind kind_embedding = { .name = "Embedding", .set_up = set_up, .forward = forward, .backward = backward };
