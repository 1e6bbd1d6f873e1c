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

static void NAME(train)(Run *run, NAME(Interpreter) *it, int number, const ReferenceCall *call, REAL *gradients)
{
    const struct lstmc_model *m = &model_of(run)->descriptor;
    size_t rows = (size_t)run->reference->rows;
    if (model_of(run)->loss) {
        const void *target = call->target;
        if (!m->target_is_class)
            target = NAME(numbers)(run, target, rows * m->target_count);
        REAL loss = NAME(interpreter_loss)(it, target, NAME(numbers)(run, call->sample_weight, rows), REFERENCE_SCALE);
        NAME(take)(run, number, "loss", &loss, 1);
    } else {
        NAME(interpreter_set_d_output)(it, NAME(numbers)(run, call->d_output, rows * m->output_count));
    }
    REAL *d_input = m->input_is_tokens ? NULL : arena_array(run->scratch, REAL, rows * m->input_count);
    NAME(interpreter_backward)(it, gradients, d_input);
    for (int w = 0; w < m->weight_tensors; w++)
        if (m->weights[w].trainable)
            NAME(take)(run, number, arena_format(run->scratch, "gradient %s", m->weights[w].name),
                       gradients + m->weights[w].offset, m->weights[w].count);
    if (d_input)
        NAME(take)(run, number, "gradient of the input", d_input, rows * m->input_count);
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
        const void *x = m->input_is_tokens ? call->x : NAME(numbers)(run, call->x, rows * m->input_count);
        (call->carries ? NAME(interpreter_carry) : NAME(interpreter_reset))(it);
        NAME(interpreter_forward)(it, weights, x, reference->rows, REFERENCE_FIRST_ROW, call->seed);
        NAME(take)(run, c, "output", NAME(interpreter_output)(it), rows * m->output_count);
        NAME(take_states)(run, it, c);
        if (call->trains)
            NAME(train)(run, it, c, call, gradients);
        if (!run->draw)
            run->reference->kink_distance = fmin(reference->kink_distance, NAME(interpreter_kink_distance)(it));
    }
}
