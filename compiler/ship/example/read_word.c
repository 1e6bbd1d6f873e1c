static int line = 1;

/* The next word into `text`; 0: there is none. Between words there are spaces, commas, semicolons or ends of lines.
 * What is too long for a number, or holds a zero byte, becomes what is none. */
static int read_word(FILE *file, char *text, size_t size)
{
    size_t length = 0;
    int c = getc(file);
    for (; c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ';'; c = getc(file))
        line += c == '\n';
    for (; c != EOF && c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ',' && c != ';'; c = getc(file))
        if (length + 1 < size)
            text[length++] = (char)(c ? c : '?');
        else
            text[size - 2] = '?';
    if (c != EOF)
        ungetc(c, file);
    text[length] = 0;
    return length > 0;
}

