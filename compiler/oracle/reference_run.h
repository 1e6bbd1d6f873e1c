/* reference_run.h: all calls, once, by the interpreter of one type; reference.c includes it for double and for float.
 * No include guard, on purpose. */

/* Floats as this type, moved in their last digits if the run says so; NULL of NULL. */
static REAL *NAME(numbers)(Run *run, const float *from, size_t count)
{
    REAL *to = from ? arena_array(run->scratch, REAL, count + 1) : NULL;
    run->array++;
    for (size_t i = 0; from && i < count; i++)
        to[i] = (REAL)moved(run, from[i], i);
    return to;
}

/* One array of all samples, which have so many elements. */
static const void *NAME(array)(Run *run, const float *samples, size_t elements, const struct lstmc_array *array)
{
    size_t rows = (size_t)run->reference->rows;
    float *gathered = arena_array(run->scratch, float, rows * array->count + 1);
    for (size_t row = 0; row < rows; row++)
        memcpy(gathered + row * array->count, samples + row * elements + array->offset,
               array->count * sizeof *gathered);
    return array->is_integer ? (const void *)gathered : NAME(numbers)(run, gathered, rows * array->count);
}

static void NAME(forward)(Run *run, NAME(Interpreter) *it, const ReferenceCall *call, const REAL *weights)
{
    const struct lstmc_model *m = &model_of(run)->descriptor;
    int rows = run->reference->rows;
    NAME(interpreter_lengths)(it, call->lengths);
    if (!m->inputs) {
        const void *x = m->input_is_tokens ? call->x : NAME(numbers)(run, call->x, (size_t)rows * m->input_count);
        NAME(interpreter_forward)(it, weights, x, rows, REFERENCE_FIRST_ROW, call->seed);
        return;
    }
    const void **x = arena_array(run->scratch, const void *, m->input_arrays);
    for (int k = 0; k < m->input_arrays; k++)
        x[k] = NAME(array)(run, call->x, m->input_count, &m->inputs[k]);
    NAME(interpreter_forward_all)(it, weights, x, rows, REFERENCE_FIRST_ROW, call->seed);
}

static void NAME(take)(Run *run, int call, const char *name, const REAL *values, size_t count)
{
    Quantity *quantity = next_quantity(run, call, name, count);
    for (size_t i = 0; i < count; i++)
        note_value(run, quantity, i, (double)values[i]);
}

static void NAME(take_states)(Run *run, const NAME(Interpreter) *it, int call)
{
    const char *state;
    for (int layer = 0; layer < model_of(run)->layer_count; layer++)
        for (int which = 0; (state = NAME(interpreter_state_name)(it, layer, which)); which++) {
            int shape[3];
            const REAL *values = NAME(interpreter_state)(it, layer, state, shape);
            const char *name = arena_format(run->scratch, "%s.%s", model_of(run)->layers[layer].name, state);
            NAME(take)(run, call, name, values, (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2]);
            if (!run->draw)
                run->reference->list[run->next - 1].width = (size_t)shape[2];
        }
}

/* Where the gradient of each input went; NULL of ids. */
static REAL **NAME(backward)(Run *run, NAME(Interpreter) *it, REAL *gradients)
{
    const struct lstmc_model *m = &model_of(run)->descriptor;
    size_t rows = (size_t)run->reference->rows;
    REAL **d_inputs = arena_array(run->scratch, REAL *, m->input_arrays + 1);
    if (!m->inputs && !m->input_is_tokens)
        d_inputs[0] = arena_array(run->scratch, REAL, rows * m->input_count);
    for (int k = 0; k < m->input_arrays; k++)
        if (!m->inputs[k].is_integer)
            d_inputs[k] = arena_array(run->scratch, REAL, rows * m->inputs[k].count);
    NAME(interpreter_backward_all)(it, gradients, d_inputs);
    return d_inputs;
}

