/* shape_layers.c: layers that only move numbers: Input, Flatten, RepeatVector. */
#include "words.h"

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
    if (run->body)
        composed_forward(it, run);
}

static const char *set_up_flatten(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, reshape(&c, run->in[0], (Shape){ 1, { (int)run->in[0]->count } }));
}

static const char *set_up_repeat(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, repeat(&c, run->in[0], (int)layer_number(run->layer, "n", 0)));
}

const LayerKind kind_input = {
    .name = "Input", .set_up = set_up_input, .forward = forward_input, .backward = composed_backward, .reads_ids = true
};
const LayerKind kind_flatten = {
    .name = "Flatten", .set_up = set_up_flatten, .forward = composed_forward, .backward = composed_backward
};
const LayerKind kind_repeat_vector = {
    .name = "RepeatVector", .set_up = set_up_repeat, .forward = composed_forward, .backward = composed_backward
};
