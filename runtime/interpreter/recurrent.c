/* recurrent.c: what SimpleRNN, LSTM and GRU share: x W + b of the whole sequence at once, the loop over time forward
 * and back, go_backwards, return_sequences. The cells themselves are files of their own. */
#include "internal.h"

static const char *check_weights(const Run *run)
{
    size_t columns = (size_t)run->cell->gates * run->units;
    size_t bias_rows = run->reset_after ? 2 : 1;    /* GRU: one for the input, one for the recurrent side */
    if (!run->kernel || run->kernel->count != run->features * columns)
        return "the kernel must be (features, gates * units)";
    if (!run->recurrent_kernel || run->recurrent_kernel->count != run->units * columns)
        return "the recurrent kernel must be (units, gates * units)";
    if (layer_flag(run->layer, "use_bias") != (run->bias != NULL) ||
        (run->bias && run->bias->count != bias_rows * columns))
        return "the bias must be (gates * units), or (2, gates * units) with reset_after, and be there if use_bias "
               "says so";
    return NULL;
}

static const char *set_up_mask(Interpreter *it, Run *run)
{
    size_t inputs = (size_t)it->rows_max * run->steps * run->features, states = 0;
    for (int s = 0; s < run->state_count; s++)
        states += (size_t)it->rows_max * run->states[s].count;
    run->kept_x = interpreter_room(it, inputs, sizeof(REAL));
    run->d_kept_x = interpreter_room(it, inputs, sizeof(REAL));
    run->last_y = interpreter_room(it, (size_t)it->rows_max * run->units, sizeof(REAL));
    run->aside = interpreter_room(it, states, sizeof(REAL));
    return NULL;
}

const char *recurrent_set_up(Interpreter *it, Run *run, const Cell *cell)
{
    const Layer *layer = run->layer;
    if (layer->input.rank != 2 || !run->in[0]->y)
        return "a recurrent layer needs an input of time and features";
    run->cell = cell;
    run->steps = (size_t)layer->input.extent[0];
    run->features = (size_t)layer->input.extent[1];
    run->units = (size_t)layer_number(layer, "units", 0);
    run->return_sequences = layer_flag(layer, "return_sequences");
    run->go_backwards = layer_flag(layer, "go_backwards");
    run->kernel = layer_weight(layer, "kernel");
    run->recurrent_kernel = layer_weight(layer, "recurrent_kernel");
    run->bias = layer_weight(layer, "bias");
    run->activation = activation_find(it, layer_text(layer, "activation"), run->units);
    run->recurrent_activation = activation_find(it, layer_text(layer, "recurrent_activation"), run->units);
    if (!run->activation || !run->recurrent_activation)
        return "unknown activation";
    if (run->out.count != (run->return_sequences ? run->steps : 1) * run->units)
        return "the output must be (units), or (time, units) with return_sequences";
    const char *wrong = check_weights(run);
    if (wrong)
        return wrong;

    size_t state = (size_t)it->rows_max * run->units, all_gates = state * run->steps * (size_t)cell->gates;
    run->z = interpreter_room(it, all_gates, sizeof(REAL));
    run->d_z = interpreter_room(it, all_gates, sizeof(REAL));
    new_state(it, run, "h", (Shape){ 1, { (int)run->units } }, run->steps);
    const char *refused = cell->set_up ? cell->set_up(it, run) : NULL;
    return refused || !run->in[0]->mask ? refused : set_up_mask(it, run);
}

Rows recurrent_gate(const Run *run, REAL *array, size_t t, int gate)
{
    size_t columns = (size_t)run->cell->gates * run->units;
    size_t source = run->go_backwards ? run->steps - 1 - t : t;
    return (Rows){ array + source * columns + (size_t)gate * run->units, run->steps * columns };
}

REAL *recurrent_h(const Interpreter *it, const Run *run, size_t t)
{
    return state_row(it, &run->states[STATE_H], t);
}

/* ---- masks: a step that does not count leaves the states and the output as they are ---- */

static bool counts(const Run *run, size_t row, size_t t)
{
    const Value *mask = run->in[0]->mask;
    size_t source = run->go_backwards ? run->steps - 1 - t : t;
    return !mask || mask->y[row * run->steps + source] != 0;
}

/* What the cell reads: zeros where a step does not count, whatever stands there. */
static const REAL *kept_input(const Interpreter *it, Run *run)
{
    const Value *x = run->in[0];
    if (!x->mask)
        return x->y;
    for (size_t row = 0; row < (size_t)it->rows; row++)
        for (size_t t = 0; t < run->steps; t++)
            for (size_t k = 0; k < run->features; k++) {
                size_t i = (row * run->steps + t) * run->features + k;
                run->kept_x[i] = x->mask->y[row * run->steps + t] != 0 ? x->y[i] : 0;
            }
    return run->kept_x;
}

