/* One line of text as ids, without a byte order mark and the blanks around it; 0: there is none. */
static int read_sample(FILE *file, int32_t *x)
{
    size_t length;
    char *text = read_line(file, &length);
    if (!text)
        return 0;
    const size_t good = @_readable(text, length);
    if (good < length) {
        fprintf(stderr, "line %d: column %zu: is not UTF-8\n", line, good + 1);
        exit(1);
    }
    if (line == 1 && !strncmp(text, "\xef\xbb\xbf", 3))
        text += 3;
    text += strspn(text, " \t");
    for (length = strlen(text); length && (text[length - 1] == ' ' || text[length - 1] == '\t'); length--)
        text[length - 1] = 0;
    <encode>(text, x);
    return 1;
}

