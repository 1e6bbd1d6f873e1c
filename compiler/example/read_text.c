/* One line of text as ids; 0: there is none. */
static int read_sample(FILE *file, int32_t *x)
{
    static char text[1 << 16];
    if (!fgets(text, sizeof text, file))
        return 0;
    text[strcspn(text, "\r\n")] = 0;
    @_encode(text, x);
    return 1;
}

