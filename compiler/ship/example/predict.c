static void predict_samples(FILE *file)
{
    static struct @_scratch scratch;
    <declare_raw>
    static <x> x[$_INPUTS];
    static float y[$_OUTPUTS];
    <declare_values>
    <declare_length>
    <while> {
        <between>
        <count>
        <normalize>
        <check>
        @_predict(&@_trained, &scratch, x, <length>y);
        <denormalize>
        <add_last>
        <print>
    }
}