/* The states of step t + 1 are those of step t where it does not count. */
static void keep_states(const Interpreter *it, const Run *run, size_t t)
{
    for (int s = 0; s < run->state_count; s++)
        for (size_t row = 0; row < (size_t)it->rows; row++)
            if (!counts(run, row, t)) {
                size_t count = run->states[s].count;
                memcpy(state_row(it, &run->states[s], t + 1) + row * count,
                       state_row(it, &run->states[s], t) + row * count, count * sizeof(REAL));
            }
}

/* Around the backward pass of a step: the adjoints of states that it left alone are put by, and back again; the cell
 * sees zeros in their place. */
static void put_by(const Interpreter *it, Run *run, size_t t, bool back)
{
    REAL *aside = run->aside;
    for (int s = 0; s < run->state_count; s++)
        for (size_t row = 0; row < (size_t)it->rows; row++) {
            size_t bytes = run->states[s].count * sizeof(REAL);
            REAL *d = run->states[s].d + row * run->states[s].count;
            if (!counts(run, row, t)) {
                memcpy(back ? d : aside, back ? aside : d, bytes);
                if (!back)
                    memset(d, 0, bytes);
            }
            aside += run->states[s].count;
        }
}

static void add_input_gradient(Interpreter *it, Run *run, REAL *d_x)
{
    const Value *mask = run->in[0]->mask;
    for (size_t i = 0; i < (size_t)it->rows * run->steps * run->features; i++)
        if (mask->y[i / run->features] != 0)
            d_x[i] += run->d_kept_x[i];
}

/* Where y (or d_y) of a row at processing step t is; NULL if that step is not part of the output. */
static REAL *output_at(const Run *run, REAL *y, size_t row, size_t t)
{
    if (run->return_sequences)
        return y + (row * run->steps + t) * run->units;
    return t == run->steps - 1 ? y + row * run->units : NULL;
}

void recurrent_forward(Interpreter *it, Run *run)
{
    affine_forward(it, (size_t)it->rows * run->steps, run->features, (size_t)run->cell->gates * run->units,
                   kept_input(it, run), weights_of(it, run->kernel), weights_of(it, run->bias), run->z);
    if (run->in[0]->mask)
        memset(run->last_y, 0, (size_t)it->rows * run->units * sizeof(REAL));
    for (size_t t = 0; t < run->steps; t++) {
        run->cell->forward(it, run, t);
        if (run->in[0]->mask)
            keep_states(it, run, t);
        const REAL *h = recurrent_h(it, run, t + 1);
        for (size_t row = 0; row < (size_t)it->rows; row++) {
            const REAL *from = h + row * run->units;
            if (run->in[0]->mask) {         /* zeros until a step counts, even if h was carried over */
                REAL *last = run->last_y + row * run->units;
                if (counts(run, row, t))
                    memcpy(last, from, run->units * sizeof(REAL));
                from = last;
            }
            REAL *y = output_at(run, run->out.y, row, t);
            if (y)
                memcpy(y, from, run->units * sizeof(REAL));
        }
    }
}

/* d_h of step t + 1 gets what reads the output there; of steps behind it that do not count, too. */
static void take_output_gradient(Run *run, size_t row, size_t t)
{
    const REAL *d_y = output_at(run, run->out.d_y, row, t);
    REAL *d_h = run->states[STATE_H].d + row * run->units;
    if (!run->in[0]->mask) {
        for (size_t i = 0; d_y && i < run->units; i++)
            d_h[i] += d_y[i];
        return;
    }
    REAL *waiting = run->last_y + row * run->units;
    for (size_t i = 0; i < run->units; i++) {
        waiting[i] += d_y ? d_y[i] : 0;
        if (counts(run, row, t)) {
            d_h[i] += waiting[i];
            waiting[i] = 0;
        }
    }
}

void recurrent_backward(Interpreter *it, Run *run)
{
    bool masked = run->in[0]->mask != NULL;
    size_t inputs = (size_t)it->rows * run->steps * run->features;
    REAL *d_x = adjoint_of(run->in[0]);
    for (int s = 0; s < run->state_count; s++)
        memset(run->states[s].d, 0, (size_t)it->rows * run->states[s].count * sizeof(REAL));
    if (masked) {
        memset(run->last_y, 0, (size_t)it->rows * run->units * sizeof(REAL));
        memset(run->d_kept_x, 0, inputs * sizeof(REAL));
    }
    for (size_t t = run->steps; t-- > 0;) {
        for (size_t row = 0; row < (size_t)it->rows; row++)
            take_output_gradient(run, row, t);
        if (masked)
            put_by(it, run, t, false);
        run->cell->backward(it, run, t);
        if (masked)
            put_by(it, run, t, true);
    }
    affine_backward(it, (size_t)it->rows * run->steps, run->features, (size_t)run->cell->gates * run->units,
                    masked ? run->kept_x : run->in[0]->y, weights_of(it, run->kernel), run->d_z,
                    gradients_of(it, run, run->kernel), gradients_of(it, run, run->bias),
                    masked && d_x ? run->d_kept_x : d_x);
    if (masked && d_x)
        add_input_gradient(it, run, d_x);
}
