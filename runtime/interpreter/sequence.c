/* sequence.c: SimpleRNN, LSTM and GRU in words, from the textbook: one step of each as it stands in the papers, in a
 * scan; RNN, the same steps one above the other; dropout inside of the cell, and steps that a mask leaves out. Without
 * these, simple_rnn.c, lstm.c and gru.c have a whole backward, by hand: each is a check of the other. */
#include "words.h"

#include <stdio.h>

enum { PLACES = 4096 };                     /* of noise: from one draw of a layer to its next */

/* The loop: of LSTM, of RNN. */
typedef struct Sequence {
    Composition *c;
    const Layer *layer;
    Scan *scan;
    Value *mask, *last;                     /* whether a step counts, and what the last one that did has put out */
} Sequence;

/* One step of a cell: of LSTM, or of LSTMCell in the loop of an RNN. */
typedef struct Step {
    Sequence *s;
    Composition *c;
    const Layer *layer;                     /* whose arguments, weights and noise they are */
    Value *x, *h;                           /* its input, the state before it */
    Shape state;                            /* (units) */
    const char *f, *r;                      /* names of activations */
    int gates, draws;                       /* draws of noise so far */
    bool apart;                             /* noise of its own for each gate */
    Weight kernel, recurrent_kernel, bias;
} Step;

/* ---- states ---- */

/* A state is called "h"; of a cell of an RNN "lstm_cell_h". */
static Value *state_begin(Step *step, const char *name, Shape shape)
{
    Sequence *s = step->s;
    if (step->layer != s->layer) {
        size_t size = strlen(step->layer->name) + strlen(name) + 2;
        char *whole = interpreter_room(s->c->it, size, 1);
        if (!whole)
            return composition_refuse(s->c, "no memory");
        snprintf(whole, size, "%s_%s", step->layer->name, name);
        name = whole;
    }
    return scan_state(s->c, s->scan, name, shape, NULL);
}

/* The state after a step: where that does not count, the one before it. */
static void state_next(Step *step, Value *before, Value *next)
{
    Sequence *s = step->s;
    scan_next(s->c, s->scan, before, s->mask ? keep(s->c, s->mask, next, before) : next);
}

/* ---- dropout: one draw for all steps ---- */

static Value *drawn(Step *step, Value *v, const char *rate)
{
    double part = layer_number(step->layer, rate, 0);
    return part > 0 ? drop(step->c, v, part, (uint64_t)(step->layer->place + step->draws++ * PLACES)) : v;
}

/* v, or where each gate has noise of its own as many rows of it. */
static Value *dropped(Step *step, Value *v, const char *rate)
{
    return drawn(step, step->apart ? repeat(step->c, v, step->gates) : v, rate);
}

/* What gate n reads of that. */
static Value *for_gate(Step *step, Value *v, int n)
{
    if (!v || !step->apart)
        return v;
    Shape shape = { 1, { v->shape.extent[1] } };
    return reshape(step->c, part(step->c, v, 0, n, 1, 1), shape);
}

/* Columns of gate n of a matrix whose blocks of columns are gates. */
static Weight gate_of(const Step *step, Weight weight, int n)
{
    size_t units = (size_t)step->state.extent[0];
    return weight_columns(weight, (size_t)n * units, units);
}

/* ---- the cells ---- */

/* h' = f(x W + b + h U) */
static Value *simple_rnn(Step *step)
{
    Composition *c = step->c;
    Value *x = dropped(step, step->x, "dropout"), *h = dropped(step, step->h, "recurrent_dropout");
    Value *z = add(c, affine(c, x, step->kernel, step->bias), affine(c, h, step->recurrent_kernel, (Weight){ 0 }));
    return activate(c, z, step->f);
}

/* Gate n: function(x W_n + b_n + h U_n). */
static Value *gate(Step *step, Value *x, Value *h, int n, const char *function)
{
    Composition *c = step->c;
    Value *of_x = affine(c, for_gate(step, x, n), gate_of(step, step->kernel, n), gate_of(step, step->bias, n));
    Value *of_h = affine(c, for_gate(step, h, n), gate_of(step, step->recurrent_kernel, n), (Weight){ 0 });
    return activate(c, add(c, of_x, of_h), function);
}

/* c' = f c + i g,  h' = o f(c') */
static Value *lstm(Step *step)
{
    Composition *c = step->c;
    Value *cell = state_begin(step, "c", step->state);
    Value *x = dropped(step, step->x, "dropout"), *h = dropped(step, step->h, "recurrent_dropout");
    Value *i = gate(step, x, h, 0, step->r), *f = gate(step, x, h, 1, step->r), *g = gate(step, x, h, 2, step->f),
          *o = gate(step, x, h, 3, step->r);
    Value *next = add(c, multiply(c, f, cell), multiply(c, i, g));
    state_next(step, cell, next);
    return multiply(c, o, activate(c, next, step->f));
}

/* Row n of the bias: the input's, and with reset_after the recurrent side's. */
static Weight bias_row(const Step *step, size_t n)
{
    Weight row = step->bias;
    row.first += n * row.columns;
    row.rows = 1;
    return row;
}

/* h U_n + b_n, where h has lost what the noise of this gate takes. */
static Value *recurrent_side(Step *step, Value *h, int n, bool after)
{
    Weight bias = after ? bias_row(step, 1) : (Weight){ 0 };
    return affine(step->c, h, gate_of(step, step->recurrent_kernel, n), gate_of(step, bias, n));
}

