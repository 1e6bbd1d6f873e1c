/* bidirectional.c: Bidirectional (Schuster & Paliwal 1997) in words: the first of its layers reads the sequence, the
 * second one reads it the other way round, and what that puts out is turned. */
#include "words.h"

static Value *merged(Composition *c, Value *forward, Value *backward, const char *how)
{
    if (!how)
        return composition_refuse(c, "the merge_mode is missing");
    if (!strcmp(how, "concat"))
        return concatenate(c, (Value *[]){ forward, backward }, 2, -1);
    if (!strcmp(how, "mul"))
        return multiply(c, forward, backward);
    Value *sum = add(c, forward, backward);
    return !strcmp(how, "sum") ? sum : scale(c, sum, 0.5, 0);
}

static const char *set_up(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    Value *x = run->in[0];
    if (layer->sublayer_count != 2)
        return "it owns one layer for each direction";
    Composition c = composition_begin(it, run);
    int given = (run->in_count - 1) / 2;            /* the first half of the states is that of the layer forward */
    Value *forward = sequence_of(&c, &layer->sublayers[0], x, x->mask, run->in + 1, given);
    Value *backward = sequence_of(&c, &layer->sublayers[1], x, x->mask, run->in + 1 + given, given);
    int steps = layer->input.extent[0];
    if (layer_flag(&layer->sublayers[1], "return_sequences"))
        backward = part(&c, backward, 0, steps - 1, steps, -1);
    return composition_end(&c, merged(&c, forward, backward, layer_text(layer, "merge_mode")));
}

const LayerKind kind_bidirectional = {
    .name = "Bidirectional", .set_up = set_up, .forward = composed_forward, .backward = composed_backward,
    .many = true
};