static REAL NAME(loss)(Run *run, NAME(Interpreter) *it, const ReferenceCall *call)
{
    const struct lstmc_model *m = &model_of(run)->descriptor;
    size_t rows = (size_t)run->reference->rows;
    const void **targets = arena_array(run->scratch, const void *, m->output_arrays + 1);
    targets[0] = m->target_is_class || m->targets ? call->target
                                                  : NAME(numbers)(run, call->target, rows * m->target_count);
    for (int k = 0; m->targets && k < m->output_arrays; k++)
        targets[k] = NAME(array)(run, call->target, m->target_count, &m->targets[k]);
    const REAL *sample_weight = NAME(numbers)(run, call->sample_weight, rows * lstmc_weights_per_sample(m));
    return m->targets ? NAME(interpreter_loss_all)(it, targets, sample_weight, REFERENCE_SCALE)
                      : NAME(interpreter_loss)(it, targets[0], sample_weight, REFERENCE_SCALE);
}

/* What the weights that do not learn are after this batch. */
static void NAME(take_statistics)(Run *run, NAME(Interpreter) *it, int number)
{
    const struct lstmc_model *m = &model_of(run)->descriptor;
    REAL *weights = arena_array(run->scratch, REAL, m->weight_count + 1);
    memcpy(weights, NAME(numbers)(run, run->reference->weights, m->weight_count), m->weight_count * sizeof *weights);
    NAME(interpreter_update)(it, weights);
    for (int w = 0; w < m->weight_tensors; w++)
        if (!m->weights[w].trainable)
            NAME(take)(run, number, arena_format(run->scratch, "next %s", m->weights[w].name),
                       weights + m->weights[w].offset, m->weights[w].count);
}

static void NAME(train)(Run *run, NAME(Interpreter) *it, int number, const ReferenceCall *call, REAL *gradients)
{
    const struct lstmc_model *m = &model_of(run)->descriptor;
    size_t rows = (size_t)run->reference->rows;
    if (model_of(run)->loss) {
        REAL loss = NAME(loss)(run, it, call);
        NAME(take)(run, number, "loss", &loss, 1);
        for (int k = 0; model_of(run)->losses && k < m->output_arrays; k++) {
            REAL part = NAME(interpreter_output_loss)(it, k);
            NAME(take)(run, number, arena_format(run->scratch, "loss of %s", m->outputs[k].name), &part, 1);
        }
    } else {
        NAME(interpreter_set_d_output)(it, NAME(numbers)(run, call->d_output, rows * m->output_count));
    }
    REAL **d_inputs = NAME(backward)(run, it, gradients);
    for (int w = 0; w < m->weight_tensors; w++)
        if (m->weights[w].trainable)
            NAME(take)(run, number, arena_format(run->scratch, "gradient %s", m->weights[w].name),
                       gradients + m->weights[w].offset, m->weights[w].count);
    NAME(take_statistics)(run, it, number);
    if (!m->inputs && d_inputs[0])
        NAME(take)(run, number, "gradient of the input", d_inputs[0], rows * m->input_count);
    for (int k = 0; k < m->input_arrays; k++)
        if (d_inputs[k])
            NAME(take)(run, number, arena_format(run->scratch, "gradient of %s", m->inputs[k].name), d_inputs[k],
                       rows * m->inputs[k].count);
}

static void NAME(run_calls)(Run *run, NAME(Interpreter) *it)
{
    const Reference *reference = run->reference;
    const struct lstmc_model *m = &model_of(run)->descriptor;
    size_t rows = (size_t)reference->rows;
    const REAL *weights = NAME(numbers)(run, reference->weights, m->weight_count);
    REAL *gradients = arena_array(run->scratch, REAL, m->gradient_count + 1);       /* each call adds to them */
    NAME(interpreter_perturb)(it, run->draw);
    for (int c = 0; c < reference->call_count; c++) {
        const ReferenceCall *call = &reference->calls[c];
        (call->carries ? NAME(interpreter_carry) : NAME(interpreter_reset))(it);
        NAME(forward)(run, it, call, weights);
        NAME(take)(run, c, "output", NAME(interpreter_output)(it), rows * m->output_count);
        NAME(take_states)(run, it, c);
        if (call->trains)
            NAME(train)(run, it, c, call, gradients);
        if (!run->draw)
            run->reference->kink_distance = fmin(reference->kink_distance, NAME(interpreter_kink_distance)(it));
    }
}