/* h' = z h + (1 - z) n; n = f(x W + b + r (h U + b')), or f(x W + b + (r h) U) with the reset before. */
static Value *gru(Step *step)
{
    Composition *c = step->c;
    bool after = layer_flag(step->layer, "reset_after");
    Value *x = dropped(step, step->x, "dropout"), *read[3], *of_x[3];
    Value *h = after ? dropped(step, step->h, "recurrent_dropout") : NULL;
    for (int n = 0; n < 3; n++) {           /* reset before: Keras draws for z, for r, for r h */
        read[n] = after ? for_gate(step, h, n) : drawn(step, step->h, "recurrent_dropout");
        of_x[n] = affine(c, for_gate(step, x, n), gate_of(step, step->kernel, n), gate_of(step, bias_row(step, 0), n));
    }
    Value *z = activate(c, add(c, of_x[0], recurrent_side(step, read[0], 0, after)), step->r);
    Value *r = activate(c, add(c, of_x[1], recurrent_side(step, read[1], 1, after)), step->r);
    Value *side = after ? multiply(c, r, recurrent_side(step, read[2], 2, true))
                        : recurrent_side(step, multiply(c, r, read[2]), 2, false);
    Value *n = activate(c, add(c, of_x[2], side), step->f);
    return add(c, multiply(c, z, step->h), multiply(c, scale(c, z, -1, 1), n));
}

static const struct {
    const char *kind, *cell;
    int gates;
    Value *(*step)(Step *step);
} cells[] = { { "SimpleRNN", "SimpleRNNCell", 1, simple_rnn }, { "LSTM", "LSTMCell", 4, lstm },
              { "GRU", "GRUCell", 3, gru } };

/* What the cell, that of the loop's layer or one that it owns, puts out of x. */
static Value *step_of(Sequence *s, const Layer *layer, Value *x)
{
    for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
        if (strcmp(cells[k].kind, layer->kind) && strcmp(cells[k].cell, layer->kind))
            continue;
        Composition *c = s->c;
        Step step = { .s = s, .c = c, .layer = layer, .x = x, .gates = cells[k].gates,
                      .f = layer_text(layer, "activation"), .r = layer_text(layer, "recurrent_activation"),
                      .state = { 1, { (int)layer_number(layer, "units", 0) } } };
        step.apart = step.gates > 1 && layer_number(layer, "recurrent_dropout", 0) > 0;
        step.h = state_begin(&step, "h", step.state);
        c->layer = layer;
        step.kernel = weight_all(c, "kernel");
        step.recurrent_kernel = weight_all(c, "recurrent_kernel");
        step.bias = weight_all(c, "bias");
        c->layer = s->layer;
        Value *h = cells[k].step(&step);
        state_next(&step, step.h, h);
        return h;
    }
    return composition_refuse(s->c, "no such cell");
}

/* ---- the loop ---- */

/* Zeros in the shape of the output, outside of the scan: there it begins, whatever h does. */
static Value *zeros(Composition *c, Value *x, Shape shape)
{
    long *nowhere = interpreter_room(c->it, shape_count(&shape), sizeof *nowhere);
    for (size_t i = 0; nowhere && i < shape_count(&shape); i++)
        nowhere[i] = -1;
    return nowhere ? move(c, x, shape, nowhere) : composition_refuse(c, "no memory");
}

/* What a step puts out; where it does not count, the same as the last one that does, zeros before the first; or zeros
 * there, too. */
static Value *step_output(Sequence *s, Value *h)
{
    if (!s->mask)
        return h;
    Value *y = keep(s->c, s->mask, h, layer_flag(s->layer, "zero_output_for_mask") ? NULL : s->last);
    scan_next(s->c, s->scan, s->last, y);
    return y;
}

Value *sequence_of(Composition *c, const Layer *layer, Value *x, Value *mask)
{
    const Layer *owner = c->layer;
    c->layer = layer;
    Sequence s = { .c = c, .layer = layer };
    Shape output = { 1, { layer->output.extent[layer->output.rank - 1] } };
    Value *first = mask ? zeros(c, x, output) : NULL;
    s.scan = scan_begin(c, layer->input.extent[0], layer_flag(layer, "go_backwards"));
    Value *read = scan_slice(c, s.scan, x);
    s.mask = mask ? scan_slice(c, s.scan, mask) : NULL;
    s.last = mask ? scan_state(c, s.scan, "output", output, first) : NULL;
    Value *h = s.mask ? keep(c, s.mask, read, NULL) : read;
    if (strcmp(layer->kind, "RNN"))
        h = step_of(&s, layer, h);
    else
        for (int k = 0; k < layer->sublayer_count; k++)
            h = step_of(&s, &layer->sublayers[k], h);
    Value *y = step_output(&s, h);
    scan_end(c, s.scan);
    y = layer_flag(layer, "return_sequences") ? scan_all(c, s.scan, y) : scan_last(c, s.scan, y);
    c->layer = owner;
    return y;
}

static const char *set_up(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, sequence_of(&c, run->layer, run->in[0], run->in[0]->mask));
}

#define COMPOSED(NAME) \
    { .name = NAME, .set_up = set_up, .forward = composed_forward, .backward = composed_backward }
const LayerKind kind_rnn = COMPOSED("RNN");
const LayerKind composed_simple_rnn = COMPOSED("SimpleRNN");
const LayerKind composed_lstm = COMPOSED("LSTM");
const LayerKind composed_gru = COMPOSED("GRU");
