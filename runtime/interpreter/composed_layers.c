/* composed_layers.c: Dense, SimpleRNN, LSTM and GRU in words, from the textbook: one step of each as it stands in the
 * papers, in a scan. Their files of the same name have a whole backward, by hand: each is a check of the other. */
#include "words.h"

static const char *set_up_dense(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    Value *z = affine(&c, run->in[0], weight_all(&c, "kernel"), weight_all(&c, "bias"));
    return composition_end(&c, activate(&c, z, layer_text(run->layer, "activation")));
}

/* ---- recurrent layers ---- */

typedef struct Sequence {
    Composition c;
    const Layer *layer;
    Scan *scan;
    Value *x, *h;                           /* of a step: its input, the state before it */
    Shape state;                            /* (units) */
    const char *f, *r;                      /* names of activations */
    Weight kernel, recurrent_kernel, bias;
} Sequence;

static Sequence sequence_begin(Interpreter *it, Run *run)
{
    const Layer *layer = run->layer;
    Sequence s = { .c = composition_begin(it, run), .layer = layer,
                   .f = layer_text(layer, "activation"), .r = layer_text(layer, "recurrent_activation"),
                   .state = { 1, { (int)layer_number(layer, "units", 0) } } };
    s.kernel = weight_all(&s.c, "kernel");
    s.recurrent_kernel = weight_all(&s.c, "recurrent_kernel");
    s.bias = weight_all(&s.c, "bias");
    s.scan = scan_begin(&s.c, layer->input.extent[0], layer_flag(layer, "go_backwards"));
    s.x = scan_slice(&s.c, s.scan, run->in[0]);
    s.h = scan_state(&s.c, s.scan, "h", s.state, NULL);
    return s;
}

static const char *sequence_end(Sequence *s, Value *h)
{
    Composition *c = &s->c;
    scan_next(c, s->scan, s->h, h);
    scan_end(c, s->scan);
    bool all = layer_flag(s->layer, "return_sequences");
    return composition_end(c, all ? scan_all(c, s->scan, h) : scan_last(c, s->scan, h));
}

/* Columns of gate n of a matrix whose blocks of columns are gates. */
static Weight gate_of(const Sequence *s, Weight weight, int n)
{
    size_t units = (size_t)s->state.extent[0];
    return weight_columns(weight, (size_t)n * units, units);
}

/* h' = f(x W + b + h U) */
static const char *set_up_simple_rnn(Interpreter *it, Run *run)
{
    Sequence s = sequence_begin(it, run);
    Composition *c = &s.c;
    Value *z = add(c, affine(c, s.x, s.kernel, s.bias), affine(c, s.h, s.recurrent_kernel, (Weight){ 0 }));
    return sequence_end(&s, activate(c, z, s.f));
}

/* Gate n: function(x W_n + b_n + h U_n). */
static Value *gate(Sequence *s, int n, const char *function)
{
    Composition *c = &s->c;
    Value *of_x = affine(c, s->x, gate_of(s, s->kernel, n), gate_of(s, s->bias, n));
    Value *of_h = affine(c, s->h, gate_of(s, s->recurrent_kernel, n), (Weight){ 0 });
    return activate(c, add(c, of_x, of_h), function);
}

/* c' = f c + i g,  h' = o f(c') */
static const char *set_up_lstm(Interpreter *it, Run *run)
{
    Sequence s = sequence_begin(it, run);
    Composition *c = &s.c;
    Value *cell = scan_state(c, s.scan, "c", s.state, NULL);
    Value *i = gate(&s, 0, s.r), *f = gate(&s, 1, s.r), *g = gate(&s, 2, s.f), *o = gate(&s, 3, s.r);
    Value *next = add(c, multiply(c, f, cell), multiply(c, i, g));
    scan_next(c, s.scan, cell, next);
    return sequence_end(&s, multiply(c, o, activate(c, next, s.f)));
}

/* Row n of the bias: the input's, and with reset_after the recurrent side's. */
static Weight bias_row(const Sequence *s, size_t n)
{
    Weight row = s->bias;
    row.first += n * row.columns;
    row.rows = 1;
    return row;
}

/* h' = z h + (1 - z) n; n = f(x W + b + r (h U + b')), or f(x W + b + (r h) U) with the reset before. */
static const char *set_up_gru(Interpreter *it, Run *run)
{
    Sequence s = sequence_begin(it, run);
    Composition *c = &s.c;
    bool after = layer_flag(run->layer, "reset_after");
    Weight of_x = bias_row(&s, 0), of_h = after ? bias_row(&s, 1) : (Weight){ 0 };
    Value *gates[2];
    for (int n = 0; n < 2; n++) {
        Value *side = affine(c, s.h, gate_of(&s, s.recurrent_kernel, n), gate_of(&s, of_h, n));
        gates[n] = activate(c, add(c, affine(c, s.x, gate_of(&s, s.kernel, n), gate_of(&s, of_x, n)), side), s.r);
    }
    Value *z = gates[0], *r = gates[1];
    Weight kernel = gate_of(&s, s.recurrent_kernel, 2);
    Value *side = after ? multiply(c, r, affine(c, s.h, kernel, gate_of(&s, of_h, 2)))
                        : affine(c, multiply(c, r, s.h), kernel, (Weight){ 0 });
    Value *n = activate(c, add(c, affine(c, s.x, gate_of(&s, s.kernel, 2), gate_of(&s, of_x, 2)), side), s.f);
    return sequence_end(&s, add(c, multiply(c, z, s.h), multiply(c, scale(c, z, -1, 1), n)));
}

#define COMPOSED(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward }
const LayerKind composed_dense = COMPOSED("Dense", set_up_dense);
const LayerKind composed_simple_rnn = COMPOSED("SimpleRNN", set_up_simple_rnn);
const LayerKind composed_lstm = COMPOSED("LSTM", set_up_lstm);
const LayerKind composed_gru = COMPOSED("GRU", set_up_gru);
