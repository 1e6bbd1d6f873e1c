/* Step by step, as the input comes in: what the network says after each of them. */
static void predict_steps(FILE *file)
{
    static struct @_state state;
    <declare_raw_step>
    <x> x[<step_inputs>];
    float y[<step_outputs>];
    <declare_values_step>
    @_reset(&@_trained, &state);
    while (read_values(file, <read>, <step_inputs>)) {
        <normalize_step>
        <check_step>
        if (!@_step(&@_trained, &state, x, y))
            continue;
        <denormalize_step>
        print_step(<printed>);
        fflush(stdout);
    }
}

