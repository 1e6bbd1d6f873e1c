/* sequence.c: SimpleRNN, LSTM and GRU in words, from the textbook: one step of each as it stands in the papers, in a
 * scan; dropout inside of the cell, and steps that a mask leaves out. Without these two, simple_rnn.c, lstm.c and gru.c
 * have a whole backward, by hand: each is a check of the other. */
#include "words.h"

enum { PLACES = 4096 };                     /* of noise: from one draw of a layer to its next */

typedef struct Sequence {
    Composition *c;
    const Layer *layer;
    Scan *scan;
    Value *x, *h;                           /* of a step: its input, the state before it */
    /* of a step: whether it counts, and what the last one that did has put out, as a state; NULL: all count */
    Value *mask, *last;
    Shape state;                            /* (units) */
    const char *f, *r;                      /* names of activations */
    int gates, draws;                       /* draws of noise so far */
    bool apart;                             /* noise of its own for each gate */
    Weight kernel, recurrent_kernel, bias;
} Sequence;

/* Zeros in the shape of the state, outside of the scan: there the output begins, whatever h does. */
static Value *zeros(Composition *c, Value *x, Shape shape)
{
    long *nowhere = interpreter_room(c->it, shape_count(&shape), sizeof *nowhere);
    for (size_t i = 0; nowhere && i < shape_count(&shape); i++)
        nowhere[i] = -1;
    return nowhere ? move(c, x, shape, nowhere) : composition_refuse(c, "no memory");
}

static Sequence sequence_begin(Composition *c, Value *x, Value *mask, int gates)
{
    const Layer *layer = c->layer;
    Sequence s = { .c = c, .layer = layer, .gates = gates,
                   .f = layer_text(layer, "activation"), .r = layer_text(layer, "recurrent_activation"),
                   .state = { 1, { (int)layer_number(layer, "units", 0) } } };
    s.apart = gates > 1 && layer_number(layer, "recurrent_dropout", 0) > 0;
    s.kernel = weight_all(c, "kernel");
    s.recurrent_kernel = weight_all(c, "recurrent_kernel");
    s.bias = weight_all(c, "bias");
    Value *first = mask ? zeros(c, x, s.state) : NULL;
    s.scan = scan_begin(c, layer->input.extent[0], layer_flag(layer, "go_backwards"));
    s.x = scan_slice(c, s.scan, x);
    s.mask = mask ? scan_slice(c, s.scan, mask) : NULL;
    s.x = s.mask ? keep(c, s.mask, s.x, NULL) : s.x;
    s.h = scan_state(c, s.scan, "h", s.state, NULL);
    s.last = mask ? scan_state(c, s.scan, "output", s.state, first) : NULL;
    return s;
}

