static void predict_samples(FILE *file)
{
    static struct @_scratch scratch;
    <declare_raw>
    static <x> x[$_INPUTS];
    static float y[$_OUTPUTS];
    <declare_values>
    <while> {
        <between>
        <normalize>
        <check>
        @_predict(&@_trained, &scratch, x, y);
        <denormalize>
        <add_last>
        <print>
    }
}

