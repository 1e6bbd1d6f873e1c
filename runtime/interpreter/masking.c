/* masking.c: the layers that say which steps count: Masking, by what stands there, and Embedding, which takes id 0 for
 * none. */
#include "words.h"

/* ---- Masking ---- */

static bool step_counts(const Run *run, const REAL *x)
{
    REAL value = (REAL)layer_number(run->layer, "mask_value", 0);
    size_t features = (size_t)run->layer->input.extent[1];
    for (size_t k = 0; k < features; k++)
        if (x[k] != value)
            return true;
    return false;
}

static const char *set_up_masking(Interpreter *it, Run *run)
{
    (void)it;
    return run->layer->input.rank == 2 && run->out.mask ? NULL : "Masking needs an input of time and features";
}

static void masking_forward(Interpreter *it, Run *run)
{
    size_t features = (size_t)run->layer->input.extent[1];
    for (size_t step = 0; step < (size_t)it->rows * run->out.mask->count; step++) {
        const REAL *x = run->in[0]->y + step * features;
        bool counts = step_counts(run, x);
        run->out.mask->y[step] = counts;
        for (size_t k = 0; k < features; k++)
            run->out.y[step * features + k] = counts ? x[k] : 0;
    }
}

static void masking_backward(Interpreter *it, Run *run)
{
    size_t features = (size_t)run->layer->input.extent[1];
    REAL *d_x = adjoint_of(run->in[0]);
    for (size_t i = 0; d_x && i < (size_t)it->rows * run->out.count; i++)
        if (run->out.mask->y[i / features] != 0)
            d_x[i] += run->out.d_y[i];
}

const LayerKind kind_masking = {
    .name = "Masking", .set_up = set_up_masking, .forward = masking_forward, .backward = masking_backward
};

/* ---- Embedding ---- */

static const char *set_up_embedding(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, gather(&c, run->in[0], weight_all(&c, "embeddings")));
}

static void embedding_forward(Interpreter *it, Run *run)
{
    composed_forward(it, run);
    Value *mask = run->layer->makes_mask ? run->out.mask : NULL;
    for (size_t step = 0; mask && step < (size_t)it->rows * mask->count; step++)
        mask->y[step] = run->in[0]->ids[step] != 0;
}

const LayerKind kind_embedding = {
    .name = "Embedding", .set_up = set_up_embedding, .forward = embedding_forward, .backward = composed_backward,
    .reads_ids = true
};