/* The state after a step: where that does not count, the one before it. */
static void state_next(Sequence *s, Value *before, Value *next)
{
    scan_next(s->c, s->scan, before, s->mask ? keep(s->c, s->mask, next, before) : next);
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

static Value *sequence_end(Sequence *s, Value *h)
{
    Composition *c = s->c;
    Value *y = step_output(s, h);
    state_next(s, s->h, h);
    scan_end(c, s->scan);
    return layer_flag(s->layer, "return_sequences") ? scan_all(c, s->scan, y) : scan_last(c, s->scan, y);
}

/* ---- dropout: one draw for all steps ---- */

static Value *drawn(Sequence *s, Value *v, const char *rate)
{
    double part = layer_number(s->layer, rate, 0);
    return part > 0 ? drop(s->c, v, part, (uint64_t)(s->layer->place + s->draws++ * PLACES)) : v;
}

/* v, or where each gate has noise of its own as many rows of it. */
static Value *dropped(Sequence *s, Value *v, const char *rate)
{
    return drawn(s, s->apart ? repeat(s->c, v, s->gates) : v, rate);
}

/* What gate n reads of that. */
static Value *for_gate(Sequence *s, Value *v, int n)
{
    if (!v || !s->apart)
        return v;
    Shape shape = { 1, { v->shape.extent[1] } };
    return reshape(s->c, part(s->c, v, 0, n, 1, 1), shape);
}

/* Columns of gate n of a matrix whose blocks of columns are gates. */
static Weight gate_of(const Sequence *s, Weight weight, int n)
{
    size_t units = (size_t)s->state.extent[0];
    return weight_columns(weight, (size_t)n * units, units);
}

/* ---- the cells ---- */

/* h' = f(x W + b + h U) */
static Value *simple_rnn(Sequence *s)
{
    Composition *c = s->c;
    Value *x = dropped(s, s->x, "dropout"), *h = dropped(s, s->h, "recurrent_dropout");
    Value *z = add(c, affine(c, x, s->kernel, s->bias), affine(c, h, s->recurrent_kernel, (Weight){ 0 }));
    return sequence_end(s, activate(c, z, s->f));
}

/* Gate n: function(x W_n + b_n + h U_n). */
static Value *gate(Sequence *s, Value *x, Value *h, int n, const char *function)
{
    Composition *c = s->c;
    Value *of_x = affine(c, for_gate(s, x, n), gate_of(s, s->kernel, n), gate_of(s, s->bias, n));
    Value *of_h = affine(c, for_gate(s, h, n), gate_of(s, s->recurrent_kernel, n), (Weight){ 0 });
    return activate(c, add(c, of_x, of_h), function);
}

/* c' = f c + i g,  h' = o f(c') */
static Value *lstm(Sequence *s)
{
    Composition *c = s->c;
    Value *cell = scan_state(c, s->scan, "c", s->state, NULL);
    Value *x = dropped(s, s->x, "dropout"), *h = dropped(s, s->h, "recurrent_dropout");
    Value *i = gate(s, x, h, 0, s->r), *f = gate(s, x, h, 1, s->r), *g = gate(s, x, h, 2, s->f),
          *o = gate(s, x, h, 3, s->r);
    Value *next = add(c, multiply(c, f, cell), multiply(c, i, g));
    state_next(s, cell, next);
    return sequence_end(s, multiply(c, o, activate(c, next, s->f)));
}

/* Row n of the bias: the input's, and with reset_after the recurrent side's. */
static Weight bias_row(const Sequence *s, size_t n)
{
    Weight row = s->bias;
    row.first += n * row.columns;
    row.rows = 1;
    return row;
}

/* h U_n + b_n, where h has lost what the noise of this gate takes. */
static Value *recurrent_side(Sequence *s, Value *h, int n, bool after)
{
    Weight bias = after ? bias_row(s, 1) : (Weight){ 0 };
    return affine(s->c, h, gate_of(s, s->recurrent_kernel, n), gate_of(s, bias, n));
}

/* h' = z h + (1 - z) n; n = f(x W + b + r (h U + b')), or f(x W + b + (r h) U) with the reset before. */
static Value *gru(Sequence *s)
{
    Composition *c = s->c;
    bool after = layer_flag(s->layer, "reset_after");
    Value *x = dropped(s, s->x, "dropout"), *read[3], *of_x[3];
    Value *h = after ? dropped(s, s->h, "recurrent_dropout") : NULL;
    for (int n = 0; n < 3; n++) {           /* reset before: Keras draws for z, for r, for r h */
        read[n] = after ? for_gate(s, h, n) : drawn(s, s->h, "recurrent_dropout");
        of_x[n] = affine(c, for_gate(s, x, n), gate_of(s, s->kernel, n), gate_of(s, bias_row(s, 0), n));
    }
    Value *z = activate(c, add(c, of_x[0], recurrent_side(s, read[0], 0, after)), s->r);
    Value *r = activate(c, add(c, of_x[1], recurrent_side(s, read[1], 1, after)), s->r);
    Value *side = after ? multiply(c, r, recurrent_side(s, read[2], 2, true))
                        : recurrent_side(s, multiply(c, r, read[2]), 2, false);
    Value *n = activate(c, add(c, of_x[2], side), s->f);
    return sequence_end(s, add(c, multiply(c, z, s->h), multiply(c, scale(c, z, -1, 1), n)));
}

static const struct {
    const char *kind;
    int gates;
    Value *(*step)(Sequence *s);
} cells[] = { { "SimpleRNN", 1, simple_rnn }, { "LSTM", 4, lstm }, { "GRU", 3, gru } };

Value *sequence_of(Composition *c, const Layer *layer, Value *x, Value *mask)
{
    const Layer *owner = c->layer;
    for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
        if (!strcmp(cells[k].kind, layer->kind)) {
            c->layer = layer;
            Sequence s = sequence_begin(c, x, mask, cells[k].gates);
            Value *y = cells[k].step(&s);
            c->layer = owner;
            return y;
        }
    return composition_refuse(c, "no such cell");
}

static const char *set_up(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, sequence_of(&c, run->layer, run->in[0], run->in[0]->mask));
}

#define COMPOSED(NAME) \
    { .name = NAME, .set_up = set_up, .forward = composed_forward, .backward = composed_backward }
const LayerKind composed_simple_rnn = COMPOSED("SimpleRNN");
const LayerKind composed_lstm = COMPOSED("LSTM");
const LayerKind composed_gru = COMPOSED("GRU");
