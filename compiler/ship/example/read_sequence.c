/* A line of as many steps as it has, of <row> values each; their number, 0: there is no line more. Between values there
 * are spaces, commas or semicolons. */
static int read_sample(FILE *file, <raw> *values)
{
    static const char between[] = " \t,;";
    size_t length;
    int count = 0;
    char *text;
    do {
        text = read_line(file, &length);
        if (!text)
            return 0;
    } while (strspn(text, between) >= length);
    memset(values, 0, $_INPUTS * sizeof *values);
    for (char *at = text; *(at += strspn(at, between)); count++) {
        char *end = at + strcspn(at, between);
        const char behind = *end;
        *end = 0;
        if (count == $_INPUTS || !parse(at, &values[count])) {
            fprintf(stderr, count == $_INPUTS ? "line %d: more than $_INPUTS values\n"
                                              : "line %d: \"%.80s\" is no <value>\n", line, at);
            exit(1);
        }
        at = end;
        *end = behind;
    }
    if (count % <row>) {
        fprintf(stderr, "line %d: %d values are no whole number of steps, which have <row> each\n", line, count);
        exit(1);
    }
    return count / <row>;
}
