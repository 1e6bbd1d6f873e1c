/* masking.c: the layers that say which steps count: Input, by the lengths that come with samples, Masking, by what
 * stands there, and Embedding, which takes id 0 for none. */
#include "words.h"

/* ---- Input ---- */

/* Input hands on what the model is given; token ids stay where they are. */
static const char *set_up_input(Interpreter *it, Run *run)
{
    if (run->in[0]->ids)
        return run->in[0]->count == run->out.count ? NULL : "input and output must hold as many ids";
    Composition c = composition_begin(it, run);
    return composition_end(&c, reshape(&c, run->in[0], run->layer->output));
}

static void forward_input(Interpreter *it, Run *run)
{
    const Value *mask = run->out.mask;
    for (size_t row = 0; mask && row < (size_t)it->rows; row++)
        for (size_t t = 0; t < mask->count; t++)
            mask->y[row * mask->count + t] = !it->lengths || it->lengths[row] > (int32_t)t;
    if (run->body)
        composed_forward(it, run);
}

const LayerKind kind_input = {
    .name = "Input", .set_up = set_up_input, .forward = forward_input, .backward = composed_backward, .reads_ids = true
};

void interpreter_lengths(Interpreter *it, const int32_t *lengths)
{
    it->lengths = lengths;
}

const REAL *interpreter_output_mask(const Interpreter *it, int output, int row)
{
    const Value *mask = it->outputs[output]->out.mask;
    return mask ? mask->y + (size_t)row * mask->count : NULL;
}

/* Whether a step counts by the lengths of the input that the layer reads; any other mask the layer's own replaces. */
static bool is_counted(const Interpreter *it, const Run *run, size_t step)
{
    bool reads_input = run->layer->from_count > 0 && it->runs[run->layer->from[0]].kind == &kind_input;
    return !reads_input || !run->in[0]->mask || run->in[0]->mask->y[step] != 0;
}

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
        bool counts = step_counts(run, x) && is_counted(it, run, step);
        run->out.mask->y[step] = counts;
        for (size_t k = 0; k < features; k++)
            run->out.y[step * features + k] = step_counts(run, x) ? x[k] : 0;
    }
}

static void masking_backward(Interpreter *it, Run *run)
{
    size_t features = (size_t)run->layer->input.extent[1];
    REAL *d_x = adjoint_of(run->in[0]);
    for (size_t i = 0; d_x && i < (size_t)it->rows * run->out.count; i++)
        if (step_counts(run, run->in[0]->y + i / features * features))
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
        mask->y[step] = run->in[0]->ids[step] != 0 && is_counted(it, run, step);
}

const LayerKind kind_embedding = {
    .name = "Embedding", .set_up = set_up_embedding, .forward = embedding_forward, .backward = composed_backward,
    .reads_ids = true
};

/* ---- WithMask ---- */

static const char *set_up_with_mask(Interpreter *it, Run *run)
{
    if (run->in_count != 2 || !run->out.mask || run->in[1]->count != run->out.mask->count)
        return "WithMask needs a sequence and a number for each of its steps";
    Composition c = composition_begin(it, run);
    return composition_end(&c, reshape(&c, run->in[0], run->layer->output));
}

static void forward_with_mask(Interpreter *it, Run *run)
{
    for (size_t step = 0; step < (size_t)it->rows * run->out.mask->count; step++)
        run->out.mask->y[step] = run->in[1]->y[step] != 0 && is_counted(it, run, step);
    composed_forward(it, run);
}

const LayerKind kind_with_mask = {
    .name = "WithMask", .set_up = set_up_with_mask, .forward = forward_with_mask, .backward = composed_backward,
    .many = true
};
