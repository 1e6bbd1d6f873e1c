/* sequence.c: SimpleRNN, LSTM, GRU and ConvLSTM2D in words, from the textbook: one step of each as it stands in the
 * papers, in a scan; RNN, the same steps one above the other; dropout inside of the cell, and steps that a mask leaves
 * out. Without these, simple_rnn.c, lstm.c and gru.c have a whole backward, by hand: each is a check of the other. */
#include "words.h"

#include "runtime/base/number.h"

#include <stdio.h>

enum { PLACES = 4096 };                     /* of noise: from one draw of a layer to its next */

/* The loop: of LSTM, of RNN. */
typedef struct Sequence {
    Composition *c;
    const Layer *layer;
    Scan *scan;
    Value *x;                               /* the whole sequence */
    Value *mask, *last;                     /* whether a step counts, and what the last one that did has put out */
    Value *const *given;                    /* what the call says its states begin with: all of them, or none */
    int given_count, states;                /* states: so many have begun */
} Sequence;

/* One step of a cell: of LSTM, or of LSTMCell in the loop of an RNN. */
typedef struct Step {
    Sequence *s;
    Composition *c;
    const Layer *layer;                     /* whose arguments, weights and noise they are */
    Value *x, *h;                           /* its input, the state before it */
    Shape state;                            /* (units), or (rows, columns, filters) */
    const char *f, *r;                      /* names of activations */
    int gates, draws;                       /* draws of noise so far */
    bool apart;                             /* noise of its own for each gate */
    Weight kernel, recurrent_kernel, bias;
    Window over_x, over_h;                  /* of convolutions */
} Step;

/* ---- states ---- */

/* Of what one step of a loop puts out. */
static Shape shape_of_step(const Layer *layer)
{
    int time = layer_flag(layer, "return_sequences");
    Shape shape = { layer->output.rank - time, { 0 } };
    memcpy(shape.extent, layer->output.extent + time, (size_t)shape.rank * sizeof *shape.extent);
    return shape;
}

/* Zeros of that shape. */
static Value *zeros(Composition *c, Value *x, Shape shape)
{
    long *nowhere = interpreter_room(c->it, shape_count(&shape), sizeof *nowhere);
    for (size_t i = 0; nowhere && i < shape_count(&shape); i++)
        nowhere[i] = -1;
    return nowhere ? move(c, x, shape, nowhere) : composition_refuse(c, "no memory");
}

/* What stands in "c=0.5 1;h=learned" of that state, or for all states; NULL: nothing. */
static const char *said_of(const char *text, const char *name)
{
    size_t length = strlen(name);
    if (!text || !strchr(text, '='))
        return text;
    for (; text; text = strchr(text, ';'), text += text != NULL)
        if (!strncmp(text, name, length) && text[length] == '=')
            return text + length + 1;
    return NULL;
}

/* Where the state begins, outside of the loop; NULL: at zero. */
static Value *beginning(Sequence *s, const char *name, Shape shape)
{
    Composition *c = s->c;
    const char *said = said_of(layer_text(s->layer, "initial_state"), name);
    if (!said || !strncmp(said, "zeros", 5))
        return NULL;
    if (!strncmp(said, "learned", 7)) {
        char weight[160];
        snprintf(weight, sizeof weight, "initial_%s", name);
        return spread(c, weight_all(c, weight), shape);
    }
    int count = (int)shape_count(&shape);
    Value **numbers = interpreter_room(c->it, (size_t)count, sizeof *numbers);
    for (int i = 0; numbers && i < count; i++) {
        char *end;
        double number = lstmc_number_scan(said, &end);
        bool last = *end != ' ';
        numbers[i] = scale(c, zeros(c, s->x, (Shape){ 1, { 1 } }), 0, number);
        said = last ? said : end;           /* one number counts for all */
    }
    return numbers ? concatenate(c, numbers, count, -1) : composition_refuse(c, "no memory");
}

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
    Value *given = s->states < s->given_count ? s->given[s->states] : NULL;
    scan_step_outside(s->c, s->scan, true);
    Value *initial = given ? NULL : beginning(s, name, shape);
    scan_step_outside(s->c, s->scan, false);
    Value *state = scan_state(s->c, s->scan, name, shape, NULL);
    if (given)
        scan_begins_anew(s->c, s->scan, state, given);
    if (initial)
        scan_begins(s->c, s->scan, state, initial);
    s->states++;
    return state;
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
    Shape shape = { v->shape.rank - 1, { 0 } };
    memcpy(shape.extent, v->shape.extent + 1, (size_t)shape.rank * sizeof *shape.extent);
    return reshape(step->c, part(step->c, v, 0, n, 1, 1), shape);
}

