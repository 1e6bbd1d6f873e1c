/* So many values; 0: there are no more. */
static int read_values(FILE *file, <x> *values, int count)
{
    char text[64];
    for (int i = 0; i < count; i++) {
        if (!read_word(file, text, sizeof text)) {
            if (i == 0)
                return 0;
            fprintf(stderr, "line %d: the input ends after %d of %d values\n", line, i, count);
            exit(1);
        }
        if (!parse(text, &values[i])) {
            fprintf(stderr, "line %d: \"%s\" is no <value>\n", line, text);
            exit(1);
        }
    }
    return 1;
}

static int read_sample(FILE *file, <x> *x)
{
    return read_values(file, x, $_INPUTS);
}

