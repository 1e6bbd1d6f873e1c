static int line;

/* A line without its end, which is LF, CR or both; NULL: there is none. It is good until the next one is read. */
static char *read_line(FILE *file, size_t *length)
{
    static char *text;
    static size_t capacity;
    int c = getc(file);
    if (c == EOF)
        return NULL;
    for (*length = 0;; c = getc(file)) {
        if (*length + 1 >= capacity) {
            capacity = 2 * capacity + 256;
            text = realloc(text, capacity);
            if (!text) {
                fprintf(stderr, "line %d: is too long for the memory\n", line + 1);
                exit(1);
            }
        }
        if (c == EOF || c == '\n' || c == '\r')
            break;
        text[(*length)++] = (char)c;
    }
    if (c == '\r' && (c = getc(file)) != '\n' && c != EOF)
        ungetc(c, file);
    text[*length] = 0;
    line++;
    return text;
}

