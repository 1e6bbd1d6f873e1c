/* The bytes of a line as ids; 0: there is none. */
static int read_sample(FILE *file, int32_t *x)
{
    size_t length;
    char *text = read_line(file, &length);
    if (!text)
        return 0;
    const size_t good = @_readable(text, length);
    const unsigned char byte = (unsigned char)text[good];
    if (good < length) {
        const char *what = byte < 0x20 || byte > 0x7e ? "line %d: column %zu: no id stands for the byte 0x%02x\n"
                                                      : "line %d: column %zu: no id stands for '%c'\n";
        fprintf(stderr, what, line, good + 1, byte);
        exit(1);
    }
    <encode>(text, x);
    return 1;
}

