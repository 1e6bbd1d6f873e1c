/* What the model reads are floats, even where the data has larger numbers. */
static void check_floats(const double *raw, const float *x, int count)
{
    for (int i = 0; i < count; i++)
        if (!isfinite(x[i])) {
            fprintf(stderr, "line %d: value %d of the sample, %.9g, is beyond the floats that the model reads\n", line,
                    i + 1, raw[i]);
            exit(1);
        }
}