/* Columns of gate n of a matrix whose blocks of columns are gates. */
static Weight gate_of(const Step *step, Weight weight, int n)
{
    size_t units = (size_t)step->state.extent[step->state.rank - 1];
    return weight_columns(weight, (size_t)n * units, units);
}

static Weight weight_of(Step *step, const Layer *layer, const char *name)
{
    const Layer *outer = step->c->layer;
    step->c->layer = layer;
    Weight weight = weight_all(step->c, name);
    step->c->layer = outer;
    return weight;
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

/* Of gate n: x W_n + b_n + h U_n; or convolutions in place of the products. */
static Value *sum_of(Step *step, Value *x, Value *h, int n)
{
    Composition *c = step->c;
    Weight kernel = gate_of(step, step->kernel, n), of_state = gate_of(step, step->recurrent_kernel, n);
    Weight bias = gate_of(step, step->bias, n), none = { 0 };
    x = for_gate(step, x, n);
    h = for_gate(step, h, n);
    if (step->over_x.axes)
        return add(c, convolve(c, x, kernel, bias, step->over_x, 1), convolve(c, h, of_state, none, step->over_h, 1));
    return add(c, affine(c, x, kernel, bias), affine(c, h, of_state, none));
}

/* What a gate sees of a cell: row `row` of the peepholes times it; nothing without peepholes. */
static Value *peep(Step *step, Value *z, Value *cell, size_t row)
{
    Weight weight = weight_of(step, step->layer, "peephole_kernel");
    if (!weight.tensor)
        return z;
    weight.first += row * weight.columns;
    weight.rows = 1;
    return add(step->c, z, multiply(step->c, spread(step->c, weight, step->state), cell));
}

/* Between -most and most: rectify is zero below its threshold, which is moved there and back. */
static Value *clip(Step *step, Value *v)
{
    double most = layer_number(step->layer, "cell_clip", 0);
    if (most <= 0)
        return v;
    return scale(step->c, rectify(step->c, scale(step->c, v, 1, most), 0, 0, 2 * most), 1, -most);
}

/* c' = f c + i g,  h' = o f(c'); with peepholes P_i c and P_f c in their gates, P_o c' in o; h' W of a projection. */
static Value *lstm(Step *step)
{
    Composition *c = step->c;
    Value *cell = state_begin(step, "c", step->state);
    Value *x = dropped(step, step->x, "dropout"), *h = dropped(step, step->h, "recurrent_dropout");
    Value *i = activate(c, peep(step, sum_of(step, x, h, 0), cell, 0), step->r);
    Value *f = activate(c, peep(step, sum_of(step, x, h, 1), cell, 1), step->r);
    Value *g = activate(c, sum_of(step, x, h, 2), step->f);
    Value *next = clip(step, add(c, multiply(c, f, cell), multiply(c, i, g)));
    Value *o = activate(c, peep(step, sum_of(step, x, h, 3), next, 2), step->r);
    state_next(step, cell, next);
    Value *y = multiply(c, o, activate(c, next, step->f));
    Weight projection = weight_of(step, step->layer, "projection_kernel");
    return projection.tensor ? affine(c, y, projection, (Weight){ 0 }) : y;
}

/* The convolution of the state keeps its size; Keras draws noise for each gate, of the input too.  Shi et al. 2015. */
static Value *conv_lstm(Step *step)
{
    if (!step->x || !step->h)
        return NULL;
    step->over_x = layer_window(step->layer, step->x, "kernel_size");
    step->over_h = keras_window(step->h, 2, step->over_x.size, NULL, NULL, "same");
    step->apart = layer_number(step->layer, "dropout", 0) > 0 || layer_number(step->layer, "recurrent_dropout", 0) > 0;
    return lstm(step);
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

/* The LayerNormalization of that name which the cell owns. */
static Value *normalised(Step *step, const char *name, Value *v)
{
    for (int k = 0; k < step->layer->sublayer_count; k++) {
        const Layer *norm = &step->layer->sublayers[k];
        if (!strcmp(norm->name, name))
            return normalise_layer(step->c, v, weight_of(step, norm, "gamma"), weight_of(step, norm, "beta"),
                                   layer_number(norm, "epsilon", 1e-3));
    }
    return composition_refuse(step->c, "a cell without its normalisation");
}

/* Some columns of x W, or of h U; the bias. */
static Value *columns(Step *step, Value *v, int first, int count)
{
    return part(step->c, v, 0, first, count, 1);
}

static Value *with_bias(Step *step, Value *v, int first, int count)
{
    if (!step->bias.tensor)
        return v;
    Weight bias = weight_columns(step->bias, (size_t)first, (size_t)count);
    bias.stride = bias.columns;
    return add(step->c, v, spread(step->c, bias, (Shape){ 1, { count } }));
}

/* z = norm(x W) + norm(h U) + b, over all gates at once;  c' = norm(f c + i g),  h' = o f(c')  (TensorFlow Addons) */
static Value *layer_norm_lstm(Step *step)
{
    Composition *c = step->c;
    int units = step->state.extent[0];
    Value *cell = state_begin(step, "c", step->state), *of_gate[4];
    Value *x = drawn(step, step->x, "dropout"), *h = drawn(step, step->h, "recurrent_dropout");
    Value *of_x = normalised(step, "kernel_norm", affine(c, x, step->kernel, (Weight){ 0 }));
    Value *of_h = normalised(step, "recurrent_norm", affine(c, h, step->recurrent_kernel, (Weight){ 0 }));
    Value *z = with_bias(step, add(c, of_x, of_h), 0, 4 * units);
    for (int n = 0; n < 4; n++)
        of_gate[n] = activate(c, columns(step, z, n * units, units), n == 2 ? step->f : step->r);
    Value *sum = add(c, multiply(c, of_gate[1], cell), multiply(c, of_gate[0], of_gate[2]));
    Value *next = normalised(step, "state_norm", sum);
    state_next(step, cell, next);
    return multiply(c, of_gate[3], activate(c, next, step->f));
}

/* z, r = r(norm(x W) + norm(h U) + b),  n = f(norm(x W_n) + b_n + r norm(h U_n)),  h' = z h + (1 - z) n  (Ba et al.
 * 2016, whose z is 1 - z here) */
static Value *layer_norm_gru(Step *step)
{
    Composition *c = step->c;
    int units = step->state.extent[0], two = 2 * units;
    Value *x = drawn(step, step->x, "dropout"), *h = drawn(step, step->h, "recurrent_dropout");
    Value *of_x = affine(c, x, step->kernel, (Weight){ 0 });
    Value *of_h = affine(c, h, step->recurrent_kernel, (Weight){ 0 });
    Value *both = add(c, normalised(step, "kernel_norm", columns(step, of_x, 0, two)),
                      normalised(step, "recurrent_norm", columns(step, of_h, 0, two)));
    both = with_bias(step, both, 0, two);
    Value *z = activate(c, columns(step, both, 0, units), step->r);
    Value *r = activate(c, columns(step, both, units, units), step->r);
    Value *side = multiply(c, r, normalised(step, "candidate_recurrent_norm", columns(step, of_h, two, units)));
    Value *n = add(c, normalised(step, "candidate_kernel_norm", columns(step, of_x, two, units)), side);
    n = activate(c, with_bias(step, n, two, units), step->f);
    Value *kept = multiply(c, z, step->h);
    return add(c, kept, multiply(c, scale(c, z, -1, 1), n));
}

static const struct {
    const char *kind, *cell;
    int gates;
    Value *(*step)(Step *step);
} cells[] = { { "SimpleRNN", "SimpleRNNCell", 1, simple_rnn }, { "LSTM", "LSTMCell", 4, lstm },
              { "GRU", "GRUCell", 3, gru }, { "LayerNormLSTM", "LayerNormLSTMCell", 4, layer_norm_lstm },
              { "LayerNormGRU", "LayerNormGRUCell", 3, layer_norm_gru }, { "ConvLSTM2D", "", 4, conv_lstm } };

/* What the cell, that of the loop's layer or one that it owns, puts out of x. */
static Value *step_of(Sequence *s, const Layer *layer, Value *x)
{
    for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
        if (strcmp(cells[k].kind, layer->kind) && strcmp(cells[k].cell, layer->kind))
            continue;
        Composition *c = s->c;
        int units = (int)layer_number(layer, "units", 0);
        Step step = { .s = s, .c = c, .layer = layer, .x = x, .gates = cells[k].gates,
                      .f = layer_text(layer, "activation"), .r = layer_text(layer, "recurrent_activation"),
                      .state = units ? (Shape){ 1, { units } } : shape_of_step(layer) };
        step.apart = step.gates > 1 && layer_number(layer, "recurrent_dropout", 0) > 0;
        int projected = (int)layer_number(layer, "projection", 0);
        step.h = state_begin(&step, "h", projected > 0 ? (Shape){ 1, { projected } } : step.state);
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

/* The states behind the last step, for those layers that read them. */
static void hand_on_states(Sequence *s)
{
    Run *run = s->c->run;
    Value **finals = interpreter_room(s->c->it, (size_t)(run->final_count + s->states), sizeof(Value *));
    if (finals && run->final_count)
        memcpy(finals, run->finals, (size_t)run->final_count * sizeof(Value *));
    for (int k = 0; finals && k < s->states; k++)
        finals[run->final_count++] = scan_final(s->c, s->scan, k);
    run->finals = finals;
}

Value *sequence_of(Composition *c, const Layer *layer, Value *x, Value *mask, Value *const *given, int given_count)
{
    const Layer *owner = c->layer;
    c->layer = layer;
    Sequence s = { .c = c, .layer = layer, .x = x, .given = given, .given_count = given_count };
    Shape output = shape_of_step(layer);
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
    scan_truncate(c, s.scan, (int)layer_number(layer, "truncate", 0));
    scan_end(c, s.scan);
    y = layer_flag(layer, "return_sequences") ? scan_all(c, s.scan, y) : scan_last(c, s.scan, y);
    if (layer_flag(layer, "return_state"))
        hand_on_states(&s);
    c->layer = owner;
    return y;
}

static const char *set_up(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, sequence_of(&c, run->layer, run->in[0], run->in[0]->mask, run->in + 1,
                                           run->in_count - 1));
}

/* One of those states: the run before has computed it. */
static const char *set_up_final_state(Interpreter *it, Run *run)
{
    const Run *from = &it->runs[run->layer->from[0]];
    int number = (int)layer_number(run->layer, "number", 0);
    Value *state = number < from->final_count ? from->finals[number] : NULL;
    if (!state || state->count != run->out.count)
        return "it reads a state that is not there";
    state->handed_on = true;
    run->result = state;
    run->out.y = state->y;
    run->out.d_y = state->d_y;
    return NULL;
}

static void nothing(Interpreter *it, Run *run)
{
    (void)it, (void)run;
}

const LayerKind kind_final_state = {
    .name = "FinalState", .set_up = set_up_final_state, .forward = nothing, .backward = nothing
};

/* many: the states that it begins with, too. */
#define COMPOSED(NAME) \
    { .name = NAME, .set_up = set_up, .forward = composed_forward, .backward = composed_backward, .many = true }
const LayerKind kind_rnn = COMPOSED("RNN");
const LayerKind kind_conv_lstm2d = COMPOSED("ConvLSTM2D");
const LayerKind kind_layer_norm_lstm = COMPOSED("LayerNormLSTM");
const LayerKind kind_layer_norm_gru = COMPOSED("LayerNormGRU");
const LayerKind composed_simple_rnn = COMPOSED("SimpleRNN");
const LayerKind composed_lstm = COMPOSED("LSTM");
const LayerKind composed_gru = COMPOSED("GRU");
