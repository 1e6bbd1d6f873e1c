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
    run->activation = activation_find(layer_text(layer, "activation"));
    run->recurrent_activation = activation_find(layer_text(layer, "recurrent_activation"));
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
    return cell->set_up ? cell->set_up(it, run) : NULL;
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
                   run->in[0]->y, weights_of(it, run->kernel), weights_of(it, run->bias), run->z);
    for (size_t t = 0; t < run->steps; t++) {
        run->cell->forward(it, run, t);
        const REAL *h = recurrent_h(it, run, t + 1);
        for (size_t row = 0; row < (size_t)it->rows; row++) {
            REAL *y = output_at(run, run->out.y, row, t);
            if (y)
                memcpy(y, h + row * run->units, run->units * sizeof(REAL));
        }
    }
}

void recurrent_backward(Interpreter *it, Run *run)
{
    for (int s = 0; s < run->state_count; s++)
        memset(run->states[s].d, 0, (size_t)it->rows * run->states[s].count * sizeof(REAL));
    for (size_t t = run->steps; t-- > 0;) {
        for (size_t row = 0; row < (size_t)it->rows; row++) {
            const REAL *d_y = output_at(run, run->out.d_y, row, t);
            for (size_t i = 0; d_y && i < run->units; i++)
                run->states[STATE_H].d[row * run->units + i] += d_y[i];
        }
        run->cell->backward(it, run, t);
    }
    affine_backward(it, (size_t)it->rows * run->steps, run->features, (size_t)run->cell->gates * run->units,
                    run->in[0]->y, weights_of(it, run->kernel), run->d_z, gradients_of(it, run, run->kernel),
                    gradients_of(it, run, run->bias), adjoint_of(run->in[0]));
}
