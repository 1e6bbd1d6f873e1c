static void predict_samples(FILE *file)
{
    static struct @_scratch scratch;
    static <x> x[$_INPUTS];
    static float y[$_OUTPUTS];
    <while> {
        <between>
        <last>
        <normalize>
        @_predict(&@_trained, &scratch, x, y);
        <denormalize>
        <add_last>
        <print>
    }
}

