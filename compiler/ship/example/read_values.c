/* So many values; 0: there are no more. */
static int read_values(FILE *file, <raw> *values, int count)
{
    char text[1000];
    for (int i = 0; i < count; i++) {
        if (!read_word(file, text, sizeof text)) {
            if (i == 0 || ferror(file))
                return 0;
            fprintf(stderr, "line %d: the input ends after %d of %d values\n", line, i, count);
            exit(1);
        }
        if (!parse(text, &values[i])) {
            fprintf(stderr, "line %d: \"%.80s\" is no <value>\n", line, text);
            exit(1);
        }
    }
    return 1;
}

static int read_sample(FILE *file, <raw> *values)
{
    return read_values(file, values, $_INPUTS);
}

