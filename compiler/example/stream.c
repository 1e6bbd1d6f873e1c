/* Step by step, as the input comes in: what the network says after each of them. */
static void predict_steps(FILE *file)
{
    static struct @_state state;
    <x> x[<step_inputs>];
    float y[<step_outputs>];
    @_reset(&@_trained, &state);
    while (read_values(file, x, <step_inputs>)) {
        <normalize_step>
        @_step(&@_trained, &state, x, y);
        <denormalize_step>
        print_step(y);
        fflush(stdout);
    }
}

